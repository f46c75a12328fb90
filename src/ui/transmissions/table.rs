//! The table of transmissions: draws only the rows that are seen.

use egui::{Align, Align2, Layout, Modifiers, Rect, Role, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate, TableState};

use super::kept::{Cell, Kept};
use super::list::List;
use super::rows::Row;
use super::selection::Selection;
use crate::app::Sort;
use crate::domain::transmission::TransmissionId;
use crate::ui::icon::{self, Icon};
use crate::ui::moment::Moment;
use crate::ui::outcome::result_badge;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{focus_ring, mono, muted, row_drawn, table_ground, utc_on_hover};

/// What it is called among the tables.
pub(super) const TABLE: &str = "transmissions";

/// Space before the content of a cell.
const INDENT: f32 = 10.0;

/// Below this width the columns are the compact ones.
const NARROW: f32 = 920.0;

/// What is shown, and how.
pub(super) struct Looks<'a> {
    /// The list.
    pub list: &'a List,
    /// The columns and the order.
    pub kept: &'a Kept,
    /// The present, and the zone.
    pub moment: &'a Moment,
    /// The one whose detail is open.
    pub open: Option<TransmissionId>,
    /// What is selected.
    pub selection: &'a Selection,
}

/// What came of showing the table.
pub(super) struct Shown {
    /// The row that was clicked, with the keys that were held.
    pub clicked: Option<(usize, Modifiers)>,
    /// The head that was clicked.
    pub sort: Option<Sort>,
    /// The first row that is seen.
    pub first: usize,
    /// The row after the last that is seen.
    pub last: usize,
}

/// Shows the table. `scroll_to` is a row to be brought into view, with where it is to stand.
pub(super) fn table(ui: &mut Ui, looks: &Looks<'_>, scroll_to: Option<(usize, Option<Align>)>) -> Shown {
    let list = looks.list;
    let mut within = table_ground(ui, list.len());
    let width = within.max_rect().width();
    let compact = width < NARROW;
    // Where room is short and nobody has chosen, the result has to be seen, and the size is given up for it.
    let usual = looks.kept.columns == Cell::USUAL;
    let cells: Vec<Cell> =
        looks.kept.columns.iter().copied().filter(|cell| !(compact && usual && *cell == Cell::Size)).collect();
    let salt = (TABLE, &cells, compact);
    let table = Table::new().id_salt(salt).num_rows(list.len() as u64).headers([HeaderRow::new(theme::HEAD)]);
    let id = table.get_id(&within);
    let mut table = table.columns(columns(&within, id, &cells, compact, width));
    if let Some((row, align)) = scroll_to {
        table = table.scroll_to_row(row as u64, align);
    }
    let shown = Shown { clicked: None, sort: None, first: 0, last: 0 };
    let mut delegate = Rows { cells: &cells, looks, hovered: None, shown };
    table.show(&mut within, &mut delegate);
    delegate.shown
}

/// The columns as wide as the user has made them; what is left over goes to the last, so that rows reach the edge.
fn columns(ui: &Ui, table: egui::Id, cells: &[Cell], compact: bool, width: f32) -> Vec<Column> {
    let id = |cell: Cell| egui::Id::unique(("transmissions", cell.head(), compact));
    let state = TableState::load(ui, table).unwrap_or_else(|| {
        // Else the columns would be made as narrow as their cut contents allow.
        let rest = (width - cells.iter().map(|cell| cell.width(compact)).sum::<f32>()).max(0.0);
        let share = |cell: Cell| match (cell, compact) {
            (Cell::File, false) => 0.6,
            // Names and causes are longer than files are called.
            (Cell::File | Cell::Partner, true) => 0.25,
            _ => 0.0,
        };
        let preset = |cell: Cell| cell.width(compact) + share(cell) * rest;
        let col_widths = cells.iter().map(|cell| (id(*cell), preset(*cell))).collect();
        let state = TableState { col_widths, parent_width: None };
        state.clone().store(ui, table);
        state
    });
    let mut left = width;
    cells
        .iter()
        .enumerate()
        .map(|(index, cell)| {
            let preset = cell.width(compact);
            if index + 1 == cells.len() {
                let width = left.max(preset);
                return Column::new(width).range(width..=width).resizable(false).id(id(*cell));
            }
            let width = state.col_widths.get(&id(*cell)).copied().unwrap_or(preset);
            left -= width;
            Column::new(width).range(60.0..=600.0).resizable(true).id(id(*cell))
        })
        .collect()
}

struct Rows<'a> {
    cells: &'a [Cell],
    looks: &'a Looks<'a>,
    hovered: Option<u64>,
    shown: Shown,
}

impl<'a> Rows<'a> {
    fn row(&self, row_nr: u64) -> Option<&'a Row> {
        usize::try_from(row_nr).ok().and_then(|index| self.looks.list.row(index))
    }
}

impl TableDelegate for Rows<'_> {
    fn default_row_height(&self) -> f32 {
        theme::ROW
    }

    fn prepare(&mut self, info: &PrefetchInfo) {
        let index = |row: u64| usize::try_from(row).unwrap_or(usize::MAX);
        self.shown.first = index(info.visible_rows.start);
        self.shown.last = index(info.visible_rows.end);
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let Some(column) = self.cells.get(cell.col_range.start) else { return };
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, tokens.panel);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        let at = pos2(rect.left() + INDENT, rect.center().y);
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        let head = column.head();
        let Some(by) = column.sort() else {
            painter.text(at, Align2::LEFT_CENTER, head, theme::bold(theme::TABLE_HEAD), tokens.muted);
            // Drawn, it says nothing to a screen reader.
            let named = ui.interact(rect, ui.scope_id().with(("head", head)), Sense::hover());
            named.widget_info(|| WidgetInfo::labeled(Role::Label, true, head));
            return;
        };
        let response = ui.interact(rect.shrink2(vec2(6.0, 0.0)), ui.scope_id().with(("head", head)), Sense::click());
        let order = self.looks.kept.order;
        let sorted = order.by == by;
        let ink = if sorted || response.hovered() { tokens.text } else { tokens.muted };
        let drawn = painter.text(at, Align2::LEFT_CENTER, head, theme::bold(theme::TABLE_HEAD), ink);
        if sorted {
            let arrow = icon::glyph(if order.reversed { Icon::ChevronUp } else { Icon::ChevronDown });
            painter.text(drawn.right_center() + vec2(4.0, 0.0), Align2::LEFT_CENTER, arrow, icon::font(13.0), ink);
        }
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {head}")));
        focus_ring(ui, &response);
        if response.clicked() {
            self.shown.sort = Some(by);
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, row_nr: u64) {
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        let row = self.row(row_nr);
        if row.is_some() && ui.rect_contains_pointer(rect) {
            self.hovered = Some(row_nr);
        }
        let looks = self.looks;
        let selected = |row: &Row| looks.open == Some(row.summary.id) || looks.selection.holds(row.summary.id);
        let fill = if row.is_some_and(selected) {
            tokens.accent.soft
        } else if self.hovered == Some(row_nr) {
            tokens.hover
        } else {
            tokens.panel
        };
        ui.painter().rect_filled(rect, 0.0, fill);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        if row.is_none() {
            // Its place is known, and it is on its way.
            let at = pos2(rect.left() + INDENT, rect.center().y);
            ui.painter().text(at, Align2::LEFT_CENTER, "…", theme::small(), tokens.faint);
        }
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let Some(index) = usize::try_from(cell.row_nr).ok() else { return };
        let Some(row) = self.row(cell.row_nr) else { return };
        let Some(column) = self.cells.get(cell.col_nr) else { return };
        let cells = row.cells(self.looks.list.names(), self.looks.moment);
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        // A transmission keeps its number when others come on top of it.
        let id = ui.scope_id().with((row.summary.id, cell.col_nr));
        let sense = if cell.col_nr == 0 { Sense::click() } else { Sense::CLICK };
        let response = ui.interact(rect, id, sense);
        if cell.col_nr == 0 {
            let selected = self.looks.open == Some(row.summary.id) || self.looks.selection.holds(row.summary.id);
            let shown = self.cells;
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, row.sentence(cells, shown)));
            focus_ring(ui, &response);
            row_drawn(ui, TABLE, index, selected, &response);
        }
        if response.clicked() {
            self.shown.clicked = Some((index, ui.input(|input| input.modifiers)));
        }
        let content = Rect::from_min_max(rect.min + vec2(INDENT, 0.0), rect.max - vec2(4.0, 0.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(content).layout(Layout::left_to_right(Align::Center)));
        let ui = &mut ui;
        let text = |text: egui::RichText| egui::Label::new(text).truncate();
        match column {
            Cell::When => {
                let when = muted(ui, &cells.when);
                utc_on_hover(ui.add(text(when)), row.summary.at);
            }
            Cell::Partner => {
                ui.add(text(egui::RichText::new(&cells.partner).font(theme::body())));
            }
            Cell::Profile => {
                ui.add(text(egui::RichText::new(&cells.profile).font(theme::body())));
            }
            Cell::File => {
                let ink = if row.summary.file.is_some() { tokens.text } else { tokens.muted };
                ui.add(text(mono(&cells.file).color(ink)));
            }
            Cell::Document => {
                ui.add(text(mono(&cells.document)));
            }
            Cell::Numbers => {
                ui.add(text(mono(&cells.numbers)));
            }
            Cell::MessageId => {
                ui.add(text(mono(&row.summary.message_id)));
            }
            Cell::Size => {
                let size = muted(ui, &cells.size);
                ui.add(text(size));
            }
            Cell::Result => {
                let cause = row.summary.cause.as_deref();
                let badge = result_badge(row.summary.verdict, cause, &cells.result).show(ui);
                if let Some(cause) = &row.summary.cause {
                    badge.on_hover_text(cause);
                }
            }
        }
    }
}
