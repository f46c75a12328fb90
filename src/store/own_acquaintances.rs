//! What partners know of our certificates, by profile.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::own_rollover::{Acquaintance, Noted};

use super::error::{StoreError, at_most};
use super::session::{Statement, column, parsed, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes that a note has.
const MOST_NOTE: usize = 4096;

/// What one profile's partner knows of one certificate of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAcquaintance {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// What is known; whether our signature was verified is the journal's to say.
    pub known: Acquaintance,
}

impl Workspace {
    /// What is known of a certificate of ours, by connection and profile.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn acquaintances(&self, fingerprint: &Fingerprint) -> Result<Vec<StoredAcquaintance>, StoreError> {
        const DOING: &str = "read what partners know of our certificates";
        let statement = sql("SELECT connection, profile, told_at, told_how, confirmed_at, confirmed_by, decrypted_at
             FROM own_acquaintances WHERE fingerprint = $1 ORDER BY connection, profile")
        .bind(fingerprint.to_hex());
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(stored).collect()
    }

    /// Whether a message that a profile's partner had encrypted for a certificate of ours was noted already.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn was_decrypted(
        &self,
        connection: &ConnectionId,
        profile: ProfileKind,
        fingerprint: &Fingerprint,
    ) -> Result<bool, StoreError> {
        const DOING: &str = "read what partners know of our certificates";
        let statement = of(
            "SELECT decrypted_at FROM own_acquaintances
             WHERE connection = $1 AND profile = $2 AND fingerprint = $3 AND decrypted_at IS NOT NULL",
            connection,
            profile,
            fingerprint,
        );
        Ok(self.reading(DOING).await?.row(DOING, statement).await?.is_some())
    }
}

impl Transaction {
    /// Notes when and how a partner was told. The last word counts.
    ///
    /// # Errors
    /// Where the note is too long or the database cannot be written.
    pub async fn note_told(
        &mut self,
        connection: &ConnectionId,
        profile: ProfileKind,
        fingerprint: &Fingerprint,
        note: &Noted,
    ) -> Result<(), StoreError> {
        at_most("the note", note.words.len(), MOST_NOTE)?;
        let statement = of(
            "INSERT INTO own_acquaintances (connection, profile, fingerprint, told_at, told_how)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (connection, profile, fingerprint) DO UPDATE SET told_at = $4, told_how = $5",
            connection,
            profile,
            fingerprint,
        );
        self.put_note(statement.bind(note.at.to_string()).bind(note.words.clone())).await
    }

    /// Notes when and by whom it was confirmed that a partner has it. The last word counts.
    ///
    /// # Errors
    /// As [`Transaction::note_told`].
    pub async fn note_confirmed(
        &mut self,
        connection: &ConnectionId,
        profile: ProfileKind,
        fingerprint: &Fingerprint,
        note: &Noted,
    ) -> Result<(), StoreError> {
        at_most("the note", note.words.len(), MOST_NOTE)?;
        let statement = of(
            "INSERT INTO own_acquaintances (connection, profile, fingerprint, confirmed_at, confirmed_by)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (connection, profile, fingerprint) DO UPDATE SET confirmed_at = $4, confirmed_by = $5",
            connection,
            profile,
            fingerprint,
        );
        self.put_note(statement.bind(note.at.to_string()).bind(note.words.clone())).await
    }

    /// Notes that a message came which a partner had encrypted for it. The first one counts.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn note_decrypted(
        &mut self,
        connection: &ConnectionId,
        profile: ProfileKind,
        fingerprint: &Fingerprint,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = of(
            "INSERT INTO own_acquaintances (connection, profile, fingerprint, decrypted_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (connection, profile, fingerprint)
             DO UPDATE SET decrypted_at = coalesce(own_acquaintances.decrypted_at, $4)",
            connection,
            profile,
            fingerprint,
        );
        self.put_note(statement.bind(at.to_string())).await
    }

    async fn put_note(&mut self, statement: Statement) -> Result<(), StoreError> {
        self.session.execute("note what a partner knows of our certificate", statement).await?;
        Ok(())
    }
}

fn of(text: &'static str, connection: &ConnectionId, profile: ProfileKind, fingerprint: &Fingerprint) -> Statement {
    sql(text).bind(connection.to_string()).bind(profile.to_string()).bind(fingerprint.to_hex())
}

fn stored(row: &AnyRow) -> Result<StoredAcquaintance, StoreError> {
    let noted = |at: &'static str, words: &'static str| {
        Ok::<_, StoreError>(match column::<Option<String>>(row, at)? {
            Some(_) => {
                Some(Noted { at: parsed(row, at)?, words: column::<Option<String>>(row, words)?.unwrap_or_default() })
            }
            None => None,
        })
    };
    let decrypted = match column::<Option<String>>(row, "decrypted_at")? {
        Some(_) => Some(parsed(row, "decrypted_at")?),
        None => None,
    };
    Ok(StoredAcquaintance {
        connection: parsed(row, "connection")?,
        profile: parsed(row, "profile")?,
        known: Acquaintance {
            told: noted("told_at", "told_how")?,
            confirmed: noted("confirmed_at", "confirmed_by")?,
            decrypted,
            verified: None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{now, workspace};
    use super::*;

    #[tokio::test]
    async fn what_a_partner_knows_is_kept_for_each_profile_and_certificate() {
        let (_guard, workspace) = workspace().await;
        let (acme, print): (ConnectionId, Fingerprint) = ("acme".parse().unwrap(), Fingerprint([7; 32]));
        let note = |words: &str| Noted { at: now(), words: words.to_owned() };
        let mut transaction = workspace.begin().await.unwrap();
        transaction.note_told(&acme, ProfileKind::Test, &print, &note("by phone")).await.unwrap();
        transaction.note_told(&acme, ProfileKind::Test, &print, &note("by mail")).await.unwrap();
        transaction.note_confirmed(&acme, ProfileKind::Test, &print, &note("Ms Doe")).await.unwrap();
        transaction.note_decrypted(&acme, ProfileKind::Production, &print, now()).await.unwrap();
        let later = now().saturating_add(jiff::SignedDuration::from_hours(1)).unwrap();
        transaction.note_decrypted(&acme, ProfileKind::Production, &print, later).await.unwrap();
        transaction.commit().await.unwrap();
        let known = workspace.acquaintances(&print).await.unwrap();
        assert_eq!(known.len(), 2);
        assert_eq!(known[0].known, Acquaintance { decrypted: Some(now()), ..Acquaintance::default() });
        assert_eq!(known[1].known.told, Some(note("by mail")));
        assert_eq!(known[1].known.confirmed, Some(note("Ms Doe")));
        assert!(workspace.was_decrypted(&acme, ProfileKind::Production, &print).await.unwrap());
        assert!(!workspace.was_decrypted(&acme, ProfileKind::Test, &print).await.unwrap());
        assert!(workspace.acquaintances(&Fingerprint([8; 32])).await.unwrap().is_empty());
    }
}
