//! The inspector's settings: a draft that is judged while it is edited, and saved as a whole or not at all.

use egui::{Key, Modifiers};
use egui_kittest::kittest::{Queryable as _, by};

use super::Stage;

fn open(profile: &str) -> Stage {
    let mut stage = Stage::sample();
    stage.click_beginning(&format!("Amazon Vendor US, {profile}"));
    stage
}

fn choose(stage: &mut Stage, setting: &str, value: &str) {
    stage.click(setting);
    stage.click(value);
}

#[test]
fn a_setting_that_breaks_the_policy_says_which_rule_and_is_fixed_with_one_click() {
    let mut stage = open("production");
    assert!(stage.sees("3 settings do not meet the policy"));
    assert!(stage.sees("Amazon Vendor Central requires AES-128 or stronger for encryption since 15 Oct 2019"));
    stage.click("Use AES-128");
    assert!(stage.sees("1 unsaved change") && stage.sees("Encryption: AES-128, Compliant"), "{:#?}", stage.labels());
    assert!(stage.cli(&["connection", "export", "amazon-us"]).contains("3des-cbc"), "nothing is saved yet");
    stage.click("Save");
    stage.wait_for("Still against the policy");
    assert!(stage.sees("Signing (production)"), "what still does not comply is named: {:#?}", stage.labels());
    assert!(!stage.cli(&["connection", "export", "amazon-us"]).contains("3des-cbc"));
}

#[test]
fn fix_all_mends_every_setting_that_settings_can_mend() {
    let mut stage = open("production");
    stage.click("Fix all");
    assert!(stage.sees("2 unsaved changes"));
    stage.press(Modifiers::COMMAND, Key::S);
    stage.wait_for("Still against the policy");
    stage.wait_for("No unsaved changes");
    let saved = stage.cli(&["connection", "export", "amazon-us"]);
    assert!(saved.contains("encryption = \"aes128-cbc\"") && !saved.contains("signing = \"sha1\""), "{saved}");
}

#[test]
fn changes_are_counted_undone_made_again_and_given_up() {
    let mut stage = open("production");
    choose(&mut stage, "Encryption", "AES-256");
    choose(&mut stage, "Signing", "SHA-512");
    assert!(stage.sees("2 unsaved changes"));
    stage.click("Undo");
    assert!(stage.sees("1 unsaved change"));
    stage.press(Modifiers::COMMAND, Key::Z);
    assert!(stage.sees("No unsaved changes"));
    stage.click("Redo");
    stage.click("Redo");
    assert!(stage.sees("2 unsaved changes"));
    stage.click("Discard");
    assert!(stage.sees("No unsaved changes"));
    // What is as it was saved is no change.
    choose(&mut stage, "Encryption", "AES-256");
    stage.click("Encryption");
    stage.click_beginning("3DES");
    assert!(stage.sees("No unsaved changes"));
}

#[test]
fn what_was_saved_is_taken_back_as_long_as_nobody_has_changed_it_since() {
    let mut stage = open("production");
    let before = stage.cli(&["connection", "export", "amazon-us"]);
    stage.click("Use AES-128");
    stage.press(Modifiers::COMMAND, Key::S);
    stage.wait_for("Still against the policy");
    assert_ne!(stage.cli(&["connection", "export", "amazon-us"]), before);
    stage.press(Modifiers::COMMAND, Key::Z);
    stage.wait_for("Amazon Vendor US is as it was before");
    assert_eq!(stage.cli(&["connection", "export", "amazon-us"]), before);
    stage.wait_for("Use AES-128");
    // Another program has saved something meanwhile: that is not lost.
    stage.click("Use AES-128");
    stage.press(Modifiers::COMMAND, Key::S);
    stage.wait_until("saved", |stage| !stage.cli(&["connection", "export", "amazon-us"]).contains("3des"));
    stage.cli(&["connection", "set", "amazon-us", "notes=by another"]);
    stage.wait_for("No unsaved changes");
    stage.press(Modifiers::COMMAND, Key::Z);
    stage.wait_for("It could not be undone");
    stage.wait_for("was changed again since");
    let kept = stage.cli(&["connection", "export", "amazon-us"]);
    assert!(kept.contains("by another") && !kept.contains("3des"), "{kept}");
}

#[test]
fn nonsense_is_said_at_its_field_and_cannot_be_saved() {
    let mut stage = open("production");
    stage.get("URL").scroll_to_me();
    stage.settle();
    stage.fill("URL", "partner.example");
    assert!(stage.sees("http"), "{:#?}", stage.labels());
    assert!(stage.sees("1 field to correct first"));
    choose_signing_and_save(&mut stage);
    let saved = stage.cli(&["connection", "export", "amazon-us"]);
    assert!(saved.contains("signing = \"sha1\"") && !saved.contains("partner.example"), "all or nothing: {saved}");
    stage.get("URL").scroll_to_me();
    stage.settle();
    stage.fill("URL", "https://partner.example/as2");
    assert!(!stage.sees("to correct first"));
    stage.press(Modifiers::COMMAND, Key::S);
    stage.wait_for("No unsaved changes");
    assert!(stage.cli(&["connection", "export", "amazon-us"]).contains("https://partner.example/as2"));
}

fn choose_signing_and_save(stage: &mut Stage) {
    stage.get("Signing").scroll_to_me();
    stage.settle();
    choose(stage, "Signing", "SHA-256");
    stage.press(Modifiers::COMMAND, Key::S);
    stage.settle();
}

#[test]
fn both_profiles_are_edited_in_one_draft_and_copied_across() {
    let mut stage = open("production");
    stage.click("Copy from test…");
    stage.click("Copy 2 settings");
    assert!(stage.sees("2 unsaved changes"), "{:#?}", stage.labels());
    stage.click_beginning("Test profile");
    choose(&mut stage, "Encryption", "AES-256");
    assert!(stage.sees("3 unsaved changes"));
    stage.click("Save");
    stage.wait_for("No unsaved changes");
    let saved = stage.cli(&["connection", "export", "amazon-us"]);
    assert!(saved.contains("aes256-cbc") && saved.contains("aes128-cbc") && !saved.contains("3des"), "{saved}");
    // What tells the two systems apart stays.
    assert!(saved.contains("ACMEVCTEST") && saved.contains("\"ACMEVC\""), "{saved}");
}

#[test]
fn leaving_with_unsaved_changes_asks() {
    let mut stage = open("production");
    choose(&mut stage, "Encryption", "AES-256");
    stage.click_beginning("Harbor Grocers, production");
    stage.wait_for("Leave without saving?");
    stage.click("Keep editing");
    assert!(stage.sees("1 unsaved change"));
    stage.click("Close inspector");
    stage.wait_for("Leave without saving?");
    stage.click("Discard changes");
    stage.wait_gone("1 unsaved change");
    assert!(!stage.sees("Close inspector"));
    assert!(stage.cli(&["connection", "export", "amazon-us"]).contains("3des-cbc"));
}

#[test]
fn closing_the_window_with_unsaved_changes_asks() {
    let mut stage = open("production");
    choose(&mut stage, "Encryption", "AES-256");
    let viewport = stage.harness.input().viewport_id;
    let info = stage.harness.input_mut().viewports.entry(viewport).or_default();
    info.events.push(egui::ViewportEvent::Close);
    stage.harness.step();
    stage.wait_for("Close without saving?");
    assert!(stage.sees("1 unsaved change would be lost"));
    stage.click("Stay");
    assert!(stage.sees("1 unsaved change"));
}

#[test]
fn what_another_program_has_changed_meanwhile_is_kept() {
    let mut stage = open("production");
    choose(&mut stage, "Encryption", "AES-256");
    stage.cli(&["connection", "set", "amazon-us", "production", "signing=sha384"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Signing: SHA-384, Compliant");
    assert!(stage.sees("1 unsaved change"));
    stage.click("Save");
    stage.wait_for("No unsaved changes");
    let saved = stage.cli(&["connection", "export", "amazon-us"]);
    assert!(saved.contains("aes256-cbc") && saved.contains("sha384"), "{saved}");
}

#[test]
fn the_test_send_is_left_for_the_tab_that_was_open() {
    let mut stage = open("production");
    stage.click("Certificates");
    stage.click("Test send");
    stage.wait_for("Send to both");
    stage.press(Modifiers::COMMAND, Key::Num1);
    assert!(!stage.sees("Send to both") && stage.sees("New certificate…"), "{:#?}", stage.labels());
}

#[test]
fn keys_change_nothing_that_is_not_seen() {
    let mut stage = open("production");
    choose(&mut stage, "Encryption", "AES-256");
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.press(Modifiers::COMMAND, Key::Z);
    stage.press(Modifiers::COMMAND, Key::S);
    stage.press(Modifiers::COMMAND, Key::Num1);
    assert!(stage.sees("1 unsaved change"));
    assert!(stage.cli(&["connection", "export", "amazon-us"]).contains("3des-cbc"));
}

#[test]
fn escape_leaves_the_field_first_and_the_inspector_then() {
    let mut stage = open("production");
    stage.get("URL").scroll_to_me();
    stage.settle();
    stage.get("URL").click();
    stage.settle();
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(stage.sees("Close inspector"), "the first only leaves the field");
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("Close inspector"));
}

#[test]
fn where_the_partners_own_settings_are_is_said_once() {
    let stage = open("production");
    let is_it = |text: Option<String>| text.is_some_and(|text| text.starts_with("At the partner: Vendor Central"));
    let said = stage.harness.query_all(by().predicate(|node| is_it(node.value()))).count();
    assert_eq!(said, 1, "{:#?}", stage.labels());
}

#[test]
fn a_connection_is_shown_from_its_beginning_and_not_from_where_another_was_left() {
    let mut stage = Stage::sample();
    let top = |stage: &Stage| stage.get("Encryption").rect().top();
    stage.click_beginning("Harbor Grocers, production");
    let of_harbor = top(&stage);
    stage.click_beginning("Amazon Vendor US, production");
    let beginning = top(&stage);
    stage.get("URL").scroll_to_me();
    stage.settle();
    let left = top(&stage);
    assert!(left < beginning - 4.0, "it was scrolled: {left} after {beginning}");
    stage.click_beginning("Harbor Grocers, production");
    assert!((top(&stage) - of_harbor).abs() < 1.0, "{} instead of {of_harbor}", top(&stage));
    stage.click_beginning("Amazon Vendor US, production");
    assert!((top(&stage) - left).abs() < 1.0, "where it was left");
}
