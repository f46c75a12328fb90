//! Looking: the list, the chosen policy, comparing two.

use super::{Stage, policies};

#[test]
fn every_policy_shows_its_kind_its_rules_with_their_sources_and_what_is_judged_by_it() {
    let stage = policies();
    for seen in [
        "Amazon Vendor Central, Secondary, 5 rules · 2 connections",
        "Kind: Secondary",
        "Passed on by somebody else than the partner",
        "Vendor Central > EDI tab > Self Service Setup",
        "AES-128 or stronger",
        "“AES128 Encryption Algorithm”",
        "https://edihere.com/",
        "Since 15 Oct 2019",
        "Weight: Required",
    ] {
        assert!(stage.sees(seen), "{seen}: {:#?}", stage.labels());
    }
    stage.get("Open Amazon Vendor US, production Non-compliant, test Non-compliant");
}

#[test]
fn the_list_is_searched_and_filtered_and_nothing_matching_is_said() {
    let mut stage = policies();
    stage.fill("Search policies", "amazon");
    assert!(stage.sees("Amazon Vendor Central, Secondary") && !stage.sees(", Draft"), "{:#?}", stage.labels());
    stage.fill("Search policies", "no such partner");
    assert!(stage.sees("No policy matches"));
    stage.click("Show all policies");
    stage.click("Kind of policies");
    stage.click_beginning("Own");
    assert!(stage.sees("There is none of this kind"), "{:#?}", stage.labels());
}

#[test]
fn a_connection_under_a_policy_is_opened_from_there() {
    let mut stage = policies();
    let line = stage.labels().into_iter().find(|label| label.starts_with("Open Amazon Vendor US")).unwrap();
    stage.reach(&line);
    stage.wait_for("Close inspector");
    assert!(stage.sees("Policy Amazon Vendor Central"));
}

#[test]
fn two_policies_stand_side_by_side() {
    let mut stage = policies();
    stage.click("Compare");
    stage.wait_for("Compare policies");
    assert!(stage.sees("Different (") && stage.sees("Only Amazon Vendor Central ("), "{:#?}", stage.labels());
    stage.click("Second policy");
    let same = stage.labels().iter().filter(|label| label.starts_with("Amazon Vendor Central")).count();
    assert!(same > 0);
    stage.press(egui::Modifiers::NONE, egui::Key::Escape);
    stage.click("Swap");
    stage.click("Close the comparison");
    assert!(stage.sees("Make it your own…"));
}

#[test]
fn the_inspector_tells_the_kind_of_each_policy_and_how_the_connection_would_stand() {
    let mut stage = Stage::sample();
    stage.click_beginning("Harbor Grocers, production");
    stage.reach("Connection");
    stage.reach("Policy");
    assert!(stage.sees("Secondary"), "{:#?}", stage.labels());
}
