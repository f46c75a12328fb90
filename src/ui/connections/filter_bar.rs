//! The row above the matrix that narrows and groups many connections: a searchable list for each facet, what is set as chips
//! that can be taken away, and what the rows are grouped by.

use egui::{
    Button, Popup, PopupCloseBehavior, Response, RichText, Role, ScrollArea, Stroke, Ui, Widget as _, WidgetInfo, vec2,
};

use super::facets::{Choices, Facet, FacetChoice, Kept};
use crate::ui::icon::{self, Icon};
use crate::ui::moment::grouped;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Choice, focus_ring, link, muted, search, select, small};

/// Width of what opens below a button.
const POPUP: f32 = 280.0;

/// Height of a choice in it.
const CHOICE: f32 = 28.0;

/// More choices than these are searched.
const SEARCHED: usize = 8;

/// Width of the list of what can be grouped by.
const GROUP: f32 = 116.0;

/// Room for how many are left and the way to all of them.
const LEFT: f32 = 190.0;

/// Which list is open, and what is sought in it.
#[derive(Default)]
pub(super) struct FilterBar {
    open: Option<Facet>,
    sought: String,
}

impl FilterBar {
    /// Shows the row, and changes what the user changes. `left` says how many connections are left of how many. `groups` are the keys of all groups there are; without them nothing
    /// is grouped here.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        kept: &mut Kept,
        choices: &Choices,
        left: (usize, usize),
        groups: Option<&[String]>,
    ) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
            for facet in Facet::ALL {
                if choices.is_of_use(facet) {
                    self.facet(ui, facet, kept, choices.of(facet));
                }
            }
            if let Some(groups) = groups {
                group(ui, kept, choices, groups);
            }
            chips(ui, kept, choices, left);
        });
    }

    /// A button that opens the list of a facet.
    fn facet(&mut self, ui: &mut Ui, facet: Facet, kept: &mut Kept, choices: &[FacetChoice]) {
        let tokens = tokens(ui.ctx());
        let set = kept.count(facet);
        let (ink, name) = match set {
            0 => (tokens.text, facet.label().to_owned()),
            set => (tokens.accent.ink, format!("{} ({set})", facet.label())),
        };
        let text = RichText::new(&name).font(theme::medium(theme::BODY)).color(ink);
        let mut button = Button::new((text, icon::text(Icon::ChevronDown, tokens.muted)))
            .corner_radius(theme::RADIUS)
            .min_size(vec2(0.0, theme::CONTROL));
        if set > 0 {
            button = button.fill(tokens.accent.soft).stroke(Stroke::new(1.0, tokens.accent.ink));
        }
        let width = ui.painter().layout_no_wrap(name, theme::medium(theme::BODY), ink).size().x + 40.0;
        if ui.available_size_before_wrap().x < width {
            ui.end_row();
        }
        let response = button.wrap_mode(egui::TextWrapMode::Extend).ui(ui);
        let said = match set {
            0 => format!("Filter by {}", facet.label().to_lowercase()),
            set => format!("Filter by {}, {set} set", facet.label().to_lowercase()),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &said));
        focus_ring(ui, &response);
        let shown = Popup::menu(&response)
            .accessible_name(facet.label())
            .width(POPUP)
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .show(|ui| self.list(ui, facet, kept, choices));
        if shown.is_none() && self.open == Some(facet) {
            self.open = None;
        }
    }

    fn list(&mut self, ui: &mut Ui, facet: Facet, kept: &mut Kept, choices: &[FacetChoice]) {
        let fresh = self.open != Some(facet);
        if fresh {
            *self = Self { open: Some(facet), sought: String::new() };
        }
        ui.set_min_width(POPUP);
        if choices.len() > SEARCHED {
            let name = format!("Search {}", facet.label().to_lowercase());
            let field = search(ui, &name, &mut self.sought, &name, POPUP - 36.0);
            if fresh {
                field.request_focus();
            }
            ui.add_space(2.0);
        }
        let sought = self.sought.trim().to_lowercase();
        let found: Vec<&FacetChoice> = choices
            .iter()
            .filter(|choice| sought.is_empty() || choice.mark.label.to_lowercase().contains(&sought))
            .collect();
        if found.is_empty() {
            ui.label(muted(ui, "Nothing is called so"));
        }
        ui.spacing_mut().item_spacing.y = 2.0;
        ScrollArea::vertical().max_height(336.0).auto_shrink([false, true]).show_rows(
            ui,
            CHOICE,
            found.len(),
            |ui, rows| {
                for choice in found.get(rows).into_iter().flatten() {
                    if item(ui, choice, kept.is_set(facet, &choice.mark.key)).clicked() {
                        kept.toggle(facet, &choice.mark.key);
                    }
                }
            },
        );
    }
}

/// One of several, with how many connections answer to it; a second click takes it back.
fn item(ui: &mut Ui, choice: &FacetChoice, is_set: bool) -> Response {
    let tokens = tokens(ui.ctx());
    let count = grouped(choice.count);
    let width = ui.available_width();
    let response = ui
        .scope(|ui| {
            ui.set_max_width(width);
            Button::selectable(is_set, RichText::new(&choice.mark.label).font(theme::body()))
                .right_text(small(&count).color(tokens.muted))
                .truncate()
                .min_size(vec2(width, CHOICE))
                .ui(ui)
        })
        .inner;
    let said = format!("{}, {count}", choice.mark.label);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_set, &said));
    focus_ring(ui, &response);
    response
}

/// What the rows are grouped by, and all groups at once.
fn group(ui: &mut Ui, kept: &mut Kept, choices: &Choices, groups: &[String]) {
    if ui.available_size_before_wrap().x < GROUP + 70.0 {
        ui.end_row();
    } else {
        ui.add_space(8.0);
    }
    ui.label(muted(ui, "Group by"));
    let mut ways = vec![Choice::new(None, "Nothing")];
    let used = Facet::ALL.into_iter().filter(|facet| choices.is_of_use(*facet) || kept.group() == Some(*facet));
    ways.extend(used.map(|facet| Choice::new(Some(facet), facet.label())));
    if let (Some(facet), _) = select(ui, "Group by", &kept.group(), &ways, GROUP) {
        kept.group_by(facet);
    }
    if kept.group().is_none() {
        return;
    }
    ui.add_space(2.0);
    if kept.is_any_folded() {
        if link(ui, "Expand all").clicked() {
            kept.fold_all(std::iter::empty());
        }
    } else if groups.len() > 1 && link(ui, "Collapse all").clicked() {
        kept.fold_all(groups.iter().cloned());
    }
}

/// What is set: each can be taken away, and all of it.
fn chips(ui: &mut Ui, kept: &mut Kept, choices: &Choices, (left, all): (usize, usize)) {
    if !kept.narrows() {
        return;
    }
    let tokens = tokens(ui.ctx());
    ui.add_space(4.0);
    let mut gone = None;
    for (facet, mark) in choices.chips(kept) {
        let words = format!("{}: {}", facet.label(), mark.label);
        let text = RichText::new(&words).font(theme::medium(theme::SMALL)).color(tokens.accent.ink);
        let button = Button::new((text, icon::text(Icon::X, tokens.accent.ink).size(12.0)))
            .fill(tokens.accent.soft)
            .stroke(Stroke::NONE)
            .corner_radius(12.0)
            .min_size(vec2(0.0, 24.0))
            .ui(ui);
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Remove {words}")));
        focus_ring(ui, &button);
        if button.clicked() {
            gone = Some((facet, mark.key.clone()));
        }
    }
    if let Some((facet, key)) = gone {
        kept.toggle(facet, &key);
    }
    // Both together, whole, on this line or the next.
    if ui.available_size_before_wrap().x < LEFT {
        ui.end_row();
    }
    ui.add(egui::Label::new(muted(ui, format!("{} of {}", grouped(left), grouped(all)))).extend());
    if link(ui, "Clear filters").clicked() {
        kept.clear();
    }
}
