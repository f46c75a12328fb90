//! What the program is made from, and under which licences: `assets/licences.txt`, which `.ci/licences` writes.

use std::sync::LazyLock;

use serde::Serialize;

/// All of it, as it is written.
const ALL: &str = include_str!("../../assets/licences.txt");

static PARSED: LazyLock<Vec<Licence>> = LazyLock::new(|| parse(ALL));

/// Under which licence a part is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Licence {
    /// The crate, font or other part.
    pub name: &'static str,
    /// Its version; a dash where it has none of its own.
    pub version: &'static str,
    /// The licence, by its SPDX name.
    pub licence: &'static str,
    /// Who holds the copyright, line by line.
    pub copyright: Vec<&'static str>,
    /// The text of the licence, or the texts one after the other.
    pub text: String,
}

impl Licence {
    /// What has to go with the part: who holds the copyright, and the text.
    #[must_use]
    pub fn notice(&self) -> String {
        let holders = self.copyright.join("\n");
        if holders.is_empty() { self.text.clone() } else { format!("{holders}\n\n{}", self.text) }
    }
}

/// Every part that the program is made from, sorted by name.
#[must_use]
pub fn licences() -> &'static [Licence] {
    &PARSED
}

/// All of it as one text, each licence's text once.
#[must_use]
pub const fn licences_text() -> &'static str {
    ALL
}

/// Reads lines `* name version  licence  numbers of texts`, the lines of copyright under each, and the texts after them.
fn parse(all: &'static str) -> Vec<Licence> {
    let mut texts: Vec<String> = Vec::new();
    let mut parts: Vec<(Licence, Vec<usize>)> = Vec::new();
    for line in all.lines() {
        let next = texts.len() + 1;
        if line.strip_prefix("=== ").and_then(|number| number.parse().ok()) == Some(next) {
            texts.push(String::new());
        } else if let Some(text) = texts.last_mut() {
            text.push_str(line);
            text.push('\n');
        } else if let Some(part) = line.strip_prefix("* ") {
            parts.extend(part_of(part));
        } else if let (Some(holder), Some((part, _))) = (line.strip_prefix("  "), parts.last_mut()) {
            part.copyright.push(holder);
        }
    }
    let with_text = |(mut part, numbers): (Licence, Vec<usize>)| {
        let used = numbers.iter().filter_map(|number| texts.get(number.checked_sub(1)?));
        part.text = used.map(|text| text.trim_matches('\n')).collect::<Vec<_>>().join("\n\n");
        part
    };
    parts.into_iter().map(with_text).collect()
}

fn part_of(line: &'static str) -> Option<(Licence, Vec<usize>)> {
    let mut columns = line.split("  ");
    let (name, version) = columns.next()?.rsplit_once(' ')?;
    let licence = columns.next()?;
    let numbers = columns.next()?.split(',').filter_map(|number| number.parse().ok()).collect();
    Some((Licence { name, version, licence, copyright: Vec::new(), text: String::new() }, numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_licence_with_its_text() {
        let all = licences();
        assert!(all.len() > 100);
        for part in all {
            assert!(part.text.len() > 400, "{} {}: {}", part.name, part.version, part.text);
        }
        let egui = all.iter().find(|part| part.name == "egui").unwrap();
        assert_eq!(egui.licence, "MIT");
        assert!(egui.notice().starts_with("Copyright (c)") && egui.text.contains("THE SOFTWARE IS PROVIDED \"AS IS\""));
        let aws = all.iter().find(|part| part.name == "aws-lc-sys").unwrap();
        assert!(aws.text.contains("OpenSSL") && aws.text.contains("Apache License"), "{}", aws.text);
    }
}
