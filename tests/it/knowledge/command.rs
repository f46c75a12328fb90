//! `explain`: the knowledge base without a failure.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    // A workspace that is not there: nothing of one is needed.
    command.arg("explain").args(arguments).env("COUNTERSIGN_WORKSPACE", "/nonexistent/workspace");
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").stdin(Stdio::null()).output().unwrap()
}

fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&text(&[arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn what_is_copied_from_a_partners_mail_finds_its_entry() {
    let copied = "automatic-action/MDN-sent-automatically; processed/error: decryption-failed";
    let found = json(&[copied]);
    assert_eq!(found["entries"][0]["key"], "decryption-failed");
    assert_eq!(found["entries"].as_array().unwrap().len(), 1);
    for field in ["cause", "blame", "explanation", "remedy", "source"] {
        assert!(!found["entries"][0][field].is_null(), "{field}");
    }
    // Without quotes the shell makes several words of it.
    let split: Vec<&str> = copied.split(' ').collect();
    assert_eq!(json(&split), found);
    let shown = text(&[copied]);
    for words in ["Partner could not decrypt", "On our side", "What to do", "RFC 4130 section 7.5.4"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn everything_is_listed_and_what_is_unknown_is_said_so() {
    let all = json(&[]);
    assert_eq!(all["entries"].as_array().unwrap().len(), countersign::domain::knowledge::entries().count());
    assert_eq!(all["software"].as_array().unwrap().len(), countersign::domain::knowledge::software().len());
    let listed = text(&[]);
    for words in ["Connecting and sending", "tls-expired", "http-404", "Partner software", "ibm-sterling"] {
        assert!(listed.contains(words), "{words}");
    }
    assert!(text(&["404"]).contains("Nothing is at that address"));
    assert!(text(&["mendelson"]).contains("quirks.gcm_content"));
    let unknown = run(&["xyzzy"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("nothing is known of `xyzzy`"));
}
