//! Certificates that the partner was seen to sign with before they were expected, and what can be done about them.

use egui::Ui;

use super::certificate_cards::Act;
use crate::domain::identifier::ProfileKind;
use crate::domain::sighting::{SightedIn, Sighting, SightingKind};
use crate::ui::moment::{Moment, grouped};
use crate::ui::widgets::{ToneName, link, notice, primary};

/// Shows them and returns what is to be done, for which profile.
pub(super) fn show(ui: &mut Ui, sightings: &[Sighting], partner: &str, moment: &Moment) -> Option<(Act, ProfileKind)> {
    let mut act = None;
    for sighting in sightings {
        let what = match sighting.seen_in {
            SightedIn::Message => "a message",
            SightedIn::Receipt => "a receipt",
        };
        let (first, last) = (moment.day_and_time(sighting.first_at), moment.day_and_time(sighting.last_at));
        let seen = match sighting.times {
            1 => format!("Seen once, in {what} {last}"),
            times => format!("Seen {} times, first {first}, last in {what} {last}", grouped(times)),
        };
        let text = format!("{}, SHA-256 {}\n{seen}\n{}", sighting.named(), sighting.fingerprint, sighting.meaning());
        ui.push_id((sighting.profile.as_str(), sighting.fingerprint.to_hex()), |ui| {
            let chosen = notice(ui, ToneName::Warn, &sighting.head(partner), &text, |ui| {
                let (label, next) = match sighting.kind {
                    SightingKind::Scheduled => ("Activate now…", Act::Activate(sighting.fingerprint)),
                    SightingKind::Retired => ("Accept it again", Act::AcceptAgain(sighting.fingerprint)),
                    SightingKind::Unknown => ("Import after confirming…", Act::ImportSighted(sighting.fingerprint)),
                };
                if primary(ui, label).clicked() {
                    return Some(next);
                }
                if link(ui, format!("Show {what}")).clicked() {
                    return Some(Act::ShowTransmission(sighting.transmission));
                }
                if sighting.kind == SightingKind::Unknown && link(ui, "Not theirs").clicked() {
                    return Some(Act::Forget(sighting.fingerprint));
                }
                None
            });
            if let Some(chosen) = chosen {
                act = Some((chosen, sighting.profile));
            }
        });
    }
    act
}
