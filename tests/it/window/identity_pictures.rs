//! Pictures of the settings, as [`super::pictures`] takes them.

use std::path::Path;

use countersign::app::{App, Clock, Location, OwnChange, Unlock};
use countersign::domain::timeline::Activation;
use egui::{Key, Modifiers, Theme};
use egui_kittest::SnapshotResults;

use super::pictures::{NARROW, WIDE, compare};
use super::{Stage, picture_workspace};

/// What a picture shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum World {
    /// Nothing.
    Empty,
    /// The pictures' workspace with a second identity, to which two profiles are changed over.
    Rollover,
    /// The same with many more identities.
    Many,
}

fn workspace(world: World, folder: &Path) -> App {
    let clock = Clock::Fixed(picture_workspace::now());
    if world == World::Empty {
        return App::new(Location::Dir(folder.to_owned()), Unlock::none(), clock);
    }
    let app = picture_workspace::make(folder);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let fixtures = picture_workspace::fixtures();
        let (old, new) = ("acme-2026".parse().unwrap(), "acme-2028".parse().unwrap());
        app.import_identity(&fixtures.join("acme-2028.pem"), Some(new), None).await.unwrap();
        let all = app.profiles_naming(&old, &[]).await.unwrap();
        let at = "2026-12-07T08:00:00Z".parse().unwrap();
        let change = OwnChange {
            from: Some(old),
            to: "acme-2028".parse().unwrap(),
            activation: Activation::At { at, zone: Some("Europe/Berlin".to_owned()) },
            profiles: all[..3].to_vec(),
        };
        app.change_own(&change).await.unwrap();
        app.note_told(&change.to, &all[..2], "By mail to edi@partner.example", None).await.unwrap();
        app.note_confirmed(&change.to, &all[..1], "Ms Doe, EDI desk", None).await.unwrap();
        if world == World::Many {
            // Keys are random, and with them the fingerprints: those are not in the picture's list.
            for number in 0..40 {
                let new = countersign::app::NewIdentity {
                    name: format!("customer-{number:02}").parse().unwrap(),
                    key: countersign::app::KeyKind::EcP256,
                    days: 20 + 30 * number,
                    subject: None,
                };
                app.create_identity(new).await.unwrap();
            }
        }
    });
    app
}

fn settings(name: &str, size: [f32; 2], world: World, mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("workspace");
        let app = workspace(world, &place);
        let mut stage = Stage::pictured(app, folder, place, size, theme);
        stage.wait_for(if world == World::Empty { "No connection yet" } else { "Amazon Vendor US, production" });
        stage.press(Modifiers::COMMAND, Key::Comma);
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

fn select(stage: &mut Stage) {
    stage.click_beginning("acme-2028, ");
    stage.wait_for("Partners");
}

#[test]
fn identities() {
    settings("identities", WIDE, World::Rollover, |stage| {
        select(stage);
        stage.click("Tick all");
    });
}

#[test]
fn identities_narrow() {
    settings("identities-narrow", NARROW, World::Rollover, select);
}

#[test]
fn identities_empty() {
    settings("identities-empty", WIDE, World::Empty, |_| {});
}

#[test]
fn identities_many() {
    settings("identities-many", WIDE, World::Many, |_| {});
}

#[test]
fn identity_change_over() {
    settings("identity-change-over", WIDE, World::Rollover, |stage| {
        stage.click_beginning("acme-2026, ");
        // What lies behind the dialog has been read.
        stage.wait_for("Signs since ever");
        stage.click("Change over…");
        stage.wait_for("Change over from acme-2026");
    });
}

#[test]
fn identity_import_refused() {
    settings("identity-import-refused", WIDE, World::Rollover, |stage| {
        stage.click("New identity…");
        stage.click("From a file");
        stage.fill("File of the identity", "/keys/rsa-modern.p12");
        stage.fill("Password of the file", "wrong");
        stage.click("Import identity");
        stage.wait_for("The identity was not taken");
    });
}

#[test]
fn identity_export() {
    settings("identity-export", WIDE, World::Rollover, |stage| {
        select(stage);
        stage.click("Export…");
        stage.click("Form");
        stage.click_beginning("Key and certificate, P12");
        stage.fill("Password of the file", "secret");
        stage.fill("Password once more", "secre");
    });
}

#[test]
fn identity_sheet() {
    settings("identity-sheet", WIDE, World::Rollover, |stage| {
        select(stage);
        stage.click("Amazon Vendor US, production");
        stage.click("Sheet…");
        stage.wait_for("Sheet for amazon-us");
    });
}

#[test]
fn settings_receiving() {
    settings("settings-receiving", WIDE, World::Rollover, |stage| stage.click("Receiving"));
}

#[test]
fn settings_receiving_tested() {
    settings("settings-receiving-tested", WIDE, World::Rollover, |stage| {
        stage.click("Receiving");
        stage.fill("Public URL", "http://127.0.0.1:1/as2");
        stage.click("Test whether it is reached");
        stage.wait_for("The connection was refused");
    });
}

#[test]
fn settings_proxy() {
    settings("settings-proxy", WIDE, World::Rollover, |stage| {
        stage.click("Proxy");
        stage.wait_until("it was read", |stage| !stage.get_is_disabled("This one"));
        stage.click("This one");
        stage.fill("Host and port", "proxy.example:3128");
        stage.fill("User of the proxy", "anna");
    });
}

#[test]
fn settings_appearance() {
    settings("settings-appearance", NARROW, World::Rollover, |stage| stage.settings("Appearance"));
}
