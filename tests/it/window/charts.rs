//! The chart above the list of transmissions: what it says, and what a click on it does.

use countersign::app::{App, Clock, Location, Unlock};
use countersign::domain::diagnosis::Diagnosis;
use countersign::domain::transmission::{Direction, Transmission, Verdict};
use countersign::store::{As2Pair, Workspace};
use egui::{Key, Modifiers};

use super::Stage;

/// One an hour from 15 to 18 November 2023; two of each day failed, for two causes.
fn charted() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workspace");
    let now = "2023-11-19T00:00:00Z".parse().unwrap();
    let location = Location::Dir(path.clone());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let workspace = Workspace::open_or_create(&location, &Unlock::none(), now).await.unwrap();
        let mut batch = workspace.begin().await.unwrap();
        for hour in 0..96_i64 {
            let at = jiff::Timestamp::from_second(1_700_006_400 + hour * 3600).unwrap();
            let stamp = u128::try_from(at.as_millisecond()).unwrap();
            let id = uuid::Uuid::from_u128((stamp << 80) | (7 << 76) | (2 << 62));
            let mut sent = Transmission::new(id, format!("<{hour}@acme>"), at, Direction::Outbound);
            sent.connection = Some("harbor".parse().unwrap());
            sent.file = Some(format!("order-{hour}.edi"));
            let (verdict, cause) = match hour % 24 {
                0 => (Verdict::Failed, "MIC mismatch"),
                12 => (Verdict::Failed, "The server refused the connection"),
                _ => (Verdict::Delivered, "Delivered"),
            };
            sent.verdict = verdict;
            sent.diagnosis = Some(Diagnosis { cause: cause.to_owned(), ..Diagnosis::default() });
            batch.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        }
        batch.commit().await.unwrap();
        workspace.close().await;
    });
    let app = App::new(location, Unlock::none(), Clock::Fixed(now));
    let mut stage = Stage::on_app(app, folder, path);
    stage.wait_for("New connection…");
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.wait_for("88 delivered");
    stage
}

const WEDNESDAY: &str = "Wed 15 Nov: 22 delivered, 2 failed";

#[test]
fn a_bar_that_is_clicked_filters_the_list_until_it_is_clicked_again_or_taken_away() {
    let mut stage = charted();
    assert!(stage.sees("96 transmissions") && stage.sees("8 failed"), "{:#?}", stage.labels());
    stage.click(WEDNESDAY);
    stage.wait_for("24 transmissions");
    assert!(stage.sees("order-23.edi") && !stage.sees("order-24.edi"), "{:#?}", stage.labels());
    stage.click("Remove Wed 15 Nov");
    stage.wait_for("96 transmissions");
    stage.click(WEDNESDAY);
    stage.wait_for("Remove Wed 15 Nov");
    stage.click(WEDNESDAY);
    stage.wait_for("96 transmissions");
    stage.click("By cause");
    stage.click("MIC mismatch: 4 failed");
    stage.wait_for("4 transmissions");
    assert!(stage.sees("Remove MIC mismatch") && stage.sees("order-72.edi"), "{:#?}", stage.labels());
    stage.click("MIC mismatch: 4 failed");
    stage.wait_for("96 transmissions");
    stage.click("By partner");
    stage.click("harbor: 8 failed");
    stage.wait_for("8 transmissions");
    stage.click("harbor: 8 failed");
    stage.wait_for("96 transmissions");
}

#[test]
fn the_arrows_go_from_bar_to_bar_and_enter_filters() {
    let mut stage = charted();
    stage.get("Sat 18 Nov: 22 delivered, 2 failed").focus();
    stage.settle();
    for _ in 0..3 {
        stage.press(Modifiers::NONE, Key::ArrowLeft);
    }
    assert!(stage.get(WEDNESDAY).is_focused(), "{:#?}", stage.labels());
    // Further it does not go.
    stage.press(Modifiers::NONE, Key::ArrowLeft);
    stage.press(Modifiers::NONE, Key::ArrowRight);
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("24 transmissions");
    assert!(stage.sees("Remove Thu 16 Nov") && stage.sees("order-47.edi"), "{:#?}", stage.labels());
}

#[test]
fn the_same_numbers_are_read_as_a_table_by_other_steps_and_of_what_is_searched() {
    let mut stage = charted();
    stage.click("Hour");
    stage.wait_for("15 Nov, 00:00: 1 failed");
    stage.click("Show as table");
    stage.wait_for("18 Nov, 23:00");
    assert!(stage.sees("Uncertain or waiting"), "{:#?}", stage.labels());
    stage.click("Week");
    stage.wait_for("13 Nov to 19 Nov 2023");
    stage.click("Receipt time");
    stage.wait_for("No receipt (MDN) has come for these transmissions");
    stage.click("By partner");
    stage.wait_for("harbor");
    stage.fill("Search transmissions", "order-95");
    stage.wait_for("None of these transmissions failed");
    assert!(stage.sees("1 delivered"), "{:#?}", stage.labels());
    stage.fill("Search transmissions", "no such order");
    stage.wait_for("Nothing to count");
}

#[test]
fn the_chart_is_hidden_but_for_its_sum_and_stays_so() {
    let mut stage = charted();
    stage.click("Hide the chart");
    assert!(!stage.sees(WEDNESDAY) && stage.sees("88 delivered"), "{:#?}", stage.labels());
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.wait_for("Show the chart");
    assert!(!stage.sees(WEDNESDAY));
    stage.click("Show the chart");
    stage.wait_for(WEDNESDAY);
}
