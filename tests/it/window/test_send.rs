//! The test send: what would be sent, sending to one profile and to both, what is asked before, the button that mends.

use std::net::TcpListener;

use super::Stage;

/// Opens the test send of a connection.
fn open(stage: &mut Stage, name: &str) {
    stage.click_beginning(&format!("{name}, production"));
    stage.click("Test send");
    stage.wait_for("Test profile");
}

/// How many transmissions the journal holds for a connection and a profile.
fn journalled(stage: &Stage, connection: &str, profile: &str) -> Vec<serde_json::Value> {
    let list = stage.cli(&["transmission", "list", "--connection", connection, "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let all = list["transmissions"].as_array().unwrap().clone();
    all.into_iter().filter(|sent| sent["profile"] == profile).collect()
}

fn verdicts(stage: &Stage, connection: &str, profile: &str) -> Vec<String> {
    journalled(stage, connection, profile).iter().map(|sent| sent["verdict"].as_str().unwrap().to_owned()).collect()
}

/// The renewed certificate that the sample's partner offers.
fn renewed(stage: &Stage, file: &str) -> String {
    stage.sample.as_ref().unwrap().folder.join(file).display().to_string()
}

fn import(stage: &Stage, file: &str, connection: &str, profile: &str, activate: &str) {
    let file = renewed(stage, file);
    stage.cli(&[
        "certificate",
        "import",
        &file,
        "--connection",
        connection,
        "--profile",
        profile,
        "--activate",
        activate,
    ]);
}

/// The first thing with this label within a profile's card.
fn press_last(stage: &mut Stage, label: &str) {
    use egui_kittest::kittest::Queryable as _;
    stage.harness.query_all_by_label(label).last().unwrap_or_else(|| panic!("there is no `{label}`")).click();
    stage.harness.run();
}

#[test]
fn a_send_to_test_shows_all_stages_five_good_lights_and_the_verdict() {
    let mut stage = Stage::sample();
    import(&stage, "amazon-renewed.cer", "amazon-us", "test", "now");
    open(&mut stage, "Amazon Vendor US");
    for fact in ["ACMEVCTEST → AMAZONEDITEST", "acme-2026, SHA-256", "Nothing was sent yet"] {
        assert!(stage.sees(fact), "{fact}: {:#?}", stage.labels());
    }
    stage.click("Send to test");
    stage.wait_for("Delivered and signed for");
    for seen in [
        "Certificates chosen, done",
        "Message built, done",
        "Connected, done",
        "Sent, done",
        "Answered, done",
        "Receipt (MDN) read, done",
        "Receipt matches, done",
        "HTTP, good",
        "Receipt (MDN), good",
        "Receipt signature, good",
        "Disposition, good",
        "MIC, good",
        " KB · SHA-256 signed, AES-128 encrypted",
    ] {
        assert!(stage.sees(seen), "{seen}: {:#?}", stage.labels());
    }
    assert_eq!(verdicts(&stage, "amazon-us", "test"), ["delivered"]);
    assert!(journalled(&stage, "amazon-us", "production").is_empty());
    stage.click("Open transmission");
    stage.wait_for("Close transmission");
    stage.wait_for("Payload SHA-256");
    assert!(stage.sees("to Amazon Vendor US, Test"), "{:#?}", stage.labels());
}

#[test]
fn a_partner_that_switched_early_is_recognised_and_the_button_mends_it() {
    let mut stage = Stage::sample();
    #[expect(clippy::disallowed_methods, reason = "the window under test goes by the real clock")]
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(30 * 24);
    import(&stage, "northwind-renewed.pem", "northwind", "production", &later.to_string());
    open(&mut stage, "Northwind Retail");
    stage.click("Send to production");
    stage.wait_for("Send to production for the first time?");
    press_last(&mut stage, "Send to production");
    stage.wait_for("Most likely: Northwind Retail has already switched to its new certificate");
    assert!(stage.sees("Partner could not decrypt"));
    assert!(stage.sees("Disposition wrong, bad"), "{:#?}", stage.labels());
    assert!(!stage.sees("What was found"));
    stage.click("Explain");
    assert!(stage.sees("What was found"));
    stage.click("Activate the new certificate now");
    assert!(stage.sees("Activate the new certificate now?") && stage.sees("Nobody has confirmed its fingerprint yet"));
    stage.click("Cancel");
    assert!(stage.cli(&["certificate", "list"]).contains("NWR-PROD"));
    stage.click("Activate the new certificate now");
    stage.click("Activate now");
    stage.wait_for("Messages are now encrypted for NWR-PROD");
    stage.click("Send again");
    stage.wait_for("Delivered, receipt unsigned");
    assert_eq!(verdicts(&stage, "northwind", "production"), ["delivered", "failed"]);
}

#[test]
fn sending_to_both_asks_before_the_first_message_to_production() {
    let mut stage = Stage::sample();
    open(&mut stage, "Amazon Vendor DE");
    stage.click("Send to both");
    stage.wait_for("Send to production for the first time?");
    assert!(stage.sees("The production system of Amazon Vendor DE will receive one X12 997"), "{:#?}", stage.labels());
    stage.settle();
    assert_eq!(super::access::focused(&stage).as_deref(), Some("Cancel"), "Enter pressed twice sends nothing");
    stage.click("Cancel");
    stage.wait_for("Delivered and signed for");
    assert_eq!(verdicts(&stage, "amazon-de", "test"), ["delivered"]);
    assert!(journalled(&stage, "amazon-de", "production").is_empty(), "cancelling sends nothing");
    stage.click("Send to both");
    stage.wait_for("Send to production for the first time?");
    press_last(&mut stage, "Send to production");
    stage.wait_until("both delivered", |stage| {
        use egui_kittest::kittest::Queryable as _;
        stage.harness.query_all_by_label("Delivered and signed for").count() == 2
    });
    assert_eq!(verdicts(&stage, "amazon-de", "production"), ["delivered"]);
    // Once is enough.
    stage.click("Send to both");
    stage.wait_until("both again", |stage| verdicts(stage, "amazon-de", "production") == ["delivered", "delivered"]);
    assert!(!stage.sees("for the first time?"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a partner that takes a message and says nothing")]
fn a_partner_that_never_answers_can_be_given_up_and_is_uncertain_never_failed() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("url=http://{}/as2", silent.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((connection, _)) = silent.accept() {
            held.push(connection);
        }
    });
    let mut stage = Stage::sample();
    stage.cli(&["connection", "set", "amazon-de", "test", &url]);
    open(&mut stage, "Amazon Vendor DE");
    stage.click("Send to test");
    stage.wait_for("Answered, running");
    assert!(stage.sees("Sending"));
    assert!(!stage.sees("Send again"), "one at a time");
    stage.click("Cancel");
    stage.wait_for("Uncertain");
    assert!(stage.sees("Cancelled after it was sent, the message may have arrived"), "{:#?}", stage.labels());
    assert!(stage.sees("Send again"));
    assert_eq!(verdicts(&stage, "amazon-de", "test"), ["uncertain"]);
}

#[test]
fn a_refused_connection_is_told_in_words() {
    let (_nobody, free) = crate::exchange::unheard();
    let mut stage = Stage::sample();
    stage.cli(&["connection", "set", "amazon-de", "test", &format!("url=http://{free}/as2")]);
    open(&mut stage, "Amazon Vendor DE");
    stage.click("Send to test");
    // Offered once it has ended, which is when the journal has it too.
    stage.wait_for("Send again");
    assert!(stage.sees("The partner's server refused the connection"), "{:#?}", stage.labels());
    assert!(stage.sees("Connected, failed") && stage.sees("Sent, skipped"), "{:#?}", stage.labels());
    assert_eq!(verdicts(&stage, "amazon-de", "test"), ["failed"]);
}

#[test]
fn a_file_that_was_dropped_is_sent_and_one_that_is_gone_is_said() {
    let mut stage = Stage::sample();
    let file = stage.workspace.with_file_name("orders.edi");
    std::fs::write(&file, "ISA*00~").unwrap();
    open(&mut stage, "Amazon Vendor DE");
    stage.drop_file(&file);
    assert!(stage.sees("orders.edi"), "{:#?}", stage.labels());
    stage.click("Send to test");
    stage.wait_for("Delivered and signed for");
    assert_eq!(journalled(&stage, "amazon-de", "test")[0]["file"], "orders.edi");
    std::fs::remove_file(&file).unwrap();
    stage.click("Send again");
    stage.wait_for("cannot read");
    assert!(stage.sees("Not sent"));
    assert_eq!(verdicts(&stage, "amazon-de", "test").len(), 1);
}

#[test]
fn a_connection_with_one_profile_says_which_is_missing() {
    let mut stage = Stage::sample();
    let folder = stage.workspace.with_file_name("one.toml");
    let file = stage.sample.as_ref().unwrap().folder.join("amazon-de.toml");
    let text = std::fs::read_to_string(file).unwrap();
    let pem = renewed(&stage, "amazon-de.pem");
    let one = text.split("[test]").next().unwrap().replace("amazon-de.pem", &pem).replace("\"amazon-de\"", "\"one\"");
    std::fs::write(&folder, one.replace("Amazon Vendor DE", "One Alone")).unwrap();
    stage.cli(&["connection", "add", &folder.display().to_string()]);
    stage.press(egui::Modifiers::NONE, egui::Key::F5);
    stage.wait_for("One Alone, production");
    open(&mut stage, "One Alone");
    assert!(stage.sees("No test profile") && stage.sees("Send to production"), "{:#?}", stage.labels());
    assert!(!stage.sees("Send to both") && !stage.sees("Send to test"));
}
