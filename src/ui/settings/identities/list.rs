//! The list of identities: what each is, when it ends, who uses it, what is to come. Draws only the rows that are seen.

use std::collections::BTreeMap;

use egui::{Align, Layout, Rect, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, vec2};
use jiff::Timestamp;

use crate::app::engine::{Snapshot, Summary};
use crate::domain::identifier::IdentityName;
use crate::domain::own_timeline::IdentityUse;
use crate::ui::certificate::{days_left, stated_fully};
use crate::ui::moment::{Moment, count};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{Badge, ToneName, focus_ring, muted, small, strong};

/// An identity as a row.
pub(super) struct Row {
    pub(super) name: IdentityName,
    key: String,
    ends: (ToneName, String),
    used: String,
    /// What is to come, on which day.
    change: String,
    /// The same with the time and its zone.
    change_fully: String,
}

/// All of them. Worked out when the workspace was read, not in a frame.
#[must_use]
pub(super) fn rows(snapshot: &Snapshot, moment: &Moment) -> Vec<Row> {
    let mut used: BTreeMap<&IdentityName, usize> = BTreeMap::new();
    let mut coming: BTreeMap<&IdentityName, Vec<(Timestamp, &IdentityUse)>> = BTreeMap::new();
    let mut leaving: BTreeMap<&IdentityName, Vec<(Timestamp, &IdentityUse)>> = BTreeMap::new();
    for (_, profile) in snapshot.connections.iter().flat_map(|state| state.connection.profiles()) {
        let signs = profile.identity.at(moment.now);
        *used.entry(signs).or_default() += 1;
        if let Some((next, at)) = profile.identity.next(moment.now) {
            coming.entry(&next.name).or_default().push((at, next));
            leaving.entry(signs).or_default().push((at, next));
        }
    }
    snapshot
        .identities
        .iter()
        .map(|identity| {
            let name = &identity.name;
            let days = identity.facts.days_left(moment.now);
            let signing = used.get(name).copied().unwrap_or_default();
            let needed = signing > 0 || coming.contains_key(name);
            let tone = match days {
                ..0 if needed => ToneName::Bad,
                ..0 => ToneName::Info,
                _ if days <= Summary::ending_days() && needed => ToneName::Warn,
                // Nobody needs it, and it does not last.
                _ if days <= Summary::ending_days() => ToneName::Info,
                _ => ToneName::Ok,
            };
            let change = match (coming.get(name), leaving.get(name)) {
                (Some(all), _) => Some((format!("{} from ", count(all.len(), "profile")), all)),
                (None, Some(all)) => first(all).map(|(_, next)| (format!("{} follows, ", next.name), all)),
                (None, None) => None,
            };
            let change = change.and_then(|(what, all)| {
                let (at, entry) = first(all)?;
                let fully = stated_fully(at, entry.zone.as_deref(), moment);
                Some((format!("{what}{}", moment.date(at)), format!("{what}{fully}")))
            });
            let (change, change_fully) = change.unwrap_or_default();
            Row {
                name: name.clone(),
                key: identity.facts.key.to_string(),
                ends: (
                    tone,
                    match days_left(&identity.facts, moment.now) {
                        word if word == "Valid" => format!("Until {}", moment.date(identity.facts.not_after)),
                        word => word,
                    },
                ),
                used: if signing == 0 { "Nobody".to_owned() } else { count(signing, "profile") },
                change,
                change_fully,
            }
        })
        .collect()
}

/// The first of several changes.
fn first<'s>(all: &[(Timestamp, &'s IdentityUse)]) -> Option<(Timestamp, &'s IdentityUse)> {
    all.iter().min_by_key(|(at, _)| *at).copied()
}

/// Shares of the width: name, key, end, users, change.
const SHARES: [f32; 5] = [0.205, 0.12, 0.225, 0.13, 0.32];
/// The same where there is no room for the key.
const NARROW_SHARES: [f32; 5] = [0.21, 0.0, 0.29, 0.17, 0.33];
const HEADS: [&str; 5] = ["Name", "Key", "Certificate", "Signs for", "Change"];
/// Below this width there is no room for the key.
const NARROW: f32 = 560.0;

/// Shows it, at most so high. Returns the one that was chosen.
pub(super) fn list(ui: &mut Ui, rows: &[Row], selected: Option<&IdentityName>, room: f32) -> Option<IdentityName> {
    let tokens = tokens(ui.ctx());
    let height = (theme::HEAD + theme::ROW * rows.len() as f32 + 2.0).min(room);
    let (outer, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    ui.painter().rect(outer, theme::CARD_RADIUS, tokens.panel, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    let inner = outer.shrink(1.0);
    let mut within = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::top_down(Align::Min)));
    within.set_clip_rect(inner.intersect(ui.clip_rect()));
    within.spacing_mut().item_spacing = egui::Vec2::ZERO;
    cells(&mut within, theme::HEAD, |ui, column| {
        let head = small(HEADS[column]).font(theme::bold(theme::TABLE_HEAD)).color(tokens.muted);
        ui.add(egui::Label::new(head).truncate());
    });
    let mut chosen = None;
    ScrollArea::vertical().id_salt("identities").auto_shrink([false, false]).show_rows(
        &mut within,
        theme::ROW,
        rows.len(),
        |ui, seen| {
            for row in &rows[seen] {
                if show_row(ui, row, selected == Some(&row.name)) {
                    chosen = Some(row.name.clone());
                }
            }
        },
    );
    chosen
}

fn show_row(ui: &mut Ui, row: &Row, here: bool) -> bool {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::click());
    let ground = if here { Some(tokens.accent.soft) } else { response.hovered().then_some(tokens.hover) };
    if let Some(ground) = ground {
        ui.painter().rect_filled(rect, 0.0, ground);
    }
    let mut within = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    cells(&mut within, theme::ROW, |ui, column| {
        let text = match column {
            0 => strong(row.name.as_str()),
            1 => muted(ui, &row.key),
            2 => {
                let about = row.name.as_str();
                drop(Badge::new(row.ends.0, &row.ends.1).about(about).show(ui));
                return;
            }
            3 => small(&row.used),
            _ => muted(ui, &row.change),
        };
        ui.add(egui::Label::new(text).truncate().selectable(false));
    });
    let change = if row.change.is_empty() { String::new() } else { format!(", {}", row.change_fully) };
    let said = format!("{}, {}, {}, signs for {}{change}", row.name, row.key, row.ends.1, row.used);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, here, said.clone()));
    focus_ring(ui, &response);
    let response = if row.change.is_empty() { response } else { response.on_hover_text(&row.change_fully) };
    response.clicked()
}

/// One row's cells beside each other.
fn cells(ui: &mut Ui, height: f32, mut show: impl FnMut(&mut Ui, usize)) {
    let width = ui.available_width();
    let narrow = width < NARROW;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let shares = if narrow { NARROW_SHARES } else { SHARES };
        for (column, share) in shares.into_iter().enumerate().filter(|(_, share)| *share > 0.0) {
            let (rect, _) = ui.allocate_exact_size(vec2(width * share, height), Sense::hover());
            let inner = Rect::from_min_max(rect.min + vec2(10.0, 0.0), rect.max - vec2(8.0, 0.0));
            let layout = Layout::left_to_right(Align::Center);
            show(&mut ui.new_child(UiBuilder::new().max_rect(inner).layout(layout)), column);
        }
    });
}
