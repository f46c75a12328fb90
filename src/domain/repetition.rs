//! Messages that come again, under a Message-ID that was processed before or under another one.

use super::transmission::Verdict;

/// The cause under which a repetition is journalled.
pub const REPEATED: &str = "Repeated message";

/// The cause under which a message is journalled whose Message-ID was used before, for another content. Nothing of it was
/// delivered.
pub const REUSED: &str = "Message-ID used again for other content";

/// The cause under which a copy of a message is journalled that was processed under another Message-ID. Nothing of it was
/// delivered, because its content was before.
pub const COPIED: &str = "Came again under another Message-ID";

/// Whether something is journalled as received of which somebody has to know that it was not delivered.
#[must_use]
pub fn is_reused(verdict: Verdict, cause: Option<&str>) -> bool {
    verdict == Verdict::Received && cause == Some(REUSED)
}
