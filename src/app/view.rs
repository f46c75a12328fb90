//! Kept bytes to be looked at, of any length: by segments where they are an interchange, as lines of text, or in hex. What
//! is asked for is rows, and only what lies near them is read.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use super::kept::cannot_read;
use super::send::blocking;
use super::{App, AppError, Gap, RawPart};
use crate::domain::document::acknowledgement::{self, Acknowledged, acknowledges};
use crate::domain::document::{Outline, Segment};

/// So many bytes stand on one line of a hex dump.
const PER_LINE: u64 = 16;

/// A longer line of text is shown in pieces.
const LONGEST: usize = 160;

/// So many letters of one segment are shown.
const MOST_OF_A_ROW: usize = 2000;

/// So many bytes are looked at to tell text from other bytes.
const LOOKED_AT: u64 = 8 * 1024;

/// At most so many places are kept at which reading lines can begin anew; with more, every second is given up.
const MOST_PLACES: usize = 4096;

/// How bytes are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKind {
    /// As the segments of an interchange.
    Segments,
    /// As lines of text.
    Text,
    /// In hex, with what is readable beside it.
    Hex,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewRow {
    /// A segment.
    Segment(Segment),
    /// A line, or a piece of a long one.
    Line(String),
    /// Sixteen bytes.
    Hex {
        /// Where they stand.
        offset: u64,
        /// In hex.
        hex: String,
        /// As far as they can be read.
        text: String,
    },
    /// What was not kept, so many bytes.
    Missing(u64),
}

/// Bytes that were opened for looking at.
#[derive(Debug)]
pub struct OpenedView {
    /// Which part.
    pub part: RawPart,
    /// How they are looked at.
    pub kind: ViewKind,
    /// The ways in which they can be looked at.
    pub kinds: Vec<ViewKind>,
    /// Start line and header, where the part has such.
    pub head: String,
    /// Length in bytes.
    pub bytes: u64,
    /// How many rows there are.
    pub rows: u64,
    /// What was not kept.
    pub gap: Option<Gap>,
    /// What is in the interchange.
    pub outline: Option<Arc<Outline>>,
    /// What it acknowledges.
    pub acknowledged: Arc<Vec<Acknowledged>>,
    /// Where it is kept.
    pub file: Option<PathBuf>,
    /// That it is not what was journalled, where it is not.
    pub altered: Option<String>,
    lines: Lines,
}

impl App {
    /// Opens a part for looking at: in the way that is asked for, else as what it is.
    ///
    /// # Errors
    /// Where nothing of it was kept, or it cannot be read.
    pub async fn open_view(&self, id: &str, part: RawPart, kind: Option<ViewKind>) -> Result<OpenedView, AppError> {
        self.open_view_of(id, part, None, kind).await
    }

    /// The same of one attempt, counted from 1.
    ///
    /// # Errors
    /// As [`App::open_view`], and where there was no such attempt.
    pub async fn open_view_of(
        &self,
        id: &str,
        part: RawPart,
        attempt: Option<u32>,
        kind: Option<ViewKind>,
    ) -> Result<OpenedView, AppError> {
        let kept = self.kept_of(id, part, attempt).await?;
        blocking(move || {
            let head = kept.head_text()?;
            let mut view = OpenedView {
                part,
                kind: ViewKind::Hex,
                kinds: vec![ViewKind::Text, ViewKind::Hex],
                head,
                bytes: kept.bytes,
                rows: 0,
                gap: kept.gap,
                outline: None,
                acknowledged: Arc::default(),
                file: kept.body.clone(),
                altered: kept.altered()?,
                lines: Lines::default(),
            };
            let Some(path) = &kept.body else { return Ok(view) };
            view.read(kind).map_err(cannot_read(path))?;
            Ok(view)
        })
        .await
    }

    /// Some rows of what was opened, from one on.
    ///
    /// # Errors
    /// Where the file cannot be read any more.
    pub async fn view_rows(&self, view: &Arc<OpenedView>, from: u64, count: usize) -> Result<Vec<ViewRow>, AppError> {
        let view = Arc::clone(view);
        blocking(move || {
            let Some(path) = &view.file else { return Ok(Vec::new()) };
            view.some(from, count).map_err(cannot_read(path))
        })
        .await
    }
}

impl OpenedView {
    fn open(&self) -> io::Result<File> {
        self.file.as_ref().map_or_else(|| Err(io::ErrorKind::NotFound.into()), File::open)
    }

    fn read(&mut self, wished: Option<ViewKind>) -> io::Result<()> {
        // Across a gap segments would be put together that never were.
        if self.gap.is_none()
            && let Some(outline) = Outline::read(self.open()?)?
        {
            let acknowledging =
                |kind: &Option<String>| kind.as_deref().is_some_and(|kind| acknowledges(outline.standard, kind));
            if outline.messages.is_empty() || outline.messages.iter().any(|message| acknowledging(&message.kind)) {
                self.acknowledged = Arc::new(acknowledgement::read(self.open()?)?);
            }
            self.outline = Some(Arc::new(outline));
            self.kinds.insert(0, ViewKind::Segments);
        }
        let usual = match &self.outline {
            Some(_) => ViewKind::Segments,
            None if self.is_text()? => ViewKind::Text,
            None => ViewKind::Hex,
        };
        self.kind = wished.filter(|wished| self.kinds.contains(wished)).unwrap_or(usual);
        self.rows = match (self.kind, &self.outline) {
            (ViewKind::Segments, Some(outline)) => outline.segments,
            (ViewKind::Text, _) => {
                self.lines = Lines::read(self.open()?, self.gap)?;
                self.lines.rows
            }
            _ => self.hex_rows(),
        };
        Ok(())
    }

    /// Whether it begins like text.
    fn is_text(&self) -> io::Result<bool> {
        let mut beginning = Vec::new();
        self.open()?.take(LOOKED_AT).read_to_end(&mut beginning)?;
        let odd = |byte: &&u8| byte.is_ascii_control() && !matches!(byte, b'\r' | b'\n' | b'\t');
        let as_utf8 = match std::str::from_utf8(&beginning) {
            Ok(_) => true,
            // Cut within a character.
            Err(error) => error.error_len().is_none(),
        };
        Ok(as_utf8 && beginning.iter().filter(odd).count() == 0)
    }

    fn some(&self, from: u64, count: usize) -> io::Result<Vec<ViewRow>> {
        match (self.kind, &self.outline) {
            (ViewKind::Segments, Some(outline)) => {
                let segments = outline.segments(self.open()?, from, count)?;
                Ok(segments.into_iter().map(|segment| ViewRow::Segment(of_a_row(segment))).collect())
            }
            (ViewKind::Text, _) => self.lines.some(self.open()?, from, count, self.gap),
            _ => self.hex(from, count),
        }
    }

    /// Rows before the gap, in the gap, and behind it.
    fn hex_parts(&self) -> (u64, u64, u64) {
        match self.gap {
            None => (self.bytes.div_ceil(PER_LINE), 0, 0),
            Some(gap) => {
                let behind = self.bytes.saturating_sub(gap.offset + gap.bytes);
                (gap.offset.div_ceil(PER_LINE), 1, behind.div_ceil(PER_LINE))
            }
        }
    }

    fn hex_rows(&self) -> u64 {
        let (before, gap, behind) = self.hex_parts();
        before + gap + behind
    }

    fn hex(&self, from: u64, count: usize) -> io::Result<Vec<ViewRow>> {
        let mut file = BufReader::new(self.open()?);
        let (before, missing, _) = self.hex_parts();
        let head = self.gap.map_or(self.bytes, |gap| gap.offset);
        let mut rows = Vec::new();
        for row in (from..self.hex_rows()).take(count) {
            // Where it stands in the file, where in the whole, and how many bytes it can have.
            let (at, offset, room) = match self.gap {
                Some(gap) if row == before && missing == 1 => {
                    rows.push(ViewRow::Missing(gap.bytes));
                    continue;
                }
                Some(gap) if row > before => {
                    let at = head + (row - before - 1) * PER_LINE;
                    (at, at + gap.bytes, PER_LINE)
                }
                _ => (row * PER_LINE, row * PER_LINE, PER_LINE.min(head - row * PER_LINE)),
            };
            // Rows follow each other: the buffer is kept but at a gap.
            if rows.is_empty() || matches!(rows.last(), Some(ViewRow::Missing(_))) {
                file.seek(SeekFrom::Start(at))?;
            }
            let mut line = Vec::new();
            file.by_ref().take(room).read_to_end(&mut line)?;
            rows.push(hex_row(offset, &line));
        }
        Ok(rows)
    }
}

fn hex_row(offset: u64, line: &[u8]) -> ViewRow {
    let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
    let readable = |byte: &u8| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
    ViewRow::Hex { offset, hex: hex.join(" "), text: line.iter().map(readable).collect() }
}

/// Where the lines of a file begin: of every so-manieth, so that reading can begin near any of them.
#[derive(Debug, Default)]
struct Lines {
    rows: u64,
    apart: u64,
    /// Row and offset in the file.
    places: Vec<(u64, u64)>,
}

impl Lines {
    fn read(file: File, gap: Option<Gap>) -> io::Result<Self> {
        let mut lines = Self { rows: 0, apart: 64, places: Vec::new() };
        let mut reader = LineReader::new(file, 0, gap);
        loop {
            let place = (lines.rows, reader.at);
            let Some(row) = reader.next_row()? else { break };
            // A gap has no place of its own: it is found by what stands before it.
            if !matches!(row, Row::Missing(_)) && lines.rows.is_multiple_of(lines.apart) {
                lines.places.push(place);
                if lines.places.len() > MOST_PLACES {
                    lines.apart *= 2;
                    let apart = lines.apart;
                    lines.places.retain(|(row, _)| row.is_multiple_of(apart));
                }
            }
            lines.rows += 1;
        }
        Ok(lines)
    }

    fn some(&self, mut file: File, from: u64, count: usize, gap: Option<Gap>) -> io::Result<Vec<ViewRow>> {
        let (mut row, at) = self.places.iter().rev().find(|(row, _)| *row <= from).copied().unwrap_or_default();
        file.seek(SeekFrom::Start(at))?;
        // A place at the gap's end stands where the gap does: it is behind it, or it would be the first row.
        let gap = gap.filter(|gap| row == 0 || at < gap.offset);
        let mut reader = LineReader::new(file, at, gap);
        let mut found = Vec::new();
        while found.len() < count {
            let Some(next) = reader.next_row()? else { break };
            if row >= from {
                found.push(match next {
                    Row::Line(bytes) => ViewRow::Line(readable(&bytes)),
                    Row::Missing(bytes) => ViewRow::Missing(bytes),
                });
            }
            row += 1;
        }
        Ok(found)
    }
}

enum Row {
    Line(Vec<u8>),
    Missing(u64),
}

struct LineReader {
    source: BufReader<File>,
    /// Where in the file the next row begins.
    at: u64,
    gap: Option<Gap>,
}

impl LineReader {
    fn new(file: File, at: u64, gap: Option<Gap>) -> Self {
        // Once behind it, there is none.
        Self { source: BufReader::with_capacity(64 * 1024, file), at, gap: gap.filter(|gap| at <= gap.offset) }
    }

    fn next_row(&mut self) -> io::Result<Option<Row>> {
        use std::io::BufRead as _;
        let room = match self.gap {
            Some(gap) if self.at == gap.offset => {
                self.gap = None;
                return Ok(Some(Row::Missing(gap.bytes)));
            }
            Some(gap) => gap.offset - self.at,
            None => u64::MAX,
        };
        let most = usize::try_from(room).unwrap_or(usize::MAX).min(LONGEST);
        let mut line = Vec::new();
        self.source.by_ref().take(most as u64).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        // A character is not torn apart where a long line is; what was read of it is read again.
        if line.len() == LONGEST
            && let Err(error) = std::str::from_utf8(&line)
            && error.error_len().is_none()
        {
            let torn = line.len() - error.valid_up_to();
            self.source.seek_relative(-i64::try_from(torn).unwrap_or_default())?;
            line.truncate(error.valid_up_to());
        } else if line.len() == LONGEST && line.last() != Some(&b'\n') {
            self.take_line_end(room - LONGEST as u64, &mut line)?;
        }
        self.at += line.len() as u64;
        Ok(Some(Row::Line(line)))
    }

    /// The end of a line that is just as long as a row belongs to that row, where it stands within this many bytes.
    fn take_line_end(&mut self, room: u64, line: &mut Vec<u8>) -> io::Result<()> {
        let mut next = Vec::new();
        self.source.by_ref().take(room.min(2)).read_to_end(&mut next)?;
        let end = match next.as_slice() {
            [b'\n', ..] => 1,
            [b'\r', b'\n'] => 2,
            _ => 0,
        };
        self.source.seek_relative(-i64::try_from(next.len() - end).unwrap_or_default())?;
        line.extend_from_slice(&next[..end]);
        Ok(())
    }
}

/// A segment as it is shown on a row: of elements without an end no more than anybody reads.
fn of_a_row(mut segment: Segment) -> Segment {
    let mut room = MOST_OF_A_ROW;
    for text in segment.texts_mut() {
        match text.char_indices().nth(room) {
            Some((end, _)) => {
                text.truncate(end);
                text.push('…');
                room = 0;
            }
            None => room -= text.chars().count(),
        }
    }
    segment
}

/// Bytes as text that can be shown on a line.
fn readable(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text: String = match std::str::from_utf8(line) {
        Ok(text) => text.to_owned(),
        Err(_) => line.iter().map(|byte| char::from(*byte)).collect(),
    };
    text.replace('\t', "    ").chars().map(|each| if each.is_control() { '·' } else { each }).collect()
}

#[cfg(test)]
mod tests;
