//! Receiving one message: kept before it is read, opened, judged, delivered, journalled, answered.

mod answer;
mod arrived;
mod broken_off;
mod copies;
mod delivery;
mod given;
mod handler;
mod inbox_trouble;
mod judgement;
mod keeping;
mod opening;
mod policy;
mod recipients;
mod repetition;
mod reticence;
mod secret_head;
mod sighted;
mod strangers;
mod turned_away;
mod wish;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard, Semaphore, oneshot};

use answer::Answer;
use arrived::may_be_receipt;
use delivery::Delivered;
pub use given::{ReceiptGiven, receipt_given};
use judgement::{Outcome, diagnosis, refused, remark, taken, unknown_relationship, unmatched_receipt, unmet_wish};
use keeping::keep_body;
use opening::{OPENED_AT_ONCE, OpenedEarly};
use policy::{Noted, Strength};
use recipients::encrypted_for_another;
use reticence::{Reticence, Stranger};
use strangers::Keeping;
use turned_away::TurnedAway;
use wish::ReceiptWish;

use super::afterwards::Afterwards;
use super::document_facts::document_of;
use super::places::Places;
use super::send::{InFlight, blocking, new_id};
use super::serve::ServeEvent;
use super::{App, AppError, inbox};
use crate::as2::headers::{as2_identifier, get};
use crate::as2::{OpenError, SignatureOutcome};
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::Profile;
use crate::domain::diagnosis::Blame;
use crate::domain::identifier::{ConnectionId, PolicyId, ProfileKind};
use crate::domain::timeline::used_now;
use crate::domain::transmission::{
    Direction, Headers, Light, Lights, StageStatus, Transmission, TransmissionId, Verdict,
};
use crate::store::{ArchiveFollower, As2Pair, Part, Workspace};
use crate::transport::{BodyError, Request, ResponseBody};

/// An inbound message has one attempt.
const FIRST: u32 = 1;

/// So many receipts are posted at once, and so many of them for one connection.
const POSTS_AT_ONCE: usize = 16;
const POSTS_FOR_ONE: usize = 4;

/// Places at which messages wait for their repetitions.
const PLACES: usize = 64;

/// What answers the listener.
pub(super) struct Receiver {
    app: App,
    workspace: Workspace,
    inbox: Option<PathBuf>,
    events: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    /// Receipts on their way to those who asked for them, once the message has been answered.
    afterwards: Afterwards,
    posts: Arc<Places>,
    /// Places for messages that are opened while they come.
    openings: Semaphore,
    /// A message waits for others whose Message-ID falls on the same place, so that a repetition finds the answer of the
    /// first and is not worked on beside it.
    in_work: [Mutex<()>; PLACES],
    /// And for others that may be copies of it under other Message-IDs, before it is delivered.
    copies: [Mutex<()>; PLACES],
    /// What was delivered just now and is not journalled as received yet.
    arrived: std::sync::Mutex<HashSet<TransmissionId>>,
    /// Folders of inboxes that hold nothing forgotten any more.
    cleared: std::sync::Mutex<HashSet<PathBuf>>,
    reticence: std::sync::Mutex<Reticence>,
    turned_away: std::sync::Mutex<TurnedAway>,
    /// Whether an inbox may be known to take nothing.
    troubled: AtomicBool,
}

/// What a message is from and to, as its headers say.
struct Addressed {
    from: String,
    to: String,
    message_id: String,
}

impl Addressed {
    /// Between nobody who is named.
    const fn unknown() -> Self {
        Self { from: String::new(), to: String::new(), message_id: String::new() }
    }
}

/// Who has sent a message.
#[derive(Clone, Copy)]
struct Sender {
    peer: SocketAddr,
    /// That nobody is known by its identifiers, and what that counts for.
    stranger: Option<Stranger>,
}

/// A profile that a message may belong to.
struct Candidate {
    connection: ConnectionId,
    name: String,
    kind: ProfileKind,
    policy: PolicyId,
    profile: Profile,
    accepted: Vec<Fingerprint>,
}

impl Candidate {
    /// Whether a certificate is one of the profile's, accepted or not.
    fn knows(&self, certificate: &Fingerprint) -> bool {
        self.profile.partner_certificates.iter().any(|entry| entry.fingerprint == *certificate)
    }
}

impl Receiver {
    pub(super) async fn new(
        app: App,
        inbox: Option<PathBuf>,
        events: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    ) -> Result<Self, AppError> {
        let workspace = app.workspace().await?;
        let (in_work, copies) = (std::array::from_fn(|_| Mutex::default()), std::array::from_fn(|_| Mutex::default()));
        let posts = Arc::new(Places::new(POSTS_AT_ONCE, POSTS_FOR_ONE));
        let (afterwards, openings) = (Afterwards::default(), Semaphore::new(OPENED_AT_ONCE));
        let (arrived, reticence) = (std::sync::Mutex::default(), std::sync::Mutex::default());
        let troubled = AtomicBool::new(true);
        Ok(Self {
            app,
            workspace,
            inbox,
            events,
            afterwards,
            posts,
            openings,
            in_work,
            copies,
            arrived,
            cleared: std::sync::Mutex::default(),
            reticence,
            turned_away: std::sync::Mutex::default(),
            troubled,
        })
    }

    /// Waits for the receipts that are on their way.
    pub(super) async fn finished(&self) {
        self.afterwards.ended().await;
        self.tell_rest();
    }

    pub(super) fn tell(&self, event: ServeEvent) {
        (self.events)(event);
    }

    async fn message(&self, mut request: Request) -> Result<Answer, AppError> {
        let headers = request.headers.clone();
        let addressed = addressed(&headers);
        if addressed.is_none() && !may_be_receipt(&headers) {
            return Ok((self.turn_away(request.peer), None));
        }
        let at = self.app.now();
        let id = new_id(at);
        let message_id = addressed.as_ref().map(|addressed| addressed.message_id.clone());
        let mut transmission = Transmission::new(id, message_id.unwrap_or_default(), at, Direction::Inbound);
        transmission.request_headers.clone_from(&headers);
        secret_head::hide_secrets(&mut transmission.request_headers);
        transmission.lights = Lights { http: Light::Good, ..NOTHING_ASKED };
        let peer = request.peer;
        let (mut keeping, mut stranger) = (Keeping::RECEIPT, None);
        if let Some(addressed) = &addressed {
            keeping = Keeping::WHOLE;
            // The disk and the journal are our partners'.
            if !self.is_known(addressed).await? {
                let too_many = self.too_many_strangers(peer, at);
                if let Some(left) = too_many.filter(|_| !strangers::is_called_receipt(&headers)) {
                    return Ok((self.no_more(peer, left), None));
                }
                keeping = Keeping::of_a_stranger(may_be_receipt(&headers), too_many.is_some());
                stranger = Some(peer);
            }
        }
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
        // Before anything is read from it, it is in the archive and in the journal.
        let in_flight = match early.journalled {
            Some(held) => held,
            None => {
                // Told by this from one whose program was killed: that one is settled by whoever begins to receive next.
                let held = InFlight::begin(&self.workspace, id)?;
                let pair = As2Pair { ours: Some(&addressed.to), partner: Some(&addressed.from) };
                self.workspace.begin_transmission(&transmission, pair).await?;
                held
            }
        };
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
            // Whatever went wrong, the journal says how it ended: without an answer it was not taken, and comes again.
            // One that is in the inbox already is answered then, and not delivered twice.
            let (verdict, cause) = if delivery::has_name(&transmission) {
                (Verdict::Received, delivery::NOT_ANSWERED)
            } else {
                (Verdict::Refused, "Not taken")
            };
            transmission.verdict = verdict;
            transmission.http_status = None;
            let why = error.to_string();
            transmission.diagnosis = Some(broken.unwrap_or_else(|| diagnosis(cause, &why, Blame::Ours)));
            self.finish(&mut transmission, StageStatus::Bad, &why, None).await?;
        }
        self.app.settle_large(&self.workspace, &transmission, Some(in_flight));
        answered
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

    /// The profiles that carry the message's pair of identifiers, production first.
    async fn candidates(&self, addressed: &Addressed, at: Timestamp) -> Result<Vec<Candidate>, AppError> {
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
    async fn open_and_judge<'a>(
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

/// Lights of an inbound message: none of them is asked for.
const NOTHING_ASKED: Lights = Lights {
    http: Light::NotAsked,
    receipt: Light::NotAsked,
    receipt_signature: Light::NotAsked,
    disposition: Light::NotAsked,
    mic: Light::NotAsked,
};

fn place_of(message_id: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    message_id.hash(&mut hasher);
    usize::try_from(hasher.finish() % PLACES as u64).unwrap_or_default()
}

fn cannot_keep(error: &io::Error) -> AppError {
    AppError::new(format!("the archive cannot be written: {error}"))
}

/// The pair of identifiers, unquoted, and the Message-ID as it was received. Of repeated fields the first counts
/// (AS2.md quirk 4).
fn addressed(headers: &Headers) -> Option<Addressed> {
    Some(Addressed {
        from: as2_identifier(get(headers, "AS2-From")?),
        to: as2_identifier(get(headers, "AS2-To")?),
        message_id: get(headers, "Message-ID").filter(|id| !id.is_empty() && id.len() <= 998)?.to_owned(),
    })
}

fn belongs_to(transmission: &mut Transmission, candidate: &Candidate) {
    transmission.connection = Some(candidate.connection.clone());
    transmission.profile = Some(candidate.kind);
}
