//! What the window itself works in a frame: `logic` and `ui` without drawing, while it is scrolled, hovered, selected in and
//! searched, over four connections and over 5,000 with 100,000 transmissions; and how long it takes from the start to the
//! first frame that shows them, and the memory. `cargo bench --bench window` prints the figures; nothing is held, because
//! they are the machine's. `cargo bench --bench window -- --into FOLDER` leaves the large workspace there, for
//! `tests/window/cost.py`.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use countersign::app::{App, Clock, KeyKind, Location, NewIdentity, Unlock};
use countersign::certificate;
use countersign::domain::connection::Connection;
use countersign::store::Workspace;
use egui::{Key, Modifiers};

#[path = "headless.rs"]
#[expect(dead_code, reason = "shared by several benches, of which none needs all")]
mod headless;
#[path = "journal.rs"]
mod journal;

use headless::{Bench, percentile};

/// How often each thing is done.
const ROUNDS: usize = 400;

/// So large is the large workspace.
const CONNECTIONS: usize = 5_000;
const TRANSMISSIONS: i64 = 100_000;

const PARTNER: &str = include_str!("../fixtures/certificates/retailer_sha256_2022_2027.pem");

/// A connection among many: some comply, some do not, some have one profile only.
fn connection(number: usize, certificate: &str) -> Connection {
    let policy = ["amazon-vendor-central", "as2-modern"][number % 2];
    let mut text = format!("id = \"partner-{number:04}\"\nname = \"Partner {number}\"\npolicy = \"{policy}\"\n");
    for (profile, kind) in ["production", "test"].into_iter().enumerate().take(1 + number % 3) {
        let cipher = ["aes128-cbc", "3des-cbc", "aes256-cbc"][(number + profile) % 3];
        let digest = ["sha256", "sha1"][number / 7 % 2];
        text.push_str(&format!(
            "[{kind}]\nour_as2_id = \"ACME{number}\"\npartner_as2_id = \"PARTNER{number}\"\nidentity = \"acme\"\n\
             url = \"http://127.0.0.1:9/{number}\"\nencryption = \"{cipher}\"\nsigning = \"{digest}\"\n\
             partner_certificates = [{{ fingerprint = \"{certificate}\", use = [\"encrypt\", \"verify\"] }}]\n"
        ));
    }
    toml::from_str(&text).unwrap()
}

/// A workspace with so many connections and transmissions.
fn furnish(runtime: &tokio::runtime::Runtime, folder: &Path, connections: usize, transmissions: i64) {
    let now = Clock::System.now();
    runtime.block_on(async {
        let app = App::new(Location::Dir(folder.to_owned()), Unlock::none(), Clock::System);
        let name = "acme".parse().unwrap();
        app.create_identity(NewIdentity { name, key: KeyKind::Rsa2048, days: 700, subject: None }).await.unwrap();
        app.close().await;
        let location = Location::Dir(folder.to_owned());
        let workspace = Workspace::open_existing(&location, &Unlock::none(), now).await.unwrap().unwrap();
        let certificate = certificate::read(PARTNER.as_bytes(), None).unwrap().certificates.remove(0);
        let mut transaction = workspace.begin().await.unwrap();
        transaction.put_certificate(certificate.der(), certificate.facts(), "made", now).await.unwrap();
        for number in 0..connections {
            let connection = connection(number, &certificate.facts().fingerprint_sha256.to_string());
            transaction.save_connection(&connection, now).await.unwrap();
        }
        transaction.commit().await.unwrap();
        workspace.close().await;
        journal::fill(folder, transmissions).await;
    });
}

fn main() {
    if cfg!(debug_assertions) {
        println!("note: this is not a release build; `cargo bench --bench window` makes one");
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let words: Vec<String> = std::env::args().collect();
    if let Some(place) = words.iter().position(|word| word == "--into") {
        let folder = PathBuf::from(&words[place + 1]);
        furnish(&runtime, &folder, CONNECTIONS, TRANSMISSIONS);
        println!("{CONNECTIONS} connections and {TRANSMISSIONS} transmissions are in {}", folder.display());
        return;
    }
    println!("own work per frame in ms, {ROUNDS} frames each");
    println!("{:>12}  {:24} {:>7} {:>7} {:>7} {:>7}", "connections", "", "median", "95th", "99th", "most");
    for (connections, transmissions) in [(4, 0), (CONNECTIONS, TRANSMISSIONS)] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        furnish(&runtime, &workspace, connections, transmissions);
        let begun = Instant::now();
        let mut bench = Bench::open(App::new(Location::Dir(workspace), Unlock::none(), Clock::System));
        let opened = begun.elapsed();
        let mut all = Vec::new();
        type Act = fn(&mut Bench, usize) -> Duration;
        let acts: [(&str, Act); 4] =
            [("scroll", Bench::scroll), ("hover", Bench::hover), ("select", Bench::select), ("search", Bench::search)];
        for (page, key) in [("matrix", Key::Num1), ("transmissions", Key::Num2), ("certificates", Key::Num3)] {
            if page == "transmissions" && transmissions == 0 {
                continue;
            }
            bench.press(Key::Escape, Modifiers::NONE);
            bench.press(key, Modifiers::COMMAND);
            for _ in 0..60 {
                bench.show(Vec::new());
                std::thread::sleep(Duration::from_millis(10));
            }
            for (name, act) in acts {
                let mut times: Vec<Duration> = (0..ROUNDS)
                    .map(|round| {
                        // As long as a screen takes to show it, so that what is asked for can come.
                        std::thread::sleep(Duration::from_millis(4));
                        act(&mut bench, round)
                    })
                    .collect();
                all.extend_from_slice(&times);
                print(connections, &format!("{page}, {name}"), &mut times);
            }
        }
        print(connections, "all", &mut all);
        println!("{connections:>12}  from the start to the first frame with the workspace {:.0} ms", millis(opened));
        println!("{connections:>12}  {}", memory());
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The memory of this process, where the system tells it: the window's, the engine's and what furnishing has left.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
    };
    match (of("VmRSS:"), of("VmHWM:")) {
        (Some(now), Some(most)) => format!("memory {now} MiB, at most {most} MiB"),
        _ => "memory is not told by this system".to_owned(),
    }
}

fn print(connections: usize, name: &str, times: &mut [Duration]) {
    times.sort();
    let [median, many, most, all] = [50, 95, 99, 100].map(|of_hundred| percentile(times, of_hundred));
    println!("{connections:>12}  {name:24} {median:>7.2} {many:>7.2} {most:>7.2} {all:>7.2}");
}
