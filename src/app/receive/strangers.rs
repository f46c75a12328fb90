//! Messages between identifiers that nobody has: some are kept for whoever looks for what a new partner has sent, and no
//! more of them than that needs.

use std::net::SocketAddr;
use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};

use super::judgement::Outcome;
use super::reticence::Stranger;
use super::{Addressed, FIRST, Receiver};
use crate::app::AppError;
use crate::app::send::blocking;
use crate::as2::MAX_RECEIPT;
use crate::as2::headers::{MediaType, get};
use crate::domain::connection::Profile;
use crate::domain::transmission::{Headers, TransmissionId};
use crate::store::{DEFAULT_KEEP, Part};
use crate::transport::Response;

/// So much is kept of a body: enough to see what it was made with and for whom it is encrypted. Its length and digest are
/// kept too.
const KEPT_OF_A_STRANGER: u64 = 64 * 1024;

/// How a request is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keeping {
    /// The most bytes that are taken, where that is less than the listener would.
    pub(super) most: Option<u64>,
    /// The most bytes that are kept of those that are taken, where not all are.
    pub(super) kept: Option<u64>,
}

impl Keeping {
    /// Whole, for a profile.
    pub(super) const WHOLE: Self = Self { most: None, kept: None };
    /// It can be nothing but a receipt.
    pub(super) const RECEIPT: Self = Self { most: Some(MAX_RECEIPT), kept: None };

    /// Of somebody who is not known. A receipt is kept whole: it may be for what was sent when they were. Where there were
    /// too many already, nothing but a receipt is taken.
    pub(super) const fn of_a_stranger(may_be_receipt: bool, too_many: bool) -> Self {
        // One byte more than a receipt has tells that it is none.
        let kept = if may_be_receipt { MAX_RECEIPT + 1 } else { KEPT_OF_A_STRANGER };
        Self { most: Some(if too_many { MAX_RECEIPT } else { DEFAULT_KEEP }), kept: Some(kept) }
    }
}

impl Receiver {
    /// Whether a profile has a message's pair of identifiers.
    pub(super) async fn is_known(&self, addressed: &Addressed) -> Result<bool, AppError> {
        let connections = self.workspace.connections().await?;
        let is_it = |profile: &Profile| {
            profile.our_as2_id.as_str() == addressed.to && profile.partner_as2_id.as_str() == addressed.from
        };
        Ok(connections.iter().any(|connection| connection.profiles().any(|(_, profile)| is_it(profile))))
    }

    /// Counts one more message of a stranger.
    pub(super) fn one_more_stranger(&self, peer: SocketAddr, at: Timestamp) -> Stranger {
        self.reticence.lock().unwrap_or_else(PoisonError::into_inner).one_more_stranger(peer.ip(), at)
    }

    /// For how long nothing more is kept of strangers from there, where that is so.
    pub(super) fn too_many_strangers(&self, peer: SocketAddr, at: Timestamp) -> Option<SignedDuration> {
        self.reticence.lock().unwrap_or_else(PoisonError::into_inner).too_many_strangers(peer.ip(), at)
    }

    /// Lets go what came of a stranger, and answers it.
    pub(super) async fn forget(
        &self,
        id: TransmissionId,
        peer: SocketAddr,
        left: SignedDuration,
    ) -> Result<Response, AppError> {
        let archive = self.workspace.archive().clone();
        blocking(move || Ok(archive.discard(id)?)).await?;
        Ok(self.no_more(peer, left))
    }

    /// The answer to a stranger of whom nothing more is kept (RFC 6585 section 4).
    pub(super) fn no_more(&self, peer: SocketAddr, left: SignedDuration) -> Response {
        let reason = "it posts many messages between AS2 identifiers that no profile has, of which no more are kept within the hour";
        self.tell_turned_away(peer, reason.to_owned());
        let mut response =
            Response::text(429, "Too many messages for unknown AS2 identifiers came from this address\n");
        response.headers.push(("Retry-After".to_owned(), left.as_secs().max(1).to_string()));
        response
    }

    /// Lets go what is not kept of a stranger's body, now that it is no receipt.
    pub(super) async fn keep_little(&self, id: TransmissionId) -> Result<(), AppError> {
        let archive = self.workspace.archive().clone();
        blocking(move || {
            let body = Part::RequestBody(FIRST);
            // Where it could not be kept at all, that is told.
            if archive.path(id, body).is_file() {
                archive.keep_head_alone(id, body, KEPT_OF_A_STRANGER)?;
            }
            Ok(())
        })
        .await
    }
}

/// Whether a request is called what receipts are called: those are looked into, however many come, because a partner may
/// send them between other identifiers than its messages.
pub(super) fn is_called_receipt(headers: &Headers) -> bool {
    let kind = MediaType::parse(get(headers, "Content-Type").unwrap_or_default()).essence;
    let called = ["multipart/report", "multipart/signed", "message/disposition-notification", "text/plain", ""];
    called.contains(&kind.as_str())
}

/// Says of the last stranger that is journalled that there may be more.
pub(super) fn say_it_is_the_last(outcome: &mut Outcome, left: SignedDuration) {
    let minutes = left.as_mins().max(1);
    outcome.diagnosis.evidence.push(format!(
        "Many messages between unknown identifiers came from this address; for {minutes} minutes no more are kept, and the log counts them"
    ));
}
