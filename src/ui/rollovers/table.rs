//! The table of the board.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use egui::{RichText, Ui};

use super::badge;
use super::lines::{BoardColumn, Line, Lines};
use crate::domain::rollover::{ProfileKey, RolloverState};
use crate::domain::transmission::Verdict;
use crate::ui::icon;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{TableCard, TableClick, TableColumn, TableRows, ToneName, long_text, muted, small};

const fn column(column: BoardColumn, width: f32) -> TableColumn<BoardColumn> {
    TableColumn::new(column, column.head(), width)
}

/// The columns. Names have room for some twenty letters, the last has what is left over, and that is to be enough to read
/// what is in the way.
const WIDE: [TableColumn<BoardColumn>; 7] = [
    column(BoardColumn::Partner, 236.0),
    column(BoardColumn::Profile, 88.0),
    column(BoardColumn::State, 168.0),
    column(BoardColumn::Changes, 180.0),
    column(BoardColumn::Test, 146.0),
    column(BoardColumn::Traffic, 146.0),
    column(BoardColumn::Note, 208.0),
];

/// The same without the last test, which is the last traffic as long as there is no other.
const MEDIUM: [TableColumn<BoardColumn>; 6] = [
    column(BoardColumn::Partner, 184.0),
    column(BoardColumn::Profile, 86.0),
    column(BoardColumn::State, 166.0),
    column(BoardColumn::Changes, 176.0),
    column(BoardColumn::Traffic, 146.0),
    column(BoardColumn::Note, 234.0),
];

/// Without messages at all: one that failed is told in the note.
const NARROW: [TableColumn<BoardColumn>; 5] = [
    column(BoardColumn::Partner, 156.0),
    column(BoardColumn::Profile, 84.0),
    column(BoardColumn::State, 166.0),
    column(BoardColumn::Changes, 172.0),
    column(BoardColumn::Note, 138.0),
];

/// With the profile behind the partner's name.
const COMPACT: [TableColumn<BoardColumn>; 4] = [
    column(BoardColumn::Partner, 192.0),
    column(BoardColumn::State, 166.0),
    column(BoardColumn::Changes, 172.0),
    column(BoardColumn::Note, 110.0),
];

/// Shows the table and returns what was clicked.
pub(super) fn table(ui: &mut Ui, lines: &Lines, selected: &HashSet<ProfileKey>) -> Option<TableClick<BoardColumn>> {
    let sets: [(f32, &[TableColumn<BoardColumn>]); 4] =
        [(1214.0, &WIDE), (1034.0, &MEDIUM), (760.0, &NARROW), (0.0, &COMPACT)];
    let columns = TableCard::fitting(ui.available_width(), &sets);
    let (by, down) = lines.order();
    TableCard::new("rollover", columns)
        .sorted(by, down)
        .ticked()
        .show(ui, &mut Rows { lines: &lines.shown, selected, compact: columns.len() == COMPACT.len() })
}

struct Rows<'a> {
    lines: &'a [Arc<Line>],
    selected: &'a HashSet<ProfileKey>,
    /// Whether the profile stands behind the partner's name.
    compact: bool,
}

impl TableRows<BoardColumn> for Rows<'_> {
    fn len(&self) -> usize {
        self.lines.len()
    }

    fn key(&self, row: usize) -> impl Hash + Debug {
        &self.lines[row].key
    }

    fn is_chosen(&self, row: usize) -> bool {
        self.selected.contains(&self.lines[row].key)
    }

    fn sentence(&self, row: usize) -> String {
        self.lines[row].sentence.clone()
    }

    fn cell(&mut self, ui: &mut Ui, row: usize, column: BoardColumn) {
        let line = &self.lines[row];
        let tokens = tokens(ui.ctx());
        let text = |ui: &mut Ui, text: RichText| ui.add(egui::Label::new(text).truncate());
        match column {
            BoardColumn::Partner => {
                let name = RichText::new(&line.row.name).font(theme::medium(theme::BODY)).color(tokens.text);
                if self.compact {
                    let kind = line.row.profile.label().to_lowercase();
                    // However long the name is, which of the two it is has to be seen.
                    ui.spacing_mut().item_spacing.x = 6.0;
                    let width = ui.available_width() - 74.0;
                    ui.scope(|ui| {
                        ui.set_max_width(width);
                        text(ui, name);
                    });
                    let kind = muted(ui, kind);
                    ui.add(egui::Label::new(kind).extend());
                } else {
                    text(ui, name);
                }
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
                let waits = !applied && line.row.state != RolloverState::RolledBack;
                let said = small(&line.changes).color(if applied { tokens.text } else { tokens.muted });
                let shown = text(ui, said);
                if waits {
                    shown.on_hover_text("Not applied yet");
                } else if line.row.planned_otherwise().is_some() {
                    shown.on_hover_text(format!("{}\nThe second is planned and not applied yet", line.changes));
                }
            }
            BoardColumn::Test => message(ui, line.test.as_ref()),
            BoardColumn::Traffic => message(ui, line.traffic.as_ref()),
            BoardColumn::Note if line.note.is_empty() => {}
            BoardColumn::Note => {
                let ink = if line.row.problem.is_some() { tokens.bad.ink } else { tokens.muted };
                let about = format!("Copy the note of {}, {}", line.row.name, line.row.profile);
                long_text(ui, &line.note, ink, &about);
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
