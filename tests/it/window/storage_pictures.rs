//! Pictures of the storage settings, as [`super::pictures`] takes them.

use countersign::domain::retention::{RetentionRule, RetentionRules};
use egui::Theme;
use egui_kittest::SnapshotResults;

use super::pictures::{NARROW, WIDE, compare};
use super::{Stage, picture_workspace, storage};

fn picture(name: &str, size: [f32; 2], has_rules: bool, mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("workspace");
        let app = picture_workspace::make(&place);
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            app.close().await;
            storage::fill(&place, picture_workspace::now(), 60, 184_320).await;
            if has_rules {
                let rules = RetentionRules {
                    payloads: RetentionRule { days: Some(180), bytes: Some(50 << 30) },
                    raw: RetentionRule { days: Some(30), bytes: None },
                    receipts: RetentionRule { days: Some(7 * 366), bytes: None },
                    journal: RetentionRule::default(),
                };
                app.set_retention_rules(&rules).await.unwrap();
            }
        });
        let mut stage = Stage::pictured(app, folder, place, size, theme);
        stage.wait_for("Amazon Vendor US, production");
        stage.settings("Storage");
        stage.wait_for("of 60 transmissions");
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

#[test]
fn storage() {
    picture("settings-storage", WIDE, true, |stage| stage.wait_for("These rules would free"));
}

#[test]
fn storage_tried_out() {
    picture("settings-storage-narrow", NARROW, false, |stage| {
        stage.fill("Payloads, kept for", "90d");
        stage.fill("Journal entries, kept for", "30d");
        stage.wait_for("90 days at least");
    });
}

#[test]
fn storage_question() {
    picture("settings-storage-question", WIDE, true, |stage| {
        stage.wait_for("These rules would free");
        stage.click("Free now…");
        stage.wait_for("This cannot be taken back");
    });
}
