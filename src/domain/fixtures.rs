//! What tests of several rooms make certificates and instants of.

use jiff::Timestamp;

use super::certificate::{CertificateFacts, Fingerprint, KeyAlgorithm, KeyFacts, SignatureFacts};

/// The beginning of a day by its number since 1970.
pub(crate) fn day(number: i64) -> Timestamp {
    Timestamp::from_second(number * 86_400).unwrap()
}

/// A partner's self-signed certificate, told from others by its number.
pub(crate) fn certificate(id: u8, not_before: Timestamp, not_after: Timestamp) -> CertificateFacts {
    CertificateFacts {
        subject: "CN=partner".to_owned(),
        issuer: "CN=partner".to_owned(),
        serial: format!("{id:02x}"),
        fingerprint_sha256: Fingerprint([id; 32]),
        fingerprint_sha1: String::new(),
        spki_sha256: format!("{id:02x}"),
        not_before,
        not_after,
        key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
        signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
        self_signed: true,
        ca: false,
        key_usage: Vec::new(),
    }
}

/// The same, valid from one day until another.
pub(crate) fn facts(id: u8, from: i64, until: i64) -> CertificateFacts {
    certificate(id, day(from), day(until))
}
