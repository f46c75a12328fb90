//! Taking connections over from OpenAS2 in the window.

use std::fs;
use std::path::{Path, PathBuf};

use super::Stage;

/// The files of OpenAS2 beside the workspace of an empty stage.
fn files(stage: &Stage) -> PathBuf {
    let folder = stage.workspace.with_file_name("openas2");
    fs::create_dir_all(&folder).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openas2");
    for name in ["partnerships.xml", "config.xml", "as2_certs.p12"] {
        fs::copy(from.join(name), folder.join(name)).unwrap();
    }
    folder
}

#[test]
fn partnerships_are_shown_before_they_are_taken_over() {
    let mut stage = Stage::empty();
    let folder = files(&stage);
    stage.click("From OpenAS2 or mendelson…");
    stage.fill("Partnerships or export", &folder.join("partnerships.xml").display().to_string());
    stage.click("Show what comes of it");
    stage.wait_for("Take 2 connections over");
    assert!(stage.sees("Identity acme comes with them"), "{:#?}", stage.labels());
    assert!(stage.sees("Acme-to-Fabrikam: it encrypts with CAST5, which is not spoken here"));
    assert!(!stage.workspace.exists(), "what is shown is not kept");
    stage.click("Take 2 connections over");
    stage.wait_for("Northwind Traders, production");
    assert!(stage.sees("Contoso, production") && stage.sees("2 connections taken over from OpenAS2"));
}

#[test]
fn a_dropped_file_opens_the_dialog_and_what_is_missing_is_asked_for_there() {
    let mut stage = Stage::empty();
    let folder = files(&stage);
    fs::remove_file(folder.join("config.xml")).unwrap();
    stage.drop_file(&folder.join("partnerships.xml"));
    stage.wait_for("These files cannot be taken over");
    assert!(stage.get_is_disabled("Take over"));
    stage.fill("Password of the keystore", "wrong");
    stage.click("Show what comes of it");
    stage.wait_for("the password is wrong");
    stage.fill("Password of the keystore", "secret");
    stage.click("Show what comes of it");
    stage.wait_for("Take 2 connections over");
    // What is shown is what the fields say.
    stage.fill("Password of the keystore", "other");
    assert!(stage.get_is_disabled("Take over"));
}

#[test]
fn what_mendelson_has_exported_is_taken_over_in_the_same_way() {
    let mut stage = Stage::empty();
    let folder = files(&stage);
    let export = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mendelson/export.xml");
    fs::copy(export, folder.join("export.xml")).unwrap();
    fs::rename(folder.join("as2_certs.p12"), folder.join("certificates.p12")).unwrap();
    stage.click("From OpenAS2 or mendelson…");
    stage.fill("Partnerships or export", &folder.join("export.xml").display().to_string());
    stage.click("Show what comes of it");
    stage.wait_for("Take 2 connections over");
    assert!(stage.sees("Identity acme comes with them"), "{:#?}", stage.labels());
    assert!(stage.sees("Fabrikam: it encrypts with RC2, which is not spoken here"));
    assert!(stage.sees("It adds headers of its own; these are not sent here"));
    assert!(!stage.workspace.exists(), "what is shown is not kept");
    stage.click("Take 2 connections over");
    stage.wait_for("2 connections taken over from mendelson AS2");
}
