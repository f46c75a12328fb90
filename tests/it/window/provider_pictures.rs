//! Pictures of many connections of many customers: as the others, in `pictures`.

use egui::{Key, Modifiers, Theme};
use egui_kittest::SnapshotResults;

use super::Stage;
use super::pictures::{NARROW, WIDE, compare};
use crate::many::Many;
use crate::provider;

/// Shows a provider's workspace of 200 connections in both themes at a size and compares it.
fn picture(name: &str, size: [f32; 2], mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let Many { app, folder, workspace, .. } = provider::workspace(200);
        let mut stage = Stage::pictured(app, folder, workspace, size, theme);
        stage.wait_for("Amazon Vendor 1, production");
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

fn choose(stage: &mut Stage, list: &str, choice: &str) {
    stage.click(list);
    stage.click_beginning(choice);
    stage.press(Modifiers::NONE, Key::Escape);
}

#[test]
fn provider() {
    picture("provider", WIDE, |_| {});
}

#[test]
fn provider_choice() {
    picture("provider-choice", WIDE, |stage| {
        stage.click("Filter by customer");
        stage.click_beginning("Acme Foods, ");
    });
}

#[test]
fn provider_grouped() {
    picture("provider-grouped", WIDE, |stage| {
        choose(stage, "Filter by policy", "Amazon Vendor Central, ");
        choose(stage, "Filter by tag", "edifact, ");
        choose(stage, "Group by", "Customer");
        stage.click_beginning("Customer Acme Foods, ");
    });
}

#[test]
fn provider_narrow() {
    picture("provider-narrow", NARROW, |stage| {
        choose(stage, "Filter by customer", "Acme Foods, ");
        choose(stage, "Group by", "Status");
    });
}

#[test]
fn provider_selected() {
    picture("provider-selected", WIDE, |stage| {
        choose(stage, "Filter by customer", "Cedar & Sons, ");
        stage.press(Modifiers::COMMAND, Key::A);
    });
}

#[test]
fn provider_edit() {
    picture("provider-edit", WIDE, |stage| {
        choose(stage, "Filter by customer", "Cedar & Sons, ");
        stage.press(Modifiers::COMMAND, Key::A);
        stage.click("Edit…");
        stage.click("Setting");
        stage.click("Encryption");
        stage.click("Value");
        stage.click("AES-256");
        stage.wait_for("→ AES-256");
        stage.settle();
    });
}

#[test]
fn provider_edit_refused() {
    picture("provider-edit-refused", WIDE, |stage| {
        choose(stage, "Filter by customer", "Cedar & Sons, ");
        stage.press(Modifiers::COMMAND, Key::A);
        stage.click("Edit…");
        stage.click("Setting");
        stage.click("Receipt (MDN)");
        stage.click("Value");
        stage.click("Signed, later");
        stage.wait_for("cannot be changed so");
        stage.settle();
    });
}
