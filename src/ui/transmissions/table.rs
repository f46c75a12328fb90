//! The table of transmissions: draws only the rows that are seen.

use egui::{Align, Align2, Layout, Rect, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate, TableState};

use super::list::List;
use crate::domain::transmission::TransmissionId;
use crate::ui::moment::Moment;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, focus_ring, mono, muted};

/// Space before the content of a cell.
const INDENT: f32 = 10.0;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    When,
    Partner,
    Profile,
    File,
    Size,
    Result,
}

/// The columns with their heads and widths. The last is given what is left over.
const WIDE: [(Cell, &str, f32); 6] = [
    (Cell::When, "When", 118.0),
    (Cell::Partner, "Partner", 168.0),
    (Cell::Profile, "Profile", 112.0),
    (Cell::File, "File", 258.0),
    (Cell::Size, "Size", 84.0),
    (Cell::Result, "Result", 196.0),
];

/// The same where the detail takes its share: the result has to be seen.
const COMPACT: [(Cell, &str, f32); 5] = [
    (Cell::When, "When", 108.0),
    (Cell::Partner, "Partner", 132.0),
    (Cell::Profile, "Profile", 106.0),
    (Cell::File, "File", 104.0),
    (Cell::Result, "Result", 130.0),
];

/// Below this width the columns are the compact ones.
const NARROW: f32 = 920.0;

/// What came of showing the table.
pub(super) struct Shown {
    /// The row that was clicked.
    pub clicked: Option<usize>,
    /// The first row that is seen.
    pub first: usize,
    /// The row after the last that is seen.
    pub last: usize,
}

/// Shows the table. `scroll_to` is a row to be brought into view, with where it is to stand.
pub(super) fn table(
    ui: &mut Ui,
    list: &List,
    moment: &Moment,
    selected: Option<TransmissionId>,
    scroll_to: Option<(usize, Option<Align>)>,
) -> Shown {
    let tokens = tokens(ui.ctx());
    let available = ui.available_size();
    let content = theme::HEAD + theme::ROW * list.len() as f32 + 2.0;
    let size = vec2(available.x, content.min(available.y));
    let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect(outer, theme::CARD_RADIUS, tokens.panel, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let inner = outer.shrink(1.0);
    let mut within = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    within.set_clip_rect(inner.intersect(ui.clip_rect()));
    within.spacing_mut().item_spacing = Vec2::ZERO;
    let cells: &[(Cell, &'static str, f32)] = if inner.width() < NARROW { &COMPACT } else { &WIDE };
    let salt = ("transmissions", cells.len());
    let table = Table::new().id_salt(salt).num_rows(list.len() as u64).headers([HeaderRow::new(theme::HEAD)]);
    let id = table.get_id(&within);
    let mut table = table.columns(columns(&within, id, cells, inner.width()));
    if let Some((row, align)) = scroll_to {
        table = table.scroll_to_row(row as u64, align);
    }
    // The lines between columns come back under the pointer, where they can be dragged.
    within.visuals_mut().widgets.noninteractive.bg_stroke = Stroke::NONE;
    let shown = Shown { clicked: None, first: 0, last: 0 };
    let mut delegate = Rows { cells, list, moment, selected, hovered: None, shown };
    table.show(&mut within, &mut delegate);
    delegate.shown
}

/// The columns as wide as the user has made them; what is left over goes to the last, so that rows reach the edge.
fn columns(ui: &Ui, table: egui::Id, cells: &[(Cell, &str, f32)], width: f32) -> Vec<Column> {
    let id = |head: &str| egui::Id::unique(("transmissions", head));
    let state = TableState::load(ui, table).unwrap_or_else(|| {
        // Else the columns would be made as narrow as their cut contents allow.
        let rest = (width - cells.iter().map(|(.., preset)| preset).sum::<f32>()).max(0.0);
        let preset = |cell: Cell, preset: f32| if cell == Cell::File { preset + 0.6 * rest } else { preset };
        let col_widths = cells.iter().map(|(cell, head, width)| (id(head), preset(*cell, *width))).collect();
        let state = TableState { col_widths, parent_width: None };
        state.clone().store(ui, table);
        state
    });
    let mut left = width;
    cells
        .iter()
        .enumerate()
        .map(|(index, (_, head, preset))| {
            if index + 1 == cells.len() {
                let width = left.max(*preset);
                return Column::new(width).range(width..=width).resizable(false).id(id(head));
            }
            let width = state.col_widths.get(&id(head)).copied().unwrap_or(*preset);
            left -= width;
            Column::new(width).range(60.0..=600.0).resizable(true).id(id(head))
        })
        .collect()
}

struct Rows<'a> {
    cells: &'a [(Cell, &'static str, f32)],
    list: &'a List,
    moment: &'a Moment,
    selected: Option<TransmissionId>,
    hovered: Option<u64>,
    shown: Shown,
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
        let Some((_, head, _)) = self.cells.get(cell.col_range.start) else { return };
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, tokens.panel);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        let at = pos2(rect.left() + INDENT, rect.center().y);
        ui.painter().text(at, Align2::LEFT_CENTER, head, theme::bold(theme::TABLE_HEAD), tokens.muted);
    }

    fn row_ui(&mut self, ui: &mut Ui, row_nr: u64) {
        let row = usize::try_from(row_nr).ok().and_then(|index| self.list.row(index));
        let Some(row) = row else { return };
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        if ui.rect_contains_pointer(rect) {
            self.hovered = Some(row_nr);
        }
        let fill = if self.selected == Some(row.summary.id) {
            tokens.accent.soft
        } else if self.hovered == Some(row_nr) {
            tokens.hover
        } else {
            tokens.panel
        };
        ui.painter().rect_filled(rect, 0.0, fill);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let Some(index) = usize::try_from(cell.row_nr).ok() else { return };
        let Some(row) = self.list.row(index) else { return };
        let Some((column, ..)) = self.cells.get(cell.col_nr) else { return };
        let cells = row.cells(self.list.names(), self.moment);
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        // A transmission keeps its number when others come on top of it.
        let id = ui.scope_id().with((row.summary.id, cell.col_nr));
        let sense = if cell.col_nr == 0 { Sense::click() } else { Sense::CLICK };
        let response = ui.interact(rect, id, sense);
        if cell.col_nr == 0 {
            let selected = self.selected == Some(row.summary.id);
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &cells.sentence));
            focus_ring(ui, &response);
        }
        if response.clicked() {
            self.shown.clicked = Some(index);
        }
        let content = Rect::from_min_max(rect.min + vec2(INDENT, 0.0), rect.max - vec2(4.0, 0.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(content).layout(Layout::left_to_right(Align::Center)));
        let ui = &mut ui;
        let text = |text: egui::RichText| egui::Label::new(text).truncate();
        match column {
            Cell::When => {
                let when = muted(ui, &cells.when);
                ui.add(text(when));
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
            Cell::Size => {
                let size = muted(ui, &cells.size);
                ui.add(text(size));
            }
            Cell::Result => {
                let badge = Badge::verdict(row.summary.verdict, &cells.result).show(ui);
                if let Some(cause) = &row.summary.cause {
                    badge.on_hover_text(cause);
                }
            }
        }
    }
}
