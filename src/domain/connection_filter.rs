//! Which of many connections are meant: by what they have in common.

use super::compliance::Status;
use super::connection::Connection;
use super::identifier::PolicyId;
use super::labels::folded;

/// What is asked for. Of several words of one kind one is enough; of several kinds each counts. Nothing asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFilter {
    /// Kept for one of these customers, whatever the capitals; an empty name is for those that are kept for nobody.
    pub customers: Vec<String>,
    /// Marked with one of these tags; an empty one is for those without.
    pub tags: Vec<String>,
    /// Judged by one of these policies.
    pub policies: Vec<PolicyId>,
    /// Standing so.
    pub statuses: Vec<Status>,
}

impl ConnectionFilter {
    /// Whether it asks for all.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.customers.is_empty() && self.tags.is_empty() && self.policies.is_empty() && self.statuses.is_empty()
    }

    /// Whether a connection that stands so is meant.
    #[must_use]
    pub fn matches(&self, connection: &Connection, status: Status) -> bool {
        let customer = connection.customer.as_ref().map(|name| folded(name.as_str())).unwrap_or_default();
        let has = |tag: &String| match tag.trim() {
            "" => connection.tags.is_empty(),
            tag => connection.tags.has(tag),
        };
        (self.customers.is_empty() || self.customers.iter().any(|name| folded(name) == customer))
            && (self.tags.is_empty() || self.tags.iter().any(has))
            && (self.policies.is_empty() || self.policies.contains(&connection.policy))
            && (self.statuses.is_empty() || self.statuses.contains(&status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_of_a_kind_is_enough_and_every_kind_counts() {
        let connection = |more: &str| -> Connection {
            toml::from_str(&format!("id = \"a\"\nname = \"A\"\npolicy = \"as2-modern\"\n{more}")).unwrap()
        };
        let acme = connection("customer = \"Acme Foods\"\ntags = [\"X12\", \"priority\"]\n");
        let nobody = connection("");
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let filter = |customers: &[&str], tags: &[&str], statuses: &[Status]| ConnectionFilter {
            customers: words(customers),
            tags: words(tags),
            policies: Vec::new(),
            statuses: statuses.to_vec(),
        };
        for (asked, of_acme, of_nobody) in [
            (filter(&[], &[], &[]), true, true),
            (filter(&["acme foods"], &[], &[]), true, false),
            (filter(&["Other", " ACME FOODS"], &[], &[]), true, false),
            (filter(&[""], &[], &[]), false, true),
            (filter(&[], &["x12"], &[]), true, false),
            (filter(&[], &[""], &[]), false, true),
            (filter(&["Acme Foods"], &["edifact"], &[]), false, false),
            (filter(&[], &[], &[Status::Due, Status::Advice]), true, true),
            (filter(&[], &[], &[Status::NonCompliant]), false, false),
        ] {
            assert_eq!(asked.matches(&acme, Status::Due), of_acme, "{asked:?}");
            assert_eq!(asked.matches(&nobody, Status::Due), of_nobody, "{asked:?}");
        }
        let policies = vec!["amazon-vendor-central".parse().unwrap()];
        assert!(!ConnectionFilter { policies, ..ConnectionFilter::default() }.matches(&acme, Status::Due));
    }
}
