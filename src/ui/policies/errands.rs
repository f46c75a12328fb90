//! What is done about policies beside the page: picking and writing files, telling what a dropped file is, taking back.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::changes::in_a_sentence;
use super::import::ImportPolicy;
use super::page::PolicyIntent;
use crate::app::PolicyChange;
use crate::app::engine::{Answer, Command, PolicyAnswer, PolicyTask, RequestId};
use crate::domain::identifier::PolicyId;
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::intent::Intent;

/// Errands under way.
#[derive(Default)]
pub(in crate::ui) struct PolicyErrands {
    picking: Option<PickId>,
    saving: Option<(PolicyId, Option<PickId>)>,
    writing: Option<RequestId>,
    /// Dropped files of which it is not known yet what they are.
    dropped: VecDeque<PathBuf>,
    looking: Option<RequestId>,
    undoing: Option<RequestId>,
}

impl PolicyErrands {
    /// Lets the user pick a policy file.
    pub(super) fn pick(&mut self, desk: &mut Desk<'_>) {
        self.picking = desk.pick_file(FilePick::Policy);
    }

    /// Lets the user pick a place, where the policy is then written.
    pub(super) fn export(&mut self, id: PolicyId, desk: &mut Desk<'_>) {
        let pick = desk.pick_file(FilePick::Save(format!("{id}.toml")));
        self.saving = Some((id, pick));
    }

    /// Takes a TOML file that may be a connection or a policy.
    pub(super) fn take(&mut self, file: PathBuf) {
        self.dropped.push_back(file);
    }

    /// Takes a change back.
    pub(super) fn undo(&mut self, change: Box<PolicyChange>, desk: &mut Desk<'_>) {
        self.undoing = desk.ask(|id| Command::Policy(id, PolicyTask::Undo(change)));
    }

    /// Goes on with what has come meanwhile. To be called once a frame.
    pub(in crate::ui) fn poll(&mut self, desk: &mut Desk<'_>) {
        if let Some(Some(file)) = desk.picked(&mut self.picking) {
            desk.intend(Intent::Policies(PolicyIntent::ImportFile(file)));
        }
        if let Some((id, pick)) = &mut self.saving
            && let Some(place) = desk.picked(pick)
        {
            let id = id.clone();
            self.saving = None;
            if let Some(place) = place {
                self.writing = desk.ask(|request| Command::Policy(request, PolicyTask::Export(id, place)));
            }
        }
        match desk.answer(&mut self.writing) {
            Some(Ok(Answer::Policy(answer))) => {
                if let PolicyAnswer::Written(file) = *answer {
                    desk.toasts.done("Policy written", &file.display().to_string());
                }
            }
            Some(Err(error)) => desk.toasts.failed("The policy could not be written", &error),
            Some(Ok(_)) | None => {}
        }
        match desk.answer(&mut self.undoing) {
            Some(Ok(Answer::Policy(answer))) => {
                if let PolicyAnswer::Changed(change) = *answer {
                    desk.toasts.done("Taken back", &in_a_sentence(&change.changes));
                    if change.after.is_some() {
                        desk.intend(Intent::Policies(PolicyIntent::Show(change.id)));
                    }
                }
            }
            Some(Err(error)) => desk.toasts.failed("It could not be taken back", &error),
            Some(Ok(_)) | None => {}
        }
        self.look(desk);
    }

    fn look(&mut self, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.looking) {
            Some(Ok(Answer::Policy(answer))) => {
                if let PolicyAnswer::Kind { file, is_policy } = *answer {
                    desk.intend(if is_policy {
                        Intent::Policies(PolicyIntent::ImportFile(file))
                    } else {
                        Intent::AddConnectionFile(file)
                    });
                }
            }
            Some(Err(error)) => desk.toasts.failed("The file could not be read", &error),
            Some(Ok(_)) | None => {}
        }
        if self.looking.is_none()
            && let Some(file) = self.dropped.pop_front()
        {
            self.looking = desk.ask(|id| Command::Policy(id, PolicyTask::Sniff(file)));
        }
    }
}

/// Says that a policy was changed, what that changed, and offers to take it back.
pub(super) fn told(desk: &mut Desk<'_>, head: &str, change: PolicyChange) {
    let text = in_a_sentence(&change.changes);
    let back = Intent::Policies(PolicyIntent::Undo(Box::new(change)));
    desk.toasts.offer(head, &text, "Undo", Box::new(move |desk| desk.intend(back)));
}

/// The dialog that shows what a policy file would change.
pub(super) fn import(file: PathBuf, desk: &mut Desk<'_>) {
    let dialog = ImportPolicy::new(file, desk);
    desk.intend(Intent::Open(Box::new(dialog)));
}
