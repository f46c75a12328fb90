//! Judging profiles by the rules of their policy.
//!
//! What becomes of a rule depends on one value and, for a partner certificate, on the next one. Thousands of profiles have
//! few different ones, so each outcome is put into words once and shared; and where a profile agrees in all of them with one
//! before, it stands as that one does.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::ComplianceSettings;
use super::alike::{Alike, Told, compared, is_own_text};
use super::evidence::{Actual, Evidence, Successor, days_in_words, instant_in_words};
use super::few::Few;
use super::fix::{Demand, mend};
use super::report::{Finding, Fix, ProfileReport, Status};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::identifier::ProfileKind;
use crate::domain::policy::{
    CertificateRole, Requirement, ResolvedPolicy, ResolvedRule, Rule, Setting, SettingValue, Severity, Shape, TlsLevel,
};
use crate::domain::transmission::Direction;

/// What became of one rule at one instant.
struct Weighed {
    outcome: Outcome,
    /// What was found, in a word or two.
    actual: String,
    /// The same as a value, where it is one.
    value: Option<SettingValue>,
}

enum Outcome {
    Holds,
    Broken,
    Unknown(String),
    NotApplicable(String),
}

/// The rules of a policy that apply to one kind of profile and have not ended at an instant, ready to judge any number of
/// profiles.
pub(super) struct Rules<'r, 'x> {
    at: Timestamp,
    settings: ComplianceSettings,
    /// Where the partner's own setting is, in words.
    portal: Option<Arc<str>>,
    ready: Vec<Ready<'r, 'x>>,
    /// The settings that they are about and by which profiles are told apart, each once.
    settings_of: Vec<Setting>,
    /// Which of them are about texts that each profile has for itself.
    own: Vec<usize>,
    /// How profiles stand that were judged.
    told: Few<Alike<'x>, Told>,
}

/// One of them, and what has become of it so far.
struct Ready<'r, 'x> {
    resolved: &'r ResolvedRule,
    /// Everything demanded of the setting, now or before long.
    demands: Vec<Demand<'r>>,
    /// The instant of which it is judged: now, or its beginning where that is yet to come.
    judged: Timestamp,
    /// `Amazon Vendor Central requires AES-128 or stronger for encryption`.
    demand: Arc<str>,
    /// The same with `since` or `from` when.
    dated: String,
    /// What is demanded: `AES-128 or stronger`.
    required: Arc<str>,
    source: Arc<str>,
    quote: Arc<str>,
    /// The fix, where it is about a text: whatever stands there, it is the same.
    text_fix: Option<OnceCell<Option<Fix>>>,
    told: Few<Case<'x>, Arc<Finding>>,
    /// The same by certificate, of those that only verify.
    told_verifying: HashMap<Fingerprint, Arc<Finding>>,
}

/// What the outcome of a rule depends on: what is there, and for a certificate the next one, when, in which zone that was
/// stated, and what will be there then.
type Case<'x> = (Actual<'x>, Option<(Successor<'x>, Timestamp, Option<&'x str>, Actual<'x>)>);

impl<'r, 'x> Rules<'r, 'x> {
    pub(super) fn new(
        policy: &'r ResolvedPolicy,
        kind: ProfileKind,
        at: Timestamp,
        settings: &ComplianceSettings,
    ) -> Self {
        let applying = || {
            policy
                .rules
                .iter()
                .filter(move |resolved| resolved.rule.applies_to.covers(kind) && !resolved.rule.ended(at))
        };
        let demands = |rule: &Rule| {
            applying()
                .map(|other| &other.rule)
                .filter(|other| other.setting == rule.setting && other.direction != Some(Direction::Inbound))
                .filter(|other| within_days(at, other.from.instant(), settings.rule_due_days))
                .map(|other| Demand { requirement: &other.requirement, severity: other.severity })
                .collect::<Vec<_>>()
        };
        let ready = applying()
            .map(|resolved| {
                let judged = resolved.rule.from.instant().max(at);
                let demand: Arc<str> = format!("{} {}", resolved.stated_by_name, resolved.rule.demand()).into();
                let preposition = if judged > at { "from" } else { "since" };
                let dated = format!("{demand} {preposition} {}", resolved.rule.from.in_words());
                let demands = demands(&resolved.rule);
                let required = resolved.rule.requirement.label(resolved.rule.setting).into();
                let (source, quote) = (resolved.rule.source.as_str().into(), resolved.rule.quote.as_str().into());
                let text_fix = matches!(resolved.rule.setting.shape(), Shape::Text).then(OnceCell::new);
                let (told, told_verifying) = (Few::default(), HashMap::new());
                Ready {
                    resolved,
                    demands,
                    judged,
                    demand,
                    dated,
                    required,
                    source,
                    quote,
                    text_fix,
                    told,
                    told_verifying,
                }
            })
            .collect();
        let mut settings_of: Vec<Setting> = applying().map(|resolved| resolved.rule.setting).collect();
        let own =
            (0..).zip(&settings_of).filter(|(_, setting)| is_own_text(**setting)).map(|(index, _)| index).collect();
        settings_of.retain(|setting| compared(*setting));
        settings_of.sort_unstable();
        settings_of.dedup();
        let portal = policy.portal.as_ref().map(|portal| format!("At the partner: {portal}").into());
        Self { at, settings: *settings, portal, ready, settings_of, own, told: Few::default() }
    }

    /// How a profile stands that is like one before.
    pub(super) fn told(&mut self, evidence: &Evidence<'x, '_>) -> Option<ProfileReport> {
        let Self { at, settings, portal, ready, settings_of, told, .. } = self;
        let told = told.find(|alike| alike.is_of(evidence, settings_of, *at))?;
        if told.own.is_empty() {
            return Some(told.report.clone());
        }
        let mut findings = told.findings.clone();
        for (place, rule) in &told.own {
            if let (Some(place), Some(ready)) = (findings.get_mut(*place), ready.get_mut(*rule)) {
                *place = ready.judge(evidence, *at, settings, portal.as_ref());
            }
        }
        Some(ProfileReport::arranged(told.report.profile, findings, told.report.cells.clone()))
    }

    /// Notes how a profile stands. `by_rules` are what [`Rules::judge`] has added, `findings` these and all others.
    pub(super) fn tell(
        &mut self,
        evidence: &Evidence<'x, '_>,
        by_rules: &[Arc<Finding>],
        findings: Vec<Arc<Finding>>,
        report: &ProfileReport,
    ) {
        let place_of = |rule: &usize| {
            let of_rule = by_rules.get(*rule)?;
            Some((findings.iter().position(|finding| Arc::ptr_eq(finding, of_rule))?, *rule))
        };
        let own: Vec<(usize, usize)> = self.own.iter().filter_map(place_of).collect();
        let findings = if own.is_empty() { Vec::new() } else { findings };
        let alike = Alike::new(evidence, &self.settings_of, self.at);
        self.told.insert(alike, Told { report: report.clone(), findings, own });
    }

    /// Adds one finding for each rule.
    pub(super) fn judge(&mut self, evidence: &Evidence<'x, '_>, findings: &mut Vec<Arc<Finding>>) {
        let Self { at, settings, portal, ready, .. } = self;
        findings.extend(ready.iter_mut().map(|ready| ready.judge(evidence, *at, settings, portal.as_ref())));
    }

    /// Adds one finding for each rule about the partner's certificate, of one that only verifies.
    pub(super) fn judge_verifying(
        &mut self,
        certificate: &CertificateFacts,
        evidence: &Evidence<'x, '_>,
        findings: &mut Vec<Arc<Finding>>,
    ) {
        let (at, settings, portal) = (self.at, self.settings, self.portal.as_ref());
        let horizon = |from: Timestamp| within_days(at, from, settings.rule_due_days);
        let fingerprint = certificate.fingerprint_sha256;
        let about =
            |ready: &&mut Ready<'_, '_>| ready.resolved.rule.setting.certificate() == Some(CertificateRole::Partner);
        findings.extend(self.ready.iter_mut().filter(about).map(|ready| {
            if let Some(told) = ready.told_verifying.get(&fingerprint) {
                return Arc::clone(told);
            }
            let told = Arc::new(ready.weighed(evidence, at, &horizon, portal).of_verifying(fingerprint));
            ready.told_verifying.insert(fingerprint, Arc::clone(&told));
            told
        }));
    }
}

impl<'x> Ready<'_, 'x> {
    /// What becomes of the rule, put into words once for all that have the same value.
    fn judge(
        &mut self,
        evidence: &Evidence<'x, '_>,
        at: Timestamp,
        settings: &ComplianceSettings,
        portal: Option<&Arc<str>>,
    ) -> Arc<Finding> {
        let rule = &self.resolved.rule;
        let coming = self.judged > at;
        let next = rule.setting.certificate().filter(|_| !coming).and_then(|role| {
            let (successor, when, zone) = evidence.successor(role, at)?;
            Some((successor, when, zone, actual(rule, evidence, when)))
        });
        let case = (actual(rule, evidence, self.judged), next);
        if let Some(told) = self.told.find(|known| *known == case) {
            return Arc::clone(told);
        }
        let horizon = |from: Timestamp| within_days(at, from, settings.rule_due_days);
        let told = Arc::new(self.weighed(evidence, at, &horizon, portal));
        self.told.insert(case, Arc::clone(&told));
        told
    }

    /// What becomes of the rule, in words.
    fn weighed(
        &self,
        evidence: &Evidence<'_, '_>,
        at: Timestamp,
        horizon: &dyn Fn(Timestamp) -> bool,
        portal: Option<&Arc<str>>,
    ) -> Finding {
        let rule = &self.resolved.rule;
        // The certificate that will be in use by then is what a rule to come will meet.
        let weighed = weigh(rule, evidence, self.judged);
        let value = weighed.value.clone();
        let mut finding = if self.judged > at {
            to_come(self, weighed, at, horizon)
        } else {
            in_force(self, weighed, evidence, at, horizon)
        };
        if matches!(finding.status, Status::NonCompliant | Status::Due | Status::Advice) {
            let fix = || mend(rule, value.as_ref(), &self.demands);
            finding.fix = match &self.text_fix {
                Some(same) => same.get_or_init(fix).clone(),
                None => fix(),
            };
        }
        if !matches!(finding.status, Status::Compliant | Status::NotApplicable) && finding.note.is_none() {
            finding.note = portal.cloned();
        }
        finding
    }
}

/// Whether `then` is no more than so many days after `at`.
fn within_days(at: Timestamp, then: Timestamp, days: u32) -> bool {
    then.as_second().saturating_sub(at.as_second()) <= i64::from(days) * 86_400
}

fn in_force(
    ready: &Ready<'_, '_>,
    weighed: Weighed,
    evidence: &Evidence<'_, '_>,
    at: Timestamp,
    horizon: &dyn Fn(Timestamp) -> bool,
) -> Finding {
    let (rule, demand) = (&ready.resolved.rule, &ready.dated);
    let (status, reason, bites) = match weighed.outcome {
        Outcome::NotApplicable(reason) => (Status::NotApplicable, reason, None),
        Outcome::Unknown(reason) => (Status::Unknown, format!("{reason}; {demand}"), None),
        Outcome::Broken => {
            let status = if rule.severity == Severity::Required { Status::NonCompliant } else { Status::Advice };
            (status, format!("{demand}; this is {}{}", weighed.actual, mended_by_successor(rule, evidence, at)), None)
        }
        Outcome::Holds => match broken_by_successor(rule, evidence, at).filter(|(_, when)| horizon(*when)) {
            Some((reason, when)) => (Status::Due, format!("{demand}; {reason}"), Some(when)),
            None => (Status::Compliant, format!("{demand}; {} meets that", weighed.actual), None),
        },
    };
    Finding { bites, ..finding(ready, status, weighed.actual, reason) }
}

fn to_come(ready: &Ready<'_, '_>, weighed: Weighed, at: Timestamp, horizon: &dyn Fn(Timestamp) -> bool) -> Finding {
    let (rule, demand) = (&ready.resolved.rule, &ready.dated);
    let starts = rule.from.instant();
    let counts = rule.severity == Severity::Required && horizon(starts);
    let days = days_in_words(at, starts);
    let (status, reason, bites) = match weighed.outcome {
        Outcome::NotApplicable(reason) => (Status::NotApplicable, reason, None),
        Outcome::Holds => (Status::Compliant, format!("{demand}; {} meets that already", weighed.actual), None),
        Outcome::Broken if counts => {
            (Status::Due, format!("{demand}, {days}; this is {}", weighed.actual), Some(starts))
        }
        Outcome::Unknown(reason) if counts => (Status::Unknown, format!("{reason}; {demand}"), Some(starts)),
        Outcome::Broken => (
            Status::NotApplicable,
            format!("Not in force yet: {demand}; {} will not meet it", weighed.actual),
            Some(starts),
        ),
        Outcome::Unknown(_) => (Status::NotApplicable, format!("Not in force yet: {demand}"), None),
    };
    Finding { bites, ..finding(ready, status, weighed.actual, reason) }
}

fn finding(ready: &Ready<'_, '_>, status: Status, actual: String, reason: String) -> Finding {
    let rule = &ready.resolved.rule;
    Finding {
        setting: rule.setting.head(),
        aspect: rule.setting.aspect(),
        certificate: None,
        status,
        actual,
        required: Some(Arc::clone(&ready.required)),
        since: Some(rule.from),
        severity: Some(rule.severity),
        reason,
        fix: None,
        source: Some(Arc::clone(&ready.source)),
        quote: Some(Arc::clone(&ready.quote)),
        note: None,
        bites: None,
        stated_by: Some(ready.resolved.stated_by.clone()),
        demand: Some(Arc::clone(&ready.demand)),
    }
}

/// What is to be said of a certificate to come, beside one in use that breaks a rule.
fn mended_by_successor(rule: &Rule, evidence: &Evidence<'_, '_>, at: Timestamp) -> String {
    let following = rule.setting.certificate().and_then(|role| evidence.successor(role, at));
    let Some((successor, when, zone)) = following else {
        return String::new();
    };
    let verdict = match weigh(rule, evidence, when).outcome {
        Outcome::Holds => ", which meets the rule,",
        Outcome::Broken => ", which breaks the rule too,",
        Outcome::Unknown(_) | Outcome::NotApplicable(_) => "",
    };
    format!("; {}{verdict} goes active on {}", successor.named(), instant_in_words(when, zone))
}

/// Whether a certificate to come, the partner's or ours, will break a required rule that the one in use meets, and when.
fn broken_by_successor(rule: &Rule, evidence: &Evidence<'_, '_>, at: Timestamp) -> Option<(String, Timestamp)> {
    if rule.severity != Severity::Required {
        return None;
    }
    let following = evidence.successor(rule.setting.certificate()?, at);
    let (successor, when, zone) = following.filter(|(_, when, _)| !rule.ended(*when))?;
    let weighed = weigh(rule, evidence, when);
    matches!(weighed.outcome, Outcome::Broken).then(|| {
        let instant = instant_in_words(when, zone);
        (format!("{} with {} goes active on {instant}", successor.named(), weighed.actual), when)
    })
}

/// The value that a rule is about; for rules about what the partner sends, that its messages tell.
fn actual<'p>(rule: &Rule, evidence: &Evidence<'p, '_>, at: Timestamp) -> Actual<'p> {
    if rule.direction == Some(Direction::Inbound) && !rule.setting.told_inbound() {
        return Actual::idle("Each message", "Every message is held against this rule when it comes");
    }
    evidence.actual(rule.setting, at)
}

fn weigh(rule: &Rule, evidence: &Evidence<'_, '_>, at: Timestamp) -> Weighed {
    let setting = rule.setting;
    let value = match actual(rule, evidence, at) {
        Actual::Word(word) => SettingValue::Word(word.to_owned()),
        Actual::Number(number) => SettingValue::Number(number),
        Actual::Flag(flag) => SettingValue::Flag(flag),
        Actual::NotSet => {
            let outcome = if rule.requirement.refuses() { Outcome::Holds } else { Outcome::Broken };
            return Weighed { outcome, actual: "Not set".to_owned(), value: None };
        }
        Actual::Unknown { word, reason } => {
            return Weighed { outcome: Outcome::Unknown(reason), actual: word.into_owned(), value: None };
        }
        Actual::NotApplicable { word, reason } => {
            let outcome = Outcome::NotApplicable(reason.to_owned());
            return Weighed { outcome, actual: word.into_owned(), value: None };
        }
    };
    let outcome = if setting == Setting::Tls {
        weigh_transport(&rule.requirement, &value)
    } else if rule.requirement.met_by(setting, &value) {
        Outcome::Holds
    } else {
        Outcome::Broken
    };
    Weighed { outcome, actual: setting.label(&value), value: Some(value) }
}

/// The address tells http from https. Over https this program speaks TLS 1.2 or 1.3 and nothing older
/// (`transport::trust`); which of the two it was, only a transmission could tell.
fn weigh_transport(requirement: &Requirement, value: &SettingValue) -> Outcome {
    let met = |level: TlsLevel| requirement.met_by(Setting::Tls, &SettingValue::Word(level.as_str().to_owned()));
    if *value != SettingValue::Word(TlsLevel::Https.as_str().to_owned()) {
        return if met(TlsLevel::Http) { Outcome::Holds } else { Outcome::Broken };
    }
    // https named as such stands for every version of it.
    let named = requirement.values().iter().any(|value| value.to_string() == TlsLevel::Https.as_str());
    let versions = [met(TlsLevel::Tls12), met(TlsLevel::Tls13)];
    match requirement {
        Requirement::Never(_) if named => Outcome::Broken,
        Requirement::AtLeast(_) | Requirement::OneOf(_) | Requirement::Range(..) if named && met(TlsLevel::Https) => {
            Outcome::Holds
        }
        _ if versions == [true, true] => Outcome::Holds,
        _ if versions == [false, false] => Outcome::Broken,
        _ => Outcome::Unknown("TLS 1.2 or 1.3 is spoken, and which of them has not been observed".to_owned()),
    }
}
