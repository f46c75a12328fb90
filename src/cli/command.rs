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
    /// Let the commands run that came with a restored backup, once you have seen them in the list
    Confirm,
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
    /// When something is not run that came with a restored backup.
    put_off: &'a [Occasion],
}

pub(super) async fn run(session: &Session, command: CommandCommand) -> Result<Answer, AppError> {
    match command {
        CommandCommand::Set { when, seconds, also_test, program, arguments } => {
            let command = OwnCommand { program: program.into(), arguments, seconds, also_test };
            session.app.set_command(when.into(), Some(command)).await?;
        }
        CommandCommand::List => {}
        CommandCommand::Confirm => {
            let seen = session.app.command_settings().await?;
            session.app.confirm_commands(&seen).await?;
        }
        CommandCommand::Remove { when } => session.app.set_command(when.into(), None).await?,
    }
    let settings = session.app.command_settings().await?;
    let put_off = session.app.commands_put_off().await?;
    session.out.answer(&Document { commands: &settings, put_off: &put_off }, || listed(&settings, &put_off));
    if !put_off.is_empty() {
        session.out.warning(
            "what came with a restored backup is not run until you confirm it: look at each program, and `countersign \
             command confirm`, or set another",
        );
    }
    Ok(Answer::Yes)
}

/// What is run when; what is put off is told as that.
pub(super) fn listed(settings: &CommandSettings, put_off: &[Occasion]) -> String {
    let lines: Vec<String> = Occasion::ALL
        .iter()
        .map(|occasion| match settings.of(*occasion) {
            Some(command) => {
                let words: Vec<String> =
                    command.words().iter().map(|word| words::shell_word(&super::output::line(word))).collect();
                let test = if command.also_test { ", also of test profiles" } else { "" };
                let not = if put_off.contains(occasion) { ", not run until it is confirmed" } else { "" };
                format!("when {}{test}, at most {} s{not}: {}", occasion.label(), command.seconds, words.join(" "))
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
