//! Two transmissions beside each other: the one that is open, and one that is chosen or searched for.

use egui::{Key, Modifiers};

use super::Stage;
use super::transmissions::sent;

#[test]
fn two_transmissions_are_compared_and_what_differs_is_marked() {
    let mut stage = sent();
    stage.cli(&["send", "--connection", "northwind", "--profile", "test"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("3 transmissions");
    stage.press(Modifiers::COMMAND, Key::K);
    stage.get("Find").type_text("compare this");
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("Select a transmission first");
    stage.click_beginning("Northwind Retail, Production, Sent");
    stage.wait_for("Result: Partner could not decrypt");
    stage.click("Compare…");
    stage.wait_for("Compare with which transmission?");
    let is_listed = |stage: &mut Stage| stage.labels().iter().any(|label| label.contains(", Sent, Test,"));
    stage.wait_until("the other", is_listed);
    stage.click_containing(", Sent, Test,");
    stage.wait_for("Two transmissions compared");
    stage.wait_for("≠ Profile");
    assert!(stage.sees("≠ Cause") && !stage.sees("Way"), "{:#?}", stage.labels());
    stage.click("Everything");
    stage.wait_for("Way");
    stage.click("Choose another");
    stage.wait_for("Compare with which transmission?");
    // Any other is found by what it is called, also one of another connection.
    stage.fill("Search for the other transmission", "no such file");
    stage.wait_for("No other transmission has this in its Message-ID, file name or control numbers");
    let listed = stage.cli(&["transmission", "list", "--connection", "amazon-de", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let message_id = listed["transmissions"][0]["message_id"].as_str().unwrap();
    stage.fill("Search for the other transmission", &message_id.to_uppercase());
    stage.wait_gone("No other transmission has this in its Message-ID, file name or control numbers");
    stage.wait_until("the one that was looked for", is_listed);
    stage.click_containing(", Sent, Test,");
    stage.wait_for("≠ Connection");
    assert!(stage.sees("amazon-de"), "{:#?}", stage.labels());
}
