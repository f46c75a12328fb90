//! How right our own clock is: compared with the `Date` of partners' answers, because schedules depend on it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// More than this is told.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// So many servers are compared with, those that answered last.
pub const SERVERS: usize = 9;

/// What one server said of the time, the last time that it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockSample {
    /// Its host and port.
    pub server: String,
    /// When, by our clock.
    pub at: Timestamp,
    /// How far its clock is ahead of ours, in seconds; negative where ours is ahead.
    pub ahead_seconds: i64,
}

/// How our clock stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClockStanding {
    /// How far the others are ahead of us, in seconds: the median, so that one wrong server does not matter.
    pub ahead_seconds: i64,
    /// How many servers said something.
    pub servers: usize,
    /// When the newest of them was heard, by our clock.
    pub at: Timestamp,
}

impl ClockStanding {
    /// Whether it is off by more than is harmless.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.ahead_seconds.abs() > TOLERANCE.as_secs()
    }

    /// What is told of it: a sentence, and what to do.
    #[must_use]
    pub fn told(&self) -> (String, String) {
        let minutes = self.ahead_seconds.unsigned_abs() / 60;
        let length = match minutes {
            0..120 => format!("{minutes} minutes"),
            120..2880 => format!("{} hours", minutes / 60),
            _ => format!("{} days", minutes / 1440),
        };
        let way = if self.ahead_seconds > 0 { "behind" } else { "ahead of" };
        let by = if self.servers == 1 {
            "one partner's server".to_owned()
        } else {
            format!("{} partners' servers", self.servers)
        };
        (
            format!("This computer's clock is {length} {way} {by}"),
            "Scheduled certificates go active by this clock: set it right, or they change at the wrong time".to_owned(),
        )
    }
}

/// How our clock stands by what was heard: the median of what the servers said that answered last, each once. Nothing
/// where none has answered.
#[must_use]
pub fn standing(samples: &[ClockSample]) -> Option<ClockStanding> {
    let mut newest: Vec<&ClockSample> = samples.iter().collect();
    newest.sort_by(|one, other| other.at.cmp(&one.at).then_with(|| one.server.cmp(&other.server)));
    let mut heard: Vec<&ClockSample> = Vec::new();
    for sample in newest {
        if heard.len() < SERVERS && heard.iter().all(|known| known.server != sample.server) {
            heard.push(sample);
        }
    }
    let at = heard.first()?.at;
    let mut ahead: Vec<i64> = heard.iter().map(|sample| sample.ahead_seconds).collect();
    ahead.sort_unstable();
    // Of an even number the one that is less off: two servers of which one is wrong are not to raise an alarm.
    let (low, high) = (ahead[(ahead.len() - 1) / 2], ahead[ahead.len() / 2]);
    let median = if low.unsigned_abs() <= high.unsigned_abs() { low } else { high };
    Some(ClockStanding { ahead_seconds: median, servers: heard.len(), at })
}

/// How far the clock is ahead that wrote a `Date` header (RFC 9110, 5.6.7), when it was read at this instant; in seconds.
/// Nothing where it is no date.
#[must_use]
pub fn ahead(date: &str, read_at: Timestamp) -> Option<i64> {
    let date = date.trim();
    let zoned = jiff::fmt::rfc2822::parse(date).ok().map(|zoned| zoned.timestamp()).or_else(|| obsolete(date))?;
    Some(zoned.as_second() - read_at.as_second())
}

/// The form of RFC 850 and that of C's `asctime`, which a recipient has to accept (RFC 9110, 5.6.7). Two digits of a year
/// are of this century: nobody sends a message in another.
fn obsolete(date: &str) -> Option<Timestamp> {
    let civil = if let Some((_, rest)) = date.split_once(", ") {
        let rest = rest.strip_suffix(" GMT")?;
        let (day, rest) = rest.split_once('-')?;
        let (month, rest) = rest.split_once('-')?;
        let (year, time) = rest.split_once(' ')?;
        jiff::civil::DateTime::strptime("%d %b %Y %H:%M:%S", format!("{day} {month} 20{year} {time}")).ok()?
    } else {
        let parts: Vec<&str> = date.split_whitespace().collect();
        let [_, month, day, time, year] = parts[..] else { return None };
        jiff::civil::DateTime::strptime("%d %b %Y %H:%M:%S", format!("{day} {month} {year} {time}")).ok()?
    };
    jiff::tz::Offset::UTC.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(server: &str, at: i64, ahead_seconds: i64) -> ClockSample {
        ClockSample { server: server.to_owned(), at: Timestamp::from_second(at).unwrap(), ahead_seconds }
    }

    #[test]
    fn every_form_of_a_date_is_read() {
        let read_at: Timestamp = "2026-11-24T08:30:00Z".parse().unwrap();
        for date in [
            "Tue, 24 Nov 2026 08:35:01 GMT",
            "Tuesday, 24-Nov-26 08:35:01 GMT",
            "Tue Nov 24 08:35:01 2026",
            " Tue, 24 Nov 2026 09:35:01 +0100",
        ] {
            assert_eq!(ahead(date, read_at), Some(301), "{date}");
        }
        for nonsense in ["", "yesterday", "Tue, 31 Feb 2026 08:35:01 GMT", "1764000000", "Tue, 24 Nov 2026"] {
            assert_eq!(ahead(nonsense, read_at), None, "{nonsense}");
        }
    }

    #[test]
    fn one_wrong_server_does_not_matter_and_most_of_them_do() {
        let off =
            |samples: &[ClockSample]| standing(samples).map(|standing| (standing.ahead_seconds, standing.is_off()));
        assert_eq!(off(&[]), None);
        assert_eq!(off(&[sample("a", 1, 2)]), Some((2, false)));
        assert_eq!(off(&[sample("a", 1, 2), sample("b", 2, 86_400)]), Some((2, false)));
        assert_eq!(off(&[sample("a", 1, 2), sample("b", 2, 86_400), sample("c", 3, -1)]), Some((2, false)));
        assert_eq!(off(&[sample("a", 1, 400), sample("b", 2, 405), sample("c", 3, 0)]), Some((400, true)));
        assert_eq!(off(&[sample("a", 1, 300)]), Some((300, false)), "five minutes are not more than five minutes");
        assert_eq!(off(&[sample("a", 1, -301)]), Some((-301, true)));
        // The newest of each server counts, and only the servers that answered last.
        assert_eq!(off(&[sample("a", 1, 9000), sample("a", 5, 1)]), Some((1, false)));
        let mut many: Vec<ClockSample> = (0..40).map(|number| sample(&format!("s{number}"), number, 9000)).collect();
        many.extend((0..9).map(|number| sample(&format!("t{number}"), 100 + number, 0)));
        assert_eq!(off(&many), Some((0, false)));
    }

    #[test]
    fn it_is_told_in_words() {
        let told =
            |ahead_seconds, servers| ClockStanding { ahead_seconds, servers, at: Timestamp::UNIX_EPOCH }.told().0;
        assert_eq!(told(420, 3), "This computer's clock is 7 minutes behind 3 partners' servers");
        assert_eq!(told(-7200, 1), "This computer's clock is 2 hours ahead of one partner's server");
    }
}
