//! Work with files that ends as soon as nobody waits for it, and leaves nothing behind.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::blocking;
use crate::app::AppError;

/// Whether the work is still wanted.
#[derive(Clone, Default)]
pub(super) struct Wanted {
    given_up: Arc<AtomicBool>,
}

impl Wanted {
    /// An error as soon as it is not.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.given_up.load(Ordering::Relaxed) { Err(io::Error::other("it was given up")) } else { Ok(()) }
    }

    /// Writes on to `out` for as long as it is.
    pub(super) const fn writer<W: Write>(&self, out: W) -> WantedWriter<'_, W> {
        WantedWriter { wanted: self, out }
    }
}

/// Refuses to write what nobody wants.
pub(super) struct WantedWriter<'a, W> {
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

/// As [`blocking`]; where the future is dropped, the work is told, because a thread cannot be.
pub(super) async fn blocking_while_wanted<T: Send + 'static>(
    work: impl FnOnce(&Wanted) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let wanted = Wanted::default();
    let waiting = Waiting(wanted.clone());
    let done = blocking(move || work(&wanted)).await;
    drop(waiting);
    done
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let (told, hears) = mpsc::channel();
        let work = blocking_while_wanted(move |wanted| {
            let mut out = wanted.writer(io::sink());
            told.send(None).ok();
            while out.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(1));
            }
            told.send(wanted.check().err().map(|error| error.to_string())).ok();
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::from_millis(50), work).await.is_err(), "it would never end");
        assert_eq!(hears.recv_timeout(Duration::from_secs(20)), Ok(None));
        assert!(matches!(hears.recv_timeout(Duration::from_secs(20)), Ok(Some(_))));
    }
}
