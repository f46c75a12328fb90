//! What a screen reader is told, and where the keyboard stops, on every page and in every dialog that opens at once.

use countersign::app::CertificateSource;
use countersign::ui::Intent;
use egui::accesskit::{Action, Role};
use egui::{Key, Modifiers, PointerButton, vec2};
use egui_kittest::kittest::NodeT as _;

use super::Stage;

/// The private use area, where icon fonts have their letters.
fn is_icon(letter: char) -> bool {
    ('\u{e000}'..='\u{f8ff}').contains(&letter)
}

/// What is wrong with what a screen reader is told now.
fn faults(stage: &Stage, place: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for node in stage.harness.root().children_recursive() {
        let node = node.accesskit_node();
        if node.is_hidden() || node.role() == Role::TextRun {
            continue;
        }
        let label = node.label().unwrap_or_default();
        let value = node.value().unwrap_or_default();
        let said = format!("{place}: {:?} `{label}` `{value}` at {:?}", node.role(), node.bounding_box());
        if label.contains(is_icon) || value.contains(is_icon) {
            faults.push(format!("an icon is read aloud; {said}"));
        }
        let acts = node.data().supports_action(Action::Focus) || node.data().supports_action(Action::Click);
        // A text that can be selected is its own name; a bar's role says all there is to say.
        let name = if node.role() == Role::Label { &value } else { &label };
        if acts && name.trim().is_empty() && node.role() != Role::ScrollBar {
            faults.push(format!("it has no name; {said}"));
        }
        if acts && matches!(node.role(), Role::Unknown | Role::GenericContainer) {
            faults.push(format!("it has no role; {said}"));
        }
    }
    faults
}

struct Tour {
    stage: Stage,
    faults: Vec<String>,
}

impl Tour {
    fn look(&mut self, place: &str) {
        self.stage.settle();
        self.faults.extend(faults(&self.stage, place));
    }

    fn go(&mut self, key: Key, seen: &str, place: &str) {
        self.stage.press(Modifiers::COMMAND, key);
        self.stage.wait_for(seen);
        self.look(place);
    }

    /// Looks at a dialog that an intent opens, and closes it.
    fn dialog(&mut self, intent: Intent, seen: &str) {
        self.stage.harness.state_mut().intend(intent);
        self.stage.wait_for(seen);
        self.look(seen);
        self.stage.press(Modifiers::NONE, Key::Escape);
        self.stage
            .wait_until("no dialog", |stage| stage.harness.ctx.memory(|memory| memory.top_modal_layer().is_none()));
    }
}

#[test]
fn every_control_has_a_name_and_a_role_and_no_icon_is_read_aloud() {
    let mut tour = Tour { stage: Stage::sample(), faults: Vec::new() };
    tour.look("connections");
    tour.stage.click("How we stand");
    tour.look("the days to choose from");
    tour.stage.press(Modifiers::NONE, Key::Escape);
    tour.stage.click_beginning("Due (");
    tour.look("what is due");
    tour.stage.click("All settings");
    tour.stage.click_beginning("Amazon Vendor US, production");
    tour.look("inspector, settings");
    tour.stage.click("Signing");
    tour.look("inspector, the words of a setting");
    tour.stage.press(Modifiers::NONE, Key::Escape);
    for (tab, seen) in [("Certificates", "Our own certificate"), ("History", "No transmission yet")] {
        tour.stage.click(tab);
        tour.stage.wait_for(seen);
        tour.look(&format!("inspector, {tab}"));
    }
    tour.stage.press(Modifiers::COMMAND, Key::Enter);
    tour.stage.wait_for("Send to both");
    tour.look("test send");
    tour.go(Key::Num3, "Sort by Valid until", "certificates");
    tour.stage.press(Modifiers::NONE, Key::ArrowDown);
    tour.look("a certificate");
    tour.stage.click("Timeline by certificate");
    tour.look("timeline by certificate");
    tour.stage.click("List");
    tour.go(Key::Num2, "Nothing was sent or received yet", "transmissions");
    tour.go(Key::Num4, "New rollover", "rollovers");
    tour.go(Key::Num5, "Amazon Vendor Central", "policies");
    tour.go(Key::B, "Notices", "notices");
    tour.go(Key::Comma, "New identity…", "settings");
    for section in
        ["Receiving", "Daily work", "Proxy", "Notifications", "Storage", "Appearance", "Workspace", "Log", "About"]
    {
        tour.stage.click(section);
        tour.look(section);
    }
    tour.stage.press(Modifiers::COMMAND, Key::Num1);
    let amazon = || "amazon-us".parse().unwrap();
    tour.dialog(Intent::NewConnection, "New connection");
    tour.dialog(Intent::Duplicate(amazon()), "Duplicate");
    tour.dialog(Intent::Remove(amazon()), "Remove Amazon Vendor US?");
    let source = Some(CertificateSource::File(tour.stage.renewed("amazon-us")));
    let connection = Some(amazon());
    tour.dialog(
        Intent::NewCertificate { connection: None, profile: None, source: None },
        "Drop the partner's certificate",
    );
    tour.dialog(Intent::NewCertificate { connection, profile: None, source }, "Schedule for 2 profiles");
    tour.dialog(Intent::NewRollover(None), "New rollover");
    tour.stage.press(Modifiers::NONE, Key::F1);
    tour.look("shortcuts");
    tour.stage.press(Modifiers::NONE, Key::Escape);
    tour.stage.press(Modifiers::COMMAND, Key::K);
    tour.look("palette");
    tour.stage.press(Modifiers::NONE, Key::Escape);
    tour.stage.harness.set_size(vec2(820.0, 800.0));
    tour.look("narrow");
    assert!(tour.faults.is_empty(), "{} faults: {:#?}", tour.faults.len(), tour.faults);
}

/// The name of what has the keyboard.
pub(super) fn focused(stage: &Stage) -> Option<String> {
    let node = stage.harness.root().children_recursive().find(|node| node.accesskit_node().is_focused())?;
    Some(node.accesskit_node().label().unwrap_or_default())
}

#[test]
fn the_keyboard_stops_once_in_each_row_and_at_nothing_without_a_name() {
    let mut stage = Stage::sample();
    let mut stops = Vec::new();
    for _ in 0..80 {
        stage.press(Modifiers::NONE, Key::Tab);
        let Some(name) = focused(&stage) else { panic!("after {stops:#?} nothing that is named has the keyboard") };
        assert!(!name.is_empty(), "after {stops:#?}");
        if stops.first() == Some(&name) && stops.len() > 10 {
            break;
        }
        stops.push(name);
    }
    assert!(stops.len() < 60, "{stops:#?}");
    let rows = stops.iter().filter(|name| name.starts_with("Amazon Vendor US, ")).count();
    assert_eq!(rows, 2, "{stops:#?}");
    // And back again.
    let last = focused(&stage).unwrap();
    stage.press(Modifiers::SHIFT, Key::Tab);
    stage.settle();
    let before = focused(&stage).unwrap();
    assert!(!before.is_empty() && before != last, "{before} before {last}");
}

#[test]
fn the_keyboard_goes_through_a_table_from_row_to_row() {
    let mut stage = Stage::sample();
    let at = |stage: &Stage, row: &str| {
        let name = focused(stage).unwrap_or_default();
        assert!(name.starts_with(row), "`{name}` has the keyboard, not `{row}`");
    };
    stage.press(Modifiers::NONE, Key::ArrowDown);
    at(&stage, "Amazon Vendor DE, production");
    stage.press(Modifiers::NONE, Key::ArrowDown);
    at(&stage, "Amazon Vendor DE, test");
    assert!(stage.sees("Close inspector"));
    stage.press(Modifiers::NONE, Key::End);
    at(&stage, "Northwind Retail, test");
    stage.press(Modifiers::NONE, Key::Home);
    at(&stage, "Amazon Vendor DE, production");
    stage.press(Modifiers::NONE, Key::PageDown);
    at(&stage, "Northwind Retail, test");
    stage.press(Modifiers::NONE, Key::PageUp);
    at(&stage, "Amazon Vendor DE, production");
    stage.harness.event(egui::Event::Text("h".to_owned()));
    stage.settle();
    at(&stage, "Harbor Grocers, production");
    // Escape closes what is open beside the table, as it does when nothing has the keyboard.
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("Close inspector"));

    stage.get("New connection").focus();
    stage.settle();
    stage.press(Modifiers::NONE, Key::End);
    assert!(!stage.sees("Close inspector"), "a button has the keyboard, the table does not");
}

#[test]
fn tables_of_certificates_and_lists_of_policies_answer_to_the_same_keys() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Num3);
    stage.wait_for("Sort by Valid until");
    stage.press(Modifiers::NONE, Key::End);
    let last = focused(&stage).unwrap();
    stage.press(Modifiers::NONE, Key::ArrowUp);
    let before = focused(&stage).unwrap();
    assert!(last.contains(", valid until ") && before.contains(", valid until ") && before != last, "{before}, {last}");
    stage.press(Modifiers::COMMAND, Key::Num5);
    stage.wait_for("Amazon Vendor Central");
    stage.harness.event(egui::Event::Text("w".to_owned()));
    stage.settle();
    assert!(focused(&stage).is_some_and(|name| name.starts_with('W')), "{:?}", focused(&stage));
    stage.press(Modifiers::NONE, Key::Home);
    assert!(focused(&stage).is_some_and(|name| name.contains("connection")), "{:?}", focused(&stage));
}

#[test]
fn another_page_lets_the_keyboard_go_and_enter_goes_on_in_the_inspector() {
    let mut stage = Stage::sample();
    stage.get("Policies").focus();
    stage.settle();
    assert_eq!(focused(&stage).as_deref(), Some("Policies"));
    stage.press(Modifiers::COMMAND, Key::Num2);
    assert_eq!(focused(&stage), None);
    stage.press(Modifiers::COMMAND, Key::Num1);
    stage.row("Harbor Grocers, test").focus();
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("Close inspector");
    stage.settle();
    let inspector = stage.get("Close inspector").rect();
    let has = stage.harness.root().children_recursive().find(|node| node.accesskit_node().is_focused()).unwrap();
    assert_ne!(focused(&stage).as_deref(), Some("Close inspector"), "the next Enter would close it");
    assert!((has.rect().center().x - inspector.center().x).abs() < 460.0 && has.rect().left() > 700.0, "{has:?}");
}

#[test]
fn f6_goes_round_the_parts_of_the_window() {
    let mut stage = Stage::sample();
    stage.click_beginning("Harbor Grocers, test");
    let part = |stage: &Stage| {
        let node = stage.harness.root().children_recursive().find(|node| node.accesskit_node().is_focused());
        let left = node.unwrap_or_else(|| panic!("nothing has the keyboard: {:#?}", stage.labels())).rect().left();
        if left < 196.0 {
            "navigation"
        } else if left < stage.get("Sort by Connection").rect().right() {
            "work"
        } else {
            "inspector"
        }
    };
    let mut parts = Vec::new();
    for _ in 0..4 {
        stage.press(Modifiers::NONE, Key::F6);
        parts.push(part(&stage));
    }
    assert_eq!(parts, ["work", "inspector", "navigation", "work"]);
    assert!(focused(&stage).is_some_and(|name| name.starts_with("Harbor Grocers, test")), "{:?}", focused(&stage));
}

#[test]
fn a_dialog_takes_the_keyboard_to_its_first_field_and_gives_it_back() {
    let mut stage = Stage::sample();
    stage.get("New connection").focus();
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    stage.settle();
    let first = focused(&stage).unwrap();
    assert!(first != "New connection" && first != "Close", "{first}");
    stage.press(Modifiers::NONE, Key::Escape);
    stage.settle();
    assert_eq!(focused(&stage).as_deref(), Some("New connection"));
    // What takes something away begins with what leaves it.
    stage.harness.state_mut().intend(Intent::Remove("harbor".parse().unwrap()));
    stage.wait_for("Remove Harbor Grocers?");
    stage.settle();
    assert_eq!(focused(&stage).as_deref(), Some("Keep it"));
}

#[test]
fn a_badge_leads_to_its_cause_and_says_why() {
    let mut stage = Stage::sample();
    stage.get("Encryption: 3DES, Non-compliant").hover();
    stage.wait_for("requires AES-128");
    stage.click("Encryption: 3DES, Non-compliant");
    stage.settle();
    assert!(stage.sees("Close inspector"));
    assert_eq!(focused(&stage).as_deref(), Some("Encryption"));
    stage.click_beginning("Partner certificate: ");
    stage.wait_for("Our own certificate");
    stage.click("Close inspector");
    stage.cli(&["send", "--connection", "harbor", "--profile", "test"]);
    stage.press(Modifiers::NONE, Key::F5);
    stage.wait_for("Last send: ");
    stage.click_beginning("Last send: ");
    stage.wait_for("Timeline");
}

#[test]
fn the_sheet_of_shortcuts_is_made_of_the_commands_and_surplus_keys_give_none() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::NONE, Key::F1);
    for line in [
        "Save changes, Ctrl+S",
        "Settings, Ctrl+,",
        "Back, Alt+Left",
        "Shortcuts, F1, ?",
        "First or last row, Home, End",
    ] {
        assert!(stage.sees(line), "{line}: {:#?}", stage.labels());
    }
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("Save changes, Ctrl+S"));
    stage.press(Modifiers::SHIFT, Key::Questionmark);
    assert!(stage.sees("Save changes, Ctrl+S"));
    stage.press(Modifiers::NONE, Key::Escape);
    stage.get("Search connections").focus();
    stage.settle();
    stage.press(Modifiers::SHIFT, Key::Questionmark);
    assert!(!stage.sees("Save changes, Ctrl+S"), "it is being typed");
    stage.press(Modifiers::NONE, Key::Escape);
    stage.press(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Num5);
    assert!(stage.sees("Amazon Vendor US, production"), "Shift is one key too many");
    stage.get("New connection").hover();
    stage.wait_for("Ctrl+N");
}

#[test]
fn one_goes_back_and_forward_over_pages_and_what_was_open_on_them() {
    let mut stage = Stage::sample();
    stage.click_beginning("Harbor Grocers, production");
    stage.press(Modifiers::COMMAND, Key::Num5);
    stage.wait_for("Kind of policies");
    stage.press(Modifiers::ALT, Key::ArrowLeft);
    stage.wait_for("Close inspector");
    stage.press(Modifiers::ALT, Key::ArrowLeft);
    stage.wait_gone("Close inspector");
    assert!(stage.sees("Harbor Grocers, production"));
    stage.press(Modifiers::ALT, Key::ArrowRight);
    stage.wait_for("Close inspector");
    let button = |stage: &mut Stage, button: PointerButton| {
        for pressed in [true, false] {
            let pos = egui::pos2(600.0, 20.0);
            stage.harness.event(egui::Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
        }
        stage.settle();
    };
    button(&mut stage, PointerButton::Extra2);
    stage.wait_for("Kind of policies");
    button(&mut stage, PointerButton::Extra1);
    stage.wait_for("Close inspector");
}

#[test]
fn the_palette_finds_certificates_and_sections_of_the_settings() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::K);
    stage.get("Find").type_text("storage");
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    stage.settle();
    assert!(stage.sees("What is kept") || stage.sees("Storage"), "{:#?}", stage.labels());
    assert!(!stage.sees("Amazon Vendor US, production"));
    stage.press(Modifiers::COMMAND, Key::K);
    stage.get("Find").type_text("acme-2026");
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    stage.wait_for("Sort by Valid until");
    stage.wait_for("Subject: ");
}
