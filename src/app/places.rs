//! Places for work that waits for others, shared so that whoever keeps us waiting has a few of them and never all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many that are not in use any more are kept at most.
const FORGOTTEN: usize = 256;

/// The places.
pub(super) struct Places {
    all: Arc<Semaphore>,
    share: usize,
    shares: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A place, until this is dropped.
pub(super) struct Place {
    _share: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All are taken.
    All,
    /// This one has as many as one may have.
    Share,
}

impl Places {
    /// `all` places, of which nobody has more than `share`.
    pub(super) fn new(all: usize, share: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), share, shares: Mutex::default() }
    }

    fn share_of(&self, whose: &str) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shares.get(whose).and_then(Weak::upgrade) {
            return known;
        }
        if shares.len() >= FORGOTTEN {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(Semaphore::new(self.share));
        shares.insert(whose.to_owned(), Arc::downgrade(&share));
        share
    }

    /// A place now.
    pub(super) fn take(&self, whose: &str) -> Result<Place, Full> {
        let share = self.share_of(whose).try_acquire_owned().map_err(|_full| Full::Share)?;
        let place = Arc::clone(&self.all).try_acquire_owned().map_err(|_full| Full::All)?;
        Ok(Place { _share: share, _place: place })
    }

    /// A place as soon as there is one: first of the share, so that whoever waits for that takes nobody's place.
    pub(super) async fn wait(&self, whose: &str) -> Option<Place> {
        let share = self.share_of(whose).acquire_owned().await.ok()?;
        let place = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Place { _share: share, _place: place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_keeps_us_waiting_has_a_share_and_no_more() {
        let places = Places::new(3, 2);
        let slow = [places.take("slow").ok().unwrap(), places.take("slow").ok().unwrap()];
        assert_eq!(places.take("slow").err(), Some(Full::Share));
        let other = places.wait("other").await.unwrap();
        assert_eq!(places.take("third").err(), Some(Full::All));
        drop(other);
        assert!(places.take("third").is_ok());
        drop(slow);
        assert!(places.take("slow").is_ok(), "a share that nobody holds is whole again");
        for number in 0..2 * FORGOTTEN {
            drop(places.take(&number.to_string()));
        }
        assert!(places.shares.lock().unwrap().len() <= FORGOTTEN);
    }
}
