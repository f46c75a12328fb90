//! The program `countersign`.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::run(&|app, sample| {
        countersign::ui::open(countersign::ui::WindowOptions { app, sample, preferences: None })
    })
}
