//! The board as a table that goes out and comes in as CSV (RFC 4180).
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` or a tab for a formula, and carries it out. Such a cell
//! is written with an apostrophe before it, as spreadsheets themselves mark text, and read without
//! (owasp.org/www-community/attacks/CSV_Injection).
//!
//! What was written changes nothing where it is read again, and what a table has no column for stays as it was.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::{Board, BoardRow, PlannedActivation, ProfileKey};
use crate::domain::formula::begins_formula;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::instant;

/// The most bytes of a table that is read.
pub const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// The most errors that are told; what follows is probably more of the same.
const MOST_ERRORS: usize = 20;

/// The most characters of a note.
const MOST_NOTE: usize = 2000;

/// The columns that are written. `connection`, `profile`, `activation` and `note` are read again: `activation` is the time
/// of a profile's own, empty where it changes with all others; `planned` says when that is.
const COLUMNS: [&str; 19] = [
    "connection",
    "name",
    "profile",
    "activation",
    "note",
    "planned",
    "state",
    "problem",
    "remark",
    "activates",
    "encrypts_for",
    "told",
    "told_how",
    "told_note",
    "last_test",
    "last_test_verdict",
    "last_traffic",
    "last_traffic_verdict",
    "confirmed",
];

/// When a line of a table says that a profile is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SheetTime {
    /// With all others, as the rollover says.
    WithAll,
    /// At a time of its own.
    Own(PlannedActivation),
}

impl SheetTime {
    /// The time of its own, where it has one.
    #[must_use]
    pub fn own(&self) -> Option<PlannedActivation> {
        match self {
            Self::WithAll => None,
            Self::Own(planned) => Some(planned.clone()),
        }
    }
}

/// A line of a table that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// When it is to change; nothing where the table has no such column.
    pub activation: Option<SheetTime>,
    /// Free text; nothing where the table has no such column.
    pub note: Option<String>,
    /// The line in which it stands, from 1.
    pub line: u64,
}

impl SheetRow {
    /// By what it is found.
    #[must_use]
    pub fn key(&self) -> ProfileKey {
        (self.connection.clone(), self.profile)
    }
}

/// What is wrong in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub why: String,
}

/// What is wrong with a table: every line that is, up to the twentieth. Nothing is taken of such a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetErrors(pub Vec<SheetError>);

impl fmt::Display for SheetErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, SheetError { line, why }) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "line {line}: {why}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SheetErrors {}

impl SheetErrors {
    fn one(line: u64, why: impl Into<String>) -> Self {
        Self(vec![SheetError { line, why: why.into() }])
    }
}

/// Whether a spreadsheet might take a cell that begins so for a formula, or this for our mark.
const fn is_marked(first: char) -> bool {
    begins_formula(first) || matches!(first, '\t' | '\r' | '\n' | '\'')
}

/// A cell that no spreadsheet carries out.
fn harmless(cell: &str) -> String {
    if cell.starts_with(is_marked) { format!("'{cell}") } else { cell.to_owned() }
}

/// What a cell says, without the mark.
fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(is_marked) => rest,
        _ => cell,
    }
}

fn planned(planned: &PlannedActivation) -> String {
    planned.at.map_or_else(|| "now".to_owned(), |at| instant::written(at, planned.zone.as_deref()))
}

fn cells(row: &BoardRow, own: Option<&PlannedActivation>) -> [String; COLUMNS.len()] {
    let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let activates = row.activates.map(|at| instant::written(at, row.zone.as_deref())).unwrap_or_default();
    [
        row.connection.to_string(),
        row.name.clone(),
        row.profile.to_string(),
        own.map(planned).unwrap_or_default(),
        row.note.clone(),
        row.planned.as_ref().map(planned).unwrap_or_default(),
        row.state.to_string(),
        row.problem.clone().unwrap_or_default(),
        row.remark.clone().unwrap_or_default(),
        activates,
        row.encrypts_for.map(|print| print.to_hex()).unwrap_or_default(),
        time(row.told.as_ref().map(|told| told.at)),
        row.told.as_ref().map(|told| told.how.clone()).unwrap_or_default(),
        row.told.as_ref().map(|told| told.note.clone()).unwrap_or_default(),
        time(row.last_test.as_ref().map(|test| test.at)),
        row.last_test.as_ref().map(|test| test.verdict.to_string()).unwrap_or_default(),
        time(row.last_traffic.as_ref().map(|message| message.at)),
        row.last_traffic.as_ref().map(|message| message.verdict.to_string()).unwrap_or_default(),
        time(row.proof.as_ref().map(|proof| proof.at)),
    ]
}

/// Writes a board as CSV with all its columns.
///
/// # Errors
/// None in practice: it is written into memory.
pub fn write_sheet(board: &Board) -> Result<String, SheetErrors> {
    let failed = |error: &dyn fmt::Display| SheetErrors::one(0, format!("it cannot be written: {error}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(|error| failed(&error))?;
    let own: HashMap<ProfileKey, &PlannedActivation> = board
        .rollover
        .profiles
        .iter()
        .filter_map(|profile| Some((profile.key(), profile.activation.as_ref()?)))
        .collect();
    for row in &board.rows {
        let cells = cells(row, own.get(&row.key()).copied());
        writer.write_record(cells.iter().map(|cell| harmless(cell))).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

/// What stands between two cells: what the first line has most of. Spreadsheets write what the system's language wants.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    let count = |mark: u8| head.bytes().filter(|byte| *byte == mark).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|mark| count(*mark)).unwrap_or(b',')
}

/// Reads a table with the columns `connection`, `profile` and, where they are there, `activation` and `note`. Further
/// columns are passed over, so that what was written can be read again.
///
/// # Errors
/// Every line that makes no sense, up to the twentieth.
pub fn read_sheet(text: &str) -> Result<Vec<SheetRow>, SheetErrors> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let head = match records.next() {
        None => return Err(SheetErrors::one(1, "the table is empty")),
        Some(Err(error)) => return Err(SheetErrors::one(1, error.to_string())),
        Some(Ok(head)) => head,
    };
    let place = |name: &str| head.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
    let (Some(connection), Some(profile)) = (place("connection"), place("profile")) else {
        return Err(SheetErrors::one(
            1,
            "the first line names the columns; `connection` and `profile` have to be among them, `activation` and `note` may",
        ));
    };
    let (activation, note) = (place("activation"), place("note"));
    let mut place_in = Reached { text: text.as_bytes(), byte: 0, line: 1 };
    let mut rows: Vec<SheetRow> = Vec::new();
    let mut errors = Vec::new();
    let mut seen: HashSet<ProfileKey> = HashSet::new();
    for record in records {
        if errors.len() >= MOST_ERRORS {
            break;
        }
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                errors.push(SheetError { line: place_in.line, why: error.to_string() });
                break;
            }
        };
        let line = place_in.line_of(&record);
        // Spreadsheets write no delimiters for empty cells at the end of a line: what is not there is empty.
        let cell = |place: usize| record.get(place).map_or("", plain);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match one(cell(connection), cell(profile), activation.map(cell), note.map(cell), line) {
            Ok(row) if !seen.insert(row.key()) => {
                let why = format!("{}, {} stands in an earlier line already", row.connection, row.profile);
                errors.push(SheetError { line, why });
            }
            Ok(row) => rows.push(row),
            Err(why) => errors.push(SheetError { line, why }),
        }
    }
    if errors.is_empty() { Ok(rows) } else { Err(SheetErrors(errors)) }
}

/// How far a text was read. The reader's own count of lines is one behind where they end with CR and LF, because it has
/// not seen the LF yet where a record begins.
struct Reached<'a> {
    text: &'a [u8],
    byte: usize,
    line: u64,
}

impl Reached<'_> {
    /// The line in which a record begins; of records in their order.
    fn line_of(&mut self, record: &csv::StringRecord) -> u64 {
        let byte = record.position().and_then(|place| usize::try_from(place.byte()).ok()).unwrap_or(self.byte);
        let ends = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let begin = byte + self.text.get(byte..).unwrap_or_default().iter().take_while(ends).count();
        let passed = self.text.get(self.byte..begin).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.byte = begin.max(self.byte);
        self.line
    }
}

fn one(
    connection: &str,
    profile: &str,
    activation: Option<&str>,
    note: Option<&str>,
    line: u64,
) -> Result<SheetRow, String> {
    let connection: ConnectionId =
        connection.trim().parse().map_err(|error: crate::domain::identifier::IdentifierError| error.to_string())?;
    let profile: ProfileKind =
        profile.trim().to_ascii_lowercase().parse().map_err(|_unknown: crate::domain::UnknownWord| {
            format!("`{}` is no profile: production or test", cut(profile))
        })?;
    let activation = activation.map(sheet_time).transpose()?;
    if note.is_some_and(|note| note.chars().count() > MOST_NOTE) {
        return Err(format!("the note has more than {MOST_NOTE} characters"));
    }
    Ok(SheetRow { connection, profile, activation, note: note.map(str::to_owned), line })
}

fn sheet_time(cell: &str) -> Result<SheetTime, String> {
    match cell.trim() {
        "" => Ok(SheetTime::WithAll),
        now if now.eq_ignore_ascii_case("now") => Ok(SheetTime::Own(PlannedActivation { at: None, zone: None })),
        stated => {
            let stated = instant::parse(stated).map_err(|error| error.to_string())?;
            Ok(SheetTime::Own(PlannedActivation { at: Some(stated.at), zone: stated.zone }))
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
