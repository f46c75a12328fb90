//! Quirks of receipts: what comes instead of one, how its parts and fields are written.

use countersign::as2::{
    Mic, OpeningKeys, ReceiptContent, ReceiptReading, SignatureOutcome, SigningPlan, build_receipt, read_receipt,
};
use countersign::domain::algorithm::{Digest, MicalgStyle, SignatureScheme};
use countersign::domain::connection::Quirks;
use countersign::domain::diagnosis::WhatCame;
use countersign::domain::disposition::Disposition;

use crate::messages::{Headers, find, headers, mic_of, now, reading, receipt, sender};

const REPORT: &str = "Content-Type: multipart/report; report-type=disposition-notification; boundary=r";

fn mic() -> Mic {
    mic_of(Digest::Sha256, b"what was received")
}

/// A receipt of ours, signed or not.
fn ours(signed: bool) -> (Headers, Vec<u8>) {
    let quirks = Quirks::default();
    let plan = SigningPlan {
        certificate: &sender().certificate,
        chain: &[],
        key: &sender().key,
        digest: Digest::Sha256,
        scheme: SignatureScheme::RsaPkcs1,
        quirks: &quirks,
        at: now(),
    };
    let mic = mic();
    let content = ReceiptContent {
        from: "ACME",
        to: "PEER",
        message_id: "<2@test>",
        original_message_id: "<1@test>",
        disposition: Disposition::processed(),
        mic: Some(&mic),
        micalg_style: MicalgStyle::Rfc5751,
        text: "Received",
        at: now(),
    };
    let built = build_receipt(&content, signed.then_some(&plan)).unwrap();
    (built.headers, built.body)
}

/// A bare report with these fields.
fn report(fields: &str) -> Vec<u8> {
    format!(
        "--r\r\nContent-Type: text/plain\r\n\r\nReceived\r\n--r\r\nContent-Type: message/disposition-notification\r\n\r\n{fields}\r\n--r--\r\n"
    )
    .into_bytes()
}

const FIELDS: &str =
    "Original-Message-ID: <1@test>\r\nDisposition: automatic-action/MDN-sent-automatically; processed\r\n";

#[test]
fn quirk_16_an_answer_without_a_receipt_is_told_from_one_under_a_wrong_name() {
    for (kind, body, came) in [
        ("text/html", "<html><body>Welcome</body></html>", WhatCame::Html),
        ("text/plain", "OK", WhatCame::Text),
        ("text/html", "", WhatCame::Empty),
        ("application/json", "{}", WhatCame::Other("application/json".to_owned())),
    ] {
        let head = vec![("Content-Type".to_owned(), kind.to_owned())];
        assert!(
            matches!(reading(&head, body.as_bytes()), ReceiptReading::Absent(found) if found == came),
            "{kind} {body}"
        );
    }
    // A signed receipt that is announced as a web page, as phpas2 has it.
    let (_, body) = ours(true);
    let read = receipt(&headers(&["Content-Type: text/html; charset=utf-8"]), &body);
    assert!(matches!(read.signature.unwrap().outcome, SignatureOutcome::Good { .. }));
    let whole = [b"Content-Type: multipart/report; boundary=r\r\n\r\n".as_slice(), &report(FIELDS)].concat();
    assert!(receipt(&headers(&["Content-Type: text/html"]), &whole).is_for("<1@test>"));
}

#[test]
fn quirk_20_a_receipt_that_repeats_all_headers_before_its_boundary() {
    let (head, body) = ours(true);
    let repeated: String = head.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let read = receipt(&head, &[repeated.as_bytes(), b"\r\n", &body].concat());
    assert!(matches!(read.signature.unwrap().outcome, SignatureOutcome::Good { .. }));
    assert!(read.mic.unwrap().matches(&mic()));
}

#[test]
fn quirk_27_reports_in_every_wrapping() {
    let with = |kind: &str, body: &[u8]| receipt(&headers(&[kind]), body);
    for kind in [
        REPORT,
        "Content-Type: multipart/report; boundary=r",
        "Content-Type: Multipart/Report; Report-Type=disposition-notification; boundary=\"r\"",
        "Content-Type: multipart/report; report-type=\"disposition-notification\"; boundary=r",
    ] {
        assert!(with(kind, &report(FIELDS)).disposition.unwrap().is_positive(), "{kind}");
    }
    let parts = |first: &str, rest: &str| {
        format!(
            "--r\r\n{first}\r\n--r\r\nContent-Type: message/disposition-notification\r\n\r\n{FIELDS}\r\n{rest}--r--"
        )
        .into_bytes()
    };
    for (first, rest, text) in [
        // Sterling: no header, not even the blank line that ends it.
        ("Your message was received", "", Some("Your message was received")),
        ("\r\nYour message was received", "", Some("Your message was received")),
        ("Content-Type: text/html\r\n\r\n<p>Received</p>", "", Some("<p>Received</p>")),
        (
            "Content-Type: text/plain\r\n\r\nReceived",
            "--r\r\nContent-Type: message/rfc822\r\n\r\nThe message\r\n",
            Some("Received"),
        ),
    ] {
        let read = with(REPORT, &parts(first, rest));
        assert!(read.disposition.unwrap().is_positive(), "{first}");
        assert_eq!(read.text.as_deref(), text);
    }
    // The notification alone, and one whose part has no header of its own.
    assert!(with("Content-Type: message/disposition-notification", FIELDS.as_bytes()).is_for("<1@test>"));
    let bare = format!("--r\r\n\r\nReceived\r\n--r\r\n{FIELDS}\r\n--r--");
    assert!(with(REPORT, bare.as_bytes()).is_for("<1@test>"));
}

#[test]
fn quirk_28_fields_in_any_case_order_and_spacing() {
    for (disposition, positive) in [
        ("automatic-action/MDN-sent-automatically; processed", true),
        ("automatic-action/MDN-sent-automatically;processed", true),
        ("AUTOMATIC-ACTION/mdn-sent-automatically ; Processed", true),
        ("automatic-action/MDN-sent-automatically; processed/Warning: duplicate-document", true),
        ("automatic-action/MDN-sent-automatically; processed/error:decryption-failed", false),
        (
            "automatic-action/MDN-sent-automatically; processed/Error : authentication-failed, the certificate is, as it were, unknown",
            false,
        ),
        ("automatic-action/MDN-sent-automatically; failed/failure: unsupported format", false),
        ("automatic-action/MDN-sent-automatically; failed/Failure: sender-equals-receiver", false),
        ("automatic-action/MDN-sent-automatically; error: x", false),
        ("automatic-action/MDN-sent-automatically;\r\n\tprocessed/error: unexpected-processing-error", false),
    ] {
        let fields = format!("DISPOSITION: {disposition}\r\nreporting-ua: x\r\noriginal-message-id: <1@test>\r\n");
        let read = receipt(&headers(&[REPORT]), &report(&fields));
        assert_eq!(read.disposition.as_ref().unwrap().is_positive(), positive, "{disposition}");
        assert!(read.is_for("<1@test>"), "{disposition}");
    }
    let commented = "Original-Message-ID: <1@test> (yours)\r\nDisposition: automatic-action/MDN-sent-automatically; \
                     processed (fine)\r\nReceived-Content-MIC: AAAA, sha256 (of all)\r\n";
    let read = receipt(&headers(&[REPORT]), &report(commented));
    assert!(read.is_for("<1@test>") && read.disposition.unwrap().is_positive(), "{commented}");
    assert_eq!(read.mic.unwrap().digest, Some(Digest::Sha256));
    let fields = format!("{FIELDS}Error: the certificate is unknown\r\nFailure: nothing\r\n");
    assert_eq!(receipt(&headers(&[REPORT]), &report(&fields)).remarks, ["the certificate is unknown", "nothing"]);
}

#[test]
fn quirk_29_recipients_of_any_form_and_fields_that_are_missing() {
    for (field, recipient) in [
        ("Final-Recipient: rfc822; ACME", Some("ACME")),
        ("Final-Recipient: rfc822;ACME", Some("ACME")),
        ("Final-Recipient: rfc822; \"WITH SPACE\"", Some("WITH SPACE")),
        ("Final-Recipient: SOMEBODY ELSE", Some("SOMEBODY ELSE")),
        ("X-Nothing: 1", None),
    ] {
        let read = receipt(&headers(&[REPORT]), &report(&format!("{field}\r\n{FIELDS}")));
        assert_eq!(read.final_recipient.as_deref(), recipient, "{field}");
        assert!(read.disposition.unwrap().is_positive());
    }
    // Original-Recipient and the receipt's own Message-ID are missing above; so may be the Message-ID it is for.
    let fields = "Disposition: automatic-action/MDN-sent-automatically; processed\r\n";
    let read = receipt(&headers(&[REPORT]), &report(fields));
    assert!(read.original_message_id.is_none() && !read.is_for("<1@test>"));
}

#[test]
fn quirk_33_a_receipt_signed_by_somebody_else_is_told_with_the_certificate_inside() {
    let (head, body) = ours(true);
    let ReceiptReading::Read(read) = read_receipt(&head, &body, OpeningKeys { decryption: &[], accepted: &[] }) else {
        panic!("no receipt");
    };
    let embedded = Some(sender().certificate.facts().fingerprint_sha256);
    assert_eq!(read.signature.unwrap().outcome, SignatureOutcome::UnknownSigner { embedded, content_intact: true });
}

#[test]
fn quirk_43_a_mic_however_it_is_spaced_and_wrapped() {
    let long = mic_of(Digest::Sha512, b"what was received");
    let base64 = long.base64();
    for field in [
        format!("{base64}, sha-512"),
        format!("{base64},sha512"),
        format!("{} {}, sha-512", &base64[..40], &base64[40..]),
        format!("{}\r\n {}, sha-512", &base64[..76], &base64[76..]),
        format!("{base64},\r\n\tsha-512"),
        format!("{},sha512", base64.trim_end_matches('=')),
    ] {
        let read = receipt(&headers(&[REPORT]), &report(&format!("{FIELDS}Received-Content-MIC: {field}\r\n")));
        assert!(read.mic.unwrap().matches(&long), "{field:?}");
    }
}

#[test]
fn quirk_44_and_58_names_of_digests_are_compared_by_meaning() {
    for (digest, names) in [
        (Digest::Sha1, &["sha1", "sha-1", "SHA1", "RSA-SHA1", "SHA", "\"sha1\""][..]),
        (Digest::Sha256, &["sha256", "sha-256", "SHA-256", "sha2_256", "rsassa-pss-sha-256", "sha-256-rsassa-pss"]),
        (Digest::Sha512, &["sha512", "SHA-512", "sha2_512"]),
    ] {
        let mic = mic_of(digest, b"what was received");
        for name in names {
            let fields = format!("{FIELDS}Received-Content-MIC: {}, {name}\r\n", mic.base64());
            let read = receipt(&headers(&[REPORT]), &report(&fields)).mic.unwrap();
            assert!(read.matches(&mic), "{name}");
        }
        assert_eq!(Digest::from_micalg(digest.micalg(MicalgStyle::Rfc5751)), Some(digest));
        assert_eq!(Digest::from_micalg(digest.micalg(MicalgStyle::Rfc3851)), Some(digest));
    }
    assert_eq!(Digest::Sha256.micalg(MicalgStyle::Rfc5751), "sha-256");
    assert_eq!(Digest::Sha256.micalg(MicalgStyle::Rfc3851), "sha256");
    // Read, never computed: MD5 is known by its name.
    assert_eq!(Digest::from_micalg("rsa-md5"), Some(Digest::Md5));
}

#[test]
fn quirk_45_an_error_without_a_mic_is_no_mismatch() {
    let fields = "Original-Message-ID: <1@test>\r\nDisposition: automatic-action/MDN-sent-automatically; processed/error: authentication-failed\r\n";
    let read = receipt(&headers(&[REPORT]), &report(fields));
    assert!(read.mic.is_none());
    assert_eq!(read.disposition.unwrap().key().as_deref(), Some("authentication-failed"));
}

#[test]
fn quirk_02_receipts_of_ours_are_never_folded() {
    for signed in [false, true] {
        let (head, body) = ours(signed);
        assert!(head.iter().all(|(_, value)| !value.contains(['\r', '\n'])));
        assert_eq!(find(&body, b"\r\n "), None);
        assert_eq!(find(&body, b"\r\n\t"), None);
        assert!(receipt(&head, &body).mic.unwrap().matches(&mic()));
    }
}

/// A report whose two parts are encoded as their heads say.
fn encoded_report(text_head: &str, text: &[u8], fields_head: &str, fields: &str) -> Vec<u8> {
    let mut out = format!("--r\r\nContent-Type: text/plain{text_head}\r\n\r\n").into_bytes();
    out.extend_from_slice(text);
    out.extend_from_slice(
        format!("\r\n--r\r\nContent-Type: message/disposition-notification{fields_head}\r\n\r\n{fields}\r\n--r--\r\n")
            .as_bytes(),
    );
    out
}

const QUOTED: &str = "\r\nContent-Transfer-Encoding: Quoted-Printable";

#[test]
fn a_notification_in_quoted_printable_is_read_as_what_it_stands_for() {
    let fields = "Reporting-UA: x\r\nOriginal-Message-ID: <1=40te=\r\nst>\r\nDisposition: automatic-action/MDN-sent-automatical=\r\nly; processed\r\nReceived-Content-MIC: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=3D, sha-256\r\n";
    let read = receipt(&headers(&[REPORT]), &encoded_report("", b"x", QUOTED, fields));
    assert!(read.is_for("<1@test>"), "{:?}", read.original_message_id);
    assert_eq!(read.disposition, Some(Disposition::processed()));
    assert!(read.mic.unwrap().matches(&mic_of(Digest::Sha256, b"")));
    // What is announced as that and is not says what it says.
    let fields = format!("{FIELDS}Reporting-UA: Pr\u{fc}fer\r\n");
    let read = receipt(&headers(&[REPORT]), &encoded_report("", b"x", QUOTED, &fields));
    assert!(read.is_for("<1@test>"));
}

#[test]
fn the_words_of_a_receipt_are_read_in_their_encoding_and_charset() {
    const UTF_8: &str = "; charset=utf-8";
    const LATIN: &str = "; charset=\"ISO-8859-1\"";
    for (head, text, said) in [
        (
            format!("{UTF_8}{QUOTED}"),
            &b"Pr=C3=BCfsumme falsch; it cannot =\r\nbe processed."[..],
            "Prüfsumme falsch; it cannot be processed.",
        ),
        (format!("{LATIN}{QUOTED}"), b"Pr=FCfsumme", "Prüfsumme"),
        (LATIN.to_owned(), b"Pr\xfcfsumme", "Prüfsumme"),
        ("; charset=windows-1252".to_owned(), b"5 \x80 zu wenig", "5 € zu wenig"),
        ("; charset=iso-8859-2".to_owned(), b"b\xb3\xb1d", "błąd"),
        (UTF_8.to_owned(), "Prüfsumme".as_bytes(), "Prüfsumme"),
        // What is not declared, or is not what was declared.
        (String::new(), "Prüfsumme".as_bytes(), "Prüfsumme"),
        ("; charset=us-ascii".to_owned(), "Prüfsumme".as_bytes(), "Prüfsumme"),
        ("; charset=us-ascii".to_owned(), b"Pr\xfcfsumme", "Prüfsumme"),
        ("; charset=x-nobody-knows".to_owned(), "Prüfsumme".as_bytes(), "Prüfsumme"),
    ] {
        let read = receipt(&headers(&[REPORT]), &encoded_report(&head, text, "", FIELDS));
        assert_eq!(read.text.as_deref(), Some(said), "{head}");
    }
}
