//! Asking what goes into a backup, and where it is written.

use egui::{Context, Ui};
use zeroize::Zeroizing;

use crate::app::engine::WorkspaceCommand;
use crate::app::{BackupRequest, Protection, SHORTEST_PASSPHRASE};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::files::FilePick;
use crate::ui::intent::Intent;
use crate::ui::path_field::PathField;
use crate::ui::widgets::{ToneName, field, muted, notice, password_again, password_edit, primary, secondary};

/// The dialog.
pub(super) struct BackupDialog {
    name: String,
    file: PathField,
    payloads: bool,
    passphrase: Zeroizing<String>,
    again: Zeroizing<String>,
}

impl BackupDialog {
    #[must_use]
    pub(super) fn new(desk: &Desk<'_>) -> Self {
        let day = desk.moment.zone.to_datetime(desk.moment.now).strftime("%Y-%m-%d");
        let name = format!("countersign-backup-{day}.zip");
        Self {
            file: PathField::new(FilePick::Save(name.clone())),
            name,
            payloads: true,
            passphrase: Zeroizing::default(),
            again: Zeroizing::default(),
        }
    }

    fn problem(&self, desk: &Desk<'_>) -> Option<String> {
        if needs_passphrase(desk) && desk.snapshot.workspace.locked.is_some() {
            return Some("Unlock the workspace first".to_owned());
        }
        if needs_passphrase(desk) && self.passphrase.chars().count() < SHORTEST_PASSPHRASE {
            return Some(format!("A passphrase of at least {SHORTEST_PASSPHRASE} characters"));
        }
        if self.passphrase != self.again {
            return Some("Write the passphrase again".to_owned());
        }
        self.file.value().err()
    }

    fn fields(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.file.show(ui, desk, "File", "Backup to write", &self.name);
        field(ui, "", |ui| {
            ui.checkbox(&mut self.payloads, "With payloads, and the messages that hold them");
            if !self.payloads {
                let text = "Receipts and the journal stay in it, and all of what is not at its end";
                ui.add(egui::Label::new(muted(ui, text)).wrap());
            }
        });
        let workspace = &desk.snapshot.workspace;
        let alone = match &workspace.protection {
            Some(Protection::KeyFile { path }) => format!(
                "Keys and passwords in the backup open only by {}. Give the backup a passphrase, or keep a copy of that \
                 file apart",
                path.display()
            ),
            Some(Protection::Keychain) => {
                "The keychain of this machine is not in the backup. Give the backup a passphrase: nothing else opens keys \
                 and passwords in it"
                    .to_owned()
            }
            Some(Protection::Passphrase) | None => {
                let text = "Keys and passwords are in it as they are here, under the passphrase of this workspace";
                notice(ui, ToneName::Info, "The same passphrase opens it", text, |_| ());
                return;
            }
        };
        if workspace.locked.is_none() {
            field(ui, "Passphrase", |ui| {
                let width = ui.available_width();
                password_edit(ui, "Passphrase of the backup", &mut self.passphrase, "Of the backup alone", width);
            });
        }
        if self.passphrase.is_empty() {
            let title = match needs_passphrase(desk) {
                true => "The key is not in it",
                false => "The key file is not in it",
            };
            notice(ui, ToneName::Warn, title, &alone, |_| ());
        } else {
            password_again(ui, "Passphrase once more", &self.passphrase, &mut self.again);
            let text = "Also on another machine. Nobody can open it without: keep the passphrase apart from the file";
            notice(ui, ToneName::Info, "Its passphrase opens it", text, |_| ());
        }
    }
}

/// Whether nothing but a passphrase of its own could open the backup.
fn needs_passphrase(desk: &Desk<'_>) -> bool {
    desk.snapshot.workspace.protection == Some(Protection::Keychain)
}

impl Dialog for BackupDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        let title = "Back up the workspace";
        frame(ctx, "backup", title, "One file with all that is in it", 560.0, false, |ui| {
            self.fields(ui, desk);
            let problem = self.problem(desk);
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                let back_up = ui.add_enabled_ui(problem.is_none(), |ui| primary(ui, "Back up")).inner.clicked();
                if back_up && let Ok(file) = self.file.value() {
                    let passphrase = (!self.passphrase.is_empty()).then(|| self.passphrase.clone());
                    let request = BackupRequest { file, payloads: self.payloads, passphrase };
                    desk.intend(Intent::Workspace(WorkspaceCommand::BackUp(request)));
                    flow = Flow::Close;
                }
                if secondary(ui, "Cancel").clicked() {
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
