//! The audit log in the database: written in the transaction that does what it tells of, so that neither is there without the
//! other; a chain of digests, so that no entry is changed, put in or taken out unseen.
//!
//! Whoever can write the database can write a whole new chain. The digest of the last entry, kept elsewhere, is what shows
//! that: [`Workspace::verify_audit`] says whether it is still in the log.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use serde::Serialize;

use crate::domain::audit::{AuditAct, AuditChange, AuditEntry, AuditNote};
use crate::domain::certificate::hex;

use super::error::StoreError;
use super::session::{Session, column, from_json, parsed, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// So many are written by one statement.
const AT_ONCE: usize = 64;

/// So many are read at a time.
const PAGE: u32 = 5_000;

/// What stands for the digest before the first entry.
const BEGINNING: &str = "";

const READING: &str = "read the audit log";

/// In whose name entries are made, and by which clock.
#[derive(Clone)]
pub struct Witness {
    /// Who: the user of the system, and the computer.
    pub by: String,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness").field("by", &self.by).finish_non_exhaustive()
    }
}

/// Which entries are wanted, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those whose act, subject, person or changes hold this text, whatever its capitals.
    pub search: String,
    /// Those before this number.
    pub before: Option<u64>,
    /// At most so many.
    pub most: u32,
}

/// What a look at the whole log has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditVerification {
    /// How many entries there are.
    pub entries: u64,
    /// The digest of the last one; nothing where there is none.
    pub last: Option<String>,
    /// The first entry that is not as it was written, or is missing, and in which way.
    pub broken: Option<(u64, String)>,
    /// Whether the digest that was asked for is that of an entry; nothing where none was, or where the log could not be
    /// read to its end.
    pub holds: Option<bool>,
}

impl Transaction {
    /// Has an entry written when this is committed.
    pub fn note(&mut self, note: AuditNote) {
        self.notes.push(note);
    }
}

impl Workspace {
    /// Writes an entry about something that changes nothing else here, such as a key that was exported.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn note(&self, note: AuditNote) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.note(note);
        transaction.commit().await
    }

    /// Entries of the audit log, the newest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn audit_entries(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        // Capitals of ASCII alone, as SQLite has it: acts, keys and ids have no others.
        let statement = sql("SELECT number, at, done_by, act, subject, changes, digest FROM audit
             WHERE number < $1 AND ($2 = '' OR instr(lower(act || char(10) || subject || char(10) || done_by || char(10) ||
                 coalesce((SELECT group_concat(atom, char(10)) FROM json_tree(changes) WHERE atom IS NOT NULL), '')),
                 lower($2)) > 0)
             ORDER BY number DESC LIMIT $3")
        .bind(filter.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX)))
        .bind(filter.search.trim().to_owned())
        .bind(i64::from(filter.most));
        let rows = self.reading(READING).await?.rows(READING, statement).await?;
        rows.iter().map(entry).collect()
    }

    /// Reads the whole log and computes every digest anew.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn verify_audit(&self, wanted: Option<&str>) -> Result<AuditVerification, StoreError> {
        let mut session = self.reading(READING).await?;
        let mut found = AuditVerification { entries: 0, last: None, broken: None, holds: wanted.map(|_| false) };
        let mut previous = BEGINNING.to_owned();
        loop {
            let statement = sql("SELECT number, at, done_by, act, subject, changes, digest FROM audit
                 WHERE number > $1 ORDER BY number LIMIT $2");
            let last = i64::try_from(found.entries).unwrap_or(i64::MAX);
            let rows = session.rows(READING, statement.bind(last).bind(i64::from(PAGE))).await?;
            for row in &rows {
                let number = found.entries + 1;
                let written = Written::of(row)?;
                // Behind the first that is wrong nothing is read any more: what stands there is not known.
                let broken = |found: AuditVerification, why: &str| AuditVerification {
                    holds: found.holds.filter(|holds| *holds),
                    broken: Some((number, why.to_owned())),
                    ..found
                };
                if written.number != i64::try_from(number).unwrap_or(i64::MAX) {
                    return Ok(broken(found, "it is missing"));
                }
                let digest = written.digest(&previous);
                if digest != column::<String>(row, "digest")? {
                    return Ok(broken(found, "it, or the one before it, is not as it was written"));
                }
                if wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case(&digest)) {
                    found.holds = Some(true);
                }
                found.entries = number;
                previous = digest;
            }
            if rows.is_empty() {
                found.last = (found.entries > 0).then_some(previous);
                return Ok(found);
            }
        }
    }
}

/// Adds entries after the last one, inside the caller's transaction.
pub(super) async fn append(
    session: &mut Session,
    notes: &[AuditNote],
    at: Timestamp,
    by: &str,
) -> Result<(), StoreError> {
    const DOING: &str = "write the audit log";
    if notes.is_empty() {
        return Ok(());
    }
    let last = session.row(DOING, sql("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")).await?;
    let (mut number, mut previous) = match &last {
        Some(row) => (column::<i64>(row, "number")?, column::<String>(row, "digest")?),
        None => (0, BEGINNING.to_owned()),
    };
    for some in notes.chunks(AT_ONCE) {
        let row = |index: usize| {
            let places: Vec<String> = (1..=7).map(|place| format!("${}", 7 * index + place)).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (0..some.len()).map(row).collect();
        let text = format!(
            "INSERT INTO audit (number, at, done_by, act, subject, changes, digest) VALUES {}",
            rows.join(", ")
        );
        // Put together from this file's own words; every value is an argument.
        let mut statement = sqlx::query(sqlx::AssertSqlSafe(text));
        for note in some {
            number += 1;
            let written = Written {
                number,
                at: at.to_string(),
                by: by.to_owned(),
                act: note.act.to_string(),
                subject: note.subject.clone(),
                changes: to_json("the audit log", &note.changes)?,
            };
            previous = written.digest(&previous);
            statement = statement
                .bind(written.number)
                .bind(written.at)
                .bind(written.by)
                .bind(written.act)
                .bind(written.subject)
                .bind(written.changes)
                .bind(previous.clone());
        }
        session.execute(DOING, statement).await?;
    }
    Ok(())
}

/// An entry as it stands in the database.
struct Written {
    number: i64,
    at: String,
    by: String,
    act: String,
    subject: String,
    changes: String,
}

impl Written {
    fn of(row: &sqlx::any::AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: column(row, "number")?,
            at: column(row, "at")?,
            by: column(row, "done_by")?,
            act: column(row, "act")?,
            subject: column(row, "subject")?,
            changes: column(row, "changes")?,
        })
    }

    /// SHA-256 over the digest before it and over each of its parts with its length, so that no two entries read the same.
    fn digest(&self, previous: &str) -> String {
        let mut context = Context::new(&SHA256);
        let number = self.number.to_string();
        for part in [previous, &number, &self.at, &self.by, &self.act, &self.subject, &self.changes] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        hex(context.finish().as_ref())
    }
}

fn entry(row: &sqlx::any::AnyRow) -> Result<AuditEntry, StoreError> {
    let number: i64 = column(row, "number")?;
    Ok(AuditEntry {
        number: number.unsigned_abs(),
        at: parsed(row, "at")?,
        by: column(row, "done_by")?,
        act: parsed::<AuditAct>(row, "act")?,
        subject: column(row, "subject")?,
        changes: from_json::<Vec<AuditChange>>("an entry of the audit log", &column::<String>(row, "changes")?)?,
        digest: column(row, "digest")?,
    })
}

#[cfg(test)]
mod tests;
