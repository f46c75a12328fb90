//! Having the disk begin early: a large file goes there while more of it is computed, and not all at its end.

use std::fs::File;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// So many bytes are written before the disk is asked to take them.
const EVERY: u64 = 32 * 1024 * 1024;

/// Asks for one file. It promises nothing: the file is on disk once it was synced at its end.
#[derive(Debug, Default)]
pub(super) struct EarlySync {
    written: u64,
    asker: Option<Asker>,
}

#[derive(Debug)]
struct Asker {
    tell: SyncSender<()>,
    thread: JoinHandle<()>,
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
}

/// Where there is no second handle or no thread to be had, the file is synced at its end alone.
fn begin(file: &File) -> Option<Asker> {
    let file = file.try_clone().ok()?;
    let (tell, told) = sync_channel(1);
    let work = move || {
        for () in told {
            // An error comes again when the file is synced at its end, or is of no account.
            drop(file.sync_data());
        }
    };
    let thread = Builder::new().name("archive sync".to_owned()).spawn(work).ok()?;
    Some(Asker { tell, thread })
}

impl Drop for EarlySync {
    /// Its handle is closed before the file is renamed or removed, which some systems want.
    fn drop(&mut self) {
        if let Some(Asker { tell, thread }) = self.asker.take() {
            drop(tell);
            drop(thread.join());
        }
    }
}
