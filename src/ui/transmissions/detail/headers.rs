//! The headers of both sides.

use egui::{Align, Layout, Ui, vec2};

use super::mono_block;
use crate::domain::transmission::{Direction, Headers, Transmission};
use crate::ui::desk::Desk;
use crate::ui::theme;
use crate::ui::widgets::{muted, secondary, section};

/// Shows the headers of request and answer.
pub(super) fn headers(ui: &mut Ui, desk: &mut Desk<'_>, transmission: &Transmission) {
    let half = transmission.is_half_answered(transmission.last_attempt());
    let (asked, answered) = match transmission.direction {
        Direction::Outbound if half => ("Sent by us", "Answered by the partner, broken off"),
        Direction::Outbound => ("Sent by us", "Answered by the partner"),
        Direction::Inbound => ("Received from the partner", "Answered by us"),
    };
    side(ui, desk, asked, "Copy request headers", &transmission.request_headers);
    ui.add_space(4.0);
    side(ui, desk, answered, "Copy answer headers", &transmission.response_headers);
}

fn side(ui: &mut Ui, desk: &mut Desk<'_>, head: &str, copy: &str, headers: &Headers) {
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), theme::CONTROL),
        Layout::left_to_right(Align::Center),
        |ui| {
            section(ui, head);
            if !headers.is_empty() {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if secondary(ui, copy).clicked() {
                        ui.ctx().copy_text(lines(headers));
                        desk.toasts.done("Copied", head);
                    }
                });
            }
        },
    );
    if headers.is_empty() {
        ui.label(muted(ui, "None are kept"));
    } else {
        mono_block(ui, &lines(headers));
    }
}

/// Headers as lines.
pub(super) fn lines(headers: &Headers) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n")
}
