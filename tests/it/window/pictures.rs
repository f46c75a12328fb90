//! Pictures of every screen, light and dark, compared with those in `tests/pictures`. Drawn by lavapipe, so that every
//! machine draws the same: `VK_ICD_FILENAMES=/usr/share/vulkan/icd.d/lvp_icd.x86_64.json TZ=UTC cargo test --features
//! pictures pictures`. `UPDATE_SNAPSHOTS=force` takes them anew; look at each before it is kept.

use egui::Theme;
use egui_kittest::{SnapshotOptions, SnapshotResults};

use super::{Stage, picture_workspace};

/// Shows a screen in both themes at a size and compares it.
fn picture(name: &str, size: [f32; 2], mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let app = picture_workspace::make(&workspace);
        let mut stage = Stage::pictured(app, folder, workspace, size, theme);
        stage.wait_for("Amazon Vendor US, production");
        arrange(&mut stage);
        stage.harness.remove_cursor();
        stage.settle();
        let options = SnapshotOptions::new().output_path("tests/pictures").threshold(1.0).max_failed_pixels(10);
        let suffix = if theme == Theme::Light { "light" } else { "dark" };
        stage.harness.snapshot_options(format!("{name}-{suffix}"), &options);
        results.extend(stage.harness.take_snapshot_results());
    }
}

const WIDE: [f32; 2] = [1280.0, 800.0];
const NARROW: [f32; 2] = [820.0, 800.0];

#[test]
fn connections() {
    picture("connections", WIDE, |_| {});
}

#[test]
fn connections_narrow() {
    picture("connections-narrow", NARROW, |_| {});
}
