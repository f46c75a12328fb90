//! Giving the inbox a copy of an archived payload: first laid ready there, hidden and complete, then renamed.
//!
//! It is a file of its own: whoever takes it may write to it, and the archive must not change with it.
//!
//! Both steps leave a trace that outlasts a killed program. As long as the file that was laid ready is there, the payload
//! has not been delivered; once it has been renamed it is there no more, whatever becomes of the name it got.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use tempfile::{NamedTempFile, TempPath};

use crate::domain::transmission::TransmissionId;

use super::archive::{Archive, Part, lasting_folder};
use super::archive_settle::DEFAULT_KEEP;
use super::archive_sweep::{names_in, sweep_begun, unfinished};
use super::error::FileError;
use super::keyring::sync_folder;

/// The longest file name in bytes that common file systems take.
const LONGEST_NAME: usize = 255;
/// How many files of one name an inbox takes.
const MOST_OF_A_NAME: u32 = 10_000;

/// What is being done when a file of the inbox is written.
const DOING: &str = "put a file into the inbox as";

/// How the name of a file begins and ends that lies ready.
const READY: (&str, &str) = (".countersign.", ".partial");

/// How the name of a copy begins that is not complete yet.
const COPYING: &str = "countersign-copy";

impl Archive {
    /// Where a payload lies ready in a folder of the inbox until it gets its name there.
    #[must_use]
    pub fn ready_path(id: TransmissionId, folder: &Path) -> PathBuf {
        folder.join(format!("{}{}{}", READY.0, id.simple(), READY.1))
    }

    /// Lays a copy of an archived file ready in a folder of the inbox, which shares its blocks where the file system can do
    /// that. It is complete and on disk there once this has returned. A large one is not written once more only for this:
    /// there the inbox shares the file, and whoever rewrites it in place changes both, which is told of it then.
    ///
    /// # Errors
    /// Where the file is not in the archive, or the folder cannot be written.
    pub fn lay_ready(&self, id: TransmissionId, part: Part, folder: &Path) -> Result<PathBuf, FileError> {
        let (source, ready) = (self.path(id, part), Self::ready_path(id, folder));
        // An order must not vanish with its folder when the power goes.
        lasting_folder(folder)?;
        sweep_once(folder);
        let length = fs::metadata(&source).map_err(FileError::on(DOING, &ready))?.len();
        if length <= DEFAULT_KEEP || fs::hard_link(&source, &ready).is_err() {
            // Beside the archived file, so that what a killed program leaves does not lie in the inbox.
            let beside = source.parent().filter(|_| share_a_file_system(&source, folder)).unwrap_or(folder);
            let copy = copy_beside(&source, beside).map_err(FileError::on(DOING, &ready))?;
            copy.persist_noclobber(&ready).map_err(|error| FileError::on(DOING, &ready)(error.error))?;
        }
        sync_folder(folder)?;
        Ok(ready)
    }

    /// Of which transmissions something lies ready in a folder of the inbox.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn lying_ready(folder: &Path) -> Result<Vec<TransmissionId>, FileError> {
        let id = |name: &String| name.strip_prefix(READY.0)?.strip_suffix(READY.1)?.parse().ok();
        Ok(names_in(folder)?.iter().filter_map(id).collect())
    }

    /// Gives a file that lies ready its name in the same folder. Nothing is overwritten: where the name is taken, ` (2)`,
    /// ` (3)` … stands before its extension. The name is on disk once this has returned.
    ///
    /// # Errors
    /// Where nothing lies ready, the name is more than a name, or the folder cannot be written.
    pub fn place(ready: &Path, file_name: &str) -> Result<PathBuf, FileError> {
        let folder = ready.parent().unwrap_or(Path::new("."));
        let wished = folder.join(file_name);
        // The caller makes names safe; one that would lead out of the folder is refused all the same.
        let mut components = Path::new(file_name).components();
        if !matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
            || file_name.ends_with('/')
        {
            return Err(FileError::on(DOING, wished)(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a file name",
            )));
        }
        let path = under_free_name(ready, folder, file_name).map_err(FileError::on(DOING, wished))?;
        sync_folder(folder)?;
        Ok(path)
    }

    /// Moves a file that need not be one of the archive into another folder of its file system, under a name that is free
    /// there. Returns where it lies now, on disk.
    ///
    /// # Errors
    /// Where the folder cannot be made or the file not be moved.
    pub fn move_aside(file: &Path, folder: &Path, name: &str) -> Result<PathBuf, FileError> {
        const DOING: &str = "move";
        lasting_folder(folder)?;
        let path = under_free_name(file, folder, name).map_err(FileError::on(DOING, file))?;
        sync_folder(folder)?;
        Ok(path)
    }

    /// Takes away what lies ready and is not to be delivered.
    ///
    /// # Errors
    /// Where it cannot be taken away.
    pub fn clear_ready(ready: &Path) -> Result<(), FileError> {
        match fs::remove_file(ready) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result.map_err(FileError::on("remove", ready)),
        }
    }
}

/// Renames a file to the first name that is free.
fn under_free_name(ready: &Path, folder: &Path, name: &str) -> io::Result<PathBuf> {
    for number in 1..=MOST_OF_A_NAME {
        let target = folder.join(numbered(name, number));
        let mut file = TempPath::try_from_path(ready)?;
        // It is no file that goes where it cannot be renamed.
        file.disable_cleanup(true);
        match file.persist_noclobber(&target).map_err(|error| error.error) {
            Ok(()) => return Ok(target),
            // Where the system renames in two steps, the program may have been killed between them.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_same(ready, &target) => {
                fs::remove_file(ready)?;
                return Ok(target);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "there are ten thousand of that name already"))
}

/// Whether two names are of one file.
#[cfg(unix)]
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let which = |path: &Path| fs::symlink_metadata(path).map(|found| (found.dev(), found.ino())).ok();
    which(one).is_some_and(|one| which(other) == Some(one))
}

/// Whether two names are of one file. Where that cannot be asked, files are renamed in one step.
#[cfg(not(unix))]
pub(super) const fn is_same(_one: &Path, _other: &Path) -> bool {
    false
}

/// Whether a file can be renamed from the one place to the other. Where that cannot be asked it is not.
#[cfg(unix)]
fn share_a_file_system(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    device(one).is_some_and(|one| device(other) == Some(one))
}

/// Whether a file can be renamed from the one place to the other. Where that cannot be asked it is not.
#[cfg(not(unix))]
const fn share_a_file_system(_one: &Path, _other: &Path) -> bool {
    false
}

/// A copy, complete on disk, without a name of its own yet. Between two files the system copies by itself, and where it
/// can it only notes that both have the same blocks.
fn copy_beside(source: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    let mut source = File::open(source)?;
    let mut copy = unfinished(folder, COPYING)?;
    io::copy(&mut source, copy.as_file_mut())?;
    copy.as_file().sync_all()?;
    Ok(copy)
}

/// Takes away what programs that were killed while they copied have left in a folder, the first time that something is
/// delivered there: an inbox may hold thousands of files that nobody has taken.
fn sweep_once(folder: &Path) {
    static SWEPT: LazyLock<Mutex<HashSet<PathBuf>>> = LazyLock::new(Mutex::default);
    let is_first = SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
    if is_first {
        // What cannot be taken away now lies there hidden, and for nobody.
        sweep_begun(folder, COPYING).ok();
    }
}

/// A file's name with a number before its extension, the first without; shortened where it would be too long.
fn numbered(name: &str, number: u32) -> String {
    let (stem, extension) = match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    };
    let middle = if number == 1 { String::new() } else { format!(" ({number})") };
    // An extension longer than this is none: it is cut with the rest.
    let (stem, extension) = if extension.len() > 32 { (name, "") } else { (stem, extension) };
    let room = LONGEST_NAME.saturating_sub(middle.len() + extension.len());
    let stem = &stem[..stem.floor_char_boundary(room)];
    format!("{stem}{middle}{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_rename_that_was_cut_in_two_is_finished_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join(".ready");
        fs::write(&ready, b"order").unwrap();
        fs::hard_link(&ready, folder.path().join("850.edi")).unwrap();
        assert_eq!(Archive::place(&ready, "850.edi").unwrap(), folder.path().join("850.edi"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_program_was_copying_goes_with_the_next_delivery_and_what_lies_ready_stays() {
        use std::io::Write as _;
        let guard = tempfile::tempdir().unwrap();
        let archive = Archive::new(guard.path().join("archive"));
        let (id, inbox) = (super::super::fixtures::transmission(0).id, guard.path().join("inbox"));
        let mut payload = archive.create(id, Part::Payload).unwrap();
        payload.write_all(b"order").unwrap();
        payload.finish().unwrap();
        fs::create_dir_all(&inbox).unwrap();
        let lies_ready = Archive::ready_path(super::super::fixtures::transmission(1).id, &inbox);
        fs::write(&lies_ready, b"whole").unwrap();
        fs::write(inbox.join(format!(".{COPYING}.aB3dE6.partial")), b"half").unwrap();
        let copied_now = unfinished(&inbox, COPYING).unwrap();
        let ready = archive.lay_ready(id, Part::Payload, &inbox).unwrap();
        assert!(lies_ready.exists() && ready.exists() && copied_now.path().exists());
        assert_eq!(fs::read_dir(&inbox).unwrap().count(), 3);
    }

    #[test]
    fn what_cannot_get_its_name_still_lies_ready() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join(".ready");
        assert!(Archive::place(&ready, "850.edi").is_err(), "nothing lies ready");
        fs::write(&ready, b"order").unwrap();
        for name in ["../850.edi", "no/850.edi", "a\0b"] {
            assert!(Archive::place(&ready, name).is_err(), "{name}");
        }
        assert_eq!(fs::read(&ready).unwrap(), b"order");
        Archive::clear_ready(&ready).unwrap();
        Archive::clear_ready(&ready).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_number_stands_before_the_extension() {
        for (name, number, expected) in [
            ("850.edi", 1, "850.edi"),
            ("850.edi", 2, "850 (2).edi"),
            ("a.tar.gz", 3, "a.tar (3).gz"),
            (".hidden", 2, ".hidden (2)"),
            ("plain", 2, "plain (2)"),
        ] {
            assert_eq!(numbered(name, number), expected);
        }
        let long = format!("{}.edi", "ü".repeat(200));
        assert!(numbered(&long, 12).len() <= LONGEST_NAME && numbered(&long, 12).ends_with(" (12).edi"));
    }
}
