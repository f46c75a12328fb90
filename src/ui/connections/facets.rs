//! What many connections are narrowed to and grouped by: customer, policy, tag, status. Which choices there are and how many
//! connections answer to each is worked out when the workspace or the question changes.

use std::collections::{BTreeMap, BTreeSet};

use egui::{Context, Id};
use serde::{Deserialize, Serialize};

use crate::app::engine::ConnectionState;
use crate::domain::compliance::Status;
use crate::domain::labels::folded;
use crate::domain::natural_order::{NaturalKey, natural};

/// So many connections, as one vendor has them, are looked through without any of this.
const FEW: usize = 20;

/// What connections have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Facet {
    /// For whom they are kept.
    Customer,
    /// The policy they are judged by.
    Policy,
    /// A word they are marked with.
    Tag,
    /// How they stand.
    Status,
}

impl Facet {
    /// All, in their order.
    pub(super) const ALL: [Self; 4] = [Self::Customer, Self::Policy, Self::Tag, Self::Status];

    /// Its name.
    #[must_use]
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Policy => "Policy",
            Self::Tag => "Tag",
            Self::Status => "Status",
        }
    }

    /// What those are called that have none.
    const fn none(self) -> &'static str {
        match self {
            Self::Tag => "No tag",
            _ => "No customer",
        }
    }
}

/// What a connection has of one facet: the key that it is compared by, empty where there is none, and what that is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// By what it is compared.
    pub key: String,
    /// What it is called.
    pub label: String,
}

/// What a connection has of each facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marks([Vec<Mark>; 4]);

impl Marks {
    /// Of a connection whose policy is called so.
    #[must_use]
    pub(super) fn of(state: &ConnectionState, policy: &str) -> Self {
        let connection = &state.connection;
        let mark = |key: &str, label: &str| Mark { key: key.to_owned(), label: label.to_owned() };
        let some = |facet: Facet, names: Vec<&str>| match names.as_slice() {
            [] => vec![mark("", facet.none())],
            names => names.iter().map(|name| mark(&folded(name), name)).collect(),
        };
        let status = state.report.status;
        Self([
            some(Facet::Customer, connection.customer.iter().map(|customer| customer.as_str()).collect()),
            vec![mark(connection.policy.as_str(), policy)],
            some(Facet::Tag, connection.tags.iter().collect()),
            vec![mark(status.as_str(), status.label())],
        ])
    }

    /// Those of one facet.
    #[must_use]
    pub(super) fn get(&self, facet: Facet) -> &[Mark] {
        self.0.get(facet as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether anybody has given it a customer or a tag.
    fn is_labelled(&self) -> bool {
        [Facet::Customer, Facet::Tag].iter().any(|facet| self.get(*facet).iter().any(|mark| !mark.key.is_empty()))
    }
}

/// Whether there is anything to be narrowed or grouped: few connections without customers and tags are seen at once.
#[must_use]
pub(super) fn is_needed<'m>(all: impl ExactSizeIterator<Item = &'m Marks>) -> bool {
    all.len() > FEW || all.into_iter().any(Marks::is_labelled)
}

/// The order of what is called so within a facet: by name, none last; statuses from the worst.
pub(super) type Rank = (bool, Option<Status>, NaturalKey, String);

/// Where a mark stands among those of its facet.
#[must_use]
pub(super) fn rank(facet: Facet, mark: &Mark) -> Rank {
    let status = (facet == Facet::Status).then(|| mark.key.parse().ok()).flatten();
    (mark.key.is_empty(), status, natural(&mark.label), mark.key.clone())
}

/// What the user has set and finds again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Of each facet the keys of which one is enough.
    set: BTreeMap<Facet, BTreeSet<String>>,
    /// What the rows are grouped by.
    group: Option<Facet>,
    /// The groups whose rows are hidden.
    folded: BTreeSet<String>,
}

impl Kept {
    /// As it was kept.
    pub(super) fn load(ctx: &Context) -> Self {
        ctx.data_mut(|data| data.get_persisted(Self::id())).unwrap_or_default()
    }

    /// Keeps it.
    pub(super) fn store(&self, ctx: &Context) {
        let kept = self.clone();
        ctx.data_mut(|data| data.insert_persisted(Self::id(), kept));
    }

    fn id() -> Id {
        Id::unique("matrix of connections")
    }

    /// Whether anything is narrowed.
    #[must_use]
    pub(super) fn narrows(&self) -> bool {
        !self.set.is_empty()
    }

    /// Whether one is set.
    #[must_use]
    pub(super) fn is_set(&self, facet: Facet, key: &str) -> bool {
        self.set.get(&facet).is_some_and(|keys| keys.contains(key))
    }

    /// How many of a facet are set.
    #[must_use]
    pub(super) fn count(&self, facet: Facet) -> usize {
        self.set.get(&facet).map_or(0, BTreeSet::len)
    }

    /// Sets one, or takes it back.
    pub(super) fn toggle(&mut self, facet: Facet, key: &str) {
        let keys = self.set.entry(facet).or_default();
        if !keys.remove(key) {
            keys.insert(key.to_owned());
        }
        if keys.is_empty() {
            self.set.remove(&facet);
        }
    }

    /// Takes all back that narrows.
    pub(super) fn clear(&mut self) {
        self.set.clear();
    }

    /// What the rows are grouped by.
    #[must_use]
    pub(super) const fn group(&self) -> Option<Facet> {
        self.group
    }

    /// Groups by something else; all groups are open then.
    pub(super) fn group_by(&mut self, facet: Option<Facet>) {
        self.group = facet;
        self.folded.clear();
    }

    /// Whether the rows of a group are hidden.
    #[must_use]
    pub(super) fn is_folded(&self, key: &str) -> bool {
        self.folded.contains(key)
    }

    /// Whether any group is hidden.
    #[must_use]
    pub(super) fn is_any_folded(&self) -> bool {
        !self.folded.is_empty()
    }

    /// Hides the rows of a group, or shows them again.
    pub(super) fn fold(&mut self, key: &str) {
        if !self.folded.remove(key) {
            self.folded.insert(key.to_owned());
        }
    }

    /// Hides the rows of these groups; of none of them shows all.
    pub(super) fn fold_all(&mut self, keys: impl Iterator<Item = String>) {
        self.folded = keys.collect();
    }

    /// Whether a connection answers to all that is set, but for one facet.
    #[must_use]
    pub(super) fn holds(&self, marks: &Marks, but: Option<Facet>) -> bool {
        self.set
            .iter()
            .filter(|(facet, _)| Some(**facet) != but)
            .all(|(facet, keys)| marks.get(*facet).iter().any(|mark| keys.contains(&mark.key)))
    }
}

/// One thing to be narrowed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FacetChoice {
    /// What it is.
    pub mark: Mark,
    /// How many connections would be left of those that answer to everything else.
    pub count: usize,
}

/// What can be chosen of each facet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Choices(BTreeMap<Facet, Vec<FacetChoice>>);

impl Choices {
    /// Of all connections, of which `found` says which answer to the search. What is set stays to be seen, however many answer.
    #[must_use]
    pub(super) fn new<'m>(all: impl Iterator<Item = (&'m Marks, bool)> + Clone, kept: &Kept) -> Self {
        let mut choices = BTreeMap::new();
        for facet in Facet::ALL {
            let mut known: BTreeMap<&str, (&Mark, usize)> = BTreeMap::new();
            for (marks, found) in all.clone() {
                let counts = found && kept.holds(marks, Some(facet));
                for mark in marks.get(facet) {
                    known.entry(&mark.key).or_insert((mark, 0)).1 += usize::from(counts);
                }
            }
            let gone = |key: &&String| !known.contains_key(key.as_str());
            let gone = kept.set.get(&facet).into_iter().flatten().filter(gone);
            let gone: Vec<FacetChoice> = gone
                .map(|key| {
                    let label = if key.is_empty() { facet.none().to_owned() } else { key.clone() };
                    FacetChoice { mark: Mark { key: key.clone(), label }, count: 0 }
                })
                .collect();
            let mut list: Vec<FacetChoice> = known
                .into_values()
                .filter(|(mark, count)| *count > 0 || kept.is_set(facet, &mark.key))
                .map(|(mark, count)| FacetChoice { mark: mark.clone(), count })
                .chain(gone)
                .collect();
            list.sort_by_cached_key(|choice| rank(facet, &choice.mark));
            choices.insert(facet, list);
        }
        Self(choices)
    }

    /// Those of one facet.
    #[must_use]
    pub(super) fn of(&self, facet: Facet) -> &[FacetChoice] {
        self.0.get(&facet).map_or(&[], Vec::as_slice)
    }

    /// Whether there is anything to choose of a facet.
    #[must_use]
    pub(super) fn is_of_use(&self, facet: Facet) -> bool {
        match facet {
            // Where nobody has any, those without are all there are.
            Facet::Customer | Facet::Tag => self.of(facet).iter().any(|choice| !choice.mark.key.is_empty()),
            Facet::Policy | Facet::Status => true,
        }
    }

    /// What is set, facet by facet.
    pub(super) fn chips<'a>(&'a self, kept: &'a Kept) -> impl Iterator<Item = (Facet, &'a Mark)> {
        Facet::ALL.into_iter().flat_map(move |facet| {
            let set = self.of(facet).iter().filter(move |choice| kept.is_set(facet, &choice.mark.key));
            set.map(move |choice| (facet, &choice.mark))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(customer: &str, policy: &str, tags: &[&str], status: Status) -> Marks {
        let mark = |facet: Facet, name: &str| {
            let label = if name.is_empty() { facet.none() } else { name };
            Mark { key: folded(name), label: label.to_owned() }
        };
        let tags = if tags.is_empty() { &[""] } else { tags };
        Marks([
            vec![mark(Facet::Customer, customer)],
            vec![mark(Facet::Policy, policy)],
            tags.iter().map(|tag| mark(Facet::Tag, tag)).collect(),
            vec![Mark { key: status.as_str().to_owned(), label: status.label().to_owned() }],
        ])
    }

    fn world() -> Vec<Marks> {
        vec![
            marks("Acme 10", "amazon", &["x12", "Urgent"], Status::NonCompliant),
            marks("Acme 2", "amazon", &["x12"], Status::Compliant),
            marks("acme 2", "modern", &[], Status::Due),
            marks("", "modern", &["urgent"], Status::Compliant),
        ]
    }

    fn counted(world: &[Marks], kept: &Kept, facet: Facet) -> Vec<(String, usize)> {
        let choices = Choices::new(world.iter().map(|marks| (marks, true)), kept);
        choices.of(facet).iter().map(|choice| (choice.mark.label.clone(), choice.count)).collect()
    }

    #[test]
    fn choices_are_in_natural_order_none_last_and_statuses_from_the_worst() {
        let (world, kept) = (world(), Kept::default());
        let told = |list: &[(&str, usize)]| list.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect::<Vec<_>>();
        let customers = counted(&world, &kept, Facet::Customer);
        assert_eq!(customers, told(&[("Acme 2", 2), ("Acme 10", 1), ("No customer", 1)]));
        assert_eq!(counted(&world, &kept, Facet::Tag), told(&[("Urgent", 2), ("x12", 2), ("No tag", 1)]));
        let statuses = counted(&world, &kept, Facet::Status);
        assert_eq!(statuses, told(&[("Non-compliant", 1), ("Due", 1), ("Compliant", 2)]));
    }

    #[test]
    fn a_choice_counts_what_would_be_left_and_what_is_set_stays_to_be_seen() {
        let world = world();
        let mut kept = Kept::default();
        kept.toggle(Facet::Customer, "acme 2");
        // The other facets count within it, its own as if it were not set.
        assert_eq!(counted(&world, &kept, Facet::Customer).len(), 3);
        assert_eq!(counted(&world, &kept, Facet::Policy), [("amazon".to_owned(), 1), ("modern".to_owned(), 1)]);
        kept.toggle(Facet::Status, "non-compliant");
        assert!(world.iter().all(|marks| !kept.holds(marks, None)));
        assert!(counted(&world, &kept, Facet::Status).contains(&("Non-compliant".to_owned(), 0)));
        // Of one facet one is enough.
        kept.toggle(Facet::Status, "due");
        assert_eq!(world.iter().filter(|marks| kept.holds(marks, None)).count(), 1);
        kept.toggle(Facet::Customer, "gone");
        let choices = Choices::new(world.iter().map(|marks| (marks, true)), &kept);
        let chips: Vec<&str> = choices.chips(&kept).map(|(_, mark)| mark.label.as_str()).collect();
        assert_eq!(chips, ["Acme 2", "gone", "Non-compliant", "Due"]);
        kept.clear();
        assert!(!kept.narrows());
    }

    #[test]
    fn few_connections_without_customers_need_none_of_it() {
        let plain = marks("", "modern", &[], Status::Compliant);
        assert!(!is_needed(vec![&plain; FEW].into_iter()));
        assert!(is_needed(vec![&plain; FEW + 1].into_iter()));
        assert!(is_needed([&plain, &marks("Acme", "modern", &[], Status::Compliant)].into_iter()));
        assert!(is_needed([&marks("", "modern", &["x12"], Status::Compliant)].into_iter()));
    }

    #[test]
    fn what_was_set_is_found_again() {
        let mut kept = Kept::default();
        kept.toggle(Facet::Tag, "x12");
        kept.group_by(Some(Facet::Customer));
        kept.fold("acme");
        let ctx = Context::default();
        kept.store(&ctx);
        assert_eq!(Kept::load(&ctx), kept);
        kept.group_by(Some(Facet::Status));
        assert!(!kept.is_any_folded());
    }
}
