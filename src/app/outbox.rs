//! The outbox: a folder whose files are sent as daily work. `CONNECTION/PROFILE/FILE` is taken once it is complete,
//! journalled with a copy of it, and then removed; what cannot be sent at all is moved to `refused` beside it.

use std::collections::HashMap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::send::{DailyWork, blocking, new_id};
use super::serve::ServeEvent;
use super::{App, AppError};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::TransmissionId;
use crate::store::{Part, Workspace};

/// How often the folder is looked through. A file is taken that did not change from one time to the next.
const EVERY: Duration = Duration::from_secs(1);

/// Where files go that cannot be sent.
const REFUSED: &str = "refused";

/// How a file is called between being taken and being journalled: `.taken-NUMBER-NAME`.
const TAKEN: &str = ".taken-";

/// So many files are taken from one folder at a time.
const MOST_AT_ONCE: usize = 1000;

/// Ends of names under which programs write what is not complete yet.
const UNFINISHED: [&str; 7] = [".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", "~"];

/// A file as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    bytes: u64,
    changed: Option<SystemTime>,
}

/// A folder that is watched.
pub(super) struct Outbox {
    app: App,
    workspace: Workspace,
    folder: PathBuf,
    tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    seen: HashMap<PathBuf, Seen>,
}

/// A file in its place.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    name: String,
    connection: String,
    profile: String,
    seen: Seen,
}

impl Outbox {
    pub(super) fn new(
        app: App,
        workspace: Workspace,
        folder: PathBuf,
        tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    ) -> Self {
        Self { app, workspace, folder, tell, seen: HashMap::new() }
    }

    /// Takes files until `stop` turns true.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        self.recover().await;
        loop {
            self.round().await;
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Takes what did not change since the last time.
    pub(super) async fn round(&mut self) {
        let folder = self.folder.clone();
        let Ok(found) = blocking(move || Ok(look(&folder, false))).await else { return };
        let (ready, fresh): (Vec<Found>, Vec<Found>) =
            found.into_iter().partition(|file| self.seen.get(&file.path) == Some(&file.seen));
        self.seen = fresh.into_iter().map(|file| (file.path, file.seen)).collect();
        for file in ready {
            self.take(&file).await;
        }
    }

    /// Takes one file: renamed first, so that nobody takes it twice, then journalled with its copy, then removed.
    async fn take(&self, file: &Found) {
        let id = new_id(self.app.now());
        let taken = file.path.with_file_name(format!("{TAKEN}{}-{}", id.simple(), file.name));
        if fs::rename(&file.path, &taken).is_err() {
            // Gone meanwhile, or not ours to move: what stays could be sent over and over.
            return;
        }
        if let Err(error) = self.journal(file, id, taken.clone()).await {
            self.refuse(file, &taken, &error);
            return;
        }
        if let Err(error) = fs::remove_file(&taken) {
            let reason = format!("{} was taken over and cannot be removed: {error}", taken.display());
            (self.tell)(ServeEvent::Outbox { file: taken, reason });
        }
        (self.tell)(ServeEvent::JournalChanged);
    }

    async fn journal(&self, file: &Found, id: TransmissionId, taken: PathBuf) -> Result<(), AppError> {
        let connection: ConnectionId = file.connection.parse()?;
        let profile: ProfileKind = file
            .profile
            .parse()
            .map_err(|_unknown| AppError::new(format!("`{}` is neither production nor test", file.profile)))?;
        let work = DailyWork { id, connection, profile, file: taken, name: file.name.clone() };
        self.app.take_on(&self.workspace, &work).await
    }

    /// Moves a file aside that cannot be sent, and says why, also in a file beside it.
    fn refuse(&self, file: &Found, taken: &Path, error: &AppError) {
        let reason = match error.what_to_do() {
            Some(hint) => format!("{error} ({hint})"),
            None => error.to_string(),
        };
        let folder = file.path.with_file_name(REFUSED);
        let moved = fs::create_dir_all(&folder).and_then(|()| {
            let place = free_name(&folder, &file.name);
            fs::rename(taken, &place)?;
            let mut why = place.clone().into_os_string();
            why.push(".reason.txt");
            fs::write(why, format!("{reason}\n"))?;
            Ok(place)
        });
        let file = moved.unwrap_or_else(|_stays| taken.to_owned());
        (self.tell)(ServeEvent::Outbox { file, reason });
    }

    /// What a program left that was killed between taking a file and removing it: removed where it is in the journal with
    /// its copy, else put back.
    async fn recover(&self) {
        let folder = self.folder.clone();
        let Ok(found) = blocking(move || Ok(look(&folder, true))).await else { return };
        for file in found {
            let Some((id, name)) = file.name.strip_prefix(TAKEN).and_then(|rest| rest.split_once('-')) else {
                continue;
            };
            let Ok(id) = id.parse::<TransmissionId>() else { continue };
            // A copy that retention has let go of since was one: the file must not be sent again.
            let removed = self.workspace.removals(id).await.is_ok_and(|removals| !removals.is_empty());
            let copied = self.workspace.archive().path(id, Part::Payload).is_file();
            let done = match self.workspace.transmission(id).await {
                Ok(journalled) if removed || (copied && journalled.is_some()) => fs::remove_file(&file.path),
                Ok(_) => fs::rename(&file.path, free_name(&file.path.with_file_name(""), name)),
                // Better looked at again the next time than sent twice.
                Err(_) => Ok(()),
            };
            if let Err(error) = done {
                (self.tell)(ServeEvent::Outbox { file: file.path, reason: error.to_string() });
            }
        }
    }
}

/// The files in their places: whole ones, or those that were taken.
fn look(folder: &Path, taken: bool) -> Vec<Found> {
    let mut found = Vec::new();
    for connection in folders(folder) {
        for profile in folders(&connection) {
            let files = entries(&profile).into_iter().filter_map(|entry| file(&entry, &connection, &profile));
            found.extend(files.filter(|file| if taken { file.name.starts_with(TAKEN) } else { is_whole(&file.name) }));
        }
    }
    found.truncate(MOST_AT_ONCE);
    found
}

fn file(entry: &DirEntry, connection: &Path, profile: &Path) -> Option<Found> {
    // Of a link neither size nor end is known, and what it leads to may be anywhere.
    if !entry.file_type().ok()?.is_file() {
        return None;
    }
    let metadata = entry.metadata().ok()?;
    Some(Found {
        path: entry.path(),
        name: entry.file_name().to_str()?.to_owned(),
        connection: connection.file_name()?.to_str()?.to_owned(),
        profile: profile.file_name()?.to_str()?.to_owned(),
        seen: Seen { bytes: metadata.len(), changed: metadata.modified().ok() },
    })
}

/// Whether a name is that of a file which its writer calls complete.
fn is_whole(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.starts_with(['.', '~']) && !UNFINISHED.iter().any(|end| lower.ends_with(end))
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let is_folder = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let mut found: Vec<PathBuf> = entries(folder)
        .into_iter()
        .filter(is_folder)
        .map(|entry| entry.path())
        .filter(|path| is_visible(path))
        .collect();
    found.sort();
    found
}

fn is_visible(path: &Path) -> bool {
    path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
}

/// What is in a folder, by name; nothing where it cannot be read at the moment.
fn entries(folder: &Path) -> Vec<DirEntry> {
    let read = || -> io::Result<Vec<DirEntry>> { fs::read_dir(folder)?.collect() };
    let mut found = read().unwrap_or_default();
    found.sort_by_key(DirEntry::file_name);
    found
}

/// A name in a folder that is not taken.
fn free_name(folder: &Path, name: &str) -> PathBuf {
    let (stem, end) = name.rsplit_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    let numbered = (2..10_000).map(|number| folder.join(format!("{stem} ({number}){end}")));
    std::iter::once(folder.join(name)).chain(numbered).find(|path| !path.exists()).unwrap_or_else(|| folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_files_in_their_places_are_found() {
        let guard = tempfile::tempdir().unwrap();
        let folder = guard.path().join("acme/production");
        fs::create_dir_all(folder.join(REFUSED)).unwrap();
        for name in ["a.edi", ".hidden", "b.edi.part", "~lock", "c.TMP", "d~", "refused/e.edi"] {
            fs::write(folder.join(name), "x").unwrap();
        }
        fs::write(guard.path().join("f.edi"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.join("a.edi"), folder.join("g.edi")).unwrap();
        let found = look(guard.path(), false);
        let names: Vec<&str> = found.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.edi"]);
        assert_eq!((found[0].connection.as_str(), found[0].profile.as_str()), ("acme", "production"));
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let guard = tempfile::tempdir().unwrap();
        assert_eq!(free_name(guard.path(), "a.edi"), guard.path().join("a.edi"));
        fs::write(guard.path().join("a.edi"), "").unwrap();
        fs::write(guard.path().join("a (2).edi"), "").unwrap();
        assert_eq!(free_name(guard.path(), "a.edi"), guard.path().join("a (3).edi"));
    }
}
