//! Writing the files that somebody asked for: certificates, sheets, reports, keys.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::AppError;
use crate::store::{sweep_begun, sync_folder, unfinished};

/// How a file is called that is not whole yet.
const BEGUN: &str = "countersign-file";

/// Writes a file that others may read, such as a certificate, wherever it is asked for, devices included.
///
/// # Errors
/// Where it cannot be written.
pub fn write(file: &Path, bytes: impl AsRef<[u8]>) -> Result<(), AppError> {
    std::fs::write(file, bytes).map_err(|error| cannot(file, &error))
}

/// The same of what tells of partners, such as a connection or a report: a new file is its owner's alone, one that is there
/// keeps its rights.
///
/// # Errors
/// Where it cannot be written.
pub fn write_confidential(file: &Path, bytes: impl AsRef<[u8]>) -> Result<(), AppError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(file).and_then(|mut out| out.write_all(bytes.as_ref()));
    written.map_err(|error| cannot(file, &error))
}

/// Writes a file that is either there in full or as it was before. It tells of partners: a new one is its owner's alone, one
/// that is there keeps its rights.
pub(super) fn write_whole(file: &Path, bytes: &[u8]) -> Result<(), AppError> {
    let (beside, ()) = beside(file, |out| out.write_all(bytes))?;
    make_readable(&beside, file, None)?;
    put(beside, file)
}

/// The same for what others read too.
pub(super) fn write_whole_for_all(file: &Path, bytes: &[u8]) -> Result<(), AppError> {
    let (beside, ()) = beside(file, |out| out.write_all(bytes))?;
    make_readable(&beside, file, Some(0o644))?;
    put(beside, file)
}

/// The same for a file that others cannot read.
pub(super) fn write_private(file: &Path, bytes: &[u8]) -> Result<(), AppError> {
    // Temporary files are made for their owner alone.
    put(beside(file, |out| out.write_all(bytes))?.0, file)
}

/// The same for what is copied into it, however long it is. What is no file, such as a device, is written to as it is.
pub(super) fn write_private_from<T>(
    file: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> Result<T, AppError> {
    if std::fs::metadata(file).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let written = std::fs::OpenOptions::new().write(true).open(file).and_then(|mut device| fill(&mut device));
        return written.map_err(|error| cannot(file, &error));
    }
    let (beside, filled) = beside(file, fill)?;
    put(beside, file)?;
    Ok(filled)
}

/// The same for what has to be gone back in while it is written, and can fail otherwise. Only for files.
pub(super) fn write_private_with<T>(
    file: &Path,
    fill: impl FnOnce(&mut File) -> Result<T, AppError>,
) -> Result<T, AppError> {
    let mut beside = empty_beside(file).map_err(|error| cannot(file, &error))?;
    let filled = fill(beside.as_file_mut())?;
    beside.as_file().sync_all().map_err(|error| cannot(file, &error))?;
    put(beside, file)?;
    Ok(filled)
}

/// The content, on disk beside its place.
fn beside<T>(
    file: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> Result<(tempfile::NamedTempFile, T), AppError> {
    let written = empty_beside(file).and_then(|mut beside| {
        let filled = fill(beside.as_file_mut())?;
        beside.as_file().sync_all()?;
        Ok((beside, filled))
    });
    written.map_err(|error| cannot(file, &error))
}

fn empty_beside(file: &Path) -> io::Result<tempfile::NamedTempFile> {
    // What programs that were killed have left there. What cannot be taken away lies there hidden, and for nobody.
    sweep_begun(folder_of(file), BEGUN).ok();
    unfinished(folder_of(file), BEGUN)
}

/// A file that is written piece by piece, and is there in full or as it was before.
pub(super) struct Growing<'a> {
    file: &'a Path,
    beside: io::BufWriter<tempfile::NamedTempFile>,
}

impl<'a> Growing<'a> {
    /// Nothing is in its place yet.
    pub(super) fn begin(file: &'a Path) -> Result<Self, AppError> {
        let beside = empty_beside(file).map_err(|error| cannot(file, &error))?;
        Ok(Self { file, beside: io::BufWriter::new(beside) })
    }

    /// Adds a piece.
    pub(super) fn add(&mut self, piece: &[u8]) -> Result<(), AppError> {
        self.beside.write_all(piece).map_err(|error| cannot(self.file, &error))
    }

    /// Puts it in its place.
    pub(super) fn finish(self) -> Result<(), AppError> {
        let beside = self.beside.into_inner().map_err(|error| cannot(self.file, error.error()))?;
        beside.as_file().sync_all().map_err(|error| cannot(self.file, &error))?;
        make_readable(&beside, self.file, None)?;
        put(beside, self.file)
    }
}

/// A temporary file is the user's alone. Where there was a file before, it can be read as far as that could; else as `new`
/// says.
fn make_readable(beside: &tempfile::NamedTempFile, file: &Path, new: Option<u32>) -> Result<(), AppError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let before = std::fs::metadata(file).ok().map(|before| before.permissions().mode() & 0o777);
        if let Some(mode) = before.or(new) {
            std::fs::set_permissions(beside.path(), std::fs::Permissions::from_mode(mode))
                .map_err(|error| cannot(file, &error))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (beside, file, new);
    Ok(())
}

fn put(beside: tempfile::NamedTempFile, file: &Path) -> Result<(), AppError> {
    beside.persist(file).map_err(|error| cannot(file, &error.error))?;
    // A folder that may be entered but not listed cannot be synced; the file is there all the same.
    sync_folder(folder_of(file)).ok();
    Ok(())
}

/// That a file cannot be written, by the name that was asked for: the one it has until it is whole is ours alone.
pub(super) fn cannot(file: &Path, error: &io::Error) -> AppError {
    let folder = folder_of(file);
    if error.kind() == io::ErrorKind::NotFound && !folder.is_dir() {
        return AppError::new(format!("cannot write {}: there is no folder {}", file.display(), folder.display()))
            .hint("make the folder first, or name another place");
    }
    let said = error.to_string();
    let why = match said.rsplit_once(" at path \"") {
        Some((why, path)) if path.contains(BEGUN) => why,
        _ => &said,
    };
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space on that disk, or name a place on another")
        }
        io::ErrorKind::FileTooLarge => {
            Some("the disk or your account takes no file as long as this; name a place on another")
        }
        _ => None,
    };
    AppError::new(format!("cannot write {}: {why}", file.display())).maybe_hint(hint)
}

/// The folder that a file is in, or is to be in.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_key_is_its_owners_alone_and_replaces_another_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.p12");
        std::fs::write(&file, "something longer that was there before").unwrap();
        write_private(&file, b"key").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"key");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        for (name, wished) in [("report.html", 0o600), ("key.p12", 0o640)] {
            let file = folder.path().join(name);
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
                if file.exists() {
                    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(wished)).unwrap();
                }
                write_confidential(&file, b"partners").unwrap();
                assert_eq!(mode(), wished, "{name}");
                if name == "report.html" {
                    std::fs::remove_file(&file).unwrap();
                }
                write_whole(&file, b"partners").unwrap();
                assert_eq!(mode(), wished, "{name}");
            }
        }
        // What a killed program was writing goes with the next.
        std::fs::write(folder.path().join(".countersign-file.aB3dE6.partial"), "half").unwrap();
        write_private(&file, b"key").unwrap();
        let absent = folder.path().join("absent/key.p12");
        let error = write_private(&absent, b"key").unwrap_err().to_string();
        let (there, why) = error.split_once(": ").unwrap();
        assert_eq!(there, format!("cannot write {}", absent.display()));
        assert_eq!(why, format!("there is no folder {}", folder.path().join("absent").display()));
        let mut growing = Growing::begin(&file).unwrap();
        growing.add(b"piece").unwrap();
        drop(growing);
        // A folder in which nothing may be made, but for those who may do anything, and one that is none.
        let none = write_whole(&file.join("proof.html"), b"page").unwrap_err().to_string();
        assert!(none.starts_with(&format!("cannot write {}", file.join("proof.html").display())), "{none}");
        assert!(!none.contains(BEGUN), "{none}");
        let there = if cfg!(unix) { 2 } else { 1 };
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), there, "nothing is left beside it");
    }
}
