//! Files of outboxes that were taken and lie there still, and what is wrong with an outbox.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{TransmissionId, Verdict};

use super::error::StoreError;
use super::journal::key;
use super::session::{column, parsed, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// A file that was taken from an outbox, as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxFile {
    /// The outbox.
    pub folder: String,
    /// The file's name in it.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// When it was changed last, in nanoseconds since 1970 by the file system's clock.
    pub changed_ns: i64,
    /// What it became.
    pub transmission: TransmissionId,
    /// How that stands; nothing where it is not in the journal any more.
    pub verdict: Option<Verdict>,
    /// Whether another attempt follows by itself.
    pub goes_on: bool,
    /// Of which connection and profile the transmission is.
    pub of: Option<(ConnectionId, ProfileKind)>,
}

/// What is wrong with an outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxTrouble {
    /// The outbox.
    pub folder: String,
    /// Of which connection.
    pub connection: ConnectionId,
    /// Of which of its profiles.
    pub profile: ProfileKind,
    /// What, in words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl Workspace {
    /// The files that were taken from an outbox, or from any, and were not moved away since.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn outbox_files(&self, folder: Option<&str>) -> Result<Vec<OutboxFile>, StoreError> {
        const DOING: &str = "read which files were taken";
        let statement = sql("SELECT f.folder, f.name, f.bytes, f.changed_ns, f.transmission, t.verdict, t.connection,
                 t.profile, d.number FROM outbox_files f LEFT JOIN transmissions t ON t.id = f.transmission
                 LEFT JOIN duties d ON d.transmission = f.transmission AND d.kind = 'attempt'
             WHERE $1 = '' OR f.folder = $1 ORDER BY f.folder, f.name")
        .bind(folder.unwrap_or_default().to_owned());
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(file).collect()
    }

    /// What is wrong with outboxes.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn outbox_troubles(&self) -> Result<Vec<OutboxTrouble>, StoreError> {
        const DOING: &str = "read what is wrong with the outboxes";
        let statement =
            sql("SELECT folder, connection, profile, reason, since FROM outbox_troubles ORDER BY connection, profile");
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        rows.iter()
            .map(|row| {
                Ok(OutboxTrouble {
                    folder: column(row, "folder")?,
                    connection: parsed(row, "connection")?,
                    profile: parsed(row, "profile")?,
                    reason: column(row, "reason")?,
                    since: parsed(row, "since")?,
                })
            })
            .collect()
    }

    /// Keeps what is wrong with an outbox; since when stays as long as anything is.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_outbox_trouble(&self, trouble: &OutboxTrouble) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement = sql("INSERT INTO outbox_troubles (folder, connection, profile, reason, since)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (folder) DO UPDATE SET reason = excluded.reason,
             connection = excluded.connection, profile = excluded.profile")
        .bind(trouble.folder.clone())
        .bind(trouble.connection.to_string())
        .bind(trouble.profile.as_str())
        .bind(trouble.reason.clone())
        .bind(trouble.since.to_string());
        transaction.session.execute("keep what is wrong with an outbox", statement).await?;
        transaction.commit().await
    }

    /// Nothing is wrong with an outbox any more.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn end_outbox_trouble(&self, folder: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement = sql("DELETE FROM outbox_troubles WHERE folder = $1").bind(folder.to_owned());
        transaction.session.execute("note that an outbox is well", statement).await?;
        transaction.commit().await
    }

    /// A file that was taken lies in its outbox no more, or is another by now.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn forget_outbox_file(&self, file: &OutboxFile) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement = sql("DELETE FROM outbox_files WHERE folder = $1 AND name = $2 AND transmission = $3")
            .bind(file.folder.clone())
            .bind(file.name.clone())
            .bind(key(file.transmission));
        transaction.session.execute("forget a file that was taken", statement).await?;
        transaction.commit().await
    }

    /// The same file has another time of change by now: it is still the one that was taken.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn keep_outbox_file(&self, file: &OutboxFile) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.put_outbox_file(file).await?;
        transaction.commit().await
    }
}

impl Transaction {
    /// Keeps that a file was taken, in the place of an earlier one of its name.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_outbox_file(&mut self, file: &OutboxFile) -> Result<(), StoreError> {
        let bytes = i64::try_from(file.bytes).map_err(StoreError::damaged("the size of a file"))?;
        let statement = sql("INSERT INTO outbox_files (folder, name, bytes, changed_ns, transmission)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (folder, name) DO UPDATE SET bytes = excluded.bytes,
             changed_ns = excluded.changed_ns, transmission = excluded.transmission")
        .bind(file.folder.clone())
        .bind(file.name.clone())
        .bind(bytes)
        .bind(file.changed_ns)
        .bind(key(file.transmission));
        self.session.execute("keep that a file was taken", statement).await.map(|_| ())
    }
}

fn file(row: &AnyRow) -> Result<OutboxFile, StoreError> {
    let verdict: Option<String> = column(row, "verdict")?;
    let (connection, profile): (Option<String>, Option<String>) = (column(row, "connection")?, column(row, "profile")?);
    let of = match (connection, profile) {
        (Some(_), Some(_)) => Some((parsed(row, "connection")?, parsed(row, "profile")?)),
        _ => None,
    };
    Ok(OutboxFile {
        folder: column(row, "folder")?,
        name: column(row, "name")?,
        bytes: u64::try_from(column::<i64>(row, "bytes")?).map_err(StoreError::damaged("the size of a file"))?,
        changed_ns: column(row, "changed_ns")?,
        transmission: parsed(row, "transmission")?,
        verdict: match verdict {
            Some(_) => Some(parsed(row, "verdict")?),
            None => None,
        },
        goes_on: column::<Option<i64>>(row, "number")?.is_some(),
        of,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{now, transmission, workspace};
    use super::super::{As2Pair, Duty, DutyKind};
    use super::*;

    #[tokio::test]
    async fn a_file_that_was_taken_is_known_with_what_became_of_it_also_without_its_transmission() {
        let (_guard, workspace) = workspace().await;
        let (sent, retired) = (transmission(0), transmission(7).id);
        let file = |name: &str, transmission| OutboxFile {
            folder: "/out".to_owned(),
            name: name.to_owned(),
            bytes: 3,
            changed_ns: 17,
            transmission,
            verdict: None,
            goes_on: false,
            of: None,
        };
        let mut transaction = workspace.begin().await.unwrap();
        transaction.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        let attempt = Duty { transmission: sent.id, kind: DutyKind::Attempt, at: now(), number: 1, whither: None };
        transaction.put_duty(&attempt).await.unwrap();
        transaction.put_outbox_file(&file("a.edi", sent.id)).await.unwrap();
        transaction.put_outbox_file(&file("b.edi", retired)).await.unwrap();
        transaction.commit().await.unwrap();
        let of = sent.connection.clone().zip(sent.profile);
        let known = OutboxFile { verdict: Some(sent.verdict), goes_on: true, of, ..file("a.edi", sent.id) };
        let gone = file("b.edi", retired);
        assert_eq!(workspace.outbox_files(Some("/out")).await.unwrap(), [known.clone(), gone.clone()]);
        assert!(workspace.outbox_files(Some("/in")).await.unwrap().is_empty());
        workspace.forget_outbox_file(&known).await.unwrap();
        assert_eq!(workspace.outbox_files(None).await.unwrap(), [gone]);
    }

    #[tokio::test]
    async fn what_is_wrong_with_an_outbox_is_kept_since_it_began() {
        let (_guard, workspace) = workspace().await;
        let trouble = |reason: &str, since| OutboxTrouble {
            folder: "/out".to_owned(),
            connection: "acme".parse().unwrap(),
            profile: ProfileKind::Production,
            reason: reason.to_owned(),
            since,
        };
        let later: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        workspace.put_outbox_trouble(&trouble("it is gone", now())).await.unwrap();
        workspace.put_outbox_trouble(&trouble("it cannot be read", later)).await.unwrap();
        assert_eq!(workspace.outbox_troubles().await.unwrap(), [trouble("it cannot be read", now())]);
        workspace.end_outbox_trouble("/out").await.unwrap();
        assert!(workspace.outbox_troubles().await.unwrap().is_empty());
    }
}
