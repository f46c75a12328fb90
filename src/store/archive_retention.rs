//! What there is of a transmission in the archive, by kind, and taking it away.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use crate::domain::retention::RetentionKind;
use crate::domain::transmission::TransmissionId;

use super::archive::Archive;
use super::error::FileError;
use super::keyring::sync_folder;

/// What came of taking files away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// How many files are gone.
    pub files: u64,
    /// How many bytes they had.
    pub bytes: u64,
    /// How many of these are still on disk under another name: in the inbox, where an earlier version put them.
    pub elsewhere: u64,
}

impl Freed {
    /// Both together.
    pub const fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.elsewhere += other.elsewhere;
    }
}

impl Archive {
    /// How many bytes there are of each kind of file, in the order of [`RetentionKind::FILES`]; nothing where there is no
    /// such file.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn measure(
        &self,
        id: TransmissionId,
        kind_of: impl Fn(&str) -> Option<RetentionKind>,
    ) -> Result<[Option<u64>; 3], FileError> {
        let mut found = [None; 3];
        for (name, file) in self.files(id)? {
            if let Some(place) = kind_of(&name).and_then(|kind| found.get_mut(kind.index())) {
                *place = Some(place.unwrap_or(0) + file.bytes);
            }
        }
        Ok(found)
    }

    /// Takes the files of some kinds away. What is gone already is none of an error; of several the rest is taken away even
    /// where one cannot be.
    ///
    /// # Errors
    /// Where a file cannot be removed.
    pub fn remove(&self, id: TransmissionId, goes: impl Fn(&str) -> bool) -> Result<Freed, FileError> {
        let (mut freed, mut trouble) = (Freed::default(), None);
        for (name, file) in self.files(id)? {
            if goes(&name) {
                match remove_file(&file.path) {
                    Ok(gone) => freed.add(gone),
                    Err(error) => drop(trouble.get_or_insert(error)),
                }
            }
        }
        if let Some(error) = trouble {
            return Err(error);
        }
        if freed.files > 0 {
            // A file that came back with a power cut would belong to nobody.
            sync_folder(&self.folder(id))?;
        }
        Ok(freed)
    }

    /// Takes all that is left of a transmission away, its folder with it.
    ///
    /// # Errors
    /// Where something cannot be removed.
    pub fn remove_all(&self, id: TransmissionId) -> Result<Freed, FileError> {
        let freed = self.remove(id, |_name| true)?;
        self.discard(id)?;
        if let Some(month) = self.folder(id).parent().filter(|month| month.is_dir()) {
            sync_folder(month)?;
            // The folder of a month that holds something stays.
            fs::remove_dir(month).ok();
        }
        Ok(freed)
    }

    /// Takes the folder of a transmission away where nothing is in it.
    pub fn tidy(&self, id: TransmissionId) {
        fs::remove_dir(self.folder(id)).ok();
    }
}

fn remove_file(path: &Path) -> Result<Freed, FileError> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Freed::default()),
        found => found.map_err(FileError::on("look at", path))?,
    };
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Freed::default()),
        removed => {
            removed.map_err(FileError::on("remove", path))?;
            let elsewhere = if has_other_names(&found) { found.len() } else { 0 };
            Ok(Freed { files: 1, bytes: found.len(), elsewhere })
        }
    }
}

/// Whether a file has more names than one.
#[cfg(unix)]
fn has_other_names(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    found.nlink() > 1
}

/// Whether a file has more names than one; where that cannot be asked, it is not said.
#[cfg(not(unix))]
const fn has_other_names(_found: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::Part;
    use super::super::fixtures::transmission;
    use super::*;
    use crate::domain::retention::kind_of;

    #[test]
    fn kinds_are_measured_and_taken_away_each_by_itself() {
        let guard = tempfile::tempdir().unwrap();
        let archive = Archive::new(guard.path().join("archive"));
        let sent = transmission(0);
        let put = |part: Part, bytes: &[u8]| {
            let mut writer = archive.create(sent.id, part).unwrap();
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap();
        };
        put(Part::Payload, b"order");
        put(Part::RequestHead(1), b"POST");
        put(Part::RequestBody(1), b"sealed");
        put(Part::ReceiptBody(1), b"");
        let by_name = |name: &str| kind_of(name, &sent);
        assert_eq!(archive.measure(sent.id, by_name).unwrap(), [Some(5), Some(10), Some(0)]);
        let inbox = guard.path().join("inbox");
        fs::create_dir(&inbox).unwrap();
        // As earlier versions delivered.
        fs::hard_link(archive.path(sent.id, Part::Payload), inbox.join("850.edi")).unwrap();
        let raw = archive.remove(sent.id, |name| by_name(name) == Some(RetentionKind::Raw)).unwrap();
        assert_eq!(raw, Freed { files: 2, bytes: 10, elsewhere: 0 });
        assert_eq!(archive.measure(sent.id, by_name).unwrap(), [Some(5), None, Some(0)]);
        let rest = archive.remove_all(sent.id).unwrap();
        let elsewhere = if cfg!(unix) { 5 } else { 0 };
        assert_eq!(rest, Freed { files: 2, bytes: 5, elsewhere }, "its other name in the inbox holds it");
        assert!(!archive.folder(sent.id).exists() && !archive.folder(sent.id).parent().unwrap().exists());
        assert_eq!(archive.remove_all(sent.id).unwrap(), Freed::default());
    }
}
