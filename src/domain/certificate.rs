//! What is known of a certificate; what speaks against it is in `warning`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::algorithm::Digest;
use super::spelling::spelled;

mod warning;

pub use warning::{CertificateWarning, ImportContext, KeySize, import_warnings, time_warnings, warnings};

/// The SHA-256 fingerprint of a certificate, by which it is pinned.
///
/// Shown in groups of two for reading aloud (`4F:A2:…`); 64 lower-case hex digits in files and JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// 64 lower-case hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// The first four bytes, enough to tell certificates apart on a line: `4F:A2:90:1C…`.
    #[must_use]
    pub fn short(&self) -> String {
        let groups: Vec<String> = self.0[..4].iter().map(|byte| format!("{byte:02X}")).collect();
        format!("{}…", groups.join(":"))
    }
}

/// Lower-case hex digits of bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<String> = self.0.iter().map(|byte| format!("{byte:02X}")).collect();
        f.write_str(&groups.join(":"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

/// A text that is no SHA-256 fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 fingerprint has 64 hex digits, this has {digits}")]
pub struct FingerprintError {
    /// How many hex digits were given.
    pub digits: usize,
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads hex digits in any case, with colons, spaces or hyphens between them.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|character| !matches!(character, ':' | '-') && !character.is_whitespace())
            .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or(FingerprintError { digits: text.chars().filter(char::is_ascii_hexdigit).count() })?;
        let bytes: Vec<u8> =
            digits.chunks(2).filter(|pair| pair.len() == 2).map(|pair| pair[0] << 4 | pair[1]).collect();
        match <[u8; 32]>::try_from(bytes) {
            Ok(bytes) if digits.len() == 64 => Ok(Self(bytes)),
            _ => Err(FingerprintError { digits: digits.len() }),
        }
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

spelled! {
    /// The kind of a public key.
    pub enum KeyAlgorithm {
        /// RSA.
        Rsa = "rsa",
        /// Elliptic curve.
        Ec = "ec",
        /// Edwards curve (Ed25519, Ed448), not used in AS2.
        Ed = "ed",
        /// Anything else.
        Other = "other",
    }
}

/// A public key's kind and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// Its kind.
    pub algorithm: KeyAlgorithm,
    /// Its size in bits; 0 where unknown, and on a curve that is none of the P- ones.
    pub bits: u32,
}

impl KeyFacts {
    /// Whether nothing in AS2 can be done with it: neither encrypting for it (RFC 5753 with the three curves that are
    /// spoken, and RSA) nor verifying a signature. One of an unknown kind may be good for verifying yet: RSASSA-PSS has a
    /// name of its own (RFC 4055 section 1.2).
    #[must_use]
    pub const fn is_of_no_use(self) -> bool {
        match self.algorithm {
            KeyAlgorithm::Rsa | KeyAlgorithm::Other => false,
            KeyAlgorithm::Ec => !matches!(self.bits, 256 | 384 | 521),
            KeyAlgorithm::Ed => true,
        }
    }

    /// Why a certificate with it is not taken as a partner's, where it is not: as the end of a sentence about the
    /// certificate. The one rule of all doors by which a certificate comes in.
    #[must_use]
    pub fn refused(self, encrypts: bool) -> Option<String> {
        if self.is_of_no_use() {
            return Some(format!(
                "has an {self} key, for which nothing can be encrypted in AS2 and by which no signature can be verified"
            ));
        }
        (encrypts && self.algorithm == KeyAlgorithm::Other)
            .then(|| "has a key of a kind that is not known, for which nothing can be encrypted".to_owned())
    }
}

impl fmt::Display for KeyFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm {
            KeyAlgorithm::Rsa => write!(f, "RSA {}", self.bits),
            KeyAlgorithm::Ec if self.bits == 0 => write!(f, "EC (other curve)"),
            KeyAlgorithm::Ec => write!(f, "EC P-{}", self.bits),
            KeyAlgorithm::Ed if self.bits == 456 => write!(f, "Ed448"),
            KeyAlgorithm::Ed => write!(f, "Ed25519"),
            KeyAlgorithm::Other => write!(f, "unknown key"),
        }
    }
}

/// The signature on the certificate itself, which is neither the message digest nor the receipt's MIC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureFacts {
    /// Scheme: `rsa-pkcs1`, `rsa-pss`, `ecdsa`, or the object identifier of another.
    pub algorithm: String,
    /// The hash inside it, where known.
    pub hash: Option<Digest>,
}

/// The usages of a key, as opposed to extended ones.
const KEY_USAGES: [&str; 7] = [
    "digital-signature",
    "non-repudiation",
    "key-encipherment",
    "data-encipherment",
    "key-agreement",
    "key-cert-sign",
    "crl-sign",
];

/// Everything the program shows or judges about a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// Subject as an RFC 4514 string.
    pub subject: String,
    /// Issuer as an RFC 4514 string.
    pub issuer: String,
    /// Serial number, hex digits of its DER value.
    pub serial: String,
    /// SHA-256 over the certificate.
    pub fingerprint_sha256: Fingerprint,
    /// SHA-1 over the certificate, 40 hex digits; only for comparing with what a partner shows.
    pub fingerprint_sha1: String,
    /// SHA-256 over the SubjectPublicKeyInfo, 64 hex digits: equal where a renewal kept its key.
    pub spki_sha256: String,
    /// First instant of validity.
    pub not_before: Timestamp,
    /// Last instant of validity.
    pub not_after: Timestamp,
    /// The public key.
    pub key: KeyFacts,
    /// The signature on the certificate.
    pub signature: SignatureFacts,
    /// Whether it is signed with its own key (issuer and subject agree and the signature verifies).
    pub self_signed: bool,
    /// Whether its basic constraints make it a CA's.
    pub ca: bool,
    /// Key usages: `digital-signature`, `non-repudiation`, `key-encipherment`, `data-encipherment`, `key-agreement`,
    /// `key-cert-sign`, `crl-sign`, and extended ones: `server-auth`, `client-auth`, `email-protection`, `code-signing`.
    pub key_usage: Vec<String>,
}

impl CertificateFacts {
    /// The subject's common name, else the whole subject.
    #[must_use]
    pub fn common_name(&self) -> &str {
        self.subject
            .split(',')
            .map(str::trim)
            .find_map(|part| part.strip_prefix("CN="))
            .filter(|name| !name.is_empty())
            .unwrap_or(&self.subject)
    }

    /// Whether `at` lies within its validity.
    #[must_use]
    pub fn valid_at(&self, at: Timestamp) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    /// Whole days from `at` to its end; negative once it has ended.
    #[must_use]
    pub fn days_left(&self, at: Timestamp) -> i64 {
        (self.not_after.as_second() - at.as_second()).div_euclid(86_400)
    }

    /// Whether the names of its subject and issuer are not empty and each of their attributes has a value.
    #[must_use]
    pub fn names_complete(&self) -> bool {
        [&self.subject, &self.issuer].into_iter().all(|name| {
            // RFC 4514 escapes what separates, so a value ends at a comma or plus that no backslash precedes.
            let mut escaped = false;
            let mut blank = true;
            for character in name.chars() {
                match character {
                    _ if escaped => (escaped, blank) = (false, false),
                    '\\' => escaped = true,
                    '=' => blank = true,
                    ',' | '+' if blank => return false,
                    ',' | '+' => {}
                    _ => blank &= character.is_whitespace(),
                }
            }
            !blank
        })
    }

    /// Whether it is one that only issues others. OpenSSL's own self-signed ones call themselves a CA's (`req -x509`) and are
    /// used as they are, so that alone does not tell.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        self.ca && (!self.self_signed || self.key_usage.iter().any(|usage| usage == "key-cert-sign"))
    }

    /// Whether its key usage allows encrypting for it: anything does where none is stated (RFC 5280 section 4.2.1.3).
    #[must_use]
    pub fn allows_encrypting(&self) -> bool {
        self.allows(&["key-encipherment", "data-encipherment", "key-agreement"])
    }

    /// Whether its key usage allows verifying signatures by it.
    #[must_use]
    pub fn allows_verifying(&self) -> bool {
        self.allows(&["digital-signature", "non-repudiation"])
    }

    /// What its key usage allows of encrypting and verifying, for a sentence; nothing where it allows both.
    #[must_use]
    pub fn meant_for(&self) -> Option<&'static str> {
        match (self.allows_encrypting(), self.allows_verifying()) {
            (true, true) => None,
            (true, false) => Some("for encrypting alone"),
            (false, true) => Some("for signing alone"),
            (false, false) => Some("neither for encrypting nor for signing"),
        }
    }

    fn allows(&self, wanted: &[&str]) -> bool {
        // Extended usages stand in the same list and restrict something else.
        let mut stated =
            self.key_usage.iter().map(String::as_str).filter(|usage| KEY_USAGES.contains(usage)).peekable();
        stated.peek().is_none() || stated.any(|usage| wanted.contains(&usage))
    }

    /// Whether its only purpose is to be a TLS server's: `server-auth` without `email-protection`.
    #[must_use]
    pub fn looks_like_tls_server(&self) -> bool {
        let has = |usage: &str| self.key_usage.iter().any(|found| found == usage);
        has("server-auth") && !has("email-protection")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_an_empty_part_are_not_complete() {
        let named = |subject: &str, issuer: &str| CertificateFacts {
            subject: subject.to_owned(),
            issuer: issuer.to_owned(),
            serial: String::new(),
            fingerprint_sha256: Fingerprint([0; 32]),
            fingerprint_sha1: String::new(),
            spki_sha256: String::new(),
            not_before: Timestamp::UNIX_EPOCH,
            not_after: Timestamp::UNIX_EPOCH,
            key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
            signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
            self_signed: false,
            ca: false,
            key_usage: Vec::new(),
        };
        let whole = "C=US,O=Acme\\, Inc.,CN=acme";
        for (name, complete) in [
            (whole, true),
            ("CN=acme+OU=edi,O=a\\=b", true),
            ("C=US,O=,CN=acme", false),
            ("OU= ,CN=acme", false),
            ("CN=", false),
            ("CN=acme,C=", false),
            ("CN=a+OU=,C=US", false),
            ("O=\\,,CN=acme", true),
            ("", false),
        ] {
            assert_eq!(named(name, whole).names_complete(), complete, "{name}");
            assert_eq!(named(whole, name).names_complete(), complete, "{name}");
        }
    }

    #[test]
    fn a_fingerprint_is_read_however_it_is_written() {
        let fingerprint = Fingerprint(std::array::from_fn(|index| u8::try_from(index * 7 % 256).unwrap()));
        for written in [fingerprint.to_hex(), fingerprint.to_string(), fingerprint.to_string().replace(':', " ")] {
            assert_eq!(written.parse(), Ok(fingerprint), "{written}");
        }
        assert_eq!("ab:cd".parse::<Fingerprint>(), Err(FingerprintError { digits: 4 }));
        assert!("zz".parse::<Fingerprint>().is_err());
        assert!(format!("{}0", fingerprint.to_hex()).parse::<Fingerprint>().is_err());
    }
}
