//! What is around every page: files dropped onto the window, keys, colours, and a workspace that cannot be read.

use egui::{Key, Modifiers, Theme};

use super::Stage;

#[test]
fn a_connection_file_dropped_onto_the_window_is_added_and_the_next_one_asks_before_it_replaces() {
    let mut stage = Stage::sample();
    let file = stage.workspace.join("harbor-copy.toml");
    let text = stage.cli(&["connection", "export", "harbor"]);
    std::fs::write(
        &file,
        text.replace("id = \"harbor\"", "id = \"harbor-two\"").replace("Harbor Grocers", "Harbor Two"),
    )
    .unwrap();
    stage.drop_file(&file);
    stage.wait_for("Harbor Two was added");
    stage.wait_for("Harbor Two, production");
    stage.click("Close inspector");
    std::fs::write(
        &file,
        text.replace("id = \"harbor\"", "id = \"harbor-two\"").replace("Harbor Grocers", "Harbor Three"),
    )
    .unwrap();
    stage.drop_file(&file);
    stage.wait_for("Replace the connection?");
    stage.click("Cancel");
    assert!(stage.cli(&["connection", "list"]).contains("Harbor Two"));
    stage.drop_file(&file);
    stage.wait_for("Replace the connection?");
    stage.click("Replace");
    stage.wait_for("Harbor Three, production");
    assert!(stage.cli(&["connection", "list"]).contains("Harbor Three"));
}

#[test]
fn a_file_that_is_no_connection_is_refused_with_its_line() {
    let mut stage = Stage::sample();
    let file = stage.workspace.join("wrong.toml");
    std::fs::write(&file, "id = \"x\"\nname = \"X\"\n[test]\nencrypton = \"none\"\n").unwrap();
    stage.drop_file(&file);
    stage.wait_for("The connection file was not added");
    assert!(stage.sees("encrypton") && stage.sees("line 4"), "{:#?}", stage.labels());
    assert_eq!(stage.cli(&["--json", "connection", "list"]).matches("\"id\"").count(), 4);
}

#[test]
fn keys_lead_to_the_pages_and_to_every_command() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Num2);
    assert!(!stage.sees("Amazon Vendor US, production"));
    stage.press(Modifiers::COMMAND, Key::Num1);
    assert!(stage.sees("Amazon Vendor US, production"));
    stage.press(Modifiers::COMMAND, Key::F);
    assert!(stage.get("Search connections").is_focused());
    stage.press(Modifiers::NONE, Key::Escape);
    stage.press(Modifiers::COMMAND, Key::K);
    assert!(stage.sees("Find"));
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(stage.harness.ctx.memory(|memory| memory.top_modal_layer().is_none()));
}

#[test]
fn colours_follow_the_users_choice() {
    let mut stage = Stage::sample();
    stage.click("Dark colours");
    assert_eq!(stage.harness.ctx.theme(), Theme::Dark);
    stage.press(Modifiers::COMMAND, Key::K);
    stage.get("Find").type_text("light colours");
    stage.settle();
    stage.press(Modifiers::NONE, Key::Enter);
    stage.settle();
    assert_eq!(stage.harness.ctx.theme(), Theme::Light);
}

#[test]
fn a_workspace_that_cannot_be_read_says_so_and_can_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    std::fs::create_dir(&workspace).unwrap();
    let database = workspace.join("countersign.sqlite");
    std::fs::write(&database, "this is no database").unwrap();
    let mut stage = Stage::opened(folder, workspace);
    stage.wait_for("The workspace cannot be read");
    std::fs::remove_file(&database).unwrap();
    stage.click("Try again");
    stage.wait_for("No connection yet");
}

#[test]
fn of_several_files_every_connection_is_added_and_one_certificate_is_taken() {
    let mut stage = Stage::sample();
    let text = stage.cli(&["connection", "export", "harbor"]);
    let folder = stage.workspace.clone();
    let mut files = Vec::new();
    for name in ["one", "two"] {
        let file = folder.join(format!("{name}.toml"));
        std::fs::write(&file, text.replace("id = \"harbor\"", &format!("id = \"{name}\""))).unwrap();
        files.push(file);
    }
    let offered = &stage.sample.as_ref().unwrap().renewed;
    files.extend(offered.iter().map(|(_, file)| file.clone()));
    stage.drop_files(&files);
    stage.wait_for("One certificate at a time");
    stage.wait_until("both are added", |stage| {
        let listed = stage.cli(&["connection", "list"]);
        listed.contains("one") && listed.contains("two")
    });
    stage.wait_for("New partner certificate");
    stage.press(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("New partner certificate"), "there is one dialog, not two");
}

#[test]
fn what_the_window_has_said_can_be_read_again_and_copied() {
    let mut stage = Stage::sample();
    stage.press(Modifiers::COMMAND, Key::Enter);
    stage.wait_for("Select a connection first");
    stage.click("Close message");
    stage.wait_gone("Select a connection first");
    stage.press(Modifiers::COMMAND, Key::B);
    stage.click("Earlier messages…");
    stage.wait_for("Since this window was opened");
    assert!(stage.sees("Select a connection first") && stage.sees("A test send goes to one connection"));
    stage.get("Copy message").click();
    stage.harness.step();
    let copied = &stage.harness.output().platform_output.commands;
    let whole = "Select a connection first\nA test send goes to one connection";
    assert!(copied.contains(&egui::OutputCommand::CopyText(whole.to_owned())), "{copied:?}");
}
