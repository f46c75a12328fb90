//! Removing a certificate that no profile has: asked first, refused where something needs it.

use egui::{Context, RichText};

use crate::app::engine::{Command, RequestId};
use crate::domain::certificate::Fingerprint;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::theme;
use crate::ui::widgets::{ToneName, danger, notice, secondary};

/// The dialog.
pub(super) struct RemoveCertificate {
    fingerprint: Fingerprint,
    name: String,
    request: Option<RequestId>,
    refused: Option<(String, String)>,
}

impl RemoveCertificate {
    /// Of this certificate.
    #[must_use]
    pub(super) fn new(fingerprint: Fingerprint, name: &str) -> Self {
        Self { fingerprint, name: name.to_owned(), request: None, refused: None }
    }
}

impl Dialog for RemoveCertificate {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.request) {
            Some(Ok(_)) => {
                desk.toasts
                    .done("The certificate was removed", &format!("{}, {}", self.name, self.fingerprint.short()));
                return Flow::Close;
            }
            Some(Err(error)) => {
                // What is done in a terminal is of no use here.
                let hint = error.what_to_do().filter(|hint| !hint.contains("`countersign")).unwrap_or_default();
                self.refused = Some((error.message().to_owned(), hint.to_owned()));
            }
            None => {}
        }
        let busy = self.request.is_some();
        let title = format!("Remove {}?", self.name);
        frame(ctx, "remove certificate", &title, "", 520.0, busy, |ui| {
            let text = format!(
                "No profile has {}. It is taken out of this workspace; import it again where it is needed after all",
                self.fingerprint.short()
            );
            ui.add(egui::Label::new(RichText::new(text).font(theme::body())).wrap());
            if let Some((reason, hint)) = &self.refused {
                let text = if hint.is_empty() { reason.clone() } else { format!("{reason}\n{hint}") };
                notice(ui, ToneName::Bad, "The certificate was not removed", &text, |_| ());
            }
            buttons(ui, |ui| {
                if ui.add_enabled_ui(!busy, |ui| danger(ui, "Remove certificate")).inner.clicked() {
                    self.refused = None;
                    self.request = desk.ask(|id| Command::RemoveCertificate(id, self.fingerprint));
                }
                let kept = ui.add_enabled_ui(!busy, |ui| secondary(ui, "Keep it")).inner.clicked();
                if kept { Flow::Close } else { Flow::Open }
            })
        })
    }
}
