//! Commands that name something there is not, and what the journal's commands answer to.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::exchange::{DOCUMENT, Partner, Us, Wrong};

fn program(workspace: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(words)
        .arg("--workspace")
        .arg(workspace)
        .env_remove("COUNTERSIGN_PASSPHRASE")
        .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What is refused, on standard error.
fn refused(workspace: &Path, words: &[&str]) -> String {
    let output = program(workspace, words);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{words:?}: {stderr}");
    stderr
}

fn answered(workspace: &Path, words: &[&str]) -> String {
    let output = program(workspace, words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn sent(documents: &[&[u8]]) -> (Us, Vec<String>) {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&partner.url, "").await;
    let mut ids = Vec::new();
    for document in documents {
        ids.push(us.send_bytes(document).await.id.to_string());
    }
    us.app.close().await;
    (us, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_written_wrongly_is_not_taken_for_an_empty_one() {
    let (us, _) = sent(&[DOCUMENT.as_bytes()]).await;
    let wrong = us.path("wrokspace");
    for words in [
        &["transmission", "list"][..],
        &["transmission", "summary"],
        &["connection", "list"],
        &["check"],
        &["report"],
        &["notice", "list"],
        &["retention", "show"],
        &["send", "--connection", "partner", "--profile", "production"],
    ] {
        let said = refused(&wrong, words);
        assert!(
            said.contains(&format!("there is no workspace at {}: there is no such folder", wrong.display())),
            "{said}"
        );
        assert!(said.contains(&format!("did you mean {}?", us.workspace().display())), "{said}");
    }
    assert!(!wrong.exists(), "nothing is left behind");
    std::fs::create_dir(&wrong).unwrap();
    assert!(refused(&wrong, &["transmission", "list"]).contains("the folder is empty"));
    // What needs none, and what makes one, works as ever.
    answered(&us.path("none"), &["policy", "list"]);
    answered(&us.path("made"), &["identity", "create", "me"]);
    answered(&us.path("made"), &["transmission", "list"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_written_wrongly_is_told_with_those_like_it_and_one_that_was_removed_is_not() {
    let (us, _) = sent(&[DOCUMENT.as_bytes()]).await;
    let workspace = us.workspace();
    for words in [
        &["transmission", "list", "--connection", "partnr"][..],
        &["transmission", "summary", "--connection", "partnr"],
        &["transmission", "export", "--connection", "partnr"],
        &["transmission", "redeliver", "--failed", "--connection", "partnr"],
        &["connection", "show", "partnr"],
    ] {
        let said = refused(&workspace, words);
        assert!(said.contains("there is no connection `partnr` in this workspace"), "{said}");
        assert!(said.contains("did you mean partner?"), "{said}");
    }
    assert!(answered(&workspace, &["transmission", "list", "--connection", "partner"]).contains("order.edi"));
    answered(&workspace, &["connection", "remove", "partner"]);
    assert!(answered(&workspace, &["transmission", "list", "--connection", "partner"]).contains("order.edi"));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_filters_are_taken_as_the_list_writes_them_and_others_are_answered_with_what_there_is() {
    let (us, _) = sent(&[DOCUMENT.as_bytes()]).await;
    let workspace = us.workspace();
    for words in
        [["--verdict", "Delivered"], ["--profile", "Production"], ["--direction", "OUTBOUND"], ["--sort", "Size"]]
    {
        let listed = answered(&workspace, &[&["transmission", "list"], &words[..]].concat());
        assert!(listed.contains("order.edi"), "{words:?}: {listed}");
    }
    let said = refused(&workspace, &["transmission", "list", "--verdict", "Deliverd"]);
    assert!(said.contains("`Deliverd` is not one of queued, sending, delivered, failed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_document_is_said_to_be_empty_and_two_transmissions_are_compared() {
    let (us, ids) = sent(&[b"", DOCUMENT.as_bytes()]).await;
    let workspace = us.workspace();
    let [empty, other] = ids.as_slice() else { panic!("{ids:?}") };
    let shown = answered(&workspace, &["transmission", "show", empty]);
    assert!(shown.lines().any(|line| line.starts_with("Payload") && line.ends_with("Empty, 0 bytes")), "{shown}");
    assert!(answered(&workspace, &["transmission", "show", empty, "--payload"]).contains("Empty, 0 bytes"));
    let compared = answered(&workspace, &["transmission", "compare", empty, other]);
    let size = compared.lines().find(|line| line.contains("Size")).unwrap();
    assert!(size.contains('≠') && size.contains("0 bytes"), "{compared}");
    assert!(
        !compared.contains("Direction") && !compared.contains("Profile"),
        "what is the same is left out: {compared}"
    );
    let all = answered(&workspace, &["transmission", "compare", empty, other, "--all"]);
    assert!(all.contains("Profile") && all.contains("Production"), "{all}");
    let document: serde_json::Value =
        serde_json::from_str(&answered(&workspace, &["transmission", "compare", empty, other, "--json"])).unwrap();
    assert!(document["differences"].as_u64().unwrap() > 1 && document["groups"].is_array(), "{document}");
    assert!(refused(&workspace, &["transmission", "compare", empty, empty]).contains("these are the same"));
}
