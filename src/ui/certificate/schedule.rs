//! When a certificate goes active: what was stated, what that comes to, what it means, and what is proposed.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::words::stated;
use crate::domain::certificate::CertificateFacts;
use crate::domain::instant::{self, InstantError};
use crate::domain::timeline::Activation;
use crate::ui::moment::{Moment, count, duration};
use crate::ui::picker::TimeField;

/// The hour proposed for an activation: people are at work then who can look at it.
const HOUR: i8 = 9;

/// What the form says, to be told from what it said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Stated {
    pub(in crate::ui) on_date: bool,
    pub(in crate::ui) date: Date,
    pub(in crate::ui) time: TimeField,
    pub(in crate::ui) zone: String,
    /// Which of the two is meant where the local time exists twice: as the error writes it, with its offset.
    pub(in crate::ui) offset: Option<String>,
}

/// What that comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Reading {
    /// At once.
    Now,
    /// At an instant.
    At {
        /// The instant.
        at: Timestamp,
        /// The zone it was stated in.
        zone: String,
    },
    /// The local time exists twice.
    Twice {
        /// Why, in words.
        why: String,
        /// The earlier, with its offset.
        first: String,
        /// The later, with its offset.
        second: String,
    },
    /// It cannot be then, and why.
    Refused(String),
}

impl Reading {
    /// The activation, where there is one.
    #[must_use]
    pub(in crate::ui) fn activation(&self) -> Option<Activation> {
        match self {
            Self::Now => Some(Activation::Now),
            Self::At { at, zone } => Some(Activation::At { at: *at, zone: Some(zone.clone()) }),
            Self::Twice { .. } | Self::Refused(_) => None,
        }
    }
}

/// The name of the user's zone; UTC where the system's zone has no name to be stated by.
#[must_use]
pub(in crate::ui) fn home(moment: &Moment) -> &str {
    moment.zone.iana_name().unwrap_or("UTC")
}

/// The moment in the zone that is stated: what is proposed and what is written beside it must not be in two zones.
#[must_use]
pub(in crate::ui) fn at_home(moment: &Moment) -> Moment {
    moment.there(TimeZone::get(home(moment)).unwrap_or(TimeZone::UTC))
}

impl Stated {
    /// What it comes to for a certificate.
    #[must_use]
    pub(in crate::ui) fn read(&self, new: &CertificateFacts, moment: &Moment) -> Reading {
        if !self.on_date {
            return Reading::Now;
        }
        let Some(time) = self.time.value() else {
            let typed = self.time.text().trim();
            return Reading::Refused(if typed.is_empty() {
                "There is no time; type one such as 09:00".to_owned()
            } else {
                format!("“{typed}” is no time of day; type one such as 09:00")
            });
        };
        let local = self.date.to_datetime(time);
        let written = self.offset.clone().unwrap_or_else(|| local.to_string());
        let words = format!("{} on {}", local.strftime("%H:%M"), moment.dates.date(local.date()));
        let at = match instant::parse(&format!("{written}[{}]", self.zone)) {
            Ok(stated) => stated.at,
            Err(InstantError::DoesNotExist { zone, .. }) => {
                return Reading::Refused(format!(
                    "{words} does not exist in {zone}: the clock is put forward over it. Choose an hour later or earlier"
                ));
            }
            Err(InstantError::ExistsTwice { zone, first, second, .. }) => {
                let why = format!("{words} exists twice in {zone}: the clock is put back over it");
                return Reading::Twice { why, first, second };
            }
            Err(error) => return Reading::Refused(crate::domain::sentence::sentence(&error.to_string())),
        };
        if at <= moment.now {
            return Reading::Refused(format!("{words} has passed in {}; choose a later time, or Now", self.zone));
        }
        let told = |at| stated(at, Some(&self.zone), moment);
        if at < new.not_before {
            return Reading::Refused(format!(
                "The new certificate is valid only from {}; choose a later time",
                told(new.not_before)
            ));
        }
        if at > new.not_after {
            return Reading::Refused(format!(
                "The new certificate has ended by then, on {}; choose an earlier time",
                told(new.not_after)
            ));
        }
        Reading::At { at, zone: self.zone.clone() }
    }
}

/// `= 08:00 UTC, in 4 days 9 hours, 16 days before the old one expires`.
#[must_use]
pub(in crate::ui) fn means(reading: &Reading, old: Option<&CertificateFacts>, moment: &Moment) -> String {
    let Reading::At { at, zone } = reading else {
        let valid = old.is_some_and(|old| old.not_after > moment.now);
        return if *reading == Reading::Now && valid {
            "The old certificate is still valid: make sure that the partner has switched to the new one".to_owned()
        } else {
            String::new()
        };
    };
    let mut parts = Vec::new();
    let utc = moment.there(TimeZone::UTC);
    let local = TimeZone::get(zone).unwrap_or(TimeZone::UTC).to_datetime(*at);
    let there = TimeZone::UTC.to_datetime(*at);
    if there != local {
        let day = if there.date() == local.date() { String::new() } else { moment.dates.day(there.date()) + " " };
        parts.push(format!("= {day}{} UTC", there.strftime("%H:%M")));
    }
    let here = moment.zone.to_datetime(*at);
    if here != local && here != there {
        parts.push(format!("{} where you are", moment.day_and_time(*at)));
    }
    parts.push(utc.until(*at));
    if let Some(old) = old {
        let seconds = old.not_after.as_second() - at.as_second();
        let days = usize::try_from(seconds.abs() / 86_400).unwrap_or(0);
        let length =
            if days == 0 { duration(jiff::SignedDuration::from_secs(seconds.abs())) } else { count(days, "day") };
        parts.push(if seconds >= 0 {
            format!("{length} before the old one expires")
        } else {
            format!("{length} after the old one has expired")
        });
    }
    parts.join(", ")
}

/// In seven days, in the morning.
#[must_use]
pub(in crate::ui) fn week_from(moment: &Moment) -> DateTime {
    moment.zone.to_datetime(moment.now).date().saturating_add(7.days()).at(HOUR, 0, 0, 0)
}

/// A week before the old one ends, in the morning, where that is still to come.
#[must_use]
pub(in crate::ui) fn week_before_end(old: Option<&CertificateFacts>, moment: &Moment) -> Option<DateTime> {
    before_end(old, 7, moment)
}

fn before_end(old: Option<&CertificateFacts>, days: i64, moment: &Moment) -> Option<DateTime> {
    let day = moment.zone.to_datetime(old?.not_after).date().saturating_sub(days.days());
    let local = day.at(HOUR, 0, 0, 0);
    let at = moment.zone.to_ambiguous_timestamp(local).compatible().ok()?;
    (at > moment.now).then_some(local)
}

/// The next two o'clock at night, when little is sent.
#[must_use]
pub(in crate::ui) fn tonight(moment: &Moment) -> DateTime {
    let today = moment.zone.to_datetime(moment.now).date();
    let ahead =
        |local: DateTime| moment.zone.to_ambiguous_timestamp(local).compatible().is_ok_and(|at| at > moment.now);
    let night = today.at(2, 0, 0, 0);
    if ahead(night) { night } else { today.saturating_add(1.days()).at(2, 0, 0, 0) }
}

/// The day before the old one ends, in the morning, where that is still to come.
#[must_use]
pub(in crate::ui) fn day_before_end(old: Option<&CertificateFacts>, moment: &Moment) -> Option<DateTime> {
    before_end(old, 1, moment)
}

/// The local time to propose; nothing where it is to be now: there is no old one, it has ended, or the new one has.
#[must_use]
pub(in crate::ui) fn proposal(
    old: Option<&CertificateFacts>,
    new: &CertificateFacts,
    moment: &Moment,
) -> Option<DateTime> {
    let old = old.filter(|old| old.not_after > moment.now)?;
    if new.not_after <= moment.now {
        return None;
    }
    let today = moment.zone.to_datetime(moment.now).date();
    let instant = |local: DateTime| moment.zone.to_ambiguous_timestamp(local).compatible().ok();
    let soon = moment.now.as_second() + 3600;
    let fits = |local: &DateTime| {
        instant(*local).is_some_and(|at| {
            at.as_second() > soon && at >= new.not_before && at < old.not_after && at <= new.not_after
        })
    };
    let mornings = |days: i64| today.saturating_add(days.days()).at(HOUR, 0, 0, 0);
    // A week from now leaves time to tell the partner; where the old one ends before that, as late as it allows.
    let within_week = (0..=7).rev().map(mornings).find(fits);
    let after_begin = || {
        let begins = moment.zone.to_datetime(new.not_before).date();
        [0, 1]
            .map(|days: i64| begins.saturating_add(days.days()).at(HOUR, 0, 0, 0))
            .into_iter()
            .find(|local| instant(*local).is_some_and(|at| at >= new.not_before && at.as_second() > soon))
    };
    within_week.or_else(|| if new.not_before > moment.now { after_begin() } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::certificate::{Fingerprint, KeyAlgorithm, KeyFacts, SignatureFacts};
    use jiff::civil::date;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn facts(from: &str, until: &str) -> CertificateFacts {
        CertificateFacts {
            subject: "CN=partner".to_owned(),
            issuer: "CN=partner".to_owned(),
            serial: "01".to_owned(),
            fingerprint_sha256: Fingerprint([1; 32]),
            fingerprint_sha1: String::new(),
            spki_sha256: String::new(),
            not_before: at(from),
            not_after: at(until),
            key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
            signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
            self_signed: true,
            ca: false,
            key_usage: Vec::new(),
        }
    }

    fn moment() -> Moment {
        Moment::new(at("2026-11-24T08:30:00Z"), TimeZone::get("Europe/Berlin").unwrap())
    }

    #[test]
    fn what_is_proposed_lies_between_the_new_ones_begin_and_the_old_ones_end() {
        let new = facts("2026-11-20T00:00:00Z", "2028-11-19T00:00:00Z");
        let propose = |old: Option<&CertificateFacts>, new: &CertificateFacts| proposal(old, new, &moment());
        let old = facts("2023-12-15T00:00:00Z", "2026-12-14T12:00:00Z");
        assert_eq!(propose(Some(&old), &new), Some(date(2026, 12, 1).at(9, 0, 0, 0)));
        let ends_soon = facts("2023-12-15T00:00:00Z", "2026-11-27T06:00:00Z");
        assert_eq!(propose(Some(&ends_soon), &new), Some(date(2026, 11, 26).at(9, 0, 0, 0)));
        let ends_at_once = facts("2023-12-15T00:00:00Z", "2026-11-24T09:00:00Z");
        assert_eq!(propose(Some(&ends_at_once), &new), None);
        let ended = facts("2023-12-15T00:00:00Z", "2026-11-23T09:00:00Z");
        assert_eq!(propose(Some(&ended), &new), None);
        assert_eq!(propose(None, &new), None);
        let begins_later = facts("2026-12-20T10:00:00Z", "2028-11-19T00:00:00Z");
        assert_eq!(propose(Some(&old), &begins_later), Some(date(2026, 12, 21).at(9, 0, 0, 0)));
    }

    #[test]
    fn presets_lie_ahead_in_the_zone_that_is_stated() {
        let there = |now: &str, zone: &str| Moment::new(at(now), TimeZone::get(zone).unwrap());
        let night = |now: &str, zone: &str| tonight(&there(now, zone));
        assert_eq!(night("2026-11-24T08:30:00Z", "Europe/Berlin"), date(2026, 11, 25).at(2, 0, 0, 0));
        // Half past one in Berlin: tonight is this night.
        assert_eq!(night("2026-11-24T00:30:00Z", "Europe/Berlin"), date(2026, 11, 24).at(2, 0, 0, 0));
        assert_eq!(night("2026-11-24T01:00:00Z", "Europe/Berlin"), date(2026, 11, 25).at(2, 0, 0, 0));
        assert_eq!(night("2026-11-24T08:30:00Z", "America/Los_Angeles"), date(2026, 11, 24).at(2, 0, 0, 0));
        let old = facts("2023-12-15T00:00:00Z", "2026-12-14T23:30:00Z");
        let before = |now: &str, zone: &str| day_before_end(Some(&old), &there(now, zone));
        assert_eq!(before("2026-11-24T08:30:00Z", "UTC"), Some(date(2026, 12, 13).at(9, 0, 0, 0)));
        // It ends on another day in Berlin.
        assert_eq!(before("2026-11-24T08:30:00Z", "Europe/Berlin"), Some(date(2026, 12, 14).at(9, 0, 0, 0)));
        assert_eq!(before("2026-12-13T09:00:00Z", "UTC"), None);
        assert_eq!(day_before_end(None, &there("2026-11-24T08:30:00Z", "UTC")), None);
    }

    #[test]
    fn what_cannot_be_is_said_in_words() {
        let new = facts("2026-11-26T00:00:00Z", "2028-11-19T00:00:00Z");
        let read = |day: Date, time: &str, zone: &str, offset: Option<&str>| {
            let time = TimeField::typed(time);
            let offset = offset.map(str::to_owned);
            Stated { on_date: true, date: day, time, zone: zone.to_owned(), offset }.read(&new, &moment())
        };
        let refused = |reading| match reading {
            Reading::Refused(why) => why,
            other => panic!("{other:?}"),
        };
        assert!(
            refused(read(date(2027, 3, 28), "02:30", "Europe/Berlin", None))
                .contains("does not exist in Europe/Berlin")
        );
        assert!(refused(read(date(2026, 11, 24), "09:00", "Europe/Berlin", None)).contains("has passed"));
        assert!(refused(read(date(2026, 11, 25), "09:00", "Europe/Berlin", None)).contains("valid only from 26 Nov"));
        assert!(refused(read(date(2029, 1, 1), "09:00", "Europe/Berlin", None)).contains("has ended by then"));
        assert!(refused(read(date(2027, 1, 1), "nine", "Europe/Berlin", None)).contains("is no time of day"));
        let Reading::Twice { first, second, .. } = read(date(2027, 10, 31), "02:30", "Europe/Berlin", None) else {
            panic!("it exists twice");
        };
        let chosen = |offset: &str| read(date(2027, 10, 31), "02:30", "Europe/Berlin", Some(offset));
        let zone = "Europe/Berlin".to_owned();
        assert_eq!(chosen(&first), Reading::At { at: at("2027-10-31T00:30:00Z"), zone: zone.clone() });
        assert_eq!(chosen(&second), Reading::At { at: at("2027-10-31T01:30:00Z"), zone });
        assert_eq!([&first[19..], &second[19..]], ["+02", "+01"]);
    }

    #[test]
    fn what_it_means_is_told_from_utc_from_now_and_from_the_old_ones_end() {
        let old = facts("2023-12-15T00:00:00Z", "2026-12-14T12:00:00Z");
        let reading = |text: &str, zone: &str| Reading::At { at: at(text), zone: zone.to_owned() };
        assert_eq!(
            means(&reading("2026-11-28T08:00:00Z", "Europe/Berlin"), Some(&old), &moment()),
            "= 08:00 UTC, in 3 days 23 hours, 16 days before the old one expires"
        );
        assert_eq!(
            means(&reading("2026-12-16T02:00:00Z", "America/New_York"), Some(&old), &moment()),
            "= 16 Dec 02:00 UTC, 16 Dec, 03:00 where you are, in 21 days, 1 day after the old one has expired"
        );
    }
}
