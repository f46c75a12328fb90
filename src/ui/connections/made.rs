//! The rows as last made, with what they were made from and what they answer to: a frame only draws them.

use std::collections::HashSet;
use std::sync::Arc;

use super::facets::{Choices, Kept, is_needed};
use super::lines::{Line, lines};
use super::rows::{Filter, Order, Prepared, prepare, sort};
use crate::app::engine::Snapshot;
use crate::domain::identifier::ConnectionId;
use crate::ui::moment::Moment;

/// What the rows answer to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub query: String,
    pub filter: Filter,
    pub order: Order,
    pub kept: Kept,
}

/// Rows with what they were made from.
pub(super) struct Made {
    pub snapshot: Arc<Snapshot>,
    prepared: Vec<Prepared>,
    /// Whether there is anything to be narrowed or grouped.
    pub is_many: bool,
    pub asked: Option<Asked>,
    pub lines: Vec<Line>,
    /// What can be narrowed to.
    pub choices: Choices,
    /// The keys of all groups.
    pub groups: Vec<String>,
    /// The connections that are shown, where they are narrowed by more than the search.
    pub narrowed: Option<HashSet<ConnectionId>>,
    /// All connections that answer, also those in groups whose rows are hidden.
    pub shown: HashSet<ConnectionId>,
}

impl Made {
    /// Everything that does not depend on what is asked.
    #[must_use]
    pub(super) fn new(snapshot: &Arc<Snapshot>, moment: &Moment) -> Self {
        let prepared = prepare(snapshot, moment);
        Self {
            snapshot: Arc::clone(snapshot),
            is_many: is_needed(prepared.iter().map(|connection| &connection.marks)),
            prepared,
            asked: None,
            lines: Vec::new(),
            choices: Choices::default(),
            groups: Vec::new(),
            narrowed: None,
            shown: HashSet::new(),
        }
    }

    /// Makes what is shown of it.
    pub(super) fn answer(&mut self, asked: Asked) {
        let kept = &asked.kept;
        let query = asked.query.trim().to_lowercase();
        let found: Vec<bool> =
            self.prepared.iter().map(|connection| connection.answers(&query, asked.filter)).collect();
        let marked = self.prepared.iter().zip(&found).map(|(connection, found)| (&connection.marks, *found));
        self.choices = if self.is_many || kept.narrows() { Choices::new(marked, kept) } else { Choices::default() };
        let is_shown = |(connection, found): (&Prepared, &bool)| *found && kept.holds(&connection.marks, None);
        let mut shown: Vec<&Prepared> =
            self.prepared.iter().zip(&found).filter(|pair| is_shown(*pair)).map(|(connection, _)| connection).collect();
        sort(&mut shown, asked.order);
        self.lines = lines(&shown, kept);
        let groups = self.lines.iter().filter_map(|line| match line {
            Line::Group(group) => Some(group.mark.key.clone()),
            Line::Row(..) => None,
        });
        self.groups = groups.collect();
        let ids = |connection: &Prepared| connection.rows.first().map(|row| row.connection.clone());
        let holding = self.prepared.iter().filter(|connection| kept.holds(&connection.marks, None));
        self.shown = shown.iter().filter_map(|connection| ids(connection)).collect();
        self.narrowed = kept.narrows().then(|| holding.filter_map(ids).collect());
        self.asked = Some(asked);
    }
}
