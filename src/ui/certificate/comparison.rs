//! The certificate in use and the new one beside each other, with what differs marked.

use egui::{Align, Layout, RichText, Ui, vec2};

use super::fingerprint::short_fingerprint;
use super::words;
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::compliance::{Finding, ProfileReport, Status};
use crate::ui::icon::{self, Icon};
use crate::ui::moment::Moment;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, long_text_in, muted, separator, small};

/// Height of a row, and of the heads above them.
const ROW: f32 = 24.0;
const HEAD: f32 = 20.0;

/// As wide is the column of names, where there is room.
pub(super) const NAMES: f32 = 150.0;

/// What one certificate has in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    mono: bool,
    /// The policy's word on it, with its reason.
    judged: Option<(Status, String, String)>,
    fingerprint: Option<Fingerprint>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    name: &'static str,
    old: Option<Cell>,
    new: Cell,
    differs: bool,
}

/// A certificate with the report in which it is judged.
pub(super) struct Judged<'a> {
    pub(super) facts: &'a CertificateFacts,
    pub(super) report: Option<&'a ProfileReport>,
    /// At which instant.
    pub(super) at: jiff::Timestamp,
    /// Whether it would be used before it is valid.
    pub(super) too_early: bool,
}

impl Judged<'_> {
    fn finding(&self, aspects: &[&str]) -> Option<&Finding> {
        let all = || {
            let findings = self.report.into_iter().flat_map(|report| &report.findings);
            findings.filter(|finding| finding.setting == "partner_certificate")
        };
        // One that only verifies has findings of its own; those of the one in use are not about it.
        let own = Some(self.facts.fingerprint_sha256);
        let about = own.filter(|_| all().any(|finding| finding.certificate == own));
        all()
            .filter(|finding| finding.certificate == about)
            .filter(|finding| finding.aspect.is_some_and(|aspect| aspects.contains(&aspect)))
            .filter(|finding| finding.status != Status::NotApplicable)
            .min_by_key(|finding| finding.status)
    }

    fn judged(&self, text: String, aspects: &[&str]) -> Cell {
        let judged = self.finding(aspects).map(|finding| (finding.status, text.clone(), finding.reason.clone()));
        Cell { text, judged, ..Cell::plain("") }
    }

    fn cells(&self, moment: &Moment) -> [(&'static str, Cell); 8] {
        let facts = self.facts;
        let issuer = if facts.self_signed { "Itself, self-signed" } else { &facts.issuer };
        // What it will be once it is used says nothing of what it is now.
        let judged = if moment.now < facts.not_before {
            let status = if self.too_early { Status::NonCompliant } else { Status::Due };
            let begins = format!("It is valid only from {}", moment.day_and_time(facts.not_before));
            Some((status, words::days_left(facts, moment.now), begins))
        } else {
            self.finding(&["validity"])
                .map(|finding| (finding.status, words::days_left(facts, self.at), finding.reason.clone()))
        };
        let validity = Cell { judged, ..Cell::plain(&words::validity(facts, moment)) };
        [
            ("Subject", Cell::plain(&facts.subject)),
            ("Issuer", Cell::plain(issuer)),
            ("Serial number", Cell { mono: true, ..Cell::plain(&facts.serial) }),
            ("Signature", self.judged(words::signature(facts), &["signature_hash"])),
            ("Key", self.judged(facts.key.to_string(), &["rsa_bits", "ec_bits"])),
            ("Valid", validity),
            ("Usage", Cell::plain(&words::usage(facts))),
            (
                "SHA-256",
                Cell { fingerprint: Some(facts.fingerprint_sha256), ..Cell::plain(&facts.fingerprint_sha256.short()) },
            ),
        ]
    }
}

impl Cell {
    fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), mono: false, judged: None, fingerprint: None }
    }
}

/// The rows of one or two certificates.
#[must_use]
pub(super) fn rows(old: Option<&Judged<'_>>, new: &Judged<'_>, moment: &Moment) -> Vec<Row> {
    let mut before = old.map(|old| old.cells(moment).map(Some)).unwrap_or_default();
    new.cells(moment)
        .into_iter()
        .enumerate()
        .map(|(index, (name, new))| {
            let old = before.get_mut(index).and_then(Option::take).map(|(_, cell)| cell);
            let differs = old.as_ref().is_some_and(|old| (old.text != new.text) || old.fingerprint != new.fingerprint);
            Row { name, old, new, differs }
        })
        // What both are made for is said where it changes.
        .filter(|row| row.name != "Usage" || row.old.is_none() || row.differs)
        .collect()
}

/// Shows them.
pub(super) fn show(ui: &mut Ui, rows: &[Row], fresh: bool) {
    let both = rows.iter().any(|row| row.old.is_some());
    let width = ui.available_width();
    let narrow = width < 780.0;
    let names = if narrow { 106.0 } else { NAMES };
    let marks = if both { 90.0 } else { 0.0 };
    let columns = if both { 2.0 } else { 1.0 };
    let column = ((width - names - marks) / columns).floor();
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        ui.spacing_mut().interact_size.y = 0.0;
        let head = |ui: &mut Ui, text: &str| {
            let ink = tokens(ui.ctx()).muted;
            ui.label(RichText::new(text).font(theme::bold(theme::TABLE_HEAD)).color(ink));
        };
        ui.horizontal(|ui| {
            let cell = |ui: &mut Ui, width, text: &str| tall_cell(ui, width, HEAD, |ui| head(ui, text));
            cell(ui, names, "");
            if both {
                cell(ui, column, "In use");
            }
            cell(ui, column, if fresh { "New" } else { "The certificate" });
            if both {
                cell(ui, marks, "");
            }
        });
        for row in rows {
            separator(ui);
            let stacked = narrow && (row.new.has_both() || row.old.as_ref().is_some_and(Cell::has_both));
            let height = if stacked { ROW + 20.0 } else { ROW };
            ui.push_id(row.name, |ui| {
                let cell = |ui: &mut Ui, width, content: &mut dyn FnMut(&mut Ui)| tall_cell(ui, width, height, content);
                ui.horizontal(|ui| {
                    cell(ui, names, &mut |ui| {
                        ui.label(RichText::new(row.name).font(theme::body()).color(tokens(ui.ctx()).muted));
                    });
                    if let Some(old) = &row.old {
                        cell(ui, column, &mut |ui| old.show(ui, row.name, "the old certificate", false, stacked));
                    }
                    cell(ui, column, &mut |ui| row.new.show(ui, row.name, "the new certificate", row.differs, stacked));
                    if row.differs {
                        cell(ui, marks, &mut |ui| {
                            ui.spacing_mut().item_spacing.x = 5.0;
                            ui.label(icon::text(Icon::EqualNot, tokens(ui.ctx()).accent.ink).size(13.0));
                            let label = ui.label(small("differs").color(tokens(ui.ctx()).accent.ink));
                            let said = format!("{} differs", row.name);
                            label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &said));
                        });
                    }
                });
            });
        }
        separator(ui);
    });
}

fn tall_cell(ui: &mut Ui, width: f32, height: f32, content: impl FnOnce(&mut Ui)) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), egui::Sense::hover());
    let inner = egui::Rect::from_min_max(rect.min, rect.max - vec2(12.0, 0.0));
    let mut within = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    within.set_clip_rect(rect.intersect(ui.clip_rect()));
    content(&mut within);
}

impl Cell {
    /// Whether it has a badge beside its text.
    fn has_both(&self) -> bool {
        self.judged.as_ref().is_some_and(|(_, word, _)| *word != self.text)
    }

    fn show(&self, ui: &mut Ui, name: &str, whose: &str, strong: bool, stacked: bool) {
        ui.spacing_mut().item_spacing.x = 8.0;
        if let Some(fingerprint) = &self.fingerprint {
            short_fingerprint(ui, fingerprint, whose);
            return;
        }
        match &self.judged {
            Some((status, word, reason)) if *word == self.text => {
                Badge::status(*status, word).about(name).show(ui).on_hover_text(reason);
            }
            judged => {
                // The badge keeps its room; the text gives way.
                let badge = judged.as_ref().map_or(0.0, |(_, word, _)| Badge::width(ui, word) + 8.0);
                let font = match (self.mono, strong) {
                    (true, _) => theme::mono(),
                    (false, true) => theme::medium(theme::BODY),
                    (false, false) => theme::body(),
                };
                let ink = tokens(ui.ctx()).text;
                let room = if stacked { ui.available_width() } else { (ui.available_width() - badge).max(40.0) };
                let show_badge = |ui: &mut Ui| {
                    if let Some((status, word, reason)) = judged {
                        Badge::status(*status, word).about(name).show(ui).on_hover_text(reason);
                    }
                };
                let show_text = |ui: &mut Ui| long_text_in(ui, &self.text, font, ink, &format!("Copy {name}"));
                if stacked {
                    ui.vertical(|ui| {
                        ui.spacing_mut().item_spacing.y = 2.0;
                        show_text(ui);
                        show_badge(ui);
                    });
                    return;
                }
                ui.scope(|ui| {
                    ui.set_max_width(room);
                    show_text(ui);
                });
                show_badge(ui);
            }
        }
    }
}

/// The issuers that came in one file with the certificate and are kept with it.
pub(super) fn beside(ui: &mut Ui, others: &[String]) {
    let text = match others.len() {
        1 => "Its issuer came with it and is kept".to_owned(),
        more => format!("Its chain of {more} issuers came with it and is kept"),
    };
    egui::CollapsingHeader::new(RichText::new(text).font(theme::small())).id_salt("beside").show(ui, |ui| {
        for other in others {
            ui.label(muted(ui, other));
        }
    });
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::fixtures::{day, facts};

    #[test]
    fn one_that_is_not_valid_yet_never_looks_valid() {
        let moment = Moment::new(day(20_000), TimeZone::UTC);
        let new = facts(1, 20_100, 20_800);
        let judged = |at, too_early| {
            let new = Judged { facts: &new, report: None, at, too_early };
            let rows = rows(None, &new, &moment);
            let valid = rows.iter().find(|row| row.name == "Valid").unwrap();
            valid.new.judged.clone().map(|(status, word, _)| (status, word))
        };
        let said = "Not valid yet".to_owned();
        assert_eq!(judged(new.not_before, true), Some((Status::NonCompliant, said.clone())), "used before that");
        assert_eq!(judged(day(20_200), false), Some((Status::Due, said)), "scheduled for later");
    }
}
