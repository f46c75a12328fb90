//! Locks by which the programs on one workspace keep out of each other's way.
//!
//! A lock belongs to the open file, not to the program: one that is being started holds, until it begins to run, a copy of
//! every file that is open in the program which starts it. So what was let go of can stay locked for a moment.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

/// So long is waited for a lock that nobody may hold any more.
const MOMENT: Duration = Duration::from_millis(1500);

/// How often it is tried meanwhile.
const EVERY: Duration = Duration::from_millis(20);

/// Takes a lock, also where it is let go of only now.
///
/// # Errors
/// [`TryLockError::WouldBlock`] where somebody holds it; another where it cannot be locked at all.
pub async fn take_lock(file: &File) -> Result<(), TryLockError> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if begun.elapsed() < MOMENT => tokio::time::sleep(EVERY).await,
            taken => return taken,
        }
    }
}

/// Whether somebody has taken the lock of a file. Two may look at once and see the same.
#[must_use]
pub fn is_locked(place: &Path) -> bool {
    File::open(place).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_let_go_of_in_a_moment_is_waited_for_and_what_is_held_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("lock");
        let held = File::create(&place).unwrap();
        held.try_lock().unwrap();
        assert!(is_locked(&place));
        let next = File::open(&place).unwrap();
        assert!(matches!(take_lock(&next).await, Err(TryLockError::WouldBlock)));

        // As a program does that is just being started: a copy of the open file holds it.
        let copy = held.try_clone().unwrap();
        drop(held);
        let ends = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            drop(copy);
        });
        take_lock(&next).await.unwrap();
        ends.await.unwrap();
        assert!(is_locked(&place));
        next.unlock().unwrap();
        assert!(!is_locked(&place));
    }
}
