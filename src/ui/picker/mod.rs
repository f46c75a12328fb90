//! Choosing a date, a time and a time zone, on the calendar and the zones of jiff.

mod calendar;
mod date;
mod time_of_day;
mod zone;

pub(super) use date::{DateMarks, DatePicker};
pub(super) use time_of_day::TimeField;
pub(super) use zone::ZonePicker;

use egui::{Button, Response, RichText, Ui, Widget as _, vec2};

use super::icon::{self, Icon};
use super::theme::{self, tokens};
use super::widgets::focus_ring;

/// The button that shows what is chosen and opens the choice.
fn opener(ui: &mut Ui, name: &str, shown: &str) -> Response {
    let tokens = tokens(ui.ctx());
    let ink = if ui.is_enabled() { tokens.text } else { tokens.faint };
    let label = RichText::new(shown).font(theme::body()).color(ink);
    let response = Button::new((label, icon::text(Icon::ChevronDown, tokens.muted)))
        .corner_radius(theme::RADIUS)
        .min_size(vec2(0.0, theme::CONTROL))
        .ui(ui);
    focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(egui::accesskit::Role::ComboBox);
        node.set_label(name);
        node.set_value(shown);
    });
    response
}

/// Brings the keyboard to a control of a popup that has just been opened. In its first frames a popup may lie below the
/// dialog that it belongs to, and then what it asks for is not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Follow {
    frames: u8,
}

impl Follow {
    /// To begin with the next frame.
    const fn begin() -> Self {
        Self { frames: 3 }
    }

    /// Asks once more, where that is still to be done.
    fn to(&mut self, ui: &Ui, response: &Response) {
        if self.frames > 0 {
            self.frames -= 1;
            response.request_focus();
            ui.request_repaint();
        }
    }
}
