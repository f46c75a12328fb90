//! A document on the terminal: an interchange by segments, with what each is called, anything else as text or in hex.

use std::sync::Arc;

use super::Session;
use super::output::line;
use super::words::counted;
use crate::app::{AcknowledgementLinks, AppError, Keeping, OpenedView, ViewRow};
use crate::domain::document::{Outline, Segment, names};
use crate::domain::retention::{RetentionMark, removed};
use crate::domain::size::size;

/// So many rows are read at a time.
const AT_ONCE: usize = 1000;

/// The longest tag with its elements that is written before the name of the segment.
const COLUMN: usize = 60;

/// Writes it, all of it: nothing of it is held for longer than it takes to write.
pub(super) async fn show(session: &Session, view: &Arc<OpenedView>) -> Result<(), AppError> {
    let out = &session.out;
    if let Some(outline) = &view.outline {
        out.text(&head(outline));
    }
    if view.bytes == 0 && view.rows == 0 {
        out.text("Empty, 0 bytes");
    }
    let mut from = 0;
    while from < view.rows {
        let rows = session.app.view_rows(view, from, AT_ONCE).await?;
        if rows.is_empty() {
            break;
        }
        from += rows.len() as u64;
        let text: String = rows.iter().map(|row| format!("{}\n", written(row, view.outline.as_deref()))).collect();
        out.text(&text);
    }
    if let Some(outline) = &view.outline {
        out.text(&foot(outline, view));
    }
    Ok(())
}

/// What has gone of a transmission, and whether it is marked; nothing where neither is so.
pub(super) fn keeping(keeping: &Keeping) -> Option<String> {
    let gone = keeping.removed.iter().map(|(kind, at)| format!("{}: {}\n", kind.label(), removed(*at)));
    let mark = keeping.mark.map(|mark| match mark {
        RetentionMark::Keep => "Kept, whatever the rules of retention say\n".to_owned(),
        RetentionMark::Settled => "What was disputed about it is settled\n".to_owned(),
    });
    let lines: String = gone.chain(mark).collect();
    (!lines.is_empty()).then(|| format!("\n{lines}"))
}

fn number(number: u64, what: &str) -> String {
    counted(usize::try_from(number).unwrap_or(usize::MAX), what)
}

fn head(outline: &Outline) -> String {
    let delimiters: Vec<String> = outline
        .delimiters
        .named()
        .into_iter()
        .map(|(name, shown)| format!("{} {shown}", name.to_lowercase()))
        .collect();
    format!(
        "{}, {}, {}, {}\n{}\n\n",
        outline.standard.label(),
        size(outline.bytes),
        number(outline.segments, "segment"),
        number(outline.message_count, "message"),
        delimiters.join(", ")
    )
}

fn written(row: &ViewRow, outline: Option<&Outline>) -> String {
    match (row, outline) {
        (ViewRow::Segment(segment), Some(outline)) => segment_line(segment, outline),
        (ViewRow::Segment(segment), None) => segment.tag.clone(),
        (ViewRow::Line(text), _) => line(text),
        (ViewRow::Hex { offset, hex, text }, _) => format!("{offset:08x}  {hex:<47}  {text}"),
        (ViewRow::Missing(bytes), _) => format!("({} that were not kept)", size(*bytes)),
    }
}

fn segment_line(segment: &Segment, outline: &Outline) -> String {
    // What separates cannot always be seen.
    let seen = |separator: u8| Some(char::from(separator)).filter(|each| !each.is_control()).unwrap_or('*');
    let mut text = segment.tag.clone();
    // In TRADACOMS another one stands behind the tag.
    let mut separator = seen(outline.delimiters.tag);
    for element in segment.written() {
        text.push(separator);
        text.push_str(element);
        separator = seen(outline.delimiters.element);
    }
    let name = names::segment(outline.standard, &segment.tag).unwrap_or_default();
    let text = line(&text);
    format!("{:>6}  {text:<COLUMN$}  {name}", segment.number + 1).trim_end().to_owned()
}

fn foot(outline: &Outline, view: &OpenedView) -> String {
    let mut text = String::from("\n");
    for message in &outline.messages {
        let kind = message.kind.as_deref().unwrap_or("?");
        let name = names::message(outline.standard, kind).map_or_else(String::new, |name| format!(", {name}"));
        let control = message.control.as_deref().unwrap_or("none");
        let group = message.group.as_ref().map_or_else(String::new, |group| format!(", group {group}"));
        let interchange = message.interchange.as_deref().unwrap_or("none");
        text.push_str(&line(&format!("{kind}{name}: control number {control}{group}, interchange {interchange}")));
        text.push('\n');
    }
    for each in view.acknowledged.iter() {
        let of = [("message", &each.message), ("group", &each.group), ("interchange", &each.interchange)];
        let of: Vec<String> =
            of.iter().filter_map(|(name, number)| Some(format!("{name} {}", number.as_deref()?))).collect();
        let kind = each.kind.as_ref().map_or_else(String::new, |kind| format!("{kind}, "));
        let said = format!("Acknowledges {kind}{}: {}", of.join(", "), each.reasons.join("; "));
        text.push_str(&format!("{}\n", line(&said)));
    }
    for problem in &outline.problems {
        let said = format!("Segment {}, byte {}: {}", problem.segment + 1, problem.offset, problem.what);
        text.push_str(&format!("{}\n", line(&said)));
    }
    if outline.problem_count > outline.problems.len() as u64 {
        text.push_str(&format!("{} problems altogether\n", outline.problem_count));
    }
    text
}

/// What a transmission acknowledges, and by what it was acknowledged; nothing where it has to do with neither.
pub(super) fn acknowledgements(links: &AcknowledgementLinks) -> String {
    let mut text = String::new();
    for (what, links) in [("Acknowledges", &links.acknowledges), ("Acknowledged by", &links.acknowledged_by)] {
        for link in links {
            let which = link.transmission.map_or_else(|| "nothing in the journal".to_owned(), |id| id.to_string());
            let about = link.answer.envelope().unwrap_or_default();
            let message =
                link.answer.message.as_ref().map_or_else(String::new, |message| format!(", message {message}"));
            let said = format!("{what} {which} (number {about}{message}): {}", link.answer.reasons.join("; "));
            text.push_str(&format!("{}\n", line(&said)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_segment_is_written_with_the_separators_that_stand_in_it() {
        for (document, written) in [
            (&b"STX=ANA:1+5000:ACME+5001:HARBOR+261123:140200+412'END=0'"[..], "STX=ANA:1+5000:ACME+5001:HARBOR"),
            (b"UNB+UNOC:3+US+PARTNER+261124:0900+1'UNZ+0+1'", "UNB+UNOC:3+US+PARTNER+261124:0900+1"),
        ] {
            let outline = Outline::read(Cursor::new(document)).unwrap().unwrap();
            let first = outline.segments(Cursor::new(document), 0, 1).unwrap().remove(0);
            assert!(segment_line(&first, &outline).contains(written), "{}", segment_line(&first, &outline));
        }
    }
}
