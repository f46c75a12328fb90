//! Posting what was built, and taking what comes back.

use std::time::Duration;

use super::material::Material;
use super::{Sending, answer, blocking};
use crate::app::{App, AppError};
use crate::as2::Mic;
use crate::as2::headers::get;
use crate::certificate::Certificate;
use crate::domain::connection::Profile;
use crate::domain::diagnosis::AnswerFacts;
use crate::domain::identifier::{Address, ConnectionId, ProfileKind};
use crate::domain::timeline::{self, all_fingerprints, used_now};
use crate::domain::transmission::{Headers, SeenCertificate, SeenTls, StageName, Transmission};
use crate::store::{Part, Workspace, http_password_name};
use crate::transport::{self, BasicAuth, FailureKind, Identity, PostFailure, PostRequest, Reach, TlsFacts, Trust};

impl Sending<'_> {
    /// The post of this attempt, under these headers.
    pub(super) async fn post_request(&self, headers: &Headers, length: u64) -> Result<PostRequest, AppError> {
        let profile = &self.profile;
        let conditions =
            post_conditions(self.app, &self.workspace, &self.connection.id, self.kind, profile, &profile.url);
        let (basic_auth, trust, identity) = conditions.await?;
        Ok(PostRequest {
            url: profile.url.clone(),
            headers: headers.clone(),
            body: self.workspace.archive().path(self.transmission.id, Part::RequestBody(self.body)),
            length,
            chunked: profile.quirks.chunked,
            timeout: Duration::from_secs(u64::from(profile.timeout_seconds)),
            basic_auth,
            trust,
            identity,
            max_answer: crate::as2::MAX_RECEIPT,
            proxy: self.app.proxy(&self.workspace).await?,
            // The user has set it: a partner may well be behind a tunnel that begins on this machine.
            reach: Reach::Anywhere,
        })
    }

    /// Posts, and reads what comes back.
    pub(super) async fn exchange(
        &mut self,
        post: PostRequest,
        material: &Material,
        mic: &Mic,
    ) -> Result<AnswerFacts, AppError> {
        let total = post.length;
        let stages = &self.stages;
        stages.begin(StageName::Connected);
        let posted = transport::post(post, |event| stages.on_post(event, total)).await;
        self.see_server(&posted);
        let (connection, tls) = (&self.connection.id, self.transmission.tls.as_ref());
        self.app.note_exchange(&self.workspace, connection, self.kind, &self.profile, &posted, tls).await;
        Ok(match posted {
            Ok(answer) => {
                let kept = self.keep_answer(&answer);
                self.stages.answered(&answer);
                // From here on the partner may have the message: trouble of ours must not call it unsent.
                match self.read_answer(answer, material, mic).await {
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
                    self.keep_half(answer, &failure.kind);
                }
                answer::of_failure(&failure, self.profile.timeout_seconds)
            }
        })
    }

    /// Keeps an answer, or what came of one.
    fn keep_answer(&mut self, answer: &transport::Answer) -> Result<(), AppError> {
        self.transmission.http_status = Some(answer.status);
        self.transmission.response_headers.clone_from(&answer.headers);
        let line = format!("HTTP/1.1 {} {}", answer.status, answer.reason);
        self.keep_head(Part::ResponseHead(self.number), line.trim_end(), &answer.headers)?;
        self.keep(Part::ResponseBody(self.number), &answer.body)
    }

    /// Keeps what came of an answer that is not whole: it proves nothing, and may show why.
    fn keep_half(&mut self, answer: &transport::Answer, kind: &FailureKind) {
        let kept = self.keep_answer(answer);
        self.transmission.half_answers.push(self.number);
        let came = answer.body.len();
        let of = get(&answer.headers, "Content-Length").map_or_else(String::new, |length| format!(" of {length}"));
        let said = format!("HTTP {} came, and {came}{of} bytes of what follows it", answer.status);
        let then = match kind {
            FailureKind::AnswerTooLarge { .. } => "no more was read",
            FailureKind::Timeout => "nothing more came in time",
            FailureKind::SlowAnswer => "the rest came too slowly",
            _ => "it broke off there",
        };
        let told = match kept {
            Ok(()) => format!("{said}, which are kept as the raw answer; {then}"),
            Err(error) => format!("{said}; {then}, and what came could not be kept: {error}"),
        };
        self.trouble = Some(self.trouble.take().map_or_else(|| told.clone(), |before| format!("{before}; {told}")));
    }

    /// Keeps the certificates that the server showed, also where it was refused for them.
    fn see_server(&mut self, posted: &Result<transport::Answer, PostFailure>) {
        let Some((seen, pem)) = seen_tls(posted) else { return };
        self.transmission.tls = Some(seen);
        if let Err(error) = self.keep(Part::ServerCertificates(self.number), pem.as_bytes()) {
            self.trouble = Some(format!("The server's certificates could not be kept: {error}"));
        }
    }

    /// Reads the receipt out of an answer.
    async fn read_answer(
        &self,
        answer: transport::Answer,
        material: &Material,
        mic: &Mic,
    ) -> Result<AnswerFacts, AppError> {
        let reading = self
            .app
            .reading(
                &self.workspace,
                &self.profile,
                &self.transmission,
                self.message_id(),
                material.clone(),
                mic.clone(),
            )
            .await?;
        blocking(move || Ok(reading.read(answer))).await
    }
}

impl App {
    /// What a receipt for a message is read with: the certificates that are acceptable now.
    pub(super) async fn reading(
        &self,
        workspace: &Workspace,
        profile: &Profile,
        transmission: &Transmission,
        message_id: String,
        material: Material,
        mic: Mic,
    ) -> Result<answer::Reading, AppError> {
        let at = self.now();
        let uses = &profile.partner_certificates;
        let accepted = match (&transmission.connection, transmission.profile) {
            (Some(connection), Some(kind)) => self.accepted(workspace, connection, kind, profile, at).await?,
            _ => timeline::accepted(uses, profile.retire_unused_days, &|_| None, at),
        };
        // A body that was cut is not what was sent any more.
        let (archive, part) = (workspace.archive(), Part::RequestBody(transmission.body_of(u32::MAX)));
        let whole = archive.cut(transmission.id, part)?.is_none();
        let body = if whole { archive.open(transmission.id, part).ok() } else { None };
        let sent = body.map(|body| (transmission.request_headers.clone(), body));
        Ok(answer::Reading {
            // Retention may have let go of it before the last receipt came.
            payload: workspace.archive().open(transmission.id, Part::Payload).ok(),
            sent,
            mdn: material.profile.mdn,
            material,
            mic,
            earlier: self.earlier_builds(workspace, transmission).await?,
            message_id,
            accepted: self.partner_certificates(workspace, &accepted).await?,
            known: self.partner_certificates(workspace, &all_fingerprints(uses)).await?,
            in_use: used_now(uses, at).map(|entry| entry.fingerprint),
        })
    }
}

/// Under which conditions something is posted for a profile: with which password, trusting whom, showing which
/// certificate. The password goes to the profile's own server alone.
pub(in crate::app) async fn post_conditions(
    app: &App,
    workspace: &Workspace,
    connection: &ConnectionId,
    kind: ProfileKind,
    profile: &Profile,
    url: &Address,
) -> Result<(Option<BasicAuth>, Trust, Option<Identity>), AppError> {
    let own_server =
        (url.host(), url.port(), url.is_tls()) == (profile.url.host(), profile.url.port(), profile.url.is_tls());
    let basic_auth = match profile.http_user.as_ref().filter(|_| own_server) {
        Some(user) => {
            let secret = workspace.secret(&http_password_name(connection, kind)).await?;
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
        path => Trust::Pem(crate::app::certificates::read_bytes(&app.trust_file(path))?),
    };
    let identity = match profile.tls_identity.as_ref().filter(|_| url.is_tls()) {
        Some(name) => {
            let ours = app.unseal(workspace, name).await?;
            let chain = std::iter::once(&ours.certificate).chain(&ours.chain).map(|each| each.der().to_vec()).collect();
            let key = ours.key.pkcs8_der().to_vec().into();
            Some(Identity::from_der(chain, key).map_err(|error| AppError::new(error.to_string()))?)
        }
        None => None,
    };
    Ok((basic_auth, trust, identity))
}

/// What TLS showed of the server, and its certificates as PEM; nothing without TLS.
fn seen_tls(posted: &Result<transport::Answer, PostFailure>) -> Option<(SeenTls, String)> {
    let seen = |tls: &TlsFacts| (Some(tls.version.to_owned()), tls.chain.clone());
    let (version, chain) = match posted {
        Ok(answer) => answer.tls.as_ref().map(seen)?,
        Err(PostFailure { kind: FailureKind::TlsRefused { chain, .. }, .. }) => (None, chain.clone()),
        Err(failure) => failure.tls.as_ref().map(seen)?,
    };
    let readable: Vec<Certificate> = chain.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
    let pem: String = readable.iter().map(Certificate::to_pem).collect();
    let seen = |certificate: &Certificate| {
        let facts = certificate.facts();
        SeenCertificate {
            subject: facts.subject.clone(),
            issuer: facts.issuer.clone(),
            not_after: facts.not_after,
            fingerprint_sha256: facts.fingerprint_sha256,
        }
    };
    (!readable.is_empty()).then(|| (SeenTls { version, chain: readable.iter().map(seen).collect() }, pem))
}
