//! The folders of a profile: its outbox, whose files are sent, and its inbox, where payloads are put.
//!
//! They are set by whoever sits at this machine, and are not part of the connection file: a file that somebody else has
//! written must not have our folders sent to its writer, and one that we pass on says nothing of our disks.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::outbox::SENT;
use super::{App, AppError};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::store::{FolderKind, StoredFolder, Transaction};

/// The folders of one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProfileFolders {
    /// Of which connection.
    pub connection: ConnectionId,
    /// Of which of its profiles.
    pub profile: ProfileKind,
    /// Whose files are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbox: Option<String>,
    /// Where payloads are put; that of the receiver where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbox: Option<String>,
}

/// A change of one folder: set to a path, or taken away.
pub type FolderChange = (ProfileKind, FolderKind, Option<PathBuf>);

impl App {
    /// The folders of all profiles that have any.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn folders(&self) -> Result<Vec<ProfileFolders>, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(Vec::new()) };
        let mut found: Vec<ProfileFolders> = Vec::new();
        for StoredFolder { connection, profile, kind, path } in workspace.folders().await? {
            if found.last().is_none_or(|last| (&last.connection, last.profile) != (&connection, profile)) {
                found.push(ProfileFolders { connection, profile, outbox: None, inbox: None });
            }
            let Some(last) = found.last_mut() else { continue };
            match kind {
                FolderKind::Outbox => last.outbox = Some(path),
                FolderKind::Inbox => last.inbox = Some(path),
            }
        }
        Ok(found)
    }

    /// Makes changes of folders within a transaction; what makes no sense is refused.
    pub(super) async fn change_folders(
        &self,
        transaction: &mut Transaction,
        connection: &ConnectionId,
        changes: &[FolderChange],
    ) -> Result<(), AppError> {
        for (profile, kind, path) in changes {
            match path {
                None => transaction.remove_folder(connection, *profile, *kind).await?,
                Some(path) => {
                    let path = usable(path, *kind)?;
                    // A trouble that was told of the earlier one says nothing of this one.
                    transaction.remove_folder(connection, *profile, *kind).await?;
                    let folder = StoredFolder {
                        connection: connection.clone(),
                        profile: *profile,
                        kind: *kind,
                        path: path.to_str().map(str::to_owned).ok_or_else(|| {
                            AppError::new(format!("the folder's name {} is not text", path.display()))
                        })?,
                    };
                    transaction.put_folder(&folder).await?;
                }
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        let receiving = self.receiving_settings().await?.inbox;
        let all = transaction.folders().await?;
        all_apart(&all, self.location.path(), receiving.as_deref())
    }
}

/// A folder as it really lies, where it can be used.
fn usable(path: &Path, kind: FolderKind) -> Result<PathBuf, AppError> {
    let cannot = |why: &str| {
        AppError::new(format!("{} cannot be the {kind}: {why}", path.display()))
            .hint("make the folder first, and let this user read and write it")
    };
    if !path.is_absolute() {
        return Err(cannot("its path is not absolute"));
    }
    let real = path.canonicalize().map_err(|error| cannot(&error.to_string()))?;
    if !real.is_dir() {
        return Err(cannot("it is not a folder"));
    }
    std::fs::read_dir(&real).map(drop).map_err(|error| cannot(&error.to_string()))?;
    // Found out now, and not with the first order.
    tempfile::tempfile_in(&real).map(drop).map_err(|error| cannot(&error.to_string()))?;
    Ok(real)
}

/// Refuses folders that would send what was received or sent before, or the workspace itself.
fn all_apart(all: &[StoredFolder], workspace: &Path, receiving: Option<&Path>) -> Result<(), AppError> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_gone| path.to_owned());
    let workspace = real(workspace);
    let receiving = receiving.map(real);
    let whose = |folder: &StoredFolder| format!("the {} of {}, {}", folder.kind, folder.connection, folder.profile);
    for folder in all {
        let path = real(Path::new(&folder.path));
        if path.starts_with(&workspace) || workspace.starts_with(&path) {
            return Err(AppError::new(format!("{} lies in the workspace, or the workspace in it", folder.path))
                .hint("choose a folder apart from the workspace"));
        }
        if folder.kind != FolderKind::Outbox {
            continue;
        }
        if receiving.as_ref().is_some_and(|inbox| path.starts_with(inbox)) {
            return Err(AppError::new(format!("{} lies in the inbox: what is received would be sent", folder.path))
                .hint("choose a folder apart from the inbox"));
        }
        for other in all.iter().filter(|other| *other != folder) {
            let theirs = real(Path::new(&other.path));
            if theirs == path {
                return Err(AppError::new(format!("{} is {} already", folder.path, whose(other)))
                    .hint("choose a folder of its own for every outbox"));
            }
            if theirs.starts_with(path.join(SENT)) {
                return Err(AppError::new(format!("{} lies where files go that were sent", other.path))
                    .hint(format!("choose a folder outside of the folder `{SENT}` of an outbox")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Clock, ConnectionChange, NewIdentity};
    use crate::certificate::KeyKind;
    use crate::store::{Location, Unlock};

    #[tokio::test(flavor = "multi_thread")]
    async fn folders_that_would_send_what_they_should_not_are_refused_and_nothing_is_kept() {
        let guard = tempfile::tempdir().unwrap();
        let root = guard.path().canonicalize().unwrap();
        let app = App::new(Location::Dir(root.join("w")), Unlock::none(), Clock::System);
        let name = "us".parse().unwrap();
        app.create_identity(NewIdentity { name, key: KeyKind::EcP256, days: 365, subject: None }).await.unwrap();
        let connection = toml::from_str(
            "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = \"US\"\npartner_as2_id = \"P\"\n\
             url = \"http://127.0.0.1:9/\"\nidentity = \"us\"\nencryption = \"none\"\nmdn = \"none\"\n\
             [test]\nour_as2_id = \"UST\"\npartner_as2_id = \"PT\"\n\
             url = \"http://127.0.0.1:9/\"\nidentity = \"us\"\nencryption = \"none\"\nmdn = \"none\"\n",
        );
        app.create_connection(connection.unwrap()).await.unwrap();
        for folder in ["out", "out/sent", "in", "other", "w/inside"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::write(root.join("file"), "").unwrap();
        let set = async |profile, kind, folder: &str| {
            let mut change = ConnectionChange::new("partner".parse().unwrap());
            let path = if folder.is_empty() { None } else { Some(root.join(folder)) };
            change.folders.push((profile, kind, path));
            app.save(change).await.map(|_saved| ()).map_err(|error| error.to_string())
        };
        let (production, test) = (ProfileKind::Production, ProfileKind::Test);
        set(production, FolderKind::Outbox, "out").await.unwrap();
        set(production, FolderKind::Inbox, "in").await.unwrap();
        for (profile, kind, folder, words) in [
            (test, FolderKind::Outbox, "out", "already"),
            (test, FolderKind::Outbox, "in", "already"),
            (production, FolderKind::Inbox, "out", "already"),
            (test, FolderKind::Inbox, "out/sent", "were sent"),
            (test, FolderKind::Outbox, "w/inside", "workspace"),
            (test, FolderKind::Outbox, "", ""),
            (test, FolderKind::Outbox, "nowhere", "cannot be the outbox"),
            (test, FolderKind::Inbox, "file", "not a folder"),
        ] {
            match set(profile, kind, folder).await {
                Ok(()) => assert!(words.is_empty(), "{folder}"),
                Err(error) => assert!(!words.is_empty() && error.contains(words), "{folder}: {error}"),
            }
        }
        // Two profiles may share an inbox: names are numbered.
        set(test, FolderKind::Inbox, "in").await.unwrap();
        let path = |folder: &str| Some(root.join(folder).to_str().unwrap().to_owned());
        let folders = app.folders().await.unwrap();
        let kept: Vec<_> = folders.iter().map(|each| (each.profile, each.outbox.clone(), each.inbox.clone())).collect();
        assert_eq!(kept, [(production, path("out"), path("in")), (test, None, path("in"))]);
        // Nobody else's file says which of our folders are sent.
        for key in ["outbox", "inbox", "on_received"] {
            let text = app.export_connection(&"partner".parse().unwrap()).await.unwrap();
            assert!(!text.contains("out\""), "{text}");
            let file = root.join("partner.toml");
            std::fs::write(&file, text.replace("[production]\n", &format!("[production]\n{key} = \"/\"\n"))).unwrap();
            let error = app.add_connection(&file, true).await.unwrap_err();
            assert!(error.to_string().contains(key) && error.what_to_do().is_some(), "{error}");
        }
        assert_eq!(app.folders().await.unwrap(), folders);
        app.remove_connection(&"partner".parse().unwrap()).await.unwrap();
        assert!(app.folders().await.unwrap().is_empty());
    }
}
