//! From what came back to the facts that are judged.

use std::fs::File;

use super::material::Material;
use crate::as2::headers::get;
use crate::as2::{
    self, Hashed, Mic, OpeningKeys, ReceiptReading, ReceivedMic, SentMessage, SignatureCheck, SignatureOutcome,
    read_receipt,
};
use crate::certificate::Certificate;
use crate::domain::algorithm::Digest;
use crate::domain::certificate::Fingerprint;
use crate::domain::connection::MdnMode;
use crate::domain::diagnosis::{
    Acceptance, AnswerFacts, ConnectFailure, EmbeddedCertificate, HttpAnswer, MicForensics, Receipt, ReceiptFacts,
    ReceiptSignature, TlsRefusal, WhatCame,
};
use crate::domain::disposition::Disposition;
use crate::domain::transmission::{Headers, MicComparison};
use crate::transport::{Answer, FailureKind, PostFailure, SLOWEST, Timings, TlsReason};

/// The most characters of an answer's body that are quoted.
const EXCERPT: usize = 300;

/// A post without an answer, as facts.
pub(in crate::app) fn of_failure(failure: &PostFailure, timeout_seconds: u32) -> AnswerFacts {
    let detail = failure.detail.clone();
    let all_bytes_sent = failure.may_have_arrived();
    let not_connected = |kind| AnswerFacts::NotConnected { kind, detail: detail.clone() };
    match &failure.kind {
        FailureKind::Resolve => not_connected(ConnectFailure::Resolve),
        FailureKind::ResolveLater => not_connected(ConnectFailure::ResolveLater),
        FailureKind::Refused => not_connected(ConnectFailure::Refused),
        FailureKind::Unreachable => not_connected(ConnectFailure::Unreachable),
        FailureKind::ConnectTimeout => not_connected(ConnectFailure::ConnectTimeout),
        FailureKind::Proxy => not_connected(ConnectFailure::Proxy),
        FailureKind::ProxyPassword => not_connected(ConnectFailure::ProxyPassword),
        FailureKind::TlsRefused { reason, chain } => AnswerFacts::TlsRefused {
            reason: tls_refusal(reason),
            detail: if detail.is_empty() { reason.to_string() } else { detail.clone() },
            chain: chain
                .iter()
                .map(|der| {
                    Certificate::from_der(der)
                        .map_or_else(|_odd| "unreadable".to_owned(), |each| each.facts().subject.clone())
                })
                .collect(),
        },
        FailureKind::SlowAnswer => {
            AnswerFacts::Timeout { all_bytes_sent, seconds: timeout_seconds.saturating_mul(SLOWEST) }
        }
        FailureKind::Timeout => AnswerFacts::Timeout { all_bytes_sent, seconds: timeout_seconds },
        FailureKind::BadAnswer => AnswerFacts::NotHttp { all_bytes_sent, detail: detail.clone() },
        FailureKind::AnswerTooLarge { .. } => match &failure.answer {
            Some(answer) => http(answer, ReceiptFacts::Absent(WhatCame::TooLarge)),
            None => AnswerFacts::NotHttp { all_bytes_sent, detail: failure.to_string() },
        },
        FailureKind::Body | FailureKind::Setup => AnswerFacts::OwnFault { detail: failure.to_string() },
        _ => AnswerFacts::Broken { all_bytes_sent, detail: detail.clone() },
    }
}

const fn tls_refusal(reason: &TlsReason) -> TlsRefusal {
    match reason {
        TlsReason::Expired => TlsRefusal::Expired,
        TlsReason::NotYetValid => TlsRefusal::NotYetValid,
        TlsReason::UnknownIssuer => TlsRefusal::UnknownIssuer,
        TlsReason::SelfSigned => TlsRefusal::SelfSigned,
        TlsReason::NotPinned => TlsRefusal::NotPinned,
        TlsReason::WrongName => TlsRefusal::WrongHost,
        TlsReason::Revoked => TlsRefusal::Revoked,
        TlsReason::Certificate(_) => TlsRefusal::Certificate,
        TlsReason::ProtocolVersion => TlsRefusal::Protocol,
        TlsReason::NoCipherSuite => TlsRefusal::Cipher,
        TlsReason::UnknownName => TlsRefusal::UnknownName,
        TlsReason::NotTls => TlsRefusal::NotTls,
        TlsReason::Closed => TlsRefusal::Closed,
        TlsReason::Alert(_) => TlsRefusal::Alert,
        TlsReason::ClientCertificateWanted => TlsRefusal::ClientCertificate,
        TlsReason::ClientCertificateRefused(_) => TlsRefusal::ClientCertificateRefused,
        _ => TlsRefusal::Other,
    }
}

fn http(answer: &Answer, receipt: ReceiptFacts) -> AnswerFacts {
    let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(4 * EXCERPT)]).into_owned();
    AnswerFacts::Http(HttpAnswer {
        status: answer.status,
        reason: answer.reason.clone(),
        content_type: get(&answer.headers, "Content-Type").map(str::to_owned),
        location: get(&answer.headers, "Location").map(str::to_owned),
        body_excerpt: body.trim().chars().take(EXCERPT).collect(),
        receipt,
    })
}

/// What is needed for reading an answer.
pub(super) struct Reading {
    /// The document; nothing where it is not kept any more.
    pub(super) payload: Option<File>,
    pub(super) material: Material,
    /// Headers and body as they were sent, where the body is still kept whole.
    pub(super) sent: Option<(Headers, File)>,
    pub(super) mic: Mic,
    /// What it was made of before it was built anew, and the MIC then, the last first: an answer may be to that.
    pub(super) earlier: Vec<(Material, Mic)>,
    pub(super) message_id: String,
    pub(super) mdn: MdnMode,
    /// Certificates that the receipt may be signed with now.
    pub(super) accepted: Vec<Certificate>,
    /// All certificates of the profile, scheduled ones included.
    pub(super) known: Vec<Certificate>,
    /// The one that messages are encrypted for now.
    pub(super) in_use: Option<Fingerprint>,
}

impl Reading {
    /// Reads the receipt in an answer.
    pub(super) fn read(mut self, answer: Answer) -> AnswerFacts {
        // Those that are not accepted any more are recognised, after all that are accepted: what they signed proves nothing.
        let accepted: Vec<&Certificate> = self.accepted.iter().chain(&self.known).collect();
        let ours = self.material.decryption_keys();
        let keys = OpeningKeys { decryption: &ours, accepted: &accepted };
        let receipt = match read_receipt(&answer.headers, &answer.body, keys) {
            ReceiptReading::Read(receipt) => ReceiptFacts::Read(Box::new(self.receipt(*receipt))),
            _ if self.mdn == MdnMode::None => ReceiptFacts::NotAsked,
            _ if self.mdn.is_async() && (200..300).contains(&answer.status) => ReceiptFacts::Pending,
            ReceiptReading::Absent(what) => ReceiptFacts::Absent(what),
            ReceiptReading::Unreadable(detail) => ReceiptFacts::Unreadable { detail },
        };
        http(&answer, receipt)
    }

    /// Reads a receipt that came by itself, after the message had been answered with this status.
    pub(super) fn read_late(self, headers: &Headers, body: &[u8], status: u16) -> AnswerFacts {
        let answer = Answer {
            status,
            reason: String::new(),
            headers: headers.clone(),
            body: body.to_vec(),
            whole_sent: true,
            timings: Timings::default(),
            tls: None,
        };
        self.read(answer)
    }

    fn receipt(&mut self, receipt: as2::Receipt) -> Receipt {
        let for_this_message = receipt.is_for(&self.message_id);
        // For a partner who canonicalises, other line ends change nothing.
        let lets_pass = self.material.profile.quirks.canonicalise_mic;
        let fitting = receipt.fitting.as_ref();
        let signature = match (&receipt.signature, fitting.filter(|_| lets_pass)) {
            (_, Some(fits)) => self.signature(fits),
            (Some(check), None) => match (self.signature(check), fitting.map(|fits| self.signature(fits))) {
                (ReceiptSignature::Broken { .. }, Some(ReceiptSignature::Good { .. })) => {
                    ReceiptSignature::OtherLineEnds
                }
                (ReceiptSignature::Broken { .. }, Some(whose)) => whose,
                (signature, _) => signature,
            },
            (None, None) => ReceiptSignature::Unsigned,
        };
        // What another message was hashed by, or somebody has changed, tells nothing of how this partner hashes.
        let of_another = !for_this_message && receipt.original_message_id.is_some();
        let looks = !of_another && !matches!(signature, ReceiptSignature::Broken { .. });
        let (mic, mic_obstacle, forensics) = self.compare(receipt.mic.as_ref(), looks);
        Receipt {
            for_this_message,
            original_message_id: receipt.original_message_id,
            signature,
            disposition: receipt.disposition.unwrap_or_else(|| Disposition::parse("")),
            disposition_text: receipt.disposition_text,
            remarks: receipt.remarks,
            mic,
            mic_obstacle,
            forensics,
            human_text: receipt.text,
            product: receipt.product,
        }
    }

    fn signature(&self, check: &SignatureCheck) -> ReceiptSignature {
        match &check.outcome {
            SignatureOutcome::Good { signer } if !self.accepts(signer) => {
                ReceiptSignature::UnknownSigner { embedded: Some(self.named(check, *signer)) }
            }
            SignatureOutcome::Good { signer } => ReceiptSignature::Good {
                signer: *signer,
                accepted: if Some(*signer) == self.in_use { Acceptance::InUse } else { Acceptance::OtherAcceptable },
            },
            SignatureOutcome::Altered { .. } => {
                ReceiptSignature::Broken { detail: "the receipt was changed after it was signed".to_owned() }
            }
            SignatureOutcome::Broken { named, reason } => {
                ReceiptSignature::Broken { detail: format!("it names the certificate {} and {reason}", named.short()) }
            }
            SignatureOutcome::UnknownSigner { embedded, .. } => {
                ReceiptSignature::UnknownSigner { embedded: embedded.map(|signer| self.named(check, signer)) }
            }
            SignatureOutcome::Unsupported { detail } => ReceiptSignature::Unsupported { detail: detail.clone() },
        }
    }

    fn accepts(&self, signer: &Fingerprint) -> bool {
        self.accepted.iter().any(|each| each.facts().fingerprint_sha256 == *signer)
    }

    /// A certificate that is not accepted, from inside the signature or from the workspace.
    fn named(&self, check: &SignatureCheck, fingerprint: Fingerprint) -> EmbeddedCertificate {
        let all = check.embedded.iter().chain(&self.known);
        let found = all.into_iter().find(|each| each.facts().fingerprint_sha256 == fingerprint);
        let subject = found.map(|each| each.facts().subject.clone()).unwrap_or_default();
        let der = found.map(|each| each.der().to_vec()).unwrap_or_default();
        EmbeddedCertificate { fingerprint, subject, der }
    }

    /// Compares in whatever algorithm the receipt names, and where it `looks`, looks for what a partner may have hashed
    /// instead.
    fn compare(
        &mut self,
        received: Option<&ReceivedMic>,
        looks: bool,
    ) -> (MicComparison, Option<String>, Option<MicForensics>) {
        let Some(received) = received else {
            let mic = MicComparison {
                algorithm: Some(self.mic.digest.as_str().to_owned()),
                ours: Some(self.mic.base64()),
                theirs: None,
                matches: None,
            };
            return (mic, None, None);
        };
        let mut mic = MicComparison {
            algorithm: received.digest.map(|digest| digest.as_str().to_owned()).or(Some(received.algorithm.clone())),
            ours: Some(self.mic.base64()),
            theirs: Some(received.value.clone()),
            matches: None,
        };
        let Some(digest) = received.digest else {
            return (mic, Some(format!("its algorithm `{}` is unknown", received.algorithm)), None);
        };
        let ours = if digest == self.mic.digest {
            self.mic.clone()
        } else if !self.material.can_be_built() {
            let removed = self.material.identity_name();
            let why = format!(
                "the identity `{removed}` that signed the message was removed, so its MIC in {} is not known",
                digest.label()
            );
            return (mic, Some(why), None);
        } else {
            let Some(payload) = &mut self.payload else {
                let why = format!("the document is not kept any more, so its MIC in {} is not known", digest.label());
                return (mic, Some(why), None);
            };
            match self.material.message().mic(payload, digest, &self.mic) {
                Ok(ours) => ours,
                Err(error) => return (mic, Some(error.to_string()), None),
            }
        };
        mic.ours = Some(ours.base64());
        mic.matches = Some(received.matches(&ours));
        if mic.matches == Some(true) {
            return (mic, None, None);
        }
        if let Some(earlier) = self.earlier_mic(received, digest) {
            (mic.ours, mic.matches) = (Some(earlier.base64()), Some(true));
            return (mic, None, None);
        }
        if !looks || !self.material.can_be_built() {
            return (mic, None, None);
        }
        let Some(payload) = &mut self.payload else { return (mic, None, None) };
        let message = self.material.message();
        let sent = self.sent.as_mut().map(|(headers, body)| SentMessage { headers, body });
        let findings = match message.explain_mic(payload, received, sent) {
            Ok(findings) => findings,
            Err(error) => return (mic, Some(error.to_string()), None),
        };
        let Some(rule) = findings.rule else {
            return (mic, None, Some(MicForensics::NoRule(findings.sentence())));
        };
        mic.matches = Some(rule.digest == digest && message.takes_as_well(&rule));
        let said = findings.sentence();
        let forensics = match rule.hashed {
            Hashed::Nothing => MicForensics::Lost(said),
            _ if findings.is_of_the_encrypted() => MicForensics::Undecrypted(said),
            _ => MicForensics::Rule(said),
        };
        (mic, None, Some(forensics))
    }

    /// The MIC of an earlier build that a receipt returns.
    fn earlier_mic(&mut self, received: &ReceivedMic, digest: Digest) -> Option<Mic> {
        let Self { earlier, payload, .. } = self;
        earlier.iter().find_map(|(material, known)| {
            let ours = if known.digest == digest {
                known.clone()
            } else if material.can_be_built() {
                material.message().mic(payload.as_mut()?, digest, known).ok()?
            } else {
                return None;
            };
            received.matches(&ours).then_some(ours)
        })
    }
}
