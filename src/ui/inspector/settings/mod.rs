//! The settings of both profiles: a draft on top of what is saved, judged while it is edited.

pub(in crate::ui) mod catalogue;
mod controls;
mod copy;
mod draft;
mod folders;
mod foot;
mod head;
mod prospect;
mod row;

use std::sync::Arc;

use egui::{Margin, Panel, ScrollArea, Ui};

use crate::app::engine::{Answer, Command, ConnectionState, RequestId, Snapshot};
use crate::app::{AppError, Saved};
use crate::domain::compliance::{ConnectionReport, Status};
use crate::domain::connection::Connection;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::ui::desk::Desk;
use crate::ui::files::PickId;
use crate::ui::intent::Intent;
use crate::ui::theme;
use catalogue::{Group, Scope};
use copy::CopyQuestion;
use draft::{Draft, Key};
use folders::Folders;
use prospect::Outlook;

/// How far the inspector's frame keeps its content from the edge; rows run through to the edge.
const MARGIN: f32 = 18.0;

/// The tab with its draft.
pub(super) struct SettingsTab {
    connection: ConnectionId,
    draft: Draft,
    outlook: Outlook,
    /// The snapshot that the outlook was worked out on.
    judged: Option<Arc<Snapshot>>,
    /// Set where draft and outlook differ.
    stale: bool,
    /// Which groups are unfolded.
    open: Vec<Group>,
    /// The setting that is to be brought into sight and given the keyboard.
    show: Option<Key>,
    /// Asked before the other profile's settings are taken.
    question: Option<CopyQuestion>,
    /// A file dialog for the server's certificates.
    picking: Option<(Key, Option<PickId>)>,
    saving: Option<RequestId>,
    copying: Option<RequestId>,
    folders: Folders,
    /// Why the last save was refused.
    refused: Option<(String, String)>,
    /// The notes that were shown in this frame, each at the first setting that it is about.
    noted: Vec<String>,
}

impl SettingsTab {
    /// Of a connection as it is saved.
    pub(super) fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.id.clone(),
            draft: Draft::new(connection),
            outlook: Outlook::default(),
            judged: None,
            stale: true,
            open: Vec::new(),
            show: None,
            question: None,
            picking: None,
            saving: None,
            copying: None,
            folders: Folders::default(),
            refused: None,
            noted: Vec::new(),
        }
    }

    pub(super) fn unsaved(&self) -> usize {
        self.draft.len()
    }

    pub(super) fn discard(&mut self) {
        self.draft.discard();
        self.changed();
    }

    pub(super) fn save(&mut self, desk: &mut Desk<'_>) {
        let snapshot = Arc::clone(desk.snapshot);
        let Some(state) = snapshot.connection(&self.connection) else { return };
        self.look_ahead(&snapshot, &state.connection);
        if self.draft.len() == 0 || self.saving.is_some() || snapshot.workspace.read_only {
            return;
        }
        if let Some((key, _)) = self.outlook.errors.first_key_value() {
            self.show = Some(*key);
            return;
        }
        let change = self.draft.send(&state.connection);
        self.refused = None;
        self.saving = desk.ask(|id| Command::Save(id, change));
        if self.saving.is_none() {
            self.draft.was_refused();
        }
    }

    pub(super) fn undo(&mut self) -> bool {
        let can = self.draft.can_undo();
        self.draft.undo();
        self.changed();
        can
    }

    pub(super) fn redo(&mut self) {
        self.draft.redo();
        self.changed();
    }

    pub(super) fn propose(&mut self, profile: ProfileKind, setting: &str, value: Option<&str>) {
        let scope = Scope::Profile(profile);
        let Some((scope, row)) = catalogue::find(scope, setting)
            .map(|row| (scope, row))
            .or_else(|| catalogue::find(Scope::Own, setting).map(|row| (Scope::Own, row)))
        else {
            return;
        };
        if let Some(value) = value {
            self.choose((scope, row.key), value.to_owned());
        }
        self.show = Some((scope, row.key));
    }

    pub(super) fn refresh(&mut self, snapshot: &Snapshot) {
        if let Some(state) = snapshot.connection(&self.connection) {
            self.draft.refresh(&state.connection);
        }
        self.changed();
    }

    /// Puts a value that was chosen into the draft.
    fn choose(&mut self, key: Key, value: String) {
        self.draft.choose(key, value);
        self.changed();
    }

    const fn changed(&mut self) {
        self.stale = true;
    }

    /// Works out how the connection would stand, where that may have changed.
    fn look_ahead(&mut self, snapshot: &Arc<Snapshot>, connection: &Connection) {
        if self.stale || !self.judged.as_ref().is_some_and(|judged| Arc::ptr_eq(judged, snapshot)) {
            self.outlook = Outlook::new(snapshot, connection, &self.draft);
            self.judged = Some(Arc::clone(snapshot));
            self.stale = false;
        }
    }

    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        state: &ConnectionState,
        profile: &mut ProfileKind,
    ) {
        if let Some((Scope::Profile(kind), _)) = self.show {
            *profile = kind;
        }
        let snapshot = Arc::clone(desk.snapshot);
        self.look_ahead(&snapshot, &state.connection);
        Panel::bottom("settings foot")
            .resizable(false)
            .frame(egui::Frame::new().inner_margin(Margin { left: 0, right: 0, top: 12, bottom: 0 }))
            .show(ui, |ui| self.foot(ui, desk));
        self.switch(ui, profile);
        ui.add_space(2.0);
        // Rows run from edge to edge.
        let inner = ui.available_rect_before_wrap();
        let rect = inner.expand2(egui::vec2(MARGIN, 0.0));
        let mut wide = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        wide.set_clip_rect(rect.intersect(ui.clip_rect().expand2(egui::vec2(MARGIN, 0.0))));
        self.noted.clear();
        // Each connection is shown from where it was left, and not from where another was.
        let place = ("settings", self.connection.as_str(), *profile);
        ScrollArea::vertical().id_salt(place).auto_shrink([false, false]).show(&mut wide, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if state.connection.profile(*profile).is_some() {
                self.notices(ui, desk, state, *profile);
                for group in [Group::Security, Group::Address, Group::More, Group::Quirks] {
                    self.group(ui, desk, state, Scope::Profile(*profile), group);
                }
                self.folders.show(ui, desk, &self.connection, *profile);
            } else {
                self.missing(ui, desk, *profile);
            }
            self.group(ui, desk, state, Scope::Own, Group::Connection);
            ui.add_space(16.0);
        });
        ui.advance_cursor_after_rect(inner);
        self.ask(ui.ctx());
        self.show = None;
    }

    /// Takes what the engine has answered.
    pub(super) fn listen(&mut self, desk: &mut Desk<'_>) {
        match desk.answer(&mut self.saving) {
            Some(Ok(Answer::Saved(saved))) => {
                self.draft.was_kept();
                let report = &saved.report;
                let left = still_broken(report);
                if left.is_empty() {
                    desk.toasts
                        .done("Saved", &format!("{} now: {}", report.name, report.status.label().to_lowercase()));
                } else {
                    desk.toasts.warn("Saved", &format!("Still against the policy: {left}"));
                }
                if let Some(shared) = saved.shared_pair() {
                    desk.toasts.warn("Saved, but look at the identifiers", &shared);
                }
                offer_undo(*saved, desk);
            }
            Some(Err(error)) => {
                self.draft.was_refused();
                self.refused = Some(refusal("Nothing was saved", &error));
            }
            Some(Ok(_)) | None => {}
        }
        if let Some(refused) = self.folders.listen(desk, &self.connection) {
            self.refused = Some(refused);
        }
        match desk.answer(&mut self.copying) {
            Some(Ok(answer)) => {
                let text = "Give it the identifiers and the address of its own system";
                desk.toasts.done("The profile was created", text);
                if let Answer::Saved(saved) = answer {
                    offer_undo(*saved, desk);
                }
            }
            Some(Err(error)) => self.refused = Some(refusal("The profile was not created", &error)),
            None => {}
        }
        if let Some((key, pick)) = &mut self.picking
            && let Some(picked) = desk.picked(pick)
        {
            let key = *key;
            self.picking = None;
            if let Some(file) = picked {
                self.choose(key, file.display().to_string());
            }
        }
    }
}

/// Offers to take back what was saved.
fn offer_undo(saved: Saved, desk: &mut Desk<'_>) {
    if let Some(before) = saved.before {
        desk.toasts.offer_undo(|desk| desk.intend(Intent::PutBack(before)));
    }
}

/// An error in words, with what to do where that can be done in the window.
fn refusal(head: &str, error: &AppError) -> (String, String) {
    let hint = error.what_to_do().filter(|hint| !hint.contains("`countersign"));
    let hint = hint.map(|hint| format!("\n{hint}")).unwrap_or_default();
    (head.to_owned(), format!("{}{hint}", error.message()))
}

/// What breaks the policy, named: `encryption (test)`.
fn still_broken(report: &ConnectionReport) -> String {
    let mut named: Vec<String> = Vec::new();
    for profile in &report.profiles {
        for finding in profile.findings.iter().filter(|finding| finding.status == Status::NonCompliant) {
            let scope = Scope::Profile(profile.profile);
            let label = catalogue::find(scope, finding.setting).map_or(finding.setting, |row| row.label);
            let name = format!("{label} ({})", profile.profile);
            if !named.contains(&name) {
                named.push(name);
            }
        }
    }
    named.join(", ")
}

/// The width of the column of labels.
const LABELS: f32 = 128.0;

/// The font of labels.
fn label_font() -> egui::FontId {
    theme::body()
}
