//! The end of an attempt: judged, explained, journalled, and what follows from it by itself.

use super::{FIRST, Sending};
use crate::app::AppError;
use crate::app::surroundings::worth_looking_around;
use crate::domain::diagnosis::{self, AnswerFacts, AttemptFacts, ReceiptFacts};
use crate::domain::instant;
use crate::domain::sent::{may_be_repeated, next_attempt};
use crate::domain::transmission::{Attempt, StageName, Transmission, Verdict};
use crate::store::{Duty, DutyKind};

impl Sending<'_> {
    /// Judges, explains, journals the end.
    pub(super) async fn finish(&mut self, facts: AttemptFacts) -> Result<(), AppError> {
        let (verdict, lights) = diagnosis::judge(&facts);
        self.stages.receipt(&facts, &lights);
        let in_answer =
            matches!(&facts.answer, AnswerFacts::Http(http) if matches!(http.receipt, ReceiptFacts::Read(_)));
        if let AnswerFacts::Http(http) = &facts.answer
            && let ReceiptFacts::Read(receipt) = &http.receipt
        {
            self.transmission.disposition = Some(receipt.disposition.to_string());
            self.transmission.signed_with = receipt.signature.good_with();
            self.transmission.signed_at = self.transmission.signed_with.map(|_| self.app.now());
            // In an algorithm that is unknown here nothing was compared, and a receipt that comes later could not be.
            if receipt.mic.matches.is_some() {
                self.transmission.mic = receipt.mic.clone();
            }
        }
        let whose = (&self.connection.id, self.kind, &self.profile);
        self.app.sight_receipt(&self.workspace, whose, self.transmission.id, &facts).await;
        let mut context = self.app.context(&self.workspace, &self.connection, self.kind, &self.profile).await?;
        if worth_looking_around(verdict) {
            let whose = (&self.connection.id, self.kind, &self.profile);
            context.surroundings = self.app.surroundings(&self.workspace, whose, &self.transmission).await;
        }
        let mut explained = diagnosis::explain(&facts, &verdict, &lights, &context);
        explained.evidence.extend(self.trouble.take());
        let now = self.app.now();
        // An earlier attempt handed everything over and nobody has decided since: that this one was not accepted proves
        // nothing about that one.
        let was_uncertain = match &self.asked {
            Some(asked) => asked.verdict == Verdict::Uncertain,
            None => self.transmission.had(Verdict::Uncertain),
        };
        let had_failed = self.asked.as_ref().is_some_and(|asked| asked.verdict == Verdict::Failed);
        let may_have_it = !in_answer && matches!(verdict, Verdict::Failed | Verdict::Cancelled) && was_uncertain;
        if may_have_it {
            explained.explanation.push_str(
                ". All bytes of an earlier attempt were handed over, so the partner may have the message all the same",
            );
        }
        let before = self.stands_as_before(verdict, in_answer).cloned();
        let repeats =
            before.is_none() && self.daily && self.number <= self.profile.retries && may_be_repeated(&facts.answer);
        self.transmission.next_attempt = repeats.then(|| next_attempt(self.number, now));
        if let Some(at) = self.transmission.next_attempt.map(instant::in_words) {
            explained.evidence.push(format!(
                "Attempt {} of {}; the next is made by itself at {at}, with the same bytes",
                self.number,
                self.profile.retries + 1
            ));
        }
        self.transmission.attempts.push(Attempt {
            number: self.number,
            started: self.begun,
            verdict,
            http_status: self.transmission.http_status,
            detail: explained.cause.clone(),
        });
        // Until nobody tries any more it has not failed.
        self.transmission.verdict = match verdict {
            Verdict::Failed if repeats => Verdict::Queued,
            Verdict::Failed | Verdict::Cancelled if may_have_it => Verdict::Uncertain,
            Verdict::Cancelled if had_failed => Verdict::Failed,
            verdict => verdict,
        };
        self.transmission.lights = lights;
        self.transmission.diagnosis = Some(explained);
        self.transmission.receipt_due = (verdict == Verdict::Pending)
            .then(|| now.saturating_add(jiff::SignedDuration::from_mins(self.deadline_minutes())).unwrap_or(now));
        if let Some(before) = before {
            let due = before.receipt_due;
            let came_to = self.transmission.cause().unwrap_or_default().to_owned();
            keep_decision(&mut self.transmission, before);
            self.transmission.receipt_due = due;
            if let Some(explained) = &mut self.transmission.diagnosis {
                explained
                    .evidence
                    .push(format!("Attempt {}, which changes nothing about that: {came_to}", self.number));
            }
        }
        self.journal_end(in_answer).await?;
        crate::app::log::log_end("sent", &self.transmission);
        Ok(())
    }

    fn deadline_minutes(&self) -> i64 {
        i64::from(self.profile.receipt_deadline_minutes)
    }

    /// Writes the end in one go. What a receipt decided that came before the answer did, stays.
    async fn journal_end(&mut self, in_answer: bool) -> Result<(), AppError> {
        let id = self.transmission.id;
        let mut transaction = self.workspace.begin().await?;
        // Those that came before this attempt began say nothing about it.
        let known = self.transmission.receipts;
        let standing = transaction.transmission(id).await?.filter(|standing| standing.receipts > known);
        // A no to an earlier attempt is outdone by a yes to this one; a receipt that proved nothing has decided nothing.
        let says_yes = in_answer && self.asked.is_some() && self.transmission.verdict == Verdict::Delivered;
        let keeps = standing.as_ref().is_some_and(|standing| {
            !in_answer && standing.deciding_receipt > known
                || standing.decided_by_receipt() && !(says_yes && standing.verdict == Verdict::Failed)
        });
        for stage in self.stages.fresh() {
            if !(keeps && matches!(stage.stage, StageName::Receipt | StageName::Matched)) {
                transaction.append_stage(id, self.number, &stage).await?;
            }
        }
        if let Some(standing) = standing {
            self.transmission.receipts = standing.receipts;
            if keeps {
                // Another receipt decided; that this one was signed was seen all the same.
                transaction.put_signer(&self.transmission).await?;
                keep_decision(&mut self.transmission, standing);
            } else {
                let anew = self.transmission.diagnosis.get_or_insert_default();
                diagnosis::keep_unproved(standing.diagnosis.as_ref(), anew);
            }
        }
        match self.transmission.next_attempt {
            Some(at) => {
                let duty =
                    Duty { transmission: id, kind: DutyKind::Attempt, at, number: self.number + 1, whither: None };
                transaction.put_duty(&duty).await?;
            }
            None => transaction.end_duty(id, DutyKind::Attempt).await?,
        }
        if let Some(at) = self.transmission.receipt_due.filter(|_| self.transmission.verdict == Verdict::Pending) {
            let duty = Duty { transmission: id, kind: DutyKind::Deadline, at, number: FIRST, whither: None };
            transaction.put_duty(&duty).await?;
        }
        transaction.update_transmission(&self.transmission).await?;
        transaction.commit().await?;
        self.transmission.stages = match self.workspace.transmission(id).await? {
            Some(kept) if keeps => kept.stages,
            _ => self.stages.all(),
        };
        Ok(())
    }
}

/// What a receipt has decided is not undone by what the answer says.
fn keep_decision(transmission: &mut Transmission, standing: Transmission) {
    transmission.verdict = standing.verdict;
    transmission.lights = standing.lights;
    transmission.disposition = standing.disposition;
    transmission.mic = standing.mic;
    transmission.diagnosis = standing.diagnosis;
    transmission.receipt_headers = standing.receipt_headers;
    transmission.signed_with = standing.signed_with;
    transmission.signed_at = standing.signed_at;
    transmission.deciding_receipt = standing.deciding_receipt;
    transmission.next_attempt = None;
    transmission.receipt_due = None;
}
