//! The program doing its work as scripts use it: exit codes, one JSON document on standard output, everything else beside
//! it. What it refuses is held in `cli`.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::exchange::listening;
use crate::running::Running;

const TEXT: &str = "UNA:+.? 'UNB+UNOC:3+ACME+PART+261124:0900+1'UNZ+0+1'";

/// The program on a workspace, with nothing of the caller's environment that it would read.
fn program(workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("COUNTERSIGN_WORKSPACE", workspace);
    command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.stdin(Stdio::null());
    command
}

fn run(workspace: &Path, arguments: &[&str]) -> Output {
    program(workspace, arguments).output().unwrap()
}

/// Runs it, holds its exit code, and returns its answer.
fn text(workspace: &Path, code: i32, arguments: &[&str]) -> String {
    let output = run(workspace, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The same with `--json`: standard output is one document and nothing else.
fn json(workspace: &Path, code: i32, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&text(workspace, code, &arguments)).unwrap()
}

/// Two workspaces that know each other, the partner's connected to `port` of this machine.
struct Pair {
    folder: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pair = Self { folder };
        for (workspace, name) in [("ours", "acme"), ("theirs", "part")] {
            text(&pair.path(workspace), 0, &["identity", "create", name]);
            let pem = pair.path(&format!("{name}.pem"));
            text(&pair.path(workspace), 0, &["identity", "export", name, "-o", pem.to_str().unwrap()]);
        }
        pair
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Connects one workspace to the other.
    fn connect(&self, workspace: &str, url: &str, encryption: &str) {
        let (us, them) = if workspace == "ours" { ("acme", "part") } else { ("part", "acme") };
        let file = self.path(&format!("{workspace}.toml"));
        let connection = format!(
            "id = \"{them}\"\nname = \"{them}\"\n[production]\nour_as2_id = \"{us}\"\npartner_as2_id = \"{them}\"\n\
             url = \"{url}\"\nidentity = \"{us}\"\npartner_certificates = [\"{them}.pem\"]\nencryption = \"{encryption}\"\n"
        );
        std::fs::write(&file, connection).unwrap();
        text(&self.path(workspace), 0, &["connection", "add", file.to_str().unwrap()]);
    }
}

/// Starts the listener, and returns the address that it announces.
fn serve(pair: &Pair) -> (Running, String) {
    let inbox = pair.path("inbox");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--inbox", inbox.to_str().unwrap()];
    let mut command = program(&pair.path("theirs"), &arguments);
    let mut child = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let url = listening(&mut child);
    (child, url)
}

#[test]
fn a_wrong_command_line_is_2_and_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    for arguments in [
        &["chekc"][..],
        &["connection"],
        &["connection", "show"],
        &["connection", "set", "a"],
        &["check", "--at", "2026-11-28T09:00"],
        &["transmission", "list", "--limit", "0"],
        &["serve", "--tls-cert", "a.pem"],
    ] {
        let plain = run(&workspace, arguments);
        let stderr = String::from_utf8(plain.stderr).unwrap();
        assert_eq!((plain.status.code(), plain.stdout.len()), (Some(2), 0), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.lines().count() <= 2, "{arguments:?}: {stderr}");
        let document = json(&workspace, 2, arguments);
        assert!(document["error"].is_string() && document.get("hint").is_some(), "{arguments:?}: {document}");
    }
    // Without a command it opens the window, and without a display that cannot be.
    let windowless = run(&workspace, &[]);
    let stderr = String::from_utf8(windowless.stderr).unwrap();
    assert_eq!(windowless.status.code(), Some(2), "{stderr}");
    assert!(stderr.starts_with("error: there is no display") && stderr.lines().count() == 2, "{stderr}");
    assert!(text(&workspace, 0, &["-h"]).contains("Without a command the window opens"));
    // So it is with what is to be opened in it; a file that is not there is told first, and a command cannot follow.
    let link = "countersign://connection/amazon-us";
    for (arguments, why) in [
        (&[link][..], "there is no display"),
        (&["renewed.cer"], "cannot read renewed.cer"),
        (&[link, "check"], "where no command follows it"),
    ] {
        let refused = run(&workspace, arguments);
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(why) && stderr.lines().count() == 2, "{stderr}");
    }
    assert!(json(&workspace, 2, &[link])["error"].as_str().unwrap().contains("no JSON"));
    assert!(text(&workspace, 0, &["--version"]).starts_with("countersign "));
    assert!(json(&workspace, 2, &["check"])["error"].as_str().unwrap().contains("there is no workspace at"));
    assert!(!workspace.exists(), "looking leaves nothing behind");
}

#[cfg(target_os = "linux")]
#[test]
fn the_desktop_gets_an_entry_that_opens_this_program_and_loses_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let desktop = |words: &[&str]| {
        let mut command = program(&folder.path().join("w"), words);
        command.env("XDG_DATA_HOME", folder.path().join("data"));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let entry = folder.path().join("data/applications/countersign.desktop");
    let said = desktop(&["desktop", "install"]);
    assert_eq!(said.lines().count(), 6, "{said}");
    assert!(said.lines().all(|line| Path::new(line.strip_prefix("Wrote ").unwrap()).is_file()), "{said}");
    let text = std::fs::read_to_string(&entry).unwrap();
    let opens = format!(
        "Exec=\"{}\" --workspace \"{}\" %u",
        env!("CARGO_BIN_EXE_countersign"),
        folder.path().join("w").display()
    );
    assert!(text.lines().any(|line| line == opens), "{text}\n{opens}");
    let removed: Value = serde_json::from_str(&desktop(&["--json", "desktop", "remove"])).unwrap();
    assert_eq!(removed["files"].as_array().unwrap().len(), 6, "{removed}");
    assert!(!entry.exists());
    assert!(desktop(&["desktop", "remove"]).contains("There was nothing to remove"));
    assert!(!folder.path().join("w").exists(), "no workspace is made for it");
}

#[test]
fn saving_names_what_does_not_comply_and_the_fix_of_check_mends_it() {
    let pair = Pair::new();
    pair.connect("ours", "http://127.0.0.1:9/as2", "aes128-cbc");
    let ours = pair.path("ours");
    assert_eq!(json(&ours, 0, &["check"])["status"], "compliant");

    let set = run(&ours, &["connection", "set", "part", "production", "encryption=3des-cbc"]);
    let stderr = String::from_utf8(set.stderr).unwrap();
    assert_eq!(set.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("production") && stderr.contains("encryption: 3DES"), "{stderr}");
    let report = json(&ours, 1, &["check", "part"]);
    let profile = &report["connections"][0]["profiles"][0];
    assert_eq!((&report["status"], &profile["profile"]), (&"non-compliant".into(), &"production".into()));

    let checked = text(&ours, 1, &["check"]);
    let fix = checked.lines().find_map(|line| line.trim().strip_prefix("Fix ")).unwrap();
    let words: Vec<&str> = fix.split_whitespace().collect();
    assert_eq!(words[..5], ["countersign", "connection", "set", "part", "production"], "{fix}");
    json(&ours, 0, &words[1..]);
    assert_eq!(json(&ours, 0, &["check"])["status"], "compliant");

    // A password on the command line would be seen by others.
    json(&ours, 2, &["connection", "set", "part", "production", "http_password=secret"]);
}

#[test]
fn a_password_comes_from_standard_input_and_goes_nowhere_else() {
    let pair = Pair::new();
    pair.connect("ours", "http://127.0.0.1:9/as2", "aes128-cbc");
    let arguments = ["connection", "set", "part", "production", "http_user=u", "http_password=-"];
    let mut child = program(&pair.path("ours"), &arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    // Nothing but a key file protects it here, and that is said.
    assert!(stderr.contains("note: ") && stderr.contains("key file"), "{stderr}");
    let shown = text(&pair.path("ours"), 0, &["connection", "show", "part"])
        + &text(&pair.path("ours"), 0, &["connection", "export", "part"]);
    assert!(shown.contains("http_user = \"u\"") && !shown.contains("correct horse"), "{shown}");
}

#[test]
fn a_message_goes_from_send_to_serve_and_into_both_journals() {
    let pair = Pair::new();
    let (mut served, url) = serve(&pair);
    pair.connect("theirs", "http://127.0.0.1:9/as2", "aes128-cbc");
    pair.connect("ours", &url, "aes128-cbc");
    let ours = pair.path("ours");
    let payload = pair.path("order.edi");
    std::fs::write(&payload, TEXT).unwrap();
    let to = ["--connection", "part", "--profile", "production"];

    let mut words = vec!["send", payload.to_str().unwrap()];
    words.extend(to);
    let sent = json(&ours, 0, &words);
    assert_eq!((&sent["verdict"], &sent["mic"]["match"]), (&"delivered".into(), &true.into()), "{sent}");
    let lights = sent["lights"].as_object().unwrap();
    assert!(lights.len() == 5 && lights.values().all(|light| light == "good"), "{sent}");
    assert_eq!(sent["stages"].as_array().unwrap().len(), 7, "{sent}");
    assert_eq!(sent["bytes"]["payload"], TEXT.len());
    assert_eq!(std::fs::read_to_string(pair.path("inbox/acme/production/order.edi")).unwrap(), TEXT);

    let id = sent["id"].as_str().unwrap();
    let shown = json(&ours, 0, &["transmission", "show", id]);
    assert_eq!((&shown["file"], &shown["lights"]), (&"order.edi".into(), &sent["lights"]));
    assert!(!shown["request_headers"].as_array().unwrap().is_empty(), "{shown}");
    let raw = run(&ours, &["transmission", "raw", id, "request"]);
    assert_eq!(raw.status.code(), Some(0));
    assert!(raw.stdout.starts_with(b"POST http://127.0.0.1:"));
    json(&ours, 0, &["transmission", "raw", id, "request"]);

    // A partner who demands more than it gets refuses, and the answer is no.
    text(&ours, 0, &["connection", "set", "part", "production", "encryption=none"]);
    let mut words = vec!["send"];
    words.extend(to);
    let refused = run(&ours, &words);
    let stdout = String::from_utf8(refused.stdout).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{stdout}");
    assert!(stdout.contains("✗ Bad") && stdout.contains("✗ Failed") && stdout.contains("What to do"), "{stdout}");

    let page = json(&ours, 0, &["transmission", "list", "--limit", "1"]);
    let next = page["next"].as_str().unwrap();
    let rest = json(&ours, 0, &["transmission", "list", "--after", next]);
    assert_eq!((&page["transmissions"][0]["verdict"], &rest["transmissions"][0]["id"]), (&"failed".into(), &id.into()));
    assert_eq!(json(&ours, 0, &["transmission", "list", "--failed"])["transmissions"].as_array().unwrap().len(), 1);

    // Told to stop, it stops well, having said what it received.
    #[cfg(unix)]
    {
        let told = Command::new("kill").args(["-TERM", &served.id().to_string()]).status().unwrap();
        assert!(told.success());
        assert_eq!(served.wait().unwrap().code(), Some(0));
        let mut log = String::new();
        served.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("✓ Received") && log.contains("✗ Refused"), "{log}");
    }
    let received = json(&pair.path("theirs"), 0, &["transmission", "list"]);
    let verdicts: Vec<&Value> =
        received["transmissions"].as_array().unwrap().iter().map(|each| &each["verdict"]).collect();
    assert_eq!(verdicts, ["refused", "received"]);
}

#[test]
fn what_was_sent_and_received_is_found_by_its_control_numbers_and_exported() {
    const ORDER: &str = "ISA*00*          *00*          *ZZ*ACME           *ZZ*PART           *261123*1402*U*00401*000000412*0*P*>~\
        GS*PO*ACME*PART*20261123*1402*412*X*004010~ST*850*0001~BEG*00*SA*1~SE*3*0001~GE*1*412~IEA*1*000000412~";
    let pair = Pair::new();
    let (_served, url) = serve(&pair);
    pair.connect("theirs", "http://127.0.0.1:9/as2", "aes128-cbc");
    pair.connect("ours", &url, "aes128-cbc");
    let (ours, payload) = (pair.path("ours"), pair.path("=1+1.edi"));
    std::fs::write(&payload, ORDER).unwrap();
    let send = |file: &str| json(&ours, 0, &["send", file, "--connection", "part", "--profile", "production"]);
    send(payload.to_str().unwrap());
    std::fs::write(pair.path("note.txt"), "no document of any standard").unwrap();
    send(pair.path("note.txt").to_str().unwrap());

    for side in [ours.clone(), pair.path("theirs")] {
        let found = json(&side, 0, &["transmission", "list", "--search", "000000412", "--document", "850", "--count"]);
        assert_eq!(found["total"], 1, "{found}");
        let summed = json(&side, 0, &["transmission", "summary", "--search", "000000412", "--by", "hour"]);
        // What was received was not delivered to anybody.
        let (is_ours, total) = (side == ours, &summed["total"]);
        let counted = [&total["delivered"], &total["received"]].map(|number| number.as_u64().unwrap());
        assert_eq!(counted, [u64::from(is_ours), u64::from(!is_ours)], "{summed}");
        assert_eq!(summed["step"], "hour", "{summed}");
        let only = &found["transmissions"][0];
        assert_eq!((&only["document"], &only["control_numbers"]), (&"850".into(), &"000000412 412 0001".into()));
        let shown = json(&side, 0, &["transmission", "show", only["id"].as_str().unwrap()]);
        assert_eq!(
            (&shown["document"]["standard"], &shown["document"]["interchanges"][0]),
            (&"x12".into(), &"000000412".into())
        );
        assert_eq!(
            json(&side, 0, &["transmission", "list", "--search", "Note.TXT"])["transmissions"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            json(&side, 0, &["transmission", "list", "--search", "997"])["transmissions"],
            serde_json::json!([])
        );
    }
    let refused = json(&ours, 2, &["transmission", "list", "--search", "ab"]);
    assert!(refused["hint"].as_str().unwrap().contains("3 characters"), "{refused}");
    let sorted =
        json(&ours, 0, &["transmission", "list", "--sort", "size", "--direction", "outbound", "--partner", "part"]);
    assert_eq!(sorted["transmissions"][0]["bytes"], ORDER.len(), "{sorted}");

    let (table, document) = (pair.path("list.csv"), pair.path("list.json"));
    let written = json(&ours, 0, &["transmission", "export", "-o", table.to_str().unwrap()]);
    assert_eq!(written["transmissions"], 2);
    let sheet = std::fs::read_to_string(&table).unwrap();
    assert!(sheet.contains(",'=1+1.edi,850,000000412 412 0001,"), "{sheet}");
    text(&ours, 0, &["transmission", "export", "--document", "850", "-o", document.to_str().unwrap()]);
    let document: Value = serde_json::from_slice(&std::fs::read(&document).unwrap()).unwrap();
    assert_eq!(document["transmissions"].as_array().unwrap().len(), 1);
    assert_eq!(json(&ours, 0, &["transmission", "export"])["transmissions"].as_array().unwrap().len(), 2);
    assert_eq!(text(&ours, 0, &["transmission", "export"]), sheet);

    let summed = json(&ours, 0, &["transmission", "summary", "--direction", "outbound"]);
    let buckets = summed["buckets"].as_array().unwrap();
    let delivered: u64 = buckets.iter().map(|bucket| bucket["delivered"].as_u64().unwrap()).sum();
    assert_eq!((delivered, &summed["total"]["failed"]), (2, &0.into()), "{summed}");
    assert_eq!(summed["receipt"]["receipts"], 2, "both were receipted: {summed}");
    let said = text(&ours, 0, &["transmission", "summary", "--by", "day"]);
    assert!(said.contains("2 delivered, 0 received, 0 failed") && said.contains("95th percentile"), "{said}");
    assert!(text(&ours, 0, &["transmission", "summary", "--failed"]).contains("No transmissions"));
    // A connection that nothing listens for: a failure with its cause and its partner.
    text(&ours, 0, &["connection", "set", "part", "production", "url=http://127.0.0.1:9/as2"]);
    let failed =
        json(&ours, 1, &["send", payload.to_str().unwrap(), "--connection", "part", "--profile", "production"]);
    let summed = json(&ours, 0, &["transmission", "summary"]);
    assert_eq!(summed["causes"][0]["cause"], failed["diagnosis"]["cause"], "{summed}");
    assert_eq!(summed["partners"][0], serde_json::json!({ "connection": "part", "failed": 1 }), "{summed}");
    assert!(text(&ours, 0, &["transmission", "summary", "--by", "partner"]).contains("1       part"), "by partner");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = program(folder.path(), &["policy", "show", "as2-modern"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_message_in_gcm_arrives_and_one_for_another_certificate_is_told_whose_that_is() {
    let pair = Pair::new();
    let (_served, url) = serve(&pair);
    pair.connect("theirs", "http://127.0.0.1:9/as2", "aes128-cbc");
    pair.connect("ours", &url, "aes256-gcm");
    let (ours, theirs) = (pair.path("ours"), pair.path("theirs"));
    let payload = pair.path("order.edi");
    std::fs::write(&payload, TEXT).unwrap();
    let words = ["send", payload.to_str().unwrap(), "--connection", "part", "--profile", "production"];
    for gcm_content in ["auth-enveloped", "enveloped"] {
        let setting = format!("quirks.gcm_content={gcm_content}");
        text(&ours, 0, &["connection", "set", "part", "production", &setting]);
        assert_eq!(json(&ours, 0, &words)["verdict"], "delivered");
    }
    assert_eq!(std::fs::read_to_string(pair.path("inbox/acme/production/order (2).edi")).unwrap(), TEXT);

    // An EC key has one digest, and another is refused when it is saved.
    text(&ours, 0, &["identity", "create", "curve", "--key", "ec-p256"]);
    let refused = run(&ours, &["connection", "set", "part", "production", "identity=curve", "signing=sha512"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("EC P-256, which signs with sha256 alone"), "{said}");
    text(&ours, 0, &["connection", "set", "part", "production", "identity=curve"]);
    text(&ours, 0, &["connection", "set", "part", "production", "identity=acme"]);

    // The sender takes its own certificate for the partner's.
    let file = pair.path("ours.toml");
    let mistaken = std::fs::read_to_string(&file).unwrap().replace("part.pem", "acme.pem");
    std::fs::write(&file, mistaken).unwrap();
    text(&ours, 0, &["connection", "add", file.to_str().unwrap(), "--replace"]);
    json(&ours, 1, &words);
    let page = json(&theirs, 0, &["transmission", "list", "--limit", "1"]);
    let refused = json(&theirs, 0, &["transmission", "show", page["transmissions"][0]["id"].as_str().unwrap()]);
    assert!(refused["disposition"].as_str().unwrap().ends_with("decryption-failed"), "{refused}");
    let explanation = refused["diagnosis"]["explanation"].as_str().unwrap();
    assert!(explanation.contains("which is the certificate of acme itself and not ours"), "{refused}");
    let evidence = refused["diagnosis"]["evidence"].to_string();
    assert!(evidence.contains("Identity `part` of this profile has"), "{refused}");
}
