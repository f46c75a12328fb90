//! Our own identities: making a key with its certificate, or taking both from a file.

use egui::{Context, Key, Ui};
use zeroize::Zeroizing;

use super::desk::Desk;
use super::dialog::{Dialog, Dropped, Flow, buttons, frame};
use super::files::{FilePick, PickId};
use super::intent::Intent;
use super::moment::count;
use super::widgets::{
    Choice, ToneName, field, field_error, mono_edit, muted, notice, password_edit, primary, secondary, segmented,
    select, text_edit,
};
use super::wording::sentence;
use crate::app::engine::{Answer, Command, RequestId, Snapshot};
use crate::app::{KeyKind, NewIdentity};
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind};

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
    file: String,
    password: Zeroizing<String>,
    picking: Option<PickId>,
    request: Option<RequestId>,
    /// Why it was refused.
    refused: Option<String>,
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
            file: String::new(),
            password: Zeroizing::default(),
            picking: None,
            request: None,
            refused: None,
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
        if let Some(reason) = &self.refused {
            notice(ui, ToneName::Bad, "The identity was not taken", reason, |_| ());
        }
    }

    fn made(&mut self, ui: &mut Ui) {
        field(ui, "Key kind", |ui| {
            let choices: Vec<Choice<KeyKind>> = KeyKind::ALL
                .iter()
                .map(|kind| {
                    let (label, remark) = match kind {
                        KeyKind::Rsa2048 => ("RSA 2048", "every partner can use it"),
                        KeyKind::Rsa3072 => ("RSA 3072", ""),
                        KeyKind::Rsa4096 => ("RSA 4096", "slower"),
                        KeyKind::EcP256 => ("EC P-256", "few AS2 products know it"),
                    };
                    Choice {
                        value: *kind,
                        label: label.to_owned(),
                        remark: (!remark.is_empty()).then(|| remark.to_owned()),
                    }
                })
                .collect();
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
            let text = "The certificate is self-signed; export it afterwards and give it to your partners";
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
        field(ui, "Password", |ui| {
            let width = ui.available_width();
            password_edit(ui, "Password of the file", &mut self.password, "The file's own, where it has one", width);
        });
    }

    /// Has the engine make or take it.
    pub(super) fn submit(&mut self, desk: &mut Desk<'_>) {
        self.refused = None;
        let name = self.name.trim().parse::<IdentityName>().ok();
        self.request = match (self.origin, name) {
            (Origin::Made, Some(name)) => {
                let new = NewIdentity { name, key: self.key, days: self.days, subject: None };
                desk.ask(|id| Command::CreateIdentity(id, new))
            }
            (Origin::Made, None) => None,
            (Origin::File, name) => {
                let password = (!self.password.is_empty()).then(|| self.password.clone());
                let file = std::path::PathBuf::from(self.file.trim());
                desk.ask(|id| Command::ImportIdentity(id, file, name, password))
            }
        };
    }

    /// The identity once it is there. Where it was refused, the reason is shown among the fields.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>) -> Option<IdentityName> {
        match desk.answer(&mut self.request)? {
            Ok(Answer::Identity(name)) => Some(name),
            Ok(_) => None,
            Err(error) => {
                let hint = error.what_to_do().map(|hint| format!("\n{}", sentence(hint))).unwrap_or_default();
                self.refused = Some(format!("{}{hint}", sentence(error.message())));
                None
            }
        }
    }
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
            desk.toasts
                .done(&format!("Identity {name} is ready"), "Give its certificate to your partners before it is used");
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
            let problem = self.form.problem(desk.snapshot);
            buttons(ui, |ui| {
                let ready = problem.is_none() && !busy;
                let word = if self.form.origin == Origin::Made { "Make identity" } else { "Import identity" };
                let pressed = ui.add_enabled_ui(ready, |ui| primary(ui, word)).inner.clicked();
                let mut flow = Flow::Open;
                if ui.add_enabled_ui(!busy, |ui| secondary(ui, "Cancel")).inner.clicked() {
                    flow = Flow::Close;
                }
                if let Some(reason) = &problem {
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
