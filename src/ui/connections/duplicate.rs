//! Duplicating and removing a connection.

use egui::{Context, RichText};

use super::naming::NameAndId;
use crate::app::engine::{Answer, Command, RequestId};
use crate::domain::connection::Connection;
use crate::domain::identifier::ConnectionId;
use crate::domain::timeline::next_activation;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::identity::entered;
use crate::ui::intent::Intent;
use crate::ui::theme;
use crate::ui::widgets::{ToneName, danger, muted, notice, primary, secondary};

/// The dialog that duplicates a connection under another name.
pub(crate) struct Duplicate {
    /// The connection as it is saved; nothing where it is gone.
    original: Option<Connection>,
    naming: NameAndId,
    request: Option<RequestId>,
    refused: Option<String>,
}

impl Duplicate {
    /// Of this connection.
    #[must_use]
    pub(crate) fn new(connection: ConnectionId, desk: &Desk<'_>) -> Self {
        let original = desk.snapshot.connection(&connection).map(|state| state.connection.clone());
        let name = original.as_ref().map(|original| format!("{} copy", original.name)).unwrap_or_default();
        Self { original, naming: NameAndId::new(&name, desk.snapshot), request: None, refused: None }
    }

    fn create(&mut self, desk: &mut Desk<'_>) {
        let (Some(original), Some((name, id))) = (&self.original, self.naming.value()) else { return };
        let copy = Connection { id, name, ..original.clone() };
        self.refused = None;
        self.request = desk.ask(|request| Command::CreateConnection(request, Box::new(copy)));
    }
}

impl Dialog for Duplicate {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.request) {
            Some(Ok(Answer::Saved(saved))) => {
                let report = &saved.report;
                desk.toasts.done(
                    &format!("{} was created", report.name),
                    "Settings and certificates are those of the original",
                );
                desk.intend(Intent::Inspect { connection: report.id.clone(), profile: None, tab: None });
                return Flow::Close;
            }
            Some(Err(error)) => self.refused = Some(error.message().to_owned()),
            Some(Ok(_)) | None => {}
        }
        let Some(original) = self.original.as_ref().map(|original| original.name.clone()) else { return Flow::Close };
        let busy = self.request.is_some();
        frame(ctx, "duplicate", &format!("Duplicate {original}"), "", 520.0, busy, |ui| {
            self.naming.show(ui, desk.snapshot);
            let said = "Settings, certificates and their schedule are copied as they are saved. The HTTP password is not: type it \
                        into the new connection where there is one. Both have the same AS2 identifiers until you change them";
            ui.add(egui::Label::new(muted(ui, said)).wrap());
            if let Some(reason) = &self.refused {
                notice(ui, ToneName::Bad, "The connection was not created", reason, |_| ());
            }
            let problem = self.naming.problem(desk.snapshot);
            buttons(ui, |ui| {
                let ready = problem.is_none() && !busy;
                let pressed = ui.add_enabled_ui(ready, |ui| primary(ui, "Duplicate")).inner.clicked();
                let cancelled = ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked();
                if let Some(reason) = &problem {
                    ui.add(egui::Label::new(muted(ui, reason)).truncate());
                }
                if pressed || (ready && entered(ui)) {
                    self.create(desk);
                }
                if cancelled { Flow::Close } else { Flow::Open }
            })
        })
    }
}

/// The question before a connection is removed.
pub(crate) struct Remove {
    id: ConnectionId,
    name: String,
    text: String,
    request: Option<RequestId>,
    refused: Option<String>,
}

/// The question before a connection is removed.
#[must_use]
pub(crate) fn remove(id: &ConnectionId, desk: &Desk<'_>) -> Remove {
    let state = desk.snapshot.connection(id);
    let name = state.map_or_else(|| id.to_string(), |state| state.connection.name.clone());
    let mut text = "Its settings, its HTTP passwords and the schedule of its certificates go. What was sent and received stays in \
                    the journal, certificates and identities stay in the workspace, and nothing changes at the partner"
        .to_owned();
    let profiles = state.into_iter().flat_map(|state| state.connection.profiles());
    for (kind, profile) in profiles {
        if let Some((_, at)) = next_activation(&profile.partner_certificates, desk.snapshot.at) {
            let when = desk.moment.day_and_time(at);
            text.push_str(&format!("\n\nThe certificate scheduled for {when} ({kind}) will not go active"));
        }
    }
    Remove { id: id.clone(), name, text, request: None, refused: None }
}

impl Dialog for Remove {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.request) {
            Some(Ok(answer)) => {
                desk.toasts.done(&format!("{} was removed", self.name), "Its transmissions are still in the journal");
                if let Answer::Removed(Some(before)) = answer {
                    desk.toasts.offer_undo(|desk| desk.intend(Intent::PutBack(before)));
                }
                return Flow::Close;
            }
            Some(Err(error)) => self.refused = Some(error.message().to_owned()),
            None => {}
        }
        let busy = self.request.is_some();
        frame(ctx, "remove", &format!("Remove {}?", self.name), "", 500.0, busy, |ui| {
            ui.add(egui::Label::new(RichText::new(&self.text).font(theme::body())).wrap());
            if let Some(reason) = &self.refused {
                notice(ui, ToneName::Bad, "The connection was not removed", reason, |_| ());
            }
            buttons(ui, |ui| {
                if ui.add_enabled_ui(!busy, |ui| danger(ui, "Remove connection")).inner.clicked() {
                    self.refused = None;
                    self.request = desk.ask(|request| Command::RemoveConnection(request, self.id.clone()));
                }
                let cancelled = ui.add_enabled_ui(!busy, |ui| secondary(ui, "Keep it")).inner.clicked();
                if cancelled { Flow::Close } else { Flow::Open }
            })
        })
    }
}
