//! Comparing a fingerprint with what the partner says: by eye, or by pasting what they sent.

use egui::{Checkbox, RichText, Ui, Widget as _};

use super::words::grouped;
use crate::domain::certificate::Fingerprint;
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
    Same,
    Other,
    Unreadable(String),
}

impl Comparing {
    /// Whether the fingerprint was compared and is the same.
    #[must_use]
    pub(in crate::ui) fn confirms(&self, fingerprint: &Fingerprint) -> bool {
        match self.verdict(fingerprint) {
            Some(Verdict::Same) => true,
            Some(Verdict::Other) => false,
            Some(Verdict::Unreadable(_)) | None => self.by_eye,
        }
    }

    /// How it was compared, for the record.
    #[must_use]
    pub(in crate::ui) fn how(&self, fingerprint: &Fingerprint) -> &'static str {
        if self.verdict(fingerprint) == Some(Verdict::Same) { "pasted and compared" } else { "compared by eye" }
    }

    fn verdict(&self, fingerprint: &Fingerprint) -> Option<Verdict> {
        let pasted = self.pasted.trim();
        // People paste it with what stands before it: `SHA-256 Fingerprint=…`.
        let bare = pasted.rsplit(['=', '\t']).next().unwrap_or_default();
        if bare.is_empty() {
            return None;
        }
        Some(match bare.parse::<Fingerprint>() {
            Ok(other) if other == *fingerprint => Verdict::Same,
            Ok(_) => Verdict::Other,
            Err(error) if error.digits == 40 => {
                Verdict::Unreadable("This is a SHA-1 fingerprint; ask for the SHA-256 one".to_owned())
            }
            Err(error) => Verdict::Unreadable(crate::ui::wording::sentence(&error.to_string())),
        })
    }

    /// Shows the fingerprint and both ways to compare it.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, fingerprint: &Fingerprint) {
        let narrow = ui.available_width() < 780.0;
        let content = |ui: &mut Ui, this: &mut Self| {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
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
                this.paste(ui, fingerprint);
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

    fn paste(&mut self, ui: &mut Ui, fingerprint: &Fingerprint) {
        let width = ui.available_width().min(420.0) - 24.0;
        mono_edit(
            ui,
            "Fingerprint from the partner",
            &mut self.pasted,
            "Or paste the fingerprint that they sent",
            width,
        );
        let tokens = tokens(ui.ctx());
        let (symbol, tone, text) = match self.verdict(fingerprint) {
            None => return,
            Some(Verdict::Same) => (Icon::Check, tokens.ok, "It is the same".to_owned()),
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

    #[test]
    fn a_pasted_fingerprint_decides_over_the_eye() {
        let fingerprint = Fingerprint([0xAB; 32]);
        let comparing = |by_eye, pasted: &str| Comparing { by_eye, pasted: pasted.to_owned() };
        assert!(!comparing(false, "").confirms(&fingerprint));
        assert!(comparing(true, "").confirms(&fingerprint));
        assert!(comparing(false, &fingerprint.to_string()).confirms(&fingerprint));
        assert!(comparing(false, &format!("SHA256 Fingerprint={fingerprint}")).confirms(&fingerprint));
        assert!(!comparing(true, &Fingerprint([1; 32]).to_hex()).confirms(&fingerprint), "another one");
        let sha1 = comparing(false, &"AB".repeat(20)).verdict(&fingerprint);
        assert!(matches!(sha1, Some(Verdict::Unreadable(why)) if why.contains("SHA-1")));
    }
}
