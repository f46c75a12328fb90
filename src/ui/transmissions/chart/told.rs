//! A summary in words: written once when it comes, read in every frame.

use jiff::Timestamp;

use crate::domain::summary::{Bucket, Latency, Step, Summary, Tally};
use crate::ui::moment::{Moment, grouped};
use crate::ui::outcome::milliseconds;

/// A summary with its words.
pub(super) struct Told {
    pub summary: Summary,
    /// What each stretch is called: `Mon 23 Nov`.
    pub names: Vec<String>,
    /// The same where room is short: `23 Nov`.
    pub marks: Vec<String>,
    /// What became of each, in words.
    pub outcomes: Vec<String>,
    /// How soon receipts came in each, in words.
    pub receipts: Vec<String>,
}

impl Told {
    /// Written out.
    #[must_use]
    pub(super) fn new(summary: Summary, moment: &Moment) -> Self {
        let names: Vec<String> = summary.buckets.iter().map(|bucket| name(bucket, summary.step, moment)).collect();
        let marks = summary.buckets.iter().map(|bucket| mark(bucket.from, summary.step, moment)).collect();
        let each = || summary.buckets.iter().zip(&names);
        let outcomes = each().map(|(bucket, name)| format!("{name}: {}", tally_words(&bucket.tally))).collect();
        let receipts = each().map(|(bucket, name)| format!("{name}: {}", receipt_words(bucket.receipt))).collect();
        Self { names, marks, outcomes, receipts, summary }
    }
}

/// `Mon 23 Nov`, `23 Nov, 14:00`, `16 to 22 Nov`, `November 2026`.
fn name(bucket: &Bucket, step: Step, moment: &Moment) -> String {
    let local = moment.zone.to_datetime(bucket.from);
    let last =
        moment.zone.to_datetime(bucket.until.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(bucket.until));
    match step {
        // With the offset's name where the same hour comes twice that day.
        Step::Hour => moment.day_and_time(bucket.from) + &twice(bucket.from, moment),
        Step::Day => format!("{} {}", local.strftime("%a"), moment.day(bucket.from)),
        Step::Week => format!("{} to {}", moment.dates.day(local.date()), moment.dates.date(last.date())),
        Step::Month => local.strftime("%B %Y").to_string(),
    }
}

/// By which an hour that comes twice is told from the other.
fn twice(from: Timestamp, moment: &Moment) -> String {
    let zone = &moment.zone;
    if zone.to_ambiguous_timestamp(zone.to_datetime(from)).is_ambiguous() {
        format!(" ({})", from.to_zoned_datetime(zone.clone()).strftime("%:z"))
    } else {
        String::new()
    }
}

fn mark(from: Timestamp, step: Step, moment: &Moment) -> String {
    let local = moment.zone.to_datetime(from);
    match step {
        Step::Hour if local.hour() != 0 => local.strftime("%H:%M").to_string(),
        Step::Hour | Step::Day | Step::Week => moment.dates.day(local.date()),
        Step::Month => local.strftime("%b %Y").to_string(),
    }
}

/// `12 delivered, 3 received, 1 failed, 2 uncertain or waiting`; what is none is left out.
pub(super) fn tally_words(tally: &Tally) -> String {
    let parts = [
        (tally.delivered, "delivered"),
        (tally.received, "received"),
        (tally.failed, "failed"),
        (tally.open, "uncertain or waiting"),
        (tally.cancelled, "cancelled"),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", grouped(number)))
        .collect();
    if told.is_empty() { "nothing sent or received".to_owned() } else { told.join(", ") }
}

/// `half of 12 receipts within 0.4 s, 95 of 100 within 3.1 s`.
fn receipt_words(receipt: Option<Latency>) -> String {
    match receipt {
        None => "no receipt".to_owned(),
        Some(Latency { receipts: 1, median_ms, .. }) => format!("1 receipt, within {}", milliseconds(median_ms)),
        Some(Latency { receipts, median_ms, p95_ms }) => format!(
            "half of {} receipts within {}, 95 of 100 within {}",
            grouped(receipts),
            milliseconds(median_ms),
            milliseconds(p95_ms)
        ),
    }
}

/// `receipt in 0.4 s median, 3.1 s 95th percentile`.
pub(super) fn receipt_line(receipt: Latency) -> String {
    let (median, most) = (milliseconds(receipt.median_ms), milliseconds(receipt.p95_ms));
    format!("receipt in {median} median, {most} 95th percentile")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn bucket(from: &str, until: &str) -> Bucket {
        Bucket {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
            tally: Tally { delivered: 1_412, received: 30, failed: 1, ..Tally::default() },
            receipt: Some(Latency { receipts: 12, median_ms: 400, p95_ms: 3_100 }),
        }
    }

    #[test]
    fn bars_are_told_in_words_where_the_user_is() {
        let moment = Moment::new("2026-11-24T08:30:00Z".parse().unwrap(), TimeZone::get("Europe/Berlin").unwrap());
        let told = |step, from, until| {
            let buckets = vec![bucket(from, until)];
            let summary = Summary {
                step,
                total: Tally::default(),
                receipt: None,
                buckets,
                causes: Vec::new(),
                partners: Vec::new(),
            };
            let told = Told::new(summary, &moment);
            (told.names[0].clone(), told.marks[0].clone(), told.outcomes[0].clone(), told.receipts[0].clone())
        };
        let day = told(Step::Day, "2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z");
        assert_eq!((day.0.as_str(), day.1.as_str()), ("Mon 23 Nov", "23 Nov"));
        assert_eq!(day.2, "Mon 23 Nov: 1,412 delivered, 30 received, 1 failed");
        assert_eq!(day.3, "Mon 23 Nov: half of 12 receipts within 400 ms, 95 of 100 within 3.1 s");
        let week = told(Step::Week, "2026-11-15T23:00:00Z", "2026-11-22T23:00:00Z");
        assert_eq!(week.0, "16 Nov to 22 Nov 2026");
        // 25 October, two o'clock, once in summer time and once after it.
        let hours = [("2026-10-25T00:00:00Z", "+02:00"), ("2026-10-25T01:00:00Z", "+01:00")];
        for (from, offset) in hours {
            let hour = told(Step::Hour, from, "2026-10-25T02:00:00Z");
            assert_eq!(hour.0, format!("25 Oct, 02:00 ({offset})"));
        }
        assert_eq!(receipt_words(None), "no receipt");
        assert_eq!(tally_words(&Tally::default()), "nothing sent or received");
    }
}
