//! Receipts that come by themselves: matched with what they are for, judged, journalled; and receipts that do not come.

use std::io::{ErrorKind, Read as _};
use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

use super::material::Material;
use super::redelivery::present_mic;
use super::stages::Stages;
use super::{Sending, blocking};
use crate::app::surroundings::worth_looking_around;
use crate::app::{App, AppError};
use crate::as2::{MAX_RECEIPT, Mic};
use crate::domain::algorithm::Digest;
use crate::domain::connection::Profile;
use crate::domain::diagnosis::{self, AnswerFacts, AttemptFacts, Blame, Diagnosis, HttpAnswer, ReceiptFacts};
use crate::domain::sent::SentAs;
use crate::domain::transmission::{Headers, Light, Lights, StageName, Transmission, TransmissionId, Verdict};
use crate::store::{Archive, As2Pair, DutyKind, Part, Workspace};

/// A receipt that came by itself, kept in the archive under a number of its own.
pub(in crate::app) struct ArrivedReceipt<'a> {
    /// The number under which its head and body are kept, as those of a request.
    pub(in crate::app) kept: TransmissionId,
    /// Its headers.
    pub(in crate::app) headers: &'a Headers,
    /// The message it is for, as written.
    pub(in crate::app) original: &'a str,
    /// Between whom.
    pub(in crate::app) as2: As2Pair<'a>,
    /// Somebody has brought it in: it is taken only where it settles what it is for.
    pub(in crate::app) by_hand: bool,
}

/// So many receipts of one message are kept.
const MOST_RECEIPTS: u32 = 100;

impl Sending<'_> {
    /// The Message-ID of this attempt.
    pub(super) fn message_id(&self) -> String {
        // What the user has sent again keeps its Message-ID whatever is done by itself.
        let repeated = self.profile.quirks.new_message_id_on_retry && self.asked.is_none();
        if repeated {
            attempt_id(&self.transmission.message_id, self.number)
        } else {
            self.transmission.message_id.clone()
        }
    }
}

/// The Message-ID of a later attempt, for partners who refuse one that they have seen: the number stands before the `@`.
pub(in crate::app) fn attempt_id(first: &str, number: u32) -> String {
    match first.split_once('@') {
        Some((left, right)) if number > super::FIRST => format!("{left}.{number}@{right}"),
        _ => first.to_owned(),
    }
}

fn bare(message_id: &str) -> &str {
    let id = message_id.trim();
    id.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(id)
}

impl App {
    /// Settles what a receipt is for. Nothing where it is for nothing that was sent from here; such a receipt stays where
    /// it is kept.
    pub(in crate::app) async fn settle_by_receipt(
        &self,
        workspace: &Workspace,
        arrived: &ArrivedReceipt<'_>,
    ) -> Result<Option<Transmission>, AppError> {
        let Some((transmission, message_id)) = self.what_it_is_for(workspace, arrived).await? else { return Ok(None) };
        let id = transmission.id;
        let arrived_at = self.now();
        let (Some(connection), Some(kind)) = (&transmission.connection, transmission.profile) else { return Ok(None) };
        let Some(sent) = workspace.sent_as(id).await? else { return Ok(None) };
        // A connection that was removed is remembered as it was: the receipt is for what was sent then.
        let current = self.profile(connection, kind).await.ok();
        let profile = current.as_ref().map_or_else(|| sent.profile.clone(), |(_, _, profile)| profile.clone());
        let facts = self.late_facts(workspace, arrived, &transmission, &sent, &profile, message_id).await?;
        let (verdict, lights) = diagnosis::judge(&facts);
        let explained = match &current {
            Some((_, connection, _)) => {
                let mut context = self.context(workspace, connection, kind, &profile).await?;
                if worth_looking_around(verdict) {
                    let mut sent = transmission.clone();
                    sent.receipt_headers.clone_from(arrived.headers);
                    context.surroundings = self.surroundings(workspace, (&connection.id, kind, &profile), &sent).await;
                }
                diagnosis::explain(&facts, &verdict, &lights, &context)
            }
            None => Diagnosis {
                cause: "A receipt came for a connection that was removed".to_owned(),
                ..Diagnosis::default()
            },
        };
        if arrived.by_hand {
            refuse_unsuitable(&transmission, verdict, &lights, &explained)?;
        }
        self.sight_receipt(workspace, (connection, kind, &profile), id, &facts).await;
        let quiet = |_event| {};
        let stages = Stages::new(self.clock, &quiet);
        stages.receipt(&facts, &lights);

        let number = adopt(workspace.archive().clone(), arrived.kept, id).await?;
        let mut transaction = workspace.begin().await?;
        let Some(mut standing) = transaction.transmission(id).await? else { return Ok(None) };
        let is_proved = is_proved(&facts, verdict);
        let decides = is_proved && supersedes(&standing, verdict);
        let attempt = workspace.stages(id).await?.last().map_or(super::FIRST, |stage| stage.attempt);
        for mut stage in stages.fresh() {
            if matches!(stage.stage, StageName::Receipt | StageName::Matched) {
                stage.detail.push_str(match (decides, arrived.by_hand) {
                    (true, false) => "",
                    (true, true) => " (brought in by hand)",
                    (false, _) if is_proved => " (another receipt had decided before)",
                    (false, _) => " (nothing proves who wrote it, so it decides nothing)",
                });
                transaction.append_stage(id, attempt, &stage).await?;
            }
        }
        standing.receipts = standing.receipts.max(number);
        let receipt = match &facts.answer {
            AnswerFacts::Http(HttpAnswer { receipt: ReceiptFacts::Read(receipt), .. }) => Some(receipt),
            _ => None,
        };
        if let Some(signer) = receipt.and_then(|receipt| receipt.signature.good_with()) {
            // Seen also where another receipt had decided before.
            transaction.put_signature_seen(&signer, connection, kind, arrived_at).await?;
        }
        if decides {
            if let Some(receipt) = receipt {
                standing.disposition = Some(receipt.disposition.to_string());
                standing.signed_with = receipt.signature.good_with();
                standing.signed_at = standing.signed_with.map(|_| arrived_at);
                // In an algorithm that is unknown here nothing was compared, and the next receipt could not be.
                if receipt.mic.matches.is_some() {
                    standing.mic = receipt.mic.clone();
                }
            }
            standing.verdict = verdict;
            standing.lights = lights;
            standing.diagnosis = Some(explained);
            standing.receipt_headers.clone_from(arrived.headers);
            standing.deciding_receipt = number;
            standing.next_attempt = None;
            transaction.end_duty(id, DutyKind::Attempt).await?;
            if verdict != Verdict::Uncertain {
                standing.receipt_due = None;
            }
            transaction.end_duty(id, DutyKind::Deadline).await?;
        }
        if let Some(receipt) = receipt.filter(|_| !is_proved && !standing.decided_by_receipt()) {
            standing.diagnosis.get_or_insert_default().evidence.push(diagnosis::unproved(receipt));
        }
        transaction.update_transmission(&standing).await?;
        transaction.commit().await?;
        // Whoever is sending it still does this at the end.
        self.settle_large(workspace, &standing, None);
        Ok(workspace.transmission(id).await?)
    }

    /// What was sent under the Message-ID that a receipt names, byte by byte but for its angle brackets, and that
    /// Message-ID as it was sent.
    async fn what_it_is_for(
        &self,
        workspace: &Workspace,
        arrived: &ArrivedReceipt<'_>,
    ) -> Result<Option<(Transmission, String)>, AppError> {
        let (written, inner) = (arrived.original, bare(arrived.original));
        let bracketed = format!("<{inner}>");
        let found = workspace.find_sent([written, inner, &bracketed], arrived.as2).await?;
        if let Some(summary) = found.first() {
            let message_id = summary.message_id.clone();
            return Ok(workspace.transmission(summary.id).await?.map(|found| (found, message_id)));
        }
        // A later attempt under a Message-ID of its own.
        let Some(id) = inner.get(..36).and_then(|start| Uuid::try_parse(start).ok()) else { return Ok(None) };
        let Some(found) = workspace.transmission(id).await? else { return Ok(None) };
        let attempts = found.last_attempt().saturating_add(1);
        let sent = (2..=attempts).map(|number| attempt_id(&found.message_id, number)).find(|sent| bare(sent) == inner);
        Ok(sent.map(|sent| (found, sent)))
    }

    async fn late_facts(
        &self,
        workspace: &Workspace,
        arrived: &ArrivedReceipt<'_>,
        transmission: &Transmission,
        sent: &SentAs,
        profile: &Profile,
        message_id: String,
    ) -> Result<AttemptFacts, AppError> {
        let material = Material::again(self, workspace, transmission, sent).await?;
        let request = sent.request(message_id.clone(), transmission.file.clone(), transmission.bytes.sent);
        let mic =
            present_mic(transmission).ok_or_else(|| AppError::new("the MIC of what was sent is not journalled"))?;
        let reading = self.reading(workspace, profile, transmission, message_id, material, mic).await?;
        let mut file = workspace.archive().open(arrived.kept, Part::RequestBody(super::FIRST))?;
        let headers = arrived.headers.clone();
        // A message whose receipt came has arrived, whatever became of the answer to it; only a refusal contradicts, and
        // trouble of the server's or an answer that was given up waiting for is none.
        let refused = |status: &u16| (400..500).contains(status) && *status != 408;
        let status = transmission.http_status.filter(refused).unwrap_or(200);
        let answer = blocking(move || {
            let mut body = Vec::new();
            file.by_ref()
                .take(MAX_RECEIPT)
                .read_to_end(&mut body)
                .map_err(|error| AppError::new(format!("the receipt cannot be read again: {error}")))?;
            Ok(reading.read_late(&headers, &body, status))
        })
        .await?;
        Ok(AttemptFacts { request, answer })
    }

    /// Ends the waiting for receipts whose deadline has passed: what they are for is uncertain, until they come after all.
    pub(in crate::app) async fn settle_overdue(&self, workspace: &Workspace, now: Timestamp) -> Result<bool, AppError> {
        // A clock that was wrong for a minute must not end all waiting at once.
        if self.clock_watch.is_doubted(Instant::now()) {
            return Ok(false);
        }
        let mut changed = false;
        let mut trouble = None;
        for duty in workspace.duties(now).await?.into_iter().filter(|duty| duty.kind == DutyKind::Deadline) {
            // One that cannot be ended now is still due, and does not keep the rest from being ended.
            match self.end_waiting(workspace, duty.transmission).await {
                Ok(ended) => changed |= ended,
                Err(error) => drop(trouble.get_or_insert(error)),
            }
        }
        match trouble {
            Some(error) if !changed => Err(error),
            _ => Ok(changed),
        }
    }

    /// Ends the waiting for one receipt. False where nobody waits for it any more.
    async fn end_waiting(&self, workspace: &Workspace, id: TransmissionId) -> Result<bool, AppError> {
        let mut transaction = workspace.begin().await?;
        transaction.end_duty(id, DutyKind::Deadline).await?;
        let standing = transaction.transmission(id).await?.filter(|standing| standing.verdict == Verdict::Pending);
        let Some(mut standing) = standing else {
            transaction.commit().await?;
            return Ok(false);
        };
        let said_before = standing.diagnosis.take();
        let unproved = said_before.as_ref().is_some_and(diagnosis::has_unproved);
        // Where nothing is known any more of how it was sent, or to whom.
        standing.diagnosis = Some(Diagnosis {
            cause: "The receipt did not come in time".to_owned(),
            explanation: "The message was taken, and no receipt says what became of it".to_owned(),
            remedy: vec!["Ask the partner whether it has the message before it is sent again".to_owned()],
            blame: Blame::Partner,
            ..Diagnosis::default()
        });
        let sent = workspace.sent_as(standing.id).await?;
        if let (Some(sent), Some(connection), Some(kind)) = (sent, standing.connection.clone(), standing.profile) {
            let facts = AttemptFacts {
                request: sent.request(standing.message_id.clone(), standing.file.clone(), standing.bytes.sent),
                answer: AnswerFacts::Http(HttpAnswer {
                    status: standing.http_status.unwrap_or(200),
                    reason: String::new(),
                    content_type: None,
                    location: None,
                    body_excerpt: String::new(),
                    receipt: ReceiptFacts::Overdue { minutes: sent.profile.receipt_deadline_minutes, unproved },
                }),
            };
            let (verdict, lights) = diagnosis::judge(&facts);
            (standing.verdict, standing.lights) = (verdict, lights);
            if let Ok((_, connection, profile)) = self.profile(&connection, kind).await {
                let mut context = self.context(workspace, &connection, kind, &profile).await?;
                context.surroundings = self.surroundings(workspace, (&connection.id, kind, &profile), &standing).await;
                let until = standing.receipt_due.unwrap_or_else(|| self.now());
                context.surroundings.receiver = self.receiver_then(workspace, standing.at, until).await.ok();
                standing.diagnosis = Some(diagnosis::explain(&facts, &verdict, &lights, &context));
            }
        } else {
            standing.verdict = Verdict::Uncertain;
        }
        diagnosis::keep_unproved(said_before.as_ref(), standing.diagnosis.get_or_insert_default());
        transaction.update_transmission(&standing).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// The MIC that was computed over what was sent. A receipt that decided earlier may have named another algorithm.
pub(super) fn kept_mic(transmission: &Transmission) -> Option<Mic> {
    use base64::Engine as _;
    let digest = Digest::from_micalg(transmission.mic.algorithm.as_deref()?)?;
    let value = base64::engine::general_purpose::STANDARD.decode(transmission.mic.ours.as_deref()?).ok()?;
    Some(Mic { digest, value })
}

/// Refuses a receipt that somebody has brought in and that decides nothing, and says why.
fn refuse_unsuitable(
    standing: &Transmission,
    verdict: Verdict,
    lights: &Lights,
    explained: &Diagnosis,
) -> Result<(), AppError> {
    let signed = matches!(lights.receipt_signature, Light::Good | Light::NotAsked);
    let says_no =
        verdict == Verdict::Failed && lights.receipt == Light::Good && lights.disposition == Light::Bad && signed;
    if verdict != Verdict::Delivered && !says_no {
        let refused = AppError::new(format!("the receipt was not taken: {}", explained.cause));
        return Err(refused.hint(explained.explanation.clone()));
    }
    if !supersedes(standing, verdict) {
        return Err(AppError::new("the receipt was not taken: another receipt has settled this transmission already"));
    }
    Ok(())
}

/// Whether a receipt decides about what stands there: where no receipt has, and where one that anybody can have written, or
/// that answered another attempt, said no and this one proves that all is well.
fn supersedes(standing: &Transmission, verdict: Verdict) -> bool {
    let doubtful = standing.lights.receipt_signature != Light::Good || standing.attempts.len() > 1;
    let said_no = standing.verdict == Verdict::Failed && doubtful;
    !standing.decided_by_receipt() || (said_no && verdict == Verdict::Delivered)
}

/// Whether a receipt may end what waits for one. Where a signature was asked for, one that is not signed and says no is a
/// hint at most: it comes by itself, from anybody, and must not end the attempts.
fn is_proved(facts: &AttemptFacts, verdict: Verdict) -> bool {
    let good = match &facts.answer {
        AnswerFacts::Http(HttpAnswer { receipt: ReceiptFacts::Read(receipt), .. }) => receipt.signature.proves_author(),
        _ => false,
    };
    good || verdict != Verdict::Failed || !facts.request.mdn.is_signed()
}

/// Gives a receipt a place beside what it is for; the number of the place.
async fn adopt(archive: Archive, kept: TransmissionId, id: TransmissionId) -> Result<u32, AppError> {
    blocking(move || {
        for number in 1..=MOST_RECEIPTS {
            match archive.adopt((kept, Part::RequestBody(super::FIRST)), (id, Part::ReceiptBody(number))) {
                // Another receipt has this place, perhaps one that came at the same time.
                Err(error) if error.source.kind() == ErrorKind::AlreadyExists => {}
                adopted => {
                    adopted?;
                    archive.adopt((kept, Part::RequestHead(super::FIRST)), (id, Part::ReceiptHead(number)))?;
                    return Ok(number);
                }
            }
        }
        Err(AppError::new(format!("more than {MOST_RECEIPTS} receipts came for {id}")))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Clock;
    use crate::domain::transmission::Direction;
    use crate::store::{Duty, Location, Unlock};

    #[test]
    fn a_later_attempt_has_a_message_id_that_leads_back_to_the_first() {
        let first = "<019ab3f0-0000-7000-8000-000000000001@ACME>";
        assert_eq!(attempt_id(first, 1), first);
        assert_eq!(attempt_id(first, 3), "<019ab3f0-0000-7000-8000-000000000001.3@ACME>");
        assert_eq!(bare(" <a@b> "), "a@b");
        assert_eq!(bare("a@b"), "a@b");
        assert_eq!(bare("<a@b"), "<a@b");
    }

    #[tokio::test]
    async fn what_waits_since_an_earlier_version_ends_uncertain_and_explained() {
        let guard = tempfile::tempdir().unwrap();
        let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::System);
        let workspace = app.workspace().await.unwrap();
        let now = app.now();
        let id = crate::app::send::new_id(now);
        let mut sent = Transmission::new(id, "<old@acme>".to_owned(), now, Direction::Outbound);
        sent.verdict = Verdict::Pending;
        workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        let mut transaction = workspace.begin().await.unwrap();
        let duty = Duty { transmission: id, kind: DutyKind::Deadline, at: now, number: 1, whither: None };
        transaction.put_duty(&duty).await.unwrap();
        transaction.commit().await.unwrap();
        // A clock that has just gone forward ends nothing before it has stood for a while.
        let (hour, begun) = (jiff::SignedDuration::from_hours(1), Instant::now());
        app.clock_watch.look(now - hour, begun);
        app.clock_watch.look(now, begun);
        assert!(!app.settle_overdue(&workspace, now).await.unwrap());
        assert_eq!(workspace.transmission(id).await.unwrap().unwrap().verdict, Verdict::Pending);
        app.clock_watch.look(now - hour, begun);
        assert!(app.settle_overdue(&workspace, now).await.unwrap());
        let found = workspace.transmission(id).await.unwrap().unwrap();
        assert_eq!((found.verdict, found.cause()), (Verdict::Uncertain, Some("The receipt did not come in time")));
        assert_eq!(workspace.duty(id, DutyKind::Deadline).await.unwrap(), None);
    }
}
