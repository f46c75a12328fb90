//! What the window asks for about notices, reports and the calendar, and what it is shown of them.

use std::path::PathBuf;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::command::Answer;
use crate::app::{App, AppError, ListedNotice, NotificationSettings, ReportFormat};

/// What the window asks for.
pub enum NoticeCommand {
    /// Take note of notices, by their keys. Answered by [`Answer::Done`].
    Acknowledge(Vec<String>),
    /// Put a notice off. Answered by [`Answer::Done`].
    Snooze(String, Timestamp),
    /// Take back that a notice was acknowledged or put off. Answered by [`Answer::Done`].
    Reopen(String),
    /// Set when and how is reminded, with the mail server's password where it changes. Answered by [`Answer::Done`].
    Set(Box<NotificationSettings>, Option<Zeroizing<String>>),
    /// Send a test mail, as the settings are now. Answered by [`Answer::Done`].
    TestMail,
    /// Write the calendar. Answered by [`Answer::Written`].
    Calendar(PathBuf),
    /// Write a report as of an instant. Answered by [`Answer::Written`].
    Report(ReportFormat, Option<Timestamp>, PathBuf),
}

impl NoticeCommand {
    /// Whether it changes the workspace, so that the snapshot is to be read anew. What does not may take its time beside
    /// the others.
    pub(super) const fn changes(&self) -> bool {
        match self {
            Self::Acknowledge(_) | Self::Snooze(..) | Self::Reopen(_) | Self::Set(..) => true,
            Self::TestMail | Self::Calendar(_) | Self::Report(..) => false,
        }
    }

    pub(super) async fn carry_out(self, app: &App) -> Result<Answer, AppError> {
        match self {
            Self::Acknowledge(keys) => app.acknowledge_notices(&keys).await?,
            Self::Snooze(key, until) => app.snooze_notice(&key, until).await?,
            Self::Reopen(key) => app.reopen_notice(&key).await?,
            Self::Set(settings, password) => app.set_notifications(&settings, password.as_ref()).await?,
            Self::TestMail => drop(app.send_test_mail().await?),
            Self::Calendar(file) => {
                app.write_calendar(&file).await?;
                return Ok(Answer::Written(file));
            }
            Self::Report(format, at, file) => {
                app.write_report(format, at, &file).await?;
                return Ok(Answer::Written(file));
            }
        }
        Ok(Answer::Done)
    }
}

/// Notices and how is reminded, as the window shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeState {
    /// Every notice, the most urgent first, also those that are acknowledged or put off.
    pub list: Vec<ListedNotice>,
    /// When and how is reminded.
    pub settings: NotificationSettings,
    /// Whether a password is kept for the mail server.
    pub has_password: bool,
}

impl NoticeState {
    /// Those that are to be looked at.
    pub fn open(&self) -> impl Iterator<Item = &ListedNotice> {
        self.list.iter().filter(|listed| listed.standing.is_open())
    }
}
