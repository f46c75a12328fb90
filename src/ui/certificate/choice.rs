//! Which of several certificates in a file is meant, where they do not belong together.

use egui::{Label, RichText, Ui};

use super::words::{days_left, validity};
use crate::app::{CertificateSource, Inspection};
use crate::domain::certificate::{CertificateFacts, CertificateWarning};
use crate::ui::moment::{Moment, count};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{card, mono, muted, secondary, small};

/// A certificate that may be meant.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) facts: CertificateFacts,
    /// The part of an archive or a mail that it was found in.
    pub(super) found_in: Option<String>,
    /// The issuers in the same file, each in a line.
    pub(super) chain: Vec<String>,
    /// What is to be said of it wherever it is used.
    pub(super) warnings: Vec<CertificateWarning>,
}

/// The certificates of a file that may be meant, and what was passed over.
#[derive(Clone, Debug)]
pub(super) struct Choosing {
    pub(super) source: CertificateSource,
    pub(super) choices: Vec<Choice>,
    /// Why something in an archive or a mail was passed over.
    pub(super) remarks: Vec<String>,
}

fn line(facts: &CertificateFacts) -> String {
    format!("{}, {}", facts.subject, facts.fingerprint_sha256.short())
}

impl Choosing {
    /// What may be meant of what was looked at.
    #[must_use]
    pub(super) fn of(source: CertificateSource, inspection: Inspection) -> Self {
        let all = &inspection.certificates;
        let facts_of = |print| all.iter().find(|each| each.facts.fingerprint_sha256 == print);
        let choices = inspection
            .candidates
            .iter()
            .filter_map(|candidate| {
                let found = facts_of(candidate.fingerprint_sha256)?;
                let chain = candidate.chain.iter().filter_map(|print| facts_of(*print));
                Some(Choice {
                    facts: found.facts.clone(),
                    found_in: found.found_in.clone(),
                    chain: chain.map(|each| line(&each.facts)).collect(),
                    // Which one is meant is asked, and then said.
                    warnings: found
                        .warnings
                        .iter()
                        .copied()
                        .filter(|each| *each != CertificateWarning::Several)
                        .collect(),
                })
            })
            .collect();
        Self { source, choices, remarks: inspection.remarks }
    }

    /// Shows them and returns which was chosen.
    pub(super) fn show(&self, ui: &mut Ui, moment: &Moment) -> Option<usize> {
        let mut chosen = None;
        ui.label(RichText::new("Which certificate is meant?").font(theme::bold(theme::SECTION)));
        let text = format!(
            "{} holds {} that do not belong together. Ask the partner which one is theirs if you are not sure",
            self.source.name(),
            count(self.choices.len(), "certificate")
        );
        ui.add(Label::new(muted(ui, text)).wrap());
        ui.add_space(2.0);
        egui::ScrollArea::vertical().id_salt("choices").max_height(320.0).auto_shrink([false, true]).show(ui, |ui| {
            for (index, choice) in self.choices.iter().enumerate() {
                if choice.show(ui, moment) {
                    chosen = Some(index);
                }
            }
        });
        passed_over(ui, &self.remarks);
        chosen
    }
}

impl Choice {
    /// Shows it and returns whether it was chosen.
    fn show(&self, ui: &mut Ui, moment: &Moment) -> bool {
        let facts = &self.facts;
        let tokens = tokens(ui.ctx());
        let place = self.found_in.as_ref().map_or_else(String::new, |place| format!(" · {place}"));
        let left = days_left(facts, moment.now);
        let ink = if facts.valid_at(moment.now) { tokens.ok.ink } else { tokens.bad.ink };
        let mut chosen = false;
        card(ui).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                ui.vertical(|ui| {
                    ui.set_width((ui.available_width() - 130.0).max(120.0));
                    ui.spacing_mut().item_spacing.y = 3.0;
                    ui.spacing_mut().interact_size.y = 18.0;
                    ui.horizontal(|ui| {
                        ui.add(
                            Label::new(RichText::new(facts.common_name()).font(theme::bold(theme::BODY))).truncate(),
                        );
                        ui.add(Label::new(small(&left).color(ink)).extend());
                    });
                    let usage = facts.meant_for().map_or_else(String::new, |usage| format!(" · {usage}"));
                    let detail = format!("{} · {}{usage}{place}", validity(facts, moment), facts.key);
                    ui.add(Label::new(muted(ui, detail)).truncate());
                    ui.add(Label::new(mono(facts.fingerprint_sha256.to_string())).truncate().selectable(true));
                });
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let button = secondary(ui, "Use this one");
                    let usage = facts.meant_for().map_or_else(String::new, |usage| format!(", {usage}"));
                    let said = format!("{}, {left}{usage}{place}, use this one", facts.common_name());
                    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, said.clone()));
                    chosen = button.clicked();
                });
            });
        });
        chosen
    }
}

/// What was passed over in an archive or a mail, and why.
pub(super) fn passed_over(ui: &mut Ui, remarks: &[String]) {
    for remark in remarks {
        ui.add(Label::new(muted(ui, format!("Passed over: {remark}"))).wrap());
    }
}
