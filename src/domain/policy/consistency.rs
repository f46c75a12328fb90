//! Whether several rules can be met at once.

use super::rule::Rule;
use super::setting::{Setting, SettingValue, Shape};
use super::{AppliesTo, Severity};
use crate::domain::transmission::Direction;

/// How many earlier rules about a setting one is held against: no partner states as many, and a hostile file is not to
/// keep anybody waiting.
const MOST_TOGETHER: usize = 24;

/// Two required rules, by their place in `rules`, that no value of their setting meets together with whatever else is
/// required of it at the same time: the later one and one that it contradicts, or one rule that nothing meets.
///
/// Whether a rule holds changes only where one begins, so it is enough to look there.
pub(super) fn contradiction(rules: &[&Rule]) -> Option<(usize, usize)> {
    let required = |index: &usize| rules.get(*index).is_some_and(|rule| rule.severity == Severity::Required);
    for later in (0..rules.len()).filter(required) {
        let Some(rule) = rules.get(later) else { continue };
        if !satisfiable(rule.setting, [*rule]) {
            return Some((later, later));
        }
        let earlier = (0..=later).filter(required).filter_map(|index| Some((index, *rules.get(index)?)));
        let touching: Vec<(usize, &Rule)> = earlier
            .filter(|(_, other)| other.setting == rule.setting)
            .filter(|(_, other)| meet(rule.applies_to, other.applies_to) && same_way(rule.direction, other.direction))
            .collect();
        let touching = touching.split_at(touching.len().saturating_sub(MOST_TOGETHER)).1;
        for (_, begins) in touching {
            let at = begins.from.instant().max(rule.from.instant());
            if rule.ended(at) {
                continue;
            }
            let held: Vec<(usize, &Rule)> = touching.iter().filter(|(_, other)| other.in_force(at)).copied().collect();
            if !satisfiable(rule.setting, held.iter().map(|(_, rule)| *rule)) {
                let one = held.iter().find(|(_, other)| !satisfiable(rule.setting, [*other, rule]));
                let any = held.iter().find(|(index, _)| *index != later);
                return Some((one.or(any).map_or(later, |(index, _)| *index), later));
            }
        }
    }
    None
}

const fn meet(one: AppliesTo, other: AppliesTo) -> bool {
    !matches!((one, other), (AppliesTo::Production, AppliesTo::Test) | (AppliesTo::Test, AppliesTo::Production))
}

fn same_way(one: Option<Direction>, other: Option<Direction>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Whether some value meets all of them.
fn satisfiable<'r>(setting: Setting, rules: impl IntoIterator<Item = &'r Rule> + Clone) -> bool {
    let named = || rules.clone().into_iter().flat_map(|rule| rule.requirement.values());
    let candidates: Vec<SettingValue> = match setting.shape() {
        Shape::Ordered(words) | Shape::Words(words) => {
            words.into_iter().map(|word| SettingValue::Word(word.to_owned())).collect()
        }
        Shape::Flag => vec![SettingValue::Flag(false), SettingValue::Flag(true)],
        // Where one changes from met to not met, it does so beside a number that it names.
        Shape::Number => named()
            .filter_map(|value| match value {
                SettingValue::Number(number) => Some(*number),
                SettingValue::Flag(_) | SettingValue::Word(_) => None,
            })
            .flat_map(|number| [number.saturating_sub(1), number, number.saturating_add(1)])
            .map(SettingValue::Number)
            .collect(),
        // Some text is named by none of them, unless one of them names the only ones allowed.
        Shape::Text if rules.clone().into_iter().all(|rule| rule.requirement.refuses()) => return true,
        Shape::Text => named().cloned().collect(),
    };
    candidates.iter().any(|value| rules.clone().into_iter().all(|rule| rule.requirement.met_by(setting, value)))
}
