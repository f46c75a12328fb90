//! A choice of one from a list.

use egui::{Align, Button, Layout, Popup, PopupCloseBehavior, Response, RichText, ScrollArea, Ui, Widget as _, vec2};

use super::{focus_ring, small};
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};

/// One thing to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice<T> {
    /// What is chosen.
    pub value: T,
    /// Its label.
    pub label: String,
    /// A remark beside it: `too weak`, `recommended`.
    pub remark: Option<String>,
}

impl<T> Choice<T> {
    /// A choice without a remark.
    pub(crate) fn new(value: T, label: impl Into<String>) -> Self {
        Self { value, label: label.into(), remark: None }
    }
}

/// A button that shows what is chosen and opens the list. Returns the newly chosen value, and the button.
pub(crate) fn select<T: PartialEq + Clone>(
    ui: &mut Ui,
    name: &str,
    current: &T,
    choices: &[Choice<T>],
    width: f32,
) -> (Option<T>, Response) {
    let tokens = tokens(ui.ctx());
    let shown = choices.iter().find(|choice| choice.value == *current).map_or("", |choice| choice.label.as_str());
    let label = RichText::new(shown).font(theme::body()).color(tokens.text);
    let caret = icon::text(Icon::ChevronDown, tokens.muted);
    let response = Button::new(label)
        .right_text(caret)
        .truncate()
        .corner_radius(theme::RADIUS)
        .min_size(vec2(width, theme::CONTROL));
    let response = ui
        .scope(|ui| {
            ui.set_max_width(width);
            ui.spacing_mut().button_padding.x = 10.0;
            response.ui(ui)
        })
        .inner;
    focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(egui::accesskit::Role::ComboBox);
        node.set_label(name);
        node.set_value(shown);
    });
    let mut chosen = None;
    Popup::menu(&response)
        .accessible_name(name)
        .width(width.max(180.0))
        .close_behavior(PopupCloseBehavior::CloseOnClick)
        .show(|ui| {
            // As wide as its longest line, remark and all, and no narrower than the button.
            ui.set_min_width(width.max(180.0));
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
            ScrollArea::vertical().max_height(ui.spacing().combo_height).show(ui, |ui| {
                ui.with_layout(Layout::top_down_justified(Align::Min), |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    for choice in choices {
                        let selected = choice.value == *current;
                        let mut button = Button::selectable(selected, RichText::new(&choice.label).font(theme::body()));
                        if let Some(remark) = &choice.remark {
                            button = button.right_text(small(remark).color(tokens.muted));
                        }
                        if button.min_size(vec2(0.0, 28.0)).ui(ui).clicked() {
                            chosen = Some(choice.value.clone());
                        }
                    }
                });
            });
        });
    (chosen.filter(|value| value != current), response)
}
