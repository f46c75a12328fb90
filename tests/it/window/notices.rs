//! Notices in the window: the count in the navigation, the list, what is done from it, and the settings.

use super::Stage;

/// A window on a workspace whose own certificate ends in twenty days.
fn ending() -> Stage {
    ending_in(20)
}

/// The fixture's connection, with a certificate of the partner's that does not end soon, whenever this is run.
fn connection(folder: &std::path::Path) -> String {
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/window/amazon-de.toml");
    let pem = folder.join("partner.pem");
    std::fs::write(&pem, crate::exchange::PARTNER.certificate.to_pem()).unwrap();
    let pem = pem.display().to_string();
    std::fs::read_to_string(fixture).unwrap().replace("\"amazon-de.pem\"", &format!("{pem:?}"))
}

fn ending_in(days: u32) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let app = crate::exchange::app_on(&workspace, countersign::app::Clock::System);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let new = countersign::app::NewIdentity {
            name: "acme-2026".parse().unwrap(),
            key: countersign::app::KeyKind::EcP256,
            days,
            subject: None,
        };
        app.create_identity(new).await.unwrap();
        let file = folder.path().join("amazon-de.toml");
        std::fs::write(&file, connection(folder.path())).unwrap();
        app.add_connection(&file, false).await.unwrap();
        app.close().await;
    });
    Stage::opened(folder, workspace)
}

const TITLE: &str = "No successor yet: our certificate acme-2026 ends in ";

#[test]
fn a_new_notice_is_told_once_and_leads_to_the_list() {
    let mut stage = ending();
    stage.wait_for("Notices, 1 to look at");
    // The message at the edge; then the page that it leads to.
    stage.wait_for("Show notices");
    stage.click("Show notices");
    stage.wait_for("1 to look at");
    stage.wait_for(TITLE);
    assert!(stage.sees("Certificate ends: Soon"), "icon and word");
    assert!(stage.sees("Make a new identity"));
    let list = stage.cli(&["notice", "list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["notices"][0]["told"][0]["way"], "window");
}

#[test]
fn a_notice_is_acknowledged_put_off_and_opened_again() {
    let mut stage = ending();
    stage.wait_for("Notices, 1 to look at");
    stage.press(egui::Modifiers::COMMAND, egui::Key::B);
    stage.wait_for(TITLE);
    stage.click("Acknowledge");
    stage.wait_for("Everything was acknowledged or put off");
    stage.click("All");
    stage.wait_for("Certificate ends: Acknowledged");
    stage.click("Open again");
    stage.wait_for("Certificate ends: Soon");

    stage.click("Put off");
    stage.wait_for("For a week");
    stage.click("For a week");
    stage.wait_for("Certificate ends: Put off");
    stage.click("Open again");
    stage.wait_for("Certificate ends: Soon");

    stage.click("Put off");
    stage.wait_for("Until a date…");
    stage.click("Until a date…");
    stage.wait_for("Put off until a date");
    stage.fill("Time", "25:00");
    stage.wait_for("Write a time such as 09:00");
    stage.fill("Time", "09:00");
    let buttons = stage.labels().iter().filter(|label| *label == "Put off").count();
    assert!(buttons >= 1);
    stage.press(egui::Modifiers::NONE, egui::Key::Escape);
}

#[test]
fn nothing_is_put_off_beyond_the_day_that_it_is_about() {
    let mut stage = ending_in(4);
    stage.wait_for("Notices, 1 to look at");
    stage.press(egui::Modifiers::COMMAND, egui::Key::B);
    stage.wait_for(TITLE);
    stage.click("Put off");
    stage.wait_for("For a day");
    assert!(!stage.sees("For a week"), "{:#?}", stage.labels());
    stage.click("For a day");
    stage.wait_for("Everything was acknowledged or put off");
}

#[test]
fn the_cause_is_one_click_away() {
    let mut stage = ending();
    stage.wait_for("Notices, 1 to look at");
    stage.press(egui::Modifiers::COMMAND, egui::Key::B);
    stage.wait_for(TITLE);
    stage.click("Show identities");
    stage.wait_for("Settings");
    stage.wait_for("acme-2026");
}

#[test]
fn notifications_are_set_and_what_makes_no_sense_is_said_at_the_field() {
    let mut stage = ending();
    stage.wait_for("Notices, 1 to look at");
    stage.press(egui::Modifiers::COMMAND, egui::Key::Comma);
    stage.wait_for("Notifications");
    stage.click("Notifications");
    stage.wait_for("Days before");
    stage.fill("Days before", "soon");
    stage.wait_for("is not a number of days");
    assert!(stage.get_is_disabled("Save"));
    stage.fill("Days before", "40, 10");
    stage.click("Save");
    stage.wait_for("Notifications are set");
    let shown: serde_json::Value = serde_json::from_str(&stage.cli(&["notifications", "show", "--json"])).unwrap();
    assert_eq!(shown["steps"], serde_json::json!([40, 10]));

    // A mail server that is not there: saved, tried, and told.
    let (_nobody, nobody) = crate::exchange::unheard();
    stage.fill("Mail server", "127.0.0.1");
    stage.fill("Port", &nobody.port().to_string());
    stage.fill("From", "edi@acme.example");
    stage.fill("To", "jo@acme.example");
    stage.click("Protection");
    stage.wait_for("None, server on this machine");
    stage.click("None, server on this machine");
    stage.click("Save");
    stage.wait_until("the test mail can be sent", |stage| !stage.get_is_disabled("Send test mail"));
    stage.click("Send test mail");
    stage.wait_for("The test mail was not sent");
    assert!(stage.sees("no conversation with 127.0.0.1"));
}

#[test]
fn a_report_is_asked_for_with_its_format() {
    let mut stage = ending();
    stage.wait_for("Notices, 1 to look at");
    stage.press(egui::Modifiers::COMMAND, egui::Key::K);
    stage.get("Find").type_text("report");
    stage.settle();
    stage.press(egui::Modifiers::NONE, egui::Key::Enter);
    stage.wait_for("One page to read, print or forward");
    stage.click("CSV");
    stage.wait_for("One table for spreadsheets");
    stage.press(egui::Modifiers::NONE, egui::Key::Escape);
    stage.wait_gone("One table for spreadsheets");
}

#[test]
fn of_many_the_most_urgent_are_drawn_and_the_others_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let app = crate::exchange::app_on(&workspace, countersign::app::Clock::System);
    let text = connection(folder.path());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for number in 0..64 {
            let name = format!("customer-{number}");
            let new = countersign::app::NewIdentity {
                name: name.parse().unwrap(),
                key: countersign::app::KeyKind::EcP256,
                days: 5 + number,
                subject: None,
            };
            app.create_identity(new).await.unwrap();
            let file = folder.path().join(format!("{name}.toml"));
            let connection =
                text.replace("\"amazon-de\"", &format!("\"{name}\"")).replace("\"acme-2026\"", &format!("\"{name}\""));
            std::fs::write(&file, connection).unwrap();
            app.add_connection(&file, false).await.unwrap();
        }
        app.close().await;
    });
    let mut stage = Stage::opened(folder, workspace);
    stage.wait_for("Notices, 64 to look at");
    stage.press(egui::Modifiers::COMMAND, egui::Key::B);
    stage.wait_for("our certificate customer-0 ends in 4 days");
    stage.wait_for("Show more, 4 notices left");
}
