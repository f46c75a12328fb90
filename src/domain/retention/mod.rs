//! Retention: how long, and how much, is kept of each transmission, kind by kind. What goes is decided here, from facts
//! alone; nothing else deletes.
//!
//! * By default everything is kept.
//! * What is pending or disputed never goes, nor what somebody has marked to be kept, whatever the rules say.
//! * Receipts have a rule of their own, because they prove a delivery long after nobody needs its payload: they are small,
//!   and with the MIC and the digest in the journal they still say what the partner has taken.
//! * Receipts and journal entries stay for [`MINIMUM_DAYS`] at least: a message that comes again is known by its entry, gets
//!   the same receipt again, and is not delivered twice.
//! * A journal entry goes last: only where nothing else of its transmission is kept.

mod plan;
#[cfg(test)]
mod tests;
mod words;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::spelling::spelled;
use super::transmission::{Direction, Light, Transmission, Verdict};

pub use plan::{Judgement, Planner, TooYoung};
pub use words::{RetentionError, age, age_in_words, amount, amount_in_words, removed, removed_on};

/// Receipts and journal entries are kept for so many days at least: as long as a partner's program may send a message once
/// more, and far beyond what any of them does.
pub const MINIMUM_DAYS: u32 = 90;

/// Whatever its size, nothing of a transmission goes before this many days: a receipt may still come for it.
pub const MINIMUM_DAYS_OF_ALL: u32 = 1;

/// A year, so that nothing that is to be kept for years goes a day too soon.
pub const DAYS_OF_A_YEAR: u32 = 366;

spelled! {
    /// What is kept of a transmission, each kind with a rule of its own.
    pub enum RetentionKind {
        /// Documents as they were given to be sent, or as they were received.
        Payload = "payload",
        /// What went over the line: requests, answers that are no receipts, certificates that servers showed.
        Raw = "raw",
        /// Receipts, theirs and ours, as they travelled.
        Receipt = "receipt",
        /// The entry in the journal with its stages.
        Journal = "journal",
    }
}

impl RetentionKind {
    /// Those that lie in the archive as files.
    pub const FILES: [Self; 3] = [Self::Payload, Self::Raw, Self::Receipt];

    /// As a head.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Payload => "Payloads",
            Self::Raw => "Raw messages",
            Self::Receipt => "Receipts (MDN)",
            Self::Journal => "Journal entries",
        }
    }

    /// Its place among all kinds.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Payload => 0,
            Self::Raw => 1,
            Self::Receipt => 2,
            Self::Journal => 3,
        }
    }

    /// For how many days it is kept whatever the rules say.
    #[must_use]
    pub const fn minimum_days(self) -> u32 {
        match self {
            Self::Payload | Self::Raw => MINIMUM_DAYS_OF_ALL,
            Self::Receipt | Self::Journal => MINIMUM_DAYS,
        }
    }
}

/// The rule of one kind. What breaks either limit goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionRule {
    /// For how many days it is kept, from when the transmission was journalled; for ever where nothing stands.
    pub days: Option<u32>,
    /// How many bytes are kept of all there is, the newest; any number where nothing stands.
    pub bytes: Option<u64>,
}

impl RetentionRule {
    /// Whether it ever lets anything go.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.days.is_some() || self.bytes.is_some()
    }
}

/// The rules of all kinds. By default everything is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetentionRules {
    /// Of payloads.
    pub payloads: RetentionRule,
    /// Of raw messages.
    pub raw: RetentionRule,
    /// Of receipts.
    pub receipts: RetentionRule,
    /// Of journal entries.
    pub journal: RetentionRule,
}

impl RetentionRules {
    /// The rule of a kind.
    #[must_use]
    pub const fn of(&self, kind: RetentionKind) -> RetentionRule {
        match kind {
            RetentionKind::Payload => self.payloads,
            RetentionKind::Raw => self.raw,
            RetentionKind::Receipt => self.receipts,
            RetentionKind::Journal => self.journal,
        }
    }

    /// The rule of a kind, to be changed.
    pub const fn of_mut(&mut self, kind: RetentionKind) -> &mut RetentionRule {
        match kind {
            RetentionKind::Payload => &mut self.payloads,
            RetentionKind::Raw => &mut self.raw,
            RetentionKind::Receipt => &mut self.receipts,
            RetentionKind::Journal => &mut self.journal,
        }
    }

    /// Whether they ever let anything go.
    #[must_use]
    pub fn is_active(&self) -> bool {
        RetentionKind::ALL.iter().any(|kind| self.of(*kind).is_active())
    }

    /// Whether they can be followed.
    ///
    /// # Errors
    /// Where a kind would be kept for less than its minimum.
    pub fn check(&self) -> Result<(), RetentionError> {
        for kind in RetentionKind::ALL.iter().copied() {
            if let Some(days) = self.of(kind).days.filter(|days| *days < kind.minimum_days()) {
                return Err(RetentionError::TooSoon { kind, days, minimum: kind.minimum_days() });
            }
        }
        Ok(())
    }
}

spelled! {
    /// What somebody has decided about one transmission.
    pub enum RetentionMark {
        /// Nothing of it ever goes.
        Keep = "keep",
        /// What was disputed about it is settled: the rules hold for it as for any other.
        Settled = "settled",
    }
}

spelled! {
    /// Why nothing of a transmission goes.
    pub enum Held {
        /// It is not at its end: it is sent or received, another attempt is due, a receipt is waited for or owed.
        Pending = "pending",
        /// The partner may have it or not.
        Uncertain = "uncertain",
        /// The two sides do not agree about it: its MIC differs, or the receipt or its signature is wrong.
        Disputed = "disputed",
        /// Somebody has marked it to be kept.
        Kept = "kept",
    }
}

impl Held {
    /// In words, behind "because it is".
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Uncertain => "uncertain",
            Self::Disputed => "disputed",
            Self::Kept => "marked to be kept",
        }
    }

    /// What the journal says against letting anything of a transmission go.
    #[must_use]
    pub fn by_journal(transmission: &Transmission) -> Option<Self> {
        let lights = transmission.lights;
        match transmission.verdict {
            Verdict::Queued | Verdict::Sending | Verdict::Pending => Some(Self::Pending),
            Verdict::Uncertain => Some(Self::Uncertain),
            _ if transmission.next_attempt.is_some() => Some(Self::Pending),
            _ if transmission.mic.matches == Some(false)
                || lights.receipt_signature == Light::Bad
                || lights.receipt == Light::Bad =>
            {
                Some(Self::Disputed)
            }
            // Until its digest is known, only the document itself tells whether it comes again.
            Verdict::Received if transmission.delivery.is_some() && transmission.payload_sha256.is_none() => {
                Some(Self::Pending)
            }
            // What the partner refused with a receipt that is in order is not disputed: both sides say the same.
            Verdict::Delivered | Verdict::Failed | Verdict::Cancelled | Verdict::Received | Verdict::Refused => None,
        }
    }

    /// The same with what is still to be done for it, and what somebody has decided.
    #[must_use]
    pub fn of(by_journal: Option<Self>, has_duty: bool, mark: Option<RetentionMark>) -> Option<Self> {
        match (by_journal, mark) {
            _ if has_duty => Some(Self::Pending),
            (_, Some(RetentionMark::Keep)) => Some(Self::Kept),
            (Some(Self::Uncertain | Self::Disputed), Some(RetentionMark::Settled)) => None,
            (held, _) => held,
        }
    }
}

/// What is kept of one transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// When it was journalled.
    pub at: Timestamp,
    /// How many bytes there are of each kind; nothing where there is none of it.
    pub bytes: [Option<u64>; 4],
    /// Why nothing of it goes.
    pub held: Option<Held>,
    /// Whether its entry is the last of its profile that says what it says: that stays.
    pub is_last: bool,
}

impl Holding {
    /// How many bytes there are of a kind.
    #[must_use]
    pub const fn of(&self, kind: RetentionKind) -> Option<u64> {
        self.bytes[kind.index()]
    }
}

/// To which kind a file of the archive belongs; nothing where it is none of what is kept.
#[must_use]
pub fn kind_of(file: &str, transmission: &Transmission) -> Option<RetentionKind> {
    let is = |side: &str| file.strip_prefix(side).is_some_and(|rest| rest.starts_with('.'));
    if file == "payload" {
        Some(RetentionKind::Payload)
    } else if is("request") || is("server") {
        Some(RetentionKind::Raw)
    } else if is("receipt") {
        Some(RetentionKind::Receipt)
    } else if is("response") {
        Some(kind_of_answer(transmission))
    } else {
        None
    }
}

/// To which kind the receipt of a transmission belongs.
#[must_use]
pub fn kind_of_receipt(transmission: &Transmission) -> RetentionKind {
    if transmission.receipt_headers.is_empty() { kind_of_answer(transmission) } else { RetentionKind::Receipt }
}

/// What the answer to a message is: the receipt, where no receipt travelled by itself. Ours is always kept as one, because it
/// is given again to a message that comes again.
#[must_use]
pub fn kind_of_answer(transmission: &Transmission) -> RetentionKind {
    let read = matches!(transmission.lights.receipt, Light::Good | Light::Bad);
    match transmission.direction {
        Direction::Inbound => RetentionKind::Receipt,
        Direction::Outbound if read && transmission.receipt_headers.is_empty() => RetentionKind::Receipt,
        Direction::Outbound => RetentionKind::Raw,
    }
}
