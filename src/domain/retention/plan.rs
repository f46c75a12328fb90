//! What goes, decided one transmission after the other, the oldest first.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::amount_in_words;
use super::{Held, Holding, RetentionKind, RetentionRules};
use crate::domain::counted::counted;
use crate::domain::size::size;

const DAY: i64 = 86_400;

/// What becomes of one transmission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What of it goes.
    pub goes: [bool; 4],
    /// Why nothing of it goes, though a rule says so.
    pub held: Option<Held>,
    /// Its journal entry would go and stays, because something else of it is kept.
    pub entry_waits: bool,
}

impl Judgement {
    /// Whether anything of it goes.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.goes.contains(&true)
    }

    /// Which kinds of it go.
    pub fn kinds(self) -> impl Iterator<Item = RetentionKind> {
        RetentionKind::ALL.iter().copied().filter(move |kind| self.goes[kind.index()])
    }
}

/// Decides what goes. It is shown what is kept of each transmission, the oldest first, and remembers how much is left.
#[derive(Clone, Debug)]
pub struct Planner {
    rules: RetentionRules,
    now: Timestamp,
    /// What there is of each kind in all, without what goes.
    left: [u64; 4],
    /// Of which kinds something would go for their size that is too young.
    young: [bool; 4],
}

/// What stays of a kind above the size that its rule allows, because nothing goes so soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TooYoung {
    /// Which.
    pub kind: RetentionKind,
    /// How many bytes more there are than the rule allows.
    pub bytes: u64,
    /// How many it allows.
    pub most: u64,
    /// For how many days everything of this kind is kept.
    pub minimum_days: u32,
}

impl TooYoung {
    /// `Payloads stay 1.3 GB above 50 MB: nothing goes before it is 1 day old`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let days = counted(usize::try_from(self.minimum_days).unwrap_or(usize::MAX), "day");
        format!(
            "{} stay {} above {}: whatever the size, nothing of them goes before it is {days} old",
            self.kind.label(),
            size(self.bytes),
            amount_in_words(Some(self.most))
        )
    }
}

impl Planner {
    /// With what there is of each kind in all.
    #[must_use]
    pub const fn new(rules: RetentionRules, now: Timestamp, there: [u64; 4]) -> Self {
        Self { rules, now, left: there, young: [false; 4] }
    }

    /// What becomes of the next transmission. None that is shown later may be older.
    pub fn judge(&mut self, holding: &Holding) -> Judgement {
        let mut judgement = Judgement::default();
        let mut kept = false;
        // The entry comes last: it depends on what becomes of the rest.
        for kind in RetentionKind::ALL.iter().copied() {
            let Some(bytes) = holding.of(kind) else { continue };
            let mut goes = self.is_over(kind, holding.at);
            self.young[kind.index()] |= self.is_too_young(kind, holding.at);
            if goes && holding.held.is_some() {
                judgement.held = holding.held;
                goes = false;
            }
            if goes && kind == RetentionKind::Journal && (kept || holding.is_last) {
                judgement.entry_waits = kept;
                goes = false;
            }
            if goes {
                judgement.goes[kind.index()] = true;
                self.left[kind.index()] = self.left[kind.index()].saturating_sub(bytes);
            }
            kept |= !goes;
        }
        judgement
    }

    /// Whether nothing goes of what was journalled at an instant, nor of anything later.
    #[must_use]
    pub fn is_done(&mut self, at: Timestamp) -> bool {
        let done = RetentionKind::ALL.iter().all(|kind| !self.is_over(*kind, at));
        if done {
            for kind in RetentionKind::ALL {
                self.young[kind.index()] |= self.is_too_young(*kind, at);
            }
        }
        done
    }

    /// What stays though it is more than a rule allows, because it is too young.
    #[must_use]
    pub fn too_young(&self) -> Vec<TooYoung> {
        let stays = |kind: &RetentionKind| {
            let most = self.rules.of(*kind).bytes.filter(|_| self.young[kind.index()])?;
            let bytes = self.left[kind.index()].checked_sub(most).filter(|bytes| *bytes > 0)?;
            Some(TooYoung { kind: *kind, bytes, most, minimum_days: kind.minimum_days() })
        };
        RetentionKind::ALL.iter().filter_map(stays).collect()
    }

    /// Whether something of a kind would go for its size, were it older.
    fn is_too_young(&self, kind: RetentionKind, at: Timestamp) -> bool {
        self.rules.of(kind).bytes.is_some_and(|most| self.left[kind.index()] > most) && !self.is_over(kind, at)
    }

    /// Whether a rule lets something of a kind go that was journalled at an instant.
    fn is_over(&self, kind: RetentionKind, at: Timestamp) -> bool {
        let rule = self.rules.of(kind);
        let is_older = |days: u32| self.now.as_second().saturating_sub(at.as_second()) > i64::from(days) * DAY;
        let too_old = rule.days.is_some_and(|days| is_older(days.max(kind.minimum_days())));
        let too_much = rule.bytes.is_some_and(|bytes| self.left[kind.index()] > bytes);
        too_old || (too_much && is_older(kind.minimum_days()))
    }
}
