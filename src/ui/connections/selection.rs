//! Which connections are selected, so that something is done with all of them.

use std::collections::{BTreeSet, HashSet};

use egui::{Frame, Key, Margin, Modifiers, Popup, Ui, vec2};

use super::lines::Line;
use crate::domain::identifier::ConnectionId;
use crate::ui::moment::grouped;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{row_has_focus, secondary_in_line, strong};

/// The selected connections.
#[derive(Default)]
pub(super) struct Selection {
    ids: BTreeSet<ConnectionId>,
    /// Where a stretch begins.
    anchor: Option<ConnectionId>,
    /// What was selected last: the arrows go on from there.
    head: Option<ConnectionId>,
}

impl Selection {
    /// Whether it is more than one, so that there is something to do with all of them.
    #[must_use]
    pub(super) fn is_several(&self) -> bool {
        self.ids.len() > 1
    }

    /// Whether a connection is one of several.
    #[must_use]
    pub(super) fn holds(&self, id: &ConnectionId) -> bool {
        self.is_several() && self.ids.contains(id)
    }

    /// The selected ones.
    pub(super) fn ids(&self) -> impl Iterator<Item = &ConnectionId> {
        self.ids.iter()
    }

    /// Selects nothing.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Selects all that are shown.
    pub(super) fn all(&mut self, lines: &[Line]) {
        self.clear();
        self.ids = lines.iter().filter_map(of).cloned().collect();
    }

    /// Gives up what does not answer any more.
    pub(super) fn keep(&mut self, shown: &HashSet<ConnectionId>) {
        self.ids.retain(|id| shown.contains(id));
    }

    /// Does what a click on a line means, with the keys that are held. True where that one alone is meant.
    pub(super) fn click(&mut self, place: usize, keys: Modifiers, lines: &[Line]) -> bool {
        let Some(id) = lines.get(place).and_then(of) else { return false };
        self.head = Some(id.clone());
        if keys.shift {
            let from = self.anchor.as_ref().and_then(|anchor| place_of(lines, anchor)).unwrap_or(place);
            if !keys.command {
                self.ids.clear();
            }
            let stretch = lines.get(from.min(place)..=from.max(place)).into_iter().flatten();
            self.ids.extend(stretch.filter_map(of).cloned());
            self.anchor.get_or_insert_with(|| id.clone());
            return false;
        }
        self.anchor = Some(id.clone());
        if keys.command {
            if !self.ids.remove(id) {
                self.ids.insert(id.clone());
            }
            return false;
        }
        self.ids = std::iter::once(id.clone()).collect();
        true
    }

    /// The line that Shift with an arrow, Home or End leads to, where nothing else has use for the key.
    #[must_use]
    pub(super) fn step(&self, ui: &Ui, lines: &[Line]) -> Option<usize> {
        let last = lines.len().checked_sub(1)?;
        if !is_free(ui) {
            return None;
        }
        let here = self.head.as_ref().and_then(|head| place_of(lines, head));
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::SHIFT, key));
        let begin = here.unwrap_or(0);
        let other = |place: &usize| {
            lines.get(*place).and_then(of).is_some_and(|id| here.is_none() || Some(id) != self.head.as_ref())
        };
        if pressed(Key::ArrowDown) {
            (begin..=last).find(other)
        } else if pressed(Key::ArrowUp) {
            (0..=begin).rev().find(other)
        } else if pressed(Key::Home) {
            (0..=last).find(|place| lines.get(*place).and_then(of).is_some())
        } else if pressed(Key::End) {
            (0..=last).rev().find(|place| lines.get(*place).and_then(of).is_some())
        } else {
            None
        }
    }
}

/// The connection of a line; nothing for a heading.
fn of(line: &Line) -> Option<&ConnectionId> {
    line.row().map(|row| &row.connection)
}

fn place_of(lines: &[Line], id: &ConnectionId) -> Option<usize> {
    lines.iter().position(|line| of(line) == Some(id))
}

/// Whether a key is for the table: nothing else has use for it.
fn is_free(ui: &Ui) -> bool {
    let ctx = ui.ctx();
    let (idle, modal) = ctx.memory(|memory| (memory.focused().is_none(), memory.top_modal_layer().is_some()));
    (idle || row_has_focus(ctx)) && !modal && !Popup::is_any_open(ctx)
}

/// Whether all are to be selected.
pub(super) fn select_all(ui: &Ui) -> bool {
    is_free(ui) && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::A))
}

/// Says how many are selected and what can be done with them. True where they are to be changed.
pub(super) fn bar(ui: &mut Ui, selection: &mut Selection, enabled: bool) -> bool {
    let tokens = tokens(ui.ctx());
    let mut edit = false;
    Frame::new()
        .fill(tokens.accent.soft)
        .corner_radius(theme::CARD_RADIUS)
        .inner_margin(Margin::symmetric(12, 6))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
                let words = format!("{} connections selected", grouped(selection.ids.len()));
                ui.add(egui::Label::new(strong(words)).extend());
                let hint = "One setting of all of them, with what it does to each shown before it is done";
                edit = secondary_in_line(ui, enabled, "Edit…").on_hover_text(hint).clicked();
                if secondary_in_line(ui, true, "Clear selection").clicked() {
                    selection.clear();
                }
            });
        });
    edit
}
