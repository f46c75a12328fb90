//! Judging connections by their policies at an instant.
//!
//! Pure: the instant, the policies and the facts of certificates are arguments. What cannot be judged is *unknown*,
//! never good. What the partner's rules do not mention but everyone needs (certificates that are there and valid) is
//! judged without any policy.

mod cell;
mod evidence;
mod fix;
mod report;
mod rule;
#[cfg(test)]
mod tests;
mod validity;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use cell::{Cell, Column};
pub use report::{CheckReport, ConnectionReport, Finding, Fix, ProfileReport, Status};

use super::certificate::{CertificateFacts, Fingerprint};
use super::connection::{Connection, Profile};
use super::identifier::{IdentityName, PolicyId, ProfileKind};
use super::policy::{Policy, ResolveError, ResolvedPolicy, resolve};
use evidence::Evidence;

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
    let profiles: Vec<ProfileReport> = connection
        .profiles()
        .map(|(kind, profile)| judge_profile(&connection.policy, kind, profile, policy, known, at, settings))
        .collect();
    ConnectionReport {
        id: connection.id.clone(),
        name: connection.name.clone(),
        policy: connection.policy.clone(),
        status: Status::worst(profiles.iter().map(|profile| profile.status)),
        profiles,
    }
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
    let evidence = Evidence { profile, known };
    let mut findings = match policy {
        Ok(policy) => rule::findings(policy, kind, &evidence, at, settings),
        Err(reason) => vec![Finding::unresolved(policy_id, reason)],
    };
    let by_nature = validity::findings(&evidence, at, settings);
    // A certificate that is not there is one thing to say, not one for each rule about it.
    let absent: Vec<&str> =
        by_nature.iter().filter(|finding| finding.aspect == Some("available")).map(|finding| finding.setting).collect();
    findings.retain(|finding| !(finding.status == Status::Unknown && absent.contains(&finding.setting)));
    findings.extend(by_nature);
    ProfileReport {
        profile: kind,
        status: Status::worst(findings.iter().map(|finding| finding.status)),
        cells: cell::cells(&evidence, &findings, policy.is_ok(), at),
        findings,
    }
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
    let mut resolved: BTreeMap<PolicyId, Result<ResolvedPolicy, ResolveError>> = BTreeMap::new();
    let connections: Vec<ConnectionReport> = connections
        .into_iter()
        .map(|connection| {
            let policy =
                resolved.entry(connection.policy.clone()).or_insert_with(|| resolve(&connection.policy, policies));
            judge(connection, policy.as_ref(), known, at, settings)
        })
        .collect();
    CheckReport { at, status: Status::worst(connections.iter().map(|connection| connection.status)), connections }
}
