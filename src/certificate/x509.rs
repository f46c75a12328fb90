//! A certificate: its DER, its facts, and the pieces of it that go into messages byte by byte.

use std::ops::Range;

use super::ber::Tlv;
use super::facts;
use crate::domain::certificate::CertificateFacts;

/// Bytes that are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a certificate: {0}")]
pub struct CertificateError(pub(super) String);

/// id-RSASSA-PSS, 1.2.840.113549.1.1.10, as an OBJECT IDENTIFIER's content.
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];

/// An X.509 certificate (RFC 5280), kept byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    facts: CertificateFacts,
    issuer: Range<usize>,
    serial: Range<usize>,
    spki: Range<usize>,
    public_key: Range<usize>,
    key_identifier: Option<Vec<u8>>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({} {:?})", self.facts.subject, self.facts.fingerprint_sha256)
    }
}

impl Certificate {
    /// Reads one certificate; bytes after it are refused.
    ///
    /// # Errors
    /// Where the bytes are no certificate. What is merely odd in one (a serial number of zero, a country of three
    /// letters, an unknown critical extension) is no error.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (whole, rest) = Tlv::first(der).map_err(|error| CertificateError(error.to_string()))?;
        if !rest.is_empty() {
            return Err(CertificateError("something follows it".to_owned()));
        }
        let incomplete = || CertificateError("it is incomplete".to_owned());
        let fields = whole.children().ok().and_then(|parts| parts.first()?.children().ok()).ok_or_else(incomplete)?;
        // A version in [0] stands before the serial number in all but version 1 (RFC 5280 section 4.1).
        let fields = match fields.as_slice() {
            [version, rest @ ..] if version.tag == 0xa0 => rest,
            all => all,
        };
        let [serial, _signature, issuer, _validity, _subject, spki, ..] = fields else { return Err(incomplete()) };
        let key = spki.children().ok().and_then(|parts| parts.get(1).copied()).ok_or_else(incomplete)?;
        let (facts, key_identifier) = facts::read(der)?;
        Ok(Self {
            issuer: range(der, issuer.raw),
            serial: range(der, serial.value),
            spki: range(der, spki.raw),
            // A BIT STRING begins with the number of its unused bits.
            public_key: range(der, key.value.get(1..).unwrap_or_default()),
            der: der.to_vec(),
            facts,
            key_identifier,
        })
    }

    /// The certificate itself.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What is known of it.
    #[must_use]
    pub const fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// The issuer's Name, as it stands in the certificate.
    #[must_use]
    pub fn issuer_der(&self) -> &[u8] {
        &self.der[self.issuer.clone()]
    }

    /// Content octets of the serial number, as they stand in the certificate.
    #[must_use]
    pub fn serial_bytes(&self) -> &[u8] {
        &self.der[self.serial.clone()]
    }

    /// The SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.der[self.spki.clone()]
    }

    /// The bare public key: an RSAPublicKey, or the point of an EC key.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.der[self.public_key.clone()]
    }

    /// Whether its key is one for RSASSA-PSS alone (RFC 4055 section 1.2), which is an RSA key under a name of its own.
    #[must_use]
    pub(super) fn has_pss_key(&self) -> bool {
        let algorithm = Tlv::first(&self.der[self.spki.clone()])
            .and_then(|(spki, _)| spki.children())
            .and_then(|fields| fields.first().map_or_else(|| Ok(Vec::new()), Tlv::children));
        algorithm.is_ok_and(|fields| fields.first().is_some_and(|identifier| identifier.value == RSASSA_PSS))
    }

    /// The subject key identifier, where it has one.
    #[must_use]
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.key_identifier.as_deref()
    }

    /// The certificate as PEM (RFC 7468).
    #[must_use]
    pub fn to_pem(&self) -> String {
        super::export::to_pem("CERTIFICATE", &self.der)
    }
}

/// Where in `whole` the slice `part` of it lies.
fn range(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len());
    start..(start + part.len()).min(whole.len())
}
