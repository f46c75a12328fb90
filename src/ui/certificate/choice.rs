//! Which of several certificates in a file is meant, where they do not belong together.

use egui::{Button, Label, RichText, Ui, Widget as _, vec2};

use super::words::{days_left, validity};
use crate::app::{CertificateSource, Inspection};
use crate::domain::certificate::CertificateFacts;
use crate::ui::moment::{Moment, count};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{mono, muted, small};

/// A certificate that may be meant.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) facts: CertificateFacts,
    /// The part of an archive or a mail that it was found in.
    pub(super) found_in: Option<String>,
    /// The issuers in the same file, each in a line.
    pub(super) chain: Vec<String>,
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
                })
            })
            .collect();
        Self { source, choices, remarks: inspection.remarks }
    }

    /// Shows them and returns which was chosen.
    pub(super) fn show(&self, ui: &mut Ui, moment: &Moment) -> Option<usize> {
        let tokens = tokens(ui.ctx());
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
                let facts = &choice.facts;
                let ended = facts.not_after < moment.now;
                let place = choice.found_in.as_ref().map_or_else(String::new, |place| format!(" · {place}"));
                let detail = format!("{} · {}{place}", validity(facts, moment), facts.key);
                let ink = if ended { tokens.bad.ink } else { tokens.muted };
                let said = format!(
                    "{}, {}, {}, {}{place}",
                    facts.common_name(),
                    days_left(facts, moment.now),
                    validity(facts, moment),
                    facts.fingerprint_sha256.short()
                );
                let name = RichText::new(facts.common_name()).font(theme::medium(theme::BODY));
                let button = Button::selectable(false, name)
                    .right_text(small(days_left(facts, moment.now)).color(ink))
                    .truncate()
                    .min_size(vec2(ui.available_width(), 34.0));
                let button = button.ui(ui);
                button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, said.clone()));
                if button.clicked() {
                    chosen = Some(index);
                }
                ui.horizontal(|ui| {
                    ui.spacing_mut().interact_size.y = 16.0;
                    ui.add_space(8.0);
                    ui.add(Label::new(mono(facts.fingerprint_sha256.short())).extend());
                    ui.add(Label::new(muted(ui, detail)).truncate());
                });
                ui.add_space(6.0);
            }
        });
        passed_over(ui, &self.remarks);
        chosen
    }
}

/// What was passed over in an archive or a mail, and why.
pub(super) fn passed_over(ui: &mut Ui, remarks: &[String]) {
    for remark in remarks {
        ui.add(Label::new(muted(ui, format!("Passed over: {remark}"))).wrap());
    }
}
