//! Having the disk begin early: a large file goes there while more of it is computed, and not all at its end.

use std::fs::File;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// So many bytes are written before the disk is asked to take them.
const EVERY: u64 = 32 * 1024 * 1024;

/// Asks for one file. It promises nothing: the file is on disk once it was synced at its end, and none of what was asked
/// before has failed.
#[derive(Debug, Default)]
pub(super) struct EarlySync {
    written: u64,
    asker: Option<Asker>,
}

#[derive(Debug)]
struct Asker {
    tell: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl EarlySync {
    /// So much more has been written to the file.
    pub(super) fn wrote(&mut self, file: &File, bytes: u64) {
        let before = self.written / EVERY;
        self.written += bytes;
        if self.written / EVERY > before {
            if self.asker.is_none() {
                self.asker = begin(file);
            }
            if let Some(asker) = &self.asker {
                // Where it is still busy with the last, it comes to these bytes the next time.
                asker.tell.try_send(()).ok();
            }
        }
    }

    /// Waits for the disk to have answered all that it was asked. An error in writing back is told once to those who share
    /// an open file, as this handle and the writer's do: the sync at the end no longer knows of it.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.asker.take().map_or(Ok(()), Asker::end)
    }
}

impl Asker {
    fn end(self) -> io::Result<()> {
        drop(self.tell);
        self.thread.join().unwrap_or_else(|_panic| Err(io::Error::other("the sync of the archive was interrupted")))
    }
}

/// Where there is no second handle or no thread to be had, the file is synced at its end alone.
fn begin(file: &File) -> Option<Asker> {
    let file = file.try_clone().ok()?;
    let (tell, told) = sync_channel(1);
    let work = move || {
        for () in told {
            file.sync_data()?;
        }
        Ok(())
    };
    let thread = Builder::new().name("archive sync".to_owned()).spawn(work).ok()?;
    Some(Asker { tell, thread })
}

impl Drop for EarlySync {
    /// Its handle is closed before the file is renamed or removed, which some systems want.
    fn drop(&mut self) {
        // What is dropped is given up: whether it is on disk is of no account.
        drop(self.asker.take().map(Asker::end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_the_disk_takes_ends_well() {
        let file = tempfile::tempfile().unwrap();
        let mut sync = EarlySync::default();
        sync.wrote(&file, EVERY - 1);
        assert!(sync.asker.is_none(), "a small file is synced at its end alone");
        sync.wrote(&file, 1);
        assert!(sync.asker.is_some());
        sync.end().unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_error_of_the_disk_is_told_at_the_end() {
        // What is no file on a disk cannot be synced.
        let file = File::open("/dev/null").unwrap();
        let mut sync = EarlySync::default();
        sync.wrote(&file, EVERY);
        sync.wrote(&file, EVERY);
        assert_eq!(sync.end().unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
