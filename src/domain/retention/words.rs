//! Ages and sizes as they are written and read, and what is said of what has gone.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::{DAYS_OF_A_YEAR, RetentionKind};

/// Rules that cannot be read or followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetentionError {
    /// No age.
    #[error("`{given}` is not an age such as 90d, 12w or 7y, nor `forever`")]
    Age {
        /// What was given.
        given: String,
    },
    /// No size.
    #[error("`{given}` is not a size such as 50GiB or 200GB, nor `unlimited`")]
    Amount {
        /// What was given.
        given: String,
    },
    /// Something would go too soon.
    #[error("{} cannot be removed after {}: they are kept for {} at least", .kind.label(), in_days(*.days), in_days(*.minimum))]
    TooSoon {
        /// What.
        kind: RetentionKind,
        /// After how many days it was to go.
        days: u32,
        /// After how many it may.
        minimum: u32,
    },
}

impl RetentionError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Age { .. } => "a year is counted as 366 days, so that nothing goes too soon",
            Self::Amount { .. } => "KiB, MiB, GiB and TiB count by 1024; KB, MB, GB and TB by 1000",
            Self::TooSoon { kind: RetentionKind::Journal | RetentionKind::Receipt, .. } => {
                "until then a message that comes again is known by its entry, gets its receipt again, and is not delivered twice"
            }
            Self::TooSoon { .. } => "until then a receipt may still come for what was sent",
        }
    }
}

const FOREVER: [&str; 4] = ["forever", "for ever", "unlimited", "none"];

/// Units of size, by their first letter; with an `i` they count by 1024.
const UNITS: [&str; 5] = ["", "k", "m", "g", "t"];

/// Reads an age: `90d`, `12w`, `7y`, `90 days`, or `forever`, which is none.
///
/// # Errors
/// Where it is no age.
pub fn age(text: &str) -> Result<Option<u32>, RetentionError> {
    let error = || RetentionError::Age { given: text.chars().take(40).collect() };
    let lower = text.trim().to_ascii_lowercase();
    if FOREVER.contains(&lower.as_str()) {
        return Ok(None);
    }
    let (number, unit) = split(&lower).ok_or_else(error)?;
    let number: u32 = number.parse().map_err(|_no_number| error())?;
    let days = match unit {
        "d" | "day" | "days" => Some(1),
        "w" | "week" | "weeks" => Some(7),
        "y" | "year" | "years" => Some(DAYS_OF_A_YEAR),
        _ => None,
    };
    // Longer than anybody keeps anything, and short enough to be counted with.
    let days = days.and_then(|unit| number.checked_mul(unit)).filter(|days| *days <= 400 * DAYS_OF_A_YEAR);
    days.map(Some).ok_or_else(error)
}

/// An age as it is read again: `90 days`, `7 years`, `forever`.
#[must_use]
pub fn age_in_words(days: Option<u32>) -> String {
    days.map_or_else(|| "forever".to_owned(), in_days)
}

fn in_days(days: u32) -> String {
    let (number, unit) = match days {
        days if days > 0 && days % DAYS_OF_A_YEAR == 0 => (days / DAYS_OF_A_YEAR, "year"),
        days => (days, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// Reads a size: `50GiB`, `200 GB`, `1.5TB`, or `unlimited`, which is none.
///
/// # Errors
/// Where it is no size.
pub fn amount(text: &str) -> Result<Option<u64>, RetentionError> {
    let error = || RetentionError::Amount { given: text.chars().take(40).collect() };
    let lower = text.trim().to_ascii_lowercase();
    if FOREVER.contains(&lower.as_str()) {
        return Ok(None);
    }
    let (number, unit) = split(&lower).ok_or_else(error)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().map_err(|_no_number| error())?;
    let (base, prefix): (u64, &str) = match unit.strip_suffix("ib") {
        Some(prefix) => (1024, prefix),
        None => (1000, unit.strip_suffix('b').filter(|_| unit != "bytes").unwrap_or(unit)),
    };
    let prefix = if unit == "byte" || unit == "bytes" { "" } else { prefix };
    let power = UNITS.iter().position(|each| *each == prefix).and_then(|place| u32::try_from(place).ok());
    let scale = power.and_then(|power| base.checked_pow(power)).ok_or_else(error)?;
    // What stands behind the point, to a thousandth.
    let mut thousandths = part.get(..part.len().min(3)).unwrap_or(part).to_owned();
    while thousandths.len() < 3 {
        thousandths.push('0');
    }
    let thousandths: u64 = thousandths.parse().map_err(|_no_number| error())?;
    let bytes = whole.checked_mul(scale).and_then(|whole| whole.checked_add(scale.checked_mul(thousandths)? / 1000));
    // What does not fit into the database's numbers is no size of a disk.
    bytes.filter(|bytes| i64::try_from(*bytes).is_ok()).map(Some).ok_or_else(error)
}

/// A size as it is read again, exactly: `50 GiB`, `200 GB`, `unlimited`.
#[must_use]
pub fn amount_in_words(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else { return "unlimited".to_owned() };
    let mut shortest = (bytes, "bytes".to_owned());
    for (base, mark) in [(1000_u64, "B"), (1024, "iB")] {
        for (power, unit) in (0_u32..5).zip(UNITS).skip(1) {
            if let Some(scale) = base.checked_pow(power).filter(|scale| bytes >= *scale && bytes.is_multiple_of(*scale))
                && bytes / scale < shortest.0
            {
                shortest = (bytes / scale, format!("{}{mark}", unit.to_ascii_uppercase()));
            }
        }
    }
    let (number, unit) = shortest;
    format!("{number} {unit}")
}

/// A number and the unit behind it.
fn split(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|each: char| !(each.is_ascii_digit() || each == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (!number.is_empty()).then(|| (number, unit.trim()))
}

/// What is said of what has gone: `Removed by retention on 3 May 2026`.
#[must_use]
pub fn removed_on(at: Timestamp) -> String {
    format!("Removed by retention on {}", date(at))
}

/// The same within a sentence.
#[must_use]
pub fn removed(at: Timestamp) -> String {
    format!("removed by retention on {}", date(at))
}

fn date(at: Timestamp) -> impl std::fmt::Display {
    Offset::UTC.to_datetime(at).strftime("%-d %B %Y").to_string()
}
