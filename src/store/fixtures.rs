//! What the tests of this room share.

use std::path::Path;

use jiff::Timestamp;
use uuid::{NoContext, Uuid};
use zeroize::Zeroizing;

use crate::domain::certificate::{CertificateFacts, Fingerprint, KeyAlgorithm, KeyFacts, SignatureFacts};
use crate::domain::connection::Connection;
use crate::domain::transmission::{Direction, Transmission};

use super::{Location, Unlock, Workspace};

pub(super) fn now() -> Timestamp {
    "2026-11-24T01:00:00Z".parse().unwrap()
}

pub(super) fn at(folder: &Path) -> Location {
    Location::Dir(folder.to_owned())
}

pub(super) fn passphrase(text: &str) -> Unlock {
    Unlock::with_passphrase(Zeroizing::new(text.to_owned()))
}

/// A new workspace in a folder that goes with the guard.
pub(super) async fn workspace() -> (tempfile::TempDir, Workspace) {
    let guard = tempfile::tempdir().unwrap();
    let workspace = Workspace::open_or_create(&at(&guard.path().join("w")), &Unlock::none(), now()).await.unwrap();
    (guard, workspace)
}

pub(crate) fn connection(id: &str, name: &str) -> Connection {
    toml::from_str(&format!(
        r#"
        id = "{id}"
        name = "{name}"
        [production]
        our_as2_id = "ACME"
        partner_as2_id = "PARTNER"
        url = "https://as2.example.com/"
        identity = "acme-2026"
        "#
    ))
    .unwrap()
}

pub(super) fn facts(number: u8) -> CertificateFacts {
    CertificateFacts {
        subject: format!("CN=partner {number}"),
        issuer: "CN=issuer".to_owned(),
        serial: "01".to_owned(),
        fingerprint_sha256: Fingerprint([number; 32]),
        fingerprint_sha1: "00".repeat(20),
        spki_sha256: "00".repeat(32),
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: "2028-01-01T00:00:00Z".parse().unwrap(),
        key: KeyFacts { algorithm: KeyAlgorithm::Rsa, bits: 2048 },
        signature: SignatureFacts { algorithm: "rsa-pkcs1".to_owned(), hash: None },
        self_signed: true,
        ca: false,
        key_usage: vec!["digital-signature".to_owned()],
    }
}

/// A transmission some seconds after [`now`].
pub(super) fn transmission(second: u32) -> Transmission {
    let at = Timestamp::from_second(now().as_second() + i64::from(second)).unwrap();
    let stamp = uuid::Timestamp::from_unix(NoContext, u64::try_from(at.as_second()).unwrap(), 0);
    Transmission::new(Uuid::new_v7(stamp), format!("<{second}@acme>"), at, Direction::Outbound)
}

/// Runs a statement on a workspace's database behind its back.
pub(crate) async fn behind_its_back(folder: &Path, text: &'static str) {
    let options = format!("sqlite:{}?mode=rwc", folder.join(super::database::FILE).display());
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&options).await.unwrap();
    sqlx::raw_sql(text).execute(&pool).await.unwrap();
    pool.close().await;
}
