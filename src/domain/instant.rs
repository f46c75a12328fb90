//! Reading instants: RFC 3339 with an offset, or a local time in a named zone (RFC 9557).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::nearest_name::did_you_mean;

/// An instant and the zone it was stated in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedInstant {
    /// The instant.
    pub at: Timestamp,
    /// The IANA name of the zone, where one was named.
    pub zone: Option<String>,
}

/// A text that names no instant, or more than one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantError {
    /// Not in a known form.
    #[error("`{given}` is not an instant such as 2026-11-28T09:00:00+01:00 or 2026-11-28T09:00[Europe/Berlin]")]
    Form {
        /// What was given.
        given: String,
    },
    /// A local time alone.
    #[error("`{given}` has neither an offset nor a time zone, so it does not say when")]
    NoZone {
        /// What was given.
        given: String,
    },
    /// The zone is unknown.
    #[error("`{zone}` is not a known time zone")]
    UnknownZone {
        /// The zone's name.
        zone: String,
    },
    /// The clock is put forward over it.
    #[error("{local} does not exist in {zone}: the clock is put forward over it")]
    DoesNotExist {
        /// The local time.
        local: String,
        /// The zone.
        zone: String,
    },
    /// The clock is put back over it.
    #[error(
        "{local} exists twice in {zone}: the clock is put back over it; write it with its offset, {first} or {second}"
    )]
    ExistsTwice {
        /// The local time.
        local: String,
        /// The zone.
        zone: String,
        /// With the offset before the change.
        first: String,
        /// With the offset after it.
        second: String,
    },
    /// Offset and zone contradict each other.
    #[error("`{given}`: {zone} does not have that offset then")]
    OffsetConflict {
        /// What was given.
        given: String,
        /// The zone.
        zone: String,
    },
}

impl InstantError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Form { .. } => {
                "write day, time and zone, in quotes: \"2026-11-28T09:00[Europe/Berlin]\", or in UTC 2026-11-28T08:00Z"
                    .to_owned()
            }
            Self::NoZone { given } => {
                format!("write its zone behind it, in quotes: \"{given}[Europe/Berlin]\", or in UTC {given}Z")
            }
            Self::UnknownZone { zone } => {
                let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
                let meant = did_you_mean(zone, known.iter().map(String::as_str));
                meant.unwrap_or_else(|| {
                    "zones are named by a region and a city, such as Europe/Berlin or America/New_York".to_owned()
                })
            }
            Self::DoesNotExist { .. } => "name a time before or after that hour".to_owned(),
            Self::ExistsTwice { first, second, .. } => format!("write {first} or {second}"),
            Self::OffsetConflict { .. } => "leave out the offset or the zone, whichever is wrong".to_owned(),
        }
    }
}

/// Reads an instant.
///
/// # Errors
/// Where the text has no known form, names no zone, or names a local time that does not exist or exists twice.
pub fn parse(text: &str) -> Result<StatedInstant, InstantError> {
    let text = text.trim();
    let form = || InstantError::Form { given: text.chars().take(80).collect() };
    if let Some((local, zone)) = text.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        return in_zone(text, local, zone);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(StatedInstant { at, zone: None });
    }
    if text.parse::<DateTime>().is_ok() {
        return Err(InstantError::NoZone { given: text.to_owned() });
    }
    Err(form())
}

/// Writes an instant so that [`parse`] reads the same again: with its zone where one was stated and is still known.
#[must_use]
pub fn written(at: Timestamp, zone: Option<&str>) -> String {
    match zone.map(TimeZone::get) {
        Some(Ok(zone)) => at.to_zoned_datetime(zone).to_string(),
        _ => at.to_string(),
    }
}

/// An instant to be read: `28 Nov 2026 09:00 UTC`.
#[must_use]
pub fn in_words(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%-d %b %Y %H:%M UTC").to_string()
}

/// An instant to be read in the zone in which it was stated: `28 Nov 2026 10:00 Europe/Berlin`; in UTC where none was, or
/// an offset.
#[must_use]
pub fn in_words_there(at: Timestamp, zone: Option<&str>) -> String {
    match zone.map(|name| (name, TimeZone::get(name))) {
        Some((name, Ok(zone))) => format!("{} {name}", zone.to_datetime(at).strftime("%-d %b %Y %H:%M")),
        _ => in_words(at),
    }
}

fn in_zone(text: &str, local: &str, name: &str) -> Result<StatedInstant, InstantError> {
    let zone =
        TimeZone::get(name).map_err(|_unknown| InstantError::UnknownZone { zone: name.chars().take(60).collect() })?;
    let stated = Some(name.to_owned());
    // With an offset before the bracket, the two must agree (RFC 9557 section 3.4).
    if let Ok(at) = local.parse::<Timestamp>() {
        let utc = local.ends_with(['Z', 'z']);
        let offset_there = zone.to_offset(at);
        let civil = DateTime::strptime("%Y-%m-%dT%H:%M:%S", local.get(..19).unwrap_or_default())
            .or_else(|_short| DateTime::strptime("%Y-%m-%dT%H:%M", local.get(..16).unwrap_or_default()));
        let agrees = civil.is_ok_and(|civil| {
            offset_there.to_datetime(at).date() == civil.date()
                && offset_there.to_datetime(at).time().hour() == civil.time().hour()
                && offset_there.to_datetime(at).time().minute() == civil.time().minute()
        });
        if !utc && !agrees {
            return Err(InstantError::OffsetConflict { given: text.to_owned(), zone: name.to_owned() });
        }
        return Ok(StatedInstant { at, zone: stated });
    }
    let civil: DateTime =
        local.parse().map_err(|_unreadable| InstantError::Form { given: text.chars().take(80).collect() })?;
    let written = civil.to_string();
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset
            .to_timestamp(civil)
            .map(|at| StatedInstant { at, zone: stated })
            .map_err(|_out_of_range| InstantError::Form { given: text.chars().take(80).collect() }),
        AmbiguousOffset::Gap { .. } => Err(InstantError::DoesNotExist { local: written, zone: name.to_owned() }),
        AmbiguousOffset::Fold { before, after } => Err(InstantError::ExistsTwice {
            first: format!("{written}{before}"),
            second: format!("{written}{after}"),
            local: written,
            zone: name.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_an_offset_or_a_zone() {
        for (text, instant, zone) in [
            ("2026-11-28T09:00:00+01:00", "2026-11-28T08:00:00Z", None),
            ("2026-11-28T09:00+01:00", "2026-11-28T08:00:00Z", None),
            ("2026-11-28T08:00:00Z", "2026-11-28T08:00:00Z", None),
            ("2026-11-28T09:00[Europe/Berlin]", "2026-11-28T08:00:00Z", Some("Europe/Berlin")),
            ("2026-11-28T09:00:00+01:00[Europe/Berlin]", "2026-11-28T08:00:00Z", Some("Europe/Berlin")),
            ("2027-10-31T02:30:00+02:00[Europe/Berlin]", "2027-10-31T00:30:00Z", Some("Europe/Berlin")),
        ] {
            let read = parse(text).unwrap();
            assert_eq!(read.at.to_string(), instant, "{text}");
            assert_eq!(read.zone.as_deref(), zone, "{text}");
            assert_eq!(parse(&written(read.at, zone)), Ok(read));
        }
    }

    #[test]
    fn an_instant_is_read_where_it_was_stated() {
        let at = "2026-11-28T09:00:00.123Z".parse().unwrap();
        assert_eq!(in_words_there(at, Some("Europe/Berlin")), "28 Nov 2026 10:00 Europe/Berlin");
        for zone in [None, Some("+01:00"), Some("Mars/Olympus")] {
            assert_eq!(in_words_there(at, zone), "28 Nov 2026 09:00 UTC");
        }
    }

    #[test]
    fn a_local_time_that_does_not_exist_or_exists_twice_is_refused() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(
            error("2027-03-28T02:30[Europe/Berlin]"),
            "2027-03-28T02:30:00 does not exist in Europe/Berlin: the clock is put forward over it"
        );
        assert_eq!(
            error("2027-10-31T02:30[Europe/Berlin]"),
            "2027-10-31T02:30:00 exists twice in Europe/Berlin: the clock is put back over it; write it with its offset, 2027-10-31T02:30:00+02 or 2027-10-31T02:30:00+01"
        );
        assert!(matches!(parse("2026-11-28T09:00:00+05:00[Europe/Berlin]"), Err(InstantError::OffsetConflict { .. })));
        assert!(matches!(parse("2026-11-28T09:00"), Err(InstantError::NoZone { .. })));
        assert!(matches!(parse("tomorrow"), Err(InstantError::Form { .. })));
        assert!(matches!(parse("2026-11-28T09:00[Mars/Olympus]"), Err(InstantError::UnknownZone { .. })));
        assert!(parse("2026-02-30T09:00[Europe/Berlin]").is_err());
    }
}
