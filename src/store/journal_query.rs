//! How a list is read so that a million transmissions make no difference.
//!
//! Every filter is a word in the index (`listed_index`), beside the trigrams of what is searched, so that any choice of
//! them is an intersection of lists that are kept in the order of time. What the index cannot say by itself, a text of more
//! than three characters or the exact end of a period, is looked at in the few rows that it leaves. Any other order walks
//! an index of its own, unless the filter leaves few enough to be sorted.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::transmission::{TransmissionId, Verdict};

use super::error::StoreError;
use super::journal::{key, nanoseconds, without_words};
use super::journal_list::{SHORTEST_SEARCH, Sort, TransmissionFilter};
use super::session::{Session, Statement, column, sql};
use super::writing::{Value, Writing};

/// As many of a filter's transmissions are sorted, where they are not wanted in the order of time; more are found soon
/// enough by walking the order that is wanted. Tests take both ways.
const SORTED: i64 = if cfg!(test) { 60 } else { 10_000 };

/// So far can the number of a transmission be ahead of its millisecond, where others have taken it.
const AHEAD: i64 = 3_600_000;

/// What is asked about a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// So many transmissions from its place on.
    Page(usize),
    /// How many there are in all.
    Count,
}

/// The columns of a page.
const COLUMNS: &str = "l.number, l.transmission AS id, l.message_id, l.at_ns, l.direction, \
     nullif(l.connection, '') AS connection, nullif(l.profile, '') AS profile, l.file, l.payload_bytes, l.verdict, l.cause, \
     l.standing, l.document_type, l.control_numbers";

/// The text that is searched for, as the index has it; nothing where none is.
fn searched(filter: &TransmissionFilter) -> Option<String> {
    let text = filter.search.as_deref()?.trim();
    let text: String = without_words(text).chars().filter(|character| !character.is_control()).collect();
    (!text.is_empty()).then(|| text.to_ascii_lowercase())
}

/// Whether a text is too short to be searched for.
fn is_too_short(text: &str) -> bool {
    text.chars().count() < SHORTEST_SEARCH
}

/// Trigrams that a text holds: as few as hold all of its characters, but all where there are digits, of which nearly every
/// transmission has some.
fn trigrams(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let step = if characters.iter().any(char::is_ascii_digit) { 1 } else { 3 };
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
fn is_exact(filter: &TransmissionFilter) -> bool {
    let power = |bytes: u64| bytes > 0 && bytes == 10_u64.pow(bytes.ilog10());
    filter.min_bytes.is_none_or(|least| least == 0 || (least > 1 && power(least)))
        && filter.max_bytes.is_none_or(|most| most.checked_add(1).is_none_or(|next| next > 1 && power(next)))
}

/// The values that a filter asks for: for each kind those of which a transmission has one.
fn wanted(filter: &TransmissionFilter) -> Vec<(&'static str, Vec<String>)> {
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

/// The column of the list that has a kind of value.
fn column_of(kind: &str) -> &str {
    match kind {
        "document" => "document_type",
        other => other,
    }
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
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

/// What the index is asked for; nothing inside where it is not needed, nothing at all where nothing can match.
async fn expression(
    session: &mut Session,
    doing: &'static str,
    filter: &TransmissionFilter,
) -> Result<Option<Option<String>>, StoreError> {
    let wanted = wanted(filter);
    let known = words(session, doing, &wanted).await?;
    let mut all = Vec::new();
    for (kind, values) in wanted {
        let mut words: Vec<String> = values
            .into_iter()
            .filter_map(|value| known.get(&(kind.to_owned(), value)))
            .map(|word| quoted(word))
            .collect();
        words.sort();
        match words.len() {
            0 => return Ok(None),
            1 => all.append(&mut words),
            _ => all.push(format!("({})", words.join(" OR "))),
        }
    }
    if let Some(text) = searched(filter) {
        if is_too_short(&text) {
            return Ok(None);
        }
        all.extend(trigrams(&text).iter().map(|trigram| quoted(trigram)));
    }
    Ok(Some((!all.is_empty()).then(|| all.join(" AND "))))
}

/// The numbers between which a period's transmissions have theirs.
fn bounds(filter: &TransmissionFilter) -> (i64, i64) {
    let millisecond = |at: Timestamp| nanoseconds(at).div_euclid(1_000_000);
    let first = filter.since.map_or(i64::MIN, millisecond);
    let last = filter.until.map_or(i64::MAX, |until| millisecond(until).saturating_add(AHEAD));
    (first, last)
}

/// The conditions that the index leaves to be looked at in the rows themselves.
fn look_at_rows(filter: &TransmissionFilter, writing: &mut Writing) {
    if let Some(text) = searched(filter).filter(|text| text.chars().count() > SHORTEST_SEARCH) {
        let text = writing.text(&text);
        writing.and(format!("instr(l.words, {text}) > 0"));
    }
    if let Some(since) = filter.since {
        let since = writing.number(nanoseconds(since));
        writing.and(format!("l.at_ns >= {since}"));
    }
    if let Some(until) = filter.until {
        let until = writing.number(nanoseconds(until));
        writing.and(format!("l.at_ns < {until}"));
    }
    if !is_exact(filter) {
        look_at_size(filter, writing);
    }
}

fn look_at_size(filter: &TransmissionFilter, writing: &mut Writing) {
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    if let Some(least) = filter.min_bytes {
        let least = writing.number(bytes(least));
        writing.and(format!("l.payload_bytes >= {least}"));
    }
    if let Some(most) = filter.max_bytes {
        let most = writing.number(bytes(most));
        writing.and(format!("l.payload_bytes <= {most}"));
    }
}

/// The same and all else, where the index is not asked.
fn look_at_everything(filter: &TransmissionFilter, writing: &mut Writing) {
    look_at_rows(filter, writing);
    if is_exact(filter) {
        look_at_size(filter, writing);
    }
    for (kind, values) in wanted(filter).into_iter().filter(|(kind, _)| *kind != "size") {
        let values: Vec<String> = values.iter().map(|value| writing.text(value)).collect();
        writing.and(format!("l.{} IN ({})", column_of(kind), values.join(", ")));
    }
    if let Some(text) = searched(filter).filter(|text| text.chars().count() == SHORTEST_SEARCH) {
        let text = writing.text(&text);
        writing.and(format!("instr(l.words, {text}) > 0"));
    }
}

/// The first and last number that a question is about: those of the period, and after the place of a page.
fn numbers(filter: &TransmissionFilter, question: Question) -> (i64, i64) {
    let (first, last) = bounds(filter);
    match (&filter.after, question) {
        (Some(after), Question::Page(_)) if filter.sort == Sort::Time && filter.reverse => {
            (first.max(after.number.saturating_add(1)), last)
        }
        (Some(after), Question::Page(_)) if filter.sort == Sort::Time => {
            (first, last.min(after.number.saturating_sub(1)))
        }
        _ => (first, last),
    }
}

/// Only what has its number between two, in a column that has it.
fn between(column: &str, (first, last): (i64, i64), writing: &mut Writing) {
    if first > i64::MIN {
        let first = writing.number(first);
        writing.and(format!("{column} >= {first}"));
    }
    if last < i64::MAX {
        let last = writing.number(last);
        writing.and(format!("{column} <= {last}"));
    }
}

/// An order that is not that of time: its index, its columns, and whether it runs down.
struct Order {
    index: &'static str,
    key: &'static str,
    tie: &'static str,
    down: bool,
}

impl Order {
    const fn of(filter: &TransmissionFilter) -> Option<Self> {
        let (index, key, tie, down) = match filter.sort {
            Sort::Time => return None,
            Sort::Connection => ("listed_by_connection", "l.connection", "l.age", false),
            Sort::Result => ("listed_by_standing", "l.standing", "l.age", false),
            Sort::Size => ("listed_by_size", "l.payload_bytes", "l.number", true),
        };
        Some(Self { index, key, tie, down: down != filter.reverse })
    }

    /// Only what stands after a place.
    fn after(&self, filter: &TransmissionFilter, writing: &mut Writing) {
        let Some(after) = &filter.after else { return };
        let Some((_, key)) = &after.key else { return };
        let key = match filter.sort {
            Sort::Size | Sort::Result => Value::Number(key.parse().unwrap_or_default()),
            Sort::Time | Sort::Connection => Value::Text(key.clone()),
        };
        let key = writing.argument(key);
        let number = if self.tie == "l.age" { after.number.saturating_neg() } else { after.number };
        let number = writing.number(number);
        let compared = if self.down { "<" } else { ">" };
        writing.and(format!("({}, {}) {compared} ({key}, {number})", self.key, self.tie));
    }

    fn by(&self) -> String {
        let down = if self.down { " DESC" } else { "" };
        format!("{}{down}, {}{down}", self.key, self.tie)
    }
}

/// The index beside the rows that it is about.
const BESIDE: &str = "listed_index CROSS JOIN listed l ON l.number = listed_index.rowid";

/// The statement that answers a question; nothing where the answer is that there is none.
pub(super) async fn plan(
    session: &mut Session,
    doing: &'static str,
    filter: &TransmissionFilter,
    question: Question,
) -> Result<Option<Statement>, StoreError> {
    let Some(expression) = expression(session, doing, filter).await? else { return Ok(None) };
    let sorted = Order::of(filter).is_some() && question != Question::Count;
    let way = if !is_exact(filter) && few_of_size(session, doing, filter).await? {
        Way::Size
    } else if let Some(expression) = expression
        && (!sorted || is_small(session, doing, &expression).await?)
    {
        Way::Index(expression)
    } else {
        Way::Rows
    };
    let (text, writing) = written(filter, question, way);
    Ok(Some(writing.statement(text)))
}

/// How transmissions are found.
enum Way {
    /// The index answers this expression.
    Index(String),
    /// So few are of the size that all of them are looked at.
    Size,
    /// Each is looked at, in the order that is wanted.
    Rows,
}

/// Whether so few are of a filter's size that they are looked at one by one.
async fn few_of_size(
    session: &mut Session,
    doing: &'static str,
    filter: &TransmissionFilter,
) -> Result<bool, StoreError> {
    let mut writing = Writing::default();
    look_at_size(filter, &mut writing);
    let wheres = writing.wheres();
    let most = writing.number(SORTED + 1);
    let text = format!("SELECT count(*) AS number FROM (SELECT 1 FROM listed l{wheres} LIMIT {most})");
    let row = session.row(doing, writing.statement(text)).await?;
    Ok(row.map(|row| column::<i64>(&row, "number")).transpose()?.unwrap_or_default() <= SORTED)
}

/// The statement that lists these, the newest first.
pub(super) fn these(ids: &[TransmissionId]) -> Statement {
    let mut writing = Writing::default();
    let ids: Vec<String> = ids.iter().map(|id| writing.text(&key(*id))).collect();
    let text =
        format!("SELECT {COLUMNS} FROM listed l WHERE l.transmission IN ({}) ORDER BY l.number DESC", ids.join(", "));
    writing.statement(text)
}

/// Whether the index finds few enough to sort them.
async fn is_small(session: &mut Session, doing: &'static str, expression: &str) -> Result<bool, StoreError> {
    let statement = sql("SELECT count(*) AS number FROM
             (SELECT 1 FROM listed_index WHERE listed_index MATCH $1 LIMIT $2)")
    .bind(expression.to_owned())
    .bind(SORTED + 1);
    let row = session.row(doing, statement).await?;
    Ok(row.map(|row| column::<i64>(&row, "number")).transpose()?.unwrap_or_default() <= SORTED)
}

/// The text of a statement with its arguments.
fn written(filter: &TransmissionFilter, question: Question, way: Way) -> (String, Writing) {
    let mut writing = Writing::default();
    let order = Order::of(filter).filter(|_| question != Question::Count);
    let numbers = numbers(filter, question);
    let down = if filter.reverse { "" } else { " DESC" };
    let (mut source, mut number, mut by) = ("listed l".to_owned(), "l.number", format!("l.number{down}"));
    match way {
        Way::Index(expression) => {
            let expression = writing.text(&expression);
            writing.and(format!("listed_index MATCH {expression}"));
            between("listed_index.rowid", numbers, &mut writing);
            let of_index = writing.conditions.len();
            look_at_rows(filter, &mut writing);
            let needs_rows = order.is_some() || writing.conditions.len() > of_index;
            (if needs_rows { BESIDE } else { "listed_index" }).clone_into(&mut source);
            number = "listed_index.rowid";
            by = format!("listed_index.rowid{down}");
        }
        Way::Rows if order.is_none() && question != Question::Count => {
            // This index is narrow: places far down are reached soon.
            between("l.age", (numbers.1.saturating_neg(), numbers.0.saturating_neg()), &mut writing);
            look_at_everything(filter, &mut writing);
            source.push_str(" INDEXED BY listed_by_age");
            by = format!("l.age{}", if filter.reverse { " DESC" } else { "" });
        }
        Way::Rows | Way::Size => {
            between("l.number", numbers, &mut writing);
            look_at_everything(filter, &mut writing);
            let index = match (&way, &order) {
                (Way::Size, _) => Some("listed_by_size"),
                (_, Some(order)) => Some(order.index),
                (_, None) => None,
            };
            source.extend(index.iter().flat_map(|index| [" INDEXED BY ", index]));
        }
    }
    let Question::Page(limit) = question else {
        let text = format!("SELECT count(*) AS number FROM {source}{}", writing.wheres());
        return (text, writing);
    };
    let mut outer = format!("l.number{down}");
    if let Some(order) = &order {
        order.after(filter, &mut writing);
        by = order.by();
        outer.clone_from(&by);
    }
    let wheres = writing.wheres();
    let limit = writing.number(i64::try_from(limit).unwrap_or(i64::MAX));
    let skip = writing.number(i64::try_from(filter.skip).unwrap_or(i64::MAX));
    // The numbers first: what is shown is read for those on the page alone.
    let text = format!(
        "SELECT {COLUMNS} FROM (SELECT {number} AS place FROM {source}{wheres} ORDER BY {by} LIMIT {limit} OFFSET {skip}) \
         CROSS JOIN listed l ON l.number = place ORDER BY {outer}"
    );
    (text, writing)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::workspace;
    use super::*;

    #[tokio::test]
    async fn every_order_walks_an_index_and_sorts_no_more_than_the_page() {
        let (_guard, workspace) = workspace().await;
        let mut session = workspace.reading("explain").await.unwrap();
        let every = TransmissionFilter::default;
        let index = || Way::Index("\"abc\"".to_owned());
        for (sort, reverse, way, expected) in [
            (Sort::Time, false, Way::Rows, "listed_by_age"),
            (Sort::Time, true, Way::Rows, "listed_by_age"),
            (Sort::Time, false, index(), "VIRTUAL TABLE INDEX"),
            (Sort::Time, true, index(), "VIRTUAL TABLE INDEX"),
            (Sort::Connection, false, Way::Rows, "listed_by_connection"),
            (Sort::Connection, true, Way::Rows, "listed_by_connection"),
            (Sort::Size, false, Way::Rows, "listed_by_size"),
            (Sort::Result, true, Way::Rows, "listed_by_standing"),
        ] {
            let filter = TransmissionFilter { sort, reverse, ..every() };
            let (text, writing) = written(&filter, Question::Page(10), way);
            let statement = writing.statement(format!("EXPLAIN QUERY PLAN {text}"));
            let rows = session.rows("explain", statement).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| column(row, "detail").unwrap()).collect();
            assert!(plan.iter().any(|line| line.contains(expected)), "{sort} {reverse}: {plan:?}");
            // The page itself is put in order; what it is taken from is in order already.
            assert!(plan.iter().filter(|line| line.contains("TEMP B-TREE")).count() <= 1, "{sort} {reverse}: {plan:?}");
        }
    }
}
