//! The passphrase of a workspace, asked for and changed in the window; and the audit log that tells of it.

use countersign::app::{App, Clock, KeyKind, Location, NewIdentity, Occasion, OwnCommand, ToOpen, Unlock};
use countersign::ui::Intent;
use egui::{Key, Modifiers};
use zeroize::Zeroizing;

use super::Stage;

/// A workspace under a passphrase, with an identity.
pub(super) fn under_passphrase() -> (tempfile::TempDir, std::path::PathBuf) {
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
    (folder, workspace)
}

/// A window on such a one that nobody gave the passphrase.
fn locked() -> Stage {
    let (folder, workspace) = under_passphrase();
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

/// Everything that a lock must hide, as far as this window has it.
fn nothing_is_seen(stage: &mut Stage) {
    stage.wait_for("Countersign is locked");
    for hidden in ["Connections", "ours", "Settings", "Transmissions", "No connection yet"] {
        assert!(!stage.sees(hidden), "{hidden}: {:#?}", stage.labels());
    }
}

#[test]
fn a_locked_window_shows_nothing_and_does_nothing_until_the_passphrase_is_given() {
    let mut stage = locked();
    stage.wait_for("No connection yet");
    stage.press(Modifiers::COMMAND, Key::L);
    nothing_is_seen(&mut stage);
    // Neither keys nor a file nor what a second program asks for leads anywhere.
    for key in [Key::K, Key::N, Key::Comma, Key::I] {
        stage.press(Modifiers::COMMAND, key);
    }
    stage.drop_file(std::path::Path::new("partner.cer"));
    stage.harness.state_mut().intend(Intent::NewConnection);
    stage.harness.state_mut().open([ToOpen::Link("countersign://connection/none".to_owned())]);
    stage.settle();
    nothing_is_seen(&mut stage);
    // What is received or changed elsewhere goes on being followed.
    let workspace = stage.workspace.clone();
    let apart = App::new(Location::Dir(workspace), Unlock::none(), Clock::System);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let program = std::env::current_exe().unwrap();
    let command = OwnCommand { program, arguments: Vec::new(), seconds: 60, also_test: false };
    runtime.block_on(apart.set_command(Occasion::Received, Some(command))).unwrap();
    stage.wait_until("the engine goes on", |stage| {
        stage.harness.state().snapshot().is_some_and(|snapshot| snapshot.commands.received.is_some())
    });
    nothing_is_seen(&mut stage);

    stage.fill("Passphrase of the workspace", "wrong horse");
    stage.click("Unlock");
    stage.wait_for("This is not the passphrase of this workspace");
    nothing_is_seen(&mut stage);
    stage.fill("Passphrase of the workspace", "correct horse");
    stage.click("Unlock");
    stage.wait_gone("Countersign is locked");
    stage.wait_for("New connection");
}

#[test]
fn a_window_that_nobody_uses_locks_itself_after_the_time_that_is_chosen() {
    let mut stage = locked();
    stage.wait_for("No connection yet");
    go_to(&mut stage, "Workspace");
    stage.wait_for("Lock the window");
    stage.click("Lock the window");
    stage.wait_for("After 5 minutes");
    stage.click("After 5 minutes");
    let time = stage.harness.ctx.input(|input| input.time);
    let at = |stage: &mut Stage, seconds: f64| {
        stage.harness.input_mut().time = Some(time + seconds);
        stage.harness.step();
    };
    at(&mut stage, 290.0);
    assert!(stage.sees("Lock the window"));
    at(&mut stage, 310.0);
    stage.harness.step();
    nothing_is_seen(&mut stage);
}

#[test]
fn a_window_without_a_passphrase_is_not_locked_and_says_why() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::L);
    stage.wait_for("The window cannot be locked");
    assert!(stage.sees("Amazon Vendor US"));
    go_to(&mut stage, "Workspace");
    stage.wait_for("A key file that you alone can read");
    assert!(!stage.sees("Lock the window"));
    stage.click("Change protection…");
    stage.click("The keychain");
    stage.wait_for("The keychain of this machine keeps the key");
    assert!(!stage.get_is_disabled("Change"));
}

#[test]
fn what_came_with_a_backup_is_confirmed_in_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let app = App::new(Location::Dir(workspace.clone()), Unlock::none(), Clock::System);
        let program = std::env::current_exe().unwrap();
        let arguments = vec!["--of-whoever".to_owned()];
        let command = OwnCommand { program, arguments, seconds: 60, also_test: false };
        app.set_command(Occasion::Received, Some(command)).await.unwrap();
        app.close().await;
    });
    std::fs::write(workspace.join("commands-put-off"), "received\nfailed\n").unwrap();
    let mut stage = Stage::opened(folder, workspace);
    stage.wait_for("No connection yet");
    go_to(&mut stage, "Daily work");
    stage.wait_for("These programs are not run yet");
    assert!(stage.sees("--of-whoever"));
    stage.click("Let them run");
    stage.wait_gone("These programs are not run yet");
    assert!(stage.cli(&["command", "list", "--json"]).contains("\"put_off\":[]"));
}
