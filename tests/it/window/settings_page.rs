//! The settings page: its sections, and how one gets there.

use egui::{Key, Modifiers, Theme};

use super::Stage;

#[test]
fn the_settings_are_reached_by_key_by_foot_and_by_palette() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Comma);
    assert!(stage.sees("New identity…"), "{:#?}", stage.labels());
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.click("Settings");
    assert!(stage.sees("New identity…"));
    stage.press(Modifiers::COMMAND, Key::Num2);
    stage.press(Modifiers::COMMAND, Key::K);
    stage.get("Find").type_text("settings");
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    stage.settle();
    assert!(stage.sees("New identity…"));
}

#[test]
fn the_proxy_is_set_with_its_password_and_what_makes_no_sense_is_refused() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click("Proxy");
    stage.wait_until("it was read", |stage| stage.sees("That of the system") && !stage.get_is_disabled("This one"));
    assert!(stage.get_is_disabled("Save proxy"), "nothing was changed");
    stage.click("This one");
    stage.fill("Host and port", "https://proxy.example");
    stage.click("Save proxy");
    stage.wait_for("only proxies that are spoken to by HTTP are supported");
    stage.fill("Host and port", "proxy.example:3128");
    stage.fill("User of the proxy", "anna");
    stage.click("Save proxy");
    stage.wait_for("There is no password for the proxy's user");
    stage.fill("Password of the proxy", "hunter2");
    stage.click("Save proxy");
    stage.wait_for("The proxy is set");
    let shown = stage.cli(&["proxy", "show", "--json"]);
    assert!(shown.contains("\"proxy.example:3128\"") && shown.contains("\"has_password\":true"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    stage.click("None");
    stage.click("Save proxy");
    stage.wait_until("it is set", |stage| stage.cli(&["proxy", "show"]).contains("none"));
}

#[test]
fn the_log_says_where_it_is_and_how_much_is_written() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click("Log");
    let folder = stage.workspace.canonicalize().unwrap().join("log").display().to_string();
    stage.wait_for(&folder);
    stage.click("What is written");
    stage.click("Everything");
    stage.wait_until("it is set", |stage| stage.cli(&["log", "show"]).contains("debug"));
    // What another program did is seen in it.
    stage.cli(&["connection", "set", "amazon-us", "notes=asked"]);
    stage.click("Receiving");
    stage.click("Log");
    stage.wait_until("there is a log", |stage| {
        stage.sees("Show log folder") && !stage.get_is_disabled("Show log folder")
    });
}

#[test]
fn every_section_shows_what_it_holds() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click("Receiving");
    assert!(stage.sees("Receiving on :") && stage.sees("Address to listen on"), "{:#?}", stage.labels());
    stage.click("Appearance");
    stage.click("Dark");
    assert_eq!(stage.harness.ctx.theme(), Theme::Dark);
    stage.click("125 %");
    stage.settle();
    assert!((stage.harness.ctx.zoom_factor() - 1.25).abs() < 0.001);
    stage.click("100 %");
    stage.settle();
    stage.click("Workspace");
    let place = stage.workspace.display().to_string();
    assert!(stage.sees(&place) && stage.sees("A key file that you alone can read"), "{:#?}", stage.labels());
    stage.click("About");
    assert!(stage.sees(concat!("Countersign ", env!("CARGO_PKG_VERSION"))), "{:#?}", stage.labels());
    // Whether this user has it there already is not the test's to say, nor to change.
    if cfg!(target_os = "linux") {
        stage.wait_until("what the desktop knows", |stage| {
            stage.sees("Add to the desktop") != stage.sees("Remove from the desktop")
        });
    }
    stage.click("Licences…");
    stage.fill("Find a part or a licence", "accesskit_unix");
    stage.wait_for("Copyright (c) The AccessKit contributors");
    assert!(stage.sees("Permission is hereby granted"), "{:#?}", stage.labels());
    stage.fill("Find a part or a licence", "no-such-part");
    stage.wait_for("No part is called so");
    stage.click("Done");
    stage.wait_gone("No part is called so");
}

/// `2026-11-26`, as ISO 8601 writes a day.
fn is_iso(word: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = word.split('-').collect();
    matches!(parts[..], [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2 && digits(year) && digits(month) && digits(day))
}

/// Whether any day is written so.
fn iso(stage: &Stage) -> bool {
    stage.labels().iter().any(|label| label.split([' ', ',', '(', ')']).any(is_iso))
}

#[test]
fn dates_are_written_as_they_are_chosen_everywhere() {
    let mut stage = Stage::sample();
    stage.click_beginning("Certificates, ");
    stage.wait_for("amazon");
    assert!(!iso(&stage), "in words until another form is chosen: {:#?}", stage.labels());
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click("Appearance");
    stage.click("Dates");
    let today = stage.labels().into_iter().find(|label| is_iso(label)).expect("a day in that form");
    stage.click(&today);
    stage.click_beginning("Certificates, ");
    // What was written before is written anew.
    stage.wait_until("the certificates' ends are written so", |stage| iso(stage));
}

#[test]
fn one_switch_stops_all_that_moves() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Comma);
    stage.click("Appearance");
    assert!(stage.harness.ctx.global_style().animation_time > 0.0);
    stage.click("Reduced");
    stage.settle();
    let style = stage.harness.ctx.global_style();
    assert!(style.animation_time == 0.0 && !style.visuals.text_cursor.blink, "nothing fades and nothing blinks");
    stage.click("Full");
    stage.settle();
    assert!(stage.harness.ctx.global_style().animation_time > 0.0);
}

#[test]
fn the_sections_are_chosen_in_a_list_and_beside_the_title_where_that_has_no_room() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Comma);
    for (width, has_list) in [(1280.0, true), (1024.0, true), (820.0, false), (640.0, false)] {
        stage.harness.set_size(egui::vec2(width, 800.0));
        stage.settle();
        let tops: Vec<f32> = ["Identities", "About"]
            .into_iter()
            .filter(|label| stage.labels().iter().any(|known| known == label))
            .map(|label| stage.get(label).rect().left())
            .collect();
        assert_eq!(tops.len() == 2 && tops[0] == tops[1], has_list, "{width}: {tops:?}");
        assert_eq!(stage.labels().iter().any(|label| label == "Section"), !has_list, "{width}");
        // What is shown begins at the same height whichever it is.
        let go = |stage: &mut Stage, section: &str| {
            if !has_list {
                stage.click("Section");
            }
            stage.click(section);
            stage.settle();
        };
        go(&mut stage, "Appearance");
        let first = stage.get("As the system").rect().top();
        go(&mut stage, "Proxy");
        stage.wait_for("That of the system");
        go(&mut stage, "Appearance");
        assert_eq!(stage.get("As the system").rect().top(), first, "{width}: nothing jumps");
    }
}
