//! Partners who use two certificates: one to encrypt for, another that signs.

use countersign::domain::identifier::ProfileKind;
use countersign::domain::timeline::{acceptable_now, used_now};

use super::{Desk, fixture, print};

/// What is encrypted for, and what is accepted, by the files' names.
async fn standing(desk: &Desk) -> (Option<&'static str>, Vec<&'static str>) {
    let names = ["old.cer", "test.cer", "new.cer", "other.cer"];
    let named = |wanted| names.into_iter().find(|name| print(name) == wanted);
    let uses = desk.uses(ProfileKind::Production).await;
    // As the command line has it, which knows no other time.
    let now = countersign::app::Clock::System.now();
    let mut accepted: Vec<&str> = acceptable_now(&uses, now).into_iter().filter_map(named).collect();
    accepted.sort_unstable();
    (used_now(&uses, now).and_then(|entry| named(entry.fingerprint)), accepted)
}

/// A connection whose file names one certificate for each purpose.
async fn two() -> Desk {
    let desk = Desk::new().await;
    let tables = format!(
        "[{{ file = {:?}, use = [\"encrypt\"] }}, {{ file = {:?}, use = [\"verify\"] }}]",
        fixture("old.cer"),
        fixture("other.cer")
    );
    desk.connect(&tables, &format!("[{:?}]", fixture("test.cer"))).await;
    desk
}

fn import(desk: &Desk, name: &str, purpose: &[&str]) {
    let file = fixture(name);
    let words = ["certificate", "import", file.to_str().unwrap(), "--connection", "partner"];
    desk.json(&[&words[..], &["--profile", "production", "--activate", "now"], purpose].concat());
}

#[tokio::test]
async fn the_connection_file_names_one_for_each_purpose_and_comes_out_as_it_went_in() {
    let desk = two().await;
    assert_eq!(standing(&desk).await, (Some("old.cer"), vec!["other.cer"]));
    let exported = desk.app.export_connection(&"partner".parse().unwrap()).await.unwrap();
    let file = desk.folder.path().join("exported.toml");
    std::fs::write(&file, &exported).unwrap();
    desk.app.add_connection(&file, true).await.unwrap();
    assert_eq!(standing(&desk).await, (Some("old.cer"), vec!["other.cer"]));
}

#[tokio::test]
async fn one_purpose_is_renewed_and_the_other_is_left_alone() {
    let desk = two().await;
    import(&desk, "new.cer", &["--use", "encrypt"]);
    assert_eq!(standing(&desk).await, (Some("new.cer"), vec!["other.cer"]));
    let desk = two().await;
    import(&desk, "new.cer", &["--use", "verify"]);
    assert_eq!(standing(&desk).await, (Some("old.cer"), vec!["new.cer", "other.cer"]));
    let desk = two().await;
    import(&desk, "new.cer", &[]);
    assert_eq!(standing(&desk).await, (Some("new.cer"), vec!["new.cer", "other.cer"]));
    let refused =
        desk.run(&["certificate", "import", "x.cer", "--connection", "partner", "--use", "both", "--activate", "now"]);
    assert_eq!(refused.status.code(), Some(2));
}
