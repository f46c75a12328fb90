//! A table in a card: heads that sort, columns that can be dragged, and no more rows drawn than are seen.
//!
//! Whoever shows one names its columns and answers for its rows ([`TableRows`]); ground, lines, heads, ticks, focus and
//! what a screen reader is told of a row are the same everywhere.

use std::fmt::Debug;
use std::hash::Hash;

use egui::{
    Align, Align2, Id, Layout, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, Table, TableDelegate, TableState};

use super::{focus_ring, row_drawn, table_step};
use crate::ui::icon::{self, Icon};
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};

/// Space before the content of a cell, and after it.
const INDENT: [f32; 2] = [10.0, 4.0];

/// As wide is the column with the ticks.
const TICK: f32 = 38.0;

/// How narrow and how wide a column can be dragged.
const WIDTHS: [f32; 2] = [60.0, 600.0];

/// A column with its head and its width. The last is given what is left over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableColumn<C> {
    pub(crate) column: C,
    pub(crate) head: &'static str,
    pub(crate) width: f32,
}

impl<C> TableColumn<C> {
    /// A column.
    pub(crate) const fn new(column: C, head: &'static str, width: f32) -> Self {
        Self { column, head, width }
    }
}

/// The rows of a table.
pub(crate) trait TableRows<C> {
    /// How many there are.
    fn len(&self) -> usize;

    /// By what a row is known, wherever it stands.
    fn key(&self, row: usize) -> impl Hash + Debug;

    /// Whether it is selected, or ticked where there are ticks.
    fn is_chosen(&self, row: usize) -> bool;

    /// All of it in words, for screen readers.
    fn sentence(&self, row: usize) -> String;

    /// Shows what stands in a column of it.
    fn cell(&mut self, ui: &mut Ui, row: usize, column: C);
}

/// What was clicked in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableClick<C> {
    /// A row; with whether all up to it are meant.
    Row(usize, bool),
    /// The head of a column.
    Head(C),
    /// The tick of all.
    All,
}

/// A table that is to be shown.
#[must_use = "a table is seen only when it is shown"]
pub(crate) struct TableCard<'a, C> {
    name: &'static str,
    columns: &'a [TableColumn<C>],
    order: Option<(C, bool)>,
    ticks: bool,
    spread: bool,
    follows: bool,
    scroll_to: Option<(usize, Option<Align>)>,
}

impl<'a, C: Copy + PartialEq> TableCard<'a, C> {
    /// With these columns. What the user has made of their widths is kept for each set of them.
    pub(crate) const fn new(name: &'static str, columns: &'a [TableColumn<C>]) -> Self {
        Self { name, columns, order: None, ticks: false, spread: false, follows: false, scroll_to: None }
    }

    /// Of a list of sets of columns, each with the width from which it fits, the widest that does; the last, where none does.
    pub(crate) fn fitting(width: f32, sets: &[(f32, &'a [TableColumn<C>])]) -> &'a [TableColumn<C>] {
        let fits = sets.iter().find(|(from, _)| width >= *from).or(sets.last());
        fits.map_or(&[], |(_, columns)| *columns)
    }

    /// With heads that sort: by which column it is sorted, and whether the other way round.
    pub(crate) fn sorted(mut self, by: C, reversed: bool) -> Self {
        self.order = Some((by, reversed));
        self
    }

    /// With a column of ticks before the others.
    pub(crate) const fn ticked(mut self) -> Self {
        self.ticks = true;
        self
    }

    /// With the room that is left over given to all columns and not to the last alone.
    pub(crate) const fn spread(mut self) -> Self {
        self.spread = true;
        self
    }

    /// With what is open going with the keyboard: where a key leads counts as a click.
    pub(crate) const fn following(mut self) -> Self {
        self.follows = true;
        self
    }

    /// With a row brought into view, and where it is to stand.
    pub(crate) const fn scroll_to(mut self, row: Option<(usize, Option<Align>)>) -> Self {
        self.scroll_to = row;
        self
    }

    /// Shows it and returns what was clicked.
    pub(crate) fn show(mut self, ui: &mut Ui, rows: &mut impl TableRows<C>) -> Option<TableClick<C>> {
        let len = rows.len();
        let chosen = || (0..len).find(|row| !self.ticks && rows.is_chosen(*row));
        let step = table_step(ui, self.name, len, chosen, |row| rows.sentence(row));
        if let Some(row) = step {
            self.scroll_to = Some((row, None));
        }
        let mut within = table_ground(ui, rows.len());
        let table = Table::new()
            .id_salt((self.name, self.columns.len()))
            .num_rows(rows.len() as u64)
            .num_sticky_cols(1 + usize::from(self.ticks))
            .headers([HeaderRow::new(theme::HEAD)]);
        let id = table.get_id(&within);
        let mut table = table.columns(self.widths(&within, id, within.max_rect().width()));
        if let Some((row, align)) = self.scroll_to {
            table = table.scroll_to_row(row as u64, align);
        }
        let shift = within.input(|input| input.modifiers.shift);
        let all = self.ticks && rows.len() > 0 && (0..rows.len()).all(|row| rows.is_chosen(row));
        let mut delegate = Delegate { card: &self, rows, all, shift, hovered: None, clicked: None };
        table.show(&mut within, &mut delegate);
        let step = step.filter(|_| self.follows).map(|row| TableClick::Row(row, false));
        delegate.clicked.or(step)
    }

    /// The columns as wide as the user has made them; what is left over goes to the last, so that rows reach the edge.
    fn widths(&self, ui: &Ui, table: Id, width: f32) -> Vec<Column> {
        let id = |head: &str| Id::unique((self.name, self.columns.len(), head));
        let ticks = self.ticks.then_some((id(""), TICK));
        let mut state = TableState::load(ui, table).unwrap_or_else(|| {
            // Else the columns would be made as narrow as their cut contents allow.
            let widths = self.columns.iter().map(|column| (id(column.head), column.width));
            let state = TableState { col_widths: ticks.into_iter().chain(widths).collect(), parent_width: None };
            state.clone().store(ui, table);
            state
        });
        if self.spread {
            let needed: f32 = self.columns.iter().map(|column| column.width).sum();
            spread(ui, table, &mut state, width / needed);
        }
        let fixed = |width: f32, id| Column::new(width).range(width..=width).resizable(false).id(id);
        let mut found: Vec<Column> = ticks.into_iter().map(|(id, width)| fixed(width, id)).collect();
        let mut left = width - ticks.map_or(0.0, |(_, width)| width);
        for (index, column) in self.columns.iter().enumerate() {
            let id = id(column.head);
            if index + 1 == self.columns.len() {
                found.push(fixed(left.max(column.width), id));
                continue;
            }
            let width = state.col_widths.get(&id).copied().unwrap_or(column.width);
            left -= width;
            found.push(Column::new(width).range(WIDTHS[0]..=WIDTHS[1]).resizable(true).id(id));
        }
        found
    }
}

/// Makes columns as much wider as the window has more room than they need, and narrower again with it. What the user has made
/// of their widths stays in proportion.
pub(crate) fn spread(ui: &Ui, table: Id, state: &mut TableState, room: f32) {
    /// Beyond this the words of a row lie too far apart to be read as one.
    const MOST: f32 = 1.4;
    let id = table.with("spread");
    let wanted = room.clamp(1.0, MOST);
    // Kept as long as the widths are.
    let before = ui.data_mut(|data| data.get_persisted::<f32>(id)).unwrap_or(1.0);
    if (wanted - before).abs() < 0.002 {
        return;
    }
    state.col_widths.values_mut().for_each(|width| *width *= wanted / before);
    state.clone().store(ui, table);
    ui.data_mut(|data| data.insert_persisted(id, wanted));
}

/// The ground of a table of so many rows: a card as high as they are where there is room, and within it where the table goes.
pub(crate) fn table_ground(ui: &mut Ui, rows: usize) -> Ui {
    let tokens = tokens(ui.ctx());
    let available = ui.available_size();
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let content = theme::HEAD + theme::ROW * rows as f32 + 2.0;
    let size = vec2(available.x, content.min(available.y));
    let (outer, ground) = ui.allocate_exact_size(size, Sense::hover());
    ground.widget_info(|| WidgetInfo::labeled(Role::Group, true, count(rows, "row")));
    ui.painter().rect(outer, theme::CARD_RADIUS, tokens.panel, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let inner = outer.shrink(1.0);
    let mut within = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    within.set_clip_rect(inner.intersect(ui.clip_rect()));
    within.spacing_mut().item_spacing = Vec2::ZERO;
    // The lines between columns come back under the pointer, where they can be dragged.
    within.visuals_mut().widgets.noninteractive.bg_stroke = Stroke::NONE;
    within
}

/// A tick as egui draws it, without taking room or clicks of its own.
fn tick(ui: &Ui, centre: Pos2, ticked: bool) {
    let tokens = tokens(ui.ctx());
    let rect = Rect::from_center_size(centre, vec2(15.0, 15.0));
    let (fill, line) = if ticked { (tokens.accent.ink, tokens.accent.ink) } else { (tokens.panel, tokens.faint) };
    ui.painter().rect(rect, 4.0, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    if ticked {
        let glyph = icon::glyph(Icon::Check);
        ui.painter().text(centre, Align2::CENTER_CENTER, glyph, icon::font(11.0), tokens.on_accent);
    }
}

struct Delegate<'a, C, R> {
    card: &'a TableCard<'a, C>,
    rows: &'a mut R,
    /// Whether all are ticked.
    all: bool,
    shift: bool,
    hovered: Option<u64>,
    clicked: Option<TableClick<C>>,
}

impl<C: Copy + PartialEq, R: TableRows<C>> Delegate<'_, C, R> {
    fn row(&self, row: u64) -> Option<usize> {
        usize::try_from(row).ok().filter(|row| *row < self.rows.len())
    }

    /// The column of a place; nothing where that is the one with the ticks.
    fn column(&self, place: usize) -> Option<TableColumn<C>> {
        self.card.columns.get(place.checked_sub(usize::from(self.card.ticks))?).copied()
    }

    fn tick_of_all(&mut self, ui: &Ui) {
        let rect = ui.max_rect();
        let response = ui.interact(rect, ui.scope_id().with("all"), Sense::click());
        tick(ui, rect.center(), self.all);
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, self.all, "Select all that are shown"));
        focus_ring(ui, &response);
        if response.clicked() {
            self.clicked = Some(TableClick::All);
        }
    }
}

impl<C: Copy + PartialEq, R: TableRows<C>> TableDelegate for Delegate<'_, C, R> {
    fn default_row_height(&self) -> f32 {
        theme::ROW
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, tokens.panel);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        let Some(TableColumn { column, head, .. }) = self.column(cell.col_range.start) else {
            self.tick_of_all(ui);
            return;
        };
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        let at = pos2(rect.left() + INDENT[0], rect.center().y);
        let draw = |ink| painter.text(at, Align2::LEFT_CENTER, head, theme::bold(theme::TABLE_HEAD), ink);
        let Some((by, reversed)) = self.card.order else {
            draw(tokens.muted);
            return;
        };
        let response = ui.interact(rect.shrink2(vec2(6.0, 0.0)), ui.scope_id().with(("head", head)), Sense::click());
        let sorted = by == column;
        let ink = if sorted || response.hovered() { tokens.text } else { tokens.muted };
        let drawn = draw(ink);
        if sorted {
            let arrow = icon::glyph(if reversed { Icon::ChevronUp } else { Icon::ChevronDown });
            painter.text(drawn.right_center() + vec2(4.0, 0.0), Align2::LEFT_CENTER, arrow, icon::font(13.0), ink);
        }
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {head}")));
        focus_ring(ui, &response);
        if response.clicked() {
            self.clicked = Some(TableClick::Head(column));
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, row_nr: u64) {
        let Some(row) = self.row(row_nr) else { return };
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        if ui.rect_contains_pointer(rect) {
            self.hovered = Some(row_nr);
        }
        let fill = if self.rows.is_chosen(row) {
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
        let Some(row) = self.row(cell.row_nr) else { return };
        let rect = ui.max_rect();
        // A row keeps its number when others come and go.
        let id = ui.scope_id().with((self.rows.key(row), cell.col_nr));
        let first = cell.col_nr == 0;
        // The keyboard goes from row to row, not from cell to cell.
        let response = ui.interact(rect, id, if first { Sense::click() } else { Sense::CLICK });
        if first {
            let chosen = self.rows.is_chosen(row);
            let role = if self.card.ticks { Role::CheckBox } else { Role::Button };
            response.widget_info(|| WidgetInfo::selected(role, true, chosen, self.rows.sentence(row)));
            row_drawn(ui, self.card.name, row, chosen, &response);
            if response.has_focus() {
                // Within the cell: outside it would be cut off.
                let ring = Stroke::new(2.0, tokens(ui.ctx()).accent.ink);
                ui.painter().rect_stroke(rect.shrink2(vec2(3.0, 1.0)), theme::RADIUS, ring, StrokeKind::Inside);
            }
        }
        if response.clicked() {
            self.clicked = Some(TableClick::Row(row, self.shift));
        }
        let Some(TableColumn { column, .. }) = self.column(cell.col_nr) else {
            tick(ui, rect.center(), self.rows.is_chosen(row));
            return;
        };
        let content = Rect::from_min_max(rect.min + vec2(INDENT[0], 0.0), rect.max - vec2(INDENT[1], 0.0));
        let layout = Layout::left_to_right(Align::Center);
        let mut within = ui.new_child(UiBuilder::new().max_rect(content).layout(layout));
        self.rows.cell(&mut within, row, column);
    }
}
