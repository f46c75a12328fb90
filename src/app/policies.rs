//! Partners' policies: built in, and the workspace's own.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::Offset;
use serde::Serialize;

use super::connection_file::read_text;
use super::{App, AppError};
use crate::domain::identifier::PolicyId;
use crate::domain::policy::{
    Policy, PolicyFileError, PolicyKind, ResolveError, ResolvedPolicy, builtin, faults, resolve, validate,
};
use crate::domain::policy_comparison::{PolicyComparison, compare};
use crate::domain::spelling::spelled;

/// The largest policy file in bytes.
pub(super) const MAX_FILE: u64 = 1024 * 1024;

spelled! {
    /// Where a policy is kept.
    pub enum PolicyOrigin {
        /// It comes with the program.
        Builtin = "built-in",
        /// In the workspace.
        Workspace = "workspace",
        /// In the workspace, in the place of one of the same id that comes with the program.
        Instead = "instead-of-built-in",
    }
}

impl PolicyOrigin {
    /// Whether it is in the workspace, and so can be changed and removed.
    #[must_use]
    pub const fn is_own(self) -> bool {
        !matches!(self, Self::Builtin)
    }

    /// That of a policy in the workspace.
    pub(super) fn in_workspace(id: &PolicyId) -> Self {
        if builtin().iter().any(|policy| policy.id == *id) { Self::Instead } else { Self::Workspace }
    }
}

/// A policy with where it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPolicy {
    /// The policy.
    pub policy: Policy,
    /// Where it is kept.
    pub origin: PolicyOrigin,
    /// Its file as it was imported or saved, where it is in the workspace.
    pub text: Option<String>,
}

/// A policy as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicySummary {
    /// Its id.
    pub id: PolicyId,
    /// What people call it.
    pub name: String,
    /// How far its rules can be relied on.
    pub kind: PolicyKind,
    /// How many rules it judges by, with inherited ones; its own where they cannot be put together.
    pub rules: usize,
    /// How many of them it inherits.
    pub inherited: usize,
    /// The day on which the newest of its rules was checked.
    pub updated: Option<Date>,
    /// Where it is kept.
    pub origin: PolicyOrigin,
    /// How many connections are judged by it.
    pub connections: usize,
    /// Why its file cannot be read, with the line, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// The built-in policies with one's own, sorted by id. An own policy takes the place of a built-in one of its id, also
/// where its file cannot be read: nobody is judged by rules that were put aside.
pub(super) fn together(own: Vec<(PolicyId, String)>) -> Vec<KnownPolicy> {
    let known = |policy: &Policy| KnownPolicy { policy: policy.clone(), origin: PolicyOrigin::Builtin, text: None };
    let mut all: Vec<KnownPolicy> = builtin().iter().map(known).collect();
    for (id, text) in own {
        let policy = Policy::from_toml(&text).unwrap_or_else(|fault| Policy::unreadable(id, fault));
        all.retain(|known| known.policy.id != policy.id);
        all.push(KnownPolicy { origin: PolicyOrigin::in_workspace(&policy.id), policy, text: Some(text) });
    }
    all.sort_by(|a, b| a.policy.id.cmp(&b.policy.id));
    all
}

impl App {
    /// All policies with where each is kept, sorted by id; those whose file cannot be read with what is wrong with it.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn known_policies(&self) -> Result<Vec<KnownPolicy>, AppError> {
        let own = match self.existing().await? {
            Some(workspace) => workspace.policies().await?,
            None => Vec::new(),
        };
        Ok(together(own))
    }

    /// All policies, built in and own. An own policy takes the place of a built-in one of the same id.
    ///
    /// # Errors
    /// As [`App::known_policies`].
    pub async fn policies(&self) -> Result<Vec<Policy>, AppError> {
        Ok(self.known_policies().await?.into_iter().map(|known| known.policy).collect())
    }

    /// All policies as a list shows them.
    ///
    /// # Errors
    /// As [`App::known_policies`].
    pub async fn policy_list(&self) -> Result<Vec<PolicySummary>, AppError> {
        let connections = self.connections().await?;
        let all = self.known_policies().await?;
        let policies: Vec<Policy> = all.iter().map(|known| known.policy.clone()).collect();
        let counts = |policy: &Policy| match resolve(&policy.id, &policies) {
            Ok(resolved) => {
                let inherited = resolved.rules.iter().filter(|rule| rule.stated_by != policy.id).count();
                (resolved.rules.len(), inherited)
            }
            Err(_told_when_shown) => (policy.rules.len(), 0),
        };
        let counted: Vec<(usize, usize)> = policies.iter().map(counts).collect();
        let summary = |(known, (rules, inherited)): (KnownPolicy, (usize, usize))| PolicySummary {
            updated: known.policy.updated(),
            rules,
            inherited,
            origin: known.origin,
            fault: known.policy.fault.as_ref().map(ToString::to_string),
            connections: connections.iter().filter(|connection| connection.policy == known.policy.id).count(),
            id: known.policy.id,
            name: known.policy.name,
            kind: known.policy.kind,
        };
        Ok(all.into_iter().zip(counted).map(summary).collect())
    }

    /// One policy with the rules that it inherits.
    ///
    /// # Errors
    /// Where there is none of that id, its file cannot be read, or what it inherits from cannot be found.
    pub async fn policy(&self, id: &PolicyId) -> Result<ResolvedPolicy, AppError> {
        resolve(id, &self.policies().await?).map_err(|error| match error {
            // It says itself what to do.
            ResolveError::Unreadable { .. } | ResolveError::UnreadableParent { .. } => AppError::new(error.to_string()),
            _ => AppError::new(error.to_string()).hint("`countersign policy list` shows the policies"),
        })
    }

    /// What two policies demand, side by side.
    ///
    /// # Errors
    /// As [`App::policy`].
    pub async fn compare_policies(&self, a: &PolicyId, b: &PolicyId) -> Result<PolicyComparison, AppError> {
        Ok(compare(&self.policy(a).await?, &self.policy(b).await?))
    }

    /// A policy as its file: one's own as it was imported or saved, comments and all, and as it is where it cannot be read.
    ///
    /// # Errors
    /// Where there is none of that id.
    pub async fn export_policy(&self, id: &PolicyId) -> Result<String, AppError> {
        let known = self.known_policies().await?.into_iter().find(|known| known.policy.id == *id);
        let Some(known) = known else {
            return Err(AppError::new(ResolveError::Unknown { id: id.clone() }.to_string()));
        };
        match known.text {
            Some(text) => Ok(text),
            None => written(&known.policy),
        }
    }

    /// Reads a policy file and says whether it makes sense, what it inherits from included.
    ///
    /// # Errors
    /// Where it does not, with the line and the reason.
    pub async fn validate_policy(&self, file: &Path) -> Result<Policy, AppError> {
        let text = read_text(file, MAX_FILE)?;
        checked(&text, &self.policies().await?).map_err(|error| error.in_file(file))
    }

    /// What is odd in a policy that makes sense all the same.
    #[must_use]
    pub fn policy_warnings(&self, policy: &Policy) -> Vec<String> {
        // Where it is tomorrow already, it may have been looked at today.
        let furthest = Offset::constant(14).to_datetime(self.now()).date();
        policy.checked_ahead(furthest)
    }
}

/// A policy file's policy, or all that is wrong with it.
pub(super) fn checked(text: &str, others: &[Policy]) -> Result<Policy, AppError> {
    validate(text, others).map_err(|error| {
        let all = faults(text, others);
        let said: Vec<String> = all.iter().take(MOST_FAULTS).map(ToString::to_string).collect();
        let more = all.len().saturating_sub(MOST_FAULTS);
        match said.len() {
            0 | 1 => faulty(&error),
            _ if more > 0 => told(format!("{} and {more} more", said.join("; "))),
            _ => told(said.join("; ")),
        }
    })
}

/// So many faults of a file are told at once.
const MOST_FAULTS: usize = 20;

/// What is wrong with a policy file, with what to do.
pub(super) fn faulty(error: &PolicyFileError) -> AppError {
    told(error.to_string())
}

fn told(faults: String) -> AppError {
    AppError::new(faults).hint(
        "put that line right and try again; `countersign policy export amazon-vendor-central` writes a file to compare with",
    )
}

/// A policy as its file.
pub(super) fn written(policy: &Policy) -> Result<String, AppError> {
    policy.to_toml().map_err(|error| AppError::new(format!("the policy `{}` cannot be written: {error}", policy.id)))
}
