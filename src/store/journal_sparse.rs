//! A text that hardly anything holds, though each of its trigrams is in much: fewer of them are asked for.
//!
//! The index finds what has all of several words by going through the list of each. Where none of these lists is short, as
//! when a large partner's files are searched for what only others' are called, one of the trigrams together with the
//! filters may leave as little as all of them would, and the text itself is looked for in what is left. Which one that is
//! is seen in a few transmissions, the newest and some in the middle.

use std::collections::BTreeSet;

use super::error::StoreError;
use super::journal_index::{Terms, every_trigram, quoted};
use super::session::{Session, column, sql};

/// So many transmissions are looked at in each place.
const LOOKED_AT: i64 = if cfg!(test) { 40 } else { 500 };

/// The most of them that a trigram may leave, for the rest to be looked at one by one in no time.
const LEFT: usize = 2;

/// So many trigrams are tried at most.
const MOST: usize = 8;

/// A shorter expression that leaves little more than all terms would; nothing where all of them are asked for.
pub(super) async fn thinned(
    session: &mut Session,
    doing: &'static str,
    text: &str,
    terms: &Terms,
) -> Result<Option<String>, StoreError> {
    // Of two lists one would have to be gone through in any case, and with digits none of them is long.
    let is_long = !terms.filters.is_empty() && terms.filters.len() + terms.trigrams.len() > 2;
    if !is_long || text.chars().any(|character| character.is_ascii_digit()) {
        return Ok(None);
    }
    let Some((newest, middle)) = places(session, doing).await? else { return Ok(None) };
    let Some(base) = all_of(session, doing, &terms.filters, newest).await? else { return Ok(None) };
    let mut in_all = base.clone();
    let mut best: Option<(usize, String)> = None;
    for trigram in every_trigram(text).iter().take(MOST).map(|trigram| quoted(trigram)) {
        let found = numbers(session, doing, &trigram, newest).await?;
        let left = base.intersection(&found).count();
        in_all.retain(|number| found.contains(number));
        if best.as_ref().is_none_or(|(least, _)| left < *least) {
            best = Some((left, trigram));
        }
    }
    // Where some of the newest may hold it, a page is full soon.
    let Some((_, trigram)) = best.filter(|(left, _)| in_all.is_empty() && *left <= LEFT) else { return Ok(None) };
    // The index goes through the list of the first, and the trigram's is the one that leaves out most soonest.
    let wanted: Vec<String> = [trigram].into_iter().chain(terms.filters.iter().cloned()).collect();
    let left = all_of(session, doing, &wanted, middle).await?;
    Ok(left.is_some_and(|left| left.len() <= LEFT).then(|| wanted.join(" AND ")))
}

/// The numbers between which the newest are, and those in the middle; nothing where there are few altogether.
async fn places(session: &mut Session, doing: &'static str) -> Result<Option<((i64, i64), (i64, i64))>, StoreError> {
    let statement = sql("WITH ends (first, last) AS (SELECT (SELECT min(number) FROM tallied), (SELECT max(number) FROM tallied))
         SELECT (SELECT number FROM tallied ORDER BY number DESC LIMIT 1 OFFSET $1) AS newest, last,
             first + (last - first) / 2 AS middle,
             (SELECT number FROM tallied WHERE number >= first + (last - first) / 2 ORDER BY number LIMIT 1 OFFSET $1) AS until
         FROM ends")
    .bind(LOOKED_AT - 1);
    let Some(row) = session.row(doing, statement).await? else { return Ok(None) };
    let number = |name| column::<Option<i64>>(&row, name);
    let (Some(newest), Some(last)) = (number("newest")?, number("last")?) else { return Ok(None) };
    let (Some(middle), Some(until)) = (number("middle")?, number("until")?) else { return Ok(None) };
    Ok(Some(((newest, last), (middle, until))))
}

/// The numbers in a place that have all of some terms; nothing where one of the terms is in so few that its list is short.
async fn all_of(
    session: &mut Session,
    doing: &'static str,
    terms: &[String],
    place: (i64, i64),
) -> Result<Option<BTreeSet<i64>>, StoreError> {
    let mut all: Option<BTreeSet<i64>> = None;
    for term in terms {
        let found = numbers(session, doing, term, place).await?;
        if found.len() <= LEFT {
            return Ok(None);
        }
        all = Some(match all {
            Some(before) => before.intersection(&found).copied().collect(),
            None => found,
        });
    }
    Ok(all)
}

/// The numbers in a place that have one term. One alone is found from any place on.
async fn numbers(
    session: &mut Session,
    doing: &'static str,
    term: &str,
    (first, last): (i64, i64),
) -> Result<BTreeSet<i64>, StoreError> {
    let statement = sql("SELECT coalesce(group_concat(rowid, ' '), '') AS numbers FROM listed_index
         WHERE listed_index MATCH $1 AND rowid BETWEEN $2 AND $3")
    .bind(term.to_owned())
    .bind(first)
    .bind(last);
    let Some(row) = session.row(doing, statement).await? else { return Ok(BTreeSet::new()) };
    let text: String = column(&row, "numbers")?;
    Ok(text.split(' ').filter_map(|number| number.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::super::As2Pair;
    use super::super::fixtures::{transmission, workspace};
    use super::super::journal_filter::TransmissionFilter;
    use super::super::journal_index::terms;
    use super::*;

    #[tokio::test]
    async fn what_a_partners_files_are_never_called_is_looked_for_by_one_trigram_and_found_where_it_is_all_the_same() {
        let (_guard, workspace) = workspace().await;
        let mut batch = workspace.begin().await.unwrap();
        for number in 0..300_u32 {
            let mut entry = transmission(number);
            let large = number.is_multiple_of(2);
            entry.connection = Some(if large { "large" } else { "other" }.parse().unwrap());
            let name = match number {
                // One that nobody would look for among them.
                20 => "the_order_of_all",
                _ if large => "ordinary_newest",
                _ => "order_newest",
            };
            entry.file = Some(format!("{name}-{number}.edi"));
            batch.begin_transmission(&entry, As2Pair::default()).await.unwrap();
        }
        batch.commit().await.unwrap();
        let filter = |connection: &str, text: &str| TransmissionFilter {
            connection: Some(connection.parse().unwrap()),
            search: Some(text.to_owned()),
            ..TransmissionFilter::default()
        };
        let mut session = workspace.reading("look").await.unwrap();
        for (connection, text, thin) in [
            ("large", "order_", true),
            ("other", "order_", false),
            ("large", "ordinary_", false),
            ("large", "ord", false),
        ] {
            let wanted = filter(connection, text);
            let terms = terms(&mut session, "look", &wanted).await.unwrap().unwrap();
            let expression = thinned(&mut session, "look", text, &terms).await.unwrap();
            assert_eq!(expression.is_some(), thin, "{connection} {text}: {expression:?}");
            if let Some(expression) = expression {
                assert_eq!(expression.matches(" AND ").count(), 1, "{expression}");
            }
        }
        drop(session);
        let (found, _) = workspace.transmissions(&filter("large", "order_")).await.unwrap();
        assert_eq!(
            found.iter().filter_map(|each| each.file.as_deref()).collect::<Vec<_>>(),
            ["the_order_of_all-20.edi"]
        );
        assert_eq!(workspace.count_transmissions(&filter("other", "order_")).await.unwrap(), 150);
    }
}
