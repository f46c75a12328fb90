//! The Policies page: what is there, finding it, making a policy one's own, editing it with its effect in sight, comparing,
//! bringing in and taking away; and the matrix as of another day.

mod day;
mod edit;
mod files;
mod page;
#[cfg(feature = "pictures")]
mod pictures;

use egui::{Key, Modifiers};

use super::Stage;

/// The sample with the Policies page open.
fn policies() -> Stage {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Num5);
    stage.wait_for("Search policies");
    stage
}

/// A policy file whose one rule has this weight.
fn file(id: &str, setting: &str, value: &str, severity: &str) -> String {
    format!(
        "# from their letter\nid = \"{id}\"\nname = \"House rules\"\nkind = \"own\"\nportal = \"Portal > AS2\"\n[[rules]]\n\
         setting = \"{setting}\"\nop = \"at-least\"\nvalue = \"{value}\"\napplies_to = \"both\"\nseverity = \"{severity}\"\n\
         from = 2020-01-01\nsource = \"their letter\"\nquote = \"so be it\"\nchecked = 2026-11-01\n"
    )
}

impl Stage {
    fn written(&self, name: &str, content: &str) -> std::path::PathBuf {
        let path = self.workspace.parent().unwrap().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Brings a control into view and clicks it.
    #[track_caller]
    fn reach(&mut self, label: &str) {
        self.get(label).scroll_to_me();
        self.settle();
        self.click(label);
    }
}
