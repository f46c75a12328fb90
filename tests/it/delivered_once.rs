//! An order is delivered once, also where the program is killed between the inbox and its answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use base64::Engine as _;
use countersign::domain::algorithm::{Encryption, Signing};
use countersign::domain::repetition::COPIED;
use countersign::domain::transmission::Verdict;

use crate::exchange::{Answered, DOCUMENT, PATIENCE, Partner, Us, post};
use crate::running::Running;

/// So often it is tried to kill the program in time: it needs a few milliseconds for what is left to be done.
const TRIES: usize = 100;

/// The program as a process of its own, receiving into the inbox.
fn serving(us: &Us) -> (Running, String) {
    us.serve_apart(&["--inbox", us.path("inbox").to_str().unwrap()])
}

/// What has its name in the inbox.
fn orders(us: &Us) -> Vec<String> {
    us.inbox().into_iter().filter(|name| !name.starts_with('.')).collect()
}

/// Posts a message, and says whether there was an answer.
fn is_answered(url: &str, headers: &[(String, String)], body: &[u8]) -> bool {
    let place = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut request = format!("POST /as2 HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(place).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).and_then(|()| stream.write_all(body)).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    answer.starts_with(b"HTTP/1.1 ")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_delivered_once_though_the_program_is_killed_before_it_has_answered() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    for number in 0..TRIES {
        let id = format!("<killed-{number}@partner>");
        let document = format!("{DOCUMENT}{number}");
        let (headers, body) = Partner::message(&us.certificate, &id, document.as_bytes(), &[]);
        let before = orders(&us).len();
        let (mut program, url) = serving(&us);
        let sending = {
            let (url, headers, body) = (url.clone(), headers.clone(), body.clone());
            let send = move || is_answered(&url, &headers, &body);
            thread::Builder::new().name("partner".to_owned()).spawn(send).unwrap()
        };
        while orders(&us).len() == before && !sending.is_finished() {
            thread::yield_now();
        }
        program.kill().unwrap();
        program.wait().unwrap();
        let was_answered = sending.join().unwrap();
        assert_eq!(orders(&us).len(), before + 1);
        if was_answered {
            continue;
        }
        // It is in the inbox, nobody was told so, and the journal does not know how it ended.
        let (mut program, url) = serving(&us);
        for _ in 0..2 {
            let answered = post(&url, &headers, &body);
            assert!(answered.status == 200 && String::from_utf8_lossy(&answered.body).contains("; processed"));
            assert_eq!(orders(&us).len(), before + 1, "{:?}", us.inbox());
        }
        program.kill().unwrap();
        program.wait().unwrap();
        assert_eq!(us.inbox(), orders(&us), "nothing else is left there");
        let journal = us.journal().await;
        let came: Vec<_> = journal.iter().filter(|each| each.message_id == id).collect();
        if came.iter().all(|each| each.cause() != Some("Delivered, not answered")) {
            // It was killed between the journal's last word and the answer's first byte.
            continue;
        }
        assert_eq!(came.len(), 3);
        assert!(came.iter().all(|each| each.verdict == Verdict::Received));
        assert_eq!(came.iter().filter(|each| each.cause() == Some("Delivered, not answered")).count(), 1);
        let worked_on = came.iter().find(|each| each.cause() == Some("Received")).unwrap();
        assert!(worked_on.diagnosis.as_ref().unwrap().explanation.contains("nothing was delivered twice"));
        return;
    }
    panic!("it has always answered before it could be killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_on_its_way_and_comes_under_another_message_id_is_not_delivered_again() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let serving = us.serve().await;
    let (headers, body) = Partner::message(&us.certificate, "<first@partner>", DOCUMENT.as_bytes(), &[]);
    let under = |id: &str, more: &[(&str, &str)]| -> Vec<(String, String)> {
        let mut headers = headers.clone();
        for (name, value) in more.iter().chain([&("Message-ID", id)]) {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            headers.push(((*name).to_owned(), (*value).to_owned()));
        }
        headers
    };
    let said = |answered: &Answered| String::from_utf8_lossy(&answered.body).into_owned();
    let first = said(&post(&serving.url, &headers, &body));
    assert!(first.contains("; processed\r\n"), "{first}");
    let mic = first.lines().find(|line| line.starts_with("Received-Content-MIC")).unwrap().to_owned();

    // As it is, in base64, and with bytes behind its structure: it is the same message each time.
    let base64 = base64::engine::general_purpose::STANDARD.encode(&body).into_bytes();
    let mut longer = body.clone();
    longer.extend_from_slice(b"\0\0");
    let copies = [
        ("<copy-1@anybody>", under("<copy-1@anybody>", &[]), &body),
        ("<copy-2@anybody>", under("<copy-2@anybody>", &[("Content-Transfer-Encoding", "base64")]), &base64),
        ("<copy-3@anybody>", under("<copy-3@anybody>", &[]), &longer),
    ];
    for (id, headers, body) in &copies {
        let answer = said(&post(&serving.url, headers, body));
        assert!(answer.contains("; processed/warning: duplicate-document"), "{id}: {answer}");
        assert!(answer.contains(&mic) && answer.contains(id), "{id}: {answer}");
    }
    // A copy that comes again is a repetition, with the answer that it got.
    let again = said(&post(&serving.url, &copies[0].1, copies[0].2));
    assert!(again.contains("; processed/warning: duplicate-document"), "{again}");
    assert_eq!(orders(&us), ["order.edi"]);
    let journal = us.journal().await;
    let original = journal.iter().find(|each| each.message_id == "<first@partner>").unwrap();
    for (id, ..) in &copies {
        let copy = journal.iter().find(|each| each.message_id == *id && each.cause() == Some(COPIED)).unwrap();
        assert_eq!((copy.verdict, copy.delivery.is_none()), (Verdict::Received, true));
        assert!(copy.diagnosis.as_ref().unwrap().explanation.contains(&original.id.to_string()));
        assert!(!us.files(copy).contains(&"payload".to_owned()), "{:?}", us.files(copy));
    }
    serving.stop().await;
    // Another program knows it too.
    let serving = us.serve().await;
    let headers = under("<copy-4@anybody>", &[]);
    assert!(said(&post(&serving.url, &headers, &body)).contains("; processed/warning: duplicate-document"));
    assert_eq!(orders(&us), ["order.edi"]);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_come_at_once_are_delivered_once() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let serving = us.serve().await;
    let (headers, body) = Partner::message(&us.certificate, "<0@x>", DOCUMENT.as_bytes(), &[]);
    let posts: Vec<_> = (0..12)
        .map(|number| {
            let (url, mut headers, body) = (serving.url.clone(), headers.clone(), body.clone());
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Message-ID"));
            headers.push(("Message-ID".to_owned(), format!("<{number}@x>")));
            tokio::task::spawn_blocking(move || post(&url, &headers, &body).status)
        })
        .collect();
    for each in posts {
        assert_eq!(each.await.unwrap(), 200);
    }
    assert_eq!(orders(&us), ["order.edi"]);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_document_is_delivered_as_often_as_it_is_sent() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "require = \"none\"").await;
    let serving = us.serve().await;
    for number in 0..3 {
        // Encrypted anew each time, and three times the very same bytes without encryption, signed and not.
        let (headers, body) = Partner::message(&us.certificate, &format!("<{number}@p>"), DOCUMENT.as_bytes(), &[]);
        assert!(String::from_utf8_lossy(&post(&serving.url, &headers, &body).body).contains("; processed\r\n"));
        for signing in [Signing::None, Signing::Sha256] {
            let plain = Partner::message_as(&us.certificate, "<same@p>", DOCUMENT.as_bytes(), &[], |profile| {
                (profile.encryption, profile.signing) = (Encryption::None, signing);
            });
            for again in 0..2 {
                let id = format!("<{number}-{again}-{signing}@p>");
                let mut headers = plain.0.clone();
                headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Message-ID"));
                headers.push(("Message-ID".to_owned(), id));
                let answer = post(&serving.url, &headers, &plain.1);
                assert!(String::from_utf8_lossy(&answer.body).contains("; processed\r\n"), "{answer:?}");
            }
        }
    }
    assert_eq!(orders(&us).len(), 3 + 3 * 2 * 2);
    serving.stop().await;
}
