//! The sample's folder: whose it is, what stands in it, and that only one program at a time plays in it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::app::lease::LOCK as LOCK_OF_DUE_WORK;
use crate::app::{App, AppError, Clock};
use crate::store::{Location, Unlock, Workspace, is_locked, take_lock};

/// Under which the workspace remembers that it is a sample, and how far it was set up.
const MARK: &str = "sample";

/// The mark of a sample whose set-up has begun. What it left is worth nothing.
const BEGUN: &str = "begun";

/// The mark of a finished sample of this shape. Another shape gets another mark.
const SHAPE: &str = "3";

/// Under which the workspace remembers when the sample was set up.
const MADE: &str = "sample-made";

/// After so many days the first certificates of a sample have ended.
const FRESH_DAYS: i64 = 21;

/// A file that is locked as long as a program plays in the sample, and that by being there tells that the folder is one.
const LOCK: &str = "sample.lock";

/// Where the sample lies where nothing else is said.
///
/// # Errors
/// Where the user has no home folder.
pub fn usual_folder() -> Result<PathBuf, AppError> {
    let user = Location::of_user().map_err(|error| AppError::new(error.to_string()).hint(error.hint()))?;
    Ok(user.path().with_file_name("countersign-sample"))
}

/// Whether a program plays in the sample of this folder.
#[must_use]
pub fn is_open(folder: &Path) -> bool {
    is_locked(&folder.join(LOCK))
}

/// A sample's folder that nobody else plays in as long as this lives.
pub(super) struct Claim {
    path: PathBuf,
    /// When it was set up; nothing where that is still to be done.
    made: Option<Timestamp>,
    _lock: File,
}

impl Claim {
    /// Takes a folder for the sample. A finished sample is kept unless it is to be set up `anew`; what else an earlier
    /// one left is removed. Anything that is not a sample's is refused and left alone.
    pub(super) async fn take(path: &Path, anew: bool) -> Result<Self, AppError> {
        let found = look(path)?;
        if found == Found::Nothing {
            private(path).map_err(cannot(path))?;
        }
        let app = App::new(Location::Dir(path.to_owned()), Unlock::none(), Clock::System);
        let workspace = app.existing().await;
        if !is_ours(found, &workspace).await {
            return Err(AppError::new(format!("{} is neither empty nor a sample workspace", path.display()))
                .hint("name an empty folder with --workspace; the sample never touches a workspace of yours"));
        }
        let lock = locked(path).await?;
        let made = match (anew, workspace) {
            (true, _) | (false, Ok(None)) => None,
            (false, Ok(Some(workspace))) => made(&workspace, path).await?,
            (false, Err(error)) => return Err(damaged(path, error.message())),
        };
        app.close().await;
        if made.is_none() {
            clear(path)?;
        }
        Ok(Self { path: path.to_owned(), made, _lock: lock })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a finished sample in it.
    pub(super) const fn is_made(&self) -> bool {
        self.made.is_some()
    }

    /// When it was set up, where that is so long ago that certificates in it have ended.
    pub(super) fn aged(&self, now: Timestamp) -> Option<Timestamp> {
        self.made.filter(|made| now.as_second() - made.as_second() > FRESH_DAYS * 86_400)
    }
}

/// Says in the workspace that its set-up has begun.
pub(super) async fn begin(workspace: &Workspace) -> Result<(), AppError> {
    Ok(workspace.set_meta(MARK, BEGUN).await?)
}

/// Says in the workspace that its set-up is finished.
pub(super) async fn finish(workspace: &Workspace, now: Timestamp) -> Result<(), AppError> {
    workspace.set_meta(MADE, &now.to_string()).await?;
    Ok(workspace.set_meta(MARK, SHAPE).await?)
}

/// The command that sets the sample of this folder up anew.
pub(super) fn anew(folder: &Path) -> String {
    if usual_folder().is_ok_and(|usual| usual == folder) {
        return "countersign sample --reset".to_owned();
    }
    // Double quotes: the shells of all platforms take them.
    format!("countersign sample --reset --workspace \"{}\"", folder.display())
}

fn lost_by(folder: &Path) -> String {
    format!("`{}` sets it up anew; what was done in it is lost", anew(folder))
}

/// A sample that cannot be opened again as it was left.
pub(super) fn damaged(folder: &Path, what: &str) -> AppError {
    AppError::new(format!("the sample in {} is damaged: {what}", folder.display())).hint(lost_by(folder))
}

/// What stands in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// A sample, finished or not, whole or not.
    Sample,
    Something,
}

fn look(folder: &Path) -> Result<Found, AppError> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(cannot(folder)(error)),
    };
    if folder.join(LOCK).is_file() {
        return Ok(Found::Sample);
    }
    Ok(if entries.next().is_none() { Found::Nothing } else { Found::Something })
}

/// Whether what stands in a folder was made by a sample, or is nothing.
async fn is_ours(found: Found, workspace: &Result<Option<Workspace>, AppError>) -> bool {
    match workspace {
        Ok(Some(workspace)) => match workspace.meta(MARK).await {
            Ok(Some(_)) => true,
            // Interrupted before it could be marked.
            Ok(None) => {
                found == Found::Sample
                    && workspace.connections().await.is_ok_and(|found| found.is_empty())
                    && workspace.identities().await.is_ok_and(|found| found.is_empty())
            }
            Err(_) => found == Found::Sample,
        },
        Ok(None) => found != Found::Something,
        Err(_) => found == Found::Sample,
    }
}

/// Makes a folder for the user alone.
fn private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The lock of a sample, taken.
async fn locked(folder: &Path) -> Result<File, AppError> {
    let file =
        File::options().create(true).truncate(false).write(true).open(folder.join(LOCK)).map_err(cannot(folder))?;
    match take_lock(&file).await {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(AppError::new(format!("the sample in {} is open already", folder.display()))
                .hint("use its window, or close it first; --workspace names another folder for a second sample"))
        }
        Err(fs::TryLockError::Error(error)) => Err(cannot(folder)(error)),
    }
}

/// When a sample was set up; nothing where its set-up did not end.
async fn made(workspace: &Workspace, folder: &Path) -> Result<Option<Timestamp>, AppError> {
    let mark = workspace.meta(MARK).await.map_err(|error| damaged(folder, &error.to_string()))?;
    match mark.as_deref() {
        Some(SHAPE) => {}
        Some(BEGUN) | None => return Ok(None),
        Some(_) => {
            return Err(AppError::new(format!("the sample in {} was set up by another version", folder.display()))
                .hint(lost_by(folder)));
        }
    }
    let made = workspace.meta(MADE).await?.and_then(|text| text.parse().ok());
    made.map(Some).ok_or_else(|| damaged(folder, "it does not say when it was set up"))
}

/// Removes what a sample makes, and nothing else.
fn clear(folder: &Path) -> Result<(), AppError> {
    for entry in fs::read_dir(folder).map_err(cannot(folder))? {
        let path = entry.map_err(cannot(folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if ["archive", "backups", "partners", "downloads", "inbox", "log", "server-certificates"]
            .contains(&name.as_str())
        {
            fs::remove_dir_all(&path).map_err(cannot(folder))?;
        } else if name.starts_with("countersign.sqlite")
            || name == "workspace.key"
            || name == "serving"
            || name == "retention"
            || name.starts_with(LOCK_OF_DUE_WORK)
        {
            fs::remove_file(&path).map_err(cannot(folder))?;
        }
    }
    Ok(())
}

fn cannot(folder: &Path) -> impl Fn(io::Error) -> AppError + '_ {
    move |error| AppError::new(format!("cannot use {}: {error}", folder.display()))
}
