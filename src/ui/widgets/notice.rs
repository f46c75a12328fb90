//! Notices: a tinted band that says what is the matter and offers what mends it.

use egui::{CornerRadius, Frame, Margin, RichText, Ui};

use super::ToneName;
use crate::ui::icon;
use crate::ui::theme::{self, tokens};

/// A band with a bold sentence, more text below it where there is some, and buttons on the right or below.
pub(crate) fn notice<R>(ui: &mut Ui, tone: ToneName, head: &str, text: &str, buttons: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = tokens(ui.ctx());
    let colours = tone.of(tokens);
    Frame::new()
        .fill(colours.soft)
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(14, 12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.label(icon::text(tone.icon(), colours.ink));
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 4.0;
                    let head = RichText::new(head).font(theme::bold(theme::BODY)).color(colours.ink);
                    ui.add(egui::Label::new(head).wrap().selectable(true));
                    if !text.is_empty() {
                        let text = RichText::new(text).font(theme::small()).color(tokens.text);
                        ui.add(egui::Label::new(text).wrap().selectable(true));
                    }
                    // Without buttons the row takes no room.
                    ui.spacing_mut().interact_size.y = 0.0;
                    ui.horizontal_wrapped(|ui| {
                        ui.spacing_mut().item_spacing.y = 8.0;
                        buttons(ui)
                    })
                    .inner
                })
                .inner
            })
            .inner
        })
        .inner
}

/// A low band with a line for each of several things, each with its icon: where every line counts.
pub(crate) fn notice_lines(ui: &mut Ui, tone: ToneName, lines: &[String]) {
    let tokens = tokens(ui.ctx());
    let colours = tone.of(tokens);
    Frame::new().fill(colours.soft).corner_radius(CornerRadius::same(8)).inner_margin(Margin::symmetric(14, 8)).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.spacing_mut().interact_size.y = 0.0;
            for line in lines {
                ui.horizontal_top(|ui| {
                    ui.label(icon::text(tone.icon(), colours.ink));
                    let text = RichText::new(line).font(theme::medium(theme::SMALL)).color(colours.ink);
                    ui.add(egui::Label::new(text).wrap().selectable(true));
                });
            }
        },
    );
}
