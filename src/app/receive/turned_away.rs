//! What is told of those who are turned away: one line for an address and minute. Whoever comes a hundred times a second
//! would else push out of the log what matters there.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};

use super::Receiver;
use crate::app::serve::ServeEvent;
use crate::transport::network_of;

/// So long after a line others about the same address are counted and not told.
const EVERY: SignedDuration = SignedDuration::from_mins(1);

/// So many addresses are remembered. Of those that come beyond them nothing is told before a minute is over: whoever has
/// so many at once means no good, and the lines about the first of them say so.
const REMEMBERED: usize = 1024;

/// The last line about an address.
#[derive(Clone, Copy, Debug)]
struct Line {
    peer: SocketAddr,
    since: Timestamp,
    /// How many were not told since.
    more: u64,
}

impl Line {
    /// A clock that was put back ends the minute too.
    fn is_over(&self, at: Timestamp) -> bool {
        let since = at.duration_since(self.since);
        since.is_negative() || since >= EVERY
    }

    fn counted(&self) -> Option<(SocketAddr, String)> {
        let times = match self.more {
            0 => return None,
            1 => "once more within a minute".to_owned(),
            more => format!("{more} more times within a minute"),
        };
        Some((self.peer, times))
    }
}

/// What was told lately.
#[derive(Debug, Default)]
pub(super) struct TurnedAway {
    /// By address, and by whether the fault was ours: behind a reverse proxy all come from one address, and what a stranger
    /// does wrong must not hide that a partner's message could not be taken.
    lines: BTreeMap<(IpAddr, bool), Line>,
}

impl TurnedAway {
    /// What is to be told now that somebody is turned away: that, unless it was told lately of the same address, and how
    /// often others were whose minute is over.
    fn one_more(
        &mut self,
        peer: SocketAddr,
        reason: String,
        is_ours: bool,
        at: Timestamp,
    ) -> Vec<(SocketAddr, String)> {
        let mut told = Vec::new();
        self.lines.retain(|_, line| {
            let is_over = line.is_over(at);
            told.extend(line.counted().filter(|_| is_over));
            !is_over
        });
        let whom = (network_of(peer.ip()), is_ours);
        if let Some(line) = self.lines.get_mut(&whom) {
            line.more += 1;
        } else if self.lines.len() < REMEMBERED {
            self.lines.insert(whom, Line { peer, since: at, more: 0 });
            told.push((peer, reason));
        }
        told
    }

    /// What was counted and is not told yet.
    fn rest(&mut self) -> Vec<(SocketAddr, String)> {
        std::mem::take(&mut self.lines).values().filter_map(Line::counted).collect()
    }
}

impl Receiver {
    /// Tells that somebody was turned away, if that was not told lately.
    pub(super) fn tell_turned_away(&self, peer: SocketAddr, reason: String) {
        self.tell_once(peer, reason, false);
    }

    /// The same where the fault is ours.
    pub(super) fn tell_not_taken(&self, peer: SocketAddr, reason: String) {
        self.tell_once(peer, reason, true);
    }

    fn tell_once(&self, peer: SocketAddr, reason: String, is_ours: bool) {
        let at = self.app.now();
        let told = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner).one_more(peer, reason, is_ours, at);
        for (peer, reason) in told {
            self.tell(ServeEvent::TurnedAway { peer, reason });
        }
    }

    /// Tells how often it was not told.
    pub(super) fn tell_rest(&self) {
        let rest = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner).rest();
        for (peer, reason) in rest {
            self.tell(ServeEvent::TurnedAway { peer, reason });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn an_address_has_one_line_a_minute_with_how_many_there_were() {
        let mut away = TurnedAway::default();
        let peer: SocketAddr = "192.0.2.1:1000".parse().unwrap();
        let other: SocketAddr = "192.0.2.2:1000".parse().unwrap();
        let mut told = |peer, second| away.one_more(peer, "why".to_owned(), false, at(second));
        assert_eq!(told(peer, 0), [(peer, "why".to_owned())]);
        for second in 1..=58 {
            assert_eq!(told("192.0.2.1:2000".parse().unwrap(), second), []);
        }
        assert_eq!(told(other, 59), [(other, "why".to_owned())]);
        assert_eq!(told(other, 60), [(peer, "58 more times within a minute".to_owned())]);
        assert_eq!(told(peer, 61), [(peer, "why".to_owned())]);
        // A clock that is put back ends the minute.
        let once = "once more within a minute".to_owned();
        assert_eq!(told(peer, 50), [(other, once.clone()), (peer, "why".to_owned())]);
        assert_eq!(told(peer, 51), []);
        let ours = away.one_more(peer, "the disk is full".to_owned(), true, at(52));
        assert_eq!(
            ours,
            [(peer, "the disk is full".to_owned())],
            "what is our fault is not counted with what is theirs"
        );
        assert_eq!(away.rest(), [(peer, once)]);
        assert_eq!(away.rest(), []);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut away = TurnedAway::default();
        let told: usize = (0..5000_u32)
            .map(|each| away.one_more((IpAddr::from(each.to_be_bytes()), 1).into(), String::new(), false, at(0)).len())
            .sum();
        assert_eq!((told, away.lines.len()), (REMEMBERED, REMEMBERED));
    }
}
