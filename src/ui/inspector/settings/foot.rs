//! The foot of the tab: saving, giving up, going back and forth.

use egui::{Align, Layout, Ui};

use super::SettingsTab;
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::moment::count;
use crate::ui::theme;
use crate::ui::widgets::{ToneName, icon_button, muted, notice, primary, secondary};

impl SettingsTab {
    /// Shows the foot.
    pub(super) fn foot(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        ui.spacing_mut().item_spacing.y = 8.0;
        if let Some((head, text)) = &self.refused {
            let close = notice(ui, ToneName::Bad, head, text, |ui| {
                crate::ui::widgets::link(ui, "Close this message").clicked()
            });
            if close {
                self.refused = None;
            }
        }
        let unsaved = self.draft.len();
        let wrong = self.outlook.errors.len();
        let read_only = desk.snapshot.workspace.read_only;
        ui.allocate_ui_with_layout(
            egui::vec2(ui.available_width(), theme::CONTROL),
            Layout::left_to_right(Align::Center),
            |ui| {
                let can_save = unsaved > 0 && wrong == 0 && self.saving.is_none() && !read_only;
                let save = ui.add_enabled_ui(can_save, |ui| primary(ui, "Save")).inner;
                if save.on_hover_text(format!("Save ({})", ui.ctx().format_shortcut(&save_keys()))).clicked() {
                    self.save(desk);
                }
                let can_discard = unsaved > 0 && self.saving.is_none();
                if ui.add_enabled_ui(can_discard, |ui| secondary(ui, "Discard")).inner.clicked() {
                    self.discard();
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.spacing_mut().item_spacing.x = 2.0;
                    if ui
                        .add_enabled_ui(self.draft.can_redo(), |ui| icon_button(ui, Icon::Redo2, "Redo"))
                        .inner
                        .clicked()
                    {
                        self.redo();
                    }
                    if ui
                        .add_enabled_ui(self.draft.can_undo(), |ui| icon_button(ui, Icon::Undo2, "Undo"))
                        .inner
                        .clicked()
                    {
                        self.undo();
                    }
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        let said = if read_only {
                            "The workspace can only be read".to_owned()
                        } else if self.saving.is_some() {
                            "Saving".to_owned()
                        } else if wrong > 0 {
                            format!("{} to correct first", count(wrong, "field"))
                        } else if unsaved == 0 {
                            "No unsaved changes".to_owned()
                        } else {
                            count(unsaved, "unsaved change")
                        };
                        let said = if wrong > 0 {
                            muted(ui, said).color(theme::tokens(ui.ctx()).bad.ink)
                        } else {
                            muted(ui, said)
                        };
                        ui.add(egui::Label::new(said).truncate());
                    });
                });
            },
        );
    }
}

const fn save_keys() -> egui::KeyboardShortcut {
    egui::KeyboardShortcut::new(egui::Modifiers::COMMAND, egui::Key::S)
}
