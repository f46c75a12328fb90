//! `transmission compare`: two transmissions beside each other, with what differs marked.

use serde::Serialize;

use super::table::Table;
use super::{Session, words};
use crate::app::AppError;
use crate::domain::transmission_comparison::Comparison;

/// As much of a value as stands in a table.
const SHOWN: usize = 60;

/// The comparison, with how many lines differ.
#[derive(Serialize)]
struct Document<'a> {
    differences: usize,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

pub(super) async fn run(session: &Session, one: &str, other: &str, all: bool) -> Result<(), AppError> {
    let comparison = session.app.compare_transmissions(one, other).await?;
    let document = Document { differences: comparison.differences(), comparison: &comparison };
    session.out.answer(&document, || in_words(&comparison, all));
    Ok(())
}

fn in_words(comparison: &Comparison, all: bool) -> String {
    let mut text = String::new();
    for group in &comparison.groups {
        let mut table = Table::new(["", group.title, "One", "Other"]);
        let lines: Vec<_> = group.lines.iter().filter(|line| all || line.differs).collect();
        for line in &lines {
            let value = |value: &Option<String>| value.as_deref().map_or_else(|| "—".to_owned(), shortened);
            let mark = if line.differs { "≠" } else { "" };
            table.row([mark.to_owned(), line.name.clone(), value(&line.one), value(&line.other)]);
        }
        if !lines.is_empty() {
            text.push_str(&format!("{}\n", table.render()));
        }
    }
    match comparison.differences() {
        0 => text.push_str("Nothing differs that says something\n"),
        number => text.push_str(&format!("{}\n", words::counted(number, "difference"))),
    }
    if !all {
        text.push_str("What is the same is left out: --all shows it\n");
    }
    text
}

fn shortened(value: &str) -> String {
    let mut letters = value.chars();
    let mut short: String = letters.by_ref().take(SHOWN).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}
