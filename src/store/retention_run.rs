//! Letting go: the journal says so first, then the files are taken away, then the journal says that they are. Killed between
//! any two of these, whoever runs next goes on where it was.

use jiff::Timestamp;

use crate::domain::retention::RetentionKind;
use crate::domain::transmission::{Transmission, TransmissionId};

use super::error::StoreError;
use super::journal::{key, nanoseconds};
use super::retention::{KEPT, kept};
use super::session::{column, from_json, parsed, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;
use super::writing::Writing;

/// So many removals are finished at a time.
const MOST_AT_ONCE: i64 = 500;

/// How many runs are remembered.
const MOST_RUNS: i64 = 400;

/// What there is of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptBytes {
    /// Of how many transmissions there is something, in the order of [`RetentionKind::ALL`].
    pub number: [u64; 4],
    /// How many bytes.
    pub bytes: [u64; 4],
    /// How many transmissions are not measured as they are now.
    pub unmeasured: u64,
}

/// A removal that the journal tells of and that may not be done.
#[derive(Clone, Debug)]
pub struct OpenRemoval {
    /// Of which transmission.
    pub id: TransmissionId,
    /// What goes.
    pub kinds: Vec<RetentionKind>,
    /// The transmission, without its stages; nothing where its entry goes too.
    pub transmission: Option<Transmission>,
}

impl Workspace {
    /// What there is of each kind, as it was measured.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn kept_bytes(&self) -> Result<KeptBytes, StoreError> {
        const DOING: &str = "add up what is kept";
        let statement =
            sql("SELECT count(payload) AS payload, CAST(coalesce(sum(payload), 0) AS BIGINT) AS payload_bytes,
                 count(raw) AS raw, CAST(coalesce(sum(raw), 0) AS BIGINT) AS raw_bytes,
                 count(receipt) AS receipt, CAST(coalesce(sum(receipt), 0) AS BIGINT) AS receipt_bytes,
                 count(journal) AS journal, CAST(coalesce(sum(journal), 0) AS BIGINT) AS journal_bytes,
                 (SELECT count(*) FROM holdings WHERE changes <> measured) AS unmeasured
             FROM holdings");
        let row = self.reading(DOING).await?.row(DOING, statement).await?;
        let row = row.ok_or_else(|| StoreError::damaged("the journal")("it cannot be added up"))?;
        let number = |name: &'static str| column::<i64>(&row, name).map(i64::unsigned_abs);
        Ok(KeptBytes {
            number: [number("payload")?, number("raw")?, number("receipt")?, number("journal")?],
            bytes: [number("payload_bytes")?, number("raw_bytes")?, number("receipt_bytes")?, number("journal_bytes")?],
            unmeasured: number("unmeasured")?,
        })
    }

    /// Removals that were begun, at most a few hundred: the files may still be there.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn open_removals(&self) -> Result<Vec<OpenRemoval>, StoreError> {
        const DOING: &str = "look for what is being removed";
        let statement = sql("SELECT r.transmission, r.kind, t.document
             FROM removals r LEFT JOIN transmissions t ON t.id = r.transmission
             WHERE r.done = 0 ORDER BY r.transmission LIMIT $1")
        .bind(MOST_AT_ONCE);
        let mut found: Vec<OpenRemoval> = Vec::new();
        for row in &self.reading(DOING).await?.rows(DOING, statement).await? {
            let (id, kind): (TransmissionId, RetentionKind) = (parsed(row, "transmission")?, parsed(row, "kind")?);
            match found.last_mut().filter(|last| last.id == id) {
                Some(last) => last.kinds.push(kind),
                None => {
                    let document: Option<String> = column(row, "document")?;
                    let transmission = document.map(|text| from_json("a transmission", &text)).transpose()?;
                    found.push(OpenRemoval { id, kinds: vec![kind], transmission });
                }
            }
        }
        Ok(found)
    }

    /// What the last runs came to, the newest first, as they were written.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn retention_runs(&self, most: u32) -> Result<Vec<String>, StoreError> {
        const DOING: &str = "read what retention has done";
        let statement = sql("SELECT document FROM retention_runs ORDER BY at_ns DESC LIMIT $1").bind(i64::from(most));
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(|row| column(row, "document")).collect()
    }
}

impl Transaction {
    /// Says of some kinds of a transmission that they are removed, where it was not journalled since it was measured and
    /// nothing is against it. From here on nobody reads them. Answers whether it was said.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn begin_removal(
        &mut self,
        id: TransmissionId,
        changes: i64,
        kinds: &[RetentionKind],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const DOING: &str = "keep what is removed";
        let mut writing = Writing::default();
        let (which, seen) = (writing.text(&key(id)), writing.number(changes));
        let text = format!("{KEPT} WHERE h.transmission = {which} AND h.changes = {seen} AND h.measured = h.changes");
        let statement = writing.statement(text);
        let Some(row) = self.session.row(DOING, statement).await? else { return Ok(false) };
        let known = kept(&row)?;
        if known.holding.held.is_some() {
            return Ok(false);
        }
        for kind in kinds.iter().copied() {
            let bytes = known.holding.of(kind).unwrap_or(0);
            let statement =
                sql("INSERT INTO removals (transmission, kind, at_ns, bytes, done) VALUES ($1, $2, $3, $4, 0)
                 ON CONFLICT (transmission, kind)
                 DO UPDATE SET at_ns = excluded.at_ns, bytes = removals.bytes + excluded.bytes, done = 0")
                .bind(key(id))
                .bind(kind.as_str())
                .bind(nanoseconds(now))
                .bind(i64::try_from(bytes).unwrap_or(i64::MAX));
            self.session.execute(DOING, statement).await?;
        }
        let goes = |kind: RetentionKind| i64::from(kinds.contains(&kind));
        let statement = if kinds.contains(&RetentionKind::Journal) {
            // Stages, duties and all else that is about it go with it.
            sql("DELETE FROM transmissions WHERE id = $1").bind(key(id))
        } else {
            sql("UPDATE holdings SET payload = CASE WHEN $2 = 1 THEN NULL ELSE payload END,
                 raw = CASE WHEN $3 = 1 THEN NULL ELSE raw END, receipt = CASE WHEN $4 = 1 THEN NULL ELSE receipt END
                 WHERE transmission = $1")
            .bind(key(id))
            .bind(goes(RetentionKind::Payload))
            .bind(goes(RetentionKind::Raw))
            .bind(goes(RetentionKind::Receipt))
        };
        self.session.execute(DOING, statement).await?;
        Ok(true)
    }

    /// Says that the files are gone.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn end_removal(&mut self, id: TransmissionId) -> Result<(), StoreError> {
        let statement = sql("UPDATE removals SET done = 1 WHERE transmission = $1 AND done = 0").bind(key(id));
        self.session.execute("keep that it is removed", statement).await.map(|_| ())
    }

    /// Keeps what a run came to.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_retention_run(&mut self, at: Timestamp, document: &str) -> Result<(), StoreError> {
        const DOING: &str = "keep what retention has done";
        let statement = sql("INSERT INTO retention_runs (at_ns, document) VALUES ($1, $2)
             ON CONFLICT (at_ns) DO UPDATE SET document = excluded.document")
        .bind(nanoseconds(at))
        .bind(document.to_owned());
        self.session.execute(DOING, statement).await?;
        let old = sql("DELETE FROM retention_runs WHERE at_ns NOT IN
             (SELECT at_ns FROM retention_runs ORDER BY at_ns DESC LIMIT $1)")
        .bind(MOST_RUNS);
        self.session.execute(DOING, old).await.map(|_| ())
    }
}
