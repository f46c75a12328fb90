//! Daily work: messages that are sent again by themselves until somebody has decided, with the same bytes.

use std::path::{Path, PathBuf};

use super::material::Material;
use super::payload::Way;
use super::redelivery::present_mic;
use super::stages::Stages;
use super::{FIRST, InFlight, Payload, SendEvent, SendRequest, Sending, Source, blocking, message_id, new_id};
use crate::app::document_facts::document_of;
use crate::app::keys::refuse_locked;
use crate::app::outbox::is_as_marked;
use crate::app::{App, AppError};
use crate::domain::diagnosis::{AnswerFacts, AttemptFacts};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::sent::{SentAs, next_attempt};
use crate::domain::transmission::{Direction, StageName, Transmission, TransmissionId, Verdict};
use crate::store::{As2Pair, Duty, DutyKind, OutboxFile, Part, Transaction, Workspace};

/// Why nothing is sent of a document that lies where it lay.
const NOT_TAKEN_OVER: &str = "its document was not taken over";

/// What is told of a document whose copying was given up, or that was to be copied after it.
pub(in crate::app) fn copying_given_up() -> AppError {
    AppError::new("it was given up").hint("nothing of it is sent")
}

/// A document that is to be sent as daily work.
#[derive(Clone, Debug)]
pub(in crate::app) struct DailyWork {
    /// The number that its transmission gets.
    pub(in crate::app) id: TransmissionId,
    /// To which connection.
    pub(in crate::app) connection: ConnectionId,
    /// To which of its profiles.
    pub(in crate::app) profile: ProfileKind,
    /// The document.
    pub(in crate::app) file: PathBuf,
    /// What it is called.
    pub(in crate::app) name: String,
    /// The mark that it was taken from an outbox, kept together with its transmission.
    pub(in crate::app) mark: Option<OutboxFile>,
}

impl App {
    /// Takes a file on as daily work for a profile, as if it lay in its outbox; the file stays as it is. Its first attempt
    /// is made by whoever does what is due on the workspace.
    ///
    /// # Errors
    /// Where there is no such profile, or the file cannot be copied.
    pub async fn take_on_file(
        &self,
        connection: &ConnectionId,
        profile: ProfileKind,
        file: &Path,
    ) -> Result<TransmissionId, AppError> {
        self.take_on_file_unless(connection, profile, file, &|_bytes| {}, std::future::pending()).await
    }

    /// The same, telling how many bytes have been copied, and given up when `cancelled` completes: then nothing of it is sent.
    ///
    /// # Errors
    /// As [`App::take_on_file`], and where it was given up.
    pub async fn take_on_file_unless(
        &self,
        connection: &ConnectionId,
        profile: ProfileKind,
        file: &Path,
        copied: &(dyn Fn(u64) + Send + Sync),
        cancelled: impl Future<Output = ()>,
    ) -> Result<TransmissionId, AppError> {
        let workspace = self.workspace().await?;
        let name = file.file_name().map_or_else(|| "payload".to_owned(), |name| name.to_string_lossy().into_owned());
        let id = new_id(self.now());
        let (connection, file) = (connection.clone(), file.to_owned());
        let work = DailyWork { id, connection, profile, file, name, mark: None };
        self.take_on_unless(&workspace, &work, copied, cancelled).await?;
        Ok(id)
    }

    /// Journals a document with a copy of its payload. Once this has returned, the document is not needed any more: its
    /// first attempt is due, and all others follow by themselves.
    pub(in crate::app) async fn take_on(&self, workspace: &Workspace, work: &DailyWork) -> Result<(), AppError> {
        self.take_on_unless(workspace, work, &|_bytes| {}, std::future::pending()).await
    }

    async fn take_on_unless(
        &self,
        workspace: &Workspace,
        work: &DailyWork,
        told: &(dyn Fn(u64) + Send + Sync),
        cancelled: impl Future<Output = ()>,
    ) -> Result<(), AppError> {
        let (_, connection, profile) = self.profile(&work.connection, work.profile).await?;
        refuse_locked(workspace)?;
        let at = self.now();
        let request = SendRequest {
            connection: work.connection.clone(),
            profile: work.profile,
            payload: Payload::File(work.file.clone()),
        };
        let source = Source::open(workspace, &request, &profile, at).await?;
        let mut transmission = Transmission::new(work.id, message_id(work.id, &profile), at, Direction::Outbound);
        transmission.connection = Some(work.connection.clone());
        transmission.profile = Some(work.profile);
        transmission.file = Some(work.name.clone());
        transmission.next_attempt = Some(at);
        let pair = As2Pair { ours: Some(profile.our_as2_id.as_str()), partner: Some(profile.partner_as2_id.as_str()) };
        let in_flight = InFlight::begin(workspace, work.id)?;
        let mut transaction = workspace.begin().await?;
        transaction.begin_transmission(&transmission, pair).await?;
        let duty = Duty { transmission: work.id, kind: DutyKind::Attempt, at, number: FIRST, whither: None };
        transaction.put_duty(&duty).await?;
        if let Some(mark) = &work.mark {
            transaction.put_outbox_file(mark).await?;
        }
        transaction.commit().await?;
        let events = |event| {
            if let SendEvent::Building { bytes, .. } = event {
                told(bytes);
            }
        };
        let stages = Stages::new(self.clock, &events);
        let mut sending = Sending {
            app: self,
            workspace: workspace.clone(),
            connection,
            profile,
            kind: work.profile,
            transmission,
            stages,
            begun: at,
            number: FIRST,
            body: FIRST,
            daily: true,
            asked: None,
            trouble: None,
        };
        let copied = tokio::select! {
            copied = sending.copy_payload(source, Way { before: 0, total: u64::MAX }) => copied,
            () = cancelled => Err(copying_given_up()),
        };
        // Whoever was still writing it has not finished: nothing of it is sent.
        let copied = copied.and_then(|_bytes| match &work.mark {
            Some(mark) if !is_as_marked(&work.file, mark) => {
                Err(AppError::new(format!("{} was changed while it was copied", work.name)))
            }
            _ => Ok(()),
        });
        if let Err(error) = copied {
            // The document stays with whoever brought it, so nothing of it may be sent from here.
            let forgotten = workspace.archive().forget_unsent(work.id, Part::Payload);
            self.give_up(workspace, sending.transmission, NOT_TAKEN_OVER).await?;
            forgotten?;
            return Err(error);
        }
        in_flight.end();
        Ok(())
    }

    /// Makes the attempt that is due; nothing where it is not due any more, or under way elsewhere.
    pub(in crate::app) async fn attempt(
        &self,
        workspace: &Workspace,
        id: TransmissionId,
        events: &(dyn Fn(SendEvent) + Send + Sync),
    ) -> Result<Option<Transmission>, AppError> {
        refuse_locked(workspace)?;
        let Some(in_flight) = InFlight::try_begin(workspace, id)? else { return Ok(None) };
        let at = self.now();
        // Looked up only now that nobody else can be at it.
        let due = workspace.duty(id, DutyKind::Attempt).await?.filter(|duty| duty.at <= at);
        let (Some(duty), Some(mut transmission)) = (due, workspace.transmission(id).await?) else { return Ok(None) };
        let (Some(connection), Some(kind)) = (transmission.connection.clone(), transmission.profile) else {
            return self.give_up(workspace, transmission, "it belongs to no connection").await.map(Some);
        };
        // A connection that cannot be read now is not one that was removed: the attempt is still due.
        let found = workspace.connection(&connection).await?;
        let found = found.and_then(|found| found.profile(kind).cloned().map(|profile| (found, profile)));
        let Some((connection, profile)) = found else {
            let why = format!("the profile {connection}, {kind} was removed");
            return self.give_up(workspace, transmission, &why).await.map(Some);
        };
        if !workspace.archive().path(id, Part::Payload).is_file() {
            // Killed before it was copied: the document lies where it lay, and is taken on anew.
            return self.give_up(workspace, transmission, NOT_TAKEN_OVER).await.map(Some);
        }
        let sent = workspace.sent_as(id).await?;
        if sent.is_none() && transmission.payload_sha256.is_none() {
            // Killed after it was copied and before that was journalled.
            know_payload(workspace, &mut transmission).await?;
        }
        if duty.number > profile.retries.saturating_add(FIRST) {
            // Interrupted at the last one, or fewer are wished for by now.
            return self.give_up(workspace, transmission, "all attempts have been made").await.map(Some);
        }
        transmission.next_attempt = None;
        // What the attempt before came to stands in its own record.
        (transmission.http_status, transmission.tls) = (None, None);
        transmission.response_headers.clear();
        let body = if sent.is_some() { transmission.body_of(duty.number) } else { duty.number };
        let mut sending = Sending {
            app: self,
            workspace: workspace.clone(),
            connection,
            profile,
            kind,
            transmission,
            stages: Stages::new(self.clock, events),
            begun: at,
            number: duty.number,
            body,
            daily: true,
            asked: None,
            trouble: None,
        };
        match sent {
            Some(sent) => sending.repeat(sent, std::future::pending()).await?,
            None => {
                // What a killed program left half built was never sent.
                sending.forget_built()?;
                sending.run(None, std::future::pending()).await?;
            }
        }
        self.settle_large(workspace, &sending.transmission, Some(in_flight));
        Ok(Some(sending.transmission))
    }

    /// No attempt can be made any more.
    async fn give_up(
        &self,
        workspace: &Workspace,
        mut transmission: Transmission,
        why: &str,
    ) -> Result<Transmission, AppError> {
        let mut transaction = workspace.begin().await?;
        let Some(standing) = transaction.transmission(transmission.id).await? else { return Ok(transmission) };
        if transaction.duty(standing.id, DutyKind::Attempt).await?.is_none() {
            // A receipt has decided meanwhile.
            return Ok(standing);
        }
        transmission = standing;
        transaction.end_duty(transmission.id, DutyKind::Attempt).await?;
        // What may have arrived stays uncertain.
        let may_have_it = transmission.verdict == Verdict::Uncertain
            || transmission.attempts.iter().any(|attempt| attempt.verdict == Verdict::Uncertain);
        transmission.verdict = if may_have_it { Verdict::Uncertain } else { Verdict::Failed };
        transmission.next_attempt = None;
        let mut explained = transmission.diagnosis.take().unwrap_or_default();
        if explained.cause.is_empty() {
            "Not sent".clone_into(&mut explained.cause);
            explained.explanation = format!("No attempt could be made: {why}");
        }
        explained.evidence.push(format!("No further attempt is made: {why}"));
        transmission.diagnosis = Some(explained);
        transaction.update_transmission(&transmission).await?;
        transaction.commit().await?;
        Ok(transmission)
    }
}

impl Sending<'_> {
    /// Sends again what was built for an earlier attempt.
    pub(super) async fn repeat(&mut self, sent: SentAs, cancelled: impl Future<Output = ()>) -> Result<(), AppError> {
        let mut request = sent.request(self.message_id(), self.transmission.file.clone(), self.transmission.bytes.sent);
        request.url = self.profile.url.clone();
        let posted = tokio::select! {
            // What is there already counts more than the wish to give up.
            biased;
            posted = self.post_again(&sent) => Some(posted),
            () = cancelled => None,
        };
        let answer = match posted {
            Some(Ok(Some(answer))) => answer,
            Some(Ok(None)) => return self.overtaken().await,
            Some(Err(error)) => AnswerFacts::OwnFault { detail: error.to_string() },
            None => AnswerFacts::Cancelled { all_bytes_sent: self.stages.cancelled() },
        };
        self.finish(AttemptFacts { request, answer }).await
    }

    /// From here on bytes leave: an end that cannot be journalled must not have them leave again at once.
    pub(super) async fn put_off(&self, transaction: &mut Transaction) -> Result<(), AppError> {
        if self.daily {
            let at = next_attempt(self.number, self.app.now());
            let (transmission, number) = (self.transmission.id, self.number);
            transaction.put_duty(&Duty { transmission, kind: DutyKind::Attempt, at, number, whither: None }).await?;
        }
        Ok(())
    }

    /// Nothing where the attempt is not due any more: a receipt has decided since it was looked up.
    async fn post_again(&mut self, sent: &SentAs) -> Result<Option<AnswerFacts>, AppError> {
        self.stages.begin(StageName::Certificates);
        let material = Material::again(self.app, &self.workspace, &self.transmission, sent).await;
        let material = self.stages.settle(material, |material| format!("as before: {}", material.describe()))?;
        self.stages.begin(StageName::Built);
        let mut headers = self.transmission.request_headers.clone();
        let message_id = self.message_id();
        for (_, value) in headers.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case("Message-ID")) {
            value.clone_from(&message_id);
        }
        let post = self.post_request(&headers, self.transmission.bytes.sent).await;
        let post = self.stages.settle(post, |_post| match self.body {
            FIRST => format!("the bytes of the first attempt, {message_id}"),
            number => format!("the bytes of attempt {number}, {message_id}"),
        })?;
        let mic = present_mic(&self.transmission)
            .ok_or_else(|| AppError::new("the MIC of what was sent is not journalled"))?;
        self.transmission.verdict = Verdict::Sending;
        // Left by a program that was killed before it had sent anything.
        self.workspace.archive().forget_unsent(self.transmission.id, Part::RequestHead(self.number))?;
        self.keep_head(Part::RequestHead(self.number), &format!("POST {} HTTP/1.1", self.profile.url), &headers)?;
        let id = self.transmission.id;
        let mut transaction = self.workspace.begin().await?;
        if !self.is_wanted_still(&mut transaction).await? {
            self.forget_built()?;
            return Ok(None);
        }
        for stage in self.stages.fresh() {
            transaction.append_stage(id, self.number, &stage).await?;
        }
        transaction.update_transmission(&self.transmission).await?;
        self.put_off(&mut transaction).await?;
        transaction.commit().await?;
        self.exchange(post, &material, &mic).await.map(Some)
    }
}

/// Learns from the copy what the journal does not say about a payload.
pub(super) async fn know_payload(workspace: &Workspace, transmission: &mut Transmission) -> Result<(), AppError> {
    let (archive, id) = (workspace.archive().clone(), transmission.id);
    let read = blocking(move || {
        let cannot = |error| AppError::new(format!("the document cannot be read: {error}"));
        let bytes = std::fs::metadata(archive.path(id, Part::Payload)).map_err(cannot)?.len();
        Ok((bytes, archive.sha256(id, Part::Payload)?))
    });
    let (bytes, digest) = read.await?;
    transmission.bytes.payload = bytes;
    transmission.payload_sha256 = Some(digest);
    transmission.document = document_of(workspace.archive(), id).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Clock, NewIdentity};
    use crate::certificate::KeyKind;
    use crate::store::{Location, Unlock};

    const QUIET: &(dyn Fn(SendEvent) + Send + Sync) = &|_event| {};

    /// A document that is to be sent to where nobody listens.
    async fn work(folder: &Path) -> (App, Workspace, DailyWork) {
        let app = App::new(Location::Dir(folder.join("w")), Unlock::none(), Clock::System);
        let name = "us".parse().unwrap();
        app.create_identity(NewIdentity { name, key: KeyKind::Rsa2048, days: 365, subject: None }).await.unwrap();
        let connection = toml::from_str(
            "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"P\"\n\
             url = \"http://127.0.0.1:9/\"\nidentity = \"us\"\nencryption = \"none\"\nmdn = \"none\"\n",
        );
        app.create_connection(connection.unwrap()).await.unwrap();
        let file = folder.join("order.edi");
        std::fs::write(&file, "UNA").unwrap();
        let workspace = app.workspace().await.unwrap();
        let id = new_id(app.now());
        let (connection, profile) = ("partner".parse().unwrap(), ProfileKind::Production);
        let work = DailyWork { id, connection, profile, file, name: "order.edi".to_owned(), mark: None };
        (app, workspace, work)
    }

    /// Daily work whose first attempt came nowhere.
    async fn after_the_first(folder: &Path) -> (App, Workspace, Transmission) {
        let (app, workspace, work) = work(folder).await;
        app.take_on(&workspace, &work).await.unwrap();
        let made = app.attempt(&workspace, work.id, QUIET).await.unwrap().unwrap();
        assert_eq!((made.verdict, made.attempts.len()), (Verdict::Queued, 1), "{made:#?}");
        (app, workspace, made)
    }

    /// What a receipt does that comes by itself.
    async fn decide(workspace: &Workspace, stale: &Transmission) -> Transmission {
        let decided = Transmission { verdict: Verdict::Delivered, receipts: 1, next_attempt: None, ..stale.clone() };
        let mut transaction = workspace.begin().await.unwrap();
        transaction.end_duty(stale.id, DutyKind::Attempt).await.unwrap();
        transaction.update_transmission(&decided).await.unwrap();
        transaction.commit().await.unwrap();
        workspace.transmission(stale.id).await.unwrap().unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_receipt_decides_just_before_an_attempt_stands_and_nothing_is_posted_again() {
        let guard = tempfile::tempdir().unwrap();
        let (app, workspace, stale) = after_the_first(guard.path()).await;
        let (_, connection, profile) = app.profile(&"partner".parse().unwrap(), ProfileKind::Production).await.unwrap();
        let sent = workspace.sent_as(stale.id).await.unwrap().unwrap();
        let decided = decide(&workspace, &stale).await;
        let mut sending = Sending {
            app: &app,
            workspace: workspace.clone(),
            connection,
            profile,
            kind: ProfileKind::Production,
            transmission: stale.clone(),
            stages: Stages::new(app.clock, QUIET),
            begun: app.now(),
            number: 2,
            body: FIRST,
            daily: true,
            asked: None,
            trouble: None,
        };
        sending.repeat(sent, std::future::pending()).await.unwrap();
        assert_eq!(sending.transmission, decided);
        assert_eq!(workspace.transmission(stale.id).await.unwrap().unwrap(), decided);
        assert_eq!(workspace.duty(stale.id, DutyKind::Attempt).await.unwrap(), None);
        assert!(!workspace.archive().path(stale.id, Part::RequestHead(2)).exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_receipt_has_decided_is_not_given_up() {
        let guard = tempfile::tempdir().unwrap();
        let (app, workspace, stale) = after_the_first(guard.path()).await;
        let decided = decide(&workspace, &stale).await;
        let told = app.give_up(&workspace, stale.clone(), "all attempts have been made").await.unwrap();
        assert_eq!(told, decided);
        assert_eq!(workspace.transmission(stale.id).await.unwrap().unwrap(), decided);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_document_whose_copy_was_not_journalled_any_more_is_sent_whole() {
        let guard = tempfile::tempdir().unwrap();
        let (app, workspace, work) = work(guard.path()).await;
        app.take_on(&workspace, &work).await.unwrap();
        let mut killed = workspace.transmission(work.id).await.unwrap().unwrap();
        let digest = killed.payload_sha256.take();
        killed.bytes.payload = 0;
        workspace.update_transmission(&killed).await.unwrap();
        let made = app.attempt(&workspace, work.id, QUIET).await.unwrap().unwrap();
        assert_eq!((made.verdict, made.bytes.payload), (Verdict::Queued, 3), "{made:#?}");
        assert_eq!((digest.is_some(), made.payload_sha256), (true, digest));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_sent_of_a_document_that_could_not_be_copied() {
        let guard = tempfile::tempdir().unwrap();
        let (app, workspace, work) = work(guard.path()).await;
        // There is no room for the copy.
        workspace.archive().prepare(work.id).unwrap();
        std::fs::write(workspace.archive().path(work.id, Part::Payload), "half").unwrap();
        app.take_on(&workspace, &work).await.unwrap_err();
        assert!(work.file.is_file());
        let told = workspace.transmission(work.id).await.unwrap().unwrap();
        assert_eq!((told.verdict, told.next_attempt), (Verdict::Failed, None));
        assert!(told.diagnosis.unwrap().explanation.contains(NOT_TAKEN_OVER));
        assert!(!workspace.archive().path(work.id, Part::Payload).exists());
        assert_eq!(app.attempt(&workspace, work.id, QUIET).await.unwrap(), None);
    }
}
