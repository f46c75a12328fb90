//! Settings > Workspace: where it lies, how its secrets are protected, what is in it. Only to be read.

use egui::Ui;

use super::facts::fact;
use crate::app::Protection;
use crate::ui::desk::Desk;
use crate::ui::moment::count;
use crate::ui::widgets::{ToneName, mono, notice, section};
use crate::ui::wording::sentence;

/// Shows the section.
pub(super) fn show(ui: &mut Ui, desk: &Desk<'_>) {
    let snapshot = desk.snapshot;
    let workspace = &snapshot.workspace;
    section(ui, "Workspace");
    ui.add_space(6.0);
    if let Some(reason) = &workspace.locked {
        notice(ui, ToneName::Warn, "Its secrets are locked", &sentence(reason), |_| ());
    }
    let kind = match (&workspace.sample, &workspace.protection) {
        (Some(_), _) => "The sample, with trading partners of its own",
        (None, Some(_)) => "Yours",
        (None, None) => "Not begun yet: it is made with the first connection or identity",
    };
    fact(ui, "Kind", kind, "");
    fact(ui, "Place", mono(&workspace.place), "");
    match &workspace.protection {
        Some(Protection::KeyFile { path }) => fact(
            ui,
            "Protection",
            "A key file that you alone can read",
            &format!("{}\nKeep a copy of it: without it, keys and passwords cannot be opened", path.display()),
        ),
        Some(Protection::Passphrase) => fact(
            ui,
            "Protection",
            "A passphrase",
            "From COUNTERSIGN_PASSPHRASE or COUNTERSIGN_PASSPHRASE_FILE; without it, keys and passwords cannot be opened",
        ),
        None => {}
    }
    let access = if workspace.read_only { "Read only" } else { "Read and written" };
    fact(ui, "Access", access, "");
    let profiles = count(snapshot.summary.profiles, "profile");
    fact(ui, "Connections", format!("{}, {profiles}", snapshot.connections.len()), "");
    fact(ui, "Certificates", format!("{} of partners", snapshot.certificates.len()), "");
    fact(ui, "Identities", snapshot.identities.len().to_string(), "");
    fact(ui, "Version", concat!("Countersign ", env!("CARGO_PKG_VERSION")), "");
}
