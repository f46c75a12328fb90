//! The road: names, ports, proxies, connections that break, and what never leaves.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use countersign::app::{Payload, SendRequest};
use countersign::domain::diagnosis::Blame::{Network, Nobody, Ours, Partner as Theirs};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::transmission::Verdict::{Cancelled, Delivered, Failed, Uncertain};
use tokio::sync::Notify;

use super::holds;
use crate::exchange::{DOCUMENT, PARTNER, Partner, STRANGER, Us, Wrong, post, unheard};

pub(super) const KEYS: &[&str] = &[
    "broken-sending",
    "broken-waiting",
    "cancelled",
    "cancelled-sent",
    "connect-proxy",
    "connect-proxy-password",
    "connect-refused",
    "connect-refused-moved",
    "connect-resolve",
    "connect-timeout",
    "connect-unreachable",
    "not-http",
    "not-http-without-tls",
    "own-fault",
    "received-for-a-partner",
    "received-for-an-unknown-certificate",
    "timeout-sending",
    "timeout-waiting",
];

/// More than the system takes off our hands at once.
fn large() -> Vec<u8> {
    (0..24 * 1024 * 1024_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_ports_that_lead_nowhere() {
    let us = Us::new().await;
    us.connect("http://partner.invalid/as2", "timeout_seconds = 20").await;
    let sent = us.send().await;
    // A machine without a name server finds out less.
    if sent.diagnosis.as_ref().is_some_and(|told| told.entry == "connect-resolve-later") {
        holds(&sent, ("connect-resolve-later", Failed, Network, "any other host name"));
    } else {
        holds(&sent, ("connect-resolve", Failed, Ours, "any other host name"));
    }

    let (_nobody, closed) = unheard();
    us.connect(&format!("http://{closed}/as2"), "").await;
    holds(&us.send().await, ("connect-refused", Failed, Theirs, "Compare the port"));

    // Where it went well until the address was changed here, that is the first thing to look at.
    let certificate = us.certificate.clone();
    let good = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&good.url, "").await;
    assert_eq!(us.send().await.verdict, Delivered);
    us.connect(&format!("http://{closed}/as2"), "").await;
    holds(&us.send().await, ("connect-refused-moved", Failed, Ours, "set it back to what it was"));

    // No connection leads to a multicast address.
    us.connect("http://224.0.0.1/as2", "timeout_seconds = 5").await;
    holds(&us.send().await, ("connect-unreachable", Failed, Network, "VPN"));

    // A port at which nobody takes the calls any more, because too many wait already.
    let full = tokio::net::TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(1).unwrap();
    let place = full.local_addr().unwrap();
    let mut waiting = Vec::new();
    let mut in_vain = 0;
    // One that takes long may only be slow; several on end are not taken.
    while in_vain < 3 {
        match tokio::time::timeout(Duration::from_millis(700), tokio::net::TcpStream::connect(place)).await {
            Ok(stream) => {
                waiting.push(stream.unwrap());
                in_vain = 0;
            }
            Err(_) => in_vain += 1,
        }
        assert!(waiting.len() < 200, "it takes them all");
    }
    us.connect(&format!("http://{place}/as2"), "timeout_seconds = 2").await;
    holds(&us.send().await, ("connect-timeout", Failed, Network, "allow list"));
    drop(full);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_or_stand_still() {
    let us = Us::new().await;
    let document = large();
    let cutting = Partner::raw(|stream, _| {
        stream.take(100_000).read_to_end(&mut Vec::new()).ok();
    });
    us.connect(&cutting.url, "timeout_seconds = 5").await;
    let sent = us.send_bytes(&document).await;
    holds(&sent, ("broken-sending", Failed, Network, "how big a message may be"));

    let still = Partner::raw(|_, _| std::thread::sleep(Duration::from_secs(8)));
    us.connect(&still.url, "timeout_seconds = 1").await;
    holds(&us.send_bytes(&document).await, ("timeout-sending", Failed, Network, "Send again"));

    let hanging_up = Partner::start(|_, stream| drop(stream.shutdown(Shutdown::Both)));
    us.connect(&hanging_up.url, "").await;
    let sent = us.send().await;
    holds(&sent, ("broken-waiting", Uncertain, Network, "Redeliver"));
    holds(&sent, ("broken-waiting", Uncertain, Network, "whether it should begin with https"));

    let silent = Partner::start(|_, _| std::thread::sleep(Duration::from_secs(8)));
    us.connect(&silent.url, "timeout_seconds = 1").await;
    holds(&us.send().await, ("timeout-waiting", Uncertain, Theirs, "timeout_seconds"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_is_no_web_server() {
    let us = Us::new().await;
    let chatting = Partner::raw(|stream, _| {
        let mut read = [0; 65_536];
        assert!(stream.read(&mut read).unwrap_or_default() > 0);
        stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").ok();
        stream.shutdown(Shutdown::Write).ok();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    us.connect(&chatting.url, "").await;
    let sent = us.send().await;
    holds(&sent, ("not-http-without-tls", sent.verdict, Ours, "scheme and port"));
    assert!(matches!(sent.verdict, Failed | Uncertain), "{sent:#?}");

    let key = rcgen::KeyPair::generate().unwrap();
    let own = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(us.path("server.pem"), own.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![own.der().clone()],
            rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let config = Arc::new(config);
    let mut behind_tls = Partner::raw(move |stream, _| {
        let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, stream);
        let mut read = [0; 65_536];
        assert!(tls.read(&mut read).unwrap_or_default() > 0);
        tls.write_all(b"220 mail.example ESMTP\r\n").and_then(|()| tls.flush()).ok();
        stream.shutdown(Shutdown::Write).ok();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    behind_tls.url = behind_tls.url.replace("http://", "https://");
    let trust = us.path("server.pem").display().to_string();
    us.connect(&behind_tls.url, &format!("tls_trust = \"{trust}\"")).await;
    let sent = us.send().await;
    holds(&sent, ("not-http", sent.verdict, Ours, "scheme and port"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_or_never_leaves() {
    let us = Us::new().await;
    let heard = Arc::new(Notify::new());
    let told = Arc::clone(&heard);
    let silent = Partner::start(move |_, _| {
        told.notify_one();
        std::thread::sleep(Duration::from_secs(8));
    });
    us.connect(&silent.url, "").await;
    let file = us.path("order.edi");
    std::fs::write(&file, DOCUMENT).unwrap();
    let request = SendRequest {
        connection: "partner".parse().unwrap(),
        profile: ProfileKind::Production,
        payload: Payload::File(file),
    };
    let later = async {
        heard.notified().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let sent = us.app.send_unless(&request, &|_event| {}, later).await.unwrap();
    holds(&sent, ("cancelled-sent", Uncertain, Nobody, "Redeliver"));
    let sent = us.app.send_unless(&request, &|_event| {}, std::future::ready(())).await.unwrap();
    holds(&sent, ("cancelled", Cancelled, Nobody, "Send again when you are ready"));

    // A user name for which no password is kept.
    us.connect(&silent.url, "http_user = \"us\"").await;
    holds(&us.send().await, ("own-fault", Failed, Ours, "Mend what the evidence names"));
}

/// Proxies are never asked about this machine, so a name is called that leads nowhere; the environment is that of a program
/// of its own.
fn sent_through(us: &Us, proxy: &Partner) -> countersign::domain::transmission::Transmission {
    let file = us.path("order.edi");
    std::fs::write(&file, DOCUMENT).unwrap();
    let proxy = proxy.url.trim_end_matches("/as2");
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["--json", "send", file.to_str().unwrap(), "--connection", "partner", "--profile", "production"])
        .env("COUNTERSIGN_WORKSPACE", us.workspace())
        .envs([("http_proxy", proxy), ("https_proxy", proxy), ("HTTP_PROXY", proxy), ("HTTPS_PROXY", proxy)])
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .env_remove("COUNTERSIGN_PASSPHRASE")
        .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = answer["id"].as_str().unwrap().to_owned();
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(async { us.app.transmission(&id).await.unwrap() })
    })
}

/// A proxy that answers so to whatever it is asked.
fn proxy(answer: &'static str) -> Partner {
    Partner::raw(move |stream, _| {
        let mut read = [0; 65_536];
        assert!(stream.read(&mut read).unwrap_or_default() > 0);
        stream.write_all(answer.as_bytes()).ok();
        stream.shutdown(Shutdown::Write).ok();
        stream.read_to_end(&mut Vec::new()).ok();
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_does_not_let_it_through() {
    let us = Us::new().await;
    std::fs::write(us.path("trusted.pem"), PARTNER.certificate.to_pem()).unwrap();
    let trust = us.path("trusted.pem").display().to_string();
    us.connect("https://partner.invalid/as2", &format!("tls_trust = \"{trust}\"")).await;
    for (answer, key, remedy) in [
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "connect-proxy", "Ask whoever runs the proxy to allow"),
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            "connect-proxy-password",
            "Put user name and password",
        ),
    ] {
        holds(&sent_through(&us, &proxy(answer)), (key, Failed, Ours, remedy));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_and_is_for_somebody_else() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let serving = us.serve().await;
    for (recipient, key) in [
        (&STRANGER.certificate, "received-for-an-unknown-certificate"),
        (&PARTNER.certificate, "received-for-a-partner"),
    ] {
        let id = format!("<{key}@partner>");
        let (headers, body) = Partner::message(recipient, &id, DOCUMENT.as_bytes(), &[]);
        post(&serving.url, &headers, &body);
        let found = us.journal().await.into_iter().find(|each| each.message_id == id).unwrap();
        let verdict = countersign::domain::transmission::Verdict::Refused;
        holds(&found, (key, verdict, Theirs, "Give Partner the certificate of identity `us`"));
    }
    serving.stop().await;
}
