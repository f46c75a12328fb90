//! What has become of a notice: told, acknowledged, put off. Pure; the store keeps it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Notice, Urgency};
use crate::domain::spelling::spelled;

spelled! {
    /// A way in which a notice is told.
    pub enum Way {
        /// A message in the window.
        Window = "window",
        /// The desktop's own notification.
        Desktop = "desktop",
        /// A line in the output of `serve`.
        Log = "log",
        /// E-mail.
        Mail = "email",
    }
}

/// That a step of a notice was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Telling {
    /// Which step.
    pub step: i32,
    /// Whether the notice was insistent then.
    pub insistent: bool,
    /// How often it had been settled before: what was told then does not count for what is told anew.
    pub round: u32,
    /// How.
    pub way: Way,
    /// When.
    pub at: Timestamp,
}

/// What somebody decided about a notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// How often something was decided about it.
    pub round: u32,
    /// That it was acknowledged.
    pub acknowledged: Option<Acknowledgement>,
    /// Until when it is put off.
    pub snoozed: Option<Snooze>,
}

/// That somebody has put it off, as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snooze {
    /// Until when.
    pub until: Timestamp,
    /// By whom: the name of the user on this system.
    pub by: String,
    /// How it was then; nothing where that was not kept.
    pub seen: Option<Acknowledgement>,
}

/// A notice as somebody has seen it: that they have taken note of it, or put it off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// When.
    pub at: Timestamp,
    /// By whom: the name of the user on this system.
    pub by: String,
    /// The step that had been reached.
    pub step: i32,
    /// Whether it was insistent.
    pub insistent: bool,
    /// How urgent it was; nothing where that was not kept.
    pub urgency: Option<Urgency>,
    /// The profiles that it was about.
    pub affected: BTreeSet<String>,
}

/// How a notice stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Standing {
    /// To be looked at.
    Open,
    /// Somebody has taken note.
    Acknowledged {
        /// When.
        at: Timestamp,
        /// By whom.
        by: String,
    },
    /// Put off.
    Snoozed {
        /// Until when.
        until: Timestamp,
        /// By whom.
        by: String,
    },
}

impl Standing {
    /// Whether it is to be looked at.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }
}

/// A telling from so far ahead is that of a clock which was wrong, and does not count.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

impl Notice {
    /// How it stands at an instant after what was decided about it.
    ///
    /// What was acknowledged is quiet until it becomes louder: an insistent notice at its next step, any notice when it
    /// becomes insistent (its successor was cancelled) or concerns a profile that it did not concern then. What was put
    /// off comes back likewise, when it bites, as soon as it is more urgent than it was, and else at its instant; steps
    /// that make it no more urgent are what was put off.
    #[must_use]
    pub fn standing(&self, settlement: Option<&Settlement>, at: Timestamp) -> Standing {
        let Some(settlement) = settlement else { return Standing::Open };
        if let Some(Snooze { until, by, seen }) = &settlement.snoozed {
            let bites = |seen: &Acknowledgement| seen.at < self.at && self.at <= at;
            let urges = |seen: &Acknowledgement| seen.urgency.is_some_and(|then| self.urgency < then);
            let louder = seen.as_ref().is_some_and(|seen| bites(seen) || urges(seen) || self.concerns_more_than(seen));
            if at < *until && !louder {
                return Standing::Snoozed { until: *until, by: by.clone() };
            }
            return Standing::Open;
        }
        match &settlement.acknowledged {
            Some(known) if !self.is_louder_than(known) => Standing::Acknowledged { at: known.at, by: known.by.clone() },
            _ => Standing::Open,
        }
    }

    fn is_louder_than(&self, known: &Acknowledgement) -> bool {
        (self.insistent && self.step < known.step) || self.concerns_more_than(known)
    }

    /// Whether it has become insistent, or concerns a profile that it did not concern.
    fn concerns_more_than(&self, known: &Acknowledgement) -> bool {
        (self.insistent && !known.insistent)
            || self.about.profiles.iter().any(|affected| !known.affected.contains(&affected.to_string()))
    }

    /// The last instant until which it can be put off: that at which it bites, where that is still to come.
    #[must_use]
    pub fn latest_snooze(&self, at: Timestamp) -> Option<Timestamp> {
        (self.at > at).then_some(self.at)
    }

    /// Whether its step has been told in a way: this step or a later one, as insistently, since it was last settled.
    #[must_use]
    pub fn is_told(&self, tellings: &[Telling], round: u32, way: Way, at: Timestamp) -> bool {
        tellings.iter().any(|telling| {
            telling.way == way
                && telling.round == round
                && telling.step <= self.step
                && telling.insistent >= self.insistent
                && !is_from_the_future(telling.at, at)
        })
    }

    /// What is kept when somebody takes note of it.
    #[must_use]
    pub fn acknowledged(&self, at: Timestamp, by: &str) -> Acknowledgement {
        Acknowledgement {
            at,
            by: by.to_owned(),
            step: self.step,
            insistent: self.insistent,
            urgency: Some(self.urgency),
            affected: self.about.profiles.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Whether a telling carries an instant that has not come yet: the clock was put back since.
#[must_use]
pub fn is_from_the_future(told: Timestamp, at: Timestamp) -> bool {
    told.duration_since(at) > AHEAD
}
