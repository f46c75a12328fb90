//! Places for connections: how many there are, how many one address may have, and who makes room when there is none.
//!
//! A connection costs whoever opens it next to nothing, and may stand as long as it is slow. So an address has a share of the
//! places and not all of them; and where there is none left, the client that is furthest behind goes, and not the one that
//! has just come: whoever sends a message as fast as any partner does is through before it is the slowest.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// Whom an address stands for: whoever has one address of IPv6 has all of its network of 64 bits. An IPv4 address in the
/// form of an IPv6 one is that IPv4 address.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// How many places there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    /// In all.
    pub(super) all: usize,
    /// For one address.
    pub(super) of_one: usize,
    /// For this machine itself, where a reverse proxy may pass on what comes from everybody.
    pub(super) of_this_machine: usize,
    /// How far behind a client must be to make room for another.
    pub(super) behind: Duration,
    /// The least average rate of a body in bytes a second, by which it is seen how far behind it is.
    pub(super) least_rate: u64,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// So many are all there are.
    All(usize),
    /// So many are all that this address has.
    Share(usize),
}

/// The places of a listener.
pub(super) struct Places {
    shares: Shares,
    taken: Mutex<Vec<Taken>>,
}

struct Taken {
    whose: IpAddr,
    pace: Arc<Pace>,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    pub(super) pace: Arc<Pace>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|each| !Arc::ptr_eq(&each.pace, &self.pace));
    }
}

impl Places {
    pub(super) const fn new(shares: Shares) -> Self {
        Self { shares, taken: Mutex::new(Vec::new()) }
    }

    /// A place for a client from an address; where there is none, that of the slowest, if one is slow. Where its own share is
    /// taken, that is one of its own.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, now: Instant) -> Result<Place, NoPlace> {
        let whose = network_of(address);
        let share = if whose.is_loopback() { self.shares.of_this_machine } else { self.shares.of_one };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of = (taken.iter().filter(|each| each.whose == whose).count() >= share).then_some(whose);
        let is_full = taken.len() >= self.shares.all;
        if (is_full || of.is_some()) && !self.has_made_room(&mut taken, of, now) {
            return Err(if is_full { NoPlace::All(self.shares.all) } else { NoPlace::Share(share) });
        }
        let pace = Arc::new(Pace::new(now));
        taken.push(Taken { whose, pace: Arc::clone(&pace) });
        Ok(Place { places: Arc::clone(self), pace })
    }

    /// Has the slowest client go, if one is slow: where not the places but something else has run out.
    pub(super) fn make_room(&self, now: Instant) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        self.has_made_room(&mut taken, None, now);
    }

    fn has_made_room(&self, taken: &mut Vec<Taken>, of: Option<IpAddr>, now: Instant) -> bool {
        let slowest = taken
            .iter()
            .enumerate()
            .filter(|(_, each)| of.is_none_or(|of| each.whose == of))
            .map(|(index, each)| (each.pace.behind(self.shares.least_rate, now), index))
            .max_by_key(|(behind, _)| *behind)
            .filter(|(behind, _)| *behind >= self.shares.behind);
        let Some((_, index)) = slowest else { return false };
        // The place is free at once, though the connection takes a moment to end.
        taken.swap_remove(index).pace.evicted.notify_one();
        true
    }
}

/// How a connection gets on.
pub(super) struct Pace {
    doing: Mutex<Doing>,
    /// Told once, when it has to make room.
    pub(super) evicted: Arc<Notify>,
}

impl fmt::Debug for Pace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pace")
    }
}

/// What a connection is doing, and whom that waits for.
enum Doing {
    /// Its head has not come whole, or what it sends after its answer is thrown away: since when.
    Idle(Instant),
    /// Its body comes: how much has, how long that was waited for, and since when it is waited for more.
    Body { received: u64, waited: Duration, since: Option<Instant> },
    /// We work on it.
    Ours,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { doing: Mutex::new(Doing::Idle(now)), evicted: Arc::new(Notify::new()) }
    }

    fn set(&self, doing: Doing) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = doing;
    }

    /// It is the client's turn, with nothing that is wanted of it.
    pub(super) fn idles(&self, now: Instant) {
        self.set(Doing::Idle(now));
    }

    /// Its head is there, and so much of its body, after so long a time of waiting.
    pub(super) fn came(&self, received: u64, waited: Duration) {
        self.set(Doing::Body { received, waited, since: None });
    }

    /// More of its body is waited for from now on.
    pub(super) fn waits(&self, now: Instant) {
        if let Doing::Body { since, .. } = &mut *self.doing.lock().unwrap_or_else(PoisonError::into_inner) {
            since.get_or_insert(now);
        }
    }

    /// It has sent everything.
    pub(super) fn is_ours(&self) {
        self.set(Doing::Ours);
    }

    /// How much sooner it would have been where it is, had it kept to the least rate.
    fn behind(&self, least_rate: u64, now: Instant) -> Duration {
        match &*self.doing.lock().unwrap_or_else(PoisonError::into_inner) {
            Doing::Idle(since) => now.saturating_duration_since(*since),
            Doing::Body { received, waited, since } => {
                let waited = *waited + since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
                let due = u128::from(*received) * 1_000_000_000 / u128::from(least_rate.max(1));
                waited.saturating_sub(Duration::from_nanos(u64::try_from(due).unwrap_or(u64::MAX)))
            }
            Doing::Ours => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: Shares =
        Shares { all: 4, of_one: 2, of_this_machine: 3, behind: Duration::from_secs(1), least_rate: 100 };

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_share_and_this_machine_a_larger_one() {
        let (places, now) = (Arc::new(Places::new(SHARES)), Instant::now());
        let take = |address: &str| places.take(at(address), now);
        let first = [take("192.0.2.1").unwrap(), take("192.0.2.1").unwrap()];
        assert_eq!(take("192.0.2.1").err(), Some(NoPlace::Share(2)));
        assert_eq!(take("::ffff:192.0.2.1").err(), Some(NoPlace::Share(2)), "the same address in its other form");
        let others = [take("192.0.2.2").unwrap(), take("2001:db8::1").unwrap()];
        assert_eq!(take("192.0.2.3").err(), Some(NoPlace::All(4)));
        drop((first, others));
        let network = [take("2001:db8::1").unwrap(), take("2001:db8::2").unwrap()];
        assert_eq!(take("2001:db8:0:0:ffff::3").err(), Some(NoPlace::Share(2)), "one network");
        drop(network);
        let here = [take("127.0.0.1").unwrap(), take("127.0.0.1").unwrap(), take("127.0.0.1").unwrap()];
        assert_eq!(take("127.0.0.1").err(), Some(NoPlace::Share(3)));
        drop((here, take("192.0.2.1").unwrap()));
        assert!(places.taken.lock().unwrap().is_empty(), "a place that is given back is free");
    }

    #[tokio::test]
    async fn who_is_furthest_behind_makes_room_and_whoever_keeps_up_stays() {
        let (places, begun) = (Arc::new(Places::new(SHARES)), Instant::now());
        let later = |ms: u64| begun + Duration::from_millis(ms);
        let take = |number: u8, now| places.take(IpAddr::from([192, 0, 2, number]), now);
        let head = take(1, begun).unwrap();
        let quick = take(2, begun).unwrap();
        quick.pace.came(100_000, Duration::from_secs(3));
        quick.pace.waits(begun);
        let works = take(3, begun).unwrap();
        works.pace.is_ours();
        let drips = take(4, begun).unwrap();
        drips.pace.came(10, Duration::from_millis(200));
        drips.pace.waits(begun);
        assert_eq!(take(5, later(500)).err(), Some(NoPlace::All(4)), "nobody is slow yet");
        let fifth = take(5, later(1_500)).unwrap();
        // The body that drips is further behind than the head, by what it had been waited for before.
        assert!(was_evicted(&drips).await && !was_evicted(&head).await);
        let sixth = take(6, later(1_600)).unwrap();
        assert!(was_evicted(&head).await && !was_evicted(&quick).await && !was_evicted(&works).await);
        assert_eq!(take(7, later(1_700)).err(), Some(NoPlace::All(4)));
        // Of its own share an address has only its own make room.
        drop((head, drips, sixth));
        let own = take(5, later(1_800)).unwrap();
        assert_eq!(take(5, later(1_900)).err(), Some(NoPlace::All(4)));
        let again = take(5, later(2_900)).unwrap();
        assert!(was_evicted(&fifth).await && !was_evicted(&own).await);
        drop((again, quick, works));
    }

    async fn was_evicted(place: &Place) -> bool {
        tokio::time::timeout(Duration::ZERO, place.pace.evicted.notified()).await.is_ok()
    }
}
