//! Integration tests: one binary, a module for each subject.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod asynchronous;
mod behaviour_quirks;
mod certificate_files;
mod cli;
mod command_line;
mod daily_work;
mod engine;
mod exchange;
mod faults;
mod foreign;
mod giving_up;
mod hostile;
mod house;
mod identities;
mod large_messages;
mod matrix;
mod messages;
mod mic;
mod openssl_files;
mod own_rollover;
mod quirks;
mod reminders;
mod sample;
mod structures;
mod undecryptable;
mod window;
