//! Icons and words: how statuses, verdicts, lights and instants are written. An icon never stands without its word.

use crate::domain::compliance::Status;
use crate::domain::notice::Urgency;
use crate::domain::transmission::{Direction, Light, StageStatus, Verdict};

const GOOD: char = '✓';
const BAD: char = '✗';
const CARE: char = '▲';
const UNKNOWN: char = '?';
const IDLE: char = '·';

/// The icon of a status.
pub(super) const fn status(status: Status) -> char {
    match status {
        Status::NonCompliant => BAD,
        Status::Unknown => UNKNOWN,
        Status::Due | Status::Advice => CARE,
        Status::Compliant => GOOD,
        Status::NotApplicable => IDLE,
    }
}

/// The icon of an urgency.
pub(super) const fn urgency(urgency: Urgency) -> char {
    match urgency {
        Urgency::Critical => BAD,
        Urgency::Urgent | Urgency::Soon => CARE,
        Urgency::Info => IDLE,
    }
}

/// A verdict with its icon: `✓ Delivered`.
pub(super) fn verdict(verdict: Verdict) -> String {
    let (icon, word) = match verdict {
        Verdict::Queued => (IDLE, "Queued"),
        Verdict::Sending => (IDLE, "Sending"),
        Verdict::Delivered => (GOOD, "Delivered"),
        Verdict::Failed => (BAD, "Failed"),
        Verdict::Pending => (CARE, "Pending"),
        Verdict::Uncertain => (CARE, "Uncertain"),
        Verdict::Cancelled => (IDLE, "Cancelled"),
        Verdict::Received => (GOOD, "Received"),
        Verdict::Refused => (BAD, "Refused"),
    };
    format!("{icon} {word}")
}

/// The same of what went either way: what comes is received, not sent, before it has ended.
pub(super) fn verdict_of(direction: Direction, of: Verdict) -> String {
    match (direction, of) {
        (Direction::Inbound, Verdict::Queued) => format!("{IDLE} Receiving"),
        _ => verdict(of),
    }
}

/// A light with its icon: `✗ Bad`.
pub(super) fn light(light: Light) -> String {
    let (icon, word) = match light {
        Light::Good => (GOOD, "Good"),
        Light::Bad => (BAD, "Bad"),
        Light::Missing => (UNKNOWN, "Missing"),
        Light::NotAsked => (IDLE, "Not asked for"),
    };
    format!("{icon} {word}")
}

/// The icon of a check.
pub(super) const fn holds(holds: Option<bool>) -> char {
    match holds {
        Some(true) => GOOD,
        Some(false) => BAD,
        None => UNKNOWN,
    }
}

/// The icon of a stage.
pub(super) const fn stage(status: StageStatus) -> char {
    match status {
        StageStatus::Running | StageStatus::Skipped => IDLE,
        StageStatus::Good => GOOD,
        StageStatus::Bad => BAD,
    }
}

/// The icon of what held or did not.
pub(super) const fn held(held: bool) -> char {
    if held { GOOD } else { BAD }
}

pub(super) use crate::domain::instant::in_words as instant;

pub(super) use crate::domain::counted::counted;

/// A word of a command line that can be pasted into a shell.
pub(super) fn shell_word(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=@%+,".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_numbers_read_well() {
        assert_eq!(instant("2026-11-28T09:00:00Z".parse().unwrap()), "28 Nov 2026 09:00 UTC");
        assert_eq!((counted(1, "profile"), counted(0, "profile")), ("1 profile".to_owned(), "0 profiles".to_owned()));
    }

    #[test]
    fn what_is_pasted_into_a_shell_stays_one_word() {
        assert_eq!(shell_word("encryption=aes128-cbc"), "encryption=aes128-cbc");
        assert_eq!(shell_word("subject=it's $HOME"), r"'subject=it'\''s $HOME'");
        assert_eq!(shell_word(""), "''");
    }
}
