//! The path of a file in a dialog: typed, or chosen in the system's dialog.

use std::path::PathBuf;

use egui::{Color32, Ui};

use super::desk::Desk;
use super::files::{FilePick, PickId};
use super::theme;
use super::widgets::{field, field_error, mono_edit, secondary};

/// What picks it.
const CHOOSE: &str = "Choose…";

/// The path of a file.
pub(crate) struct PathField {
    pub(crate) text: String,
    pick: FilePick,
    picking: Option<PickId>,
}

impl PathField {
    /// Nothing yet.
    #[must_use]
    pub(crate) const fn new(pick: FilePick) -> Self {
        Self { text: String::new(), pick, picking: None }
    }

    /// Another file is to be picked from now on; what was typed keeps its folder.
    pub(crate) fn rename(&mut self, name: &str) {
        let typed = std::path::Path::new(self.text.trim());
        if !self.text.trim().is_empty() {
            self.text = typed.with_file_name(name).display().to_string();
        }
        self.pick = FilePick::Save(name.to_owned());
    }

    /// The path, or what is missing.
    pub(crate) fn value(&self) -> Result<PathBuf, String> {
        let typed = PathBuf::from(self.text.trim());
        match (&self.pick, typed.is_absolute()) {
            (_, true) => Ok(typed),
            (FilePick::Save(_), false) if typed.as_os_str().is_empty() => Err("Choose where it is written".to_owned()),
            (FilePick::Folder(_), false) if typed.as_os_str().is_empty() => Err("Choose the folder".to_owned()),
            (FilePick::Folder(_), false) => Err("Write the whole path of the folder".to_owned()),
            (_, false) if typed.as_os_str().is_empty() => Err("Choose the file".to_owned()),
            (_, false) => Err("Write the whole path of the file".to_owned()),
        }
    }

    /// Shows it.
    pub(crate) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, label: &str, name: &str, hint: &str) {
        if let Some(Some(file)) = desk.picked(&mut self.picking) {
            self.text = file.display().to_string();
        }
        field(ui, label, |ui| {
            ui.horizontal(|ui| {
                // The button ends where other fields do.
                let font = theme::medium(theme::BODY);
                let text = ui.painter().layout_no_wrap(CHOOSE.to_owned(), font, Color32::PLACEHOLDER);
                let button = text.size().x + 2.0 * ui.spacing().button_padding.x + ui.spacing().item_spacing.x;
                mono_edit(ui, name, &mut self.text, hint, (ui.available_width() - button.ceil()).max(120.0));
                if secondary(ui, CHOOSE).clicked() {
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
