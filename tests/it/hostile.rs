//! Bytes that mean no good: whatever they are, they are refused in words, in bounded time and memory, without a panic.

use std::io::Cursor;

use countersign::as2::{DecryptionKey, OpeningKeys, open, read_receipt};
use countersign::certificate::{Certificate, PrivateKey, read};
use proptest::prelude::*;

use crate::messages::{build, compressed_data, profile, stored_zlib};

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/openssl/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A file with some of its bytes changed, cut and repeated.
fn mutated(names: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    (0..names.len(), changes, any::<prop::sample::Index>(), 0..3_u8).prop_map(move |(which, changes, cut, way)| {
        let mut bytes = file(names[which]);
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let cut = cut.index(bytes.len());
        match way {
            0 => bytes.truncate(cut),
            1 => bytes.extend_from_within(cut..),
            _ => {}
        }
        bytes
    })
}

const FILES: &[&str] = &[
    "chain-der.p7b",
    "chain-pem.p7b",
    "rsa-pem.crt",
    "rsa-der.cer",
    "rsa-modern.p12",
    "rsa.key.der",
    "sig-sha256.der",
];
const ENVELOPES: &[&str] = &[
    "enc-3des.der",
    "enc-aes256cbc-ber-indefinite.der",
    "enc-aes256cbc-oaep-sha256.der",
    "enc-aes256cbc-oaep-sha256-mgf1sha1.der",
    "enc-aes128gcm.der",
    "enc-aes192gcm-ber-ski.der",
    "enc-aes192cbc-ec-keyid.der",
    "enc-3des-ec.der",
];
const SIGNATURES: &[&str] = &[
    "sig-sha256.der",
    "sig-sha512-pss.der",
    "sig-sha256-noattr.der",
    "sig-sha256-ecdsa.der",
    "sig-sha256-pss-mgf1sha1.der",
    "sig-two-signers.der",
];
/// Compressed messages with some of their bytes changed.
fn compressed() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    (0..3_u8, changes).prop_map(|(way, changes)| {
        let part = b"Content-Type: text/plain\r\n\r\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let mut bytes = match way {
            0 => compressed_data(&stored_zlib(part), None),
            1 => compressed_data(&stored_zlib(part), Some(5)),
            _ => {
                let profile = profile("signing = \"none\"\nencryption = \"none\"\ncompression = \"after-signing\"");
                build(&profile, part).unwrap().1
            }
        };
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files(bytes in mutated(FILES)) {
        if let Ok(contents) = read(&bytes, Some("test")) {
            for certificate in &contents.certificates {
                prop_assert!(!certificate.to_pem().is_empty());
            }
        }
    }

    #[test]
    fn envelopes(bytes in mutated(ENVELOPES)) {
        let certificate = read(&file("rsa.crt"), None).unwrap().certificates.remove(0);
        let key = PrivateKey::from_pkcs8_der(&file("rsa.key.der")).unwrap();
        let ec = read(&file("ec.crt"), None).unwrap().certificates.remove(0);
        let ec_key = PrivateKey::from_pkcs8_der(&file("ec.key.der")).unwrap();
        let keys = [
            DecryptionKey { certificate: &certificate, key: &key },
            DecryptionKey { certificate: &ec, key: &ec_key },
        ];
        let headers = [("Content-Type".to_owned(), "application/pkcs7-mime".to_owned())];
        let opening = OpeningKeys { decryption: &keys, accepted: &[&certificate] };
        drop(open(&headers, &mut Cursor::new(&bytes), opening, &[], &mut Vec::new()));
    }

    #[test]
    fn compressed_messages(bytes in compressed()) {
        let headers = [("Content-Type".to_owned(), "application/pkcs7-mime".to_owned())];
        let mut payload = Vec::new();
        let opening = OpeningKeys { decryption: &[], accepted: &[] };
        if let Ok(opened) = open(&headers, &mut Cursor::new(&bytes), opening, &[], &mut payload) {
            prop_assert_eq!(opened.payload_length, payload.len() as u64);
        }
    }

    #[test]
    fn signatures_and_receipts(bytes in mutated(SIGNATURES), text in "[ -~\r\n]{0,200}") {
        let certificate: Certificate = read(&file("rsa.crt"), None).unwrap().certificates.remove(0);
        let mut body = format!("--x\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--x\r\n\r\n").into_bytes();
        body.extend_from_slice(&bytes);
        body.extend_from_slice(b"\r\n--x--");
        let headers = [("Content-Type".to_owned(), "multipart/signed; boundary=x".to_owned())];
        let opening = OpeningKeys { decryption: &[], accepted: &[&certificate] };
        drop(open(&headers, &mut Cursor::new(&body), opening, &[], &mut Vec::new()));
        drop(read_receipt(&headers, &body, opening));
        drop(read_receipt(&[], &bytes, opening));
        drop(read_receipt(&[("Content-Type".to_owned(), text.clone())], text.as_bytes(), opening));
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let deep: Vec<u8> = [0x30, 0x80].repeat(200_000);
    assert!(read(&deep, None).is_err());
    let headers = [("Content-Type".to_owned(), "application/pkcs7-mime".to_owned())];
    let opening = OpeningKeys { decryption: &[], accepted: &[] };
    assert!(open(&headers, &mut Cursor::new(&deep), opening, &[], &mut Vec::new()).is_err());
    let mut parts = String::new();
    for level in 0..1000 {
        parts.push_str(&format!("--b{level}\r\nContent-Type: multipart/signed; boundary=b{}\r\n\r\n", level + 1));
    }
    let headers = [("Content-Type".to_owned(), "multipart/signed; boundary=b0".to_owned())];
    assert!(open(&headers, &mut Cursor::new(parts), opening, &[], &mut Vec::new()).is_err());
}

#[test]
fn what_is_damaged_is_told_as_that_whatever_its_content_looks_like() {
    // The content alone would be refused at its beginning, long before the checksum that does not fit.
    let mut refused = b"Content-Type: multipart/signed\r\n\r\n".to_vec();
    refused.resize(200_000, b'a');
    // And of this one the damage is met in the midst of the signature.
    let mut signed = b"Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\nA: b\r\n\r\nc\r\n--x\r\n\r\n".to_vec();
    signed.resize(200_000, b'M');
    let headers = [("Content-Type".to_owned(), "application/pkcs7-mime".to_owned())];
    let opening = OpeningKeys { decryption: &[], accepted: &[] };
    for part in [refused, signed] {
        let mut zlib = stored_zlib(&part);
        // The length of its last piece and the complement of that do not fit each other.
        let last = zlib.len() - 4 - part.len() % 65_535 - 1;
        zlib[last] ^= 1;
        let body = compressed_data(&zlib, None);
        let error = open(&headers, &mut Cursor::new(&body), opening, &[], &mut Vec::new()).unwrap_err();
        assert_eq!(error.disposition().key().as_deref(), Some("decompression-failed"), "{error}");
    }
}
