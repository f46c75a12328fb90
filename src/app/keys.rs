//! The keys and certificates that one message needs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{App, AppError};
use crate::as2::DecryptionKey;
use crate::certificate::{Certificate, PrivateKey};
use crate::domain::algorithm::Digest;
use crate::domain::certificate::{Fingerprint, KeyAlgorithm};
use crate::domain::identifier::IdentityName;
use crate::store::{StoredIdentity, Workspace};

/// An identity with its key unsealed.
pub(super) struct UnsealedIdentity {
    pub(super) certificate: Certificate,
    pub(super) chain: Vec<Certificate>,
    pub(super) key: Arc<PrivateKey>,
}

/// Our keys that were unsealed, by their certificates: unsealing and reading one takes longer than all that a small
/// message needs. They are wiped when the workspace is closed and the last message that needs them is done.
#[derive(Clone, Default)]
pub(super) struct UnsealedKeys(Arc<Mutex<BTreeMap<Fingerprint, Arc<PrivateKey>>>>);

impl UnsealedKeys {
    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<Fingerprint, Arc<PrivateKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self) {
        self.held().clear();
    }
}

impl UnsealedIdentity {
    /// The digest that this key signs with where another was wished for: an EC key has just one (RFC 5753 section 7).
    pub(super) const fn fitting(&self, wished: Digest) -> Digest {
        let key = self.certificate.facts().key;
        match (key.algorithm, key.bits) {
            (KeyAlgorithm::Ec, 256) => Digest::Sha256,
            (KeyAlgorithm::Ec, _) => Digest::Sha384,
            _ => wished,
        }
    }

    pub(super) fn decryption_key(&self) -> DecryptionKey<'_> {
        DecryptionKey { certificate: &self.certificate, key: &self.key }
    }
}

/// Refuses a workspace whose secrets cannot be opened, before anything is begun that needs them.
pub(super) fn refuse_locked(workspace: &Workspace) -> Result<(), AppError> {
    match workspace.locked() {
        Some(reason) => {
            Err(AppError::new(format!("the secrets of the workspace are locked: {reason}")).hint(reason.hint()))
        }
        None => Ok(()),
    }
}

impl App {
    /// Unseals one identity.
    pub(super) async fn unseal(
        &self,
        workspace: &Workspace,
        name: &IdentityName,
    ) -> Result<UnsealedIdentity, AppError> {
        let stored = workspace.identity(name).await?.ok_or_else(|| super::identities::unknown(name))?;
        self.unseal_stored(workspace, &stored).await
    }

    /// Unseals an identity that was read before.
    pub(super) async fn unseal_stored(
        &self,
        workspace: &Workspace,
        stored: &StoredIdentity,
    ) -> Result<UnsealedIdentity, AppError> {
        let name = &stored.name;
        let mut chain = stored.chain.iter().map(|der| Certificate::from_der(der));
        let certificate =
            chain.next().ok_or_else(|| AppError::new(format!("identity `{name}` has no certificate")))??;
        let fingerprint = certificate.facts().fingerprint_sha256;
        let held = self.keys.held().get(&fingerprint).cloned();
        let key = match held {
            Some(key) => key,
            None => {
                let key = Arc::new(PrivateKey::from_pkcs8_der(&workspace.unseal_identity_key(name).await?)?);
                self.keys.held().insert(fingerprint, Arc::clone(&key));
                key
            }
        };
        Ok(UnsealedIdentity { certificate, chain: chain.collect::<Result<_, _>>()?, key })
    }

    /// Unseals every identity: an inbound message may be encrypted for any of them, retired ones included.
    pub(super) async fn unseal_all(&self, workspace: &Workspace) -> Result<Vec<UnsealedIdentity>, AppError> {
        self.unseal_these(workspace, &workspace.identities().await?).await
    }

    /// Unseals the identities that were read before.
    pub(super) async fn unseal_these(
        &self,
        workspace: &Workspace,
        stored: &[StoredIdentity],
    ) -> Result<Vec<UnsealedIdentity>, AppError> {
        let mut all = Vec::new();
        for identity in stored {
            all.push(self.unseal_stored(workspace, identity).await?);
        }
        Ok(all)
    }

    /// The certificates with these fingerprints, in this order.
    pub(super) async fn partner_certificates(
        &self,
        workspace: &Workspace,
        fingerprints: &[Fingerprint],
    ) -> Result<Vec<Certificate>, AppError> {
        let mut found = Vec::new();
        for fingerprint in fingerprints {
            if let Some(stored) = workspace.certificate(fingerprint).await? {
                found.push(Certificate::from_der(&stored.der)?);
            }
        }
        Ok(found)
    }
}
