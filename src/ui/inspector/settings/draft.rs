//! The draft: what was changed and is not saved yet, and the way back.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::catalogue::{Scope, settings_of};
use crate::app::ConnectionChange;
use crate::domain::connection::Connection;
use crate::domain::identifier::ProfileKind;

/// A setting of the connection itself or of one of its profiles.
pub(super) type Key = (Scope, &'static str);

/// So many steps can be taken back.
const STEPS: usize = 200;

/// What differs from what is saved.
#[derive(Clone, Default, PartialEq, Eq)]
struct Changes {
    values: BTreeMap<Key, String>,
    passwords: BTreeMap<ProfileKind, Zeroizing<String>>,
}

impl Changes {
    fn len(&self) -> usize {
        self.values.len() + self.passwords.len()
    }
}

/// The unsaved changes of a connection as values of its file, with their history.
#[derive(Default)]
pub(super) struct Draft {
    /// What is saved, by setting.
    saved: BTreeMap<Key, String>,
    now: Changes,
    past: Vec<Changes>,
    future: Vec<Changes>,
    /// The field whose typing the newest step is.
    typing: Option<Key>,
    /// What the engine is saving.
    sent: Option<Changes>,
}

impl Draft {
    /// Nothing changed yet.
    #[must_use]
    pub(super) fn new(connection: &Connection) -> Self {
        let mut draft = Self::default();
        draft.refresh(connection);
        draft
    }

    /// Puts the changes on top of what is saved now. What is no change any more leaves the draft.
    pub(super) fn refresh(&mut self, connection: &Connection) {
        self.saved.clear();
        for setting in settings_of(Scope::Own) {
            self.saved.insert((Scope::Own, setting.key), connection.written(setting.key));
        }
        for (kind, profile) in connection.profiles() {
            for setting in settings_of(Scope::Profile(kind)) {
                self.saved.insert((Scope::Profile(kind), setting.key), profile.written(setting.key));
            }
        }
        self.settle();
    }

    /// Takes out what is no change, or the change of something that is gone.
    fn settle(&mut self) {
        let saved = &self.saved;
        self.now.values.retain(|key, value| saved.get(key).is_some_and(|saved| saved != value));
        self.now
            .passwords
            .retain(|kind, password| !password.is_empty() && saved.contains_key(&(Scope::Profile(*kind), "http_user")));
    }

    /// How many settings are changed.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.now.len()
    }

    /// How many settings of one scope are changed.
    #[must_use]
    pub(super) fn changed_in(&self, scope: Scope) -> usize {
        let values = self.now.values.keys().filter(|(of, _)| *of == scope).count();
        values + self.now.passwords.keys().filter(|kind| Scope::Profile(**kind) == scope).count()
    }

    /// A setting as it would be saved.
    #[must_use]
    pub(super) fn value(&self, key: Key) -> &str {
        self.now.values.get(&key).or_else(|| self.saved.get(&key)).map_or("", String::as_str)
    }

    /// A setting as it is saved.
    #[must_use]
    pub(super) fn saved(&self, key: Key) -> &str {
        self.saved.get(&key).map_or("", String::as_str)
    }

    /// Whether a setting is changed.
    #[must_use]
    pub(super) fn is_changed(&self, key: Key) -> bool {
        self.now.values.contains_key(&key)
    }

    /// The changes of one scope.
    pub(super) fn changes(&self, scope: Scope) -> impl Iterator<Item = (&'static str, &str)> {
        self.now.values.iter().filter(move |((of, _), _)| *of == scope).map(|((_, key), value)| (*key, value.as_str()))
    }

    /// The password that is to be kept for a profile; empty where none was typed.
    #[must_use]
    pub(super) fn password(&self, kind: ProfileKind) -> Zeroizing<String> {
        self.now.passwords.get(&kind).cloned().unwrap_or_default()
    }

    /// Puts a value where it was chosen.
    pub(super) fn choose(&mut self, key: Key, value: String) {
        self.step(None);
        self.put(key, value);
    }

    /// Puts a value where it was typed: typing on in the same field is one step.
    pub(super) fn typed(&mut self, key: Key, value: String) {
        self.step(Some(key));
        self.put(key, value);
    }

    /// Puts many values in one step.
    pub(super) fn choose_all(&mut self, values: impl IntoIterator<Item = (Key, String)>) {
        self.step(None);
        for (key, value) in values {
            self.now.values.insert(key, value);
        }
        self.settle();
    }

    /// Takes a password that was typed.
    pub(super) fn typed_password(&mut self, kind: ProfileKind, password: Zeroizing<String>) {
        self.step(Some((Scope::Profile(kind), super::catalogue::PASSWORD)));
        self.now.passwords.insert(kind, password);
        self.settle();
    }

    fn put(&mut self, key: Key, value: String) {
        self.now.values.insert(key, value);
        self.settle();
    }

    /// Keeps the present as a step, unless typing in the same field goes on.
    fn step(&mut self, typing: Option<Key>) {
        if typing.is_none() || typing != self.typing {
            self.past.push(self.now.clone());
            if self.past.len() > STEPS {
                self.past.remove(0);
            }
        }
        self.future.clear();
        self.typing = typing;
    }

    /// Gives all changes up; that can be taken back.
    pub(super) fn discard(&mut self) {
        if self.now.len() > 0 {
            self.step(None);
            self.now = Changes::default();
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

    /// Takes the last step back.
    pub(super) fn undo(&mut self) {
        if let Some(before) = self.past.pop() {
            self.future.push(std::mem::replace(&mut self.now, before));
            self.typing = None;
            self.settle();
        }
    }

    /// Makes it again.
    pub(super) fn redo(&mut self) {
        if let Some(after) = self.future.pop() {
            self.past.push(std::mem::replace(&mut self.now, after));
            self.typing = None;
            self.settle();
        }
    }

    /// What is to be saved.
    pub(super) fn send(&mut self, connection: &Connection) -> ConnectionChange {
        let mut change = ConnectionChange::new(connection.id.clone());
        let pairs = |scope| self.changes(scope).map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        change.own = pairs(Scope::Own);
        change.profiles = connection.profiles().map(|(kind, _)| (kind, pairs(Scope::Profile(kind)))).collect();
        change.passwords = self.now.passwords.iter().map(|(kind, password)| (*kind, password.clone())).collect();
        self.sent = Some(self.now.clone());
        change
    }

    /// What was sent has been saved, and the workspace has been read anew: it leaves the draft. What was typed meanwhile
    /// stays.
    pub(super) fn was_kept(&mut self) {
        let sent = self.sent.take().unwrap_or_default();
        self.now.values.retain(|key, value| sent.values.get(key) != Some(value));
        self.now.passwords.retain(|kind, password| sent.passwords.get(kind) != Some(password));
        self.past.clear();
        self.future.clear();
        self.typing = None;
    }

    /// What was sent has not been saved: it stays.
    pub(super) fn was_refused(&mut self) {
        self.sent = None;
    }
}
