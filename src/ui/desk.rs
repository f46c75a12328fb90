//! What every view is given: the workspace as last read, the way to the engine, and the way to say what is to happen.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::files::{FilePick, FilePicks, PickId};
use super::intent::Intent;
use super::moment::Moment;
use super::sends::Sends;
use super::shell::Toasts;
use super::transmissions::NotTaken;
use crate::app::AppError;
use crate::app::engine::{Answer, Busy, Command, Engine, RequestId, SendId, Snapshot};
use crate::domain::link::Link;

/// Answers that have come and that no view has taken yet.
#[derive(Default)]
pub(super) struct Answers {
    waiting: HashMap<RequestId, Result<Answer, AppError>>,
}

/// A view that was closed never takes its answers: more than these are given up, the oldest first.
const MOST_ANSWERS: usize = 64;

impl Answers {
    /// Keeps an answer until it is taken.
    pub(super) fn put(&mut self, id: RequestId, answer: Result<Answer, AppError>) {
        self.waiting.insert(id, answer);
        if self.waiting.len() > MOST_ANSWERS
            && let Some(oldest) = self.waiting.keys().min().copied()
        {
            self.waiting.remove(&oldest);
        }
    }

    /// The answer to a request, once.
    pub(super) fn take(&mut self, id: RequestId) -> Option<Result<Answer, AppError>> {
        self.waiting.remove(&id)
    }
}

/// What every view is given.
pub struct Desk<'a> {
    /// The workspace as last read.
    pub snapshot: &'a Arc<Snapshot>,
    /// The present, and the zone in which instants are shown.
    pub moment: Moment,
    /// Sends under way, and how the last of each profile ended.
    pub sends: &'a mut Sends,
    /// Short messages at the window's edge.
    pub toasts: &'a mut Toasts,
    pub(super) engine: &'a mut Engine,
    pub(super) answers: &'a mut Answers,
    pub(super) intents: &'a mut Vec<Intent>,
    pub(super) files: &'a mut FilePicks,
}

impl Desk<'_> {
    /// Hands a command to the engine and returns the number under which it will be answered. Where it is not taken, the
    /// user is told and nothing is returned.
    pub fn ask(&mut self, command: impl FnOnce(RequestId) -> Command) -> Option<RequestId> {
        let id = self.engine.request();
        match self.engine.tell(command(id)) {
            Ok(()) => Some(id),
            Err(busy) => {
                self.toasts.error(&busy.to_string(), "");
                None
            }
        }
    }

    /// The answer to a request once it has come; the request is forgotten with it.
    pub fn answer(&mut self, request: &mut Option<RequestId>) -> Option<Result<Answer, AppError>> {
        let answer = self.answers.take((*request)?)?;
        *request = None;
        Some(answer)
    }

    /// Says what is to happen. It is done once, after this frame.
    pub fn intend(&mut self, intent: Intent) {
        self.intents.push(intent);
    }

    /// Puts a link to something onto the clipboard.
    pub(super) fn copy_link(&mut self, ctx: &egui::Context, to: &Link) {
        let link = to.to_string();
        self.toasts.done("Link copied", &link);
        ctx.copy_text(link);
    }

    /// Opens the system's file dialog; the pick comes under the returned number. Only one is open at a time.
    pub fn pick_file(&mut self, pick: FilePick) -> Option<PickId> {
        match self.files.open(pick, self.engine, self.snapshot) {
            Ok(id) => Some(id),
            Err(reason) => {
                self.toasts.error(&reason, "");
                None
            }
        }
    }

    /// The same for a view that has a field for the path: where the system has no dialog, the view says so, and not a message.
    pub(super) fn pick_file_or_type(&mut self, pick: FilePick) -> Option<PickId> {
        let id = self.pick_file(pick)?;
        self.files.tell_asker(id);
        Some(id)
    }

    /// Whether the system had no dialog for a pick that was asked for so.
    pub(super) fn had_no_dialog(&mut self, pick: PickId) -> bool {
        self.files.had_no_dialog(pick)
    }

    /// What was picked, once: the file, or nothing where the dialog was closed without one.
    pub fn picked(&mut self, pick: &mut Option<PickId>) -> Option<Option<PathBuf>> {
        let picked = self.files.take((*pick)?)?;
        *pick = None;
        Some(picked)
    }

    /// All that was picked, once; nothing in it where the dialog was closed without a file.
    pub fn picked_files(&mut self, pick: &mut Option<PickId>) -> Option<Vec<PathBuf>> {
        let picked = self.files.take_all((*pick)?)?;
        *pick = None;
        Some(picked)
    }

    /// Sends a message and follows it in [`Sends`]. Where it is not taken, the user is told.
    pub fn send(&mut self, request: crate::app::SendRequest) {
        if let Err(NotTaken::Full(_)) = self.try_send(request) {
            self.toasts.error(&Busy.to_string(), "");
        }
    }

    /// The same, but what is not taken is given back, and nobody is told.
    pub(super) fn try_send(&mut self, request: crate::app::SendRequest) -> Result<SendId, NotTaken> {
        // Two at once to one profile could not be told apart, and nobody means to.
        if self.sends.of(&request.connection, request.profile).is_some_and(super::sends::Run::is_running) {
            return Err(NotTaken::Running(request));
        }
        let id = self.engine.request();
        match self.engine.tell(Command::Send(id, request.clone())) {
            Ok(()) => {
                self.sends.begin(id, request, self.moment.now);
                Ok(id)
            }
            Err(Busy) => Err(NotTaken::Full(request)),
        }
    }
}
