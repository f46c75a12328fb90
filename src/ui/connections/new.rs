//! A new connection.

use egui::Context;

use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, frame};

/// The dialog for a new connection.
pub(crate) struct NewConnection {}

impl NewConnection {
    /// An empty one.
    #[must_use]
    pub(crate) fn new(_desk: &Desk<'_>) -> Self {
        Self {}
    }
}

impl Dialog for NewConnection {
    fn show(&mut self, ctx: &Context, _desk: &mut Desk<'_>) -> Flow {
        frame(ctx, "new connection", "New connection", "", 560.0, false, |_ui| Flow::Open)
    }
}
