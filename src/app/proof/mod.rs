//! Proof of delivery of one transmission: what was sent, when, to whom, and the receipt that says it arrived whole. Every
//! check is made anew over what was kept, and one that fails is told as that.

mod html;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::kept::cannot_read;
use super::send::blocking;
use super::written::write_whole;
use super::{App, AppError, KeptPart, RawPart};
use crate::as2::headers::{get, unquote};
use crate::as2::{MAX_RECEIPT, OpeningKeys, Receipt, ReceiptReading, SignatureOutcome, read_receipt};
use crate::certificate::Certificate;
use crate::domain::certificate::Fingerprint;
use crate::domain::instant::in_words as instant;
use crate::domain::transmission::{Direction, Transmission, TransmissionId};
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
    /// The receipt, as it was kept, as text.
    pub receipt: Option<String>,
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
        let (archive, made) = (workspace.archive().clone(), self.now());
        blocking(move || gather(&archive, transmission, partner, &known, kept, made)).await
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
    kept: Option<KeptPart>,
    made: Timestamp,
) -> Result<Proof, AppError> {
    let mut bytes = Vec::new();
    if let Some(path) = kept.as_ref().and_then(|kept| kept.body.as_ref()) {
        File::open(path).and_then(|file| file.take(MAX_RECEIPT).read_to_end(&mut bytes)).map_err(cannot_read(path))?;
    }
    let headers = kept.map(|kept| kept.headers).unwrap_or_default();
    let accepted: Vec<&Certificate> = known.iter().collect();
    let reading = read_receipt(&headers, &bytes, OpeningKeys { decryption: &[], accepted: &accepted });
    let receipt = match reading {
        ReceiptReading::Read(receipt) if !bytes.is_empty() => Some(*receipt),
        _ => None,
    };
    let mut checks = vec![payload_check(archive, &transmission)];
    checks.extend(receipt_checks(&transmission, receipt.as_ref()));
    let signer = receipt.as_ref().and_then(|receipt| signer_of(receipt, known));
    if let Some(signer) = &signer {
        checks.push(period_check(&transmission, signer));
    }
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
        facts: facts(&transmission),
        checks,
        signer: signer.map(described),
        receipt,
    })
}

fn facts(transmission: &Transmission) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut line = |name: &str, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    };
    let identifier = |name: &str| get(&transmission.request_headers, name).map(unquote);
    line("Document", transmission.file.clone());
    line("Size", Some(format!("{} bytes", transmission.bytes.payload)));
    line("SHA-256 of the document", transmission.payload_sha256.clone());
    line("Sent", Some(instant(transmission.at)));
    line("From (AS2-From)", identifier("AS2-From"));
    line("To (AS2-To)", identifier("AS2-To"));
    line("Profile", transmission.profile.map(|profile| profile.label().to_owned()));
    line("Message-ID", Some(transmission.message_id.clone()));
    line("Transmission", Some(transmission.id.to_string()));
    line("HTTP status", transmission.http_status.map(|status| status.to_string()));
    line("Disposition", transmission.disposition.clone());
    line("MIC algorithm", transmission.mic.algorithm.clone());
    line("MIC of what was sent", transmission.mic.ours.clone());
    line("MIC in the receipt", transmission.mic.theirs.clone());
    line(
        "Server's certificate",
        transmission.tls.as_ref().and_then(|tls| tls.chain.first()).map(|own| own.subject.clone()),
    );
    facts
}

/// Whether the document that is kept is the one that was journalled.
fn payload_check(archive: &Archive, transmission: &Transmission) -> ProofCheck {
    let what = "The document that is kept is the one that was sent";
    let found = archive.sha256(transmission.id, Part::Payload).ok();
    let (holds, detail) = match (&transmission.payload_sha256, found) {
        (Some(journalled), Some(found)) if *journalled == found => (Some(true), format!("SHA-256 {found}")),
        (Some(journalled), Some(found)) => {
            (Some(false), format!("its SHA-256 is {found}, and {journalled} was journalled"))
        }
        (None, _) => (None, "no digest was journalled".to_owned()),
        (_, None) => (None, "the document is not kept any more".to_owned()),
    };
    ProofCheck { what, holds, detail }
}

fn receipt_checks(transmission: &Transmission, receipt: Option<&Receipt>) -> Vec<ProofCheck> {
    let Some(receipt) = receipt else {
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
        signature_check(receipt),
    ]
}

/// Whether what the partner hashed is what we hashed when it was sent.
fn mic_check(transmission: &Transmission, receipt: &Receipt) -> ProofCheck {
    let what = "The MIC in the receipt is that of what was sent";
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

fn signature_check(receipt: &Receipt) -> ProofCheck {
    let what = "The receipt is signed by the partner and was not changed";
    let (holds, detail) = match receipt.signature.as_ref().map(|check| &check.outcome) {
        None => (Some(false), "it is not signed".to_owned()),
        Some(SignatureOutcome::Good { signer }) => (Some(true), format!("verified with {signer}")),
        Some(SignatureOutcome::Altered { signer }) => {
            (Some(false), format!("made with {}, and the receipt was changed afterwards", signer.short()))
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

/// Whether the signer's certificate was valid when the message was sent.
fn period_check(transmission: &Transmission, signer: &Certificate) -> ProofCheck {
    let facts = signer.facts();
    ProofCheck {
        what: "The signer's certificate was valid then",
        holds: Some(facts.valid_at(transmission.at)),
        detail: format!("from {} to {}", instant(facts.not_before), instant(facts.not_after)),
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
