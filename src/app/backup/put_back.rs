//! Putting a database back that the program has backed up by itself.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::app::AppError;
use crate::store::{
    ARCHIVE_FOLDER, DATABASE_FILE, OpenError, PutBack, PuttingBack, automatic_backups, look_at_database, put_back,
};

/// A database that was put back into its workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseRestored {
    /// The backup.
    pub file: PathBuf,
    /// When it was made; nothing where its name does not say so.
    pub made: Option<jiff::Timestamp>,
    /// Where it was put, and what is in it.
    #[serde(flatten)]
    pub facts: PutBack,
}

/// Puts a database that was backed up by itself back into its workspace, beside the archive that is there; the database that
/// was there is put aside. `into`: the workspace's folder, where the backup does not lie in it.
///
/// # Errors
/// Where it is not the sound database of a workspace, the folder is none of a workspace, a program is at work on it, or
/// something cannot be written. Then all is as it was.
pub async fn restore_database(
    file: &Path,
    into: Option<&Path>,
    now: jiff::Timestamp,
) -> Result<DatabaseRestored, AppError> {
    let file = fs::canonicalize(file).map_err(|error| AppError::unread(file, &error))?;
    let folder = folder_for(&file, into)?;
    let by = crate::app::audit::who();
    let facts = put_back(&PuttingBack { file: &file, folder: &folder, by: &by, now }).await.map_err(told)?;
    tracing::info!(file = %file.display(), into = %folder.display(), "put a backup of the database back");
    Ok(DatabaseRestored { made: made(&file), file, facts })
}

/// Looks whether such a database is sound, and what is in it; nothing is put back.
///
/// # Errors
/// Where it is not the sound database of a workspace.
pub async fn verify_database(file: &Path) -> Result<DatabaseRestored, AppError> {
    let file = fs::canonicalize(file).map_err(|error| AppError::unread(file, &error))?;
    let facts = look_at_database(&file).await.map_err(told)?;
    Ok(DatabaseRestored { made: made(&file), file, facts })
}

/// The workspace that a backup is of: the one in whose folder it lies, or the one that is named.
fn folder_for(file: &Path, into: Option<&Path>) -> Result<PathBuf, AppError> {
    let own = file.parent().and_then(Path::parent).filter(|above| made_in(above, file).is_some());
    let Some(into) = into else {
        return own.map(Path::to_owned).ok_or_else(|| {
            AppError::new(format!("{} does not lie in a workspace", file.display()))
                .hint("name the folder of the workspace that it is of with --into DIR")
        });
    };
    let folder = fs::canonicalize(into).unwrap_or_else(|_absent| into.to_owned());
    if own != Some(&folder) && !folder.join(DATABASE_FILE).is_file() && !folder.join(ARCHIVE_FOLDER).is_dir() {
        return Err(AppError::new(format!("{} is no workspace", folder.display())).hint(
            "a backup of the database alone is put back into its workspace, beside the archive; one that `countersign workspace \
             backup` has written makes a workspace of its own",
        ));
    }
    Ok(folder)
}

fn made_in(workspace: &Path, file: &Path) -> Option<jiff::Timestamp> {
    automatic_backups(workspace).into_iter().find(|each| each.file == file).map(|each| each.made)
}

fn made(file: &Path) -> Option<jiff::Timestamp> {
    made_in(file.parent()?.parent()?, file)
}

fn told(error: OpenError) -> AppError {
    match error {
        damaged @ OpenError::Damaged { .. } => AppError::new(damaged.to_string())
            .hint("nothing was put back; use another backup, older ones lie beside it"),
        other => other.into(),
    }
}
