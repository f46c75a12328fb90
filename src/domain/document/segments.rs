//! The segments of an interchange, one after the other from a stream of any length in constant memory.

use std::io::{self, Read};

use serde::Serialize;

use super::delimiters::{Delimiters, ENOUGH, Standard, begins, begins_alone, recognise};

/// The most bytes of one segment that are kept; what is longer is passed over.
const MAX_SEGMENT: usize = 64 * 1024;

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// The most elements of one segment that are told apart. No segment of any directory has a tenth of it.
const MAX_ELEMENTS: usize = 1000;

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Where it stands in the file, counted from 0.
    pub number: u64,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Its length in bytes without its terminator.
    pub length: u64,
    /// Its tag, such as `BEG` or `UNH`.
    pub tag: String,
    /// Its elements behind the tag, with the separators of their components and repetitions in them, and release
    /// characters taken out.
    pub elements: Vec<String>,
    /// Component separators that were released and so separate nothing: of which element, counted from 1, and the how
    /// manieth of it, from 0.
    #[serde(skip)]
    released: Vec<(usize, usize)>,
    /// Its elements with the release characters in them, where there are any.
    #[serde(skip)]
    written: Option<Vec<String>>,
    /// Whether its end is missing, because the file ends or it is longer than is kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Segment {
    /// An element, counted from 1 as the standards do; nothing where it is absent or empty.
    #[must_use]
    pub fn element(&self, number: usize) -> Option<&str> {
        let value = self.elements.get(number.checked_sub(1)?)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// Its elements as they are written, release characters included: what a released delimiter stands for is not seen
    /// without them.
    #[must_use]
    pub fn written(&self) -> &[String] {
        self.written.as_deref().unwrap_or(&self.elements)
    }

    /// The same and its tag, to be shortened.
    pub(crate) fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        std::iter::once(&mut self.tag).chain(self.written.as_mut().unwrap_or(&mut self.elements))
    }

    /// A component of an element, both counted from 1.
    #[must_use]
    pub fn component(&self, delimiters: &Delimiters, element: usize, number: usize) -> Option<&str> {
        let mut passed = 0;
        let separates = |each: char| {
            if each != char::from(delimiters.component) {
                return false;
            }
            passed += 1;
            self.released.binary_search(&(element, passed - 1)).is_err()
        };
        let value = self.element(element)?.split(separates).nth(number.checked_sub(1)?)?.trim();
        (!value.is_empty()).then_some(value)
    }
}

/// Where reading can begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The number of the segment that begins there.
    pub(super) number: u64,
    /// Where it begins, in bytes.
    pub(super) offset: u64,
    /// The delimiters that hold there; nothing at the beginning of an interchange.
    pub(super) delimiters: Option<Delimiters>,
}

impl Place {
    pub(super) const BEGINNING: Self = Self { number: 0, offset: 0, delimiters: None };
}

/// Reads segments.
pub struct SegmentReader<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// Where in the file the first unread byte of the buffer stands.
    at: u64,
    number: u64,
    delimiters: Option<Delimiters>,
    /// What was found about the delimiters and not been told yet.
    problems: Vec<String>,
    /// Whether only the elements of envelopes are wanted.
    envelopes_only: bool,
}

impl<R: Read> SegmentReader<R> {
    /// From the beginning of a file.
    pub const fn new(source: R) -> Self {
        Self::from_place(source, Place::BEGINNING)
    }

    /// From a place within it, at which `source` stands already.
    pub(super) const fn from_place(source: R, place: Place) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            at: place.offset,
            number: place.number,
            delimiters: place.delimiters,
            problems: Vec::new(),
            envelopes_only: false,
        }
    }

    /// Leaves out the elements of all segments but those of envelopes: a large file is gone through twice as fast.
    pub(in crate::domain) const fn envelopes_only(mut self) -> Self {
        self.envelopes_only = true;
        self
    }

    /// The delimiters of the interchange that is being read; nothing before the first.
    #[must_use]
    pub const fn delimiters(&self) -> Option<&Delimiters> {
        self.delimiters.as_ref()
    }

    /// Bytes read so far, those between segments included.
    pub(super) const fn position(&self) -> u64 {
        self.at
    }

    /// Where the next segment begins.
    pub(super) fn place(&mut self) -> io::Result<Place> {
        self.skip_between()?;
        Ok(Place { number: self.number, offset: self.at, delimiters: self.delimiters })
    }

    /// What was found about the delimiters of the interchange that has begun last, once.
    pub(super) fn take_problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// The next segment; nothing at the end, or where what follows is no interchange.
    ///
    /// # Errors
    /// Where the source fails.
    pub fn next_segment(&mut self) -> io::Result<Option<Segment>> {
        self.skip_between()?;
        if self.unread().is_empty() {
            return Ok(None);
        }
        self.fill(ENOUGH)?;
        let alone = self.delimiters.is_none() && begins_alone(self.unread()).is_some();
        if (alone || begins(self.unread()).is_some())
            && let Some(found) = recognise(&self.unread()[..self.unread().len().min(ENOUGH)])
        {
            self.consume(found.before);
            self.delimiters = Some(found.delimiters);
            self.problems = found.problems;
            self.skip_between()?;
        }
        let Some(delimiters) = self.delimiters else { return Ok(None) };
        let (offset, number) = (self.at, self.number);
        let (length, ended) = self.find_end(&delimiters)?;
        let kept = length.min(MAX_SEGMENT);
        let (tag, elements, released, written) = taken_apart(&self.unread()[..kept], &delimiters, self.envelopes_only);
        let mut whole = length as u64;
        self.consume(length);
        let mut cut = !ended;
        if ended {
            self.consume(1);
        } else if length >= MAX_SEGMENT {
            whole += self.pass_over(delimiters.segment)?;
        }
        cut |= whole > kept as u64;
        self.number += 1;
        Ok(Some(Segment { number, offset, length: whole, tag, elements, released, written, cut }))
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.at += bytes as u64;
    }

    /// Has at least `wanted` unread bytes at hand, or all there are.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        while !self.ended && self.buffer.len() - self.start < wanted {
            self.more()?;
        }
        Ok(())
    }

    fn more(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK, 0);
        let read = loop {
            match self.source.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(before + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }

    /// Passes over what stands between segments and belongs to none: line ends, spaces, a byte order mark, and the
    /// ends that old systems put behind a file.
    fn skip_between(&mut self) -> io::Result<()> {
        if self.at == 0 {
            self.fill(3)?;
            if self.unread().starts_with(&[0xef, 0xbb, 0xbf]) {
                self.consume(3);
            }
        }
        loop {
            let unread = self.unread();
            let between = |byte: &u8| matches!(byte, b'\r' | b'\n' | b' ' | b'\t' | 0 | 0x1a);
            let skipped = unread.iter().position(|byte| !between(byte)).unwrap_or(unread.len());
            self.consume(skipped);
            if !self.unread().is_empty() || self.ended {
                return Ok(());
            }
            self.more()?;
        }
    }

    /// How many bytes the segment has that begins here, up to the most that are kept, and whether its end was found.
    fn find_end(&mut self, delimiters: &Delimiters) -> io::Result<(usize, bool)> {
        let mut looked = 0;
        loop {
            let unread = self.unread();
            while let Some(found) = unread.get(looked..).and_then(|rest| memchr::memchr(delimiters.segment, rest)) {
                let end = looked + found;
                if !is_released(&unread[..end], delimiters) {
                    return Ok((end, true));
                }
                looked = end + 1;
            }
            looked = unread.len();
            if looked >= MAX_SEGMENT || self.ended {
                return Ok((looked, false));
            }
            self.more()?;
        }
    }

    /// Passes over the rest of a segment that is longer than is kept. Returns how many bytes that were.
    fn pass_over(&mut self, terminator: u8) -> io::Result<u64> {
        let mut passed = 0;
        loop {
            self.fill(1)?;
            let unread = self.unread();
            if unread.is_empty() {
                return Ok(passed);
            }
            let found = memchr::memchr(terminator, unread);
            let length = found.unwrap_or(unread.len());
            passed += length as u64;
            self.consume(length);
            if found.is_some() {
                self.consume(1);
                return Ok(passed);
            }
        }
    }
}

/// A segment's tag, its elements, the component separators in them that were released, and the elements as they are
/// written, where anything in them was released.
type Apart = (String, Vec<String>, Vec<(usize, usize)>, Option<Vec<String>>);

/// Whether the delimiter behind these bytes means nothing: an odd number of release characters stands before it.
fn is_released(before: &[u8], delimiters: &Delimiters) -> bool {
    let Some(release) = delimiters.release else { return false };
    before.iter().rev().take_while(|byte| **byte == release).count() % 2 == 1
}

/// The tag and the elements of a segment, and which component separators in them were released.
fn taken_apart(bytes: &[u8], delimiters: &Delimiters, envelopes_only: bool) -> Apart {
    let tag_end =
        bytes.iter().position(|byte| *byte == delimiters.tag || *byte == delimiters.element).unwrap_or(bytes.len());
    let tag = &bytes[..tag_end];
    // In EDIFACT a tag may itself be given in components (ISO 9735 section 8.5.1).
    let tag = match delimiters.standard {
        Standard::Edifact => tag.split(|byte| *byte == delimiters.component).next().unwrap_or_default(),
        Standard::X12 | Standard::Tradacoms => tag,
    };
    let (mut elements, mut released, mut written) = (Vec::new(), Vec::new(), None);
    if tag_end < bytes.len() && (!envelopes_only || is_envelope(tag)) {
        let mut element = Vec::new();
        // Component separators of this element so far, released or not.
        let mut separators = 0;
        let mut rest = bytes[tag_end + 1..].iter();
        while let Some(byte) = rest.next() {
            if Some(*byte) == delimiters.release {
                let Some(byte) = rest.next() else { break };
                if *byte == delimiters.component {
                    released.push((elements.len() + 1, separators));
                    separators += 1;
                }
                element.push(*byte);
            } else if *byte == delimiters.element && elements.len() < MAX_ELEMENTS {
                elements.push(text(&element));
                element.clear();
                separators = 0;
            } else {
                separators += usize::from(*byte == delimiters.component);
                element.push(*byte);
            }
        }
        elements.push(text(&element));
        written = delimiters
            .release
            .filter(|release| bytes[tag_end + 1..].contains(release))
            .map(|release| as_written(&bytes[tag_end + 1..], delimiters.element, release));
    }
    (text(tag), elements, released, written)
}

/// The elements of a segment with the release characters in them.
fn as_written(bytes: &[u8], separator: u8, release: u8) -> Vec<String> {
    let (mut elements, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(byte) = bytes.get(at) {
        if *byte == separator && elements.len() < MAX_ELEMENTS {
            elements.push(text(&bytes[from..at]));
            from = at + 1;
        }
        at += if *byte == release { 2 } else { 1 };
    }
    elements.push(text(&bytes[from..]));
    elements
}

/// Whether a tag begins or ends an envelope, of whatever standard.
fn is_envelope(tag: &[u8]) -> bool {
    const TAGS: [&[u8; 3]; 15] = [
        b"ISA", b"IEA", b"UNB", b"UNZ", b"UNG", b"UNE", b"UNH", b"UNT", b"STX", b"END", b"BAT", b"EOB", b"MHD", b"MTR",
        b"TA1",
    ];
    matches!(tag, b"GS" | b"GE" | b"ST" | b"SE") || TAGS.iter().any(|known| *known == tag)
}

/// Bytes as text: UTF-8 where they are that, else Latin-1, as which no byte is lost.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// Whether a tag is one that its standard allows: two or three letters and digits, the first a letter.
pub(super) fn is_tag(tag: &str, standard: Standard) -> bool {
    let long = match standard {
        Standard::X12 => (2..=3).contains(&tag.len()),
        Standard::Edifact | Standard::Tradacoms => tag.len() == 3,
    };
    long && tag.starts_with(|first: char| first.is_ascii_uppercase())
        && tag.chars().all(|each| each.is_ascii_uppercase() || each.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISA: &str =
        "ISA*00*          *00*          *ZZ*ACME           *ZZ*AMAZON         *261123*1402*U*00401*000000412*0*P*>~";

    fn all(text: &[u8], step: usize) -> Vec<Segment> {
        struct Slow<'a>(&'a [u8], usize);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let read = self.0.len().min(self.1).min(buffer.len());
                buffer[..read].copy_from_slice(&self.0[..read]);
                self.0 = &self.0[read..];
                Ok(read)
            }
        }
        let mut reader = SegmentReader::new(Slow(text, step));
        std::iter::from_fn(|| reader.next_segment().unwrap()).collect()
    }

    #[test]
    fn segments_are_read_whatever_stands_between_them_and_however_the_bytes_come() {
        let text = format!("\r\n{ISA}\r\nGS*PO*A*B~  ST*850*0001~\nBEG*00*SA*4501**20261123~SE*3*0001");
        for step in [1, 7, 100_000] {
            let segments = all(text.as_bytes(), step);
            let tags: Vec<&str> = segments.iter().map(|segment| segment.tag.as_str()).collect();
            assert_eq!(tags, ["ISA", "GS", "ST", "BEG", "SE"]);
            let beg = &segments[3];
            assert_eq!(beg.elements, ["00", "SA", "4501", "", "20261123"]);
            assert_eq!((beg.element(3), beg.element(4), beg.element(0)), (Some("4501"), None, None));
            let at = usize::try_from(beg.offset).unwrap();
            assert_eq!(&text[at..at + usize::try_from(beg.length).unwrap()], "BEG*00*SA*4501**20261123");
            assert!(segments[4].cut && !beg.cut, "the last has no end");
        }
    }

    #[test]
    fn a_released_delimiter_belongs_to_the_text() {
        let text = b"UNA:+.? 'UNB+UNOC:3+A+B+261123:1402+1'FTX+AAI+++it?'s ?+3??'DTM+137:20261123:102'";
        let segments = all(text, 3);
        assert_eq!(segments[1].elements, ["AAI", "", "", "it's +3?"]);
        assert_eq!(segments[1].written(), ["AAI", "", "", "it?'s ?+3??"]);
        assert_eq!(segments[2].written(), segments[2].elements);
        let delimiters = recognise(text).unwrap().delimiters;
        assert_eq!(segments[2].component(&delimiters, 1, 2), Some("20261123"));
        assert_eq!(segments[0].offset, 9);
    }

    #[test]
    fn a_released_component_separator_separates_nothing() {
        let text = b"UNB+UNOC:3+ACME?:CO:14+?:B?:?::C+261123:1402+1'";
        let segments = all(text, 1);
        let delimiters = recognise(text).unwrap().delimiters;
        let component = |element, number| segments[0].component(&delimiters, element, number);
        assert_eq!((component(2, 1), component(2, 2), component(2, 3)), (Some("ACME:CO"), Some("14"), None));
        assert_eq!((component(3, 1), component(3, 2)), (Some(":B::"), Some("C")));
        assert_eq!((component(1, 2), component(4, 2)), (Some("3"), Some("1402")));
    }

    #[test]
    fn a_second_interchange_may_use_other_delimiters() {
        let text =
            format!("{ISA}IEA*0*000000412~{}", format!("{ISA}IEA*0*000000412~").replace('*', "|").replace('~', "!"));
        let segments = all(text.as_bytes(), 50);
        assert_eq!(segments.len(), 4);
        assert_eq!(segments[3].elements, ["0", "000000412"]);
    }

    #[test]
    fn a_segment_without_an_end_is_kept_to_its_beginning_and_passed_over() {
        let text = format!("{ISA}BIN*{}~GS*PO~", "x".repeat(300_000));
        let segments = all(text.as_bytes(), 10_000);
        assert_eq!((segments.len(), segments[1].length, segments[1].cut), (3, 300_004, true));
        assert!(segments[1].elements[0].len() <= MAX_SEGMENT + CHUNK);
        assert_eq!(segments[2].tag, "GS");
        assert!(all(b"<?xml version='1.0'?><Order/>", 5).is_empty());
    }
}
