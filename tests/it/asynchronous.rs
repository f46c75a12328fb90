//! Asynchronous receipts for what we send, over real sockets.

use std::net::TcpStream;

use countersign::app::RawPart;
use countersign::as2::BuiltReceipt;
use countersign::certificate::Certificate;
use countersign::domain::transmission::{StageName, StageStatus, Transmission, Verdict};

use crate::exchange::{DOCUMENT, Partner, Received, Serving, Us, Wrong, judged, post};

const ASYNC: &str = "mdn = \"async-signed\"\nmdn_url = \"http://127.0.0.1:9/as2\"";

pub(crate) fn accepts(_: &Received, stream: &mut TcpStream) {
    Partner::answer(stream, "204 No Content", &[], b"");
}

/// Us, waiting for the receipt of a message that a partner has taken.
async fn waiting(settings: &str) -> (Us, Serving, Partner, Transmission) {
    let us = Us::new().await;
    let partner = Partner::start(accepts);
    us.connect(&partner.url, settings).await;
    let serving = us.serve().await;
    let sent = us.send().await;
    (us, serving, partner, sent)
}

fn deliver(serving: &Serving, receipt: &BuiltReceipt) {
    let answered = post(&serving.url, &receipt.headers, &receipt.body);
    assert_eq!(answered.status, 200, "every receipt is answered with 200");
}

fn receipt(partner: &Partner, us: &Certificate, wrong: Wrong) -> BuiltReceipt {
    partner.received()[0].receipt(us, wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_comes_later_settles_what_waits_for_it() {
    let (us, serving, partner, sent) = waiting(ASYNC).await;
    judged(&sent, Verdict::Pending, "gmmmm", "Waiting for the receipt");
    let due = sent.receipt_due.unwrap();
    assert_eq!((due.as_second() - sent.at.as_second()) / 60, 1440);
    assert_eq!(partner.received()[0].header("Receipt-Delivery-Option"), Some("http://127.0.0.1:9/as2"));

    let came = receipt(&partner, &us.certificate, Wrong::Nothing);
    deliver(&serving, &came);
    let found = us.transmission(&sent).await;
    judged(&found, Verdict::Delivered, "ggggg", "Delivered and signed for");
    assert_eq!((found.mic.matches, found.receipts, found.receipt_due), (Some(true), 1, None));
    let last: Vec<_> = found.stages.iter().map(|stage| (stage.stage, stage.status)).collect();
    assert_eq!(
        &last[last.len() - 2..],
        [(StageName::Receipt, StageStatus::Good), (StageName::Matched, StageStatus::Good)]
    );
    assert_eq!(us.kept(&found, "receipt.body"), came.body);
    assert!(String::from_utf8(us.kept(&found, "receipt.head")).unwrap().starts_with("POST /as2 HTTP/1.1\r\n"));

    // It comes again, and then one that says something else: neither changes what was decided.
    deliver(&serving, &came);
    deliver(&serving, &receipt(&partner, &us.certificate, Wrong::Refusal("decryption-failed")));
    let after = us.transmission(&sent).await;
    assert_eq!((after.verdict, after.receipts, after.deciding_receipt), (Verdict::Delivered, 3, 1));
    let shown = us.app.transmission_detail(sent.id).await.unwrap().receipt.expect("the receipt that decided");
    let disposition = shown.fields.iter().find(|(name, _)| name == "Disposition").unwrap();
    assert!(disposition.1.ends_with("processed"), "{disposition:?}");
    assert_eq!(us.journal().await.len(), 1, "a receipt that was matched is no transmission of its own");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_receipt_that_comes_later_is_judged() {
    for (settings, wrong, verdict, lights, cause) in [
        (ASYNC, Wrong::NoBrackets, Verdict::Delivered, "ggggg", "Delivered and signed for"),
        (ASYNC, Wrong::Tampered, Verdict::Uncertain, "ggbgg", "The receipt's signature is broken"),
        (ASYNC, Wrong::Unsigned, Verdict::Uncertain, "ggmgg", "The receipt is not signed"),
        (
            ASYNC,
            Wrong::Stranger,
            Verdict::Uncertain,
            "ggbgg",
            "The receipt is signed with a certificate we do not have",
        ),
        (ASYNC, Wrong::Mic, Verdict::Failed, "ggggb", "The partner has something else than was sent"),
        (ASYNC, Wrong::Refusal("decryption-failed"), Verdict::Failed, "gggbm", "Partner could not decrypt"),
        (
            "mdn = \"async\"\nmdn_url = \"http://127.0.0.1:9/as2\"",
            Wrong::Unsigned,
            Verdict::Delivered,
            "ggngg",
            "Delivered, receipt unsigned",
        ),
    ] {
        let (us, serving, partner, sent) = waiting(settings).await;
        deliver(&serving, &receipt(&partner, &us.certificate, wrong));
        judged(&us.transmission(&sent).await, verdict, lights, cause);
        if verdict == Verdict::Uncertain {
            // What proved nothing is settled by what does.
            deliver(&serving, &receipt(&partner, &us.certificate, Wrong::Nothing));
            assert_eq!(us.transmission(&sent).await.verdict, Verdict::Delivered, "{wrong:?}");
        }
        serving.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_with_an_unknown_mic_algorithm_leaves_the_next_one_to_compare() {
    let (us, serving, partner, sent) = waiting(ASYNC).await;
    deliver(&serving, &in_whirlpool(receipt(&partner, &us.certificate, Wrong::Unsigned)));
    assert_eq!(us.transmission(&sent).await.verdict, Verdict::Uncertain);
    deliver(&serving, &receipt(&partner, &us.certificate, Wrong::Nothing));
    let found = us.transmission(&sent).await;
    judged(&found, Verdict::Delivered, "ggggg", "Delivered and signed for");
    assert_eq!((found.mic.matches, found.receipts), (Some(true), 2));
    serving.stop().await;
}

/// A receipt whose MIC is said to be of an algorithm that nobody here knows.
fn in_whirlpool(mut receipt: BuiltReceipt) -> BuiltReceipt {
    let text = String::from_utf8(receipt.body).unwrap();
    assert!(text.contains(", sha-256"), "{text}");
    receipt.body = text.replace(", sha-256", ", whirlpool").into_bytes();
    receipt
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_in_the_answer_with_an_unknown_mic_algorithm_leaves_a_later_one_to_compare() {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received, stream| {
        let receipt = in_whirlpool(received.receipt(&certificate, Wrong::Unsigned));
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&partner.url, ASYNC).await;
    let serving = us.serve().await;
    let sent = us.send().await;
    assert_eq!((sent.verdict, sent.mic.algorithm.as_deref()), (Verdict::Uncertain, Some("sha256")), "{sent:#?}");
    deliver(&serving, &receipt(&partner, &us.certificate, Wrong::Nothing));
    let found = us.transmission(&sent).await;
    judged(&found, Verdict::Delivered, "ggggg", "Delivered and signed for");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_that_come_at_once_are_all_kept_until_there_are_too_many() {
    const AT_ONCE: u32 = 8;
    let (us, serving, partner, sent) = waiting(ASYNC).await;
    let came = receipt(&partner, &us.certificate, Wrong::Nothing);
    let together = std::sync::Barrier::new(AT_ONCE as usize);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                together.wait();
                deliver(&serving, &came);
            });
        }
    });
    let found = us.transmission(&sent).await;
    assert_eq!((found.verdict, found.receipts), (Verdict::Delivered, AT_ONCE));

    let month = us.workspace().join("archive").join(sent.at.strftime("%Y-%m").to_string());
    for number in AT_ONCE + 1..=100 {
        std::fs::write(month.join(sent.id.to_string()).join(format!("receipt.{number}.body")), b"x").unwrap();
    }
    assert_eq!(post(&serving.url, &came.headers, &came.body).status, 500);
    assert_eq!(us.journal().await.len(), 1);
    let kept: Vec<_> = std::fs::read_dir(&month).unwrap().map(|each| each.unwrap().file_name()).collect();
    assert_eq!(kept, [sent.id.to_string().as_str()], "what was not taken leaves nothing that no journal knows of");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_for_another_message_settles_nothing_and_is_kept() {
    let (us, serving, partner, sent) = waiting(ASYNC).await;
    let stray = receipt(&partner, &us.certificate, Wrong::OtherMessage);
    deliver(&serving, &stray);
    assert_eq!(us.transmission(&sent).await.verdict, Verdict::Pending);
    let journal = us.journal().await;
    assert_eq!(journal.len(), 2);
    let kept = &journal[0];
    assert_eq!((kept.verdict, kept.cause()), (Verdict::Refused, Some("A receipt for no message of ours")));
    assert!(kept.diagnosis.as_ref().unwrap().explanation.contains("<somebody-else@example.com>"));
    assert_eq!(us.kept(kept, "request.body"), stray.body);

    // Some receipts carry no Message-ID and no AS2 headers at all.
    let mut bare = receipt(&partner, &us.certificate, Wrong::Nothing);
    bare.headers.retain(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
    deliver(&serving, &bare);
    assert_eq!(us.transmission(&sent).await.verdict, Verdict::Delivered);
    let nonsense = post(&serving.url, &[("Content-Type".to_owned(), "text/plain".to_owned())], b"hello");
    assert_eq!(nonsense.status, 400);
    assert_eq!(us.journal().await.len(), 2, "what is neither a message nor a receipt is not journalled");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_may_come_before_the_answer_to_the_message() {
    let us = Us::new().await;
    let serving = us.serve().await;
    let (to, certificate) = (serving.url.clone(), us.certificate.clone());
    let partner = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        assert_eq!(post(&to, &receipt.headers, &receipt.body).status, 200);
        Partner::answer(stream, "202 Accepted", &[], b"");
    });
    us.connect(&partner.url, ASYNC).await;
    let sent = us.send().await;
    judged(&sent, Verdict::Delivered, "ggggg", "Delivered and signed for");
    assert_eq!(us.transmission(&sent).await, sent, "the answer has not overwritten what the receipt said");
    assert_eq!((sent.http_status, sent.receipts, sent.receipt_due), (Some(202), 1, None));
    let order: Vec<StageName> = sent.stages.iter().map(|stage| stage.stage).collect();
    assert_eq!(order, StageName::ALL, "{:#?}", sent.stages);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_counts_more_than_trouble_of_the_server_and_less_than_a_refusal() {
    for (status, verdict) in [
        ("500 Trouble", Verdict::Delivered),
        ("503 Busy", Verdict::Delivered),
        ("408 Timeout", Verdict::Delivered),
        ("404 Not Found", Verdict::Uncertain),
    ] {
        let us = Us::new().await;
        let partner = Partner::start(move |_, stream| Partner::answer(stream, status, &[], b""));
        us.connect(&partner.url, ASYNC).await;
        let serving = us.serve().await;
        let sent = us.send().await;
        assert_eq!(sent.verdict, Verdict::Failed, "{status}");
        deliver(&serving, &receipt(&partner, &us.certificate, Wrong::Nothing));
        let found = us.transmission(&sent).await;
        assert_eq!((found.verdict, found.receipts), (verdict, 1), "{status}");
        serving.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_passes_makes_it_uncertain_until_the_receipt_comes_after_all() {
    let (us, serving, partner, sent) = waiting(&format!("{ASYNC}\nreceipt_deadline_minutes = 1")).await;
    assert_eq!(sent.verdict, Verdict::Pending);
    serving.stop().await;
    // Another program, two minutes later: what is due is computed, not remembered.
    let later = countersign::app::Clock::Fixed(sent.at.checked_add(jiff::SignedDuration::from_secs(121)).unwrap());
    let app = crate::exchange::app_on(&us.workspace(), later);
    let overdue = app.transmission(&sent.id.to_string()).await.unwrap();
    judged(&overdue, Verdict::Uncertain, "gmmmm", "The receipt did not come in time");
    app.close().await;

    let serving = us.serve().await;
    deliver(&serving, &receipt(&partner, &us.certificate, Wrong::Nothing));
    judged(&us.transmission(&sent).await, Verdict::Delivered, "ggggg", "Delivered and signed for");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_does_not_come_is_the_partners_where_a_receiver_ran_and_ours_where_none_did() {
    use crate::knowledge::holds;
    use countersign::domain::diagnosis::Blame;
    for was_stopped in [false, true] {
        // Stopping takes its time, which must be a small part of all.
        let minutes = if was_stopped { 60 } else { 1 };
        let (us, serving, _partner, sent) = waiting(&format!("{ASYNC}\nreceipt_deadline_minutes = {minutes}")).await;
        let serving = if was_stopped {
            serving.stop().await;
            None
        } else {
            Some(serving)
        };
        let later = sent.at.checked_add(jiff::SignedDuration::from_mins(minutes + 1)).unwrap();
        let app = crate::exchange::app_on(&us.workspace(), countersign::app::Clock::Fixed(later));
        let overdue = app.transmission(&sent.id.to_string()).await.unwrap();
        let (key, side, remedy, evidence) = if was_stopped {
            (
                "receipt-overdue-not-receiving",
                Blame::Ours,
                "Start the receiver",
                "No receiver ran here for all or nearly",
            )
        } else {
            ("receipt-overdue", Blame::Partner, "Ask Partner whether it tried", "Our receiver ran all that time")
        };
        holds(&overdue, (key, Verdict::Uncertain, side, remedy));
        let told = overdue.diagnosis.unwrap();
        let within = if was_stopped { "within 60 minutes" } else { "within 1 minute" };
        assert!(told.explanation.contains(within) && !told.explanation.contains("1 minutes"), "{told:#?}");
        assert!(told.evidence.iter().any(|line| line.contains(evidence)), "{told:#?}");
        app.close().await;
        if let Some(serving) = serving {
            serving.stop().await;
        }
    }
    // Nobody ever received anything here.
    let us = Us::new().await;
    let partner = Partner::start(accepts);
    us.connect(&partner.url, &format!("{ASYNC}\nreceipt_deadline_minutes = 1")).await;
    let sent = us.send().await;
    let later = sent.at.checked_add(jiff::SignedDuration::from_secs(121)).unwrap();
    let app = crate::exchange::app_on(&us.workspace(), countersign::app::Clock::Fixed(later));
    let overdue = app.transmission(&sent.id.to_string()).await.unwrap();
    holds(&overdue, ("receipt-overdue-not-receiving", Verdict::Uncertain, Blame::Ours, "Start the receiver"));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_settles_its_message_though_the_identity_that_signed_it_was_removed() {
    use countersign::app::{KeyKind, NewIdentity, OwnChange};
    let (us, serving, partner, sent) = waiting(&format!("{ASYNC}\nreceipt_deadline_minutes = 1")).await;
    serving.stop().await;
    let came = receipt(&partner, &us.certificate, Wrong::Nothing);
    let wrong = receipt(&partner, &us.certificate, Wrong::Mic);
    let later = countersign::app::Clock::Fixed(sent.at.checked_add(jiff::SignedDuration::from_secs(121)).unwrap());
    let app = crate::exchange::app_on(&us.workspace(), later);
    judged(
        &app.transmission(&sent.id.to_string()).await.unwrap(),
        Verdict::Uncertain,
        "gmmmm",
        "The receipt did not come in time",
    );
    let (old, new) = ("us".parse().unwrap(), "next".parse().unwrap());
    let next = NewIdentity { name: new, key: KeyKind::EcP256, days: 300, subject: None };
    let new = app.create_identity(next).await.unwrap().name;
    let activation = countersign::domain::timeline::Activation::Now;
    app.change_own(&OwnChange { from: Some("us".parse().unwrap()), to: new, activation, profiles: Vec::new() })
        .await
        .unwrap();
    app.remove_identity(&old).await.unwrap();
    app.close().await;
    us.app.close().await;

    let serving = us.serve().await;
    deliver(&serving, &came);
    let found = us.transmission(&sent).await;
    judged(&found, Verdict::Delivered, "ggggg", "Delivered and signed for");
    // One whose MIC is another cannot be looked into further, and is kept beside it all the same.
    deliver(&serving, &wrong);
    let found = us.transmission(&sent).await;
    assert_eq!((found.verdict, found.receipts), (Verdict::Delivered, 2));
    assert_eq!(us.journal().await.len(), 1);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_program_sent_another_settles() {
    let us = Us::new().await;
    let partner = Partner::start(accepts);
    us.connect(&partner.url, ASYNC).await;
    std::fs::write(us.path("order.edi"), DOCUMENT).unwrap();
    us.app.close().await;
    let program = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(arguments)
            .arg("--json")
            .env("COUNTERSIGN_WORKSPACE", us.workspace())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let file = us.path("order.edi");
    let sent = program(&["send", file.to_str().unwrap(), "--connection", "partner", "--profile", "production"]);
    assert_eq!(sent["verdict"], "pending", "and that is no failure");
    let serving = us.serve().await;
    deliver(&serving, &receipt(&partner, &us.certificate, Wrong::Nothing));
    serving.stop().await;
    us.app.close().await;
    let shown = program(&["transmission", "show", sent["id"].as_str().unwrap()]);
    assert_eq!((&shown["verdict"], &shown["lights"]["mic"]), (&"delivered".into(), &"good".into()));
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_2xx_is_acceptance_and_its_body_means_nothing() {
    for (status, body) in [("200 OK", "<html>Welcome</html>"), ("201 Created", ""), ("206 Partial", "x")] {
        let us = Us::new().await;
        let partner = Partner::start(move |_, stream| Partner::answer(stream, status, &[], body.as_bytes()));
        us.connect(&partner.url, ASYNC).await;
        assert_eq!(us.send().await.verdict, Verdict::Pending, "{status}");
    }
    // A receipt in the answer is taken, though it was asked for later.
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&partner.url, ASYNC).await;
    judged(&us.send().await, Verdict::Delivered, "ggggg", "Delivered and signed for");
}

/// Headers that ask for a signed receipt at an address.
#[tokio::test(flavor = "multi_thread")]
async fn quirks_16_and_57_a_receipt_that_comes_by_itself_is_read_whatever_it_says_that_it_is() {
    for kind in ["application/octet-stream", "application/edi-x12", "text/html", ""] {
        let (us, serving, partner, sent) = waiting(ASYNC).await;
        let mut came = receipt(&partner, &us.certificate, Wrong::Nothing);
        came.headers.retain(|(name, _)| name != "Content-Type");
        if !kind.is_empty() {
            came.headers.push(("Content-Type".to_owned(), kind.to_owned()));
        }
        deliver(&serving, &came);
        judged(&us.transmission(&sent).await, Verdict::Delivered, "ggggg", "Delivered and signed for");
        assert_eq!(us.journal().await.len(), 1, "{kind}: a receipt is no message");
        serving.stop().await;
    }
    // A document that comes as bytes is still one.
    let (us, serving, _, _) = waiting("require = \"none\"").await;
    let plain = [
        ("AS2-From", "PARTNER"),
        ("AS2-To", "US"),
        ("Message-ID", "<bytes@partner>"),
        ("Content-Type", "application/octet-stream"),
    ];
    let plain = plain.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(post(&serving.url, &plain, b"--x\r\ndisposition-notification\r\n").status, 200);
    assert_eq!(us.inbox().len(), 1);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_anybody_can_have_written_is_noted_and_leaves_the_message_waiting() {
    let (us, serving, partner, sent) = waiting(ASYNC).await;
    let report = format!(
        "--x\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; PARTNER\r\n\
         Original-Message-ID: {}\r\n\
         Disposition: automatic-action/MDN-sent-automatically; processed/error: decryption-failed\r\n\r\n--x--\r\n",
        sent.message_id
    );
    let forged = BuiltReceipt {
        headers: [
            ("AS2-From", "PARTNER"),
            ("AS2-To", "US"),
            ("Message-ID", "<forged@partner>"),
            ("Content-Type", "multipart/report; report-type=disposition-notification; boundary=x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        body: report.into_bytes(),
    };
    deliver(&serving, &forged);
    let found = us.transmission(&sent).await;
    assert_eq!((found.verdict, found.receipts, found.deciding_receipt), (Verdict::Pending, 1, 0), "{found:#?}");
    assert_eq!((found.receipt_due.is_some(), &found.disposition), (true, &None));
    let evidence = &found.diagnosis.as_ref().unwrap().evidence;
    assert!(
        evidence.iter().any(|line| line.contains("decryption-failed") && line.contains("not signed")),
        "{evidence:?}"
    );
    assert!(found.stages.iter().any(|stage| stage.detail.contains("decides nothing")), "{:#?}", found.stages);
    deliver(&serving, &receipt(&partner, &us.certificate, Wrong::Nothing));
    judged(&us.transmission(&sent).await, Verdict::Delivered, "ggggg", "Delivered and signed for");
    serving.stop().await;

    // Where unsigned receipts are what was asked for, it is believed.
    let (us, serving, _, sent) = waiting("mdn = \"async\"\nmdn_url = \"http://127.0.0.1:9/as2\"").await;
    let text = String::from_utf8(forged.body).unwrap();
    let original = text.split("Original-Message-ID: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
    let body = text.replace(&original, &sent.message_id).into_bytes();
    deliver(&serving, &BuiltReceipt { headers: forged.headers, body });
    assert_eq!(us.transmission(&sent).await.verdict, Verdict::Failed);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_proves_nothing_before_the_answer_came_does_not_stop_the_waiting() {
    let us = Us::new().await;
    let serving = us.serve().await;
    let to = serving.url.clone();
    let partner = Partner::start(move |received, stream| {
        let report = format!(
            "--x\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; PARTNER\r\n\
             Original-Message-ID: {}\r\n\
             Disposition: automatic-action/MDN-sent-automatically; processed/error: decryption-failed\r\n\r\n--x--\r\n",
            received.header("Message-ID").unwrap()
        );
        let kind = "multipart/report; report-type=disposition-notification; boundary=x".to_owned();
        assert_eq!(post(&to, &[("Content-Type".to_owned(), kind)], report.as_bytes()).status, 200);
        Partner::answer(stream, "202 Accepted", &[], b"");
    });
    us.connect(&partner.url, ASYNC).await;
    let sent = us.send().await;
    assert_eq!((sent.verdict, sent.receipts), (Verdict::Pending, 1), "{sent:#?}");
    assert!(sent.receipt_due.is_some());
    let evidence = sent.diagnosis.unwrap().evidence;
    assert!(evidence.iter().any(|line| line.contains("decryption-failed")), "{evidence:?}");
    serving.stop().await;
}

/// The same receipt as it arrives where something on its way has turned line ends of its text.
fn with_other_line_ends(mut receipt: BuiltReceipt) -> BuiltReceipt {
    let text = String::from_utf8(receipt.body).unwrap();
    let turned = text.replacen("does not match\r\n", "does not match\n", 1);
    assert_ne!(turned, text);
    receipt.body = turned.into_bytes();
    receipt
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_the_partner_has_signed_decides_whatever_became_of_its_line_ends() {
    let (us, serving, partner, sent) = waiting(ASYNC).await;
    let refusal = Wrong::RefusalInWords("decryption-failed", "Recipient certificate does not match");
    deliver(&serving, &with_other_line_ends(receipt(&partner, &us.certificate, refusal)));
    let found = us.transmission(&sent).await;
    judged(&found, Verdict::Failed, "ggbbm", "Partner could not decrypt");
    assert_eq!((found.receipts, found.deciding_receipt), (1, 1));
    let evidence = found.diagnosis.unwrap().evidence;
    assert!(evidence.iter().any(|line| line.contains("does not match")), "{evidence:?}");
    assert!(evidence.iter().any(|line| line.contains("fits once its line ends")), "{evidence:?}");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receipt_says_that_proves_nothing_outlives_the_deadline() {
    let (us, serving, partner, sent) = waiting(&format!("{ASYNC}\nreceipt_deadline_minutes = 1")).await;
    let refusal = receipt(&partner, &us.certificate, Wrong::StrangersRefusal("decryption-failed"));
    deliver(&serving, &refusal);
    assert_eq!(us.transmission(&sent).await.verdict, Verdict::Pending);
    serving.stop().await;
    let later = countersign::app::Clock::Fixed(sent.at.checked_add(jiff::SignedDuration::from_secs(121)).unwrap());
    let app = crate::exchange::app_on(&us.workspace(), later);
    let overdue = app.transmission(&sent.id.to_string()).await.unwrap();
    judged(&overdue, Verdict::Uncertain, "gmmmm", "No receipt came that proves anything");
    let evidence = overdue.diagnosis.unwrap().evidence;
    let said = evidence.iter().filter(|line| line.contains("decryption-failed")).count();
    assert_eq!((said, evidence.iter().any(|line| line.contains("not the partner's"))), (1, true), "{evidence:?}");
    // And it can be read.
    let kept = app.kept(&sent.id.to_string(), RawPart::Receipt).await.unwrap();
    assert_eq!(std::fs::read(kept.body.unwrap()).unwrap(), refusal.body);
    app.close().await;
}
