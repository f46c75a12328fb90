//! Noting that partners were told, and keeping a note: for many profiles at once.

use egui::Context;

use super::in_words;
use crate::app::engine::{Command, RequestId, RolloverCommand};
use crate::app::{RolloverAction, RolloverRequest};
use crate::domain::rollover::{Board, ProfileKey, RolloverId, RolloverState};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::moment::count;
use crate::ui::widgets::{ToneName, muted, notice, primary, secondary, segmented, text_area, text_edit};

/// The ways in which partners are told most.
const WAYS: [(&str, &str); 4] =
    [("by mail", "Mail"), ("by telephone", "Telephone"), ("in the portal", "Portal"), ("by letter", "Letter")];

/// The dialog.
pub(super) struct TellingDialog {
    id: RolloverId,
    keys: Vec<ProfileKey>,
    whom: usize,
    /// Whether it is about telling, and not just a note.
    tells: bool,
    how: String,
    note: String,
    saving: Option<RequestId>,
    trouble: Option<(String, String)>,
}

impl TellingDialog {
    /// Notes that they were told.
    pub(super) fn told(board: &Board, keys: Vec<ProfileKey>) -> Self {
        Self::new(board, keys, true)
    }

    /// Keeps a note; that of the first, where all have the same.
    pub(super) fn note(board: &Board, keys: Vec<ProfileKey>) -> Self {
        let mut dialog = Self::new(board, keys, false);
        let mut notes = board.rows.iter().filter(|row| dialog.keys.contains(&row.key())).map(|row| &row.note);
        let first = notes.next().cloned();
        if notes.all(|note| Some(note) == first.as_ref()) {
            dialog.note = first.unwrap_or_default();
        }
        dialog
    }

    fn new(board: &Board, keys: Vec<ProfileKey>, tells: bool) -> Self {
        let all = board.rows.iter().filter(|row| row.state != RolloverState::LeftOut).count();
        let whom = if keys.is_empty() { all } else { keys.len() };
        let how = if tells { WAYS[0].0.to_owned() } else { String::new() };
        Self { id: board.rollover.id, keys, whom, tells, how, note: String::new(), saving: None, trouble: None }
    }

    fn save(&mut self, action: RolloverAction, desk: &mut Desk<'_>) {
        let request = RolloverRequest { id: self.id, profiles: self.keys.clone(), action, seen: None };
        self.saving = desk.ask(|id| Command::Rollover(id, Box::new(RolloverCommand::Change(request))));
    }
}

impl Dialog for TellingDialog {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        match desk.answer(&mut self.saving) {
            Some(Ok(_)) => {
                let what = if self.tells { "Noted that the partner was told" } else { "Note kept" };
                desk.toasts.done(what, &format!("For {}", count(self.whom, "profile")));
                return Flow::Close;
            }
            Some(Err(error)) => self.trouble = Some(in_words(&error)),
            None => {}
        }
        let busy = self.saving.is_some();
        let title = if self.tells { "Partner told" } else { "Note" };
        let subtitle = format!("For {}", count(self.whom, "profile"));
        let mut act = None;
        let flow = frame(ctx, "telling", title, &subtitle, 520.0, busy, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            if let Some((head, text)) = &self.trouble {
                notice(ui, ToneName::Bad, head, text, |_| {});
            }
            let width = ui.available_width();
            if self.tells {
                ui.label(muted(ui, "How were they told of the change?"));
                ui.horizontal_wrapped(|ui| {
                    let current = WAYS.iter().position(|(way, _)| *way == self.how);
                    let all: Vec<(Option<usize>, &str)> =
                        WAYS.iter().enumerate().map(|(place, (_, label))| (Some(place), *label)).collect();
                    if let Some(Some(place)) = segmented(ui, current, &all) {
                        WAYS[place].0.clone_into(&mut self.how);
                    }
                });
                text_edit(ui, "How they were told", &mut self.how, "By mail, by telephone", width);
            }
            text_area(ui, "Note", &mut self.note, "Whom, what they answered, what is agreed", width);
            buttons(ui, |ui| {
                let label = if self.tells { "Mark as told" } else { "Keep note" };
                if ui.add_enabled_ui(!busy, |ui| primary(ui, label)).inner.clicked() {
                    act = Some(if self.tells {
                        RolloverAction::Told { how: self.how.clone(), note: self.note.clone() }
                    } else {
                        RolloverAction::Note(self.note.clone())
                    });
                }
                if self.tells && ui.add_enabled_ui(!busy, |ui| secondary(ui, "Not told after all")).inner.clicked() {
                    act = Some(RolloverAction::NotTold);
                }
                if secondary(ui, "Cancel").clicked() { Flow::Close } else { Flow::Open }
            })
        });
        if let Some(action) = act {
            self.save(action, desk);
        }
        flow
    }
}
