//! Looking for damage: in the database, and in the archive by the digests that were journalled.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::send::blocking;
use super::{App, AppError};
use crate::domain::transmission::TransmissionId;
use crate::store::{Archive, AutomaticBackup, KeptPayload, OpenError, Part, StoreError, Workspace, automatic_backups};

/// Under which the workspace keeps what was found last.
const CHECKED: &str = "checked";

/// So many transmissions are looked at between two looks into the journal.
const AT_ONCE: u32 = 200;

/// So many damaged payloads are named; of more it is only said how many.
const MOST_NAMED: usize = 50;

/// Of what is done by itself: for so long is waited after each payload, as often as it took, and so much is read in a day at
/// most. What is not reached is the next day's.
const REST: u32 = 4;
const LEAST_REST: Duration = Duration::from_millis(5);
const MOST_A_DAY: u64 = 4 << 30;

/// What a look at the whole workspace has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkspaceCheck {
    /// When.
    pub at: Timestamp,
    /// The workspace's folder.
    pub place: PathBuf,
    /// Whether nothing is damaged.
    pub sound: bool,
    /// The database.
    pub database: CheckedDatabase,
    /// The archive; nothing where it was not looked at.
    pub archive: Option<CheckedArchive>,
    /// The newest backup that was made of the database by itself.
    pub newest_backup: Option<AutomaticBackup>,
}

/// What a look at the database has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedDatabase {
    /// What is damaged.
    pub problems: Vec<String>,
    /// What was wrong with indexes, and was mended.
    pub mended: Vec<String>,
}

/// What a look at the archive has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedArchive {
    /// How many payloads were compared with their digest.
    pub payloads: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// How many of them are damaged.
    pub damaged: u64,
    /// The first of these.
    pub named: Vec<DamagedPayload>,
}

/// A payload that is not as it was journalled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedPayload {
    /// Of which transmission.
    pub transmission: TransmissionId,
    /// Where it lies.
    pub file: PathBuf,
    /// What is wrong with it, in words.
    pub what: String,
}

/// What was found last, whoever looked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCheck {
    /// When the database was looked at.
    pub at: Timestamp,
    /// What was found in it.
    pub database: CheckedDatabase,
    /// When damage was found first that is still there; nothing where all is sound.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Damaged payloads.
    #[serde(default)]
    pub payloads: Vec<DamagedPayload>,
    /// How far the archive was looked at by itself.
    #[serde(default)]
    after: Option<TransmissionId>,
}

impl LastCheck {
    /// Whether nothing damaged is known.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.database.problems.is_empty() && self.payloads.is_empty()
    }

    fn standing(mut self, before: Option<&Self>) -> Self {
        let since = before.and_then(|before| before.since).unwrap_or(self.at);
        self.since = (!self.is_sound()).then_some(since);
        self
    }
}

impl WorkspaceCheck {
    /// What a database that cannot even be opened comes to.
    fn of_unreadable(at: Timestamp, place: PathBuf, problem: String) -> Self {
        let newest_backup = automatic_backups(&place).into_iter().next();
        let database = CheckedDatabase { problems: vec![problem], mended: Vec::new() };
        Self { at, place, sound: false, database, archive: None, newest_backup }
    }
}

impl App {
    /// Looks for damage in the database and, where wished, in all of the archive; what is wrong with indexes alone is mended.
    /// `told` of how many bytes of the archive were read.
    ///
    /// # Errors
    /// Where there is no workspace, or it cannot be looked at for another reason than damage.
    pub async fn check_workspace(
        &self,
        archive: bool,
        told: &(dyn Fn(u64) + Sync),
    ) -> Result<WorkspaceCheck, AppError> {
        self.prepared().await?;
        let (at, place) = (self.now(), self.location.path().to_owned());
        let workspace = match self.opened_existing().await {
            Ok(Some(workspace)) => workspace,
            Ok(None) => {
                return Err(AppError::new("there is no workspace yet, so there is nothing to check")
                    .hint("it is made with the first connection or identity"));
            }
            Err(OpenError::Damaged { reason, .. }) => return Ok(WorkspaceCheck::of_unreadable(at, place, reason)),
            Err(error) => return Err(error.into()),
        };
        let place = workspace.folder().to_owned();
        let database = database(&workspace, true).await?;
        let archive = if archive {
            match all_payloads(&workspace, told).await {
                Ok(archive) => Some(archive),
                // What a damaged database says of the archive is as it may be.
                Err(_) if !database.problems.is_empty() => None,
                Err(error) => return Err(error),
            }
        } else {
            None
        };
        if !workspace.is_read_only() {
            let before = last_check(&workspace).await.unwrap_or_default();
            let (known, after) =
                before.as_ref().map_or_else(Default::default, |before| (before.payloads.clone(), before.after));
            let payloads = archive.as_ref().map_or(known, |archive| archive.named.clone());
            let last = LastCheck { at, database: database.clone(), since: None, payloads, after };
            // A damaged database may not take it.
            drop(keep(&workspace, &last.standing(before.as_ref())).await);
        }
        let newest_backup = automatic_backups(&place).into_iter().next();
        let sound = database.problems.is_empty() && archive.as_ref().is_none_or(|archive| archive.damaged == 0);
        Ok(WorkspaceCheck { at, place, sound, database, archive, newest_backup })
    }

    /// Looks at the database. Answers whether what is known of it has changed.
    pub(super) async fn check_database_by_itself(&self, workspace: &Workspace) -> Result<bool, AppError> {
        let before = last_check(workspace).await?;
        let database = database(workspace, false).await?;
        let known = before.clone().unwrap_or_default();
        let has_changed = known.database != database;
        let last = LastCheck { at: self.now(), database, since: None, ..known };
        keep(workspace, &last.standing(before.as_ref())).await?;
        Ok(has_changed)
    }

    /// Looks at a part of the archive in small steps with rests between, as long as `go_on` says so. Answers whether what is
    /// known of it has changed.
    pub(super) async fn check_archive_by_itself(
        &self,
        workspace: &Workspace,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, AppError> {
        let before = last_check(workspace).await?.unwrap_or_default();
        let mut last = LastCheck { payloads: Vec::new(), ..before.clone() };
        // What was damaged may have been put right.
        for known in &before.payloads {
            if let Some(found) = known_payload(workspace, known.transmission).await? {
                last.payloads.extend(looked_at(workspace, found).await?.1);
            }
        }
        let mut bytes = 0;
        while bytes < MOST_A_DAY && go_on() {
            let (kept, reached) = workspace.kept_payloads(last.after, AT_ONCE).await?;
            for payload in kept {
                if !go_on() {
                    break;
                }
                let (begun, id) = (Instant::now(), payload.id);
                let (read, damage) = looked_at(workspace, payload).await?;
                bytes += read;
                last.after = Some(id);
                if last.payloads.len() < MOST_NAMED && !last.payloads.iter().any(|known| known.transmission == id) {
                    last.payloads.extend(damage);
                }
                tokio::time::sleep((begun.elapsed() * REST).max(LEAST_REST)).await;
            }
            if go_on() {
                // After the last of all, from the beginning again.
                last.after = reached;
            }
            // A program that ends meanwhile does not begin anew the next day.
            keep(workspace, &last.clone().standing(Some(&before))).await?;
            if reached.is_none() {
                break;
            }
        }
        Ok(before.payloads != last.payloads)
    }

    /// What was found last.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn last_check(&self) -> Result<Option<LastCheck>, AppError> {
        match self.existing().await? {
            Some(workspace) => last_check(&workspace).await,
            None => Ok(None),
        }
    }
}

/// What was found last.
pub(super) async fn last_check(workspace: &Workspace) -> Result<Option<LastCheck>, AppError> {
    Ok(workspace.meta(CHECKED).await?.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn keep(workspace: &Workspace, last: &LastCheck) -> Result<(), AppError> {
    let text = serde_json::to_string(last).map_err(|error| AppError::new(error.to_string()))?;
    Ok(workspace.set_meta(CHECKED, &text).await?)
}

async fn database(workspace: &Workspace, thorough: bool) -> Result<CheckedDatabase, StoreError> {
    let found = workspace.look_for_damage(thorough).await?;
    if !found.mended.is_empty() {
        tracing::warn!(mended = found.mended.len(), "indexes of the database were made anew");
    }
    Ok(CheckedDatabase { problems: found.problems, mended: found.mended })
}

async fn all_payloads(workspace: &Workspace, told: &(dyn Fn(u64) + Sync)) -> Result<CheckedArchive, AppError> {
    let (mut checked, mut after) = (CheckedArchive::default(), None);
    loop {
        let (kept, reached) = workspace.kept_payloads(after, AT_ONCE).await?;
        for payload in kept {
            let (read, damage) = looked_at(workspace, payload).await?;
            checked.payloads += u64::from(read > 0 || damage.is_some());
            checked.bytes += read;
            if let Some(damage) = damage {
                checked.damaged += 1;
                if checked.named.len() < MOST_NAMED {
                    checked.named.push(damage);
                }
            }
            told(checked.bytes);
        }
        match reached {
            Some(_) => after = reached,
            None => return Ok(checked),
        }
    }
}

/// How many bytes a payload has, and what is wrong with it. What has been removed or journalled otherwise meanwhile is not.
async fn looked_at(workspace: &Workspace, payload: KeptPayload) -> Result<(u64, Option<DamagedPayload>), AppError> {
    let (archive, id) = (workspace.archive().clone(), payload.id);
    let looked = payload.clone();
    let (read, damage) = blocking(move || Ok(compared(&archive, &looked))).await?;
    let Some(damage) = damage else { return Ok((read, None)) };
    let now = known_payload(workspace, id).await?;
    Ok((read, now.is_some_and(|now| now.sha256 == payload.sha256).then_some(damage)))
}

/// The payload of one transmission, as far as the archive should hold it.
async fn known_payload(workspace: &Workspace, id: TransmissionId) -> Result<Option<KeptPayload>, AppError> {
    let before = TransmissionId::from_u128(id.as_u128().saturating_sub(1));
    let (kept, _) = workspace.kept_payloads(Some(before), 1).await?;
    Ok(kept.into_iter().find(|kept| kept.id == id))
}

fn compared(archive: &Archive, payload: &KeptPayload) -> (u64, Option<DamagedPayload>) {
    let file = archive.path(payload.id, Part::Payload);
    let damage = |what: String| Some(DamagedPayload { transmission: payload.id, file: file.clone(), what });
    match Archive::sha256_of(&file) {
        Ok(found) => {
            let bytes = std::fs::metadata(&file).map_or(0, |about| about.len());
            let what = || format!("its SHA-256 is {found}, and was {} when it was journalled", payload.sha256);
            (bytes, if found == payload.sha256 { None } else { damage(what()) })
        }
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => {
            // One that never was there, or was left out of a backup, is nobody's loss.
            (0, if payload.was_there { damage("it is missing".to_owned()) } else { None })
        }
        Err(error) => (0, damage(format!("it cannot be read: {}", error.source))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::app::{Clock, Location, Unlock};
    use crate::domain::transmission::{Direction, Transmission};
    use crate::store::{As2Pair, Digesting};

    async fn received(app: &App, workspace: &Workspace, bytes: &[u8]) -> Transmission {
        let id = crate::app::send::new_id(app.now());
        let mut came = Transmission::new(id, format!("<{id}@acme>"), app.now(), Direction::Inbound);
        came.payload_sha256 = Some(Digesting::over(bytes));
        let mut writer = workspace.archive().create(id, Part::Payload).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap();
        workspace.begin_transmission(&came, As2Pair::default()).await.unwrap();
        came
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_changed_or_is_missing_in_the_archive_is_found_and_forgotten_once_it_is_put_right() {
        let guard = tempfile::tempdir().unwrap();
        let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::System);
        let workspace = app.workspace().await.unwrap();
        let mut all = Vec::new();
        for bytes in [&b"one"[..], b"two", b"three"] {
            all.push(received(&app, &workspace, bytes).await);
        }
        // What is measured is known to be there.
        app.storage_usage().await.unwrap();
        let sound = app.check_workspace(true, &|_| {}).await.unwrap();
        assert_eq!((sound.sound, sound.archive.unwrap().payloads), (true, 3));
        let look = async || {
            let database = app.check_database_by_itself(&workspace).await.unwrap();
            app.check_archive_by_itself(&workspace, &|| true).await.unwrap() || database
        };
        assert!(!look().await, "nothing has changed");

        let place = |of: &Transmission| workspace.archive().path(of.id, Part::Payload);
        let write = |of: &Transmission, bytes: &[u8]| {
            std::fs::remove_file(place(of)).ok();
            std::fs::write(place(of), bytes).unwrap();
        };
        write(&all[0], b"One");
        std::fs::remove_file(place(&all[2])).unwrap();
        assert!(look().await);
        let last = app.last_check().await.unwrap().unwrap();
        let named: Vec<TransmissionId> = last.payloads.iter().map(|each| each.transmission).collect();
        assert_eq!((named, last.is_sound()), (vec![all[0].id, all[2].id], false));
        assert!(last.payloads[0].what.contains("SHA-256") && last.payloads[1].what == "it is missing");
        assert_eq!(last.since, Some(last.at));
        let damaged = app.check_workspace(true, &|_| {}).await.unwrap();
        assert_eq!((damaged.sound, damaged.archive.unwrap().damaged), (false, 2));

        write(&all[0], b"one");
        write(&all[2], b"three");
        assert!(look().await);
        let last = app.last_check().await.unwrap().unwrap();
        assert!(last.is_sound() && last.since.is_none());
        app.close().await;
    }
}
