//! Putting a policy together with those it inherits.

use super::{Policy, PolicyKind, Rule};
use crate::domain::identifier::PolicyId;

/// A rule and the policy that states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedRule {
    /// The rule.
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
    /// Where the partner's own settings are: as it says, else as the nearest policy that it inherits says.
    pub portal: Option<String>,
    /// Its own rules first, then inherited ones that nothing replaced.
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
}

/// Puts a policy together with those it inherits. A rule replaces an inherited one of the same setting, operator,
/// profiles and direction. Where several of `all` have one name, the first counts.
///
/// # Errors
/// Where the policy or one it inherits is not there, or where it inherits itself.
pub fn resolve(id: &PolicyId, all: &[Policy]) -> Result<ResolvedPolicy, ResolveError> {
    let find = |wanted: &PolicyId| all.iter().find(|policy| policy.id == *wanted);
    let asked = find(id).ok_or_else(|| ResolveError::Unknown { id: id.clone() })?;
    let mut resolved = ResolvedPolicy {
        id: asked.id.clone(),
        name: asked.name.clone(),
        kind: asked.kind,
        portal: None,
        rules: Vec::new(),
    };
    let mut seen: Vec<&PolicyId> = Vec::new();
    let mut next = Some(asked);
    while let Some(policy) = next {
        seen.push(&policy.id);
        if resolved.portal.is_none() {
            resolved.portal.clone_from(&policy.portal);
        }
        let nearer = resolved.rules.len();
        for rule in &policy.rules {
            if !resolved.rules[..nearer].iter().any(|known| rule.replaced_by(&known.rule)) {
                resolved.rules.push(ResolvedRule {
                    rule: rule.clone(),
                    stated_by: policy.id.clone(),
                    stated_by_name: policy.name.clone(),
                });
            }
        }
        next = match &policy.inherits {
            None => None,
            Some(parent) if seen.contains(&parent) => {
                let path: Vec<&str> = seen.iter().copied().chain([parent]).map(PolicyId::as_str).collect();
                return Err(ResolveError::Cycle { id: id.clone(), path: path.join(" → ") });
            }
            Some(parent) => Some(
                find(parent)
                    .ok_or_else(|| ResolveError::UnknownParent { id: policy.id.clone(), parent: parent.clone() })?,
            ),
        };
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Setting;

    fn policy(id: &str, inherits: &str, rules: &str) -> Policy {
        let inherits = if inherits.is_empty() { String::new() } else { format!("inherits = \"{inherits}\"\n") };
        Policy::from_toml(&format!("id = \"{id}\"\nname = \"{id}\"\nkind = \"own\"\n{inherits}{rules}")).unwrap()
    }

    fn rule(setting: &str, value: &str, applies_to: &str) -> String {
        format!(
            "[[rules]]\nsetting = \"{setting}\"\nop = \"at-least\"\nvalue = \"{value}\"\napplies_to = \"{applies_to}\"\n\
             severity = \"required\"\nfrom = 2020-01-01\nsource = \"s\"\nquote = \"q\"\nchecked = 2026-01-01\n"
        )
    }

    #[test]
    fn a_rule_replaces_the_inherited_one_of_the_same_setting_operator_and_profiles() {
        let parent = policy(
            "parent",
            "",
            &(rule("encryption", "aes128-cbc", "both")
                + &rule("signing", "sha256", "both")
                + &rule("mdn", "sync", "test")),
        );
        let child =
            policy("child", "parent", &(rule("encryption", "aes256-cbc", "both") + &rule("mdn", "sync", "both")));
        let resolved = resolve(&child.id, &[parent, child.clone()]).unwrap();
        let found: Vec<(Setting, String, &str)> = resolved
            .rules
            .iter()
            .map(|found| {
                (found.rule.setting, found.rule.requirement.label(found.rule.setting), found.stated_by.as_str())
            })
            .collect();
        assert_eq!(
            found,
            [
                (Setting::Encryption, "AES-256 or stronger".to_owned(), "child"),
                (Setting::Mdn, "Unsigned".to_owned(), "child"),
                (Setting::Signing, "SHA-256 or stronger".to_owned(), "parent"),
                (Setting::Mdn, "Unsigned".to_owned(), "parent"),
            ]
        );
    }

    #[test]
    fn a_missing_or_circular_parent_is_an_error() {
        let (a, b, c) = (policy("a", "b", ""), policy("b", "a", ""), policy("c", "nowhere", ""));
        let all = [a, b, c];
        let error = |id: &str| resolve(&id.parse().unwrap(), &all).unwrap_err().to_string();
        assert_eq!(error("a"), "the policy `a` inherits itself: a → b → a");
        assert_eq!(error("c"), "the policy `c` inherits `nowhere`, and there is no policy of that name");
        assert!(error("d").starts_with("there is no policy `d`"));
    }
}
