//! What is known of a certificate, and what speaks against it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::algorithm::Digest;
use super::spelling::spelled;

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
    /// Its size in bits; 0 where unknown.
    pub bits: u32,
}

impl fmt::Display for KeyFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.algorithm {
            KeyAlgorithm::Rsa => write!(f, "RSA {}", self.bits),
            KeyAlgorithm::Ec => write!(f, "EC P-{}", self.bits),
            KeyAlgorithm::Ed => write!(f, "Edwards curve"),
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

    /// Whether its only purpose is to be a TLS server's: `server-auth` without `email-protection`.
    #[must_use]
    pub fn looks_like_tls_server(&self) -> bool {
        let has = |usage: &str| self.key_usage.iter().any(|found| found == usage);
        has("server-auth") && !has("email-protection")
    }
}

spelled! {
    /// What speaks against taking a certificate. None of these refuses it.
    pub enum CertificateWarning {
        /// It belongs to one of our own identities.
        Own = "own",
        /// It is a certification authority's.
        Ca = "ca",
        /// It is a TLS server's.
        TlsServer = "tls-server",
        /// It is the one in use already.
        AlreadyInstalled = "already-installed",
        /// It has ended.
        Expired = "expired",
        /// It is not valid yet.
        NotYetValid = "not-yet-valid",
        /// It is signed with SHA-1 or MD5.
        Sha1 = "sha1",
        /// Its key is shorter than RSA 2048 or P-256.
        ShortKey = "short-key",
        /// It has the key of the one it replaces.
        SameKey = "same-key",
        /// It names another subject than the one it replaces.
        OtherSubject = "other-subject",
        /// It begins no later than the one it replaces: perhaps the old file again.
        NotNewer = "not-newer",
        /// It was used here before, and was replaced.
        OldAgain = "old-again",
        /// It is the connection's other profile's: test's for production, or the reverse.
        OtherEnvironment = "other-environment",
        /// Its key is shorter than the partner's policy wants.
        ShortForPolicy = "short-for-policy",
        /// Its key is longer than the partner's policy allows.
        LongForPolicy = "long-for-policy",
        /// It is self-signed and nobody has confirmed its fingerprint.
        Unconfirmed = "unconfirmed",
        /// The new one goes active only after the old one has ended.
        Gap = "gap",
        /// It goes active in less than a day.
        Soon = "soon",
        /// Its key is of a kind that AS2 does not use.
        UnsupportedKey = "unsupported-key",
        /// The file holds others beside it that do not belong to its chain.
        Several = "several",
        /// An activation of another certificate was scheduled and is cancelled by this one.
        ScheduleCancelled = "schedule-cancelled",
    }
}

/// What is wrong with a key's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySize {
    /// It is too short.
    Short,
    /// It is too long.
    Long,
}

/// What a certificate is looked at against.
#[derive(Clone, Debug, Default)]
pub struct ImportContext<'a> {
    /// Certificates of our own identities.
    pub own: Vec<&'a CertificateFacts>,
    /// The one it would replace.
    pub replaces: Option<&'a CertificateFacts>,
    /// All fingerprints that the profiles in question use already.
    pub installed: Vec<Fingerprint>,
    /// Those that they used before and that were replaced.
    pub used_before: Vec<Fingerprint>,
    /// The one that the connection's other profile uses, where the two do not share one.
    pub other_environment: Option<&'a CertificateFacts>,
    /// What is wrong with its key's size for the policy.
    pub key_size: Option<KeySize>,
    /// Whether its fingerprint has been confirmed.
    pub confirmed: bool,
}

/// What speaks against a certificate in itself, at an instant.
#[must_use]
pub fn warnings(facts: &CertificateFacts, at: Timestamp) -> Vec<CertificateWarning> {
    let mut found = Vec::new();
    if facts.is_authority() {
        found.push(CertificateWarning::Ca);
    }
    if facts.looks_like_tls_server() {
        found.push(CertificateWarning::TlsServer);
    }
    if at > facts.not_after {
        found.push(CertificateWarning::Expired);
    }
    if at < facts.not_before {
        found.push(CertificateWarning::NotYetValid);
    }
    if facts.signature.hash.is_some_and(|hash| hash <= Digest::Sha1) {
        found.push(CertificateWarning::Sha1);
    }
    match facts.key.algorithm {
        KeyAlgorithm::Rsa if facts.key.bits < 2048 => found.push(CertificateWarning::ShortKey),
        KeyAlgorithm::Ec if facts.key.bits < 256 => found.push(CertificateWarning::ShortKey),
        KeyAlgorithm::Rsa | KeyAlgorithm::Ec => {}
        KeyAlgorithm::Ed | KeyAlgorithm::Other => found.push(CertificateWarning::UnsupportedKey),
    }
    found
}

/// What speaks against importing a certificate for a partner, at an instant.
#[must_use]
pub fn import_warnings(
    facts: &CertificateFacts,
    at: Timestamp,
    context: &ImportContext<'_>,
) -> Vec<CertificateWarning> {
    let mut found = Vec::new();
    if context
        .own
        .iter()
        .any(|own| own.fingerprint_sha256 == facts.fingerprint_sha256 || own.spki_sha256 == facts.spki_sha256)
    {
        found.push(CertificateWarning::Own);
    }
    found.extend(warnings(facts, at));
    match context.key_size {
        // Said already where it is short by any measure.
        Some(KeySize::Short) if !found.contains(&CertificateWarning::ShortKey) => {
            found.push(CertificateWarning::ShortForPolicy);
        }
        Some(KeySize::Long) => found.push(CertificateWarning::LongForPolicy),
        Some(KeySize::Short) | None => {}
    }
    let old_again = context.used_before.contains(&facts.fingerprint_sha256);
    if old_again {
        found.push(CertificateWarning::OldAgain);
    }
    if context.installed.contains(&facts.fingerprint_sha256) {
        found.push(CertificateWarning::AlreadyInstalled);
    }
    if let Some(old) = context.replaces.filter(|old| old.fingerprint_sha256 != facts.fingerprint_sha256) {
        if old.spki_sha256 == facts.spki_sha256 {
            found.push(CertificateWarning::SameKey);
        }
        let swapped = context.other_environment.is_some_and(|other| {
            other.fingerprint_sha256 == facts.fingerprint_sha256
                || other.spki_sha256 == facts.spki_sha256
                || (other.subject == facts.subject && old.subject != facts.subject)
        });
        if swapped {
            found.push(CertificateWarning::OtherEnvironment);
        } else if old.subject != facts.subject {
            found.push(CertificateWarning::OtherSubject);
        }
        if facts.not_before <= old.not_before && !old_again {
            found.push(CertificateWarning::NotNewer);
        }
    }
    if facts.self_signed && !context.confirmed {
        found.push(CertificateWarning::Unconfirmed);
    }
    found
}

impl CertificateWarning {
    /// The warning as a sentence about a certificate of our own.
    #[must_use]
    pub const fn sentence_about_ours(self) -> &'static str {
        match self {
            Self::Ca => "Its certificate is a certification authority's, which partners may refuse",
            Self::TlsServer => "Its certificate is made for a TLS server, which partners may refuse",
            Self::Expired => "Its certificate has ended",
            Self::NotYetValid => "Its certificate is not valid yet",
            Self::Sha1 => "Its certificate is signed with SHA-1 or MD5, which partners refuse by now",
            Self::ShortKey => "Its key is too short: partners refuse it, and it can be broken",
            other => other.sentence(),
        }
    }

    /// The warning as a sentence for the person who looks at the certificate.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Own => "This is our own certificate, not the partner's",
            Self::Ca => "This is a certification authority's certificate; the partner's own is usually beside it",
            Self::TlsServer => "This looks like the certificate of a web server (TLS), not of AS2",
            Self::AlreadyInstalled => {
                "This certificate is installed already; perhaps the old file was downloaded again"
            }
            Self::Expired => "This certificate has ended",
            Self::NotYetValid => "This certificate is not valid yet",
            Self::Sha1 => "This certificate is signed with SHA-1 or weaker",
            Self::ShortKey => "Its key is shorter than RSA 2048 or P-256",
            Self::SameKey => "It has the same key as the certificate it replaces",
            Self::OtherSubject => "It names another subject than the certificate it replaces",
            Self::NotNewer => "It does not begin later than the certificate it replaces; perhaps it is an old one",
            Self::OldAgain => "It was used here before and was replaced; perhaps the old file was downloaded again",
            Self::OtherEnvironment => {
                "It is the certificate of this connection's other profile: test and production seem to be swapped"
            }
            Self::ShortForPolicy => "Its key is shorter than the partner's policy wants",
            Self::LongForPolicy => "Its key is longer than the partner's policy allows",
            Self::Unconfirmed => {
                "It is self-signed: confirm its SHA-256 fingerprint with the partner, for example by telephone"
            }
            Self::Gap => {
                "It goes active only after the certificate it replaces has ended: messages in between may fail"
            }
            Self::Soon => "It goes active in less than a day; make sure that the partner switches at the same time",
            Self::UnsupportedKey => "Its key is of a kind that AS2 does not use",
            Self::Several => "The file holds several certificates that do not belong together; say which one is meant",
            Self::ScheduleCancelled => "The activation that was scheduled for another certificate is cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_signed_one_that_calls_itself_a_ca_is_used_as_it_is() {
        let mut facts = crate::domain::fixtures::facts(1, 0, 400);
        facts.ca = true;
        let told = |facts: &CertificateFacts| warnings(facts, facts.not_before).contains(&CertificateWarning::Ca);
        assert!(!told(&facts), "as OpenSSL makes them");
        facts.key_usage.push("key-cert-sign".to_owned());
        assert!(told(&facts));
        (facts.key_usage, facts.self_signed) = (Vec::new(), false);
        assert!(told(&facts));
    }

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
