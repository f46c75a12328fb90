//! The audit log: who changed what, when. Written by what changes something, in the same transaction; here it is read,
//! verified and exported.

use std::path::Path;

use super::report::csv::harmless;
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
        let mut number = 0;
        growing.add(&match format {
            // Spreadsheets take a file for UTF-8 only where it says so.
            ExportFormat::Csv => format!("\u{feff}{}\r\n", HEADS.join(",")).into_bytes(),
            ExportFormat::Json => b"{\"entries\":[".to_vec(),
        })?;
        loop {
            let entries = self.audit_entries(&filter).await?;
            let Some(last) = entries.last() else { break };
            filter.before = Some(last.number);
            growing.add(&match format {
                ExportFormat::Csv => table(&entries)?,
                ExportFormat::Json => documents(&entries, number == 0)?,
            })?;
            number += entries.len() as u64;
        }
        if format == ExportFormat::Json {
            growing.add(b"]}\n")?;
        }
        growing.finish()?;
        Ok(number)
    }
}

fn cannot(error: &dyn std::fmt::Display) -> AppError {
    AppError::new(format!("the audit log cannot be written: {error}"))
}

fn table(entries: &[AuditEntry]) -> Result<Vec<u8>, AppError> {
    let mut sheet = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let nothing = [AuditChange { what: String::new(), from: None, to: None }];
    for entry in entries {
        let changes = if entry.changes.is_empty() { &nothing[..] } else { &entry.changes[..] };
        for change in changes {
            let cells = [
                entry.number.to_string(),
                entry.at.to_string(),
                entry.by.clone(),
                entry.act.to_string(),
                entry.subject.clone(),
                change.what.clone(),
                change.from.clone().unwrap_or_default(),
                change.to.clone().unwrap_or_default(),
                entry.digest.clone(),
            ];
            sheet.write_record(cells.map(|cell| harmless(&cell))).map_err(|error| cannot(&error))?;
        }
    }
    sheet.into_inner().map_err(|error| cannot(&error))
}

fn documents(entries: &[AuditEntry], is_first: bool) -> Result<Vec<u8>, AppError> {
    let mut text = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if !is_first || index > 0 {
            text.extend_from_slice(b",\n");
        }
        serde_json::to_writer(&mut text, entry).map_err(|error| cannot(&error))?;
    }
    Ok(text)
}
