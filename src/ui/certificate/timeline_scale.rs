//! Which stretch of time a timeline shows: to scale, zoomed about the pointer, dragged, fitted; and the dates below it.

use egui::{EventFilter, Key, Modifiers, Rect, Response, Ui};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

const DAY: i64 = 86_400;

/// The least that is shown: an hour is a finger's width then.
const LEAST: i64 = DAY;

/// The most: longer than any certificate is valid.
const MOST: i64 = 60 * 365 * DAY;

/// A stretch of time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ui) struct Span {
    /// Its beginning.
    pub from: i64,
    /// Its end.
    pub until: i64,
}

impl Span {
    /// Its length.
    const fn length(self) -> i64 {
        self.until - self.from
    }

    /// Shorter or longer about an instant that stays where it is; `factor` above 1 shows less, larger.
    #[must_use]
    pub(super) fn zoomed(self, factor: f64, about: i64) -> Self {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "pixels")]
        let length = ((self.length() as f64 / factor) as i64).clamp(LEAST, MOST);
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let share = (about - self.from) as f64 / self.length().max(1) as f64;
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "pixels")]
        let from = about - (share * length as f64) as i64;
        Self { from, until: from + length }.held()
    }

    /// Moved by a share of its length.
    #[must_use]
    pub(super) fn panned(self, share: f64) -> Self {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "pixels")]
        let by = (self.length() as f64 * share) as i64;
        Self { from: self.from + by, until: self.until + by }.held()
    }

    /// Held where instants can be written.
    fn held(self) -> Self {
        let (first, last) = (Timestamp::MIN.as_second() + DAY, Timestamp::MAX.as_second() - DAY);
        let length = self.length().min(MOST);
        let from = self.from.clamp(first, last - length);
        Self { from, until: from + length }
    }
}

/// A stretch of time across some width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ui) struct Scale {
    /// What is shown.
    pub span: Span,
    /// How wide it is.
    pub width: f32,
}

impl Scale {
    /// Where an instant is, held within what is drawn.
    pub(in crate::ui) fn x(&self, at: Timestamp) -> f32 {
        let at = at.as_second().clamp(self.span.from, self.span.until);
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let share = (at - self.span.from) as f64 / self.span.length().max(1) as f64;
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        let x = (share * f64::from(self.width)) as f32;
        x
    }

    /// Whether an instant lies within what is drawn.
    pub(in crate::ui) fn shows(&self, at: Timestamp) -> bool {
        (self.span.from..=self.span.until).contains(&at.as_second())
    }

    /// The instant at a place.
    fn at(&self, x: f32) -> i64 {
        let share = f64::from(x) / f64::from(self.width.max(1.0));
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "pixels")]
        let after = (share * self.span.length() as f64) as i64;
        self.span.from + after
    }

    /// The dates to be written, each at its instant: as many as have room, at the beginnings of years, quarters, months or
    /// days.
    #[must_use]
    pub(in crate::ui) fn ticks(&self, zone: &TimeZone, room: f32) -> Vec<(Timestamp, String)> {
        #[expect(clippy::cast_precision_loss, reason = "pixels")]
        let days = self.span.length() as f64 / DAY as f64;
        let wanted = f64::from((self.width / room).floor().max(1.0));
        let step = [Step::Days(1), Step::Days(7), Step::Months(1), Step::Months(3), Step::Months(12), Step::Months(60)]
            .into_iter()
            .find(|step| days / step.days() <= wanted)
            .unwrap_or(Step::Months(120));
        let Ok(first) = Timestamp::from_second(self.span.from) else { return Vec::new() };
        let mut date = step.first(zone.to_datetime(first).date());
        let mut ticks = Vec::new();
        while ticks.len() < 64 {
            let Ok(at) = zone.to_timestamp(date.at(0, 0, 0, 0)) else { break };
            if at.as_second() > self.span.until {
                break;
            }
            if at.as_second() >= self.span.from {
                ticks.push((at, step.word(date)));
            }
            let Some(next) = step.next(date) else { break };
            date = next;
        }
        ticks
    }
}

/// From one date to the next.
#[derive(Clone, Copy)]
enum Step {
    Days(i8),
    Months(i16),
}

impl Step {
    fn days(self) -> f64 {
        match self {
            Self::Days(days) => f64::from(days),
            Self::Months(months) => f64::from(months) * 30.44,
        }
    }

    /// The last such date that is not later.
    fn first(self, date: Date) -> Date {
        match self {
            Self::Days(_) => date,
            Self::Months(months @ 1..12) => {
                let month = i16::from(date.month()) - 1;
                let month = i8::try_from(month - month % months + 1).unwrap_or(1);
                Date::new(date.year(), month, 1).unwrap_or(date)
            }
            Self::Months(months) => {
                let years = months / 12;
                Date::new(date.year() - date.year().rem_euclid(years), 1, 1).unwrap_or(date)
            }
        }
    }

    fn next(self, date: Date) -> Option<Date> {
        let span = match self {
            Self::Days(days) => jiff::Span::new().days(days),
            Self::Months(months) => jiff::Span::new().months(months),
        };
        date.checked_add(span).ok()
    }

    fn word(self, date: Date) -> String {
        let form = match self {
            Self::Days(_) if date.day() == 1 && date.month() == 1 => "%-d %b %Y",
            Self::Days(_) => "%-d %b",
            Self::Months(..12) if date.month() == 1 => "%b %Y",
            Self::Months(..12) => "%b",
            Self::Months(_) => "%Y",
        };
        date.strftime(form).to_string()
    }
}

/// What the user has done to a timeline's span, kept by the window's memory as long as it is open.
pub(in crate::ui) fn navigate(ui: &Ui, response: &Response, area: Rect, fitted: Span) -> Span {
    let id = response.id.with("span");
    // What is fitted changes with what is drawn; what was zoomed in on stays.
    let kept: Option<(Span, Span)> = ui.data(|data| data.get_temp(id));
    let mut span = kept.filter(|(of, _)| *of == fitted).map_or(fitted, |(_, span)| span);
    let before = span;
    let scale = Scale { span, width: area.width() };
    if response.dragged() {
        span = span.panned(-f64::from(response.drag_delta().x / area.width().max(1.0)));
    }
    if let Some(pointer) = response.hover_pos() {
        // Pinching, and the wheel with Ctrl: the wheel alone scrolls what the timeline stands in.
        let zoom = ui.input(egui::InputState::zoom_delta);
        if (zoom - 1.0).abs() > f32::EPSILON {
            span = span.zoomed(f64::from(zoom), scale.at(pointer.x - area.left()));
        }
        let across = ui.input(|input| input.smooth_scroll_delta().x);
        if across != 0.0 {
            span = span.panned(-f64::from(across / area.width().max(1.0)));
        }
    }
    if response.double_clicked() {
        span = fitted;
    }
    if response.has_focus() {
        let keys = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
        let middle = i64::midpoint(span.from, span.until);
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::ArrowLeft) {
            span = span.panned(-0.15);
        }
        if pressed(Key::ArrowRight) {
            span = span.panned(0.15);
        }
        if pressed(Key::Plus) || pressed(Key::Equals) {
            span = span.zoomed(1.5, middle);
        }
        if pressed(Key::Minus) {
            span = span.zoomed(1.0 / 1.5, middle);
        }
        if pressed(Key::Num0) || pressed(Key::Home) {
            span = fitted;
        }
    }
    let asked: Option<f64> = ui.data_mut(|data| data.remove_temp(id.with("zoom")));
    match asked {
        Some(0.0) => span = fitted,
        Some(factor) => span = span.zoomed(factor, i64::midpoint(span.from, span.until)),
        None => {}
    }
    if span != before || kept.is_none_or(|(of, _)| of != fitted) {
        ui.data_mut(|data| data.insert_temp(id, (fitted, span)));
    }
    span
}

/// Asks the timeline under this id to zoom by a factor when it is drawn next; 0 fits it.
pub(in crate::ui) fn zoom(ui: &Ui, timeline: egui::Id, factor: f64) {
    ui.data_mut(|data| data.insert_temp(timeline.with("span").with("zoom"), factor));
    ui.ctx().request_repaint();
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Span = Span { from: 1_767_225_600, until: 1_767_225_600 + 365 * DAY };

    #[test]
    fn zooming_keeps_what_is_under_the_pointer_and_ends_somewhere() {
        let scale = |span| Scale { span, width: 800.0 };
        let about = Timestamp::from_second(YEAR.from + 100 * DAY).unwrap();
        let x = scale(YEAR).x(about);
        let mut span = YEAR;
        for _ in 0..4 {
            span = span.zoomed(1.5, about.as_second());
            assert!((scale(span).x(about) - x).abs() < 1.0, "{span:?}");
        }
        assert_eq!(YEAR.zoomed(1e12, about.as_second()).length(), LEAST);
        assert_eq!(YEAR.zoomed(1e-12, about.as_second()).length(), MOST);
        let far = (0..500).fold(YEAR, |span, _| span.panned(5.0));
        assert!(far.until < Timestamp::MAX.as_second() && far.length() == YEAR.length());
    }

    #[test]
    fn dates_are_written_at_beginnings_and_never_too_close() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for days in [1, 3, 20, 90, 365, 2000, 9000] {
            let span = Span { from: YEAR.from, until: YEAR.from + days * DAY };
            let scale = Scale { span, width: 700.0 };
            let ticks = scale.ticks(&zone, 60.0);
            assert!(!ticks.is_empty() && ticks.len() < 14, "{days} days: {ticks:?}");
            assert!(ticks.windows(2).all(|pair| scale.x(pair[1].0) - scale.x(pair[0].0) > 50.0), "{days}: {ticks:?}");
            assert!(ticks.iter().all(|(at, _)| scale.shows(*at)));
        }
        let words: Vec<String> =
            Scale { span: YEAR, width: 1200.0 }.ticks(&zone, 60.0).into_iter().map(|(_, word)| word).collect();
        assert_eq!(words[..3], ["Feb", "Mar", "Apr"]);
    }
}
