//! The stages with when each ended, the attempts, and by what the transmission is known.

use egui::{RichText, Ui};
use jiff::Timestamp;

use super::fact;
use super::outline::control_numbers;
use crate::domain::document::Outline;
use crate::domain::transmission::{Direction, StageStatus, Transmission, Verdict};
use crate::ui::moment::Moment;
use crate::ui::moment::size;
use crate::ui::outcome::{milliseconds, result_word, stages};
use crate::ui::theme;
use crate::ui::widgets::{Badge, mono, muted, section, small, utc_on_hover};

/// Shows stages and attempts.
pub(super) fn timeline(ui: &mut Ui, transmission: &Transmission, moment: &Moment) {
    if transmission.stages.is_empty() {
        let open = matches!(transmission.verdict, Verdict::Queued | Verdict::Sending);
        ui.label(muted(ui, if open { "No stage has ended yet" } else { "No stages were kept" }));
    }
    let begun = begun(transmission).as_millisecond();
    stages(ui, &transmission.stages, None, |stage| match stage.status {
        StageStatus::Good | StageStatus::Bad => {
            let began = u64::try_from(stage.started.as_millisecond() - begun).unwrap_or(0);
            format!("+{}", milliseconds(began + stage.ms))
        }
        StageStatus::Running | StageStatus::Skipped => String::new(),
    });
    if transmission.attempts.is_empty() {
        return;
    }
    ui.add_space(6.0);
    section(ui, if transmission.attempts.len() == 1 { "Attempt" } else { "Attempts" });
    for attempt in &transmission.attempts {
        ui.horizontal_wrapped(|ui| {
            let status = attempt.http_status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
            let words = small(format!("{} · {} · {status}", attempt.number, moment.time(attempt.started)));
            utc_on_hover(ui.label(words), attempt.started);
            let word = result_word(attempt.verdict, Some(&attempt.detail));
            Badge::verdict(attempt.verdict, &word).about("Attempt").show(ui).on_hover_text(&attempt.detail);
        });
    }
    if let Some(at) = transmission.next_attempt {
        let words = format!("The next attempt is made by itself at {}", moment.day_and_time(at));
        utc_on_hover(ui.add(egui::Label::new(small(words)).wrap()), at);
    }
}

/// When what the timeline shows began. The stages are those of the last attempt, which may have been made long after the
/// message was journalled.
fn begun(transmission: &Transmission) -> Timestamp {
    let attempt = transmission.stages.iter().map(|stage| stage.started).min();
    match transmission.direction {
        Direction::Outbound => attempt.unwrap_or(transmission.at),
        Direction::Inbound => transmission.at,
    }
}

/// Shows by what it is known, for finding it again elsewhere.
pub(super) fn identity(ui: &mut Ui, transmission: &Transmission, document: Option<&Outline>) {
    ui.add_space(6.0);
    section(ui, "Identity");
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 5.0;
        fact(ui, "Message-ID", mono(&transmission.message_id));
        if let Some(document) = document {
            fact(ui, "Document", mono(control_numbers(document)));
        }
        fact(ui, "Transmission", mono(transmission.id.to_string()));
        if let Some(digest) = &transmission.payload_sha256 {
            fact(ui, "Payload SHA-256", mono(digest));
        }
        let (payload, sent) = (transmission.bytes.payload, transmission.bytes.sent);
        let sizes = format!("{} payload, {} on the wire", size(payload), size(sent));
        fact(ui, "Size", RichText::new(sizes).font(theme::small()));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::transmission::{Stage, StageName};

    #[test]
    fn the_stages_of_a_redelivery_are_counted_from_its_own_beginning() {
        let at: Timestamp = "2026-11-24T08:30:00Z".parse().unwrap();
        let later = at + jiff::SignedDuration::from_mins(3);
        let id = "019ab3f0-0000-7000-8000-000000000001".parse().unwrap();
        let mut sent = Transmission::new(id, "<1@acme>".to_owned(), at, Direction::Outbound);
        assert_eq!(begun(&sent), at);
        for seconds in [1, 0] {
            let started = later + jiff::SignedDuration::from_secs(seconds);
            let (stage, status) = (StageName::Connected, StageStatus::Good);
            sent.stages.push(Stage { stage, status, started, ms: 2, detail: String::new() });
        }
        assert_eq!(begun(&sent), later);
        sent.direction = Direction::Inbound;
        assert_eq!(begun(&sent), at);
    }
}
