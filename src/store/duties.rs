//! What is still to be done by itself, and when: kept in the journal, so that a program that slept or was started anew
//! goes on where it was.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::domain::sent::{SentAs, next_attempt};
use crate::domain::spelling::spelled;
use crate::domain::transmission::TransmissionId;

use super::error::{StoreError, at_most};
use super::journal::{key, nanoseconds};
use super::session::{Statement, column, from_json, parsed, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// How many duties are looked at together.
pub const MOST_DUTIES: usize = 1000;
const LIMIT: i64 = MOST_DUTIES as i64;

/// The most bytes that the settings of a message take.
const MOST_SENT_AS: usize = 1024 * 1024;

spelled! {
    /// What is to be done.
    pub enum DutyKind {
        /// Another attempt at sending.
        Attempt = "attempt",
        /// An end to waiting for an asynchronous receipt.
        Deadline = "deadline",
        /// Posting a receipt that we owe.
        Receipt = "receipt",
    }
}

/// Something to be done for a transmission. There is at most one of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// For which transmission.
    pub transmission: TransmissionId,
    /// What.
    pub kind: DutyKind,
    /// Not before.
    pub at: Timestamp,
    /// Which attempt it will be, from 1.
    pub number: u32,
    /// Where a receipt is to be posted.
    pub whither: Option<String>,
}

impl Workspace {
    /// What is to be done by an instant, the most overdue first, at most a thousand.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn duties(&self, until: Timestamp) -> Result<Vec<Duty>, StoreError> {
        Ok(self.duties_besides(until, &[]).await?.into_iter().map(|(duty, _)| duty).collect())
    }

    /// What is to be done by an instant, the most overdue first, at most a thousand, each with the connection that it is
    /// for, empty where there is none. Those of the connections `besides` are left out.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn duties_besides(
        &self,
        until: Timestamp,
        besides: &[String],
    ) -> Result<Vec<(Duty, String)>, StoreError> {
        const DOING: &str = "look for what is to be done";
        let statement = sql("SELECT d.transmission, d.kind, d.at_ns, d.number, d.whither,
                 COALESCE(t.connection, '') AS connection
             FROM duties d LEFT JOIN transmissions t ON t.id = d.transmission
             WHERE d.at_ns <= $1 AND COALESCE(t.connection, '') NOT IN (SELECT value FROM json_each($3))
             ORDER BY d.at_ns, d.transmission LIMIT $2")
        .bind(nanoseconds(until))
        .bind(LIMIT)
        .bind(to_json("connections", &besides)?);
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        rows.iter().map(|row| Ok((duty(row)?, column(row, "connection")?))).collect()
    }

    /// When the next is to be done after an instant.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn next_duty(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        const DOING: &str = "look for what is to be done";
        let statement =
            sql("SELECT at_ns FROM duties WHERE at_ns > $1 ORDER BY at_ns LIMIT 1").bind(nanoseconds(after));
        self.reading(DOING).await?.row(DOING, statement).await?.as_ref().map(instant).transpose()
    }

    /// Has done now what is planned for later than it can have been planned for, had the clock always been right: further
    /// attempts and receipts, of which each waits for a time that is known. Says how many those were.
    ///
    /// # Errors
    /// Where the database cannot be read or written.
    pub async fn bring_forward(&self, now: Timestamp) -> Result<usize, StoreError> {
        const DOING: &str = "look for what is to be done";
        let statement = sql("SELECT transmission, kind, at_ns, number, whither FROM duties
             WHERE at_ns > $1 AND kind IN ($2, $3)")
        .bind(nanoseconds(next_attempt(1, now)))
        .bind(DutyKind::Attempt.as_str())
        .bind(DutyKind::Receipt.as_str());
        let mut transaction = self.begin().await?;
        let rows = transaction.session.rows(DOING, statement).await?;
        let mut brought = 0;
        for row in &rows {
            let duty = duty(row)?;
            if duty.at > next_attempt(duty.number, now) {
                transaction.put_duty(&Duty { at: now, ..duty }).await?;
                brought += 1;
            }
        }
        transaction.commit().await?;
        Ok(brought)
    }

    /// Waits until this program has kept something to be done, or has since this was last waited for.
    pub async fn duty_comes(&self) {
        self.duty_kept().notified().await;
    }

    /// What is to be done for one transmission.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn duty(&self, id: TransmissionId, kind: DutyKind) -> Result<Option<Duty>, StoreError> {
        const DOING: &str = "look for what is to be done";
        let row = self.reading(DOING).await?.row(DOING, of_one(id, kind)).await?;
        row.as_ref().map(duty).transpose()
    }

    /// What a message was made of; nothing where it was never built, or by an earlier version.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn sent_as(&self, id: TransmissionId) -> Result<Option<SentAs>, StoreError> {
        const DOING: &str = "read how a message was sent";
        let statement = sql("SELECT sent_as FROM transmissions WHERE id = $1").bind(key(id));
        let Some(row) = self.reading(DOING).await?.row(DOING, statement).await? else { return Ok(None) };
        let document: Option<String> = column(&row, "sent_as")?;
        document.map(|text| from_json(&format!("the settings of the transmission {id}"), &text)).transpose()
    }
}

impl Transaction {
    /// Keeps something to be done, in the place of what there was of its kind.
    ///
    /// # Errors
    /// Where the transmission is not journalled, or the database cannot be written.
    pub async fn put_duty(&mut self, duty: &Duty) -> Result<(), StoreError> {
        let statement =
            sql("INSERT INTO duties (transmission, kind, at_ns, number, whither) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (transmission, kind)
             DO UPDATE SET at_ns = excluded.at_ns, number = excluded.number, whither = excluded.whither")
            .bind(key(duty.transmission))
            .bind(duty.kind.as_str())
            .bind(nanoseconds(duty.at))
            .bind(i64::from(duty.number))
            .bind(duty.whither.clone());
        self.session.execute("keep what is to be done", statement).await?;
        self.keeps_duty = true;
        Ok(())
    }

    /// What is to be done for one transmission.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn duty(&mut self, id: TransmissionId, kind: DutyKind) -> Result<Option<Duty>, StoreError> {
        let row = self.session.row("look for what is to be done", of_one(id, kind)).await?;
        row.as_ref().map(duty).transpose()
    }

    /// It is done, or need not be done any more.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn end_duty(&mut self, id: TransmissionId, kind: DutyKind) -> Result<(), StoreError> {
        let statement =
            sql("DELETE FROM duties WHERE transmission = $1 AND kind = $2").bind(key(id)).bind(kind.as_str());
        self.session.execute("end what is to be done", statement).await.map(|_| ())
    }

    /// Keeps what a message is made of.
    ///
    /// # Errors
    /// Where the transmission is not journalled, or the database cannot be written.
    pub async fn keep_sent_as(&mut self, id: TransmissionId, sent: &SentAs) -> Result<(), StoreError> {
        let document = to_json("the message's settings", sent)?;
        at_most("the message's settings", document.len(), MOST_SENT_AS)?;
        let statement = sql("UPDATE transmissions SET sent_as = $2, encrypted_for = $3 WHERE id = $1")
            .bind(key(id))
            .bind(document)
            .bind(sent.encrypted_for.map(|recipient| recipient.to_hex()));
        if self.session.execute("journal how a message is sent", statement).await? == 0 {
            return Err(StoreError::NotFound { what: "transmission", name: id.to_string() });
        }
        Ok(())
    }
}

fn of_one(id: TransmissionId, kind: DutyKind) -> Statement {
    sql("SELECT transmission, kind, at_ns, number, whither FROM duties WHERE transmission = $1 AND kind = $2")
        .bind(key(id))
        .bind(kind.as_str())
}

fn instant(row: &AnyRow) -> Result<Timestamp, StoreError> {
    let at: i64 = column(row, "at_ns")?;
    Timestamp::from_nanosecond(i128::from(at)).map_err(StoreError::damaged("the instant of a duty"))
}

fn duty(row: &AnyRow) -> Result<Duty, StoreError> {
    Ok(Duty {
        transmission: parsed(row, "transmission")?,
        kind: parsed(row, "kind")?,
        at: instant(row)?,
        number: u32::try_from(column::<i64>(row, "number")?).map_err(StoreError::damaged("the number of a duty"))?,
        whither: column(row, "whither")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::As2Pair;
    use super::super::fixtures::{connection, now, transmission, workspace};
    use super::*;

    #[tokio::test]
    async fn what_is_to_be_done_is_found_when_it_is_time_and_gone_when_it_is_done() {
        let (_guard, workspace) = workspace().await;
        let sent = transmission(0);
        workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        let later: Timestamp = "2026-11-24T01:05:00Z".parse().unwrap();
        let attempt = Duty { transmission: sent.id, kind: DutyKind::Attempt, at: later, number: 2, whither: None };
        let receipt = Duty {
            kind: DutyKind::Receipt,
            at: now(),
            number: 1,
            whither: Some("https://partner.example/".to_owned()),
            ..attempt.clone()
        };
        let mut transaction = workspace.begin().await.unwrap();
        transaction.put_duty(&Duty { number: 1, ..attempt.clone() }).await.unwrap();
        transaction.put_duty(&attempt).await.unwrap();
        transaction.put_duty(&receipt).await.unwrap();
        assert_eq!(transaction.duty(sent.id, DutyKind::Attempt).await.unwrap(), Some(attempt.clone()));
        transaction.commit().await.unwrap();
        assert_eq!(workspace.duties(now()).await.unwrap(), std::slice::from_ref(&receipt));
        assert_eq!(workspace.duties(later).await.unwrap(), [receipt, attempt]);
        assert_eq!(workspace.duty(sent.id, DutyKind::Deadline).await.unwrap(), None);
        assert_eq!(workspace.next_duty(now()).await.unwrap(), Some(later));
        assert_eq!(workspace.next_duty(later).await.unwrap(), None);
        let told = tokio::time::timeout(std::time::Duration::from_secs(20), workspace.duty_comes()).await;
        assert!(told.is_ok(), "whoever does what is due is woken");

        let mut transaction = workspace.begin().await.unwrap();
        transaction.end_duty(sent.id, DutyKind::Receipt).await.unwrap();
        transaction.end_duty(sent.id, DutyKind::Receipt).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(workspace.duties(later).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_a_clock_that_was_wrong_has_planned_is_done_now() {
        let (_guard, workspace) = workspace().await;
        let planned = |minutes: i64| now() + jiff::SignedDuration::from_mins(minutes);
        // The second attempt waits five minutes, the fourth twenty, and no attempt more than a day.
        let all =
            [(0, DutyKind::Attempt, 2, 5, 5), (1, DutyKind::Attempt, 4, 20, 20), (2, DutyKind::Receipt, 1, 1_000, 0)];
        let more = [(3, DutyKind::Attempt, 3, 90_000, 0), (4, DutyKind::Deadline, 1, 90_000, 90_000)];
        let mut transaction = workspace.begin().await.unwrap();
        for (index, kind, number, minutes, _) in all.into_iter().chain(more) {
            let sent = transmission(index);
            transaction.begin_transmission(&sent, As2Pair::default()).await.unwrap();
            let duty = Duty { transmission: sent.id, kind, at: planned(minutes), number, whither: None };
            transaction.put_duty(&duty).await.unwrap();
        }
        transaction.commit().await.unwrap();
        assert_eq!(workspace.bring_forward(now()).await.unwrap(), 2);
        let mut found: Vec<Timestamp> =
            workspace.duties(Timestamp::MAX).await.unwrap().iter().map(|duty| duty.at).collect();
        let mut wanted: Vec<Timestamp> = all.iter().chain(&more).map(|each| planned(each.4)).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
        assert_eq!(workspace.bring_forward(now()).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn how_a_message_was_sent_is_kept_beside_it() {
        let (_guard, workspace) = workspace().await;
        let sent = transmission(0);
        workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        assert_eq!(workspace.sent_as(sent.id).await.unwrap(), None);
        let profile = connection("acme", "Acme").production.unwrap();
        let settings = SentAs { profile, encrypted_for: None, signed_by: None };
        let mut transaction = workspace.begin().await.unwrap();
        transaction.keep_sent_as(sent.id, &settings).await.unwrap();
        assert!(transaction.keep_sent_as(transmission(1).id, &settings).await.is_err());
        transaction.commit().await.unwrap();
        workspace.update_transmission(&sent).await.unwrap();
        assert_eq!(workspace.sent_as(sent.id).await.unwrap(), Some(settings));
    }
}
