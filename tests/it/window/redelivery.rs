//! Sending the same messages once more from the window, and receipts that are brought in.

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::domain::transmission::{Transmission, Verdict};
use egui::{Key, Modifiers};

use super::Stage;
use crate::exchange::{Partner, Received, Us, Wrong};

/// A workspace from which so many messages were sent, and the window on its transmissions.
fn sent(partner: impl FnOnce(&Us) -> Partner, settings: &str, count: usize) -> (Us, Partner, Vec<Transmission>, Stage) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (us, partner, sent) = runtime.block_on(async {
        let us = Us::new().await;
        let partner = partner(&us);
        us.connect(&partner.url, settings).await;
        let mut sent = Vec::new();
        for _ in 0..count {
            sent.push(us.send().await);
        }
        us.app.close().await;
        (us, partner, sent)
    });
    let mut stage = Stage::opened(tempfile::tempdir().unwrap(), us.workspace());
    stage.wait_for("Partner, production");
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.wait_for("order.edi");
    (us, partner, sent, stage)
}

/// Refuses so many messages and takes the others.
fn refusing(us: &Us, first: usize) -> Partner {
    let (certificate, count) = (us.certificate.clone(), AtomicUsize::new(0));
    Partner::start(move |received: &Received, stream: &mut TcpStream| {
        if count.fetch_add(1, Ordering::SeqCst) < first {
            return Partner::answer(stream, "404 Not Found", &[], b"");
        }
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    })
}

#[test]
fn several_that_failed_are_redelivered_one_after_the_other() {
    let (_us, partner, sent, mut stage) = sent(|us| refusing(us, 3), "", 3);
    assert!(sent.iter().all(|each| each.verdict == Verdict::Failed));
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.press(Modifiers::SHIFT, Key::ArrowDown);
    stage.press(Modifiers::SHIFT, Key::ArrowDown);
    stage.wait_for("3 selected");
    stage.click("Redeliver selection…");
    stage.wait_for("under the Message-ID that it has");
    stage.click("Redeliver 3 messages");
    stage.wait_until("all are delivered", |_| partner.received().len() == 6);
    stage.wait_gone("still to be sent");
    let ids = |received: &[Received]| -> Vec<String> {
        received.iter().map(|each| each.header("Message-ID").unwrap().to_owned()).collect()
    };
    let got = partner.received();
    assert_eq!(ids(&got[3..]), ids(&got[..3]), "in their order, under their Message-IDs");
    stage.wait_until("the list says so", |stage| {
        stage.labels().iter().filter(|row| row.contains("order.edi") && row.ends_with("Delivered")).count() == 3
    });
}

#[test]
fn every_attempt_of_a_redelivered_message_can_be_looked_at() {
    let (_us, partner, _sent, mut stage) = sent(|us| refusing(us, 1), "", 1);
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.wait_for("Send as new…");
    stage.click("Redeliver");
    stage.wait_for("Delivered and signed for");
    assert_eq!(partner.received().len(), 2);
    stage.click("Open transmission");
    stage.wait_for("Attempts");
    stage.click("Raw");
    stage.wait_for("The last attempt");
    stage.click("Which attempt");
    stage.click("Attempt 1");
    stage.wait_for("Attempt 1");
    stage.click("Answer");
    stage.wait_for("404 Not Found");
}

#[test]
fn a_receipt_that_came_by_mail_settles_what_waits_for_it() {
    let asks = "mdn = \"async-signed\"\nmdn_url = \"http://127.0.0.1:9/as2\"";
    let takes = |_: &Us| Partner::start(|_, stream| Partner::answer(stream, "204 No Content", &[], b""));
    let (us, partner, _sent, mut stage) = sent(takes, asks, 1);
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.wait_for("Waiting for the receipt");
    stage.click("Add receipt…");
    stage.wait_for("Add a receipt (MDN)");
    assert!(stage.get_is_disabled("Take receipt"));
    stage.fill("Pasted receipt", "We have your order, thank you");
    stage.click("Take receipt");
    stage.wait_for("this is no receipt");
    let receipt = partner.received()[0].receipt(&us.certificate, Wrong::Nothing);
    let mut mail: String = receipt.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    mail.push('\n');
    mail.push_str(&String::from_utf8(receipt.body).unwrap().replace("\r\n", "\n"));
    let file = us.path("receipt.eml");
    std::fs::write(&file, mail).unwrap();
    stage.drop_file(&file);
    stage.wait_for("receipt.eml");
    stage.click("Take receipt");
    stage.wait_for("The receipt settled it: delivered");
    stage.wait_for("Delivered and signed for");
    assert!(!stage.sees("Add receipt…"));
}
