//! `command`: what is run when a message was received, or could not be delivered.

use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::{Answer, Session, words};
use crate::app::{AppError, CommandRun, CommandSettings, Occasion, OwnCommand};

/// What follows a message: a program of yours, run without a shell.
#[derive(Debug, Subcommand)]
pub(super) enum CommandCommand {
    /// Set the program that is run, with its arguments, each as it is
    #[command(
        after_help = "In an argument {file}, {name}, {message_id}, {connection}, {profile} and {cause} are filled in; the same stand \
                            in COUNTERSIGN_FILE and so on. Nothing goes through a shell.\n\
                            The program is run once, by the process that received or sent, and is ended when its time is \
                            over. How it ended is kept with the transmission, and changes nothing of the message.\n\
                            Example: countersign command set received -- /opt/erp/import {file}"
    )]
    Set {
        /// When it is run
        when: When,
        /// How many seconds it may take
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
        /// Run it for messages of test profiles too
        #[arg(long)]
        also_test: bool,
        /// The program
        program: String,
        /// Its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// List what is run when
    List,
    /// Run nothing any more
    Remove {
        /// When it was run
        when: When,
    },
}

/// When a command is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// A message was received and delivered
    Received,
    /// A message of daily work could not be delivered, and no attempt follows
    Failed,
}

impl From<When> for Occasion {
    fn from(when: When) -> Self {
        match when {
            When::Received => Self::Received,
            When::Failed => Self::Failed,
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    commands: &'a CommandSettings,
}

pub(super) async fn run(session: &Session, command: CommandCommand) -> Result<Answer, AppError> {
    match command {
        CommandCommand::Set { when, seconds, also_test, program, arguments } => {
            let command = OwnCommand { program: program.into(), arguments, seconds, also_test };
            session.app.set_command(when.into(), Some(command)).await?;
        }
        CommandCommand::List => {}
        CommandCommand::Remove { when } => session.app.set_command(when.into(), None).await?,
    }
    let settings = session.app.command_settings().await?;
    session.out.answer(&Document { commands: &settings }, || listed(&settings));
    Ok(Answer::Yes)
}

fn listed(settings: &CommandSettings) -> String {
    let lines: Vec<String> = Occasion::ALL
        .iter()
        .map(|occasion| match settings.of(*occasion) {
            Some(command) => {
                let argument = |argument: &String| words::shell_word(argument);
                let words: Vec<String> = std::iter::once(command.program.display().to_string())
                    .chain(command.arguments.iter().cloned())
                    .map(|word| argument(&word))
                    .collect();
                let test = if command.also_test { ", also of test profiles" } else { "" };
                format!("when {}{test}, at most {} s: {}", occasion.label(), command.seconds, words.join(" "))
            }
            None => format!("when {}: nothing", occasion.label()),
        })
        .collect();
    lines.join("\n")
}

/// The commands that were run because of a transmission, each with the end of what it wrote.
pub(super) fn runs(runs: &[CommandRun]) -> String {
    let mut text = String::new();
    for run in runs {
        text.push_str(&format!(
            "\nCommand run at {}: {}\n  {} after {} ms\n",
            words::instant(run.at),
            super::output::line(&run.program),
            super::output::line(&run.outcome),
            run.ms
        ));
        for line in run.output.lines() {
            text.push_str(&format!("  > {}\n", super::output::line(line)));
        }
    }
    text
}
