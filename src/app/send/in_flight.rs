//! Telling a transmission that is under way from one whose program was killed.
//!
//! Whoever sends holds a lock on a file beside the payload; the system lets it go when the program ends, however it
//! ends.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use jiff::Timestamp;

use super::FIRST;
use crate::app::{AppError, inbox};
use crate::domain::diagnosis::{Blame, Diagnosis, Interrupted, explain_interrupted};
use crate::domain::instant;
use crate::domain::sent::next_attempt;
use crate::domain::transmission::{
    Attempt, Direction, Stage, StageName, StageStatus, Transmission, TransmissionId, Verdict,
};
use crate::store::{Archive, Duty, DutyKind, JournalledStage, Part, Workspace};

/// Name of the file that is locked.
const NAME: &str = "in-flight";

/// Seconds after which a transmission without a lock counts as abandoned.
const GRACE: i64 = 60;

/// The same for inbound ones.
const INBOUND_GRACE: i64 = 86_400;

/// What is said of a message that was delivered by a program that ended before it had answered.
const NOT_ANSWERED: &str = "The message was delivered, and the program ended before it was answered; when its sender sends it again, it is answered and not delivered twice";

/// The lock of one transmission under way.
pub(in crate::app) struct InFlight {
    path: PathBuf,
    _locked: File,
}

impl InFlight {
    /// Takes the lock.
    pub(in crate::app) fn begin(workspace: &Workspace, id: TransmissionId) -> Result<Self, AppError> {
        let path = workspace.archive().prepare(id)?.join(NAME);
        let locked = File::create(&path)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| AppError::new(format!("cannot write {}: {error}", path.display())))?;
        Ok(Self { path, _locked: locked })
    }

    /// The same, where nobody else is at it.
    pub(in crate::app) fn try_begin(workspace: &Workspace, id: TransmissionId) -> Result<Option<Self>, AppError> {
        let path = workspace.archive().prepare(id)?.join(NAME);
        let cannot = |error: std::io::Error| AppError::new(format!("cannot write {}: {error}", path.display()));
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { path, _locked: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(cannot(error)),
        }
    }

    /// Whether somebody holds it, or was killed holding it.
    pub(in crate::app) fn is_there(workspace: &Workspace, id: TransmissionId) -> bool {
        workspace.archive().folder(id).join(NAME).exists()
    }

    /// Lets the lock go and takes its file away.
    pub(in crate::app) fn end(self) {
        // Where it cannot be taken away, it is unlocked all the same and says nothing wrong.
        fs::remove_file(&self.path).ok();
    }
}

/// Takes away what a killed program had begun to write of a transmission. What cannot be taken away now is taken away by
/// whoever receives next.
fn sweep(workspace: &Workspace, id: TransmissionId) {
    workspace.archive().sweep(id).ok();
}

/// What is said of a message that was being sent when its program ended.
async fn explained(
    workspace: &Workspace,
    transmission: &Transmission,
    stages: &[JournalledStage],
    begun: bool,
) -> Result<Diagnosis, AppError> {
    let known = match &transmission.connection {
        Some(id) => workspace.connection(id).await?,
        None => None,
    };
    let request = workspace
        .sent_as(transmission.id)
        .await?
        .map(|sent| sent.request(transmission.message_id.clone(), transmission.file.clone(), transmission.bytes.sent));
    Ok(explain_interrupted(&Interrupted {
        partner: known.as_ref().map_or("the partner", |known| known.name.as_str()),
        request: request.as_ref(),
        begun,
        copied: workspace.archive().path(transmission.id, Part::Payload).is_file(),
        reached: stages.last().map(|entry| entry.stage.stage),
    }))
}

/// The stage in which an attempt was when its program ended: that after the last which is journalled. More is not known,
/// because stages are journalled when the attempt begins to send and when it ends.
fn interrupted(stages: &[JournalledStage], attempt: u32, now: Timestamp) -> Stage {
    let ended: Vec<&Stage> = stages.iter().filter(|entry| entry.attempt == attempt).map(|entry| &entry.stage).collect();
    let next = StageName::ALL.iter().find(|name| ended.iter().all(|stage| stage.stage != **name));
    Stage {
        stage: next.copied().unwrap_or(StageName::Matched),
        status: StageStatus::Bad,
        started: ended.last().map_or(now, |stage| stage.started),
        ms: 0,
        detail: "interrupted: the program ended in this stage or in one after it".to_owned(),
    }
}

/// Brings to an end what a killed program left open: what had begun to be sent is uncertain, what had not has failed.
pub(in crate::app) async fn settle_abandoned(workspace: &Workspace, now: Timestamp) -> Result<(), AppError> {
    for open in workspace.unsettled().await? {
        let begun = match open.verdict {
            Verdict::Sending => true,
            Verdict::Queued => false,
            _ => continue,
        };
        match File::open(workspace.archive().folder(open.id).join(NAME)).map(|file| file.try_lock()) {
            // Under way.
            Ok(Err(_held)) => continue,
            // It is taken before the journal says a word, and taken away with the end: its program was killed.
            Ok(Ok(())) => {}
            Err(_) => {
                // An inbound message is held by its connection, however slow that is.
                let grace = if open.direction == Direction::Inbound { INBOUND_GRACE } else { GRACE };
                if now.as_second() - open.at.as_second() < grace {
                    continue;
                }
            }
        }
        // Whoever held it wrote its end before letting go: what counts is what stands there now.
        let mut transaction = workspace.begin().await?;
        let Some(mut transmission) = transaction.transmission(open.id).await? else { continue };
        if transmission.verdict != open.verdict {
            continue;
        }
        let duty = transaction.duty(open.id, DutyKind::Attempt).await?;
        if duty.is_some() && !begun {
            // Daily work that waits for its next attempt, or was interrupted before it was sent.
            sweep(workspace, open.id);
            continue;
        }
        // Where the inbox cannot be looked into, that is found out when the message comes again.
        let placed =
            (open.direction == Direction::Inbound).then(|| inbox::was_placed(&transmission, None).ok()).flatten();
        let (verdict, explanation) = match (open.direction, begun) {
            (Direction::Inbound, _) if placed == Some(true) => (Verdict::Received, NOT_ANSWERED),
            (Direction::Inbound, _) => {
                (Verdict::Refused, "The program ended before the message was answered; its sender will send it again")
            }
            (Direction::Outbound, true) => {
                (Verdict::Uncertain, "The program ended while the message was being sent, so the partner may have it")
            }
            (Direction::Outbound, false) => (Verdict::Failed, "The program ended before anything was sent"),
        };
        // What lies ready and is refused is not to be taken for delivered by whoever finds it gone.
        let ready = inbox::ready_path(&transmission, None).filter(|_| placed == Some(false));
        if placed == Some(false) {
            transmission.delivery = None;
        }
        // What was delivered, and was being sent once more, stays so.
        let was_delivered = open.direction == Direction::Outbound && transmission.had(Verdict::Delivered);
        let stages = workspace.stages(open.id).await?;
        let made = stages.iter().map(|stage| stage.attempt).max().unwrap_or(FIRST);
        let number = duty.as_ref().map_or(made, |duty| duty.number);
        if was_delivered {
            transmission.verdict = Verdict::Delivered;
        } else {
            transmission.verdict = verdict;
            transmission.diagnosis = Some(match open.direction {
                Direction::Outbound => explained(workspace, &transmission, &stages, begun).await?,
                Direction::Inbound => Diagnosis {
                    cause: "The program ended before this was done".to_owned(),
                    explanation: explanation.to_owned(),
                    blame: Blame::Ours,
                    ..Diagnosis::default()
                },
            });
        }
        if open.direction == Direction::Outbound {
            transaction.append_stage(open.id, number, &interrupted(&stages, number, now)).await?;
        }
        if begun && open.direction == Direction::Outbound {
            // The attempt counts: the partner may have got it.
            transmission.attempts.push(Attempt {
                number,
                started: if number == FIRST { open.at } else { now },
                verdict,
                http_status: None,
                detail: explanation.to_owned(),
            });
        }
        match duty {
            Some(duty) if was_delivered => transaction.end_duty(open.id, duty.kind).await?,
            Some(duty) => {
                // It gets the same bytes again.
                let at = next_attempt(duty.number, now);
                transmission.next_attempt = Some(at);
                if let Some(explained) = &mut transmission.diagnosis {
                    let at = instant::in_words(at);
                    explained.evidence.push(format!("The next attempt is made by itself at {at}, with the same bytes"));
                }
                transaction.put_duty(&Duty { at, number: duty.number + 1, ..duty }).await?;
            }
            None => {}
        }
        transaction.update_transmission(&transmission).await?;
        transaction.commit().await?;
        sweep(workspace, open.id);
        if let Some(ready) = ready {
            // Where it cannot be cleared, it lies there for nobody.
            Archive::clear_ready(&ready).ok();
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::app::{App, Clock};
    use crate::domain::identifier::ProfileKind;
    use crate::store::fixtures::connection;
    use crate::store::{As2Pair, Location, Unlock};

    #[tokio::test]
    async fn what_a_killed_program_left_open_says_what_to_do_and_where_it_was_interrupted() {
        let guard = tempfile::tempdir().unwrap();
        let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::System);
        let workspace = app.workspace().await.unwrap();
        let now = app.now();
        let long_ago = now - jiff::SignedDuration::from_hours(1);
        let (certificates, connected) = (StageName::Certificates, StageName::Connected);
        for (verdict, copied, reached, settled, entry, stage) in [
            (Verdict::Queued, true, None, Verdict::Failed, "interrupted", certificates),
            (Verdict::Queued, false, None, Verdict::Failed, "interrupted-not-copied", certificates),
            (Verdict::Sending, true, Some(StageName::Built), Verdict::Uncertain, "interrupted-sending", connected),
        ] {
            let id = crate::app::send::new_id(now);
            let mut sent = Transmission::new(id, format!("<{id}@acme>"), long_ago, Direction::Outbound);
            sent.verdict = verdict;
            for name in [StageName::Certificates, StageName::Built].into_iter().filter(|_| reached.is_some()) {
                let (status, detail) = (StageStatus::Good, String::new());
                sent.stages.push(Stage { stage: name, status, started: long_ago, ms: 1, detail });
            }
            sent.connection = Some("acme".parse().unwrap());
            sent.profile = Some(ProfileKind::Production);
            workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
            if copied {
                workspace.archive().create(id, Part::Payload).unwrap().finish().unwrap();
            }
            settle_abandoned(&workspace, now).await.unwrap();
            let found = workspace.transmission(id).await.unwrap().unwrap();
            let told = found.diagnosis.clone().unwrap();
            assert_eq!((found.verdict, told.entry.as_str(), told.blame), (settled, entry, Blame::Ours));
            let remedy = if copied { "Redeliver" } else { "Send the file again" };
            assert!(told.remedy[0].starts_with(remedy) && !told.evidence.is_empty(), "{told:#?}");
            if !copied {
                workspace.save_connection(&connection("acme", "Acme"), now).await.unwrap();
                let error = app.redeliver(id, false, &|_event| {}).await.unwrap_err();
                assert!(error.to_string().contains("was never copied"), "{error}");
            }
            let last = found.stages.last().unwrap();
            assert_eq!((last.stage, last.status), (stage, StageStatus::Bad));
            assert!(last.detail.starts_with("interrupted"), "{last:?}");
        }
    }

    #[tokio::test]
    async fn what_a_killed_program_was_writing_goes_with_the_end_of_its_transmission() {
        let guard = tempfile::tempdir().unwrap();
        let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::System);
        let workspace = app.workspace().await.unwrap();
        let mut ids = Vec::new();
        for (direction, verdict) in [
            (Direction::Outbound, Verdict::Queued),
            (Direction::Outbound, Verdict::Sending),
            (Direction::Inbound, Verdict::Queued),
            (Direction::Outbound, Verdict::Queued),
        ] {
            let id = crate::app::send::new_id(app.now());
            let mut transmission = Transmission::new(id, format!("<{id}@acme>"), app.now(), direction);
            transmission.verdict = verdict;
            workspace.begin_transmission(&transmission, As2Pair::default()).await.unwrap();
            let folder = workspace.archive().prepare(id).unwrap();
            for part in ["payload", "request.body"] {
                fs::write(folder.join(format!(".{part}.aB3dE6.partial")), b"half").unwrap();
            }
            // Killed holding it: the file is there and nobody has the lock.
            File::create(folder.join(NAME)).unwrap();
            ids.push((id, folder));
        }
        // One of them is under way in a program that lives.
        let (living, _) = ids[3];
        let held = InFlight::begin(&workspace, living).unwrap();
        let writing = workspace.archive().create(living, Part::ResponseBody(FIRST)).unwrap();
        settle_abandoned(&workspace, app.now()).await.unwrap();
        for (id, folder) in &ids {
            let left = fs::read_dir(folder).unwrap().count();
            assert_eq!(
                left,
                if *id == living { 4 } else { 1 },
                "{:?}",
                fs::read_dir(folder).unwrap().collect::<Vec<_>>()
            );
        }
        drop(writing);
        held.end();
    }
}
