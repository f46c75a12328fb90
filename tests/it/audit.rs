//! The audit log: what stands in it after a day's work by command line, that no secret does, and that it can be proven.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::backups::{answer, given, json, program, text};

const CONNECTION: &str = r#"
id = "acme"
name = "Acme"
policy = "as2-modern"
[production]
our_as2_id = "ACME"
partner_as2_id = "PARTNER"
url = "https://as2.example.com/"
identity = "ours"
http_user = "user"
"#;

const SECRETS: [&str; 2] = ["a password of the exported key", "a password for the proxy"];

/// Changes of every kind that a command makes, each with what it needs.
fn work(folder: &Path) -> std::path::PathBuf {
    let workspace = folder.join("workspace");
    let run = |arguments: &[&str]| json(&workspace, 0, arguments);
    run(&["identity", "create", "ours"]);
    fs::write(folder.join("acme.toml"), CONNECTION).unwrap();
    run(&["connection", "add", text(&folder.join("acme.toml"))]);
    run(&["connection", "set", "acme", "production", "encryption=aes256-cbc"]);
    run(&["connection", "set", "acme", "production", "encryption=aes256-cbc"]);
    run(&["retention", "set", "--payloads", "90d"]);
    let mut proxy = program(&workspace, &["proxy", "set", "proxy.example:3128", "--user", "anna", "--password-stdin"]);
    proxy.arg("--json");
    answer(&given(proxy, SECRETS[1]), 0);
    let file = folder.join("ours.p12");
    let mut export = program(&workspace, &["identity", "export", "ours", "--format", "p12", "-o", text(&file)]);
    export.args(["--password-stdin", "--json"]);
    answer(&given(export, SECRETS[0]), 0);
    run(&["workspace", "backup", "-o", text(&folder.join("backup.zip"))]);
    run(&["connection", "remove", "acme"]);
    workspace
}

fn entries(workspace: &Path, more: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = ["audit", "list"].iter().chain(more).copied().collect();
    json(workspace, 0, &arguments)["entries"].as_array().unwrap().clone()
}

#[test]
fn a_days_work_stands_in_it_by_whom_and_from_what_to_what() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = work(folder.path());
    let found = entries(&workspace, &[]);
    let acts: Vec<(&str, &str)> = found
        .iter()
        .rev()
        .map(|entry| (entry["act"].as_str().unwrap(), entry["subject"].as_str().unwrap()))
        .filter(|(act, _)| *act != "secret-removed")
        .collect();
    assert_eq!(
        acts,
        [
            ("identity-added", "ours"),
            ("connection-added", "acme"),
            ("connection-changed", "acme"),
            ("setting-changed", "retention"),
            ("setting-changed", "proxy"),
            ("secret-set", "proxy-password"),
            ("key-exported", "ours"),
            ("backed-up", "workspace"),
            ("connection-removed", "acme"),
        ],
        "what changed nothing left nothing"
    );
    let changed = found.iter().find(|entry| entry["act"] == "connection-changed").unwrap();
    let change = &changed["changes"][0];
    assert_eq!((&change["what"], &change["to"]), (&"production.encryption".into(), &"aes256-cbc".into()));
    assert!(found.iter().all(|entry| entry["by"].as_str().unwrap().contains(" on ")), "{found:?}");
    let numbers: Vec<u64> = found.iter().map(|entry| entry["number"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|two| two[0] == two[1] + 1) && numbers.last() == Some(&1), "{numbers:?}");
    assert_eq!(entries(&workspace, &["--search", "AES256", "--limit", "1"]).len(), 1);
    assert!(entries(&workspace, &["--before", "2"]).len() == 1);
}

#[test]
fn no_secret_stands_in_it_and_the_export_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = work(folder.path());
    let (table, document) = (folder.path().join("audit.csv"), folder.path().join("audit.json"));
    let written = json(&workspace, 0, &["audit", "export", "-o", text(&table)])["entries"].as_u64().unwrap();
    json(&workspace, 0, &["audit", "export", "-o", text(&document)]);
    let (table, document) = (fs::read_to_string(table).unwrap(), fs::read_to_string(document).unwrap());
    let read: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(read["entries"].as_array().unwrap().len() as u64, written);
    assert_eq!(read["entries"].as_array().unwrap(), &entries(&workspace, &["--limit", "1000"]));
    for secret in SECRETS {
        assert!(!table.contains(secret) && !document.contains(secret), "{secret}");
    }
    assert!(table.contains(",production.encryption,"), "{table}");
    json(&workspace, 2, &["audit", "export", "-o", text(&folder.path().join("audit.pdf"))]);
}

#[test]
fn it_can_be_proven_and_a_log_that_was_cut_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = work(folder.path());
    let verified = json(&workspace, 0, &["audit", "verify"]);
    assert_eq!(verified["broken"], Value::Null);
    let last = verified["last"].as_str().unwrap().to_owned();
    // As it was when the backup was made, which is earlier.
    let restored = folder.path().join("restored");
    json(
        Path::new("nowhere"),
        0,
        &["workspace", "restore", text(&folder.path().join("backup.zip")), "--into", text(&restored)],
    );
    let earlier = json(&restored, 0, &["audit", "verify"])["last"].as_str().unwrap().to_owned();
    assert_eq!(json(&workspace, 0, &["audit", "verify", "--holds", &earlier])["holds"], true);
    assert_eq!(json(&restored, 1, &["audit", "verify", "--holds", &last])["holds"], false);
    assert!(json(&workspace, 2, &["audit", "verify", "--holds", "abc"])["error"].as_str().unwrap().contains("digest"));
    json(Path::new("nowhere"), 2, &["audit", "list"]);
}
