//! Proof of delivery of one transmission: what was sent, when, to whom, and the receipt that says it arrived whole. Every
//! check is made anew over what was kept, and one that fails is told as that.

mod html;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;

use super::kept::cannot_read;
use super::send::blocking;
use super::written::write_whole;
use super::{App, AppError, Keeping, KeptPart, RawPart};
use crate::as2::headers::{get, unquote};
use crate::as2::{MAX_RECEIPT, OpeningKeys, Receipt, ReceiptReading, SignatureOutcome, read_receipt};
use crate::certificate::Certificate;
use crate::domain::certificate::Fingerprint;
use crate::domain::instant::in_words as instant;
use crate::domain::retention::{RetentionKind, kind_of_receipt, removed};
use crate::domain::transmission::{Attempt, Direction, Transmission, TransmissionId, Verdict};
use crate::store::{Archive, Part};

/// One check, made anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProofCheck {
    /// What was checked.
    pub what: &'static str,
    /// Whether it holds; nothing where it cannot be checked any more.
    pub holds: Option<bool>,
    /// With what, in words.
    pub detail: String,
}

/// A certificate that a receipt was signed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProofSigner {
    /// Its subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// Its serial number.
    pub serial: String,
    /// Its period.
    pub not_before: Timestamp,
    /// Its last instant.
    pub not_after: Timestamp,
    /// Its fingerprint.
    pub fingerprint_sha256: Fingerprint,
    /// The certificate itself.
    pub pem: String,
}

/// What proves a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Whether every check holds.
    pub proven: bool,
    /// When it was made.
    pub made: Timestamp,
    /// The transmission.
    pub id: TransmissionId,
    /// Its Message-ID.
    pub message_id: String,
    /// To whom, as the connection is called.
    pub partner: String,
    /// What is said of it, name by name.
    pub facts: Vec<(String, String)>,
    /// The checks.
    pub checks: Vec<ProofCheck>,
    /// With which certificate the receipt was signed.
    pub signer: Option<ProofSigner>,
    /// The receipt as text, which is for reading: what is no text in it is replaced.
    pub receipt: Option<String>,
    /// Every byte of it, head and body, as it was kept, in base64.
    pub receipt_base64: Option<String>,
}

impl App {
    /// The proof of a delivery, its checks made anew.
    ///
    /// # Errors
    /// Where there is no such transmission, it did not go out, or what was kept cannot be read. A proof that does not hold
    /// is no error: it says so.
    pub async fn proof(&self, id: &str) -> Result<Proof, AppError> {
        let transmission = self.transmission(id).await?;
        if transmission.direction != Direction::Outbound {
            return Err(AppError::new("a delivery is proven by the receipt of whoever received it, and this was received here")
                .hint("ask the partner for theirs, or show the receipt that was sent with `countersign transmission raw ID receipt`"));
        }
        let workspace = self.workspace().await?;
        let known = self.known_signers(&transmission).await;
        let partner = match &transmission.connection {
            Some(id) => self.connection(id).await.map_or_else(|_removed| id.to_string(), |found| found.name),
            None => "unknown".to_owned(),
        };
        let kept = self.kept(id, RawPart::Receipt).await.ok();
        let keeping = self.keeping(id).await?;
        let (archive, made) = (workspace.archive().clone(), self.now());
        blocking(move || gather(&archive, transmission, partner, &known, (kept, keeping), made)).await
    }

    /// Writes the proof as a page that stands alone.
    ///
    /// # Errors
    /// As for [`App::proof`], and where the file cannot be written.
    pub async fn write_proof(&self, id: &str, file: &Path) -> Result<Proof, AppError> {
        let proof = self.proof(id).await?;
        let page = html::page(&proof);
        let file = file.to_owned();
        blocking(move || write_whole(&file, page.as_bytes())).await?;
        Ok(proof)
    }
}

fn gather(
    archive: &Archive,
    transmission: Transmission,
    partner: String,
    known: &[Certificate],
    (kept, keeping): (Option<KeptPart>, Keeping),
    made: Timestamp,
) -> Result<Proof, AppError> {
    let all = |path: Option<&PathBuf>| {
        let mut bytes = Vec::new();
        if let Some(path) = path {
            File::open(path)
                .and_then(|file| file.take(MAX_RECEIPT).read_to_end(&mut bytes))
                .map_err(cannot_read(path))?;
        }
        Ok::<_, AppError>(bytes)
    };
    let bytes = all(kept.as_ref().and_then(|kept| kept.body.as_ref()))?;
    let mut whole = all(kept.as_ref().and_then(|kept| kept.head.as_ref()))?;
    whole.extend_from_slice(&bytes);
    let headers = kept.map(|kept| kept.headers).unwrap_or_default();
    let accepted: Vec<&Certificate> = known.iter().collect();
    let reading = read_receipt(&headers, &bytes, OpeningKeys { decryption: &[], accepted: &accepted });
    let receipt = match reading {
        ReceiptReading::Read(receipt) if !bytes.is_empty() => Some(*receipt),
        _ => None,
    };
    let mut checks = vec![payload_check(archive, &transmission, &keeping)];
    checks.extend(receipt_checks(&transmission, receipt.as_ref(), known.is_empty(), &keeping));
    let signer = receipt.as_ref().and_then(|receipt| signer_of(receipt, known));
    if let Some(signer) = &signer {
        checks.push(period_check(&transmission, signer));
    }
    let dated = get(&headers, "Date").map(str::to_owned);
    let receipt = (!bytes.is_empty()).then(|| {
        let head: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{head}\r\n{}", String::from_utf8_lossy(&bytes))
    });
    Ok(Proof {
        proven: checks.iter().all(|check| check.holds == Some(true)),
        made,
        id: transmission.id,
        message_id: transmission.message_id.clone(),
        partner,
        facts: facts(&transmission, dated),
        checks,
        signer: signer.map(described),
        receipt_base64: receipt.is_some().then(|| STANDARD.encode(&whole)),
        receipt,
    })
}

/// The attempt that decided: the last that handed the message over, else the last that was made.
fn deciding(transmission: &Transmission) -> Option<&Attempt> {
    let handed_over = |attempt: &&Attempt| matches!(attempt.verdict, Verdict::Delivered | Verdict::Pending);
    let attempts = &transmission.attempts;
    attempts.iter().rev().find(handed_over).or_else(|| attempts.last())
}

/// When the attempt that decided began, and which of several it was.
fn sent_at(transmission: &Transmission) -> Option<String> {
    let attempt = deciding(transmission)?;
    let started = instant(attempt.started);
    match transmission.attempts.len() {
        0 | 1 => Some(started),
        number => Some(format!("{started}, attempt {} of {number}", attempt.number)),
    }
}

/// `dated` is the date that the receipt's own header gives.
fn facts(transmission: &Transmission, dated: Option<String>) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut line = |name: &str, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    };
    let identifier = |name: &str| get(&transmission.request_headers, name).map(unquote);
    line("Document", transmission.file.clone());
    line("Size", Some(format!("{} bytes", transmission.bytes.payload)));
    line("SHA-256 of the document", transmission.payload_sha256.clone());
    line("Journalled", Some(instant(transmission.at)));
    line("Sent", sent_at(transmission));
    line("Receipt received, by our clock", transmission.signed_at.map(instant));
    line("Receipt dated, by its own header", dated);
    line("From (AS2-From)", identifier("AS2-From"));
    line("To (AS2-To)", identifier("AS2-To"));
    line("Profile", transmission.profile.map(|profile| profile.label().to_owned()));
    line("Message-ID", Some(transmission.message_id.clone()));
    line("Transmission", Some(transmission.id.to_string()));
    line("HTTP status", transmission.http_status.map(|status| status.to_string()));
    line("Disposition", transmission.disposition.clone());
    line("MIC algorithm", transmission.mic.algorithm.clone());
    line("MIC journalled when it was sent", transmission.mic.ours.clone());
    line("MIC in the receipt", transmission.mic.theirs.clone());
    line(
        "Server's certificate",
        transmission.tls.as_ref().and_then(|tls| tls.chain.first()).map(|own| own.subject.clone()),
    );
    facts
}

/// Whether the document that is kept is the one that was journalled.
fn payload_check(archive: &Archive, transmission: &Transmission, keeping: &Keeping) -> ProofCheck {
    let what = "The document that is kept is the one that was sent";
    let found = archive.sha256(transmission.id, Part::Payload).ok();
    let (holds, detail) = match (&transmission.payload_sha256, found) {
        (Some(journalled), Some(found)) if *journalled == found => (Some(true), format!("SHA-256 {found}")),
        (Some(journalled), Some(found)) => {
            (Some(false), format!("its SHA-256 is {found}, and {journalled} was journalled"))
        }
        (None, _) => (None, "no digest was journalled".to_owned()),
        (_, None) => match keeping.removed(RetentionKind::Payload) {
            Some(at) => (None, removed(at)),
            None => (None, "the document is not kept any more".to_owned()),
        },
    };
    ProofCheck { what, holds, detail }
}

fn receipt_checks(
    transmission: &Transmission,
    receipt: Option<&Receipt>,
    nobody_known: bool,
    keeping: &Keeping,
) -> Vec<ProofCheck> {
    let Some(receipt) = receipt else {
        if let Some(at) = keeping.removed(kind_of_receipt(transmission)) {
            // Whether there was one is not said by what is not there any more.
            return vec![ProofCheck { what: "A receipt (MDN) was returned", holds: None, detail: removed(at) }];
        }
        let detail = "no receipt is kept that can be read".to_owned();
        return vec![ProofCheck { what: "A receipt (MDN) was returned", holds: Some(false), detail }];
    };
    let original = receipt.original_message_id.as_deref().unwrap_or("none");
    let disposition = receipt.disposition_text.as_deref().unwrap_or("none");
    let positive = receipt.disposition.as_ref().is_some_and(crate::domain::disposition::Disposition::is_positive);
    vec![
        ProofCheck {
            what: "The receipt is for this message",
            holds: Some(receipt.is_for(&transmission.message_id)),
            detail: format!("it names {original}"),
        },
        ProofCheck {
            what: "The receipt says that it was processed",
            holds: Some(positive),
            detail: disposition.to_owned(),
        },
        mic_check(transmission, receipt),
        signature_check(receipt, nobody_known),
    ]
}

/// Whether what the partner hashed is what we hashed when it was sent. It is not hashed anew: how depends on layers that
/// only the partner can open.
fn mic_check(transmission: &Transmission, receipt: &Receipt) -> ProofCheck {
    let what = "The MIC in the receipt is the one journalled when it was sent";
    let (holds, detail) = match (&transmission.mic.ours, &receipt.mic) {
        (Some(ours), Some(theirs)) => {
            let bare = |mic: &str| mic.trim_end_matches('=').to_owned();
            let same = bare(ours) == bare(&theirs.value);
            let detail = if same { theirs.value.clone() } else { format!("{} where {ours} was sent", theirs.value) };
            (Some(same), format!("{detail} ({})", theirs.algorithm))
        }
        (None, _) => (None, "no MIC was journalled when it was sent".to_owned()),
        (_, None) => (Some(false), "the receipt returns none".to_owned()),
    };
    ProofCheck { what, holds, detail }
}

fn signature_check(receipt: &Receipt, nobody_known: bool) -> ProofCheck {
    let what = "The receipt is signed by the partner and was not changed";
    let (holds, detail) = match receipt.signature.as_ref().map(|check| &check.outcome) {
        None => (Some(false), "it is not signed".to_owned()),
        Some(SignatureOutcome::Good { signer }) => (Some(true), format!("verified with {signer}")),
        Some(SignatureOutcome::Altered { signer }) => {
            (Some(false), format!("made with {}, and the receipt was changed afterwards", signer.short()))
        }
        Some(SignatureOutcome::UnknownSigner { .. }) if nobody_known => {
            (None, "no certificate of the partner's is known here any more to check it with".to_owned())
        }
        Some(SignatureOutcome::UnknownSigner { .. }) => {
            (Some(false), "it was made with none of the partner's certificates of this profile".to_owned())
        }
        Some(SignatureOutcome::Broken { named, reason }) => {
            (Some(false), format!("it names {} as its signer and {reason}", named.short()))
        }
        Some(SignatureOutcome::Unsupported { detail }) => (None, detail.clone()),
    };
    ProofCheck { what, holds, detail }
}

fn signer_of<'c>(receipt: &'c Receipt, known: &'c [Certificate]) -> Option<&'c Certificate> {
    let check = receipt.signature.as_ref()?;
    let SignatureOutcome::Good { signer } = &check.outcome else { return None };
    known.iter().find(|each| each.facts().fingerprint_sha256 == *signer)
}

/// Whether the signer's certificate was valid when the receipt came, by our clock; where that was not journalled, when the
/// message was sent.
fn period_check(transmission: &Transmission, signer: &Certificate) -> ProofCheck {
    let facts = signer.facts();
    let sent = || deciding(transmission).map_or(transmission.at, |attempt| attempt.started);
    let (what, at) = match transmission.signed_at {
        Some(at) => ("The signer's certificate was valid when the receipt came", at),
        None => ("The signer's certificate was valid when the message was sent", sent()),
    };
    ProofCheck {
        what,
        holds: Some(facts.valid_at(at)),
        detail: format!("on {}, from {} to {}", instant(at), instant(facts.not_before), instant(facts.not_after)),
    }
}

fn described(certificate: &Certificate) -> ProofSigner {
    let facts = certificate.facts();
    ProofSigner {
        subject: facts.subject.clone(),
        issuer: facts.issuer.clone(),
        serial: facts.serial.clone(),
        not_before: facts.not_before,
        not_after: facts.not_after,
        fingerprint_sha256: facts.fingerprint_sha256,
        pem: certificate.to_pem(),
    }
}
