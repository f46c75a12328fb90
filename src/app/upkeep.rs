//! What keeps a workspace well, once a day, in the program that holds the lease: a backup of the database, and a look for
//! damage. That look comes at once where the program before this one has not ended as it should.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::serve::ServeEvent;
use super::soundness::{LastCheck, last_check};
use super::{App, AppError};
use crate::domain::counted::counted;
use crate::domain::notice::{Notice, NoticeKind, Urgency};
use crate::domain::sentence::sentence;
use crate::store::{AutomaticBackup, BackupTrouble, Workspace, after_damage, automatic_backups};

/// How often it is done.
const EVERY: SignedDuration = SignedDuration::from_hours(24);

/// When it is looked first whether it is time, and how often from then on: a program that starts has better things to do.
const FIRST: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_secs(300);

/// In a large journal it takes a moment to see whether something has changed: where nothing has, so many seconds pass.
const UNCHANGED: i64 = 3600;

/// Does it as long as the program runs.
pub(super) struct Upkeep {
    app: App,
    workspace: Workspace,
    tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    /// Whether this program is the one to do it.
    held: watch::Receiver<bool>,
    /// Whether the one before has not ended as it should.
    unclean: Arc<AtomicBool>,
    /// Before this second nobody looks again whether something has changed since the last backup.
    unchanged_until: AtomicI64,
}

impl Upkeep {
    pub(super) fn new(
        app: App,
        workspace: Workspace,
        tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
        held: watch::Receiver<bool>,
        unclean: Arc<AtomicBool>,
    ) -> Self {
        Self { app, workspace, tell, held, unclean, unchanged_until: AtomicI64::new(0) }
    }

    /// Looks now and then whether it is time, until `stop` turns true.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut wait = FIRST;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = LOOK;
            if !*self.held.borrow() {
                continue;
            }
            let stopping = stop.clone();
            let goes_on = move || !*stopping.borrow();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = self.round(&goes_on) => {}
            }
        }
    }

    /// Does what it is time for. What cannot be done now is tried again.
    pub(super) async fn round(&self, go_on: &(dyn Fn() -> bool + Sync)) {
        let is_checked = self.is_checked().await.unwrap_or_else(|error| {
            tracing::warn!("what was found last is not known: {}", error.message());
            true
        });
        // Before the backup: one of what is damaged would come in the place of one that is not.
        if !is_checked {
            self.done("checked", self.app.check_database_by_itself(&self.workspace).await);
        }
        self.done("backed up", self.back_up().await);
        if !is_checked {
            self.done("checked", self.app.check_archive_by_itself(&self.workspace, go_on).await);
        }
    }

    /// Tells where there is something new.
    fn done(&self, what: &str, result: Result<bool, AppError>) {
        match result {
            Ok(false) => {}
            Ok(true) => (self.tell)(ServeEvent::JournalChanged),
            Err(error) => tracing::warn!("the workspace was not {what}: {}", error.message()),
        }
    }

    /// Makes the backup of the day. Answers whether there is something new to tell.
    async fn back_up(&self) -> Result<bool, AppError> {
        let now = self.app.now();
        if now.as_second() < self.unchanged_until.load(Ordering::Relaxed)
            || self.workspace.newest_daily_backup().is_some_and(|newest| is_recent(newest.made, now))
        {
            return Ok(false);
        }
        if last_check(&self.workspace).await?.is_some_and(|last| !last.database.problems.is_empty()) {
            return Ok(false);
        }
        let trouble = self.workspace.backup_trouble().await?;
        match self.workspace.back_up_daily(now).await {
            Ok(Some(made)) => {
                tracing::info!(file = %made.file.display(), bytes = made.bytes, "backed up by itself");
                Ok(true)
            }
            Ok(None) => {
                self.unchanged_until.store(now.as_second() + UNCHANGED, Ordering::Relaxed);
                Ok(false)
            }
            Err(error) => {
                tracing::warn!("no automatic backup: {error}");
                self.workspace.note_backup_trouble(&error.to_string(), now).await?;
                Ok(trouble.is_none())
            }
        }
    }

    /// Whether it was looked for damage within a day, and nothing speaks for looking at once.
    async fn is_checked(&self) -> Result<bool, AppError> {
        let last = last_check(&self.workspace).await?;
        let unclean = self.unclean.swap(false, Ordering::Relaxed);
        Ok(!unclean && last.is_some_and(|last| is_recent(last.at, self.app.now())))
    }
}

/// Whether something was done within a day. A clock that was put back makes it time as well.
fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    at <= now && now.duration_since(at) < EVERY
}

/// What is wrong with a workspace as far as that was looked for.
pub(super) struct UpkeepTroubles {
    check: Option<LastCheck>,
    backup: Option<BackupTrouble>,
    newest: Option<AutomaticBackup>,
}

impl UpkeepTroubles {
    pub(super) async fn read(workspace: &Workspace) -> Result<Self, AppError> {
        let check = last_check(workspace).await?.filter(|check| !check.is_sound());
        // Looked for only where it is to be named.
        let newest = check.as_ref().and_then(|_| automatic_backups(workspace.folder()).into_iter().next());
        Ok(Self { check, backup: workspace.backup_trouble().await?, newest })
    }

    /// The same as notices.
    pub(super) fn notices(&self) -> Vec<Notice> {
        let mut found = Vec::new();
        if let Some(check) = &self.check {
            let since = check.since.unwrap_or(check.at);
            let event = |what: &str, urgency| {
                Notice::event(NoticeKind::WorkspaceDamaged, &format!("{what}:{}", since.as_second()), urgency, since)
            };
            if let [first, more @ ..] = check.database.problems.as_slice() {
                let text = match more.len() {
                    0 => first.clone(),
                    number => format!("{first}; and {number} more"),
                };
                let remedy = sentence(&after_damage(self.newest.as_ref()));
                let notice = event("database", Urgency::Critical);
                found.push(notice.saying("The database of this workspace is damaged", text, remedy));
            }
            if let [first, more @ ..] = check.payloads.as_slice() {
                let title = match more.len() {
                    0 => "A payload in the archive is not as it was journalled".to_owned(),
                    _ => {
                        format!("{} in the archive are not as they were journalled", counted(more.len() + 1, "payload"))
                    }
                };
                let text = format!("{}: {}", first.file.display(), first.what);
                let remedy = "Look at the disk, and put the files back from a backup of the workspace; `countersign workspace \
                              check` names them";
                found.push(event("archive", Urgency::Urgent).saying(title, text, remedy));
            }
        }
        if let Some(trouble) = &self.backup {
            let key = trouble.since.as_second().to_string();
            let notice = Notice::event(NoticeKind::BackupFailed, &key, Urgency::Urgent, trouble.since);
            found.push(notice.saying(
                "The database is not backed up by itself",
                trouble.reason.clone(),
                "Free some space on the disk, or make `backups` in the workspace's folder a link to a folder on another",
            ));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Clock, Location, Unlock};
    use crate::store::fixtures::{behind_its_back, connection};

    fn at(hours: i64) -> Timestamp {
        let begun: Timestamp = "2026-11-26T09:00:00Z".parse().unwrap();
        begun.checked_add(SignedDuration::from_hours(hours)).unwrap()
    }

    async fn upkeep(folder: &std::path::Path, hours: i64, unclean: bool) -> (App, Upkeep) {
        let app = App::new(Location::Dir(folder.join("w")), Unlock::none(), Clock::Fixed(at(hours)));
        let workspace = app.workspace().await.unwrap();
        let held = watch::Sender::new(true).subscribe();
        let upkeep = Upkeep::new(app.clone(), workspace, Arc::new(|_| {}), held, Arc::new(AtomicBool::new(unclean)));
        (app, upkeep)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn once_a_day_the_database_is_backed_up_and_looked_at_and_at_once_after_an_unclean_end() {
        let guard = tempfile::tempdir().unwrap();
        for (hours, unclean, name, backups, checked) in [
            (0, false, "first", 1, 0),
            (23, false, "second", 1, 0),
            (23, true, "third", 1, 23),
            (25, false, "fourth", 2, 23),
            (48, false, "fifth", 2, 48),
        ] {
            let (app, upkeep) = upkeep(guard.path(), hours, unclean).await;
            upkeep.workspace.save_connection(&connection(name, name), at(hours)).await.unwrap();
            upkeep.round(&|| true).await;
            assert_eq!(automatic_backups(upkeep.workspace.folder()).len(), backups, "{name}");
            assert_eq!(app.last_check().await.unwrap().unwrap().at, at(checked), "{name}");
            app.close().await;
        }
        assert!(!is_recent(at(5), at(1)), "a clock that was put back keeps nothing waiting");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn damage_is_told_with_what_to_do_until_it_is_mended() {
        let guard = tempfile::tempdir().unwrap();
        let (app, upkeep) = upkeep(guard.path(), 0, false).await;
        upkeep.round(&|| true).await;
        let of_damage = async || {
            let mut found = app.notices().await.unwrap();
            found.retain(|listed| listed.notice.kind == NoticeKind::WorkspaceDamaged);
            found.into_iter().map(|listed| listed.notice).collect::<Vec<_>>()
        };
        assert_eq!(of_damage().await, []);
        let place = guard.path().join("w");
        let orphan = "PRAGMA foreign_keys = OFF;
            INSERT INTO stages (transmission, position, attempt, document) VALUES ('00', 1, 1, '{}')";
        behind_its_back(&place, orphan).await;
        upkeep.unclean.store(true, Ordering::Relaxed);
        upkeep.round(&|| true).await;
        let told = of_damage().await;
        assert_eq!((told.len(), told[0].urgency), (1, Urgency::Critical));
        assert_eq!(told[0].text, "stages: 1 row without what it belongs to in transmissions");
        assert!(
            told[0].remedy.contains("workspace restore") && told[0].remedy.contains("daily-20261126T090000Z.sqlite")
        );
        // What is damaged is not backed up: that would take the place of what is not.
        app.close().await;
        let (app, upkeep) = self::upkeep(guard.path(), 30, false).await;
        upkeep.workspace.save_connection(&connection("new", "New"), at(30)).await.unwrap();
        upkeep.round(&|| true).await;
        assert_eq!(automatic_backups(&place).len(), 1);
        let of_damage = async || {
            let found = app.notices().await.unwrap();
            found.iter().filter(|listed| listed.notice.kind == NoticeKind::WorkspaceDamaged).count()
        };
        assert_eq!(of_damage().await, 1);
        behind_its_back(&place, "DELETE FROM stages WHERE transmission = '00'").await;
        upkeep.unclean.store(true, Ordering::Relaxed);
        upkeep.round(&|| true).await;
        assert_eq!((of_damage().await, automatic_backups(&place).len()), (0, 2));
        app.close().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn that_no_backup_can_be_made_is_told() {
        let guard = tempfile::tempdir().unwrap();
        let (app, upkeep) = upkeep(guard.path(), 0, false).await;
        let folder = guard.path().join("w/backups");
        std::fs::write(&folder, "in the way").unwrap();
        upkeep.round(&|| true).await;
        let found = app.notices().await.unwrap();
        let told = found.iter().find(|listed| listed.notice.kind == NoticeKind::BackupFailed).unwrap();
        assert!(told.notice.text.contains("backups"), "{}", told.notice.text);
        std::fs::remove_file(&folder).unwrap();
        upkeep.round(&|| true).await;
        assert!(!app.notices().await.unwrap().iter().any(|listed| listed.notice.kind == NoticeKind::BackupFailed));
        app.close().await;
    }
}
