//! How far a piece of work has come: a bar, and for bytes how many of how many, how fast, and how long it still takes.

use std::collections::VecDeque;

use egui::{Response, Sense, Stroke, Ui, pos2, vec2};

use super::muted;
use crate::ui::moment::size;
use crate::ui::theme::tokens;

/// So much of what was is looked at to tell how fast it goes, in seconds.
const LOOKED_AT: f64 = 5.0;

/// Nothing is told of the rate before so much was seen, in seconds: it would jump.
const SEEN: f64 = 1.0;

/// A bar of so much of the whole, from 0 to 1. `said` is what a screen reader says of it.
pub(crate) fn bar(ui: &mut Ui, share: f32, width: f32, said: &str) -> Response {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(width.max(16.0), 4.0), Sense::hover());
    let share = share.clamp(0.0, 1.0);
    let line = |to: f32, ink| {
        let y = rect.center().y;
        ui.painter().line_segment([pos2(rect.left(), y), pos2(to, y)], Stroke::new(4.0, ink));
    };
    line(rect.right(), tokens.line);
    line(rect.left() + rect.width() * share, tokens.accent.ink);
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(egui::accesskit::Role::ProgressIndicator);
        node.set_label(said);
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(100.0);
        node.set_numeric_value(f64::from((share * 100.0).round()));
    });
    response
}

/// Bytes: the bar, and in words below it what is done (`sent`), the rate and the time left. `id` tells one piece of work from
/// another.
pub(crate) fn bytes(ui: &mut Ui, id: impl std::hash::Hash + std::fmt::Debug, word: &str, done: u64, total: u64) {
    let id = ui.make_persistent_id(("progress", id));
    let now = ui.input(|input| input.time);
    let rate = ui.data_mut(|data| {
        let pace = data.get_temp_mut_or_default::<Pace>(id);
        pace.note(now, done, total);
        pace.rate()
    });
    let said = words(done, total, rate, word);
    let width = ui.available_width();
    #[expect(clippy::cast_precision_loss, reason = "a share of a bar's width")]
    let share = done as f32 / total.max(1) as f32;
    bar(ui, share, width, &said);
    ui.add_space(2.0);
    ui.add(egui::Label::new(muted(ui, said)).wrap());
}

/// `12.3 MB of 40 MB sent, 3.1 MB/s, 9 seconds left`.
fn words(done: u64, total: u64, rate: Option<f64>, word: &str) -> String {
    let mut said = format!("{} of {} {word}", size(done), size(total));
    let Some(rate) = rate.filter(|rate| *rate >= 1.0 && done < total) else { return said };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and whole bytes are enough")]
    let whole = rate as u64;
    #[expect(clippy::cast_precision_loss, reason = "seconds are told, not their fractions")]
    let seconds = (total - done) as f64 / rate;
    said.push_str(&format!(", {}/s, {} left", size(whole), length(seconds)));
    said
}

/// A length of time that changes no more often than it has to.
fn length(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and rounded up")]
    let seconds = seconds.ceil().max(1.0) as u64;
    let count = |number: u64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    match seconds {
        ..60 => count(seconds, "second"),
        60..3600 => count(seconds.div_ceil(60), "minute"),
        _ => format!("{} {}", count(seconds / 3600, "hour"), count(seconds % 3600 / 60, "minute")),
    }
}

/// What was done when, of late.
#[derive(Clone, Debug, Default)]
struct Pace {
    total: u64,
    seen: VecDeque<(f64, u64)>,
}

impl Pace {
    fn note(&mut self, now: f64, done: u64, total: u64) {
        let begins_anew = self.total != total || self.seen.back().is_some_and(|(_, before)| *before > done);
        if begins_anew {
            self.total = total;
            self.seen.clear();
        }
        // Many frames in which nothing has come are one.
        if self.seen.back().is_none_or(|(at, before)| *before != done || now - at > 0.25) {
            self.seen.push_back((now, done));
        }
        while self.seen.len() > 2 && self.seen.front().is_some_and(|(at, _)| now - at > LOOKED_AT) {
            self.seen.pop_front();
        }
    }

    /// Bytes a second.
    fn rate(&self) -> Option<f64> {
        let (first, last) = (self.seen.front()?, self.seen.back()?);
        let time = last.0 - first.0;
        #[expect(clippy::cast_precision_loss, reason = "a rate is told roughly")]
        let bytes = (last.1 - first.1) as f64;
        (time >= SEEN).then(|| bytes / time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_late_and_begins_anew_with_other_work() {
        let mut pace = Pace::default();
        for second in 0..10_u32 {
            pace.note(f64::from(second), u64::from(second) * 1_000_000, 100_000_000);
            assert_eq!(pace.rate().is_some(), second >= 1, "{second}");
        }
        assert_eq!(
            words(9_000_000, 100_000_000, pace.rate(), "sent"),
            "9.0 MB of 100.0 MB sent, 1.0 MB/s, 2 minutes left"
        );
        // Ten times as fast from now on: what was before is forgotten.
        for second in 10..20_u32 {
            pace.note(f64::from(second), 9_000_000 + u64::from(second - 9) * 10_000_000, 1_000_000_000);
        }
        assert!(pace.rate().unwrap() > 9_900_000.0, "{:?}", pace.rate());
        pace.note(20.0, 5, 1_000_000_000);
        assert_eq!(pace.rate(), None, "it was begun anew");
        assert!(pace.seen.len() < 4);
    }

    #[test]
    fn what_stands_still_or_is_done_tells_no_time() {
        assert_eq!(words(5, 10, Some(0.0), "built"), "5 bytes of 10 bytes built");
        assert_eq!(words(10, 10, Some(5.0), "built"), "10 bytes of 10 bytes built");
        assert_eq!(
            [length(0.2), length(59.5), length(61.0), length(7_300.0)],
            ["1 second", "1 minute", "2 minutes", "2 hours 1 minute"]
        );
    }
}
