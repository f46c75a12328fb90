//! The sample for the window: its workspace, with the partners running beside it as long as it is open.

use std::path::PathBuf;

use super::world::{World, usual_folder};
use super::{SampleFault, SampleFiles};
use crate::app::{App, AppError};

/// The sample, set up and with its partners running until it is dropped.
pub struct OpenSample {
    runtime: Option<tokio::runtime::Runtime>,
    world: Option<World>,
    app: App,
    files: SampleFiles,
}

impl OpenSample {
    /// Sets the sample up in a folder, the user's data directory where absent.
    ///
    /// # Errors
    /// Where the folder is neither empty nor a sample, or cannot be written, or no partner can listen.
    pub fn begin(folder: Option<PathBuf>, fault: Option<SampleFault>) -> Result<Self, AppError> {
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
        let world = runtime.block_on(World::create(&folder, fault))?;
        let files = SampleFiles {
            folder: folder.join("downloads"),
            renewed: vec![
                ("amazon-us".parse()?, world.renewed.clone()),
                ("northwind".parse()?, world.northwind_renewed.clone()),
            ],
        };
        Ok(Self { app: world.app.clone(), files, world: Some(world), runtime: Some(runtime) })
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
        if let (Some(runtime), Some(world)) = (self.runtime.take(), self.world.take()) {
            runtime.block_on(world.close());
        }
    }
}
