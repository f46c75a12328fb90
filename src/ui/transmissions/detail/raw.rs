//! The bytes as they were kept: request, answer, document and receipt, as text or in hex, and to save.

use egui::Ui;

use super::again::choose_attempt;
use super::viewer::Viewer;
use crate::app::RawPart;
use crate::domain::transmission::{Transmission, TransmissionId};
use crate::ui::desk::Desk;
use crate::ui::widgets::segmented;

/// What can be looked at.
const PARTS: [(RawPart, &str); 4] = [
    (RawPart::Request, "Request"),
    (RawPart::Response, "Answer"),
    (RawPart::Payload, "Document"),
    (RawPart::Receipt, "Receipt (MDN)"),
];

/// The tab, with a viewer for each part.
pub(super) struct RawTab {
    part: RawPart,
    /// Of which attempt, where that was chosen.
    attempt: Option<u32>,
    viewers: [Viewer; 4],
}

impl Default for RawTab {
    fn default() -> Self {
        Self { part: RawPart::Request, attempt: None, viewers: PARTS.map(|(part, _)| Viewer::new(part)) }
    }
}

impl RawTab {
    /// Forgets what was read, because something else is kept now.
    pub(super) fn reset(&mut self) {
        self.viewers.iter_mut().for_each(Viewer::reset);
    }

    /// Shows it.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>, transmission: &Transmission) {
        ui.horizontal_wrapped(|ui| {
            if let Some(part) = segmented(ui, self.part, &PARTS) {
                self.part = part;
            }
            if matches!(self.part, RawPart::Request | RawPart::Response) {
                choose_attempt(ui, transmission, &mut self.attempt);
            }
        });
        let index = PARTS.iter().position(|(part, _)| *part == self.part).unwrap_or_default();
        let viewer = &mut self.viewers[index];
        viewer.choose(self.attempt.filter(|_| matches!(self.part, RawPart::Request | RawPart::Response)));
        viewer.poll(desk, transmission.id);
        viewer.show(ui, desk, transmission.id, &file_name(transmission, self.part));
    }
}

/// The name that is proposed for a file.
#[must_use]
pub(super) fn file_name(transmission: &Transmission, part: RawPart) -> String {
    let id = short(transmission.id);
    match part {
        RawPart::Payload => transmission.file.clone().unwrap_or_else(|| format!("{id}-document")),
        RawPart::Request | RawPart::Response | RawPart::Receipt => format!("{id}-{}.http", part.label()),
    }
}

/// What a file of this transmission begins with. The end of an id tells it from others, its beginning is the time.
#[must_use]
pub(super) fn short(id: TransmissionId) -> String {
    let digits = id.simple().to_string();
    digits[digits.len() - 8..].to_owned()
}
