//! What became of a filter's transmissions, counted: in stretches of time, by cause, by partner.

use jiff::Timestamp;

use crate::domain::identifier::IdentifierError;
use crate::domain::summary::{Bucket, CauseCount, Latency, PartnerCount, Tally};

use super::error::StoreError;
use super::journal::nanoseconds;
use super::journal_filter::TransmissionFilter;
use super::journal_query::{AHEAD, counted};
use super::session::column;
use super::workspace::Workspace;

/// The most causes, and the most partners, that are told apart.
const MOST_KINDS: i64 = 200;

const DOING: &str = "sum the transmissions up";

/// What one row says of a stretch of time: how many came to what, then how long each receipt took.
const TOLD: &str = "count(*) FILTER (WHERE t.standing = 5 AND t.received IS NULL) || ' ' || count(t.received) || ' ' || \
     count(*) FILTER (WHERE t.standing = 0) || ' ' || count(*) FILTER (WHERE t.standing IN (1, 2, 3)) || ' ' || count(*) FILTER (WHERE t.standing = 4) || ' ' || \
     coalesce(group_concat(t.receipt_ms, ' '), '')";

impl Workspace {
    /// What became of a filter's transmissions in stretches of time that follow each other, and of all together. What is
    /// before the first is counted in it, and what is after the last in that: each is counted once.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn sum_up(
        &self,
        filter: &TransmissionFilter,
        stretches: &[(Timestamp, Timestamp)],
    ) -> Result<(Vec<Bucket>, Tally, Option<Latency>), StoreError> {
        let bare = |(from, until): &(Timestamp, Timestamp)| Bucket {
            from: *from,
            until: *until,
            tally: Tally::default(),
            receipt: None,
        };
        let mut buckets: Vec<Bucket> = stretches.iter().map(bare).collect();
        let (mut total, mut times) = (Tally::default(), Vec::new());
        let mut session = self.reading(DOING).await?;
        let Some((source, number, writing)) = counted(&mut session, DOING, filter).await? else {
            return Ok((buckets, total, None));
        };
        let Some(values) = values(stretches) else { return Ok((buckets, total, None)) };
        let mut wheres = writing.conditions.clone();
        wheres.push(format!("{number} BETWEEN lowest AND highest AND t.at_ns >= since AND t.at_ns < until"));
        // Each stretch is walked by itself, in the order of the table: nothing is sorted, however many there are.
        let text = format!(
            "WITH stretches (place, since, until, lowest, highest) AS (VALUES {values}) \
             SELECT place, (SELECT {TOLD} FROM {source} WHERE {}) AS told FROM stretches",
            wheres.join(" AND ")
        );
        for row in session.rows(DOING, writing.statement(text)).await? {
            let place: i64 = column(&row, "place")?;
            let told: String = column(&row, "told")?;
            let Some(bucket) = usize::try_from(place).ok().and_then(|place| buckets.get_mut(place)) else { continue };
            let mut numbers = told.split(' ').filter(|number| !number.is_empty()).map(str::parse::<u64>);
            let mut next = || numbers.next().and_then(Result::ok).unwrap_or_default();
            bucket.tally =
                Tally { delivered: next(), received: next(), failed: next(), open: next(), cancelled: next() };
            let mut own: Vec<u64> = numbers.filter_map(Result::ok).collect();
            bucket.receipt = Latency::of(&mut own);
            total = total.and(bucket.tally);
            times.append(&mut own);
        }
        Ok((buckets, total, Latency::of(&mut times)))
    }

    /// A filter's failures by cause and by partner, the most frequent first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn failures(
        &self,
        filter: &TransmissionFilter,
    ) -> Result<(Vec<CauseCount>, Vec<PartnerCount>), StoreError> {
        let filter = TransmissionFilter { failed: true, ..filter.clone() };
        let mut causes = Vec::new();
        for (cause, failed) in self.failures_by("cause", &filter).await? {
            causes.push(CauseCount { cause, failed });
        }
        let mut partners = Vec::new();
        for (connection, failed) in self.failures_by("connection", &filter).await? {
            let connection = connection
                .filter(|id| !id.is_empty())
                .map(|id| id.parse())
                .transpose()
                .map_err(StoreError::damaged::<IdentifierError>("the list of transmissions"))?;
            partners.push(PartnerCount { connection, failed });
        }
        Ok((causes, partners))
    }

    async fn failures_by(
        &self,
        kind: &'static str,
        filter: &TransmissionFilter,
    ) -> Result<Vec<(Option<String>, u64)>, StoreError> {
        let mut session = self.reading(DOING).await?;
        let Some((source, _, mut writing)) = counted(&mut session, DOING, filter).await? else {
            return Ok(Vec::new());
        };
        let wheres = writing.wheres();
        let most = writing.number(MOST_KINDS);
        let text = format!(
            "SELECT (SELECT value FROM listed_values WHERE code = kind_code) AS value, number FROM \
             (SELECT t.{kind} AS kind_code, count(*) AS number FROM {source}{wheres} GROUP BY t.{kind}) \
             ORDER BY number DESC, value LIMIT {most}"
        );
        let rows = session.rows(DOING, writing.statement(text)).await?;
        rows.iter().map(|row| Ok((column(row, "value")?, column::<i64>(row, "number")?.unsigned_abs()))).collect()
    }
}

/// The stretches as rows of a statement: their places, their instants, and the numbers between which theirs are. Nothing
/// where there are none.
fn values(stretches: &[(Timestamp, Timestamp)]) -> Option<String> {
    let last = stretches.len().checked_sub(1)?;
    let row = |(place, (from, until)): (usize, &(Timestamp, Timestamp))| {
        let since = if place == 0 { i64::MIN + 1 } else { nanoseconds(*from) };
        let until = if place == last { i64::MAX } else { nanoseconds(*until) };
        let lowest = since.div_euclid(1_000_000);
        let highest = until.div_euclid(1_000_000).saturating_add(AHEAD);
        format!("({place}, {since}, {until}, {lowest}, {highest})")
    };
    Some(stretches.iter().enumerate().map(row).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::super::As2Pair;
    use super::super::fixtures::{behind_its_back, now, transmission, workspace};
    use super::super::journal_list::tests::{filters, holds, journalled};
    use super::*;
    use crate::domain::summary::{Step, stretches};
    use crate::domain::transmission::{Light, Stage, StageName, StageStatus, Transmission, Verdict};

    /// What became of some, told in the plainest way.
    fn tally<'a>(entries: impl Iterator<Item = &'a Transmission>) -> Tally {
        let mut tally = Tally::default();
        for entry in entries {
            match entry.verdict {
                Verdict::Delivered => tally.delivered += 1,
                Verdict::Received => tally.received += 1,
                Verdict::Failed | Verdict::Refused => tally.failed += 1,
                Verdict::Cancelled => tally.cancelled += 1,
                Verdict::Uncertain | Verdict::Pending | Verdict::Sending | Verdict::Queued => tally.open += 1,
            }
        }
        tally
    }

    #[tokio::test]
    async fn every_transmission_of_every_filter_is_counted_once_in_its_stretch_and_the_sum_is_the_count() {
        let (_guard, workspace, journal) = journalled().await;
        // A hundred seconds, in stretches of seven that do not reach to either end.
        let second = |second: i64| Timestamp::from_second(now().as_second() + second).unwrap();
        let stretches: Vec<_> = (1..12).map(|place| (second(place * 7), second(place * 7 + 7))).collect();
        for filter in filters() {
            let (buckets, total, _) = workspace.sum_up(&filter, &stretches).await.unwrap();
            assert_eq!(total, tally(journal.iter().filter(|entry| holds(&filter, entry))), "{filter:?}");
            assert_eq!(total.total(), workspace.count_transmissions(&filter).await.unwrap(), "{filter:?}");
            for (place, bucket) in buckets.iter().enumerate() {
                let within = |entry: &&Transmission| {
                    holds(&filter, entry)
                        && (place == 0 || entry.at >= bucket.from)
                        && (place == buckets.len() - 1 || entry.at < bucket.until)
                };
                assert_eq!(bucket.tally, tally(journal.iter().filter(within)), "{place} of {filter:?}");
            }
            let (causes, partners) = workspace.failures(&filter).await.unwrap();
            assert_eq!(causes.iter().map(|each| each.failed).sum::<u64>(), total.failed, "{filter:?}");
            assert_eq!(partners.iter().map(|each| each.failed).sum::<u64>(), total.failed, "{filter:?}");
            assert!(causes.windows(2).all(|pair| pair[0].failed >= pair[1].failed));
            for each in causes {
                let of = |entry: &&Transmission| {
                    holds(&filter, entry) && entry.failed() && entry.cause() == each.cause.as_deref()
                };
                assert_eq!(each.failed, journal.iter().filter(of).count() as u64, "{filter:?}");
            }
            for each in partners {
                let of = |entry: &&Transmission| {
                    holds(&filter, entry) && entry.failed() && entry.connection == each.connection
                };
                assert_eq!(each.failed, journal.iter().filter(of).count() as u64, "{filter:?}");
            }
        }
    }

    /// A message that was sent, and whose receipt came after so many milliseconds.
    fn answered(number: u32, ms: u64) -> Transmission {
        let mut entry = transmission(number);
        let stage = |stage, started, ms| Stage { stage, status: StageStatus::Good, started, ms, detail: String::new() };
        let arrived = entry.at.checked_add(jiff::SignedDuration::from_millis(50 + ms.cast_signed())).unwrap();
        entry.stages = vec![stage(StageName::Sent, entry.at, 50), stage(StageName::Receipt, arrived, 0)];
        (entry.verdict, entry.lights.receipt) = (Verdict::Delivered, Light::Good);
        entry
    }

    #[tokio::test]
    async fn receipts_are_timed_when_they_come_and_those_of_before_when_the_workspace_is_brought_up_to_date() {
        let (guard, workspace) = workspace().await;
        for number in 1..=20 {
            let entry = answered(number, u64::from(number) * 100);
            // As it happens: journalled, its stages appended, its outcome written.
            let bare = Transmission::new(entry.id, entry.message_id.clone(), entry.at, entry.direction);
            workspace.begin_transmission(&bare, As2Pair::default()).await.unwrap();
            for stage in &entry.stages {
                workspace.append_stage(entry.id, 1, stage).await.unwrap();
            }
            workspace.update_transmission(&entry).await.unwrap();
        }
        let mut none = answered(21, 7);
        none.lights.receipt = Light::Missing;
        workspace.begin_transmission(&none, As2Pair::default()).await.unwrap();
        let until = Timestamp::from_second(now().as_second() + 60).unwrap();
        let (_, stretches) = stretches(now(), until, Step::Hour, &TimeZone::UTC);
        let expected = Some(Latency { receipts: 20, median_ms: 1_000, p95_ms: 1_900 });
        let every = TransmissionFilter::default();
        let (buckets, total, receipt) = workspace.sum_up(&every, &stretches).await.unwrap();
        assert_eq!((buckets[0].receipt, receipt, total.delivered), (expected, expected, 21));
        workspace.close().await;
        // As if it had been made by a program that did not time them.
        let folder = guard.path().join("w");
        behind_its_back(
            &folder,
            "DROP TABLE audit; DROP TABLE command_runs; DROP TABLE outbox_troubles; DROP TABLE outbox_files; DROP TABLE folders;
             DROP TRIGGER transmissions_held; DROP TRIGGER transmissions_moved; DROP TABLE holdings; DROP TABLE removals;
             DROP TABLE retention_marks; DROP TABLE retention_runs;
             DROP TRIGGER transmissions_answered; DROP TRIGGER listed_deleted; DROP TRIGGER listed_inserted;
             DROP TRIGGER listed_updated; DROP VIEW tally; DROP TABLE tallied; DROP TABLE searched;
             DROP TRIGGER transmissions_updated; DROP INDEX listed_failures_by_size; DROP VIEW listable;
             CREATE VIEW listable AS SELECT id AS transmission, at_ns, direction, '' AS connection, '' AS profile,
                 payload_bytes, verdict, 5 AS standing, cause, file, document_type, control_numbers, message_id, '' AS words
                 FROM transmissions;
             DROP INDEX transmissions_by_imprint; ALTER TABLE transmissions DROP COLUMN imprint;
             ALTER TABLE transmissions DROP COLUMN receipt_ms; ALTER TABLE transmissions DROP COLUMN folded;
             CREATE TRIGGER transmissions_updated AFTER UPDATE ON transmissions BEGIN SELECT 1; END;
             CREATE TRIGGER listed_inserted AFTER INSERT ON listed BEGIN SELECT 1; END;
             CREATE TRIGGER listed_updated AFTER UPDATE ON listed BEGIN SELECT 1; END;
             DELETE FROM schema_versions WHERE version > 9; PRAGMA user_version = 9",
        )
        .await;
        let location = super::super::fixtures::at(&folder);
        let workspace =
            Workspace::open_existing(&location, &super::super::Unlock::none(), now()).await.unwrap().unwrap();
        let (_, _, receipt) = workspace.sum_up(&every, &stretches).await.unwrap();
        assert_eq!(receipt, expected);
    }
}
