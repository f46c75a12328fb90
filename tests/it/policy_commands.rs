//! The policies that come with the program, and files of one's own, as scripts meet them on the command line.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A folder with a workspace in it, and the program.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(words)
            .env("COUNTERSIGN_WORKSPACE", self.folder.path().join("workspace"))
            .env_remove("COUNTERSIGN_PASSPHRASE")
            .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
            .stdin(Stdio::null())
            .output()
            .unwrap()
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

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }
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
fn every_policy_is_listed_with_its_kind_and_shown_with_its_rules() {
    let desk = Desk::new();
    let list = desk.json(0, &["policy", "list"]);
    let policies = list["policies"].as_array().unwrap();
    assert!(policies.len() >= 40, "{}", policies.len());
    let kind = |id: &str| policies.iter().find(|policy| policy["id"] == id).unwrap()["kind"].clone();
    for (id, expected) in [
        ("amazon-vendor-central", "secondary"),
        ("as2-modern", "draft"),
        ("aws-transfer-family", "official"),
        ("fda-esg", "official"),
        ("nist-800-131a", "secondary"),
        ("walmart-gem", "secondary"),
        ("target", "template"),
    ] {
        assert_eq!(kind(id), expected, "{id}");
    }
    let text = desk.text(0, &["policy", "list"]);
    assert!(
        text.lines().any(|line| line.starts_with("target ") && line.contains("16, all inherited: a template")),
        "{text}"
    );
    for policy in policies {
        let id = policy["id"].as_str().unwrap();
        let shown = desk.json(0, &["policy", "show", id]);
        assert_eq!(shown["kind"], policy["kind"], "{id}");
        let rules = shown["rules"].as_array().unwrap();
        assert_eq!(policy["rules"], rules.len(), "{id}");
        assert_eq!(policy["inherited"], rules.iter().filter(|rule| rule["stated_by"] != id).count(), "{id}");
        assert!(!shown["rules"].as_array().unwrap().is_empty(), "{id}");
    }
}

#[test]
fn a_template_says_what_it_is_and_whose_rules_stand_in() {
    let desk = Desk::new();
    let text = desk.text(0, &["policy", "show", "costco"]);
    assert!(text.contains("Kind      template · A template: nothing is known of the partner's own rules\n"), "{text}");
    assert!(text.contains("Rules     0 rules, and 16 inherited\n"), "{text}");
    assert!(text.contains("Inherits  as2-modern\n"), "{text}");
    assert!(text.contains("Notes     No public rules"), "{text}");
    assert!(text.contains("Stated by  AS2 1.3 (draft)"), "{text}");
    let shown = desk.json(0, &["policy", "show", "costco"]);
    assert_eq!((&shown["inherits"][0], &shown["updated"]), (&"as2-modern".into(), &"2026-11-26".into()));
    assert!(shown["notes"].as_str().unwrap().starts_with("No public rules"), "{shown}");
}

#[test]
fn a_rule_is_shown_with_its_weight_its_dates_and_its_source() {
    let desk = Desk::new();
    let text = desk.text(0, &["policy", "show", "fda-esg"]);
    for line in [
        "identity_certificate.rsa_bits: RSA 1024, RSA 2048 or RSA 3072",
        "  Weight    required, both",
        "  In force  since 20 Jul 2018",
        "identity_certificate.names_complete: every part filled",
        "identity_certificate.validity_days: 365 days or more",
        "identity_certificate.validity_days: at most 1096 days",
        "mdn_url.port: port 443 or port 4080",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let shown = desk.json(0, &["policy", "show", "peppol-as2-historical"]);
    let signing: Vec<(&str, &str, Option<&str>)> = shown["rules"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| rule["setting"] == "signing")
        .map(|rule| {
            let text = |key: &str| rule[key].as_str();
            (text("value").unwrap(), text("from").unwrap(), text("until"))
        })
        .collect();
    assert_eq!(
        signing,
        [
            ("sha1", "2018-02-09", Some("2019-03-14")),
            ("sha256", "2019-01-28", Some("2019-03-14")),
            ("sha256", "2019-03-14", None)
        ]
    );
}

#[test]
fn a_file_is_validated_with_line_and_reason() {
    let desk = Desk::new();
    let good = desk.file("mine.toml", OWN);
    assert!(
        desk.text(0, &["policy", "validate", &good])
            .ends_with("makes sense: mine, 1 rule of its own, and those of amazon-vendor-central\n")
    );
    assert_eq!(desk.json(0, &["policy", "validate", &good])["valid"], true);
    for (from, to, told) in [
        ("\"encryption\"", "\"encrypton\"", "line 7: `setting`: `encrypton` is not one of"),
        ("setting = ", "seting = ", "line 7: unknown key `seting` in the rule"),
        ("\"encryption\"", "\"compression\"", "line 8: `at-least` does not fit `compression`"),
        (
            "\"aes256-cbc\"",
            "256",
            "line 9: the value of `encryption` must be a word in quotes; here it is a whole number",
        ),
        ("from = 2027-03-01", "from = 2027-03-01\nuntil = 2027-02-01", "line 13: `until` 2027-02-01 is not after"),
        ("quote = \"AES-256 from March\"\n", "", "line 6: `quote` is missing in the rule"),
        ("\"amazon-vendor-central\"", "\"mine\"", "line 4: the policy inherits itself"),
        (
            "\"amazon-vendor-central\"",
            "\"amazon\"",
            "line 4: the policy `mine` inherits `amazon`, and there is no policy",
        ),
    ] {
        let file = desk.file("wrong.toml", &OWN.replacen(from, to, 1));
        let error = desk.text(2, &["policy", "validate", &file]);
        assert!(error.starts_with("error: ") && error.contains(told), "{told} in {error}");
        let error = desk.json_error(&["policy", "validate", &file]);
        assert!(error["error"].as_str().unwrap().contains(told), "{told} in {error}");
        assert!(error["hint"].as_str().unwrap().starts_with("put that line right"), "{error}");
    }
    for command in ["validate", "import"] {
        let missing = desk.json_error(&["policy", command, "/no/such/policy.toml"]);
        assert!(missing["error"].as_str().unwrap().starts_with("cannot read /no/such/policy.toml: "), "{missing}");
        assert!(missing["hint"].as_str().unwrap().contains("its name and its folder"), "{missing}");
    }
    let folder = desk.json_error(&["policy", "validate", desk.folder.path().to_str().unwrap()]);
    assert_eq!(folder["hint"], "that is a folder; name the file in it", "{folder}");
}

#[test]
fn a_source_that_was_looked_at_in_the_future_is_told() {
    let desk = Desk::new();
    let ahead = desk.file("ahead.toml", &OWN.replacen("checked = 2026-11-26", "checked = 2099-01-01", 1));
    let told = "the rule on `encryption` from 2027-03-01 says `checked` = 2099-01-01, a day that has not come";
    for command in [&["policy", "validate", &ahead][..], &["policy", "import", &ahead, "--dry-run"]] {
        let output = desk.run(command);
        let beside = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && beside.contains(told), "{beside}");
    }
    let warnings = desk.json(0, &["policy", "validate", &ahead])["warnings"].clone();
    assert!(warnings[0].as_str().unwrap().starts_with(told), "{warnings}");
    let good = desk.file("mine.toml", OWN);
    assert_eq!(desk.json(0, &["policy", "validate", &good])["warnings"], serde_json::json!([]));
}

impl Desk {
    /// The error of a command that is not carried out, as a document.
    fn json_error(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A connection by a policy of the program's, with certificates that are valid in December 2026, whenever this is run.
    fn connect(&self, policy: &str, settings: &str) {
        let partner = self.folder.path().join("partner.pem");
        if !partner.exists() {
            let fixture = |name: &str| format!("{}/tests/fixtures/window/{name}", env!("CARGO_MANIFEST_DIR"));
            self.text(0, &["identity", "import", &fixture("acme-2026.pem"), "--name", "acme"]);
            std::fs::copy(fixture("harbor.pem"), &partner).unwrap();
        }
        let file = self.file(
            "connection.toml",
            &format!(
                "id = \"partner\"\nname = \"Partner\"\npolicy = \"{policy}\"\n[production]\nour_as2_id = \"US\"\n\
                 partner_as2_id = \"THEM\"\nidentity = \"acme\"\npartner_certificates = [\"partner.pem\"]\n{settings}"
            ),
        );
        self.text(0, &["connection", "add", &file, "--replace"]);
    }

    fn findings(&self, code: i32, at: &str) -> (Value, Vec<Value>) {
        let report = self.json(code, &["check", "--at", at]);
        let findings = report["connections"][0]["profiles"][0]["findings"].as_array().unwrap().clone();
        (report, findings)
    }
}

#[test]
fn a_connection_is_judged_by_the_policy_that_it_names() {
    let desk = Desk::new();
    let (https, http) = ("url = \"https://as2.example/as2\"\n", "url = \"http://as2.example/as2\"\n");
    let status = |policy: &str, settings: &str, code: i32| {
        desk.connect(policy, settings);
        desk.json(code, &["check", "--at", "2026-12-01T00:00:00Z"])["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status("aws-transfer-family", https, 0), "compliant");
    assert_eq!(status("aws-transfer-family", http, 0), "compliant");
    assert_eq!(status("aws-transfer-family", &format!("{http}encryption = \"none\"\n"), 1), "non-compliant");
    assert_eq!(status("aws-transfer-family", &format!("{https}encryption = \"none\"\n"), 0), "compliant");
    assert_eq!(status("aws-transfer-family", &format!("{https}encryption = \"aes128-gcm\"\n"), 1), "non-compliant");
    assert_eq!(status("easee-gas-2017-002", https, 0), "compliant");
    assert_eq!(status("easee-gas-2017-002", http, 0), "advice");
    // Known of others alone, so none of it can make traffic stop.
    assert_eq!(status("bdew-edi-energy", https, 0), "advice");
    assert_eq!(status("cnsa-1", https, 0), "advice");
    assert_eq!(status("as2-modern-strict", &format!("{https}mdn = \"none\"\n"), 0), "advice");
    for policy in ["as2-modern", "nist-800-131a", "kroger"] {
        assert_eq!(status(policy, &format!("{https}encryption = \"none\"\n"), 0), "advice", "{policy}");
        assert_eq!(status(policy, &format!("{https}encryption = \"3des-cbc\"\n"), 1), "non-compliant", "{policy}");
    }
    assert_eq!(status("kroger", https, 0), "compliant");
}

#[test]
fn what_is_due_is_told_by_its_dates_in_text_and_in_json() {
    let desk = Desk::new();
    // The FDA's own rules are met; NIST's key size is only reported, so it is never due.
    desk.connect("nist-800-131a", "url = \"https://as2.example/as2\"\nencryption = \"3des-cbc\"\n");
    let (report, findings) = desk.findings(1, "2023-06-01T00:00:00Z");
    // The identity is of 2026 and not valid yet then; the rule of 2024 is due.
    let due = report["due"].as_array().unwrap();
    assert_eq!(due.len(), 1, "{due:?}");
    assert_eq!((&due[0]["bites"], &due[0]["setting"]), (&"2024-01-01T00:00:00Z".into(), &"encryption".into()));
    assert_eq!((&due[0]["connection"], &due[0]["profile"]), (&"partner".into(), &"production".into()));
    let found = findings.iter().find(|finding| finding["status"] == "due").unwrap();
    assert_eq!((&found["since"], &found["bites"]), (&"2024-01-01".into(), &"2024-01-01T00:00:00Z".into()));
    assert_eq!(found["fix"]["value"], "aes128-cbc");
    let text = desk.text(1, &["check", "--at", "2023-06-01T00:00:00Z"]);
    assert!(text.contains("1 Jan 2024 00:00 UTC  partner     production  encryption  3DES  not 3DES"), "{text}");
    // Once it bites, it is due no more.
    let (report, _) = desk.findings(1, "2024-01-01T00:00:00Z");
    assert_eq!(report["due"].as_array().unwrap().len(), 0);
    // What was only advised against until then is judged no more.
    let (_, findings) = desk.findings(1, "2024-01-01T00:00:00Z");
    let about: Vec<&Value> = findings.iter().filter(|finding| finding["setting"] == "encryption").collect();
    let statuses: Vec<&str> = about.iter().map(|finding| finding["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["non-compliant", "advice", "not-applicable"], "{about:?}");
    assert!(about.iter().all(|finding| finding["since"] == "2024-01-01"), "{about:?}");
}
