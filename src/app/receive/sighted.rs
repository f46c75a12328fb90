//! Which certificate a message was signed with, where that is to be told.

use jiff::Timestamp;

use super::{Candidate, Receiver};
use crate::app::first_sight::Seen;
use crate::as2::{Opened, SignatureOutcome};
use crate::certificate::Certificate;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::sighting::{SightedIn, Sighting};
use crate::domain::transmission::TransmissionId;

impl Receiver {
    /// Records the certificate of a message's signature, where it is scheduled, unknown or retired.
    pub(super) async fn sighted(
        &self,
        opened: &Opened,
        chosen: &Candidate,
        transmission: TransmissionId,
        at: Timestamp,
    ) -> Option<Sighting> {
        let check = opened.signature.as_ref()?;
        let fingerprint = match &check.outcome {
            SignatureOutcome::Good { signer } => *signer,
            SignatureOutcome::UnknownSigner { embedded, .. } => (*embedded)?,
            // Whoever only names a certificate has shown nothing of it.
            SignatureOutcome::Altered { .. }
            | SignatureOutcome::Broken { .. }
            | SignatureOutcome::Unsupported { .. } => return None,
        };
        let embedded = check.embedded.iter().find(|each| each.facts().fingerprint_sha256 == fingerprint);
        let seen = Seen {
            connection: &chosen.connection,
            profile: chosen.kind,
            settings: &chosen.profile,
            fingerprint,
            der: embedded.map(Certificate::der),
            seen_in: SightedIn::Message,
            transmission,
            at,
        };
        self.app.sight(&self.workspace, seen).await
    }
}

/// Says it in the diagnosis of the message.
pub(super) fn explain(sighted: Option<&Sighting>, diagnosis: &mut Diagnosis, chosen: &Candidate) {
    if let Some(sighting) = sighted {
        sighting.explain(diagnosis, &chosen.name);
    }
}
