//! What became of many transmissions: how many were delivered and failed in each stretch of time, how soon their receipts
//! came, why they failed and at whose.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};
use serde::Serialize;

use super::identifier::ConnectionId;
use super::spelling::spelled;
use super::transmission::{Stage, StageName, StageStatus};

/// The most stretches of time that are told apart.
pub const MOST_BUCKETS: usize = 200;

/// So many days are told apart by themselves where nobody says how; a longer time is told by weeks.
const USUAL_DAYS: i64 = 62;

spelled! {
    /// How long the stretches are that a time is divided into.
    pub enum Step {
        /// Hours; 23 or 25 on a day on which the clock is changed.
        Hour = "hour",
        /// From midnight to midnight.
        Day = "day",
        /// From Monday to Sunday.
        Week = "week",
        /// Months; where there are too many weeks.
        Month = "month",
    }
}

impl Step {
    /// The step that tells a time apart well: hours of two days, days of two months, weeks of years.
    #[must_use]
    pub fn usual(from: Timestamp, until: Timestamp) -> Self {
        let hours = until.as_second().saturating_sub(from.as_second()).div_euclid(3600);
        match hours {
            ..=48 => Self::Hour,
            hours if hours <= USUAL_DAYS * 24 => Self::Day,
            _ => Self::Week,
        }
    }

    const fn coarser(self) -> Option<Self> {
        match self {
            Self::Hour => Some(Self::Day),
            Self::Day => Some(Self::Week),
            Self::Week => Some(Self::Month),
            Self::Month => None,
        }
    }

    /// At least so many seconds are in one.
    const fn least(self) -> i64 {
        match self {
            Self::Hour => 3600,
            Self::Day => 22 * 3600,
            Self::Week => 166 * 3600,
            Self::Month => 27 * 86_400,
        }
    }

    /// The beginning of the stretch that an instant is in.
    fn floor(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = zone.to_datetime(at);
        let date = local.date();
        match self {
            // By what has passed since: a local time may exist twice.
            Self::Hour => {
                let into = i64::from(local.minute()) * 60 + i64::from(local.second());
                let second = at.as_second() - into - i64::from(at.subsec_nanosecond() < 0);
                Timestamp::from_second(second).ok()
            }
            Self::Day => midnight(date, zone),
            Self::Week => {
                let days = i64::from(date.weekday().to_monday_zero_offset());
                midnight(date.checked_sub(days.days()).ok()?, zone)
            }
            Self::Month => midnight(date.first_of_month(), zone),
        }
    }

    /// The beginning of the next one.
    fn after(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let span: Span = match self {
            Self::Hour => return Timestamp::from_second(at.as_second().checked_add(3600)?).ok(),
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
        };
        midnight(zone.to_datetime(at).date().checked_add(span).ok()?, zone).filter(|next| *next > at)
    }
}

/// The first instant of a day: where the clock is put forward at midnight, that is later than midnight.
fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).compatible().ok()
}

/// The time from one instant up to another, divided: each stretch begins where the one before ends. Where there would be
/// too many, by a coarser step, which is returned. None where the time ends before it begins.
#[must_use]
pub fn stretches(
    from: Timestamp,
    until: Timestamp,
    step: Step,
    zone: &TimeZone,
) -> (Step, Vec<(Timestamp, Timestamp)>) {
    let mut step = step;
    let seconds = until.as_second().saturating_sub(from.as_second());
    while let Some(coarser) = step.coarser()
        && (seconds / step.least() > 2 * MOST_BUCKETS as i64 || divided(from, until, step, zone).len() > MOST_BUCKETS)
    {
        step = coarser;
    }
    let mut found = divided(from, until, step, zone);
    if found.len() > MOST_BUCKETS {
        // All that is longer ago is told together.
        let late = found.split_off(found.len() - MOST_BUCKETS);
        let first = found.first().map(|(from, _)| *from);
        found = late;
        if let (Some(first), Some(oldest)) = (first, found.first_mut()) {
            oldest.0 = first;
        }
    }
    (step, found)
}

fn divided(from: Timestamp, until: Timestamp, step: Step, zone: &TimeZone) -> Vec<(Timestamp, Timestamp)> {
    let mut found = Vec::new();
    let Some(mut begin) = step.floor(from, zone) else { return found };
    while begin < until {
        let Some(end) = step.after(begin, zone) else { break };
        found.push((begin, end));
        begin = end;
    }
    found
}

/// How many transmissions came to what. Each is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Sent and delivered.
    pub delivered: u64,
    /// Received by us.
    pub received: u64,
    /// Failed, or refused by us: nothing else.
    pub failed: u64,
    /// Uncertain, waiting for a receipt, or under way.
    pub open: u64,
    /// Given up before they were sent.
    pub cancelled: u64,
}

impl Tally {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.delivered + self.received + self.failed + self.open + self.cancelled
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            delivered: self.delivered + other.delivered,
            received: self.received + other.received,
            failed: self.failed + other.failed,
            open: self.open + other.open,
            cancelled: self.cancelled + other.cancelled,
        }
    }
}

/// How soon receipts came, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How many receipts came.
    pub receipts: u64,
    /// Half of them came within this.
    pub median_ms: u64,
    /// 95 of a hundred came within this.
    pub p95_ms: u64,
}

impl Latency {
    /// Of these times; nothing where there are none.
    #[must_use]
    pub fn of(times: &mut [u64]) -> Option<Self> {
        if times.is_empty() {
            return None;
        }
        Some(Self { receipts: times.len() as u64, median_ms: within(times, 50), p95_ms: within(times, 95) })
    }
}

/// The least of some times within which so many of a hundred are (nearest rank).
fn within(times: &mut [u64], of_hundred: usize) -> u64 {
    let rank = (times.len() * of_hundred).div_ceil(100).clamp(1, times.len());
    *times.select_nth_unstable(rank - 1).1
}

/// A stretch of time and what became of its transmissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// What became of them.
    #[serde(flatten)]
    pub tally: Tally,
    /// How soon receipts came; nothing where none came.
    pub receipt: Option<Latency>,
}

/// How many failed for one cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CauseCount {
    /// The cause; nothing where it is not known.
    pub cause: Option<String>,
    /// How many.
    pub failed: u64,
}

/// How many failed with one partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartnerCount {
    /// The connection; nothing where the sender is unknown.
    pub connection: Option<ConnectionId>,
    /// How many.
    pub failed: u64,
}

/// What became of many transmissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How long the stretches of time are.
    pub step: Step,
    /// All of them.
    pub total: Tally,
    /// How soon receipts came.
    pub receipt: Option<Latency>,
    /// The stretches of time, the oldest first; those without a transmission too.
    pub buckets: Vec<Bucket>,
    /// Failures by cause, the most frequent first.
    pub causes: Vec<CauseCount>,
    /// Failures by partner, the most frequent first.
    pub partners: Vec<PartnerCount>,
}

/// How long a receipt was on its way, by the stages of an attempt: from the last byte sent to the receipt that was read, in
/// milliseconds.
#[must_use]
pub fn receipt_time(stages: &[Stage]) -> Option<u64> {
    let is = |stage: &&Stage, name, statuses: &[StageStatus]| stage.stage == name && statuses.contains(&stage.status);
    let sent = stages.iter().position(|stage| is(&stage, StageName::Sent, &[StageStatus::Good]))?;
    let (before, after) = stages.split_at(sent + 1);
    let sent = before.last()?;
    // What says that there was none in the answer comes before one that came by itself.
    let receipts =
        || after.iter().filter(|stage| is(stage, StageName::Receipt, &[StageStatus::Good, StageStatus::Bad]));
    let receipt = receipts().find(|stage| stage.status == StageStatus::Good).or_else(|| receipts().next())?;
    let sent_at = sent.started.as_millisecond().saturating_add(i64::try_from(sent.ms).unwrap_or(i64::MAX));
    Some(u64::try_from(receipt.started.as_millisecond().saturating_sub(sent_at)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hours(found: &[(Timestamp, Timestamp)]) -> Vec<i64> {
        found.iter().map(|(from, until)| (until.as_second() - from.as_second()) / 3600).collect()
    }

    #[test]
    fn days_last_23_and_25_hours_where_the_clock_is_changed() {
        let berlin = zone("Europe/Berlin");
        let (step, spring) = stretches(at("2026-03-28T10:00:00Z"), at("2026-03-30T10:00:00Z"), Step::Day, &berlin);
        assert_eq!((step, hours(&spring)), (Step::Day, vec![24, 23, 24]));
        assert_eq!(spring[0].0, at("2026-03-27T23:00:00Z"));
        let (_, autumn) = stretches(at("2026-10-24T10:00:00Z"), at("2026-10-26T10:00:00Z"), Step::Day, &berlin);
        assert_eq!(hours(&autumn), [24, 25, 24]);
        // Both hours after two o'clock are told apart.
        let (_, night) = stretches(at("2026-10-25T00:10:00Z"), at("2026-10-25T02:10:00Z"), Step::Hour, &berlin);
        assert_eq!(night.len(), 3);
        let (_, week) = stretches(at("2026-10-25T10:00:00Z"), at("2026-10-26T10:00:00Z"), Step::Week, &berlin);
        assert_eq!(hours(&week), [169, 168]);
        assert_eq!(week[1].0, at("2026-10-25T23:00:00Z"), "a week begins on Monday");
        // In Kathmandu an hour begins at a quarter past that of Greenwich.
        let (_, hour) =
            stretches(at("2026-10-25T10:20:00Z"), at("2026-10-25T10:30:00Z"), Step::Hour, &zone("Asia/Kathmandu"));
        assert_eq!(hour[0].0, at("2026-10-25T10:15:00Z"));
    }

    #[test]
    fn a_long_time_is_told_by_a_coarser_step_and_what_is_longest_ago_together() {
        let (from, until) = (at("2020-01-01T00:00:00Z"), at("2026-11-26T00:00:00Z"));
        assert_eq!(stretches(from, until, Step::Hour, &TimeZone::UTC).0, Step::Month);
        assert_eq!(stretches(at("2024-01-01T00:00:00Z"), until, Step::Day, &TimeZone::UTC).0, Step::Week);
        let (step, all) = stretches(at("1990-06-15T00:00:00Z"), until, Step::Day, &TimeZone::UTC);
        assert_eq!((step, all.len(), all[0].0), (Step::Month, MOST_BUCKETS, at("1990-06-01T00:00:00Z")));
        assert_eq!(Step::usual(from, until), Step::Week);
        assert_eq!(Step::usual(at("2026-11-25T00:00:00Z"), until), Step::Hour);
        assert_eq!(Step::usual(at("2026-10-28T00:00:00Z"), until), Step::Day);
        assert!(stretches(until, from, Step::Day, &TimeZone::UTC).1.is_empty());
    }

    #[test]
    fn half_of_the_receipts_come_within_the_median() {
        assert_eq!(Latency::of(&mut []), None);
        let told = |times: &mut [u64]| Latency::of(times).map(|told| (told.median_ms, told.p95_ms)).unwrap();
        assert_eq!(told(&mut [7]), (7, 7));
        assert_eq!(told(&mut [4, 1, 3, 2]), (2, 4));
        let mut hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(told(&mut hundred), (50, 95));
    }

    #[test]
    fn a_receipt_is_timed_from_the_last_byte_that_was_sent() {
        let stage = |stage, status, second: i64, ms| Stage {
            stage,
            status,
            started: Timestamp::from_second(second).unwrap(),
            ms,
            detail: String::new(),
        };
        let sent = stage(StageName::Sent, StageStatus::Good, 10, 500);
        let none = stage(StageName::Receipt, StageStatus::Bad, 11, 0);
        let later = stage(StageName::Receipt, StageStatus::Skipped, 11, 0);
        let good = stage(StageName::Receipt, StageStatus::Good, 70, 0);
        assert_eq!(receipt_time(&[sent.clone(), later.clone()]), None);
        assert_eq!(receipt_time(&[sent.clone(), none.clone()]), Some(500));
        assert_eq!(receipt_time(&[sent.clone(), later, good.clone()]), Some(59_500));
        assert_eq!(receipt_time(&[sent, none, good.clone()]), Some(59_500));
        assert_eq!(receipt_time(&[good]), None);
    }

    proptest! {
        #[test]
        fn every_instant_is_in_exactly_one_stretch(
            from in 0_i64..2_000_000_000,
            length in 1_i64..400_000_000,
            share in 0.0_f64..1.0,
            step in proptest::sample::select(Step::ALL),
            name in proptest::sample::select(vec![
                "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago",
            ]),
        ) {
            let second = |second| Timestamp::from_second(second).unwrap();
            let (first, last) = (second(from), second(from + length));
            let (_, found) = stretches(first, last, step, &zone(name));
            prop_assert!(found.len() <= MOST_BUCKETS && !found.is_empty());
            prop_assert!(found[0].0 <= first && found[found.len() - 1].1 >= last);
            prop_assert!(found.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[0].0 < pair[0].1));
            let instant = second(from + (length as f64 * share) as i64);
            prop_assert_eq!(found.iter().filter(|(from, until)| *from <= instant && instant < *until).count(), 1);
        }

        #[test]
        fn so_many_are_within_a_percentile_and_no_fewer_would_do(mut times in proptest::collection::vec(0_u64..5_000, 1..400)) {
            let told = Latency::of(&mut times).unwrap();
            for (value, of_hundred) in [(told.median_ms, 50), (told.p95_ms, 95)] {
                let within = times.iter().filter(|time| **time <= value).count();
                let below = times.iter().filter(|time| **time < value).count();
                prop_assert!(within * 100 >= times.len() * of_hundred);
                prop_assert!(below * 100 < times.len() * of_hundred);
            }
        }
    }
}
