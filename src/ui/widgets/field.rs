//! Fields: a label, a control, and what is to be said of it.

use egui::{Align, FontId, Layout, Margin, Response, TextEdit, Ui, vec2};

use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};

/// Width of the column of labels.
const LABELS: f32 = 122.0;

/// The label of a field, in the column of labels.
fn field_label(ui: &mut Ui, label: &str) -> Response {
    let (rect, _) = ui.allocate_exact_size(vec2(LABELS, theme::CONTROL), egui::Sense::hover());
    let mut column = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    column.add(egui::Label::new(label).truncate())
}

/// A field: its label on the left, the control beside it, and a line below where there is something to say.
pub(crate) fn field<R>(ui: &mut Ui, label: &str, control: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        let label = field_label(ui, label);
        ui.label_inputs_by(label.id, |ui| ui.vertical(control).inner)
    })
    .inner
}

fn edit<'t>(text: &'t mut String, hint: &str, font: FontId, faint: egui::Color32) -> TextEdit<'t> {
    TextEdit::singleline(text)
        .font(font)
        .margin(Margin::symmetric(10, 6))
        .align(egui::Align2::LEFT_CENTER)
        .hint_text(egui::RichText::new(hint).color(faint))
        .min_size(vec2(0.0, theme::CONTROL))
        // Longer than any setting: a pasted file must not slow the window down.
        .char_limit(4096)
}

/// A line of text.
pub(crate) fn text_edit(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32) -> Response {
    let edit = edit(text, hint, theme::body(), tokens(ui.ctx()).faint).desired_width(width);
    named(ui, name, |ui| ui.add(edit))
}

/// A line for identifiers, addresses, fingerprints.
pub(crate) fn mono_edit(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32) -> Response {
    let edit = edit(text, hint, theme::mono(), tokens(ui.ctx()).faint).desired_width(width);
    named(ui, name, |ui| ui.add(edit))
}

/// A line that is not shown while it is typed.
pub(crate) fn password_edit(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32) -> Response {
    let edit = edit(text, hint, theme::body(), tokens(ui.ctx()).faint).password(true).desired_width(width);
    named(ui, name, |ui| ui.add(edit))
}

/// The row in which a new password is written again, and told apart where it is another.
pub(crate) fn password_again(ui: &mut Ui, name: &str, password: &str, again: &mut String) {
    field(ui, "Once more", |ui| {
        password_edit(ui, name, again, "The same", ui.available_width());
        if !again.is_empty() && again != password {
            field_error(ui, "The two are not the same");
        }
    });
}

/// Several lines of text.
pub(crate) fn text_area(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32) -> Response {
    let edit = TextEdit::multiline(text)
        .font(theme::body())
        .margin(Margin::symmetric(10, 6))
        .hint_text(egui::RichText::new(hint).color(tokens(ui.ctx()).faint))
        .desired_rows(3)
        .desired_width(width)
        .char_limit(16_384);
    named(ui, name, |ui| ui.add(edit))
}

/// What is wrong with a field's value, under the field.
pub(crate) fn field_error(ui: &mut Ui, reason: &str) -> Response {
    let ink = tokens(ui.ctx()).bad.ink;
    let text = egui::RichText::new(reason).font(theme::small()).color(ink);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.label(icon::text(Icon::CircleAlert, ink).size(13.5));
        ui.add(egui::Label::new(text).wrap())
    })
    .inner
}

/// A field to search with.
pub(crate) fn search(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32) -> Response {
    let faint = tokens(ui.ctx()).faint;
    let edit = edit(text, hint, theme::body(), faint).prefix(icon::text(Icon::Search, faint)).desired_width(width);
    named(ui, name, |ui| ui.add(edit))
}

/// Gives an input the name by which screen readers and tests know it. Its placeholder is no name: it is an example.
fn named(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui) -> Response) -> Response {
    let response = add(ui);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
    response
}
