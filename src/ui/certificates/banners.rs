//! What is told once, above the connections: activations while nobody was there, our clock, servers that have changed.

use egui::Ui;

use crate::app::engine::Command;
use crate::ui::certificate::stated_fully;
use crate::ui::desk::Desk;
use crate::ui::intent::{InspectorTab, Intent};
use crate::ui::moment::count;
use crate::ui::widgets::{ToneName, notice, secondary};

/// So many are named; of more only the number is told.
const NAMED: usize = 3;

/// Shows what is to be told; nothing where there is nothing.
pub(in crate::ui) fn banners(ui: &mut Ui, desk: &mut Desk<'_>) {
    let snapshot = std::sync::Arc::clone(desk.snapshot);
    let seen = &snapshot.observations;
    if let Some(clock) = seen.clock.as_ref().filter(|clock| clock.is_off()) {
        let (head, text) = clock.told();
        notice(ui, ToneName::Warn, &head, &text, |_| {});
    }
    if !seen.missed.is_empty() {
        let name = |id| snapshot.connection(id).map_or_else(|| format!("{id}"), |state| state.connection.name.clone());
        let mut lines: Vec<String> = seen
            .missed
            .iter()
            .take(NAMED)
            .map(|missed| {
                let when = stated_fully(missed.activation.at, missed.activation.zone.as_deref(), &desk.moment);
                format!("{}, {}: since {when}", name(&missed.connection), missed.profile)
            })
            .collect();
        if seen.missed.len() > NAMED {
            lines.push(format!("and {} more", seen.missed.len() - NAMED));
        }
        let head = format!("{} went active while Countersign was not running", count(seen.missed.len(), "certificate"));
        notice(ui, ToneName::Accent, &head, &lines.join("\n"), |ui| {
            if secondary(ui, "Got it").clicked() {
                // What came of it is in the next snapshot.
                let _asked = desk.ask(Command::KnowMissed);
            }
        });
    }
    let changed = seen.servers.iter().filter_map(|(key, sight)| Some((key, sight, sight.untold_change()?)));
    for (key, sight, before) in changed.take(NAMED) {
        let now = sight.own().map_or_else(String::new, |own| own.fingerprint_sha256.short());
        let text = format!(
            "It was {} until {} and is {now} since {}",
            before.certificate.fingerprint_sha256.short(),
            desk.moment.day_and_time(before.last_seen),
            desk.moment.day_and_time(before.changed),
        );
        let head = format!("The TLS server {} has another certificate", sight.server);
        ui.push_id(&head, |ui| {
            notice(ui, ToneName::Warn, &head, &text, |ui| {
                if secondary(ui, "Show it").clicked() {
                    let (connection, profile) = key.clone();
                    let tab = Some(InspectorTab::Certificates);
                    desk.intend(Intent::Inspect { connection, profile: Some(profile), tab });
                }
                if secondary(ui, "Got it").clicked() {
                    let key = key.clone();
                    let _asked = desk.ask(|id| Command::KnowServerChange(id, key));
                }
            });
        });
    }
}
