//! Every widget in every state on one page, in light and dark, to be looked at while one works on them. It is not in what is
//! released.
//!
//! A state that comes and goes, such as that under the pointer, is drawn by giving a widget at rest the looks of that state.

mod controls;
mod data;
mod ground;

use egui::{CentralPanel, Context, Frame, Margin, ScrollArea, Theme, Ui};

use super::theme::{self, tokens};
use super::widgets::{card, page_title, section, segmented};
use crate::app::AppError;

/// Opens the gallery in a window and returns when it has been closed.
///
/// # Errors
/// Where there is no display, or it cannot be drawn on.
pub fn open_gallery() -> Result<(), AppError> {
    super::open::show("countersign-gallery", "Gallery", None, |cc| {
        theme::install(&cc.egui_ctx);
        Ok(Box::new(Gallery::default()))
    })
}

/// The page.
#[derive(Default)]
pub struct Gallery {
    controls: controls::Controls,
    data: data::Data,
}

impl Gallery {
    fn show(&mut self, ui: &mut Ui) {
        head(ui);
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.columns(2, |columns| {
                if let [left, right] = columns {
                    ground::show(left);
                    data::badges(left);
                    self.controls.show(right);
                    self.data.show(right);
                }
            });
        });
    }
}

impl eframe::App for Gallery {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let frame = Frame::new().fill(tokens(ui.ctx()).bg).inner_margin(Margin::same(theme::PAGE_MARGIN));
        CentralPanel::no_frame().frame(frame).show(ui, |ui| self.show(ui));
    }
}

fn head(ui: &mut Ui) {
    ui.horizontal(|ui| {
        page_title(ui, "Gallery");
        ui.add_space(12.0);
        if let Some(theme) = segmented(ui, ui.ctx().theme(), &[(Theme::Light, "Light"), (Theme::Dark, "Dark")]) {
            ui.ctx().set_theme(theme);
        }
    });
    ui.add_space(8.0);
}

/// A part of the page, on a card.
fn part(ui: &mut Ui, head: &str, show: impl FnOnce(&mut Ui)) {
    card(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        section(ui, head);
        ui.add_space(4.0);
        show(ui);
    });
    ui.add_space(6.0);
}

/// A state in which a control can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Rest,
    UnderThePointer,
    Pressed,
    Disabled,
}

impl State {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Rest, "At rest"),
        (Self::UnderThePointer, "Under the pointer"),
        (Self::Pressed, "Pressed"),
        (Self::Disabled, "Disabled"),
    ];

    /// Shows something in this state.
    fn show(self, ui: &mut Ui, show: impl FnOnce(&mut Ui)) {
        ui.add_enabled_ui(self != Self::Disabled, |ui| {
            let widgets = &mut ui.visuals_mut().widgets;
            match self {
                Self::Rest | Self::Disabled => {}
                Self::UnderThePointer => widgets.inactive = widgets.hovered,
                Self::Pressed => widgets.inactive = widgets.active,
            }
            show(ui);
        });
    }
}

/// Whether colours are those of the dark theme.
fn is_dark(ctx: &Context) -> bool {
    ctx.theme() == Theme::Dark
}
