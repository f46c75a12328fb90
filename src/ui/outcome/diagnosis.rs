//! What a transmission's outcome means: cause, explanation, what to do, and the evidence where it is asked for.

use std::mem;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, CornerRadius, FontId, Frame, Label, Margin, Ui};

use crate::domain::diagnosis::{Blame, Diagnosis};
use crate::domain::transmission::Verdict;
use crate::ui::icon;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, secondary};

/// How a guess begins in an explanation.
const GUESS: &str = "Most likely: ";

/// Whether a diagnosis says more than that all is well.
fn worth_saying(verdict: Verdict, diagnosis: &Diagnosis) -> bool {
    !matches!(verdict, Verdict::Delivered | Verdict::Received)
        || !diagnosis.remedy.is_empty()
        || diagnosis.action.is_some()
}

/// Shows a diagnosis, where it says more than that all is well. `explained` keeps whether the evidence is open; `buttons`
/// are those that mend it.
pub(in crate::ui) fn diagnosis_notice(
    ui: &mut Ui,
    verdict: Verdict,
    diagnosis: &Diagnosis,
    explained: &mut bool,
    buttons: impl FnOnce(&mut Ui),
) {
    if !worth_saying(verdict, diagnosis) {
        return;
    }
    let tokens = tokens(ui.ctx());
    let well = matches!(verdict, Verdict::Delivered | Verdict::Received);
    let tone = if well { ToneName::Warn } else { ToneName::verdict(verdict) };
    let colours = tone.of(tokens);
    let (head, text) = head_and_text(diagnosis);
    Frame::new().fill(colours.soft).corner_radius(CornerRadius::same(8)).inner_margin(Margin::symmetric(14, 12)).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.label(icon::text(tone.icon(), colours.ink));
                ui.vertical(|ui| {
                    ui.set_width(ui.available_width());
                    ui.spacing_mut().item_spacing.y = 5.0;
                    let line = |ui: &mut Ui, text: &str, font: FontId, ink: Color32| {
                        ui.add(Label::new(prose(text, font, ink)).wrap().selectable(true));
                    };
                    line(ui, &head, theme::bold(theme::BODY), colours.ink);
                    // Them or us is the first thing that is asked.
                    if let Some(side) = diagnosis.blame.side() {
                        line(ui, side, theme::bold(theme::SMALL), tokens.text);
                    }
                    if !text.is_empty() {
                        line(ui, &text, theme::small(), tokens.text);
                    }
                    for step in &diagnosis.remedy {
                        bullet(ui, |ui| line(ui, step, theme::small(), tokens.text));
                    }
                    ui.add_space(3.0);
                    // Where there is no button there is no row for them.
                    let control = mem::take(&mut ui.spacing_mut().interact_size.y);
                    ui.horizontal_wrapped(|ui| {
                        ui.spacing_mut().interact_size.y = control;
                        ui.spacing_mut().item_spacing.y = 8.0;
                        buttons(ui);
                        if !diagnosis.evidence.is_empty() {
                            let word = if *explained { "Hide evidence" } else { "Explain" };
                            if secondary(ui, word).clicked() {
                                *explained = !*explained;
                            }
                        }
                    });
                    if *explained && !diagnosis.evidence.is_empty() {
                        ui.add_space(3.0);
                        if diagnosis.blame != Blame::Nobody {
                            line(ui, diagnosis.blame.in_words(), theme::small(), tokens.text);
                        }
                        line(ui, "What was found", theme::bold(theme::SMALL), tokens.text);
                        for found in &diagnosis.evidence {
                            bullet(ui, |ui| line(ui, found, theme::small(), tokens.text));
                        }
                    }
                });
            });
        },
    );
}

fn bullet(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 7.0;
        ui.label(egui::RichText::new("•").font(theme::small()));
        ui.vertical(|ui| {
            ui.set_width(ui.available_width());
            content(ui);
        });
    });
}

/// The head is the cause; where the explanation begins with a guess, that guess is, since the cause is on the badge.
fn head_and_text(diagnosis: &Diagnosis) -> (String, String) {
    match diagnosis.explanation.strip_prefix(GUESS) {
        Some(guess) => {
            let (first, rest) = guess.split_once(". ").unwrap_or((guess, ""));
            (format!("{GUESS}{}", first.trim_end_matches('.')), without_lonely_stop(rest))
        }
        None => (diagnosis.cause.clone(), diagnosis.explanation.clone()),
    }
}

/// One sentence alone has no full stop.
fn without_lonely_stop(text: &str) -> String {
    let text = text.trim();
    if text.contains(". ") { text.to_owned() } else { text.trim_end_matches('.').to_owned() }
}

/// Text in which what stands between backticks is set in the font of identifiers.
fn prose(text: &str, font: FontId, ink: Color32) -> LayoutJob {
    let mut job = LayoutJob::default();
    for (index, part) in text.split('`').enumerate() {
        let font = if index % 2 == 1 { theme::mono() } else { font.clone() };
        job.append(part, 0.0, TextFormat { font_id: font, color: ink, ..TextFormat::default() });
    }
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_becomes_the_head() {
        let mut diagnosis = Diagnosis {
            cause: "Partner could not decrypt".to_owned(),
            explanation: "Most likely: Amazon has switched. This profile still encrypts for 4F:A2.".to_owned(),
            ..Diagnosis::default()
        };
        let both = |head: &str, text: &str| (head.to_owned(), text.to_owned());
        assert_eq!(
            head_and_text(&diagnosis),
            both("Most likely: Amazon has switched", "This profile still encrypts for 4F:A2")
        );
        diagnosis.explanation = "It is so".to_owned();
        assert_eq!(head_and_text(&diagnosis), both("Partner could not decrypt", "It is so"));
    }
}
