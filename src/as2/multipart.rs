//! The parts of a multipart body (RFC 2046 section 5.1) as streams, octet by octet as they were sent.

use std::io::{self, BufRead, Read};

use memchr::memmem::Finder;

/// Bytes that the window takes over at a time, where it is needed.
const WINDOW: usize = 4 * 1024;

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
///
/// The bytes of a part are handed out where they lie in the source's own buffer. Only around delimiters, and where one
/// could stretch from one buffer of the source into the next, are they taken over into a window.
pub(super) struct Multipart<R> {
    source: R,
    delimiter: Finder<'static>,
    /// Bytes that were taken from the source. From `start` to `end` they have not been consumed.
    window: Vec<u8>,
    start: usize,
    end: usize,
    /// End of the bytes in the window that surely belong to the current part.
    safe: usize,
    /// Where the window is empty: so many of the next bytes in the source's buffer surely belong to the current part.
    lent: usize,
    state: State,
    /// The delimiter line before the current part ended in CRLF, so the line break after the part is one too.
    crlf: bool,
    source_ended: bool,
    /// Bytes that the source has given.
    taken: u64,
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

impl<R: BufRead> Multipart<R> {
    pub(super) fn new(source: R, boundary: &str) -> Result<Self, MultipartError> {
        if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
            return Err(MultipartError::NoBoundary);
        }
        let delimiter = Finder::new(format!("\n--{boundary}").as_bytes()).into_owned();
        // A line break of our own before the first byte lets a delimiter stand there.
        let mut window = Vec::with_capacity(2 * WINDOW);
        window.push(b'\n');
        Ok(Self {
            source,
            delimiter,
            window,
            start: 0,
            end: 1,
            safe: 0,
            lent: 0,
            state: State::Preamble,
            crlf: true,
            source_ended: false,
            taken: 0,
        })
    }

    /// How many bytes of the body stand before the next one that is read.
    pub(super) fn position(&self) -> u64 {
        self.taken.saturating_sub((self.end - self.start) as u64)
    }

    /// Goes to the next part, passing over what is left of the current one. `false` after the last.
    pub(super) fn next_part(&mut self) -> io::Result<bool> {
        loop {
            match self.state {
                State::Closed => return Ok(false),
                State::Preamble | State::Part => {
                    let skipped = self.more_of_part()?;
                    self.consume(skipped);
                    if skipped == 0 && self.state == State::Preamble && self.source_ended {
                        return Err(MultipartError::NotFound.into());
                    }
                }
                State::AtDelimiter => return self.pass_delimiter(),
            }
        }
    }

    /// Makes sure that some bytes of the current part are at hand, and says how many. 0 at its end.
    fn more_of_part(&mut self) -> io::Result<usize> {
        if self.lent > 0 {
            return Ok(self.lent);
        }
        while self.start == self.safe && matches!(self.state, State::Preamble | State::Part) {
            if self.start == self.end && self.state == State::Part && self.borrow()? {
                return Ok(self.lent);
            }
            let unseen = &self.window[self.start..self.end];
            if let Some((at, _)) = self.next_delimiter(unseen) {
                self.safe = self.start + before_line_break(self.crlf, unseen, at);
                self.state = State::AtDelimiter;
            } else if self.source_ended {
                if self.state == State::Part {
                    return Err(MultipartError::Truncated.into());
                }
                return Ok(0);
            } else if unseen.len() > self.held_back() {
                self.safe = self.end - self.held_back();
            } else if self.state == State::Part {
                self.look_across()?;
            } else {
                self.fill()?;
            }
        }
        Ok(self.safe - self.start)
    }

    /// So many bytes at the end of what was read may be the beginning of a delimiter, its line break included; anything
    /// before them surely belongs to the part.
    fn held_back(&self) -> usize {
        self.delimiter.needle().len() + 3
    }

    /// Lends bytes of the part from the source's buffer. `false` where none of them are sure without more.
    fn borrow(&mut self) -> io::Result<bool> {
        let held_back = self.held_back();
        let unseen = retried(&mut self.source)?;
        self.lent = match find(&self.delimiter, unseen, false) {
            Some((at, _)) => before_line_break(self.crlf, unseen, at),
            None => unseen.len().saturating_sub(held_back),
        };
        Ok(self.lent > 0)
    }

    /// Settles whether a delimiter begins in the last bytes of the window, by a look at what comes next from the source.
    /// Where none does, the window can be used up, and what comes next is lent.
    fn look_across(&mut self) -> io::Result<()> {
        let looked = self.held_back();
        let next = retried(&mut self.source)?;
        if next.len() < looked || self.start == self.end {
            return self.fill();
        }
        let end = self.end;
        self.window.truncate(end);
        self.window.extend_from_slice(&next[..looked]);
        // The last byte may be the CR of a delimiter that begins with the first byte of what comes next.
        let found = find(&self.delimiter, &self.window[self.start..], false);
        if found.is_some_and(|(at, _)| at <= end - self.start) {
            self.source.consume(looked);
            self.taken += looked as u64;
            self.end = end + looked;
        } else {
            self.safe = end;
        }
        Ok(())
    }

    /// Where in unseen bytes the next delimiter begins, and whether it is the closing one.
    fn next_delimiter(&self, unseen: &[u8]) -> Option<(usize, bool)> {
        find(&self.delimiter, unseen, self.source_ended)
    }

    fn pass_delimiter(&mut self) -> io::Result<bool> {
        self.start = self.safe;
        // Up to the end of the delimiter's line; its LF stays, so that a delimiter may follow at once.
        loop {
            let Some((at, closing)) = self.next_delimiter(&self.window[self.start..self.end]) else {
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
        if self.next_delimiter(&self.window[self.start..self.end]).is_some_and(|(at, _)| at == 0) {
            self.state = State::AtDelimiter;
        } else {
            self.start += 1;
        }
        self.safe = self.start;
        Ok(())
    }

    /// Takes more into the window, dropping what has been consumed.
    fn fill(&mut self) -> io::Result<()> {
        self.window.copy_within(self.start..self.end, 0);
        self.safe -= self.start;
        self.end -= self.start;
        self.start = 0;
        self.window.truncate(self.end);
        let next = retried(&mut self.source)?;
        let taken = next.len().min(WINDOW);
        self.window.extend_from_slice(&next[..taken]);
        self.source.consume(taken);
        self.taken += taken as u64;
        self.end += taken;
        self.source_ended = taken == 0;
        Ok(())
    }
}

/// Where the next delimiter begins, and whether it is the closing one. What follows tells a delimiter from a longer
/// boundary that begins alike (RFC 2046 section 5.1.1).
fn find(delimiter: &Finder<'_>, unseen: &[u8], ended: bool) -> Option<(usize, bool)> {
    for at in delimiter.find_iter(unseen) {
        match &unseen[at + delimiter.needle().len()..] {
            [b'-', b'-', ..] => return Some((at, true)),
            [b'\r' | b'\n' | b' ' | b'\t', ..] => return Some((at, false)),
            [] | [b'-'] if ended => return Some((at, true)),
            [] | [b'-'] => return None,
            _ => {}
        }
    }
    None
}

/// Where the line break begins that belongs to the delimiter at `at`. Where delimiter lines end in a bare LF, as OpenSSL
/// writes them, a CR before one is the part's last byte.
fn before_line_break(crlf: bool, unseen: &[u8], at: usize) -> usize {
    at - usize::from(crlf && at > 0 && unseen[at - 1] == b'\r')
}

/// The source's buffer, filled where it was empty.
fn retried<R: BufRead>(source: &mut R) -> io::Result<&[u8]> {
    loop {
        match source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(_) => break,
        }
    }
    // What is there is given again without reading.
    source.fill_buf()
}

impl<R: BufRead> Read for Multipart<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let read = available.len().min(buffer.len());
        buffer[..read].copy_from_slice(&available[..read]);
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Multipart<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.more_of_part()?;
        if self.lent > 0 {
            return Ok(&self.source.fill_buf()?[..self.lent]);
        }
        Ok(&self.window[self.start..self.safe])
    }

    fn consume(&mut self, amount: usize) {
        if self.lent > 0 {
            let amount = amount.min(self.lent);
            self.lent -= amount;
            self.source.consume(amount);
            self.taken += amount as u64;
        } else {
            self.start = (self.start + amount).min(self.safe);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// The parts of a body that comes in buffers of `step` bytes.
    fn parts(body: &[u8], boundary: &str, step: usize) -> io::Result<Vec<Vec<u8>>> {
        let mut multipart = Multipart::new(BufReader::with_capacity(step, body), boundary).unwrap();
        let mut found = Vec::new();
        while multipart.next_part()? {
            let mut part = Vec::new();
            multipart.read_to_end(&mut part)?;
            found.push(part);
        }
        Ok(found)
    }

    /// What parts are made of: much that begins like a delimiter, and something longer than the window.
    const PIECES: [&[u8]; 12] = [
        b"\r\n",
        b"\n",
        b"\r",
        b"-",
        b"--",
        b"\r\n--b",
        b"\n--bo",
        b"\r\n--boundar-",
        b"\r\n--boundaryy",
        b"bound",
        b"x",
        &[b'y'; 9000],
    ];

    proptest! {
        /// Whatever the parts hold, and wherever one buffer of the source ends and the next begins.
        #[test]
        fn parts_come_out_as_they_went_in(
            pieces in vec(vec(select(PIECES.to_vec()), 0..12), 1..4),
            crlf in any::<bool>(),
            step in prop_oneof![1..40_usize, Just(4096), Just(70_000)],
        ) {
            let line_break: &[u8] = if crlf { b"\r\n" } else { b"\n" };
            let expected: Vec<Vec<u8>> = pieces.iter().map(|part| part.concat()).collect();
            let mut body = b"--boundary".to_vec();
            for part in &expected {
                body.extend([line_break, part.as_slice(), line_break, b"--boundary"].concat());
            }
            body.extend([b"--", line_break].concat());
            prop_assert_eq!(parts(&body, "boundary", step).unwrap(), expected);
        }
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
