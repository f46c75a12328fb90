//! The log: what the program did and what it could not do, line by line, for whoever looks for a fault. The journal is the
//! record; a log may be thrown away.
//!
//! It is written by a thread of its own, so that nobody waits for it, and what cannot be written is lost without a word: a full
//! disk must not keep a message from being sent. No secret is ever handed to it; what looks like one in words that others wrote
//! goes as it does from a support bundle.

mod files;
mod recorder;

use std::path::PathBuf;

use serde::Serialize;

pub use recorder::{flush_log, install_log};

use super::{App, AppError, ServeEvent};
use crate::domain::spelling::spelled;
use crate::domain::transmission::{Direction, Transmission};
use crate::store::Workspace;

/// Under which the workspace keeps the level.
const SETTING: &str = "log_level";

spelled! {
    /// How much is written.
    pub enum LogLevel {
        /// Nothing.
        Off = "off",
        /// What the program could not do though it should have.
        Error = "error",
        /// What somebody asked for and could not be done, and what looks wrong.
        Warn = "warn",
        /// What was done: messages, changes, who does daily work.
        Info = "info",
        /// Everything there is.
        Debug = "debug",
    }
}

impl LogLevel {
    /// What is written where nothing is set.
    pub const USUAL: Self = Self::Info;

    /// In words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Off => "Nothing",
            Self::Error => "Errors",
            Self::Warn => "Errors and warnings",
            Self::Info => "What is done",
            Self::Debug => "Everything",
        }
    }
}

/// One file of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogFile {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

/// Where the log is, and how much is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogFacts {
    /// How much is written.
    pub level: LogLevel,
    /// The folder.
    pub folder: PathBuf,
    /// Its files, the newest first.
    pub files: Vec<LogFile>,
}

impl App {
    /// Where the log is, and how much is written.
    ///
    /// # Errors
    /// Where the workspace or the folder cannot be read.
    pub async fn log_facts(&self) -> Result<LogFacts, AppError> {
        let (level, folder) = match self.existing().await? {
            Some(workspace) => (level_of(&workspace).await?, files::folder(workspace.folder())),
            None => (LogLevel::USUAL, files::folder(self.location.path())),
        };
        let files = files::list(&folder).map_err(|error| AppError::unread(&folder, &error))?;
        Ok(LogFacts { level, folder, files })
    }

    /// Sets how much is written: by this program at once, by others when they are started anew.
    ///
    /// # Errors
    /// Where the workspace cannot be written.
    pub async fn set_log_level(&self, level: LogLevel) -> Result<(), AppError> {
        self.workspace().await?.choose(SETTING, level.as_str()).await?;
        recorder::set_level(level);
        Ok(())
    }
}

async fn level_of(workspace: &Workspace) -> Result<LogLevel, AppError> {
    // What a later version wrote is as good as nothing.
    Ok(workspace.meta(SETTING).await?.and_then(|text| text.parse().ok()).unwrap_or(LogLevel::USUAL))
}

/// From here on the log of this program is that of a workspace.
pub(super) async fn follow(workspace: &Workspace) {
    if !workspace.is_read_only() {
        recorder::set_level(level_of(workspace).await.unwrap_or(LogLevel::USUAL));
        recorder::write_into(files::folder(workspace.folder()));
    }
}

/// Writes down what happened while the program serves.
pub fn log_event(event: &ServeEvent) {
    match event {
        ServeEvent::Listening { url } => tracing::info!(url, "receiving"),
        // What is sent is written down where it ends.
        ServeEvent::Transmission(transmission) if transmission.direction == Direction::Inbound => {
            log_end("received", transmission);
        }
        ServeEvent::Notice(notice) => tracing::info!("notice: {}", notice.title),
        _ => {}
    }
}

/// Writes down what became of a transmission.
pub(super) fn log_end(what: &str, transmission: &Transmission) {
    let connection = transmission.connection.as_ref().map_or("-", |id| id.as_str());
    let profile = transmission.profile.map_or("-", |profile| profile.as_str());
    let (verdict, cause) = (transmission.verdict, transmission.cause().unwrap_or("-"));
    let (id, message_id) = (transmission.id, &transmission.message_id);
    let bytes = transmission.bytes.payload;
    tracing::info!(%id, message_id, connection, profile, %verdict, cause, bytes, "{what}");
}
