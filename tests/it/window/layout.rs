//! What has its place: nothing lies under the inspector, nothing is cut, nothing is covered.

use std::path::PathBuf;

use countersign::app::CertificateSource;
use countersign::ui::Intent;
use egui::accesskit::Role;
use egui::{HoveredFile, Key, Modifiers, pos2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _, by};

use super::Stage;

#[test]
fn the_matrix_ends_where_the_inspector_begins_however_wide_that_was_made() {
    let mut stage = Stage::sample();
    stage.click_beginning("Harbor Grocers, production");
    for width in [1280.0, 1024.0, 1000.0, 1280.0] {
        stage.harness.set_size(vec2(width, 800.0));
        stage.settle();
        let inspector = |stage: &Stage| {
            let head = stage.harness.query_all(by().label_contains("Policy ")).next().unwrap();
            head.rect().left() - 18.0
        };
        let holds = |stage: &Stage| {
            let edge = inspector(stage);
            let table = stage.get("8 rows").rect();
            assert!(
                table.right() <= edge + 0.5,
                "{width}: the table ends at {}, the inspector begins at {edge}",
                table.right()
            );
            assert!(table.width() > 360.0, "{width}: the table is {} wide", table.width());
            let day = stage.get("How we stand").rect();
            assert!(day.right() <= edge && day.width() >= 190.0, "{width}: {day:?} beside {edge}");
        };
        holds(&stage);
        // As wide as it can be made.
        let edge = pos2(inspector(&stage), 500.0);
        stage.harness.hover_at(edge);
        stage.settle();
        stage.harness.drag_at(edge);
        stage.settle();
        stage.harness.hover_at(pos2(200.0, 500.0));
        stage.settle();
        stage.harness.drop_at(pos2(200.0, 500.0));
        stage.settle();
        holds(&stage);
    }
}

#[test]
fn what_a_dropped_file_does_is_said_for_the_page_and_fits_the_window() {
    let mut stage = Stage::sample();
    let hold = |stage: &mut Stage| {
        let file = HoveredFile { path: Some(PathBuf::from("/tmp/some.cer")), ..HoveredFile::default() };
        stage.harness.input_mut().hovered_files = vec![file];
        // While a file is held over it, the window does not come to rest.
        stage.harness.run_steps(4);
        assert!(stage.sees("Drop it here"), "{:#?}", stage.labels());
    };
    stage.click_beginning("Harbor Grocers, test");
    stage.harness.set_size(vec2(500.0, 600.0));
    hold(&mut stage);
    let document = "A document is sent to Harbor Grocers, test";
    assert!(stage.sees(document), "{:#?}", stage.labels());
    for line in [document, "A connection file is added, a policy file shows what it would change"] {
        let rect = stage.get(line).rect();
        assert!(rect.left() >= 16.0 && rect.right() <= 484.0, "{line}: {rect:?}");
    }
    stage.harness.input_mut().hovered_files.clear();
    stage.harness.set_size(vec2(1360.0, 860.0));
    stage.press(Modifiers::COMMAND, Key::Num4);
    hold(&mut stage);
    assert!(stage.sees("A certificate begins a rollover") && !stage.sees(document), "{:#?}", stage.labels());
    stage.harness.input_mut().hovered_files.clear();
    stage.settle();
    assert!(!stage.sees("Drop it here"));
}

/// The sample with more connections that use Amazon's certificate.
fn many(stage: &mut Stage, number: usize, name: &str) {
    let text = stage.cli(&["connection", "export", "amazon-us"]);
    for index in 0..number {
        let file = stage.workspace.join(format!("copy-{index}.toml"));
        let copy = text
            .replace("id = \"amazon-us\"", &format!("id = \"copy-{index}\""))
            .replace("Amazon Vendor US", &format!("{name} {index}"));
        std::fs::write(&file, copy).unwrap();
        stage.cli(&["connection", "add", &file.display().to_string()]);
    }
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for(&format!("{name} {}", number - 1));
}

fn open_certificate(stage: &mut Stage) {
    let source = Some(CertificateSource::File(stage.renewed("amazon-us")));
    let connection = Some("amazon-us".parse().unwrap());
    stage.harness.state_mut().intend(Intent::NewCertificate { connection, profile: None, source });
    stage.wait_for("Schedule for 2 profiles");
}

#[test]
fn the_lines_of_other_profiles_are_as_high_as_they_are_given_room() {
    let mut stage = Stage::sample();
    many(&mut stage, 9, "Copy");
    open_certificate(&mut stage);
    let mut tops: Vec<f32> = stage
        .harness
        .query_all(by().role(Role::CheckBox))
        .filter(|node| node.accesskit_node().label().is_some_and(|label| label.starts_with("Copy ")))
        .map(|node| node.rect().top())
        .collect();
    tops.sort_by(f32::total_cmp);
    tops.dedup_by(|a, b| (*a - *b).abs() < 1.0);
    assert!(tops.len() > 2, "{tops:?}");
    assert!(tops.windows(2).all(|pair| pair[1] - pair[0] < 24.5), "{tops:?}");
}

#[test]
fn a_name_without_room_shows_whole_under_the_pointer() {
    let long = "Consolidated Wholesale Distribution and Fulfilment Services of North America";
    let mut stage = Stage::sample();
    many(&mut stage, 2, long);
    stage.row(&format!("{long} 1, production")).hover();
    let whole = format!("{long} 1\n");
    stage.wait_for(&whole);
    stage.harness.remove_cursor();
    // In the list of others the name gives way, and what tells two profiles apart stays.
    open_certificate(&mut stage);
    let name = format!("{long} 1, test");
    let shown = |stage: &Stage| {
        let mut all = stage.harness.root().children_recursive();
        all.any(|node| node.accesskit_node().value().as_deref() == Some(name.as_str()))
    };
    assert!(!shown(&stage));
    stage.get(&name).scroll_to_me();
    stage.settle();
    stage.get(&name).hover();
    stage.wait_until("the whole name", |stage| shown(stage));
}

#[test]
fn a_schedule_that_was_just_made_is_taken_back() {
    let mut stage = Stage::sample();
    let before = stage.uses("amazon-us", "production");
    open_certificate(&mut stage);
    stage.touch("Schedule for 2 profiles");
    stage.wait_for("New certificate scheduled");
    assert_ne!(stage.uses("amazon-us", "production"), before);
    stage.wait_until("the schedule is seen", |stage| {
        let snapshot = stage.harness.state().snapshot().unwrap();
        snapshot.summary.next.is_some()
    });
    stage.click("Undo");
    stage.wait_for("The change was taken back");
    assert_eq!(stage.uses("amazon-us", "production"), before);
}
