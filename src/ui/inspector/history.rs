//! What was sent to one connection and received from it.

use egui::Ui;

use crate::app::engine::ConnectionState;
use crate::ui::desk::Desk;

/// The tab.
#[derive(Default)]
pub(super) struct HistoryTab {}

impl HistoryTab {
    pub(super) fn refresh(&mut self) {}

    pub(super) fn show(&mut self, _ui: &mut Ui, _desk: &mut Desk<'_>, _state: &ConnectionState) {}
}
