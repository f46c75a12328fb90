//! The workspace: opening it, and its protection.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::archive::{Archive, private_folder};
use super::connections::ReadBefore;
use super::database::{self, Database};
use super::error::{FileError, OpenError, StoreError};
use super::keyring::{self, KEY_FILE, KeyringEntry, LockReason, Protection, Unlock, Unlocked, WrongPassphrase};
use super::location::Location;
use super::sealing::SealingKey;
use super::session::Session;
use super::transaction::Transaction;

/// Name of the archive in the workspace's folder.
const ARCHIVE: &str = "archive";

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
        match Database::open(&folder.join(database::FILE), read_only, now).await? {
            Some(database) => Self::assemble(folder, database, unlock).await.map(Some),
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
        Self::assemble(folder, database, unlock).await
    }

    async fn assemble(folder: PathBuf, database: Database, unlock: &Unlock) -> Result<Self, OpenError> {
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
                Safe { protection: entry.protection(&folder), key: Arc::new(key) }
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
            }),
        })
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

    /// Whether another program has written to it since this was last asked; not, when it is asked for the first time.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn changed_elsewhere(&self) -> Result<bool, StoreError> {
        self.inner.database.changed_elsewhere().await
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

    /// Protects the secrets by a new passphrase, or without one by the key file. They need not be sealed again: only
    /// the workspace's key is kept another way.
    ///
    /// # Errors
    /// Where the secrets are locked, or the keyring or the key file cannot be written.
    pub async fn protect(&self, passphrase: Option<Zeroizing<String>>) -> Result<(), StoreError> {
        const DOING: &str = "change the workspace's protection";
        let current = self.key();
        let key = current.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
        let path = self.inner.folder.join(KEY_FILE);
        let mut session = self.inner.database.write(DOING).await?;
        // At no instant is the key kept nowhere: the file is written before the database says so, and removed after.
        let entry = match passphrase {
            Some(passphrase) => KeyringEntry::under_passphrase(key, passphrase).await?,
            None => {
                if keyring::read_key_file(&path).ok().is_none_or(|kept| kept.bytes() != key.bytes()) {
                    keyring::remove_key_file(&path)?;
                    keyring::write_key_file(&path, key)?;
                }
                KeyringEntry::for_key_file(key)?
            }
        };
        entry.save(&mut session).await?;
        session.commit(DOING).await?;
        let protection = entry.protection(&self.inner.folder);
        if protection == Protection::Passphrase {
            keyring::remove_key_file(&path)?;
        }
        self.keep(protection, Arc::clone(&current));
        Ok(())
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
    let file = folder.join(database::FILE);
    match fs::metadata(&file) {
        Ok(about) if about.len() > 0 => return Ok(Found::Database),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(FileError::on("read", file)(error).into()),
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

/// The folder's path without dots and links, which the database driver would read its own way.
fn resolved(folder: &Path) -> Result<PathBuf, FileError> {
    let made = if cfg!(unix) { fs::canonicalize(folder) } else { std::path::absolute(folder) };
    made.map_err(FileError::on("find the folder", folder))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, connection, now, passphrase, transmission, workspace};
    use super::super::{As2Pair, Duty, DutyKind};
    use super::*;
    use crate::domain::transmission::{Transmission, Verdict};

    async fn existing(folder: &Path) -> Result<Option<Workspace>, OpenError> {
        Workspace::open_existing(&at(folder), &Unlock::none(), now()).await
    }

    async fn created(folder: &Path) -> Result<Workspace, OpenError> {
        Workspace::open_or_create(&at(folder), &Unlock::none(), now()).await
    }

    #[tokio::test]
    async fn reading_creates_nothing_and_writing_creates_all_for_the_user_alone() {
        let guard = tempfile::tempdir().unwrap();
        let folder = guard.path().join("deep/ä %20?#&/workspace");
        assert!(existing(&folder).await.unwrap().is_none());
        assert!(!guard.path().join("deep").exists());
        let workspace = created(&folder).await.unwrap();
        workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
        workspace.set_meta("a", "b").await.unwrap();
        let file = folder.join(KEY_FILE);
        assert_eq!(workspace.protection(), Protection::KeyFile { path: file.canonicalize().unwrap() });
        assert_eq!(workspace.locked(), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&folder), 0o700);
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
        workspace.close().await;
        assert!(!folder.join("countersign.sqlite-wal").exists(), "closing leaves one file");
        let again = existing(&folder).await.unwrap().unwrap();
        assert_eq!(again.connections().await.unwrap().len(), 1);
        assert_eq!(created(&folder).await.unwrap().connections().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn several_that_create_at_once_get_the_same_workspace() {
        let guard = tempfile::tempdir().unwrap();
        let folder = guard.path().join("w");
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..6 {
            let folder = folder.clone();
            tasks.spawn(async move {
                let workspace = created(&folder).await.unwrap();
                workspace.put_secret(&format!("secret {number}"), b"value").await.unwrap();
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let workspace = existing(&folder).await.unwrap().unwrap();
        for number in 0..6 {
            assert!(workspace.secret(&format!("secret {number}")).await.unwrap().is_some());
        }
    }

    #[tokio::test]
    async fn what_is_not_a_workspace_is_refused_and_left_alone() {
        let guard = tempfile::tempdir().unwrap();
        let folder = guard.path().join("photos");
        fs::create_dir(&folder).unwrap();
        assert!(existing(&folder).await.unwrap().is_none(), "an empty folder");
        fs::write(folder.join("cat.jpg"), b"cat").unwrap();
        for result in [existing(&folder).await.map(|_| ()), created(&folder).await.map(|_| ())] {
            let error = result.unwrap_err();
            assert!(error.to_string().contains("is not a workspace") && error.to_string().contains("cat.jpg"));
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        for path in [folder.join("cat.jpg"), folder.join("cat.jpg/below")] {
            assert!(matches!(existing(&path).await, Err(OpenError::NotAFolder { .. })));
        }

        let folder = guard.path().join("text");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(database::FILE), b"this is no database at all, whatever its name says").unwrap();
        assert!(matches!(created(&folder).await, Err(OpenError::NotOurs { .. })));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    /// Runs a statement on a workspace's database behind its back.
    async fn behind_its_back(folder: &Path, text: &'static str) {
        let options = format!("sqlite:{}?mode=rwc", folder.join(database::FILE).display());
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&options).await.unwrap();
        sqlx::raw_sql(text).execute(&pool).await.unwrap();
        pool.close().await;
    }

    #[tokio::test]
    async fn another_programs_database_and_a_newer_one_are_refused_untouched() {
        let guard = tempfile::tempdir().unwrap();
        behind_its_back(guard.path(), "CREATE TABLE theirs (id INTEGER)").await;
        let file = guard.path().join(database::FILE);
        let before = fs::read(&file).unwrap();
        assert!(matches!(existing(guard.path()).await, Err(OpenError::NotOurs { .. })));
        assert!(matches!(created(guard.path()).await, Err(OpenError::NotOurs { .. })));
        assert_eq!(fs::read(&file).unwrap(), before);
        assert_eq!(fs::read_dir(guard.path()).unwrap().count(), 1);

        // In the file's head, and where only the table says so.
        for newer in ["PRAGMA user_version = 99", "INSERT INTO schema_versions VALUES (99, 'later')"] {
            let guard = tempfile::tempdir().unwrap();
            created(guard.path()).await.unwrap().close().await;
            behind_its_back(guard.path(), newer).await;
            let file = guard.path().join(database::FILE);
            let before = fs::read(&file).unwrap();
            let error = created(guard.path()).await.unwrap_err();
            assert!(
                matches!(error, OpenError::Newer { found: 99, known: super::super::migrations::NEWEST, .. }),
                "{error}"
            );
            assert_eq!(fs::read(&file).unwrap(), before);
        }
    }

    #[tokio::test]
    async fn a_workspace_of_an_earlier_version_is_brought_up_to_date() {
        let guard = tempfile::tempdir().unwrap();
        let workspace = created(guard.path()).await.unwrap();
        workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
        let pending = Transmission { verdict: Verdict::Pending, ..transmission(0) };
        for sent in [&pending, &transmission(1)] {
            workspace.begin_transmission(sent, As2Pair::default()).await.unwrap();
        }
        workspace.close().await;
        for earlier in [
            "DROP TABLE duties",
            "DROP TABLE sightings",
            "DROP TABLE certificate_chains",
            "ALTER TABLE certificates DROP COLUMN confirmed_by",
            "DROP TABLE signatures_seen",
            "DROP TABLE server_sights",
            "DROP TABLE clock_samples",
            "DROP TABLE missed_activations",
            "DROP TABLE own_acquaintances",
            "DROP TABLE identity_requests",
            "DROP TABLE notice_tellings",
            "DROP TABLE notice_settlements",
            "DROP TABLE notice_mails",
            "DROP TABLE rollover_profiles",
            "DROP TABLE rollovers",
            "DROP INDEX transmissions_by_signer",
            "DROP INDEX transmissions_by_recipient",
            "ALTER TABLE transmissions DROP COLUMN signed_with",
            "ALTER TABLE transmissions DROP COLUMN encrypted_for",
            "ALTER TABLE transmissions DROP COLUMN sent_as",
            "DELETE FROM schema_versions WHERE version > 1",
            "PRAGMA user_version = 1",
        ] {
            behind_its_back(guard.path(), earlier).await;
        }
        let workspace = existing(guard.path()).await.unwrap().unwrap();
        assert_eq!(workspace.connections().await.unwrap().len(), 1);
        assert!(workspace.duties(now()).await.unwrap().is_empty());
        // What waited for its receipt does not wait for ever.
        let at = now().checked_add(jiff::SignedDuration::from_hours(24)).unwrap();
        let deadline = Duty { transmission: pending.id, kind: DutyKind::Deadline, at, number: 1, whither: None };
        assert_eq!(workspace.duties(Timestamp::MAX).await.unwrap(), [deadline]);
    }

    #[tokio::test]
    async fn an_interrupted_creation_is_taken_up_again() {
        let guard = tempfile::tempdir().unwrap();
        fs::write(guard.path().join(database::FILE), b"").unwrap();
        let key = SealingKey::generate().unwrap();
        keyring::write_key_file(&guard.path().join(KEY_FILE), &key).unwrap();
        assert!(existing(guard.path()).await.unwrap().is_none());
        let workspace = created(guard.path()).await.unwrap();
        workspace.put_secret("name", b"value").await.unwrap();
        assert_eq!(fs::read(guard.path().join(KEY_FILE)).unwrap(), key.bytes(), "the key that was there is used");
    }

    #[tokio::test]
    async fn a_workspace_that_cannot_be_written_is_read() {
        let (_guard, workspace) = workspace().await;
        workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
        workspace.put_secret("name", b"value").await.unwrap();
        let location = at(workspace.folder());
        let reader = Workspace::open_for_reading(&location, &Unlock::none(), now()).await.unwrap().unwrap();
        assert!(reader.is_read_only());
        assert_eq!(reader.connections().await.unwrap().len(), 1);
        assert_eq!(reader.secret("name").await.unwrap().unwrap().as_slice(), b"value");
        let refused = reader.save_connection(&connection("other", "Other"), now()).await.unwrap_err();
        assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused}");
        assert!(refused.to_string().contains("countersign.sqlite"));
    }

    #[tokio::test]
    async fn another_program_that_holds_the_workspace_is_named_as_the_reason() {
        let (_guard, workspace) = workspace().await;
        let other = existing(workspace.folder()).await.unwrap().unwrap();
        let transaction = other.begin().await.unwrap();
        let refused = workspace.set_meta("a", "b").await.unwrap_err();
        assert!(refused.to_string().contains("another program is using the workspace"), "{refused}");
        assert_eq!(workspace.meta("a").await.unwrap(), None, "reading goes on");
        transaction.commit().await.unwrap();
        workspace.set_meta("a", "b").await.unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_key_file_that_others_can_read_or_that_is_not_ours_locks_the_secrets() {
        use std::os::unix::fs::PermissionsExt as _;
        let (guard, workspace) = workspace().await;
        workspace.put_secret("name", b"value").await.unwrap();
        let file = workspace.folder().join(KEY_FILE);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let exposed = existing(workspace.folder()).await.unwrap().unwrap();
        let error = exposed.secret("name").await.unwrap_err();
        assert!(matches!(error, StoreError::Locked(LockReason::KeyFileExposed { mode: 0o640, .. })), "{error}");
        assert!(error.hint().unwrap().contains("chmod 600"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        exposed.unlock(&Unlock::none()).await.unwrap();
        assert!(exposed.secret("name").await.unwrap().is_some());

        let kept = guard.path().join("kept");
        fs::rename(&file, &kept).unwrap();
        let lost = existing(workspace.folder()).await.unwrap().unwrap();
        assert!(matches!(lost.locked(), Some(LockReason::KeyFileMissing(_))));
        keyring::write_key_file(&file, &SealingKey::generate().unwrap()).unwrap();
        let foreign = existing(workspace.folder()).await.unwrap().unwrap();
        assert!(matches!(foreign.locked(), Some(LockReason::KeyFileForeign(_))));
    }

    #[tokio::test]
    async fn protection_changes_and_the_secrets_stay() {
        let (_guard, workspace) = workspace().await;
        let file = workspace.folder().join(KEY_FILE);
        workspace.put_secret("name", b"value").await.unwrap();
        workspace.protect(Some(Zeroizing::new("correct horse".to_owned()))).await.unwrap();
        assert_eq!((workspace.protection(), file.exists()), (Protection::Passphrase, false));
        let location = at(workspace.folder());
        let opened = Workspace::open_existing(&location, &passphrase("correct horse"), now()).await.unwrap().unwrap();
        assert_eq!(opened.secret("name").await.unwrap().unwrap().as_slice(), b"value");
        opened.protect(None).await.unwrap();
        assert!(matches!(opened.protection(), Protection::KeyFile { .. }));
        let opened = existing(workspace.folder()).await.unwrap().unwrap();
        assert_eq!(opened.secret("name").await.unwrap().unwrap().as_slice(), b"value");
    }
}
