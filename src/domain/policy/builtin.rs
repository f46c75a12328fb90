//! The policies that come with the program.

use std::sync::LazyLock;

use super::Policy;

/// The text of every policy that comes with the program.
const PACKS: &[&str] = &[
    include_str!("../../../assets/policies/amazon-vendor-central.toml"),
    include_str!("../../../assets/policies/as2-modern.toml"),
    include_str!("../../../assets/policies/as2-modern-strict.toml"),
    include_str!("../../../assets/policies/availablerx.toml"),
    include_str!("../../../assets/policies/aws-transfer-family.toml"),
    include_str!("../../../assets/policies/azure-logic-apps.toml"),
    include_str!("../../../assets/policies/bdew-edi-energy.toml"),
    include_str!("../../../assets/policies/best-buy.toml"),
    include_str!("../../../assets/policies/bsi-tr-02102.toml"),
    include_str!("../../../assets/policies/carrefour.toml"),
    include_str!("../../../assets/policies/chewy.toml"),
    include_str!("../../../assets/policies/cnsa-1.toml"),
    include_str!("../../../assets/policies/cnsa-2.toml"),
    include_str!("../../../assets/policies/costco.toml"),
    include_str!("../../../assets/policies/csos-dea.toml"),
    include_str!("../../../assets/policies/drummond-gdsn.toml"),
    include_str!("../../../assets/policies/dscsa-pharma.toml"),
    include_str!("../../../assets/policies/easee-gas-2017-002.toml"),
    include_str!("../../../assets/policies/fda-esg.toml"),
    include_str!("../../../assets/policies/gs1-ediint-2006.toml"),
    include_str!("../../../assets/policies/home-depot.toml"),
    include_str!("../../../assets/policies/instockrx.toml"),
    include_str!("../../../assets/policies/kroger.toml"),
    include_str!("../../../assets/policies/lowes.toml"),
    include_str!("../../../assets/policies/metro.toml"),
    include_str!("../../../assets/policies/naesb-wgq-3-2.toml"),
    include_str!("../../../assets/policies/nist-800-131a.toml"),
    include_str!("../../../assets/policies/orderful.toml"),
    include_str!("../../../assets/policies/pci-dss-4.toml"),
    include_str!("../../../assets/policies/peppol-as2-historical.toml"),
    include_str!("../../../assets/policies/rfc4130-baseline.toml"),
    include_str!("../../../assets/policies/sog-is.toml"),
    include_str!("../../../assets/policies/sps-commerce.toml"),
    include_str!("../../../assets/policies/stedi.toml"),
    include_str!("../../../assets/policies/target.toml"),
    include_str!("../../../assets/policies/tesco.toml"),
    include_str!("../../../assets/policies/tractor-supply.toml"),
    include_str!("../../../assets/policies/truecommerce.toml"),
    include_str!("../../../assets/policies/walmart-gem.toml"),
    include_str!("../../../assets/policies/wayfair.toml"),
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
    use crate::domain::policy::{PolicyKind, Severity, resolve, validate};

    #[test]
    fn every_policy_that_comes_with_the_program_is_readable_and_gives_its_sources() {
        for text in PACKS {
            let policy = validate(text, builtin()).unwrap_or_else(|error| panic!("{text}\n{error}"));
            for rule in &policy.rules {
                let stated = rule.severity != Severity::Reported;
                assert!(rule.source.contains("://") || !stated, "{}: {}", policy.id, rule.source);
                assert!(rule.quote.len() > 2 && rule.checked.year() >= 2026, "{}: {}", policy.id, rule.setting);
            }
            assert_ne!(policy.kind, PolicyKind::Own, "{}", policy.id);
            assert_eq!(Policy::from_toml(&policy.to_toml().unwrap()).as_ref(), Ok(&policy));
        }
        assert_eq!(builtin().len(), PACKS.len());
        let mut ids: Vec<&PolicyId> = builtin().iter().map(|policy| &policy.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), PACKS.len());
        assert!(ids.contains(&&PolicyId::default()));
    }

    #[test]
    fn a_template_states_no_rules_says_so_and_stands_on_others() {
        let templates: Vec<&Policy> = builtin().iter().filter(|policy| policy.kind == PolicyKind::Template).collect();
        assert!(builtin().len() - templates.len() >= 20, "at least twenty policies have rules of their own");
        for policy in builtin() {
            assert_eq!(policy.rules.is_empty(), policy.kind == PolicyKind::Template, "{}", policy.id);
        }
        for policy in templates {
            assert!(policy.notes.as_ref().is_some_and(|notes| notes.starts_with("No public rules")), "{}", policy.id);
            assert!(!resolve(&policy.id, builtin()).unwrap().rules.is_empty(), "{}", policy.id);
        }
    }

    #[test]
    fn what_is_only_reported_is_never_required_of_anybody() {
        for policy in builtin() {
            for rule in &policy.rules {
                if rule.quote.starts_with("Reported") {
                    assert_eq!(rule.severity, Severity::Reported, "{}: {}", policy.id, rule.quote);
                }
            }
        }
    }
}
