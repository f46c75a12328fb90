//! Integration tests: one binary, a module for each subject.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arrival;
mod asynchronous;
mod behaviour_quirks;
mod certificate_files;
mod certificates_over_time;
mod cli;
mod command_line;
mod daily_work;
mod engine;
mod exchange;
mod faults;
mod foreign;
mod giving_up;
mod growing_messages;
mod hostile;
mod house;
mod identities;
mod large_messages;
mod many;
mod matrix;
mod messages;
mod mic;
mod openssl_files;
mod own_policies;
mod own_rollover;
mod policies;
mod policy_commands;
mod quirks;
mod reminders;
mod rollovers;
mod sample;
mod structures;
mod undecryptable;
mod window;
