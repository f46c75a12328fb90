//! Dialogs: what lies on top of the window and has to be finished or closed first.

use std::path::PathBuf;

use egui::{Context, Frame, Id, Margin, Modal, RichText, Stroke, Ui, vec2};

use super::desk::Desk;
use super::icon::Icon;
use super::theme::{self, tokens};
use super::widgets::{icon_button, muted};
use crate::app::engine::RequestId;

/// As far reaches the ring around what has the keyboard: what stands first in a dialog has so much room above it.
const RING: f32 = 5.0;

/// What a dialog wants after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// To stay.
    Open,
    /// To be closed.
    Close,
}

/// A dialog. It keeps its own state; the window keeps the dialogs in a stack and shows the last on top.
pub trait Dialog {
    /// Shows it.
    fn show(&mut self, ctx: &Context, desk: &mut Desk<'_>) -> Flow;

    /// Takes how far something has come, where it is what was asked for here.
    fn progress(&mut self, _id: RequestId, _done: u64, _total: u64) {}

    /// Takes a file that was dropped onto the window, where it has use for one. Without a use it is given back.
    fn drop_file(&mut self, file: Dropped, _desk: &mut Desk<'_>) -> Option<Dropped> {
        Some(file)
    }
}

/// A file that was dropped onto the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its path.
    pub path: PathBuf,
}

/// The frame of every dialog: title, what it is about, a cross to close it. Escape closes it too,
/// unless `busy`: while something is being saved. A click beside it does nothing.
pub(super) fn frame(
    ctx: &Context,
    name: &str,
    title: &str,
    subtitle: &str,
    width: f32,
    busy: bool,
    content: impl FnOnce(&mut Ui) -> Flow,
) -> Flow {
    let mut content = Some(content);
    let shown = framed(ctx, name, title, subtitle, width, (busy, false), |ui, part| match part {
        Part::Content => content.take().and_then(|show| (show(ui) == Flow::Close).then_some(())),
        Part::Foot => None,
    });
    if shown.is_some() { Flow::Close } else { Flow::Open }
}

/// Which part of a dialog is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// What scrolls where there is more of it than room.
    Content,
    /// What is always seen: the buttons.
    Foot,
}

/// As [`frame`], with a foot that stays in sight however much there is above it. Returns what the content or the foot
/// wished for, or `Some(None)` where the dialog was closed.
pub(super) fn frame_with_foot<W>(
    ctx: &Context,
    name: &str,
    title: &str,
    subtitle: &str,
    width: f32,
    busy: bool,
    show: impl FnMut(&mut Ui, Part) -> Option<W>,
) -> Option<Option<W>> {
    framed(ctx, name, title, subtitle, width, (busy, true), show)
}

/// The frame itself: with a foot, or without one, where it has no room for one either.
fn framed<W>(
    ctx: &Context,
    name: &str,
    title: &str,
    subtitle: &str,
    width: f32,
    (busy, has_foot): (bool, bool),
    mut show: impl FnMut(&mut Ui, Part) -> Option<W>,
) -> Option<Option<W>> {
    let tokens = tokens(ctx);
    let screen = ctx.content_rect();
    let width = width.min(screen.width() - 32.0);
    let id = Id::unique(("dialog", name));
    let foot = ctx.data(|data| data.get_temp::<f32>(id)).unwrap_or(48.0);
    let shown = Modal::new(id)
        .backdrop_color(tokens.backdrop)
        .frame(
            Frame::new()
                .fill(tokens.panel)
                .stroke(Stroke::new(1.0, tokens.line))
                .corner_radius(theme::DIALOG_RADIUS)
                .shadow(egui::Shadow { offset: [0, 12], blur: 36, spread: 0, color: tokens.shadow })
                .inner_margin(Margin::same(24)),
        )
        .show(ctx, |ui| {
            ui.set_width(width - 48.0);
            // The area knows only the room below where it was last; a dialog that grows may begin higher.
            ui.set_max_height(screen.height() - 48.0);
            let mut closed = false;
            ui.horizontal_top(|ui| {
                ui.vertical(|ui| {
                    ui.set_width(ui.available_width() - 40.0);
                    ui.spacing_mut().item_spacing.y = 4.0;
                    ui.add(egui::Label::new(RichText::new(title).font(theme::bold(theme::TITLE))).truncate());
                    if !subtitle.is_empty() {
                        ui.add(egui::Label::new(muted(ui, subtitle)).wrap());
                    }
                });
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                    closed = ui.add_enabled_ui(!busy, |ui| icon_button(ui, Icon::X, "Close")).inner.clicked();
                });
            });
            ui.add_space(2.0 - RING);
            let content = ui.cursor().top() + RING;
            let room = (screen.height() - 140.0 - foot).max(120.0) + RING;
            let mut wish = egui::ScrollArea::vertical()
                .max_height(room)
                // Else it stays as low as the dialog was when it was last drawn, and what has come since is cut off.
                .min_scrolled_height(room)
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    ui.add_space(RING);
                    let wish = show(ui, Part::Content);
                    // Whoever goes on with Tab sees where they are.
                    let focused = ui.memory(|memory| memory.focused()).and_then(|id| ui.ctx().read_response(id));
                    if let Some(focused) =
                        focused.filter(|focused| focused.gained_focus() && focused.layer_id == ui.layer_id())
                    {
                        ui.scroll_to_rect(focused.rect, None);
                    }
                    wish
                })
                .inner;
            let (foot_top, height) = if has_foot {
                let below = ui.scope(|ui| show(ui, Part::Foot));
                wish = wish.or(below.inner);
                (below.response.rect.top(), below.response.rect.height())
            } else {
                (ui.min_rect().bottom(), 0.0)
            };
            super::focus::dialog(ui.ctx(), ui.layer_id(), content, foot_top);
            if (height - foot).abs() > 0.5 {
                ui.data_mut(|data| data.insert_temp(id, height));
                ui.request_repaint();
            }
            (wish, closed)
        });
    // A click beside it is a click that missed: what was filled in is not lost by it.
    let beside = shown.backdrop_response.clicked();
    let should_close = shown.should_close() && !beside;
    let (wish, closed) = shown.inner;
    if wish.is_some() {
        return Some(wish);
    }
    ((closed || should_close) && !busy).then_some(None)
}

/// The row of buttons at a dialog's foot, from the right.
pub(super) fn buttons<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.add_space(10.0);
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), theme::CONTROL),
        egui::Layout::right_to_left(egui::Align::Center),
        add,
    )
    .inner
}
