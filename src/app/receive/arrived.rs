//! Receipts that come by themselves, for what we sent.

use std::io::Read as _;
use std::net::SocketAddr;

use super::judgement::{Outcome, matched_receipt, unmatched_receipt};
use super::reticence::Stranger;
use super::wish::ReceiptWish;
use super::{Addressed, FIRST, Receiver};
use crate::app::AppError;
use crate::app::send::{ArrivedReceipt, InFlight, blocking};
use crate::app::serve::ServeEvent;
use crate::as2::headers::{MediaType, get};
use crate::as2::{self, DecryptionKey, MAX_RECEIPT, OpeningKeys, ReceiptReading, read_receipt};
use crate::domain::transmission::{Headers, Transmission, TransmissionId};
use crate::store::{As2Pair, Part};
use crate::transport::Response;

/// Whether a request may be a receipt. Some say that they are text, or bytes, or nothing, and are looked at as one in an
/// answer is; what has to be opened first is looked at once it is.
pub(super) fn may_be_receipt(headers: &Headers) -> bool {
    MediaType::parse(get(headers, "Content-Type").unwrap_or_default()).essence != "application/pkcs7-mime"
}

impl Receiver {
    /// Takes a request that is kept and turns out to be a receipt. Nothing where it is none. Of those that come from a
    /// `stranger` and are for nothing that is known, not many are journalled. What cannot be taken comes
    /// again, so nothing is kept that no journal knows of.
    pub(super) async fn take_receipt(
        &self,
        transmission: &mut Transmission,
        headers: &Headers,
        addressed: Option<&Addressed>,
        stranger: Option<SocketAddr>,
    ) -> Result<Option<Response>, AppError> {
        let id = transmission.id;
        let taken = self.take_journalled(transmission, headers, addressed, stranger).await;
        if taken.is_err() && self.workspace.transmission(id).await?.is_none() {
            let archive = self.workspace.archive().clone();
            blocking(move || Ok(archive.discard(id)?)).await?;
        }
        taken
    }

    async fn take_journalled(
        &self,
        transmission: &mut Transmission,
        headers: &Headers,
        addressed: Option<&Addressed>,
        stranger: Option<SocketAddr>,
    ) -> Result<Option<Response>, AppError> {
        let Some(receipt) = self.read_kept(transmission.id, headers, false).await? else { return Ok(None) };
        let nobody = Addressed::unknown();
        let addressed = addressed.unwrap_or(&nobody);
        let outcome = self.match_receipt(transmission.id, headers, addressed, &receipt).await?;
        if outcome.is_matched {
            // Its bytes lie beside what it is for.
            let (archive, id) = (self.workspace.archive().clone(), transmission.id);
            blocking(move || Ok(archive.discard(id)?)).await?;
            return Ok(Some(Response::empty(200)));
        }
        let at = transmission.at;
        if let Some(peer) = stranger
            && let Stranger::TooMany(left) = self.one_more_stranger(peer, at)
        {
            return Ok(Some(self.forget(transmission.id, peer, left).await?));
        }
        let pair = As2Pair { ours: Some(&addressed.to), partner: Some(&addressed.from) };
        let held = InFlight::begin(&self.workspace, transmission.id)?;
        self.workspace.begin_transmission(transmission, pair).await?;
        let (response, _) = self.answer(transmission, &ReceiptWish::of(headers), addressed, outcome, None, at).await?;
        held.end();
        Ok(Some(response))
    }

    /// Reads a kept request as a receipt; with all our keys where it is `sealed`, for receipts that are encrypted.
    pub(super) async fn read_kept(
        &self,
        id: TransmissionId,
        headers: &Headers,
        sealed: bool,
    ) -> Result<Option<as2::Receipt>, AppError> {
        let archive = self.workspace.archive().clone();
        let headers = headers.clone();
        let identities = if sealed { self.app.unseal_all(&self.workspace).await? } else { Vec::new() };
        blocking(move || {
            let file = archive.open(id, Part::RequestBody(FIRST))?;
            let mut body = Vec::new();
            let length = file
                .take(MAX_RECEIPT + 1)
                .read_to_end(&mut body)
                .map_err(|error| AppError::new(format!("what was received cannot be read again: {error}")))?;
            if length as u64 > MAX_RECEIPT || !(sealed || speaks_of_receipt(&headers, &body)) {
                return Ok(None);
            }
            let keys: Vec<DecryptionKey<'_>> = identities.iter().map(|each| each.decryption_key()).collect();
            let keys = OpeningKeys { decryption: &keys, accepted: &[] };
            Ok(match read_receipt(&headers, &body, keys) {
                ReceiptReading::Read(receipt) => Some(*receipt),
                ReceiptReading::Absent(_) | ReceiptReading::Unreadable(_) => None,
            })
        })
        .await
    }

    /// Settles what a kept receipt is for, and says what came of it.
    pub(super) async fn match_receipt(
        &self,
        kept: TransmissionId,
        headers: &Headers,
        addressed: &Addressed,
        receipt: &as2::Receipt,
    ) -> Result<Outcome, AppError> {
        let Some(original) = receipt.original_message_id.as_deref().filter(|id| id.len() <= 2000) else {
            return Ok(unmatched_receipt("It names no message"));
        };
        let as2 = As2Pair { ours: Some(&addressed.to), partner: Some(&addressed.from) };
        let arrived = ArrivedReceipt { kept, headers, original, as2, by_hand: false };
        Ok(match self.app.settle_by_receipt(&self.workspace, &arrived).await? {
            Some(settled) => {
                let outcome = matched_receipt(&settled.message_id);
                self.tell(ServeEvent::Transmission(Box::new(settled)));
                outcome
            }
            None => {
                let original: String = original.chars().take(200).collect();
                unmatched_receipt(&format!("Nothing was sent from here under the Message-ID {original}"))
            }
        })
    }
}

/// Whether the words of a receipt are in it: only then is it worth reading as one.
fn speaks_of_receipt(headers: &Headers, body: &[u8]) -> bool {
    const WORDS: &[u8] = b"disposition-notification";
    let announced = get(headers, "Content-Type").unwrap_or_default().to_ascii_lowercase();
    announced.contains("disposition-notification")
        || body.windows(WORDS.len()).any(|window| window.eq_ignore_ascii_case(WORDS))
}
