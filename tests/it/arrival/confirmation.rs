//! Who compared a certificate's fingerprint, when and how.

use countersign::domain::confirmation::{Comparison, StatedFingerprint};
use serde_json::Value;

use super::{Desk, fixture, print, read_fixture};

fn listed(desk: &Desk, name: &str) -> Value {
    let (listed, _) = desk.json(&["certificate", "list"]);
    let wanted = print(name).to_hex();
    let all = listed["certificates"].as_array().unwrap();
    all.iter().find(|each| each["fingerprint_sha256"] == wanted).unwrap_or_else(|| panic!("{listed}")).clone()
}

#[tokio::test]
async fn it_is_compared_on_import_however_it_is_written() {
    let desk = Desk::new().await;
    let file = fixture("new.cer");
    let told = format!("SHA256 Fingerprint={}", print("new.cer").to_string().replace(':', " "));
    let words = ["certificate", "import", file.to_str().unwrap(), "--connection", "partner", "--activate", "now"];
    let (document, _) = desk.json(&[&words[..], &["--confirm-fingerprint", &told]].concat());
    assert!(!document["warnings"].to_string().contains("unconfirmed"), "{document}");
    let kept = listed(&desk, "new.cer");
    assert_eq!(kept["confirmation"]["how"], "SHA-256 fingerprint typed or pasted");
    assert!(kept["confirmation"]["at"].is_string());
    let user = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    assert_eq!(kept["confirmation"]["by"].as_str(), Some(String::from_utf8_lossy(&user).trim()));
}

#[tokio::test]
async fn sha_1_is_taken_and_said_to_be_weaker() {
    let desk = Desk::new().await;
    desk.import("new.cer").await;
    let sha1 = read_fixture("new.cer").unwrap().certificates[0].facts().fingerprint_sha1.clone();
    let (document, beside) = desk.json(&["certificate", "confirm", &sha1.to_uppercase()]);
    assert_eq!(document["confirmed"], print("new.cer").to_hex());
    assert!(beside.contains("weaker"), "{beside}");
    let how = listed(&desk, "new.cer")["confirmation"]["how"].clone();
    assert_eq!(how, "SHA-1 fingerprint typed or pasted, which is weaker");
    // What was confirmed first stays.
    desk.json(&["certificate", "confirm", &print("new.cer").to_hex()]);
    assert_eq!(listed(&desk, "new.cer")["confirmation"]["how"], how);
}

#[tokio::test]
async fn another_fingerprint_confirms_nothing_and_imports_nothing() {
    let desk = Desk::new().await;
    let mut request = Desk::request("new.cer");
    request.confirmed = Some(Comparison::Stated(StatedFingerprint::Sha1([1; 20])));
    let error = desk.app.import_certificate(&request).await.unwrap_err();
    assert!(error.message().contains("is not that of the certificate"), "{error}");
    assert!(
        desk.app.confirm_stated(&StatedFingerprint::Sha256(print("new.cer"))).await.is_err(),
        "not in the workspace"
    );
    request.confirmed = Some(Comparison::ByEye(print("new.cer")));
    desk.app.import_certificate(&request).await.unwrap();
    assert_eq!(listed(&desk, "new.cer")["confirmation"]["how"], "compared by eye");
    assert!(listed(&desk, "old.cer")["confirmation"].is_null());
}
