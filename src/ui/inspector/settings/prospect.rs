//! How the connection would stand if the draft were saved. Worked out when the draft or the workspace changes, not on
//! every frame.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::catalogue::{self, Control, Row, Scope, rows};
use super::draft::{Draft, Key};
use crate::app::engine::{PolicyState, Snapshot};
use crate::domain::compliance::{Finding, ProfileReport, Status};
use crate::domain::connection::{Connection, Profile};
use crate::domain::due::is_provided_for;
use crate::domain::identifier::{PolicyId, ProfileKind};
use crate::domain::policy::Setting;
use crate::domain::timeline::next_activation;
use crate::ui::policies::kind_word;
use crate::ui::widgets::Choice;

/// One profile with the draft's changes.
pub(super) struct Prospect {
    /// The profile, with every change that makes sense.
    pub profile: Profile,
    /// How it stands.
    pub report: ProfileReport,
    /// When another certificate of the partner takes the place of the one in use, where nothing speaks against that one.
    pub replaced_on: Option<Timestamp>,
}

impl Prospect {
    /// The findings about a row that want attention, the worst first.
    #[must_use]
    pub(super) fn troubles(&self, row: &Row) -> Vec<&Finding> {
        let mut found: Vec<&Finding> = self
            .report
            .findings
            .iter()
            .filter(|finding| finding.status < Status::Compliant && catalogue::is_about(row, finding.setting))
            .collect();
        found.sort_by_key(|finding| finding.status);
        found
    }

    /// The worst finding about a row, of those that say something.
    #[must_use]
    pub(super) fn worst(&self, row: &Row) -> Option<&Finding> {
        self.report
            .findings
            .iter()
            .filter(|finding| finding.status < Status::NotApplicable && catalogue::is_about(row, finding.setting))
            .min_by_key(|finding| finding.status)
    }
}

/// How the whole connection would stand.
#[derive(Default)]
pub(super) struct Outlook {
    /// The policy it would be judged by.
    pub policy: PolicyId,
    /// What makes no sense, in words, by setting.
    pub errors: BTreeMap<Key, String>,
    profiles: BTreeMap<ProfileKind, Prospect>,
    /// What each list offers, by setting.
    choices: BTreeMap<Key, Vec<Choice<String>>>,
    /// The lists whose values have been judged.
    judged: Vec<Key>,
}

impl Outlook {
    /// Applies the draft and judges.
    #[must_use]
    pub(super) fn new(snapshot: &Snapshot, connection: &Connection, draft: &Draft) -> Self {
        let mut outlook = Self { policy: connection.policy.clone(), ..Self::default() };
        for (key, value) in draft.changes(Scope::Own) {
            let change = [(key.to_owned(), value.to_owned())];
            let tried = connection.with_changes(&change).map_err(|error| error.to_string());
            let empty = key == "name" && value.trim().is_empty();
            match tried {
                _ if empty => outlook.wrong((Scope::Own, key), "A connection needs a name".to_owned()),
                Err(reason) => outlook.wrong((Scope::Own, key), in_labels(Scope::Own, &reason)),
                Ok(changed) => outlook.policy = if key == "policy" { changed.policy } else { outlook.policy.clone() },
            }
        }
        for (kind, saved) in connection.profiles() {
            outlook.apply(snapshot, kind, saved, draft);
        }
        outlook.offer(snapshot, draft);
        outlook
    }

    fn apply(&mut self, snapshot: &Snapshot, kind: ProfileKind, saved: &Profile, draft: &Draft) {
        let scope = Scope::Profile(kind);
        let mut profile = saved.clone();
        for (key, value) in draft.changes(scope) {
            match change(&profile, key, value) {
                Ok(changed) => profile = changed,
                Err(reason) => self.wrong((scope, key), in_labels(scope, &reason)),
            }
        }
        for contradiction in profile.contradictions() {
            // Said where it is mended: beside the last setting that it names.
            let at = settings_named(scope, &contradiction).last().map_or("mdn", |row| row.key);
            self.errors.entry((scope, at)).or_insert_with(|| in_labels(scope, &contradiction));
        }
        let report = snapshot.judge(&self.policy, kind, &profile);
        let replaced_on = self.replaced_on(snapshot, kind, &profile);
        self.profiles.insert(kind, Prospect { profile, report, replaced_on });
    }

    /// When a certificate of the partner is scheduled with which nothing is left to be done about it.
    fn replaced_on(&self, snapshot: &Snapshot, kind: ProfileKind, profile: &Profile) -> Option<Timestamp> {
        let (entry, when) = next_activation(&profile.partner_certificates, snapshot.at)?;
        let next = snapshot.facts(&entry.fingerprint)?;
        let then = snapshot.judge_with(&self.policy, kind, profile, next, when);
        let wanting = |finding: &Finding| {
            finding.setting == "partner_certificate" && finding.status <= Status::Due && !is_provided_for(finding)
        };
        (!then.findings.iter().any(wanting)).then_some(when)
    }

    fn wrong(&mut self, key: Key, reason: String) {
        self.errors.insert(key, reason);
    }

    /// What is to be said of a policy before it is chosen: where it comes from, and how the profiles would stand by it.
    fn under(&self, snapshot: &Snapshot, policy: &PolicyState) -> String {
        let standing = self.profiles.iter().map(|(kind, prospect)| {
            let report = snapshot.judge(&policy.id, *kind, &prospect.profile);
            (report.status, *kind)
        });
        let kind = kind_word(policy.kind);
        match standing.min() {
            Some((status, _)) if status < Status::Compliant => format!("{kind} · {}", status.label().to_lowercase()),
            _ => kind.to_owned(),
        }
    }

    /// Works out what the lists offer.
    fn offer(&mut self, snapshot: &Snapshot, draft: &Draft) {
        let scopes = self.profiles.keys().map(|kind| Scope::Profile(*kind)).chain([Scope::Own]);
        for scope in scopes.collect::<Vec<_>>() {
            for row in rows(scope) {
                let mut choices: Vec<Choice<String>> = match row.control {
                    Control::Words(open) => open
                        .map(|label| Choice::new(String::new(), label))
                        .into_iter()
                        .chain(catalogue::words(row).into_iter().map(|(word, label)| Choice::new(word, label)))
                        .collect(),
                    Control::Flag => {
                        catalogue::words(row).into_iter().map(|(word, label)| Choice::new(word, label)).collect()
                    }
                    Control::Identity(open) => open
                        .map(|label| Choice::new(String::new(), label))
                        .into_iter()
                        .chain(
                            snapshot
                                .identities
                                .iter()
                                .map(|identity| Choice::new(identity.name.to_string(), identity.name.to_string())),
                        )
                        .collect(),
                    Control::Policy => snapshot
                        .policies
                        .iter()
                        .map(|policy| Choice {
                            value: policy.id.to_string(),
                            label: policy.name.clone(),
                            remark: Some(kind_word(policy.kind).to_owned()),
                        })
                        .collect(),
                    _ => continue,
                };
                let current = draft.value((scope, row.key));
                if row.key == "identity" && current.starts_with('[') {
                    // More than one over time: it is shown as it is, and changed over from the settings.
                    let label = match scope {
                        Scope::Profile(kind) => {
                            self.profile(kind).map(|prospect| prospect.profile.identity.to_string())
                        }
                        Scope::Own => None,
                    };
                    let value = current.to_owned();
                    let label = label.unwrap_or_else(|| value.clone());
                    choices.insert(0, Choice { value, label, remark: Some("with its schedule".to_owned()) });
                } else if !choices.iter().any(|choice| choice.value == current) {
                    let gone = Some("not in the workspace".to_owned());
                    choices.push(Choice { value: current.to_owned(), label: current.to_owned(), remark: gone });
                }
                self.choices.insert((scope, row.key), choices);
            }
        }
    }

    /// One profile, where it exists.
    #[must_use]
    pub(super) fn profile(&self, kind: ProfileKind) -> Option<&Prospect> {
        self.profiles.get(&kind)
    }

    /// What a list offers.
    #[must_use]
    pub(super) fn choices(&self, key: Key) -> &[Choice<String>] {
        self.choices.get(&key).map_or(&[], Vec::as_slice)
    }

    /// How many settings of a profile break the policy.
    #[must_use]
    pub(super) fn broken(&self, kind: ProfileKind) -> usize {
        self.profile(kind).map_or(0, |prospect| {
            let broken = |row: &&Row| prospect.worst(row).is_some_and(|worst| worst.status == Status::NonCompliant);
            rows(Scope::Profile(kind)).filter(broken).count()
        })
    }

    /// Judges every value of a list once it is opened, so that it says beside each what the policy would make of it. True
    /// where that was not known yet.
    pub(super) fn judge_choices(&mut self, snapshot: &Snapshot, key: Key) -> bool {
        if self.judged.contains(&key) {
            return false;
        }
        self.judged.push(key);
        let Scope::Profile(kind) = key.0 else { return self.judge_policies(snapshot, key) };
        let (Some(row), Some(prospect)) = (catalogue::find(key.0, key.1), self.profiles.get(&kind)) else {
            return false;
        };
        let Some(choices) = self.choices.get_mut(&key) else { return false };
        let statuses: Vec<Option<Status>> = choices
            .iter()
            .map(|choice| {
                let changed = change(&prospect.profile, key.1, &choice.value).ok()?;
                let report = snapshot.judge(&self.policy, kind, &changed);
                Prospect { profile: changed, report, replaced_on: None }.worst(row).map(|finding| finding.status)
            })
            .collect();
        let strength = |value: &str| key.1.parse::<Setting>().ok().and_then(|setting| setting.strength(value));
        let strongest_good = choices
            .iter()
            .zip(&statuses)
            .filter(|(_, status)| **status > Some(Status::NonCompliant))
            .filter_map(|(choice, _)| strength(&choice.value))
            .max();
        for (choice, status) in choices.iter_mut().zip(statuses) {
            choice.remark = match status {
                Some(Status::NonCompliant) if strength(&choice.value) < strongest_good => Some("too weak"),
                Some(Status::NonCompliant) => Some("against the policy"),
                Some(Status::Due) => Some("not for long"),
                Some(Status::Advice) => Some("advised against"),
                _ => None,
            }
            .map(str::to_owned)
            .or(choice.remark.take());
        }
        true
    }

    /// Says beside each policy how the profiles would stand by it; there are too many to do so before they are looked at.
    fn judge_policies(&mut self, snapshot: &Snapshot, key: Key) -> bool {
        if catalogue::find(key.0, key.1).is_none_or(|row| row.control != Control::Policy) {
            return false;
        }
        let told: BTreeMap<&str, String> =
            snapshot.policies.iter().map(|policy| (policy.id.as_str(), self.under(snapshot, policy))).collect();
        let Some(choices) = self.choices.get_mut(&key) else { return false };
        for choice in choices {
            if let Some(told) = told.get(choice.value.as_str()) {
                choice.remark = Some(told.clone());
            }
        }
        true
    }
}

/// One change alone, or why it makes no sense.
fn change(profile: &Profile, key: &str, value: &str) -> Result<Profile, String> {
    let row = catalogue::find(Scope::Profile(ProfileKind::Production), key);
    match row.map(|row| row.control) {
        Some(Control::Number(unit)) if !value.is_empty() && value.trim().parse::<u32>().is_err() => {
            return Err(format!("A whole number of {unit} is needed, not `{value}`"));
        }
        Some(Control::Mono(_)) if value.is_empty() && ["url", "our_as2_id", "partner_as2_id"].contains(&key) => {
            return Err("This cannot be left empty".to_owned());
        }
        Some(Control::Trust) if value.trim().is_empty() && !value.is_empty() => {
            return Err("Name the PEM file that holds the server's certificate".to_owned());
        }
        _ => {}
    }
    profile.with_changes(&[(key.to_owned(), value.to_owned())]).map_err(|error| error.to_string())
}

/// The settings that a sentence names by their keys, in its order.
fn settings_named(scope: Scope, sentence: &str) -> Vec<&'static Row> {
    sentence.split('`').skip(1).step_by(2).filter_map(|key| rows(scope).find(|row| row.key == key)).collect()
}

/// A sentence about keys of the connection file in the words of this view.
fn in_labels(scope: Scope, sentence: &str) -> String {
    let mut told = sentence.to_owned();
    for row in settings_named(scope, sentence) {
        told = told.replace(&format!("`{}`", row.key), row.label);
    }
    crate::domain::sentence::sentence(&told)
}
