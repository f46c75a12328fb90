//! All rows over time, on one scale: a bar for each certificate, or for each profile what is used when and where nothing is.

use std::sync::Arc;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Rect, RichText, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use jiff::Timestamp;

use super::rows::{Role as Place, Row, RowKey};
use crate::app::ProfileKey;
use crate::app::engine::Snapshot;
use crate::domain::timeline::{CertificatePurpose, next_activation, used_now};
use crate::ui::certificate::{DATES, Part, Scale, Span, bar, controls, dates, gap, gaps, navigate};
use crate::ui::moment::Moment;
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{focus_ring, muted};

/// Height of a row.
const PITCH: f32 = 30.0;
const DAY: i64 = 86_400;
/// Below this width a bar says nothing rather than a letter or two.
const SHORTEST_WORD: f32 = 48.0;

/// What a row of the chart leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A certificate.
    Certificate(RowKey),
    /// A profile.
    Profile(ProfileKey),
}

/// One row.
pub(super) struct Line {
    target: Target,
    name: String,
    remark: String,
    /// Bars, each with its word.
    bars: Vec<(Timestamp, Timestamp, Part, String)>,
    gaps: Vec<(Timestamp, Option<Timestamp>)>,
    activations: Vec<Timestamp>,
    /// Whether the dates of activations are written beside them; else they are in the bars' words.
    dated: bool,
    spoken: String,
}

/// A line for each certificate.
#[must_use]
pub(super) fn by_certificate(rows: &[Arc<Row>], moment: &Moment) -> Vec<Line> {
    rows.iter()
        .map(|row| {
            let coming = row.places.iter().find_map(|place| match place.role {
                Place::Coming(at) => Some(at),
                _ => None,
            });
            let in_use = row.places.iter().any(|place| place.role == Place::InUse);
            let successor = row.places.iter().filter_map(|place| place.successor).min();
            let (part, word) = match (in_use, coming) {
                (true, _) => {
                    let then = successor.map_or_else(String::new, |at| format!(", successor {}", moment.day(at)));
                    (Part::InUse, format!("in use{then}"))
                }
                (false, Some(at)) => (Part::New, format!("scheduled {}", moment.day(at))),
                (false, None) => {
                    (Part::Accepted, if row.places.is_empty() { "not used" } else { "accepted" }.to_owned())
                }
            };
            let from = row.not_before.unwrap_or(moment.now);
            Line {
                target: Target::Certificate(row.key.clone()),
                name: row.name.clone(),
                remark: row.used.clone(),
                bars: vec![(from, row.not_after, part, word)],
                gaps: if row.without_successor { vec![(row.not_after.max(moment.now), None)] } else { Vec::new() },
                dated: false,
                activations: coming.into_iter().chain(row.places.iter().filter_map(|place| place.successor)).collect(),
                spoken: row.sentence(),
            }
        })
        .collect()
}

/// A line for each profile that encrypts: which certificate is used when, and where none is valid.
#[must_use]
pub(super) fn by_profile(snapshot: &Snapshot, query: &str, moment: &Moment) -> Vec<Line> {
    let words = query.trim().to_lowercase();
    let facts = |print: &_| snapshot.facts(print);
    let mut lines = Vec::new();
    for state in &snapshot.connections {
        for (kind, profile) in state.connection.profiles() {
            let name = format!("{}, {kind}", state.connection.name);
            if !words.split_whitespace().all(|word| name.to_lowercase().contains(word)) {
                continue;
            }
            let uses = &profile.partner_certificates;
            let mut starts: Vec<Option<Timestamp>> = uses
                .iter()
                .filter(|entry| entry.purposes.contains(&CertificatePurpose::Encrypt))
                .map(|entry| entry.from)
                .collect();
            starts.sort_unstable();
            starts.dedup();
            let mut bars = Vec::new();
            for (index, start) in starts.iter().enumerate() {
                let at = start.unwrap_or(Timestamp::MIN);
                let Some(facts) = used_now(uses, at).and_then(|entry| facts(&entry.fingerprint)) else { continue };
                let next = starts.get(index + 1).copied().flatten();
                let from = at.max(facts.not_before);
                let until = next.map_or(facts.not_after, |next| next.min(facts.not_after));
                if until <= from {
                    continue;
                }
                let (part, word) = if from > moment.now {
                    (Part::New, "scheduled")
                } else if until > moment.now {
                    (Part::InUse, "in use")
                } else {
                    (Part::Accepted, "before")
                };
                bars.push((from, until, part, format!("{word} {}", facts.fingerprint_sha256.short())));
            }
            let gaps = gaps(uses, &facts, moment.now);
            let activations = next_activation(uses, moment.now).map(|(_, at)| at).into_iter().collect();
            let mut spoken = name.clone();
            for (from, until, _, word) in &bars {
                spoken.push_str(&format!("; {word} from {} until {}", moment.date(*from), moment.date(*until)));
            }
            if bars.is_empty() {
                spoken.push_str("; no certificate");
            }
            for (from, until) in &gaps {
                let until = until.map_or_else(|| "no successor".to_owned(), |at| format!("until {}", moment.date(at)));
                spoken.push_str(&format!("; nothing valid from {}, {until}", moment.date(*from)));
            }
            lines.push(Line {
                target: Target::Profile((state.connection.id.clone(), kind)),
                name: state.connection.name.clone(),
                remark: kind.label().to_owned(),
                bars,
                gaps,
                activations,
                dated: true,
                spoken,
            });
        }
    }
    // What runs out first comes first; what has never had one is no line to look at.
    lines.sort_by_key(|line: &Line| line.gaps.first().map_or(Timestamp::MAX, |(from, _)| *from));
    lines
}

/// Shows the lines, and returns what was clicked.
pub(super) fn chart(ui: &mut Ui, lines: &[Line], selected: Option<&RowKey>, moment: &Moment) -> Option<Target> {
    let tokens = tokens(ui.ctx());
    let id = ui.make_persistent_id("certificates over time");
    let names = (ui.available_width() * 0.28).clamp(120.0, 260.0);
    controls(ui, id);
    let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), DATES + 4.0), Sense::hover());
    let room = ui.available_rect_before_wrap();
    let area = room.with_min_x(room.left() + names);
    let over = ui.interact(area, id, Sense::click_and_drag());
    over.widget_info(|| {
        WidgetInfo::labeled(Role::Label, true, format!("Certificates over time, {} rows", lines.len()))
    });
    let now = moment.now.as_second();
    let fitted = Span { from: now - 120 * DAY, until: now + 540 * DAY };
    let span = navigate(ui, &over, area, fitted);
    focus_ring(ui, &over);
    let scale = Scale { span, width: area.width() };
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let height = (lines.len() as f32 * PITCH).min(room.height());
    dates(ui, head.with_min_x(area.left()), height + 4.0, &scale, &moment.zone);
    let mut clicked = None;
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(
        ui,
        PITCH - ui.spacing().item_spacing.y,
        lines.len(),
        |ui, seen| {
            for line in &lines[seen] {
                if show(ui, line, names, &scale, selected, moment) {
                    clicked = Some(line.target.clone());
                }
            }
        },
    );
    let today = area.left() + scale.x(moment.now);
    if scale.shows(moment.now) {
        let painter = ui.painter().with_clip_rect(room);
        let galley = painter.layout_no_wrap("today".to_owned(), theme::medium(theme::TABLE_HEAD), tokens.muted);
        let size = galley.size();
        // Below the last row, where there is room for it.
        let below = (height + 2.0).min(room.height() - size.y);
        painter.vline(today, room.top()..=room.top() + height.max(below + size.y), Stroke::new(1.5, tokens.muted));
        let at = pos2(today + 4.0, room.top() + below);
        painter.rect_filled(Rect::from_min_size(at, size).expand(2.0), 2.0, tokens.bg);
        painter.galley(at, galley, tokens.muted);
    }
    clicked
}

fn show(ui: &mut Ui, line: &Line, names: f32, scale: &Scale, selected: Option<&RowKey>, moment: &Moment) -> bool {
    let tokens = tokens(ui.ctx());
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), PITCH - ui.spacing().item_spacing.y), Sense::hover());
    let label = rect.with_max_x(rect.left() + names - 8.0);
    let id = match &line.target {
        Target::Certificate(key) => ui.scope_id().with(key),
        Target::Profile((connection, kind)) => ui.scope_id().with((connection.as_str(), kind.as_str())),
    };
    let response = ui.interact(label, id, Sense::click());
    let chosen = matches!((&line.target, selected), (Target::Certificate(key), Some(selected)) if key == selected);
    if chosen || response.hovered() {
        ui.painter().rect_filled(label, 4.0, if chosen { tokens.accent.soft } else { tokens.hover });
    }
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &line.spoken));
    focus_ring(ui, &response);
    let mut within = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(label.shrink2(vec2(4.0, 0.0)))
            .layout(egui::Layout::left_to_right(egui::Align::Center)),
    );
    within.spacing_mut().item_spacing.x = 6.0;
    let name = RichText::new(&line.name).font(theme::medium(theme::SMALL));
    within.add(egui::Label::new(name).truncate());
    let remark = muted(&within, &line.remark);
    within.add(egui::Label::new(remark).truncate());
    let area = rect.with_min_x(rect.left() + names);
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    let at = |at: Timestamp| area.left() + scale.x(at);
    let date =
        |at: &Timestamp| painter.layout_no_wrap(moment.day(*at), theme::medium(theme::TABLE_HEAD), tokens.accent.ink);
    let mut lines: Vec<(f32, f32)> = line
        .activations
        .iter()
        .map(|activation| (at(*activation), if line.dated { date(activation).size().x + 4.0 } else { 0.0 }))
        .chain([(at(moment.now), 0.0)])
        .collect();
    lines.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (from, until, part, word) in &line.bars {
        let bounds = Rect::from_x_y_ranges(at(*from)..=at(*until).max(at(*from) + 2.0), rect.y_range().shrink(2.0));
        bar(&painter, tokens, bounds, *part);
        let start = bounds.left().max(area.left()) + 8.0;
        let end = bounds.right().min(area.right()) - 8.0;
        let whole = painter.layout_no_wrap(word.clone(), theme::medium(theme::TABLE_HEAD), tokens.text);
        let mut left = clear_of(&lines, start, whole.size().x);
        let galley = if left + whole.size().x <= end {
            whole
        } else {
            left = clear_of(&lines, start, end - start);
            if end - left < SHORTEST_WORD {
                continue;
            }
            let mut job = LayoutJob::simple_singleline(word.clone(), theme::medium(theme::TABLE_HEAD), tokens.text);
            job.wrap = TextWrapping::truncate_at_width(end - left);
            painter.layout_job(job)
        };
        painter.galley(pos2(left, bounds.center().y - galley.size().y / 2.0), galley, tokens.text);
    }
    for (from, until) in &line.gaps {
        // Without an end it is only begun: the rest of the row would be noise.
        let right = until.map_or_else(|| (at(*from) + 110.0).min(area.right()), at);
        let bounds = Rect::from_x_y_ranges(at(*from)..=right, rect.y_range().shrink(2.0));
        gap(&painter, tokens, bounds, if until.is_some() { "gap" } else { "no successor" });
    }
    for activation in line.activations.iter().filter(|at| scale.shows(**at)) {
        painter.vline(at(*activation), rect.y_range(), Stroke::new(2.0, tokens.accent.ink));
        if !line.dated {
            continue;
        }
        let galley = date(activation);
        let place =
            Rect::from_min_size(pos2(at(*activation) + 4.0, rect.center().y - galley.size().y / 2.0), galley.size());
        painter.rect_filled(place.expand(2.0), 2.0, tokens.panel);
        painter.galley(place.min, galley, tokens.accent.ink);
    }
    response.clicked()
}

/// Where text of this width begins, from `start` on, so that it is clear of the lines that cross the bar, each given with the
/// width of the date that stands at it.
fn clear_of(lines: &[(f32, f32)], start: f32, width: f32) -> f32 {
    lines.iter().fold(start, |left, (x, date)| {
        let crosses = x + date > left - 6.0 && *x < left + width + 4.0;
        if crosses { x + date + 6.0 } else { left }
    })
}
