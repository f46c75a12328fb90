//! Settings, policies and our own identities: what is wrong is told once, all of it, and with what to do.

use countersign::app::Clock;

use super::Desk;

/// So many days from now, as the command line takes an instant.
fn in_days(days: i64) -> String {
    (Clock::System.now() + jiff::SignedDuration::from_hours(24 * days)).to_string()
}

const OWN: &str = r#"id = "mine"
name = "Mine"
kind = "own"
inherits = "amazon-vendor-central"

[[rules]]
setting = "encryption"
op = "at-least"
value = "aes256-cbc"
applies_to = "production"
severity = "required"
from = 2027-03-01
source = "a letter"
quote = "AES-256 from March"
checked = 2026-11-26
"#;

#[test]
fn a_setting_that_makes_no_sense_is_refused_with_what_to_write() {
    let desk = Desk::new();
    for (words, error, hint) in [
        (
            &["encryption=aes256-cbc"][..],
            "`encryption` belongs to a profile",
            "name it first: production encryption=aes256-cbc, or test encryption=aes256-cbc",
        ),
        (&["test", "url="], "`url` has no default, so it cannot be empty", "give it a value: url=…"),
        (
            &["test", "timeout_seconds=-1"],
            "`timeout_seconds` must be a whole number, not below 0, not `-1`",
            "`countersign connection export ID` writes every setting as it stands",
        ),
        (
            &["test", "encrption=none"],
            "unknown field `encrption`; the settings are our_as2_id, ",
            "did you mean encryption?",
        ),
    ] {
        let told = desk.refused(&[&["connection", "set", "partner"], words].concat());
        assert!(told.0.starts_with(error), "{words:?}: {told:?}");
        assert_eq!(told.1, hint, "{words:?}");
    }
}

#[test]
fn a_dry_run_says_that_the_id_is_taken_as_the_import_would() {
    let desk = Desk::new();
    let file = desk.path("rules.toml").display().to_string();
    desk.good(&["policy", "export", "as2-modern", "-o", &file]);
    let said = desk.good(&["policy", "import", &file, "--dry-run"]);
    let told = "warning: there is a policy `as2-modern` that comes with Countersign already: importing this one takes \
                --replace, or another id";
    assert!(said.beside.lines().any(|line| line == told), "{}", said.beside);
    assert_eq!(desk.json(&["policy", "import", &file, "--dry-run"])["needs_replace"], true);
    desk.refused(&["policy", "import", &file]);
    let said = desk.good(&["policy", "import", &file, "--replace", "--dry-run"]);
    assert!(!said.beside.contains("--replace"), "{}", said.beside);
    let free = desk.file("free.toml", OWN);
    assert!(!desk.good(&["policy", "import", &free, "--dry-run"]).beside.contains("--replace"));
}

#[test]
fn all_that_is_wrong_with_a_policy_file_is_told_at_once() {
    let desk = Desk::new();
    let wrong = OWN
        .replace("applies_to = \"production\"\n", "applies_to = \"live\"\n")
        .replace("quote = \"AES-256 from March\"\n", "")
        .replace("from = 2027-03-01", "from = \"March\"")
        .replace("name = \"Mine\"", "nmae = \"Mine\"");
    let file = desk.file("wrong.toml", wrong);
    for command in [&["policy", "validate", &file][..], &["policy", "import", &file]] {
        let (error, _) = desk.refused(command);
        let order: Vec<usize> = [
            "line 1: `name` is missing in the policy",
            "line 2: unknown key `nmae` in the policy",
            "line 6: `quote` is missing in the rule",
            "line 10: `applies_to`: `live` is not one of production, test, both",
            "line 12: `from` is a date such as 2026-11-28, or an instant such as 2026-11-28T09:00:00+01:00, not `March`",
        ]
        .iter()
        .map(|told| error.find(told).unwrap_or_else(|| panic!("{told} in {error}")))
        .collect();
        assert!(order.is_sorted(), "{error}");
    }
    for empty in ["", "\n# nothing yet\n"] {
        let file = desk.file("empty.toml", empty);
        let (error, _) = desk.refused(&["policy", "validate", &file]);
        assert!(
            error.ends_with("there is nothing in the file; a policy has at least `id`, `name` and `kind`"),
            "{error}"
        );
    }
}

#[test]
fn the_policy_file_in_the_readme_makes_sense() {
    let desk = Desk::new();
    let readme = include_str!("../../../README.md");
    let example = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let policy = example.into_iter().find(|text| text.contains("[[rules]]")).unwrap();
    let file = desk.file("readme.toml", policy);
    assert!(desk.good(&["policy", "validate", &file]).text.contains("makes sense: our-rules, 1 rule of its own"));
}

#[test]
fn a_rule_that_is_to_come_holds_from_its_day_and_one_in_force_since_it() {
    let desk = Desk::new();
    // A day that is to come whenever this runs, within a year.
    let day = (Clock::System.now() + jiff::SignedDuration::from_hours(24 * 90)).to_string()[..10].to_owned();
    let file = desk.file("mine.toml", OWN.replace("2027-03-01", &day));
    desk.good(&["policy", "import", &file]);
    let words: jiff::civil::Date = day.parse().unwrap();
    let words = words.strftime("%-d %b %Y").to_string();
    let shown = desk.good(&["policy", "show", "mine"]).text;
    let in_force = |dated: &str| {
        shown.lines().any(|line| line.trim_start().starts_with("In force ") && line.ends_with(&format!(" {dated}")))
    };
    assert!(in_force(&format!("from {words}")) && in_force("since 15 Oct 2019"), "{shown}");
    let compared = desk.good(&["policy", "diff", "mine", "amazon-vendor-central"]).text;
    assert!(compared.contains(&format!(", from {words}")), "{compared}");
    desk.good(&["connection", "set", "partner", "policy=mine"]);
    let checked = desk.run(&["check"]).text;
    assert!(checked.contains(&format!("required AES-256 or stronger from {words}, non-compliant from")), "{checked}");
    let page = desk.path("report.html").display().to_string();
    desk.good(&["report", "-o", &page]);
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(page.contains(&format!("AES-256 or stronger, required from {words}")));
}

#[test]
fn a_change_of_identity_that_is_refused_gives_its_reason_once_and_what_it_cancels_is_named() {
    let desk = Desk::new();
    for name in ["next", "third"] {
        desk.good(&["identity", "create", name, "--days", "700"]);
    }
    let refused = |to: &str, at: &str| desk.refused(&["identity", "rollover", "me", to, "--at", at]);
    let (error, hint) = refused("next", "2020-01-01T00:00:00Z");
    assert!(
        error.starts_with("2 profiles cannot be changed, so none was: partner production, partner test: "),
        "{error}"
    );
    assert_eq!(error.matches("2020").count(), 1, "{error}");
    assert_eq!(hint, "nothing was changed; name a later time, or `now`");
    let (error, hint) = refused("me", "now");
    assert_eq!(error, "`me` is named as the old identity and as the new one");
    assert_eq!(hint, "name the one that signs now first, then the one that is to follow it");

    let (soon, later) = (in_days(20), in_days(30));
    desk.good(&["identity", "rollover", "me", "next", "--at", &soon]);
    let listed = desk.good(&["identity", "list"]).text;
    let line = |name: &str| listed.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("me").ends_with("partner production, partner test"), "{listed}");
    assert_eq!(line("next").matches(" from ").count(), 2, "{listed}");
    let document = desk.json(&["identity", "list"]);
    let used = |name: &str| {
        let all = document["identities"].as_array().unwrap();
        all.iter().find(|each| each["name"] == name).unwrap()["used"][0].clone()
    };
    assert!(used("me").get("from").is_none() && used("next")["from"].is_string(), "{document}");
    let said = desk.good(&["identity", "rollover", "me", "third", "--at", &later]);
    assert!(said.beside.contains("warning: The change that was scheduled to next is cancelled"), "{}", said.beside);
}
