//! Sending one message: journalled and copied first, built and kept, posted, its receipt read, its outcome explained.

mod answer;
mod daily;
mod ending;
mod giving_up;
mod in_flight;
mod late;
mod material;
mod payload;
mod posting;
mod redelivery;
mod several;
mod stages;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use jiff::Timestamp;
use uuid::{NoContext, Uuid};

pub(super) use answer::of_failure;
pub(super) use daily::{DailyWork, copying_given_up};
pub(super) use giving_up::{Wanted, WantedReader, blocking_while_wanted};
pub(super) use in_flight::{InFlight, settle_abandoned};
pub(super) use late::{ArrivedReceipt, attempt_id};
pub(super) use posting::post_conditions;
pub use several::{Redelivered, Redelivery};
pub use stages::SendEvent;

use super::keys::refuse_locked;
use super::{App, AppError, RawPart};
use crate::as2::Built;
use crate::domain::algorithm::Compression;
use crate::domain::connection::{Connection, FilenameMode, Profile};
use crate::domain::diagnosis::{AnswerFacts, AttemptFacts, RequestFacts};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::sent::SentAs;
use crate::domain::size::size;
use crate::domain::test_document::TestDocument;
use crate::domain::transmission::{Direction, Headers, StageName, Transmission, TransmissionId, Verdict};
use crate::store::{As2Pair, Part, Workspace};
use material::Material;
use payload::Way;
use stages::Stages;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A file of the user's.
    File(PathBuf),
    /// The built-in document, marked as a test.
    TestDocument,
    /// What an earlier transmission carried, from the copy that was kept of it: a new message with the same document.
    Kept(TransmissionId),
    /// The same message once more: its document under its Message-ID, as [`App::redeliver`] does it.
    Again {
        /// Which.
        id: TransmissionId,
        /// Also where it was delivered, or its receipt is waited for.
        even_delivered: bool,
    },
}

/// One message to be sent, once.
#[derive(Clone, Debug)]
pub struct SendRequest {
    /// To which connection.
    pub connection: ConnectionId,
    /// To which of its profiles.
    pub profile: ProfileKind,
    /// What.
    pub payload: Payload,
}

/// The first attempt, whose bytes all later ones send.
const FIRST: u32 = 1;

impl App {
    /// Sends one message in one attempt and returns what came of it, good or bad. Events tell of every stage.
    ///
    /// # Errors
    /// Only where the attempt could not even be journalled: no such connection or profile, no such file, a workspace
    /// that cannot be written. Everything later is the outcome of the transmission.
    pub async fn send(
        &self,
        request: &SendRequest,
        events: &(dyn Fn(SendEvent) + Send + Sync),
    ) -> Result<Transmission, AppError> {
        self.send_unless(request, events, std::future::pending()).await
    }

    /// The same, given up as soon as `cancelled` completes: what had not been handed over by then is cancelled, what had
    /// been is uncertain.
    ///
    /// # Errors
    /// As [`App::send`].
    pub async fn send_unless(
        &self,
        request: &SendRequest,
        events: &(dyn Fn(SendEvent) + Send + Sync),
        cancelled: impl Future<Output = ()>,
    ) -> Result<Transmission, AppError> {
        if let Payload::Again { id, even_delivered } = request.payload {
            return self.redeliver_unless(id, even_delivered, events, cancelled).await;
        }
        let (workspace, connection, profile) = self.profile(&request.connection, request.profile).await?;
        refuse_locked(&workspace)?;
        settle_abandoned(&workspace, self.now()).await?;
        self.settle_left(&workspace).await?;
        let at = self.now();
        let source = Source::open(&workspace, request, &profile, at).await?;
        let id = new_id(at);
        let mut transmission = Transmission::new(id, message_id(id, &profile), at, Direction::Outbound);
        transmission.connection = Some(request.connection.clone());
        transmission.profile = Some(request.profile);
        transmission.file = Some(source.name.clone());
        let pair = As2Pair { ours: Some(profile.our_as2_id.as_str()), partner: Some(profile.partner_as2_id.as_str()) };
        let in_flight = InFlight::begin(&workspace, id)?;
        workspace.begin_transmission(&transmission, pair).await?;
        events(SendEvent::Begun { id, message_id: transmission.message_id.clone() });

        let mut sending = Sending {
            app: self,
            workspace,
            connection,
            profile,
            kind: request.profile,
            transmission,
            stages: Stages::new(self.clock, events),
            begun: at,
            number: FIRST,
            body: FIRST,
            daily: false,
            asked: None,
            trouble: None,
        };
        sending.run(Some(source), cancelled).await?;
        self.settle_large(&sending.workspace, &sending.transmission, Some(in_flight));
        Ok(sending.transmission)
    }

    /// Whether nothing has been sent to this profile yet, so that people are told what a first test will leave there.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn is_first_send(&self, id: &ConnectionId, profile: ProfileKind) -> Result<bool, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(true) };
        let filter = crate::store::TransmissionFilter {
            direction: Some(Direction::Outbound),
            connection: Some(id.clone()),
            profile: Some(profile),
            limit: 1,
            ..Default::default()
        };
        Ok(workspace.transmissions(&filter).await?.0.is_empty())
    }
}

/// A number that sorts by the instant of journalling.
pub(super) fn new_id(at: Timestamp) -> TransmissionId {
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    let nanos = u32::try_from(at.subsec_nanosecond()).unwrap_or_default();
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos))
}

/// A Message-ID in angle brackets, at most 255 characters, unlike any other (RFC 4130 section 5.3.3).
fn message_id(id: TransmissionId, profile: &Profile) -> String {
    let domain: String = profile
        .our_as2_id
        .as_str()
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
        .take(64)
        .collect();
    format!("<{}@{domain}>", id.hyphenated())
}

/// Where the payload comes from.
struct Source {
    name: String,
    content: Content,
}

enum Content {
    File(File),
    Text(String),
}

impl Source {
    async fn open(
        workspace: &Workspace,
        request: &SendRequest,
        profile: &Profile,
        at: Timestamp,
    ) -> Result<Self, AppError> {
        match &request.payload {
            Payload::File(path) => {
                let cannot = |error: io::Error| AppError::unread(path, &error);
                // Asked before it is opened: opening a pipe waits for somebody who writes, and cannot be given up.
                let there = std::fs::metadata(path).map_err(cannot)?;
                if there.is_dir() {
                    return Err(AppError::new(format!("{} is a folder, not a file", path.display())));
                }
                if !there.is_file() {
                    return Err(AppError::new(format!(
                        "{} is no file but a pipe, a socket or a device: how long it is cannot be known",
                        path.display()
                    ))
                    .hint("write what comes from it to a file, and send that"));
                }
                let file = File::open(path).map_err(cannot)?;
                let name =
                    path.file_name().map_or_else(|| "payload".to_owned(), |name| name.to_string_lossy().into_owned());
                Ok(Self { name, content: Content::File(file) })
            }
            Payload::Kept(id) | Payload::Again { id, .. } => {
                let gone = || {
                    AppError::new("the document of that transmission is no longer kept")
                        .hint("choose its file again and send that")
                };
                let earlier = workspace.transmission(*id).await?.ok_or_else(gone)?;
                let gone = || {
                    AppError::new(never_kept(&earlier).unwrap_or("the document of that transmission is no longer kept"))
                        .hint("choose its file again and send that")
                };
                let removals = workspace.removals(*id).await?;
                let is_there = workspace.archive().path(*id, Part::Payload).is_file();
                if let Some(removed) = super::retention::gone(&earlier, RawPart::Payload, is_there, &removals) {
                    return Err(removed.hint("choose its file again and send that"));
                }
                let file = workspace.archive().open(*id, Part::Payload).map_err(|_missing| gone())?;
                Ok(Self { name: earlier.file.unwrap_or_else(|| "payload".to_owned()), content: Content::File(file) })
            }
            Payload::TestDocument => {
                // A control number that differs from one second to the next, within the nine digits of ISA13.
                let control = u32::try_from(at.as_second().rem_euclid(999_999_999) + 1).unwrap_or(1);
                let text = TestDocument::x12(profile.our_as2_id.as_str(), profile.partner_as2_id.as_str(), control, at);
                Ok(Self { name: TestDocument::file_name(at), content: Content::Text(text) })
            }
        }
    }
}

/// That nothing of a document was ever kept, where its program ended before it had been copied.
fn never_kept(transmission: &Transmission) -> Option<&'static str> {
    (transmission.payload_sha256.is_none() && transmission.bytes.payload == 0)
        .then_some("the document of this transmission was never copied: the program ended before")
}

/// One attempt under way.
struct Sending<'a> {
    app: &'a App,
    workspace: Workspace,
    connection: Connection,
    profile: Profile,
    kind: ProfileKind,
    transmission: Transmission,
    stages: Stages<'a>,
    begun: Timestamp,
    /// Which attempt it is, from 1.
    number: u32,
    /// The attempt whose bytes it sends: itself where it is built anew.
    body: u32,
    /// Whether further attempts are made by themselves where nobody has decided.
    daily: bool,
    /// How it stood when the user asked for another attempt; nothing where nobody did.
    asked: Option<Box<Transmission>>,
    /// What went wrong here without changing the outcome.
    trouble: Option<String>,
}

impl Sending<'_> {
    /// Goes through all stages; whatever happens, the outcome is in the transmission and in the journal.
    async fn run(&mut self, source: Option<Source>, cancelled: impl Future<Output = ()>) -> Result<(), AppError> {
        let mut request = RequestFacts::of(&self.profile, self.transmission.message_id.clone());
        request.filename =
            (self.profile.filename == FilenameMode::Preserve).then(|| self.transmission.file.clone()).flatten();
        let attempt = tokio::select! {
            // What is there already counts more than the wish to give up.
            biased;
            answer = self.attempt(source, &mut request) => Some(answer),
            () = cancelled => None,
        };
        let answer = match attempt {
            Some(Ok(Some(answer))) => answer,
            Some(Ok(None)) => return self.overtaken().await,
            Some(Err(error)) => AnswerFacts::OwnFault { detail: error.to_string() },
            None => AnswerFacts::Cancelled { all_bytes_sent: self.stages.cancelled() },
        };
        self.finish(AttemptFacts { request, answer }).await
    }

    /// Up to the answer. An error is our own fault, and nothing has left the house. Without a source the payload is in
    /// the archive already. Nothing where the attempt is not to be made any more.
    async fn attempt(
        &mut self,
        source: Option<Source>,
        request: &mut RequestFacts,
    ) -> Result<Option<AnswerFacts>, AppError> {
        // A large file is copied while the message is built from it.
        let (length, mut large) = match source {
            Some(source) => match source.large() {
                Some(length) => {
                    self.transmission.bytes.payload = length;
                    (length, Some(source))
                }
                None => (self.copy_payload(source, Way { before: 0, total: 0 }).await?, None),
            },
            None => (self.transmission.bytes.payload, None),
        };
        self.stages.begin(StageName::Certificates);
        let material = Material::choose(self, length).await;
        let material = self.stages.settle(material, Material::describe);
        if material.is_err()
            && let Some(source) = large.take()
        {
            // It can be sent again once there are certificates.
            self.copy_payload(source, Way { before: 0, total: length }).await?;
        }
        let mut material = material?;
        request.encrypted_for = material.recipient.as_ref().map(|partner| partner.facts().fingerprint_sha256);
        request.signed_by = material.signer();

        self.stages.begin(StageName::Built);
        let built = match large {
            Some(source) => self.copy_and_build(source, length, &mut material).await,
            None => self.build(&material, Way { before: 0, total: length }).await,
        };
        let built =
            self.stages.settle(built, |built| describe_built(self.transmission.bytes.payload, built, &material))?;
        request.bytes = built.length;
        let post = self.post_request(&built.headers, built.length).await?;
        let sent = SentAs {
            profile: self.profile.clone(),
            encrypted_for: request.encrypted_for,
            signed_by: request.signed_by,
        };
        let mut begun = self.transmission.clone();
        self.note_build(&mut begun, &sent, &built).await?;
        begun.bytes.sent = built.length;
        begun.request_headers.clone_from(&built.headers);
        begun.mic.algorithm = Some(built.mic.digest.as_str().to_owned());
        begun.mic.ours = Some(built.mic.base64());
        begun.verdict = Verdict::Sending;
        let head = Part::RequestHead(self.number);
        self.keep_head(head, &format!("POST {} HTTP/1.1", self.profile.url), &built.headers)?;
        let mut transaction = self.workspace.begin().await?;
        if !self.is_wanted_still(&mut transaction).await? {
            self.forget_built()?;
            return Ok(None);
        }
        for stage in self.stages.fresh() {
            transaction.append_stage(begun.id, self.number, &stage).await?;
        }
        transaction.keep_sent_as(begun.id, &sent).await?;
        transaction.update_transmission(&begun).await?;
        self.put_off(&mut transaction).await?;
        transaction.commit().await?;
        self.transmission = begun;
        self.exchange(post, &material, &built.mic).await.map(Some)
    }

    fn keep_head(&self, part: Part, line: &str, headers: &Headers) -> Result<(), AppError> {
        self.keep(part, &head_bytes(line, headers))
    }

    fn keep(&self, part: Part, bytes: &[u8]) -> Result<(), AppError> {
        let mut writer = self.workspace.archive().create(self.transmission.id, part)?;
        writer.write_all(bytes).map_err(|error| AppError::new(format!("the archive cannot be written: {error}")))?;
        writer.finish()?;
        Ok(())
    }
}

/// A start line and headers as bytes.
pub(super) fn head_bytes(line: &str, headers: &Headers) -> Vec<u8> {
    let mut head = format!("{line}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// Runs work that computes or waits for a disk away from the sockets.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| AppError::new(format!("the work was interrupted: {error}")))?
}

fn describe_built(payload: u64, built: &Built, material: &Material) -> String {
    let signed =
        if material.signs() { format!("{} signed", material.profile.signing.label()) } else { "not signed".to_owned() };
    let encrypted = match &material.recipient {
        Some(_) => format!("{} encrypted", material.profile.encryption.label()),
        None => "not encrypted".to_owned(),
    };
    let compressed = match material.profile.compression {
        Compression::None => "",
        _ if !material.signs() => ", compressed",
        Compression::BeforeSigning => ", compressed before signing",
        Compression::AfterSigning => ", compressed after signing",
    };
    format!("{} → {} · {signed}, {encrypted}{compressed}", size(payload), size(built.length))
}
