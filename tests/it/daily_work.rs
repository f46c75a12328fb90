//! Daily work: files of the outbox, and attempts that follow by themselves with the same bytes.

use std::fs;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::app::{Clock, ServeEvent};
use countersign::domain::transmission::{Transmission, Verdict};
use jiff::SignedDuration;

use crate::exchange::{DOCUMENT, Partner, Received, Serving, Us, Wrong, app_on};

/// Puts a file into the outbox.
fn put(us: &Us, place: &str, name: &str) {
    let folder = us.path("outbox").join(place);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), DOCUMENT).unwrap();
}

/// The first transmission, once it is there.
async fn first(us: &Us) -> Transmission {
    let begun = std::time::Instant::now();
    loop {
        if let Some(found) = us.journal().await.pop() {
            return found;
        }
        assert!(begun.elapsed() < crate::exchange::PATIENCE, "nothing was taken from the outbox");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Whether the first answer to each request is one that decides.
fn partner(us: &Us, answers: &'static [&'static str]) -> Partner {
    let (certificate, count) = (us.certificate.clone(), AtomicUsize::new(0));
    Partner::start(move |received: &Received, stream: &mut TcpStream| {
        match answers.get(count.fetch_add(1, Ordering::SeqCst)) {
            Some(&"drop") => {}
            Some(status) => Partner::answer(stream, status, &[], b""),
            None => {
                let receipt = received.receipt(&certificate, Wrong::Nothing);
                Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
            }
        }
    })
}

/// Changes something in the database of a workspace that nobody has open.
async fn behind_its_back(us: &Us, statement: &'static str) {
    let database = format!("sqlite:{}", us.workspace().join("countersign.sqlite").display());
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&database).await.unwrap();
    sqlx::raw_sql(statement).execute(&pool).await.unwrap();
    pool.close().await;
}

/// When the one thing is due that has to be done.
async fn due_at(us: &Us) -> i64 {
    let database = format!("sqlite:{}", us.workspace().join("countersign.sqlite").display());
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&database).await.unwrap();
    let (at,): (i64,) =
        sqlx::query_as("SELECT at_ns FROM duties WHERE kind = 'attempt'").fetch_one(&pool).await.unwrap();
    pool.close().await;
    at
}

/// A program that runs so many minutes after a transmission was journalled.
async fn later(us: &Us, sent: &Transmission, minutes: i64) -> Serving {
    let at = sent.at.checked_add(SignedDuration::from_mins(minutes)).unwrap();
    Serving::start(app_on(&us.workspace(), Clock::Fixed(at)), us.path("inbox"), None).await
}

/// Has such a program run for so many milliseconds, in which it does what is due.
async fn for_a_moment(us: &Us, sent: &Transmission, minutes: i64, milliseconds: u64) {
    let serving = later(us, sent, minutes).await;
    tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_outbox_is_sent_and_moved_once_it_was_delivered_and_what_cannot_be_sent_stays() {
    let us = Us::new().await;
    let partner = partner(&us, &[]);
    us.connect(&partner.url, "").await;
    let told = std::sync::Arc::new(Mutex::new(Vec::new()));
    let heard = std::sync::Arc::clone(&told);
    let serving = Serving::telling(us.app.clone(), us.path("inbox"), Some(us.path("outbox")), move |event| {
        if let ServeEvent::Outbox { file, reason } = event {
            heard.lock().unwrap().push((file, reason));
        }
    })
    .await;
    put(&us, "partner/production", "order.edi");
    put(&us, "partner/production", "order.edi.part");
    put(&us, "nobody/production", "lost.edi");
    put(&us, "partner/test", "no-profile.edi");
    let sent = first(&us).await;
    us.settled(&sent, Verdict::Delivered).await;
    let got = partner.got(1).await.remove(0);
    assert_eq!(got.opened(&us.certificate).0, DOCUMENT.as_bytes());
    let outbox = us.path("outbox");
    crate::exchange::wait_until("the file was moved, and the others told of", || {
        outbox.join("partner/production/sent/order.edi").exists() && told.lock().unwrap().len() == 2
    })
    .await;
    // What is told is the folder, which is the outbox of nobody.
    for (place, name, word) in [("nobody/production", "lost.edi", "nobody"), ("partner/test", "no-profile.edi", "test")]
    {
        assert_eq!(fs::read_to_string(outbox.join(place).join(name)).unwrap(), DOCUMENT);
        let told = told.lock().unwrap();
        let folder = outbox.join(place).canonicalize().unwrap();
        let reason = told.iter().find(|(file, _)| *file == folder).map(|(_, reason)| reason);
        assert!(reason.is_some_and(|reason| reason.contains(word)), "{told:?}");
    }
    serving.stop().await;
    let mut left: Vec<_> =
        fs::read_dir(outbox.join("partner/production")).unwrap().map(|each| each.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["order.edi.part", "sent"]);
    assert_eq!((us.journal().await.len(), told.lock().unwrap().len()), (1, 2), "each is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_follow_with_the_same_bytes_until_somebody_has_decided() {
    let us = Us::new().await;
    let partner = partner(&us, &["drop", "500 Trouble", "503 Busy"]);
    us.connect(&partner.url, "timeout_seconds = 5").await;
    let serving = us.serve().await;
    put(&us, "partner/production", "order.edi");
    let sent = first(&us).await;
    let once = us.until(&sent, |found| found.attempts.len() == 1).await;
    assert_eq!((once.verdict, once.attempts[0].verdict), (Verdict::Uncertain, Verdict::Uncertain));
    let next = once.next_attempt.unwrap();
    assert_eq!((next.as_second() - once.at.as_second() + 30) / 60, 5, "five minutes after the end of the first");
    serving.stop().await;
    for (minutes, attempts, verdict) in [(6, 2, Verdict::Queued), (20, 3, Verdict::Queued), (60, 4, Verdict::Delivered)]
    {
        let serving = later(&us, &sent, minutes).await;
        let found = us.until(&sent, |found| found.attempts.len() == attempts).await;
        assert_eq!(found.verdict, verdict, "{found:#?}");
        serving.stop().await;
    }
    let received = partner.received();
    assert_eq!(received.len(), 4);
    for each in &received {
        assert_eq!((&each.body, each.header("Message-ID")), (&received[0].body, Some(sent.message_id.as_str())));
    }
    let settled = us.transmission(&sent).await;
    let numbers: Vec<u32> = settled.attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!((numbers.as_slice(), settled.next_attempt), (&[1, 2, 3, 4][..], None));
    // Nothing is due any more.
    for_a_moment(&us, &sent, 3000, 300).await;
    assert_eq!(partner.received().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_is_never_sent_again_and_attempts_end() {
    for (answers, settings, attempts, verdict) in [
        (&["404 Not Found"][..], "retries = 3", 1, Verdict::Failed),
        (&["401 Unauthorized"][..], "retries = 3", 1, Verdict::Failed),
        (&["200 OK"][..], "retries = 3", 1, Verdict::Uncertain),
        (&["408 Timeout", "500 Trouble"][..], "retries = 1", 2, Verdict::Failed),
        (&["503 Busy"][..], "retries = 0", 1, Verdict::Failed),
        // What the first attempt handed over may have arrived, whatever becomes of those that follow.
        (&["drop", "503 Busy"][..], "retries = 1", 2, Verdict::Uncertain),
        (&["drop", "404 Not Found"][..], "retries = 3", 2, Verdict::Uncertain),
    ] {
        let us = Us::new().await;
        let partner = partner(&us, answers);
        us.connect(&partner.url, settings).await;
        let serving = us.serve().await;
        put(&us, "partner/production", "order.edi");
        let sent = first(&us).await;
        us.until(&sent, |found| found.attempts.len() == 1).await;
        serving.stop().await;
        for minutes in [6, 20, 60, 200] {
            for_a_moment(&us, &sent, minutes, 150).await;
        }
        let found = us.transmission(&sent).await;
        assert_eq!((found.attempts.len(), found.verdict, found.next_attempt), (attempts, verdict, None), "{answers:?}");
        assert_eq!(partner.received().len(), attempts, "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_send_is_never_repeated_by_itself() {
    let us = Us::new().await;
    let partner = partner(&us, &["503 Busy"]);
    us.connect(&partner.url, "retries = 3").await;
    let sent = us.send().await;
    assert_eq!((sent.verdict, sent.next_attempt), (Verdict::Failed, None));
    for_a_moment(&us, &sent, 30, 150).await;
    assert_eq!(partner.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_program_was_sending_is_sent_again_with_the_same_bytes_and_never_as_new() {
    let us = Us::new().await;
    let (certificate, count) = (us.certificate.clone(), AtomicUsize::new(0));
    let partner = Partner::start(move |received, stream| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            // It has the message, and its sender is killed while it waits for the answer.
            std::thread::sleep(std::time::Duration::from_secs(120));
        }
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&partner.url, "timeout_seconds = 100").await;
    put(&us, "partner/production", "order.edi");
    us.app.close().await;
    let outbox = us.path("outbox");
    let (mut program, _) = us.serve_apart(&["--outbox", outbox.to_str().unwrap()]);
    partner.got(1).await;
    program.kill().unwrap();
    program.wait().unwrap();

    let sent = first(&us).await;
    let found = us.transmission(&sent).await;
    assert_eq!((found.verdict, found.attempts.len()), (Verdict::Uncertain, 1), "{found:#?}");
    assert!(found.next_attempt.is_some());
    us.app.close().await;
    let serving = later(&us, &sent, 15).await;
    let settled = us.settled(&sent, Verdict::Delivered).await;
    serving.stop().await;
    let received = partner.received();
    assert_eq!((received.len(), settled.attempts.len(), us.journal().await.len()), (2, 2, 1));
    assert_eq!((&received[0].body, &received[0].headers), (&received[1].body, &received[1].headers));
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_47_a_partner_who_refuses_repetitions_gets_a_new_message_id_and_the_same_bytes() {
    let us = Us::new().await;
    let kept = std::sync::Arc::new(Mutex::new(Vec::new()));
    let (late, count) = (std::sync::Arc::clone(&kept), AtomicUsize::new(0));
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received, stream| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            Partner::answer(stream, "503 Busy", &[], b"");
        } else {
            late.lock().unwrap().push(received.receipt(&certificate, Wrong::Nothing));
            Partner::answer(stream, "202 Accepted", &[], b"");
        }
    });
    let settings = "mdn = \"async-signed\"\nmdn_url = \"http://127.0.0.1:9/\"\n\
                    [production.quirks]\nnew_message_id_on_retry = true";
    us.connect(&partner.url, settings).await;
    let serving = us.serve().await;
    put(&us, "partner/production", "order.edi");
    let sent = first(&us).await;
    us.until(&sent, |found| found.attempts.len() == 1).await;
    serving.stop().await;
    let serving = later(&us, &sent, 6).await;
    us.settled(&sent, Verdict::Pending).await;
    let received = partner.received();
    let ids: Vec<_> = received.iter().map(|each| each.header("Message-ID").unwrap().to_owned()).collect();
    assert_eq!((&ids[0], ids[1].replace(".2@", "@")), (&sent.message_id, sent.message_id.clone()));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(received[0].body, received[1].body);
    let receipt = kept.lock().unwrap().pop().unwrap();
    assert_eq!(crate::exchange::post(&serving.url, &receipt.headers, &receipt.body).status, 200);
    assert_eq!(us.transmission(&sent).await.verdict, Verdict::Delivered, "its receipt leads back to it");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_cannot_be_read_for_a_while_ends_no_daily_work() {
    let us = Us::new().await;
    let partner = partner(&us, &["503 Busy"]);
    us.connect(&partner.url, "").await;
    let serving = us.serve().await;
    put(&us, "partner/production", "order.edi");
    let sent = first(&us).await;
    us.until(&sent, |found| found.attempts.len() == 1).await;
    serving.stop().await;
    us.app.close().await;
    behind_its_back(&us, "UPDATE connections SET document = '{' || document").await;
    let planned = due_at(&us).await;
    let serving = later(&us, &sent, 6).await;
    let begun = std::time::Instant::now();
    while due_at(&us).await == planned {
        assert!(begun.elapsed() < crate::exchange::PATIENCE, "it was not put off");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    serving.stop().await;
    behind_its_back(&us, "UPDATE connections SET document = substr(document, 2)").await;
    let found = us.transmission(&sent).await;
    assert_eq!((found.verdict, found.attempts.len()), (Verdict::Queued, 1), "{found:#?}");
    us.app.close().await;
    // It was put off by five minutes, so that others have their turn.
    let serving = later(&us, &sent, 8).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    serving.stop().await;
    assert_eq!(partner.received().len(), 1);
    let serving = later(&us, &sent, 12).await;
    us.settled(&sent, Verdict::Delivered).await;
    serving.stop().await;
    assert_eq!(partner.received().len(), 2);
}
