//! The cells of the matrix: one word and one status for each column of a profile.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::{Serialize, Serializer};

use super::evidence::{Evidence, Held, calendar_days};
use super::report::{Finding, Findings, Status};
use crate::domain::certificate::CertificateFacts;
use crate::domain::policy::CertificateRole;
use crate::domain::spelling::spelled;

spelled! {
    /// A column of the matrix of connections.
    pub enum Column {
        /// Content encryption.
        Encryption = "encryption",
        /// Signing.
        Signing = "signing",
        /// The partner's certificate in use.
        PartnerCertificate = "partner_certificate",
        /// The certificate of our identity.
        IdentityCertificate = "identity_certificate",
        /// The receipt that is asked for.
        Mdn = "mdn",
    }
}

impl Column {
    /// Its head.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Encryption => "Encryption",
            Self::Signing => "Signing",
            Self::PartnerCertificate => "Partner certificate",
            Self::IdentityCertificate => "Own certificate",
            Self::Mdn => "MDN",
        }
    }

    /// The column in which a setting of a finding shows; nothing for those that have none, such as `tls`.
    #[must_use]
    pub fn of(setting: &str) -> Option<Self> {
        match setting {
            "encryption" | "key_transport" => Some(Self::Encryption),
            "signing" | "signature_scheme" => Some(Self::Signing),
            "partner_certificate" => Some(Self::PartnerCertificate),
            "identity_certificate" => Some(Self::IdentityCertificate),
            "mdn" | "mdn_mic" | "mdn_url" | "receipt_deadline_minutes" => Some(Self::Mdn),
            _ => None,
        }
    }
}

/// How one column of a profile stands, in a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Which column.
    pub column: Column,
    /// The worst of its findings; unknown where the policy is, not applicable where no rule is about it.
    pub status: Status,
    /// What is there: `3DES`, `SHA-1 · 21 days`, `New on 28 Nov`.
    pub word: String,
}

/// The cells of a profile. What is the same for many is kept once, as its findings are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells(Arc<[Cell]>);

impl std::ops::Deref for Cells {
    type Target = [Cell];

    fn deref(&self) -> &[Cell] {
        &self.0
    }
}

impl FromIterator<Cell> for Cells {
    fn from_iter<I: IntoIterator<Item = Cell>>(cells: I) -> Self {
        Self(cells.into_iter().collect())
    }
}

impl<'c> IntoIterator for &'c Cells {
    type Item = &'c Cell;
    type IntoIter = std::slice::Iter<'c, Cell>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

/// The cells of a profile, one for each column in their order. The findings come the worst first.
pub(super) fn cells(evidence: &Evidence<'_, '_>, findings: &Findings, policy_known: bool, at: Timestamp) -> Cells {
    let mut worsts: [Option<&Finding>; Column::ALL.len()] = [None; Column::ALL.len()];
    for finding in findings {
        if let Some(worst) = Column::of(finding.setting).and_then(|column| worsts.get_mut(column as usize)) {
            worst.get_or_insert(finding);
        }
    }
    Column::ALL
        .iter()
        .zip(worsts)
        .map(|(column, worst)| {
            let status = match worst {
                Some(finding) if policy_known || finding.status < Status::Unknown => finding.status,
                _ if !policy_known => Status::Unknown,
                _ => Status::NotApplicable,
            };
            let word = match column {
                Column::Encryption => setting_word(*column, evidence.profile.encryption.label(), worst),
                Column::Signing => setting_word(*column, evidence.profile.signing.label(), worst),
                Column::Mdn => setting_word(*column, evidence.profile.mdn.label(), worst),
                Column::PartnerCertificate => certificate_word(CertificateRole::Partner, evidence, worst, at),
                Column::IdentityCertificate => certificate_word(CertificateRole::Identity, evidence, worst, at),
            };
            Cell { column: *column, status, word }
        })
        .collect()
}

/// The setting itself, or what is wrong beside it.
fn setting_word(column: Column, label: &str, worst: Option<&Finding>) -> String {
    match worst {
        Some(finding) if finding.status < Status::Compliant && finding.setting != column.as_str() => {
            let prefix = if finding.setting == "mdn_mic" { "MIC " } else { "" };
            format!("{prefix}{}", finding.actual)
        }
        _ => label.to_owned(),
    }
}

fn certificate_word(
    role: CertificateRole,
    evidence: &Evidence<'_, '_>,
    worst: Option<&Finding>,
    at: Timestamp,
) -> String {
    let facts = match evidence.held(role, at) {
        Held::Known(facts) => facts,
        Held::Missing { word, .. } => return word.to_owned(),
        Held::NotNeeded(_) => return "Not needed".to_owned(),
    };
    if let Some(finding) = worst.filter(|worst| worst.certificate.is_some() && worst.status < Status::Compliant) {
        return verifying_word(finding, at);
    }
    let activation = match role {
        CertificateRole::Partner => evidence.activation(at),
        CertificateRole::Identity => None,
    };
    let follows = evidence.successor(role, at);
    let aspect = worst.and_then(|finding| finding.aspect);
    match worst.map(|finding| (finding, finding.status)) {
        Some((finding, Status::NonCompliant)) if aspect == Some("validity") => finding.actual.clone(),
        Some((finding, Status::Unknown)) => finding.actual.clone(),
        Some((finding, Status::NonCompliant | Status::Advice)) => {
            format!("{} · {}", finding.actual, rest(facts, at))
        }
        // What lasts only until then is louder than that something comes.
        Some((finding, Status::Due)) if aspect == Some("validity") => match (finding.bites, follows) {
            (None, Some((_, when, zone))) => new_on(when, zone, at),
            (bites, _) => days_left(bites.unwrap_or(facts.not_after), at),
        },
        Some((finding, Status::Due)) => match follows {
            Some((_, when, zone)) if finding.bites == Some(when) => new_on(when, zone, at),
            _ => format!("{} · {}", finding.actual, rest(facts, at)),
        },
        _ => match activation {
            Some((entry, when)) => new_on(when, entry.zone.as_deref(), at),
            None => {
                let hash = facts.signature.hash.map_or_else(|| facts.key.to_string(), |hash| hash.label().to_owned());
                format!("{hash} · {}", rest(facts, at))
            }
        },
    }
}

/// What is wrong with the certificate that only verifies: `Verifying: SHA-1`.
fn verifying_word(finding: &Finding, at: Timestamp) -> String {
    match finding.bites {
        Some(end) if finding.aspect == Some("validity") => {
            format!("Verifying: {}", days_left(end, at).to_lowercase())
        }
        _ => format!("Verifying: {}", finding.actual),
    }
}

/// How long a certificate lasts yet: `21 days`, `5 mo`, `2 y`, always rounded down.
fn rest(facts: &CertificateFacts, at: Timestamp) -> String {
    match facts.days_left(at) {
        days if days < 0 => "ended".to_owned(),
        0 if calendar_days(at, facts.not_after) == 0 => "today".to_owned(),
        0 => "tomorrow".to_owned(),
        1 => "1 day".to_owned(),
        days if days < 90 => format!("{days} days"),
        days if days < 365 => format!("{} mo", days * 12 / 365),
        days => format!("{} y", days / 365),
    }
}

fn days_left(end: Timestamp, at: Timestamp) -> String {
    match (end.as_second() - at.as_second()).div_euclid(86_400) {
        days if days <= 0 && calendar_days(at, end) <= 0 => "Ends today".to_owned(),
        days if days <= 0 => "Ends tomorrow".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}

/// `New on 28 Nov`, in the zone the activation was stated in; with the year where that is not plain.
fn new_on(when: Timestamp, zone: Option<&str>, at: Timestamp) -> String {
    let local = zone
        .and_then(|name| TimeZone::get(name).ok())
        .map_or_else(|| Offset::UTC.to_datetime(when), |zone| zone.to_datetime(when));
    let far = when.as_second() - at.as_second() > 300 * 86_400;
    let form = if far { "%-d %b %Y" } else { "%-d %b" };
    format!("New on {}", local.strftime(form))
}
