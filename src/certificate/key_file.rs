//! Private keys as they stand in files: PKCS#8, PKCS#1 and SEC 1, brought into PKCS#8.

use der::asn1::ObjectIdentifier;
use zeroize::Zeroizing;

use super::ber::Tlv;
use super::encode::{INTEGER, NULL, OCTET_STRING, SEQUENCE, algorithm, element, joined, oid};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// What DER bytes that are no certificate turn out to be.
pub(super) enum KeyForm {
    /// A private key, as PKCS#8.
    Plain(Zeroizing<Vec<u8>>),
    /// A private key under a password (EncryptedPrivateKeyInfo, RFC 5958 section 3).
    Encrypted,
}

/// Recognises a private key in DER.
pub(super) fn recognise(der: &[u8]) -> Option<KeyForm> {
    let (outer, rest) = Tlv::first(der).ok()?;
    if outer.tag != SEQUENCE || !rest.is_empty() {
        return None;
    }
    let parts = outer.children().ok()?;
    match parts.as_slice() {
        // PrivateKeyInfo: version, algorithm, key.
        [version, kind, key, ..] if version.tag == INTEGER && kind.tag == SEQUENCE && key.tag == OCTET_STRING => {
            Some(KeyForm::Plain(Zeroizing::new(der.to_vec())))
        }
        // RSAPrivateKey (RFC 8017 appendix A.1.2): version and eight numbers.
        [version, numbers @ ..]
            if version.tag == INTEGER
                && numbers.len() >= 8
                && numbers.iter().take(8).all(|part| part.tag == INTEGER) =>
        {
            Some(KeyForm::Plain(wrapped(&algorithm(RSA_ENCRYPTION, &NULL), der)))
        }
        // ECPrivateKey (RFC 5915): version, key, [0] curve.
        [version, key, rest @ ..] if version.tag == INTEGER && version.value == [1] && key.tag == OCTET_STRING => {
            let curve = match rest.iter().find(|part| part.tag == 0xa0) {
                Some(parameters) => parameters.value.to_vec(),
                None if key.value.len() == 48 => oid(P384),
                None => oid(P256),
            };
            Some(KeyForm::Plain(wrapped(&algorithm(EC_PUBLIC_KEY, &curve), der)))
        }
        // EncryptedPrivateKeyInfo: algorithm, ciphertext.
        [kind, data] if kind.tag == SEQUENCE && data.tag == OCTET_STRING => Some(KeyForm::Encrypted),
        _ => None,
    }
}

fn wrapped(kind: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(joined(SEQUENCE, &[&element(INTEGER, &[0]), kind, &element(OCTET_STRING, key)]))
}
