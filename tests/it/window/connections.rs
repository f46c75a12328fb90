//! The matrix: what is there, searching it, ordering it, opening a connection.

use egui::{Key, Modifiers};

use super::Stage;

#[test]
fn the_matrix_shows_every_profile_with_a_badge_for_each_setting() {
    let stage = Stage::sample();
    for seen in [
        "4 connections, 8 profiles",
        // One breaks rules, the certificate of another ends in 38 days and nothing follows it.
        "2 need action before traffic is at risk",
        "Connections, 2 need action",
        "Encryption: 3DES, Non-compliant",
        "Signing: SHA-1, Non-compliant",
        "Receipt (MDN): Unsigned, Advice",
        "Partner certificate: None imported, Unknown",
    ] {
        assert!(stage.sees(seen), "{seen}: {:#?}", stage.labels());
    }
}

#[test]
fn a_search_and_a_tile_narrow_the_matrix_and_nothing_matching_is_said() {
    let mut stage = Stage::sample();
    stage.fill("Search connections", "harbor");
    assert!(stage.sees("Harbor Grocers, production") && !stage.sees("Amazon Vendor US, production"));
    stage.fill("Search connections", "no such thing");
    assert!(stage.sees("No connection matches"));
    stage.click("Show all connections");
    stage.click("2 need action before traffic is at risk");
    assert!(stage.sees("Amazon Vendor US, production") && !stage.sees("Harbor Grocers, production"));
    assert!(stage.sees("Northwind Retail, production"));
}

#[test]
fn a_connection_opens_by_click_by_arrow_and_by_a_few_letters() {
    let mut stage = Stage::sample();
    stage.click_beginning("Amazon Vendor US, production");
    assert!(stage.sees("Policy Amazon Vendor Central"));
    stage.click("Close inspector");
    assert!(!stage.sees("Policy Amazon Vendor Central"));
    stage.press(Modifiers::NONE, Key::ArrowDown);
    assert!(stage.sees("Close inspector"));
    stage.press(Modifiers::NONE, Key::Escape);
    stage.press(Modifiers::COMMAND, Key::K);
    stage.get("Find").type_text("north");
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    assert!(stage.sees("Policy AS2"), "{:#?}", stage.labels());
}

#[test]
fn an_empty_workspace_offers_the_ways_to_begin() {
    let stage = Stage::empty();
    for offer in ["New connection…", "Import a connection file…", "From OpenAS2 or mendelson…", "Try the sample"]
    {
        assert!(stage.sees(offer), "{offer}");
    }
    assert!(!stage.workspace.exists(), "looking at nothing leaves nothing behind");
}
