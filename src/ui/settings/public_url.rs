//! The public URL in Settings > Receiving: what partners are told, and whether our own receiver answers there.

use egui::{Label, Ui};

use crate::app::ReceiverCheck;
use crate::app::engine::{Answer, Command, RequestId, WorkspaceAnswer, WorkspaceCommand};
use crate::domain::identifier::{Address, IdentifierError};
use crate::domain::reachability::AnsweredBy;
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::widgets::{ToneName, field, field_error, mono_edit, muted, notice, primary, secondary, section};

/// The field, and what came of testing.
#[derive(Default)]
pub(super) struct PublicUrlForm {
    text: String,
    saving: Option<RequestId>,
    refused: Option<String>,
    testing: Option<RequestId>,
    came: Option<Result<Box<ReceiverCheck>, String>>,
}

impl PublicUrlForm {
    /// With what is set.
    #[must_use]
    pub(super) fn new(desk: &Desk<'_>) -> Self {
        let set = desk.snapshot.receiving.public_url.as_ref();
        Self { text: set.map(ToString::to_string).unwrap_or_default(), ..Self::default() }
    }

    /// What the field says; nothing where it is empty.
    fn wanted(&self) -> Result<Option<Address>, IdentifierError> {
        match self.text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some),
        }
    }

    /// Shows it.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.listen(desk);
        section(ui, "Public URL");
        ui.add_space(4.0);
        let what = "What partners are told to post to, where a router or reverse proxy leads it to the address above. Sheets for \
                    partners name it";
        ui.add(Label::new(muted(ui, what)).wrap());
        ui.add_space(6.0);
        let wanted = self.wanted();
        ui.add_enabled_ui(self.saving.is_none(), |ui| {
            field(ui, "URL", |ui| {
                let hint = "https://as2.example.com/as2";
                mono_edit(ui, "Public URL", &mut self.text, hint, ui.available_width());
                if let Err(error) = &wanted {
                    field_error(ui, &sentence(&error.to_string()));
                }
            });
        });
        if let Some(reason) = &self.refused {
            notice(ui, ToneName::Bad, "It was not saved", reason, |_| ());
        }
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let writable = !desk.snapshot.workspace.read_only;
            let differs = wanted.as_ref().is_ok_and(|wanted| *wanted != desk.snapshot.receiving.public_url);
            let ready = writable && differs && self.saving.is_none();
            if ui.add_enabled_ui(ready, |ui| primary(ui, "Save public URL")).inner.clicked()
                && let Ok(url) = wanted.clone()
            {
                self.refused = None;
                self.saving = desk.ask(|id| Command::SetPublicUrl(id, url));
            }
            let url = wanted.ok().flatten().filter(|_| writable);
            if let Some(id) = self.testing {
                if secondary(ui, "Stop the test").clicked() {
                    desk.ask(|_id| Command::GiveUp(id));
                }
                // Nothing that turns: it would keep the window drawing.
                ui.label(muted(ui, "Testing…"));
            } else if ui.add_enabled_ui(url.is_some(), |ui| secondary(ui, "Test whether it is reached")).inner.clicked()
                && let Some(url) = url
            {
                self.came = None;
                self.testing = desk.ask(|id| Command::Workspace(id, WorkspaceCommand::CheckReceiver(url)));
            }
        });
        if let Some(came) = &self.came {
            ui.add_space(10.0);
            outcome(ui, came);
        }
    }

    fn listen(&mut self, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.saving) {
            Some(Ok(_)) => {
                let set = &desk.snapshot.receiving.public_url;
                let told = if set.is_some() { "The public URL is set" } else { "No public URL is told any more" };
                desk.toasts.done(told, "");
            }
            Some(Err(error)) => {
                let hint = error.what_to_do().map(|hint| format!("\n{}", sentence(hint))).unwrap_or_default();
                self.refused = Some(format!("{}{hint}", sentence(error.message())));
            }
            None => {}
        }
        match desk.answer(&mut self.testing) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::Receiver(came) = *answer {
                    self.came = Some(Ok(Box::new(came)));
                }
            }
            Some(Err(error)) => self.came = Some(Err(sentence(error.message()))),
            Some(Ok(_)) | None => {}
        }
    }
}

/// What came of testing.
fn outcome(ui: &mut Ui, came: &Result<Box<ReceiverCheck>, String>) {
    let came = match came {
        Ok(came) => came,
        Err(reason) => return notice(ui, ToneName::Warn, "It was not tested", reason, |_| ()),
    };
    let tone = match came.answered_by {
        AnsweredBy::Ours => ToneName::Ok,
        AnsweredBy::AnotherReceiver => ToneName::Warn,
        AnsweredBy::AnotherServer | AnsweredBy::Nobody => ToneName::Bad,
    };
    let mut text = came.why.clone();
    for step in &came.remedy {
        text.push_str(&format!("\n• {step}"));
    }
    for limit in &came.limits {
        text.push_str(&format!("\n{limit}"));
    }
    notice(ui, tone, &came.what, &text, |_| ());
}
