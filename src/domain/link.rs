//! Links that lead into the window, such as `countersign://connection/amazon-us`.

use std::fmt;
use std::str::FromStr;

use super::identifier::ConnectionId;
use super::rollover::RolloverId;
use super::transmission::TransmissionId;

/// What a link begins with, before `:`.
pub const SCHEME: &str = "countersign";

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// To a connection.
    Connection(ConnectionId),
    /// To a transmission.
    Transmission(TransmissionId),
    /// To the board of a rollover.
    Rollover(RolloverId),
}

/// A text that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It is no link of ours.
    #[error("`{given}` is not a link of Countersign")]
    NotOurs {
        /// What was given, cut to 60 characters.
        given: String,
    },
    /// It leads to something that there are no links to.
    #[error("`{given}` leads to nothing that Countersign knows")]
    Elsewhere {
        /// What was given, cut to 60 characters.
        given: String,
    },
    /// What it names cannot be a name.
    #[error("{0}")]
    Name(String),
}

impl LinkError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        "a link is such as countersign://connection/amazon-us; look whether all of it was copied"
    }
}

/// Whether a text wants to be a link, right or wrong.
#[must_use]
pub fn is_link(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let given = || text.chars().take(60).collect();
        let path = text
            .trim()
            .split_once("://")
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
            .map(|(_, path)| path)
            .ok_or_else(|| LinkError::NotOurs { given: given() })?;
        // Whoever passes a link on may have closed its path.
        let path = path.strip_suffix('/').unwrap_or(path);
        let (kind, name) = path.split_once('/').unwrap_or((path, ""));
        let wrong = |error: &dyn fmt::Display| LinkError::Name(error.to_string());
        // The part before the path is lower-cased by some.
        match kind.to_ascii_lowercase().as_str() {
            "connection" => name.parse().map(Self::Connection).map_err(|error: _| wrong(&error)),
            "rollover" => name.parse().map(Self::Rollover).map_err(|error: _| wrong(&error)),
            "transmission" => name.parse().map(Self::Transmission).map_err(|_not_a_uuid: uuid::Error| {
                let name: String = name.chars().take(60).collect();
                LinkError::Name(format!("`{name}` is not the id of a transmission"))
            }),
            _ => Err(LinkError::Elsewhere { given: given() }),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(id) => write!(f, "{SCHEME}://connection/{id}"),
            Self::Transmission(id) => write!(f, "{SCHEME}://transmission/{id}"),
            Self::Rollover(id) => write!(f, "{SCHEME}://rollover/{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Link, LinkError> {
        text.parse()
    }

    #[test]
    fn a_link_is_read_as_it_is_written() {
        for text in [
            "countersign://connection/amazon-us",
            "countersign://transmission/019ab3f0-0000-7000-8000-000000000001",
            "countersign://rollover/3",
        ] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
        let amazon = Link::Connection("amazon-us".parse().unwrap());
        // As programs that pass it on may leave it.
        assert_eq!(read("COUNTERSIGN://Connection/amazon-us/ "), Ok(amazon));
    }

    #[test]
    fn whatever_else_there_is_leads_nowhere_and_says_why() {
        let why = |text: &str| read(text).unwrap_err().to_string();
        for wrong in ["", "amazon-us", "https://connection/amazon-us", "countersign:connection/amazon-us"] {
            assert!(why(wrong).ends_with("is not a link of Countersign"), "{wrong}");
        }
        for wrong in ["countersign://", "countersign://policy/x", "countersign://connections/amazon-us"] {
            assert!(why(wrong).ends_with("leads to nothing that Countersign knows"), "{wrong}");
        }
        for wrong in [
            "countersign://connection/",
            "countersign://connection/Amazon US",
            "countersign://connection/../../etc/passwd",
            "countersign://connection/a?b=c",
            "countersign://transmission/1",
            "countersign://rollover/0",
        ] {
            assert!(matches!(read(wrong), Err(LinkError::Name(_))), "{wrong}");
        }
        assert!(why(&format!("countersign://{}", "x".repeat(100_000))).len() < 200);
        assert!(why(&format!("countersign://transmission/{}", "x".repeat(100_000))).len() < 200);
        assert!(is_link("Countersign:what") && !is_link("countersign") && !is_link("c:/countersign:x"));
    }
}
