//! Certificates as they arrive: out of an archive, one of several, for one purpose, and out of a signature.

use std::path::{Path, PathBuf};

use countersign::app::{Clock, Location, Unlock};
use countersign::certificate::read;
use countersign::domain::certificate::Fingerprint;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::sighting::{SightedIn, Sighting, SightingKind};
use countersign::domain::timeline::{CertificatePurpose, CertificateUse};
use countersign::store::Workspace;
use egui::{Key, Modifiers};
use jiff::{SignedDuration, Timestamp};

use super::Stage;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrival").join(name)
}

fn print(name: &str) -> Fingerprint {
    read(&std::fs::read(fixture(name)).unwrap(), None).unwrap().certificates[0].facts().fingerprint_sha256
}

/// Records that a certificate was seen with a connection, as receiving would.
pub(in crate::window) fn sight(workspace: &Path, connection: &str, name: &str, at: Timestamp) {
    let der = std::fs::read(fixture(name)).unwrap();
    let facts = read(&der, None).unwrap().certificates[0].facts().clone();
    let seen = Sighting {
        connection: connection.parse().unwrap(),
        profile: ProfileKind::Production,
        fingerprint: facts.fingerprint_sha256,
        kind: SightingKind::Unknown,
        seen_in: SightedIn::Message,
        facts: Some(facts),
        transmission: uuid::Uuid::from_u128(7),
        first_at: at,
        last_at: at,
        times: 1,
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let location = Location::Dir(workspace.to_owned());
        let workspace = Workspace::open_existing(&location, &Unlock::none(), at).await.unwrap().unwrap();
        let mut transaction = workspace.begin().await.unwrap();
        transaction.put_sighting(&seen, Some(&der), &[]).await.unwrap();
        transaction.commit().await.unwrap();
        workspace.close().await;
    });
}

#[test]
fn one_of_several_in_an_archive_is_chosen() {
    let mut stage = Stage::sample();
    stage.open_for_amazon();
    stage.drop_file(&fixture("several.zip"));
    stage.wait_for("Which certificate is meant?");
    assert!(stage.button_beginning("Schedule for").is_none(), "nothing is taken before it is said which");
    stage.click_beginning("somebody, ");
    stage.wait_for("It names another subject than the certificate it replaces");
    assert!(stage.sees("several.zip"));
    stage.touch("Another one of the file…");
    stage.wait_for("Which certificate is meant?");
    stage.click_beginning("partner, ");
    stage.wait_for("Another one of the file…");
    stage.touch("Now");
    stage.touch("Activate now for 2 profiles");
    stage.wait_for("New certificate active for 2 profiles");
    assert!(stage.encrypts_from("amazon-us", "production", &print("new.cer").to_hex()).is_some());
}

#[test]
fn a_mail_is_dropped_as_it_came_and_a_key_in_it_is_refused() {
    let mut stage = Stage::sample();
    stage.open_for_amazon();
    stage.drop_file(&fixture("key.eml"));
    stage.wait_for("holds a private key: it was not taken and nothing of it was kept");
    stage.drop_file(&fixture("signed.eml"));
    stage.wait_for("Passed over: smime.p7s is the signature of the mail itself");
    assert!(stage.sees("signed.eml"));
}

#[test]
fn a_certificate_is_brought_in_for_verifying_alone() {
    let mut stage = Stage::sample();
    let before = stage.uses("amazon-us", "production");
    stage.open_for_amazon();
    stage.drop_file(&fixture("new.cer"));
    stage.wait_for("Use for");
    stage.touch("Verifying");
    stage.wait_for("Accept for 2 profiles");
    assert!(!stage.sees("Goes active"), "there is no instant to choose");
    assert!(stage.sees("what messages are encrypted for stays as it is"));
    assert!(stage.sees("Signatures made with the new certificate are accepted from now on"), "{:#?}", stage.labels());
    stage.touch("Accept for 2 profiles");
    stage.wait_for("New certificate accepted for 2 profiles");
    let fingerprint = print("new.cer").to_hex();
    assert_eq!(stage.encrypts_from("amazon-us", "production", &fingerprint), None);
    let after = stage.uses("amazon-us", "production");
    assert!(after.iter().any(|entry| entry["fingerprint"] == fingerprint), "{after:#?}");
    assert_eq!(before[0]["fingerprint"], after[0]["fingerprint"]);
}

#[test]
fn what_was_seen_in_a_signature_is_told_and_brought_in_from_there() {
    let mut stage = Stage::sample();
    sight(&stage.workspace, "amazon-us", "new.cer", Clock::System.now());
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Amazon Vendor US, production signs with a certificate we do not have");
    stage.touch("Look at the certificate…");
    stage.wait_for("Import after confirming…");
    stage.touch("Import after confirming…");
    stage.wait_for("Found inside a signature");
    // It was asked for production; the pair shares its certificate.
    stage.wait_for("It names another subject than the certificate it replaces");
    stage.write("Fingerprint from the partner", &print("new.cer").to_string());
    stage.wait_for("It is the same");
    stage.touch("Now");
    stage.touch("Activate now for 2 profiles");
    stage.wait_gone("Import after confirming…");
    assert!(stage.encrypts_from("amazon-us", "production", &print("new.cer").to_hex()).is_some());
    let listed = stage.cli(&["--json", "certificate", "list"]);
    assert!(listed.contains("\"how\":\"SHA-256 fingerprint typed or pasted\""), "{listed}");
    stage.wait_for("SHA-256 fingerprint typed or pasted");
}

#[test]
fn what_is_not_theirs_is_put_away() {
    let mut stage = Stage::sample();
    sight(&stage.workspace, "northwind", "other.cer", Clock::System.now());
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Look at the certificate…");
    stage.touch("Look at the certificate…");
    stage.wait_for("Not theirs");
    stage.touch("Not theirs");
    stage.wait_gone("Import after confirming…");
    assert!(!stage.sees("Look at the certificate…"));
}

/// Has a certificate be one that was accepted for a profile until an hour ago.
fn formerly(workspace: &Path, connection: &str, name: &str, now: Timestamp) {
    let der = std::fs::read(fixture(name)).unwrap();
    let facts = read(&der, None).unwrap().certificates[0].facts().clone();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let location = Location::Dir(workspace.to_owned());
        let workspace = Workspace::open_existing(&location, &Unlock::none(), now).await.unwrap().unwrap();
        let mut transaction = workspace.begin().await.unwrap();
        transaction.put_certificate(&der, &facts, name, now).await.unwrap();
        let mut changed = transaction.connection(&connection.parse().unwrap()).await.unwrap().unwrap();
        changed.production.as_mut().unwrap().partner_certificates.push(CertificateUse {
            fingerprint: facts.fingerprint_sha256,
            purposes: vec![CertificatePurpose::Verify],
            from: None,
            until: Some(now - SignedDuration::from_hours(1)),
            zone: None,
        });
        transaction.save_connection(&changed, now).await.unwrap();
        transaction.commit().await.unwrap();
        workspace.close().await;
    });
}

#[test]
fn one_that_was_replaced_is_accepted_again_from_where_it_is_told_and_that_is_taken_back() {
    let mut stage = Stage::sample();
    let now = Clock::System.now();
    formerly(&stage.workspace, "amazon-us", "new.cer", now);
    sight(&stage.workspace, "amazon-us", "new.cer", now);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Amazon Vendor US, production signs with a certificate that is not accepted for that");
    let before = stage.uses("amazon-us", "production");
    stage.touch("Accept it again");
    stage.wait_for("The certificate is accepted again");
    stage.wait_gone("Look at the certificate…");
    let last = stage.uses("amazon-us", "production").pop().unwrap();
    assert_eq!((&last["fingerprint"], &last["until"]), (&print("new.cer").to_hex().into(), &serde_json::Value::Null));
    stage.click("Undo");
    stage.wait_for("The change was taken back");
    assert_eq!(stage.uses("amazon-us", "production"), before);
    // The same from the inspector.
    stage.wait_for("Look at the certificate…");
    stage.touch("Look at the certificate…");
    stage.wait_gone("Look at the certificate…");
    stage.touch("Accept it again");
    stage.wait_gone("Accept it again");
}
