//! What nobody else may see, and texts without it. Words that others wrote may repeat anything: whatever is known to be a
//! secret is looked for in them, and what looks like one goes too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::domain::connection::Connection;
use crate::domain::transmission::Headers;

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// What stands in the place of another connection's name.
const OTHER: &str = "another partner";

/// Shorter ones would be found in every other word, and their places would tell them.
const SHORTEST_SECRET: usize = 6;

/// Names of others that are shorter are words.
const SHORTEST_NAME: usize = 4;

/// A header whose name holds one of these carries what lets somebody in.
const SECRET_HEADERS: [&str; 9] =
    ["auth", "cookie", "token", "secret", "passw", "key", "credential", "session", "signature"];

/// Headers whose value may be a path with a query, without a scheme before it.
const PLACES: [&str; 4] = ["location", "content-location", "referer", "refresh"];

/// What is hidden.
#[derive(Default)]
pub(super) struct Hidden {
    secrets: Vec<Zeroizing<String>>,
    others: Vec<String>,
}

impl Hidden {
    /// The query of an address: it may let somebody in.
    pub(super) fn hide_query(&mut self, address: &str) {
        let Some((_, query)) = address.split_once('?') else { return };
        self.hide(query);
        for pair in query.split(['&', ';']) {
            let value = pair.split_once('=').map_or(pair, |(_, value)| value);
            self.hide(value);
            self.hide(&url::form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value).collect::<String>());
        }
    }

    /// A password, also as HTTP carries it.
    pub(super) fn hide_password(&mut self, password: &str, users: &[&str]) {
        self.hide(password);
        self.hide(&STANDARD.encode(password));
        for user in users {
            self.hide(&STANDARD.encode(Zeroizing::new(format!("{user}:{password}")).as_bytes()));
        }
    }

    /// The names of all connections but one, unless they are part of its own.
    pub(super) fn hide_others(&mut self, own: Option<&Connection>, all: &[Connection]) {
        let mut ours = Vec::new();
        if let Some(own) = own {
            ours.extend([own.name.clone(), own.id.to_string()]);
            for (_, profile) in own.profiles() {
                ours.extend([profile.our_as2_id.as_str().to_owned(), profile.partner_as2_id.as_str().to_owned()]);
            }
        }
        for other in all.iter().filter(|other| own.is_none_or(|own| own.id != other.id)) {
            let name = other.name.trim();
            if name.chars().count() >= SHORTEST_NAME && !ours.iter().any(|ours| ours.contains(name)) {
                self.others.push(name.to_owned());
            }
        }
        // One may be part of another.
        self.others.sort_by_key(|name| std::cmp::Reverse(name.len()));
    }

    fn hide(&mut self, secret: &str) {
        if secret.len() >= SHORTEST_SECRET && !self.secrets.iter().any(|known| known.as_str() == secret) {
            self.secrets.push(Zeroizing::new(secret.to_owned()));
            self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// Whether a secret is in bytes that have to stay as they are.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.secrets.iter().any(|secret| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()))
    }

    /// A text without secrets, queries and the names of others.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = without_queries(text);
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), HIDDEN);
        }
        for name in &self.others {
            text = without_name(&text, name);
        }
        text
    }

    /// Headers, with the values of those hidden that let somebody in.
    pub(super) fn headers(&self, headers: &Headers) -> Headers {
        headers.iter().map(|(name, value)| (self.text(name), self.value(name, value))).collect()
    }

    /// The same for a head as it went over the wire: start line, headers, their continuations.
    pub(super) fn head(&self, head: &str) -> String {
        let mut lines = head.lines();
        let mut text = self.start_line(lines.next().unwrap_or_default());
        text.push('\n');
        let mut last = String::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            if line.starts_with([' ', '\t']) {
                text.push_str(&format!("  {}\n", self.value(&last, line.trim_start())));
            } else if let Some((name, value)) = line.split_once(':') {
                name.clone_into(&mut last);
                text.push_str(&format!("{}: {}\n", self.text(name), self.value(name, value.trim())));
            } else {
                text.push_str(&format!("{}\n", self.text(line)));
            }
        }
        text
    }

    /// A document with every text in it made harmless.
    pub(super) fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(all) => Value::Array(all.into_iter().map(|each| self.json(each)).collect()),
            Value::Object(all) => Value::Object(all.into_iter().map(|(key, each)| (key, self.json(each))).collect()),
            other => other,
        }
    }

    fn value(&self, name: &str, value: &str) -> String {
        let name = name.trim().to_ascii_lowercase();
        // A challenge says what is asked for, and holds no secret (RFC 9110 section 11.6.1).
        let challenge = matches!(name.as_str(), "www-authenticate" | "proxy-authenticate");
        if !challenge && SECRET_HEADERS.iter().any(|part| name.contains(part)) {
            return HIDDEN.to_owned();
        }
        if PLACES.contains(&name.as_str()) {
            return self.text(value.split(['?', '#']).next().unwrap_or_default());
        }
        self.text(value)
    }

    /// `POST /as2?token=1 HTTP/1.1` without the query.
    fn start_line(&self, line: &str) -> String {
        let words: Vec<&str> = line
            .split(' ')
            .enumerate()
            .map(|(index, word)| if index == 1 { word.split('?').next().unwrap_or_default() } else { word })
            .collect();
        self.text(&words.join(" "))
    }
}

/// A text whose addresses end before their query, and hold no user.
fn without_queries(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut safe = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(begin) = ["http://", "https://"].iter().filter_map(|scheme| find(&lower, from, scheme)).min() {
        let authority = begin + lower[begin..].find("://").unwrap_or_default() + 3;
        let ends = |letter: char| letter.is_whitespace() || letter.is_control() || "\"'<>`".contains(letter);
        let end = text[authority..].find(ends).map_or(text.len(), |length| authority + length);
        let host_end = text[authority..end].find(['/', '?', '#']).map_or(end, |length| authority + length);
        let host = text[authority..host_end].rfind('@').map_or(authority, |at| authority + at + 1);
        safe.push_str(&text[from..authority]);
        match text[host..end].find(['?', '#']) {
            Some(query) => {
                safe.push_str(&text[host..host + query]);
                safe.push('?');
                safe.push_str(HIDDEN);
            }
            None => safe.push_str(&text[host..end]),
        }
        from = end;
    }
    safe.push_str(&text[from..]);
    safe
}

/// A text without what lets somebody in, as far as that is seen from outside: users and queries of addresses, and what follows
/// the name of a header that carries such.
pub(in crate::app) fn without_secrets(text: &str) -> String {
    const NAMES: [&str; 4] = ["authorization:", "cookie:", "password:", "password="];
    let text = without_queries(text);
    let safe = |line: &str| {
        let lower = line.to_ascii_lowercase();
        let ends = NAMES.iter().filter_map(|name| find(&lower, 0, name).map(|at| at + name.len()));
        match ends.min() {
            Some(end) => format!("{} {HIDDEN}{}", &line[..end], if line.ends_with('\n') { "\n" } else { "" }),
            None => line.to_owned(),
        }
    };
    text.split_inclusive('\n').map(safe).collect()
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text[from..].find(what).map(|at| from + at)
}

/// A text without a name, where that stands as words of its own.
fn without_name(text: &str, name: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = find(text, from, name) {
        let end = at + name.len();
        let joined = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        let inside = joined(text[..at].chars().next_back()) || joined(text[end..].chars().next());
        safe.push_str(&text[from..at]);
        safe.push_str(if inside { name } else { OTHER });
        from = end;
    }
    safe.push_str(&text[from..]);
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden() -> Hidden {
        let mut hidden = Hidden::default();
        hidden.hide_query("https://partner.example/as2?token=s3cr%2Fet-token&v=1");
        hidden.hide_password("open sesame", &["anna"]);
        hidden.others = vec!["Northwind Retail".to_owned()];
        hidden
    }

    #[test]
    fn addresses_end_before_their_query_and_hold_no_user() {
        for (text, wanted) in [
            ("at https://a.example/as2?token=1,2;3 now", "at https://a.example/as2?(hidden) now"),
            ("HTTPS://anna:pw@a.example:8443/x", "HTTPS://a.example:8443/x"),
            ("<http://a.example?q> http://b.example#f", "<http://a.example?(hidden)> http://b.example?(hidden)"),
            ("\"http://a.example/ü?ü\"", "\"http://a.example/ü?(hidden)\""),
            ("http://", "http://"),
            ("no address? none", "no address? none"),
        ] {
            assert_eq!(without_queries(text), wanted);
        }
    }

    #[test]
    fn what_is_known_to_be_secret_is_found_in_any_text_and_in_bytes() {
        let hidden = hidden();
        for text in ["open sesame", "YW5uYTpvcGVuIHNlc2FtZQ==", "s3cr%2Fet-token", "s3cr/et-token"] {
            assert_eq!(hidden.text(&format!("said {text}.")), "said (hidden).", "{text}");
            assert!(hidden.is_in(format!("\u{0}{text}\u{0}").as_bytes()));
        }
        assert!(!hidden.is_in(b"nothing") && !hidden.is_in(b""));
        assert_eq!(hidden.text("of Northwind Retail"), "of another partner");
        assert_eq!(hidden.text("of Northwind Retailers"), "of Northwind Retailers");
        let json = hidden.json(serde_json::json!({ "a": [["b", "open sesame"]], "n": 1 }));
        assert_eq!(json, serde_json::json!({ "a": [["b", "(hidden)"]], "n": 1 }));
    }

    #[test]
    fn a_head_keeps_what_explains_and_loses_what_lets_in() {
        let head = "POST /as2?token=x HTTP/1.1\r\nAS2-From: US\r\nAuthorization: Basic abc\r\n def\r\nX-Api-Key: 1\r\n\
                    Set-Cookie: a=b\r\nLocation: /in?ticket=1\r\nWWW-Authenticate: Basic realm=\"a\"\r\n\r\nbody";
        assert_eq!(
            hidden().head(head),
            "POST /as2 HTTP/1.1\nAS2-From: US\nAuthorization: (hidden)\n  (hidden)\nX-Api-Key: (hidden)\n\
             Set-Cookie: (hidden)\nLocation: /in\nWWW-Authenticate: Basic realm=\"a\"\n"
        );
    }
}
