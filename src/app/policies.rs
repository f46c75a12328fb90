//! Partners' policies: built in, and the workspace's own.

use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;

use super::connection_file::read_text;
use super::{App, AppError};
use crate::domain::identifier::PolicyId;
use crate::domain::policy::{Policy, PolicyKind, ResolvedPolicy, builtin, resolve};

/// The largest policy file in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// A policy as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicySummary {
    /// Its id.
    pub id: PolicyId,
    /// What people call it.
    pub name: String,
    /// How far its rules can be relied on.
    pub kind: PolicyKind,
    /// How many rules it has, without inherited ones.
    pub rules: usize,
    /// The day on which the newest of its rules was checked.
    pub updated: Option<Date>,
}

impl App {
    /// All policies, built in and own. An own policy takes the place of a built-in one of the same id.
    ///
    /// # Errors
    /// Where the workspace cannot be read, or an own policy in it makes no sense.
    pub async fn policies(&self) -> Result<Vec<Policy>, AppError> {
        let mut all = builtin().to_vec();
        if let Some(workspace) = self.existing().await? {
            for (id, text) in workspace.policies().await? {
                let own = Policy::from_toml(&text)
                    .map_err(|error| AppError::new(format!("the own policy `{id}`: {error}")))?;
                all.retain(|policy| policy.id != own.id);
                all.push(own);
            }
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    /// All policies as a list shows them.
    ///
    /// # Errors
    /// As [`App::policies`].
    pub async fn policy_list(&self) -> Result<Vec<PolicySummary>, AppError> {
        let summary = |policy: Policy| PolicySummary {
            updated: policy.updated(),
            rules: policy.rules.len(),
            id: policy.id,
            name: policy.name,
            kind: policy.kind,
        };
        Ok(self.policies().await?.into_iter().map(summary).collect())
    }

    /// One policy with the rules that it inherits.
    ///
    /// # Errors
    /// Where there is none of that id, or what it inherits from cannot be found.
    pub async fn policy(&self, id: &PolicyId) -> Result<ResolvedPolicy, AppError> {
        resolve(id, &self.policies().await?)
            .map_err(|error| AppError::new(error.to_string()).hint("`countersign policy list` shows the policies"))
    }

    /// Reads a policy file and says whether it makes sense, what it inherits from included.
    ///
    /// # Errors
    /// Where it does not, with the line and the reason.
    pub async fn validate_policy(&self, file: &Path) -> Result<Policy, AppError> {
        let text = read_text(file, MAX_FILE)?;
        let others = self.policies().await?;
        crate::domain::policy::validate(&text, &others).map_err(|error| AppError::new(error.to_string()).in_file(file))
    }
}
