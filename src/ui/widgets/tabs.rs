//! Tabs and switches between a few views or values.

use egui::{Button, RichText, Role, Sense, Stroke, Ui, Widget as _, WidgetInfo, pos2, vec2};

use super::focus_ring;
use crate::ui::theme::{self, tokens};

/// A row of tabs with a line below, or several where they do not fit; the one that is shown is underlined. Returns the one that
/// was chosen.
pub(crate) fn tabs<T: Copy + PartialEq>(ui: &mut Ui, current: T, all: &[(T, &str)]) -> Option<T> {
    let tokens = tokens(ui.ctx());
    let mut chosen = None;
    let row = ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        for (value, label) in all {
            let selected = *value == current;
            let ink = if selected { tokens.text } else { tokens.muted };
            let galley = ui.painter().layout_no_wrap((*label).to_owned(), theme::medium(theme::BODY), ink);
            let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x, 30.0), Sense::click());
            let ink = if response.hovered() { tokens.text } else { ink };
            let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
            ui.painter().galley_with_override_text_color(at, galley, ink);
            if selected {
                let line = Stroke::new(2.0, tokens.accent.ink);
                ui.painter().hline(rect.x_range(), rect.bottom() + 1.0, line);
            }
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, *label));
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_role(Role::Tab));
            focus_ring(ui, &response);
            if response.clicked() && !selected {
                chosen = Some(*value);
            }
        }
    });
    let bottom = row.response.rect.bottom() + 1.5;
    let across = ui.max_rect().x_range();
    ui.painter().hline(across, bottom, Stroke::new(1.0, tokens.line));
    ui.add_space(4.0);
    chosen
}

/// Buttons beside each other of which one is pressed. Returns the one that was chosen.
pub(crate) fn segmented<T: Copy + PartialEq>(ui: &mut Ui, current: T, all: &[(T, &str)]) -> Option<T> {
    let tokens = tokens(ui.ctx());
    let mut chosen = None;
    for (value, label) in all {
        let selected = *value == current;
        let text = RichText::new(*label).font(theme::medium(theme::BODY)).color(tokens.text);
        let mut button = Button::new(text).corner_radius(theme::RADIUS).min_size(vec2(0.0, theme::CONTROL));
        if selected {
            button = button.fill(tokens.accent.soft).stroke(Stroke::new(1.0, tokens.accent.ink));
        }
        let response = button.ui(ui);
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), selected, *label));
        focus_ring(ui, &response);
        if response.clicked() && !selected {
            chosen = Some(*value);
        }
    }
    chosen
}
