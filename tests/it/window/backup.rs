//! Settings > Workspace: backing it up, and restoring a backup.

use std::fs::{self, File};
use std::path::Path;

use countersign::app::{App, Clock, Location, Unlock};
use egui::{Key, Modifiers};
use zeroize::Zeroizing;

use super::Stage;

/// A window on a workspace with twenty transmissions, at its settings. `prepare` is given its folder.
fn stage(prepare: impl FnOnce(&Path)) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("workspace");
    let app = App::new(Location::Dir(place.clone()), Unlock::none(), Clock::System);
    tokio::runtime::Runtime::new().unwrap().block_on(super::storage::fill(&place, app.now(), 20, 1000));
    prepare(&place);
    let mut stage = Stage::on_app(app, folder, place);
    stage.wait_for("No connection yet");
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click("Workspace");
    stage.wait_for("of payloads, messages and receipts");
    stage
}

fn beside(stage: &Stage, name: &str) -> std::path::PathBuf {
    stage.workspace.with_file_name(name)
}

#[test]
fn a_workspace_is_backed_up_with_a_passphrase_of_its_own_and_restored() {
    let mut stage = stage(|_| {});
    let (file, into) = (beside(&stage, "backup.zip"), beside(&stage, "restored"));
    stage.click("Back up…");
    stage.wait_for("Back up the workspace");
    assert!(stage.sees("The key file is not in it"), "{:#?}", stage.labels());
    assert!(stage.get_is_disabled("Back up"), "it is not known yet where to");
    stage.fill("Backup to write", &file.display().to_string());
    stage.fill("Passphrase of the backup", "correct horse");
    assert!(stage.get_is_disabled("Back up"), "the passphrase has to be written again");
    stage.fill("Passphrase once more", "correct horse");
    assert!(!stage.sees("The key file is not in it"));
    stage.click("Back up");
    stage.wait_for("Backed up, ");
    assert!(stage.sees(&file.display().to_string()) && file.is_file());

    stage.click("Restore a backup…");
    stage.fill("Backup to restore", &stage.workspace.join("countersign.sqlite").display().to_string());
    stage.wait_for("is no backup of a workspace");
    stage.fill("Backup to restore", &file.display().to_string());
    stage.wait_for("0 connections, 20 transmissions");
    assert!(stage.sees("Its passphrase opens it"), "{:#?}", stage.labels());
    stage.fill("Folder to restore into", &stage.workspace.display().to_string());
    stage.click("Restore");
    stage.wait_for("It was not restored");
    assert!(stage.sees("is a workspace already"), "{:#?}", stage.labels());
    stage.click("Close message");
    stage.click("Restore a backup…");
    stage.fill("Backup to restore", &file.display().to_string());
    stage.fill("Folder to restore into", &into.display().to_string());
    stage.wait_until("it can be restored", |stage| !stage.get_is_disabled("Restore"));
    stage.click("Restore");
    stage.wait_for("Open it");
    assert!(stage.sees(&into.display().to_string()), "{:#?}", stage.labels());

    let unlock = Unlock::with_passphrase(Zeroizing::new("correct horse".to_owned()));
    let restored = App::new(Location::Dir(into), unlock, Clock::System);
    let facts = tokio::runtime::Runtime::new().unwrap().block_on(restored.workspace_facts()).unwrap();
    assert_eq!((facts.transmissions, facts.protection, facts.locked), (20, Some("passphrase"), None));
    assert_eq!(facts.archive, 20 * (1000 + 1250 + 2300));
}

#[test]
fn a_backup_that_is_given_up_leaves_nothing_behind() {
    // Sparse: eight gigabytes that take no room, and that are read for longer than it takes to press a button.
    let mut stage = stage(|place| {
        let month = fs::read_dir(place.join("archive")).unwrap().next().unwrap().unwrap().path();
        let folder = fs::read_dir(month).unwrap().next().unwrap().unwrap().path();
        File::options().write(true).open(folder.join("payload")).unwrap().set_len(8 << 30).unwrap();
    });
    let there = |stage: &Stage| fs::read_dir(stage.workspace.parent().unwrap()).unwrap().count();
    let before = there(&stage);
    stage.click("Back up…");
    stage.fill("Backup to write", &beside(&stage, "backup.zip").display().to_string());
    stage.click("With payloads, and the messages that hold them");
    assert!(stage.sees("Receipts and the journal stay in it"), "{:#?}", stage.labels());
    stage.click("With payloads, and the messages that hold them");
    stage.click("Back up");
    stage.wait_for("Backing up");
    // It goes on while something else is looked at.
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.wait_for("No connection yet");
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click("Workspace");
    stage.wait_for(" of 8.6 GB");
    assert!(there(&stage) > before, "something is being written");
    stage.click("Cancel backing up");
    stage.wait_for("The backup was given up");
    stage.wait_until("nothing is left of it", |stage| there(stage) == before);
    assert!(!stage.get_is_disabled("Back up…"));
}

#[test]
fn damage_is_looked_for_from_the_settings_and_the_daily_backup_is_shown() {
    let mut stage = stage(|_| {});
    assert!(stage.sees("Daily backup") && stage.sees("Not looked for yet"), "{:#?}", stage.labels());
    stage.click("Check for damage");
    stage.wait_for("No damage found");
    stage.wait_for("None found, ");
    // A row that belongs to nothing.
    let backups = stage.workspace.join("backups");
    fs::create_dir(&backups).unwrap();
    fs::copy(stage.workspace.join("countersign.sqlite"), backups.join("daily-20261126T031500Z.sqlite")).unwrap();
    crate::backups::orphan(&stage.workspace);
    stage.click("Check for damage");
    stage.wait_for("Damage was found");
    assert!(
        stage.sees("The database: stages: 1 row without what it belongs to")
            && stage.sees("countersign workspace restore"),
        "{:#?}",
        stage.labels()
    );
    stage.wait_for("Found, ");
    assert!(stage.sees("daily-20261126T031500Z.sqlite"), "{:#?}", stage.labels());
}
