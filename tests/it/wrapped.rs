//! Signatures that are moved, wrapped, repeated or made for something else, posted to the real receiver: whatever is wrapped
//! around it, nothing is ever delivered but what the partner has signed, byte for byte, and each answer says what became of
//! the message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::domain::transmission::Verdict;

use crate::exchange::{Answered, Serving, Us, post};
use crate::messages::{build, fixture, headers, profile, sender};

/// What the partner's signatures among the fixtures are for, and what is delivered of it.
const ENTITY: &[u8] = include_bytes!("../fixtures/openssl/entity.mime");
const PAYLOAD: &[u8] = b"ISA*00*~\nLF line, no final newline";

/// What nobody has signed.
const EVIL: &[u8] =
    b"Content-Type: application/edi-x12\r\nContent-Disposition: attachment; filename=\"evil.edi\"\r\n\r\nISA*EVIL~";

const SIGNED: &str = "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=bb";

/// What becomes of a message, as its answer says.
#[derive(Clone, Copy)]
enum Told {
    /// Processed, and what was signed lies in the inbox.
    Taken,
    /// Processed: all of it was signed once more by the partner, what is wrapped in it as well.
    Vouched,
    /// Refused with this modifier, and nothing lies there.
    Refused(&'static str),
}
use Told::{Refused, Taken, Vouched};

/// The part of a signature.
fn signature(name: &str) -> Vec<u8> {
    let head =
        b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let text = STANDARD.encode(fixture(name));
    let lines: Vec<u8> = text.as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect();
    [head.as_slice(), &lines].concat()
}

/// A multipart of these parts under a boundary.
fn parts(boundary: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend([b"--".as_slice(), boundary.as_bytes(), b"\r\n", part, b"\r\n"].concat());
    }
    body.extend([b"--".as_slice(), boundary.as_bytes(), b"--\r\n"].concat());
    body
}

fn bb(each: &[&[u8]]) -> Vec<u8> {
    parts("bb", each)
}

/// An entity of that type.
fn typed(content_type: &str, body: &[u8]) -> Vec<u8> {
    [b"Content-Type: ".as_slice(), content_type.as_bytes(), b"\r\n\r\n", body].concat()
}

/// An entity whose signature is the partner's own: what is wrapped in it, the partner has signed.
fn signed_by_partner(content_type: &str, body: &[u8]) -> (String, Vec<u8>) {
    let settings = format!("signing = 'sha256'\nencryption = 'none'\ncontent_type = '{content_type}'");
    let (built, body) = build(&profile(&settings), body).unwrap();
    let found = built.headers.into_iter().find(|(name, _)| name == "Content-Type");
    (found.unwrap().1, body)
}

/// A receiver that takes what the holder of the fixtures' key has signed, encrypted or not.
async fn receiving() -> (Us, Serving) {
    let us = Us::new().await;
    std::fs::write(us.path("partner.pem"), sender().certificate.to_pem()).unwrap();
    us.connect("http://127.0.0.1:9/", "encryption = \"none\"").await;
    let serving = us.serve().await;
    (us, serving)
}

fn disposition(answered: &Answered) -> String {
    let text = String::from_utf8_lossy(&answered.body);
    let line = text.lines().find_map(|line| line.strip_prefix("Disposition: "));
    line.unwrap_or_else(|| panic!("{}: {text}", answered.status)).split_once("; ").unwrap().1.to_owned()
}

/// Posts a message, and takes out of the inbox what was delivered of it.
fn posted(us: &Us, url: &str, name: &str, content_type: &str, body: &[u8]) -> (String, Vec<Vec<u8>>) {
    let fields = headers(&[
        "AS2-From: PARTNER",
        "AS2-To: US",
        "AS2-Version: 1.1",
        "Disposition-Notification-To: x@example.com",
        "Disposition-Notification-Options: signed-receipt-protocol=optional,pkcs7-signature; signed-receipt-micalg=optional,sha-256",
        &format!("Message-ID: <{name}@wrapped>"),
        &format!("Content-Type: {content_type}"),
    ]);
    let answered = post(url, &fields, body);
    let folder = us.path("inbox/partner/production");
    let delivered = us.inbox().into_iter().map(|file| {
        let bytes = std::fs::read(folder.join(&file)).unwrap();
        std::fs::remove_file(folder.join(file)).unwrap();
        bytes
    });
    (disposition(&answered), delivered.collect())
}

/// Every form, its type and body, and what becomes of it.
fn forms() -> Vec<(&'static str, String, Vec<u8>, Told)> {
    let s = signature("sig-sha256.der");
    let signed = || SIGNED.to_owned();
    let (twice, swapped) = (bb(&[ENTITY, &s]), bb(&[EVIL, &s]));
    let lines = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n").into_bytes();
    let (outer, around_swapped) = signed_by_partner(SIGNED, &swapped);
    let (other, around_good) = signed_by_partner(SIGNED, &twice);
    vec![
        ("plain", signed(), twice.clone(), Taken),
        // Nothing but the first part is signed, and nothing but that is the message (RFC 1847 section 2.1).
        ("third-part", signed(), bb(&[ENTITY, &s, EVIL]), Taken),
        ("third-part-signed", signed(), bb(&[ENTITY, &s, ENTITY, &s]), Taken),
        ("preamble", signed(), [EVIL, b"\r\n", &twice].concat(), Taken),
        ("epilogue", signed(), [twice.as_slice(), EVIL].concat(), Taken),
        ("second-multipart", signed(), [twice.clone(), swapped.clone()].concat(), Taken),
        ("no-attributes", signed(), bb(&[ENTITY, &signature("sig-sha256-noattr.der")]), Taken),
        // Signed over its own content, which is the same: attached or not makes no difference.
        ("attached-same", signed(), bb(&[ENTITY, &signature("sig-sha256-attached.der")]), Taken),
        ("two-signers", signed(), bb(&[ENTITY, &signature("sig-two-signers.der")]), Taken),
        ("sha1", signed(), bb(&[ENTITY, &signature("sig-sha1.der")]), Taken),
        ("first-part", signed(), bb(&[EVIL, ENTITY, &s]), Refused("authentication-failed")),
        ("signature-first", signed(), bb(&[&s, ENTITY]), Refused("authentication-failed")),
        ("swapped", signed(), swapped, Refused("integrity-check-failed")),
        ("two-signatures", signed(), bb(&[EVIL, &s, &s]), Refused("integrity-check-failed")),
        (
            "attached-other",
            signed(),
            bb(&[EVIL, &signature("sig-sha256-attached.der")]),
            Refused("integrity-check-failed"),
        ),
        (
            "no-attributes-swapped",
            signed(),
            bb(&[EVIL, &signature("sig-sha256-noattr.der")]),
            Refused("integrity-check-failed"),
        ),
        ("line-feeds", signed(), lines(&twice), Refused("integrity-check-failed")),
        (
            "mixed",
            "multipart/mixed; boundary=mm".to_owned(),
            parts("mm", &[EVIL, &typed(SIGNED, &twice)]),
            Refused("insufficient-message-security"),
        ),
        (
            "mixed-good-first",
            "multipart/mixed; boundary=mm".to_owned(),
            parts("mm", &[&typed(SIGNED, &twice), EVIL]),
            Refused("insufficient-message-security"),
        ),
        // A boundary that begins as the other does is another one (RFC 2046 section 5.1.1).
        ("longer-boundary", signed(), parts("bbb", &[EVIL, &s]).into_iter().chain(twice.clone()).collect(), Taken),
        (
            "nobody",
            signed(),
            bb(&[EVIL, b"Content-Type: text/plain\r\n\r\nsigned, truly"]),
            Refused("authentication-failed"),
        ),
        (
            "another-key",
            signed(),
            bb(&[ENTITY, &signature("sig-sha256-wrongkey.der")]),
            Refused("authentication-failed"),
        ),
        ("not-known", signed(), bb(&[ENTITY, &signature("sig-sha256-ecdsa.der")]), Refused("authentication-failed")),
        // What is signed twice over is the partner's by the signature around all of it, whatever that inside is worth.
        ("nested-swapped", outer, around_swapped, Vouched),
        ("nested-good", other, around_good, Taken),
        // A signature around its own content is no form of AS2 (RFC 4130 section 4.2), and is not opened.
        (
            "opaque",
            "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m".to_owned(),
            fixture("sig-sha256-attached.der"),
            Refused("unexpected-processing-error"),
        ),
        (
            "opaque-and-more",
            "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m".to_owned(),
            [fixture("sig-sha256-attached.der"), EVIL.to_vec()].concat(),
            Refused("unexpected-processing-error"),
        ),
        (
            "opaque-without-content",
            "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m".to_owned(),
            fixture("sig-sha256.der"),
            Refused("unexpected-processing-error"),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_what_was_signed_is_ever_delivered() {
    let (us, serving) = receiving().await;
    let mut wrong = Vec::new();
    for (name, content_type, body, told) in forms() {
        let (disposition, delivered) = posted(&us, &serving.url, name, &content_type, &body);
        let signed = if matches!(told, Vouched) { b"ISA*EVIL~".as_slice() } else { PAYLOAD };
        let only_signed = delivered.iter().all(|each| each == signed);
        let as_told = match told {
            Taken | Vouched => disposition == "processed" && delivered.len() == 1,
            Refused(modifier) => disposition.ends_with(&format!("/error: {modifier}")) && delivered.is_empty(),
        };
        if !(only_signed && as_told) {
            wrong.push(format!(
                "{name}: {disposition}, {} delivered, only what was signed: {only_signed}",
                delivered.len()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // And the journal says the same of each.
    for each in us.journal().await {
        let name = each.message_id.trim_matches(['<', '>']).trim_end_matches("@wrapped").to_owned();
        let (.., told) = forms().into_iter().find(|(known, ..)| *known == name).unwrap();
        let verdict = if matches!(told, Refused(_)) { Verdict::Refused } else { Verdict::Received };
        assert_eq!(each.verdict, verdict, "{name}: {:?}", each.diagnosis);
    }
    serving.stop().await;
}
