//! The journal: the list with its filters, the detail with its tabs, a connection's history.

use egui::{Key, Modifiers};

use super::Stage;

/// A sample in which one message was delivered and one failed.
fn sent() -> Stage {
    let mut stage = Stage::sample();
    stage.cli(&["send", "--connection", "amazon-de", "--profile", "test"]);
    stage.cli(&["send", "--connection", "northwind", "--profile", "production"]);
    stage.click("Transmissions");
    stage.wait_for("2 transmissions");
    stage
}

/// Chooses from one of the filters.
fn choose(stage: &mut Stage, filter: &str, choice: &str) {
    stage.click(filter);
    use egui_kittest::kittest::Queryable as _;
    // In the list that has opened, not in the table.
    let role = egui::accesskit::Role::Button;
    stage
        .harness
        .query_all_by_role_and_label(role, choice)
        .last()
        .unwrap_or_else(|| panic!("no choice `{choice}`"))
        .click();
    stage.harness.run();
}

#[test]
fn an_empty_journal_says_so() {
    let mut stage = Stage::sample();
    stage.click("Transmissions");
    stage.wait_for("Nothing was sent or received yet");
}

#[test]
fn filters_and_search_narrow_the_list_and_nothing_matching_is_said() {
    let mut stage = sent();
    assert!(stage.sees("Amazon Vendor DE, Test, Sent") && stage.sees("Northwind Retail, Production, Sent"));
    choose(&mut stage, "Result", "Failed");
    stage.wait_gone("Amazon Vendor DE, Test, Sent");
    assert!(stage.sees("Northwind Retail, Production, Sent"));
    choose(&mut stage, "Result", "Uncertain");
    stage.wait_for("No transmission matches");
    stage.click("Show all transmissions");
    stage.wait_for("Amazon Vendor DE, Test, Sent");
    choose(&mut stage, "Partner", "Amazon Vendor DE");
    stage.wait_gone("Northwind Retail, Production, Sent");
    choose(&mut stage, "Partner", "All partners");
    choose(&mut stage, "Direction", "Received");
    stage.wait_for("No transmission matches");
    choose(&mut stage, "Direction", "Sent and received");
    choose(&mut stage, "Period", "Today");
    stage.wait_for("2 transmissions");
    stage.fill("Search transmissions", "northwind");
    stage.wait_gone("Amazon Vendor DE, Test, Sent");
    assert!(stage.sees("1 of 2 transmissions"));
    stage.fill("Search transmissions", "no such thing");
    assert!(stage.sees("No transmission matches"));
    stage.click("Clear search");
    assert!(stage.sees("Amazon Vendor DE, Test, Sent"));
}

#[test]
fn the_detail_shows_timeline_receipt_headers_and_bytes() {
    let mut stage = sent();
    let list = stage.cli(&["transmission", "list", "--connection", "amazon-de", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let id = list["transmissions"][0]["id"].as_str().unwrap().to_owned();
    let shown: serde_json::Value = serde_json::from_str(&stage.cli(&["transmission", "show", &id, "--json"])).unwrap();
    stage.click_beginning("Amazon Vendor DE, Test, Sent");
    stage.wait_for("Receipt matches, done");
    for text in [&shown["message_id"], &shown["payload_sha256"], &shown["id"]] {
        assert!(stage.sees(text.as_str().unwrap()), "{text}: {:#?}", stage.labels());
    }
    stage.click("Receipt");
    for text in [&shown["disposition"], &shown["mic"]["ours"], &shown["mic"]["theirs"]] {
        assert!(stage.sees(text.as_str().unwrap()), "{text}: {:#?}", stage.labels());
    }
    for text in ["Signed with amazonedi-de", "What arrived is what was sent", "For people", "Received-Content-MIC:"] {
        assert!(stage.sees(text), "{text}: {:#?}", stage.labels());
    }
    stage.click("Headers");
    assert!(stage.sees("AS2-To: AMAZONEDI") && stage.sees("Copy answer headers"), "{:#?}", stage.labels());
    stage.click("Raw");
    stage.wait_for("POST http://127.0.0.1");
    assert!(stage.sees("00000000  30"), "an encrypted body as a hex dump: {:#?}", stage.labels());
    stage.click("Answer");
    stage.wait_for("HTTP/1.1 200");
    stage.wait_for("multipart/signed");
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("Close transmission"));
}

#[test]
fn the_detail_of_a_failure_says_why_and_sends_the_kept_document_again() {
    let mut stage = sent();
    let renewed = stage.sample.as_ref().unwrap().folder.join("northwind-renewed.pem").display().to_string();
    stage.click_beginning("Northwind Retail, Production, Sent");
    stage.wait_for("Result: Partner could not decrypt");
    assert!(stage.sees("Import certificate…"), "{:#?}", stage.labels());
    stage.cli(&[
        "certificate",
        "import",
        &renewed,
        "--connection",
        "northwind",
        "--profile",
        "production",
        "--activate",
        "now",
    ]);
    stage.click("Send again");
    stage.wait_for("Delivered, receipt unsigned");
    assert!(stage.sees("Test profile"), "the test send shows how it goes");
    let list = stage.cli(&["transmission", "list", "--connection", "northwind", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let [again, first] = list["transmissions"].as_array().unwrap().as_slice() else { panic!("{list}") };
    assert_eq!((&again["file"], &again["bytes"]), (&first["file"], &first["bytes"]));
    assert_ne!(again["message_id"], first["message_id"]);
}

#[test]
fn arrows_walk_through_the_list() {
    let mut stage = sent();
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.wait_for("to Northwind Retail, Production");
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.wait_for("to Amazon Vendor DE, Test");
}

#[test]
fn the_history_of_a_connection_leads_to_the_transmission() {
    let mut stage = Stage::sample();
    stage.click_beginning("Amazon Vendor DE, production");
    stage.click("History");
    stage.wait_for("No transmission yet");
    stage.cli(&["send", "--connection", "amazon-de", "--profile", "test"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Test, Sent");
    stage.click_beginning("Test, Sent");
    stage.wait_for("to Amazon Vendor DE, Test");
}
