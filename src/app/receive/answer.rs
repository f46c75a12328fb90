//! Answering a message: its outcome journalled, and the receipt that was asked for, in the answer or by itself later.

use std::io::Write as _;
use std::sync::PoisonError;

use jiff::Timestamp;

use super::judgement::Outcome;
use super::wish::ReceiptWish;
use super::{Addressed, Candidate, FIRST, Receiver, cannot_keep};
use crate::app::AppError;
use crate::app::owed::is_named_by;
use crate::app::send::head_bytes;
use crate::app::serve::ServeEvent;
use crate::as2::{BuiltReceipt, ReceiptContent, SigningPlan, build_receipt};
use crate::domain::algorithm::{Digest, MicalgStyle, SignatureScheme};
use crate::domain::connection::Quirks;
use crate::domain::identifier::Address;
use crate::domain::sent::next_attempt;
use crate::domain::transmission::{
    Attempt, MicComparison, Stage, StageName, StageStatus, Transmission, TransmissionId, Verdict,
};
use crate::store::{Duty, DutyKind, Part};
use crate::transport::{Response, ResponseBody, is_public_address};

/// An answer, and the transmission whose receipt is posted once the answer has gone.
pub(super) type Answer = (Response, Option<TransmissionId>);

impl Receiver {
    /// Journals the outcome and answers with the receipt that was asked for.
    pub(super) async fn answer(
        &self,
        transmission: &mut Transmission,
        wish: &ReceiptWish,
        addressed: &Addressed,
        outcome: Outcome,
        chosen: Option<&Candidate>,
        at: Timestamp,
    ) -> Result<Answer, AppError> {
        let positive = outcome.disposition.is_positive();
        transmission.verdict = if positive { Verdict::Received } else { Verdict::Refused };
        transmission.disposition = Some(outcome.disposition.to_string());
        if let Some(mic) = &outcome.mic {
            transmission.mic = MicComparison {
                algorithm: Some(mic.digest.as_str().to_owned()),
                ours: Some(mic.base64()),
                theirs: None,
                matches: None,
            };
        }
        let detail = outcome.diagnosis.cause.clone();
        transmission.diagnosis = Some(outcome.diagnosis.clone());
        let mut evidence = None;
        let (status, response_headers, body, later) = if outcome.is_receipt {
            // Every receipt is answered with 200, whatever becomes of it: some partners deliver nothing otherwise.
            (200, Vec::new(), Vec::new(), None)
        } else if wish.asked {
            let receipt = self.receipt(transmission, wish, addressed, &outcome, chosen, at).await?;
            match (&wish.whither, chosen) {
                (Some(Ok(address)), Some(candidate)) => match why_not_there(transmission, address, candidate).await {
                    // The address is told that the message was taken before the receipt goes out (RFC 4130 section 7.2).
                    None => {
                        self.keep_receipt(transmission, address, &receipt)?;
                        (204, Vec::new(), Vec::new(), Some(address.clone()))
                    }
                    Some(why) => {
                        evidence = Some(format!(
                            "The receipt went into the answer, because {why}, and {} is not the partner's server; if it is, name it in `quirks.receipt_hosts`",
                            address.host()
                        ));
                        (200, receipt.headers, receipt.body, None)
                    }
                },
                // To an address that a stranger names nothing is posted.
                (Some(Ok(_)), None) => (200, receipt.headers, receipt.body, None),
                (Some(Err(why)), _) => {
                    evidence = Some(format!(
                        "The receipt went into the answer, because it cannot be posted where Receipt-Delivery-Option says: {why}"
                    ));
                    (200, receipt.headers, receipt.body, None)
                }
                // 200 also where the disposition is an error (RFC 4130 section 7.6).
                (None, _) => (200, receipt.headers, receipt.body, None),
            }
        } else if positive {
            (200, Vec::new(), Vec::new(), None)
        } else {
            let kind = vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())];
            (400, kind, format!("{}\n", outcome.text).into_bytes(), None)
        };
        if let (Some(evidence), Some(diagnosis)) = (evidence, &mut transmission.diagnosis) {
            diagnosis.evidence.push(evidence);
        }
        transmission.http_status = Some(status);
        transmission.response_headers.clone_from(&response_headers);
        self.keep(
            transmission.id,
            Part::ResponseHead(FIRST),
            &head_bytes(&format!("HTTP/1.1 {status}"), &response_headers),
        )?;
        self.keep(transmission.id, Part::ResponseBody(FIRST), &body)?;
        let stage = if positive { StageStatus::Good } else { StageStatus::Bad };
        let owed = later.is_some().then_some(transmission.id);
        self.finish(transmission, stage, &detail, later).await?;
        Ok((Response { status, headers: response_headers, body: ResponseBody::Bytes(body) }, owed))
    }

    /// Builds the receipt that says what became of a message.
    async fn receipt(
        &self,
        transmission: &Transmission,
        wish: &ReceiptWish,
        addressed: &Addressed,
        outcome: &Outcome,
        chosen: Option<&Candidate>,
        at: Timestamp,
    ) -> Result<BuiltReceipt, AppError> {
        let message_id = format!("<{}@receipt>", transmission.id.hyphenated());
        let quirks = chosen.map_or_else(Quirks::default, |candidate| candidate.profile.quirks.clone());
        let mic = outcome.mic.as_ref();
        let content = ReceiptContent {
            from: &addressed.to,
            to: &addressed.from,
            message_id: &message_id,
            original_message_id: &addressed.message_id,
            disposition: outcome.disposition.clone(),
            mic,
            // As the partner spells it itself, unless its profile says how it is to be spelled.
            micalg_style: match quirks.micalg_style {
                MicalgStyle::Rfc5751 => wish.spelling.unwrap_or(match mic.map(|mic| mic.digest) {
                    // The one spelling that RFC 4130 section 7.4.3 has.
                    Some(Digest::Sha1) => MicalgStyle::Rfc3851,
                    _ => MicalgStyle::Rfc5751,
                }),
                style @ MicalgStyle::Rfc3851 => style,
            },
            text: &outcome.text,
            at,
        };
        // An unknown partner gets an unsigned receipt: nothing of ours is shown to strangers (RFC 4130 section 6.2).
        let Some(candidate) = chosen.filter(|_| wish.signed) else {
            return Ok(build_receipt(&content, None)?);
        };
        let identity = self.app.unseal(&self.workspace, candidate.profile.identity.at(at)).await?;
        let digest = wish.digest().or_else(|| mic.map(|mic| mic.digest)).unwrap_or(Digest::Sha256);
        let plan = SigningPlan {
            certificate: &identity.certificate,
            chain: &identity.chain,
            key: &identity.key,
            digest: identity.fitting(digest),
            scheme: if digest == Digest::Sha1 { SignatureScheme::RsaPkcs1 } else { candidate.profile.signature_scheme },
            quirks: &quirks,
            at,
        };
        Ok(build_receipt(&content, Some(&plan))?)
    }

    /// Keeps a receipt that is posted by itself, before anything of it leaves.
    fn keep_receipt(
        &self,
        transmission: &mut Transmission,
        address: &Address,
        receipt: &BuiltReceipt,
    ) -> Result<(), AppError> {
        let line = format!("POST {address} HTTP/1.1");
        self.keep(transmission.id, Part::ReceiptHead(FIRST), &head_bytes(&line, &receipt.headers))?;
        self.keep(transmission.id, Part::ReceiptBody(FIRST), &receipt.body)?;
        transmission.receipt_headers.clone_from(&receipt.headers);
        Ok(())
    }

    pub(super) fn keep(&self, id: TransmissionId, part: Part, bytes: &[u8]) -> Result<(), AppError> {
        let mut writer = self.workspace.archive().create(id, part)?;
        writer.write_all(bytes).map_err(|error| cannot_keep(&error))?;
        writer.finish()?;
        Ok(())
    }

    /// Journals the end, and with it that a receipt is owed where it is to be posted.
    pub(super) async fn finish(
        &self,
        transmission: &mut Transmission,
        status: StageStatus,
        detail: &str,
        owed: Option<Address>,
    ) -> Result<(), AppError> {
        let now = self.app.now();
        let stage = Stage { stage: StageName::Answered, status, started: now, ms: 0, detail: detail.to_owned() };
        transmission.attempts.push(Attempt {
            number: FIRST,
            started: transmission.at,
            verdict: transmission.verdict,
            http_status: transmission.http_status,
            detail: detail.to_owned(),
        });
        let mut transaction = self.workspace.begin().await?;
        transaction.append_stage(transmission.id, FIRST, &stage).await?;
        transaction.update_transmission(transmission).await?;
        if let Some(address) = owed {
            // It is posted as soon as the answer has gone. This is for a program that ends before.
            let duty = Duty {
                transmission: transmission.id,
                kind: DutyKind::Receipt,
                at: next_attempt(FIRST, now),
                number: FIRST,
                whither: Some(address.to_string()),
            };
            transaction.put_duty(&duty).await?;
        }
        transaction.commit().await?;
        transmission.stages.push(stage);
        self.tell(ServeEvent::Transmission(Box::new(transmission.clone())));
        let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner).remove(&transmission.id);
        if arrived && transmission.verdict == Verdict::Received {
            self.tell(ServeEvent::Arrived(Box::new(transmission.clone())));
        }
        Ok(())
    }
}

/// Why a receipt is not posted where a message wants it: who was not proved to be the partner does not choose where we
/// post, since anybody can write two identifiers; and who was chooses among public addresses, since what is inside of our
/// network is nothing of a partner's.
async fn why_not_there(transmission: &Transmission, address: &Address, candidate: &Candidate) -> Option<String> {
    if is_named_by(&candidate.profile, address) {
        return None;
    }
    if transmission.signed_with.is_none() {
        return Some("no signature shows who sent the message".to_owned());
    }
    is_public_address(address).await.err()
}
