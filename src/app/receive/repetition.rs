//! Messages that come again: a message that was processed gets its first receipt again and is not delivered twice.

use std::sync::Arc;

use super::answer::Answer;
use super::wish::ReceiptWish;
use super::{Addressed, FIRST, Receiver};
use crate::app::retention::gone;
use crate::app::{AppError, RawPart};
use crate::domain::sent::next_attempt;
use crate::domain::transmission::{Headers, Transmission, TransmissionId};
use crate::store::{DEFAULT_KEEP, Duty, DutyKind, Part};
use crate::transport::{Response, ResponseBody};

/// The cause under which a repetition is journalled.
pub(super) const REPEATED: &str = "Repeated message";

impl Receiver {
    /// The answer that the same message got when it was processed, where it was. After a negative receipt the same
    /// Message-ID is processed anew, because its sender was asked to mend something (RFC 4130 section 5.5).
    pub(super) async fn answer_of_first(
        &self,
        addressed: &Addressed,
        id: TransmissionId,
    ) -> Result<Option<(Answer, Transmission)>, AppError> {
        let mut earlier = self.workspace.find_received(&addressed.from, &addressed.to, &addressed.message_id).await?;
        // The one that was worked on has the receipt. A repetition whose request took longer may bear an earlier time.
        earlier.sort_by_key(|summary| summary.cause.as_deref() == Some(REPEATED));
        for summary in earlier.into_iter().filter(|summary| summary.id != id) {
            let Some(first) = self.workspace.transmission(summary.id).await? else { continue };
            let Some(status) = first.http_status else { continue };
            let path = self.workspace.archive().path(summary.id, Part::ResponseBody(FIRST));
            let removals = self.workspace.removals(summary.id).await?;
            if let Some(removed) = gone(&first, RawPart::Response, path.is_file(), &removals) {
                return Err(removed);
            }
            // Better no answer now than a second delivery.
            let body = std::fs::read(&path).map_err(|error| {
                AppError::new(format!("the first answer cannot be read from {}: {error}", path.display()))
            })?;
            let owed = if first.receipt_headers.is_empty() { None } else { self.owe_again(&first).await? };
            let headers = first.response_headers.clone();
            let answer = Response { status, headers, body: ResponseBody::Bytes(body) };
            return Ok(Some(((answer, owed), first)));
        }
        Ok(None)
    }

    /// What is to be said of a repetition whose content is not that of the first, which a Message-ID must not be used for
    /// (RFC 4130 section 5.5); the content is kept with it then. Of a large one nothing is said: to open it once more only
    /// for this takes as long as it did the first time.
    pub(super) async fn differs_from_first(
        &self,
        transmission: &Transmission,
        headers: &Headers,
        addressed: &Addressed,
        wish: &ReceiptWish,
        first: &Transmission,
    ) -> Result<Option<String>, AppError> {
        let archive = self.workspace.archive();
        let length = std::fs::metadata(archive.path(transmission.id, Part::RequestBody(FIRST)))
            .map_or(u64::MAX, |metadata| metadata.len());
        let Some(expected) = first.payload_sha256.as_ref().filter(|_| length <= DEFAULT_KEEP) else { return Ok(None) };
        let candidates = self.candidates(addressed, transmission.at).await?;
        if candidates.is_empty() {
            return Ok(None);
        }
        let (keys, _) = self.keys(&candidates).await?;
        Ok(match self.open(transmission, headers, wish, Arc::new(keys), None).await? {
            Ok((_, digest)) if digest.as_ref() == Some(expected) => {
                // It is the first's, and lies there. What is not taken away here goes with the retention of payloads.
                std::fs::remove_file(archive.path(transmission.id, Part::Payload)).ok();
                None
            }
            Ok(_) => Some("Its content is another than that of the first, and was kept with this entry".to_owned()),
            Err(error) => Some(format!("Whether its content is that of the first cannot be seen: {error}")),
        })
    }

    /// The receipt of the first is owed once more, where the first wanted it: a repetition is known by its headers alone,
    /// which anybody can write.
    async fn owe_again(&self, first: &Transmission) -> Result<Option<TransmissionId>, AppError> {
        let Some(Ok(whither)) = ReceiptWish::of(&first.request_headers).whither else { return Ok(None) };
        let at = next_attempt(FIRST, self.app.now());
        let duty = Duty {
            transmission: first.id,
            kind: DutyKind::Receipt,
            at,
            number: FIRST,
            whither: Some(whither.to_string()),
        };
        let mut transaction = self.workspace.begin().await?;
        transaction.put_duty(&duty).await?;
        transaction.commit().await?;
        Ok(Some(first.id))
    }
}
