//! One's own policies, as text, and the settings of the workspace itself.

use std::path::Path;

use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::identifier::PolicyId;

use super::database::{self, Database};
use super::error::{OpenError, StoreError, at_most};
use super::session::{Session, column, parsed, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes of a policy or a setting.
const MOST: usize = 1024 * 1024;

const READING: &str = "read a setting";

/// A setting of a workspace that no program has open, such as one that was just restored; its database is not changed, and
/// not brought up to date.
///
/// # Errors
/// Where the database cannot be read.
pub async fn setting_at_rest(folder: &Path, key: &str) -> Result<Option<String>, OpenError> {
    let database = Database::at_rest(&folder.join(database::FILE))?;
    let mut session = database.read(READING).await?;
    let found = setting(&mut session, key).await;
    drop(session);
    database.close().await;
    Ok(found?)
}

impl Workspace {
    /// One's own policies as TOML, sorted by id.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn policies(&self) -> Result<Vec<(PolicyId, String)>, StoreError> {
        all_policies(&mut self.reading("read the policies").await?).await
    }

    /// Keeps a policy, in the place of an earlier one with its id. The text is the caller's to check.
    ///
    /// # Errors
    /// As [`Transaction::put_policy`].
    pub async fn put_policy(&self, id: &PolicyId, toml: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.put_policy(id, toml).await?;
        transaction.commit().await
    }

    /// A setting of the workspace, where it was set.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        setting(&mut self.reading(READING).await?, key).await
    }

    /// Sets what somebody has chosen, and has the audit log tell of it.
    ///
    /// # Errors
    /// As [`Transaction::set_meta`].
    pub async fn choose(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.choose(key, value).await?;
        transaction.commit().await
    }

    /// Sets what the program notes for itself.
    ///
    /// # Errors
    /// As [`Transaction::set_meta`].
    pub async fn set_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.set_meta(key, value).await?;
        transaction.commit().await
    }
}

impl Transaction {
    /// Keeps a policy, in the place of an earlier one with its id. The text is the caller's to check.
    ///
    /// # Errors
    /// Where the policy is larger than 1 MiB, or the database cannot be written.
    pub async fn put_policy(&mut self, id: &PolicyId, toml: &str) -> Result<(), StoreError> {
        at_most("the policy", toml.len(), MOST)?;
        let before = self.policy(id).await?;
        let statement = sql("INSERT INTO policies (id, document) VALUES ($1, $2)
             ON CONFLICT (id) DO UPDATE SET document = excluded.document");
        self.session.execute("keep a policy", statement.bind(id.to_string()).bind(toml.to_owned())).await?;
        if before.as_deref() != Some(toml) {
            let note = AuditNote::of(AuditAct::PolicySaved, id.as_str());
            self.note(note.with("document", before.as_deref(), Some(toml)));
        }
        Ok(())
    }

    async fn policy(&mut self, id: &PolicyId) -> Result<Option<String>, StoreError> {
        let statement = sql("SELECT document FROM policies WHERE id = $1").bind(id.to_string());
        let row = self.session.row("read a policy", statement).await?;
        row.as_ref().map(|row| column(row, "document")).transpose()
    }

    /// One's own policies as this transaction sees them, sorted by id.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn policies(&mut self) -> Result<Vec<(PolicyId, String)>, StoreError> {
        all_policies(&mut self.session).await
    }

    /// Removes a policy. What uses it is the caller's to look after.
    ///
    /// # Errors
    /// Where there is none of this id, or the database cannot be written.
    pub async fn remove_policy(&mut self, id: &PolicyId) -> Result<(), StoreError> {
        let before = self.policy(id).await?;
        let statement = sql("DELETE FROM policies WHERE id = $1").bind(id.to_string());
        if self.session.execute("remove a policy", statement).await? == 0 {
            return Err(StoreError::NotFound { what: "own policy", name: id.to_string() });
        }
        self.note(AuditNote::of(AuditAct::PolicyRemoved, id.as_str()).with("document", before.as_deref(), None));
        Ok(())
    }

    /// A setting of the workspace as this transaction sees it, where it was set.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn meta(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        setting(&mut self.session, key).await
    }

    /// Sets what somebody has chosen, and has the audit log tell of it.
    ///
    /// # Errors
    /// As [`Transaction::set_meta`].
    pub async fn choose(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        let before = self.meta(key).await?;
        self.set_meta(key, value).await?;
        if before.as_deref() == Some(value) {
            return Ok(());
        }
        let document = |text: &str| serde_json::from_str(text).ok().filter(serde_json::Value::is_object);
        let note = AuditNote::of(AuditAct::SettingChanged, key);
        let note = match (before.as_deref().map(document), document(value)) {
            (None, Some(after)) => note.between(&serde_json::Value::Null, &after),
            (Some(Some(before)), Some(after)) => note.between(&before, &after),
            _ => note.with("value", before.as_deref(), Some(value)),
        };
        self.note(note);
        Ok(())
    }

    /// Sets what the program notes for itself.
    ///
    /// # Errors
    /// Where the value is larger than 1 MiB, or the database cannot be written.
    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        at_most("the setting's name", key.len(), 512)?;
        at_most("the setting", value.len(), MOST)?;
        let statement = sql("INSERT INTO meta (key, value) VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value");
        self.session.execute("keep a setting", statement.bind(key.to_owned()).bind(value.to_owned())).await.map(|_| ())
    }
}

async fn setting(session: &mut Session, key: &str) -> Result<Option<String>, StoreError> {
    let statement = sql("SELECT value FROM meta WHERE key = $1").bind(key.to_owned());
    let row = session.row(READING, statement).await?;
    row.as_ref().map(|row| column(row, "value")).transpose()
}

async fn all_policies(session: &mut Session) -> Result<Vec<(PolicyId, String)>, StoreError> {
    let rows = session.rows("read the policies", sql("SELECT id, document FROM policies")).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push((parsed::<PolicyId>(row, "id")?, column::<String>(row, "document")?));
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::workspace;
    use super::*;

    #[tokio::test]
    async fn policies_and_settings_are_replaced_by_name() {
        let (_guard, workspace) = workspace().await;
        let id: PolicyId = "own".parse().unwrap();
        workspace.put_policy(&id, "id = 'own'").await.unwrap();
        workspace.put_policy(&id, "id = 'own' # 2").await.unwrap();
        assert_eq!(workspace.policies().await.unwrap(), [(id, "id = 'own' # 2".to_owned())]);
        let own = workspace.policies().await.unwrap().remove(0).0;
        let mut transaction = workspace.begin().await.unwrap();
        transaction.remove_policy(&own).await.unwrap();
        assert!(transaction.policies().await.unwrap().is_empty());
        assert!(matches!(transaction.remove_policy(&own).await, Err(StoreError::NotFound { .. })));
        drop(transaction);
        assert_eq!(workspace.policies().await.unwrap().len(), 1, "a removal that was not committed");
        assert_eq!(workspace.meta("sample").await.unwrap(), None);
        workspace.set_meta("sample", "yes").await.unwrap();
        workspace.set_meta("sample", "no").await.unwrap();
        assert_eq!(workspace.meta("sample").await.unwrap().as_deref(), Some("no"));
    }
}
