//! What one message is made of: certificates and keys chosen for this instant.

use std::sync::Arc;

use jiff::Timestamp;

use super::Sending;
use crate::app::keys::UnsealedIdentity;
use crate::app::{App, AppError};
use crate::as2::{DecryptionKey, EncryptionPlan, Entity, OutboundMessage, SigningPlan};
use crate::certificate::Certificate;
use crate::domain::algorithm::{Encryption, Signing};
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::{FilenameMode, Profile};
use crate::domain::identifier::IdentityName;
use crate::domain::sent::SentAs;
use crate::domain::timeline::used_now;
use crate::domain::transmission::Transmission;
use crate::store::Workspace;

/// Everything that a message is built from, but its payload.
#[derive(Clone)]
pub(super) struct Material {
    pub(super) profile: Arc<Profile>,
    /// The one that signs, or signed; nothing where it was removed since.
    identity: Option<Arc<UnsealedIdentity>>,
    /// Others of ours: a receipt may be encrypted for any of them.
    others: Vec<Arc<UnsealedIdentity>>,
    pub(super) recipient: Option<Arc<Certificate>>,
    entity: Entity,
    message_id: String,
    at: Timestamp,
    identity_name: String,
}

/// The payload's MIME entity.
fn entity(profile: &Profile, file: Option<String>, payload_length: u64) -> Entity {
    Entity {
        content_type: profile.content_type.clone(),
        filename: file.filter(|_| profile.filename == FilenameMode::Preserve),
        transfer_encoding: profile.transfer_encoding,
        payload_length,
    }
}

/// Those that a profile names beside one. One that was removed meanwhile decrypts nothing.
async fn others(
    app: &App,
    workspace: &Workspace,
    profile: &Profile,
    name: &IdentityName,
) -> Vec<Arc<UnsealedIdentity>> {
    let mut found = Vec::new();
    for entry in profile.identity.uses().iter().filter(|entry| entry.name != *name) {
        if let Ok(identity) = app.unseal(workspace, &entry.name).await {
            found.push(Arc::new(identity));
        }
    }
    found
}

impl Material {
    /// Chooses the certificates that the timeline gives for this instant.
    pub(super) async fn choose(sending: &Sending<'_>, payload_length: u64) -> Result<Self, AppError> {
        let profile = &sending.profile;
        let at = sending.app.now();
        let name = profile.identity.at(at);
        let identity = sending.app.unseal(&sending.workspace, name).await?;
        let recipient = if profile.encryption == Encryption::None {
            None
        } else {
            let entry = used_now(&profile.partner_certificates, at).ok_or_else(|| {
                AppError::new("no certificate of the partner is in use now, so the message cannot be encrypted")
            })?;
            let mut found = sending.app.partner_certificates(&sending.workspace, &[entry.fingerprint]).await?;
            let certificate = found.pop().ok_or_else(|| {
                AppError::new(format!("the partner's certificate {} is missing from the workspace", entry.fingerprint))
            })?;
            Some(Arc::new(certificate))
        };
        Ok(Self {
            entity: entity(profile, sending.transmission.file.clone(), payload_length),
            message_id: sending.transmission.message_id.clone(),
            identity_name: name.to_string(),
            profile: Arc::new(profile.clone()),
            others: others(sending.app, &sending.workspace, profile, name).await,
            identity: Some(Arc::new(identity)),
            recipient,
            at,
        })
    }

    /// What an earlier message was made of, for reading a receipt of it. That is read also where the identity that signed
    /// was removed since, and with all of our keys that there are: the partner may have changed over meanwhile.
    pub(super) async fn again(
        app: &App,
        workspace: &Workspace,
        transmission: &Transmission,
        sent: &SentAs,
    ) -> Result<Self, AppError> {
        let profile = &sent.profile;
        let mut name = profile.identity.at(transmission.at).clone();
        let (mut identity, mut others) = (None, Vec::new());
        for stored in workspace.identities().await? {
            let unsealed = Arc::new(app.unseal_stored(workspace, &stored).await?);
            // A later attempt may have been signed by the one that was used by then.
            let signed = match sent.signed_by {
                Some(signer) => identity.is_none() && signer == stored.facts.fingerprint_sha256,
                None => stored.name == name,
            };
            if signed {
                name.clone_from(&stored.name);
                identity = Some(unsealed);
            } else {
                others.push(unsealed);
            }
        }
        let recipient = match &sent.encrypted_for {
            Some(fingerprint) => app.partner_certificates(workspace, &[*fingerprint]).await?.pop().map(Arc::new),
            None => None,
        };
        Ok(Self {
            entity: entity(profile, transmission.file.clone(), transmission.bytes.payload),
            message_id: transmission.message_id.clone(),
            identity_name: name.to_string(),
            profile: Arc::new(profile.clone()),
            others,
            identity,
            recipient,
            at: transmission.at,
        })
    }

    /// The payload turned out to have another length.
    pub(super) const fn set_payload_length(&mut self, length: u64) {
        self.entity.payload_length = length;
    }

    /// The keys that a receipt may be encrypted for.
    pub(super) fn decryption_keys(&self) -> Vec<DecryptionKey<'_>> {
        self.identity.iter().chain(&self.others).map(|identity| identity.decryption_key()).collect()
    }

    /// Our certificate whose key signs.
    pub(super) fn signer(&self) -> Option<Fingerprint> {
        let identity = self.identity.as_ref().filter(|_| self.signs())?;
        Some(identity.certificate.facts().fingerprint_sha256)
    }

    /// Whether the message can be built as it was: what signed it is still here.
    pub(super) fn can_be_built(&self) -> bool {
        self.identity.is_some() || !self.signs()
    }

    /// The name of the identity that signs, or signed.
    pub(super) fn identity_name(&self) -> &str {
        &self.identity_name
    }

    pub(super) fn signs(&self) -> bool {
        self.profile.signing != Signing::None
    }

    /// The message as the engine builds it.
    pub(super) fn message(&self) -> OutboundMessage<'_> {
        OutboundMessage {
            profile: &self.profile,
            entity: &self.entity,
            message_id: &self.message_id,
            signing: self.profile.signing.digest().zip(self.identity.as_deref()).map(|(digest, identity)| {
                SigningPlan {
                    certificate: &identity.certificate,
                    chain: &identity.chain,
                    key: &identity.key,
                    digest,
                    scheme: self.profile.signature_scheme,
                    quirks: &self.profile.quirks,
                    at: self.at,
                }
            }),
            encryption: self.recipient.as_deref().map(|recipient| EncryptionPlan {
                recipient,
                encryption: self.profile.encryption,
                key_transport: self.profile.key_transport,
                identifier: self.profile.quirks.recipient_identifier,
                gcm_content: self.profile.quirks.gcm_content,
            }),
            at: self.at,
        }
    }

    /// The choice in words.
    pub(super) fn describe(&self) -> String {
        let encrypt = match &self.recipient {
            Some(certificate) => {
                let facts = certificate.facts();
                let ended = if facts.not_after < self.at { ", which has ended" } else { "" };
                format!("encrypt for {} {}{ended}", facts.common_name(), facts.fingerprint_sha256.short())
            }
            None => "not encrypted".to_owned(),
        };
        let sign = if self.signs() { format!("sign with {}", self.identity_name) } else { "not signed".to_owned() };
        format!("{encrypt}, {sign}")
    }
}
