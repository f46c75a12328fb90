//! What the window says while a file is held over it.

use egui::{Align2, Area, Context, Frame, Id, Label, LayerId, Margin, Order, RichText, Stroke};

use crate::ui::theme::{self, tokens};

/// The card is so wide, where the window is.
const WIDTH: f32 = 560.0;

/// Covers the window while a file is held over it and says what letting go does, a line for each kind of file.
pub(crate) fn drop_hint(ctx: &Context, lines: impl FnOnce() -> Vec<String>) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let tokens = tokens(ctx);
    let screen = ctx.content_rect();
    let ground = LayerId::new(Order::Foreground, Id::unique("drop ground"));
    ctx.layer_painter(ground).rect_filled(screen, 0.0, tokens.backdrop);
    let margin = 24;
    let width = WIDTH.min(screen.width() - 32.0) - 2.0 * f32::from(margin);
    Area::new(Id::unique("drop hint"))
        .order(Order::Tooltip)
        .interactable(false)
        .anchor(Align2::CENTER_CENTER, [0.0; 2])
        .show(ctx, |ui| {
            Frame::new()
                .fill(tokens.panel)
                .stroke(Stroke::new(2.0, tokens.accent.ink))
                .corner_radius(theme::DIALOG_RADIUS)
                .inner_margin(Margin::same(margin))
                .show(ui, |ui| {
                    ui.set_width(width);
                    ui.vertical_centered(|ui| {
                        ui.spacing_mut().item_spacing.y = 6.0;
                        ui.label(RichText::new("Drop it here").font(theme::bold(theme::SECTION)).color(tokens.text));
                        for line in lines() {
                            ui.add(Label::new(RichText::new(line).font(theme::small()).color(tokens.muted)).wrap());
                        }
                    });
                });
        });
}
