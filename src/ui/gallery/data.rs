//! What tells how things stand: badges, and tables of them.

use egui::{Align, Label, Layout, Ui, vec2};

use super::part;
use crate::domain::compliance::Status;
use crate::domain::sentence::sentence;
use crate::domain::transmission::{Light, Verdict};
use crate::ui::icon::Icon;
use crate::ui::theme;
use crate::ui::widgets::{Badge, TableCard, TableClick, TableColumn, TableRows, ToneName, mono, muted, small};

/// A column of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Standing,
    File,
}

const COLUMNS: [TableColumn<Column>; 3] = [
    TableColumn::new(Column::Name, "Connection", 170.0),
    TableColumn::new(Column::Standing, "Standing", 140.0),
    TableColumn::new(Column::File, "File", 140.0),
];

/// What was chosen in the tables.
pub(super) struct Data {
    selected: Option<usize>,
    ticked: [bool; 4],
    order: (Column, bool),
}

impl Default for Data {
    fn default() -> Self {
        Self { selected: Some(1), ticked: [true, false, true, false], order: (Column::Name, false) }
    }
}

/// The rows of a table.
struct Rows<'a> {
    len: usize,
    is_chosen: &'a dyn Fn(usize) -> bool,
}

const STANDING: [(&str, Status, &str); 4] = [
    ("Amazon Vendor US", Status::NonCompliant, "850-000412.edi"),
    ("Amazon Vendor DE", Status::Due, "850-000413.edi"),
    ("Harbor Grocers", Status::Compliant, "997-000081.edi"),
    ("Northwind Wholesale and Distribution", Status::Unknown, "a-very-long-name-of-a-file.edi"),
];

impl TableRows<Column> for Rows<'_> {
    fn len(&self) -> usize {
        self.len
    }

    fn key(&self, row: usize) -> impl std::hash::Hash + std::fmt::Debug {
        row
    }

    fn is_chosen(&self, row: usize) -> bool {
        (self.is_chosen)(row)
    }

    fn sentence(&self, row: usize) -> String {
        STANDING.get(row).map_or_else(String::new, |(name, status, _)| format!("{name}, {}", status.label()))
    }

    fn cell(&mut self, ui: &mut Ui, row: usize, column: Column) {
        let Some((name, status, file)) = STANDING.get(row) else { return };
        match column {
            Column::Name => ui.add(Label::new(small(*name)).truncate()),
            Column::Standing => Badge::status(*status, status.label()).show(ui),
            Column::File => ui.add(Label::new(mono(*file)).truncate()),
        };
    }
}

impl Data {
    pub(super) fn show(&mut self, ui: &mut Ui) {
        part(ui, "Tables", |ui| self.tables(ui));
    }

    fn tables(&mut self, ui: &mut Ui) {
        let (by, reversed) = self.order;
        ui.label(muted(ui, "Sorted, one selected"));
        let selected = self.selected;
        let mut rows = Rows { len: STANDING.len(), is_chosen: &|row| selected == Some(row) };
        let table = TableCard::new("gallery rows", &COLUMNS).sorted(by, reversed);
        match within(ui, "rows", STANDING.len(), |ui| table.show(ui, &mut rows)) {
            Some(TableClick::Row(row, _)) => self.selected = Some(row),
            Some(TableClick::Head(column)) => self.order = (column, column == by && !reversed),
            Some(TableClick::All) | None => {}
        }
        ui.label(muted(ui, "With ticks"));
        let ticked = self.ticked;
        let mut rows = Rows { len: STANDING.len(), is_chosen: &|row| ticked.get(row) == Some(&true) };
        let table = TableCard::new("gallery ticks", &COLUMNS).ticked();
        match within(ui, "ticks", STANDING.len(), |ui| table.show(ui, &mut rows)) {
            Some(TableClick::Row(row, _)) => self.ticked.iter_mut().skip(row).take(1).for_each(|tick| *tick = !*tick),
            Some(TableClick::All) => self.ticked = [!self.ticked.iter().all(|tick| *tick); 4],
            Some(TableClick::Head(_)) | None => {}
        }
        ui.label(muted(ui, "Without rows"));
        let mut none = Rows { len: 0, is_chosen: &|_| false };
        within(ui, "empty", 0, |ui| TableCard::new("gallery empty", &COLUMNS).show(ui, &mut none));
    }
}

/// A place of its own as high as a table of so many rows: a page has one table, and two beside each other would be taken for one.
fn within<R>(ui: &mut Ui, name: &str, rows: usize, show: impl FnOnce(&mut Ui) -> R) -> R {
    #[expect(clippy::cast_precision_loss, reason = "a few rows")]
    let size = vec2(ui.available_width(), theme::HEAD + theme::ROW * rows as f32 + 2.0);
    ui.push_id(name, |ui| ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), show).inner).inner
}

pub(super) fn badges(ui: &mut Ui) {
    part(ui, "Badges", all_badges);
}

fn all_badges(ui: &mut Ui) {
    ui.label(muted(ui, "Of a status"));
    ui.horizontal_wrapped(|ui| {
        for status in Status::ALL {
            Badge::status(*status, status.label()).show(ui);
        }
    });
    ui.label(muted(ui, "Of a transmission"));
    ui.horizontal_wrapped(|ui| {
        for verdict in Verdict::ALL {
            Badge::verdict(*verdict, &sentence(verdict.as_str())).show(ui);
        }
    });
    ui.label(muted(ui, "Of a light"));
    ui.horizontal_wrapped(|ui| {
        for light in Light::ALL {
            Badge::new(ToneName::light(*light), &sentence(&light.as_str().replace('-', " "))).show(ui);
        }
    });
    ui.label(muted(ui, "With an icon of its own, leading to its cause, and where there is no room"));
    ui.horizontal(|ui| {
        Badge::new(ToneName::Accent, "Scheduled").icon(Icon::Clock).show(ui);
        Badge::new(ToneName::Bad, "3DES").about("Encryption").stands("not compliant").leads().show(ui);
        ui.scope(|ui| {
            ui.set_max_width(90.0);
            Badge::new(ToneName::Warn, "Ends in 12 days").show(ui);
        });
    });
}
