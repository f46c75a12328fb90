//! One rule on a card: what it demands, of whom, since when, and who says so in which words.

use egui::{Align, Layout, OpenUrl, RichText, Ui, vec2};

use super::words::{address, applies, in_force, setting_label, severity_badge};
use crate::domain::policy::Rule;
use crate::domain::sentence::sentence;
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::moment::Moment;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{card, icon_button, link, muted, small};

/// Shows a rule. `inherited` is the name of the policy that states it, where it is another; `actions` are put on the right
/// of the head, from the right.
pub(super) fn rule_card<R>(
    ui: &mut Ui,
    rule: &Rule,
    inherited: Option<&str>,
    desk: &mut Desk<'_>,
    actions: impl FnOnce(&mut Ui) -> R,
) -> R {
    let tokens = tokens(ui.ctx());
    card(ui)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing = vec2(8.0, 5.0);
            let done = head(ui, rule, actions);
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
                severity_badge(ui, rule.severity);
                let when = sentence(&in_force(rule, &desk.moment));
                ui.label(muted(ui, format!("{} · {when}", applies(rule.applies_to, rule.direction))));
            });
            let quote = RichText::new(format!("“{}”", rule.quote)).font(theme::body()).color(tokens.text);
            ui.add(egui::Label::new(quote).wrap().selectable(true));
            source(ui, rule, desk);
            if let Some(name) = inherited {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 5.0;
                    ui.label(icon::text(Icon::CornerDownRight, tokens.muted).size(13.0));
                    ui.add(egui::Label::new(muted(ui, format!("Inherited from {name}"))).truncate());
                });
            }
            done
        })
        .inner
}

fn head<R>(ui: &mut Ui, rule: &Rule, actions: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 24.0;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let done = actions(ui);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = RichText::new(setting_label(rule.setting)).font(theme::bold(theme::BODY));
                ui.add(egui::Label::new(name)).on_hover_text(rule.setting.as_str());
                let demand = sentence(&rule.requirement.label(rule.setting));
                ui.add(egui::Label::new(RichText::new(demand).font(theme::medium(theme::BODY))).truncate());
            });
            done
        })
        .inner
    })
    .inner
}

/// Who says so: opened in the browser where it is an address, copied where it is a document.
fn source(ui: &mut Ui, rule: &Rule, desk: &mut Desk<'_>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(muted(ui, format!("checked {}", desk.moment.dates.date(rule.checked))));
            if icon_button(ui, Icon::Copy, "Copy the source").clicked() {
                ui.ctx().copy_text(rule.source.clone());
                desk.toasts.done("Source copied", &rule.source);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| match address(&rule.source) {
                Some(url) => {
                    let room = ui.available_width();
                    let shown = cut_to(ui, &rule.source, room);
                    if link(ui, shown).on_hover_text(format!("Open {url}")).clicked() {
                        ui.ctx().open_url(OpenUrl::new_tab(url));
                    }
                }
                None => {
                    ui.add(egui::Label::new(small(&rule.source)).truncate()).on_hover_text(&rule.source);
                }
            });
        });
    });
}

/// A text cut so that it fits: what is a link cannot be cut by the layout.
fn cut_to(ui: &Ui, text: &str, width: f32) -> String {
    let font = theme::medium(theme::SMALL);
    let measure =
        |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font.clone(), tokens(ui.ctx()).text).size().x;
    if measure(text) <= width {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let (mut fits, mut too_many) = (0, letters.len());
    while fits + 1 < too_many {
        let middle = fits.midpoint(too_many);
        let cut: String = letters.iter().take(middle).chain(['…'].iter()).collect();
        if measure(&cut) <= width { fits = middle } else { too_many = middle }
    }
    letters.iter().take(fits).chain(['…'].iter()).collect()
}

/// A fact with its label: the label on the left, the value beside it.
pub(super) fn fact(ui: &mut Ui, label: &str, value: impl FnOnce(&mut Ui)) {
    beside(ui, label, 18.0, value);
}

/// The same where the value is a control: the label stands beside its middle.
pub(super) fn fact_field(ui: &mut Ui, label: &str, value: impl FnOnce(&mut Ui)) {
    beside(ui, label, theme::CONTROL, value);
}

fn beside(ui: &mut Ui, label: &str, height: f32, value: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        ui.allocate_ui_with_layout(vec2(92.0, height), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(vec2(92.0, height));
            ui.label(muted(ui, label));
        });
        ui.vertical(value);
    });
}

/// Today in the user's zone, as policy files write days.
#[must_use]
pub(super) fn today(moment: &Moment) -> jiff::civil::Date {
    moment.zone.to_datetime(moment.now).date()
}
