//! The policies that come with the program.

use std::sync::LazyLock;

use super::Policy;

/// The text of every policy that comes with the program.
const PACKS: &[&str] = &[
    include_str!("../../../assets/policies/amazon-vendor-central.toml"),
    include_str!("../../../assets/policies/as2-modern.toml"),
];

/// The policies that come with the program.
#[must_use]
pub fn builtin() -> &'static [Policy] {
    // That every pack is readable is held by a test, so none is ever left out.
    static READ: LazyLock<Vec<Policy>> =
        LazyLock::new(|| PACKS.iter().filter_map(|text| Policy::from_toml(text).ok()).collect());
    &READ
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifier::PolicyId;
    use crate::domain::policy::resolve;

    #[test]
    fn every_policy_that_comes_with_the_program_is_readable_and_gives_its_sources() {
        for text in PACKS {
            let policy = Policy::from_toml(text).unwrap();
            assert!(!policy.rules.is_empty(), "{}", policy.id);
            for rule in &policy.rules {
                assert!(rule.source.starts_with("https://"), "{}: {}", policy.id, rule.source);
                assert!(!rule.quote.is_empty() && rule.checked.year() >= 2026, "{}", policy.id);
            }
            resolve(&policy.id, builtin()).unwrap();
            assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()).as_ref(), Ok(&policy));
        }
        assert_eq!(builtin().len(), PACKS.len());
        let mut ids: Vec<&PolicyId> = builtin().iter().map(|policy| &policy.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), PACKS.len());
        assert!(ids.contains(&&PolicyId::default()));
    }
}
