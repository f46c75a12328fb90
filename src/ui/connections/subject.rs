//! What can be changed of many connections at once: the setting, and the control for its value.

use egui::{Response, Ui};

use crate::app::ManyChange;
use crate::app::engine::Snapshot;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::ui::inspector::catalogue::{Control, Row, Scope, settings_of, value_label, words};
use crate::ui::policies::kind_word;
use crate::ui::widgets::{Choice, mono_edit, select, text_edit};

/// A setting that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// Tags are put to those that are there.
    MoreTags,
    /// Tags are taken away.
    LessTags,
    /// Any other, the connection's own or of its profiles.
    Setting(Scope, &'static Row),
}

impl Subject {
    /// All, in the order in which they are offered.
    #[must_use]
    pub(super) fn all() -> Vec<Self> {
        let own = settings_of(Scope::Own).filter(|row| !matches!(row.key, "name" | "tags" | "notes"));
        let own = own.map(|row| Self::Setting(Scope::Own, row));
        let profile = Scope::Profile(ProfileKind::Production);
        // What tells partners apart is not alike for many.
        let settings = settings_of(profile).filter(|row| !matches!(row.key, "partner_as2_id"));
        let settings = settings.map(|row| Self::Setting(profile, row));
        own.chain([Self::MoreTags, Self::LessTags]).chain(settings).collect()
    }

    /// Its name.
    #[must_use]
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::MoreTags => "Add tags",
            Self::LessTags => "Remove tags",
            Self::Setting(_, row) => row.label,
        }
    }

    /// What it is for.
    #[must_use]
    pub(super) const fn about(self) -> &'static str {
        match self {
            Self::MoreTags => "Put to those that each connection has; commas between them",
            Self::LessTags => "Taken from those that each connection has; commas between them",
            Self::Setting(_, row) => row.about,
        }
    }

    /// Whether it is a setting of profiles.
    #[must_use]
    pub(super) const fn is_of_profiles(self) -> bool {
        matches!(self, Self::Setting(Scope::Profile(_), _))
    }

    /// Whether it may be left without a value.
    #[must_use]
    pub(super) const fn is_optional(self) -> bool {
        match self {
            Self::MoreTags | Self::LessTags => false,
            Self::Setting(_, row) => matches!(row.control, Control::Text(_)) || is_receipt_address(row.key),
        }
    }

    /// The change of these connections, and of these profiles where it is a setting of profiles.
    #[must_use]
    pub(super) fn change(
        self,
        value: &str,
        connections: Vec<ConnectionId>,
        profile: Option<ProfileKind>,
    ) -> ManyChange {
        let pair = |key: &str| vec![(key.to_owned(), value.to_owned())];
        let change = ManyChange { connections, ..ManyChange::default() };
        match self {
            Self::MoreTags => ManyChange { own: pair("tags+"), ..change },
            Self::LessTags => ManyChange { own: pair("tags-"), ..change },
            Self::Setting(Scope::Own, row) => ManyChange { own: pair(row.key), ..change },
            Self::Setting(Scope::Profile(_), row) => {
                ManyChange { settings: pair(row.key), profiles: profile.into_iter().collect(), ..change }
            }
        }
    }

    /// What can be chosen as its value; nothing where it is typed.
    #[must_use]
    pub(super) fn choices(self, snapshot: &Snapshot) -> Option<Vec<Choice<String>>> {
        let Self::Setting(_, row) = self else { return None };
        let open = |label: Option<&str>| label.map(|label| Choice::new(String::new(), label)).into_iter();
        Some(match row.control {
            Control::Words(none) => {
                open(none).chain(words(row).into_iter().map(|(word, label)| Choice::new(word, label))).collect()
            }
            Control::Flag => words(row).into_iter().map(|(word, label)| Choice::new(word, label)).collect(),
            Control::Identity(none) => {
                let names = snapshot.identities.iter().map(|identity| identity.name.to_string());
                open(none).chain(names.map(|name| Choice::new(name.clone(), name))).collect()
            }
            Control::Policy => {
                let policy = |policy: &crate::app::engine::PolicyState| Choice {
                    value: policy.id.to_string(),
                    label: policy.name.clone(),
                    remark: Some(kind_word(policy.kind).to_owned()),
                };
                snapshot.policies.iter().map(policy).collect()
            }
            _ => return None,
        })
    }

    /// The control for its value, so wide.
    pub(super) fn control(
        self,
        ui: &mut Ui,
        value: &mut Option<String>,
        choices: Option<&[Choice<String>]>,
        width: f32,
    ) {
        if let Some(choices) = choices {
            // No value has a control character in it: nothing is chosen at first.
            let current = value.clone().unwrap_or_else(|| "\0".to_owned());
            if let (Some(chosen), _) = select(ui, "Value", &current, choices, width) {
                *value = Some(chosen);
            }
            return;
        }
        let mut text = value.clone().unwrap_or_default();
        if self.line(ui, &mut text, width).changed() {
            *value = Some(text);
        }
    }

    /// The line in which its value is typed.
    fn line(self, ui: &mut Ui, value: &mut String, width: f32) -> Response {
        match self {
            Self::Setting(_, Row { control: Control::Mono(hint), .. }) => mono_edit(ui, "Value", value, hint, width),
            Self::Setting(_, Row { control: Control::Text(_), key: "customer", .. }) => {
                text_edit(ui, "Value", value, "The name of the customer", width)
            }
            Self::Setting(_, Row { control: Control::Number(unit), .. }) => text_edit(ui, "Value", value, unit, width),
            Self::Setting(_, Row { control: Control::Trust, .. }) => {
                mono_edit(ui, "Value", value, "system, or the path of a PEM file", width)
            }
            Self::MoreTags | Self::LessTags => text_edit(ui, "Value", value, "priority, x12", width),
            Self::Setting(..) => text_edit(ui, "Value", value, "", width),
        }
    }
}

const fn is_receipt_address(key: &str) -> bool {
    matches!(key.as_bytes(), b"mdn_url")
}

/// A setting's name and a value of it in words, by the key of the connection file.
#[must_use]
pub(super) fn in_words(setting: &str, value: &str, of_profile: bool, snapshot: &Snapshot) -> (&'static str, String) {
    let scope = if of_profile { Scope::Profile(ProfileKind::Production) } else { Scope::Own };
    let Some(row) = settings_of(scope).find(|row| row.key == setting) else { return ("Setting", value.to_owned()) };
    let policy = (row.key == "policy").then(|| value.parse().ok().and_then(|id| snapshot.policy(&id))).flatten();
    let label = policy.map_or_else(|| value_label(row, value), |policy| policy.name.clone());
    (row.label, label)
}

/// A reason that names settings by their keys, with their names.
#[must_use]
pub(super) fn in_labels(reason: &str) -> String {
    let profile = Scope::Profile(ProfileKind::Production);
    let mut told = reason.to_owned();
    for row in settings_of(Scope::Own).chain(settings_of(profile)) {
        told = told.replace(&format!("`{}`", row.key), row.label);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_makes_a_change_of_its_own() {
        let all = Subject::all();
        assert!(all.iter().any(|subject| subject.label() == "Customer") && all.len() > 30);
        let mut changes = Vec::new();
        for subject in all {
            let change = subject.change("x", Vec::new(), Some(ProfileKind::Test));
            assert_eq!(change.settings.is_empty(), !subject.is_of_profiles(), "{subject:?}");
            assert_eq!(change.profiles.is_empty(), !subject.is_of_profiles(), "{subject:?}");
            assert!(!changes.contains(&change), "{subject:?}");
            changes.push(change);
        }
    }

    #[test]
    fn reasons_name_settings_as_the_window_does() {
        assert_eq!(
            in_labels("`mdn` is async but `mdn_url` is not set"),
            "Receipt (MDN) is async but Receipt address is not set"
        );
    }
}
