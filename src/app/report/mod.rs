//! The evidence: what is used, how it stands, what is scheduled, what was proven, by which rules, as of which instant.
//!
//! What PCI DSS 4.0.1 asks for in 4.2.1.1 (an inventory of trusted keys and certificates) and 12.3.3 (of cipher suites
//! and protocols in use), and what a partner's auditor asks for. [`App::report`] gathers it once; HTML, CSV and JSON say
//! the same.

pub(super) mod csv;
mod gather;
mod html;

pub(super) use html::Text;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::written::write_whole;
use super::{App, AppError};
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint};
use crate::domain::compliance::{Cells, Findings, Status};
use crate::domain::identifier::{ConnectionId, IdentityName, PolicyId, ProfileKind};
use crate::domain::notice::Affected;
use crate::domain::policy::PolicyKind;
use crate::domain::spelling::spelled;
use crate::domain::timeline::CertificatePurpose;
use crate::domain::transmission::{DeliveryEvidence, TransmissionId};

spelled! {
    /// How a report is written.
    pub enum ReportFormat {
        /// To be read and printed: one file, nothing beside it.
        Html = "html",
        /// For spreadsheets.
        Csv = "csv",
        /// For programs.
        Json = "json",
    }
}

/// The evidence as of an instant.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// As of when it was judged.
    pub at: Timestamp,
    /// When, by whom, by what and of which workspace it was made.
    pub made: Made,
    /// The worst of all.
    pub status: Status,
    /// What it comes to.
    pub summary: ReportSummary,
    /// Every certificate in the workspace, ours and theirs, the one that ends first at the head.
    pub certificates: Vec<ReportedCertificate>,
    /// Every algorithm and protocol that is set, with where.
    pub algorithms: Vec<ReportedAlgorithm>,
    /// Every connection with its profiles.
    pub connections: Vec<ReportedConnection>,
    /// What is going to happen, in its order.
    pub schedule: Vec<Scheduled>,
    /// How many messages came to what.
    pub transmissions: ReportedTransmissions,
    /// The policies that were judged by.
    pub policies: Vec<ReportedPolicy>,
}

/// Where a report comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// When it was made.
    pub at: Timestamp,
    /// Who made it, as the system knows them.
    pub by: String,
    /// The program and its version.
    pub program: String,
    /// Of which workspace.
    pub workspace: String,
}

/// What a report comes to, in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReportSummary {
    /// Connections.
    pub connections: usize,
    /// Profiles.
    pub profiles: usize,
    /// How many profiles stand how, the worst first; without those that none does.
    pub standing: Vec<StatusCount>,
    /// Certificates in use that have ended or end within 45 days.
    pub ending: usize,
    /// Profiles whose delivery was never proven.
    pub unproven: usize,
}

/// How many profiles stand so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StatusCount {
    /// How.
    pub status: Status,
    /// How many.
    pub profiles: usize,
}

/// One certificate of the inventory.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedCertificate {
    /// The identity, where it is ours.
    pub identity: Option<IdentityName>,
    /// What is known of it.
    #[serde(flatten)]
    pub facts: CertificateFacts,
    /// Whole days to its end; negative once it has ended.
    pub days_left: i64,
    /// Where it came from.
    pub source: Option<String>,
    /// When its fingerprint was confirmed, and how.
    pub confirmed: Option<ReportedConfirmation>,
    /// What speaks against it.
    pub warnings: Vec<CertificateWarning>,
    /// What it is used for.
    pub used: Vec<ReportedUse>,
    /// What follows it.
    pub successor: Option<Fingerprint>,
}

/// That a fingerprint was confirmed.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedConfirmation {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: String,
}

/// What a certificate is used for in a profile.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedUse {
    /// Where.
    #[serde(flatten)]
    pub place: Affected,
    /// What for: `encrypt`, `verify`; nothing for our own, which signs and decrypts.
    #[serde(rename = "use")]
    pub purpose: Option<CertificatePurpose>,
    /// From when; always, where absent.
    pub from: Option<Timestamp>,
    /// Until when; for good, where absent.
    pub until: Option<Timestamp>,
    /// Whether it is used so at the instant.
    pub now: bool,
}

/// An algorithm or protocol that is set.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedAlgorithm {
    /// What for: the key of the connection file.
    pub setting: &'static str,
    /// In words.
    pub purpose: &'static str,
    /// Its spelling.
    pub value: String,
    /// As people write it.
    pub label: String,
    /// Which profiles.
    pub profiles: Vec<Affected>,
}

/// A connection with how it stands.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// Its policy.
    pub policy: PolicyId,
    /// The worst of its profiles.
    pub status: Status,
    /// Its profiles.
    pub profiles: Vec<ReportedProfile>,
}

/// A profile with how it stands and what was proven of it.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedProfile {
    /// Which of the two.
    pub profile: ProfileKind,
    /// The worst of its findings.
    pub status: Status,
    /// Our AS2 identifier.
    pub our_as2_id: String,
    /// The partner's.
    pub partner_as2_id: String,
    /// Where messages go, without what may be secret in the address.
    pub url: String,
    /// A word for each column of the matrix.
    pub cells: Cells,
    /// Everything that was judged.
    pub findings: Findings,
    /// The newest message of which a signed receipt proves that the partner has what was sent.
    pub proven: Option<ReportedDelivery>,
    /// The newest message that was delivered, whatever speaks for it.
    pub delivered: Option<ReportedDelivery>,
}

/// A message that was delivered.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedDelivery {
    /// When.
    pub at: Timestamp,
    /// The transmission.
    pub id: TransmissionId,
    /// Its Message-ID.
    pub message_id: String,
    /// What speaks for it.
    pub evidence: DeliveryEvidence,
}

/// Something that is going to happen.
#[derive(Clone, Debug, Serialize)]
pub struct Scheduled {
    /// When.
    pub at: Timestamp,
    /// What: `activation` of a partner's certificate, `own-activation` of one of ours, or a kind of notice.
    pub kind: String,
    /// In words.
    pub what: String,
    /// For which profiles.
    pub profiles: Vec<Affected>,
}

/// Messages of a period, counted.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedTransmissions {
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// By connection; the last, without one, are those that belong to none.
    pub connections: Vec<ReportedTraffic>,
}

/// The messages of one connection, counted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReportedTraffic {
    /// Which connection.
    pub connection: Option<ConnectionId>,
    /// Sent, and delivered.
    pub delivered: u64,
    /// Sent, and known to have failed.
    pub failed: u64,
    /// Sent, and nobody knows.
    pub uncertain: u64,
    /// Sent or to be sent, and not decided yet.
    pub open: u64,
    /// Received.
    pub received: u64,
    /// Refused.
    pub refused: u64,
}

/// A policy that was judged by.
#[derive(Clone, Debug, Serialize)]
pub struct ReportedPolicy {
    /// Its id.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub kind: Option<PolicyKind>,
    /// The day on which it was last changed.
    pub updated: Option<jiff::civil::Date>,
    /// How many rules it has, with inherited ones.
    pub rules: usize,
    /// Why its file cannot be read, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The days on which its sources were looked at, the first and the last.
    pub checked: Option<(jiff::civil::Date, jiff::civil::Date)>,
    /// How many connections are judged by it.
    pub connections: usize,
}

impl Report {
    /// The report as a file.
    ///
    /// # Errors
    /// Never for a report that was gathered; the writer's own where a value has no form in JSON.
    pub fn write(&self, format: ReportFormat) -> Result<String, AppError> {
        match format {
            ReportFormat::Html => Ok(html::page(self)),
            ReportFormat::Csv => Ok(csv::sheets(self)),
            ReportFormat::Json => serde_json::to_string_pretty(self)
                .map(|text| text + "\n")
                .map_err(|error| AppError::new(format!("the report cannot be written: {error}"))),
        }
    }
}

impl App {
    /// Writes a report to a file: all of it or nothing.
    ///
    /// # Errors
    /// Where the workspace cannot be read or the file cannot be written.
    pub async fn write_report(&self, format: ReportFormat, at: Option<Timestamp>, file: &Path) -> Result<(), AppError> {
        let text = self.report(at).await?.write(format)?;
        write_whole(file, text.as_bytes())
    }

    /// Writes the calendar to a file: all of it or nothing.
    ///
    /// # Errors
    /// Where the workspace cannot be read or the file cannot be written.
    pub async fn write_calendar(&self, file: &Path) -> Result<(), AppError> {
        let text = self.calendar().await?;
        write_whole(file, text.as_bytes())
    }
}
