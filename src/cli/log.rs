//! `log`: where the program writes down what it does, and how much of it.

use clap::Subcommand;

use super::{Answer, Session};
use crate::app::{AppError, LogFacts, LogLevel};
use crate::domain::size::size;

/// What there is to do about the log.
#[derive(Debug, Subcommand)]
pub(super) enum LogCommand {
    /// Show where it is, and how much is written
    Show,
    /// Set how much is written: off, error, warn, info or debug. Programs that run take it when they are started anew
    Set {
        /// How much
        level: LogLevel,
    },
}

pub(super) async fn run(session: &Session, command: LogCommand) -> Result<Answer, AppError> {
    if let LogCommand::Set { level } = command {
        session.app.set_log_level(level).await?;
    }
    let facts = session.app.log_facts().await?;
    session.out.answer(&facts, || shown(&facts));
    Ok(Answer::Yes)
}

fn shown(facts: &LogFacts) -> String {
    let mut text = format!("Folder   {}\nLevel    {}\n", facts.folder.display(), facts.level);
    for file in &facts.files {
        text.push_str(&format!("         {}, {}\n", file.name, size(file.bytes)));
    }
    text
}
