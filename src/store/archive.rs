//! The archive: payloads and raw bytes of both directions, one folder for each transmission.
//!
//! `archive/<yyyy-mm>/<transmission id>/` holds `payload`, `request.head`, `request.body`, `response.head`,
//! `response.body`, and `receipt.head` and `receipt.body` where a receipt travelled by itself; later attempts carry their
//! number, as `request.2.body`. A file has its name only once it is complete
//! and on disk, and is never replaced. These methods block: not to be called on a thread of the runtime.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::domain::transmission::TransmissionId;

use super::archive_follow::{ArchiveFollower, Followed};
use super::archive_head::HeadAlone;
use super::archive_sweep::unfinished;
use super::early_sync::EarlySync;
use super::error::FileError;
use super::keyring::sync_folder;

/// One file of a transmission. Attempts count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The payload, as it was given to be sent or as it was received.
    Payload,
    /// The request's start line and header of an attempt.
    RequestHead(u32),
    /// The request's body of an attempt.
    RequestBody(u32),
    /// The answer's start line and header of an attempt.
    ResponseHead(u32),
    /// The answer's body of an attempt.
    ResponseBody(u32),
    /// The header of a receipt that travelled by itself: one that came, counted from 1, or the one that we posted.
    ReceiptHead(u32),
    /// The body of such a receipt.
    ReceiptBody(u32),
    /// The certificates that the partner's server showed at an attempt, as PEM, its own first.
    ServerCertificates(u32),
}

impl Part {
    /// The file's name.
    #[must_use]
    pub fn file_name(self) -> String {
        let name = |side: &str, attempt: u32, what: &str| match attempt {
            0 | 1 => format!("{side}.{what}"),
            number => format!("{side}.{number}.{what}"),
        };
        match self {
            Self::Payload => "payload".to_owned(),
            Self::RequestHead(attempt) => name("request", attempt, "head"),
            Self::RequestBody(attempt) => name("request", attempt, "body"),
            Self::ResponseHead(attempt) => name("response", attempt, "head"),
            Self::ResponseBody(attempt) => name("response", attempt, "body"),
            Self::ReceiptHead(number) => name("receipt", number, "head"),
            Self::ReceiptBody(number) => name("receipt", number, "body"),
            Self::ServerCertificates(attempt) => name("server", attempt, "pem"),
        }
    }

    /// Whether it is a raw body, which may be cut once it is settled.
    #[must_use]
    pub const fn is_body(self) -> bool {
        matches!(self, Self::RequestBody(_) | Self::ResponseBody(_))
    }
}

/// Payloads and raw bytes. Clones share the same folder.
#[derive(Clone, Debug)]
pub struct Archive {
    pub(super) root: PathBuf,
}

/// A file that is in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Archive {
    pub(super) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder of a transmission, which need not exist. The month is that of its id, in UTC.
    #[must_use]
    pub fn folder(&self, id: TransmissionId) -> PathBuf {
        let month = id
            .get_timestamp()
            .map(|stamp| stamp.to_unix())
            .and_then(|(seconds, _)| jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok())
            .map_or_else(|| "undated".to_owned(), |at| at.strftime("%Y-%m").to_string());
        self.root.join(month).join(id.to_string())
    }

    /// Makes the folder of a transmission, for its user alone.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn prepare(&self, id: TransmissionId) -> Result<PathBuf, FileError> {
        let folder = self.folder(id);
        private_folder(&folder)?;
        Ok(folder)
    }

    /// Where a file of a transmission is, or would be.
    #[must_use]
    pub fn path(&self, id: TransmissionId, part: Part) -> PathBuf {
        self.folder(id).join(part.file_name())
    }

    /// Begins a file. It has its name once [`ArchiveWriter::finish`] has returned; dropped before that, it is gone.
    ///
    /// # Errors
    /// Where there is such a file already, or it cannot be created.
    pub fn create(&self, id: TransmissionId, part: Part) -> Result<ArchiveWriter, FileError> {
        const DOING: &str = "create";
        let path = self.path(id, part);
        if path.try_exists().map_err(FileError::on(DOING, &path))? {
            return Err(FileError::on(DOING, path)(io::ErrorKind::AlreadyExists.into()));
        }
        let folder = self.folder(id);
        private_folder(&folder)?;
        let file = unfinished(&folder, &part.file_name()).map_err(FileError::on(DOING, &path))?;
        Ok(ArchiveWriter {
            file: BufWriter::with_capacity(64 * 1024, file),
            early_sync: EarlySync::default(),
            followed: None,
            head_alone: None,
            path,
            bytes: 0,
        })
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// Where there is none, or it cannot be opened.
    pub fn open(&self, id: TransmissionId, part: Part) -> Result<File, FileError> {
        let path = self.path(id, part);
        File::open(&path).map_err(FileError::on("open", path))
    }

    /// The files of a transmission, with their names, sorted by name; none where it has no folder.
    ///
    /// # Errors
    /// Where its folder cannot be read.
    pub fn files(&self, id: TransmissionId) -> Result<Vec<(String, ArchivedFile)>, FileError> {
        const DOING: &str = "read the folder";
        let folder = self.folder(id);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(FileError::on(DOING, &folder))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(FileError::on(DOING, &folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') {
                let bytes = entry.metadata().map_err(FileError::on("read", entry.path()))?.len();
                found.push((name, ArchivedFile { path: entry.path(), bytes }));
            }
        }
        found.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(found)
    }
}

/// A file on its way into the archive.
#[derive(Debug)]
pub struct ArchiveWriter {
    // Dropped before the file is.
    early_sync: EarlySync,
    followed: Option<Followed>,
    head_alone: Option<HeadAlone>,
    file: BufWriter<tempfile::NamedTempFile>,
    path: PathBuf,
    bytes: u64,
}

impl ArchiveWriter {
    /// Bytes written so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Keeps no more than so many bytes of what is written, and of all of it its length and digest, as of a body that was cut
    /// (see [`Archive::cut`]). To be called before anything is written.
    pub fn keep_head_alone(&mut self, most: u64) {
        self.head_alone = Some(HeadAlone::new(most));
    }

    /// Where the file will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads along from the beginning, while the file is written: as far as it has come, to its end once it is whole.
    ///
    /// # Errors
    /// Where it cannot be written or opened once more.
    pub fn follow(&mut self) -> Result<ArchiveFollower, FileError> {
        const DOING: &str = "read";
        self.file.flush().map_err(FileError::on(DOING, &self.path))?;
        let file = self.file.get_ref().reopen().map_err(FileError::on(DOING, &self.path))?;
        let (followed, follower) = Followed::new(file, self.bytes);
        self.followed = Some(followed);
        Ok(follower)
    }

    /// Tells whoever reads along that nothing more comes and that what came is not whole, though it is kept.
    pub fn cut_short(&mut self) {
        if let Some(followed) = &self.followed {
            followed.end(false);
        }
    }

    /// Has the disk take what was written, so that finishing the file does not wait for it.
    ///
    /// # Errors
    /// Where the disk is full or fails.
    pub fn sync(&mut self) -> Result<(), FileError> {
        const DOING: &str = "write";
        std::mem::take(&mut self.early_sync).end().map_err(FileError::on(DOING, &self.path))?;
        self.file.flush().map_err(FileError::on(DOING, &self.path))?;
        self.file.get_ref().as_file().sync_all().map_err(FileError::on(DOING, &self.path))
    }

    /// Completes the file: it and its name are on disk once this has returned.
    ///
    /// # Errors
    /// Where the disk is full or fails, or another has taken the name meanwhile. Then nothing is left of it.
    pub fn finish(self) -> Result<ArchivedFile, FileError> {
        const DOING: &str = "write";
        let Self { early_sync, followed, head_alone, file, path, bytes } = self;
        let file = file.into_inner().map_err(|error| FileError::on(DOING, &path)(error.into_error()))?;
        if let Some(mut followed) = followed {
            followed.tell(bytes);
            followed.end(true);
        }
        early_sync.end().map_err(FileError::on(DOING, &path))?;
        file.as_file().sync_all().map_err(FileError::on(DOING, &path))?;
        file.persist_noclobber(&path).map_err(|error| FileError::on(DOING, &path)(error.error))?;
        if let Some(folder) = path.parent() {
            sync_folder(folder)?;
        }
        if let Some(head_alone) = head_alone {
            head_alone.note(&path, bytes)?;
        }
        Ok(ArchivedFile { path, bytes })
    }
}

/// The same error, saying what was being written.
fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), FileError::on("write", path)(error))
}

impl Write for ArchiveWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(head_alone) = &mut self.head_alone {
            let kept = head_alone.of(self.bytes, bytes);
            self.file.write_all(kept).map_err(|error| named(&self.path, error))?;
            self.bytes += bytes.len() as u64;
            return Ok(bytes.len());
        }
        let written = self.file.write(bytes).map_err(|error| named(&self.path, error))?;
        self.bytes += written as u64;
        self.early_sync.wrote(self.file.get_ref().as_file(), written as u64);
        if let Some(followed) = self.followed.as_mut().filter(|followed| followed.is_to_be_told(self.bytes)) {
            self.file.flush().map_err(|error| named(&self.path, error))?;
            followed.tell(self.bytes);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|error| named(&self.path, error))
    }
}

/// Creates a folder, and those above it, for the user alone (mode 0700 on Unix), so that their names outlast a power
/// cut. Those that exist stay as they are.
pub(super) fn private_folder(folder: &Path) -> Result<(), FileError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    lasting(folder, &builder)
}

/// The same for everybody whom the system's settings let in, for folders that others read.
///
/// # Errors
/// Where one of them cannot be made.
pub fn lasting_folder(folder: &Path) -> Result<(), FileError> {
    lasting(folder, &fs::DirBuilder::new())
}

fn lasting(folder: &Path, builder: &fs::DirBuilder) -> Result<(), FileError> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent();
    if let Some(above) = above {
        lasting(above, builder)?;
    }
    match builder.create(folder) {
        // Somebody else made it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        result => {
            result.map_err(FileError::on("create the folder", folder))?;
            let above = above.filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // A folder above that may be entered but not listed cannot be synced; the new folder is there all the same.
            sync_folder(above).or(Ok(()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::super::fixtures::transmission;
    use super::super::keyring::SYNCED;
    use super::super::{Cut, DEFAULT_KEEP};
    use super::*;

    fn archive() -> (tempfile::TempDir, Archive, TransmissionId) {
        let guard = tempfile::tempdir().unwrap();
        let archive = Archive::new(guard.path().join("archive"));
        (guard, archive, transmission(0).id)
    }

    fn put(archive: &Archive, id: TransmissionId, part: Part, bytes: &[u8]) -> ArchivedFile {
        let mut writer = archive.create(id, part).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    /// Delivers the payload into a folder of the inbox.
    fn deliver(archive: &Archive, id: TransmissionId, folder: &Path, name: &str) -> Result<PathBuf, FileError> {
        Archive::place(&archive.lay_ready(id, Part::Payload, folder)?, name)
    }

    #[test]
    fn a_file_has_its_name_once_it_is_complete_and_is_never_replaced() {
        let (guard, archive, id) = archive();
        let mut writer = archive.create(id, Part::RequestBody(2)).unwrap();
        writer.write_all(b"begun").unwrap();
        assert!(archive.open(id, Part::RequestBody(2)).is_err() && archive.files(id).unwrap().is_empty());
        drop(writer);
        assert_eq!(fs::read_dir(archive.folder(id)).unwrap().count(), 0, "nothing is left of what was given up");

        let file = put(&archive, id, Part::RequestBody(2), b"whole");
        let expected = format!("archive/2026-11/{id}/request.2.body");
        assert_eq!((file.path, file.bytes), (guard.path().join(expected), 5));
        let mut read = String::new();
        archive.open(id, Part::RequestBody(2)).unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read, "whole");
        let again = archive.create(id, Part::RequestBody(2)).unwrap_err();
        assert_eq!(again.source.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(archive.files(id).unwrap()[0].0, "request.2.body");
        assert!(archive.open(id, Part::Payload).unwrap_err().to_string().contains("payload"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_disk_refused_while_it_was_written_never_gets_its_name() {
        let (_guard, archive, id) = archive();
        let mut writer = archive.create(id, Part::RequestBody(1)).unwrap();
        writer.write_all(b"order").unwrap();
        // The disk is asked for something that cannot be synced, and for the file itself at its end, which can.
        writer.early_sync.wrote(&File::open("/dev/null").unwrap(), 64 * 1024 * 1024);
        let error = writer.finish().unwrap_err();
        assert!(error.path.ends_with("request.body"), "{error}");
        assert_eq!(fs::read_dir(archive.folder(id)).unwrap().count(), 0, "nothing is left of it");
    }

    #[cfg(unix)]
    #[test]
    fn the_archive_is_for_the_user_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_guard, archive, id) = archive();
        let file = put(&archive, id, Part::Payload, b"order");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file.path), mode(&archive.folder(id)), mode(&archive.root)), (0o600, 0o700, 0o700));
    }

    #[test]
    fn the_inbox_gets_a_copy_of_its_own_and_overwrites_nothing() {
        let (guard, archive, id) = archive();
        let inbox = guard.path().join("inbox/acme/production");
        let names: Vec<String> = [id, transmission(1).id, transmission(2).id]
            .into_iter()
            .map(|id| {
                put(&archive, id, Part::Payload, b"order");
                deliver(&archive, id, &inbox, "850.edi").unwrap()
            })
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["850.edi", "850 (2).edi", "850 (3).edi"]);
        assert_eq!(fs::read(inbox.join("850 (3).edi")).unwrap(), b"order");
        // Whoever reads the inbox rewrites a file where it lies.
        File::options().write(true).open(inbox.join("850.edi")).unwrap().write_all(b"ORD").unwrap();
        assert_eq!(fs::read(inbox.join("850.edi")).unwrap(), b"ORDer");
        assert_eq!(fs::read(archive.path(id, Part::Payload)).unwrap(), b"order", "the record stays");
        for name in ["../850.edi", "a/b", "", ".", "..", "/etc/passwd", "a/"] {
            assert!(deliver(&archive, id, &inbox, name).is_err(), "{name}");
            Archive::clear_ready(&Archive::ready_path(id, &inbox)).unwrap();
        }
        assert!(deliver(&archive, transmission(5).id, &inbox, "x").is_err());
        assert_eq!(fs::read_dir(&inbox).unwrap().count(), 3, "a failure leaves nothing");
    }

    #[test]
    fn folders_that_are_made_for_an_order_outlast_a_power_cut() {
        let (guard, archive, id) = archive();
        put(&archive, id, Part::Payload, b"order");
        SYNCED.take();
        let inbox = guard.path().join("in/acme/production");
        deliver(&archive, id, &inbox, "850.edi").unwrap();
        let synced = SYNCED.take();
        for parent in [guard.path().to_owned(), guard.path().join("in"), guard.path().join("in/acme"), inbox] {
            assert!(synced.contains(&parent), "{} was not synced: {synced:?}", parent.display());
        }
        private_folder(&guard.path().join("w/workspace")).unwrap();
        assert_eq!(SYNCED.take(), [guard.path().to_owned(), guard.path().join("w")]);
    }

    #[test]
    fn the_inbox_on_another_file_system_gets_a_copy() {
        let (_guard, archive, id) = archive();
        put(&archive, id, Part::Payload, b"order");
        // Where there is no second file system to write to, there is nothing to see.
        let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else { return };
        for expected in ["a.edi", "a (2).edi"] {
            let path = deliver(&archive, id, elsewhere.path(), "a.edi").unwrap();
            assert_eq!(
                (path.file_name().unwrap().to_str(), fs::read(&path).unwrap()),
                (Some(expected), b"order".to_vec())
            );
        }
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_long_body_is_cut_to_its_ends_and_a_payload_never() {
        let (_guard, archive, id) = archive();
        let body: Vec<u8> = (0..3 * 1024 * 1024_u32).map(|index| u8::try_from(index % 251).unwrap()).collect();
        put(&archive, id, Part::ResponseBody(1), &body);
        put(&archive, id, Part::Payload, &body);
        assert_eq!(archive.settle(id, Part::ResponseBody(1), DEFAULT_KEEP).unwrap(), None);
        assert!(archive.settle(id, Part::Payload, 10).is_err());
        assert_eq!(archive.settle(id, Part::RequestBody(1), 10).unwrap(), None, "there is none");

        let end = 1024 * 1024;
        let cut = archive.settle(id, Part::ResponseBody(1), 2_500_000).unwrap().unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
        let sha256 = crate::domain::certificate::hex(digest.as_ref());
        assert_eq!(cut, Cut { length: body.len() as u64, sha256, head: end as u64, tail: end as u64 });
        let kept = fs::read(archive.path(id, Part::ResponseBody(1))).unwrap();
        assert_eq!(kept, [&body[..end], &body[body.len() - end..]].concat());
        assert_eq!(archive.settle(id, Part::ResponseBody(1), 10).unwrap(), Some(cut.clone()), "once is enough");
        assert_eq!(archive.cut(id, Part::ResponseBody(1)).unwrap(), Some(cut));
        assert_eq!(fs::read(archive.path(id, Part::Payload)).unwrap(), body);
    }

    #[test]
    fn an_interrupted_cut_is_done_again() {
        let (_guard, archive, id) = archive();
        let file = put(&archive, id, Part::RequestBody(1), &[7; 100]);
        let note = r#"{"length":100,"sha256":"00","head":5,"tail":5}"#;
        fs::write(file.path.with_file_name("request.body.json"), note).unwrap();
        assert_eq!(archive.cut(id, Part::RequestBody(1)).unwrap(), None, "the body is whole");
        assert_eq!(archive.settle(id, Part::RequestBody(1), 10).unwrap().unwrap().head, 5);
        assert_eq!(fs::read(&file.path).unwrap(), [7; 10]);
    }
}
