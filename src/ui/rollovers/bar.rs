//! How many profiles stand how, as a bar and in words. Each state has a pattern of its own, so that the bar can be read
//! without its colours.

use egui::{Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::look;
use crate::domain::rollover::{RolloverState, StateCount};
use crate::ui::moment;
use crate::ui::theme::tokens;
use crate::ui::widgets::small;

/// How far the work has come, from left to right.
const ORDER: [RolloverState; 8] = [
    RolloverState::Confirmed,
    RolloverState::Active,
    RolloverState::Tested,
    RolloverState::Scheduled,
    RolloverState::Told,
    RolloverState::NotTold,
    RolloverState::RolledBack,
    RolloverState::Problem,
];

/// `12 problems`, `628 scheduled`.
fn counted_in_words(counted: &StateCount) -> String {
    match counted.state {
        RolloverState::Problem => moment::count(counted.profiles, "problem"),
        state => format!("{} {}", counted.profiles, state.label().to_lowercase()),
    }
}

/// `12 problems, 628 scheduled`.
#[must_use]
pub(super) fn words(states: &[StateCount]) -> String {
    let said: Vec<String> = states.iter().map(counted_in_words).collect();
    if said.is_empty() { "no profile".to_owned() } else { said.join(", ") }
}

fn count(states: &[StateCount], state: RolloverState) -> usize {
    states.iter().find(|count| count.state == state).map_or(0, |count| count.profiles)
}

/// Shows the bar.
pub(super) fn bar(ui: &mut Ui, states: &[StateCount], width: f32) {
    let tokens = tokens(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(vec2(width, 12.0), Sense::hover());
    let all: usize = ORDER.iter().map(|state| count(states, *state)).sum();
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, 3.0, tokens.side);
    let mut left = rect.left();
    for state in ORDER {
        let number = count(states, state);
        if number == 0 {
            continue;
        }
        // What there is only one of is seen too.
        let share = (rect.width() * number as f32 / all as f32).max(3.0);
        let part = Rect::from_min_max(pos2(left, rect.top()), pos2((left + share).min(rect.right()), rect.bottom()));
        left = part.right();
        let (tone, _) = look(state);
        pattern(&painter, part, state, tone.of(tokens).ink, tone.of(tokens).soft);
    }
    painter.rect_stroke(rect, 3.0, Stroke::new(1.0, tokens.line), StrokeKind::Inside);
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, words(states)));
    response.on_hover_text(words(states));
}

/// Full for what is done, strokes for what is scheduled, empty for what is not begun, crosses for problems.
fn pattern(painter: &egui::Painter, part: Rect, state: RolloverState, ink: egui::Color32, soft: egui::Color32) {
    let stroke = Stroke::new(1.0, ink);
    let slanted = |step: f32, back: bool| {
        let height = part.height();
        let mut at = part.left() - height;
        while at < part.right() {
            let (from, to) = if back { (at + height, at) } else { (at, at + height) };
            painter
                .with_clip_rect(part.intersect(painter.clip_rect()))
                .line_segment([pos2(from, part.bottom()), pos2(to, part.top())], stroke);
            at += step;
        }
    };
    painter.rect_filled(part, 0.0, soft);
    match state {
        RolloverState::Confirmed => {
            painter.rect_filled(part, 0.0, ink);
        }
        RolloverState::Active => {
            painter.rect_filled(Rect::from_min_max(pos2(part.left(), part.center().y - 1.0), part.max), 0.0, ink);
        }
        RolloverState::Tested => slanted(4.0, false),
        RolloverState::Scheduled => slanted(9.0, false),
        RolloverState::Told => {
            painter.hline(part.x_range(), part.center().y, stroke);
        }
        RolloverState::RolledBack => slanted(6.0, true),
        RolloverState::Problem => {
            slanted(6.0, false);
            slanted(6.0, true);
        }
        RolloverState::NotTold | RolloverState::LeftOut => {}
    }
    painter.vline(part.right() - 0.5, part.y_range(), stroke);
}

/// The numbers in words, each with its icon. Returns the state that was clicked.
pub(super) fn legend(ui: &mut Ui, states: &[StateCount], chosen: Option<RolloverState>) -> Option<RolloverState> {
    let tokens = tokens(ui.ctx());
    let mut clicked = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        for counted in states {
            let (tone, icon) = look(counted.state);
            let ink = tone.of(tokens).ink;
            let text = counted_in_words(counted);
            let here = chosen == Some(counted.state);
            let mut button = egui::Button::new((
                crate::ui::icon::text(icon, ink).size(13.0),
                small(text.clone()).color(tokens.text),
            ))
            .corner_radius(crate::ui::theme::RADIUS)
            .min_size(vec2(0.0, 26.0));
            if here {
                button = button.fill(tokens.accent.soft).stroke(Stroke::new(1.0, tokens.accent.ink));
            }
            let response = ui.add(button);
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, here, format!("Show {text}")));
            crate::ui::widgets::focus_ring(ui, &response);
            if response.clicked() {
                clicked = Some(counted.state);
            }
        }
    });
    clicked
}
