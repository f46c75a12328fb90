//! Making keys and self-signed certificates.

use aws_lc_rs::rand;
use der::asn1::ObjectIdentifier;
use jiff::Timestamp;
use rcgen::{
    CertificateParams, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256,
    RsaKeySize, SerialNumber,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::ber::Tlv;
use super::encode::{NULL, SEQUENCE, algorithm, element, joined};
use super::name::{self, NameError};
use super::private_key::{Curve, KeyError, PrivateKey};
use super::x509::{Certificate, CertificateError};
use crate::domain::algorithm::{Digest, SignatureScheme};
use crate::domain::certificate::{KeyAlgorithm, KeyFacts};
use crate::domain::spelling::spelled;

spelled! {
    /// Kind and size of a new key.
    pub enum KeyKind {
        /// RSA with 2048 bits.
        Rsa2048 = "rsa-2048",
        /// RSA with 3072 bits.
        Rsa3072 = "rsa-3072",
        /// RSA with 4096 bits.
        Rsa4096 = "rsa-4096",
        /// EC on P-256.
        EcP256 = "ec-p256",
        /// EC on P-384.
        EcP384 = "ec-p384",
    }
}

impl KeyKind {
    /// What a key of this kind is known by.
    #[must_use]
    pub const fn facts(self) -> KeyFacts {
        let (algorithm, bits) = match self {
            Self::Rsa2048 => (KeyAlgorithm::Rsa, 2048),
            Self::Rsa3072 => (KeyAlgorithm::Rsa, 3072),
            Self::Rsa4096 => (KeyAlgorithm::Rsa, 4096),
            Self::EcP256 => (KeyAlgorithm::Ec, 256),
            Self::EcP384 => (KeyAlgorithm::Ec, 384),
        };
        KeyFacts { algorithm, bits }
    }
}

/// The longest validity in days: 20 years.
const MAX_DAYS: u32 = 7300;

/// Seconds by which a new certificate begins early, for partners whose clocks are behind.
const EARLY: i64 = 300;

/// Why an identity could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The subject makes no sense.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The validity makes no sense.
    #[error("a certificate is made for 1 to {MAX_DAYS} days, not {0}")]
    Days(u32),
    /// The validity ends before it begins, or lies beyond the years that can be written.
    #[error("the validity makes no sense")]
    Validity,
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What was made cannot be read again.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The library that makes certificates failed.
    #[error("making the certificate failed: {0}")]
    Failed(String),
}

impl From<rcgen::Error> for IdentityError {
    fn from(error: rcgen::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Makes a key and a self-signed certificate (SHA-256; SHA-384 on P-384) that begins now and lasts so many days.
///
/// # Errors
/// Where subject or days make no sense.
pub fn create_identity(
    subject: &str,
    key: KeyKind,
    days: u32,
    now: Timestamp,
) -> Result<(PrivateKey, Certificate), IdentityError> {
    let (from, until) = validity(days, now)?;
    create_valid_identity(subject, key, from, until)
}

/// A self-signed certificate for a key that is there already, which begins now and lasts so many days. Its serial number
/// is another than that of any other: partners look certificates up by issuer and serial number.
///
/// # Errors
/// Where subject or days make no sense.
pub fn certify_key(subject: &str, key: &PrivateKey, days: u32, now: Timestamp) -> Result<Certificate, IdentityError> {
    let (from, until) = validity(days, now)?;
    let pair = pair_of(key)?;
    Ok(Certificate::from_der(&certificate_for(subject, &pair, from, until)?)?)
}

/// A key alone, for which a certificate is requested from a CA.
///
/// # Errors
/// Where the library that makes keys fails.
pub fn create_key(kind: KeyKind) -> Result<PrivateKey, IdentityError> {
    Ok(PrivateKey::from_pkcs8_der(&Zeroizing::new(generate(kind)?.serialize_der()))?)
}

/// A certificate signing request for a key (PKCS#10, RFC 2986) as DER, with the key usages of an identity.
///
/// # Errors
/// Where the subject makes no sense.
pub fn certificate_request(subject: &str, key: &PrivateKey) -> Result<Vec<u8>, IdentityError> {
    let pair = pair_of(key)?;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name::parse(subject)?;
    parameters.key_usages = usages(&pair);
    Ok(parameters.serialize_request(&pair)?.der().to_vec())
}

/// The days' first and last instant.
fn validity(days: u32, now: Timestamp) -> Result<(Timestamp, Timestamp), IdentityError> {
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(IdentityError::Days(days));
    }
    let begin = now.as_second().saturating_sub(EARLY);
    let end = now.as_second().saturating_add(i64::from(days) * 86_400);
    let from = Timestamp::from_second(begin).map_err(|_range| IdentityError::Validity)?;
    let until = Timestamp::from_second(end).map_err(|_range| IdentityError::Validity)?;
    Ok((from, until))
}

/// The same with a given validity.
///
/// # Errors
/// Where subject or validity make no sense.
pub fn create_valid_identity(
    subject: &str,
    key: KeyKind,
    from: Timestamp,
    until: Timestamp,
) -> Result<(PrivateKey, Certificate), IdentityError> {
    let (pair, certificate) = make(subject, key, from, until)?;
    Ok((PrivateKey::from_pkcs8_der(&pair.serialize_der())?, Certificate::from_der(&certificate)?))
}

/// A self-signed RSA 2048 certificate signed with SHA-1, as partners had them before 2016: for the sample workspace and
/// for tests against legacy partners, never for an identity of a user's.
///
/// # Errors
/// Where subject or validity make no sense.
pub fn create_sha1_identity(
    subject: &str,
    from: Timestamp,
    until: Timestamp,
) -> Result<(PrivateKey, Certificate), IdentityError> {
    const SHA1_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5");
    let (pair, modern) = make(subject, KeyKind::Rsa2048, from, until)?;
    let key = PrivateKey::from_pkcs8_der(&pair.serialize_der())?;
    let damaged = |_error| IdentityError::Failed("the certificate could not be taken apart".to_owned());
    // The certificate is taken apart, the algorithm replaced in both places, and the rest signed again.
    let (outer, _) = Tlv::first(&modern).map_err(damaged)?;
    let tbs = *outer.children().map_err(damaged)?.first().ok_or(IdentityError::Validity)?;
    let sha1 = algorithm(SHA1_WITH_RSA, &NULL);
    let fields: Vec<&[u8]> = tbs
        .children()
        .map_err(damaged)?
        .iter()
        .enumerate()
        // [0] version, serial number, then the signature's algorithm.
        .map(|(index, field)| if index == 2 { sha1.as_slice() } else { field.raw })
        .collect();
    let tbs = joined(SEQUENCE, &fields);
    let signature = key.sign(Digest::Sha1, SignatureScheme::RsaPkcs1, &tbs)?;
    let signature = element(0x03, &[&[0], signature.as_slice()].concat());
    let certificate = Certificate::from_der(&joined(SEQUENCE, &[&tbs, &sha1, &signature]))?;
    Ok((key, certificate))
}

fn make(subject: &str, key: KeyKind, from: Timestamp, until: Timestamp) -> Result<(KeyPair, Vec<u8>), IdentityError> {
    let pair = generate(key)?;
    let certificate = certificate_for(subject, &pair, from, until)?;
    Ok((pair, certificate))
}

fn generate(kind: KeyKind) -> Result<KeyPair, IdentityError> {
    Ok(match kind {
        KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
        KeyKind::Rsa3072 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072)?,
        KeyKind::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096)?,
        KeyKind::EcP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
        KeyKind::EcP384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?,
    })
}

/// A key as the library takes it that makes certificates.
fn pair_of(key: &PrivateKey) -> Result<KeyPair, IdentityError> {
    let algorithm = match key.curve() {
        None => &PKCS_RSA_SHA256,
        Some(Curve::P256) => &PKCS_ECDSA_P256_SHA256,
        Some(Curve::P384) => &PKCS_ECDSA_P384_SHA384,
    };
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(&key.pkcs8_der().into(), algorithm)?)
}

/// What partners' products look for: signing, and what decrypting needs with this kind of key (RFC 5280 section 4.2.1.3).
fn usages(pair: &KeyPair) -> Vec<KeyUsagePurpose> {
    let agreement = if pair.is_compatible(&PKCS_RSA_SHA256) {
        vec![KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::DataEncipherment]
    } else {
        vec![KeyUsagePurpose::KeyAgreement]
    };
    [vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment], agreement].concat()
}

fn certificate_for(subject: &str, pair: &KeyPair, from: Timestamp, until: Timestamp) -> Result<Vec<u8>, IdentityError> {
    let date =
        |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.as_second()).map_err(|_range| IdentityError::Validity);
    if from >= until {
        return Err(IdentityError::Validity);
    }
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name::parse(subject)?;
    parameters.not_before = date(from)?;
    parameters.not_after = date(until)?;
    parameters.serial_number = Some(serial()?);
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = usages(pair);
    Ok(parameters.self_signed(pair)?.der().to_vec())
}

/// A random positive serial number of 16 bytes (RFC 5280 section 4.1.2.2).
fn serial() -> Result<SerialNumber, IdentityError> {
    let mut random = [0; 16];
    rand::fill(&mut random).map_err(|_unspecified| IdentityError::Failed("no random numbers".to_owned()))?;
    random[0] = random[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&random))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-26T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn every_kind_of_key_makes_a_certificate_that_partners_can_use() {
        for kind in KeyKind::ALL {
            let (key, certificate) = create_identity("CN=Acme, O=Acme\\, Inc., C=US", *kind, 730, now()).unwrap();
            let facts = certificate.facts();
            assert!(key.matches(&certificate), "{kind}");
            assert_eq!(facts.subject, "CN=Acme,O=Acme\\, Inc.,C=US");
            let rsa = kind.as_str().starts_with("rsa");
            let used = if rsa { "key-encipherment" } else { "key-agreement" };
            assert!(facts.key_usage.iter().any(|usage| usage == used), "{kind}: {:?}", facts.key_usage);
            assert!(facts.key_usage.iter().any(|usage| usage == "digital-signature"));
            let hash = if *kind == KeyKind::EcP384 { Digest::Sha384 } else { Digest::Sha256 };
            assert_eq!(facts.signature.hash, Some(hash));
            assert_eq!(facts.serial.len(), 32, "sixteen bytes");
            assert!(facts.not_before < now() && facts.days_left(now()) == 730);
            let again = certify_key("CN=Acme", &key, 10, now()).unwrap();
            assert!(key.matches(&again) && again.facts().serial != facts.serial);
        }
    }

    #[test]
    fn serial_numbers_are_long_positive_and_never_the_same() {
        let all: BTreeSet<Vec<u8>> = (0..500).map(|_| serial().unwrap().to_bytes()).collect();
        assert_eq!(all.len(), 500);
        assert!(all.iter().all(|serial| serial.len() == 16 && serial[0] & 0x80 == 0 && serial[0] != 0));
    }

    #[test]
    fn days_that_make_no_sense_are_refused() {
        for days in [0, MAX_DAYS + 1] {
            assert_eq!(create_identity("CN=a", KeyKind::EcP256, days, now()).unwrap_err(), IdentityError::Days(days));
        }
    }
}
