//! Giving an archived payload a second name in the inbox.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::domain::transmission::TransmissionId;

use super::archive::{Archive, Part};
use super::error::FileError;
use super::keyring::sync_folder;

/// The longest file name in bytes that common file systems take.
const LONGEST_NAME: usize = 255;
/// How many files of one name an inbox takes.
const MOST_OF_A_NAME: u32 = 10_000;

impl Archive {
    /// Puts an archived file into a folder under a name, as a second name of the same file where the file system can
    /// do it, else as a copy. Nothing is overwritten: where the name is taken, ` (2)`, ` (3)` … stands before its
    /// extension. The file is complete and on disk under the name that is returned.
    ///
    /// # Errors
    /// Where the file is not in the archive, the name is more than a name, or the folder cannot be written.
    pub fn link_into(
        &self,
        id: TransmissionId,
        part: Part,
        folder: &Path,
        file_name: &str,
    ) -> Result<PathBuf, FileError> {
        const DOING: &str = "put a file into the inbox as";
        let source = self.path(id, part);
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
        fs::create_dir_all(folder).map_err(FileError::on("create the folder", folder))?;
        let linked = under_free_name(folder, file_name, &mut |target| fs::hard_link(&source, target));
        let placed = linked.or_else(|_error| {
            // Another file system, one without hard links, or too many of them.
            let mut copy = Some(copy_beside(&source, folder)?);
            under_free_name(folder, file_name, &mut |target| match copy.take() {
                Some(complete) => complete.persist_noclobber(target).map_err(|error| {
                    copy = Some(error.path);
                    error.error
                }),
                None => Err(io::ErrorKind::NotFound.into()),
            })
        });
        let path = placed.map_err(FileError::on(DOING, wished))?;
        sync_folder(folder)?;
        Ok(path)
    }
}

/// Gives a file the first name that is free; `place` gives it one, and refuses a name that is taken.
fn under_free_name(folder: &Path, name: &str, place: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
    for number in 1..=MOST_OF_A_NAME {
        let target = folder.join(numbered(name, number));
        match place(&target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| target),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "there are ten thousand of that name already"))
}

/// A copy, complete on disk, without a name of its own yet.
fn copy_beside(source: &Path, folder: &Path) -> io::Result<tempfile::TempPath> {
    let mut copy = tempfile::Builder::new().prefix(".countersign.").suffix(".partial").tempfile_in(folder)?;
    io::copy(&mut File::open(source)?, copy.as_file_mut())?;
    copy.as_file().sync_all()?;
    Ok(copy.into_temp_path())
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
