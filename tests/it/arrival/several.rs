//! Several certificates in one file: the user says which, and all of a change happens or none.

use countersign::app::CertificateSource;
use countersign::domain::certificate::Fingerprint;
use countersign::domain::confirmation::Comparison;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::timeline::{Activation, used_now};

use super::{Desk, NOW, fixture, print};

async fn in_use(desk: &Desk) -> Option<Fingerprint> {
    let uses = desk.uses(ProfileKind::Production).await;
    used_now(&uses, NOW.parse().unwrap()).map(|entry| entry.fingerprint)
}

#[tokio::test]
async fn nothing_is_taken_until_it_is_said_which() {
    let desk = Desk::new().await;
    let error = desk.app.import_certificate(&Desk::request("several.zip")).await.unwrap_err();
    for named in ["partner valid until 31 Dec 2028 in new.cer", "somebody", &print("other.cer").to_hex()] {
        assert!(error.message().contains(named), "{named}: {error}");
    }
    assert!(error.what_to_do().unwrap().contains("--fingerprint"));
    assert_eq!(in_use(&desk).await, Some(print("old.cer")));

    let mut request = Desk::request("several.zip");
    request.expected = Some(print("other.cer"));
    desk.app.import_certificate(&request).await.unwrap();
    assert_eq!(in_use(&desk).await, Some(print("other.cer")));

    // What the partner told says which it is, too.
    let desk = Desk::new().await;
    let mut request = Desk::request("several.zip");
    request.confirmed = Some(Comparison::Stated(print("new.cer").to_hex().parse().unwrap()));
    desk.app.import_certificate(&request).await.unwrap();
    assert_eq!(in_use(&desk).await, Some(print("new.cer")));

    let mut request = Desk::request("several.zip");
    request.expected = Some(print("later.cer"));
    let error = desk.app.import_certificate(&request).await.unwrap_err();
    assert!(error.message().contains("the file does not hold the certificate"), "{error}");
}

#[tokio::test]
async fn the_command_line_lists_them_and_takes_the_one_that_is_named() {
    let desk = Desk::new().await;
    let file = fixture("several.pem");
    let words = ["certificate", "import", file.to_str().unwrap(), "--connection", "partner", "--activate", "now"];
    let refused = desk.run(&words);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains(&print("new.cer").to_hex()) && said.contains(&print("other.cer").to_hex()), "{said}");
    let chosen = print("new.cer").to_hex();
    let (document, _) = desk.json(&[&words[..], &["--fingerprint", &chosen, "--profile", "production"]].concat());
    assert_eq!(document["profiles"][0]["fingerprint_sha256"], chosen);
    let (inspected, _) = desk.json(&["certificate", "inspect", file.to_str().unwrap()]);
    assert_eq!(inspected["candidates"].as_array().map(Vec::len), Some(2));
    assert!(inspected["certificates"][1]["warnings"].to_string().contains("several"));
}

#[tokio::test]
async fn the_chain_is_kept_and_shown() {
    let desk = Desk::new().await;
    desk.import("chain.zip").await;
    let (listed, _) = desk.json(&["certificate", "list"]);
    let leaf = listed["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .find(|each| each["fingerprint_sha256"] == print("leaf.cer").to_hex())
        .unwrap()
        .clone();
    assert_eq!(leaf["chain"].as_array().map(Vec::len), Some(2), "{leaf}");
    assert!(leaf["chain"][0].as_str().unwrap().contains("CN=issuer"), "{leaf}");
    assert_eq!(leaf["came_from"], "chain.zip");
    // The leaf alone, later, does not lose it.
    desk.import("leaf.cer").await;
    let again = desk.app.certificates().await.unwrap();
    assert!(again.iter().any(|each| each.chain.len() == 2));
}

#[tokio::test]
async fn where_one_profile_cannot_take_it_none_does() {
    let desk = Desk::new().await;
    let before = (desk.uses(ProfileKind::Production).await, desk.uses(ProfileKind::Test).await);
    for request in [
        countersign::app::ImportRequest {
            profiles: Vec::new(),
            also: vec![("nobody".parse().unwrap(), ProfileKind::Test)],
            ..Desk::request("new.cer")
        },
        countersign::app::ImportRequest {
            profiles: Vec::new(),
            activation: Activation::At { at: "2030-01-01T00:00:00Z".parse().unwrap(), zone: None },
            ..Desk::request("new.cer")
        },
        countersign::app::ImportRequest {
            source: CertificateSource::Sighted(Fingerprint([7; 32])),
            profiles: Vec::new(),
            ..Desk::request("new.cer")
        },
    ] {
        desk.app.import_certificate(&request).await.unwrap_err();
        let after = (desk.uses(ProfileKind::Production).await, desk.uses(ProfileKind::Test).await);
        assert_eq!(after, before);
        assert_eq!(desk.app.certificates().await.unwrap().len(), 2, "the certificate is not kept either");
    }
}
