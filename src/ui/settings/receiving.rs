//! Settings > Receiving: whether and where messages are received in the window.

use egui::Ui;

use super::facts::fact;
use super::public_url::PublicUrlForm;
use crate::ui::desk::Desk;
use crate::ui::receiving::{ReceivingForm, words};
use crate::ui::widgets::section;

/// The section, with what is being changed in it.
#[derive(Default)]
pub(super) struct ReceivingSection {
    form: Option<ReceivingForm>,
    public_url: Option<PublicUrlForm>,
}

impl ReceivingSection {
    /// Begins anew with what is set.
    pub(super) fn enter(&mut self, desk: &Desk<'_>) {
        self.form = Some(ReceivingForm::new(desk));
        self.public_url = Some(PublicUrlForm::new(desk));
    }

    /// Shows the section.
    pub(super) fn show(&mut self, ui: &mut Ui, desk: &mut Desk<'_>) {
        section(ui, "Receiving");
        ui.add_space(6.0);
        let (state, why) = words(&desk.snapshot.receiving);
        fact(ui, "Now", state, &why);
        let form = self.form.get_or_insert_with(|| ReceivingForm::new(desk));
        let done = form.fields(ui, desk);
        ui.add_space(8.0);
        ui.horizontal(|ui| form.actions(ui, desk));
        ui.add_space(18.0);
        self.public_url.get_or_insert_with(|| PublicUrlForm::new(desk)).show(ui, desk);
        if done {
            self.form = Some(ReceivingForm::new(desk));
            desk.toasts.done("Receiving is set", &words(&desk.snapshot.receiving).0);
        }
    }
}
