//! Grounds and heads: cards, tiles, sections, page titles, and what a view shows when there is nothing to show.

use egui::{Align, Color32, Frame, Layout, Margin, Response, RichText, Stroke, Ui, vec2};

use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};

/// A card.
pub(crate) fn card(ui: &Ui) -> Frame {
    let tokens = tokens(ui.ctx());
    Frame::new()
        .fill(tokens.panel)
        .stroke(Stroke::new(1.0, tokens.line))
        .corner_radius(theme::CARD_RADIUS)
        .inner_margin(Margin::same(theme::CARD_PADDING))
}

/// The title of a page.
pub(crate) fn page_title(ui: &mut Ui, title: &str) -> Response {
    ui.add(egui::Label::new(RichText::new(title).font(theme::bold(theme::TITLE))).extend())
}

/// The head of a section.
pub(crate) fn section(ui: &mut Ui, head: &str) -> Response {
    ui.label(RichText::new(head).font(theme::bold(theme::SECTION)))
}

/// A line across.
pub(crate) fn separator(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), egui::Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, tokens(ui.ctx()).line));
}

/// Lines of one height under each other, of which only those that are seen are drawn.
pub(crate) fn lines<T>(ui: &mut Ui, salt: &str, all: &[T], height: f32, most: f32, show: impl Fn(&mut Ui, &T)) {
    let spacing = std::mem::replace(&mut ui.spacing_mut().item_spacing.y, 0.0);
    let area = egui::ScrollArea::vertical().id_salt(salt).max_height(most).auto_shrink([false, true]);
    area.show_rows(ui, height, all.len(), |ui, rows| {
        all.get(rows).into_iter().flatten().for_each(|line| show(ui, line))
    });
    ui.spacing_mut().item_spacing.y = spacing;
}

/// A tile: a figure and what it counts. It answers clicks where it leads somewhere.
pub(crate) fn figure_tile(
    ui: &mut Ui,
    figure: &str,
    colour: Option<Color32>,
    text: &str,
    width: f32,
    height: f32,
) -> Response {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), egui::Sense::click());
    let fill = if response.hovered() { tokens.hover } else { tokens.panel };
    ui.painter().rect(rect, theme::CARD_RADIUS, fill, Stroke::new(1.0, tokens.line), egui::StrokeKind::Inside);
    let inner = rect.shrink2(vec2(14.0, 13.0));
    let mut within = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    within.spacing_mut().item_spacing.y = 5.0;
    within.set_clip_rect(rect.intersect(ui.clip_rect()));
    let figure_text = RichText::new(figure).font(theme::bold(theme::FIGURE)).color(colour.unwrap_or(tokens.text));
    within.add(egui::Label::new(figure_text).truncate());
    within.add(egui::Label::new(RichText::new(text).font(theme::small()).color(tokens.muted)).wrap());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{figure} {text}")));
    super::focus_ring(ui, &response);
    response
}

/// What a view shows when there is nothing to show: why, and what to do.
pub(crate) fn empty_state<R>(ui: &mut Ui, icon: Icon, head: &str, text: &str, buttons: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = tokens(ui.ctx());
    ui.add_space((ui.available_height() * 0.22).min(140.0));
    ui.vertical_centered(|ui| {
        ui.label(icon::text(icon, tokens.faint).size(34.0));
        ui.add_space(4.0);
        ui.label(RichText::new(head).font(theme::bold(theme::SECTION)));
        ui.scope(|ui| {
            ui.set_max_width(ui.available_width().min(520.0));
            ui.add(egui::Label::new(RichText::new(text).font(theme::body()).color(tokens.muted)).wrap());
        });
        ui.add_space(8.0);
        centered_row(ui, head, buttons)
    })
    .inner
}

/// A row in the middle of what is there; where it has no room, what is in it stands below each other. Its width is known once
/// it has been laid out, so the first pass is thrown away.
fn centered_row<R>(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    let id = ui.scope_id().with(("centered", name));
    let known: Option<f32> = ui.data(|data| data.get_temp(id));
    if known.is_some_and(|width| width > ui.available_width()) {
        return ui.vertical_centered(content).inner;
    }
    let before = known.map_or(0.0, |width| ((ui.available_width() - width) / 2.0).max(0.0));
    let row = ui.horizontal(|ui| {
        ui.add_space(before);
        let begin = ui.cursor().left();
        let inner = content(ui);
        (inner, ui.min_rect().right() - begin)
    });
    let (inner, width) = row.inner;
    if known != Some(width) {
        ui.data_mut(|data| data.insert_temp(id, width));
        ui.ctx().request_discard("the width of a centred row is known now");
    }
    inner
}
