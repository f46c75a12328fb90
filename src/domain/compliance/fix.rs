//! The least change of a setting that meets a rule.

use super::report::Fix;
use crate::domain::policy::{Requirement, Rule, Setting, SettingValue, Severity, Shape};

/// What another rule, or the same, demands of the setting.
pub(super) struct Demand<'a> {
    pub(super) requirement: &'a Requirement,
    pub(super) severity: Severity,
}

/// The least change that meets `rule` and everything else demanded of its setting; where that cannot be had, the
/// least that meets what is required. Nothing where more than one change would do as well (any other value for a
/// `never`, unless other rules say how strong it has to be), or where no key of the connection file by itself is it
/// (certificates, the transport, the address's port).
pub(super) fn mend(rule: &Rule, actual: Option<&SettingValue>, demands: &[Demand<'_>]) -> Option<Fix> {
    let setting = rule.setting;
    if !setting.is_a_key() {
        return None;
    }
    let mut candidates = candidates(rule, actual);
    let leasts = demands.iter().filter_map(|demand| match demand.requirement {
        Requirement::AtLeast(least) | Requirement::Range(least, _) => Some(least),
        Requirement::OneOf(_) | Requirement::Never(_) => None,
    });
    match (setting.shape(), &rule.requirement) {
        // A number has no list of stronger ones to go up: what the other rules name are the ones to try.
        (Shape::Number, _) => candidates.extend(leasts.cloned()),
        // What is not refused may be as weak; what another rule names as the least is not.
        (Shape::Ordered(_), Requirement::Never(_)) => {
            candidates.extend(leasts.flat_map(|least| upwards(setting, least, actual)));
        }
        _ => {}
    }
    let fits = |value: &SettingValue, all: bool| {
        rule.requirement.met_by(setting, value)
            && demands
                .iter()
                .filter(|demand| all || demand.severity == Severity::Required)
                .all(|demand| demand.requirement.met_by(setting, value))
    };
    let value = candidates
        .iter()
        .find(|value| fits(value, true))
        .or_else(|| candidates.iter().find(|value| fits(value, false)))?
        .clone();
    Some(Fix { setting: setting.as_str(), value })
}

/// What could be put there, the least change first.
fn candidates(rule: &Rule, actual: Option<&SettingValue>) -> Vec<SettingValue> {
    let setting = rule.setting;
    match &rule.requirement {
        Requirement::AtLeast(least) => upwards(setting, least, actual),
        Requirement::OneOf(allowed) => nearest(setting, allowed, actual),
        Requirement::Range(low, high) => {
            if actual.is_some_and(|actual| setting.at_least(actual, high)) {
                let mut down = upwards(setting, low, actual);
                down.reverse();
                down.insert(0, high.clone());
                down
            } else {
                upwards(setting, low, actual)
            }
        }
        Requirement::Never(_) => match actual {
            Some(SettingValue::Flag(flag)) => vec![SettingValue::Flag(!flag)],
            _ => Vec::new(),
        },
    }
}

/// Those that are allowed, as strong as what is in use or stronger before what is weaker, the nearest first: a fix never
/// switches off what something else would fulfil as well.
fn nearest(setting: Setting, allowed: &[SettingValue], actual: Option<&SettingValue>) -> Vec<SettingValue> {
    let mut found = allowed.to_vec();
    let strength = |value: &SettingValue| setting.strength(&value.to_string());
    if let (Shape::Ordered(_), Some(now)) = (setting.shape(), actual.and_then(strength)) {
        found.sort_by_key(|value| strength(value).map(|strength| (strength < now, strength.abs_diff(now))));
    }
    found
}

/// `least` and everything stronger, the weakest first; of equals, those in the mode in use first (GCM for one who
/// has GCM, asynchronous for one whose receipts are), then `least` itself.
fn upwards(setting: Setting, least: &SettingValue, actual: Option<&SettingValue>) -> Vec<SettingValue> {
    let Shape::Ordered(words) = setting.shape() else {
        return vec![least.clone()];
    };
    let mode = |value: &SettingValue| match (setting, value) {
        (Setting::Encryption, SettingValue::Word(word)) => word.ends_with("-gcm"),
        (Setting::Mdn, SettingValue::Word(word)) => word.starts_with("async"),
        _ => false,
    };
    let in_use = actual.is_some_and(mode);
    let mut found: Vec<SettingValue> = words
        .into_iter()
        .map(|word| SettingValue::Word(word.to_owned()))
        .filter(|value| setting.at_least(value, least))
        .collect();
    found.sort_by_key(|value| {
        let strength = setting.strength(&value.to_string());
        (strength, mode(value) != in_use, value != least)
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_offered_the_nearest_first_and_what_is_weaker_last() {
        let word = |word: &str| SettingValue::Word(word.to_owned());
        let allowed = ["none", "3des-cbc", "aes128-cbc", "aes256-cbc"].map(word);
        let offered = |now: &str| nearest(Setting::Encryption, &allowed, Some(&word(now)));
        assert_eq!(offered("aes128-gcm")[0], word("aes128-cbc"));
        assert_eq!(offered("aes192-cbc"), ["aes256-cbc", "aes128-cbc", "3des-cbc", "none"].map(word));
        assert_eq!(nearest(Setting::Encryption, &allowed, None), allowed);
    }
}
