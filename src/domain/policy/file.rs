//! Reading a policy file, with the line of whatever is wrong in it.

mod table;

use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use self::table::{Entry, Fault, Faults, Table, bounded_text, date, kind_of, line_of, rule_date};
use super::Policy;
use super::consistency::contradiction;
use super::inherit::resolve;
use super::rule::{Operator, Requirement, Rule};
use super::setting::{Setting, SettingValue, Shape};
use crate::domain::identifier::PolicyId;
use crate::domain::transmission::Direction;

/// The largest policy file that is read, in bytes.
pub const MOST_BYTES: usize = 1 << 20;
/// The most rules that a policy may have.
pub const MOST_RULES: usize = 1_000;
/// The most values that one rule may list.
const MOST_VALUES: usize = 200;

const POLICY_KEYS: &[&str] = &["id", "name", "kind", "inherits", "drops", "portal", "notes", "updated", "rules"];
const RULE_KEYS: &[&str] =
    &["setting", "op", "value", "applies_to", "direction", "severity", "from", "until", "source", "quote", "checked"];

/// What is wrong with a policy file, and where. The fault is the file's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct PolicyFileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl Policy {
    /// Reads a policy file (TOML).
    ///
    /// # Errors
    /// Where the file is no TOML or larger than 1 MiB, has an unknown key, setting, operator or word, a value that is
    /// not of its setting, an impossible date, a rule twice, required rules that no value meets, or more than 1,000
    /// rules; with the line.
    pub fn from_toml(text: &str) -> Result<Self, PolicyFileError> {
        if text.len() > MOST_BYTES {
            return Err(PolicyFileError {
                line: 1,
                reason: format!("the file has {} bytes, at most {MOST_BYTES} are read", text.len()),
            });
        }
        read(text).map_err(|faults| match faults.into_iter().next() {
            Some(fault) => fault.placed(text),
            None => PolicyFileError { line: 1, reason: "it cannot be read".to_owned() },
        })
    }
}

/// Everything that is wrong with a policy file, by line: what [`validate`] refuses, and what it would refuse once that is
/// put right.
#[must_use]
pub fn faults(text: &str, others: &[Policy]) -> Vec<PolicyFileError> {
    let in_itself = if text.len() > MOST_BYTES { Vec::new() } else { read(text).err().unwrap_or_default() };
    let mut found: Vec<PolicyFileError> = in_itself.into_iter().map(|fault| fault.placed(text)).collect();
    if found.is_empty() {
        found.extend(validate(text, others).err());
    }
    found.sort_by_key(|fault| fault.line);
    found.dedup();
    found
}

/// Reads a policy file and puts it together with what it inherits of `others`, among which one of its own id does not
/// count.
///
/// # Errors
/// As [`Policy::from_toml`]; and where what it inherits is not there, inherits itself, is too many policies, or demands
/// what its own rules forbid, with the line that names it.
pub fn validate(text: &str, others: &[Policy]) -> Result<Policy, PolicyFileError> {
    let policy = Policy::from_toml(text)?;
    let mut all = vec![policy.clone()];
    all.extend(others.iter().filter(|other| other.id != policy.id).cloned());
    let at_inherits = |reason: String| {
        let document = DeTable::parse(text).ok();
        let key = document
            .as_ref()
            .and_then(|table| table.get_ref().keys().find(|key| key.get_ref() == "inherits").map(Spanned::span));
        Fault::new(&key.unwrap_or(0..0), reason).placed(text)
    };
    let resolved = resolve(&policy.id, &all).map_err(|error| at_inherits(error.to_string()))?;
    let rules: Vec<&Rule> = resolved.rules.iter().map(|rule| &rule.rule).collect();
    if let Some((one, other)) = contradiction(&rules) {
        let stated = |index: usize| resolved.rules.get(index).map_or("", |rule| rule.stated_by.as_str());
        return Err(at_inherits(format!(
            "no value of `{}` meets both what `{}` and what `{}` requires; `drops` lets an inherited rule fall away",
            rules.get(other).map_or("", |rule| rule.setting.as_str()),
            stated(one),
            stated(other)
        )));
    }
    Ok(policy)
}

fn read(text: &str) -> Result<Policy, Vec<Fault>> {
    let document = DeTable::parse(text).map_err(|error| {
        vec![Fault { at: error.span().map_or(text.len(), |span| span.start), reason: error.message().to_owned() }]
    })?;
    let table = Table { span: 0..0, what: "the policy", entries: document.get_ref() };
    if table.entries.is_empty() {
        return Err(vec![Fault::new(
            &(0..0),
            "there is nothing in the file; a policy has at least `id`, `name` and `kind`",
        )]);
    }
    let mut faults = Faults::default();
    faults.0.extend(table.unknown(POLICY_KEYS));
    let id: Option<PolicyId> = faults.take(table.parsed("id"));
    let rules = table.get("rules").map(|entry| read_rules(text, entry, &mut faults)).unwrap_or_default();
    let inherits: Option<Option<PolicyId>> =
        faults.take(table.optional("inherits", |entry| table.word(entry, "inherits")));
    if id.is_some() && inherits.as_ref() == Some(&id) {
        faults.0.push(table.fault("inherits", "the policy inherits itself"));
    }
    let drops = faults.take(table.optional("drops", read_drops)).flatten().unwrap_or_default();
    if inherits == Some(None) && !drops.is_empty() {
        faults.0.push(table.fault("drops", "the policy drops rules but inherits none"));
    }
    let name = faults.take(table.text("name", 200));
    let kind = faults.take(table.parsed("kind"));
    let notes = faults.take(table.optional("notes", |entry| bounded_text(entry, "notes", 4_000)));
    let portal = faults.take(table.optional("portal", |entry| bounded_text(entry, "portal", 500)));
    let stated_update = faults.take(table.optional("updated", |entry| date(entry, "updated")));
    match (id, name, kind) {
        (Some(id), Some(name), Some(kind)) if faults.0.is_empty() => Ok(Policy {
            id,
            name,
            kind,
            inherits: inherits.flatten(),
            drops,
            notes: notes.flatten(),
            portal: portal.flatten(),
            stated_update: stated_update.flatten(),
            rules,
            fault: None,
        }),
        _ => Err(faults.0),
    }
}

fn read_rules(text: &str, entry: Entry<'_, '_>, faults: &mut Faults) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut places: Vec<Range<usize>> = Vec::new();
    let written = || Fault::new(&entry.span(), "`rules` are written as [[rules]]");
    let Some(list) = faults.take(entry.get_ref().as_array().ok_or_else(written)) else { return rules };
    for (number, item) in list.iter().enumerate() {
        if number == MOST_RULES {
            faults.0.push(Fault::new(&item.span(), format!("there are more than {MOST_RULES} rules")));
            break;
        }
        let no_table = || Fault::new(&item.span(), "a rule is a table, written under [[rules]]");
        let Some(entries) = faults.take(item.get_ref().as_table().ok_or_else(no_table)) else { continue };
        let Some(rule) = read_rule(&Table { span: item.span(), what: "the rule", entries }, faults) else { continue };
        if let Some(known) = rules.iter().position(|known| known.duplicates(&rule)) {
            faults.0.push(Fault::new(
                &item.span(),
                format!(
                    "there is another rule for `{}` {} from {}, on line {}",
                    rule.setting,
                    rule.requirement.operator(),
                    rule.from,
                    places.get(known).map_or(1, |place| line_of(text, place.start))
                ),
            ));
            continue;
        }
        rules.push(rule);
        places.push(item.span());
    }
    if let Some((one, other)) = contradiction(&rules.iter().collect::<Vec<_>>()) {
        let span = places.get(other).cloned().unwrap_or(0..0);
        let setting = rules.get(other).map_or("", |rule| rule.setting.as_str());
        let reason = if one == other {
            format!("no value of `{setting}` meets this rule")
        } else {
            let line = places.get(one).map_or(1, |place| line_of(text, place.start));
            format!("no value of `{setting}` meets this rule and the one on line {line}, and both are required")
        };
        faults.0.push(Fault::new(&span, reason));
    }
    rules
}

fn read_drops(entry: Entry<'_, '_>) -> Result<Vec<Setting>, Fault> {
    let list = entry
        .get_ref()
        .as_array()
        .ok_or_else(|| Fault::new(&entry.span(), "`drops` is a list of settings, such as [\"mdn\", \"tls\"]"))?;
    let mut settings: Vec<Setting> = Vec::new();
    for item in list.iter() {
        let word =
            item.get_ref().as_str().ok_or_else(|| Fault::new(&item.span(), "`drops` lists settings in quotes"))?;
        let setting: Setting = word.parse().map_err(|error| Fault::new(&item.span(), format!("`drops`: {error}")))?;
        if settings.contains(&setting) {
            return Err(Fault::new(&item.span(), format!("`drops` names `{setting}` twice")));
        }
        settings.push(setting);
    }
    Ok(settings)
}

/// A rule, where nothing is wrong with it.
fn read_rule(table: &Table<'_, '_>, faults: &mut Faults) -> Option<Rule> {
    let before = faults.0.len();
    faults.0.extend(table.unknown(RULE_KEYS));
    let setting: Option<Setting> = faults.take(table.parsed("setting"));
    let operator: Option<Operator> = faults.take(table.parsed("op"));
    let value = faults.take(table.required("value"));
    let requirement = match (setting, operator, value) {
        (Some(setting), Some(operator), Some(value)) => {
            faults.take(requirement(setting, operator, value, &table.key_span("op")))
        }
        _ => None,
    };
    let direction: Option<Direction> =
        faults.take(table.optional("direction", |entry| table.word(entry, "direction"))).flatten();
    if let Some(inbound @ (Setting::Require | Setting::RequireStrength)) = setting
        && direction == Some(Direction::Outbound)
    {
        let reason = format!("`{inbound}` is about what is received, so it has no direction outbound");
        faults.0.push(table.fault("direction", reason));
    }
    let from = faults.take(table.required("from").and_then(|entry| rule_date(entry, "from")));
    let until = faults.take(table.optional("until", |entry| rule_date(entry, "until"))).flatten();
    if let (Some(from), Some(until)) = (from, until)
        && until.instant() <= from.instant()
    {
        faults.0.push(table.fault("until", format!("`until` {until} is not after `from` {from}")));
    }
    let applies_to = faults.take(table.parsed("applies_to"));
    let severity = faults.take(table.parsed("severity"));
    let source = faults.take(table.text("source", 2_000));
    let quote = faults.take(table.text("quote", 4_000));
    let checked = faults.take(table.required("checked").and_then(|entry| date(entry, "checked")));
    if faults.0.len() > before {
        return None;
    }
    Some(Rule {
        setting: setting?,
        requirement: requirement?,
        applies_to: applies_to?,
        direction,
        severity: severity?,
        from: from?,
        until,
        source: source?,
        quote: quote?,
        checked: checked?,
    })
}

fn requirement(
    setting: Setting,
    operator: Operator,
    entry: Entry<'_, '_>,
    operator_span: &Range<usize>,
) -> Result<Requirement, Fault> {
    let shape = setting.shape();
    if matches!(operator, Operator::AtLeast | Operator::Range) && !matches!(shape, Shape::Ordered(_) | Shape::Number) {
        return Err(Fault::new(
            operator_span,
            format!("`{operator}` does not fit `{setting}`, whose values have no order; use one-of or never"),
        ));
    }
    let one = |entry: Entry<'_, '_>| setting_value(setting, &shape, entry);
    let several = || -> Result<Vec<SettingValue>, Fault> {
        let Some(list) = entry.get_ref().as_array() else {
            return Ok(vec![one(entry)?]);
        };
        if list.is_empty() || list.len() > MOST_VALUES {
            return Err(Fault::new(&entry.span(), format!("`value` must list 1 to {MOST_VALUES} values")));
        }
        let values: Vec<SettingValue> = list.iter().map(one).collect::<Result<_, _>>()?;
        for (index, (value, item)) in values.iter().zip(list.iter()).enumerate() {
            if operator != Operator::Range && values.iter().take(index).any(|seen| seen == value) {
                return Err(Fault::new(&item.span(), format!("`{value}` is listed twice")));
            }
        }
        Ok(values)
    };
    match operator {
        Operator::AtLeast if entry.get_ref().is_array() => {
            Err(Fault::new(&entry.span(), "`at-least` takes one value, not a list"))
        }
        Operator::AtLeast => Ok(Requirement::AtLeast(one(entry)?)),
        Operator::OneOf => Ok(Requirement::OneOf(several()?)),
        Operator::Never => Ok(Requirement::Never(several()?)),
        Operator::Range => {
            let values = several()?;
            let [low, high] = <[SettingValue; 2]>::try_from(values)
                .map_err(|_other| Fault::new(&entry.span(), "`range` takes two values, [lowest, highest]"))?;
            if !setting.at_least(&high, &low) {
                return Err(Fault::new(
                    &entry.span(),
                    format!("the range's first value {low} is above its second {high}"),
                ));
            }
            Ok(Requirement::Range(low, high))
        }
    }
}

fn setting_value(setting: Setting, shape: &Shape, entry: Entry<'_, '_>) -> Result<SettingValue, Fault> {
    let wrong = |wanted: &str| {
        Fault::new(&entry.span(), format!("the value of `{setting}` must be {wanted}; here it is {}", kind_of(entry)))
    };
    match shape {
        Shape::Ordered(words) | Shape::Words(words) => {
            let word = entry.get_ref().as_str().ok_or_else(|| wrong("a word in quotes"))?;
            if !words.contains(&word) {
                let given: String = word.chars().take(60).collect();
                return Err(Fault::new(
                    &entry.span(),
                    format!("`{given}` is no value of `{setting}`, which takes {}", words.join(", ")),
                ));
            }
            Ok(SettingValue::Word(word.to_owned()))
        }
        Shape::Number => {
            let number = entry.get_ref().as_integer().ok_or_else(|| wrong("a whole number"))?;
            u32::from_str_radix(number.as_str(), number.radix())
                .map(SettingValue::Number)
                .map_err(|_out_of_range| Fault::new(&entry.span(), format!("{number} is not from 0 to {}", u32::MAX)))
        }
        Shape::Flag => entry.get_ref().as_bool().map(SettingValue::Flag).ok_or_else(|| wrong("true or false")),
        Shape::Text => bounded_text(entry, "value", 2_048).map(SettingValue::Word),
    }
}

#[cfg(test)]
mod tests;
