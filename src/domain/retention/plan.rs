//! What goes, decided one transmission after the other, the oldest first.

use jiff::Timestamp;

use super::{Held, Holding, RetentionKind, RetentionRules};

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
}

impl Planner {
    /// With what there is of each kind in all.
    #[must_use]
    pub const fn new(rules: RetentionRules, now: Timestamp, there: [u64; 4]) -> Self {
        Self { rules, now, left: there }
    }

    /// What becomes of the next transmission. None that is shown later may be older.
    pub fn judge(&mut self, holding: &Holding) -> Judgement {
        let mut judgement = Judgement::default();
        let mut kept = false;
        // The entry comes last: it depends on what becomes of the rest.
        for kind in RetentionKind::ALL.iter().copied() {
            let Some(bytes) = holding.of(kind) else { continue };
            let mut goes = self.is_over(kind, holding.at);
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
    pub fn is_done(&self, at: Timestamp) -> bool {
        RetentionKind::ALL.iter().all(|kind| !self.is_over(*kind, at))
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
