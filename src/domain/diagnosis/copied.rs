//! A received message that is a copy of one that was processed under another Message-ID.

use super::Diagnosis;
use super::scene::Scene;
use super::wording::{Draft, plain};
use crate::domain::transmission::TransmissionId;

/// What is known of a copy.
#[derive(Clone, Debug)]
pub struct Copied<'a> {
    /// The connection's name.
    pub partner: &'a str,
    /// As what the message was processed.
    pub first: TransmissionId,
    /// The Message-ID that it had then.
    pub message_id: &'a str,
}

/// Explains that a message is a copy of another one.
#[must_use]
pub fn explain_copied(copied: &Copied<'_>) -> Diagnosis {
    Draft::of("received-as-a-copy", &Scene::with(&plain(copied.partner, 64)))
        .word("first", copied.first.to_string())
        .found_all([format!("The first was sent under the Message-ID {}", plain(copied.message_id, 300))])
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::Blame;
    use crate::domain::repetition::COPIED;

    #[test]
    fn a_copy_is_told_with_the_first_and_is_nobodys_fault() {
        let first = "019ab3f0-0000-7000-8000-000000000001".parse().unwrap();
        let told = explain_copied(&Copied { partner: "Amazon", first, message_id: "<1@a>" });
        assert_eq!((told.cause.as_str(), told.blame), (COPIED, Blame::Nobody));
        assert!(told.explanation.contains("019ab3f0-0000-7000-8000-000000000001"), "{told:?}");
        assert!(told.evidence[0].contains("<1@a>") && told.remedy[0].contains("Amazon"), "{told:?}");
    }
}
