//! The audit log: who changed what, when. Written by what changes something, in the same transaction; here it is read,
//! verified and exported.

use std::path::Path;

use super::listing::Listing;
use super::transmission_export::ExportFormat;
use super::written::Growing;
use super::{App, AppError};
use crate::domain::audit::{AuditChange, AuditEntry};
use crate::store::{AuditFilter, AuditVerification};

/// So many are exported at a time.
const PAGE: u32 = 1_000;

/// The heads of the table.
const HEADS: [&str; 9] = ["number", "at", "by", "act", "subject", "what", "from", "to", "digest"];

/// In whose name the audit log is written: the user of the system, on this computer.
pub(super) fn who() -> String {
    let user = super::arrivals::user().unwrap_or_else(|| "an unknown user".to_owned());
    format!("{user} on {}", super::lease::host())
}

impl App {
    /// Entries of the audit log, the newest first.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn audit_entries(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, AppError> {
        match self.existing().await? {
            Some(workspace) => Ok(workspace.audit_entries(filter).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Reads the whole log and computes its chain of digests anew; says too whether an entry has this digest.
    ///
    /// # Errors
    /// Where the workspace cannot be read, or the digest is none.
    pub async fn verify_audit(&self, wanted: Option<&str>) -> Result<AuditVerification, AppError> {
        let wanted = wanted.map(str::trim);
        if wanted.is_some_and(|text| text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return Err(AppError::new("this is not the digest of an entry")
                .hint("give the 64 hex digits that `countersign audit verify` has printed as the last one"));
        }
        match self.existing().await? {
            Some(workspace) => Ok(workspace.verify_audit(wanted).await?),
            None => Ok(AuditVerification { entries: 0, last: None, broken: None, holds: wanted.map(|_| false) }),
        }
    }

    /// Writes the log to a file, the newest entry first: as a table with a line for each value that was changed, or as JSON.
    /// The file is there in full or as it was before. Returns how many entries they are.
    ///
    /// # Errors
    /// Where the workspace cannot be read, or the file not written.
    pub async fn export_audit(&self, format: ExportFormat, file: &Path) -> Result<u64, AppError> {
        let mut growing = Growing::begin(file)?;
        let mut filter = AuditFilter { most: PAGE, ..AuditFilter::default() };
        let mut listing = Listing::new(format, "entries", HEADS);
        growing.add(&listing.head())?;
        loop {
            let entries = self.audit_entries(&filter).await?;
            let Some(last) = entries.last() else { break };
            filter.before = Some(last.number);
            growing.add(&listing.more(&entries, rows)?)?;
        }
        growing.add(&listing.foot(""))?;
        growing.finish()?;
        Ok(listing.number)
    }
}

/// A row for each value that was changed, or one where none was.
fn rows(entry: &AuditEntry) -> Vec<[String; HEADS.len()]> {
    let row = |change: Option<&AuditChange>| {
        let of = |value: Option<&String>| value.cloned().unwrap_or_default();
        [
            entry.number.to_string(),
            entry.at.to_string(),
            entry.by.clone(),
            entry.act.to_string(),
            entry.subject.clone(),
            of(change.map(|change| &change.what)),
            of(change.and_then(|change| change.from.as_ref())),
            of(change.and_then(|change| change.to.as_ref())),
            entry.digest.clone(),
        ]
    };
    if entry.changes.is_empty() {
        vec![row(None)]
    } else {
        entry.changes.iter().map(|change| row(Some(change))).collect()
    }
}
