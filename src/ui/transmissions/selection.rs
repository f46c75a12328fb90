//! What is selected in the list: some transmissions, or all of a filter.

use std::collections::BTreeMap;
use std::ops::Range;

use egui::Modifiers;

use super::list::{List, What, all_of};
use crate::app::engine::{Answer, Command, JournalCommand, RequestId};
use crate::app::{TransmissionFilter, TransmissionSummary};
use crate::domain::transmission::TransmissionId;
use crate::ui::desk::Desk;

/// The most that one stroke selects, unless it is all.
const MOST: usize = 10_000;

/// What is selected.
#[derive(Default)]
pub(super) struct Selection {
    some: BTreeMap<TransmissionId, TransmissionSummary>,
    /// All that is listed, whatever comes.
    all: bool,
    /// The place that a stretch begins at.
    anchor: Option<usize>,
    /// The place that was last chosen: from there keys go on.
    last: Option<usize>,
    /// A stretch of which not all was read.
    reading: Option<RequestId>,
    /// Another one whenever something else is selected.
    revision: u64,
}

impl Selection {
    /// How many are selected; nothing where it is all of them.
    #[must_use]
    pub(super) fn count(&self) -> Option<usize> {
        (!self.all).then_some(self.some.len())
    }

    /// Whether it is more than one, so that there is something to do with all of them.
    #[must_use]
    pub(super) fn is_several(&self) -> bool {
        self.all || self.some.len() > 1
    }

    /// Whether one is selected.
    #[must_use]
    pub(super) fn holds(&self, id: TransmissionId) -> bool {
        self.all || self.some.contains_key(&id)
    }

    /// The selected ones, the oldest first, where it is not all.
    pub(super) fn some(&self) -> impl DoubleEndedIterator<Item = &TransmissionSummary> {
        self.some.values()
    }

    /// Which selection this is: another number, another selection.
    #[must_use]
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Selects nothing.
    pub(super) fn clear(&mut self) {
        *self = Self { revision: self.revision + 1, ..Self::default() };
    }

    /// Selects all of the filter. What there is of it now can be sent again, unless it is too much.
    pub(super) fn all(&mut self, list: &List, what: &What, desk: &mut Desk<'_>) {
        self.clear();
        if list.len() <= MOST {
            self.stretch(0..list.len(), list, what, desk);
        }
        self.all = true;
    }

    /// Whether each of the selected is known, so that something can be done with it.
    #[must_use]
    pub(super) fn is_read(&self) -> bool {
        self.reading.is_none() && !self.some.is_empty()
    }

    /// Whether so many are selected that not each is known.
    #[must_use]
    pub(super) fn is_too_many(&self) -> bool {
        self.all && self.reading.is_none() && self.some.is_empty()
    }

    /// The place that was last chosen.
    #[must_use]
    pub(super) const fn last(&self) -> Option<usize> {
        self.last
    }

    /// Rows came on top.
    pub(super) fn moved(&mut self, by: usize) {
        for place in self.anchor.iter_mut().chain(&mut self.last) {
            *place += by;
        }
    }

    /// Does what a click on a row means, with the keys that are held.
    pub(super) fn click(&mut self, place: usize, keys: Modifiers, list: &List, what: &What, desk: &mut Desk<'_>) {
        let Some(row) = list.row(place) else { return };
        self.revision += 1;
        if keys.shift {
            let anchor = self.anchor.unwrap_or(place);
            if !keys.command {
                self.some.clear();
                self.all = false;
            }
            self.stretch(anchor.min(place)..anchor.max(place) + 1, list, what, desk);
            (self.anchor, self.last) = (Some(anchor), Some(place));
            return;
        }
        if keys.command && !self.all {
            if self.some.remove(&row.summary.id).is_none() {
                self.some.insert(row.summary.id, row.summary.clone());
            }
        } else {
            self.clear();
            self.some.insert(row.summary.id, row.summary.clone());
        }
        (self.anchor, self.last) = (Some(place), Some(place));
    }

    fn stretch(&mut self, places: Range<usize>, list: &List, what: &What, desk: &mut Desk<'_>) {
        let read: Vec<&TransmissionSummary> = list.stretch(places.clone()).map(|row| &row.summary).collect();
        let is_whole = read.len() == places.len();
        self.some.extend(read.into_iter().map(|summary| (summary.id, summary.clone())));
        if is_whole {
            return;
        }
        if places.len() > MOST {
            desk.toasts.warn("Too many to be selected one by one", "The first 10,000 are selected; Ctrl+A selects all");
        }
        let filter =
            TransmissionFilter { limit: places.len().min(MOST), skip: places.start as u64, ..all_of(desk, what) };
        self.reading = desk.ask(|id| Command::Journal(id, JournalCommand::Page(Box::new(filter))));
    }

    /// Takes the stretch that was not read.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.reading) {
            Some(Ok(Answer::Page(page))) => {
                self.revision += 1;
                self.some.extend(page.transmissions.into_iter().map(|summary| (summary.id, summary)));
            }
            Some(Err(error)) => desk.toasts.failed("Not all of them could be selected", &error),
            Some(Ok(_)) | None => {}
        }
    }
}
