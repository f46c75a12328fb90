//! Partners who use two certificates: one to encrypt for, another that signs.

use countersign::app::ImportRequest;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::timeline::{CertificatePurpose, acceptable_now, used_now};

use super::{Desk, fixture, print};

/// What is encrypted for, and what is accepted, by the files' names.
async fn standing(desk: &Desk) -> (Option<&'static str>, Vec<&'static str>) {
    let names = ["old.cer", "test.cer", "new.cer", "other.cer"];
    let named = |wanted| names.into_iter().find(|name| print(name) == wanted);
    let uses = desk.uses(ProfileKind::Production).await;
    // As the command line has it, which knows no other time.
    let now = countersign::app::Clock::System.now();
    let mut accepted: Vec<&str> = acceptable_now(&uses, now).into_iter().filter_map(named).collect();
    accepted.sort_unstable();
    (used_now(&uses, now).and_then(|entry| named(entry.fingerprint)), accepted)
}

/// A connection whose file names one certificate for each purpose.
async fn two() -> Desk {
    let desk = Desk::new().await;
    let tables = format!(
        "[{{ file = {:?}, use = [\"encrypt\"] }}, {{ file = {:?}, use = [\"verify\"] }}]",
        fixture("old.cer"),
        fixture("other.cer")
    );
    desk.connect(&tables, &format!("[{:?}]", fixture("test.cer"))).await;
    desk
}

fn import(desk: &Desk, name: &str, purpose: &[&str]) {
    let file = fixture(name);
    let words = ["certificate", "import", file.to_str().unwrap(), "--connection", "partner"];
    desk.json(&[&words[..], &["--profile", "production", "--activate", "now"], purpose].concat());
}

#[tokio::test]
async fn the_connection_file_names_one_for_each_purpose_and_comes_out_as_it_went_in() {
    let desk = two().await;
    assert_eq!(standing(&desk).await, (Some("old.cer"), vec!["other.cer"]));
    let exported = desk.app.export_connection(&"partner".parse().unwrap()).await.unwrap();
    let file = desk.folder.path().join("exported.toml");
    std::fs::write(&file, &exported).unwrap();
    desk.app.add_connection(&file, true).await.unwrap();
    assert_eq!(standing(&desk).await, (Some("old.cer"), vec!["other.cer"]));
}

#[tokio::test]
async fn one_purpose_is_renewed_and_the_other_is_left_alone() {
    let desk = two().await;
    import(&desk, "new.cer", &["--use", "encrypt"]);
    assert_eq!(standing(&desk).await, (Some("new.cer"), vec!["other.cer"]));
    let desk = two().await;
    import(&desk, "new.cer", &["--use", "verify"]);
    assert_eq!(standing(&desk).await, (Some("old.cer"), vec!["new.cer", "other.cer"]));
    let desk = two().await;
    import(&desk, "new.cer", &[]);
    assert_eq!(standing(&desk).await, (Some("new.cer"), vec!["new.cer", "other.cer"]));
    let refused =
        desk.run(&["certificate", "import", "x.cer", "--connection", "partner", "--use", "both", "--activate", "now"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[tokio::test]
async fn a_certificate_for_another_purpose_is_told_by_its_key_usage() {
    use countersign::domain::certificate::CertificateWarning::{NotForEncrypting, NotForVerifying, Unconfirmed};
    let said = |name: &'static str, purpose| async move {
        let request = ImportRequest { purpose, ..Desk::request(name) };
        Desk::new().await.app.import_certificate(&request).await.unwrap().warnings
    };
    let (encrypt, verify) = (Some(CertificatePurpose::Encrypt), Some(CertificatePurpose::Verify));
    for (name, purpose, warning) in [
        ("signing.cer", None, Some(NotForEncrypting)),
        ("signing.cer", encrypt, Some(NotForEncrypting)),
        ("signing.cer", verify, None),
        ("encrypting.cer", None, Some(NotForVerifying)),
        ("encrypting.cer", encrypt, None),
        ("encrypting.cer", verify, Some(NotForVerifying)),
        ("new.cer", None, None),
    ] {
        let expected: Vec<_> = warning.into_iter().chain([Unconfirmed]).collect();
        assert_eq!(said(name, purpose).await, expected, "{name} {purpose:?}");
    }
}

#[tokio::test]
async fn of_two_in_a_file_each_is_taken_for_what_it_is_for() {
    let desk = Desk::new().await;
    let error = desk.app.import_certificate(&Desk::request("one-for-each.pem")).await.unwrap_err();
    for named in ["partner for signing alone", "partner for encrypting alone", &print("signing.cer").to_hex()] {
        assert!(error.message().contains(named), "{named}: {error}");
    }
    let hint = error.what_to_do().unwrap();
    assert!(hint.contains("--use encrypt") && hint.contains("--use verify"), "{hint}");
    for (purpose, name) in
        [(CertificatePurpose::Encrypt, "encrypting.cer"), (CertificatePurpose::Verify, "signing.cer")]
    {
        let request = ImportRequest { purpose: Some(purpose), ..Desk::request("one-for-each.pem") };
        let taken = desk.app.import_certificate(&request).await.unwrap();
        assert_eq!(taken.profiles[0].fingerprint_sha256, print(name));
    }
    // Where both would do, or the partner told another, nothing is guessed.
    let request = ImportRequest { purpose: Some(CertificatePurpose::Verify), ..Desk::request("several.pem") };
    let error = desk.app.import_certificate(&request).await.unwrap_err();
    assert!(error.what_to_do().unwrap().contains("--fingerprint"), "{error}");
}

#[tokio::test]
async fn that_one_verifies_at_once_is_said_where_a_later_time_was_named() {
    let desk = two().await;
    let file = fixture("new.cer");
    let words = ["certificate", "import", file.to_str().unwrap(), "--connection", "partner", "--profile", "production"];
    let later = (countersign::app::Clock::System.now() + jiff::SignedDuration::from_hours(48)).to_string();
    let (document, beside) = desk.json(&[&words[..], &["--use", "verify", "--activate", &later]].concat());
    assert!(beside.contains("It verifies from now on and not only from the time named"), "{beside}");
    assert_ne!(document["profiles"][0]["activates"], later.as_str());
}
