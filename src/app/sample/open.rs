//! The sample for the window: its workspace, with the partners running beside it as long as it is open.

use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::folder::{Claim, anew, usual_folder};
use super::reopen::reopen;
use super::world::{AMAZON_RENEWED, DOWNLOADS, NORTHWIND_RENEWED, Running, World};
use super::{SampleFault, SampleFiles};
use crate::app::preparation::Preparation;
use crate::app::{App, AppError, Clock};
use crate::store::{Location, Unlock};

/// How long threads that still search for primes are waited for when the sample is closed.
const GRACE: Duration = Duration::from_millis(500);

/// How the sample is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The folder of the sample; the user's data directory where absent.
    pub folder: Option<PathBuf>,
    /// Whether it is set up anew, and what an earlier one left is removed.
    pub reset: bool,
    /// Something broken on purpose. It is set up anew for that.
    pub fault: Option<SampleFault>,
    /// Whether setting it up waits for [`App::first_frame_is_shown`]: the search for primes would delay the frame.
    pub behind_first_frame: bool,
}

/// The sample, with its partners running until it is dropped.
pub struct OpenSample {
    runtime: Option<tokio::runtime::Runtime>,
    setup: Option<JoinHandle<Option<Running>>>,
    preparation: Preparation,
    app: App,
    files: SampleFiles,
}

impl OpenSample {
    /// Opens the sample as it was left, or sets it up where there is none, and returns when it is ready.
    ///
    /// # Errors
    /// As [`OpenSample::start`], and where it cannot be set up.
    pub fn begin(folder: Option<PathBuf>, fault: Option<SampleFault>) -> Result<Self, AppError> {
        let sample = Self::start(OpenOptions { folder, fault, ..OpenOptions::default() })?;
        if let Some(runtime) = &sample.runtime {
            runtime.block_on(sample.preparation.ended())?;
        }
        Ok(sample)
    }

    /// Takes the sample's folder, and opens it as it was left, or sets it up, beside the caller: whoever uses
    /// [`OpenSample::app`] waits until that is done.
    ///
    /// # Errors
    /// Where the folder is neither empty nor a sample, is open already, of another version or damaged, or cannot be
    /// written.
    pub fn start(options: OpenOptions) -> Result<Self, AppError> {
        let OpenOptions { folder, reset, fault, behind_first_frame } = options;
        let folder = match folder {
            Some(folder) => folder,
            None => usual_folder()?,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sample-partner")
            .enable_all()
            .build()
            .map_err(|error| AppError::new(format!("the system gives the program no threads to run on: {error}")))?;
        let (prepared, preparation) = Preparation::begin();
        let app = App::new(Location::Dir(folder.clone()), Unlock::none(), Clock::System).after(preparation.clone());
        let claim = runtime.block_on(Claim::take(&folder, reset || fault.is_some()))?;
        let aged = claim.aged(app.now()).map(|made| {
            let day = made.strftime("%-d %b %Y");
            let anew = anew(&folder);
            format!("It was set up on {day}, and certificates in it have ended since. `{anew}` sets up a fresh one")
        });
        let setup = runtime.spawn(async move {
            let running = if claim.is_made() {
                reopen(claim).await
            } else {
                if behind_first_frame {
                    prepared.due().await;
                }
                World::create(claim, fault).await.map(|world| world.running)
            };
            match running {
                Ok(running) => {
                    prepared.end(Ok(()));
                    Some(running)
                }
                Err(error) => {
                    prepared.end(Err(error));
                    None
                }
            }
        });
        let downloads = folder.join(DOWNLOADS);
        let files = SampleFiles {
            renewed: vec![
                ("amazon-us".parse()?, downloads.join(AMAZON_RENEWED)),
                ("northwind".parse()?, downloads.join(NORTHWIND_RENEWED)),
            ],
            folder: downloads,
            aged,
        };
        Ok(Self { runtime: Some(runtime), setup: Some(setup), preparation, app, files })
    }

    /// The program on the sample's workspace.
    #[must_use]
    pub fn app(&self) -> App {
        self.app.clone()
    }

    /// The files that the partners offer.
    #[must_use]
    pub fn files(&self) -> SampleFiles {
        self.files.clone()
    }
}

impl Drop for OpenSample {
    fn drop(&mut self) {
        let (Some(runtime), Some(setup)) = (self.runtime.take(), self.setup.take()) else { return };
        // What is set up halfway is set up anew the next time. One that is ready takes no notice.
        setup.abort();
        runtime.block_on(async {
            if let Ok(Some(running)) = setup.await {
                running.close().await;
            }
        });
        runtime.shutdown_timeout(GRACE);
    }
}
