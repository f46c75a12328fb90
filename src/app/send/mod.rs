//! Sending one message: journalled and copied first, built and kept, posted, its receipt read, its outcome explained.

mod answer;
mod giving_up;
mod in_flight;
mod material;
mod stages;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use uuid::{NoContext, Uuid};

use giving_up::blocking_while_wanted;
use in_flight::InFlight;
pub(super) use in_flight::settle_abandoned;
pub use stages::SendEvent;

use super::keys::refuse_locked;
use super::{App, AppError};
use crate::as2::{BuildError, Built, sha256_beside};
use crate::domain::certificate::hex;
use crate::domain::connection::{Connection, FilenameMode, Profile};
use crate::domain::diagnosis::{self, AnswerFacts, AttemptFacts, RequestFacts};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::size::size;
use crate::domain::test_document::TestDocument;
use crate::domain::transmission::{Attempt, Direction, Headers, StageName, Transmission, TransmissionId, Verdict};
use crate::store::{As2Pair, DEFAULT_KEEP, Part, Workspace, http_password_name};
use crate::transport::{self, BasicAuth, Identity, PostRequest, Trust};
use material::Material;
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

/// The attempt that this module makes; retries of daily work count on from it.
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
        let (workspace, connection, profile) = self.profile(&request.connection, request.profile).await?;
        refuse_locked(&workspace)?;
        settle_abandoned(&workspace, self.now()).await?;
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
            trouble: None,
            body_sha256: None,
        };
        sending.run(source, cancelled).await?;
        in_flight.end();
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
                let cannot = |error: io::Error| AppError::new(format!("cannot read {}: {error}", path.display()));
                let file = File::open(path).map_err(cannot)?;
                if file.metadata().map_err(cannot)?.is_dir() {
                    return Err(AppError::new(format!("{} is a folder, not a file", path.display())));
                }
                let name =
                    path.file_name().map_or_else(|| "payload".to_owned(), |name| name.to_string_lossy().into_owned());
                Ok(Self { name, content: Content::File(file) })
            }
            Payload::Kept(id) => {
                let gone = || {
                    AppError::new("the document of that transmission is no longer kept")
                        .hint("choose its file again and send that")
                };
                let earlier = workspace.transmission(*id).await?.ok_or_else(gone)?;
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
    /// What went wrong here without changing the outcome.
    trouble: Option<String>,
    /// SHA-256 of the message as it was built, where it is a large one.
    body_sha256: Option<String>,
}

impl Sending<'_> {
    /// Goes through all stages; whatever happens, the outcome is in the transmission and in the journal.
    async fn run(&mut self, source: Source, cancelled: impl Future<Output = ()>) -> Result<(), AppError> {
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
            Some(Ok(answer)) => answer,
            Some(Err(error)) => AnswerFacts::OwnFault { detail: error.to_string() },
            None => AnswerFacts::Cancelled { all_bytes_sent: self.stages.cancelled() },
        };
        self.finish(AttemptFacts { request, answer }).await
    }

    /// Up to the answer. An error is our own fault, and nothing has left the house.
    async fn attempt(&mut self, source: Source, request: &mut RequestFacts) -> Result<AnswerFacts, AppError> {
        if self.profile.mdn.is_async() {
            return Err(AppError::new("asynchronous receipts are not available yet; use mdn sync-signed or sync"));
        }
        let length = self.copy_payload(source).await?;
        self.stages.begin(StageName::Certificates);
        let material = Material::choose(self, length).await;
        let material = self.stages.settle(material, Material::describe)?;
        request.encrypted_for = material.recipient.as_ref().map(|partner| partner.facts().fingerprint_sha256);
        request.signed_by = material.signs().then(|| material.identity.certificate.facts().fingerprint_sha256);

        self.stages.begin(StageName::Built);
        let built = self.build(&material).await;
        let built =
            self.stages.settle(built, |built| describe_built(self.transmission.bytes.payload, built, &material))?;
        self.transmission.bytes.sent = built.length;
        request.bytes = built.length;
        let post = self.post_request(&built).await?;
        self.transmission.request_headers.clone_from(&built.headers);
        self.transmission.mic.algorithm = Some(built.mic.digest.as_str().to_owned());
        self.transmission.mic.ours = Some(built.mic.base64());
        self.transmission.verdict = Verdict::Sending;
        self.keep_head(Part::RequestHead(FIRST), &format!("POST {} HTTP/1.1", self.profile.url), &built.headers)?;
        self.journal_stages().await?;
        self.workspace.update_transmission(&self.transmission).await?;

        let total = built.length;
        let stages = &self.stages;
        stages.begin(StageName::Connected);
        let posted = transport::post(post, |event| stages.on_post(event, total)).await;
        Ok(match posted {
            Ok(answer) => {
                self.transmission.http_status = Some(answer.status);
                self.transmission.response_headers.clone_from(&answer.headers);
                let line = format!("HTTP/1.1 {} {}", answer.status, answer.reason);
                let kept = self
                    .keep_head(Part::ResponseHead(FIRST), line.trim_end(), &answer.headers)
                    .and_then(|()| self.keep(Part::ResponseBody(FIRST), &answer.body));
                self.stages.answered(&answer);
                // From here on the partner may have the message: trouble of ours must not call it unsent.
                match self.read_answer(answer, &material, &built).await {
                    Ok(facts) => {
                        if let Err(error) = kept {
                            self.trouble = Some(format!("The answer could not be kept: {error}"));
                        }
                        facts
                    }
                    Err(error) => AnswerFacts::Broken {
                        all_bytes_sent: true,
                        detail: format!("an answer came but could not be read here: {error}"),
                    },
                }
            }
            Err(failure) => {
                self.stages.post_failed(&failure);
                if let Some(answer) = &failure.answer {
                    self.transmission.http_status = Some(answer.status);
                    self.transmission.response_headers.clone_from(&answer.headers);
                }
                answer::of_failure(&failure, self.profile.timeout_seconds)
            }
        })
    }

    /// Copies the payload into the archive, so that it can be sent again when the user's file is gone.
    async fn copy_payload(&mut self, source: Source) -> Result<u64, AppError> {
        let mut writer = self.workspace.archive().create(self.transmission.id, Part::Payload)?;
        let copied = blocking_while_wanted(move |wanted| {
            let mut from: Box<dyn Read> = match source.content {
                Content::File(file) => Box::new(file),
                Content::Text(text) => Box::new(io::Cursor::new(text)),
            };
            let mut buffer = vec![0; 128 * 1024];
            let told = |error: io::Error, what: &str| {
                io::Error::new(error.kind(), format!("the payload cannot be {what}: {error}"))
            };
            let copied = sha256_beside(|hash| {
                loop {
                    let read = match from.read(&mut buffer) {
                        Ok(0) => return wanted.check(),
                        Ok(read) => read,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        Err(error) => return Err(told(error, "read")),
                    };
                    hash.write_all(&buffer[..read])?;
                    let mut writer = wanted.writer(&mut writer);
                    writer.write_all(&buffer[..read]).map_err(|error| told(error, "copied into the archive"))?;
                }
            });
            let ((), digest) = copied.map_err(|error| AppError::new(error.to_string()))?;
            let file = writer.finish()?;
            Ok((file.bytes, digest))
        });
        let (bytes, digest) = copied.await?;
        self.transmission.bytes.payload = bytes;
        self.transmission.payload_sha256 = Some(hex(&digest));
        self.workspace.update_transmission(&self.transmission).await?;
        Ok(bytes)
    }

    /// Builds the message into the archive: what goes out is what is kept, and its length is known.
    async fn build(&mut self, material: &Material) -> Result<Built, AppError> {
        let id = self.transmission.id;
        let mut payload = self.workspace.archive().open(id, Part::Payload)?;
        let mut writer = self.workspace.archive().create(id, Part::RequestBody(FIRST))?;
        let material = material.clone();
        // What is cut once it is settled keeps its digest, which is taken where the bytes pass by.
        let large = self.transmission.bytes.payload > DEFAULT_KEEP / 2;
        let (built, digest) = blocking_while_wanted(move |wanted| {
            let message = material.message();
            let (built, digest) = if large {
                let (built, digest) = sha256_beside(|hash| {
                    message.build(&mut payload, &mut Twice { out: wanted.writer(&mut writer), hash })
                })?;
                (built, Some(hex(&digest)))
            } else {
                (message.build(&mut payload, &mut wanted.writer(&mut writer))?, None)
            };
            wanted.check().map_err(BuildError::from)?;
            writer.finish()?;
            Ok((built, digest))
        })
        .await?;
        self.body_sha256 = digest;
        Ok(built)
    }

    async fn post_request(&self, built: &Built) -> Result<PostRequest, AppError> {
        let profile = &self.profile;
        let basic_auth = match &profile.http_user {
            Some(user) => {
                let secret = self.workspace.secret(&http_password_name(&self.connection.id, self.kind)).await?;
                let secret = secret.ok_or_else(|| {
                    AppError::new("`http_user` is set but no password is kept; set it with http_password=-")
                })?;
                let password = String::from_utf8_lossy(&secret).into_owned();
                Some(BasicAuth { user: user.clone(), password: password.into() })
            }
            None => None,
        };
        let trust = match profile.tls_trust.as_str() {
            "system" => Trust::System,
            path => Trust::Pem(super::certificates::read_bytes(std::path::Path::new(path))?),
        };
        let identity = match profile.tls_identity.as_ref().filter(|_| profile.url.is_tls()) {
            Some(name) => {
                let ours = self.app.unseal(&self.workspace, name).await?;
                let chain =
                    std::iter::once(&ours.certificate).chain(&ours.chain).map(|each| each.der().to_vec()).collect();
                let key = ours.key.pkcs8_der().to_vec().into();
                Some(Identity::from_der(chain, key).map_err(|error| AppError::new(error.to_string()))?)
            }
            None => None,
        };
        Ok(PostRequest {
            url: profile.url.clone(),
            headers: built.headers.clone(),
            body: self.workspace.archive().path(self.transmission.id, Part::RequestBody(FIRST)),
            length: built.length,
            chunked: profile.quirks.chunked,
            timeout: Duration::from_secs(u64::from(profile.timeout_seconds)),
            basic_auth,
            trust,
            identity,
            max_answer: crate::as2::MAX_RECEIPT,
        })
    }

    /// Reads the receipt out of an answer.
    async fn read_answer(
        &self,
        answer: transport::Answer,
        material: &Material,
        built: &Built,
    ) -> Result<AnswerFacts, AppError> {
        let at = self.app.now();
        let uses = &self.profile.partner_certificates;
        let acceptable = crate::domain::timeline::acceptable_now(uses, at);
        let accepted = self.app.partner_certificates(&self.workspace, &acceptable).await?;
        let everything =
            self.app.partner_certificates(&self.workspace, &crate::domain::timeline::all_fingerprints(uses)).await?;
        let reading = answer::Reading {
            payload: self.workspace.archive().open(self.transmission.id, Part::Payload)?,
            material: material.clone(),
            mic: built.mic.clone(),
            message_id: self.transmission.message_id.clone(),
            mdn: self.profile.mdn,
            accepted,
            known: everything,
            in_use: crate::domain::timeline::used_now(uses, at).map(|entry| entry.fingerprint),
        };
        blocking(move || Ok(reading.read(answer))).await
    }

    /// Judges, explains, journals the end.
    async fn finish(&mut self, facts: AttemptFacts) -> Result<(), AppError> {
        let (verdict, lights) = diagnosis::judge(&facts);
        self.stages.receipt(&facts, &lights);
        if let AnswerFacts::Http(http) = &facts.answer
            && let diagnosis::ReceiptFacts::Read(receipt) = &http.receipt
        {
            self.transmission.disposition = Some(receipt.disposition.to_string());
            if receipt.mic.theirs.is_some() {
                self.transmission.mic = receipt.mic.clone();
            }
        }
        let context = self.app.context(&self.workspace, &self.connection, self.kind, &self.profile).await?;
        let mut explained = diagnosis::explain(&facts, &verdict, &lights, &context);
        explained.evidence.extend(self.trouble.take());
        self.transmission.verdict = verdict;
        self.transmission.lights = lights;
        self.transmission.attempts.push(Attempt {
            number: FIRST,
            started: self.begun,
            verdict,
            http_status: self.transmission.http_status,
            detail: explained.cause.clone(),
        });
        self.transmission.diagnosis = Some(explained);
        self.journal_stages().await?;
        self.transmission.stages = self.stages.all();
        self.workspace.update_transmission(&self.transmission).await?;
        // Decided: the stored bytes are not needed for another attempt, so large ones are cut to what is kept.
        if matches!(verdict, Verdict::Delivered | Verdict::Failed) {
            let (archive, id) = (self.workspace.archive().clone(), self.transmission.id);
            let digest = self.body_sha256.take();
            blocking(move || {
                if archive.path(id, Part::RequestBody(FIRST)).exists() {
                    archive.settle_known(id, Part::RequestBody(FIRST), DEFAULT_KEEP, digest)?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    async fn journal_stages(&self) -> Result<(), AppError> {
        for stage in self.stages.fresh() {
            self.workspace.append_stage(self.transmission.id, FIRST, &stage).await?;
        }
        Ok(())
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

/// Writes the same to a file and to a digest.
struct Twice<'a, W> {
    out: W,
    hash: &'a mut (dyn Write + Send),
}

impl<W: Write> Write for Twice<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.write_all(&bytes[..written])?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
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
    format!("{} → {} · {signed}, {encrypted}", size(payload), size(built.length))
}
