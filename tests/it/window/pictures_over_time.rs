//! Pictures of the certificates' page and of what is told of certificates over time. As `pictures`.

use std::path::Path;

use countersign::app::{App, Clock, Location, Unlock};
use countersign::domain::certificate::{CertificateFacts, Fingerprint, KeyAlgorithm, KeyFacts, SignatureFacts};
use countersign::domain::connection::Connection;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::own_clock::ClockSample;
use countersign::domain::server_certificate::{EarlierServer, Revocation, ServerSight, ServerTrust};
use countersign::domain::timeline::{PastActivation, plain_list};
use countersign::domain::transmission::{SeenCertificate, SeenTls};
use countersign::store::{MissedActivation, Workspace};
use egui::{Key, Modifiers, Theme};
use egui_kittest::SnapshotResults;
use jiff::{SignedDuration, Timestamp};

use super::pictures::compare;
use super::{Stage, picture_workspace};

const WIDE: [f32; 2] = [1280.0, 800.0];
const NARROW: [f32; 2] = [820.0, 800.0];

fn day(days: i64) -> Timestamp {
    picture_workspace::now() + SignedDuration::from_hours(24 * days)
}

fn server(id: u8, subject: &str, until: i64) -> SeenCertificate {
    SeenCertificate {
        subject: format!("CN={subject}"),
        issuer: "CN=Public CA R3, O=Example Trust, C=US".to_owned(),
        not_after: day(until),
        fingerprint_sha256: Fingerprint([id; 32]),
    }
}

/// What was seen of servers, clocks and activations.
fn see(folder: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let location = Location::Dir(folder.to_owned());
        let now = picture_workspace::now();
        let workspace = Workspace::open_existing(&location, &Unlock::none(), now).await.unwrap().unwrap();
        let mut transaction = workspace.begin().await.unwrap();
        let amazon = "amazon-us".parse().unwrap();
        let sight = ServerSight {
            server: "as2.marketplace.example:443".to_owned(),
            seen: day(-1),
            tls: SeenTls {
                version: Some("TLS 1.3".to_owned()),
                chain: vec![server(0x5c, "as2.marketplace.example", 38), server(0x11, "Public CA R3", 900)],
            },
            trust: ServerTrust::System,
            refusal: None,
            revocation: Revocation::NotChecked,
            before: Some(EarlierServer {
                certificate: server(0x77, "as2.marketplace.example", 3),
                last_seen: day(-4),
                changed: day(-1),
            }),
            change_known: None,
        };
        transaction.put_server_sight(&amazon, ProfileKind::Production, &sight).await.unwrap();
        for (name, ahead_seconds) in [("as2.marketplace.example:443", 437), ("as2.harbor.example:443", 441)] {
            let sample = ClockSample { server: name.to_owned(), at: now, ahead_seconds };
            transaction.put_clock_sample(&sample).await.unwrap();
        }
        let activation = PastActivation {
            certificate: Fingerprint([0x4f; 32]),
            at: day(-2),
            zone: Some("Europe/Berlin".to_owned()),
            replaced: None,
        };
        let missed =
            MissedActivation { connection: "harbor".parse().unwrap(), profile: ProfileKind::Production, activation };
        transaction.put_missed_activation(&missed).await.unwrap();
        transaction.commit().await.unwrap();
        workspace.close().await;
    });
}

fn picture(name: &str, size: [f32; 2], seen: bool, mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let app = picture_workspace::make(&workspace);
        if seen {
            see(&workspace);
        }
        let mut stage = Stage::pictured(app, folder, workspace, size, theme);
        stage.wait_for("Amazon Vendor US, production");
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

fn go(stage: &mut Stage) {
    stage.press(Modifiers::COMMAND, Key::Num3);
    stage.wait_for("Sort by Valid until");
}

#[test]
fn certificates() {
    picture("certificates", WIDE, true, go);
}

#[test]
fn certificates_narrow() {
    picture("certificates-narrow", NARROW, true, go);
}

#[test]
fn certificates_nothing_matches() {
    picture("certificates-nothing-matches", WIDE, false, |stage| {
        go(stage);
        stage.fill("Search certificates", "no such certificate");
    });
}

#[test]
fn certificate_detail() {
    picture("certificate-detail", WIDE, true, |stage| {
        go(stage);
        let row = stage.labels().into_iter().find(|label| label.contains("Goes active")).unwrap();
        stage.click(&row);
        stage.wait_for("What it is");
    });
}

#[test]
fn certificates_by_profile() {
    picture("certificates-by-profile", WIDE, false, |stage| {
        go(stage);
        stage.click("Timeline by profile");
    });
}

#[test]
fn certificates_by_certificate() {
    picture("certificates-by-certificate", WIDE, true, |stage| {
        go(stage);
        stage.click("Timeline by certificate");
    });
}

#[test]
fn told_above_the_connections() {
    picture("connections-told", WIDE, true, |_| {});
}

#[test]
fn inspector_tls_server() {
    picture("inspector-tls-server", [1280.0, 1250.0], true, |stage| {
        stage.click_beginning("Amazon Vendor US, production");
        stage.click("Certificates");
        stage.wait_for("TLS server");
        stage.get("Fetch the server's certificate…").scroll_to_me();
        stage.settle();
    });
}

#[test]
fn fetching_a_server_that_cannot_be_reached() {
    picture("fetch-server-error", WIDE, false, |stage| {
        // Nothing listens on that port. What is said of a name nobody knows depends on the machine's resolver.
        stage.cli(&["connection", "set", "amazon-us", "production.url=https://127.0.0.1:1/as2"]);
        stage.press(Modifiers::NONE, Key::F5);
        stage.wait_for("Amazon Vendor US, production");
        stage.click_beginning("Amazon Vendor US, production");
        stage.click("Certificates");
        stage.touch("Fetch the server's certificate…");
        stage.wait_for("Try again");
        // Where the keyboard is depends on how soon the answer came.
        stage.get("Close").focus();
        stage.settle();
    });
}

/// A workspace of a provider: so many connections, each with a certificate of its own.
fn many(folder: &Path, number: u32) -> App {
    let now = picture_workspace::now();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let location = Location::Dir(folder.to_owned());
        let workspace = Workspace::open_or_create(&location, &Unlock::none(), now).await.unwrap();
        let mut transaction = workspace.begin().await.unwrap();
        for number in 0..number {
            let mut print = [7; 32];
            print[..4].copy_from_slice(&number.to_be_bytes());
            let facts = CertificateFacts {
                subject: format!("CN=Partner {number:04}"),
                issuer: format!("CN=Partner {number:04}"),
                serial: format!("{number:04x}"),
                fingerprint_sha256: Fingerprint(print),
                fingerprint_sha1: "00".repeat(20),
                spki_sha256: format!("{number:064x}"),
                not_before: day(-300),
                not_after: day(i64::from(number) / 2 - 5),
                key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
                signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
                self_signed: true,
                ca: false,
                key_usage: Vec::new(),
            };
            transaction.put_certificate(b"not looked at here", &facts, "made", now).await.unwrap();
            let mut connection: Connection = toml::from_str(&format!(
                "id = \"partner-{number:04}\"\nname = \"Partner {number:04}\"\n[production]\nour_as2_id = \"US\"\n\
                 partner_as2_id = \"P{number}\"\nurl = \"https://p{number}.example/as2\"\nidentity = \"us\"\n"
            ))
            .unwrap();
            if let Some(profile) = &mut connection.production {
                profile.partner_certificates = plain_list(&[Fingerprint(print)]);
            }
            transaction.save_connection(&connection, now).await.unwrap();
        }
        transaction.commit().await.unwrap();
        workspace.close().await;
    });
    App::new(Location::Dir(folder.to_owned()), Unlock::none(), Clock::Fixed(now))
}

#[test]
#[expect(clippy::print_stdout, reason = "the time of a frame, for who asks for it")]
fn two_thousand_certificates() {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let app = many(&workspace, 2000);
        let mut stage = Stage::pictured(app, folder, workspace, WIDE, theme);
        stage.wait_for("Partner 0000");
        go(&mut stage);
        let begun = std::time::Instant::now();
        for _ in 0..100 {
            stage.harness.step();
        }
        println!("a frame of 2000 certificates takes {:?}", begun.elapsed() / 100);
        compare(&mut stage, "certificates-2000", theme, &mut results);
        stage.click("Timeline by profile");
        let begun = std::time::Instant::now();
        for _ in 0..100 {
            stage.harness.step();
        }
        println!("a frame of 2000 lines takes {:?}", begun.elapsed() / 100);
        compare(&mut stage, "certificates-2000-timeline", theme, &mut results);
    }
}
