//! Noting that partners were told of an identity, or that they have confirmed.

use egui::Context;

use super::form::Asking;
use crate::app::ProfileRef;
use crate::app::engine::IdentityCommand;
use crate::domain::identifier::IdentityName;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::moment::count;
use crate::ui::widgets::{field, primary, secondary, text_edit};

/// What is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// They were told.
    Told,
    /// They have confirmed.
    Confirmed,
}

/// The dialog.
pub(super) struct NoteDialog {
    name: IdentityName,
    profiles: Vec<ProfileRef>,
    what: What,
    words: String,
    asking: Asking,
}

impl NoteDialog {
    #[must_use]
    pub(super) fn new(name: &IdentityName, profiles: Vec<ProfileRef>, what: What) -> Self {
        Self { name: name.clone(), profiles, what, words: String::new(), asking: Asking::default() }
    }
}

impl Dialog for NoteDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if self.asking.poll(desk).is_some() {
            let number = count(self.profiles.len(), "profile");
            let word = if self.what == What::Told { "told" } else { "confirmed" };
            desk.toasts.done(&format!("Noted as {word}: {number}"), "");
            return Flow::Close;
        }
        let busy = self.asking.busy();
        let (title, label, name, hint) = match self.what {
            What::Told => {
                ("They were told", "How", "How they were told", "By mail to edi@partner.example, in the portal")
            }
            What::Confirmed => ("They have confirmed", "By whom", "Who has confirmed", "Ms Doe, EDI desk"),
        };
        let number = count(self.profiles.len(), "profile");
        let subtitle = format!("{} for {number}. It is noted with the present time", self.name);
        frame(ctx, "note", title, &subtitle, 480.0, busy, |ui| {
            ui.add_enabled_ui(!busy, |ui| {
                field(ui, label, |ui| text_edit(ui, name, &mut self.words, hint, ui.available_width()));
            });
            self.asking.show(ui, "It was not noted");
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                let ready = !busy && !self.words.trim().is_empty();
                if ui.add_enabled_ui(ready, |ui| primary(ui, "Note")).inner.clicked() {
                    let (name, profiles, words) = (self.name.clone(), self.profiles.clone(), self.words.clone());
                    self.asking.ask(
                        desk,
                        match self.what {
                            What::Told => IdentityCommand::Told(name, profiles, words),
                            What::Confirmed => IdentityCommand::Confirmed(name, profiles, words),
                        },
                    );
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    flow = Flow::Close;
                }
                flow
            })
        })
    }
}
