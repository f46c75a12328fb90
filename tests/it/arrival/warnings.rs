//! What is said about a certificate when it is brought in, and what refuses it: a key that AS2 cannot use, and an end that
//! lies before the instant from which it is to be used.

use countersign::app::{AppError, CertificateSource, ImportRequest, NewRollover};
use countersign::domain::certificate::CertificateWarning::{self, *};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::timeline::{Activation, CertificatePurpose};

use super::{Desk, fixture, print};

async fn said(name: &str) -> Vec<CertificateWarning> {
    let request = ImportRequest { though_ended: true, ..Desk::request(name) };
    Desk::new().await.app.import_certificate(&request).await.unwrap().warnings
}

#[tokio::test]
async fn each_wrong_certificate_is_named_for_what_it_is() {
    for (name, expected) in [
        ("new.cer", vec![Unconfirmed]),
        ("leaf.cer", vec![]),
        ("ours.cer", vec![Own, OtherSubject, Unconfirmed]),
        ("root.cer", vec![Ca, OtherSubject, NotNewer, Unconfirmed]),
        ("server.cer", vec![TlsServer, Unconfirmed]),
        ("old.cer", vec![AlreadyInstalled, Unconfirmed]),
        ("same-key.cer", vec![SameKey, Unconfirmed]),
        ("other.cer", vec![OtherSubject, Unconfirmed]),
        ("test.cer", vec![KeyOfTest, NotNewer, Unconfirmed, EndsSoon]),
        ("test-new.cer", vec![SubjectOfTest, Unconfirmed]),
        ("sha1.cer", vec![Sha1, Unconfirmed]),
        ("short.cer", vec![ShortKey, Unconfirmed]),
        ("edge.cer", vec![ShortKey, Unconfirmed]),
        ("long.cer", vec![LongForPolicy, Unconfirmed]),
        ("expired.cer", vec![Expired, NotNewer, Unconfirmed]),
        ("later.cer", vec![NotYetValid, Unconfirmed]),
    ] {
        assert_eq!(said(name).await, expected, "{name}");
    }
}

#[tokio::test]
async fn one_that_is_named_as_another_connections_is_told_to_be_perhaps_meant_for_that() {
    let desk = Desk::new().await;
    let file = desk.folder.path().join("another.toml");
    let connection = format!(
        "id = \"another\"\nname = \"Another\"\npolicy = \"limits\"\n[test]\nour_as2_id = \"ACME\"\n\
         partner_as2_id = \"ANOTHER\"\nurl = \"http://127.0.0.1:9/\"\nidentity = \"ours\"\n\
         partner_certificates = [{:?}]\n",
        fixture("other.cer")
    );
    std::fs::write(&file, connection).unwrap();
    desk.app.add_connection(&file, true).await.unwrap();
    let warnings = async |name: &str| desk.app.import_certificate(&Desk::request(name)).await.unwrap().warnings;
    assert_eq!(warnings("other.cer").await, [SubjectOfAnother, Unconfirmed]);
    // Now it replaces one of its own subject.
    assert_eq!(warnings("other.cer").await, [AlreadyInstalled, Unconfirmed]);
    assert!(warnings("new.cer").await.contains(&OtherSubject));
}

#[tokio::test]
async fn production_for_test_is_the_reverse_and_a_shared_certificate_is_no_mistake() {
    let desk = Desk::new().await;
    let mut request = Desk::request("new.cer");
    request.profiles = vec![ProfileKind::Test];
    let result = desk.app.import_certificate(&request).await.unwrap();
    assert_eq!(result.warnings, [SubjectOfProduction, Unconfirmed]);
    let desk = Desk::new().await;
    let both = format!("[{:?}]", fixture("old.cer"));
    desk.connect(&both, &both).await;
    desk.import("new.cer").await;
    let result = desk.app.import_certificate(&request).await.unwrap();
    assert_eq!(result.warnings, [Unconfirmed]);
}

#[tokio::test]
async fn one_for_both_profiles_is_not_taken_for_a_mistake_whenever_it_goes_active() {
    let later = Activation::At { at: "2026-12-01T09:00:00Z".parse().unwrap(), zone: None };
    for activation in [Activation::Now, later] {
        let both = async |name: &str| {
            let desk = Desk::new().await;
            let request = ImportRequest { profiles: Vec::new(), activation: activation.clone(), ..Desk::request(name) };
            desk.app.import_certificate(&request).await.unwrap().warnings
        };
        // It is named as production's is, and as test's is not.
        assert_eq!(both("new.cer").await, [Unconfirmed, OtherSubject], "{activation:?}");
        // This one is test's, whatever it is brought in for.
        assert!(both("test.cer").await.contains(&KeyOfTest), "{activation:?}");
    }
}

#[tokio::test]
async fn one_that_has_ended_is_refused_for_a_date_and_for_many_and_warned_of_where_it_is_used_now() {
    let desk = Desk::new().await;
    let before = desk.uses(ProfileKind::Production).await;
    let file = fixture("expired.cer");
    let file = file.to_str().unwrap();
    let import = ["certificate", "import", file, "--connection", "partner", "--activate"];
    let start = ["rollover", "start", file, "--at"];
    for (words, when) in
        [(&import[..], "2099-01-01T09:00:00Z"), (&start[..], "2099-01-01T09:00:00Z"), (&start[..], "now")]
    {
        let output = desk.run(&[words, &[when]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?} {when}: {said}");
        for told in
            ["the certificate has expired: it ended at 1 Jan 2026", "ask the partner for the renewed certificate"]
        {
            assert!(said.contains(told), "{words:?} {when}: {said}");
        }
    }
    let said = String::from_utf8_lossy(&desk.run(&start[..3]).stderr).into_owned();
    assert!(said.contains("has expired"), "{said}");
    assert_eq!(desk.uses(ProfileKind::Production).await, before);
    assert!(desk.app.rollovers().await.unwrap().is_empty());
    // Whoever writes that it is to be used now means it.
    let output = desk.run(&[&import[..], &["now"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("expired") || said.contains("ended"), "{said}");
    assert_ne!(desk.uses(ProfileKind::Production).await, before);
}

/// A certificate with a key on brainpoolP256r1, which is as long as one on P-256.
const BRAINPOOL: &str = "-----BEGIN CERTIFICATE-----
MIIBezCCASKgAwIBAgIUTC3P4QylWF8RdgGIBbtBg+7Pf1MwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHcGFydG5lcjAgFw0yNjExMjYxNzAzMDlaGA8yMTI2MTEwMjE3
MDMwOVowEjEQMA4GA1UEAwwHcGFydG5lcjBaMBQGByqGSM49AgEGCSskAwMCCAEB
BwNCAAQdDiQmSctjjxHx+saI55UPp8ae74MRHWSPbEodas5z/BNsSOdDLvniGERa
fCPenfM40S6SJm2DpFUAb+pjGV5Go1MwUTAdBgNVHQ4EFgQU2fhQwgwDPJPDWyI/
ETAivwUO+VUwHwYDVR0jBBgwFoAU2fhQwgwDPJPDWyI/ETAivwUO+VUwDwYDVR0T
AQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBC1IPvJW1gdWdCvWwQ8TXlJo5f
3CsBa7kDut7/IcZeCQIgXvPi788bV/PvRffDeoK6/vzNJ6EUq3Rw54SIZ3E3GOw=
-----END CERTIFICATE-----
";

/// A certificate with an Ed25519 key, as PEM.
fn edwards() -> String {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "partner");
    parameters.self_signed(&key).unwrap().pem()
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_refused_at_every_door_by_one_rule() {
    let desk = Desk::new().await;
    let before = desk.uses(ProfileKind::Production).await;
    for (pem, key) in [(edwards(), "Ed25519"), (BRAINPOOL.to_owned(), "EC (other curve)")] {
        let holds = |error: AppError, door: &str| {
            let message = error.message();
            let told = format!("has an {key} key, for which nothing can be encrypted in AS2");
            assert!(message.contains(&told), "{door}: {message}");
            assert!(error.what_to_do().unwrap().contains("an RSA key, or EC on P-256"), "{door}: {message}");
        };
        let source = || CertificateSource::Bytes { name: "pasted".to_owned(), bytes: pem.clone().into_bytes() };
        for purpose in [None, Some(CertificatePurpose::Encrypt), Some(CertificatePurpose::Verify)] {
            let request = ImportRequest { source: source(), purpose, ..Desk::request("new.cer") };
            holds(desk.app.import_certificate(&request).await.unwrap_err(), "import");
        }
        let replaces = vec![before[0].fingerprint];
        let new = NewRollover { replaces, ..NewRollover::of(source()) };
        holds(desk.app.prepare_rollover(&new).await.unwrap_err(), "rollover start --dry-run");
        holds(desk.app.start_rollover(&new).await.unwrap_err(), "rollover start");
        let toml = format!(
            "id = \"other\"\nname = \"Other\"\n[test]\nour_as2_id = \"ACME\"\npartner_as2_id = \"OTHER\"\n\
         url = \"http://127.0.0.1:9/\"\nidentity = \"ours\"\npartner_certificates = [{{ file = \"\"\"{}\"\"\", use = [\"verify\"] }}]\n",
            pem
        );
        let file = desk.folder.path().join("other.toml");
        std::fs::write(&file, toml).unwrap();
        holds(desk.app.add_connection(&file, false).await.unwrap_err(), "connection add");
    }
    assert_eq!(desk.uses(ProfileKind::Production).await, before);
    assert!(desk.app.rollovers().await.unwrap().is_empty());
    assert_eq!(desk.app.connections().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_one_that_was_replaced_is_told_from_one_that_is_installed() {
    let desk = Desk::new().await;
    desk.import("new.cer").await;
    assert_eq!(desk.import("new.cer").await.warnings, [AlreadyInstalled, Unconfirmed]);
    assert_eq!(desk.import("old.cer").await.warnings, [OldAgain, Unconfirmed, EndsEarlier, EndsSoon]);
}

#[tokio::test]
async fn the_command_line_says_it_in_words_and_saves_all_the_same() {
    let desk = Desk::new().await;
    for (name, words) in [
        ("test-new.cer", "For production: it has the subject of the certificate that test uses"),
        ("test.cer", "For production: it has the key of the certificate that test uses"),
        ("long.cer", "Its key is longer than the partner's policy allows"),
        ("server.cer", "This looks like the certificate of a web server (TLS)"),
        ("ours.cer", "This is our own certificate"),
    ] {
        let file = fixture(name);
        let words_in = ["certificate", "import", file.to_str().unwrap(), "--connection", "partner"];
        let (document, beside) =
            desk.json(&[&words_in[..], &["--profile", "production", "--activate", "now"]].concat());
        assert_eq!(document["profiles"][0]["fingerprint_sha256"], print(name).to_hex(), "{name}");
        assert!(beside.contains(words), "{name}: {beside}");
    }
}

#[tokio::test]
async fn a_private_key_is_refused_and_nothing_of_it_is_kept() {
    for name in ["with-key.pem", "key.zip", "p12.zip", "key-in-nested.zip", "key.eml", "key-in-text.eml", "ours.pem"] {
        let desk = Desk::new().await;
        let before = desk.uses(ProfileKind::Production).await;
        let error = desk.app.import_certificate(&Desk::request(name)).await.unwrap_err();
        assert!(error.message().contains("holds a private key: it was not taken"), "{name}: {error}");
        assert!(error.what_to_do().unwrap().contains("no longer secret"), "{name}");
        assert_eq!(desk.uses(ProfileKind::Production).await, before, "{name}");
        let listed = desk.app.certificates().await.unwrap();
        assert_eq!(listed.len(), 2, "{name}: nothing was kept");
    }
}
