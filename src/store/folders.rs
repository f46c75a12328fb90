//! Which folders of this machine a profile sends from and receives into.

use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::spelling::spelled;

use super::error::StoreError;
use super::folder_troubles::{FolderTrouble, FolderTroubleKind};
use super::session::{Session, column, parsed, sql};
use super::transaction::Transaction;
use super::workspace::Workspace;

spelled! {
    /// What a folder is for.
    pub enum FolderKind {
        /// Its files are sent.
        Outbox = "outbox",
        /// What is received is put there.
        Inbox = "inbox",
    }
}

/// A folder of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFolder {
    /// Of which connection.
    pub connection: ConnectionId,
    /// Of which of its profiles.
    pub profile: ProfileKind,
    /// What for.
    pub kind: FolderKind,
    /// Where it is.
    pub path: String,
}

impl Workspace {
    /// The folders of all profiles, by connection and profile.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn folders(&self) -> Result<Vec<StoredFolder>, StoreError> {
        all(&mut self.reading("read the folders").await?).await
    }
}

impl Transaction {
    /// The folders of all profiles as this transaction sees them.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn folders(&mut self) -> Result<Vec<StoredFolder>, StoreError> {
        all(&mut self.session).await
    }

    /// Keeps where a folder of a profile is.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_folder(&mut self, folder: &StoredFolder) -> Result<(), StoreError> {
        let statement = sql("INSERT INTO folders (connection, profile, kind, path) VALUES ($1, $2, $3, $4)
             ON CONFLICT (connection, profile, kind) DO UPDATE SET path = excluded.path")
        .bind(folder.connection.to_string())
        .bind(folder.profile.as_str())
        .bind(folder.kind.as_str())
        .bind(folder.path.clone());
        self.session.execute("keep a folder", statement).await?;
        self.note(chosen(&folder.connection, folder.profile, folder.kind, Some(&folder.path)));
        Ok(())
    }

    /// A profile has no such folder any more.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn remove_folder(
        &mut self,
        connection: &ConnectionId,
        profile: ProfileKind,
        kind: FolderKind,
    ) -> Result<(), StoreError> {
        let statement = sql("DELETE FROM folders WHERE connection = $1 AND profile = $2 AND kind = $3")
            .bind(connection.to_string())
            .bind(profile.as_str())
            .bind(kind.as_str());
        if self.session.execute("forget a folder", statement).await? > 0 {
            self.note(chosen(connection, profile, kind, None));
        }
        if kind == FolderKind::Outbox {
            let statement = sql("DELETE FROM outbox_troubles WHERE connection = $1 AND profile = $2")
                .bind(connection.to_string())
                .bind(profile.as_str());
            self.session.execute("forget a folder", statement).await?;
        }
        let of = Some((connection.clone(), profile));
        let is_inbox = kind == FolderKind::Inbox;
        let is_its =
            |trouble: &FolderTrouble| trouble.of == of && (trouble.kind == FolderTroubleKind::Inbox) == is_inbox;
        self.end_folder_troubles(is_its).await?;
        Ok(())
    }
}

async fn all(session: &mut Session) -> Result<Vec<StoredFolder>, StoreError> {
    let statement = sql("SELECT connection, profile, kind, path FROM folders ORDER BY connection, profile, kind");
    let rows = session.rows("read the folders", statement).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredFolder {
                connection: parsed(row, "connection")?,
                profile: parsed(row, "profile")?,
                kind: parsed(row, "kind")?,
                path: column(row, "path")?,
            })
        })
        .collect()
}

/// What the audit log says of a folder that was chosen for a profile, or is none any more.
fn chosen(connection: &ConnectionId, profile: ProfileKind, kind: FolderKind, path: Option<&str>) -> AuditNote {
    AuditNote::of(AuditAct::ConnectionChanged, connection.as_str()).with(&format!("{profile}.{kind}"), None, path)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::workspace;
    use super::*;

    #[tokio::test]
    async fn a_folder_is_kept_replaced_and_forgotten() {
        let (_guard, workspace) = workspace().await;
        let connection: ConnectionId = "acme".parse().unwrap();
        let folder = |kind, path: &str| StoredFolder {
            connection: "acme".parse().unwrap(),
            profile: ProfileKind::Test,
            kind,
            path: path.to_owned(),
        };
        let mut transaction = workspace.begin().await.unwrap();
        for path in ["/a", "/b"] {
            transaction.put_folder(&folder(FolderKind::Outbox, path)).await.unwrap();
        }
        transaction.put_folder(&folder(FolderKind::Inbox, "/c")).await.unwrap();
        transaction.commit().await.unwrap();
        let (outbox, inbox) = (folder(FolderKind::Outbox, "/b"), folder(FolderKind::Inbox, "/c"));
        assert_eq!(workspace.folders().await.unwrap(), [inbox.clone(), outbox]);
        let mut transaction = workspace.begin().await.unwrap();
        transaction.remove_folder(&connection, ProfileKind::Test, FolderKind::Outbox).await.unwrap();
        assert_eq!(transaction.folders().await.unwrap(), [inbox]);
    }
}
