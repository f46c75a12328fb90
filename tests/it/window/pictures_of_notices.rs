//! Pictures of the notices and of their settings, as [`super::pictures`] takes them.

use countersign::app::{App, Clock, Location, Unlock};
use egui::{Key, Modifiers, Theme};
use egui_kittest::SnapshotResults;

use super::pictures::{NARROW, WIDE, compare};
use super::{Stage, picture_workspace};

/// Shows a screen in both themes at a size, on the pictures' workspace after `prepare`.
fn picture(name: &str, size: [f32; 2], prepare: impl AsyncFn(&App), mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let app = picture_workspace::make(&workspace);
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            prepare(&app).await;
            app.close().await;
        });
        let mut stage = Stage::pictured(app, folder, workspace, size, theme);
        stage.wait_for("Amazon Vendor US, production");
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

fn open(stage: &mut Stage) {
    stage.press(Modifiers::COMMAND, Key::B);
    stage.wait_for("No successor yet");
}

#[test]
fn notices() {
    picture("notices", WIDE, async |_| (), open);
}

#[test]
fn notices_narrow() {
    picture("notices-narrow", NARROW, async |_| (), open);
}

#[test]
fn notices_put_off() {
    picture(
        "notices-put-off",
        WIDE,
        async |_| (),
        |stage| {
            open(stage);
            stage.click("Put off");
            stage.wait_for("Until a date…");
            stage.click("Until a date…");
            stage.wait_for("Put off until a date");
        },
    );
}

#[test]
fn no_notices() {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        let app = App::new(Location::Dir(workspace.clone()), Unlock::none(), Clock::Fixed(picture_workspace::now()));
        let mut stage = Stage::pictured(app, folder, workspace, WIDE, theme);
        stage.wait_for("No connection yet");
        stage.press(Modifiers::COMMAND, Key::B);
        stage.wait_for("There are no open notices");
        compare(&mut stage, "notices-none", theme, &mut results);
    }
}

async fn mail(app: &App) {
    let mut settings = app.notification_settings().await.unwrap();
    for (key, value) in [
        ("email", "true"),
        ("smtp_host", "smtp.acme.example"),
        ("smtp_user", "edi"),
        ("mail_from", "Countersign <edi@acme.example>"),
        ("mail_to", "jo@acme.example, ann@acme.example"),
    ] {
        settings = settings.with(key, value).unwrap();
    }
    app.set_notifications(&settings, Some(&zeroize::Zeroizing::new("secret".to_owned()))).await.unwrap();
}

fn settings(stage: &mut Stage) {
    stage.settings("Notifications");
    stage.wait_for("Send test mail");
}

#[test]
fn notifications() {
    picture("notifications", WIDE, mail, settings);
}

#[test]
fn notifications_wrong() {
    picture(
        "notifications-wrong",
        NARROW,
        async |_| (),
        |stage| {
            settings(stage);
            stage.fill("Days before", "soon");
            stage.wait_for("is not a number of days");
        },
    );
}

#[test]
fn report() {
    picture(
        "report",
        WIDE,
        async |_| (),
        |stage| {
            stage.press(Modifiers::COMMAND, Key::B);
            stage.wait_for("No successor yet");
            stage.click("Report…");
            stage.wait_for("One page to read");
        },
    );
}
