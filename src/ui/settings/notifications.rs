//! Settings > Notifications: when is reminded, in which ways, of which connections not, and through which mail server.

use egui::Ui;

use crate::app::engine::{Command, NoticeCommand, RequestId};
use crate::app::{AppError, NotificationSettings};
use crate::ui::desk::Desk;
use crate::ui::widgets::{
    Choice, ToneName, field, field_error, mono_edit, muted, notice, password_edit, primary, secondary, section, select,
    text_edit,
};

/// The ways in which the mail server is protected, as the setting spells them and in words.
const TLS: [(&str, &str); 4] = [
    ("starttls", "STARTTLS, usually port 587"),
    ("tls", "TLS, usually port 465"),
    ("none", "None, server on this machine"),
    ("insecure", "None, readable on the way"),
];

/// The section, with what is being changed in it.
#[derive(Default)]
pub(super) struct NotificationsSection {
    form: Form,
    saving: Option<RequestId>,
    testing: Option<RequestId>,
    /// What could not be done, and why.
    failed: Option<(&'static str, String)>,
    /// The test mail was sent.
    tested: bool,
}

/// What stands in the fields.
#[derive(Clone, Default, PartialEq, Eq)]
struct Form {
    steps: String,
    scheduled: String,
    quiet: String,
    window: bool,
    desktop: bool,
    email: bool,
    host: String,
    port: String,
    tls: String,
    trust: String,
    user: String,
    /// Empty where it is to stay as it is.
    password: zeroize::Zeroizing<String>,
    from: String,
    to: String,
}

impl Form {
    fn of(settings: &NotificationSettings) -> Self {
        let mut form =
            Self { window: settings.window, desktop: settings.desktop, email: settings.email, ..Self::default() };
        for (key, value) in settings.by_key() {
            if let Some(field) = form.field(key) {
                *field = value;
            }
        }
        form
    }

    /// The field of a setting that is text.
    fn field(&mut self, key: &str) -> Option<&mut String> {
        match key {
            "steps" => Some(&mut self.steps),
            "steps_scheduled" => Some(&mut self.scheduled),
            "quiet" => Some(&mut self.quiet),
            "smtp_host" => Some(&mut self.host),
            "smtp_port" => Some(&mut self.port),
            "smtp_tls" => Some(&mut self.tls),
            "smtp_trust" => Some(&mut self.trust),
            "smtp_user" => Some(&mut self.user),
            "mail_from" => Some(&mut self.from),
            "mail_to" => Some(&mut self.to),
            _ => None,
        }
    }

    /// What it says, field by field: the same road as the command line's.
    fn settings(&self) -> Result<NotificationSettings, (&'static str, AppError)> {
        let mut settings = NotificationSettings {
            window: self.window,
            desktop: self.desktop,
            email: self.email,
            ..NotificationSettings::default()
        };
        for (key, _) in NotificationSettings::default().by_key() {
            if let Some(value) = self.clone().field(key) {
                settings = settings.with(key, value).map_err(|error| (key, error))?;
            }
        }
        Ok(settings)
    }
}

impl NotificationsSection {
    /// Begins anew with what is set.
    pub(super) fn enter(&mut self, desk: &Desk<'_>) {
        *self = Self { form: Form::of(&desk.snapshot.notices.settings), ..Self::default() };
    }

    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.take_answers(desk);
        let busy = self.saving.is_some() || self.testing.is_some();
        let read = self.form.settings();
        let wrong = read.as_ref().err().map(|(key, error)| (*key, error.message().to_owned()));
        section(ui, "Notifications");
        ui.add_space(6.0);
        ui.add_enabled_ui(!busy, |ui| {
            self.when(ui, wrong.as_ref());
            ui.add_space(10.0);
            section(ui, "E-mail");
            ui.add_space(6.0);
            self.mail(ui, desk, wrong.as_ref());
        });
        self.told(ui);
        ui.add_space(8.0);
        let changed = Form { password: zeroize::Zeroizing::default(), ..self.form.clone() }
            != Form::of(&desk.snapshot.notices.settings)
            || !self.form.password.is_empty();
        ui.horizontal(|ui| {
            let save = ui.add_enabled_ui(!busy && changed && read.is_ok(), |ui| primary(ui, "Save")).inner;
            if let Ok(settings) = read
                && save.clicked()
            {
                let password = (!self.form.password.is_empty()).then(|| self.form.password.clone());
                let command = NoticeCommand::Set(Box::new(settings), password);
                self.failed = None;
                self.tested = false;
                self.saving = desk.ask(|id| Command::Notices(id, command));
            }
            let can_test = !busy && !changed && !desk.snapshot.notices.settings.mail.host.is_empty();
            let test = ui.add_enabled_ui(can_test, |ui| secondary(ui, "Send test mail")).inner;
            if test.on_disabled_hover_text("Save a mail server first").clicked() {
                self.failed = None;
                self.tested = false;
                self.testing = desk.ask(|id| Command::Notices(id, NoticeCommand::TestMail));
            }
            if self.testing.is_some() {
                ui.label(muted(ui, "Sending the test mail…"));
            }
        });
    }

    fn take_answers(&mut self, desk: &mut Desk<'_>) {
        let reason = |error: &AppError| {
            let hint = error.what_to_do().map(|hint| format!("\n{hint}")).unwrap_or_default();
            format!("{}{hint}", error.message())
        };
        match desk.answer(&mut self.saving) {
            Some(Ok(_)) => {
                self.enter(desk);
                desk.toasts.done("Notifications are set", "");
            }
            Some(Err(error)) => self.failed = Some(("It was not saved", reason(&error))),
            None => {}
        }
        match desk.answer(&mut self.testing) {
            Some(Ok(_)) => self.tested = true,
            Some(Err(error)) => self.failed = Some(("The test mail was not sent", reason(&error))),
            None => {}
        }
    }

    fn told(&self, ui: &mut Ui) {
        if let Some((head, reason)) = &self.failed {
            ui.add_space(8.0);
            notice(ui, ToneName::Bad, head, reason, |_| ());
        }
        if self.tested {
            ui.add_space(8.0);
            notice(
                ui,
                ToneName::Ok,
                "The test mail was sent",
                "The mail server has taken it for every recipient",
                |_| (),
            );
        }
    }

    fn when(&mut self, ui: &mut Ui, wrong: Option<&(&'static str, String)>) {
        let form = &mut self.form;
        field(ui, "Days before", |ui| {
            let width = ui.available_width();
            text_edit(ui, "Days before", &mut form.steps, "90,60,30,14,7,3,1", width);
            ui.label(muted(ui, "While nothing follows a certificate, and before rules take effect"));
            error_of(ui, "steps", wrong);
        });
        field(ui, "When scheduled", |ui| {
            let width = ui.available_width();
            text_edit(ui, "Days before, when scheduled", &mut form.scheduled, "30,7,1", width);
            ui.label(muted(ui, "Once the successor is scheduled"));
            error_of(ui, "steps_scheduled", wrong);
        });
        field(ui, "Quiet for", |ui| {
            let width = ui.available_width();
            mono_edit(ui, "Quiet for", &mut form.quiet, "Connections of which nobody is reminded", width);
            error_of(ui, "quiet", wrong);
        });
        field(ui, "Ways", |ui| {
            ui.spacing_mut().interact_size.y = 24.0;
            // The first tick stands beside the label.
            ui.add_space(3.0);
            ui.checkbox(&mut form.window, "Messages in this window");
            ui.checkbox(&mut form.desktop, "Notifications of the desktop");
            ui.checkbox(&mut form.email, "E-mail, also from serve");
        });
    }

    fn mail(&mut self, ui: &mut Ui, desk: &Desk<'_>, wrong: Option<&(&'static str, String)>) {
        let form = &mut self.form;
        field(ui, "Server", |ui| {
            ui.horizontal(|ui| {
                let width = (ui.available_width() - 80.0).max(120.0);
                mono_edit(ui, "Mail server", &mut form.host, "smtp.example.com", width);
                mono_edit(ui, "Port", &mut form.port, "587", 72.0);
            });
            error_of(ui, "smtp_port", wrong);
        });
        field(ui, "Protection", |ui| {
            let choices = TLS.map(|(value, words)| Choice::new(value.to_owned(), words));
            let width = ui.available_width();
            if let (Some(chosen), _) = select(ui, "Protection", &form.tls, &choices, width) {
                form.tls = chosen;
            }
        });
        field(ui, "Trusted", |ui| {
            let width = ui.available_width();
            mono_edit(ui, "Trusted certificates", &mut form.trust, "system, or a PEM file", width);
        });
        field(ui, "User", |ui| {
            let width = ui.available_width();
            text_edit(ui, "User", &mut form.user, "Empty where the mail server asks for no login", width);
        });
        field(ui, "Password", |ui| {
            let width = ui.available_width();
            let hint = if desk.snapshot.notices.has_password {
                "Saved; type here to replace it"
            } else {
                "No password is saved"
            };
            password_edit(ui, "Password", &mut form.password, hint, width);
        });
        field(ui, "From", |ui| {
            let width = ui.available_width();
            text_edit(ui, "From", &mut form.from, "Countersign <edi@example.com>", width);
        });
        field(ui, "To", |ui| {
            let width = ui.available_width();
            text_edit(ui, "To", &mut form.to, "Addresses, separated by commas", width);
        });
    }
}

/// What is wrong with a field, below it.
fn error_of(ui: &mut Ui, key: &str, wrong: Option<&(&'static str, String)>) {
    if let Some((_, reason)) = wrong.filter(|(wrong, _)| *wrong == key) {
        // Which setting it is about is seen.
        field_error(ui, reason.strip_prefix(&format!("`{key}`: ")).unwrap_or(reason));
    }
}
