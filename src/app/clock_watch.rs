//! Whether the clock was set while the program runs: what is planned by it is looked at anew then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A clock that differs by more from the time that has passed was set, or the machine has slept. What keeps clocks right
/// moves them by less.
const JUMP: SignedDuration = SignedDuration::from_mins(2);

/// So long a clock that went forward is not believed where something would end by it: one that was wrong is set back
/// within that time, as a rule.
const DOUBTED: Duration = Duration::from_secs(600);

/// Which way the clock went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// It may have been set back since what is planned was planned: it was just now, or it is the first time that is asked.
    Back,
    /// It was set forward, or the machine has slept.
    Forward,
}

/// What was seen of the clock. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct ClockWatch(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    last: Option<(Timestamp, Instant)>,
    forward: Option<Instant>,
}

impl ClockWatch {
    /// Compares the clock with the time that has passed since the last look.
    pub(super) fn look(&self, now: Timestamp, passed: Instant) -> Option<Moved> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((last, then)) = seen.last.replace((now, passed)) else { return Some(Moved::Back) };
        let expected = SignedDuration::try_from(passed.saturating_duration_since(then)).unwrap_or(SignedDuration::MAX);
        let moved = now.duration_since(last).saturating_sub(expected);
        if moved > JUMP {
            tracing::warn!("the clock went forward by {} seconds; what ends by it waits ten minutes", moved.as_secs());
            seen.forward = Some(passed);
            Some(Moved::Forward)
        } else if moved < -JUMP {
            tracing::warn!("the clock went back by {} seconds; what was planned by it is done now", -moved.as_secs());
            seen.forward = None;
            Some(Moved::Back)
        } else {
            None
        }
    }

    /// Whether it went forward just now, so that nothing ends by it yet.
    pub(super) fn is_doubted(&self, passed: Instant) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forward.is_some_and(|since| passed.saturating_duration_since(since) < DOUBTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_goes_a_little_wrong() {
        let (watch, begun) = (ClockWatch::default(), Instant::now());
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let passed = |second: u64| begun + Duration::from_secs(second);
        assert_eq!(watch.look(at(0), passed(0)), Some(Moved::Back), "what was planned before is looked at once");
        assert_eq!(watch.look(at(15), passed(15)), None);
        assert_eq!(watch.look(at(100), passed(30)), None);
        assert_eq!(watch.look(at(50), passed(45)), None);
        assert!(!watch.is_doubted(passed(45)));
        assert_eq!(watch.look(at(86_400), passed(60)), Some(Moved::Forward));
        assert_eq!(watch.look(at(86_415), passed(75)), None);
        assert!(watch.is_doubted(passed(659)) && !watch.is_doubted(passed(660)));
        assert_eq!(watch.look(at(90), passed(90)), Some(Moved::Back));
        assert!(!watch.is_doubted(passed(91)), "it is right again");
    }
}
