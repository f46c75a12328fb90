//! Receipts that travel by themselves: kept under a number of their own until it is known what they are for. And what is
//! taken away again: files of what was never journalled or never sent.

use std::fs;
use std::io;

use crate::domain::transmission::TransmissionId;

use super::archive::{Archive, ArchivedFile, Part, private_folder};
use super::error::FileError;
use super::keyring::sync_folder;

impl Archive {
    /// Gives a file of one transmission a second name in the folder of another, as a copy where the file system knows no
    /// second names.
    ///
    /// # Errors
    /// Where there is no such file, the name is taken, or the folder cannot be written.
    pub fn adopt(&self, from: (TransmissionId, Part), to: (TransmissionId, Part)) -> Result<ArchivedFile, FileError> {
        const DOING: &str = "keep a receipt as";
        let (source, target) = (self.path(from.0, from.1), self.path(to.0, to.1));
        let folder = self.folder(to.0);
        private_folder(&folder)?;
        match fs::hard_link(&source, &target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(FileError::on(DOING, target)(error));
            }
            Err(_no_second_names) => {
                let mut copy = self.create(to.0, to.1)?;
                let mut original = self.open(from.0, from.1)?;
                io::copy(&mut original, &mut copy).map_err(FileError::on(DOING, &target))?;
                return copy.finish();
            }
            Ok(()) => sync_folder(&folder)?,
        }
        let bytes = fs::metadata(&target).map_err(FileError::on("read", &target))?.len();
        Ok(ArchivedFile { path: target, bytes })
    }

    /// Removes a file of a message that was never sent, so that it can be built anew.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn forget_unsent(&self, id: TransmissionId, part: Part) -> Result<(), FileError> {
        let path = self.path(id, part);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result.map_err(FileError::on("remove", path)),
        }
    }

    /// Removes the folder of what was never journalled under this number.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn discard(&self, id: TransmissionId) -> Result<(), FileError> {
        let folder = self.folder(id);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result.map_err(FileError::on("remove", folder)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::fixtures::{transmission, workspace};
    use super::*;

    #[tokio::test]
    async fn a_receipt_gets_a_place_beside_what_it_is_for() {
        let (_guard, workspace) = workspace().await;
        let archive = workspace.archive();
        let (came, sent) = (transmission(1).id, transmission(2).id);
        let mut body = archive.create(came, Part::RequestBody(1)).unwrap();
        body.write_all(b"receipt").unwrap();
        body.finish().unwrap();
        let kept = archive.adopt((came, Part::RequestBody(1)), (sent, Part::ReceiptBody(1))).unwrap();
        assert_eq!((kept.path.file_name().unwrap().to_str(), kept.bytes), (Some("receipt.body"), 7));
        assert!(archive.adopt((came, Part::RequestBody(1)), (sent, Part::ReceiptBody(1))).is_err(), "never replaced");
        archive.discard(came).unwrap();
        archive.discard(came).unwrap();
        assert_eq!(fs::read(archive.path(sent, Part::ReceiptBody(1))).unwrap(), b"receipt");
        assert!(archive.files(came).unwrap().is_empty());
    }
}
