//! An order is delivered once, also where the program is killed between the inbox and its answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::thread;

use countersign::domain::transmission::Verdict;

use crate::exchange::{DOCUMENT, PATIENCE, Partner, Us, post};

/// So often it is tried to kill the program in time: it needs a few milliseconds for what is left to be done.
const TRIES: usize = 30;

/// The program as a process of its own, receiving into the inbox.
fn serving(us: &Us) -> (Child, String) {
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
        assert_eq!(came.len(), 3);
        assert!(came.iter().all(|each| each.verdict == Verdict::Received));
        assert_eq!(came.iter().filter(|each| each.cause() == Some("Delivered, not answered")).count(), 1);
        let worked_on = came.iter().find(|each| each.cause() == Some("Received")).unwrap();
        assert!(worked_on.diagnosis.as_ref().unwrap().explanation.contains("nothing was delivered twice"));
        return;
    }
    panic!("it has always answered before it could be killed");
}
