//! The stages of an attempt: told as they happen, journalled as they end.

use std::sync::Mutex;
use std::time::Instant;

use jiff::Timestamp;

use crate::app::{AppError, Clock};
use crate::certificate::Certificate;
use crate::domain::diagnosis::{AnswerFacts, AttemptFacts, ReceiptFacts, ReceiptSignature};
use crate::domain::size::size;
use crate::domain::transmission::{Light, Lights, Stage, StageName, StageStatus, TransmissionId};
use crate::transport::{Answer, PostEvent, PostFailure, TlsFacts};

/// What is told of a transmission under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendEvent {
    /// It is journalled.
    Begun {
        /// Its number.
        id: TransmissionId,
        /// Its Message-ID.
        message_id: String,
    },
    /// A stage has begun or ended.
    Stage(Stage),
    /// Bytes have been gone through while the message is made: its payload copied, the message built.
    Building {
        /// So many.
        bytes: u64,
        /// Of so many; 0 where that is not known beforehand.
        total: u64,
    },
    /// Bytes of the body have been handed over.
    Progress {
        /// So many.
        bytes: u64,
        /// Of so many.
        total: u64,
    },
}

/// The stages of one attempt.
pub(super) struct Stages<'a> {
    clock: Clock,
    events: &'a (dyn Fn(SendEvent) + Send + Sync),
    record: Mutex<Record>,
}

#[derive(Default)]
struct Record {
    running: Option<(StageName, Timestamp, Instant)>,
    ended: Vec<Stage>,
    journalled: usize,
}

impl<'a> Stages<'a> {
    pub(super) fn new(clock: Clock, events: &'a (dyn Fn(SendEvent) + Send + Sync)) -> Self {
        Self { clock, events, record: Mutex::default() }
    }

    fn record(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A stage begins now.
    pub(super) fn begin(&self, stage: StageName) {
        let started = self.clock.now();
        self.record().running = Some((stage, started, Instant::now()));
        (self.events)(SendEvent::Stage(Stage {
            stage,
            status: StageStatus::Running,
            started,
            ms: 0,
            detail: String::new(),
        }));
    }

    /// How far making the message has come.
    pub(super) fn building(&self, bytes: u64, total: u64) {
        (self.events)(SendEvent::Building { bytes, total });
    }

    /// The running stage ends.
    fn end(&self, status: StageStatus, detail: String) {
        let Some((stage, started, since)) = self.record().running.take() else { return };
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.push(Stage { stage, status, started, ms, detail });
    }

    fn push(&self, stage: Stage) {
        self.record().ended.push(stage.clone());
        (self.events)(SendEvent::Stage(stage));
    }

    /// Ends the running stage by a result, well or badly.
    pub(super) fn settle<T>(
        &self,
        result: Result<T, AppError>,
        describe: impl FnOnce(&T) -> String,
    ) -> Result<T, AppError> {
        match &result {
            Ok(value) => self.end(StageStatus::Good, describe(value)),
            Err(error) => self.end(StageStatus::Bad, error.to_string()),
        }
        result
    }

    /// Follows what the client tells.
    pub(super) fn on_post(&self, event: PostEvent, total: u64) {
        match event {
            PostEvent::Connected { tls, peer, .. } => {
                let peer = peer.map(|peer| format!(" to {peer}")).unwrap_or_default();
                let detail = match &tls {
                    Some(tls) => format!("{}{peer}{}", tls.version, of_server(tls)),
                    None => format!("no TLS{peer}"),
                };
                self.end(StageStatus::Good, detail);
                self.begin(StageName::Sent);
            }
            PostEvent::Progress { bytes } => (self.events)(SendEvent::Progress { bytes, total }),
            PostEvent::Sent { bytes, .. } => {
                self.end(StageStatus::Good, size(bytes));
                self.begin(StageName::Answered);
            }
            PostEvent::Answered { .. } => {}
        }
    }

    /// The answer is complete.
    pub(super) fn answered(&self, answer: &Answer) {
        let good = (200..300).contains(&answer.status);
        let early = if answer.whole_sent { "" } else { ", before everything was sent" };
        let detail = format!("HTTP {} {}", answer.status, answer.reason).trim_end().to_owned() + early;
        if self.record().running.is_some_and(|(stage, ..)| stage != StageName::Answered) {
            self.end(StageStatus::Bad, "the server answered before everything was sent".to_owned());
            self.begin(StageName::Answered);
        }
        self.end(if good { StageStatus::Good } else { StageStatus::Bad }, detail);
    }

    /// There is no answer.
    pub(super) fn post_failed(&self, failure: &PostFailure) {
        self.end(StageStatus::Bad, failure.to_string());
    }

    /// The user gives it up. Says whether everything had been handed over by then.
    pub(super) fn cancelled(&self) -> bool {
        self.end(StageStatus::Bad, "cancelled".to_owned());
        self.record().ended.iter().any(|stage| stage.stage == StageName::Sent && stage.status == StageStatus::Good)
    }

    /// The two last stages, which follow from what the answer was, and all that was never reached.
    pub(super) fn receipt(&self, facts: &AttemptFacts, lights: &Lights) {
        let at = self.clock.now();
        let stage = |stage, status, detail: String| Stage { stage, status, started: at, ms: 0, detail };
        let status = |light: Light| match light {
            Light::Good => StageStatus::Good,
            Light::Bad | Light::Missing => StageStatus::Bad,
            Light::NotAsked => StageStatus::Skipped,
        };
        if let AnswerFacts::Http(http) = &facts.answer {
            match &http.receipt {
                ReceiptFacts::NotAsked => {
                    self.push(stage(StageName::Receipt, StageStatus::Skipped, "not asked for".to_owned()))
                }
                ReceiptFacts::Pending => {
                    self.push(stage(StageName::Receipt, StageStatus::Skipped, "comes later (asynchronous)".to_owned()));
                }
                ReceiptFacts::Read(receipt) => {
                    let worst = [lights.receipt, lights.receipt_signature, lights.disposition];
                    let bad = worst.iter().any(|light| matches!(light, Light::Bad | Light::Missing));
                    let signed = match &receipt.signature {
                        ReceiptSignature::Unsigned => "unsigned".to_owned(),
                        ReceiptSignature::Good { signer, .. } => format!("signed by {}", signer.short()),
                        ReceiptSignature::UnknownSigner { .. } => {
                            "signed with a certificate that is not accepted".to_owned()
                        }
                        ReceiptSignature::Broken { .. } => "its signature is broken".to_owned(),
                        ReceiptSignature::OtherLineEnds => "signed with other line ends than it has".to_owned(),
                        ReceiptSignature::Unsupported { .. } => "its signature cannot be checked".to_owned(),
                    };
                    let read = if bad { StageStatus::Bad } else { StageStatus::Good };
                    // The mode before the semicolon is the same in every receipt and says nothing here; the journal keeps it.
                    let disposition = receipt.disposition.to_string();
                    let says = disposition.split_once("; ").map_or(disposition.as_str(), |(_, says)| says);
                    self.push(stage(StageName::Receipt, read, format!("{says}, {signed}")));
                    let mic = &receipt.mic;
                    let other = receipt.original_message_id.as_deref().filter(|_| !receipt.for_this_message);
                    let detail = match (other, &mic.theirs, mic.matches) {
                        (Some(other), ..) => {
                            format!("it names another Message-ID: {}", other.chars().take(NAMED).collect::<String>())
                        }
                        (None, Some(theirs), Some(true)) => {
                            format!(
                                "MIC {} ({}) is what was sent",
                                beginning(theirs),
                                mic.algorithm.as_deref().unwrap_or("unnamed")
                            )
                        }
                        (None, Some(theirs), Some(false)) => format!(
                            "MIC {} is not what was sent, which has {}",
                            beginning(theirs),
                            mic.ours.as_deref().map_or_else(|| "none".to_owned(), beginning)
                        ),
                        (None, Some(_), None) => "the MIC cannot be compared".to_owned(),
                        (None, None, _) => "the receipt holds no MIC".to_owned(),
                    };
                    // A refusal need not hold a MIC (RFC 4130 section 7.4.3), so that it is none is no mismatch.
                    let refused = !receipt.disposition.is_positive() && mic.theirs.is_none();
                    let matched = if refused { StageStatus::Skipped } else { status(lights.mic) };
                    self.push(stage(StageName::Matched, matched, detail));
                }
                ReceiptFacts::Absent(_) | ReceiptFacts::Unreadable { .. } | ReceiptFacts::Overdue { .. } => {
                    self.push(stage(
                        StageName::Receipt,
                        StageStatus::Bad,
                        "there is no readable receipt in the answer".to_owned(),
                    ));
                }
            }
        }
        let reached: Vec<StageName> = self.record().ended.iter().map(|stage| stage.stage).collect();
        for name in StageName::ALL.iter().filter(|name| !reached.contains(name)) {
            self.push(stage(*name, StageStatus::Skipped, String::new()));
        }
    }

    /// The stages that have ended since this was last asked.
    pub(super) fn fresh(&self) -> Vec<Stage> {
        let mut record = self.record();
        let fresh = record.ended[record.journalled..].to_vec();
        record.journalled = record.ended.len();
        fresh
    }

    /// All stages that have ended.
    pub(super) fn all(&self) -> Vec<Stage> {
        self.record().ended.clone()
    }
}

/// So much of a Message-ID that is not ours is quoted.
const NAMED: usize = 120;

/// The first characters of a MIC, enough to tell it from another. The journal keeps it whole beside the stages.
fn beginning(mic: &str) -> String {
    const SHOWN: usize = 10;
    let beginning: String = mic.chars().take(SHOWN).collect();
    if mic.chars().count() > SHOWN { format!("{beginning}…") } else { beginning }
}

/// Whose certificate a server showed, and until when that is valid.
fn of_server(tls: &TlsFacts) -> String {
    match tls.chain.first().and_then(|der| Certificate::from_der(der).ok()) {
        Some(server) => {
            let facts = server.facts();
            let day = facts.not_after.strftime("%-d %b %Y");
            format!(", certificate of {} valid until {day}", facts.common_name())
        }
        None => String::new(),
    }
}
