//! Writing an identity to a file: its certificate for partners, or its key with it under a password.

use egui::Context;
use zeroize::Zeroizing;

use super::form::Asking;
use crate::app::engine::{Answer, IdentityCommand};
use crate::app::{IdentityFormat, KeyExport, P12Form};
use crate::domain::identifier::IdentityName;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::files::FilePick;
use crate::ui::path_field::PathField;
use crate::ui::widgets::{
    Choice, ToneName, field, muted, notice, password_again, password_edit, primary, secondary, select,
};

/// The dialog.
pub(super) struct ExportDialog {
    name: IdentityName,
    format: IdentityFormat,
    file: PathField,
    password: Zeroizing<String>,
    again: Zeroizing<String>,
    form: P12Form,
    asking: Asking,
}

impl ExportDialog {
    #[must_use]
    pub(super) fn new(name: &IdentityName) -> Self {
        Self {
            name: name.clone(),
            format: IdentityFormat::Pem,
            file: PathField::new(FilePick::Save(file_name(name, IdentityFormat::Pem))),
            password: Zeroizing::default(),
            again: Zeroizing::default(),
            form: P12Form::Modern,
            asking: Asking::default(),
        }
    }

    fn with_key(&self) -> bool {
        self.format == IdentityFormat::P12
    }

    fn problem(&self) -> Option<String> {
        if self.with_key() && self.password.is_empty() {
            return Some("Choose a password for the file".to_owned());
        }
        if self.with_key() && self.password != self.again {
            return Some("Write the password again".to_owned());
        }
        self.file.value().err()
    }

    fn write(&mut self, desk: &mut Desk<'_>) {
        let Ok(file) = self.file.value() else { return };
        let key = self.with_key().then(|| KeyExport { password: self.password.clone(), form: self.form });
        self.asking.ask(desk, IdentityCommand::Export(self.name.clone(), self.format, key, file));
    }
}

fn file_name(name: &IdentityName, format: IdentityFormat) -> String {
    format!("{name}.{}", format.extension())
}

impl Dialog for ExportDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if let Some(Answer::Written(file)) = self.asking.poll(desk) {
            let head = if self.with_key() { "Key and certificate written" } else { "Certificate written" };
            desk.toasts.done(head, &file.display().to_string());
            return Flow::Close;
        }
        let busy = self.asking.busy();
        let title = format!("Export {}", self.name);
        frame(
            ctx,
            "export-identity",
            &title,
            "Partners get the certificate; the key is for moving to another machine",
            560.0,
            busy,
            |ui| {
                ui.add_enabled_ui(!busy, |ui| {
                    field(ui, "Form", |ui| {
                        let choices = [
                            (IdentityFormat::Pem, "Certificate, PEM", "for most partners"),
                            (IdentityFormat::Der, "Certificate, DER", ""),
                            (IdentityFormat::P7b, "Certificate with those above it, P7B", ""),
                            (IdentityFormat::P12, "Key and certificate, P12", "never for partners"),
                        ]
                        .map(|(value, label, remark)| Choice {
                            value,
                            label: label.to_owned(),
                            remark: (!remark.is_empty()).then(|| remark.to_owned()),
                        });
                        if let (Some(format), _) = select(ui, "Form", &self.format, &choices, ui.available_width()) {
                            self.format = format;
                            self.file.rename(&file_name(&self.name, format));
                        }
                    });
                    if self.with_key() {
                        field(ui, "Password", |ui| {
                            let width = ui.available_width();
                            password_edit(ui, "Password of the file", &mut self.password, "Of the file", width);
                        });
                        password_again(ui, "Password once more", &self.password, &mut self.again);
                        field(ui, "Encryption", |ui| {
                            let choices = [
                                Choice::new(P12Form::Modern, "AES-256 (PBES2)"),
                                Choice {
                                    value: P12Form::Legacy,
                                    label: "Triple DES".to_owned(),
                                    remark: Some("for programs of old".to_owned()),
                                },
                            ];
                            if let (Some(form), _) =
                                select(ui, "Encryption", &self.form, &choices, ui.available_width())
                            {
                                self.form = form;
                            }
                        });
                    }
                    self.file.show(ui, desk, "File", "File to write", &file_name(&self.name, self.format));
                });
                if self.with_key() {
                    let text = "The file is readable by you alone. Whoever has it and the password can sign as you";
                    notice(ui, ToneName::Warn, "It holds the key", text, |_| ());
                }
                self.asking.show(ui, "It was not written");
                let problem = self.problem();
                buttons(ui, |ui| {
                    let mut flow = Flow::Open;
                    if ui.add_enabled_ui(problem.is_none() && !busy, |ui| primary(ui, "Export")).inner.clicked() {
                        self.write(desk);
                    }
                    if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                        flow = Flow::Close;
                    }
                    if let Some(reason) = &problem {
                        ui.add(egui::Label::new(muted(ui, reason)).truncate());
                    }
                    flow
                })
            },
        )
    }
}
