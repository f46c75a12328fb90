//! What segments, documents and codes are called: read from `assets/documents/names.tsv`.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Standard;

const TABLE: &str = include_str!("../../../assets/documents/names.tsv");

type Names = HashMap<(&'static str, &'static str, &'static str), &'static str>;

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| {
                let mut columns = line.split('\t');
                let key = (columns.next()?, columns.next()?, columns.next()?);
                Some((key, columns.next()?))
            })
            .collect()
    })
}

fn name(standard: Standard, what: &str, code: &str) -> Option<&'static str> {
    names().get(&(standard.as_str(), what, code)).copied()
}

/// What a segment is called.
#[must_use]
pub fn segment(standard: Standard, tag: &str) -> Option<&'static str> {
    name(standard, "segment", tag)
}

/// What a transaction set or message is called.
#[must_use]
pub fn message(standard: Standard, kind: &str) -> Option<&'static str> {
    name(standard, "message", kind)
}

/// What a group of X12 holds, by GS01.
#[must_use]
pub fn group(kind: &str) -> Option<&'static str> {
    name(Standard::X12, "group", kind)
}

/// A code in words, as one that is not known where there are none.
#[must_use]
pub(super) fn code(standard: Standard, list: &str, code: &str) -> String {
    name(standard, list, code).map_or_else(|| format!("code {code}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_and_names_something_once() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(names().len(), lines, "a line is broken or there twice");
        assert_eq!(segment(Standard::X12, "BEG"), Some("Beginning of a purchase order"));
        assert_eq!(message(Standard::Edifact, "DESADV"), Some("Despatch advice"));
        assert_eq!(code(Standard::X12, "718", "I5"), "One or more segments in error against the implementation guide");
        assert_eq!(code(Standard::X12, "718", "77"), "code 77");
        assert_eq!(group("SH"), Some("Ship notice (856)"));
    }
}
