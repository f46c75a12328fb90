//! Making a policy one's own: under a name and an id of its own, following the original or as a copy.

use egui::{Context, RichText, Ui};

use super::errands::told;
use super::page::PolicyIntent;
use crate::app::Duplication;
use crate::app::engine::{Answer, Command, PolicyAnswer, PolicyState, PolicyTask, RequestId, Snapshot};
use crate::domain::identifier::PolicyId;
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::intent::Intent;
use crate::ui::theme;
use crate::ui::widgets::{ToneName, field, field_error, mono_edit, muted, notice, primary, secondary, text_edit};

/// The dialog.
pub(super) struct DuplicatePolicy {
    original: PolicyId,
    original_name: String,
    name: String,
    id: String,
    how: Duplication,
    request: Option<RequestId>,
    refused: Option<String>,
}

impl DuplicatePolicy {
    /// Of this policy.
    #[must_use]
    pub(super) fn new(state: &PolicyState, snapshot: &Snapshot) -> Self {
        let (name, wanted) = (format!("{} (own)", state.name), format!("{}-own", state.id));
        Self {
            original: state.id.clone(),
            original_name: state.name.clone(),
            name,
            id: free(&wanted, snapshot),
            how: Duplication::Follow,
            request: None,
            refused: None,
        }
    }

    fn id_problem(&self, snapshot: &Snapshot) -> Option<String> {
        match self.id.trim().parse::<PolicyId>() {
            Err(error) => Some(sentence(&error.to_string())),
            Ok(id) => snapshot.policy(&id).map(|known| format!("`{id}` is the ID of {} already", known.name)),
        }
    }

    fn fields(&mut self, ui: &mut Ui, snapshot: &Snapshot) -> bool {
        let mut fine = true;
        field(ui, "Name", |ui| {
            text_edit(ui, "Name", &mut self.name, "What people call it", ui.available_width());
            if self.name.trim().is_empty() {
                fine = false;
                field_error(ui, "Give it a name");
            }
        });
        field(ui, "ID", |ui| {
            mono_edit(ui, "ID", &mut self.id, "partner-own", ui.available_width());
            match self.id_problem(snapshot) {
                Some(reason) => {
                    fine = false;
                    field_error(ui, &reason);
                }
                None => {
                    ui.label(muted(ui, "By which connections and the command line know it; it stays as it is"));
                }
            }
        });
        field(ui, "Rules", |ui| {
            let choices = [
                (
                    Duplication::Follow,
                    "Follow the original",
                    "Its rules hold here too and their updates reach you; a rule you write takes the place of one of them",
                ),
                (
                    Duplication::Copy,
                    "Copy the rules",
                    "As they are today, to be changed and removed one by one; later updates of the original do not reach you",
                ),
            ];
            for (how, label, meaning) in choices {
                if ui.radio(self.how == how, RichText::new(label).font(theme::medium(theme::BODY))).clicked() {
                    self.how = how;
                }
                ui.add(egui::Label::new(muted(ui, meaning)).wrap());
            }
        });
        fine
    }
}

impl Dialog for DuplicatePolicy {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.request) {
            Some(Ok(Answer::Policy(answer))) => {
                if let PolicyAnswer::Changed(change) = *answer {
                    let head = format!("{} was made", change.name);
                    desk.intend(Intent::Policies(PolicyIntent::Edit(change.id.clone())));
                    told(desk, &head, change);
                }
                return Flow::Close;
            }
            Some(Err(error)) => self.refused = Some(error.message().to_owned()),
            Some(Ok(_)) | None => {}
        }
        let busy = self.request.is_some();
        let title = format!("Make {} your own", self.original_name);
        let about =
            "The original stays as it is. Connections are judged by the new one once it is chosen in their settings";
        let snapshot = std::sync::Arc::clone(desk.snapshot);
        frame(ctx, "duplicate policy", &title, about, 580.0, busy, |ui| {
            let fine = self.fields(ui, &snapshot);
            if let Some(reason) = &self.refused {
                notice(ui, ToneName::Bad, "The policy was not made", reason, |_| ());
            }
            buttons(ui, |ui| {
                let ready = fine && !busy && !snapshot.workspace.read_only;
                if ui.add_enabled_ui(ready, |ui| primary(ui, "Create")).inner.clicked()
                    && let Ok(id) = self.id.trim().parse()
                {
                    self.refused = None;
                    let (original, name, how) = (self.original.clone(), self.name.trim().to_owned(), self.how);
                    self.request =
                        desk.ask(|request| Command::Policy(request, PolicyTask::Duplicate { original, id, name, how }));
                }
                let cancelled = ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked();
                if cancelled { Flow::Close } else { Flow::Open }
            })
        })
    }
}

/// An id that nothing has yet.
fn free(wanted: &str, snapshot: &Snapshot) -> String {
    let taken = |id: &str| snapshot.policies.iter().any(|state| state.id.as_str() == id);
    let cut = |end: &str| -> String { wanted.chars().take(60 - end.len()).chain(end.chars()).collect() };
    std::iter::once(String::new())
        .chain((2..).map(|number| format!("-{number}")))
        .map(|end| cut(&end))
        .find(|id| !taken(id))
        .unwrap_or_default()
}
