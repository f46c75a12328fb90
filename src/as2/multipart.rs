//! The parts of a multipart body (RFC 2046 section 5.1) as streams, octet by octet as they were sent.

use std::io::{self, BufRead, Read};

use memchr::memmem::Finder;

/// Size of the window in which delimiters are looked for.
const WINDOW: usize = 64 * 1024;

/// The longest boundary that is taken; RFC 2046 allows 70 characters.
const MAX_BOUNDARY: usize = 256;

/// The most bytes that may follow a delimiter on its line.
const MAX_DELIMITER_LINE: usize = 1024;

/// Why a multipart body could not be read; carried inside an [`io::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// The boundary parameter is absent, empty or too long.
    #[error("the multipart message has no usable boundary")]
    NoBoundary,
    /// No delimiter line was found.
    #[error("the multipart message does not contain its boundary")]
    NotFound,
    /// A delimiter line goes on and on, or a part's headers do.
    #[error("the multipart message has a line or headers beyond reason")]
    LongLine,
    /// The body ended in the middle of a part.
    #[error("the multipart message ends in the middle of a part")]
    Truncated,
}

impl From<MultipartError> for io::Error {
    fn from(error: MultipartError) -> Self {
        Self::other(error)
    }
}

/// Walks the parts of a multipart body. It reads as one part after the other: [`Multipart::next_part`] goes to the
/// next one, reading then yields its bytes, headers included, up to the line break before the next delimiter.
pub(super) struct Multipart<R> {
    source: R,
    delimiter: Finder<'static>,
    window: Vec<u8>,
    /// Where in the window the bytes begin that have not been consumed, and where those end that have been read.
    start: usize,
    end: usize,
    /// End of the bytes that surely belong to the current part.
    safe: usize,
    state: State,
    /// The delimiter line before the current part ended in CRLF, so the line break after the part is one too.
    crlf: bool,
    source_ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first delimiter.
    Preamble,
    /// In a part.
    Part,
    /// At a delimiter, which begins at `safe` plus its line break.
    AtDelimiter,
    /// After the closing delimiter.
    Closed,
}

impl<R: Read> Multipart<R> {
    pub(super) fn new(source: R, boundary: &str) -> Result<Self, MultipartError> {
        if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
            return Err(MultipartError::NoBoundary);
        }
        let delimiter = Finder::new(format!("\n--{boundary}").as_bytes()).into_owned();
        // A line break of our own before the first byte lets a delimiter stand there.
        let mut window = vec![0; WINDOW];
        window[0] = b'\n';
        Ok(Self {
            source,
            delimiter,
            window,
            start: 0,
            end: 1,
            safe: 0,
            state: State::Preamble,
            crlf: true,
            source_ended: false,
        })
    }

    /// Goes to the next part, passing over what is left of the current one. `false` after the last.
    pub(super) fn next_part(&mut self) -> io::Result<bool> {
        loop {
            match self.state {
                State::Closed => return Ok(false),
                State::Preamble | State::Part => {
                    let skipped = self.window_of_part()?;
                    self.start += skipped;
                    if skipped == 0 && self.state == State::Preamble && self.source_ended {
                        return Err(MultipartError::NotFound.into());
                    }
                }
                State::AtDelimiter => return self.pass_delimiter(),
            }
        }
    }

    /// Makes sure that some bytes of the current part are in the window, and says how many. 0 at its end.
    fn window_of_part(&mut self) -> io::Result<usize> {
        while self.start == self.safe && matches!(self.state, State::Preamble | State::Part) {
            let unseen = &self.window[self.start..self.end];
            if let Some((at, _)) = self.next_delimiter() {
                // Where delimiter lines end in a bare LF, as OpenSSL writes them, a CR before one is the part's last byte.
                let line_break = usize::from(self.crlf && at > 0 && unseen[at - 1] == b'\r');
                self.safe = self.start + at - line_break;
                self.state = State::AtDelimiter;
            } else if self.source_ended {
                if self.state == State::Part {
                    return Err(MultipartError::Truncated.into());
                }
                return Ok(0);
            } else {
                // Anything but what may be the beginning of a delimiter surely belongs to the part.
                let held_back = self.delimiter.needle().len() + 3;
                if unseen.len() > held_back {
                    self.safe = self.end - held_back;
                } else {
                    self.fill()?;
                }
            }
        }
        Ok(self.safe - self.start)
    }

    /// Where in the unseen bytes the next delimiter begins, and whether it is the closing one.
    fn next_delimiter(&self) -> Option<(usize, bool)> {
        let unseen = &self.window[self.start..self.end];
        for at in self.delimiter.find_iter(unseen) {
            // What follows tells a delimiter from a longer boundary that begins alike (RFC 2046 section 5.1.1).
            let after = &unseen[at + self.delimiter.needle().len()..];
            match after {
                [b'-', b'-', ..] => return Some((at, true)),
                [b'\r' | b'\n' | b' ' | b'\t', ..] => return Some((at, false)),
                [] | [b'-'] if self.source_ended => return Some((at, true)),
                [] | [b'-'] => return None,
                _ => {}
            }
        }
        None
    }

    fn pass_delimiter(&mut self) -> io::Result<bool> {
        self.start = self.safe;
        // Up to the end of the delimiter's line; its LF stays, so that a delimiter may follow at once.
        loop {
            let Some((at, closing)) = self.next_delimiter() else {
                if self.source_ended {
                    return Err(MultipartError::Truncated.into());
                }
                self.fill()?;
                continue;
            };
            if closing {
                self.state = State::Closed;
                return Ok(false);
            }
            let after = self.start + at + self.delimiter.needle().len();
            match memchr::memchr(b'\n', &self.window[after..self.end]) {
                Some(end) => {
                    self.crlf = end > 0 && self.window[after + end - 1] == b'\r';
                    // The line break itself is kept in the window but is not part of the part.
                    self.start = after + end;
                    self.safe = self.start;
                    self.state = State::Part;
                    return self.skip_line_break().map(|()| true);
                }
                None if self.source_ended => return Err(MultipartError::Truncated.into()),
                None if self.end - after > MAX_DELIMITER_LINE => return Err(MultipartError::LongLine.into()),
                None => self.fill()?,
            }
        }
    }

    /// Takes the line break of the delimiter line off the part, unless a delimiter follows right behind it.
    fn skip_line_break(&mut self) -> io::Result<()> {
        loop {
            let need = self.delimiter.needle().len() + 2;
            if self.end - self.start >= need || self.source_ended {
                break;
            }
            self.fill()?;
        }
        if self.next_delimiter().is_some_and(|(at, _)| at == 0) {
            self.state = State::AtDelimiter;
        } else {
            self.start += 1;
        }
        self.safe = self.start;
        Ok(())
    }

    /// Reads more into the window, dropping what has been consumed where there is no room otherwise.
    fn fill(&mut self) -> io::Result<()> {
        if self.end == self.window.len() {
            self.window.copy_within(self.start..self.end, 0);
            self.safe -= self.start;
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.window.len() {
            self.window.resize(self.end + WINDOW, 0);
        }
        let read = loop {
            match self.source.read(&mut self.window[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += read;
        self.source_ended = read == 0;
        Ok(())
    }
}

impl<R: Read> Read for Multipart<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let read = available.len().min(buffer.len());
        buffer[..read].copy_from_slice(&available[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Multipart<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.window_of_part()?;
        Ok(&self.window[self.start..self.safe])
    }

    fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.safe);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives a few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.1.min(self.0.len()).min(buffer.len());
            buffer[..read].copy_from_slice(&self.0[..read]);
            self.0 = &self.0[read..];
            Ok(read)
        }
    }

    fn parts(body: &[u8], boundary: &str, step: usize) -> io::Result<Vec<Vec<u8>>> {
        let mut multipart = Multipart::new(Trickle(body, step), boundary).unwrap();
        let mut found = Vec::new();
        while multipart.next_part()? {
            let mut part = Vec::new();
            multipart.read_to_end(&mut part)?;
            found.push(part);
        }
        Ok(found)
    }

    #[test]
    fn parts_come_out_octet_by_octet() {
        let long = [b'x'; 200_000];
        let mut body = b"This is a preamble\r\n--b\r\nA: 1\r\n\r\none\n\r\n--b \t\r\n".to_vec();
        body.extend_from_slice(&long);
        body.extend_from_slice(b"\r\n--bb\r\n\r\n--b\r\n\r\n--b\n\ntwo\n--b--\r\nepilogue");
        let mut third = long.to_vec();
        third.extend_from_slice(b"\r\n--bb\r\n");
        for step in [1, 3, 1 << 20] {
            let found = parts(&body, "b", step).unwrap();
            assert_eq!(found.len(), 4, "{step}");
            assert_eq!(found[0], b"A: 1\r\n\r\none\n");
            assert_eq!(found[1], third);
            assert_eq!(found[2], b"");
            assert_eq!(found[3], b"\ntwo");
        }
    }

    #[test]
    fn the_first_delimiter_may_be_the_first_line_and_the_last_may_lack_its_line_break() {
        assert_eq!(parts(b"--b\r\n\r\nx\r\n--b--", "b", 1).unwrap(), [b"\r\nx"]);
        assert_eq!(parts(b"--b=\r\n\r\nx\r\n--b=--\r\n\r\n", "b=", 100).unwrap(), [b"\r\nx"]);
    }

    #[test]
    fn a_cr_at_the_end_of_a_part_stays_where_delimiter_lines_end_in_a_bare_lf() {
        for step in [1, 100] {
            assert_eq!(parts(b"--b\n\nx\r\n--b\r\n\r\ny\r\n--b--\n", "b", step).unwrap(), [&b"\nx\r"[..], b"\r\ny"]);
        }
    }

    #[test]
    fn a_body_without_its_boundary_or_its_end_is_an_error() {
        let error = |body: &[u8]| parts(body, "b", 5).unwrap_err().to_string();
        assert_eq!(error(b"nothing here"), MultipartError::NotFound.to_string());
        assert_eq!(error(b""), MultipartError::NotFound.to_string());
        assert_eq!(error(b"--b\r\n\r\nhalf a part"), MultipartError::Truncated.to_string());
        assert!(Multipart::new(&b""[..], "").is_err());
    }
}
