//! How do we stand on that day, and what is due.

use super::Stage;

/// The sample with a rule that bites on a day far ahead, under Harbor Grocers.
fn with_a_rule_to_come() -> Stage {
    let mut stage = Stage::sample();
    let day = in_days(60);
    let text = super::file("house", "encryption", "aes256-cbc", "required").replace("2020-01-01", &day);
    let path = stage.written("house.toml", &text);
    stage.cli(&["policy", "import", path.to_str().unwrap()]);
    stage.cli(&["connection", "set", "harbor", "test", "encryption=aes128-cbc"]);
    stage.cli(&["connection", "set", "harbor", "policy=house"]);
    stage.press(egui::Modifiers::NONE, egui::Key::F5);
    stage.wait_for("Encryption: AES-128, Due");
    stage
}

/// So many days from today, as policy files write them.
#[expect(clippy::disallowed_methods, reason = "the window under test runs on the system's clock")]
fn in_days(days: i32) -> String {
    use jiff::ToSpan as _;
    let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
    today.saturating_add(days.days()).to_string()
}

#[test]
fn another_day_is_judged_said_and_left_again() {
    let mut stage = with_a_rule_to_come();
    assert!(stage.sees("2 need action before traffic is at risk"));
    stage.click("How we stand");
    stage.click_beginning("In 90 days");
    stage.wait_for("Encryption: AES-128, Non-compliant");
    assert!(stage.sees("This is how you stand on") && stage.sees("90 days from today"), "{:#?}", stage.labels());
    assert!(!stage.sees("2 need action before traffic is at risk"), "the tiles follow: {:#?}", stage.labels());
    assert!(stage.sees("Connections, 2 need action"), "the navigation counts today");
    stage.click("Back to today");
    stage.wait_for("Encryption: AES-128, Due");
    assert!(!stage.sees("This is how you stand on") && stage.sees("2 need action before traffic is at risk"));
    // The day before the rule bites, and the day on which it does.
    stage.click("How we stand");
    stage.click_beginning("In 30 days");
    stage.wait_for("30 days from today");
    assert!(stage.sees("Encryption: AES-128, Due"));
}

#[test]
fn what_is_due_is_listed_by_when_it_bites_and_leads_to_its_setting() {
    let mut stage = with_a_rule_to_come();
    let tab = stage.labels().into_iter().find(|label| label.starts_with("Due (")).unwrap();
    stage.click(&tab);
    let line = stage.labels().into_iter().find(|label| label.contains("Harbor Grocers, test, Encryption"));
    let line = line.unwrap_or_else(|| panic!("{:#?}", stage.labels()));
    assert!(line.contains("House rules requires AES-256 or stronger for encryption from"), "{line}");
    stage.fill("Search connections", "no such thing");
    assert!(stage.sees("Nothing that is due matches"));
    stage.fill("Search connections", "harbor");
    stage.click(&line);
    stage.wait_for("Close inspector");
    assert!(stage.sees("Policy House rules"), "{:#?}", stage.labels());
}
