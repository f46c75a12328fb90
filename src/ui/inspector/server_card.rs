//! The partner's TLS server as it was seen last: who it is, until when, whether it was trusted, what has changed.

use egui::{Label, RichText, Ui};

use super::certificate_cards::{row, rows};
use crate::app::ProfileKey;
use crate::app::engine::{Command, Snapshot};
use crate::domain::connection::Profile;
use crate::domain::sentence::sentence;
use crate::domain::server_certificate::ServerSight;
use crate::ui::certificate::short_fingerprint;
use crate::ui::certificates::{FetchServer, server_badge, trust_badge};
use crate::ui::desk::Desk;
use crate::ui::intent::Intent;
use crate::ui::moment::Moment;
use crate::ui::theme;
use crate::ui::widgets::{Badge, ToneName, card, muted, notice, secondary};

/// Shows it; nothing where the address has no TLS.
pub(super) fn server_card(
    ui: &mut Ui,
    desk: &mut Desk<'_>,
    snapshot: &Snapshot,
    key: &ProfileKey,
    name: &str,
    profile: &Profile,
) {
    if !profile.url.is_tls() {
        return;
    }
    ui.add_space(6.0);
    ui.label(RichText::new("TLS server").font(theme::bold(theme::SECTION)));
    let sight = snapshot.observations.servers.get(key);
    let moment = desk.moment.clone();
    card(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 5.0;
        match sight {
            Some(sight) => seen(ui, desk, key, sight, &moment),
            None => {
                let text = "Nothing was seen of it yet: the next send shows it, or it is fetched now";
                ui.add(Label::new(muted(ui, text)).wrap());
            }
        }
        if secondary(ui, "Fetch the server's certificate…").clicked() {
            let dialog = FetchServer::new(key.clone(), name, desk);
            desk.intend(Intent::Open(Box::new(dialog)));
        }
    });
}

fn seen(ui: &mut Ui, desk: &mut Desk<'_>, key: &ProfileKey, sight: &ServerSight, moment: &Moment) {
    ui.add(Label::new(RichText::new(&sight.server).font(theme::bold(theme::BODY))).truncate());
    ui.horizontal_wrapped(|ui| {
        let trust = trust_badge(sight);
        let badge = Badge::new(trust.tone, &trust.word).about("TLS server");
        match trust.icon {
            Some(icon) => badge.icon(icon),
            None => badge,
        }
        .show(ui);
        if let Some(until) = server_badge(sight, moment) {
            Badge::new(until.tone, &until.word).about("TLS server, valid until").show(ui);
        }
    });
    if let Some(why) = &sight.refusal {
        ui.add(Label::new(muted(ui, sentence(why))).wrap());
    }
    let own = sight.own();
    rows(
        ui,
        &[
            ("Subject", own.map_or_else(String::new, |own| own.subject.clone())),
            ("Issuer", own.map_or_else(String::new, |own| own.issuer.clone())),
            ("Seen", format!("{}, {}", moment.day_and_time(sight.seen), moment.ago(sight.seen))),
            ("TLS", sight.tls.version.clone().unwrap_or_else(|| "Not agreed on".to_owned())),
            ("Revocation", "Not checked".to_owned()),
        ],
    );
    if let Some(own) = own {
        row(ui, "SHA-256", |ui| short_fingerprint(ui, &own.fingerprint_sha256, &sight.server));
    }
    if let Some(before) = &sight.before {
        let text = format!(
            "Until {} it was {} ({}), since {} it is {}",
            moment.day_and_time(before.last_seen),
            before.certificate.fingerprint_sha256.short(),
            before.certificate.subject,
            moment.day_and_time(before.changed),
            own.map_or_else(String::new, |own| own.fingerprint_sha256.short()),
        );
        if sight.untold_change().is_some() {
            notice(ui, ToneName::Warn, "It has another certificate", &text, |ui| {
                if secondary(ui, "Got it").clicked() {
                    let key = key.clone();
                    // That it is known is in the next snapshot.
                    let _asked = desk.ask(|id| Command::KnowServerChange(id, key));
                }
            });
        } else {
            ui.add(Label::new(muted(ui, text)).wrap());
        }
    }
}
