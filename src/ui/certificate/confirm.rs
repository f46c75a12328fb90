//! Confirming the fingerprint of a certificate that is in the workspace already.

use egui::Context;

use super::fingerprint::Comparing;
use super::source::Trouble;
use crate::app::engine::{Command, RequestId};
use crate::domain::certificate::CertificateFacts;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::widgets::{ToneName, muted, notice, primary, secondary};

/// The dialog.
pub(in crate::ui) struct ConfirmFingerprint {
    facts: CertificateFacts,
    comparing: Comparing,
    asking: Option<RequestId>,
    trouble: Option<Trouble>,
}

impl ConfirmFingerprint {
    /// Of a certificate.
    #[must_use]
    pub(in crate::ui) fn new(facts: &CertificateFacts) -> Self {
        Self { facts: facts.clone(), comparing: Comparing::default(), asking: None, trouble: None }
    }
}

impl Dialog for ConfirmFingerprint {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.asking) {
            Some(Ok(_)) => {
                desk.toasts.done("Fingerprint confirmed", &self.facts.subject);
                return Flow::Close;
            }
            Some(Err(error)) => self.trouble = Some(Trouble::from_engine(&error)),
            None => {}
        }
        let busy = self.asking.is_some();
        frame(ctx, "confirm fingerprint", "Confirm the fingerprint", &self.facts.subject, 640.0, busy, |ui| {
            let why = "A self-signed certificate is vouched for by nobody: ask the partner for its SHA-256 fingerprint by another way than the one it came, for example by telephone";
            ui.add(egui::Label::new(muted(ui, why)).wrap());
            self.comparing.show(ui, &self.facts);
            if let Some(trouble) = &self.trouble {
                notice(ui, ToneName::Bad, &trouble.head, &trouble.remedy, |_| {});
            }
            buttons(ui, |ui| {
                let comparison = self.comparing.comparison(&self.facts).filter(|_| !busy);
                let ready = comparison.is_some();
                let mut flow = Flow::Open;
                if ui.add_enabled_ui(ready, |ui| primary(ui, "Confirm")).inner.clicked()
                    && let Some(comparison) = comparison
                {
                    let (fingerprint, how) = (self.facts.fingerprint_sha256, comparison.how().to_owned());
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
