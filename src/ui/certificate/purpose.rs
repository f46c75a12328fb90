//! For what a certificate is brought in, for partners who use two.

use egui::{Label, Ui};

use crate::domain::timeline::CertificatePurpose;
use crate::ui::widgets::{muted, segmented};

/// Shows the choice and returns what was chosen, where it changes.
pub(super) fn show(ui: &mut Ui, purpose: Option<CertificatePurpose>) -> Option<Option<CertificatePurpose>> {
    const ALL: [(Option<CertificatePurpose>, &str); 3] = [
        (None, "Both"),
        (Some(CertificatePurpose::Encrypt), "Encrypting"),
        (Some(CertificatePurpose::Verify), "Verifying"),
    ];
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        chosen = segmented(ui, purpose, &ALL).filter(|chosen| *chosen != purpose);
        let text = match purpose {
            None => "",
            Some(CertificatePurpose::Encrypt) => "What verifies their signatures stays as it is",
            Some(CertificatePurpose::Verify) => "Accepted at once; what messages are encrypted for stays as it is",
        };
        if !text.is_empty() {
            ui.add(Label::new(muted(ui, text)).wrap());
        }
    });
    chosen
}
