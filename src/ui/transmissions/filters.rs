//! Which transmissions are listed: what can be asked for, and how it is said.

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::app::{SHORTEST_SEARCH, TransmissionFilter};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Direction, Verdict};
use crate::ui::moment::Moment;
use crate::ui::outcome::direction_word;

/// Which results are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// All.
    #[default]
    All,
    /// Known not to have been accepted, or refused by us: nothing else.
    Failed,
    /// Sent, with no answer that decides.
    Uncertain,
    /// An asynchronous receipt is outstanding.
    Waiting,
    /// The partner has it.
    Delivered,
    /// We have it.
    Received,
}

impl Outcome {
    pub(super) const ALL: [(Self, &'static str); 6] = [
        (Self::All, "All results"),
        (Self::Failed, "Failed"),
        (Self::Uncertain, "Uncertain"),
        (Self::Waiting, "Waiting for receipt"),
        (Self::Delivered, "Delivered"),
        (Self::Received, "Received"),
    ];

    const fn verdict(self) -> Option<Verdict> {
        match self {
            Self::All | Self::Failed => None,
            Self::Uncertain => Some(Verdict::Uncertain),
            Self::Waiting => Some(Verdict::Pending),
            Self::Delivered => Some(Verdict::Delivered),
            Self::Received => Some(Verdict::Received),
        }
    }
}

/// Since when they are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Period {
    /// Since midnight.
    Today,
    /// Today and the six days before.
    Week,
    /// Today and the 29 days before.
    Month,
    /// All there are.
    #[default]
    All,
}

impl Period {
    pub(super) const ALL: [(Self, &'static str); 4] =
        [(Self::Today, "Today"), (Self::Week, "7 days"), (Self::Month, "30 days"), (Self::All, "All time")];

    /// The first instant of it, in the user's zone.
    #[must_use]
    pub(super) fn since(self, moment: &Moment) -> Option<Timestamp> {
        let days = match self {
            Self::Today => 0,
            Self::Week => 6,
            Self::Month => 29,
            Self::All => return None,
        };
        let today = moment.zone.to_datetime(moment.now).date();
        let first = today.checked_sub(days.days()).ok()?;
        moment.zone.to_timestamp(first.at(0, 0, 0, 0)).ok()
    }
}

/// How large their documents are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Extent {
    /// Below 10 KB.
    Small,
    /// From there to 1 MB.
    Medium,
    /// From there to 100 MB.
    Large,
    /// All above.
    Huge,
}

impl Extent {
    pub(super) const ALL: [Self; 4] = [Self::Small, Self::Medium, Self::Large, Self::Huge];

    /// The least and the most bytes.
    const fn bounds(self) -> (Option<u64>, Option<u64>) {
        match self {
            Self::Small => (None, Some(9_999)),
            Self::Medium => (Some(10_000), Some(999_999)),
            Self::Large => (Some(1_000_000), Some(99_999_999)),
            Self::Huge => (Some(100_000_000), None),
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Small => "Below 10 KB",
            Self::Medium => "10 KB to 1 MB",
            Self::Large => "1 to 100 MB",
            Self::Huge => "100 MB and more",
        }
    }
}

/// A stretch of time that was chosen in the chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stretch {
    /// Its first instant.
    pub from: Timestamp,
    /// The first after it.
    pub until: Timestamp,
    /// What it is called.
    pub name: String,
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Filters {
    /// Only those that hold this text.
    pub query: String,
    /// Only those of this connection.
    pub connection: Option<ConnectionId>,
    /// Only those of this profile.
    pub profile: Option<ProfileKind>,
    /// Only those that went this way.
    pub direction: Option<Direction>,
    /// Only those with this result.
    pub outcome: Outcome,
    /// Only those of this cause.
    pub cause: Option<String>,
    /// Only those since then.
    pub period: Period,
    /// Only those of this stretch of it.
    pub stretch: Option<Stretch>,
    /// Only those of this size.
    pub extent: Option<Extent>,
    /// Only those with a document of this type.
    pub document: Option<String>,
}

/// One of the filters that are set beside the search, the partner, the result and the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chip {
    /// The stretch of time.
    Stretch,
    /// The profile.
    Profile,
    /// The direction.
    Direction,
    /// The size.
    Extent,
    /// The type of document.
    Document,
    /// The cause.
    Cause,
}

impl Filters {
    /// Whether what was typed is not enough to be searched for yet.
    #[must_use]
    pub(super) fn is_too_short(&self) -> bool {
        let typed = self.query.trim().chars().count();
        typed > 0 && typed < SHORTEST_SEARCH
    }

    /// The same as it is asked: a text that is too short is no text.
    #[must_use]
    pub(super) fn asked(&self) -> Self {
        let query = if self.is_too_short() { String::new() } else { self.query.trim().to_owned() };
        Self { query, ..self.clone() }
    }

    /// The same for the journal.
    #[must_use]
    pub(super) fn question(&self, moment: &Moment) -> TransmissionFilter {
        let asked = self.asked();
        let (min_bytes, max_bytes) = self.extent.map_or((None, None), Extent::bounds);
        TransmissionFilter {
            failed: self.outcome == Outcome::Failed,
            verdict: self.outcome.verdict(),
            cause: asked.cause,
            direction: self.direction,
            connection: asked.connection,
            profile: self.profile,
            since: self.period.since(moment).max(self.stretch.as_ref().map(|stretch| stretch.from)),
            until: self.stretch.as_ref().map(|stretch| stretch.until),
            min_bytes,
            max_bytes,
            document: asked.document,
            search: (!asked.query.is_empty()).then_some(asked.query),
            ..TransmissionFilter::default()
        }
    }

    /// What is set among those that have no place of their own, in words.
    pub(super) fn chips(&self) -> Vec<(Chip, String)> {
        let mut chips = Vec::new();
        chips.extend(self.stretch.as_ref().map(|stretch| (Chip::Stretch, stretch.name.clone())));
        chips.extend(self.profile.map(|profile| (Chip::Profile, profile.label().to_owned())));
        chips.extend(self.direction.map(|way| (Chip::Direction, direction_word(way).to_owned())));
        chips.extend(self.extent.map(|extent| (Chip::Extent, extent.label().to_owned())));
        chips.extend(self.document.as_ref().map(|kind| (Chip::Document, format!("Document {kind}"))));
        chips.extend(self.cause.as_ref().map(|cause| (Chip::Cause, cause.clone())));
        chips
    }

    /// Has failures listed alone, as long as one is set that was chosen among failures.
    pub(super) fn only_failed(&mut self) {
        let any = self.cause.is_some() || self.connection.is_some();
        self.outcome = if any { Outcome::Failed } else { Outcome::All };
    }

    /// Takes one of them away.
    pub(super) fn remove(&mut self, chip: Chip) {
        match chip {
            Chip::Stretch => self.stretch = None,
            Chip::Profile => self.profile = None,
            Chip::Direction => self.direction = None,
            Chip::Extent => self.extent = None,
            Chip::Document => self.document = None,
            Chip::Cause => self.cause = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn periods_begin_at_midnight_where_the_user_is() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let moment = Moment::new("2026-11-24T08:30:00Z".parse().unwrap(), zone);
        let since = |period: Period| period.since(&moment).map(|at| at.to_string());
        assert_eq!(since(Period::Today).as_deref(), Some("2026-11-23T23:00:00Z"));
        assert_eq!(since(Period::Week).as_deref(), Some("2026-11-17T23:00:00Z"));
        // Before the clock was put back.
        assert_eq!(since(Period::Month).as_deref(), Some("2026-10-25T23:00:00Z"));
        assert_eq!(since(Period::All), None);
    }

    #[test]
    fn a_stretch_of_time_narrows_the_period_and_can_be_taken_away() {
        let moment = Moment::new("2026-11-24T08:30:00Z".parse().unwrap(), TimeZone::UTC);
        let (from, until) = ("2026-11-23T00:00:00Z".parse().unwrap(), "2026-11-24T00:00:00Z".parse().unwrap());
        let stretch = Some(Stretch { from, until, name: "Mon 23 Nov".to_owned() });
        let mut filters = Filters { stretch, period: Period::Week, ..Filters::default() };
        let asked = filters.question(&moment);
        assert_eq!((asked.since, asked.until), (Some(from), Some(until)));
        // One that begins before the period does not reach beyond it.
        filters.period = Period::Today;
        assert_eq!(filters.question(&moment).since, Some(until));
        assert_eq!(filters.chips(), [(Chip::Stretch, "Mon 23 Nov".to_owned())]);
        filters.remove(Chip::Stretch);
        assert_eq!(filters.question(&moment).until, None);
    }

    #[test]
    fn a_filter_on_failures_asks_for_failures_alone() {
        let moment = Moment::new(Timestamp::UNIX_EPOCH, TimeZone::UTC);
        let failed = Filters { outcome: Outcome::Failed, ..Filters::default() }.question(&moment);
        assert!(failed.failed && failed.verdict.is_none());
        let uncertain = Filters { outcome: Outcome::Uncertain, ..Filters::default() }.question(&moment);
        assert!(!uncertain.failed && uncertain.verdict == Some(Verdict::Uncertain));
    }

    #[test]
    fn sizes_meet_without_a_gap_and_two_characters_are_not_searched_for() {
        let bounds = Extent::ALL.map(Extent::bounds);
        assert!(bounds.windows(2).all(|pair| pair[0].1.map(|most| most + 1) == pair[1].0));
        assert_eq!((bounds[0].0, bounds[3].1), (None, None));
        let moment = Moment::new(Timestamp::UNIX_EPOCH, TimeZone::UTC);
        let search = |query: &str| Filters { query: query.to_owned(), ..Filters::default() };
        assert_eq!(search(" ab ").question(&moment).search, None);
        assert_eq!(search(" abc ").question(&moment).search.as_deref(), Some("abc"));
        assert_eq!(search("ab").asked(), Filters::default());
    }

    #[test]
    fn what_was_saved_before_there_was_more_to_ask_for_can_still_be_read() {
        let read: Filters = serde_json::from_str(r#"{"query":"850","outcome":"Failed"}"#).unwrap();
        assert_eq!(read, Filters { query: "850".to_owned(), outcome: Outcome::Failed, ..Filters::default() });
    }
}
