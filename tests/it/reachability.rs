//! Whether our own receiver answers at the address that partners are told: asked over real sockets.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use countersign::domain::reachability::AnsweredBy;
use serde_json::Value;

use crate::exchange::{Partner, Us, post};

/// The command on a workspace, its exit code and its JSON.
fn receiver(us: &Us, arguments: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("receiver")
        .args(arguments)
        .arg("--json")
        .env("COUNTERSIGN_WORKSPACE", us.workspace())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    (output.status.code().unwrap(), serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}")))
}

/// A server that answers everything alike, and what it was asked.
fn server(answer: &'static str) -> Partner {
    Partner::raw(move |stream, _seen| {
        let mut asked = Vec::new();
        let mut piece = [0; 1024];
        while !asked.ends_with(b"\r\n\r\n") {
            match stream.read(&mut piece) {
                Ok(count @ 1..) => asked.extend_from_slice(&piece[..count]),
                _ => return,
            }
        }
        // One that sends back what it was sent is not taken for ours.
        let asked = String::from_utf8_lossy(&asked).into_owned();
        let body = format!("This is an AS2 receiver: post messages to it (RFC 4130)\n{}\n", asked.replace(": ", "\n"));
        let body = if answer.is_empty() { body } else { String::new() };
        let head = if answer.is_empty() { "HTTP/1.1 200 OK\r\n" } else { answer };
        let whole = format!("{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        stream.write_all(whole.as_bytes()).ok();
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_receiver_is_told_from_every_other_server() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let (mut serving, url) = us.serve_apart(&[]);
    // Another program receives; this one asks, and recognises it.
    let came = us.app.check_receiver(&url.parse().unwrap()).await.unwrap();
    assert_eq!((came.answered_by, came.http_status, came.receiving), (AnsweredBy::Ours, Some(200), true), "{came:?}");
    assert!(came.limits.iter().any(|limit| limit.contains("does not prove")), "{came:?}");
    // A partner's message is taken as before, and who looks in learns nothing.
    assert_eq!(post(&url, &[], b"hello").status, 400);
    let mut looks = TcpStream::connect(url.strip_prefix("http://").unwrap().trim_end_matches("/as2")).unwrap();
    let question = "0".repeat(64);
    write!(looks, "GET /as2 HTTP/1.1\r\nHost: x\r\nCountersign-Check: {question}\r\n\r\n").unwrap();
    let mut said = String::new();
    looks.read_to_string(&mut said).unwrap();
    assert!(said.ends_with("\r\n\r\nThis is an AS2 receiver: post messages to it (RFC 4130)\n"), "{said}");
    assert!(!said.contains("PARTNER") && !said.contains("partner"), "{said}");

    // A receiver of another workspace.
    let other = Us::new().await;
    let (code, came) = receiver(&other, &["check", &url]);
    assert_eq!((code, &came["answered_by"]), (1, &"another-receiver".into()), "{came}");
    assert_eq!(came["receiving"], false);
    assert!(came["remedy"][0].as_str().unwrap().starts_with("Start receiving"), "{came}");
    serving.kill().unwrap();
    serving.wait().unwrap();

    // One that sends back what it was sent, one that leads on, one that is no receiver, and none.
    let echo = server("");
    let came = us.app.check_receiver(&echo.url.parse().unwrap()).await.unwrap();
    assert_eq!(came.answered_by, AnsweredBy::AnotherReceiver, "{came:?}");
    let leads_on = server("HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1:1/in?token=s3cret\r\nServer: nginx\r\n");
    let came = us.app.check_receiver(&leads_on.url.parse().unwrap()).await.unwrap();
    assert_eq!((came.answered_by, came.http_status), (AnsweredBy::AnotherServer, Some(301)), "{came:?}");
    assert!(
        came.why.contains("nginx") && came.why.contains("not followed") && !came.why.contains("s3cret"),
        "{came:?}"
    );
    let (code, came) = receiver(&us, &["check", "http://127.0.0.1:1/as2"]);
    assert_eq!((code, &came["answered_by"], &came["http_status"]), (1, &"nobody".into(), &Value::Null), "{came}");
    assert_eq!(came["what"], "The connection was refused");
    // Nothing stays open.
    let database = std::fs::read(us.workspace().join("countersign.sqlite")).unwrap();
    assert!(!database.windows(10).any(|some| some == b"\"question\""), "an open question is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_url_is_checked_when_it_is_set_and_kept() {
    let us = Us::new().await;
    assert_eq!(receiver(&us, &["show"]).1["public_url"], Value::Null);
    assert_eq!(receiver(&us, &["check"]).0, 2, "there is none to ask at");
    for wrong in
        ["as2.acme.example", "ftp://as2.acme.example", "https://0.0.0.0:10080/as2", "https://u:p@as2.acme.example"]
    {
        let (code, said) = receiver(&us, &["set", wrong]);
        assert!(code == 2 && said["hint"].as_str().is_some(), "{wrong}: {said}");
    }
    let url = "https://as2.acme.example/as2";
    assert_eq!(receiver(&us, &["set", url]).1["public_url"], url);
    assert_eq!(receiver(&us, &["show"]).1["public_url"], url);
    assert_eq!(receiver(&us, &["set", "none"]).1["public_url"], Value::Null);
}
