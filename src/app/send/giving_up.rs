//! Work with files that ends as soon as nobody waits for it, leaves nothing behind, and tells how far it has come.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::blocking;
use crate::app::AppError;

/// How often is told how far the work has come.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// Whether the work is still wanted, and how far it has come.
#[derive(Clone, Default)]
pub(in crate::app) struct Wanted {
    given_up: Arc<AtomicBool>,
    bytes: Arc<AtomicU64>,
}

impl Wanted {
    /// An error as soon as it is not.
    pub(in crate::app) fn check(&self) -> io::Result<()> {
        if self.given_up.load(Ordering::Relaxed) { Err(io::Error::other("it was given up")) } else { Ok(()) }
    }

    /// Reads from `source` for as long as it is, and counts what is read.
    pub(in crate::app) const fn reader<R: Read>(&self, source: R) -> WantedReader<'_, R> {
        WantedReader { wanted: self, source }
    }

    /// Writes on to `out` for as long as it is.
    pub(in crate::app) const fn writer<W: Write>(&self, out: W) -> WantedWriter<'_, W> {
        WantedWriter { wanted: self, out }
    }
}

/// Refuses to read what nobody wants.
pub(in crate::app) struct WantedReader<'a, R> {
    wanted: &'a Wanted,
    source: R,
}

impl<R: Read> Read for WantedReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wanted.check()?;
        let read = self.source.read(buffer)?;
        self.wanted.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: io::Seek> io::Seek for WantedReader<'_, R> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

/// Refuses to write what nobody wants.
pub(in crate::app) struct WantedWriter<'a, W> {
    wanted: &'a Wanted,
    out: W,
}

impl<W: Write> Write for WantedWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wanted.check()?;
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Lives as long as somebody waits.
struct Waiting(Wanted);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.given_up.store(true, Ordering::Relaxed);
    }
}

/// As [`blocking`]; where the future is dropped, the work is told, because a thread cannot be. `told` is given, every now
/// and then, how many bytes have been read.
pub(in crate::app) async fn blocking_while_wanted<T: Send + 'static>(
    told: impl Fn(u64),
    work: impl FnOnce(&Wanted) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let wanted = Wanted::default();
    let waiting = Waiting(wanted.clone());
    let mut done = std::pin::pin!(blocking(move || work(&wanted)));
    let mut last = 0;
    loop {
        tokio::select! {
            biased;
            done = &mut done => return done,
            () = tokio::time::sleep(TOLD_EVERY) => {}
        }
        let bytes = waiting.0.bytes.load(Ordering::Relaxed);
        if bytes != last {
            told(bytes);
            last = bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let (told, hears) = mpsc::channel();
        let work = blocking_while_wanted(
            |_bytes| {},
            move |wanted| {
                let mut out = wanted.writer(io::sink());
                told.send(None).ok();
                while out.write_all(b"x").is_ok() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                told.send(wanted.reader(&b"x"[..]).read(&mut [0]).err().map(|error| error.to_string())).ok();
                Ok(())
            },
        );
        assert!(tokio::time::timeout(Duration::from_millis(50), work).await.is_err(), "it would never end");
        assert_eq!(hears.recv_timeout(Duration::from_secs(20)), Ok(None));
        assert!(matches!(hears.recv_timeout(Duration::from_secs(20)), Ok(Some(_))));
    }

    #[tokio::test]
    async fn it_is_told_how_far_the_work_has_come() {
        let heard = Mutex::new(Vec::new());
        let (go_on, wait) = mpsc::channel();
        let told = |bytes| {
            heard.lock().unwrap().push(bytes);
            go_on.send(()).ok();
        };
        let work = blocking_while_wanted(told, move |wanted| {
            let mut source = wanted.reader(io::repeat(0));
            for _ in 0..2 {
                source.read_exact(&mut [0; 10]).unwrap();
                // Until it has been told.
                wait.recv_timeout(Duration::from_secs(20)).unwrap();
            }
            Ok(())
        });
        work.await.unwrap();
        assert_eq!(*heard.lock().unwrap(), [10, 20]);
    }
}
