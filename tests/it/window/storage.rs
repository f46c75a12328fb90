//! Settings > Storage: what is kept, rules that are tried out, saved and followed.

use std::path::Path;

use countersign::app::{App, Clock, Location, Unlock};
use countersign::domain::retention::RetentionMark;
use countersign::domain::transmission::{Direction, Lights, Transmission, Verdict};
use countersign::store::{As2Pair, Part, Workspace};
use egui::{Key, Modifiers};
use jiff::Timestamp;
use uuid::Uuid;

use super::Stage;

/// Fills journal and archive with a transmission for each of so many weeks before an instant, the newest first: every fifth
/// is uncertain. Returns their ids.
pub(super) async fn fill(folder: &Path, now: Timestamp, weeks: u32, bytes: usize) -> Vec<String> {
    let location = Location::Dir(folder.to_owned());
    let workspace = Workspace::open_or_create(&location, &Unlock::none(), now).await.unwrap();
    let mut ids = Vec::new();
    for week in 1..=weeks {
        let at = Timestamp::from_second(now.as_second() - i64::from(week) * 7 * 86_400).unwrap();
        let id = Uuid::from_u128((u128::try_from(at.as_millisecond()).unwrap() << 80) | 0x7000_8000_0000_0000_0500);
        let mut sent = Transmission::new(id, format!("<{week}@ACMEVC>"), at, Direction::Outbound);
        sent.verdict = if week % 5 == 0 { Verdict::Uncertain } else { Verdict::Delivered };
        sent.lights = Lights { receipt: countersign::domain::transmission::Light::Good, ..Lights::DARK };
        sent.file = Some(format!("850_{week:05}.edi"));
        sent.bytes.payload = bytes as u64;
        workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        let place = workspace.archive().prepare(id).unwrap();
        for (part, bytes) in
            [(Part::Payload, bytes), (Part::RequestBody(1), bytes + bytes / 4), (Part::ResponseBody(1), 2300)]
        {
            std::fs::write(place.join(part.file_name()), vec![b'x'; bytes]).unwrap();
        }
        ids.push(id.to_string());
    }
    workspace.close().await;
    ids
}

fn stage() -> (Stage, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("workspace");
    let app = App::new(Location::Dir(place.clone()), Unlock::none(), Clock::System);
    let ids = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let ids = fill(&place, app.now(), 20, 1000).await;
        app.mark_transmission(&ids[18], Some(RetentionMark::Keep)).await.unwrap();
        app.close().await;
        ids
    });
    let mut stage = Stage::on_app(app, folder, place);
    stage.wait_for("No connection yet");
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click("Storage");
    stage.wait_for("20.0 KB of 20 transmissions");
    (stage, ids)
}

#[test]
fn rules_say_what_they_would_free_before_they_are_saved_and_free_it_after_a_question() {
    let (mut stage, ids) = stage();
    stage.wait_for("These rules would free nothing now");
    assert!(stage.get_is_disabled("Save rules") && stage.get_is_disabled("Free now…"));
    stage.fill("Payloads, kept for", "soon");
    assert!(stage.sees("is not an age"), "{:#?}", stage.labels());
    assert!(stage.get_is_disabled("Save rules"));
    stage.fill("Journal entries, kept for", "30d");
    stage.fill("Payloads, kept for", "90d");
    assert!(stage.sees("kept for 90 days at least"), "{:#?}", stage.labels());
    stage.fill("Journal entries, kept for", "forever");
    // Thirteen weeks and more: eight, of which two are uncertain and one is marked.
    stage.wait_for("These rules would free 5.0 KB");
    assert!(stage.sees("5 payloads, 5.0 KB, from "), "{:#?}", stage.labels());
    assert!(stage.sees("Not touched: 2 uncertain, 1 marked to be kept"), "{:#?}", stage.labels());
    assert!(stage.get_is_disabled("Free now…"), "the rules are not saved yet");
    stage.click("Save rules");
    stage.wait_for("The rules are set");
    let payload = |stage: &Stage, index: usize| {
        let archive = stage.workspace.join("archive");
        let months = std::fs::read_dir(archive).unwrap();
        months.map(|month| month.unwrap().path().join(&ids[index]).join("payload")).any(|path| path.is_file())
    };
    assert!(payload(&stage, 19) && payload(&stage, 15), "nothing has gone by being saved");
    stage.wait_until("freeing can be asked for", |stage| !stage.get_is_disabled("Free now…"));
    stage.click("Free now…");
    stage.wait_for("Remove 5.0 KB?");
    stage.click("Cancel");
    stage.wait_gone("Remove 5.0 KB?");
    assert!(payload(&stage, 15));
    stage.click("Free now…");
    stage.wait_for("Remove 5.0 KB?");
    stage.click("Remove");
    stage.wait_for("15.0 KB of 15 transmissions");
    assert!(stage.sees("5.0 KB freed") && stage.sees("Retention freed 5.0 KB"), "{:#?}", stage.labels());
    let there: Vec<bool> = (0..20).map(|index| payload(&stage, index)).collect();
    let gone: Vec<usize> = there.iter().enumerate().filter(|(_, there)| !**there).map(|(index, _)| index + 1).collect();
    assert_eq!(gone, [13, 14, 16, 17, 18], "weeks ago");
}

#[test]
fn what_has_gone_is_said_in_words_where_it_is_looked_at() {
    let (mut stage, _) = stage();
    stage.fill("Payloads, kept for", "90d");
    stage.wait_for("These rules would free 5.0 KB");
    stage.click("Save rules");
    stage.wait_until("freeing can be asked for", |stage| !stage.get_is_disabled("Free now…"));
    stage.click("Free now…");
    stage.click("Remove");
    stage.wait_for("15.0 KB of 15 transmissions");
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.wait_for("Hide the chart");
    // Then the list has room for it.
    stage.click("Hide the chart");
    stage.wait_for("850_00016.edi");
    stage.click_containing("850_00016.edi");
    stage.wait_for("Removed by retention on ");
    stage.click("Payload");
    stage.wait_for("The payload was removed by retention on ");
    // One that is still there is marked.
    stage.click_containing("850_00001.edi");
    stage.wait_for("As long as the rules of retention say");
    stage.click("Keep for good");
    stage.wait_for("Marked to be kept");
    stage.click("Follow the rules");
    stage.wait_for("As long as the rules of retention say");
}

#[test]
fn what_the_automatic_backups_take_is_told_here_and_in_a_terminal() {
    let (mut stage, _) = stage();
    assert!(stage.sees("None yet"), "{:#?}", stage.labels());
    let backups = stage.workspace.join("backups");
    std::fs::create_dir(&backups).unwrap();
    for (name, bytes) in
        [("daily-20261126T031500Z.sqlite", 1500), ("before-schema-15-20261101T080000Z.sqlite", 1000), ("notes.txt", 70)]
    {
        std::fs::write(backups.join(name), vec![0; bytes]).unwrap();
    }
    stage.click("Workspace");
    stage.wait_for("2.5 KB of automatic backups");
    stage.click("Storage");
    stage.wait_for("2.5 KB of 2 files");
    for command in [["retention", "show"], ["workspace", "show"]] {
        let told = stage.cli(&[command[0], command[1], "--json"]);
        assert!(told.contains("\"backups\":{\"number\":2,\"bytes\":2500}"), "{told}");
        assert!(stage.cli(&command).contains("2.5 KB"), "{command:?}");
    }
}
