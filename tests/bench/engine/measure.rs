//! Measuring: a case in a child process, its time, its memory.

use std::process::{Command, Stdio};
use std::time::Instant;

/// The word before a case on the command line.
pub(crate) const CASE: &str = "--case";

pub(crate) fn mib() -> u64 {
    number("COUNTERSIGN_BENCH_MIB", 1024)
}

pub(crate) fn rounds() -> u64 {
    number("COUNTERSIGN_BENCH_ROUNDS", 3).max(1)
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// What one case took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// Bytes, or pieces where pieces are counted.
    pub(crate) amount: f64,
    pub(crate) seconds: f64,
    /// The most memory it held above what it held before, in MiB.
    pub(crate) memory: Option<f64>,
}

impl Figure {
    pub(crate) fn rate(&self) -> f64 {
        self.amount / self.seconds
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.rate()
    }

    /// The shorter time; the larger memory.
    pub(crate) fn better(&self, other: &Self) -> Self {
        Self {
            amount: self.amount,
            seconds: self.seconds.min(other.seconds),
            memory: self.memory.zip(other.memory).map(|(one, other)| one.max(other)),
        }
    }

    pub(crate) fn line(&self, limit: Option<f64>) -> String {
        let ratio = limit.map(|limit| format!("   {:.2} of the limit", self.rate() / limit)).unwrap_or_default();
        let memory = self.memory.map(|memory| format!("   {memory:5.1} MiB above idle")).unwrap_or_default();
        format!("{:8.0} MB/s{ratio}{memory}", self.rate() / 1e6)
    }
}

/// Runs a case in a process of its own.
pub(crate) fn child(arguments: &[&str]) -> Figure {
    let output = Command::new(std::env::current_exe().unwrap())
        .arg(CASE)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the case {arguments:?} failed");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut fields = text.split_whitespace().map(|field| field.parse::<f64>().unwrap());
    let (amount, seconds) = (fields.next().unwrap(), fields.next().unwrap());
    Figure { amount, seconds, memory: fields.next() }
}

/// Measures `work`, which says how much it did, and tells the process that asked.
pub(crate) fn tell(work: impl FnOnce() -> u64) {
    let before = memory("self", "VmRSS");
    let begun = Instant::now();
    let amount = work();
    let seconds = begun.elapsed().as_secs_f64();
    let above = before.zip(memory("self", "VmHWM")).map(|(before, most)| (most - before).max(0.0));
    println!("{amount} {seconds} {}", above.map(|above| above.to_string()).unwrap_or_default());
}

/// A figure of a process's memory in MiB, where the system tells.
pub(crate) fn memory(process: &str, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kib| kib / 1024.0)
}
