//! What is named on the command line, or brought by a later start: links and files.

use countersign::app::ToOpen;
use egui::{Key, Modifiers};

use super::Stage;

fn link(stage: &mut Stage, text: &str) {
    stage.harness.state_mut().open([ToOpen::Link(text.to_owned())]);
    stage.settle();
}

#[test]
fn a_link_leads_to_its_connection_its_transmission_and_its_rollover() {
    let mut stage = Stage::sample();
    let sent = stage.cli(&["--json", "send", "--connection", "amazon-us", "--profile", "test"]);
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    stage.press(Modifiers::COMMAND, Key::Num3);
    assert!(!stage.sees("Close inspector"));
    link(&mut stage, "countersign://connection/northwind");
    stage.wait_for("Close inspector");
    stage.get("Northwind Retail");
    // As it is got at.
    stage.click("More actions");
    stage.click("Copy link");
    stage.wait_for("countersign://connection/northwind");
    stage.click("Close message");
    link(&mut stage, &format!("countersign://transmission/{}", sent["id"].as_str().unwrap()));
    stage.wait_for("Timeline");
    let renewed = stage.sample.as_ref().unwrap().renewed[1].1.clone();
    let in_a_week =
        countersign::app::Clock::System.now().checked_add(jiff::SignedDuration::from_hours(7 * 24)).unwrap();
    stage.cli(&["rollover", "start", renewed.to_str().unwrap(), "--at", &in_a_week.to_string()]);
    link(&mut stage, "countersign://rollover/1");
    stage.wait_for("Northwind Retail, production, Not told");
}

#[test]
fn a_link_that_leads_nowhere_is_told_in_words_and_changes_nothing() {
    let mut stage = Stage::sample();
    let before = stage.cli(&["--json", "connection", "list"]);
    link(&mut stage, "countersign://connection/amazon-uk");
    stage.wait_for("The link leads nowhere");
    assert!(stage.sees("This workspace has no connection amazon-uk; did you mean amazon-us"), "{:#?}", stage.labels());
    stage.click("Close message");
    for (text, why) in [
        ("countersign://connection/../../etc/passwd", "The connection's id"),
        ("countersign://policy/none", "`countersign://policy/none` leads to nothing that Countersign knows"),
        ("countersign:", "`countersign:` is not a link of Countersign"),
    ] {
        link(&mut stage, text);
        stage.wait_for(why);
        assert!(stage.sees("such as countersign://connection/amazon-us"), "{:#?}", stage.labels());
        stage.click("Close message");
    }
    link(&mut stage, "countersign://transmission/019ab3f0-0000-7000-8000-000000000001");
    stage.wait_for("019ab3f0");
    link(&mut stage, "countersign://rollover/7");
    stage.wait_for("rollover 7");
    assert_eq!(stage.cli(&["--json", "connection", "list"]), before);
    // The window goes on as if nothing had been.
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.wait_for("Amazon Vendor US, production");
}

#[test]
fn a_file_is_looked_at_before_it_is_brought_in_and_never_sent() {
    let mut stage = Stage::sample();
    link(&mut stage, "countersign://connection/northwind");
    stage.wait_for("Close inspector");
    let renewed = stage.sample.as_ref().unwrap().renewed[0].1.clone();
    stage.harness.state_mut().open([ToOpen::File(renewed.into_os_string())]);
    stage.wait_for("New partner certificate");
    // Whose it is is asked, and not taken from what happens to be shown.
    stage.wait_for("Search the connection");
    stage.wait_for("amazon-renewed");
    assert!(!stage.sees("For Northwind Retail"), "{:#?}", stage.labels());
    stage.press(Modifiers::NONE, Key::Escape);
    stage.wait_gone("New partner certificate");
    // A document that is dropped onto a connection is sent; one that is opened is not.
    let document = stage.workspace.join("order.edi");
    std::fs::write(&document, "ISA*00*").unwrap();
    stage.harness.state_mut().open([ToOpen::File(document.into_os_string())]);
    stage.wait_for("New partner certificate");
    assert!(!stage.sees("Send files"), "{:#?}", stage.labels());
    assert!(!stage.cli(&["transmission", "list"]).contains("order.edi"));
}

#[test]
fn what_is_named_when_the_window_is_started_is_opened_once_the_workspace_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let mut stage = Stage::opened(folder, workspace);
    stage.harness.state_mut().open([ToOpen::Link("countersign://connection/none".to_owned())]);
    stage.wait_for("This workspace has no connection none");
    assert!(!stage.workspace.exists(), "looking leaves nothing behind");
}
