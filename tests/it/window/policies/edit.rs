//! Making a policy one's own and editing it: the effect is in sight before it is saved, and only saving makes it.

use egui::{Key, Modifiers};

use super::{Stage, policies};

/// An own policy that follows Amazon's, in the editor, with the connection Harbor Grocers under it.
fn own() -> Stage {
    let mut stage = policies();
    stage.click_beginning("Amazon Vendor Central, Secondary");
    stage.click("Make it your own…");
    stage.wait_for("Follow the original");
    stage.fill("Name", "Our Amazon");
    stage.fill("ID", "our-amazon");
    stage.click("Create");
    stage.wait_for("Edit Our Amazon");
    stage.cli(&["connection", "set", "harbor", "policy=our-amazon"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Our Amazon, Own, 5 rules · 1 connection");
    stage
}

/// A rule that Harbor Grocers' AES-256 does not meet: 3DES and nothing else.
fn demand_triple_des(stage: &mut Stage) {
    stage.reach("Add rule…");
    stage.wait_for("New rule");
    stage.click("One of");
    stage.fill("Source", "their letter of 3 May");
    stage.fill("Quote", "3DES and nothing else");
    stage.click("Add rule");
    stage.wait_for("1 unsaved change");
}

#[test]
fn a_rule_is_added_its_effect_seen_before_saving_and_the_matrix_changes_after() {
    let mut stage = own();
    demand_triple_des(&mut stage);
    stage.wait_for("If saved: 2 profiles change status, all for the worse");
    assert!(stage.sees("Then: Non-compliant, Non-compliant") && stage.sees("Harbor Grocers, production"));
    let standing = stage.cli(&["check", "harbor", "--json"]);
    assert!(!standing.contains("\"non-compliant\""), "nothing is saved yet: {standing}");
    stage.click("Save");
    stage.wait_for("Our Amazon was saved");
    let standing = stage.cli(&["check", "harbor", "--json"]);
    assert!(standing.contains("\"non-compliant\"") && standing.contains("3DES"), "{standing}");
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.wait_for("3 need action before traffic is at risk");
    stage.wait_for("Encryption: AES-256-GCM, Non-compliant");
    // The way back is offered where it was done.
    stage.click("Undo");
    stage.wait_for("Taken back");
    assert!(!stage.cli(&["check", "harbor", "--json"]).contains("\"non-compliant\""));
}

#[test]
fn what_is_wrong_with_a_rule_stands_at_its_field_and_it_cannot_be_put_in() {
    let mut stage = own();
    stage.reach("Add rule…");
    stage.wait_for("New rule");
    stage.fill("From", "2026-02-30");
    stage.click("Add rule");
    stage.wait_for("3 fields to correct first");
    for fault in [
        "From is a date such as 2026-11-28, or an instant",
        "Source must have 1 to 2000 characters",
        "Quote must have 1 to 4000",
    ] {
        assert!(stage.sees(fault), "{fault}: {:#?}", stage.labels());
    }
    assert!(stage.get_is_disabled("Add rule"));
    stage.click("Cancel");
    assert!(stage.sees("No unsaved changes"));
}

#[test]
fn an_inherited_rule_is_changed_by_one_that_takes_its_place() {
    let mut stage = own();
    stage.reach("Change the inherited rule for Encryption");
    stage.wait_for("It takes the place of the inherited one");
    stage.click("Value");
    stage.click("AES-256");
    stage.click("Apply");
    stage.wait_for("1 own rule");
    assert!(stage.sees("4 inherited rules") && stage.sees("AES-256 or stronger"), "{:#?}", stage.labels());
    stage.reach("Remove the rule for Encryption");
    assert!(stage.sees("5 inherited rules") && stage.sees("No unsaved changes"));
    stage.reach("Copy them into this policy");
    assert!(stage.sees("5 own rules") && stage.sees("6 unsaved changes"), "{:#?}", stage.labels());
    stage.press(Modifiers::COMMAND, Key::Z);
    assert!(stage.sees("5 inherited rules"));
}

#[test]
fn leaving_with_unsaved_changes_asks_and_closing_the_window_too() {
    let mut stage = own();
    demand_triple_des(&mut stage);
    stage.click_beginning("Amazon Vendor Central, Secondary");
    stage.wait_for("Leave without saving?");
    stage.click("Keep editing");
    assert!(stage.sees("1 unsaved change"));
    let viewport = stage.harness.input().viewport_id;
    stage.harness.input_mut().viewports.entry(viewport).or_default().events.push(egui::ViewportEvent::Close);
    stage.harness.step();
    stage.wait_for("1 unsaved change would be lost");
    stage.click("Stay");
    // Another page is no loss: the draft stays.
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.press(Modifiers::COMMAND, Key::Num5);
    assert!(stage.sees("1 unsaved change"));
    stage.click_beginning("Amazon Vendor Central, Secondary");
    stage.wait_for("Leave without saving?");
    stage.click("Discard changes");
    stage.wait_gone("unsaved change");
    assert!(stage.sees("Make it your own…"));
    assert!(!stage.cli(&["policy", "export", "our-amazon"]).contains("3des"));
}

#[test]
fn what_somebody_else_changed_meanwhile_is_not_overwritten() {
    let mut stage = own();
    demand_triple_des(&mut stage);
    let theirs = stage.written("theirs.toml", &super::file("our-amazon", "signing", "sha384", "recommended"));
    stage.cli(&["policy", "import", theirs.to_str().unwrap(), "--replace"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("House rules, Own");
    stage.wait_for("If saved");
    stage.click("Save");
    stage.wait_for("The policy was not saved");
    assert!(stage.sees("was changed by somebody else meanwhile"));
    assert!(stage.cli(&["policy", "export", "our-amazon"]).contains("# from their letter"));
}
