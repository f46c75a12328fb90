//! Our own identities: certificate chains in the clear, private keys sealed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::certificate::CertificateFacts;
use crate::domain::identifier::IdentityName;

use super::error::{StoreError, at_most};
use super::sealing::Place;
use super::session::{Session, column, from_json, parsed, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes that a private key has: RSA with 16,384 bits takes about 10,000.
const MOST_KEY: usize = 64 * 1024;
/// The most certificates in a chain.
const MOST_CHAIN: usize = 32;

const PRIVATE_KEY: &str = "identities.private_key";

/// One of our identities, without its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredIdentity {
    /// Its name.
    pub name: IdentityName,
    /// What is known of its certificate.
    pub facts: CertificateFacts,
    /// Its certificate and those above it, its own first.
    pub chain: Vec<Vec<u8>>,
    /// When it was put here.
    pub added: Timestamp,
}

impl Workspace {
    /// Every identity, sorted by name.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn identities(&self) -> Result<Vec<StoredIdentity>, StoreError> {
        const DOING: &str = "read the identities";
        let mut session = self.reading(DOING).await?;
        let identities = sql("SELECT name, facts, added_at FROM identities");
        let certificates = sql("SELECT identity, der FROM identity_certificates ORDER BY identity, position");
        read(&mut session, DOING, identities, certificates).await
    }

    /// One identity, where there is one of this name.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn identity(&self, name: &IdentityName) -> Result<Option<StoredIdentity>, StoreError> {
        const DOING: &str = "read an identity";
        let mut session = self.reading(DOING).await?;
        let identities = sql("SELECT name, facts, added_at FROM identities WHERE name = $1").bind(name.to_string());
        let certificates = sql("SELECT identity, der FROM identity_certificates WHERE identity = $1 ORDER BY position")
            .bind(name.to_string());
        Ok(read(&mut session, DOING, identities, certificates).await?.pop())
    }

    /// The private key of an identity (PKCS #8, DER).
    ///
    /// # Errors
    /// Where the workspace is locked, there is no identity of this name, or its key does not unseal.
    pub async fn unseal_identity_key(&self, name: &IdentityName) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        const DOING: &str = "read an identity's key";
        let statement = sql("SELECT private_key FROM identities WHERE name = $1").bind(name.to_string());
        let row = self.reading(DOING).await?.row(DOING, statement).await?;
        let row = row.ok_or_else(|| StoreError::NotFound { what: "identity", name: name.to_string() })?;
        let key = self.key();
        let key = key.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
        let place = Place { column: PRIVATE_KEY, row: name.as_str() };
        key.unseal(place, &column::<Vec<u8>>(&row, "private_key")?)
            .ok_or_else(|| StoreError::Unsealable { what: format!("the key of the identity `{name}`") })
    }

    /// Puts an identity into the workspace.
    ///
    /// # Errors
    /// As [`Transaction::put_identity`].
    pub async fn put_identity(
        &self,
        name: &IdentityName,
        chain: &[Vec<u8>],
        facts: &CertificateFacts,
        private_key_pkcs8: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.put_identity(name, chain, facts, private_key_pkcs8, now).await?;
        transaction.commit().await
    }

    /// Removes an identity with its key, for good.
    ///
    /// # Errors
    /// As [`Transaction::remove_identity`].
    pub async fn remove_identity(&self, name: &IdentityName) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.remove_identity(name).await?;
        transaction.commit().await
    }
}

impl Transaction {
    /// Puts an identity into the workspace, its private key (PKCS #8, DER) sealed. `chain` is its certificate and those
    /// above it, its own first.
    ///
    /// # Errors
    /// Where there is one of this name, the workspace is locked, the chain or the key is too large, or the database
    /// cannot be written.
    pub async fn put_identity(
        &mut self,
        name: &IdentityName,
        chain: &[Vec<u8>],
        facts: &CertificateFacts,
        private_key_pkcs8: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const DOING: &str = "put an identity into the workspace";
        at_most("the private key", private_key_pkcs8.len(), MOST_KEY)?;
        at_most("the certificate chain", chain.iter().map(Vec::len).sum(), super::certificates::MOST)?;
        if chain.len() > MOST_CHAIN {
            return Err(StoreError::TooLarge { what: "the certificate chain", size: chain.len(), most: MOST_CHAIN });
        }
        let key = self.key();
        let key = key.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
        let sealed = key.seal(Place { column: PRIVATE_KEY, row: name.as_str() }, private_key_pkcs8)?;
        let statement = sql("INSERT INTO identities (name, facts, private_key, added_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO NOTHING")
        .bind(name.to_string())
        .bind(to_json("the identity", facts)?)
        .bind(sealed)
        .bind(now.to_string());
        if self.session.execute(DOING, statement).await? == 0 {
            return Err(StoreError::Exists { what: "an identity", name: name.to_string() });
        }
        for (position, der) in (0_i64..).zip(chain) {
            let statement = sql("INSERT INTO identity_certificates (identity, position, der) VALUES ($1, $2, $3)")
                .bind(name.to_string())
                .bind(position)
                .bind(der.clone());
            self.session.execute(DOING, statement).await?;
        }
        let note = AuditNote::of(AuditAct::IdentityAdded, name.as_str());
        let print = facts.fingerprint_sha256.to_string();
        self.note(note.with("certificate", None, Some(&print)).with("subject", None, Some(&facts.subject)));
        Ok(())
    }

    /// Removes an identity with its key, for good. Whether a profile still uses it is for the caller to ask.
    ///
    /// # Errors
    /// Where there is none of this name, or the database cannot be written.
    pub async fn remove_identity(&mut self, name: &IdentityName) -> Result<(), StoreError> {
        let statement = sql("DELETE FROM identities WHERE name = $1").bind(name.to_string());
        if self.session.execute("remove an identity", statement).await? == 0 {
            return Err(StoreError::NotFound { what: "identity", name: name.to_string() });
        }
        self.note(AuditNote::of(AuditAct::IdentityRemoved, name.as_str()));
        Ok(())
    }
}

async fn read(
    session: &mut Session,
    doing: &'static str,
    identities: super::session::Statement,
    certificates: super::session::Statement,
) -> Result<Vec<StoredIdentity>, StoreError> {
    let identities = session.rows(doing, identities).await?;
    let mut chains: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for row in session.rows(doing, certificates).await? {
        chains.entry(column(&row, "identity")?).or_default().push(column(&row, "der")?);
    }
    let mut found = Vec::with_capacity(identities.len());
    for row in &identities {
        let name: IdentityName = parsed(row, "name")?;
        found.push(StoredIdentity {
            facts: from_json(&format!("the identity `{name}`"), &column::<String>(row, "facts")?)?,
            chain: chains.remove(name.as_str()).unwrap_or_default(),
            added: parsed(row, "added_at")?,
            name,
        });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, facts, now, passphrase, workspace};
    use super::super::{LockReason, Unlock, http_password_name};
    use super::*;

    const KEY: &[u8] = b"a private key that nobody may read";
    const PASSWORD: &[u8] = b"an HTTP password that nobody may read";

    /// Whether any file of a workspace holds these bytes.
    fn written(folder: &std::path::Path, needle: &[u8]) -> bool {
        std::fs::read_dir(folder).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            path.is_file() && std::fs::read(path).unwrap().windows(needle.len()).any(|window| window == needle)
        })
    }

    #[tokio::test]
    async fn keys_and_passwords_come_back_and_stand_nowhere_in_the_clear() {
        let (_guard, workspace) = workspace().await;
        let name: IdentityName = "acme-2026".parse().unwrap();
        let chain = [b"own".to_vec(), b"issuer".to_vec()];
        workspace.put_identity(&name, &chain, &facts(7), KEY, now()).await.unwrap();
        let again = workspace.put_identity(&name, &chain, &facts(8), b"another", now()).await;
        assert!(matches!(again, Err(StoreError::Exists { .. })));
        let password = http_password_name(&"acme".parse().unwrap(), crate::domain::identifier::ProfileKind::Test);
        workspace.put_secret(&password, PASSWORD).await.unwrap();

        assert_eq!(workspace.unseal_identity_key(&name).await.unwrap().as_slice(), KEY);
        assert_eq!(workspace.secret(&password).await.unwrap().unwrap().as_slice(), PASSWORD);
        let identity = workspace.identity(&name).await.unwrap().unwrap();
        assert_eq!(identity.chain, chain);
        assert_eq!(workspace.identities().await.unwrap(), [identity]);
        let public = b"CN=partner 7";
        assert!(written(workspace.folder(), public) && !written(workspace.folder(), KEY));
        assert!(!written(workspace.folder(), PASSWORD));

        assert!(workspace.remove_secret(&password).await.unwrap());
        assert!(!workspace.remove_secret(&password).await.unwrap());
        workspace.remove_identity(&name).await.unwrap();
        assert!(workspace.identities().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_sealed_value_does_not_open_in_anothers_place() {
        let (_guard, workspace) = workspace().await;
        workspace.put_secret("one", b"first").await.unwrap();
        workspace.put_secret("two", b"second").await.unwrap();
        let mut transaction = workspace.begin().await.unwrap();
        let swap =
            sql("UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'one') WHERE name = 'two'");
        transaction.session.execute("swap", swap).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(workspace.secret("one").await.unwrap().unwrap().as_slice(), b"first");
        assert!(matches!(workspace.secret("two").await, Err(StoreError::Unsealable { .. })));
    }

    #[tokio::test]
    async fn without_its_passphrase_a_workspace_is_read_but_its_secrets_stay_locked() {
        let guard = tempfile::tempdir().unwrap();
        let location = at(guard.path());
        let workspace = Workspace::open_or_create(&location, &passphrase("correct horse"), now()).await.unwrap();
        workspace.put_secret("name", b"value").await.unwrap();
        assert!(!guard.path().join("workspace.key").exists());
        workspace.close().await;

        let wrong = Workspace::open_existing(&location, &passphrase("battery staple"), now()).await;
        assert!(matches!(wrong, Err(super::super::OpenError::WrongPassphrase { .. })));
        let locked = Workspace::open_existing(&location, &Unlock::none(), now()).await.unwrap().unwrap();
        assert_eq!(locked.secret_names().await.unwrap(), ["name"]);
        assert!(locked.connections().await.unwrap().is_empty());
        let refused = locked.secret("name").await.unwrap_err();
        assert!(matches!(refused, StoreError::Locked(LockReason::NoPassphrase)), "{refused}");
        assert!(matches!(locked.put_secret("other", b"").await, Err(StoreError::Locked(_))));
        locked.unlock(&passphrase("correct horse")).await.unwrap();
        assert_eq!(locked.secret("name").await.unwrap().unwrap().as_slice(), b"value");
    }
}
