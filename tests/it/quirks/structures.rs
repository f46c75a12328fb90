//! Quirks of CMS and of the order of layers.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::as2::{CompressionFacts, DecryptionKey, Layer, OpenError, OpeningKeys, SignatureOutcome, open};
use countersign::certificate::{Certificate, PrivateKey, read};
use countersign::domain::algorithm::{Digest, KeyTransport};

use crate::messages::{
    build, compressed_data, fixture, headers, mic_of, opened, profile, sender, signature_over, signed_body, stored_zlib,
};

const PAYLOAD: &[u8] = b"ISA*00*~\nno final newline";
const PART: &[u8] = b"Content-Type: application/edi-x12\r\n\r\nISA*00*~\n";

fn mime() -> Vec<(String, String)> {
    headers(&["Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"])
}

fn identity(name: &str) -> (Certificate, PrivateKey) {
    let certificate = read(&fixture(&format!("{name}.crt")), None).unwrap().certificates.remove(0);
    (certificate, PrivateKey::from_pkcs8_der(&fixture(&format!("{name}.key.der"))).unwrap())
}

#[test]
fn quirk_31_ber_of_indefinite_length_with_strings_in_pieces() {
    let (certificate, key) = identity("rsa");
    let ours = [DecryptionKey { certificate: &certificate, key: &key }];
    let keys = OpeningKeys { decryption: &ours, accepted: &[] };
    let mut payload = Vec::new();
    let body = fixture("enc-aes256cbc-ber-indefinite.der");
    open(&mime(), &mut Cursor::new(body), keys, &[], &mut payload).unwrap();
    assert_eq!(payload, b"ISA*00*~\nLF line, no final newline");
    for pieces in [Some(1), Some(7), Some(1000), None] {
        let (opened, payload) = opened(&mime(), &compressed_data(&stored_zlib(PART), pieces)).unwrap();
        assert_eq!((opened.layers.as_slice(), payload.as_slice()), (&[Layer::Compressed][..], &b"ISA*00*~\n"[..]));
    }
}

#[test]
fn quirk_32_several_recipients_and_all_our_keys() {
    // Three recipients, the last of them ours; beside it other keys that fit none.
    let all = [identity("rsa4096"), identity("old"), identity("rsa")];
    let body = fixture("enc-aes256cbc-3recipients.der");
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let ours: Vec<DecryptionKey<'_>> =
            order.iter().map(|at| DecryptionKey { certificate: &all[*at].0, key: &all[*at].1 }).collect();
        let keys = OpeningKeys { decryption: &ours, accepted: &[] };
        let opened = open(&mime(), &mut Cursor::new(&body), keys, &[], &mut Vec::new()).unwrap();
        assert!(opened.encryption.is_some());
    }
}

#[test]
fn quirk_33_signatures_without_certificates_or_attributes() {
    let entity = fixture("entity.mime");
    let head = headers(&["Content-Type: multipart/signed; boundary=b"]);
    for name in ["sig-sha256-nocerts.der", "sig-sha256-noattr.der", "sig-sha256-ski-nosmimecap.der"] {
        let body = signed_body(&entity, "Content-Type: application/pkcs7-signature\r\n", &fixture(name));
        let (opened, _) = opened(&head, &body).unwrap();
        let signer = sender().certificate.facts().fingerprint_sha256;
        assert_eq!(opened.signature.unwrap().outcome, SignatureOutcome::Good { signer }, "{name}");
    }
    // A signature that carries its certificate is worth nothing where that is not one of the partner's.
    let body = signed_body(&entity, "Content-Type: application/pkcs7-signature\r\n", &fixture("sig-sha256.der"));
    let (stranger, _) = identity("old");
    let keys = OpeningKeys { decryption: &[], accepted: &[&stranger] };
    let opened = open(&head, &mut Cursor::new(body), keys, &[], &mut Vec::new()).unwrap();
    assert!(matches!(opened.signature.unwrap().outcome, SignatureOutcome::UnknownSigner { embedded: Some(_), .. }));
}

#[test]
fn quirk_34_digest_parameters_null_or_absent_and_both_signature_identifiers() {
    let null = [0x05, 0x00];
    for (oid, expected) in [("combined", 11_u8), ("plain", 1)] {
        let profile =
            profile(&format!("encryption = \"none\"\nsigning = \"sha256\"\n[quirks]\nsignature_oid = \"{oid}\""));
        let (built, body) = build(&profile, PAYLOAD).unwrap();
        let (opened, _) = opened(&built.headers, &body).unwrap();
        assert!(matches!(opened.signature.unwrap().outcome, SignatureOutcome::Good { .. }), "{oid}");
        let text: Vec<u8> = body.clone();
        let start = crate::messages::find(&text, b"filename=\"smime.p7s\"\r\n\r\n").unwrap() + 24;
        let base64: Vec<u8> = text[start..].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let base64 = base64.split(|byte| *byte == b'-').next().unwrap();
        let der = STANDARD.decode(base64).unwrap();
        let named = [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, expected][..], &null].concat();
        assert!(crate::messages::find(&der, &named).is_some(), "{oid}");
    }
    // OpenSSL writes SHA-256 without parameters and rsaEncryption, which the one above reads in the other tests.
    let (part, der) = signature_over(PAYLOAD);
    let with_null = crate::messages::find(&der, &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0]).is_some();
    assert!(!with_null, "digest parameters are absent (RFC 5754)");
    let body = signed_body(&part, "Content-Type: application/pkcs7-signature\r\n", &der);
    assert!(opened(&headers(&["Content-Type: multipart/signed; boundary=b"]), &body).unwrap().0.signature.is_some());
}

#[test]
fn quirk_35_algorithm_protection_is_a_switch_and_unknown_attributes_are_passed_over() {
    let protection = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 52];
    for (switch, expected) in [(true, true), (false, false)] {
        let profile = profile(&format!(
            "encryption = \"none\"\nsigning = \"sha256\"\n[quirks]\ncms_algorithm_protection = {switch}"
        ));
        let (built, body) = build(&profile, PAYLOAD).unwrap();
        let (opened, _) = opened(&built.headers, &body).unwrap();
        assert!(matches!(opened.signature.unwrap().outcome, SignatureOutcome::Good { .. }));
        let start = crate::messages::find(&body, b"filename=\"smime.p7s\"\r\n\r\n").unwrap() + 24;
        let text: Vec<u8> = body[start..].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(text.split(|byte| *byte == b'-').next().unwrap()).unwrap();
        assert_eq!(crate::messages::find(&der, &protection).is_some(), expected);
    }
    // SMIMECapabilities, which OpenSSL adds.
    let body = signed_body(
        &fixture("entity.mime"),
        "Content-Type: application/pkcs7-signature\r\n",
        &fixture("sig-sha512.der"),
    );
    let (opened, _) = opened(&headers(&["Content-Type: multipart/signed; boundary=b"]), &body).unwrap();
    assert!(matches!(opened.signature.unwrap().outcome, SignatureOutcome::Good { .. }));
}

#[test]
fn quirk_36_the_key_transport_is_told() {
    let (certificate, key) = identity("rsa");
    let ours = [DecryptionKey { certificate: &certificate, key: &key }];
    for (name, transport) in [
        ("enc-aes256cbc-oaep-sha1.der", KeyTransport::RsaOaepSha1),
        ("enc-aes256cbc-oaep-sha256.der", KeyTransport::RsaOaepSha256),
        ("enc-aes256cbc-oaep-sha512.der", KeyTransport::RsaOaepSha512),
        ("enc-aes128cbc.der", KeyTransport::RsaPkcs1),
    ] {
        let keys = OpeningKeys { decryption: &ours, accepted: &[] };
        let opened = open(&mime(), &mut Cursor::new(fixture(name)), keys, &[], &mut Vec::new()).unwrap();
        assert_eq!(opened.encryption.unwrap().key_transport, Some(transport), "{name}");
    }
}

#[test]
fn quirk_38_compressed_content_that_is_encoded_twice_or_is_no_zlib() {
    let zlib = stored_zlib(PART);
    let (opened_plain, _) = opened(&mime(), &compressed_data(&zlib, None)).unwrap();
    assert_eq!(opened_plain.compression, Some(CompressionFacts { base64_inside: false }));
    // phpas2: the octet string holds base64.
    for pieces in [None, Some(10)] {
        let twice = compressed_data(STANDARD.encode(&zlib).as_bytes(), pieces);
        let (opened, payload) = opened(&mime(), &twice).unwrap();
        assert_eq!(payload, b"ISA*00*~\n");
        assert_eq!(opened.compression, Some(CompressionFacts { base64_inside: true }));
    }
    for (content, word) in [
        (&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0][..], "gzip"),
        (b"not compressed at all", "damaged"),
        (&zlib[..zlib.len() - 6], "too early"),
        (b"", "too early"),
    ] {
        let error = opened(&mime(), &compressed_data(content, None)).unwrap_err();
        assert!(matches!(error, OpenError::Decompression(_)), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(error.disposition().key().as_deref(), Some("decompression-failed"));
    }
}

#[test]
fn quirk_39_every_structure_that_is_seen() {
    use Layer::{Compressed, Encrypted, Signed};
    for (signing, encryption, compression, layers) in [
        ("none", "none", "none", &[][..]),
        ("sha256", "none", "none", &[Signed]),
        ("none", "aes128-cbc", "none", &[Encrypted]),
        ("sha256", "aes128-cbc", "none", &[Encrypted, Signed]),
        ("none", "none", "before-signing", &[Compressed]),
        ("sha256", "none", "before-signing", &[Signed, Compressed]),
        ("sha256", "aes128-cbc", "before-signing", &[Encrypted, Signed, Compressed]),
        ("sha256", "none", "after-signing", &[Compressed, Signed]),
        ("sha256", "aes128-cbc", "after-signing", &[Encrypted, Compressed, Signed]),
        ("none", "aes128-cbc", "after-signing", &[Encrypted, Compressed]),
    ] {
        let profile = profile(&format!(
            "signing = \"{signing}\"\nencryption = \"{encryption}\"\ncompression = \"{compression}\""
        ));
        let (built, body) = build(&profile, PAYLOAD).unwrap();
        let (opened, payload) = opened(&built.headers, &body).unwrap();
        assert_eq!((opened.layers.as_slice(), payload.as_slice()), (layers, PAYLOAD));
        assert_eq!(opened.mic, built.mic, "{layers:?}");
    }
    // Whatever `smime-type` says, the structure says what it is; and compressed in base64.
    let text = STANDARD.encode(compressed_data(&stored_zlib(PART), None));
    let head = headers(&["Content-Type: application/pkcs7-mime", "Content-Transfer-Encoding: base64"]);
    let (opened, payload) = opened(&head, text.as_bytes()).unwrap();
    assert_eq!((opened.layers.as_slice(), payload.as_slice()), (&[Compressed][..], &b"ISA*00*~\n"[..]));
    assert_eq!(opened.mic, mic_of(Digest::Sha256, PART));
}
