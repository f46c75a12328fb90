//! Many connections: which of them are listed, and `connection set --where`, one change of all that have something in common.

use std::str::FromStr;

use serde::Serialize;

use super::table::Table;
use super::{Answer, Session, settings, words};
use crate::app::{AppError, ManyChange, ManyPlan};
use crate::domain::compliance::Status;
use crate::domain::connection_filter::ConnectionFilter;
use crate::domain::identifier::{PolicyId, ProfileKind};

/// In the place of a profile: both, as far as a connection has them.
const BOTH: &str = "both";

/// Which of the connections; of several words for one option one is enough.
#[derive(Debug, clap::Args)]
pub(super) struct FilterArguments {
    /// Only those that are kept for this customer; an empty name is for those that are kept for nobody
    #[arg(long, value_name = "NAME")]
    pub(super) customer: Vec<String>,
    /// Only those that are marked with this tag; an empty one is for those without
    #[arg(long, value_name = "TAG")]
    pub(super) tag: Vec<String>,
    /// Only those that are judged by this policy
    #[arg(long, value_name = "ID")]
    pub(super) policy: Vec<PolicyId>,
    /// Only those that stand so: non-compliant, unknown, due, advice, compliant or not-applicable
    #[arg(long, value_name = "STATUS")]
    pub(super) status: Vec<Status>,
}

impl From<FilterArguments> for ConnectionFilter {
    fn from(arguments: FilterArguments) -> Self {
        let FilterArguments { customer, tag, policy, status } = arguments;
        Self { customers: customer, tags: tag, policies: policy, statuses: status }
    }
}

/// What connections are to have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Customer(String),
    Tag(String),
    Policy(PolicyId),
    Status(Status),
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const KEYS: &str = "customer=NAME, tag=TAG, policy=ID or status=STATUS";
        let (key, value) = text.split_once('=').ok_or_else(|| format!("written {KEYS}"))?;
        let wrong = |error: &dyn std::fmt::Display| error.to_string();
        match key {
            "customer" => Ok(Self::Customer(value.to_owned())),
            "tag" => Ok(Self::Tag(value.to_owned())),
            "policy" => value.parse().map(Self::Policy).map_err(|error| wrong(&error)),
            "status" => value.parse().map(Self::Status).map_err(|error| wrong(&error)),
            _ => Err(format!("`{key}` is not one of {KEYS}")),
        }
    }
}

fn filter(conditions: Vec<Condition>) -> ConnectionFilter {
    let mut filter = ConnectionFilter::default();
    for condition in conditions {
        match condition {
            Condition::Customer(name) => filter.customers.push(name),
            Condition::Tag(tag) => filter.tags.push(tag),
            Condition::Policy(id) => filter.policies.push(id),
            Condition::Status(status) => filter.statuses.push(status),
        }
    }
    filter
}

#[derive(Serialize)]
struct ManyDocument<'a> {
    /// Whether nothing was changed.
    dry_run: bool,
    #[serde(flatten)]
    plan: &'a ManyPlan,
}

/// Reads the words, of which the first may be a profile or `both`.
fn change(words: &[String]) -> Result<ManyChange, AppError> {
    let (profiles, read) = match words.split_first() {
        Some((first, rest)) if first == BOTH => {
            // Read like those of one profile: they are of the same kind.
            let words: Vec<String> =
                std::iter::once(ProfileKind::Production.to_string()).chain(rest.iter().cloned()).collect();
            (Vec::new(), settings::read(&words)?)
        }
        _ => {
            let read = settings::read(words)?;
            (read.profile.into_iter().collect(), read)
        }
    };
    if read.password || !read.folders.is_empty() {
        return Err(AppError::new("a password and the folders of a profile belong to one connection")
            .hint("name the connection by its id instead of --where"));
    }
    let mut change = ManyChange { profiles, ..ManyChange::default() };
    match read.profile {
        None => change.own = read.changes,
        Some(_) => change.settings = read.changes,
    }
    Ok(change)
}

pub(super) async fn run(
    session: &Session,
    conditions: Vec<Condition>,
    words: &[String],
    dry_run: bool,
) -> Result<Answer, AppError> {
    let mut change = change(words)?;
    change.connections = session.app.connections_where(&filter(conditions)).await?;
    let plan =
        if dry_run { session.app.plan_many(&change).await? } else { session.app.change_many(&change).await?.plan };
    session.out.answer(&ManyDocument { dry_run, plan: &plan }, || told(&plan, dry_run));
    let open: Vec<&str> =
        plan.changed.iter().filter(|one| one.to == Status::NonCompliant).map(|one| one.id.as_str()).collect();
    if !open.is_empty() {
        session.out.warning(&format!("non-compliant then: {}", open.join(", ")));
    }
    Ok(Answer::of(plan.refused.is_empty()))
}

fn told(plan: &ManyPlan, dry_run: bool) -> String {
    let number = plan.changed.len();
    let noun = if number == 1 { "connection" } else { "connections" };
    let mut text = match (number, dry_run) {
        (0, true) => "Nothing would be changed".to_owned(),
        (0, false) => "Nothing was to be changed".to_owned(),
        (_, true) => format!("Would change {number} {noun}"),
        (_, false) => format!("Changed {number} {noun}"),
    };
    if !plan.unchanged.is_empty() {
        text.push_str(&format!("; {} as wished already", plan.unchanged.len()));
    }
    text.push('\n');
    if number > 0 {
        let mut table = Table::new(["Connection", "Profile", "Setting", "Was", "Is", "Status"]);
        for changed in &plan.changed {
            let standing = |status: Status| format!("{} {}", words::status(status), status.label());
            let mut status = standing(changed.to);
            if changed.from != changed.to {
                status = format!("{} → {status}", standing(changed.from));
            }
            for difference in &changed.differences {
                let profile = difference.profile.map_or("", ProfileKind::as_str);
                table.row([
                    changed.id.as_str(),
                    profile,
                    &difference.setting,
                    &difference.was,
                    &difference.is,
                    &std::mem::take(&mut status),
                ]);
            }
        }
        text.push('\n');
        text.push_str(&table.render());
    }
    if !plan.refused.is_empty() {
        text.push_str("\nCannot be changed so, and while one cannot, none is\n");
        let mut table = Table::new(["Connection", "Why"]);
        for refused in &plan.refused {
            table.row([refused.id.as_str(), &refused.reason]);
        }
        text.push_str(&table.render());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn conditions_make_a_filter() {
        let read = |text: &str| text.parse::<Condition>();
        let all = ["customer=Acme = Sons", "tag=x12", "customer=", "status=due", "policy=as2-modern"];
        let filter = filter(all.iter().map(|text| read(text).unwrap()).collect());
        assert_eq!(filter.customers, ["Acme = Sons", ""]);
        assert_eq!((filter.tags, filter.statuses), (words(&["x12"]), vec![Status::Due]));
        for (wrong, said) in [("acme", "written"), ("name=a", "`name`"), ("status=good", "good"), ("policy=A B", "`A`")]
        {
            let error = read(wrong).unwrap_err();
            assert!(error.contains(said), "{wrong}: {error}");
        }
    }

    #[test]
    fn both_profiles_or_one_are_meant_or_the_connection_itself() {
        let both = change(&words(&["both", "signing=sha512"])).unwrap();
        assert_eq!((both.profiles, both.settings.len(), both.own.len()), (Vec::new(), 1, 0));
        let test = change(&words(&["test", "signing=sha512"])).unwrap();
        assert_eq!((test.profiles, test.settings.len()), (vec![ProfileKind::Test], 1));
        let own = change(&words(&["policy=as2-modern", "tags+=a,b"])).unwrap();
        assert_eq!((own.settings.len(), own.own.len()), (0, 2));
        assert_eq!(own.own[1], ("tags+".to_owned(), "a,b".to_owned()));
        for wrong in [&["both"][..], &["test", "http_password=-"], &["test", "outbox=/out"], &["none"]] {
            assert!(change(&words(wrong)).is_err(), "{wrong:?}");
        }
    }
}
