//! Partners' policies: rules about settings, each with its date, its source and the words of whoever made it.
//!
//! A policy is a file of rules ([`Policy::from_toml`]), built in ([`builtin`]) or one's own. It may inherit another's
//! rules; [`resolve`] puts them together, and `compliance` judges by the outcome. What a file says that makes no sense,
//! alone or together with what it inherits, is told with its line by [`Policy::from_toml`] and [`validate`].

mod builtin;
mod consistency;
mod file;
mod inherit;
mod rule;
mod setting;
mod words;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

pub use builtin::builtin;
pub use file::{MOST_BYTES, MOST_RULES, PolicyFileError, faults, validate};
pub use inherit::{MOST_ANCESTORS, ResolveError, ResolvedPolicy, ResolvedRule, resolve};
pub use rule::{AppliesTo, Operator, Requirement, Rule, RuleDate, Severity};
pub use setting::{CERTIFICATE_SCHEMES, CertificateRole, Setting, SettingValue, Shape, TlsLevel};

use super::identifier::PolicyId;
use super::spelling::spelled;

spelled! {
    /// Where a policy comes from.
    pub enum PolicyKind {
        /// From the partner or the body that makes the rules.
        Official = "official",
        /// From somebody who tells what the partner said.
        Secondary = "secondary",
        /// From a standard that is not finished.
        Draft = "draft",
        /// To be filled by the user: nothing is known of the partner's rules.
        Template = "template",
        /// The user's own.
        Own = "own",
    }
}

impl PolicyKind {
    /// How far its rules can be relied on, for people.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Official => "Rules of the partner or of who makes the standard",
            Self::Secondary => "Rules as others report them, not from the partner itself",
            Self::Draft => "Rules of a standard that is not finished",
            Self::Template => "A template: nothing is known of the partner's own rules",
            Self::Own => "Your own rules",
        }
    }
}

/// A partner's rules about the settings of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// By which connections name it.
    pub id: PolicyId,
    /// What people call it, usually the partner's name.
    pub name: String,
    /// Where it comes from.
    pub kind: PolicyKind,
    /// The policy whose rules hold too, where this one does not replace them.
    pub inherits: Option<PolicyId>,
    /// Settings about which nothing is inherited.
    pub drops: Vec<Setting>,
    /// Where the partner's own settings are, such as a path through its portal.
    pub portal: Option<String>,
    /// What else is known and no rule can hold, or that nothing is known.
    pub notes: Option<String>,
    /// The day on which it was last changed, where the file says so; see [`Policy::updated`].
    pub stated_update: Option<Date>,
    /// Its own rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// What is wrong with its file, where that could not be read: then nothing is known of it but its id, and nothing can
    /// be judged by it ([`ResolveError::Unreadable`]).
    pub fault: Option<PolicyFileError>,
}

impl Policy {
    /// One whose file cannot be read.
    #[must_use]
    pub fn unreadable(id: PolicyId, fault: PolicyFileError) -> Self {
        Self {
            name: id.to_string(),
            id,
            kind: PolicyKind::Own,
            inherits: None,
            drops: Vec::new(),
            portal: None,
            notes: None,
            stated_update: None,
            rules: Vec::new(),
            fault: Some(fault),
        }
    }

    /// The day on which it was last changed: as the file says, else the latest day a source was looked at.
    #[must_use]
    pub fn updated(&self) -> Option<Date> {
        self.stated_update.or_else(|| self.rules.iter().map(|rule| rule.checked).max())
    }

    /// What is said to have been looked at after a day, which nobody can have done, a sentence for each.
    #[must_use]
    pub fn checked_ahead(&self, day: Date) -> Vec<String> {
        let rules = self.rules.iter().filter(|rule| rule.checked > day).map(|rule| {
            let (setting, from, checked) = (rule.setting, rule.from, rule.checked);
            format!("the rule on `{setting}` from {from} says `checked` = {checked}, a day that has not come: it is to be the day on which its source was looked at last")
        });
        let update = self.stated_update.filter(|update| *update > day).map(|update| {
            format!("`updated` = {update} is a day that has not come: it is to be the day of the last change")
        });
        update.into_iter().chain(rules).collect()
    }

    /// The policy as a file that [`Policy::from_toml`] reads back.
    ///
    /// # Errors
    /// Never for a policy that was read; the writer's own where a value has no form in TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}

/// A policy as its file and the JSON of `policy show` spell it.
#[derive(Serialize)]
struct Written<'a> {
    id: &'a PolicyId,
    name: &'a str,
    kind: PolicyKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    inherits: Option<&'a PolicyId>,
    #[serde(skip_serializing_if = "<[Setting]>::is_empty")]
    drops: &'a [Setting],
    #[serde(skip_serializing_if = "Option::is_none")]
    portal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<String>,
    rules: &'a [Rule],
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written {
            id: &self.id,
            name: &self.name,
            kind: self.kind,
            inherits: self.inherits.as_ref(),
            drops: &self.drops,
            portal: self.portal.as_deref(),
            notes: self.notes.as_deref(),
            updated: self.updated().map(|date| date.to_string()),
            rules: &self.rules,
        }
        .serialize(serializer)
    }
}
