//! Asking before the first message to a production profile.

use crate::app::engine::{Answer, Command, RequestId};
use crate::app::{Payload, SendRequest};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::test_document::TestDocument;
use crate::ui::desk::Desk;
use crate::ui::intent::Intent;
use crate::ui::outcome::{ask_to_repeat, may_double};
use crate::ui::shell::Confirm;

/// A send that waits for being known to be the first or not.
#[derive(Default)]
pub(super) struct Asking {
    waiting: Option<(Option<RequestId>, SendRequest)>,
}

impl Asking {
    /// Sends; where it would be the first to a production profile, asks before.
    pub(super) fn send(&mut self, desk: &mut Desk<'_>, request: SendRequest) {
        match request.profile {
            ProfileKind::Test => desk.send(request),
            ProfileKind::Production => {
                let id = desk.ask(|id| Command::IsFirstSend(id, request.connection.clone(), request.profile));
                self.waiting = id.map(|id| (Some(id), request));
            }
        }
    }

    /// Lets go of what waits: the page was left.
    pub(super) fn let_go(&mut self) {
        self.waiting = None;
    }

    /// Whether a send to this profile waits.
    pub(super) fn waits_for(&self, profile: ProfileKind) -> bool {
        self.waiting.as_ref().is_some_and(|(_, request)| request.profile == profile)
    }

    /// Goes on once it is known. To be called once a frame.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>) {
        let Some((id, _)) = &mut self.waiting else { return };
        let Some(answer) = desk.answer(id) else { return };
        let Some((_, request)) = self.waiting.take() else { return };
        match answer {
            Ok(Answer::FirstSend(true)) => ask(desk, request),
            Ok(_) if repeats(desk, &request) => ask_to_repeat(desk, request),
            Ok(_) => desk.send(request),
            Err(error) => desk.toasts.failed("Nothing was sent: the journal could not be read", &error),
        }
    }
}

/// Whether the partner may have this very document already. The test document is another one every time.
fn repeats(desk: &Desk<'_>, request: &SendRequest) -> bool {
    let run = desk.sends.of(&request.connection, request.profile);
    let same = |sent: &Payload| match (sent, &request.payload) {
        // As a new message, what was sent before as the same.
        (Payload::Again { id, .. }, Payload::Kept(kept)) => id == kept,
        (sent, payload) => sent == payload,
    };
    !matches!(request.payload, Payload::TestDocument | Payload::Again { .. })
        && run
            .filter(|run| same(&run.payload))
            .and_then(|run| run.outcome.as_ref())
            .is_some_and(|outcome| outcome.as_ref().is_ok_and(|sent| may_double(request.profile, sent.verdict)))
}

fn ask(desk: &mut Desk<'_>, request: SendRequest) {
    let partner = partner(desk, &request.connection);
    let text = match &request.payload {
        Payload::TestDocument => format!(
            "Nothing has been sent to this profile yet. {}",
            TestDocument::what_arrives(&partner, request.profile).replace('`', "")
        ),
        Payload::File(_) | Payload::Kept(_) | Payload::Again { .. } => format!(
            "Nothing has been sent to this profile yet. The production system of {partner} will receive {} and may act on \
             it as on any real document",
            payload_word(&request.payload)
        ),
    };
    let question = Confirm::new("Send to production for the first time?", text, "Send to production", move |desk| {
        desk.send(request);
    });
    desk.intend(Intent::Open(Box::new(question)));
}

/// What a connection is called.
pub(super) fn partner(desk: &Desk<'_>, connection: &ConnectionId) -> String {
    let state = desk.snapshot.connection(connection);
    state.map_or_else(|| connection.to_string(), |state| state.connection.name.clone())
}

/// What is sent, in words.
pub(super) fn payload_word(payload: &Payload) -> String {
    match payload {
        Payload::TestDocument => "Test document (X12)".to_owned(),
        Payload::File(path) => {
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
        }
        Payload::Kept(_) => "the document of an earlier transmission".to_owned(),
        Payload::Again { .. } => "the same message once more".to_owned(),
    }
}
