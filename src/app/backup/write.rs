//! Writing a backup.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{BackupFacts, BackupMade, HEAD, MOST_FILES, SUMS};
use crate::app::AppError;
use crate::app::send::Wanted;
use crate::app::written::{cannot, write_private_with};
use crate::domain::transmission::TransmissionId;
use crate::store::{Archive, DATABASE_FILE, DatabaseCopy, Digesting, UnfinishedFolder, holds_payload, is_archived};

/// Between 32-bit sizes and those of ZIP64.
const LARGE: u64 = 0xffff_0000;

/// How often a transmission's files are looked at anew because they were being changed.
const MOST_TRIES: usize = 5;

/// So much is copied at a time.
const PIECE: usize = 256 * 1024;

/// What goes into a backup.
pub(super) struct Plan {
    pub(super) file: PathBuf,
    /// Where what is only needed meanwhile lies: beside the file, on the same disk.
    pub(super) staging: UnfinishedFolder,
    /// The copy of the database, in there.
    pub(super) database: PathBuf,
    pub(super) archive: Archive,
    /// The workspace's folder.
    pub(super) folder: PathBuf,
    /// Servers' certificates that it keeps, by their names below it.
    pub(super) certificates: Vec<String>,
    pub(super) copy: DatabaseCopy,
    pub(super) facts: BackupFacts,
}

impl Plan {
    /// Writes it. `total` is set to how many bytes there are to read.
    pub(super) fn write(mut self, wanted: &Wanted, total: &AtomicU64) -> Result<BackupMade, AppError> {
        let mut ids = self.archive.transmissions()?;
        ids.retain(|id| self.copy.transmissions.contains(id));
        self.count(&ids, wanted)?;
        total.store(self.facts.bytes, Ordering::Relaxed);
        let size = write_private_with(&self.file, |out| self.fill(out, &ids, wanted))?;
        Ok(BackupMade { file: self.file, size, facts: self.facts })
    }

    /// How much there is. What comes of answers meanwhile is little, and is taken too.
    fn count(&mut self, ids: &[TransmissionId], wanted: &Wanted) -> Result<(), AppError> {
        let database = std::fs::metadata(&self.database).map_err(|error| AppError::unread(&self.database, &error))?;
        let (mut files, mut bytes) = (1, database.len());
        for name in &self.certificates {
            let path = self.folder.join(name);
            files += 1;
            bytes += std::fs::metadata(&path).map_err(|error| AppError::unread(&path, &error))?.len();
        }
        for id in ids {
            wanted.check().map_err(|error| AppError::new(error.to_string()))?;
            for (name, file) in self.archive.files(*id)? {
                if self.goes(*id, &name) {
                    files += 1;
                    bytes += file.bytes;
                }
            }
        }
        if files > MOST_FILES {
            return Err(AppError::new(format!("the archive has {files} files, more than the {MOST_FILES} of one backup"))
                .hint("leave payloads out, let retention remove what is old, or copy the workspace's folder while no program has it open"));
        }
        (self.facts.files, self.facts.bytes) = (files, bytes);
        Ok(())
    }

    fn goes(&self, id: TransmissionId, file: &str) -> bool {
        is_archived(file) && (self.facts.payloads || !holds_payload(file) || self.copy.unsettled.contains(&id))
    }

    fn fill(&self, out: &mut File, ids: &[TransmissionId], wanted: &Wanted) -> Result<u64, AppError> {
        let sums = self.staging.path().join(SUMS);
        let mut writing = Writing {
            archive: ZipWriter::new(Once::new(BufWriter::with_capacity(PIECE, out))),
            sums: BufWriter::new(File::create_new(&sums).map_err(|error| cannot(&sums, &error))?),
            sums_path: &sums,
            target: &self.file,
            options: SimpleFileOptions::default()
                .unix_permissions(0o600)
                .last_modified_time(crate::app::bundle::moment(self.facts.made)),
            buffer: vec![0; PIECE],
            wanted,
        };
        let mut head = serde_json::to_vec_pretty(&self.facts)
            .map_err(|error| AppError::new(format!("the backup cannot be described: {error}")))?;
        head.push(b'\n');
        writing.add(HEAD, &mut head.as_slice(), Path::new(HEAD), head.len() as u64)?;
        let database = File::open(&self.database).map_err(|error| AppError::unread(&self.database, &error))?;
        writing.add_file(DATABASE_FILE, database, &self.database)?;
        for name in &self.certificates {
            let path = self.folder.join(name);
            writing.add_file(name, File::open(&path).map_err(|error| AppError::unread(&path, &error))?, &path)?;
        }
        for id in ids {
            for (name, path, file) in self.opened(*id)? {
                writing.add_file(&self.archive.entry_name(*id, &name), file, &path)?;
            }
        }
        writing.finish()
    }

    /// The files of a transmission, as they are together: a body that is cut meanwhile is taken either whole or with the
    /// note that says so.
    fn opened(&self, id: TransmissionId) -> Result<Vec<(String, PathBuf, File)>, AppError> {
        let names = || -> Result<Vec<String>, AppError> {
            Ok(self.archive.files(id)?.into_iter().map(|(name, _)| name).filter(|name| self.goes(id, name)).collect())
        };
        let mut before = names()?;
        for _ in 0..MOST_TRIES {
            let mut opened = Vec::with_capacity(before.len());
            for name in &before {
                let path = self.archive.folder(id).join(name);
                match File::open(&path) {
                    Ok(file) => opened.push((name.clone(), path, file)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(AppError::unread(&path, &error)),
                }
            }
            let after = names()?;
            if after == before && opened.len() == before.len() {
                return Ok(opened);
            }
            before = after;
        }
        Err(AppError::new(format!("the files of transmission {id} are being changed all the time"))
            .hint("try again in a moment"))
    }
}

/// Fails once. Whoever writes the archive brings it to an end when it is let go of, and would say on standard error that
/// this failed too; nothing of that is kept.
struct Once<W> {
    out: W,
    has_failed: bool,
    /// Where it stands and how long it is; from the failure on, where it would.
    position: u64,
    end: u64,
}

impl<W> Once<W> {
    const fn new(out: W) -> Self {
        Self { out, has_failed: false, position: 0, end: 0 }
    }

    fn tried<T>(&mut self, otherwise: T, act: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.has_failed {
            return Ok(otherwise);
        }
        let done = act(&mut self.out);
        self.has_failed = done.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        done
    }
}

impl<W: Write> Write for Once<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.tried(piece.len(), |out| out.write(piece))?;
        self.position += written as u64;
        self.end = self.end.max(self.position);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tried((), Write::flush)
    }
}

impl<W: Seek> Seek for Once<W> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let would = match to {
            io::SeekFrom::Start(at) => Some(at),
            io::SeekFrom::Current(by) => self.position.checked_add_signed(by),
            io::SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        let would = would.ok_or(io::ErrorKind::InvalidInput)?;
        self.position = self.tried(would, |out| out.seek(to))?;
        Ok(self.position)
    }
}

/// A backup on its way.
struct Writing<'a, W: Write + Seek> {
    archive: ZipWriter<W>,
    sums: BufWriter<File>,
    sums_path: &'a Path,
    target: &'a Path,
    options: SimpleFileOptions,
    buffer: Vec<u8>,
    wanted: &'a Wanted,
}

impl<W: Write + Seek> Writing<'_, W> {
    fn add_file(&mut self, name: &str, file: File, path: &Path) -> Result<(), AppError> {
        let length = file.metadata().map_err(|error| AppError::unread(path, &error))?.len();
        let mut source = self.wanted.reader(file.take(length));
        self.add(name, &mut source, path, length)
    }

    fn add(&mut self, name: &str, source: &mut dyn Read, path: &Path, length: u64) -> Result<(), AppError> {
        let digest = self.copy(name, source, path, length)?;
        writeln!(self.sums, "{digest}  {name}").map_err(|error| cannot(self.sums_path, &error))
    }

    /// Copies an entry and returns its digest.
    fn copy(&mut self, name: &str, source: &mut dyn Read, path: &Path, length: u64) -> Result<String, AppError> {
        // Messages are encrypted or compressed already.
        let method = if name.ends_with(".body") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        // Documents become small at once; what takes longer makes them hardly smaller, and an archive has many.
        let level = (method == CompressionMethod::Deflated).then_some(1);
        let options = self.options.compression_method(method).compression_level(level).large_file(length >= LARGE);
        self.archive.start_file(name, options).map_err(|error| cannot(self.target, &error.into()))?;
        let mut source = Digesting::new(source);
        loop {
            let read = source.read(&mut self.buffer).map_err(|error| AppError::unread(path, &error))?;
            if read == 0 {
                return Ok(source.finish().0);
            }
            self.archive.write_all(&self.buffer[..read]).map_err(|error| cannot(self.target, &error))?;
        }
    }

    /// Adds the digests, and the list of contents. Returns the length of it all.
    fn finish(mut self) -> Result<u64, AppError> {
        self.sums.flush().map_err(|error| cannot(self.sums_path, &error))?;
        let sums = File::open(self.sums_path).map_err(|error| AppError::unread(self.sums_path, &error))?;
        let length = sums.metadata().map_err(|error| AppError::unread(self.sums_path, &error))?.len();
        let path = self.sums_path;
        self.copy(SUMS, &mut &sums, path, length)?;
        let target = self.target;
        let mut out = self.archive.finish().map_err(|error| cannot(target, &error.into()))?;
        out.flush().and_then(|()| out.stream_position()).map_err(|error| cannot(target, &error))
    }
}
