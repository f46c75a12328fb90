//! The command line: notices, settings, `serve` that reminds.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::smtp::{MailServer, Manner};

/// A workspace whose own certificate ends in twenty days, by the system's clock.
struct Terminal {
    folder: tempfile::TempDir,
}

impl Terminal {
    fn new() -> Self {
        let terminal = Self { folder: tempfile::tempdir().unwrap() };
        terminal.json(&["identity", "create", "me", "--days", "20", "--key", "ec-p256"]);
        let folder = terminal.folder.path();
        std::fs::write(folder.join("partner.pem"), include_str!("../../fixtures/window/harbor.pem")).unwrap();
        let file = folder.join("partner.toml");
        let connection = "id = 'partner'\nname = 'Partner <b>'\n[production]\nour_as2_id = 'ME'\npartner_as2_id = 'YOU'\n\
                          url = 'http://127.0.0.1:9/as2'\nidentity = 'me'\npartner_certificates = ['partner.pem']";
        std::fs::write(&file, connection).unwrap();
        terminal.json(&["connection", "add", &file.display().to_string()]);
        terminal
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .args(words)
            .env("COUNTERSIGN_WORKSPACE", self.folder.path().join("workspace"))
            .env_remove("COUNTERSIGN_PASSPHRASE")
            .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
            .stdin(Stdio::null());
        command
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.command(&[words, &["--json"]].concat()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn text(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Runs `serve` until the line that a condition holds for, or for so many lines.
    fn serve(&self) -> (Child, BufReader<std::process::ChildStderr>) {
        let mut serve = self
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(serve.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert!(ready.starts_with("listening on"), "{ready}");
        let stderr = BufReader::new(serve.stderr.take().unwrap());
        (serve, stderr)
    }
}

#[test]
fn notices_are_listed_acknowledged_put_off_and_opened_again() {
    let terminal = Terminal::new();
    let list = terminal.json(&["notice", "list"]);
    assert_eq!(list["notices"].as_array().unwrap().len(), 1, "{list:#}");
    let notice = &list["notices"][0];
    assert_eq!(notice["kind"], "certificate-ends");
    assert_eq!(notice["urgency"], "soon");
    assert_eq!(notice["step"], 30);
    assert_eq!(notice["about"]["identity"], "me");
    assert_eq!(notice["about"]["profiles"][0]["connection"], "partner");
    assert_eq!(notice["standing"]["state"], "open");
    let key = notice["key"].as_str().unwrap();

    let text = terminal.text(&["notice", "list"]);
    assert!(text.starts_with("▲ Soon  No successor yet: our certificate me ends in "), "{text}");
    assert!(text.contains("What to do  Make a new identity"), "{text}");

    let acknowledged = terminal.json(&["notice", "acknowledge", key]);
    assert_eq!(acknowledged["standing"]["state"], "acknowledged");
    assert!(!acknowledged["standing"]["by"].as_str().unwrap().is_empty(), "{acknowledged:#}");
    assert_eq!(terminal.json(&["notice", "list"])["notices"].as_array().unwrap().len(), 0);
    assert_eq!(terminal.json(&["notice", "list", "--all"])["notices"].as_array().unwrap().len(), 1);
    assert!(terminal.text(&["notice", "list"]).contains("1 notice acknowledged or put off"));
    let week = countersign::app::Clock::System
        .now()
        .checked_add(jiff::SignedDuration::from_hours(7 * 24))
        .unwrap()
        .to_string();
    terminal.json(&["notice", "snooze", key, "--until", &week]);
    assert_eq!(terminal.json(&["notice", "list", "--all"])["notices"][0]["standing"]["state"], "snoozed");
    terminal.json(&["notice", "reopen", key]);
    assert_eq!(terminal.json(&["notice", "list"])["notices"].as_array().unwrap().len(), 1);

    assert!(terminal.refused(&["notice", "acknowledge", "nothing"]).contains("there is no notice `nothing` now"));
    let beyond = terminal.refused(&["notice", "snooze", key, "--until", "2099-01-01T00:00:00Z"]);
    assert!(beyond.contains("cannot be put off until 1 Jan 2099") && beyond.contains("hint: "), "{beyond}");
    assert!(terminal.refused(&["notice", "snooze", key, "--until", "2020-01-01T00:00:00Z"]).contains("has passed"));
}

#[test]
fn settings_are_shown_and_set_by_key_and_the_password_is_never_shown() {
    let terminal = Terminal::new();
    let usual = terminal.json(&["notifications", "show"]);
    assert_eq!(usual["steps"], serde_json::json!([90, 60, 30, 14, 7, 3, 1]));
    assert_eq!((&usual["email"], &usual["smtp_password"]), (&Value::Bool(false), &Value::Bool(false)));
    let mut set = terminal.command(&[
        "notifications",
        "set",
        "smtp_user=edi",
        "smtp_password=-",
        "mail_to=jo@acme.example",
        "--json",
    ]);
    let mut child = set.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"pass word\n").unwrap();
    let set: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!((&set["smtp_password"], &set["smtp_user"]), (&Value::Bool(true), &Value::from("edi")));
    assert!(!terminal.text(&["notifications", "show"]).contains("pass word"));
    for (words, wanted) in [
        (&["notifications", "set", "smtp_password=x"][..], "a password is not taken from the command line"),
        (&["notifications", "set", "steps=soon"], "is not a number of days"),
        (&["notifications", "set", "email=true", "steps=5"], "smtp_host, mail_from is not set"),
        (&["notifications", "set", "nothing"], "is no setting"),
        (&["notifications", "set", "mail_to=nobody"], "is not an e-mail address"),
    ] {
        assert!(terminal.refused(words).contains(wanted), "{words:?}");
    }
    assert_eq!(terminal.json(&["notifications", "show"])["steps"], usual["steps"], "nothing was set halfway");
}

#[test]
fn serve_tells_what_is_due_once_on_its_output_and_by_mail() {
    let terminal = Terminal::new();
    let server = MailServer::start(Manner::Takes);
    let port = format!("smtp_port={}", server.address.port());
    terminal.json(&[
        "notifications",
        "set",
        "email=true",
        "smtp_host=127.0.0.1",
        &port,
        "smtp_tls=none",
        "mail_from=edi@acme.example",
        "mail_to=jo@acme.example",
    ]);
    let (mut serve, mut stderr) = terminal.serve();
    let mut line = String::new();
    while !line.contains("No successor yet") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended without a word");
    }
    assert!(line.starts_with("▲ Soon  No successor yet: our certificate me ends in "), "{line}");
    let begun = std::time::Instant::now();
    while server.came().is_empty() {
        assert!(begun.elapsed().as_secs() < 30, "no mail came");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    serve.kill().unwrap();
    serve.wait().unwrap();
    assert_eq!(server.came().len(), 1);

    // Another program does not tell it again.
    let (mut again, stderr) = terminal.serve();
    std::thread::sleep(std::time::Duration::from_secs(4));
    again.kill().unwrap();
    again.wait().unwrap();
    let said: Vec<String> = stderr.lines().map_while(Result::ok).collect();
    assert!(said.iter().all(|line| !line.contains("No successor")), "{said:?}");
    assert_eq!(server.came().len(), 1);
    let told = terminal.json(&["notice", "list"])["notices"][0]["told"].to_string();
    assert!(told.contains("\"log\"") && told.contains("\"email\""), "{told}");
}
