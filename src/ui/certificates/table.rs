//! The table of certificates.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use egui::{RichText, Ui};

use super::filters::{By, Order};
use super::rows::{Mark, Row, RowKey, Whose};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, TableCard, TableClick, TableColumn, TableRows, muted};

/// The columns.
const WIDE: [TableColumn<By>; 7] = [
    TableColumn::new(By::Name, "Certificate", 140.0),
    TableColumn::new(By::Whose, "Whose", 82.0),
    TableColumn::new(By::Used, "Used by", 150.0),
    TableColumn::new(By::Until, "Valid until", 188.0),
    TableColumn::new(By::Next, "Next", 184.0),
    TableColumn::new(By::Confirmed, "Confirmed", 134.0),
    TableColumn::new(By::Key, "Key", 138.0),
];

/// The same on a narrow window.
const MEDIUM: [TableColumn<By>; 4] = [
    TableColumn::new(By::Name, "Certificate", 138.0),
    TableColumn::new(By::Used, "Used by", 146.0),
    TableColumn::new(By::Until, "Valid until", 198.0),
    TableColumn::new(By::Next, "Next", 198.0),
];

/// The same where the detail takes its share: the end and what follows have to be seen.
const COMPACT: [TableColumn<By>; 3] = [
    TableColumn::new(By::Name, "Certificate", 140.0),
    TableColumn::new(By::Until, "Valid until", 198.0),
    TableColumn::new(By::Next, "Next", 158.0),
];

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
) -> Option<TableClick<By>> {
    let sets: [(f32, &[TableColumn<By>]); 3] = [(962.0, &WIDE), (672.0, &MEDIUM), (0.0, &COMPACT)];
    TableCard::new("certificates", TableCard::fitting(ui.available_width(), &sets))
        .sorted(order.by, order.reversed)
        .spread()
        .following()
        .scroll_to(scroll_to.map(|row| (row, None)))
        .show(ui, &mut Rows { rows, selected })
}

struct Rows<'a> {
    rows: &'a [Arc<Row>],
    selected: Option<&'a RowKey>,
}

impl TableRows<By> for Rows<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: usize) -> impl Hash + Debug {
        &self.rows[row].key
    }

    fn is_chosen(&self, row: usize) -> bool {
        self.selected == Some(&self.rows[row].key)
    }

    fn sentence(&self, row: usize) -> String {
        self.rows[row].sentence()
    }

    fn cell(&mut self, ui: &mut Ui, row: usize, column: By) {
        let row = &self.rows[row];
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
