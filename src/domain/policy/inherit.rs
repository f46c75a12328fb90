//! Putting a policy together with those it inherits.

use jiff::civil::Date;

use super::rule::AppliesTo;
use super::{Policy, PolicyKind, Rule, Setting};
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
/// Where the policy or one it inherits is not there, where it inherits itself, or more than [`MOST_ANCESTORS`].
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
mod tests {
    use super::*;

    fn policy(id: &str, inherits: &str, rules: &str) -> Policy {
        let inherits = if inherits.is_empty() { String::new() } else { format!("inherits = \"{inherits}\"\n") };
        Policy::from_toml(&format!("id = \"{id}\"\nname = \"{id}\"\nkind = \"own\"\n{inherits}{rules}")).unwrap()
    }

    /// `keys` are lines of the rule that take the place of the usual ones.
    fn rule(setting: &str, op: &str, value: &str, keys: &str) -> String {
        let mut text = format!("[[rules]]\nsetting = \"{setting}\"\nop = \"{op}\"\nvalue = {value}\n{keys}");
        for (key, value) in [
            ("applies_to", "\"both\""),
            ("severity", "\"required\""),
            ("from", "2020-01-01"),
            ("source", "\"s\""),
            ("quote", "\"q\""),
            ("checked", "2026-01-01"),
        ] {
            if !keys.contains(&format!("{key} = ")) {
                text.push_str(&format!("{key} = {value}\n"));
            }
        }
        text
    }

    /// Every rule in a line: setting, demand, profiles, from, until, and who states it.
    fn told(child: &str, parent: &str) -> Vec<String> {
        let parent = policy("parent", "", parent);
        let child = policy("child", "parent", child);
        let resolved = resolve(&child.id, &[parent, child.clone()]).unwrap();
        assert_eq!(resolved.inherits, ["parent".parse().unwrap()]);
        resolved
            .rules
            .iter()
            .map(|found| {
                let rule = &found.rule;
                let until = rule.until.map_or_else(String::new, |until| format!(" to {until}"));
                let weight = rule.severity.as_str();
                let demand = rule.requirement.label(rule.setting);
                format!(
                    "{}: {demand}, {weight} {} {}{until} ({})",
                    rule.setting, rule.applies_to, rule.from, found.stated_by
                )
            })
            .collect()
    }

    #[test]
    fn a_rule_replaces_the_inherited_one_of_the_same_setting_tighter_or_looser() {
        let aes128 = rule("encryption", "at-least", "\"aes128-cbc\"", "");
        let others = rule("signing", "at-least", "\"sha256\"", "") + &rule("compression", "never", "[\"none\"]", "");
        for (op, value, demand) in [
            ("at-least", "\"aes256-cbc\"", "AES-256 or stronger"),
            ("at-least", "\"3des-cbc\"", "3DES or stronger"),
            ("one-of", "[\"aes128-cbc\", \"aes256-cbc\"]", "AES-128 or AES-256"),
            ("range", "[\"aes128-cbc\", \"aes192-cbc\"]", "AES-128 to AES-192"),
        ] {
            assert_eq!(
                told(&rule("encryption", op, value, ""), &(aes128.clone() + &others)),
                [
                    format!("encryption: {demand}, required both 2020-01-01 (child)"),
                    "signing: SHA-256 or stronger, required both 2020-01-01 (parent)".to_owned(),
                    "compression: not None, required both 2020-01-01 (parent)".to_owned(),
                ]
            );
        }
    }

    #[test]
    fn what_is_refused_leaves_what_is_allowed_as_it_is() {
        let aes128 = rule("encryption", "at-least", "\"aes128-cbc\"", "");
        let no_gcm = rule("encryption", "never", "[\"aes128-gcm\"]", "");
        let lines = told(&no_gcm, &(aes128 + &rule("encryption", "never", "[\"aes256-gcm\"]", "")));
        assert_eq!(
            lines,
            [
                "encryption: not AES-128-GCM, required both 2020-01-01 (child)",
                "encryption: AES-128 or stronger, required both 2020-01-01 (parent)"
            ]
        );
    }

    #[test]
    fn a_recommendation_leaves_a_requirement_and_a_requirement_takes_a_recommendation() {
        let advised = rule("encryption", "at-least", "\"aes256-cbc\"", "severity = \"recommended\"\n");
        let required = rule("encryption", "at-least", "\"aes128-cbc\"", "");
        assert_eq!(
            told(&advised, &required),
            [
                "encryption: AES-256 or stronger, recommended both 2020-01-01 (child)",
                "encryption: AES-128 or stronger, required both 2020-01-01 (parent)"
            ]
        );
        assert_eq!(told(&required, &advised), ["encryption: AES-128 or stronger, required both 2020-01-01 (child)"]);
    }

    #[test]
    fn a_rule_replaces_for_its_own_profiles_and_direction_alone() {
        let both = rule("encryption", "at-least", "\"aes128-cbc\"", "");
        let production = rule("encryption", "at-least", "\"aes256-cbc\"", "applies_to = \"production\"\n");
        assert_eq!(
            told(&production, &both),
            [
                "encryption: AES-256 or stronger, required production 2020-01-01 (child)",
                "encryption: AES-128 or stronger, required test 2020-01-01 (parent)"
            ]
        );
        let test = rule("encryption", "at-least", "\"aes192-cbc\"", "applies_to = \"test\"\n");
        assert_eq!(told(&(production.clone() + &test), &both).len(), 2);
        assert_eq!(told(&test, &production).len(), 2);
        // What is received is another matter than what is sent; for the security that we demand there is only one.
        let outbound = rule("encryption", "at-least", "\"aes256-cbc\"", "direction = \"outbound\"\n");
        let inbound = rule("encryption", "at-least", "\"aes256-cbc\"", "direction = \"inbound\"\n");
        assert_eq!(told(&outbound, &both).len(), 1);
        assert_eq!(told(&inbound, &both).len(), 2);
        assert_eq!(told(&both, &inbound).len(), 1);
        assert_eq!(told(&outbound, &inbound).len(), 2);
    }

    #[test]
    fn a_rule_replaces_as_long_as_it_is_in_force() {
        let since2019 = rule("encryption", "at-least", "\"aes128-cbc\"", "from = 2019-10-15\n");
        let coming = rule("encryption", "at-least", "\"aes256-cbc\"", "from = 2027-06-01\n");
        assert_eq!(
            told(&coming, &since2019),
            [
                "encryption: AES-256 or stronger, required both 2027-06-01 (child)",
                "encryption: AES-128 or stronger, required both 2019-10-15 to 2027-06-01 (parent)"
            ]
        );
        let grace = rule("encryption", "at-least", "\"3des-cbc\"", "from = 2026-01-01\nuntil = 2027-01-01\n");
        assert_eq!(
            told(&grace, &since2019),
            [
                "encryption: 3DES or stronger, required both 2026-01-01 to 2027-01-01 (child)",
                "encryption: AES-128 or stronger, required both 2019-10-15 to 2026-01-01 (parent)",
                "encryption: AES-128 or stronger, required both 2027-01-01 (parent)"
            ]
        );
        let over = rule("encryption", "at-least", "\"aes128-cbc\"", "from = 2019-10-15\nuntil = 2020-01-01\n");
        assert_eq!(
            told(&coming, &over)[1],
            "encryption: AES-128 or stronger, required both 2019-10-15 to 2020-01-01 (parent)"
        );
        let early = rule("encryption", "at-least", "\"3des-cbc\"", "from = 2010-01-01\nuntil = 2012-01-01\n");
        assert_eq!(told(&early, &since2019)[1], "encryption: AES-128 or stronger, required both 2019-10-15 (parent)");
    }

    #[test]
    fn a_policy_drops_what_is_said_of_a_setting_above_it() {
        let parent = rule("mdn", "at-least", "\"sync-signed\"", "") + &rule("signing", "at-least", "\"sha256\"", "");
        assert_eq!(
            told("drops = [\"mdn\"]\n", &parent),
            ["signing: SHA-256 or stronger, required both 2020-01-01 (parent)"]
        );
        let own = "drops = [\"mdn\"]\n".to_owned() + &rule("mdn", "at-least", "\"sync\"", "severity = \"reported\"\n");
        assert_eq!(told(&own, &parent).len(), 2, "its own rules are not dropped");
        let (top, middle) = (policy("top", "", &parent), policy("middle", "top", ""));
        let bottom = policy("bottom", "middle", "drops = [\"mdn\", \"signing\"]\n");
        assert_eq!(resolve(&bottom.id, &[top, middle, bottom.clone()]).unwrap().rules, []);
    }

    #[test]
    fn a_missing_circular_or_distant_parent_is_an_error() {
        let (a, b, c) = (policy("a", "b", ""), policy("b", "a", ""), policy("c", "nowhere", ""));
        let mut all = vec![a, b, c];
        let error = |all: &[Policy], id: &str| resolve(&id.parse().unwrap(), all).unwrap_err().to_string();
        assert_eq!(error(&all, "a"), "the policy `a` inherits itself: a → b → a");
        assert_eq!(error(&all, "c"), "the policy `c` inherits `nowhere`, and there is no policy of that name");
        assert!(error(&all, "d").starts_with("there is no policy `d`"));
        all.push(policy("p0", "", ""));
        for number in 1..=9 {
            all.push(policy(&format!("p{number}"), &format!("p{}", number - 1), ""));
        }
        assert_eq!(resolve(&"p8".parse().unwrap(), &all).unwrap().inherits.len(), MOST_ANCESTORS);
        assert_eq!(
            error(&all, "p9"),
            "the policy `p9` inherits more than 8 policies in a row: p9 → p8 → p7 → p6 → p5 → p4 → p3 → p2 → p1 → p0"
        );
    }
}
