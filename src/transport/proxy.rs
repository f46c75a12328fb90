//! Which proxy requests go through: the system's, none, or one that is named. Never for this very machine.

use std::fmt::Write as _;

use hyper_util::client::proxy::matcher::Matcher;

use super::client::BasicAuth;

/// Which proxy requests go through.
#[derive(Clone, Debug, Default)]
pub enum ProxyChoice {
    /// What the system says: its settings, else the variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    #[default]
    System,
    /// None.
    Direct,
    /// This one, for every address.
    Named(NamedProxy),
}

/// A proxy that is spoken to by HTTP.
#[derive(Clone, Debug)]
pub struct NamedProxy {
    /// Its host; an address of IPv6 in brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User and password, where it wants them.
    pub auth: Option<BasicAuth>,
}

impl ProxyChoice {
    /// Which proxy is for which address, as of now.
    pub(super) fn matcher(&self) -> Matcher {
        match self {
            Self::System => Matcher::from_system(),
            Self::Direct => Matcher::builder().build(),
            Self::Named(proxy) => Matcher::builder().all(proxy.address()).build(),
        }
    }
}

impl NamedProxy {
    fn address(&self) -> String {
        let mut address = "http://".to_owned();
        if let Some(auth) = &self.auth {
            encode(&auth.user, &mut address);
            address.push(':');
            encode(&auth.password, &mut address);
            address.push('@');
        }
        // Writing to a String does not fail.
        write!(address, "{}:{}", self.host, self.port).unwrap_or_default();
        address
    }
}

/// Percent-encodes all but what is unreserved (RFC 3986 section 2.3).
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            write!(into, "%{byte:02X}").unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(choice: &ProxyChoice) -> Option<(String, Option<String>)> {
        let found = choice.matcher().intercept(&"https://partner.example/as2".parse().unwrap())?;
        let auth = found.basic_auth().map(|auth| auth.to_str().unwrap().to_owned());
        Some((found.uri().to_string(), auth))
    }

    #[test]
    fn one_that_is_named_is_for_every_address_with_user_and_password_whatever_is_in_them() {
        assert_eq!(found(&ProxyChoice::Direct), None);
        let mut proxy = NamedProxy { host: "proxy.example".to_owned(), port: 3128, auth: None };
        assert_eq!(found(&ProxyChoice::Named(proxy.clone())), Some(("http://proxy.example:3128/".to_owned(), None)));
        proxy.auth = Some(BasicAuth { user: "EXAMPLE\\anna".to_owned(), password: "p@ss:w/ö%".to_owned().into() });
        let (address, auth) = found(&ProxyChoice::Named(proxy)).unwrap();
        use base64::Engine as _;
        let expected = base64::engine::general_purpose::STANDARD.encode("EXAMPLE\\anna:p@ss:w/ö%");
        assert_eq!((address.as_str(), auth.unwrap()), ("http://proxy.example:3128/", format!("Basic {expected}")));
        let six = NamedProxy { host: "[2001:db8::1]".to_owned(), port: 80, auth: None };
        assert_eq!(found(&ProxyChoice::Named(six)).unwrap().0, "http://[2001:db8::1]:80/");
    }
}
