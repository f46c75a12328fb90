//! What the dialogs of this section share: asking the engine and showing why it refused, and the path of a file.

use std::path::PathBuf;

use egui::Ui;

use crate::app::engine::{Answer, Command, IdentityCommand, RequestId};
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::widgets::{ToneName, field, field_error, mono_edit, notice, secondary};
use crate::ui::wording::sentence;

/// A request under way, and why the last one was refused.
#[derive(Default)]
pub(super) struct Asking {
    request: Option<RequestId>,
    pub(super) refused: Option<String>,
}

impl Asking {
    /// Whether the engine is at work.
    #[must_use]
    pub(super) const fn busy(&self) -> bool {
        self.request.is_some()
    }

    /// Asks the engine.
    pub(super) fn ask(&mut self, desk: &mut Desk<'_>, command: IdentityCommand) {
        self.refused = None;
        self.request = desk.ask(|id| Command::Identity(id, command));
    }

    /// The answer, once. A refusal is kept to be shown.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>) -> Option<Answer> {
        match desk.answer(&mut self.request)? {
            Ok(answer) => Some(answer),
            Err(error) => {
                let hint = error.what_to_do().map(|hint| format!("\n{}", sentence(hint))).unwrap_or_default();
                self.refused = Some(format!("{}{hint}", sentence(error.message())));
                None
            }
        }
    }

    /// Shows why it was refused.
    pub(super) fn show(&self, ui: &mut Ui, head: &str) {
        if let Some(reason) = &self.refused {
            notice(ui, ToneName::Bad, head, reason, |_| ());
        }
    }
}

/// The path of a file: typed, or chosen in the system's dialog.
pub(super) struct PathField {
    pub(super) text: String,
    pick: FilePick,
    picking: Option<PickId>,
}

impl PathField {
    /// Nothing yet.
    #[must_use]
    pub(super) const fn new(pick: FilePick) -> Self {
        Self { text: String::new(), pick, picking: None }
    }

    /// Another file is to be picked from now on; what was typed keeps its folder.
    pub(super) fn rename(&mut self, name: &str) {
        let typed = std::path::Path::new(self.text.trim());
        if !self.text.trim().is_empty() {
            self.text = typed.with_file_name(name).display().to_string();
        }
        self.pick = FilePick::Save(name.to_owned());
    }

    /// The path, or what is missing.
    pub(super) fn value(&self) -> Result<PathBuf, String> {
        let typed = PathBuf::from(self.text.trim());
        match (&self.pick, typed.is_absolute()) {
            (_, true) => Ok(typed),
            (FilePick::Save(_), false) if typed.as_os_str().is_empty() => Err("Choose where it is written".to_owned()),
            (_, false) if typed.as_os_str().is_empty() => Err("Choose the file".to_owned()),
            (_, false) => Err("Write the whole path of the file".to_owned()),
        }
    }

    /// Shows it.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, label: &str, name: &str, hint: &str) {
        if let Some(Some(file)) = desk.picked(&mut self.picking) {
            self.text = file.display().to_string();
        }
        field(ui, label, |ui| {
            ui.horizontal(|ui| {
                let room = (ui.available_width() - 96.0).max(120.0);
                mono_edit(ui, name, &mut self.text, hint, room);
                if secondary(ui, "Choose…").clicked() {
                    self.picking = desk.pick_file(self.pick.clone());
                }
            });
            if !self.text.trim().is_empty()
                && let Err(reason) = self.value()
            {
                field_error(ui, &reason);
            }
        });
    }
}
