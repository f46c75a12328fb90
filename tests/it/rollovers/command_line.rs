//! `countersign rollover …` as scripts use it.

use std::path::Path;
use std::process::{Command, Stdio};

use countersign::app::{CertificateSource, Clock, ImportRequest};
use countersign::certificate::{KeyKind, create_identity};
use countersign::domain::instant::in_words;
use countersign::domain::timeline::Activation;
use serde_json::Value;

use super::at;
use crate::many::{Many, Size, id};

/// A workspace that lives now, because the program does.
async fn many(size: Size) -> Many {
    let folder = tempfile::tempdir().unwrap();
    let now = Clock::System.now();
    let certificate = |days_ago: i64| {
        let begin = jiff::Timestamp::from_second(now.as_second() - days_ago * 86_400).unwrap();
        create_identity("CN=partner", KeyKind::EcP256, 365, begin).unwrap().1
    };
    let (old, new) = (folder.path().join("old.pem"), folder.path().join("new.pem"));
    std::fs::write(&old, certificate(340).to_pem()).unwrap();
    std::fs::write(&new, certificate(1).to_pem()).unwrap();
    let mut many = Many::at(size, Clock::System, old, new.clone()).await;
    let kept = many.folder.path().join("new.pem");
    std::fs::copy(&new, &kept).unwrap();
    many.renewed = kept;
    many
}

fn run(workspace: &Path, code: i32, arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("rollover")
        .args(arguments)
        .env("COUNTERSIGN_WORKSPACE", workspace)
        .env_remove("COUNTERSIGN_PASSPHRASE")
        .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{err}");
    (out, err)
}

fn json(workspace: &Path, code: i32, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&run(workspace, code, &arguments).0).unwrap()
}

#[tokio::test]
async fn from_start_to_undo() {
    let many = many(Size { connections: 5, using: 4 }).await;
    let workspace = many.workspace.as_path();
    let file = many.renewed.to_str().unwrap();
    let soon = jiff::Timestamp::from_second(Clock::System.now().as_second() + 3 * 86_400).unwrap().to_string();
    let dry = json(workspace, 0, &["start", file, "--at", &soon, "--dry-run"]);
    assert_eq!((&dry["id"], &dry["chosen"]), (&Value::Null, &Value::from(8)), "{dry}");
    assert_eq!(json(workspace, 0, &["list"])["rollovers"], Value::Array(Vec::new()));
    let fingerprint = many.new.facts().fingerprint_sha256.to_hex();
    let except = format!("{}/production", id(0));
    let begun =
        json(workspace, 0, &["start", file, "--at", &soon, "--except", &except, "--confirm-fingerprint", &fingerprint]);
    assert_eq!((&begun["id"], &begun["chosen"], &begun["left_out"]), (&1.into(), &7.into(), &1.into()), "{begun}");
    assert_eq!(begun["plan"]["profiles"].as_array().unwrap().len(), 7);
    let (text, _) = run(workspace, 0, &["apply", "1", "--dry-run"]);
    assert!(text.contains("Nothing was changed"), "{text}");
    let applied = json(workspace, 0, &["apply", "1"]);
    assert_eq!((&applied["rollover"], &applied["changed"]), (&1.into(), &7.into()), "{applied}");
    run(workspace, 0, &["told", "1", &id(1), "--how", "by mail"]);
    let board = json(workspace, 0, &["show", "1"]);
    let states: Vec<(&str, u64)> = board["states"]
        .as_array()
        .unwrap()
        .iter()
        .map(|count| (count["state"].as_str().unwrap(), count["profiles"].as_u64().unwrap()))
        .collect();
    assert_eq!(states, [("scheduled", 7), ("left-out", 1)]);
    let row = board["rows"].as_array().unwrap().iter().find(|row| row["connection"] == id(1).as_str()).unwrap();
    assert_eq!((&row["told"]["how"], &row["activates"]), (&"by mail".into(), &soon.as_str().into()), "{row}");
    assert_eq!(board["certificate"], fingerprint.as_str());
    let (text, _) = run(workspace, 0, &["undo", "1", "--dry-run"]);
    assert!(text.contains("schedule removed") && !text.contains("already"), "{text}");
    let (text, _) = run(workspace, 0, &["show", "1", "--state", "left-out"]);
    assert!(text.contains("· Left out") && !text.contains("▲ Scheduled"), "{text}");
    let csv = many.folder.path().join("board.csv");
    run(workspace, 0, &["export", "1", "-o", csv.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&csv).unwrap().lines().count(), 9);
    let (text, _) = run(workspace, 0, &["import", "1", csv.to_str().unwrap()]);
    assert_eq!(text, "Nothing in the table differs from what rollover 1 says\n");
    // Another time says that it is to be applied, and stands beside the one that holds.
    let times = many.folder.path().join("times.csv");
    let later = jiff::Timestamp::from_second(Clock::System.now().as_second() + 4 * 86_400).unwrap();
    std::fs::write(&times, format!("connection,profile,activation\n{},test,{later}\n", id(1))).unwrap();
    let (text, _) = run(workspace, 0, &["import", "1", times.to_str().unwrap()]);
    assert!(
        text.starts_with("Noted in rollover 1 for 1 profile\nWhat is planned is not applied to 1 profile"),
        "{text}"
    );
    assert!(text.contains("`countersign rollover apply 1"), "{text}");
    let (text, _) = run(workspace, 0, &["show", "1"]);
    let both = format!("{}; planned {}, once applied", in_words(soon.parse().unwrap()), in_words(later));
    assert!(text.contains(&both) && !text.contains(&soon), "{text}");
    std::fs::write(&times, format!("connection,profile,activation\n{},test,\n", id(1))).unwrap();
    run(workspace, 0, &["import", "1", times.to_str().unwrap()]);
    // Left out at any time, and taken in again.
    let one = format!("{}/test", id(2));
    let (text, _) = run(workspace, 0, &["leave-out", "1", &one, "--dry-run"]);
    assert!(text.contains("Nothing was changed"), "{text}");
    assert_eq!(json(workspace, 0, &["show", "1", "--state", "left-out"])["rows"].as_array().unwrap().len(), 1);
    let (text, _) = run(workspace, 0, &["leave-out", "1", &one]);
    assert!(text.contains("Changed 1 profile\nLeft out 1 profile"), "{text}");
    assert_eq!(json(workspace, 0, &["show", "1", "--state", "left-out"])["rows"].as_array().unwrap().len(), 2);
    run(workspace, 0, &["take-in", "1", &one]);
    assert_eq!(json(workspace, 0, &["apply", "1"])["changed"], 1);
    // Nobody listens there: the answer is no, and which it was is said.
    let tested = json(workspace, 1, &["test", "1", &id(1), &id(2), "--parallel", "2"]);
    let sent = tested["sent"].as_array().unwrap();
    assert_eq!((sent.len(), &tested["not_begun"]), (2, &0.into()), "{tested}");
    assert!(sent.iter().all(|sent| sent["profile"] == "test" && sent["verdict"] == "failed"), "{tested}");
    assert_eq!(json(workspace, 0, &["list"])["rollovers"][0]["states"][0]["state"], "problem");
    let undone = json(workspace, 0, &["undo", "1"]);
    assert_eq!((&undone["changed"], &undone["kept"]), (&7.into(), &Value::Array(Vec::new())), "{undone}");
    run(workspace, 0, &["remove", "1"]);
    let (text, _) = run(workspace, 0, &["start", file, "--at", &soon, "--dry-run"]);
    assert!(text.contains(&in_words(soon.parse().unwrap())) && !text.contains(&soon), "{text}");
    assert_eq!(json(workspace, 0, &["start", file])["id"], 2, "no number is given twice");
}

#[tokio::test]
async fn what_cannot_be_done_is_said_with_two() {
    let many = many(Size { connections: 3, using: 2 }).await;
    let workspace = many.workspace.as_path();
    let file = many.renewed.to_str().unwrap();
    run(workspace, 2, &["show", "1"]);
    run(workspace, 2, &["start", "/no/such/file.pem"]);
    let (_, error) = run(workspace, 2, &["start", file, "--only", &id(2)]);
    assert!(error.contains("does not use the certificate that is to be replaced"), "{error}");
    run(workspace, 0, &["start", file]);
    let (_, error) = run(workspace, 2, &["apply", "1"]);
    assert!(error.contains("nothing was changed") && error.contains("no time was set"), "{error}");
    let document = json(workspace, 2, &["apply", "1", &id(2)]);
    assert!(document["error"].as_str().unwrap().contains("is not in rollover 1"), "{document}");
    let wrong = many.folder.path().join("wrong.csv");
    std::fs::write(&wrong, "connection,profile\nx,staging\n").unwrap();
    let (_, error) = run(workspace, 2, &["import", "1", wrong.to_str().unwrap()]);
    assert!(error.contains("line 2: `staging` is no profile"), "{error}");
    run(workspace, 2, &["test", "1", "--parallel", "0"]);
    let (text, error) = run(workspace, 0, &["apply", "1", "--at", "now"]);
    assert!(error.contains("warning: It is self-signed"), "{error}");
    assert!(text.contains("not confirmed"), "{text}");
}

#[tokio::test]
async fn a_rollover_that_would_find_nothing_to_do_is_refused_and_none_is_kept() {
    let many = many(Size { connections: 3, using: 2 }).await;
    let (workspace, file) = (many.workspace.as_path(), many.renewed.to_str().unwrap());
    let import = ImportRequest {
        source: CertificateSource::File(many.renewed.clone()),
        connection: id(0).parse().unwrap(),
        profiles: Vec::new(),
        also_where_used: true,
        also: Vec::new(),
        activation: at(Clock::System.now().checked_add(jiff::SignedDuration::from_hours(48)).unwrap()),
        expected: None,
        confirmed: None,
        purpose: None,
        though_ended: false,
    };
    let scheduled = many.app.import_certificate(&import).await.unwrap().profiles[0].activates.to_string();
    for more in [&["--dry-run"][..], &[]] {
        let (_, error) = run(workspace, 2, &[&["start", file, "--at", &scheduled], more].concat());
        assert!(error.contains("there is nothing left to do: all 4 profiles that would take part change"), "{error}");
        assert!(error.contains("hint: nothing was kept"), "{error}");
    }
    assert!(many.app.rollovers().await.unwrap().is_empty());
    let now = ImportRequest { activation: Activation::Now, ..import };
    many.app.import_certificate(&now).await.unwrap();
    let (_, error) = run(workspace, 2, &["start", file, "--at", &scheduled]);
    assert!(error.contains("there is nothing left to do: 4 profiles use this certificate already"), "{error}");
}

#[tokio::test]
async fn one_of_several_in_a_file_is_named() {
    let arrival = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrival").join(name);
    let size = Size { connections: 2, using: 2 };
    let many = Many::at(size, Clock::System, arrival("old.cer"), arrival("new.cer")).await;
    let (workspace, file) = (many.workspace.as_path(), arrival("several.zip"));
    let file = file.to_str().unwrap();
    let new = many.new.facts().fingerprint_sha256.to_hex();
    let (_, error) = run(workspace, 2, &["start", file]);
    assert!(error.contains("nothing says which is meant") && error.contains(&new), "{error}");
    assert!(error.contains("--fingerprint"), "{error}");
    let begun = json(workspace, 0, &["start", file, "--fingerprint", &new]);
    assert_eq!((&begun["certificate"], &begun["chosen"]), (&new.as_str().into(), &4.into()), "{begun}");
}
