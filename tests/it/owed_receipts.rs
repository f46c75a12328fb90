//! Asynchronous receipts that we owe, over real sockets.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use countersign::domain::transmission::{Transmission, Verdict};

use crate::asynchronous::accepts;
use crate::exchange::{DOCUMENT, Partner, Serving, Us, post, read_answer, request};

fn asks<'a>(whither: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut headers = vec![("Receipt-Delivery-Option", whither)];
    headers.extend_from_slice(more);
    headers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_we_owe_is_posted_after_the_answer_and_again_for_a_repetition() {
    let us = Us::new().await;
    // Where the first answer comes in, while nobody has read it.
    let asking: Arc<Mutex<Option<TcpStream>>> = Arc::default();
    let (unread, was_there) = (Arc::clone(&asking), Arc::new(AtomicBool::new(false)));
    let seen = Arc::clone(&was_there);
    let partner = Partner::start(move |received, stream| {
        if let Some(first) = unread.lock().unwrap().take() {
            seen.store(first.peek(&mut [0]).is_ok_and(|bytes| bytes == 1), Ordering::SeqCst);
        }
        accepts(received, stream);
    });
    us.connect(&partner.url, "").await;
    let serving = us.serve().await;
    let (headers, body) =
        Partner::message(&us.certificate, "<order-1@partner>", DOCUMENT.as_bytes(), &asks(&partner.url, &[]));
    let mut stream = TcpStream::connect(serving.url.trim_start_matches("http://").trim_end_matches("/as2")).unwrap();
    let peeking = stream.try_clone().unwrap();
    peeking.set_nonblocking(true).unwrap();
    *asking.lock().unwrap() = Some(peeking);
    stream.write_all(&request(&headers, &body)).unwrap();
    let posted = partner.got(1).await.remove(0);
    assert!(was_there.load(Ordering::SeqCst), "the answer is on its way before the receipt's connection is made");
    stream.set_nonblocking(false).unwrap();
    let answered = read_answer(&mut BufReader::new(stream), false);
    assert_eq!((answered.status, answered.body.len()), (204, 0));
    assert_eq!(posted.header("AS2-From"), Some("US"));
    let text = String::from_utf8_lossy(&posted.body).into_owned();
    assert!(text.contains("Original-Message-ID: <order-1@partner>") && text.contains("pkcs7-signature"), "{text}");
    assert_eq!(us.inbox(), ["order.edi"]);
    let journal = us.journal().await;
    assert_eq!((journal[0].verdict, journal[0].http_status), (Verdict::Received, Some(204)));
    let told = us.until(&journal[0], |found| !found.diagnosis.as_ref().unwrap().evidence.is_empty()).await;
    assert!(told.diagnosis.unwrap().evidence[0].contains("HTTP 204"));
    assert_eq!(us.kept(&journal[0], "receipt.body"), posted.body);
    let head = String::from_utf8(us.kept(&journal[0], "receipt.head")).unwrap();
    assert!(head.starts_with(&format!("POST {} HTTP/1.1\r\n", partner.url)), "{head}");

    for times in 2..=4 {
        let again = post(&serving.url, &headers, &body);
        assert_eq!(again.status, 204);
        let posted = partner.got(times).await;
        assert_eq!(posted[0].body, posted[times - 1].body, "the first receipt, byte by byte");
    }
    assert_eq!(us.inbox(), ["order.edi"], "nothing is delivered twice");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_not_taken_is_posted_again_with_the_same_bytes_also_by_another_program() {
    let us = Us::new().await;
    let partner = Partner::start(accepts);
    us.connect(&partner.url, "").await;
    let failing = Mutex::new(3);
    let receiver = Partner::start(move |_, stream| {
        let mut left = failing.lock().unwrap();
        let status = if *left > 0 { "503 Busy" } else { "200 OK" };
        *left -= 1;
        Partner::answer(stream, status, &[], b"");
    });
    let serving = us.serve().await;
    let (headers, body) =
        Partner::message(&us.certificate, "<order-2@partner>", DOCUMENT.as_bytes(), &asks(&receiver.url, &[]));
    assert_eq!(post(&serving.url, &headers, &body).status, 204);
    receiver.got(1).await;
    let first = us.journal().await.remove(0);
    us.until(&first, |found| found.stages.iter().any(|stage| stage.detail.contains("posted again at"))).await;
    serving.stop().await;
    // Each a program of its own, later: 5, 15 and 35 minutes after the first.
    for (round, minutes) in [(2, 6), (3, 20), (4, 50)] {
        let at = first.at.checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap();
        let app = crate::exchange::app_on(&us.workspace(), countersign::app::Clock::Fixed(at));
        let serving = Serving::start(app, us.path("inbox"), None).await;
        receiver.got(round).await;
        serving.stop().await;
    }
    let received = receiver.received();
    assert_eq!(received.len(), 4);
    assert!(received.iter().all(|each| each.body == received[0].body && each.headers == received[0].headers));
    let told = us.transmission(&first).await;
    assert!(told.diagnosis.unwrap().evidence.iter().any(|line| line.contains("HTTP 200")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_cannot_be_posted_goes_into_the_answer_and_strangers_name_no_address() {
    let us = Us::new().await;
    let partner = Partner::start(accepts);
    us.connect(&partner.url, "").await;
    let serving = us.serve().await;
    let (headers, body) =
        Partner::message(&us.certificate, "<order-3@partner>", b"x", &asks("mailto:edi@partner.example", &[]));
    let answered = post(&serving.url, &headers, &body);
    assert!(answered.status == 200 && String::from_utf8_lossy(&answered.body).contains("processed"));
    let journal = us.journal().await;
    assert!(journal[0].diagnosis.as_ref().unwrap().evidence[0].contains("Receipt-Delivery-Option"));

    for unknown in [("AS2-From", "NOBODY"), ("AS2-To", "NOBODY")] {
        let extra = asks(&partner.url, &[unknown]);
        let (headers, body) = Partner::message(&us.certificate, "<order-4@partner>", b"x", &extra);
        let answered = post(&serving.url, &headers, &body);
        let text = String::from_utf8_lossy(&answered.body).into_owned();
        assert_eq!(answered.status, 200);
        assert!(text.contains("unknown-trading-relationship") && !text.contains("pkcs7-signature"), "{text}");
    }
    serving.stop().await;
    assert!(partner.received().is_empty(), "nothing was posted to where a stranger pointed");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_not_proved_to_be_the_partner_does_not_choose_where_a_receipt_is_posted() {
    let us = Us::new().await;
    let partner = Partner::start(accepts);
    us.connect(&partner.url, "").await;
    let serving = us.serve().await;
    // Another host than that of the profile, which anybody can name who knows two identifiers.
    let elsewhere = partner.url.replace("127.0.0.1", "localhost");
    let (headers, _) = Partner::message(&us.certificate, "<order-6@partner>", b"x", &asks(&elsewhere, &[]));
    let answered = post(&serving.url, &headers, b"junk");
    let text = String::from_utf8_lossy(&answered.body).into_owned();
    assert!(answered.status == 200 && text.contains("/error: ") && text.contains("<order-6@partner>"), "{text}");
    let journal = us.journal().await;
    let evidence = &journal[0].diagnosis.as_ref().unwrap().evidence;
    assert!(evidence.iter().any(|line| line.contains("localhost is not the partner's server")), "{evidence:?}");
    assert!(partner.received().is_empty());

    // To the partner's own server a refusal is posted too.
    let (headers, _) = Partner::message(&us.certificate, "<order-7@partner>", b"x", &asks(&partner.url, &[]));
    assert_eq!(post(&serving.url, &headers, b"junk").status, 204);
    let posted = partner.got(1).await;
    assert!(String::from_utf8_lossy(&posted[0].body).contains("<order-7@partner>"));
    serving.stop().await;
    assert_eq!(partner.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn not_even_the_partner_has_us_post_to_what_only_we_can_reach() {
    let us = Us::new().await;
    // Something of ours, that nobody else gets at.
    let ours = Partner::start(accepts);
    us.connect("https://partner.example/as2", "").await;
    let serving = us.serve().await;
    let port = ours.url.trim_start_matches("http://127.0.0.1:").trim_end_matches("/as2").to_owned();
    let forms = ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"];
    for (number, host) in forms.iter().enumerate() {
        let whither = format!("http://{host}:{port}/admin/shutdown?x=1");
        let id = format!("<inside-{number}@partner>");
        let (headers, body) = Partner::message(&us.certificate, &id, DOCUMENT.as_bytes(), &asks(&whither, &[]));
        let answered = post(&serving.url, &headers, &body);
        let text = String::from_utf8_lossy(&answered.body).into_owned();
        assert!(answered.status == 200 && text.contains("; processed\r\n"), "{host}: {text}");
        let journal = us.journal().await;
        let evidence = &journal[0].diagnosis.as_ref().unwrap().evidence;
        let told = "inside of our own network";
        assert!(
            evidence.iter().any(|line| line.contains(told) && line.contains("receipt_hosts")),
            "{host}: {evidence:?}"
        );
    }
    serving.stop().await;
    assert!(ours.received().is_empty());

    // Where the profile names it, it is the partner's: a tunnel or a proxy of ours may be before it.
    us.connect("https://partner.example/as2", "[production.quirks]\nreceipt_hosts = [\"localhost\"]").await;
    let serving = us.serve().await;
    let named = format!("http://localhost:{port}/as2");
    let (headers, body) = Partner::message(&us.certificate, "<named@partner>", b"x", &asks(&named, &[]));
    assert_eq!(post(&serving.url, &headers, &body).status, 204);
    ours.got(1).await;
    serving.stop().await;
}

/// A partner to whom a receipt could not be posted, which is journalled and due again; nothing runs.
async fn owed() -> (Us, Partner, Transmission) {
    let us = Us::new().await;
    let failing = Partner::start(|_, stream| Partner::answer(stream, "503 Busy", &[], b""));
    us.connect(&failing.url, "").await;
    let serving = us.serve().await;
    let (headers, body) = Partner::message(&us.certificate, "<later@partner>", b"x", &asks(&failing.url, &[]));
    assert_eq!(post(&serving.url, &headers, &body).status, 204);
    failing.got(1).await;
    let first = us.journal().await.remove(0);
    us.until(&first, |found| found.stages.iter().any(|stage| stage.detail.contains("posted again at"))).await;
    serving.stop().await;
    (us, failing, first)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_owed_goes_inside_only_as_long_as_the_profile_names_it() {
    let (us, failing, first) = owed().await;
    // The partner has moved since.
    us.connect("https://partner.example/as2", "").await;
    let at = first.at.checked_add(jiff::SignedDuration::from_mins(6)).unwrap();
    let app = crate::exchange::app_on(&us.workspace(), countersign::app::Clock::Fixed(at));
    let serving = Serving::start(app, us.path("inbox"), None).await;
    us.until(&first, |found| found.stages.iter().any(|stage| stage.detail.contains("inside of our own network"))).await;
    serving.stop().await;
    assert_eq!(failing.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_has_the_receipt_posted_where_the_first_wanted_it() {
    let us = Us::new().await;
    let (partner, elsewhere) = (Partner::start(accepts), Partner::start(accepts));
    us.connect(&partner.url, "").await;
    let serving = us.serve().await;
    let bracketed = format!("<{}>", partner.url);
    let (headers, body) = Partner::message(&us.certificate, "<order-8@partner>", b"x", &asks(&bracketed, &[]));
    assert_eq!(post(&serving.url, &headers, &body).status, 204);
    partner.got(1).await;
    for (times, whither) in [(2, elsewhere.url.as_str()), (3, "")] {
        let (headers, _) = Partner::message(&us.certificate, "<order-8@partner>", b"x", &asks(whither, &[]));
        assert_eq!(post(&serving.url, &headers, b"junk").status, 204);
        assert_eq!(partner.got(times).await.len(), times);
    }
    serving.stop().await;
    assert!(elsewhere.received().is_empty(), "the first did not ask for that address");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_message_insists_on_and_cannot_have_is_a_failure() {
    let us = Us::new().await;
    let partner = Partner::start(accepts);
    us.connect(&partner.url, "").await;
    let serving = us.serve().await;
    for (options, disposition) in [
        ("signed-receipt-protocol=required, pgp-signature", "failed/failure: unsupported format"),
        ("signed-receipt-protocol=optional, pkcs7-signature; foo=required, bar", "failed/failure: unsupported format"),
        (
            "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=required, md5, whirlpool",
            "failed/failure: unsupported MIC-algorithms",
        ),
    ] {
        let extra = [("Disposition-Notification-Options", options)];
        let (headers, body) = Partner::message(&us.certificate, "<order-5@partner>", b"x", &extra);
        let answered = post(&serving.url, &headers, &body);
        assert_eq!(answered.status, 200);
        assert!(String::from_utf8_lossy(&answered.body).contains(disposition), "{disposition}");
    }
    // Asked for in a way that can be met, the same Message-ID is processed anew.
    let (headers, body) = Partner::message(&us.certificate, "<order-5@partner>", b"x", &[]);
    post(&serving.url, &headers, &body);
    assert_eq!(us.inbox(), ["order.edi"]);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_11_a_receipt_for_an_unsigned_message_goes_to_the_hosts_that_the_profile_names() {
    for (hosts, status) in [("", 200), ("receipt_hosts = [\"LOCALHOST\"]", 204)] {
        let us = Us::new().await;
        let partner = Partner::start(accepts);
        let settings = format!("require = \"none\"\n[production.quirks]\n{hosts}");
        us.connect(&partner.url, &settings).await;
        let serving = us.serve().await;
        let long = format!("{}?for={}", partner.url.replace("127.0.0.1", "localhost"), "x".repeat(200));
        let plain = [
            ("AS2-From", "PARTNER"),
            ("AS2-To", "US"),
            ("Message-ID", "<q11@partner>"),
            ("Content-Type", "application/edi-x12"),
            ("Disposition-Notification-To", "edi@partner.example"),
            ("RECEIPT-delivery-option", long.as_str()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(post(&serving.url, &plain, b"ISA*00*~").status, status, "{hosts}");
        if status == 204 {
            let posted = partner.got(1).await;
            assert!(String::from_utf8_lossy(&posted[0].body).contains("Original-Message-ID: <q11@partner>"));
        } else {
            let journal = us.journal().await;
            let evidence = &journal[0].diagnosis.as_ref().unwrap().evidence;
            assert!(evidence.iter().any(|line| line.contains("`quirks.receipt_hosts`")), "{evidence:?}");
        }
        serving.stop().await;
        assert_eq!(partner.received().len(), usize::from(status == 204));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_owed_does_not_wait_until_a_clock_that_was_set_back_is_where_it_was() {
    let (us, failing, first) = owed().await;
    // Ten years too late, or a day: by its own clock the program would wait as long.
    for (times, days) in [(2, 1), (3, 3_650)] {
        let at = first.at.checked_sub(jiff::SignedDuration::from_hours(24 * days)).unwrap();
        let app = crate::exchange::app_on(&us.workspace(), countersign::app::Clock::Fixed(at));
        let serving = Serving::start(app, us.path("inbox"), None).await;
        failing.got(times).await;
        serving.stop().await;
    }
}
