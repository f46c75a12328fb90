//! What goes wrong with a workspace, and whose fault it is.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::instant::in_words;
use crate::domain::size::size;

use super::automatic_backups::{AutomaticBackup, AutomaticBackupKind, automatic_backups};
use super::keychain::KeychainTrouble;
use super::keyring::{KEY_FILE, LockReason};
use super::location::LocationError;
use super::room;
use super::workspace::ARCHIVE;

/// An operation on a file or folder that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", .path.display())]
pub struct FileError {
    /// What was being done, as a verb: `write`, `create the folder`.
    pub doing: &'static str,
    /// Which file or folder.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`: names what was being done, and to which file.
    pub(super) fn on(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self { doing, path, source }
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some("free some space on that disk"),
            io::ErrorKind::PermissionDenied => Some("give the user of this program access to it"),
            io::ErrorKind::ReadOnlyFilesystem => Some("mount it writable, or use another workspace with --workspace"),
            _ => None,
        }
    }
}

/// Why a workspace could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The location itself makes no sense.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The path names a file.
    #[error("{} is not a folder", .path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The folder holds something else.
    #[error("{} is not a workspace: it holds other files, such as `{found}`", .path.display())]
    NotAWorkspace {
        /// The folder.
        path: PathBuf,
        /// One of the files in it.
        found: String,
    },
    /// The database was not written by this program.
    #[error("{} is not the database of a workspace: {reason}; it was left as it is", .path.display())]
    NotOurs {
        /// The database.
        path: PathBuf,
        /// How that is known.
        reason: String,
    },
    /// A newer version of this program wrote the database.
    #[error("{} was written by a newer version (schema {found}, this one knows {known}); it was left as it is", .path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// An older version wrote the database, which cannot be written to.
    #[error("{} must be brought up to date first, but it cannot be written to", .path.display())]
    OlderAndReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// The database of a workspace cannot be read.
    #[error("{} is damaged: {reason}; it was left as it is", .path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// How that is known.
        reason: String,
        /// The newest backup that the program has made of it by itself.
        newest: Option<Box<AutomaticBackup>>,
    },
    /// An older version wrote the database, and a program is at work on it.
    #[error("{} is of an earlier version and another program is using it, so it is not brought up to date", .path.display())]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// A backup that the program makes by itself finds no room.
    #[error("there is no room for a backup of the database in {}: it takes {}, and {} are free", .folder.display(), size(*.needed), size(*.free))]
    NoRoomForBackup {
        /// The folder of such backups.
        folder: PathBuf,
        /// How many bytes it takes.
        needed: u64,
        /// How many there are.
        free: u64,
    },
    /// Anybody may write into the folder.
    #[error("{} can be written to by every user of this computer, who could put another database or key in it", .path.display())]
    Exposed {
        /// The workspace's folder.
        path: PathBuf,
    },
    /// The passphrase does not open the workspace.
    #[error("the passphrase does not open the workspace {}", .path.display())]
    WrongPassphrase {
        /// The workspace's folder.
        path: PathBuf,
    },
    /// A file or folder could not be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The database could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Location(error) => Some(error.hint().to_owned()),
            Self::NotAFolder { .. } | Self::NotAWorkspace { .. } => {
                Some("name an empty folder, or one that does not exist yet, with --workspace".to_owned())
            }
            Self::NotOurs { .. } => Some(
                "if it is a workspace of yours it is damaged: restore a copy of it; otherwise name another folder with --workspace"
                    .to_owned(),
            ),
            Self::Newer { path, known, .. } => Some(before(path, *known).map_or_else(
                || "use the newer version of countersign".to_owned(),
                |backup| {
                    format!(
                        "use the newer version of countersign, or put back what was there before it: `countersign workspace \
                         restore {}`",
                        backup.file.display()
                    )
                },
            )),
            Self::Damaged { newest, .. } => Some(after_damage(newest.as_deref())),
            Self::InUse { .. } => Some("stop the other program first, then start this one again".to_owned()),
            Self::NoRoomForBackup { folder, .. } => Some(format!(
                "free some space on that disk, or make {} a link to a folder on another",
                folder.display()
            )),
            Self::Exposed { path } => Some(format!("`chmod o-w {}` leaves it to its user and group", path.display())),
            Self::OlderAndReadOnly { .. } => Some("open it once where it can be written to".to_owned()),
            Self::WrongPassphrase { .. } => {
                Some("check COUNTERSIGN_PASSPHRASE or COUNTERSIGN_PASSPHRASE_FILE".to_owned())
            }
            Self::File(error) => error.hint().map(str::to_owned),
            Self::Store(error) => error.hint(),
        }
    }
}

impl OpenError {
    /// The same of a workspace's database: what is damaged is told as that, with the newest backup of it.
    pub(super) fn of_database(self, path: &Path) -> Self {
        let Self::Store(StoreError::Damaged { what, reason }) = self else { return self };
        let folder = path.parent().unwrap_or(Path::new("."));
        let newest = automatic_backups(folder).into_iter().next().map(Box::new);
        // What stands beside a workspace's database. The file itself says nothing any more.
        let is_ours = newest.is_some() || folder.join(KEY_FILE).is_file() || folder.join(ARCHIVE).is_dir();
        if !is_ours {
            return Self::Store(StoreError::Damaged { what, reason });
        }
        let reason = if path.as_os_str() == what.as_str() { reason } else { format!("{what}: {reason}") };
        Self::Damaged { path: path.to_owned(), reason, newest }
    }
}

/// What to do about a damaged database, in words. `newest`: the newest backup that the program has made of it by itself.
#[must_use]
pub fn after_damage(newest: Option<&AutomaticBackup>) -> String {
    match newest {
        Some(backup) => format!(
            "look at the disk; then, with every program of this workspace stopped, `countersign workspace restore {}` puts back \
             the automatic backup of {} and keeps the damaged database beside it",
            backup.file.display(),
            in_words(backup.made)
        ),
        None => "there is no automatic backup of it: copy the workspace's folder elsewhere before anything else, look at the \
                 disk, and restore a backup that was made with `countersign workspace backup`"
            .to_owned(),
    }
}

/// The newest backup of a database that was made before it was brought to a schema which is not known here.
fn before(path: &Path, known: i64) -> Option<AutomaticBackup> {
    let is_older = |kind| matches!(kind, AutomaticBackupKind::BeforeSchema(schema) if schema > known);
    automatic_backups(path.parent()?).into_iter().find(|backup| is_older(backup.kind))
}

/// Why something could not be read from or written to a workspace.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program, or another part of this one, held the database for too long.
    #[error("cannot {doing}: another program is using the workspace {}", .path.display())]
    Busy {
        /// What was being done.
        doing: &'static str,
        /// The database.
        path: PathBuf,
    },
    /// The workspace cannot be written to.
    #[error("cannot {doing}: {} cannot be written to", .path.display())]
    ReadOnly {
        /// What was being done.
        doing: &'static str,
        /// The database.
        path: PathBuf,
    },
    /// A newer version has changed the database since it was opened.
    #[error("cannot {doing}: a newer version of countersign has changed {} meanwhile (schema {found}, this one knows {known})", .path.display())]
    Newer {
        /// What was being done.
        doing: &'static str,
        /// The database.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The disk is full.
    #[error("cannot {doing}: the disk that holds {} is full", .path.display())]
    DiskFull {
        /// What was being done.
        doing: &'static str,
        /// The database.
        path: PathBuf,
    },
    /// The database failed in another way.
    #[error("cannot {doing}: {}: {reason}", .path.display())]
    Database {
        /// What was being done.
        doing: &'static str,
        /// The database.
        path: PathBuf,
        /// What it said.
        reason: String,
        /// Its error code, where it gave one.
        code: Option<i64>,
    },
    /// What is stored cannot be understood.
    #[error("{what} in the workspace is damaged: {reason}")]
    Damaged {
        /// What is damaged, by name.
        what: String,
        /// In which way.
        reason: String,
    },
    /// Secrets can be neither read nor written, because the workspace's key is not there.
    #[error("the workspace's secrets are locked: {0}")]
    Locked(LockReason),
    /// The keychain did not take the workspace's key.
    #[error("the key is not kept in the keychain: {0}")]
    Keychain(#[from] KeychainTrouble),
    /// A secret does not open under the workspace's key.
    #[error("{what} cannot be unsealed: it was changed, moved, or sealed under another key")]
    Unsealable {
        /// Which secret, by name.
        what: String,
    },
    /// The system's cryptography failed.
    #[error("cannot {doing}: the cryptographic library refused")]
    Cryptography {
        /// What was being done.
        doing: &'static str,
    },
    /// There is one of that name already.
    #[error("there is {what} named `{name}` already")]
    Exists {
        /// What it is, with its article.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is none of that name.
    #[error("there is no {what} `{name}` in this workspace")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something is larger than is stored.
    #[error("{what} has {size} bytes, at most {most} are stored")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        most: usize,
    },
    /// The same of a connection, one among many.
    #[error("the connection `{id}` has {size} bytes, at most {most} are stored")]
    ConnectionTooLarge {
        /// Which.
        id: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        most: usize,
    },
    /// A file or folder of the workspace could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl StoreError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Busy { .. } => Some("close the other program, or try again in a moment".to_owned()),
            Self::ReadOnly { .. } => {
                Some("give the user of this program write access, or use another workspace with --workspace".to_owned())
            }
            Self::DiskFull { .. } => Some("free some space on that disk".to_owned()),
            Self::Newer { .. } => Some("end this program and start the newer version".to_owned()),
            Self::Damaged { .. } => Some(
                "`countersign workspace check` says what is damaged, and which backup is the newest to restore"
                    .to_owned(),
            ),
            Self::Locked(reason) => Some(reason.hint()),
            Self::Keychain(trouble) => Some(format!("what protected it before still does; {}", trouble.hint())),
            Self::File(error) => error.hint().map(str::to_owned),
            Self::Exists { .. } => Some("choose another name".to_owned()),
            Self::Database { .. }
            | Self::Unsealable { .. }
            | Self::Cryptography { .. }
            | Self::NotFound { .. }
            | Self::TooLarge { .. }
            | Self::ConnectionTooLarge { .. } => None,
        }
    }

    /// What the database driver says, in terms of the workspace.
    pub(super) fn from_driver(doing: &'static str, path: &Path, error: &sqlx::Error) -> Self {
        let path = path.to_owned();
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy { doing, path };
        }
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        let code = code.and_then(|code| code.parse::<i64>().ok());
        // Primary result codes are the low byte of the extended ones (sqlite.org/rescode.html).
        match code.map(|code| code & 0xff) {
            Some(5 | 6) => Self::Busy { doing, path },
            Some(8) => Self::ReadOnly { doing, path },
            Some(13) => Self::DiskFull { doing, path },
            // SQLITE_IOERR and SQLITE_CANTOPEN: its log and the index of that find no room either.
            Some(10 | 14) if room::is_full(&path) => Self::DiskFull { doing, path },
            Some(11 | 26) => Self::Damaged { what: path.display().to_string(), reason: error.to_string() },
            _ => Self::Database { doing, path, reason: error.to_string(), code },
        }
    }

    /// For `map_err`: what was stored under a name cannot be understood.
    pub(super) fn damaged<E: std::fmt::Display>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |reason| Self::Damaged { what, reason: reason.to_string() }
    }
}

/// Refuses what is larger than is stored.
pub(super) const fn at_most(what: &'static str, size: usize, most: usize) -> Result<(), StoreError> {
    if size > most { Err(StoreError::TooLarge { what, size, most }) } else { Ok(()) }
}
