//! What is pressed, filled in and chosen.

use egui::Ui;

use super::{State, part};
use crate::ui::icon::Icon;
use crate::ui::widgets::{
    Choice, danger, field, field_error, icon_button, link, mono_edit, muted, password_again, password_edit, primary,
    search, secondary, secondary_in_line, segmented, select, tabs, text_area, text_edit,
};

/// What was filled in and chosen.
pub(super) struct Controls {
    empty: String,
    name: String,
    url: String,
    password: String,
    again: String,
    query: String,
    notes: String,
    encryption: u8,
    tab: u8,
    kind: u8,
    ticked: bool,
    unticked: bool,
    /// The keyboard was put where its ring is to be seen.
    focused: bool,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            empty: String::new(),
            name: "Amazon Vendor US".to_owned(),
            url: "https://as2.example/receive".to_owned(),
            password: "not a real one".to_owned(),
            again: "not a real".to_owned(),
            query: "harbor".to_owned(),
            notes: "Called on Monday\nThey change in December".to_owned(),
            encryption: 1,
            tab: 0,
            kind: 0,
            ticked: true,
            unticked: false,
            focused: false,
        }
    }
}

impl Controls {
    pub(super) fn show(&mut self, ui: &mut Ui) {
        part(ui, "Buttons", |ui| self.buttons(ui));
        part(ui, "Fields", |ui| self.fields(ui));
        part(ui, "Choices", |ui| self.choices(ui));
        part(ui, "Tabs and switches", |ui| self.switches(ui));
    }

    fn buttons(&mut self, ui: &mut Ui) {
        for (state, name) in State::ALL {
            ui.label(muted(ui, name));
            ui.push_id(name, |ui| {
                state.show(ui, |ui| {
                    ui.horizontal(|ui| {
                        primary(ui, "Send test");
                        secondary(ui, "Duplicate…");
                        danger(ui, "Remove");
                        link(ui, "Show the rule");
                        icon_button(ui, Icon::Ellipsis, "More actions");
                    });
                });
            });
        }
        ui.label(muted(ui, "With the keyboard"));
        let here = ui.horizontal(|ui| secondary(ui, "Press Enter")).inner;
        if !std::mem::replace(&mut self.focused, true) {
            here.request_focus();
        }
        ui.label(muted(ui, "In a line that is full"));
        ui.horizontal_wrapped(|ui| {
            for label in
                ["Redeliver", "Send as new…", "Add receipt…", "Compare…", "Support bundle…", "Save the document…"]
            {
                secondary_in_line(ui, label != "Add receipt…", label);
            }
        });
    }

    fn fields(&mut self, ui: &mut Ui) {
        let width = 320.0;
        field(ui, "Name", |ui| text_edit(ui, "Name", &mut self.name, "As you call it", width));
        field(ui, "Empty", |ui| text_edit(ui, "Empty", &mut self.empty, "An example of what to write", width));
        field(ui, "Address", |ui| mono_edit(ui, "Address", &mut self.url, "https://", width));
        field(ui, "With a fault", |ui| {
            mono_edit(ui, "Address with a fault", &mut self.url, "https://", width);
            field_error(ui, "There is no host in this address");
        });
        field(ui, "Password", |ui| password_edit(ui, "Password", &mut self.password, "Kept sealed", width));
        password_again(ui, "Password once more", &self.password, &mut self.again);
        field(ui, "Search", |ui| search(ui, "Search", &mut self.query, "Name or AS2 identifier", width));
        field(ui, "Notes", |ui| text_area(ui, "Notes", &mut self.notes, "For yourself", width));
        field(ui, "Disabled", |ui| {
            ui.add_enabled_ui(false, |ui| text_edit(ui, "Disabled", &mut self.name, "", width));
        });
    }

    fn choices(&mut self, ui: &mut Ui) {
        let choices = [
            Choice { value: 0, label: "3DES".to_owned(), remark: Some("too weak".to_owned()) },
            Choice { value: 1, label: "AES-128".to_owned(), remark: Some("recommended".to_owned()) },
            Choice::new(2, "AES-256"),
        ];
        field(ui, "Encryption", |ui| {
            if let (Some(chosen), _) = select(ui, "Encryption", &self.encryption, &choices, 200.0) {
                self.encryption = chosen;
            }
        });
        field(ui, "Disabled", |ui| {
            ui.add_enabled_ui(false, |ui| select(ui, "Disabled choice", &self.encryption, &choices, 200.0));
        });
        ui.horizontal(|ui| {
            ui.checkbox(&mut self.ticked, "Ticked");
            ui.checkbox(&mut self.unticked, "Not ticked");
            ui.add_enabled_ui(false, |ui| ui.checkbox(&mut self.ticked, "Disabled"));
        });
        ui.horizontal(|ui| {
            ui.radio_value(&mut self.kind, 0, "Now");
            ui.radio_value(&mut self.kind, 1, "On a day");
            ui.add_enabled_ui(false, |ui| ui.radio(false, "Disabled"));
        });
    }

    fn switches(&mut self, ui: &mut Ui) {
        if let Some(tab) = tabs(ui, self.tab, &[(0, "Settings"), (1, "Certificates"), (2, "Test send"), (3, "History")])
        {
            self.tab = tab;
        }
        ui.horizontal(|ui| {
            if let Some(kind) = segmented(ui, self.kind, &[(0, "Production"), (1, "Test")]) {
                self.kind = kind;
            }
            ui.add_enabled_ui(false, |ui| segmented(ui, 0_u8, &[(0, "Disabled"), (1, "Too")]));
        });
    }
}
