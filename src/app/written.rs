//! Writing the files that somebody asked for: certificates, sheets, reports, keys.

use std::io::{self, Write};
use std::path::Path;

use super::AppError;

/// Writes a file that others may read, wherever it is asked for, devices included.
///
/// # Errors
/// Where it cannot be written.
pub fn write(file: &Path, bytes: impl AsRef<[u8]>) -> Result<(), AppError> {
    std::fs::write(file, bytes).map_err(|error| cannot(file, &error))
}

/// Writes a file that is either there in full or as it was before.
pub(super) fn write_whole(file: &Path, bytes: &[u8]) -> Result<(), AppError> {
    let (beside, ()) = beside(file, |out| out.write_all(bytes))?;
    make_readable(&beside, file)?;
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
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    tempfile::Builder::new().prefix(".countersign-").tempfile_in(folder)
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
        make_readable(&beside, self.file)?;
        put(beside, self.file)
    }
}

/// A temporary file is the user's alone; what is to be forwarded can be read as far as the file before it could.
fn make_readable(beside: &tempfile::NamedTempFile, file: &Path) -> Result<(), AppError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(file).map_or(0o644, |before| before.permissions().mode());
        std::fs::set_permissions(beside.path(), std::fs::Permissions::from_mode(mode & 0o777))
            .map_err(|error| cannot(file, &error))?;
    }
    #[cfg(not(unix))]
    let _ = (beside, file);
    Ok(())
}

fn put(beside: tempfile::NamedTempFile, file: &Path) -> Result<(), AppError> {
    beside.persist(file).map(|_file| ()).map_err(|error| cannot(file, &error.error))
}

fn cannot(file: &Path, error: &io::Error) -> AppError {
    AppError::new(format!("cannot write {}: {error}", file.display()))
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
        assert!(write_private(&folder.path().join("absent/key.p12"), b"key").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
