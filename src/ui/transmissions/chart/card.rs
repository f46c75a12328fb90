//! The card: what it is about, the sum in a line, what is shown of it, and by which steps.

use egui::{Align, Layout, Rect, RichText, Sense, Ui, pos2, vec2};

use super::bars::{Line, bars};
use super::told::{Told, receipt_line};
use super::{Chart, Chosen, Looks, View, numbers, plot};
use crate::domain::summary::Step;
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::moment::grouped;
use crate::ui::outcome::milliseconds;
use crate::ui::theme::{self, tokens};
use crate::ui::transmissions::filters::{Filters, Period, Stretch};
use crate::ui::transmissions::list::List;
use crate::ui::widgets::{ToneName, icon_button, link, muted, segmented, tabs};

/// Height of what is below the tabs.
const HEIGHT: f32 = 118.0;

/// Where there is less room than this, only the first line is shown: the list must be seen.
const ROOM: f32 = 470.0;

/// Below this width the steps have a line of their own.
const NARROW: f32 = 700.0;

pub(super) fn card(
    ui: &mut Ui,
    desk: &Desk<'_>,
    chart: &mut Chart,
    looks: &mut Looks,
    filters: &Filters,
    list: &List,
) -> Option<Chosen> {
    let cramped = ui.available_height() < ROOM;
    let frame = crate::ui::widgets::card(ui).inner_margin(egui::Margin::symmetric(14, 8));
    let mut chosen = None;
    let mut again = false;
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
        let open = !looks.collapsed && !cramped;
        head(ui, chart, looks, filters, cramped);
        if !open {
            return;
        }
        switches(ui, chart, looks, desk, list);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
        let rect = rect.with_min_y(rect.top() + 5.0);
        let mut within = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)));
        (chosen, again) = content(&mut within, desk, chart, looks, filters, list);
    });
    if again {
        chart.again();
    }
    chosen
}

/// What it is about, and the sum of it.
fn head(ui: &mut Ui, chart: &Chart, looks: &mut Looks, filters: &Filters, cramped: bool) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 2.0);
        ui.set_min_height(26.0);
        if !cramped {
            let (icon, name) = match looks.collapsed {
                true => (Icon::ChevronRight, "Show the chart"),
                false => (Icon::ChevronDown, "Hide the chart"),
            };
            if icon_button(ui, icon, name).clicked() {
                looks.collapsed = !looks.collapsed;
            }
        }
        let title = match filters.period {
            Period::Today => "Today",
            Period::Week => "Last 7 days",
            Period::Month => "Last 30 days",
            Period::All => "All time",
        };
        let ink = tokens(ui.ctx()).muted;
        ui.label(RichText::new(title).font(theme::bold(theme::TABLE_HEAD)).color(ink));
        let Some(told) = chart.told() else { return };
        let parts = sum(ui, told, looks.view);
        // With the space before each, and its colour.
        let beside = |swatch: &Option<egui::Color32>| if swatch.is_some() { 8.0 + 9.0 + 10.0 } else { 8.0 + 5.0 };
        let width: f32 = parts.iter().map(|(swatch, galley)| galley.size().x + beside(swatch)).sum();
        // At the right edge where all of it fits, as a head has it.
        let rest = ui.available_size_before_wrap().x - width;
        if rest > 0.0 {
            ui.add_space(rest);
        }
        for (swatch, galley) in parts {
            ui.spacing_mut().item_spacing.x = 5.0;
            // A colour stays with its words, and the space before them does not make the card wider.
            let colour = if swatch.is_some() { 9.0 + 5.0 } else { 0.0 };
            if ui.available_size_before_wrap().x < 8.0 + colour + galley.size().x {
                ui.end_row();
            } else {
                ui.add_space(8.0);
            }
            if let Some(colour) = swatch {
                let (rect, _) = ui.allocate_exact_size(vec2(9.0, 18.0), Sense::hover());
                ui.painter().rect_filled(Rect::from_center_size(rect.center(), vec2(9.0, 9.0)), 2.0, colour);
            }
            ui.add(egui::Label::new(galley));
        }
    });
}

/// The sum in words, each with the colour that it has in the chart.
fn sum(ui: &Ui, told: &Told, view: View) -> Vec<(Option<egui::Color32>, std::sync::Arc<egui::Galley>)> {
    let tokens = tokens(ui.ctx());
    let total = told.summary.total;
    let [delivered, received, open, cancelled, failed] = plot::colours(tokens, View::Outcomes);
    let coloured = view == View::Outcomes;
    let laid = |tone: Option<ToneName>, words: String| {
        let mut job = egui::text::LayoutJob::default();
        if let Some(tone) = tone {
            let format = egui::TextFormat::simple(icon::font(12.0), tone.of(tokens).ink);
            job.append(&icon::glyph(tone.icon()), 0.0, format);
            job.append(&words, 4.0, egui::TextFormat::simple(theme::small(), tokens.muted));
        } else {
            job.append(&words, 0.0, egui::TextFormat::simple(theme::small(), tokens.muted));
        }
        ui.painter().layout_job(job)
    };
    let mut parts = Vec::new();
    if view == View::Receipts
        && let Some(receipt) = told.summary.receipt
    {
        let [median, most, ..] = plot::colours(tokens, view);
        parts.push((Some(median), laid(None, format!("half within {} (median)", milliseconds(receipt.median_ms)))));
        parts.push((Some(most), laid(None, format!("95 of 100 within {}", milliseconds(receipt.p95_ms)))));
        return parts;
    }
    for (number, word, tone, colour, always) in [
        (total.delivered, "delivered", ToneName::Ok, delivered, true),
        (total.received, "received", ToneName::Ok, received, false),
        (total.failed, "failed", ToneName::Bad, failed, true),
        (total.open, "uncertain or waiting", ToneName::Warn, open, false),
        (total.cancelled, "cancelled", ToneName::Info, cancelled, false),
    ] {
        if always || number > 0 {
            parts.push((coloured.then_some(colour), laid(Some(tone), format!("{} {word}", grouped(number)))));
        }
    }
    if let Some(receipt) = told.summary.receipt {
        parts.push((None, laid(None, receipt_line(receipt))));
    }
    parts
}

/// What is shown, by which steps, and whether in numbers.
fn switches(ui: &mut Ui, chart: &Chart, looks: &mut Looks, desk: &Desk<'_>, list: &List) {
    let narrow = ui.available_width() < NARROW;
    let top = ui.cursor().top();
    if let Some(view) = tabs(ui, looks.view, &View::ALL) {
        looks.view = view;
    }
    let room = ui.max_rect();
    if narrow {
        ui.horizontal_wrapped(|ui| steps(ui, chart, looks, desk, list));
    } else {
        // Beside the tabs.
        let rect = Rect::from_min_max(pos2(room.left() + 400.0, top), pos2(room.right(), top + 30.0));
        let layout = Layout::right_to_left(Align::Center);
        let mut beside = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
        steps(&mut beside, chart, looks, desk, list);
    }
}

/// From the right edge, or from the left where they have a line of their own.
fn steps(ui: &mut Ui, chart: &Chart, looks: &mut Looks, desk: &Desk<'_>, list: &List) {
    ui.spacing_mut().item_spacing.x = 6.0;
    let words = if looks.as_table { "Show as chart" } else { "Show as table" };
    let Some(told) = chart.told() else { return };
    let (from_right, view) = (ui.layout().prefer_right_to_left(), looks.view);
    let copy = |ui: &mut Ui| {
        if icon_button(ui, Icon::Copy, "Copy the numbers").clicked() {
            ui.ctx().copy_text(numbers::text(told, view, list.names(), desk));
        }
    };
    if from_right {
        copy(ui);
    }
    if link(ui, words).clicked() {
        looks.as_table = !looks.as_table;
    }
    if !from_right {
        copy(ui);
    }
    if !looks.view.is_over_time() {
        return;
    }
    ui.add_space(6.0);
    let step = told.summary.step;
    let mut all = vec![(Step::Hour, "Hour"), (Step::Day, "Day"), (Step::Week, "Week")];
    if step == Step::Month {
        all.push((Step::Month, "Month"));
    }
    if from_right {
        all.reverse();
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.spacing_mut().button_padding = vec2(8.0, 2.0);
        if let Some(chosen) = segmented(ui, step, &all) {
            looks.step = Some(chosen);
        }
    });
}

/// What is below the tabs, and whether it is to be tried again.
fn content(
    ui: &mut Ui,
    desk: &Desk<'_>,
    chart: &mut Chart,
    looks: &Looks,
    filters: &Filters,
    list: &List,
) -> (Option<Chosen>, bool) {
    if let Some((_, error)) = &chart.error {
        let tokens = tokens(ui.ctx());
        ui.add_space(20.0);
        let text = format!("The transmissions cannot be summed up: {error}");
        let again = ui
            .horizontal_wrapped(|ui| {
                ui.label(icon::text(Icon::TriangleAlert, tokens.bad.ink));
                ui.label(RichText::new(text).font(theme::small()).color(tokens.text));
                link(ui, "Try again").clicked()
            })
            .inner;
        return (None, again);
    }
    let mut at = chart.at;
    let Some(told) = chart.told() else {
        say(ui, "Counting…");
        return (None, false);
    };
    let summary = &told.summary;
    let words = match looks.view {
        _ if summary.total.total() == 0 => Some("Nothing to count: no transmission answers to what is set below"),
        View::Receipts if summary.receipt.is_none() => Some("No receipt (MDN) has come for these transmissions"),
        View::Causes | View::Partners if summary.total.failed == 0 => Some("None of these transmissions failed"),
        _ => None,
    };
    if let Some(words) = words {
        say(ui, words);
        return (None, false);
    }
    if looks.as_table {
        numbers::table(ui, told, looks.view, list.names(), desk);
        return (None, false);
    }
    let chosen = match looks.view {
        View::Outcomes | View::Receipts => {
            let of = filters.stretch.as_ref().map(|stretch| stretch.from);
            let clicked = plot::plot(ui, told, looks.view, of, &mut at, HEIGHT - 5.0);
            let stretch = |place: usize| {
                let bucket = summary.buckets.get(place)?;
                let name = told.names.get(place)?.clone();
                Some(Chosen::Stretch(Stretch { from: bucket.from, until: bucket.until, name }))
            };
            clicked.and_then(stretch)
        }
        View::Causes => {
            let line = |each: &crate::domain::summary::CauseCount| Line {
                name: each.cause.clone().unwrap_or_else(|| "Cause not known".to_owned()),
                failed: each.failed,
                target: each.cause.clone().map(Chosen::Cause),
                selected: each.cause.is_some() && each.cause == filters.cause,
            };
            bars(ui, "failures by cause", summary.causes.iter().map(line).collect(), HEIGHT - 5.0)
        }
        View::Partners => {
            let line = |each: &crate::domain::summary::PartnerCount| Line {
                name: list.names().of(each.connection.as_ref()),
                failed: each.failed,
                target: each.connection.clone().map(Chosen::Partner),
                selected: each.connection.is_some() && each.connection == filters.connection,
            };
            bars(ui, "failures by partner", summary.partners.iter().map(line).collect(), HEIGHT - 5.0)
        }
    };
    chart.at = at;
    (chosen, false)
}

fn say(ui: &mut Ui, words: &str) {
    ui.add_space(HEIGHT / 2.0 - 12.0);
    ui.vertical_centered(|ui| ui.label(muted(ui, words)));
}
