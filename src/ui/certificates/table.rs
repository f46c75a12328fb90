//! The table of certificates: draws only the rows that are seen.

use std::sync::Arc;

use egui::{
    Align, Align2, Layout, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, Table, TableDelegate, TableState};

use super::filters::{By, Order};
use super::rows::{Mark, Row, RowKey, Whose};
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, focus_ring, muted};

/// Space before the content of a cell.
const INDENT: f32 = 10.0;

/// The columns with their heads and widths. The last is given what is left over.
const WIDE: [(By, &str, f32); 7] = [
    (By::Name, "Certificate", 146.0),
    (By::Whose, "Whose", 82.0),
    (By::Used, "Used by", 154.0),
    (By::Until, "Valid until", 184.0),
    (By::Next, "Next", 184.0),
    (By::Confirmed, "Confirmed", 134.0),
    (By::Key, "Key", 132.0),
];

/// The same where the detail takes its share: the end and what follows have to be seen.
const COMPACT: [(By, &str, f32); 3] =
    [(By::Name, "Certificate", 160.0), (By::Until, "Valid until", 186.0), (By::Next, "Next", 150.0)];

/// The same on a narrow window.
const MEDIUM: [(By, &str, f32); 4] = [
    (By::Name, "Certificate", 152.0),
    (By::Used, "Used by", 158.0),
    (By::Until, "Valid until", 184.0),
    (By::Next, "Next", 186.0),
];

/// Below these widths the columns are the compact ones, and those between.
const NARROW: [f32; 2] = [670.0, 960.0];

/// What was clicked.
pub(super) enum Clicked {
    /// A row.
    Row(usize),
    /// The head of a column.
    Head(By),
}

/// Shows a badge that was made beforehand.
pub(super) fn badge(ui: &mut Ui, mark: &Mark, about: &str) -> egui::Response {
    let badge = Badge::new(mark.tone, &mark.word).about(about);
    match mark.icon {
        Some(icon) => badge.icon(icon),
        None => badge,
    }
    .show(ui)
}

/// Shows the table. `scroll_to` is a row to be brought into view.
pub(super) fn table(
    ui: &mut Ui,
    rows: &[Arc<Row>],
    order: Order,
    selected: Option<&RowKey>,
    scroll_to: Option<usize>,
) -> Option<Clicked> {
    let tokens = tokens(ui.ctx());
    let available = ui.available_size();
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let content = theme::HEAD + theme::ROW * rows.len() as f32 + 2.0;
    let size = vec2(available.x, content.min(available.y));
    let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect(outer, theme::CARD_RADIUS, tokens.panel, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let inner = outer.shrink(1.0);
    let mut within = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    within.set_clip_rect(inner.intersect(ui.clip_rect()));
    within.spacing_mut().item_spacing = Vec2::ZERO;
    let cells: &[(By, &'static str, f32)] = match inner.width() {
        width if width < NARROW[0] => &COMPACT,
        width if width < NARROW[1] => &MEDIUM,
        _ => &WIDE,
    };
    let salt = ("certificates", cells.len());
    let table = Table::new()
        .id_salt(salt)
        .num_rows(rows.len() as u64)
        .num_sticky_cols(1)
        .headers([HeaderRow::new(theme::HEAD)]);
    let id = table.get_id(&within);
    let mut table = table.columns(columns(&within, id, cells, inner.width()));
    if let Some(row) = scroll_to {
        table = table.scroll_to_row(row as u64, None);
    }
    // The lines between columns come back under the pointer, where they can be dragged.
    within.visuals_mut().widgets.noninteractive.bg_stroke = Stroke::NONE;
    let mut delegate = Rows { cells, rows, order, selected, hovered: None, clicked: None };
    table.show(&mut within, &mut delegate);
    delegate.clicked
}

/// The columns as wide as the user has made them; what is left over goes to the last, so that rows reach the edge.
fn columns(ui: &Ui, table: egui::Id, cells: &[(By, &str, f32)], width: f32) -> Vec<Column> {
    let id = |head: &str| egui::Id::unique(("certificates", cells.len(), head));
    let state = TableState::load(ui, table).unwrap_or_else(|| {
        // Else the columns would be made as narrow as their cut contents allow.
        let col_widths = cells.iter().map(|(_, head, width)| (id(head), *width)).collect();
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
    cells: &'a [(By, &'static str, f32)],
    rows: &'a [Arc<Row>],
    order: Order,
    selected: Option<&'a RowKey>,
    hovered: Option<u64>,
    clicked: Option<Clicked>,
}

impl Rows<'_> {
    fn row(&self, row_nr: u64) -> Option<(usize, &Arc<Row>)> {
        let index = usize::try_from(row_nr).ok()?;
        Some((index, self.rows.get(index)?))
    }
}

impl TableDelegate for Rows<'_> {
    fn default_row_height(&self) -> f32 {
        theme::ROW
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let Some((by, head, _)) = self.cells.get(cell.col_range.start).copied() else { return };
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, tokens.panel);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        let response = ui.interact(rect.shrink2(vec2(6.0, 0.0)), ui.scope_id().with(("head", head)), Sense::click());
        let sorted = self.order.by == by;
        let ink = if sorted || response.hovered() { tokens.text } else { tokens.muted };
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        let at = pos2(rect.left() + INDENT, rect.center().y);
        let drawn = painter.text(at, Align2::LEFT_CENTER, head, theme::bold(theme::TABLE_HEAD), ink);
        if sorted {
            let arrow = icon::glyph(if self.order.reversed { Icon::ChevronUp } else { Icon::ChevronDown });
            painter.text(drawn.right_center() + vec2(4.0, 0.0), Align2::LEFT_CENTER, arrow, icon::font(13.0), ink);
        }
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {head}")));
        focus_ring(ui, &response);
        if response.clicked() {
            self.clicked = Some(Clicked::Head(by));
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, row_nr: u64) {
        let Some((_, row)) = self.row(row_nr) else { return };
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        let selected = self.selected == Some(&row.key);
        if ui.rect_contains_pointer(rect) {
            self.hovered = Some(row_nr);
        }
        let fill = if selected {
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
        let Some((index, row)) = self.row(cell.row_nr) else { return };
        let Some((column, ..)) = self.cells.get(cell.col_nr).copied() else { return };
        let row = Arc::clone(row);
        let rect = ui.max_rect();
        let id = ui.scope_id().with((&row.key, cell.col_nr));
        let sense = if cell.col_nr == 0 { Sense::click() } else { Sense::CLICK };
        let response = ui.interact(rect, id, sense);
        if cell.col_nr == 0 {
            let selected = self.selected == Some(&row.key);
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, row.sentence()));
            focus_ring(ui, &response);
        }
        if response.clicked() {
            self.clicked = Some(Clicked::Row(index));
        }
        let content = Rect::from_min_max(rect.min + vec2(INDENT, 0.0), rect.max - vec2(4.0, 0.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(content).layout(Layout::left_to_right(Align::Center)));
        let ui = &mut ui;
        let text = |text: RichText| egui::Label::new(text).truncate();
        match column {
            By::Name => {
                ui.add(text(RichText::new(&row.name).font(theme::bold(theme::BODY))));
            }
            By::Whose => {
                let word = muted(ui, row.key.whose.word());
                ui.add(text(word));
            }
            By::Used => {
                let used = RichText::new(&row.used).font(theme::small());
                let used = if row.places.is_empty() { used.color(tokens(ui.ctx()).muted) } else { used };
                ui.add(text(used));
            }
            By::Until => {
                badge(ui, &row.until, "Valid until");
            }
            By::Next => {
                badge(ui, &row.next, "Next");
            }
            By::Confirmed => {
                let about = if row.key.whose == Whose::Server { "Trust" } else { "Confirmed" };
                badge(ui, &row.confirmed, about);
            }
            By::Key => {
                let word = muted(ui, &row.key_words);
                ui.add(text(word)).on_hover_text(&row.signature);
            }
        }
    }
}
