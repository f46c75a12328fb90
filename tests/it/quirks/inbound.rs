//! What the journal says of inbound messages that are odd.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::domain::algorithm::Digest;

use super::receiver::Receiver;
use crate::messages::{compressed_data, mic_of, signature_over, signed_body, stored_zlib};

const HEAD: [&str; 3] = ["AS2-From: PEER", "AS2-To: ACME", "Disposition-Notification-To: x"];

#[test]
fn quirk_25_line_ends_changed_on_the_way_are_named() {
    let receiver = Receiver::start("ACME", "PEER");
    let (lf_part, lf_der) = signature_over(b"line one\nline two\n");
    let (crlf_part, crlf_der) = signature_over(b"line one\r\nline two\r\n");
    for (index, (part, der, words)) in
        [(&lf_part, &crlf_der, "turned into CRLF"), (&crlf_part, &lf_der, "turned into LF")].into_iter().enumerate()
    {
        let body = signed_body(part, "Content-Type: application/pkcs7-signature\r\n", der);
        let id = format!("Message-ID: <line-ends-{index}@peer>");
        let lines = [&HEAD[..], &[&id, "Content-Type: multipart/signed; boundary=b; micalg=sha-256"]].concat();
        let receipt = receiver.receipt(&receiver.post(&lines, &body));
        assert_eq!(receipt.disposition.unwrap().key().as_deref(), Some("integrity-check-failed"));
        assert!(receipt.mic.unwrap().matches(&mic_of(Digest::Sha256, part)), "the MIC is over what arrived");
        let explanation = receiver.newest()["diagnosis"]["explanation"].as_str().unwrap().to_owned();
        assert!(explanation.contains(words), "{explanation}");
    }
    assert!(receiver.inbox().is_empty());
}

#[test]
fn quirk_38_content_that_is_encoded_twice_is_taken_and_said() {
    let receiver = Receiver::start("ACME", "PEER");
    let part = b"Content-Type: application/edi-x12; name=po.edi\r\n\r\nISA*00*~";
    let twice = compressed_data(STANDARD.encode(stored_zlib(part)).as_bytes(), None);
    let lines =
        [&HEAD[..], &["Message-ID: <twice@peer>", "Content-Type: application/pkcs7-mime; smime-type=compressed-data"]]
            .concat();
    let receipt = receiver.receipt(&receiver.post(&lines, &twice));
    assert!(receipt.disposition.unwrap().is_positive());
    assert!(receipt.mic.unwrap().matches(&mic_of(Digest::Sha1, part)));
    assert_eq!(receiver.inbox(), [("po.edi".to_owned(), b"ISA*00*~".to_vec())]);
    let explanation = receiver.newest()["diagnosis"]["explanation"].as_str().unwrap().to_owned();
    assert!(explanation.contains("base64 once more"), "{explanation}");
    // What cannot be inflated has its own disposition and its own words.
    let lines = [&HEAD[..], &["Message-ID: <gzip@peer>", "Content-Type: application/pkcs7-mime"]].concat();
    let receipt = receiver.receipt(&receiver.post(&lines, &compressed_data(&[0x1f, 0x8b, 8, 0, 0, 0], None)));
    assert_eq!(receipt.disposition.unwrap().key().as_deref(), Some("decompression-failed"));
    let newest = receiver.newest();
    assert_eq!(newest["diagnosis"]["cause"], "Could not be decompressed");
    assert!(newest["diagnosis"]["explanation"].as_str().unwrap().contains("gzip"), "{newest}");
}

#[test]
fn quirk_53_amazon_on_the_wire() {
    let receiver = Receiver::start("ACME", "AMAZONEDI");
    let payload = b"ISA*00*~\nGS*PO~\n";
    let (part, der) = signature_over(payload);
    let body = signed_body(
        &part,
        "Content-Type: application/pkcs7-signature; name=smime.p7s; smime-type=signed-data\r\nContent-Description: S/MIME Cryptographic Signature\r\n",
        &der,
    );
    let lines = [
        "AS2-From: AMAZONEDI",
        "AS2-To: ACME",
        "AS2-Version: 1.1",
        "Message-ID: 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "Date: 24 Nov 2026 12:00:00 GMT",
        "content-type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha256; boundary=\"b\"",
        "content-transfer-encoding: binary",
        "content-description: S/MIME Signed Message",
        "Disposition-Notification-To: edi@amazon.example",
        "Disposition-Notification-Options: signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, sha256",
        "User-Agent: Apache-HttpAsyncClient/4.1.4 (Java/1.8.0_302)",
    ];
    let receipt = receiver.receipt(&receiver.post(&lines, &body));
    assert!(receipt.disposition.as_ref().unwrap().is_positive(), "{:?}", receipt.disposition_text);
    assert!(receipt.is_for("3f2504e0-4f89-11d3-9a0c-0305e82c3301"));
    assert!(receipt.mic.unwrap().matches(&mic_of(Digest::Sha256, &part)));
    assert_eq!(receiver.inbox()[0].1, payload);
}
