//! The matrix itself: a table that draws only the rows that are seen.

use egui::{
    Align, Align2, Layout, Rangef, Rect, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, Table, TableDelegate, TableState};

use super::facets::Facet;
use super::lines::{Group, Line};
use super::rows::{LastSend, MatrixColumn, Order, Row};
use super::selection::Selection;
use crate::app::engine::Snapshot;
use crate::domain::compliance::{Column as Setting, Status};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::Verdict;
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, elided, focus_ring, muted, row_drawn, small, spread, table_ground};

/// What it is called among the tables.
pub(super) const TABLE: &str = "matrix";

/// Space before the content of a cell.
const INDENT: f32 = 10.0;

/// What was clicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Clicked {
    /// A row.
    Row(usize),
    /// The heading of a group.
    Group(usize),
    /// What stands in a column of a row: its cause is to be shown.
    Cause(usize, MatrixColumn),
    /// The head of a column.
    Head(MatrixColumn),
}

/// What is shown, and how.
pub(super) struct Looks<'a> {
    /// The lines.
    pub lines: &'a [Line],
    /// The workspace that they were made from.
    pub snapshot: &'a Snapshot,
    /// Their order.
    pub order: Order,
    /// What the inspector is open on.
    pub inspected: Option<&'a (ConnectionId, ProfileKind)>,
    /// What is selected.
    pub selection: &'a Selection,
}

/// Shows the matrix and returns what was clicked.
pub(super) fn matrix(ui: &mut Ui, looks: &Looks<'_>, scroll_to: Option<usize>) -> Option<Clicked> {
    let lines = looks.lines;
    let mut within = table_ground(ui, lines.len());
    let width = within.max_rect().width();
    let table = Table::new()
        .id_salt(TABLE)
        .num_rows(lines.len() as u64)
        .num_sticky_cols(1)
        .headers([HeaderRow::new(theme::HEAD)]);
    let id = table.get_id(&within);
    let mut table = table.columns(columns(&within, id, width));
    if let Some(row) = scroll_to {
        table = table.scroll_to_row(row as u64, None);
    }
    let left = within.max_rect().left();
    let across = Rangef::NOTHING;
    let mut delegate = Matrix { lines, looks, left, width, hovered: None, across, clicked: None };
    table.show(&mut within, &mut delegate);
    delegate.clicked
}

/// The columns as wide as the user has made them; what is left over goes to the last, so that rows reach the edge.
fn columns(ui: &Ui, table: egui::Id, width: f32) -> Vec<Column> {
    let id = |column: MatrixColumn| egui::Id::unique(column.label());
    let mut state = TableState::load(ui, table).unwrap_or_else(|| {
        // Else the columns would be made as narrow as their cut contents allow.
        let col_widths = MatrixColumn::ALL.iter().map(|column| (id(*column), column.width())).collect();
        let state = TableState { col_widths, parent_width: None };
        state.clone().store(ui, table);
        state
    });
    let needed: f32 = MatrixColumn::ALL.iter().map(|column| column.width()).sum();
    spread(ui, table, &mut state, width / needed);
    let mut left = width;
    MatrixColumn::ALL
        .iter()
        .map(|column| {
            if *column == MatrixColumn::LastSend {
                let width = left.max(column.width());
                return Column::new(width).range(width..=width).resizable(false).id(id(*column));
            }
            let width = state.col_widths.get(&id(*column)).copied().unwrap_or_else(|| column.width());
            left -= width;
            Column::new(width).range(70.0..=600.0).resizable(true).id(id(*column))
        })
        .collect()
}

struct Matrix<'a> {
    lines: &'a [Line],
    looks: &'a Looks<'a>,
    /// Where the table begins, and how much of it is seen: headings stay there when it is scrolled sideways.
    left: f32,
    width: f32,
    hovered: Option<u64>,
    /// From where to where rows reach.
    across: Rangef,
    clicked: Option<Clicked>,
}

impl Matrix<'_> {
    fn is_selected(&self, row: &Row) -> bool {
        self.looks.inspected.is_some_and(|(connection, _)| *connection == row.connection)
            || self.looks.selection.holds(&row.connection)
    }
}

impl TableDelegate for Matrix<'_> {
    fn default_row_height(&self) -> f32 {
        theme::ROW
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let Some(column) = MatrixColumn::ALL.get(cell.col_range.start).copied() else { return };
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, tokens.panel);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        let response =
            ui.interact(rect.shrink2(vec2(6.0, 0.0)), ui.scope_id().with(("head", column.label())), Sense::click());
        let sorted = self.looks.order.by == column;
        let ink = if sorted || response.hovered() { tokens.text } else { tokens.muted };
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        let at = pos2(rect.left() + INDENT, rect.center().y);
        let head = painter.text(at, Align2::LEFT_CENTER, column.label(), theme::bold(theme::TABLE_HEAD), ink);
        if sorted {
            let arrow = icon::glyph(if self.looks.order.reversed { Icon::ChevronUp } else { Icon::ChevronDown });
            painter.text(head.right_center() + vec2(4.0, 0.0), Align2::LEFT_CENTER, arrow, icon::font(13.0), ink);
        }
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {}", column.label())));
        focus_ring(ui, &response);
        if response.clicked() {
            self.clicked = Some(Clicked::Head(column));
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, row_nr: u64) {
        let Some(line) = usize::try_from(row_nr).ok().and_then(|index| self.lines.get(index)) else { return };
        let tokens = tokens(ui.ctx());
        let rect = ui.max_rect();
        self.across = Rangef::new(self.across.min.min(rect.left()), self.across.max.max(rect.right()));
        if ui.rect_contains_pointer(rect) {
            self.hovered = Some(row_nr);
        }
        let row = match line {
            Line::Row(row, _) => row,
            Line::Group(group) => {
                let y = rect.y_range();
                let rect = Rect::from_x_y_ranges(self.left..=self.left + self.width, y);
                heading(ui, rect, group, self.hovered == Some(row_nr));
                return;
            }
        };
        let fill = if self.is_selected(row) {
            tokens.accent.soft
        } else if self.hovered == Some(row_nr) {
            tokens.hover
        } else {
            tokens.panel
        };
        ui.painter().rect_filled(rect, 0.0, fill);
        if row.last {
            ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
        }
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let Some(index) = usize::try_from(cell.row_nr).ok() else { return };
        let Some(column) = MatrixColumn::ALL.get(cell.col_nr).copied() else { return };
        let rect = ui.max_rect();
        let first = cell.col_nr == 0;
        let (row, number) = match self.lines.get(index) {
            Some(Line::Row(row, number)) => (row, *number),
            Some(Line::Group(group)) => {
                if group_cell(ui, index, group, cell.col_nr) {
                    self.clicked = Some(Clicked::Group(index));
                }
                return;
            }
            None => return,
        };
        // A row of this profile keeps its number when others come and go.
        let id = ui.scope_id().with((row.connection.as_str(), row.profile.as_str(), number, cell.col_nr));
        // The keyboard goes from row to row, not from cell to cell.
        let response = ui.interact(rect, id, if first { Sense::click() } else { Sense::CLICK });
        let content = Rect::from_min_max(rect.min + vec2(INDENT, 0.0), rect.max - vec2(2.0, 0.0));
        let chosen = self.looks.inspected.is_some_and(|(id, kind)| *id == row.connection && *kind == row.profile);
        let mut within = ui.new_child(UiBuilder::new().max_rect(content).layout(Layout::left_to_right(Align::Center)));
        match column {
            MatrixColumn::Connection => {
                // The cell is one for both rows of a pair, so it is under the pointer as a whole.
                let pair = Rect::from_x_y_ranges(self.across, pair_of((row.first, row.last), rect.y_range()));
                let alone = self.hovered == Some(cell.row_nr);
                if !alone && !self.is_selected(row) && ui.ctx().rect_contains_pointer(ui.layer_id(), pair) {
                    ui.painter().rect_filled(rect, 0.0, tokens(ui.ctx()).hover);
                    if row.last {
                        let line = Stroke::new(1.0, tokens(ui.ctx()).line);
                        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, line);
                    }
                }
                connection(ui, content, row, self.looks.selection.holds(&row.connection), &response);
                row_drawn(ui, TABLE, index, chosen, &response);
            }
            MatrixColumn::Profile => {
                let font = if chosen { theme::bold(theme::BODY) } else { theme::body() };
                within.add(egui::Label::new(RichText::new(row.profile.label()).font(font)).truncate());
            }
            MatrixColumn::Setting(setting) => {
                if let Some((status, word)) =
                    Setting::ALL.iter().position(|each| *each == setting).and_then(|at| row.cells.get(at))
                {
                    if *status == Status::NotApplicable {
                        // No rule is about it: what stands there is no good news and no bad news.
                        let said = format!("{}: {word}, {}", column.label(), status.label());
                        let label = within.add(
                            egui::Label::new(RichText::new(word).font(theme::small()).color(tokens(&within).muted))
                                .truncate(),
                        );
                        label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
                    } else {
                        let badge = Badge::status(*status, word).about(column.label()).leads().show(&mut within);
                        if badge.clicked() {
                            self.clicked = Some(Clicked::Cause(index, column));
                        }
                        badge.on_hover_ui(|ui| why(ui, self.looks.snapshot, row, setting, *status));
                    }
                }
            }
            MatrixColumn::LastSend => {
                if last_send(&mut within, &row.last_send) {
                    self.clicked = Some(Clicked::Cause(index, column));
                }
            }
        }
        if response.clicked() {
            self.clicked = Some(Clicked::Row(index));
        }
    }
}

/// Draws the heading of a group: whether it is open, its name, how many there are and how the worst of them stands.
fn heading(ui: &Ui, rect: Rect, group: &Group, hovered: bool) {
    let tokens = tokens(ui.ctx());
    let painter = ui.painter();
    painter.rect_filled(rect, 0.0, if hovered { tokens.hover } else { tokens.bg });
    painter.hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, tokens.line));
    let middle = rect.center().y;
    let caret = icon::glyph(if group.open { Icon::ChevronDown } else { Icon::ChevronRight });
    let mut x = rect.left() + INDENT - 2.0;
    painter.text(pos2(x, middle), Align2::LEFT_CENTER, caret, icon::font(icon::SIZE), tokens.muted);
    x += icon::SIZE + 5.0;
    let size = painter.layout_no_wrap(group.size.clone(), theme::small(), tokens.muted);
    if group.facet == Facet::Status {
        // Its name says how all of them stand.
        Badge::status(group.worst, &group.mark.label).draw(ui, pos2(x, middle), rect.right() - x);
        let at = x + Badge::width(ui, &group.mark.label);
        painter.galley(pos2(at, middle - size.size().y / 2.0), size, tokens.muted);
        return;
    }
    let badge = Badge::width(ui, &group.worst_words);
    let room = (rect.right() - x - size.size().x - badge - 32.0).max(60.0);
    let font = theme::bold(theme::BODY);
    let name = painter.layout_no_wrap(elided(ui, &group.mark.label, &font, room), font, tokens.text);
    let (wide, high) = (name.size().x, name.size().y);
    painter.galley(pos2(x, middle - high / 2.0), name, tokens.text);
    x += wide + 10.0;
    let (wide, high) = (size.size().x, size.size().y);
    painter.galley(pos2(x, middle - high / 2.0), size, tokens.muted);
    x += wide + 12.0;
    Badge::status(group.worst, &group.worst_words).draw(ui, pos2(x, middle), rect.right() - x);
}

/// A cell of a heading, which answers clicks and the keyboard like a row; true where it was clicked.
fn group_cell(ui: &Ui, index: usize, group: &Group, column: usize) -> bool {
    let rect = ui.max_rect();
    let id = ui.scope_id().with(("group", &group.mark.key, column));
    let first = column == 0;
    let response = ui.interact(rect, id, if first { Sense::click() } else { Sense::CLICK });
    if first {
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &group.sentence));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(group.open));
        row_drawn(ui, TABLE, index, false, &response);
        if response.has_focus() {
            let ring = Stroke::new(2.0, tokens(ui.ctx()).accent.ink);
            ui.painter().rect_stroke(rect.shrink2(vec2(3.0, 1.0)), theme::RADIUS, ring, StrokeKind::Inside);
        }
    }
    response.clicked()
}

/// The height of both rows of a pair, of which one is given; of the one row of a connection with one profile alone.
fn pair_of((first, last): (bool, bool), height: Rangef) -> Rangef {
    Rangef::new(height.min - if first { 0.0 } else { theme::ROW }, height.max + if last { 0.0 } else { theme::ROW })
}

/// Name and identifiers: over both rows of a pair, or one behind the other where there is one profile alone. What has no room
/// is elided in the middle, and all of it shows under the pointer.
fn connection(ui: &Ui, rect: Rect, row: &Row, selected: bool, response: &Response) {
    let tokens = tokens(ui.ctx());
    let painter = ui.painter();
    let mut whole = true;
    let mut line = |text: &str, font: egui::FontId, ink, width: f32| {
        let shown = elided(ui, text, &font, width);
        whole &= shown == text;
        painter.layout_no_wrap(shown, font, ink)
    };
    let alone = row.first && row.last;
    if row.first {
        let name = line(&row.name, theme::bold(theme::BODY), tokens.text, rect.width());
        let shift = if alone { 0.0 } else { 5.0 };
        let at = pos2(rect.left(), rect.center().y - name.size().y / 2.0 + shift);
        let end = at.x + name.size().x + 8.0;
        painter.galley(at, name, tokens.text);
        if alone && rect.right() - end > 40.0 {
            let ids = line(&row.ids, theme::small(), tokens.muted, rect.right() - end);
            painter.galley(pos2(end, rect.center().y - ids.size().y / 2.0), ids, tokens.muted);
        }
    } else {
        let ids = line(&row.ids, theme::small(), tokens.muted, rect.width());
        painter.galley(pos2(rect.left(), rect.center().y - ids.size().y / 2.0 - 5.0), ids, tokens.muted);
    }
    response.widget_info(|| {
        if selected {
            WidgetInfo::selected(Role::Button, true, true, &row.sentence)
        } else {
            WidgetInfo::labeled(Role::Button, true, &row.sentence)
        }
    });
    if response.has_focus() {
        let ring = Stroke::new(2.0, tokens.accent.ink);
        painter.rect_stroke(response.rect.shrink2(vec2(3.0, 1.0)), theme::RADIUS, ring, StrokeKind::Inside);
    }
    if !whole {
        response.clone().on_hover_text(format!("{}\n{}", row.name, row.ids));
    }
}

/// Why a setting stands so: the reasons of all that makes it stand so.
fn why(ui: &mut Ui, snapshot: &Snapshot, row: &Row, setting: Setting, status: Status) {
    let report = snapshot.connection(&row.connection).and_then(|state| state.profile_report(row.profile));
    let findings = report.iter().flat_map(|report| report.findings.iter());
    let about = findings.filter(|finding| Setting::of(finding.setting) == Some(setting) && finding.status == status);
    let reasons: Vec<&str> = about.map(|finding| finding.reason.as_str()).collect();
    let text = if reasons.is_empty() { status.label().to_owned() } else { reasons.join("\n") };
    ui.add(egui::Label::new(small(text)).wrap());
}

/// Shows it and returns whether its transmission is asked for.
fn last_send(ui: &mut Ui, last: &LastSend) -> bool {
    let shown = match last.verdict {
        None => {
            let text = muted(ui, &last.word);
            ui.add(egui::Label::new(text).truncate())
        }
        Some(Verdict::Cancelled) => {
            let text = small(&last.word).color(tokens(ui.ctx()).muted);
            ui.add(egui::Label::new(text).truncate())
        }
        Some(verdict) => Badge::verdict(verdict, &last.word).about("Last send").leads().show(ui),
    };
    let asked = shown.clicked();
    shown.on_hover_text(&last.hint);
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_rows_of_a_pair_are_under_the_pointer_together() {
        let height = Rangef::new(100.0, 100.0 + theme::ROW);
        let below = Rangef::new(height.max, height.max + theme::ROW);
        let both = Rangef::new(height.min, below.max);
        assert_eq!((pair_of((true, false), height), pair_of((false, true), below)), (both, both));
        assert_eq!(pair_of((true, true), height), height, "one profile alone");
    }
}
