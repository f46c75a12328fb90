//! The names of things: connections, profiles, AS2 identifiers, addresses.

use std::fmt;
use std::str::FromStr;

use super::spelling::spelled;

/// Why a name or an address was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Nothing was given.
    #[error("{what} is empty")]
    Empty {
        /// What was to be named.
        what: &'static str,
    },
    /// Too many characters.
    #[error("{what} has {length} characters, at most {most} are allowed")]
    TooLong {
        /// What was to be named.
        what: &'static str,
        /// Its length in characters.
        length: usize,
        /// The limit in characters.
        most: usize,
    },
    /// A character that may not stand there.
    #[error("{what} holds {character} at position {position}, allowed is {allowed}")]
    Character {
        /// What was to be named.
        what: &'static str,
        /// The character, written so that it can be seen.
        character: String,
        /// Its position, from 1.
        position: usize,
        /// What would have been allowed.
        allowed: &'static str,
    },
    /// An address that cannot be posted to.
    #[error("`{given}` is not an address to send to: {reason}")]
    Address {
        /// What was given, cut to 200 characters.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl IdentifierError {
    /// What was to be named, where it has a name.
    #[must_use]
    pub const fn what(&self) -> Option<&'static str> {
        match self {
            Self::Empty { what } | Self::TooLong { what, .. } | Self::Character { what, .. } => Some(what),
            Self::Address { .. } => None,
        }
    }
}

/// Writes a character so that it can be seen in a message: `` `x` ``, or its code point where it is invisible.
fn visible(character: char) -> String {
    if character.is_ascii_graphic() { format!("`{character}`") } else { format!("U+{:04X}", u32::from(character)) }
}

macro_rules! text_newtype {
    ($name:ident) => {
        impl $name {
            /// The bare text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdentifierError;

            fn try_from(text: String) -> Result<Self, IdentifierError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

/// Name of a connection, unique in the workspace: 1 to 64 of `[a-z0-9-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionId(String);

text_newtype!(ConnectionId);

impl FromStr for ConnectionId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        slug("the connection's id", text).map(Self)
    }
}

/// Name of a policy: 1 to 64 of `[a-z0-9-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyId(String);

text_newtype!(PolicyId);

impl FromStr for PolicyId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        slug("the policy's id", text).map(Self)
    }
}

impl Default for PolicyId {
    /// `as2-modern`, the policy of a connection that names none.
    fn default() -> Self {
        Self("as2-modern".to_owned())
    }
}

fn slug(what: &'static str, text: &str) -> Result<String, IdentifierError> {
    const ALLOWED: &str = "a to z, 0 to 9 and the hyphen";
    bounded(what, text, 64)?;
    for (index, character) in text.chars().enumerate() {
        if !(character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-') {
            return Err(IdentifierError::Character {
                what,
                character: visible(character),
                position: index + 1,
                allowed: ALLOWED,
            });
        }
    }
    Ok(text.to_owned())
}

fn bounded(what: &'static str, text: &str, most: usize) -> Result<(), IdentifierError> {
    let length = text.chars().count();
    if length == 0 {
        return Err(IdentifierError::Empty { what });
    }
    if length > most {
        return Err(IdentifierError::TooLong { what, length, most });
    }
    Ok(())
}

/// An AS2 identifier: 1 to 128 printable ASCII characters, case-sensitive, stored bare (RFC 4130 section 6.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct As2Id(String);

text_newtype!(As2Id);

impl FromStr for As2Id {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        const WHAT: &str = "the AS2 identifier";
        bounded(WHAT, text, 128)?;
        for (index, character) in text.chars().enumerate() {
            if !(character == ' ' || character.is_ascii_graphic()) {
                return Err(IdentifierError::Character {
                    what: WHAT,
                    character: visible(character),
                    position: index + 1,
                    allowed: "printable ASCII",
                });
            }
        }
        if text.trim() != text {
            let position = if text.starts_with(' ') { 1 } else { text.len() };
            return Err(IdentifierError::Character {
                what: WHAT,
                character: visible(' '),
                position,
                allowed: "a space only between other characters",
            });
        }
        Ok(Self(text.to_owned()))
    }
}

/// Name of an identity in the workspace: 1 to 64 of letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentityName(String);

text_newtype!(IdentityName);

impl FromStr for IdentityName {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        const WHAT: &str = "the identity's name";
        bounded(WHAT, text, 64)?;
        for (index, character) in text.chars().enumerate() {
            if !(character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-')) {
                return Err(IdentifierError::Character {
                    what: WHAT,
                    character: visible(character),
                    position: index + 1,
                    allowed: "letters, digits, `.`, `_` and `-`",
                });
            }
        }
        Ok(Self(text.to_owned()))
    }
}

/// An absolute http or https address with a host, at most 2,048 characters.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

text_newtype!(Address);

impl Address {
    fn url(&self) -> Option<url::Url> {
        url::Url::parse(&self.0).ok()
    }

    /// Whether the address is https.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
    }

    /// The host as it is written, with brackets around an IPv6 address.
    fn written_host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_scheme, rest)| rest);
        let authority = rest.split(['/', '\\', '?']).next().unwrap_or_default();
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        }
    }

    /// Whether it names this very machine: `localhost`, 127.0.0.0/8 or `[::1]`. Asked for every profile, so the two usual
    /// forms of a host are told without taking the address apart.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.written_host();
        if let Ok(address) = host.parse::<std::net::Ipv4Addr>() {
            return address.is_loopback();
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        if host.starts_with(|first: char| first.is_ascii_lowercase()) && host.bytes().all(plain) {
            return host == "localhost" || host.ends_with(".localhost");
        }
        match self.url().as_ref().and_then(url::Url::host) {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Host name or address, without the port.
    #[must_use]
    pub fn host(&self) -> String {
        self.url().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Port, the scheme's own where none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url().and_then(|url| url.port_or_known_default()).unwrap_or_default()
    }
}

/// An address as it may be told to others: without user, password, query and fragment, which may be secret. That there was
/// a query is shown.
#[must_use]
pub fn without_secrets(address: &str) -> String {
    if !address.contains(['?', '#', '@']) {
        return address.to_owned();
    }
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let gap = if scheme.is_empty() { "" } else { "://" };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let mark = if rest.get(end..).is_some_and(|query| query.starts_with('?')) { "?…" } else { "" };
    let rest = rest.get(..end).unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}{gap}{host}{path}{mark}")
}

impl FromStr for Address {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        const WHAT: &str = "the address";
        let wrong = |reason: &str| IdentifierError::Address {
            given: text.chars().take(200).collect(),
            reason: reason.to_owned(),
        };
        bounded(WHAT, text, 2048)?;
        if text.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return Err(wrong("it holds a space or a control character"));
        }
        let lower = text.to_ascii_lowercase();
        if !lower.starts_with("http://") && !lower.starts_with("https://") {
            return Err(wrong("it must begin with http:// or https://"));
        }
        let url = url::Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("it names no host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it holds a user name; use `http_user` and `http_password`"));
        }
        if url.fragment().is_some() {
            return Err(wrong("it holds a `#`"));
        }
        Ok(Self(text.to_owned()))
    }
}

spelled! {
    /// Which of a connection's two profiles.
    pub enum ProfileKind {
        /// Real documents.
        Production = "production",
        /// The partner's test system.
        Test = "test",
    }
}

impl ProfileKind {
    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::Test => "Test",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_as2_identifier_is_printable_ascii() {
        for good in ["ACMEVC", "My Partner", "a\"b\\c", "#!/<>,[]", "x"] {
            assert_eq!(good.parse::<As2Id>().map(String::from), Ok(good.to_owned()));
        }
        for bad in ["", " a", "a ", "a\tb", "a\u{7}b", "\u{e4}", &"x".repeat(129)] {
            assert!(bad.parse::<As2Id>().is_err(), "{bad:?}");
        }
        let error = "AB\u{7}C".parse::<As2Id>().unwrap_err().to_string();
        assert_eq!(error, "the AS2 identifier holds U+0007 at position 3, allowed is printable ASCII");
    }

    #[test]
    fn an_address_is_http_with_a_host() {
        for good in ["http://127.0.0.1:10080/as2", "https://as2.example", "HTTP://a/?x=y"] {
            assert!(good.parse::<Address>().is_ok(), "{good}");
        }
        for bad in ["as2.example/as2", "ftp://a", "http://", "http://a b", "http://u:p@a/", "", "http://a/#b"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
        assert!("https://as2.example".parse::<Address>().unwrap().is_tls());
        assert!("http://[::1]:80/".parse::<Address>().unwrap().is_loopback());
        for here in [
            "http://127.0.0.1:10080/as2",
            "http://127.1/",
            "http://0x7f.0.0.1",
            "http://2130706433/",
            "http://localhost?x=a:1",
            "http://as2.localhost:80",
            "http://LOCALHOST/",
            "http://%6cocalhost/",
        ] {
            assert!(here.parse::<Address>().unwrap().is_loopback(), "{here}");
        }
        for elsewhere in [
            "http://10.0.0.1/",
            "http://localhost.example/",
            "http://a.example/localhost",
            "http://a.example?127.0.0.1:80",
            "http://notlocalhost/",
            "http://[::2]/",
        ] {
            assert!(!elsewhere.parse::<Address>().unwrap().is_loopback(), "{elsewhere}");
        }
        assert_eq!("https://as2.example".parse::<Address>().unwrap().port(), 443);
    }

    #[test]
    fn what_may_be_secret_in_an_address_is_left_out() {
        assert_eq!(
            without_secrets("https://user:pw@as2.example:4080/in/x@y?token=1#a"),
            "https://as2.example:4080/in/x@y?…"
        );
        assert_eq!(without_secrets("https://as2.example?token=a/b@c"), "https://as2.example?…");
        assert_eq!(without_secrets("http://as2.example"), "http://as2.example");
        assert_eq!(without_secrets("as2.example/in#a?b"), "as2.example/in");
    }
}
