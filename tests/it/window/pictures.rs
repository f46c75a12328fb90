//! Pictures of every screen, light and dark, compared with those in `tests/pictures`. Drawn by lavapipe, so that every
//! machine draws the same: `VK_ICD_FILENAMES=/usr/share/vulkan/icd.d/lvp_icd.x86_64.json TZ=UTC cargo test --features
//! pictures pictures`. `UPDATE_SNAPSHOTS=force` takes them anew; look at each before it is kept.

use countersign::app::{App, Clock, Location, Unlock};
use egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable as _;
use egui_kittest::{SnapshotOptions, SnapshotResults};

use super::{Stage, picture_workspace};

/// Shows a screen in both themes at a size and compares it.
pub(super) fn picture(name: &str, size: [f32; 2], mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let app = picture_workspace::make(&workspace);
        let mut stage = Stage::pictured(app, folder, workspace, size, theme);
        stage.wait_for("Amazon Vendor US, production");
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

/// Takes the picture as the stage stands and compares it.
pub(super) fn compare(stage: &mut Stage, name: &str, theme: Theme, results: &mut SnapshotResults) {
    stage.harness.remove_cursor();
    stage.settle();
    compare_under_pointer(stage, name, theme, results);
}

/// The same with the pointer where it is.
pub(super) fn compare_under_pointer(stage: &mut Stage, name: &str, theme: Theme, results: &mut SnapshotResults) {
    let options = SnapshotOptions::new().output_path("tests/pictures").threshold(1.0).max_failed_pixels(10);
    let suffix = if theme == Theme::Light { "light" } else { "dark" };
    stage.harness.snapshot_options(format!("{name}-{suffix}"), &options);
    results.extend(stage.harness.take_snapshot_results());
}

pub(super) const WIDE: [f32; 2] = [1280.0, 800.0];
pub(super) const NARROW: [f32; 2] = [820.0, 800.0];

#[test]
fn connections() {
    picture("connections", WIDE, |_| {});
}

#[test]
fn palette() {
    picture("palette", WIDE, |stage| {
        stage.press(Modifiers::COMMAND, Key::K);
        stage.get("Find").type_text("am");
        stage.settle();
    });
}

#[test]
fn openas2_refused() {
    picture("openas2-refused", WIDE, |stage| {
        stage.press(Modifiers::COMMAND, Key::K);
        stage.get("Find").type_text("openas2");
        stage.settle();
        stage.press(Modifiers::NONE, Key::Enter);
        stage.fill("Partnerships or export", "/opt/OpenAS2/config/partnerships.xml");
        stage.click("Show what comes of it");
        stage.wait_for("These files cannot be taken over");
    });
}

#[test]
fn nothing_matches() {
    picture("nothing-matches", WIDE, |stage| stage.fill("Search connections", "no such partner"));
}

#[test]
fn welcome() {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let app = App::new(Location::Dir(workspace.clone()), Unlock::none(), Clock::Fixed(picture_workspace::now()));
        let mut stage = Stage::pictured(app, folder, workspace, WIDE, theme);
        stage.wait_for("No connection yet");
        compare(&mut stage, "welcome", theme, &mut results);
    }
}

#[test]
fn locked() {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let (folder, workspace) = super::protection::under_passphrase();
        let app = App::new(Location::Dir(workspace.clone()), Unlock::none(), Clock::Fixed(picture_workspace::now()));
        let mut stage = Stage::pictured(app, folder, workspace, WIDE, theme);
        stage.wait_for("No connection yet");
        stage.press(Modifiers::COMMAND, Key::L);
        stage.wait_for("Countersign is locked");
        stage.fill("Passphrase of the workspace", "wrong horse");
        stage.click("Unlock");
        stage.wait_for("This is not the passphrase of this workspace");
        compare(&mut stage, "locked", theme, &mut results);
    }
}

fn inspect(stage: &mut Stage, connection: &str) {
    stage.click_beginning(connection);
}

#[test]
fn inspector() {
    picture("inspector", WIDE, |stage| inspect(stage, "Amazon Vendor US, production"));
}

#[test]
fn inspector_choice() {
    picture("inspector-choice", WIDE, |stage| {
        inspect(stage, "Amazon Vendor US, production");
        stage.click("Signing");
    });
}

#[test]
fn inspector_narrow() {
    picture("inspector-narrow", NARROW, |stage| inspect(stage, "Amazon Vendor US, production"));
}

#[test]
fn inspector_certificates() {
    picture("inspector-certificates", WIDE, |stage| {
        inspect(stage, "Amazon Vendor US, test");
        stage.click("Certificates");
    });
}

#[test]
fn inspector_history() {
    picture("inspector-history", WIDE, |stage| {
        inspect(stage, "Amazon Vendor US, test");
        stage.click("History");
        stage.wait_for("997_000412.edi");
    });
}

/// The lowest that anything of this name reaches.
fn lowest(stage: &Stage, label: &str) -> f32 {
    stage.harness.query_all_by_label(label).map(|node| node.rect().bottom()).fold(f32::MIN, f32::max)
}

#[test]
fn certificate() {
    picture("certificate", WIDE, |stage| {
        inspect(stage, "Amazon Vendor US, production");
        stage.drop_file(&picture_workspace::fixtures().join("amazon-renewed.pem"));
        stage.wait_for("Goes active");
        // All of it is seen without scrolling.
        stage.settle();
        let foot = stage.get("Schedule for 2 profiles").rect().top();
        for seen in ["Applies to", "Amazon Vendor US, production", "Amazon Vendor US, test"] {
            let last = lowest(stage, seen);
            assert!(last < foot, "{seen} ends at {last}, below {foot}");
        }
    });
}

#[test]
fn new_connection() {
    picture("new-connection", WIDE, |stage| stage.click("New connection"));
}

#[test]
fn test_send() {
    picture("test-send", WIDE, |stage| {
        inspect(stage, "Amazon Vendor US, production");
        stage.click("Test send");
        stage.wait_for("Send to both");
    });
}

#[test]
fn transmissions() {
    picture("transmissions", WIDE, |stage| {
        stage.press(Modifiers::COMMAND, Key::Num2);
        stage.wait_for("997_000412.edi");
        stage.wait_for("3 delivered");
    });
}

#[test]
fn transmissions_narrow() {
    picture("transmissions-narrow", NARROW, |stage| {
        stage.press(Modifiers::COMMAND, Key::Num2);
        stage.wait_for("997_000412.edi");
        stage.wait_for("3 delivered");
    });
}

#[test]
fn transmissions_selected() {
    picture("transmissions-selected", WIDE, |stage| {
        stage.press(Modifiers::COMMAND, Key::Num2);
        stage.wait_for("997_000412.edi");
        stage.wait_for("3 delivered");
        stage.click("More filters");
        stage.click("Sent");
        stage.click("Production");
        stage.press(Modifiers::NONE, Key::Escape);
        stage.wait_for("5 transmissions");
        stage.wait_gone("3 delivered");
        stage.press(Modifiers::COMMAND, Key::A);
        stage.wait_for("All 5 selected");
    });
}

#[test]
fn transmissions_filters() {
    picture("transmissions-filters", WIDE, |stage| {
        stage.press(Modifiers::COMMAND, Key::Num2);
        stage.wait_for("997_000412.edi");
        stage.wait_for("3 delivered");
        stage.click("More filters");
    });
}

#[test]
fn transmissions_nothing_matches() {
    picture("transmissions-nothing-matches", WIDE, |stage| {
        stage.press(Modifiers::COMMAND, Key::Num2);
        stage.wait_for("997_000412.edi");
        stage.wait_for("3 delivered");
        stage.fill("Search transmissions", "000009999");
        stage.wait_for("No transmission matches");
        stage.wait_for("Nothing to count");
    });
}

#[test]
fn transmission() {
    picture("transmission", WIDE, |stage| {
        stage.press(Modifiers::COMMAND, Key::Num2);
        stage.wait_for("997_000412.edi");
        stage.wait_for("3 delivered");
        stage.click_containing("997_000412.edi");
        stage.wait_for("Timeline");
    });
}

#[test]
fn connections_narrow() {
    picture("connections-narrow", NARROW, |_| {});
}
