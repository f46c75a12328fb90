//! The page: filters, the table, and the detail beside it.

use egui::{Align, CentralPanel, Frame, Key, Layout, Margin, Modifiers, Panel, Popup, Ui, vec2};

use super::actions::Actions;
use super::bar::bar;
use super::chart::Chart;
use super::detail::Detail;
use super::filters::Filters;
use super::kept::{Kept, Order};
use super::list::{List, What, all_of};
use super::rows::Row;
use super::selection::Selection;
use super::table::{Looks, TABLE, table};
use crate::app::engine::{Answer, Command, JournalCommand, RequestId};
use crate::app::{Exported, TransmissionChoices};
use crate::domain::transmission::TransmissionId;
use crate::ui::desk::Desk;
use crate::ui::focus::{self, Part};
use crate::ui::icon::Icon;
use crate::ui::moment::grouped;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{empty_state, muted, page_title, row_has_focus, secondary, table_step};

/// The journal: a list, newest first, and the detail of one.
#[derive(Default)]
pub(in crate::ui) struct TransmissionsPage {
    filters: Filters,
    /// Columns, order and saved filters; nothing before the first frame.
    kept: Option<Kept>,
    /// What the user types to save a filter.
    name: String,
    list: List,
    chart: Chart,
    choices: TransmissionChoices,
    asked_choices: Option<RequestId>,
    knows_choices: bool,
    selection: Selection,
    actions: Actions,
    detail: Option<Detail>,
    focus_search: bool,
    scroll_to: Option<(usize, Option<Align>)>,
    /// Set by [`Self::open`] until the row is brought into view.
    bring: Option<TransmissionId>,
    /// What the selection was made in.
    asked: Option<Filters>,
    /// The place that a key led to, until what is there has been read.
    coming: Option<usize>,
    first: usize,
}

impl TransmissionsPage {
    /// The journal has changed.
    pub(in crate::ui) fn refresh(&mut self) {
        self.list.refresh();
        self.chart.refresh();
        self.knows_choices = false;
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

    /// Gives a selection of several up, else closes the detail.
    pub(in crate::ui) fn close_detail(&mut self) {
        if self.selection.is_several() {
            self.selection.clear();
        } else {
            self.detail = None;
        }
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

    /// How many were to be sent again and have not begun yet.
    #[must_use]
    pub(in crate::ui) fn to_be_sent(&self) -> usize {
        self.actions.to_be_sent()
    }

    /// Goes on with what is under way, whatever page is shown.
    pub(in crate::ui) fn listen(&mut self, desk: &mut Desk<'_>) {
        self.actions.poll(desk);
        self.selection.poll(desk);
    }

    /// Shows the page, with its own panel for the detail.
    pub(in crate::ui) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, narrow: bool) {
        let kept = self.kept.get_or_insert_with(|| Kept::load(ui.ctx()));
        let what = (self.filters.asked(), kept.order);
        let step = kept.chart.step;
        self.list.poll(desk, &what);
        self.chart.poll(desk, &what.0, step, &self.list);
        self.ask_for_choices(desk);
        let colours = tokens(ui.ctx());
        let panel = Frame::new().fill(colours.panel).inner_margin(Margin::symmetric(18, 16));
        let mut close = false;
        if let Some(detail) = &mut self.detail {
            if narrow {
                let shown = CentralPanel::no_frame().frame(panel).show(ui, |ui| close = detail.show(ui, desk));
                focus::place(ui.ctx(), Part::Inspector, shown.response.rect);
                if close {
                    self.detail = None;
                }
                return;
            }
            let shown = Panel::right("transmission")
                .resizable(true)
                .default_size(theme::INSPECTOR)
                .size_range(theme::inspector(ui.ctx()))
                .frame(panel)
                .show(ui, |ui| close = detail.show(ui, desk));
            focus::place(ui.ctx(), Part::Inspector, shown.response.rect);
        }
        if close {
            self.detail = None;
        }
        let margin = Margin { left: theme::PAGE_MARGIN, right: theme::PAGE_MARGIN, top: 16, bottom: 16 };
        CentralPanel::no_frame()
            .frame(Frame::new().fill(colours.bg).inner_margin(margin))
            .show(ui, |ui| self.page(ui, desk));
    }

    /// What can be filtered by, once it is needed and whenever the journal has changed.
    fn ask_for_choices(&mut self, desk: &mut Desk<'_>) {
        if !self.knows_choices && self.asked_choices.is_none() {
            self.knows_choices = true;
            self.asked_choices = desk.ask(|id| Command::Journal(id, JournalCommand::Choices));
        }
        if let Some(Ok(Answer::Choices(choices))) = desk.answer(&mut self.asked_choices) {
            self.choices = *choices;
        }
    }

    fn page(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let mut kept = self.kept.take().unwrap_or_default();
        let before = kept.clone();
        self.head(ui, desk, kept.order);
        ui.add_space(4.0);
        let focus = std::mem::take(&mut self.focus_search);
        if self.shows_chart() {
            self.chart.show(ui, desk, &mut kept.chart, &mut self.filters, &self.list);
            ui.add_space(4.0);
        }
        bar(ui, desk, &mut self.filters, &self.choices, &mut kept, &mut self.name, focus);
        let asked = self.filters.asked();
        if self.asked.as_ref() != Some(&asked) {
            let first = self.asked.replace(asked).is_none();
            if !first {
                self.listed_anew();
            }
        }
        ui.add_space(4.0);
        self.body(ui, desk, &mut kept);
        if kept != before {
            kept.store(ui.ctx());
        }
        self.kept = Some(kept);
    }

    /// Whether there is anything of which a chart could be: not where nothing was journalled yet, or cannot be read.
    fn shows_chart(&self) -> bool {
        let nothing = self.list.len() == 0 && self.filters.asked() == Filters::default();
        self.list.is_loaded() && self.list.error().is_none() && !nothing
    }

    /// Something else is listed: it begins at its top, and nothing of it is selected.
    fn listed_anew(&mut self) {
        self.selection.clear();
        self.coming = None;
        self.scroll_to = Some((0, Some(Align::TOP)));
    }

    fn head(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, order: Order) {
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            page_title(ui, "Transmissions");
            if !self.list.is_loaded() || self.list.len() == 0 {
                return;
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if secondary(ui, "Export…").on_hover_text("All that is listed, as CSV or JSON").clicked() {
                    let filter = all_of(desk, &(self.filters.asked(), order));
                    self.actions.export(Exported::Filter(Box::new(filter)), desk);
                }
                ui.add_space(4.0);
                ui.add(egui::Label::new(muted(ui, self.counted())).truncate());
            });
        });
    }

    /// `1,000,000 transmissions`; `200 or more` until they have been counted.
    fn counted(&self) -> String {
        match self.list.count() {
            (1, true) => "1 transmission".to_owned(),
            (count, true) => format!("{} transmissions", grouped(count)),
            (count, false) => format!("{} or more transmissions", grouped(count)),
        }
    }

    fn body(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, kept: &mut Kept) {
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
            self.nothing(ui);
            return;
        }
        let what = (self.filters.asked(), kept.order);
        self.actions.remaining(ui, desk);
        if self.selection.is_several() {
            // Below: above, the rows would move away from under the pointer that selects them.
            let shown = Panel::bottom("selection")
                .resizable(false)
                .show_separator_line(false)
                .frame(Frame::new().inner_margin(Margin { top: 8, ..Margin::ZERO }))
                .show(ui, |ui| {
                    self.actions.bar(ui, desk, &what, &mut self.selection, self.list.len());
                });
            desk.toasts.keep_clear(shown.response.rect.height());
        }
        self.table(ui, desk, kept, &what);
    }

    fn table(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, kept: &mut Kept, what: &What) {
        let open = self.detail.as_ref().map(Detail::id);
        if let Some(id) = self.bring
            && let Some(place) = self.list.place(id)
        {
            self.bring = None;
            self.scroll_to = Some((place, None));
        }
        let here = self.selection.last().or_else(|| open.and_then(|id| self.list.place(id)));
        let moved = stretch(ui, here, self.list.len()).map(|row| (row, Modifiers::SHIFT));
        let named = self.list.read_places();
        // What was not read has no name yet.
        let read = |row: usize| if named.contains(&row) { self.list.row(row) } else { None };
        let partner = |row: &Row| row.cells(self.list.names(), &desk.moment).partner.clone();
        let name = |row| read(row).map(partner).unwrap_or_default();
        let moved = moved.or_else(|| Some((table_step(ui, TABLE, self.list.len(), || here, name)?, Modifiers::NONE)));
        if let Some((row, keys)) = moved {
            self.open_row(row, keys, what, desk);
            self.scroll_to = Some((row, None));
            self.coming = (keys.is_none() && self.list.row(row).is_none()).then_some(row);
        }
        if let Some(row) = self.coming.take_if(|row| self.list.row(*row).is_some()) {
            self.open_row(row, Modifiers::NONE, what, desk);
        }
        if select_all(ui) {
            self.selection.all(&self.list, what, desk);
        }
        let came = self.list.came_on_top();
        self.selection.moved(came);
        if came > 0 && self.first > 0 && self.scroll_to.is_none() {
            self.scroll_to = Some((self.first + came, Some(Align::TOP)));
        }
        let looks = Looks {
            list: &self.list,
            kept,
            moment: &desk.moment,
            open: self.detail.as_ref().map(Detail::id),
            selection: &self.selection,
        };
        let shown = table(ui, &looks, self.scroll_to.take());
        self.first = shown.first;
        if let Some((row, keys)) = shown.clicked {
            self.coming = None;
            if ui.input(|input| input.key_pressed(Key::Enter)) {
                focus::ask(ui.ctx(), Part::Inspector);
            }
            self.open_row(row, keys, what, desk);
        }
        if let Some(by) = shown.sort {
            kept.order = kept.order.clicked(by);
            self.listed_anew();
        } else {
            self.list.look_at(desk, what, shown.first..shown.last);
        }
    }

    /// Does what a click on a row means: the one is opened, several are selected.
    fn open_row(&mut self, place: usize, keys: Modifiers, what: &What, desk: &mut Desk<'_>) {
        self.selection.click(place, keys, &self.list, what, desk);
        let Some(id) = self.list.row(place).map(|row| row.summary.id) else { return };
        let is_open = self.detail.as_ref().is_some_and(|detail| detail.id() == id);
        // While several are selected, the detail of one would only be in the way, unless it is open already.
        if !is_open && (!keys.any() || self.detail.is_some()) {
            self.detail = Some(Detail::new(id));
        }
    }

    fn nothing(&mut self, ui: &mut Ui) {
        if self.filters.asked() == Filters::default() {
            empty_state(
                ui,
                Icon::ArrowLeftRight,
                "Nothing was sent or received yet",
                "Every message is journalled here before its first byte leaves, with its stages, its receipt (MDN) and what \
                 became of it. Begin with a test send from a connection",
                |_ui| (),
            );
            return;
        }
        let query = self.filters.asked().query;
        let text = if query.is_empty() {
            "Nothing in the journal answers to what is set above".to_owned()
        } else {
            format!("No Message-ID, file name or control number holds “{query}” with what is set above")
        };
        let (clear, all) = empty_state(ui, Icon::Search, "No transmission matches", &text, |ui| {
            let clear = !query.is_empty() && secondary(ui, "Clear search").clicked();
            (clear, secondary(ui, "Show all transmissions").clicked())
        });
        if clear {
            self.filters.query.clear();
        }
        if all {
            self.filters = Filters::default();
        }
    }
}

/// Whether a key is for the table: one of its rows has the keyboard, or nothing has.
fn is_free(ui: &Ui) -> bool {
    let nothing = ui.ctx().memory(|memory| memory.focused().is_none()) && !Popup::is_any_open(ui.ctx());
    (nothing || row_has_focus(ui.ctx())) && ui.ctx().memory(|memory| memory.top_modal_layer().is_none())
}

/// Whether all are to be selected.
fn select_all(ui: &Ui) -> bool {
    is_free(ui) && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::A))
}

/// The row to which a key stretches the selection.
fn stretch(ui: &Ui, here: Option<usize>, rows: usize) -> Option<usize> {
    if !is_free(ui) {
        return None;
    }
    let last = rows.checked_sub(1)?;
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::SHIFT, key));
    if pressed(Key::ArrowDown) {
        Some(here.map_or(0, |here| here + 1).min(last))
    } else if pressed(Key::ArrowUp) {
        here?.checked_sub(1)
    } else if pressed(Key::Home) {
        Some(0)
    } else if pressed(Key::End) {
        Some(last)
    } else {
        None
    }
}
