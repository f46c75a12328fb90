//! The program `countersign`.

use std::process::ExitCode;

use countersign::app::AppError;
use countersign::cli::{WindowRequest, Windows};
use countersign::ui::{self, WindowOptions};

fn main() -> ExitCode {
    countersign::cli::run(&OnScreen)
}

/// Opens windows on the screen.
struct OnScreen;

impl Windows for OnScreen {
    fn open(&self, request: WindowRequest) -> Result<(), AppError> {
        let WindowRequest { app, sample, open, first } = request;
        ui::open(WindowOptions { app, sample, open, first, preferences: None })
    }

    #[cfg(debug_assertions)]
    fn open_gallery(&self) -> Result<(), AppError> {
        ui::open_gallery()
    }
}
