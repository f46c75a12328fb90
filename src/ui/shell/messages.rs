//! What the window has said since it was opened: a message that went by can be read again, and copied.

use egui::{Context, RichText, Ui};

use super::toasts::Said;
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, frame};
use crate::ui::icon::{self, Icon};
use crate::ui::moment::Moment;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{icon_button, muted, separator, utc_on_hover};

/// The list, newest first.
pub(crate) struct Messages;

impl Dialog for Messages {
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow {
        frame(ctx, "messages", "Earlier messages", "Since this window was opened", 560.0, false, |ui| {
            if desk.toasts.said().next().is_none() {
                ui.label(muted(ui, "Nothing was said yet"));
                return Flow::Open;
            }
            for (index, said) in desk.toasts.said().enumerate() {
                if index > 0 {
                    separator(ui);
                }
                line(ui, said, &desk.moment);
            }
            Flow::Open
        })
    }
}

fn line(ui: &mut Ui, said: &Said, moment: &Moment) {
    let tone = said.tone.of(tokens(ui.ctx()));
    ui.horizontal_top(|ui| {
        ui.label(icon::text(said.tone.icon(), tone.ink));
        ui.vertical(|ui| {
            ui.set_width(ui.available_width() - 130.0);
            ui.spacing_mut().item_spacing.y = 2.0;
            let head = RichText::new(&said.head).font(theme::bold(theme::BODY));
            ui.add(egui::Label::new(head).wrap().selectable(true));
            if !said.text.is_empty() {
                ui.add(egui::Label::new(muted(ui, &said.text)).wrap().selectable(true));
            }
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
            if icon_button(ui, Icon::Copy, "Copy message").clicked() {
                ui.ctx().copy_text(said.whole());
            }
            if let Some(at) = said.at {
                utc_on_hover(ui.label(muted(ui, moment.day_and_time(at))), at);
            }
        });
    });
}
