//! Checking signatures with the public key of a certificate.

use aws_lc_rs::digest::{self, Digest as DigestValue};
use aws_lc_rs::rsa::{RsaParameters, RsaPssSaltLength};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use super::x509::Certificate;
use crate::domain::algorithm::Digest;
use crate::domain::certificate::{KeyAlgorithm, KeyFacts};

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1,
    /// RSASSA-PSS with a salt of so many bytes.
    RsaPss {
        /// Length of the salt in bytes.
        salt_length: usize,
    },
    /// ECDSA, the signature in DER.
    Ecdsa,
}

/// PSS with the salt of 20 bytes that RFC 4055 has as its default.
const PSS_SHA256_SALT_20: RsaParameters =
    signature::RSA_PSS_2048_8192_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(20));
const PSS_SHA384_SALT_20: RsaParameters =
    signature::RSA_PSS_2048_8192_SHA384.with_pss_salt_length(RsaPssSaltLength::Custom(20));
const PSS_SHA512_SALT_20: RsaParameters =
    signature::RSA_PSS_2048_8192_SHA512.with_pss_salt_length(RsaPssSaltLength::Custom(20));
/// PSS with the longest salt that fits, as some products write it.
const PSS_SHA256_MAX: RsaParameters = signature::RSA_PSS_2048_8192_SHA256.with_pss_salt_length(RsaPssSaltLength::Max);
const PSS_SHA384_MAX: RsaParameters = signature::RSA_PSS_2048_8192_SHA384.with_pss_salt_length(RsaPssSaltLength::Max);
const PSS_SHA512_MAX: RsaParameters = signature::RSA_PSS_2048_8192_SHA512.with_pss_salt_length(RsaPssSaltLength::Max);

/// Whether `signature` is one of `message` by the key of `certificate`. `false` also for what cannot be checked: MD5,
/// unknown curves, RSA keys under 1024 bits.
#[must_use]
pub fn verify(certificate: &Certificate, digest: Digest, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
    algorithm(certificate.facts().key, digest, scheme).is_some_and(|algorithm| {
        UnparsedPublicKey::new(algorithm, certificate.public_key()).verify(message, signature).is_ok()
    })
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
    let Some(algorithm) = algorithm(certificate.facts().key, digest, scheme) else { return false };
    let Some(hash) = digest_algorithm(digest) else { return false };
    DigestValue::import_less_safe(value, hash).is_ok_and(|value| {
        UnparsedPublicKey::new(algorithm, certificate.public_key()).verify_digest(&value, signature).is_ok()
    })
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
        (KeyAlgorithm::Rsa, Scheme::RsaPss { salt_length }) => {
            let longest = (key.bits as usize).saturating_sub(1).div_ceil(8);
            Some(match (digest, salt_length) {
                (Digest::Sha256, 32) => &signature::RSA_PSS_2048_8192_SHA256,
                (Digest::Sha384, 48) => &signature::RSA_PSS_2048_8192_SHA384,
                (Digest::Sha512, 64) => &signature::RSA_PSS_2048_8192_SHA512,
                (Digest::Sha256, 20) => &PSS_SHA256_SALT_20,
                (Digest::Sha384, 20) => &PSS_SHA384_SALT_20,
                (Digest::Sha512, 20) => &PSS_SHA512_SALT_20,
                (Digest::Sha256, salt) if salt + 34 == longest => &PSS_SHA256_MAX,
                (Digest::Sha384, salt) if salt + 50 == longest => &PSS_SHA384_MAX,
                (Digest::Sha512, salt) if salt + 66 == longest => &PSS_SHA512_MAX,
                _ => return None,
            })
        }
        (KeyAlgorithm::Ec, Scheme::Ecdsa) => Some(match (key.bits, digest) {
            (256, Digest::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (256, Digest::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (384, Digest::Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (384, Digest::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (521, Digest::Sha256) => &signature::ECDSA_P521_SHA256_ASN1,
            (521, Digest::Sha384) => &signature::ECDSA_P521_SHA384_ASN1,
            (521, Digest::Sha512) => &signature::ECDSA_P521_SHA512_ASN1,
            _ => return None,
        }),
        _ => None,
    }
}
