//! What is in a file of interchanges, found by reading it once: its envelopes with their control numbers, whether their
//! counts are right, what is broken and where. Reading can then begin anywhere.

use std::io::{self, Read, Seek, SeekFrom};

use serde::Serialize;

use super::delimiters::{Delimiters, Standard};
use super::envelope::{Envelopes, Interchange, Message};
use super::segments::{Place, Segment, SegmentReader, is_tag};

/// At most so many places are kept at which reading can begin anew; with more, every second is given up.
const MOST_PLACES: usize = 4096;

/// So far apart they are to begin with, in segments.
const APART: u64 = 64;

/// At most so many interchanges and messages are listed, and problems told.
pub(super) const MOST_LISTED: usize = 1000;
const MOST_PROBLEMS: usize = 100;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// At which segment, counted from 0.
    pub segment: u64,
    /// At which byte.
    pub offset: u64,
    /// What it is, as a sentence without its full stop.
    pub what: String,
}

/// What is in a file of interchanges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outline {
    /// Of its first interchange.
    pub standard: Standard,
    /// Of its first interchange.
    pub delimiters: Delimiters,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many segments it has, service segments included.
    pub segments: u64,
    /// The first of its interchanges.
    pub interchanges: Vec<Interchange>,
    /// How many there are.
    pub interchange_count: u64,
    /// The first of its messages or transaction sets.
    pub messages: Vec<Message>,
    /// How many there are.
    pub message_count: u64,
    /// The first problems.
    pub problems: Vec<Problem>,
    /// How many there are.
    pub problem_count: u64,
    #[serde(skip)]
    pub(super) places: Vec<Place>,
}

impl Outline {
    /// Reads a file; nothing where it does not begin like an interchange.
    ///
    /// # Errors
    /// Where the source fails.
    pub fn read(source: impl Read) -> io::Result<Option<Self>> {
        let mut reader = SegmentReader::new(source).envelopes_only();
        let mut places = Places::default();
        let mut problems = Problems::default();
        let mut envelopes = Envelopes::default();
        let mut first: Option<Delimiters> = None;
        let mut last: Option<Segment> = None;
        loop {
            places.note(reader.place()?);
            let Some(segment) = reader.next_segment()? else { break };
            let Some(delimiters) = reader.delimiters().copied() else { break };
            first.get_or_insert(delimiters);
            for what in reader.take_problems() {
                problems.add(&segment, what);
            }
            if !is_tag(&segment.tag, delimiters.standard) {
                let tag: String = segment.tag.chars().filter(|each| !each.is_control()).take(12).collect();
                problems.add(&segment, format!("“{tag}” is no segment tag"));
            }
            envelopes.take(&segment, &delimiters, &mut |what| problems.add(&segment, what));
            last = Some(segment);
        }
        let (Some(delimiters), Some(last)) = (first, last) else { return Ok(None) };
        if last.cut {
            problems.add(&last, "the last segment has no end: the file may be cut off".to_owned());
        }
        envelopes.end(&mut |what| problems.add(&last, what));
        let bytes = reader.position();
        Ok(Some(Self {
            standard: delimiters.standard,
            delimiters,
            bytes,
            segments: last.number + 1,
            interchange_count: envelopes.interchange_count,
            message_count: envelopes.message_count,
            interchanges: envelopes.interchanges,
            messages: envelopes.messages,
            problem_count: problems.count,
            problems: problems.told,
            places: places.kept,
        }))
    }

    /// Some of its segments: at most `count` from the one numbered `from` on. Only what is near them is read.
    ///
    /// # Errors
    /// Where the source fails.
    pub fn segments<R: Read + Seek>(&self, mut source: R, from: u64, count: usize) -> io::Result<Vec<Segment>> {
        let place = self.places.iter().rev().find(|place| place.number <= from).copied().unwrap_or(Place::BEGINNING);
        source.seek(SeekFrom::Start(place.offset))?;
        let mut reader = SegmentReader::from_place(source, place);
        let mut found = Vec::new();
        while found.len() < count {
            match reader.next_segment()? {
                Some(segment) if segment.number >= from => found.push(segment),
                Some(_) => {}
                None => break,
            }
        }
        Ok(found)
    }
}

struct Places {
    kept: Vec<Place>,
    apart: u64,
}

impl Default for Places {
    fn default() -> Self {
        Self { kept: Vec::new(), apart: APART }
    }
}

impl Places {
    fn note(&mut self, place: Place) {
        if !place.number.is_multiple_of(self.apart) {
            return;
        }
        self.kept.push(place);
        if self.kept.len() > MOST_PLACES {
            self.apart *= 2;
            let apart = self.apart;
            self.kept.retain(|place| place.number.is_multiple_of(apart));
        }
    }
}

#[derive(Default)]
struct Problems {
    told: Vec<Problem>,
    count: u64,
}

impl Problems {
    fn add(&mut self, segment: &Segment, what: String) {
        self.count += 1;
        if self.told.len() < MOST_PROBLEMS {
            self.told.push(Problem { segment: segment.number, offset: segment.offset, what });
        }
    }
}
