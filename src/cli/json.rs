//! The JSON documents whose shape is not that of the types behind them.

use serde::Serialize;

use crate::domain::identifier::PolicyId;
use crate::domain::policy::{PolicyKind, ResolvedPolicy, Rule};

/// What `policy show` answers: the policy with inherited rules, each with the policy that states it.
#[derive(Serialize)]
pub(super) struct PolicyDocument<'a> {
    id: &'a PolicyId,
    name: &'a str,
    kind: PolicyKind,
    inherits: &'a [PolicyId],
    portal: Option<&'a str>,
    notes: Option<&'a str>,
    updated: Option<String>,
    rules: Vec<RuleDocument<'a>>,
}

#[derive(Serialize)]
struct RuleDocument<'a> {
    #[serde(flatten)]
    rule: &'a Rule,
    stated_by: &'a PolicyId,
}

impl<'a> From<&'a ResolvedPolicy> for PolicyDocument<'a> {
    fn from(policy: &'a ResolvedPolicy) -> Self {
        Self {
            id: &policy.id,
            name: &policy.name,
            kind: policy.kind,
            inherits: &policy.inherits,
            portal: policy.portal.as_deref(),
            notes: policy.notes.as_deref(),
            updated: policy.updated.map(|day| day.to_string()),
            rules: policy
                .rules
                .iter()
                .map(|resolved| RuleDocument { rule: &resolved.rule, stated_by: &resolved.stated_by })
                .collect(),
        }
    }
}
