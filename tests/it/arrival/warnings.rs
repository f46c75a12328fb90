//! What is said about a certificate when it is brought in. None of it refuses it.

use countersign::domain::certificate::CertificateWarning::{self, *};
use countersign::domain::identifier::ProfileKind;

use super::{Desk, fixture, print};

async fn said(name: &str) -> Vec<CertificateWarning> {
    Desk::new().await.import(name).await.warnings
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
        ("test.cer", vec![OtherEnvironment, NotNewer, Unconfirmed, EndsSoon]),
        ("test-new.cer", vec![OtherEnvironment, Unconfirmed]),
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
async fn production_for_test_is_the_reverse_and_a_shared_certificate_is_no_mistake() {
    let desk = Desk::new().await;
    let mut request = Desk::request("new.cer");
    request.profiles = vec![ProfileKind::Test];
    let result = desk.app.import_certificate(&request).await.unwrap();
    assert_eq!(result.warnings, [OtherEnvironment, Unconfirmed]);
    let desk = Desk::new().await;
    let both = format!("[{:?}]", fixture("old.cer"));
    desk.connect(&both, &both).await;
    desk.import("new.cer").await;
    let result = desk.app.import_certificate(&request).await.unwrap();
    assert_eq!(result.warnings, [Unconfirmed]);
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
        ("test-new.cer", "test and production seem to be swapped"),
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
