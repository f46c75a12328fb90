//! Where the certificate comes from: dropped, picked, pasted, typed as a path, or the sample's.

use std::path::PathBuf;

use egui::{Frame, Key, KeyboardShortcut, Margin, Modifiers, RichText, Stroke, TextEdit, Ui};

use crate::app::{AppError, CertificateSource};
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, muted, notice, secondary};

/// What begins a certificate in text.
const PEM: &str = "-----BEGIN";

/// What was wrong with a source: what happened and why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Trouble {
    pub(in crate::ui) head: String,
    pub(in crate::ui) remedy: String,
}

impl Trouble {
    /// As the engine says it, for somebody who sits before a window.
    #[must_use]
    pub(super) fn from_engine(error: &AppError) -> Self {
        let remedy = if error.message().contains("password") {
            // The engine's hint names an option of the command line.
            "A partner's certificate needs no password: ask the partner for the certificate alone".to_owned()
        } else {
            crate::domain::sentence::sentence(
                error.what_to_do().unwrap_or("Choose another file, or ask the partner to send it again"),
            )
        };
        Self { head: crate::domain::sentence::sentence(error.message()), remedy }
    }

    /// That there is a private key in it.
    #[must_use]
    pub(super) fn private_key(name: &str) -> Self {
        Self {
            head: format!("{name} holds a private key: it was not taken and nothing of it was kept"),
            remedy: "A partner sends only a certificate. If the partner sent this, tell them that the key is no longer secret"
                .to_owned(),
        }
    }

    /// That there is no certificate in it.
    #[must_use]
    pub(super) fn nothing_in(name: &str) -> Self {
        Self {
            head: format!("There is no certificate in {name}"),
            remedy: "Choose another file, or ask the partner to send it again".to_owned(),
        }
    }
}

/// The ways to give a certificate.
#[derive(Default)]
pub(super) struct SourceForm {
    text: String,
    picking: Option<PickId>,
    focused: bool,
    /// Whether the system had no file dialog: then the path is to be typed.
    no_dialog: bool,
}

/// Said where the system has no file dialog, beside the field.
const NO_DIALOG: &str = "No file dialog could be opened: type where the file is, or drop it on the window";

impl SourceForm {
    /// Shows them and returns what was given.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        sample: Option<&PathBuf>,
    ) -> Option<CertificateSource> {
        let tokens = tokens(ui.ctx());
        let mut given = None;
        Frame::new()
            .fill(tokens.bg)
            .stroke(Stroke::new(1.0, tokens.line))
            .corner_radius(theme::CARD_RADIUS)
            .inner_margin(Margin::symmetric(16, 22))
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.vertical_centered(|ui| {
                    ui.label(icon::text(Icon::FileBadge, tokens.muted).size(30.0));
                    let head = RichText::new("Drop the partner's certificate here").font(theme::bold(theme::SECTION));
                    ui.label(head);
                    ui.label(muted(ui, ".cer, .pem, .der, .p7b, a .zip or the mail itself (.eml): what is inside decides, not the name"));
                    ui.add_space(4.0);
                    if secondary(ui, "Choose a file…").clicked() {
                        self.pick(desk);
                    }
                    if let Some(path) = sample
                        && secondary(ui, "Use the sample's renewed certificate").clicked()
                    {
                        given = Some(CertificateSource::File(path.clone()));
                    }
                });
            });
        ui.add_space(4.0);
        if self.no_dialog {
            notice(ui, ToneName::Warn, NO_DIALOG, "", |_| {});
        }
        ui.label(muted(ui, "Or paste the certificate's text, or type where the file is"));
        given.or_else(|| self.typed(ui))
    }

    /// Shows the field where there was no dialog to choose a file with, and returns what was given.
    pub(super) fn instead_of_dialog(&mut self, ui: &mut Ui) -> Option<CertificateSource> {
        if !self.no_dialog {
            return None;
        }
        notice(ui, ToneName::Warn, NO_DIALOG, "", |_| {});
        self.typed(ui)
    }

    /// What was picked meanwhile.
    pub(super) fn picked(&mut self, desk: &mut Desk<'_>) -> Option<CertificateSource> {
        let asked = self.picking;
        let picked = desk.picked(&mut self.picking)?;
        if asked.is_some_and(|asked| desk.had_no_dialog(asked)) {
            self.no_dialog = true;
            // Where the field is new, it is where to go on.
            self.focused = false;
        }
        picked.map(CertificateSource::File)
    }

    /// Opens the system's file dialog.
    pub(super) fn pick(&mut self, desk: &mut Desk<'_>) {
        self.picking = desk.pick_file_or_type(FilePick::Certificate);
    }

    fn typed(&mut self, ui: &mut Ui) -> Option<CertificateSource> {
        let faint = tokens(ui.ctx()).faint;
        let new_line = KeyboardShortcut::new(Modifiers::SHIFT, Key::Enter);
        let edit = TextEdit::multiline(&mut self.text)
            // The same whether an error stands above it or not.
            .id(egui::Id::unique("certificate source"))
            .font(theme::mono())
            .hint_text(RichText::new("/home/me/Downloads/partner.cer").color(faint))
            .desired_rows(3)
            .desired_width(f32::INFINITY)
            .margin(Margin::symmetric(10, 8))
            .return_key(new_line)
            // Pasted certificates do not come here, however long they are.
            .char_limit(8192);
        let field = ui.add(edit);
        ui.ctx().accesskit_node_builder(field.id, |node| node.set_label("Path or PEM text"));
        if !std::mem::replace(&mut self.focused, true) {
            field.request_focus();
        }
        let enter = field.has_focus() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let mut look = false;
        ui.horizontal(|ui| {
            let typed = !self.text.trim().is_empty();
            look = ui.add_enabled_ui(typed, |ui| secondary(ui, "Look at it")).inner.clicked();
        });
        if enter || look { source_of(&self.text) } else { None }
    }
}

/// A certificate that was pasted anywhere in this frame, taken out of what happened: laying out a long text in a field
/// would hold the window up for nothing.
pub(super) fn pasted(ctx: &egui::Context) -> Option<CertificateSource> {
    ctx.input_mut(|input| {
        let at =
            input.events.iter().position(|event| matches!(event, egui::Event::Paste(text) if text.contains(PEM)))?;
        match input.events.remove(at) {
            egui::Event::Paste(text) => {
                Some(CertificateSource::Bytes { name: "Pasted text".to_owned(), bytes: text.into_bytes() })
            }
            _ => None,
        }
    })
}

/// What somebody typed: the text of a certificate, or the path of a file as file managers and shells write it.
fn source_of(text: &str) -> Option<CertificateSource> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if text.contains(PEM) {
        return Some(CertificateSource::Bytes { name: "Pasted text".to_owned(), bytes: text.as_bytes().to_vec() });
    }
    let bare = text.trim_matches(['"', '\'']);
    let bare = bare.strip_prefix("file://").unwrap_or(bare);
    Some(CertificateSource::File(PathBuf::from(bare)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_it_is_copied() {
        let path = Some(CertificateSource::File(PathBuf::from("/tmp/a b.cer")));
        for text in ["/tmp/a b.cer", " \"/tmp/a b.cer\"\n", "'/tmp/a b.cer'", "file:///tmp/a b.cer"] {
            assert_eq!(source_of(text), path, "{text}");
        }
        assert!(matches!(source_of("x\n-----BEGIN CERTIFICATE-----"), Some(CertificateSource::Bytes { .. })));
        assert_eq!(source_of("  "), None);
    }
}
