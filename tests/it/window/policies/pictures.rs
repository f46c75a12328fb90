//! Pictures of the policies and of the matrix as of another day; see [`super::super::pictures`].

use egui::{Key, Modifiers};

use super::Stage;
use crate::window::pictures::{NARROW, WIDE, picture};

fn open(stage: &mut Stage) {
    stage.press(Modifiers::COMMAND, Key::Num5);
    stage.wait_for("Search policies");
}

/// An own policy with a rule that Amazon Vendor DE does not meet, in the editor, unsaved.
fn edited(stage: &mut Stage) {
    let own =
        "id = \"amazon-own\"\nname = \"Amazon, as agreed\"\nkind = \"own\"\ninherits = \"amazon-vendor-central\"\n";
    let path = stage.written("own.toml", own);
    stage.cli(&["policy", "import", path.to_str().unwrap()]);
    stage.cli(&["connection", "set", "amazon-de", "policy=amazon-own"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Amazon, as agreed, Own");
    stage.click_beginning("Amazon, as agreed, Own");
    stage.click("Edit");
    stage.wait_for("5 inherited rules");
}

fn rule(stage: &mut Stage) {
    stage.reach("Add rule…");
    stage.wait_for("New rule");
    stage.click("One of");
    stage.click("3DES");
    stage.click("AES-128");
    stage.fill("Source", "E-mail of their EDI team, 12 November");
    stage.fill("Quote", "Please use AES-128 in CBC mode and nothing else");
}

#[test]
fn policies() {
    picture("policies", WIDE, open);
}

#[test]
fn policies_narrow() {
    picture("policies-narrow", NARROW, open);
}

#[test]
fn policies_nothing_matches() {
    picture("policies-nothing-matches", WIDE, |stage| {
        open(stage);
        stage.fill("Search policies", "no such partner");
    });
}

#[test]
fn policies_import() {
    picture("policies-import", WIDE, |stage| {
        open(stage);
        let text = super::file("as2-modern", "signing", "sha512", "required");
        let path = stage.written("house.toml", &text);
        stage.drop_file(&path);
        stage.wait_for("What changes");
    });
}

#[test]
fn policies_import_error() {
    picture("policies-import-error", WIDE, |stage| {
        open(stage);
        let path = stage.written("house.toml", &super::file("house", "signing", "sha257", "required"));
        stage.drop_file(&path);
        stage.wait_for("This file cannot be imported");
    });
}

#[test]
fn policies_editor() {
    picture("policies-editor", WIDE, |stage| {
        open(stage);
        edited(stage);
        rule(stage);
        stage.click("Add rule");
        stage.wait_for("If saved");
    });
}

#[test]
fn policies_editor_narrow() {
    picture("policies-editor-narrow", NARROW, |stage| {
        open(stage);
        edited(stage);
        rule(stage);
        stage.click("Add rule");
        stage.wait_for("If saved");
    });
}

#[test]
fn policies_rule() {
    picture("policies-rule", WIDE, |stage| {
        open(stage);
        edited(stage);
        rule(stage);
        stage.fill("From", "2026-02-30");
        stage.click("Add rule");
        stage.wait_for("1 field to correct first");
    });
}

#[test]
fn policies_duplicate() {
    picture("policies-duplicate", WIDE, |stage| {
        open(stage);
        stage.click("Make it your own…");
        stage.wait_for("Follow the original");
    });
}

#[test]
fn policies_compare() {
    picture("policies-compare", WIDE, |stage| {
        open(stage);
        stage.click("Compare");
        stage.wait_for("Compare policies");
    });
}

#[test]
fn connections_day() {
    picture("connections-day", WIDE, |stage| {
        stage.click("How we stand");
        stage.click_beginning("In 90 days");
        stage.wait_for("judged at the end of that day");
    });
}

#[test]
fn connections_due() {
    picture("connections-due", WIDE, |stage| {
        let tab = stage.labels().into_iter().find(|label| label.starts_with("Due (")).unwrap();
        stage.click(&tab);
    });
}
