//! For whom a received message was encrypted, as the workspace knows it.

use jiff::Timestamp;

use super::judgement::{Outcome, cannot_open};
use super::{Candidate, Receiver};
use crate::app::AppError;
use crate::as2::{NamedCertificate, OpenError, Opened};
use crate::certificate::Certificate;
use crate::domain::connection::Connection;
use crate::domain::diagnosis::{
    Holder, KnownCertificate, OwnIdentity, Recipient, Undecrypted, explain_undecrypted, remark_on_recipient,
};
use crate::domain::timeline::all_fingerprints;
use crate::store::{StoredCertificate, StoredIdentity};

impl Receiver {
    /// What becomes of a message that cannot be opened; where it does not decrypt, with whose certificate that was.
    pub(super) async fn unopened(
        &self,
        error: &OpenError,
        candidate: &Candidate,
        identities: Vec<StoredIdentity>,
        at: Timestamp,
    ) -> Result<Outcome, AppError> {
        let outcome = cannot_open(error);
        let (OpenError::NotForUs { recipients } | OpenError::Undecryptable { recipients, .. }) = error else {
            return Ok(outcome);
        };
        let known = Known {
            identities,
            certificates: self.workspace.certificates().await?,
            connections: self.workspace.connections().await?,
        };
        let facts = Undecrypted {
            at,
            partner: candidate.name.clone(),
            own: known.own(candidate, at),
            recipients: recipients
                .iter()
                .map(|named| Recipient { named: named.to_string(), holder: known.holder(named, candidate) })
                .collect(),
        };
        Ok(Outcome { diagnosis: explain_undecrypted(&facts), ..outcome })
    }

    /// Notes that the partner has encrypted for a certificate of ours, where another one signs for this profile too, before
    /// or after it: that is how a change of ours is seen to work. What cannot be noted now is noted with the next message.
    pub(super) async fn note_whose_key(&self, opened: &Opened, candidate: &Candidate, at: Timestamp) {
        let Some(encryption) = &opened.encryption else { return };
        if candidate.profile.identity.uses().len() < 2 {
            return;
        }
        let (connection, kind, print) = (&candidate.connection, candidate.kind, &encryption.recipient);
        if matches!(self.workspace.was_decrypted(connection, kind, print).await, Ok(false)) {
            let note = async {
                let mut transaction = self.workspace.begin().await?;
                transaction.note_decrypted(connection, kind, print, at).await?;
                transaction.commit().await
            };
            drop(note.await);
        }
    }
}

/// A remark where a message was encrypted for another certificate of ours than the profile's.
pub(super) fn encrypted_for_another(
    opened: &Opened,
    candidate: &Candidate,
    identities: Vec<StoredIdentity>,
    at: Timestamp,
) -> Option<String> {
    let encryption = opened.encryption.as_ref()?;
    let known = Known { identities, certificates: Vec::new(), connections: Vec::new() };
    let own = known.own(candidate, at);
    let used = known.identities.iter().find(|each| each.facts.fingerprint_sha256 == encryption.recipient);
    own.zip(used).filter(|(own, used)| own.name != used.name).map(|(own, used)| {
        let timeline = &candidate.profile.identity;
        let certificate = KnownCertificate::from(&used.facts);
        match timeline.next(at).filter(|(entry, _)| entry.name == used.name) {
            Some((_, when)) => {
                let print = used.facts.fingerprint_sha256.short();
                format!("it was encrypted for {print} of `{}`, with which we sign from {when} on", used.name)
            }
            None => remark_on_recipient(&own, &used.name, &certificate),
        }
    })
}

/// The certificates of the workspace.
struct Known {
    identities: Vec<StoredIdentity>,
    certificates: Vec<StoredCertificate>,
    connections: Vec<Connection>,
}

impl Known {
    fn own(&self, candidate: &Candidate, at: Timestamp) -> Option<OwnIdentity> {
        let signs = candidate.profile.identity.signing(at);
        let identity = self.identities.iter().find(|identity| identity.name == signs.name)?;
        let certificate = KnownCertificate::from(&identity.facts);
        let before = candidate.profile.identity.before(at).map(|before| before.name.clone());
        Some(OwnIdentity { name: signs.name.clone(), certificate, used_since: signs.from, before })
    }

    fn holder(&self, named: &NamedCertificate, candidate: &Candidate) -> Holder {
        if *named == NamedCertificate::Unnamed {
            return Holder::Shared;
        }
        let is = |der: &[u8]| Certificate::from_der(der).is_ok_and(|certificate| named.names(&certificate));
        if let Some(identity) = self.identities.iter().find(|each| each.chain.first().is_some_and(|der| is(der))) {
            let uses = |connection: &Connection| {
                let kinds = connection.profiles().filter(|(_, profile)| profile.identity.names(&identity.name));
                kinds.map(|(kind, _)| (connection.name.clone(), kind)).collect::<Vec<_>>()
            };
            return Holder::Ours {
                identity: identity.name.clone(),
                certificate: KnownCertificate::from(&identity.facts),
                used: self.connections.iter().flat_map(uses).collect(),
            };
        }
        let Some(stored) = self.certificates.iter().find(|each| is(&each.der)) else { return Holder::Unknown };
        let fingerprint = stored.facts.fingerprint_sha256;
        let holds = |connection: &&Connection| {
            connection
                .profiles()
                .any(|(_, profile)| all_fingerprints(&profile.partner_certificates).contains(&fingerprint))
        };
        let sender = self.connections.iter().find(|each| each.id == candidate.connection && holds(each));
        let holder = sender.or_else(|| self.connections.iter().find(holds));
        Holder::Partner {
            connection: holder.map(|connection| connection.name.clone()),
            sender: sender.is_some(),
            certificate: KnownCertificate::from(&stored.facts),
        }
    }
}
