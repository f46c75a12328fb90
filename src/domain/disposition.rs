//! The disposition of a receipt: `automatic-action/MDN-sent-automatically; processed/error: decryption-failed`.
//!
//! RFC 4130 section 7.4.3 has the grammar. It is read leniently, because the field is: any case, spaces or none, text
//! with commas behind it, modifiers that no standard knows.

use std::fmt;

/// Whether the message was processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// None: processed without reservation.
    None,
    /// `error: …`
    Error(String),
    /// `failure: …`
    Failure(String),
    /// `warning: …`
    Warning(String),
}

/// A disposition as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// The text before the semicolon.
    pub mode: String,
    /// `processed`, `failed`, or another type, in lower case; empty where none was given.
    pub kind: String,
    /// What follows the slash.
    pub modifier: Modifier,
}

/// The mode that an AS2 program writes.
const AUTOMATIC: &str = "automatic-action/MDN-sent-automatically";

impl Disposition {
    /// `processed` without reservation.
    #[must_use]
    pub fn processed() -> Self {
        Self { mode: AUTOMATIC.to_owned(), kind: "processed".to_owned(), modifier: Modifier::None }
    }

    /// `processed/error: …`
    #[must_use]
    pub fn error(text: impl Into<String>) -> Self {
        Self { modifier: Modifier::Error(text.into()), ..Self::processed() }
    }

    /// `processed/warning: …`
    #[must_use]
    pub fn warning(text: impl Into<String>) -> Self {
        Self { modifier: Modifier::Warning(text.into()), ..Self::processed() }
    }

    /// `failed/Failure: …`
    #[must_use]
    pub fn failure(text: impl Into<String>) -> Self {
        Self { kind: "failed".to_owned(), modifier: Modifier::Failure(text.into()), ..Self::processed() }
    }

    /// Reads the value of a `Disposition` field. Never fails: what cannot be understood becomes an error with the text
    /// as its modifier, so that it can never be taken for success.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        let (mode, rest) = value.split_once(';').unwrap_or(("", value));
        let rest = rest.trim();
        // libas2 writes `failed/failure=Could not verify signature`.
        let is_word = |head: &str| {
            let word = head.rsplit('/').next().unwrap_or_default().trim();
            ["error", "failure", "warning"].iter().any(|known| word.eq_ignore_ascii_case(known))
        };
        let equated = rest.split_once('=').filter(|(head, _)| is_word(head));
        let (head, text) = match equated.or_else(|| rest.split_once(':')) {
            Some((head, text)) => (head.trim(), Some(text.trim())),
            None => (rest, None),
        };
        let (kind, word) = match head.split_once('/') {
            Some((kind, word)) => (kind.trim().to_ascii_lowercase(), Some(word.trim().to_ascii_lowercase())),
            // `error: x` without a type is seen in the field.
            None if text.is_some() => (String::new(), Some(head.to_ascii_lowercase())),
            None => (head.to_ascii_lowercase(), None),
        };
        let said = text.unwrap_or_default().to_owned();
        let modifier = match (kind.as_str(), word.as_deref()) {
            (_, Some("warning")) => Modifier::Warning(said),
            (_, Some("failure")) => Modifier::Failure(said),
            (_, Some("error")) => Modifier::Error(said),
            // RFC 3798 allows any other modifier; without text it stands for itself.
            (_, Some(other)) if text.is_none() => Modifier::Error(other.to_owned()),
            (_, Some(other)) => Modifier::Error(format!("{other}: {said}").trim_end().to_owned()),
            ("failed", None) => Modifier::Failure(String::new()),
            _ => Modifier::None,
        };
        Self { mode: mode.trim().to_owned(), kind, modifier }
    }

    /// Whether the partner has the document: processed without reservation or with a warning only.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.kind == "processed" && matches!(self.modifier, Modifier::None | Modifier::Warning(_))
    }

    /// Whether it is a refusal, not merely something other than `processed`.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self.modifier, Modifier::Error(_) | Modifier::Failure(_))
            || matches!(self.kind.as_str(), "failed" | "denied" | "deleted")
    }

    /// The text of the modifier in lower case with hyphens for spaces, up to the first comma, for looking it up.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        let text = match &self.modifier {
            Modifier::None => return None,
            Modifier::Error(text) | Modifier::Failure(text) | Modifier::Warning(text) => text,
        };
        let head = text.split(',').next().unwrap_or_default().trim().to_ascii_lowercase();
        Some(head.split_whitespace().collect::<Vec<_>>().join("-"))
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, text) = match &self.modifier {
            Modifier::None => ("", ""),
            // `failed` by itself is a failure.
            Modifier::Failure(text) if text.is_empty() && self.kind == "failed" => ("", ""),
            Modifier::Error(text) => ("/error", text.as_str()),
            Modifier::Failure(text) => ("/failure", text.as_str()),
            Modifier::Warning(text) => ("/warning", text.as_str()),
        };
        // A semicolon in what follows must not be taken for the one behind the mode when it is read again.
        if !self.mode.is_empty() || self.kind.contains(';') || text.contains(';') {
            write!(f, "{}; ", self.mode)?;
        }
        let colon = if text.is_empty() { "" } else { ": " };
        write!(f, "{}{word}{colon}{text}", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_written_in_the_field() {
        for (value, positive, key) in [
            ("automatic-action/MDN-sent-automatically; processed", true, None),
            ("automatic-action/MDN-sent-automatically;processed", true, None),
            (
                "Automatic-Action/mdn-sent-automatically; Processed/Warning:duplicate-document",
                true,
                Some("duplicate-document"),
            ),
            (
                "automatic-action/MDN-sent-automatically; processed/error: decryption-failed",
                false,
                Some("decryption-failed"),
            ),
            (
                "automatic-action/MDN-sent-automatically; processed/Error : Authentication-Failed, sorry",
                false,
                Some("authentication-failed"),
            ),
            (
                "automatic-action/MDN-sent-automatically; failed/Failure: unsupported format",
                false,
                Some("unsupported-format"),
            ),
            ("automatic-action/MDN-sent-automatically; error: x", false, Some("x")),
            ("automatic-action/MDN-sent-automatically; failed", false, Some("")),
            (
                "automatic-action/MDN-sent-automatically; failed/failure=Could not verify: signature",
                false,
                Some("could-not-verify:-signature"),
            ),
            ("processed/error: a=b", false, Some("a=b")),
            ("manual-action/MDN-sent-manually; displayed", false, None),
            ("nonsense", false, None),
            ("", false, None),
        ] {
            let read = Disposition::parse(value);
            assert_eq!(read.is_positive(), positive, "{value}: {read:?}");
            assert_eq!(read.key().as_deref(), key, "{value}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for disposition in [
            Disposition::processed(),
            Disposition::error("decryption-failed"),
            Disposition::failure("unsupported format"),
            Disposition::parse("automatic; failed"),
            Disposition::parse("automatic; processed/error"),
            Disposition::parse("automatic; failed/failure=Could not verify signature"),
            Disposition::parse("; denied; processed"),
            Disposition::parse("automatic; processed/superseded:"),
            Disposition::parse("; processed/error: a; b"),
        ] {
            assert_eq!(Disposition::parse(&disposition.to_string()), disposition);
        }
        // Nothing is added that nobody said.
        for written in ["automatic; failed", "automatic; processed/error", "automatic; processed/warning: x"] {
            assert_eq!(Disposition::parse(written).to_string(), written);
        }
    }
}
