//! Many connections: judging all of them, bringing a renewed certificate to the 640 profiles that use the old one, reading
//! the workspace and the board, and what the window works in a frame over them. `cargo bench --bench rollover` prints the
//! times; nothing is held, because they are the machine's.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "headless.rs"]
#[expect(dead_code, reason = "shared by several benches, of which none needs all")]
mod headless;
#[path = "../it/many.rs"]
mod many;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use countersign::app::{
    App, CertificateSource, Clock, ImportRequest, Location, NewRollover, RolloverAction, RolloverRequest, Unlock,
};
use countersign::domain::certificate::CertificateFacts;
use countersign::domain::compliance::{ComplianceSettings, Known, check};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::rollover::{RolloverId, Step};
use countersign::domain::timeline::{Activation, renew};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, pos2};
use headless::{Bench, percentile};
use many::{Many, Size, id, key, then};

/// 2,000 connections, 4,000 profiles, of which 640 use the old certificate.
const SIZE: Size = Size { connections: 2000, using: 320 };

/// How often each thing is measured.
const ROUNDS: usize = 9;

/// The policies that are judged by: two for all, or all of them in turn.
const PACKS: [&str; 7] =
    ["as2-modern", "amazon-vendor-central", "fda-esg", "bdew-edi-energy", "nist-800-131a", "bsi-tr-02102", "pci-dss-4"];

/// How many frames each thing takes.
const FRAMES: usize = 300;

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let [best, median, most] = [0, 50, 100].map(|of_hundred| percentile(&times, of_hundred));
    println!("{what:58} {best:>9.2} {median:>9.2} {most:>9.2}");
}

fn timed<T>(mut work: impl FnMut() -> T) -> Vec<Duration> {
    (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            drop(work());
            begun.elapsed()
        })
        .collect()
}

fn at(text: &str) -> Activation {
    Activation::At { at: text.parse().unwrap(), zone: Some("Europe/Berlin".to_owned()) }
}

fn again(many: &Many) -> App {
    App::new(Location::Dir(many.workspace.clone()), Unlock::none(), Clock::Fixed(then()))
}

fn judging(runtime: &tokio::runtime::Runtime, many: &Many) {
    let snapshot = runtime.block_on(many.app.snapshot(None)).unwrap();
    let connections: Vec<_> = snapshot.connections.iter().map(|state| state.connection.clone()).collect();
    let workspace = runtime.block_on(many.behind());
    let policies = runtime.block_on(many.app.policies()).unwrap();
    let identities: HashMap<_, CertificateFacts> =
        snapshot.identities.iter().map(|identity| (identity.name.clone(), identity.facts.clone())).collect();
    let (old, new) = (many.old.facts(), many.new.facts());
    let known = Known {
        certificates: &|fingerprint| {
            if *fingerprint == new.fingerprint_sha256 { Some(new) } else { snapshot.facts(fingerprint) }
        },
        identities: &|name| identities.get(name),
    };
    let settings = ComplianceSettings::default();
    for (packs, name) in [(&PACKS[..2], "two"), (&PACKS[..], "seven")] {
        for scheduled in [false, true] {
            let mut judged = connections.clone();
            for (connection, pack) in judged.iter_mut().zip(packs.iter().cycle()) {
                connection.policy = pack.parse().unwrap();
                for kind in ProfileKind::ALL {
                    let uses = &mut connection.profile_mut(*kind).unwrap().partner_certificates;
                    if scheduled && uses[0].fingerprint == old.fingerprint_sha256 {
                        *uses = renew(uses, new, Some(old), &at("2026-12-01T08:00:00Z"), then()).unwrap().uses;
                    }
                }
            }
            let when = if scheduled { ", 640 scheduled" } else { "" };
            let what = format!("judging 4,000 profiles by {name} policies{when}");
            print(&what, timed(|| check(&judged, &policies, &known, then(), &settings)));
        }
    }
    print("reading 2,000 connections", timed(|| runtime.block_on(workspace.connections()).unwrap()));
    print("the window's snapshot: reading and judging", timed(|| runtime.block_on(many.app.snapshot(None)).unwrap()));
    runtime.block_on(workspace.close());
}

fn changing(runtime: &tokio::runtime::Runtime, many: &Many) -> RolloverId {
    let app = &many.app;
    let mut new = NewRollover::of(CertificateSource::File(many.renewed.clone()));
    new.activation = Some(at("2026-12-01T08:00:00Z"));
    print("what starting would do, 640 profiles", timed(|| runtime.block_on(app.prepare_rollover(&new)).unwrap()));
    let begun = Instant::now();
    let rollover = runtime.block_on(app.start_rollover(&new)).unwrap().id.unwrap();
    let started = begun.elapsed();
    let apply = RolloverRequest::all(rollover, RolloverAction::Step(Step::Schedule(None)));
    let begun = Instant::now();
    assert_eq!(runtime.block_on(app.change_rollover(&apply)).unwrap().changed, 640);
    let applied = begun.elapsed();
    print("importing the certificate and starting", vec![started]);
    print("scheduling 640 profiles, until it is on disk", vec![applied]);
    print("both together (wanted: below 1,000)", vec![started + applied]);
    let later = |day: usize| {
        let activation = at(&format!("2026-12-{:02}T08:00:00Z", 2 + day % 9));
        RolloverRequest::all(rollover, RolloverAction::Step(Step::Schedule(Some(activation))))
    };
    let mut day = 0;
    print(
        "moving the time of 640 profiles",
        timed(|| {
            day += 1;
            assert_eq!(runtime.block_on(app.change_rollover(&later(day))).unwrap().changed, 640);
        }),
    );
    let step = Step::Schedule(Some(at("2026-12-11T08:00:00Z")));
    print("the difference before it", timed(|| runtime.block_on(app.plan_rollover(rollover, &step, &[])).unwrap()));
    let told = RolloverAction::Told { how: "by mail".to_owned(), note: String::new() };
    let told = RolloverRequest::all(rollover, told);
    print("noting that 640 were told", timed(|| runtime.block_on(app.change_rollover(&told)).unwrap()));
    print("reading the board of 640", timed(|| runtime.block_on(app.rollover(rollover)).unwrap()));
    let board = runtime.block_on(app.rollover(rollover)).unwrap();
    assert_eq!(board.rollover.certificate, many.new.facts().fingerprint_sha256);
    assert_eq!(board.rollover.replaces, [many.old.facts().fingerprint_sha256]);
    assert!(board.rows.iter().any(|row| row.key() == key(0, ProfileKind::Production)));
    let table = many.folder.path().join("board.csv");
    print(
        "writing it as CSV",
        timed(|| std::fs::write(&table, runtime.block_on(app.rollover_sheet(rollover)).unwrap()).unwrap()),
    );
    let undo = RolloverRequest::all(rollover, RolloverAction::Step(Step::Undo));
    let begun = Instant::now();
    assert_eq!(runtime.block_on(app.change_rollover(&undo)).unwrap().changed, 640);
    print("undoing all of it", vec![begun.elapsed()]);
    // The road of the certificate dialog, for all that use the old one.
    let import = ImportRequest {
        source: CertificateSource::File(many.renewed.clone()),
        connection: id(0).parse().unwrap(),
        profiles: ProfileKind::ALL.to_vec(),
        also_where_used: true,
        also: Vec::new(),
        activation: at("2026-12-01T08:00:00Z"),
        expected: None,
        confirmed: None,
        purpose: None,
        though_ended: false,
    };
    let begun = Instant::now();
    assert_eq!(runtime.block_on(app.import_certificate(&import)).unwrap().profiles.len(), 640);
    print("`certificate import --also-where-used` for 640", vec![begun.elapsed()]);
    rollover
}

/// Shows frames until the page has been read.
fn settle(bench: &mut Bench) {
    for _ in 0..40 {
        bench.show(Vec::new());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn click(bench: &mut Bench, pos: Pos2) {
    let button =
        |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
    for event in [Event::PointerMoved(pos), button(true), button(false)] {
        bench.show(vec![event]);
    }
}

fn frames(bench: &mut Bench, page: &str) {
    type Act = fn(&mut Bench, usize) -> Duration;
    let acts: [(&str, Act); 4] =
        [("scroll", Bench::scroll), ("hover", Bench::hover), ("select", Bench::select), ("search", Bench::search)];
    let mut all = Vec::new();
    for (name, act) in acts {
        let mut times: Vec<Duration> = (0..FRAMES).map(|round| act(bench, round)).collect();
        all.extend_from_slice(&times);
        row(page, name, &mut times);
    }
    row(page, "all", &mut all);
}

fn row(page: &str, name: &str, times: &mut [Duration]) {
    times.sort();
    let [median, many, most, all] = [50, 95, 99, 100].map(|of_hundred| percentile(times, of_hundred));
    println!("{page:>24}  {name:8} {median:>7.2} {many:>7.2} {most:>7.2} {all:>7.2}");
}

fn main() {
    if cfg!(debug_assertions) {
        println!("note: this is not a release build; `cargo bench --bench rollover` makes one");
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let many = runtime.block_on(Many::new(SIZE));
    println!("{:58} {:>9} {:>9} {:>9}", "ms, of up to nine", "best", "median", "most");
    judging(&runtime, &many);
    let rollover = changing(&runtime, &many);
    assert_eq!(rollover, RolloverId(1));
    runtime.block_on(many.app.close());
    println!("\nown work per frame in ms, {FRAMES} frames each");
    println!("{:>24}  {:8} {:>7} {:>7} {:>7} {:>7}", "", "", "median", "95th", "99th", "most");
    let mut bench = Bench::open(again(&many));
    frames(&mut bench, "matrix of 2,000");
    bench.press(Key::Num4, Modifiers::COMMAND);
    settle(&mut bench);
    // The only card of the list is opened by a click into it.
    click(&mut bench, pos2(700.0, 110.0));
    settle(&mut bench);
    frames(&mut bench, "board of 640");
}
