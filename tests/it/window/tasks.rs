//! The three tasks that people come for, in clicks and keys, from the window as it opens. A file dialog of the system is one
//! click more than a file that is dropped or pasted.

use egui::{Key, Modifiers};

use super::Stage;
use super::transmissions::sent;

/// A window whose clicks and keys are counted.
struct Counted {
    stage: Stage,
    acts: Vec<String>,
}

impl Counted {
    fn new(stage: Stage) -> Self {
        Self { stage, acts: Vec::new() }
    }

    #[track_caller]
    fn click(&mut self, label: &str) {
        self.stage.get(label).scroll_to_me();
        self.stage.settle();
        self.stage.click(label);
        self.acts.push(format!("click {label}"));
    }

    #[track_caller]
    fn click_row(&mut self, beginning: &str) {
        self.stage.row(beginning).click();
        self.stage.settle();
        self.acts.push(format!("click {beginning}"));
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.stage.press(modifiers, key);
        self.acts.push(format!("press {key:?}"));
    }

    #[track_caller]
    fn took_at_most(&self, most: usize) {
        assert!(self.acts.len() <= most, "{} of at most {most}: {:?}", self.acts.len(), self.acts);
    }
}

/// From the matrix through the dialog to a date that somebody has chosen.
#[test]
fn a_renewed_certificate_is_scheduled_for_test_and_production_at_a_date_in_six() {
    let mut task = Counted::new(Stage::sample());
    let file = task.stage.renewed("amazon-us");
    let fingerprint = task.stage.fingerprint_of(&file);
    // Dropping it is an act of its own.
    task.stage.drop_file(&file);
    task.acts.push("drop".to_owned());
    // Two connections have the partner in common; the likelier one is named first.
    task.stage.wait_for("Amazon Vendor US Suggested");
    task.click_row("Amazon Vendor US Suggested");
    task.stage.wait_for("Schedule for 2 profiles");
    task.click("Date");
    task.press(Modifiers::NONE, Key::ArrowRight);
    task.press(Modifiers::NONE, Key::Enter);
    task.click("Schedule for 2 profiles");
    task.stage.wait_for("New certificate scheduled for 2 profiles");
    for profile in ["production", "test"] {
        assert!(task.stage.encrypts_from("amazon-us", profile, &fingerprint).is_some(), "{profile}");
    }
    task.took_at_most(6);
}

/// From the matrix, in which the last send is seen, to the cause and what to do about it.
#[test]
fn why_a_transmission_failed_is_found_in_three() {
    let mut stage = sent();
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.wait_for("Northwind Retail, production");
    let mut task = Counted::new(stage);
    task.click("Transmissions");
    task.click_row("Northwind Retail, Production");
    // What mends it is a button there.
    task.stage.wait_for("Import certificate…");
    assert!(task.stage.sees("Partner could not decrypt"), "{:#?}", task.stage.labels());
    task.took_at_most(3);
}

/// From the matrix to settings that comply.
#[test]
fn a_connection_that_does_not_comply_is_brought_into_line_in_four() {
    let mut stage = Stage::sample();
    stage.cli(&["connection", "set", "amazon-de", "test", "encryption=3des-cbc", "signing=sha1"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Amazon Vendor DE, test, Non-compliant");
    let mut task = Counted::new(stage);
    task.click_row("Amazon Vendor DE, test, Non-compliant");
    task.click("Fix all");
    task.press(Modifiers::COMMAND, Key::S);
    task.stage.wait_for("No unsaved changes");
    task.stage.wait_gone("Amazon Vendor DE, test, Non-compliant");
    let checked = task.stage.cli(&["check", "amazon-de"]);
    assert!(!checked.contains("Non-compliant"), "{checked}");
    task.took_at_most(4);
}
