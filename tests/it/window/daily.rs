//! Daily work in the window: files that are dropped and sent, the folders of a profile, commands, and who does it.

use std::fs;

use super::Stage;

#[test]
fn files_that_are_dropped_onto_a_connection_are_sent_and_one_that_cannot_be_leaves_the_others() {
    let mut stage = Stage::sample();
    let folder = stage.workspace.join("drop");
    fs::create_dir_all(folder.join("a-folder.edi")).unwrap();
    let files = ["first.edi", "second.edi"].map(|name| folder.join(name));
    for file in &files {
        fs::write(file, "UNB+UNOC:3+A+B+261124:0900+1'UNZ+0+1'").unwrap();
    }
    stage.click_beginning("Amazon Vendor US, production");
    stage.drop_files(&[files[0].clone(), folder.join("a-folder.edi"), files[1].clone()]);
    stage.wait_for("It is a folder, not a file");
    stage.wait_for("Send 2 files to production");
    stage.click("Test");
    stage.wait_for("Send 2 files to test");
    stage.click("Send 2 files to test");
    let ends = |stage: &Stage| stage.cli(&["transmission", "list", "--json", "--connection", "amazon-us"]);
    stage.wait_until("both have come to an end", |stage| {
        let listed = ends(stage);
        let of = |name: &str| listed.matches(name).count() == 1;
        of("first.edi") && of("second.edi") && !listed.contains("\"queued\"") && !listed.contains("\"sending\"")
    });
    // Its encryption is what the test profile says; what became of it is seen beside its name.
    stage.wait_until("the dialog shows how they ended", |stage| {
        let labels = stage.labels();
        labels.iter().filter(|label| label.as_str() == "Open").count() == 2
            && !labels.iter().any(|label| label.contains("Queued"))
    });
    stage.click("Close");
    assert!(files.iter().all(|file| file.exists()), "what was dropped stays where it lies");
}

#[test]
fn a_large_file_says_how_much_of_it_is_copied_and_can_be_given_up() {
    let mut stage = Stage::sample();
    let folder = stage.workspace.join("drop");
    fs::create_dir_all(&folder).unwrap();
    // Sparse: eight gigabytes that take no room, and that are copied for longer than it takes to press a button.
    let large = folder.join("catalogue.edi");
    fs::File::create(&large).unwrap().set_len(8 << 30).unwrap();
    stage.click_beginning("Amazon Vendor US, test");
    stage.drop_files(&[large]);
    stage.wait_for("Send 1 file to test");
    stage.click("Send 1 file to test");
    stage.wait_for(" of 8.6 GB copied");
    stage.click("Cancel copying");
    stage.wait_for("It was given up");
    assert!(stage.sees("Not sent") && !stage.sees("Cancel copying"), "{:#?}", stage.labels());
    stage.click("Close");
    let listed = stage.cli(&["transmission", "list", "--json", "--connection", "amazon-us"]);
    assert!(listed.contains("catalogue.edi") && !listed.contains("\"queued\""), "{listed}");
    let archive = stage.workspace.join("archive");
    let months = fs::read_dir(&archive).unwrap().map(|month| month.unwrap().path()).filter(|path| path.is_dir());
    let kept = months.flat_map(|month| fs::read_dir(month).unwrap()).map(|each| each.unwrap().path().join("payload"));
    assert!(
        kept.filter(|path| path.is_file()).all(|path| path.metadata().unwrap().len() < 1 << 20),
        "nothing is left of it"
    );
}

#[test]
fn the_window_says_who_does_the_daily_work_and_keeps_commands() {
    let mut stage = Stage::sample();
    stage.press(egui::Modifiers::COMMAND, egui::Key::Comma);
    stage.click("Daily work");
    stage.wait_for("This window");
    stage.fill("Program, a message was received", "no-such-program");
    stage.click("Save command");
    stage.wait_for("There is no program `no-such-program`");
    let program = if cfg!(windows) { "cmd" } else { "sh" };
    stage.fill("Program, a message was received", program);
    stage.fill("Arguments, a message was received", "{file}");
    stage.click("Save command");
    stage.wait_for("The command is set");
    let listed = stage.cli(&["command", "list", "--json"]);
    assert!(listed.contains("\"{file}\"") && listed.contains("received"), "{listed}");
    stage.click("Remove command");
    stage.wait_for("No command is run any more");
    assert!(!stage.cli(&["command", "list", "--json"]).contains("{file}"));
}

#[test]
fn the_folders_of_a_profile_are_seen_in_its_settings() {
    let mut stage = Stage::sample();
    let outbox = stage.workspace.parent().unwrap().join("to-amazon");
    fs::create_dir_all(&outbox).unwrap();
    let setting = format!("outbox={}", outbox.display());
    stage.cli(&["connection", "set", "amazon-us", "production", &setting]);
    stage.click_beginning("Amazon Vendor US, production");
    let path = outbox.canonicalize().unwrap().display().to_string();
    stage.wait_for(&path);
    assert!(stage.sees("Folders of this computer") && stage.sees("That of the receiver"));
    stage.get("Remove outbox").scroll_to_me();
    stage.settle();
    stage.click("Remove outbox");
    stage.wait_for("The folder is set");
    stage.wait_gone(&path);
    let shown = stage.cli(&["connection", "show", "amazon-us", "--json"]);
    assert!(!shown.contains("to-amazon"), "{shown}");
}
