//! One identity: what its certificate is, and what can be done with it.

use egui::{Ui, vec2};

use super::change_over::ChangeOverDialog;
use super::export::ExportDialog;
use super::renew::RenewDialog;
use super::request::{InstallDialog, RequestDialog};
use crate::app::engine::IdentityState;
use crate::domain::certificate::warnings;
use crate::ui::certificate::{short_fingerprint, signature, validity};
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{card, link, muted, primary, secondary, small, strong};

/// Width of the column of names.
const NAMES: f32 = 92.0;

/// Shows it with its buttons.
pub(super) fn detail(ui: &mut Ui, identity: &IdentityState, desk: &mut Desk<'_>) {
    let (name, facts) = (&identity.name, &identity.facts);
    card(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 6.0;
        let control = std::mem::replace(&mut ui.spacing_mut().interact_size.y, 18.0);
        ui.label(strong(name.as_str()).font(theme::bold(theme::SECTION)));
        let row = |ui: &mut Ui, label: &str, value: String| {
            ui.horizontal_top(|ui| {
                name_of(ui, label, egui::Align::Min);
                ui.add(egui::Label::new(small(value)).wrap().selectable(true));
            });
        };
        row(ui, "Subject", facts.subject.clone());
        if !facts.self_signed {
            row(ui, "Issuer", format!("{}, {} kept with it", facts.issuer, count(identity.above, "certificate")));
        }
        row(ui, "Valid", validity(facts, &desk.moment));
        row(ui, "Key", format!("{}, signed with {}", facts.key, signature(facts)));
        row(ui, "Serial number", facts.serial.clone());
        ui.horizontal(|ui| {
            name_of(ui, "SHA-256", egui::Align::Center);
            short_fingerprint(ui, &facts.fingerprint_sha256, name.as_str());
        });
        for warning in warnings(facts, desk.moment.now) {
            ui.horizontal(|ui| {
                let ink = tokens(ui.ctx()).warn.ink;
                ui.label(icon::text(Icon::TriangleAlert, ink).size(13.5));
                ui.add(egui::Label::new(small(warning.sentence_about_ours()).color(ink)).wrap());
            });
        }
        ui.add_space(2.0);
        ui.spacing_mut().interact_size.y = control;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
            let others = desk.snapshot.identities.len() > 1;
            let change = ui.add_enabled_ui(others, |ui| primary(ui, "Change over…")).inner;
            let change =
                if others { change } else { change.on_disabled_hover_text("Make or import the next one first") };
            if change.clicked() {
                desk.intend(Intent::Open(Box::new(ChangeOverDialog::new(name.clone(), desk))));
            }
            if secondary(ui, "Export…").clicked() {
                desk.intend(Intent::Open(Box::new(ExportDialog::new(name))));
            }
            if secondary(ui, "Renew with the same key…").clicked() {
                desk.intend(Intent::Open(Box::new(RenewDialog::new(identity, desk))));
            }
            if secondary(ui, "Request from a CA…").clicked() {
                desk.intend(Intent::Open(Box::new(RequestDialog::new(Some(identity), desk))));
            }
            if secondary(ui, "Install a CA's answer…").clicked() {
                desk.intend(Intent::Open(Box::new(InstallDialog::new(name.clone(), desk))));
            }
            if link(ui, "Remove…").clicked() {
                desk.intend(Intent::Open(Box::new(super::ask::remove(name))));
            }
        });
    });
}

/// The name of a row, in the column of names.
fn name_of(ui: &mut Ui, label: &str, align: egui::Align) {
    ui.spacing_mut().item_spacing.x = 8.0;
    ui.allocate_ui_with_layout(vec2(NAMES, 18.0), egui::Layout::left_to_right(align), |ui| {
        ui.set_min_width(NAMES);
        ui.label(muted(ui, label));
    });
}
