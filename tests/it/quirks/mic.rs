//! Quirks of the MIC: over what, with what, and what to make of one that is another.

use std::io::Cursor;

use countersign::as2::{Hashed, LineEnds, Mic, MicFindings, MicRule, ReceivedMic, SentMessage};
use countersign::domain::algorithm::{Digest, MicalgStyle};

use crate::messages::{
    asked, build, content, entity, headers, message, mic_of, opened, part, profile, sender, signature_over, signed_body,
};

const PAYLOAD: &[u8] = b"ISA*00*~\nGS*PO~\r\nno final newline";

/// What is found out about a MIC that a partner returns for a message.
fn found(settings: &str, payload: &[u8], theirs: impl FnOnce(&[u8]) -> Mic) -> MicFindings {
    let profile = profile(settings);
    let entity = entity(&profile, payload);
    let message = message(&profile, &entity, sender());
    let mut body = Vec::new();
    let built = message.build(&mut Cursor::new(payload), &mut body).unwrap();
    let theirs = theirs(&body);
    let received = ReceivedMic::parse(&theirs.field(MicalgStyle::Rfc5751)).unwrap();
    let sent = SentMessage { headers: &built.headers, body: &mut body.as_slice() };
    message.explain_mic(&mut Cursor::new(payload), &received, Some(sent)).unwrap()
}

fn rule(hashed: Hashed, line_ends: LineEnds, digest: Digest) -> Option<MicRule> {
    Some(MicRule { hashed, line_ends, digest })
}

#[test]
fn quirk_41_headers_belong_to_the_mic_but_for_a_plain_message() {
    let plain = profile("signing = \"none\"\nencryption = \"none\"");
    let (built, body) = build(&plain, PAYLOAD).unwrap();
    assert_eq!(built.mic, mic_of(Digest::Sha256, &content(&plain, PAYLOAD)));
    assert_eq!(asked(&built.headers, &body, &[Digest::Sha256]).unwrap().0.mic, built.mic);
    for settings in [
        "signing = \"none\"\nencryption = \"aes128-cbc\"",
        "signing = \"none\"\nencryption = \"none\"\ncompression = \"before-signing\"",
        "signing = \"none\"\nencryption = \"aes128-cbc\"\ncompression = \"before-signing\"",
        "signing = \"sha256\"\nencryption = \"none\"\ncompression = \"after-signing\"",
    ] {
        let profile = profile(settings);
        let (built, body) = build(&profile, PAYLOAD).unwrap();
        assert_eq!(built.mic, mic_of(Digest::Sha256, &part(&profile, PAYLOAD)), "{settings}");
        assert_eq!(asked(&built.headers, &body, &[Digest::Sha256]).unwrap().0.mic, built.mic, "{settings}");
    }
    // Compressed and nothing else: both readings of the standards are taken, and which it was is said.
    let settings = "signing = \"none\"\nencryption = \"none\"\ncompression = \"before-signing\"";
    let compressed = profile(settings);
    let findings = found(settings, PAYLOAD, |_| mic_of(Digest::Sha256, PAYLOAD));
    let without_headers = findings.rule.unwrap();
    assert_eq!(Some(without_headers), rule(Hashed::Content, LineEnds::AsTheyAre, Digest::Sha256));
    let entity = entity(&compressed, PAYLOAD);
    assert!(message(&compressed, &entity, sender()).takes_as_well(&without_headers));
    assert!(findings.sentence().contains("without its headers"), "{}", findings.sentence());
    let encrypted = profile("signing = \"none\"\ncompression = \"before-signing\"");
    assert!(!message(&encrypted, &entity, sender()).takes_as_well(&without_headers));
}

#[test]
fn quirk_42_the_signature_decides_the_algorithm_and_any_other_is_compared() {
    let (part, der) = signature_over(PAYLOAD);
    let body = signed_body(&part, "Content-Type: application/pkcs7-signature\r\n", &der);
    let head = headers(&["Content-Type: multipart/signed; boundary=b; micalg=sha1"]);
    let (opened, _) = asked(&head, &body, &[Digest::Sha512]).unwrap();
    assert_eq!(opened.mic, mic_of(Digest::Sha256, &part));
    // Unsigned: the first of those asked for, and SHA-256 where none is.
    let plain = headers(&["Content-Type: application/edi-x12"]);
    for (digests, expected) in [
        (&[][..], Digest::Sha256),
        (&[Digest::Md5, Digest::Sha384, Digest::Sha1], Digest::Sha384),
        (&[Digest::Sha1], Digest::Sha1),
    ] {
        assert_eq!(asked(&plain, PAYLOAD, digests).unwrap().0.mic, mic_of(expected, PAYLOAD));
    }
    // mendelson: a SHA-1 signature, a MIC with SHA-256. As sender it is compared in what the receipt names.
    let profile = profile("signing = \"sha1\"\nencryption = \"none\"");
    let entity = entity(&profile, PAYLOAD);
    let message = message(&profile, &entity, sender());
    let built = message.build(&mut Cursor::new(PAYLOAD), &mut Vec::new()).unwrap();
    assert_eq!(built.mic.digest, Digest::Sha1);
    let ours = message.mic(&mut Cursor::new(PAYLOAD), Digest::Sha256, &built.mic).unwrap();
    assert_eq!(ours, mic_of(Digest::Sha256, &crate::messages::part(&profile, PAYLOAD)));
    // MD5 is asked of nobody, and compared where somebody names it. The value is of OpenSSL's.
    let plain = self::profile("signing = \"none\"\nencryption = \"none\"");
    let bare = self::entity(&plain, b"abc");
    let unsigned = self::message(&plain, &bare, sender());
    let built_plain = unsigned.build(&mut Cursor::new(b"abc"), &mut Vec::new()).unwrap();
    let md5 = unsigned.mic(&mut Cursor::new(b"abc"), Digest::Md5, &built_plain.mic).unwrap();
    assert_eq!((md5.digest, md5.base64().as_str()), (Digest::Md5, "kAFQmDzST7DWlj99KOF/cg=="));
    let changed = message.mic(&mut Cursor::new([b"?", &PAYLOAD[1..]].concat()), Digest::Sha256, &built.mic);
    assert!(changed.is_err(), "a payload that is another one now gives no MIC");
}

#[test]
fn quirk_46_where_no_rule_fits_it_says_what_was_tried() {
    let findings = found("", PAYLOAD, |_| mic_of(Digest::Sha256, b"something else"));
    assert_eq!(findings.rule, None);
    let sentence = findings.sentence();
    for words in
        ["none of", "SHA-256", "with its headers", "without its headers", "still encrypted", "as sent, with CRLF"]
    {
        assert!(sentence.contains(words), "{sentence}");
    }
    assert!(findings.tried.len() >= 10, "{:?}", findings.tried);
    let strange = ReceivedMic::parse("AAAA, sha-256").unwrap();
    let profile = profile("");
    let entity = entity(&profile, PAYLOAD);
    let findings = message(&profile, &entity, sender()).explain_mic(&mut Cursor::new(PAYLOAD), &strange, None).unwrap();
    assert!(findings.rule.is_none() && findings.sentence().contains("length"), "{}", findings.sentence());
}

#[test]
fn quirk_58_phase2_hashed_what_was_still_encrypted() {
    for digest in [Digest::Sha1, Digest::Sha256, Digest::Sha512] {
        let findings = found("", PAYLOAD, |body| mic_of(digest, body));
        assert_eq!(findings.rule, rule(Hashed::Body, LineEnds::AsTheyAre, digest));
        assert!(findings.sentence().contains("still encrypted"), "{}", findings.sentence());
    }
    let with_headers = |body: &[u8]| {
        let head = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"\r\n\
                    Content-Transfer-Encoding: binary\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n";
        mic_of(Digest::Sha256, &[head.as_bytes(), body].concat())
    };
    let findings = found("", PAYLOAD, with_headers);
    assert_eq!(findings.rule, rule(Hashed::Message, LineEnds::AsTheyAre, Digest::Sha256));
}

#[test]
fn quirk_59_line_ends_changed_by_the_partner_are_recognised_and_lost_content_too() {
    let with = |settings: &str, bytes: Vec<u8>| {
        let sent = profile(settings);
        let theirs = mic_of(Digest::Sha256, &[&part(&sent, b"")[..], &bytes].concat());
        found(settings, PAYLOAD, |_| theirs).rule
    };
    let text = String::from_utf8(PAYLOAD.to_vec()).unwrap();
    let lf = text.replace("\r\n", "\n");
    let crlf = lf.replace('\n', "\r\n");
    for settings in ["", "signing = \"none\"", "encryption = \"none\""] {
        assert_eq!(with(settings, crlf.clone().into_bytes()), rule(Hashed::Part, LineEnds::Crlf, Digest::Sha256));
        assert_eq!(with(settings, lf.clone().into_bytes()), rule(Hashed::Part, LineEnds::BodyLf, Digest::Sha256));
    }
    // A file that was lost behind a positive receipt.
    let lost = found("signing = \"none\"", PAYLOAD, |_| mic_of(Digest::Sha256, b""));
    assert_eq!(lost.rule, rule(Hashed::Nothing, LineEnds::AsTheyAre, Digest::Sha256));
    assert!(lost.sentence().contains("lost"), "{}", lost.sentence());
}

#[test]
fn quirk_21_a_signature_over_binary_content_holds_every_octet() {
    let bytes: Vec<u8> = (0..=255).collect();
    let (part, der) = signature_over(&bytes);
    let body = signed_body(&part, "Content-Type: application/pkcs7-signature\r\n", &der);
    let (opened, payload) = opened(&headers(&["Content-Type: multipart/signed; boundary=b"]), &body).unwrap();
    assert_eq!((payload, opened.mic), (bytes, mic_of(Digest::Sha256, &part)));
}

#[test]
fn quirk_41_text_that_is_encrypted_alone_is_hashed_with_crlf_and_taken_as_it_is_as_well() {
    let with_crlf = String::from_utf8(PAYLOAD.to_vec()).unwrap().replace("\r\n", "\n").replace('\n', "\r\n");
    for (kind, canonical) in [("text/plain", true), ("application/edi-x12", false)] {
        let settings = format!("signing = \"none\"\nencryption = \"aes128-cbc\"\ncontent_type = \"{kind}\"");
        let profile = profile(&settings);
        let (built, body) = build(&profile, PAYLOAD).unwrap();
        let hashed = if canonical { with_crlf.as_bytes() } else { PAYLOAD };
        assert_eq!(built.mic, mic_of(Digest::Sha256, &part(&profile, hashed)), "{kind}");
        assert_eq!(asked(&built.headers, &body, &[Digest::Sha256]).unwrap().0.mic, built.mic, "{kind}");
    }
    let settings = "signing = \"none\"\nencryption = \"aes128-cbc\"\ncontent_type = \"text/plain\"";
    let text = profile(settings);
    let rule = found(settings, PAYLOAD, |_| mic_of(Digest::Sha256, &part(&text, PAYLOAD))).rule.unwrap();
    let entity = entity(&text, PAYLOAD);
    assert!(message(&text, &entity, sender()).takes_as_well(&rule), "{rule:?}");
}
