//! Copies: a message that was processed before and comes again, bit by bit the same, under another Message-ID.
//!
//! What is signed and encrypted are the content and its own headers; the Message-ID stands outside of both, for whoever
//! passes a message on to write. Whoever has recorded one could have it delivered as often as they like, and so could a
//! sender that gives what it repeats a new Message-ID each time. A copy is known by what nothing else has
//! ([`Opened::imprint`]): a document that is sent again on purpose is encrypted with another key. What is not encrypted has
//! nothing of that kind, and the same test file may come every day.

use tokio::sync::MutexGuard;

use super::judgement::{Outcome, taken};
use super::{Addressed, Candidate, Receiver, place_of};
use crate::app::AppError;
use crate::as2::Opened;
use crate::domain::diagnosis::{Copied, explain_copied};
use crate::domain::disposition::Disposition;
use crate::domain::transmission::Transmission;

impl Receiver {
    /// What becomes of a message that is a copy, where it is one. `alone` then holds others off that may be copies of the
    /// same, until this one is journalled.
    pub(super) async fn copy_of_another<'a>(
        &'a self,
        transmission: &mut Transmission,
        addressed: &Addressed,
        opened: &Opened,
        chosen: &Candidate,
        alone: &mut Option<MutexGuard<'a, ()>>,
    ) -> Result<Option<Outcome>, AppError> {
        let Some(imprint) = opened.imprint() else { return Ok(None) };
        // Always after that for the Message-ID: no two wait for each other.
        *alone = Some(self.copies[place_of(&imprint)].lock().await);
        let Addressed { from, to, message_id } = addressed;
        let found = self.workspace.find_copied(from, to, &imprint, message_id).await?;
        transmission.imprint = Some(imprint);
        let Some(id) = found else { return Ok(None) };
        let Some(first) = self.workspace.transmission(id).await? else { return Ok(None) };
        self.let_payload_go(transmission);
        Ok(Some(Outcome {
            // Its sender may be a partner who did not hear the first answer, and is told that it has arrived.
            disposition: Disposition::warning("duplicate-document"),
            text: "The message was processed before, under another Message-ID, and was not delivered again".to_owned(),
            diagnosis: explain_copied(&Copied { partner: &chosen.name, first: id, message_id: &first.message_id }),
            ..taken(Some(opened.mic.clone()), "", "")
        }))
    }
}
