//! Settings > Identities: our own keys and certificates, where each is used, until when.

use egui::{Align, Layout, ScrollArea, Ui, vec2};

use crate::app::engine::IdentityState;
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::identity::IdentityDialog;
use crate::ui::intent::Intent;
use crate::ui::theme;
use crate::ui::widgets::{card, empty_state, mono, muted, primary, section, small, strong};

/// The section.
#[derive(Default)]
pub(super) struct IdentitiesSection {}

impl IdentitiesSection {
    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            section(ui, "Identities");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if primary(ui, "New identity…").clicked() {
                    desk.intend(Intent::Open(Box::new(IdentityDialog::new(desk, None))));
                }
            });
        });
        if desk.snapshot.identities.is_empty() {
            let text =
                "An identity is a key with which we sign and decrypt, and its certificate, which partners are given";
            empty_state(ui, Icon::KeyRound, "No identity yet", text, |_| ());
            return;
        }
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            for identity in &desk.snapshot.identities {
                card(ui).show(ui, |ui| row(ui, identity, desk));
            }
        });
    }
}

fn row(ui: &mut Ui, identity: &IdentityState, desk: &Desk<'_>) {
    ui.set_width(ui.available_width());
    let used = desk
        .snapshot
        .connections
        .iter()
        .flat_map(|state| state.connection.profiles())
        .filter(|(_, profile)| profile.identity == identity.name)
        .count();
    ui.label(strong(identity.name.as_str()));
    ui.horizontal_wrapped(|ui| {
        ui.label(small(identity.facts.key.to_string()));
        ui.label(muted(ui, format!("until {}", desk.moment.date(identity.facts.not_after))));
        ui.label(muted(ui, format!("used by {}", crate::ui::moment::count(used, "profile"))));
        ui.label(mono(identity.facts.fingerprint_sha256.short()));
    });
}
