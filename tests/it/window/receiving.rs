//! Receiving inside the window: the sample's listener, the foot of the navigation, the dialog that starts and stops it.

use super::Stage;

#[test]
fn a_receipt_that_comes_later_turns_the_test_send_to_delivered() {
    let mut stage = Stage::sample();
    stage.wait_for("Receiving on :");
    stage.click_beginning("Harbor Grocers, production");
    stage.click("Test send");
    stage.wait_for("Test profile");
    stage.click("Send to test");
    // Waiting is seen only where the receipt takes longer than a frame.
    stage.wait_for("Delivered and signed for");
    let list = stage.cli(&["transmission", "list", "--connection", "harbor", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["transmissions"][0]["verdict"], "delivered");
    let id = list["transmissions"][0]["id"].as_str().unwrap();
    let shown: serde_json::Value = serde_json::from_str(&stage.cli(&["transmission", "show", id, "--json"])).unwrap();
    assert!(shown["receipt_headers"].as_array().unwrap().len() > 3, "its receipt came by itself: {shown:#}");
    let headers = shown["request_headers"].to_string();
    assert!(headers.contains("Receipt-Delivery-Option"), "{headers}");
}

#[test]
fn receiving_is_started_and_stopped_in_a_dialog() {
    let mut stage = Stage::empty();
    stage.wait_for("Not receiving");
    stage.click("Not receiving");
    stage.wait_for("Start receiving");
    stage.fill("Address to listen on", "nowhere");
    assert!(stage.get_is_disabled("Start receiving") && stage.sees("Write an address with a port"));
    // An address that is taken: it is said, and the dialog stays.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    stage.fill("Address to listen on", &address);
    stage.click("Start receiving");
    stage.wait_for("Receiving could not be started");
    drop(taken);
    // A program that another test starts just now may hold a copy of the socket until it runs.
    let begun = std::time::Instant::now();
    while stage.sees("Address to listen on") {
        assert!(begun.elapsed().as_secs() < 60, "{:#?}", stage.labels());
        stage.click("Save");
        stage.wait_until("it was tried", |stage| !stage.sees("Address to listen on") || !stage.get_is_disabled("Save"));
    }
    let port = address.rsplit(':').next().unwrap().to_owned();
    stage.wait_for(&format!("Receiving on :{port}"));
    let answer = crate::exchange::post(&format!("http://{address}/"), &[], b"hello");
    assert_eq!(answer.status, 400);

    stage.click(&format!("Receiving on :{port}"));
    stage.wait_for("Stop receiving");
    stage.click("Stop receiving");
    stage.wait_for("Not receiving");
    stage.wait_until("the address is free again", |_| std::net::TcpListener::bind(&address).is_ok());
}

#[test]
fn a_program_that_receives_already_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = crate::exchange::app_on(&workspace, countersign::app::Clock::System);
    let serving = runtime.block_on(crate::exchange::Serving::start(app, folder.path().join("inbox"), None));
    let mut stage = Stage::opened(folder, workspace);
    stage.wait_for("Received elsewhere");
    runtime.block_on(serving.stop());
    // Looked at anew, it is seen that it has stopped.
    stage.press(egui::Modifiers::NONE, egui::Key::F5);
    stage.wait_for("Not receiving");
}

#[test]
fn the_public_url_is_set_and_tested_in_the_settings() {
    let mut stage = Stage::sample();
    stage.wait_for("Receiving on :");
    stage.press(egui::Modifiers::COMMAND, egui::Key::Comma);
    stage.click("Receiving");
    stage.fill("Public URL", "as2.acme.example");
    stage.settle();
    assert!(stage.get_is_disabled("Save public URL") && stage.get_is_disabled("Test whether it is reached"));
    // The sample's own listener answers, and is known to be ours.
    let listen = stage.cli(&["receiver", "show"]);
    assert!(listen.contains("not set") && listen.contains("yes"), "{listen}");
    let labels = stage.labels();
    let port = labels.iter().find_map(|label| label.strip_prefix("Receiving on :"));
    let here = format!("http://127.0.0.1:{}/as2", port.unwrap_or_else(|| panic!("{labels:#?}")));
    stage.fill("Public URL", &here);
    stage.click("Test whether it is reached");
    stage.wait_for("Our own receiver answered");
    stage.click("Save public URL");
    stage.wait_for("The public URL is set");
    assert!(stage.cli(&["receiver", "show"]).contains(&here));
    // Elsewhere nobody listens.
    stage.fill("Public URL", "http://127.0.0.1:1/as2");
    stage.click("Test whether it is reached");
    stage.wait_for("The connection was refused");
}
