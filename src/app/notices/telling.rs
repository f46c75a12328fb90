//! Telling: each step of each notice once in each way, whatever programs run. The table decides whose it is to tell.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{ListedNotice, NotificationSettings, desktop, mail};
use crate::app::{App, AppError};
use crate::domain::notice::standing::Way;
use crate::domain::notice::{Notice, NoticeKind};

/// How often is looked for something to tell.
const EVERY: Duration = Duration::from_secs(60);

/// So long after the start is looked for the first time: the program has other things to do first.
const FIRST: Duration = Duration::from_secs(2);

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

/// Whoever tells as long as a program runs.
pub(in crate::app) struct Herald {
    app: App,
    ways: &'static [Way],
    tell: Arc<dyn Fn(Told) + Send + Sync>,
}

impl Herald {
    pub(in crate::app) fn new(app: App, ways: &'static [Way], tell: Arc<dyn Fn(Told) + Send + Sync>) -> Self {
        Self { app, ways, tell }
    }

    /// Tells what is to be told until `stop` turns true, or is gone. What cannot be read or sent now is looked at again in a
    /// minute.
    pub(in crate::app) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut pause = FIRST;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(pause) => {}
            }
            pause = EVERY;
            if let Ok(told) = self.app.tell_notices(self.ways).await
                && told != Told::default()
            {
                if !told.desktop.is_empty() {
                    desktop::notify(&told.desktop);
                }
                (self.tell)(told);
            }
            tokio::select! {
                // What is being sent is in the table, and sent again where nobody knows whether it was.
                _ = stop.wait_for(|stop| *stop) => break,
                _ = self.app.send_waiting_mail() => {}
            }
        }
    }
}
