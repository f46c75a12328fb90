//! Quirks of MIME: transfer encodings, signature parts, boundaries, names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::as2::{Layer, LineEnds, OpenError, Opened, SignatureOutcome};
use countersign::domain::algorithm::Digest;

use crate::messages::{
    asked, build, compressed_data, find, fixture, headers, mic_of, opened, profile, signature_over, signed_body,
    stored_zlib,
};

const PAYLOAD: &[u8] = b"ISA*00*~\nGS*PO~\r\n\x00\xff no final newline";

fn is_good(opened: &Opened) -> bool {
    opened.signature.as_ref().is_some_and(|check| matches!(check.outcome, SignatureOutcome::Good { .. }))
}

/// Opens a multipart/signed body with boundary `b`, and holds that it is good and holds the payload.
fn good(what: &str, body: &[u8]) -> Opened {
    good_as(what, "multipart/signed; boundary=b; micalg=sha-256", body)
}

fn good_as(what: &str, content_type: &str, body: &[u8]) -> Opened {
    let head = vec![("Content-Type".to_owned(), content_type.to_owned())];
    let (opened, payload) = opened(&head, body).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(is_good(&opened), "{what}: {:?}", opened.signature);
    assert_eq!(payload, PAYLOAD, "{what}");
    opened
}

const PART: &str = "Content-Type: application/edi-x12\r\n";

const SIGNATURE: &str = "Content-Type: application/pkcs7-signature; name=smime.p7s\r\n";

#[test]
fn quirk_20_header_lines_repeated_before_the_first_boundary() {
    let (part, signature) = signature_over(PAYLOAD);
    let body = signed_body(&part, SIGNATURE, &signature);
    for before in [
        "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\n",
        "AS2-From: PEER\r\nAS2-To: ACME\r\nContent-Type: multipart/signed; boundary=\"b\"\r\n\r\n",
        "\r\n",
        "This is a preamble that names --b and goes on\r\n",
    ] {
        good(before, &[before.as_bytes(), &body].concat());
    }
}

#[test]
fn quirk_21_without_a_transfer_encoding_it_is_binary() {
    let bytes: Vec<u8> = (0..=255).collect();
    for encoding in ["", "Content-Transfer-Encoding: 7bit\r\n", "Content-Transfer-Encoding: 8bit\r\n"] {
        let part = [b"Content-Type: application/octet-stream\r\n", encoding.as_bytes(), b"\r\n", &bytes].concat();
        let body = compressed_data(&stored_zlib(&part), None);
        let (_, payload) = opened(&headers(&["Content-Type: application/pkcs7-mime"]), &body).unwrap();
        assert_eq!(payload, bytes, "{encoding}");
    }
    let (_, payload) = opened(&headers(&["Content-Type: application/edi-x12"]), &bytes).unwrap();
    assert_eq!(payload, bytes);
    // What is not known is said, not guessed.
    let head = headers(&["Content-Type: text/plain", "Content-Transfer-Encoding: x-uuencode"]);
    assert!(matches!(opened(&head, b"a=20b"), Err(OpenError::Unsupported(_))));
}

#[test]
fn quirk_22_the_signature_part_in_any_form() {
    let (part, der) = signature_over(PAYLOAD);
    let text = STANDARD.encode(&der);
    let lines = |ending: &str| -> Vec<u8> {
        text.as_bytes().chunks(64).flat_map(|line| [line, ending.as_bytes()].concat()).collect()
    };
    good("raw DER without an encoding", &signed_body(&part, SIGNATURE, &der));
    let head = |encoding: &str| format!("{SIGNATURE}Content-Transfer-Encoding: {encoding}\r\n");
    good("raw DER, binary", &signed_body(&part, &head("binary"), &der));
    good("base64 with CRLF", &signed_body(&part, &head("base64"), &lines("\r\n")));
    good("base64 with LF", &signed_body(&part, &head("BASE64"), &lines("\n")));
    good("base64 in one line", &signed_body(&part, &head("base64"), text.as_bytes()));
    good("base64 that is not announced", &signed_body(&part, SIGNATURE, &lines("\r\n")));
}

#[test]
fn quirk_23_media_types_of_older_products() {
    let (part, der) = signature_over(PAYLOAD);
    for kind in [
        "application/x-pkcs7-signature; name=\"smime.p7s\"",
        "Application/pkcs7-signature; name=EDIINTSIG.p7s",
        "APPLICATION/X-PKCS7-SIGNATURE",
    ] {
        good(kind, &signed_body(&part, &format!("Content-Type: {kind}\r\n"), &der));
    }
    for kind in ["application/x-pkcs7-mime; smime-type=enveloped-data", "Application/PKCS7-Mime; name=smime.p7m"] {
        let head = vec![("Content-Type".to_owned(), kind.to_owned())];
        let (opened, _) = opened(&head, &fixture("enc-aes256cbc-rsa4096.der")).unwrap();
        assert_eq!(opened.layers, [Layer::Encrypted], "{kind}");
    }
    let (built, _) = build(&profile(""), PAYLOAD).unwrap();
    assert!(built.headers.iter().all(|(_, value)| !value.contains("x-pkcs7")));
}

#[test]
fn quirk_24_boundaries_preambles_and_missing_line_breaks() {
    let (part, der) = signature_over(PAYLOAD);
    let plain = signed_body(&part, SIGNATURE, &der);
    let text = plain.strip_suffix(b"--b--\r\n").unwrap();
    good("no final CRLF", &[text, b"--b--"].concat());
    good("extra CRLF", &[text, b"--b--\r\n\r\n\r\n"].concat());
    good("an epilogue", &[text, b"--b--\r\nnothing more"].concat());
    good("a preamble", &[b"This is an S/MIME signed message\r\n\r\n", plain.as_slice()].concat());
    good(
        "spaces behind the delimiter",
        &plain.strip_prefix(b"--b\r\n").map(|rest| [b"--b \t\r\n", rest].concat()).unwrap(),
    );
    let named = |boundary: &str| {
        [
            format!("--{boundary}\r\n").as_bytes(),
            &part,
            format!("\r\n--{boundary}\r\n{SIGNATURE}\r\n").as_bytes(),
            &der,
            format!("\r\n--{boundary}--").as_bytes(),
        ]
        .concat()
    };
    for boundary in ["boundaryCI8wAg==", "----=_Part_1_123.456", "'()+_,-./:=?"] {
        good_as(boundary, &format!("multipart/signed; boundary=\"{boundary}\"; micalg=sha256"), &named(boundary));
    }
    good_as("unquoted", "multipart/signed; boundary=boundaryCI8wAg==; micalg=sha256", &named("boundaryCI8wAg=="));
    // The CRLF before the delimiter is the delimiter's: one of the payload's own stays.
    let (part, der) = signature_over(b"ends in a line break\r\n");
    let head = headers(&["Content-Type: multipart/signed; boundary=b"]);
    let (opened, payload) = opened(&head, &signed_body(&part, SIGNATURE, &der)).unwrap();
    assert!(is_good(&opened) && payload == b"ends in a line break\r\n");
}

#[test]
fn quirk_25_the_octets_as_they_came_and_line_ends_where_they_do_not_fit() {
    let lf = b"line one\nline two\n";
    let (part, der) = signature_over(lf);
    let head = headers(&["Content-Type: multipart/signed; boundary=b; micalg=sha-256"]);
    let (as_sent, payload) = opened(&head, &signed_body(&part, SIGNATURE, &der)).unwrap();
    assert!(is_good(&as_sent) && as_sent.fits_with.is_none() && payload == lf);
    // Canonicalised on the way: signed with LF and arrived with CRLF, or the other way round.
    let crlf = b"line one\r\nline two\r\n";
    let (crlf_part, crlf_der) = signature_over(crlf);
    for (part, der, fits) in [(&part, &crlf_der, LineEnds::Crlf), (&crlf_part, &der, LineEnds::BodyLf)] {
        let (opened, _) = opened(&head, &signed_body(part, SIGNATURE, der)).unwrap();
        assert!(matches!(opened.signature.as_ref().unwrap().outcome, SignatureOutcome::Altered { .. }));
        assert_eq!(opened.fits_with, Some(fits));
    }
}

#[test]
fn quirk_26_parameters_in_any_order_missing_or_wrong() {
    let (part, der) = signature_over(PAYLOAD);
    let body = signed_body(&part, SIGNATURE, &der);
    for kind in [
        "multipart/signed; micalg=sha-256; boundary=b; protocol=\"application/pkcs7-signature\"",
        "multipart/signed; boundary=b",
        "multipart/signed; boundary=b; micalg=md5",
        "multipart/signed; boundary=b; micalg=\"sha1, sha-512\"; protocol=application/x-pkcs7-signature",
        "multipart/signed; boundary=b; micalg=",
    ] {
        let opened = good_as(kind, kind, &body);
        // The signature's digest counts, not what was announced.
        assert_eq!(opened.mic, mic_of(Digest::Sha256, &part), "{kind}");
    }
}

#[test]
fn quirk_26_comments_and_split_parameters() {
    let (part, signature) = signature_over(PAYLOAD);
    let body = signed_body(&part, SIGNATURE, &signature);
    for kind in [
        "multipart/signed (a comment); boundary=b; micalg=sha-256",
        "multipart/signed; (one; \\) (within) another=x) boundary=b (and more); micalg=sha-256 (what else)",
        "multipart/signed; boundary=\"b\" (quoted); micalg=sha-256",
        "multipart/signed; boundary*0=b; micalg=sha-256",
        "(first) multipart/signed; boundary=b",
    ] {
        good_as(kind, kind, &body);
    }
    let head = headers(&["Content-Type: application/edi-x12 (x)", "Content-Transfer-Encoding: base64 (of course)"]);
    let (_, payload) = opened(&head, STANDARD.encode(PAYLOAD).as_bytes()).unwrap();
    assert_eq!(payload, PAYLOAD);
    let named = |disposition: &str| {
        let head = headers(&["Content-Type: application/edi-x12", &format!("Content-Disposition: {disposition}")]);
        opened(&head, PAYLOAD).unwrap().0.filename()
    };
    // Parentheses of a file's name are no comment, in quotes or, as it is seen, without.
    assert_eq!(named("attachment; filename=\"a (1).edi\" (x)").as_deref(), Some("a (1).edi"));
    assert_eq!(named("attachment; filename=a (1).edi").as_deref(), Some("a (1).edi"));
}

#[test]
fn what_was_changed_until_it_cannot_be_read_was_changed() {
    let profile = profile("encryption = \"none\"\nsigning = \"sha256\"\ncompression = \"before-signing\"");
    let (built, mut compressed) = build(&profile, &PAYLOAD.repeat(50)).unwrap();
    let signed_part = find(&compressed, b"\r\n\r\n").unwrap();
    compressed[signed_part + 90] ^= 0x55;
    let base64 = format!("{PART}Content-Transfer-Encoding: base64\r\n\r\naGVs*G8=\r\n");
    let (_, signature) = signature_over(PAYLOAD);
    let head = headers(&["Content-Type: multipart/signed; boundary=b; micalg=sha-256"]);
    for (what, head, body) in [
        ("compressed", &built.headers, compressed),
        ("base64", &head, signed_body(base64.as_bytes(), SIGNATURE, &signature)),
        ("encoding", &head, signed_body(base64.replace("base64", "basf64").as_bytes(), SIGNATURE, &signature)),
    ] {
        let error = opened(head, &body).map(|(opened, _)| opened.signature).unwrap_err();
        assert!(matches!(error, OpenError::Altered(_)), "{what}: {error:?}");
        assert_eq!(error.disposition().key().as_deref(), Some("integrity-check-failed"), "{what}");
    }
}

#[test]
fn quirk_30_file_names_in_every_form() {
    for (field, name) in [
        ("Content-Disposition: attachment; filename=po.edi", "po.edi"),
        ("Content-Disposition: attachment; filename=\"with space; and.edi\"", "with space; and.edi"),
        ("Content-Disposition: attachment; filename=\"=?UTF-8?B?Z3LDtsOfZS5lZGk=?=\"", "größe.edi"),
        ("Content-Disposition: attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.edi", "größe.edi"),
        ("Content-Disposition: attachment; filename*0=\"a-very-\"; filename*1=\"long.edi\"", "a-very-long.edi"),
        ("Content-Disposition: inline; FileName=\"upper.edi\"", "upper.edi"),
        ("Content-Type: application/edi-x12; name=\"typed.edi\"", "typed.edi"),
        ("Content-ID: <po-1.edi>", "po-1.edi"),
    ] {
        let part = format!("Content-Transfer-Encoding: binary\r\n{field}\r\n\r\nISA");
        let body = compressed_data(&stored_zlib(part.as_bytes()), None);
        let (opened, _) = opened(&headers(&["Content-Type: application/pkcs7-mime"]), &body).unwrap();
        assert_eq!(opened.filename().as_deref(), Some(name), "{field}");
    }
}

#[test]
fn quirk_40_a_payload_without_any_mime_header() {
    for content in
        [&b"ISA*00*          *00*~\nGS*PO~"[..], b"UNA:+.? '\r\nUNB+UNOC:3'\r\n", b"{\"a\": 1}\n\n", b"\x00\x01"]
    {
        let body = compressed_data(&stored_zlib(content), None);
        let head = headers(&["Content-Type: application/pkcs7-mime; name=smime.p7m"]);
        let (opened, payload) = asked(&head, &body, &[Digest::Sha1]).unwrap();
        assert_eq!(payload, content);
        assert!(opened.headers.is_empty());
        assert_eq!(opened.mic, mic_of(Digest::Sha1, content));
    }
}

#[test]
fn quirk_55_raw_der_that_is_announced_as_base64() {
    let der = fixture("enc-aes256cbc-rsa4096.der");
    let text = STANDARD.encode(&der);
    for (encoding, body) in
        [("base64", der.clone()), ("binary", der), ("base64", text.clone().into_bytes()), ("binary", text.into_bytes())]
    {
        let head =
            headers(&["Content-Type: application/pkcs7-mime", &format!("Content-Transfer-Encoding: {encoding}")]);
        let (opened, _) = opened(&head, &body).unwrap_or_else(|error| panic!("{encoding}: {error}"));
        assert_eq!(opened.layers, [Layer::Encrypted]);
    }
}

#[test]
fn quirk_56_headers_of_the_inside_in_any_case_with_a_date_among_them() {
    let entity = fixture("entity.mime");
    let signature =
        "content-type: application/pkcs7-signature; name=smime.p7s\r\ncontent-transfer-encoding: binary\r\n";
    let body = signed_body(&entity, signature, &fixture("sig-sha256-nocerts.der"));
    let head = "message-id: <1@x>\r\ndate: Thu, 26 Nov 2026 10:00:00 +0000 (UTC)\r\n\
                content-type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b; micalg=sha-256\r\n\r\n";
    let inside = [head.as_bytes(), body.as_slice()].concat();
    let outside = headers(&["content-type: application/pkcs7-mime; smime-type=compressed-data; name=smime.p7z"]);
    for pieces in [Some(1000), None] {
        let (opened, _) = opened(&outside, &compressed_data(&stored_zlib(&inside), pieces)).unwrap();
        assert!(is_good(&opened), "{opened:?}");
    }
}

#[test]
fn a_payload_in_quoted_printable_is_decoded_and_its_mic_is_over_what_came() {
    let head = headers(&["Content-Type: application/edi-x12", "Content-Transfer-Encoding: Quoted-Printable"]);
    let long = "x".repeat(60_000);
    for (sent, meant) in [
        ("ISA*00*=7E\r\nGS~=\r\n more=20\r\n", "ISA*00*~\r\nGS~ more \r\n"),
        ("a=3d=3Db  \nc =\nd", "a==b\nc d"),
        ("no escape, =ZZ and = alone", "no escape, =ZZ and = alone"),
        (long.as_str(), long.as_str()),
        ("", ""),
    ] {
        let (opened, payload) = opened(&head, sent.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(payload).unwrap(), meant);
        assert_eq!(opened.mic, mic_of(opened.mic.digest, sent.as_bytes()));
    }
    // Bytes that quoted-printable cannot hold are not guessed at.
    for sent in ["Grüße", &"x".repeat(70_000)] {
        let error = opened(&head, sent.as_bytes()).map(|(_, payload)| payload).unwrap_err();
        assert!(error.to_string().contains("not quoted-printable as announced"), "{error}");
    }
}

#[test]
fn what_has_lost_its_media_type_and_kept_its_name_is_opened() {
    let (built, body) = build(&profile("signing = \"sha256\""), PAYLOAD).unwrap();
    let named = |kind: &str| {
        let mut head = built.headers.clone();
        head.retain(|(name, _)| !["content-type", "content-disposition"].contains(&name.to_ascii_lowercase().as_str()));
        head.push(("Content-Type".to_owned(), kind.to_owned()));
        opened(&head, &body).unwrap().1
    };
    assert!(named("application/octet-stream; name=\"smime.P7M\"") == PAYLOAD);
    // Under any other name it is what it says that it is.
    assert!(named("application/octet-stream; name=order.edi") == body);
}

#[test]
fn a_signature_that_cannot_be_read_authenticates_nobody() {
    let (part, signature) = signature_over(PAYLOAD);
    let head = headers(&["Content-Type: multipart/signed; boundary=b; micalg=sha-256"]);
    let certificates_alone = fixture("chain-der.p7b");
    for signature in [&b"no signature at all"[..], &signature[..20], &certificates_alone] {
        let error = opened(&head, &signed_body(&part, SIGNATURE, signature)).map(|(_, payload)| payload).unwrap_err();
        assert_eq!(error.disposition().key().as_deref(), Some("authentication-failed"), "{error}");
    }
}
