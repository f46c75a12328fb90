//! How often it is told why a message was not taken.
//!
//! A partner who has set something wrong is helped by the reason. Whoever changes, a little each time, a message that others
//! have encrypted learns from each reason something of what is in it: what is encrypted in CBC mode cannot be told from what
//! was changed before it is read, and a byte of it costs somebody who may ask as often as they like about 128 questions. So the
//! reasons are rationed: a partner hardly notices, and reading a document of a few kilobytes takes years. Our own journal
//! always has the reason.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};

use super::judgement::Outcome;
use super::{Addressed, Receiver};
use crate::app::serve::ServeEvent;
use crate::domain::diagnosis::Blame;
use crate::domain::disposition::Disposition;
use crate::transport::network_of;

/// So many reasons are told within [`WINDOW`] to those who use one pair of identifiers.
const FOR_A_PAIR: u32 = 100;

/// And so many to one address, behind which there may be many partners.
const FOR_AN_ADDRESS: u32 = 400;

/// So many messages between identifiers that nobody has are journalled within [`WINDOW`] for one address. A partner who has
/// written an identifier wrongly is found by the first of them.
const STRANGERS: u32 = 60;

const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// So many pairs, and so many addresses, are remembered. Pairs are our own; addresses anybody can have many of.
const REMEMBERED: usize = 8192;

/// What was told to one of them since a window began.
#[derive(Clone, Copy, Debug)]
struct Told {
    since: Timestamp,
    times: u32,
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Pair,
    Address,
}

/// What may be said of one more message that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Say {
    /// Why.
    Why,
    /// Nothing but that it was not taken: this one is the first of which that is so.
    NoMoreFrom(Limit),
    /// Nothing but that it was not taken.
    NoMore,
}

/// The memory of what was told.
#[derive(Default)]
pub(super) struct Reticence {
    pairs: HashMap<(String, String), Told>,
    addresses: HashMap<IpAddr, Told>,
    strangers: HashMap<IpAddr, Told>,
}

/// What becomes of one more message between identifiers that nobody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// It is journalled and answered.
    Journalled,
    /// The same, and it is the last one for so long.
    Last(SignedDuration),
    /// Nothing is kept of it; the next may come after so long.
    TooMany(SignedDuration),
}

impl Reticence {
    /// Counts one more message that was not taken, and says what its sender may be told.
    fn one_more(&mut self, ours: &str, partner: &str, address: IpAddr, at: Timestamp) -> Say {
        let pair = count(&mut self.pairs, (ours.to_owned(), partner.to_owned()), at);
        let address = count(&mut self.addresses, network_of(address), at);
        match (pair, address) {
            (pair, _) if pair == FOR_A_PAIR + 1 => Say::NoMoreFrom(Limit::Pair),
            (pair, _) if pair > FOR_A_PAIR => Say::NoMore,
            (_, address) if address == FOR_AN_ADDRESS + 1 => Say::NoMoreFrom(Limit::Address),
            (_, address) if address > FOR_AN_ADDRESS => Say::NoMore,
            _ => Say::Why,
        }
    }

    /// For how long no more are journalled of those who use identifiers that nobody has, where that is so.
    pub(super) fn too_many_strangers(&self, address: IpAddr, at: Timestamp) -> Option<SignedDuration> {
        let told = self.strangers.get(&network_of(address)).filter(|told| is_within(told, at))?;
        (told.times >= STRANGERS).then(|| WINDOW - at.duration_since(told.since))
    }

    /// Counts one more message between identifiers that nobody has.
    pub(super) fn one_more_stranger(&mut self, address: IpAddr, at: Timestamp) -> Stranger {
        let whom = network_of(address);
        let times = count(&mut self.strangers, whom, at);
        let left = self.strangers.get(&whom).map_or(WINDOW, |told| WINDOW - at.duration_since(told.since));
        match times {
            times if times < STRANGERS => Stranger::Journalled,
            STRANGERS => Stranger::Last(left),
            _ => Stranger::TooMany(left),
        }
    }
}

/// One more for this one: how many that makes.
fn count<K: Hash + Eq>(told: &mut HashMap<K, Told>, whom: K, at: Timestamp) -> u32 {
    if told.len() >= REMEMBERED && !told.contains_key(&whom) {
        told.retain(|_, told| is_within(told, at));
        if told.len() >= REMEMBERED {
            // A flood from addresses that were never seen before: those who use them are told nothing.
            return u32::MAX;
        }
    }
    let told = told.entry(whom).or_insert(Told { since: at, times: 0 });
    if !is_within(told, at) {
        *told = Told { since: at, times: 0 };
    }
    told.times = told.times.saturating_add(1);
    told.times
}

/// A clock that was put back begins a new window too: else it would last until the clock is where it was.
fn is_within(told: &Told, at: Timestamp) -> bool {
    let since = at.duration_since(told.since);
    !since.is_negative() && since < WINDOW
}

impl Receiver {
    /// An outcome as it may be told: without its reason, where too many reasons were told within the hour.
    pub(super) fn rationed(&self, outcome: Outcome, addressed: &Addressed, peer: SocketAddr, at: Timestamp) -> Outcome {
        // That we cannot store it says nothing of what is in it.
        if outcome.is_receipt || outcome.disposition.is_positive() || outcome.diagnosis.blame == Blame::Ours {
            return outcome;
        }
        let say = self.reticence.lock().unwrap_or_else(PoisonError::into_inner).one_more(
            &addressed.to,
            &addressed.from,
            peer.ip(),
            at,
        );
        if say == Say::Why {
            return outcome;
        }
        if let Say::NoMoreFrom(limit) = say {
            let which = match limit {
                Limit::Pair => format!("more than {FOR_A_PAIR} messages from {} to {}", addressed.from, addressed.to),
                Limit::Address => format!("more than {FOR_AN_ADDRESS} messages from this address"),
            };
            let reason = format!(
                "{which} could not be taken within an hour, so their sender is not told why any more; the reason is in the journal. Somebody may be trying to read a message that is not theirs, or a partner has set something wrong"
            );
            self.tell(ServeEvent::TurnedAway { peer, reason });
        }
        let told = outcome.disposition.key().unwrap_or_default();
        let mut diagnosis = outcome.diagnosis;
        diagnosis.evidence.push(format!(
            "The sender was not told {told}: too many messages that could not be taken came within the hour"
        ));
        Outcome {
            disposition: Disposition::error("unexpected-processing-error"),
            mic: None,
            text: "The message was not taken; so many that could not be taken came within the hour that no reason is given"
                .to_owned(),
            diagnosis,
            ..outcome
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn after_a_hundred_nothing_is_told_until_the_hour_is_over() {
        let mut reticence = Reticence::default();
        for each in 0..i64::from(FOR_A_PAIR) {
            assert_eq!(reticence.one_more("us", "p", HERE, at(each)), Say::Why);
        }
        assert_eq!(reticence.one_more("us", "p", HERE, at(200)), Say::NoMoreFrom(Limit::Pair));
        assert_eq!(reticence.one_more("us", "p", HERE, at(3599)), Say::NoMore);
        // Others are told all the same, from the same address and from others.
        assert_eq!(reticence.one_more("us", "q", HERE, at(3599)), Say::Why);
        assert_eq!(reticence.one_more("us", "p", HERE, at(3600)), Say::Why);
    }

    #[test]
    fn an_address_that_uses_many_pairs_is_told_nothing_either() {
        let mut reticence = Reticence::default();
        let many = |reticence: &mut Reticence, each: u32| reticence.one_more("us", &format!("p{each}"), HERE, at(0));
        for each in 0..FOR_AN_ADDRESS {
            assert_eq!(many(&mut reticence, each), Say::Why);
        }
        assert_eq!(many(&mut reticence, FOR_AN_ADDRESS), Say::NoMoreFrom(Limit::Address));
        assert_eq!(many(&mut reticence, FOR_AN_ADDRESS + 1), Say::NoMore);
        let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped().into();
        assert_eq!(reticence.one_more("us", "p1", mapped, at(0)), Say::NoMore, "the same address in its other form");
    }

    #[test]
    fn of_strangers_so_many_are_journalled_for_an_address_and_hour() {
        let mut reticence = Reticence::default();
        for _ in 1..STRANGERS {
            assert_eq!(reticence.one_more_stranger(HERE, at(0)), Stranger::Journalled);
        }
        assert_eq!(reticence.too_many_strangers(HERE, at(0)), None);
        assert_eq!(reticence.one_more_stranger(HERE, at(600)), Stranger::Last(SignedDuration::from_mins(50)));
        assert_eq!(reticence.one_more_stranger(HERE, at(1200)), Stranger::TooMany(SignedDuration::from_mins(40)));
        assert_eq!(reticence.too_many_strangers(HERE, at(1200)), Some(SignedDuration::from_mins(40)));
        assert_eq!(reticence.too_many_strangers(HERE, at(3600)), None);
        let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(reticence.one_more_stranger(other, at(1200)), Stranger::Journalled);
        assert_eq!(reticence.one_more_stranger(HERE, at(3600)), Stranger::Journalled);
    }

    #[test]
    fn a_clock_that_is_put_back_begins_anew() {
        let mut reticence = Reticence::default();
        for _ in 0..=FOR_A_PAIR {
            reticence.one_more("us", "p", HERE, at(0));
        }
        assert_eq!(reticence.one_more("us", "p", HERE, at(-10)), Say::Why);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut reticence = Reticence::default();
        for each in 0..20_000_u32 {
            let address = IpAddr::V4(Ipv4Addr::from_bits(each));
            reticence.one_more("us", "p", address, at(0));
        }
        assert!(reticence.addresses.len() <= REMEMBERED);
        // Those who use a pair that was never told anything are told, whatever others' addresses are.
        assert_eq!(reticence.one_more("us", "q", IpAddr::V4(Ipv4Addr::from_bits(1)), at(0)), Say::Why);
        let many = |low: u128| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | low));
        assert_eq!(network_of(many(1)), network_of(many(2)));
        // What is over makes room.
        assert_eq!(reticence.one_more("us", "p", IpAddr::V4(Ipv4Addr::from_bits(30_000)), at(4000)), Say::Why);
    }
}
