//! The list of rollovers: each with how far it has come.

use egui::{Align, Layout, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use super::bar::{bar, words};
use super::lines::in_zone;
use crate::app::RolloverSummary;
use crate::domain::rollover::RolloverId;
use crate::ui::icon::Icon;
use crate::ui::moment::{Moment, count};
use crate::ui::theme;
use crate::ui::widgets::{card, empty_state, focus_ring, mono, muted, primary, small};

/// What the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To see one.
    Open(RolloverId),
    /// To start one.
    New,
}

/// Shows them.
pub(super) fn list(ui: &mut Ui, rollovers: &[RolloverSummary], moment: &Moment) -> Option<Wish> {
    if rollovers.is_empty() {
        let text = "When a partner renews a certificate, bring it to every profile that uses the old one: see the \
                    difference, schedule all in one stroke, tell, test, and watch until each is confirmed by traffic. \
                    Drop the renewed certificate here, or paste it";
        return empty_state(ui, Icon::RefreshCw, "No rollover yet", text, |ui| {
            primary(ui, "New rollover…").clicked().then_some(Wish::New)
        });
    }
    let mut wish = None;
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        for rollover in rollovers {
            if one(ui, rollover, moment) {
                wish = Some(Wish::Open(rollover.id));
            }
        }
    });
    wish
}

fn one(ui: &mut Ui, rollover: &RolloverSummary, moment: &Moment) -> bool {
    let frame = card(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 6.0;
        ui.horizontal(|ui| {
            let name = RichText::new(&rollover.name).font(theme::bold(theme::SECTION));
            ui.add(egui::Label::new(name).truncate());
            ui.label(mono(rollover.certificate.short()));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let started = format!("Rollover {} · started {}", rollover.id, moment.ago(rollover.created));
                ui.add(egui::Label::new(muted(ui, started)).truncate());
            });
        });
        let width = ui.available_width();
        bar(ui, &rollover.states, width);
        ui.horizontal_wrapped(|ui| {
            ui.label(small(format!("{}: {}", count(rollover.profiles, "profile"), words(&rollover.states))));
            if let Some(next) = rollover.next {
                ui.label(muted(ui, format!("Next change {}, {}", in_zone(next, None, moment), moment.until(next))));
            }
            if let Some(undone) = rollover.undone {
                ui.label(muted(ui, format!("Undone {}", moment.ago(undone))));
            }
        });
    });
    let response = ui.interact(frame.response.rect, ui.scope_id().with(("rollover", rollover.id)), Sense::click());
    let said = format!("{}, {}, {}", rollover.name, count(rollover.profiles, "profile"), words(&rollover.states));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Open rollover {}: {said}", rollover.id)));
    focus_ring(ui, &response);
    if response.hovered() {
        let tokens = theme::tokens(ui.ctx());
        let line = egui::Stroke::new(1.0, tokens.faint);
        ui.painter().rect_stroke(response.rect, theme::CARD_RADIUS, line, egui::StrokeKind::Inside);
    }
    ui.allocate_space(vec2(0.0, 0.0));
    response.clicked()
}
