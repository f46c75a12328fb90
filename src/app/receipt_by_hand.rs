//! Receipts that somebody brings in: pasted from a mail, or saved by the partner's software. They are judged as those that
//! arrive over HTTP, and taken only where they settle what they are for.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use super::kept::cannot_read;
use super::keys::{UnsealedIdentity, refuse_locked};
use super::send::{ArrivedReceipt, attempt_id, blocking, head_bytes, new_id};
use super::{App, AppError};
use crate::as2::headers::{get, split_saved, unquote};
use crate::as2::{DecryptionKey, MAX_RECEIPT, OpeningKeys, Receipt, ReceiptReading, SignatureOutcome, read_receipt};
use crate::certificate::Certificate;
use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::transmission::{Direction, Headers, Transmission, TransmissionId, Verdict};
use crate::store::{As2Pair, Part, Workspace};

/// Receipts have one part.
const FIRST: u32 = 1;

/// The start line under which such a receipt is kept.
const LINE: &str = "Receipt brought in by hand";

/// A receipt as it was read.
#[derive(Debug)]
struct BroughtIn {
    headers: Headers,
    body: Vec<u8>,
    receipt: Receipt,
}

impl App {
    /// Settles a transmission by a receipt that came another way: with its headers, or its body alone.
    ///
    /// # Errors
    /// Where it is no receipt, or none that settles this transmission. Then everything is as it was.
    pub async fn take_receipt(&self, id: &str, bytes: Vec<u8>) -> Result<Transmission, AppError> {
        let (workspace, standing) = self.journalled(id).await?;
        refuse_locked(&workspace)?;
        may_take(&standing)?;
        if bytes.len() as u64 > MAX_RECEIPT {
            return Err(AppError::new(format!("this is larger than any receipt ({MAX_RECEIPT} bytes)")));
        }
        let known = self.known_signers(&standing).await;
        let ours = self.unseal_all(&workspace).await?;
        let read = blocking(move || read(&bytes, &ours, &known)).await?;
        refuse_other(&standing, &read.receipt)?;
        let kept = new_id(self.now());
        let settled = self.settle_by_hand(&workspace, &standing, kept, read).await;
        let archive = workspace.archive().clone();
        blocking(move || Ok(archive.discard(kept)?)).await?;
        let settled = settled?;
        let note = AuditNote::of(AuditAct::ReceiptTaken, settled.id.simple().to_string());
        workspace.note(note.with("verdict", Some(standing.verdict.as_str()), Some(settled.verdict.as_str()))).await?;
        Ok(settled)
    }

    async fn settle_by_hand(
        &self,
        workspace: &Workspace,
        standing: &Transmission,
        kept: TransmissionId,
        read: BroughtIn,
    ) -> Result<Transmission, AppError> {
        let BroughtIn { headers, body, receipt } = read;
        let archive = workspace.archive().clone();
        let head = head_bytes(LINE, &headers);
        blocking(move || {
            for (part, bytes) in [(Part::RequestHead(FIRST), head), (Part::RequestBody(FIRST), body)] {
                let mut writer = archive.create(kept, part)?;
                let cannot = |error| AppError::new(format!("the archive cannot be written: {error}"));
                writer.write_all(&bytes).map_err(cannot)?;
                writer.finish()?;
            }
            Ok(())
        })
        .await?;
        let identifier = |name: &str| get(&standing.request_headers, name).map(unquote);
        let (ours, partner) = (identifier("AS2-From"), identifier("AS2-To"));
        let original = receipt.original_message_id.as_deref().unwrap_or_default();
        let as2 = As2Pair { ours: ours.as_deref(), partner: partner.as_deref() };
        let arrived = ArrivedReceipt { kept, headers: &headers, original, as2, by_hand: true };
        let settled = self.settle_by_receipt(workspace, &arrived).await?;
        settled.filter(|settled| settled.id == standing.id).ok_or_else(|| {
            AppError::new("the receipt was not taken: nothing is known any more of how this transmission was sent")
        })
    }
}

/// Reads a file that a receipt may be in, as far as a receipt can reach.
pub(super) async fn read_file(path: PathBuf) -> Result<Vec<u8>, AppError> {
    blocking(move || {
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(cannot_read(&path))?;
        // One byte more than is taken, so that what is too large is told.
        file.take(MAX_RECEIPT + 1).read_to_end(&mut bytes).map_err(cannot_read(&path))?;
        Ok(bytes)
    })
    .await
}

/// Whether a receipt can settle it at all.
fn may_take(standing: &Transmission) -> Result<(), AppError> {
    if standing.direction != Direction::Outbound {
        return Err(AppError::new("this message was received, so its receipt is ours to send"));
    }
    match standing.verdict {
        Verdict::Delivered => {
            Err(AppError::new("this transmission is delivered already, so there is nothing to settle"))
        }
        Verdict::Sending => Err(AppError::new("this transmission is being sent, and its answer is still to come")
            .hint("wait until the attempt has ended")),
        _ if standing.request_headers.is_empty() => Err(AppError::new("this message was never sent")),
        _ => Ok(()),
    }
}

/// Refuses a receipt for another message, and says for which it is.
fn refuse_other(standing: &Transmission, receipt: &Receipt) -> Result<(), AppError> {
    let Some(original) = &receipt.original_message_id else {
        return Err(AppError::new("the receipt was not taken: it names no message (Original-Message-ID)"));
    };
    let mut sent = (FIRST..=standing.last_attempt()).map(|number| attempt_id(&standing.message_id, number));
    if sent.any(|id| receipt.is_for(&id)) {
        return Ok(());
    }
    let original: String = original.chars().take(200).collect();
    Err(AppError::new(format!("the receipt was not taken: it is for the message {original}, not for this one"))
        .hint(format!("this one is {}; look for the other with `transmission list --search`", standing.message_id)))
}

/// Reads what was saved or pasted. Mail programs and clipboards change the ends of lines, over which the signature was
/// made: where it does not hold as it is, it is tried with those that a receipt has on its way.
fn read(bytes: &[u8], ours: &[UnsealedIdentity], known: &[Certificate]) -> Result<BroughtIn, AppError> {
    let keys: Vec<DecryptionKey<'_>> = ours.iter().map(UnsealedIdentity::decryption_key).collect();
    let accepted: Vec<&Certificate> = known.iter().collect();
    let mut best: Option<BroughtIn> = None;
    let mut trouble = None;
    for bytes in [bytes.to_vec(), with_line_ends(bytes)] {
        let (headers, body) = taken_apart(&bytes)?;
        match read_receipt(&headers, body, OpeningKeys { decryption: &keys, accepted: &accepted }) {
            ReceiptReading::Read(receipt) => {
                let holds = receipt
                    .signature
                    .as_ref()
                    .is_some_and(|check| matches!(check.outcome, SignatureOutcome::Good { .. }));
                if best.is_none() || holds {
                    best = Some(BroughtIn { headers, body: body.to_vec(), receipt: *receipt });
                }
                if holds {
                    break;
                }
            }
            ReceiptReading::Unreadable(why) => trouble = Some(why),
            ReceiptReading::Absent(_) => {}
        }
    }
    best.ok_or_else(|| match trouble {
        Some(why) => AppError::new(format!("the receipt cannot be read: {why}")),
        None => AppError::new("this is no receipt (MDN)")
            .hint("paste it whole, from its headers or from its first line that begins with two hyphens, to its end"),
    })
}

/// Its headers and its body. A line that a program has put before the headers is passed over.
fn taken_apart(bytes: &[u8]) -> Result<(Headers, &[u8]), AppError> {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
    let mut rest = bytes.get(start..).unwrap_or_default();
    rest = rest.strip_prefix("\u{feff}".as_bytes()).unwrap_or(rest);
    let before = [&b"HTTP/"[..], b"POST ", b"From ", LINE.as_bytes()];
    if before.iter().any(|word| rest.starts_with(word))
        && let Some(end) = rest.iter().position(|byte| *byte == b'\n')
    {
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    let cannot = |error| AppError::new(format!("the headers of the receipt cannot be read: {error}"));
    // The fields of a notification alone look like headers.
    let (headers, body) = split_saved(rest).map_err(cannot)?;
    if get(&headers, "Content-Type").is_none() && (headers.is_empty() || get(&headers, "Disposition").is_some()) {
        let text = String::from_utf8_lossy(rest.get(..rest.len().min(4096)).unwrap_or_default()).to_ascii_lowercase();
        let is_notification = !text.starts_with("--") && text.contains("disposition:");
        let kind = [("Content-Type".to_owned(), "message/disposition-notification".to_owned())];
        return Ok((if is_notification { kind.to_vec() } else { Headers::new() }, rest));
    }
    Ok((headers, body))
}

/// The same with the line ends that MIME has: a carriage return before each line feed.
fn with_line_ends(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    let mut before = 0;
    for byte in bytes {
        if *byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        before = *byte;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str =
        "Original-Message-ID: <1@US>\nDisposition: automatic-action/mdn-sent-automatically; processed\n";

    fn original(text: &str) -> Option<String> {
        read(text.as_bytes(), &[], &[]).ok()?.receipt.original_message_id
    }

    #[test]
    fn a_receipt_is_read_however_it_was_saved() {
        let report = format!(
            "--b\nContent-Type: text/plain\n\nTaken\n--b\nContent-Type: message/disposition-notification\n\n{FIELDS}\n--b--\n"
        );
        let headers =
            "AS2-From: P\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n";
        for text in [
            report.clone(),
            format!("\n\n{report}"),
            format!("{headers}{report}"),
            format!("HTTP/1.1 200 OK\r\n{headers}{report}"),
            format!("From p@example.com Tue Nov 24\n{headers}{report}"),
            format!("\u{feff}{headers}{report}"),
            FIELDS.to_owned(),
        ] {
            assert_eq!(original(&text).as_deref(), Some("<1@US>"), "{text}");
        }
        for text in ["", "Thank you for your order", "--b\nContent-Type: text/plain\n\nHello\n--b--\n"] {
            assert_eq!(original(text), None, "{text}");
        }
    }

    #[test]
    fn line_ends_are_put_right_and_those_that_are_right_stay() {
        assert_eq!(with_line_ends(b"a\nb\r\n\n"), b"a\r\nb\r\n\r\n");
    }
}
