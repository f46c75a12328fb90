//! The folders of a profile: whose files are sent, and where payloads are put. They belong to this machine and not to the
//! connection, so they are set at once and are no part of the draft.

use egui::{Label, Ui};

use super::refusal;
use crate::app::engine::{Command, RequestId};
use crate::app::{ConnectionChange, FolderKind};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::ui::desk::Desk;
use crate::ui::files::{FilePick, PickId};
use crate::ui::widgets::{link, mono, muted, section};

/// The folders as they are shown, with what is being changed.
#[derive(Default)]
pub(super) struct Folders {
    picking: Option<(ProfileKind, FolderKind, Option<PickId>)>,
    saving: Option<RequestId>,
}

impl Folders {
    /// Shows both folders of a profile.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, connection: &ConnectionId, profile: ProfileKind) {
        egui::Frame::new().inner_margin(egui::Margin::symmetric(18, 10)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 4.0;
            section(ui, "Folders of this computer");
            for kind in FolderKind::ALL {
                self.row(ui, desk, connection, profile, *kind);
            }
        });
    }

    fn row(
        &mut self,
        ui: &mut Ui,
        desk: &mut Desk<'_>,
        connection: &ConnectionId,
        profile: ProfileKind,
        kind: FolderKind,
    ) {
        let (name, empty, what) = match kind {
            FolderKind::Outbox => (
                "Outbox",
                "None",
                "Its files are sent to this profile, and moved to “sent” in it once they were delivered",
            ),
            FolderKind::Inbox => ("Inbox", "That of the receiver", "What this profile receives is put here"),
        };
        let folder = desk.snapshot.folder(connection, profile, kind).map(str::to_owned);
        let can_change = self.saving.is_none() && self.picking.is_none() && !desk.snapshot.workspace.read_only;
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            ui.label(name).on_hover_text(what);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.add_enabled_ui(can_change, |ui| {
                    if folder.is_some() && link(ui, format!("Remove {}", name.to_lowercase())).clicked() {
                        self.change(desk, connection, profile, kind, None);
                    }
                    if link(ui, format!("Choose {}…", name.to_lowercase())).clicked() {
                        let title = match kind {
                            FolderKind::Outbox => "Choose the folder whose files are sent",
                            FolderKind::Inbox => "Choose the folder for what is received",
                        };
                        self.picking = Some((profile, kind, desk.pick_file(FilePick::Folder(title))));
                    }
                });
            });
        });
        match folder {
            Some(folder) => ui.add(Label::new(mono(folder)).wrap().selectable(true)),
            None => ui.add(Label::new(muted(ui, empty)).wrap()),
        };
        ui.add(Label::new(muted(ui, what)).wrap());
    }

    fn change(
        &mut self,
        desk: &mut Desk<'_>,
        connection: &ConnectionId,
        profile: ProfileKind,
        kind: FolderKind,
        path: Option<std::path::PathBuf>,
    ) {
        let mut change = ConnectionChange::new(connection.clone());
        change.folders.push((profile, kind, path));
        self.saving = desk.ask(|id| Command::Save(id, change));
    }

    /// Takes what was picked and what the engine has answered; why it was refused.
    pub(super) fn listen(&mut self, desk: &mut Desk<'_>, connection: &ConnectionId) -> Option<(String, String)> {
        if let Some((profile, kind, pick)) = &mut self.picking {
            let (profile, kind) = (*profile, *kind);
            if pick.is_none() {
                // The dialog could not be opened, and the user was told.
                self.picking = None;
            } else if let Some(picked) = desk.picked(pick) {
                self.picking = None;
                if let Some(folder) = picked {
                    self.change(desk, connection, profile, kind, Some(folder));
                }
            }
        }
        match desk.answer(&mut self.saving)? {
            Ok(_) => {
                desk.toasts.done("The folder is set", "");
                None
            }
            Err(error) => Some(refusal("The folder was not changed", &error)),
        }
    }
}
