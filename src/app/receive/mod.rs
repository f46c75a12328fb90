//! Receiving one message: kept before it is read, opened, judged, delivered, journalled, answered.

mod judgement;
mod keeping;

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::path::PathBuf;

use jiff::Timestamp;
use tokio::sync::Mutex;

use judgement::{Outcome, cannot_open, diagnosis, late_receipt, refusal, refused, unknown_relationship};
use keeping::keep_body;

use super::keys::UnsealedIdentity;
use super::send::{blocking, head_bytes, new_id};
use super::serve::ServeEvent;
use super::{App, AppError, inbox};
use crate::as2::headers::{MediaType, get, unquote};
use crate::as2::{
    self, BuiltReceipt, DecryptionKey, Mic, OpenError, Opened, OpeningKeys, ReceiptContent, SignatureOutcome,
    SigningPlan, build_receipt,
};
use crate::certificate::Certificate;
use crate::domain::algorithm::{Digest, SignatureScheme};
use crate::domain::certificate::{Fingerprint, hex};
use crate::domain::connection::{Profile, Quirks};
use crate::domain::diagnosis::Blame;
use crate::domain::disposition::Disposition;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::timeline::{acceptable_now, used_now};
use crate::domain::transmission::{
    Attempt, Direction, Headers, Light, Lights, MicComparison, Stage, StageName, StageStatus, Transmission,
    TransmissionId, Verdict,
};
use crate::store::{As2Pair, DEFAULT_KEEP, Part, Workspace};
use crate::transport::{Handler, Refusal, Request, Response, ResponseBody};

/// An inbound message has one attempt.
const FIRST: u32 = 1;

/// Places at which messages wait for their repetitions.
const PLACES: usize = 64;

/// What answers the listener.
pub(super) struct Receiver {
    app: App,
    workspace: Workspace,
    inbox: Option<PathBuf>,
    events: Box<dyn Fn(ServeEvent) + Send + Sync>,
    /// A message waits for others whose Message-ID falls on the same place, so that a repetition finds the answer of the
    /// first and is not worked on beside it.
    in_work: [Mutex<()>; PLACES],
}

/// What a message is from and to, as its headers say.
struct Addressed {
    from: String,
    to: String,
    message_id: String,
}

/// A profile that a message may belong to.
struct Candidate {
    connection: ConnectionId,
    name: String,
    kind: ProfileKind,
    profile: Profile,
    accepted: Vec<Fingerprint>,
}

impl Receiver {
    pub(super) async fn new(
        app: App,
        inbox: Option<PathBuf>,
        events: Box<dyn Fn(ServeEvent) + Send + Sync>,
    ) -> Result<Self, AppError> {
        let workspace = app.workspace().await?;
        Ok(Self { app, workspace, inbox, events, in_work: std::array::from_fn(|_| Mutex::default()) })
    }

    pub(super) fn tell(&self, event: ServeEvent) {
        (self.events)(event);
    }

    async fn message(&self, request: Request) -> Result<Response, AppError> {
        let headers = request.headers.clone();
        let Some(addressed) = addressed(&headers) else {
            let reason = "it posted something without AS2-From, AS2-To and Message-ID".to_owned();
            self.tell(ServeEvent::TurnedAway { peer: request.peer, reason });
            return Ok(Response::text(
                400,
                "This is an AS2 receiver: a message needs AS2-From, AS2-To and Message-ID (RFC 4130)\n",
            ));
        };
        let at = self.app.now();
        let id = new_id(at);
        let mut transmission = Transmission::new(id, addressed.message_id.clone(), at, Direction::Inbound);
        transmission.request_headers.clone_from(&headers);
        for (name, value) in &mut transmission.request_headers {
            if name.eq_ignore_ascii_case("authorization") {
                "hidden".clone_into(value);
            }
        }
        transmission.lights = Lights { http: Light::Good, ..NOTHING_ASKED };
        let received = self.keep_request(request, &mut transmission).await;
        // Before anything is read from it, it is on disk and in the journal.
        let pair = As2Pair { ours: Some(&addressed.to), partner: Some(&addressed.from) };
        self.workspace.begin_transmission(&transmission, pair).await?;
        let (answered, blame) = match received {
            Ok(()) => (self.work_on(&mut transmission, &headers, &addressed, at).await, Blame::Ours),
            Err(error) => (Err(error), Blame::Network),
        };
        if let Err(error) = &answered {
            // Whatever went wrong, the journal says how it ended: without an answer it was not taken, and comes again.
            transmission.verdict = Verdict::Refused;
            transmission.http_status = None;
            let why = error.to_string();
            transmission.diagnosis = Some(diagnosis("Not taken", &why, blame));
            self.finish(&mut transmission, StageStatus::Bad, &why).await?;
        }
        answered
    }

    /// What follows once a message is kept: repetition, opening, judging, answering.
    async fn work_on(
        &self,
        transmission: &mut Transmission,
        headers: &Headers,
        addressed: &Addressed,
        at: Timestamp,
    ) -> Result<Response, AppError> {
        let one_at_a_time = self.in_work[place_of(&addressed.message_id)].lock().await;
        if let Some(answer) = self.answer_of_first(addressed, transmission.id).await? {
            transmission.verdict = Verdict::Received;
            transmission.diagnosis = Some(diagnosis(
                "Repeated message",
                "The same Message-ID was processed before, so its first receipt was sent again and nothing was delivered twice",
                Blame::Nobody,
            ));
            transmission.http_status = Some(answer.status);
            transmission.response_headers.clone_from(&answer.headers);
            if let ResponseBody::Bytes(body) = &answer.body {
                self.keep(transmission.id, Part::ResponseBody(FIRST), body)?;
            }
            self.finish(transmission, StageStatus::Good, "answered as the first time").await?;
            return Ok(answer);
        }
        let candidates = self.candidates(addressed, at).await?;
        let (outcome, chosen) = if candidates.is_empty() {
            (unknown_relationship(), None)
        } else {
            self.open_and_judge(transmission, headers, candidates, at).await?
        };
        let response = self.answer(transmission, headers, addressed, outcome, chosen.as_ref(), at).await?;
        drop(one_at_a_time);
        Ok(response)
    }

    /// Keeps head and body of a request exactly as they came.
    async fn keep_request(&self, mut request: Request, transmission: &mut Transmission) -> Result<(), AppError> {
        let archive = self.workspace.archive().clone();
        let id = transmission.id;
        let mut head = archive.create(id, Part::RequestHead(FIRST))?;
        head.write_all(&request.raw_head).map_err(|error| cannot_keep(&error))?;
        head.finish()?;
        let body = archive.create(id, Part::RequestBody(FIRST))?;
        let (file, received) = keep_body(&mut request.body, body).await?;
        transmission.bytes.sent = file.bytes;
        received
    }

    /// The answer that the same message got when it was processed, where it was. After a negative receipt the same
    /// Message-ID is processed anew, because its sender was asked to mend something (RFC 4130 section 5.5).
    async fn answer_of_first(&self, addressed: &Addressed, id: TransmissionId) -> Result<Option<Response>, AppError> {
        let earlier = self
            .workspace
            .find_by_message_id(Direction::Inbound, &addressed.from, &addressed.to, &addressed.message_id)
            .await?;
        for summary in earlier.into_iter().filter(|summary| summary.id != id && summary.verdict == Verdict::Received) {
            let Some(first) = self.workspace.transmission(summary.id).await? else { continue };
            let Some(status) = first.http_status else { continue };
            let path = self.workspace.archive().path(summary.id, Part::ResponseBody(FIRST));
            // Better no answer now than a second delivery.
            let body = std::fs::read(&path).map_err(|error| {
                AppError::new(format!("the first answer cannot be read from {}: {error}", path.display()))
            })?;
            return Ok(Some(Response { status, headers: first.response_headers, body: ResponseBody::Bytes(body) }));
        }
        Ok(None)
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
                        profile: profile.clone(),
                        accepted: acceptable_now(&profile.partner_certificates, at),
                    });
                }
            }
        }
        found.sort_by_key(|candidate| candidate.kind != ProfileKind::Production);
        Ok(found)
    }

    /// Opens the message, chooses its profile, and delivers it where all is well.
    async fn open_and_judge(
        &self,
        transmission: &mut Transmission,
        headers: &Headers,
        mut candidates: Vec<Candidate>,
        at: Timestamp,
    ) -> Result<(Outcome, Option<Candidate>), AppError> {
        let mut fingerprints: Vec<Fingerprint> = candidates.iter().flat_map(|each| each.accepted.clone()).collect();
        fingerprints.dedup();
        let accepted = self.app.partner_certificates(&self.workspace, &fingerprints).await?;
        let identities = self.app.unseal_all(&self.workspace).await?;
        let opened = self.open(transmission.id, headers, identities, accepted).await?;
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let chosen = candidates.swap_remove(0);
                belongs_to(transmission, &chosen);
                return Ok((cannot_open(&error), Some(chosen)));
            }
        };
        transmission.bytes.payload = opened.payload_length;
        transmission.payload_sha256 = Some(hex(&opened.payload_sha256));
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
            })
            .unwrap_or(0);
        let chosen = candidates.swap_remove(index);
        belongs_to(transmission, &chosen);
        let name = inbox::file_name(&opened, headers, transmission.message_id.trim_matches(['<', '>']));
        transmission.file = Some(name.clone());
        if ["multipart/report", "message/disposition-notification"].contains(&opened.content_type().essence.as_str()) {
            return Ok((late_receipt(), Some(chosen)));
        }
        if let Some(refusal) = refused(&opened, &chosen, signer) {
            return Ok((refusal, Some(chosen)));
        }
        if let Some(folder) = self.inbox.clone() {
            let (archive, id) = (self.workspace.archive().clone(), transmission.id);
            let (connection, kind) = (chosen.connection.clone(), chosen.kind);
            let delivered = blocking(move || inbox::deliver(&archive, id, &folder, &connection, kind, &name)).await;
            if let Err(error) = delivered {
                // Our own trouble: the partner is asked to send it again, nothing is acknowledged.
                let mut outcome = refusal(
                    "unexpected-processing-error",
                    "The message could not be stored",
                    &error.to_string(),
                    Blame::Ours,
                );
                outcome.mic = Some(opened.mic);
                return Ok((outcome, Some(chosen)));
            }
        }
        let sender = signer.map_or_else(String::new, |signer| format!(", signed with {}", signer.short()));
        let explained = diagnosis("Received", &format!("The message was opened and delivered{sender}"), Blame::Nobody);
        let outcome = Outcome {
            disposition: Disposition::processed(),
            mic: Some(opened.mic),
            text: "The message was received and processed".to_owned(),
            is_receipt: false,
            diagnosis: explained,
        };
        Ok((outcome, Some(chosen)))
    }

    async fn open(
        &self,
        id: TransmissionId,
        headers: &Headers,
        identities: Vec<UnsealedIdentity>,
        accepted: Vec<Certificate>,
    ) -> Result<Result<Opened, OpenError>, AppError> {
        let archive = self.workspace.archive().clone();
        let headers = headers.clone();
        blocking(move || {
            let mut body: File = archive.open(id, Part::RequestBody(FIRST))?;
            let mut payload = archive.create(id, Part::Payload)?;
            let keys: Vec<DecryptionKey<'_>> = identities.iter().map(UnsealedIdentity::decryption_key).collect();
            let accepted: Vec<&Certificate> = accepted.iter().collect();
            let keys = OpeningKeys { decryption: &keys, accepted: &accepted };
            let opened = as2::open(&headers, &mut body, keys, &asked_digests(&headers), &mut payload);
            // What an error left behind half written is not kept: the raw body is.
            if opened.is_ok() {
                payload.finish()?;
            }
            Ok(opened)
        })
        .await
    }

    /// Journals the outcome and answers with the receipt that was asked for.
    async fn answer(
        &self,
        transmission: &mut Transmission,
        headers: &Headers,
        addressed: &Addressed,
        outcome: Outcome,
        chosen: Option<&Candidate>,
        at: Timestamp,
    ) -> Result<Response, AppError> {
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
        transmission.diagnosis = Some(outcome.diagnosis);
        let asked = get(headers, "Disposition-Notification-To").is_some();
        let (status, response_headers, body) = if asked {
            let receipt = self
                .receipt(
                    transmission,
                    headers,
                    addressed,
                    &outcome.disposition,
                    outcome.mic.as_ref(),
                    &outcome.text,
                    chosen,
                    at,
                )
                .await?;
            // 200 also where the disposition is an error (RFC 4130 section 7.6).
            (200, receipt.headers, receipt.body)
        } else if positive || outcome.is_receipt {
            // Every receipt is answered with 200, whatever becomes of it: some partners deliver nothing otherwise.
            (200, Vec::new(), Vec::new())
        } else {
            let kind = vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())];
            (400, kind, format!("{}\n", outcome.text).into_bytes())
        };
        transmission.http_status = Some(status);
        transmission.response_headers.clone_from(&response_headers);
        self.keep(
            transmission.id,
            Part::ResponseHead(FIRST),
            &head_bytes(&format!("HTTP/1.1 {status}"), &response_headers),
        )?;
        self.keep(transmission.id, Part::ResponseBody(FIRST), &body)?;
        let stage = if positive { StageStatus::Good } else { StageStatus::Bad };
        self.finish(transmission, stage, &detail).await?;
        Ok(Response { status, headers: response_headers, body: ResponseBody::Bytes(body) })
    }

    #[expect(clippy::too_many_arguments, reason = "each is one thing that a receipt says")]
    async fn receipt(
        &self,
        transmission: &Transmission,
        headers: &Headers,
        addressed: &Addressed,
        disposition: &Disposition,
        mic: Option<&Mic>,
        text: &str,
        chosen: Option<&Candidate>,
        at: Timestamp,
    ) -> Result<BuiltReceipt, AppError> {
        let message_id = format!("<{}@receipt>", transmission.id.hyphenated());
        let quirks = chosen.map_or_else(Quirks::default, |candidate| candidate.profile.quirks.clone());
        let content = ReceiptContent {
            from: &addressed.to,
            to: &addressed.from,
            message_id: &message_id,
            original_message_id: &addressed.message_id,
            disposition: disposition.clone(),
            mic,
            micalg_style: quirks.micalg_style,
            text,
            at,
        };
        // An unknown partner gets an unsigned receipt: nothing of ours is shown to strangers (RFC 4130 section 6.2).
        let Some(candidate) = chosen.filter(|_| asks_signature(headers)) else {
            return Ok(build_receipt(&content, None)?);
        };
        let identity = self.app.unseal(&self.workspace, &candidate.profile.identity).await?;
        let asked = asked_digests(headers).into_iter().find(|digest| *digest > Digest::Md5);
        let digest = asked.or_else(|| mic.map(|mic| mic.digest)).unwrap_or(Digest::Sha256);
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

    fn keep(&self, id: TransmissionId, part: Part, bytes: &[u8]) -> Result<(), AppError> {
        let mut writer = self.workspace.archive().create(id, part)?;
        writer.write_all(bytes).map_err(|error| cannot_keep(&error))?;
        writer.finish()?;
        Ok(())
    }

    async fn finish(&self, transmission: &mut Transmission, status: StageStatus, detail: &str) -> Result<(), AppError> {
        let stage =
            Stage { stage: StageName::Answered, status, started: self.app.now(), ms: 0, detail: detail.to_owned() };
        self.workspace.append_stage(transmission.id, FIRST, &stage).await?;
        transmission.stages.push(stage);
        transmission.attempts.push(Attempt {
            number: FIRST,
            started: transmission.at,
            verdict: transmission.verdict,
            http_status: transmission.http_status,
            detail: detail.to_owned(),
        });
        self.workspace.update_transmission(transmission).await?;
        let (archive, id) = (self.workspace.archive().clone(), transmission.id);
        // Nobody waits for it: the partner gets the receipt meanwhile. A body that could not be cut stays whole.
        drop(tokio::task::spawn_blocking(move || archive.settle(id, Part::RequestBody(FIRST), DEFAULT_KEEP)));
        self.tell(ServeEvent::Transmission(Box::new(transmission.clone())));
        Ok(())
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

impl Handler for Receiver {
    async fn handle(&self, request: Request) -> Response {
        match request.method.as_str() {
            "POST" => {}
            "GET" | "HEAD" => return Response::text(200, "This is an AS2 receiver: post messages to it (RFC 4130)\n"),
            _ => return Response::text(405, "Messages are sent with POST\n"),
        }
        let peer = request.peer;
        match self.message(request).await {
            Ok(response) => response,
            Err(error) => {
                self.tell(ServeEvent::TurnedAway { peer, reason: error.to_string() });
                // Whoever sent it is to send it again; why it failed is nobody else's business.
                Response::text(500, "The message could not be processed; please send it again\n")
            }
        }
    }

    fn refused(&self, refusal: Refusal) {
        self.tell(ServeEvent::TurnedAway { peer: refusal.peer, reason: refusal.reason.to_string() });
    }
}

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
        from: unquote(get(headers, "AS2-From")?),
        to: unquote(get(headers, "AS2-To")?),
        message_id: get(headers, "Message-ID").filter(|id| !id.is_empty() && id.len() <= 998)?.to_owned(),
    })
}

/// The digests asked for in `signed-receipt-micalg`, in their order (RFC 4130 section 7.3).
fn asked_digests(headers: &Headers) -> Vec<Digest> {
    let options =
        MediaType::parse(&format!(";{}", get(headers, "Disposition-Notification-Options").unwrap_or_default()));
    options
        .parameter("signed-receipt-micalg")
        .map(|list| list.split(',').filter_map(Digest::from_micalg).collect())
        .unwrap_or_default()
}

fn asks_signature(headers: &Headers) -> bool {
    get(headers, "Disposition-Notification-Options")
        .is_some_and(|options| options.to_ascii_lowercase().contains("pkcs7-signature"))
}

fn belongs_to(transmission: &mut Transmission, candidate: &Candidate) {
    transmission.connection = Some(candidate.connection.clone());
    transmission.profile = Some(candidate.kind);
}
