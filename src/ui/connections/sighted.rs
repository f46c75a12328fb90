//! First sight of a partner's certificate, told above the connections and at the window's edge.

use egui::Ui;

use crate::app::ScheduleAct;
use crate::app::engine::Snapshot;
use crate::domain::identifier::ConnectionId;
use crate::domain::sighting::{Sighting, SightingKind};
use crate::ui::desk::Desk;
use crate::ui::intent::{InspectorTab, Intent};
use crate::ui::moment::grouped;
use crate::ui::shell::Toasts;
use crate::ui::widgets::{ToneName, notice, secondary};

/// The partner's name, as the connection has it.
fn partner<'a>(snapshot: &'a Snapshot, sighting: &'a Sighting) -> &'a str {
    let state = snapshot.connection(&sighting.connection);
    state.map_or(sighting.connection.as_str(), |state| state.connection.name.as_str())
}

/// The band above the connections: the newest, and how many more there are.
///
/// What belongs to the connection that the inspector is open on is told there.
pub(super) fn band(ui: &mut Ui, desk: &mut Desk<'_>, selected: Option<&ConnectionId>) {
    let snapshot = std::sync::Arc::clone(desk.snapshot);
    let mut elsewhere = snapshot.first_sights.iter().filter(|sighting| Some(&sighting.connection) != selected);
    let Some(first) = elsewhere.next() else { return };
    let more = match 1 + elsewhere.count() {
        1 => String::new(),
        2 => "\n1 more certificate was seen that nobody expected".to_owned(),
        all => format!("\n{} more certificates were seen that nobody expected", grouped(all - 1)),
    };
    let text = format!("{}{more}", first.meaning());
    let (again, look) = notice(ui, ToneName::Warn, &first.head(partner(&snapshot, first)), &text, |ui| {
        let retired = first.kind == SightingKind::Retired;
        let again = retired && secondary(ui, "Accept it again").clicked();
        (again, secondary(ui, "Look at the certificate…").clicked())
    });
    if again {
        let profiles = vec![(first.connection.clone(), first.profile)];
        let act = ScheduleAct::AcceptAgain { certificate: first.fingerprint };
        desk.intend(Intent::ChangeSchedule(profiles, act));
    }
    if look {
        desk.intend(Intent::Inspect {
            connection: first.connection.clone(),
            profile: Some(first.profile),
            tab: Some(InspectorTab::Certificates),
        });
    }
    ui.add_space(6.0);
}

/// Tells what has come into sight since the workspace was read before.
pub(crate) fn tell_sightings(toasts: &mut Toasts, before: &Snapshot, now: &Snapshot) {
    let known = |sighting: &Sighting| before.first_sights.iter().any(|each| each.key() == sighting.key());
    for sighting in now.first_sights.iter().filter(|sighting| !known(sighting)).take(3) {
        toasts.warn(&sighting.head(partner(now, sighting)), &sighting.named());
    }
}
