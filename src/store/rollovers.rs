//! Rollovers: what somebody decided about them, and what the journal knows of their profiles.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::certificate::Fingerprint;
use crate::domain::rollover::{Message, ProfileFacts, ProfileKey, Rollover, RolloverId, RolloverProfile};

use super::error::{StoreError, at_most};
use super::journal::nanoseconds;
use super::journal_list::summary;
use super::session::{Session, Statement, column, from_json, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes of a rollover, and of one profile in it.
const MOST: usize = 1024 * 1024;

/// The setting that holds the greatest number of a rollover that was forgotten.
const FORGOTTEN: &str = "rollover_forgotten";

/// So many profiles are written by one statement.
const AT_ONCE: usize = 64;

/// What the journal knows of the profiles of a rollover.
pub type RolloverFacts = HashMap<ProfileKey, ProfileFacts>;

impl Workspace {
    /// Every rollover with its profiles, the newest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn rollovers(&self) -> Result<Vec<Rollover>, StoreError> {
        const DOING: &str = "read the rollovers";
        let mut session = self.reading(DOING).await?;
        let rows = session.rows(DOING, sql("SELECT id, document FROM rollovers ORDER BY id DESC")).await?;
        let mut found = rows.iter().map(rollover).collect::<Result<Vec<_>, _>>()?;
        let rows = session.rows(DOING, sql("SELECT rollover, document FROM rollover_profiles")).await?;
        let mut profiles: HashMap<RolloverId, Vec<RolloverProfile>> = HashMap::new();
        for row in &rows {
            profiles.entry(number(row, "rollover")?).or_default().push(profile(row)?);
        }
        for rollover in &mut found {
            rollover.profiles = sorted(profiles.remove(&rollover.id).unwrap_or_default());
        }
        Ok(found)
    }

    /// One rollover, where there is one of this number.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn rollover(&self, id: RolloverId) -> Result<Option<Rollover>, StoreError> {
        one(&mut self.reading("read a rollover").await?, id).await
    }

    /// What the journal knows of the profiles of a rollover since it was started. Tests are told from documents by the
    /// beginning of their file's name.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn rollover_facts(
        &self,
        id: RolloverId,
        certificate: &Fingerprint,
        since: Timestamp,
        test_prefix: &str,
    ) -> Result<RolloverFacts, StoreError> {
        const DOING: &str = "look for the messages of a rollover";
        let mut session = self.reading(DOING).await?;
        let mut found = RolloverFacts::new();
        let prefix = format!("{test_prefix}%");
        let known = |text: &'static str| {
            sql(text).bind(i64::from(id.0)).bind(nanoseconds(since)).bind(prefix.clone()).bind(certificate.to_hex())
        };
        // Ids are UUIDs of version 7: the greatest is the newest. Every statement takes the same four arguments.
        for (statement, place) in [
            (known(LAST_SENT), place_sent as Place),
            (known(LAST_RECEIVED), place_received),
            (known(LAST_TEST), place_test),
            (known(LAST_SIGNED), place_signed),
            (known(LAST_DELIVERED), place_delivered),
        ] {
            note(&mut session, DOING, statement, &mut found, place).await?;
        }
        Ok(found)
    }
}

type Place = fn(&mut ProfileFacts) -> &mut Option<Message>;

const fn place_sent(facts: &mut ProfileFacts) -> &mut Option<Message> {
    &mut facts.last_sent
}
const fn place_received(facts: &mut ProfileFacts) -> &mut Option<Message> {
    &mut facts.last_received
}
const fn place_test(facts: &mut ProfileFacts) -> &mut Option<Message> {
    &mut facts.last_test
}
const fn place_signed(facts: &mut ProfileFacts) -> &mut Option<Message> {
    &mut facts.signed
}
const fn place_delivered(facts: &mut ProfileFacts) -> &mut Option<Message> {
    &mut facts.delivered
}

macro_rules! newest {
    ($condition:literal) => {
        concat!(
            "SELECT id, message_id, at_ns, direction, connection, profile, file, payload_bytes, verdict, cause
             FROM transmissions WHERE id IN (SELECT MAX(t.id) FROM rollover_profiles p JOIN transmissions t
             ON t.connection = p.connection AND t.profile = p.profile
             WHERE p.rollover = $1 AND t.at_ns >= $2 AND coalesce($3, '') = $3 AND coalesce($4, '') = $4 AND ",
            $condition,
            " GROUP BY p.connection, p.profile)"
        )
    };
}

const LAST_SENT: &str = newest!("t.direction = 'outbound'");
const LAST_RECEIVED: &str = newest!("t.direction = 'inbound'");
const LAST_TEST: &str = newest!("t.direction = 'outbound' AND t.file LIKE $3");
/// The newest transmission that shows the signature, and when that signature was last received: a receipt may come long
/// after its message was journalled.
const LAST_SIGNED: &str =
    "SELECT t.id, t.message_id, s.last_seen_ns AS at_ns, t.direction, t.connection, t.profile, t.file,
         t.payload_bytes, t.verdict, t.cause
     FROM transmissions t JOIN signatures_seen s
     ON s.certificate = t.signed_with AND s.connection = t.connection AND s.profile = t.profile
     WHERE s.last_seen_ns >= $2 AND coalesce($3, '') = $3 AND t.id IN (
         SELECT MAX(newest.id) FROM rollover_profiles p JOIN transmissions newest
         ON newest.signed_with = $4 AND newest.connection = p.connection AND newest.profile = p.profile
         WHERE p.rollover = $1 GROUP BY p.connection, p.profile)";
const LAST_DELIVERED: &str =
    newest!("t.encrypted_for = $4 AND t.verdict = 'delivered' AND t.direction = 'outbound' AND t.file NOT LIKE $3");

async fn note(
    session: &mut Session,
    doing: &'static str,
    statement: Statement,
    found: &mut RolloverFacts,
    place: Place,
) -> Result<(), StoreError> {
    for row in session.rows(doing, statement).await? {
        let summary = summary(&row)?;
        let (Some(connection), Some(profile)) = (summary.connection, summary.profile) else { continue };
        *place(found.entry((connection, profile)).or_default()) = Some(Message {
            id: summary.id,
            at: summary.at,
            direction: summary.direction,
            verdict: summary.verdict,
            cause: summary.cause,
        });
    }
    Ok(())
}

impl Transaction {
    /// The number for a new rollover: none that was ever given, also where that rollover was forgotten since.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn next_rollover(&mut self) -> Result<RolloverId, StoreError> {
        const DOING: &str = "number a rollover";
        let row = self.session.row(DOING, sql("SELECT coalesce(max(id), 0) + 1 AS id FROM rollovers")).await?;
        let next = row.as_ref().map_or(Ok(RolloverId(1)), |row| number(row, "id"))?;
        let forgotten = self.forgotten().await?;
        Ok(forgotten.map_or(next, |last| next.max(RolloverId(last.0.saturating_add(1)))))
    }

    /// The greatest number of a rollover that was forgotten.
    async fn forgotten(&mut self) -> Result<Option<RolloverId>, StoreError> {
        let last = self.meta(FORGOTTEN).await?;
        last.map(|last| last.parse()).transpose().map_err(StoreError::damaged("the number of a forgotten rollover"))
    }

    /// One rollover as it is within this transaction.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn rollover(&mut self, id: RolloverId) -> Result<Option<Rollover>, StoreError> {
        one(&mut self.session, id).await
    }

    /// Keeps a rollover with all its profiles, in the place of what there was of its number.
    ///
    /// # Errors
    /// Where it is too large, or the database cannot be written.
    pub async fn save_rollover(&mut self, rollover: &Rollover) -> Result<(), StoreError> {
        const DOING: &str = "keep a rollover";
        let document = to_json("the rollover", rollover)?;
        at_most("the rollover", document.len(), MOST)?;
        let id = i64::from(rollover.id.0);
        let known = self.session.row(DOING, sql("SELECT id FROM rollovers WHERE id = $1").bind(id)).await?;
        if known.is_none() {
            let note = AuditNote::of(AuditAct::RolloverBegun, rollover.id.to_string());
            self.note(note.with("certificate", None, Some(&rollover.certificate.to_string())));
        }
        let statement = sql("INSERT INTO rollovers (id, certificate, revision, document) VALUES ($1, $2, 1, $3)
             ON CONFLICT (id) DO UPDATE SET certificate = excluded.certificate, document = excluded.document,
                 revision = rollovers.revision + 1")
        .bind(id)
        .bind(rollover.certificate.to_hex())
        .bind(document);
        self.session.execute(DOING, statement).await?;
        for some in rollover.profiles.chunks(AT_ONCE) {
            let row = |index: usize| format!("($1, ${}, ${}, ${})", 3 * index + 2, 3 * index + 3, 3 * index + 4);
            let rows: Vec<String> = (0..some.len()).map(row).collect();
            let text = format!(
                "INSERT INTO rollover_profiles (rollover, connection, profile, document) VALUES {}
                 ON CONFLICT (rollover, connection, profile) DO UPDATE SET document = excluded.document",
                rows.join(", ")
            );
            // Put together from this file's own words; every value is an argument.
            let mut statement = sqlx::query(sqlx::AssertSqlSafe(text)).bind(id);
            for profile in some {
                let document = to_json("the rollover's profile", profile)?;
                at_most("the rollover's profile", document.len(), MOST)?;
                statement =
                    statement.bind(profile.connection.to_string()).bind(profile.profile.as_str()).bind(document);
            }
            self.session.execute(DOING, statement).await?;
        }
        Ok(())
    }

    /// Forgets a rollover. What it did to connections stays.
    ///
    /// # Errors
    /// Where there is none of this number, or the database cannot be written.
    pub async fn remove_rollover(&mut self, id: RolloverId) -> Result<(), StoreError> {
        let statement = sql("DELETE FROM rollovers WHERE id = $1").bind(i64::from(id.0));
        if self.session.execute("forget a rollover", statement).await? == 0 {
            return Err(StoreError::NotFound { what: "rollover", name: id.to_string() });
        }
        self.note(AuditNote::of(AuditAct::RolloverRemoved, id.to_string()));
        if self.forgotten().await?.is_none_or(|last| last < id) {
            self.set_meta(FORGOTTEN, &id.to_string()).await?;
        }
        Ok(())
    }
}

async fn one(session: &mut Session, id: RolloverId) -> Result<Option<Rollover>, StoreError> {
    const DOING: &str = "read a rollover";
    let statement = sql("SELECT id, document FROM rollovers WHERE id = $1").bind(i64::from(id.0));
    let Some(row) = session.row(DOING, statement).await? else { return Ok(None) };
    let mut found = rollover(&row)?;
    let statement = sql("SELECT rollover, document FROM rollover_profiles WHERE rollover = $1").bind(i64::from(id.0));
    let rows = session.rows(DOING, statement).await?;
    found.profiles = sorted(rows.iter().map(profile).collect::<Result<Vec<_>, _>>()?);
    Ok(Some(found))
}

fn sorted(mut profiles: Vec<RolloverProfile>) -> Vec<RolloverProfile> {
    profiles.sort_by(|one, other| (&one.connection, one.profile).cmp(&(&other.connection, other.profile)));
    profiles
}

fn number(row: &AnyRow, name: &'static str) -> Result<RolloverId, StoreError> {
    u32::try_from(column::<i64>(row, name)?).map(RolloverId).map_err(StoreError::damaged("the rollover's number"))
}

fn rollover(row: &AnyRow) -> Result<Rollover, StoreError> {
    let id = number(row, "id")?;
    from_json(&format!("the rollover {id}"), &column::<String>(row, "document")?)
}

fn profile(row: &AnyRow) -> Result<RolloverProfile, StoreError> {
    from_json("a profile of a rollover", &column::<String>(row, "document")?)
}

#[cfg(test)]
mod tests {
    use super::super::As2Pair;
    use super::super::fixtures::{connection, now, transmission, workspace};
    use super::*;
    use crate::domain::identifier::ProfileKind;
    use crate::domain::transmission::{Direction, Transmission, Verdict};

    fn sample(profiles: usize) -> Rollover {
        Rollover {
            id: RolloverId(1),
            name: "Partner".to_owned(),
            certificate: Fingerprint([2; 32]),
            replaces: vec![Fingerprint([1; 32])],
            created: now(),
            activation: None,
            undone: None,
            profiles: sorted(
                (0..profiles)
                    .map(|index| RolloverProfile::new(format!("c-{index}").parse().unwrap(), ProfileKind::Production))
                    .collect(),
            ),
        }
    }

    #[tokio::test]
    async fn a_rollover_comes_back_with_its_profiles_and_is_replaced_by_number() {
        let (_guard, workspace) = workspace().await;
        let mut rollover = sample(150);
        let mut transaction = workspace.begin().await.unwrap();
        assert_eq!(transaction.next_rollover().await.unwrap(), RolloverId(1));
        transaction.save_rollover(&rollover).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(workspace.rollover(RolloverId(1)).await.unwrap().as_ref(), Some(&rollover));
        rollover.profiles[99].note = "called".to_owned();
        let mut transaction = workspace.begin().await.unwrap();
        transaction.save_rollover(&rollover).await.unwrap();
        assert_eq!(transaction.next_rollover().await.unwrap(), RolloverId(2));
        transaction.commit().await.unwrap();
        assert_eq!(workspace.rollovers().await.unwrap(), [rollover]);
        let mut transaction = workspace.begin().await.unwrap();
        transaction.remove_rollover(RolloverId(1)).await.unwrap();
        assert!(transaction.remove_rollover(RolloverId(1)).await.is_err());
        transaction.commit().await.unwrap();
        assert_eq!(workspace.rollovers().await.unwrap(), []);
        let mut transaction = workspace.begin().await.unwrap();
        assert_eq!(transaction.next_rollover().await.unwrap(), RolloverId(2), "no number is given twice");
        drop(transaction);
        assert_eq!(workspace.rollover(RolloverId(1)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn many_connections_are_saved_with_their_revisions_and_unchanged_ones_are_left_alone() {
        let (_guard, workspace) = workspace().await;
        let first: Vec<_> = (0..150).map(|index| connection(&format!("c-{index:03}"), "First")).collect();
        workspace.save_connections(&first, now()).await.unwrap();
        let mut second = first.clone();
        for connection in second.iter_mut().step_by(2) {
            connection.name = "Second".to_owned();
        }
        workspace.save_connections(&second, now()).await.unwrap();
        assert_eq!(workspace.connections().await.unwrap(), second);
        for (index, connection) in first.iter().enumerate() {
            let revisions = workspace.connection_revisions(&connection.id).await.unwrap();
            assert_eq!(revisions.len(), usize::from(index % 2 == 0), "{index}");
        }
        let ids: Vec<_> = first.iter().rev().map(|connection| connection.id.clone()).collect();
        let mut transaction = workspace.begin().await.unwrap();
        assert_eq!(transaction.connections_of(&ids).await.unwrap(), second);
    }

    #[tokio::test]
    async fn facts_are_the_newest_of_each_kind_since_the_start() {
        let (_guard, workspace) = workspace().await;
        let rollover = sample(2);
        let mut transaction = workspace.begin().await.unwrap();
        transaction.save_rollover(&rollover).await.unwrap();
        let of = |second: u32, connection: &str, file: &str, verdict| Transmission {
            connection: Some(connection.parse().unwrap()),
            profile: Some(ProfileKind::Production),
            file: Some(file.to_owned()),
            verdict,
            ..transmission(second)
        };
        let new = Some(rollover.certificate);
        let messages = [
            of(1, "c-0", "countersign-test-1.x12", Verdict::Failed),
            of(2, "c-0", "countersign-test-2.x12", Verdict::Delivered),
            Transmission { signed_with: new, ..of(3, "c-0", "850.edi", Verdict::Delivered) },
            Transmission { direction: Direction::Inbound, ..of(4, "c-0", "997.edi", Verdict::Received) },
            of(5, "other", "850.edi", Verdict::Failed),
            Transmission { signed_with: Some(Fingerprint([9; 32])), ..of(6, "c-1", "850.edi", Verdict::Delivered) },
        ];
        for message in &messages {
            transaction.begin_transmission(message, As2Pair::default()).await.unwrap();
        }
        transaction.commit().await.unwrap();
        let read = |since| {
            let workspace = workspace.clone();
            let certificate = rollover.certificate;
            async move { workspace.rollover_facts(RolloverId(1), &certificate, since, "countersign-test-").await.unwrap() }
        };
        let facts = read(now()).await;
        assert_eq!(facts.len(), 2);
        let first = &facts[&("c-0".parse().unwrap(), ProfileKind::Production)];
        let id = |message: &Option<Message>| message.as_ref().map(|message| message.id);
        assert_eq!(id(&first.last_test), Some(messages[1].id));
        assert_eq!(id(&first.last_sent), Some(messages[2].id));
        assert_eq!(id(&first.signed), Some(messages[2].id));
        assert_eq!(id(&first.last_received), Some(messages[3].id));
        assert_eq!(id(&first.delivered), None, "how it was encrypted was not journalled");
        let second = &facts[&("c-1".parse().unwrap(), ProfileKind::Production)];
        assert_eq!((id(&second.last_sent), id(&second.signed)), (Some(messages[5].id), None));
        assert!(read(messages[5].at.checked_add(jiff::SignedDuration::from_secs(1)).unwrap()).await.is_empty());
    }

    #[tokio::test]
    async fn a_signature_counts_from_when_it_was_received_not_from_when_its_message_was_journalled() {
        let (_guard, workspace) = workspace().await;
        let rollover = sample(1);
        let mut transaction = workspace.begin().await.unwrap();
        transaction.save_rollover(&rollover).await.unwrap();
        // Sent before the rollover was started; its receipt came after.
        let sent = Transmission {
            connection: Some("c-0".parse().unwrap()),
            profile: Some(ProfileKind::Production),
            verdict: Verdict::Pending,
            ..transmission(1)
        };
        transaction.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        let second = |second: i64| Timestamp::from_second(now().as_second() + second).unwrap();
        let settled = Transmission {
            signed_with: Some(rollover.certificate),
            signed_at: Some(second(90)),
            verdict: Verdict::Delivered,
            ..sent.clone()
        };
        transaction.update_transmission(&settled).await.unwrap();
        transaction.commit().await.unwrap();
        let key = ("c-0".parse().unwrap(), ProfileKind::Production);
        let signed = async |since| {
            let facts = workspace.rollover_facts(RolloverId(1), &rollover.certificate, since, "test-").await.unwrap();
            facts.get(&key).and_then(|facts| facts.signed.as_ref().map(|message| (message.id, message.at)))
        };
        assert_eq!(signed(second(60)).await, Some((sent.id, second(90))));
        assert_eq!(signed(second(91)).await, None);
        let seen = workspace.signatures_seen().await.unwrap();
        assert_eq!(seen[&key][&rollover.certificate], second(90), "the same in both");
    }
}
