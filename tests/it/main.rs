//! Integration tests: one binary, a module for each subject.

mod engine;
mod foreign;
mod house;
mod openssl_files;
mod sample;
