//! Pictures of how a certificate arrives: one of several, and seen in a signature.

use egui::{Key, Modifiers};

use super::certificate::arrival::sight;
use super::picture_workspace;
use super::pictures::{NARROW, WIDE, picture};

fn fixture(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrival").join(name)
}

#[test]
fn certificate_choice() {
    picture("certificate-choice", WIDE, |stage| {
        stage.click_beginning("Amazon Vendor US, production");
        stage.drop_file(&fixture("several.zip"));
        stage.wait_for("Which certificate is meant?");
    });
}

#[test]
fn certificate_from_a_mail() {
    picture("certificate-mail", WIDE, |stage| {
        stage.click_beginning("Amazon Vendor US, production");
        stage.drop_file(&fixture("signed.eml"));
        stage.wait_for("Use for");
        stage.settle();
        // All of it is seen without scrolling, with two warnings and what was passed over.
        let last = stage.get("Fit the timeline").rect().bottom();
        let foot = stage.get("Schedule for 2 profiles").rect().top();
        assert!(last < foot, "it ends at {last}, below {foot}");
    });
}

#[test]
fn certificate_for_verifying() {
    picture("certificate-verifying", NARROW, |stage| {
        stage.click_beginning("Amazon Vendor US, production");
        stage.drop_file(&fixture("chain.zip"));
        stage.wait_for("Use for");
        stage.click("Verifying");
        stage.wait_for("Accept for");
    });
}

#[test]
fn sighted_on_the_connections() {
    picture("sighted-connections", WIDE, |stage| {
        sight(&stage.workspace, "amazon-us", "new.cer", picture_workspace::now());
        stage.press(Modifiers::NONE, Key::F5);
        stage.wait_for("Look at the certificate…");
    });
}

#[test]
fn sighted_in_the_inspector() {
    picture("sighted-inspector", WIDE, |stage| {
        sight(&stage.workspace, "amazon-us", "new.cer", picture_workspace::now());
        stage.press(Modifiers::NONE, Key::F5);
        stage.wait_for("Look at the certificate…");
        stage.click("Look at the certificate…");
        stage.wait_for("Import after confirming…");
    });
}
