//! Messages that come again: a message that was processed gets its first receipt again and is not delivered twice.

use std::sync::Arc;

use super::answer::Answer;
use super::judgement::refused;
use super::wish::ReceiptWish;
use super::{Addressed, Candidate, FIRST, Receiver, belongs_to, diagnosis};
use crate::app::document_facts::document_of;
use crate::app::retention::gone;
use crate::app::{AppError, RawPart, inbox};
use crate::as2::SignatureOutcome;
use crate::domain::certificate::Fingerprint;
use crate::domain::diagnosis::{Blame, Diagnosis};
use crate::domain::repetition::{REPEATED, REUSED};
use crate::domain::sent::next_attempt;
use crate::domain::transmission::{Headers, Transmission, TransmissionId};
use crate::store::{DEFAULT_KEEP, Duty, DutyKind, Part};
use crate::transport::{Response, ResponseBody};

/// What is asked of a partner.
const ASK: &str = "If it is a document of its own, ask the partner to send it under a Message-ID of its own";

impl Receiver {
    /// The answer that the same message got when it was processed, where it was. After a negative receipt the same
    /// Message-ID is processed anew, because its sender was asked to mend something (RFC 4130 section 5.5).
    pub(super) async fn answer_of_first(
        &self,
        addressed: &Addressed,
        id: TransmissionId,
    ) -> Result<Option<(Answer, Transmission)>, AppError> {
        let mut earlier = self.workspace.find_received(&addressed.from, &addressed.to, &addressed.message_id).await?;
        // The one that was worked on has the receipt. A repetition whose request took longer may bear an earlier time.
        earlier.sort_by_key(|summary| matches!(summary.cause.as_deref(), Some(REPEATED | REUSED)));
        for summary in earlier.into_iter().filter(|summary| summary.id != id) {
            let Some(first) = self.workspace.transmission(summary.id).await? else { continue };
            let Some(status) = first.http_status else { continue };
            let path = self.workspace.archive().path(summary.id, Part::ResponseBody(FIRST));
            let removals = self.workspace.removals(summary.id).await?;
            if let Some(removed) = gone(&first, RawPart::Response, path.is_file(), &removals) {
                return Err(removed);
            }
            // Better no answer now than a second delivery.
            let body = std::fs::read(&path).map_err(|error| {
                AppError::new(format!("the first answer cannot be read from {}: {error}", path.display()))
            })?;
            let owed = if first.receipt_headers.is_empty() { None } else { self.owe_again(&first).await? };
            let headers = first.response_headers.clone();
            let answer = Response { status, headers, body: ResponseBody::Bytes(body) };
            return Ok(Some(((answer, owed), first)));
        }
        Ok(None)
    }

    /// What is to be said of a repetition. Where its content is not that of the first, for which a Message-ID must not be
    /// used again (RFC 4130 section 5.5), the content is kept with it. Of a large one nothing is said: to open it once more
    /// only for this takes as long as it did the first time.
    pub(super) async fn repeated(
        &self,
        transmission: &mut Transmission,
        headers: &Headers,
        addressed: &Addressed,
        wish: &ReceiptWish,
        first: &Transmission,
    ) -> Result<Diagnosis, AppError> {
        let repeated = diagnosis(
            REPEATED,
            "The same Message-ID was processed before, so its first receipt was sent again and nothing was delivered twice",
            Blame::Nobody,
        );
        let archive = self.workspace.archive();
        let length = std::fs::metadata(archive.path(transmission.id, Part::RequestBody(FIRST)))
            .map_or(u64::MAX, |metadata| metadata.len());
        let Some(expected) = first.payload_sha256.as_ref().filter(|_| length <= DEFAULT_KEEP) else {
            return Ok(repeated);
        };
        let candidates = self.candidates(addressed, transmission.at).await?;
        if candidates.is_empty() {
            return Ok(repeated);
        }
        let (keys, _) = self.keys(&candidates).await?;
        let (opened, digest) = match self.open(transmission, headers, wish, Arc::new(keys), None).await? {
            Ok((_, digest)) if digest.as_ref() == Some(expected) => {
                self.let_payload_go(transmission);
                return Ok(repeated);
            }
            Ok(opened) => opened,
            Err(error) => {
                let unseen = format!("Whether its content is that of the first cannot be seen: {error}");
                let ask = vec![ASK.to_owned()];
                return Ok(Diagnosis { blame: Blame::Partner, evidence: vec![unseen], remedy: ask, ..repeated });
            }
        };
        // Of nobody's who is not the partner it is said that it is the partner's.
        let (signer, signed) = whose(opened.signature.as_ref().map(|check| &check.outcome), &candidates);
        let holds = |candidate: &&Candidate| signer.is_some_and(|signer| candidate.accepted.contains(&signer));
        // What would have been taken is kept: anybody can send what would not.
        let mut kept = signer.is_some();
        if let Some(candidate) = candidates.iter().find(holds).or(candidates.first()) {
            belongs_to(transmission, candidate);
            kept |= refused(&opened, candidate, None).is_none();
        }
        transmission.signed_with = signer;
        transmission.signed_at = signer.map(|_| transmission.at);
        transmission.bytes.payload = opened.payload_length;
        transmission.payload_sha256 = digest;
        transmission.document = document_of(archive, transmission.id).await;
        let id = transmission.message_id.trim_matches(['<', '>']);
        transmission.file = Some(inbox::file_name(&opened, headers, id));
        // Whoever knows two identifiers and a Message-ID can have sent what nobody signed.
        let (who, blame) =
            if signer.is_some() { ("the partner", Blame::Partner) } else { ("whoever sent it", Blame::Nobody) };
        let explanation = format!(
            "The same Message-ID was processed before with another content, as {}. The first receipt was sent again, so \
             {who} believes that this content was delivered, and it was not. {signed}",
            first.id
        );
        let mut reused = diagnosis(REUSED, &explanation, blame);
        let lies = if kept {
            "Its content is another than that of the first, and was kept with this entry"
        } else {
            self.let_payload_go(transmission);
            "Its content is another than that of the first; its raw request was kept with this entry"
        };
        reused.evidence = vec![lies.to_owned(), signed.to_owned()];
        reused.remedy = vec![ASK.to_owned()];
        Ok(reused)
    }

    /// The receipt of the first is owed once more, where the first wanted it: a repetition is known by its headers alone,
    /// which anybody can write.
    async fn owe_again(&self, first: &Transmission) -> Result<Option<TransmissionId>, AppError> {
        let Some(Ok(whither)) = ReceiptWish::of(&first.request_headers).whither else { return Ok(None) };
        let at = next_attempt(FIRST, self.app.now());
        let duty = Duty {
            transmission: first.id,
            kind: DutyKind::Receipt,
            at,
            number: FIRST,
            whither: Some(whither.to_string()),
        };
        let mut transaction = self.workspace.begin().await?;
        transaction.put_duty(&duty).await?;
        transaction.commit().await?;
        Ok(Some(first.id))
    }
}

/// The accepted certificate that a signature holds with, where it does, and what that says of where a message is from.
fn whose(outcome: Option<&SignatureOutcome>, candidates: &[Candidate]) -> (Option<Fingerprint>, &'static str) {
    match outcome {
        Some(SignatureOutcome::Good { signer })
            if candidates.iter().any(|candidate| candidate.accepted.contains(signer)) =>
        {
            (Some(*signer), "Its signature holds with a certificate of the partner, so it is from them")
        }
        Some(SignatureOutcome::Good { .. } | SignatureOutcome::UnknownSigner { .. }) => {
            (None, "It is signed with a certificate that is not accepted, so it need not be from the partner")
        }
        Some(_) => (None, "Its signature does not hold, so it need not be from the partner"),
        None => (None, "It is not signed, so anybody may have sent it"),
    }
}
