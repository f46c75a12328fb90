//! Verdicts, directions and lengths of time in words.

use crate::domain::repetition::{REUSED, is_reused};
use crate::domain::transmission::{Direction, Light, Lights, Verdict};
use crate::ui::widgets::{Badge, ToneName};

/// Which way it went.
#[must_use]
pub(in crate::ui) const fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Outbound => "Sent",
        Direction::Inbound => "Received",
    }
}

/// A verdict where there is room for a phrase.
#[must_use]
pub(in crate::ui) fn verdict_word(
    direction: Direction,
    verdict: Verdict,
    lights: &Lights,
    cause: Option<&str>,
) -> String {
    match verdict {
        Verdict::Delivered if lights.receipt_signature == Light::Good => "Delivered and signed for".to_owned(),
        Verdict::Delivered if lights.receipt == Light::Good => "Delivered, receipt unsigned".to_owned(),
        Verdict::Delivered => "Delivered without a receipt".to_owned(),
        Verdict::Cancelled => "Cancelled before it was sent".to_owned(),
        _ => result_of(direction, verdict, cause),
    }
}

/// A verdict as lists show it: what failed says why.
#[must_use]
pub(in crate::ui) fn result_word(verdict: Verdict, cause: Option<&str>) -> String {
    let word = match verdict {
        Verdict::Queued => "Queued",
        Verdict::Sending => "Sending",
        Verdict::Delivered => "Delivered",
        Verdict::Failed => cause.unwrap_or("Failed"),
        Verdict::Pending => "Waiting for receipt",
        Verdict::Uncertain => "Uncertain",
        Verdict::Cancelled => "Cancelled",
        Verdict::Received => "Received",
        Verdict::Refused => cause.unwrap_or("Refused"),
    };
    word.to_owned()
}

/// The same of what went either way: what comes is received, not sent, before it has ended.
#[must_use]
pub(in crate::ui) fn result_of(direction: Direction, verdict: Verdict, cause: Option<&str>) -> String {
    match (direction, verdict) {
        (Direction::Inbound, Verdict::Queued) => "Receiving".to_owned(),
        (_, verdict) if is_reused(verdict, cause) => REUSED.to_owned(),
        _ => result_word(verdict, cause),
    }
}

/// A badge of the same: what was received and not delivered does not look as if all were well.
pub(in crate::ui) fn result_badge<'a>(verdict: Verdict, cause: Option<&str>, word: &'a str) -> Badge<'a> {
    if is_reused(verdict, cause) { Badge::new(ToneName::Warn, word) } else { Badge::verdict(verdict, word) }
}

/// A length of time as a stage shows it: `48 ms`, `1.2 s`, `2 min 5 s`.
#[must_use]
pub(in crate::ui) fn milliseconds(ms: u64) -> String {
    match ms {
        0 => "<1 ms".to_owned(),
        1..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_uncertain_and_a_failure_says_why() {
        assert_eq!(result_word(Verdict::Uncertain, Some("No answer in time")), "Uncertain");
        let waits = |direction| result_of(direction, Verdict::Queued, None);
        assert_eq!([waits(Direction::Outbound), waits(Direction::Inbound)], ["Queued", "Receiving"]);
        assert_eq!(result_word(Verdict::Failed, Some("MIC mismatch")), "MIC mismatch");
        assert_eq!([milliseconds(48), milliseconds(1_250), milliseconds(125_000)], ["48 ms", "1.2 s", "2 min 5 s"]);
    }
}
