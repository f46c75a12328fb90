//! The five lights, each as a badge of icon and word.

use egui::Ui;

use crate::domain::transmission::{Light, Lights};
use crate::ui::widgets::{Badge, ToneName};

/// Shows the five lights.
pub(in crate::ui) fn lights(ui: &mut Ui, lights: &Lights) {
    ui.scope(|ui| show(ui, lights));
}

fn show(ui: &mut Ui, lights: &Lights) {
    // A row is as high as a badge, not as high as a button.
    ui.spacing_mut().interact_size.y = 20.0;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 6.0);
        for (name, light) in lights.named() {
            let (shown, stands) = match light {
                Light::Good => (name.to_owned(), "good"),
                Light::Bad => (format!("{name} wrong"), "bad"),
                Light::Missing => (format!("{name} missing"), "missing"),
                Light::NotAsked => (format!("{name} not asked for"), "not asked for"),
            };
            let width = Badge::width(ui, &shown);
            // A badge would rather be cut than begin a new line.
            if ui.available_size_before_wrap().x < width && ui.cursor().left() > ui.max_rect().left() + 1.0 {
                ui.end_row();
            }
            Badge::new(ToneName::light(light), &shown).stands(stands).show(ui);
        }
    });
}
