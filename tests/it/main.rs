//! Integration tests: one binary, a module for each subject.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificate_files;
mod cli;
mod command_line;
mod engine;
mod foreign;
mod giving_up;
mod hostile;
mod house;
mod openssl_files;
mod sample;
mod window;
