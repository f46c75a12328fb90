//! The engine behind the window: commands in, events out, on a thread of its own with the runtime.
//!
//! The window never waits. It hands over a [`Command`] under a [`RequestId`] and draws what it has; the answer comes as
//! an [`Event`], and whoever sends an event wakes the window. What the window draws is a [`Snapshot`]: the workspace as
//! it was last read, judged already. It is read anew after every change, when a scheduled certificate goes active, within a
//! second of a change by another program, and once a minute, so that days count down.

mod clerk;
mod command;
mod identity_work;
mod journal;
mod look;
mod many;
mod notices;
mod policies;
mod prospect;
mod receiving;
mod retention;
mod rollovers;
mod sending;
mod snapshot;
mod work;
mod workspace;

use std::pin::Pin;
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

pub use command::{Answer, Command, Event, ReceiptSource, ReceiptText, RequestId, SendId, TransmissionDetail};
pub use identity_work::IdentityCommand;
pub use journal::JournalCommand;
pub use look::{LookAnswer, LookCommand};
pub use many::{ManyAnswer, ManyCommand};
pub use notices::{NoticeCommand, NoticeState};
pub use policies::{PolicyAnswer, PolicyTask};
pub use prospect::{Foreseen, Outlook};
pub use receiving::{Receiving, ReceivingSettings, ReceivingState};
pub use retention::{RetentionAnswer, RetentionCommand};
pub use rollovers::{RolloverAnswer, RolloverCommand};
pub use snapshot::{
    CertificateState, ConnectionState, IdentityState, NextActivation, PolicyState, Snapshot, Summary, WorkspaceState,
};
pub use workspace::{DesktopAct, Password, WorkspaceAnswer, WorkspaceCommand};

use super::sample::SampleFiles;
use super::{App, AppError, Clock};
use work::Worker;

/// How many commands may wait. The window hands over one at a time; more than this is a defect.
const COMMANDS: usize = 256;

/// How long work in flight is waited for when the engine is stopped. What takes longer is in the journal.
const GRACE: Duration = Duration::from_secs(5);

/// Something to be run beside the commands, such as a file dialog that is waited for.
pub type Errand = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the engine works on.
pub struct EngineOptions {
    /// The program on its workspace.
    pub app: App,
    /// The sample's files, where the workspace is the sample.
    pub sample: Option<SampleFiles>,
    /// The zone in which instants are shown to the user.
    pub zone: TimeZone,
    /// Called after every event, from any thread.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

/// A running engine.
pub struct Engine {
    clock: Clock,
    zone: TimeZone,
    last: u64,
    commands: Option<mpsc::Sender<Command>>,
    events: std_mpsc::Receiver<Event>,
    thread: Option<JoinHandle<()>>,
    /// Nothing will come any more.
    ended: bool,
    /// Opening the workspace takes long.
    brings_up_to_date: bool,
}

/// The engine takes no more commands: it has stopped, or too many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Countersign cannot take more work at the moment; wait a little and try again")]
pub struct Busy;

impl Engine {
    /// Starts the engine; the first snapshot follows as an event.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub fn start(options: EngineOptions) -> Result<Self, AppError> {
        let (commands, incoming) = mpsc::channel(COMMANDS);
        let (outgoing, events) = std_mpsc::channel();
        let clock = options.app.clock;
        let zone = options.zone.clone();
        let no_threads = |error: std::io::Error| {
            AppError::new(format!("the system gives the program no threads to run on: {error}"))
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("engine-worker")
            .enable_all()
            .build()
            .map_err(no_threads)?;
        let brings_up_to_date = options.app.is_to_be_brought_up_to_date();
        let worker = Worker::new(options, outgoing);
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || {
                runtime.block_on(worker.run(incoming));
                // Reading a stuck disk or waiting for a dialog must not keep the program from ending.
                runtime.shutdown_timeout(Duration::from_millis(200));
            })
            .map_err(no_threads)?;
        Ok(Self {
            clock,
            zone,
            last: 0,
            commands: Some(commands),
            events,
            thread: Some(thread),
            ended: false,
            brings_up_to_date,
        })
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The zone in which instants are shown.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether a large workspace of an older version is brought up to date when it is opened, which takes minutes.
    #[must_use]
    pub const fn brings_up_to_date(&self) -> bool {
        self.brings_up_to_date
    }

    /// A number for a request, unlike any before.
    pub const fn request(&mut self) -> RequestId {
        self.last += 1;
        RequestId(self.last)
    }

    /// Hands a command over.
    ///
    /// # Errors
    /// Where it is not taken.
    pub fn tell(&self, command: Command) -> Result<(), Busy> {
        let commands = self.commands.as_ref().ok_or(Busy)?;
        commands.try_send(command).map_err(|_full_or_closed| Busy)
    }

    /// The next event that has come, if one has.
    pub fn event(&mut self) -> Option<Event> {
        match self.events.try_recv() {
            Ok(event) => Some(event),
            Err(std_mpsc::TryRecvError::Empty) => None,
            Err(std_mpsc::TryRecvError::Disconnected) => {
                self.ended = true;
                None
            }
        }
    }

    /// Whether the engine has ended though nobody stopped it: a defect. Nothing is answered any more.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.ended && self.commands.is_some()
    }

    /// Ends the engine: what is being saved is finished, sends in flight are given a few seconds.
    pub fn stop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // Whether it ended by itself was seen before; there is nothing to save here.
            drop(thread.join());
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}
