//! Reading a file of the archive while it is still being written: what comes from a partner is in the archive before it
//! is read, and read as soon as it is there.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Whoever reads along is told of so many bytes at a time. Each time costs a thread's waking.
pub(super) const TOLD_EVERY: u64 = 1024 * 1024;

/// How far a file has come. Shared between whoever writes it and whoever reads along.
#[derive(Debug, Default)]
struct Growth {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Bytes that are in the file.
    written: u64,
    /// Whether it is whole, once nothing more is written to it.
    whole: Option<bool>,
}

impl Growth {
    /// A poisoned lock is taken all the same: every change is a plain assignment, none is left half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something behind the first `at` bytes, or the file has ended.
    fn behind(&self, at: u64) -> State {
        let waiting = |state: &mut State| state.written <= at && state.whole.is_none();
        *self.changed.wait_while(self.state(), waiting).unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of whoever writes: what it drops without having ended it is not whole.
#[derive(Debug)]
pub(super) struct Followed {
    growth: Arc<Growth>,
    told: u64,
}

impl Followed {
    /// Two ends of a file, of which so much is written already.
    pub(super) fn new(file: File, written: u64) -> (Self, ArchiveFollower) {
        let growth =
            Arc::new(Growth { state: Mutex::new(State { written, whole: None }), changed: Condvar::default() });
        let follower =
            ArchiveFollower { file, at: 0, known: State { written, whole: None }, growth: Arc::clone(&growth) };
        (Self { growth, told: written }, follower)
    }

    /// Whether so many bytes are worth telling of.
    pub(super) const fn is_to_be_told(&self, written: u64) -> bool {
        written - self.told >= TOLD_EVERY
    }

    /// So many bytes are in the file.
    pub(super) fn tell(&mut self, written: u64) {
        self.told = written;
        self.growth.state().written = written;
        self.growth.changed.notify_all();
    }

    /// Nothing more will be written. What was told first about whether it is whole stays.
    pub(super) fn end(&self, whole: bool) {
        self.growth.state().whole.get_or_insert(whole);
        self.growth.changed.notify_all();
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// Reads a file of the archive while it is written, waiting for what has not come yet. It ends where the file does, and
/// fails where that never becomes whole.
#[derive(Debug)]
pub struct ArchiveFollower {
    file: File,
    at: u64,
    known: State,
    growth: Arc<Growth>,
}

impl Read for ArchiveFollower {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.known.written && !buffer.is_empty() {
            self.known = self.growth.behind(self.at);
        }
        if self.known.whole == Some(false) {
            return Err(io::Error::other("what was to be read never became whole"));
        }
        let ready = usize::try_from(self.known.written.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let ready = ready.min(buffer.len());
        let read = self.file.read(&mut buffer[..ready])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for ArchiveFollower {
    /// From its end it cannot be told where anything is.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if matches!(to, SeekFrom::End(_)) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the end of what is still coming is not known"));
        }
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::super::archive::{Archive, ArchiveWriter, Part};
    use super::super::fixtures::transmission;
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A file under way, and what reads along in steps of 100,000 bytes tells of each.
    fn followed() -> (tempfile::TempDir, ArchiveWriter, mpsc::Receiver<io::Result<Vec<u8>>>) {
        let guard = tempfile::tempdir().unwrap();
        let archive = Archive::new(guard.path().join("archive"));
        let mut writer = archive.create(transmission(0).id, Part::RequestBody(1)).unwrap();
        writer.write_all(b"before").unwrap();
        let mut follower = writer.follow().unwrap();
        let (tell, hears) = mpsc::channel();
        let follow = move || {
            loop {
                let mut piece = vec![0; 100_000];
                let read = follower.read(&mut piece).map(|read| piece[..read].to_vec());
                let ended = !matches!(&read, Ok(piece) if !piece.is_empty());
                tell.send(read).unwrap();
                if ended {
                    follower.rewind().unwrap();
                    let mut again = Vec::new();
                    let again = follower.read_to_end(&mut again).map(|_| again);
                    return drop(tell.send(again));
                }
            }
        };
        std::thread::Builder::new().name("follower".to_owned()).spawn(follow).unwrap();
        (guard, writer, hears)
    }

    #[test]
    fn what_is_written_is_read_as_it_comes_and_once_more_when_it_is_whole() {
        let (_guard, mut writer, hears) = followed();
        let next = || hears.recv_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!(next(), b"before");
        // Less than is told of, and still in the writer's own buffer: nobody is woken for it.
        writer.write_all(&[1; 10]).unwrap();
        assert!(hears.recv_timeout(Duration::from_millis(50)).is_err());
        let much = vec![2; usize::try_from(TOLD_EVERY).unwrap()];
        writer.write_all(&much).unwrap();
        let whole = [b"before".as_slice(), &[1; 10], &much].concat();
        let mut read = b"before".to_vec();
        while read.len() < whole.len() {
            read.extend(next());
        }
        assert!(read == whole);
        writer.write_all(b"after").unwrap();
        writer.finish().unwrap();
        assert_eq!((next(), next()), (b"after".to_vec(), Vec::new()));
        assert!(next() == [whole.as_slice(), b"after"].concat(), "from its beginning");
    }

    #[test]
    fn what_never_becomes_whole_is_an_error_to_whoever_reads_along() {
        for cut_short in [true, false] {
            let (_guard, mut writer, hears) = followed();
            assert_eq!(hears.recv_timeout(PATIENCE).unwrap().unwrap(), b"before");
            writer.write_all(b"half").unwrap();
            if cut_short {
                // What came of it is kept all the same.
                writer.cut_short();
                assert_eq!(writer.finish().unwrap().bytes, 10);
            } else {
                drop(writer);
            }
            for _ in ["further", "again"] {
                assert!(hears.recv_timeout(PATIENCE).unwrap().is_err(), "{cut_short}");
            }
        }
    }
}
