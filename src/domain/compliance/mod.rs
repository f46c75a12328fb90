//! Judging connections by their policies at an instant.
//!
//! Pure: the instant, the policies and the facts of certificates are arguments. What cannot be judged is *unknown*,
//! never good. What the partner's rules do not mention but everyone needs (certificates that are there and valid) is
//! judged without any policy.

mod alike;
mod cell;
mod course;
mod evidence;
mod few;
mod fix;
mod report;
mod rule;
#[cfg(test)]
mod tests;
mod validity;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

pub use cell::{Cell, Cells, Column};
pub use report::{CheckReport, ConnectionReport, Finding, Findings, FindingsIter, Fix, ProfileReport, Status};

use super::certificate::{CertificateFacts, Fingerprint};
use super::connection::{Connection, Profile};
use super::identifier::{IdentityName, PolicyId, ProfileKind};
use super::policy::{Policy, ResolveError, ResolvedPolicy, resolve};
use evidence::Evidence;
use rule::Rules;
use validity::Validity;

/// How far ahead compliance looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComplianceSettings {
    /// A certificate that ends within so many days is due.
    pub certificate_due_days: u32,
    /// A required rule that bites within so many days is due.
    pub rule_due_days: u32,
}

impl Default for ComplianceSettings {
    /// 45 days for certificates, a year for rules.
    fn default() -> Self {
        Self { certificate_due_days: 45, rule_due_days: 365 }
    }
}

/// Where the facts of certificates are looked up.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// A certificate by its fingerprint.
    pub certificates: &'a dyn Fn(&Fingerprint) -> Option<&'a CertificateFacts>,
    /// The certificate of an identity by the identity's name.
    pub identities: &'a dyn Fn(&IdentityName) -> Option<&'a CertificateFacts>,
}

/// Judges both profiles of a connection at an instant, by its policy or, where that is an error, without one.
#[must_use]
pub fn judge(
    connection: &Connection,
    policy: Result<&ResolvedPolicy, &ResolveError>,
    known: &Known<'_>,
    at: Timestamp,
    settings: &ComplianceSettings,
) -> ConnectionReport {
    judge_by(connection, &mut Bench::new(policy, at, settings), known, at, &mut Validity::new(at, settings))
}

/// Judges one profile at an instant, which need not be saved: the window judges what is being edited.
#[must_use]
pub fn judge_profile(
    policy_id: &PolicyId,
    kind: ProfileKind,
    profile: &Profile,
    policy: Result<&ResolvedPolicy, &ResolveError>,
    known: &Known<'_>,
    at: Timestamp,
    settings: &ComplianceSettings,
) -> ProfileReport {
    let rules = &mut policy.map(|policy| Rules::new(policy, kind, at, settings));
    judged(policy_id, kind, &Evidence::new(profile, known, at), rules, at, &mut Validity::new(at, settings))
}

/// Judges many connections at an instant, each by the policy of its name in `policies`.
#[must_use]
pub fn check<'c>(
    connections: impl IntoIterator<Item = &'c Connection>,
    policies: &[Policy],
    known: &Known<'_>,
    at: Timestamp,
    settings: &ComplianceSettings,
) -> CheckReport {
    let connections: Vec<&Connection> = connections.into_iter().collect();
    let mut resolved: BTreeMap<&PolicyId, Result<ResolvedPolicy, ResolveError>> = BTreeMap::new();
    for connection in &connections {
        resolved.entry(&connection.policy).or_insert_with(|| resolve(&connection.policy, policies));
    }
    let mut benches: BTreeMap<&PolicyId, Bench<'_, '_>> =
        resolved.iter().map(|(id, policy)| (*id, Bench::new(policy.as_ref(), at, settings))).collect();
    let mut validity = Validity::new(at, settings);
    let connections: Vec<ConnectionReport> = connections
        .into_iter()
        .filter_map(|connection| {
            // Every policy has been resolved above, so there is none without its bench.
            let bench = benches.get_mut(&connection.policy)?;
            Some(judge_by(connection, bench, known, at, &mut validity))
        })
        .collect();
    CheckReport { at, status: Status::worst(connections.iter().map(|connection| connection.status)), connections }
}

/// A policy made ready for both kinds of profile, or why it is not to be had.
struct Bench<'r, 'x> {
    production: Result<Rules<'r, 'x>, &'r ResolveError>,
    test: Result<Rules<'r, 'x>, &'r ResolveError>,
}

impl<'r> Bench<'r, '_> {
    fn new(policy: Result<&'r ResolvedPolicy, &'r ResolveError>, at: Timestamp, settings: &ComplianceSettings) -> Self {
        let ready = |kind| policy.map(|policy| Rules::new(policy, kind, at, settings));
        Self { production: ready(ProfileKind::Production), test: ready(ProfileKind::Test) }
    }
}

fn judge_by<'x>(
    connection: &'x Connection,
    bench: &mut Bench<'_, 'x>,
    known: &'x Known<'_>,
    at: Timestamp,
    validity: &mut Validity<'x>,
) -> ConnectionReport {
    let profiles: Vec<ProfileReport> = connection
        .profiles()
        .map(|(kind, profile)| {
            let rules = match kind {
                ProfileKind::Production => &mut bench.production,
                ProfileKind::Test => &mut bench.test,
            };
            judged(&connection.policy, kind, &Evidence::new(profile, known, at), rules, at, validity)
        })
        .collect();
    ConnectionReport {
        id: connection.id.clone(),
        name: connection.name.clone(),
        policy: connection.policy.clone(),
        status: Status::worst(profiles.iter().map(|profile| profile.status)),
        profiles,
    }
}

fn judged<'x>(
    policy_id: &PolicyId,
    kind: ProfileKind,
    evidence: &Evidence<'x, '_>,
    rules: &mut Result<Rules<'_, 'x>, &ResolveError>,
    at: Timestamp,
    validity: &mut Validity<'x>,
) -> ProfileReport {
    match rules {
        Ok(rules) => {
            if let Some(told) = rules.told(evidence) {
                return told;
            }
            let verifying = evidence.verifying();
            let mut findings = Vec::with_capacity(24);
            rules.judge(evidence, &mut findings);
            let by_rules = findings.clone();
            for facts in verifying.iter().filter_map(|print| (evidence.known.certificates)(print)) {
                rules.judge_verifying(facts, &evidence.of_verifying(facts), &mut findings);
            }
            let findings = with_nature(evidence, findings, &verifying, validity);
            let mut report = ProfileReport::arranged(kind, findings.clone(), Cells::default());
            report.cells = cell::cells(evidence, &report.findings, true, at);
            rules.tell(evidence, &by_rules, findings, &report);
            report
        }
        Err(reason) => {
            let findings = vec![Arc::new(Finding::unresolved(policy_id, reason))];
            let findings = with_nature(evidence, findings, &evidence.verifying(), validity);
            let mut report = ProfileReport::arranged(kind, findings, Cells::default());
            report.cells = cell::cells(evidence, &report.findings, false, at);
            report
        }
    }
}

/// What the rules say, and beside it what is demanded by nature.
fn with_nature<'x>(
    evidence: &Evidence<'x, '_>,
    mut findings: Vec<Arc<Finding>>,
    verifying: &[Fingerprint],
    validity: &mut Validity<'x>,
) -> Vec<Arc<Finding>> {
    let by_rules = findings.len();
    validity.judge(evidence, &mut findings);
    validity.judge_verifying(verifying, evidence, &mut findings);
    // A certificate that is not there is one thing to say, not one for each rule about it.
    let by_nature = findings.get(by_rules..).unwrap_or_default();
    let absent: Vec<&'static str> =
        by_nature.iter().filter(|finding| finding.aspect == Some("available")).map(|finding| finding.setting).collect();
    if !absent.is_empty() {
        let mut index = 0;
        findings.retain(|finding| {
            index += 1;
            index > by_rules || finding.status != Status::Unknown || !absent.contains(&finding.setting)
        });
    }
    findings
}
