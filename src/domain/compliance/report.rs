//! What judging yields: findings, and reports that serialise to the JSON of `check`.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::cell::Cells;
use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, PolicyId, ProfileKind};
use crate::domain::policy::{ResolveError, RuleDate, SettingValue, Severity};
use crate::domain::spelling::spelled;

spelled! {
    /// How a setting, a profile, a connection stands. The order is from the worst to the best.
    pub enum Status {
        /// Breaks a required rule in force.
        NonCompliant = "non-compliant",
        /// Cannot be judged.
        Unknown = "unknown",
        /// A certificate ends soon, or a required rule bites within a year.
        Due = "due",
        /// Breaks a recommended or reported rule.
        Advice = "advice",
        /// Meets the rules.
        Compliant = "compliant",
        /// There is nothing to judge.
        NotApplicable = "not-applicable",
    }
}

impl Status {
    /// The worst of several; not applicable, where there are none.
    #[must_use]
    pub fn worst(statuses: impl IntoIterator<Item = Self>) -> Self {
        statuses.into_iter().min().unwrap_or(Self::NotApplicable)
    }

    /// The name people know it by.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NonCompliant => "Non-compliant",
            Self::Unknown => "Unknown",
            Self::Due => "Due",
            Self::Advice => "Advice",
            Self::Compliant => "Compliant",
            Self::NotApplicable => "Not applicable",
        }
    }
}

/// The least change that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The key of the connection file.
    pub setting: &'static str,
    /// Its new value.
    pub value: SettingValue,
}

/// How one setting of a profile stands against one rule. What the rule says is the same for all profiles, and kept once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The key of the connection file, or `partner_certificate`, `identity_certificate`, `tls`, `policy`.
    pub setting: &'static str,
    /// Which property of a certificate: as in rules, or `validity`, `available`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect: Option<&'static str>,
    /// The partner's verifying certificate that it is about; nothing for the one in use and for everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Fingerprint>,
    /// How it stands.
    pub status: Status,
    /// What is there, in a word or two: `3DES`.
    pub actual: String,
    /// What is demanded: `AES-128 or stronger`. Nothing where no rule could be looked at.
    #[serde(serialize_with = "shared")]
    pub required: Option<Arc<str>>,
    /// Since when it is demanded; nothing for what is demanded by nature.
    pub since: Option<RuleDate>,
    /// How much the rule weighs.
    pub severity: Option<Severity>,
    /// Why it stands so, as a sentence without full stop.
    pub reason: String,
    /// The least change that mends it, where there is just one.
    pub fix: Option<Fix>,
    /// Who says so.
    #[serde(serialize_with = "shared")]
    pub source: Option<Arc<str>>,
    /// What they said.
    #[serde(serialize_with = "shared", skip_serializing_if = "Option::is_none")]
    pub quote: Option<Arc<str>>,
    /// What is good to know beside the reason.
    #[serde(serialize_with = "shared", skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
    /// When it becomes non-compliant, where it is not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bites: Option<Timestamp>,
    /// The policy that states the rule, the connection's own or one that it inherits; nothing for what is demanded by
    /// nature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<PolicyId>,
    /// Who demands what, where a policy does: `Amazon Vendor Central requires AES-128 or stronger for encryption`.
    #[serde(skip)]
    pub demand: Option<Arc<str>>,
}

/// A text that many findings share, as any text.
fn shared<S: Serializer>(text: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(serializer)
}

impl Finding {
    /// From when its rule holds: `since 15 Oct 2019`, or `from 1 Jan 2027` where that is to come.
    #[must_use]
    pub fn dated(&self) -> Option<String> {
        let since = self.since?;
        let word = if self.bites == Some(since.instant()) { "from" } else { "since" };
        Some(format!("{word} {}", since.in_words()))
    }

    /// The same of a certificate of the partner that only verifies.
    pub(super) fn of_verifying(self, certificate: Fingerprint) -> Self {
        let reason = format!("Verifying certificate {}: {}", certificate.short(), self.reason);
        Self { certificate: Some(certificate), reason, ..self }
    }

    /// That the policy itself is not to be had.
    pub(super) fn unresolved(id: &PolicyId, reason: &ResolveError) -> Self {
        Self {
            setting: "policy",
            aspect: None,
            certificate: None,
            status: Status::Unknown,
            actual: id.to_string(),
            required: None,
            since: None,
            severity: None,
            reason: format!("The rules are not known: {reason}"),
            fix: None,
            source: None,
            quote: None,
            note: None,
            bites: None,
            stated_by: None,
            demand: None,
        }
    }
}

/// The findings of a profile. Among thousands of profiles many stand alike: what is the same is kept once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(Arc<[Arc<Finding>]>);

/// Goes over findings.
pub type FindingsIter<'f> = std::iter::Map<std::slice::Iter<'f, Arc<Finding>>, fn(&'f Arc<Finding>) -> &'f Finding>;

impl Findings {
    /// All of them, in their order.
    pub fn iter(&self) -> FindingsIter<'_> {
        self.0.iter().map(Arc::as_ref)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<Arc<Finding>>> for Findings {
    fn from(shared: Vec<Arc<Finding>>) -> Self {
        Self(shared.into())
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        Self(findings.into_iter().map(Arc::new).collect())
    }
}

impl<'f> IntoIterator for &'f Findings {
    type Item = &'f Finding;
    type IntoIter = FindingsIter<'f>;

    fn into_iter(self) -> FindingsIter<'f> {
        self.iter()
    }
}

impl std::ops::Index<usize> for Findings {
    type Output = Finding;

    fn index(&self, index: usize) -> &Finding {
        &self.0[index]
    }
}

impl Serialize for Findings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

/// How a profile stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProfileReport {
    /// Which of the connection's profiles.
    pub profile: ProfileKind,
    /// The worst of its findings.
    pub status: Status,
    /// Everything that was judged, the worst first and what is due by when it bites; else by rules first, in the policy's
    /// order, then by nature.
    pub findings: Findings,
    /// One cell for each column of the matrix, in the order of the columns.
    #[serde(skip)]
    pub cells: Cells,
}

impl ProfileReport {
    /// Of findings as the policy has them: the worst first, and of what is due what bites first and last what never does.
    pub(super) fn arranged(profile: ProfileKind, mut findings: Vec<Arc<Finding>>, cells: Cells) -> Self {
        findings.sort_by_key(|finding| {
            let due = finding.status == Status::Due;
            (finding.status, due && finding.bites.is_none(), finding.bites.filter(|_| due))
        });
        let status = Status::worst(findings.iter().map(|finding| finding.status));
        Self { profile, status, findings: findings.into(), cells }
    }
}

/// How a connection stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionReport {
    /// Which connection.
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// The policy it was judged by.
    pub policy: PolicyId,
    /// The worst of its profiles.
    pub status: Status,
    /// Its profiles, production first.
    pub profiles: Vec<ProfileReport>,
}

/// The answer of `check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The instant at which was judged.
    pub at: Timestamp,
    /// The worst of the connections.
    pub status: Status,
    /// The connections, in the order given.
    pub connections: Vec<ConnectionReport>,
}
