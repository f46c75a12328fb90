//! Several changes that are made together or not at all.

use std::sync::Arc;

use crate::domain::audit::AuditNote;

use super::audit;
use super::error::StoreError;
use super::keyring::Unlocked;
use super::session::Session;
use super::workspace::Workspace;

/// Changes to a workspace that take effect together, when [`Transaction::commit`] has returned. Dropped before that,
/// it leaves everything as it was.
pub struct Transaction {
    workspace: Workspace,
    pub(super) session: Session,
    /// Something to be done is among the changes.
    pub(super) keeps_duty: bool,
    /// What is told of it in the audit log.
    pub(super) notes: Vec<AuditNote>,
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").field("workspace", &self.workspace).finish_non_exhaustive()
    }
}

impl Transaction {
    pub(super) const fn new(workspace: Workspace, session: Session) -> Self {
        Self { workspace, session, keeps_duty: false, notes: Vec::new() }
    }

    /// The workspace's key, or why it is locked.
    pub(super) fn key(&self) -> Arc<Unlocked> {
        self.workspace.key()
    }

    /// Makes the changes permanent: on disk once this has returned.
    ///
    /// # Errors
    /// Where the disk is full or fails; then nothing has changed.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if !self.notes.is_empty() {
            let (at, by) = self.workspace.witness();
            audit::append(&mut self.session, &self.notes, at, &by).await?;
        }
        self.session.commit("write the changes").await?;
        if self.keeps_duty {
            self.workspace.duty_kept().notify_one();
        }
        Ok(())
    }
}
