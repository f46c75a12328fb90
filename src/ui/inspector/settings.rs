//! The settings of both profiles.

use egui::Ui;

use crate::app::engine::{ConnectionState, Snapshot};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::ui::desk::Desk;

/// The tab with its draft.
pub(super) struct SettingsTab {}

impl SettingsTab {
    pub(super) fn new(_connection: ConnectionId) -> Self {
        Self {}
    }

    pub(super) fn unsaved(&self) -> usize {
        0
    }

    pub(super) fn discard(&mut self) {}

    pub(super) fn save(&mut self, _desk: &mut Desk<'_>) {}

    pub(super) fn undo(&mut self) {}

    pub(super) fn redo(&mut self) {}

    pub(super) fn propose(&mut self, _profile: ProfileKind, _setting: &str, _value: Option<&str>) {}

    pub(super) fn refresh(&mut self, _snapshot: &Snapshot) {}

    pub(super) fn show(
        &mut self,
        _ui: &mut Ui,
        _desk: &mut Desk<'_>,
        _state: &ConnectionState,
        _profile: &mut ProfileKind,
    ) {
    }
}
