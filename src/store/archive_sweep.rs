//! What killed programs leave in the archive: files that were being written, and folders that no journal knows of.
//!
//! Whoever writes a file holds a lock on it, which the system lets go when the program ends, however it ends. So a file
//! that has no name yet and is not locked is nobody's.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::domain::transmission::TransmissionId;

use super::archive::Archive;
use super::error::FileError;

/// How the names of files begin and end that are not complete.
pub(super) const UNFINISHED: (&str, &str) = (".", ".partial");

/// What SQLite keeps beside a database.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Where files cannot be locked, one that nobody has written to for so long is nobody's. A message is never so long under
/// way without a byte.
const LONG_AGO: Duration = Duration::from_hours(24);

/// So many of the newest months are looked through for what no journal knows of: a program that was killed was at work in
/// the newest of its time.
const MONTHS: usize = 3;

/// How often a file is begun anew because a sweep took it, in the instant between its being made and its being locked.
const MOST_TRIES: usize = 10;

/// A file for what is being written, in `folder`: for its user alone, and held until it is dropped.
///
/// # Errors
/// Where it cannot be made.
pub fn unfinished(folder: &Path, name: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut begun = begin(folder, name)?;
    for _ in 1..MOST_TRIES {
        if hold(begun.as_file()) {
            break;
        }
        begun = begin(folder, name)?;
    }
    Ok(begun)
}

/// The same without holding it, for what SQLite writes: it has locks of its own.
pub(super) fn begin(folder: &Path, name: &str) -> io::Result<tempfile::NamedTempFile> {
    // Such a file is created with mode 0600 on Unix.
    let prefix = format!("{}{name}.", UNFINISHED.0);
    tempfile::Builder::new().prefix(&prefix).suffix(UNFINISHED.1).tempfile_in(folder)
}

/// A folder for what is needed only meanwhile, or not whole yet: for its user alone, held until it is dropped, and gone then.
#[derive(Debug)]
pub struct UnfinishedFolder {
    folder: tempfile::TempDir,
    _held: Option<File>,
}

impl UnfinishedFolder {
    /// Makes one in a folder. What killed programs have left there under the same name goes.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn begin(above: &Path, name: &str) -> io::Result<Self> {
        // What cannot be taken away now lies there hidden, and for nobody.
        sweep_begun(above, name).ok();
        for _ in 1..MOST_TRIES {
            let begun = begin_folder(above, name)?;
            let Ok(opened) = File::open(begun.path()) else { return Ok(Self { folder: begun, _held: None }) };
            if hold(&opened) {
                return Ok(Self { folder: begun, _held: Some(opened) });
            }
        }
        Ok(Self { folder: begin_folder(above, name)?, _held: None })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves it where it is, or to whoever has given it another name.
    pub fn keep(self) {
        drop(self.folder.keep());
    }
}

fn begin_folder(above: &Path, name: &str) -> io::Result<tempfile::TempDir> {
    let prefix = format!("{}{name}.", UNFINISHED.0);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(UNFINISHED.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir_in(above)
}

/// Locks a file that has just been made; false where a sweep has taken it before. Where files cannot be locked, its age
/// tells.
#[cfg(unix)]
fn hold(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.lock().is_err() || file.metadata().is_ok_and(|found| found.nlink() > 0)
}

/// Elsewhere than on Unix whoever reads along could not read what is locked.
#[cfg(not(unix))]
const fn hold(_file: &File) -> bool {
    true
}

/// Whether nothing has been written for longer than anything is under way, by the clock with which files are dated.
fn is_long_ago(found: &fs::Metadata) -> bool {
    found.modified().is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age > LONG_AGO))
}

/// Whether nobody writes to an unfinished file any more. As long as the result lives, nobody begins to.
fn nobodys(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    let is_old = || file.metadata().is_ok_and(|found| is_long_ago(&found));
    let free = if cfg!(unix) {
        match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(_)) => is_old(),
        }
    } else {
        is_old()
    };
    free.then_some(file)
}

/// Removes the unfinished files of a folder whose names begin so and that are nobody's, and says how many there were.
///
/// # Errors
/// Where the folder cannot be read or a file in it cannot be removed.
pub fn sweep_begun(folder: &Path, name: &str) -> Result<usize, FileError> {
    let begin = format!("{}{name}", UNFINISHED.0);
    let mut removed = 0;
    for name in names_in(folder)?.into_iter().filter(|name| is_unfinished(name) && name.starts_with(&begin)) {
        let path = folder.join(name);
        if let Some(_held) = nobodys(&path) {
            let removed_now = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed_now {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result.map_err(FileError::on("remove", &path))?,
            }
            removed += 1;
        }
    }
    Ok(removed)
}

impl Archive {
    /// Removes what programs that were killed have left of files of a transmission, and says how many there were. What
    /// somebody is writing stays.
    ///
    /// # Errors
    /// Where the folder cannot be read or a file in it cannot be removed.
    pub fn sweep(&self, id: TransmissionId) -> Result<usize, FileError> {
        sweep_begun(&self.folder(id), "")
    }

    /// Transmissions of the newest months of whose files something may have been left unfinished.
    ///
    /// # Errors
    /// Where the archive cannot be read.
    pub fn left_over(&self) -> Result<Vec<TransmissionId>, FileError> {
        let mut months = names_in(&self.root)?;
        months.sort_unstable();
        let mut found = Vec::new();
        for month in months.iter().rev().take(MONTHS) {
            for name in names_in(&self.root.join(month))? {
                let Ok(id) = name.parse::<TransmissionId>() else { continue };
                let names = names_in(&self.root.join(month).join(&name))?;
                // What was received whole and is in the journal has a payload, or an answer beside it.
                let received = names.iter().any(|name| name == "request.head")
                    && !names.iter().any(|name| name == "payload" || name.starts_with("response."));
                if received || names.iter().any(|name| is_unfinished(name)) {
                    found.push(id);
                }
            }
        }
        Ok(found)
    }

    /// Whether a folder is older than anything that is under way.
    #[must_use]
    pub fn is_forgotten(&self, id: TransmissionId) -> bool {
        let folder = self.folder(id);
        let names = names_in(&folder).unwrap_or_default();
        let mut paths = names.iter().map(|name| folder.join(name)).chain([folder.clone()]);
        paths.all(|path| fs::metadata(&path).is_ok_and(|found| is_long_ago(&found)))
    }
}

fn is_unfinished(name: &str) -> bool {
    // SQLite keeps its own beside one that is a database.
    let own = BESIDE.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    own.starts_with(UNFINISHED.0) && own.ends_with(UNFINISHED.1)
}

/// The names in a folder; none where there is no such folder.
pub(super) fn names_in(folder: &Path) -> Result<Vec<String>, FileError> {
    const DOING: &str = "read the folder";
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries.map_err(FileError::on(DOING, folder))?,
    };
    let named = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().to_string_lossy().into_owned());
    entries.map(named).collect::<io::Result<_>>().map_err(FileError::on(DOING, folder))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::archive::Part;
    use super::super::fixtures::{transmission, workspace};
    use super::*;

    /// A file as a killed program leaves it, written to so long ago.
    fn leave(archive: &Archive, id: TransmissionId, name: &str, age: Duration) -> std::path::PathBuf {
        let path = archive.prepare(id).unwrap().join(name);
        fs::write(&path, b"half").unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(written - age).unwrap();
        path
    }

    #[tokio::test]
    async fn what_a_killed_program_was_writing_goes_and_what_is_being_written_stays() {
        let (_guard, workspace) = workspace().await;
        let archive = workspace.archive();
        let id = transmission(1).id;
        let mut writer = archive.create(id, Part::Payload).unwrap();
        writer.write_all(b"being written").unwrap();
        let left = leave(archive, id, ".request.body.aB3dE6.partial", LONG_AGO * 2);
        let whole = leave(archive, id, "request.head", LONG_AGO * 2);
        assert_eq!(archive.left_over().unwrap(), [id]);
        assert_eq!(archive.sweep(id).unwrap(), 1);
        assert!(!left.exists() && whole.exists());
        writer.finish().unwrap();
        let mut read = String::new();
        io::Read::read_to_string(&mut archive.open(id, Part::Payload).unwrap(), &mut read).unwrap();
        assert_eq!(read, "being written");
        assert_eq!((archive.sweep(id).unwrap(), archive.left_over().unwrap()), (0, Vec::new()));
        assert_eq!(archive.sweep(transmission(2).id).unwrap(), 0, "it has no folder");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_was_just_left_goes_at_once_and_one_that_a_sweep_took_is_begun_anew() {
        let (_guard, workspace) = workspace().await;
        let archive = workspace.archive();
        let id = transmission(1).id;
        let left = leave(archive, id, ".payload.aB3dE6.partial", Duration::ZERO);
        assert_eq!((archive.sweep(id).unwrap(), left.exists()), (1, false));
        // Taken before it could be locked.
        let taken = begin(&archive.folder(id), "payload").unwrap();
        fs::remove_file(taken.path()).unwrap();
        assert!(!hold(taken.as_file()));
        let begun = unfinished(&archive.folder(id), "payload").unwrap();
        assert_eq!((archive.sweep(id).unwrap(), begun.path().exists()), (0, true));
    }
}
