//! Comparing a fingerprint with what the partner says: by eye, or by pasting what they sent.

use egui::{Checkbox, RichText, Ui, Widget as _};

use super::words::grouped;
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::confirmation::{Comparison, StatedFingerprint};
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{icon_button, mono, mono_edit, muted, small};

/// What the user has done to compare.
#[derive(Clone, Debug, Default)]
pub(in crate::ui) struct Comparing {
    by_eye: bool,
    pasted: String,
}

/// What the pasted text says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Same(StatedFingerprint),
    Other,
    Unreadable(String),
}

impl Comparing {
    /// How the certificate was compared, where it was and is the one that the partner means.
    #[must_use]
    pub(in crate::ui) fn comparison(&self, facts: &CertificateFacts) -> Option<Comparison> {
        match self.verdict(facts) {
            Some(Verdict::Same(stated)) => Some(Comparison::Stated(stated)),
            Some(Verdict::Other) => None,
            Some(Verdict::Unreadable(_)) | None => self.by_eye.then_some(Comparison::ByEye(facts.fingerprint_sha256)),
        }
    }

    /// Whether what the partner sent says that they mean another certificate.
    #[must_use]
    pub(in crate::ui) fn is_contradicted(&self, facts: &CertificateFacts) -> bool {
        self.verdict(facts) == Some(Verdict::Other)
    }

    fn verdict(&self, facts: &CertificateFacts) -> Option<Verdict> {
        let pasted = self.pasted.trim();
        if pasted.is_empty() {
            return None;
        }
        Some(match pasted.parse::<StatedFingerprint>() {
            Ok(stated) if stated.is_of(facts) => Verdict::Same(stated),
            Ok(_) => Verdict::Other,
            Err(error) => Verdict::Unreadable(crate::domain::sentence::sentence(&error.to_string())),
        })
    }

    /// Shows the fingerprint and both ways to compare it.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, facts: &CertificateFacts) {
        self.show_under(ui, facts, |_, _| {});
    }

    /// The same with a head above the fingerprint, beside which there is room for the ways to compare it. The head is told
    /// whether that is so: it has half the width then.
    pub(super) fn show_under(&mut self, ui: &mut Ui, facts: &CertificateFacts, head: impl FnOnce(&mut Ui, bool)) {
        let fingerprint = &facts.fingerprint_sha256;
        let narrow = ui.available_width() < 780.0;
        let content = |ui: &mut Ui, this: &mut Self| {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                head(ui, !narrow);
                ui.horizontal(|ui| {
                    ui.vertical(|ui| {
                        for line in grouped(fingerprint) {
                            ui.add(egui::Label::new(mono(line)).extend().selectable(true));
                        }
                    });
                    if icon_button(ui, Icon::Copy, "Copy the fingerprint").clicked() {
                        ui.copy_text(fingerprint.to_string());
                    }
                });
            });
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 4.0;
                let said = "I have compared this fingerprint with what the partner says";
                Checkbox::new(&mut this.by_eye, RichText::new(said).font(theme::body())).ui(ui);
                this.paste(ui, facts);
            });
        };
        if narrow {
            ui.vertical(|ui| content(ui, self));
        } else {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 24.0;
                content(ui, self);
            });
        }
    }

    fn paste(&mut self, ui: &mut Ui, facts: &CertificateFacts) {
        let width = ui.available_width().min(420.0) - 24.0;
        mono_edit(
            ui,
            "Fingerprint from the partner",
            &mut self.pasted,
            "Or paste the fingerprint that they sent",
            width,
        );
        let tokens = tokens(ui.ctx());
        let (symbol, tone, text) = match self.verdict(facts) {
            None => return,
            Some(Verdict::Same(stated)) if stated.is_weak() => (
                Icon::TriangleAlert,
                tokens.warn,
                "It is the same SHA-1 fingerprint, which proves less; better ask for the SHA-256 one".to_owned(),
            ),
            Some(Verdict::Same(_)) => (Icon::Check, tokens.ok, "It is the same".to_owned()),
            Some(Verdict::Other) => (
                Icon::X,
                tokens.bad,
                "It is another one: this is not the certificate that the partner means. Ask which is theirs".to_owned(),
            ),
            Some(Verdict::Unreadable(why)) => (Icon::TriangleAlert, tokens.warn, why),
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.label(icon::text(symbol, tone.ink));
            ui.add(egui::Label::new(small(text).color(tone.ink)).wrap());
        });
    }
}

/// A fingerprint on a line: short, in full for the pointer, with a button that copies it.
pub(in crate::ui) fn short_fingerprint(ui: &mut Ui, fingerprint: &Fingerprint, whose: &str) {
    ui.spacing_mut().item_spacing.x = 4.0;
    let [first, second] = grouped(fingerprint);
    let label = ui.add(egui::Label::new(mono(fingerprint.short())).extend());
    label.on_hover_ui(|ui| {
        ui.label(muted(ui, "SHA-256 fingerprint"));
        ui.label(mono(first));
        ui.label(mono(second));
    });
    if icon_button(ui, Icon::Copy, &format!("Copy the fingerprint of {whose}")).clicked() {
        ui.copy_text(fingerprint.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::certificate::{KeyAlgorithm, KeyFacts, SignatureFacts};

    fn facts() -> CertificateFacts {
        CertificateFacts {
            subject: "CN=partner".to_owned(),
            issuer: "CN=partner".to_owned(),
            serial: "01".to_owned(),
            fingerprint_sha256: Fingerprint([0xAB; 32]),
            fingerprint_sha1: "cd".repeat(20),
            spki_sha256: "00".to_owned(),
            not_before: jiff::Timestamp::UNIX_EPOCH,
            not_after: jiff::Timestamp::MAX,
            key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
            signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
            self_signed: true,
            ca: false,
            key_usage: Vec::new(),
        }
    }

    #[test]
    fn a_pasted_fingerprint_decides_over_the_eye() {
        let facts = facts();
        let fingerprint = facts.fingerprint_sha256;
        let how = |by_eye, pasted: &str| {
            Comparing { by_eye, pasted: pasted.to_owned() }.comparison(&facts).map(|comparison| comparison.how())
        };
        assert_eq!(how(false, ""), None);
        assert_eq!(how(true, ""), Some("compared by eye"));
        let pasted = Some("SHA-256 fingerprint typed or pasted");
        assert_eq!(how(false, &fingerprint.to_string()), pasted);
        assert_eq!(how(true, &format!("SHA256 Fingerprint={fingerprint}")), pasted);
        assert_eq!(how(true, &Fingerprint([1; 32]).to_hex()), None, "another one");
        assert_eq!(how(true, "ab:cd"), Some("compared by eye"), "half typed");
        assert!(how(false, &"CD ".repeat(20)).is_some_and(|how| how.contains("weaker")));
        assert_eq!(how(true, &"AB".repeat(20)), None, "another one, by SHA-1");
    }
}
