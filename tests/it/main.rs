//! Integration tests: one binary, a module for each subject.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificate_files;
mod cli;
mod command_line;
mod engine;
mod foreign;
mod hostile;
mod house;
mod matrix;
mod messages;
mod mic;
mod openssl_files;
mod quirks;
mod sample;
mod structures;
mod window;
