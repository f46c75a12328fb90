//! The sheet for a partner: written to a file, with the certificate beside it.

use egui::Context;
use jiff::tz::TimeZone;

use super::form::Asking;
use crate::app::engine::{Answer, IdentityCommand};
use crate::app::{SheetFormat, SheetRequest};
use crate::domain::identifier::{ConnectionId, IdentityName};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::files::FilePick;
use crate::ui::path_field::PathField;
use crate::ui::widgets::{Choice, field, field_error, muted, primary, secondary, select, text_edit};

/// The dialog.
pub(super) struct SheetDialog {
    name: IdentityName,
    connection: ConnectionId,
    format: SheetFormat,
    contact: String,
    zone: String,
    file: PathField,
    asking: Asking,
}

impl SheetDialog {
    #[must_use]
    pub(super) fn new(name: &IdentityName, connection: &ConnectionId, desk: &Desk<'_>) -> Self {
        let profiles = desk.snapshot.connection(connection).into_iter().flat_map(|state| state.connection.profiles());
        let zone = profiles
            .flat_map(|(_, profile)| profile.identity.uses())
            .find(|entry| entry.name == *name)
            .and_then(|entry| entry.zone.clone());
        Self {
            name: name.clone(),
            connection: connection.clone(),
            format: SheetFormat::Html,
            contact: String::new(),
            zone: zone.unwrap_or_default(),
            file: PathField::new(FilePick::Save(file_name(name, connection, SheetFormat::Html))),
            asking: Asking::default(),
        }
    }

    fn zone(&self) -> Result<Option<String>, String> {
        match self.zone.trim() {
            "" => Ok(None),
            zone if TimeZone::get(zone).is_ok() => Ok(Some(zone.to_owned())),
            zone => Err(format!("“{zone}” is not a known time zone, such as America/Chicago")),
        }
    }
}

fn file_name(name: &IdentityName, connection: &ConnectionId, format: SheetFormat) -> String {
    let end = if format == SheetFormat::Html { "html" } else { "txt" };
    format!("{name}-{connection}.{end}")
}

impl Dialog for SheetDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        if let Some(Answer::Written(file)) = self.asking.poll(desk) {
            let text = format!(
                "{}, and {}.cer beside it. Note that they were told once it is sent",
                file.display(),
                self.name
            );
            desk.toasts.done("Sheet written", &text);
            return Flow::Close;
        }
        let busy = self.asking.busy();
        let title = format!("Sheet for {}", self.connection);
        let subtitle = "Our certificate, its fingerprints, the date of the change, and what they are to do";
        frame(ctx, "sheet", &title, subtitle, 560.0, busy, |ui| {
            let zone = self.zone();
            ui.add_enabled_ui(!busy, |ui| {
                field(ui, "Form", |ui| {
                    let choices = [
                        Choice {
                            value: SheetFormat::Html,
                            label: "Web page".to_owned(),
                            remark: Some("prints to PDF".to_owned()),
                        },
                        Choice::new(SheetFormat::Text, "Plain text, for mail"),
                    ];
                    if let (Some(format), _) = select(ui, "Form", &self.format, &choices, ui.available_width()) {
                        self.format = format;
                        self.file.rename(&file_name(&self.name, &self.connection, format));
                    }
                });
                field(ui, "Answer to", |ui| {
                    let hint = "edi@acme.example, +1 555 0100";
                    text_edit(ui, "Whom they are to answer", &mut self.contact, hint, ui.available_width());
                });
                field(ui, "Their zone", |ui| {
                    text_edit(ui, "Their time zone", &mut self.zone, "America/Chicago", ui.available_width());
                    if let Err(reason) = &zone {
                        field_error(ui, reason);
                    }
                });
                let proposed = file_name(&self.name, &self.connection, self.format);
                self.file.show(ui, desk, "File", "File to write", &proposed);
            });
            self.asking.show(ui, "The sheet was not written");
            let problem = zone.as_ref().err().cloned().or_else(|| self.file.value().err());
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                let pressed = ui.add_enabled_ui(problem.is_none() && !busy, |ui| primary(ui, "Write the sheet"));
                if pressed.inner.clicked()
                    && let (Ok(zone), Ok(file)) = (zone, self.file.value())
                {
                    let request = SheetRequest {
                        identity: self.name.clone(),
                        connection: self.connection.clone(),
                        contact: Some(self.contact.clone()),
                        zone,
                        format: self.format,
                    };
                    self.asking.ask(desk, IdentityCommand::Sheet(request, file));
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
