//! Fuzzing without instruments, so that it needs no second build of everything: inputs are made of fixtures and of messages
//! that the library builds, changed by their structure, and those are kept that lead to something not seen before.
//!
//! `cargo test --test fuzz` gives each target a moment; names of targets as arguments choose among them. In the environment:
//!
//! * `COUNTERSIGN_FUZZ_SECONDS`: how long each target is fuzzed
//! * `COUNTERSIGN_FUZZ_SEED`: the number that decides what is tried; boundaries, keys and signatures of the messages that are
//!   built are new each time all the same, so an input that failed is kept as a file
//! * `COUNTERSIGN_FUZZ_INPUT`: a file that is tried once, with the target named; how an input that failed is tried again
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it found")]

mod mutations;
mod random;
mod seeds;
mod targets;

use std::collections::HashSet;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use mutations::mutated;
use random::Random;
use targets::{TARGETS, Target};

/// How long a target is fuzzed where nothing else is said.
const SECONDS: u64 = 1;

/// The longest that one input may take, on a machine that is busy with other things and without optimisation.
const LONGEST: Duration = Duration::from_secs(10);

/// The most inputs that are kept for having led somewhere new.
const MOST_KEPT: usize = 3000;

/// What is asked for, understood as far as the harness of Rust's own tests would.
#[derive(Default)]
struct Arguments {
    names: Vec<String>,
    exact: bool,
    list: bool,
    ignored: bool,
}

impl Arguments {
    fn read(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut read = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--exact" => read.exact = true,
                "--list" => read.list = true,
                "--ignored" => read.ignored = true,
                "--format" | "--color" | "--test-threads" | "--skip" | "--logfile" | "-Z" => drop(arguments.next()),
                option if option.starts_with('-') => {}
                _ => read.names.push(argument),
            }
        }
        read
    }

    fn chosen(&self) -> Vec<(&'static str, Target)> {
        let wanted = |name: &str| {
            self.names.is_empty()
                || self
                    .names
                    .iter()
                    .any(|wanted| if self.exact { name == wanted } else { name.contains(wanted.as_str()) })
        };
        TARGETS.into_iter().filter(|(name, _)| !self.ignored && wanted(name)).collect()
    }
}

fn number(name: &str, default: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`, which is no number")),
        Err(_) => default,
    }
}

/// What was tried.
struct Tried {
    inputs: u64,
    outcomes: usize,
}

/// An input that failed.
struct Failure {
    number: u64,
    what: String,
}

/// Where the input lies that is being tried, so that it is there even if the program is ended by it.
fn place(target: &str, seed: u64) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}-{seed}.input"))
}

/// Tries one input.
fn attempt(target: Target, input: &[u8]) -> Result<String, String> {
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| target(input))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })?;
    let took = begun.elapsed();
    if took > LONGEST { Err(format!("it took {} s", took.as_secs())) } else { Ok(outcome) }
}

/// What an outcome is without the numbers in it.
fn kind(outcome: &str) -> String {
    outcome.chars().filter(|character| !character.is_ascii_digit()).take(200).collect()
}

/// Fuzzes a target until time is up or an input fails.
fn campaign(name: &str, target: Target, seed: u64, time: Duration, at: &AtomicU64) -> Result<Tried, Failure> {
    let begun = Instant::now();
    let file = place(name, seed);
    let mut random = Random::new(seed);
    let mut corpus = seeds::of(name);
    let mut seen = HashSet::new();
    let mut inputs = 0;
    let given = corpus.clone();
    let mut given = given.into_iter();
    loop {
        // What is there comes first, as it is.
        let input = given.next().unwrap_or_else(|| {
            let (input, other) = (random.one_of(&corpus).clone(), random.one_of(&corpus).clone());
            mutated(&input, &other, &mut random)
        });
        if begun.elapsed() > time && inputs >= corpus.len() as u64 {
            break;
        }
        inputs += 1;
        at.store(inputs, Ordering::Relaxed);
        fs::write(&file, &input).unwrap();
        let outcome = attempt(target, &input).map_err(|what| Failure { number: inputs, what })?;
        if seen.insert(kind(&outcome)) && corpus.len() < MOST_KEPT {
            corpus.push(input);
        }
    }
    fs::remove_file(&file).unwrap();
    Ok(Tried { inputs, outcomes: seen.len() })
}

/// The same, watched from outside, so that an input without end is found as well.
fn watched(name: &'static str, target: Target, seed: u64, time: Duration) -> Result<Tried, Failure> {
    let at = Arc::new(AtomicU64::new(0));
    let (done, waiting) = mpsc::sync_channel(1);
    let inside = Arc::clone(&at);
    let run = move || drop(done.send(campaign(name, target, seed, time, &inside)));
    let running = thread::Builder::new().name(name.to_owned()).spawn(run).unwrap();
    let mut last = 0;
    loop {
        match waiting.recv_timeout(3 * LONGEST) {
            Ok(outcome) => {
                drop(running.join());
                return outcome;
            }
            Err(RecvTimeoutError::Timeout) => {
                let number = at.load(Ordering::Relaxed);
                if number == last {
                    return Err(Failure { number, what: "it does not come to an end".to_owned() });
                }
                last = number;
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure {
                    number: at.load(Ordering::Relaxed),
                    what: "the driver itself failed".to_owned(),
                });
            }
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::read(env::args().skip(1));
    let chosen = arguments.chosen();
    if arguments.list {
        for (name, _) in chosen {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    if let Ok(file) = env::var("COUNTERSIGN_FUZZ_INPUT") {
        let input = fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        for (name, target) in chosen {
            println!("{name}: {}", target(&input));
        }
        return ExitCode::SUCCESS;
    }
    let seed = number("COUNTERSIGN_FUZZ_SEED", 1);
    let time = Duration::from_secs(number("COUNTERSIGN_FUZZ_SECONDS", SECONDS));
    let mut failed = false;
    for (name, target) in chosen {
        match watched(name, target, seed, time) {
            Ok(Tried { inputs, outcomes }) => {
                println!("{name}: {inputs} inputs, {outcomes} outcomes, none wrong (seed {seed})");
            }
            Err(Failure { number, what }) => {
                failed = true;
                let file = place(name, seed);
                println!("{name}: input {number} of seed {seed} failed: {what}");
                println!("{name}: try it again with");
                println!("    COUNTERSIGN_FUZZ_INPUT={} cargo test --test fuzz -- --exact {name}", file.display());
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
