//! The journal: what is known of each transmission, and its stages, which are appended and never rewritten.

use crate::domain::summary::receipt_time;
use crate::domain::transmission::{Direction, Light, Stage, StageStatus, Transmission, TransmissionId};

use super::error::{StoreError, at_most};
use super::journal_words::{control_numbers, of_transmission, without_words};
use super::session::{Session, column, from_json, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes that a transmission takes as a document, headers included.
const MOST: usize = 8 * 1024 * 1024;
/// The most bytes that a stage takes.
const MOST_STAGE: usize = 256 * 1024;

const READING: &str = "read a transmission";

/// The pair of AS2 identifiers that a message carries, seen from here. Of an inbound message it is what was received,
/// which need not be a valid identifier; nothing where a header was missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct As2Pair<'a> {
    /// Ours: `AS2-From` of what we send, `AS2-To` of what we receive.
    pub ours: Option<&'a str>,
    /// The partner's.
    pub partner: Option<&'a str>,
}

/// A stage as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalledStage {
    /// The attempt it belongs to, from 1.
    pub attempt: u32,
    /// The stage.
    pub stage: Stage,
}

impl Workspace {
    /// Journals a transmission, before a byte of it is sent or an answer to it is given. On disk once this has returned.
    ///
    /// # Errors
    /// As [`Transaction::begin_transmission`].
    pub async fn begin_transmission(&self, transmission: &Transmission, as2: As2Pair<'_>) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.begin_transmission(transmission, as2).await?;
        transaction.commit().await
    }

    /// Appends a stage to a transmission. `attempt` counts from 1.
    ///
    /// # Errors
    /// As [`Transaction::append_stage`].
    pub async fn append_stage(&self, id: TransmissionId, attempt: u32, stage: &Stage) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.append_stage(id, attempt, stage).await?;
        transaction.commit().await
    }

    /// Writes what is known of a transmission now.
    ///
    /// # Errors
    /// As [`Transaction::update_transmission`].
    pub async fn update_transmission(&self, transmission: &Transmission) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.update_transmission(transmission).await?;
        transaction.commit().await
    }

    /// A transmission with headers, attempts, and the stages of its last attempt: each stage as it stands, so that one
    /// which has ended is no longer listed as running. [`Workspace::stages`] has all that ever happened.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn transmission(&self, id: TransmissionId) -> Result<Option<Transmission>, StoreError> {
        one(&mut self.reading(READING).await?, id).await
    }

    /// Every stage of a transmission in the order in which they were appended.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn stages(&self, id: TransmissionId) -> Result<Vec<JournalledStage>, StoreError> {
        stages(&mut self.reading("read a transmission's stages").await?, id).await
    }
}

impl Transaction {
    /// A transmission as it stands now, which nobody else changes before this transaction has ended.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn transmission(&mut self, id: TransmissionId) -> Result<Option<Transmission>, StoreError> {
        one(&mut self.session, id).await
    }

    /// Journals a transmission with the stages it has. `as2` is the pair of identifiers that it is found by later.
    ///
    /// # Errors
    /// Where a transmission of this id is journalled already, it is too large, or the database cannot be written.
    pub async fn begin_transmission(
        &mut self,
        transmission: &Transmission,
        as2: As2Pair<'_>,
    ) -> Result<(), StoreError> {
        let statement =
            sql("INSERT INTO transmissions (id, our_as2_id, partner_as2_id, direction, at_ns, message_id, connection,
                 profile, file, payload_bytes, verdict, failed, cause, document, signed_with, document_type, control_numbers,
                 imprint, receipt_ms, folded)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) ON CONFLICT (id) DO NOTHING")
            .bind(key(transmission.id))
            .bind(as2.ours.map(str::to_owned))
            .bind(as2.partner.map(str::to_owned))
            .bind(transmission.direction.as_str())
            .bind(nanoseconds(transmission.at));
        let statement = bind_columns(statement, transmission)?
            .bind(receipt_ms(transmission, &transmission.stages))
            .bind(of_transmission(transmission));
        if self.session.execute("journal a transmission", statement).await? == 0 {
            return Err(StoreError::Exists { what: "a transmission", name: transmission.id.to_string() });
        }
        self.put_signer(transmission).await?;
        let attempt = u32::try_from(transmission.attempts.len()).unwrap_or(u32::MAX).max(1);
        for stage in &transmission.stages {
            self.append_stage(transmission.id, attempt, stage).await?;
        }
        Ok(())
    }

    /// Appends a stage to a transmission. `attempt` counts from 1.
    ///
    /// # Errors
    /// Where the transmission is not journalled, or the database cannot be written.
    pub async fn append_stage(&mut self, id: TransmissionId, attempt: u32, stage: &Stage) -> Result<(), StoreError> {
        let document = to_json("the stage", stage)?;
        at_most("the stage", document.len(), MOST_STAGE)?;
        let statement = sql("INSERT INTO stages (transmission, position, attempt, document)
             SELECT id, (SELECT coalesce(max(position), 0) + 1 FROM stages WHERE transmission = $1), $2, $3
             FROM transmissions WHERE id = $1")
        .bind(key(id))
        .bind(i64::from(attempt))
        .bind(document);
        if self.session.execute("journal a stage", statement).await? == 0 {
            return Err(StoreError::NotFound { what: "transmission", name: id.to_string() });
        }
        Ok(())
    }

    /// Writes what is known of a transmission now: verdict, lights, answer, diagnosis, attempts … Not its stages, which
    /// are appended; nor when it was journalled, its direction and its AS2 identifiers, which never change.
    ///
    /// # Errors
    /// Where the transmission is not journalled, it is too large, or the database cannot be written.
    pub async fn update_transmission(&mut self, transmission: &Transmission) -> Result<(), StoreError> {
        let statement = sql(
            "UPDATE transmissions SET message_id = $2, connection = $3, profile = $4, file = $5, payload_bytes = $6,
                 verdict = $7, failed = $8, cause = $9, document = $10, signed_with = $11, document_type = $12, control_numbers = $13,
                 imprint = $14, receipt_ms = $15, folded = $16
             WHERE id = $1",
        )
        .bind(key(transmission.id));
        // Its stages are those that were appended, whatever the caller has of them.
        let stages = match transmission.lights.receipt {
            Light::Good => last_attempt(stages(&mut self.session, transmission.id).await?),
            _ => Vec::new(),
        };
        let statement = bind_columns(statement, transmission)?
            .bind(receipt_ms(transmission, &stages))
            .bind(of_transmission(transmission));
        if self.session.execute("journal a transmission's outcome", statement).await? == 0 {
            return Err(StoreError::NotFound { what: "transmission", name: transmission.id.to_string() });
        }
        self.put_signer(transmission).await
    }

    /// Notes that a transmission shows a good signature of the partner's: when each certificate was last seen follows from
    /// the same value, in the same transaction, as which message was signed with it.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_signer(&mut self, transmission: &Transmission) -> Result<(), StoreError> {
        let (Some(signer), Some(connection), Some(profile)) =
            (&transmission.signed_with, &transmission.connection, transmission.profile)
        else {
            return Ok(());
        };
        self.put_signature_seen(signer, connection, profile, transmission.signed_at.unwrap_or(transmission.at)).await
    }
}

/// Binds the columns that change, in their order in both statements: from `message_id` to `imprint`.
fn bind_columns(
    statement: super::session::Statement,
    transmission: &Transmission,
) -> Result<super::session::Statement, StoreError> {
    let bare = Transmission { stages: Vec::new(), ..transmission.clone() };
    let document = to_json("the transmission", &bare)?;
    at_most("the transmission", document.len(), MOST)?;
    Ok(statement
        .bind(without_words(&transmission.message_id))
        .bind(transmission.connection.as_ref().map(ToString::to_string))
        .bind(transmission.profile.map(|profile| profile.as_str().to_owned()))
        .bind(transmission.file.as_deref().map(without_words))
        .bind(i64::try_from(transmission.bytes.payload).unwrap_or(i64::MAX))
        .bind(transmission.verdict.as_str())
        .bind(i64::from(transmission.failed()))
        .bind(transmission.cause().map(str::to_owned))
        .bind(document)
        .bind(transmission.signed_with.map(|signer| signer.to_hex()))
        .bind(transmission.document.as_ref().and_then(|document| document.kind().map(str::to_owned)))
        .bind(control_numbers(transmission))
        .bind(transmission.imprint.clone()))
}

/// How long a message of ours waited for the receipt that it has.
fn receipt_ms(transmission: &Transmission, stages: &[Stage]) -> Option<i64> {
    let has = transmission.direction == Direction::Outbound && transmission.lights.receipt == Light::Good;
    let took = has.then(|| receipt_time(stages))?;
    took.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX))
}

/// A transmission's key in the database.
pub(super) fn key(id: TransmissionId) -> String {
    id.simple().to_string()
}

/// Nanoseconds since 1970, which reach to the year 2262; what lies beyond is sorted there.
pub(super) fn nanoseconds(at: jiff::Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(if at.as_nanosecond() < 0 { i64::MIN } else { i64::MAX })
}

async fn one(session: &mut Session, id: TransmissionId) -> Result<Option<Transmission>, StoreError> {
    let statement = sql("SELECT document FROM transmissions WHERE id = $1").bind(key(id));
    let Some(row) = session.row(READING, statement).await? else { return Ok(None) };
    let document: String = column(&row, "document")?;
    let mut transmission: Transmission = from_json(&format!("the transmission {id}"), &document)?;
    transmission.stages = last_attempt(stages(session, id).await?);
    Ok(Some(transmission))
}

async fn stages(session: &mut Session, id: TransmissionId) -> Result<Vec<JournalledStage>, StoreError> {
    let statement = sql("SELECT attempt, document FROM stages WHERE transmission = $1 ORDER BY position");
    let rows = session.rows("read a transmission's stages", statement.bind(key(id))).await?;
    let what = format!("a stage of the transmission {id}");
    rows.iter()
        .map(|row| {
            Ok(JournalledStage {
                attempt: u32::try_from(column::<i64>(row, "attempt")?).map_err(StoreError::damaged(what.as_str()))?,
                stage: from_json(&what, &column::<String>(row, "document")?)?,
            })
        })
        .collect()
}

/// The stages of the last attempt, a running one replaced by what became of it.
fn last_attempt(all: Vec<JournalledStage>) -> Vec<Stage> {
    let last = all.iter().map(|entry| entry.attempt).max();
    let mut found: Vec<Stage> = Vec::new();
    for entry in all.into_iter().filter(|entry| Some(entry.attempt) == last) {
        // One that was only begun, or passed over for the time being, is replaced by what became of it.
        let open = |stage: &&mut Stage| {
            stage.stage == entry.stage.stage && matches!(stage.status, StageStatus::Running | StageStatus::Skipped)
        };
        match found.iter_mut().find(open) {
            Some(stage) => *stage = entry.stage,
            None => found.push(entry.stage),
        }
    }
    // A receipt that came by itself before the answer is journalled before the stages that it follows.
    found.sort_by_key(|stage| stage.started);
    found
}

#[cfg(test)]
mod tests {
    use crate::domain::diagnosis::Diagnosis;
    use crate::domain::transmission::{Attempt, StageName, Verdict};

    use super::super::fixtures::{now, transmission, workspace};
    use super::*;

    fn stage(stage: StageName, status: StageStatus, detail: &str) -> Stage {
        Stage { stage, status, started: now(), ms: 12, detail: detail.to_owned() }
    }

    #[tokio::test]
    async fn a_transmission_comes_back_as_it_was_journalled() {
        let (_guard, workspace) = workspace().await;
        let mut sent = transmission(0);
        sent.connection = Some("acme".parse().unwrap());
        sent.file = Some("850 – Größe.edi".to_owned());
        workspace.begin_transmission(&sent, As2Pair { ours: Some("ACME"), partner: Some("P") }).await.unwrap();
        let twice = workspace.begin_transmission(&sent, As2Pair::default()).await;
        assert!(matches!(twice, Err(StoreError::Exists { .. })));
        assert_eq!(workspace.transmission(sent.id).await.unwrap().unwrap(), sent);

        let built = stage(StageName::Built, StageStatus::Good, "1 KiB");
        let connecting = stage(StageName::Connected, StageStatus::Running, "");
        let refused = stage(StageName::Connected, StageStatus::Bad, "connection refused");
        for (attempt, stage) in [(1, &built), (1, &connecting), (1, &refused), (2, &connecting)] {
            workspace.append_stage(sent.id, attempt, stage).await.unwrap();
        }
        let all = workspace.stages(sent.id).await.unwrap();
        assert_eq!(all.iter().map(|entry| entry.attempt).collect::<Vec<_>>(), [1, 1, 1, 2]);
        assert_eq!(all[2].stage, refused);
        assert_eq!(workspace.transmission(sent.id).await.unwrap().unwrap().stages, [connecting]);
        workspace.append_stage(sent.id, 2, &refused).await.unwrap();

        sent.verdict = Verdict::Failed;
        sent.lights.http = Light::Bad;
        sent.request_headers = vec![("AS2-From".to_owned(), "ACME".to_owned())];
        sent.attempts = vec![Attempt {
            number: 1,
            started: now(),
            verdict: Verdict::Failed,
            http_status: None,
            detail: "connection refused".to_owned(),
        }];
        sent.diagnosis =
            Some(Diagnosis { cause: "The partner's server refused the connection".to_owned(), ..Diagnosis::default() });
        workspace.update_transmission(&sent).await.unwrap();
        sent.stages = vec![refused];
        assert_eq!(workspace.transmission(sent.id).await.unwrap().unwrap(), sent);
        assert_eq!(workspace.stages(sent.id).await.unwrap().len(), 5, "an update touches no stage");
    }

    #[tokio::test]
    async fn a_file_name_does_not_pass_for_a_filter() {
        use super::super::journal_filter::TransmissionFilter;
        let (_guard, workspace) = workspace().await;
        let mut sent = transmission(0);
        sent.connection = Some("acme".parse().unwrap());
        workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        let mut forged = transmission(1);
        let word =
            |code: u32| ['\u{e000}', '\u{e000}', char::from_u32(0xe000 + code).unwrap()].iter().collect::<String>();
        let words: String = (1..40).map(word).collect::<Vec<_>>().join(" ");
        forged.file = Some(format!("{words} 850.edi"));
        workspace.begin_transmission(&forged, As2Pair::default()).await.unwrap();
        let filter = TransmissionFilter { connection: sent.connection.clone(), ..TransmissionFilter::default() };
        let (found, _) = workspace.transmissions(&filter).await.unwrap();
        assert_eq!(found.iter().map(|each| each.id).collect::<Vec<_>>(), [sent.id]);
        assert_eq!(workspace.count_transmissions(&filter).await.unwrap(), 1);
        let filter = TransmissionFilter { search: Some("850.edi".to_owned()), ..TransmissionFilter::default() };
        assert_eq!(workspace.transmissions(&filter).await.unwrap().0[0].id, forged.id);
    }

    #[tokio::test]
    async fn what_was_never_begun_cannot_be_continued() {
        let (_guard, workspace) = workspace().await;
        let unknown = transmission(1);
        let built = stage(StageName::Built, StageStatus::Good, "");
        let appended = workspace.append_stage(unknown.id, 1, &built).await;
        assert!(matches!(appended, Err(StoreError::NotFound { .. })));
        assert!(matches!(workspace.update_transmission(&unknown).await, Err(StoreError::NotFound { .. })));
        assert_eq!(workspace.transmission(unknown.id).await.unwrap(), None);
    }
}
