//! Scheduled activations that have come about: they are computed, so nobody had to be awake for them, and told once.

use jiff::{SignedDuration, Timestamp};

use crate::app::AppError;
use crate::domain::connection::Connection;
use crate::domain::notice::{self, CameAbout, InUse};
use crate::store::Workspace;

/// For so long after it has come about an activation is spoken of.
const SPOKEN_OF: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The activations of the last thirty days that were on the schedule beforehand, but for those that are told as missed.
pub(super) async fn came_about(
    workspace: &Workspace,
    connections: &[Connection],
    now: Timestamp,
) -> Result<Vec<CameAbout>, AppError> {
    let since = now.saturating_sub(SPOKEN_OF).unwrap_or(Timestamp::MIN);
    let mut found = Vec::new();
    for connection in connections {
        for each in notice::came_about(connection, since, now) {
            let before = each.at.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN);
            let then = workspace.connection_as_of(&connection.id, before).await?;
            if then.is_some_and(|then| each.was_planned(&then)) {
                found.push(each);
            }
        }
    }
    if !found.is_empty() {
        let missed = workspace.missed_activations_since(since).await?;
        found.retain(|each| {
            !missed.iter().any(|missed| {
                missed.connection == each.place.connection
                    && missed.profile == each.place.profile
                    && missed.activation.at == each.at
                    && InUse::Theirs(missed.activation.certificate) == each.what
            })
        });
    }
    Ok(found)
}
