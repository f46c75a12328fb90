//! Reading a backup: one entry after the other, from its beginning to its end, whatever its size.
//!
//! The file may come from anywhere. Only names are taken that this program gives, each once; no more is written than the
//! backup says beforehand there is, and a little; and the folder has its name only once every digest was compared.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zip::read::read_zipfile_from_stream;
use zip::result::ZipError;

use super::{BEGUN, BackupFacts, FORMAT, HEAD, MOST_FILES, SUMS};
use crate::app::AppError;
use crate::app::commands::put_off::put_all_off;
use crate::app::send::{Wanted, WantedReader};
use crate::app::server_certificate::place_of_kept;
use crate::app::written::{cannot, folder_of};
use crate::store::{
    Archive, DATABASE_FILE, Digesting, NEWEST_SCHEMA, UnfinishedFolder, is_database, lasting_folder, sync_folder,
};

/// The most bytes of what a backup says of itself.
const MOST_FACTS: u64 = 64 * 1024;

/// The longest line of digest and name.
const MOST_LINE: u64 = 512;

/// What may have come while a backup was written, beside half as much again.
const LEEWAY: u64 = 1 << 30;

/// How the last record of a ZIP archive begins, and its length where no comment follows, as none does here.
const END: (&[u8], usize) = (b"PK\x05\x06", 22);

/// So much is read at a time.
const PIECE: usize = 256 * 1024;

/// What a backup says of itself.
pub(super) fn facts_of(file: &Path) -> Result<BackupFacts, AppError> {
    let wanted = Wanted::default();
    Ok(Reading::open(file, None, &wanted)?.facts)
}

/// Reads all of a backup, into a folder where one is named.
pub(super) fn unpack(file: &Path, into: Option<&Path>, wanted: &Wanted) -> Result<BackupFacts, AppError> {
    let place = into.map(Place::choose).transpose()?;
    let mut reading = Reading::open(file, place.as_ref().map(|place| place.building.path()), wanted)?;
    while reading.take_next()? {}
    let facts = reading.facts;
    if let Some(place) = place {
        // Whoever made the backup has set its commands.
        put_all_off(place.building.path())?;
        place.settle(wanted)?;
    }
    Ok(facts)
}

/// Where a workspace is being restored.
struct Place {
    /// The folder that it becomes.
    folder: PathBuf,
    /// The folder beside it in which it is built.
    building: UnfinishedFolder,
}

impl Place {
    /// A folder that is not there yet, or is empty.
    fn choose(folder: &Path) -> Result<Self, AppError> {
        let taken = |what: &str| {
            AppError::new(format!("{} {what}, so nothing is restored into it", folder.display()))
                .hint("name a folder that does not exist yet, or an empty one")
        };
        let folder = match fs::symlink_metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => folder.to_owned(),
            Err(error) => return Err(AppError::unread(folder, &error)),
            // The folder behind a link is what is filled.
            Ok(_) => {
                let folder = fs::canonicalize(folder).map_err(|error| AppError::unread(folder, &error))?;
                if !folder.is_dir() {
                    return Err(taken("is no folder"));
                }
                let mut entries = fs::read_dir(&folder).map_err(|error| AppError::unread(&folder, &error))?;
                // Not looked into: whoever closes a file gives up the locks that SQLite holds on it in this program.
                if folder.join(DATABASE_FILE).exists() {
                    return Err(taken("is a workspace already"));
                }
                if entries.next().is_some() {
                    return Err(taken("is not empty"));
                }
                folder
            }
        };
        let above = folder_of(&folder);
        lasting_folder(above).map_err(|error| cannot(&folder, &error.source))?;
        let building = UnfinishedFolder::begin(above, BEGUN);
        let building = building.map_err(|error| cannot(&folder, &error))?;
        Ok(Self { folder, building })
    }

    /// Gives the folder its name, once all that is in it is on disk.
    fn settle(self, wanted: &Wanted) -> Result<(), AppError> {
        let Self { folder, building } = self;
        sync(building.path(), wanted).map_err(|error| cannot(&folder, &error))?;
        if folder.is_dir() {
            // Where somebody has put something into it meanwhile, it stays.
            fs::remove_dir(&folder).map_err(|error| cannot(&folder, &error))?;
        }
        fs::rename(building.path(), &folder).map_err(|error| cannot(&folder, &error))?;
        // What it was called is not there any more, and is nobody's to be removed.
        building.keep();
        // A folder that may be entered but not listed cannot be synced; the workspace is there all the same.
        sync_folder(folder_of(&folder)).ok();
        Ok(())
    }
}

/// Has the disk take all that is in a folder.
fn sync(folder: &Path, wanted: &Wanted) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        wanted.check()?;
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path(), wanted)?;
        } else {
            // Windows wants the right to write for that.
            File::options().read(true).write(true).open(entry.path())?.sync_all()?;
        }
    }
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// A backup that is being read.
struct Reading<'a> {
    file: &'a Path,
    stream: BufReader<WantedReader<'a, File>>,
    /// Where its entries are put; nowhere where they are only looked at.
    into: Option<&'a Path>,
    facts: BackupFacts,
    files: u64,
    bytes: u64,
    /// The digests of what was read, as the backup should have them.
    sums: BufWriter<File>,
    buffer: Vec<u8>,
}

impl<'a> Reading<'a> {
    /// Opens it and reads what it says of itself.
    fn open(file: &'a Path, into: Option<&'a Path>, wanted: &'a Wanted) -> Result<Self, AppError> {
        let behind = fs::canonicalize(file).map_err(|error| AppError::unread(file, &error))?;
        // Nor is a database opened, which may be that of this very program (see `Place::choose`).
        if behind.file_name().is_some_and(|name| name.to_string_lossy().starts_with(DATABASE_FILE)) {
            return Err(foreign(file));
        }
        if is_database(&behind) {
            return Err(AppError::new(format!("{} is a backup of the database alone", file.display())).hint(
                "with every program of its workspace stopped, `countersign workspace restore` puts it back beside the archive",
            ));
        }
        let opened = File::open(&behind).map_err(|error| AppError::unread(file, &error))?;
        let mut stream = BufReader::with_capacity(PIECE, wanted.reader(opened));
        let mut head = Vec::new();
        {
            let entry = read_zipfile_from_stream(&mut stream).ok().flatten().ok_or_else(|| foreign(file))?;
            if entry.name().ok().as_deref() != Some(HEAD) || entry.size() > MOST_FACTS {
                return Err(foreign(file));
            }
            entry.take(MOST_FACTS).read_to_end(&mut head).map_err(|error| unreadable(file, &error))?;
        }
        // A later form may say other things; what it is called is always there.
        let form: Form = serde_json::from_slice(&head).map_err(|_no_form| foreign(file))?;
        if form.format > FORMAT || form.schema > NEWEST_SCHEMA {
            return Err(AppError::new(format!(
                "{} was made by a newer version, countersign {}, and cannot be read by this one",
                file.display(),
                form.version.chars().take(40).collect::<String>()
            ))
            .hint("use that version, or a newer one"));
        }
        let facts: BackupFacts = serde_json::from_slice(&head).map_err(|error| damaged(file, &error.to_string()))?;
        if facts.files > MOST_FILES {
            return Err(damaged(file, &format!("it says that it has {} files", facts.files)));
        }
        let sums = tempfile::tempfile().map_err(|error| cannot(Path::new(SUMS), &error))?;
        let mut sums = BufWriter::new(sums);
        write_sum(&mut sums, &Digesting::over(&head), HEAD)?;
        Ok(Self { file, stream, into, facts, files: 0, bytes: 0, sums, buffer: vec![0; PIECE] })
    }

    /// Reads the next entry; says whether another may follow. After the last one all digests were compared.
    fn take_next(&mut self) -> Result<bool, AppError> {
        let file = self.file;
        let entry = match read_zipfile_from_stream(&mut self.stream) {
            Ok(Some(entry)) => entry,
            Ok(None) => return Err(damaged(file, "its end is missing")),
            Err(error) => return Err(wrong(file, error)),
        };
        let name = entry.name().map_err(|error| wrong(file, error))?.into_owned();
        let size = entry.size();
        if name == SUMS {
            compare(&mut self.sums, BufReader::new(entry), file)?;
            if self.files == 0 || !matches!(read_zipfile_from_stream(&mut self.stream), Ok(None)) {
                return Err(damaged(file, "there is something else than what it says"));
            }
            self.read_contents()?;
            return Ok(false);
        }
        let Some(place) = place_of(&name) else {
            let shown: String = name.escape_debug().take(120).collect();
            return Err(damaged(file, &format!("`{shown}` is no file of a workspace")));
        };
        self.files += 1;
        self.bytes = self.bytes.saturating_add(size);
        let most_bytes = self.facts.bytes.saturating_add(self.facts.bytes / 2).saturating_add(LEEWAY);
        if self.files > self.facts.files.saturating_mul(2).saturating_add(1000) || self.bytes > most_bytes {
            return Err(damaged(file, "there is more in it than it says"));
        }
        // One byte more than it says, to notice that there is more.
        let mut source = Digesting::new(entry.take(size.saturating_add(1)));
        let mut out = self.into.map(|into| created(into, &place)).transpose()?;
        loop {
            let read = source.read(&mut self.buffer).map_err(|error| unreadable(file, &error))?;
            if read == 0 {
                break;
            }
            if let Some((path, out)) = &mut out {
                out.write_all(&self.buffer[..read]).map_err(|error| cannot(path, &error))?;
            }
        }
        let (digest, read) = source.finish();
        if read != size {
            return Err(damaged(file, &format!("`{name}` has another length than it says")));
        }
        write_sum(&mut self.sums, &digest, &name)?;
        Ok(true)
    }

    /// Reads the list of contents at the end, which other programs need: a copy that was cut off within it is told too.
    fn read_contents(&mut self) -> Result<(), AppError> {
        let file = self.file;
        let mut last = Vec::new();
        loop {
            let read = self.stream.read(&mut self.buffer).map_err(|error| unreadable(file, &error))?;
            if read == 0 {
                break;
            }
            last.extend_from_slice(&self.buffer[..read]);
            last.drain(..last.len().saturating_sub(END.1));
        }
        if last.len() == END.1 && last.starts_with(END.0) { Ok(()) } else { Err(damaged(file, "its end is missing")) }
    }
}

/// What every form has said of itself.
#[derive(serde::Deserialize)]
struct Form {
    format: u32,
    schema: i64,
    #[serde(default)]
    version: String,
}

/// The place of an entry in a workspace's folder; nothing where it is none that a backup has.
fn place_of(name: &str) -> Option<PathBuf> {
    if name == DATABASE_FILE {
        return Some(PathBuf::from(DATABASE_FILE));
    }
    Archive::place_of_entry(name).or_else(|| place_of_kept(name))
}

/// A new file for the user alone.
fn created(into: &Path, place: &Path) -> Result<(PathBuf, File), AppError> {
    let path = into.join(place);
    let mut folders = DirBuilder::new();
    folders.recursive(true);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        folders.mode(0o700);
        options.mode(0o600);
    }
    let made = folders.create(folder_of(&path)).and_then(|()| options.open(&path));
    made.map_err(|error| cannot(&path, &error)).map(|out| (path, out))
}

fn write_sum(sums: &mut BufWriter<File>, digest: &str, name: &str) -> Result<(), AppError> {
    writeln!(sums, "{digest}  {name}").map_err(|error| cannot(Path::new(SUMS), &error))
}

/// Compares the digests of what was read with those that a backup has, line by line.
fn compare(read: &mut BufWriter<File>, mut said: impl io::BufRead, file: &Path) -> Result<(), AppError> {
    use std::io::Seek as _;
    let own = |error: io::Error| cannot(Path::new(SUMS), &error);
    read.flush().map_err(own)?;
    let mut read = BufReader::new(read.get_mut());
    read.rewind().map_err(own)?;
    loop {
        let (mut line, mut other) = (String::new(), String::new());
        read.read_line(&mut line).map_err(own)?;
        said.by_ref().take(MOST_LINE).read_line(&mut other).map_err(|error| unreadable(file, &error))?;
        if line != other {
            let name = line.split_once("  ").map_or("a file", |(_, name)| name.trim_end());
            return Err(damaged(file, &format!("`{name}` is not as it was backed up")));
        }
        if line.is_empty() {
            return Ok(());
        }
    }
}

fn foreign(file: &Path) -> AppError {
    AppError::new(format!("{} is no backup of a workspace", file.display()))
        .hint("a backup is a file that `countersign workspace backup` or the window has written")
}

fn damaged(file: &Path, why: &str) -> AppError {
    AppError::new(format!("{} is not as it was written: {why}", file.display()))
        .hint("nothing of it was restored; copy it once more from where it was kept, or use another backup")
}

/// What went wrong while its entries were read.
fn wrong(file: &Path, error: ZipError) -> AppError {
    match error {
        ZipError::Io(error) => unreadable(file, &error),
        other => damaged(file, &other.to_string()),
    }
}

/// A file that ends too early or holds what it should not is damaged; another error is the disk's.
fn unreadable(file: &Path, error: &io::Error) -> AppError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(file, "it ends too early"),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            damaged(file, &error.to_string())
        }
        _ => AppError::unread(file, error),
    }
}

#[cfg(test)]
mod tests;
