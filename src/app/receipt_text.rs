//! Kept bytes made readable: the beginning of a request or an answer, as text or as a hex dump.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::engine::{RawText, ReceiptText, TransmissionDetail};
use super::send::blocking;
use super::{App, AppError, RawPart};
use crate::as2::{MAX_RECEIPT, OpeningKeys, ReceiptReading, SignatureCheck, SignatureOutcome, read_receipt};
use crate::certificate::Certificate;
use crate::domain::certificate::Fingerprint;
use crate::domain::timeline::all_fingerprints;
use crate::domain::transmission::{Direction, Transmission, TransmissionId};
use crate::store::Part;

/// So many bytes of a body are shown.
const SHOWN: usize = 64 * 1024;

/// So many bytes stand on one line of a hex dump.
const PER_LINE: usize = 16;

impl App {
    /// A transmission with what its receipt says.
    ///
    /// # Errors
    /// Where there is no such transmission, or the workspace cannot be read.
    pub async fn transmission_detail(&self, id: TransmissionId) -> Result<TransmissionDetail, AppError> {
        let transmission = self.transmission(&id.simple().to_string()).await?;
        let receipt = self.receipt_text(&transmission).await;
        Ok(TransmissionDetail { transmission, receipt })
    }

    /// What the receipt says, as far as it was kept. Nothing kept is no error: not every transmission has an answer.
    async fn receipt_text(&self, transmission: &Transmission) -> Option<ReceiptText> {
        let workspace = self.existing().await.ok()??;
        let last = transmission.attempts.iter().map(|attempt| attempt.number).max().unwrap_or(1);
        // A receipt that travelled by itself counts before what the answer said.
        let by_itself = !transmission.receipt_headers.is_empty();
        let number = transmission.deciding_receipt.max(1);
        let part = if by_itself { Part::ReceiptBody(number) } else { Part::ResponseBody(last) };
        let path = workspace.archive().path(transmission.id, part);
        let headers =
            if by_itself { transmission.receipt_headers.clone() } else { transmission.response_headers.clone() };
        let known = self.known_signers(transmission).await;
        let ours = transmission.direction == Direction::Inbound;
        blocking(move || {
            let mut body = Vec::new();
            let most = MAX_RECEIPT;
            let kept = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut body));
            let (Ok(_), false) = (kept, body.is_empty()) else { return Ok(None) };
            let accepted: Vec<&Certificate> = known.iter().collect();
            let keys = OpeningKeys { decryption: &[], accepted: &accepted };
            let ReceiptReading::Read(receipt) = read_receipt(&headers, &body, keys) else { return Ok(None) };
            let signed = receipt.signature.as_ref().map(|check| signer(check, &known, ours));
            Ok(Some(ReceiptText { human: receipt.text, fields: receipt.fields, signed }))
        })
        .await
        .ok()?
    }

    /// The partner's certificates of the profile, whatever their period: whose a signature is does not change with time.
    async fn known_signers(&self, transmission: &Transmission) -> Vec<Certificate> {
        let (Some(connection), Some(kind)) = (&transmission.connection, transmission.profile) else {
            return Vec::new();
        };
        let Ok((workspace, _, profile)) = self.profile(connection, kind).await else { return Vec::new() };
        let all = all_fingerprints(&profile.partner_certificates);
        self.partner_certificates(&workspace, &all).await.unwrap_or_default()
    }

    /// The beginning of what was kept of one side, readable.
    ///
    /// # Errors
    /// Where nothing was kept of that side, or it cannot be read.
    pub async fn raw_text(&self, id: TransmissionId, part: RawPart) -> Result<RawText, AppError> {
        let files = self.raw(&id.simple().to_string(), part).await?;
        blocking(move || {
            let mut raw = RawText::default();
            for file in &files {
                let (beginning, bytes) = beginning(file)?;
                if file.file_name().is_some_and(|name| name.to_string_lossy().contains("head")) {
                    raw.head = String::from_utf8_lossy(&beginning).into_owned();
                } else {
                    raw.cut = bytes > beginning.len() as u64;
                    raw.bytes = bytes;
                    raw.body = readable(&beginning);
                }
            }
            raw.files = files;
            Ok(raw)
        })
        .await
    }
}

/// With which certificate a receipt was signed, and what that is worth.
fn signer(check: &SignatureCheck, known: &[Certificate], ours: bool) -> String {
    let named = |fingerprint: &Fingerprint| {
        let certificate =
            known.iter().chain(&check.embedded).find(|each| each.facts().fingerprint_sha256 == *fingerprint);
        let name = certificate.map_or("a certificate", |certificate| certificate.facts().common_name());
        format!("{name} {}", fingerprint.short())
    };
    match &check.outcome {
        SignatureOutcome::Good { signer } => format!("Signed with {}", named(signer)),
        SignatureOutcome::Altered { signer } => {
            format!("Signed with {}, and changed after it was signed", named(signer))
        }
        SignatureOutcome::Broken { named: fingerprint, reason } => {
            format!("Names {} as its signer and {reason}", named(fingerprint))
        }
        SignatureOutcome::UnknownSigner { embedded: Some(embedded), .. } if ours => {
            format!("Signed by us with {}", named(embedded))
        }
        SignatureOutcome::UnknownSigner { embedded: Some(embedded), .. } => {
            format!("Signed with {}, which is none of the partner's certificates here", named(embedded))
        }
        SignatureOutcome::UnknownSigner { embedded: None, .. } => {
            "Signed with a certificate that is not known here".to_owned()
        }
        SignatureOutcome::Unsupported { detail } => format!("Signed in a way that cannot be checked: {detail}"),
    }
}

fn beginning(path: &Path) -> Result<(Vec<u8>, u64), AppError> {
    let cannot = |error: std::io::Error| AppError::new(format!("cannot read {}: {error}", path.display()));
    let file = File::open(path).map_err(cannot)?;
    let bytes = file.metadata().map_err(cannot)?.len();
    let mut beginning = Vec::new();
    file.take(SHOWN as u64).read_to_end(&mut beginning).map_err(cannot)?;
    Ok((beginning, bytes))
}

/// Bytes as text where they are text, else as a hex dump.
fn readable(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        // Cut within a character.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    };
    match text {
        Some(text) if !text.chars().any(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t')) => {
            text.replace("\r\n", "\n").replace('\t', "    ")
        }
        _ => hex_dump(bytes),
    }
}

fn hex_dump(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut dump = String::with_capacity(bytes.len() * 5);
    for (number, line) in bytes.chunks(PER_LINE).enumerate() {
        let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String =
            line.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }).collect();
        // Writing to a String does not fail.
        writeln!(dump, "{:08x}  {:<47}  {text}", number * PER_LINE, hex.join(" ")).unwrap_or_default();
    }
    dump
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_text_and_other_bytes_as_hex() {
        assert_eq!(readable(b"ISA*00\r\nIEA"), "ISA*00\nIEA");
        assert_eq!(readable("gr\u{fc}n".as_bytes().get(..3).unwrap()), "gr", "cut within a character");
        assert_eq!(readable(&[0x30, 0x82, 0x00]), "00000000  30 82 00                                         0..\n");
    }
}
