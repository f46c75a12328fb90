//! The address that partners are told to post to, and whether our own receiver answers there.
//!
//! Our own is told from any other by a word: whoever asks writes a question and its answer into the workspace, and asks at
//! the address with the question alone. Only a program that receives for this workspace can know the answer, so neither
//! another Countersign nor a server that sends back what it is sent is taken for it.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{App, AppError};
use crate::as2::headers::get;
use crate::domain::identifier::Address;
use crate::domain::reachability::{AnsweredBy, Around, Asked, Reachability};
use crate::store::Workspace;
use crate::transport::{self, GetRequest, PostEvent, Trust};

/// Under which the workspace keeps the address.
const SETTING: &str = "public-url";

/// Under which it keeps the questions that are open.
const QUESTIONS: &str = "receiver-questions";

/// The header that carries a question.
pub(super) const CHECK_HEADER: &str = "Countersign-Check";

/// What our receiver says to whoever looks in.
pub(super) const GREETING: &str = "This is an AS2 receiver: post messages to it (RFC 4130)\n";

/// For connecting, and the longest time in which nothing moves.
const PATIENCE: Duration = Duration::from_secs(15);

/// All of it together: names are looked up, a proxy is asked, and an answer may drip.
const ALL_OF_IT: Duration = Duration::from_secs(45);

/// What of an answer is read, in bytes.
const MOST: u64 = 64 * 1024;

/// So long a question is open.
const OPEN: SignedDuration = SignedDuration::from_secs(120);

/// So many are open at once: a window and a terminal may ask at the same time.
const MOST_OPEN: usize = 8;

/// The address that partners are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicUrl {
    /// The address; nothing where none is set.
    pub public_url: Option<Address>,
    /// Whether some program receives for the workspace at the moment.
    pub receiving: bool,
}

/// A question that is open.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    question: String,
    word: String,
    until: Timestamp,
}

/// What came of asking at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiverCheck {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub url: Address,
    /// Who answered.
    pub answered_by: AnsweredBy,
    /// The status of the answer.
    pub http_status: Option<u16>,
    /// `TLS 1.2` or `TLS 1.3`, where TLS was agreed on.
    pub tls: Option<String>,
    /// The machine and port that were reached: the proxy's, where there is one.
    pub reached: Option<String>,
    /// The proxy gone through, as host and port.
    pub proxy: Option<String>,
    /// How long it took.
    pub ms: u64,
    /// Whether some program receives for the workspace at the moment.
    pub receiving: bool,
    /// What happened, in one sentence.
    pub what: String,
    /// Why that is said, and what usually causes it.
    pub why: String,
    /// What to do, the most promising first.
    pub remedy: Vec<String>,
    /// What it does not prove.
    pub limits: Vec<String>,
}

impl App {
    /// The address that partners are told.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn public_url(&self) -> Result<PublicUrl, AppError> {
        let Some(workspace) = self.existing().await? else {
            return Ok(PublicUrl { public_url: None, receiving: false });
        };
        // What a later version wrote is as good as nothing.
        let kept = workspace.meta(SETTING).await?.and_then(|text| text.parse().ok());
        Ok(PublicUrl { public_url: kept, receiving: super::serve::is_served(&workspace) })
    }

    /// Sets the address that partners are told, or takes it away.
    ///
    /// # Errors
    /// Where nobody can post to it, or the workspace cannot be written.
    pub async fn set_public_url(&self, url: Option<&Address>) -> Result<PublicUrl, AppError> {
        if let Some(url) = url {
            let host = url.host();
            let everywhere =
                host.trim_matches(['[', ']']).parse().is_ok_and(|host: std::net::IpAddr| host.is_unspecified());
            if everywhere {
                return Err(AppError::new(format!("{host} is where a receiver listens, and no address to post to"))
                    .hint(
                        "write the name or the address by which partners reach it, such as https://as2.example.com/as2",
                    ));
            }
        }
        let text = url.map(ToString::to_string).unwrap_or_default();
        self.workspace().await?.choose(SETTING, &text).await?;
        self.public_url().await
    }

    /// Asks at an address whether our own receiver answers there.
    ///
    /// # Errors
    /// Where the workspace cannot be written, or its proxy is set wrongly. That nobody answers is no error.
    pub async fn check_receiver(&self, url: &Address) -> Result<ReceiverCheck, AppError> {
        let workspace = self.workspace().await?;
        if workspace.is_read_only() {
            return Err(AppError::new("the workspace cannot be written to, so nothing can be asked in it"));
        }
        let at = self.now();
        let asked = Question { question: random(), word: random(), until: at.saturating_add(OPEN).unwrap_or(at) };
        change_questions(&workspace, at, |open| {
            let too_many = (open.len() + 1).saturating_sub(MOST_OPEN);
            open.drain(..too_many);
            open.push(Question { question: asked.question.clone(), word: asked.word.clone(), until: asked.until });
        })
        .await?;
        let request = GetRequest {
            url: url.clone(),
            headers: vec![
                (CHECK_HEADER.to_owned(), asked.question.clone()),
                ("Cache-Control".to_owned(), "no-cache".to_owned()),
            ],
            timeout: PATIENCE,
            trust: Trust::System,
            max_answer: MOST,
            proxy: self.proxy(&workspace).await?,
        };
        let road = std::sync::Mutex::new((None, None, None));
        let begun = Instant::now();
        let getting = transport::get(request, |event| {
            if let PostEvent::Connected { tls, peer, proxy, .. } = event {
                let mut road = road.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                *road = (tls.map(|tls| tls.version.to_owned()), peer, proxy);
            }
        });
        let (http_status, came) = match tokio::time::timeout(ALL_OF_IT, getting).await {
            Ok(Ok(answer)) => (Some(answer.status), answered(&answer, &asked.word)),
            Ok(Err(failure)) => {
                let seconds = u32::try_from(PATIENCE.as_secs()).unwrap_or(u32::MAX);
                (
                    failure.answer.as_ref().map(|answer| answer.status),
                    Asked::Not(super::send::of_failure(&failure, seconds)),
                )
            }
            Err(_elapsed) => {
                let seconds = u32::try_from(ALL_OF_IT.as_secs()).unwrap_or(u32::MAX);
                let late = crate::domain::diagnosis::AnswerFacts::Timeout { all_bytes_sent: true, seconds };
                (None, Asked::Not(late))
            }
        };
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Nobody is to be told the answer to it any more.
        change_questions(&workspace, at, |open| open.retain(|each| each.question != asked.question)).await?;
        let (tls, peer, proxy) = road.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let receiving = super::serve::is_served(&workspace);
        let around = Around { receiving, reached: peer.map(|peer| peer.ip()), by_proxy: proxy.is_some() };
        let Reachability { answered_by, what, why, remedy, limits } = Reachability::of(url, &came, around);
        let reached = peer.map(|peer| peer.to_string());
        let url = url.clone();
        Ok(ReceiverCheck {
            at,
            url,
            answered_by,
            http_status,
            tls,
            reached,
            proxy,
            ms,
            receiving,
            what,
            why,
            remedy,
            limits,
        })
    }
}

fn answered(answer: &transport::Answer, word: &str) -> Asked {
    let body = String::from_utf8_lossy(&answer.body);
    let header = |name| get(&answer.headers, name).map(str::to_owned);
    Asked::Answered {
        status: answer.status,
        knows_the_word: answer.status == 200 && body.lines().any(|line| line.trim() == word),
        greets_as_ours: body.starts_with(GREETING.trim_end()),
        server: header("Server"),
        location: header("Location"),
    }
}

/// 148 random bits.
fn random() -> String {
    format!("{}{}", Uuid::now_v7().simple(), Uuid::now_v7().simple())
}

/// Changes the questions that are open; those that are not any more are let go of.
async fn change_questions(
    workspace: &Workspace,
    now: Timestamp,
    change: impl FnOnce(&mut Vec<Question>),
) -> Result<(), AppError> {
    let mut transaction = workspace.begin().await?;
    let mut open = read(transaction.meta(QUESTIONS).await?);
    open.retain(|each| each.until > now);
    change(&mut open);
    let text = serde_json::to_string(&open)
        .map_err(|error| AppError::new(format!("the question cannot be written: {error}")))?;
    transaction.set_meta(QUESTIONS, &text).await?;
    Ok(transaction.commit().await?)
}

fn read(kept: Option<String>) -> Vec<Question> {
    kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// The answer to a question that is open.
pub(super) async fn word_for(workspace: &Workspace, question: &str, now: Timestamp) -> Option<String> {
    // Nobody else's question is looked for.
    if question.len() != 64 || !question.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let open = read(workspace.meta(QUESTIONS).await.ok()?);
    open.into_iter().find(|each| each.question == question && each.until > now).map(|each| each.word)
}
