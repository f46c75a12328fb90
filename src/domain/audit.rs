//! The audit log: who changed what, when, from what to what.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::spelling::spelled;

/// The most bytes of a value in an entry; what is longer is cut, and says so.
const MOST: usize = 2_000;

spelled! {
    /// What was done.
    pub enum AuditAct {
        /// A connection was added.
        ConnectionAdded = "connection-added",
        /// A connection was changed: its settings, its certificates, a schedule.
        ConnectionChanged = "connection-changed",
        /// A connection was removed.
        ConnectionRemoved = "connection-removed",
        /// A partner's certificate was taken in.
        CertificateImported = "certificate-imported",
        /// A fingerprint was confirmed.
        CertificateConfirmed = "certificate-confirmed",
        /// A partner's certificate was removed.
        CertificateRemoved = "certificate-removed",
        /// An identity was made or imported.
        IdentityAdded = "identity-added",
        /// An identity was removed, with its key.
        IdentityRemoved = "identity-removed",
        /// A key left the workspace.
        KeyExported = "key-exported",
        /// A password or the like was set. What it is stays secret.
        SecretSet = "secret-set",
        /// A password or the like was removed.
        SecretRemoved = "secret-removed",
        /// An own policy was saved.
        PolicySaved = "policy-saved",
        /// An own policy was removed.
        PolicyRemoved = "policy-removed",
        /// A setting of the workspace was changed.
        SettingChanged = "setting-changed",
        /// What protects the secrets was changed.
        ProtectionChanged = "protection-changed",
        /// A rollover was begun.
        RolloverBegun = "rollover-begun",
        /// A rollover was removed.
        RolloverRemoved = "rollover-removed",
        /// A transmission was sent again by hand.
        Redelivered = "redelivered",
        /// A receipt that came another way settled a transmission.
        ReceiptTaken = "receipt-taken",
        /// The workspace was backed up, its sealed secrets among it.
        BackedUp = "backed-up",
        /// A backup of the database was put back.
        Restored = "restored",
    }
}

impl AuditAct {
    /// The act in words, after which its subject stands.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ConnectionAdded => "Connection added",
            Self::ConnectionChanged => "Connection changed",
            Self::ConnectionRemoved => "Connection removed",
            Self::CertificateImported => "Certificate imported",
            Self::CertificateConfirmed => "Fingerprint confirmed",
            Self::CertificateRemoved => "Certificate removed",
            Self::IdentityAdded => "Identity added",
            Self::IdentityRemoved => "Identity removed",
            Self::KeyExported => "Key exported",
            Self::SecretSet => "Secret set",
            Self::SecretRemoved => "Secret removed",
            Self::PolicySaved => "Policy saved",
            Self::PolicyRemoved => "Policy removed",
            Self::SettingChanged => "Setting changed",
            Self::ProtectionChanged => "Protection changed",
            Self::RolloverBegun => "Rollover begun",
            Self::RolloverRemoved => "Rollover removed",
            Self::Redelivered => "Sent again",
            Self::ReceiptTaken => "Receipt taken",
            Self::BackedUp => "Backed up",
            Self::Restored => "Restored",
        }
    }
}

/// One value that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditChange {
    /// Its key, such as `production.encryption`.
    pub what: String,
    /// What it was; nothing where it was not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it is; nothing where it is not set any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// An act before it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditNote {
    /// What was done.
    pub act: AuditAct,
    /// To what: an id, a fingerprint, a key of the settings.
    pub subject: String,
    /// What changed by it.
    pub changes: Vec<AuditChange>,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// Its number, from 1 on, without gaps.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who: the user of the system, and the computer.
    pub by: String,
    /// What was done.
    pub act: AuditAct,
    /// To what.
    pub subject: String,
    /// What changed by it.
    pub changes: Vec<AuditChange>,
    /// The digest over this entry and that of the one before it: 64 hex digits of SHA-256.
    pub digest: String,
}

impl AuditNote {
    /// An act that changes nothing which could be named.
    #[must_use]
    pub fn of(act: AuditAct, subject: impl Into<String>) -> Self {
        Self { act, subject: subject.into(), changes: Vec::new() }
    }

    /// The same with one more value that was changed.
    #[must_use]
    pub fn with(mut self, what: &str, from: Option<&str>, to: Option<&str>) -> Self {
        let value = |text: Option<&str>| text.map(|text| shortened(text.to_owned()));
        self.changes.push(AuditChange { what: what.to_owned(), from: value(from), to: value(to) });
        self
    }

    /// The same with all in which two documents differ.
    #[must_use]
    pub fn between(mut self, before: &Value, after: &Value) -> Self {
        compare("", Some(before), Some(after), &mut self.changes);
        self
    }
}

/// Adds in what two values differ, down to those that hold no others by name.
fn compare(key: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<AuditChange>) {
    let before = before.filter(|value| !value.is_null());
    let after = after.filter(|value| !value.is_null());
    if before == after {
        return;
    }
    let parts = |value: Option<&Value>| value.is_none_or(Value::is_object);
    if parts(before) && parts(after) {
        let fields = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
        let (before, after) = (fields(before), fields(after));
        let added = after.keys().filter(|name| !before.contains_key(*name));
        for name in before.keys().chain(added) {
            let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            compare(&key, before.get(name), after.get(name), found);
        }
        return;
    }
    let (from, to) = (before.map(in_words), after.map(in_words));
    found.push(AuditChange { what: key.to_owned(), from, to });
}

fn in_words(value: &Value) -> String {
    shortened(match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn shortened(text: String) -> String {
    if text.len() <= MOST {
        return text;
    }
    let mut end = MOST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… ({} bytes)", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn between(before: &Value, after: &Value) -> Vec<(String, Option<String>, Option<String>)> {
        let note = AuditNote::of(AuditAct::ConnectionChanged, "acme").between(before, after);
        note.changes.into_iter().map(|change| (change.what, change.from, change.to)).collect()
    }

    #[test]
    fn only_what_differs_is_named_by_its_key() {
        let text = |text: &str| Some(text.to_owned());
        let before = json!({"name": "Acme", "production": {"encryption": "3des", "days": 30}, "tags": ["a"]});
        let after = json!({"name": "Acme", "production": {"encryption": "aes128-cbc", "days": 30}, "tags": ["a", "b"]});
        assert_eq!(
            between(&before, &after),
            [
                ("production.encryption".to_owned(), text("3des"), text("aes128-cbc")),
                ("tags".to_owned(), text("[\"a\"]"), text("[\"a\",\"b\"]")),
            ]
        );
        assert!(between(&after, &after).is_empty());
        // What was not set, and what is null, are the same.
        assert!(between(&json!({"a": null}), &json!({})).is_empty());
        assert_eq!(between(&json!({}), &json!({"b": {"c": true}})), [("b.c".to_owned(), None, text("true"))]);
        assert_eq!(
            between(&json!({"b": {"c": 1}}), &json!({"b": 2})),
            [("b".to_owned(), text("{\"c\":1}"), text("2"))]
        );
    }

    #[test]
    fn what_is_long_is_cut_between_letters_and_says_how_long_it_was() {
        let long = "ä".repeat(MOST);
        let cut = shortened(long);
        assert!(cut.ends_with("… (4000 bytes)") && cut.len() < MOST + 20);
    }
}
