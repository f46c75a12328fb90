//! What the index is asked for: the words of values that are filtered by, and the trigrams of what is searched.

use std::collections::HashMap;

use crate::domain::transmission::Verdict;

use super::error::StoreError;
use super::journal_filter::{SHORTEST_SEARCH, TransmissionFilter};
use super::journal_words::{folded, without_words};
use super::session::{Session, column};
use super::writing::Writing;

/// The text that is searched for, as the index has it; nothing where none is.
pub(super) fn searched(filter: &TransmissionFilter) -> Option<String> {
    let text = filter.search.as_deref()?.trim();
    let text: String = without_words(text).chars().filter(|character| !character.is_control()).collect();
    (!text.is_empty()).then(|| folded(&text))
}

/// Whether a text is too short to be searched for.
fn is_too_short(text: &str) -> bool {
    text.chars().count() < SHORTEST_SEARCH
}

/// Trigrams that a text holds: as few as hold all of its characters, but all where there are digits, of which nearly every
/// transmission has some.
fn trigrams(text: &str) -> Vec<String> {
    every(text, if text.chars().any(|character| character.is_ascii_digit()) { 1 } else { 3 })
}

/// All trigrams that a text holds.
pub(super) fn every_trigram(text: &str) -> Vec<String> {
    every(text, 1)
}

fn every(text: &str, step: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let last = characters.len().saturating_sub(3);
    let places = (0..last).step_by(step).chain([last]);
    let mut found: Vec<String> = places.map(|place| characters[place..].iter().take(3).collect()).collect();
    found.sort();
    found.dedup();
    found
}

/// How many digits sizes between two bounds have.
fn digits(filter: &TransmissionFilter) -> Option<Vec<String>> {
    if filter.min_bytes.is_none() && filter.max_bytes.is_none() {
        return None;
    }
    let length = |bytes: u64| bytes.to_string().len();
    let (least, most) = (length(filter.min_bytes.unwrap_or(0)), filter.max_bytes.map_or(19, length).min(19));
    Some((least..=most).map(|digits| digits.to_string()).collect())
}

/// Whether the number of digits says everything about a size: `0..=999` or `1000..`.
pub(super) fn is_exact(filter: &TransmissionFilter) -> bool {
    let power = |bytes: u64| bytes > 0 && bytes == 10_u64.pow(bytes.ilog10());
    filter.min_bytes.is_none_or(|least| least == 0 || (least > 1 && power(least)))
        && filter.max_bytes.is_none_or(|most| most.checked_add(1).is_none_or(|next| next > 1 && power(next)))
}

/// The values that a filter asks for: for each kind those of which a transmission has one.
pub(super) fn wanted(filter: &TransmissionFilter) -> Vec<(&'static str, Vec<String>)> {
    let mut wanted = Vec::new();
    let mut one = |kind, value: Option<String>| wanted.extend(value.map(|value| (kind, vec![value])));
    one("connection", filter.connection.as_ref().map(ToString::to_string));
    one("profile", filter.profile.map(|profile| profile.to_string()));
    one("direction", filter.direction.map(|direction| direction.to_string()));
    one("verdict", filter.verdict.map(|verdict| verdict.to_string()));
    one("cause", filter.cause.clone());
    one("document", filter.document.clone());
    if filter.failed {
        wanted.push(("verdict", [Verdict::Failed, Verdict::Refused].map(|verdict| verdict.to_string()).to_vec()));
    }
    wanted.extend(digits(filter).map(|digits| ("size", digits)));
    wanted
}

/// The words of the index for values.
async fn words(
    session: &mut Session,
    doing: &'static str,
    wanted: &[(&'static str, Vec<String>)],
) -> Result<HashMap<(String, String), String>, StoreError> {
    let mut writing = Writing::default();
    let mut either = Vec::new();
    for (kind, values) in wanted {
        for value in values {
            let (kind, value) = (writing.text(kind), writing.text(value));
            either.push(format!("(kind = {kind} AND value = {value})"));
        }
    }
    if either.is_empty() {
        return Ok(HashMap::new());
    }
    let text = format!("SELECT kind, value, word FROM listed_values WHERE {}", either.join(" OR "));
    let rows = session.rows(doing, writing.statement(text)).await?;
    rows.iter().map(|row| Ok(((column(row, "kind")?, column(row, "value")?), column(row, "word")?))).collect()
}

/// A phrase of the index's own language.
pub(super) fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

/// What the index is asked for: each of these has to hold.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// Of what is filtered by.
    pub(super) filters: Vec<String>,
    /// Of what is searched.
    pub(super) trigrams: Vec<String>,
}

impl Terms {
    /// All of them together; nothing where there are none.
    pub(super) fn expression(&self) -> Option<String> {
        let all: Vec<&str> = self.filters.iter().chain(&self.trigrams).map(String::as_str).collect();
        (!all.is_empty()).then(|| all.join(" AND "))
    }
}

/// What the index is asked for; nothing at all where nothing can match.
pub(super) async fn terms(
    session: &mut Session,
    doing: &'static str,
    filter: &TransmissionFilter,
) -> Result<Option<Terms>, StoreError> {
    let wanted = wanted(filter);
    let known = words(session, doing, &wanted).await?;
    let mut terms = Terms::default();
    for (kind, values) in wanted {
        let mut words: Vec<String> = values
            .into_iter()
            .filter_map(|value| known.get(&(kind.to_owned(), value)))
            .map(|word| quoted(word))
            .collect();
        words.sort();
        match words.len() {
            0 => return Ok(None),
            1 => terms.filters.append(&mut words),
            _ => terms.filters.push(format!("({})", words.join(" OR "))),
        }
    }
    if let Some(text) = searched(filter) {
        if is_too_short(&text) {
            return Ok(None);
        }
        terms.trigrams.extend(trigrams(&text).iter().map(|trigram| quoted(trigram)));
    }
    Ok(Some(terms))
}
