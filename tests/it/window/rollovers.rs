//! The rollovers page: started from a dropped file, looked at, applied, told, filtered, undone.

use std::path::{Path, PathBuf};

use countersign::app::{App, Clock, Location, RolloverAction, RolloverRequest, Unlock};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::rollover::RolloverId;
use countersign::domain::timeline::{Activation, plain_list};
use countersign::store::Workspace;
use egui::{Key, Modifiers, OutputCommand};

use super::Stage;
use crate::many::{Many, Size, fixture, id, key, read, then};

/// A window on a workspace with so many connections that use the old certificate.
fn stage(size: Size) -> (Stage, PathBuf) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let many = runtime.block_on(Many::new(size));
    runtime.block_on(many.app.close());
    opened(many)
}

/// A window on it.
fn opened(many: Many) -> (Stage, PathBuf) {
    let Many { app, folder, workspace, renewed, .. } = many;
    let mut stage = Stage::on_app(app, folder, workspace);
    stage.wait_for("Partner 000, production");
    stage.press(Modifiers::COMMAND, Key::Num4);
    stage.wait_for("No rollover yet");
    (stage, renewed)
}

/// The same with a rollover that was started there.
fn started(size: Size) -> Stage {
    let (mut stage, renewed) = stage(size);
    stage.drop_file(&renewed);
    stage.wait_for("Start rollover");
    stage.wait_for("use it and take part");
    stage.click("Start rollover");
    stage.wait_for("Nothing is changed yet");
    stage.wait_for("Partner 000, production, Not told");
    stage
}

#[test]
fn from_a_dropped_file_to_undone() {
    let mut stage = started(Size { connections: 4, using: 3 });
    assert!(stage.sees("Show 6 not told"), "{:#?}", stage.labels());
    stage.click("Apply…");
    stage.wait_for("6 profiles would change");
    assert!(
        stage.sees("Each at the time set for it") && stage.sees("09:14:10:BE… → 5B:6D:49:C8…"),
        "{:#?}",
        stage.labels()
    );
    stage.click("Schedule 6 profiles");
    stage.wait_for("6 profiles scheduled");
    stage.wait_for("Show 6 scheduled");
    // Told: those that are ticked.
    stage.click_beginning("Partner 001, production, Scheduled");
    assert!(stage.sees("1 profile selected"));
    stage.click("Mark told…");
    stage.wait_for("How were they told of the change?");
    stage.click("Telephone");
    stage.fill("Note", "Ms Lee agreed");
    stage.click("Mark as told");
    stage.wait_for("Noted that the partner was told");
    stage.wait_for("by telephone, Ms Lee agreed");
    // Filtered by text and by state.
    stage.click("Select none");
    stage.fill("Search profiles", "lee");
    stage.wait_gone("Partner 000, production");
    assert!(stage.sees("Partner 001, production, Scheduled"));
    stage.fill("Search profiles", "nobody");
    assert!(stage.sees("No profile matches"));
    stage.click("Show all profiles");
    stage.wait_for("Partner 000, production");
    // All of it back.
    stage.click("Undo all…");
    stage.wait_for("6 profiles would change");
    stage.click("Undo for 6 profiles");
    stage.wait_for("6 profiles put back as before");
    stage.wait_for("Show 1 told");
    assert!(stage.sees("Show 5 not told"));
    stage.click("Show 1 told");
    stage.wait_gone("Partner 000, production");
    stage.click("All rollovers");
    stage.wait_for("Open rollover 1: amazonedi, 6 profiles, 5 not told, 1 told");
    let list = stage.cli(&["rollover", "list"]);
    assert!(list.contains("5 not told, 1 told"), "{list}");
}

/// A test profile gets a time of its own behind the window's back, which a table would be refused for.
fn plan(stage: &Stage, number: usize, time: &str) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let location = Location::Dir(stage.workspace.clone());
        let app = App::new(location, Unlock::none(), Clock::Fixed(then()));
        let action = RolloverAction::Plan(Some(Activation::At { at: time.parse().unwrap(), zone: None }));
        let profiles = vec![key(number, ProfileKind::Test)];
        app.change_rollover(&RolloverRequest { id: RolloverId(1), profiles, action, seen: None }).await.unwrap();
        app.close().await;
    });
}

#[test]
fn a_new_time_is_shown_beside_the_one_that_is_applied_until_it_is_applied_too() {
    let mut stage = started(Size { connections: 2, using: 2 });
    stage.click("Apply…");
    stage.wait_for("4 profiles would change");
    stage.click("Schedule 4 profiles");
    stage.wait_for("Show 4 scheduled");
    assert!(!stage.sees("Apply…"), "nothing is to be applied");
    plan(&stage, 1, "2026-12-03T08:00:00Z");
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Its new time is planned and not applied yet");
    assert!(stage.sees("→ 3 Dec, "), "{:#?}", stage.labels());
    stage.click("Apply…");
    stage.wait_for("1 profile would change, 3 stand as they should already");
    stage.click("Schedule 1 profile");
    stage.wait_for("1 profile scheduled");
    stage.wait_gone("Apply…");
    assert!(!stage.sees("not applied yet"));
}

#[test]
fn when_one_cannot_be_changed_the_difference_says_so_and_nothing_can_be_applied() {
    let mut stage = started(Size { connections: 3, using: 3 });
    // Its own time lies after the new certificate's end.
    plan(&stage, 1, "2029-01-01T00:00:00Z");
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Partner 001, test, Not told, 1 Jan 2029");
    stage.click("Apply…");
    stage.wait_for("1 profile of 6 cannot be changed, so none is");
    assert!(stage.sees(&format!("{}, test: the activation at", id(1))), "{:#?}", stage.labels());
    let button = "Schedule 5 profiles";
    assert!(stage.get_is_disabled(button));
    // At one time for all it can.
    stage.click("All at one time");
    stage.wait_for("6 profiles would change");
    stage.click("Schedule 6 profiles");
    stage.wait_for("6 profiles scheduled");
}

#[test]
fn tests_are_sent_a_few_at_a_time_and_production_only_after_a_tick() {
    let mut stage = started(Size { connections: 5, using: 5 });
    stage.click("Send tests…");
    stage.wait_for("5 test profiles and 0 production profiles");
    stage.click("Both");
    stage.wait_for("Production systems will receive a document");
    assert!(stage.get_is_disabled("Send 10 tests"));
    stage.click("Send it to 5 production profiles");
    assert!(!stage.get_is_disabled("Send 10 tests"));
    stage.click("Test");
    stage.click("Send 5 tests");
    // Nobody listens there.
    stage.wait_for("0 of 5 tests went through");
    stage.click("Put away");
    assert!(!stage.sees("0 of 5 tests went through"));
    let row = stage.cli(&["--json", "rollover", "show", "1"]);
    let row: serde_json::Value = serde_json::from_str(&row).unwrap();
    let tested = row["rows"].as_array().unwrap().iter().filter(|row| row["last_test"].is_object());
    assert!(tested.clone().all(|row| row["profile"] == ProfileKind::Test.as_str()));
    assert_eq!(tested.count(), 5);
}

#[test]
fn six_hundred_and_forty_are_as_easy_as_five() {
    let mut stage = started(Size { connections: 320, using: 320 });
    assert!(stage.sees("All 640 that take part"));
    stage.click("Apply…");
    stage.wait_for("640 profiles would change");
    stage.click("Schedule 640 profiles");
    stage.wait_for("Show 640 scheduled");
    stage.fill("Search profiles", "test");
    stage.click("Select all that are shown");
    stage.wait_for("320 profiles selected");
    stage.click("Roll back…");
    stage.wait_for("320 profiles would change");
    stage.wait_for("Schedule removed");
    stage.click("Roll 320 profiles back");
    stage.wait_for("320 profiles rolled back");
    stage.wait_for("Show 320 rolled back");
    assert!(!stage.sees("problem"), "{:#?}", stage.labels());
}

/// Somebody gives a test profile a certificate that the rollover does not know.
fn meddle(stage: &Stage, number: usize) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let location = Location::Dir(stage.workspace.clone());
        let workspace = Workspace::open_existing(&location, &Unlock::none(), then()).await.unwrap().unwrap();
        let mut connection = workspace.connection(&id(number).parse().unwrap()).await.unwrap().unwrap();
        let other = read(&fixture("northwind.pem")).facts().fingerprint_sha256;
        connection.test.as_mut().unwrap().partner_certificates = plain_list(&[other]);
        workspace.save_connection(&connection, then()).await.unwrap();
        workspace.close().await;
    });
}

#[test]
fn whoever_blocks_is_left_out_from_the_difference_and_taken_in_again() {
    let mut stage = started(Size { connections: 3, using: 3 });
    stage.click("Apply…");
    stage.wait_for("6 profiles would change");
    stage.click("Schedule 6 profiles");
    stage.wait_for("Show 6 scheduled");
    meddle(&stage, 1);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Partner 001, test, Problem");
    stage.click("Activate now…");
    stage.wait_for("1 profile of 6 cannot be changed, so none is");
    stage.click("Leave 1 profile out…");
    stage.wait_for("1 profile keeps its certificates");
    stage.click("Leave 1 profile out");
    stage.wait_for("1 profile left out");
    stage.wait_for("Partner 001, test, Left out");
    stage.click("Activate now…");
    stage.wait_for("5 profiles would change");
    stage.click("Activate now for 5 profiles");
    stage.wait_for("New certificate active for 5 profiles");
    stage.click_beginning("Partner 001, test, Left out");
    stage.click("Take in");
    stage.wait_for("Partner 001, test, Not told");
}

fn arrival(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrival").join(name)
}

#[test]
fn one_of_several_in_a_file_is_chosen_and_a_key_is_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let size = Size { connections: 2, using: 2 };
    let many = runtime.block_on(Many::at(size, Clock::Fixed(then()), arrival("old.cer"), arrival("new.cer")));
    runtime.block_on(many.app.close());
    let (mut stage, renewed) = opened(many);
    stage.drop_file(&arrival("key.eml"));
    stage.wait_for("key.eml holds a private key: it was not taken and nothing of it was kept");
    stage.drop_file(&arrival("several.zip"));
    stage.wait_for("Which certificate is meant?");
    assert!(!stage.sees("Start rollover"), "nothing is taken before it is said which");
    stage.click_beginning("somebody, ");
    stage.wait_for("Choose the one that it replaces");
    stage.click("Another one of the file…");
    stage.wait_for("Which certificate is meant?");
    stage.click_beginning("partner, ");
    stage.wait_for("use it and take part");
    assert!(!stage.sees("say which one is meant"), "{:#?}", stage.labels());
    stage.click("Start rollover");
    stage.wait_for("Nothing is changed yet");
    let shown: serde_json::Value = serde_json::from_str(&stage.cli(&["--json", "rollover", "show", "1"])).unwrap();
    assert_eq!(shown["certificate"], read(&renewed).facts().fingerprint_sha256.to_hex());
}

#[test]
fn a_long_name_has_room_and_is_whole_under_the_pointer() {
    use egui_kittest::kittest::Queryable as _;
    let mut stage = started(Size { connections: 2, using: 2 });
    let name = "Northwind Traders International Logistics and Fulfilment GmbH & Co. KG, Duisburg";
    stage.cli(&["connection", "set", &id(0), &format!("name={name}")]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for(&format!("{name}, test, Not told"));
    stage.harness.ctx.all_styles_mut(|style| style.interaction.tooltip_delay = 0.0);
    for (width, room) in [(1600.0, 200.0), (1280.0, 150.0), (1024.0, 120.0), (820.0, 100.0)] {
        stage.harness.set_size(egui::vec2(width, 800.0));
        stage.settle();
        let names = |stage: &Stage| stage.harness.query_all_by_label(name).count();
        let before = names(&stage);
        let place = stage.harness.query_all_by_label(name).next().unwrap().rect();
        assert!(place.width() > room, "{place:?} at {width}");
        stage.harness.hover_at(place.left_center() + egui::vec2(20.0, 0.0));
        stage.settle();
        assert_eq!(names(&stage), before + 1, "under the pointer at {width}");
        stage.harness.hover_at(egui::pos2(2.0, 2.0));
        stage.settle();
    }
}

#[test]
fn a_long_note_is_whole_under_the_pointer_and_copied_there() {
    let mut stage = started(Size { connections: 2, using: 2 });
    let note = format!("{}, and at last the number of the ticket, 4711", "They change on Thursdays only".repeat(8));
    let file = stage.workspace.parent().unwrap().join("notes.csv");
    std::fs::write(&file, format!("connection,profile,note\n{},test,\"{note}\"\n", id(0))).unwrap();
    stage.cli(&["rollover", "import", "1", file.to_str().unwrap()]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Partner 000, test, Not told");
    stage.wait_for("the number of the ticket");
    stage.harness.ctx.all_styles_mut(|style| style.interaction.tooltip_delay = 0.0);
    let copy = "Copy the note of Partner 000, test";
    assert!(!stage.sees(copy));
    stage.get(&note).hover();
    stage.wait_for(copy);
    stage.get(copy).click();
    stage.harness.step();
    let copied = &stage.harness.output().platform_output.commands;
    assert!(copied.contains(&OutputCommand::CopyText(note)), "{copied:?}");
}

#[test]
fn what_is_in_the_way_can_be_read_at_any_width() {
    let mut stage = started(Size { connections: 2, using: 2 });
    let cells = |stage: &mut Stage, width: f32| {
        stage.harness.set_size(egui::vec2(width, 800.0));
        stage.settle();
        let heads = ["Partner", "Profile", "State", "Changes", "Last test", "Last traffic", "Note"];
        heads.into_iter().filter(|head| stage.sees(&format!("Sort by {head}"))).collect::<Vec<_>>()
    };
    assert_eq!(cells(&mut stage, 1600.0).len(), 7);
    assert_eq!(cells(&mut stage, 1280.0), ["Partner", "Profile", "State", "Changes", "Last traffic", "Note"]);
    assert_eq!(cells(&mut stage, 1024.0), ["Partner", "Profile", "State", "Changes", "Note"]);
    assert_eq!(cells(&mut stage, 820.0), ["Partner", "State", "Changes", "Note"]);
}
