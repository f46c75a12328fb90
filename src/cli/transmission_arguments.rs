//! Which transmissions are listed or written, as it can be said on the command line. The comments are the help.

use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::Session;
use super::arguments::instant_at;
use crate::app::{AppError, ExportFormat, SHORTEST_SEARCH, Sort, TransmissionFilter};
use crate::domain::UnknownWord;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::instant::InstantError;
use crate::domain::retention::amount;
use crate::domain::summary::Step;
use crate::domain::transmission::{Direction, Verdict};

/// A word in whatever case it was written: the list shows `Delivered`, and the journal has `delivered`.
fn in_any_case<T: FromStr<Err = UnknownWord>>(text: &str) -> Result<T, UnknownWord> {
    text.to_ascii_lowercase().parse().map_err(|unknown: UnknownWord| UnknownWord {
        word: text.chars().take(60).collect(),
        accepted: unknown.accepted,
    })
}

/// An instant, or the beginning of a day where the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    At(Timestamp),
    Day(Date),
    Today,
    Yesterday,
}

/// A text that names neither a day nor an instant.
#[derive(Debug, thiserror::Error)]
#[error("{0}; a day such as 2026-11-26, `today` or `yesterday` can be given too")]
struct MomentError(InstantError);

fn moment_of(text: &str) -> Result<Moment, MomentError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "today" => Ok(Moment::Today),
        "yesterday" => Ok(Moment::Yesterday),
        day if day.len() == 10 && day.parse::<Date>().is_ok() => {
            day.parse().map(Moment::Day).map_err(|_no_day| MomentError(InstantError::Form { given: text.to_owned() }))
        }
        _ => instant_at(text).map(Moment::At).map_err(MomentError),
    }
}

impl Moment {
    /// When that is. A day that has no midnight begins with its first instant.
    fn at(self, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, AppError> {
        let (today, none) = (zone.to_datetime(now).date(), |error: jiff::Error| AppError::new(error.to_string()));
        let day = match self {
            Self::At(at) => return Ok(at),
            Self::Day(day) => day,
            Self::Today => today,
            Self::Yesterday => today.yesterday().map_err(none)?,
        };
        zone.to_ambiguous_timestamp(day.to_datetime(Time::midnight())).compatible().map_err(none)
    }
}

fn bytes_of(text: &str) -> Result<u64, String> {
    let size = |given: &str| format!("`{given}` is not a size such as 500000, 1MB or 1.5GiB");
    let shown: String = text.chars().take(40).collect();
    amount(text).ok().flatten().ok_or_else(|| size(&shown))
}

#[derive(Debug, clap::Args)]
pub(super) struct FilterArguments {
    /// Only those that failed or were refused
    #[arg(long)]
    failed: bool,
    /// Only those of this verdict, such as uncertain or pending
    #[arg(long, value_parser = in_any_case::<Verdict>)]
    verdict: Option<Verdict>,
    /// Only those with this cause, in full, as the list shows it
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
    /// Only those of this connection
    #[arg(long, visible_alias = "partner", value_name = "ID")]
    connection: Option<ConnectionId>,
    /// Only those of this profile, production or test
    #[arg(long, value_parser = in_any_case::<ProfileKind>)]
    profile: Option<ProfileKind>,
    /// Only those that went this way, outbound or inbound
    #[arg(long, value_parser = in_any_case::<Direction>)]
    direction: Option<Direction>,
    /// Only those since this instant, or since the beginning of a day where you are: 2026-11-26, today, yesterday
    #[arg(long, value_name = "INSTANT", value_parser = moment_of)]
    since: Option<Moment>,
    /// Only those before this instant, or before the beginning of a day
    #[arg(long, value_name = "INSTANT", value_parser = moment_of)]
    until: Option<Moment>,
    /// Only those with a payload of so many bytes or more: 500000, 1MB, 1.5GiB
    #[arg(long, value_name = "BYTES", value_parser = bytes_of)]
    min_bytes: Option<u64>,
    /// Only those with a payload of so many bytes or fewer
    #[arg(long, value_name = "BYTES", value_parser = bytes_of)]
    max_bytes: Option<u64>,
    /// Only those with a document of this type, such as 850 or ORDERS
    #[arg(long, value_name = "TYPE")]
    document: Option<String>,
    /// Only those whose Message-ID, file name or control numbers (ISA, GS, ST; UNB, UNG, UNH) hold this text: three
    /// characters or more, capitals or not
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// time, connection, size or result; the newest, the largest, what needs action first
    #[arg(long, default_value = "time", value_parser = in_any_case::<Sort>)]
    sort: Sort,
    /// The other way round
    #[arg(long)]
    reverse: bool,
}

impl FilterArguments {
    /// Whether it says how what is listed stands: what is sent again by a filter is chosen by that.
    pub(super) const fn names_a_standing(&self) -> bool {
        self.failed || self.verdict.is_some() || self.cause.is_some()
    }

    /// The same for the journal.
    ///
    /// # Errors
    /// Where the text is too short to be searched for, or there is no such connection.
    pub(super) async fn filter(self, session: &Session) -> Result<TransmissionFilter, AppError> {
        session.app.require_connection(self.connection.as_ref()).await?;
        if let Some(text) = self.search.as_deref().filter(|text| text.trim().chars().count() < SHORTEST_SEARCH) {
            let text: String = text.chars().take(SHORTEST_SEARCH).collect();
            return Err(AppError::new(format!("`{text}` is too short to be searched for"))
                .hint(format!("give {SHORTEST_SEARCH} characters or more")));
        }
        let (now, zone) = (session.app.now(), TimeZone::system());
        let at = |moment: Moment| moment.at(now, &zone);
        Ok(TransmissionFilter {
            failed: self.failed,
            verdict: self.verdict,
            cause: self.cause,
            connection: self.connection,
            profile: self.profile,
            direction: self.direction,
            since: self.since.map(at).transpose()?,
            until: self.until.map(at).transpose()?,
            min_bytes: self.min_bytes,
            max_bytes: self.max_bytes,
            document: self.document,
            search: self.search,
            sort: self.sort,
            reverse: self.reverse,
            ..TransmissionFilter::default()
        })
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct RedeliverArguments {
    /// Their ids, or the first 8 or more digits of each
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<String>,
    #[command(flatten)]
    pub(super) filter: FilterArguments,
    /// Also what was delivered, or waits for its receipt. A partner who has it puts it aside as a duplicate
    #[arg(long, conflicts_with = "new_message_id")]
    pub(super) again: bool,
    /// As a new message with a Message-ID of its own. A partner who has the document already cannot tell that it is the
    /// same, and may act on it twice: a second order, a second invoice
    #[arg(long)]
    pub(super) new_message_id: bool,
    /// Send all that a filter chooses; without it, only say how many they are
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    pub(super) filter: FilterArguments,
    /// At most this many, up to 10000
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(super) limit: u16,
    /// The page that follows: `next` of an earlier list
    #[arg(long, value_name = "CURSOR")]
    pub(super) after: Option<String>,
    /// Say also how many there are in all
    #[arg(long)]
    pub(super) count: bool,
}

/// How a summary is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum By {
    Hour,
    Day,
    Week,
    Month,
    Cause,
    Partner,
}

impl By {
    /// The step in time, where it is one.
    pub(super) const fn step(self) -> Option<Step> {
        match self {
            Self::Hour => Some(Step::Hour),
            Self::Day => Some(Step::Day),
            Self::Week => Some(Step::Week),
            Self::Month => Some(Step::Month),
            Self::Cause | Self::Partner => None,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct SummaryArguments {
    #[command(flatten)]
    pub(super) filter: FilterArguments,
    /// How it is divided: in time, as suits the period where nothing is said, or failures by their cause or partner
    #[arg(long)]
    pub(super) by: Option<By>,
}

#[derive(Debug, clap::Args)]
pub(super) struct ExportArguments {
    #[command(flatten)]
    pub(super) filter: FilterArguments,
    /// csv or json; as the file's name ends where it is not given, else csv
    #[arg(long)]
    pub(super) format: Option<ExportFormat>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_user_is_and_sizes_have_units() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let now = "2026-11-26T03:00:00Z".parse().unwrap();
        for (text, begins) in [
            ("2026-11-26", "2026-11-26T05:00:00Z"),
            ("2026-07-01", "2026-07-01T04:00:00Z"),
            ("today", "2026-11-25T05:00:00Z"),
            ("Yesterday", "2026-11-24T05:00:00Z"),
            ("2026-11-26T09:00:00+01:00", "2026-11-26T08:00:00Z"),
        ] {
            assert_eq!(moment_of(text).unwrap().at(now, &zone).unwrap().to_string(), begins, "{text}");
        }
        // In a place where that day has no midnight.
        let skipped = TimeZone::get("America/Sao_Paulo").unwrap();
        let begins = moment_of("2018-11-04").unwrap().at(now, &skipped).unwrap();
        assert_eq!(begins.to_string(), "2018-11-04T03:00:00Z");
        for wrong in ["tomorrow", "2026-02-30", "2026-11-26T09:00"] {
            assert!(moment_of(wrong).unwrap_err().to_string().contains("such as 2026-11-26"), "{wrong}");
        }
        for (text, bytes) in
            [("500000", 500_000), ("1MB", 1_000_000), ("1.5GB", 1_500_000_000), ("1.5GiB", 1_610_612_736), ("0", 0)]
        {
            assert_eq!(bytes_of(text), Ok(bytes), "{text}");
        }
        for wrong in ["unlimited", "many", "1XB", "-1"] {
            assert!(bytes_of(wrong).unwrap_err().contains("1MB"), "{wrong}");
        }
    }
}
