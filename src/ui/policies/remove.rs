//! Removing an own policy: asked first, refused where it is used, with the way back.

use egui::{Context, RichText};

use super::errands::told;
use crate::app::engine::{Answer, Command, PolicyAnswer, PolicyState, PolicyTask, RequestId};
use crate::app::{Expected, PolicyOrigin};
use crate::domain::identifier::PolicyId;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::theme;
use crate::ui::widgets::{ToneName, danger, notice, secondary};

/// The dialog.
pub(super) struct RemovePolicy {
    id: PolicyId,
    name: String,
    /// Its file as it was seen: only that is removed.
    seen: Option<String>,
    text: String,
    request: Option<RequestId>,
    refused: Option<(String, String)>,
}

impl RemovePolicy {
    /// Of this policy.
    #[must_use]
    pub(super) fn new(state: &PolicyState) -> Self {
        let text = if state.origin == PolicyOrigin::Instead {
            "The policy of the same ID that comes with Countersign holds again in its place"
        } else {
            "It is taken out of this workspace. Nothing that uses it is removed with it: where a connection or another policy \
             does, it stays"
        };
        Self {
            id: state.id.clone(),
            name: state.name.clone(),
            seen: state.text.clone(),
            text: text.to_owned(),
            request: None,
            refused: None,
        }
    }
}

impl Dialog for RemovePolicy {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.request) {
            Some(Ok(Answer::Policy(answer))) => {
                if let PolicyAnswer::Changed(change) = *answer {
                    let head = format!("{} was removed", change.name);
                    told(desk, &head, change);
                }
                return Flow::Close;
            }
            Some(Err(error)) => {
                self.refused = Some((error.message().to_owned(), error.what_to_do().unwrap_or_default().to_owned()));
            }
            Some(Ok(_)) | None => {}
        }
        let busy = self.request.is_some();
        frame(ctx, "remove policy", &format!("Remove {}?", self.name), "", 520.0, busy, |ui| {
            ui.add(egui::Label::new(RichText::new(&self.text).font(theme::body())).wrap());
            if let Some((reason, hint)) = &self.refused {
                let text = if hint.is_empty() { reason.clone() } else { format!("{reason}\n{hint}") };
                notice(ui, ToneName::Bad, "The policy was not removed", &text, |_| ());
            }
            buttons(ui, |ui| {
                if ui.add_enabled_ui(!busy, |ui| danger(ui, "Remove policy")).inner.clicked() {
                    self.refused = None;
                    let (id, expected) = (self.id.clone(), Expected::Just(self.seen.clone()));
                    self.request = desk.ask(|request| Command::Policy(request, PolicyTask::Remove(id, expected)));
                }
                let cancelled = ui.add_enabled_ui(!busy, |ui| secondary(ui, "Keep it")).inner.clicked();
                if cancelled { Flow::Close } else { Flow::Open }
            })
        })
    }
}
