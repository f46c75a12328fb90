//! How a list is read so that a million transmissions make no difference.
//!
//! Every filter is a word in the index (`listed_index`), beside the trigrams of what is searched, so that any choice of
//! them is an intersection of lists that are kept in the order of time. What the index cannot say by itself, a text of more
//! than three characters or the exact end of a period, is looked at in the few rows that it leaves. Any other order walks
//! an index of its own, unless the filter leaves few enough to be sorted.

use jiff::Timestamp;

use crate::domain::transmission::TransmissionId;

use super::error::StoreError;
use super::journal::{key, nanoseconds};
use super::journal_filter::{SHORTEST_SEARCH, Sort, TransmissionFilter};
use super::journal_index::{is_exact, searched, terms, wanted};
use super::journal_sparse::thinned;
use super::session::{Session, Statement, column, sql};
use super::writing::{Value, Writing};

/// As many of a filter's transmissions are sorted, where they are not wanted in the order of time; more are found soon
/// enough by walking the order that is wanted. Tests take both ways.
const SORTED: i64 = if cfg!(test) { 60 } else { 25_000 };

/// From so many on that the index finds for a text, all texts may be read sooner than these one by one. Tests take both
/// ways.
const WIDE: i64 = if cfg!(test) { 60 } else { 100_000 };

/// So far can the number of a transmission be ahead of its millisecond, where others have taken it.
pub(super) const AHEAD: i64 = 3_600_000;

/// What is asked about a filter's list.
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

/// The column of the list that has a kind of value.
fn column_of(kind: &str) -> &str {
    match kind {
        "document" => "document_type",
        other => other,
    }
}

/// The numbers between which a period's transmissions have theirs.
fn bounds(filter: &TransmissionFilter) -> (i64, i64) {
    let millisecond = |at: Timestamp| nanoseconds(at).div_euclid(1_000_000);
    let first = filter.since.map_or(i64::MIN, millisecond);
    let last = filter.until.map_or(i64::MAX, |until| millisecond(until).saturating_add(AHEAD));
    (first, last)
}

/// A text that the index cannot find by itself.
fn looked_for(filter: &TransmissionFilter) -> Option<String> {
    searched(filter).filter(|text| text.chars().count() > SHORTEST_SEARCH)
}

/// Looks for the text that the index cannot find by itself, in the rows of a table; says whether there is such a text.
fn look_at_words(filter: &TransmissionFilter, table: &str, writing: &mut Writing) -> bool {
    let Some(text) = looked_for(filter) else { return false };
    let text = writing.text(&text);
    writing.and(format!("instr({table}.words, {text}) > 0"));
    true
}

/// The other conditions that the index leaves to be looked at in the rows of a table; says whether there are such.
fn look_at_facts(filter: &TransmissionFilter, table: &str, writing: &mut Writing) -> bool {
    let before = writing.conditions.len();
    if let Some(since) = filter.since {
        let since = writing.number(nanoseconds(since));
        writing.and(format!("{table}.at_ns >= {since}"));
    }
    if let Some(until) = filter.until {
        let until = writing.number(nanoseconds(until));
        writing.and(format!("{table}.at_ns < {until}"));
    }
    if !is_exact(filter) {
        look_at_size(filter, table, writing);
    }
    writing.conditions.len() > before
}

fn look_at_size(filter: &TransmissionFilter, table: &str, writing: &mut Writing) {
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    if let Some(least) = filter.min_bytes {
        let least = writing.number(bytes(least));
        writing.and(format!("{table}.payload_bytes >= {least}"));
    }
    if let Some(most) = filter.max_bytes {
        let most = writing.number(bytes(most));
        writing.and(format!("{table}.payload_bytes <= {most}"));
    }
}

/// The same and all else, where the index is not asked.
fn look_at_everything(filter: &TransmissionFilter, writing: &mut Writing) {
    look_at_words(filter, "l", writing);
    look_at_facts(filter, "l", writing);
    if is_exact(filter) {
        look_at_size(filter, "l", writing);
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
            Sort::Connection => ("listed_by_connection", "connection", "age", false),
            Sort::Result => ("listed_by_standing", "standing", "age", false),
            Sort::Size => ("listed_by_size", "payload_bytes", "number", true),
        };
        Some(Self { index, key, tie, down: down != filter.reverse })
    }

    /// The table that has its columns: the narrow one, where it does.
    fn table(&self) -> &'static str {
        // There it is a code, which is in no order.
        if self.key == "connection" { "l" } else { "t" }
    }

    /// The columns of a table that it is by.
    fn columns(&self, table: &str) -> (String, String) {
        let tie = match (self.tie, table) {
            ("age", "t") => "-t.number".to_owned(),
            (tie, _) => format!("{table}.{tie}"),
        };
        (format!("{table}.{}", self.key), tie)
    }

    /// Only what stands after a place.
    fn after(&self, filter: &TransmissionFilter, table: &str, writing: &mut Writing) {
        let Some(after) = &filter.after else { return };
        let Some((_, key)) = &after.key else { return };
        let key = match filter.sort {
            Sort::Size | Sort::Result => Value::Number(key.parse().unwrap_or_default()),
            Sort::Time | Sort::Connection => Value::Text(key.clone()),
        };
        let key = writing.argument(key);
        let number = if self.tie == "age" { after.number.saturating_neg() } else { after.number };
        let number = writing.number(number);
        let compared = if self.down { "<" } else { ">" };
        let (first, second) = self.columns(table);
        writing.and(format!("({first}, {second}) {compared} ({key}, {number})"));
    }

    fn by(&self, table: &str) -> String {
        let down = if self.down { " DESC" } else { "" };
        let (first, second) = self.columns(table);
        format!("{first}{down}, {second}{down}")
    }
}

/// The index, beside those tables that hold what is looked at in the rows that it is about. The narrow ones are read much
/// sooner than the list itself.
fn index_beside(words: bool, facts: bool, list: bool) -> String {
    let mut source = "listed_index".to_owned();
    let tables = [(facts, "tallied t"), (words, "searched s"), (list, "listed l")];
    for (_, table) in tables.into_iter().filter(|(needed, _)| *needed) {
        let alias = &table[table.len() - 1..];
        source.push_str(&format!(" CROSS JOIN {table} ON {alias}.number = listed_index.rowid"));
    }
    source
}

/// The statement that answers a question; nothing where the answer is that there is none.
pub(super) async fn plan(
    session: &mut Session,
    doing: &'static str,
    filter: &TransmissionFilter,
    question: Question,
) -> Result<Option<Statement>, StoreError> {
    let Some(terms) = terms(session, doing, filter).await? else { return Ok(None) };
    let expression = terms.expression();
    let sorted = Order::of(filter).is_some() && question != Question::Count;
    let way = if sorted && is_failures_by_size(filter) {
        Way::Failures
    } else if !is_exact(filter) && few_of_size(session, doing, filter).await? {
        Way::Size
    } else if question == Question::Count && is_wide_text(session, doing, filter, expression.as_deref()).await? {
        Way::Words
    } else if let Some(expression) = expression
        && (!sorted || finds_at_most(session, doing, &expression, SORTED).await?)
    {
        // What a text leaves of one trigram is looked at anyway.
        let shorter = match looked_for(filter).filter(|_| !sorted && question != Question::Count) {
            Some(text) => thinned(session, doing, &text, &terms).await?,
            None => None,
        };
        match shorter {
            Some(shorter) => Way::Sparse(shorter),
            None => Way::Index(expression),
        }
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
    /// The same where hardly anything answers: both of its lists are gone through to their ends.
    Sparse(String),
    /// So few are of the size that all of them are looked at.
    Size,
    /// Failures alone are wanted, by their size: they have an order of their own.
    Failures,
    /// The text is in so many that all texts are read.
    Words,
    /// Each is looked at, in the order that is wanted.
    Rows,
}

/// Whether a filter is for failures, whatever else is with them, the largest or the smallest first.
fn is_failures_by_size(filter: &TransmissionFilter) -> bool {
    let alone = wanted(filter).len() == 1 && searched(filter).is_none();
    filter.sort == Sort::Size && filter.failed && alone && filter.since.is_none() && filter.until.is_none()
}

/// Whether so few are of a filter's size that they are looked at one by one.
async fn few_of_size(
    session: &mut Session,
    doing: &'static str,
    filter: &TransmissionFilter,
) -> Result<bool, StoreError> {
    let mut writing = Writing::default();
    look_at_size(filter, "l", &mut writing);
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

/// Whether the index finds no more than so many.
async fn finds_at_most(
    session: &mut Session,
    doing: &'static str,
    expression: &str,
    most: i64,
) -> Result<bool, StoreError> {
    let statement = sql("SELECT count(*) AS number FROM
             (SELECT 1 FROM listed_index WHERE listed_index MATCH $1 LIMIT $2)")
    .bind(expression.to_owned())
    .bind(most.saturating_add(1));
    let row = session.row(doing, statement).await?;
    Ok(row.map(|row| column::<i64>(&row, "number")).transpose()?.unwrap_or_default() <= most)
}

/// Whether a filter is a text alone, of any period, that a fifth of all transmissions may hold: then all texts are read in
/// less time than it takes to look at so many one by one.
async fn is_wide_text(
    session: &mut Session,
    doing: &'static str,
    filter: &TransmissionFilter,
    expression: Option<&str>,
) -> Result<bool, StoreError> {
    let Some(expression) = expression.filter(|_| looked_for(filter).is_some()) else { return Ok(false) };
    if !wanted(filter).is_empty() || filter.since.is_some() || filter.until.is_some() {
        return Ok(false);
    }
    let row = session.row(doing, sql("SELECT count(*) AS number FROM tallied")).await?;
    let all = row.map(|row| column::<i64>(&row, "number")).transpose()?.unwrap_or_default();
    Ok(!finds_at_most(session, doing, expression, WIDE.max(all / 5)).await?)
}

/// The text of a statement with its arguments.
fn written(filter: &TransmissionFilter, question: Question, way: Way) -> (String, Writing) {
    let mut writing = Writing::default();
    let order = Order::of(filter).filter(|_| question != Question::Count);
    let numbers = numbers(filter, question);
    let down = if filter.reverse { "" } else { " DESC" };
    let (mut source, mut number, mut by) = ("listed l".to_owned(), "l.number", format!("l.number{down}"));
    // Forwards the index goes through its lists in two thirds of the time; what little it finds is put in order afterwards.
    let sorted_after = if matches!(way, Way::Sparse(_)) { "+" } else { "" };
    match way {
        Way::Index(expression) | Way::Sparse(expression) => {
            let expression = writing.text(&expression);
            writing.and(format!("listed_index MATCH {expression}"));
            between("listed_index.rowid", numbers, &mut writing);
            let words = look_at_words(filter, "s", &mut writing);
            let facts = look_at_facts(filter, "t", &mut writing);
            let by_list = order.as_ref().is_some_and(|order| order.table() == "l");
            source = index_beside(words, facts || (order.is_some() && !by_list), by_list);
            number = "listed_index.rowid";
            by = format!("{sorted_after}listed_index.rowid{down}");
        }
        Way::Words => {
            look_at_words(filter, "s", &mut writing);
            "searched s".clone_into(&mut source);
        }
        Way::Failures => {
            // As the index says it: else it is not taken.
            writing.and("l.standing = 0".to_owned());
            source.push_str(" INDEXED BY listed_failures_by_size");
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
        outer = order.by("l");
        let table = if number == "listed_index.rowid" { order.table() } else { "l" };
        order.after(filter, table, &mut writing);
        by = order.by(table);
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

/// Where the transmissions of a filter are counted: the tables with `tallied t` among them, the column of the number, and
/// the conditions so far. Nothing where there are none.
pub(super) async fn counted(
    session: &mut Session,
    doing: &'static str,
    filter: &TransmissionFilter,
) -> Result<Option<(String, &'static str, Writing)>, StoreError> {
    let Some(terms) = terms(session, doing, filter).await? else { return Ok(None) };
    let mut writing = Writing::default();
    let Some(expression) = terms.expression() else {
        // Only a period is left; all else is in the index.
        between("t.number", bounds(filter), &mut writing);
        look_at_facts(filter, "t", &mut writing);
        return Ok(Some(("tallied t".to_owned(), "t.number", writing)));
    };
    let expression = writing.text(&expression);
    writing.and(format!("listed_index MATCH {expression}"));
    between("listed_index.rowid", bounds(filter), &mut writing);
    let words = look_at_words(filter, "s", &mut writing);
    look_at_facts(filter, "t", &mut writing);
    Ok(Some((index_beside(words, true, false), "listed_index.rowid", writing)))
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
            (Sort::Size, false, Way::Failures, "listed_failures_by_size"),
            (Sort::Size, true, Way::Failures, "listed_failures_by_size"),
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
