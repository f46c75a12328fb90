//! Passwords and other secrets, by name, sealed.

use zeroize::Zeroizing;

use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::identifier::{ConnectionId, ProfileKind};

use super::error::{StoreError, at_most};
use super::sealing::Place;
use super::session::{column, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes of a secret.
const MOST: usize = 64 * 1024;
const SEALED: &str = "secrets.sealed";

/// The name under which a profile's HTTP password is kept: `http-password/<connection>/<profile>`.
#[must_use]
pub fn http_password_name(connection: &ConnectionId, profile: ProfileKind) -> String {
    format!("http-password/{connection}/{profile}")
}

impl Workspace {
    /// A secret, where there is one of this name.
    ///
    /// # Errors
    /// Where there is one and the workspace is locked, or it does not unseal; or the database cannot be read.
    pub async fn secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        const DOING: &str = "read a secret";
        let statement = sql("SELECT sealed FROM secrets WHERE name = $1").bind(name.to_owned());
        let Some(row) = self.reading(DOING).await?.row(DOING, statement).await? else { return Ok(None) };
        let key = self.key();
        let key = key.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
        key.unseal(Place { column: SEALED, row: name }, &column::<Vec<u8>>(&row, "sealed")?)
            .map(Some)
            .ok_or_else(|| StoreError::Unsealable { what: format!("the secret `{name}`") })
    }

    /// The names of all secrets, sorted. They can be read while the workspace is locked.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn secret_names(&self) -> Result<Vec<String>, StoreError> {
        const DOING: &str = "read the secrets' names";
        let rows = self.reading(DOING).await?.rows(DOING, sql("SELECT name FROM secrets")).await?;
        let mut names = rows.iter().map(|row| column(row, "name")).collect::<Result<Vec<String>, _>>()?;
        names.sort();
        Ok(names)
    }

    /// Keeps a secret, in the place of an earlier one with its name.
    ///
    /// # Errors
    /// As [`Transaction::put_secret`].
    pub async fn put_secret(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.put_secret(name, value).await?;
        transaction.commit().await
    }

    /// Removes a secret; answers whether there was one.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn remove_secret(&self, name: &str) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let removed = transaction.remove_secret(name).await?;
        transaction.commit().await?;
        Ok(removed)
    }
}

impl Transaction {
    /// Keeps a secret, in the place of an earlier one with its name.
    ///
    /// # Errors
    /// Where the workspace is locked, the secret is larger than 64 KiB, or the database cannot be written.
    pub async fn put_secret(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        at_most("the secret's name", name.len(), 512)?;
        at_most("the secret", value.len(), MOST)?;
        let key = self.key();
        let key = key.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
        let sealed = key.seal(Place { column: SEALED, row: name }, value)?;
        let statement = sql("INSERT INTO secrets (name, sealed) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed");
        self.session.execute("keep a secret", statement.bind(name.to_owned()).bind(sealed)).await?;
        self.note(AuditNote::of(AuditAct::SecretSet, name));
        Ok(())
    }

    /// Removes a secret; answers whether there was one.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn remove_secret(&mut self, name: &str) -> Result<bool, StoreError> {
        let statement = sql("DELETE FROM secrets WHERE name = $1").bind(name.to_owned());
        let was_there = self.session.execute("remove a secret", statement).await? > 0;
        if was_there {
            self.note(AuditNote::of(AuditAct::SecretRemoved, name));
        }
        Ok(was_there)
    }
}
