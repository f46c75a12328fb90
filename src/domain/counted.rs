//! Numbers with what is counted.

/// A number with its noun: `1 profile`, `2 profiles`, `2 entries`.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {}", plural_unless(number == 1, noun))
}

/// The noun as it stands after a number that is written otherwise.
#[must_use]
pub fn plural_unless(is_one: bool, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if is_one => noun.to_owned(),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        assert_eq!([0, 1, 2].map(|number| counted(number, "rule")), ["0 rules", "1 rule", "2 rules"]);
        assert_eq!([0, 1, 2].map(|number| counted(number, "entry")), ["0 entries", "1 entry", "2 entries"]);
        assert_eq!(counted(2, "day"), "2 days");
    }
}
