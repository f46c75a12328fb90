//! HTTP answers: every status that has words of its own, and answers that are no receipts.

use countersign::domain::diagnosis::Blame::{self, Network, Nobody, Ours, Partner as Theirs};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::transmission::Verdict::{self, Delivered, Failed, Pending, Uncertain};

use super::holds;
use crate::exchange::{Partner, Us, Wrong};

pub(super) const KEYS: &[&str] = &[
    "answer-empty",
    "answer-html",
    "answer-other",
    "answer-text",
    "answer-too-large",
    "delivered-without-receipt",
    "http-3xx",
    "http-400",
    "http-401",
    "http-401-rejected",
    "http-403",
    "http-404",
    "http-405",
    "http-407",
    "http-408",
    "http-409",
    "http-411",
    "http-413",
    "http-414",
    "http-415",
    "http-421",
    "http-422",
    "http-426",
    "http-429",
    "http-4xx",
    "http-500",
    "http-502",
    "http-503",
    "http-507",
    "http-511",
    "http-5xx",
    "http-client-certificate",
    "http-contradicts",
    "http-nonsense",
    "http-redirect",
    "http-tls-wanted",
    "pending",
];

/// Status line, media type, body, settings; what it comes to.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, Verdict, Blame, &'static str);

const ROWS: &[Row] = &[
    ("301 Moved", "", "", "", "http-redirect", Failed, Ours, "whether the new address is right"),
    ("307 Elsewhere", "", "", "", "http-redirect", Failed, Ours, "whether the new address is right"),
    ("304 Not Modified", "", "", "", "http-3xx", Failed, Theirs, "letter by letter"),
    ("400 Bad Request", "", "", "", "http-400", Failed, Theirs, "quirks.quote_as2_ids"),
    ("400 Bad Request", "", "", "[production.quirks]\nchunked = true", "http-400", Failed, Theirs, "quirks.chunked"),
    (
        "400 Bad Request",
        "text/html",
        "<html>The plain HTTP request was sent to HTTPS port</html>",
        "",
        "http-tls-wanted",
        Failed,
        Ours,
        "https://",
    ),
    ("401 Unauthorized", "", "", "", "http-401", Failed, Ours, "http_user"),
    ("403 Forbidden", "", "", "", "http-403", Failed, Theirs, "public IP address"),
    ("404 Not Found", "", "", "", "http-404", Failed, Ours, "letter by letter"),
    ("410 Gone", "", "", "", "http-404", Failed, Ours, "letter by letter"),
    ("405 Method Not Allowed", "", "", "", "http-405", Failed, Ours, "letter by letter"),
    ("407 Proxy Authentication Required", "", "", "", "http-407", Failed, Ours, "runs the proxy"),
    ("408 Request Timeout", "", "", "", "http-408", Failed, Network, "Send again"),
    ("409 Conflict", "", "", "", "http-409", Failed, Theirs, "Do not send it again"),
    ("411 Length Required", "", "", "", "http-411", Failed, Ours, "Content-Length"),
    (
        "411 Length Required",
        "",
        "",
        "[production.quirks]\nchunked = true",
        "http-411",
        Failed,
        Ours,
        "`quirks.chunked` off",
    ),
    ("413 Too Large", "", "", "", "http-413", Failed, Ours, "split the document"),
    ("414 URI Too Long", "", "", "", "http-414", Failed, Theirs, "raise the limit"),
    ("431 Headers Too Large", "", "", "", "http-414", Failed, Theirs, "raise the limit"),
    ("415 Unsupported Media Type", "", "", "", "http-415", Failed, Ours, "which content type"),
    ("421 Misdirected Request", "", "", "", "http-421", Failed, Theirs, "host name letter by letter"),
    ("422 Unprocessable", "", "", "", "http-422", Failed, Ours, "both identifiers"),
    ("426 Upgrade Required", "", "", "", "http-426", Failed, Theirs, "HTTP/1.1"),
    ("429 Too Many Requests", "", "", "", "http-429", Failed, Theirs, "Wait some minutes"),
    ("496 No Certificate", "", "", "", "http-client-certificate", Failed, Ours, "tls_identity"),
    ("418 Teapot", "", "", "", "http-4xx", Failed, Theirs, "look into its log"),
    ("500 Trouble", "", "", "", "http-500", Failed, Theirs, "look into its log"),
    ("502 Bad Gateway", "", "", "", "http-502", Failed, Theirs, "Redeliver"),
    ("504 Gateway Timeout", "", "", "", "http-502", Failed, Theirs, "Redeliver"),
    ("503 Service Unavailable", "", "", "", "http-503", Failed, Theirs, "Send again later"),
    ("507 Insufficient Storage", "", "", "", "http-507", Failed, Theirs, "disk"),
    ("511 Login", "", "", "", "http-511", Failed, Ours, "Log in to the network"),
    ("599 Odd", "", "", "", "http-5xx", Failed, Theirs, "look into its log"),
    ("799 Odder", "", "", "", "http-nonsense", Failed, Theirs, "look into its log"),
    ("200 OK", "text/html", "<html>Welcome</html>", "", "answer-html", Uncertain, Ours, "letter by letter"),
    ("200 OK", "text/plain", "thanks", "", "answer-text", Uncertain, Theirs, "Read the text"),
    ("200 OK", "image/png", "\u{1}png", "", "answer-other", Uncertain, Theirs, "its AS2 address"),
    ("204 No Content", "", "", "", "answer-empty", Uncertain, Theirs, "synchronous MDN"),
    ("200 OK", "", "", "mdn = \"none\"", "delivered-without-receipt", Delivered, Nobody, ""),
    (
        "202 Accepted",
        "",
        "",
        "mdn = \"async-signed\"\nmdn_url = \"http://127.0.0.1:9/\"",
        "pending",
        Pending,
        Nobody,
        "the receiver must be running",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_status_leads_to_its_entry() {
    let us = Us::new().await;
    for (status, kind, body, settings, key, verdict, side, remedy) in ROWS.iter().copied() {
        let partner = Partner::start(move |_, stream| {
            let headers: Vec<(String, String)> = [("Content-Type", kind), ("Location", "/elsewhere")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect();
            Partner::answer(stream, status, &headers, body.as_bytes());
        });
        us.connect(&partner.url, &format!("timeout_seconds = 10\n{settings}")).await;
        holds(&us.send().await, (key, verdict, side, remedy));
    }
    // What happened before is in the evidence of what fails now.
    let partner = Partner::start(|_, stream| Partner::answer(stream, "503 Later", &[], b""));
    us.connect(&partner.url, "timeout_seconds = 10\nsigning = \"sha512\"").await;
    us.send().await;
    let again = us.send().await;
    let evidence = again.diagnosis.unwrap().evidence.join("\n");
    assert!(evidence.contains("The one before it to this profile, of "), "{evidence}");
    assert!(evidence.contains("The last one to this profile that was delivered is of "), "{evidence}");
    assert!(evidence.contains("Changed here since then: `signing` was `sha256`, is `sha512`"), "{evidence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_not_accepted_and_answers_that_contradict_or_are_too_large() {
    let us = Us::new().await;
    let partner = Partner::start(|_, stream| Partner::answer(stream, "401 Unauthorized", &[], b""));
    us.connect(&partner.url, "").await;
    let changes = [("http_user".to_owned(), "us".to_owned())];
    let password = Some("wrong".to_owned().into());
    us.app.set(&"partner".parse().unwrap(), Some(ProfileKind::Production), &changes, password).await.unwrap();
    holds(&us.send().await, ("http-401-rejected", Failed, Ours, "Enter the password again"));

    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "500 Trouble", &receipt.headers, &receipt.body);
    });
    us.connect(&partner.url, "").await;
    holds(&us.send().await, ("http-contradicts", Uncertain, Theirs, "Redeliver"));

    let large = Partner::start(|_, stream| Partner::answer(stream, "200 OK", &[], &vec![b'x'; 2 * 1024 * 1024]));
    us.connect(&large.url, "").await;
    holds(&us.send().await, ("answer-too-large", Uncertain, Theirs, "its AS2 address"));
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_52_known_software_is_recognised_in_an_answer_and_its_switches_are_named() {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Refusal("integrity-check-failed"));
        let mut headers = receipt.headers.clone();
        headers.push(("Server".to_owned(), "Sterling B2B Integrator".to_owned()));
        Partner::answer(stream, "200 OK", &headers, &receipt.body);
    });
    us.connect(&partner.url, "").await;
    let sent = us.send().await;
    holds(&sent, ("integrity-check-failed", Failed, Ours, "for IBM Sterling: it does not know the attribute"));
    let evidence = sent.diagnosis.unwrap().evidence;
    let says = "The partner runs IBM Sterling: its Server says `Sterling B2B Integrator`";
    assert!(evidence.iter().any(|line| line == says), "{evidence:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_at_the_same_host_meet_is_in_the_evidence() {
    let us = Us::new().await;
    let partner = Partner::start(|_, stream| Partner::answer(stream, "503 Later", &[], b""));
    us.connect(&partner.url, "").await;
    us.send().await;
    let text = std::fs::read_to_string(us.path("partner.toml")).unwrap();
    let other = text.replace("id = \"partner\"", "id = \"other\"").replace("name = \"Partner\"", "name = \"Other\"");
    let file = us.path("other.toml");
    std::fs::write(&file, other).unwrap();
    us.app.add_connection(&file, true).await.unwrap();
    let request = countersign::app::SendRequest {
        connection: "other".parse().unwrap(),
        profile: ProfileKind::Production,
        payload: countersign::app::Payload::TestDocument,
    };
    let sent = us.app.send(&request, &|_event| {}).await.unwrap();
    let evidence = sent.diagnosis.unwrap().evidence.join("\n");
    assert!(evidence.contains("At the same host, the last one to Partner (production), of "), "{evidence}");
    assert!(evidence.contains("ended the same way"), "{evidence}");
    assert!(evidence.contains("It is the first message to this profile"), "{evidence}");
}
