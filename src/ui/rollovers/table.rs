//! The table of the board: draws only the rows that are seen.

use std::collections::HashSet;
use std::sync::Arc;

use egui::{
    Align, Align2, Layout, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, Table, TableDelegate, TableState};

use super::badge;
use super::lines::{BoardColumn, Line, Lines};
use crate::domain::rollover::ProfileKey;
use crate::domain::transmission::Verdict;
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, focus_ring, muted, small};

/// Space before the content of a cell.
const INDENT: f32 = 10.0;

/// As wide is the column with the ticks.
const TICK: f32 = 38.0;

/// The columns after the ticks, with their widths. The last is given what is left over.
const WIDE: [(BoardColumn, f32); 7] = [
    (BoardColumn::Partner, 144.0),
    (BoardColumn::Profile, 88.0),
    (BoardColumn::State, 168.0),
    (BoardColumn::Changes, 184.0),
    (BoardColumn::Test, 146.0),
    (BoardColumn::Traffic, 146.0),
    (BoardColumn::Note, 124.0),
];

/// The same where there is little room.
const COMPACT: [(BoardColumn, f32); 5] = [
    (BoardColumn::Partner, 136.0),
    (BoardColumn::Profile, 86.0),
    (BoardColumn::State, 168.0),
    (BoardColumn::Changes, 180.0),
    (BoardColumn::Note, 130.0),
];

/// Below this width the columns are the compact ones.
const NARROW: f32 = 900.0;

/// What was clicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clicked {
    /// A row, and whether all up to it are meant.
    Row(usize, bool),
    /// The head of a column.
    Head(BoardColumn),
    /// The tick of all.
    All,
}

/// Shows the table and returns what was clicked.
pub(super) fn table(ui: &mut Ui, lines: &Lines, selected: &HashSet<ProfileKey>) -> Option<Clicked> {
    let tokens = tokens(ui.ctx());
    let available = ui.available_size();
    let content = theme::HEAD + theme::ROW * lines.shown.len() as f32 + 2.0;
    let size = vec2(available.x, content.min(available.y));
    let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect(outer, theme::CARD_RADIUS, tokens.panel, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let inner = outer.shrink(1.0);
    let mut within = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    within.set_clip_rect(inner.intersect(ui.clip_rect()));
    within.spacing_mut().item_spacing = Vec2::ZERO;
    let cells: &[(BoardColumn, f32)] = if inner.width() < NARROW { &COMPACT } else { &WIDE };
    let table = Table::new()
        .id_salt(("rollover", cells.len()))
        .num_rows(lines.shown.len() as u64)
        .num_sticky_cols(2)
        .headers([HeaderRow::new(theme::HEAD)]);
    let id = table.get_id(&within);
    let table = table.columns(columns(&within, id, cells, inner.width()));
    // The lines between columns come back under the pointer, where they can be dragged.
    within.visuals_mut().widgets.noninteractive.bg_stroke = Stroke::NONE;
    let shift = within.input(|input| input.modifiers.shift);
    let all = !lines.shown.is_empty() && lines.shown.iter().all(|line| selected.contains(&line.key));
    let mut delegate = Rows { cells, lines, selected, all, shift, hovered: None, clicked: None };
    table.show(&mut within, &mut delegate);
    delegate.clicked
}

/// The columns as wide as the user has made them; what is left over goes to the last, so that rows reach the edge.
fn columns(ui: &Ui, table: egui::Id, cells: &[(BoardColumn, f32)], width: f32) -> Vec<Column> {
    let id = |column: BoardColumn| egui::Id::unique(("rollover", column));
    let ticks = egui::Id::unique(("rollover", "ticks"));
    let state = TableState::load(ui, table).unwrap_or_else(|| {
        // Else the columns would be made as narrow as their cut contents allow.
        let mut widths: Vec<_> = cells.iter().map(|(column, width)| (id(*column), *width)).collect();
        widths.push((ticks, TICK));
        let state = TableState { col_widths: widths.into_iter().collect(), parent_width: None };
        state.clone().store(ui, table);
        state
    });
    let mut left = width - TICK;
    let mut found = vec![Column::new(TICK).range(TICK..=TICK).resizable(false).id(ticks)];
    for (index, (column, preset)) in cells.iter().enumerate() {
        if index + 1 == cells.len() {
            let width = left.max(*preset);
            found.push(Column::new(width).range(width..=width).resizable(false).id(id(*column)));
            continue;
        }
        let width = state.col_widths.get(&id(*column)).copied().unwrap_or(*preset);
        left -= width;
        found.push(Column::new(width).range(60.0..=600.0).resizable(true).id(id(*column)));
    }
    found
}

struct Rows<'a> {
    cells: &'a [(BoardColumn, f32)],
    lines: &'a Lines,
    selected: &'a HashSet<ProfileKey>,
    all: bool,
    shift: bool,
    hovered: Option<u64>,
    clicked: Option<Clicked>,
}

impl Rows<'_> {
    fn line(&self, row: u64) -> Option<&Arc<Line>> {
        self.lines.shown.get(usize::try_from(row).ok()?)
    }
}

/// A tick as egui draws it, without taking room or clicks of its own.
fn tick(ui: &Ui, centre: egui::Pos2, ticked: bool) {
    let tokens = tokens(ui.ctx());
    let rect = Rect::from_center_size(centre, vec2(15.0, 15.0));
    let (fill, line) = if ticked { (tokens.accent.ink, tokens.accent.ink) } else { (tokens.panel, tokens.faint) };
    ui.painter().rect(rect, 4.0, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    if ticked {
        let glyph = icon::glyph(Icon::Check);
        ui.painter().text(centre, Align2::CENTER_CENTER, glyph, icon::font(11.0), tokens.on_accent);
    }
}

impl TableDelegate for Rows<'_> {
    fn default_row_height(&self) -> f32 {
        theme::ROW
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, tokens.panel);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        if cell.col_range.start == 0 {
            let response = ui.interact(rect, ui.scope_id().with("all"), Sense::click());
            tick(ui, rect.center(), self.all);
            response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, self.all, "Select all that are shown"));
            focus_ring(ui, &response);
            if response.clicked() {
                self.clicked = Some(Clicked::All);
            }
            return;
        }
        let Some((column, _)) = self.cells.get(cell.col_range.start - 1) else { return };
        let response = ui.interact(rect.shrink2(vec2(6.0, 0.0)), ui.scope_id().with(column.head()), Sense::click());
        let at = pos2(rect.left() + INDENT, rect.center().y);
        let font = theme::bold(theme::TABLE_HEAD);
        let drawn = ui.painter().text(at, Align2::LEFT_CENTER, column.head(), font, tokens.muted);
        let (by, down) = self.lines.order();
        if by == *column {
            let symbol = if down { Icon::ArrowDown } else { Icon::ArrowUp };
            let at = pos2(drawn.right() + 4.0, rect.center().y);
            ui.painter().text(at, Align2::LEFT_CENTER, icon::glyph(symbol), icon::font(12.0), tokens.muted);
        }
        response.widget_info(|| {
            WidgetInfo::labeled(Role::Button, true, format!("Sort by {}", column.head().to_lowercase()))
        });
        focus_ring(ui, &response);
        if response.clicked() {
            self.clicked = Some(Clicked::Head(*column));
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, row_nr: u64) {
        let Some(line) = self.line(row_nr) else { return };
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        let chosen = self.selected.contains(&line.key);
        if ui.rect_contains_pointer(rect) {
            self.hovered = Some(row_nr);
        }
        let fill = if chosen {
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
        let Some(line) = self.line(cell.row_nr).cloned() else { return };
        let index = usize::try_from(cell.row_nr).unwrap_or(usize::MAX);
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        let id = ui.scope_id().with((&line.key, cell.col_nr));
        let first = cell.col_nr == 0;
        let response = ui.interact(rect, id, if first { Sense::click() } else { Sense::CLICK });
        let chosen = self.selected.contains(&line.key);
        if first {
            response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, chosen, &line.sentence));
            focus_ring(ui, &response);
            tick(ui, rect.center(), chosen);
        }
        if response.clicked() {
            self.clicked = Some(Clicked::Row(index, self.shift));
        }
        let Some((column, _)) = cell.col_nr.checked_sub(1).and_then(|place| self.cells.get(place)) else { return };
        let content = Rect::from_min_max(rect.min + vec2(INDENT, 0.0), rect.max - vec2(4.0, 0.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(content).layout(Layout::left_to_right(Align::Center)));
        let ui = &mut ui;
        let text = |ui: &mut Ui, text: RichText| ui.add(egui::Label::new(text).truncate());
        match column {
            BoardColumn::Partner => {
                text(ui, RichText::new(&line.row.name).font(theme::medium(theme::BODY)).color(tokens.text));
            }
            BoardColumn::Profile => {
                text(ui, RichText::new(line.row.profile.label()).font(theme::body()).color(tokens.text));
            }
            BoardColumn::State => {
                let shown = badge(line.row.state).show(ui);
                if let Some(why) = line.row.problem.as_ref().or(line.row.remark.as_ref()) {
                    shown.on_hover_text(why);
                }
            }
            BoardColumn::Changes => {
                let applied = line.row.activates.is_some();
                let said = small(&line.changes).color(if applied { tokens.text } else { tokens.muted });
                let shown = text(ui, said);
                if !applied {
                    shown.on_hover_text("Not applied yet");
                }
            }
            BoardColumn::Test => message(ui, line.test.as_ref()),
            BoardColumn::Traffic => message(ui, line.traffic.as_ref()),
            BoardColumn::Note => {
                let ink = if line.row.problem.is_some() { tokens.bad.ink } else { tokens.muted };
                text(ui, small(&line.note).color(ink)).on_hover_text(&line.note);
            }
        }
    }
}

fn message(ui: &mut Ui, said: Option<&(Verdict, String)>) {
    let Some((verdict, said)) = said else {
        ui.label(muted(ui, "None yet"));
        return;
    };
    let tokens = tokens(ui.ctx());
    let tone = ToneName::verdict(*verdict);
    ui.spacing_mut().item_spacing.x = 5.0;
    ui.label(icon::text(tone.icon(), tone.of(tokens).ink).size(12.5));
    ui.add(egui::Label::new(small(said).color(tokens.text)).truncate());
}
