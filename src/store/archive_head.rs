//! Bodies of which the head alone is kept, because nobody who is known has sent them.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use crate::domain::certificate::hex;
use crate::domain::transmission::TransmissionId;

use super::archive::{Archive, Part};
use super::archive_settle::{Cut, digest_of, note_path, replace};
use super::error::FileError;

/// What is kept of what is written, and the digest of all of it.
pub(super) struct HeadAlone {
    most: u64,
    digest: Context,
}

impl fmt::Debug for HeadAlone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "HeadAlone({})", self.most)
    }
}

impl HeadAlone {
    pub(super) fn new(most: u64) -> Self {
        Self { most, digest: Context::new(&SHA256) }
    }

    /// What is kept of some bytes that come after so many.
    pub(super) fn of<'b>(&mut self, before: u64, bytes: &'b [u8]) -> &'b [u8] {
        self.digest.update(bytes);
        let room = usize::try_from(self.most.saturating_sub(before)).unwrap_or(usize::MAX);
        bytes.get(..room).unwrap_or(bytes)
    }

    /// Notes beside the file what is missing in it, where something is.
    pub(super) fn note(self, path: &Path, length: u64) -> Result<(), FileError> {
        if length <= self.most {
            return Ok(());
        }
        let cut = Cut { length, sha256: hex(self.digest.finish().as_ref()), head: self.most, tail: 0 };
        write_note(path, &cut)
    }
}

fn write_note(path: &Path, cut: &Cut) -> Result<(), FileError> {
    replace(&note_path(path), &mut |target| Ok(serde_json::to_writer(target, cut)?))
}

impl Archive {
    /// Cuts a raw body to its first bytes, and notes its length and digest beside it, where it is longer. One that was cut is
    /// cut further.
    ///
    /// # Errors
    /// Where it is not there, or the files cannot be read or written.
    pub fn keep_head_alone(&self, id: TransmissionId, part: Part, most: u64) -> Result<(), FileError> {
        let path = self.path(id, part);
        let mut file = self.open(id, part)?;
        let there = file.metadata().map_err(FileError::on("read", &path))?.len();
        if there <= most {
            return Ok(());
        }
        let cut = match self.cut(id, part)? {
            Some(cut) => Cut { head: most, tail: 0, ..cut },
            None => {
                let sha256 = digest_of(&mut file).map_err(FileError::on("read", &path))?;
                Cut { length: there, sha256, head: most, tail: 0 }
            }
        };
        // The note comes first: beside a body that is still whole it is not believed.
        write_note(&path, &cut)?;
        let file = File::open(&path).map_err(FileError::on("open", &path))?;
        replace(&path, &mut |target| io::copy(&mut io::Read::take(&file, most), target).map(|_| ()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::super::fixtures::transmission;
    use super::*;

    #[test]
    fn of_a_long_body_the_head_is_kept_and_the_digest_is_that_of_all_of_it() {
        let guard = tempfile::tempdir().unwrap();
        let archive = Archive::new(guard.path().join("archive"));
        let (id, body) = (transmission(0).id, b"0123456789".repeat(1000));
        let sha256 = hex(aws_lc_rs::digest::digest(&SHA256, &body).as_ref());
        for (part, most) in
            [(Part::RequestBody(1), 2_500_u64), (Part::RequestBody(2), 10_000), (Part::RequestBody(3), 9_999)]
        {
            let mut writer = archive.create(id, part).unwrap();
            writer.keep_head_alone(most);
            body.chunks(999).for_each(|piece| writer.write_all(piece).unwrap());
            assert_eq!(writer.finish().unwrap().bytes, 10_000);
            let kept = usize::try_from(most.min(10_000)).unwrap();
            assert_eq!(fs::read(archive.path(id, part)).unwrap(), body[..kept]);
            let cut = archive.cut(id, part).unwrap();
            let wanted = Cut { length: 10_000, sha256: sha256.clone(), head: most, tail: 0 };
            assert_eq!(cut, (most < 10_000).then_some(wanted));
            archive.keep_head_alone(id, part, 64).unwrap();
            archive.keep_head_alone(id, part, 100).unwrap();
            assert_eq!(fs::read(archive.path(id, part)).unwrap(), body[..64]);
            let wanted = Cut { length: 10_000, sha256: sha256.clone(), head: 64, tail: 0 };
            assert_eq!(archive.cut(id, part).unwrap(), Some(wanted));
        }
    }
}
