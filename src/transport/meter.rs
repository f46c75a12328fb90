//! What is known of a post while it runs: when it connected, how much of its body was taken, when something last moved.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Progress is told at most once in so many bytes of the body …
pub(super) const TOLD_EVERY: u64 = 256 * 1024;

/// … and at most once in this time: whoever hears of it has to be woken.
const TOLD_AFTER: Duration = Duration::from_millis(50);

/// How one post stands. Shared between the connection, the body and whoever waits for them.
#[derive(Debug)]
pub(super) struct Meter {
    began: Instant,
    length: u64,
    reading: Mutex<Reading>,
    /// Rung when there is something to tell.
    pub(super) changed: Notify,
}

/// A made connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// When, since the post began.
    pub(super) at: Duration,
    /// The address reached.
    pub(super) peer: Option<SocketAddr>,
}

/// What the meter shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// The connection, once it is made.
    pub(super) made: Option<Made>,
    /// When something last moved; none before the connection.
    pub(super) last_move: Option<Instant>,
    /// Bytes of the body taken from us.
    pub(super) taken: u64,
    /// When the last of them was taken, since the post began.
    pub(super) sent_at: Option<Duration>,
    /// Why the body could not be read from its file.
    pub(super) body_error: Option<String>,
    closed: bool,
    /// When whoever waits was last woken for progress, and at how many bytes.
    told: Option<(Instant, u64)>,
}

impl Meter {
    /// For a body of so many bytes.
    pub(super) fn new(length: u64) -> Self {
        Self { began: Instant::now(), length, reading: Mutex::default(), changed: Notify::new() }
    }

    /// A poisoned lock is taken all the same: every change is a plain assignment, none is left half done.
    fn state(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the post began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn reading(&self) -> Reading {
        self.state().clone()
    }

    /// Something of the answer came.
    pub(super) fn moved(&self) {
        self.state().last_move = Some(Instant::now());
    }

    /// The connection is made: time without progress counts from here.
    pub(super) fn connected(&self, peer: Option<SocketAddr>) {
        let mut state = self.state();
        let at = self.elapsed();
        state.made = Some(Made { at, peer });
        state.last_move = Some(Instant::now());
        if self.length == 0 {
            // Nobody will ask for an empty body.
            state.sent_at = Some(at);
        }
        self.changed.notify_one();
    }

    /// So much more of the body is about to be taken. False if nothing more may be, because the post is over.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let mut state = self.state();
        if state.closed {
            return false;
        }
        let now = Instant::now();
        state.taken += bytes;
        state.last_move = Some(now);
        if state.taken >= self.length {
            state.sent_at = Some(self.elapsed());
        }
        let (since, told) = state.told.map_or((TOLD_AFTER, 0), |(at, bytes)| (now - at, bytes));
        if state.sent_at.is_some() || (since >= TOLD_AFTER && state.taken >= told + TOLD_EVERY) {
            state.told = Some((now, state.taken));
            self.changed.notify_one();
        }
        true
    }

    /// The body's file could not be read.
    pub(super) fn body_failed(&self, error: String) {
        self.state().body_error = Some(error);
    }

    /// Ends the post: from now on nothing more is taken, so that what is read here stays true.
    pub(super) fn close(&self) -> Reading {
        let mut state = self.state();
        state.closed = true;
        state.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_after_the_end() {
        let meter = Meter::new(10);
        meter.connected(None);
        assert!(meter.take(9));
        assert!(meter.close().sent_at.is_none(), "one byte is still ours");
        assert!(!meter.take(1));
        assert!(meter.reading().sent_at.is_none());
    }

    #[test]
    fn an_empty_body_is_sent_with_the_connection() {
        let meter = Meter::new(0);
        assert!(meter.reading().sent_at.is_none());
        meter.connected(None);
        assert!(meter.reading().sent_at.is_some());
    }
}
