//! Making keys and self-signed certificates.

use aws_lc_rs::rand;
use der::asn1::ObjectIdentifier;
use jiff::Timestamp;
use rcgen::{
    CertificateParams, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize,
    SerialNumber,
};
use time::OffsetDateTime;

use super::ber::Tlv;
use super::encode::{NULL, SEQUENCE, algorithm, element, joined};
use super::name::{self, NameError};
use super::private_key::{KeyError, PrivateKey};
use super::x509::{Certificate, CertificateError};
use crate::domain::algorithm::{Digest, SignatureScheme};
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

/// Makes a key and a self-signed certificate (SHA-256) that begins now and lasts so many days.
///
/// # Errors
/// Where subject or days make no sense.
pub fn create_identity(
    subject: &str,
    key: KeyKind,
    days: u32,
    now: Timestamp,
) -> Result<(PrivateKey, Certificate), IdentityError> {
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(IdentityError::Days(days));
    }
    let begin = now.as_second().saturating_sub(EARLY);
    let end = now.as_second().saturating_add(i64::from(days) * 86_400);
    let from = Timestamp::from_second(begin).map_err(|_range| IdentityError::Validity)?;
    let until = Timestamp::from_second(end).map_err(|_range| IdentityError::Validity)?;
    create_valid_identity(subject, key, from, until)
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
    let pair = match key {
        KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
        KeyKind::Rsa3072 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072)?,
        KeyKind::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096)?,
        KeyKind::EcP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
    };
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
    let agreement = if key == KeyKind::EcP256 {
        vec![KeyUsagePurpose::KeyAgreement]
    } else {
        vec![KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::DataEncipherment]
    };
    parameters.key_usages =
        [vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment], agreement].concat();
    let certificate = parameters.self_signed(&pair)?;
    Ok((pair, certificate.der().to_vec()))
}

/// A random positive serial number of 16 bytes (RFC 5280 section 4.1.2.2).
fn serial() -> Result<SerialNumber, IdentityError> {
    let mut random = [0; 16];
    rand::fill(&mut random).map_err(|_unspecified| IdentityError::Failed("no random numbers".to_owned()))?;
    random[0] = random[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&random))
}
