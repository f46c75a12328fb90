//! Policies whose rules are not known, so that nobody can be judged by them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{About, Affected, Facts, Notice, NoticeKind, Reminding, Urgency, count};
use crate::domain::identifier::PolicyId;

/// One notice for each policy that some connection is to be judged by and that is not to be had.
pub(super) fn unread(facts: &Facts<'_, '_>, reminding: &Reminding, at: Timestamp) -> Vec<Notice> {
    let mut all: BTreeMap<&PolicyId, (&str, Vec<Affected>)> = BTreeMap::new();
    for connection in &facts.report.connections {
        if reminding.quiet.contains(&connection.id) {
            continue;
        }
        for profile in &connection.profiles {
            let Some(finding) = profile.findings.iter().find(|finding| finding.setting == "policy") else { continue };
            let affected = Affected { connection: connection.id.clone(), profile: profile.profile };
            all.entry(&connection.policy).or_insert_with(|| (finding.reason.as_str(), Vec::new())).1.push(affected);
        }
    }
    all.into_iter()
        .map(|(policy, (reason, mut profiles))| {
            profiles.sort();
            let (number, places) = (count(profiles.len(), "profile"), facts.places(&profiles));
            let text = format!(
                "{reason}. {number} cannot be judged, and what comes in has to be as strong as what is sent: {places}"
            );
            Notice::event(NoticeKind::PolicyUnread, policy.as_str(), Urgency::Urgent, at)
                .saying(
                    format!("The rules of the policy {policy} are not known"),
                    text,
                    format!("Mend the policy {policy}, or judge the connections by another one"),
                )
                .about(About { profiles, ..About::default() })
        })
        .collect()
}
