//! Looking through the journal: lists page by page, in any order, by any filter.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Direction, TransmissionId, Verdict};

use super::error::StoreError;
use super::journal_filter::{Cursor, Sort, TransmissionFilter};
use super::journal_query::{Question, plan, these};
use super::session::{column, parsed};
use super::workspace::Workspace;

/// The most transmissions on one page.
const MOST_LIMIT: usize = 10_000;

/// A transmission as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TransmissionSummary {
    /// Its number.
    pub id: TransmissionId,
    /// Its Message-ID with angle brackets.
    pub message_id: String,
    /// When it was journalled.
    pub at: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// Its connection, where it belongs to one.
    pub connection: Option<ConnectionId>,
    /// Its profile.
    pub profile: Option<ProfileKind>,
    /// The payload's file name, where it has one.
    pub file: Option<String>,
    /// The payload's size in bytes.
    pub bytes: u64,
    /// How it stands.
    pub verdict: Verdict,
    /// The cause of the verdict in one phrase.
    pub cause: Option<String>,
    /// The type of its document's first message; known of what is listed page by page.
    pub document: Option<String>,
    /// The document's control numbers with a space between them; known as its type is.
    pub control_numbers: Option<String>,
}

impl Workspace {
    /// Transmissions of a filter in its order, and the place of the next page where there is one.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn transmissions(
        &self,
        filter: &TransmissionFilter,
    ) -> Result<(Vec<TransmissionSummary>, Option<Cursor>), StoreError> {
        const DOING: &str = "list the transmissions";
        let limit = filter.limit.clamp(1, MOST_LIMIT);
        let mut session = self.reading(DOING).await?;
        let Some(statement) = plan(&mut session, DOING, filter, Question::Page(limit + 1)).await? else {
            return Ok((Vec::new(), None));
        };
        let rows = session.rows(DOING, statement).await?;
        let found = rows.iter().take(limit).map(listed).collect::<Result<Vec<_>, _>>()?;
        let last = rows.get(limit.saturating_sub(1)).filter(|_| rows.len() > limit);
        let next = last.map(|row| place(row, filter.sort)).transpose()?;
        Ok((found, next))
    }

    /// How many transmissions a filter has in all, whatever the page.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn count_transmissions(&self, filter: &TransmissionFilter) -> Result<u64, StoreError> {
        const DOING: &str = "count the transmissions";
        let mut session = self.reading(DOING).await?;
        let Some(statement) = plan(&mut session, DOING, filter, Question::Count).await? else { return Ok(0) };
        let row = session.row(DOING, statement).await?;
        row.map_or(Ok(0), |row| Ok(column::<i64>(&row, "number")?.unsigned_abs()))
    }

    /// These transmissions, the newest first, as far as there are such.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn these_transmissions(&self, ids: &[TransmissionId]) -> Result<Vec<TransmissionSummary>, StoreError> {
        const DOING: &str = "list the transmissions";
        let mut session = self.reading(DOING).await?;
        let rows = session.rows(DOING, these(ids)).await?;
        rows.iter().map(listed).collect()
    }
}

/// Where a row stands in a list.
fn place(row: &AnyRow, sort: Sort) -> Result<Cursor, StoreError> {
    let key = match sort {
        Sort::Time => None,
        Sort::Connection => Some(column::<Option<String>>(row, "connection")?.unwrap_or_default()),
        Sort::Size => Some(column::<i64>(row, "payload_bytes")?.to_string()),
        Sort::Result => Some(column::<i64>(row, "standing")?.to_string()),
    };
    Ok(Cursor { number: column(row, "number")?, key: key.map(|key| (sort, key)) })
}

/// A row of the list.
fn listed(row: &AnyRow) -> Result<TransmissionSummary, StoreError> {
    Ok(TransmissionSummary {
        document: column(row, "document_type")?,
        control_numbers: column(row, "control_numbers")?,
        ..summary(row)?
    })
}

/// A row of the journal, but for its document.
pub(super) fn summary(row: &AnyRow) -> Result<TransmissionSummary, StoreError> {
    let id: Uuid = parsed(row, "id")?;
    let damaged = || format!("the transmission {id}");
    let optional = |name: &'static str| column::<Option<String>>(row, name);
    Ok(TransmissionSummary {
        message_id: column(row, "message_id")?,
        at: Timestamp::from_nanosecond(i128::from(column::<i64>(row, "at_ns")?))
            .map_err(StoreError::damaged(damaged()))?,
        direction: parsed(row, "direction")?,
        connection: optional("connection")?
            .map(|name| name.parse())
            .transpose()
            .map_err(StoreError::damaged::<crate::domain::identifier::IdentifierError>(damaged()))?,
        profile: optional("profile")?
            .map(|name| name.parse())
            .transpose()
            .map_err(StoreError::damaged::<crate::domain::UnknownWord>(damaged()))?,
        file: optional("file")?,
        bytes: u64::try_from(column::<i64>(row, "payload_bytes")?).unwrap_or(0),
        verdict: parsed(row, "verdict")?,
        cause: optional("cause")?,
        document: None,
        control_numbers: None,
        id,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::As2Pair;
    use super::super::fixtures::{now, transmission, workspace};
    use super::super::journal_filter::SHORTEST_SEARCH;
    use super::*;
    use crate::domain::diagnosis::Diagnosis;
    use crate::domain::document_facts::{DocumentFacts, DocumentMessage, Standard};
    use crate::domain::transmission::Transmission;

    /// A journal of 700 in which all that is filtered by is spread, seven in each second, told out of their order.
    pub(in crate::store) fn journal() -> Vec<Transmission> {
        let places = (0..700_u32).map(|place| place * 463 % 700);
        let mut told: Vec<Transmission> = places.map(told).collect();
        // Something whose sender nobody knows.
        told[5].connection = None;
        told[5].profile = None;
        told
    }

    fn told(number: u32) -> Transmission {
        let mut entry = transmission(number / 7);
        entry.message_id = format!("<{number}-Order@ACME>");
        entry.direction = if number.is_multiple_of(3) { Direction::Inbound } else { Direction::Outbound };
        entry.connection = Some(["one", "two", "three", "four"][(number % 4) as usize].parse().unwrap());
        entry.profile = Some(if number.is_multiple_of(5) { ProfileKind::Test } else { ProfileKind::Production });
        let name = if number.is_multiple_of(13) { "Größe_ÄÖÜ" } else { "PO" };
        entry.file = (!number.is_multiple_of(11)).then(|| format!("{name}_{:05}.edi", number * 7));
        entry.bytes.payload = u64::from(number) * u64::from(number);
        let (verdict, cause) = match number % 10 {
            0 => (Verdict::Failed, Some("MIC mismatch")),
            1 => (Verdict::Refused, Some("It's \"odd\"")),
            2 => (Verdict::Uncertain, None),
            3 => (Verdict::Queued, None),
            4 | 5 if entry.direction == Direction::Inbound => (Verdict::Received, Some("Received")),
            _ => (Verdict::Delivered, Some("Delivered")),
        };
        entry.verdict = verdict;
        entry.diagnosis = cause.map(|cause| Diagnosis { cause: cause.to_owned(), ..Diagnosis::default() });
        if number.is_multiple_of(2) {
            let message = DocumentMessage {
                kind: if number.is_multiple_of(6) { "850" } else { "ORDERS" }.to_owned(),
                number: format!("{:04}", number),
            };
            entry.document = Some(DocumentFacts {
                group_kinds: Vec::new(),
                standard: Standard::X12,
                interchanges: vec![format!("{:09}", number * 13)],
                groups: Vec::new(),
                messages: vec![message],
                answers_interchange: false,
            });
        }
        entry
    }

    /// What a filter means, told in the plainest way.
    pub(in crate::store) fn holds(filter: &TransmissionFilter, entry: &Transmission) -> bool {
        let numbers = entry.document.as_ref().map(|document| document.numbers().collect::<Vec<_>>().join(" "));
        let holds = |text: &str| {
            let has = |field: &str| field.to_lowercase().contains(&text.to_lowercase());
            has(&entry.message_id) || entry.file.as_deref().is_some_and(has) || numbers.as_deref().is_some_and(has)
        };
        (!filter.failed || entry.failed())
            && filter.verdict.is_none_or(|verdict| verdict == entry.verdict)
            && filter.cause.as_deref().is_none_or(|cause| Some(cause) == entry.cause())
            && filter.direction.is_none_or(|direction| direction == entry.direction)
            && (filter.connection.is_none() || filter.connection == entry.connection)
            && (filter.profile.is_none() || filter.profile == entry.profile)
            && filter.since.is_none_or(|since| entry.at >= since)
            && filter.until.is_none_or(|until| entry.at < until)
            && filter.min_bytes.is_none_or(|least| entry.bytes.payload >= least)
            && filter.max_bytes.is_none_or(|most| entry.bytes.payload <= most)
            && filter
                .document
                .as_deref()
                .is_none_or(|kind| entry.document.as_ref().and_then(DocumentFacts::kind) == Some(kind))
            && filter.search.as_deref().is_none_or(|text| text.chars().count() >= SHORTEST_SEARCH && holds(text))
    }

    /// Every filter by itself, some together.
    pub(in crate::store) fn filters() -> Vec<TransmissionFilter> {
        let every = TransmissionFilter::default;
        let at = |second: i64| Some(Timestamp::from_second(now().as_second() + second).unwrap());
        let search = |text: &str| TransmissionFilter { search: Some(text.to_owned()), ..every() };
        let mut all = vec![
            every(),
            TransmissionFilter { failed: true, ..every() },
            TransmissionFilter { verdict: Some(Verdict::Delivered), ..every() },
            TransmissionFilter { verdict: Some(Verdict::Pending), ..every() },
            TransmissionFilter { cause: Some("It's \"odd\"".to_owned()), ..every() },
            TransmissionFilter { cause: Some("never".to_owned()), ..every() },
            TransmissionFilter { direction: Some(Direction::Inbound), ..every() },
            TransmissionFilter { connection: Some("two".parse().unwrap()), ..every() },
            TransmissionFilter { profile: Some(ProfileKind::Test), failed: true, ..every() },
            TransmissionFilter { since: at(10), ..every() },
            TransmissionFilter { until: at(10), ..every() },
            TransmissionFilter { since: at(3), until: at(40), direction: Some(Direction::Outbound), ..every() },
            TransmissionFilter { min_bytes: Some(1_000), max_bytes: Some(99_999), ..every() },
            TransmissionFilter { min_bytes: Some(90_000), max_bytes: Some(130_321), failed: true, ..every() },
            TransmissionFilter { min_bytes: Some(7), max_bytes: Some(3), ..every() },
            TransmissionFilter { max_bytes: Some(0), ..every() },
            TransmissionFilter { min_bytes: Some(1), max_bytes: Some(u64::MAX), ..every() },
            TransmissionFilter { document: Some("850".to_owned()), ..every() },
            TransmissionFilter { document: Some("997".to_owned()), ..every() },
            TransmissionFilter { failed: true, verdict: Some(Verdict::Failed), ..every() },
        ];
        all.extend(
            [
                "-order@acme",
                "ORD",
                "po_",
                "00091",
                "000000013",
                "0-o",
                "zzz",
                "po",
                "\"a b",
                "*:(",
                "ÖÄÜ",
                "äöü",
                "GRÖ",
                "_äöü_0",
            ]
            .map(search),
        );
        let mut both = search("acme>");
        (both.connection, both.document) = (Some("three".parse().unwrap()), Some("ORDERS".to_owned()));
        (both.since, both.min_bytes) = (at(20), Some(500));
        all.push(both);
        all
    }

    /// A workspace with all of the journal.
    pub(in crate::store) async fn journalled() -> (tempfile::TempDir, Workspace, Vec<Transmission>) {
        let (guard, workspace) = workspace().await;
        let journal = journal();
        let mut batch = workspace.begin().await.unwrap();
        for entry in &journal {
            // Journalled before anything was known of it, as it happens.
            let bare = Transmission::new(entry.id, entry.message_id.clone(), entry.at, entry.direction);
            batch.begin_transmission(&bare, As2Pair::default()).await.unwrap();
            batch.update_transmission(entry).await.unwrap();
        }
        batch.commit().await.unwrap();
        (guard, workspace, journal)
    }

    #[tokio::test]
    async fn every_filter_in_every_order_lists_and_counts_just_what_it_means_page_by_page() {
        let (_guard, workspace, journal) = journalled().await;
        for filter in filters() {
            let expected: Vec<&Transmission> = journal.iter().filter(|entry| holds(&filter, entry)).collect();
            let count = workspace.count_transmissions(&filter).await.unwrap();
            assert_eq!(count, expected.len() as u64, "{filter:?}");
            for (sort, reverse) in Sort::ALL.iter().flat_map(|sort| [(*sort, false), (*sort, true)]) {
                let mut filter = TransmissionFilter { sort, reverse, limit: 90, ..filter.clone() };
                let mut seen: Vec<TransmissionSummary> = Vec::new();
                loop {
                    let (page, next) = workspace.transmissions(&filter).await.unwrap();
                    assert!(page.len() == 90 || next.is_none());
                    seen.extend(page);
                    let Some(next) = next else { break };
                    filter.after = Some(next.to_string().parse().unwrap());
                }
                in_order(&seen, sort, reverse);
                let mut ids: Vec<_> = seen.iter().map(|entry| entry.id).collect();
                // Places far down are the same as those that are come to.
                if ids.len() > 50 {
                    filter = TransmissionFilter { after: None, skip: 50, limit: 10, ..filter };
                    let there = workspace.transmissions(&filter).await.unwrap().0;
                    assert_eq!(there.first().map(|entry| entry.id), Some(ids[50]), "{filter:?}");
                }
                ids.sort();
                let mut wanted: Vec<_> = expected.iter().map(|entry| entry.id).collect();
                wanted.sort();
                assert_eq!(ids, wanted, "{filter:?}");
            }
        }
    }

    #[track_caller]
    fn in_order(seen: &[TransmissionSummary], sort: Sort, reverse: bool) {
        let standing = |entry: &TransmissionSummary| match entry.verdict {
            Verdict::Failed | Verdict::Refused => 0,
            Verdict::Uncertain => 1,
            Verdict::Queued => 3,
            _ => 5,
        };
        let id = |entry: &TransmissionSummary| entry.connection.as_ref().map(ToString::to_string);
        let newest = |a: &TransmissionSummary, b: &TransmissionSummary| b.at.cmp(&a.at);
        let ordered = |a: &TransmissionSummary, b: &TransmissionSummary| {
            let by = match sort {
                Sort::Time => newest(a, b),
                Sort::Connection => id(a).cmp(&id(b)).then(newest(a, b)),
                Sort::Size => b.bytes.cmp(&a.bytes).then(newest(a, b)),
                Sort::Result => standing(a).cmp(&standing(b)).then(newest(a, b)),
            };
            if reverse { by.is_ge() } else { by.is_le() }
        };
        assert!(seen.windows(2).all(|pair| ordered(&pair[0], &pair[1])), "{sort} {reverse}");
    }

    #[tokio::test]
    async fn what_can_be_asked_for_is_offered_and_some_are_listed_by_their_numbers() {
        let (_guard, workspace) = workspace().await;
        for entry in journal().iter().take(20) {
            workspace.begin_transmission(entry, As2Pair::default()).await.unwrap();
        }
        let choices = workspace.transmission_choices().await.unwrap();
        assert_eq!(choices.documents, ["850", "ORDERS"]);
        assert_eq!(choices.causes, ["Delivered", "It's \"odd\"", "MIC mismatch", "Received"]);
        let first = workspace.transmissions(&TransmissionFilter { limit: 1, ..TransmissionFilter::default() }).await;
        let first = first.unwrap().0.remove(0);
        let entry = journal().into_iter().take(20).max_by_key(|entry| entry.at).unwrap();
        assert_eq!(first.at, entry.at);
        let these = workspace.these_transmissions(&[first.id, Uuid::nil()]).await.unwrap();
        assert_eq!(these, [first]);
    }
}
