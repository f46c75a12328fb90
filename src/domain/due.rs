//! What will bite and does not yet: the due findings of all profiles, in the order in which they bite.

use jiff::Timestamp;
use serde::Serialize;

use super::compliance::{ConnectionReport, Finding, Status};
use super::identifier::{ConnectionId, ProfileKind};

/// A finding that becomes non-compliant at an instant unless something is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DueItem {
    /// When it bites.
    pub bites: Timestamp,
    /// Of which connection.
    pub connection: ConnectionId,
    /// The connection's name.
    pub name: String,
    /// Of which of its profiles.
    pub profile: ProfileKind,
    /// What it is about: as in findings.
    pub setting: &'static str,
    /// Which property of a certificate.
    pub aspect: Option<&'static str>,
    /// What is there.
    pub actual: String,
    /// What will be demanded.
    pub required: Option<String>,
    /// Why, as a sentence without full stop.
    pub reason: String,
}

impl DueItem {
    fn of(connection: &ConnectionReport, profile: ProfileKind, finding: &Finding) -> Option<Self> {
        let bites = finding.bites.filter(|_| matches!(finding.status, Status::Due | Status::Unknown))?;
        Some(Self {
            bites,
            connection: connection.id.clone(),
            name: connection.name.clone(),
            profile,
            setting: finding.setting,
            aspect: finding.aspect,
            actual: finding.actual.clone(),
            required: finding.required.as_deref().map(str::to_owned),
            reason: finding.reason.clone(),
        })
    }
}

/// A certificate that somebody has to do something about: it ends before long, or what follows it does, and nothing takes its
/// place in time.
#[must_use]
pub fn is_left_without_successor(finding: &Finding) -> bool {
    finding.status == Status::Due && finding.aspect == Some("validity") && finding.bites.is_some()
}

/// Whether a finding is due and provided for: what ends has a successor that takes its place in time.
#[must_use]
pub fn is_provided_for(finding: &Finding) -> bool {
    finding.status == Status::Due && finding.bites.is_none()
}

/// Whether anything at a connection is to be done before traffic is at risk: a required rule is broken, or a certificate ends
/// before long and nothing takes its place.
#[must_use]
pub fn needs_action(connection: &ConnectionReport) -> bool {
    connection.status == Status::NonCompliant
        || connection.profiles.iter().flat_map(|profile| &profile.findings).any(is_left_without_successor)
}

/// How many profiles are due and have nothing left to be done about it, because all that ends has a successor.
#[must_use]
pub fn provided_for<'r>(connections: impl IntoIterator<Item = &'r ConnectionReport>) -> usize {
    connections
        .into_iter()
        .flat_map(|connection| &connection.profiles)
        .filter(|profile| profile.status == Status::Due)
        .filter(|profile| profile.findings.iter().filter(|finding| finding.status == Status::Due).all(is_provided_for))
        .count()
}

/// Everything that is due, the next first; what cannot be judged but will be asked for is among it.
#[must_use]
pub fn due<'r>(connections: impl IntoIterator<Item = &'r ConnectionReport>) -> Vec<DueItem> {
    let mut found: Vec<DueItem> = connections
        .into_iter()
        .flat_map(|connection| connection.profiles.iter().map(move |profile| (connection, profile)))
        .flat_map(|(connection, profile)| {
            profile.findings.iter().filter_map(move |finding| DueItem::of(connection, profile.profile, finding))
        })
        .collect();
    found.sort_by(|a, b| {
        (a.bites, a.name.to_lowercase(), &a.connection, a.profile).cmp(&(
            b.bites,
            b.name.to_lowercase(),
            &b.connection,
            b.profile,
        ))
    });
    found
}
