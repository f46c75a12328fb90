//! One message from its first byte to its end in the journal.

use std::io::Write as _;
use std::net::SocketAddr;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::answer::Answer;
use super::arrived::may_be_receipt;
use super::keeping::keep_body;
use super::opening::OpenedEarly;
use super::reticence::Stranger;
use super::strangers::{self, Keeping};
use super::wish::ReceiptWish;
use super::{
    Addressed, FIRST, NOTHING_ASKED, Receiver, Sender, addressed, belongs_to, cannot_keep, delivery, diagnosis,
    place_of, secret_head, unknown_relationship, unmet_wish,
};
use crate::app::AppError;
use crate::app::send::{InFlight, blocking, new_id};
use crate::domain::diagnosis::{Blame, Diagnosis};
use crate::domain::transmission::{
    Direction, Headers, Light, Lights, StageStatus, Transmission, TransmissionId, Verdict,
};
use crate::store::{ArchiveFollower, As2Pair, Part};
use crate::transport::{BodyError, Request, ResponseBody};

/// How much is kept of what comes, and who sends it where nobody is known by its identifiers.
enum Admission {
    Admitted(Keeping, Option<SocketAddr>),
    TurnedAway(Answer),
}

impl Receiver {
    pub(super) async fn message(&self, mut request: Request) -> Result<Answer, AppError> {
        let headers = request.headers.clone();
        let addressed = addressed(&headers);
        if addressed.is_none() && !may_be_receipt(&headers) {
            return Ok((self.turn_away(request.peer), None));
        }
        let (peer, at) = (request.peer, self.app.now());
        let mut transmission = begun(&headers, addressed.as_ref(), at);
        let id = transmission.id;
        let (keeping, stranger) = match self.admit(&headers, addressed.as_ref(), peer, at).await? {
            Admission::Admitted(keeping, stranger) => (keeping, stranger),
            Admission::TurnedAway(answer) => return Ok(answer),
        };
        if let Some(most) = keeping.most {
            request.body.limit(most);
        }
        // All of it is kept before anything follows from it; a large one is opened beside, as far as it is kept.
        let (grown, grows) = oneshot::channel();
        let (kept, early) = tokio::join!(
            self.keep_request(request, id, keeping, grown),
            self.open_early(grows, &transmission, &headers, addressed.as_ref())
        );
        let received = kept.map(|(bytes, received)| {
            transmission.bytes.sent = bytes;
            received
        });
        // What is in the journal already is too large for a receipt.
        if matches!(received, Ok(Ok(()))) && early.journalled.is_none() && may_be_receipt(&headers) {
            let receipt = self.take_receipt(&mut transmission, &headers, addressed.as_ref(), stranger).await?;
            if let Some(response) = receipt {
                return Ok((response, None));
            }
        }
        let mut counted = None;
        if let Some(stranger) = stranger {
            match self.one_more_stranger(stranger, at) {
                Stranger::TooMany(left) => return Ok((self.forget(id, stranger, left).await?, None)),
                told => counted = Some(told),
            }
            self.keep_little(id).await?;
        }
        let Some(addressed) = addressed else {
            let archive = self.workspace.archive().clone();
            blocking(move || Ok(archive.discard(id)?)).await?;
            return Ok((self.turn_away(peer), None));
        };
        let in_flight = self.journalled(&transmission, &addressed, early.journalled).await?;
        let mut broken = None;
        let answered = match received {
            Ok(Ok(())) => {
                let from = Sender { peer, stranger: counted };
                self.work_on(&mut transmission, &headers, &addressed, early.opened, from).await
            }
            Ok(Err(why)) => {
                // Of what broke off nothing is left but its raw bytes.
                drop(early.opened);
                broken = Some(self.broken_off(&mut transmission, &addressed, peer, &why).await);
                Err(AppError::new(why.to_string()))
            }
            Err(error) => {
                drop(early.opened);
                Err(error)
            }
        };
        if let Err(error) = &answered {
            self.not_answered(&mut transmission, broken, error).await?;
        }
        self.app.settle_large(&self.workspace, &transmission, Some(in_flight));
        answered
    }

    /// How much is kept of it. The disk and the journal are our partners'.
    async fn admit(
        &self,
        headers: &Headers,
        addressed: Option<&Addressed>,
        peer: SocketAddr,
        at: Timestamp,
    ) -> Result<Admission, AppError> {
        let Some(addressed) = addressed else { return Ok(Admission::Admitted(Keeping::RECEIPT, None)) };
        if self.is_known(addressed).await? {
            return Ok(Admission::Admitted(Keeping::WHOLE, None));
        }
        let too_many = self.too_many_strangers(peer, at);
        if let Some(left) = too_many.filter(|_| !strangers::is_called_receipt(headers)) {
            return Ok(Admission::TurnedAway((self.no_more(peer, left), None)));
        }
        Ok(Admission::Admitted(Keeping::of_a_stranger(may_be_receipt(headers), too_many.is_some()), Some(peer)))
    }

    /// Before anything is read from it, it is in the archive and in the journal.
    async fn journalled(
        &self,
        transmission: &Transmission,
        addressed: &Addressed,
        early: Option<InFlight>,
    ) -> Result<InFlight, AppError> {
        if let Some(held) = early {
            return Ok(held);
        }
        // Told by this from one whose program was killed: that one is settled by whoever begins to receive next.
        let held = InFlight::begin(&self.workspace, transmission.id)?;
        let pair = As2Pair { ours: Some(&addressed.to), partner: Some(&addressed.from) };
        self.workspace.begin_transmission(transmission, pair).await?;
        Ok(held)
    }

    /// Whatever went wrong, the journal says how it ended: without an answer it was not taken, and comes again. One that is in
    /// the inbox already is answered then, and not delivered twice.
    async fn not_answered(
        &self,
        transmission: &mut Transmission,
        broken: Option<Diagnosis>,
        error: &AppError,
    ) -> Result<(), AppError> {
        let (verdict, cause) = if delivery::has_name(transmission) {
            (Verdict::Received, delivery::NOT_ANSWERED)
        } else {
            (Verdict::Refused, "Not taken")
        };
        transmission.verdict = verdict;
        transmission.http_status = None;
        let why = error.to_string();
        transmission.diagnosis = Some(broken.unwrap_or_else(|| diagnosis(cause, &why, Blame::Ours)));
        self.finish(transmission, StageStatus::Bad, &why, None).await
    }

    /// What follows once a message is kept: repetition, opening, judging, answering.
    async fn work_on(
        &self,
        transmission: &mut Transmission,
        headers: &Headers,
        addressed: &Addressed,
        early: Option<OpenedEarly>,
        sender: Sender,
    ) -> Result<Answer, AppError> {
        let at = transmission.at;
        let wish = ReceiptWish::of(headers);
        let one_at_a_time = self.in_work[place_of(&addressed.message_id)].lock().await;
        if let Some(((answer, owed), first)) = self.answer_of_first(addressed, transmission.id).await? {
            transmission.verdict = Verdict::Received;
            // Whoever looks for what a partner sent finds its repetitions too.
            transmission.connection.clone_from(&first.connection);
            transmission.profile = first.profile;
            let repeated = self.repeated(transmission, headers, addressed, &wish, &first).await?;
            transmission.diagnosis = Some(repeated);
            transmission.http_status = Some(answer.status);
            transmission.response_headers.clone_from(&answer.headers);
            if let ResponseBody::Bytes(body) = &answer.body {
                self.keep(transmission.id, Part::ResponseBody(FIRST), body)?;
            }
            self.finish(transmission, StageStatus::Good, "answered as the first time", None).await?;
            return Ok((answer, owed));
        }
        // Of a stranger's message not all was kept, though it may be known meanwhile.
        let candidates = match sender.stranger {
            Some(_) => Vec::new(),
            None => self.candidates(addressed, at).await?,
        };
        let mut alone = None;
        let (outcome, chosen) = if candidates.is_empty() {
            let mut outcome = unknown_relationship(&addressed.from, &addressed.to);
            if let Some(Stranger::Last(left)) = sender.stranger {
                strangers::say_it_is_the_last(&mut outcome, left);
            }
            (outcome, None)
        } else if let Some(unmet) = &wish.unmet {
            let chosen = candidates.into_iter().next();
            if let Some(chosen) = &chosen {
                belongs_to(transmission, chosen);
            }
            (unmet_wish(unmet), chosen)
        } else {
            let (outcome, chosen) =
                self.open_and_judge(transmission, addressed, &wish, candidates, early, &mut alone).await?;
            // Else whoever knows two identifiers has us keep what their few bytes inflate to.
            if !outcome.disposition.is_positive() && transmission.signed_with.is_none() {
                self.let_payload_go(transmission);
            }
            (self.rationed(outcome, addressed, sender.peer, at), chosen)
        };
        let answer = self.answer(transmission, &wish, addressed, outcome, chosen.as_ref(), at).await?;
        drop((alone, one_at_a_time));
        Ok(answer)
    }

    /// Keeps head and body of a request exactly as they came, but for what lets somebody in: how long the body is, and why it
    /// broke off, where it did. `grown` gets to read along where it grows large.
    async fn keep_request(
        &self,
        request: Request,
        id: TransmissionId,
        keeping: Keeping,
        grown: oneshot::Sender<ArchiveFollower>,
    ) -> Result<(u64, Result<(), BodyError>), AppError> {
        let archive = self.workspace.archive().clone();
        let mut head = archive.create(id, Part::RequestHead(FIRST))?;
        head.write_all(&secret_head::without_secrets(&request.raw_head)).map_err(|error| cannot_keep(&error))?;
        head.finish()?;
        let mut body = archive.create(id, Part::RequestBody(FIRST))?;
        if let Some(most) = keeping.kept {
            body.keep_head_alone(most);
        }
        let (file, received) = keep_body(request.body, body, grown).await?;
        Ok((file.bytes, received))
    }
}

/// What is journalled of a message whose body is still to come.
fn begun(headers: &Headers, addressed: Option<&Addressed>, at: Timestamp) -> Transmission {
    let message_id = addressed.map(|addressed| addressed.message_id.clone());
    let mut transmission = Transmission::new(new_id(at), message_id.unwrap_or_default(), at, Direction::Inbound);
    transmission.request_headers.clone_from(headers);
    secret_head::hide_secrets(&mut transmission.request_headers);
    transmission.lights = Lights { http: Light::Good, ..NOTHING_ASKED };
    transmission
}
