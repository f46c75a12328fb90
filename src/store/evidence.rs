//! What the journal proves of each profile, and what came to what: for the report.

use jiff::Timestamp;

use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Direction, Lights, Transmission, TransmissionId, Verdict};

use super::error::StoreError;
use super::journal::nanoseconds;
use super::session::{column, from_json, parsed, sql};
use super::workspace::Workspace;

/// How many messages of a profile came to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictCount {
    /// The connection; nothing where they belong to none.
    pub connection: Option<ConnectionId>,
    /// The profile.
    pub profile: Option<ProfileKind>,
    /// Which way they went.
    pub direction: Direction,
    /// What they came to.
    pub verdict: Verdict,
    /// How many.
    pub number: u64,
}

/// A message that was delivered: with everything good that was asked for, which may be nothing. What speaks for it is in its
/// lights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// The transmission.
    pub id: TransmissionId,
    /// Its Message-ID.
    pub message_id: String,
    /// When it was journalled.
    pub at: Timestamp,
    /// Its five lights.
    pub lights: Lights,
}

impl Workspace {
    /// Of each profile the newest message that was delivered, and the newest whose receipt was signed, where that is
    /// another; journalled by an instant, the newest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn last_delivered(&self, until: Timestamp) -> Result<Vec<Delivery>, StoreError> {
        const DOING: &str = "look for the last message that was delivered";
        // Ids are UUIDs of version 7: the greatest is the newest. Only of those few the document is read.
        let statement = sql("SELECT id, at_ns, connection, profile, document FROM transmissions
             WHERE id IN (SELECT MAX(id) FROM transmissions WHERE direction = 'outbound' AND verdict = 'delivered'
                 AND connection IS NOT NULL AND profile IS NOT NULL AND at_ns <= $1 GROUP BY connection, profile)
             OR id IN (SELECT MAX(id) FROM transmissions WHERE direction = 'outbound' AND verdict = 'delivered'
                 AND signed_with IS NOT NULL
                 AND connection IS NOT NULL AND profile IS NOT NULL AND at_ns <= $1 GROUP BY connection, profile)
             ORDER BY id DESC")
        .bind(nanoseconds(until));
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        rows.iter()
            .map(|row| {
                let at: i64 = column(row, "at_ns")?;
                let sent: Transmission = from_json("a transmission", &column::<String>(row, "document")?)?;
                Ok(Delivery {
                    connection: parsed(row, "connection")?,
                    profile: parsed(row, "profile")?,
                    id: sent.id,
                    message_id: sent.message_id,
                    at: Timestamp::from_nanosecond(i128::from(at))
                        .map_err(StoreError::damaged("the instant of a transmission"))?,
                    lights: sent.lights,
                })
            })
            .collect()
    }

    /// How many messages were journalled from an instant up to another, by profile, direction and verdict.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn verdict_counts(&self, since: Timestamp, until: Timestamp) -> Result<Vec<VerdictCount>, StoreError> {
        const DOING: &str = "count the transmissions";
        let statement = sql("SELECT connection, profile, direction, verdict, count(*) AS number FROM transmissions
             WHERE at_ns >= $1 AND at_ns <= $2 GROUP BY connection, profile, direction, verdict
             ORDER BY connection, profile, direction, verdict")
        .bind(nanoseconds(since))
        .bind(nanoseconds(until));
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        rows.iter()
            .map(|row| {
                let connection: Option<String> = column(row, "connection")?;
                let profile: Option<String> = column(row, "profile")?;
                Ok(VerdictCount {
                    connection: connection.map(|_| parsed(row, "connection")).transpose()?,
                    profile: profile.map(|_| parsed(row, "profile")).transpose()?,
                    direction: parsed(row, "direction")?,
                    verdict: parsed(row, "verdict")?,
                    number: column::<i64>(row, "number")?.unsigned_abs(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::As2Pair;
    use super::super::fixtures::{now, transmission, workspace};
    use super::*;
    use crate::domain::certificate::Fingerprint;

    #[tokio::test]
    async fn what_was_delivered_last_and_how_much_came_to_what() {
        let (_guard, workspace) = workspace().await;
        let mut sent = Vec::new();
        for (number, verdict) in [(1, Verdict::Delivered), (2, Verdict::Delivered), (3, Verdict::Failed)] {
            let one = Transmission {
                connection: Some("acme".parse().unwrap()),
                profile: Some(ProfileKind::Test),
                verdict,
                ..transmission(number)
            };
            workspace.begin_transmission(&one, As2Pair::default()).await.unwrap();
            sent.push(one);
        }
        workspace.begin_transmission(&transmission(4), As2Pair::default()).await.unwrap();
        let last = async |until| {
            workspace.last_delivered(until).await.unwrap().into_iter().map(|sent| sent.id).collect::<Vec<_>>()
        };
        assert_eq!(last(Timestamp::MAX).await, [sent[1].id]);
        assert!(last(now()).await.is_empty());
        // The first was signed for; that the second was delivered takes nothing from it.
        sent[0].signed_with = Some(Fingerprint([7; 32]));
        workspace.update_transmission(&sent[0]).await.unwrap();
        assert_eq!(last(Timestamp::MAX).await, [sent[1].id, sent[0].id]);
        sent[1].signed_with = Some(Fingerprint([7; 32]));
        workspace.update_transmission(&sent[1]).await.unwrap();
        assert_eq!(last(Timestamp::MAX).await, [sent[1].id]);
        let counts = workspace.verdict_counts(Timestamp::MIN, Timestamp::MAX).await.unwrap();
        let of =
            |verdict| counts.iter().filter(|count| count.verdict == verdict).map(|count| count.number).sum::<u64>();
        assert_eq!((of(Verdict::Delivered), of(Verdict::Failed)), (2, 1));
        assert_eq!(counts.iter().map(|count| count.number).sum::<u64>(), 4);
        assert!(workspace.verdict_counts(now(), now()).await.unwrap().is_empty(), "all came later");
    }
}
