//! `notice`, `notifications`, `calendar`: what must be told, how it is told, and what a calendar program imports.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::arguments::instant_at;
use super::table::{Table, labelled};
use super::{Answer, Session, secret, words};
use crate::app::{AppError, ListedNotice, NotificationSettings};
use crate::domain::notice::standing::Standing;

/// The password's key, which is never written on the command line.
const PASSWORD: &str = "smtp_password";

#[derive(Debug, Subcommand)]
pub(super) enum NoticeCommand {
    /// List what is to be looked at, the most urgent first
    List {
        /// Also what was acknowledged or put off
        #[arg(long)]
        all: bool,
    },
    /// Take note of a notice: it is quiet until it becomes more pressing
    Acknowledge {
        /// The notice's key, as the list shows it
        key: String,
    },
    /// Put a notice off; then it is told again, or sooner where it becomes more urgent
    Snooze {
        /// The notice's key, as the list shows it
        key: String,
        /// Until when, such as 2026-12-01T09:00[Europe/Berlin]
        #[arg(long, value_name = "INSTANT", value_parser = instant_at)]
        until: Timestamp,
    },
    /// Take back that a notice was acknowledged or put off
    Reopen {
        /// The notice's key, as the list shows it
        key: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum NotificationsCommand {
    /// Show when and how is reminded
    Show,
    /// Change when and how is reminded
    Set {
        /// Settings as `notifications show` names them. `smtp_password=-` reads the password from standard input; an empty
        /// value brings the default back
        #[arg(required = true, value_name = "KEY=VALUE")]
        changes: Vec<String>,
    },
    /// Send a test mail to every recipient
    TestMail,
}

#[derive(Debug, clap::Args)]
pub(super) struct CalendarArguments {
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
struct ListDocument<'a> {
    at: Timestamp,
    notices: &'a [ListedNotice],
}

#[derive(Serialize)]
struct SentDocument<'a> {
    sent: &'a [String],
}

#[derive(Serialize)]
struct CalendarDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ics: Option<&'a str>,
}

pub(super) async fn run(session: &Session, command: NoticeCommand) -> Result<Answer, AppError> {
    let app = &session.app;
    match command {
        NoticeCommand::List { all } => {
            let mut notices = app.notices().await?;
            let hidden = notices.iter().filter(|listed| !listed.standing.is_open()).count();
            if !all {
                notices.retain(|listed| listed.standing.is_open());
            }
            let document = ListDocument { at: app.now(), notices: &notices };
            session.out.answer(&document, || list(&notices, if all { 0 } else { hidden }));
        }
        NoticeCommand::Acknowledge { key } => {
            app.acknowledge_notice(&key).await?;
            done(session, &key, "Acknowledged").await?;
        }
        NoticeCommand::Snooze { key, until } => {
            app.snooze_notice(&key, until).await?;
            done(session, &key, &format!("Put off until {}", words::instant(until))).await?;
        }
        NoticeCommand::Reopen { key } => {
            app.reopen_notice(&key).await?;
            done(session, &key, "Open again").await?;
        }
    }
    Ok(Answer::Yes)
}

/// The notice as it stands now.
async fn done(session: &Session, key: &str, what: &str) -> Result<(), AppError> {
    let notices = session.app.notices().await?;
    if let Some(listed) = notices.iter().find(|listed| listed.notice.key == key) {
        session.out.answer(listed, || format!("{what}: {}", listed.notice.title));
    }
    Ok(())
}

fn list(notices: &[ListedNotice], hidden: usize) -> String {
    let more = match hidden {
        0 => String::new(),
        number => format!("{} acknowledged or put off; --all shows them\n", words::counted(number, "notice")),
    };
    if notices.is_empty() {
        return format!("There are no open notices\n{more}");
    }
    let mut text = String::new();
    for listed in notices {
        let notice = &listed.notice;
        text.push_str(&format!(
            "{} {}  {}\n",
            words::urgency(notice.urgency),
            notice.urgency.label(),
            super::output::line(&notice.title)
        ));
        let standing = match &listed.standing {
            Standing::Open => String::new(),
            Standing::Acknowledged { at, by } => format!("Acknowledged {} by {by}", words::instant(*at)),
            Standing::Snoozed { until, by } => format!("Put off until {} by {by}", words::instant(*until)),
        };
        let told: Vec<String> =
            listed.told.iter().map(|told| format!("{} {}", told.way, words::instant(told.at))).collect();
        text.push_str(&labelled(
            [
                ("When", words::instant(notice.at)),
                ("Why", notice.text.clone()),
                ("What to do", notice.remedy.clone()),
                ("State", standing),
                ("Told", told.join(", ")),
                ("Key", notice.key.clone()),
            ],
            "  ",
        ));
    }
    text + &more
}

pub(super) async fn notifications(session: &Session, command: NotificationsCommand) -> Result<Answer, AppError> {
    let app = &session.app;
    match command {
        NotificationsCommand::Show => show(session).await?,
        NotificationsCommand::Set { changes } => {
            let mut settings = app.notification_settings().await?;
            let mut password = None;
            for change in &changes {
                let (key, value) = change.split_once('=').ok_or_else(|| {
                    AppError::new(format!("`{change}` is no setting")).hint("settings are written KEY=VALUE")
                })?;
                if key != PASSWORD {
                    settings = settings.with(key, value)?;
                } else if value == "-" {
                    password = Some(secret::password_from_stdin()?);
                } else if value.is_empty() {
                    password = Some(zeroize::Zeroizing::new(String::new()));
                } else {
                    return Err(AppError::new(
                        "a password is not taken from the command line, where others can see it",
                    )
                    .hint("write smtp_password=- and give the password on standard input"));
                }
            }
            app.set_notifications(&settings, password.as_ref()).await?;
            if password.is_some() {
                session.tell_protection().await?;
            }
            show(session).await?;
        }
        NotificationsCommand::TestMail => {
            let sent = app.send_test_mail().await?;
            session.out.answer(&SentDocument { sent: &sent }, || format!("Sent to {}", sent.join(", ")));
        }
    }
    Ok(Answer::Yes)
}

async fn show(session: &Session) -> Result<(), AppError> {
    let settings = session.app.notification_settings().await?;
    let kept = session.app.has_mail_password().await?;
    session.out.answer(&document(&settings, kept), || {
        let mut table = Table::new(["Setting", "Value"]);
        for (key, value) in settings.by_key() {
            table.row([key, &value]);
        }
        table.row([PASSWORD, if kept { "(kept)" } else { "" }]);
        table.render()
    });
    Ok(())
}

/// The settings by their keys; of the password only whether there is one.
fn document(settings: &NotificationSettings, kept: bool) -> Value {
    let list = Value::Array;
    let mut document = Map::new();
    for (key, value) in settings.by_key() {
        let value = match key {
            "steps" => list(settings.steps.open().iter().map(|days| (*days).into()).collect()),
            "steps_scheduled" => list(settings.steps.scheduled().iter().map(|days| (*days).into()).collect()),
            "window" => settings.window.into(),
            "desktop" => settings.desktop.into(),
            "email" => settings.email.into(),
            "quiet" => list(settings.quiet.iter().map(|id| id.as_str().into()).collect()),
            "smtp_port" => settings.mail.port.into(),
            "mail_to" => list(settings.mail.to.iter().map(|to| to.as_str().into()).collect()),
            _ => value.into(),
        };
        document.insert(key.to_owned(), value);
    }
    document.insert(PASSWORD.to_owned(), kept.into());
    Value::Object(document)
}

pub(super) async fn calendar(session: &Session, arguments: CalendarArguments) -> Result<Answer, AppError> {
    if let Some(file) = &arguments.output {
        session.app.write_calendar(file).await?;
        let document = CalendarDocument { file: Some(file.display().to_string()), ics: None };
        session.out.answer(&document, || format!("Written to {}", file.display()));
        return Ok(Answer::Yes);
    }
    let text = session.app.calendar().await?;
    if session.out.is_json() {
        session.out.answer(&CalendarDocument { file: None, ics: Some(&text) }, String::new);
    } else {
        session.out.bytes(text.as_bytes());
    }
    Ok(Answer::Yes)
}
