//! The chosen policy: what it is, where the partner's own setting is, its rules with their sources, and what is judged by it.

use egui::{RichText, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use super::list::{Entry, Judged};
use super::page::PolicyIntent;
use super::rule_card::{fact, rule_card};
use super::words::{kept, kind_badge, kind_meaning};
use crate::app::engine::PolicyState;
use crate::domain::policy::{PolicyFileError, PolicyKind, ResolveError, ResolvedPolicy};
use crate::ui::desk::Desk;
use crate::ui::icon::Icon;
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, ToneName, focus_ring, icon_button, link, muted, notice, primary, secondary, section};

/// Height of a connection's line.
const LINE: f32 = 32.0;

/// Shows a policy.
pub(super) fn detail(ui: &mut Ui, state: &PolicyState, entry: &Entry, desk: &mut Desk<'_>) {
    head(ui, state, desk);
    ui.add_space(2.0);
    ScrollArea::vertical().id_salt(("policy", state.id.as_str())).auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        facts(ui, state, desk);
        if let Some(notes) = &state.policy.notes {
            ui.add(egui::Label::new(RichText::new(notes).font(theme::body())).wrap().selectable(true));
        }
        if state.kind == PolicyKind::Template {
            let text = "Connections under it are judged by what it inherits alone. Make it your own and add what the partner \
                        tells you";
            notice(ui, ToneName::Info, "No public rules are known of this partner", text, |ui| {
                if secondary(ui, "Make it your own…").clicked() {
                    desk.intend(Intent::Policies(PolicyIntent::Duplicate(state.id.clone())));
                }
            });
        }
        match &state.resolved {
            Ok(resolved) => rules(ui, state, resolved, desk),
            Err(ResolveError::Unreadable { fault, .. }) => unreadable(ui, fault, desk),
            Err(error) => {
                notice(ui, ToneName::Bad, "This policy cannot be put together", &error.to_string(), |_| ());
            }
        }
        connections(ui, entry, desk);
        ui.add_space(8.0);
    });
}

/// That its file cannot be read, and the way out: everything else goes on without it.
fn unreadable(ui: &mut Ui, fault: &PolicyFileError, desk: &mut Desk<'_>) {
    let text = format!(
        "Line {} of its file: {}. Nothing can be judged by it until then: export the file, mend that line, and import it again",
        fault.line, fault.reason
    );
    notice(ui, ToneName::Bad, "This policy cannot be read", &text, |ui| {
        if secondary(ui, "Import the mended file…").clicked() {
            desk.intend(Intent::Policies(PolicyIntent::Import));
        }
    });
}

fn head(ui: &mut Ui, state: &PolicyState, desk: &mut Desk<'_>) {
    let id = || state.id.clone();
    let mut intend = |intent: PolicyIntent| desk.intend(Intent::Policies(intent));
    ui.horizontal(|ui| {
        ui.set_min_height(theme::CONTROL);
        ui.add(egui::Label::new(RichText::new(&state.name).font(theme::bold(theme::TITLE))).truncate());
    });
    ui.horizontal_wrapped(|ui| {
        if state.is_editable() {
            if primary(ui, "Edit").clicked() {
                intend(PolicyIntent::Edit(id()));
            }
            if secondary(ui, "Duplicate…").clicked() {
                intend(PolicyIntent::Duplicate(id()));
            }
        } else if !state.origin.is_own()
            && primary(ui, "Make it your own…")
                .on_hover_text("A policy of yours that begins as this one and can be changed")
                .clicked()
        {
            intend(PolicyIntent::Duplicate(id()));
        }
        // Of one that cannot be read there are no rules to be compared.
        if state.policy.fault.is_none() && secondary(ui, "Compare").clicked() {
            intend(PolicyIntent::Compare(id(), None));
        }
        if secondary(ui, "Export…").clicked() {
            intend(PolicyIntent::Export(id()));
        }
        if state.origin.is_own() && secondary(ui, "Remove…").clicked() {
            intend(PolicyIntent::Remove(id()));
        }
    });
}

fn facts(ui: &mut Ui, state: &PolicyState, desk: &mut Desk<'_>) {
    ui.spacing_mut().item_spacing.y = 4.0;
    fact(ui, "Kind", |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().interact_size.y = 22.0;
            kind_badge(ui, state.kind);
            ui.label(muted(ui, kind_meaning(state.kind)));
        });
        if let Some(kept) = kept(state) {
            ui.add(egui::Label::new(muted(ui, kept)).wrap());
        }
    });
    let portal = state.resolved.as_ref().ok().and_then(|resolved| resolved.portal.clone());
    if let Some(portal) = portal {
        fact(ui, "At the partner", |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().interact_size.y = 22.0;
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                    if icon_button(ui, Icon::Copy, "Copy the path").clicked() {
                        ui.ctx().copy_text(portal.clone());
                        desk.toasts.done("Path copied", &portal);
                    }
                    ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| {
                        ui.add(egui::Label::new(RichText::new(&portal).font(theme::body())).wrap().selectable(true));
                    });
                });
            });
        });
    }
    if let Some(parent) = &state.policy.inherits {
        fact(ui, "Inherits", |ui| {
            let name = desk.snapshot.policy(parent).map_or_else(|| parent.to_string(), |parent| parent.name.clone());
            if link(ui, name).clicked() {
                desk.intend(Intent::Policies(PolicyIntent::Show(parent.clone())));
            }
        });
    }
    if let Some(updated) = state.policy.updated() {
        fact(ui, "Last changed", |ui| {
            ui.label(RichText::new(desk.moment.dates.date(updated)).font(theme::body()));
        });
    }
    fact(ui, "ID", |ui| {
        ui.add(egui::Label::new(RichText::new(state.id.as_str()).font(theme::mono())).selectable(true));
    });
    ui.add_space(4.0);
    ui.spacing_mut().item_spacing.y = 8.0;
}

fn rules(ui: &mut Ui, state: &PolicyState, resolved: &ResolvedPolicy, desk: &mut Desk<'_>) {
    let inherited = resolved.rules.iter().filter(|rule| rule.stated_by != state.id).count();
    let head = match (resolved.rules.len(), inherited) {
        (0, _) => "No rules".to_owned(),
        (all, 0) => count(all, "rule"),
        (all, inherited) if all == inherited => format!("{}, all inherited", count(all, "rule")),
        (all, inherited) => format!("{}, {inherited} inherited", count(all, "rule")),
    };
    section(ui, &head);
    if resolved.rules.is_empty() {
        ui.label(muted(ui, "What is judged by it has only to have valid certificates"));
    }
    for rule in &resolved.rules {
        let name = (rule.stated_by != state.id).then_some(rule.stated_by_name.as_str());
        rule_card(ui, &rule.rule, name, desk, |_| ());
    }
}

fn connections(ui: &mut Ui, entry: &Entry, desk: &mut Desk<'_>) {
    ui.add_space(4.0);
    section(
        ui,
        &match entry.connections.len() {
            0 => "No connection is judged by it".to_owned(),
            number => format!("{} judged by it", count(number, "connection")),
        },
    );
    if entry.connections.is_empty() {
        ui.label(muted(ui, "A connection's policy is chosen in its settings, under Connection"));
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    for judged in &entry.connections {
        if connection(ui, judged) {
            desk.intend(Intent::Inspect { connection: judged.id.clone(), profile: None, tab: None });
        }
    }
}

/// A connection with how its profiles stand. Returns whether it was clicked.
fn connection(ui: &mut Ui, judged: &Judged) -> bool {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::click());
    if !ui.is_rect_visible(rect) {
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, judged.said()));
        return response.clicked();
    }
    if response.hovered() {
        ui.painter().rect_filled(rect, theme::RADIUS, tokens.hover);
    }
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let mut within = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout));
    let name = RichText::new(&judged.name).font(theme::medium(theme::BODY)).color(tokens.text);
    within.allocate_ui_with_layout(vec2((inner.width() * 0.4).max(120.0), LINE), layout, |ui| {
        ui.set_min_width(ui.available_width());
        ui.add(egui::Label::new(name).truncate());
    });
    for (profile, status) in &judged.profiles {
        within.label(muted(&within, profile.label()));
        Badge::status(*status, status.label()).about(profile.label()).show(&mut within);
    }
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, judged.said()));
    focus_ring(ui, &response);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
