//! Scheduled activations that have come about: they are computed, so nobody had to be awake for them, and told once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::app::AppError;
use crate::domain::connection::Connection;
use crate::domain::notice::{self, CameAbout, InUse};
use crate::store::Workspace;

/// For so long after it has come about an activation is spoken of.
const SPOKEN_OF: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether an activation was on the schedule before it came about, looked up once for each: what was does not change, and
/// a rollover activates hundreds at one instant.
#[derive(Clone, Default)]
pub(in crate::app) struct Planned(Arc<Mutex<BTreeMap<CameAbout, bool>>>);

impl Planned {
    fn known(&self) -> MutexGuard<'_, BTreeMap<CameAbout, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::app) fn forget(&self) {
        self.known().clear();
    }

    async fn was(&self, workspace: &Workspace, connection: &Connection, each: &CameAbout) -> Result<bool, AppError> {
        if let Some(known) = self.known().get(each).copied() {
            return Ok(known);
        }
        let before = each.at.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN);
        let then = workspace.connection_as_of(&connection.id, before).await?;
        let planned = then.is_some_and(|then| each.was_planned(&then));
        self.known().insert(each.clone(), planned);
        Ok(planned)
    }

    /// The activations of the last thirty days that were on the schedule beforehand, but for those that are told as missed.
    pub(super) async fn came_about(
        &self,
        workspace: &Workspace,
        connections: &[Connection],
        now: Timestamp,
    ) -> Result<Vec<CameAbout>, AppError> {
        let since = now.saturating_sub(SPOKEN_OF).unwrap_or(Timestamp::MIN);
        let mut found = Vec::new();
        for connection in connections {
            for each in notice::came_about(connection, since, now) {
                if self.was(workspace, connection, &each).await? {
                    found.push(each);
                }
            }
        }
        if !found.is_empty() {
            let missed = workspace.missed_activations_since(since).await?;
            found.retain(|each| {
                !missed.iter().any(|missed| {
                    missed.activation.at == each.at
                        && missed.connection == each.place.connection
                        && missed.profile == each.place.profile
                        && InUse::Theirs(missed.activation.certificate) == each.what
                })
            });
        }
        Ok(found)
    }
}
