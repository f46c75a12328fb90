//! Asking which backup is restored, and into which folder, with what is in it.

use std::path::PathBuf;

use egui::{Context, Label, Ui};

use crate::app::engine::{Answer, Command, RequestId, WorkspaceAnswer, WorkspaceCommand};
use crate::app::{BackupFacts, BackupProtection};
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Dropped, Flow, buttons, frame};
use crate::ui::files::FilePick;
use crate::ui::intent::Intent;
use crate::ui::moment::{Moment, count, grouped, size};
use crate::ui::path_field::PathField;
use crate::ui::widgets::{ToneName, field, field_error, muted, notice, primary, secondary};

/// The dialog.
pub(super) struct RestoreDialog {
    file: PathField,
    folder: PathField,
    /// Which file was looked at.
    looked: Option<PathBuf>,
    looking: Option<RequestId>,
    seen: Option<Result<BackupFacts, String>>,
}

impl RestoreDialog {
    #[must_use]
    pub(super) const fn new() -> Self {
        Self {
            file: PathField::new(FilePick::Backup),
            folder: PathField::new(FilePick::Folder("Choose an empty folder")),
            looked: None,
            looking: None,
            seen: None,
        }
    }

    /// Looks at the file that is named, one at a time.
    fn look(&mut self, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.looking) {
            Some(Ok(Answer::Workspace(answer))) => {
                if let WorkspaceAnswer::Seen(facts) = *answer {
                    self.seen = Some(Ok(facts));
                }
            }
            Some(Err(error)) => self.seen = Some(Err(sentence(error.message()))),
            Some(Ok(_)) | None => {}
        }
        let named = self.file.value().ok();
        if self.looking.is_none() && named != self.looked {
            self.seen = None;
            self.looked.clone_from(&named);
            self.looking = named.and_then(|file| desk.ask(|id| Command::Workspace(id, WorkspaceCommand::LookAt(file))));
        }
    }

    fn fields(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        self.file.show(ui, desk, "Backup", "Backup to restore", "countersign-backup.zip");
        if let Some(Err(reason)) = &self.seen {
            field(ui, "", |ui| field_error(ui, reason));
        }
        self.folder.show(ui, desk, "Into", "Folder to restore into", "A folder that is empty or does not exist yet");
        if let Some(Ok(facts)) = &self.seen {
            described(ui, facts, &desk.moment);
        }
    }

    fn problem(&self) -> Option<String> {
        if let Err(reason) = self.file.value() {
            return Some(reason);
        }
        match &self.seen {
            Some(Ok(_)) => self.folder.value().err(),
            Some(Err(_)) => Some("Choose another file".to_owned()),
            None => Some("Looking at the backup…".to_owned()),
        }
    }
}

/// What is in a backup, and what has to be known before it is restored.
fn described(ui: &mut Ui, facts: &BackupFacts, moment: &Moment) {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let payloads = if facts.payloads { "" } else { ", without payloads" };
    let holds = format!(
        "Made {} by Countersign {}: {}, {} transmissions{payloads}, {}",
        moment.day_and_time(facts.made),
        facts.version,
        count(number(facts.connections), "connection"),
        grouped(facts.transmissions),
        size(facts.bytes)
    );
    ui.add(Label::new(muted(ui, holds)).wrap());
    match facts.protection {
        BackupProtection::Passphrase => {
            let text = "Set COUNTERSIGN_PASSPHRASE or COUNTERSIGN_PASSPHRASE_FILE to its passphrase before you open it";
            notice(ui, ToneName::Info, "Its passphrase opens it", text, |_| ());
        }
        BackupProtection::KeyFile => {
            let text = "Copy workspace.key of the workspace that was backed up into the folder once it is restored; until \
                        then keys and passwords are locked";
            notice(ui, ToneName::Warn, "The key file is not in it", text, |_| ());
        }
    }
    let mut text = "Use one of the two: both would send and receive for the same partners".to_owned();
    if facts.unsettled > 0 {
        let what = match facts.unsettled {
            1 => "1 transmission in it is not at its end".to_owned(),
            several => format!("{} transmissions in it are not at their end", grouped(several)),
        };
        text.push_str(&format!(". {what}: whichever program opens it goes on with them"));
    }
    notice(ui, ToneName::Info, "The workspace that was backed up stays as it is", &text, |_| ());
}

impl Dialog for RestoreDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        self.look(desk);
        let title = "Restore a backup";
        let subtitle = "Into a folder of its own; it is there once all of it was read and compared";
        frame(ctx, "restore", title, subtitle, 600.0, false, |ui| {
            self.fields(ui, desk);
            let problem = self.problem();
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                let restore = ui.add_enabled_ui(problem.is_none(), |ui| primary(ui, "Restore")).inner.clicked();
                if restore && let (Ok(file), Ok(folder)) = (self.file.value(), self.folder.value()) {
                    desk.intend(Intent::Workspace(WorkspaceCommand::Restore(file, folder)));
                    flow = Flow::Close;
                }
                if secondary(ui, "Cancel").clicked() {
                    flow = Flow::Close;
                }
                if let Some(reason) = &problem {
                    ui.add(Label::new(muted(ui, reason)).truncate());
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
