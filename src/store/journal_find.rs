//! Finding transmissions: by what they are to the rest of the program, by their Message-ID, by the beginning of their id.

use uuid::Uuid;

use crate::domain::repetition::COPIED;
use crate::domain::transmission::TransmissionId;

use super::error::StoreError;
use super::journal::{As2Pair, nanoseconds};
use super::journal_list::{TransmissionSummary, summary};
use super::journal_words::without_words;
use super::session::{parsed, sql};
use super::workspace::Workspace;

/// How many of one message are looked at.
const MOST_OF_ONE: i64 = 100;

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

impl Workspace {
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
    pub async fn large(&self, more_than: u64, since: jiff::Timestamp) -> Result<Vec<TransmissionSummary>, StoreError> {
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
            .bind(without_words(message_id))
            .bind(to.to_owned())
            .bind(from.to_owned())
            .bind(MOST_OF_ONE);
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(summary).collect()
    }

    /// The message of which this one is a copy under another Message-ID, where such a one was received between the same AS2
    /// identifiers and processed: the first of them, before what was a copy itself.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn find_copied(
        &self,
        from: &str,
        to: &str,
        imprint: &str,
        message_id: &str,
    ) -> Result<Option<TransmissionId>, StoreError> {
        const DOING: &str = "look for a message";
        let statement = sql("SELECT id FROM transmissions WHERE imprint = $1 AND direction = 'inbound'
             AND our_as2_id = $2 AND partner_as2_id = $3 AND verdict = 'received' AND message_id <> $4
             ORDER BY CASE WHEN cause = $5 THEN 1 ELSE 0 END, at_ns, id LIMIT 1")
        .bind(imprint.to_owned())
        .bind(to.to_owned())
        .bind(from.to_owned())
        .bind(without_words(message_id))
        .bind(COPIED);
        self.reading(DOING).await?.row(DOING, statement).await?.map(|row| parsed(&row, "id")).transpose()
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
        .bind(without_words(message_id))
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
    .bind(without_words(one))
            .bind(without_words(two))
            .bind(without_words(three))
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

#[cfg(test)]
mod tests {
    use crate::domain::diagnosis::Diagnosis;
    use crate::domain::transmission::{Direction, Verdict};

    use super::super::fixtures::{transmission, workspace};
    use super::*;

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
    async fn a_copy_is_found_of_what_was_processed_for_the_same_pair_under_another_message_id() {
        let (_guard, workspace) = workspace().await;
        let pair = As2Pair { ours: Some("ACME"), partner: Some("PARTNER") };
        let came = |number: u32, verdict: Verdict, imprint: &str| {
            let mut came = transmission(number);
            (came.direction, came.verdict, came.imprint) = (Direction::Inbound, verdict, Some(imprint.to_owned()));
            came
        };
        let (refused, mut first) = (came(0, Verdict::Refused, "aa"), came(2, Verdict::Queued, "aa"));
        let mut copy = came(1, Verdict::Received, "aa");
        copy.diagnosis = Some(Diagnosis { cause: COPIED.to_owned(), ..Diagnosis::default() });
        for each in [&refused, &first, &copy] {
            workspace.begin_transmission(each, pair).await.unwrap();
        }
        let find = async |from, imprint, id: &str| workspace.find_copied(from, "ACME", imprint, id).await.unwrap();
        assert_eq!(find("PARTNER", "aa", "<new@x>").await, Some(copy.id), "a copy counts where its first has gone");
        first.verdict = Verdict::Received;
        workspace.update_transmission(&first).await.unwrap();
        assert_eq!(find("PARTNER", "aa", "<new@x>").await, Some(first.id));
        assert_eq!(find("PARTNER", "aa", &first.message_id).await, Some(copy.id), "its own is a repetition");
        assert_eq!(find("OTHER", "aa", "<new@x>").await, None);
        assert_eq!(find("PARTNER", "bb", "<new@x>").await, None);
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
