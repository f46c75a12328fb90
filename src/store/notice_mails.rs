//! Reminders that wait to be sent by e-mail: written down before they are sent, so that none is lost.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::error::{StoreError, at_most};
use super::journal::nanoseconds;
use super::session::{column, parsed, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes of a mail.
const MOST: usize = 1024 * 1024;

/// So long a program has for sending what it took, before another may try.
const HELD: SignedDuration = SignedDuration::from_mins(10);

/// So long a mail is kept after it was sent: a quarter.
const KEPT: SignedDuration = SignedDuration::from_hours(92 * 24);

/// Under this name the workspace keeps since when mails cannot be sent.
const FAILING_SINCE: &str = "mail-failing-since";

/// A mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingMail {
    /// Its number, from which its Message-ID is made: a second attempt is the same mail.
    pub id: Uuid,
    /// When it was written.
    pub made: Timestamp,
    /// To whom.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// How often sending it was tried.
    pub attempts: u32,
}

/// That mails wait because sending failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFailure {
    /// Why, as it was told last.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Since when there has always been one that waits for such a reason.
    pub since: Timestamp,
    /// How many mails wait.
    pub waiting: usize,
}

impl Workspace {
    /// Why mails could not be sent, where some still wait for that reason.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn mail_failure(&self) -> Result<Option<MailFailure>, StoreError> {
        const DOING: &str = "look for mails that wait";
        let statement = sql("SELECT failure, failed_at, made_at FROM notice_mails
             WHERE sent_at IS NULL AND failure IS NOT NULL ORDER BY failed_at DESC");
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        let Some(last) = rows.first() else { return Ok(None) };
        let kept = self.meta(FAILING_SINCE).await?.and_then(|text| text.parse::<Timestamp>().ok());
        let since = match kept {
            Some(since) => since,
            // It began before that was written down.
            None => parsed(last, "made_at")?,
        };
        let (reason, at) = (column(last, "failure")?, parsed(last, "failed_at")?);
        Ok(Some(MailFailure { reason, at, since, waiting: rows.len() }))
    }

    /// Takes the next mail that is to be sent by now; no other program sends it for ten minutes.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn take_mail(&self, now: Timestamp) -> Result<Option<WaitingMail>, StoreError> {
        const DOING: &str = "take a mail that is to be sent";
        let waits = || {
            sql("SELECT id, made_at, recipient, subject, body, attempts FROM notice_mails
                 WHERE sent_at IS NULL AND next_ns <= $1 AND held_ns <= $1 ORDER BY made_at, id LIMIT 1")
            .bind(nanoseconds(now))
        };
        // Looking disturbs nobody; taking does.
        if self.reading(DOING).await?.row(DOING, waits()).await?.is_none() {
            return Ok(None);
        }
        let mut transaction = self.begin().await?;
        let Some(row) = transaction.session.row(DOING, waits()).await? else { return Ok(None) };
        let mail = WaitingMail {
            id: parsed(&row, "id")?,
            made: parsed(&row, "made_at")?,
            recipient: column(&row, "recipient")?,
            subject: column(&row, "subject")?,
            body: column(&row, "body")?,
            attempts: u32::try_from(column::<i64>(&row, "attempts")?)
                .map_err(StoreError::damaged("a mail's attempts"))?,
        };
        let until = now.saturating_add(HELD).map_err(StoreError::damaged("the clock"))?;
        let hold = sql("UPDATE notice_mails SET held_ns = $2 WHERE id = $1")
            .bind(mail.id.to_string())
            .bind(nanoseconds(until));
        transaction.session.execute(DOING, hold).await?;
        transaction.commit().await?;
        Ok(Some(mail))
    }

    /// Notes that a mail was sent.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn mail_sent(&self, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement =
            sql("UPDATE notice_mails SET sent_at = $2, failure = NULL, attempts = attempts + 1 WHERE id = $1")
                .bind(id.to_string())
                .bind(now.to_string());
        transaction.session.execute("note that a mail was sent", statement).await?;
        // What was told when stays; the mails' texts need not.
        let old = now.saturating_sub(KEPT).map_err(StoreError::damaged("the clock"))?;
        let statement =
            sql("DELETE FROM notice_mails WHERE sent_at IS NOT NULL AND held_ns < $1").bind(nanoseconds(old));
        transaction.session.execute("let go of mails sent long ago", statement).await?;
        transaction.commit().await
    }

    /// Notes why a mail could not be sent, and when it is tried again.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn mail_failed(&self, id: Uuid, reason: &str, next: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "note that a mail could not be sent";
        let reason: String = reason.chars().take(2000).collect();
        let mut transaction = self.begin().await?;
        // As long as one waits it is the same trouble; after that it is another.
        let waits = sql("SELECT made_at FROM notice_mails
             WHERE sent_at IS NULL AND failure IS NOT NULL ORDER BY failed_at DESC LIMIT 1");
        let begun = match transaction.session.row(DOING, waits).await? {
            None => Some(now),
            Some(last) => match transaction.meta(FAILING_SINCE).await?.map(|text| text.parse::<Timestamp>()) {
                Some(Ok(_)) => None,
                // It began before that was written down: what was told of it stays the same.
                Some(Err(_)) | None => Some(parsed(&last, "made_at")?),
            },
        };
        if let Some(begun) = begun {
            transaction.set_meta(FAILING_SINCE, &begun.to_string()).await?;
        }
        let statement = sql("UPDATE notice_mails SET failure = $2, failed_at = $3, next_ns = $4, held_ns = 0,
                 attempts = attempts + 1 WHERE id = $1")
        .bind(id.to_string())
        .bind(reason)
        .bind(now.to_string())
        .bind(nanoseconds(next));
        transaction.session.execute(DOING, statement).await?;
        transaction.commit().await
    }

    /// Gives a mail up: nobody is to have it any more.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn drop_mail(&self, id: Uuid) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement = sql("DELETE FROM notice_mails WHERE id = $1").bind(id.to_string());
        transaction.session.execute("give a mail up", statement).await?;
        transaction.commit().await
    }

    /// Has every mail that waits be tried again at once: the settings were changed.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn mails_are_due(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement = sql("UPDATE notice_mails SET next_ns = 0 WHERE sent_at IS NULL");
        transaction.session.execute("have the mails tried again", statement).await?;
        transaction.commit().await
    }
}

impl Transaction {
    /// Writes a mail down that is to be sent.
    ///
    /// # Errors
    /// Where it is larger than 1 MiB, or the database cannot be written.
    pub async fn put_mail(&mut self, mail: &WaitingMail) -> Result<(), StoreError> {
        at_most("the mail", mail.body.len() + mail.subject.len() + mail.recipient.len(), MOST)?;
        let statement =
            sql("INSERT INTO notice_mails (id, made_at, recipient, subject, body, attempts, next_ns, held_ns)
             VALUES ($1, $2, $3, $4, $5, 0, 0, 0)")
            .bind(mail.id.to_string())
            .bind(mail.made.to_string())
            .bind(mail.recipient.clone())
            .bind(mail.subject.clone())
            .bind(mail.body.clone());
        self.session.execute("write a mail down", statement).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use uuid::NoContext;

    use super::super::fixtures::{at, now, workspace};
    use super::super::{Unlock, Workspace};
    use super::*;

    fn later(minutes: i64) -> Timestamp {
        now().checked_add(SignedDuration::from_mins(minutes)).unwrap()
    }

    #[tokio::test]
    async fn a_mail_is_sent_by_one_program_and_waits_until_it_is() {
        let (_guard, one) = workspace().await;
        let other = Workspace::open_existing(&at(one.folder()), &Unlock::none(), now()).await.unwrap().unwrap();
        let id = Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, 1_800_000_000, 0));
        let mail = WaitingMail {
            id,
            made: now(),
            recipient: "jo@acme.example".to_owned(),
            subject: "s".to_owned(),
            body: "b".to_owned(),
            attempts: 0,
        };
        let mut transaction = one.begin().await.unwrap();
        transaction.put_mail(&mail).await.unwrap();
        transaction.commit().await.unwrap();

        let (first, second) = tokio::join!(one.take_mail(now()), other.take_mail(now()));
        let taken = [first.unwrap(), second.unwrap()];
        assert_eq!(taken.iter().flatten().collect::<Vec<_>>(), [&mail], "one of them has it");
        assert_eq!(other.take_mail(later(9)).await.unwrap(), None);
        // Whoever took it was killed: it is not lost.
        assert_eq!(other.take_mail(later(10)).await.unwrap(), Some(mail.clone()));

        other.mail_failed(id, "the password was refused", later(20), later(10)).await.unwrap();
        let failure = one.mail_failure().await.unwrap().unwrap();
        assert_eq!((failure.reason.as_str(), failure.waiting), ("the password was refused", 1));
        assert_eq!(one.take_mail(later(19)).await.unwrap(), None);
        one.mails_are_due().await.unwrap();
        assert_eq!(one.take_mail(later(11)).await.unwrap(), Some(WaitingMail { attempts: 1, ..mail }));
        one.mail_sent(id, later(12)).await.unwrap();
        assert_eq!(one.mail_failure().await.unwrap(), None);
        assert_eq!(one.take_mail(later(1000)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_trouble_that_began_before_that_was_written_down_stays_the_same_trouble() {
        let (_guard, workspace) = workspace().await;
        let mut transaction = workspace.begin().await.unwrap();
        let mails: Vec<WaitingMail> = (1..=2_u64)
            .map(|number| WaitingMail {
                id: Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, 1_800_000_000 + number, 0)),
                made: later(i64::try_from(number).unwrap()),
                recipient: "jo@acme.example".to_owned(),
                subject: "s".to_owned(),
                body: "b".to_owned(),
                attempts: 0,
            })
            .collect();
        for mail in &mails {
            transaction.put_mail(mail).await.unwrap();
        }
        transaction.commit().await.unwrap();
        workspace.mail_failed(mails[0].id, "refused", later(20), later(10)).await.unwrap();
        let mut transaction = workspace.begin().await.unwrap();
        let forget = sql("DELETE FROM meta WHERE key = $1").bind(FAILING_SINCE.to_owned());
        transaction.session.execute("forget", forget).await.unwrap();
        transaction.commit().await.unwrap();
        let before = workspace.mail_failure().await.unwrap().unwrap();
        workspace.mail_failed(mails[1].id, "refused", later(21), later(11)).await.unwrap();
        let after = workspace.mail_failure().await.unwrap().unwrap();
        assert_eq!((before.waiting, after.waiting), (1, 2));
        assert_eq!(before.since, after.since);
    }
}
