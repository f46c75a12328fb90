//! What the window says while a file is held over it.

use egui::{Align2, Context, Id, LayerId, Order, Stroke, StrokeKind};

use crate::ui::theme::{self, tokens};

/// Covers the window while a file is held over it and says what letting go does.
pub(crate) fn drop_hint(ctx: &Context) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let tokens = tokens(ctx);
    let painter = ctx.layer_painter(LayerId::new(Order::Tooltip, Id::unique("drop hint")));
    let screen = ctx.content_rect();
    painter.rect_filled(screen, 0.0, tokens.backdrop);
    let card = egui::Rect::from_center_size(screen.center(), egui::vec2(560.0, 110.0));
    painter.rect(card, theme::DIALOG_RADIUS, tokens.panel, Stroke::new(2.0, tokens.accent.ink), StrokeKind::Inside);
    let line = |y: f32, text: &str, font, colour| {
        painter.text(egui::pos2(card.center().x, y), Align2::CENTER_CENTER, text, font, colour);
    };
    line(card.center().y - 14.0, "Drop it here", theme::bold(theme::SECTION), tokens.text);
    line(
        card.center().y + 14.0,
        "A certificate is looked at, a connection file is added, a policy file shows what it changes, a document is taken on Test send",
        theme::small(),
        tokens.muted,
    );
}
