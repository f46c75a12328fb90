//! The foot of the navigation: how many notices are to be looked at; a click opens the page.

use egui::{CornerRadius, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::tone;
use crate::ui::desk::Desk;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::{Intent, Page};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{focus_ring, icon_button};

/// Shows it; as an icon alone where there is no room for words.
pub(in crate::ui) fn bell(ui: &mut Ui, here: bool, desk: &mut Desk<'_>, narrow: bool) {
    let open: Vec<_> = desk.snapshot.notices.open().map(|listed| listed.notice.urgency).collect();
    // The list begins with the most urgent.
    let urgency = open.first().copied();
    let symbol = if open.is_empty() { Icon::Bell } else { Icon::BellRing };
    let said = match open.len() {
        0 => "Notices".to_owned(),
        number => format!("Notices, {number} to look at"),
    };
    if narrow {
        let response = icon_button(ui, symbol, &said);
        if let Some(urgency) = urgency {
            let colours = tone(urgency).of(tokens(ui.ctx()));
            ui.painter().circle_filled(response.rect.right_top() + vec2(-5.0, 5.0), 4.0, colours.ink);
        }
        if response.clicked() {
            desk.intend(Intent::Go(Page::Notices));
        }
        return;
    }
    let colours = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
    let painter = ui.painter();
    if here {
        painter.rect_filled(rect, theme::CARD_RADIUS, colours.panel);
    } else if response.hovered() {
        painter.rect_filled(rect, theme::CARD_RADIUS, colours.hover);
    }
    let ink = if here || response.hovered() { colours.text } else { colours.muted };
    let glyph = painter.layout_no_wrap(icon::glyph(symbol), icon::font(14.0), ink);
    painter.galley(pos2(rect.left() + 9.0, rect.center().y - glyph.size().y / 2.0), glyph, ink);
    let text = painter.layout_no_wrap("Notices".to_owned(), theme::small(), ink);
    painter.galley(pos2(rect.left() + 30.0, rect.center().y - text.size().y / 2.0), text, ink);
    if let Some(urgency) = urgency {
        let tone = tone(urgency).of(colours);
        let number = painter.layout_no_wrap(open.len().to_string(), theme::medium(theme::TABLE_HEAD), tone.ink);
        let size = vec2((number.size().x + 12.0).max(20.0), 20.0);
        let pill = egui::Rect::from_center_size(pos2(rect.right() - 9.0 - size.x / 2.0, rect.center().y), size);
        painter.rect_filled(pill, CornerRadius::same(10), tone.soft);
        painter.galley(pill.center() - number.size() / 2.0, number, tone.ink);
    }
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, here, said.clone()));
    focus_ring(ui, &response);
    if response.clicked() {
        desk.intend(Intent::Go(Page::Notices));
    }
}
