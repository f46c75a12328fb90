//! One's own policies: importing, saving, duplicating, removing, and taking that back. What a change does to the
//! connections is told before it is made and with it, by the evaluation that judges them afterwards.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::connection_file::read_text;
use super::policies::{KnownPolicy, MAX_FILE, PolicyOrigin, checked, faulty, together, written};
use super::{App, AppError};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::compliance::Known;
use crate::domain::connection::Connection;
use crate::domain::identifier::{IdentityName, PolicyId};
use crate::domain::policy::{Policy, PolicyKind, Rule, resolve, validate};
use crate::domain::status_change::{StatusChanges, by_policies};

/// So many connections or policies are named in a sentence.
const NAMED: usize = 5;

/// What a policy file holds and what importing it would do. Nothing is saved by looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyInspection {
    /// The file.
    pub file: PathBuf,
    /// What it says.
    pub text: String,
    /// The policy.
    pub policy: Policy,
    /// The policy that it would take the place of.
    pub replaces: Option<KnownPolicy>,
    /// What it would change.
    pub changes: StatusChanges,
    /// What is odd in it.
    pub warnings: Vec<String>,
}

/// What is in the workspace of a policy's id when it is to be changed: what is seen is what is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    Anything,
    /// This file, or none.
    Just(Option<String>),
}

/// A change of one policy that has been made, and what takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    /// Which policy.
    pub id: PolicyId,
    /// Its name, afterwards or, where it was removed, before.
    pub name: String,
    /// Its file in the workspace before.
    pub before: Option<String>,
    /// Its file in the workspace now.
    pub after: Option<String>,
    /// What it has changed.
    pub changes: StatusChanges,
}

/// Where the text of a changed policy comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whence {
    /// Somebody wrote it.
    Written,
    /// It was there before.
    TakenBack,
}

/// How a duplicate comes to its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplication {
    /// It inherits the original's: changes of the original hold for it too, but for the rules that it replaces.
    Follow,
    /// It has all of them as its own, inherited ones too, as they are now.
    Copy,
}

impl App {
    /// Reads a policy file and says what importing it would do.
    ///
    /// # Errors
    /// Where it makes no sense, with the line and the reason.
    pub async fn inspect_policy(&self, file: &Path) -> Result<PolicyInspection, AppError> {
        let text = read_text(file, MAX_FILE)?;
        let known = self.known_policies().await?;
        let before: Vec<Policy> = known.iter().map(|known| known.policy.clone()).collect();
        let policy = checked(&text, &before).map_err(|error| error.in_file(file))?;
        let replaces = known.into_iter().find(|known| known.policy.id == policy.id);
        let after = with(&before, &policy);
        all_resolve(&before, &after, &policy.id).map_err(|error| error.in_file(file))?;
        let connections = self.connections().await?;
        let changes = self.evidence().await?.changes(&connections, &before, &after);
        let warnings = self.policy_warnings(&policy);
        Ok(PolicyInspection { file: file.to_owned(), text, policy, replaces, changes, warnings })
    }

    /// Imports a policy file; in place of a policy of its id only where that is wanted.
    ///
    /// # Errors
    /// Where the file makes no sense, or the id is taken and is not to be replaced. Then nothing has changed.
    pub async fn import_policy(&self, file: &Path, replace: bool) -> Result<PolicyChange, AppError> {
        let inspection = self.inspect_policy(file).await?;
        if replace {
            return self.save_policy(&inspection.text, &Expected::Anything).await;
        }
        if let Some(known) = &inspection.replaces {
            let whose = if known.origin.is_own() { "" } else { " that comes with Countersign" };
            return Err(AppError::new(format!("there is a policy `{}`{whose} already", inspection.policy.id))
                .hint("use --replace to put this one in its place, or give it another id"));
        }
        // Of two at once the second finds the first there.
        self.save_policy(&inspection.text, &Expected::Just(None)).await
    }

    /// Keeps a policy, written as its file, in the workspace.
    ///
    /// # Errors
    /// Where it makes no sense, what is in the workspace is not what was expected, or another policy that inherits it
    /// could not be put together any more. Then nothing has changed.
    pub async fn save_policy(&self, text: &str, expected: &Expected) -> Result<PolicyChange, AppError> {
        let policy = Policy::from_toml(text).map_err(|error| faulty(&error))?;
        self.change_policy(&policy.id, Some(text), expected, Whence::Written).await
    }

    /// Makes an own policy out of another, under an id of its own.
    ///
    /// # Errors
    /// Where there is no such policy, or the new id is taken. Then nothing has changed.
    pub async fn duplicate_policy(
        &self,
        original: &PolicyId,
        id: PolicyId,
        name: String,
        how: Duplication,
    ) -> Result<PolicyChange, AppError> {
        let all = self.policies().await?;
        if all.iter().any(|policy| policy.id == id) {
            return Err(AppError::new(format!("there is a policy `{id}` already")));
        }
        let resolved = self.policy(original).await?;
        let copied = Policy {
            id,
            name,
            kind: PolicyKind::Own,
            inherits: (how == Duplication::Follow).then(|| original.clone()),
            drops: Vec::new(),
            portal: (how == Duplication::Copy).then_some(resolved.portal).flatten(),
            notes: (how == Duplication::Copy).then_some(resolved.notes).flatten(),
            stated_update: None,
            rules: match how {
                Duplication::Follow => Vec::new(),
                Duplication::Copy => unlike(resolved.rules.into_iter().map(|resolved| resolved.rule)),
            },
            fault: None,
        };
        self.save_policy(&written(&copied)?, &Expected::Just(None)).await
    }

    /// Removes an own policy. Where it stood in the place of a built-in one, that one holds again.
    ///
    /// # Errors
    /// Where there is none of that id in the workspace, or connections or other policies use it; they are named.
    pub async fn remove_policy(&self, id: &PolicyId, expected: &Expected) -> Result<PolicyChange, AppError> {
        let own = match self.existing().await? {
            Some(workspace) => workspace.policies().await?,
            None => Vec::new(),
        };
        if !own.iter().any(|(known, _)| known == id) {
            // Where there is none of that name at all this says so.
            self.export_policy(id).await?;
            return Err(AppError::new(format!("the policy `{id}` comes with Countersign and cannot be removed"))
                .hint("connections that do not use it are not judged by it"));
        }
        self.change_policy(id, None, expected, Whence::Written).await
    }

    /// Takes a change back, unless the policy was changed once more since.
    ///
    /// # Errors
    /// As [`App::save_policy`] and [`App::remove_policy`].
    pub async fn undo_policy(&self, change: &PolicyChange) -> Result<PolicyChange, AppError> {
        let seen = Expected::Just(change.after.clone());
        self.change_policy(&change.id, change.before.as_deref(), &seen, Whence::TakenBack).await
    }

    /// The one way in which a policy of the workspace changes: all checks and the change in one transaction.
    async fn change_policy(
        &self,
        id: &PolicyId,
        text: Option<&str>,
        expected: &Expected,
        whence: Whence,
    ) -> Result<PolicyChange, AppError> {
        let evidence = self.evidence().await?;
        let mut transaction = self.workspace().await?.begin().await?;
        let own = transaction.policies().await?;
        let connections = transaction.connections().await?;
        let there = own.iter().find(|(known, _)| known == id).map(|(_, text)| text.clone());
        if let Expected::Just(seen) = expected
            && *seen != there
        {
            return Err(AppError::new(format!("the policy `{id}` was changed by somebody else meanwhile"))
                .hint("look at it as it is now, and make the change again"));
        }
        let before = policies(own.clone());
        let mut changed: Vec<(PolicyId, String)> = own.into_iter().filter(|(known, _)| known != id).collect();
        changed.extend(text.map(|text| (id.clone(), text.to_owned())));
        let after = policies(changed);
        let name = |policies: &[Policy]| policies.iter().find(|policy| policy.id == *id).map(|one| one.name.clone());
        let unreadable = after.iter().any(|policy| policy.id == *id && policy.fault.is_some());
        match text {
            // What could not be read before it was changed comes back as it was.
            Some(text) if unreadable && whence == Whence::TakenBack => transaction.put_policy(id, text).await?,
            Some(text) => {
                validate(text, &after).map_err(|error| faulty(&error))?;
                all_resolve(&before, &after, id)?;
                transaction.put_policy(id, text).await?;
            }
            None => {
                not_needed(id, &after, &connections)?;
                transaction.remove_policy(id).await?;
            }
        }
        transaction.commit().await?;
        let named = if text.is_some() { name(&after) } else { name(&before) };
        Ok(PolicyChange {
            name: named.unwrap_or_else(|| id.to_string()),
            changes: evidence.changes(&connections, &before, &after),
            id: id.clone(),
            before: there,
            after: text.map(str::to_owned),
        })
    }

    async fn evidence(&self) -> Result<KeptEvidence, AppError> {
        let certificates = self.stored_certificates().await?.into_iter();
        let identities = self.stored_identities().await?.into_iter();
        Ok(KeptEvidence {
            certificates: certificates.map(|stored| (stored.facts.fingerprint_sha256, stored.facts)).collect(),
            identities: identities.map(|stored| (stored.name, stored.facts)).collect(),
            at: self.now(),
        })
    }
}

/// What connections are judged by besides their settings, at one instant.
struct KeptEvidence {
    certificates: HashMap<Fingerprint, CertificateFacts>,
    identities: HashMap<IdentityName, CertificateFacts>,
    at: jiff::Timestamp,
}

impl KeptEvidence {
    fn changes(&self, connections: &[Connection], before: &[Policy], after: &[Policy]) -> StatusChanges {
        let known = Known {
            certificates: &|fingerprint| self.certificates.get(fingerprint),
            identities: &|name| self.identities.get(name),
        };
        by_policies(connections, before, after, &known, self.at)
    }
}

fn policies(own: Vec<(PolicyId, String)>) -> Vec<Policy> {
    together(own).into_iter().map(|known| known.policy).collect()
}

/// All policies with one of them put in, in the place of that of its id.
pub(super) fn with(all: &[Policy], policy: &Policy) -> Vec<Policy> {
    all.iter().filter(|known| known.id != policy.id).chain([policy]).cloned().collect()
}

/// Whether a changed policy, and every one that inherits it, can be put together afterwards.
pub(super) fn all_resolve(before: &[Policy], after: &[Policy], changed: &PolicyId) -> Result<(), AppError> {
    resolve(changed, after).map_err(|error| AppError::new(error.to_string()))?;
    for policy in after.iter().filter(|policy| policy.id != *changed) {
        if let Err(error) = resolve(&policy.id, after)
            && resolve(&policy.id, before).is_ok()
        {
            return Err(AppError::new(format!("{} could not be judged by any more: {error}", policy.name)));
        }
    }
    Ok(())
}

/// Whether nothing refers to a policy that is not among `after`.
fn not_needed(id: &PolicyId, after: &[Policy], connections: &[Connection]) -> Result<(), AppError> {
    // A built-in one comes back in its place.
    if after.iter().any(|policy| policy.id == *id) {
        return Ok(());
    }
    let using: Vec<&str> =
        connections.iter().filter(|connection| connection.policy == *id).map(|one| one.id.as_str()).collect();
    if !using.is_empty() {
        return Err(AppError::new(format!("the policy `{id}` is used by {}", named("connection", &using)))
            .hint("give them another policy first: `countersign connection set ID policy=…`"));
    }
    let heirs: Vec<&str> =
        after.iter().filter(|policy| policy.inherits.as_ref() == Some(id)).map(|policy| policy.id.as_str()).collect();
    if !heirs.is_empty() {
        return Err(AppError::new(format!("the policy `{id}` is inherited by {}", named("policy", &heirs)))
            .hint("have them inherit another first, or copy its rules into them"));
    }
    Ok(())
}

/// `the connections a, b and 3 more`.
fn named(what: &str, ids: &[&str]) -> String {
    let plural = if what == "policy" { "policies".to_owned() } else { format!("{what}s") };
    let listed = ids.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match ids.len() {
        1 => format!("the {what} {listed}"),
        number if number <= NAMED => format!("the {plural} {listed}"),
        number => format!("the {plural} {listed} and {} more", number - NAMED),
    }
}

/// Rules without those that say the same of the same time as one before: a file may hold each once.
fn unlike(rules: impl Iterator<Item = Rule>) -> Vec<Rule> {
    let mut kept: Vec<Rule> = Vec::new();
    for rule in rules {
        if !kept.iter().any(|known| known.duplicates(&rule)) {
            kept.push(rule);
        }
    }
    kept
}

impl PolicyInspection {
    /// What is expected in the workspace when it is imported as it was seen.
    #[must_use]
    pub fn expected(&self) -> Expected {
        let own = self.replaces.as_ref().filter(|known| known.origin != PolicyOrigin::Builtin);
        Expected::Just(own.and_then(|known| known.text.clone()))
    }
}
