//! What protects the keys of a workspace: changed by command line, and what opens them afterwards.

#[cfg(unix)]
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::backups::{answer, given, json, program};
#[cfg(unix)]
use crate::running::Running;

fn protect(workspace: &Path, by: Option<&str>, passphrase: Option<&str>, code: i32) -> serde_json::Value {
    let mut command: Command = program(workspace, &["workspace", "protect", "--json"]);
    command.arg(if by.is_some() { "--passphrase-stdin" } else { "--key-file" });
    if let Some(passphrase) = passphrase {
        command.env("COUNTERSIGN_PASSPHRASE", passphrase);
    }
    answer(&given(command, by.unwrap_or_default()), code).0
}

/// Whether a program with this passphrase, or without one, can use the key of `ours`.
fn exports(workspace: &Path, passphrase: Option<&str>) -> bool {
    let mut command = program(workspace, &[]);
    if let Some(passphrase) = passphrase {
        command.env("COUNTERSIGN_PASSPHRASE", passphrase);
    }
    exports_by(command, workspace)
}

/// Whether this program, to which what it does is still to be said, can use the key of `ours`.
pub(crate) fn exports_by(mut command: Command, workspace: &Path) -> bool {
    let file = workspace.join("exported.p12");
    command.args(["identity", "export", "ours", "--format", "p12", "--password-stdin", "-o"]).arg(&file);
    let done = given(command, "a password").status.success();
    std::fs::remove_file(file).is_ok() && done
}

#[test]
fn a_key_file_gives_way_to_a_passphrase_that_can_be_changed_and_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    json(&workspace, 0, &["identity", "create", "ours"]);
    let key_file = workspace.join("workspace.key");
    assert!(key_file.exists() && exports(&workspace, None));
    let short = protect(&workspace, Some("horse"), None, 2);
    assert!(short["error"].as_str().unwrap().contains("fewer than 8 characters"), "{short}");
    assert!(key_file.exists() && exports(&workspace, None), "a refusal leaves everything as it was");

    assert_eq!(protect(&workspace, Some("correct horse"), None, 0)["protection"], "passphrase");
    assert!(!key_file.exists());
    assert!(!exports(&workspace, None) && exports(&workspace, Some("correct horse")));
    let locked = protect(&workspace, Some("battery staple"), None, 2);
    assert!(locked["error"].as_str().unwrap().contains("locked"), "{locked}");

    protect(&workspace, Some("battery staple"), Some("correct horse"), 0);
    assert!(!exports(&workspace, Some("correct horse")) && exports(&workspace, Some("battery staple")));
    assert_eq!(protect(&workspace, None, Some("battery staple"), 0)["protection"], "key-file");
    assert!(key_file.exists() && exports(&workspace, None));

    let log = json(&workspace, 0, &["audit", "list", "--search", "protection-changed"]);
    let changes: Vec<_> =
        log["entries"].as_array().unwrap().iter().map(|entry| entry["changes"][0]["to"].clone()).collect();
    assert_eq!(changes, ["key-file", "passphrase", "passphrase"]);
}

#[test]
fn a_new_workspace_is_not_made_under_a_passphrase_that_protects_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let mut command = program(&workspace, &["identity", "create", "ours", "--json"]);
    let refused = answer(&command.env("COUNTERSIGN_PASSPHRASE", "x").output().unwrap(), 2).0;
    assert!(refused["error"].as_str().unwrap().contains("fewer than 8 characters"), "{refused}");
    assert!(!workspace.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn the_system_writes_no_core_dump_of_a_program_that_holds_keys() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    json(&workspace, 0, &["identity", "create", "ours"]);
    let mut command = Command::new("sh");
    let script = "ulimit -S -c unlimited 2>/dev/null; exec \"$0\" serve --listen 127.0.0.1:0";
    command.args(["-c", script, env!("CARGO_BIN_EXE_countersign")]).env("COUNTERSIGN_WORKSPACE", &workspace);
    let mut serving = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", serving.id())).unwrap();
    serving.end();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().rev().skip(1).take(2).collect::<Vec<_>>(), ["0", "0"], "{line}{core}");
}

/// `serve` as a service has it: the passphrase comes by a descriptor, here the end of a pipe, and not by the command line.
#[cfg(unix)]
#[test]
fn serve_takes_the_passphrase_from_a_file_descriptor_and_from_a_credential() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    json(&workspace, 0, &["identity", "create", "ours"]);
    protect(&workspace, Some("correct horse"), None, 0);
    // What systemd lays down for `LoadCredential=passphrase:…`, and names by `%d/passphrase`.
    let credential = folder.path().join("passphrase");
    std::fs::write(&credential, "correct horse\n").unwrap();
    let piped = "printf '%s\\n' \"$1\" | COUNTERSIGN_PASSPHRASE_FILE=/dev/fd/3 exec \"$0\" serve --listen 127.0.0.1:0 3<&0 </dev/null";
    let named = "COUNTERSIGN_PASSPHRASE_FILE=$1 exec \"$0\" serve --listen 127.0.0.1:0";
    for (script, given, good) in [
        (piped, "correct horse", true),
        (piped, "battery staple", false),
        (named, credential.to_str().unwrap(), true),
        (named, "/dev/null", false),
    ] {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_countersign"), given]);
        command.env("COUNTERSIGN_WORKSPACE", &workspace).env_remove("COUNTERSIGN_PASSPHRASE").process_group(0);
        let mut serving = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.starts_with("listening on "), good, "{given}: {line}");
        let group = i32::try_from(serving.id()).unwrap();
        // The shell of a pipe has children of its own.
        Command::new("kill").args(["-TERM", "--", &format!("-{group}")]).stderr(Stdio::null()).status().unwrap();
        let mut said = String::new();
        serving.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        serving.wait().unwrap();
        assert!(good || said.contains("passphrase"), "{given}: {said}");
    }
}
