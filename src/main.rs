//! The program `countersign`.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign::cli::run()
}
