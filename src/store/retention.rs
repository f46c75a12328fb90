//! What is kept of each transmission, measured: what retention decides from.

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::domain::retention::{Held, Holding, RetentionKind, RetentionMark, RetentionRules};
use crate::domain::transmission::{Transmission, TransmissionId};

use super::error::StoreError;
use super::journal::key;
use super::session::{column, from_json, parsed, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;
use super::writing::Writing;

/// A transmission whose bytes are to be measured.
#[derive(Clone, Debug)]
pub struct Unmeasured {
    /// How often it had been journalled when this was read.
    pub changes: i64,
    /// The transmission, without its stages.
    pub transmission: Transmission,
    /// How many bytes its entry has.
    pub journal: u64,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Bytes of the kinds of files, in the order of [`RetentionKind::FILES`].
    pub files: [Option<u64>; 3],
    /// Bytes of the entry.
    pub journal: u64,
    /// What the journal says against letting anything go.
    pub held: Option<Held>,
}

/// What is kept of a transmission, as it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which.
    pub id: TransmissionId,
    /// How often it had been journalled then.
    pub changes: i64,
    /// What there is of it.
    pub holding: Holding,
}

/// What has gone of a transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// What.
    pub kind: RetentionKind,
    /// When.
    pub at: Timestamp,
    /// Whether the files are gone; else they are still being taken away.
    pub done: bool,
}

const MEASURING: &str = "look what is kept";

impl Workspace {
    /// Some transmissions whose bytes are to be measured, after one.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn to_measure(&self, after: Option<TransmissionId>, most: u32) -> Result<Vec<Unmeasured>, StoreError> {
        let statement = sql("SELECT h.changes, t.document,
                 length(t.document) + coalesce(length(t.sent_as), 0)
                 + (SELECT coalesce(sum(length(s.document)), 0) FROM stages s WHERE s.transmission = t.id) AS journal
             FROM holdings h JOIN transmissions t ON t.id = h.transmission
             WHERE h.changes <> h.measured AND h.transmission > $1 ORDER BY h.transmission LIMIT $2")
        .bind(after.map(key).unwrap_or_default())
        .bind(i64::from(most));
        let rows = self.reading(MEASURING).await?.rows(MEASURING, statement).await?;
        rows.iter()
            .map(|row| {
                Ok(Unmeasured {
                    changes: column(row, "changes")?,
                    transmission: from_json("a transmission", &column::<String>(row, "document")?)?,
                    journal: column::<i64>(row, "journal")?.unsigned_abs(),
                })
            })
            .collect()
    }

    /// What is kept of some transmissions after one, the oldest first, as far as it is measured and any rule is about it.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn kept_after(
        &self,
        after: Option<TransmissionId>,
        most: u32,
        rules: &RetentionRules,
    ) -> Result<Vec<Kept>, StoreError> {
        let mut writing = Writing::default();
        let after = writing.text(&after.map(key).unwrap_or_default());
        writing.and(format!("h.transmission > {after}"));
        writing.and("h.changes = h.measured".to_owned());
        if !rules.journal.is_active() {
            let about = RetentionKind::FILES.iter().filter(|kind| rules.of(**kind).is_active());
            let about: Vec<String> = about.map(|kind| format!("h.{kind} IS NOT NULL")).collect();
            writing.and(if about.is_empty() { "1 = 0".to_owned() } else { format!("({})", about.join(" OR ")) });
        }
        let most = writing.number(i64::from(most));
        // Ids are UUIDs of version 7: in their order the oldest come first.
        let text = format!("{KEPT}{} ORDER BY h.transmission LIMIT {most}", writing.wheres());
        let rows = self.reading(MEASURING).await?.rows(MEASURING, writing.statement(text)).await?;
        rows.iter().map(kept).collect()
    }

    /// What has gone of a transmission.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn removals(&self, id: TransmissionId) -> Result<Vec<Removal>, StoreError> {
        const DOING: &str = "look what was removed";
        let statement =
            sql("SELECT kind, at_ns, done FROM removals WHERE transmission = $1 ORDER BY kind").bind(key(id));
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        rows.iter()
            .map(|row| {
                Ok(Removal { kind: parsed(row, "kind")?, at: instant(row)?, done: column::<i64>(row, "done")? != 0 })
            })
            .collect()
    }

    /// When the entry of a transmission was removed, whose id begins with these hex digits.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn entry_removed(&self, digits: &str) -> Result<Option<Timestamp>, StoreError> {
        const DOING: &str = "look what was removed";
        let digits: String =
            digits.chars().filter(|digit| *digit != '-').map(|digit| digit.to_ascii_lowercase()).collect();
        // `g` is greater than every hex digit.
        let statement =
            sql("SELECT at_ns FROM removals WHERE transmission >= $1 AND transmission < $2 AND kind = 'journal'
             ORDER BY transmission LIMIT 1")
            .bind(digits.clone())
            .bind(format!("{digits}g"));
        self.reading(DOING).await?.row(DOING, statement).await?.as_ref().map(instant).transpose()
    }

    /// What somebody has decided about a transmission.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn retention_mark(&self, id: TransmissionId) -> Result<Option<RetentionMark>, StoreError> {
        const DOING: &str = "look whether a transmission is to be kept";
        let statement = sql("SELECT mark FROM retention_marks WHERE transmission = $1").bind(key(id));
        self.reading(DOING).await?.row(DOING, statement).await?.map(|row| parsed(&row, "mark")).transpose()
    }

    /// The newest transmissions of each profile by direction and verdict, and those that show with which certificate it last
    /// signed and encrypted: what a rarely used connection is known by.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn last_of_profiles(&self) -> Result<HashSet<TransmissionId>, StoreError> {
        const DOING: &str = "look for the last transmissions of each profile";
        let mut session = self.reading(DOING).await?;
        let mut found = HashSet::new();
        for text in [
            "SELECT max(transmission) AS id FROM listed WHERE connection <> '' GROUP BY connection, profile, direction, verdict",
            "SELECT max(id) AS id FROM transmissions WHERE signed_with IS NOT NULL GROUP BY signed_with, connection, profile",
            "SELECT max(id) AS id FROM transmissions WHERE encrypted_for IS NOT NULL GROUP BY encrypted_for, connection, profile",
        ] {
            for row in session.rows(DOING, sql(text)).await? {
                found.insert(parsed(&row, "id")?);
            }
        }
        Ok(found)
    }
}

impl Transaction {
    /// Keeps what was measured of a transmission, unless it was journalled once more since. Answers whether it was kept.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_measure(&mut self, of: &Unmeasured, measured: &Measured) -> Result<bool, StoreError> {
        let number = |bytes: Option<u64>| bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        let [payload, raw, receipt] = measured.files;
        let statement =
            sql("UPDATE holdings SET measured = changes, payload = $3, raw = $4, receipt = $5, journal = $6,
             held = $7 WHERE transmission = $1 AND changes = $2")
            .bind(key(of.transmission.id))
            .bind(of.changes)
            .bind(number(payload))
            .bind(number(raw))
            .bind(number(receipt))
            .bind(number(Some(measured.journal)))
            .bind(measured.held.map(|held| held.as_str().to_owned()));
        Ok(self.session.execute("keep what there is of a transmission", statement).await? > 0)
    }

    /// Has a transmission measured anew, whose files have changed though its entry has not.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn measure_again(&mut self, id: TransmissionId) -> Result<(), StoreError> {
        let statement = sql("UPDATE holdings SET changes = changes + 1 WHERE transmission = $1").bind(key(id));
        self.session.execute("keep that a transmission is to be measured", statement).await.map(|_| ())
    }

    /// Keeps what somebody has decided about a transmission, or that it is decided no more.
    ///
    /// # Errors
    /// Where the transmission is not journalled, or the database cannot be written.
    pub async fn put_retention_mark(
        &mut self,
        id: TransmissionId,
        mark: Option<RetentionMark>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const DOING: &str = "keep whether a transmission is to be kept";
        let statement = match mark {
            None => sql("DELETE FROM retention_marks WHERE transmission = $1").bind(key(id)),
            Some(mark) => sql("INSERT INTO retention_marks (transmission, mark, made_at) VALUES ($1, $2, $3)
                 ON CONFLICT (transmission) DO UPDATE SET mark = excluded.mark, made_at = excluded.made_at")
            .bind(key(id))
            .bind(mark.as_str())
            .bind(now.to_string()),
        };
        self.session.execute(DOING, statement).await.map(|_| ())
    }
}

/// What [`kept`] reads, without conditions.
pub(super) const KEPT: &str =
    "SELECT h.transmission, h.at_ns, h.changes, h.payload, h.raw, h.receipt, h.journal, h.held,
     (SELECT mark FROM retention_marks m WHERE m.transmission = h.transmission) AS mark,
     (SELECT count(*) FROM duties d WHERE d.transmission = h.transmission) AS due
 FROM holdings h";

pub(super) fn kept(row: &AnyRow) -> Result<Kept, StoreError> {
    let bytes = |name: &'static str| -> Result<Option<u64>, StoreError> {
        Ok(column::<Option<i64>>(row, name)?.map(i64::unsigned_abs))
    };
    let held: Option<String> = column(row, "held")?;
    let held = held.map(|held| held.parse::<Held>()).transpose().map_err(StoreError::damaged("the column `held`"))?;
    let mark: Option<String> = column(row, "mark")?;
    let mark = mark.map(|mark| mark.parse()).transpose().map_err(StoreError::damaged("the column `mark`"))?;
    Ok(Kept {
        id: parsed(row, "transmission")?,
        changes: column(row, "changes")?,
        holding: Holding {
            at: instant(row)?,
            bytes: [bytes("payload")?, bytes("raw")?, bytes("receipt")?, bytes("journal")?],
            held: Held::of(held, column::<i64>(row, "due")? > 0, mark),
            is_last: false,
        },
    })
}

pub(super) fn instant(row: &AnyRow) -> Result<Timestamp, StoreError> {
    Timestamp::from_nanosecond(i128::from(column::<i64>(row, "at_ns")?)).map_err(StoreError::damaged("an instant"))
}
