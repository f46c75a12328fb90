//! Inboxes that payloads cannot be put into, files of outboxes that are not sent while the others are, and folders of a tree
//! of outboxes that belong to no profile.
//!
//! They are few and end by themselves, so they are kept as one document of the workspace.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::identifier::{ConnectionId, ProfileKind};

use super::error::StoreError;
use super::session::{from_json, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// Under which they are kept.
const KEY: &str = "folder_troubles";

const WHAT: &str = "what is wrong with folders";

/// So many are kept: a tree of a thousand wrong names is one mistake.
const MOST: usize = 64;

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FolderTroubleKind {
    /// Payloads cannot be put there.
    Inbox,
    /// Some of what lies there is not sent.
    Left,
    /// Files wait there to be sent, and it is the outbox of nobody.
    Nobodys,
}

/// What is wrong with a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderTrouble {
    /// The folder.
    pub folder: String,
    /// Of which kind.
    pub kind: FolderTroubleKind,
    /// Of which profile; nothing where it is nobody's.
    pub of: Option<(ConnectionId, ProfileKind)>,
    /// What, in words.
    pub reason: String,
    /// What to do about it, in words.
    pub remedy: String,
    /// Since when.
    pub since: Timestamp,
}

impl FolderTrouble {
    /// Whether another is about the same.
    fn is_same(&self, other: &Self) -> bool {
        (&self.folder, self.kind, &self.of) == (&other.folder, other.kind, &other.of)
    }
}

impl Workspace {
    /// What is wrong with folders, the oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn folder_troubles(&self) -> Result<Vec<FolderTrouble>, StoreError> {
        self.meta(KEY).await?.map_or_else(|| Ok(Vec::new()), |text| from_json(WHAT, &text))
    }

    /// Keeps what is wrong with a folder; since when stays as long as anything is.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_folder_trouble(&self, trouble: &FolderTrouble) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let mut all = transaction.folder_troubles().await?;
        match all.iter().position(|known| trouble.is_same(known)) {
            Some(place) => all[place] = FolderTrouble { since: all[place].since, ..trouble.clone() },
            None if all.len() < MOST => all.push(trouble.clone()),
            None => return Ok(()),
        }
        transaction.set_folder_troubles(&all).await?;
        transaction.commit().await
    }

    /// Ends those of which `is_over` says so. Returns whether there was one.
    ///
    /// # Errors
    /// Where the database cannot be read or written.
    pub async fn end_folder_troubles(&self, is_over: impl Fn(&FolderTrouble) -> bool) -> Result<bool, StoreError> {
        if !self.folder_troubles().await?.iter().any(&is_over) {
            return Ok(false);
        }
        let mut transaction = self.begin().await?;
        transaction.end_folder_troubles(is_over).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

impl Transaction {
    async fn folder_troubles(&mut self) -> Result<Vec<FolderTrouble>, StoreError> {
        self.meta(KEY).await?.map_or_else(|| Ok(Vec::new()), |text| from_json(WHAT, &text))
    }

    async fn set_folder_troubles(&mut self, all: &[FolderTrouble]) -> Result<(), StoreError> {
        self.set_meta(KEY, &to_json(WHAT, &all)?).await
    }

    /// Ends those of which `is_over` says so.
    pub(super) async fn end_folder_troubles(
        &mut self,
        is_over: impl Fn(&FolderTrouble) -> bool,
    ) -> Result<(), StoreError> {
        let mut all = self.folder_troubles().await?;
        let before = all.len();
        all.retain(|trouble| !is_over(trouble));
        if all.len() == before { Ok(()) } else { self.set_folder_troubles(&all).await }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FolderKind;
    use super::super::fixtures::{now, workspace};
    use super::*;

    #[tokio::test]
    async fn what_is_wrong_with_a_folder_is_kept_since_it_began_and_ends_with_the_folder() {
        let (_guard, workspace) = workspace().await;
        let connection: ConnectionId = "acme".parse().unwrap();
        let trouble = |folder: &str, of: Option<_>, reason: &str, since| FolderTrouble {
            folder: folder.to_owned(),
            kind: if of.is_some() { FolderTroubleKind::Inbox } else { FolderTroubleKind::Nobodys },
            of,
            reason: reason.to_owned(),
            remedy: "free some space".to_owned(),
            since,
        };
        let later: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        let of = Some((connection.clone(), ProfileKind::Test));
        let wrong = trouble("/out/nosuch", None, "no connection", now());
        workspace.put_folder_trouble(&trouble("/in", of.clone(), "full", now())).await.unwrap();
        workspace.put_folder_trouble(&wrong).await.unwrap();
        workspace.put_folder_trouble(&trouble("/in", of.clone(), "gone", later)).await.unwrap();
        let known = workspace.folder_troubles().await.unwrap();
        assert_eq!(known, [trouble("/in", of, "gone", now()), wrong.clone()]);
        assert!(!workspace.end_folder_troubles(|each| each.folder == "/elsewhere").await.unwrap());
        let mut transaction = workspace.begin().await.unwrap();
        transaction.remove_folder(&connection, ProfileKind::Test, FolderKind::Inbox).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(workspace.folder_troubles().await.unwrap(), [wrong]);
        assert!(workspace.end_folder_troubles(|each| each.of.is_none()).await.unwrap());
        assert!(workspace.folder_troubles().await.unwrap().is_empty());
    }
}
