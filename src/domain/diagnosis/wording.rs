//! How a diagnosis is put into words.

use jiff::Timestamp;

use super::{Action, Blame, Diagnosis};
use crate::domain::identifier::Address;

/// A diagnosis being written.
#[derive(Debug)]
pub(super) struct Draft {
    cause: &'static str,
    sentences: Vec<String>,
    remedy: Vec<String>,
    evidence: Vec<String>,
    blame: Blame,
    action: Option<Action>,
}

impl Draft {
    /// Begins with the cause in one phrase, and who has to act.
    pub(super) const fn new(cause: &'static str, blame: Blame) -> Self {
        Self { cause, sentences: Vec::new(), remedy: Vec::new(), evidence: Vec::new(), blame, action: None }
    }

    /// Adds a sentence to the explanation.
    pub(super) fn say(mut self, sentence: impl Into<String>) -> Self {
        self.sentences.push(sentence.into());
        self
    }

    /// Adds something to do.
    pub(super) fn advise(mut self, step: impl Into<String>) -> Self {
        self.remedy.push(step.into());
        self
    }

    /// Adds something that was found.
    pub(super) fn found(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// Adds several things that were found.
    pub(super) fn found_all(mut self, evidence: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// Sets the step that a button can do, unless there is one already.
    pub(super) fn offer(mut self, action: Action) -> Self {
        self.action.get_or_insert(action);
        self
    }

    /// The finished diagnosis.
    pub(super) fn finish(self) -> Diagnosis {
        let mut evidence = self.evidence;
        let mut seen = Vec::new();
        evidence.retain(|line| {
            let fresh = !seen.contains(line);
            seen.push(line.clone());
            fresh
        });
        Diagnosis {
            cause: self.cause.to_owned(),
            explanation: prose(&self.sentences),
            remedy: self.remedy,
            evidence,
            blame: self.blame,
            action: self.action,
        }
    }
}

/// Sentences as running text: one has no full stop, several have one each.
fn prose(sentences: &[String]) -> String {
    match sentences {
        [] => String::new(),
        [one] => one.clone(),
        several => several.iter().map(|sentence| format!("{sentence}.")).collect::<Vec<_>>().join(" "),
    }
}

/// Text of somebody else's, safe to show: on one line, what is invisible or turns the line round written as its code
/// point, at most `most` characters.
pub(super) fn plain(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for (length, character) in text.split_whitespace().collect::<Vec<_>>().join(" ").chars().enumerate() {
        if length == most {
            shown.push('…');
            break;
        }
        let unseen = character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if unseen {
            shown.push_str(&format!("U+{:04X}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Somebody else's words in quotation marks.
pub(super) fn quoted(text: &str, most: usize) -> String {
    format!("“{}”", plain(text, most))
}

/// A value as it is, between backticks.
pub(super) fn literal(text: &str) -> String {
    format!("`{}`", plain(text, 200))
}

/// What the system said, as a line of evidence; nothing where it said nothing.
pub(super) fn said(who: &str, detail: &str) -> Option<String> {
    let detail = plain(detail, 300);
    (!detail.is_empty()).then(|| format!("{who}: {detail}"))
}

/// An instant to the minute, in UTC.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// The day of an instant, in UTC.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

/// An address without its query, which may hold a secret.
pub(super) fn shown(address: &Address) -> String {
    let bare = address.as_str().split('?').next().unwrap_or_default();
    literal(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_cannot_disturb_the_line() {
        assert_eq!(plain(" a\r\n\tb  c ", 10), "a b c");
        assert_eq!(plain("x\u{202e}y\u{7}", 10), "xU+202EyU+0007");
        assert_eq!(plain("abcdef", 3), "abc…");
    }

    #[test]
    fn only_several_sentences_have_full_stops() {
        assert_eq!(prose(&["One thing".to_owned()]), "One thing");
        assert_eq!(prose(&["One thing".to_owned(), "Another".to_owned()]), "One thing. Another.");
    }

    #[test]
    fn an_address_is_shown_without_its_query() {
        assert_eq!(shown(&"https://as2.example/in?token=x".parse().unwrap()), "`https://as2.example/in`");
    }

    #[test]
    fn instants_are_shown_in_utc_for_any_year() {
        assert_eq!(instant("2026-11-28T09:00:00+01:00".parse().unwrap()), "28 November 2026, 08:00 UTC");
        for edge in [Timestamp::MIN, Timestamp::MAX] {
            assert!(!day(edge).is_empty());
        }
    }
}
