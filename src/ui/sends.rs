//! Sends under way as the window follows them, and how the last one of each profile ended.

use std::sync::Arc;

use jiff::Timestamp;

use crate::app::engine::SendId;
use crate::app::{AppError, Payload, SendEvent, SendRequest};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Stage, StageStatus, Transmission, TransmissionId};

/// One send as it is followed.
#[derive(Debug)]
pub struct Run {
    /// Its number.
    pub id: SendId,
    /// To which connection.
    pub connection: ConnectionId,
    /// To which of its profiles.
    pub profile: ProfileKind,
    /// What is sent.
    pub payload: Payload,
    /// When it was begun.
    pub begun: Timestamp,
    /// The transmission, once it is journalled.
    pub transmission: Option<TransmissionId>,
    /// The stages so far, in their order; a running one is replaced when it ends.
    pub stages: Vec<Stage>,
    /// How far the running stage has come: bytes, of so many.
    pub progress: Option<(u64, u64)>,
    /// Whether the user has asked to give it up.
    pub cancelling: bool,
    /// How it ended: a transmission with its verdict, or why it could not even begin.
    pub outcome: Option<Result<Arc<Transmission>, Arc<AppError>>>,
}

impl Run {
    /// Whether it is under way.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.outcome.is_none()
    }
}

/// The newest run of every profile that was sent to since the window was opened.
#[derive(Debug, Default)]
pub struct Sends {
    runs: Vec<Run>,
}

impl Sends {
    pub(super) fn begin(&mut self, id: SendId, request: SendRequest, begun: Timestamp) {
        let SendRequest { connection, profile, payload } = request;
        self.runs.retain(|run| run.is_running() || (&run.connection, run.profile) != (&connection, profile));
        self.runs.push(Run {
            id,
            connection,
            profile,
            payload,
            begun,
            transmission: None,
            stages: Vec::new(),
            progress: None,
            cancelling: false,
            outcome: None,
        });
    }

    /// The newest run of a profile.
    #[must_use]
    pub fn of(&self, connection: &ConnectionId, profile: ProfileKind) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.connection == *connection && run.profile == profile)
    }

    /// The newest run of a profile, to be changed.
    pub fn of_mut(&mut self, connection: &ConnectionId, profile: ProfileKind) -> Option<&mut Run> {
        self.runs.iter_mut().rev().find(|run| run.connection == *connection && run.profile == profile)
    }

    /// One run, as long as no later one to its profile has taken its place.
    #[must_use]
    pub(super) fn run(&self, id: SendId) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// How many are under way.
    #[must_use]
    pub fn running(&self) -> usize {
        self.runs.iter().filter(|run| run.is_running()).count()
    }

    /// Follows what the engine tells of a send.
    pub(super) fn follow(&mut self, id: SendId, event: SendEvent) {
        let Some(run) = self.runs.iter_mut().find(|run| run.id == id) else { return };
        match event {
            SendEvent::Begun { id, .. } => run.transmission = Some(id),
            SendEvent::Building { bytes, total } | SendEvent::Progress { bytes, total } => {
                run.progress = Some((bytes, total));
            }
            SendEvent::Stage(stage) => {
                // What was told so far was about the stage before.
                run.progress = None;
                match run.stages.iter_mut().find(|known| known.stage == stage.stage) {
                    Some(known) => *known = stage,
                    None => run.stages.push(stage),
                }
                run.stages.sort_by_key(|stage| stage.stage);
            }
        }
    }

    /// Takes the end of a send; gives it back where it is none that is followed.
    pub(super) fn end(&mut self, id: SendId, outcome: Result<Box<Transmission>, AppError>) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            for stage in run.stages.iter_mut().filter(|stage| stage.status == StageStatus::Running) {
                stage.status = StageStatus::Skipped;
            }
            if let Ok(transmission) = &outcome {
                run.stages.clone_from(&transmission.stages);
                run.transmission = Some(transmission.id);
            }
            run.outcome = Some(outcome.map(|transmission| Arc::new(*transmission)).map_err(Arc::new));
        }
    }

    /// Takes what a receipt that came later has made of a send.
    pub(super) fn settle(&mut self, transmission: Transmission) {
        let ended = self.runs.iter_mut().find(|run| !run.is_running() && run.transmission == Some(transmission.id));
        if let Some(run) = ended {
            run.stages.clone_from(&transmission.stages);
            run.outcome = Some(Ok(Arc::new(transmission)));
        }
    }

    /// Whether this is a send that is followed.
    pub(super) fn knows(&self, id: SendId) -> bool {
        self.runs.iter().any(|run| run.id == id)
    }
}
