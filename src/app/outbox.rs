//! Outboxes: folders whose files are sent as daily work. A file is taken once it is complete: journalled with a mark of the
//! very file, and copied. It stays where it lies, and is neither sent as another message nor moved, until the partner's
//! receipt proves that it was delivered; then it goes into `sent` beside it. What fails stays, and is redelivered as the
//! transmission that it became.
//!
//! Whoever is killed at any instant leaves one of these: a file without a mark, which is taken; a mark whose transmission
//! has no copy, which is forgotten and the file taken anew; a mark whose transmission is delivered, whose file is moved.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::outbox_folder::{Found, Place, Seen, look, seen, within};
use super::send::{DailyWork, blocking, new_id};
use super::serve::ServeEvent;
use super::{App, AppError};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::transmission::{Transmission, Verdict};
use crate::store::{Archive, FolderKind, FolderTrouble, FolderTroubleKind, OutboxFile, OutboxTrouble, Workspace};

/// How often the folders are looked through.
const EVERY: Duration = Duration::from_secs(2);

/// So long a file must not have changed before it is taken.
const SETTLED: Duration = Duration::from_secs(4);

/// So long a file is left alone that could not be taken.
const LEFT_ALONE: Duration = Duration::from_secs(300);

/// Where files go that were delivered.
pub(super) const SENT: &str = "sent";

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
    left_alone: HashMap<PathBuf, LeftAlone>,
    /// What is known to be wrong with a folder.
    troubles: HashMap<String, Option<Wrong>>,
}

/// A file that could not be taken.
struct LeftAlone {
    seen: Seen,
    since: Instant,
    reason: String,
}

/// What is wrong with a folder, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    reason: String,
    reach: Reach,
}

/// How much of a folder it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Nothing of it is sent.
    All,
    /// Something of it is not sent.
    Some,
    /// It is nobody's outbox.
    Nobodys,
}

impl Wrong {
    const fn all(reason: String) -> Self {
        Self { reason, reach: Reach::All }
    }
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
        for place in &places {
            let stranger = if place.is_set { None } else { self.stranger(place).await? };
            let wrong = match stranger {
                None => self.look_through(place).await?,
                Some(why) => waits(place).await?.then_some(Wrong { reason: why, reach: Reach::Nobodys }),
            };
            self.note(place, wrong).await?;
        }
        if self.tree.is_some() {
            // What was found under a name that is gone by now.
            let is_gone = |trouble: &FolderTrouble| {
                trouble.kind == FolderTroubleKind::Nobodys && !Path::new(&trouble.folder).is_dir()
            };
            if self.workspace.end_folder_troubles(is_gone).await? {
                (self.tell)(ServeEvent::JournalChanged);
            }
        }
        Ok(())
    }

    /// Why nothing is sent from a folder of a tree that is the outbox of no profile there is; nothing where it is one.
    async fn stranger(&self, place: &Place) -> Result<Option<String>, AppError> {
        let nothing = |why: String| Ok(Some(format!("nothing is sent from it, because {why}")));
        let Ok(profile) = place.profile.parse::<ProfileKind>() else {
            return nothing(format!("`{}` is neither production nor test", place.profile));
        };
        let known = match place.connection.parse::<ConnectionId>() {
            Ok(id) => self.workspace.connection(&id).await?,
            Err(_no_id) => None,
        };
        match known {
            None => nothing(format!("there is no connection `{}`", place.connection)),
            Some(connection) if connection.profile(profile).is_none() => {
                nothing(format!("connection `{}` has no {profile} profile", connection.id))
            }
            Some(_) => Ok(None),
        }
    }

    /// Looks through one folder; what is wrong with it, in words.
    async fn look_through(&mut self, place: &Place) -> Result<Option<Wrong>, AppError> {
        let folder = place.folder.clone();
        let (found, mut odd) = match blocking(move || Ok(look(&folder))).await? {
            Ok(found) => found,
            Err(error) => return Ok(Some(Wrong::all(format!("it cannot be read: {error}")))),
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
                return Ok(Some(Wrong::all(
                    "it looks empty, and its folder `sent` is missing: perhaps its disk is not there".to_owned(),
                )));
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
            if let Some(reason) = wrong {
                return Ok(Some(Wrong::all(reason)));
            }
        }
        // A file that is left alone is still wrong.
        let waits = |path: &Path| path.parent() == Some(&place.folder) && fs::symlink_metadata(path).is_ok();
        self.left_alone.retain(|path, _| path.parent() != Some(&place.folder) || waits(path));
        let left = self.left_alone.iter().filter(|(path, _)| place.is_set && waits(path));
        odd.extend(left.map(|(_, left)| left.reason.clone()));
        odd.sort();
        Ok((!odd.is_empty()).then(|| Wrong { reason: odd.join("; "), reach: Reach::Some }))
    }

    /// Whether a file has been as it is for long enough, and is not to be left alone.
    fn is_settled(&mut self, file: &Found) -> bool {
        if let Some(left) = self.left_alone.get(&file.path)
            && left.seen == file.seen
            && left.since.elapsed() < LEFT_ALONE
        {
            return false;
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
            Ok(()) => {
                self.left_alone.remove(&file.path);
                (self.tell)(ServeEvent::JournalChanged);
            }
            Err(error) => {
                // Where it was not even journalled there is no mark.
                drop(self.workspace.forget_outbox_file(&mark).await);
                let reason = match error.what_to_do() {
                    Some(hint) => format!("{error} ({hint})"),
                    None => error.to_string(),
                };
                (self.tell)(ServeEvent::Outbox { file: file.path.clone(), reason: reason.clone() });
                let reason = format!("{} cannot be sent: {reason}", file.name);
                let left = LeftAlone { seen: file.seen, since: Instant::now(), reason };
                self.left_alone.insert(file.path.clone(), left);
            }
        }
        None
    }

    /// Keeps what is wrong with a folder, where that is news, and tells it once.
    async fn note(&mut self, place: &Place, wrong: Option<Wrong>) -> Result<(), AppError> {
        let key = text(&place.folder);
        if self.troubles.get(&key) == Some(&wrong) {
            return Ok(());
        }
        // Whatever was found before, by this program or another, and is not so any more.
        let is_all = wrong.as_ref().is_some_and(|wrong| wrong.reach == Reach::All);
        let mut changed = false;
        if !is_all && self.workspace.outbox_troubles().await?.iter().any(|trouble| trouble.folder == key) {
            self.workspace.end_outbox_trouble(&key).await?;
            changed = true;
        }
        let kept = wrong.as_ref().and_then(|wrong| match wrong.reach {
            Reach::All => None,
            Reach::Some => Some(FolderTroubleKind::Left),
            Reach::Nobodys => Some(FolderTroubleKind::Nobodys),
        });
        let is_over = |trouble: &FolderTrouble| {
            trouble.folder == key && trouble.kind != FolderTroubleKind::Inbox && Some(trouble.kind) != kept
        };
        changed |= self.workspace.end_folder_troubles(is_over).await?;
        if let Some(Wrong { reason, reach }) = &wrong {
            let of = place.connection.parse().ok().zip(place.profile.parse().ok());
            let since = self.app.now();
            match (reach, of) {
                (Reach::All, Some((connection, profile))) => {
                    let trouble =
                        OutboxTrouble { folder: key.clone(), connection, profile, reason: reason.clone(), since };
                    self.workspace.put_outbox_trouble(&trouble).await?;
                }
                (Reach::All, None) => {}
                (Reach::Some | Reach::Nobodys, of) => {
                    let (kind, of, remedy) = match reach {
                        Reach::Nobodys => (
                            FolderTroubleKind::Nobodys,
                            None,
                            "Name the folder after a connection's id, and the one in it production or test, or put the files elsewhere",
                        ),
                        _ => (FolderTroubleKind::Left, of, "Put right what is named; everything else in it is sent"),
                    };
                    let (reason, remedy) = (reason.clone(), remedy.to_owned());
                    let trouble = FolderTrouble { folder: key.clone(), kind, of, reason, remedy, since };
                    self.workspace.put_folder_trouble(&trouble).await?;
                }
            }
            (self.tell)(ServeEvent::Outbox { file: place.folder.clone(), reason: reason.clone() });
        } else if changed {
            (self.tell)(ServeEvent::JournalChanged);
        }
        self.troubles.insert(key, wrong);
        Ok(())
    }
}

/// Whether files wait in a folder to be sent.
async fn waits(place: &Place) -> Result<bool, AppError> {
    let folder = place.folder.clone();
    blocking(move || Ok(look(&folder).is_ok_and(|(found, _)| !found.is_empty()))).await
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
