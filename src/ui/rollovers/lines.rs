//! The rows of the board: written out once when it was read, then filtered and sorted.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::domain::rollover::{Board, BoardRow, Message, PlannedActivation, ProfileKey, RolloverState};
use crate::domain::transmission::Verdict;
use crate::ui::moment::Moment;

/// A column of the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum BoardColumn {
    /// The connection's name.
    #[default]
    Partner,
    /// Test or production.
    Profile,
    /// How it stands.
    State,
    /// When it changes.
    Changes,
    /// The last test.
    Test,
    /// The last message.
    Traffic,
    /// What is in the way, what was told, the note.
    Note,
}

impl BoardColumn {
    /// Its head.
    pub(super) const fn head(self) -> &'static str {
        match self {
            Self::Partner => "Partner",
            Self::Profile => "Profile",
            Self::State => "State",
            Self::Changes => "Changes",
            Self::Test => "Last test",
            Self::Traffic => "Last traffic",
            Self::Note => "Note",
        }
    }
}

/// A row, written out.
#[derive(Debug)]
pub(super) struct Line {
    /// By what it is found.
    pub(super) key: ProfileKey,
    pub(super) row: BoardRow,
    pub(super) changes: String,
    pub(super) test: Option<(Verdict, String)>,
    pub(super) traffic: Option<(Verdict, String)>,
    pub(super) note: String,
    /// All of it, for screen readers.
    pub(super) sentence: String,
    /// What is searched, in lower case.
    searched: String,
}

/// `28 Nov, 09:00 Europe/Berlin`, in the zone in which it was stated, which is always named.
#[must_use]
pub(super) fn in_zone(at: jiff::Timestamp, zone: Option<&str>, moment: &Moment) -> String {
    let known = zone.and_then(|name| Some((name.to_owned(), TimeZone::get(name).ok()?)));
    let (name, zone) =
        known.unwrap_or_else(|| (moment.zone.iana_name().unwrap_or("UTC").to_owned(), moment.zone.clone()));
    format!("{} {name}", moment.there(zone).day_and_time(at))
}

/// When a profile is to change, before that was applied.
#[must_use]
pub(super) fn planned(planned: &PlannedActivation, moment: &Moment) -> String {
    planned.at.map_or_else(|| "At once".to_owned(), |at| in_zone(at, planned.zone.as_deref(), moment))
}

fn message(message: &Message, moment: &Moment) -> (Verdict, String) {
    let word = match message.verdict {
        Verdict::Delivered => "Delivered",
        Verdict::Failed => "Failed",
        Verdict::Uncertain => "Uncertain",
        Verdict::Pending => "Waiting",
        Verdict::Queued => "Queued",
        Verdict::Sending => "Sending",
        Verdict::Cancelled => "Cancelled",
        Verdict::Received => "Received",
        Verdict::Refused => "Refused",
    };
    (message.verdict, format!("{word} {}", moment.ago(message.at)))
}

fn line(row: &BoardRow, moment: &Moment) -> Line {
    let other = row.planned_otherwise();
    let changes = match (row.activates, &row.planned) {
        _ if row.state == RolloverState::RolledBack => "Not any more".to_owned(),
        (Some(at), _) => {
            let applied = in_zone(at, row.zone.as_deref(), moment);
            other.map_or_else(|| applied.clone(), |plan| format!("{applied} → {}", planned(plan, moment)))
        }
        (None, _) if matches!(row.state, RolloverState::Active | RolloverState::Confirmed) => "Since always".to_owned(),
        (None, Some(plan)) => planned(plan, moment),
        (None, None) => "No time set".to_owned(),
    };
    let told = row.told.as_ref().map(|told| {
        let how = if told.how.is_empty() { String::new() } else { format!(" {}", told.how) };
        let note = if told.note.is_empty() { String::new() } else { format!(", {}", told.note) };
        format!("Told {}{how}{note}", moment.day(told.at))
    });
    let note: Vec<String> = [
        row.problem.clone(),
        (!row.note.is_empty()).then(|| row.note.replace(['\r', '\n'], " ")),
        other.map(|_| "Its new time is planned and not applied yet".to_owned()),
        told,
        row.remark.clone(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let note = note.join(" · ");
    let test = row.last_test.as_ref().map(|test| message(test, moment));
    let traffic = row.last_traffic.as_ref().map(|traffic| message(traffic, moment));
    let waits = row.state != RolloverState::RolledBack && row.planned.is_some();
    let applied = if row.activates.is_none() && waits { ", not applied" } else { "" };
    let sentence = format!(
        "{}, {}, {}, {changes}{applied}{}{}",
        row.name,
        row.profile,
        row.state.label(),
        test.as_ref().map(|(_, said)| format!(", last test {said}")).unwrap_or_default(),
        if note.is_empty() { String::new() } else { format!(", {note}") },
    );
    Line {
        key: row.key(),
        searched: format!("{} {} {sentence}", row.connection, row.profile).to_lowercase(),
        row: row.clone(),
        changes,
        test,
        traffic,
        note,
        sentence,
    }
}

/// The rows of a board as they are shown.
#[derive(Debug, Default)]
pub(super) struct Lines {
    all: Vec<Arc<Line>>,
    pub(super) shown: Vec<Arc<Line>>,
    order: (BoardColumn, bool),
    query: String,
    state: Option<RolloverState>,
}

impl Lines {
    /// Writes a board out.
    pub(super) fn write(&mut self, board: &Board, moment: &Moment) {
        self.all = board.rows.iter().map(|row| Arc::new(line(row, moment))).collect();
        self.arrange();
    }

    /// How many there are altogether.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// All of them by key.
    pub(super) fn by_key(&self) -> HashMap<&ProfileKey, &Arc<Line>> {
        self.all.iter().map(|line| (&line.key, line)).collect()
    }

    /// The column it is sorted by, and whether downwards.
    pub(super) const fn order(&self) -> (BoardColumn, bool) {
        self.order
    }

    /// Shows only what holds a text and stands so.
    pub(super) fn filter(&mut self, query: &str, state: Option<RolloverState>) {
        let query = query.trim().to_lowercase();
        if (&self.query, self.state) != (&query, state) {
            (self.query, self.state) = (query, state);
            self.arrange();
        }
    }

    /// Sorts by a column; the other way round where it is sorted by it already.
    pub(super) fn sort(&mut self, column: BoardColumn) {
        self.order = if self.order.0 == column { (column, !self.order.1) } else { (column, false) };
        self.arrange();
    }

    fn arrange(&mut self) {
        let holds = |line: &&Arc<Line>| {
            self.state.is_none_or(|state| line.row.state == state)
                && (self.query.is_empty() || line.searched.contains(&self.query))
        };
        self.shown = self.all.iter().filter(holds).cloned().collect();
        let (column, down) = self.order;
        // They come sorted by name, which stays the order among equals.
        match column {
            BoardColumn::Partner => {}
            BoardColumn::Profile => self.shown.sort_by_key(|line| line.row.profile),
            BoardColumn::State => self.shown.sort_by_key(|line| line.row.state),
            BoardColumn::Changes => self.shown.sort_by_key(|line| {
                line.row.activates.or_else(|| line.row.planned.as_ref().and_then(|planned| planned.at))
            }),
            BoardColumn::Test => self.shown.sort_by_key(|line| line.row.last_test.as_ref().map(|test| test.at)),
            BoardColumn::Traffic => {
                self.shown.sort_by_key(|line| line.row.last_traffic.as_ref().map(|traffic| traffic.at));
            }
            BoardColumn::Note => self.shown.sort_by(|one, other| one.note.cmp(&other.note)),
        }
        if down {
            self.shown.reverse();
        }
    }
}
