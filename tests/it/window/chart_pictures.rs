//! Pictures of the chart above the list: a month of a busy journal.

use countersign::app::{Location, Unlock};
use countersign::store::{As2Pair, Workspace};
use egui::{Key, Modifiers, Theme};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{Queryable as _, by};

use super::pictures::{NARROW, WIDE, compare, compare_under_pointer};
use super::{Stage, picture_workspace};

/// A window on a month of messages.
fn month(size: [f32; 2], theme: Theme) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workspace");
    let app = picture_workspace::make(&path);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let location = Location::Dir(path.clone());
        let now = picture_workspace::now();
        let workspace = Workspace::open_existing(&location, &Unlock::none(), now).await.unwrap().unwrap();
        let mut batch = workspace.begin().await.unwrap();
        for transmission in picture_workspace::month() {
            batch.begin_transmission(&transmission, As2Pair::default()).await.unwrap();
        }
        batch.commit().await.unwrap();
        workspace.close().await;
    });
    let mut stage = Stage::pictured(app, folder, path, size, theme);
    stage.wait_for("Amazon Vendor US, production");
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.wait_for("delivered");
    stage.click("Day");
    stage.wait_for("Sun 1 Nov:");
    stage
}

fn picture(name: &str, size: [f32; 2], mut arrange: impl FnMut(&mut Stage)) {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let mut stage = month(size, theme);
        arrange(&mut stage);
        compare(&mut stage, name, theme, &mut results);
    }
}

#[test]
fn transmissions_chart() {
    picture("transmissions-chart", WIDE, |_| {});
}

#[test]
fn transmissions_chart_detail() {
    picture("transmissions-chart-detail", WIDE, |stage| {
        stage.click_containing("997_000412.edi");
        stage.wait_for("Timeline");
    });
}

#[test]
fn transmissions_chart_narrow() {
    picture("transmissions-chart-narrow", NARROW, |_| {});
}

#[test]
fn transmissions_chart_chosen() {
    let mut results = SnapshotResults::new();
    for theme in [Theme::Light, Theme::Dark] {
        let mut stage = month(WIDE, theme);
        stage.click_beginning("Wed 18 Nov:");
        stage.wait_for("Remove Wed 18 Nov");
        let words = |label: Option<String>| label.is_some_and(|label| label.starts_with("Fri 20 Nov:"));
        stage.harness.query_all(by().predicate(move |node| words(node.label()))).next().unwrap().hover();
        // Until its words are there.
        (0..60).for_each(|_| stage.harness.step());
        compare_under_pointer(&mut stage, "transmissions-chart-chosen", theme, &mut results);
    }
}

#[test]
fn transmissions_chart_receipts() {
    picture("transmissions-chart-receipts", WIDE, |stage| stage.click("Receipt time"));
}

#[test]
fn transmissions_chart_causes() {
    picture("transmissions-chart-causes", WIDE, |stage| stage.click("By cause"));
}

#[test]
fn transmissions_chart_partners() {
    picture("transmissions-chart-partners", WIDE, |stage| stage.click("By partner"));
}

#[test]
fn transmissions_chart_table() {
    picture("transmissions-chart-table", WIDE, |stage| stage.click("Show as table"));
}

#[test]
fn transmissions_chart_hidden() {
    picture("transmissions-chart-hidden", WIDE, |stage| stage.click("Hide the chart"));
}
