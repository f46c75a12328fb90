//! The names that somebody most likely meant who wrote one that nothing has.

/// So many are named at most.
const MOST: usize = 3;

/// Those of some names that are most like one, the likest first; capitals make no difference.
#[must_use]
pub fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted: Vec<char> = given.to_lowercase().chars().collect();
    let allowed = (wanted.len() / 3).clamp(1, 4);
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let letters: Vec<char> = name.to_lowercase().chars().collect();
            let apart = apart(&wanted, &letters);
            // Half of a name is like all of it.
            let is_part = wanted.len() >= 3 && (has(&letters, &wanted) || has(&wanted, &letters));
            (apart <= allowed || is_part).then_some((apart, name))
        })
        .collect();
    found.sort();
    found.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// `did you mean a, b or c?`; nothing where no name is like it.
#[must_use]
pub fn did_you_mean<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let found = nearest(given, names);
    let (last, before) = found.split_last()?;
    Some(match before {
        [] => format!("did you mean {last}?"),
        before => format!("did you mean {} or {last}?", before.join(", ")),
    })
}

fn has(letters: &[char], part: &[char]) -> bool {
    !part.is_empty() && letters.windows(part.len()).any(|window| window == part)
}

/// How many letters have to be put in, left out, exchanged or swapped with their neighbour to make one of the other.
fn apart(one: &[char], other: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, against) in other.iter().enumerate() {
            let exchanged = last[column] + usize::from(letter != against);
            let mut least = exchanged.min(last[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *against {
                least = least.min(before_last[column - 1] + 1);
            }
            line.push(least);
        }
        before_last = std::mem::replace(&mut last, line);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likest_names_come_first_and_what_is_not_like_it_is_not_named() {
        let names = ["amazon-us", "amazon-de", "harbor", "northwind"];
        assert_eq!(nearest("amazon-su", names), ["amazon-us", "amazon-de"]);
        assert_eq!(nearest("Harbour", names), ["harbor"]);
        assert_eq!(nearest("amazon", names), ["amazon-de", "amazon-us"]);
        assert!(nearest("walmart", names).is_empty() && nearest("", names).is_empty());
        assert_eq!(did_you_mean("amazon", names).as_deref(), Some("did you mean amazon-de or amazon-us?"));
        assert_eq!(did_you_mean("nortwind", names).as_deref(), Some("did you mean northwind?"));
        assert_eq!(did_you_mean("x", names), None);
    }
}
