//! `explain`: the knowledge base without a failure.

use serde::Serialize;

use super::output::Output;
use super::table::{Table, labelled};
use super::{Answer, output};
use crate::app::AppError;
use crate::domain::knowledge::{Looked, Software, look_up, software};

/// Every entry, or those that were asked for.
#[derive(Serialize)]
struct ExplainDocument {
    entries: Vec<Looked>,
    software: Vec<&'static Software>,
}

/// `words` are those of the command line: a key, a status, a disposition as a partner writes it, a product.
pub(super) fn run(out: &Output, words: &[String]) -> Result<Answer, AppError> {
    let asked = words.join(" ");
    if asked.trim().is_empty() {
        let all = ExplainDocument { entries: Looked::all(), software: software().iter().collect() };
        out.answer(&all, || list(&all));
        return Ok(Answer::Yes);
    }
    let (entries, software) = look_up(&asked);
    if entries.is_empty() && software.is_empty() {
        let shown: String = asked.chars().take(80).collect();
        return Err(AppError::new(format!("nothing is known of `{}`", output::line(&shown)))
            .hint("`countersign explain` lists what is known; copy the disposition from the partner's mail as it is"));
    }
    let found = ExplainDocument { entries, software };
    out.answer(&found, || match (found.entries.as_slice(), found.software.as_slice()) {
        ([one], []) => entry(one),
        ([], [one]) => product(one),
        _ => list(&found),
    });
    Ok(Answer::Yes)
}

fn list(found: &ExplainDocument) -> String {
    let mut text = String::new();
    let mut family = "";
    let mut table = Table::new(["Key", "What", "Whose side"]);
    for each in &found.entries {
        if each.family != family {
            if !family.is_empty() {
                text.push_str(&table.render());
                table = Table::new(["Key", "What", "Whose side"]);
            }
            family = each.family;
            text.push_str(&format!("{}{family}\n", if text.is_empty() { "" } else { "\n" }));
        }
        table.row([each.key.to_owned(), each.cause.to_owned(), each.blame.to_string()]);
    }
    if !family.is_empty() {
        text.push_str(&table.render());
    }
    if !found.software.is_empty() {
        text.push_str(&format!("{}Partner software\n", if text.is_empty() { "" } else { "\n" }));
        let mut table = Table::new(["Key", "Product", "Settings that help"]);
        for each in &found.software {
            let switches: Vec<String> =
                each.switches.iter().map(|switch| format!("{} {}", switch.setting, switch.value)).collect();
            table.row([each.key.clone(), each.name.clone(), switches.join(", ")]);
        }
        text.push_str(&table.render());
    }
    text
}

fn points(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        text.push_str(&format!("\n{title}\n"));
        text.extend(lines.iter().map(|line| format!("  - {line}\n")));
    }
}

fn entry(found: &Looked) -> String {
    let mut text = format!("{}\n{}\n", found.cause, found.blame.in_words());
    points(&mut text, "What happened, and why", &found.explanation);
    points(&mut text, "What to do", &found.remedy);
    points(&mut text, "Buttons beside the diagnosis", &found.buttons);
    text.push('\n');
    text.push_str(&labelled(
        [
            ("Key", found.key.to_owned()),
            ("About", found.family.to_owned()),
            ("Spelt", found.matches.join(", ")),
            ("Source", found.source.to_owned()),
        ],
        "",
    ));
    text
}

fn product(found: &Software) -> String {
    let mut text = format!("{}\n", found.name);
    points(&mut text, "Known for this", &found.knows);
    let switches: Vec<String> =
        found.switches.iter().map(|switch| format!("`{}` {}: {}", switch.setting, switch.value, switch.why)).collect();
    points(&mut text, "Settings that help", &switches);
    text.push('\n');
    text.push_str(&labelled(
        [("Key", found.key.clone()), ("Recognised by", found.holds.join(", ")), ("Source", found.source.clone())],
        "",
    ));
    text
}
