//! The passphrase of a workspace, asked for and changed in the window; and the audit log that tells of it.

use countersign::app::{App, Clock, KeyKind, Location, NewIdentity, Unlock};
use egui::{Key, Modifiers};
use zeroize::Zeroizing;

use super::Stage;

/// A window on a workspace under a passphrase that nobody gave it.
fn locked() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let unlock = Unlock::with_passphrase(Zeroizing::new("correct horse".to_owned()));
        let app = App::new(Location::Dir(workspace.clone()), unlock, Clock::System);
        let new = NewIdentity { name: "ours".parse().unwrap(), key: KeyKind::EcP256, days: 30, subject: None };
        app.create_identity(new).await.unwrap();
        app.close().await;
    });
    Stage::opened(folder, workspace)
}

fn go_to(stage: &mut Stage, section: &str) {
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click(section);
}

#[test]
fn what_is_locked_is_unlocked_in_the_window_by_the_right_passphrase_alone() {
    let mut stage = locked();
    stage.wait_for("No connection yet");
    go_to(&mut stage, "Workspace");
    stage.wait_for("Its secrets are locked");
    stage.click("Unlock…");
    stage.wait_for("Unlock the workspace");
    stage.fill("Passphrase of the workspace", "wrong horse");
    stage.click("Unlock");
    stage.wait_for("This is not the passphrase of this workspace");
    stage.fill("Passphrase of the workspace", "correct horse");
    stage.click("Unlock");
    stage.wait_gone("Its secrets are locked");
    stage.wait_gone("Unlock the workspace");
}

#[test]
fn protection_is_changed_in_the_window_and_the_audit_log_tells_of_it() {
    let mut stage = Stage::sample();
    go_to(&mut stage, "Workspace");
    stage.wait_for("A key file that you alone can read");
    stage.click("Change protection…");
    stage.wait_for("Keep it apart from this computer");
    assert!(stage.get_is_disabled("Change"));
    stage.fill("New passphrase", "correct horse");
    assert!(stage.sees("Write the passphrase again"));
    stage.fill("New passphrase once more", "correct horse");
    stage.click("Change");
    stage.wait_for("Asked for here");
    go_to(&mut stage, "Audit log");
    stage.wait_for("key-file → passphrase");
    stage.click("Verify");
    stage.wait_for("all as written");
    stage.fill("Search the audit log", "nothing has this");
    stage.wait_for("No entry matches");
}
