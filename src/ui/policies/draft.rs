//! An own policy that is being edited: what was changed and is not saved yet, and the way back.

use jiff::civil::Date;

use crate::domain::identifier::PolicyId;
use crate::domain::policy::{Policy, PolicyKind, Rule, Setting};

/// So many steps can be taken back.
const STEPS: usize = 200;

/// A field that is typed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// The policy's name.
    Name,
    /// Where the partner's own setting is.
    Portal,
    /// What no rule can hold.
    Notes,
}

/// What can be changed of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub kind: PolicyKind,
    /// The policy whose rules hold too.
    pub inherits: Option<PolicyId>,
    /// Settings about which nothing is inherited.
    pub drops: Vec<Setting>,
    /// Where the partner's own setting is; empty for nothing.
    pub portal: String,
    /// What no rule can hold; empty for nothing.
    pub notes: String,
    /// Its own rules.
    pub rules: Vec<Rule>,
}

impl Content {
    fn of(policy: &Policy) -> Self {
        Self {
            name: policy.name.clone(),
            kind: policy.kind,
            inherits: policy.inherits.clone(),
            drops: policy.drops.clone(),
            portal: policy.portal.clone().unwrap_or_default(),
            notes: policy.notes.clone().unwrap_or_default(),
            rules: policy.rules.clone(),
        }
    }
}

/// The draft with its history.
pub(super) struct Draft {
    saved: Policy,
    /// As it is written now.
    pub(super) now: Content,
    past: Vec<Content>,
    future: Vec<Content>,
    typing: Option<Typed>,
}

impl Draft {
    /// Nothing changed yet.
    #[must_use]
    pub(super) fn new(policy: &Policy) -> Self {
        Self { saved: policy.clone(), now: Content::of(policy), past: Vec::new(), future: Vec::new(), typing: None }
    }

    /// Which policy it is.
    #[must_use]
    pub(super) const fn id(&self) -> &PolicyId {
        &self.saved.id
    }

    /// Changes something in one step.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Content)) {
        self.step(None);
        change(&mut self.now);
    }

    /// Puts what was typed into a field: typing on in the same field is one step.
    pub(super) fn typed(&mut self, field: Typed, text: String) {
        self.step(Some(field));
        match field {
            Typed::Name => self.now.name = text,
            Typed::Portal => self.now.portal = text,
            Typed::Notes => self.now.notes = text,
        }
    }

    fn step(&mut self, typing: Option<Typed>) {
        if typing.is_none() || typing != self.typing {
            self.past.push(self.now.clone());
            if self.past.len() > STEPS {
                self.past.remove(0);
            }
        }
        self.future.clear();
        self.typing = typing;
    }

    /// Takes the last step back.
    pub(super) fn undo(&mut self) {
        if let Some(before) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.now, before));
            self.typing = None;
        }
    }

    /// Makes it again.
    pub(super) fn redo(&mut self) {
        if let Some(after) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.now, after));
            self.typing = None;
        }
    }

    /// Whether there is a step to take back.
    #[must_use]
    pub(super) const fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is a step to make again.
    #[must_use]
    pub(super) const fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// Gives all changes up; that can be taken back.
    pub(super) fn discard(&mut self) {
        if self.unsaved() > 0 {
            let saved = Content::of(&self.saved);
            self.change(|now| *now = saved);
        }
    }

    /// How many changes are not saved: a field each, a rule each.
    #[must_use]
    pub(super) fn unsaved(&self) -> usize {
        let saved = Content::of(&self.saved);
        let now = &self.now;
        let fields = [
            now.name != saved.name,
            now.kind != saved.kind,
            now.inherits != saved.inherits,
            now.drops != saved.drops,
            now.notes != saved.notes,
            now.portal != saved.portal,
        ];
        let fields = fields.into_iter().filter(|changed| *changed).count();
        let missing = |these: &[Rule], those: &[Rule]| these.iter().filter(|rule| !those.contains(rule)).count();
        // A rule that was changed is one that is gone and one that is new, and counts once.
        let rules = missing(&saved.rules, &now.rules).max(missing(&now.rules, &saved.rules));
        // Rules in another order are saved so, too.
        fields + if rules == 0 { usize::from(saved.rules != now.rules) } else { rules }
    }

    /// The policy as it would be saved, said to be changed today.
    #[must_use]
    pub(super) fn policy(&self, today: Date) -> Policy {
        let now = &self.now;
        Policy {
            id: self.saved.id.clone(),
            name: now.name.trim().to_owned(),
            kind: now.kind,
            inherits: now.inherits.clone(),
            drops: now.drops.clone(),
            notes: Some(now.notes.trim().to_owned()).filter(|notes| !notes.is_empty()),
            portal: Some(now.portal.trim().to_owned()).filter(|portal| !portal.is_empty()),
            stated_update: Some(today),
            rules: now.rules.clone(),
            fault: None,
        }
    }

    /// What is wrong with the name.
    #[must_use]
    pub(super) fn name_fault(&self) -> Option<String> {
        fault(&self.now.name, 200, true)
    }

    /// What is wrong with the notes.
    #[must_use]
    pub(super) fn notes_fault(&self) -> Option<String> {
        // Line ends become spaces where a file is read.
        let joined = self.now.notes.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        fault(&joined, 4_000, false)
    }

    /// What is wrong with the portal's path.
    #[must_use]
    pub(super) fn portal_fault(&self) -> Option<String> {
        fault(&self.now.portal, 500, false)
    }
}

/// What the reader of policy files would refuse of a text of at most so many characters.
fn fault(text: &str, most: usize, needed: bool) -> Option<String> {
    let text = text.trim();
    let length = text.chars().count();
    if needed && length == 0 {
        return Some("Give it a name".to_owned());
    }
    if length > most {
        return Some(format!("At most {most} characters, this has {length}"));
    }
    text.chars().any(char::is_control).then(|| "It holds a control character".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::builtin;

    fn draft() -> Draft {
        Draft::new(&builtin()[0])
    }

    #[test]
    fn changes_are_counted_taken_back_and_made_again() {
        let mut draft = draft();
        assert_eq!(draft.unsaved(), 0);
        draft.typed(Typed::Name, "N".to_owned());
        draft.typed(Typed::Name, "Na".to_owned());
        let removed = draft.now.rules[0].clone();
        draft.change(|now| {
            now.rules.remove(0);
        });
        assert_eq!(draft.unsaved(), 2);
        draft.undo();
        assert_eq!((draft.unsaved(), &draft.now.rules[0]), (1, &removed));
        draft.undo();
        assert_eq!(draft.unsaved(), 0, "typing in one field is one step");
        draft.redo();
        draft.redo();
        assert_eq!(draft.unsaved(), 2);
        draft.discard();
        assert_eq!(draft.unsaved(), 0);
        draft.undo();
        assert_eq!(draft.unsaved(), 2, "giving up can be taken back");
        draft.change(|now| now.rules.swap(0, 1));
        assert_eq!(draft.unsaved(), 2);
    }

    #[test]
    fn what_passes_here_passes_the_reader_of_files() {
        let today = "2026-11-24".parse().unwrap();
        let mut draft = draft();
        for name in ["", "A", "\u{7}", "a very good name"] {
            for portal in ["", "  ", "Over > There", "\u{1b}", &"x".repeat(501)] {
                draft.now.name = name.to_owned();
                draft.now.portal = portal.to_owned();
                draft.now.notes = "One line\nand another".to_owned();
                let fine = draft.name_fault().is_none() && draft.portal_fault().is_none();
                assert_eq!(draft.notes_fault(), None);
                let read = Policy::from_toml(&draft.policy(today).to_toml().unwrap());
                assert_eq!(fine, read.is_ok(), "{name:?} {portal:?}: {read:?}");
            }
        }
    }
}
