//! Object identifiers of CMS (RFC 5652, 3370, 5754, 4055, 5084, 5753) and the algorithms they stand for.

use der::asn1::ObjectIdentifier;

use crate::domain::algorithm::{Digest, Encryption};

const fn id(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

pub(super) const DATA: ObjectIdentifier = id("1.2.840.113549.1.7.1");
pub(super) const SIGNED_DATA: ObjectIdentifier = id("1.2.840.113549.1.7.2");
pub(super) const ENVELOPED_DATA: ObjectIdentifier = id("1.2.840.113549.1.7.3");
pub(super) const COMPRESSED_DATA: ObjectIdentifier = id("1.2.840.113549.1.9.16.1.9");
pub(super) const AUTH_ENVELOPED_DATA: ObjectIdentifier = id("1.2.840.113549.1.9.16.1.23");
/// The one compression of RFC 3274.
pub(super) const ZLIB: ObjectIdentifier = id("1.2.840.113549.1.9.16.3.8");

pub(super) const ATTRIBUTE_CONTENT_TYPE: ObjectIdentifier = id("1.2.840.113549.1.9.3");
pub(super) const ATTRIBUTE_MESSAGE_DIGEST: ObjectIdentifier = id("1.2.840.113549.1.9.4");
pub(super) const ATTRIBUTE_SIGNING_TIME: ObjectIdentifier = id("1.2.840.113549.1.9.5");
/// CMSAlgorithmProtection (RFC 6211).
pub(super) const ATTRIBUTE_ALGORITHM_PROTECTION: ObjectIdentifier = id("1.2.840.113549.1.9.52");

pub(super) const RSA_ENCRYPTION: ObjectIdentifier = id("1.2.840.113549.1.1.1");
pub(super) const RSAES_OAEP: ObjectIdentifier = id("1.2.840.113549.1.1.7");
pub(super) const MGF1: ObjectIdentifier = id("1.2.840.113549.1.1.8");
pub(super) const RSASSA_PSS: ObjectIdentifier = id("1.2.840.113549.1.1.10");
/// Where id-RSASSA-PSS, RFC 8017 numbers the signatures with a digest beside it.
const RSA_WITH_MD5: ObjectIdentifier = id("1.2.840.113549.1.1.4");
const RSA_WITH_SHA1: ObjectIdentifier = id("1.2.840.113549.1.1.5");
const RSA_WITH_SHA256: ObjectIdentifier = id("1.2.840.113549.1.1.11");
const RSA_WITH_SHA384: ObjectIdentifier = id("1.2.840.113549.1.1.12");
const RSA_WITH_SHA512: ObjectIdentifier = id("1.2.840.113549.1.1.13");
const ECDSA_WITH_SHA1: ObjectIdentifier = id("1.2.840.10045.4.1");
const ECDSA_WITH_SHA256: ObjectIdentifier = id("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = id("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: ObjectIdentifier = id("1.2.840.10045.4.3.4");
/// Some products name the key here instead of the signature.
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = id("1.2.840.10045.2.1");

pub(super) const P256: ObjectIdentifier = id("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = id("1.3.132.0.34");
pub(super) const P521: ObjectIdentifier = id("1.3.132.0.35");

/// Key agreement with the key derivation of X9.63 (RFC 5753 section 7.1.4), without the cofactor and with it.
pub(super) const STD_DH_SHA1_KDF: ObjectIdentifier = id("1.3.133.16.840.63.0.2");
pub(super) const STD_DH_SHA224_KDF: ObjectIdentifier = id("1.3.132.1.11.0");
pub(super) const STD_DH_SHA256_KDF: ObjectIdentifier = id("1.3.132.1.11.1");
pub(super) const STD_DH_SHA384_KDF: ObjectIdentifier = id("1.3.132.1.11.2");
pub(super) const STD_DH_SHA512_KDF: ObjectIdentifier = id("1.3.132.1.11.3");
pub(super) const COFACTOR_DH_SHA1_KDF: ObjectIdentifier = id("1.3.133.16.840.63.0.3");
pub(super) const COFACTOR_DH_SHA224_KDF: ObjectIdentifier = id("1.3.132.1.14.0");
pub(super) const COFACTOR_DH_SHA256_KDF: ObjectIdentifier = id("1.3.132.1.14.1");
pub(super) const COFACTOR_DH_SHA384_KDF: ObjectIdentifier = id("1.3.132.1.14.2");
pub(super) const COFACTOR_DH_SHA512_KDF: ObjectIdentifier = id("1.3.132.1.14.3");

pub(super) const AES128_WRAP: ObjectIdentifier = id("2.16.840.1.101.3.4.1.5");
pub(super) const AES192_WRAP: ObjectIdentifier = id("2.16.840.1.101.3.4.1.25");
pub(super) const AES256_WRAP: ObjectIdentifier = id("2.16.840.1.101.3.4.1.45");
/// Triple DES Key Wrap (RFC 3217).
pub(super) const TRIPLE_DES_WRAP: ObjectIdentifier = id("1.2.840.113549.1.9.16.3.6");

const MD5: ObjectIdentifier = id("1.2.840.113549.2.5");
const SHA1: ObjectIdentifier = id("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = id("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = id("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = id("2.16.840.1.101.3.4.2.3");

const DES_EDE3_CBC: ObjectIdentifier = id("1.2.840.113549.3.7");
const AES128_CBC: ObjectIdentifier = id("2.16.840.1.101.3.4.1.2");
const AES192_CBC: ObjectIdentifier = id("2.16.840.1.101.3.4.1.22");
const AES256_CBC: ObjectIdentifier = id("2.16.840.1.101.3.4.1.42");
const AES128_GCM: ObjectIdentifier = id("2.16.840.1.101.3.4.1.6");
const AES192_GCM: ObjectIdentifier = id("2.16.840.1.101.3.4.1.26");
const AES256_GCM: ObjectIdentifier = id("2.16.840.1.101.3.4.1.46");

/// The identifier of a digest.
pub(super) const fn of_digest(digest: Digest) -> ObjectIdentifier {
    match digest {
        Digest::Md5 => MD5,
        Digest::Sha1 => SHA1,
        Digest::Sha256 => SHA256,
        Digest::Sha384 => SHA384,
        Digest::Sha512 => SHA512,
    }
}

/// The digest that an identifier names, also where it names a signature with that digest.
pub(super) fn digest(identifier: ObjectIdentifier) -> Option<Digest> {
    match identifier {
        MD5 | RSA_WITH_MD5 => Some(Digest::Md5),
        SHA1 | RSA_WITH_SHA1 | ECDSA_WITH_SHA1 => Some(Digest::Sha1),
        SHA256 | RSA_WITH_SHA256 | ECDSA_WITH_SHA256 => Some(Digest::Sha256),
        SHA384 | RSA_WITH_SHA384 | ECDSA_WITH_SHA384 => Some(Digest::Sha384),
        SHA512 | RSA_WITH_SHA512 | ECDSA_WITH_SHA512 => Some(Digest::Sha512),
        _ => None,
    }
}

/// The name of a digest for people; its identifier where it has none here.
pub(super) fn digest_name(identifier: ObjectIdentifier) -> String {
    if let Some(digest) = digest(identifier) {
        return digest.label().to_owned();
    }
    let dotted = identifier.to_string();
    // RFC 8017 appendix C, NIST's register of algorithms, ISO/IEC 10118-3.
    let name = match dotted.as_str() {
        "1.2.840.113549.2.2" => "MD2",
        "1.2.840.113549.2.4" => "MD4",
        "2.16.840.1.101.3.4.2.4" => "SHA-224",
        "2.16.840.1.101.3.4.2.5" => "SHA-512/224",
        "2.16.840.1.101.3.4.2.6" => "SHA-512/256",
        "2.16.840.1.101.3.4.2.7" => "SHA3-224",
        "2.16.840.1.101.3.4.2.8" => "SHA3-256",
        "2.16.840.1.101.3.4.2.9" => "SHA3-384",
        "2.16.840.1.101.3.4.2.10" => "SHA3-512",
        "2.16.840.1.101.3.4.2.11" => "SHAKE128",
        "2.16.840.1.101.3.4.2.12" => "SHAKE256",
        "1.3.36.3.2.1" => "RIPEMD-160",
        "1.0.10118.3.0.55" => "Whirlpool",
        _ => return dotted,
    };
    name.to_owned()
}

/// The kind of signature that an identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureKind {
    RsaPkcs1,
    RsaPss,
    Ecdsa,
}

/// The kind of signature that an identifier names, with or without a digest beside it.
pub(super) fn signature_kind(identifier: ObjectIdentifier) -> Option<SignatureKind> {
    match identifier {
        RSA_ENCRYPTION | RSA_WITH_MD5 | RSA_WITH_SHA1 | RSA_WITH_SHA256 | RSA_WITH_SHA384 | RSA_WITH_SHA512 => {
            Some(SignatureKind::RsaPkcs1)
        }
        RSASSA_PSS => Some(SignatureKind::RsaPss),
        EC_PUBLIC_KEY | ECDSA_WITH_SHA1 | ECDSA_WITH_SHA256 | ECDSA_WITH_SHA384 | ECDSA_WITH_SHA512 => {
            Some(SignatureKind::Ecdsa)
        }
        // A digest alone is seen where the signature's algorithm should stand; RSA is what is meant.
        other => digest(other).map(|_| SignatureKind::RsaPkcs1),
    }
}

/// RSA with a digest: sha256WithRSAEncryption and its like.
pub(super) const fn rsa_with(digest: Digest) -> ObjectIdentifier {
    match digest {
        Digest::Md5 => RSA_WITH_MD5,
        Digest::Sha1 => RSA_WITH_SHA1,
        Digest::Sha256 => RSA_WITH_SHA256,
        Digest::Sha384 => RSA_WITH_SHA384,
        Digest::Sha512 => RSA_WITH_SHA512,
    }
}

/// ECDSA with a digest.
pub(super) const fn ecdsa_with(digest: Digest) -> ObjectIdentifier {
    match digest {
        Digest::Md5 | Digest::Sha1 => ECDSA_WITH_SHA1,
        Digest::Sha256 => ECDSA_WITH_SHA256,
        Digest::Sha384 => ECDSA_WITH_SHA384,
        Digest::Sha512 => ECDSA_WITH_SHA512,
    }
}

/// The content encryption algorithms with their identifiers.
const ENCRYPTIONS: [(Encryption, ObjectIdentifier); 7] = [
    (Encryption::TripleDesCbc, DES_EDE3_CBC),
    (Encryption::Aes128Cbc, AES128_CBC),
    (Encryption::Aes192Cbc, AES192_CBC),
    (Encryption::Aes256Cbc, AES256_CBC),
    (Encryption::Aes128Gcm, AES128_GCM),
    (Encryption::Aes192Gcm, AES192_GCM),
    (Encryption::Aes256Gcm, AES256_GCM),
];

/// The identifier of a content encryption algorithm; nothing for `none`.
pub(super) fn of_encryption(encryption: Encryption) -> Option<ObjectIdentifier> {
    ENCRYPTIONS.iter().find(|(known, _)| *known == encryption).map(|(_, identifier)| *identifier)
}

/// The name of a cipher that partners can send with and that is not read here: broken, of other countries, or not of AS2.
pub(super) fn foreign_cipher(identifier: ObjectIdentifier) -> Option<&'static str> {
    // RFC 8018 appendix B.2, FIPS 46-3, RFC 2144, RFC 3657, RFC 4010, RFC 5084, RFC 8103.
    Some(match identifier.to_string().as_str() {
        "1.2.840.113549.3.2" => "RC2",
        "1.2.840.113549.3.4" => "RC4",
        "1.3.14.3.2.7" => "DES",
        "1.2.840.113533.7.66.10" => "CAST5",
        "1.3.6.1.4.1.188.7.1.1.2" => "IDEA",
        "1.2.392.200011.61.1.1.1.2" => "Camellia-128",
        "1.2.392.200011.61.1.1.1.3" => "Camellia-192",
        "1.2.392.200011.61.1.1.1.4" => "Camellia-256",
        "1.2.410.200004.1.4" => "SEED",
        "2.16.840.1.101.3.4.1.7" => "AES-128-CCM",
        "2.16.840.1.101.3.4.1.27" => "AES-192-CCM",
        "2.16.840.1.101.3.4.1.47" => "AES-256-CCM",
        "1.2.840.113549.1.9.16.3.18" => "ChaCha20-Poly1305",
        _ => return None,
    })
}

/// The content encryption algorithm that an identifier names.
pub(super) fn encryption(identifier: ObjectIdentifier) -> Option<Encryption> {
    ENCRYPTIONS.iter().find(|(_, known)| *known == identifier).map(|(encryption, _)| *encryption)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_names_also_where_nobody_computes_them() {
        for (dotted, name) in [
            ("1.2.840.113549.2.5", "MD5"),
            ("2.16.840.1.101.3.4.2.1", "SHA-256"),
            ("2.16.840.1.101.3.4.2.4", "SHA-224"),
            ("2.16.840.1.101.3.4.2.8", "SHA3-256"),
            ("1.2.3.4", "1.2.3.4"),
        ] {
            assert_eq!(digest_name(ObjectIdentifier::new_unwrap(dotted)), name);
        }
    }
}
