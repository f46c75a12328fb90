//! The journal.

use egui::{CentralPanel, Ui};

use super::desk::Desk;
use crate::domain::transmission::TransmissionId;

/// The page: a list, newest first, and the detail of one.
#[derive(Default)]
pub(super) struct TransmissionsPage {}

impl TransmissionsPage {
    /// The journal has changed.
    pub(super) fn refresh(&mut self) {}

    /// Opens one transmission's detail.
    pub(super) fn open(&mut self, _id: TransmissionId) {}

    /// Closes the detail.
    pub(super) fn close_detail(&mut self) {}

    /// Puts the cursor into the search field.
    pub(super) fn focus_search(&mut self) {}

    /// Shows the page, with its own panel for the detail.
    pub(super) fn show(&mut self, ui: &mut Ui, _desk: &mut Desk<'_>, _narrow: bool) {
        CentralPanel::default_margins().show(ui, |ui| super::widgets::page_title(ui, "Transmissions"));
    }
}
