//! `policy`: the packs, their rules and sources, and whether a file makes sense.

use serde::Serialize;

use super::arguments::PolicyCommand;
use super::json::PolicyDocument;
use super::table::{Table, labelled};
use super::{Answer, Session, words};
use crate::app::{AppError, PolicySummary};
use crate::domain::policy::ResolvedPolicy;

#[derive(Serialize)]
struct ListDocument {
    policies: Vec<PolicySummary>,
}

#[derive(Serialize)]
struct ValidDocument<'a> {
    valid: bool,
    id: &'a str,
    rules: usize,
}

pub(super) async fn run(session: &Session, command: PolicyCommand) -> Result<Answer, AppError> {
    match command {
        PolicyCommand::List => {
            let policies = session.app.policy_list().await?;
            session.out.answer(&ListDocument { policies: policies.clone() }, || list(&policies));
        }
        PolicyCommand::Show { id } => {
            let policy = session.app.policy(&id).await?;
            session.out.answer(&PolicyDocument::from(&policy), || show(&policy));
        }
        PolicyCommand::Validate { file } => {
            let policy = session.app.validate_policy(&file).await?;
            let document = ValidDocument { valid: true, id: policy.id.as_str(), rules: policy.rules.len() };
            session.out.answer(&document, || {
                format!("{} makes sense: {}, {}", file.display(), policy.id, words::counted(policy.rules.len(), "rule"))
            });
        }
    }
    Ok(Answer::Yes)
}

fn list(policies: &[PolicySummary]) -> String {
    let mut table = Table::new(["Id", "Name", "Kind", "Rules", "Checked"]);
    for policy in policies {
        table.row([
            policy.id.to_string(),
            policy.name.clone(),
            policy.kind.to_string(),
            policy.rules.to_string(),
            policy.updated.map_or_else(String::new, |day| day.to_string()),
        ]);
    }
    table.render()
}

fn show(policy: &ResolvedPolicy) -> String {
    let inherited = policy.rules.iter().filter(|resolved| resolved.stated_by != policy.id).count();
    let own = words::counted(policy.rules.len() - inherited, "rule");
    let inherits: Vec<String> = policy.inherits.iter().map(ToString::to_string).collect();
    let head = [
        ("Id", Some(policy.id.to_string())),
        ("Name", Some(policy.name.clone())),
        ("Kind", Some(format!("{} · {}", policy.kind, policy.kind.in_words()))),
        ("Rules", Some(if inherited == 0 { own } else { format!("{own}, and {inherited} inherited") })),
        ("Inherits", (!inherits.is_empty()).then(|| inherits.join(", which inherits "))),
        ("Checked", policy.updated.map(|day| day.to_string())),
        ("Portal", policy.portal.clone()),
        ("Notes", policy.notes.clone()),
    ];
    let mut text = labelled(head.into_iter().filter_map(|(label, value)| Some((label, value?))), "");
    for resolved in &policy.rules {
        let rule = &resolved.rule;
        text.push_str(&format!("\n{}: {}\n", rule.setting, rule.requirement.label(rule.setting)));
        let until = rule.until.map_or_else(String::new, |until| format!(" until {}", until.in_words()));
        let direction = rule.direction.map_or_else(String::new, |direction| format!(", {direction}"));
        let details = [
            ("Weight", Some(format!("{}, {}{direction}", rule.severity, rule.applies_to))),
            ("In force", Some(format!("since {}{until}", rule.from.in_words()))),
            ("Said", Some(rule.quote.clone())),
            ("Source", Some(rule.source.clone())),
            ("Checked", Some(rule.checked.to_string())),
            ("Stated by", (resolved.stated_by != policy.id).then(|| resolved.stated_by_name.clone())),
        ];
        text.push_str(&labelled(details.into_iter().filter_map(|(label, value)| Some((label, value?))), "  "));
    }
    text
}
