//! Receipts: every disposition, and everything that can be wrong with one.

use countersign::app::{App, Clock, Payload, SendRequest};
use countersign::as2::BuiltReceipt;
use countersign::certificate::{KeyKind, create_identity};
use countersign::domain::algorithm::Digest;
use countersign::domain::diagnosis::Blame::{self, Network, Nobody, Ours, Partner as Theirs};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::transmission::Verdict::{self, Delivered, Failed, Uncertain};
use countersign::domain::transmission::{StageName, Transmission};

use super::holds;
use crate::exchange::{Partner, Received, STRANGER, Us, Wrong, app_on};
use crate::messages::mic_of;

pub(super) const KEYS: &[&str] = &[
    "authentication-failed",
    "authentication-failed-certificate-ended",
    "authentication-failed-changed",
    "authentication-failed-known",
    "authentication-failed-renewed",
    "authentication-failed-unsigned",
    "decompression-failed",
    "decompression-failed-uncompressed",
    "decryption-algorithm-unknown",
    "decryption-content-unreadable",
    "decryption-failed",
    "decryption-failed-certificate-ended",
    "decryption-failed-new-certificate",
    "decryption-failed-partner-ahead",
    "decryption-failed-partner-behind",
    "decryption-failed-plain",
    "decryption-failed-wrong-certificate",
    "delivered",
    "delivered-signer-unknown",
    "delivered-unsigned",
    "denied",
    "document-not-accepted",
    "duplicate-document",
    "duplicate-filename",
    "illegal-filename",
    "insufficient-message-security",
    "integrity-check-failed",
    "invalid-message-id-though-good",
    "mic-incomparable",
    "mic-mismatch",
    "mic-missing",
    "mic-of-the-encrypted",
    "no-secured-messages",
    "receipt-nameless",
    "receipt-other-line-ends",
    "receipt-other-message",
    "receipt-signature-broken",
    "receipt-unreadable",
    "receipt-unsigned",
    "refused-for-a-reason-of-its-own",
    "refused-without-reason",
    "seen-before",
    "sender-equals-receiver",
    "signer-other-profile",
    "signer-replaced",
    "signer-scheduled",
    "signer-unknown",
    "signer-unknown-and-absent",
    "too-large",
    "undecided",
    "unexpected-processing-error",
    "unknown-trading-partner",
    "unsupported-format",
    "unsupported-mic-algorithms",
    "warning",
    "warning-authentication",
    "warning-duplicate",
];

/// What is wrong, settings; what it comes to.
type Row = (Wrong, &'static str, &'static str, Verdict, Blame, &'static str);

const ROWS: &[Row] = &[
    (Wrong::Nothing, "", "delivered", Delivered, Nobody, ""),
    (Wrong::Unsigned, "mdn = \"sync\"", "delivered-unsigned", Delivered, Nobody, ""),
    (
        Wrong::Stranger,
        "mdn = \"sync\"",
        "delivered-signer-unknown",
        Delivered,
        Nobody,
        "import it: then its receipts are proof",
    ),
    (Wrong::Unsigned, "", "receipt-unsigned", Uncertain, Theirs, "switch signed receipts on"),
    (Wrong::Tampered, "", "receipt-signature-broken", Uncertain, Network, "rewrites HTTP answers"),
    (Wrong::OtherMessage, "", "receipt-other-message", Uncertain, Theirs, "why its receipts name another"),
    (Wrong::Mic, "", "mic-mismatch", Failed, Theirs, "the document as it arrived"),
    (Wrong::NoMic, "", "mic-missing", Uncertain, Theirs, "Received-Content-MIC"),
    (Wrong::Stranger, "", "signer-unknown", Uncertain, Ours, "import the certificate from the receipt"),
    (Wrong::StrangerUnseen, "", "signer-unknown-and-absent", Uncertain, Ours, "Get the present certificate"),
    (
        Wrong::Says("processed/warning: duplicate-document"),
        "",
        "warning-duplicate",
        Delivered,
        Nobody,
        "Do not send it again",
    ),
    (
        Wrong::Says("processed/warning: authentication-failed, processing continued"),
        "",
        "warning-authentication",
        Delivered,
        Ours,
        "Give our certificate",
    ),
    (Wrong::Says("processed/warning: late"), "", "warning", Delivered, Nobody, "what the warning means"),
    (Wrong::Refusal("decryption-failed"), "", "decryption-failed", Failed, Ours, "Compare the fingerprint"),
    (
        Wrong::RefusalInWords("decryption-failed", "Unsupported algorithm: OID 2.16.840.1.101.3.4.1.6"),
        "encryption = \"aes128-gcm\"",
        "decryption-algorithm-unknown",
        Failed,
        Ours,
        "Choose a CBC mode",
    ),
    (
        Wrong::RefusalInWords("decryption-failed", "Error finalising cipher"),
        "",
        "decryption-content-unreadable",
        Failed,
        Theirs,
        "changed or cut off on the way",
    ),
    (
        Wrong::RefusalInWords("unexpected-processing-error", "Unable to find out the sign algorithm of the message"),
        "",
        "authentication-failed-changed",
        Failed,
        Ours,
        "",
    ),
    (Wrong::Refusal("Decryption Error"), "", "decryption-failed", Failed, Ours, "Compare the fingerprint"),
    (
        Wrong::Refusal("decryption-failed"),
        "encryption = \"none\"",
        "decryption-failed-plain",
        Failed,
        Theirs,
        "switch encryption on",
    ),
    (
        Wrong::StrangersRefusal("decryption-failed"),
        "",
        "decryption-failed-new-certificate",
        Failed,
        Ours,
        "import it and activate it now",
    ),
    // What was delivered before went to another address.
    (
        Wrong::Refusal("authentication-failed"),
        "",
        "authentication-failed-changed",
        Failed,
        Ours,
        "set it back to what it was",
    ),
    (
        Wrong::Refusal("authentication-failed"),
        "signing = \"none\"",
        "authentication-failed-unsigned",
        Failed,
        Ours,
        "Switch signing on",
    ),
    (Wrong::Refusal("integrity-check-failed"), "", "integrity-check-failed", Failed, Ours, "cms_algorithm_protection"),
    (
        Wrong::Refusal("decompression-failed"),
        "compression = \"before-signing\"",
        "decompression-failed",
        Failed,
        Ours,
        "compress it in the other order (`compression` after-signing)",
    ),
    (
        Wrong::Refusal("decompression-failed"),
        "",
        "decompression-failed-uncompressed",
        Failed,
        Theirs,
        "whether it expects compressed",
    ),
    (
        Wrong::Refusal("insufficient-message-security"),
        "signing = \"sha1\"",
        "insufficient-message-security",
        Failed,
        Ours,
        "SHA-256 instead of SHA-1",
    ),
    (
        Wrong::Refusal("unexpected-processing-error"),
        "",
        "unexpected-processing-error",
        Failed,
        Theirs,
        "Read the partner's words",
    ),
    // As mendelson says it, whatever went wrong.
    (
        Wrong::RefusalInWords(
            "unexpected-processing-error",
            "An error occured during the AS2 message processing: An AS2 message with the message id 1@us has been already processed successfully by the system or is pending",
        ),
        "",
        "seen-before",
        Uncertain,
        Theirs,
        "whether it has the document",
    ),
    (
        Wrong::RefusalInWords(
            "authentication-failed",
            "Error decrypting the inbound AS2 message: Recipient certificate does not match.",
        ),
        "",
        "decryption-failed",
        Failed,
        Ours,
        "Compare the fingerprint",
    ),
    (
        Wrong::RefusalInWords(
            "authentication-failed",
            "Error verifying the senders digital signature: message-digest attribute value does not match calculated value.",
        ),
        "",
        "integrity-check-failed",
        Failed,
        Ours,
        "",
    ),
    (
        Wrong::RefusalInWords(
            "insufficient-message-security",
            "This mock does not implement S/MIME. Send it in the clear",
        ),
        "",
        "no-secured-messages",
        Failed,
        Theirs,
        "the address is the one",
    ),
    (
        Wrong::RefusalInWords("insufficient-message-security", "Unable to verify the signature"),
        "",
        "authentication-failed-changed",
        Failed,
        Ours,
        "",
    ),
    (
        Wrong::RefusalInWords("insufficient-message-security", "Wir nehmen das nicht"),
        "",
        "insufficient-message-security",
        Failed,
        Ours,
        "Read the partner's words",
    ),
    (Wrong::Refusal("unknown-trading-partner"), "", "unknown-trading-partner", Failed, Ours, "both identifiers"),
    (Wrong::Refusal("unknown-trading-relationship"), "", "unknown-trading-partner", Failed, Ours, "both identifiers"),
    (Wrong::Says("failed/Failure: unsupported format"), "", "unsupported-format", Failed, Theirs, "signed receipts on"),
    (
        Wrong::Says("failed/Failure: unsupported MIC-algorithms"),
        "",
        "unsupported-mic-algorithms",
        Failed,
        Ours,
        "without hyphen",
    ),
    (
        Wrong::Says("failed/failure: sender-equals-receiver"),
        "",
        "sender-equals-receiver",
        Failed,
        Ours,
        "both identifiers",
    ),
    (Wrong::Refusal("invalid-message-id"), "", "invalid-message-id-though-good", Failed, Theirs, "a fresh Message-ID"),
    (Wrong::Refusal("illegal-filename"), "", "illegal-filename", Failed, Ours, "`filename` none"),
    (Wrong::Refusal("duplicate-filename"), "", "duplicate-filename", Failed, Ours, "another name"),
    (Wrong::Refusal("duplicate-document"), "", "duplicate-document", Delivered, Nobody, "Do not send it again"),
    (Wrong::Refusal("file too large"), "", "too-large", Failed, Ours, "split the document"),
    (Wrong::Refusal("document-type-id-not-accepted"), "", "document-not-accepted", Failed, Ours, "guide"),
    (Wrong::Says("denied"), "", "denied", Failed, Theirs, "its AS2 address"),
    (Wrong::Says("deleted"), "", "denied", Failed, Theirs, "its AS2 address"),
    (Wrong::Says("failed"), "", "refused-without-reason", Failed, Theirs, "what went wrong"),
    (Wrong::Refusal("quota exceeded"), "", "refused-for-a-reason-of-its-own", Failed, Theirs, "what went wrong"),
    (Wrong::Says("displayed"), "", "undecided", Uncertain, Theirs, "Redeliver"),
    (Wrong::Says("dispatched"), "", "undecided", Uncertain, Theirs, "Redeliver"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_disposition_and_every_faulty_receipt_leads_to_its_entry() {
    let us = Us::new().await;
    for (wrong, settings, key, verdict, side, remedy) in ROWS.iter().copied() {
        let partner = answering(&us, move |received, us| received.receipt(us, wrong));
        us.connect(&partner.url, settings).await;
        let sent = us.send().await;
        holds(&sent, (key, verdict, side, remedy));
        // Of a receipt that is for something else, or was changed, nothing is concluded about how its MIC was made.
        if key == "receipt-other-message" || key == "receipt-signature-broken" {
            let told = format!("{:#?}", sent.diagnosis);
            assert!(!told.contains("ways fits") && !told.contains("came to its MIC"), "{told}");
        }
        if key == "receipt-other-message" {
            let matched = sent.stages.iter().find(|stage| stage.stage == StageName::Matched).unwrap();
            assert_eq!(matched.detail, "it names another Message-ID: <somebody-else@example.com>");
        }
    }
}

/// A partner that answers with what is made of its receipt.
fn answering(
    us: &Us,
    make: impl Fn(&Received, &countersign::certificate::Certificate) -> BuiltReceipt + Send + Sync + 'static,
) -> Partner {
    let certificate = us.certificate.clone();
    Partner::start(move |received, stream| {
        let receipt = make(received, &certificate);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    })
}

/// An unsigned receipt in which something stands otherwise.
fn rewritten(received: &Received, us: &countersign::certificate::Certificate, from: &str, to: &str) -> BuiltReceipt {
    let mut receipt = received.receipt(us, Wrong::Unsigned);
    let text = String::from_utf8(receipt.body).unwrap();
    assert!(text.contains(from), "{text}");
    receipt.body = text.replace(from, to).into_bytes();
    receipt
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_that_are_written_wrongly() {
    let us = Us::new().await;
    // A MIC of no digest's length, so that its algorithm cannot be guessed either.
    let partner = answering(&us, |received, us| {
        let mut receipt = received.receipt(us, Wrong::Unsigned);
        let text = String::from_utf8(receipt.body).unwrap();
        let line = text.lines().find(|line| line.ends_with(", sha-256")).unwrap();
        receipt.body = text.replace(line, "Received-Content-MIC: AAAA, whirlpool").into_bytes();
        receipt
    });
    us.connect(&partner.url, "mdn = \"sync\"").await;
    holds(&us.send().await, ("mic-incomparable", Uncertain, Theirs, "`mdn_mic` sha256"));

    // Of what came, as it came.
    let partner = answering(&us, |received, us| {
        let mut receipt = received.receipt(us, Wrong::Unsigned);
        let text = String::from_utf8(receipt.body).unwrap();
        let line = text.lines().find(|line| line.ends_with(", sha-256")).unwrap();
        let mic = mic_of(Digest::Sha256, &received.body).base64();
        receipt.body = text.replace(line, &format!("Received-Content-MIC: {mic}, sha-256")).into_bytes();
        receipt
    });
    us.connect(&partner.url, "mdn = \"sync\"\nencryption = \"aes256-gcm\"").await;
    holds(&us.send().await, ("mic-of-the-encrypted", Failed, Theirs, "choose a CBC mode"));

    let partner = answering(&us, |received, us| {
        let mut receipt = received.receipt(us, Wrong::Nothing);
        let text = String::from_utf8(receipt.body).unwrap();
        receipt.body = text.replacen("The message was received\r\n", "The message was received\n", 1).into_bytes();
        receipt
    });
    us.connect(&partner.url, "").await;
    holds(&us.send().await, ("receipt-other-line-ends", Uncertain, Theirs, "`quirks.canonicalise_mic`"));

    let partner = answering(&us, |received, us| rewritten(received, us, "Original-Message-ID", "X-Nothing"));
    us.connect(&partner.url, "mdn = \"sync\"").await;
    holds(&us.send().await, ("receipt-nameless", Uncertain, Theirs, "why its receipts name another"));

    let partner = answering(&us, |received, us| {
        let mut receipt = received.receipt(us, Wrong::Unsigned);
        receipt.body = b"not a boundary in sight".to_vec();
        receipt
    });
    us.connect(&partner.url, "").await;
    holds(&us.send().await, ("receipt-unreadable", Uncertain, Theirs, "Keep the raw answer"));
}

/// Connects with other certificates of the partner, and further lines.
async fn connect_with(us: &Us, url: &str, certificates: &str, more: &str) {
    std::fs::write(us.path("stranger.pem"), STRANGER.certificate.to_pem()).unwrap();
    us.connect(url, more).await;
    let file = us.path("partner.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text =
        text.replacen("partner_certificates = [\"partner.pem\"]", &format!("partner_certificates = {certificates}"), 1);
    std::fs::write(&file, text).unwrap();
    us.app.add_connection(&file, true).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_over_time_tell_which_side_has_switched() {
    let us = Us::new().await;
    let refusing = answering(&us, |received, us| received.receipt(us, Wrong::Refusal("decryption-failed")));
    let stranger = answering(&us, |received, us| received.receipt(us, Wrong::Stranger));
    let day = |days: i64| Clock::System.now().checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap();
    let scheduled = format!(
        "[\"partner.pem\", {{ file = \"stranger.pem\", use = [\"encrypt\", \"verify\"], from = \"{}\" }}]",
        day(3)
    );
    connect_with(&us, &refusing.url, &scheduled, "").await;
    holds(&us.send().await, ("decryption-failed-partner-ahead", Failed, Ours, "now, then send again"));
    connect_with(&us, &stranger.url, &scheduled, "").await;
    holds(&us.send().await, ("signer-scheduled", Uncertain, Ours, "Activate the new certificate now"));

    let switched = format!(
        "[{{ file = \"stranger.pem\", use = [\"encrypt\", \"verify\"], until = \"{}\" }}, {{ file = \"partner.pem\", use = \
         [\"encrypt\", \"verify\"], from = \"{}\" }}]",
        day(-1),
        day(-2)
    );
    connect_with(&us, &refusing.url, &switched, "").await;
    holds(&us.send().await, ("decryption-failed-partner-behind", Failed, Theirs, "go back to"));
    connect_with(&us, &stranger.url, &switched, "").await;
    holds(&us.send().await, ("signer-replaced", Uncertain, Theirs, "accept the old one again"));

    // The new one is somebody else's, and was brought in by mistake.
    let mistaken = format!(
        "[\"partner.pem\", {{ file = \"stranger.pem\", use = [\"encrypt\", \"verify\"], from = \"{}\" }}]",
        day(-2)
    );
    connect_with(&us, &refusing.url, &mistaken, "").await;
    holds(&us.send().await, ("decryption-failed-wrong-certificate", Failed, Ours, "Go back to"));

    let other = "[test]\nour_as2_id = \"US\"\npartner_as2_id = \"PARTNERTEST\"\nurl = \"http://127.0.0.1:9/\"\n\
                 identity = \"us\"\npartner_certificates = [\"stranger.pem\"]";
    connect_with(&us, &stranger.url, "[\"partner.pem\"]", other).await;
    holds(&us.send().await, ("signer-other-profile", Uncertain, Ours, "import that certificate for this profile too"));

    // One that has ended, and whose successor nobody imported.
    let began = Clock::System.now().checked_sub(jiff::SignedDuration::from_hours(24 * 40)).unwrap();
    let (_, ended) = create_identity("CN=ended", KeyKind::Rsa2048, 30, began).unwrap();
    std::fs::write(us.path("ended.pem"), ended.to_pem()).unwrap();
    connect_with(&us, &refusing.url, "[\"ended.pem\", \"partner.pem\"]", "").await;
    holds(&us.send().await, ("decryption-failed-certificate-ended", Failed, Ours, "Get the renewed certificate"));
}

async fn sent_by(us: &Us, app: &App) -> Transmission {
    let file = us.path("order.edi");
    std::fs::write(&file, crate::exchange::DOCUMENT).unwrap();
    let request = SendRequest {
        connection: "partner".parse().unwrap(),
        profile: ProfileKind::Production,
        payload: Payload::File(file),
    };
    app.send(&request, &|_event| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn our_certificate_over_time_tells_why_a_signature_is_refused() {
    let us = Us::new().await;
    let refusing = answering(&us, |received, us| received.receipt(us, Wrong::Refusal("authentication-failed")));
    us.connect(&refusing.url, "").await;
    for (days, key, remedy) in [
        (70, "authentication-failed", "compare the fingerprint"),
        (400, "authentication-failed-certificate-ended", "renewed identity"),
    ] {
        let at = Clock::System.now().checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap();
        let app = app_on(&us.workspace(), Clock::Fixed(at));
        holds(&sent_by(&us, &app).await, (key, Failed, Ours, remedy));
        app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_the_partner_has_accepted_is_not_called_renewed() {
    use countersign::app::{NewIdentity, OwnChange};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let us = Us::new().await;
    let refuses = Arc::new(AtomicBool::new(false));
    let refusing = Arc::clone(&refuses);
    let partner = answering(&us, move |received, us| {
        let wrong =
            if refusing.load(Ordering::SeqCst) { Wrong::Refusal("authentication-failed") } else { Wrong::Nothing };
        received.receipt(us, wrong)
    });
    us.connect(&partner.url, "").await;
    holds(&us.send().await, ("delivered", Delivered, Nobody, ""));
    refuses.store(true, Ordering::SeqCst);
    holds(&us.send().await, ("authentication-failed-known", Failed, Theirs, "what was changed since then"));
    // The same system under another address: what was changed here is looked at first.
    us.connect(&format!("{}?as2", partner.url), "").await;
    let changed = us.send().await;
    holds(&changed, ("authentication-failed-changed", Failed, Ours, "set it back to what it was"));
    assert!(!changed.diagnosis.unwrap().explanation.contains("renewed"));
    // Another identity really took the place of the first.
    let next = NewIdentity { name: "next".parse().unwrap(), key: KeyKind::EcP256, days: 300, subject: None };
    let to = us.app.create_identity(next).await.unwrap().name;
    let activation = countersign::domain::timeline::Activation::Now;
    let change = OwnChange { from: Some("us".parse().unwrap()), to, activation, profiles: Vec::new() };
    us.app.change_own(&change).await.unwrap();
    holds(&us.send().await, ("authentication-failed-renewed", Failed, Ours, "sign with the previous identity"));
}
