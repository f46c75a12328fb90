//! The tables and values of a policy file, and what is wrong with them, each with its place.

use std::ops::Range;
use std::str::FromStr;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::PolicyFileError;
use crate::domain::instant::{self, InstantError};
use crate::domain::policy::rule::RuleDate;

/// An error before its place in the file has been counted out.
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(span: &Range<usize>, reason: impl Into<String>) -> Self {
        Self { at: span.start, reason: reason.into() }
    }

    pub(super) fn placed(self, text: &str) -> PolicyFileError {
        PolicyFileError { line: line_of(text, self.at), reason: self.reason }
    }
}

/// A value of the file with its place.
pub(super) type Entry<'t, 'i> = &'t Spanned<DeValue<'i>>;

/// What has been found wrong, in the order in which the file is read.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    /// The value, or nothing where it is wrong.
    pub(super) fn take<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.0.push(fault)).ok()
    }
}

/// The line of a byte, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

/// What stands in a file, in plain words.
const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text in quotes",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false without quotes",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

pub(super) fn kind_of(entry: Entry<'_, '_>) -> &'static str {
    kind(entry.get_ref())
}

/// A text of 1 to `most` characters without control characters other than line ends, which become spaces.
pub(super) fn bounded_text(entry: Entry<'_, '_>, key: &str, most: usize) -> Result<String, Fault> {
    let text = entry.get_ref().as_str().ok_or_else(|| {
        Fault::new(&entry.span(), format!("`{key}` must be a text in quotes; here it is {}", kind_of(entry)))
    })?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = lines.join(" ");
    let length = text.chars().count();
    if length == 0 || length > most {
        return Err(Fault::new(&entry.span(), format!("`{key}` must have 1 to {most} characters, this has {length}")));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new(&entry.span(), format!("`{key}` holds a control character")));
    }
    Ok(text)
}

/// A date as TOML's own type or in quotes.
fn written_date(entry: Entry<'_, '_>, key: &str) -> Result<String, Fault> {
    match entry.get_ref() {
        DeValue::Datetime(written) => Ok(written.to_string()),
        DeValue::String(text) => Ok(text.trim().to_owned()),
        other => {
            let found = kind(other);
            Err(Fault::new(&entry.span(), format!("`{key}` must be a date such as 2026-11-28; here it is {found}")))
        }
    }
}

pub(super) fn date(entry: Entry<'_, '_>, key: &str) -> Result<Date, Fault> {
    let text = written_date(entry, key)?;
    strict_date(&text)
        .ok_or_else(|| Fault::new(&entry.span(), format!("`{key}` is a date such as 2026-11-28, not `{}`", cut(&text))))
}

/// Ten characters and no more: the date type would read the first ten of an instant too.
fn strict_date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|_date: &Date| text.len() == 10)
}

pub(super) fn rule_date(entry: Entry<'_, '_>, key: &str) -> Result<RuleDate, Fault> {
    let text = written_date(entry, key)?;
    if let Some(date) = strict_date(&text) {
        return Ok(RuleDate::Day(date));
    }
    instant::parse(&text).map(|stated| RuleDate::Instant(stated.at)).map_err(|error| {
        let reason = match error {
            InstantError::Form { .. } => format!(
                "`{key}` is a date such as 2026-11-28, or an instant such as 2026-11-28T09:00:00+01:00, not `{}`",
                cut(&text)
            ),
            other => format!("`{key}`: {other}"),
        };
        Fault::new(&entry.span(), reason)
    })
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A table of the file and what it is, for messages.
pub(super) struct Table<'t, 'i> {
    pub(super) span: Range<usize>,
    pub(super) what: &'static str,
    pub(super) entries: &'t DeTable<'i>,
}

impl<'t, 'i> Table<'t, 'i> {
    /// Its unknown keys, in the order in which they stand in the file.
    pub(super) fn unknown(&self, known: &[&str]) -> Vec<Fault> {
        let mut found: Vec<Fault> = self
            .entries
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .map(|key| {
                Fault::new(
                    &key.span(),
                    format!("unknown key `{}` in {}, which takes {}", cut(key.get_ref()), self.what, known.join(", ")),
                )
            })
            .collect();
        found.sort_by_key(|fault| fault.at);
        found
    }

    pub(super) fn get(&self, key: &str) -> Option<Entry<'t, 'i>> {
        self.entries.iter().find(|(name, _)| name.get_ref() == key).map(|(_, entry)| entry)
    }

    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        self.entries.keys().find(|name| name.get_ref() == key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    pub(super) fn fault(&self, key: &str, reason: impl Into<String>) -> Fault {
        Fault::new(&self.key_span(key), reason)
    }

    pub(super) fn required(&self, key: &str) -> Result<Entry<'t, 'i>, Fault> {
        self.get(key).ok_or_else(|| Fault::new(&self.span, format!("`{key}` is missing in {}", self.what)))
    }

    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(Entry<'t, 'i>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        self.get(key).map(read).transpose()
    }

    pub(super) fn word<T: FromStr<Err: std::fmt::Display>>(&self, entry: Entry<'_, '_>, key: &str) -> Result<T, Fault> {
        let text = entry.get_ref().as_str().ok_or_else(|| {
            Fault::new(&entry.span(), format!("`{key}` must be a word in quotes; here it is {}", kind_of(entry)))
        })?;
        text.parse().map_err(|error| Fault::new(&entry.span(), format!("`{key}`: {error}")))
    }

    pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, key: &str) -> Result<T, Fault> {
        self.word(self.required(key)?, key)
    }

    pub(super) fn text(&self, key: &str, most: usize) -> Result<String, Fault> {
        bounded_text(self.required(key)?, key, most)
    }
}
