//! Redelivery: another attempt at a message that the user asks for, under the Message-ID that it has and with the document
//! that was kept of it. It is built anew with what is used now, so that what was wrong may be mended first. Where the
//! partner may have it already, the bytes that were sent go out once more, exactly.

use super::daily::know_payload;
use super::late::kept_mic;
use super::material::Material;
use super::stages::Stages;
use super::{FIRST, InFlight, SendEvent, Sending, never_kept, settle_abandoned};
use crate::app::commands::Commands;
use crate::app::keys::refuse_locked;
use crate::app::{App, AppError};
use crate::as2::{Built, Mic};
use crate::domain::algorithm::Digest;
use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::connection::{Connection, Profile};
use crate::domain::identifier::ProfileKind;
use crate::domain::sent::{SentAs, SentBuild};
use crate::domain::transmission::{Direction, Lights, Transmission, TransmissionId, Verdict};
use crate::store::{DutyKind, Part, Transaction, Workspace};

/// So many attempts at one message are made at most: its history is one document.
const MOST_ATTEMPTS: u32 = 500;

/// How another attempt is made.
struct Prepared {
    standing: Transmission,
    connection: Connection,
    profile: Profile,
    kind: ProfileKind,
    number: u32,
    /// Whether automatic attempts are to follow it, as they would have without it.
    daily: bool,
    /// The bytes that go out once more, and what they were made of; nothing where it is built anew.
    stored: Option<(u32, SentAs)>,
}

impl App {
    /// Makes another attempt at a message, under its Message-ID. What was delivered, or waits for its receipt, is sent once
    /// more only where that is wished, too: the partner puts it aside as a duplicate.
    ///
    /// # Errors
    /// Where it cannot be sent again: it was received, it is under way, its document or profile is gone, it was delivered …
    /// Everything later is the outcome of the transmission.
    pub async fn redeliver(
        &self,
        id: TransmissionId,
        even_delivered: bool,
        events: &(dyn Fn(SendEvent) + Send + Sync),
    ) -> Result<Transmission, AppError> {
        self.redeliver_unless(id, even_delivered, events, std::future::pending()).await
    }

    /// The same, given up as soon as `cancelled` completes.
    ///
    /// # Errors
    /// As [`App::redeliver`].
    pub async fn redeliver_unless(
        &self,
        id: TransmissionId,
        even_delivered: bool,
        events: &(dyn Fn(SendEvent) + Send + Sync),
        cancelled: impl Future<Output = ()>,
    ) -> Result<Transmission, AppError> {
        let workspace = self.workspace().await?;
        refuse_locked(&workspace)?;
        settle_abandoned(&workspace, self.now()).await?;
        // What is not journalled has no folder, and gets none.
        if workspace.transmission(id).await?.is_none() {
            return Err(AppError::new(format!("there is no transmission {id} in this workspace")));
        }
        let Some(in_flight) = InFlight::try_begin(&workspace, id)? else { return Err(under_way()) };
        // Looked up only now that nobody else can be at it.
        let prepared = match self.prepare_again(&workspace, id, even_delivered).await {
            Ok(prepared) => prepared,
            Err(error) => {
                in_flight.end();
                return Err(error);
            }
        };
        let note = AuditNote::of(AuditAct::Redelivered, id.simple().to_string());
        if let Err(error) = workspace.note(note.with("attempt", None, Some(&prepared.number.to_string()))).await {
            in_flight.end();
            return Err(error.into());
        }
        let Prepared { standing, connection, profile, kind, number, daily, stored } = prepared;
        let begun = self.now();
        let mut transmission = anew(&standing);
        if transmission.payload_sha256.is_none() {
            know_payload(&workspace, &mut transmission).await?;
        }
        events(SendEvent::Begun { id, message_id: transmission.message_id.clone() });
        let mut sending = Sending {
            app: self,
            workspace: workspace.clone(),
            connection,
            profile,
            kind,
            transmission,
            stages: Stages::new(self.clock, events),
            begun,
            number,
            body: stored.as_ref().map_or(number, |(body, _)| *body),
            daily,
            asked: Some(Box::new(standing)),
            trouble: None,
        };
        match stored {
            Some((_, sent)) => sending.repeat(sent, cancelled).await?,
            None => {
                // What a killed program left half built was never sent.
                sending.forget_built()?;
                sending.run(None, cancelled).await?;
            }
        }
        let made = sending.transmission.attempts.last();
        let is_made = made.is_some_and(|attempt| attempt.number == number && attempt.started == begun);
        let sent = sending.transmission;
        self.settle_large(&workspace, &sent, Some(in_flight));
        if is_made {
            if daily {
                // Daily work that failed for good, whoever has sent it last.
                let (app, workspace, sent) = (self.clone(), workspace.clone(), sent.clone());
                self.afterwards.begin(async move { Commands::run_after(&app, &workspace, &sent).await });
            }
            Ok(sent)
        } else {
            Err(AppError::new("something has come of this transmission meanwhile, so it was not sent again")
                .hint("look at how it stands now"))
        }
    }

    async fn prepare_again(
        &self,
        workspace: &Workspace,
        id: TransmissionId,
        even_delivered: bool,
    ) -> Result<Prepared, AppError> {
        let standing = workspace.transmission(id).await?.ok_or_else(under_way)?;
        may_be_redelivered(&standing, even_delivered)?;
        let (Some(name), Some(kind)) = (standing.connection.clone(), standing.profile) else {
            return Err(AppError::new("this transmission belongs to no connection, so nobody knows where it is to go"));
        };
        let found = workspace.connection(&name).await?;
        let found = found.and_then(|found| found.profile(kind).cloned().map(|profile| (found, profile)));
        let Some((connection, profile)) = found else {
            return Err(AppError::new(format!("the profile {name}, {kind} was removed, so it cannot be sent again"))
                .hint("add the connection again, or send the document to another one as a new message"));
        };
        let archive = workspace.archive();
        if !archive.path(id, Part::Payload).is_file() {
            let why = never_kept(&standing).unwrap_or("the document of this transmission is no longer kept");
            return Err(AppError::new(why).hint("send its file as a new message"));
        }
        let duty = workspace.duty(id, DutyKind::Attempt).await?;
        let made = workspace.stages(id).await?.iter().map(|stage| stage.attempt).max().unwrap_or_default();
        let recorded =
            if standing.attempts.is_empty() && standing.builds.is_empty() { 0 } else { standing.last_attempt() };
        let planned = duty.as_ref().map_or(0, |duty| duty.number.saturating_sub(1));
        let number = made.max(recorded).max(planned).saturating_add(1);
        if number > MOST_ATTEMPTS {
            return Err(AppError::new(format!(
                "{MOST_ATTEMPTS} attempts have been made, and no more are kept under one"
            ))
            .hint("send the document as a new message"));
        }
        let mut stored = None;
        if matches!(standing.verdict, Verdict::Uncertain | Verdict::Pending)
            && let Some(sent) = workspace.sent_as(id).await?
        {
            let body = standing.body_of(u32::MAX);
            let part = Part::RequestBody(body);
            // Of a body that was cut not all is there any more.
            let is_whole = archive.path(id, part).is_file() && archive.cut(id, part)?.is_none();
            stored = is_whole.then_some((body, sent));
        }
        Ok(Prepared { standing, connection, profile, kind, number, daily: duty.is_some(), stored })
    }

    /// What a message was made of before it was built anew, and its MIC then, the last first.
    pub(super) async fn earlier_builds(
        &self,
        workspace: &Workspace,
        transmission: &Transmission,
    ) -> Result<Vec<(Material, Mic)>, AppError> {
        let mut found = Vec::new();
        for build in transmission.builds.iter().rev().skip(1) {
            if let Some(mic) = mic_of(build) {
                found.push((Material::again(self, workspace, transmission, &build.sent).await?, mic));
            }
        }
        Ok(found)
    }
}

fn under_way() -> AppError {
    AppError::new("this transmission is under way already, here or in another window")
        .hint("wait until it has ended, then look at what became of it")
}

/// Refuses what is not to be sent again as the same message, and says why.
fn may_be_redelivered(standing: &Transmission, even_delivered: bool) -> Result<(), AppError> {
    if standing.direction == Direction::Inbound {
        return Err(AppError::new("this message was received, not sent, so it is not ours to send again")
            .hint("ask the partner to send it again"));
    }
    match standing.verdict {
        Verdict::Sending => Err(under_way()),
        Verdict::Queued if standing.attempts.is_empty() => {
            Err(AppError::new("this message is about to be sent for the first time").hint("wait for its first attempt"))
        }
        Verdict::Delivered if !even_delivered => {
            let hint = "with `--again` it is sent under its Message-ID all the same, and a partner who has it puts it aside \
                        as a duplicate; where the partner lost the document, send it as a new message (`--new-message-id`)";
            Err(AppError::new("this message was delivered, so it is not sent again").hint(hint))
        }
        Verdict::Pending if !even_delivered => {
            let until = standing.receipt_due.map(|due| format!(", until {}", crate::domain::instant::in_words(due)));
            let what =
                format!("the partner took this message, and its receipt is waited for{}", until.unwrap_or_default());
            let hint = "wait for it, or give the receipt with `transmission receipt ID FILE` where the partner sent it another \
                        way; with `--again` the message is sent once more all the same";
            Err(AppError::new(what).hint(hint))
        }
        _ => Ok(()),
    }
}

/// A transmission as another attempt begins: what the attempt before came to stands in its own record. What was delivered
/// stays as it is, whatever becomes of this.
fn anew(standing: &Transmission) -> Transmission {
    let mut begun = standing.clone();
    if !begun.had(Verdict::Delivered) {
        let cause = standing.cause().map(str::to_owned);
        // A receipt that came later has settled it.
        if let Some(last) = begun.attempts.last_mut().filter(|last| {
            last.verdict != standing.verdict && (standing.deciding_receipt > 0 || last.verdict == Verdict::Pending)
        }) {
            last.verdict = standing.verdict;
            last.detail = cause.unwrap_or_default();
        }
    }
    (begun.http_status, begun.tls, begun.next_attempt, begun.receipt_due) = (None, None, None, None);
    begun.response_headers.clear();
    if standing.verdict != Verdict::Delivered {
        begun.lights = Lights::DARK;
        (begun.disposition, begun.diagnosis, begun.signed_with, begun.signed_at) = (None, None, None, None);
        (begun.mic.theirs, begun.mic.matches) = (None, None);
        begun.receipt_headers.clear();
        begun.deciding_receipt = 0;
    }
    begun
}

/// The MIC of a build.
fn mic_of(build: &SentBuild) -> Option<Mic> {
    use base64::Engine as _;
    let (algorithm, value) = build.mic.as_ref()?;
    let digest = Digest::from_micalg(algorithm)?;
    Some(Mic { digest, value: base64::engine::general_purpose::STANDARD.decode(value).ok()? })
}

/// The MIC of what was built last.
pub(super) fn present_mic(transmission: &Transmission) -> Option<Mic> {
    match transmission.builds.last() {
        Some(build) => mic_of(build),
        None => kept_mic(transmission),
    }
}

impl Sending<'_> {
    /// Whether this attempt is still to be made, now that nobody else changes anything.
    pub(super) async fn is_wanted_still(&self, transaction: &mut Transaction) -> Result<bool, AppError> {
        let id = self.transmission.id;
        let told = |each: &Transmission| (each.verdict, each.receipts, each.attempts.len());
        Ok(match &self.asked {
            Some(asked) => transaction.transmission(id).await?.is_some_and(|found| told(&found) == told(asked)),
            // A first attempt that is not daily work has no duty; of one that has, a receipt may have decided meanwhile.
            None if self.daily => {
                transaction.duty(id, DutyKind::Attempt).await?.is_some_and(|duty| duty.number == self.number)
            }
            None => true,
        })
    }

    /// The attempt is not made: how the transmission stands is what others have made of it.
    pub(super) async fn overtaken(&mut self) -> Result<(), AppError> {
        if let Some(standing) = self.workspace.transmission(self.transmission.id).await? {
            self.transmission = standing;
        }
        Ok(())
    }

    /// Takes away what was built for this attempt and was not sent.
    pub(super) fn forget_built(&self) -> Result<(), AppError> {
        let (archive, id) = (self.workspace.archive(), self.transmission.id);
        archive.forget_unsent(id, Part::RequestHead(self.number))?;
        if self.body == self.number {
            archive.forget_unsent(id, Part::RequestBody(self.number))?;
        }
        Ok(())
    }

    /// Notes what the message is made of this time, and before it what it was made of the first time.
    pub(super) async fn note_build(
        &self,
        begun: &mut Transmission,
        sent: &SentAs,
        built: &Built,
    ) -> Result<(), AppError> {
        if self.number == FIRST {
            return Ok(());
        }
        if begun.builds.is_empty()
            && let Some(first) = self.workspace.sent_as(begun.id).await?
        {
            begun.builds.push(SentBuild {
                attempt: FIRST,
                sent: first,
                headers: begun.request_headers.clone(),
                mic: begun.mic.algorithm.clone().zip(begun.mic.ours.clone()),
                bytes: begun.bytes.sent,
            });
        }
        begun.builds.push(SentBuild {
            attempt: self.number,
            sent: sent.clone(),
            headers: built.headers.clone(),
            mic: Some((built.mic.digest.as_str().to_owned(), built.mic.base64())),
            bytes: built.length,
        });
        Ok(())
    }

    /// Whether how the message stood before the user asked for this attempt still holds after it: what was delivered is not
    /// undone by an attempt that was not, and a receipt that is waited for may come all the same.
    pub(super) fn stands_as_before(&self, verdict: Verdict, in_answer: bool) -> Option<&Transmission> {
        let asked = self.asked.as_deref()?;
        let stays = match asked.verdict {
            Verdict::Delivered => verdict != Verdict::Delivered,
            Verdict::Pending => !in_answer && !matches!(verdict, Verdict::Delivered | Verdict::Pending),
            _ => false,
        };
        stays.then_some(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::Diagnosis;
    use crate::domain::transmission::{Attempt, Light};

    fn standing(verdict: Verdict, attempts: &[Verdict]) -> Transmission {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let mut sent = Transmission::new(TransmissionId::nil(), "<1@US>".to_owned(), at, Direction::Outbound);
        sent.verdict = verdict;
        sent.attempts = (1..)
            .zip(attempts)
            .map(|(number, verdict)| Attempt {
                number,
                started: at,
                verdict: *verdict,
                http_status: None,
                detail: "before".to_owned(),
            })
            .collect();
        sent.diagnosis = Some(Diagnosis { cause: "after".to_owned(), ..Diagnosis::default() });
        sent.lights.receipt = Light::Good;
        sent
    }

    #[test]
    fn what_is_decided_or_under_way_is_sent_again_only_where_that_is_said() {
        for (verdict, attempts, usual, said) in [
            (Verdict::Failed, &[Verdict::Failed][..], true, true),
            (Verdict::Uncertain, &[Verdict::Uncertain], true, true),
            (Verdict::Cancelled, &[Verdict::Cancelled], true, true),
            (Verdict::Queued, &[Verdict::Failed], true, true),
            (Verdict::Queued, &[], false, false),
            (Verdict::Sending, &[], false, false),
            (Verdict::Delivered, &[Verdict::Delivered], false, true),
            (Verdict::Pending, &[Verdict::Pending], false, true),
        ] {
            let standing = standing(verdict, attempts);
            let may = |even_delivered| may_be_redelivered(&standing, even_delivered).is_ok();
            assert_eq!((may(false), may(true)), (usual, said), "{verdict:?} {attempts:?}");
        }
        let received = Transmission { direction: Direction::Inbound, ..standing(Verdict::Received, &[]) };
        assert!(may_be_redelivered(&received, true).is_err());
    }

    #[test]
    fn what_a_later_receipt_made_of_an_attempt_stands_in_its_record_and_what_was_delivered_stays() {
        let begun = anew(&standing(Verdict::Failed, &[Verdict::Pending]));
        assert_eq!((begun.attempts[0].verdict, begun.attempts[0].detail.as_str()), (Verdict::Failed, "after"));
        assert_eq!((begun.lights, begun.diagnosis), (Lights::DARK, None));
        let begun = anew(&standing(Verdict::Uncertain, &[Verdict::Uncertain, Verdict::Failed]));
        assert_eq!((begun.attempts[1].verdict, begun.attempts[1].detail.as_str()), (Verdict::Failed, "before"));
        let begun = anew(&standing(Verdict::Delivered, &[Verdict::Pending]));
        assert_eq!((begun.attempts[0].verdict, begun.lights.receipt), (Verdict::Delivered, Light::Good));
    }
}
