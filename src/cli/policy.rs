//! `policy`: the packs, their rules and sources, whether a file makes sense; one's own, from a file and to one; and two of
//! them side by side.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::json::PolicyDocument;
use super::table::{Table, labelled};
use super::{Answer, Session, words};
use crate::app::{AppError, Expected, PolicyChange, PolicySummary};
use crate::domain::identifier::PolicyId;
use crate::domain::policy::{PolicyKind, ResolvedPolicy, ResolvedRule, Rule};
use crate::domain::policy_comparison::{Differs, PolicyComparison, RulePair};
use crate::domain::status_change::{StatusChange, StatusChanges};

#[derive(Debug, clap::Subcommand)]
pub(super) enum PolicyCommand {
    /// List the policies
    List,
    /// Show a policy's rules with their dates and sources
    Show {
        /// The policy
        id: PolicyId,
    },
    /// Say whether a policy file makes sense
    Validate {
        /// The policy file
        file: PathBuf,
    },
    /// Keep the policy of a file in the workspace, and say which profiles stand otherwise by it
    Import {
        /// The policy file
        file: PathBuf,
        /// Put it in the place of the policy of that id
        #[arg(long)]
        replace: bool,
        /// Only say what it would change; nothing is saved
        #[arg(long)]
        dry_run: bool,
    },
    /// Write a policy as its file
    Export {
        /// The policy
        id: PolicyId,
        /// Write to this file instead of standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Remove an own policy that nothing uses
    Remove {
        /// The policy
        id: PolicyId,
    },
    /// Show what two policies demand differently, inherited rules included
    Diff {
        /// One policy
        a: PolicyId,
        /// The other
        b: PolicyId,
    },
}

#[derive(Serialize)]
struct ListDocument {
    policies: Vec<PolicySummary>,
}

#[derive(Serialize)]
struct ValidDocument<'a> {
    valid: bool,
    id: &'a str,
    rules: usize,
    warnings: &'a [String],
}

/// What `import` answers, and `remove` with `removed`.
#[derive(Serialize)]
struct ChangedDocument<'a> {
    id: &'a PolicyId,
    name: &'a str,
    saved: bool,
    replaced: bool,
    /// That importing it so is refused, because there is a policy of its id.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    needs_replace: bool,
    changes: &'a [StatusChange],
    other_findings: usize,
    judged: usize,
}

#[derive(Serialize)]
struct RemovedDocument<'a> {
    removed: &'a PolicyId,
    changes: &'a [StatusChange],
}

#[derive(Serialize)]
struct ExportDocument<'a> {
    id: &'a PolicyId,
    /// Where it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The policy file itself.
    toml: &'a str,
}

#[derive(Serialize)]
struct DiffDocument<'a> {
    a: Named<'a>,
    b: Named<'a>,
    different: Vec<PairDocument<'a>>,
    only_a: Vec<StatedDocument<'a>>,
    only_b: Vec<StatedDocument<'a>>,
    same: usize,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a PolicyId,
    name: &'a str,
}

#[derive(Serialize)]
struct PairDocument<'a> {
    setting: crate::domain::policy::Setting,
    differs: &'a [Differs],
    a: StatedDocument<'a>,
    b: StatedDocument<'a>,
}

#[derive(Serialize)]
struct StatedDocument<'a> {
    #[serde(flatten)]
    rule: &'a Rule,
    stated_by: &'a PolicyId,
}

impl<'a> From<&'a ResolvedRule> for StatedDocument<'a> {
    fn from(stated: &'a ResolvedRule) -> Self {
        Self { rule: &stated.rule, stated_by: &stated.stated_by }
    }
}

pub(super) async fn run(session: &Session, command: PolicyCommand) -> Result<Answer, AppError> {
    let app = &session.app;
    match command {
        PolicyCommand::List => {
            let policies = app.policy_list().await?;
            session.out.answer(&ListDocument { policies: policies.clone() }, || list(&policies));
            for policy in &policies {
                if let Some(fault) = &policy.fault {
                    session.out.aside(&format!(
                        "The file of {0} cannot be read, {fault}. `policy export {0}` writes it, `policy import FILE --replace` \
                         puts the mended one in its place",
                        policy.id
                    ));
                }
            }
        }
        PolicyCommand::Show { id } => {
            let policy = app.policy(&id).await?;
            session.out.answer(&PolicyDocument::from(&policy), || show(&policy, app.now()));
        }
        PolicyCommand::Validate { file } => {
            let policy = app.validate_policy(&file).await?;
            let warnings = app.policy_warnings(&policy);
            let (id, rules) = (policy.id.as_str(), policy.rules.len());
            let document = ValidDocument { valid: true, id, rules, warnings: &warnings };
            session.out.answer(&document, || {
                let inherits = policy.inherits.as_ref();
                let inherits = inherits.map_or_else(String::new, |id| format!(" of its own, and those of {id}"));
                format!("{} makes sense: {id}, {}{inherits}", file.display(), words::counted(rules, "rule"))
            });
            tell_warnings(session, &warnings);
        }
        PolicyCommand::Import { file, replace, dry_run: true } => {
            let seen = app.inspect_policy(&file).await?;
            let document = ChangedDocument {
                id: &seen.policy.id,
                name: &seen.policy.name,
                saved: false,
                replaced: seen.replaces.is_some(),
                needs_replace: seen.replaces.is_some() && !replace,
                changes: &seen.changes.changes,
                other_findings: seen.changes.other_findings,
                judged: seen.changes.judged,
            };
            session.out.answer(&document, || format!("{} makes sense; nothing was saved", seen.policy.id));
            if let Some(known) = seen.replaces.as_ref().filter(|_| !replace) {
                session.out.warning(&format!(
                    "there is a policy `{}`{} already: importing this one takes --replace, or another id",
                    known.policy.id,
                    if known.origin.is_own() { "" } else { " that comes with Countersign" }
                ));
            }
            tell_warnings(session, &seen.warnings);
            tell_changes(session, &seen.changes, "would stand");
        }
        PolicyCommand::Import { file, replace, dry_run: false } => {
            let seen = app.inspect_policy(&file).await?;
            let replaced = seen.replaces.is_some();
            let changed = app.import_policy(&file, replace).await?;
            session.out.answer(&ChangedDocument::of(&changed, replaced), || {
                format!("{} {}", if replaced { "Replaced" } else { "Imported" }, changed.id)
            });
            tell_warnings(session, &seen.warnings);
            tell_changes(session, &changed.changes, "stand");
        }
        PolicyCommand::Export { id, output } => {
            let toml = app.export_policy(&id).await?;
            let file = session.write_if_asked(output.as_deref(), &toml)?;
            let document = ExportDocument { id: &id, file: file.clone(), toml: &toml };
            session.out.answer(&document, || file.map_or_else(|| toml.clone(), |path| format!("Written to {path}")));
        }
        PolicyCommand::Remove { id } => {
            let changed = app.remove_policy(&id, &Expected::Anything).await?;
            let document = RemovedDocument { removed: &id, changes: &changed.changes.changes };
            session.out.answer(&document, || format!("Removed {id}"));
            tell_changes(session, &changed.changes, "stand");
        }
        PolicyCommand::Diff { a, b } => {
            let (one, other) = (app.policy(&a).await?, app.policy(&b).await?);
            let found = app.compare_policies(&a, &b).await?;
            let document = DiffDocument {
                a: Named { id: &a, name: &one.name },
                b: Named { id: &b, name: &other.name },
                different: found.different.iter().map(PairDocument::from).collect(),
                only_a: found.only_a.iter().map(StatedDocument::from).collect(),
                only_b: found.only_b.iter().map(StatedDocument::from).collect(),
                same: found.same.len(),
            };
            session.out.answer(&document, || diff(&found, &one.name, &other.name, app.now()));
        }
    }
    Ok(Answer::Yes)
}

impl<'a> ChangedDocument<'a> {
    fn of(changed: &'a PolicyChange, replaced: bool) -> Self {
        Self {
            id: &changed.id,
            name: &changed.name,
            saved: true,
            replaced,
            needs_replace: false,
            changes: &changed.changes.changes,
            other_findings: changed.changes.other_findings,
            judged: changed.changes.judged,
        }
    }
}

impl<'a> From<&'a RulePair> for PairDocument<'a> {
    fn from(pair: &'a RulePair) -> Self {
        Self { setting: pair.a.rule.setting, differs: &pair.differs, a: (&pair.a).into(), b: (&pair.b).into() }
    }
}

/// What is odd in a policy, on standard error.
fn tell_warnings(session: &Session, warnings: &[String]) {
    for warning in warnings {
        session.out.warning(warning);
    }
}

/// Which profiles stand otherwise, a line for each, on standard error.
fn tell_changes(session: &Session, changes: &StatusChanges, verb: &str) {
    for change in &changes.changes {
        session.out.aside(&super::output::line(&changed(change)));
    }
    if changes.other_findings > 0 {
        let number = words::counted(changes.other_findings, "profile");
        session.out.aside(&format!("{number} {verb} as before, but for other reasons"));
    }
    if changes.is_empty() && changes.judged > 0 {
        session.out.aside(&format!("All {} {verb} as before", words::counted(changes.judged, "profile")));
    }
}

/// `amazon-us production  ✓ Compliant → ✗ Non-compliant. Amazon requires …`.
fn changed(change: &StatusChange) -> String {
    let status = |status| format!("{} {}", words::status(status), status.label());
    let reason = change.reason.as_deref().map(|reason| format!(". {reason}")).unwrap_or_default();
    format!("{} {}  {} → {}{reason}", change.connection, change.profile, status(change.from), status(change.to))
}

fn diff(found: &PolicyComparison, a: &str, b: &str, now: Timestamp) -> String {
    let mut text = String::new();
    if !found.different.is_empty() {
        let mut table = Table::new(["Different", a, b]);
        for pair in &found.different {
            table.row([pair.a.rule.setting.to_string(), demand(&pair.a.rule, now), demand(&pair.b.rule, now)]);
        }
        text.push_str(&table.render());
    }
    for (name, rules) in [(a, &found.only_a), (b, &found.only_b)] {
        if rules.is_empty() {
            continue;
        }
        let mut table = Table::new([format!("Only {name}"), String::new()]);
        for stated in rules {
            table.row([stated.rule.setting.to_string(), demand(&stated.rule, now)]);
        }
        let gap = if text.is_empty() { "" } else { "\n" };
        text.push_str(&format!("{gap}{}", table.render()));
    }
    let same = words::counted(found.same.len(), "rule");
    if text.is_empty() {
        return format!("Both demand the same: {same}\n");
    }
    format!("{text}\n{same} the same\n")
}

/// `required AES-128 or stronger, both, since 15 Oct 2019`.
fn demand(rule: &Rule, now: Timestamp) -> String {
    let until = rule.until.map_or_else(String::new, |until| format!(" until {}", until.in_words()));
    format!(
        "{} {}, {}, {}{until}",
        rule.severity,
        rule.requirement.label(rule.setting),
        rule.applies_to,
        begins(rule, now)
    )
}

fn list(policies: &[PolicySummary]) -> String {
    let mut table = Table::new(["Id", "Name", "Kind", "Kept", "Rules", "Connections", "Checked"]);
    for policy in policies {
        table.row([
            policy.id.to_string(),
            policy.name.clone(),
            policy.kind.to_string(),
            policy.origin.to_string(),
            rules(policy),
            policy.connections.to_string(),
            policy.updated.map_or_else(String::new, |day| day.to_string()),
        ]);
    }
    table.render()
}

/// `14`, `20, 14 inherited`, `14, all inherited: a template`.
fn rules(policy: &PolicySummary) -> String {
    match (&policy.fault, policy.inherited) {
        (Some(_), _) => "unreadable".to_owned(),
        (None, inherited) if policy.kind == PolicyKind::Template && inherited == policy.rules => {
            format!("{inherited}, all inherited: a template")
        }
        (None, 0) => policy.rules.to_string(),
        (None, inherited) => format!("{}, {inherited} inherited", policy.rules),
    }
}

/// `since 15 Oct 2019`, `from 1 Jan 2027`: whether it holds already or is to come.
fn begins(rule: &Rule, now: Timestamp) -> String {
    let word = if rule.from.instant() <= now { "since" } else { "from" };
    format!("{word} {}", rule.from.in_words())
}

fn show(policy: &ResolvedPolicy, now: Timestamp) -> String {
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
            ("In force", Some(format!("{}{until}", begins(rule, now)))),
            ("Said", Some(rule.quote.clone())),
            ("Source", Some(rule.source.clone())),
            ("Checked", Some(rule.checked.to_string())),
            ("Stated by", (resolved.stated_by != policy.id).then(|| resolved.stated_by_name.clone())),
        ];
        text.push_str(&labelled(details.into_iter().filter_map(|(label, value)| Some((label, value?))), "  "));
    }
    text
}
