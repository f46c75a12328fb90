//! What somebody named and there is not: a workspace, a connection; told with the names that are most like it.

use std::path::Path;

use super::{App, AppError};
use crate::domain::identifier::{ConnectionId, PolicyId};
use crate::domain::nearest_name::did_you_mean;

/// So many folders beside a place are looked at.
const MOST_BESIDE: usize = 2_000;

impl App {
    /// Refuses where there is no workspace yet at the place that was named: whoever wants to read one has named another.
    ///
    /// # Errors
    /// Where there is none, or it cannot be opened.
    pub async fn require_workspace(&self) -> Result<(), AppError> {
        if self.existing().await?.is_some() {
            return Ok(());
        }
        let folder = self.location.path();
        let what = if folder.is_dir() { "the folder is empty" } else { "there is no such folder" };
        let alike = beside(folder);
        let meant = did_you_mean(&folder.display().to_string(), alike.iter().map(String::as_str));
        Err(AppError::new(format!("there is no workspace at {}: {what}", folder.display())).hint(meant.unwrap_or_else(
            || {
                "check --workspace or COUNTERSIGN_WORKSPACE; a workspace is made when something is first saved in it"
                    .to_owned()
            },
        )))
    }

    /// Refuses a connection that transmissions are to be chosen by, where there is none of that id and never was.
    ///
    /// # Errors
    /// Where it is not known, or the workspace cannot be read.
    pub async fn require_connection(&self, id: Option<&ConnectionId>) -> Result<(), AppError> {
        let (Some(id), Some(workspace)) = (id, self.existing().await?) else { return Ok(()) };
        // What was sent over one that was removed stays in the journal.
        if workspace.connection(id).await?.is_some() || workspace.has_transmissions_of(id).await? {
            return Ok(());
        }
        Err(self.unknown_connection(id).await)
    }

    /// Refuses policies that connections are to be chosen by, where there is none of such an id.
    pub(super) async fn require_policies(&self, ids: &[PolicyId]) -> Result<(), AppError> {
        if ids.is_empty() {
            return Ok(());
        }
        let known = self.policies().await?;
        let Some(unknown) = ids.iter().find(|id| !known.iter().any(|policy| policy.id == **id)) else { return Ok(()) };
        let meant = did_you_mean(unknown.as_str(), known.iter().map(|policy| policy.id.as_str()));
        let all = "`countersign policy list` shows the policies";
        Err(AppError::new(format!("there is no policy `{unknown}`"))
            .hint(meant.map_or_else(|| all.to_owned(), |meant| format!("{meant} {all}"))))
    }

    /// That there is no connection of an id, with those that may have been meant.
    pub(super) async fn unknown_connection(&self, id: &ConnectionId) -> AppError {
        let known: Vec<String> = match self.connections().await {
            Ok(connections) => connections.iter().map(|connection| connection.id.to_string()).collect(),
            Err(_) => Vec::new(),
        };
        let meant = did_you_mean(id.as_str(), known.iter().map(String::as_str));
        let all = "`countersign connection list` shows the connections";
        AppError::new(format!("there is no connection `{id}` in this workspace"))
            .hint(meant.map_or_else(|| all.to_owned(), |meant| format!("{meant} {all}")))
    }
}

/// The workspaces beside a place.
fn beside(folder: &Path) -> Vec<String> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let folders =
        entries.take(MOST_BESIDE).filter_map(Result::ok).map(|entry| folder.with_file_name(entry.file_name()));
    folders.filter(|path| crate::store::is_workspace(path)).map(|path| path.display().to_string()).collect()
}
