//! Keeping the workspace's key: under a passphrase, in the system's keychain, or in a file that the user alone can read.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::domain::certificate::hex;

use super::archive_sweep::unfinished;
use super::error::{FileError, StoreError};
use super::keychain::{self, KeychainTrouble};
use super::sealing::{KEY_LENGTH, Place, SealingKey};
use super::session::{Session, column, sql};

/// Name of the key file in the workspace's folder.
pub(super) const KEY_FILE: &str = "workspace.key";

/// What opens a workspace's secrets.
#[derive(Clone, Default)]
pub struct Unlock {
    /// The passphrase. Without one, a workspace that has a passphrase can be read, but its secrets stay locked.
    pub passphrase: Option<Zeroizing<String>>,
    /// Whether somebody waits who can give the keychain its password: then it is given a minute, not seconds.
    pub is_attended: bool,
}

impl Unlock {
    /// Without a passphrase.
    #[must_use]
    pub const fn none() -> Self {
        Self { passphrase: None, is_attended: false }
    }

    /// Without a passphrase, by somebody who waits for it.
    #[must_use]
    pub const fn attended() -> Self {
        Self { passphrase: None, is_attended: true }
    }

    /// With a passphrase.
    #[must_use]
    pub const fn with_passphrase(passphrase: Zeroizing<String>) -> Self {
        Self { passphrase: Some(passphrase), is_attended: false }
    }
}

impl fmt::Debug for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.passphrase.is_some() { "Unlock(passphrase)" } else { "Unlock(none)" })
    }
}

/// How a workspace's secrets are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// By a passphrase.
    Passphrase,
    /// By a key file beside the database: whoever can read the user's files can read the secrets. To be said aloud.
    KeyFile {
        /// The key file.
        path: PathBuf,
    },
    /// By the system's keychain.
    Keychain,
}

impl Protection {
    /// How it is spelt.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passphrase => Kept::Passphrase.as_str(),
            Self::KeyFile { .. } => Kept::KeyFile.as_str(),
            Self::Keychain => Kept::Keychain.as_str(),
        }
    }
}

/// What is to protect a workspace's secrets from now on.
#[derive(Clone)]
pub enum NewProtection {
    /// This passphrase.
    Passphrase(Zeroizing<String>),
    /// A key file beside the database.
    KeyFile,
    /// The system's keychain.
    Keychain,
}

impl fmt::Debug for NewProtection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase(…)",
            Self::KeyFile => "KeyFile",
            Self::Keychain => "Keychain",
        })
    }
}

/// Why secrets cannot be opened, though the workspace can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockReason {
    /// They are protected by a passphrase, and none was given.
    #[error("they are protected by a passphrase, and none was given")]
    NoPassphrase,
    /// The key file is not there.
    #[error("the key file {} is missing", .0.display())]
    KeyFileMissing(PathBuf),
    /// The key file can be read by others than the user.
    #[error("the key file {} can be read or written by other users (mode {mode:03o})", .path.display())]
    KeyFileExposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file could not be read.
    #[error("the key file {} cannot be read: {reason}", .path.display())]
    KeyFileUnreadable {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The key file is that of another workspace, or damaged.
    #[error("the key file {} does not belong to this workspace", .0.display())]
    KeyFileForeign(PathBuf),
    /// The keychain does not give the key.
    #[error(transparent)]
    Keychain(#[from] KeychainTrouble),
}

impl LockReason {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoPassphrase => "set COUNTERSIGN_PASSPHRASE or COUNTERSIGN_PASSPHRASE_FILE".to_owned(),
            Self::KeyFileExposed { path, .. } => {
                format!("chmod 600 {}, and replace the identities if somebody may have copied it", path.display())
            }
            Self::KeyFileMissing(_) | Self::KeyFileForeign(_) => {
                "put the key file back from a backup of this workspace".to_owned()
            }
            Self::Keychain(trouble) => trouble.hint().to_owned(),
            Self::KeyFileUnreadable { path, .. } => format!("make {} readable for you alone", path.display()),
        }
    }
}

/// What the database knows about the workspace's key.
pub(super) struct KeyringEntry {
    kept: Kept,
    cost: Cost,
    /// For a passphrase, what it is derived with; for the keychain, under which name the key stands there.
    salt: Vec<u8>,
    /// Under a passphrase the key itself, else what tells whether a key is the right one.
    wrapped: Vec<u8>,
}

/// Where the key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Passphrase,
    KeyFile,
    Keychain,
}

impl Kept {
    const ALL: [Self; 3] = [Self::Passphrase, Self::KeyFile, Self::Keychain];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key-file",
            Self::Keychain => "keychain",
        }
    }
}

/// The work that a guess of the passphrase costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// 19 MiB and two passes, the least that OWASP recommends for Argon2id (RFC 9106).
    const NEW: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// Where nothing is derived.
    const NONE: Self = Self { memory_kib: 0, passes: 0, lanes: 0 };
    /// The most that is done for a database that asks for more, so that a forged one cannot exhaust the machine.
    const MOST: Self = Self { memory_kib: 1024 * 1024, passes: 64, lanes: 16 };
}

/// The result of unlocking.
pub(super) type Unlocked = Result<SealingKey, LockReason>;

const WRAPPED: Place<'_> = Place { column: "keyring.wrapped", row: "workspace" };
const CHECK: &[u8] = b"this key belongs to this workspace";

/// A passphrase that does not open the workspace.
pub(super) struct WrongPassphrase;

impl KeyringEntry {
    /// Reads the entry, where the workspace has one.
    pub(super) async fn load(session: &mut Session) -> Result<Option<Self>, StoreError> {
        let statement =
            sql("SELECT protection, memory_kib, passes, lanes, salt, wrapped FROM keyring WHERE id = 'workspace'");
        let Some(row) = session.row("read the keyring", statement).await? else { return Ok(None) };
        let number = |name: &'static str| -> Result<u32, StoreError> {
            u32::try_from(column::<i64>(&row, name)?).map_err(StoreError::damaged("the keyring"))
        };
        let protection: String = column(&row, "protection")?;
        let entry = Self {
            kept: Kept::ALL
                .into_iter()
                .find(|kept| kept.as_str() == protection)
                .ok_or_else(|| StoreError::damaged("the keyring")(format!("unknown protection `{protection}`")))?,
            cost: Cost { memory_kib: number("memory_kib")?, passes: number("passes")?, lanes: number("lanes")? },
            salt: column(&row, "salt")?,
            wrapped: column(&row, "wrapped")?,
        };
        let Cost { memory_kib, passes, lanes } = entry.cost;
        if memory_kib > Cost::MOST.memory_kib || passes > Cost::MOST.passes || lanes > Cost::MOST.lanes {
            return Err(StoreError::damaged("the keyring")("the passphrase would cost too much to check"));
        }
        Ok(Some(entry))
    }

    /// Writes the entry, in the place of an earlier one.
    pub(super) async fn save(&self, session: &mut Session) -> Result<(), StoreError> {
        let statement = sql("INSERT INTO keyring (id, protection, memory_kib, passes, lanes, salt, wrapped)
             VALUES ('workspace', $1, $2, $3, $4, $5, $6)
             ON CONFLICT (id) DO UPDATE SET protection = excluded.protection, memory_kib = excluded.memory_kib,
                 passes = excluded.passes, lanes = excluded.lanes, salt = excluded.salt, wrapped = excluded.wrapped")
        .bind(self.kept.as_str())
        .bind(i64::from(self.cost.memory_kib))
        .bind(i64::from(self.cost.passes))
        .bind(i64::from(self.cost.lanes))
        .bind(self.salt.clone())
        .bind(self.wrapped.clone());
        session.execute("write the keyring", statement).await.map(|_rows| ())
    }

    /// An entry that keeps a key under a passphrase.
    pub(super) async fn under_passphrase(key: &SealingKey, passphrase: Zeroizing<String>) -> Result<Self, StoreError> {
        let salt = random()?;
        let wrapping = derive(passphrase, salt.clone(), Cost::NEW).await?;
        let wrapped = wrapping.seal(WRAPPED, key.bytes())?;
        Ok(Self { kept: Kept::Passphrase, cost: Cost::NEW, salt, wrapped })
    }

    /// An entry for a key that is kept in the key file: it tells whether a key is the right one.
    pub(super) fn for_key_file(key: &SealingKey) -> Result<Self, StoreError> {
        let wrapped = key.seal(WRAPPED, CHECK)?;
        Ok(Self { kept: Kept::KeyFile, cost: Cost::NONE, salt: Vec::new(), wrapped })
    }

    /// An entry for a key that the keychain holds now, under a name that no other has.
    pub(super) async fn in_keychain(key: &SealingKey) -> Result<Self, StoreError> {
        let entry =
            Self { kept: Kept::Keychain, cost: Cost::NONE, salt: random()?, wrapped: key.seal(WRAPPED, CHECK)? };
        keychain::write(&entry.name(), Zeroizing::new(key.bytes().to_vec()), keychain::ASKED).await?;
        Ok(entry)
    }

    /// Under which name the keychain holds the key.
    fn name(&self) -> String {
        hex(&self.salt)
    }

    /// Has the keychain forget the key, where it holds it for this entry.
    pub(super) async fn forget(&self) -> Result<(), KeychainTrouble> {
        match self.kept {
            Kept::Keychain => keychain::forget(&self.name(), keychain::ASKED).await,
            Kept::Passphrase | Kept::KeyFile => Ok(()),
        }
    }

    /// How the workspace in this folder is protected.
    pub(super) fn protection(&self, folder: &Path) -> Protection {
        match self.kept {
            Kept::Passphrase => Protection::Passphrase,
            Kept::KeyFile => Protection::KeyFile { path: folder.join(KEY_FILE) },
            Kept::Keychain => Protection::Keychain,
        }
    }

    /// Opens the workspace's key, or says why it stays locked.
    pub(super) async fn unlock(
        &self,
        folder: &Path,
        unlock: &Unlock,
    ) -> Result<Result<Unlocked, WrongPassphrase>, StoreError> {
        match self.kept {
            Kept::KeyFile => return Ok(Ok(self.unlock_by_file(&folder.join(KEY_FILE)))),
            Kept::Keychain => return Ok(Ok(self.unlock_by_keychain(unlock.is_attended).await)),
            Kept::Passphrase => {}
        }
        let Some(passphrase) = unlock.passphrase.clone() else { return Ok(Ok(Err(LockReason::NoPassphrase))) };
        let wrapping = derive(passphrase, self.salt.clone(), self.cost).await?;
        Ok(wrapping
            .unseal(WRAPPED, &self.wrapped)
            .and_then(|key| SealingKey::from_bytes(&key))
            .map(Ok)
            .ok_or(WrongPassphrase))
    }

    fn unlock_by_file(&self, path: &Path) -> Unlocked {
        let key = read_key_file(path)?;
        if self.is_of(&key) { Ok(key) } else { Err(LockReason::KeyFileForeign(path.to_owned())) }
    }

    async fn unlock_by_keychain(&self, is_attended: bool) -> Unlocked {
        let limit = if is_attended { keychain::ASKED } else { keychain::OPENING };
        let bytes = keychain::read(&self.name(), limit).await?;
        let key = SealingKey::from_bytes(&bytes).filter(|key| self.is_of(key));
        key.ok_or(LockReason::Keychain(KeychainTrouble::Foreign))
    }

    /// Whether this is the key of the workspace.
    fn is_of(&self, key: &SealingKey) -> bool {
        key.unseal(WRAPPED, &self.wrapped).is_some_and(|check| check.as_slice() == CHECK)
    }
}

/// Bytes that no other entry has.
fn random() -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![0; 16];
    rand::fill(&mut bytes).map_err(|_unspecified| StoreError::Cryptography { doing: "make a salt" })?;
    Ok(bytes)
}

/// The key that a passphrase stands for. It takes tens of milliseconds, so not on a thread of the runtime.
async fn derive(passphrase: Zeroizing<String>, salt: Vec<u8>, cost: Cost) -> Result<SealingKey, StoreError> {
    const DOING: &str = "derive a key from the passphrase";
    let work = move || {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_LENGTH)).ok()?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &salt, key.as_mut_slice())
            .ok()?;
        SealingKey::from_bytes(key.as_slice())
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Some(key)) => Ok(key),
        Ok(None) | Err(_) => Err(StoreError::Cryptography { doing: DOING }),
    }
}

/// Reads a key file that the user alone can read.
pub(super) fn read_key_file(path: &Path) -> Unlocked {
    let unreadable =
        |error: io::Error| LockReason::KeyFileUnreadable { path: path.to_owned(), reason: error.to_string() };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(LockReason::KeyFileMissing(path.to_owned()));
        }
        Err(error) => return Err(unreadable(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(LockReason::KeyFileExposed { path: path.to_owned(), mode });
        }
    }
    // One byte more than a key, to notice a longer file without reading all of it.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_LENGTH + 1));
    file.take(KEY_LENGTH as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    SealingKey::from_bytes(&bytes).ok_or_else(|| LockReason::KeyFileForeign(path.to_owned()))
}

/// Writes a key file, complete on disk before it has its name, readable by the user alone. Replaces none.
pub(super) fn write_key_file(path: &Path, key: &SealingKey) -> Result<(), FileError> {
    const DOING: &str = "write the key file";
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = unfinished(folder, KEY_FILE).map_err(FileError::on(DOING, path))?;
    file.write_all(key.bytes()).map_err(FileError::on(DOING, path))?;
    file.as_file().sync_all().map_err(FileError::on(DOING, path))?;
    file.persist_noclobber(path).map_err(|error| FileError::on(DOING, path)(error.error))?;
    sync_folder(folder)
}

/// Removes the key file, once a passphrase has taken its place.
pub(super) fn remove_key_file(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => {
            result.map_err(FileError::on("remove the key file", path))?;
            // A key that came back with a power cut would open what the passphrase is to protect.
            sync_folder(path.parent().unwrap_or(Path::new(".")))
        }
    }
}

#[cfg(test)]
thread_local! {
    /// What was synced on this thread: that it was cannot be seen from the disk.
    pub(super) static SYNCED: std::cell::RefCell<Vec<PathBuf>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Makes names given in a folder survive a power cut.
///
/// # Errors
/// Where the folder cannot be opened or the disk fails.
pub fn sync_folder(folder: &Path) -> Result<(), FileError> {
    #[cfg(test)]
    SYNCED.with_borrow_mut(|synced| synced.push(folder.to_owned()));
    // Windows has no such call: its file systems journal their names.
    if cfg!(unix) {
        File::open(folder).and_then(|opened| opened.sync_all()).map_err(FileError::on("write the folder", folder))?;
    }
    Ok(())
}
