//! Certificates that partners were seen to sign with before they were expected, or that nobody expected.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::domain::certificate::Fingerprint;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::sighting::Sighting;

use super::error::{StoreError, at_most};
use super::journal::{key, nanoseconds};
use super::session::{column, from_json, parsed, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes of a certificate that is kept only because it was seen.
const MOST_DER: usize = 64 * 1024;

/// So many strangers are kept for one profile. Anybody who knows two identifiers can sign with certificates of their own,
/// so of those the one that was seen longest ago makes room for the next. What is the profile's own never does.
const MOST_STRANGERS: usize = 20;

const COLUMNS: &str =
    "SELECT connection, profile, fingerprint, kind, seen_in, facts, transmission, first_at_ns, last_at_ns, times
     FROM sightings ORDER BY last_at_ns DESC, fingerprint";

impl Workspace {
    /// Everything that was seen, the newest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn first_sights(&self) -> Result<Vec<Sighting>, StoreError> {
        const DOING: &str = "read the certificates that were seen";
        self.reading(DOING).await?.rows(DOING, sql(COLUMNS)).await?.iter().map(sighting).collect()
    }

    /// A certificate that was seen and was inside what it signed.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn sighted_certificate(&self, fingerprint: &Fingerprint) -> Result<Option<Vec<u8>>, StoreError> {
        const DOING: &str = "read a certificate that was seen";
        let statement = sql("SELECT der FROM sightings WHERE fingerprint = $1 AND der IS NOT NULL LIMIT 1");
        let row = self.reading(DOING).await?.row(DOING, statement.bind(fingerprint.to_hex())).await?;
        row.map(|row| column(&row, "der")).transpose()
    }
}

impl Transaction {
    /// Keeps that a certificate was seen; answers whether it was the first time for its profile. What is known already
    /// keeps its first instant and is counted on. `installed` are the certificates that the profile has, whatever for.
    ///
    /// # Errors
    /// Where the certificate is larger than 64 KiB, or the database cannot be written.
    pub async fn put_sighting(
        &mut self,
        seen: &Sighting,
        der: Option<&[u8]>,
        installed: &[Fingerprint],
    ) -> Result<bool, StoreError> {
        const DOING: &str = "keep that a certificate was seen";
        at_most("the certificate that was seen", der.map_or(0, <[u8]>::len), MOST_DER)?;
        let facts = seen.facts.as_ref().map(|facts| to_json("the certificate that was seen", facts)).transpose()?;
        let known =
            sql("UPDATE sightings SET kind = $4, seen_in = $5, transmission = $6, last_at_ns = $7, times = times + 1,
                 facts = coalesce(facts, $8), der = coalesce(der, $9)
             WHERE connection = $1 AND profile = $2 AND fingerprint = $3")
            .bind(seen.connection.to_string())
            .bind(seen.profile.as_str())
            .bind(seen.fingerprint.to_hex())
            .bind(seen.kind.as_str())
            .bind(seen.seen_in.as_str())
            .bind(key(seen.transmission))
            .bind(nanoseconds(seen.last_at))
            .bind(facts.clone())
            .bind(der.map(<[u8]>::to_vec));
        if self.session.execute(DOING, known).await? > 0 {
            return Ok(false);
        }
        let fresh =
            sql("INSERT INTO sightings (connection, profile, fingerprint, kind, seen_in, facts, der, transmission,
                 first_at_ns, last_at_ns, times)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1)")
            .bind(seen.connection.to_string())
            .bind(seen.profile.as_str())
            .bind(seen.fingerprint.to_hex())
            .bind(seen.kind.as_str())
            .bind(seen.seen_in.as_str())
            .bind(facts)
            .bind(der.map(<[u8]>::to_vec))
            .bind(key(seen.transmission))
            .bind(nanoseconds(seen.last_at));
        self.session.execute(DOING, fresh).await?;
        if !installed.contains(&seen.fingerprint) {
            self.make_room(seen, installed).await?;
        }
        Ok(true)
    }

    /// Lets go of the strangers of a profile that were seen longest ago.
    async fn make_room(&mut self, seen: &Sighting, installed: &[Fingerprint]) -> Result<(), StoreError> {
        const DOING: &str = "make room for a certificate that was seen";
        let all = sql("SELECT fingerprint FROM sightings WHERE connection = $1 AND profile = $2
             ORDER BY last_at_ns DESC, fingerprint")
        .bind(seen.connection.to_string())
        .bind(seen.profile.as_str());
        let mut strangers = 0_usize;
        for row in self.session.rows(DOING, all).await? {
            let fingerprint: Fingerprint = parsed(&row, "fingerprint")?;
            if installed.contains(&fingerprint) {
                continue;
            }
            strangers += 1;
            if strangers > MOST_STRANGERS {
                self.forget_sighting(&seen.connection, seen.profile, &fingerprint).await?;
            }
        }
        Ok(())
    }

    /// Forgets that a certificate was seen; answers whether it was.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn forget_sighting(
        &mut self,
        connection: &ConnectionId,
        profile: ProfileKind,
        fingerprint: &Fingerprint,
    ) -> Result<bool, StoreError> {
        let statement = sql("DELETE FROM sightings WHERE connection = $1 AND profile = $2 AND fingerprint = $3")
            .bind(connection.to_string())
            .bind(profile.as_str())
            .bind(fingerprint.to_hex());
        Ok(self.session.execute("forget that a certificate was seen", statement).await? > 0)
    }
}

fn sighting(row: &AnyRow) -> Result<Sighting, StoreError> {
    let at = |name: &'static str| -> Result<Timestamp, StoreError> {
        let nanoseconds: i64 = column(row, name)?;
        Timestamp::from_nanosecond(i128::from(nanoseconds)).map_err(StoreError::damaged("when a certificate was seen"))
    };
    let facts: Option<String> = column(row, "facts")?;
    Ok(Sighting {
        connection: parsed(row, "connection")?,
        profile: parsed(row, "profile")?,
        fingerprint: parsed(row, "fingerprint")?,
        kind: parsed(row, "kind")?,
        seen_in: parsed(row, "seen_in")?,
        facts: facts.map(|facts| from_json("a certificate that was seen", &facts)).transpose()?,
        transmission: parsed(row, "transmission")?,
        first_at: at("first_at_ns")?,
        last_at: at("last_at_ns")?,
        times: u32::try_from(column::<i64>(row, "times")?).unwrap_or(u32::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{now, workspace};
    use super::*;
    use crate::domain::sighting::{SightedIn, SightingKind};

    /// Seen in one and the same transmission.
    fn seen(id: u8, seconds: i64) -> Sighting {
        let at = Timestamp::from_second(now().as_second() + seconds).unwrap();
        Sighting {
            connection: "acme".parse().unwrap(),
            profile: ProfileKind::Test,
            fingerprint: Fingerprint([id; 32]),
            kind: SightingKind::Unknown,
            seen_in: SightedIn::Message,
            facts: None,
            transmission: uuid::Uuid::from_u128(7),
            first_at: at,
            last_at: at,
            times: 1,
        }
    }

    #[tokio::test]
    async fn a_certificate_is_seen_first_once_and_counted_on() {
        let (_guard, workspace) = workspace().await;
        let mut transaction = workspace.begin().await.unwrap();
        assert!(transaction.put_sighting(&seen(1, 0), Some(b"der"), &[]).await.unwrap());
        assert!(!transaction.put_sighting(&seen(1, 5), None, &[]).await.unwrap());
        transaction.commit().await.unwrap();
        let found = workspace.first_sights().await.unwrap();
        assert_eq!(found, [Sighting { first_at: seen(1, 0).first_at, times: 2, ..seen(1, 5) }]);
        assert_eq!(workspace.sighted_certificate(&Fingerprint([1; 32])).await.unwrap(), Some(b"der".to_vec()));
        assert_eq!(workspace.sighted_certificate(&Fingerprint([2; 32])).await.unwrap(), None);
    }

    #[tokio::test]
    async fn strangers_do_not_fill_the_workspace() {
        let (_guard, workspace) = workspace().await;
        let mut transaction = workspace.begin().await.unwrap();
        for id in 0..30 {
            assert!(transaction.put_sighting(&seen(id, i64::from(id)), None, &[]).await.unwrap());
        }
        let other = Sighting { profile: ProfileKind::Production, ..seen(1, 0) };
        transaction.put_sighting(&other, None, &[]).await.unwrap();
        assert!(transaction.put_sighting(&seen(99, 99), Some(&vec![0; MOST_DER + 1]), &[]).await.is_err());
        transaction.commit().await.unwrap();
        let found = workspace.first_sights().await.unwrap();
        assert_eq!(found.len(), 21);
        assert!(found.iter().all(|each| each.profile == ProfileKind::Production || each.fingerprint.0[0] >= 10));
        let mut transaction = workspace.begin().await.unwrap();
        let (connection, print) = ("acme".parse().unwrap(), Fingerprint([29; 32]));
        assert!(transaction.forget_sighting(&connection, ProfileKind::Test, &print).await.unwrap());
        assert!(!transaction.forget_sighting(&connection, ProfileKind::Test, &print).await.unwrap());
        transaction.commit().await.unwrap();
        assert_eq!(workspace.first_sights().await.unwrap().len(), 20);
    }

    #[tokio::test]
    async fn strangers_make_room_for_strangers_and_what_is_the_profiles_own_stays() {
        let (_guard, workspace) = workspace().await;
        let mut transaction = workspace.begin().await.unwrap();
        let installed = [Fingerprint([200; 32]), Fingerprint([201; 32])];
        // One is scheduled; the other was unknown when it was seen, and has been brought in since.
        let scheduled = Sighting { kind: SightingKind::Scheduled, ..seen(200, 0) };
        transaction.put_sighting(&scheduled, None, &installed[..1]).await.unwrap();
        transaction.put_sighting(&seen(201, 1), None, &installed[..1]).await.unwrap();
        for id in 0..60 {
            transaction.put_sighting(&seen(id, 10 + i64::from(id)), None, &installed).await.unwrap();
        }
        // Nor do strangers go for the sake of what is the profile's own.
        transaction
            .put_sighting(&Sighting { kind: SightingKind::Retired, ..seen(202, 99) }, None, &[Fingerprint([202; 32])])
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        let mut found: Vec<u8> =
            workspace.first_sights().await.unwrap().iter().map(|each| each.fingerprint.0[0]).collect();
        found.sort_unstable();
        assert_eq!(found, (40..60).chain(200..203).collect::<Vec<u8>>());
    }
}
