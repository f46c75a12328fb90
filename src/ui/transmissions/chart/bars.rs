//! Failures by cause or partner: a bar for each beside its name, the most frequent first.

use egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::Chosen;
use crate::ui::moment::grouped;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::focus_ring;

/// Height of a bar with the space below it.
const PITCH: f32 = 26.0;

/// Room for a number.
const NUMBER: f32 = 64.0;

/// One of them.
pub(super) struct Line {
    /// What it is called.
    pub name: String,
    /// How many failed.
    pub failed: u64,
    /// What a click on it leads to; nothing where it cannot be filtered by.
    pub target: Option<Chosen>,
    /// Whether the list is filtered by it.
    pub selected: bool,
}

/// Shows them, and returns the one that was clicked.
pub(super) fn bars(ui: &mut Ui, name: &str, lines: Vec<Line>, height: f32) -> Option<Chosen> {
    let tokens = tokens(ui.ctx());
    let most = lines.iter().map(|line| line.failed).max().unwrap_or(1).max(1);
    let mut chosen = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let area =
        ScrollArea::vertical().id_salt(name).max_height(height).min_scrolled_height(height).auto_shrink([false, false]);
    area.show_rows(ui, PITCH, lines.len(), |ui, rows| {
        let named = (ui.available_width() * 0.42).min(340.0);
        for line in lines.into_iter().skip(rows.start).take(rows.len()) {
            let size = vec2(ui.available_width(), PITCH);
            let can = line.target.is_some();
            let (rect, response) = ui.allocate_exact_size(size, if can { Sense::click() } else { Sense::hover() });
            if line.selected || (can && response.hovered()) {
                let fill = if line.selected { tokens.accent.soft } else { tokens.hover };
                ui.painter().rect_filled(rect, 4.0, fill);
            }
            let middle = rect.center().y;
            let text = egui::WidgetText::from(egui::RichText::new(&line.name).font(theme::body()).color(tokens.text));
            let galley = text.into_galley(ui, Some(egui::TextWrapMode::Truncate), named - 14.0, egui::TextStyle::Body);
            let at = pos2(rect.left() + 4.0, middle - galley.size().y / 2.0);
            ui.painter().galley(at, galley, tokens.text);
            let left = rect.left() + named;
            let room = (rect.right() - NUMBER - left).max(1.0);
            let width = (room * line.failed as f32 / most as f32).max(2.0);
            let bar = Rect::from_min_size(pos2(left, middle - 7.0), vec2(width, 14.0));
            ui.painter().rect_filled(bar, 2.0, tokens.bad.ink);
            let at = pos2(bar.right() + 8.0, middle);
            ui.painter().text(at, Align2::LEFT_CENTER, grouped(line.failed), theme::small(), tokens.muted);
            let words = format!("{}: {} failed", line.name, grouped(line.failed));
            let role = if can { Role::Button } else { Role::Label };
            response.widget_info(|| WidgetInfo::selected(role, true, line.selected, &words));
            focus_ring(ui, &response);
            let response = response.on_hover_text(words);
            if response.clicked() {
                chosen = line.target;
            }
        }
    });
    chosen
}
