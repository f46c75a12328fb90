//! The page: the list of rollovers, or the board of one.

use std::sync::Arc;

use egui::{Align, Layout, Ui, vec2};

use super::board::BoardView;
use super::list::{Wish, list};
use super::loaded::Loaded;
use super::testing::Testing;
use crate::app::engine::{RequestId, RolloverAnswer, RolloverCommand, Snapshot};
use crate::app::{RolloverSummary, TestProgress};
use crate::domain::rollover::RolloverId;
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::intent::Intent;
use crate::ui::theme;
use crate::ui::widgets::{empty_state, muted, page_title, primary, secondary};

/// Rollovers.
#[derive(Default)]
pub(in crate::ui) struct RolloversPage {
    list: Loaded<Vec<RolloverSummary>>,
    open: Option<BoardView>,
    read_of: Option<Arc<Snapshot>>,
    testing: Option<Testing>,
}

impl RolloversPage {
    /// The journal has changed: what is shown may stand otherwise.
    pub(in crate::ui) fn journal_changed(&mut self) {
        self.list.refresh();
        if let Some(board) = &mut self.open {
            board.refresh();
        }
    }

    /// Shows one.
    pub(in crate::ui) fn open(&mut self, id: RolloverId) {
        if self.open.as_ref().is_none_or(|board| board.id() != id) {
            self.open = Some(BoardView::new(id));
        }
        self.journal_changed();
    }

    /// Escape: clears the selection, then leads back to the list.
    pub(in crate::ui) fn back(&mut self) {
        if let Some(board) = &mut self.open
            && !board.clear_selection()
        {
            self.close();
        }
    }

    /// Leads back to the list.
    pub(in crate::ui) fn close(&mut self) {
        self.open = None;
        self.list.refresh();
    }

    /// Puts the cursor into the search field.
    pub(in crate::ui) const fn focus_search(&mut self) {
        if let Some(board) = &mut self.open {
            board.focus_search();
        }
    }

    /// Begins to follow test sends.
    pub(in crate::ui) fn follow(&mut self, request: RequestId, id: RolloverId) {
        self.testing = Some(Testing::new(request, id));
    }

    /// Test sends go on.
    pub(in crate::ui) fn progress(&mut self, id: RequestId, progress: TestProgress) {
        if let Some(testing) = &mut self.testing {
            testing.progress(id, progress);
            // Each that has ended is seen on the board.
            self.journal_changed();
        }
    }

    /// Takes what has come while the page is not seen.
    pub(in crate::ui) fn listen(&mut self, desk: &mut Desk<'_>) {
        if let Some(testing) = &mut self.testing
            && testing.listen(desk)
        {
            self.journal_changed();
        }
    }

    /// Shows the page.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        if self.read_of.as_ref().is_none_or(|read| !Arc::ptr_eq(read, desk.snapshot)) {
            self.read_of = Some(Arc::clone(desk.snapshot));
            self.journal_changed();
        }
        if let Some(board) = &mut self.open {
            let testing = self.testing.as_mut().filter(|testing| testing.rollover() == board.id());
            if board.show(ui, desk, testing) {
                self.close();
            }
            if self.testing.as_ref().is_some_and(Testing::is_dismissed) {
                self.testing = None;
            }
            return;
        }
        self.list.poll(
            desk,
            || RolloverCommand::List,
            |answer| match answer {
                RolloverAnswer::List(list) => Some(list),
                _ => None,
            },
        );
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            page_title(ui, "Rollovers");
            if self.list.value.as_ref().is_some_and(|list| !list.is_empty()) {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if primary(ui, "New rollover…").clicked() {
                        desk.intend(Intent::NewRollover(None));
                    }
                });
            }
        });
        ui.add_space(8.0);
        match (&self.list.trouble, &self.list.value) {
            (Some((head, text)), _) => {
                let again =
                    empty_state(ui, Icon::TriangleAlert, "The rollovers cannot be read", &join(head, text), |ui| {
                        secondary(ui, "Try again").clicked()
                    });
                if again {
                    self.list.trouble = None;
                    self.list.refresh();
                }
            }
            (None, None) => {
                ui.label(muted(ui, "Reading the rollovers…"));
            }
            (None, Some(rollovers)) => match list(ui, rollovers, &desk.moment) {
                Some(Wish::Open(id)) => self.open = Some(BoardView::new(id)),
                Some(Wish::New) => desk.intend(Intent::NewRollover(None)),
                None => {}
            },
        }
    }
}

/// What happened and what to do.
pub(super) fn join(head: &str, text: &str) -> String {
    if text.is_empty() { head.to_owned() } else { format!("{head}\n{text}") }
}
