//! Putting a policy together with those it inherits.

use jiff::civil::Date;

use super::rule::AppliesTo;
use super::{Policy, PolicyFileError, PolicyKind, Rule, Setting};
use crate::domain::identifier::PolicyId;

/// How many policies one may inherit in a row.
pub const MOST_ANCESTORS: usize = 8;

/// A rule and the policy that states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedRule {
    /// The rule. An inherited one holds only where and as long as no nearer policy says otherwise, so its profiles and
    /// dates may be fewer than those that are stated.
    pub rule: Rule,
    /// The policy that states it: the one asked for, or one that it inherits.
    pub stated_by: PolicyId,
    /// That policy's name, for sentences.
    pub stated_by_name: String,
}

/// A policy with all its rules, its own and inherited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPolicy {
    /// The policy asked for.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub kind: PolicyKind,
    /// The policies that it inherits, the nearest first.
    pub inherits: Vec<PolicyId>,
    /// Where the partner's own settings are: as it says, else as the nearest policy that it inherits says.
    pub portal: Option<String>,
    /// What it says beside its rules.
    pub notes: Option<String>,
    /// The day on which it was last changed.
    pub updated: Option<Date>,
    /// Its own rules first, then what is left of inherited ones.
    pub rules: Vec<ResolvedRule>,
}

/// Why a connection cannot be judged by its policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// No policy has this name.
    #[error("there is no policy `{id}`; `policy list` names those there are, `policy import` brings in another")]
    Unknown {
        /// The name.
        id: PolicyId,
    },
    /// Its file cannot be read.
    #[error(
        "the file of the policy `{id}` cannot be read, {fault}; `policy export {id}` writes it, `policy import FILE --replace` \
         puts the mended one in its place"
    )]
    Unreadable {
        /// The policy.
        id: PolicyId,
        /// What is wrong with its file.
        fault: PolicyFileError,
    },
    /// It inherits one whose file cannot be read.
    #[error(
        "the policy `{id}` inherits `{parent}`, whose file cannot be read, {fault}; `policy export {parent}` writes it, \
         `policy import FILE --replace` puts the mended one in its place"
    )]
    UnreadableParent {
        /// The policy asked for.
        id: PolicyId,
        /// The one that cannot be read.
        parent: PolicyId,
        /// What is wrong with its file.
        fault: PolicyFileError,
    },
    /// It inherits one that is not there.
    #[error("the policy `{id}` inherits `{parent}`, and there is no policy of that name")]
    UnknownParent {
        /// The policy that inherits.
        id: PolicyId,
        /// The one that is missing.
        parent: PolicyId,
    },
    /// It inherits itself, perhaps through others.
    #[error("the policy `{id}` inherits itself: {path}")]
    Cycle {
        /// The policy asked for.
        id: PolicyId,
        /// The way round, with arrows.
        path: String,
    },
    /// One inherits another too many times over.
    #[error("the policy `{id}` inherits more than {MOST_ANCESTORS} policies in a row: {path}")]
    TooDeep {
        /// The policy asked for.
        id: PolicyId,
        /// The way up, with arrows.
        path: String,
    },
}

/// Puts a policy together with those it inherits. A nearer rule takes the place of an inherited one that it replaces
/// ([`Rule::replaced_by`]): for the profiles that it is about, and as long as it is in force. Inherited rules about
/// settings that a nearer policy drops fall away. Where several of `all` have one name, the first counts.
///
/// # Errors
/// Where the policy or one it inherits is not there or cannot be read, where it inherits itself, or more than
/// [`MOST_ANCESTORS`].
pub fn resolve(id: &PolicyId, all: &[Policy]) -> Result<ResolvedPolicy, ResolveError> {
    let find = |wanted: &PolicyId| all.iter().find(|policy| policy.id == *wanted);
    let asked = find(id).ok_or_else(|| ResolveError::Unknown { id: id.clone() })?;
    let mut resolved = ResolvedPolicy {
        id: asked.id.clone(),
        name: asked.name.clone(),
        kind: asked.kind,
        inherits: Vec::new(),
        portal: None,
        notes: asked.notes.clone(),
        updated: asked.updated(),
        rules: Vec::new(),
    };
    let mut dropped: Vec<Setting> = Vec::new();
    let mut seen: Vec<&PolicyId> = Vec::new();
    let mut next = Some(asked);
    while let Some(policy) = next {
        if let Some(fault) = policy.fault.clone() {
            let (id, parent) = (id.clone(), policy.id.clone());
            return Err(if parent == id {
                ResolveError::Unreadable { id, fault }
            } else {
                ResolveError::UnreadableParent { id, parent, fault }
            });
        }
        seen.push(&policy.id);
        if resolved.portal.is_none() {
            resolved.portal.clone_from(&policy.portal);
        }
        let nearer = resolved.rules.len();
        for rule in policy.rules.iter().filter(|rule| !dropped.contains(&rule.setting)) {
            let mut left = vec![rule.clone()];
            for known in &resolved.rules[..nearer] {
                left = left.into_iter().flat_map(|part| remainder(part, &known.rule)).collect();
            }
            resolved.rules.extend(left.into_iter().map(|rule| ResolvedRule {
                rule,
                stated_by: policy.id.clone(),
                stated_by_name: policy.name.clone(),
            }));
        }
        dropped.extend(&policy.drops);
        let way = |last: &PolicyId| -> String {
            let path: Vec<&str> = seen.iter().copied().chain([last]).map(PolicyId::as_str).collect();
            path.join(" → ")
        };
        next = match &policy.inherits {
            None => None,
            Some(parent) if seen.contains(&parent) => {
                return Err(ResolveError::Cycle { id: id.clone(), path: way(parent) });
            }
            Some(parent) if seen.len() > MOST_ANCESTORS => {
                return Err(ResolveError::TooDeep { id: id.clone(), path: way(parent) });
            }
            Some(parent) => {
                resolved.inherits.push(parent.clone());
                let found = find(parent);
                Some(
                    found
                        .ok_or_else(|| ResolveError::UnknownParent { id: policy.id.clone(), parent: parent.clone() })?,
                )
            }
        };
    }
    Ok(resolved)
}

/// What is left of an inherited rule beside a nearer one: the profiles that the nearer one is not about, and the time
/// before it begins and after it ends.
fn remainder(rule: Rule, nearer: &Rule) -> Vec<Rule> {
    if !rule.replaced_by(nearer) {
        return vec![rule];
    }
    let elsewhere = rule.applies_to.without(nearer.applies_to);
    let here = match elsewhere {
        None => rule.applies_to,
        Some(all) if all == rule.applies_to => return vec![rule],
        Some(AppliesTo::Test) => AppliesTo::Production,
        Some(_) => AppliesTo::Test,
    };
    let mut left = Vec::new();
    if let Some(applies_to) = elsewhere {
        left.push(Rule { applies_to, ..rule.clone() });
    }
    if rule.from.instant() < nearer.from.instant() {
        let until = match rule.until {
            Some(until) if until.instant() <= nearer.from.instant() => until,
            _ => nearer.from,
        };
        left.push(Rule { applies_to: here, until: Some(until), ..rule.clone() });
    }
    if let Some(end) = nearer.until.filter(|end| !rule.ended(end.instant())) {
        let from = if end.instant() > rule.from.instant() { end } else { rule.from };
        left.push(Rule { applies_to: here, from, ..rule });
    }
    left
}

#[cfg(test)]
mod tests;
