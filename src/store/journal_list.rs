//! Looking through the journal: lists page by page, and finding one transmission.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use sqlx::any::AnyRow;
use uuid::Uuid;

use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Direction, TransmissionId, Verdict};

use super::error::StoreError;
use super::journal::{As2Pair, key, nanoseconds};
use super::session::{Statement, column, parsed, sql};
use super::workspace::Workspace;

/// The most transmissions on one page.
const MOST_LIMIT: usize = 10_000;
/// How many of one message are looked at.
const MOST_OF_ONE: i64 = 100;

/// Which transmissions a list holds. The default is the newest hundred of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransmissionFilter {
    /// Only those that failed or were refused.
    pub failed: bool,
    /// Only those of this verdict.
    pub verdict: Option<Verdict>,
    /// Only those that went this way.
    pub direction: Option<Direction>,
    /// Only those of this connection.
    pub connection: Option<ConnectionId>,
    /// Only those of this profile.
    pub profile: Option<ProfileKind>,
    /// Only those journalled at this instant or later.
    pub since: Option<Timestamp>,
    /// Only those journalled before this instant.
    pub until: Option<Timestamp>,
    /// At most this many; 1 to 10,000.
    pub limit: usize,
    /// Only those after this place in the list: the page that follows.
    pub after: Option<Cursor>,
}

impl Default for TransmissionFilter {
    fn default() -> Self {
        Self {
            failed: false,
            verdict: None,
            direction: None,
            connection: None,
            profile: None,
            since: None,
            until: None,
            limit: 100,
            after: None,
        }
    }
}

/// A place in the list of transmissions, from which a next page goes on. As text it is opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    at_ns: i64,
    id: TransmissionId,
}

/// A text that is no place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not what an earlier list gave as the place of its next page")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at_ns, self.id.simple())
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (at, id) = text.split_once('.').ok_or(CursorError)?;
        Ok(Self {
            at_ns: at.parse().map_err(|_not_a_number| CursorError)?,
            id: Uuid::try_parse(id).map_err(|_not_an_id| CursorError)?,
        })
    }
}

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
}

/// Why the beginning of an id names no one transmission.
#[derive(Debug, thiserror::Error)]
pub enum PrefixError {
    /// Not the beginning of an id, or too short.
    #[error("`{given}` is not a transmission's id, nor its first 8 or more digits")]
    Form {
        /// What was given, cut to 60 characters.
        given: String,
    },
    /// None begins so.
    #[error("there is no transmission `{given}` in this workspace")]
    None {
        /// What was given.
        given: String,
    },
    /// Several begin so.
    #[error("several transmissions begin with `{given}`, such as {first} and {second}; give more digits")]
    Several {
        /// What was given.
        given: String,
        /// The newest of them.
        first: TransmissionId,
        /// The one before.
        second: TransmissionId,
    },
    /// The journal could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const COLUMNS: &str = "SELECT id, message_id, at_ns, direction, connection, profile, file, payload_bytes, verdict, cause FROM transmissions";

impl Workspace {
    /// Transmissions, the newest first, and the place of the next page where there is one.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn transmissions(
        &self,
        filter: &TransmissionFilter,
    ) -> Result<(Vec<TransmissionSummary>, Option<Cursor>), StoreError> {
        const DOING: &str = "list the transmissions";
        let limit = filter.limit.clamp(1, MOST_LIMIT);
        let rows = self.reading(DOING).await?.rows(DOING, page(filter, limit + 1)).await?;
        let mut found = rows.iter().map(summary).collect::<Result<Vec<_>, _>>()?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| Cursor { at_ns: nanoseconds(last.at), id: last.id });
        Ok((found, next))
    }

    /// Transmissions that are not settled: queued, being sent, or waiting for an asynchronous receipt; the newest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn unsettled(&self) -> Result<Vec<TransmissionSummary>, StoreError> {
        const DOING: &str = "list the unsettled transmissions";
        let statement =
            sql("SELECT id, message_id, at_ns, direction, connection, profile, file, payload_bytes, verdict, cause
             FROM transmissions WHERE verdict IN ('queued', 'sending', 'pending') ORDER BY at_ns DESC, id DESC");
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(summary).collect()
    }

    /// The transmissions since an instant whose payload has more than so many bytes, the newest first, at most a hundred.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn large(&self, more_than: u64, since: Timestamp) -> Result<Vec<TransmissionSummary>, StoreError> {
        const DOING: &str = "list the large transmissions";
        let statement =
            sql("SELECT id, message_id, at_ns, direction, connection, profile, file, payload_bytes, verdict, cause
             FROM transmissions WHERE at_ns >= $1 AND payload_bytes > $2 ORDER BY at_ns DESC, id DESC LIMIT 100")
            .bind(nanoseconds(since))
            .bind(i64::try_from(more_than).unwrap_or(i64::MAX));
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(summary).collect()
    }

    /// The newest message sent to each profile that anything was sent to.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn last_sent(&self) -> Result<Vec<TransmissionSummary>, StoreError> {
        const DOING: &str = "list what was sent last";
        // Ids are UUIDs of version 7: the greatest is the newest.
        let statement =
            sql("SELECT id, message_id, at_ns, direction, connection, profile, file, payload_bytes, verdict, cause
             FROM transmissions WHERE id IN (SELECT MAX(id) FROM transmissions
             WHERE direction = 'outbound' AND connection IS NOT NULL GROUP BY connection, profile)");
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(summary).collect()
    }

    /// The messages that were received under this Message-ID between these AS2 identifiers and processed, the oldest first.
    /// `from` and `to` are as the message has them. More than one is a message that came again.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn find_received(
        &self,
        from: &str,
        to: &str,
        message_id: &str,
    ) -> Result<Vec<TransmissionSummary>, StoreError> {
        const DOING: &str = "look for a message";
        let statement =
            sql("SELECT id, message_id, at_ns, direction, connection, profile, file, payload_bytes, verdict, cause
             FROM transmissions WHERE message_id = $1 AND direction = 'inbound' AND our_as2_id = $2 AND partner_as2_id = $3
             AND verdict = 'received' ORDER BY at_ns, id LIMIT $4")
            .bind(message_id.to_owned())
            .bind(to.to_owned())
            .bind(from.to_owned())
            .bind(MOST_OF_ONE);
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(summary).collect()
    }

    /// The messages that came under this Message-ID between these AS2 identifiers, whatever became of them, the oldest
    /// first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn find_arrived(
        &self,
        from: &str,
        to: &str,
        message_id: &str,
    ) -> Result<Vec<TransmissionId>, StoreError> {
        const DOING: &str = "look for a message";
        let statement = sql("SELECT id FROM transmissions WHERE message_id = $1 AND direction = 'inbound'
             AND our_as2_id = $2 AND partner_as2_id = $3 ORDER BY at_ns, id LIMIT $4")
        .bind(message_id.to_owned())
        .bind(to.to_owned())
        .bind(from.to_owned())
        .bind(MOST_OF_ONE);
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(|row| parsed(row, "id")).collect()
    }

    /// What was sent under one of these spellings of a Message-ID, the newest first; before all others what went between
    /// these AS2 identifiers.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn find_sent(
        &self,
        message_ids: [&str; 3],
        as2: As2Pair<'_>,
    ) -> Result<Vec<TransmissionSummary>, StoreError> {
        const DOING: &str = "look for a message";
        let [one, two, three] = message_ids;
        let statement =
            sql("SELECT id, message_id, at_ns, direction, connection, profile, file, payload_bytes, verdict, cause
             FROM transmissions WHERE message_id IN ($1, $2, $3) AND direction = 'outbound'
             ORDER BY CASE WHEN our_as2_id = $4 AND partner_as2_id = $5 THEN 0 ELSE 1 END, at_ns DESC, id DESC LIMIT $6")
            .bind(one.to_owned())
            .bind(two.to_owned())
            .bind(three.to_owned())
            .bind(as2.ours.unwrap_or_default().to_owned())
            .bind(as2.partner.unwrap_or_default().to_owned())
            .bind(MOST_OF_ONE);
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(summary).collect()
    }

    /// The transmission whose id begins with these 8 or more hex digits, hyphens as one likes.
    ///
    /// # Errors
    /// Where it is not such a beginning, none or several begin so, or the database cannot be read.
    pub async fn resolve_id(&self, prefix: &str) -> Result<TransmissionId, PrefixError> {
        const DOING: &str = "look for a transmission";
        let given: String = prefix.chars().take(60).collect();
        let digits: String = prefix.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
        if !(8..=32).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(PrefixError::Form { given });
        }
        // `g` is greater than every hex digit.
        let statement = sql("SELECT id FROM transmissions WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT 2")
            .bind(digits.clone())
            .bind(format!("{digits}g"));
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        let ids = rows.iter().map(|row| parsed::<Uuid>(row, "id")).collect::<Result<Vec<_>, _>>()?;
        match ids[..] {
            [] => Err(PrefixError::None { given }),
            [only] => Ok(only),
            [first, second, ..] => Err(PrefixError::Several { given, first, second }),
        }
    }
}

/// The statement for one page.
fn page(filter: &TransmissionFilter, limit: usize) -> Statement {
    let text = page_text(filter);
    // The text is put together from this file's own words; every value is an argument.
    let mut statement: Statement = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(filter.since.map_or(i64::MIN, nanoseconds))
        .bind(filter.until.map_or(i64::MAX, nanoseconds))
        .bind(filter.after.map_or(i64::MAX, |place| place.at_ns))
        // Without a place, `~`: greater than every hex digit.
        .bind(filter.after.map_or_else(|| "~".to_owned(), |place| key(place.id)))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
    for value in values(filter) {
        statement = statement.bind(value);
    }
    statement
}

/// The columns that a filter compares, beside time.
const COMPARED: [&str; 4] = ["connection", "profile", "direction", "verdict"];

/// The values a filter compares with, in the order of [`COMPARED`].
fn compared(filter: &TransmissionFilter) -> [Option<String>; 4] {
    [
        filter.connection.as_ref().map(ToString::to_string),
        filter.profile.map(|profile| profile.to_string()),
        filter.direction.map(|direction| direction.to_string()),
        filter.verdict.map(|verdict| verdict.to_string()),
    ]
}

fn values(filter: &TransmissionFilter) -> impl Iterator<Item = String> {
    compared(filter).into_iter().flatten()
}

fn page_text(filter: &TransmissionFilter) -> String {
    use fmt::Write as _;
    let mut text = format!("{COLUMNS} WHERE at_ns >= $1 AND at_ns <= $2 AND (at_ns, id) < ($3, $4)");
    if filter.until.is_some() {
        text.push_str(" AND at_ns < $2");
    }
    if filter.failed {
        text.push_str(" AND failed = 1");
    }
    let present = COMPARED.iter().zip(compared(filter)).filter(|(_, value)| value.is_some());
    for (number, (name, _)) in (6..).zip(present) {
        // Writing to a String does not fail.
        write!(text, " AND {name} = ${number}").unwrap_or_default();
    }
    text.push_str(" ORDER BY at_ns DESC, id DESC LIMIT $5");
    text
}

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
        id,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::As2Pair;
    use super::super::fixtures::{now, transmission, workspace};
    use super::*;

    #[tokio::test]
    async fn a_thousand_transmissions_are_listed_page_by_page_each_once() {
        let (_guard, workspace) = workspace().await;
        let mut batch = workspace.begin().await.unwrap();
        let mut ids = Vec::new();
        for number in 0..1000 {
            // Seven share each second: the order must not rest on the time alone.
            let mut entry = transmission(number / 7);
            entry.message_id = format!("<{number}@acme>");
            entry.verdict = if number % 10 == 0 { Verdict::Failed } else { Verdict::Delivered };
            entry.connection = Some(if number % 4 == 0 { "one" } else { "two" }.parse().unwrap());
            batch.begin_transmission(&entry, As2Pair::default()).await.unwrap();
            ids.push(entry.id);
        }
        batch.commit().await.unwrap();

        let mut seen = Vec::new();
        let mut filter = TransmissionFilter { limit: 300, ..TransmissionFilter::default() };
        let mut pages = 0;
        loop {
            let (page, next) = workspace.transmissions(&filter).await.unwrap();
            pages += 1;
            seen.extend(page);
            let Some(next) = next else { break };
            filter.after = Some(next.to_string().parse().unwrap());
        }
        assert_eq!(pages, 4);
        assert!(seen.windows(2).all(|pair| (pair[0].at, pair[0].id) > (pair[1].at, pair[1].id)));
        let all: BTreeSet<_> = seen.iter().map(|entry| entry.id).collect();
        assert_eq!((seen.len(), all), (1000, ids.iter().copied().collect()));

        let count = async |filter: TransmissionFilter| {
            workspace.transmissions(&TransmissionFilter { limit: 1000, ..filter }).await.unwrap().0.len()
        };
        let every = TransmissionFilter::default;
        let one = Some("one".parse().unwrap());
        assert_eq!(count(TransmissionFilter { failed: true, ..every() }).await, 100);
        assert_eq!(count(TransmissionFilter { connection: one.clone(), ..every() }).await, 250);
        assert_eq!(count(TransmissionFilter { connection: one, failed: true, ..every() }).await, 50);
        assert_eq!(count(TransmissionFilter { verdict: Some(Verdict::Delivered), ..every() }).await, 900);
        assert_eq!(count(TransmissionFilter { direction: Some(Direction::Inbound), ..every() }).await, 0);
        let tenth = Timestamp::from_second(now().as_second() + 10).unwrap();
        assert_eq!(count(TransmissionFilter { since: Some(tenth), ..every() }).await, 930);
        assert_eq!(count(TransmissionFilter { until: Some(tenth), ..every() }).await, 70);
    }

    #[tokio::test]
    async fn lists_rest_on_an_index() {
        let (_guard, workspace) = workspace().await;
        let every = TransmissionFilter::default;
        let mut session = workspace.reading("explain").await.unwrap();
        for (filter, index) in [
            (every(), "transmissions_by_time"),
            (TransmissionFilter { failed: true, ..every() }, "transmissions_by_failure"),
            (TransmissionFilter { connection: Some("one".parse().unwrap()), ..every() }, "transmissions_by_connection"),
            (TransmissionFilter { verdict: Some(Verdict::Pending), ..every() }, "transmissions_by_verdict"),
        ] {
            let text = format!("EXPLAIN QUERY PLAN {}", page_text(&filter));
            let mut statement: Statement = sqlx::query(sqlx::AssertSqlSafe(text)).bind(0_i64).bind(0_i64).bind(0_i64);
            statement = statement.bind(String::new()).bind(1_i64).bind(String::new());
            let rows = session.rows("explain", statement).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| column(row, "detail").unwrap()).collect();
            assert!(plan.iter().any(|line| line.contains(index)), "{plan:?}");
            assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:?}");
        }
    }

    #[tokio::test]
    async fn a_message_is_found_by_its_id_between_its_partners_alone() {
        let (_guard, workspace) = workspace().await;
        let mut received = transmission(0);
        received.direction = Direction::Inbound;
        received.verdict = Verdict::Received;
        let pair = As2Pair { ours: Some("ACME"), partner: Some("PARTNER") };
        workspace.begin_transmission(&received, pair).await.unwrap();
        let find = async |from, to, id| workspace.find_received(from, to, id).await.unwrap();
        assert_eq!(find("PARTNER", "ACME", "<0@acme>").await[0].id, received.id);
        assert_eq!(find("OTHER", "ACME", "<0@acme>").await.len(), 0);
        assert_eq!(find("ACME", "PARTNER", "<0@acme>").await.len(), 0);
        assert_eq!(find("PARTNER", "ACME", "<0@ACME>").await.len(), 0);
        // Of those that came again the first stands first, however many there are; what was refused is not among them.
        let mut batch = workspace.begin().await.unwrap();
        for number in 1..=150 {
            let mut again = transmission(number);
            again.message_id.clone_from(&received.message_id);
            again.direction = Direction::Inbound;
            again.verdict = if number % 2 == 0 { Verdict::Received } else { Verdict::Refused };
            batch.begin_transmission(&again, pair).await.unwrap();
        }
        batch.commit().await.unwrap();
        let found = find("PARTNER", "ACME", "<0@acme>").await;
        assert_eq!((found.len(), found[0].id), (76, received.id));
        assert!(workspace.unsettled().await.unwrap().is_empty());
        workspace.begin_transmission(&transmission(1), pair).await.unwrap();
        assert_eq!(workspace.unsettled().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_beginning_of_an_id_is_enough_where_only_one_has_it() {
        let (_guard, workspace) = workspace().await;
        // The first 48 bits of the two are the same millisecond.
        let (one, other, later) = (transmission(0), transmission(0), transmission(86_400));
        for entry in [&one, &other, &later] {
            workspace.begin_transmission(entry, As2Pair::default()).await.unwrap();
        }
        let text = later.id.to_string();
        assert_eq!(workspace.resolve_id(&text).await.unwrap(), later.id);
        assert_eq!(workspace.resolve_id(&text[..8].to_uppercase()).await.unwrap(), later.id);
        assert_eq!(workspace.resolve_id(&one.id.simple().to_string()).await.unwrap(), one.id);
        let several = workspace.resolve_id(&one.id.to_string()[..13]).await;
        assert!(matches!(several, Err(PrefixError::Several { .. })));
        assert!(matches!(workspace.resolve_id("00000000").await, Err(PrefixError::None { .. })));
        for wrong in [&text[..7], "not-an-id-at-all", "%%%%%%%%", "", &format!("{text}0")] {
            assert!(matches!(workspace.resolve_id(wrong).await, Err(PrefixError::Form { .. })), "{wrong}");
        }
    }
}
