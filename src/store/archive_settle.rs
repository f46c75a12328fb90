//! Cutting raw bodies that are settled: above a limit only head, tail, length and digest are kept.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::domain::certificate::hex;
use crate::domain::transmission::TransmissionId;

use super::archive::{Archive, Part};
use super::archive_sweep::unfinished;
use super::error::FileError;
use super::keyring::sync_folder;

/// Bodies up to this many bytes are kept whole, unless a setting says otherwise: 16 MiB.
pub const DEFAULT_KEEP: u64 = 16 * 1024 * 1024;
/// What is kept of each end of a longer one.
const END: u64 = 1024 * 1024;

/// What is known of a body that was cut. The file then holds the head and, right behind it, the tail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Its length in bytes before it was cut.
    pub length: u64,
    /// SHA-256 of all of it, 64 hex digits.
    pub sha256: String,
    /// How many bytes of its beginning are kept.
    pub head: u64,
    /// How many bytes of its end are kept.
    pub tail: u64,
}

impl Archive {
    /// Cuts a raw body that is longer than `keep` bytes to its first and last MiB (to halves of `keep`, where that is
    /// less), and notes its length and digest beside it. To be called once nothing needs the body whole any more. What
    /// is not longer, not there, or was cut before, stays as it is.
    ///
    /// # Errors
    /// Where the part is not a raw body, or the files cannot be read or written. Then the body is still whole.
    pub fn settle(&self, id: TransmissionId, part: Part, keep: u64) -> Result<Option<Cut>, FileError> {
        const DOING: &str = "cut";
        let path = self.path(id, part);
        if !part.is_body() {
            let reason = io::Error::new(io::ErrorKind::InvalidInput, "only raw bodies are cut");
            return Err(FileError::on(DOING, path)(reason));
        }
        if let Some(cut) = self.cut(id, part)? {
            return Ok(Some(cut));
        }
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(FileError::on(DOING, &path))?,
        };
        let length = file.metadata().map_err(FileError::on(DOING, &path))?.len();
        if length <= keep {
            return Ok(None);
        }
        let end = END.min(keep / 2);
        let sha256 = digest_of(&mut file).map_err(FileError::on("read", &path))?;
        let cut = Cut { length, sha256, head: end, tail: end };
        // The note comes first: beside a body that is still whole it is not believed (see `cut`).
        let note = note_path(&path);
        replace(&note, &mut |target| Ok(serde_json::to_writer(target, &cut)?))?;
        replace(&path, &mut |target| {
            file.seek(SeekFrom::Start(0))?;
            io::copy(&mut (&file).take(end), target)?;
            file.seek(SeekFrom::Start(length - end))?;
            io::copy(&mut (&file).take(end), target)?;
            Ok(())
        })?;
        Ok(Some(cut))
    }

    /// Whether a raw body is there as it went over the line, longer than is kept of one that is settled.
    #[must_use]
    pub fn is_whole(&self, id: TransmissionId, part: Part) -> bool {
        fs::metadata(self.path(id, part)).is_ok_and(|found| found.len() > DEFAULT_KEEP)
    }

    /// SHA-256 of a part as it is kept, in 64 hex digits.
    ///
    /// # Errors
    /// Where it is not there or cannot be read.
    pub fn sha256(&self, id: TransmissionId, part: Part) -> Result<String, FileError> {
        Self::sha256_of(&self.path(id, part))
    }

    /// The same of a file that need not be in the archive.
    ///
    /// # Errors
    /// Where it is not there or cannot be read.
    pub fn sha256_of(path: &Path) -> Result<String, FileError> {
        let mut file = File::open(path).map_err(FileError::on("read", path))?;
        digest_of(&mut file).map_err(FileError::on("read", path))
    }

    /// What is known of a body that was cut; nothing where it is whole.
    ///
    /// # Errors
    /// Where the note beside it cannot be read.
    pub fn cut(&self, id: TransmissionId, part: Part) -> Result<Option<Cut>, FileError> {
        let path = self.path(id, part);
        let note = note_path(&path);
        let mut text = String::new();
        match File::open(&note) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened
                .and_then(|file| file.take(4096).read_to_string(&mut text))
                .map_err(FileError::on("read", &note))?,
        };
        let cut: Cut = serde_json::from_str(&text)
            .map_err(|error| FileError::on("read", &note)(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        let there = fs::metadata(&path).map_err(FileError::on("read", &path))?.len();
        Ok((there != cut.length).then_some(cut))
    }
}

pub(super) fn note_path(body: &Path) -> PathBuf {
    let mut name = body.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

pub(super) fn digest_of(file: &mut File) -> io::Result<String> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(context.finish().as_ref())),
            Ok(count) => context.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes a file anew: complete on disk before it takes the place of the one before.
pub(super) fn replace(path: &Path, write: &mut dyn FnMut(&mut File) -> io::Result<()>) -> Result<(), FileError> {
    const DOING: &str = "write";
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = unfinished(folder, "settled").map_err(FileError::on(DOING, path))?;
    write(file.as_file_mut()).map_err(FileError::on(DOING, path))?;
    file.as_file_mut().flush().and_then(|()| file.as_file().sync_all()).map_err(FileError::on(DOING, path))?;
    file.persist(path).map_err(|error| FileError::on(DOING, path)(error.error))?;
    sync_folder(folder)
}
