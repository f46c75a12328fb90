//! What the layers of a message that is opened are read and written through.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Mutex, PoisonError};

use super::cipher::Unreadable;

/// Notes why decrypting failed.
pub(super) struct Noted<'n, R> {
    pub(super) source: R,
    pub(super) failure: &'n Mutex<Option<io::Error>>,
    /// Wrong padding is the end and no error to the layers inside: they are read as if it had been right.
    pub(super) reads_on: bool,
}

/// Whether padding or tag were wrong.
pub(super) fn is_unreadable(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Unreadable>())
}

impl<R: Read> Read for Noted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.source.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let ends = self.reads_on && is_unreadable(&error);
                self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                if ends { Ok(0) } else { Err(io::Error::other(Unreadable)) }
            }
            read => read,
        }
    }
}

/// Copies to the end, as much at a time as the source has ready.
pub(super) fn copy(source: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<()> {
    loop {
        let available = match source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            available => available?,
        };
        if available.is_empty() {
            return Ok(());
        }
        let amount = available.len();
        out.write_all(available)?;
        source.consume(amount);
    }
}

/// Gives a name to a borrowed reader, so that it can be wrapped.
pub(super) struct ContentReader<'a>(pub(super) &'a mut (dyn BufRead + Send));

impl Read for ContentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for ContentReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

/// Counts what is written on.
pub(super) struct Copied<'a> {
    pub(super) out: &'a mut (dyn Write + Send),
    pub(super) length: u64,
}

impl Write for Copied<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
