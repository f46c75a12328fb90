//! Receipts that somebody brings in: pasted, or from a file.

use std::io::Write as _;
use std::process::{Command, Stdio};

use countersign::as2::BuiltReceipt;
use countersign::domain::transmission::{Transmission, Verdict};

use crate::exchange::{Partner, Us, Wrong};

const ASYNC: &str = "mdn = \"async-signed\"\nmdn_url = \"http://127.0.0.1:9/as2\"";

async fn waiting() -> (Us, Partner, Transmission) {
    let us = Us::new().await;
    let partner = Partner::start(|_, stream| Partner::answer(stream, "204 No Content", &[], b""));
    us.connect(&partner.url, ASYNC).await;
    let sent = us.send().await;
    assert_eq!(sent.verdict, Verdict::Pending);
    (us, partner, sent)
}

/// A receipt as a mail program saves it: its headers and its body.
fn saved(receipt: &BuiltReceipt) -> Vec<u8> {
    let mut text: String = receipt.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    text.push_str("\r\n");
    [text.as_bytes(), &receipt.body].concat()
}

/// As it comes out of a clipboard.
fn pasted(receipt: &[u8]) -> Vec<u8> {
    String::from_utf8(receipt.to_vec()).unwrap().replace("\r\n", "\n").into_bytes()
}

fn files(us: &Us, sent: &Transmission) -> Vec<String> {
    let month = us.workspace().join("archive").join(sent.at.strftime("%Y-%m").to_string());
    let mut all: Vec<String> = std::fs::read_dir(&month)
        .unwrap()
        .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path().display().to_string())
        .collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_receipt_settles_what_waits_and_one_that_proves_nothing_is_refused() {
    let (us, partner, sent) = waiting().await;
    let id = sent.id.to_string();
    let before = files(&us, &sent);
    let receipt = |wrong| partner.received()[0].receipt(&us.certificate, wrong);
    for (text, why) in [
        (saved(&receipt(Wrong::OtherMessage)), "somebody-else@example.com"),
        (saved(&receipt(Wrong::Tampered)), "signature is broken"),
        (saved(&receipt(Wrong::Stranger)), "a certificate we do not have"),
        (saved(&receipt(Wrong::Unsigned)), "not signed"),
        (saved(&receipt(Wrong::Mic)), "something else than was sent"),
        (b"Dear Sir, we have received your order".to_vec(), "no receipt"),
        (Vec::new(), "no receipt"),
        (vec![b'x'; 3 << 20], "larger than any receipt"),
    ] {
        let refused = us.app.take_receipt(&id, text).await.unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
        assert_eq!((us.transmission(&sent).await, files(&us, &sent)), (sent.clone(), before.clone()), "{why}");
    }
    let settled = us.app.take_receipt(&id, pasted(&saved(&receipt(Wrong::Nothing)))).await.unwrap();
    assert_eq!((settled.verdict, settled.receipts, settled.receipt_due), (Verdict::Delivered, 1, None), "{settled:#?}");
    assert!(settled.stages.iter().any(|stage| stage.detail.ends_with("(brought in by hand)")));
    assert_eq!(us.journal().await.len(), 1);
    assert!(us.app.proof(&id).await.unwrap().proven);
    let again = us.app.take_receipt(&id, saved(&receipt(Wrong::Nothing))).await.unwrap_err();
    assert!(again.to_string().contains("delivered already"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_alone_is_enough_and_a_refusal_settles_too() {
    let (us, partner, sent) = waiting().await;
    let refusal = partner.received()[0].receipt(&us.certificate, Wrong::Refusal("decryption-failed"));
    let settled = us.app.take_receipt(&sent.id.to_string(), pasted(&refusal.body)).await.unwrap();
    assert_eq!((settled.verdict, settled.cause()), (Verdict::Failed, Some("Partner could not decrypt")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_takes_a_receipt_from_a_file_or_from_standard_input() {
    let (us, partner, sent) = waiting().await;
    let id = sent.id.to_string();
    let run = |file: &str, input: &[u8]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["transmission", "receipt", &id, file, "--json"])
            .env("COUNTERSIGN_WORKSPACE", us.workspace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // What is not read is not missed.
        child.stdin.take().unwrap().write_all(input).ok();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap())
    };
    let file = us.path("receipt.eml");
    std::fs::write(&file, saved(&partner.received()[0].receipt(&us.certificate, Wrong::Mic))).unwrap();
    let (code, document) = run(file.to_str().unwrap(), b"");
    assert!(code == Some(2) && document["error"].as_str().unwrap().contains("something else"), "{document}");
    let (code, document) = run("-", &saved(&partner.received()[0].receipt(&us.certificate, Wrong::Nothing)));
    assert_eq!((code, &document["verdict"], &document["id"]), (Some(0), &"delivered".into(), &id.as_str().into()));
}
