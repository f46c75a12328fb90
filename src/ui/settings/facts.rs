//! Facts in a section: a label in a column of labels, and what is to be known beside it.

use egui::Ui;

use crate::ui::widgets::{field, muted};

/// A fact that is only read, with a remark below it where there is one.
pub(super) fn fact(ui: &mut Ui, label: &str, value: impl Into<egui::RichText>, remark: &str) {
    field(ui, label, |ui| {
        ui.add_space(6.0);
        ui.add(egui::Label::new(value.into()).wrap().selectable(true));
        if !remark.is_empty() {
            ui.add(egui::Label::new(muted(ui, remark)).wrap());
        }
    });
}
