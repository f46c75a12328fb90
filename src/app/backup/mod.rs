//! The workspace in one file, and back: for another disk, or another machine.
//!
//! A backup is a ZIP archive that any program can read. `backup.json` comes first and says what it is of; then the database,
//! as it was at one instant; then the servers' certificates that the workspace keeps, and the files of the archive that this
//! database knows of; and last `SHA256SUMS` with the digest
//! of each, in the form of the tool of that name. Keys and passwords are in it as they are in the workspace, sealed. The key
//! file, where one protects them, is not: whoever had both would have them in the clear. With a passphrase of its own the
//! backup's secrets open by that; where the workspace's key is in the keychain, there is no backup without one.
//!
//! Beside that, the program backs up the database by itself (`upkeep`, and before it is brought up to date): a file that is put
//! back into its workspace, beside the archive that lies there.
//!
//! A workspace is moved by restoring a backup in the other place and opening that with `--workspace`. It is not moved while
//! it is open: other programs may hold it (`serve`), its outboxes may be on the way, and a disk that fails half-way would
//! leave two halves. Both ends are whole at every instant this way, and the old one is removed by whoever sees the new one
//! work.

mod put_back;
mod restore;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use crate::store::is_database;
pub use put_back::{DatabaseRestored, restore_database, verify_database};

use super::commands::{CommandSettings, restored_commands};
use super::retention::retention_lock;
use super::send::blocking_while_wanted;
use super::server_certificate::kept_certificates;
use super::written::folder_of;
use super::{App, AppError};
use crate::domain::audit::{AuditAct, AuditNote};
use crate::store::{CopyOptions, DATABASE_FILE, Protection, UnfinishedFolder};

/// The form that this program writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// The entry that says what a backup is of.
const HEAD: &str = "backup.json";

/// The entry with the digests of all others.
const SUMS: &str = "SHA256SUMS";

/// The most files of a backup. An archive's list of contents is held in memory while it is written.
const MOST_FILES: u64 = 2_000_000;

/// How what is not whole yet is called: a folder beside the place.
const BEGUN: &str = "countersign-folder";

/// What is to be backed up, and where to.
#[derive(Clone)]
pub struct BackupRequest {
    /// The file to write. One that is there is replaced once the backup is whole.
    pub file: PathBuf,
    /// Whether payloads go with it, and the messages that hold them. Those of what is not at its end always do.
    pub payloads: bool,
    /// A passphrase under which the secrets are in the backup; as in the workspace where none is given.
    pub passphrase: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for BackupRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackupRequest")
            .field("file", &self.file)
            .field("payloads", &self.payloads)
            .finish_non_exhaustive()
    }
}

/// By what the secrets in a backup are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackupProtection {
    /// By a passphrase, on any machine.
    Passphrase,
    /// By the key file of the workspace that it was made from, which is not in it.
    KeyFile,
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFacts {
    /// Its form.
    pub format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// When.
    pub made: Timestamp,
    /// The schema of its database.
    pub schema: i64,
    /// By what its secrets are opened.
    pub protection: BackupProtection,
    /// Whether payloads are in it.
    pub payloads: bool,
    /// How many connections.
    pub connections: u64,
    /// How many identities.
    pub identities: u64,
    /// How many transmissions.
    pub transmissions: u64,
    /// For how many of them something is still to be done.
    pub unsettled: u64,
    /// How many files, the database among them.
    pub files: u64,
    /// How many bytes these have.
    pub bytes: u64,
}

/// A backup that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupMade {
    /// Where.
    pub file: PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// What is in it.
    #[serde(flatten)]
    pub facts: BackupFacts,
}

/// A workspace that was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Its folder.
    pub folder: PathBuf,
    /// Where the key file of the workspace that was backed up has to be put; nothing where a passphrase opens its secrets.
    pub key_file: Option<PathBuf>,
    /// The programs that follow a message in it. None is run until somebody has confirmed them there.
    pub commands: CommandSettings,
    /// What was in the backup.
    #[serde(flatten)]
    pub facts: BackupFacts,
}

/// Told how many bytes are done, and of how many; of none as long as that is not known.
pub type BackupProgress<'a> = &'a (dyn Fn(u64, u64) + Sync);

impl App {
    /// Writes the whole workspace into one file, as it is at one instant; sending and receiving go on meanwhile. The file is
    /// there in full or as it was before.
    ///
    /// # Errors
    /// Where there is no workspace, what retention says is being removed, the secrets are locked and a passphrase is wished
    /// for, something cannot be read, or the file cannot be written.
    pub async fn back_up(&self, request: &BackupRequest, told: BackupProgress<'_>) -> Result<BackupMade, AppError> {
        let Some(workspace) = self.existing().await? else {
            return Err(AppError::new("there is no workspace yet, so there is nothing to back up")
                .hint("it is made with the first connection or identity"));
        };
        if workspace.protection() == Protection::Keychain && request.passphrase.is_none() {
            return Err(needs_passphrase());
        }
        if std::fs::metadata(&request.file).is_ok_and(|found| !found.is_file()) {
            return Err(AppError::new(format!("{} is no file that could be replaced", request.file.display()))
                .hint("name a file to write, such as countersign-backup.zip"));
        }
        // Nothing that the copy of the database knows of is taken away meanwhile. One that can only be read keeps no lock.
        let alone = if workspace.is_read_only() { None } else { retention_lock(&workspace).await? };
        if alone.is_none() && !workspace.is_read_only() {
            return Err(AppError::new("what the rules of retention say is being removed from this workspace")
                .hint("wait until that is done, and try again"));
        }
        if !workspace.is_read_only() {
            let to = request.file.display().to_string();
            let note = AuditNote::of(AuditAct::BackedUp, "workspace").with("file", None, Some(&to));
            workspace.note(note).await?;
        }
        told(0, 0);
        let folder = folder_of(&request.file);
        let staging =
            UnfinishedFolder::begin(folder, BEGUN).map_err(|error| super::written::cannot(&request.file, &error))?;
        let database = staging.path().join(DATABASE_FILE);
        let options = CopyOptions { passphrase: request.passphrase.clone(), without_payloads: !request.payloads };
        let now = self.now();
        let copy = workspace.copy_database(&database, &options, now).await?;
        let facts = BackupFacts {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made: now,
            schema: copy.schema,
            protection: match copy.protection {
                Protection::Passphrase => BackupProtection::Passphrase,
                Protection::KeyFile { .. } => BackupProtection::KeyFile,
                // It was put there just now.
                Protection::Keychain => return Err(needs_passphrase()),
            },
            payloads: request.payloads,
            connections: copy.connections,
            identities: copy.identities,
            transmissions: copy.transmissions.len() as u64,
            unsettled: copy.unsettled.len() as u64,
            files: 0,
            bytes: 0,
        };
        let plan = write::Plan {
            file: request.file.clone(),
            staging,
            database,
            archive: workspace.archive().clone(),
            folder: workspace.folder().to_owned(),
            certificates: kept_certificates(&workspace)?,
            copy,
            facts,
        };
        let total = Arc::new(AtomicU64::new(0));
        let known = Arc::clone(&total);
        let made = blocking_while_wanted(
            |done| told(done, known.load(Ordering::Relaxed)),
            move |wanted| plan.write(wanted, &total),
        )
        .await?;
        drop(alone);
        tracing::info!(file = %made.file.display(), bytes = made.size, "backed up");
        Ok(made)
    }
}

/// Why a workspace whose key is in the keychain is not backed up as it is: nobody could open it on another machine, and here
/// only as long as the keychain keeps it.
fn needs_passphrase() -> AppError {
    AppError::new("the key of this workspace is in this machine's keychain, which is not in a backup")
        .hint("give the backup a passphrase of its own, with --passphrase-stdin or in the window; nothing was written")
}

/// What is in a backup, as it says itself; its files are not looked at.
///
/// # Errors
/// Where the file cannot be read, is no backup, or one of a newer version.
pub async fn look_at_backup(file: &Path) -> Result<BackupFacts, AppError> {
    let file = file.to_owned();
    super::send::blocking(move || restore::facts_of(&file)).await
}

/// Reads all of a backup and compares it with the digests in it; nothing is written.
///
/// # Errors
/// As [`restore_backup`], without what has to do with the folder.
pub async fn verify_backup(file: &Path, told: BackupProgress<'_>) -> Result<BackupFacts, AppError> {
    unpacked(file, None, told).await
}

/// Restores a backup into a folder that does not exist yet, or is empty. It is there once all of it was read and compared
/// with the digests in it.
///
/// # Errors
/// Where the folder holds something, the file is no backup, one of a newer version or not as it was written, or something
/// cannot be read or written. Then nothing is left of it.
pub async fn restore_backup(file: &Path, into: &Path, told: BackupProgress<'_>) -> Result<Restored, AppError> {
    let folder = std::path::absolute(into)
        .map_err(|error| AppError::new(format!("`{}` is not a path: {error}", into.display())))?;
    let facts = unpacked(file, Some(folder.clone()), told).await?;
    tracing::info!(file = %file.display(), into = %folder.display(), "restored a backup");
    let key_file = (facts.protection == BackupProtection::KeyFile).then(|| folder.join("workspace.key"));
    let commands = restored_commands(&folder).await.unwrap_or_default();
    Ok(Restored { folder, key_file, commands, facts })
}

async fn unpacked(file: &Path, into: Option<PathBuf>, told: BackupProgress<'_>) -> Result<BackupFacts, AppError> {
    let total = std::fs::metadata(file).map_err(|error| AppError::unread(file, &error))?.len();
    let file = file.to_owned();
    let read = move |wanted: &super::send::Wanted| restore::unpack(&file, into.as_deref(), wanted);
    blocking_while_wanted(|done| told(done, total), read).await
}

impl BackupProtection {
    /// What has to be known of it, in words.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Passphrase => "keys and passwords in it open by its passphrase, on any machine",
            Self::KeyFile => {
                "keys and passwords in it open only by the key file of the workspace it was made from, which is not in it"
            }
        }
    }
}
