//! Confirming the fingerprint of a certificate that is in the workspace already.

use egui::Context;

use super::fingerprint::Comparing;
use super::source::Trouble;
use crate::app::engine::{Command, RequestId};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::widgets::{ToneName, muted, notice, primary, secondary};

/// The dialog.
pub(in crate::ui) struct ConfirmFingerprint {
    fingerprint: Fingerprint,
    subject: String,
    comparing: Comparing,
    asking: Option<RequestId>,
    trouble: Option<Trouble>,
}

impl ConfirmFingerprint {
    /// Of a certificate.
    #[must_use]
    pub(in crate::ui) fn new(facts: &CertificateFacts) -> Self {
        Self {
            fingerprint: facts.fingerprint_sha256,
            subject: facts.subject.clone(),
            comparing: Comparing::default(),
            asking: None,
            trouble: None,
        }
    }
}

impl Dialog for ConfirmFingerprint {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.asking) {
            Some(Ok(_)) => {
                desk.toasts.done("Fingerprint confirmed", &self.subject);
                return Flow::Close;
            }
            Some(Err(error)) => self.trouble = Some(Trouble::from_engine(&error)),
            None => {}
        }
        let busy = self.asking.is_some();
        frame(ctx, "confirm fingerprint", "Confirm the fingerprint", &self.subject, 640.0, busy, |ui| {
            let why = "A self-signed certificate is vouched for by nobody: ask the partner for its SHA-256 fingerprint by another way than the one it came, for example by telephone";
            ui.add(egui::Label::new(muted(ui, why)).wrap());
            self.comparing.show(ui, &self.fingerprint);
            if let Some(trouble) = &self.trouble {
                notice(ui, ToneName::Bad, &trouble.head, &trouble.remedy, |_| {});
            }
            buttons(ui, |ui| {
                let ready = self.comparing.confirms(&self.fingerprint) && !busy;
                let mut flow = Flow::Open;
                if ui.add_enabled_ui(ready, |ui| primary(ui, "Confirm")).inner.clicked() {
                    let (fingerprint, how) = (self.fingerprint, self.comparing.how(&self.fingerprint).to_owned());
                    self.asking = desk.ask(|id| Command::Confirm(id, fingerprint, how));
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    flow = Flow::Close;
                }
                if !ready && !busy {
                    ui.label(muted(ui, "Compare the fingerprint first"));
                }
                flow
            })
        })
    }
}
