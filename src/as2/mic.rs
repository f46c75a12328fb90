//! Message integrity checks: the table of RFC 4130 section 7.3.1 and RFC 5402 section 4, and their comparison.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::domain::algorithm::{Digest, MicalgStyle};

/// A message integrity check: a digest's value and its algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mic {
    /// The algorithm.
    pub digest: Digest,
    /// The value.
    pub value: Vec<u8>,
}

impl Mic {
    /// The value in base64.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.value)
    }

    /// As it stands in `Received-Content-MIC`.
    #[must_use]
    pub fn field(&self, style: MicalgStyle) -> String {
        format!("{}, {}", self.base64(), self.digest.micalg(style))
    }
}

/// A `Received-Content-MIC` as a partner wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMic {
    /// The value, as written, without white space.
    pub value: String,
    /// The algorithm's name, as written; empty where it is missing.
    pub algorithm: String,
    /// The digest that the name stands for.
    pub digest: Option<Digest>,
}

impl ReceivedMic {
    /// Reads the field: with or without a space after the comma, wrapped, with spaces inside the base64.
    #[must_use]
    pub fn parse(field: &str) -> Option<Self> {
        let (value, algorithm) = field.rsplit_once(',').unwrap_or((field, ""));
        let value: String = value.chars().filter(|character| !character.is_whitespace()).collect();
        if value.is_empty() {
            return None;
        }
        let algorithm = algorithm.trim().trim_matches('"').to_owned();
        let digest = Digest::from_micalg(&algorithm).or_else(|| by_length(&value));
        Some(Self { value, algorithm, digest })
    }

    /// Whether it is this check: value and algorithm, the one as bytes, the other by meaning.
    #[must_use]
    pub fn matches(&self, mic: &Mic) -> bool {
        self.digest == Some(mic.digest) && self.is_value(&mic.value)
    }

    /// Whether its value is this one, whatever the algorithm is called.
    pub(super) fn is_value(&self, value: &[u8]) -> bool {
        STANDARD
            .decode(&self.value)
            .or_else(|_no_padding| {
                base64::engine::general_purpose::STANDARD_NO_PAD.decode(self.value.trim_end_matches('='))
            })
            .is_ok_and(|found| found == value)
    }

    /// The digest that gives values of this length.
    pub(super) fn digest_by_length(&self) -> Option<Digest> {
        by_length(&self.value)
    }
}

/// A MIC without a name is told by its length.
fn by_length(value: &str) -> Option<Digest> {
    match value.trim_end_matches('=').len() {
        27 => Some(Digest::Sha1),
        43 => Some(Digest::Sha256),
        64 => Some(Digest::Sha384),
        86 => Some(Digest::Sha512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_received_mic_is_compared_by_meaning() {
        let mic = Mic { digest: Digest::Sha1, value: vec![0xfb; 20] };
        let base64 = mic.base64();
        for field in [
            format!("{base64}, sha1"),
            format!("{base64},sha1"),
            format!("{base64}, SHA-1"),
            format!(" {} {} , \"RSA-SHA1\"", &base64[..9], &base64[9..]),
            base64.clone(),
        ] {
            assert!(ReceivedMic::parse(&field).unwrap().matches(&mic), "{field}");
        }
        assert!(!ReceivedMic::parse(&format!("{base64}, sha256")).unwrap().matches(&mic));
        assert!(!ReceivedMic::parse("AAAA, sha1").unwrap().matches(&mic));
        assert_eq!(ReceivedMic::parse(" , sha1"), None);
    }
}
