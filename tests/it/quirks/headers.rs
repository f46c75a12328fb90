//! Quirks of HTTP headers: names, quoting, repetitions, and values that do not matter.

use countersign::as2::SignatureOutcome;
use countersign::as2::headers::{MediaType, as2_id, get, unquote};
use countersign::domain::algorithm::Digest;

use super::receiver::Receiver;
use crate::messages::{build, headers, mic_of, opened, profile, signature_over, signed_body};

const PAYLOAD: &[u8] = b"ISA*00*~\nno final newline";

const ASKING: &str = "Disposition-Notification-Options: signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-256";

#[test]
fn quirk_01_header_names_in_any_case() {
    let (part, signature) = signature_over(PAYLOAD);
    let body = signed_body(&part, "content-TYPE: application/pkcs7-signature\r\n", &signature);
    for name in ["content-type", "Content-Type", "CONTENT-TYPE"] {
        let head = vec![(name.to_owned(), "multipart/signed; boundary=b; micalg=sha256".to_owned())];
        let (opened, payload) = opened(&head, &body).unwrap();
        assert!(matches!(opened.signature.unwrap().outcome, SignatureOutcome::Good { .. }), "{name}");
        assert_eq!(payload, PAYLOAD);
    }
}

#[test]
fn quirk_02_folded_headers_are_read_and_never_written() {
    let part = b"Content-Type: application/edi-x12;\r\n\tcharset=us-ascii\r\nContent-Disposition: attachment;\r\n  filename=\"po.edi\"\r\n\r\nISA*00*~";
    let kind = headers(&["Content-Type: application/pkcs7-mime"]);
    let body = crate::messages::compressed_data(&crate::messages::stored_zlib(part), None);
    let (opened, payload) = opened(&kind, &body).unwrap();
    assert_eq!((opened.filename().as_deref(), payload.as_slice()), (Some("po.edi"), &b"ISA*00*~"[..]));
    assert_eq!(opened.content_type().parameter("charset"), Some("us-ascii"));
    // The MIC is over the header as it was folded.
    assert_eq!(opened.mic, mic_of(Digest::Sha256, part));
    for encryption in ["none", "aes128-cbc"] {
        let settings =
            format!("encryption = \"{encryption}\"\nsubject = \"a subject of some length, which is not folded\"");
        let (built, body) = build(&profile(&settings), PAYLOAD).unwrap();
        assert!(built.headers.iter().all(|(_, value)| !value.contains(['\r', '\n'])));
        if encryption == "none" {
            assert_eq!(crate::messages::find(&body, b"\r\n\t"), None);
            assert_eq!(crate::messages::find(&body, b"\r\n "), None);
        }
    }
}

#[test]
fn quirk_03_tabs_between_parameters() {
    let (part, signature) = signature_over(PAYLOAD);
    let body = signed_body(&part, "Content-Type: application/pkcs7-signature; \t name=smime.p7s\r\n", &signature);
    for value in [
        "multipart/signed;\tprotocol=\"application/pkcs7-signature\";\tmicalg=sha1;\tboundary=\"b\"",
        "multipart/signed;  \tboundary = b ; micalg =\tsha-256;",
        "multipart/signed;boundary=b;micalg=sha-256",
    ] {
        let head = vec![("Content-Type".to_owned(), value.to_owned())];
        let (opened, _) = opened(&head, &body).unwrap_or_else(|error| panic!("{value}: {error}"));
        assert!(matches!(opened.signature.unwrap().outcome, SignatureOutcome::Good { .. }), "{value}");
    }
}

#[test]
fn quirk_04_identifiers_sent_twice() {
    let receiver = Receiver::start("ACME", "PEER");
    for (index, ids) in [
        ["AS2-From: PEER", "AS2-From: \"PEER\"", "AS2-To: ACME", "AS2-To: \"ACME\""],
        ["AS2-From: \"PEER\"", "as2-from: PEER", "AS2-To: \"ACME\"", "as2-to: ACME"],
    ]
    .iter()
    .enumerate()
    {
        let id = format!("Message-ID: <twice-{index}@peer>");
        let lines = [&ids[..], &[&id, "Content-Type: application/edi-x12", "Disposition-Notification-To: x"]].concat();
        let answer = receiver.post(&lines, PAYLOAD);
        let receipt = receiver.receipt(&answer);
        assert!(receipt.disposition.as_ref().unwrap().is_positive(), "{lines:?}: {:?}", receipt.disposition_text);
    }
}

#[test]
fn quirk_05_identifiers_are_case_sensitive_and_quoted_only_where_needed() {
    for (id, written) in [
        ("ACME", "ACME"),
        ("WITH SPACE", "\"WITH SPACE\""),
        ("quo\"te", "\"quo\\\"te\""),
        ("back\\slash", "\"back\\\\slash\""),
        ("#!/<>,[]", "#!/<>,[]"),
    ] {
        assert_eq!(as2_id(id, false), written);
        assert_eq!(unquote(written), id);
        assert_eq!(unquote(&as2_id(id, true)), id, "quotes around any identifier are read");
    }
    let receiver = Receiver::start("WITH SPACE", "#!/<>,[] \"x\"");
    let disposition = |from: &str, to: &str, id: &str| {
        let lines = [
            format!("AS2-From: {from}"),
            format!("AS2-To: {to}"),
            format!("Message-ID: <{id}>"),
            "Content-Type: application/edi-x12".to_owned(),
            "Disposition-Notification-To: x".to_owned(),
        ];
        let answer = receiver.post(&lines.each_ref().map(String::as_str), PAYLOAD);
        let receipt = receiver.receipt(&answer);
        let reply = (unquote(get(&answer.headers, "AS2-From").unwrap()), receipt.final_recipient.clone().unwrap());
        (receipt.disposition_text.unwrap(), reply)
    };
    let from = as2_id("#!/<>,[] \"x\"", false);
    let (said, (reply_from, recipient)) = disposition(&from, "\"WITH SPACE\"", "1");
    assert!(said.ends_with("processed"), "{said}");
    assert_eq!((reply_from.as_str(), recipient.as_str()), ("WITH SPACE", "WITH SPACE"));
    // Without its quotes it is the same identifier; in another case it is another.
    assert!(disposition(&from, "WITH SPACE", "2").0.ends_with("processed"));
    assert!(disposition(&from, "\"With Space\"", "3").0.contains("unknown-trading-relationship"));
}

#[test]
fn quirk_06_message_ids_of_any_form_are_echoed_byte_by_byte() {
    let receiver = Receiver::start("ACME", "PEER");
    let long = format!("<{}@peer>", "x".repeat(400));
    for id in ["no-brackets@peer", "<no-at-sign>", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "<a#b@peer>", &long] {
        let field = format!("Message-ID: {id}");
        let lines = [
            "AS2-From: PEER",
            "AS2-To: ACME",
            &field,
            "Content-Type: application/edi-x12",
            "Disposition-Notification-To: x",
        ];
        let receipt = receiver.receipt(&receiver.post(&lines, PAYLOAD));
        assert_eq!(receipt.original_message_id.as_deref(), Some(id));
        assert!(receipt.is_for(id) && receipt.disposition.unwrap().is_positive());
    }
    // Ours have brackets, no spaces, and are not too long.
    let (built, _) = build(&profile(""), PAYLOAD).unwrap();
    let ours = get(&built.headers, "Message-ID").unwrap();
    assert!(ours.starts_with('<') && ours.ends_with('>') && ours.len() <= 255 && !ours.contains(' '));
}

#[test]
fn quirk_07_no_file_is_named_by_an_unsafe_message_id() {
    let receiver = Receiver::start("ACME", "PEER");
    let lines = [
        "AS2-From: PEER",
        "AS2-To: ACME",
        "Message-ID: <../../../escaped:1@peer>",
        "Content-Type: application/edi-x12",
        "Disposition-Notification-To: x",
    ];
    let receipt = receiver.receipt(&receiver.post(&lines, PAYLOAD));
    assert!(receipt.disposition.unwrap().is_positive());
    assert_eq!(receiver.inbox(), [("escaped_1@peer".to_owned(), PAYLOAD.to_vec())]);
}

#[test]
fn quirk_08_and_09_dates_and_versions_of_any_form() {
    let receiver = Receiver::start("ACME", "PEER");
    for (index, [date, version, features]) in [
        ["24 Nov 2026 12:00:00 GMT", "AS2-Version: 1.1", "EDIINT-Features: CEM, multiple-attachments, AS2-Reliability"],
        ["Tue Nov 24 12:00:00 CET 2026", "AS2-Version: 1.9", "EDIINT-Features: CMS"],
        ["Tue,24Nov2026 12:00:00", "AS2-Version: 1.0", "EDIINT-Features:"],
        ["yesterday", "X-Nothing: 1", "X-More: 2"],
    ]
    .into_iter()
    .enumerate()
    {
        let (date, id) = (format!("Date: {date}"), format!("Message-ID: <dated-{index}@peer>"));
        let lines = [
            "AS2-From: PEER",
            "AS2-To: ACME",
            &id,
            &date,
            version,
            features,
            "Content-Type: application/edi-x12",
            "Disposition-Notification-To: x",
        ];
        let receipt = receiver.receipt(&receiver.post(&lines, PAYLOAD));
        assert!(receipt.disposition.unwrap().is_positive(), "{date}");
    }
    let (built, _) = build(&profile(""), PAYLOAD).unwrap();
    assert_eq!(get(&built.headers, "AS2-Version"), Some("1.2"));
    assert_eq!(get(&built.headers, "EDIINT-Features"), Some("AS2-Reliability"));
    assert!(get(&built.headers, "AS2-Product").is_some_and(|product| product.starts_with("countersign:")));
}

#[test]
fn quirk_10_whatever_asks_for_a_receipt_asks_for_one() {
    let receiver = Receiver::start("ACME", "PEER");
    for (index, to) in ["https://peer.example/mdn", "edi@peer.example", "peer", "<>"].iter().enumerate() {
        let (to, id) = (format!("Disposition-Notification-To: {to}"), format!("Message-ID: <asked-{index}@peer>"));
        let lines = ["AS2-From: PEER", "AS2-To: ACME", &id, &to, "Content-Type: application/edi-x12"];
        let receipt = receiver.receipt(&receiver.post(&lines, PAYLOAD));
        assert!(receipt.disposition.unwrap().is_positive(), "{to}");
        assert!(receipt.signature.is_none(), "a signature was not asked for");
    }
    let lines = ["AS2-From: PEER", "AS2-To: ACME", "Message-ID: <unasked@peer>", "Content-Type: application/edi-x12"];
    let answer = receiver.post(&lines, PAYLOAD);
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[test]
fn quirk_12_the_first_digest_that_is_supported_is_taken_and_one_is_asked_for() {
    let receiver = Receiver::start("ACME", "PEER");
    for (index, (options, digest)) in [
        (
            "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-512, sha-256",
            Digest::Sha512,
        ),
        ("signed-receipt-protocol=required,pkcs7-signature;signed-receipt-micalg=required,sha384,sha1", Digest::Sha384),
        (
            "signed-receipt-protocol=optional,\tpkcs7-signature;\tsigned-receipt-micalg=optional,\tcrc32, md5, SHA1",
            Digest::Sha1,
        ),
        (
            "signed-receipt-micalg = optional, sha-256 ; signed-receipt-protocol = optional, PKCS7-Signature",
            Digest::Sha256,
        ),
        ("signed-receipt-protocol=optional, pkcs7-signature", Digest::Sha256),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("Message-ID: <options-{index}@peer>");
        let options = format!("Disposition-Notification-Options: {options}");
        let lines = [
            "AS2-From: PEER",
            "AS2-To: ACME",
            &id,
            &options,
            "Disposition-Notification-To: x",
            "Content-Type: application/edi-x12",
        ];
        let receipt = receiver.receipt(&receiver.post(&lines, PAYLOAD));
        assert!(matches!(receipt.signature.unwrap().outcome, SignatureOutcome::Good { .. }), "{options}");
        assert!(receipt.mic.as_ref().unwrap().matches(&mic_of(digest, PAYLOAD)), "{options}: {:?}", receipt.mic);
    }
    let (built, _) = build(&profile("mdn_mic = \"sha512\""), PAYLOAD).unwrap();
    let options = get(&built.headers, "Disposition-Notification-Options").unwrap();
    assert_eq!(options, "signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha-512");
    let read = MediaType::parse(&format!(";{options}"));
    assert_eq!(read.parameter("signed-receipt-micalg"), Some("optional, sha-512"));
    // OpenAS2 puts a MIC into an unsigned receipt only where one was asked for; pyas2 signs it then.
    for (settings, expected) in [
        ("mdn = \"sync\"", None),
        ("mdn = \"sync\"\nmdn_mic = \"sha256\"", Some("signed-receipt-micalg=optional, sha-256")),
    ] {
        let (built, _) = build(&profile(settings), PAYLOAD).unwrap();
        assert_eq!(get(&built.headers, "Disposition-Notification-Options"), expected, "{settings}");
    }
}

#[test]
fn quirk_15_a_negative_receipt_comes_with_200() {
    let receiver = Receiver::start("ACME", "PEER");
    let lines = [
        "AS2-From: PEER",
        "AS2-To: ACME",
        "Message-ID: <garbage@peer>",
        "Disposition-Notification-To: x",
        ASKING,
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data",
    ];
    let answer = receiver.post(&lines, b"this is not CMS");
    assert_eq!(answer.status, 200);
    let receipt = receiver.receipt(&answer);
    assert!(!receipt.disposition.as_ref().unwrap().is_positive());
    assert!(receipt.mic.is_none(), "what could not be opened has no MIC");
    assert!(receiver.inbox().is_empty());
}
