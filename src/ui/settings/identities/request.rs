//! Asking a CA for a certificate, and installing what it answers.

use egui::Context;

use super::form::Asking;
use crate::app::engine::{Answer, IdentityCommand, IdentityState};
use crate::app::{KeyKind, ListedRequest, NewRequest};
use crate::domain::identifier::IdentityName;
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Dropped, Flow, buttons, frame};
use crate::ui::files::FilePick;
use crate::ui::identity::key_kinds;
use crate::ui::path_field::PathField;
use crate::ui::widgets::{field, field_error, muted, primary, secondary, select, text_edit};

/// A name for what follows an identity, with this year's or the next number.
#[must_use]
pub(super) fn free_name(name: &IdentityName, desk: &Desk<'_>) -> String {
    let year = desk.moment.zone.to_datetime(desk.moment.now).year();
    let base = name.as_str().trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
    let base: String = if base.is_empty() { name.as_str() } else { base }.chars().take(50).collect();
    let taken = |candidate: &String| desk.snapshot.identities.iter().any(|each| each.name.as_str() == candidate);
    std::iter::once(format!("{base}-{year}"))
        .chain((2..).map(|number| format!("{base}-{year}-{number}")))
        .find(|candidate| !taken(candidate))
        .unwrap_or_default()
}

/// The name of a new identity, or what is wrong with it.
pub(super) fn new_name(text: &str, desk: &Desk<'_>) -> Result<IdentityName, String> {
    let name: IdentityName = text
        .trim()
        .parse()
        .map_err(|error: crate::domain::identifier::IdentifierError| sentence(&error.to_string()))?;
    match desk.snapshot.identity(&name) {
        Some(_) => {
            Err(format!("There is an identity `{name}` already; choose another name, for example with the year"))
        }
        None => Ok(name),
    }
}

/// The dialog for a certificate request.
pub(super) struct RequestDialog {
    /// The identity whose key it is for; a new key where there is none.
    of: Option<IdentityName>,
    /// The number of one that was made already and is only written once more.
    made: Option<u32>,
    name: String,
    key: KeyKind,
    subject: String,
    file: PathField,
    asking: Asking,
}

impl RequestDialog {
    /// For the key of an identity, or for a new key.
    #[must_use]
    pub(super) fn new(identity: Option<&IdentityState>, desk: &Desk<'_>) -> Self {
        let name = match identity {
            Some(identity) => identity.name.to_string(),
            None => match "our".parse() {
                Ok(name) => free_name(&name, desk),
                Err(_) => String::new(),
            },
        };
        Self {
            of: identity.map(|identity| identity.name.clone()),
            made: None,
            subject: identity.map(|identity| identity.facts.subject.clone()).unwrap_or_default(),
            key: KeyKind::Rsa2048,
            file: PathField::new(FilePick::Save(format!("{name}.csr"))),
            name,
            asking: Asking::default(),
        }
    }

    /// One that was made, to be written once more.
    #[must_use]
    pub(super) fn again(request: &ListedRequest) -> Self {
        Self {
            of: Some(request.name.clone()),
            made: Some(request.number),
            name: request.name.to_string(),
            key: KeyKind::Rsa2048,
            subject: request.subject.clone(),
            file: PathField::new(FilePick::Save(format!("{}.csr", request.name))),
            asking: Asking::default(),
        }
    }

    fn name(&self, desk: &Desk<'_>) -> Result<IdentityName, String> {
        match &self.of {
            Some(name) => Ok(name.clone()),
            None => new_name(&self.name, desk),
        }
    }

    fn wrong_subject(&self) -> Option<&String> {
        self.asking.refused.as_ref().filter(|reason| reason.contains("is not a name"))
    }
}

impl Dialog for RequestDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if let Some(Answer::Written(file)) = self.asking.poll(desk) {
            let head = "Request written: send it to the CA and install its answer here";
            desk.toasts.done(head, &file.display().to_string());
            return Flow::Close;
        }
        let busy = self.asking.busy();
        let subtitle = match &self.of {
            Some(_) => "For the key that is there. The present certificate stays until profiles are changed over",
            None => "A new key is made and waits here for the CA's answer; it never leaves this machine",
        };
        frame(ctx, "request-certificate", "Request a certificate from a CA", subtitle, 560.0, busy, |ui| {
            let name = self.name(desk);
            ui.add_enabled_ui(!busy, |ui| {
                field(ui, "Identity", |ui| {
                    if let Some(of) = &self.of {
                        ui.add_space(6.0);
                        ui.label(of.as_str());
                        return;
                    }
                    text_edit(ui, "Identity's name", &mut self.name, "acme-2026", ui.available_width());
                    if let Err(reason) = &name {
                        field_error(ui, reason);
                    }
                });
                if self.of.is_none() {
                    field(ui, "Key kind", |ui| {
                        let width = ui.available_width();
                        if let (Some(kind), _) = select(ui, "Key kind", &self.key, &key_kinds(), width) {
                            self.key = kind;
                        }
                    });
                }
                field(ui, "Subject", |ui| {
                    if self.made.is_some() {
                        ui.add_space(6.0);
                        ui.label(&self.subject);
                        return;
                    }
                    let hint = format!("CN={}", self.name.trim());
                    let edit =
                        text_edit(ui, "Subject of the certificate", &mut self.subject, &hint, ui.available_width());
                    if edit.changed() {
                        self.asking.refused = None;
                    }
                    match self.wrong_subject() {
                        Some(reason) => drop(field_error(ui, reason)),
                        None => drop(ui.label(muted(ui, "Such as CN=Acme, O=Acme\\, Inc., C=US"))),
                    }
                });
                let proposed = format!("{}.csr", self.name.trim());
                self.file.show(ui, desk, "File", "File to write", &proposed);
            });
            if self.wrong_subject().is_none() {
                self.asking.show(ui, "The request was not made");
            }
            let problem = name.as_ref().err().cloned().or_else(|| self.file.value().err());
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                let pressed = ui
                    .add_enabled_ui(problem.is_none() && !busy, |ui| primary(ui, "Write the request"))
                    .inner
                    .clicked();
                if pressed && let (Ok(name), Ok(file)) = (name, self.file.value()) {
                    let subject = Some(self.subject.trim().to_owned()).filter(|text| !text.is_empty());
                    // The key of an identity is of the kind that it is.
                    let key = self.of.is_none().then_some(self.key);
                    let new = NewRequest { name, key, subject, number: self.made };
                    self.asking.ask(desk, IdentityCommand::Request(new, file));
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    flow = Flow::Close;
                }
                if let Some(reason) = &problem {
                    ui.add(egui::Label::new(muted(ui, reason)).truncate());
                }
                flow
            })
        })
    }
}

/// The dialog that installs a CA's answer.
pub(super) struct InstallDialog {
    name: IdentityName,
    /// Under which name it is kept, where the key is that of an identity.
    new_name: Option<String>,
    file: PathField,
    asking: Asking,
}

impl InstallDialog {
    #[must_use]
    pub(super) fn new(name: IdentityName, desk: &Desk<'_>) -> Self {
        let new_name = desk.snapshot.identity(&name).map(|_| free_name(&name, desk));
        Self { name, new_name, file: PathField::new(FilePick::CaAnswer), asking: Asking::default() }
    }
}

impl Dialog for InstallDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if let Some(Answer::Identity(name)) = self.asking.poll(desk) {
            let text = if self.new_name.is_some() { "Tell your partners, then change the profiles over" } else { "" };
            desk.toasts.done(&format!("Installed as {name}"), text);
            return Flow::Close;
        }
        let busy = self.asking.busy();
        let title = format!("Install the CA's answer for {}", self.name);
        let subtitle = "A certificate for this very key, alone or with those above it, in any form";
        frame(ctx, "install-answer", &title, subtitle, 560.0, busy, |ui| {
            let name = self.new_name.as_ref().map(|text| new_name(text, desk)).transpose();
            ui.add_enabled_ui(!busy, |ui| {
                self.file.show(ui, desk, "File", "File from the CA", "certificate.cer, .pem or .p7b");
                if let Some(text) = &mut self.new_name {
                    field(ui, "Kept as", |ui| {
                        text_edit(ui, "Name of the new identity", text, "acme-2028", ui.available_width());
                        match &name {
                            Err(reason) => drop(field_error(ui, reason)),
                            Ok(_) => {
                                let text = "The present certificate stays beside it until profiles are changed over";
                                ui.add(egui::Label::new(muted(ui, text)).wrap());
                            }
                        }
                    });
                }
            });
            self.asking.show(ui, "It was not installed");
            let problem = self.file.value().err();
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                let ready = problem.is_none() && name.is_ok() && !busy;
                if ui.add_enabled_ui(ready, |ui| primary(ui, "Install")).inner.clicked()
                    && let (Ok(new_name), Ok(file)) = (name, self.file.value())
                {
                    self.asking.ask(desk, IdentityCommand::Install(self.name.clone(), file, new_name));
                }
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    flow = Flow::Close;
                }
                if let Some(reason) = &problem {
                    ui.add(egui::Label::new(muted(ui, reason)).truncate());
                }
                flow
            })
        })
    }

    fn drop_file(&mut self, file: Dropped, _desk: &mut Desk<'_>) -> Option<Dropped> {
        self.file.text = file.path.display().to_string();
        None
    }
}
