//! Reading a policy file, with the line of whatever is wrong in it.

use std::ops::Range;
use std::str::FromStr;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Policy;
use super::consistency::contradiction;
use super::inherit::resolve;
use super::rule::{Operator, Requirement, Rule, RuleDate};
use super::setting::{Setting, SettingValue, Shape};
use crate::domain::identifier::PolicyId;
use crate::domain::instant;
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

/// An error before its place in the file has been counted out.
struct Fault {
    at: usize,
    reason: String,
}

impl Fault {
    fn new(span: &Range<usize>, reason: impl Into<String>) -> Self {
        Self { at: span.start, reason: reason.into() }
    }

    fn placed(self, text: &str) -> PolicyFileError {
        PolicyFileError { line: line_of(text, self.at), reason: self.reason }
    }
}

type Entry<'t, 'i> = &'t Spanned<DeValue<'i>>;

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
        read(text).map_err(|fault| fault.placed(text))
    }
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

/// The line of a byte, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn read(text: &str) -> Result<Policy, Fault> {
    let document = DeTable::parse(text).map_err(|error| Fault {
        at: error.span().map_or(text.len(), |span| span.start),
        reason: error.message().to_owned(),
    })?;
    let table = Table { span: 0..0, what: "the policy", entries: document.get_ref() };
    table.only(POLICY_KEYS)?;
    let id: PolicyId = table.parsed("id")?;
    let mut rules: Vec<Rule> = Vec::new();
    let mut places: Vec<Range<usize>> = Vec::new();
    if let Some(entry) = table.get("rules") {
        let list =
            entry.get_ref().as_array().ok_or_else(|| Fault::new(&entry.span(), "`rules` are written as [[rules]]"))?;
        for item in list.iter() {
            if rules.len() == MOST_RULES {
                return Err(Fault::new(&item.span(), format!("there are more than {MOST_RULES} rules")));
            }
            let entries = item
                .get_ref()
                .as_table()
                .ok_or_else(|| Fault::new(&item.span(), "a rule is a table, written under [[rules]]"))?;
            let rule = read_rule(&Table { span: item.span(), what: "the rule", entries })?;
            if let Some(known) = rules.iter().position(|known| known.duplicates(&rule)) {
                return Err(Fault::new(
                    &item.span(),
                    format!(
                        "there is another rule for `{}` {} from {}, on line {}",
                        rule.setting,
                        rule.requirement.operator(),
                        rule.from,
                        places.get(known).map_or(1, |place| line_of(text, place.start))
                    ),
                ));
            }
            rules.push(rule);
            places.push(item.span());
        }
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
        return Err(Fault::new(&span, reason));
    }
    let inherits: Option<PolicyId> = table.optional("inherits", |entry| table.word(entry, "inherits"))?;
    if inherits.as_ref() == Some(&id) {
        return Err(table.fault("inherits", "the policy inherits itself"));
    }
    let drops = table.optional("drops", read_drops)?.unwrap_or_default();
    if inherits.is_none() && !drops.is_empty() {
        return Err(table.fault("drops", "the policy drops rules but inherits none"));
    }
    Ok(Policy {
        id,
        name: table.text("name", 200)?,
        kind: table.parsed("kind")?,
        inherits,
        drops,
        notes: table.optional("notes", |entry| bounded_text(entry, "notes", 4_000))?,
        portal: table.optional("portal", |entry| bounded_text(entry, "portal", 500))?,
        stated_update: table.optional("updated", |entry| date(entry, "updated"))?,
        rules,
        fault: None,
    })
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

fn read_rule(table: &Table<'_, '_>) -> Result<Rule, Fault> {
    table.only(RULE_KEYS)?;
    let setting: Setting = table.parsed("setting")?;
    let operator: Operator = table.parsed("op")?;
    let requirement = requirement(setting, operator, table.required("value")?, &table.key_span("op"))?;
    let direction: Option<Direction> = table.optional("direction", |entry| table.word(entry, "direction"))?;
    if setting == Setting::Require && direction == Some(Direction::Outbound) {
        return Err(table.fault("direction", "`require` is about what is received, so it has no direction outbound"));
    }
    let from = rule_date(table.required("from")?, "from")?;
    let until = table.optional("until", |entry| rule_date(entry, "until"))?;
    if let Some(until) = until.filter(|until| until.instant() <= from.instant()) {
        return Err(table.fault("until", format!("`until` {until} is not after `from` {from}")));
    }
    Ok(Rule {
        setting,
        requirement,
        applies_to: table.parsed("applies_to")?,
        direction,
        severity: table.parsed("severity")?,
        from,
        until,
        source: table.text("source", 2_000)?,
        quote: table.text("quote", 4_000)?,
        checked: date(table.required("checked")?, "checked")?,
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

/// What stands in a file, in plain words.
const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text in quotes",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false without quotes",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn kind_of(entry: Entry<'_, '_>) -> &'static str {
    kind(entry.get_ref())
}

/// A text of 1 to `most` characters without control characters other than line ends, which become spaces.
fn bounded_text(entry: Entry<'_, '_>, key: &str, most: usize) -> Result<String, Fault> {
    let text = entry.get_ref().as_str().ok_or_else(|| {
        Fault::new(&entry.span(), format!("`{key}` must be a text in quotes; here it is {}", kind_of(entry)))
    })?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = lines.join(" ");
    let length = text.chars().count();
    if length == 0 || length > most {
        return Err(Fault::new(&entry.span(), format!("`{key}` must have 1 to {most} characters, this has {length}")));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new(&entry.span(), format!("`{key}` holds a control character")));
    }
    Ok(text)
}

/// A date as TOML's own type or in quotes.
fn written_date(entry: Entry<'_, '_>, key: &str) -> Result<String, Fault> {
    match entry.get_ref() {
        DeValue::Datetime(written) => Ok(written.to_string()),
        DeValue::String(text) => Ok(text.trim().to_owned()),
        other => {
            let found = kind(other);
            Err(Fault::new(&entry.span(), format!("`{key}` must be a date such as 2026-11-28; here it is {found}")))
        }
    }
}

fn date(entry: Entry<'_, '_>, key: &str) -> Result<Date, Fault> {
    let text = written_date(entry, key)?;
    strict_date(&text)
        .ok_or_else(|| Fault::new(&entry.span(), format!("`{key}` is a date such as 2026-11-28, not `{}`", cut(&text))))
}

/// Ten characters and no more: the date type would read the first ten of an instant too.
fn strict_date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|_date: &Date| text.len() == 10)
}

fn rule_date(entry: Entry<'_, '_>, key: &str) -> Result<RuleDate, Fault> {
    let text = written_date(entry, key)?;
    if let Some(date) = strict_date(&text) {
        return Ok(RuleDate::Day(date));
    }
    instant::parse(&text)
        .map(|stated| RuleDate::Instant(stated.at))
        .map_err(|error| Fault::new(&entry.span(), format!("`{key}`: {error}")))
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A table of the file and what it is, for messages.
struct Table<'t, 'i> {
    span: Range<usize>,
    what: &'static str,
    entries: &'t DeTable<'i>,
}

impl<'t, 'i> Table<'t, 'i> {
    fn only(&self, known: &[&str]) -> Result<(), Fault> {
        // The first in the file, not the first in the alphabet.
        match self
            .entries
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start)
        {
            Some(key) => Err(Fault::new(
                &key.span(),
                format!("unknown key `{}` in {}, which takes {}", cut(key.get_ref()), self.what, known.join(", ")),
            )),
            None => Ok(()),
        }
    }

    fn get(&self, key: &str) -> Option<Entry<'t, 'i>> {
        self.entries.iter().find(|(name, _)| name.get_ref() == key).map(|(_, entry)| entry)
    }

    fn key_span(&self, key: &str) -> Range<usize> {
        self.entries.keys().find(|name| name.get_ref() == key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    fn fault(&self, key: &str, reason: impl Into<String>) -> Fault {
        Fault::new(&self.key_span(key), reason)
    }

    fn required(&self, key: &str) -> Result<Entry<'t, 'i>, Fault> {
        self.get(key).ok_or_else(|| Fault::new(&self.span, format!("`{key}` is missing in {}", self.what)))
    }

    fn optional<T>(&self, key: &str, read: impl FnOnce(Entry<'t, 'i>) -> Result<T, Fault>) -> Result<Option<T>, Fault> {
        self.get(key).map(read).transpose()
    }

    fn word<T: FromStr<Err: std::fmt::Display>>(&self, entry: Entry<'_, '_>, key: &str) -> Result<T, Fault> {
        let text = entry.get_ref().as_str().ok_or_else(|| {
            Fault::new(&entry.span(), format!("`{key}` must be a word in quotes; here it is {}", kind_of(entry)))
        })?;
        text.parse().map_err(|error| Fault::new(&entry.span(), format!("`{key}`: {error}")))
    }

    fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, key: &str) -> Result<T, Fault> {
        self.word(self.required(key)?, key)
    }

    fn text(&self, key: &str, most: usize) -> Result<String, Fault> {
        bounded_text(self.required(key)?, key, most)
    }
}

#[cfg(test)]
mod tests;
