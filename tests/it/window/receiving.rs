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
    stage.click("Save");
    stage.wait_gone("Address to listen on");
    let port = address.rsplit(':').next().unwrap().to_owned();
    stage.wait_for(&format!("Receiving on :{port}"));
    let answer = crate::exchange::post(&format!("http://{address}/"), &[], b"hello");
    assert_eq!(answer.status, 400);

    stage.click(&format!("Receiving on :{port}"));
    stage.wait_for("Stop receiving");
    stage.click("Stop receiving");
    stage.wait_for("Not receiving");
    assert!(std::net::TcpListener::bind(&address).is_ok(), "the address is free again");
}
