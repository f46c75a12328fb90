//! Settings > Identities: made, imported, exported, requested, changed over, removed, with what is wrong said at the field.

use egui::{Key, Modifiers};

use super::Stage;

fn settings() -> Stage {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.wait_for("New identity…");
    stage
}

/// Makes an identity.
fn make(stage: &mut Stage, name: &str) {
    stage.click("New identity…");
    stage.fill("Identity's name", name);
    stage.click("Make identity");
    stage.wait_for(&format!("Identity {name} is ready"));
    stage.wait_for(&format!("{name}, RSA 2048"));
}

fn temporary(stage: &Stage, name: &str) -> String {
    stage.workspace.join(name).display().to_string()
}

#[test]
fn an_identity_is_made_exported_and_removed() {
    let mut stage = settings();
    stage.click("New identity…");
    stage.fill("Identity's name", "acme-2026");
    assert!(stage.sees("There is an identity `acme-2026` already") && stage.get_is_disabled("Make identity"));
    stage.fill("Identity's name", "spare");
    stage.fill("Subject of the certificate", "Acme");
    stage.click("Make identity");
    stage.wait_for("The identity was not taken");
    assert!(stage.sees("a part has no `=`"), "{:#?}", stage.labels());
    stage.click("Cancel");
    make(&mut stage, "spare");

    stage.click_beginning("spare, RSA 2048");
    stage.wait_for("No profile signs with it");
    stage.click("Export…");
    assert!(stage.get_is_disabled("Export") && stage.sees("Choose where it is written"));
    stage.fill("File to write", "spare.pem");
    assert!(stage.sees("Write the whole path of the file"));
    stage.click("Form");
    stage.click_beginning("Key and certificate, P12");
    let file = temporary(&stage, "spare.p12");
    stage.fill("File to write", &file);
    assert!(stage.sees("Choose a password for the file"));
    stage.fill("Password of the file", "secret");
    stage.fill("Password once more", "secre");
    assert!(stage.sees("The two are not the same") && stage.get_is_disabled("Export"));
    stage.fill("Password once more", "secret");
    stage.click("Export");
    stage.wait_for("Key and certificate written");
    let held = std::fs::read(&file).unwrap();
    assert!(countersign::certificate::read(&held, Some("secret")).unwrap().private_key.is_some());

    stage.click("Remove…");
    stage.wait_for("Remove spare?");
    stage.click("Remove");
    stage.wait_for("Identity spare was removed");
    stage.wait_gone("spare, RSA 2048");

    // And back from the file, the password wrong at first.
    stage.click("New identity…");
    stage.click("From a file");
    stage.fill("File of the identity", &file);
    stage.fill("Password of the file", "wrong");
    stage.click("Import identity");
    stage.wait_for("the password is wrong");
    stage.fill("Password of the file", "secret");
    stage.click("Import identity");
    stage.wait_for("Identity spare is ready");
    stage.wait_for("spare, RSA 2048");
}

#[test]
fn an_identity_in_use_is_not_removed_and_the_profiles_are_named() {
    let mut stage = settings();
    stage.click_beginning("acme-2026, ");
    stage.click("Remove…");
    stage.click("Remove");
    stage.wait_for("It was not removed");
    assert!(stage.sees("is used by amazon-"), "{:#?}", stage.labels());
    stage.click("Leave it");
    assert!(stage.cli(&["identity", "list"]).contains("acme-2026"));
}

#[test]
fn profiles_are_changed_over_on_a_date_and_what_the_partner_said_is_noted() {
    let mut stage = settings();
    make(&mut stage, "acme-next");
    stage.click_beginning("acme-2026, ");
    stage.click("Change over…");
    stage.wait_for("Change over from acme-2026");
    stage.click("None");
    assert!(stage.get_is_disabled("Schedule") && stage.sees("Choose the profiles"));
    stage.click("Change over Northwind Retail, production");
    stage.click("On a date");
    stage.click("Schedule");
    stage.wait_for("1 profile will sign with acme-next from");
    stage.click_beginning("acme-next, ");
    stage.wait_for("Northwind Retail, production: Not told");
    stage.click("Northwind Retail, production");
    stage.click("Told…");
    stage.fill("How they were told", "By mail");
    stage.click("Note");
    stage.wait_for("Northwind Retail, production: Told");
    assert!(stage.sees("By mail"));
    stage.click("Confirmed…");
    stage.fill("Who has confirmed", "Ms Doe");
    stage.click("Note");
    stage.wait_for("Northwind Retail, production: Confirmed");

    stage.click("Sheet…");
    let file = temporary(&stage, "sheet.html");
    stage.fill("File to write", &file);
    stage.fill("Their time zone", "Nowhere/City");
    assert!(stage.sees("is not a known time zone") && stage.get_is_disabled("Write the sheet"));
    stage.fill("Their time zone", "America/Chicago");
    stage.click("Write the sheet");
    stage.wait_for("Sheet written");
    assert!(std::fs::read_to_string(&file).unwrap().contains("America/Chicago"));
    assert!(std::path::Path::new(&file).with_file_name("acme-next.cer").is_file());

    stage.click("Cancel the change…");
    stage.click("Cancel the change");
    stage.wait_for("The change to acme-next was cancelled");
    stage.wait_for("No profile signs with it");
}

#[test]
fn a_certificate_is_requested_and_the_request_waits_for_its_answer() {
    let mut stage = settings();
    stage.click("Request a certificate…");
    stage.fill("Identity's name", "from-a-ca");
    let file = temporary(&stage, "from-a-ca.csr");
    stage.fill("File to write", &file);
    stage.click("Write the request");
    stage.wait_for("Request written");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    stage.wait_for("A certificate was requested for the new key from-a-ca");
    stage.click("Install the answer…");
    let other = temporary(&stage, "other.pem");
    std::fs::write(&other, stage.cli(&["identity", "export", "acme-2026"])).unwrap();
    stage.fill("File from the CA", &other);
    stage.click("Install");
    stage.wait_for("It was not installed");
    assert!(stage.sees("is for the key of `from-a-ca`"), "{:#?}", stage.labels());
    stage.click("Cancel");
    stage.click("Give it up…");
    stage.click("Give it up");
    stage.wait_for("was given up");
    stage.wait_gone("A certificate was requested");
}
