//! The log: what programs write down, how much of it, and that no secret is in it.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::exchange::{Partner, Received, Us, Wrong};

fn program(workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("COUNTERSIGN_WORKSPACE", workspace);
    command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
    command
}

#[track_caller]
fn run(workspace: &Path, code: i32, arguments: &[&str]) -> Output {
    let output = program(workspace, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn log(workspace: &Path) -> String {
    fs::read_to_string(workspace.join("log/countersign.log")).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_changed_and_refused_is_written_down_without_secrets_as_much_as_is_wished() {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&format!("{}?token=s3cr3t-token", partner.url), "http_user = \"us\"").await;
    us.app.close().await;
    let workspace = us.workspace();
    run(&workspace, 0, &["connection", "list"]);
    assert_eq!(log(&workspace), "", "what only looks leaves no line");

    let mut set = program(&workspace, &["connection", "set", "partner", "production", "http_password=-"]);
    let mut set = set.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    set.stdin.take().unwrap().write_all(b"hunter2-hunter2\n").unwrap();
    assert!(set.wait().unwrap().success());
    run(&workspace, 0, &["send", "--connection", "partner", "--profile", "production"]);
    run(&workspace, 2, &["connection", "show", "nobody\u{1b}[2J"]);
    run(&workspace, 2, &["connection", "show", "no-such"]);
    let written = log(&workspace);
    let line =
        |word: &str| written.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{word}: {written}"));
    assert!(line("saved").contains(" info ") && line("saved").ends_with("connection=partner"), "{written}");
    let sent = line(": sent ");
    for word in ["connection=partner", "profile=production", "verdict=delivered", "message_id=<", "bytes="] {
        assert!(sent.contains(word), "{word}: {sent}");
    }
    assert!(line("no-such").contains(" warn "), "{written}");
    for secret in ["hunter2", "s3cr3t", "\u{1b}"] {
        assert!(!written.contains(secret), "{secret:?}: {written}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = workspace.join("log");
        assert_eq!([mode(&folder), mode(&folder.join("countersign.log"))], [0o700, 0o600]);
    }

    let shown: Value = serde_json::from_slice(&run(&workspace, 0, &["log", "set", "error", "--json"]).stdout).unwrap();
    assert_eq!((&shown["level"], &shown["files"][0]["name"]), (&"error".into(), &"countersign.log".into()));
    let before = log(&workspace);
    run(&workspace, 0, &["send", "--connection", "partner", "--profile", "production"]);
    run(&workspace, 2, &["connection", "show", "no-such"]);
    assert_eq!(log(&workspace), before);
    run(&workspace, 2, &["log", "set", "loud"]);

    // A backup is of the workspace, not of its log.
    run(&workspace, 0, &["log", "set", "info"]);
    let (file, into) = (us.path("backup.zip"), us.path("restored"));
    run(&workspace, 0, &["workspace", "backup", "-o", file.to_str().unwrap()]);
    assert!(log(&workspace).contains("backed up"), "{}", log(&workspace));
    run(&us.path("none"), 0, &["workspace", "restore", file.to_str().unwrap(), "--into", into.to_str().unwrap()]);
    assert!(!into.join("log").exists() && !us.path("none").exists());
}
