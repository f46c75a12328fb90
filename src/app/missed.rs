//! Activations that happened while nobody was running: right all the same, because they are computed, and told once.

use jiff::{SignedDuration, Timestamp};

use super::{App, AppError};
use crate::domain::timeline::activations_between;
use crate::store::{MissedActivation, StoreError, Workspace};

/// Under this name the workspace keeps when somebody was last running on it.
const LAST_RUNNING: &str = "last-running";

/// Whoever runs says so about once a minute: a longer silence was a sleep, or nobody was there.
const SILENCE: SignedDuration = SignedDuration::from_mins(3);

/// So long after it was last said somebody was still there. What was activated by hand, just after it was said, is not
/// among what was missed.
const STILL_THERE: SignedDuration = SignedDuration::from_mins(1);

impl App {
    /// Says that somebody is running, and keeps which activations happened since that was last said, where that is long
    /// ago. To be called about once a minute while running, and before a schedule is changed by hand. Where it cannot be
    /// kept now, it is found the next time.
    ///
    /// Answers whether nothing was missed that is not kept.
    pub async fn note_running(&self) -> bool {
        let workspace = match self.existing().await {
            Ok(Some(workspace)) => workspace,
            Ok(None) => return true,
            Err(_unreadable) => return false,
        };
        let now = self.now();
        // Once a minute is enough, however often it is said.
        let minute = now.as_second().div_euclid(60).to_string();
        if workspace.is_read_only() || !self.noted.is_due("running", &minute, now) {
            return true;
        }
        if let Err(error) = note(&workspace, now).await {
            tracing::warn!(%error, "missed activations could not be looked for");
            self.noted.forget("running");
            return false;
        }
        true
    }

    /// Notes that the activations that were missed have been read.
    ///
    /// # Errors
    /// Where the workspace cannot be written.
    pub async fn know_missed_activations(&self) -> Result<(), AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(()) };
        let mut transaction = workspace.begin().await?;
        transaction.tell_missed_activations(self.now()).await?;
        Ok(transaction.commit().await?)
    }

    /// Activations that happened while nobody was running, and that nobody has read yet.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn missed_activations(&self) -> Result<Vec<MissedActivation>, AppError> {
        match self.existing().await? {
            Some(workspace) => Ok(workspace.missed_activations().await?),
            None => Ok(Vec::new()),
        }
    }
}

async fn note(workspace: &Workspace, now: Timestamp) -> Result<(), StoreError> {
    let last = workspace.meta(LAST_RUNNING).await?.and_then(|text| text.parse::<Timestamp>().ok());
    // Never said before: then nothing was missed, because nobody was to be there.
    let missed = match last {
        Some(last) if now.duration_since(last) > SILENCE => {
            let mut missed = Vec::new();
            for connection in workspace.connections().await? {
                for (profile, settings) in connection.profiles() {
                    let found = activations_between(&settings.partner_certificates, last + STILL_THERE, now);
                    missed.extend(found.into_iter().map(|activation| MissedActivation {
                        connection: connection.id.clone(),
                        profile,
                        activation,
                    }));
                }
            }
            missed
        }
        _ => Vec::new(),
    };
    let mut transaction = workspace.begin().await?;
    for missed in &missed {
        transaction.put_missed_activation(missed).await?;
    }
    transaction.set_meta(LAST_RUNNING, &now.to_string()).await?;
    transaction.commit().await
}
