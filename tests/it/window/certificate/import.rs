//! Bringing a certificate in: from everywhere, for the profiles that are chosen, with what speaks against it.

use std::path::Path;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use serde_json::Value;

use super::Stage;

#[test]
fn a_path_typed_in_is_looked_at_and_brought_in_for_the_pair() {
    let mut stage = Stage::sample();
    let file = stage.renewed("amazon-us");
    let fingerprint = stage.fingerprint_of(&file);
    stage.open_for_amazon();
    stage.write("Path or PEM text", file.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("Schedule for 2 profiles");
    // Old and new, judged by the partner's policy, and what differs.
    for seen in [
        "Signature: SHA-1 with RSA, Non-compliant",
        "Signature: SHA-256 with RSA, Compliant",
        "Signature differs",
        "SHA-256 differs",
        "Valid: 21 days left, Due",
        "For Amazon Vendor US",
        "It is self-signed: confirm it with the partner",
        "before the old one expires",
        "The day before the old one expires",
        "messages are encrypted for the old certificate. Signatures made with either are accepted until",
        "Timeline; in use, valid from",
    ] {
        assert!(stage.sees(seen), "{seen}: {:#?}", stage.labels());
    }
    assert!(!stage.sees("Subject differs") && !stage.sees("Key differs"));
    assert!(!stage.sees("the old one ends"), "one word for one thing");
    stage.touch("Now");
    stage.touch("Activate now for 2 profiles");
    stage.wait_for("New certificate active for 2 profiles");
    assert!(!stage.sees("New partner certificate"), "the dialog has closed");
    for profile in ["production", "test"] {
        assert!(
            stage.encrypts_from("amazon-us", profile, &fingerprint).is_some(),
            "{:#?}",
            stage.uses("amazon-us", profile)
        );
    }
    let checked: Value = serde_json::from_str(&stage.cli(&["--json", "check", "amazon-us"])).unwrap();
    let said = checked["connections"][0]["profiles"][1]["findings"].to_string();
    assert!(!said.contains("SHA-1"), "{said}");
}

#[test]
fn pasted_text_finds_its_connection_and_says_why() {
    let mut stage = Stage::sample();
    let text = std::fs::read_to_string(stage.renewed("northwind")).unwrap();
    stage.paste(&text);
    stage.wait_for("Which connection is it for?");
    assert!(stage.sees("Suggested: its certificate in use has the same subject, NWR-PROD"), "{:#?}", stage.labels());
    stage.get("Search the connection").type_text("north");
    stage.settle();
    assert!(!stage.sees("Amazon Vendor DE Suggested") && !stage.sees("Harbor Grocers ACME"));
    stage.click_beginning("Northwind Retail Suggested");
    stage.wait_for("Schedule for 2 profiles");
    assert!(stage.sees("Pasted text"));
    assert!(stage.sees("has none in use"), "the test profile has no certificate yet");
    stage.touch("Northwind Retail, test");
    assert!(stage.sees("Schedule for 1 profile"));
    stage.touch("Now");
    stage.touch("Activate now for 1 profile");
    stage.wait_for("New certificate active for Northwind Retail, production");
    let fingerprint = stage.fingerprint_of(&stage.renewed("northwind"));
    assert!(stage.encrypts_from("northwind", "production", &fingerprint).is_some());
    assert!(stage.uses("northwind", "test").is_empty());
}

#[test]
fn a_dropped_file_opens_the_dialog_and_another_replaces_it() {
    let mut stage = Stage::sample();
    stage.click_beginning("Amazon Vendor US, production");
    let (northwind, amazon) = (stage.renewed("northwind"), stage.renewed("amazon-us"));
    stage.drop_file(&northwind);
    stage.wait_for("It names another subject than the certificate it replaces");
    stage.drop_file(&amazon);
    stage.wait_gone("It names another subject than the certificate it replaces");
    stage.wait_for("amazon-renewed.cer");
    stage.drop_file(Path::new("/no/such/file.cer"));
    stage.wait_for("Cannot read /no/such/file.cer");
    assert!(stage.sees("amazon-renewed.cer"), "what was there stays");
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("New partner certificate"));
}

#[test]
fn what_is_no_partner_certificate_is_refused_with_what_to_do() {
    let mut stage = Stage::sample();
    let folder = stage.sample.as_ref().unwrap().folder.clone();
    stage.open_for_amazon();
    let look_at = |stage: &mut Stage, name: &str, text: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        stage.write("Path or PEM text", path.to_str().unwrap());
        stage.press(Modifiers::NONE, Key::Enter);
    };
    look_at(&mut stage, "page.cer", b"<!DOCTYPE html><html><body>Log in</body></html>");
    stage.wait_for("the file is a web page, not a certificate");
    assert!(stage.sees("The portal answered with a page"));
    look_at(&mut stage, "big.cer", &vec![b'A'; 2 << 20]);
    stage.wait_for("more than 1 MiB");
    // A key beside the certificate, as a partner sends it who has exported too much.
    let identity = folder.join("theirs.pem");
    let (key, certificate) = key_and_certificate();
    std::fs::write(&identity, format!("{key}{certificate}")).unwrap();
    stage.write("Path or PEM text", identity.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("holds a private key: it was not taken and nothing of it was kept");
    assert!(stage.sees("tell them that the key is no longer secret"));
    assert!(stage.button_beginning("Schedule for").is_none());
}

/// A key with its certificate, as PEM.
fn key_and_certificate() -> (String, String) {
    use base64::Engine as _;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openssl");
    let key = base64::engine::general_purpose::STANDARD.encode(std::fs::read(folder.join("rsa.key.der")).unwrap());
    let certificate = std::fs::read_to_string(folder.join("rsa-pem.crt")).unwrap();
    (format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"), certificate)
}

#[test]
fn our_own_certificate_is_named_as_such_and_can_still_be_taken() {
    let mut stage = Stage::sample();
    let file = stage.sample.as_ref().unwrap().folder.join("ours.pem");
    stage.cli(&["identity", "export", "acme-2026", "-o", file.to_str().unwrap()]);
    stage.open_for_amazon();
    stage.write("Path or PEM text", file.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("This is our own certificate, not the partner's");
    assert!(stage.sees("It names another subject than the certificate it replaces"), "{:#?}", stage.labels());
    assert!(stage.button_beginning("Schedule for 2 profiles").is_some_and(|button| stage.is_enabled(&button)));
}

#[test]
fn a_fingerprint_is_confirmed_by_comparing_and_only_then() {
    let mut stage = Stage::sample();
    let file = stage.renewed("amazon-us");
    let fingerprint = stage.fingerprint_of(&file);
    let confirmed = |stage: &Stage| {
        let listed: Value = serde_json::from_str(&stage.cli(&["--json", "certificate", "list"])).unwrap();
        let one = listed["certificates"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["fingerprint_sha256"] == fingerprint.as_str());
        !one.unwrap()["warnings"].to_string().contains("unconfirmed")
    };
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    stage.write("Fingerprint from the partner", &"ab".repeat(32));
    assert!(stage.sees("It is another one: this is not the certificate that the partner means"));
    assert!(!stage.is_enabled("Schedule for 2 profiles"), "not before it is known which is theirs");
    stage.write("Fingerprint from the partner", "12:34");
    assert!(stage.sees("this has 4"), "{:#?}", stage.labels());
    stage.touch("Schedule for 2 profiles");
    stage.wait_for("New certificate scheduled for 2 profiles");
    assert!(!confirmed(&stage), "nobody has confirmed it");
    // Later, in the inspector.
    stage.touch("Certificates");
    stage.wait_for("Fingerprint: Not confirmed");
    let mut links = stage.labels();
    links.retain(|label| label == "Confirm fingerprint…");
    assert_eq!(links.len(), 2, "the old one is self-signed too");
    stage.harness.query_all_by_label("Confirm fingerprint…").last().unwrap().scroll_to_me();
    stage.settle();
    stage.harness.query_all_by_label("Confirm fingerprint…").last().unwrap().click();
    stage.settle();
    assert!(!stage.is_enabled("Confirm") && stage.sees("Compare the fingerprint first"));
    stage.write("Fingerprint from the partner", &fingerprint);
    assert!(stage.sees("It is the same"));
    stage.touch("Confirm");
    stage.wait_for("Fingerprint confirmed");
    assert!(confirmed(&stage));
    stage.wait_for("Fingerprint: Confirmed");
}

#[test]
fn a_confirmation_on_import_is_kept() {
    let mut stage = Stage::sample();
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    stage.touch("I have compared this fingerprint with what the partner says");
    assert!(stage.sees("The fingerprint is confirmed"));
    stage.touch("Schedule and open test send");
    stage.wait_for("New certificate scheduled for 2 profiles");
    let fingerprint = stage.fingerprint_of(&stage.renewed("amazon-us"));
    let listed: Value = serde_json::from_str(&stage.cli(&["--json", "certificate", "list"])).unwrap();
    let one =
        listed["certificates"].as_array().unwrap().iter().find(|one| one["fingerprint_sha256"] == fingerprint.as_str());
    assert!(!one.unwrap()["warnings"].to_string().contains("unconfirmed"));
    assert!(stage.sees("It goes active"));
}

#[test]
fn activated_now_it_is_tested_at_once_and_production_is_asked_about_first() {
    let mut stage = Stage::sample();
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    stage.touch("Now");
    stage.touch("Activate now and test send");
    stage.wait_for("Send to production for the first time?");
    stage.wait_for("Delivered and signed for");
    let sent = |stage: &Stage| {
        let list: Value =
            serde_json::from_str(&stage.cli(&["--json", "transmission", "list", "--connection", "amazon-us"])).unwrap();
        let all = list["transmissions"].as_array().unwrap().clone();
        all.iter().map(|sent| sent["profile"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(sent(&stage), ["test"]);
    stage.touch("Cancel");
    assert_eq!(sent(&stage), ["test"], "nothing goes to production without an answer");
}

#[test]
fn profiles_of_others_with_the_same_certificate_are_offered_and_not_ticked() {
    let mut stage = Stage::sample();
    let folder = stage.sample.as_ref().unwrap().folder.clone();
    let text = std::fs::read_to_string(folder.join("amazon-us.toml")).unwrap();
    let text = text
        .replace("\"amazon-us\"", "\"amazon-mx\"")
        .replace("Amazon Vendor US", "Amazon Vendor MX")
        .replace("ACMEVC", "ACMEMX");
    let copy = folder.join("amazon-mx.toml");
    std::fs::write(&copy, text).unwrap();
    stage.cli(&["connection", "add", copy.to_str().unwrap()]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Amazon Vendor MX, production");
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    assert!(stage.sees("2 profiles of other connections use the old certificate"));
    assert!(!stage.sees("Start a rollover…"), "for one other connection there is none");
    assert!(stage.is_ticked("Amazon Vendor US, production") && stage.is_ticked("Amazon Vendor US, test"));
    assert!(!stage.is_ticked("Amazon Vendor MX, production") && !stage.is_ticked("Amazon Vendor MX, test"));
    stage.touch("Select all");
    stage.wait_for("Schedule for 4 profiles");
    stage.touch("Amazon Vendor US, production");
    stage.touch("Amazon Vendor US, test");
    stage.touch("Amazon Vendor MX, test");
    stage.wait_for("Schedule for 1 profile");
    stage.touch("Amazon Vendor MX, production");
    stage.wait_for("Choose at least one profile");
    assert!(!stage.is_enabled("Schedule for 0 profiles"));
    // Only one of another connection, and one of this.
    stage.touch("Amazon Vendor MX, production");
    stage.touch("Schedule for 1 profile");
    stage.wait_for("New certificate scheduled for Amazon Vendor MX, production");
    let fingerprint = stage.fingerprint_of(&stage.renewed("amazon-us"));
    assert!(stage.encrypts_from("amazon-mx", "production", &fingerprint).is_some());
    for (connection, profile) in [("amazon-mx", "test"), ("amazon-us", "production"), ("amazon-us", "test")] {
        assert_eq!(stage.encrypts_from(connection, profile, &fingerprint), None, "{connection} {profile}");
    }
}

#[test]
fn a_profile_without_a_certificate_says_so_and_offers_to_import_one() {
    let mut stage = Stage::sample();
    stage.click_beginning("Northwind Retail, test");
    stage.touch("Certificates");
    stage.wait_for("No certificate of the partner yet");
    assert!(stage.sees("Write our certificate to a file…"));
    stage.touch("Import the certificate…");
    stage.touch("Use the sample's renewed certificate");
    // There is no old one here: it is to be used at once, and only here.
    stage.wait_for("Activate now for 1 profile");
    assert!(!stage.sees("In use"));
    stage.touch("Activate now for 1 profile");
    stage.wait_for("New certificate active for Northwind Retail, test");
    stage.wait_for(": Used for sending");
}

#[test]
fn a_file_that_holds_another_certificate_by_now_is_not_taken() {
    let mut stage = Stage::sample();
    let file = stage.workspace.join("partner.cer");
    std::fs::copy(stage.renewed("amazon-us"), &file).unwrap();
    stage.open_for_amazon();
    stage.write("Path or PEM text", file.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("SHA-256 with RSA");
    std::fs::copy(stage.renewed("northwind"), &file).unwrap();
    let before = stage.uses("amazon-us", "production");
    stage.click_beginning("Schedule for");
    stage.wait_for("holds another certificate now");
    assert_eq!(stage.uses("amazon-us", "production"), before);
}

#[test]
fn where_several_others_use_the_old_one_a_rollover_is_offered_and_begins_with_the_file() {
    let mut stage = Stage::sample();
    let folder = stage.sample.as_ref().unwrap().folder.clone();
    let text = std::fs::read_to_string(folder.join("amazon-us.toml")).unwrap();
    for (id, name, ours) in [("amazon-mx", "Amazon Vendor MX", "ACMEMX"), ("amazon-ca", "Amazon Vendor CA", "ACMECA")] {
        let text = text.replace("\"amazon-us\"", &format!("\"{id}\"")).replace("Amazon Vendor US", name);
        let copy = folder.join(format!("{id}.toml"));
        std::fs::write(&copy, text.replace("ACMEVC", ours)).unwrap();
        stage.cli(&["connection", "add", copy.to_str().unwrap()]);
    }
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Amazon Vendor CA, production");
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Start a rollover…");
    stage.touch("Start a rollover…");
    stage.wait_gone("New partner certificate");
    stage.wait_for("New rollover");
    stage.wait_for("Start rollover");
}

#[test]
fn one_that_has_ended_is_not_proposed_for_use_and_can_be_taken_where_somebody_says_so() {
    let mut stage = Stage::sample();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrival/expired.cer");
    stage.open_for_amazon();
    stage.write("Path or PEM text", file.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("ask the partner for the renewed one");
    assert!(stage.sees("Choose another file…") && !stage.sees("On a date"), "{:#?}", stage.labels());
    assert!(!stage.is_enabled("Activate now for 2 profiles"));
    stage.touch("Use it now although it has ended");
    stage.wait_until("it may be taken now", |stage| stage.is_enabled("Activate now for 2 profiles"));
}

#[test]
fn where_the_system_has_no_file_dialog_a_path_is_typed() {
    let mut stage = Stage::sample();
    stage.harness.state_mut().without_file_dialogs();
    stage.open_for_amazon();
    stage.touch("Use the sample's renewed certificate");
    stage.wait_for("Schedule for 2 profiles");
    assert!(!stage.sees("Path or PEM text"));
    stage.touch("Another file…");
    stage.wait_for("No file dialog could be opened: type where the file is");
    assert!(!stage.sees("No file was chosen"), "no message that would cover what it speaks of");
    let file = stage.renewed("northwind");
    stage.write("Path or PEM text", file.to_str().unwrap());
    stage.press(Modifiers::NONE, Key::Enter);
    let short = stage.fingerprint_of(&file)[..2].to_uppercase();
    stage.wait_until("the other file is shown", |stage| {
        !stage.sees("No file dialog could be opened") && stage.sees(&format!("SHA-256: {short}"))
            || stage.sees("Subject differs")
    });
}
