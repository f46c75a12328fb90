//! Connections that come and go: new ones, with an identity of ours, copies, and removed ones.

use super::Stage;

#[test]
fn the_first_connection_is_created_with_the_first_identity() {
    let mut stage = Stage::empty();
    stage.click("New connection…");
    stage.fill("Name", "Contoso Retail");
    assert!(stage.sees("contoso-retail"), "the id is proposed: {:#?}", stage.labels());
    assert!(stage.get_is_disabled("Create connection"));
    stage.fill("Identity's name", "acme-2026");
    stage.fill("Our AS2 ID (production)", "ACME");
    stage.fill("Partner's AS2 ID (production)", "CONTOSO");
    stage.fill("URL (production)", "contoso.example");
    assert!(stage.sees("http"), "{:#?}", stage.labels());
    assert!(stage.get_is_disabled("Create connection"));
    stage.fill("URL (production)", "https://as2.contoso.example/as2");
    stage.click("Create connection");
    stage.wait_for("Contoso Retail was created");
    let saved = stage.cli(&["connection", "export", "contoso-retail"]);
    assert!(saved.contains("CONTOSO") && saved.contains("https://as2.contoso.example/as2"), "{saved}");
    assert!(stage.cli(&["identity", "list"]).contains("acme-2026"));
}

#[test]
fn an_id_that_is_taken_is_said_before_anything_is_created() {
    let mut stage = Stage::sample();
    stage.click("New connection");
    stage.fill("Name", "Another Harbor");
    stage.fill("ID", "harbor");
    assert!(stage.sees("taken") || stage.sees("already"), "{:#?}", stage.labels());
    assert!(stage.get_is_disabled("Create connection"));
}

#[test]
fn a_connection_is_duplicated_and_removed_after_a_question() {
    let mut stage = Stage::sample();
    stage.click_beginning("Harbor Grocers, production");
    stage.click("More actions");
    stage.click("Duplicate…");
    stage.fill("Name", "Harbor West");
    stage.click("Duplicate");
    stage.wait_for("Harbor West was created");
    let copy = stage.cli(&["connection", "export", "harbor-west"]);
    assert!(copy.contains("HARBOR_AS2") && copy.contains("BEGIN CERTIFICATE"), "{copy}");
    stage.wait_for("Harbor West, production");
    stage.click("More actions");
    stage.click("Remove…");
    stage.wait_for("Remove Harbor West?");
    stage.click("Keep it");
    assert!(stage.cli(&["connection", "list"]).contains("harbor-west"));
    stage.click("More actions");
    stage.click("Remove…");
    stage.click("Remove connection");
    stage.wait_for("Harbor West was removed");
    assert!(!stage.cli(&["connection", "list"]).contains("harbor-west"));
    stage.click("Undo");
    stage.wait_for("Harbor West is as it was before");
    assert_eq!(stage.cli(&["connection", "export", "harbor-west"]), copy);
    stage.wait_for("Harbor West, production");
}
