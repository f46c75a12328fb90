//! Which of several programs on one workspace does what is done by itself: further attempts, the files of outboxes,
//! reminders by e-mail. One at a time holds the lease.
//!
//! On one machine the lease is a lock on a file: the system lets it go when its holder ends, however that ends, and whoever
//! asks next has it. Beside it lies a record of who holds it, for people to read, and for other machines, to which a lock
//! may say nothing: the holder counts on in it every ten seconds, and whoever sees it stand still for so long that it must
//! be gone takes over. Nothing of this looks at the clock of the day, which may be set. The record is no row of the
//! database, because every program reads the workspace anew when another has written to it.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use super::App;
use crate::store::{sweep_begun, unfinished};

/// The file that is locked by the holder.
pub(super) use crate::store::DUE_WORK as LOCK;

/// The record of who holds it.
const RECORD: &str = "due-work.json";

/// How often is asked whether the lease is to be had.
const EVERY: Duration = Duration::from_secs(2);

/// How often the holder counts on.
const RENEWED: Duration = Duration::from_secs(10);

/// After so long of standing still a holder on another machine is gone.
const GONE: Duration = Duration::from_secs(25);

/// Who holds the lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseHolder {
    /// Unlike any other.
    id: Uuid,
    /// What kind of program: `window` or `serve`.
    pub program: String,
    /// The number of its process.
    pub process: u32,
    /// On which machine.
    pub host: String,
    /// When it counted on last, by its own clock. For people.
    pub renewed: Timestamp,
    /// How often it has counted on.
    count: u64,
}

impl LeaseHolder {
    /// In words: `serve, process 4711 on edi-1`.
    #[must_use]
    pub fn named(&self) -> String {
        format!("{}, process {} on {}", self.program, self.process, self.host)
    }
}

/// Who does what is done by itself, as a program sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseState {
    /// The holder; nothing where there is none.
    pub holder: Option<LeaseHolder>,
    /// Whether that is this program.
    pub here: bool,
}

/// One program's claim to the lease.
pub(super) struct Lease {
    folder: PathBuf,
    me: LeaseHolder,
    lock: Option<File>,
    /// When this program counted on last, where it holds the lease.
    renewed: Option<Instant>,
    /// The count of a holder on another machine, and when it was first seen.
    seen: Option<(Uuid, u64, Instant)>,
    /// The one before has not let go of it: it was killed, or its machine went down.
    after_unclean_end: bool,
}

impl Lease {
    pub(super) fn new(folder: &Path, program: &str, now: Timestamp) -> Self {
        let me = LeaseHolder {
            id: Uuid::now_v7(),
            program: program.to_owned(),
            process: std::process::id(),
            host: host(),
            renewed: now,
            count: 0,
        };
        Self { folder: folder.to_owned(), me, lock: None, renewed: None, seen: None, after_unclean_end: false }
    }

    /// Whether this program holds the lease from here on; it does as long as this is asked every few seconds.
    pub(super) fn is_held(&mut self, now: Timestamp) -> bool {
        if self.lock.is_none() {
            let file = File::options().create(true).truncate(false).write(true).open(self.folder.join(LOCK));
            match file.map(|file| (file.try_lock(), file)) {
                Ok((Ok(()), file)) => {
                    // What the one before was writing when it was killed.
                    sweep_begun(&self.folder, RECORD).ok();
                    self.lock = Some(file);
                }
                // Its holder lives.
                Ok((Err(TryLockError::WouldBlock), _)) => return false,
                // Where nothing can be locked, the record alone decides.
                Ok((Err(TryLockError::Error(_)), _)) => {}
                Err(_) => return false,
            }
        }
        let record = read(&self.folder);
        if let Some(other) = record.as_ref().filter(|record| record.id != self.me.id)
            && !self.is_gone(other)
        {
            self.renewed = None;
            return false;
        }
        self.seen = None;
        // Whoever ends as it should takes its record away.
        self.after_unclean_end |= record.as_ref().is_some_and(|record| record.id != self.me.id);
        // Two that take over at once both write; the second look tells whose record it is.
        let mine = record.is_some_and(|record| record.id == self.me.id);
        if !mine || self.renewed.is_none_or(|at| at.elapsed() >= RENEWED) {
            self.me.count += 1;
            self.me.renewed = now;
            if write(&self.folder, &self.me).is_err() {
                // A full disk takes no record; the lock is enough.
                return self.lock.is_some();
            }
            self.renewed = Some(Instant::now());
        }
        self.lock.is_some() || mine
    }

    /// Whether another holder is gone. Of one on this machine, whose lock we have, it is known.
    fn is_gone(&mut self, other: &LeaseHolder) -> bool {
        if self.lock.is_some() && other.host == self.me.host {
            return true;
        }
        match self.seen {
            Some((id, count, since)) if (id, count) == (other.id, other.count) => since.elapsed() >= GONE,
            _ => {
                self.seen = Some((other.id, other.count, Instant::now()));
                false
            }
        }
    }
}

impl Drop for Lease {
    /// Passes the lease on: the record first, so that nobody reads of a holder that is none.
    fn drop(&mut self) {
        if self.renewed.is_some() && read(&self.folder).is_some_and(|record| record.id == self.me.id) {
            // Where it cannot be taken away, the lock that is let go of says the same.
            fs::remove_file(self.folder.join(RECORD)).ok();
        }
    }
}

/// Holds the lease whenever it is to be had, until `stop` turns true, and tells whether it does. `unclean` is set where the
/// program that held it before has not ended as it should.
pub(super) async fn keep(
    app: App,
    program: &'static str,
    told: watch::Sender<bool>,
    unclean: Arc<AtomicBool>,
    mut stop: watch::Receiver<bool>,
) {
    let mut lease: Option<Lease> = None;
    loop {
        if lease.is_none() {
            // One that is not open is not opened for this: whoever needs it does that.
            let opened = app.opened.lock().await.clone();
            lease = opened
                .filter(|workspace| !workspace.is_read_only())
                .map(|workspace| Lease::new(workspace.folder(), program, app.now()));
        }
        let held = lease.as_mut().is_some_and(|lease| lease.is_held(app.now()));
        if lease.as_mut().is_some_and(|lease| std::mem::take(&mut lease.after_unclean_end)) {
            unclean.store(true, Ordering::Relaxed);
        }
        told.send_if_modified(|known| std::mem::replace(known, held) != held);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    told.send_replace(false);
}

impl App {
    /// Who does what is done by itself. `here` is what this program knows of itself.
    pub(super) async fn lease_state(&self, here: bool) -> LeaseState {
        let Some(workspace) = self.opened.lock().await.clone() else { return LeaseState::default() };
        let holder = read(workspace.folder()).filter(|record| {
            // What a killed program left says nothing.
            record.host != host() || is_locked(workspace.folder())
        });
        LeaseState { here: here && holder.as_ref().is_some_and(|each| each.process == std::process::id()), holder }
    }
}

fn is_locked(folder: &Path) -> bool {
    // Where nothing can be locked, the record is believed.
    File::open(folder.join(LOCK)).is_ok_and(|file| file.try_lock_shared().is_err())
}

fn read(folder: &Path) -> Option<LeaseHolder> {
    serde_json::from_slice(&fs::read(folder.join(RECORD)).ok()?).ok()
}

/// Puts the record in the place of the one before, whole.
fn write(folder: &Path, record: &LeaseHolder) -> std::io::Result<()> {
    let text = serde_json::to_vec(record).map_err(std::io::Error::other)?;
    let mut file = unfinished(folder, RECORD)?;
    file.write_all(&text)?;
    file.persist(folder.join(RECORD)).map(|_file| ()).map_err(|error| error.error)
}

/// What this machine is called.
pub(super) fn host() -> String {
    whoami::hostname().ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "this computer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(folder: &Path) -> Lease {
        Lease::new(folder, "serve", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn one_holds_it_at_a_time_and_it_passes_on_at_once_when_its_holder_ends() {
        let guard = tempfile::tempdir().unwrap();
        let (mut one, mut other) = (lease(guard.path()), lease(guard.path()));
        // The clock of the day may go back as it likes.
        for second in [1000, 0, -1000] {
            let now = Timestamp::from_second(second).unwrap();
            assert_eq!((one.is_held(now), other.is_held(now)), (true, false));
        }
        assert_eq!(read(guard.path()).unwrap().id, one.me.id);
        drop(one);
        assert_eq!(read(guard.path()), None, "whoever has let go is not named any more");
        // A program that another test starts just now may hold a copy of the lock until it runs.
        let begun = Instant::now();
        while !other.is_held(Timestamp::UNIX_EPOCH) {
            assert!(begun.elapsed() < Duration::from_secs(20), "it is not passed on");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(read(guard.path()).unwrap().id, other.me.id);
        assert!(!other.after_unclean_end, "the one before has let go");
    }

    #[test]
    fn what_a_killed_program_of_this_machine_left_keeps_nobody_waiting() {
        let guard = tempfile::tempdir().unwrap();
        let killed = lease(guard.path());
        write(guard.path(), &killed.me).unwrap();
        let mut next = lease(guard.path());
        assert!(next.is_held(Timestamp::UNIX_EPOCH));
        assert!(next.after_unclean_end, "it is known that it was killed");
    }

    #[test]
    fn a_holder_on_another_machine_is_gone_once_it_counts_on_no_more() {
        let guard = tempfile::tempdir().unwrap();
        let mut far = lease(guard.path()).me.clone();
        far.host = "another".to_owned();
        far.id = Uuid::now_v7();
        let mut here = lease(guard.path());
        for count in 1..4 {
            far.count = count;
            write(guard.path(), &far).unwrap();
            assert!(!here.is_held(Timestamp::UNIX_EPOCH));
            if let Some((_, _, since)) = &mut here.seen {
                *since = since.checked_sub(GONE / 2).unwrap();
            }
            assert!(!here.is_held(Timestamp::UNIX_EPOCH));
        }
        if let Some((_, _, since)) = &mut here.seen {
            *since = since.checked_sub(GONE).unwrap();
        }
        assert!(here.is_held(Timestamp::UNIX_EPOCH));
        // It was only asleep, and takes over in its turn: then this one holds it no more.
        far.count += 1;
        write(guard.path(), &far).unwrap();
        assert!(!here.is_held(Timestamp::UNIX_EPOCH));
    }
}
