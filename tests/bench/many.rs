//! Five thousand at once: one setting of 5,000 connections changed, and a renewed certificate brought into the 5,000 profiles
//! that use the old one; how long each takes, and what the window works in a frame over them. `cargo bench
//! --bench many` prints the times; nothing is held, because they are the machine's.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "headless.rs"]
#[expect(dead_code, reason = "shared by several benches, of which none needs all")]
mod headless;
#[path = "../it/many.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod many;

use std::time::{Duration, Instant};

use countersign::app::{App, CertificateSource, Clock, ImportRequest, Location, ManyChange, Unlock};
use countersign::domain::identifier::{ConnectionId, ProfileKind};
use countersign::domain::timeline::Activation;
use countersign::ui::Intent;
use egui::{Key, Modifiers};
use headless::{Bench, percentile};
use many::{Many, Size, id, key, then};

/// 5,000 connections with both profiles; 2,500 of them use the old certificate, in 5,000 profiles.
const SIZE: Size = Size { connections: 5_000, using: 2_500 };

/// How many frames each thing takes.
const FRAMES: usize = 200;

fn once<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    println!("{what:58} {:>9.0} ms", begun.elapsed().as_secs_f64() * 1000.0);
    done
}

fn ids() -> Vec<ConnectionId> {
    (0..SIZE.connections).map(|number| id(number).parse().unwrap()).collect()
}

fn change(value: &str) -> ManyChange {
    let settings = vec![("encryption".to_owned(), value.to_owned())];
    ManyChange { connections: ids(), settings, ..ManyChange::default() }
}

fn import(many: &Many) -> ImportRequest {
    let also = (0..SIZE.using).flat_map(|number| ProfileKind::ALL.iter().map(move |kind| key(number, *kind))).collect();
    ImportRequest {
        source: CertificateSource::File(many.renewed.clone()),
        connection: id(0).parse().unwrap(),
        profiles: ProfileKind::ALL.to_vec(),
        also_where_used: false,
        also,
        activation: Activation::At { at: "2026-12-01T08:00:00Z".parse().unwrap(), zone: None },
        expected: None,
        confirmed: None,
        purpose: None,
        though_ended: false,
    }
}

fn engine(runtime: &tokio::runtime::Runtime, many: &Many) {
    let app = &many.app;
    let plan = once("what a change of 5,000 connections would do", || {
        runtime.block_on(app.plan_many(&change("aes256-cbc"))).unwrap()
    });
    assert_eq!(plan.changed.len(), SIZE.connections);
    let done = once("changing them, until it is on disk", || {
        runtime.block_on(app.change_many(&change("aes256-cbc"))).unwrap()
    });
    once("taking that back", || runtime.block_on(app.undo_many(&done)).unwrap());
    once("the window's snapshot after it", || runtime.block_on(app.snapshot(None)).unwrap());
    let imported = once("importing a certificate for 5,000 profiles", || {
        runtime.block_on(app.import_certificate(&import(many))).unwrap()
    });
    assert_eq!(imported.profiles.len(), 2 * SIZE.using);
}

fn frames(bench: &mut Bench, what: &str) {
    for _ in 0..10 {
        bench.show(Vec::new());
    }
    let mut times: Vec<Duration> = (0..FRAMES).map(|round| bench.scroll(round)).collect();
    times.sort();
    let [median, many, most] = [50, 95, 100].map(|of_hundred| percentile(&times, of_hundred));
    println!("{what:58} {median:>9.2} {many:>9.2} {most:>9.2}");
}

fn longest(what: &str, time: Duration) {
    println!("{what:58} {:>9.2}", time.as_secs_f64() * 1000.0);
}

fn window(many: &Many) {
    println!("\n{:58} {:>9} {:>9} {:>9}", "own work per frame in ms", "median", "95th", "most");
    let mut bench = Bench::open(App::new(Location::Dir(many.workspace.clone()), Unlock::none(), Clock::Fixed(then())));
    frames(&mut bench, "the matrix of 5,000 connections");
    bench.press(Key::A, Modifiers::COMMAND);
    bench.show(Vec::new());
    frames(&mut bench, "the same with all of them selected");
    let source = Some(CertificateSource::File(many.renewed.clone()));
    bench.window.intend(Intent::NewCertificate { connection: Some(id(0).parse().unwrap()), profile: None, source });
    let begun = Instant::now();
    let mut most = Duration::ZERO;
    while bench.find("Fit the timeline").is_none() {
        most = most.max(bench.show(Vec::new()));
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain for the certificate");
    }
    longest("the longest frame until the certificate is shown", most);
    frames(&mut bench, "its dialog, with the other profiles that use the old one");
}

fn main() {
    if cfg!(debug_assertions) {
        println!("note: this is not a release build; `cargo bench --bench many` makes one");
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let many = runtime.block_on(Many::new(SIZE));
    engine(&runtime, &many);
    runtime.block_on(many.app.close());
    window(&many);
}
