//! The window's vocabulary of controls: every view is put together from these, so that all look and behave the same.

mod badge;
mod button;
mod field;
mod long_text;
mod notice;
pub(super) mod progress;
mod select;
mod surface;
mod table;
mod table_keys;
mod tabs;

pub(super) use badge::{Badge, ToneName};
pub(super) use button::{danger, icon_button, link, primary, secondary, secondary_in_line};
pub(super) use field::{field, field_error, mono_edit, password_again, password_edit, search, text_area, text_edit};
pub(super) use long_text::{elided, long_text, long_text_in};
pub(super) use notice::{notice, notice_lines};
pub(super) use select::{Choice, select};
pub(super) use surface::{card, empty_state, figure_tile, lines, page_title, section, separator};
pub(super) use table::{TableCard, TableClick, TableColumn, TableRows, spread, table_ground};
pub(super) use table_keys::{drawn as row_drawn, entry as table_entry, row_has_focus, step as table_step};
pub(super) use tabs::{segmented, tabs};

use egui::{InnerResponse, Order, Response, RichText, Stroke, StrokeKind, Ui};

use super::theme::{self, tokens};

/// Keeps what has opened above the dialog it belongs to. Where a press and its release come in one frame, both want to be on
/// top, and egui leaves them as they were.
pub(super) fn keep_above<R>(ui: &Ui, shown: Option<&InnerResponse<R>>) {
    if let Some(shown) = shown.filter(|_| ui.layer_id().order == Order::Foreground) {
        ui.ctx().set_sublayer(ui.layer_id(), shown.response.layer_id);
    }
}

/// Says under the pointer when an instant is in UTC.
pub(super) fn utc_on_hover(response: Response, at: jiff::Timestamp) -> Response {
    response.on_hover_ui(|ui| {
        ui.label(crate::ui::moment::Moment::utc(at, crate::ui::date_form::DateForm::of(ui.ctx())));
    })
}

/// Shows where the keyboard is, on controls that paint their own ground.
pub(super) fn focus_ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let ring = Stroke::new(2.0, tokens(ui.ctx()).accent.ink);
        ui.painter().rect_stroke(response.rect.expand(2.0), theme::CARD_RADIUS, ring, StrokeKind::Outside);
    }
}

/// Secondary text.
#[must_use]
pub(super) fn small(text: impl Into<String>) -> RichText {
    RichText::new(text).font(theme::small())
}

/// Secondary text that steps back.
#[must_use]
pub(super) fn muted(ui: &Ui, text: impl Into<String>) -> RichText {
    small(text).color(tokens(ui.ctx()).muted)
}

/// A name or a head, in the size of body text.
#[must_use]
pub(super) fn strong(text: impl Into<String>) -> RichText {
    RichText::new(text).font(theme::bold(theme::BODY))
}

/// An identifier, a fingerprint, a file name.
#[must_use]
pub(super) fn mono(text: impl Into<String>) -> RichText {
    RichText::new(text).font(theme::mono())
}
