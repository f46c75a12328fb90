//! An inbox that takes nothing: the message is refused, and whoever sits here is told until one is delivered there again.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::judgement::{Outcome, refusal};
use super::{Candidate, Receiver};
use crate::app::{AppError, ServeEvent, inbox};
use crate::domain::diagnosis::Blame;
use crate::domain::sentence::sentence;
use crate::store::{FileError, FolderTrouble, FolderTroubleKind};

/// Why a payload could not be put into a folder, and what to do about it.
pub(super) fn not_put(folder: &Path, error: &FileError) -> AppError {
    let (why, what_to_do) = match error.source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            (format!("its disk is full ({})", error.source), "make room on that disk")
        }
        ErrorKind::PermissionDenied => {
            (error.source.to_string(), "let the user that this program runs as write into that folder")
        }
        ErrorKind::ReadOnlyFilesystem => (error.source.to_string(), "mount that disk writable"),
        _ => (error.source.to_string(), "see that it is a folder that can be written into, and that its disk is there"),
    };
    AppError::new(format!("nothing can be put into the inbox {}: {why}", folder.display())).hint(what_to_do)
}

impl Receiver {
    /// A message whose payload could not be put into its inbox. Our own trouble: the partner is asked to send it again,
    /// nothing is acknowledged, and we are told.
    pub(super) async fn not_delivered(&self, chosen: &Candidate, error: &AppError) -> Outcome {
        let modifier = "unexpected-processing-error";
        let mut outcome = refusal(modifier, "Could not be stored", &sentence(&error.to_string()), Blame::Ours);
        let mend = format!(
            "{}, or choose another inbox in the settings of the profile",
            sentence(error.what_to_do().unwrap_or("see that the folder can be written into"))
        );
        let again = format!("ask {} to send the message again: it was told that it was not taken", chosen.name);
        let folder = match self.inbox_of(chosen).await {
            Ok(Some(folder)) => folder.to_string_lossy().into_owned(),
            _ => String::new(),
        };
        let trouble = FolderTrouble {
            folder,
            kind: FolderTroubleKind::Inbox,
            of: Some((chosen.connection.clone(), chosen.kind)),
            reason: error.to_string(),
            remedy: format!("{mend}; then {again}"),
            since: self.app.now(),
        };
        // Where not even this can be written, the message is refused all the same.
        if self.workspace.put_folder_trouble(&trouble).await.is_ok() {
            self.troubled.store(true, Ordering::Release);
            self.tell(ServeEvent::JournalChanged);
        }
        outcome.diagnosis.remedy = vec![mend, sentence(&again)];
        outcome
    }

    /// Something was put into the inbox of a profile: what was wrong with it is over.
    pub(super) async fn inbox_is_well(&self, chosen: &Candidate) {
        if !self.troubled.swap(false, Ordering::AcqRel) {
            return;
        }
        let of = Some((chosen.connection.clone(), chosen.kind));
        let is_inbox = |trouble: &FolderTrouble| trouble.kind == FolderTroubleKind::Inbox;
        let ended = self.workspace.end_folder_troubles(|trouble| is_inbox(trouble) && trouble.of == of).await;
        let left = self.workspace.folder_troubles().await;
        if left.map_or(true, |left| left.iter().any(is_inbox)) {
            self.troubled.store(true, Ordering::Release);
        }
        if matches!(ended, Ok(true)) {
            self.tell(ServeEvent::JournalChanged);
        }
    }

    /// The folder that a profile's payloads are put into.
    async fn inbox_of(&self, chosen: &Candidate) -> Result<Option<PathBuf>, AppError> {
        let own = self.own_inbox(&chosen.connection, chosen.kind).await?;
        let of_all = || self.inbox.as_ref().map(|inbox| inbox::folder(inbox, &chosen.connection, chosen.kind));
        Ok(own.or_else(of_all))
    }
}
