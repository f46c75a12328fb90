//! The workspace: opening it, and its protection.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::domain::audit::{AuditAct, AuditNote};

use super::archive::{Archive, private_folder};
use super::audit::{self, Witness};
use super::automatic_backups::automatic_backups;
use super::connections::ReadBefore;
use super::database::{self, Database};
use super::error::{FileError, OpenError, StoreError};
use super::keychain::KeychainTrouble;
use super::keyring::{
    self, KEY_FILE, KeyringEntry, LockReason, NewProtection, Protection, Unlock, Unlocked, WrongPassphrase,
};
use super::left_keys::clear_left_keys;
use super::location::Location;
use super::putting_back::after_an_interruption;
use super::room;
use super::sealing::SealingKey;
use super::session::Session;
use super::transaction::Transaction;

/// Name of the archive in the workspace's folder.
pub(super) const ARCHIVE: &str = "archive";

/// An open workspace. Clones share it.
///
/// Its methods are asynchronous and may be called from any task. Those of [`Archive`] block.
#[derive(Clone)]
pub struct Workspace {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    database: Database,
    archive: Archive,
    safe: RwLock<Safe>,
    connections: ReadBefore,
    /// Rung when something to be done was kept through this workspace.
    duty_kept: Notify,
    /// When it was opened.
    opened: Timestamp,
    witness: OnceLock<Witness>,
}

/// The workspace's key and how it is kept.
struct Safe {
    protection: Protection,
    key: Arc<Unlocked>,
}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workspace").field("folder", &self.inner.folder).finish_non_exhaustive()
    }
}

/// What stands at a workspace's location.
enum Found {
    /// Nothing, or an empty folder: a workspace may be made there.
    Nothing,
    /// A database, perhaps a workspace's.
    Database,
}

/// Who may write to a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writers {
    User,
    #[cfg_attr(not(unix), expect(dead_code, reason = "rights are looked at on Unix alone"))]
    Group,
    #[cfg_attr(not(unix), expect(dead_code, reason = "rights are looked at on Unix alone"))]
    Everybody,
}

impl Workspace {
    /// Opens a workspace that exists, for writing where possible, else for reading. Creates nothing: where there is
    /// none yet, the answer is nothing.
    ///
    /// `now` is noted where an older workspace is brought up to date.
    ///
    /// # Errors
    /// Where the folder or its database is not a workspace's or a newer version's, another program holds it for longer
    /// than five seconds, the passphrase is wrong, or a file cannot be used.
    pub async fn open_existing(
        location: &Location,
        unlock: &Unlock,
        now: Timestamp,
    ) -> Result<Option<Self>, OpenError> {
        Self::open(location, unlock, now, false).await
    }

    /// Opens a workspace that exists, for reading alone. Where there is none, the answer is nothing.
    ///
    /// # Errors
    /// As [`Workspace::open_existing`].
    pub async fn open_for_reading(
        location: &Location,
        unlock: &Unlock,
        now: Timestamp,
    ) -> Result<Option<Self>, OpenError> {
        Self::open(location, unlock, now, true).await
    }

    async fn open(
        location: &Location,
        unlock: &Unlock,
        now: Timestamp,
        read_only: bool,
    ) -> Result<Option<Self>, OpenError> {
        let folder = location.path();
        if matches!(look(folder)?, Found::Nothing) {
            return Ok(None);
        }
        let folder = resolved(folder)?;
        let file = folder.join(database::FILE);
        if !read_only {
            after_an_interruption(&folder).await.ok();
        }
        match Database::open(&file, read_only, now).await? {
            Some(database) => match Self::assemble(folder, database, unlock, now).await {
                Ok(workspace) => Ok(Some(workspace)),
                Err(error) => Err(error.of_database(&file)),
            },
            None => Ok(None),
        }
    }

    /// Opens a workspace, and creates it where there is none: the folder for the user alone (mode 0700 on Unix), its
    /// files likewise (0600). With a passphrase, a new workspace's secrets are protected by it, else by a key file.
    ///
    /// # Errors
    /// As [`Workspace::open_existing`]; and where nothing can be created there.
    pub async fn open_or_create(location: &Location, unlock: &Unlock, now: Timestamp) -> Result<Self, OpenError> {
        if let Some(workspace) = Self::open_existing(location, unlock, now).await? {
            return Ok(workspace);
        }
        private_folder(location.path())?;
        let folder = resolved(location.path())?;
        let database = Database::create(&folder.join(database::FILE), now).await?;
        keyring::sync_folder(&folder)?;
        Self::assemble(folder, database, unlock, now).await
    }

    async fn assemble(folder: PathBuf, database: Database, unlock: &Unlock, now: Timestamp) -> Result<Self, OpenError> {
        const DOING: &str = "read the keyring";
        let mut entry = KeyringEntry::load(&mut database.read(DOING).await?).await?;
        if entry.is_none() && !database.is_read_only() {
            let mut session = database.write("make the workspace's key").await?;
            entry = match KeyringEntry::load(&mut session).await? {
                // Another program was faster.
                Some(entry) => Some(entry),
                None => Some(new_key(&mut session, &folder, unlock).await?),
            };
            session.commit("make the workspace's key").await?;
        }
        let safe = match &entry {
            Some(entry) => {
                let opened = entry.unlock(&folder, unlock).await?;
                let key = opened.map_err(|WrongPassphrase| OpenError::WrongPassphrase { path: folder.clone() })?;
                let protection = entry.protection(&folder);
                if !database.is_read_only() {
                    clear_left_keys(&database, &protection, &key).await;
                }
                Safe { protection, key: Arc::new(key) }
            }
            // Made, but never used, and now on a medium that cannot be written to.
            None => {
                let path = folder.join(KEY_FILE);
                let key = Arc::new(Err(LockReason::KeyFileMissing(path.clone())));
                Safe { protection: Protection::KeyFile { path }, key }
            }
        };
        let archive = Archive::new(folder.join(ARCHIVE));
        Ok(Self {
            inner: Arc::new(Inner {
                folder,
                database,
                archive,
                safe: RwLock::new(safe),
                connections: ReadBefore::default(),
                duty_kept: Notify::new(),
                opened: now,
                witness: OnceLock::new(),
            }),
        })
    }

    /// Says in whose name the audit log is written, and by which clock. Said once; before that nobody is named, and the
    /// instant is that of opening.
    pub fn witnessed_by(&self, witness: Witness) {
        self.inner.witness.get_or_init(|| witness);
    }

    /// The instant, and who is acting.
    pub(super) fn witness(&self) -> (Timestamp, String) {
        self.inner
            .witness
            .get()
            .map_or_else(|| (self.inner.opened, String::new()), |witness| ((witness.now)(), witness.by.clone()))
    }

    /// The connections as they were read last.
    pub(super) fn read_before(&self) -> &ReadBefore {
        &self.inner.connections
    }

    /// Rung when something to be done was kept, by this program.
    pub(super) fn duty_kept(&self) -> &Notify {
        &self.inner.duty_kept
    }

    /// The workspace's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Payloads and raw bytes.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.inner.archive
    }

    /// Whether it can only be read.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.inner.database.is_read_only()
    }

    /// Whether it can only be read because its disk was full when it was opened.
    #[must_use]
    pub fn wants_room(&self) -> bool {
        self.inner.database.wants_room()
    }

    /// Whether that is so, and there is room again: opened once more, it can be written to.
    #[must_use]
    pub fn has_room_again(&self) -> bool {
        self.wants_room() && !room::is_full(&self.inner.folder)
    }

    /// Whether a group may write to its folder, and put another database or key in it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        writers(&self.inner.folder) == Writers::Group
    }

    /// Whether another program has written to it since this was last asked; not, when it is asked for the first time.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn changed_elsewhere(&self) -> Result<bool, StoreError> {
        self.inner.database.changed_elsewhere().await
    }

    /// How many bytes the database has, and how many of them are free for what is written next: what is removed from it
    /// leaves room in it.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn database_bytes(&self) -> Result<(u64, u64), StoreError> {
        self.inner.database.room().await
    }

    /// How its secrets are protected.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.inner.safe.read().unwrap_or_else(PoisonError::into_inner).protection.clone()
    }

    /// Why its secrets are locked; nothing where they are open.
    #[must_use]
    pub fn locked(&self) -> Option<LockReason> {
        self.key().as_ref().as_ref().err().cloned()
    }

    /// Unlocks the secrets of a workspace that was opened without its passphrase, or whose key file was mended since.
    ///
    /// # Errors
    /// Where the passphrase is wrong, or the keyring cannot be read.
    pub async fn unlock(&self, unlock: &Unlock) -> Result<(), OpenError> {
        let entry = KeyringEntry::load(&mut self.reading("read the keyring").await?).await?;
        if let Some(entry) = entry {
            let opened = entry.unlock(&self.inner.folder, unlock).await?;
            let key =
                opened.map_err(|WrongPassphrase| OpenError::WrongPassphrase { path: self.inner.folder.clone() })?;
            self.keep(entry.protection(&self.inner.folder), Arc::new(key));
        }
        Ok(())
    }

    /// Protects the secrets another way from now on. They need not be sealed again: only the workspace's key is kept another
    /// way. Returns why the keychain still holds the key, where it does though something else protects it now.
    ///
    /// # Errors
    /// Where the secrets are locked, or the keyring, the keychain or the key file cannot be written.
    pub async fn protect(&self, new: NewProtection) -> Result<Option<KeychainTrouble>, StoreError> {
        const DOING: &str = "change the workspace's protection";
        let current = self.key();
        let key = current.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
        let path = self.inner.folder.join(KEY_FILE);
        // At no instant is the key kept nowhere: it is in its new place before the database says so, and in the old one
        // until after. The keychain may take its time, so it is asked before others are kept waiting.
        let entry = match new {
            NewProtection::Passphrase(passphrase) => KeyringEntry::under_passphrase(key, passphrase).await?,
            NewProtection::KeyFile => KeyringEntry::for_key_file(key)?,
            NewProtection::Keychain => KeyringEntry::in_keychain(key).await?,
        };
        let protection = entry.protection(&self.inner.folder);
        let before = match self.put_protection(DOING, &entry, &protection, &path, key).await {
            Ok(before) => before,
            Err(error) => {
                if let Err(trouble) = entry.forget().await {
                    tracing::warn!("the keychain holds a key that nothing needs: {trouble}");
                }
                return Err(error);
            }
        };
        if !matches!(protection, Protection::KeyFile { .. }) {
            keyring::remove_key_file(&path)?;
        }
        self.keep(protection, Arc::clone(&current));
        Ok(match before {
            Some(before) => before.forget().await.err(),
            None => None,
        })
    }

    /// Has the database say how the key is kept. Returns what it said before.
    async fn put_protection(
        &self,
        doing: &'static str,
        entry: &KeyringEntry,
        protection: &Protection,
        path: &Path,
        key: &SealingKey,
    ) -> Result<Option<KeyringEntry>, StoreError> {
        let mut session = self.inner.database.write(doing).await?;
        let before = KeyringEntry::load(&mut session).await?;
        if matches!(protection, Protection::KeyFile { .. })
            && keyring::read_key_file(path).ok().is_none_or(|kept| kept.bytes() != key.bytes())
        {
            keyring::remove_key_file(path)?;
            keyring::write_key_file(path, key)?;
        }
        entry.save(&mut session).await?;
        let (at, by) = self.witness();
        let note = AuditNote::of(AuditAct::ProtectionChanged, "workspace").with(
            "protection",
            Some(self.protection().as_str()),
            Some(protection.as_str()),
        );
        audit::append(&mut session, &[note], at, &by).await?;
        session.commit(doing).await?;
        Ok(before)
    }

    /// Begins a transaction: several changes that are made together or not at all.
    ///
    /// While it lasts, no other part of the program can write, so nothing slow belongs inside; and a writing method of
    /// the workspace itself, called meanwhile by the same task, waits until it gives up.
    ///
    /// # Errors
    /// Where the workspace is read-only, or another program holds it for longer than five seconds.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction::new(self.clone(), self.inner.database.write("change the workspace").await?))
    }

    /// The database itself.
    pub(super) fn database(&self) -> &Database {
        &self.inner.database
    }

    /// Lets go of the database, after what is under way has ended.
    pub async fn close(&self) {
        self.inner.database.close().await;
    }

    /// A hold on the database for reading.
    pub(super) async fn reading(&self, doing: &'static str) -> Result<Session, StoreError> {
        self.inner.database.read(doing).await
    }

    /// The workspace's key, or why it is locked.
    pub(super) fn key(&self) -> Arc<Unlocked> {
        Arc::clone(&self.inner.safe.read().unwrap_or_else(PoisonError::into_inner).key)
    }

    fn keep(&self, protection: Protection, key: Arc<Unlocked>) {
        *self.inner.safe.write().unwrap_or_else(PoisonError::into_inner) = Safe { protection, key };
    }
}

/// Makes the key of a new workspace and keeps it, inside the caller's transaction.
async fn new_key(session: &mut Session, folder: &Path, unlock: &Unlock) -> Result<KeyringEntry, StoreError> {
    let entry = if let Some(passphrase) = unlock.passphrase.clone() {
        KeyringEntry::under_passphrase(&SealingKey::generate()?, passphrase).await?
    } else {
        let path = folder.join(KEY_FILE);
        let key = match keyring::read_key_file(&path) {
            // Left by a creation that was interrupted before the database knew of it.
            Ok(key) => key,
            Err(LockReason::KeyFileMissing(_)) => {
                let key = SealingKey::generate()?;
                keyring::write_key_file(&path, &key)?;
                key
            }
            Err(reason) => return Err(StoreError::Locked(reason)),
        };
        KeyringEntry::for_key_file(&key)?
    };
    entry.save(session).await?;
    Ok(entry)
}

/// Looks at a location without touching it.
fn look(folder: &Path) -> Result<Found, OpenError> {
    let about = match fs::metadata(folder) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        // A file stands where one of the folders above should be.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(OpenError::NotAFolder { path: folder.to_owned() });
        }
        Err(error) => return Err(FileError::on("read the folder", folder)(error).into()),
    };
    if !about.is_dir() {
        return Err(OpenError::NotAFolder { path: folder.to_owned() });
    }
    // A group that shares a workspace may be meant; that everybody may write to it is not.
    if writers(folder) == Writers::Everybody {
        return Err(OpenError::Exposed { path: folder.to_owned() });
    }
    let file = folder.join(database::FILE);
    let state = match fs::metadata(&file) {
        Ok(about) if about.len() > 0 => return Ok(Found::Database),
        Ok(_) => "it is empty",
        Err(error) if error.kind() == io::ErrorKind::NotFound => "it is missing",
        Err(error) => return Err(FileError::on("read", file)(error).into()),
    };
    if let Some(newest) = automatic_backups(folder).into_iter().next() {
        let reason = state.to_owned();
        return Err(OpenError::Damaged { path: file, reason, newest: Some(Box::new(newest)) });
    }
    let entries = fs::read_dir(folder).map_err(FileError::on("read the folder", folder))?;
    for entry in entries {
        let name = entry.map_err(FileError::on("read the folder", folder))?.file_name();
        let name = name.to_string_lossy();
        // What an interrupted creation or a sample's set-up leaves, and what file systems put into an empty folder of their own.
        let harmless = name.starts_with(database::FILE)
            || name == KEY_FILE
            || name.starts_with(".workspace.key.")
            || name == "sample.lock"
            || matches!(&*name, "lost+found" | ".DS_Store");
        if !harmless {
            return Err(OpenError::NotAWorkspace { path: folder.to_owned(), found: name.into_owned() });
        }
    }
    Ok(Found::Nothing)
}

/// Whether others than its user may write to a folder: all of them, or a group that is not the user's own.
#[cfg(unix)]
fn writers(folder: &Path) -> Writers {
    use std::os::unix::fs::MetadataExt as _;
    match fs::metadata(folder) {
        Ok(about) if about.mode() & 0o002 != 0 => Writers::Everybody,
        // Where each user has a group of the same number, as most systems have it, nobody else is in it.
        Ok(about) if about.mode() & 0o020 != 0 && about.gid() != about.uid() => Writers::Group,
        _ => Writers::User,
    }
}

#[cfg(not(unix))]
const fn writers(_folder: &Path) -> Writers {
    Writers::User
}

/// The folder's path without dots and links, which the database driver would read its own way.
fn resolved(folder: &Path) -> Result<PathBuf, FileError> {
    let made = if cfg!(unix) { fs::canonicalize(folder) } else { std::path::absolute(folder) };
    made.map_err(FileError::on("find the folder", folder))
}

#[cfg(test)]
mod tests;
