//! What is in an interchange, above its segments: control numbers, parties, delimiters, what it acknowledges, what is wrong.

use egui::{CollapsingHeader, Label, RichText, Ui, vec2};

use super::fact;
use crate::domain::document::acknowledgement::{Acknowledged, Outcome};
use crate::domain::document::{Message, Outline, Problem, Standard, names};
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, ToneName, link, mono, muted, section};

/// So many messages, answers and problems are listed.
const LISTED: usize = 30;

/// Shows it. Returns the segment that is to be shown.
pub(super) fn outline_card(ui: &mut Ui, outline: &Outline, acknowledged: &[Acknowledged]) -> Option<u64> {
    let mut wanted = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 5.0;
        let standard = outline.standard.label();
        let segments = usize::try_from(outline.segments).unwrap_or(usize::MAX);
        let kind = outline.messages.first().and_then(|message| message.kind.as_deref()).unwrap_or_default();
        let name = names::message(outline.standard, kind).map_or_else(String::new, |name| format!(", {name}"));
        let counted =
            format!("{standard} {kind}{name}, {}, {}", count(segments, "segment"), messages(outline.message_count));
        fact(ui, "Document", RichText::new(counted).font(theme::small()));
        if let Some(interchange) = outline.interchanges.first() {
            fact(ui, "Control", mono(control_numbers(outline)));
            let from = interchange.sender.as_deref().unwrap_or("nobody");
            let to = interchange.receiver.as_deref().unwrap_or("nobody");
            fact(ui, "Between", mono(format!("{from} → {to}")));
            if interchange.test {
                Badge::new(ToneName::Warn, "Marked as a test").about("Interchange").show(ui);
            }
        }
        let delimiters = outline.delimiters.named();
        let shown: Vec<&str> = delimiters.iter().map(|(_, shown)| shown.as_str()).collect();
        let told: Vec<String> = delimiters.iter().map(|(name, shown)| format!("{name} {shown}")).collect();
        ui.scope(|ui| fact(ui, "Delimiters", mono(shown.join("  ")))).response.on_hover_text(told.join("\n"));
    });
    if outline.problems.is_empty() {
        Badge::new(ToneName::Ok, "Envelopes and counts are right").about("Document").show(ui);
    } else {
        wanted = wanted.or(problems(ui, outline));
    }
    wanted = wanted.or(answers(ui, acknowledged));
    if outline.message_count > 1 {
        let head = format!("{} with their control numbers", messages(outline.message_count));
        CollapsingHeader::new(head).id_salt("messages").show(ui, |ui| {
            for message in outline.messages.iter().take(LISTED) {
                if link(ui, message_words(outline.standard, message)).clicked() {
                    wanted = Some(message.segment);
                }
            }
            if outline.message_count > LISTED as u64 {
                ui.label(muted(ui, format!("and {} more", outline.message_count - LISTED as u64)));
            }
        });
    }
    wanted
}

fn messages(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "message")
}

/// `ISA 000000412 · GS 412 · ST 997`, as they are written where the document is named.
#[must_use]
pub(super) fn control_numbers(outline: &Outline) -> String {
    let (interchange, group, message) = match outline.standard {
        Standard::X12 => ("ISA", "GS", "ST"),
        Standard::Edifact => ("UNB", "UNG", "UNH"),
        Standard::Tradacoms => ("STX", "BAT", "MHD"),
    };
    let mut told = Vec::new();
    let first = outline.interchanges.first();
    told.extend(first.and_then(|first| first.control.as_ref()).map(|control| format!("{interchange} {control}")));
    if let Some(first) = outline.messages.first() {
        told.extend(first.group.as_ref().map(|control| format!("{group} {control}")));
        let kind = first.kind.as_deref().unwrap_or("?");
        let control = first.control.as_deref().unwrap_or("?");
        told.push(format!("{message} {kind} {control}"));
    }
    if outline.message_count > 1 {
        told.push(format!("and {} more", outline.message_count - 1));
    }
    told.join(" · ")
}

fn message_words(standard: Standard, message: &Message) -> String {
    let kind = message.kind.as_deref().unwrap_or("?");
    let name = names::message(standard, kind).map_or_else(String::new, |name| format!(" {name}"));
    let control = message.control.as_deref().unwrap_or("none");
    let counted = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX), "segment");
    let segments = message.segments.map_or_else(|| "no end".to_owned(), counted);
    format!("{kind}{name}, control number {control}, {segments}")
}

fn problems(ui: &mut Ui, outline: &Outline) -> Option<u64> {
    let mut wanted = None;
    let number = usize::try_from(outline.problem_count).unwrap_or(usize::MAX);
    Badge::new(ToneName::Bad, &count(number, "problem")).about("Document").show(ui);
    // As low as the text: these are no controls.
    let control = std::mem::replace(&mut ui.spacing_mut().interact_size.y, 18.0);
    for Problem { segment, offset, what } in outline.problems.iter().take(LISTED) {
        let said = crate::domain::sentence::sentence(what);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
            ui.add(Label::new(RichText::new(said).font(theme::small())).wrap());
            if link(ui, format!("Segment {}, byte {offset}", segment + 1)).clicked() {
                wanted = Some(*segment);
            }
        });
    }
    ui.spacing_mut().interact_size.y = control;
    wanted
}

/// What a functional acknowledgement says of what it is about.
fn answers(ui: &mut Ui, acknowledged: &[Acknowledged]) -> Option<u64> {
    if acknowledged.is_empty() {
        return None;
    }
    let mut wanted = None;
    section(ui, "Acknowledges");
    for each in acknowledged.iter().take(LISTED) {
        let tone = outcome_tone(each.outcome);
        let about = about(each);
        ui.horizontal_wrapped(|ui| {
            Badge::new(tone, each.outcome.label()).about(&about).show(ui);
            if link(ui, &about).clicked() {
                wanted = Some(each.segment);
            }
        });
        // The first says in the standard's words what the badge says.
        for reason in each.reasons.iter().skip(1) {
            ui.add(Label::new(RichText::new(reason).font(theme::small()).color(tokens(ui.ctx()).muted)).wrap());
        }
    }
    if acknowledged.len() > LISTED {
        ui.label(muted(ui, format!("and {} more", acknowledged.len() - LISTED)));
    }
    wanted
}

/// The tone of an answer.
#[must_use]
pub(super) const fn outcome_tone(outcome: Outcome) -> ToneName {
    match outcome {
        Outcome::Accepted => ToneName::Ok,
        Outcome::Received => ToneName::Info,
        Outcome::WithErrors | Outcome::Partly => ToneName::Warn,
        Outcome::Rejected => ToneName::Bad,
    }
}

/// `810 0001 of group 20933`.
#[must_use]
pub(super) fn about(each: &Acknowledged) -> String {
    let mut told = Vec::new();
    if each.message.is_some() || each.kind.is_some() {
        let kind = each.kind.as_deref().unwrap_or("Message");
        told.push(format!("{kind} {}", each.message.as_deref().unwrap_or("?")));
    }
    if let Some(group) = &each.group {
        let kind = each.group_kind.as_deref().map_or_else(String::new, |kind| format!("{kind} "));
        told.push(format!("group {kind}{group}"));
    }
    told.extend(each.interchange.as_ref().map(|interchange| format!("interchange {interchange}")));
    told.join(" of ")
}
