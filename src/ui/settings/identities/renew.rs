//! A new self-signed certificate for the key of an identity. It is an identity of its own, so that profiles can be changed
//! over to it on a date.

use egui::Context;

use super::form::Asking;
use crate::app::engine::{Answer, IdentityCommand, IdentityState};
use crate::app::{KeyKind, NewIdentity};
use crate::domain::identifier::IdentityName;
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::moment::count;
use crate::ui::widgets::{Choice, field, field_error, muted, primary, secondary, select, text_edit};

/// The dialog.
pub(super) struct RenewDialog {
    of: IdentityName,
    name: String,
    days: u32,
    subject: String,
    asking: Asking,
}

impl RenewDialog {
    #[must_use]
    pub(super) fn new(identity: &IdentityState, desk: &Desk<'_>) -> Self {
        Self {
            of: identity.name.clone(),
            name: super::request::free_name(&identity.name, desk),
            days: 730,
            subject: identity.facts.subject.clone(),
            asking: Asking::default(),
        }
    }

    fn name(&self, desk: &Desk<'_>) -> Result<IdentityName, String> {
        super::request::new_name(&self.name, desk)
    }
}

impl Dialog for RenewDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if let Some(Answer::Identity(name)) = self.asking.poll(desk) {
            desk.toasts.done(&format!("Identity {name} is ready"), "Tell your partners, then change the profiles over");
            return Flow::Close;
        }
        let busy = self.asking.busy();
        let title = format!("Renew {} with the same key", self.of);
        let subtitle = "Partners who check only the key notice nothing; those who keep the certificate have to be told";
        frame(ctx, "renew-identity", &title, subtitle, 560.0, busy, |ui| {
            let name = self.name(desk);
            ui.add_enabled_ui(!busy, |ui| {
                field(ui, "Identity", |ui| {
                    text_edit(ui, "Name of the new identity", &mut self.name, "acme-2028", ui.available_width());
                    if let Err(reason) = &name {
                        field_error(ui, reason);
                    }
                });
                field(ui, "Valid for", |ui| {
                    let choices: Vec<Choice<u32>> = [1_usize, 2, 3, 5]
                        .into_iter()
                        .zip([365, 730, 1095, 1825])
                        .map(|(years, days)| Choice::new(days, count(years, "year")))
                        .collect();
                    if let (Some(days), _) = select(ui, "Valid for", &self.days, &choices, ui.available_width()) {
                        self.days = days;
                    }
                });
                field(ui, "Subject", |ui| {
                    text_edit(ui, "Subject of the certificate", &mut self.subject, "", ui.available_width());
                    if let Some(reason) = self.asking.refused.as_ref().filter(|reason| reason.contains("is not a name"))
                    {
                        field_error(ui, &sentence(reason));
                    }
                });
            });
            if !self.asking.refused.as_ref().is_some_and(|reason| reason.contains("is not a name")) {
                self.asking.show(ui, "It was not made");
            }
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                if ui.add_enabled_ui(name.is_ok() && !busy, |ui| primary(ui, "Renew")).inner.clicked()
                    && let Ok(name) = name
                {
                    let subject = Some(self.subject.trim().to_owned()).filter(|text| !text.is_empty());
                    let new = NewIdentity { name, key: KeyKind::Rsa2048, days: self.days, subject };
                    self.asking.ask(desk, IdentityCommand::Renew(new, self.of.clone()));
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    flow = Flow::Close;
                }
                ui.add(egui::Label::new(muted(ui, "Its serial number is a new one")).truncate());
                flow
            })
        })
    }
}
