//! Search, filters, saved filters and columns, above the table.

use egui::{
    Align, Button, Key, Layout, Popup, PopupCloseBehavior, Response, RichText, ScrollArea, Ui, Widget as _, vec2,
};

use super::filters::{Extent, Filters, Outcome, Period};
use super::kept::{Cell, Kept};
use crate::app::TransmissionChoices;
use crate::domain::identifier::ProfileKind;
use crate::domain::transmission::Direction;
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::outcome::direction_word;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Choice, focus_ring, icon_button, link, muted, search, secondary, select, small, text_edit};

/// Width of the choices beside the search, with the space between them.
const CHOICES: f32 = 150.0 + 172.0 + 104.0 + 130.0 + 86.0 + 100.0 + 6.0 * 8.0;

/// What a search field takes beside its text.
const SEARCH_FRAME: f32 = 36.0;

/// Width of what opens below a button.
const POPUP: f32 = 250.0;

/// Shows search and filters, and changes what the user changes. `name` is what the user types to save a filter.
pub(super) fn bar(
    ui: &mut Ui,
    desk: &Desk<'_>,
    filters: &mut Filters,
    choices: &TransmissionChoices,
    kept: &mut Kept,
    name: &mut String,
    focus: bool,
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        // All in one line where they fit beside each other.
        let rest = ui.available_width() - CHOICES - SEARCH_FRAME;
        let width = if rest < 150.0 { 220.0 } else { rest.min(260.0) };
        let field = search(ui, "Search transmissions", &mut filters.query, "Search ID, file, ISA no.", width);
        if focus {
            field.request_focus();
        }
        if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
            filters.query.clear();
        }
        let mut partners = vec![Choice::new(None, "All partners")];
        partners.extend(
            desk.snapshot
                .connections
                .iter()
                .map(|state| Choice::new(Some(state.connection.id.clone()), state.connection.name.clone())),
        );
        choose(ui, "Partner", &mut filters.connection, &partners, 150.0);
        choose(ui, "Result", &mut filters.outcome, &Outcome::ALL.map(|(value, word)| Choice::new(value, word)), 172.0);
        choose(ui, "Period", &mut filters.period, &Period::ALL.map(|(value, word)| Choice::new(value, word)), 104.0);
        more(ui, filters, choices);
        saved(ui, filters, kept, name);
        columns(ui, kept);
    });
    chips(ui, filters);
}

fn choose<T: PartialEq + Clone>(ui: &mut Ui, name: &str, value: &mut T, choices: &[Choice<T>], width: f32) {
    if ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
    if let (Some(chosen), _) = select(ui, name, value, choices, width) {
        *value = chosen;
    }
}

/// A button with something that opens below it and stays open while it is used.
fn opening(ui: &mut Ui, label: &str, icon: Icon, content: impl FnOnce(&mut Ui)) {
    let tokens = tokens(ui.ctx());
    let text = RichText::new(label).font(theme::medium(theme::BODY)).color(tokens.text);
    let response = Button::new((icon::text(icon, tokens.muted), text))
        .corner_radius(theme::RADIUS)
        .min_size(vec2(0.0, theme::CONTROL))
        .ui(ui);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label));
    focus_ring(ui, &response);
    Popup::menu(&response)
        .accessible_name(label)
        .width(POPUP)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| {
            ui.set_min_width(POPUP);
            ScrollArea::vertical().max_height(420.0).auto_shrink([true, true]).show(ui, |ui| {
                ui.set_min_width(POPUP - 12.0);
                ui.spacing_mut().item_spacing.y = 2.0;
                content(ui);
            });
        });
}

/// The filters that are needed less often.
fn more(ui: &mut Ui, filters: &mut Filters, choices: &TransmissionChoices) {
    opening(ui, "More filters", Icon::ListFilter, |ui| {
        head(ui, "Profile");
        for kind in [ProfileKind::Production, ProfileKind::Test] {
            toggle(ui, &mut filters.profile, kind, kind.label());
        }
        head(ui, "Direction");
        for way in [Direction::Outbound, Direction::Inbound] {
            toggle(ui, &mut filters.direction, way, direction_word(way));
        }
        head(ui, "Size");
        for extent in Extent::ALL {
            toggle(ui, &mut filters.extent, extent, extent.label());
        }
        if !choices.documents.is_empty() {
            head(ui, "Document");
            for kind in &choices.documents {
                toggle(ui, &mut filters.document, kind.clone(), kind);
            }
        }
        if !choices.causes.is_empty() {
            head(ui, "Cause");
            for cause in &choices.causes {
                toggle(ui, &mut filters.cause, cause.clone(), cause);
            }
        }
    });
}

fn head(ui: &mut Ui, text: &str) {
    ui.add_space(4.0);
    ui.label(muted(ui, text));
}

/// One of several, which a second click takes back.
fn toggle<T: PartialEq>(ui: &mut Ui, value: &mut Option<T>, this: T, label: &str) {
    let is_set = value.as_ref() == Some(&this);
    if item(ui, is_set, label).clicked() {
        *value = (!is_set).then_some(this);
    }
}

fn item(ui: &mut Ui, is_set: bool, label: &str) -> Response {
    let width = ui.available_width();
    let response = Button::selectable(is_set, RichText::new(label).font(theme::body()))
        .truncate()
        .min_size(vec2(width, 28.0))
        .ui(ui);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_set, label));
    focus_ring(ui, &response);
    response
}

/// Filters under their names.
fn saved(ui: &mut Ui, filters: &mut Filters, kept: &mut Kept, name: &mut String) {
    opening(ui, "Saved", Icon::Bookmark, |ui| {
        if kept.saved.is_empty() {
            ui.label(muted(ui, "No filter was saved yet"));
        }
        let mut gone = None;
        for (place, saved) in kept.saved.iter().enumerate() {
            ui.push_id(&saved.name, |ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if icon_button(ui, Icon::X, &format!("Remove filter {}", saved.name)).clicked() {
                        gone = Some(place);
                    }
                    if item(ui, saved.filters == filters.asked(), &saved.name).clicked() {
                        filters.clone_from(&saved.filters);
                    }
                });
            });
        }
        if let Some(gone) = gone {
            kept.saved.remove(gone);
        }
        if *filters == Filters::default() {
            ui.add(egui::Label::new(muted(ui, "Set a filter, then save it here under a name")).wrap());
            return;
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let width = ui.available_width() - 84.0;
            let field = text_edit(ui, "Name of the filter", name, "Name", width);
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let named = name.trim().to_owned();
            let button = ui.add_enabled_ui(!named.is_empty(), |ui| secondary(ui, "Save")).inner;
            if (button.clicked() || entered) && !named.is_empty() {
                kept.save(&named, filters);
                name.clear();
            }
        });
    });
}

/// Which columns are shown.
fn columns(ui: &mut Ui, kept: &mut Kept) {
    opening(ui, "Columns", Icon::Columns3, |ui| {
        for cell in Cell::ALL {
            let mut shown = kept.columns.contains(&cell);
            let may = !matches!(cell, Cell::When | Cell::Result);
            let tick = ui.add_enabled_ui(may, |ui| ui.checkbox(&mut shown, small(cell.head()))).inner;
            if tick.changed() {
                kept.toggle(cell);
            }
        }
        ui.add_space(4.0);
        if kept.columns != Cell::USUAL && link(ui, "As they were").clicked() {
            kept.columns = Cell::USUAL.to_vec();
        }
    });
}

/// What is set and has no place of its own: each can be taken away.
fn chips(ui: &mut Ui, filters: &mut Filters) {
    let chips = filters.chips();
    if chips.is_empty() && !filters.is_too_short() {
        return;
    }
    let tokens = tokens(ui.ctx());
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        for (chip, words) in chips {
            let text = RichText::new(&words).font(theme::medium(theme::SMALL)).color(tokens.accent.ink);
            let button = Button::new((text, icon::text(Icon::X, tokens.accent.ink).size(12.0)))
                .fill(tokens.accent.soft)
                .stroke(egui::Stroke::NONE)
                .corner_radius(12.0)
                .min_size(vec2(0.0, 24.0))
                .ui(ui);
            button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Remove {words}")));
            focus_ring(ui, &button);
            if button.clicked() {
                filters.remove(chip);
            }
        }
        if filters.is_too_short() {
            ui.label(muted(ui, "Type three characters or more to search"));
        }
    });
}
