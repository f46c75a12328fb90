//! The settings: their sections in a list at the left, one of them beside it. Where there is no room for the list, the
//! section is chosen beside the page's title.
//!
//! Each section is a module of its own with a state that lives as long as the window. A new one is a variant of
//! [`SettingsSection`], a line in [`SECTIONS`] and an arm in [`SettingsPage::show`].

mod about;
mod appearance;
mod audit;
mod daily;
mod facts;
mod identities;
mod log;
mod notifications;
mod on_desktop;
mod proxy;
mod public_url;
mod receiving;
mod storage;
mod workspace;

use egui::{Align, Layout, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

pub(in crate::ui) use workspace::UnlockDialog;

use super::desk::Desk;
use super::icon::{self, Icon};
use super::intent::{Intent, Page, SettingsSection};
use super::theme::{self, tokens};
use super::widgets::{Choice, focus_ring, page_title, select};

/// The sections in their order.
pub(super) const SECTIONS: [(SettingsSection, &str, Icon); 11] = [
    (SettingsSection::Identities, "Identities", Icon::KeyRound),
    (SettingsSection::Receiving, "Receiving", Icon::Radio),
    (SettingsSection::DailyWork, "Daily work", Icon::Repeat),
    (SettingsSection::Proxy, "Proxy", Icon::Waypoints),
    (SettingsSection::Notifications, "Notifications", Icon::Bell),
    (SettingsSection::Storage, "Storage", Icon::Archive),
    (SettingsSection::Appearance, "Appearance", Icon::Palette),
    (SettingsSection::Workspace, "Workspace", Icon::HardDrive),
    (SettingsSection::Audit, "Audit log", Icon::ListChecks),
    (SettingsSection::Log, "Log", Icon::ScrollText),
    (SettingsSection::About, "About", Icon::Info),
];

/// Width of the list of sections.
const LIST: f32 = 168.0;

/// From here on there is room for the list with a section beside it.
const WITH_LIST: f32 = LIST + 12.0 + 560.0;

/// The settings.
#[derive(Default)]
pub(super) struct SettingsPage {
    /// Which section was shown last: one that was left begins anew.
    shown: Option<SettingsSection>,
    identities: identities::IdentitiesSection,
    receiving: receiving::ReceivingSection,
    daily: daily::DailySection,
    notifications: notifications::NotificationsSection,
    storage: storage::StorageSection,
    pub(super) workspace: workspace::WorkspaceSection,
    proxy: proxy::ProxySection,
    log: log::LogSection,
    audit: audit::AuditSection,
    on_desktop: on_desktop::OnDesktop,
}

impl SettingsPage {
    /// Shows the page with a section in front.
    pub(super) fn show(&mut self, ui: &mut Ui, section: SettingsSection, desk: &mut Desk<'_>) {
        if self.shown.replace(section) != Some(section) {
            self.receiving.enter(desk);
            self.daily.enter(desk);
            self.notifications.enter(desk);
            self.storage.enter();
            self.workspace.enter();
            self.proxy.enter();
            self.log.enter();
            self.audit.enter();
            self.on_desktop.enter();
        }
        let has_list = ui.available_width() >= WITH_LIST;
        let size = vec2(ui.available_width(), theme::CONTROL);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            page_title(ui, "Settings");
            if !has_list {
                ui.add_space(8.0);
                let all = SECTIONS.map(|(section, label, _)| Choice::new(section, label));
                if let (Some(chosen), _) = select(ui, "Section", &section, &all, LIST) {
                    desk.intend(Intent::Go(Page::Settings(chosen)));
                }
            }
        });
        ui.add_space(4.0);
        if !has_list {
            self.section(ui, section, desk);
            return;
        }
        let height = ui.available_height();
        ui.horizontal_top(|ui| {
            ui.allocate_ui_with_layout(vec2(LIST, height), Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                for (each, label, symbol) in SECTIONS {
                    if item(ui, label, symbol, each == section) {
                        desk.intend(Intent::Go(Page::Settings(each)));
                    }
                }
            });
            ui.add_space(12.0);
            ui.vertical(|ui| self.section(ui, section, desk));
        });
    }

    fn section(&mut self, ui: &mut Ui, section: SettingsSection, desk: &mut Desk<'_>) {
        // A table scrolls by itself; the others are as long as they are.
        if section == SettingsSection::Identities {
            self.identities.show(ui, desk);
            return;
        }
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width().min(640.0));
            match section {
                SettingsSection::Receiving => self.receiving.show(ui, desk),
                SettingsSection::DailyWork => self.daily.show(ui, desk),
                SettingsSection::Notifications => self.notifications.show(ui, desk),
                SettingsSection::Storage => self.storage.show(ui, desk),
                SettingsSection::Appearance => appearance::show(ui, desk),
                SettingsSection::Workspace => self.workspace.show(ui, desk),
                SettingsSection::Proxy => self.proxy.show(ui, desk),
                SettingsSection::Log => self.log.show(ui, desk),
                SettingsSection::Audit => self.audit.show(ui, desk),
                SettingsSection::About => {
                    about::show(ui, desk);
                    self.on_desktop.show(ui, desk);
                }
                SettingsSection::Identities => {}
            }
        });
    }
}

/// One section in the list. Returns whether it was chosen.
fn item(ui: &mut Ui, label: &str, symbol: Icon, here: bool) -> bool {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(LIST, 32.0), Sense::click());
    let painter = ui.painter();
    if here {
        painter.rect(rect, theme::CARD_RADIUS, tokens.panel, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    } else if response.hovered() {
        painter.rect_filled(rect, theme::CARD_RADIUS, tokens.hover);
    }
    let ink = if here || response.hovered() { tokens.text } else { tokens.muted };
    let glyph = painter.layout_no_wrap(icon::glyph(symbol), icon::font(icon::SIZE), ink);
    painter.galley(pos2(rect.left() + 10.0, rect.center().y - glyph.size().y / 2.0), glyph, ink);
    let text = painter.layout_no_wrap(label.to_owned(), theme::medium(theme::BODY), ink);
    painter.galley(pos2(rect.left() + 34.0, rect.center().y - text.size().y / 2.0), text, ink);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, here, label));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_role(Role::Tab));
    focus_ring(ui, &response);
    response.clicked()
}
