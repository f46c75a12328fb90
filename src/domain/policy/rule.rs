//! One rule of a policy: what is demanded, of whom, since when, and who says so.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Serialize, Serializer};

use super::setting::{Setting, SettingValue};
use crate::domain::identifier::ProfileKind;
use crate::domain::spelling::spelled;
use crate::domain::transmission::Direction;

spelled! {
    /// How a rule compares.
    pub enum Operator {
        /// As strong as the value, or stronger.
        AtLeast = "at-least",
        /// One of the values.
        OneOf = "one-of",
        /// From the first value to the second, both included.
        Range = "range",
        /// None of the values.
        Never = "never",
    }
}

spelled! {
    /// Which profiles a rule applies to.
    pub enum AppliesTo {
        /// Production alone.
        Production = "production",
        /// Test alone.
        Test = "test",
        /// Both.
        Both = "both",
    }
}

impl AppliesTo {
    /// What is left of it where `other` takes its part; nothing where `other` takes all.
    #[must_use]
    pub const fn without(self, other: Self) -> Option<Self> {
        match (self, other) {
            (_, Self::Both) | (Self::Production, Self::Production) | (Self::Test, Self::Test) => None,
            (Self::Both, Self::Production) => Some(Self::Test),
            (Self::Both, Self::Test) => Some(Self::Production),
            _ => Some(self),
        }
    }

    /// Whether a profile of this kind is meant.
    #[must_use]
    pub const fn covers(self, kind: ProfileKind) -> bool {
        matches!(
            (self, kind),
            (Self::Both, _) | (Self::Production, ProfileKind::Production) | (Self::Test, ProfileKind::Test)
        )
    }
}

spelled! {
    /// How much a rule weighs. The order is from the heaviest to the lightest.
    pub enum Severity {
        /// Traffic is at risk when it is broken.
        Required = "required",
        /// Advised by whoever makes the rule.
        Recommended = "recommended",
        /// Known from users alone.
        Reported = "reported",
    }
}

/// The beginning or the end of a rule. A bare date means its first instant in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleDate {
    /// A day.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

impl RuleDate {
    /// The instant that it stands for.
    #[must_use]
    pub fn instant(self) -> Timestamp {
        match self {
            // Dates reach a day further than timestamps at both ends of the calendar.
            Self::Day(date) => Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(if date.year() < 0 {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            }),
            Self::Instant(at) => at,
        }
    }

    /// For a sentence: `15 Oct 2019`, an instant with its time in UTC.
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Day(date) => date.strftime("%-d %b %Y").to_string(),
            Self::Instant(at) => Offset::UTC.to_datetime(at).strftime("%-d %b %Y %H:%M UTC").to_string(),
        }
    }
}

impl std::fmt::Display for RuleDate {
    /// `2019-10-15`, or RFC 3339.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(date) => write!(f, "{date}"),
            Self::Instant(at) => write!(f, "{at}"),
        }
    }
}

impl Serialize for RuleDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a rule demands of its setting. The reader sees to it that the values are the setting's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// As strong as this, or stronger.
    AtLeast(SettingValue),
    /// One of these.
    OneOf(Vec<SettingValue>),
    /// From the first to the second, both included.
    Range(SettingValue, SettingValue),
    /// None of these.
    Never(Vec<SettingValue>),
}

impl Requirement {
    /// Its operator, as a policy file spells it.
    #[must_use]
    pub const fn operator(&self) -> Operator {
        match self {
            Self::AtLeast(_) => Operator::AtLeast,
            Self::OneOf(_) => Operator::OneOf,
            Self::Range(..) => Operator::Range,
            Self::Never(_) => Operator::Never,
        }
    }

    /// Whether it names what is refused, rather than what is allowed.
    #[must_use]
    pub const fn refuses(&self) -> bool {
        matches!(self, Self::Never(_))
    }

    /// The values that it names.
    #[must_use]
    pub fn values(&self) -> Vec<&SettingValue> {
        match self {
            Self::AtLeast(least) => vec![least],
            Self::OneOf(values) | Self::Never(values) => values.iter().collect(),
            Self::Range(low, high) => vec![low, high],
        }
    }

    /// Whether a value of `setting` meets it.
    #[must_use]
    pub fn met_by(&self, setting: Setting, value: &SettingValue) -> bool {
        match self {
            Self::AtLeast(least) => setting.at_least(value, least),
            Self::OneOf(allowed) => allowed.contains(value),
            Self::Range(low, high) => setting.at_least(value, low) && setting.at_least(high, value),
            Self::Never(refused) => !refused.contains(value),
        }
    }
}

/// One rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it is about.
    pub setting: Setting,
    /// What it demands.
    pub requirement: Requirement,
    /// The profiles that it applies to.
    pub applies_to: AppliesTo,
    /// The direction of messages that it applies to; both, where absent.
    pub direction: Option<Direction>,
    /// How much it weighs.
    pub severity: Severity,
    /// Its first instant.
    pub from: RuleDate,
    /// The instant at which it ends; never, where absent.
    pub until: Option<RuleDate>,
    /// Address or document that says so.
    pub source: String,
    /// What was said, in its own words.
    pub quote: String,
    /// The day on which the source was last looked at.
    pub checked: Date,
}

impl Rule {
    /// Whether it holds at an instant: from its first instant until, not including, its end.
    #[must_use]
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.from.instant() <= at && !self.ended(at)
    }

    /// Whether it has come to its end by an instant.
    #[must_use]
    pub fn ended(&self, at: Timestamp) -> bool {
        self.until.is_some_and(|until| until.instant() <= at)
    }

    /// Whether a policy that inherits this rule replaces it by `other`, for the profiles that `other` is about: one of
    /// the same setting and no wider a direction that weighs as much or more. What is allowed (at-least, one-of, range)
    /// replaces what was allowed, and what is refused (never) what was refused; a recommendation leaves a requirement
    /// as it is.
    #[must_use]
    pub fn replaced_by(&self, other: &Self) -> bool {
        self.setting == other.setting
            && self.requirement.refuses() == other.requirement.refuses()
            && other.severity <= self.severity
            && other.reaches(self)
    }

    /// Whether `other` speaks of no direction that this one does not speak of.
    fn reaches(&self, other: &Self) -> bool {
        match (self.direction, other.direction) {
            (None, _) => true,
            (Some(this), Some(that)) => this == that,
            // About what we send, a rule without a direction and one that is outbound say the same.
            (Some(this), None) => this == Direction::Outbound && !self.setting.told_inbound(),
        }
    }

    /// Whether both say the same of the same time and weigh the same, so that one of them is a mistake.
    #[must_use]
    pub fn duplicates(&self, other: &Self) -> bool {
        self.setting == other.setting
            && self.requirement.operator() == other.requirement.operator()
            && self.applies_to == other.applies_to
            && self.direction == other.direction
            && self.severity == other.severity
            && self.from.instant() == other.from.instant()
    }
}

/// A rule as a policy file and the JSON spell it.
#[derive(Serialize)]
struct Written<'a> {
    setting: Setting,
    op: Operator,
    value: WrittenValue<'a>,
    applies_to: AppliesTo,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    severity: Severity,
    from: RuleDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<RuleDate>,
    source: &'a str,
    quote: &'a str,
    checked: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WrittenValue<'a> {
    One(&'a SettingValue),
    Several(&'a [SettingValue]),
    Two([&'a SettingValue; 2]),
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written {
            setting: self.setting,
            op: self.requirement.operator(),
            value: match &self.requirement {
                Requirement::AtLeast(least) => WrittenValue::One(least),
                Requirement::OneOf(values) | Requirement::Never(values) => WrittenValue::Several(values),
                Requirement::Range(low, high) => WrittenValue::Two([low, high]),
            },
            applies_to: self.applies_to,
            direction: self.direction,
            severity: self.severity,
            from: self.from,
            until: self.until,
            source: &self.source,
            quote: &self.quote,
            checked: self.checked.to_string(),
        }
        .serialize(serializer)
    }
}
