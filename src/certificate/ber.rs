//! Reading BER as other products write it: indefinite lengths, strings in pieces, any nesting.
//!
//! [`BerReader`] walks a stream and never holds more than it is asked for; [`Tlv`] walks small pieces in memory, which
//! [`BerReader::element`] has brought into definite lengths.

use std::io::{self, Read};

/// Why bytes could not be read as BER.
#[derive(Debug, thiserror::Error)]
pub enum BerError {
    /// The bytes do not follow the encoding.
    #[error("the CMS structure is damaged: {0}")]
    Malformed(&'static str),
    /// A piece that is held in memory is larger than any honest one.
    #[error("a part of the CMS structure has more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The source failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The deepest nesting that is followed.
const MAX_DEPTH: usize = 24;

/// Identifier and length octets of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The identifier octet.
    pub(crate) tag: u8,
    /// Content length in bytes; nothing where it is indefinite.
    pub(crate) length: Option<u64>,
}

impl Header {
    pub(crate) const fn constructed(self) -> bool {
        self.tag & 0x20 != 0
    }
}

/// A stream of BER elements.
pub(crate) struct BerReader<R> {
    source: R,
    ahead: Option<u8>,
    /// For each element that has been entered: its remaining bytes, or nothing where its end is marked.
    open: Vec<Option<u64>>,
}

impl<R: Read> BerReader<R> {
    pub(crate) const fn new(source: R) -> Self {
        Self { source, ahead: None, open: Vec::new() }
    }

    /// How many elements have been entered and not left.
    pub(crate) const fn depth(&self) -> usize {
        self.open.len()
    }

    fn account(&mut self, bytes: u64) -> Result<(), BerError> {
        for remaining in self.open.iter_mut().flatten() {
            *remaining = remaining
                .checked_sub(bytes)
                .ok_or(BerError::Malformed("an element reaches beyond the one that holds it"))?;
        }
        Ok(())
    }

    /// Reads into `buffer`, at most as many bytes as the current element has; 0 only at its end.
    pub(crate) fn read_content(&mut self, buffer: &mut [u8]) -> Result<usize, BerError> {
        let most = match self.open.last() {
            Some(Some(remaining)) => usize::try_from(*remaining).unwrap_or(usize::MAX).min(buffer.len()),
            _ => buffer.len(),
        };
        if most == 0 {
            return Ok(0);
        }
        let read = match self.ahead.take() {
            Some(byte) => {
                buffer[0] = byte;
                1
            }
            None => loop {
                match self.source.read(&mut buffer[..most]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other?,
                }
            },
        };
        if read == 0 {
            return Err(BerError::Malformed("it ends too early"));
        }
        self.account(read as u64)?;
        Ok(read)
    }

    fn byte(&mut self) -> Result<u8, BerError> {
        let mut one = [0];
        if self.read_content(&mut one)? == 0 {
            return Err(BerError::Malformed("an element ends too early"));
        }
        Ok(one[0])
    }

    fn peek(&mut self) -> Result<u8, BerError> {
        if let Some(byte) = self.ahead {
            return Ok(byte);
        }
        let mut one = [0];
        self.source.read_exact(&mut one).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => BerError::Malformed("it ends too early"),
            _ => error.into(),
        })?;
        self.ahead = Some(one[0]);
        Ok(one[0])
    }

    /// Whether the current element has another element in it.
    pub(crate) fn has_more(&mut self) -> Result<bool, BerError> {
        match self.open.last() {
            Some(Some(remaining)) => Ok(*remaining > 0),
            // An end-of-contents marker begins with a zero, which is no identifier of anything else.
            Some(None) => Ok(self.peek()? != 0),
            None => Ok(true),
        }
    }

    /// The identifier octet of the next element, without entering it.
    pub(crate) fn next_tag(&mut self) -> Result<u8, BerError> {
        if !self.has_more()? {
            return Err(BerError::Malformed("something is missing at the end of an element"));
        }
        self.peek()
    }

    /// Enters the next element.
    pub(crate) fn enter(&mut self) -> Result<Header, BerError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(BerError::Malformed("it is nested too deeply"));
        }
        let tag = self.byte()?;
        if tag & 0x1f == 0x1f {
            return Err(BerError::Malformed("it holds a tag that CMS does not use"));
        }
        let first = self.byte()?;
        let length = match first {
            0x00..=0x7f => Some(u64::from(first)),
            0x80 => None,
            0x81..=0x88 => {
                let mut length = 0_u64;
                for _ in 0..first & 0x7f {
                    length = length << 8 | u64::from(self.byte()?);
                }
                Some(length)
            }
            _ => return Err(BerError::Malformed("a length is beyond reason")),
        };
        let header = Header { tag, length };
        if length.is_none() && !header.constructed() {
            return Err(BerError::Malformed("a primitive element has no length"));
        }
        if let (Some(length), Some(Some(room))) = (length, self.open.last())
            && length > *room
        {
            return Err(BerError::Malformed("an element reaches beyond the one that holds it"));
        }
        self.open.push(length);
        Ok(header)
    }

    /// Enters the next element and refuses any but one with this identifier.
    pub(crate) fn enter_tag(&mut self, tag: u8, otherwise: &'static str) -> Result<Header, BerError> {
        if self.next_tag()? != tag {
            return Err(BerError::Malformed(otherwise));
        }
        self.enter()
    }

    /// Leaves the current element, passing over what is left of it.
    pub(crate) fn leave(&mut self) -> Result<(), BerError> {
        match self.open.last() {
            Some(Some(_)) => {
                let mut skipped = [0; 4096];
                while self.read_content(&mut skipped)? > 0 {}
            }
            Some(None) => {
                while self.has_more()? {
                    self.enter()?;
                    self.leave()?;
                }
                if self.byte()? != 0 || self.byte()? != 0 {
                    return Err(BerError::Malformed("an end marker is damaged"));
                }
            }
            None => return Ok(()),
        }
        self.open.pop();
        Ok(())
    }

    /// Reads the next element whole, at most `limit` bytes, in definite lengths and with strings in one piece.
    pub(crate) fn element(&mut self, limit: u64) -> Result<Vec<u8>, BerError> {
        let header = self.enter()?;
        if header.length.is_some_and(|length| length > limit) {
            return Err(BerError::TooLarge { limit });
        }
        let mut content = Vec::new();
        if header.constructed() {
            // A universal OCTET STRING in pieces becomes one; its pieces lose their headers.
            let string = header.tag == 0x24;
            while self.has_more()? {
                let inner = self.element(limit)?;
                if string {
                    let (piece, _) = Tlv::first(&inner)?;
                    if piece.tag != 0x04 {
                        return Err(BerError::Malformed("a string holds something else than its pieces"));
                    }
                    content.extend_from_slice(piece.value);
                } else {
                    content.extend_from_slice(&inner);
                }
                if content.len() as u64 > limit {
                    return Err(BerError::TooLarge { limit });
                }
            }
        } else {
            let mut chunk = [0; 4096];
            loop {
                match self.read_content(&mut chunk)? {
                    0 => break,
                    read => content.extend_from_slice(&chunk[..read]),
                }
            }
        }
        self.leave()?;
        let tag = if header.tag == 0x24 { 0x04 } else { header.tag };
        Ok(super::encode::element(tag, &content))
    }
}

/// The contents of an OCTET STRING as a stream, whether it stands in one piece or in many.
pub(crate) struct Octets<R> {
    ber: BerReader<R>,
    /// Depth at which the string itself was entered.
    base: usize,
    in_piece: bool,
    finished: bool,
}

impl<R: Read> Octets<R> {
    /// Enters the next element, an OCTET STRING or a context-specific tag that stands for one.
    pub(crate) fn enter(mut ber: BerReader<R>) -> Result<Self, BerError> {
        let header = ber.enter()?;
        let base = ber.depth();
        Ok(Self { ber, base, in_piece: !header.constructed(), finished: false })
    }

    /// What stands behind the string, once it has been read to its end.
    pub(crate) const fn behind(&mut self) -> &mut BerReader<R> {
        &mut self.ber
    }

    /// The next bytes; 0 at the end.
    pub(crate) fn next(&mut self, buffer: &mut [u8]) -> Result<usize, BerError> {
        while !self.finished && !buffer.is_empty() {
            if self.in_piece {
                let read = self.ber.read_content(buffer)?;
                if read > 0 {
                    return Ok(read);
                }
                self.ber.leave()?;
                self.in_piece = false;
                self.finished = self.ber.depth() < self.base;
            } else if self.ber.has_more()? {
                let header = self.ber.enter()?;
                if header.tag & 0xdf != 0x04 {
                    return Err(BerError::Malformed("the content holds something else than its pieces"));
                }
                self.in_piece = !header.constructed();
            } else {
                self.ber.leave()?;
                self.finished = self.ber.depth() < self.base;
            }
        }
        Ok(0)
    }
}

/// One element in memory, in definite length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv<'a> {
    /// The identifier octet.
    pub(crate) tag: u8,
    /// The content.
    pub(crate) value: &'a [u8],
    /// Identifier, length and content.
    pub(crate) raw: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// The first element of `bytes` and what follows it.
    pub(crate) fn first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), BerError> {
        const CUT: BerError = BerError::Malformed("an element ends too early");
        let (&tag, rest) = bytes.split_first().ok_or(CUT)?;
        let (&first, mut rest) = rest.split_first().ok_or(CUT)?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 || rest.len() < count {
                return Err(CUT);
            }
            let (digits, after) = rest.split_at(count);
            rest = after;
            digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))
        };
        if tag & 0x1f == 0x1f || rest.len() < length {
            return Err(CUT);
        }
        let (value, after) = rest.split_at(length);
        Ok((Self { tag, value, raw: &bytes[..bytes.len() - after.len()] }, after))
    }

    /// The elements in this one.
    pub(crate) fn children(&self) -> Result<Vec<Self>, BerError> {
        Self::all(self.value)
    }

    /// All elements of `bytes`, one after the other.
    pub(crate) fn all(mut bytes: &'a [u8]) -> Result<Vec<Self>, BerError> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let (element, rest) = Self::first(bytes)?;
            found.push(element);
            bytes = rest;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SEQUENCE (indefinite) { OCTET STRING (constructed, indefinite) { "ab", "c" }, INTEGER 5 }
    const PIECES: &[u8] = &[0x30, 0x80, 0x24, 0x80, 4, 2, b'a', b'b', 4, 1, b'c', 0, 0, 2, 1, 5, 0, 0];

    #[test]
    fn pieces_become_one_string_and_lengths_definite() {
        let der = BerReader::new(PIECES).element(100).unwrap();
        assert_eq!(der, [0x30, 8, 4, 3, b'a', b'b', b'c', 2, 1, 5]);
        assert!(matches!(BerReader::new(PIECES).element(2), Err(BerError::TooLarge { .. })));
    }

    #[test]
    fn content_streams_from_pieces_of_pieces() {
        // [0] { OCTET STRING constructed, definite { "ab" }, "c", "" , indefinite { "de" } }
        let nested: &[u8] =
            &[0xa0, 0x80, 0x24, 4, 4, 2, b'a', b'b', 4, 1, b'c', 4, 0, 0x24, 0x80, 4, 2, b'd', b'e', 0, 0, 0, 0];
        for step in [1, 2, 7] {
            let mut octets = Octets::enter(BerReader::new(nested)).unwrap();
            let (mut all, mut buffer) = (Vec::new(), vec![0; step]);
            loop {
                match octets.next(&mut buffer).unwrap() {
                    0 => break,
                    read => all.extend_from_slice(&buffer[..read]),
                }
            }
            assert_eq!(all, b"abcde");
        }
    }

    #[test]
    fn damage_is_an_error() {
        for cut in 0..PIECES.len() {
            assert!(BerReader::new(&PIECES[..cut]).element(100).is_err(), "cut at {cut}");
        }
        let deep = [0x30, 0x80].repeat(5000);
        assert!(BerReader::new(deep.as_slice()).element(1 << 20).is_err());
        let lies: &[u8] = &[0x30, 3, 4, 9, 1];
        assert!(BerReader::new(lies).element(100).is_err());
    }
}
