//! The test send.

use egui::Ui;

use super::desk::Desk;
use crate::domain::identifier::ConnectionId;

/// The page: both profiles of one connection beside each other.
pub(super) struct TestSendPage {
    connection: ConnectionId,
}

impl TestSendPage {
    /// Of this connection.
    #[must_use]
    pub(super) const fn new(connection: ConnectionId) -> Self {
        Self { connection }
    }

    /// The connection it is about.
    #[must_use]
    pub(super) const fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// Shows it.
    pub(super) fn show(&mut self, ui: &mut Ui, _desk: &mut Desk<'_>) {
        super::widgets::page_title(ui, "Test send");
    }
}
