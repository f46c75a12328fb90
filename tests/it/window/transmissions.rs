//! The journal: the list with its filters, the detail with its tabs, a connection's history.

use egui::{Key, Modifiers};

use super::Stage;

/// A sample in which one message was delivered and one failed.
pub(super) fn sent() -> Stage {
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
    stage.click("More filters");
    stage.click("Received");
    stage.wait_for("No transmission matches");
    stage.click("Remove Received");
    stage.wait_for("2 transmissions");
    choose(&mut stage, "Period", "Today");
    stage.wait_for("2 transmissions");
}

#[test]
fn a_search_finds_message_ids_file_names_and_control_numbers() {
    let mut stage = sent();
    let list = stage.cli(&["transmission", "list", "--connection", "northwind", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let one = &list["transmissions"][0];
    let number = one["control_numbers"].as_str().unwrap().split(' ').next().unwrap().to_owned();
    for text in [one["message_id"].as_str().unwrap(), &one["message_id"].as_str().unwrap()[10..30].to_uppercase()] {
        stage.fill("Search transmissions", text);
        stage.wait_gone("Amazon Vendor DE, Test, Sent");
        stage.wait_for("1 transmission");
        assert!(stage.sees("Northwind Retail, Production, Sent"));
    }
    stage.fill("Search transmissions", &number);
    stage.wait_for("Northwind Retail, Production, Sent");
    stage.fill("Search transmissions", "countersign-TEST");
    stage.wait_for("2 transmissions");
    stage.fill("Search transmissions", "no such thing");
    stage.wait_for("No transmission matches");
    stage.click("Clear search");
    stage.wait_for("Amazon Vendor DE, Test, Sent");
    stage.fill("Search transmissions", "zz");
    assert!(stage.sees("Type three characters or more to search"));
    assert!(stage.sees("2 transmissions"));
}

#[test]
fn a_filter_is_saved_under_a_name_and_found_again() {
    let mut stage = sent();
    choose(&mut stage, "Result", "Failed");
    stage.wait_gone("Amazon Vendor DE, Test, Sent");
    stage.click("More filters");
    stage.click("Production");
    stage.press(Modifiers::NONE, Key::Escape);
    stage.wait_for("Remove Production");
    stage.click("Saved");
    stage.fill("Name of the filter", "Failed in production");
    stage.click("Save");
    stage.press(Modifiers::NONE, Key::Escape);
    stage.click("Remove Production");
    choose(&mut stage, "Result", "All results");
    stage.wait_for("Amazon Vendor DE, Test, Sent");
    stage.click("Saved");
    stage.click("Failed in production");
    stage.wait_gone("Amazon Vendor DE, Test, Sent");
    assert!(stage.sees("Remove Production") && stage.sees("1 transmission"));
    stage.click("Remove filter Failed in production");
    stage.wait_for("No filter was saved yet");
}

#[test]
fn columns_are_chosen_and_heads_sort() {
    let mut stage = sent();
    stage.click("Columns");
    stage.click("Document");
    stage.press(Modifiers::NONE, Key::Escape);
    stage.wait_for("997");
    let first = |stage: &Stage| stage.labels().into_iter().find(|label| label.contains(", Sent ")).unwrap();
    assert!(first(&stage).starts_with("Northwind"), "the newest first");
    stage.click("Sort by Partner");
    stage.wait_until("the other partner first", |stage| first(stage).starts_with("Amazon"));
    stage.click("Sort by Partner");
    stage.wait_until("the other way round", |stage| first(stage).starts_with("Northwind"));
    stage.click("Sort by When");
    stage.click("Sort by When");
    stage.wait_until("the oldest first", |stage| first(stage).starts_with("Amazon"));
    stage.click("Sort by Result");
    stage.wait_until("what needs action first", |stage| first(stage).starts_with("Northwind"));
}

#[test]
fn several_are_selected_with_the_keys_and_something_is_done_with_all_of_them() {
    let mut stage = sent();
    stage.wait_for("Hide the chart");
    stage.click("Hide the chart");
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.wait_for("to Northwind Retail, Production");
    stage.press(Modifiers::SHIFT, Key::ArrowDown);
    stage.wait_for("2 selected");
    stage.click("Copy Message-IDs");
    stage.wait_for("The Message-IDs of what is selected");
    stage.click("Send selection as new…");
    stage.wait_for("Send 2 documents as new?");
    stage.click("Send 2 documents as new");
    stage.wait_for("4 transmissions");
    // What comes into the list meanwhile moves the button.
    for _ in 0..50 {
        if stage.sees("2 selected") {
            stage.click("Clear selection");
            stage.settle();
        }
    }
    assert!(!stage.sees("2 selected"));
    stage.wait_for("2 messages sent again");
    stage.press(Modifiers::COMMAND, Key::A);
    stage.wait_for("All 4 selected");
    // All of them can be sent again too, those that did not get through.
    stage.click("Redeliver selection…");
    stage.wait_for("Redeliver 2 messages?");
    stage.click("Redeliver 2 messages");
    stage.wait_for("2 failed");
    stage.press(Modifiers::NONE, Key::Escape);
    stage.wait_gone("All 4 selected");
}

#[test]
fn a_selection_moves_no_row_and_does_not_outlive_its_filter() {
    let mut stage = sent();
    stage.wait_for("Hide the chart");
    let top = stage.row("Northwind Retail, Production").rect().top();
    stage.press(Modifiers::COMMAND, Key::A);
    stage.wait_for("All 2 selected");
    assert!((stage.row("Northwind Retail, Production").rect().top() - top).abs() < 0.5, "the rows have moved");
    choose(&mut stage, "Result", "Failed");
    stage.wait_gone("All 2 selected");
}

#[test]
fn a_list_of_choices_is_used_with_the_keyboard_alone() {
    let mut stage = sent();
    stage.get("Partner").focus();
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("All partners");
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_gone("All partners");
    stage.wait_for("1 transmission");
    assert!(!stage.sees("Close transmission"), "nothing behind the list has opened");
}

#[test]
fn the_keyboard_goes_through_the_journal_from_row_to_row_and_on_into_what_is_open() {
    use super::access::focused;
    let mut stage = sent();
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.wait_for("to Northwind Retail, Production");
    let at = |stage: &Stage| focused(stage).unwrap_or_default();
    assert!(
        at(&stage).starts_with("Northwind Retail"),
        "the row has the keyboard, not only the selection: {}",
        at(&stage)
    );
    stage.press(Modifiers::NONE, Key::End);
    stage.wait_for("to Amazon Vendor DE, Test");
    assert!(at(&stage).starts_with("Amazon Vendor DE"), "{}", at(&stage));
    stage.press(Modifiers::NONE, Key::PageUp);
    stage.wait_for("to Northwind Retail, Production");
    stage.harness.event(egui::Event::Text("a".to_owned()));
    stage.settle();
    stage.wait_for("to Amazon Vendor DE, Test");
    assert!(at(&stage).starts_with("Amazon Vendor DE"), "{}", at(&stage));
    // The selection goes on from where the keyboard is.
    stage.press(Modifiers::SHIFT, Key::ArrowUp);
    stage.wait_for("2 selected");
    stage.press(Modifiers::NONE, Key::Home);
    stage.wait_gone("2 selected");
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_until("the detail has the keyboard", |stage| !at(stage).starts_with("Northwind Retail"));
    assert!(stage.sees("Close transmission"));
}

#[test]
fn what_is_done_with_a_selection_stays_in_reach_where_the_inspector_leaves_little_room() {
    let mut stage = sent();
    stage.harness.set_size(egui::vec2(1280.0, 800.0));
    stage.wait_for("Hide the chart");
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.wait_for("to Northwind Retail, Production");
    stage.press(Modifiers::SHIFT, Key::ArrowDown);
    stage.wait_for("2 selected");
    assert!(stage.sees("Close transmission"), "the inspector is open");
    for button in ["Redeliver selection…", "Send selection as new…", "Clear selection"] {
        let place = stage.get(button).rect();
        assert!(place.height() < 40.0 && place.width() > 80.0, "{button} is squeezed: {place}");
    }
    stage.click("Clear selection");
    stage.wait_gone("2 selected");
}

#[test]
fn a_long_list_is_read_where_it_is_looked_at_and_stays_where_it_is_when_more_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workspace");
    journal(&path, 0..3_000);
    let mut stage = Stage::opened(folder, path.clone());
    stage.wait_for("New connection…");
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.wait_for("3,000 transmissions");
    stage.wait_for("order-2999.edi");
    assert!(!stage.sees("order-1500.edi"));
    stage.press(Modifiers::NONE, Key::End);
    stage.wait_for("order-0.edi");
    journal(&path, 3_000..3_003);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("3,003 transmissions");
    stage.settle();
    assert!(stage.sees("order-0.edi"), "what was looked at is still there");
    stage.press(Modifiers::NONE, Key::Home);
    stage.wait_for("order-3002.edi");
    stage.press(Modifiers::COMMAND, Key::A);
    stage.wait_for("All 3,003 selected");
}

/// Journals messages, one a minute.
fn journal(path: &std::path::Path, numbers: std::ops::Range<i64>) {
    use countersign::app::{Location, Unlock};
    use countersign::domain::transmission::{Direction, Transmission, Verdict};
    use countersign::store::{As2Pair, Workspace};
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let now = "2026-11-24T00:00:00Z".parse().unwrap();
        let location = Location::Dir(path.to_owned());
        let workspace = Workspace::open_or_create(&location, &Unlock::none(), now).await.unwrap();
        let mut batch = workspace.begin().await.unwrap();
        for number in numbers {
            let at = jiff::Timestamp::from_second(1_700_000_000 + number * 60).unwrap();
            let id =
                uuid::Uuid::from_u128((u128::try_from(at.as_millisecond()).unwrap() << 80) | (7 << 76) | (2 << 62));
            let mut sent = Transmission::new(id, format!("<{number}@acme>"), at, Direction::Outbound);
            sent.file = Some(format!("order-{number}.edi"));
            sent.verdict = Verdict::Delivered;
            batch.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        }
        batch.commit().await.unwrap();
        workspace.close().await;
    });
}

#[test]
fn the_detail_says_when_the_next_attempt_is_made_and_which_receipt_was_asked_for() {
    use countersign::app::{Location, Unlock};
    use countersign::domain::transmission::{Attempt, Direction, Transmission, Verdict};
    use countersign::store::{As2Pair, Workspace};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workspace");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let at: jiff::Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
        let workspace = Workspace::open_or_create(&Location::Dir(path.clone()), &Unlock::none(), at).await.unwrap();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (number, direction) in [(1, Direction::Outbound), (2, Direction::Inbound)] {
            let id = uuid::Uuid::from_u128((number << 80) | (7 << 76) | (2 << 62));
            let mut one = Transmission::new(id, format!("<{number}@acme>"), at, direction);
            one.file = Some(format!("order-{number}.edi"));
            if direction == Direction::Outbound {
                one.verdict = Verdict::Uncertain;
                one.next_attempt = Some(at + jiff::SignedDuration::from_mins(5));
                let (verdict, detail) = (Verdict::Uncertain, "No answer in time".to_owned());
                one.attempts.push(Attempt { number: 1, started: at, verdict, http_status: None, detail });
            } else {
                one.verdict = Verdict::Received;
                one.http_status = Some(200);
                one.request_headers = vec![
                    header("Disposition-Notification-To", "x"),
                    header("Disposition-Notification-Options", "signed-receipt-protocol=optional, pkcs7-signature"),
                ];
                one.response_headers = vec![header("Content-Type", "multipart/signed; boundary=x")];
            }
            workspace.begin_transmission(&one, As2Pair::default()).await.unwrap();
        }
        workspace.close().await;
    });
    let mut stage = Stage::opened(folder, path);
    stage.wait_for("New connection…");
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.wait_for("order-2.edi");
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.wait_for("Close transmission");
    // The tabs come with what was read.
    stage.wait_for("Timeline");
    stage.click("Receipt");
    stage.wait_for("Sent in the answer, signed");
    assert!(stage.sees("Signed, in the answer"), "{:#?}", stage.labels());
    stage.click("Timeline");
    stage.press(Modifiers::NONE, Key::ArrowDown);
    stage.wait_for("The next attempt is made by itself at 24 Nov");
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
    stage.click("Structure");
    stage.wait_for("What the journal knows of the inside");
    assert!(stage.sees("EnvelopedData") && stage.sees("only the partner can open it"), "{:#?}", stage.labels());
    stage.click("Receipt (MDN)");
    stage.wait_for("Good, made by amazonedi-de");
    stage.click("Payload");
    stage.wait_for("Functional acknowledgment");
    for text in ["AK1", "Answer to a group", "Envelopes and counts are right", "Marked as a test", "Save payload…"] {
        assert!(stage.sees(text), "{text}: {:#?}", stage.labels());
    }
    stage.click("Hex");
    stage.wait_for("00000000  49 53 41 2a");
    stage.click("Text");
    stage.wait_for("ISA*00*");
    stage.click("Raw");
    stage.wait_for("POST http://127.0.0.1");
    // An encrypted body as a hex dump.
    stage.wait_for("00000000  30");
    stage.click("Answer");
    stage.wait_for("HTTP/1.1 200");
    stage.wait_for("multipart/signed");
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("Close transmission"));
}

#[test]
fn a_support_bundle_is_shown_file_by_file_before_it_is_saved() {
    let mut stage = sent();
    stage.click_beginning("Northwind Retail, Production, Sent");
    stage.wait_for("Result: Partner could not decrypt");
    stage.click("Support bundle…");
    stage.wait_for("It holds no password, no private key and no document");
    for text in ["README.txt", "transmission.json", "certificates/partner-1.pem", "The settings of the connection"] {
        assert!(stage.sees(text), "{text}: {:#?}", stage.labels());
    }
    assert!(!stage.sees("payload.bin") && !stage.sees("in the clear"));
    stage.click("settings.toml");
    stage.wait_for("partner_as2_id = ");
    stage.click("Put the document itself into it");
    stage.wait_for("payload.bin");
    stage.wait_for("It holds the document itself");
    assert!(stage.sees("The document will leave this machine in the clear"), "{:#?}", stage.labels());
    stage.click("Put the document itself into it");
    stage.wait_gone("payload.bin");
    stage.settle();
    stage.click("Cancel");
    stage.wait_gone("Support bundle for the AS2 transmission");
}

#[test]
fn the_detail_of_a_failure_says_why_and_redelivers_it_once_that_is_mended() {
    let mut stage = sent();
    let renewed = stage.sample.as_ref().unwrap().folder.join("northwind-renewed.pem").display().to_string();
    stage.click_beginning("Northwind Retail, Production, Sent");
    stage.wait_for("Result: Partner could not decrypt");
    assert!(stage.sees("Import certificate…"), "{:#?}", stage.labels());
    // Them or us is said at first sight.
    assert!(stage.sees("On our side"), "{:#?}", stage.labels());
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
    stage.click("Redeliver");
    stage.wait_for("Delivered, receipt unsigned");
    assert!(stage.sees("Test profile"), "the test send shows how it goes");
    let list = stage.cli(&["transmission", "list", "--connection", "northwind", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let [only] = list["transmissions"].as_array().unwrap().as_slice() else { panic!("{list}") };
    assert_eq!(only["verdict"], "delivered", "the same transmission");
    // As a new message it goes out only after a warning.
    stage.click("Open transmission");
    stage.wait_for("Redeliver…");
    stage.click("Send as new…");
    stage.wait_for("cannot tell that it is the same");
    stage.click("Send as new");
    stage.wait_for("Test profile");
    stage.wait_for("Delivered, receipt unsigned");
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

/// Shows the document of the transmission that was sent last, once it lies in the archive as these bytes.
fn document(stage: &mut Stage, bytes: &[u8]) {
    let file = stage.workspace.join("document.edi");
    std::fs::write(&file, bytes).unwrap();
    stage.cli(&["send", file.to_str().unwrap(), "--connection", "amazon-de", "--profile", "test"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("document.edi");
    stage.click_containing("document.edi");
    stage.wait_for("Timeline");
    stage.click("Payload");
}

#[test]
fn a_broken_document_says_what_is_wrong_and_leads_there() {
    let mut stage = sent();
    let sample = std::fs::read("tests/fixtures/documents/broken-counts.edi").unwrap();
    document(&mut stage, &sample);
    stage.wait_for("3 problems");
    assert!(stage.sees("UNT counts 17, and there are 18 segments"), "{:#?}", stage.labels());
    stage.click_beginning("Segment 19, byte");
    stage.wait_for("Message trailer");
}

#[test]
fn a_functional_acknowledgement_says_what_it_is_about_and_why_it_rejects() {
    let mut stage = sent();
    let sample = std::fs::read("tests/fixtures/documents/997-rejected.x12").unwrap();
    document(&mut stage, &sample);
    stage.wait_for("Acknowledges");
    for text in ["810 0001 of group IN 20933: Rejected", "Element 7: Invalid code value", "Partly accepted"] {
        assert!(stage.sees(text), "{text}: {:#?}", stage.labels());
    }
}

#[test]
fn of_a_long_document_only_what_is_seen_is_read_and_pages_lead_through_the_rest() {
    let mut stage = sent();
    let sample = String::from_utf8(std::fs::read("tests/fixtures/documents/850.x12").unwrap()).unwrap();
    let (head, rest) = sample.split_once("PO1*").unwrap();
    let line = "PO1*1*24*EA*12.50**UP*012345678905*VN*ACME-100~\n";
    let mut long = String::new();
    long.push_str(head);
    (0..45_000).for_each(|_| long.push_str(line));
    long.push_str("PO1*");
    long.push_str(rest);
    document(&mut stage, long.as_bytes());
    stage.wait_for("Segments 1 to 20,000 of 45,018");
    stage.wait_for("Beginning of a purchase order");
    stage.fill("Go to number", "45018");
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("Interchange trailer");
    let begun = std::time::Instant::now();
    stage.click("Previous page");
    stage.wait_for("Segments 20,001 to 40,000 of 45,018");
    stage.wait_for("Ordered item");
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}

#[test]
fn the_palette_finds_a_transmission_by_its_file_and_leads_to_it() {
    let mut stage = sent();
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.press(Modifiers::COMMAND, Key::K);
    stage.get("Find").type_text("countersign-test");
    // Not the row of the matrix behind it, which is there before anything was found.
    stage.wait_for(".x12 Northwind Retail, ");
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("Close transmission");
}
