//! A transmission as a JSON document, as scripts read it: what the command line answers with and a support bundle holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{AcknowledgementLinks, CommandRun, CutPart, Keeping, MessageStructure, OpenedView, ReceiptGiven};
use crate::domain::algorithm::{Encryption, Signing};
use crate::domain::certificate::Fingerprint;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::document::Outline;
use crate::domain::document::acknowledgement::Acknowledged;
use crate::domain::document_facts::DocumentFacts;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::retention::RetentionMark;
use crate::domain::sent::SentBuild;
use crate::domain::transmission::{
    Attempt, Direction, Headers, Lights, MicComparison, SeenTls, Sizes, Stage, Transmission, TransmissionId, Verdict,
};

/// What `send` answers.
#[derive(Serialize)]
pub struct SendDocument<'a> {
    id: TransmissionId,
    message_id: &'a str,
    connection: Option<&'a ConnectionId>,
    profile: Option<ProfileKind>,
    direction: Direction,
    verdict: Verdict,
    lights: Lights,
    stages: &'a [Stage],
    http_status: Option<u16>,
    disposition: Option<&'a str>,
    mic: &'a MicComparison,
    bytes: Sizes,
    diagnosis: Option<&'a Diagnosis>,
}

impl<'a> From<&'a Transmission> for SendDocument<'a> {
    fn from(transmission: &'a Transmission) -> Self {
        Self {
            id: transmission.id,
            message_id: &transmission.message_id,
            connection: transmission.connection.as_ref(),
            profile: transmission.profile,
            direction: transmission.direction,
            verdict: transmission.verdict,
            lights: transmission.lights,
            stages: &transmission.stages,
            http_status: transmission.http_status,
            disposition: transmission.disposition.as_deref(),
            mic: &transmission.mic,
            bytes: transmission.bytes,
            diagnosis: transmission.diagnosis.as_ref(),
        }
    }
}

/// What `transmission redeliver` answers: what `send` does, and the attempt that was made.
#[derive(Serialize)]
pub struct RedeliveryDocument<'a> {
    #[serde(flatten)]
    sent: SendDocument<'a>,
    attempt: Option<&'a Attempt>,
}

impl<'a> From<&'a Transmission> for RedeliveryDocument<'a> {
    fn from(transmission: &'a Transmission) -> Self {
        Self { sent: SendDocument::from(transmission), attempt: transmission.attempts.last() }
    }
}

/// How a message was built for an attempt, whose bytes those that follow send.
#[derive(Serialize)]
struct BuildDocument<'a> {
    attempt: u32,
    encryption: Encryption,
    encrypted_for: Option<Fingerprint>,
    signing: Signing,
    signed_by: Option<Fingerprint>,
    mic_algorithm: Option<&'a str>,
    mic: Option<&'a str>,
    bytes: u64,
}

impl<'a> From<&'a SentBuild> for BuildDocument<'a> {
    fn from(build: &'a SentBuild) -> Self {
        let SentBuild { attempt, sent, mic, bytes, .. } = build;
        Self {
            attempt: *attempt,
            encryption: sent.profile.encryption,
            encrypted_for: sent.encrypted_for,
            signing: sent.profile.signing,
            signed_by: sent.signed_by,
            mic_algorithm: mic.as_ref().map(|(algorithm, _)| algorithm.as_str()),
            mic: mic.as_ref().map(|(_, value)| value.as_str()),
            bytes: *bytes,
        }
    }
}

/// What `transmission show` answers: what `send` does, and all else that the journal keeps.
#[derive(Serialize)]
pub struct TransmissionDocument<'a> {
    #[serde(flatten)]
    sent: SendDocument<'a>,
    at: Timestamp,
    file: Option<&'a str>,
    cause: Option<&'a str>,
    payload_sha256: Option<&'a str>,
    request_headers: &'a Headers,
    response_headers: &'a Headers,
    attempts: &'a [Attempt],
    /// How it was built each time, where that was more than once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    builds: Vec<BuildDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_due: Option<Timestamp>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    receipt_headers: &'a [(String, String)],
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<&'a SeenTls>,
    document: Option<&'a DocumentFacts>,
    /// What receipt a message that came asked for, and what became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_given: Option<ReceiptGiven>,
    /// That the document on disk is not the one that was journalled, where it was asked for and is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altered: Option<String>,
    /// The raw parts of which the middle was not kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<CutPart>,
    /// The layers of the message, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<MessageStructure>,
    /// The commands that were run because of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<CommandRun>,
    /// What it acknowledges, and by what it was acknowledged.
    #[serde(flatten)]
    pub acknowledgements: AcknowledgementLinks,
    /// What has gone of it, and when.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<&'static str, Timestamp>,
    /// What somebody has decided about keeping it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<RetentionMark>,
    /// What is in the document, all of it, where that was asked for and it is an interchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outline: Option<DocumentSummary<'a>>,
}

impl TransmissionDocument<'_> {
    /// The same with what has gone of it.
    #[must_use]
    pub fn keeping(mut self, keeping: &Keeping) -> Self {
        self.removed = keeping.removed.iter().map(|(kind, at)| (kind.as_str(), *at)).collect();
        self.mark = keeping.mark;
        self
    }
}

/// What is in a document.
#[derive(Serialize)]
pub struct DocumentSummary<'a> {
    #[serde(flatten)]
    outline: &'a Outline,
    acknowledges: &'a [Acknowledged],
}

impl<'a> DocumentSummary<'a> {
    /// Of what was opened; nothing where it is no interchange.
    #[must_use]
    pub fn of(view: &'a OpenedView) -> Option<Self> {
        Some(Self { outline: view.outline.as_deref()?, acknowledges: &view.acknowledged })
    }
}

impl<'a> From<&'a Transmission> for TransmissionDocument<'a> {
    fn from(transmission: &'a Transmission) -> Self {
        Self {
            sent: SendDocument::from(transmission),
            at: transmission.at,
            file: transmission.file.as_deref(),
            cause: transmission.cause(),
            payload_sha256: transmission.payload_sha256.as_deref(),
            request_headers: &transmission.request_headers,
            response_headers: &transmission.response_headers,
            attempts: &transmission.attempts,
            builds: transmission.builds.iter().map(BuildDocument::from).collect(),
            next_attempt: transmission.next_attempt,
            receipt_due: transmission.receipt_due,
            receipt_headers: &transmission.receipt_headers,
            tls: transmission.tls.as_ref(),
            document: transmission.document.as_ref(),
            receipt_given: None,
            altered: None,
            cut: Vec::new(),
            structure: None,
            commands: Vec::new(),
            acknowledgements: AcknowledgementLinks::default(),
            removed: BTreeMap::new(),
            mark: None,
            outline: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::transmission::{Light, StageName, StageStatus};

    fn transmission() -> Transmission {
        let at = "2026-11-24T08:30:00Z".parse().unwrap();
        let id = "019ab3f0-0000-7000-8000-000000000001".parse().unwrap();
        let mut sent = Transmission::new(id, "<1@ACME>".to_owned(), at, Direction::Outbound);
        sent.connection = Some("amazon-us".parse().unwrap());
        sent.profile = Some(ProfileKind::Test);
        sent.file = Some("a.x12".to_owned());
        sent.verdict = Verdict::Failed;
        sent.lights = Lights { http: Light::Good, mic: Light::NotAsked, ..Lights::DARK };
        sent.stages = vec![Stage {
            stage: StageName::Certificates,
            status: StageStatus::Good,
            started: at,
            ms: 3,
            detail: "encrypt for B8".to_owned(),
        }];
        sent.http_status = Some(200);
        sent.mic.matches = Some(false);
        sent.bytes = Sizes { payload: 120, sent: 4500 };
        sent.diagnosis = Some(Diagnosis {
            cause: "Partner could not decrypt".to_owned(),
            explanation: "e".to_owned(),
            remedy: vec!["r".to_owned()],
            evidence: vec!["v".to_owned()],
            ..Diagnosis::default()
        });
        sent.request_headers = vec![("AS2-From".to_owned(), "ACME".to_owned())];
        sent
    }

    #[test]
    fn send_answers_in_the_documented_shape() {
        let document = serde_json::to_value(SendDocument::from(&transmission())).unwrap();
        assert_eq!(
            document,
            json!({
                "id": "019ab3f0-0000-7000-8000-000000000001",
                "message_id": "<1@ACME>",
                "connection": "amazon-us",
                "profile": "test",
                "direction": "outbound",
                "verdict": "failed",
                "lights": {
                    "http": "good", "receipt": "missing", "receipt_signature": "missing",
                    "disposition": "missing", "mic": "not-asked"
                },
                "stages": [{
                    "stage": "certificates", "status": "good", "started": "2026-11-24T08:30:00Z", "ms": 3,
                    "detail": "encrypt for B8"
                }],
                "http_status": 200,
                "disposition": null,
                "mic": { "algorithm": null, "ours": null, "theirs": null, "match": false },
                "bytes": { "payload": 120, "sent": 4500 },
                "diagnosis": {
                    "cause": "Partner could not decrypt", "explanation": "e", "remedy": ["r"], "evidence": ["v"],
                    "blame": "nobody"
                },
            })
        );
    }

    #[test]
    fn showing_adds_what_the_journal_keeps_and_takes_nothing_away() {
        let transmission = transmission();
        let sent = serde_json::to_value(SendDocument::from(&transmission)).unwrap();
        let shown = serde_json::to_value(TransmissionDocument::from(&transmission)).unwrap();
        for (key, value) in sent.as_object().unwrap() {
            assert_eq!(shown.get(key), Some(value), "{key}");
        }
        assert_eq!(shown["file"], "a.x12");
        assert_eq!(shown["at"], "2026-11-24T08:30:00Z");
        assert_eq!(shown["cause"], "Partner could not decrypt");
        assert_eq!(shown["payload_sha256"], Value::Null);
        assert_eq!(shown["request_headers"], json!([["AS2-From", "ACME"]]));
        assert_eq!((&shown["response_headers"], &shown["attempts"]), (&json!([]), &json!([])));
    }
}
