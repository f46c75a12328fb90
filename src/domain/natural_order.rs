//! The order in which people expect names: `Partner 2` before `Partner 10`, whatever the capitals.

/// What a name is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NaturalKey(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    /// A number: how many digits it has without leading zeros, and these.
    Number(usize, String),
    /// What stands between numbers, in small letters.
    Text(String),
}

/// What a name is sorted by.
#[must_use]
pub fn natural(name: &str) -> NaturalKey {
    let mut parts: Vec<Part> = Vec::new();
    let mut run = String::new();
    let mut in_number = false;
    let mut end = |run: &mut String, in_number: bool| {
        if run.is_empty() {
            return;
        }
        let text = std::mem::take(run);
        parts.push(if in_number {
            let digits = text.trim_start_matches('0');
            Part::Number(digits.len(), digits.to_owned())
        } else {
            Part::Text(text)
        });
    };
    for letter in name.to_lowercase().chars() {
        let digit = letter.is_ascii_digit();
        if digit != in_number {
            end(&mut run, in_number);
            in_number = digit;
        }
        run.push(letter);
    }
    end(&mut run, in_number);
    NaturalKey(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(names: &[&'static str]) -> Vec<&'static str> {
        let mut names = names.to_vec();
        names.sort_by_cached_key(|name| natural(name));
        names
    }

    #[test]
    fn numbers_in_names_are_compared_as_numbers() {
        let expected = ["acme", "Partner 2", "partner 2 west", "Partner 10", "Partner 010 b", "Partner x", "zeta"];
        let mut shuffled = expected;
        shuffled.reverse();
        assert_eq!(sorted(&shuffled), expected);
        assert_eq!(sorted(&["b", "7-Eleven", "12 Oaks", ""]), ["", "7-Eleven", "12 Oaks", "b"]);
        // Longer than any number that a processor counts with.
        assert_eq!(
            sorted(&["a 100000000000000000000000000000000000000001", "a 99999999999999999999999999999999999999999"])[0],
            "a 99999999999999999999999999999999999999999"
        );
    }
}
