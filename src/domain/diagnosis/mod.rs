//! What the outcome of a transmission means: the likely cause, the evidence for it, and what to do.
//!
//! Whoever made an attempt writes down what came of it ([`AttemptFacts`]); [`judge`] turns that into a verdict and the
//! five lights, [`explain`] into words, which stand in the knowledge base ([`super::knowledge`]). Both go by the same finding, so that they cannot contradict each other.

mod authentication;
mod context;
mod copied;
mod decryption;
mod delivered;
mod dispositions;
mod explain;
mod finding;
mod http;
mod judge;
mod outcome;
#[cfg(test)]
mod reach;
mod receipts;
mod road;
#[cfg(test)]
mod samples;
mod scene;
mod surroundings;
mod undecrypted;
mod unproved;
mod wording;

pub use context::{Context, KnownCertificate, OwnIdentity, PartnerCertificates, Sibling};
pub use copied::{Copied, explain_copied};
pub use explain::explain;
pub use judge::judge;
pub use outcome::{
    Acceptance, AnswerFacts, AttemptFacts, ConnectFailure, EmbeddedCertificate, HttpAnswer, MicForensics, Receipt,
    ReceiptFacts, ReceiptSignature, RequestFacts, TlsRefusal, WhatCame,
};
pub use road::{Interrupted, explain_interrupted};
pub use surroundings::{ChangedSetting, Neighbour, ReceiverThen, SameHost, Surroundings};
pub use undecrypted::{Holder, Recipient, Undecrypted, explain_undecrypted, remark_on_recipient};
pub use unproved::{has_unproved, keep_unproved, unproved};

use serde::{Deserialize, Serialize};

use super::certificate::Fingerprint;
use super::identifier::IdentityName;
use super::knowledge::ButtonKind;
use super::spelling::spelled;

/// A transmission's outcome explained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The cause in one phrase.
    pub cause: String,
    /// What happened and why, in a sentence or two.
    pub explanation: String,
    /// What to do, the most promising first.
    pub remedy: Vec<String>,
    /// What was found here that speaks for it.
    pub evidence: Vec<String>,
    /// Who most likely has to act.
    #[serde(default)]
    pub blame: Blame,
    /// The entry of the knowledge base that it was explained by; empty where it was by none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub entry: String,
    /// The next step as something a button can do; nothing where no button helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

spelled! {
    /// On whose side the cause most likely lies, and so who has to act first.
    #[derive(Default)]
    pub enum Blame {
        /// Ours: a setting, a certificate or the machine.
        Ours = "ours",
        /// The partner's.
        Partner = "partner",
        /// The road between: names, routes, firewalls, proxies.
        Network = "network",
        /// Nobody's: all is well, or there is nothing to do but wait.
        #[default]
        Nobody = "nobody",
    }
}

/// A step that mends the cause, for a button beside the diagnosis. The window asks before it does any of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// Encrypt for the scheduled certificate at once.
    ActivateCertificate {
        /// The scheduled certificate.
        fingerprint: Fingerprint,
    },
    /// Encrypt for the certificate used before again.
    RollbackCertificate {
        /// The certificate used before.
        fingerprint: Fingerprint,
    },
    /// Import a certificate of the partner, after its fingerprint has been confirmed.
    ImportCertificate {
        /// The certificate found inside the receipt; nothing where it has to be fetched from the partner.
        fingerprint: Option<Fingerprint>,
    },
    /// Accept signatures again that are made with a certificate of the partner which was replaced.
    AcceptCertificate {
        /// The certificate that is not accepted any more.
        fingerprint: Fingerprint,
    },
    /// Give the partner our own certificate.
    ExportCertificate {
        /// The identity it belongs to.
        identity: IdentityName,
    },
    /// Change a setting of the profile.
    EditSetting {
        /// Its key in the connection file; quirks as `quirks.…`.
        setting: String,
        /// The value to try; nothing where only the user can know it.
        value: Option<String>,
    },
    /// Send the document again under the same Message-ID.
    Redeliver,
}

impl Blame {
    /// On whose side it is, in a few words; nothing where it is on nobody's.
    #[must_use]
    pub const fn side(self) -> Option<&'static str> {
        match self {
            Self::Ours => Some("On our side"),
            Self::Partner => Some("On the partner's side"),
            Self::Network => Some("Between us and the partner"),
            Self::Nobody => None,
        }
    }

    /// Whose turn it is, said plainly.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Ours => "On our side, so it is for us to mend",
            Self::Partner => "On the partner's side, so it is for them to mend",
            Self::Network => "On the road between us, or on either side",
            Self::Nobody => "On nobody's side",
        }
    }
}

impl Action {
    /// What kind of button does it.
    #[must_use]
    pub const fn kind(&self) -> ButtonKind {
        match self {
            Self::ActivateCertificate { .. } => ButtonKind::ActivateCertificate,
            Self::RollbackCertificate { .. } => ButtonKind::RollbackCertificate,
            Self::ImportCertificate { .. } => ButtonKind::ImportCertificate,
            Self::AcceptCertificate { .. } => ButtonKind::AcceptCertificate,
            Self::ExportCertificate { .. } => ButtonKind::ExportCertificate,
            Self::EditSetting { .. } => ButtonKind::EditSetting,
            Self::Redeliver => ButtonKind::Redeliver,
        }
    }

    /// A setting to be changed to a value.
    fn set(setting: &str, value: &str) -> Self {
        Self::EditSetting { setting: setting.to_owned(), value: Some(value.to_owned()) }
    }

    /// A setting to be looked at.
    #[cfg(test)]
    fn look_at(setting: &str) -> Self {
        Self::EditSetting { setting: setting.to_owned(), value: None }
    }
}
