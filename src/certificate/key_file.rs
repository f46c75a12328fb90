//! Private keys as they stand in files: PKCS#8, PKCS#1 and SEC 1, brought into PKCS#8.

use der::asn1::ObjectIdentifier;
use p12_keystore::Pkcs12Archive;
use zeroize::Zeroizing;

use super::ber::Tlv;
use super::encode::{INTEGER, NULL, OCTET_STRING, SEQUENCE, algorithm, element, joined, oid};
use super::file::ReadError;
use super::password_work;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// What DER bytes that are no certificate turn out to be.
pub(super) enum KeyForm {
    /// A private key, as PKCS#8.
    Plain(Zeroizing<Vec<u8>>),
    /// A private key under a password (EncryptedPrivateKeyInfo, RFC 5958 section 3).
    Encrypted(Vec<u8>),
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
        [kind, data] if kind.tag == SEQUENCE && data.tag == OCTET_STRING => Some(KeyForm::Encrypted(der.to_vec())),
        _ => None,
    }
}

fn wrapped(kind: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(joined(SEQUENCE, &[&element(INTEGER, &[0]), kind, &element(OCTET_STRING, key)]))
}

/// Decrypts a private key under a password. What holds for keys in PKCS#12 holds here: the key is put into one, without
/// anything else, and read from there.
pub(super) fn decrypt(encrypted: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
    const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
    // RFC 7292 sections 4 and 4.2: PFX, AuthenticatedSafe, SafeContents, SafeBag, from the inside out.
    let data = |content: &[u8]| joined(SEQUENCE, &[&oid(DATA), &element(0xa0, &element(OCTET_STRING, content))]);
    let bag = joined(SEQUENCE, &[&oid(SHROUDED_KEY_BAG), &element(0xa0, encrypted)]);
    let safe = joined(SEQUENCE, &[&data(&element(SEQUENCE, &bag))]);
    let pfx = joined(SEQUENCE, &[&element(INTEGER, &[3]), &data(&safe)]);
    password_work::affordable(&pfx)?;
    let archive = Pkcs12Archive::from_pkcs12(&pfx, password).map_err(|error| {
        let said = error.to_string();
        if said.to_ascii_lowercase().contains("unsupported") {
            ReadError::UnsupportedEncryption(said)
        } else {
            // The structure was looked at before: what is wrong now is what came out.
            ReadError::WrongPassword
        }
    })?;
    archive.keys.first().map(|bag| Zeroizing::new(bag.key.as_der().to_vec())).ok_or(ReadError::WrongPassword)
}
