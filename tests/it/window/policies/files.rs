//! Bringing policies in from files, and taking them away.

use countersign::app::{Location, Unlock};
use countersign::store::Workspace;
use egui::{Key, Modifiers};

use super::{file, policies};

#[test]
fn a_policy_that_cannot_be_read_says_why_and_how_to_mend_it_and_nothing_else_is_lost() {
    let mut stage = policies();
    let text = file("house", "of tomorrow", "sha512", "required");
    let location = Location::Dir(stage.workspace.clone());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let now = "2026-11-24T08:30:00Z".parse().unwrap();
        let workspace = Workspace::open_existing(&location, &Unlock::none(), now).await.unwrap().unwrap();
        workspace.put_policy(&"house".parse().unwrap(), &text).await.unwrap();
        workspace.close().await;
    });
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("house, Own, no rules to be had");
    assert!(stage.sees("Amazon Vendor Central, Secondary, 5 rules · 2 connections"), "the others are as they were");
    stage.fill("Search policies", "house");
    stage.click("house, Own, no rules to be had");
    stage.wait_for("This policy cannot be read");
    assert!(stage.sees("Line 7 of its file: `setting`: `of tomorrow` is not one of"), "{:#?}", stage.labels());
    let offers = |stage: &super::Stage, label: &str| stage.labels().iter().any(|known| known == label);
    for (label, offered) in
        [("Export…", true), ("Remove…", true), ("Edit", false), ("Duplicate…", false), ("Compare", false)]
    {
        assert_eq!(offers(&stage, label), offered, "{label} in {:#?}", stage.labels());
    }
    let mended = stage.written("house.toml", &file("house", "signing", "sha512", "required"));
    stage.drop_file(&mended);
    stage.wait_for("It replaces a policy of yours");
    stage.click("Replace");
    stage.wait_for("House rules, Own, 1 rule");
    stage.wait_gone("This policy cannot be read");
    assert!(offers(&stage, "Edit"), "{:#?}", stage.labels());
}

#[test]
fn a_dropped_policy_shows_what_it_changes_and_is_imported_and_removed_with_a_way_back() {
    let mut stage = policies();
    let path = stage.written("house.toml", &file("house", "signing", "sha512", "required"));
    stage.drop_file(&path);
    stage.wait_for("Import a policy");
    stage.wait_for("The status of no profile would change");
    assert!(!stage.cli(&["policy", "list"]).contains("house"), "nothing is saved by looking");
    stage.click("Import");
    stage.wait_for("House rules was imported");
    assert!(stage.sees("House rules, Own, 1 rule") && stage.sees("Portal > AS2"));
    stage.cli(&["connection", "set", "harbor", "policy=house"]);
    // In its place, with an effect.
    let strict = stage.written("stricter.toml", &file("house", "encryption", "aes256-cbc", "required"));
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("House rules, Own, 1 rule · 1 connection");
    stage.drop_file(&strict);
    stage.wait_for("It replaces a policy of yours");
    stage.click("Replace");
    stage.wait_gone("It replaces a policy of yours");
    stage.click("Remove…");
    stage.wait_for("Remove House rules?");
    stage.click("Remove policy");
    stage.wait_for("The policy was not removed");
    assert!(stage.sees("is used by the connection harbor"), "{:#?}", stage.labels());
    stage.click("Keep it");
    stage.cli(&["connection", "set", "harbor", "policy=as2-modern"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_gone("House rules, Own, 1 rule · 1 connection");
    stage.click("Remove…");
    stage.click("Remove policy");
    stage.wait_for("House rules was removed");
    stage.wait_gone("House rules, Own");
    stage.click("Undo");
    stage.wait_for("House rules, Own, 1 rule");
}

#[test]
fn a_file_with_a_mistake_says_the_line_and_is_read_again_once_it_is_mended() {
    let mut stage = policies();
    let path = stage.written("house.toml", &file("house", "signing", "sha257", "required"));
    stage.drop_file(&path);
    stage.wait_for("This file cannot be imported");
    assert!(stage.sees("Line 9: `sha257` is no value of `signing`"), "{:#?}", stage.labels());
    assert!(stage.get_is_disabled("Import"));
    stage.written("house.toml", &file("house", "signing", "sha256", "required"));
    stage.click("Read the file again");
    stage.wait_for("What changes");
    assert!(!stage.get_is_disabled("Import"));
}

#[test]
fn a_source_that_was_looked_at_in_the_future_is_told_before_it_is_imported() {
    let mut stage = policies();
    let text = file("house", "signing", "sha256", "required").replace("checked = 2026-11-01", "checked = 2099-01-01");
    let path = stage.written("house.toml", &text);
    stage.drop_file(&path);
    stage.wait_for("Dates that have not come");
    assert!(stage.sees("says `checked` = 2099-01-01"), "{:#?}", stage.labels());
    assert!(!stage.get_is_disabled("Import"), "it makes sense all the same");
}

#[test]
fn a_dropped_connection_is_still_a_connection() {
    let mut stage = policies();
    let connection = "id = \"acme\"\nname = \"Acme\"\n[test]\nour_as2_id = \"A\"\npartner_as2_id = \"B\"\n\
                      url = \"https://b.example/\"\nidentity = \"nobody\"\n";
    let path = stage.written("acme.toml", connection);
    stage.drop_file(&path);
    stage.wait_for("The connection file was not added");
}
