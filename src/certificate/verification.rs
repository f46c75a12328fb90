//! Checking signatures with the public key of a certificate.

use aws_lc_rs::digest::{self, Digest as DigestValue, digest as digest_of};
use aws_lc_rs::rsa::{RsaParameters, RsaPssSaltLength};
use aws_lc_rs::signature::{self, VerificationAlgorithm};

use super::legacy_rsa::{self, Padding};
use super::x509::Certificate;
use crate::domain::algorithm::Digest;
use crate::domain::certificate::{KeyAlgorithm, KeyFacts};

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1,
    /// RSASSA-PSS.
    RsaPss {
        /// The digest of the mask generation function.
        mask: Digest,
        /// Length of the salt in bytes.
        salt_length: u16,
    },
    /// ECDSA, the signature in DER.
    Ecdsa,
}

/// Whether `signature` is one of `message` by the key of `certificate`. `false` also for what cannot be checked: MD5,
/// unknown curves, RSA keys under 1024 bits.
#[must_use]
pub fn verify(certificate: &Certificate, digest: Digest, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
    digest_algorithm(digest)
        .is_some_and(|algorithm| verify_value(certificate, digest, scheme, &digest_of(algorithm, message), signature))
}

/// The same over a message of which only the digest is known.
#[must_use]
pub fn verify_digest(
    certificate: &Certificate,
    digest: Digest,
    scheme: Scheme,
    value: &[u8],
    signature: &[u8],
) -> bool {
    digest_algorithm(digest)
        .and_then(|algorithm| DigestValue::import_less_safe(value, algorithm).ok())
        .is_some_and(|value| verify_value(certificate, digest, scheme, &value, signature))
}

fn verify_value(
    certificate: &Certificate,
    digest: Digest,
    scheme: Scheme,
    value: &DigestValue,
    signature: &[u8],
) -> bool {
    let (key, public_key) = (key_for(certificate, scheme), certificate.public_key());
    if let Some(parameters) = pss(key, digest, scheme) {
        return parameters.verify_digest_sig(public_key, value, signature).is_ok();
    }
    if let Some(algorithm) = algorithm(key, digest, scheme) {
        return algorithm.verify_digest_sig(public_key, value, signature).is_ok();
    }
    match scheme {
        _ if key.algorithm != KeyAlgorithm::Rsa => false,
        Scheme::Ecdsa => false,
        Scheme::RsaPkcs1 => legacy_rsa::verify(public_key, digest, value.as_ref(), Padding::Pkcs1, signature),
        Scheme::RsaPss { mask, salt_length } => {
            legacy_rsa::verify(public_key, digest, value.as_ref(), Padding::Pss { mask, salt_length }, signature)
        }
    }
}

/// The key as it is used with a scheme: one for RSASSA-PSS alone is an RSA key there, whose size the library looks at.
fn key_for(certificate: &Certificate, scheme: Scheme) -> KeyFacts {
    match scheme {
        Scheme::RsaPss { .. } if certificate.has_pss_key() => KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
        _ => certificate.facts().key,
    }
}

/// Whether a signature of this kind by the key of a certificate can be checked at all.
#[must_use]
pub fn is_checkable(certificate: &Certificate, digest: Digest, scheme: Scheme) -> bool {
    let key = key_for(certificate, scheme);
    match (key.algorithm, scheme) {
        _ if digest_algorithm(digest).is_none() => false,
        (KeyAlgorithm::Rsa, Scheme::RsaPkcs1 | Scheme::RsaPss { .. }) => true,
        _ => algorithm(key, digest, scheme).is_some(),
    }
}

/// RSASSA-PSS where the cryptographic library has it: with the digest for its mask too.
fn pss(key: KeyFacts, digest: Digest, scheme: Scheme) -> Option<RsaParameters> {
    let Scheme::RsaPss { mask, salt_length } = scheme else { return None };
    if key.algorithm != KeyAlgorithm::Rsa || key.bits < 2048 || mask != digest {
        return None;
    }
    let parameters = match digest {
        Digest::Md5 | Digest::Sha1 => return None,
        Digest::Sha256 => signature::RSA_PSS_2048_8192_SHA256,
        Digest::Sha384 => signature::RSA_PSS_2048_8192_SHA384,
        Digest::Sha512 => signature::RSA_PSS_2048_8192_SHA512,
    };
    Some(parameters.with_pss_salt_length(RsaPssSaltLength::Custom(salt_length)))
}

/// The digest as the cryptographic library has it; nothing for MD5.
pub(crate) const fn digest_algorithm(digest: Digest) -> Option<&'static digest::Algorithm> {
    match digest {
        Digest::Md5 => None,
        Digest::Sha1 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        Digest::Sha256 => Some(&digest::SHA256),
        Digest::Sha384 => Some(&digest::SHA384),
        Digest::Sha512 => Some(&digest::SHA512),
    }
}

fn algorithm(key: KeyFacts, digest: Digest, scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
    match (key.algorithm, scheme) {
        (KeyAlgorithm::Rsa, Scheme::RsaPkcs1) => Some(match (digest, key.bits) {
            (Digest::Sha1, 1024..2048) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Digest::Sha256, 1024..2048) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            (Digest::Sha512, 1024..2048) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            (Digest::Sha1, 2048..) => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Digest::Sha256, 2048..) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Digest::Sha384, 2048..) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Digest::Sha512, 2048..) => &signature::RSA_PKCS1_2048_8192_SHA512,
            _ => return None,
        }),
        (KeyAlgorithm::Ec, Scheme::Ecdsa) => Some(match (key.bits, digest) {
            (256, Digest::Sha1) => &signature::ECDSA_P256_SHA1_ASN1,
            (256, Digest::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (256, Digest::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (256, Digest::Sha512) => &signature::ECDSA_P256_SHA512_ASN1,
            (384, Digest::Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (384, Digest::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (384, Digest::Sha512) => &signature::ECDSA_P384_SHA512_ASN1,
            (521, Digest::Sha1) => &signature::ECDSA_P521_SHA1_ASN1,
            (521, Digest::Sha256) => &signature::ECDSA_P521_SHA256_ASN1,
            (521, Digest::Sha384) => &signature::ECDSA_P521_SHA384_ASN1,
            (521, Digest::Sha512) => &signature::ECDSA_P521_SHA512_ASN1,
            _ => return None,
        }),
        _ => None,
    }
}
