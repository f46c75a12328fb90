//! What a partner can do wrong, over real sockets: each gets its verdict and its diagnosis, and nothing is lost.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use countersign::domain::transmission::Verdict;

use crate::exchange::{DOCUMENT, Partner, Received, Us, Wrong, judged, post, post_raw};

/// One message to a partner that does this; the program's own end of it.
async fn sent_to(partner: Partner, settings: &str) -> (Us, countersign::domain::transmission::Transmission, Partner) {
    let us = Us::new().await;
    us.connect(&partner.url, settings).await;
    let sent = us.send().await;
    assert!(!sent.diagnosis.as_ref().unwrap().explanation.is_empty());
    assert_eq!(us.journal().await, [us.transmission(&sent).await]);
    assert_eq!(us.kept(&sent, "payload"), DOCUMENT.as_bytes(), "whatever became of it, it can be sent again");
    (us, sent, partner)
}

/// Answers as `change` makes of a good answer.
async fn answered(
    change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static,
) -> countersign::domain::transmission::Transmission {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
        for (name, value) in &receipt.headers {
            answer.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        answer.extend_from_slice(format!("Content-Length: {}\r\n\r\n", receipt.body.len()).as_bytes());
        answer.extend_from_slice(&receipt.body);
        stream.write_all(&change(answer)).ok();
        stream.shutdown(Shutdown::Both).ok();
    });
    us.connect(&partner.url, "timeout_seconds = 20").await;
    us.send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_within_the_request_has_failed_and_after_it_is_uncertain() {
    for read in [0_u64, 1, 200, 1200, 2000] {
        let partner = Partner::raw(move |stream, _| {
            stream.take(read).read_to_end(&mut Vec::new()).ok();
            // Closed with bytes unread, it is reset.
            stream.shutdown(Shutdown::Both).ok();
        });
        let (_, sent, _) = sent_to(partner, "").await;
        // A small message is in the system's hands before the partner has read of it: then nobody knows.
        assert!(matches!(sent.verdict, Verdict::Failed | Verdict::Uncertain), "{read}: {sent:#?}");
    }
    // Of a large one the system cannot take all: whatever the partner read, it cannot have the message.
    let us = Us::new().await;
    let random: Vec<u8> =
        (0..24 * 1024 * 1024_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for read in [0_u64, 1000, 100_000, 5_000_000] {
        let partner = Partner::raw(move |stream, _| {
            stream.take(read).read_to_end(&mut Vec::new()).ok();
        });
        us.connect(&partner.url, "").await;
        judged(&us.send_bytes(&random).await, Verdict::Failed, "bmmmm", "Connection lost while sending");
    }
    // Everything was read, and nothing came.
    let (_, sent, _) = sent_to(Partner::start(|_, stream| drop(stream.shutdown(Shutdown::Both))), "").await;
    judged(&sent, Verdict::Uncertain, "mmmmm", "Connection lost while waiting for the answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_cut_at_any_byte_proves_nothing() {
    for kept in [1, 9, 15, 17, 60, 400, 1000] {
        let sent = answered(move |answer| answer[..kept.min(answer.len() - 1)].to_vec()).await;
        assert_eq!(sent.verdict, Verdict::Uncertain, "cut after {kept} bytes: {sent:#?}");
    }
    let sent = answered(|answer| answer[..answer.len() - 1].to_vec()).await;
    assert_eq!(sent.verdict, Verdict::Uncertain, "{sent:#?}");
    assert!(sent.disposition.is_none() && sent.is_half_answered(1), "{sent:#?}");
    assert_eq!(answered(|answer| answer).await.verdict, Verdict::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_an_answer_that_broke_off_is_kept_and_is_no_receipt() {
    let us = Us::new().await;
    let partner = Partner::start(|_, stream| {
        let head = b"HTTP/1.1 200 OK\r\nX-Node: 7\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n";
        stream.write_all(head).unwrap();
        stream.write_all(b"<html>half").unwrap();
        stream.shutdown(Shutdown::Both).ok();
    });
    us.connect(&partner.url, "").await;
    let sent = us.send().await;
    judged(&sent, Verdict::Uncertain, "mmmmm", "Connection lost while waiting for the answer");
    assert_eq!((sent.http_status, us.kept(&sent, "response.body").as_slice()), (Some(200), &b"<html>half"[..]));
    let head = String::from_utf8(us.kept(&sent, "response.head")).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("x-node: 7"), "{head}");
    let evidence = &sent.diagnosis.as_ref().unwrap().evidence;
    let said = "HTTP 200 came, and 10 of 1000 bytes of what follows it, which are kept as the raw answer";
    assert!(evidence.iter().any(|line| line.contains(said)), "{evidence:?}");
    let id = sent.id.to_string();
    let kept = us.app.kept(&id, countersign::app::RawPart::Response).await.unwrap();
    assert_eq!(kept.bytes, 10);
    let none = us.app.kept(&id, countersign::app::RawPart::Receipt).await.unwrap_err();
    assert!(none.to_string().contains("broke off"), "{none}");
    assert!(!us.app.proof(&id).await.unwrap().proven);
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_60_who_says_nothing_in_time_may_have_it() {
    let stalling = Partner::start(|_, _| std::thread::sleep(std::time::Duration::from_secs(6)));
    let (_, sent, _) = sent_to(stalling, "timeout_seconds = 2").await;
    judged(&sent, Verdict::Uncertain, "mmmmm", "No answer in time, the message may have arrived");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_no_receipt() {
    for (status, kind, body, verdict, lights, cause) in [
        ("500 Trouble", "text/plain", "no", Verdict::Failed, "bmmmm", "Partner's server reported an internal error"),
        (
            "200 OK",
            "text/html",
            "<html>Welcome</html>",
            Verdict::Uncertain,
            "gmmmm",
            "A web page came instead of a receipt",
        ),
        ("200 OK", "text/plain", "", Verdict::Uncertain, "gmmmm", "Taken, but no receipt came"),
    ] {
        let partner = Partner::start(move |_, stream| {
            let headers = [("Content-Type".to_owned(), kind.to_owned())];
            Partner::answer(stream, status, &headers, body.as_bytes());
        });
        let (_, sent, _) = sent_to(partner, "").await;
        judged(&sent, verdict, lights, cause);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_that_are_wrong() {
    for (wrong, verdict, lights, cause) in [
        (Wrong::Nothing, Verdict::Delivered, "ggggg", "Delivered and signed for"),
        (Wrong::Tampered, Verdict::Uncertain, "ggbgg", "The receipt's signature is broken"),
        (Wrong::Mic, Verdict::Failed, "ggggb", "The partner has something else than was sent"),
        (Wrong::Unsigned, Verdict::Uncertain, "ggmgg", "The receipt is not signed"),
        (Wrong::OtherMessage, Verdict::Uncertain, "gbgmm", "The receipt is for another message"),
        (Wrong::Refusal("decryption-failed"), Verdict::Failed, "gggbm", "Partner could not decrypt"),
    ] {
        let us = Us::new().await;
        let certificate = us.certificate.clone();
        let partner = Partner::start(move |received, stream| {
            let receipt = received.receipt(&certificate, wrong);
            Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
        });
        us.connect(&partner.url, "").await;
        judged(&us.send().await, verdict, lights, cause);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_who_breaks_off_while_sending_leaves_nothing_in_the_inbox_and_may_send_again() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let serving = us.serve().await;
    let (headers, body) = Partner::message(&us.certificate, "<cut@partner>", DOCUMENT.as_bytes(), &[]);
    let place = serving.url.trim_start_matches("http://").trim_end_matches("/as2").to_owned();
    let mut head = "POST /as2 HTTP/1.1\r\nHost: x\r\n".to_owned();
    for (name, value) in &headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let whole = [head.as_bytes(), &body].concat();
    for kept in [10, head.len() - 1, head.len(), head.len() + 1, whole.len() / 2, whole.len() - 1] {
        let mut stream = TcpStream::connect(&place).unwrap();
        stream.write_all(&whole[..kept]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        BufReader::new(stream).read_to_end(&mut Vec::new()).ok();
        assert!(us.inbox().is_empty(), "cut after {kept} bytes");
    }
    let broken = us.journal().await;
    assert!(broken.iter().all(|each| each.verdict == Verdict::Refused));
    let told = broken[0].diagnosis.as_ref().unwrap();
    assert_eq!(told.cause, "Broken off while it was received");
    assert_eq!(broken[0].connection, Some("partner".parse().unwrap()));
    assert!(told.explanation.contains("came from 127.0.0.1, then the sender closed the connection"), "{told:?}");
    let said = format!("{} bytes of the message came, {} bytes were announced", body.len() - 1, body.len());
    assert!(told.evidence[0].starts_with(&said), "{told:?}");
    assert!(told.remedy[0].starts_with("Wait until it comes again"), "{told:?}");
    let answered = post_raw(&serving.url, &whole);
    assert!(answered.status == 200 && String::from_utf8_lossy(&answered.body).contains("; processed"));
    assert_eq!(us.inbox(), ["order.edi"]);
    assert_eq!(post(&serving.url, &headers, &body).body, answered.body, "the first receipt again");
    assert_eq!(us.inbox(), ["order.edi"]);
    serving.stop().await;
}
