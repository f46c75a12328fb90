//! The lines of the matrix: the rows of connections, and the headings of the groups that they stand in. Made anew only when
//! the workspace or the question has changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facets::{Facet, Kept, Mark, Rank, rank};
use super::rows::{Prepared, Row};
use crate::domain::compliance::Status;
use crate::ui::moment::count;

/// A line of the matrix.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// The heading of a group.
    Group(Arc<Group>),
    /// A profile's row. The number is the group's where a connection may stand in several, so that its rows are told apart.
    Row(Arc<Row>, usize),
}

impl Line {
    /// The row, where it is one.
    #[must_use]
    pub(super) fn row(&self) -> Option<&Arc<Row>> {
        match self {
            Self::Row(row, _) => Some(row),
            Self::Group(_) => None,
        }
    }

    /// What it begins with.
    #[must_use]
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Row(row, _) => &row.name,
            Self::Group(group) => &group.mark.label,
        }
    }
}

/// A group of connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// By what it is told apart from others.
    pub facet: Facet,
    /// What its connections have in common.
    pub mark: Mark,
    /// How many they are, in words.
    pub size: String,
    /// How the worst of them stands.
    pub worst: Status,
    /// The same in words, with how many stand so.
    pub worst_words: String,
    /// Whether their rows are shown.
    pub open: bool,
    /// The whole heading in a sentence, for screen readers.
    pub sentence: String,
}

impl Group {
    fn new(facet: Facet, mark: &Mark, members: &[&Prepared], open: bool) -> Self {
        let worst = Status::worst(members.iter().map(|member| member.status));
        let so = members.iter().filter(|member| member.status == worst).count();
        let size = count(members.len(), "connection");
        let worst_words = if so == members.len() {
            worst.label().to_owned()
        } else {
            format!("{so} {}", worst.label().to_lowercase())
        };
        let what = if mark.key.is_empty() { String::new() } else { format!("{} ", facet.label()) };
        let sentence = format!("{what}{}, {size}, {worst_words}", mark.label);
        Self { facet, mark: mark.clone(), size, worst, worst_words, open, sentence }
    }
}

/// The lines of connections in their order, with headings where they are grouped.
#[must_use]
pub(super) fn lines(shown: &[&Prepared], kept: &Kept) -> Vec<Line> {
    let Some(facet) = kept.group() else {
        return shown.iter().flat_map(|connection| rows(connection, 0)).collect();
    };
    let mut groups: BTreeMap<Rank, (&Mark, Vec<&Prepared>)> = BTreeMap::new();
    for connection in shown {
        for mark in connection.marks.get(facet) {
            // Of what is set, not also the other tags that these connections have.
            if kept.count(facet) == 0 || kept.is_set(facet, &mark.key) {
                groups.entry(rank(facet, mark)).or_insert((mark, Vec::new())).1.push(connection);
            }
        }
    }
    let mut lines = Vec::new();
    for (place, (mark, members)) in groups.into_values().enumerate() {
        let open = !kept.is_folded(&mark.key);
        lines.push(Line::Group(Arc::new(Group::new(facet, mark, &members, open))));
        if open {
            let number = if facet == Facet::Tag { place } else { 0 };
            lines.extend(members.into_iter().flat_map(|connection| rows(connection, number)));
        }
    }
    lines
}

fn rows(connection: &Prepared, number: usize) -> impl Iterator<Item = Line> {
    connection.rows.iter().map(move |row| Line::Row(Arc::clone(row), number))
}

#[cfg(test)]
mod tests {
    use super::super::rows::testing::prepared;
    use super::*;

    fn told(lines: &[Line]) -> Vec<String> {
        let tell = |line: &Line| match line {
            Line::Group(group) => group.sentence.clone(),
            Line::Row(row, number) => format!("{} {number}", row.name),
        };
        lines.iter().map(tell).collect()
    }

    #[test]
    fn connections_stand_under_what_they_have_in_common() {
        let all = [
            prepared("B", Some("Acme 10"), &["x12"], Status::Due),
            prepared("A", Some("acme 2"), &["x12", "new"], Status::Compliant),
            prepared("C", None, &[], Status::NonCompliant),
            prepared("D", Some("Acme 2"), &[], Status::NonCompliant),
        ];
        let shown: Vec<&Prepared> = all.iter().collect();
        let mut kept = Kept::default();
        assert_eq!(told(&lines(&shown, &kept)), ["B 0", "A 0", "C 0", "D 0"]);
        kept.group_by(Some(Facet::Customer));
        let grouped = told(&lines(&shown, &kept));
        let expected = [
            "Customer acme 2, 2 connections, 1 non-compliant",
            "A 0",
            "D 0",
            "Customer Acme 10, 1 connection, Due",
            "B 0",
            "No customer, 1 connection, Non-compliant",
            "C 0",
        ];
        assert_eq!(grouped, expected);
        kept.fold("acme 2");
        assert_eq!(told(&lines(&shown, &kept)).len(), 5);
        kept.group_by(Some(Facet::Status));
        let heads = told(&lines(&shown, &kept));
        assert_eq!(
            heads.iter().filter(|line| line.starts_with("Status")).collect::<Vec<_>>(),
            [
                "Status Non-compliant, 2 connections, Non-compliant",
                "Status Due, 1 connection, Due",
                "Status Compliant, 1 connection, Compliant"
            ]
        );
    }

    #[test]
    fn a_connection_with_several_tags_stands_under_each_that_is_asked_for() {
        let all =
            [prepared("A", None, &["x12", "new"], Status::Compliant), prepared("B", None, &["x12"], Status::Compliant)];
        let shown: Vec<&Prepared> = all.iter().collect();
        let mut kept = Kept::default();
        kept.group_by(Some(Facet::Tag));
        // Its rows are told apart by the number of the group.
        let expected = ["Tag new, 1 connection, Compliant", "A 0", "Tag x12, 2 connections, Compliant", "A 1", "B 1"];
        assert_eq!(told(&lines(&shown, &kept)), expected);
        kept.toggle(Facet::Tag, "x12");
        assert_eq!(told(&lines(&shown, &kept)), ["Tag x12, 2 connections, Compliant", "A 0", "B 0"]);
    }
}
