//! How everything would stand: on another day, or by a policy that is not saved. Computed from a snapshot, beside the
//! engine's other work, so that neither a frame nor a command waits for it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::command::Answer;
use super::snapshot::Snapshot;
use crate::app::own_policies::{all_resolve, with};
use crate::domain::certificate::CertificateFacts;
use crate::domain::compliance::{self, ComplianceSettings, ConnectionReport, Known};
use crate::domain::identifier::IdentityName;
use crate::domain::policy::{Policy, validate};
use crate::domain::status_change::{StatusChanges, between};

/// What is to be foreseen.
#[derive(Clone, Debug)]
pub enum Outlook {
    /// The whole workspace at an instant.
    At(Arc<Snapshot>, Timestamp),
    /// What a policy would change that is not saved.
    Policy(Arc<Snapshot>, Box<Policy>),
}

/// What was foreseen.
#[derive(Clone, Debug)]
pub enum Foreseen {
    /// The workspace as it will stand, all else left as it is; judged at its `at`.
    At(Arc<Snapshot>),
    /// Which profiles would stand otherwise, or why the policy cannot be put together.
    Policy(Result<StatusChanges, String>),
}

impl Outlook {
    /// Computes it.
    pub(super) fn answer(self) -> Answer {
        Answer::Foreseen(Box::new(match self {
            Self::At(snapshot, at) => Foreseen::At(Arc::new(snapshot.at_instant(at))),
            Self::Policy(snapshot, policy) => Foreseen::Policy(snapshot.with_policy(&policy)),
        }))
    }
}

impl Snapshot {
    /// The same workspace judged at another instant.
    #[must_use]
    pub fn at_instant(&self, at: Timestamp) -> Self {
        let policies: Vec<Policy> = self.policies.iter().map(|state| state.policy.clone()).collect();
        let reports = self.judge_all(&policies, at);
        let mut there = Self { at, ..self.clone() };
        for (state, report) in there.connections.iter_mut().zip(reports) {
            state.report = report;
        }
        there.count();
        there
    }

    /// What a policy would change that is not saved.
    ///
    /// # Errors
    /// Where it cannot be put together with those it inherits, or another one not with it any more; in words.
    pub fn with_policy(&self, policy: &Policy) -> Result<StatusChanges, String> {
        let before: Vec<Policy> = self.policies.iter().map(|state| state.policy.clone()).collect();
        let after = with(&before, policy);
        let text = policy.to_toml().map_err(|error| error.to_string())?;
        validate(&text, &before).map_err(|error| error.reason)?;
        all_resolve(&before, &after, &policy.id).map_err(|error| error.message().to_owned())?;
        let was: Vec<ConnectionReport> = self.connections.iter().map(|state| state.report.clone()).collect();
        Ok(between(&was, &self.judge_all(&after, self.at)))
    }

    fn judge_all(&self, policies: &[Policy], at: Timestamp) -> Vec<ConnectionReport> {
        let identities: HashMap<&IdentityName, &CertificateFacts> =
            self.identities.iter().map(|identity| (&identity.name, &identity.facts)).collect();
        let known = Known {
            certificates: &|fingerprint| self.facts(fingerprint),
            identities: &|name| identities.get(name).copied(),
        };
        let connections = self.connections.iter().map(|state| &state.connection);
        compliance::check(connections, policies, &known, at, &ComplianceSettings::default()).connections
    }
}
