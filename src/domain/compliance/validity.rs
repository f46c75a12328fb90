//! What needs no policy: that the certificates which a profile uses are there and valid.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::ComplianceSettings;
use super::course::{Coming, Lapse, Name, Why, lapse};
use super::evidence::{Evidence, Held, day_in_words, days_in_words, instant_in_words};
use super::report::{Finding, Status};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::policy::{CertificateRole, Severity};
use crate::domain::timeline;

/// RFC 4130 section 9 quotes RFC 3850: who uses a certificate that is not provably valid is to be told.
const SOURCE: &str = "RFC 4130 section 9";

/// Judges the certificates of any number of profiles at an instant, each certificate once.
pub(super) struct Validity<'x> {
    at: Timestamp,
    settings: ComplianceSettings,
    told: HashMap<(bool, Fingerprint, Course<'x>), Arc<Finding>>,
    told_verifying: HashMap<Fingerprint, Arc<Finding>>,
    /// By certificate, and whether it is ours.
    told_not_theirs: HashMap<(Fingerprint, bool), Arc<Finding>>,
}

/// What comes after a certificate that is used now, as far as its finding depends on it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Course<'x> {
    next: Option<Coming<'x>>,
    /// Nothing where it is not valid now, or only verifies.
    lapse: Option<Lapse<'x>>,
}

impl<'x> Validity<'x> {
    pub(super) fn new(at: Timestamp, settings: &ComplianceSettings) -> Self {
        Self {
            at,
            settings: *settings,
            told: HashMap::new(),
            told_verifying: HashMap::new(),
            told_not_theirs: HashMap::new(),
        }
    }

    /// Adds one finding for each certificate that the profile uses.
    pub(super) fn judge(&mut self, evidence: &Evidence<'x, '_>, found: &mut Vec<Arc<Finding>>) {
        let at = self.at;
        for role in [CertificateRole::Partner, CertificateRole::Identity] {
            let next = Coming::next(evidence, role, at);
            let held = evidence.held(role, at);
            if let (CertificateRole::Partner, Held::Known(facts)) = (role, &held) {
                found.extend(self.not_theirs(evidence, facts));
                found.extend(unusable(facts).map(Arc::new));
            }
            found.push(match held {
                Held::Known(facts) => {
                    let lapse = facts.valid_at(at).then(|| lapse(evidence, role, facts, at));
                    let case = (role == CertificateRole::Partner, facts.fingerprint_sha256, Course { next, lapse });
                    if let Some(told) = self.told.get(&case) {
                        Arc::clone(told)
                    } else {
                        let told = Arc::new(valid(role, facts, case.2, at, &self.settings));
                        self.told.insert(case, Arc::clone(&told));
                        told
                    }
                }
                Held::Missing { word, reason } => {
                    let reason = reason + &told(next);
                    Arc::new(finding(role, "available", Status::Unknown, word, reason))
                }
                Held::NotNeeded(reason) => {
                    Arc::new(finding(role, "available", Status::NotApplicable, "Not needed", reason.to_owned()))
                }
            });
        }
        found.extend(none_accepted(evidence, at).map(Arc::new));
    }

    /// That what is used as the partner's certificate is not theirs: our own, or an authority's.
    fn not_theirs(&mut self, evidence: &Evidence<'x, '_>, facts: &CertificateFacts) -> Option<Arc<Finding>> {
        let ours = evidence.is_ours(facts);
        if !ours && !facts.is_authority() {
            return None;
        }
        let told = self.told_not_theirs.entry((facts.fingerprint_sha256, ours)).or_insert_with(|| {
            let (status, actual, reason) = if ours {
                let reason = "It is our own certificate: the partner does not have its key, and cannot read what is \
                              encrypted for it nor sign with it; import the partner's own";
                (Status::NonCompliant, "Our own", reason)
            } else {
                let reason = "It is a certification authority's certificate: the partner's program signs and decrypts \
                              with a key of its own; import the certificate of that key";
                (Status::Advice, "A CA's", reason)
            };
            let severity = if ours { Severity::Required } else { Severity::Recommended };
            let said = finding(CertificateRole::Partner, "owner", status, actual, reason.to_owned());
            Arc::new(Finding { required: Some("The partner's own".into()), severity: Some(severity), ..said })
        });
        Some(Arc::clone(told))
    }

    /// Adds one finding for those of the partner's that only verify: of several the one that lasts longest counts.
    pub(super) fn judge_verifying(
        &mut self,
        verifying: &[Fingerprint],
        evidence: &Evidence<'_, '_>,
        found: &mut Vec<Arc<Finding>>,
    ) {
        let known = |print: &Fingerprint| (evidence.known.certificates)(print);
        for facts in verifying.iter().filter_map(known) {
            found.extend(unusable(facts).map(|said| Arc::new(said.of_verifying(facts.fingerprint_sha256))));
        }
        let last = verifying.iter().max_by_key(|print| known(print).map(|facts| facts.not_after));
        let Some(last) = last else { return };
        let told = self.told_verifying.entry(*last).or_insert_with(|| {
            let said = match known(last) {
                Some(facts) => valid(CertificateRole::Partner, facts, Course::default(), self.at, &self.settings),
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

/// That a partner's certificate has a key with which nothing in AS2 can be done. What is brought in is refused for that;
/// this is about what was there before.
fn unusable(facts: &CertificateFacts) -> Option<Finding> {
    facts.key.is_of_no_use().then(|| {
        let reason = format!(
            "Its key is {}: it cannot be used for encryption or to verify a signature in AS2; ask the partner for a \
             certificate with an RSA key, or EC on P-256, P-384 or P-521, and import it",
            facts.key
        );
        let said = finding(CertificateRole::Partner, "usable", Status::NonCompliant, &facts.key.to_string(), reason);
        Finding { required: Some("An RSA or EC key".into()), ..said }
    })
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

impl Coming<'_> {
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
    course: Course<'_>,
    at: Timestamp,
    settings: &ComplianceSettings,
) -> Finding {
    let activation = course.next;
    let days = days_in_words(at, facts.not_after);
    let end = day_in_words(facts.not_after);
    if at < facts.not_before {
        let begin = instant_in_words(facts.not_before, None);
        let reason = format!("Not valid until {begin}{}", told(activation));
        return finding(role, "validity", Status::NonCompliant, "Not valid yet", reason);
    }
    if at > facts.not_after {
        let reason = format!("Ended on {end}, {days}{}", told(activation));
        return finding(role, "validity", Status::NonCompliant, "Ended", reason);
    }
    let near = |then: Timestamp| {
        then.as_second().saturating_sub(at.as_second()) <= i64::from(settings.certificate_due_days) * 86_400
    };
    let due = |until: &str, reason: String| finding(role, "validity", Status::Due, until, reason);
    match course.lapse {
        // What comes does not come in time, or does not last.
        Some(lapse) if near(lapse.at) => {
            let until = format!("Until {}", day_in_words(lapse.at));
            let days = days_in_words(at, lapse.at);
            Finding { bites: Some(lapse.at), ..due(&until, lapse.reason(role, activation, &days)) }
        }
        // It ends before long, and another takes over before that.
        Some(_) if near(facts.not_after) => match activation {
            Some(coming) => {
                let until = format!("Until {end}, successor scheduled for {}", day_in_words(coming.when));
                let successor = format!("its successor {} goes active on {}", coming.name(), coming.instant());
                due(&until, format!("Ends on {end}, {days}; {successor}"))
            }
            None => due(&format!("Until {end}"), format!("Ends on {end}, {days}; another takes its place before")),
        },
        // Of those that only verify another may last longer.
        None if near(facts.not_after) => {
            let reason = format!("Ends on {end}, {days}; {}", no_successor(role));
            Finding { bites: Some(facts.not_after), ..due(&format!("Until {end}"), reason) }
        }
        lapse => {
            let shorter = lapse.filter(|lapse| lapse.at < facts.not_after);
            let shorter =
                shorter.map_or_else(String::new, |lapse| format!(" and lasts until {}", day_in_words(lapse.at)));
            let reason = format!("Valid until {end}{}{shorter}", told(activation));
            finding(role, "validity", Status::Compliant, &format!("Until {end}"), reason)
        }
    }
}

impl Lapse<'_> {
    /// Why nothing valid is used from then on, which is in so many days.
    fn reason(&self, role: CertificateRole, next: Option<Coming<'_>>, days: &str) -> String {
        let day = day_in_words(self.at);
        let Some(last) = &self.last else {
            return match (self.why, next) {
                (Why::Ends, Some(coming)) if coming.when > self.at => format!(
                    "Ends on {day}, {days}; its successor {} goes active only on {}, after that",
                    coming.name(),
                    coming.instant()
                ),
                (Why::Ends, _) => format!("Ends on {day}, {days}; {}", no_successor(role)),
                (_, _) => format!("None of the partner's certificates is in use from {day} on, {days}"),
            };
        };
        let (name, instant) = (last.name(), last.instant());
        match self.why {
            Why::Ends => {
                format!(
                    "The successor {name} goes active on {instant} and ends on {day}, {days}; nothing follows it yet"
                )
            }
            Why::NotYet(begin) => format!(
                "The successor {name} goes active on {instant}, {days}, and is not valid until {}",
                instant_in_words(begin, None)
            ),
            Why::Ended(end) => {
                format!("{name} is used from {instant} on, {days}, and has ended on {} by then", day_in_words(end))
            }
            Why::Unknown => {
                format!("The successor {name}, which goes active on {instant}, {days}, is not in the workspace")
            }
        }
    }
}

fn no_successor(role: CertificateRole) -> &'static str {
    match role {
        CertificateRole::Partner => "no successor is scheduled",
        CertificateRole::Identity => "no successor is scheduled: have the partner install one before that",
    }
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
        required: Some(if aspect == "validity" { "Valid" } else { "Present" }.into()),
        since: None,
        severity: Some(Severity::Required),
        reason,
        fix: None,
        source: Some(SOURCE.into()),
        quote: None,
        note: None,
        bites: None,
        stated_by: None,
        demand: None,
    }
}
