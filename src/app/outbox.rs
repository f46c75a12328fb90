//! Outboxes: folders whose files are sent as daily work. A file is taken once it is complete: journalled with a mark of the
//! very file, and copied. It stays where it lies, and is neither sent as another message nor moved, until the partner's
//! receipt proves that it was delivered; then it goes into `sent` beside it. What fails stays, and is redelivered as the
//! transmission that it became.
//!
//! Whoever is killed at any instant leaves one of these: a file without a mark, which is taken; a mark whose transmission
//! has no copy, which is forgotten and the file taken anew; a mark whose transmission is delivered, whose file is moved.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use tokio::sync::watch;

use super::send::{DailyWork, blocking, new_id};
use super::serve::ServeEvent;
use super::{App, AppError};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Transmission, Verdict};
use crate::store::{Archive, FolderKind, OutboxFile, OutboxTrouble, Workspace};

/// How often the folders are looked through.
const EVERY: Duration = Duration::from_secs(2);

/// So long a file must not have changed before it is taken.
const SETTLED: Duration = Duration::from_secs(4);

/// So long a file is left alone that could not be taken.
const LEFT_ALONE: Duration = Duration::from_secs(300);

/// Where files go that were delivered.
pub(super) const SENT: &str = "sent";

/// So many files are looked at in one folder at a time.
const MOST_AT_ONCE: usize = 1000;

/// Ends of names under which programs write what is not complete yet.
const UNFINISHED: [&str; 7] = [".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", "~"];

/// What a file is known by: its length, and when it was changed last.
type Seen = (u64, i64);

/// Whoever looks through all outboxes.
pub(super) struct Outbox {
    app: App,
    workspace: Workspace,
    /// Where `CONNECTION/PROFILE` are outboxes too.
    tree: Option<PathBuf>,
    tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    /// Whether this program is the one that looks through the outboxes of profiles.
    held: watch::Receiver<bool>,
    /// Files that were seen, and since when they are as they are.
    seen: HashMap<PathBuf, (Seen, Instant)>,
    /// Files that are left alone for a while.
    left_alone: HashMap<PathBuf, (Seen, Instant)>,
    /// What is known to be wrong with a folder.
    troubles: HashMap<String, String>,
}

/// One outbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    connection: String,
    profile: String,
    folder: PathBuf,
    /// Set for the profile, and not one of a tree.
    is_set: bool,
}

/// A file in its place.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    name: String,
    seen: Seen,
}

impl Outbox {
    pub(super) fn new(
        app: App,
        workspace: Workspace,
        tree: Option<PathBuf>,
        tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
        held: watch::Receiver<bool>,
    ) -> Self {
        let (seen, left_alone, troubles) = Default::default();
        Self { app, workspace, tree, tell, held, seen, left_alone, troubles }
    }

    /// Takes files until `stop` turns true.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            // What cannot be read now is read again in a moment.
            drop(self.round().await);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(EVERY) => {}
                Ok(()) = self.held.changed() => {}
            }
        }
    }

    /// Looks through all folders once: those of the profiles where this program is the one to do it, and its own tree, of
    /// which no other program knows.
    pub(super) async fn round(&mut self) -> Result<(), AppError> {
        let is_mine = *self.held.borrow_and_update();
        if !is_mine && self.tree.is_none() {
            return Ok(());
        }
        let mut places: Vec<Place> = self
            .workspace
            .folders()
            .await?
            .into_iter()
            .filter(|folder| folder.kind == FolderKind::Outbox)
            .map(|folder| Place {
                connection: folder.connection.to_string(),
                profile: folder.profile.to_string(),
                folder: folder.path.into(),
                is_set: true,
            })
            .collect();
        if let Some(tree) = self.tree.clone() {
            places.extend(blocking(move || Ok(within(&tree))).await?);
        }
        let mut known = HashSet::new();
        places.retain(|place| known.insert(place.folder.clone()) && (is_mine || !place.is_set));
        self.seen.retain(|path, _| path.parent().is_some_and(|folder| known.contains(folder)));
        for place in places {
            let wrong = self.look_through(&place).await?;
            self.note(&place, wrong).await?;
        }
        Ok(())
    }

    /// Looks through one folder; what is wrong with it, in words.
    async fn look_through(&mut self, place: &Place) -> Result<Option<String>, AppError> {
        let folder = place.folder.clone();
        let (found, odd) = match blocking(move || Ok(look(&folder))).await? {
            Ok(found) => found,
            Err(error) => return Ok(Some(format!("it cannot be read: {error}"))),
        };
        let key = text(&place.folder);
        let marks = self.workspace.outbox_files(Some(&key)).await?;
        let (mut marked, mut gone) = (HashMap::new(), Vec::new());
        for mark in marks {
            if found.iter().any(|file| file.name == mark.name) {
                marked.insert(mark.name.clone(), mark);
            } else {
                gone.push(mark);
            }
        }
        // A folder that is empty because its disk is not there holds no `sent` either: nothing follows from that.
        if !gone.is_empty() {
            if !place.folder.join(SENT).is_dir() {
                return Ok(Some(
                    "it looks empty, and its folder `sent` is missing: perhaps its disk is not there".to_owned(),
                ));
            }
            for mark in &gone {
                self.workspace.forget_outbox_file(mark).await?;
            }
        }
        self.seen.retain(|path, _| path.parent() != Some(&place.folder) || found.iter().any(|file| file.path == *path));
        for file in found {
            let wrong = match marked.remove(&file.name) {
                Some(mark) if (mark.bytes, mark.changed_ns) == file.seen => self.follow(place, &file, mark).await?,
                mark if self.is_settled(&file) => match mark {
                    Some(mark) if self.is_the_same(&file, &mark).await? => {
                        let (bytes, changed_ns) = file.seen;
                        self.workspace.keep_outbox_file(&OutboxFile { bytes, changed_ns, ..mark }).await?;
                        None
                    }
                    _ => self.take(place, &file).await,
                },
                _ => None,
            };
            if wrong.is_some() {
                return Ok(wrong);
            }
        }
        Ok(odd)
    }

    /// Whether a file has been as it is for long enough, and is not to be left alone.
    fn is_settled(&mut self, file: &Found) -> bool {
        if let Some((seen, since)) = self.left_alone.get(&file.path) {
            if *seen == file.seen && since.elapsed() < LEFT_ALONE {
                return false;
            }
            self.left_alone.remove(&file.path);
        }
        let (seen, since) = self.seen.entry(file.path.clone()).or_insert_with(|| (file.seen, Instant::now()));
        if *seen != file.seen {
            (*seen, *since) = (file.seen, Instant::now());
        }
        since.elapsed() >= SETTLED
    }

    /// Whether a file that was touched holds what was taken of it.
    async fn is_the_same(&self, file: &Found, mark: &OutboxFile) -> Result<bool, AppError> {
        if mark.bytes != file.seen.0 {
            return Ok(false);
        }
        let taken = self.workspace.transmission(mark.transmission).await?;
        let Some(taken) = taken.and_then(|taken| taken.payload_sha256) else { return Ok(false) };
        let path = file.path.clone();
        blocking(move || Ok(Archive::sha256_of(&path).is_ok_and(|digest| digest == taken))).await
    }

    /// Moves a file that was delivered; what is wrong with the folder.
    async fn follow(&self, place: &Place, file: &Found, mark: OutboxFile) -> Result<Option<String>, AppError> {
        match mark.verdict {
            Some(Verdict::Delivered) => {
                let (path, name, sent) = (file.path.clone(), file.name.clone(), place.folder.join(SENT));
                match blocking(move || Ok(Archive::move_aside(&path, &sent, &name))).await? {
                    Ok(_there) => self.workspace.forget_outbox_file(&mark).await?,
                    Err(error) => return Ok(Some(format!("what was sent from it cannot be moved: {error}"))),
                }
            }
            // Killed before it was copied: it is taken anew, and what was journalled of it says so.
            Some(Verdict::Failed)
                if self
                    .workspace
                    .transmission(mark.transmission)
                    .await?
                    .is_some_and(|found| was_never_taken(&found)) =>
            {
                self.workspace.forget_outbox_file(&mark).await?;
            }
            _ => {}
        }
        Ok(None)
    }

    /// Takes one file; what is wrong with the folder.
    async fn take(&mut self, place: &Place, file: &Found) -> Option<String> {
        // Found out before anything is sent.
        let sent = place.folder.join(SENT);
        if let Err(error) = fs::create_dir_all(&sent).and_then(|()| tempfile::tempfile_in(&sent).map(|_file| ())) {
            return Some(format!("nothing can be moved into its folder `sent`: {error}"));
        }
        let id = new_id(self.app.now());
        let mark = OutboxFile {
            folder: text(&place.folder),
            name: file.name.clone(),
            bytes: file.seen.0,
            changed_ns: file.seen.1,
            transmission: id,
            verdict: None,
            goes_on: true,
            of: None,
        };
        let done = async {
            let connection: ConnectionId = place.connection.parse()?;
            let profile: ProfileKind = place
                .profile
                .parse()
                .map_err(|_unknown| AppError::new(format!("`{}` is neither production nor test", place.profile)))?;
            let (path, name) = (file.path.clone(), file.name.clone());
            let work = DailyWork { id, connection, profile, file: path, name, mark: Some(mark.clone()) };
            self.app.take_on(&self.workspace, &work).await
        };
        self.seen.remove(&file.path);
        match done.await {
            Ok(()) => (self.tell)(ServeEvent::JournalChanged),
            Err(error) => {
                // Where it was not even journalled there is no mark.
                drop(self.workspace.forget_outbox_file(&mark).await);
                self.left_alone.insert(file.path.clone(), (file.seen, Instant::now()));
                let reason = match error.what_to_do() {
                    Some(hint) => format!("{error} ({hint})"),
                    None => error.to_string(),
                };
                (self.tell)(ServeEvent::Outbox { file: file.path.clone(), reason: reason.clone() });
                if place.is_set {
                    return Some(format!("{} cannot be sent: {reason}", file.name));
                }
            }
        }
        None
    }

    /// Keeps what is wrong with a folder, where that is news, and tells it once.
    async fn note(&mut self, place: &Place, wrong: Option<String>) -> Result<(), AppError> {
        let key = text(&place.folder);
        match wrong {
            None => {
                // A file that is left alone is still wrong.
                if self.left_alone.keys().any(|path| path.parent() == Some(&place.folder) && path.exists()) {
                    return Ok(());
                }
                // Whatever another program has found before.
                if self.troubles.insert(key.clone(), String::new()).is_none_or(|before| !before.is_empty()) {
                    let known = self.workspace.outbox_troubles().await?;
                    if known.iter().any(|trouble| trouble.folder == key) {
                        self.workspace.end_outbox_trouble(&key).await?;
                        (self.tell)(ServeEvent::JournalChanged);
                    }
                }
            }
            Some(reason) if self.troubles.get(&key) != Some(&reason) => {
                let (connection, profile) = (place.connection.parse::<ConnectionId>(), place.profile.parse());
                if let (Ok(connection), Ok(profile)) = (connection, profile) {
                    let (folder, reason, since) = (key.clone(), reason.clone(), self.app.now());
                    let trouble = OutboxTrouble { folder, connection, profile, reason, since };
                    self.workspace.put_outbox_trouble(&trouble).await?;
                }
                self.troubles.insert(key, reason.clone());
                (self.tell)(ServeEvent::Outbox { file: place.folder.clone(), reason });
            }
            Some(_known) => {}
        }
        Ok(())
    }
}

/// Whether a transmission was journalled for a file that was never copied.
fn was_never_taken(transmission: &Transmission) -> bool {
    transmission.payload_sha256.is_none() && transmission.bytes.sent == 0 && transmission.attempts.is_empty()
}

/// Whether a file is still as it was when it was taken.
pub(super) fn is_as_marked(path: &Path, mark: &OutboxFile) -> bool {
    fs::symlink_metadata(path).is_ok_and(|now| seen(&now) == (mark.bytes, mark.changed_ns))
}

fn text(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}

fn seen(metadata: &Metadata) -> Seen {
    let changed = metadata.modified().ok();
    let since = changed.and_then(|changed| changed.duration_since(UNIX_EPOCH).ok());
    (metadata.len(), since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)))
}

/// The outboxes of a tree: `CONNECTION/PROFILE`.
fn within(tree: &Path) -> Vec<Place> {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let mut found = Vec::new();
    // What is marked by its folder is known again from wherever the program is started.
    let Ok(tree) = tree.canonicalize() else { return found };
    for connection in folders(&tree) {
        for folder in folders(&connection) {
            if let (Some(connection), Some(profile)) = (name(&connection), name(&folder)) {
                found.push(Place { connection, profile, folder, is_set: false });
            }
        }
    }
    found
}

/// The whole files of a folder, by name, and what is said of that which lies there and is never sent.
fn look(folder: &Path) -> io::Result<(Vec<Found>, Option<String>)> {
    let (mut found, mut odd): (Vec<Found>, Vec<String>) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)?.flatten() {
        let name = name_of(&entry.file_name());
        let Some(kind) = entry.file_type().ok().filter(|kind| !kind.is_dir() && is_whole(&name)) else { continue };
        if kind.is_file() {
            let Ok(metadata) = entry.metadata() else { continue };
            found.push(Found { path: entry.path(), name, seen: seen(&metadata) });
        } else if kind.is_symlink() {
            // Neither size nor end of what it leads to is known, and it may be anywhere.
            odd.push(format!("`{name}` is a symbolic link, which is not followed: put the file itself there"));
        } else {
            odd.push(format!("`{name}` is no file but a pipe, a socket or a device, which is not sent"));
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    // A file is known by its name in text: of two that come to the same, neither is taken for the other.
    let mut before: Option<String> = None;
    found.retain(|file| {
        let is_other = before.as_ref() != Some(&file.name);
        if !is_other {
            odd.push(format!("`{}` stands for two files whose names differ in what is no text: rename one", file.name));
        }
        before = Some(file.name.clone());
        is_other
    });
    found.truncate(MOST_AT_ONCE);
    odd.sort();
    let more = odd.len().saturating_sub(1);
    Ok((found, odd.into_iter().next().map(|first| if more == 0 { first } else { format!("{first}, and {more} more") })))
}

/// A file's name as text: bytes that are none stand in it as `%E9`.
fn name_of(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
    text
}

/// Whether a name is that of a file which its writer calls complete.
fn is_whole(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.starts_with(['.', '~']) && !UNFINISHED.iter().any(|end| lower.ends_with(end))
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let visible = |entry: &DirEntry| {
        entry.file_type().is_ok_and(|kind| kind.is_dir()) && !entry.file_name().to_string_lossy().starts_with('.')
    };
    let read = || -> io::Result<Vec<DirEntry>> { fs::read_dir(folder)?.collect() };
    let mut found: Vec<PathBuf> =
        read().unwrap_or_default().into_iter().filter(visible).map(|entry| entry.path()).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_files_in_their_places_are_found() {
        let guard = tempfile::tempdir().unwrap();
        let folder = guard.path().join("acme/production");
        fs::create_dir_all(folder.join(SENT)).unwrap();
        for name in ["a.edi", ".hidden", "b.edi.part", "~lock", "c.TMP", "d~", "sent/e.edi"] {
            fs::write(folder.join(name), "x").unwrap();
        }
        fs::write(guard.path().join("f.edi"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.join("a.edi"), folder.join("g.edi")).unwrap();
        let places = within(guard.path());
        let named: Vec<_> = places.iter().map(|place| (place.connection.as_str(), place.profile.as_str())).collect();
        assert_eq!(named, [("acme", "production")]);
        let (found, odd) = look(&places[0].folder).unwrap();
        let names: Vec<String> = found.into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["a.edi"]);
        assert_eq!(odd.is_some_and(|odd| odd.starts_with("`g.edi` is a symbolic link")), cfg!(unix));
        assert!(look(&guard.path().join("nowhere")).is_err());
    }
}
