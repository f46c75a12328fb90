//! Looking something up without a failure: by its key, a status, a disposition from a partner's mail, or words.

use serde::Serialize;

use super::software::Software;
use super::wording::in_general;
use super::{Entry, Family, families, of_disposition, of_reason, of_status, software};
use crate::domain::diagnosis::Blame;
use crate::domain::disposition::Disposition;

/// An entry as it holds for any transmission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// Its name.
    pub key: &'static str,
    /// What it is about.
    pub family: &'static str,
    /// It in one phrase.
    pub cause: &'static str,
    /// On whose side it most likely lies.
    pub blame: Blame,
    /// What happened and why.
    pub explanation: Vec<String>,
    /// What to do.
    pub remedy: Vec<String>,
    /// What buttons do.
    pub buttons: Vec<String>,
    /// Statuses or reasons that it is for.
    pub matches: &'static [String],
    /// Where that stands.
    pub source: &'static str,
}

impl Looked {
    fn of(family: &'static Family, entry: &'static Entry) -> Self {
        let general = |texts: Vec<&str>| texts.into_iter().map(in_general).collect();
        let mut buttons: Vec<String> = Vec::new();
        for button in &entry.buttons {
            let words = button.in_words();
            if !buttons.contains(&words) {
                buttons.push(words);
            }
        }
        Self {
            key: &entry.key,
            family: &family.title,
            cause: &entry.cause,
            blame: entry.side,
            explanation: general(entry.sentences(None)),
            remedy: general(entry.to_do(None)),
            buttons,
            matches: &entry.matches,
            source: &entry.source,
        }
    }

    /// Everything.
    #[must_use]
    pub fn all() -> Vec<Self> {
        every().map(|(family, entry)| Self::of(family, entry)).collect()
    }
}

fn every() -> impl Iterator<Item = (&'static Family, &'static Entry)> {
    families().iter().flat_map(|family| family.entries.iter().map(move |entry| (family, entry)))
}

fn looked(keys: &[&str]) -> Vec<Looked> {
    every()
        .filter(|(_, entry)| keys.contains(&entry.key.as_str()))
        .map(|(family, entry)| Looked::of(family, entry))
        .collect()
}

/// What is known of a key, an HTTP status, a disposition or its reason as a partner writes it, the name of a product, or
/// words that stand in an entry. Nothing where nothing is known of it.
#[must_use]
pub fn look_up(text: &str) -> (Vec<Looked>, Vec<&'static Software>) {
    let text = text.trim().trim_matches(['\'', '"', '`', '“', '”']).trim();
    let lower = text.to_lowercase();
    if super::entry(&lower).is_some() {
        return (looked(&[&lower]), Vec::new());
    }
    let products: Vec<&Software> = software().iter().filter(|each| each.key == lower).collect();
    if !products.is_empty() {
        return (Vec::new(), products);
    }
    if let Some(entry) = status(&lower).and_then(of_status) {
        return (looked(&[&entry.key]), Vec::new());
    }
    if let Some(disposition) = disposition(text) {
        return (looked(&[of_disposition(&disposition, &[])]), Vec::new());
    }
    if let Some(entry) = of_reason(&lower).filter(|_| lower.len() >= 6) {
        return (looked(&[&entry.key]), Vec::new());
    }
    let products: Vec<&Software> = software()
        .iter()
        .filter(|each| !lower.is_empty() && each.name.to_lowercase().contains(&lower))
        .chain(software().iter().filter(|each| each.holds.iter().any(|word| lower.contains(word.as_str()))))
        .fold(Vec::new(), |mut found, each| {
            if !found.iter().any(|known: &&Software| known.key == each.key) {
                found.push(each);
            }
            found
        });
    let words: Vec<&str> =
        lower.split(|character: char| !character.is_alphanumeric()).filter(|word| word.len() > 2).collect();
    let holding: Vec<Looked> = every()
        .map(|(family, entry)| Looked::of(family, entry))
        .filter(|entry| {
            let all = format!("{} {} {} {}", entry.key, entry.cause, entry.explanation.join(" "), entry.source)
                .to_lowercase();
            !words.is_empty() && words.iter().all(|word| all.contains(word))
        })
        .collect();
    (holding, products)
}

/// The status in `404`, `404 Not Found`, `HTTP 404` or `HTTP/1.1 404 Not Found`.
fn status(lower: &str) -> Option<u16> {
    let mut words = lower.split_whitespace();
    let first = words.next()?;
    let number =
        if first.starts_with("http") { words.find(|word| *word != "status" && *word != "error")? } else { first };
    let number = number.trim_end_matches([',', ':', '.']);
    (number.len() == 3).then(|| number.parse().ok()).flatten().filter(|status| (100..600).contains(status))
}

/// The disposition in a text that somebody copied: the line of that field where there is one, and what has the form of one.
fn disposition(text: &str) -> Option<Disposition> {
    let lower = text.to_ascii_lowercase();
    let from = lower.find("disposition:").map_or(0, |at| at + "disposition:".len());
    let line = text.get(from..)?.trim_start().lines().next()?.trim_end_matches(['\'', '"']);
    let lower = line.to_ascii_lowercase();
    let kinds = ["processed", "failed", "displayed", "dispatched", "deleted", "denied", "error", "failure", "warning"];
    let behind = lower.split_once(';').map_or(lower.as_str(), |(_, behind)| behind).trim_start();
    let head = behind.split(['/', ':', ' ']).next().unwrap_or_default();
    kinds.contains(&head).then(|| Disposition::parse(line))
}
