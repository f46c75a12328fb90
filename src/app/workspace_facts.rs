//! What is to be known of a workspace as a whole: where it lies, what protects it, how much is in it; and showing its folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

use super::soundness::{LastCheck, last_check};
use super::{App, AppError, BackupsUsage, DatabaseUsage};
use crate::domain::retention::RetentionKind;
use crate::store::{AutomaticBackup, Protection, automatic_backups};

/// What is to be known of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WorkspaceFacts {
    /// Its folder.
    pub place: PathBuf,
    /// Whether it has been made: it is with the first connection or identity.
    pub exists: bool,
    /// What protects its secrets: `passphrase`, `keychain` or `key-file`; nothing where there is none yet.
    pub protection: Option<&'static str>,
    /// The key file, where one protects them.
    pub key_file: Option<PathBuf>,
    /// Why its secrets are locked, in words; nothing where they are open.
    pub locked: Option<String>,
    /// Whether it can only be read.
    pub read_only: bool,
    /// The size of its database.
    pub database: DatabaseUsage,
    /// How many bytes of payloads, messages and receipts are kept.
    pub archive: u64,
    /// How many connections.
    pub connections: usize,
    /// How many identities.
    pub identities: usize,
    /// How many certificates of partners.
    pub certificates: usize,
    /// How many transmissions.
    pub transmissions: u64,
    /// Whether a group may write to its folder.
    pub shared: bool,
    /// What the automatic backups take.
    pub backups: BackupsUsage,
    /// What was backed up by itself, the newest first.
    pub automatic_backups: Vec<AutomaticBackup>,
    /// What a look for damage has shown last; nothing where there was none.
    pub checked: Option<LastCheck>,
}

impl App {
    /// Whether a group of users may write to the workspace's folder, and so put another database or key in it.
    ///
    /// # Errors
    /// Where the workspace cannot be opened.
    pub async fn is_shared(&self) -> Result<bool, AppError> {
        Ok(self.existing().await?.is_some_and(|workspace| workspace.is_shared()))
    }

    /// Whether the workspace can only be read because its disk is full.
    ///
    /// # Errors
    /// Where the workspace cannot be opened.
    pub async fn wants_room(&self) -> Result<bool, AppError> {
        Ok(self.existing().await?.is_some_and(|workspace| workspace.wants_room()))
    }

    /// What is to be known of the workspace.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn workspace_facts(&self) -> Result<WorkspaceFacts, AppError> {
        let Some(workspace) = self.existing().await? else {
            return Ok(WorkspaceFacts { place: self.location.path().to_owned(), ..WorkspaceFacts::default() });
        };
        let usage = self.storage_usage().await?;
        let of = |wanted: RetentionKind| usage.kinds.iter().filter(move |each| each.kind == wanted);
        let protection = workspace.protection();
        Ok(WorkspaceFacts {
            place: workspace.folder().to_owned(),
            exists: true,
            protection: Some(protection.as_str()),
            key_file: match protection {
                Protection::KeyFile { path } => Some(path),
                Protection::Passphrase | Protection::Keychain => None,
            },
            locked: workspace.locked().map(|reason| reason.to_string()),
            read_only: workspace.is_read_only(),
            database: usage.database,
            archive: RetentionKind::FILES.iter().flat_map(|kind| of(*kind)).map(|each| each.bytes).sum(),
            connections: workspace.connections().await?.len(),
            identities: workspace.identities().await?.len(),
            certificates: workspace.certificates().await?.len(),
            transmissions: of(RetentionKind::Journal).map(|each| each.number).sum(),
            shared: workspace.is_shared(),
            backups: usage.backups,
            automatic_backups: automatic_backups(workspace.folder()),
            checked: last_check(&workspace).await?,
        })
    }
}

/// Shows a folder in the system's own program for files.
///
/// # Errors
/// Where there is no such folder, or the system has no such program.
pub fn show_folder(folder: &Path) -> Result<(), AppError> {
    /// What opens a folder, on each kind of system.
    const PROGRAM: &str = match () {
        () if cfg!(windows) => "explorer",
        () if cfg!(target_os = "macos") => "open",
        () => "xdg-open",
    };
    if !folder.is_dir() {
        return Err(AppError::new(format!("there is no folder {}", folder.display()))
            .hint("it may have been moved or removed since"));
    }
    start(Command::new(PROGRAM).arg(folder), "folder").map_err(|error| {
        AppError::new(format!("the folder cannot be shown: {PROGRAM}: {error}"))
            .hint(format!("open it yourself: {}", folder.display()))
    })
}

/// Opens another workspace in a window of its own: another program.
///
/// # Errors
/// Where it cannot be started.
pub fn open_workspace(folder: &Path) -> Result<(), AppError> {
    let started = std::env::current_exe().and_then(|program| {
        let mut window = Command::new(program);
        start(window.arg("--workspace").arg(folder).env_remove("COUNTERSIGN_WORKSPACE"), "workspace")
    });
    started.map_err(|error| {
        AppError::new(format!("the workspace cannot be opened: {error}"))
            .hint(format!("start countersign --workspace \"{}\"", folder.display()))
    })
}

/// Starts a program that goes its own way.
fn start(program: &mut Command, name: &str) -> std::io::Result<()> {
    let mut child = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // Waited for by a thread of its own, so that nothing of it stays behind when it ends before this program does.
    drop(std::thread::Builder::new().name(name.to_owned()).spawn(move || child.wait()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_not_shown() {
        let guard = tempfile::tempdir().unwrap();
        let error = show_folder(&guard.path().join("gone")).unwrap_err();
        assert!(error.message().starts_with("there is no folder"), "{error}");
    }
}
