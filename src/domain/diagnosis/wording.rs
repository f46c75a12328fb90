//! How a diagnosis is put into words.

use jiff::Timestamp;

use super::scene::Scene;
use super::{Action, Blame, Diagnosis};
use crate::domain::identifier::Address;
use crate::domain::knowledge::{self, ButtonKind};

/// A diagnosis being written: an entry of the knowledge base, what its texts are filled with, and what was found.
#[derive(Debug)]
pub(super) struct Draft {
    key: &'static str,
    scene: Scene,
    more_to_do: Vec<String>,
    evidence: Vec<String>,
    action: Option<Action>,
}

impl Draft {
    /// By an entry. That every key that is named has one is held by a test.
    pub(super) fn of(key: &'static str, scene: &Scene) -> Self {
        Self { key, scene: scene.clone(), more_to_do: Vec::new(), evidence: Vec::new(), action: None }
    }

    /// Fills a place in the texts.
    pub(super) fn word(mut self, place: &'static str, word: impl Into<String>) -> Self {
        self.scene = self.scene.word(place, word);
        self
    }

    /// That something is so, of what the texts ask about.
    pub(super) fn so(mut self, condition: &'static str, holds: bool) -> Self {
        self.scene = self.scene.so(condition, holds);
        self
    }

    /// Adds things to do that its entry does not know of.
    pub(super) fn advise_all(mut self, steps: impl IntoIterator<Item = String>) -> Self {
        self.more_to_do.extend(steps);
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

    /// The cause in one phrase.
    pub(super) fn cause(&self) -> &'static str {
        knowledge::entry(self.key).map_or(self.key, |entry| &entry.cause)
    }

    /// The finished diagnosis.
    pub(super) fn finish(self) -> Diagnosis {
        let (entry, holds) = (knowledge::entry(self.key), self.scene.holds());
        let filled = |texts: Vec<&str>| -> Vec<String> {
            texts.into_iter().map(|text| knowledge::fill(text, |place| self.scene.filling(place))).collect()
        };
        let mut evidence = self.evidence;
        if holds.contains(&"new-id") && entry.is_some_and(|entry| entry.shares("may-have-arrived")) {
            evidence.push("`quirks.new_message_id_on_retry` is on".to_owned());
        }
        let mut seen = Vec::new();
        evidence.retain(|line| {
            let fresh = !seen.contains(line);
            seen.push(line.clone());
            fresh
        });
        let offered = || {
            let buttons = entry.into_iter().flat_map(|entry| &entry.buttons);
            buttons.filter(|button| button.when.as_deref().is_none_or(|when| holds.contains(&when))).find_map(action)
        };
        Diagnosis {
            cause: entry.map_or(self.key, |entry| &entry.cause).to_owned(),
            explanation: prose(&filled(entry.map_or_else(Vec::new, |entry| entry.sentences(Some(holds))))),
            remedy: filled(entry.map_or_else(Vec::new, |entry| entry.to_do(Some(holds))))
                .into_iter()
                .chain(self.more_to_do)
                .collect(),
            evidence,
            blame: entry.map_or_else(Blame::default, |entry| entry.side),
            action: self.action.or_else(offered),
            entry: self.key.to_owned(),
        }
    }
}

/// What a button does, where it needs nothing but what stands in its entry.
fn action(button: &'static knowledge::Button) -> Option<Action> {
    match (button.kind, &button.setting) {
        (ButtonKind::Redeliver, _) => Some(Action::Redeliver),
        (ButtonKind::EditSetting, Some(setting)) => {
            Some(Action::EditSetting { setting: setting.clone(), value: button.value.clone() })
        }
        _ => None,
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
