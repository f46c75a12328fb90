//! Large messages once they are settled: their payload is digested for the journal, and their raw bytes are cut to what is
//! kept of them. Both read everything once more, so both are done when whoever waits has been answered; what a killed
//! program has left of it is done by whoever sends or receives next.

use jiff::{SignedDuration, Timestamp};

use super::send::{InFlight, blocking};
use super::{App, AppError};
use crate::domain::transmission::{Direction, Transmission, TransmissionId, Verdict};
use crate::store::{Archive, DEFAULT_KEEP, Part, Workspace};

/// The attempt that a message is built for, unless it is built anew for another.
const FIRST: u32 = 1;

/// For so long it is looked for what was left.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether anything about a transmission is to be done afterwards.
fn is_large(transmission: &Transmission) -> bool {
    transmission.bytes.payload.max(transmission.bytes.sent) > DEFAULT_KEEP
}

/// Whether its bytes are not needed whole any more: no attempt will be made with them.
fn is_settled(transmission: &Transmission) -> bool {
    match transmission.direction {
        Direction::Outbound => matches!(transmission.verdict, Verdict::Delivered | Verdict::Failed),
        Direction::Inbound => matches!(transmission.verdict, Verdict::Received | Verdict::Refused),
    }
}

/// Whether its payload is here and has no digest in the journal.
fn lacks_digest(transmission: &Transmission) -> bool {
    let has_payload = transmission.direction == Direction::Outbound || transmission.verdict == Verdict::Received;
    has_payload && transmission.bytes.payload > DEFAULT_KEEP && transmission.payload_sha256.is_none()
}

/// The bodies that were built for it.
fn bodies(transmission: &Transmission) -> Vec<Part> {
    match transmission.builds.as_slice() {
        [] => vec![Part::RequestBody(FIRST)],
        builds => builds.iter().map(|build| Part::RequestBody(build.attempt)).collect(),
    }
}

fn any_is_whole(archive: &Archive, transmission: &Transmission) -> bool {
    bodies(transmission).into_iter().any(|part| archive.is_whole(transmission.id, part))
}

impl App {
    /// Does afterwards what is to be done about a transmission where it is large. `in_flight` is its lock, where the caller
    /// holds it; where another does, that one does it.
    pub(super) fn settle_large(&self, workspace: &Workspace, transmission: &Transmission, held: Option<InFlight>) {
        let (archive, id) = (workspace.archive(), transmission.id);
        let is_kept = || archive.path(id, Part::Payload).is_file() || any_is_whole(archive, transmission);
        if !(is_large(transmission) && is_kept()) {
            return held.map_or((), InFlight::end);
        }
        let held = match held {
            Some(held) => held,
            None => match InFlight::try_begin(workspace, id) {
                Ok(Some(held)) => held,
                _ => return,
            },
        };
        let workspace = workspace.clone();
        self.afterwards.begin(async move {
            // A body that could not be cut stays whole, and what is not digested now is digested later; neither makes the
            // message less delivered.
            drop(settle(&workspace, id).await);
            held.end();
        });
    }

    /// Does afterwards what a program that was killed has left to do about large transmissions.
    pub(super) async fn settle_left(&self, workspace: &Workspace) -> Result<(), AppError> {
        let since = self.now().checked_sub(LOOKED_BACK).unwrap_or(Timestamp::MIN);
        for summary in workspace.large(DEFAULT_KEEP, since).await? {
            let (archive, id) = (workspace.archive(), summary.id);
            let files = archive.files(id)?;
            let is_body = |name: &str| name.starts_with("request.") && name.ends_with(".body");
            let is_candidate = files.iter().any(|(name, file)| is_body(name) && file.bytes > DEFAULT_KEEP);
            if !(is_candidate || InFlight::is_there(workspace, id)) || !archive.path(id, Part::Payload).is_file() {
                continue;
            }
            let Some(transmission) = workspace.transmission(id).await? else { continue };
            let whole = any_is_whole(archive, &transmission);
            if lacks_digest(&transmission) || (is_settled(&transmission) && whole) {
                self.settle_large(workspace, &transmission, None);
            }
        }
        Ok(())
    }
}

/// Digests and cuts, beside each other.
async fn settle(workspace: &Workspace, id: TransmissionId) -> Result<(), AppError> {
    let Some(transmission) = workspace.transmission(id).await? else { return Ok(()) };
    let archive = workspace.archive().clone();
    let digested = async {
        if !lacks_digest(&transmission) {
            return Ok(());
        }
        let archive = archive.clone();
        let digest = blocking(move || Ok(archive.sha256(id, Part::Payload)?)).await?;
        let mut transaction = workspace.begin().await?;
        if let Some(mut standing) = transaction.transmission(id).await? {
            standing.payload_sha256 = Some(digest);
            transaction.update_transmission(&standing).await?;
        }
        Ok(transaction.commit().await?)
    };
    let cut = async {
        if is_settled(&transmission) {
            let archive = archive.clone();
            let parts = bodies(&transmission);
            let cut = blocking(move || {
                let mut cut = false;
                for part in parts {
                    cut |= archive.settle(id, part, DEFAULT_KEEP)?.is_some();
                }
                Ok(cut)
            })
            .await?;
            if cut {
                let mut transaction = workspace.begin().await?;
                transaction.measure_again(id).await?;
                transaction.commit().await?;
            }
        }
        Ok(())
    };
    let (digested, cut): (Result<(), AppError>, Result<(), AppError>) = tokio::join!(digested, cut);
    digested.and(cut)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::app::Clock;
    use crate::store::{As2Pair, Location, Unlock};

    /// A transmission whose program was killed before it did what is done afterwards.
    async fn left(app: &App, direction: Direction, verdict: Verdict) -> TransmissionId {
        let workspace = app.workspace().await.unwrap();
        let id = crate::app::send::new_id(app.now());
        let mut transmission = Transmission::new(id, format!("<{id}@acme>"), app.now(), direction);
        transmission.verdict = verdict;
        let bytes = vec![b'x'; usize::try_from(DEFAULT_KEEP).unwrap() + 1];
        (transmission.bytes.payload, transmission.bytes.sent) = (bytes.len() as u64, bytes.len() as u64);
        workspace.begin_transmission(&transmission, As2Pair::default()).await.unwrap();
        for part in [Part::Payload, Part::RequestBody(FIRST)] {
            let mut writer = workspace.archive().create(id, part).unwrap();
            writer.write_all(&bytes).unwrap();
            writer.finish().unwrap();
        }
        id
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_killed_program_left_is_digested_and_cut_by_the_next() {
        let guard = tempfile::tempdir().unwrap();
        let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::System);
        let workspace = app.workspace().await.unwrap();
        let ended = [
            left(&app, Direction::Inbound, Verdict::Received).await,
            left(&app, Direction::Outbound, Verdict::Delivered).await,
        ];
        // Its bytes are needed for another attempt.
        let waiting = left(&app, Direction::Outbound, Verdict::Queued).await;
        let held = left(&app, Direction::Outbound, Verdict::Delivered).await;
        let lock = InFlight::begin(&workspace, held).unwrap();

        app.settle_left(&workspace).await.unwrap();
        app.afterwards.ended().await;
        let digest = workspace.archive().sha256(waiting, Part::Payload).unwrap();
        for (id, digested, cut) in
            [(ended[0], true, true), (ended[1], true, true), (waiting, true, false), (held, false, false)]
        {
            let found = workspace.transmission(id).await.unwrap().unwrap();
            assert_eq!(found.payload_sha256, digested.then(|| digest.clone()), "{:?}", found.verdict);
            assert_eq!(workspace.archive().cut(id, Part::RequestBody(FIRST)).unwrap().is_some(), cut);
            let files = workspace.archive().files(id).unwrap();
            assert_eq!(files.iter().any(|(name, _)| name == "in-flight"), id == held, "{files:?}");
        }
        // Whoever held it does it himself.
        let transmission = workspace.transmission(held).await.unwrap().unwrap();
        app.settle_large(&workspace, &transmission, Some(lock));
        app.close().await;
        assert!(app.transmission(&held.simple().to_string()).await.unwrap().payload_sha256.is_some());
    }
}
