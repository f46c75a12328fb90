//! Instants in words, as they are shown: in the user's zone, short, and told from now where that is plainer.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::date_form::DateForm;
use crate::domain::counted::plural_unless;
pub(super) use crate::domain::size::size;

/// The present, and the zone in which instants are shown.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The present instant.
    pub now: Timestamp,
    /// The user's zone.
    pub zone: TimeZone,
    /// How dates are written.
    pub dates: DateForm,
}

impl Moment {
    /// An instant in a zone, with dates in words.
    #[must_use]
    pub const fn new(now: Timestamp, zone: TimeZone) -> Self {
        Self { now, zone, dates: DateForm::Words }
    }

    /// The same moment in another zone.
    #[must_use]
    pub const fn there(&self, zone: TimeZone) -> Self {
        Self { now: self.now, zone, dates: self.dates }
    }

    /// `28 Nov 2026`.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> String {
        self.dates.date(self.zone.to_datetime(at).date())
    }

    /// `28 Nov`, with the year where it is not this one.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> String {
        if self.this_year(at) { self.dates.day(self.zone.to_datetime(at).date()) } else { self.date(at) }
    }

    /// `28 Nov, 09:00`, with the year where it is not this one.
    #[must_use]
    pub fn day_and_time(&self, at: Timestamp) -> String {
        format!("{}, {}", self.day(at), self.format(at, "%H:%M"))
    }

    /// `28 Nov 2026, 09:00:05`.
    #[must_use]
    pub fn full(&self, at: Timestamp) -> String {
        format!("{}, {}", self.date(at), self.time(at))
    }

    /// `28 Nov 2026, 08:00:05 UTC`: by which two people in different zones speak of the same instant.
    #[must_use]
    pub fn utc(at: Timestamp, dates: DateForm) -> String {
        format!("{} UTC", Self { dates, ..Self::new(at, TimeZone::UTC) }.full(at))
    }

    /// `14:02:11`.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        self.format(at, "%H:%M:%S")
    }

    /// How long ago: `just now`, `2 min ago`, `today`, `yesterday`, `3 days ago`, then the day.
    #[must_use]
    pub fn ago(&self, at: Timestamp) -> String {
        let seconds = self.now.as_second() - at.as_second();
        let day = |at: Timestamp| self.zone.to_datetime(at).date();
        let days = i64::from((day(self.now) - day(at)).get_days());
        match seconds {
            ..60 => "just now".to_owned(),
            60..3600 => format!("{} min ago", seconds / 60),
            _ if days == 0 => "today".to_owned(),
            _ if days == 1 => "yesterday".to_owned(),
            _ if days < 30 => format!("{days} days ago"),
            _ => self.day(at),
        }
    }

    /// How long until then: `in 4 days 9 hours`, `in 12 minutes`, `in less than a minute`.
    #[must_use]
    pub fn until(&self, at: Timestamp) -> String {
        format!("in {}", duration(at.duration_since(self.now)))
    }

    fn this_year(&self, at: Timestamp) -> bool {
        self.zone.to_datetime(at).year() == self.zone.to_datetime(self.now).year()
    }

    fn format(&self, at: Timestamp, form: &str) -> String {
        self.zone.to_datetime(at).strftime(form).to_string()
    }
}

/// A length of time in its two greatest units.
#[must_use]
pub(super) fn duration(length: SignedDuration) -> String {
    let minutes = length.as_mins().max(0);
    let (days, hours, rest) = (minutes / 1440, minutes % 1440 / 60, minutes % 60);
    let count = |number: i64, unit: &str| format!("{number} {}", plural_unless(number == 1, unit));
    match (days, hours, rest) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => count(minutes, "minute"),
        (0, hours, 0) => count(hours, "hour"),
        (0, hours, minutes) => format!("{} {}", count(hours, "hour"), count(minutes, "minute")),
        (days, 0, _) => count(days, "day"),
        (days, hours, _) if days < 14 => format!("{} {}", count(days, "day"), count(hours, "hour")),
        (days, ..) => count(days, "day"),
    }
}

/// A number with its noun: `1 profile`, `3 profiles`.
#[must_use]
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{} {}", grouped(number), plural_unless(number == 1, noun))
}

/// A whole number as people read it: `1,000,000`.
#[must_use]
pub(super) fn grouped(number: impl std::fmt::Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        let told = [0, 999, 1_000, 65_536, 1_000_000].map(grouped);
        assert_eq!(told, ["0", "999", "1,000", "65,536", "1,000,000"]);
    }

    fn moment() -> Moment {
        Moment::new("2026-11-24T08:30:00Z".parse().unwrap(), TimeZone::get("Europe/Berlin").unwrap())
    }

    #[test]
    fn instants_are_told_in_the_users_zone() {
        let moment = moment();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(moment.day_and_time(at("2026-11-28T08:00:00Z")), "28 Nov, 09:00");
        assert_eq!(moment.day_and_time(at("2027-01-02T08:00:00Z")), "2 Jan 2027, 09:00");
        let dots = Moment { dates: DateForm::Dots, ..moment.clone() };
        assert_eq!(dots.day_and_time(at("2026-11-28T08:00:00Z")), "28.11., 09:00");
        assert_eq!(dots.full(at("2027-01-02T08:00:05Z")), "02.01.2027, 09:00:05");
        assert_eq!(Moment::utc(at("2026-11-28T08:00:05Z"), DateForm::Iso), "2026-11-28, 08:00:05 UTC");
        assert_eq!(moment.ago(at("2026-11-24T08:29:30Z")), "just now");
        assert_eq!(moment.ago(at("2026-11-24T08:28:00Z")), "2 min ago");
        assert_eq!(moment.ago(at("2026-11-24T05:00:00Z")), "today");
        // 22:30 UTC of the day before is 23:30 in Berlin, 23:30 UTC is the same day there.
        assert_eq!(moment.ago(at("2026-11-23T22:30:00Z")), "yesterday");
        assert_eq!(moment.ago(at("2026-11-23T23:30:00Z")), "today");
        assert_eq!(moment.ago(at("2026-11-21T12:00:00Z")), "3 days ago");
        assert_eq!(moment.until(at("2026-11-28T17:40:00Z")), "in 4 days 9 hours");
        assert_eq!(moment.until(at("2026-11-24T08:30:20Z")), "in less than a minute");
    }

    #[test]
    fn sizes_and_numbers() {
        assert_eq!([size(1), size(999), size(4_600), size(12_345_678)], ["1 byte", "999 bytes", "4.6 KB", "12.3 MB"]);
        assert_eq!([count(1, "profile"), count(0, "profile")], ["1 profile", "0 profiles"]);
    }
}
