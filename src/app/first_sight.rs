//! First sight: certificates that partners sign with before they are expected, or that nobody expected. What is seen is
//! recorded and told; whether a signature is good is decided elsewhere, and never by this.

use jiff::Timestamp;

use super::{App, AppError, Observations};
use crate::certificate::Certificate;
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::Profile;
use crate::domain::diagnosis::{AnswerFacts, AttemptFacts, ReceiptFacts, ReceiptSignature};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::sighting::{SightedIn, Sighting, standing};
use crate::domain::timeline::all_fingerprints;
use crate::domain::transmission::TransmissionId;
use crate::store::Workspace;

/// A signature's certificate, as it was seen.
pub(super) struct Seen<'a> {
    pub(super) connection: &'a ConnectionId,
    pub(super) profile: ProfileKind,
    /// That profile.
    pub(super) settings: &'a Profile,
    pub(super) fingerprint: Fingerprint,
    /// The certificate, where it was inside what it signed.
    pub(super) der: Option<&'a [u8]>,
    pub(super) seen_in: SightedIn,
    pub(super) transmission: TransmissionId,
    pub(super) at: Timestamp,
}

impl App {
    /// Records a certificate that was seen, where it is one to be told of.
    pub(super) async fn sight(&self, workspace: &Workspace, seen: Seen<'_>) -> Option<Sighting> {
        // Where it cannot be told what has retired, the schedule alone says what is expected.
        let uses = self.over_time(workspace, seen.connection, seen.profile, seen.settings).await;
        let uses = uses.unwrap_or_else(|_unread| seen.settings.partner_certificates.clone());
        let kind = standing(&uses, &seen.fingerprint, seen.at)?;
        let facts = match seen.der {
            Some(der) => Certificate::from_der(der).ok().map(|certificate| certificate.facts().clone()),
            None => workspace.certificate(&seen.fingerprint).await.ok().flatten().map(|stored| stored.facts),
        };
        let sighting = Sighting {
            connection: seen.connection.clone(),
            profile: seen.profile,
            fingerprint: seen.fingerprint,
            kind,
            seen_in: seen.seen_in,
            facts,
            transmission: seen.transmission,
            first_at: seen.at,
            last_at: seen.at,
            times: 1,
        };
        // What cannot be recorded is still told with the message, and the next message tries again.
        let recorded = async {
            let mut transaction = workspace.begin().await?;
            transaction.put_sighting(&sighting, seen.der, &all_fingerprints(&uses)).await?;
            transaction.commit().await
        };
        drop(recorded.await);
        Some(sighting)
    }

    /// Records the certificate that a receipt was signed with, where it is one to be told of.
    pub(super) async fn sight_receipt(
        &self,
        workspace: &Workspace,
        (connection, kind, profile): (&ConnectionId, ProfileKind, &Profile),
        transmission: TransmissionId,
        facts: &AttemptFacts,
    ) -> Option<Sighting> {
        let AnswerFacts::Http(answer) = &facts.answer else { return None };
        let ReceiptFacts::Read(receipt) = &answer.receipt else { return None };
        let fingerprint = receipt.signature.made_with()?;
        let der = match &receipt.signature {
            ReceiptSignature::UnknownSigner { embedded: Some(embedded) } => Some(embedded.der.as_slice()),
            _ => None,
        };
        let seen = Seen {
            connection,
            profile: kind,
            settings: profile,
            fingerprint,
            der: der.filter(|der| !der.is_empty()),
            seen_in: SightedIn::Receipt,
            transmission,
            at: self.now(),
        };
        self.sight(workspace, seen).await
    }

    /// What was seen and is still to be told: as it stands now, not as it stood then, without our own certificates, the
    /// newest first. What has been put right since is left out.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn first_sights(&self) -> Result<Vec<Sighting>, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(Vec::new()) };
        let recorded = workspace.first_sights().await?;
        if recorded.is_empty() {
            return Ok(recorded);
        }
        let connections = self.connections().await?;
        let own: Vec<Fingerprint> =
            self.stored_identities().await?.iter().map(|identity| identity.facts.fingerprint_sha256).collect();
        let now = self.now();
        let seen = Observations { signatures: workspace.signatures_seen().await?, ..Observations::default() };
        Ok(recorded
            .into_iter()
            .filter(|sighting| !own.contains(&sighting.fingerprint))
            .filter_map(|sighting| {
                let connection = connections.iter().find(|connection| connection.id == sighting.connection)?;
                let profile = connection.profile(sighting.profile)?;
                let uses = seen.uses(&connection.id, sighting.profile, profile);
                let kind = standing(&uses, &sighting.fingerprint, now)?;
                Some(Sighting { kind, ..sighting })
            })
            .collect())
    }

    /// Forgets that a certificate was seen, because it is not the partner's. It is told again where it is seen again.
    ///
    /// # Errors
    /// Where it was not seen, or the workspace cannot be written.
    pub async fn forget_sighting(
        &self,
        connection: &ConnectionId,
        profile: ProfileKind,
        fingerprint: &Fingerprint,
    ) -> Result<(), AppError> {
        let mut transaction = self.workspace().await?.begin().await?;
        if !transaction.forget_sighting(connection, profile, fingerprint).await? {
            return Err(AppError::new(format!(
                "the certificate {} was not seen with {connection}, {profile}",
                fingerprint.short()
            ))
            .hint("`countersign certificate list` shows what was seen"));
        }
        Ok(transaction.commit().await?)
    }
}
