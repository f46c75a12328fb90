//! The same numbers without a chart: as a table, and as text to be copied.

use egui::{Grid, RichText, ScrollArea, Ui};

use super::View;
use super::told::Told;
use crate::ui::desk::Desk;
use crate::ui::moment::grouped;
use crate::ui::outcome::milliseconds;
use crate::ui::theme::{self, tokens};
use crate::ui::transmissions::rows::Names;

/// Height of a row.
const PITCH: f32 = 22.0;

/// The heads of the columns.
const fn heads(view: View) -> &'static [&'static str] {
    match view {
        View::Outcomes => &["Time", "Delivered", "Received", "Failed", "Uncertain or waiting", "Cancelled"],
        View::Receipts => &["Time", "Receipts", "Median", "95th percentile"],
        View::Causes => &["Cause", "Failed"],
        View::Partners => &["Partner", "Failed"],
    }
}

/// How many rows there are.
const fn len(told: &Told, view: View) -> usize {
    match view {
        View::Outcomes | View::Receipts => told.summary.buckets.len(),
        View::Causes => told.summary.causes.len(),
        View::Partners => told.summary.partners.len(),
    }
}

/// One row; over time the newest is the first.
fn row(told: &Told, view: View, names: &Names, place: usize) -> Option<Vec<String>> {
    let newest = || len(told, view).checked_sub(place + 1);
    Some(match view {
        View::Outcomes => {
            let place = newest()?;
            let tally = told.summary.buckets.get(place)?.tally;
            let numbers = [tally.delivered, tally.received, tally.failed, tally.open, tally.cancelled].map(grouped);
            [told.names.get(place)?.clone()].into_iter().chain(numbers).collect()
        }
        View::Receipts => {
            let place = newest()?;
            let name = told.names.get(place)?.clone();
            match told.summary.buckets.get(place)?.receipt {
                Some(receipt) => {
                    vec![name, grouped(receipt.receipts), milliseconds(receipt.median_ms), milliseconds(receipt.p95_ms)]
                }
                None => vec![name, "0".to_owned(), "none".to_owned(), "none".to_owned()],
            }
        }
        View::Causes => {
            let each = told.summary.causes.get(place)?;
            vec![each.cause.clone().unwrap_or_else(|| "Cause not known".to_owned()), grouped(each.failed)]
        }
        View::Partners => {
            let each = told.summary.partners.get(place)?;
            vec![names.of(each.connection.as_ref()), grouped(each.failed)]
        }
    })
}

/// Shows the table.
pub(super) fn table(ui: &mut Ui, told: &Told, view: View, names: &Names, desk: &Desk<'_>) {
    let tokens = tokens(ui.ctx());
    let columns = heads(view);
    ui.spacing_mut().item_spacing.y = 0.0;
    let zone = desk.moment.zone.iana_name().unwrap_or_default();
    let head = |text: &str| RichText::new(text).font(theme::bold(theme::TABLE_HEAD)).color(tokens.muted);
    ScrollArea::vertical().id_salt("numbers of the chart").auto_shrink([false, false]).show_rows(
        ui,
        PITCH,
        len(told, view) + 1,
        |ui, rows| {
            Grid::new(("numbers", columns)).spacing([24.0, 0.0]).min_row_height(PITCH).min_col_width(72.0).show(
                ui,
                |ui| {
                    for place in rows {
                        if place == 0 {
                            for (column, text) in columns.iter().enumerate() {
                                let label = ui.label(head(text));
                                if column == 0 && view.is_over_time() {
                                    label.on_hover_text(format!("In the zone {zone}"));
                                }
                            }
                        } else {
                            for cell in row(told, view, names, place - 1).unwrap_or_default() {
                                ui.label(RichText::new(cell).font(theme::small()).color(tokens.text));
                            }
                        }
                        ui.end_row();
                    }
                },
            );
        },
    );
}

/// All of it, with tabs between the columns, as a sheet takes it.
pub(super) fn text(told: &Told, view: View, names: &Names, desk: &Desk<'_>) -> String {
    let mut lines = vec![heads(view).join("\t")];
    lines.extend((0..len(told, view)).filter_map(|place| row(told, view, names, place)).map(|cells| cells.join("\t")));
    if view.is_over_time() {
        lines.push(format!("Zone\t{}", desk.moment.zone.iana_name().unwrap_or_default()));
    }
    lines.join("\n")
}
