//! How far the partners are with an identity, profile by profile, and what is done for those that are ticked.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{Align, Color32, Layout, Sense, Stroke, StrokeKind, Ui, UiBuilder, vec2};

use super::ask;
use super::change_over::ChangeOverDialog;
use super::note::{NoteDialog, What};
use super::sheet::SheetDialog;
use crate::app::engine::{Answer, Command, IdentityCommand, RequestId, Snapshot};
use crate::app::{AppError, OwnProgress, OwnStep, ProfileRef};
use crate::domain::identifier::IdentityName;
use crate::domain::own_rollover::{Noted, OwnStage};
use crate::ui::certificate::stated_fully;
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::Intent;
use crate::ui::moment::Moment;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, ToneName, link, muted, notice, secondary, small, strong};

/// The profiles of one identity.
#[derive(Default)]
pub(super) struct Partners {
    of: Option<(IdentityName, Arc<Snapshot>)>,
    request: Option<RequestId>,
    rows: Vec<OwnProgress>,
    trouble: Option<AppError>,
    ticked: BTreeSet<ProfileRef>,
}

impl Partners {
    /// Asks how far they are, where that is not known of this identity in this snapshot.
    pub(super) fn follow(&mut self, selected: Option<&IdentityName>, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.request) {
            Some(Ok(Answer::OwnProgress(rows))) => {
                self.rows = rows;
                self.trouble = None;
            }
            Some(Err(error)) => self.trouble = Some(error),
            Some(Ok(_)) | None => {}
        }
        let Some(selected) = selected else {
            self.of = None;
            return;
        };
        let known = self.of.as_ref().is_some_and(|(name, of)| name == selected && Arc::ptr_eq(of, desk.snapshot));
        if known || self.request.is_some() {
            return;
        }
        if self.of.as_ref().is_none_or(|(name, _)| name != selected) {
            self.rows.clear();
            self.ticked.clear();
        }
        self.of = Some((selected.clone(), Arc::clone(desk.snapshot)));
        self.request = desk.ask(|id| Command::Identity(id, IdentityCommand::Progress(selected.clone())));
    }

    /// Shows them.
    pub(super) fn show(&mut self, ui: &mut Ui, name: &IdentityName, desk: &mut Desk<'_>) {
        if let Some(error) = &self.trouble {
            notice(ui, ToneName::Bad, "How far the partners are cannot be read", error.message(), |_| ());
            return;
        }
        if self.rows.is_empty() {
            let text = if self.request.is_some() {
                "Reading how far the partners are…"
            } else {
                "No profile signs with it, now or on a date"
            };
            ui.label(muted(ui, text));
            return;
        }
        ui.horizontal_wrapped(|ui| {
            ui.label(strong("Partners"));
            ui.label(muted(ui, self.counted()));
        });
        self.actions(ui, name, desk);
        let moment = desk.moment.clone();
        for row in &self.rows {
            let key = (row.connection.clone(), row.profile);
            let was = self.ticked.contains(&key);
            match partner(ui, row, name, &moment, was) {
                Some(true) => drop(self.ticked.insert(key)),
                Some(false) => drop(self.ticked.remove(&key)),
                None => {}
            }
        }
    }

    fn counted(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for stage in OwnStage::ALL {
            let number = self.rows.iter().filter(|row| row.stage == *stage).count();
            if number > 0 {
                parts.push(format!("{number} {}", stage.label().to_lowercase()));
            }
        }
        parts.join(", ")
    }

    /// What is done for those that are ticked, where it can be.
    fn actions(&mut self, ui: &mut Ui, name: &IdentityName, desk: &mut Desk<'_>) {
        let chosen: Vec<&OwnProgress> =
            self.rows.iter().filter(|row| self.ticked.contains(&(row.connection.clone(), row.profile))).collect();
        let refs: Vec<ProfileRef> = chosen.iter().map(|row| (row.connection.clone(), row.profile)).collect();
        let now = desk.moment.now;
        let scheduled = |row: &&OwnProgress| row.activates.is_some_and(|at| at > now);
        let all_scheduled = !chosen.is_empty() && chosen.iter().all(scheduled);
        let changed = |row: &&OwnProgress| row.signs_now == *name && row.activates.is_some();
        let all_changed = !chosen.is_empty() && chosen.iter().all(changed);
        let mut connections: Vec<_> = chosen.iter().map(|row| row.connection.clone()).collect();
        connections.dedup();
        let before = chosen
            .first()
            .map(|row| row.signs_now.clone())
            .filter(|before| all_scheduled && chosen.iter().all(|row| row.signs_now == *before));
        let mut all = None;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
            if link(ui, "Tick all").clicked() {
                all = Some(true);
            }
            if link(ui, "Tick none").clicked() {
                all = Some(false);
            }
            let button = |ui: &mut Ui, label: &str, ready: bool| {
                // What does not fit goes to the next line, whole.
                let text =
                    ui.painter().layout_no_wrap(label.to_owned(), theme::medium(theme::BODY), Color32::PLACEHOLDER);
                if ui.available_size_before_wrap().x < text.size().x + 2.0 * ui.spacing().button_padding.x {
                    ui.end_row();
                }
                ui.add_enabled_ui(ready, |ui| secondary(ui, label)).inner.clicked()
            };
            let any = !refs.is_empty();
            if button(ui, "Told…", any) {
                desk.intend(Intent::Open(Box::new(NoteDialog::new(name, refs.clone(), What::Told))));
            }
            if button(ui, "Confirmed…", any) {
                desk.intend(Intent::Open(Box::new(NoteDialog::new(name, refs.clone(), What::Confirmed))));
            }
            if button(ui, "Sheet…", connections.len() == 1)
                && let Some(connection) = connections.first()
            {
                desk.intend(Intent::Open(Box::new(SheetDialog::new(name, connection, desk))));
            }
            if button(ui, "Change the date…", before.is_some())
                && let Some(before) = before
            {
                let dialog = ChangeOverDialog::again(before, name.clone(), &self.ticked, desk);
                desk.intend(Intent::Open(Box::new(dialog)));
            }
            if button(ui, "Cancel the change…", all_scheduled) {
                desk.intend(Intent::Open(Box::new(ask::step(name, refs.clone(), OwnStep::Cancel))));
            }
            if button(ui, "Roll back…", all_changed) {
                desk.intend(Intent::Open(Box::new(ask::step(name, refs.clone(), OwnStep::RollBack))));
            }
        });
        match all {
            Some(true) => self.ticked = self.rows.iter().map(|row| (row.connection.clone(), row.profile)).collect(),
            Some(false) => self.ticked.clear(),
            None => {}
        }
    }
}

/// Height of one profile's row.
const ROW: f32 = 56.0;

/// One profile. Returns whether it is ticked now, where that was changed. What is out of sight takes only its room.
fn partner(ui: &mut Ui, row: &OwnProgress, name: &IdentityName, moment: &Moment, was: bool) -> Option<bool> {
    let colours = tokens(ui.ctx());
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return None;
    }
    ui.painter().rect(rect, theme::CARD_RADIUS, colours.panel, Stroke::new(1.0, colours.line), StrokeKind::Inside);
    let inner = rect.shrink2(vec2(12.0, 6.0));
    let mut within = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    within.set_clip_rect(inner.intersect(ui.clip_rect()));
    within.spacing_mut().item_spacing.y = 2.0;
    within.spacing_mut().interact_size.y = 20.0;
    let who = format!("{}, {}", row.name, row.profile);
    let mut ticked = was;
    within.horizontal(|ui| {
        ui.checkbox(&mut ticked, strong(&who));
        let (tone, icon) = look(row.stage);
        Badge::new(tone, row.stage.label()).icon(icon).about(&who).show(ui);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(egui::Label::new(muted(ui, when(row, name, moment))).truncate());
        });
    });
    within.horizontal(|ui| {
        // Under the name, which stands beside the tick.
        ui.add_space(24.0);
        match &row.concern {
            Some(concern) => {
                ui.label(icon::text(Icon::TriangleAlert, colours.warn.ink).size(13.0));
                ui.add(egui::Label::new(small(concern).color(colours.warn.ink)).truncate());
            }
            None => drop(ui.add(egui::Label::new(muted(ui, known(row, moment))).truncate())),
        }
    });
    (ticked != was).then_some(ticked)
}

const fn look(stage: OwnStage) -> (ToneName, Icon) {
    match stage {
        OwnStage::NotTold => (ToneName::Info, Icon::CircleDashed),
        OwnStage::Told => (ToneName::Accent, Icon::Mail),
        OwnStage::Confirmed => (ToneName::Accent, Icon::CheckCheck),
        OwnStage::Signing => (ToneName::Warn, Icon::PenLine),
        OwnStage::Working | OwnStage::InUse => (ToneName::Ok, Icon::Check),
        OwnStage::Replaced => (ToneName::Info, Icon::Ban),
    }
}

/// When it signs.
fn when(row: &OwnProgress, name: &IdentityName, moment: &Moment) -> String {
    match row.activates {
        Some(at) if at > moment.now => format!("Signs from {}", stated_fully(at, row.zone.as_deref(), moment)),
        Some(at) if row.signs_now == *name => format!("Signs since {}", stated_fully(at, row.zone.as_deref(), moment)),
        None if row.signs_now == *name => "Signs since ever".to_owned(),
        _ => format!("{} signs", row.signs_now),
    }
}

/// What is known of the partner.
fn known(row: &OwnProgress, moment: &Moment) -> String {
    let note = |word: &str, note: &Option<Noted>| {
        note.as_ref().map(|note| format!("{word} {}: {}", moment.day(note.at), note.words))
    };
    let parts: Vec<String> = [
        note("Told", &row.known.told),
        note("Confirmed", &row.known.confirmed),
        row.known.decrypted.map(|at| format!("Encrypted for it {}", moment.ago(at))),
        row.known.verified.map(|at| format!("Signature accepted {}", moment.ago(at))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "Nothing noted yet".to_owned() } else { parts.join(" · ") }
}
