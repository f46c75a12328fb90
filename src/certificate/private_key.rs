//! Private keys: held in PKCS#8, wiped when dropped, never shown.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, UnparsedPublicKey, agree};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
};
use zeroize::Zeroizing;

use super::ber::Tlv;
use super::encode::INTEGER;
use super::legacy_rsa;
use super::x509::Certificate;
use crate::domain::algorithm::{Digest, SignatureScheme};
use crate::domain::certificate::{KeyAlgorithm, KeyFacts};

/// Why a key could not be read or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither RSA of 2048 to 8192 bits nor EC P-256 or P-384.
    #[error("the private key is not one that can be used: RSA with 2048 to 8192 bits, EC P-256 or P-384")]
    Unusable,
    /// An RSA key under 2048 bits.
    #[error("the private key is RSA with {bits} bits; keys under 2048 bits are too weak to sign or decrypt with")]
    TooShort {
        /// Its size.
        bits: usize,
    },
    /// The combination of key, scheme and digest is not one that is signed with.
    #[error("an {key} key does not sign with {digest}{scheme}")]
    Combination {
        /// The key.
        key: &'static str,
        /// The digest.
        digest: &'static str,
        /// The scheme, where it matters.
        scheme: &'static str,
    },
    /// The cryptographic library failed.
    #[error("signing failed")]
    Failed,
}

enum Kind {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

/// The curve of an EC key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
}

/// A private key.
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    kind: Kind,
    decrypting: OnceLock<Option<PrivateDecryptingKey>>,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(hidden)")
    }
}

impl PrivateKey {
    /// Reads PKCS#8 DER (RFC 5958).
    ///
    /// # Errors
    /// Where it is no key that can be used.
    pub fn from_pkcs8_der(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let kind = if let Ok(rsa) = RsaKeyPair::from_pkcs8(pkcs8) {
            Kind::Rsa(rsa)
        } else if let Ok(ec) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8) {
            Kind::P256(ec)
        } else if let Ok(ec) = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pkcs8) {
            Kind::P384(ec)
        } else {
            return Err(match rsa_bits(pkcs8) {
                Some(bits) if bits < 2048 => KeyError::TooShort { bits },
                _ => KeyError::Unusable,
            });
        };
        Ok(Self { pkcs8: Zeroizing::new(pkcs8.to_vec()), kind, decrypting: OnceLock::new() })
    }

    /// Kind and size.
    #[must_use]
    pub fn facts(&self) -> KeyFacts {
        let (algorithm, bits) = match &self.kind {
            Kind::Rsa(_) => (KeyAlgorithm::Rsa, rsa_bits(&self.pkcs8).and_then(|bits| u32::try_from(bits).ok())),
            Kind::P256(_) => (KeyAlgorithm::Ec, Some(256)),
            Kind::P384(_) => (KeyAlgorithm::Ec, Some(384)),
        };
        KeyFacts { algorithm, bits: bits.unwrap_or(0) }
    }

    /// The curve of an EC key; nothing with an RSA key.
    pub(super) const fn curve(&self) -> Option<Curve> {
        match &self.kind {
            Kind::Rsa(_) => None,
            Kind::P256(_) => Some(Curve::P256),
            Kind::P384(_) => Some(Curve::P384),
        }
    }

    /// The key as PKCS#8 DER, for the one who decrypts with it or seals it.
    #[must_use]
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The key for RSA decryption; nothing where it is of another kind. It is read when it is first asked for and then
    /// kept, because reading tests its primes, which takes ten times as long as decrypting with it.
    pub(crate) fn decrypting(&self) -> Option<PrivateDecryptingKey> {
        self.decrypting.get_or_init(|| PrivateDecryptingKey::from_pkcs8(&self.pkcs8).ok()).clone()
    }

    /// Decrypts RSAES-OAEP that takes another digest for its mask than for its label. Nothing where it does not decrypt, or
    /// the key is of another kind.
    pub(crate) fn decrypt_oaep(&self, digest: Digest, mask: Digest, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        legacy_rsa::decrypt_oaep(&self.pkcs8, digest, mask, wrapped)
    }

    /// Whether it is the key of a certificate.
    #[must_use]
    pub fn matches(&self, certificate: &Certificate) -> bool {
        let public: &[u8] = match &self.kind {
            Kind::Rsa(rsa) => rsa.public_key().as_ref(),
            Kind::P256(ec) | Kind::P384(ec) => ec.public_key().as_ref(),
        };
        public == certificate.public_key()
    }

    /// The secret that an EC key agrees on with the public point of another (ECDH, SEC 1 section 3.3.1). Nothing with an
    /// RSA key, and where the point is none of the key's curve.
    #[must_use]
    pub fn agree(&self, point: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let curve = match &self.kind {
            Kind::Rsa(_) => return None,
            Kind::P256(_) => &ECDH_P256,
            Kind::P384(_) => &ECDH_P384,
        };
        let key = agreement::PrivateKey::from_private_key_der(curve, &self.pkcs8).ok()?;
        agree(&key, UnparsedPublicKey::new(curve, point), (), |secret| Ok(Zeroizing::new(secret.to_vec()))).ok()
    }

    /// Signs a message: with an RSA key by `scheme`, with an EC key by ECDSA (the signature in DER).
    ///
    /// # Errors
    /// Where key, scheme and digest do not go together: P-256 signs with SHA-256, P-384 with SHA-384, RSASSA-PSS not
    /// with SHA-1.
    pub fn sign(&self, digest: Digest, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let key = match &self.kind {
            Kind::Rsa(rsa) => {
                if (scheme, digest) == (SignatureScheme::RsaPkcs1, Digest::Sha1) {
                    return legacy_rsa::sign(&self.pkcs8, message).ok_or(KeyError::Failed);
                }
                let encoding: &'static dyn RsaEncoding = match (scheme, digest) {
                    (SignatureScheme::RsaPkcs1, Digest::Sha256) => &RSA_PKCS1_SHA256,
                    (SignatureScheme::RsaPkcs1, Digest::Sha384) => &RSA_PKCS1_SHA384,
                    (SignatureScheme::RsaPkcs1, Digest::Sha512) => &RSA_PKCS1_SHA512,
                    (SignatureScheme::RsaPss, Digest::Sha256) => &RSA_PSS_SHA256,
                    (SignatureScheme::RsaPss, Digest::Sha384) => &RSA_PSS_SHA384,
                    (SignatureScheme::RsaPss, Digest::Sha512) => &RSA_PSS_SHA512,
                    (_, Digest::Md5 | Digest::Sha1) => {
                        let scheme = if scheme == SignatureScheme::RsaPss { " in RSASSA-PSS" } else { "" };
                        return Err(KeyError::Combination { key: "RSA", digest: digest.label(), scheme });
                    }
                };
                let mut signature = vec![0; rsa.public_modulus_len()];
                rsa.sign(encoding, &random, message, &mut signature).map_err(|_unspecified| KeyError::Failed)?;
                return Ok(signature);
            }
            Kind::P256(ec) if digest == Digest::Sha256 => return sign_ec(ec, &random, message),
            Kind::P384(ec) if digest == Digest::Sha384 => return sign_ec(ec, &random, message),
            Kind::P256(_) => "EC P-256",
            Kind::P384(_) => "EC P-384",
        };
        Err(KeyError::Combination { key, digest: digest.label(), scheme: "" })
    }
}

/// The size of an RSA key in PKCS#8.
fn rsa_bits(pkcs8: &[u8]) -> Option<usize> {
    let outer = Tlv::first(pkcs8).ok()?.0.children().ok()?;
    // version, algorithm, and in an OCTET STRING the RSAPrivateKey: version, modulus … (RFC 8017 appendix A.1.2)
    let key = Tlv::first(outer.get(2)?.value).ok()?.0.children().ok()?;
    let modulus = key.get(1).filter(|modulus| modulus.tag == INTEGER && key.len() >= 9)?.value;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let leading = modulus.get(zeros)?.leading_zeros() as usize;
    Some((modulus.len() - zeros) * 8 - leading)
}

fn sign_ec(key: &EcdsaKeyPair, random: &SystemRandom, message: &[u8]) -> Result<Vec<u8>, KeyError> {
    key.sign(random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_unspecified| KeyError::Failed)
}
