//! The stages of a transmission, below each other, each with its time and its evidence.

use std::time::Duration;

use egui::{Align, Layout, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use crate::domain::sentence::sentence;
use crate::domain::transmission::{Stage, StageName, StageStatus};
use crate::ui::icon::{self, Icon};
use crate::ui::theme::{self, tokens};
use crate::ui::widgets::{muted, progress, separator};

/// So often the mark of a running stage moves on.
const TICK: Duration = Duration::from_millis(120);

/// How far a stage has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Progress {
    /// So many bytes.
    pub bytes: u64,
    /// Of so many.
    pub total: u64,
}

/// Shows stages. `time` is what stands at the right of each.
pub(in crate::ui) fn stages(
    ui: &mut Ui,
    stages: &[Stage],
    progress: Option<Progress>,
    time: impl Fn(&Stage) -> String,
) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for stage in stages {
            let moves = matches!(stage.stage, StageName::Built | StageName::Sent);
            let progress = progress.filter(|_| moves && stage.status == StageStatus::Running);
            row(ui, stage, progress, &time(stage));
        }
    });
}

fn row(ui: &mut Ui, stage: &Stage, progress: Option<Progress>, time: &str) {
    let tokens = tokens(ui.ctx());
    ui.add_space(8.0);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        mark(ui, stage.status);
        ui.vertical(|ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 2.0;
            let skipped = stage.status == StageStatus::Skipped;
            let ink = if skipped { tokens.muted } else { tokens.text };
            ui.allocate_ui_with_layout(vec2(ui.available_width(), 18.0), Layout::right_to_left(Align::Center), |ui| {
                if !time.is_empty() {
                    ui.label(muted(ui, time));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let title = RichText::new(stage.stage.label()).font(theme::body()).color(ink);
                    let label = ui.add(egui::Label::new(title).truncate());
                    let said = format!("{}, {}", stage.stage.label(), said(stage.status));
                    label.widget_info(|| WidgetInfo::labeled(Role::Label, true, &said));
                });
            });
            let detail = if skipped && stage.detail.is_empty() { "Not reached" } else { &stage.detail };
            if !detail.is_empty() {
                ui.add(egui::Label::new(muted(ui, sentence(detail))).wrap().selectable(true));
            }
            if let Some(progress) = progress {
                ui.add_space(4.0);
                let word = if stage.stage == StageName::Sent { "sent" } else { "built" };
                progress::bytes(ui, (stage.stage, stage.started), word, progress.bytes, progress.total);
            }
        });
    });
    ui.add_space(8.0);
    separator(ui);
}

/// The status in words.
const fn said(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Running => "running",
        StageStatus::Good => "done",
        StageStatus::Bad => "failed",
        StageStatus::Skipped => "skipped",
    }
}

fn mark(ui: &mut Ui, status: StageStatus) {
    let tokens = tokens(ui.ctx());
    let (rect, _) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::hover());
    let (icon, ink) = match status {
        StageStatus::Running => {
            turning(ui, rect);
            return;
        }
        StageStatus::Good => (Icon::Check, tokens.ok.ink),
        StageStatus::Bad => (Icon::X, tokens.bad.ink),
        StageStatus::Skipped => (Icon::Minus, tokens.faint),
    };
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, icon::glyph(icon), icon::font(icon::SIZE), ink);
}

/// Eight dots of which one leads, moved on a few times a second while something runs and never otherwise; none leads where
/// nothing is to move.
fn turning(ui: &Ui, rect: egui::Rect) {
    const DOTS: u8 = 8;
    let tokens = tokens(ui.ctx());
    if crate::ui::motion::is_reduced(ui.ctx()) {
        let (ink, symbol) = (tokens.accent.ink, icon::glyph(Icon::Hourglass));
        ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, symbol, icon::font(icon::SIZE), ink);
        return;
    }
    let time = ui.input(|input| input.time);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let leading = ((time / TICK.as_secs_f64()) % f64::from(DOTS)) as u8;
    for dot in 0..DOTS {
        let angle = f32::from(dot) / f32::from(DOTS) * std::f32::consts::TAU;
        let behind = (leading + DOTS - dot) % DOTS;
        let strength = 1.0 - f32::from(behind) / f32::from(DOTS);
        let ink = tokens.accent.ink.gamma_multiply(0.2 + 0.8 * strength);
        ui.painter().circle_filled(rect.center() + 6.0 * egui::Vec2::angled(angle), 1.5, ink);
    }
    ui.ctx().request_repaint_after(TICK);
}
