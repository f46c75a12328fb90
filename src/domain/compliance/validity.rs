//! What needs no policy: that the certificates which a profile uses are there and valid.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::ComplianceSettings;
use super::evidence::{Evidence, Held, calendar_days, day_in_words, days_in_words, instant_in_words};
use super::report::{Finding, Status};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::identifier::IdentityName;
use crate::domain::policy::{CertificateRole, Severity};
use crate::domain::timeline;

/// RFC 4130 section 9 quotes RFC 3850: who uses a certificate that is not provably valid is to be told.
const SOURCE: &str = "RFC 4130 section 9";

/// Judges the certificates of any number of profiles at an instant, each certificate once.
pub(super) struct Validity<'x> {
    at: Timestamp,
    settings: ComplianceSettings,
    told: HashMap<(bool, Fingerprint, Option<Coming<'x>>), Arc<Finding>>,
    told_verifying: HashMap<Fingerprint, Arc<Finding>>,
}

impl<'x> Validity<'x> {
    pub(super) fn new(at: Timestamp, settings: &ComplianceSettings) -> Self {
        Self { at, settings: *settings, told: HashMap::new(), told_verifying: HashMap::new() }
    }

    /// Adds one finding for each certificate that the profile uses.
    pub(super) fn judge(&mut self, evidence: &Evidence<'x, '_>, found: &mut Vec<Arc<Finding>>) {
        let at = self.at;
        for role in [CertificateRole::Partner, CertificateRole::Identity] {
            let activation = match role {
                CertificateRole::Partner => Coming::look(evidence, at),
                CertificateRole::Identity => Coming::look_at_ours(evidence, at),
            };
            found.push(match evidence.held(role, at) {
                Held::Known(facts) => {
                    let case = (role == CertificateRole::Partner, facts.fingerprint_sha256, activation);
                    if let Some(told) = self.told.get(&case) {
                        Arc::clone(told)
                    } else {
                        let told = Arc::new(valid(role, facts, case.2, at, &self.settings));
                        self.told.insert(case, Arc::clone(&told));
                        told
                    }
                }
                Held::Missing { word, reason } => {
                    let reason = reason + &told(activation);
                    Arc::new(finding(role, "available", Status::Unknown, word, reason))
                }
                Held::NotNeeded(reason) => {
                    Arc::new(finding(role, "available", Status::NotApplicable, "Not needed", reason.to_owned()))
                }
            });
        }
        found.extend(none_accepted(evidence, at).map(Arc::new));
    }

    /// Adds one finding for those of the partner's that only verify: of several the one that lasts longest counts.
    pub(super) fn judge_verifying(
        &mut self,
        verifying: &[Fingerprint],
        evidence: &Evidence<'_, '_>,
        found: &mut Vec<Arc<Finding>>,
    ) {
        let known = |print: &Fingerprint| (evidence.known.certificates)(print);
        let last = verifying.iter().max_by_key(|print| known(print).map(|facts| facts.not_after));
        let Some(last) = last else { return };
        let told = self.told_verifying.entry(*last).or_insert_with(|| {
            let said = match known(last) {
                Some(facts) => valid(CertificateRole::Partner, facts, None, self.at, &self.settings),
                None => {
                    let reason = "It is not in the workspace".to_owned();
                    finding(CertificateRole::Partner, "validity", Status::Unknown, "Not in workspace", reason)
                }
            };
            Arc::new(said.of_verifying(*last))
        });
        found.push(Arc::clone(told));
    }
}

/// That signatures are expected which nothing could verify.
fn none_accepted(evidence: &Evidence<'_, '_>, at: Timestamp) -> Option<Finding> {
    let uses = &evidence.profile.partner_certificates;
    let missing = evidence.encrypts()
        && evidence.expects_signatures()
        && timeline::used_now(uses, at).is_some()
        && timeline::acceptable_now(uses, at).is_empty();
    missing.then(|| {
        finding(
            CertificateRole::Partner,
            "available",
            Status::Unknown,
            "None accepted",
            "None of the partner's certificates verifies signatures, although they are expected".to_owned(),
        )
    })
}

/// The next certificate, the partner's or ours: when it goes active, and in which zone that was stated.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Coming<'x> {
    name: Name<'x>,
    when: Timestamp,
    zone: Option<&'x str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Name<'x> {
    Partner(Fingerprint),
    Own(&'x IdentityName),
}

impl<'x> Coming<'x> {
    fn look(evidence: &Evidence<'x, '_>, at: Timestamp) -> Option<Self> {
        let (entry, when) = evidence.activation(at)?;
        Some(Self { name: Name::Partner(entry.fingerprint), when, zone: entry.zone.as_deref() })
    }

    fn look_at_ours(evidence: &Evidence<'x, '_>, at: Timestamp) -> Option<Self> {
        let (entry, when) = evidence.profile.identity.next(at)?;
        Some(Self { name: Name::Own(&entry.name), when, zone: entry.zone.as_deref() })
    }

    fn name(&self) -> String {
        match self.name {
            Name::Partner(fingerprint) => fingerprint.short(),
            Name::Own(name) => name.to_string(),
        }
    }

    fn instant(&self) -> String {
        instant_in_words(self.when, self.zone)
    }
}

fn told(activation: Option<Coming<'_>>) -> String {
    activation.map_or_else(String::new, |coming| format!("; {} goes active on {}", coming.name(), coming.instant()))
}

fn valid(
    role: CertificateRole,
    facts: &CertificateFacts,
    activation: Option<Coming<'_>>,
    at: Timestamp,
    settings: &ComplianceSettings,
) -> Finding {
    let days = calendar_days(at, facts.not_after);
    let end = day_in_words(facts.not_after);
    if at < facts.not_before {
        let begin = instant_in_words(facts.not_before, None);
        let reason = format!("Not valid until {begin}{}", told(activation));
        return finding(role, "validity", Status::NonCompliant, "Not valid yet", reason);
    }
    if at > facts.not_after {
        let ago = days_in_words(calendar_days(at, facts.not_after));
        let reason = format!("Ended on {end}, {ago}{}", told(activation));
        return finding(role, "validity", Status::NonCompliant, "Ended", reason);
    }
    if facts.not_after.as_second() - at.as_second() > i64::from(settings.certificate_due_days) * 86_400 {
        let reason = format!("Valid until {end}{}", told(activation));
        return finding(role, "validity", Status::Compliant, &format!("Until {end}"), reason);
    }
    let successor = match (role, activation) {
        (_, Some(coming)) if coming.when <= facts.not_after => {
            format!("its successor {} goes active on {}", coming.name(), coming.instant())
        }
        (_, Some(coming)) => {
            format!("its successor {} goes active only on {}, after that", coming.name(), coming.instant())
        }
        (CertificateRole::Partner, None) => "no successor is scheduled".to_owned(),
        (CertificateRole::Identity, None) => {
            "no successor is scheduled: have the partner install one before that".to_owned()
        }
    };
    let reason = format!("Ends on {end}, {}; {successor}", days_in_words(days));
    Finding { bites: Some(facts.not_after), ..finding(role, "validity", Status::Due, &format!("Until {end}"), reason) }
}

fn finding(role: CertificateRole, aspect: &'static str, status: Status, actual: &str, reason: String) -> Finding {
    Finding {
        setting: match role {
            CertificateRole::Partner => "partner_certificate",
            CertificateRole::Identity => "identity_certificate",
        },
        aspect: Some(aspect),
        certificate: None,
        status,
        actual: actual.to_owned(),
        required: Some(if aspect == "validity" { "Valid" } else { "Present" }.to_owned()),
        since: None,
        severity: Some(Severity::Required),
        reason,
        fix: None,
        source: Some(SOURCE.to_owned()),
        quote: None,
        note: None,
        bites: None,
        stated_by: None,
        demand: None,
    }
}
