use std::io::Cursor;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::certificate::encode::set_of;
use crate::certificate::{KeyKind, create_identity};

const KEY: [u8; 32] = [7; 32];
const NONCE: [u8; 12] = [9; 12];

fn identity(kind: KeyKind) -> (PrivateKey, Certificate) {
    let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    create_identity("CN=Recipient, O=Test", kind, 365, now).unwrap()
}

fn plan(recipient: &Certificate) -> EncryptionPlan<'_> {
    EncryptionPlan {
        recipient,
        encryption: Encryption::Aes256Gcm,
        key_transport: KeyTransport::RsaPkcs1,
        identifier: RecipientIdentifierStyle::IssuerSerial,
        gcm_content: GcmContent::AuthEnveloped,
    }
}

fn read(message: &[u8], key: &PrivateKey, certificate: &Certificate) -> Result<Vec<u8>, OpenError> {
    let keys = [DecryptionKey { certificate, key }];
    let mut opened = open(Cursor::new(message), &keys)?;
    let mut plain = Vec::new();
    opened.content.read_to_end(&mut plain)?;
    assert!(!opened.spoilt);
    assert_eq!(opened.named.len(), 1);
    Ok(plain)
}

/// The library's own GCM: ciphertext and tag.
fn sealed(plain: &[u8], additional: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &KEY).unwrap());
    let mut content = plain.to_vec();
    let nonce = Nonce::assume_unique_for_key(NONCE);
    key.seal_in_place_append_tag(nonce, Aad::from(additional), &mut content).unwrap();
    let tag = content.split_off(plain.len());
    (content, tag)
}

/// An envelope put together from its parts, with indefinite lengths around them.
fn assembled(
    kind: der::asn1::ObjectIdentifier,
    recipient: &[u8],
    parameters: &[u8],
    content: &[u8],
    after: &[u8],
) -> Vec<u8> {
    let indefinite = |tag: u8, content: &[u8]| [&[tag, 0x80], content, &[0, 0]].concat();
    let cipher = algorithm(ids::of_encryption(Encryption::Aes256Gcm).unwrap(), parameters);
    // In pieces, one of them empty, one of them in pieces itself.
    let (one, rest) = content.split_at(content.len().min(5));
    let pieces =
        [element(OCTET_STRING, one), element(OCTET_STRING, &[]), indefinite(0x24, &element(OCTET_STRING, rest))];
    let info = [oid(ids::DATA), cipher, indefinite(0xa0, &pieces.concat())].concat();
    let body =
        [element(INTEGER, &[0]), indefinite(SET, recipient), indefinite(SEQUENCE, &info), after.to_vec()].concat();
    indefinite(SEQUENCE, &[oid(kind), indefinite(0xa0, &indefinite(SEQUENCE, &body))].concat())
}

fn gcm_parameters_of(tag_length: Option<u8>) -> Vec<u8> {
    let length = tag_length.map_or_else(Vec::new, |length| element(INTEGER, &[length]));
    joined(SEQUENCE, &[&element(OCTET_STRING, &NONCE), &length])
}

#[test]
fn authenticated_attributes_are_part_of_what_is_authenticated() {
    let (key, certificate) = identity(KeyKind::Rsa2048);
    let recipient = key_transport::recipient(&plan(&certificate), &KEY).unwrap();
    let attribute = |last: u8| {
        let identifier = der::asn1::ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
        joined(SEQUENCE, &[&oid(identifier), &element(SET, &element(OCTET_STRING, &[last]))])
    };
    let (sorted, unsorted) = (vec![attribute(1), attribute(2)], [attribute(2), attribute(1)].concat());
    for (over, sent) in [
        (set_of(SET, sorted.clone()), sorted.concat()),
        (set_of(SET, sorted), unsorted.clone()),
        (element(SET, &unsorted), unsorted),
    ] {
        let (content, tag) = sealed(b"content of more than a block", &over);
        let after = |sent: &[u8]| [element(0xa1, sent), element(OCTET_STRING, &tag)].concat();
        let whole = |sent: &[u8]| {
            assembled(ids::AUTH_ENVELOPED_DATA, &recipient, &gcm_parameters_of(Some(16)), &content, &after(sent))
        };
        assert_eq!(read(&whole(&sent), &key, &certificate).unwrap(), b"content of more than a block");
        let mut changed = sent;
        *changed.last_mut().unwrap() ^= 4;
        let refused = read(&whole(&changed), &key, &certificate).unwrap_err();
        assert!(matches!(refused, OpenError::Undecryptable { .. }), "{refused}");
    }
}

#[test]
fn quirk_54_gcm_parameters_and_tags_are_read_as_the_field_writes_them() {
    let (key, certificate) = identity(KeyKind::Rsa2048);
    let recipient = key_transport::recipient(&plan(&certificate), &KEY).unwrap();
    let bare = element(OCTET_STRING, &NONCE);
    for plain in [&b""[..], b"x", b"exactly sixteen.", b"some more than one block of it"] {
        let (content, tag) = sealed(plain, &[]);
        for (parameters, length) in [
            (gcm_parameters_of(Some(16)), 16),
            (gcm_parameters_of(Some(12)), 12),
            (gcm_parameters_of(Some(13)), 13),
            (gcm_parameters_of(None), 12),
            (gcm_parameters_of(None), 16),
            (bare.clone(), 16),
        ] {
            let appended = [content.as_slice(), &tag[..length]].concat();
            let message = assembled(ids::ENVELOPED_DATA, &recipient, &parameters, &appended, &[]);
            assert_eq!(read(&message, &key, &certificate).unwrap(), plain, "appended {length}");
            let after = element(OCTET_STRING, &tag[..length]);
            let message = assembled(ids::AUTH_ENVELOPED_DATA, &recipient, &parameters, &content, &after);
            assert_eq!(read(&message, &key, &certificate).unwrap(), plain, "behind {length}");
            let after = element(OCTET_STRING, &[0; 16]);
            let message = assembled(ids::AUTH_ENVELOPED_DATA, &recipient, &parameters, &content, &after);
            let refused = read(&message, &key, &certificate).unwrap_err();
            assert!(matches!(refused, OpenError::Undecryptable { .. }), "{refused}");
        }
    }
    let (content, tag) = sealed(b"x", &[]);
    for length in [0, 4, 11, 17] {
        let appended = [content.as_slice(), &tag].concat();
        let message = assembled(ids::ENVELOPED_DATA, &recipient, &gcm_parameters_of(Some(length)), &appended, &[]);
        assert!(matches!(read(&message, &key, &certificate), Err(OpenError::Malformed(_))), "{length}");
    }
    // AuthEnvelopedData without its tag, and around a mode that authenticates nothing.
    let message = assembled(ids::AUTH_ENVELOPED_DATA, &recipient, &bare, &content, &[]);
    assert!(matches!(read(&message, &key, &certificate), Err(OpenError::Malformed(_))));
    let after = element(OCTET_STRING, &tag);
    let mut message = assembled(ids::AUTH_ENVELOPED_DATA, &recipient, &bare, &content, &after);
    let [gcm, cbc] = [Encryption::Aes256Gcm, Encryption::Aes256Cbc].map(|each| oid(ids::of_encryption(each).unwrap()));
    let at = message.windows(gcm.len()).position(|part| part == gcm).unwrap();
    message[at..at + cbc.len()].copy_from_slice(&cbc);
    assert!(matches!(read(&message, &key, &certificate), Err(OpenError::Malformed(_))));
}

fn written(plan: &EncryptionPlan<'_>, plain: &[u8]) -> Vec<u8> {
    let envelope = Envelope::prepare(plan, plain.len() as u64).unwrap();
    let length = envelope.length();
    let mut writer = envelope.begin(Vec::new()).unwrap();
    writer.write_all(plain).unwrap();
    let message = writer.finish().unwrap();
    assert_eq!(message.len() as u64, length);
    message
}

#[test]
fn a_message_beyond_the_end_of_gcm_is_refused_in_words() {
    let (_, certificate) = identity(KeyKind::EcP256);
    assert!(Envelope::prepare(&plan(&certificate), MAX_GCM).is_ok());
    let Err(BuildError::Unsupported(said)) = Envelope::prepare(&plan(&certificate), MAX_GCM + 1) else {
        panic!("it is not refused")
    };
    assert!(said.contains("68719476704") && said.contains("CBC"), "{said}");
}

#[test]
fn recipients_are_named_as_the_profile_says() {
    for kind in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let (_, certificate) = identity(kind);
        for identifier in RecipientIdentifierStyle::ALL {
            let plan = EncryptionPlan { identifier: *identifier, ..plan(&certificate) };
            let message = written(&plan, b"content");
            let Err(OpenError::NotForUs { recipients }) = open(Cursor::new(&message), &[]) else {
                panic!("it is for nobody here")
            };
            let [named] = recipients.as_slice() else { panic!("one recipient") };
            assert!(named.names(&certificate));
            let by_key = matches!(named, NamedCertificate::KeyIdentifier(_));
            assert_eq!(by_key, *identifier == RecipientIdentifierStyle::KeyIdentifier);
            let said = named.to_string();
            let expected = if by_key { "key identifier ".to_owned() } else { certificate.facts().serial.clone() };
            assert!(said.contains(&expected) && (by_key || said.ends_with("of CN=Recipient,O=Test")), "{said}");
            // Another key behind the same name gets the answer that a damaged one gets.
            let (other, _) = identity(kind);
            let keys = [DecryptionKey { certificate: &certificate, key: &other }];
            let opened = open(Cursor::new(&message), &keys).unwrap();
            assert!(opened.spoilt);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(
        length in prop_oneof![0..50_usize, 65_500..65_600_usize, 131_000..131_100_usize],
        cipher in prop::sample::select(Encryption::ALL.iter().copied().filter(|each| *each != Encryption::None).collect::<Vec<_>>()),
        gcm_content in prop::sample::select(GcmContent::ALL.to_vec()),
        identifier in prop::sample::select(RecipientIdentifierStyle::ALL.to_vec()),
        change in any::<prop::sample::Index>(),
    ) {
        let (key, certificate) = identity(KeyKind::EcP256);
        let plan = EncryptionPlan { encryption: cipher, gcm_content, identifier, ..plan(&certificate) };
        let plain: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[0]).collect();
        let mut message = written(&plan, &plain);
        prop_assert_eq!(read(&message, &key, &certificate).unwrap(), plain);
        if matches!(ContentCipher::of(cipher), Some(ContentCipher::Gcm(_))) {
            let at = message.len() - 1 - change.index(length + 16);
            message[at] ^= 1;
            prop_assert!(read(&message, &key, &certificate).is_err());
        }
    }
}
