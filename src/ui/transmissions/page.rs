//! The page: filters, the table, and the detail beside it.

use egui::{Align, CentralPanel, Frame, Key, Layout, Margin, Modifiers, Panel, Ui, vec2};

use super::detail::Detail;
use super::filters::{Filters, filter_row};
use super::list::List;
use super::table::table;
use crate::domain::transmission::TransmissionId;
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{empty_state, muted, page_title, secondary};

/// So many rows before the end of what was loaded, more is asked for.
const AHEAD: usize = 30;

/// The journal: a list, newest first, and the detail of one.
#[derive(Default)]
pub(in crate::ui) struct TransmissionsPage {
    query: String,
    filters: Filters,
    list: List,
    detail: Option<Detail>,
    focus_search: bool,
    scroll_to: Option<(usize, Option<Align>)>,
    /// Set by [`Self::open`] until the row is brought into view.
    bring: Option<TransmissionId>,
    first: usize,
}

impl TransmissionsPage {
    /// The journal has changed.
    pub(in crate::ui) fn refresh(&mut self) {
        self.list.refresh();
        if let Some(detail) = &mut self.detail {
            detail.refresh();
        }
    }

    /// Opens one transmission's detail.
    pub(in crate::ui) fn open(&mut self, id: TransmissionId) {
        if self.detail.as_ref().is_none_or(|detail| detail.id() != id) {
            self.detail = Some(Detail::new(id));
        }
        self.bring = Some(id);
    }

    /// Closes the detail.
    pub(in crate::ui) fn close_detail(&mut self) {
        self.detail = None;
    }

    /// Asks what the transmission that is shown is to be compared with.
    pub(in crate::ui) fn compare(&self, desk: &mut Desk<'_>) {
        match &self.detail {
            Some(detail) => detail.compare(desk),
            None => desk.toasts.warn("Select a transmission first", "It is then compared with another"),
        }
    }

    /// Puts the cursor into the search field.
    pub(in crate::ui) const fn focus_search(&mut self) {
        self.focus_search = true;
    }

    /// Shows the page, with its own panel for the detail.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, narrow: bool) {
        self.list.poll(desk, &self.filters, &self.query);
        let colours = tokens(ui.ctx());
        let panel = Frame::new().fill(colours.panel).inner_margin(Margin::symmetric(18, 16));
        let mut close = false;
        if let Some(detail) = &mut self.detail {
            if narrow {
                CentralPanel::no_frame().frame(panel).show(ui, |ui| close = detail.show(ui, desk));
                if close {
                    self.detail = None;
                }
                return;
            }
            Panel::right("transmission")
                .resizable(true)
                .default_size(theme::INSPECTOR)
                .size_range(380.0..=760.0)
                .frame(panel)
                .show(ui, |ui| close = detail.show(ui, desk));
        }
        if close {
            self.detail = None;
        }
        let margin = Margin { left: theme::PAGE_MARGIN, right: theme::PAGE_MARGIN, top: 16, bottom: 16 };
        CentralPanel::no_frame()
            .frame(Frame::new().fill(colours.bg).inner_margin(margin))
            .show(ui, |ui| self.page(ui, desk));
    }

    fn page(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            page_title(ui, "Transmissions");
            if self.list.is_loaded() && self.list.loaded() > 0 {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.add(egui::Label::new(muted(ui, self.counted())).truncate());
                });
            }
        });
        ui.add_space(4.0);
        filter_row(ui, desk, &mut self.query, &mut self.filters, std::mem::take(&mut self.focus_search));
        ui.add_space(4.0);
        if let Some((message, hint)) = self.list.error() {
            let text = if hint.is_empty() { message.clone() } else { format!("{message}\n{hint}") };
            let again = empty_state(ui, Icon::TriangleAlert, "The journal cannot be read", &text, |ui| {
                secondary(ui, "Try again").clicked()
            });
            if again {
                self.list.again();
            }
            return;
        }
        if !self.list.is_loaded() {
            ui.add_space(8.0);
            ui.label(muted(ui, "Reading the journal…"));
            return;
        }
        if self.list.len() == 0 {
            self.nothing(ui, desk);
            return;
        }
        self.table(ui, desk);
    }

    fn counted(&self) -> String {
        let (shown, loaded) = (self.list.len(), self.list.loaded());
        let more = if self.list.goes_on() { ", more below" } else { "" };
        if self.query.trim().is_empty() {
            format!("{}{more}", count(loaded, "transmission"))
        } else {
            format!("{shown} of {}", count(loaded, "transmission"))
        }
    }

    fn table(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let searching = !self.query.trim().is_empty();
        let older = searching && self.list.goes_on();
        let selected = self.detail.as_ref().map(Detail::id);
        if let Some(id) = self.bring
            && let Some(place) = self.list.place(id)
        {
            self.bring = None;
            self.scroll_to = Some((place, None));
        }
        if let Some(row) = step(ui, &self.list, selected)
            && let Some(id) = self.list.row(row).map(|row| row.summary.id)
        {
            self.detail = Some(Detail::new(id));
            self.scroll_to = Some((row, None));
        }
        let came = self.list.came_on_top();
        if came > 0 && self.first > 0 && self.scroll_to.is_none() {
            self.scroll_to = Some((self.first + came, Some(Align::TOP)));
        }
        let selected = self.detail.as_ref().map(Detail::id);
        let room = if older { theme::CONTROL + 16.0 } else { 0.0 };
        let size = vec2(ui.available_width(), ui.available_height() - room);
        let list = &self.list;
        let scroll_to = self.scroll_to.take();
        let shown = ui
            .allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                table(ui, list, &desk.moment, selected, scroll_to)
            })
            .inner;
        self.first = shown.first;
        if let Some(id) = shown.clicked.and_then(|row| self.list.row(row)).map(|row| row.summary.id)
            && selected != Some(id)
        {
            self.detail = Some(Detail::new(id));
        }
        if older {
            self.older(ui, desk);
        } else if shown.last + AHEAD >= self.list.len() {
            self.list.more(desk, &self.filters);
        }
    }

    /// What is offered while searching: what was loaded is searched, and more can be loaded.
    fn older(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        ui.horizontal(|ui| {
            if ui.add_enabled_ui(!self.list.is_asking(), |ui| secondary(ui, "Search older ones")).inner.clicked() {
                self.list.more(desk, &self.filters);
            }
            ui.label(muted(ui, format!("The newest {} were searched", self.list.loaded())));
        });
    }

    fn nothing(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        if !self.query.trim().is_empty() && self.list.loaded() > 0 {
            let text = format!("None of the newest {} holds “{}”", self.list.loaded(), self.query.trim());
            let goes_on = self.list.goes_on();
            let (clear, more) = empty_state(ui, Icon::Search, "No transmission matches", &text, |ui| {
                let more = goes_on && secondary(ui, "Search older ones").clicked();
                (secondary(ui, "Clear search").clicked(), more)
            });
            if clear {
                self.query.clear();
            }
            if more {
                self.list.more(desk, &self.filters);
            }
        } else if self.filters != Filters::default() {
            let text = "Nothing in the journal answers to what is set above";
            let all = empty_state(ui, Icon::Search, "No transmission matches", text, |ui| {
                secondary(ui, "Show all transmissions").clicked()
            });
            if all {
                self.query.clear();
                self.filters = Filters::default();
            }
        } else {
            empty_state(
                ui,
                Icon::ArrowLeftRight,
                "Nothing was sent or received yet",
                "Every message is journalled here before its first byte leaves, with its stages, its receipt (MDN) and what \
                 became of it. Begin with a test send from a connection",
                |_ui| (),
            );
        }
    }
}

/// The row that an arrow key leads to, where nothing else has use for the key.
fn step(ui: &Ui, list: &List, selected: Option<TransmissionId>) -> Option<usize> {
    let ctx = ui.ctx();
    if ctx.memory(|memory| memory.focused().is_some() || memory.top_modal_layer().is_some()) {
        return None;
    }
    let pressed = |key| ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let here = selected.and_then(|id| list.place(id));
    if pressed(Key::ArrowDown) {
        Some(here.map_or(0, |here| here + 1)).filter(|row| *row < list.len())
    } else if pressed(Key::ArrowUp) {
        here.and_then(|here| here.checked_sub(1))
    } else {
        None
    }
}
