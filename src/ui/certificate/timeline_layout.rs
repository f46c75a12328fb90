//! Drawing a timeline to scale. Where everything goes is worked out first, without a window, so that it can be tested:
//! labels never overlap; one that finds no room is left out, and the words below and the spoken form still say it.

use egui::{
    Align, Align2, Id, Label, Layout, Painter, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};
use jiff::tz::TimeZone;

use super::timeline::{Lane, Mark, Part, Timeline};
use super::timeline_scale::{Scale, Span, navigate, zoom};
use crate::ui::icon::Icon;
use crate::ui::theme::{self, Tokens, tokens};
use crate::ui::widgets::{focus_ring, icon_button, muted};

/// Height of a bar.
const BAR: f32 = 20.0;
/// From one bar to the next.
const PITCH: f32 = 28.0;
/// Above the first bar.
const TOP: f32 = 8.0;
/// For the labels below.
const LABELS: f32 = 22.0;
/// For the dates above.
pub(in crate::ui) const DATES: f32 = 18.0;
/// As wide are the buttons that zoom, with a gap before them.
const BUTTONS: f32 = 110.0;
/// Between two labels.
const GAP: f32 = 10.0;
const DAY: i64 = 86_400;

/// Around what is of interest: today, the activation, the end of the certificate in use.
fn fitted(timeline: &Timeline) -> Span {
    let mut points: Vec<i64> = timeline.marks.iter().map(|mark| mark.at.as_second()).collect();
    let alone = timeline.lanes.len() == 1;
    let ends = timeline.lanes.iter().filter(|lane| alone || lane.part != Part::New);
    points.extend(ends.map(|lane| lane.until.as_second()));
    let first = points.iter().copied().min().unwrap_or(0);
    let last = points.iter().copied().max().unwrap_or(0);
    let span = (last - first).max(7 * DAY);
    // The beginning of the new one, where it is near.
    let begins = timeline.lanes.iter().filter(|lane| lane.part == Part::New).map(|lane| lane.from.as_second());
    let first = begins.filter(|begin| first - begin < span).fold(first, i64::min);
    let span = (last - first).max(7 * DAY);
    Span { from: first - span / 2, until: last + span * 3 / 5 }
}

/// Where labels go that belong under their middles: as near as the others allow. The last in the list goes first where
/// there is no room for all.
fn spread(wanted: &[(f32, f32)], room: f32) -> Vec<Option<f32>> {
    let mut kept = wanted.len();
    while kept > 0 {
        let mut order: Vec<usize> = (0..kept).collect();
        order.sort_by(|a, b| wanted[*a].0.total_cmp(&wanted[*b].0));
        let total: f32 = order.iter().map(|index| wanted[*index].1 + GAP).sum::<f32>() - GAP;
        if total <= room {
            let mut left = vec![0.0_f32; kept];
            let mut edge = 0.0_f32;
            for index in &order {
                let (middle, width) = wanted[*index];
                left[*index] = (middle - width / 2.0).max(edge);
                edge = left[*index] + width + GAP;
            }
            let mut edge = room;
            for index in order.iter().rev() {
                let width = wanted[*index].1;
                left[*index] = left[*index].min(edge - width);
                edge = left[*index] - GAP;
            }
            return left.into_iter().map(Some).chain(std::iter::repeat(None)).take(wanted.len()).collect();
        }
        kept -= 1;
    }
    vec![None; wanted.len()]
}

/// Where a bar's two words go: the word inside it, clear of the marks' lines, and what happens at its end behind it or,
/// where the window ends first, inside at the right. Each is left out where it has no room.
fn in_bar(bar: (f32, f32), word: f32, end: f32, lines: &[f32], room: f32) -> (Option<f32>, Option<f32>) {
    let behind = bar.1 + 6.0;
    let mut right = bar.1;
    let clear = |left: f32, width: f32| lines.iter().all(|line| *line < left - 3.0 || *line > left + width + 3.0);
    let end_at = if behind + end <= room && clear(behind, end) {
        Some(behind)
    } else {
        let inside = bar.1 - end - 8.0;
        (inside >= bar.0 + 8.0 && clear(inside, end)).then(|| {
            right = inside - GAP;
            inside
        })
    };
    // The pieces into which the lines cut the bar; the widest takes the word, the first of equals.
    let mut cuts: Vec<f32> = lines.iter().copied().filter(|line| *line > bar.0 && *line < right).collect();
    cuts.sort_by(f32::total_cmp);
    let mut edges = vec![bar.0];
    edges.extend(cuts);
    edges.push(right);
    let piece = edges
        .windows(2)
        .map(|piece| (piece[0] + 8.0, piece[1] - 8.0))
        .filter(|(from, until)| until - from >= word)
        .fold(None, |best: Option<(f32, f32)>, piece| match best {
            Some(best) if best.1 - best.0 >= piece.1 - piece.0 => Some(best),
            _ => Some(piece),
        });
    (piece.map(|(from, _)| from), end_at)
}

/// Draws a timeline across what room there is: zoomed with Ctrl and the wheel, pinching, the buttons or the keys + and −,
/// dragged, and fitted again.
pub(in crate::ui) fn draw(ui: &mut Ui, timeline: &Timeline) -> Response {
    let id = ui.make_persistent_id("timeline");
    if !timeline.lanes.is_empty() {
        controls(ui, id);
    }
    chart(ui, id, timeline)
}

/// The same with its buttons below, on the line of the words that say what is drawn: where every line counts.
pub(super) fn draw_above(ui: &mut Ui, timeline: &Timeline, words: &str) {
    let id = ui.make_persistent_id("timeline");
    chart(ui, id, timeline);
    ui.horizontal_top(|ui| {
        let buttons = if timeline.lanes.is_empty() { 0.0 } else { BUTTONS };
        ui.scope(|ui| {
            ui.set_width((ui.available_width() - buttons).max(120.0));
            ui.add(Label::new(muted(ui, words)).wrap());
        });
        if !timeline.lanes.is_empty() {
            controls(ui, id);
        }
    });
}

/// The bars with their dates and labels.
fn chart(ui: &mut Ui, id: Id, timeline: &Timeline) -> Response {
    let tokens = tokens(ui.ctx());
    #[expect(clippy::cast_precision_loss, reason = "a few bars")]
    let bars = TOP + timeline.lanes.len() as f32 * PITCH;
    let (whole, _) = ui.allocate_exact_size(vec2(ui.available_width(), DATES + bars + LABELS), Sense::hover());
    let response = ui.interact(whole, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &timeline.spoken));
    let span = navigate(ui, &response, whole, fitted(timeline));
    if !ui.is_rect_visible(whole) {
        return response;
    }
    focus_ring(ui, &response);
    let scale = Scale { span, width: whole.width() };
    dates(ui, whole, bars, &scale, &timeline.zone);
    let area = whole.with_min_y(whole.top() + DATES);
    let painter = ui.painter().with_clip_rect(whole.intersect(ui.clip_rect()));
    let layout = |text: &str, ink| painter.layout_no_wrap(text.to_owned(), theme::medium(theme::TABLE_HEAD), ink);
    let marks: Vec<&Mark> = timeline.marks.iter().filter(|mark| scale.shows(mark.at)).collect();
    let lines: Vec<f32> = marks.iter().map(|mark| scale.x(mark.at)).collect();
    for (index, lane) in timeline.lanes.iter().enumerate() {
        bar(&painter, tokens, lane_rect(area, index, &scale, lane), lane.part);
    }
    if let Some((from, until)) = timeline.overlap {
        let rect = Rect::from_min_max(
            pos2(area.left() + scale.x(from), area.top() + 3.0),
            pos2(area.left() + scale.x(until), area.top() + bars - 3.0),
        );
        painter.rect_filled(rect, 0.0, tokens.accent.ink.gamma_multiply(0.14));
        // Its edges, for those to whom the tint says nothing.
        for x in [rect.left(), rect.right()] {
            painter.add(Shape::dashed_line(
                &[pos2(x, rect.top()), pos2(x, rect.bottom())],
                Stroke::new(1.0, tokens.accent.ink),
                3.0,
                3.0,
            ));
        }
    }
    for (from, until) in &timeline.gaps {
        let right = until.map_or(area.width(), |until| scale.x(until));
        let rect = Rect::from_min_max(
            pos2(area.left() + scale.x(*from), area.top() + TOP - 4.0),
            pos2(area.left() + right, area.top() + bars - 4.0),
        );
        gap(&painter, tokens, rect, if until.is_some() { "gap" } else { "no successor" });
    }
    for (index, lane) in timeline.lanes.iter().enumerate() {
        let rect = lane_rect(area, index, &scale, lane);
        let ink = if lane.part == Part::New { tokens.ok.ink } else { tokens.text };
        let ends = if lane.part == Part::New { tokens.muted } else { tokens.bad.ink };
        let (word, end) = (layout(&lane.word, ink), layout(&lane.end, ends));
        let bar = (rect.left() - area.left(), rect.right() - area.left());
        // What stands behind the bar is hatched where a gap begins there: the words go inside.
        let gap_behind = timeline.gaps.iter().any(|(from, _)| *from == lane.until);
        let room = if gap_behind { bar.1 } else { area.width() };
        let (word_at, end_at) = in_bar(bar, word.size().x, end.size().x, &lines, room);
        // Where the end lies outside of what is shown, its words would point at nothing.
        let end_at = end_at.filter(|_| scale.shows(lane.until));
        for (galley, at) in [(word, word_at), (end, end_at)] {
            if let Some(at) = at {
                painter.galley(pos2(area.left() + at, rect.center().y - galley.size().y / 2.0), galley, ink);
            }
        }
    }
    // The activation's label stays where there is room for one alone.
    let mut marks = marks;
    marks.sort_by_key(|mark| !mark.activation);
    let labels: Vec<_> = marks
        .iter()
        .map(|mark| (mark, layout(&mark.word, if mark.activation { tokens.accent.ink } else { tokens.muted })))
        .collect();
    let wanted: Vec<(f32, f32)> = labels.iter().map(|(mark, galley)| (scale.x(mark.at), galley.size().x)).collect();
    for ((mark, galley), left) in labels.into_iter().zip(spread(&wanted, area.width())) {
        let ink = if mark.activation { tokens.accent.ink } else { tokens.muted };
        let line = Stroke::new(if mark.activation { 2.0 } else { 1.5 }, ink);
        painter.vline(area.left() + scale.x(mark.at), area.top()..=area.top() + bars + 2.0, line);
        if let Some(left) = left {
            painter.galley(pos2(area.left() + left, area.top() + bars + 5.0), galley, ink);
        }
    }
    if timeline.lanes.is_empty() {
        let ink = tokens.muted;
        painter.text(area.left_top(), Align2::LEFT_TOP, "No certificate yet", theme::small(), ink);
    }
    response.on_hover_text("Drag to move, Ctrl and the wheel to zoom, double-click to fit")
}

fn lane_rect(area: Rect, index: usize, scale: &Scale, lane: &Lane) -> Rect {
    #[expect(clippy::cast_precision_loss, reason = "a few bars")]
    let top = area.top() + TOP + index as f32 * PITCH;
    let (from, until) = (scale.x(lane.from), scale.x(lane.until).max(scale.x(lane.from) + 2.0));
    Rect::from_min_max(pos2(area.left() + from, top), pos2(area.left() + until, top + BAR))
}

/// A certificate's bar. What it is to the profile is told by its edge as well: whole in use, dashed to come, thin accepted.
pub(in crate::ui) fn bar(painter: &Painter, tokens: &Tokens, rect: Rect, part: Part) {
    let tone = match part {
        Part::InUse => tokens.info,
        Part::New => tokens.ok,
        Part::Accepted => tokens.warn,
    };
    painter.rect_filled(rect, 3.0, tone.soft);
    let edge = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    match part {
        Part::InUse => {
            painter.rect_stroke(rect, 3.0, Stroke::new(1.5, tone.ink), StrokeKind::Inside);
        }
        Part::New => {
            painter.add(Shape::dashed_line(&edge, Stroke::new(1.0, tone.ink), 5.0, 3.0));
        }
        Part::Accepted => {
            painter.hline(rect.x_range(), rect.bottom() - 1.0, Stroke::new(1.0, tone.ink));
        }
    }
}

/// While nothing valid can be encrypted for: hatched, with its word where it has room.
pub(in crate::ui) fn gap(painter: &Painter, tokens: &Tokens, rect: Rect, word: &str) {
    if rect.width() < 1.0 {
        return;
    }
    let within = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let line = Stroke::new(1.0, tokens.bad.ink.gamma_multiply(0.55));
    let mut x = rect.left() - rect.height();
    while x < rect.right() {
        within.line_segment([pos2(x, rect.bottom()), pos2(x + rect.height(), rect.top())], line);
        x += 7.0;
    }
    let galley = within.layout_no_wrap(word.to_owned(), theme::medium(theme::TABLE_HEAD), tokens.bad.ink);
    let size = galley.size();
    if size.x + 8.0 <= rect.width() {
        let at = pos2(rect.center().x - size.x / 2.0, rect.bottom() - size.y - 2.0);
        within.rect_filled(Rect::from_min_size(at, size).expand2(vec2(4.0, 1.0)), 3.0, tokens.bad.soft);
        within.galley(at, galley, tokens.bad.ink);
    }
}

/// The dates above the bars, each with a thin line through them.
pub(in crate::ui) fn dates(ui: &Ui, area: Rect, bars: f32, scale: &Scale, zone: &TimeZone) {
    let tokens = tokens(ui.ctx());
    for (at, word) in scale.ticks(zone, 64.0) {
        let x = area.left() + scale.x(at);
        ui.painter().vline(x, area.top() + DATES..=area.top() + DATES + bars, Stroke::new(1.0, tokens.line));
        let galley = ui.painter().layout_no_wrap(word, theme::small(), tokens.muted);
        let left = (x - galley.size().x / 2.0).clamp(area.left(), (area.right() - galley.size().x).max(area.left()));
        ui.painter().galley(pos2(left, area.top()), galley, tokens.muted);
    }
}

/// The buttons that zoom and fit.
pub(in crate::ui) fn controls(ui: &mut Ui, timeline: Id) {
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 26.0), Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (symbol, name, factor) in [
            (Icon::Maximize, "Fit the timeline", 0.0),
            (Icon::ZoomOut, "Zoom out of the timeline", 1.0 / 1.5),
            (Icon::ZoomIn, "Zoom into the timeline", 1.5),
        ] {
            if icon_button(ui, symbol, name).clicked() {
                zoom(ui, timeline, factor);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * DAY).unwrap()
    }

    fn lane(part: Part, from: i64, until: i64) -> Lane {
        Lane { part, from: day(from), until: day(until), word: "in use".to_owned(), end: "expires".to_owned() }
    }

    fn mark(at: i64, activation: bool) -> Mark {
        Mark { at: day(at), word: "today".to_owned(), activation }
    }

    #[test]
    fn labels_keep_apart_stay_inside_and_the_least_goes_first() {
        let apart = |wanted: &[(f32, f32)], room: f32| {
            let places = spread(wanted, room);
            let mut taken: Vec<(f32, f32)> = places
                .iter()
                .zip(wanted)
                .filter_map(|(left, (_, width))| Some((((*left)?), (*left)? + width)))
                .collect();
            taken.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(taken.windows(2).all(|pair| pair[0].1 + GAP <= pair[1].0 + 0.01), "{wanted:?}: {taken:?}");
            assert!(taken.iter().all(|(left, right)| *left >= -0.01 && *right <= room + 0.01), "{taken:?}");
            places
        };
        // Far apart each stands under its middle.
        assert_eq!(apart(&[(100.0, 40.0), (300.0, 80.0)], 400.0), [Some(80.0), Some(260.0)]);
        // Together, and at both edges.
        apart(&[(200.0, 80.0), (198.0, 40.0)], 400.0);
        apart(&[(1.0, 80.0), (2.0, 40.0)], 400.0);
        apart(&[(399.0, 80.0), (398.0, 40.0), (397.0, 60.0)], 400.0);
        // Without room for both the first in the list stays.
        assert_eq!(apart(&[(50.0, 80.0), (50.0, 40.0)], 100.0), [Some(10.0), None]);
        assert_eq!(apart(&[(50.0, 80.0)], 60.0), [None]);
    }

    #[test]
    fn what_matters_lies_inside_and_in_order() {
        let lanes = vec![lane(Part::InUse, -1000, 21), lane(Part::New, -4, 700)];
        let marks = vec![mark(0, false), mark(7, true)];
        let (gaps, spoken, zone) = (Vec::new(), String::new(), TimeZone::UTC);
        let timeline = Timeline { lanes, marks, overlap: None, gaps, spoken, zone };
        let scale = Scale { span: fitted(&timeline), width: 900.0 };
        let xs = [-4, 0, 7, 21].map(|number| scale.x(day(number)));
        assert!(xs.windows(2).all(|pair| pair[0] + 20.0 < pair[1]), "{xs:?}");
        assert!(xs[0] > 90.0 && xs[3] < 760.0, "{xs:?}");
        assert_eq!((scale.x(day(-1000)), scale.x(day(700))), (0.0, 900.0));
        // To scale: a day is as wide before as after.
        let per_day = (xs[3] - xs[2]) / 14.0;
        assert!(((xs[2] - xs[1]) / 7.0 - per_day).abs() < 0.01);
    }

    #[test]
    fn the_words_of_a_bar_keep_clear_of_lines_and_of_each_other() {
        // Room behind the bar.
        assert_eq!(in_bar((0.0, 500.0), 40.0, 90.0, &[300.0, 380.0], 900.0), (Some(8.0), Some(506.0)));
        // None behind it: inside, and the word in the widest piece that is left.
        let (word, end) = in_bar((200.0, 900.0), 40.0, 90.0, &[300.0, 380.0], 900.0);
        assert_eq!((word, end), (Some(388.0), Some(802.0)));
        // A bar that is too short has none inside.
        assert_eq!(in_bar((895.0, 900.0), 40.0, 90.0, &[], 900.0), (None, None));
        // A line behind the bar moves the end's word inside.
        assert_eq!(in_bar((0.0, 500.0), 40.0, 90.0, &[550.0], 900.0).1, Some(402.0));
    }
}
