//! Pictures of the rollovers page: as the others, in `pictures`.

use countersign::app::{CertificateSource, NewRollover, RolloverAction, RolloverRequest};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::rollover::{ProfileKey, RolloverId, Step};
use countersign::domain::timeline::{Activation, plain_list};
use countersign::domain::transmission::{Direction, Transmission, Verdict};
use countersign::store::As2Pair;
use egui::{Key, Modifiers, Theme};
use egui_kittest::SnapshotResults;
use jiff::Timestamp;
use uuid::Uuid;

use super::Stage;
use super::pictures::{compare, compare_under_pointer};
use crate::many::{Many, Size, fixture, key, read, then};

const WIDE: [f32; 2] = [1280.0, 800.0];
const MIDDLE: [f32; 2] = [1024.0, 800.0];
const NARROW: [f32; 2] = [820.0, 800.0];

const PRODUCTION: ProfileKind = ProfileKind::Production;
const TEST: ProfileKind = ProfileKind::Test;

/// A workspace in which a rollover stands in the midst of it.
async fn midst(size: Size) -> Many {
    let many = Many::new(size).await;
    let at = |text: &str| Activation::At { at: text.parse().unwrap(), zone: Some("Europe/Berlin".to_owned()) };
    let new = NewRollover {
        activation: Some(at("2026-12-01T08:00:00Z")),
        ..NewRollover::of(CertificateSource::File(many.renewed.clone()))
    };
    let id = many.app.start_rollover(&new).await.unwrap().id.unwrap();
    let change = |profiles: Vec<ProfileKey>, action| {
        let app = many.app.clone();
        async move { app.change_rollover(&RolloverRequest { id, profiles, action, seen: None }).await.unwrap() }
    };
    let told = |how: &str| RolloverAction::Told { how: how.to_owned(), note: String::new() };
    let schedule = |activation| RolloverAction::Step(Step::Schedule(activation));
    let most: Vec<ProfileKey> =
        (2..size.using).flat_map(|number| [key(number, PRODUCTION), key(number, TEST)]).collect();
    change(vec![key(0, TEST)], told("by mail")).await;
    change(most.clone(), told("in the portal")).await;
    change(most, schedule(None)).await;
    change(vec![key(2, TEST), key(3, TEST), key(4, TEST), key(4, PRODUCTION)], schedule(Some(Activation::Now))).await;
    change(vec![key(5, PRODUCTION)], schedule(Some(at("2026-12-03T14:30:00Z")))).await;
    change(vec![key(5, PRODUCTION)], RolloverAction::Note("Change window on Thursdays only".to_owned())).await;
    change(vec![key(1, TEST)], RolloverAction::Step(Step::LeaveOut)).await;
    let workspace = many.behind().await;
    let certificate = Some(many.new.facts().fingerprint_sha256);
    let second = |number: i64| Timestamp::from_second(then().as_second() + number).unwrap();
    let sent = |number: i64, key: &ProfileKey, file: &str, verdict| {
        let at = second(number);
        let id = Uuid::from_u128((u128::try_from(at.as_millisecond()).unwrap() << 80) | 0x7000_8000_0000_0000_0001);
        let mut sent = Transmission::new(id, format!("<{id}@acme>"), at, Direction::Outbound);
        (sent.connection, sent.profile) = (Some(key.0.clone()), Some(key.1));
        (sent.file, sent.verdict) = (Some(file.to_owned()), verdict);
        if verdict == Verdict::Failed {
            let cause = "The partner could not decrypt it".to_owned();
            sent.diagnosis = Some(countersign::domain::diagnosis::Diagnosis { cause, ..Default::default() });
        }
        sent
    };
    let journal = [
        sent(0, &key(2, PRODUCTION), "countersign-test-1.x12", Verdict::Delivered),
        sent(1, &key(3, PRODUCTION), "countersign-test-1.x12", Verdict::Failed),
        Transmission {
            signed_with: certificate,
            ..sent(2, &key(4, TEST), "countersign-test-1.x12", Verdict::Delivered)
        },
        sent(3, &key(4, PRODUCTION), "850.edi", Verdict::Failed),
    ];
    for message in &journal {
        workspace.begin_transmission(message, As2Pair::default()).await.unwrap();
    }
    workspace.close().await;
    many.app.close().await;
    many
}

/// Shows the page over a workspace in both themes at a size and compares it.
fn picture(
    name: &str,
    window: [f32; 2],
    make: impl Fn(&tokio::runtime::Runtime) -> Many,
    mut arrange: impl FnMut(&mut Stage, &std::path::Path),
) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let Many { app, folder, workspace, renewed, .. } = make(&runtime);
        let mut stage = Stage::pictured(app, folder, workspace, window, theme);
        stage.wait_for("Partner 000, production");
        stage.press(Modifiers::COMMAND, Key::Num4);
        arrange(&mut stage, &renewed);
        compare(&mut stage, name, theme, &mut results);
    }
}

const FEW: Size = Size { connections: 9, using: 8 };
const MANY: Size = Size { connections: 330, using: 320 };

fn open(stage: &mut Stage) {
    stage.wait_for("Open rollover 1");
    stage.click_beginning("Open rollover 1");
    stage.wait_for("Partner 000, production, Not told");
}

#[test]
fn rollovers_empty() {
    let make = |runtime: &tokio::runtime::Runtime| {
        runtime.block_on(async {
            let many = Many::new(FEW).await;
            many.app.close().await;
            many
        })
    };
    picture("rollovers-empty", WIDE, make, |stage, _| stage.wait_for("No rollover yet"));
}

#[test]
fn rollovers_list() {
    picture(
        "rollovers-list",
        WIDE,
        |runtime| runtime.block_on(midst(FEW)),
        |stage, _| stage.wait_for("Open rollover 1"),
    );
}

#[test]
fn rollover_board() {
    picture(
        "rollover-board",
        WIDE,
        |runtime| runtime.block_on(midst(FEW)),
        |stage, _| {
            open(stage);
            stage.click_beginning("Partner 002, production");
        },
    );
}

#[test]
fn rollover_board_narrow() {
    picture("rollover-board-narrow", NARROW, |runtime| runtime.block_on(midst(FEW)), |stage, _| open(stage));
}

#[test]
fn rollover_board_at_1024() {
    picture("rollover-board-1024", MIDDLE, |runtime| runtime.block_on(midst(FEW)), |stage, _| open(stage));
}

#[test]
fn rollover_note() {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let Many { app, folder, workspace, .. } = runtime.block_on(midst(FEW));
        let mut stage = Stage::pictured(app, folder, workspace, WIDE, theme);
        stage.wait_for("Partner 000, production");
        stage.press(Modifiers::COMMAND, Key::Num4);
        open(&mut stage);
        stage.harness.ctx.all_styles_mut(|style| style.interaction.tooltip_delay = 0.0);
        stage.get("The last test failed: The partner could not decrypt it · Told 23 Nov in the portal").hover();
        stage.wait_for("Copy the note of Partner 003, production");
        compare_under_pointer(&mut stage, "rollover-note", theme, &mut results);
    }
}

#[test]
fn rollover_that_one_blocks() {
    let make = |runtime: &tokio::runtime::Runtime| {
        runtime.block_on(async {
            let many = midst(FEW).await;
            let workspace = many.behind().await;
            let mut connection = workspace.connection(&key(6, TEST).0).await.unwrap().unwrap();
            let other = read(&fixture("northwind.pem")).facts().fingerprint_sha256;
            connection.test.as_mut().unwrap().partner_certificates = plain_list(&[other]);
            workspace.save_connection(&connection, then()).await.unwrap();
            workspace.close().await;
            many
        })
    };
    picture("rollover-blocked", WIDE, make, |stage, _| {
        open(stage);
        stage.click("Activate now…");
        stage.wait_for("cannot be changed, so none is");
    });
}

#[test]
fn rollover_board_of_640() {
    picture("rollover-board-640", WIDE, |runtime| runtime.block_on(midst(MANY)), |stage, _| open(stage));
}

#[test]
fn rollover_nothing_matches() {
    picture(
        "rollover-nothing-matches",
        WIDE,
        |runtime| runtime.block_on(midst(FEW)),
        |stage, _| {
            open(stage);
            stage.fill("Search profiles", "no such partner");
        },
    );
}

#[test]
fn rollover_difference() {
    picture(
        "rollover-difference",
        WIDE,
        |runtime| runtime.block_on(midst(MANY)),
        |stage, _| {
            open(stage);
            stage.click("Schedule or move…");
            stage.wait_for("would change");
        },
    );
}

#[test]
fn rollover_start() {
    let make = |runtime: &tokio::runtime::Runtime| {
        runtime.block_on(async {
            let many = Many::new(MANY).await;
            many.app.close().await;
            many
        })
    };
    picture("rollover-start", WIDE, make, |stage, renewed| {
        stage.drop_file(renewed);
        stage.wait_for("use it and take part");
    });
}

#[test]
fn rollover_told() {
    picture(
        "rollover-told",
        WIDE,
        |runtime| runtime.block_on(midst(FEW)),
        |stage, _| {
            open(stage);
            stage.click("Mark told…");
            stage.wait_for("How were they told");
        },
    );
}

#[test]
fn rollover_tests() {
    picture(
        "rollover-tests",
        WIDE,
        |runtime| runtime.block_on(midst(FEW)),
        |stage, _| {
            open(stage);
            stage.click("Send tests…");
            stage.click("Both");
            stage.wait_for("Production systems");
        },
    );
}

#[test]
fn rollover_that_cannot_be_read() {
    let make = |runtime: &tokio::runtime::Runtime| runtime.block_on(async { midst(FEW).await });
    picture("rollover-error", WIDE, make, |stage, _| {
        stage.wait_for("Open rollover 1");
        // Forgotten by another program while the list is shown.
        let other = countersign::app::App::new(
            countersign::app::Location::Dir(stage.workspace.clone()),
            countersign::app::Unlock::none(),
            countersign::app::Clock::Fixed(then()),
        );
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let undo = RolloverRequest::all(RolloverId(1), RolloverAction::Step(Step::Undo));
            other.change_rollover(&undo).await.unwrap();
            other.remove_rollover(RolloverId(1)).await.unwrap();
            other.close().await;
        });
        stage.click_beginning("Open rollover 1");
        stage.wait_for("The rollover cannot be read");
    });
}
