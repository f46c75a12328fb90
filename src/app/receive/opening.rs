//! Opening a message: once it is kept, or, where it is a large one from somebody who is known, while it still comes.
//!
//! What is opened while it comes is read from the archive like any other, as far as it has got there, and nothing follows
//! from it before all of it is there: only then is it looked whether it came before, is it judged, delivered and answered.
//! Of a message that breaks off nothing is left but its raw bytes.

use std::io::{Read, Seek};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::wish::ReceiptWish;
use super::{Addressed, Candidate, FIRST, Receiver};
use crate::app::AppError;
use crate::app::keys::UnsealedIdentity;
use crate::app::send::{InFlight, blocking};
use crate::as2::{self, DecryptionKey, OpenError, Opened, OpeningKeys};
use crate::certificate::Certificate;
use crate::domain::algorithm::Digest;
use crate::domain::certificate::Fingerprint;
use crate::domain::timeline::all_fingerprints;
use crate::domain::transmission::{Headers, Transmission};
use crate::store::{ArchiveFollower, ArchiveWriter, As2Pair, DEFAULT_KEEP, Part, StoredIdentity};

/// So many messages are opened at once while they come: each holds threads for as long as its sender takes. Any others are
/// opened once they are there, as small ones are.
pub(super) const OPENED_AT_ONCE: usize = 4;

/// What a message is opened with: all our keys, and the partner's certificates that are acceptable.
pub(super) struct Keys {
    identities: Vec<UnsealedIdentity>,
    accepted: Vec<Certificate>,
}

impl Keys {
    fn with<T>(&self, work: impl FnOnce(OpeningKeys<'_>) -> T) -> T {
        let decryption: Vec<DecryptionKey<'_>> = self.identities.iter().map(UnsealedIdentity::decryption_key).collect();
        let accepted: Vec<&Certificate> = self.accepted.iter().collect();
        work(OpeningKeys { decryption: &decryption, accepted: &accepted })
    }

    fn prints(&self) -> [Vec<Fingerprint>; 2] {
        let print = |certificate: &Certificate| certificate.facts().fingerprint_sha256;
        [
            self.identities.iter().map(|ours| print(&ours.certificate)).collect(),
            self.accepted.iter().map(print).collect(),
        ]
    }
}

/// A message that grew large while it came.
#[derive(Default)]
pub(super) struct Early {
    /// Held where it is in the journal already, from before that until it has ended: a program that is killed meanwhile leaves
    /// an entry, which is brought to its end by whoever finds the lock free.
    pub(super) journalled: Option<InFlight>,
    /// What came out of opening it, where it was.
    pub(super) opened: Option<OpenedEarly>,
}

/// A message that was opened while it came. Its payload has no name yet, and is gone where it gets none.
pub(super) struct OpenedEarly {
    opened: Result<(Opened, ArchiveWriter), OpenError>,
    /// What it was opened with.
    with: [Vec<Fingerprint>; 2],
}

impl OpenedEarly {
    /// Whether opening it now would come to the same: with the same keys, and where the trouble was not our own.
    fn still_holds(&self, keys: &Keys) -> bool {
        !matches!(self.opened, Err(OpenError::Io(_))) && self.with == keys.prints()
    }
}

impl Receiver {
    /// What a message for these profiles is opened with; and our identities.
    pub(super) async fn keys(&self, candidates: &[Candidate]) -> Result<(Keys, Vec<StoredIdentity>), AppError> {
        // Those that are not accepted any more are recognised, after all that are accepted: what they signed is refused.
        let all = candidates.iter().flat_map(|each| all_fingerprints(&each.profile.partner_certificates));
        let mut fingerprints: Vec<Fingerprint> = Vec::new();
        for fingerprint in candidates.iter().flat_map(|each| each.accepted.clone()).chain(all) {
            if !fingerprints.contains(&fingerprint) {
                fingerprints.push(fingerprint);
            }
        }
        let accepted = self.app.partner_certificates(&self.workspace, &fingerprints).await?;
        let ours = self.workspace.identities().await?;
        let identities = self.app.unseal_these(&self.workspace, &ours).await?;
        Ok((Keys { identities, accepted }, ours))
    }

    /// Opens a message into the archive, unless that was done while it came; with the payload's digest, where it is a
    /// small one.
    pub(super) async fn open(
        &self,
        transmission: &Transmission,
        headers: &Headers,
        wish: &ReceiptWish,
        keys: Arc<Keys>,
        early: Option<OpenedEarly>,
    ) -> Result<Result<(Opened, Option<String>), OpenError>, AppError> {
        let (archive, id) = (self.workspace.archive().clone(), transmission.id);
        let (headers, digests) = (headers.clone(), wish.mic_digests());
        blocking(move || {
            let opened = match early.filter(|early| early.still_holds(&keys)) {
                Some(early) => early.opened,
                None => {
                    let mut body = archive.open(id, Part::RequestBody(FIRST))?;
                    read(&headers, &mut body, &keys, &digests, archive.create(id, Part::Payload)?)
                }
            };
            let (opened, payload) = match opened {
                Ok(opened) => opened,
                // What an error left behind half written is not kept: the raw body is.
                Err(error) => return Ok(Err(error)),
            };
            if opened.spoilt.is_some() && !opened.is_well_signed() {
                return Ok(Ok((Opened { payload_length: 0, ..opened }, None)));
            }
            payload.finish()?;
            // That of a large one is taken once the partner has been answered.
            let small = opened.payload_length <= DEFAULT_KEEP;
            let digest = small.then(|| archive.sha256(id, Part::Payload)).transpose()?;
            Ok(Ok((opened, digest)))
        })
        .await
    }

    /// Lets the payload of a message go, which lies with another one or was not taken; its raw request stays. What cannot be
    /// taken away here goes with the retention of payloads.
    pub(super) fn let_payload_go(&self, transmission: &mut Transmission) {
        std::fs::remove_file(self.workspace.archive().path(transmission.id, Part::Payload)).ok();
        transmission.payload_sha256 = None;
    }

    /// An opened message as it is for a profile whose partner canonicalises: other line ends than those it was signed with
    /// are let pass, and its MIC is over CRLF.
    pub(super) async fn canonicalised(
        &self,
        transmission: &Transmission,
        headers: &Headers,
        keys: Arc<Keys>,
        opened: Opened,
    ) -> Result<Opened, AppError> {
        if opened.fitting.is_some() {
            return Ok(opened.as_signed());
        }
        let (archive, id, headers) = (self.workspace.archive().clone(), transmission.id, headers.clone());
        blocking(move || {
            let mut body = archive.open(id, Part::RequestBody(FIRST))?;
            let mic = keys.with(|with| as2::canonical_mic(&headers, &mut body, with, &opened));
            let mic = mic.map_err(|error| AppError::new(format!("what was received cannot be read again: {error}")))?;
            Ok(Opened { mic, ..opened })
        })
        .await
    }

    /// Opens a message while it comes, once it is told that it has grown large: not from strangers, and not what came before.
    pub(super) async fn open_early(
        &self,
        grown: oneshot::Receiver<ArchiveFollower>,
        transmission: &Transmission,
        headers: &Headers,
        addressed: Option<&Addressed>,
    ) -> Early {
        let mut early = Early::default();
        // Most stay small, and nobody tells.
        let Ok(body) = grown.await else { return early };
        let Some(addressed) = addressed else { return early };
        let Ok(_place) = self.openings.try_acquire() else { return early };
        // What cannot be done now is tried again when it has come, and told then.
        let opened = self.open_growing(body, transmission, headers, addressed, &mut early.journalled).await;
        early.opened = opened.ok().flatten();
        early
    }

    async fn open_growing(
        &self,
        mut body: ArchiveFollower,
        transmission: &Transmission,
        headers: &Headers,
        addressed: &Addressed,
        journalled: &mut Option<InFlight>,
    ) -> Result<Option<OpenedEarly>, AppError> {
        let wish = ReceiptWish::of(headers);
        let (from, to, at) = (&addressed.from, &addressed.to, transmission.at);
        if wish.unmet.is_some() || !self.workspace.find_received(from, to, &addressed.message_id).await?.is_empty() {
            return Ok(None);
        }
        let candidates = self.candidates(addressed, at).await?;
        if candidates.is_empty() {
            return Ok(None);
        }
        let (keys, _) = self.keys(&candidates).await?;
        let held = InFlight::begin(&self.workspace, transmission.id)?;
        let pair = As2Pair { ours: Some(to), partner: Some(from) };
        if let Err(error) = self.workspace.begin_transmission(transmission, pair).await {
            held.end();
            return Err(error.into());
        }
        *journalled = Some(held);
        let (archive, id, headers) = (self.workspace.archive().clone(), transmission.id, headers.clone());
        let opened = blocking(move || {
            let payload = archive.create(id, Part::Payload)?;
            let mut opened = read(&headers, &mut body, &keys, &wish.mic_digests(), payload);
            if let Ok((_, payload)) = &mut opened {
                payload.sync()?;
            }
            Ok(OpenedEarly { opened, with: keys.prints() })
        });
        opened.await.map(Some)
    }
}

/// Opens a message, and gives its payload back, which has no name yet.
fn read<B: Read + Seek + Send>(
    headers: &Headers,
    body: &mut B,
    keys: &Keys,
    digests: &[Digest],
    mut payload: ArchiveWriter,
) -> Result<(Opened, ArchiveWriter), OpenError> {
    keys.with(|with| as2::open_to_answer(headers, body, with, digests, &mut payload)).map(|opened| (opened, payload))
}
