//! The command line: reads what is written there, lets [`App`] do it, and prints what came of it.
//!
//! It prints through `output` alone, decides nothing that the window decides otherwise, and ends with 0 (done),
//! 1 (done, and the answer is no) or 2 (it could not be carried out).

mod arguments;
mod audit;
mod certificate;
mod check;
mod command;
mod comparison;
mod connection;
mod desktop;
mod document;
mod explain;
mod identity;
mod identity_arguments;
mod json;
mod licences;
mod log;
mod many;
mod needs;
mod notice;
mod openas2;
mod opening;
mod output;
mod policy;
mod proxy;
mod receiver;
mod redelivery;
mod report;
mod retention;
mod rollover;
mod sample;
mod schedule;
mod secret;
mod send;
mod serve;
mod server_certificate;
mod settings;
mod sightings;
mod table;
mod transmission;
mod transmission_arguments;
mod transmission_summary;
mod usage;
mod words;
mod workspace;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser as _;

use crate::app::sample::SampleFiles;
use crate::app::{App, AppError, Clock, FirstWindow, Location, Protection, ToOpen, Unlock, WindowStart, start_window};
use arguments::{Arguments, Command};
use output::Output;

/// What a command that was carried out answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Done: 0.
    Yes,
    /// Done, and the answer is no: 1.
    No,
}

impl Answer {
    /// Yes, where it is good.
    const fn of(good: bool) -> Self {
        if good { Self::Yes } else { Self::No }
    }
}

/// What every command works with.
struct Session {
    app: App,
    out: Output,
    /// What has to follow a command line so that it is about the same workspace, with a space before it.
    suffix: String,
}

impl Session {
    /// Says once that nothing but a file protects the workspace's secrets, where that is so.
    async fn tell_protection(&self) -> Result<(), AppError> {
        if let Some(Protection::KeyFile { path }) = self.app.protection().await? {
            self.out.note(&format!(
                "the secrets of this workspace are protected by the key file {} alone; `countersign workspace \
                 protect --passphrase-stdin` puts them under a passphrase, --keychain into the keychain of this desktop",
                path.display()
            ));
        }
        if self.app.is_shared().await? {
            self.out.warning(
                "a group of users may write to the folder of this workspace, and so read and change all that is in it; where that is \
                 not meant, `chmod g-w` takes it from them",
            );
        }
        Ok(())
    }

    /// Writes what is exported to a file where one is named, and says which.
    #[expect(clippy::unused_self, reason = "files are part of what a session works with")]
    fn write_if_asked(&self, path: Option<&Path>, content: impl AsRef<[u8]>) -> Result<Option<String>, AppError> {
        let Some(path) = path else { return Ok(None) };
        crate::app::write_file(path, content)?;
        Ok(Some(path.display().to_string()))
    }

    /// The same of what tells of partners: a new file is its owner's alone.
    #[expect(clippy::unused_self, reason = "files are part of what a session works with")]
    fn write_confidential_if_asked(
        &self,
        path: Option<&Path>,
        content: impl AsRef<[u8]>,
    ) -> Result<Option<String>, AppError> {
        let Some(path) = path else { return Ok(None) };
        crate::app::write_confidential(path, content)?;
        Ok(Some(path.display().to_string()))
    }
}

/// Said where there is a window already.
const BROUGHT_FORWARD: &str = "The window that is open on this workspace was brought forward";

/// What the window is opened on.
pub struct WindowRequest {
    /// The program on its workspace.
    pub app: App,
    /// The sample's files, where the workspace is the sample.
    pub sample: Option<SampleFiles>,
    /// What it is to open at once.
    pub open: Vec<ToOpen>,
    /// Where it is called by what is started later.
    pub first: Option<FirstWindow>,
}

/// Whoever opens windows, and returns when they were closed.
pub trait Windows {
    /// Opens the window on a workspace.
    ///
    /// # Errors
    /// Where it cannot be opened.
    fn open(&self, request: WindowRequest) -> Result<(), AppError>;

    /// Opens the gallery of the window's widgets.
    ///
    /// # Errors
    /// Where it cannot be opened.
    #[cfg(debug_assertions)]
    fn open_gallery(&self) -> Result<(), AppError>;
}

/// Carries out what the process's arguments say, and returns its exit code.
#[must_use]
pub fn run(windows: &dyn Windows) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    static DEFECT: Mutex<Option<String>> = Mutex::new(None);
    std::panic::set_hook(Box::new(|panic| {
        let mut defect = DEFECT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        defect.get_or_insert_with(|| panic.to_string());
        // Where and on which thread, for one that nobody waits for too; not what it says, which may hold what was being read.
        // From a thread of its own: this one may hold what the log needs.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        let note = move || tracing::error!(place, thread, "a defect in countersign stopped what was being done");
        std::thread::Builder::new().spawn(note).map(drop).unwrap_or_default();
    }));
    crate::app::install_log();
    crate::app::forbid_core_dumps();
    let code = std::panic::catch_unwind(AssertUnwindSafe(|| carry_out(&arguments, windows))).unwrap_or_else(|_panic| {
        let what = DEFECT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take().unwrap_or_default();
        let error = AppError::new(format!("a defect in countersign stopped it: {what}"))
            .hint("please report this; nothing that was journalled is lost");
        tracing::error!("{}", error.message());
        Output::new(usage::wants_json(&arguments)).error(&error);
        ExitCode::from(2)
    });
    crate::app::flush_log();
    code
}

fn carry_out(arguments: &[OsString], windows: &dyn Windows) -> ExitCode {
    let out = Output::new(usage::wants_json(arguments));
    let answer = match opening::taken_out(arguments) {
        Ok((open, arguments)) => read(&arguments, open, &out, windows),
        Err(error) => Err(error),
    };
    let answer = answer.and_then(|answer| out.finish().map(|()| answer));
    match answer {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(error) => {
            tracing::warn!("{}", error.message());
            out.error(&error);
            ExitCode::from(2)
        }
    }
}

/// Carries out what the arguments say beside what is to be opened in the window.
fn read(arguments: &[OsString], open: Option<ToOpen>, out: &Output, windows: &dyn Windows) -> Result<Answer, AppError> {
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => begin(arguments, open, out.clone(), windows),
        Err(error) if error.use_stderr() => Err(usage::in_words(&error, arguments)),
        // `--help` and `--version` are answers, and are text whatever else is asked for.
        Err(help) => {
            out.bytes(help.to_string().as_bytes());
            Ok(Answer::Yes)
        }
    }
}

fn begin(arguments: Arguments, open: Option<ToOpen>, out: Output, windows: &dyn Windows) -> Result<Answer, AppError> {
    let given = arguments.workspace.as_deref();
    if open.is_some() && arguments.command.is_some() {
        return Err(AppError::new("a file or a link is opened in the window, where no command follows it")
            .hint("name the command first; `countersign --help` lists them"));
    }
    if let Some(Command::Sample(options)) = &arguments.command {
        let location = given.map(located).transpose()?;
        if !options.headless && !out.is_json() && has_display() {
            return sample::open(&out, options, location, windows);
        }
        return crate::app::run(sample::run(&out, options, location, &suffix(given)))?;
    }
    if let Some(Command::Explain { words }) = &arguments.command {
        return explain::run(&out, words);
    }
    if let Some(Command::Licences { names }) = &arguments.command {
        return licences::run(&out, names);
    }
    #[cfg(debug_assertions)]
    if let Some(Command::Gallery) = &arguments.command {
        return windows.open_gallery().map(|()| Answer::Yes);
    }
    if let Some(Command::Desktop(command)) = &arguments.command {
        return desktop::run(&out, command, given);
    }
    if arguments.command.is_none() {
        if out.is_json() {
            return Err(AppError::new("the window has no JSON to answer with")
                .hint("name a command with --json; `countersign --help` lists them"));
        }
        if !has_display() {
            return Err(AppError::new("there is no display to open the window on").hint(
                "name a command, `countersign --help` lists them; `countersign sample --headless` shows the main job",
            ));
        }
    }
    let location = match given {
        Some(text) => located(text)?,
        None => Location::of_user().map_err(|error| AppError::new(error.to_string()).hint(error.hint()))?,
    };
    let unlock = secret::passphrase()?.map_or_else(Unlock::none, Unlock::with_passphrase);
    if let Some(warning) = secret::exposed_passphrase_file() {
        out.warning(&warning);
    }
    let app = App::new(location.clone(), unlock, Clock::System);
    let Some(command) = arguments.command else {
        let open: Vec<ToOpen> = open.into_iter().collect();
        match start_window(&location, &open) {
            WindowStart::Here(first) => windows.open(WindowRequest { app, sample: None, open, first })?,
            WindowStart::BroughtForward => out.text(BROUGHT_FORWARD),
        }
        return Ok(Answer::Yes);
    };
    if app.is_to_be_brought_up_to_date() {
        out.note("the workspace is brought up to date for this version, once; with a large journal that takes minutes");
    }
    let session = Session { app, out, suffix: suffix(given) };
    // In the user's own place there is none before the first is made, and nothing is written wrongly.
    let needs = given.is_some() && needs::needs_workspace(&command);
    crate::app::run(async {
        let there = if needs { session.app.require_workspace().await } else { Ok(()) };
        let answer = match there {
            Ok(()) => dispatch(&session, command).await,
            Err(error) => Err(error),
        };
        session.app.close().await;
        answer
    })?
}

/// Whether there is a display to open a window on. Elsewhere than on Unix there always is.
fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos"))) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

async fn dispatch(session: &Session, command: Command) -> Result<Answer, AppError> {
    match command {
        Command::Sample(_) => Err(AppError::new("the sample has a workspace of its own")),
        Command::Explain { words } => explain::run(&session.out, &words),
        Command::Licences { names } => licences::run(&session.out, &names),
        Command::Audit(command) => audit::run(session, command).await,
        Command::Desktop(command) => desktop::run(&session.out, &command, None),
        #[cfg(debug_assertions)]
        Command::Gallery => Err(AppError::new("the gallery has a window of its own")),
        Command::Log(command) => log::run(session, command).await,
        Command::Proxy(command) => proxy::run(session, command).await,
        Command::Receiver(command) => receiver::run(session, command).await,
        Command::Check { connections, at } => check::run(session, &connections, at).await,
        Command::Connection(command) => connection::run(session, command).await,
        Command::Certificate(command) => certificate::run(session, command).await,
        Command::Identity(command) => identity::run(session, command).await,
        Command::Send(arguments) => send::run(session, arguments).await,
        Command::Serve(arguments) => serve::run(session, arguments).await,
        Command::After(command) => command::run(session, command).await,
        Command::Transmission(command) => transmission::run(session, command).await,
        Command::Policy(command) => policy::run(session, command).await,
        Command::Rollover(command) => rollover::run(session, command).await,
        Command::Notice(command) => notice::run(session, command).await,
        Command::Notifications(command) => notice::notifications(session, command).await,
        Command::Calendar(arguments) => notice::calendar(session, arguments).await,
        Command::Retention(command) => retention::run(session, command).await,
        Command::Report(arguments) => report::run(session, arguments).await,
        Command::Workspace(command) => workspace::run(session, command).await,
    }
}

fn located(text: &str) -> Result<Location, AppError> {
    text.parse::<Location>().map_err(|error| AppError::new(error.to_string()).hint(error.hint()))
}

/// What has to follow a command line so that it is about the workspace given by `--workspace`; nothing where the
/// environment or the default says the same.
fn suffix(given: Option<&str>) -> String {
    match given {
        Some(text) if std::env::var("COUNTERSIGN_WORKSPACE").ok().as_deref() != Some(text) => {
            format!(" --workspace {}", words::shell_word(text))
        }
        _ => String::new(),
    }
}
