//! Pictures of the settings that say what this machine has: their workspace lies where every machine has it, and what was done
//! in it was done by somebody who is nobody's user. As [`super::pictures`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::app::{App, Clock, Location, Unlock};
use countersign::domain::audit::{AuditAct, AuditNote};
use countersign::store::{Witness, Workspace};
use egui::Theme;
use egui_kittest::SnapshotResults;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::pictures::{NARROW, WIDE, compare};
use super::{Stage, picture_workspace};

/// As narrow as the window can be made.
const LEAST: [f32; 2] = [640.0, 800.0];
const LAPTOP: [f32; 2] = [1024.0, 800.0];

/// A folder whose name is shown: the same at every run. One test alone has it.
fn folder(name: &str) -> (TempDir, PathBuf) {
    let (place, name) = (Path::new("/tmp"), format!("countersign-{name}"));
    // What a killed run has left.
    std::fs::remove_dir_all(place.join(&name)).ok();
    let folder = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempdir_in(place).unwrap();
    let workspace = folder.path().join("workspace");
    (folder, workspace)
}

/// A window on the workspace of all pictures after something was made of it, at a section of the settings.
fn picture(name: &str, size: [f32; 2], section: &str, prepare: impl Fn(&Path), mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let (folder, place) = folder(name);
        let app = picture_workspace::make(&place);
        prepare(&place);
        let mut stage = Stage::pictured(app, folder, place, size, theme);
        stage.wait_for("Amazon Vendor US, production");
        stage.settings(section);
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

/// What the program does by itself: backups of the database, of which the newest is told.
fn backed_up(workspace: &Path) {
    let folder = workspace.join("backups");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in [
        ("before-schema-15-20261119T070000Z.sqlite", 401_408),
        ("daily-20261121T031500Z.sqlite", 557_056),
        ("daily-20261123T031500Z.sqlite", 581_632),
    ] {
        std::fs::write(folder.join(name), vec![0; bytes]).unwrap();
    }
}

#[test]
fn workspace() {
    picture("settings-workspace", WIDE, "Workspace", backed_up, |stage| stage.wait_for("1.5 MB of automatic backups"));
}

#[test]
fn workspace_narrow() {
    picture("settings-workspace-narrow", LEAST, "Workspace", backed_up, |stage| {
        stage.wait_for("1.5 MB of automatic backups");
    });
}

#[test]
fn storage_on_a_laptop() {
    picture("settings-storage-1024", LAPTOP, "Storage", backed_up, |stage| {
        stage.wait_for("1.5 MB of 3 files");
        stage.wait_for("These rules would free nothing now");
    });
}

#[test]
fn the_list_of_sections_where_there_is_no_room_for_it() {
    picture("settings-sections", LEAST, "Storage", backed_up, |stage| {
        stage.wait_for("1.5 MB of 3 files");
        stage.wait_for("These rules would free nothing now");
        stage.click("Section");
    });
}

#[test]
fn protection() {
    picture(
        "settings-protect",
        WIDE,
        "Workspace",
        |_| {},
        |stage| {
            stage.click("Change protection…");
            stage.fill("New passphrase", "correct horse");
            stage.fill("New passphrase once more", "correct house");
            stage.wait_for("The two are not the same");
        },
    );
}

#[test]
fn protection_that_cannot_be_changed() {
    picture(
        "settings-protect-refused",
        WIDE,
        "Workspace",
        |_| {},
        |stage| {
            stage.click("Change protection…");
            stage.wait_for("Keep it apart from this computer");
            // A folder lies where the key file is: it cannot be removed.
            let key = stage.workspace.join("workspace.key");
            std::fs::remove_file(&key).unwrap();
            std::fs::create_dir_all(key.join("in the way")).unwrap();
            stage.click("A key file");
            stage.click("Change");
            stage.wait_for("Cannot remove the key file");
        },
    );
}

/// A log of two files.
fn logged(workspace: &Path) {
    let folder = workspace.join("log");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in [("countersign.1.log", 48_112), ("countersign.log", 12_940)] {
        std::fs::write(folder.join(name), vec![b'x'; bytes]).unwrap();
    }
}

#[test]
fn log_files() {
    picture("settings-log", WIDE, "Log", logged, |stage| stage.wait_for("61.1 KB"));
}

#[test]
fn log_files_narrow() {
    picture("settings-log-narrow", NARROW, "Log", logged, |stage| stage.wait_for("61.1 KB"));
}

#[test]
fn about() {
    picture("settings-about", WIDE, "About", |_| {}, |stage| stage.wait_for("Add to the desktop"));
}

#[test]
fn about_narrow() {
    picture("settings-about-narrow", LEAST, "About", |_| {}, |stage| stage.wait_for("Add to the desktop"));
}

#[test]
fn licences() {
    picture(
        "settings-licences",
        WIDE,
        "About",
        |_| {},
        |stage| {
            stage.click("Licences…");
            stage.fill("Find a part or a licence", "inter");
            stage.wait_for("Done");
        },
    );
}

/// A day in the life of a workspace, each act by somebody who is named.
fn noted(workspace: &Path) -> App {
    let begin = picture_workspace::now() - SignedDuration::from_hours(30);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let location = Location::Dir(workspace.to_owned());
        let kept = Workspace::open_or_create(&location, &Unlock::none(), begin).await.unwrap();
        let minutes = std::sync::atomic::AtomicI64::new(0);
        kept.witnessed_by(Witness {
            by: "anna on edi-1".to_owned(),
            now: Arc::new(move || later(begin, minutes.fetch_add(97, std::sync::atomic::Ordering::Relaxed))),
        });
        let print = "5B:6D:49:C8:5C:12:4A:40:2C:16:41:DE:2A:5C:C2:42:64:84:9D:44:E0:44:E6:6C:CD:A0:8C:45:82:25:70:DD";
        let mut moved = AuditNote::of(AuditAct::ConnectionChanged, "northwind");
        for (what, from, to) in [
            ("production.url", "http://as2.northwind.example/as2", "https://as2.northwind.example/as2"),
            ("production.encryption", "3des-cbc", "aes256-cbc"),
            ("production.signing", "sha1", "sha256"),
            ("production.mdn", "sync", "sync-signed"),
            ("production.timeout_seconds", "30", "60"),
            ("test.encryption", "3des-cbc", "aes256-cbc"),
            ("test.signing", "sha1", "sha256"),
        ] {
            moved = moved.with(what, Some(from), Some(to));
        }
        for note in
            [
                AuditNote::of(AuditAct::IdentityAdded, "acme-2026"),
                AuditNote::of(AuditAct::ConnectionAdded, "northwind")
                    .with("name", None, Some("Northwind Retail"))
                    .with("policy", None, Some("as2-modern")),
                moved,
                AuditNote::of(AuditAct::CertificateImported, print).with("subject", None, Some("CN=northwind")),
                AuditNote::of(AuditAct::CertificateConfirmed, print).with("confirmed", None, Some("compared by eye")),
                AuditNote::of(AuditAct::SecretSet, "northwind.production.http_password"),
                AuditNote::of(AuditAct::SettingChanged, "log_level").with("log_level", Some("info"), Some("debug")),
            ]
        {
            kept.note(note).await.unwrap();
        }
        kept.close().await;
    });
    App::new(Location::Dir(workspace.to_owned()), Unlock::none(), Clock::Fixed(picture_workspace::now()))
}

fn later(begin: Timestamp, minutes: i64) -> Timestamp {
    begin + SignedDuration::from_mins(minutes)
}

fn audit(name: &str, size: [f32; 2], mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let (folder, place) = folder(name);
        let app = noted(&place);
        let mut stage = Stage::pictured(app, folder, place, size, theme);
        stage.wait_for("No connection yet");
        stage.settings("Audit log");
        stage.wait_for("log_level");
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

#[test]
fn audit_log() {
    audit("settings-audit", WIDE, |_| {});
}

#[test]
fn audit_log_narrow() {
    audit("settings-audit-narrow", LEAST, |_| {});
}

#[test]
fn audit_log_that_holds_nothing_of_it() {
    audit("settings-audit-nothing", WIDE, |stage| {
        stage.fill("Search the audit log", "nothing has this");
        stage.wait_for("No entry matches");
    });
}
