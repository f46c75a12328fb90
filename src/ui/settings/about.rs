//! Settings > About: which version this is, and under which licences it and its parts are used.

use egui::{Button, Context, Label, RichText, ScrollArea, Ui, vec2};

use super::facts::fact;
use crate::app::{Licence, licences};
use crate::ui::desk::Desk;
use crate::ui::dialog::{Dialog, Flow, buttons, frame};
use crate::ui::intent::Intent;
use crate::ui::moment::count;
use crate::ui::theme;
use crate::ui::widgets::{muted, search, secondary, section, small};

/// Height of a part's line.
const LINE: f32 = 26.0;

/// Shows the section.
pub(super) fn show(ui: &mut Ui, desk: &mut Desk<'_>) {
    section(ui, "About");
    ui.add_space(6.0);
    fact(ui, "Version", concat!("Countersign ", env!("CARGO_PKG_VERSION")), "");
    fact(ui, "Licence", "MIT or Apache-2.0, as you prefer", "");
    let parts = format!("{} by others: crates, fonts and icons", count(licences().len(), "part"));
    fact(ui, "Made from", parts, "On the command line, countersign licences prints what holds for each");
    ui.add_space(8.0);
    if secondary(ui, "Licences…").clicked() {
        desk.intend(Intent::Open(Box::new(LicencesDialog::new())));
    }
}

/// The parts with their licences, one of them with its text.
struct LicencesDialog {
    query: String,
    /// The numbers of those that answer to the query.
    found: Vec<usize>,
    chosen: usize,
    text: String,
}

impl LicencesDialog {
    fn new() -> Self {
        let mut dialog = Self { query: String::new(), found: Vec::new(), chosen: 0, text: String::new() };
        dialog.find();
        dialog
    }

    fn find(&mut self) {
        let query = self.query.trim().to_lowercase();
        let answers =
            |part: &Licence| part.name.to_lowercase().contains(&query) || part.licence.to_lowercase().contains(&query);
        self.found = licences().iter().enumerate().filter(|(_, part)| answers(part)).map(|(at, _)| at).collect();
        if let Some(first) = self.found.first().copied() {
            self.choose(first);
        }
    }

    fn choose(&mut self, at: usize) {
        self.chosen = at;
        self.text = licences().get(at).map(Licence::notice).unwrap_or_default();
    }

    fn list(&mut self, ui: &mut Ui) {
        let mut chosen = None;
        let rows = self.found.len();
        let spacing = std::mem::replace(&mut ui.spacing_mut().item_spacing.y, 0.0);
        ScrollArea::vertical().id_salt("parts").max_height(7.0 * LINE).auto_shrink([false, true]).show_rows(
            ui,
            LINE,
            rows,
            |ui, range| {
                // As high as it is told that a line is.
                ui.spacing_mut().interact_size.y = LINE;
                for at in self.found.get(range).unwrap_or_default() {
                    let Some(part) = licences().get(*at) else { continue };
                    // What is no crate has no version.
                    let name = format!("{} {}", part.name, part.version.trim_matches('-'));
                    let name = RichText::new(name.trim_end()).font(theme::body());
                    let button = Button::selectable(*at == self.chosen, name).right_text(small(part.licence));
                    if ui.add(button.min_size(vec2(ui.available_width(), LINE)).truncate()).clicked() {
                        chosen = Some(*at);
                    }
                }
            },
        );
        ui.spacing_mut().item_spacing.y = spacing;
        if let Some(at) = chosen {
            self.choose(at);
        }
    }
}

impl Dialog for LicencesDialog {
    fn show(&mut self, ctx: &Context, _desk: &mut Desk<'_>) -> Flow {
        let subtitle = "What Countersign is made from, and what holds for each part";
        frame(ctx, "licences", "Licences", subtitle, 720.0, false, |ui| {
            let width = ui.available_width();
            if search(ui, "Find a part or a licence", &mut self.query, "Name or licence", width).changed() {
                self.find();
            }
            if self.found.is_empty() {
                ui.label(muted(ui, "No part is called so, and none is under such a licence"));
            } else {
                self.list(ui);
                if let Some(part) = licences().get(self.chosen) {
                    section(ui, part.name);
                }
                ScrollArea::vertical().id_salt("text").max_height(260.0).auto_shrink([false, true]).show(ui, |ui| {
                    ui.add(Label::new(small(&self.text)).wrap().selectable(true));
                });
            }
            buttons(ui, |ui| if secondary(ui, "Done").clicked() { Flow::Close } else { Flow::Open })
        })
    }
}
