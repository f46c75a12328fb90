//! The question before the other profile's settings are taken: what would change.

use egui::{Context, Grid, Ui};

use super::SettingsTab;
use super::catalogue::{Row, Scope, settings_of, value_label};
use super::draft::{Draft, Key};
use crate::domain::identifier::ProfileKind;
use crate::ui::dialog::{Flow, buttons, frame};
use crate::ui::moment::count;
use crate::ui::widgets::{muted, primary, secondary, small};

/// What tells the two systems apart and is never copied; certificates are not copied either, being no setting.
const APART: [&str; 5] = ["our_as2_id", "partner_as2_id", "url", "mdn_url", "http_user"];

/// The question, while it is asked.
pub(super) struct CopyQuestion {
    from: ProfileKind,
    to: ProfileKind,
    changes: Vec<(&'static Row, String, String)>,
}

impl CopyQuestion {
    /// What would change in `to`, both profiles as they are in the draft.
    #[must_use]
    pub(super) fn new(draft: &Draft, from: ProfileKind, to: ProfileKind) -> Self {
        let value = |kind, row: &'static Row| draft.value((Scope::Profile(kind), row.key)).to_owned();
        let receipt_address_needed =
            |row: &Row| row.key == "mdn_url" && draft.value((Scope::Profile(to), "mdn_url")).is_empty();
        let changes = settings_of(Scope::Profile(to))
            .filter(|row| !APART.contains(&row.key) || receipt_address_needed(row))
            .map(|row| (row, value(to, row), value(from, row)))
            .filter(|(_, before, after)| before != after)
            .collect();
        Self { from, to, changes }
    }

    /// Asks. Returns what is to be put into the draft once that is decided.
    fn show(&self, ctx: &Context) -> (Flow, Option<Vec<(Key, String)>>) {
        let mut taken = None;
        let title = format!("Copy settings from {}?", self.from);
        let subtitle = "Identifiers, addresses, the HTTP user and the partner's certificates stay as they are";
        let flow = frame(ctx, "copy settings", &title, subtitle, 560.0, false, |ui| {
            if self.changes.is_empty() {
                ui.label(format!("Nothing would change: {} has the same settings already", self.to));
            } else {
                self.table(ui);
            }
            buttons(ui, |ui| {
                let mut flow = Flow::Open;
                if self.changes.is_empty() {
                    if primary(ui, "Close").clicked() {
                        flow = Flow::Close;
                    }
                    return flow;
                }
                if primary(ui, format!("Copy {}", count(self.changes.len(), "setting"))).clicked() {
                    let scope = Scope::Profile(self.to);
                    taken =
                        Some(self.changes.iter().map(|(row, _, after)| ((scope, row.key), after.clone())).collect());
                    flow = Flow::Close;
                }
                if secondary(ui, "Cancel").clicked() {
                    flow = Flow::Close;
                }
                ui.label(muted(ui, "Nothing is saved yet"));
                flow
            })
        });
        (flow, taken)
    }

    fn table(&self, ui: &mut Ui) {
        Grid::new("copied settings")
            .num_columns(3)
            .min_col_width(150.0)
            .max_col_width(190.0)
            .spacing([12.0, 6.0])
            .show(ui, |ui| {
                ui.label(muted(ui, "Setting"));
                ui.label(muted(ui, format!("{} now", self.to.label())));
                ui.label(muted(ui, format!("From {}", self.from)));
                ui.end_row();
                for (row, before, after) in &self.changes {
                    ui.label(row.label);
                    ui.add(egui::Label::new(small(value_label(row, before))).truncate());
                    ui.add(egui::Label::new(small(value_label(row, after))).truncate());
                    ui.end_row();
                }
            });
    }
}

impl SettingsTab {
    /// Asks the question that is open.
    pub(super) fn ask(&mut self, ctx: &Context) {
        let Some(question) = &self.question else { return };
        let (flow, taken) = question.show(ctx);
        if flow == Flow::Close {
            self.question = None;
        }
        if let Some(values) = taken {
            self.draft.choose_all(values);
            self.changed();
        }
    }
}
