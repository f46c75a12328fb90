//! Putting back a database that was backed up by itself, beside the archive that is there. Nothing goes: the database that
//! was there is put aside under another name, and the backup stays where it lies.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::audit::{AuditAct, AuditNote};

use super::archive_inbox::is_same;
use super::archive_sweep::{BESIDE, begin, names_in, sweep_begun};
use super::database::{self, Database};
use super::database_file::beside;
use super::error::{FileError, OpenError, StoreError};
use super::in_use::Alone;
use super::keyring::sync_folder;
use super::session::{Session, column, sql};
use super::{audit, migrations, soundness};

const DOING: &str = "put the backup back";

/// How every database of SQLite begins (sqlite.org/fileformat.html, section 1.3).
const BEGINNING: &[u8; 16] = b"SQLite format 3\0";

/// What is put back, where, and in whose name.
#[derive(Clone, Copy, Debug)]
pub struct PuttingBack<'a> {
    /// The backup, a database.
    pub file: &'a Path,
    /// The workspace's folder.
    pub folder: &'a Path,
    /// Who does it.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
}

/// A database that was put back, or looked at for that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PutBack {
    /// The workspace's folder.
    pub folder: PathBuf,
    /// Where the database lies that was there before; nothing where there was none.
    pub put_aside: Option<PathBuf>,
    /// The schema of what was put back.
    pub schema: i64,
    /// How many connections are in it.
    pub connections: u64,
    /// How many identities.
    pub identities: u64,
    /// How many transmissions.
    pub transmissions: u64,
    /// For how many of them something is still to be done.
    pub unsettled: u64,
}

/// Whether a file is a database of SQLite, and not the one of a workspace that may be open: whoever closes that gives up the
/// locks that SQLite holds on it in this program.
#[must_use]
pub fn is_database(file: &Path) -> bool {
    let is_open = file.file_name().is_some_and(|name| name == database::FILE);
    // A pipe would be waited for.
    let is_file = fs::metadata(file).is_ok_and(|about| about.is_file());
    let mut beginning = [0; BEGINNING.len()];
    is_file
        && !is_open
        && File::open(file).and_then(|mut file| file.read_exact(&mut beginning)).is_ok()
        && beginning == *BEGINNING
}

/// Puts a database back.
///
/// # Errors
/// Where it is not the sound database of a workspace of this version or an earlier one, a program is at work on the workspace,
/// or something cannot be written. Then all is as it was.
pub async fn put_back(what: &PuttingBack<'_>) -> Result<PutBack, OpenError> {
    let PuttingBack { file, folder, by, now } = *what;
    let place = folder.join(database::FILE);
    let Some(_alone) = Alone::claim(folder).await else {
        return Err(StoreError::Busy { doing: DOING, path: place }.into());
    };
    let cannot = || FileError::on("write", &place);
    // What one that was killed has left.
    sweep_begun(folder, database::FILE)?;
    take_interrupted_back(folder)?;
    let mut copy = begin(folder, database::FILE).map_err(cannot())?;
    let mut source = File::open(file).map_err(FileError::on("read", file))?;
    std::io::copy(&mut source, copy.as_file_mut()).map_err(cannot())?;
    let mut done = look(copy.path(), file, folder).await?;
    if done.schema == migrations::NEWEST {
        note(copy.path(), file, by, now).await?;
    }
    copy.as_file().sync_all().map_err(cannot())?;
    done.put_aside = put_aside(folder, now)?;
    if let Err(error) = copy.persist(&place) {
        if let Some(aside) = &done.put_aside {
            take_back(aside, &place);
        }
        return Err(cannot()(error.error).into());
    }
    sync_folder(folder)?;
    Ok(done)
}

/// Looks at a database that was backed up, without putting it back.
///
/// # Errors
/// Where it is not the sound database of a workspace of this version or an earlier one.
pub async fn look_at_database(file: &Path) -> Result<PutBack, OpenError> {
    look(file, file, file.parent().unwrap_or(Path::new("."))).await
}

/// Looks whether a copy of a backup is the sound database of a workspace, and what is in it.
async fn look(copy: &Path, file: &Path, folder: &Path) -> Result<PutBack, OpenError> {
    let database = Database::for_looking(copy)?;
    let looked = looked_at(&database, file, folder).await;
    database.close().await;
    looked
}

async fn looked_at(database: &Database, file: &Path, folder: &Path) -> Result<PutBack, OpenError> {
    let damaged = |reason: String| OpenError::Damaged { path: file.to_owned(), reason, newest: None };
    let schema = database.schema_of(file).await.map_err(|error| match error {
        OpenError::Store(StoreError::Damaged { reason, .. }) => damaged(reason),
        other => other,
    })?;
    if let Some(problem) = soundness::problems(database, true).await?.into_iter().next() {
        return Err(damaged(problem));
    }
    let mut session = database.read(DOING).await?;
    let mut of = async |text: &'static str| number(&mut session, text).await;
    Ok(PutBack {
        folder: folder.to_owned(),
        put_aside: None,
        schema,
        connections: of("SELECT count(*) AS number FROM connections").await?,
        identities: of("SELECT count(*) AS number FROM identities").await?,
        transmissions: of("SELECT count(*) AS number FROM transmissions").await?,
        unsettled: match schema {
            // There were none yet.
            1 => 0,
            _ => of("SELECT count(DISTINCT transmission) AS number FROM duties").await?,
        },
    })
}

async fn number(session: &mut Session, text: &'static str) -> Result<u64, StoreError> {
    let row = session.row(DOING, sql(text)).await?;
    let row = row.ok_or_else(|| StoreError::damaged("the database")("it cannot be counted"))?;
    Ok(column::<i64>(&row, "number")?.unsigned_abs())
}

/// Has the audit log of the database that is put back tell of it.
async fn note(copy: &Path, file: &Path, by: &str, now: Timestamp) -> Result<(), OpenError> {
    let Some(database) = Database::open(copy, false, now).await? else { return Ok(()) };
    let noted = async {
        let from = file.display().to_string();
        let note = AuditNote::of(AuditAct::Restored, "workspace").with("file", None, Some(&from));
        let mut session = database.write(DOING).await?;
        audit::append(&mut session, &[note], now, by).await?;
        session.commit(DOING).await
    }
    .await;
    // All of it goes from the log into the file, which alone is put in place.
    database.close().await;
    Ok(noted?)
}

/// Gives the database that is there another name, with what SQLite keeps beside it: a log that stayed would be taken for that
/// of the database to come. Where files have several names, it keeps its own until the other is put in its place, so that there
/// is a database at every instant.
fn put_aside(folder: &Path, now: Timestamp) -> Result<Option<PathBuf>, FileError> {
    let place = folder.join(database::FILE);
    if !place.exists() {
        // Left without a database, these are of none that could still be read.
        for suffix in BESIDE {
            put_one_aside(&beside(&place, suffix), &beside(&free_name(folder, now), suffix))?;
        }
        return Ok(None);
    }
    let aside = free_name(folder, now);
    let is_named_twice = cfg!(unix) && fs::hard_link(&place, &aside).is_ok();
    let others = if is_named_twice { &[][..] } else { &[""][..] };
    for suffix in BESIDE.iter().chain(others) {
        if let Err(error) = put_one_aside(&beside(&place, suffix), &beside(&aside, suffix)) {
            take_back(&aside, &place);
            return Err(error);
        }
    }
    sync_folder(folder)?;
    Ok(Some(aside))
}

fn put_one_aside(from: &Path, to: &Path) -> Result<(), FileError> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(FileError::on("put aside", from)),
    }
}

/// Gives all that was put aside its name again.
fn take_back(aside: &Path, place: &Path) {
    for suffix in ["-journal", "-shm", "-wal"] {
        fs::rename(beside(aside, suffix), beside(place, suffix)).ok();
    }
    // One file under two names stays as it is when it is renamed (POSIX, rename).
    if is_same(aside, place) {
        fs::remove_file(aside).ok()
    } else {
        fs::rename(aside, place).ok()
    };
}

/// Takes back what one that was killed has put aside, where its backup has not come into its place. Only while no program is at
/// work on the workspace.
fn take_interrupted_back(folder: &Path) -> Result<(), FileError> {
    let place = folder.join(database::FILE);
    for name in names_in(folder)?.into_iter().filter(|name| name.starts_with(&put_aside_prefix())) {
        if is_same(&folder.join(&name), &place) {
            take_back(&folder.join(&name), &place);
        }
    }
    Ok(())
}

/// The same for a database that is about to be opened, which costs a glance where nothing was interrupted.
pub(super) async fn after_an_interruption(folder: &Path) -> Result<(), FileError> {
    if has_two_names(&folder.join(database::FILE))
        && let Some(_alone) = Alone::claim(folder).await
    {
        take_interrupted_back(folder)?;
        sweep_begun(folder, database::FILE)?;
    }
    Ok(())
}

#[cfg(unix)]
fn has_two_names(place: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(place).is_ok_and(|found| found.nlink() > 1)
}

#[cfg(not(unix))]
const fn has_two_names(_place: &Path) -> bool {
    false
}

fn put_aside_prefix() -> String {
    format!("{}.put-aside-", database::FILE)
}

/// A name that nothing has yet.
fn free_name(folder: &Path, now: Timestamp) -> PathBuf {
    let name = format!("{}{}", put_aside_prefix(), now.strftime("%Y%m%dT%H%M%SZ"));
    let numbered = (2..).map(|number: u32| folder.join(format!("{name}-{number}")));
    let mut names = std::iter::once(folder.join(&name)).chain(numbered);
    names.find(|name| !name.exists()).unwrap_or_else(|| folder.join(&name))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, behind_its_back, connection, now, workspace};
    use super::super::{AuditFilter, Unlock, Workspace};
    use super::*;

    fn what<'a>(file: &'a Path, folder: &'a Path) -> PuttingBack<'a> {
        PuttingBack { file, folder, by: "ann on edi-1", now: now() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names = names_in(folder).unwrap();
        names.retain(|name| name.contains("sqlite"));
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_backup_is_put_back_beside_what_was_there_and_the_audit_log_tells_of_it() {
        let (guard, workspace) = workspace().await;
        let folder = guard.path().join("w");
        workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
        let backup = workspace.back_up_daily(now()).await.unwrap().unwrap().file;
        workspace.save_connection(&connection("later", "Later"), now()).await.unwrap();
        workspace.close().await;
        fs::write(folder.join("countersign.sqlite"), "damaged").unwrap();
        fs::write(folder.join("countersign.sqlite-wal"), "of the damaged one").unwrap();
        let done = put_back(&what(&backup, &folder)).await.unwrap();
        assert_eq!((done.connections, done.schema), (1, migrations::NEWEST));
        let aside = "countersign.sqlite.put-aside-20261124T010000Z";
        assert_eq!(done.put_aside, Some(folder.join(aside)));
        assert_eq!(fs::read(folder.join(aside)).unwrap(), b"damaged");
        assert_eq!(names(&folder), ["countersign.sqlite", aside, &format!("{aside}-wal")]);
        let opened = Workspace::open_existing(&at(&folder), &Unlock::none(), now()).await.unwrap().unwrap();
        assert_eq!(opened.connections().await.unwrap().len(), 1);
        let entries = opened.audit_entries(&AuditFilter { most: 1, ..AuditFilter::default() }).await.unwrap();
        assert_eq!((entries[0].act, entries[0].by.as_str()), (AuditAct::Restored, "ann on edi-1"));
        assert!(opened.verify_audit(None).await.unwrap().broken.is_none());
        opened.close().await;
        // Once more, to the same second: nothing is written over.
        put_back(&what(&backup, &folder)).await.unwrap();
        assert!(folder.join(format!("{aside}-2")).is_file());
        assert!(backup.is_file());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn one_that_was_killed_is_taken_back_with_its_log_when_the_workspace_is_opened() {
        let (guard, workspace) = workspace().await;
        let folder = guard.path().join("w");
        let backup = workspace.back_up_daily(now()).await.unwrap().unwrap().file;
        workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
        workspace.close().await;
        // What was written lies in the log alone, as a killed program leaves it.
        let (held, log) = (guard.path().join("held"), folder.join("countersign.sqlite-wal"));
        let opened = Workspace::open_existing(&at(&folder), &Unlock::none(), now()).await.unwrap().unwrap();
        opened.save_connection(&connection("later", "Later"), now()).await.unwrap();
        fs::copy(&log, &held).unwrap();
        let whole = fs::read(folder.join("countersign.sqlite")).unwrap();
        opened.close().await;
        fs::write(folder.join("countersign.sqlite"), whole).unwrap();
        fs::rename(held, &log).unwrap();

        let aside = put_aside(&folder, now()).unwrap().unwrap();
        assert!(aside.exists() && folder.join("countersign.sqlite").exists(), "there is a database at every instant");
        fs::write(folder.join(".countersign.sqlite.aB3dE6.partial-wal"), "half").unwrap();
        // Killed here.
        let opened = Workspace::open_existing(&at(&folder), &Unlock::none(), now()).await.unwrap().unwrap();
        assert_eq!(opened.connections().await.unwrap().len(), 2);
        opened.close().await;
        assert_eq!(names(&folder), ["countersign.sqlite"]);
        put_back(&what(&backup, &folder)).await.unwrap();
        assert_eq!(names(&folder).len(), 2);
    }

    #[tokio::test]
    async fn what_cannot_be_put_back_leaves_all_as_it_was() {
        let (guard, workspace) = workspace().await;
        let folder = guard.path().join("w");
        let backup = workspace.back_up_daily(now()).await.unwrap().unwrap().file;
        workspace.close().await;
        let before = (names(&folder), fs::read(folder.join("countersign.sqlite")).unwrap());
        let locked = File::options().create(true).truncate(false).write(true).open(folder.join("serving")).unwrap();
        locked.try_lock().unwrap();
        let told = put_back(&what(&backup, &folder)).await.unwrap_err();
        assert!(told.to_string().contains("another program is using the workspace"), "{told}");
        drop(locked);
        let bytes = fs::read(&backup).unwrap();
        fs::write(&backup, &bytes[..bytes.len() / 2]).unwrap();
        assert!(matches!(put_back(&what(&backup, &folder)).await, Err(OpenError::Damaged { .. })));
        let other = guard.path().join("other");
        fs::create_dir(&other).unwrap();
        behind_its_back(&other, "CREATE TABLE theirs (id INTEGER)").await;
        let theirs = guard.path().join("theirs.sqlite");
        fs::rename(other.join("countersign.sqlite"), &theirs).unwrap();
        assert!(is_database(&theirs) && !is_database(&folder.join("countersign.sqlite")));
        assert!(matches!(put_back(&what(&theirs, &folder)).await, Err(OpenError::NotOurs { .. })));
        assert_eq!((names(&folder), fs::read(folder.join("countersign.sqlite")).unwrap()), before);
    }
}
