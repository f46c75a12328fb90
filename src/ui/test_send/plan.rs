//! What a send would use, said before anything is sent.

use egui::{Label, RichText, Ui};

use crate::app::engine::{ConnectionState, Snapshot};
use crate::domain::algorithm::{Encryption, Signing};
use crate::domain::connection::{MdnMode, Profile};
use crate::domain::identifier::ProfileKind;
use crate::domain::timeline::{next_activation, used_now};
use crate::ui::desk::Desk;
use crate::ui::intent::Intent;
use crate::ui::moment::Moment;
use crate::ui::outcome::result_word;
use crate::ui::theme;
use crate::ui::widgets::{Badge, ToneName, link, mono, muted};

/// Width of the column of names.
const NAMES: f32 = 96.0;

/// Shows what a send to this profile would use now, and how the last one went.
pub(super) fn plan(ui: &mut Ui, desk: &mut Desk<'_>, state: &ConnectionState, kind: ProfileKind, profile: &Profile) {
    let snapshot = std::sync::Arc::clone(desk.snapshot);
    let moment = desk.moment.clone();
    ui.add(Label::new(muted(ui, "What would be sent now")).wrap());
    ui.add_space(2.0);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 7.0;
        encrypted(ui, &snapshot, &moment, profile);
        row(ui, "Signed with", |ui| {
            if profile.signing == Signing::None {
                line(ui, "Not signed");
            } else {
                line(ui, &format!("{}, {}", profile.identity.at(desk.moment.now), profile.signing.label()));
            }
        });
        row(ui, "To", |ui| {
            ui.add(Label::new(mono(profile.url.as_str())).wrap().selectable(true));
        });
        row(ui, "AS2 identifiers", |ui| {
            let ids = format!("{} → {}", profile.our_as2_id, profile.partner_as2_id);
            ui.add(Label::new(mono(ids)).wrap().selectable(true));
        });
        row(ui, "Receipt (MDN)", |ui| line(ui, receipt_word(profile.mdn)));
        row(ui, "Last send", |ui| match state.last_sent(kind) {
            Some(sent) => {
                // As low as the other lines, so that the name stands beside it.
                ui.spacing_mut().interact_size.y = 16.0;
                ui.horizontal_wrapped(|ui| {
                    let word = result_word(sent.verdict, sent.cause.as_deref());
                    Badge::verdict(sent.verdict, &word).about("Last send").show(ui);
                    if link(ui, moment.ago(sent.at)).on_hover_text("Open transmission").clicked() {
                        desk.intend(Intent::ShowTransmission(sent.id));
                    }
                });
            }
            None => line(ui, "Nothing was sent yet"),
        });
    });
}

fn encrypted(ui: &mut Ui, snapshot: &Snapshot, moment: &Moment, profile: &Profile) {
    row(ui, "Encrypted for", |ui| {
        if profile.encryption == Encryption::None {
            line(ui, "Not encrypted");
            return;
        }
        let Some(used) = used_now(&profile.partner_certificates, moment.now) else {
            Badge::new(ToneName::Bad, "No certificate in use").show(ui);
            return;
        };
        let facts = snapshot.facts(&used.fingerprint);
        let name = facts.map_or("certificate", |facts| facts.common_name());
        line(ui, &format!("{name} {}, {}", used.fingerprint.short(), profile.encryption.label()));
        if let Some(facts) = facts {
            if facts.not_after < moment.now {
                let word = format!("Ended on {}", moment.date(facts.not_after));
                Badge::new(ToneName::Bad, &word).show(ui);
            } else {
                ui.label(muted(ui, format!("valid until {}", moment.date(facts.not_after))));
            }
        }
        if let Some((next, at)) = next_activation(&profile.partner_certificates, moment.now) {
            let word = format!("{} takes over on {}", next.fingerprint.short(), moment.day_and_time(at));
            Badge::new(ToneName::Info, &word).icon(crate::ui::icon::Icon::Clock).show(ui);
        }
    });
}

const fn receipt_word(mode: MdnMode) -> &'static str {
    match mode {
        MdnMode::None => "Not asked for",
        MdnMode::Sync => "Unsigned, in the answer",
        MdnMode::SyncSigned => "Signed, in the answer",
        MdnMode::Async => "Unsigned, on a connection of its own",
        MdnMode::AsyncSigned => "Signed, on a connection of its own",
    }
}

fn row(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        let size = egui::vec2(NAMES, 18.0);
        ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Min), |ui| {
            ui.set_min_width(NAMES);
            ui.add(Label::new(muted(ui, name)).truncate());
        });
        ui.vertical(|ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 3.0;
            content(ui);
        });
    });
}

fn line(ui: &mut Ui, text: &str) {
    ui.add(Label::new(RichText::new(text).font(theme::small())).wrap().selectable(true));
}
