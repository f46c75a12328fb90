//! Several messages sent again: those of one profile one after the other, in their order; few profiles at a time.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Payload, SendEvent, SendRequest};
use crate::app::{App, AppError};
use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Transmission, TransmissionId, Verdict};

/// So many profiles are sent to at once.
const AT_ONCE: usize = 4;

/// How a message is sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redelivery {
    /// Also where it was delivered, or its receipt is waited for.
    pub even_delivered: bool,
    /// As a new message with a Message-ID of its own, by which nobody recognises it.
    pub as_new: bool,
}

/// What became of one that was to be sent again.
#[derive(Debug)]
pub struct Redelivered {
    /// The one that was named; a new message has another number.
    pub id: TransmissionId,
    /// The transmission, or why it was not sent.
    pub outcome: Result<Transmission, AppError>,
}

impl Redelivered {
    /// Whether the attempt delivered it, or its receipt is waited for.
    #[must_use]
    pub fn went_well(&self) -> bool {
        let last = self.outcome.as_ref().ok().and_then(|sent| sent.attempts.last());
        last.is_some_and(|attempt| matches!(attempt.verdict, Verdict::Delivered | Verdict::Pending))
    }
}

impl App {
    /// Sends one message again.
    ///
    /// # Errors
    /// As [`App::redeliver`], or where it is sent as a new one, as [`App::send`].
    pub async fn redeliver_as(
        &self,
        id: TransmissionId,
        how: Redelivery,
        events: &(dyn Fn(SendEvent) + Send + Sync),
    ) -> Result<Transmission, AppError> {
        if !how.as_new {
            return self.redeliver(id, how.even_delivered, events).await;
        }
        let earlier = self.transmission(&id.simple().to_string()).await?;
        let (Some(connection), Some(profile)) = (earlier.connection, earlier.profile) else {
            return Err(AppError::new("this transmission belongs to no connection, so nobody knows where it is to go"));
        };
        if earlier.direction == crate::domain::transmission::Direction::Inbound {
            return Err(AppError::new("this message was received, not sent, so it is not ours to send again"));
        }
        let note = AuditNote::of(AuditAct::Redelivered, id.simple().to_string());
        self.workspace().await?.note(note.with("as", None, Some("a new message"))).await?;
        self.send(&SendRequest { connection, profile, payload: Payload::Kept(id) }, events).await
    }

    /// Sends several messages again, in their order, and tells what became of each as it ends.
    ///
    /// # Errors
    /// Where the workspace cannot be read. What becomes of each is in the answer.
    pub async fn redeliver_several(
        &self,
        ids: Vec<TransmissionId>,
        how: Redelivery,
        told: Arc<dyn Fn(&Redelivered) + Send + Sync>,
    ) -> Result<Vec<Redelivered>, AppError> {
        let mut places: HashMap<Option<(ConnectionId, ProfileKind)>, usize> = HashMap::new();
        let mut groups: Vec<Vec<TransmissionId>> = Vec::new();
        for id in &ids {
            let found = self.transmission(&id.simple().to_string()).await?;
            let place = *places.entry(found.connection.zip(found.profile)).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(*id),
                None => groups.push(vec![*id]),
            }
        }
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut running = JoinSet::new();
        for group in groups {
            let (app, room, told) = (self.clone(), Arc::clone(&room), Arc::clone(&told));
            running.spawn(async move {
                let _place = room.acquire().await.ok();
                let mut done = Vec::new();
                for id in group {
                    let outcome = app.redeliver_as(id, how, &|_event| {}).await;
                    let one = Redelivered { id, outcome };
                    told(&one);
                    done.push(one);
                }
                done
            });
        }
        let mut done = HashMap::new();
        while let Some(ended) = running.join_next().await {
            let ended = ended.map_err(|error| AppError::new(format!("the work was interrupted: {error}")))?;
            done.extend(ended.into_iter().map(|one| (one.id, one)));
        }
        Ok(ids.iter().filter_map(|id| done.remove(id)).collect())
    }
}
