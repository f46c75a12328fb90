//! The list as far as it was read: whatever part of it is looked at is fetched by the engine, and kept up to date.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::filters::Filters;
use super::kept::Order;
use super::rows::{Names, Row};
use crate::app::engine::{Answer, Command, JournalCommand, RequestId, Snapshot};
use crate::app::{TransmissionFilter, TransmissionPage};
use crate::domain::transmission::TransmissionId;
use crate::ui::desk::Desk;

/// So many are read at a time.
const PAGE: usize = 200;

/// So many are kept on both sides of what is looked at.
const AROUND: usize = 2_000;

/// What is listed, in which order.
pub(super) type What = (Filters, Order);

/// What was asked of the journal.
struct Asked {
    what: What,
    /// The first place that was asked for.
    from: usize,
    /// It was asked because the journal has changed, or something else is listed.
    fresh: bool,
    id: Option<RequestId>,
}

/// A row, and when it was read.
struct Read {
    row: Row,
    round: u32,
}

/// The list.
#[derive(Default)]
pub(super) struct List {
    rows: BTreeMap<usize, Read>,
    /// Grows whenever the journal has changed: what was read before is read anew when it is looked at.
    round: u32,
    /// How many there are, as far as that is known.
    total: usize,
    /// Whether that is how many there are in all.
    exact: bool,
    names: Names,
    snapshot: Option<Arc<Snapshot>>,
    /// What `rows` were read for; nothing before the first answer.
    what: Option<What>,
    asked: Option<Asked>,
    /// A count under way, and of what.
    counting: Option<(What, Option<RequestId>)>,
    /// It is to be counted anew.
    recount: bool,
    stale: bool,
    error: Option<(String, String)>,
    /// So many rows came on top when it was last read anew.
    came: usize,
}

impl List {
    /// The journal has changed.
    pub(super) const fn refresh(&mut self) {
        self.stale = true;
    }

    /// Why it could not be read, and what to do.
    #[must_use]
    pub(super) const fn error(&self) -> Option<&(String, String)> {
        self.error.as_ref()
    }

    /// Tries again after an error.
    pub(super) fn again(&mut self) {
        self.error = None;
        self.stale = true;
    }

    /// Whether anything has come yet.
    #[must_use]
    pub(super) const fn is_loaded(&self) -> bool {
        self.what.is_some()
    }

    /// How many there are, and whether that is how many there are in all.
    #[must_use]
    pub(super) const fn count(&self) -> (usize, bool) {
        (self.total, self.exact)
    }

    /// Whether what is seen of it has come, and how many there are.
    #[must_use]
    pub(super) const fn is_settled(&self) -> bool {
        self.what.is_some() && self.asked.is_none() && self.counting.is_none()
    }

    /// How many rows there are.
    #[must_use]
    pub(super) const fn len(&self) -> usize {
        self.total
    }

    /// One of them, where it was read.
    #[must_use]
    pub(super) fn row(&self, place: usize) -> Option<&Row> {
        self.rows.get(&place).map(|read| &read.row)
    }

    /// Between which places rows were read.
    #[must_use]
    pub(super) fn read_places(&self) -> Range<usize> {
        let first = self.rows.first_key_value().map_or(0, |(place, _)| *place);
        first..self.rows.last_key_value().map_or(0, |(place, _)| place + 1)
    }

    /// Those of a stretch that were read.
    pub(super) fn stretch(&self, places: Range<usize>) -> impl Iterator<Item = &Row> {
        self.rows.range(places).map(|(_, read)| &read.row)
    }

    /// Where a transmission is among those that were read.
    #[must_use]
    pub(super) fn place(&self, id: TransmissionId) -> Option<usize> {
        self.rows.iter().find(|(_, read)| read.row.summary.id == id).map(|(place, _)| *place)
    }

    /// What connections are called.
    #[must_use]
    pub(super) const fn names(&self) -> &Names {
        &self.names
    }

    /// How many rows came on top since this was last asked, so that what is looked at can stay where it is.
    pub(super) const fn came_on_top(&mut self) -> usize {
        std::mem::replace(&mut self.came, 0)
    }

    /// Takes what has come and asks for what is needed. To be called once a frame.
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>, what: &What) {
        self.take(desk, what);
        let changed = self.what.as_ref() != Some(what) && self.error.is_none();
        let asking_other = self.asked.as_ref().is_none_or(|asked| asked.what != *what);
        if (changed && asking_other) || (self.stale && self.asked.is_none()) {
            self.stale = false;
            self.error = None;
            self.ask(desk, what, 0, true);
            self.recount = true;
        }
        if self.recount && self.counting.as_ref().is_none_or(|(counted, _)| counted != what) {
            self.recount = false;
            let filter = Box::new(question(desk, what));
            let id = desk.ask(|id| Command::Journal(id, JournalCommand::Count(filter)));
            self.counting = id.map(|id| (what.clone(), Some(id)));
        }
        if !self.snapshot.as_ref().is_some_and(|known| Arc::ptr_eq(known, desk.snapshot)) {
            self.snapshot = Some(Arc::clone(desk.snapshot));
            let names = Names::new(desk.snapshot);
            if names != self.names {
                self.names = names;
                self.rows.values_mut().for_each(|read| read.row.forget());
            }
        }
    }

    /// Says what is looked at: what of it was not read yet, or before the journal changed, is read.
    pub(super) fn look_at(&mut self, desk: &mut Desk<'_>, what: &What, seen: Range<usize>) {
        if self.asked.is_some() || self.what.as_ref() != Some(what) || self.error.is_some() {
            return;
        }
        let round = self.round;
        let current = |place: &usize| self.rows.get(place).is_some_and(|read| read.round == round);
        // A little ahead on both sides, so that scrolling does not come to what is not there yet.
        let (first, last) = (seen.start.saturating_sub(30), (seen.end + 30).min(self.total));
        if let Some(missing) = (first..last).find(|place| !current(place)) {
            // Where it scrolls up, what is above is what is wanted.
            let above = missing < seen.start && !self.rows.contains_key(&missing);
            let from = if above { (missing + 60).saturating_sub(PAGE) } else { missing };
            self.ask(desk, what, from, false);
        }
        if self.rows.len() > 3 * AROUND {
            let near = seen.start.saturating_sub(AROUND)..seen.end + AROUND;
            self.rows.retain(|place, _| near.contains(place));
        }
    }

    fn ask(&mut self, desk: &mut Desk<'_>, what: &What, from: usize, fresh: bool) {
        let filter = TransmissionFilter { limit: PAGE, skip: from as u64, ..question(desk, what) };
        let id = desk.ask(|id| Command::Journal(id, JournalCommand::Page(Box::new(filter))));
        self.asked = id.map(|id| Asked { what: what.clone(), from, fresh, id: Some(id) });
    }

    fn take(&mut self, desk: &mut Desk<'_>, what: &What) {
        if let Some(asked) = &mut self.asked
            && let Some(answer) = desk.answer(&mut asked.id)
            && let Some(asked) = self.asked.take()
            && asked.what == *what
        {
            match answer {
                Ok(Answer::Page(page)) => {
                    if asked.fresh {
                        self.fresh(&page, asked.what);
                    }
                    self.put(*page, asked.from);
                }
                Ok(_) => {}
                Err(error) => {
                    self.error = Some((error.message().to_owned(), error.what_to_do().unwrap_or_default().to_owned()));
                }
            }
        }
        // The count is that of the page asked for with it, which makes room for the list anew when it comes.
        let page_to_come = self.asked.as_ref().is_some_and(|asked| asked.fresh);
        if let Some((counted, id)) = self.counting.as_mut().filter(|_| !page_to_come)
            && let Some(answer) = desk.answer(id)
        {
            if let (Ok(Answer::Count(count)), true) = (answer, counted == what) {
                self.total = usize::try_from(count).unwrap_or(usize::MAX);
                self.exact = true;
                drop(self.rows.split_off(&self.total));
            }
            self.counting = None;
        }
    }

    /// Makes room for the list anew. What was read before is still shown, in its new place, until it has been read again.
    fn fresh(&mut self, page: &TransmissionPage, what: What) {
        let same = self.what.as_ref() == Some(&what);
        self.round += 1;
        if !same {
            self.rows.clear();
            self.total = 0;
        }
        let newest = self.rows.get(&0).map(|read| read.row.summary.id).filter(|_| what.1.is_newest_first());
        let came = newest.and_then(|newest| page.transmissions.iter().position(|each| each.id == newest)).unwrap_or(0);
        if came > 0 {
            self.rows = std::mem::take(&mut self.rows).into_iter().map(|(place, read)| (place + came, read)).collect();
            self.total += came;
        }
        self.came += came;
        self.exact = false;
        self.what = Some(what);
    }

    /// Puts rows in their places. Those that have not changed keep what was written in them.
    fn put(&mut self, page: TransmissionPage, from: usize) {
        let end = from + page.transmissions.len();
        let mut known: HashMap<TransmissionId, Row> = HashMap::new();
        let places: Vec<usize> = self.rows.range(from..end).map(|(place, _)| *place).collect();
        for place in places {
            if let Some(read) = self.rows.remove(&place) {
                known.insert(read.row.summary.id, read.row);
            }
        }
        for (place, summary) in (from..).zip(page.transmissions) {
            let row = match known.remove(&summary.id) {
                Some(row) if row.summary == summary => row,
                _ => Row::new(summary),
            };
            self.rows.insert(place, Read { row, round: self.round });
        }
        if page.next.is_none() {
            // Here it ends.
            self.total = end;
            self.exact = true;
            drop(self.rows.split_off(&end));
        } else {
            // At least one more follows.
            self.total = self.total.max(end + 1);
        }
    }
}

/// A list as it is asked for.
fn question(desk: &Desk<'_>, (filters, order): &What) -> TransmissionFilter {
    TransmissionFilter { sort: order.by, reverse: order.reversed, ..filters.question(&desk.moment) }
}

/// The same for what is done with all of it.
pub(super) fn all_of(desk: &Desk<'_>, what: &What) -> TransmissionFilter {
    question(desk, what)
}
