//! Known AS2 software: how it is recognised, what it is known for, which settings help with it.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

const FILE: &str = include_str!("../../../assets/knowledge/software.toml");

/// The most characters of what software says of itself that are quoted.
const MOST: usize = 120;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "for who reads the file")]
    title: String,
    software: Vec<Software>,
}

/// A product.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Software {
    /// Its name, for looking it up.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// Words by which it is recognised, in lower case.
    pub holds: Vec<String>,
    /// Parts of AS2 identifiers by which it is guessed, in lower case.
    #[serde(default)]
    pub identifiers: Vec<String>,
    /// What it says of itself, for example.
    pub example: String,
    /// What it is known for.
    pub knows: Vec<String>,
    /// Settings that help.
    pub switches: Vec<Switch>,
    /// Where that stands, or where it was seen.
    pub source: String,
}

/// A setting that helps with a product.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Its key in the connection file.
    pub setting: String,
    /// The value that helps.
    pub value: String,
    /// The values that it helps instead of; any other where none is named.
    #[serde(default)]
    pub instead_of: Vec<String>,
    /// What has to be so of what was sent.
    #[serde(default)]
    pub when: Option<String>,
    /// Why.
    pub why: String,
}

impl Switch {
    /// Whether it changes anything where the setting stands at a value.
    #[must_use]
    pub fn changes(&self, value: &str) -> bool {
        if self.instead_of.is_empty() { value != self.value } else { self.instead_of.iter().any(|one| one == value) }
    }
}

/// Software that was recognised.
#[derive(Clone, Copy, Debug)]
pub struct Recognised<'a> {
    /// Which.
    pub software: &'static Software,
    /// By which header or field; nothing where it was guessed by its AS2 identifier.
    pub by: Option<(&'a str, &'a str)>,
}

impl Recognised<'_> {
    /// That it was recognised, and by what.
    #[must_use]
    pub fn in_words(&self) -> String {
        let name = &self.software.name;
        match self.by {
            Some((field, said)) => {
                let said: String = said.chars().filter(|each| !each.is_control() && *each != '`').take(MOST).collect();
                format!("The partner runs {name}: its {field} says `{said}`")
            }
            None => format!("The partner may run {name}, by its AS2 identifier"),
        }
    }
}

/// All products that are known.
#[must_use]
pub fn software() -> &'static [Software] {
    // That the file is readable is held by a test.
    static READ: LazyLock<File> = LazyLock::new(|| toml::from_str(FILE).unwrap_or_default());
    &READ.software
}

/// The product that speaks of itself in some header or field, else the one that an AS2 identifier points to.
#[must_use]
pub fn recognise<'a>(said: &'a [(String, String)], as2_id: &str) -> Option<Recognised<'a>> {
    let named = said.iter().find_map(|(field, text)| {
        let lower = text.to_lowercase();
        let found = software().iter().find(|each| each.holds.iter().any(|word| lower.contains(word.as_str())))?;
        Some(Recognised { software: found, by: Some((field.as_str(), text.as_str())) })
    });
    named.or_else(|| {
        let lower = as2_id.to_lowercase();
        let found = software().iter().find(|each| each.identifiers.iter().any(|word| lower.contains(word.as_str())))?;
        Some(Recognised { software: found, by: None })
    })
}
