//! Rules that begin to bite, told before and at their date.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::certificate::urgency;
use super::{About, Affected, Facts, Notice, NoticeKind, Reminding, Steps, count, day};
use crate::domain::compliance::{Finding, Status};
use crate::domain::policy::Severity;

/// So many days after its date a broken rule is told of as one that has begun. Later it is what everybody sees in the
/// matrix, and no news.
const NEWS: i64 = 90 * 86_400;

/// Required rules that will be broken, or have begun to be: one notice for each, whoever breaks it.
pub(super) fn bites(facts: &Facts<'_, '_>, reminding: &Reminding, at: Timestamp) -> Vec<Notice> {
    let mut all: BTreeMap<(String, Timestamp), (&Finding, Vec<Affected>)> = BTreeMap::new();
    for connection in &facts.report.connections {
        if reminding.quiet.contains(&connection.id) {
            continue;
        }
        for profile in &connection.profiles {
            for finding in &profile.findings {
                let Some(when) = bites_at(finding, at) else { continue };
                let aspect = finding.aspect.map(|aspect| format!(".{aspect}")).unwrap_or_default();
                // Whoever inherits the rule, it is the rule of the policy that states it.
                let stated_by = finding.stated_by.as_ref().unwrap_or(&connection.policy);
                let matter = format!("{stated_by}:{}{aspect}", finding.setting);
                let affected = Affected { connection: connection.id.clone(), profile: profile.profile };
                all.entry((matter, when)).or_insert_with(|| (finding, Vec::new())).1.push(affected);
            }
        }
    }
    all.into_iter()
        .map(|((matter, when), (finding, profiles))| notice(facts, reminding, at, when, &matter, (finding, profiles)))
        .collect()
}

/// When a finding begins to bite, or began to, where that is to be told at all.
fn bites_at(finding: &Finding, at: Timestamp) -> Option<Timestamp> {
    // Certificates that end are told of as such.
    if finding.severity != Some(Severity::Required) || matches!(finding.aspect, Some("validity" | "available")) {
        return None;
    }
    match finding.status {
        Status::Due => finding.bites,
        Status::NonCompliant => {
            let since = finding.since?.instant();
            (at.as_second() - since.as_second() <= NEWS).then_some(since)
        }
        _ => None,
    }
}

fn notice(
    facts: &Facts<'_, '_>,
    reminding: &Reminding,
    at: Timestamp,
    when: Timestamp,
    matter: &str,
    (finding, mut profiles): (&Finding, Vec<Affected>),
) -> Notice {
    profiles.sort();
    profiles.dedup();
    let left = when.as_second() - at.as_second();
    let step = Steps::reached(reminding.steps.open(), left);
    let demand = finding.demand.as_deref().unwrap_or_default();
    let title = format!("{} {} {demand}", if left > 0 { "From" } else { "Since" }, day(when));
    let breaks = if left > 0 { "will not meet it" } else { "do not meet it" };
    let breaks = if profiles.len() == 1 { breaks.replace("do not", "does not") } else { breaks.to_owned() };
    let text = format!("{} {breaks}: {}", count(profiles.len(), "profile"), facts.places(&profiles));
    let remedy = match &finding.fix {
        Some(fix) => format!("Agree with the partner and set {} to {}", fix.setting, fix.value),
        None if finding.setting == "partner_certificate" => {
            "Ask the partner for a certificate that meets the rule and schedule it".to_owned()
        }
        None => "Look at the finding and agree with the partner on what is to change".to_owned(),
    };
    Notice {
        key: format!("{}:{matter}:{}", NoticeKind::RuleBites, when.as_second()),
        kind: NoticeKind::RuleBites,
        urgency: urgency(step),
        at: when,
        step,
        insistent: true,
        about: About { profiles, setting: Some(finding.setting.to_owned()), ..About::default() },
        title,
        text,
        remedy,
    }
}
