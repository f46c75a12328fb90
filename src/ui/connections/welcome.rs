//! What an empty workspace offers.

use egui::Ui;

use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::intent::Intent;
use crate::ui::widgets::{empty_state, page_title, primary, secondary};

/// Shows the ways to begin.
pub(super) fn welcome(ui: &mut Ui, desk: &mut Desk<'_>) {
    page_title(ui, "Connections");
    empty_state(
        ui,
        Icon::Network,
        "No connection yet",
        "A connection holds the test and the production profile of one trading partner. Countersign judges its settings by \
         the partner's policy, brings renewed certificates in on the day you choose, and sends tests over real AS2",
        |ui| {
            if primary(ui, "New connection…").clicked() {
                desk.intend(Intent::NewConnection);
            }
            if secondary(ui, "Import a connection file…").clicked() {
                desk.intend(Intent::ImportConnectionFile);
            }
            if secondary(ui, "From OpenAS2 or mendelson…").clicked() {
                desk.intend(Intent::ImportOpenAs2(None));
            }
            if secondary(ui, "Try the sample").clicked() {
                desk.intend(Intent::OpenSample);
            }
        },
    );
}
