//! What is known of outcomes: for each what happened, whose side it is on, its usual cause, what to do, the button that
//! does it, and where that stands. The texts are data (`assets/knowledge`); which of them applies, and what was found that
//! speaks for it, [`super::diagnosis`] decides.

mod lookup;
mod software;
mod wording;

pub use lookup::{Looked, look_up};
pub use software::{Recognised, Software, Switch, recognise, software};
pub(crate) use wording::fill;

use std::sync::LazyLock;

use serde::Deserialize;

use super::diagnosis::Blame;
use super::disposition::{Disposition, Modifier};
use super::spelling::spelled;

/// The files that come with the program.
const FILES: [&str; 6] = [
    include_str!("../../../assets/knowledge/connect.toml"),
    include_str!("../../../assets/knowledge/tls.toml"),
    include_str!("../../../assets/knowledge/http.toml"),
    include_str!("../../../assets/knowledge/receipts.toml"),
    include_str!("../../../assets/knowledge/dispositions.toml"),
    include_str!("../../../assets/knowledge/content.toml"),
];

/// One file: entries that belong together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// What they are about.
    pub title: String,
    /// Steps that several entries share.
    #[serde(default)]
    shared: Vec<Shared>,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// Steps that several entries share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    name: String,
    steps: Vec<Line>,
}

/// One outcome.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name, for looking it up.
    pub key: String,
    /// Statuses or reasons that it is for.
    #[serde(default)]
    pub matches: Vec<String>,
    /// It in one phrase.
    pub cause: String,
    /// On whose side it most likely lies.
    pub side: Blame,
    /// What happened.
    pub what: Vec<Line>,
    /// Its usual cause.
    #[serde(default)]
    pub usual: Vec<Line>,
    /// What to do, the most promising first.
    #[serde(rename = "do")]
    pub steps: Vec<Line>,
    /// Buttons that do it: the first whose condition holds.
    #[serde(default)]
    pub buttons: Vec<Button>,
    /// Where that stands, or in which product it was seen.
    pub source: String,
}

/// A sentence or a step, with places to be filled in braces.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Line {
    /// In any case.
    Always(String),
    /// Where something is so.
    When {
        /// What has to be so.
        when: String,
        /// The text.
        text: String,
    },
    /// Steps that several entries share.
    Shared {
        /// Their name.
        shared: String,
    },
}

spelled! {
    /// What a button does.
    pub enum ButtonKind {
        /// Sends the document again under the same Message-ID.
        Redeliver = "redeliver",
        /// Changes a setting, or shows it.
        EditSetting = "edit-setting",
        /// Encrypts for the scheduled certificate at once.
        ActivateCertificate = "activate-certificate",
        /// Goes back to the certificate used before.
        RollbackCertificate = "rollback-certificate",
        /// Brings a certificate of the partner in.
        ImportCertificate = "import-certificate",
        /// Accepts a replaced certificate of the partner again.
        AcceptCertificate = "accept-certificate",
        /// Gives the partner our own certificate.
        ExportCertificate = "export-certificate",
    }
}

/// A button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Button {
    /// What it does.
    pub kind: ButtonKind,
    /// The setting that it changes, as its key in the connection file.
    #[serde(default)]
    pub setting: Option<String>,
    /// The value to try; nothing where only the user can know it.
    #[serde(default)]
    pub value: Option<String>,
    /// What has to be so.
    #[serde(default)]
    pub when: Option<String>,
}

impl Button {
    /// What it does, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let setting = self.setting.as_deref().unwrap_or_default();
        match (self.kind, &self.value) {
            (ButtonKind::Redeliver, _) => "Redeliver".to_owned(),
            (ButtonKind::EditSetting, Some(value)) => format!("Set `{setting}` to {value}"),
            (ButtonKind::EditSetting, None) => format!("Open the setting `{setting}`"),
            (ButtonKind::ActivateCertificate, _) => "Activate the scheduled certificate now".to_owned(),
            (ButtonKind::RollbackCertificate, _) => "Go back to the certificate used before".to_owned(),
            (ButtonKind::ImportCertificate, _) => "Import the partner's certificate".to_owned(),
            (ButtonKind::AcceptCertificate, _) => "Accept the replaced certificate again".to_owned(),
            (ButtonKind::ExportCertificate, _) => "Export our certificate for the partner".to_owned(),
        }
    }
}

impl Entry {
    /// What happened and why: the sentences of which it is so, where `chosen` says of what; all where nothing is said.
    pub(crate) fn sentences(&'static self, chosen: Option<&[&str]>) -> Vec<&'static str> {
        [&self.what, &self.usual].into_iter().flat_map(|lines| texts(lines, chosen)).collect()
    }

    /// What to do, likewise.
    pub(crate) fn to_do(&'static self, chosen: Option<&[&str]>) -> Vec<&'static str> {
        texts(&self.steps, chosen)
    }

    /// Whether it ends with steps that several entries share.
    pub(crate) fn shares(&self, name: &str) -> bool {
        self.steps.iter().any(|line| matches!(line, Line::Shared { shared } if shared == name))
    }
}

/// The texts of which it is so.
fn texts(lines: &'static [Line], chosen: Option<&[&str]>) -> Vec<&'static str> {
    let mut found = Vec::new();
    for line in lines {
        match line {
            Line::Always(text) => found.push(text.as_str()),
            Line::When { when, text } => {
                if chosen.is_none_or(|chosen| chosen.contains(&when.as_str())) {
                    found.push(text.as_str());
                }
            }
            Line::Shared { shared } => found.extend(texts(shared_steps(shared), chosen)),
        }
    }
    found
}

fn shared_steps(name: &str) -> &'static [Line] {
    let mut shared = families().iter().flat_map(|family| &family.shared);
    shared.find(|shared| shared.name == name).map_or(&[], |shared| shared.steps.as_slice())
}

/// Everything that is known, by what it is about.
#[must_use]
pub fn families() -> &'static [Family] {
    // That every file is readable is held by a test, so none is ever left out.
    static READ: LazyLock<Vec<Family>> =
        LazyLock::new(|| FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect());
    &READ
}

/// All entries.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    families().iter().flat_map(|family| &family.entries)
}

/// The entry of a name.
#[must_use]
pub fn entry(key: &str) -> Option<&'static Entry> {
    entries().find(|entry| entry.key == key)
}

/// The entry for an HTTP status: its own, else that of its first digit (RFC 9110 section 15).
#[must_use]
pub fn of_status(status: u16) -> Option<&'static Entry> {
    let written = status.to_string();
    let own = entries().find(|entry| entry.key.starts_with("http-") && entry.matches.contains(&written));
    own.or_else(|| {
        entry(match status / 100 {
            3 => "http-3xx",
            4 => "http-4xx",
            5 => "http-5xx",
            _ => "http-nonsense",
        })
    })
}

/// A reason as it is compared: in lower case, with hyphens for spaces and underscores.
#[must_use]
pub fn reason_key(reason: &str) -> String {
    let spaced = reason.to_ascii_lowercase().replace(['_', '-'], " ");
    spaced.split_whitespace().collect::<Vec<_>>().join("-")
}

/// The entry for the reason of a refusal: the one of whose spellings the longest stands in it.
#[must_use]
pub fn of_reason(reason: &str) -> Option<&'static Entry> {
    let key = reason_key(reason);
    let spelt = entries().filter(|entry| !entry.key.starts_with("http-")).flat_map(|entry| {
        let found = entry.matches.iter().filter(|spelling| key.contains(spelling.as_str()));
        found.map(move |spelling| (spelling.len(), entry))
    });
    spelt.max_by_key(|(length, _)| *length).map(|(_, entry)| entry)
}

/// The key of the entry for a disposition, and for what a receipt says in fields of their own.
#[must_use]
pub fn of_disposition(disposition: &Disposition, remarks: &[String]) -> &'static str {
    let (text, warned) = match &disposition.modifier {
        Modifier::None => ("", false),
        Modifier::Warning(text) => (text.as_str(), disposition.is_positive()),
        Modifier::Error(text) | Modifier::Failure(text) => (text.as_str(), false),
    };
    let known = std::iter::once(text).chain(remarks.iter().map(String::as_str)).find_map(of_reason);
    let known = known.map(|entry| entry.key.as_str());
    if warned {
        return match known {
            Some("duplicate-document") => "warning-duplicate",
            Some("authentication-failed") => "warning-authentication",
            _ => "warning",
        };
    }
    if disposition.is_positive() {
        return "delivered";
    }
    if !disposition.is_refusal() {
        return known.filter(|key| *key == "duplicate-document").unwrap_or("undecided");
    }
    let said = !text.trim().is_empty() || remarks.iter().any(|remark| !remark.trim().is_empty());
    match known {
        Some(key) => key,
        None if matches!(disposition.kind.as_str(), "denied" | "deleted") => "denied",
        None if said => "refused-for-a-reason-of-its-own",
        None => "refused-without-reason",
    }
}

/// The entry of a refusal, by the partner's words where they say more than its disposition: some products have one for
/// whatever went wrong. Written `decryption-failed`, `integrity-check-failed` and `duplicate-document` mean what they say.
#[must_use]
pub fn of_refusal(disposition: &Disposition, remarks: &[String], words: Option<&str>) -> &'static str {
    let key = of_disposition(disposition, remarks);
    let words = words.unwrap_or_default().to_ascii_lowercase();
    let said = |all: &[&str]| all.iter().any(|part| words.contains(part));
    match key {
        // mendelson's, for every error between the first byte and the signature; the second sentence is Bouncy Castle's.
        "authentication-failed" if said(&["error decrypting", "recipient certificate does not match"]) => {
            "decryption-failed"
        }
        // Of whoever has the key, and not what it is to be used with (Bouncy Castle, the Java runtime).
        "decryption-failed"
            if said(&[
                "unsupported algorithm",
                "unknown algorithm",
                "no such algorithm",
                "algorithm not supported",
            ]) =>
        {
            "decryption-algorithm-unknown"
        }
        "decryption-failed"
            if said(&["error finalising cipher", "ioexception reading content", "malformed content"]) =>
        {
            "decryption-content-unreadable"
        }
        "unexpected-processing-error" if said(&["find out the sign algorithm"]) => "authentication-failed",
        "authentication-failed" if said(&["message-digest attribute value does not match"]) => "integrity-check-failed",
        // What some say of whatever has to do with S/MIME.
        "insufficient-message-security" if said(&["not implement s/mime", "not support s/mime"]) => {
            "no-secured-messages"
        }
        "insufficient-message-security" if said(&["verify the signature", "verify signature"]) => {
            "authentication-failed"
        }
        "unexpected-processing-error" if said(&["already been processed", "been already processed"]) => "seen-before",
        key => key,
    }
}

#[cfg(test)]
mod tests;
