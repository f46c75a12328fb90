//! One message on its way: its stages, its lights, its verdict.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::certificate::Fingerprint;
use super::diagnosis::Diagnosis;
use super::document_facts::DocumentFacts;
use super::identifier::{ConnectionId, ProfileKind};
use super::sent::SentBuild;
use super::spelling::spelled;

/// A transmission's number: a UUID of version 7, so that it sorts by time.
pub type TransmissionId = Uuid;

spelled! {
    /// Which way a message went.
    pub enum Direction {
        /// We sent it.
        Outbound = "outbound",
        /// We received it.
        Inbound = "inbound",
    }
}

spelled! {
    /// How a transmission stands.
    pub enum Verdict {
        /// Journalled, not begun; inbound: it still comes, or is being opened.
        Queued = "queued",
        /// On its way.
        Sending = "sending",
        /// Received by the partner, with everything good that was asked for.
        Delivered = "delivered",
        /// Known not to have been accepted.
        Failed = "failed",
        /// Sent, an asynchronous receipt is outstanding.
        Pending = "pending",
        /// Sent, but no answer that decides: the partner may have it.
        Uncertain = "uncertain",
        /// Given up by the user before it was sent.
        Cancelled = "cancelled",
        /// Inbound, delivered into the inbox.
        Received = "received",
        /// Inbound, refused.
        Refused = "refused",
    }
}

spelled! {
    /// One of the five lights.
    pub enum Light {
        /// As it should be.
        Good = "good",
        /// Wrong.
        Bad = "bad",
        /// Asked for, not there.
        Missing = "missing",
        /// Not asked for.
        NotAsked = "not-asked",
    }
}

/// The five lights of an outbound transmission, of which the worst decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lights {
    /// The partner's server answered with a 2xx status.
    pub http: Light,
    /// The answer holds a receipt for this very message.
    pub receipt: Light,
    /// The receipt is signed with an acceptable certificate.
    pub receipt_signature: Light,
    /// The receipt says `processed`.
    pub disposition: Light,
    /// The receipt's MIC is that of what was sent.
    pub mic: Light,
}

impl Lights {
    /// The lights before anything has happened.
    pub const DARK: Self = Self {
        http: Light::Missing,
        receipt: Light::Missing,
        receipt_signature: Light::Missing,
        disposition: Light::Missing,
        mic: Light::Missing,
    };

    /// The lights with their names, in the order in which they are shown.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, Light); 5] {
        [
            ("HTTP", self.http),
            ("Receipt (MDN)", self.receipt),
            ("Receipt signature", self.receipt_signature),
            ("Disposition", self.disposition),
            ("MIC", self.mic),
        ]
    }

    /// Whether none of them is bad or missing.
    #[must_use]
    pub fn all_good(&self) -> bool {
        self.named().iter().all(|(_, light)| matches!(light, Light::Good | Light::NotAsked))
    }

    /// What speaks for it that a message was delivered.
    #[must_use]
    pub fn evidence(&self) -> DeliveryEvidence {
        if self.named().iter().all(|(_, light)| *light == Light::Good) {
            DeliveryEvidence::Proven
        } else if self.receipt != Light::Good || self.disposition != Light::Good {
            DeliveryEvidence::NoReceipt
        } else if self.receipt_signature != Light::Good {
            DeliveryEvidence::UnsignedReceipt
        } else {
            DeliveryEvidence::NoMic
        }
    }
}

spelled! {
    /// What speaks for it that a message was delivered.
    pub enum DeliveryEvidence {
        /// The partner has signed that it has what was sent: all five lights are good.
        Proven = "proven",
        /// The partner has signed for the message, but its receipt does not say that it is what was sent.
        NoMic = "receipt-without-mic",
        /// The receipt is not signed, so anybody could have written it.
        UnsignedReceipt = "unsigned-receipt",
        /// The partner's server took it, and that is all.
        NoReceipt = "no-receipt",
    }
}

impl DeliveryEvidence {
    /// In a few words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Proven => "Proven by a signed receipt",
            Self::NoMic => "Signed for, without a MIC",
            Self::UnsignedReceipt => "Receipt not signed",
            Self::NoReceipt => "No receipt",
        }
    }
}

spelled! {
    /// The stages of a transmission, in their order.
    pub enum StageName {
        /// Certificates and keys chosen for this instant.
        Certificates = "certificates",
        /// Message built and kept.
        Built = "built",
        /// Connected to the partner's server.
        Connected = "connected",
        /// All bytes handed over.
        Sent = "sent",
        /// Answer received.
        Answered = "answered",
        /// Receipt read.
        Receipt = "receipt",
        /// Receipt compared with what was sent.
        Matched = "matched",
    }
}

impl StageName {
    /// The stage as a heading.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Certificates => "Certificates chosen",
            Self::Built => "Message built",
            Self::Connected => "Connected",
            Self::Sent => "Sent",
            Self::Answered => "Answered",
            Self::Receipt => "Receipt (MDN) read",
            Self::Matched => "Receipt matches",
        }
    }
}

spelled! {
    /// How a stage stands.
    pub enum StageStatus {
        /// Begun.
        Running = "running",
        /// Done, as it should be.
        Good = "good",
        /// Failed.
        Bad = "bad",
        /// Not reached or not asked for.
        Skipped = "skipped",
    }
}

/// One stage as it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Which one.
    pub stage: StageName,
    /// How it stands.
    pub status: StageStatus,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Its evidence, in words.
    pub detail: String,
}

/// The two sides of the message integrity check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MicComparison {
    /// The algorithm of the comparison, as the receipt names it or else as we computed it.
    pub algorithm: Option<String>,
    /// Base64 of what we computed over what was sent.
    pub ours: Option<String>,
    /// Base64 of what the receipt returned.
    pub theirs: Option<String>,
    /// Whether both agree; nothing where they cannot be compared.
    #[serde(rename = "match")]
    pub matches: Option<bool>,
}

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// The payload.
    pub payload: u64,
    /// The HTTP body as sent or received.
    pub sent: u64,
}

/// One attempt at sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counted from 1.
    pub number: u32,
    /// When it began.
    pub started: Timestamp,
    /// How it ended.
    pub verdict: Verdict,
    /// The answer's status, where there was an answer.
    pub http_status: Option<u16>,
    /// How it ended, in words.
    pub detail: String,
}

/// A header list as it went over the wire, or as nearly as it is known.
pub type Headers = Vec<(String, String)>;

/// Everything the journal keeps of one transmission, without payload and raw bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transmission {
    /// Its number.
    pub id: TransmissionId,
    /// Its Message-ID with angle brackets, byte by byte as on the wire.
    pub message_id: String,
    /// When it was journalled.
    pub at: Timestamp,
    /// Which way it went.
    pub direction: Direction,
    /// Its connection; nothing where an inbound message belongs to none.
    pub connection: Option<ConnectionId>,
    /// Its profile.
    pub profile: Option<ProfileKind>,
    /// The payload's file name, where it has one.
    pub file: Option<String>,
    /// How it stands.
    pub verdict: Verdict,
    /// The five lights.
    pub lights: Lights,
    /// The stages so far.
    pub stages: Vec<Stage>,
    /// The answer's status.
    pub http_status: Option<u16>,
    /// The disposition of the receipt, as written.
    pub disposition: Option<String>,
    /// The integrity check.
    pub mic: MicComparison,
    /// Sizes in bytes.
    pub bytes: Sizes,
    /// What it means, once it has ended.
    pub diagnosis: Option<Diagnosis>,
    /// SHA-256 of the payload, 64 hex digits.
    pub payload_sha256: Option<String>,
    /// Headers of the request.
    pub request_headers: Headers,
    /// Headers of the answer.
    pub response_headers: Headers,
    /// The attempts.
    pub attempts: Vec<Attempt>,
    /// When the next attempt is made by itself; nothing where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<Timestamp>,
    /// Until when an asynchronous receipt is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_due: Option<Timestamp>,
    /// How many receipts have come by themselves for it.
    #[serde(default)]
    pub receipts: u32,
    /// Which of them decided, counted from 1; 0 where none has.
    #[serde(default)]
    pub deciding_receipt: u32,
    /// Headers of the receipt that travelled by itself: the one that decided, or the one that we posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipt_headers: Headers,
    /// What TLS showed at the last attempt; nothing where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<SeenTls>,
    /// The partner's certificate that their signature verified with: that of the message where it came in, that of the
    /// receipt that decided where it went out. Nothing where nothing was signed, or no acceptable certificate verified it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_with: Option<Fingerprint>,
    /// When that was received, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// What its document says of itself; nothing where that is of no standard that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentFacts>,
    /// That its payload goes into an inbox, or has gone. Journalled before it does: whoever finds this and not the file that
    /// waits for its name there knows that it was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// How it was built each time, where that was more than once: with what was used then, the present one last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub builds: Vec<SentBuild>,
    /// The attempts whose answers broke off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub half_answers: Vec<u32>,
    /// What a message that came encrypted has in common with its copies alone, by which they are known under whatever
    /// Message-ID they come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imprint: Option<String>,
}

/// Where the payload of a message that was taken goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The inbox.
    pub inbox: String,
    /// Whether that is the profile's own folder, and not one with a folder for each profile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// The name that the payload got there; nothing as long as nobody has seen that it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What TLS showed of the partner's server, also where it was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTls {
    /// `TLS 1.2` or `TLS 1.3`; nothing where none was agreed on.
    pub version: Option<String>,
    /// Its certificates, its own first.
    pub chain: Vec<SeenCertificate>,
}

/// A certificate that a server showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCertificate {
    /// Its subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// Its last instant.
    pub not_after: Timestamp,
    /// Its fingerprint.
    pub fingerprint_sha256: Fingerprint,
}

impl Transmission {
    /// A transmission about which nothing is known yet but where it belongs.
    #[must_use]
    pub fn new(id: TransmissionId, message_id: String, at: Timestamp, direction: Direction) -> Self {
        Self {
            id,
            message_id,
            at,
            direction,
            connection: None,
            profile: None,
            file: None,
            verdict: Verdict::Queued,
            lights: Lights::DARK,
            stages: Vec::new(),
            http_status: None,
            disposition: None,
            mic: MicComparison::default(),
            bytes: Sizes::default(),
            diagnosis: None,
            payload_sha256: None,
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            attempts: Vec::new(),
            next_attempt: None,
            receipt_due: None,
            receipts: 0,
            deciding_receipt: 0,
            receipt_headers: Vec::new(),
            tls: None,
            signed_with: None,
            document: None,
            signed_at: None,
            delivery: None,
            builds: Vec::new(),
            half_answers: Vec::new(),
            imprint: None,
        }
    }

    /// The cause of the verdict in one phrase, for lists.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.diagnosis.as_ref().map(|diagnosis| diagnosis.cause.as_str())
    }

    /// Whether a receipt has settled it: one that says no, or one that proves that all is well.
    #[must_use]
    pub fn decided_by_receipt(&self) -> bool {
        self.lights.receipt == Light::Good && matches!(self.verdict, Verdict::Delivered | Verdict::Failed)
    }

    /// Whether the answer to an attempt broke off: what is kept of it is not all that was sent.
    #[must_use]
    pub fn is_half_answered(&self, attempt: u32) -> bool {
        self.half_answers.contains(&attempt)
    }

    /// As it was built for an attempt; nothing where it was built once, for the first.
    #[must_use]
    pub fn build_of(&self, attempt: u32) -> Option<&SentBuild> {
        self.builds.iter().rev().find(|build| build.attempt <= attempt)
    }

    /// The attempt under whose number the body is kept that this attempt sent.
    #[must_use]
    pub fn body_of(&self, attempt: u32) -> u32 {
        self.build_of(attempt).map_or(1, |build| build.attempt)
    }

    /// The number of the last attempt of which anything was kept, from 1.
    #[must_use]
    pub fn last_attempt(&self) -> u32 {
        let made = self.attempts.iter().map(|attempt| attempt.number);
        made.chain(self.builds.iter().map(|build| build.attempt)).max().unwrap_or(1)
    }

    /// The attempt whose answer counts: the last that delivered where it is delivered, else the last.
    #[must_use]
    pub fn answered_attempt(&self) -> u32 {
        let delivered = |attempt: &&Attempt| attempt.verdict == Verdict::Delivered;
        match self.attempts.iter().rev().find(delivered) {
            Some(attempt) if self.verdict == Verdict::Delivered => attempt.number,
            _ => self.last_attempt(),
        }
    }

    /// Whether an attempt came to this.
    #[must_use]
    pub fn had(&self, verdict: Verdict) -> bool {
        self.attempts.iter().any(|attempt| attempt.verdict == verdict)
    }

    /// Whether it is a failure: what a filter on failures lists.
    #[must_use]
    pub const fn failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed | Verdict::Refused)
    }
}

#[cfg(test)]
mod tests;
