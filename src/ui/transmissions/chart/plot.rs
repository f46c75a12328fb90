//! Bars over time.

use egui::{Color32, EventFilter, Key, Modifiers, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2};
use egui_plot::{AxisHints, Bar, BarChart, GridInput, GridMark, Plot};
use jiff::Timestamp;

use super::View;
use super::told::Told;
use crate::domain::summary::Bucket;
use crate::ui::moment::grouped;
use crate::ui::outcome::milliseconds;
use crate::ui::theme::{self, Tokens, tokens};
use crate::ui::widgets::focus_ring;

/// Room for the numbers beside the bars: as much for six digits as for one, so that nothing moves when they change.
const NUMBERS: f32 = 54.0;

/// The least room for what is written below a bar.
const MARK: f32 = 74.0;

/// What a part of a bar stands for, from below upwards.
pub(super) fn parts(bucket: &Bucket, view: View) -> [f64; 5] {
    let height = |number: u64| number as f64;
    match view {
        View::Receipts => {
            let times = bucket.receipt.map_or((0, 0), |receipt| (receipt.median_ms, receipt.p95_ms));
            [height(times.0), height(times.1.saturating_sub(times.0)), 0.0, 0.0, 0.0]
        }
        _ => {
            let tally = bucket.tally;
            [tally.delivered, tally.received, tally.open, tally.cancelled, tally.failed].map(height)
        }
    }
}

/// The colours of the same parts.
pub(super) fn colours(tokens: &Tokens, view: View) -> [Color32; 5] {
    let delivered = tokens.accent.ink.gamma_multiply(0.6);
    let received = tokens.accent.ink.gamma_multiply(0.3);
    match view {
        View::Receipts => [delivered, tokens.accent.ink.gamma_multiply(0.25), delivered, delivered, delivered],
        _ => [delivered, received, tokens.warn.ink, tokens.info.ink.gamma_multiply(0.6), tokens.bad.ink],
    }
}

/// A round number not below another, whose half is one too.
fn round_up(number: f64) -> f64 {
    let power = 10_f64.powf(number.max(1.0).log10().floor());
    [1.0, 1.2, 1.6, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|round| *round >= number)
        .unwrap_or(number)
}

/// Shows the bars of a view, and returns the place of the one that was clicked. `at` is the one that the keyboard comes to.
pub(super) fn plot(
    ui: &mut Ui,
    told: &Told,
    view: View,
    chosen: Option<Timestamp>,
    at: &mut Option<Timestamp>,
    height: f32,
) -> Option<usize> {
    let tokens = tokens(ui.ctx());
    let buckets = &told.summary.buckets;
    let fills = colours(tokens, view);
    let mut charts: [Vec<Bar>; 5] = std::array::from_fn(|_| Vec::with_capacity(buckets.len()));
    let (mut most, mut place) = (0.0_f64, 0.0_f64);
    for bucket in buckets {
        let mut base = 0.0;
        let dim = chosen.is_some_and(|chosen| chosen != bucket.from);
        for ((part, fill), bars) in parts(bucket, view).into_iter().zip(fills).zip(&mut charts) {
            if part > 0.0 {
                let fill = if dim { fill.gamma_multiply(0.35) } else { fill };
                bars.push(Bar::new(place, part).base_offset(base).width(0.72).fill(fill).stroke(Stroke::NONE));
            }
            base += part;
        }
        most = most.max(base);
        place += 1.0;
    }
    let top = round_up(most * 1.04);
    let (width, last) = (ui.available_width() - NUMBERS, place - 0.5);
    let every = ((MARK * buckets.len() as f32 / width.max(1.0)).ceil() as usize).max(1);
    let marks = (0..buckets.len()).rev().skip(every / 2).step_by(every).collect::<Vec<_>>();
    let plot = Plot::new("transmissions over time")
        .height(height)
        .sense(Sense::hover())
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .allow_axis_zoom_drag(false)
        .show_crosshair(false)
        .show_background(false)
        .show_x(false)
        .show_y(false)
        .show_grid([false, true])
        .grid_color(tokens.line)
        .grid_fade(0.0)
        .set_margin_fraction(egui::Vec2::ZERO)
        .label_formatter(|_| None)
        .x_grid_spacer(move |_: GridInput| {
            marks.iter().map(|mark| GridMark { value: *mark as f64, step_size: every as f64 }).collect()
        })
        .y_grid_spacer(move |_: GridInput| {
            [0.0, top / 2.0, top].into_iter().map(|value| GridMark { value, step_size: top / 2.0 }).collect()
        })
        .custom_x_axes(vec![
            AxisHints::new_x()
                .formatter(|mark, _| written(&told.marks, mark.value))
                .label_spacing(8.0..=12.0)
                .tick_label_font(theme::small())
                .tick_label_color(tokens.muted),
        ])
        .custom_y_axes(vec![
            AxisHints::new_y()
                .formatter(move |mark, _| value(mark.value, view))
                .label_spacing(8.0..=12.0)
                .min_thickness(NUMBERS)
                .tick_label_font(theme::small())
                .tick_label_color(tokens.muted),
        ]);
    let shown = plot.show(ui, |plot| {
        plot.set_plot_bounds_x(-0.5..=last);
        plot.set_plot_bounds_y(0.0..=top);
        for (part, bars) in charts.into_iter().enumerate() {
            plot.bar_chart(BarChart::new(part.to_string(), bars).allow_hover(false));
        }
    });
    let frame = *shown.transform.frame();
    let words = if view == View::Receipts { &told.receipts } else { &told.outcomes };
    answer(ui, frame, buckets, words, chosen, at)
}

/// The columns of the bars as controls: each says its numbers, and one of them is where the keyboard comes to.
fn answer(
    ui: &Ui,
    frame: Rect,
    buckets: &[Bucket],
    words: &[String],
    chosen: Option<Timestamp>,
    at: &mut Option<Timestamp>,
) -> Option<usize> {
    let tokens = tokens(ui.ctx());
    let column = |place: usize| {
        let width = frame.width() / buckets.len().max(1) as f32;
        let left = frame.left() + width * place as f32;
        Rect::from_min_max(pos2(left, frame.top()), pos2(left + width, frame.bottom()))
    };
    let here = at.and_then(|at| buckets.iter().position(|bucket| bucket.from == at));
    let here = here.unwrap_or(buckets.len().saturating_sub(1));
    let (mut clicked, mut moved_to) = (None, None);
    for (place, (bucket, words)) in buckets.iter().zip(words).enumerate() {
        let rect = column(place);
        let id = ui.scope_id().with(("bar", bucket.from.as_second()));
        let sense = if place == here { Sense::click() } else { Sense::CLICK };
        let response = ui.interact(rect, id, sense);
        let selected = chosen == Some(bucket.from);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, words));
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect, 2.0, tokens.text.gamma_multiply(0.07));
        }
        if selected {
            let line = Stroke::new(1.0, tokens.accent.ink);
            ui.painter().rect_stroke(rect, 2.0, line, StrokeKind::Inside);
        }
        if response.has_focus() {
            focus_ring(ui, &response);
            let arrows = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, arrows));
            let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
            let next = if pressed(Key::ArrowLeft) {
                place.checked_sub(1)
            } else if pressed(Key::ArrowRight) {
                Some(place + 1).filter(|next| *next < buckets.len())
            } else {
                None
            };
            if let Some(next) = next.and_then(|next| buckets.get(next)) {
                *at = Some(next.from);
                moved_to = Some(ui.scope_id().with(("bar", next.from.as_second())));
            }
        }
        if response.clicked() {
            *at = Some(bucket.from);
            clicked = Some(place);
        }
        response.on_hover_text(words);
    }
    // Only now: a bar that the keyboard does not come to yet would let go of the focus again.
    if let Some(next) = moved_to {
        ui.memory_mut(|memory| memory.request_focus(next));
    }
    clicked
}

fn written(marks: &[String], value: f64) -> String {
    marks.get(value.round().max(0.0) as usize).cloned().unwrap_or_default()
}

/// A number beside the bars; a half of one is none.
fn value(value: f64, view: View) -> String {
    let whole = value.max(0.0).round() as u64;
    match view {
        View::Receipts if whole == 0 => "0 s".to_owned(),
        View::Receipts => milliseconds(whole),
        _ if value.fract() > 0.01 => String::new(),
        _ => grouped(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_in_a_round_number_not_below_the_highest_bar() {
        let rounded = [0.0, 1.0, 7.0, 38.0, 110.0, 170.0, 1_000_000.0].map(round_up);
        assert_eq!(rounded, [1.0, 1.0, 8.0, 40.0, 120.0, 200.0, 1_000_000.0]);
        assert_eq!([value(0.5, View::Outcomes), value(1_000.0, View::Outcomes)], ["", "1,000"]);
        assert_eq!(value(500.0, View::Receipts), "500 ms");
    }
}
