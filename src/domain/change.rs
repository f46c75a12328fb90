//! Changing settings as they are written in the connection file: by key, the value as text.
//!
//! The command line's `connection set` and the window's draft both go through here, so that both take and refuse the
//! same values in the same words.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connection::{Connection, Profile};
use super::identifier::{Address, As2Id, IdentityName};
use super::labels::Tags;
use super::nearest_name::did_you_mean;

/// The key under which tags are put to those that are there.
const MORE_TAGS: &str = "tags+";

/// The key under which tags are taken away.
const LESS_TAGS: &str = "tags-";

/// A change that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ChangeError {
    message: String,
    hint: Option<String>,
    /// Whether the key is one that is changed by other means, such as `partner_certificates`.
    pub elsewhere: bool,
}

impl ChangeError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, elsewhere: false }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// What the reader of the connection file says, in words for somebody who set one value.
    fn read(said: &str) -> Self {
        let said = said.trim().replace('\n', " ");
        let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
        let message = said.as_str();
        let Some((given, known)) = quoted.split_first() else { return Self::new(message) };
        if message.starts_with("missing field") {
            return Self {
                hint: Some(format!("give it a value: {given}=…")),
                ..Self::new(format!("`{given}` has no default, so it cannot be empty"))
            };
        }
        if message.starts_with("unknown field") {
            return Self {
                hint: did_you_mean(given, known.iter().copied()),
                ..Self::new(format!("unknown field `{given}`; the settings are {}", known.join(", ")))
            };
        }
        let words = message.split_once(" is not one of ").map(|(_, words)| words.split(", "));
        Self { hint: words.and_then(|words| did_you_mean(given, words)), ..Self::new(message) }
    }
}

/// The keys of a profile, as the reader of the connection file names them.
fn keys_of_profile() -> Vec<String> {
    let Err(error) = toml::from_str::<Profile>("\"\" = 1") else { return Vec::new() };
    error.message().split('`').skip(1).step_by(2).skip(1).map(str::to_owned).collect()
}

impl Connection {
    /// The same connection with some of its own settings changed; those of its profiles are changed in these. `tags+` and
    /// `tags-` put tags to those that are there and take them away.
    ///
    /// # Errors
    /// Where a key is unknown or a value makes no sense.
    pub fn with_changes(&self, changes: &[(String, String)]) -> Result<Self, ChangeError> {
        let (tags, others): (Vec<_>, Vec<_>) =
            changes.iter().cloned().partition(|(key, _)| [MORE_TAGS, LESS_TAGS].contains(&key.as_str()));
        let mut connection = if others.is_empty() { self.clone() } else { self.with_others(&others)? };
        for (key, words) in tags {
            let words = words.parse::<Tags>().map_err(|error| ChangeError::new(error.to_string()))?;
            let there = connection.tags;
            connection.tags = match key.as_str() {
                LESS_TAGS => there.without(&words),
                _ => there.with(&words).map_err(|error| ChangeError::new(error.to_string()))?,
            };
        }
        Ok(connection)
    }

    /// The same for all but tags that are put or taken.
    fn with_others(&self, changes: &[(String, String)]) -> Result<Self, ChangeError> {
        changed(self, changes, &["id", "production", "test"]).map_err(|error| {
            let of_profile = changes.iter().map(|(key, value)| (key.split('.').next().unwrap_or(key), key, value));
            let keys = keys_of_profile();
            match of_profile.into_iter().find(|(outer, ..)| keys.iter().any(|known| known == outer)) {
                Some((_, key, value)) if !error.elsewhere => ChangeError {
                    hint: Some(format!("name it first: production {key}={value}, or test {key}={value}")),
                    ..ChangeError::new(format!("`{key}` belongs to a profile"))
                },
                _ => error,
            }
        })
    }

    /// One of its own settings in words, as [`Connection::with_changes`] takes it; empty where it is not set or there is no
    /// such key.
    #[must_use]
    pub fn written(&self, setting: &str) -> String {
        match setting {
            "name" => self.name.clone(),
            "policy" => self.policy.to_string(),
            "customer" => self.customer.as_ref().map(ToString::to_string).unwrap_or_default(),
            "tags" => self.tags.to_string(),
            "contact" => self.contact.clone().unwrap_or_default(),
            "notes" => self.notes.clone().unwrap_or_default(),
            _ => String::new(),
        }
    }
}

impl Profile {
    /// A profile of which nothing but the names, the address and the identity is known: everything else at its default,
    /// as for a connection file that says no more.
    ///
    /// # Errors
    /// Never, as long as everything else has a default.
    pub fn fresh(our: &As2Id, partner: &As2Id, url: &Address, identity: &IdentityName) -> Result<Self, ChangeError> {
        let table: toml::Table = [
            ("our_as2_id", our.as_str()),
            ("partner_as2_id", partner.as_str()),
            ("url", url.as_str()),
            ("identity", identity.as_str()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), toml::Value::String(value.to_owned())))
        .collect();
        table.try_into().map_err(|error: toml::de::Error| ChangeError::new(error.message()))
    }

    /// The same profile with some settings changed. An empty value gives a setting its default again.
    ///
    /// # Errors
    /// Where a key is unknown or a value makes no sense.
    pub fn with_changes(&self, changes: &[(String, String)]) -> Result<Self, ChangeError> {
        changed(self, changes, &["partner_certificates"])
    }

    /// A setting as the connection file writes it, by its key, quirks as `quirks.…`; empty where it is not set or
    /// there is no such key.
    #[must_use]
    pub fn written(&self, setting: &str) -> String {
        let Ok(table) = toml::Table::try_from(self) else { return String::new() };
        let value = match setting.split_once('.') {
            Some((outer, inner)) => table.get(outer).and_then(|within| within.get(inner)),
            None => table.get(setting),
        };
        value.map_or_else(String::new, in_text)
    }

    /// The settings that differ from those of an earlier state, by their keys, with what they were and what they are.
    #[must_use]
    pub fn changed_from(&self, earlier: &Self) -> Vec<(String, (String, String))> {
        // Each is written once, not once for every key: there may be thousands to be compared.
        let (was, is) = (earlier.all_written(), self.all_written());
        let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        let value = |of: &BTreeMap<String, String>, key: &String| of.get(key).cloned().unwrap_or_default();
        keys.into_iter()
            .map(|key| (key.clone(), (value(&was, key), value(&is, key))))
            .filter(|(_, (was, is))| was != is)
            .collect()
    }

    /// All settings as [`Profile::written`] writes them, by their keys.
    fn all_written(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for (key, value) in toml::Table::try_from(self).unwrap_or_default() {
            match value {
                toml::Value::Table(inside) => {
                    all.extend(inside.iter().map(|(inner, value)| (format!("{key}.{inner}"), in_text(value))));
                }
                value => {
                    all.insert(key, in_text(&value));
                }
            }
        }
        all
    }
}

/// A value as it is changed: text without its quotes.
fn in_text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The same with some settings changed: what is written is read as it would be from the connection file.
fn changed<T: Serialize + DeserializeOwned>(
    current: &T,
    changes: &[(String, String)],
    elsewhere: &[&str],
) -> Result<T, ChangeError> {
    let mut table = toml::Table::try_from(current)
        .map_err(|error| ChangeError::new(format!("the connection cannot be changed: {error}")))?;
    for (key, value) in changes {
        if elsewhere.contains(&key.as_str()) {
            let error = ChangeError::new(format!("`{key}` is not changed this way"));
            return Err(ChangeError { elsewhere: true, ..error });
        }
        put(&mut table, key, key, value)?;
    }
    table.try_into().map_err(|error: toml::de::Error| ChangeError::read(error.message()))
}

/// Puts one value under a key, which may be a path such as `quirks.chunked`; `setting` is the whole path. It gets the
/// type that stands there; an empty value takes the key away, so that it has its default again.
fn put(table: &mut toml::Table, setting: &str, key: &str, value: &str) -> Result<(), ChangeError> {
    if let Some((outer, inner)) = key.split_once('.') {
        return match table.get_mut(outer) {
            Some(toml::Value::Table(inside)) => put(inside, setting, inner, value),
            _ => Err(ChangeError::new(format!("there is no setting `{setting}`"))),
        };
    }
    if value.is_empty() {
        table.remove(key);
        return Ok(());
    }
    let wrong = |wanted: &str| ChangeError::new(format!("`{setting}` must be {wanted}, not `{value}`"));
    let value = match table.get(key) {
        Some(toml::Value::Integer(_)) => {
            let number: u32 = value.parse().map_err(|_nan| wrong("a whole number, not below 0"))?;
            toml::Value::Integer(number.into())
        }
        Some(toml::Value::Boolean(_)) => {
            toml::Value::Boolean(value.parse().map_err(|_not_bool| wrong("true or false"))?)
        }
        // A list of identities, as the connection file writes it.
        _ if setting == "identity" && value.starts_with('[') => format!("list = {value}")
            .parse::<toml::Table>()
            .ok()
            .and_then(|mut line| line.remove("list"))
            .ok_or_else(|| wrong("a name or a list"))?,
        _ => toml::Value::String(value.to_owned()),
    };
    table.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        toml::from_str(
            "our_as2_id = \"ME\"\npartner_as2_id = \"YOU\"\nurl = \"http://127.0.0.1/as2\"\nidentity = \"me\"\n",
        )
        .unwrap()
    }

    fn set(key: &str, value: &str) -> Result<Profile, ChangeError> {
        profile().with_changes(&[(key.to_owned(), value.to_owned())])
    }

    #[test]
    fn what_was_changed_is_found() {
        let then = profile();
        let now = then
            .with_changes(&[("signing".into(), "sha512".into()), ("quirks.chunked".into(), "true".into())])
            .unwrap();
        let change = |key: &str, was: &str, is: &str| (key.to_owned(), (was.to_owned(), is.to_owned()));
        assert_eq!(
            now.changed_from(&then),
            [change("quirks.chunked", "false", "true"), change("signing", "sha256", "sha512")]
        );
        assert_eq!(then.changed_from(&then), []);
    }

    #[test]
    fn values_are_read_as_from_the_file_and_written_back_the_same() {
        for (key, value) in [
            ("encryption", "aes256-gcm"),
            ("url", "https://partner.example/as2"),
            ("timeout_seconds", "90"),
            ("quirks.chunked", "true"),
            ("subject", "Orders"),
            ("identity", "other"),
        ] {
            assert_eq!(set(key, value).unwrap().written(key), value, "{key}");
        }
        assert_eq!(profile().written("encryption"), "aes128-cbc");
        assert_eq!(profile().written("subject"), "");
        let listed =
            set("identity", "[{ name = \"me\" }, { name = \"new\", from = \"2027-01-01T00:00:00Z\" }]").unwrap();
        let again = profile().with_changes(&[("identity".to_owned(), listed.written("identity"))]).unwrap();
        assert_eq!((listed.identity.uses().len(), &again), (2, &listed));
        assert_eq!(set("encryption", "").unwrap(), profile());
    }

    #[test]
    fn a_fresh_profile_is_what_a_connection_file_without_more_would_be() {
        let profile = profile();
        let fresh = Profile::fresh(&profile.our_as2_id, &profile.partner_as2_id, &profile.url, &"me".parse().unwrap());
        assert_eq!(fresh.unwrap(), profile);
    }

    #[test]
    fn a_connection_is_given_a_customer_and_tags() {
        let connection: Connection = toml::from_str("id = \"a\"\nname = \"A\"\n").unwrap();
        let set = |of: &Connection, key: &str, value: &str| of.with_changes(&[(key.to_owned(), value.to_owned())]);
        let customer = set(&connection, "customer", "Acme Foods").unwrap();
        assert_eq!(customer.written("customer"), "Acme Foods");
        assert_eq!(set(&customer, "customer", "").unwrap(), connection);
        let tags = set(&connection, "tags", "x12, priority").unwrap();
        assert_eq!(tags.written("tags"), "x12, priority");
        assert_eq!(set(&tags, "tags+", "new,X12").unwrap().written("tags"), "x12, priority, new");
        assert_eq!(set(&tags, "tags-", "X12").unwrap().written("tags"), "priority");
        assert_eq!(set(&tags, "tags", "").unwrap(), connection);
        for (key, value, words) in
            [("customer", "a\nb", "line break"), ("tags+", "a\u{7}", "control"), ("tags*", "a", "tags*")]
        {
            let error = set(&connection, key, value).unwrap_err().to_string();
            assert!(error.contains(words), "{key}: {error}");
        }
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for (key, value, words) in [
            ("encryption", "rot13", "rot13"),
            ("encrypton", "none", "encrypton"),
            ("quirks.sparkle", "true", "sparkle"),
            ("timeout_seconds", "soon", "whole number"),
            ("url", "partner", "http"),
            ("our_as2_id", "a\u{7}", "U+0007"),
            ("url", "", "`url` has no default"),
            ("timeout_seconds", "-1", "`timeout_seconds` must be a whole number, not below 0, not `-1`"),
        ] {
            let error = set(key, value).unwrap_err();
            assert!(error.to_string().contains(words), "{key}={value}: {error}");
        }
        assert!(set("partner_certificates", "x").unwrap_err().elsewhere);
        for (key, value, hint) in [
            ("encrypton", "none", "did you mean encryption?"),
            ("encryption", "aes128", "did you mean aes128-cbc"),
            ("url", "", "give it a value: url=…"),
        ] {
            let error = set(key, value).unwrap_err();
            assert!(error.hint().is_some_and(|told| told.starts_with(hint)), "{key}={value}: {error:?}");
        }
    }

    #[test]
    fn a_setting_of_a_profile_is_sent_there() {
        let connection: Connection = toml::from_str("id = \"a\"\nname = \"A\"\n").unwrap();
        for key in ["encryption", "quirks.chunked", "subject"] {
            let error = connection.with_changes(&[(key.to_owned(), "x".to_owned())]).unwrap_err();
            assert_eq!(error.to_string(), format!("`{key}` belongs to a profile"));
            assert_eq!(error.hint(), Some(format!("name it first: production {key}=x, or test {key}=x").as_str()));
        }
        let unknown = connection.with_changes(&[("nmae".to_owned(), "x".to_owned())]).unwrap_err();
        assert!(unknown.to_string().starts_with("unknown field `nmae`; the settings are "), "{unknown}");
        assert_eq!(unknown.hint(), Some("did you mean name?"));
    }
}
