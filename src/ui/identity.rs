//! Our own identities: making a key with its certificate, or taking both from a file.

use egui::{Context, Key, Ui};
use zeroize::Zeroizing;

use super::desk::Desk;
use super::dialog::{Dialog, Dropped, Flow, buttons, frame};
use super::files::{FilePick, PickId};
use super::icon::{self, Icon};
use super::intent::Intent;
use super::moment::count;
use super::theme::tokens;
use super::widgets::{
    Choice, ToneName, field, field_error, mono_edit, muted, notice, password_edit, primary, secondary, segmented,
    select, text_edit,
};
use crate::app::engine::{Answer, Command, IdentityCommand, RequestId, Snapshot};
use crate::app::{IdentityFiles, KeyKind, NewIdentity};
use crate::domain::certificate::{CertificateWarning, warnings};
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind};
use crate::domain::sentence::sentence;

/// Where an identity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Made,
    File,
}

/// The fields from which an identity is made or imported. The dialog below and the one for a new connection show them.
pub(super) struct IdentityForm {
    origin: Origin,
    name: String,
    key: KeyKind,
    days: u32,
    subject: String,
    file: String,
    /// The file with the certificate, where that is another.
    certificate: String,
    password: Zeroizing<String>,
    /// Which key of several, by the beginning of its certificate's fingerprint.
    choose: String,
    picking: Option<PickId>,
    picking_certificate: Option<PickId>,
    request: Option<RequestId>,
    /// Why it was refused.
    refused: Option<String>,
    /// Whether the user has given it up.
    given_up: bool,
}

impl IdentityForm {
    /// A proposal: a name with the year, the key that every partner can use.
    #[must_use]
    pub(super) fn new(desk: &Desk<'_>) -> Self {
        let year = desk.moment.zone.to_datetime(desk.moment.now).year();
        let taken = |name: &str| desk.snapshot.identities.iter().any(|identity| identity.name.as_str() == name);
        let first = format!("our-{year}");
        let name = std::iter::once(first.clone())
            .chain((2..).map(|number| format!("{first}-{number}")))
            .find(|name| !taken(name))
            .unwrap_or(first);
        Self {
            origin: Origin::Made,
            name,
            key: KeyKind::Rsa2048,
            days: 730,
            subject: String::new(),
            file: String::new(),
            certificate: String::new(),
            password: Zeroizing::default(),
            choose: String::new(),
            picking: None,
            picking_certificate: None,
            request: None,
            refused: None,
            given_up: false,
        }
    }

    /// Takes a file that was picked or dropped.
    pub(super) fn take_file(&mut self, file: &std::path::Path) {
        self.origin = Origin::File;
        self.file = file.display().to_string();
        self.refused = None;
    }

    /// Whether the engine is at work on it.
    #[must_use]
    pub(super) const fn busy(&self) -> bool {
        self.request.is_some()
    }

    /// What keeps it from being made, in words.
    #[must_use]
    pub(super) fn problem(&self, snapshot: &Snapshot) -> Option<String> {
        let name = self.name.trim();
        if self.origin == Origin::File && self.file.trim().is_empty() {
            return Some("Choose the file with the key".to_owned());
        }
        if !(self.origin == Origin::File && name.is_empty()) {
            if name.is_empty() {
                return Some("Name the identity".to_owned());
            }
            return self.name_problem(snapshot);
        }
        None
    }

    fn name_problem(&self, snapshot: &Snapshot) -> Option<String> {
        match self.name.trim().parse::<IdentityName>() {
            Err(error) => Some(sentence(&error.to_string())),
            Ok(name) => snapshot.identity(&name).map(|_| {
                format!("There is an identity `{name}` already; choose another name, for example with the year")
            }),
        }
    }

    /// The fields.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        if let Some(Some(file)) = desk.picked(&mut self.picking) {
            self.take_file(&file);
        }
        if let Some(Some(file)) = desk.picked(&mut self.picking_certificate) {
            self.certificate = file.display().to_string();
            self.refused = None;
        }
        field(ui, "Key", |ui| {
            ui.horizontal(|ui| {
                let all = [(Origin::Made, "Make a new one"), (Origin::File, "From a file")];
                if let Some(origin) = segmented(ui, self.origin, &all) {
                    self.origin = origin;
                    self.refused = None;
                    if origin == Origin::File && self.name.starts_with("our-") {
                        // The file's own name says more.
                        self.name.clear();
                    }
                }
            });
        });
        field(ui, "Identity", |ui| {
            let hint = if self.origin == Origin::File { "As the file is called" } else { "acme-2026" };
            text_edit(ui, "Identity's name", &mut self.name, hint, ui.available_width());
            if !self.name.trim().is_empty()
                && let Some(reason) = self.name_problem(desk.snapshot)
            {
                field_error(ui, &reason);
            }
        });
        match self.origin {
            Origin::Made => self.made(ui),
            Origin::File => self.taken_from_file(ui, desk),
        }
        // What is about the password is said at the password.
        if let Some(reason) = self.refused.as_ref().filter(|_| !self.password_is_wrong()) {
            notice(ui, ToneName::Bad, "The identity was not taken", reason, |_| ());
        }
    }

    fn password_is_wrong(&self) -> bool {
        self.origin == Origin::File && self.refused.as_ref().is_some_and(|reason| reason.contains("password"))
    }

    /// What is being done, while it is: a long key takes a while. Returns nothing to do where nothing is.
    pub(super) fn progress(&self, ui: &mut Ui) {
        if !self.busy() {
            return;
        }
        ui.horizontal(|ui| {
            // Nothing that turns: it would keep the window drawing.
            ui.label(icon::text(Icon::Hourglass, tokens(ui.ctx()).muted));
            let text = match self.origin {
                Origin::Made if self.given_up => "Giving up…".to_owned(),
                Origin::Made => format!("Making the key, {}; a long one takes up to a minute", self.key),
                Origin::File => "Reading the file…".to_owned(),
            };
            ui.add(egui::Label::new(muted(ui, text)).wrap());
        });
    }

    /// Gives up making a key. What is made of it meanwhile is not kept.
    fn give_up(&mut self, desk: &mut Desk<'_>) {
        if let Some(request) = self.request {
            self.given_up = true;
            desk.ask(|_| Command::GiveUp(request));
        }
    }

    fn made(&mut self, ui: &mut Ui) {
        field(ui, "Key kind", |ui| {
            let choices = key_kinds();
            if let (Some(kind), _) = select(ui, "Key kind", &self.key, &choices, ui.available_width()) {
                self.key = kind;
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
            let hint = format!("CN={}", self.name.trim());
            text_edit(ui, "Subject of the certificate", &mut self.subject, &hint, ui.available_width());
            let text = "Such as CN=Acme, O=Acme\\, Inc., C=US. The certificate is self-signed; export it afterwards and \
                        give it to your partners";
            ui.add(egui::Label::new(muted(ui, text)).wrap());
        });
    }

    fn taken_from_file(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        field(ui, "File", |ui| {
            ui.horizontal(|ui| {
                let room = (ui.available_width() - 96.0).max(120.0);
                if mono_edit(ui, "File of the identity", &mut self.file, "identity.p12, .pfx or .pem", room).changed() {
                    self.refused = None;
                }
                if secondary(ui, "Choose…").clicked() {
                    self.picking = desk.pick_file(FilePick::Identity);
                }
            });
        });
        field(ui, "Certificate", |ui| {
            ui.horizontal(|ui| {
                let room = (ui.available_width() - 96.0).max(120.0);
                let hint = "Only where the file with the key has none";
                if mono_edit(ui, "File of the certificate", &mut self.certificate, hint, room).changed() {
                    self.refused = None;
                }
                ui.push_id("certificate", |ui| {
                    if secondary(ui, "Choose…").clicked() {
                        self.picking_certificate = desk.pick_file(FilePick::Identity);
                    }
                });
            });
        });
        field(ui, "Password", |ui| {
            let width = ui.available_width();
            let hint = "The file's own, where it has one";
            if password_edit(ui, "Password of the file", &mut self.password, hint, width).changed() {
                self.refused = None;
            }
            if self.password_is_wrong()
                && let Some(reason) = &self.refused
            {
                field_error(ui, reason);
            }
        });
        let several = self.refused.as_ref().is_some_and(|reason| reason.contains("--choose"));
        if several || !self.choose.is_empty() {
            field(ui, "Which key", |ui| {
                let hint = "The beginning of its certificate's fingerprint";
                mono_edit(ui, "Which key", &mut self.choose, hint, ui.available_width());
            });
        }
    }

    /// Has the engine make or take it.
    pub(super) fn submit(&mut self, desk: &mut Desk<'_>) {
        (self.refused, self.given_up) = (None, false);
        let name = self.name.trim().parse::<IdentityName>().ok();
        self.request = match (self.origin, name) {
            (Origin::Made, Some(name)) => {
                let new = NewIdentity {
                    name,
                    key: self.key,
                    days: self.days,
                    subject: Some(self.subject.trim().to_owned()).filter(|text| !text.is_empty()),
                };
                desk.ask(|id| Command::Identity(id, IdentityCommand::Create(new)))
            }
            (Origin::Made, None) => None,
            (Origin::File, name) => {
                let password = (!self.password.is_empty()).then(|| self.password.clone());
                let certificate = self.certificate.trim();
                let choose = self.choose.trim();
                let files = IdentityFiles {
                    file: self.file.trim().into(),
                    certificate: (!certificate.is_empty()).then(|| certificate.into()),
                    password,
                    choose: (!choose.is_empty()).then(|| choose.to_owned()),
                };
                desk.ask(|id| Command::Identity(id, IdentityCommand::Import(files, name)))
            }
        };
    }

    /// The identity once it is there. Where it was refused, the reason is shown among the fields.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>) -> Option<IdentityName> {
        match desk.answer(&mut self.request)? {
            Ok(Answer::Identity(name)) => Some(name),
            Ok(_) => None,
            Err(_) if self.given_up => None,
            Err(error) => {
                let hint = error.what_to_do().map(|hint| format!("\n{}", sentence(hint))).unwrap_or_default();
                self.refused = Some(format!("{}{hint}", sentence(error.message())));
                None
            }
        }
    }
}

/// The kinds of keys, with what is to be said of each.
pub(super) fn key_kinds() -> Vec<Choice<KeyKind>> {
    KeyKind::ALL
        .iter()
        .map(|kind| {
            let (label, remark) = match kind {
                KeyKind::Rsa2048 => ("RSA 2048", "every partner can use it"),
                KeyKind::Rsa3072 => ("RSA 3072", ""),
                KeyKind::Rsa4096 => ("RSA 4096", "slower"),
                KeyKind::EcP256 => ("EC P-256", "few AS2 products know it"),
                KeyKind::EcP384 => ("EC P-384", "few AS2 products know it"),
            };
            let remark = (!remark.is_empty()).then(|| remark.to_owned());
            Choice { value: *kind, label: label.to_owned(), remark }
        })
        .collect()
}

/// The dialog for a new identity.
pub(super) struct IdentityDialog {
    form: IdentityForm,
    /// The profile that is to use it, in the draft.
    profile: Option<(ConnectionId, ProfileKind)>,
}

impl IdentityDialog {
    /// With a proposal; the identity is proposed to a profile where one is named.
    #[must_use]
    pub(super) fn new(desk: &Desk<'_>, profile: Option<(ConnectionId, ProfileKind)>) -> Self {
        Self { form: IdentityForm::new(desk), profile }
    }
}

impl Dialog for IdentityDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if let Some(name) = self.form.poll(desk) {
            let said: Vec<&str> = desk
                .snapshot
                .identity(&name)
                .map(|identity| warnings(&identity.facts, desk.moment.now))
                .unwrap_or_default()
                .into_iter()
                .map(CertificateWarning::sentence_about_ours)
                .collect();
            let head = format!("Identity {name} is ready");
            if said.is_empty() {
                desk.toasts.done(&head, "Give its certificate to your partners before it is used");
            } else {
                desk.toasts.warn(&head, &said.join("; "));
            }
            if let Some((connection, profile)) = self.profile.take() {
                let (setting, value) = ("identity".to_owned(), Some(name.to_string()));
                desk.intend(Intent::ProposeSetting { connection, profile, setting, value });
            }
            return Flow::Close;
        }
        let busy = self.form.busy();
        let subtitle = "A key with which we sign and decrypt, and its certificate for the partners";
        frame(ctx, "identity", "New identity", subtitle, 560.0, busy, |ui| {
            ui.add_enabled_ui(!busy, |ui| self.form.show(ui, desk));
            self.form.progress(ui);
            let problem = self.form.problem(desk.snapshot);
            buttons(ui, |ui| {
                let ready = problem.is_none() && !busy;
                let word = if self.form.origin == Origin::Made { "Make identity" } else { "Import identity" };
                let pressed = ui.add_enabled_ui(ready, |ui| primary(ui, word)).inner.clicked();
                let mut flow = Flow::Open;
                let makes = self.form.origin == Origin::Made;
                if busy && makes {
                    if ui.add_enabled_ui(!self.form.given_up, |ui| secondary(ui, "Give up")).inner.clicked() {
                        self.form.give_up(desk);
                    }
                } else if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    flow = Flow::Close;
                }
                if let Some(reason) = problem.as_ref().filter(|_| !busy) {
                    ui.add(egui::Label::new(muted(ui, reason)).truncate());
                }
                if pressed || (ready && entered(ui)) {
                    self.form.submit(desk);
                }
                flow
            })
        })
    }

    fn drop_file(&mut self, file: Dropped, _desk: &mut Desk<'_>) -> Option<Dropped> {
        self.form.take_file(&file.path);
        None
    }
}

/// Whether Enter was pressed in a line of text, or nowhere in particular; a button or a list has its own use for it.
pub(super) fn entered(ui: &Ui) -> bool {
    ui.input(|input| input.key_pressed(Key::Enter))
        && ui.memory(|memory| memory.focused().is_none())
        && !egui::Popup::is_any_open(ui.ctx())
}
