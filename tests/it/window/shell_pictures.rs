//! Pictures of what belongs to the window as a whole, as [`super::pictures`] takes them.

use egui::{Key, Modifiers};

use super::pictures::{NARROW, WIDE, picture};

#[test]
fn earlier_messages() {
    picture("messages", WIDE, |stage| {
        stage.press(Modifiers::COMMAND, Key::Enter);
        stage.wait_for("Select a connection first");
        stage.click("Close message");
        stage.click_beginning("Amazon Vendor US, production");
        stage.click("More actions");
        stage.click("Copy link");
        stage.click("Close message");
        stage.press(Modifiers::COMMAND, Key::B);
        stage.click("Earlier messages…");
        stage.wait_for("Since this window was opened");
    });
}

#[test]
fn no_message_yet() {
    picture("messages-none", NARROW, |stage| {
        stage.press(Modifiers::COMMAND, Key::B);
        stage.click("Earlier messages…");
        stage.wait_for("Nothing was said yet");
    });
}

#[test]
fn shortcuts() {
    picture("shortcuts", WIDE, |stage| {
        stage.press(Modifiers::NONE, Key::F1);
    });
}

#[test]
fn shortcuts_where_it_is_narrow() {
    picture("shortcuts-narrow", NARROW, |stage| {
        stage.press(Modifiers::NONE, Key::F1);
    });
}
