//! The proxy that is set for a workspace: messages go through it, with its password, and past it where that is said.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use countersign::app::{ProxyKind, ProxySettings};
use countersign::domain::transmission::Verdict;
use serde_json::Value;

use crate::exchange::{Partner, Received, Us, Wrong};

fn json(workspace: &Path, code: i32, arguments: &[&str], input: &str) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .arg("--json")
        .env("COUNTERSIGN_WORKSPACE", workspace)
        .env_remove("COUNTERSIGN_PASSPHRASE")
        .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // One that reads nothing may have gone already.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    serde_json::from_str(&said).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_through_the_proxy_that_is_named_and_not_where_none_is_wished() {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let saw = Arc::clone(&seen);
    // The partner plays the proxy: it takes what is meant for a host that nobody knows.
    let proxy = Partner::start(move |received: &Received, stream: &mut TcpStream| {
        saw.lock().unwrap().push(received.header("Proxy-Authorization").map(str::to_owned));
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect("http://as2.partner.invalid/as2", "").await;
    let place = proxy.url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let workspace = us.workspace();
    assert_eq!(json(&workspace, 0, &["proxy", "show"], "")["kind"], "system");

    let set = json(&workspace, 0, &["proxy", "set", &place, "--user", "anna", "--password-stdin"], "open: sesame\n");
    assert_eq!(
        (&set["kind"], &set["address"], &set["has_password"]),
        (&"named".into(), &place.as_str().into(), &true.into())
    );
    assert_eq!(us.send().await.verdict, Verdict::Delivered);
    let auth = base64::engine::general_purpose::STANDARD.encode("anna:open: sesame");
    assert_eq!(*seen.lock().unwrap(), [Some(format!("Basic {auth}"))]);
    // The password is sealed as other secrets are.
    let database = std::fs::read(workspace.join("countersign.sqlite")).unwrap();
    assert!(!database.windows(12).any(|some| some == b"open: sesame"));
    // It stays as long as user and address do, and goes with them.
    let stays = ["proxy", "set", &place, "--user", "anna"];
    assert_eq!(json(&workspace, 0, &stays, "")["has_password"], true);
    assert_eq!(us.send().await.verdict, Verdict::Delivered);
    json(&workspace, 2, &["proxy", "set", &place, "--user", "berta"], "");
    json(&workspace, 0, &["proxy", "set", &place], "");
    assert_eq!(us.send().await.verdict, Verdict::Delivered);
    assert_eq!(seen.lock().unwrap().last().unwrap(), &None);
    json(&workspace, 2, &stays, "");

    let none = ProxySettings { kind: ProxyKind::Direct, address: None, user: None, has_password: false };
    us.app.set_proxy(&none, None).await.unwrap();
    let sent = us.send().await;
    assert_eq!(sent.verdict, Verdict::Failed, "{:?}", sent.diagnosis);
    assert_eq!(seen.lock().unwrap().len(), 3, "it went past the proxy");
    for wrong in ["socks5://proxy.example", "anna:pw@proxy.example:80", ""] {
        json(&workspace, 2, &["proxy", "set", wrong], "");
    }
    assert_eq!(json(&workspace, 0, &["proxy", "show"], "")["kind"], "none");
    // This very machine is never asked for through a proxy.
    us.app
        .set_proxy(&ProxySettings { kind: ProxyKind::Named, address: Some("proxy.invalid:1".to_owned()), ..none }, None)
        .await
        .unwrap();
    us.connect(&proxy.url, "").await;
    assert_eq!(us.send().await.verdict, Verdict::Delivered);
}
