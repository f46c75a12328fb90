//! One's own policies: what an import would change is told exactly and nothing is saved by asking; what is refused leaves
//! everything as it was; and what was done can be taken back.

use std::path::PathBuf;
use std::process::{Command, Output};

use countersign::app::{App, Clock, Duplication, Expected, Location, Unlock};
use countersign::domain::compliance::Status;
use countersign::domain::identifier::{ConnectionId, PolicyId};
use countersign::domain::status_change::StatusChanges;
use countersign::store::Workspace;
use serde_json::Value;
use tempfile::TempDir;

/// A workspace with an identity and two connections that neither sign nor encrypt, so that rules alone decide.
struct Desk {
    folder: TempDir,
}

fn connection(id: &str, policy: &str) -> String {
    let profile = |kind: &str, signing: &str| {
        format!(
            "[{kind}]\nour_as2_id = \"ME-{id}-{kind}\"\npartner_as2_id = \"{id}\"\nurl = \"https://p.example/as2\"\n\
             identity = \"me\"\nencryption = \"none\"\nsigning = \"{signing}\"\nmdn = \"none\"\n"
        )
    };
    format!(
        "id = \"{id}\"\nname = \"{id}\"\npolicy = \"{policy}\"\n{}{}",
        profile("production", "none"),
        profile("test", "sha256")
    )
}

fn policy(id: &str, head: &str, rules: &[(&str, &str, &str, &str)]) -> String {
    let mut text = format!("# kept as it is\nid = \"{id}\"\nname = \"The {id}\"\nkind = \"own\"\n{head}");
    for (setting, op, value, severity) in rules {
        text.push_str(&format!(
            "[[rules]]\nsetting = \"{setting}\"\nop = \"{op}\"\nvalue = {value}\napplies_to = \"both\"\n\
             severity = \"{severity}\"\nfrom = 2020-01-01\nsource = \"their letter\"\nquote = \"so be it\"\n\
             checked = 2026-11-01\n"
        ));
    }
    text
}

const LAX: &[(&str, &str, &str, &str)] = &[("compression", "one-of", "[\"none\"]", "required")];
const STRICT: &[(&str, &str, &str, &str)] = &[("signing", "at-least", "\"sha256\"", "required")];

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        // Valid from January 2026 to January 2029, so at the instant of these tests and on every day soon.
        let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/window/acme-2026.pem");
        desk.json(&["identity", "import", key, "--name", "me"]);
        let lax = desk.file("lax.toml", &policy("house", "", LAX));
        desk.json(&["policy", "import", &lax]);
        for (id, policy) in [("acme", "house"), ("other", "house")] {
            let file = desk.file(&format!("{id}.toml"), &connection(id, policy));
            desk.json(&["connection", "add", &file]);
        }
        desk
    }

    fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(words).env("COUNTERSIGN_WORKSPACE", self.workspace());
        command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE").output().unwrap()
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        assert!(output.status.code() < Some(2), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refused(&self, words: &[&str]) -> String {
        let before = self.state();
        let output = self.run(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert_eq!(self.state(), before, "{words:?} changed something");
        said
    }

    /// Everything that could have changed.
    fn state(&self) -> (Value, Value) {
        (self.json(&["policy", "list"]), self.json(&["check"])["connections"].take())
    }

    /// How each profile stands, from `check`.
    fn standing(&self) -> Vec<(String, String, String)> {
        let check = self.json(&["check"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let connections = check["connections"].as_array().unwrap().iter();
        connections
            .flat_map(|connection| {
                connection["profiles"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|profile| (text(&connection["id"]), text(&profile["profile"]), text(&profile["status"])))
            })
            .collect()
    }

    fn app(&self) -> App {
        let now = "2026-11-24T08:30:00Z".parse().unwrap();
        App::new(Location::Dir(self.workspace()), Unlock::none(), Clock::Fixed(now))
    }
}

/// What is told, as `check` would say it before and after.
fn told(document: &Value) -> Vec<(String, String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let changes = document["changes"].as_array().unwrap().iter();
    changes
        .map(|change| {
            (text(&change["connection"]), text(&change["profile"]), text(&change["from"]), text(&change["to"]))
        })
        .collect()
}

#[test]
fn what_an_import_would_change_is_what_it_changes_and_asking_saves_nothing() {
    let desk = Desk::new();
    let file = desk.file("strict.toml", &policy("house", "", STRICT));
    let (before, standing) = (desk.state(), desk.standing());
    let asked = desk.json(&["policy", "import", &file, "--dry-run"]);
    assert_eq!(desk.state(), before, "asking saves nothing");
    assert_eq!((&asked["saved"], &asked["replaced"], &asked["judged"]), (&false.into(), &true.into(), &4.into()));
    let done = desk.json(&["policy", "import", &file, "--replace"]);
    assert_eq!(told(&asked), told(&done));
    let after = desk.standing();
    let expected: Vec<_> = standing
        .into_iter()
        .zip(after)
        .filter(|(was, is)| was != is)
        .map(|(was, is)| (was.0, was.1, was.2, is.2))
        .collect();
    assert_eq!(told(&done), expected);
    assert_eq!(expected.len(), 2, "production alone does not sign");
    assert_eq!(desk.json(&["policy", "import", &file, "--dry-run"])["changes"], Value::Array(Vec::new()));
    let reason = done["changes"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("The house requires SHA-256 or stronger for signing"), "{reason}");
}

#[test]
fn what_changes_is_told_on_standard_error_and_the_file_comes_back_as_it_was() {
    let desk = Desk::new();
    let text = policy("house", "", STRICT);
    let file = desk.file("strict.toml", &text);
    let output = desk.run(&["policy", "import", &file, "--replace"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Replaced house\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("acme production  ✓ Compliant → ✗ Non-compliant. The house requires"), "{said}");
    let exported = desk.folder.path().join("out.toml");
    desk.json(&["policy", "export", "house", "-o", exported.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(exported).unwrap(), text, "comments and all");
    let builtin = desk.run(&["policy", "export", "amazon-vendor-central"]);
    let pack = desk.file("pack.toml", &String::from_utf8(builtin.stdout).unwrap());
    assert!(desk.run(&["policy", "validate", &pack]).status.success());
    let list = desk.json(&["policy", "list"]);
    let house = list["policies"].as_array().unwrap().iter().find(|policy| policy["id"] == "house").unwrap().clone();
    assert_eq!((&house["origin"], &house["connections"]), (&"workspace".into(), &2.into()));
}

#[test]
fn a_file_that_makes_no_sense_or_takes_a_place_unasked_is_refused_and_nothing_changes() {
    let desk = Desk::new();
    let wrong = desk.file("wrong.toml", &policy("mine", "", &[("signing", "at-least", "\"sha257\"", "required")]));
    let said = desk.refused(&["policy", "import", &wrong]);
    assert!(said.contains("wrong.toml: line 8: `sha257` is no value of `signing`"), "{said}");
    let again = desk.file("again.toml", &policy("house", "", STRICT));
    assert!(desk.refused(&["policy", "import", &again]).contains("there is a policy `house` already"));
    let builtin = desk.file("amazon.toml", &policy("amazon-vendor-central", "", STRICT));
    assert!(desk.refused(&["policy", "import", &builtin]).contains("that comes with Countersign already"));
    let orphan = desk.file("orphan.toml", &policy("mine", "inherits = \"nobody\"\n", STRICT));
    assert!(desk.refused(&["policy", "import", &orphan]).contains("inherits `nobody`"));
    desk.json(&["policy", "import", &desk.file("heir.toml", &policy("heir", "inherits = \"house\"\n", STRICT))]);
    let round = desk.file("round.toml", &policy("house", "inherits = \"heir\"\n", STRICT));
    assert!(desk.refused(&["policy", "import", &round, "--replace"]).contains("inherits itself"));
    assert!(desk.refused(&["policy", "import", "/nowhere/at/all.toml"]).contains("cannot read"));
}

#[test]
fn a_policy_that_is_used_is_not_removed_and_who_uses_it_is_named() {
    let desk = Desk::new();
    let said = desk.refused(&["policy", "remove", "house"]);
    assert!(said.contains("used by the connections acme, other") && said.contains("hint: "), "{said}");
    let heir = desk.file("heir.toml", &policy("heir", "inherits = \"house\"\n", STRICT));
    desk.json(&["policy", "import", &heir]);
    for id in ["acme", "other"] {
        desk.json(&["connection", "set", id, "policy=heir"]);
    }
    assert!(desk.refused(&["policy", "remove", "house"]).contains("inherited by the policy heir"));
    assert!(desk.refused(&["policy", "remove", "as2-modern"]).contains("cannot be removed"));
    assert!(desk.refused(&["policy", "remove", "none-such"]).contains("there is no policy `none-such`"));
    for id in ["acme", "other"] {
        desk.json(&["connection", "set", id, "policy=as2-modern"]);
    }
    assert_eq!(desk.json(&["policy", "remove", "heir"])["removed"], "heir");
    desk.json(&["policy", "remove", "house"]);
    let list = desk.json(&["policy", "list"]).to_string();
    assert!(!list.contains("house") && !list.contains("heir"), "{list}");
}

#[test]
fn an_own_policy_in_the_place_of_a_built_in_one_goes_and_the_built_in_one_holds_again() {
    let desk = Desk::new();
    desk.json(&["connection", "set", "acme", "policy=amazon-vendor-central"]);
    let before = desk.standing();
    let own = desk.file("own.toml", &policy("amazon-vendor-central", "", LAX));
    let done = desk.json(&["policy", "import", &own, "--replace"]);
    assert!(!told(&done).is_empty());
    let removed = desk.json(&["policy", "remove", "amazon-vendor-central"]);
    assert_eq!(told(&removed).len(), told(&done).len());
    assert_eq!(desk.standing(), before);
}

#[test]
fn two_policies_are_compared_with_what_they_inherit() {
    let desk = Desk::new();
    let heir = policy(
        "heir",
        "inherits = \"house\"\n",
        &[("signing", "at-least", "\"sha384\"", "required"), ("mdn", "at-least", "\"sync\"", "required")],
    );
    desk.json(&["policy", "import", &desk.file("heir.toml", &heir)]);
    let strict = policy("strict", "", &[LAX[0], ("signing", "at-least", "\"sha256\"", "recommended")]);
    desk.json(&["policy", "import", &desk.file("strict.toml", &strict)]);
    let diff = desk.json(&["policy", "diff", "heir", "strict"]);
    assert_eq!(diff["different"][0]["differs"], serde_json::json!(["value", "severity"]));
    assert_eq!(diff["different"][0]["a"]["stated_by"], "heir");
    assert_eq!((&diff["only_a"][0]["setting"], &diff["same"]), (&"mdn".into(), &1.into()));
    assert_eq!(diff["only_b"], Value::Array(Vec::new()));
    let text = String::from_utf8(desk.run(&["policy", "diff", "heir", "strict"]).stdout).unwrap();
    assert!(text.contains("required SHA-384 or stronger, both, since 1 Jan 2020"), "{text}");
    let same = String::from_utf8(desk.run(&["policy", "diff", "heir", "heir"]).stdout).unwrap();
    assert_eq!(same, "Both demand the same: 3 rules\n");
}

#[tokio::test]
async fn every_change_can_be_taken_back_unless_somebody_else_made_another_since() {
    let desk = Desk::new();
    let app = desk.app();
    let id: PolicyId = "house".parse().unwrap();
    let text = policy("house", "", STRICT);
    let changed = app.save_policy(&text, &Expected::Just(Some(policy("house", "", LAX)))).await.unwrap();
    assert_eq!(changed.changes.worse(), 2);
    let back = app.undo_policy(&changed).await.unwrap();
    assert_eq!(back.changes.changes.len(), 2);
    assert_eq!(app.export_policy(&id).await.unwrap(), policy("house", "", LAX));
    let error = app.undo_policy(&changed).await.unwrap_err();
    assert!(error.message().contains("changed by somebody else meanwhile"), "{error}");
    let error = app.save_policy(&text, &Expected::Just(Some(text.clone()))).await.unwrap_err();
    assert!(error.message().contains("meanwhile"), "{error}");
    // A removal, and an import that was none before.
    let lonely: PolicyId = "lonely".parse().unwrap();
    let made = app.save_policy(&policy("lonely", "", STRICT), &Expected::Just(None)).await.unwrap();
    let gone = app.remove_policy(&lonely, &Expected::Anything).await.unwrap();
    app.undo_policy(&gone).await.unwrap();
    app.policy(&lonely).await.unwrap();
    app.undo_policy(&made).await.unwrap();
    assert!(app.policy(&lonely).await.is_err());
}

#[tokio::test]
async fn a_duplicate_that_follows_judges_as_its_original_and_so_does_a_copy() {
    let desk = Desk::new();
    let app = desk.app();
    let original: PolicyId = "amazon-vendor-central".parse().unwrap();
    for (name, how) in [("follows", Duplication::Follow), ("copy", Duplication::Copy)] {
        let id: PolicyId = name.parse().unwrap();
        let made = app.duplicate_policy(&original, id.clone(), name.to_owned(), how).await.unwrap();
        assert!(made.changes.is_empty(), "nothing uses it yet");
        let comparison = app.compare_policies(&original, &id).await.unwrap();
        assert!(comparison.different.is_empty() && comparison.only_a.is_empty() && comparison.only_b.is_empty());
        let (own, of) = (app.policy(&id).await.unwrap(), app.policy(&original).await.unwrap());
        assert_eq!((own.portal, own.rules.len()), (of.portal, of.rules.len()));
        let error = app.duplicate_policy(&original, id, name.to_owned(), how).await.unwrap_err();
        assert!(error.message().contains("already"), "{error}");
    }
}

#[tokio::test]
async fn the_window_foresees_what_is_saved_and_what_check_says_of_another_day() {
    let desk = Desk::new();
    let app = desk.app();
    let snapshot = app.snapshot(None).await.unwrap();
    let later = policy("house", "", STRICT).replace("2020-01-01", "2027-02-01");
    let edited = countersign::domain::policy::Policy::from_toml(&later).unwrap();
    let foreseen: StatusChanges = snapshot.with_policy(&edited).unwrap();
    assert_eq!(app.snapshot(None).await.unwrap().policies.len(), snapshot.policies.len());
    let done = app.save_policy(&later, &Expected::Anything).await.unwrap();
    assert_eq!(foreseen, done.changes);
    let due: Vec<Status> = done.changes.changes.iter().map(|change| change.to).collect();
    assert_eq!(due, [Status::Due, Status::Due]);
    let snapshot = app.snapshot(None).await.unwrap();
    let bites: Vec<_> = snapshot.due.iter().map(|due| (due.bites.to_string(), due.connection.as_str())).collect();
    assert_eq!(bites, [("2027-02-01T00:00:00Z".to_owned(), "acme"), ("2027-02-01T00:00:00Z".to_owned(), "other")]);
    for day in ["2027-01-31T23:59:59Z", "2027-02-01T00:00:00Z", "2031-01-01T00:00:00Z"] {
        let at = day.parse().unwrap();
        let there = snapshot.at_instant(at);
        let check = app.check(&[] as &[ConnectionId], at).await.unwrap();
        let shown: Vec<_> = there.connections.iter().map(|state| state.report.clone()).collect();
        assert_eq!(shown, check.connections, "{day}");
        assert_eq!(there.summary.need_action, usize::from(day > "2027-02") * 2, "{day}");
    }
    let error = snapshot.with_policy(&{
        let mut round = edited;
        round.inherits = Some("none-such".parse().unwrap());
        round
    });
    assert!(error.unwrap_err().contains("none-such"));
}

/// Has a policy's file be one that cannot be read, as one that a newer version wrote would be.
async fn spoil(desk: &Desk, id: &str) -> String {
    let text = policy(id, "", LAX).replace("setting = \"compression\"", "setting = \"of tomorrow\"");
    let location = Location::Dir(desk.workspace());
    let now = "2026-11-24T08:30:00Z".parse().unwrap();
    let workspace = Workspace::open_existing(&location, &Unlock::none(), now).await.unwrap().unwrap();
    workspace.put_policy(&id.parse().unwrap(), &text).await.unwrap();
    workspace.close().await;
    text
}

#[tokio::test]
async fn an_own_policy_that_cannot_be_read_is_unknown_with_its_line_and_all_else_goes_on() {
    let desk = Desk::new();
    desk.json(&["connection", "set", "other", "policy=as2-modern"]);
    let heir = desk.file("heir.toml", &policy("heir", "inherits = \"house\"\n", STRICT));
    desk.json(&["policy", "import", &heir]);
    let before = desk.standing();
    let text = spoil(&desk, "house").await;

    let check = desk.json(&["check"]);
    let (acme, other) = (&check["connections"][0], &check["connections"][1]);
    assert_eq!((&acme["id"], &acme["status"]), (&"acme".into(), &"unknown".into()));
    let finding = &acme["profiles"][0]["findings"][0];
    let reason = finding["reason"].as_str().unwrap();
    assert_eq!(finding["setting"], "policy");
    for part in [
        "the file of the policy `house` cannot be read, line 6: `setting`: `of tomorrow` is not one of",
        "`policy export house` writes it, `policy import FILE --replace` puts the mended one in its place",
    ] {
        assert!(reason.contains(part), "{part} in {reason}");
    }
    let of_other = |standing: &[(String, String, String)]| {
        standing.iter().filter(|one| one.0 == "other").cloned().collect::<Vec<_>>()
    };
    assert_eq!(of_other(&desk.standing()), of_other(&before), "{other}");

    // Everything else works, and says so.
    let list = desk.json(&["policy", "list"]);
    let house = list["policies"].as_array().unwrap().iter().find(|policy| policy["id"] == "house").unwrap().clone();
    assert!(house["fault"].as_str().unwrap().starts_with("line 6: "), "{house}");
    let listed = desk.run(&["policy", "list"]);
    assert!(
        String::from_utf8_lossy(&listed.stdout)
            .lines()
            .any(|line| line.starts_with("house ") && line.contains("unreadable"))
    );
    assert!(String::from_utf8_lossy(&listed.stderr).contains("The file of house cannot be read, line 6"));
    assert!(desk.refused(&["policy", "show", "house"]).contains("cannot be read, line 6"));
    assert!(
        desk.refused(&["policy", "show", "heir"])
            .contains("`heir` inherits `house`, whose file cannot be read, line 6")
    );
    desk.json(&["notice", "list"]);
    desk.json(&["connection", "set", "acme", "production", "subject=Orders"]);
    let report = desk.json(&["report", "--format", "json"]);
    let named = report["policies"].as_array().unwrap().iter().find(|policy| policy["id"] == "house").unwrap();
    assert!(named["fault"].as_str().unwrap().starts_with("line 6: "), "{named}");
    let snapshot = desk.app().snapshot(None).await.unwrap();
    assert_eq!(
        snapshot.connections.iter().map(|state| state.report.profiles[0].status).collect::<Vec<_>>(),
        [Status::Unknown, Status::Advice]
    );
    let state = snapshot.policy(&"house".parse().unwrap()).unwrap();
    assert!(!state.is_editable() && state.resolved.is_err());
    assert_eq!(state.text.as_deref(), Some(text.as_str()));

    // It is written as it is, replaced, and comes back as it was.
    let exported = desk.run(&["policy", "export", "house"]);
    assert_eq!(String::from_utf8_lossy(&exported.stdout), text);
    let app = desk.app();
    let mended = app.save_policy(&policy("house", "", LAX), &Expected::Anything).await.unwrap();
    assert_eq!(desk.standing(), before, "the mended one is judged by again");
    // Of the test profile the partner's certificate is unknown, too, whatever the policy says.
    assert_eq!(mended.changes.changes.iter().filter(|change| change.from == Status::Unknown).count(), 1);
    app.undo_policy(&mended).await.unwrap();
    assert_eq!(app.export_policy(&"house".parse().unwrap()).await.unwrap(), text);

    // And removed, as any other that nothing uses.
    assert!(desk.refused(&["policy", "remove", "house"]).contains("used by the connection acme"));
    desk.json(&["policy", "remove", "heir"]);
    desk.json(&["connection", "set", "acme", "policy=as2-modern"]);
    desk.json(&["policy", "remove", "house"]);
    assert!(!desk.json(&["policy", "list"]).to_string().contains("house"));
}

#[tokio::test]
async fn a_built_in_policy_does_not_hold_in_the_place_of_an_own_one_that_cannot_be_read() {
    let desk = Desk::new();
    desk.json(&["connection", "set", "acme", "policy=as2-modern"]);
    spoil(&desk, "as2-modern").await;
    let production = |desk: &Desk| desk.json(&["check"])["connections"][0]["profiles"][0]["status"].take();
    assert_eq!(production(&desk), "unknown");
    desk.json(&["policy", "remove", "as2-modern"]);
    assert_eq!(production(&desk), "advice", "it holds again");
}

#[tokio::test]
async fn of_two_imports_of_one_id_at_once_only_one_is_made() {
    let desk = Desk::new();
    let (one, other) = (desk.app(), desk.app());
    for number in 0..10 {
        let id = format!("new-{number}");
        let first = desk.file("first.toml", &policy(&id, "", LAX));
        let second = desk.file("second.toml", &policy(&id, "", STRICT));
        let (a, b) =
            tokio::join!(one.import_policy(first.as_ref(), false), other.import_policy(second.as_ref(), false));
        let (made, refused) = match (a, b) {
            (Ok(made), Err(refused)) | (Err(refused), Ok(made)) => (made, refused),
            (a, b) => panic!("{id}: {a:?} and {b:?}"),
        };
        let said = refused.message();
        assert!(said.contains("already") || said.contains("meanwhile"), "{said}");
        assert_eq!(Some(one.export_policy(&id.parse().unwrap()).await.unwrap()), made.after);
    }
}
