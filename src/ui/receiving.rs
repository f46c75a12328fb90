//! Receiving in the window: how it stands, and the dialog that starts and stops it.

use std::net::SocketAddr;
use std::path::PathBuf;

use egui::{Context, Ui};

use super::desk::Desk;
use super::dialog::{Dialog, Flow, buttons, frame};
use super::widgets::{ToneName, field, field_error, mono_edit, muted, notice, primary, secondary};
use crate::app::engine::{Command, Receiving, ReceivingSettings, ReceivingState, RequestId};

/// How receiving stands in a few words, and more of it.
#[must_use]
pub(super) fn words(receiving: &Receiving) -> (String, String) {
    match &receiving.state {
        ReceivingState::Off => {
            ("Not receiving".to_owned(), "Messages and receipts of partners are not taken".to_owned())
        }
        ReceivingState::On { listen, url } => (
            format!("Receiving on :{}", listen.port()),
            match &receiving.public_url {
                Some(public) => {
                    format!("Messages and receipts of partners are taken at {public}, which leads to {url}")
                }
                None => format!("Messages and receipts of partners are taken at {url}"),
            },
        ),
        ReceivingState::Elsewhere => {
            let why = "Another program receives for this workspace, such as `countersign serve`";
            ("Received elsewhere".to_owned(), why.to_owned())
        }
        ReceivingState::Failed { reason } => {
            ("Not receiving: failed".to_owned(), crate::domain::sentence::sentence(reason))
        }
    }
}

/// The fields and buttons that set where messages are received, start and stop it. The dialog below and the settings
/// show them.
pub(super) struct ReceivingForm {
    listen: String,
    inbox: String,
    request: Option<RequestId>,
    /// Why it was not set.
    refused: Option<String>,
    /// Whether it was on when the dialog was opened.
    was_on: bool,
}

impl ReceivingForm {
    /// With what is set.
    #[must_use]
    pub(super) fn new(desk: &Desk<'_>) -> Self {
        let settings = &desk.snapshot.receiving.settings;
        Self {
            listen: settings.listen.to_string(),
            inbox: settings.inbox.as_ref().map(|inbox| inbox.display().to_string()).unwrap_or_default(),
            request: None,
            refused: None,
            was_on: settings.on,
        }
    }

    fn address(&self) -> Result<SocketAddr, String> {
        let listen = self.listen.trim();
        // A port alone means this machine's.
        listen
            .parse()
            .or_else(|_no_address| {
                listen.trim_start_matches(':').parse().map(|port: u16| ([127, 0, 0, 1], port).into())
            })
            .map_err(|_no_port| "Write an address with a port, such as 127.0.0.1:10080 or 0.0.0.0:10080".to_owned())
    }

    fn inbox(&self) -> Result<Option<PathBuf>, String> {
        match self.inbox.trim() {
            "" => Ok(None),
            path if PathBuf::from(path).is_absolute() => Ok(Some(path.into())),
            _ => Err("Write the whole path of the folder".to_owned()),
        }
    }

    fn set(&mut self, on: bool, desk: &mut Desk<'_>) {
        if let (Ok(listen), Ok(inbox)) = (self.address(), self.inbox()) {
            self.refused = None;
            self.request = desk.ask(|id| Command::SetReceiving(id, ReceivingSettings { on, listen, inbox }));
        }
    }

    /// The fields and what there is to be said of them. Returns whether what was asked for is done.
    pub(super) fn fields(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) -> bool {
        if let Some(answer) = desk.answer(&mut self.request) {
            match (answer, &desk.snapshot.receiving.state) {
                (Err(error), _) => self.refused = Some(crate::domain::sentence::sentence(&error.to_string())),
                (Ok(_), ReceivingState::Failed { .. }) => self.was_on = true,
                (Ok(_), _) => return true,
            }
        }
        let busy = self.request.is_some();
        ui.add_enabled_ui(!busy, |ui| {
            field(ui, "Address", |ui| {
                mono_edit(ui, "Address to listen on", &mut self.listen, "127.0.0.1:10080", ui.available_width());
                match self.address() {
                    Err(reason) => drop(field_error(ui, &reason)),
                    Ok(_) => drop(ui.label(muted(ui, "0.0.0.0 takes connections from other machines"))),
                }
            });
            field(ui, "Inbox", |ui| {
                mono_edit(
                    ui,
                    "Inbox folder",
                    &mut self.inbox,
                    "Without one they stay in the archive",
                    ui.available_width(),
                );
                if let Err(reason) = self.inbox() {
                    field_error(ui, &reason);
                }
            });
        });
        let (_, why) = words(&desk.snapshot.receiving);
        match &desk.snapshot.receiving.state {
            ReceivingState::Failed { .. } => notice(ui, ToneName::Bad, "Receiving could not be started", &why, |_| ()),
            ReceivingState::Elsewhere => notice(ui, ToneName::Warn, "Received elsewhere", &why, |_| ()),
            ReceivingState::On { .. } | ReceivingState::Off => {}
        }
        if let Some(reason) = &self.refused {
            notice(ui, ToneName::Bad, "It was not saved", reason, |_| ());
        }
        false
    }

    /// The buttons.
    pub(super) fn actions(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let ready = self.request.is_none() && self.address().is_ok() && self.inbox().is_ok();
        ui.add_enabled_ui(ready, |ui| {
            let start = if self.was_on { "Save" } else { "Start receiving" };
            if primary(ui, start).clicked() {
                self.set(true, desk);
            }
            if self.was_on && secondary(ui, "Stop receiving").clicked() {
                self.set(false, desk);
            }
        });
    }
}

/// The same as a dialog.
pub(super) struct ReceivingDialog {
    form: ReceivingForm,
}

impl ReceivingDialog {
    #[must_use]
    pub(super) fn new(desk: &Desk<'_>) -> Self {
        Self { form: ReceivingForm::new(desk) }
    }
}

impl Dialog for ReceivingDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        let subtitle = "Partners post messages and asynchronous receipts to this address while the window is open";
        let busy = self.form.request.is_some();
        frame(ctx, "receiving", "Receiving", subtitle, 520.0, busy, |ui| {
            if self.form.fields(ui, desk) {
                return Flow::Close;
            }
            buttons(ui, |ui| self.form.actions(ui, desk));
            Flow::Open
        })
    }
}
