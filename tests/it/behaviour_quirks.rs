//! The behaviour of others that has been seen in the field, by its number in the list of quirks: what we take, and what
//! we send. Over real sockets.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;

use countersign::domain::connection::{Profile, SignerCertificates};
use countersign::domain::transmission::Verdict;

use crate::exchange::{
    Answered, DOCUMENT, PARTNER, Partner, Received, STRANGER, Serving, Us, Wrong, judged, post, post_raw,
};

/// Us, receiving from a partner.
pub(crate) async fn receiving(settings: &str) -> (Us, Serving) {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", settings).await;
    let serving = us.serve().await;
    (us, serving)
}

/// A partner that takes every message and says so in a signed receipt.
fn good(us: &Us) -> Partner {
    let certificate = us.certificate.clone();
    Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    })
}

pub(crate) fn says(answered: &Answered, word: &str) -> bool {
    String::from_utf8_lossy(&answered.body).contains(word)
}

/// A message as bytes, its length given by `framing`, its body as it is to go over the wire.
fn raw(headers: &[(String, String)], framing: &str, body: &[u8]) -> Vec<u8> {
    let mut request = "POST /anything?x=1 HTTP/1.1\r\nHost: localhost\r\n".to_owned();
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(framing);
    request.push_str("\r\n");
    [request.as_bytes(), body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_02_folded_header_lines_are_joined_and_quirk_04_the_first_of_repeated_ones_counts() {
    let (us, serving) = receiving("").await;
    let (headers, body) = Partner::message(&us.certificate, "<q2@p>", DOCUMENT.as_bytes(), &[]);
    let folded: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.replace("; ", ";\r\n\t")))
        .chain([("as2-from".to_owned(), "\"PARTNER\"".to_owned()), ("as2-to".to_owned(), "OTHER".to_owned())])
        .collect();
    let answered = post(&serving.url, &folded, &body);
    assert!(answered.status == 200 && says(&answered, "; processed"), "{answered:?}");
    assert_eq!(us.inbox(), ["order.edi"]);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_59_a_message_with_less_security_than_the_profile_wants_is_refused() {
    use countersign::domain::algorithm::{Encryption, Signing};
    let (us, serving) = receiving("").await;
    for (number, weaker) in [(|profile: &mut Profile| profile.encryption = Encryption::None) as fn(&mut _), |profile| {
        profile.signing = Signing::None
    }]
    .into_iter()
    .enumerate()
    {
        let id = format!("<q59-{number}@p>");
        let (headers, body) = Partner::message_as(&us.certificate, &id, DOCUMENT.as_bytes(), &[], weaker);
        let answered = post(&serving.url, &headers, &body);
        assert!(answered.status == 200 && says(&answered, "/error: insufficient-message-security"), "{answered:?}");
    }
    assert!(us.inbox().is_empty());
    us.connect("http://127.0.0.1:9/", "require = \"none\"").await;
    let (headers, body) = Partner::message_as(&us.certificate, "<q59-3@p>", DOCUMENT.as_bytes(), &[], |profile| {
        profile.encryption = Encryption::None;
        profile.signing = Signing::None;
    });
    assert!(says(&post(&serving.url, &headers, &body), "; processed"));
    assert_eq!(us.inbox(), ["order.edi"]);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_12_the_first_digest_that_is_known_is_taken_however_the_options_are_written() {
    let (us, serving) = receiving("").await;
    for (number, (options, digest)) in [
        ("signed-receipt-protocol=optional,pkcs7-signature;signed-receipt-micalg=optional,sha-384,sha1", "sha-384"),
        ("signed-receipt-protocol=required, pkcs7-signature;\tsigned-receipt-micalg=required, whirlpool, SHA1", "sha1"),
        ("Signed-Receipt-Protocol=optional, PKCS7-Signature ; Signed-Receipt-Micalg=optional, \"sha512\"", "sha512"),
    ]
    .into_iter()
    .enumerate()
    {
        let extra = [("Disposition-Notification-Options", options)];
        let (headers, body) = Partner::message(&us.certificate, &format!("<q12-{number}@p>"), b"x", &extra);
        let answered = post(&serving.url, &headers, &body);
        // In the spelling of whoever asked: some read no other.
        let kind = answered.header("Content-Type").unwrap();
        assert!(
            kind.starts_with("multipart/signed") && kind.contains(&format!("micalg={digest};")),
            "{options}: {kind}"
        );
        let mic = if digest.contains('-') { ", sha-256\r\n" } else { ", sha256\r\n" };
        assert!(String::from_utf8_lossy(&answered.body).contains(mic), "{options}: {mic}");
    }
    serving.stop().await;
    // Others take the last or the strongest of several: so we name one.
    let partner = good(&us);
    us.connect(&partner.url, "").await;
    us.send().await;
    let options = partner.received()[0].header("Disposition-Notification-Options").unwrap().to_owned();
    assert_eq!(options, "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-256");
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_13_whoever_expects_to_be_told_to_go_on_is_told_and_we_never_expect_it() {
    let (us, serving) = receiving("").await;
    let (headers, body) =
        Partner::message(&us.certificate, "<q13@p>", DOCUMENT.as_bytes(), &[("Expect", "100-continue")]);
    // `post_raw` reads past the answers 100; a server that did not send one would be waited for in vain.
    let answered = post(&serving.url, &headers, &body);
    assert!(answered.status == 200 && says(&answered, "; processed"));
    serving.stop().await;
    let partner = good(&us);
    us.connect(&partner.url, "").await;
    us.send().await;
    let sent = partner.received().remove(0);
    assert_eq!(sent.header("Expect"), None);
    // Which version and product we are, and what of the features we do.
    assert_eq!((sent.header("AS2-Version"), sent.header("EDIINT-Features")), (Some("1.2"), Some("AS2-Reliability")));
    assert!(sent.header("AS2-Product").unwrap().starts_with("countersign:"));
    assert_eq!(answered.header("EDIINT-Features"), Some("AS2-Reliability"));
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_14_chunks_and_lengths_are_taken_as_they_come_and_a_length_is_sent() {
    let (us, serving) = receiving("").await;
    let (headers, body) = Partner::message(&us.certificate, "<q14-1@p>", DOCUMENT.as_bytes(), &[]);
    let mut chunks = Vec::new();
    for piece in body.chunks(100) {
        chunks.extend_from_slice(format!("{:04X};name=\"value\"  \r\n", piece.len()).as_bytes());
        chunks.extend_from_slice(piece);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\nTrailer: x\r\n\r\n");
    let answered = post_raw(&serving.url, &raw(&headers, "Transfer-Encoding: chunked\r\n", &chunks));
    assert!(answered.status == 200 && says(&answered, "; processed"), "{answered:?}");
    let (headers, body) = Partner::message(&us.certificate, "<q14-2@p>", DOCUMENT.as_bytes(), &[]);
    let length = format!("Content-Length: 000{}\r\n", body.len());
    assert!(says(&post_raw(&serving.url, &raw(&headers, &length, &body)), "; processed"));
    assert_eq!(us.inbox(), ["order (2).edi", "order.edi"]);
    serving.stop().await;

    for (settings, length) in [("", true), ("[production.quirks]\nchunked = true", false)] {
        let partner = good(&us);
        us.connect(&partner.url, settings).await;
        assert_eq!(us.send().await.verdict, Verdict::Delivered, "{settings}");
        let got = partner.received().remove(0);
        assert_eq!(
            (got.header("Content-Length").is_some(), got.header("Transfer-Encoding").is_none()),
            (length, length)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_15_a_refusal_is_answered_with_200_and_any_2xx_is_acceptance() {
    let (us, serving) = receiving("").await;
    let (headers, mut body) = Partner::message(&us.certificate, "<q15@p>", DOCUMENT.as_bytes(), &[]);
    let middle = body.len() / 2;
    body[middle] ^= 0xff;
    let answered = post(&serving.url, &headers, &body);
    assert!(answered.status == 200 && says(&answered, "/error: "), "{answered:?}");
    serving.stop().await;
    for status in ["200 OK", "201 Created", "202 Accepted", "206 Partial Content"] {
        let certificate = us.certificate.clone();
        let partner = Partner::start(move |received, stream| {
            // Some say first that they are at it.
            stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").unwrap();
            let receipt = received.receipt(&certificate, Wrong::Nothing);
            Partner::answer(stream, status, &receipt.headers, &receipt.body);
        });
        us.connect(&partner.url, "").await;
        assert_eq!(us.send().await.verdict, Verdict::Delivered, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_16_a_web_page_is_no_receipt_and_a_receipt_under_its_name_is() {
    let us = Us::new().await;
    let page = [("Content-Type".to_owned(), "text/html".to_owned())];
    let html = page.clone();
    let partner = Partner::start(move |_, stream| Partner::answer(stream, "200 OK", &html, b"<html>Welcome</html>"));
    us.connect(&partner.url, "").await;
    judged(&us.send().await, Verdict::Uncertain, "gmmmm", "A web page came instead of a receipt");
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &page, &receipt.body);
    });
    us.connect(&partner.url, "").await;
    judged(&us.send().await, Verdict::Delivered, "ggggg", "Delivered and signed for");
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_17_statuses_say_what_is_wrong_and_a_password_nobody_asked_for_is_taken() {
    let us = Us::new().await;
    for (status, cause) in [
        ("401 Unauthorized", "Partner's server wants a user name and password"),
        ("413 Too Large", "Too big for the partner's server"),
        ("422 Unknown", "Partner does not know our AS2 identifiers"),
    ] {
        let partner = Partner::start(move |_, stream| Partner::answer(stream, status, &[], b""));
        us.connect(&partner.url, "").await;
        judged(&us.send().await, Verdict::Failed, "bmmmm", cause);
    }
    let (us, serving) = receiving("").await;
    let extra = [("Authorization", "Basic dXNlcjpwYXNzd29yZA==")];
    let (headers, body) = Partner::message(&us.certificate, "<q17@p>", b"x", &extra);
    assert!(says(&post(&serving.url, &headers, &body), "; processed"));
    let journalled = us.journal().await.remove(0);
    let kept = journalled.request_headers.iter().find(|(name, _)| name == "authorization").unwrap();
    assert_eq!(kept.1, "hidden");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_18_looking_is_no_error() {
    let (us, serving) = receiving("").await;
    for method in ["HEAD", "GET"] {
        let answered = post_raw(&serving.url, format!("{method} /as2 HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
        assert_eq!(answered.status, 200, "{method}");
    }
    let refused = post_raw(&serving.url, b"DELETE /as2 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(refused.status, 405);
    // RFC 9110 section 15.5.6.
    let allow = refused.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Allow"));
    assert_eq!(allow.map(|(_, value)| value.as_str()), Some("GET, HEAD, POST"));
    assert!(us.journal().await.is_empty());
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_19_a_close_without_a_word_is_an_end_and_certificates_are_kept_also_when_they_are_refused() {
    let us = Us::new().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (certificate, private) = (us.path("server.pem"), us.path("server.key"));
    fs::write(&certificate, server.pem()).unwrap();
    fs::write(&private, key.serialize_pem()).unwrap();
    // A partner on the same program, which closes as it likes.
    let them = Us::new().await;
    let options = countersign::app::ServeOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        tls: Some((certificate.clone(), private)),
        inbox: None,
        outbox: None,
    };
    let bound = them.app.bind(&options).await.unwrap();
    let url = bound.url.clone();
    let serving = tokio::spawn(bound.serve(std::future::pending(), |_event| {}));
    let fingerprint = countersign::certificate::read(server.pem().as_bytes(), None).unwrap().certificates[0]
        .facts()
        .fingerprint_sha256;
    for (trust, verdict, version) in [
        ("system".to_owned(), Verdict::Failed, None),
        (certificate.display().to_string(), Verdict::Failed, Some("TLS 1.3")),
    ] {
        us.connect(&url, &format!("tls_trust = \"{trust}\"")).await;
        let sent = us.send().await;
        let seen = sent.tls.clone().unwrap();
        assert_eq!((sent.verdict, seen.version.as_deref()), (verdict, version), "{sent:#?}");
        assert_eq!(seen.chain[0].fingerprint_sha256, fingerprint);
        assert!(String::from_utf8(us.kept(&sent, "server.pem")).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    }
    serving.abort();

    // One that closes without close_notify behind an answer without a length: all of it counts.
    let chain = vec![server.der().clone()];
    let private = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .unwrap();
    let us_certificate = us.certificate.clone();
    let partner =
        Partner::tls(std::sync::Arc::new(config), move |received| received.receipt(&us_certificate, Wrong::Nothing));
    us.connect(&partner.url, &format!("tls_trust = \"{}\"", certificate.display())).await;
    judged(&us.send().await, Verdict::Delivered, "ggggg", "Delivered and signed for");
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_47_a_repetition_gets_the_first_receipt_again_and_after_a_refusal_it_is_processed_anew() {
    let (us, serving) = receiving("").await;
    let (headers, body) = Partner::message(&us.certificate, "<q47@p>", DOCUMENT.as_bytes(), &[]);
    let mut damaged = body.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    assert!(says(&post(&serving.url, &headers, &damaged), "/error: "));
    let first = post(&serving.url, &headers, &body);
    assert!(says(&first, "; processed"));
    let again = post(&serving.url, &headers, &body);
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(us.inbox(), ["order.edi"]);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_id_that_is_used_for_another_document_is_told_and_its_content_kept() {
    let (us, serving) = receiving("").await;
    for document in [DOCUMENT, DOCUMENT, "ISA*another order~"] {
        let (headers, body) = Partner::message(&us.certificate, "<again@p>", document.as_bytes(), &[]);
        assert!(says(&post(&serving.url, &headers, &body), "; processed"));
    }
    assert_eq!(us.inbox(), ["order.edi"]);
    let mut journal = us.journal().await;
    journal.sort_by_key(|each| each.id);
    let [_, same, other] = journal.as_slice() else { panic!("{journal:#?}") };
    assert!(same.diagnosis.as_ref().unwrap().evidence.is_empty(), "{same:#?}");
    let told = other.diagnosis.as_ref().unwrap();
    assert!(told.evidence.iter().any(|line| line.contains("another than that of the first")), "{told:?}");
    // By its cause it is found in the list, and what the log says names it.
    assert_eq!(
        (same.cause(), other.cause()),
        (Some("Repeated message"), Some("Message-ID used again for other content"))
    );
    assert!(told.explanation.contains("and it was not"), "{told:?}");
    assert!(told.explanation.contains("Its signature holds with a certificate of the partner"), "{told:?}");
    assert!(other.signed_with.is_some() && other.connection.is_some(), "{other:#?}");
    // Whoever has not signed it may be anybody.
    let headers: Vec<(String, String)> = [
        ("AS2-Version", "1.2"),
        ("AS2-From", "PARTNER"),
        ("AS2-To", "US"),
        ("Message-ID", "<again@p>"),
        ("Content-Type", "application/edi-x12"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    assert_eq!(post(&serving.url, &headers, b"ISA*a third~").status, 200);
    let third = us.journal().await.into_iter().find(|each| each.signed_with.is_none()).unwrap();
    let told = third.diagnosis.as_ref().unwrap();
    assert_eq!(third.cause(), Some("Message-ID used again for other content"), "{third:#?}");
    assert!(told.explanation.contains("not signed, so anybody may have sent it"), "{told:?}");
    assert_eq!(us.kept(other, "payload"), b"ISA*another order~");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_48_an_unsigned_receipt_is_never_green_where_a_signature_was_asked_for() {
    for (settings, wrong, verdict, lights, cause) in [
        ("mdn = \"sync-signed\"", Wrong::Unsigned, Verdict::Uncertain, "ggmgg", "The receipt is not signed"),
        ("mdn = \"sync\"", Wrong::Unsigned, Verdict::Delivered, "ggngg", "Delivered, receipt unsigned"),
        ("mdn = \"sync\"", Wrong::Nothing, Verdict::Delivered, "ggggg", "Delivered and signed for"),
    ] {
        let us = Us::new().await;
        let certificate = us.certificate.clone();
        let partner = Partner::start(move |received, stream| {
            let receipt = received.receipt(&certificate, wrong);
            Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
        });
        us.connect(&partner.url, settings).await;
        judged(&us.send().await, verdict, lights, cause);
    }
}

/// A partner that signs with another certificate than the one it decrypts with.
async fn signs_with_another(uses: &str) -> (Us, countersign::domain::transmission::Transmission) {
    let us = Us::new().await;
    fs::write(us.path("other.pem"), STRANGER.certificate.to_pem()).unwrap();
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Stranger);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&partner.url, "").await;
    let file = us.path("partner.toml");
    let text = fs::read_to_string(&file).unwrap().replace("[\"partner.pem\"]", uses);
    fs::write(&file, text).unwrap();
    us.app.add_connection(&file, true).await.unwrap();
    let sent = us.send().await;
    (us, sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_49_a_receipt_signed_with_another_acceptable_certificate_is_good_and_says_which() {
    let (_us, sent) = signs_with_another("[\"partner.pem\", \"other.pem\"]").await;
    judged(&sent, Verdict::Delivered, "ggggg", "Delivered and signed for");
    let signer = STRANGER.certificate.facts().fingerprint_sha256.short();
    assert!(sent.stages.iter().any(|stage| stage.detail.contains(&signer)), "{:#?}", sent.stages);
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_50_a_scheduled_certificate_is_accepted_at_once_and_not_used_before_its_time() {
    let scheduled = "[{ file = \"partner.pem\", use = [\"encrypt\", \"verify\"] }, \
                     { file = \"other.pem\", use = [\"encrypt\"], from = \"2099-01-01T00:00:00Z\" }, \
                     { file = \"other.pem\", use = [\"verify\"] }]";
    let (_us, sent) = signs_with_another(scheduled).await;
    judged(&sent, Verdict::Delivered, "ggggg", "Delivered and signed for");
    let used = PARTNER.certificate.facts().fingerprint_sha256.short();
    assert!(sent.stages[0].detail.contains(&used), "{:#?}", sent.stages[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_57_every_receipt_that_comes_by_itself_is_answered_with_200() {
    let (us, serving) = receiving("").await;
    let report = "--x\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; US\r\n\
                  Original-Message-ID: <never@sent>\r\n\
                  Disposition: automatic-action/MDN-sent-automatically; processed\r\n\r\n--x--\r\n";
    for ids in [("PARTNER", "US"), ("NOBODY", "US"), ("NOBODY", "NOWHERE")] {
        let headers = [
            ("AS2-From", ids.0),
            ("AS2-To", ids.1),
            ("Message-ID", "<mdn@partner>"),
            ("Content-Type", "multipart/report; report-type=disposition-notification; boundary=x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(post(&serving.url, &headers, report.as_bytes()).status, 200, "{ids:?}");
    }
    assert_eq!(us.journal().await.len(), 3, "each is kept");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_a_coding_of_http_is_not_taken_for_the_message() {
    let (us, serving) = receiving("require = \"none\"").await;
    for (coding, status) in [("gzip", 415), ("identity", 200)] {
        let (headers, body) =
            Partner::message(&us.certificate, "<coded@p>", DOCUMENT.as_bytes(), &[("Content-Encoding", coding)]);
        assert_eq!(post(&serving.url, &headers, &body).status, status, "{coding}");
        assert_eq!(us.inbox().len(), usize::from(status == 200), "{coding}");
    }
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_signs_a_receipt_that_need_not_be_signed_is_not_called_unsigned() {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let receipt = received.receipt(&certificate, Wrong::Stranger);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&partner.url, "mdn = \"sync\"").await;
    let sent = us.send().await;
    judged(&sent, Verdict::Delivered, "ggngg", "Delivered, the receipt's signer is not known");
    let explanation = sent.diagnosis.unwrap().explanation;
    assert!(!explanation.contains("unsigned"), "{explanation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quirk_56_what_openas2_and_mendelson_put_on_the_wire() {
    let (us, serving) = receiving("").await;
    let no_certificate = |profile: &mut Profile| profile.quirks.signer_certificates = SignerCertificates::None;
    let (headers, body) = Partner::message_as(&us.certificate, "<openas2@p>", DOCUMENT.as_bytes(), &[], no_certificate);
    let mut chunks = Vec::new();
    for piece in body.chunks(1000) {
        chunks.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        chunks.extend_from_slice(piece);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    let answered = post_raw(&serving.url, &raw(&headers, "Transfer-Encoding: chunked\r\n", &chunks));
    assert!(answered.status == 200 && says(&answered, "; processed"), "{answered:?}");

    let (headers, body) = Partner::message(&us.certificate, "<mendelson@p>", DOCUMENT.as_bytes(), &[]);
    let lower: Vec<(String, String)> = headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .chain([("expect".to_owned(), "100-continue".to_owned())])
        .collect();
    let answered = post(&serving.url, &lower, &body);
    assert!(answered.status == 200 && says(&answered, "; processed"), "{answered:?}");
    assert_eq!(us.inbox().len(), 2);
    serving.stop().await;
}
