//! How a certificate's fingerprint is compared with what the partner says: typed or pasted in whatever form it was sent,
//! or read by eye.

use std::fmt;
use std::str::FromStr;

use super::certificate::{CertificateFacts, Fingerprint, hex};

/// A fingerprint as a partner states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatedFingerprint {
    /// SHA-256 over the certificate.
    Sha256(Fingerprint),
    /// SHA-1, which older programs show. Weaker: two certificates of one SHA-1 fingerprint can be made on purpose.
    Sha1([u8; 20]),
}

/// A text that is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 64 hex digits (SHA-256) or 40 (SHA-1), this has {digits}")]
pub struct StatedFingerprintError {
    /// How many hex digits were given.
    pub digits: usize,
}

impl FromStr for StatedFingerprint {
    type Err = StatedFingerprintError;

    /// Reads hex digits in any case, with colons, spaces, hyphens or line ends between them, and what people copy with
    /// them: `SHA-256 Fingerprint=…`, `sha256: …`.
    fn from_str(text: &str) -> Result<Self, StatedFingerprintError> {
        let bare = text.rsplit(['=', '\t']).next().unwrap_or_default().trim();
        let bare = without_name(bare);
        if let Ok(fingerprint) = bare.parse::<Fingerprint>() {
            return Ok(Self::Sha256(fingerprint));
        }
        let separator = |character: char| matches!(character, ':' | '-') || character.is_whitespace();
        let digits: Vec<char> = bare.chars().filter(|character| !separator(*character)).collect();
        let nibbles: Option<Vec<u8>> =
            digits.iter().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        let bytes: Vec<u8> = nibbles
            .filter(|nibbles| nibbles.len() == 40)
            .unwrap_or_default()
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect();
        <[u8; 20]>::try_from(bytes).map(Self::Sha1).map_err(|_other_length| StatedFingerprintError {
            digits: digits.iter().filter(|digit| digit.is_ascii_hexdigit()).count(),
        })
    }
}

/// Without the name of the digest in front, which ends with hex digits itself.
fn without_name(text: &str) -> &str {
    for name in ["sha-256", "sha256", "sha-1", "sha1"] {
        if let Some(head) = text.get(..name.len())
            && head.eq_ignore_ascii_case(name)
        {
            let rest = text[name.len()..].trim_start();
            let rest =
                rest.get(..11).filter(|word| word.eq_ignore_ascii_case("fingerprint")).map_or(rest, |_| &rest[11..]);
            return rest.trim_start_matches([':', ' ']);
        }
    }
    text
}

impl fmt::Display for StatedFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(fingerprint) => fingerprint.fmt(f),
            Self::Sha1(bytes) => {
                let groups: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
                f.write_str(&groups.join(":"))
            }
        }
    }
}

impl StatedFingerprint {
    /// Whether it is that of a certificate.
    #[must_use]
    pub fn is_of(&self, facts: &CertificateFacts) -> bool {
        match self {
            Self::Sha256(fingerprint) => *fingerprint == facts.fingerprint_sha256,
            Self::Sha1(bytes) => hex(bytes) == facts.fingerprint_sha1,
        }
    }

    /// Whether it proves less than it should.
    #[must_use]
    pub const fn is_weak(&self) -> bool {
        matches!(self, Self::Sha1(_))
    }
}

/// How somebody compared a certificate with what the partner says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Read from the screen or read aloud, and found to be the same.
    ByEye(Fingerprint),
    /// Typed or pasted, and compared by the program.
    Stated(StatedFingerprint),
}

impl Comparison {
    /// Whether what was compared is this certificate.
    #[must_use]
    pub fn is_of(&self, facts: &CertificateFacts) -> bool {
        match self {
            Self::ByEye(fingerprint) => *fingerprint == facts.fingerprint_sha256,
            Self::Stated(stated) => stated.is_of(facts),
        }
    }

    /// How it was compared, as it is kept and shown.
    #[must_use]
    pub const fn how(&self) -> &'static str {
        match self {
            Self::ByEye(_) => "compared by eye",
            Self::Stated(StatedFingerprint::Sha256(_)) => "SHA-256 fingerprint typed or pasted",
            Self::Stated(StatedFingerprint::Sha1(_)) => "SHA-1 fingerprint typed or pasted, which is weaker",
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByEye(fingerprint) => fingerprint.fmt(f),
            Self::Stated(stated) => stated.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_partners_send_it() {
        let sha256 = Fingerprint(std::array::from_fn(|index| u8::try_from(index * 11 % 256).unwrap()));
        let sha1: [u8; 20] = std::array::from_fn(|index| u8::try_from(index * 13 % 256).unwrap());
        let groups = hex(&sha1).to_uppercase();
        for (text, expected) in [
            (sha256.to_hex(), StatedFingerprint::Sha256(sha256)),
            (format!("SHA256 Fingerprint={sha256}"), StatedFingerprint::Sha256(sha256)),
            (format!("sha-256: {}", sha256.to_string().replace(':', " ")), StatedFingerprint::Sha256(sha256)),
            (format!("SHA-1 fingerprint: {groups}\n"), StatedFingerprint::Sha1(sha1)),
            (StatedFingerprint::Sha1(sha1).to_string(), StatedFingerprint::Sha1(sha1)),
            (format!("{} {}", &groups[..20], &groups[20..]), StatedFingerprint::Sha1(sha1)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert_eq!("ab:cd".parse::<StatedFingerprint>(), Err(StatedFingerprintError { digits: 4 }));
        for text in ["", "zz", &groups[1..], &format!("{groups}00"), "SHA-1"] {
            assert!(text.parse::<StatedFingerprint>().is_err(), "{text}");
        }
    }
}
