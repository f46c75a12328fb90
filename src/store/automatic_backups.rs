//! Backups that the program makes by itself: of the database alone, in `backups` in the workspace's folder. The archive lies
//! beside them and is never written over, so a database put back finds its payloads where they were.
//!
//! One is made before the database is brought up to date, and one a day while a program is at work. What is in them is sealed
//! as it is in the database; the key file lies where it always does.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::archive::private_folder;
use super::archive_sweep::{begin, names_in, sweep_begun};
use super::database::Database;
use super::error::{FileError, OpenError, StoreError};
use super::keyring::{KeyringEntry, sync_folder};
use super::room;
use super::session::{column, sql};
use super::workspace::Workspace;

/// Name of their folder in the workspace's folder.
const BACKUPS_FOLDER: &str = "backups";

/// How many are kept of those of every day, and of those before the database was brought up to date.
const DAILY_KEPT: usize = 7;
const BEFORE_SCHEMA_KEPT: usize = 3;

/// Where room is short, older ones of every day make way for the next down to so many.
const FEWEST: usize = 2;

/// What has to stay free beside one: the daily one must not take the room of messages that come, and what is brought up to
/// date has to grow.
const RESERVE_DAILY: u64 = 64 << 20;
const RESERVE_BEFORE_SCHEMA: u64 = 4 << 20;

/// How names begin and end, and the instant between.
const DAILY: &str = "daily-";
const BEFORE_SCHEMA: &str = "before-schema-";
const END: &str = ".sqlite";
const INSTANT: &str = "%Y%m%dT%H%M%SZ";

/// How one is called that is being changed.
const PROTECTED: &str = "protected";

/// Under which the workspace keeps what the last of every day was made of, and why the next one was not.
const KEPT: &str = "automatic_backup";

const DOING: &str = "back up the database";

/// Why one was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AutomaticBackupKind {
    /// A day had passed.
    Daily,
    /// The database was brought up to this schema.
    BeforeSchema(i64),
}

/// A backup that was made by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AutomaticBackup {
    /// Where it lies.
    pub file: PathBuf,
    /// Why it was made.
    pub kind: AutomaticBackupKind,
    /// When.
    pub made: Timestamp,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Why none was made of late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupTrouble {
    /// Since when.
    pub since: Timestamp,
    /// In words.
    pub reason: String,
}

/// What is known of those of every day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// What changes with everything that is worth a backup.
    #[serde(default)]
    mark: String,
    #[serde(default)]
    trouble: Option<BackupTrouble>,
}

/// The backups that lie in a workspace's folder, the newest first. Only their names are read.
#[must_use]
pub fn automatic_backups(workspace: &Path) -> Vec<AutomaticBackup> {
    let folder = workspace.join(BACKUPS_FOLDER);
    let names = names_in(&folder).unwrap_or_default();
    let mut found: Vec<AutomaticBackup> = names
        .iter()
        .filter_map(|name| {
            let (kind, made) = said_by(name)?;
            let file = folder.join(name);
            let bytes = fs::metadata(&file).ok().filter(fs::Metadata::is_file)?.len();
            Some(AutomaticBackup { file, kind, made, bytes })
        })
        .collect();
    found.sort_by(|a, b| (b.made, &b.file).cmp(&(a.made, &a.file)));
    found
}

fn name_of(kind: AutomaticBackupKind, at: Timestamp) -> String {
    let at = at.strftime(INSTANT);
    match kind {
        AutomaticBackupKind::Daily => format!("{DAILY}{at}{END}"),
        AutomaticBackupKind::BeforeSchema(schema) => format!("{BEFORE_SCHEMA}{schema}-{at}{END}"),
    }
}

fn said_by(name: &str) -> Option<(AutomaticBackupKind, Timestamp)> {
    let name = name.strip_suffix(END)?;
    let (kind, at) = match name.strip_prefix(DAILY) {
        Some(at) => (AutomaticBackupKind::Daily, at),
        None => {
            let (schema, at) = name.strip_prefix(BEFORE_SCHEMA)?.split_once('-')?;
            (AutomaticBackupKind::BeforeSchema(schema.parse().ok()?), at)
        }
    };
    let at = TimeZone::UTC.to_timestamp(DateTime::strptime(INSTANT, at).ok()?).ok()?;
    Some((kind, at))
}

/// Writes one, whole and on disk before it has its name, and takes away the oldest of its kind.
pub(super) async fn back_up(
    database: &Database,
    kind: AutomaticBackupKind,
    now: Timestamp,
) -> Result<AutomaticBackup, OpenError> {
    let workspace = database.folder();
    let folder = workspace.join(BACKUPS_FOLDER);
    private_folder(&folder)?;
    // What a killed program left: whoever makes one is alone in that.
    for name in [DAILY, BEFORE_SCHEMA] {
        sweep_begun(&folder, name)?;
    }
    make_room(database, &folder, kind).await?;
    let file = folder.join(name_of(kind, now));
    let cannot = || FileError::on("write", &file);
    let begun = begin(&folder, &name_of(kind, now)).map_err(cannot())?;
    database.copy_into(begun.path()).await?;
    begun.as_file().sync_all().map_err(cannot())?;
    let bytes = begun.as_file().metadata().map_err(cannot())?.len();
    // A program that is started anew at once makes another of the same second: it is of what is there now.
    begun.persist(&file).map_err(|error| cannot()(error.error))?;
    sync_folder(&folder)?;
    let (is_daily, most) = match kind {
        AutomaticBackupKind::Daily => (true, DAILY_KEPT),
        AutomaticBackupKind::BeforeSchema(_) => (false, BEFORE_SCHEMA_KEPT),
    };
    thin_out(&workspace, is_daily, most);
    Ok(AutomaticBackup { file, kind, made: now, bytes })
}

/// Writes how the key is kept into one, which is there in full at every instant.
async fn protect_alike(file: &Path, entry: &KeyringEntry) -> Result<(), OpenError> {
    const DOING: &str = "change a backup's protection";
    let folder = file.parent().unwrap_or(Path::new("."));
    let cannot = || FileError::on("write", file);
    sweep_begun(folder, PROTECTED)?;
    let mut copy = begin(folder, PROTECTED).map_err(cannot())?;
    let mut source = fs::File::open(file).map_err(FileError::on("read", file))?;
    std::io::copy(&mut source, copy.as_file_mut()).map_err(cannot())?;
    let database = Database::for_changing(copy.path())?;
    let written = async {
        let mut session = database.write(DOING).await?;
        entry.save(&mut session).await?;
        session.commit(DOING).await
    }
    .await;
    database.close().await;
    written?;
    copy.as_file().sync_all().map_err(cannot())?;
    copy.persist(file).map_err(|error| cannot()(error.error))?;
    Ok(sync_folder(folder)?)
}

/// Takes away the oldest of a kind. One that cannot be taken away now goes the next time.
fn thin_out(workspace: &Path, is_daily: bool, most: usize) {
    let of_kind = |each: &AutomaticBackup| (each.kind == AutomaticBackupKind::Daily) == is_daily;
    for old in automatic_backups(workspace).into_iter().filter(of_kind).skip(most) {
        fs::remove_file(old.file).ok();
    }
}

/// Sees that there is room for one more, for which older ones of every day make way.
async fn make_room(database: &Database, folder: &Path, kind: AutomaticBackupKind) -> Result<(), OpenError> {
    let reserve = match kind {
        AutomaticBackupKind::Daily => RESERVE_DAILY,
        AutomaticBackupKind::BeforeSchema(_) => RESERVE_BEFORE_SCHEMA,
    };
    let (bytes, unused) = database.room().await?;
    let needed = bytes.saturating_sub(unused).saturating_add(reserve);
    for most in (FEWEST..DAILY_KEPT).rev() {
        if room::free(folder).is_none_or(|free| free >= needed) {
            return Ok(());
        }
        thin_out(&database.folder(), true, most);
    }
    match room::free(folder).filter(|free| *free < needed) {
        Some(free) => Err(OpenError::NoRoomForBackup { folder: folder.to_owned(), needed, free }),
        None => Ok(()),
    }
}

impl Workspace {
    /// Makes the backup of the day, where something has changed since the last one.
    ///
    /// # Errors
    /// Where there is no room for it, or it cannot be written.
    pub async fn back_up_daily(&self, now: Timestamp) -> Result<Option<AutomaticBackup>, OpenError> {
        let mark = self.mark_of_change().await?;
        let kept = self.kept_of_backups().await?;
        let newest = self.newest_daily_backup();
        if newest.is_some() && kept.mark == mark {
            return Ok(None);
        }
        let made = back_up(self.database(), AutomaticBackupKind::Daily, now).await?;
        self.keep_of_backups(&Kept { mark, trouble: None }).await?;
        Ok(Some(made))
    }

    /// Has the secrets in all of them open as those of the workspace do, after that was changed: their key is the same.
    ///
    /// # Errors
    /// Where one cannot be read or written; the others are changed all the same.
    pub async fn protect_backups_alike(&self) -> Result<(), OpenError> {
        let Some(entry) = KeyringEntry::load(&mut self.reading("read the keyring").await?).await? else {
            return Ok(());
        };
        let mut failed = Ok(());
        for backup in automatic_backups(self.folder()) {
            if let Err(error) = protect_alike(&backup.file, &entry).await {
                failed = Err(error);
            }
        }
        failed
    }

    /// The newest one of every day.
    #[must_use]
    pub fn newest_daily_backup(&self) -> Option<AutomaticBackup> {
        automatic_backups(self.folder()).into_iter().find(|each| each.kind == AutomaticBackupKind::Daily)
    }

    /// Notes that one could not be made.
    ///
    /// # Errors
    /// Where the workspace cannot be written.
    pub async fn note_backup_trouble(&self, reason: &str, now: Timestamp) -> Result<(), StoreError> {
        let kept = self.kept_of_backups().await?;
        let since = kept.trouble.as_ref().map_or(now, |before| before.since);
        let trouble = Some(BackupTrouble { since, reason: reason.to_owned() });
        if kept.trouble != trouble {
            self.keep_of_backups(&Kept { trouble, ..kept }).await?;
        }
        Ok(())
    }

    /// Why none was made of late.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn backup_trouble(&self) -> Result<Option<BackupTrouble>, StoreError> {
        Ok(self.kept_of_backups().await?.trouble)
    }

    async fn kept_of_backups(&self) -> Result<Kept, StoreError> {
        let kept = self.meta(KEPT).await?;
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    async fn keep_of_backups(&self, kept: &Kept) -> Result<(), StoreError> {
        self.set_meta(KEPT, &super::session::to_json("what is known of backups", kept)?).await
    }

    /// Something that is another whenever anything worth a backup has changed. What the program notes for itself every few
    /// minutes, such as that it runs, is none of that.
    async fn mark_of_change(&self) -> Result<String, StoreError> {
        let statement = sql("SELECT (SELECT coalesce(max(number), 0) FROM audit)
            || ' ' || (SELECT count(*) || ' ' || coalesce(sum(changes), 0) FROM holdings)
            || ' ' || (SELECT count(*) FROM stages)
            || ' ' || (SELECT count(*) || ' ' || coalesce(sum(number), 0) FROM duties)
            || ' ' || (SELECT count(*) || ' ' || coalesce(sum(revision), 0) FROM rollovers)
            || ' ' || (SELECT count(*) FROM rollover_profiles)
            || ' ' || (SELECT count(*) FROM notice_tellings)
            || ' ' || (SELECT count(*) || ' ' || coalesce(sum(round), 0) FROM notice_settlements)
            || ' ' || (SELECT count(*) || ' ' || coalesce(sum(times), 0) FROM sightings)
            || ' ' || (SELECT count(*) FROM own_acquaintances)
            || ' ' || (SELECT count(*) FROM outbox_files)
            || ' ' || (SELECT count(*) FROM removals)
            || ' ' || (SELECT count(*) FROM retention_marks) AS mark");
        let row = self.reading(DOING).await?.row(DOING, statement).await?;
        row.as_ref().map_or_else(|| Ok(String::new()), |row| column(row, "mark"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::fixtures::{connection, now, transmission, workspace};
    use super::super::{As2Pair, Location, NewProtection, Unlock};
    use super::*;

    fn days(number: i64) -> Timestamp {
        now().checked_add(SignedDuration::from_hours(24 * number)).unwrap()
    }

    #[test]
    fn the_name_says_why_and_when_it_was_made() {
        for kind in [AutomaticBackupKind::Daily, AutomaticBackupKind::BeforeSchema(16)] {
            assert_eq!(said_by(&name_of(kind, now())), Some((kind, now())));
        }
        assert_eq!(name_of(AutomaticBackupKind::BeforeSchema(16), now()), "before-schema-16-20261124T010000Z.sqlite");
        for name in ["daily-.sqlite", "daily-20261124T010000Z.sqlite-wal", "other.sqlite", "before-schema-x-1.sqlite"] {
            assert_eq!(said_by(name), None, "{name}");
        }
    }

    #[tokio::test]
    async fn one_a_day_is_made_where_something_changed_and_the_newest_seven_stay() {
        let (_guard, workspace) = workspace().await;
        workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
        workspace.put_secret("name", b"value").await.unwrap();
        let first = workspace.back_up_daily(now()).await.unwrap().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&first.file), mode(first.file.parent().unwrap())), (0o600, 0o700));
        }
        // What the program notes for itself is no change.
        workspace.set_meta("a", "b").await.unwrap();
        assert_eq!(workspace.back_up_daily(days(1)).await.unwrap(), None);
        let newest = transmission(9);
        for day in 1..=9 {
            let sent = if day == 9 { newest.clone() } else { transmission(u32::try_from(day).unwrap()) };
            workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
            assert!(workspace.back_up_daily(days(day)).await.unwrap().is_some());
        }
        let kept = automatic_backups(workspace.folder());
        let made: Vec<Timestamp> = kept.iter().map(|each| each.made).collect();
        assert_eq!(made, (3..=9).rev().map(days).collect::<Vec<_>>());
        let names = names_in(&workspace.folder().join(BACKUPS_FOLDER)).unwrap();
        assert_eq!(names.len(), 7, "nothing else is left: {names:?}");
        // It opens, with what is sealed in it.
        let place = workspace.folder().join("elsewhere");
        fs::create_dir(&place).unwrap();
        fs::copy(&kept[0].file, place.join(super::super::DATABASE_FILE)).unwrap();
        fs::copy(workspace.folder().join("workspace.key"), place.join("workspace.key")).unwrap();
        let opened = Workspace::open_existing(&Location::Dir(place), &Unlock::none(), now()).await.unwrap().unwrap();
        assert_eq!(opened.secret("name").await.unwrap().unwrap().as_slice(), b"value");
        assert!(opened.transmission(newest.id).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn what_is_sealed_in_them_opens_as_in_the_workspace_after_that_was_changed() {
        let (guard, workspace) = workspace().await;
        workspace.put_secret("name", b"value").await.unwrap();
        let backup = workspace.back_up_daily(now()).await.unwrap().unwrap().file;
        workspace
            .protect(NewProtection::Passphrase(zeroize::Zeroizing::new("correct horse".to_owned())))
            .await
            .unwrap();
        workspace.protect_backups_alike().await.unwrap();
        let place = guard.path().join("restored");
        fs::create_dir(&place).unwrap();
        fs::copy(&backup, place.join(super::super::DATABASE_FILE)).unwrap();
        let unlock = super::super::fixtures::passphrase("correct horse");
        let opened = Workspace::open_existing(&Location::Dir(place), &unlock, now()).await.unwrap().unwrap();
        assert_eq!(opened.secret("name").await.unwrap().unwrap().as_slice(), b"value");
        assert_eq!(names_in(backup.parent().unwrap()).unwrap().len(), 1, "nothing lies beside it");
    }

    #[tokio::test]
    async fn what_a_killed_program_left_half_written_goes() {
        let (_guard, workspace) = workspace().await;
        let folder = workspace.folder().join(BACKUPS_FOLDER);
        private_folder(&folder).unwrap();
        fs::write(folder.join(".daily-20261124T010000Z.sqlite.aB3dE6.partial"), "half").unwrap();
        workspace.back_up_daily(now()).await.unwrap().unwrap();
        assert_eq!(names_in(&folder).unwrap(), ["daily-20261124T010000Z.sqlite"]);
    }

    #[tokio::test]
    async fn why_none_was_made_is_kept_since_it_began_and_until_one_is_made() {
        let (_guard, workspace) = workspace().await;
        workspace.note_backup_trouble("no room", now()).await.unwrap();
        workspace.note_backup_trouble("still no room", days(1)).await.unwrap();
        let trouble = workspace.backup_trouble().await.unwrap().unwrap();
        assert_eq!((trouble.since, trouble.reason.as_str()), (now(), "still no room"));
        workspace.back_up_daily(days(2)).await.unwrap().unwrap();
        assert_eq!(workspace.backup_trouble().await.unwrap(), None);
    }
}
