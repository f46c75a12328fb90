//! What a change of the rules does to the profiles: which stand otherwise afterwards, from what to what, and why.

use jiff::Timestamp;
use serde::Serialize;

use super::compliance::{self, ComplianceSettings, ConnectionReport, Finding, Known, ProfileReport, Status};
use super::connection::Connection;
use super::identifier::{ConnectionId, ProfileKind};
use super::policy::Policy;

/// A profile that stands otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusChange {
    /// Its connection.
    pub connection: ConnectionId,
    /// The connection's name.
    pub name: String,
    /// Which of its profiles.
    pub profile: ProfileKind,
    /// How it stood.
    pub from: Status,
    /// How it stands then.
    pub to: Status,
    /// Why, as a sentence without full stop: the worst of what is new, or of what is gone.
    pub reason: Option<String>,
}

/// What a change does to all profiles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatusChanges {
    /// Those that stand otherwise, the worst first, then by name.
    pub changes: Vec<StatusChange>,
    /// How many stand as before, but for other reasons.
    pub other_findings: usize,
    /// How many profiles were judged.
    pub judged: usize,
}

impl StatusChanges {
    /// Whether everything is judged as before.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.other_findings == 0
    }

    /// How many stand worse than before.
    #[must_use]
    pub fn worse(&self) -> usize {
        self.changes.iter().filter(|change| change.to < change.from).count()
    }
}

/// Judges all connections by the policies before and after, and tells the difference.
#[must_use]
pub fn by_policies(
    connections: &[Connection],
    before: &[Policy],
    after: &[Policy],
    known: &Known<'_>,
    at: Timestamp,
) -> StatusChanges {
    let judge = |policies| compliance::check(connections, policies, known, at, &ComplianceSettings::default());
    between(&judge(before).connections, &judge(after).connections)
}

/// Tells the difference between two judgements of the same connections.
#[must_use]
pub fn between(before: &[ConnectionReport], after: &[ConnectionReport]) -> StatusChanges {
    let mut told = StatusChanges::default();
    for (before, after) in before.iter().zip(after) {
        for (was, is) in before.profiles.iter().zip(&after.profiles) {
            told.judged += 1;
            if was.status != is.status {
                told.changes.push(StatusChange {
                    connection: after.id.clone(),
                    name: after.name.clone(),
                    profile: is.profile,
                    from: was.status,
                    to: is.status,
                    reason: reason(was, is),
                });
            } else if !alike(was, is) {
                told.other_findings += 1;
            }
        }
    }
    told.changes.sort_by(|a, b| (a.to, &a.name, a.profile).cmp(&(b.to, &b.name, b.profile)));
    told
}

/// Whether the same settings stand in the same way.
fn alike(was: &ProfileReport, is: &ProfileReport) -> bool {
    let told = |report: &ProfileReport| {
        let mut findings: Vec<_> = report.findings.iter().map(|one| (one.setting, one.aspect, one.status)).collect();
        findings.sort_unstable();
        findings
    };
    told(was) == told(is)
}

fn reason(was: &ProfileReport, is: &ProfileReport) -> Option<String> {
    // Where it is worse, what is new; where it is better, what weighed on it before.
    let (of, against) = if is.status < was.status { (is, was) } else { (was, is) };
    let new = |finding: &&Finding| {
        finding.status == of.status && !against.findings.iter().any(|other| other.reason == finding.reason)
    };
    of.findings.iter().find(new).map(|finding| finding.reason.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::compliance::Cells;

    fn report(profiles: &[(ProfileKind, &[(&'static str, Status)])]) -> ConnectionReport {
        let finding = |(setting, status): &(&'static str, Status)| Finding {
            setting,
            aspect: None,
            certificate: None,
            status: *status,
            actual: String::new(),
            required: None,
            since: None,
            severity: None,
            reason: format!("{setting} is {status}"),
            fix: None,
            source: None,
            quote: None,
            note: None,
            bites: None,
            stated_by: None,
            demand: None,
        };
        let profiles: Vec<ProfileReport> = profiles
            .iter()
            .map(|(profile, findings)| ProfileReport {
                profile: *profile,
                status: Status::worst(findings.iter().map(|(_, status)| *status)),
                findings: findings.iter().map(finding).collect(),
                cells: Cells::default(),
            })
            .collect();
        ConnectionReport {
            id: "acme".parse().unwrap(),
            name: "Acme".to_owned(),
            policy: "own".parse().unwrap(),
            status: Status::worst(profiles.iter().map(|profile| profile.status)),
            profiles,
        }
    }

    #[test]
    fn worse_and_better_are_told_with_their_reason_and_equal_with_other_findings_is_counted() {
        use ProfileKind::{Production, Test};
        let before = [
            report(&[(Production, &[("signing", Status::Compliant)]), (Test, &[("signing", Status::NonCompliant)])]),
            report(&[(Production, &[("mdn", Status::Advice)]), (Test, &[("mdn", Status::Compliant)])]),
        ];
        let after = [
            report(&[(Production, &[("signing", Status::NonCompliant)]), (Test, &[("signing", Status::Compliant)])]),
            report(&[
                (Production, &[("mdn", Status::Compliant), ("tls", Status::Advice)]),
                (Test, &[("mdn", Status::Compliant)]),
            ]),
        ];
        let told = between(&before, &after);
        assert_eq!((told.judged, told.changes.len(), told.other_findings, told.worse()), (4, 2, 1, 1));
        assert_eq!((told.changes[0].from, told.changes[0].to), (Status::Compliant, Status::NonCompliant));
        assert_eq!(told.changes[0].reason.as_deref(), Some("signing is non-compliant"));
        assert_eq!((told.changes[1].profile, told.changes[1].to), (Test, Status::Compliant));
        assert_eq!(told.changes[1].reason.as_deref(), Some("signing is non-compliant"));
        assert!(between(&before, &before).is_empty());
    }
}
