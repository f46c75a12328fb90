//! What the window asks for about what is kept: beside everything else, because a large archive takes its time.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::command::{Answer, Event, RequestId};
use super::work::given_up;
use crate::app::{App, AppError, RetentionPreview, RetentionRun, StorageUsage};
use crate::domain::retention::{RetentionMark, RetentionRules};
use crate::domain::transmission::TransmissionId;

/// What is asked for.
#[derive(Clone, Debug)]
pub enum RetentionCommand {
    /// What there is, and the rules. Answered by [`RetentionAnswer::Usage`].
    Usage,
    /// What rules would free. Answered by [`RetentionAnswer::Preview`].
    Preview(RetentionRules),
    /// Set the rules. Answered by [`RetentionAnswer::Usage`].
    Set(RetentionRules),
    /// Let go of what the rules say. Answered by [`RetentionAnswer::Freed`].
    Free,
    /// Mark a transmission, or take the mark off. Answered by [`Answer::Done`].
    Mark(TransmissionId, Option<RetentionMark>),
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum RetentionAnswer {
    /// What there is.
    Usage(StorageUsage),
    /// What would go.
    Preview(RetentionPreview),
    /// What has gone.
    Freed(RetentionRun),
}

/// Carries it out and tells what came of it; freeing ends after the transmissions in hand when it is `cancelled`.
pub(super) async fn carry_out(
    app: App,
    tell: Arc<dyn Fn(Event) + Send + Sync>,
    id: RequestId,
    command: RetentionCommand,
    cancelled: oneshot::Receiver<()>,
) {
    let has_freed = matches!(command, RetentionCommand::Free);
    tell(Event::Answered(id, answer(&app, command, cancelled).await));
    if has_freed {
        tell(Event::JournalChanged);
    }
}

async fn answer(app: &App, command: RetentionCommand, cancelled: oneshot::Receiver<()>) -> Result<Answer, AppError> {
    let answer = match command {
        RetentionCommand::Usage => RetentionAnswer::Usage(app.storage_usage().await?),
        RetentionCommand::Preview(rules) => RetentionAnswer::Preview(app.preview_retention(&rules).await?),
        RetentionCommand::Set(rules) => {
            app.set_retention_rules(&rules).await?;
            RetentionAnswer::Usage(app.storage_usage().await?)
        }
        RetentionCommand::Free => {
            RetentionAnswer::Freed(app.run_retention_until(given_up(cancelled), &|_number| {}).await?)
        }
        RetentionCommand::Mark(of, mark) => {
            app.mark_transmission(&of.simple().to_string(), mark).await?;
            return Ok(Answer::Done);
        }
    };
    Ok(Answer::Retention(Box::new(answer)))
}
