//! What was seen of certificates, servers and clocks, and what happened unseen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::own_clock::{ClockSample, standing};
use crate::domain::server_certificate::ServerSight;
use crate::domain::timeline::PastActivation;

use super::error::{StoreError, at_most};
use super::journal::nanoseconds;
use super::session::{Session, Statement, column, from_json, parsed, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes that what was seen of a server takes.
const MOST: usize = 256 * 1024;

/// So many servers' words on the time are kept.
const MOST_SAMPLES: i64 = 64;

/// Under this name the workspace keeps since when our clock is off; nothing stands there where it is not.
const CLOCK_OFF_SINCE: &str = "clock-off-since";

const READING_SAMPLES: &str = "read what servers said of the time";

/// One profile of one connection.
pub type ProfileKey = (ConnectionId, ProfileKind);

/// When each certificate was last seen in a good signature, by profile.
pub type LastSeen = BTreeMap<ProfileKey, BTreeMap<Fingerprint, Timestamp>>;

/// An activation that happened while nobody was running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissedActivation {
    /// Where.
    pub connection: ConnectionId,
    /// For which profile.
    pub profile: ProfileKind,
    /// What happened.
    pub activation: PastActivation,
}

impl Workspace {
    /// When each certificate was last seen in a good signature.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn signatures_seen(&self) -> Result<LastSeen, StoreError> {
        const DOING: &str = "read when certificates were last seen";
        let statement = sql("SELECT certificate, connection, profile, last_seen_ns FROM signatures_seen");
        let mut found = LastSeen::new();
        for row in &self.reading(DOING).await?.rows(DOING, statement).await? {
            let seen = instant(row, "last_seen_ns")?;
            found.entry(key(row)?).or_default().insert(parsed(row, "certificate")?, seen);
        }
        Ok(found)
    }

    /// What a partner's server showed last.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn server_sight_of(
        &self,
        connection: &ConnectionId,
        profile: ProfileKind,
    ) -> Result<Option<ServerSight>, StoreError> {
        const DOING: &str = "read what a server showed";
        let statement = sql("SELECT document FROM server_sights WHERE connection = $1 AND profile = $2")
            .bind(connection.to_string())
            .bind(profile.as_str());
        let Some(row) = self.reading(DOING).await?.row(DOING, statement).await? else { return Ok(None) };
        from_json("what a server showed", &column::<String>(&row, "document")?).map(Some)
    }

    /// When a profile's certificates were last seen, for one profile alone.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn signatures_seen_of(
        &self,
        connection: &ConnectionId,
        profile: ProfileKind,
    ) -> Result<BTreeMap<Fingerprint, Timestamp>, StoreError> {
        const DOING: &str = "read when a profile's certificates were last seen";
        let statement =
            sql("SELECT certificate, last_seen_ns FROM signatures_seen WHERE connection = $1 AND profile = $2")
                .bind(connection.to_string())
                .bind(profile.as_str());
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        rows.iter().map(|row| Ok((parsed(row, "certificate")?, instant(row, "last_seen_ns")?))).collect()
    }

    /// What each partner's TLS server showed last.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn server_sights(&self) -> Result<BTreeMap<ProfileKey, ServerSight>, StoreError> {
        const DOING: &str = "read what servers showed";
        let statement = sql("SELECT connection, profile, document FROM server_sights");
        let mut found = BTreeMap::new();
        for row in &self.reading(DOING).await?.rows(DOING, statement).await? {
            found.insert(key(row)?, from_json("what a server showed", &column::<String>(row, "document")?)?);
        }
        Ok(found)
    }

    /// What partners' servers said of the time, the last word of each.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn clock_samples(&self) -> Result<Vec<ClockSample>, StoreError> {
        samples(&mut self.reading(READING_SAMPLES).await?).await
    }

    /// Since when our clock has been off without a break, by our clock; nothing where it is not, or that is not known.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn clock_off_since(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.meta(CLOCK_OFF_SINCE).await?.and_then(|text| text.parse().ok()))
    }

    /// Activations that happened while nobody was running and that nobody has read yet, the oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn missed_activations(&self) -> Result<Vec<MissedActivation>, StoreError> {
        let unread = sql("SELECT connection, profile, certificate, at_ns, zone, replaced FROM missed_activations
             WHERE told_ns IS NULL ORDER BY at_ns, connection, profile");
        self.missed(unread).await
    }

    /// The same since an instant, those included that were read.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn missed_activations_since(&self, since: Timestamp) -> Result<Vec<MissedActivation>, StoreError> {
        let recent = sql("SELECT connection, profile, certificate, at_ns, zone, replaced FROM missed_activations
             WHERE at_ns >= $1 ORDER BY at_ns, connection, profile");
        self.missed(recent.bind(nanoseconds(since))).await
    }

    async fn missed(&self, statement: Statement) -> Result<Vec<MissedActivation>, StoreError> {
        const DOING: &str = "read which activations were missed";
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        rows.iter()
            .map(|row| {
                let (connection, profile) = key(row)?;
                let replaced: Option<String> = column(row, "replaced")?;
                let replaced = replaced.map(|text| text.parse().map_err(StoreError::damaged("a fingerprint")));
                let activation = PastActivation {
                    certificate: parsed(row, "certificate")?,
                    at: instant(row, "at_ns")?,
                    zone: column(row, "zone")?,
                    replaced: replaced.transpose()?,
                };
                Ok(MissedActivation { connection, profile, activation })
            })
            .collect()
    }
}

async fn samples(session: &mut Session) -> Result<Vec<ClockSample>, StoreError> {
    let statement = sql("SELECT server, at_ns, ahead_seconds FROM clock_samples ORDER BY at_ns DESC, server");
    let rows = session.rows(READING_SAMPLES, statement).await?;
    rows.iter()
        .map(|row| {
            Ok(ClockSample {
                server: column(row, "server")?,
                at: instant(row, "at_ns")?,
                ahead_seconds: column(row, "ahead_seconds")?,
            })
        })
        .collect()
}

impl Transaction {
    /// Notes that a good signature of a certificate was seen. An earlier instant than is noted changes nothing.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_signature_seen(
        &mut self,
        certificate: &Fingerprint,
        connection: &ConnectionId,
        profile: ProfileKind,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sql("INSERT INTO signatures_seen (certificate, connection, profile, last_seen_ns)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (certificate, connection, profile) DO UPDATE SET last_seen_ns = excluded.last_seen_ns
             WHERE excluded.last_seen_ns > signatures_seen.last_seen_ns")
        .bind(certificate.to_hex())
        .bind(connection.to_string())
        .bind(profile.as_str())
        .bind(nanoseconds(at));
        self.session.execute("note that a certificate was seen", statement).await.map(|_| ())
    }

    /// What a partner's server showed last, as this transaction sees it.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn server_sight(
        &mut self,
        connection: &ConnectionId,
        profile: ProfileKind,
    ) -> Result<Option<ServerSight>, StoreError> {
        let statement = sql("SELECT document FROM server_sights WHERE connection = $1 AND profile = $2")
            .bind(connection.to_string())
            .bind(profile.as_str());
        let Some(row) = self.session.row("read what a server showed", statement).await? else { return Ok(None) };
        from_json("what a server showed", &column::<String>(&row, "document")?).map(Some)
    }

    /// Keeps what a partner's server showed last.
    ///
    /// # Errors
    /// Where it is too large, or the database cannot be written.
    pub async fn put_server_sight(
        &mut self,
        connection: &ConnectionId,
        profile: ProfileKind,
        sight: &ServerSight,
    ) -> Result<(), StoreError> {
        let document = to_json("what a server showed", sight)?;
        at_most("what a server showed", document.len(), MOST)?;
        let statement = sql("INSERT INTO server_sights (connection, profile, document) VALUES ($1, $2, $3)
             ON CONFLICT (connection, profile) DO UPDATE SET document = excluded.document")
        .bind(connection.to_string())
        .bind(profile.as_str())
        .bind(document);
        self.session.execute("keep what a server showed", statement).await.map(|_| ())
    }

    /// Keeps what a server said of the time, in the place of its last word; the oldest of many others goes.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_clock_sample(&mut self, sample: &ClockSample) -> Result<(), StoreError> {
        const DOING: &str = "keep what a server said of the time";
        at_most("a server's name", sample.server.len(), 512)?;
        let statement = sql("INSERT INTO clock_samples (server, at_ns, ahead_seconds) VALUES ($1, $2, $3)
             ON CONFLICT (server) DO UPDATE SET at_ns = excluded.at_ns, ahead_seconds = excluded.ahead_seconds")
        .bind(sample.server.clone())
        .bind(nanoseconds(sample.at))
        .bind(sample.ahead_seconds);
        self.session.execute(DOING, statement).await?;
        let old = sql("DELETE FROM clock_samples WHERE server NOT IN
             (SELECT server FROM clock_samples ORDER BY at_ns DESC, server LIMIT $1)");
        self.session.execute(DOING, old.bind(MOST_SAMPLES)).await?;
        let is_off = standing(&samples(&mut self.session).await?).is_some_and(|standing| standing.is_off());
        let known = self.meta(CLOCK_OFF_SINCE).await?.is_some_and(|since| !since.is_empty());
        match (is_off, known) {
            (true, false) => self.set_meta(CLOCK_OFF_SINCE, &sample.at.to_string()).await,
            (false, true) => self.set_meta(CLOCK_OFF_SINCE, "").await,
            _ => Ok(()),
        }
    }

    /// Keeps an activation that happened while nobody was running. One that is kept already stays as it is, also where it
    /// was read.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn put_missed_activation(&mut self, missed: &MissedActivation) -> Result<(), StoreError> {
        let statement = sql("INSERT INTO missed_activations (connection, profile, certificate, at_ns, zone, replaced)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (connection, profile, certificate, at_ns) DO NOTHING")
        .bind(missed.connection.to_string())
        .bind(missed.profile.as_str())
        .bind(missed.activation.certificate.to_hex())
        .bind(nanoseconds(missed.activation.at))
        .bind(missed.activation.zone.clone())
        .bind(missed.activation.replaced.map(|print| print.to_hex()));
        self.session.execute("keep that an activation was missed", statement).await.map(|_| ())
    }

    /// Notes that the activations that were missed have been read.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn tell_missed_activations(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let statement = sql("UPDATE missed_activations SET told_ns = $1 WHERE told_ns IS NULL").bind(nanoseconds(now));
        self.session.execute("note that missed activations were read", statement).await.map(|_| ())
    }
}

fn key(row: &AnyRow) -> Result<ProfileKey, StoreError> {
    Ok((parsed(row, "connection")?, parsed(row, "profile")?))
}

fn instant(row: &AnyRow, name: &'static str) -> Result<Timestamp, StoreError> {
    Timestamp::from_nanosecond(i128::from(column::<i64>(row, name)?)).map_err(StoreError::damaged("an instant"))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{connection, workspace};
    use super::*;
    use crate::domain::server_certificate::{Revocation, ServerTrust};
    use crate::domain::transmission::SeenTls;

    fn second(number: i64) -> Timestamp {
        Timestamp::from_second(number).unwrap()
    }

    #[tokio::test]
    async fn the_latest_sighting_stays_whatever_order_they_come_in() {
        let (_guard, workspace) = workspace().await;
        let id = connection("acme", "Acme").id;
        let print = Fingerprint([7; 32]);
        let mut transaction = workspace.begin().await.unwrap();
        for at in [50, 90, 70] {
            let at = second(at);
            transaction.put_signature_seen(&print, &id, ProfileKind::Production, at).await.unwrap();
        }
        transaction.commit().await.unwrap();
        let found = workspace.signatures_seen().await.unwrap();
        assert_eq!(found[&(id.clone(), ProfileKind::Production)][&print], second(90));
        let of = async |profile| workspace.signatures_seen_of(&id, profile).await.unwrap();
        assert_eq!(of(ProfileKind::Production).await, found[&(id.clone(), ProfileKind::Production)]);
        assert!(of(ProfileKind::Test).await.is_empty());
    }

    #[tokio::test]
    async fn the_last_word_of_each_server_is_kept_and_of_many_the_newest() {
        let (_guard, workspace) = workspace().await;
        let mut transaction = workspace.begin().await.unwrap();
        for number in 0..70 {
            let sample = ClockSample { server: format!("s{number}"), at: second(number), ahead_seconds: number };
            transaction.put_clock_sample(&sample).await.unwrap();
        }
        let again = ClockSample { server: "s69".to_owned(), at: second(100), ahead_seconds: -4 };
        transaction.put_clock_sample(&again).await.unwrap();
        transaction.commit().await.unwrap();
        let found = workspace.clock_samples().await.unwrap();
        assert_eq!((found.len(), &found[0]), (64, &again));
        assert!(found.iter().all(|sample| sample.at >= second(6)));
    }

    #[tokio::test]
    async fn a_missed_activation_is_told_once_though_it_is_found_again() {
        let (_guard, workspace) = workspace().await;
        let id = connection("acme", "Acme").id;
        let activation = PastActivation {
            certificate: Fingerprint([1; 32]),
            at: second(5),
            zone: Some("Europe/Berlin".to_owned()),
            replaced: Some(Fingerprint([2; 32])),
        };
        let missed = MissedActivation { connection: id, profile: ProfileKind::Test, activation };
        for round in 0..2 {
            let mut transaction = workspace.begin().await.unwrap();
            transaction.put_missed_activation(&missed).await.unwrap();
            transaction.commit().await.unwrap();
            let found = workspace.missed_activations().await.unwrap();
            assert_eq!(found, if round == 0 { vec![missed.clone()] } else { Vec::new() });
            let mut transaction = workspace.begin().await.unwrap();
            transaction.tell_missed_activations(second(9)).await.unwrap();
            transaction.commit().await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_a_server_showed_is_kept_by_profile() {
        let (_guard, workspace) = workspace().await;
        let id = connection("acme", "Acme").id;
        let sight = ServerSight {
            server: "as2.example.com:443".to_owned(),
            seen: second(5),
            tls: SeenTls { version: None, chain: Vec::new() },
            trust: ServerTrust::Refused,
            refusal: Some("its certificate has expired".to_owned()),
            revocation: Revocation::NotChecked,
            before: None,
            change_known: None,
        };
        let mut transaction = workspace.begin().await.unwrap();
        assert_eq!(transaction.server_sight(&id, ProfileKind::Test).await.unwrap(), None);
        transaction.put_server_sight(&id, ProfileKind::Test, &sight).await.unwrap();
        assert_eq!(transaction.server_sight(&id, ProfileKind::Test).await.unwrap(), Some(sight.clone()));
        transaction.commit().await.unwrap();
        assert_eq!(
            workspace.server_sights().await.unwrap().into_iter().collect::<Vec<_>>(),
            [((id, ProfileKind::Test), sight)]
        );
    }
}
