//! What is due, the next first: which connection and profile, which setting, what bites, and when.

use egui::{Align, Label, Layout, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, vec2};
use jiff::Timestamp;

use crate::app::engine::{Snapshot, Summary};
use crate::domain::due::DueItem;
use crate::domain::identifier::ConnectionId;
use crate::ui::icon::{self, Icon};
use crate::ui::intent::{InspectorTab, Intent};
use crate::ui::moment::{Moment, count, duration};
use crate::ui::policies::head_label;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{empty_state, focus_ring, small};

/// Height of a line.
const LINE: f32 = 52.0;
/// Width of the column that says when.
const WHEN: f32 = 120.0;
/// Width of the column that says of which profile.
const WHERE: f32 = 190.0;

/// Width of the sign before what is due.
const SIGN: f32 = 20.0;

/// Shows what is due, of the connections that are `within` what was narrowed to, and answers to a search. `now` is the instant that is looked at. Returns what a click leads to.
pub(super) fn due(
    ui: &mut Ui,
    snapshot: &Snapshot,
    query: &str,
    within: &dyn Fn(&ConnectionId) -> bool,
    moment: &Moment,
    now: Timestamp,
) -> Option<Intent> {
    let query = query.trim().to_lowercase();
    let found: Vec<&DueItem> = snapshot
        .due
        .iter()
        .filter(|item| within(&item.connection) && (query.is_empty() || answers(item, &query)))
        .collect();
    if found.is_empty() {
        let provided = snapshot.summary.provided_for;
        let (symbol, head, text) = if snapshot.due.is_empty() && provided > 0 {
            (Icon::CalendarCheck, "Nothing is left to do", provided_words(provided))
        } else if snapshot.due.is_empty() {
            (
                Icon::CalendarCheck,
                "Nothing is due",
                "No certificate in use ends within 45 days, and no required rule bites within a year that a profile does not \
                 meet already"
                    .to_owned(),
            )
        } else {
            let text = match query.as_str() {
                "" => "Nothing of it answers to what is set above".to_owned(),
                query => format!("Nothing of it is called or about “{query}”"),
            };
            (Icon::Search, "Nothing that is due matches", text)
        };
        empty_state(ui, symbol, head, &text, |_| ());
        return None;
    }
    let mut wish = None;
    let tokens = tokens(ui.ctx());
    let provided = snapshot.summary.provided_for;
    if provided > 0 && query.is_empty() {
        ui.add(
            Label::new(
                small(format!("Nothing is left to do elsewhere: {}", provided_words(provided))).color(tokens.muted),
            )
            .wrap(),
        );
    }
    egui::Frame::new()
        .fill(tokens.panel)
        .stroke(egui::Stroke::new(1.0, tokens.line))
        .corner_radius(theme::CARD_RADIUS)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::vertical().id_salt("due").auto_shrink([false, true]).show_rows(
                ui,
                LINE,
                found.len(),
                |ui, rows| {
                    for item in found.get(rows).into_iter().flatten() {
                        if line(ui, item, moment, now) {
                            wish = Some(leads_to(item));
                        }
                    }
                },
            );
        });
    wish
}

/// That profiles are due whose successor is scheduled.
fn provided_words(number: usize) -> String {
    let have = if number == 1 { "has" } else { "have" };
    format!(
        "{} {have} a certificate that ends within {} days, and its successor is scheduled before that",
        count(number, "profile"),
        Summary::ending_days()
    )
}

fn answers(item: &DueItem, query: &str) -> bool {
    let texts =
        [item.name.as_str(), item.connection.as_str(), item.setting, item.actual.as_str(), item.reason.as_str()];
    texts.iter().any(|text| text.to_lowercase().contains(query))
}

fn leads_to(item: &DueItem) -> Intent {
    let certificate = item.setting == "partner_certificate";
    let tab = if certificate { InspectorTab::Certificates } else { InspectorTab::Settings };
    Intent::Inspect { connection: item.connection.clone(), profile: Some(item.profile), tab: Some(tab) }
}

fn line(ui: &mut Ui, item: &DueItem, moment: &Moment, now: Timestamp) -> bool {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::click());
    let (when, name) = (moment.date(item.bites), head_label(item.setting, item.aspect));
    let said = format!("{when}: {}, {}, {name}: {}", item.name, item.profile, item.reason);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &said));
    if !ui.is_rect_visible(rect) {
        return response.clicked();
    }
    if response.hovered() {
        ui.painter().rect_filled(rect.shrink(1.0), theme::RADIUS, tokens.hover);
    }
    let bottom = rect.bottom() - 0.5;
    ui.painter().hline(rect.x_range(), bottom, egui::Stroke::new(1.0, tokens.line));
    let inner = rect.shrink2(vec2(12.0, 8.0));
    let mut within = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Min)));
    let mut column = |width: f32, first: RichText, second: RichText| {
        let top = Layout::top_down(Align::Min);
        within.allocate_ui_with_layout(vec2(width, inner.height()), top, |ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.add(Label::new(first).truncate());
            ui.add(Label::new(second).truncate());
        });
    };
    let strong = |text: &str| RichText::new(text).font(theme::bold(theme::BODY)).color(tokens.text);
    let weak = |text: String| small(text).color(tokens.muted);
    let left = format!("in {}", duration(item.bites.duration_since(now)));
    column(WHEN, strong(&when), weak(left));
    column(WHERE.min(inner.width() * 0.3), strong(&item.name), weak(item.profile.label().to_owned()));
    let change = match &item.required {
        Some(required) if required != "Valid" => format!("{name} · {} → {required}", item.actual),
        _ => format!("{name} · {}", item.actual),
    };
    column(SIGN, icon::text(Icon::TriangleAlert, tokens.warn.ink), RichText::new(""));
    let rest = (inner.width() - WHEN - WHERE.min(inner.width() * 0.3) - SIGN - 32.0).max(80.0);
    let change = RichText::new(change).font(theme::medium(theme::BODY)).color(tokens.warn.ink);
    column(rest, change, weak(item.reason.clone()));
    focus_ring(ui, &response);
    response.on_hover_text(&item.reason).clicked()
}
