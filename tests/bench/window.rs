//! What the window itself works in a frame: `logic` and `ui` without drawing, while it is scrolled, hovered, selected in and
//! searched, over four connections and over a thousand. `cargo bench --bench window` prints the times; nothing is held,
//! because they are the machine's.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use countersign::app::{App, Clock, KeyKind, Location, NewIdentity, Unlock};

#[path = "headless.rs"]
mod headless;

use headless::{Bench, percentile};

/// How often each thing is done.
const ROUNDS: usize = 400;

const PARTNER: &str = include_str!("../fixtures/certificates/retailer_sha256_2022_2027.pem");

/// A workspace with so many connections: some comply, some do not, some have one profile only.
fn furnish(app: &App, folder: &Path, connections: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    std::fs::write(folder.join("partner.pem"), PARTNER).unwrap();
    runtime.block_on(async {
        let name = "acme".parse().unwrap();
        app.create_identity(NewIdentity { name, key: KeyKind::Rsa2048, days: 700, subject: None }).await.unwrap();
        for number in 0..connections {
            let policy = ["amazon-vendor-central", "as2-modern"][number % 2];
            let mut text = format!("id = \"partner-{number}\"\nname = \"Partner {number}\"\npolicy = \"{policy}\"\n");
            for (profile, kind) in ["production", "test"].into_iter().enumerate().take(1 + number % 3) {
                let cipher = ["aes128-cbc", "3des-cbc", "aes256-cbc"][(number + profile) % 3];
                let digest = ["sha256", "sha1"][number / 7 % 2];
                write!(
                    text,
                    "[{kind}]\nour_as2_id = \"ACME{number}\"\npartner_as2_id = \"PARTNER{number}\"\nidentity = \"acme\"\n\
                     url = \"http://127.0.0.1:9/{number}\"\npartner_certificates = [\"partner.pem\"]\n\
                     encryption = \"{cipher}\"\nsigning = \"{digest}\"\n"
                )
                .unwrap();
            }
            let file = folder.join("connection.toml");
            std::fs::write(&file, text).unwrap();
            app.add_connection(&file, false).await.unwrap();
        }
        app.close().await;
    });
}

fn main() {
    if cfg!(debug_assertions) {
        println!("note: this is not a release build; `cargo bench --bench window` makes one");
    }
    println!("own work per frame in ms, {ROUNDS} frames each");
    println!("{:>12}  {:10} {:>7} {:>7} {:>7} {:>7}", "connections", "", "median", "95th", "99th", "most");
    for connections in [4, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let app = || App::new(Location::Dir(folder.path().join("workspace")), Unlock::none(), Clock::System);
        furnish(&app(), folder.path(), connections);
        let mut bench = Bench::open(app());
        let mut all = Vec::new();
        type Act = fn(&mut Bench, usize) -> Duration;
        let acts: [(&str, Act); 4] =
            [("scroll", Bench::scroll), ("hover", Bench::hover), ("select", Bench::select), ("search", Bench::search)];
        for (name, act) in acts {
            let mut times: Vec<Duration> = (0..ROUNDS).map(|round| act(&mut bench, round)).collect();
            all.extend_from_slice(&times);
            print(connections, name, &mut times);
        }
        print(connections, "all", &mut all);
    }
}

fn print(connections: usize, name: &str, times: &mut [Duration]) {
    times.sort();
    let [median, many, most, all] = [50, 95, 99, 100].map(|of_hundred| percentile(times, of_hundred));
    println!("{connections:>12}  {name:10} {median:>7.2} {many:>7.2} {most:>7.2} {all:>7.2}");
}
