//! Notices: what must be told, with what to do, and what became of it.
//!
//! | if you look for | it is in |
//! |---|---|
//! | the page with its list | `page` |
//! | one notice in it | `card` |
//! | putting one off until a date | `snooze` |
//! | the foot of the navigation | `bell` |
//! | writing a report or the calendar to a file | `files` |

mod bell;
mod card;
mod files;
mod page;
mod snooze;

pub(super) use bell::bell;
pub(super) use files::{NoticeFiles, ReportDialog};
pub(super) use page::NoticesPage;

use crate::app::ReportFormat;
use crate::domain::notice::{Notice, Urgency};
use crate::ui::intent::{InspectorTab, Intent, Page, SettingsSection};
use crate::ui::widgets::ToneName;

/// A file to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeFile {
    /// The calendar.
    Calendar,
    /// A report.
    Report(ReportFormat),
}

/// The tone in which an urgency is shown.
pub(super) const fn tone(urgency: Urgency) -> ToneName {
    match urgency {
        Urgency::Critical => ToneName::Bad,
        Urgency::Urgent | Urgency::Soon => ToneName::Warn,
        Urgency::Info => ToneName::Info,
    }
}

/// Where the cause of a notice is seen, and what the button that leads there is called.
fn cause(notice: &Notice) -> Option<(&'static str, Intent)> {
    use crate::domain::notice::NoticeKind;
    if notice.kind == NoticeKind::MailFailed {
        return Some(("E-mail settings", Intent::Go(Page::Settings(SettingsSection::Notifications))));
    }
    if notice.kind == NoticeKind::CommandFailed {
        return Some(("Commands", Intent::Go(Page::Settings(SettingsSection::DailyWork))));
    }
    if matches!(notice.kind, NoticeKind::WorkspaceDamaged | NoticeKind::BackupFailed) {
        return Some(("Workspace", Intent::Go(Page::Settings(SettingsSection::Workspace))));
    }
    if notice.about.identity.is_some() {
        return Some(("Show identities", Intent::Go(Page::Settings(SettingsSection::Identities))));
    }
    let first = notice.about.profiles.first()?;
    let tab = if notice.about.certificate.is_some() { InspectorTab::Certificates } else { InspectorTab::Settings };
    let inspect =
        Intent::Inspect { connection: first.connection.clone(), profile: Some(first.profile), tab: Some(tab) };
    Some(("Show connection", inspect))
}
