//! Settings > Appearance: colours, the size of everything, what moves, and the calendar. All are kept with the window's own preferences.

use egui::{ThemePreference, Ui};

use crate::ui::date_form::{DateChoice, DateForm};
use crate::ui::desk::Desk;
use crate::ui::motion::{self, Motion};
use crate::ui::week::WeekStart;
use crate::ui::widgets::{Choice, field, muted, section, segmented, select};

/// Sizes of everything, in hundredths.
const SIZES: [(u32, &str); 5] = [(90, "90 %"), (100, "100 %"), (110, "110 %"), (125, "125 %"), (150, "150 %")];

/// Shows the section.
pub(super) fn show(ui: &mut Ui, desk: &Desk<'_>) {
    section(ui, "Appearance");
    ui.add_space(6.0);
    field(ui, "Colours", |ui| {
        ui.horizontal(|ui| {
            let current = ui.options(|options| options.theme_preference);
            let all = [
                (ThemePreference::System, "As the system"),
                (ThemePreference::Light, "Light"),
                (ThemePreference::Dark, "Dark"),
            ];
            if let Some(chosen) = segmented(ui, current, &all) {
                ui.ctx().set_theme(chosen);
            }
        });
    });
    field(ui, "Size", |ui| {
        ui.horizontal(|ui| {
            // The keys change it in steps of their own: the nearest is none, where it is none of these.
            let current = (ui.ctx().zoom_factor() * 100.0).round() as u32;
            if let Some(chosen) = segmented(ui, current, &SIZES) {
                ui.ctx().set_zoom_factor(chosen as f32 / 100.0);
            }
        });
        ui.add(egui::Label::new(muted(ui, "Also with Ctrl+Plus, Ctrl+Minus and Ctrl+0")).wrap());
    });
    field(ui, "Motion", |ui| {
        ui.horizontal(|ui| {
            if let Some(chosen) = segmented(ui, Motion::of(ui.ctx()), &Motion::ALL) {
                chosen.choose(ui.ctx());
            }
        });
        let system = match motion::of_system(ui.ctx()) {
            Some(true) => "The system wants it reduced",
            Some(false) => "The system lets things move",
            None => "What the system wants is not known here, so things move",
        };
        ui.add(egui::Label::new(muted(ui, system)).wrap());
    });
    field(ui, "Dates", |ui| {
        let today = desk.moment.zone.to_datetime(desk.moment.now).date();
        let system = format!("As the system ({})", DateForm::of_system(ui.ctx()).date(today));
        let mut choices = vec![Choice::new(DateChoice::System, system)];
        choices.extend(DateForm::ALL.map(|form| Choice::new(DateChoice::Form(form), form.date(today))));
        if let (Some(chosen), _) = select(ui, "Dates", &DateChoice::of(ui.ctx()), &choices, 240.0) {
            chosen.choose(ui.ctx());
        }
    });
    field(ui, "Weeks begin on", |ui| {
        ui.horizontal(|ui| {
            if let Some(chosen) = segmented(ui, WeekStart::of(ui.ctx()), &WeekStart::ALL) {
                chosen.choose(ui.ctx());
            }
        });
    });
}
