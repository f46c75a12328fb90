//! Pictures of daily work: files to be sent, folders of a profile, who does it and what follows a message.

use egui::{Key, Modifiers};

use super::pictures::{WIDE, picture};

/// Lets a program on another machine do the daily work of a workspace.
fn held_elsewhere(workspace: &std::path::Path) {
    let record = r#"{"id":"019ab3f0-0000-7000-8000-000000000001","program":"serve","process":4711,"host":"edi-1",
        "renewed":"2026-11-24T09:00:00Z","count":3}"#;
    std::fs::write(workspace.join("due-work.json"), record).unwrap();
}

#[test]
fn files_to_be_sent() {
    picture("send-files", WIDE, |stage| {
        held_elsewhere(&stage.workspace);
        stage.press(Modifiers::NONE, Key::F5);
        let folder = stage.workspace.join("drop");
        std::fs::create_dir_all(folder.join("archive.edi")).unwrap();
        let mut files = vec![folder.join("archive.edi")];
        for (name, bytes) in [("po-45100078.edi", 4_812), ("asn-0000412.edi", 18_204)] {
            std::fs::write(folder.join(name), "x".repeat(bytes)).unwrap();
            files.push(folder.join(name));
        }
        stage.click_beginning("Amazon Vendor US, production");
        stage.drop_files(&files);
        stage.wait_for("Send 2 files to production");
        stage.wait_for("It is a folder, not a file");
        stage.wait_gone("Nothing is sent at the moment");
    });
}

#[test]
fn settings_of_daily_work() {
    picture("settings-daily-work", WIDE, |stage| {
        held_elsewhere(&stage.workspace);
        stage.press(Modifiers::NONE, Key::F5);
        stage.press(Modifiers::COMMAND, Key::Comma);
        stage.click("Daily work");
        stage.wait_for("serve, process 4711 on edi-1");
    });
}

#[test]
fn folders_in_the_inspector() {
    picture("inspector-folders", WIDE, |stage| {
        stage.click_beginning("Amazon Vendor US, production");
        stage.wait_for("Folders of this computer");
        stage.get("Choose inbox…").scroll_to_me();
        stage.settle();
    });
}
