//! The main job on a workspace of its own, with built-in trading partners on loopback.

mod folder;
mod open;
mod partners;
mod receipts;
mod reopen;
mod steps;
mod world;

use std::path::PathBuf;

use folder::Claim;
pub use folder::{is_open, usual_folder};
pub use open::{OpenOptions, OpenSample};
use world::World;

use crate::app::AppError;
use crate::domain::compliance::CheckReport;
use crate::domain::identifier::ConnectionId;
use crate::domain::spelling::spelled;
use crate::domain::transmission::Transmission;

spelled! {
    /// Something broken on purpose, to see that the sample notices.
    pub enum SampleFault {
        /// The Amazon-like partner does not run.
        PartnerStopped = "partner-stopped",
        /// The renewed certificate that is imported belongs to somebody else.
        CertificateSwapped = "certificate-swapped",
    }
}

/// Files that the sample's partners would have offered on their portals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleFiles {
    /// The folder they lie in.
    pub folder: PathBuf,
    /// The renewed certificate for a connection, where its partner offers one.
    pub renewed: Vec<(ConnectionId, PathBuf)>,
    /// What is to be said of the sample when it is opened, where it was set up so long ago that it shows something else
    /// than at first.
    pub aged: Option<String>,
}

/// How the sample is run.
#[derive(Clone, Debug)]
pub struct SampleOptions {
    /// The folder of the sample; the user's data directory where absent.
    pub folder: Option<PathBuf>,
    /// Something broken on purpose.
    pub fault: Option<SampleFault>,
}

/// What is told while the sample runs, in order.
#[derive(Clone, Debug)]
pub enum SampleEvent {
    /// A step begins.
    Step {
        /// Counted from 1.
        number: usize,
        /// What it does.
        title: String,
    },
    /// Something a step found or did, as a line.
    Note(String),
    /// Compliance, as a table.
    Compliance(Box<CheckReport>),
    /// A transmission, with stages and lights.
    Transmission(Box<Transmission>),
    /// A step held or did not.
    Held {
        /// Counted from 1.
        number: usize,
        /// Whether it did what it says.
        held: bool,
        /// What was seen.
        detail: String,
    },
}

/// How a step ended, for the summary and `--json`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SampleStep {
    /// Counted from 1.
    pub number: usize,
    /// What it does.
    pub title: String,
    /// Whether it did what it says.
    pub held: bool,
    /// What was seen.
    pub detail: String,
}

/// What came of the sample.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SampleOutcome {
    /// The folder of the sample workspace.
    pub workspace: PathBuf,
    /// The steps in their order.
    pub steps: Vec<SampleStep>,
}

impl SampleOutcome {
    /// Whether every step held.
    #[must_use]
    pub fn held(&self) -> bool {
        self.steps.iter().all(|step| step.held)
    }
}

/// Does the main job and tells of every step; the first that does not hold ends it.
///
/// # Errors
/// Where the sample cannot be set up: the folder is neither empty nor a sample, or cannot be written.
pub async fn run(
    options: &SampleOptions,
    events: &(dyn Fn(SampleEvent) + Send + Sync),
) -> Result<SampleOutcome, AppError> {
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => usual_folder()?,
    };
    let world = World::create(Claim::take(&folder, true).await?, options.fault).await?;
    let mut steps = Vec::new();
    for (index, (title, step)) in steps::JOB.iter().enumerate() {
        let number = index + 1;
        events(SampleEvent::Step { number, title: (*title).to_owned() });
        let (held, detail) = match step(&world, events).await {
            Ok(seen) => (true, seen),
            Err(error) => (false, error.to_string()),
        };
        events(SampleEvent::Held { number, held, detail: detail.clone() });
        steps.push(SampleStep { number, title: (*title).to_owned(), held, detail });
        if !held {
            break;
        }
    }
    world.running.close().await;
    Ok(SampleOutcome { workspace: folder, steps })
}
