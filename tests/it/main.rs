//! Integration tests: one binary, a module for each subject.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cli;
mod engine;
mod foreign;
mod house;
mod openssl_files;
mod sample;
