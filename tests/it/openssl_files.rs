//! Structures made with the OpenSSL command line (tests/fixtures/openssl) are opened, and damaged ones are not.

use std::io::Cursor;

use countersign::as2::{DecryptionKey, LayerKind, OpenError, Opened, OpeningKeys, SignatureOutcome, dissect, open};
use countersign::certificate::{Certificate, KeyError, PrivateKey, Scheme, is_checkable, read};
use countersign::domain::algorithm::{Digest, Encryption, KeyTransport};

const ENTITY: &[u8] = include_bytes!("../fixtures/openssl/entity.mime");
const MICS: &str = include_str!("../fixtures/openssl/entity.mic.txt");
const PAYLOAD: &[u8] = b"ISA*00*~\nLF line, no final newline";

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/openssl/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn identity(name: &str) -> (Certificate, PrivateKey) {
    let certificate = certificate(name);
    let key = PrivateKey::from_pkcs8_der(&file(&format!("{name}.key.der"))).unwrap();
    assert!(key.matches(&certificate));
    (certificate, key)
}

fn certificate(name: &str) -> Certificate {
    read(&file(&format!("{name}.crt")), None).unwrap().certificates.remove(0)
}

fn mic(digest: Digest) -> String {
    MICS.lines().find_map(|line| line.strip_prefix(&format!("{digest} "))).unwrap().to_owned()
}

fn headers(content_type: &str) -> Vec<(String, String)> {
    vec![("Content-Type".to_owned(), content_type.to_owned())]
}

fn decrypt(body: &[u8], with: &[(Certificate, PrivateKey)]) -> Result<(Opened, Vec<u8>), OpenError> {
    let keys: Vec<DecryptionKey<'_>> =
        with.iter().map(|(certificate, key)| DecryptionKey { certificate, key }).collect();
    let mut payload = Vec::new();
    let opened = open(
        &headers("application/pkcs7-mime; smime-type=enveloped-data"),
        &mut Cursor::new(body),
        OpeningKeys { decryption: &keys, accepted: &[] },
        &[Digest::Sha256],
        &mut payload,
    )?;
    Ok((opened, payload))
}

#[test]
fn a_key_for_rsassa_pss_alone_verifies_that_and_nothing_else() {
    let pss = read(&file("pss-key.pem"), None).unwrap().certificates.remove(0);
    let (scheme, signature) = (Scheme::RsaPss { mask: Digest::Sha256, salt_length: 32 }, file("pss-key-hello.sig"));
    assert!(countersign::certificate::verify(&pss, Digest::Sha256, scheme, b"hello", &signature));
    assert!(!countersign::certificate::verify(&pss, Digest::Sha256, scheme, b"hallo", &signature));
    assert!(is_checkable(&pss, Digest::Sha256, scheme));
    assert!(!is_checkable(&pss, Digest::Sha256, Scheme::RsaPkcs1), "RFC 4055 section 1.2");
    let ec = certificate("ec384");
    assert!(is_checkable(&ec, Digest::Sha384, Scheme::Ecdsa));
    assert!(!is_checkable(&ec, Digest::Sha1, Scheme::Ecdsa), "the library does not have it");
}

#[test]
fn envelopes_of_openssl_are_opened_with_the_right_mic() {
    let all = [identity("rsa"), identity("rsa4096"), identity("old")];
    for (name, encryption, transport) in [
        ("enc-3des.der", Encryption::TripleDesCbc, KeyTransport::RsaPkcs1),
        ("enc-aes128cbc.der", Encryption::Aes128Cbc, KeyTransport::RsaPkcs1),
        ("enc-aes192cbc.der", Encryption::Aes192Cbc, KeyTransport::RsaPkcs1),
        ("enc-aes256cbc-3recipients.der", Encryption::Aes256Cbc, KeyTransport::RsaPkcs1),
        ("enc-aes256cbc-ber-indefinite.der", Encryption::Aes256Cbc, KeyTransport::RsaPkcs1),
        ("enc-aes256cbc-oaep-sha1.der", Encryption::Aes256Cbc, KeyTransport::RsaOaepSha1),
        ("enc-aes256cbc-oaep-sha256.der", Encryption::Aes256Cbc, KeyTransport::RsaOaepSha256),
        ("enc-aes256cbc-oaep-sha512.der", Encryption::Aes256Cbc, KeyTransport::RsaOaepSha512),
        // Another digest for the mask than for the label, the first of them Java's default.
        ("enc-aes256cbc-oaep-sha256-mgf1sha1.der", Encryption::Aes256Cbc, KeyTransport::RsaOaepSha256),
        ("enc-aes256cbc-oaep-sha512-mgf1sha1.der", Encryption::Aes256Cbc, KeyTransport::RsaOaepSha512),
        ("enc-aes256cbc-oaep-sha1-mgf1sha256.der", Encryption::Aes256Cbc, KeyTransport::RsaOaepSha1),
        ("enc-aes256cbc-rsa4096.der", Encryption::Aes256Cbc, KeyTransport::RsaPkcs1),
        ("enc-aes256cbc-ski.der", Encryption::Aes256Cbc, KeyTransport::RsaPkcs1),
    ] {
        let (opened, payload) = decrypt(&file(name), &all).unwrap_or_else(|error| panic!("{name}: {error}"));
        let facts = opened.encryption.as_ref().unwrap();
        assert_eq!((facts.encryption, facts.key_transport), (encryption, Some(transport)), "{name}");
        assert_eq!(payload, PAYLOAD, "{name}");
        assert_eq!(opened.mic.base64(), mic(Digest::Sha256), "{name}");
        assert_eq!(opened.filename().as_deref(), Some("po.edi"));
    }
}

#[test]
fn quirk_37_authenticated_envelopes_and_those_for_ec_keys_are_opened() {
    let all = [identity("rsa"), identity("ec"), identity("ec384")];
    for (name, encryption, transport) in [
        ("enc-aes128gcm.der", Encryption::Aes128Gcm, Some(KeyTransport::RsaPkcs1)),
        ("enc-aes192gcm-ber-ski.der", Encryption::Aes192Gcm, Some(KeyTransport::RsaPkcs1)),
        ("enc-aes256gcm-oaep256.der", Encryption::Aes256Gcm, Some(KeyTransport::RsaOaepSha256)),
        // ECDH with the derivations and key wraps that OpenSSL takes: SHA-1 and AES-256; SHA-384; SHA-224 and AES-192
        // by key identifier; SHA-512 with cofactor and AES-128; Triple DES.
        ("enc-aes256cbc-ec-ecdh.der", Encryption::Aes256Cbc, None),
        ("enc-aes256gcm-ec384.der", Encryption::Aes256Gcm, None),
        ("enc-aes192cbc-ec-keyid.der", Encryption::Aes192Cbc, None),
        ("enc-aes128gcm-ec-cofactor.der", Encryption::Aes128Gcm, None),
        ("enc-3des-ec.der", Encryption::TripleDesCbc, None),
    ] {
        let whole = file(name);
        let (opened, payload) = decrypt(&whole, &all).unwrap_or_else(|error| panic!("{name}: {error}"));
        let facts = opened.encryption.as_ref().unwrap();
        assert_eq!((facts.encryption, facts.key_transport), (encryption, transport), "{name}");
        assert_eq!(payload, PAYLOAD, "{name}");
        assert_eq!(opened.mic.base64(), mic(Digest::Sha256), "{name}");
        // The markers at the end of what is written in indefinite lengths say nothing any more.
        for cut in (0..whole.len() - 8).step_by(11) {
            assert!(decrypt(&whole[..cut], &all).is_err(), "{name} cut at {cut}");
        }
        if name.contains("gcm") && !name.contains("ber") {
            // Whatever is changed in the last 100 bytes, ciphertext or tag, gets the one answer.
            for back in (1..100).filter(|back| *back < 17 || *back > 18) {
                let mut changed = whole.clone();
                let at = changed.len() - back;
                changed[at] ^= 0x10;
                let refused = decrypt(&changed, &all);
                assert!(matches!(refused, Err(OpenError::Undecryptable { .. })), "{name} {back}");
            }
        }
    }
}

#[test]
fn an_envelope_for_somebody_else_says_for_whom_it_is() {
    let error = decrypt(&file("enc-aes128cbc.der"), &[identity("rsa4096")]).unwrap_err();
    assert!(matches!(&error, OpenError::NotForUs { recipients } if recipients.len() == 1), "{error}");
    assert_eq!(error.disposition().key().as_deref(), Some("decryption-failed"));
}

#[test]
fn a_damaged_envelope_is_an_error_wherever_it_is_damaged() {
    for name in ["enc-aes128cbc.der", "enc-aes256cbc-oaep-sha256-mgf1sha1.der"] {
        let whole = file(name);
        let ours = [identity("rsa")];
        for cut in (0..whole.len()).step_by(7) {
            assert!(decrypt(&whole[..cut], &ours).is_err(), "{name} cut at {cut}");
        }
        // In the wrapped key: the one answer that tells nothing.
        let (certificate, _) = &ours[0];
        let serial = certificate.serial_bytes();
        let serial = whole.windows(serial.len()).position(|part| part == serial).unwrap();
        let mut changed = whole.clone();
        changed[serial + 80] ^= 1;
        assert!(matches!(decrypt(&changed, &ours), Err(OpenError::Undecryptable { .. })), "{name}");
        let mut padding = whole;
        // The last byte of the block before the last: it flips the last byte of the padding.
        let last = padding.len() - 17;
        padding[last] ^= 1;
        assert!(decrypt(&padding, &ours).is_err(), "{name}");
    }
}

fn signed(signature: &[u8], micalg: &str) -> (Vec<(String, String)>, Vec<u8>) {
    let mut body = b"This is an S/MIME signed message\r\n--x\r\n".to_vec();
    body.extend_from_slice(ENTITY);
    body.extend_from_slice(b"\r\n--x\r\nContent-Type: application/x-pkcs7-signature\r\n\r\n");
    body.extend_from_slice(signature);
    body.extend_from_slice(b"\r\n--x--\r\n");
    (headers(&format!("multipart/signed; boundary=x; micalg=\"{micalg}\"")), body)
}

fn verify(name: &str, micalg: &str, accepted: &[&Certificate]) -> Opened {
    let (headers, body) = signed(&file(name), micalg);
    let mut payload = Vec::new();
    let keys = OpeningKeys { decryption: &[], accepted };
    let opened = open(&headers, &mut Cursor::new(body), keys, &[], &mut payload)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(payload, PAYLOAD, "{name}");
    opened
}

#[test]
fn signatures_of_openssl_are_verified_with_the_digest_they_use() {
    let (rsa, _) = identity("rsa");
    let (ec, _) = identity("ec");
    let (ec384, _) = identity("ec384");
    let short = certificate("rsa1024");
    for (name, digest) in [
        ("sig-sha1.der", Digest::Sha1),
        ("sig-sha256.der", Digest::Sha256),
        ("sig-sha384.der", Digest::Sha384),
        ("sig-sha512.der", Digest::Sha512),
        ("sig-sha256-noattr.der", Digest::Sha256),
        ("sig-sha256-nocerts.der", Digest::Sha256),
        ("sig-sha256-pss.der", Digest::Sha256),
        ("sig-sha512-pss.der", Digest::Sha512),
        ("sig-sha256-ski-nosmimecap.der", Digest::Sha256),
        ("sig-sha256-ecdsa.der", Digest::Sha256),
        ("sig-sha512-ecdsa.der", Digest::Sha512),
        ("sig-sha384-ecdsa384.der", Digest::Sha384),
        ("sig-sha1-pss-default.der", Digest::Sha1),
        ("sig-sha256-pss-17.der", Digest::Sha256),
        ("sig-sha256-pss-max.der", Digest::Sha256),
        ("sig-sha256-pss-mgf1sha1.der", Digest::Sha256),
        ("sig-sha384-rsa1024.der", Digest::Sha384),
        ("sig-sha256-pss-rsa1024.der", Digest::Sha256),
    ] {
        // What `micalg` announces may be missing or wrong; the signature decides.
        for micalg in [digest.as_str(), "", "sha-384"] {
            let opened = verify(name, micalg, &[&ec, &rsa, &ec384, &short]);
            let check = opened.signature.unwrap();
            let expected = match name {
                _ if name.contains("ecdsa384") => &ec384,
                _ if name.contains("ecdsa") => &ec,
                _ if name.contains("rsa1024") => &short,
                _ => &rsa,
            };
            let signer = expected.facts().fingerprint_sha256;
            assert_eq!(check.outcome, SignatureOutcome::Good { signer }, "{name} announced as {micalg}");
            assert_eq!(check.digest, Some(digest), "{name}");
            assert_eq!(opened.mic.base64(), mic(digest), "{name}");
        }
    }
}

#[test]
fn quirk_33_one_of_several_signers_is_enough_and_certificates_inside_are_not_needed() {
    let (rsa, _) = identity("rsa");
    let (ec384, _) = identity("ec384");
    for accepted in [&rsa, &ec384] {
        let signer = accepted.facts().fingerprint_sha256;
        let outcome = verify("sig-two-signers.der", "sha256", &[accepted]).signature.unwrap().outcome;
        assert_eq!(outcome, SignatureOutcome::Good { signer });
    }
    // Whichever stands first in the file: the one that is asked for first.
    for accepted in [[&rsa, &ec384], [&ec384, &rsa]] {
        let signer = accepted[0].facts().fingerprint_sha256;
        let outcome = verify("sig-two-signers.der", "sha256", &accepted).signature.unwrap().outcome;
        assert_eq!(outcome, SignatureOutcome::Good { signer });
    }
    for name in ["sig-sha256-nocerts.der", "sig-sha256-noattr.der"] {
        let check = verify(name, "sha256", &[&ec384, &rsa]).signature.unwrap();
        assert_eq!(check.embedded.is_empty(), name.contains("nocerts"));
        assert_eq!(check.outcome, SignatureOutcome::Good { signer: rsa.facts().fingerprint_sha256 }, "{name}");
    }
}

#[test]
fn quirk_32_whichever_of_several_recipients_is_ours_is_taken() {
    let whole = file("enc-aes256cbc-3recipients.der");
    let (rsa, rsa4096, old) = (identity("rsa"), identity("rsa4096"), identity("old"));
    let mut opened = 0;
    for key in [&rsa, &rsa4096, &old] {
        let (certificate, private) = key;
        let keys = [DecryptionKey { certificate, key: private }];
        let opening = OpeningKeys { decryption: &keys, accepted: &[] };
        let mut payload = Vec::new();
        let result = open(&headers("application/pkcs7-mime"), &mut Cursor::new(&whole), opening, &[], &mut payload);
        if let Ok(found) = result {
            assert_eq!(found.encryption.unwrap().recipient, certificate.facts().fingerprint_sha256);
            assert_eq!(payload, PAYLOAD);
            opened += 1;
        }
    }
    assert_eq!(opened, 3);
    // None of them: all are named.
    let Err(OpenError::NotForUs { recipients }) = decrypt(&whole, &[identity("ec")]) else { panic!("it is for us") };
    assert_eq!(recipients.len(), 3);
    for (certificate, _) in [&rsa, &rsa4096, &old] {
        assert_eq!(recipients.iter().filter(|named| named.names(certificate)).count(), 1);
    }
}

#[test]
fn a_key_too_short_to_sign_with_is_named_with_its_size() {
    let error = PrivateKey::from_pkcs8_der(&file("rsa1024.key.der")).unwrap_err();
    assert_eq!(error, KeyError::TooShort { bits: 1024 });
    let found = read(&file("rsa1024.key.der"), None).unwrap();
    assert_eq!(found.key_obstacle, Some(KeyError::TooShort { bits: 1024 }));
}

#[test]
fn a_signature_by_somebody_else_is_told_from_a_broken_one() {
    let (rsa, _) = identity("rsa");
    let (old, _) = identity("old");
    let outcome = |name: &str, accepted: &[&Certificate]| verify(name, "sha256", accepted).signature.unwrap().outcome;
    let unknown = outcome("sig-sha256.der", &[&old]);
    let embedded = Some(rsa.facts().fingerprint_sha256);
    assert_eq!(unknown, SignatureOutcome::UnknownSigner { embedded, content_intact: true });
    let without = outcome("sig-sha256-nocerts.der", &[&old]);
    assert!(matches!(without, SignatureOutcome::UnknownSigner { embedded: None, .. }), "{without:?}");
    let wrong = outcome("sig-sha256-wrongkey.der", &[&rsa]);
    assert!(!matches!(wrong, SignatureOutcome::Good { .. }), "{wrong:?}");
}

#[test]
fn content_with_other_line_ends_is_recognised() {
    let (rsa, _) = identity("rsa");
    let (headers, body) = signed(&file("sig-sha256.der"), "sha256");
    let text = String::from_utf8_lossy(PAYLOAD).into_owned();
    let at = body.windows(PAYLOAD.len()).position(|part| part == PAYLOAD).unwrap();
    let mut altered = body;
    altered.splice(at..at + PAYLOAD.len(), text.replace('\n', "\r\n").into_bytes());
    let keys = OpeningKeys { decryption: &[], accepted: &[&rsa] };
    let opened = open(&headers, &mut Cursor::new(altered), keys, &[], &mut Vec::new()).unwrap();
    assert!(matches!(opened.signature.unwrap().outcome, SignatureOutcome::Altered { .. }));
}

#[test]
fn an_envelope_says_how_its_key_was_wrapped() {
    let headers = [("Content-Type".to_owned(), "application/pkcs7-mime; smime-type=enveloped-data".to_owned())];
    for (name, how) in [
        ("enc-aes128cbc.der", "RSAES-PKCS1-v1_5"),
        ("enc-aes256cbc-oaep-sha256.der", "RSAES-OAEP with SHA-256"),
        ("enc-aes256cbc-oaep-sha256-mgf1sha1.der", "RSAES-OAEP with SHA-256 and MGF1 with SHA-1"),
    ] {
        let found = dissect(&headers, &mut Cursor::new(file(name)), OpeningKeys { decryption: &[], accepted: &[] });
        let LayerKind::Encrypted(facts) = &found.kind else { panic!("{name}: {found:#?}") };
        assert_eq!(facts.recipients[0].how, how);
    }
}
