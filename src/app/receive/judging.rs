//! Opening a message, choosing its profile, and delivering it where all is well.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use tokio::sync::MutexGuard;

use super::delivery::Delivered;
use super::judgement::{Outcome, refused, remark, taken, unmatched_receipt};
use super::opening::OpenedEarly;
use super::policy::{Noted, Strength};
use super::recipients::encrypted_for_another;
use super::wish::ReceiptWish;
use super::{Addressed, Candidate, Receiver, belongs_to, sighted};
use crate::app::document_facts::document_of;
use crate::app::{AppError, inbox};
use crate::as2::{OpenError, SignatureOutcome};
use crate::domain::identifier::ProfileKind;
use crate::domain::timeline::used_now;
use crate::domain::transmission::Transmission;

impl Receiver {
    /// The profiles that carry the message's pair of identifiers, production first.
    pub(super) async fn candidates(&self, addressed: &Addressed, at: Timestamp) -> Result<Vec<Candidate>, AppError> {
        let mut found = Vec::new();
        for connection in self.workspace.connections().await? {
            for (kind, profile) in connection.profiles() {
                if profile.our_as2_id.as_str() == addressed.to && profile.partner_as2_id.as_str() == addressed.from {
                    found.push(Candidate {
                        connection: connection.id.clone(),
                        name: connection.name.clone(),
                        kind,
                        policy: connection.policy.clone(),
                        profile: profile.clone(),
                        accepted: self.app.accepted(&self.workspace, &connection.id, kind, profile, at).await?,
                    });
                }
            }
        }
        found.sort_by_key(|candidate| candidate.kind != ProfileKind::Production);
        Ok(found)
    }

    /// Opens the message, chooses its profile, and delivers it where all is well.
    pub(super) async fn open_and_judge<'a>(
        &'a self,
        transmission: &mut Transmission,
        addressed: &Addressed,
        wish: &ReceiptWish,
        mut candidates: Vec<Candidate>,
        early: Option<OpenedEarly>,
        alone: &mut Option<MutexGuard<'a, ()>>,
    ) -> Result<(Outcome, Option<Candidate>), AppError> {
        let at = transmission.at;
        let headers = &transmission.request_headers.clone();
        let (keys, ours) = self.keys(&candidates).await?;
        let keys = Arc::new(keys);
        let (opened, digest) = match self.open(transmission, headers, wish, Arc::clone(&keys), early).await? {
            Ok(opened) => opened,
            Err(error) => {
                let chosen = candidates.swap_remove(0);
                belongs_to(transmission, &chosen);
                return Ok((self.unopened(&error, &chosen, ours, at).await?, Some(chosen)));
            }
        };
        transmission.bytes.payload = opened.payload_length;
        transmission.payload_sha256 = digest;
        transmission.document = document_of(self.workspace.archive(), transmission.id).await;
        // Where production and test share the pair, the certificate it was signed with decides, else production.
        let signer = match opened.signature.as_ref().map(|check| &check.outcome) {
            Some(SignatureOutcome::Good { signer } | SignatureOutcome::Altered { signer }) => Some(*signer),
            _ => None,
        };
        let in_use = |candidate: &Candidate| {
            used_now(&candidate.profile.partner_certificates, at).map(|entry| entry.fingerprint) == signer
        };
        let index = signer
            .and_then(|signer| {
                let holds = |candidate: &Candidate| candidate.accepted.contains(&signer);
                candidates
                    .iter()
                    .position(|candidate| holds(candidate) && in_use(candidate))
                    .or_else(|| candidates.iter().position(holds))
                    .or_else(|| candidates.iter().position(|candidate| candidate.knows(&signer)))
            })
            .unwrap_or(0);
        let chosen = candidates.swap_remove(index);
        belongs_to(transmission, &chosen);
        let opened = if chosen.profile.quirks.canonicalise_mic {
            self.canonicalised(transmission, headers, keys, opened).await?
        } else {
            opened
        };
        transmission.signed_with = match opened.signature.as_ref().map(|check| &check.outcome) {
            Some(SignatureOutcome::Good { signer }) if chosen.accepted.contains(signer) => Some(*signer),
            _ => None,
        };
        transmission.signed_at = transmission.signed_with.map(|_| at);
        let name = inbox::file_name(&opened, headers, transmission.message_id.trim_matches(['<', '>']));
        transmission.file = Some(name.clone());
        if ["multipart/report", "message/disposition-notification"].contains(&opened.content_type().essence.as_str()) {
            let outcome = match self.read_kept(transmission.id, headers, true).await? {
                Some(receipt) => self.match_receipt(transmission.id, headers, addressed, &receipt).await?,
                None => unmatched_receipt("It cannot be read"),
            };
            return Ok((outcome, Some(chosen)));
        }
        let sighted = self.sighted(&opened, &chosen, transmission.id, at).await;
        let (not_taken, noted) = match refused(&opened, &chosen, signer) {
            Some(not_taken) => (Some(not_taken), Noted::default()),
            None => match self.strength(&opened, &chosen, at).await? {
                Strength::TooWeak(not_taken) => (Some(*not_taken), Noted::default()),
                Strength::Taken(noted) => (None, noted),
            },
        };
        if let Some(recipients) = opened.spoilt.clone().filter(|_| transmission.signed_with.is_none()) {
            // We ourselves are told the truth.
            let truth = OpenError::Undecryptable { recipients, told_as: None };
            let truth = self.unopened(&truth, &chosen, ours, at).await?;
            let told = match not_taken {
                Some(told) => Outcome { diagnosis: truth.diagnosis, ..told },
                None => truth,
            };
            return Ok((told, Some(chosen)));
        }
        if let Some(mut not_taken) = not_taken {
            sighted::explain(sighted.as_ref(), &mut not_taken.diagnosis, &chosen);
            return Ok((not_taken, Some(chosen)));
        }
        if let Some(copy) = self.copy_of_another(transmission, addressed, &opened, &chosen, alone).await? {
            return Ok((copy, Some(chosen)));
        }
        let before = match self.deliver(transmission, addressed, &name).await? {
            Delivered::Now => {
                self.inbox_is_well(&chosen).await;
                self.arrived.lock().unwrap_or_else(PoisonError::into_inner).insert(transmission.id);
                String::new()
            }
            Delivered::Before(first) => format!(" when it came before, as {first}, so nothing was delivered twice"),
            Delivered::Not(error) => {
                let mut outcome = self.not_delivered(&chosen, &error).await;
                outcome.mic = Some(opened.mic);
                return Ok((outcome, Some(chosen)));
            }
        };
        let sender = signer.map_or_else(String::new, |signer| format!(", signed with {}", signer.short()));
        let mut explanation = format!("The message was opened and delivered{before}{sender}{}", remark(&opened));
        self.note_whose_key(&opened, &chosen, at).await;
        if let Some(remark) = encrypted_for_another(&opened, &chosen, ours, at) {
            explanation.push_str(&format!("; {remark}"));
        }
        let mut outcome = taken(Some(opened.mic), "Received", &explanation);
        noted.explain(&mut outcome.diagnosis);
        sighted::explain(sighted.as_ref(), &mut outcome.diagnosis, &chosen);
        Ok((outcome, Some(chosen)))
    }
}
