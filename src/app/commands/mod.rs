//! A command of the user's that is run when a message was received, or when one that was to be sent as daily work has
//! failed for good.
//!
//! It is a program with its arguments and never goes through a shell: what a partner has written into a file name or a
//! Message-ID stays within one argument. It is set at this machine, from the command line or in the window, and by nothing
//! that is imported. It is run once by the program that received or sent, a few at a time and for a bounded time; how it
//! ended changes nothing of the message. A program that is killed meanwhile does not run it again.

pub(super) mod put_off;
mod run;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::serve::ServeEvent;
use super::{App, AppError};
use crate::domain::identifier::ProfileKind;
use crate::domain::spelling::spelled;
use crate::domain::transmission::{Direction, Transmission, TransmissionId, Verdict};
use crate::store::{CommandRun, Part, Workspace};
use run::{Invocation, Ran};

/// Under which the workspace keeps the setting.
const SETTING: &str = "commands";

/// Under which it keeps that what came with a backup was confirmed.
const CONFIRMED: &str = "commands_confirmed";

/// So many run at once.
const AT_ONCE: usize = 2;

/// So long a command may take where nothing else is said, in seconds.
const DEFAULT_SECONDS: u32 = 60;

/// The most that can be said.
const MOST_SECONDS: u32 = 3600;

/// The most arguments.
const MOST_ARGUMENTS: usize = 64;

spelled! {
    /// When a command is run.
    pub enum Occasion {
        /// A message was received and delivered.
        Received = "received",
        /// A message of daily work was not delivered, and no attempt follows.
        Failed = "failed",
    }
}

impl Occasion {
    /// In words, after "run when".
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Received => "a message was received",
            Self::Failed => "a message could not be delivered",
        }
    }

    /// What is told as an occasion, and about which transmission.
    fn of(event: &ServeEvent) -> Option<(Self, &Transmission)> {
        match event {
            ServeEvent::Arrived(transmission) => Some((Self::Received, transmission)),
            ServeEvent::Transmission(transmission)
                if transmission.direction == Direction::Outbound
                    && matches!(transmission.verdict, Verdict::Failed | Verdict::Uncertain)
                    && transmission.next_attempt.is_none() =>
            {
                Some((Self::Failed, transmission))
            }
            _ => None,
        }
    }
}

/// The places in an argument that are filled in, each in braces; in the environment they stand as `COUNTERSIGN_FILE` and so on.
pub const COMMAND_PLACES: [&str; 6] = ["file", "name", "message_id", "connection", "profile", "cause"];

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCommand {
    /// The program's file.
    pub program: PathBuf,
    /// Its arguments, each with places that are filled in: [`COMMAND_PLACES`].
    #[serde(default)]
    pub arguments: Vec<String>,
    /// How long it may take, in seconds.
    #[serde(default = "default_seconds")]
    pub seconds: u32,
    /// Whether it is run for messages of test profiles too.
    #[serde(default)]
    pub also_test: bool,
}

/// How a command ended that was not run.
const PUT_OFF: &str = "was not run: it came with a restored backup and nobody has confirmed it";

const fn default_seconds() -> u32 {
    DEFAULT_SECONDS
}

/// What is run when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandSettings {
    /// When a message was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<OwnCommand>,
    /// When one could not be delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<OwnCommand>,
}

impl CommandSettings {
    /// What is run on an occasion.
    #[must_use]
    pub const fn of(&self, occasion: Occasion) -> Option<&OwnCommand> {
        match occasion {
            Occasion::Received => self.received.as_ref(),
            Occasion::Failed => self.failed.as_ref(),
        }
    }
}

impl OwnCommand {
    /// Its program and its arguments.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        std::iter::once(self.program.display().to_string()).chain(self.arguments.iter().cloned()).collect()
    }

    /// The same with its program found. One without a folder is looked for now, in the folders of `PATH`: what another user
    /// of it would find later is not run.
    ///
    /// # Errors
    /// Where there is no such program, or the limits are passed.
    pub fn checked(self) -> Result<Self, AppError> {
        if !(1..=MOST_SECONDS).contains(&self.seconds) {
            return Err(AppError::new(format!("a command may take 1 to {MOST_SECONDS} seconds")));
        }
        if self.arguments.len() > MOST_ARGUMENTS {
            return Err(AppError::new(format!("a command has at most {MOST_ARGUMENTS} arguments")));
        }
        if self.arguments.iter().any(|argument| argument.contains('\0') || argument.len() > 4096) {
            return Err(AppError::new("an argument is too long or holds a zero byte"));
        }
        let program = self.program.to_str().ok_or_else(|| AppError::new("the program's name is not text"))?;
        Ok(Self { program: found(program.trim())?, ..self })
    }
}

/// The program's file.
fn found(program: &str) -> Result<PathBuf, AppError> {
    let missing = || {
        AppError::new(format!("there is no program `{program}`"))
            .hint("name the program's file with its whole path; it is run without a shell")
    };
    if program.is_empty() {
        return Err(AppError::new("no program is named"));
    }
    let path = Path::new(program);
    if path.components().count() > 1 || path.is_absolute() {
        let path = std::path::absolute(path).map_err(|_unknown| missing())?;
        return if path.is_file() { Ok(path) } else { Err(missing()) };
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let ends: &[&str] = if cfg!(windows) { &["", ".exe"] } else { &[""] };
    std::env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| ends.iter().map(move |end| folder.join(format!("{program}{end}"))))
        .find(|path| path.is_file())
        .ok_or_else(missing)
}

/// Runs commands for what one program receives and sends.
#[derive(Clone)]
pub(super) struct Commands {
    app: App,
    workspace: Workspace,
    tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    places: Arc<Semaphore>,
}

impl Commands {
    /// The same telling, that runs commands for what is told.
    pub(super) fn beside(
        app: App,
        workspace: Workspace,
        tell: Arc<dyn Fn(ServeEvent) + Send + Sync>,
    ) -> Arc<dyn Fn(ServeEvent) + Send + Sync> {
        let all = Self { app, workspace, tell: Arc::clone(&tell), places: Arc::new(Semaphore::new(AT_ONCE)) };
        Arc::new(move |event| {
            if let Some((occasion, transmission)) = Occasion::of(&event) {
                let (all, transmission) = (all.clone(), transmission.clone());
                let afterwards = all.app.afterwards.clone();
                afterwards.begin(async move { all.run(occasion, &transmission).await });
            }
            tell(event);
        })
    }

    /// Runs what follows one transmission that is told to nobody else, such as one that was sent again by hand.
    pub(super) async fn run_after(app: &App, workspace: &Workspace, transmission: &Transmission) {
        let event = ServeEvent::Transmission(Box::new(transmission.clone()));
        let Some((occasion, transmission)) = Occasion::of(&event) else { return };
        let (app, workspace) = (app.clone(), workspace.clone());
        let all = Self { app, workspace, tell: Arc::new(|_event| {}), places: Arc::new(Semaphore::new(AT_ONCE)) };
        all.run(occasion, transmission).await;
    }

    async fn run(&self, occasion: Occasion, transmission: &Transmission) {
        // Closed never.
        let Ok(_place) = self.places.acquire().await else { return };
        // Settings that cannot be read now name no command.
        let Ok(settings) = self.app.command_settings().await else { return };
        let Some(command) = settings.of(occasion) else { return };
        if transmission.profile != Some(ProfileKind::Production) && !command.also_test {
            return;
        }
        // A receipt that comes twice fails it once.
        let before = self.workspace.command_runs(transmission.id).await.unwrap_or_default();
        if before.iter().any(|run| run.occasion == occasion.as_str()) {
            return;
        }
        let at = self.app.now();
        let invocation = Invocation::new(command, occasion, transmission, self.file(transmission));
        let Ran { good, outcome, ms, output } = match self.is_put_off(occasion) {
            true => Ran { good: false, outcome: PUT_OFF.to_owned(), ms: 0, output: String::new() },
            false => invocation.run().await,
        };
        let run = CommandRun {
            transmission: transmission.id,
            at,
            occasion: occasion.to_string(),
            program: command.program.display().to_string(),
            good,
            outcome,
            ms,
            output,
        };
        // What cannot be kept has been run all the same.
        if self.workspace.put_command_run(&run).await.is_ok() {
            (self.tell)(ServeEvent::JournalChanged);
        }
    }

    /// Whether it came with a restored backup, and nobody has confirmed it.
    fn is_put_off(&self, occasion: Occasion) -> bool {
        put_off::put_off(self.workspace.folder()).contains(&occasion)
    }

    /// Where the payload of a message lies: in its inbox, else in the archive.
    fn file(&self, transmission: &Transmission) -> PathBuf {
        let placed = transmission.delivery.as_ref().and_then(|delivery| {
            let name = delivery.file.as_ref()?;
            let folder = super::inbox::ready_path(transmission, None)?;
            Some(folder.parent()?.join(name))
        });
        placed.unwrap_or_else(|| self.workspace.archive().path(transmission.id, Part::Payload))
    }
}

impl App {
    /// What is run when.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn command_settings(&self) -> Result<CommandSettings, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(CommandSettings::default()) };
        let kept = workspace.meta(SETTING).await?;
        // What a later version wrote is as good as nothing.
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Sets what is run on an occasion; nothing, where no command is given.
    ///
    /// # Errors
    /// As [`OwnCommand::checked`], and where the workspace cannot be written.
    pub async fn set_command(&self, occasion: Occasion, command: Option<OwnCommand>) -> Result<(), AppError> {
        let command = command.map(OwnCommand::checked).transpose()?;
        let mut settings = self.command_settings().await?;
        match occasion {
            Occasion::Received => settings.received = command,
            Occasion::Failed => settings.failed = command,
        }
        let text = serde_json::to_string(&settings)
            .map_err(|error| AppError::new(format!("the setting cannot be written: {error}")))?;
        let workspace = self.workspace().await?;
        workspace.choose(SETTING, &text).await?;
        confirmed(&workspace, occasion)
    }

    /// The occasions whose command came with a restored backup and is not run, because nobody has confirmed it.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn commands_put_off(&self) -> Result<Vec<Occasion>, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(Vec::new()) };
        let mut put_off = put_off::put_off(workspace.folder());
        if !put_off.is_empty() {
            let settings = self.command_settings().await?;
            put_off.retain(|occasion| settings.of(*occasion).is_some());
        }
        Ok(put_off)
    }

    /// Has the commands run from now on that came with a restored backup. They were seen: the caller gives what it has shown,
    /// so that nothing else is confirmed.
    ///
    /// # Errors
    /// Where other commands are set by now, or the workspace cannot be written.
    pub async fn confirm_commands(&self, seen: &CommandSettings) -> Result<(), AppError> {
        let put_off = self.commands_put_off().await?;
        if put_off.is_empty() {
            return Ok(());
        }
        let workspace = self.workspace().await?;
        if self.command_settings().await? != *seen {
            return Err(AppError::new("other commands are set by now").hint("look at them, and confirm those"));
        }
        let names: Vec<&str> = put_off.iter().map(|occasion| occasion.as_str()).collect();
        workspace.choose(CONFIRMED, &format!("{} at {}", names.join(", "), self.now())).await?;
        put_off.into_iter().try_for_each(|occasion| confirmed(&workspace, occasion))
    }

    /// The commands that were run because of a transmission.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn command_runs(&self, id: TransmissionId) -> Result<Vec<CommandRun>, AppError> {
        match self.existing().await? {
            Some(workspace) => Ok(workspace.command_runs(id).await?),
            None => Ok(Vec::new()),
        }
    }
}

/// Notes that somebody has set or confirmed a command.
fn confirmed(workspace: &Workspace, occasion: Occasion) -> Result<(), AppError> {
    let folder = workspace.folder();
    put_off::confirm(folder, occasion)
}

/// The commands of a workspace that nobody has opened since it was restored, read without changing it.
pub(super) async fn restored_commands(folder: &Path) -> Option<CommandSettings> {
    let kept = crate::store::setting_at_rest(folder, SETTING).await.ok()??;
    serde_json::from_str(&kept).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(program: &str, arguments: Vec<String>, seconds: u32) -> Result<OwnCommand, AppError> {
        OwnCommand { program: program.into(), arguments, seconds, also_test: false }.checked()
    }

    #[test]
    fn a_program_is_found_when_it_is_set_and_limits_hold() {
        assert!(command("sh", vec![], 60).unwrap().program.is_absolute());
        let many = vec![String::new(); MOST_ARGUMENTS + 1];
        for (program, arguments, seconds) in [
            ("", vec![], 60),
            ("no-such-program-anywhere", vec![], 60),
            ("/no/such/program", vec![], 60),
            ("sh", many, 60),
            ("sh", vec!["a\0b".to_owned()], 60),
            ("sh", vec![], 0),
            ("sh", vec![], MOST_SECONDS + 1),
        ] {
            assert!(command(program, arguments, seconds).is_err(), "{program}");
        }
    }
}
