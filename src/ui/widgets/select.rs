//! A choice of one from a list.

use egui::{Align, Button, Layout, Popup, PopupCloseBehavior, Response, RichText, ScrollArea, Ui, Widget as _, vec2};

use super::{focus_ring, keep_above, small};
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
    let popup = Popup::default_response_id(&response);
    let was_open = Popup::is_id_open(ui.ctx(), popup);
    // The keyboard goes to what is chosen, once the list is above what it belongs to.
    let mut giving: u8 = ui.data(|data| data.get_temp(popup)).unwrap_or_default();
    let shown = Popup::menu(&response)
        .accessible_name(name)
        .width(width.max(180.0))
        .close_behavior(PopupCloseBehavior::CloseOnClick)
        .show(|ui| {
            let inner = width.max(180.0) - ui.spacing().menu_margin.sum().x;
            ui.set_min_width(inner);
            ScrollArea::vertical().max_height(ui.spacing().combo_height).auto_shrink([false, true]).show(ui, |ui| {
                ui.set_min_width(inner);
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.with_layout(Layout::top_down_justified(Align::Min), |ui| {
                    for choice in choices {
                        let selected = choice.value == *current;
                        let mut button = Button::selectable(selected, RichText::new(&choice.label).font(theme::body()));
                        if let Some(remark) = &choice.remark {
                            button = button.right_text(small(remark).color(tokens.muted));
                        }
                        let button = button.wrap_mode(egui::TextWrapMode::Extend).min_size(vec2(0.0, 28.0)).ui(ui);
                        focus_ring(ui, &button);
                        if selected && giving > 0 {
                            button.request_focus();
                        }
                        if button.clicked() {
                            chosen = Some(choice.value.clone());
                            // A key is no click, by which it would close.
                            ui.close();
                        }
                    }
                });
            });
        });
    keep_above(ui, shown.as_ref());
    let is_open = Popup::is_id_open(ui.ctx(), popup);
    if is_open && !was_open {
        giving = 4;
    }
    let left = if is_open { giving.saturating_sub(1) } else { 0 };
    ui.data_mut(|data| data.insert_temp(popup, left));
    if left > 0 {
        ui.request_repaint();
    }
    if chosen.is_some() {
        response.request_focus();
    }
    (chosen.filter(|value| value != current), response)
}
