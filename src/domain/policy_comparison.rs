//! Two policies side by side: what both demand alike, what both demand differently, and what one alone demands.
//!
//! Compared is what a connection is judged by. Who said so, in which words and when that was last looked at makes no rule
//! another.

use super::policy::{AppliesTo, Requirement, ResolvedPolicy, ResolvedRule, Rule};
use super::spelling::spelled;

spelled! {
    /// In what two rules about the same setting differ: the keys of the policy file.
    pub enum Differs {
        /// How they compare.
        Op = "op",
        /// With what.
        Value = "value",
        /// Which profiles they apply to.
        AppliesTo = "applies_to",
        /// How much they weigh.
        Severity = "severity",
        /// When they begin.
        From = "from",
        /// When they end.
        Until = "until",
    }
}

/// A rule of the one policy with the rule of the other that is about the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePair {
    /// Of the first policy.
    pub a: ResolvedRule,
    /// Of the second.
    pub b: ResolvedRule,
    /// In what they differ; nothing where they demand the same.
    pub differs: Vec<Differs>,
}

/// What comparing two policies comes to, each list in the order of the first policy, then of the second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyComparison {
    /// About the same setting, but not the same demand.
    pub different: Vec<RulePair>,
    /// About what the second policy says nothing of.
    pub only_a: Vec<ResolvedRule>,
    /// About what the first policy says nothing of.
    pub only_b: Vec<ResolvedRule>,
    /// The same in both.
    pub same: Vec<RulePair>,
}

/// Compares what two policies demand, inherited rules included.
#[must_use]
pub fn compare(a: &ResolvedPolicy, b: &ResolvedPolicy) -> PolicyComparison {
    let mut left: Vec<Option<&ResolvedRule>> = a.rules.iter().map(Some).collect();
    let mut right: Vec<Option<&ResolvedRule>> = b.rules.iter().map(Some).collect();
    let mut paired: Vec<(usize, RulePair)> = Vec::new();
    // The nearest first, so that a rule which is in both is never told as a change of another.
    for fits in [equal as fn(&Rule, &Rule) -> bool, alike, about_the_same] {
        for (place, slot) in left.iter_mut().enumerate() {
            let Some(one) = *slot else { continue };
            let found = right.iter_mut().find(|other| other.is_some_and(|other| fits(&one.rule, &other.rule)));
            if let Some(other) = found.and_then(Option::take) {
                let differs = differences(&one.rule, &other.rule);
                paired.push((place, RulePair { a: one.clone(), b: other.clone(), differs }));
                *slot = None;
            }
        }
    }
    paired.sort_by_key(|(place, _)| *place);
    let (same, different) = paired.into_iter().map(|(_, pair)| pair).partition(|pair| pair.differs.is_empty());
    let rest = |rules: Vec<Option<&ResolvedRule>>| rules.into_iter().flatten().cloned().collect();
    PolicyComparison { different, only_a: rest(left), only_b: rest(right), same }
}

fn equal(a: &Rule, b: &Rule) -> bool {
    a.setting == b.setting && a.direction == b.direction && differences(a, b).is_empty()
}

/// Whether both compare in the same way, for the same profiles.
fn alike(a: &Rule, b: &Rule) -> bool {
    about_the_same(a, b) && a.requirement.operator() == b.requirement.operator() && a.applies_to == b.applies_to
}

/// Whether both may bind the same setting of the same profile.
fn about_the_same(a: &Rule, b: &Rule) -> bool {
    let overlap = a.applies_to == b.applies_to || [a.applies_to, b.applies_to].contains(&AppliesTo::Both);
    a.setting == b.setting && a.direction == b.direction && overlap
}

fn differences(a: &Rule, b: &Rule) -> Vec<Differs> {
    let instant = |rule: &Rule| rule.until.map(super::policy::RuleDate::instant);
    let found = [
        (Differs::Op, a.requirement.operator() != b.requirement.operator()),
        (Differs::Value, !same_values(&a.requirement, &b.requirement)),
        (Differs::AppliesTo, a.applies_to != b.applies_to),
        (Differs::Severity, a.severity != b.severity),
        (Differs::From, a.from.instant() != b.from.instant()),
        (Differs::Until, instant(a) != instant(b)),
    ];
    found.into_iter().filter_map(|(what, differs)| differs.then_some(what)).collect()
}

/// Whether both name the same values; in lists the order has no meaning.
fn same_values(a: &Requirement, b: &Requirement) -> bool {
    match (a, b) {
        (Requirement::OneOf(a) | Requirement::Never(a), Requirement::OneOf(b) | Requirement::Never(b)) => {
            a.iter().all(|value| b.contains(value)) && b.iter().all(|value| a.contains(value))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{Policy, resolve};

    fn policy(id: &str, rules: &[(&str, &str, &str, &str)]) -> ResolvedPolicy {
        let mut text = format!("id = \"{id}\"\nname = \"{id}\"\nkind = \"own\"\n");
        for (setting, op, value, applies_to) in rules {
            text.push_str(&format!(
                "[[rules]]\nsetting = \"{setting}\"\nop = \"{op}\"\nvalue = {value}\napplies_to = \"{applies_to}\"\n\
                 severity = \"required\"\nfrom = 2020-01-01\nsource = \"{id}\"\nquote = \"{id}\"\nchecked = 2026-01-01\n"
            ));
        }
        let policy = Policy::from_toml(&text).unwrap();
        resolve(&policy.id, std::slice::from_ref(&policy)).unwrap()
    }

    #[test]
    fn each_rule_of_both_is_told_once_and_where_it_belongs() {
        let a = policy(
            "a",
            &[
                ("encryption", "at-least", "\"aes128-cbc\"", "both"),
                ("signing", "at-least", "\"sha256\"", "both"),
                ("compression", "one-of", "[\"none\", \"before-signing\"]", "both"),
                ("mdn", "at-least", "\"sync\"", "production"),
            ],
        );
        let b = policy(
            "b",
            &[
                ("compression", "one-of", "[\"before-signing\", \"none\"]", "both"),
                ("encryption", "one-of", "[\"aes256-cbc\"]", "both"),
                ("mdn", "at-least", "\"sync\"", "test"),
                ("signing", "at-least", "\"sha384\"", "production"),
            ],
        );
        let found = compare(&a, &b);
        let told = |pairs: &[RulePair]| -> Vec<(String, Vec<&str>)> {
            pairs
                .iter()
                .map(|pair| {
                    (pair.a.rule.setting.to_string(), pair.differs.iter().map(|differs| differs.as_str()).collect())
                })
                .collect()
        };
        assert_eq!(
            told(&found.different),
            [("encryption".to_owned(), vec!["op", "value"]), ("signing".to_owned(), vec!["value", "applies_to"]),]
        );
        assert_eq!(told(&found.same), [("compression".to_owned(), vec![])], "order and source make no difference");
        assert_eq!((found.only_a.len(), found.only_b.len()), (1, 1), "production and test are two things");
        let nothing = compare(&a, &a);
        assert_eq!((nothing.same.len(), nothing.different.len(), nothing.only_a.len()), (4, 0, 0));
    }

    #[test]
    fn a_rule_that_both_have_is_not_told_as_a_change_of_its_neighbour() {
        let a =
            policy("a", &[("signing", "never", "[\"sha1\"]", "both"), ("signing", "at-least", "\"sha256\"", "both")]);
        let b = policy("b", &[("signing", "at-least", "\"sha256\"", "both")]);
        let found = compare(&a, &b);
        assert_eq!((found.same.len(), found.only_a.len(), found.different.len()), (1, 1, 0));
        assert_eq!(found.only_a[0].rule.requirement.operator().as_str(), "never");
    }
}
