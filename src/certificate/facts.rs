//! What is known of a certificate, read once when it is parsed.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use jiff::Timestamp;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::name;
use super::x509::CertificateError;
use crate::domain::algorithm::Digest;
use crate::domain::certificate::{CertificateFacts, Fingerprint, KeyAlgorithm, KeyFacts, SignatureFacts, hex};

/// The facts of a certificate and its subject key identifier.
pub(super) fn read(der: &[u8]) -> Result<(CertificateFacts, Option<Vec<u8>>), CertificateError> {
    let (_, parsed) = X509Certificate::from_der(der).map_err(|error| CertificateError(error.to_string()))?;
    let fingerprint = digest(&SHA256, der);
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(fingerprint.as_ref());
    let facts = CertificateFacts {
        subject: name::in_words(parsed.subject()),
        issuer: name::in_words(parsed.issuer()),
        serial: serial(parsed.raw_serial()),
        fingerprint_sha256: Fingerprint(sha256),
        fingerprint_sha1: hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()),
        spki_sha256: hex(digest(&SHA256, parsed.public_key().raw).as_ref()),
        not_before: instant(parsed.validity().not_before.timestamp()),
        not_after: instant(parsed.validity().not_after.timestamp()),
        key: key(&parsed),
        signature: signature(&parsed),
        self_signed: self_signed(&parsed),
        ca: parsed.basic_constraints().ok().flatten().is_some_and(|constraints| constraints.value.ca),
        key_usage: usages(&parsed),
    };
    let key_identifier = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
        _ => None,
    });
    Ok((facts, key_identifier))
}

/// Seconds since 1970 as an instant; what lies beyond the years that can be told becomes the first or last of them.
fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// As `openssl x509 -serial` shows it, in lower case: without the zero that keeps it positive.
fn serial(raw: &[u8]) -> String {
    let digits = match raw {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    hex(digits)
}

fn key(parsed: &X509Certificate<'_>) -> KeyFacts {
    let spki = parsed.public_key();
    match spki.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let modulus = rsa.modulus;
            let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
            let leading = modulus.get(zeros).map_or(0, |byte| byte.leading_zeros());
            let bits = u32::try_from((modulus.len() - zeros) * 8).unwrap_or(u32::MAX).saturating_sub(leading);
            KeyFacts { algorithm: KeyAlgorithm::Rsa, bits }
        }
        Ok(PublicKey::EC(point)) => {
            let bits = u32::try_from(point.key_size()).unwrap_or_default();
            // The point's coordinates are whole bytes; P-521 is the one curve where that is more. Another curve of the same
            // size, such as brainpoolP256r1, is none of these (RFC 5480 section 2.1.1.1).
            let named = curve(parsed).is_some_and(|name| P_CURVES.contains(&name.as_str()));
            let bits = match bits {
                _ if !named => 0,
                528 => 521,
                bits => bits,
            };
            KeyFacts { algorithm: KeyAlgorithm::Ec, bits }
        }
        _ => match spki.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => KeyFacts { algorithm: KeyAlgorithm::Ed, bits: 256 },
            "1.3.101.113" => KeyFacts { algorithm: KeyAlgorithm::Ed, bits: 456 },
            _ => KeyFacts { algorithm: KeyAlgorithm::Other, bits: 0 },
        },
    }
}

/// P-192, P-224, P-256, P-384 and P-521.
const P_CURVES: [&str; 5] =
    ["1.2.840.10045.3.1.1", "1.3.132.0.33", "1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

/// The name of the curve of an EC key.
fn curve(parsed: &X509Certificate<'_>) -> Option<String> {
    let parameters = parsed.public_key().algorithm.parameters.as_ref()?;
    parameters.as_oid().ok().map(|oid| oid.to_id_string())
}

fn signature(parsed: &X509Certificate<'_>) -> SignatureFacts {
    let identifier = parsed.signature_algorithm.algorithm.to_id_string();
    let (algorithm, hash) = match identifier.as_str() {
        "1.2.840.113549.1.1.4" => ("rsa-pkcs1", Some(Digest::Md5)),
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => ("rsa-pkcs1", Some(Digest::Sha1)),
        "1.2.840.113549.1.1.11" => ("rsa-pkcs1", Some(Digest::Sha256)),
        "1.2.840.113549.1.1.12" => ("rsa-pkcs1", Some(Digest::Sha384)),
        "1.2.840.113549.1.1.13" => ("rsa-pkcs1", Some(Digest::Sha512)),
        "1.2.840.113549.1.1.10" => ("rsa-pss", pss_hash(parsed)),
        "1.2.840.10045.4.1" => ("ecdsa", Some(Digest::Sha1)),
        "1.2.840.10045.4.3.2" => ("ecdsa", Some(Digest::Sha256)),
        "1.2.840.10045.4.3.3" => ("ecdsa", Some(Digest::Sha384)),
        "1.2.840.10045.4.3.4" => ("ecdsa", Some(Digest::Sha512)),
        other => (other, None),
    };
    SignatureFacts { algorithm: algorithm.to_owned(), hash }
}

/// The hash in RSASSA-PSS-params; SHA-1 where it is left out (RFC 4055 section 3.1).
fn pss_hash(parsed: &X509Certificate<'_>) -> Option<Digest> {
    use x509_parser::signature_algorithm::{RsaSsaPssParams, SignatureAlgorithm};
    let known = SignatureAlgorithm::try_from(&parsed.signature_algorithm).ok()?;
    let SignatureAlgorithm::RSASSA_PSS(parameters) = known else { return None };
    let parameters: &RsaSsaPssParams<'_> = &parameters;
    match parameters.hash_algorithm_oid().to_id_string().as_str() {
        "1.3.14.3.2.26" => Some(Digest::Sha1),
        "2.16.840.1.101.3.4.2.1" => Some(Digest::Sha256),
        "2.16.840.1.101.3.4.2.2" => Some(Digest::Sha384),
        "2.16.840.1.101.3.4.2.3" => Some(Digest::Sha512),
        _ => None,
    }
}

/// Whether it is signed with its own key. Where the signature cannot be checked, that issuer and subject agree has to
/// do.
fn self_signed(parsed: &X509Certificate<'_>) -> bool {
    use x509_parser::error::X509Error;
    if parsed.issuer().as_raw() != parsed.subject().as_raw() {
        return false;
    }
    match parsed.verify_signature(None) {
        Ok(()) => true,
        Err(X509Error::SignatureUnsupportedAlgorithm) => true,
        // Keys under 2048 bits are refused by the verifier, not found wrong.
        Err(_) => matches!(key(parsed), KeyFacts { algorithm: KeyAlgorithm::Rsa, bits } if bits < 2048),
    }
}

fn usages(parsed: &X509Certificate<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(Some(usage)) = parsed.key_usage() {
        let usage = usage.value;
        for (is, word) in [
            (usage.digital_signature(), "digital-signature"),
            (usage.non_repudiation(), "non-repudiation"),
            (usage.key_encipherment(), "key-encipherment"),
            (usage.data_encipherment(), "data-encipherment"),
            (usage.key_agreement(), "key-agreement"),
            (usage.key_cert_sign(), "key-cert-sign"),
            (usage.crl_sign(), "crl-sign"),
        ] {
            if is {
                found.push(word.to_owned());
            }
        }
    }
    if let Ok(Some(usage)) = parsed.extended_key_usage() {
        let usage = usage.value;
        for (is, word) in [
            (usage.server_auth, "server-auth"),
            (usage.client_auth, "client-auth"),
            (usage.email_protection, "email-protection"),
            (usage.code_signing, "code-signing"),
        ] {
            if is {
                found.push(word.to_owned());
            }
        }
    }
    found
}
