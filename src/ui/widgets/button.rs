//! Buttons: one primary on a view, the others secondary, a link for what is said within text.

use egui::{Button, Color32, Response, RichText, Role, Stroke, Ui, Widget as _, WidgetInfo, vec2};

use super::focus_ring;
use crate::ui::focus;
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};

fn text(label: impl Into<String>, colour: Option<Color32>) -> RichText {
    let text = RichText::new(label).font(theme::medium(theme::BODY));
    match colour {
        Some(colour) => text.color(colour),
        None => text,
    }
}

fn filled(ui: &mut Ui, label: impl Into<String>, fill: Color32, ink: Color32) -> Response {
    let tokens = tokens(ui.ctx());
    let before = ui.visuals().widgets.clone();
    let widgets = &mut ui.visuals_mut().widgets;
    // By the ground that the theme gives a plain button in that state, so that the gallery shows the states of this one too.
    for state in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
        let towards_text = match state.weak_bg_fill {
            ground if ground == tokens.hover => 0.15,
            ground if ground == tokens.accent.soft => 0.3,
            _ => 0.0,
        };
        state.weak_bg_fill = fill.lerp_to_gamma(tokens.text, towards_text);
    }
    let button = Button::new(text(label, Some(ink)))
        .stroke(Stroke::NONE)
        .corner_radius(theme::RADIUS)
        .min_size(vec2(0.0, theme::CONTROL));
    let response = button.ui(ui);
    ui.visuals_mut().widgets = before;
    focus_ring(ui, &response);
    response
}

/// The button that does what the view is for.
pub(crate) fn primary(ui: &mut Ui, label: impl Into<String>) -> Response {
    let tokens = tokens(ui.ctx());
    filled(ui, label, tokens.accent.ink, tokens.on_accent)
}

/// The button that takes something away for good.
pub(crate) fn danger(ui: &mut Ui, label: impl Into<String>) -> Response {
    let tokens = tokens(ui.ctx());
    let response = filled(ui, label, tokens.bad.ink, tokens.on_accent);
    focus::avoid(ui.ctx(), response.id);
    response
}

/// Any other button.
pub(crate) fn secondary(ui: &mut Ui, label: impl Into<String>) -> Response {
    let tokens = tokens(ui.ctx());
    let ink = if ui.is_enabled() { tokens.text } else { tokens.faint };
    let button = Button::new(text(label, Some(ink))).corner_radius(theme::RADIUS).min_size(vec2(0.0, theme::CONTROL));
    let response = button.ui(ui);
    focus_ring(ui, &response);
    response
}

/// The same in a line with others: what does not fit goes to the next line, whole, also where it cannot be pressed.
pub(crate) fn secondary_in_line(ui: &mut Ui, enabled: bool, label: impl Into<String>) -> Response {
    let tokens = tokens(ui.ctx());
    let label = label.into();
    let width = ui.painter().layout_no_wrap(label.clone(), theme::medium(theme::BODY), tokens.text).size().x
        + 2.0 * ui.spacing().button_padding.x;
    // Within a scope of its own, as for what is disabled, it would be squeezed into what is left of the line.
    let begins = ui.cursor().left() <= ui.max_rect().left() + 1.0;
    if ui.layout().main_wrap() && !begins && ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
    let ink = if enabled && ui.is_enabled() { tokens.text } else { tokens.faint };
    let button = Button::new(text(label, Some(ink)))
        .corner_radius(theme::RADIUS)
        .min_size(vec2(0.0, theme::CONTROL))
        .wrap_mode(egui::TextWrapMode::Extend);
    let response = ui.add_enabled(enabled, button);
    focus_ring(ui, &response);
    response
}

/// A button that looks like a link, for the next step named within a text.
pub(crate) fn link(ui: &mut Ui, label: impl Into<String>) -> Response {
    let tokens = tokens(ui.ctx());
    let label = label.into();
    // What does not fit goes to the next line, whole.
    let width = ui.painter().layout_no_wrap(label.clone(), theme::medium(theme::SMALL), tokens.accent.ink).size().x;
    if ui.layout().main_wrap() && ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
    let label = RichText::new(label).font(theme::medium(theme::SMALL)).color(tokens.accent.ink);
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = vec2(0.0, 0.0);
            ui.spacing_mut().interact_size.y = 18.0;
            Button::new(label).frame(false).wrap_mode(egui::TextWrapMode::Extend).ui(ui)
        })
        .inner
        .on_hover_cursor(egui::CursorIcon::PointingHand);
    if response.hovered() {
        let line = Stroke::new(1.0, tokens.accent.ink);
        ui.painter().hline(response.rect.x_range(), response.rect.bottom() - 2.0, line);
    }
    focus_ring(ui, &response);
    response
}

/// A button of an icon alone, with its name for the tooltip and for screen readers.
pub(crate) fn icon_button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    let tokens = tokens(ui.ctx());
    let label = icon::text(icon, tokens.muted).size(16.0);
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = vec2(6.0, 4.0);
            Button::new(label).frame_when_inactive(false).corner_radius(theme::RADIUS).min_size(vec2(28.0, 28.0)).ui(ui)
        })
        .inner;
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    focus_ring(ui, &response);
    response.on_hover_text(name)
}
