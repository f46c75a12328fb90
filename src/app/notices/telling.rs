//! Telling: each step of each notice once in each way, whatever programs run. The table decides whose it is to tell.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::desktop::Shown;
use super::{ListedNotice, NotificationSettings, desktop, mail};
use crate::app::{App, AppError};
use crate::domain::notice::standing::Way;
use crate::domain::notice::{Notice, NoticeKind};

/// How often is looked for something to tell.
const EVERY: Duration = Duration::from_secs(60);

/// So long after the start is looked for the first time: the program has other things to do first.
const FIRST: Duration = Duration::from_secs(2);

/// So many rounds are made without the desktop after it could not show something: a quarter of an hour.
const ROUNDS_WITHOUT_DESKTOP: u32 = 15;

/// What was told in one round, and is the caller's to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// In the window.
    pub window: Vec<Notice>,
    /// On the desktop.
    pub desktop: Vec<Notice>,
    /// In the output of `serve`.
    pub log: Vec<Notice>,
    /// By e-mail: written down, to be sent.
    pub mail: Vec<Notice>,
}

impl Told {
    fn of(&mut self, way: Way) -> &mut Vec<Notice> {
        match way {
            Way::Window => &mut self.window,
            Way::Desktop => &mut self.desktop,
            Way::Log => &mut self.log,
            Way::Mail => &mut self.mail,
        }
    }
}

impl App {
    /// Claims what is to be told now in these ways, as far as the settings want them, and writes the mail down that is to
    /// be sent. What is returned is told by nobody else.
    ///
    /// # Errors
    /// Where the workspace cannot be read or written. Then nothing is claimed.
    pub async fn tell_notices(&self, ways: &[Way]) -> Result<Told, AppError> {
        let mut told = Told::default();
        let Some(workspace) = self.existing().await?.filter(|workspace| !workspace.is_read_only()) else {
            return Ok(told);
        };
        let settings = self.notification_settings().await?;
        let ways: Vec<Way> = ways.iter().copied().filter(|way| settings.wants(*way)).collect();
        if ways.is_empty() {
            return Ok(told);
        }
        let listed = self.notices().await?;
        let now = self.now();
        let records = workspace.notice_records().await?;
        let new: Vec<(&ListedNotice, Way)> = listed
            .iter()
            .filter(|listed| listed.standing.is_open())
            .flat_map(|listed| ways.iter().map(move |way| (listed, *way)))
            .filter(|(listed, way)| {
                let notice = &listed.notice;
                // That mail cannot be sent is not told by mail.
                let in_vain = *way == Way::Mail && notice.kind == NoticeKind::MailFailed;
                !in_vain && !notice.is_told(&listed.told, records.round(&notice.key), *way, now)
            })
            .collect();
        if new.is_empty() {
            return Ok(told);
        }
        let mut transaction = workspace.begin().await?;
        for (listed, way) in new {
            if transaction.claim_notice(&listed.notice, way, now).await? {
                told.of(way).push(listed.notice.clone());
            }
        }
        if !told.mail.is_empty() {
            for mail in mail::digests(&told.mail, &settings.mail, &self.location.to_string(), now) {
                transaction.put_mail(&mail).await?;
            }
        }
        transaction.commit().await?;
        Ok(told)
    }

    /// Gives back what was claimed and could not be told.
    async fn give_notices_back(&self, notices: &[Notice], way: Way) -> Result<(), AppError> {
        let mut transaction = self.workspace().await?.begin().await?;
        for notice in notices {
            transaction.give_notice_back(notice, way).await?;
        }
        Ok(transaction.commit().await?)
    }
}

impl NotificationSettings {
    fn wants(&self, way: Way) -> bool {
        match way {
            Way::Window => self.window,
            Way::Desktop => self.desktop,
            Way::Log => true,
            Way::Mail => self.email && self.mail.validate().is_ok(),
        }
    }
}

/// Shows notices on the desktop, and answers whether they were shown.
type Show = fn(Vec<Notice>) -> Pin<Box<dyn Future<Output = Shown> + Send>>;

/// Whoever tells as long as a program runs.
pub(in crate::app) struct Herald {
    app: App,
    ways: &'static [Way],
    tell: Arc<dyn Fn(Told) + Send + Sync>,
    show: Show,
    /// For so many rounds nothing is shown on the desktop: it could not be.
    without_desktop: u32,
    /// Whether this program sends mail.
    mails: watch::Receiver<bool>,
}

impl Herald {
    pub(in crate::app) fn new(app: App, ways: &'static [Way], tell: Arc<dyn Fn(Told) + Send + Sync>) -> Self {
        let (_always, mails) = watch::channel(true);
        Self { app, ways, tell, show: |notices| Box::pin(desktop::notify(notices)), without_desktop: 0, mails }
    }

    /// The same, that sends mail as long as `held` says so: one program of a workspace does.
    pub(in crate::app) fn mailing_while(mut self, held: watch::Receiver<bool>) -> Self {
        self.mails = held;
        self
    }

    /// Tells what is to be told until `stop` turns true, or is gone. What cannot be read or sent now is looked at again in a
    /// minute.
    pub(in crate::app) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut pause = FIRST;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                // Whoever takes over sends what is due, and not in a minute.
                Ok(()) = self.mails.changed() => {
                    pause = FIRST;
                    continue;
                }
                () = tokio::time::sleep(pause) => {}
            }
            pause = EVERY;
            self.round().await;
            if !*self.mails.borrow() {
                continue;
            }
            tokio::select! {
                // What is being sent is in the table, and sent again where nobody knows whether it was.
                _ = stop.wait_for(|stop| *stop) => break,
                _ = self.app.send_waiting_mail() => {}
            }
        }
    }

    /// Tells what is to be told now.
    async fn round(&mut self) {
        let with_desktop = self.without_desktop == 0;
        self.without_desktop = self.without_desktop.saturating_sub(1);
        let mails = *self.mails.borrow();
        let is_mine = |way: &Way| (with_desktop || *way != Way::Desktop) && (mails || *way != Way::Mail);
        let ways: Vec<Way> = self.ways.iter().copied().filter(is_mine).collect();
        // What went active while nobody was here is told as missed, and not as seen besides: first it has to be known.
        if !self.app.note_running().await {
            return;
        }
        let Ok(mut told) = self.app.tell_notices(&ways).await else { return };
        // What a slow service may show still is not told a second time.
        if !told.desktop.is_empty() && (self.show)(told.desktop.clone()).await == Shown::No {
            self.without_desktop = ROUNDS_WITHOUT_DESKTOP;
            // Where not even that can be written, they are told in the other ways.
            drop(self.app.give_notices_back(&told.desktop, Way::Desktop).await);
            told.desktop.clear();
        }
        if told != Told::default() {
            (self.tell)(told);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::app::Clock;
    use crate::domain::own_clock::ClockSample;
    use crate::store::fixtures::behind_its_back;
    use crate::store::{Location, Unlock};

    /// Our clock is wrong by hours, which is told. What is told is kept.
    async fn something_to_tell() -> (tempfile::TempDir, Herald, Arc<Mutex<Vec<Told>>>) {
        let guard = tempfile::tempdir().unwrap();
        let app = App::new(Location::Dir(guard.path().join("w")), Unlock::none(), Clock::System);
        let mut transaction = app.workspace().await.unwrap().begin().await.unwrap();
        let sample = ClockSample { server: "a".to_owned(), at: app.now(), ahead_seconds: 9000 };
        transaction.put_clock_sample(&sample).await.unwrap();
        transaction.commit().await.unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let tell = move |each: Told| heard.lock().unwrap().push(each);
        (guard, Herald::new(app, &[Way::Window, Way::Desktop], Arc::new(tell)), told)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_desktop_could_not_show_is_shown_later_and_what_it_has_shown_is_not_shown_again() {
        let (_guard, mut herald, told) = something_to_tell().await;
        herald.show = |_| Box::pin(async { Shown::No });
        herald.round().await;
        let first = told.lock().unwrap().remove(0);
        assert_eq!((first.window.len(), first.desktop.len()), (1, 0), "it was shown in the window alone");
        herald.show = |_| Box::pin(async { Shown::Yes });
        for _ in 0..ROUNDS_WITHOUT_DESKTOP {
            herald.round().await;
            assert!(told.lock().unwrap().is_empty(), "a desktop without such a service is left in peace");
        }
        herald.round().await;
        let later = told.lock().unwrap().remove(0);
        assert_eq!((later.window.len(), later.desktop.len()), (0, 1));
        herald.round().await;
        assert!(told.lock().unwrap().is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_slow_desktop_may_have_shown_is_not_shown_again() {
        let (_guard, mut herald, _told) = something_to_tell().await;
        herald.show = |_| Box::pin(async { Shown::Unknown });
        herald.round().await;
        let again = herald.app.tell_notices(&[Way::Window, Way::Desktop]).await.unwrap();
        assert_eq!((again, herald.without_desktop), (Told::default(), 0));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_told_where_what_was_missed_could_not_be_kept() {
        let (guard, mut herald, told) = something_to_tell().await;
        herald.show = |_| Box::pin(async { Shown::Yes });
        let folder = guard.path().join("w");
        let refuse = "CREATE TRIGGER refused BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'refused'); END";
        behind_its_back(&folder, refuse).await;
        for _ in 0..2 {
            herald.round().await;
            assert!(told.lock().unwrap().is_empty());
        }
        behind_its_back(&folder, "DROP TRIGGER refused").await;
        herald.round().await;
        assert_eq!(told.lock().unwrap().len(), 1, "in the same minute");
    }
}
