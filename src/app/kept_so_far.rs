//! Reading a body of which only the beginning is kept, and its end far behind.

use std::fs::File;
use std::io::{self, Read};

/// What is said of the place from which on nothing is kept.
pub(super) const CUT: &str = "from here on nothing is kept";

/// A body as far as it is kept whole. Behind a gap nothing fits together any more, and its end is none of the message's: a
/// reader that took it for one would call the message damaged.
pub(super) struct AsFarAsKept {
    file: File,
    /// How many bytes there are before the gap, where there is one.
    left: Option<u64>,
}

impl AsFarAsKept {
    /// From its beginning; `left` is where the gap is.
    pub(super) const fn new(file: File, left: Option<u64>) -> Self {
        Self { file, left }
    }
}

impl Read for AsFarAsKept {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = &mut self.left else { return self.file.read(buffer) };
        if *left == 0 && !buffer.is_empty() {
            return Err(io::Error::other(CUT));
        }
        let read = self.file.by_ref().take(*left).read(buffer)?;
        *left -= read as u64;
        Ok(read)
    }
}
