//! The list of a million transmissions: its first page, every filter, searches that find much, little and nothing, other
//! orders, places far down, counts and sums; and what the window works in a frame over it. `cargo bench --bench list` prints the
//! times; nothing is held, because they are the machine's. SQLite is in C and optimised in every build; only the window's
//! own work needs a release build to mean something. `cargo bench --bench list -- 100000` takes fewer.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "headless.rs"]
#[expect(dead_code, reason = "shared by several benches, of which none needs all")]
mod headless;
#[path = "journal.rs"]
mod journal;

use std::time::{Duration, Instant};

use countersign::app::{App, Clock, Location, Sort, TransmissionFilter, Unlock};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::transmission::{Direction, Verdict};
use countersign::store::Workspace;
use egui::{Key, Modifiers};
use headless::{Bench, percentile};
use journal::fill;

/// So many, unless told otherwise.
const USUAL: i64 = 1_000_000;

/// How often each thing is measured.
const ROUNDS: usize = 7;

/// How many frames each thing takes.
const FRAMES: usize = 600;

/// Every filter and search, with its name.
fn filters(number: i64) -> Vec<(String, TransmissionFilter)> {
    let every = TransmissionFilter::default;
    let large = || Some("amazon-us".parse().unwrap());
    let at = |minutes: i64| jiff::Timestamp::from_second(1_735_689_600 + minutes * 60).ok();
    let search = |text: &str| TransmissionFilter { search: Some(text.to_owned()), ..every() };
    let mut all = vec![
        ("first page".to_owned(), every()),
        ("place in the middle".to_owned(), TransmissionFilter { skip: number as u64 / 2, ..every() }),
        ("large partner".to_owned(), TransmissionFilter { connection: large(), ..every() }),
        (
            "small partner".to_owned(),
            TransmissionFilter { connection: Some("partner-007".parse().unwrap()), ..every() },
        ),
        ("profile".to_owned(), TransmissionFilter { profile: Some(ProfileKind::Test), ..every() }),
        ("direction".to_owned(), TransmissionFilter { direction: Some(Direction::Inbound), ..every() }),
        ("failed".to_owned(), TransmissionFilter { failed: true, ..every() }),
        ("uncertain".to_owned(), TransmissionFilter { verdict: Some(Verdict::Uncertain), ..every() }),
        ("delivered".to_owned(), TransmissionFilter { verdict: Some(Verdict::Delivered), ..every() }),
        ("cause".to_owned(), TransmissionFilter { cause: Some("MIC mismatch".to_owned()), ..every() }),
        ("last 30 days".to_owned(), TransmissionFilter { since: at(number - 43_200), ..every() }),
        (
            "a month long ago".to_owned(),
            TransmissionFilter { since: at(number / 3), until: at(number / 3 + 43_200), ..every() },
        ),
        (
            "10 KB to 1 MB".to_owned(),
            TransmissionFilter { min_bytes: Some(10_000), max_bytes: Some(999_999), ..every() },
        ),
        (
            "500,000 to 500,100 bytes".to_owned(),
            TransmissionFilter { min_bytes: Some(500_000), max_bytes: Some(500_100), ..every() },
        ),
        ("document".to_owned(), TransmissionFilter { document: Some("850".to_owned()), ..every() }),
        (
            "all at once".to_owned(),
            TransmissionFilter {
                connection: large(),
                profile: Some(ProfileKind::Test),
                direction: Some(Direction::Inbound),
                failed: true,
                document: Some("850".to_owned()),
                since: at(number / 4),
                ..every()
            },
        ),
        (
            "partner, never that verdict".to_owned(),
            TransmissionFilter { connection: large(), verdict: Some(Verdict::Cancelled), ..every() },
        ),
        ("by partner".to_owned(), TransmissionFilter { sort: Sort::Connection, ..every() }),
        ("by size".to_owned(), TransmissionFilter { sort: Sort::Size, ..every() }),
        ("by result".to_owned(), TransmissionFilter { sort: Sort::Result, ..every() }),
        ("failed, by size".to_owned(), TransmissionFilter { failed: true, sort: Sort::Size, ..every() }),
        ("large partner, by size".to_owned(), TransmissionFilter { connection: large(), sort: Sort::Size, ..every() }),
    ];
    let middle = format!("{:07}", number / 2);
    for text in ["amazon", "acmevc", "ama", &middle, "zzz", "000zzz", "amazonx"] {
        all.push((format!("search `{text}`"), search(text)));
    }
    let mut filtered = search("amazon");
    (filtered.failed, filtered.since) = (true, at(number / 4));
    all.push(("search `amazon`, failed, since".to_owned(), filtered));
    let mut other = search("amazon");
    other.connection = Some("partner-007".parse().unwrap());
    all.push(("search `amazon`, another partner".to_owned(), other));
    let mut other = search("order_");
    other.connection = large();
    all.push(("search `order_`, the large partner".to_owned(), other));
    all.push(("search `amazon`, by size".to_owned(), TransmissionFilter { sort: Sort::Size, ..search("amazon") }));
    all
}

fn timed<T>(mut work: impl FnMut() -> T) -> [f64; 3] {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            drop(work());
            begun.elapsed()
        })
        .collect();
    let first = times[0];
    times.sort();
    [percentile(&[first], 0), percentile(&times, 50), percentile(&times, 100)]
}

fn lists(runtime: &tokio::runtime::Runtime, app: &App, number: i64) {
    println!(
        "{:38} {:>9} {:>9} {:>9} {:>9}  {:>9} {:>9}  {:>9} {:>9}",
        "ms", "rows", "first", "median", "most", "count", "most", "sum", "most"
    );
    for (name, filter) in filters(number) {
        let count = runtime.block_on(app.count_transmissions(&filter)).unwrap();
        let page = timed(|| runtime.block_on(app.transmissions(&filter)).unwrap());
        let counting = timed(|| runtime.block_on(app.count_transmissions(&filter)).unwrap());
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let summing = timed(|| runtime.block_on(app.sum_up_transmissions(&filter, None, &zone)).unwrap());
        let [first, median, most] = page;
        println!(
            "{name:38} {count:>9} {first:>9.2} {median:>9.2} {most:>9.2}  {:>9.2} {:>9.2}  {:>9.2} {:>9.2}",
            counting[1], counting[2], summing[1], summing[2]
        );
    }
}

fn frames(app: App) {
    println!("\nown work per frame in ms, {FRAMES} frames each");
    println!("{:24} {:>7} {:>7} {:>7} {:>7}", "", "median", "95th", "99th", "most");
    let mut bench = Bench::open(app);
    bench.press(Key::Num2, Modifiers::COMMAND);
    for _ in 0..60 {
        bench.show(Vec::new());
        std::thread::sleep(Duration::from_millis(20));
    }
    type Act = fn(&mut Bench, usize) -> Duration;
    let acts: [(&str, Act); 4] =
        [("scroll", Bench::scroll), ("hover", Bench::hover), ("select", Bench::select), ("search", Bench::search)];
    for (name, act) in acts {
        let mut times: Vec<Duration> = (0..FRAMES)
            .map(|round| {
                // As long as a screen takes to show it, so that what is asked for can come.
                std::thread::sleep(Duration::from_millis(4));
                act(&mut bench, round)
            })
            .collect();
        times.sort();
        let [median, many, most, all] = [50, 95, 99, 100].map(|of_hundred| percentile(&times, of_hundred));
        println!("{name:24} {median:>7.2} {many:>7.2} {most:>7.2} {all:>7.2}");
    }
}

fn main() {
    if cfg!(debug_assertions) {
        println!("note: this is not a release build, in which the window works several times as long");
    }
    let number = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(USUAL);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Dir(folder.path().to_owned());
    let open = || App::new(location.clone(), Unlock::none(), Clock::System);
    let app = open();
    let now = "2026-11-26T00:00:00Z".parse().unwrap();
    let workspace = runtime.block_on(Workspace::open_or_create(&location, &Unlock::none(), now)).unwrap();
    runtime.block_on(workspace.close());
    let begun = Instant::now();
    runtime.block_on(fill(folder.path(), number));
    let bytes = std::fs::metadata(folder.path().join("countersign.sqlite")).unwrap().len();
    println!("{number} transmissions filled in {:.1} s, {} MB", begun.elapsed().as_secs_f64(), bytes / 1_000_000);
    lists(&runtime, &app, number);
    runtime.block_on(app.close());
    frames(open());
}
