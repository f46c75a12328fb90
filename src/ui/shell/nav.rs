//! The navigation on the left: pages, what needs action on them, and the choice of colours.

use egui::{
    Align, CornerRadius, Layout, Panel, RichText, Role, Sense, Stroke, StrokeKind, ThemePreference, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::app::Protection;
use crate::app::engine::ReceivingState;
use crate::ui::command::UiCommand;
use crate::ui::desk::Desk;
use crate::ui::focus::{self, Part};
use crate::ui::icon::{self, Icon};
use crate::ui::intent::{Intent, Page, SettingsSection};
use crate::ui::notices::bell;
use crate::ui::receiving::ReceivingDialog;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{ToneName, focus_ring, icon_button, muted, small};

/// The size of an icon on the rail.
const RAIL_ICON: f32 = 18.0;

/// Shows it. On a narrow window it shrinks to icons.
pub(crate) fn nav(ui: &mut Ui, page: &Page, desk: &mut Desk<'_>) {
    let narrow = ui.available_width() < theme::NARROW;
    let tokens = tokens(ui.ctx());
    let width = if narrow { theme::RAIL } else { theme::NAV };
    let frame = egui::Frame::new().fill(tokens.side).inner_margin(egui::Margin::symmetric(9, 16));
    let shown = Panel::left("navigation").resizable(false).exact_size(width).frame(frame).show(ui, |ui| {
        if narrow {
            ui.add_space(8.0);
        } else {
            brand(ui, desk);
        }
        ui.spacing_mut().item_spacing.y = 2.0;
        let here = match page {
            Page::Connections | Page::TestSend(_) => 0,
            Page::Certificates => 1,
            Page::Transmissions => 2,
            Page::Rollovers => 3,
            Page::Policies => 4,
            Page::Settings(_) | Page::Notices => usize::MAX,
        };
        let need_action = desk.snapshot.summary.need_action;
        let broken = desk.snapshot.summary.non_compliant > 0;
        let ending = desk.snapshot.summary.ending;
        let items = [
            (
                "Connections",
                Icon::Network,
                Page::Connections,
                (need_action > 0).then_some((need_action, if broken { ToneName::Bad } else { ToneName::Warn })),
            ),
            ("Certificates", Icon::FileBadge, Page::Certificates, (ending > 0).then_some((ending, ToneName::Warn))),
            ("Transmissions", Icon::ArrowLeftRight, Page::Transmissions, None),
            ("Rollovers", Icon::RefreshCw, Page::Rollovers, None),
            ("Policies", Icon::ScrollText, Page::Policies, None),
        ];
        for (index, (label, symbol, target, number)) in items.into_iter().enumerate() {
            if item(ui, label, symbol, number, here == index, narrow) {
                desk.intend(Intent::Go(target));
            }
        }
        let settings = matches!(page, Page::Settings(_));
        let notices = *page == Page::Notices;
        ui.with_layout(Layout::bottom_up(Align::Min), |ui| {
            foot(ui, desk, narrow, (settings, notices));
            if !narrow {
                ui.add_space(4.0);
                bell(ui, notices, desk, narrow);
            }
        });
    });
    focus::place(ui.ctx(), Part::Navigation, shown.response.rect);
}

fn brand(ui: &mut Ui, desk: &Desk<'_>) {
    ui.horizontal(|ui| {
        ui.add_space(9.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 5.0;
            ui.add_space(4.0);
            ui.label(RichText::new("Countersign").font(theme::bold(15.5)));
            let workspace = &desk.snapshot.workspace;
            let name = if workspace.sample.is_some() { "Sample workspace" } else { "Your workspace" };
            let protection = match &workspace.protection {
                Some(Protection::KeyFile { path }) => {
                    format!("\nSecrets are protected by the key file {} alone", path.display())
                }
                Some(Protection::Passphrase) => "\nSecrets are protected by a passphrase".to_owned(),
                Some(Protection::Keychain) => "\nSecrets are protected by the keychain".to_owned(),
                None => String::new(),
            };
            ui.label(muted(ui, name)).on_hover_text(format!("{}{protection}", workspace.place));
        });
    });
    ui.add_space(10.0);
}

/// One page. Returns whether it was chosen.
fn item(ui: &mut Ui, label: &str, symbol: Icon, number: Option<(usize, ToneName)>, here: bool, narrow: bool) -> bool {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::click());
    let painter = ui.painter();
    if here {
        painter.rect(rect, theme::CARD_RADIUS, tokens.panel, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    } else if response.hovered() {
        painter.rect_filled(rect, theme::CARD_RADIUS, tokens.hover);
    }
    let ink = if here || response.hovered() { tokens.text } else { tokens.muted };
    if narrow {
        let galley = painter.layout_no_wrap(icon::glyph(symbol), icon::font(RAIL_ICON), ink);
        painter.galley(rect.center() - galley.size() / 2.0, galley, ink);
    } else {
        let galley = painter.layout_no_wrap(label.to_owned(), theme::medium(theme::BODY), ink);
        painter.galley(pos2(rect.left() + 9.0, rect.center().y - galley.size().y / 2.0), galley, ink);
    }
    if let Some((number, tone)) = number {
        let tone = tone.of(tokens);
        let galley = painter.layout_no_wrap(number.to_string(), theme::medium(theme::TABLE_HEAD), tone.ink);
        let pill = if narrow {
            narrow_pill(rect, galley.size().x)
        } else {
            let size = vec2((galley.size().x + 12.0).max(20.0), 20.0);
            egui::Rect::from_center_size(pos2(rect.right() - 9.0 - size.x / 2.0, rect.center().y), size)
        };
        painter.rect_filled(pill, CornerRadius::same(10), tone.soft);
        painter.galley(pill.center() - galley.size() / 2.0, galley, tone.ink);
    }
    let said = match number {
        Some((number, ToneName::Warn)) => {
            format!("{label}, {number} end within {} days", crate::app::engine::Summary::ending_days())
        }
        Some((number, _)) => format!("{label}, {number} need action"),
        None => label.to_owned(),
    };
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, here, said.clone()));
    focus_ring(ui, &response);
    let tip = page_command(label).map(|command| command.tip(ui.ctx(), if narrow { label } else { "" }));
    let response = match tip {
        Some(tip) => response.on_hover_text(tip),
        None => response,
    };
    response.clicked()
}

/// The command that shows a page.
fn page_command(label: &str) -> Option<UiCommand> {
    let all = [
        ("Connections", UiCommand::Connections),
        ("Certificates", UiCommand::Certificates),
        ("Transmissions", UiCommand::Transmissions),
        ("Rollovers", UiCommand::Rollovers),
        ("Policies", UiCommand::Policies),
    ];
    all.into_iter().find(|(name, _)| *name == label).map(|(_, command)| command)
}

/// Where a number goes on the rail, for one as wide as that: beside the icon, which it must not cover, and as far up as
/// it stays clear of the item above.
fn narrow_pill(rect: egui::Rect, number: f32) -> egui::Rect {
    let left = rect.center().x + RAIL_ICON / 2.0 + 1.0;
    let size = vec2((number + 4.0).max(14.0), 16.0);
    egui::Rect::from_min_size(pos2(left, rect.top() + 1.0), size)
}

/// The foot, from the bottom up: the choice of colours, and how to find everything else.
fn foot(ui: &mut Ui, desk: &mut Desk<'_>, narrow: bool, (settings, notices): (bool, bool)) {
    let current = ui.options(|options| options.theme_preference);
    let choices = [
        (ThemePreference::System, Icon::Monitor, "The system's colours"),
        (ThemePreference::Light, Icon::Sun, "Light colours"),
        (ThemePreference::Dark, Icon::Moon, "Dark colours"),
    ];
    let show = |ui: &mut Ui| {
        // The narrow foot is laid out from the bottom up.
        let order = if narrow { [2, 1, 0] } else { [0, 1, 2] };
        for (preference, symbol, name) in order.map(|place| choices[place]) {
            let button = ui.scope(|ui| {
                if preference == current {
                    let tokens = tokens(ui.ctx());
                    ui.visuals_mut().widgets.inactive.weak_bg_fill = tokens.panel;
                }
                icon_button(ui, symbol, name)
            });
            let response = button.inner;
            ui.ctx().accesskit_node_builder(response.id, |node| {
                node.set_toggled(egui::accesskit::Toggled::from(preference == current));
            });
            if preference == current {
                let tokens = tokens(ui.ctx());
                let dot = pos2(response.rect.center().x, response.rect.bottom() - 1.0);
                ui.painter().circle_filled(dot, 2.0, tokens.accent.ink);
            }
            if response.clicked() {
                ui.ctx().set_theme(preference);
            }
        }
    };
    if narrow {
        // Under the middles of the pages' icons.
        ui.with_layout(Layout::bottom_up(Align::Center), |ui| {
            show(ui);
            ui.add_space(8.0);
            receiving_icon(ui, desk);
            if icon_button(ui, Icon::Settings, "Settings").clicked() {
                desk.intend(Intent::Go(Page::Settings(SettingsSection::default())));
            }
            ui.add_space(4.0);
            bell(ui, notices, desk, narrow);
        });
        return;
    }
    ui.horizontal(|ui| {
        ui.add_space(4.0);
        ui.spacing_mut().item_spacing.x = 4.0;
        show(ui);
    });
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.add_space(9.0);
        let words = format!("Find anything · {}", UiCommand::Find.keys(ui.ctx()));
        let find = ui.add(egui::Label::new(muted(ui, &words)).sense(Sense::click()));
        find.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Find anything"));
        focus_ring(ui, &find);
        if find.clicked() {
            desk.intend(Intent::OpenPalette);
        }
    });
    ui.horizontal(|ui| {
        ui.add_space(9.0);
        let words = format!("Settings · {}", UiCommand::Settings.keys(ui.ctx()));
        let words = if settings { small(words) } else { muted(ui, words) };
        let shown = ui.add(egui::Label::new(words).sense(Sense::click()));
        shown.widget_info(|| WidgetInfo::selected(Role::Button, true, settings, "Settings"));
        focus_ring(ui, &shown);
        if shown.clicked() {
            desk.intend(Intent::Go(Page::Settings(SettingsSection::default())));
        }
    });
    ui.horizontal(|ui| {
        ui.add_space(9.0);
        receiving(ui, desk);
    });
}

/// Whether messages are received, as a dot and words; a click opens the dialog that sets it.
fn receiving(ui: &mut Ui, desk: &mut Desk<'_>) {
    let tokens = tokens(ui.ctx());
    let (words, why) = crate::ui::receiving::words(&desk.snapshot.receiving);
    let ink = match &desk.snapshot.receiving.state {
        ReceivingState::On { .. } => tokens.ok.ink,
        ReceivingState::Failed { .. } => tokens.bad.ink,
        ReceivingState::Off | ReceivingState::Elsewhere => tokens.faint,
    };
    ui.spacing_mut().item_spacing.x = 6.0;
    let (dot, _) = ui.allocate_exact_size(vec2(8.0, 16.0), Sense::hover());
    ui.painter().circle_filled(dot.center(), 4.0, ink);
    let label = ui.add(egui::Label::new(muted(ui, &words)).sense(Sense::click()).truncate());
    label.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    focus_ring(ui, &label);
    if label.on_hover_text(why).clicked() {
        desk.intend(Intent::Open(Box::new(ReceivingDialog::new(desk))));
    }
}

/// The same where there is no room for words: an icon for each state, the words on it.
fn receiving_icon(ui: &mut Ui, desk: &mut Desk<'_>) {
    let state = &desk.snapshot.receiving.state;
    let symbol = match state {
        ReceivingState::On { .. } => Icon::Radio,
        ReceivingState::Failed { .. } => Icon::TriangleAlert,
        ReceivingState::Off | ReceivingState::Elsewhere => Icon::RadioOff,
    };
    let (words, why) = crate::ui::receiving::words(&desk.snapshot.receiving);
    if icon_button(ui, symbol, &words).on_hover_text(why).clicked() {
        desk.intend(Intent::Open(Box::new(ReceivingDialog::new(desk))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::Rect;

    #[test]
    fn a_number_on_the_rail_covers_no_icon_and_stays_on_the_rail() {
        let item = Rect::from_min_max(pos2(9.0, 100.0), pos2(theme::RAIL - 9.0, 134.0));
        let icon = Rect::from_center_size(item.center(), vec2(RAIL_ICON, RAIL_ICON));
        // As wide as one digit, and as two.
        for number in [7.0, 14.0] {
            let pill = narrow_pill(item, number);
            assert!(!pill.intersects(icon), "{pill:?} covers {icon:?}");
            assert!(pill.right() <= theme::RAIL && pill.top() >= item.top(), "{pill:?}");
        }
    }
}
