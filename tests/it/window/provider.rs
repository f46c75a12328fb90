//! Many connections of many customers: narrowed, grouped, selected, and changed together.

use egui::{Key, Modifiers};

use super::Stage;
use crate::many::Many;
use crate::provider;

/// A window on a provider's workspace.
fn stage(connections: usize) -> Stage {
    let Many { app, folder, workspace, .. } = provider::workspace(connections);
    let mut stage = Stage::on_app(app, folder, workspace);
    stage.wait_for("Amazon Vendor 1, production");
    stage
}

fn choose(stage: &mut Stage, list: &str, choice: &str) {
    stage.click(list);
    stage.click(choice);
    stage.press(Modifiers::NONE, Key::Escape);
}

#[test]
fn few_connections_without_customers_are_shown_as_they_were() {
    let stage = Stage::sample();
    assert!(!stage.sees("Filter by") && !stage.sees("Group by"), "{:#?}", stage.labels());
}

#[test]
fn customers_are_chosen_with_their_counts_and_taken_away_again() {
    let mut stage = stage(24);
    stage.click("Filter by customer");
    assert!(stage.sees("Acme Foods, 4") && stage.sees("No customer, 4"), "{:#?}", stage.labels());
    stage.click("Acme Foods, 4");
    // The list stays open: one more is enough as well.
    stage.click("Bluebird Outdoor, 4");
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(
        stage.sees("Remove Customer: Acme Foods") && stage.sees("8 of 24") && stage.sees("16 rows"),
        "{:#?}",
        stage.labels()
    );
    // Of the other lists only what is left is counted.
    stage.click("Remove Customer: Bluebird Outdoor");
    stage.click("Filter by status");
    assert!(stage.sees("Non-compliant, "), "{:#?}", stage.labels());
    stage.press(Modifiers::NONE, Key::Escape);
    stage.fill("Search connections", "no such thing");
    assert!(stage.sees("Nothing of what is set above is called or set to “no such thing”"), "{:#?}", stage.labels());
    stage.click("Show all connections");
    assert!(stage.sees("48 rows") && !stage.sees("Remove Customer"), "{:#?}", stage.labels());
    // A search finds customers and tags.
    stage.fill("Search connections", "cedar");
    assert!(stage.sees("8 rows"), "{:#?}", stage.labels());
}

#[test]
fn groups_have_headings_that_fold_by_pointer_and_by_key() {
    let mut stage = stage(24);
    choose(&mut stage, "Group by", "Customer");
    let heading = "Customer Acme Foods, 4 connections, ";
    let top = |stage: &Stage, beginning: &str| stage.row(beginning).rect().top();
    assert!(top(&stage, heading) < top(&stage, "Customer Bluebird Outdoor, 4 connections"), "{:#?}", stage.labels());
    assert!(stage.sees("54 rows"), "{:#?}", stage.labels());
    stage.click_beginning(heading);
    assert!(stage.sees("46 rows"), "{:#?}", stage.labels());
    // From row to row the keyboard comes to headings too, and Enter unfolds.
    stage.row(heading).focus();
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    assert!(stage.sees("54 rows"), "{:#?}", stage.labels());
    stage.press(Modifiers::NONE, Key::ArrowDown);
    assert!(stage.sees("Close inspector"), "{:#?}", stage.labels());
    stage.click("Close inspector");
    stage.click("Collapse all");
    assert!(stage.sees("6 rows") && stage.sees("No customer, 4 connections"), "{:#?}", stage.labels());
    stage.click("Expand all");
    assert!(stage.sees("54 rows"), "{:#?}", stage.labels());
    // One with two tags stands under both.
    choose(&mut stage, "Group by", "Tag");
    stage.click("Collapse all");
    for tag in ["Tag edifact, 6", "Tag priority, 6", "Tag x12, 12", "No tag, 6"] {
        assert!(stage.sees(&format!("{tag} connections")), "{tag}: {:#?}", stage.labels());
    }
}

#[test]
fn names_with_numbers_are_in_the_order_that_people_expect() {
    let mut stage = stage(72);
    stage.fill("Search connections", "amazon vendor");
    let top = |beginning: &str| stage.row(beginning).rect().top();
    assert!(top("Amazon Vendor 2, production") < top("Amazon Vendor 10, production"));
}

#[test]
fn several_are_selected_by_click_and_by_key_and_given_up_by_escape() {
    let mut stage = stage(24);
    stage.press(Modifiers::COMMAND, Key::A);
    assert!(stage.sees("24 connections selected"), "{:#?}", stage.labels());
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("connections selected"));
    stage.row("Amazon Vendor 2, production").click_modifiers(Modifiers::COMMAND);
    stage.settle();
    stage.row("Amazon Vendor 4, test").click_modifiers(Modifiers::COMMAND);
    stage.settle();
    assert!(stage.sees("2 connections selected") && !stage.sees("Close inspector"), "{:#?}", stage.labels());
    stage.row("Contoso 2, production").click_modifiers(Modifiers::SHIFT);
    stage.settle();
    assert!(stage.sees("3 connections selected"), "{:#?}", stage.labels());
    stage.press(Modifiers::SHIFT, Key::ArrowDown);
    assert!(stage.sees("4 connections selected"), "{:#?}", stage.labels());
    // What does not answer any more is not selected any more.
    stage.fill("Search connections", "contoso");
    assert!(stage.sees("3 connections selected"), "{:#?}", stage.labels());
}

/// The encryption of a profile of a connection, as the command line tells it.
fn encryption(stage: &Stage, id: &str) -> String {
    let shown: serde_json::Value = serde_json::from_str(&stage.cli(&["--json", "connection", "show", id])).unwrap();
    shown["production"]["encryption"].as_str().unwrap().to_owned()
}

#[test]
fn a_change_of_many_is_shown_before_it_is_done_and_taken_back() {
    let mut stage = stage(24);
    choose(&mut stage, "Filter by customer", "Acme Foods, 4");
    stage.press(Modifiers::COMMAND, Key::A);
    stage.click("Edit…");
    stage.wait_for("Edit 4 connections");
    assert!(stage.get_is_disabled("Change"));
    stage.click("Setting");
    stage.click("Encryption");
    stage.click("Value");
    stage.click("AES-256");
    stage.wait_for("Change 4 connections");
    assert!(stage.sees("Encryption: AES-128 → AES-256 (production and test)"), "{:#?}", stage.labels());
    let before = encryption(&stage, "partner-0001");
    stage.click("Change 4 connections");
    stage.wait_for("4 connections changed");
    assert_eq!((before.as_str(), encryption(&stage, "partner-0001").as_str()), ("aes128-cbc", "aes256-cbc"));
    stage.click("Undo");
    stage.wait_for("Taken back");
    assert_eq!(encryption(&stage, "partner-0001"), "aes128-cbc");
}

#[test]
fn connections_that_refuse_a_change_are_named_and_left_out() {
    let mut stage = stage(14);
    stage.press(Modifiers::COMMAND, Key::A);
    stage.click("Edit…");
    stage.wait_for("Edit 14 connections");
    stage.click("Setting");
    stage.click("Receipt (MDN)");
    stage.click("Value");
    stage.click("Signed, later");
    stage.wait_for("9 connections cannot be changed so");
    assert!(stage.sees("the partner would not know where to send the receipt"), "{:#?}", stage.labels());
    assert!(stage.get_is_disabled("Change 5 connections"), "while one cannot be changed, none is");
    stage.click("Leave them out");
    stage.wait_for("Edit 5 connections");
    stage.wait_gone("cannot be changed so");
    stage.wait_until("the button", |stage| !stage.get_is_disabled("Change 5 connections"));
    stage.click("Change 5 connections");
    stage.wait_for("5 connections changed");
}

#[test]
fn a_customer_is_typed_into_the_settings_and_grouped_by() {
    let mut stage = Stage::sample();
    stage.click_beginning("Harbor Grocers, production");
    stage.get("Connection").scroll_to_me();
    stage.settle();
    stage.click("Connection");
    stage.get("Notes").scroll_to_me();
    stage.settle();
    stage.fill("Customer", "Acme Foods");
    stage.fill("Tags", "x12, priority, X12");
    stage.press(Modifiers::COMMAND, Key::S);
    stage.wait_for("Saved");
    let listed = stage.cli(&["--json", "connection", "list", "--customer", "acme foods", "--tag", "PRIORITY"]);
    assert_eq!(listed.matches("\"id\"").count(), 1, "{listed}");
    assert!(listed.contains("Acme Foods"), "{listed}");
    stage.click("Close inspector");
    assert!(stage.sees("Filter by customer") && stage.sees("Filter by tag"), "{:#?}", stage.labels());
}
