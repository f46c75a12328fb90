//! The keys and certificates that one message needs.

use super::{App, AppError};
use crate::as2::DecryptionKey;
use crate::certificate::{Certificate, PrivateKey};
use crate::domain::algorithm::Digest;
use crate::domain::certificate::{Fingerprint, KeyAlgorithm};
use crate::domain::identifier::IdentityName;
use crate::store::Workspace;

/// An identity with its key unsealed.
pub(super) struct UnsealedIdentity {
    pub(super) certificate: Certificate,
    pub(super) chain: Vec<Certificate>,
    pub(super) key: PrivateKey,
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

    pub(super) const fn decryption_key(&self) -> DecryptionKey<'_> {
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
        let key = workspace.unseal_identity_key(name).await?;
        let mut chain = stored.chain.iter().map(|der| Certificate::from_der(der));
        let certificate =
            chain.next().ok_or_else(|| AppError::new(format!("identity `{name}` has no certificate")))??;
        Ok(UnsealedIdentity {
            certificate,
            chain: chain.collect::<Result<_, _>>()?,
            key: PrivateKey::from_pkcs8_der(&key)?,
        })
    }

    /// Unseals every identity: an inbound message may be encrypted for any of them, retired ones included.
    pub(super) async fn unseal_all(&self, workspace: &Workspace) -> Result<Vec<UnsealedIdentity>, AppError> {
        let mut all = Vec::new();
        for identity in workspace.identities().await? {
            all.push(self.unseal(workspace, &identity.name).await?);
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
