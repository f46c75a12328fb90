//! Many connections of many customers on the command line: for whom each is kept, which are listed, and one change of all that
//! have something in common.

use std::process::{Command, Output};

use countersign::app::ManyChange;
use countersign::domain::connection::Connection;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::timeline::{CertificateUse, plain_list};
use serde_json::Value;

use crate::many::{Many, Size, connection, fixture, id, read};

/// For whom a provider keeps connections.
const CUSTOMERS: [&str; 5] = ["Bluebird Outdoor", "Acme Foods", "Cedar & Sons", "Evergreen Toys", "Delta Kitchen"];

/// With whom.
const PARTNERS: [&str; 6] = ["Amazon Vendor", "Northwind", "Harbor Grocers", "Tailspin", "Contoso", "Fabrikam"];

/// A connection of a provider's by its number: every sixth is kept for nobody, every seventh encrypts weakly, the certificate
/// of every eighth ends soon, every third can take asynchronous receipts.
fn provided(number: usize, uses: &[CertificateUse]) -> Connection {
    let mut connection = connection(number, uses);
    connection.name = format!("{} {}", PARTNERS[number % 6], number / 6 + 1);
    let customer = (number % 6 != 5).then(|| CUSTOMERS[(number / 6 + number) % 5]);
    connection.customer = customer.map(|name| name.parse().unwrap());
    let tags = ["x12, priority", "edifact", "", "x12"][number % 4];
    connection.tags = tags.parse().unwrap();
    for kind in [ProfileKind::Production, ProfileKind::Test] {
        let profile = connection.profile_mut(kind).unwrap();
        if number.is_multiple_of(7) {
            *profile = profile.with_changes(&[("encryption".to_owned(), "3des-cbc".to_owned())]).unwrap();
        }
        if number.is_multiple_of(3) {
            profile.mdn_url = Some("https://acme.example/as2".parse().unwrap());
        }
    }
    connection
}

/// A provider's workspace with so many connections.
pub(crate) fn workspace(connections: usize) -> Many {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let many = Many::new(Size { connections: 0, using: 0 }).await;
        let workspace = many.behind().await;
        let (lasting, ending) = (read(&fixture("harbor.pem")), read(&fixture("northwind.pem")));
        workspace.put_certificate(lasting.der(), lasting.facts(), "fixture", many.app.now()).await.unwrap();
        let uses = |number: usize| {
            let certificate = if number % 8 == 3 { &ending } else { &lasting };
            plain_list(&[certificate.facts().fingerprint_sha256])
        };
        let all: Vec<Connection> = (0..connections).map(|number| provided(number, &uses(number))).collect();
        workspace.save_connections(&all, many.app.now()).await.unwrap();
        workspace.close().await;
        many.app.close().await;
        many
    })
}

struct Desk {
    many: Many,
}

impl Desk {
    fn new(connections: usize) -> Self {
        Self { many: workspace(connections) }
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(words).env("COUNTERSIGN_WORKSPACE", &self.many.workspace);
        command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE").output().unwrap()
    }

    /// Runs it, holds its exit code, and returns what it wrote: to standard output, or where it failed to standard error.
    fn text(&self, code: i32, words: &[&str]) -> String {
        let output = self.run(words);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {stderr}");
        if code == 2 { stderr } else { String::from_utf8(output.stdout).unwrap() }
    }

    fn json(&self, code: i32, words: &[&str]) -> Value {
        serde_json::from_str(&self.text(code, &[words, &["--json"]].concat())).unwrap()
    }

    fn listed(&self, words: &[&str]) -> usize {
        self.json(0, &[&["connection", "list"], words].concat())["connections"].as_array().unwrap().len()
    }

    fn shown(&self, id: &str) -> Value {
        self.json(0, &["connection", "show", id])
    }
}

#[test]
fn a_customer_and_tags_are_set_shown_exported_and_come_back_from_the_file() {
    let desk = Desk::new(2);
    let id = "partner-0001";
    desk.json(0, &["connection", "set", id, "customer=Zeta  Traders", "tags=b, A,a"]);
    let shown = desk.shown(id);
    assert_eq!((&shown["customer"], &shown["tags"]), (&"Zeta  Traders".into(), &serde_json::json!(["b", "A"])));
    desk.json(0, &["connection", "set", id, "tags+=new", "tags-=B"]);
    assert_eq!(desk.shown(id)["tags"], serde_json::json!(["A", "new"]));
    let text = desk.text(0, &["connection", "show", id]);
    assert!(text.contains("Zeta  Traders") && text.contains("A, new"), "{text}");
    let file = desk.many.folder.path().join("one.toml").display().to_string();
    desk.text(0, &["connection", "export", id, "-o", &file]);
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(
        written.contains("customer = \"Zeta  Traders\"") && written.contains("tags = [\"A\", \"new\"]"),
        "{written}"
    );
    desk.json(0, &["connection", "set", id, "customer=", "tags="]);
    assert!(desk.shown(id).get("customer").is_none() && desk.shown(id).get("tags").is_none());
    desk.text(0, &["connection", "add", &file, "--replace"]);
    assert_eq!(desk.shown(id)["tags"], serde_json::json!(["A", "new"]));
    for (wrong, said) in [("customer=a\nb", "line break"), ("tags=x,y\u{7}", "control"), ("tag=x", "`tag`")] {
        let refused = desk.text(2, &["connection", "set", id, wrong]);
        assert!(refused.contains(said), "{wrong}: {refused}");
    }
    let long = format!("customer={}", "x".repeat(101));
    assert!(desk.text(2, &["connection", "set", id, &long]).contains("101 characters"));
}

#[test]
fn connections_are_listed_by_customer_tag_policy_and_status() {
    let desk = Desk::new(24);
    assert_eq!(desk.listed(&[]), 24);
    assert_eq!(desk.listed(&["--customer", "ACME foods"]), 4);
    assert_eq!(desk.listed(&["--customer", "Acme Foods", "--customer", "Delta Kitchen"]), 8);
    assert_eq!(desk.listed(&["--customer", ""]), 4);
    assert_eq!(desk.listed(&["--tag", "Priority"]), 6);
    assert_eq!(desk.listed(&["--tag", "priority", "--tag", ""]), 12);
    assert_eq!(desk.listed(&["--policy", "as2-modern", "--tag", "edifact"]), 0);
    let by_status: usize = ["non-compliant", "unknown", "due", "advice", "compliant", "not-applicable"]
        .iter()
        .map(|status| desk.listed(&["--status", status]))
        .sum();
    assert_eq!(by_status, 24, "each stands in one way");
    let text = desk.text(0, &["connection", "list", "--customer", "acme foods"]);
    assert!(text.lines().next().unwrap().contains("Customer") && text.contains("Acme Foods"), "{text}");
    assert!(desk.text(0, &["connection", "list", "--customer", "Nobody"]).contains("No connection answers to this"));
    let unknown = desk.text(2, &["connection", "list", "--policy", "as2-modem"]);
    assert!(unknown.contains("did you mean as2-modern?"), "{unknown}");
}

#[test]
fn one_change_of_all_of_a_customer_is_shown_first_and_made_all_or_nothing() {
    let desk = Desk::new(24);
    let set = ["connection", "set", "--where", "customer=acme foods", "production", "encryption=aes256-cbc"];
    let dry = desk.json(0, &[&set[..], &["--dry-run"]].concat());
    let changed = dry["changed"].as_array().unwrap();
    assert_eq!((dry["dry_run"].as_bool(), changed.len()), (Some(true), 4));
    let difference = &changed[0]["differences"][0];
    assert_eq!((&difference["profile"], &difference["setting"]), (&"production".into(), &"encryption".into()));
    assert_eq!((&difference["was"], &difference["is"]), (&"aes128-cbc".into(), &"aes256-cbc".into()));
    let ids: Vec<&str> = changed.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(desk.shown(ids[0])["production"]["encryption"], "aes128-cbc", "nothing was changed yet");
    let done = desk.text(0, &set);
    assert!(done.contains("Changed 4 connections") && done.contains("aes128-cbc"), "{done}");
    for id in &ids {
        let shown = desk.shown(id);
        assert_eq!(shown["production"]["encryption"], "aes256-cbc");
        let before = if *id == "partner-0014" { "3des-cbc" } else { "aes128-cbc" };
        assert_eq!(shown["test"]["encryption"], before);
    }
    assert!(desk.text(0, &set).contains("4 as wished already"));
    // One that cannot be changed so keeps all others from it.
    let refused = ["connection", "set", "--where", "tag=priority", "both", "mdn=async-signed"];
    let dry = desk.json(1, &[&refused[..], &["--dry-run"]].concat());
    assert_eq!((dry["changed"].as_array().unwrap().len(), dry["refused"].as_array().unwrap().len()), (2, 4));
    let error = desk.text(2, &refused);
    assert!(error.contains("4 connections cannot be changed so") && error.contains("nothing was changed"), "{error}");
    assert_eq!(desk.shown("partner-0000")["production"]["mdn"], "sync-signed");
    // Tags of many are put to those that are there.
    desk.text(0, &["connection", "set", "--where", "tag=edifact", "tags+=moved", "customer=Acme Foods"]);
    assert_eq!(desk.listed(&["--tag", "moved", "--customer", "acme foods"]), 6);
    for (words, said) in [
        (&["--where", "customer=Nobody", "policy=as2-modern"][..], "no connection answers"),
        (&["--where", "colour=red", "policy=as2-modern"], "colour"),
        (&["--where", "tag=x12", "test", "outbox=/out"], "belong to one connection"),
        (&["--where", "tag=x12", "name=All"], "a name belongs to one connection"),
        (&["--where", "tag=x12", "test", "encryption=rot13"], "rot13"),
        (&["partner-0000", "policy=as2-modern", "--dry-run"], "--where"),
    ] {
        let error = desk.text(2, &[&["connection", "set"], words].concat());
        assert!(error.contains(said), "{words:?}: {error}");
    }
}

#[test]
fn a_change_of_many_is_taken_back_unless_one_was_changed_since() {
    let desk = Desk::new(6);
    let app = &desk.many.app;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ids: Vec<_> = (0..6).map(|number| id(number).parse().unwrap()).collect();
    let change = ManyChange {
        connections: ids.clone(),
        settings: vec![("retries".to_owned(), "7".to_owned())],
        ..ManyChange::default()
    };
    let before = runtime.block_on(app.connections()).unwrap();
    let done = runtime.block_on(app.change_many(&change)).unwrap();
    assert_eq!((done.plan.changed.len(), done.plan.refused.len()), (6, 0));
    assert_eq!(runtime.block_on(app.undo_many(&done)).unwrap(), 6);
    assert_eq!(runtime.block_on(app.connections()).unwrap(), before);
    let done = runtime.block_on(app.change_many(&change)).unwrap();
    runtime.block_on(app.set(&ids[3], None, &[("notes".to_owned(), "since".to_owned())], None)).unwrap();
    let refused = runtime.block_on(app.undo_many(&done)).unwrap_err().to_string();
    assert!(refused.contains("was changed or removed since"), "{refused}");
    let now = runtime.block_on(app.connection(&ids[0])).unwrap();
    assert_eq!(now.production.unwrap().retries, 7, "nothing was taken back");
    // One that is not there is named, and nothing is changed.
    let gone = ManyChange { connections: vec![ids[0].clone(), "nobody".parse().unwrap()], ..change };
    assert!(runtime.block_on(app.change_many(&gone)).unwrap_err().to_string().contains("`nobody`"));
    runtime.block_on(app.close());
}
