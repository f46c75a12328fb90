//! Bringing in a partner's renewed certificate, and each profile's certificates over time.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers};
use egui_kittest::kittest::NodeT as _;
use serde_json::Value;

use super::Stage;

pub(super) mod arrival;
mod import;
mod schedule;

impl Stage {
    /// Clicks a control wherever it is in what scrolls.
    #[track_caller]
    pub(super) fn touch(&mut self, label: &str) {
        self.get(label).scroll_to_me();
        self.settle();
        self.click(label);
    }

    /// Puts text into a field wherever it is in what scrolls.
    #[track_caller]
    pub(super) fn write(&mut self, field: &str, text: &str) {
        self.get(field).scroll_to_me();
        self.settle();
        self.fill(field, text);
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.harness.input_mut().events.push(egui::Event::Paste(text.to_owned()));
        self.harness.step();
        self.settle();
    }

    pub(super) fn renewed(&self, connection: &str) -> PathBuf {
        let sample = self.sample.as_ref().unwrap();
        sample.renewed.iter().find(|(id, _)| id.as_str() == connection).unwrap().1.clone()
    }

    /// Opens the dialog for Amazon from the selected connection.
    pub(super) fn open_for_amazon(&mut self) {
        self.click_beginning("Amazon Vendor US, production");
        self.press(Modifiers::COMMAND, Key::I);
        self.wait_for("Drop the partner's certificate here");
    }

    /// The certificates of a profile as the command line exports them: `(fingerprint, use, from)`.
    pub(super) fn uses(&self, connection: &str, profile: &str) -> Vec<Value> {
        let shown: Value = serde_json::from_str(&self.cli(&["--json", "connection", "show", connection])).unwrap();
        shown[profile]["partner_certificates"].as_array().cloned().unwrap_or_default()
    }

    pub(super) fn encrypts_from(&self, connection: &str, profile: &str, fingerprint: &str) -> Option<String> {
        self.uses(connection, profile)
            .iter()
            .find(|entry| {
                entry["fingerprint"] == fingerprint
                    && entry["use"].as_array().is_some_and(|uses| uses.iter().any(|one| one == "encrypt"))
            })
            .and_then(|entry| entry["from"].as_str().map(str::to_owned))
    }

    pub(super) fn fingerprint_of(&self, path: &Path) -> String {
        let inspected: Value =
            serde_json::from_str(&self.cli(&["--json", "certificate", "inspect", path.to_str().unwrap()])).unwrap();
        inspected["certificates"][0]["fingerprint_sha256"].as_str().unwrap().to_owned()
    }

    pub(super) fn is_enabled(&self, label: &str) -> bool {
        !self.get(label).accesskit_node().is_disabled()
    }

    /// The control that has this name and this role.
    pub(super) fn button_beginning(&self, beginning: &str) -> Option<String> {
        self.labels().into_iter().find(|label| label.starts_with(beginning))
    }

    pub(super) fn is_ticked(&self, label: &str) -> bool {
        use egui::accesskit::Toggled;
        self.get(label).accesskit_node().toggled() == Some(Toggled::True)
    }
}
