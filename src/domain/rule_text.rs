//! A rule as a form holds it: everything as text, read by the reader of policy files, so that a form accepts what a file may
//! say and refuses it with the same words, each at its field.

use super::policy::{AppliesTo, Operator, Policy, Requirement, Rule, Setting, SettingValue, Severity, Shape};
use super::transmission::Direction;

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleField {
    /// How it compares.
    Op,
    /// With what.
    Value,
    /// The direction of messages.
    Direction,
    /// Its beginning.
    From,
    /// Its end.
    Until,
    /// Who says so.
    Source,
    /// What was said.
    Quote,
    /// When the source was last looked at.
    Checked,
}

/// What is wrong with a field, in the words of the reader of files.
pub type FieldFault = (RuleField, String);

/// A rule that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// What it is about.
    pub setting: Setting,
    /// How it compares.
    pub op: Operator,
    /// The values, as a policy file spells them: one, two for a range, or several.
    pub values: Vec<String>,
    /// The profiles that it applies to.
    pub applies_to: AppliesTo,
    /// The direction of messages; both where absent.
    pub direction: Option<Direction>,
    /// How much it weighs.
    pub severity: Severity,
    /// A day, or an instant with its offset.
    pub from: String,
    /// The same; empty for no end.
    pub until: String,
    /// Address or document.
    pub source: String,
    /// What was said.
    pub quote: String,
    /// A day.
    pub checked: String,
}

/// The lines of the one-rule policy that is put before the reader: the field on each, from the first.
const LINES: [Option<RuleField>; 15] = [
    None,
    None,
    None,
    None,
    None,
    Some(RuleField::Op),
    Some(RuleField::Value),
    None,
    None,
    Some(RuleField::Direction),
    Some(RuleField::From),
    Some(RuleField::Until),
    Some(RuleField::Source),
    Some(RuleField::Quote),
    Some(RuleField::Checked),
];

/// The operators that fit the values of a setting.
#[must_use]
pub fn operators(setting: Setting) -> &'static [Operator] {
    match setting.shape() {
        Shape::Ordered(_) | Shape::Number => Operator::ALL,
        Shape::Words(_) | Shape::Flag | Shape::Text => &[Operator::OneOf, Operator::Never],
    }
}

impl RuleText {
    /// A rule about a setting, with its strongest demand left open.
    #[must_use]
    pub fn new(setting: Setting, today: &str) -> Self {
        let op = operators(setting).first().copied().unwrap_or(Operator::OneOf);
        Self {
            setting,
            op,
            values: first_values(setting, op),
            applies_to: AppliesTo::Both,
            direction: None,
            severity: Severity::Required,
            from: today.to_owned(),
            until: String::new(),
            source: String::new(),
            quote: String::new(),
            checked: today.to_owned(),
        }
    }

    /// A rule as it stands.
    #[must_use]
    pub fn of(rule: &Rule) -> Self {
        let values: Vec<&SettingValue> = match &rule.requirement {
            Requirement::AtLeast(least) => vec![least],
            Requirement::Range(low, high) => vec![low, high],
            Requirement::OneOf(values) | Requirement::Never(values) => values.iter().collect(),
        };
        Self {
            setting: rule.setting,
            op: rule.requirement.operator(),
            values: values.into_iter().map(ToString::to_string).collect(),
            applies_to: rule.applies_to,
            direction: rule.direction,
            severity: rule.severity,
            from: rule.from.to_string(),
            until: rule.until.map(|until| until.to_string()).unwrap_or_default(),
            source: rule.source.clone(),
            quote: rule.quote.clone(),
            checked: rule.checked.to_string(),
        }
    }

    /// Makes it a rule about another setting: what does not fit any more begins anew.
    pub fn about(&mut self, setting: Setting) {
        let alike = self.setting.shape() == setting.shape();
        self.setting = setting;
        if !operators(setting).contains(&self.op) || !alike {
            self.op = operators(setting).first().copied().unwrap_or(Operator::OneOf);
            self.values = first_values(setting, self.op);
        }
    }

    /// Lets it compare otherwise, with the same values as far as they fit.
    pub fn compare(&mut self, op: Operator) {
        self.op = op;
        let first = first_values(self.setting, op);
        let keep = match op {
            Operator::AtLeast => 1,
            Operator::Range => 2,
            Operator::OneOf | Operator::Never => usize::MAX,
        };
        self.values.truncate(keep);
        for value in first.into_iter().skip(self.values.len()) {
            self.values.push(value);
        }
    }

    /// The rule.
    ///
    /// # Errors
    /// What is wrong, at its fields.
    pub fn read(&self) -> Result<Rule, Vec<FieldFault>> {
        let mut faults: Vec<FieldFault> = Vec::new();
        // The reader names the first fault; it is mended by something that is right, to see whether there are more.
        while faults.len() < LINES.len() {
            let error = match Policy::from_toml(&self.file(&faults)) {
                Ok(mut policy) if faults.is_empty() => {
                    return policy.rules.pop().ok_or_else(|| vec![(RuleField::Value, "no rule".to_owned())]);
                }
                Ok(_) => break,
                Err(error) => error,
            };
            let at = LINES.get(error.line.saturating_sub(1)).copied().flatten().unwrap_or(RuleField::Value);
            if faults.iter().any(|(known, _)| *known == at) {
                break;
            }
            faults.push((at, error.reason));
        }
        faults.sort_by_key(|(field, _)| *field);
        Err(faults)
    }

    /// A policy file of this one rule, a line for each field; those that are at fault replaced by what is right.
    fn file(&self, faults: &[FieldFault]) -> String {
        let fine = |field| !faults.iter().any(|(known, _)| *known == field);
        let or = |field, text: String, right: &str| if fine(field) { text } else { right.to_owned() };
        let op_is_right = fine(RuleField::Op) && fine(RuleField::Value);
        let (op, value) = if op_is_right {
            (self.op.as_str(), self.value())
        } else {
            ("never", format!("[{}]", quoted(self.setting, &any_value(self.setting))))
        };
        let direction = self.direction.filter(|_| fine(RuleField::Direction));
        let mut file = String::from("id = \"a\"\nname = \"a\"\nkind = \"own\"\n[[rules]]\n");
        let until =
            if self.until.trim().is_empty() || !fine(RuleField::Until) { String::new() } else { text(&self.until) };
        let lines = [
            ("setting", format!("\"{}\"", self.setting)),
            ("op", format!("\"{op}\"")),
            ("value", value),
            ("applies_to", format!("\"{}\"", self.applies_to)),
            ("severity", format!("\"{}\"", self.severity)),
            ("direction", direction.map_or_else(String::new, |direction| format!("\"{direction}\""))),
            ("from", or(RuleField::From, text(&self.from), "0001-01-01")),
            ("until", until),
            ("source", or(RuleField::Source, text(&self.source), "\"a\"")),
            ("quote", or(RuleField::Quote, text(&self.quote), "\"a\"")),
            ("checked", or(RuleField::Checked, text(&self.checked), "2026-01-01")),
        ];
        for (key, value) in lines {
            // A key without a value keeps its line.
            file.push_str(&if value.is_empty() { "#\n".to_owned() } else { format!("{key} = {value}\n") });
        }
        file
    }

    fn value(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|value| quoted(self.setting, value)).collect();
        match self.op {
            Operator::AtLeast => values.into_iter().next().unwrap_or_else(|| "\"\"".to_owned()),
            _ => format!("[{}]", values.join(", ")),
        }
    }
}

/// A value as a file writes it.
fn quoted(setting: Setting, value: &str) -> String {
    let value = value.trim();
    match setting.shape() {
        Shape::Number if value.parse::<i64>().is_ok() => value.to_owned(),
        Shape::Flag if value.parse::<bool>().is_ok() => value.to_owned(),
        _ => text(value),
    }
}

/// A text as a file writes it, on one line.
fn text(text: &str) -> String {
    let mut written = String::from("\"");
    for character in text.trim().chars() {
        match character {
            '"' | '\\' => {
                written.push('\\');
                written.push(character);
            }
            '\n' | '\r' | '\t' => written.push(' '),
            // The reader refuses them; how they are written makes no difference.
            character if character.is_control() => written.push_str("\\u0001"),
            character => written.push(character),
        }
    }
    written.push('"');
    written
}

fn any_value(setting: Setting) -> String {
    match setting.shape() {
        Shape::Ordered(words) | Shape::Words(words) => {
            words.first().map_or_else(String::new, |word| (*word).to_owned())
        }
        Shape::Number => "0".to_owned(),
        Shape::Flag => "true".to_owned(),
        Shape::Text => "a".to_owned(),
    }
}

/// What stands there before anything was chosen.
fn first_values(setting: Setting, op: Operator) -> Vec<String> {
    match (setting.shape(), op) {
        (Shape::Ordered(words), Operator::AtLeast) => {
            // The weakest that is not nothing.
            words.iter().find(|word| **word != "none").map(|word| (*word).to_owned()).into_iter().collect()
        }
        (Shape::Ordered(words), Operator::Range) => {
            [words.first(), words.last()].into_iter().flatten().map(|word| (*word).to_owned()).collect()
        }
        (Shape::Number, Operator::Range) => vec![String::new(), String::new()],
        (Shape::Number, Operator::AtLeast) | (Shape::Text, _) => vec![String::new()],
        (Shape::Flag, _) => vec!["true".to_owned()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::builtin;

    #[test]
    fn every_rule_of_every_pack_goes_through_the_form_unchanged() {
        for rule in builtin().iter().flat_map(|policy| &policy.rules) {
            assert_eq!(RuleText::of(rule).read().as_ref(), Ok(rule));
        }
    }

    #[test]
    fn faults_are_told_all_at_once_each_at_its_field_in_the_words_of_the_file_reader() {
        let mut form = RuleText::new(Setting::PartnerRsaBits, "2026-11-24");
        form.compare(Operator::Range);
        form.values = vec!["4096".to_owned(), "2048".to_owned()];
        form.from = "2026-02-30".to_owned();
        form.until = "soon".to_owned();
        form.quote = "He said \"no\"\n\\ and left".to_owned();
        form.checked = String::new();
        let faults = form.read().unwrap_err();
        let fields: Vec<RuleField> = faults.iter().map(|(field, _)| *field).collect();
        use RuleField::{Checked, From, Source, Until, Value};
        assert_eq!(fields, [Value, From, Until, Source, Checked], "{faults:#?}");
        assert_eq!(faults[0].1, "the range's first value 4096 is above its second 2048");
        form.values.reverse();
        form.from = "2026-03-01".to_owned();
        form.until = "2026-02-01".to_owned();
        form.source = "their letter".to_owned();
        form.checked = "2026-11-24".to_owned();
        let faults = form.read().unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert_eq!(faults[0].0, Until);
        assert!(faults[0].1.contains("is not after `from` 2026-03-01"), "{faults:#?}");
        form.until.clear();
        let rule = form.read().unwrap();
        assert_eq!(rule.quote, "He said \"no\" \\ and left");
        assert_eq!(RuleText::of(&rule).read(), Ok(rule));
    }

    #[test]
    fn another_setting_or_operator_keeps_what_fits() {
        let mut form = RuleText::new(Setting::Encryption, "2026-11-24");
        assert_eq!(form.values, ["3des-cbc"]);
        form.values = vec!["aes128-cbc".to_owned()];
        form.compare(Operator::Range);
        assert_eq!(form.values, ["aes128-cbc", "aes256-gcm"]);
        form.about(Setting::Compression);
        assert_eq!((form.op, form.values.len()), (Operator::OneOf, 0));
        assert_eq!(form.read().unwrap_err()[0].0, RuleField::Value, "nothing was chosen yet");
        form.about(Setting::PartnerSelfSigned);
        assert_eq!(form.values, ["true"]);
        for setting in Setting::ALL {
            for op in operators(*setting) {
                let mut form = RuleText::new(*setting, "2026-11-24");
                form.compare(*op);
                form.values = match op {
                    Operator::Range => vec![any_value(*setting), any_value(*setting)],
                    _ => vec![any_value(*setting)],
                };
                form.source = "s".to_owned();
                form.quote = "q".to_owned();
                assert!(form.read().is_ok(), "{setting} {op}: {:?}", form.read());
            }
        }
    }
}
