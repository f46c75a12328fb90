//! What was loaded of the journal, page by page, and kept up to date.

use std::collections::HashMap;
use std::sync::Arc;

use super::filters::Filters;
use super::rows::{Names, Row};
use crate::app::engine::{Answer, Command, RequestId, Snapshot};
use crate::app::{Cursor, TransmissionPage};
use crate::domain::transmission::TransmissionId;
use crate::ui::desk::Desk;

/// So many are loaded at a time.
const PAGE: usize = 200;

/// The most that are read anew at once; what lies further down is loaded again when it is scrolled to.
const MOST: usize = 10_000;

/// What was asked of the journal.
enum Asked {
    /// From the newest on.
    Fresh(Filters),
    /// What follows.
    More(Filters),
}

/// The list.
#[derive(Default)]
pub(super) struct List {
    rows: Vec<Row>,
    shown: Vec<usize>,
    names: Names,
    snapshot: Option<Arc<Snapshot>>,
    /// What `shown` was made for.
    query: String,
    /// What `rows` were loaded for; nothing before the first answer.
    filters: Option<Filters>,
    next: Option<Cursor>,
    asked: Option<(Option<RequestId>, Asked)>,
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
        self.filters.is_some()
    }

    /// How many were loaded.
    #[must_use]
    pub(super) const fn loaded(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are more than were loaded.
    #[must_use]
    pub(super) const fn goes_on(&self) -> bool {
        self.next.is_some()
    }

    /// Whether an answer is waited for.
    #[must_use]
    pub(super) const fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// How many are shown.
    #[must_use]
    pub(super) const fn len(&self) -> usize {
        self.shown.len()
    }

    /// One that is shown.
    #[must_use]
    pub(super) fn row(&self, index: usize) -> Option<&Row> {
        self.rows.get(*self.shown.get(index)?)
    }

    /// Where a transmission is among those shown.
    #[must_use]
    pub(super) fn place(&self, id: TransmissionId) -> Option<usize> {
        self.shown.iter().position(|index| self.rows.get(*index).is_some_and(|row| row.summary.id == id))
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
    pub(super) fn poll(&mut self, desk: &mut Desk<'_>, filters: &Filters, query: &str) {
        self.take(desk, filters);
        let changed = self.filters.as_ref() != Some(filters) && self.error.is_none();
        let asking_other = match &self.asked {
            Some((_, Asked::Fresh(asked) | Asked::More(asked))) => asked != filters,
            None => true,
        };
        if (changed && asking_other) || (self.stale && self.asked.is_none()) {
            let limit = if changed { PAGE } else { self.rows.len().clamp(PAGE, MOST) };
            self.stale = false;
            self.error = None;
            let question = filters.question(&desk.moment, limit);
            let id = desk.ask(|id| Command::Transmissions(id, question));
            self.asked = id.map(|id| (Some(id), Asked::Fresh(filters.clone())));
        }
        let renamed = !self.snapshot.as_ref().is_some_and(|known| Arc::ptr_eq(known, desk.snapshot));
        if renamed {
            self.snapshot = Some(Arc::clone(desk.snapshot));
            let names = Names::new(desk.snapshot);
            if names != self.names {
                self.names = names;
                self.rows.iter_mut().for_each(Row::forget);
                self.show(query);
            }
        }
        if self.query != query {
            self.show(query);
        }
    }

    /// Loads what follows, where there is more.
    pub(super) fn more(&mut self, desk: &mut Desk<'_>, filters: &Filters) {
        if self.asked.is_some() || self.filters.as_ref() != Some(filters) {
            return;
        }
        let Some(after) = self.next else { return };
        let mut question = filters.question(&desk.moment, PAGE);
        question.after = Some(after);
        let id = desk.ask(|id| Command::Transmissions(id, question));
        self.asked = id.map(|id| (Some(id), Asked::More(filters.clone())));
    }

    fn take(&mut self, desk: &mut Desk<'_>, filters: &Filters) {
        let Some((id, _)) = &mut self.asked else { return };
        let Some(answer) = desk.answer(id) else { return };
        let Some((_, asked)) = self.asked.take() else { return };
        let (Asked::Fresh(of) | Asked::More(of)) = &asked;
        if of != filters {
            return;
        }
        match answer {
            Ok(Answer::Page(page)) => {
                match asked {
                    Asked::Fresh(filters) => self.fresh(*page, filters),
                    Asked::More(_) => self.add(*page),
                }
                let query = std::mem::take(&mut self.query);
                self.show(&query);
            }
            Ok(_) => {}
            Err(error) => {
                self.error = Some((error.message().to_owned(), error.what_to_do().unwrap_or_default().to_owned()));
            }
        }
    }

    /// Takes the list anew. Rows that have not changed keep what was written in them.
    fn fresh(&mut self, page: TransmissionPage, filters: Filters) {
        let same = self.filters.as_ref() == Some(&filters);
        let newest = self.rows.first().map(|row| row.summary.id);
        let mut known: HashMap<TransmissionId, Row> =
            std::mem::take(&mut self.rows).into_iter().map(|row| (row.summary.id, row)).collect();
        self.rows = page
            .transmissions
            .into_iter()
            .map(|summary| match known.remove(&summary.id) {
                Some(row) if row.summary == summary => row,
                _ => Row::new(summary),
            })
            .collect();
        self.came = newest
            .filter(|_| same)
            .and_then(|newest| self.rows.iter().position(|row| row.summary.id == newest))
            .unwrap_or(0);
        self.next = page.next.and_then(|next| next.parse().ok());
        self.filters = Some(filters);
    }

    fn add(&mut self, page: TransmissionPage) {
        self.rows.extend(page.transmissions.into_iter().map(Row::new));
        self.next = page.next.and_then(|next| next.parse().ok());
    }

    /// Makes the choice of rows anew.
    fn show(&mut self, query: &str) {
        query.clone_into(&mut self.query);
        let wanted = query.trim().to_lowercase();
        let all = 0..self.rows.len();
        self.shown = if wanted.is_empty() {
            all.collect()
        } else {
            all.filter(|index| self.rows[*index].holds(&wanted, &self.names)).collect()
        };
    }
}
