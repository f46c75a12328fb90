//! Duplicating and removing a connection.

use egui::Context;

use crate::domain::identifier::ConnectionId;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, frame};
use crate::ui::shell::Confirm;

/// The dialog that duplicates a connection under another name.
pub(crate) struct Duplicate {}

impl Duplicate {
    /// Of this connection.
    #[must_use]
    pub(crate) fn new(_connection: ConnectionId, _desk: &Desk<'_>) -> Self {
        Self {}
    }
}

impl Dialog for Duplicate {
    fn show(&mut self, ctx: &Context, _desk: &mut Desk<'_>) -> Flow {
        frame(ctx, "duplicate", "Duplicate", "", 480.0, false, |_ui| Flow::Open)
    }
}

/// The question before a connection is removed.
#[must_use]
pub(crate) fn remove(_connection: &ConnectionId, _desk: &Desk<'_>) -> Confirm {
    Confirm::new("Remove?", "", "Remove", |_| {}).destructive()
}
