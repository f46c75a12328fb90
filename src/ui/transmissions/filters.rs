//! Which transmissions are listed.

use egui::{Key, Ui, vec2};
use jiff::{Timestamp, ToSpan as _};

use crate::app::TransmissionFilter;
use crate::domain::identifier::ConnectionId;
use crate::domain::transmission::{Direction, Verdict};
use crate::ui::desk::Desk;
use crate::ui::moment::Moment;
use crate::ui::widgets::{Choice, search, select};

/// Which results are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
}

/// Since when they are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// What is asked for. The text is looked for in what was loaded, everything else by the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filters {
    /// Only those of this connection.
    pub connection: Option<ConnectionId>,
    /// Only those that went this way.
    pub direction: Option<Direction>,
    /// Only those with this result.
    pub outcome: Outcome,
    /// Only those since then.
    pub period: Period,
}

impl Filters {
    /// The same for the journal.
    #[must_use]
    pub(super) fn question(&self, moment: &Moment, limit: usize) -> TransmissionFilter {
        TransmissionFilter {
            failed: self.outcome == Outcome::Failed,
            verdict: match self.outcome {
                Outcome::All | Outcome::Failed => None,
                Outcome::Uncertain => Some(Verdict::Uncertain),
                Outcome::Waiting => Some(Verdict::Pending),
            },
            direction: self.direction,
            connection: self.connection.clone(),
            since: self.period.since(moment),
            limit,
            ..TransmissionFilter::default()
        }
    }
}

/// Width of the choices beside the search, with the space between them.
const CHOICES: f32 = 150.0 + 168.0 + 172.0 + 104.0 + 4.0 * 8.0;

/// What a search field takes beside its text.
const SEARCH_FRAME: f32 = 36.0;

/// Shows search and filters, and changes what the user changes.
pub(super) fn filter_row(ui: &mut Ui, desk: &Desk<'_>, query: &mut String, filters: &mut Filters, focus: bool) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        // All in one line where they fit beside each other.
        let rest = ui.available_width() - CHOICES - SEARCH_FRAME;
        let width = if rest < 110.0 { 170.0 } else { rest.min(200.0) };
        let field = search(ui, "Search transmissions", query, "Search ID, file, partner", width);
        if focus {
            field.request_focus();
        }
        if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            query.clear();
        }
        let mut partners = vec![Choice::new(None, "All partners")];
        partners.extend(
            desk.snapshot
                .connections
                .iter()
                .map(|state| Choice::new(Some(state.connection.id.clone()), state.connection.name.clone())),
        );
        choose(ui, "Partner", &mut filters.connection, &partners, 150.0);
        let directions = [
            Choice::new(None, "Sent and received"),
            Choice::new(Some(Direction::Outbound), "Sent"),
            Choice::new(Some(Direction::Inbound), "Received"),
        ];
        choose(ui, "Direction", &mut filters.direction, &directions, 168.0);
        let outcomes = [
            Choice::new(Outcome::All, "All results"),
            Choice::new(Outcome::Failed, "Failed"),
            Choice::new(Outcome::Uncertain, "Uncertain"),
            Choice::new(Outcome::Waiting, "Waiting for receipt"),
        ];
        choose(ui, "Result", &mut filters.outcome, &outcomes, 172.0);
        let periods = [
            Choice::new(Period::Today, "Today"),
            Choice::new(Period::Week, "7 days"),
            Choice::new(Period::Month, "30 days"),
            Choice::new(Period::All, "All time"),
        ];
        choose(ui, "Period", &mut filters.period, &periods, 104.0);
    });
}

fn choose<T: PartialEq + Clone>(ui: &mut Ui, name: &str, value: &mut T, choices: &[Choice<T>], width: f32) {
    if ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
    if let (Some(chosen), _) = select(ui, name, value, choices, width) {
        *value = chosen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn periods_begin_at_midnight_where_the_user_is() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let moment = Moment { now: "2026-11-24T08:30:00Z".parse().unwrap(), zone };
        let since = |period: Period| period.since(&moment).map(|at| at.to_string());
        assert_eq!(since(Period::Today).as_deref(), Some("2026-11-23T23:00:00Z"));
        assert_eq!(since(Period::Week).as_deref(), Some("2026-11-17T23:00:00Z"));
        // Before the clock was put back.
        assert_eq!(since(Period::Month).as_deref(), Some("2026-10-25T23:00:00Z"));
        assert_eq!(since(Period::All), None);
    }

    #[test]
    fn a_filter_on_failures_asks_for_failures_alone() {
        let moment = Moment { now: Timestamp::UNIX_EPOCH, zone: TimeZone::UTC };
        let failed = Filters { outcome: Outcome::Failed, ..Filters::default() }.question(&moment, 9);
        assert!(failed.failed && failed.verdict.is_none());
        let uncertain = Filters { outcome: Outcome::Uncertain, ..Filters::default() }.question(&moment, 9);
        assert!(!uncertain.failed && uncertain.verdict == Some(Verdict::Uncertain));
    }
}
