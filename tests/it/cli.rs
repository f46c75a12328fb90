//! The command line as scripts meet it: bad input of every kind gets a clear error, exit code 2, and changes nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

#[cfg(unix)]
use crate::running::Running;

/// A folder with a workspace in it, and the program.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command
            .args(words)
            .env("COUNTERSIGN_WORKSPACE", self.path("workspace"))
            .env_remove("COUNTERSIGN_PASSPHRASE")
            .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs a command that must succeed, and returns its document.
    fn json(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a command that must not be carried out, as text and as JSON, and returns the error.
    fn refused(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{words:?}");
        let errors: Vec<&str> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{words:?}: {stderr}");
        assert!(
            stderr.lines().all(|line| line.starts_with("error: ") || line.starts_with("hint: ")),
            "{words:?}: {stderr}"
        );
        let json = self.run(&[words, &["--json"]].concat());
        let document: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(format!("error: {}", document["error"].as_str().unwrap()), errors[0], "{words:?}");
        errors[0].to_owned()
    }

    /// A workspace with an identity and a connection `partner`, both of whose profiles use `partner.pem`.
    fn furnished() -> Self {
        let desk = Self::new();
        desk.json(&["identity", "create", "me"]);
        desk.file("partner.pem", PARTNER);
        let file = desk.file("partner.toml", CONNECTION);
        desk.json(&["connection", "add", &file]);
        desk
    }

    /// Everything that could have changed.
    fn state(&self) -> (String, Value, Value) {
        let export = self.run(&["connection", "export", "partner"]);
        (
            String::from_utf8(export.stdout).unwrap(),
            self.json(&["certificate", "list"]),
            self.json(&["transmission", "list"]),
        )
    }
}

const PARTNER: &str = include_str!("../fixtures/certificates/retailer_sha256_2022_2027.pem");
const RENEWED: &str = include_str!("../fixtures/certificates/retailer_sha256_samekey_renewal.pem");
const CONNECTION: &str = r#"id = "partner"
name = "Partner"
[production]
our_as2_id = "ME"
partner_as2_id = "YOU"
url = "http://127.0.0.1:9/as2"
identity = "me"
partner_certificates = ["partner.pem"]
[test]
our_as2_id = "ME"
partner_as2_id = "YOUTEST"
url = "http://127.0.0.1:9/as2"
identity = "me"
partner_certificates = ["partner.pem"]
"#;

fn import(desk: &Desk, file: &str, activate: &str) -> String {
    desk.refused(&["certificate", "import", file, "--connection", "partner", "--activate", activate])
}

#[test]
fn files_that_are_no_certificate_are_named_and_change_nothing() {
    let desk = Desk::furnished();
    let before = desk.state();
    let key = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openssl/rsa.key.der")).unwrap();
    let der = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openssl/rsa-der.cer")).unwrap();
    for (file, wanted) in [
        (desk.file("notes.txt", "Please find our certificate below"), "text without a certificate"),
        (desk.file("empty.cer", ""), "is empty"),
        (desk.file("cut.cer", &der[..der.len() / 2]), "is cut off"),
        (desk.file("key.der", &key), "private key"),
        (desk.file("page.html", "<!DOCTYPE html><html>Sign in</html>"), "web page"),
        (desk.file("large.cer", vec![0x30; 50_000_000]), "more than 1 MiB"),
        (desk.file("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "damaged"),
        (desk.path("absent.cer").display().to_string(), "cannot read"),
        (desk.folder.path().display().to_string(), "cannot read"),
    ] {
        let error = import(&desk, &file, "now");
        assert!(error.contains(wanted), "{error} should say: {wanted}");
    }
    assert_eq!(desk.state(), before);
}

#[test]
fn activations_that_make_no_sense_are_refused_and_change_nothing() {
    let desk = Desk::furnished();
    let renewed = desk.file("renewed.pem", RENEWED);
    let before = desk.state();
    for (activate, wanted) in [
        ("2020-01-01T00:00:00Z", "in the past"),
        ("2099-01-01T00:00:00Z", "after the certificate ends"),
        ("2027-03-28T02:30[Europe/Berlin]", "does not exist"),
        ("2027-10-31T02:30[Europe/Berlin]", "exists twice"),
        ("2027-01-01T09:00", "neither an offset nor a time zone"),
        ("tomorrow", "is not an instant"),
    ] {
        let error = import(&desk, &renewed, activate);
        assert!(error.contains(wanted), "{error} should say: {wanted}");
    }
    let wrong = "00".repeat(32);
    let error = desk.refused(&[
        "certificate",
        "import",
        &renewed,
        "--connection",
        "partner",
        "--activate",
        "now",
        "--confirm-fingerprint",
        &wrong,
    ]);
    assert!(error.contains("is not that of the certificate"), "{error}");
    assert_eq!(desk.state(), before);
}

#[test]
fn connection_files_and_settings_that_make_no_sense_are_refused_and_change_nothing() {
    let desk = Desk::furnished();
    let before = desk.state();
    for (changed, with, wanted) in [
        ("identity = \"me\"", "identiy = \"me\"", "line 7: unknown field `identiy`"),
        ("\"YOU\"", "\"Y\\u0007U\"", "line 5: the AS2 identifier holds U+0007 at position 2"),
        ("http://127.0.0.1:9/as2", "127.0.0.1:9/as2", "must begin with http:// or https://"),
        ("\"me\"", "\"nobody\"", "there is no identity `nobody`"),
        ("\"Partner\"", "\"Partner\"\npolicy = \"none-such\"", "there is no policy `none-such`"),
        ("partner.pem", "absent.pem", "cannot read"),
        ("identity = \"me\"", "identity = \"me\"\nretries = \"many\"", "line 8: "),
        ("identity = \"me\"", "identity = \"me\"\nmdn = \"async\"", "`mdn_url` is not set"),
    ] {
        let file = desk.file("changed.toml", CONNECTION.replacen(changed, with, 1));
        let error = desk.refused(&["connection", "add", &file, "--replace"]);
        assert!(error.contains(wanted), "{error} should say: {wanted}");
    }
    let file = desk.path("partner.toml").display().to_string();
    assert!(desk.refused(&["connection", "add", &file]).contains("already"));
    for (setting, wanted) in [
        ("encryption=rot13", "`rot13` is not one of none, 3des-cbc"),
        ("encrption=none", "unknown field `encrption`"),
        ("retries=many", "`retries` must be a whole number"),
        ("url=ftp://x", "must begin with http"),
        ("quirks.chunked=maybe", "`quirks.chunked`"),
        ("our_as2_id=", "our_as2_id"),
    ] {
        let error = desk.refused(&["connection", "set", "partner", "production", setting]);
        assert!(error.contains(wanted), "{error} should say: {wanted}");
    }
    assert!(desk.refused(&["connection", "set", "nobody", "name=x"]).contains("there is no connection `nobody`"));
    assert_eq!(desk.state(), before);
}

#[test]
fn places_that_are_no_workspace_are_refused_and_left_as_they_are() {
    let desk = Desk::new();
    let folder = desk.path("workspace");
    let refused = |wanted: &str| {
        let error = desk.refused(&["identity", "create", "me"]);
        assert!(error.contains(wanted), "{error} should say: {wanted}");
    };
    std::fs::create_dir(&folder).unwrap();
    let letter = folder.join("letter.txt");
    std::fs::write(&letter, "Dear Sir").unwrap();
    refused("is not a workspace");
    std::fs::remove_file(&letter).unwrap();
    let database = folder.join("countersign.sqlite");
    std::fs::write(&database, "Dear Sir, this is no database").unwrap();
    refused("is not the database of a workspace");
    assert_eq!(std::fs::read(&database).unwrap(), b"Dear Sir, this is no database");
    let remote = desk.refused(&["connection", "list", "--workspace", "postgres://db/countersign"]);
    assert!(remote.contains("not supported yet"), "{remote}");
    // Looking at nothing says so, and leaves nothing behind.
    let nowhere = desk.path("nowhere").display().to_string();
    let none = desk.refused(&["connection", "list", "--workspace", &nowhere]);
    assert!(none.contains("there is no workspace at") && none.contains("there is no such folder"), "{none}");
    assert!(!desk.path("nowhere").exists());
}

#[test]
fn a_passphrase_opens_its_workspace_and_another_does_not() {
    let desk = Desk::new();
    let with = |passphrase: &str, words: &[&str]| {
        desk.command(words).env("COUNTERSIGN_PASSPHRASE", passphrase).output().unwrap()
    };
    assert!(with("correct horse", &["identity", "create", "me"]).status.success());
    assert!(with("correct horse", &["identity", "list"]).status.success());
    let wrong = with("wrong", &["identity", "list"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("passphrase does not open"));
    // Without it everything but the secrets can be read.
    assert_eq!(desk.json(&["identity", "list"])["identities"][0]["name"], "me");
}

#[test]
fn what_is_used_at_an_instant_follows_the_timeline() {
    let desk = Desk::furnished();
    let renewed = desk.file("renewed.pem", RENEWED);
    let imported = desk.json(&[
        "certificate",
        "import",
        &renewed,
        "--connection",
        "partner",
        "--activate",
        "2031-02-01T09:00[Europe/Berlin]",
    ]);
    assert_eq!(imported["profiles"].as_array().unwrap().len(), 2);
    assert_eq!(imported["profiles"][0]["activates"], "2031-02-01T08:00:00Z");
    assert!(imported["warnings"].as_array().unwrap().contains(&Value::from("same-key")));
    assert!(imported["warnings"].as_array().unwrap().contains(&Value::from("unconfirmed")));
    // The old one ends in 2027: it has ended where it is still used, and not where it has been replaced.
    let end = |at: &str| {
        let check = desk.run(&["check", "--at", at, "--json"]);
        let report: Value = serde_json::from_slice(&check.stdout).unwrap();
        let findings = report["connections"][0]["profiles"][0]["findings"].as_array().unwrap().clone();
        let validity = findings
            .iter()
            .find(|finding| finding["setting"] == "partner_certificate" && finding["aspect"] == "validity");
        validity.unwrap()["actual"].as_str().unwrap().to_owned()
    };
    assert_ne!(end("2031-02-01T07:59:59Z"), end("2031-02-01T08:00:00Z"));
    let export = desk.run(&["connection", "export", "partner"]).stdout;
    let copy = Desk::new();
    copy.json(&["identity", "create", "me"]);
    let file = copy.file("copy.toml", &export);
    copy.json(&["connection", "add", &file]);
    assert_eq!(copy.run(&["connection", "export", "partner"]).stdout, export);
}

#[test]
fn saving_what_does_not_comply_is_done_and_said() {
    let desk = Desk::furnished();
    let set = desk.run(&["connection", "set", "partner", "production", "encryption=3des-cbc", "signing=sha1"]);
    assert!(set.status.success());
    let said = String::from_utf8(set.stderr).unwrap();
    assert!(said.contains("encryption") && said.contains("signing"), "{said}");
    assert_eq!(desk.run(&["check"]).status.code(), Some(1));
    desk.json(&["connection", "set", "partner", "production", "encryption=aes256-cbc", "signing=sha256"]);
}

#[test]
fn a_partner_that_is_not_there_is_a_journalled_failure() {
    let desk = Desk::furnished();
    let sent = desk.run(&["send", "--connection", "partner", "--profile", "production", "--json"]);
    assert_eq!(sent.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&sent.stdout).unwrap();
    assert_eq!(document["verdict"], "failed");
    assert!(String::from_utf8_lossy(&sent.stderr).contains("note: "), "nothing is said of what would arrive");
    let id = document["id"].as_str().unwrap();
    let shown = desk.json(&["transmission", "show", &id[..13]]);
    assert_eq!(shown["message_id"], document["message_id"]);
    assert_eq!(desk.json(&["transmission", "list", "--failed"])["transmissions"].as_array().unwrap().len(), 1);
    // What would have gone out was kept before.
    let raw = desk.run(&["transmission", "raw", id, "request"]).stdout;
    assert!(raw.starts_with(b"POST http://127.0.0.1:9/as2"), "{}", String::from_utf8_lossy(&raw[..100]));
    assert!(desk.refused(&["transmission", "raw", id, "response"]).contains("nothing was kept"));
    assert!(desk.refused(&["transmission", "show", "ffffffff"]).contains("there is no transmission"));
}

#[test]
fn without_a_display_the_window_is_refused_in_words() {
    let desk = Desk::new();
    let without = |words: &[&str], display: Option<&str>| {
        let mut command = desk.command(words);
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
        if let Some(display) = display {
            command.env("DISPLAY", display);
        }
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?} {display:?}: {stderr}");
        let begins: Vec<&str> = stderr.lines().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(begins, ["error", "hint"], "{words:?} {display:?}: {stderr}");
        stderr
    };
    if cfg!(all(unix, not(target_os = "macos"))) {
        assert!(without(&[], None).contains("there is no display"));
        for words in [&[][..], &["sample", "--workspace", &desk.path("sample").display().to_string()]] {
            let said = without(words, Some(":987"));
            assert!(said.contains("the window cannot be opened"), "{said}");
            assert!(!said.contains("src/"), "no place in the sources: {said}");
        }
        assert!(!desk.path("workspace").exists());
    }
    let json = desk.run(&["--json"]);
    assert_eq!(json.status.code(), Some(2));
    let error: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(error["error"].as_str().unwrap().contains("the window has no JSON"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_send_whose_program_is_killed_before_a_byte_has_left_has_failed() {
    let desk = Desk::furnished();
    // A document so large that it is still being copied when its program is killed.
    let document = desk.file("large.edi", "");
    std::fs::File::options().write(true).open(&document).unwrap().set_len(1024 * 1024 * 1024).unwrap();
    let mut sending = desk.command(&["send", &document, "--connection", "partner", "--profile", "test"]);
    let mut sending = Running::start(sending.stdout(Stdio::null()).stderr(Stdio::null()));
    let begun = std::time::Instant::now();
    while half_written(&desk.path("workspace")).is_empty() {
        assert!(begun.elapsed().as_secs() < 60, "it has never begun to copy");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let listed = || desk.json(&["transmission", "list"])["transmissions"][0].clone();
    assert_eq!(listed()["verdict"], "queued");
    sending.end();
    let failed = listed();
    assert_eq!(failed["verdict"], "failed");
    // Nothing of it was kept, so nothing is said of sending it again.
    let id = failed["id"].as_str().unwrap().to_owned();
    let shown = desk.json(&["transmission", "show", &id]);
    assert_eq!(shown["diagnosis"]["remedy"], serde_json::json!(["Send the file again, as a new message"]), "{shown}");
    let error = desk.refused(&["transmission", "redeliver", &id]);
    assert!(error.contains("was never copied"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_before_anybody_waits_for_its_writer() {
    let desk = Desk::furnished();
    let pipe = desk.path("pipe.edi");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = desk.refused(&["send", &pipe.display().to_string(), "--connection", "partner", "--profile", "test"]);
    assert!(error.contains("is no file but a pipe"), "{error}");
    assert_eq!(desk.json(&["transmission", "list"])["transmissions"], serde_json::json!([]));
}

#[test]
fn days_and_sizes_are_taken_as_people_write_them_and_files_of_unknown_kinds_are_not() {
    let desk = Desk::furnished();
    for words in [["--since", "2026-11-26"], ["--until", "today"], ["--since", "yesterday"], ["--min-bytes", "1MB"]] {
        desk.json(&[&["transmission", "list"][..], &words].concat());
    }
    let error = desk.refused(&["transmission", "list", "--since", "last week"]);
    assert!(error.contains("`today` or `yesterday`"), "{error}");
    assert!(desk.refused(&["transmission", "list", "--min-bytes", "many"]).contains("1.5GiB"));
    let sheet = desk.path("list.xlsx").display().to_string();
    let error = desk.refused(&["transmission", "export", "-o", &sheet]);
    assert!(error.contains(".xlsx"), "{error}");
    assert!(!desk.path("list.xlsx").exists());
    desk.json(&["transmission", "export", "-o", &sheet, "--format", "csv"]);
    desk.json(&["transmission", "export", "-o", &desk.path("list").display().to_string()]);
}

#[test]
fn a_send_whose_program_is_killed_is_uncertain_as_soon_as_anybody_looks_and_not_before() {
    use std::io::Read as _;
    let desk = Desk::furnished();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("url=http://{}/as2", silent.local_addr().unwrap());
    desk.json(&["connection", "set", "partner", "test", &url]);
    let mut sending = desk.command(&["send", "--connection", "partner", "--profile", "test"]);
    let mut sending = Running::start(sending.stdout(Stdio::null()).stderr(Stdio::null()));
    let (mut taken, _) = silent.accept().unwrap();
    taken.read_exact(&mut [0; 64]).unwrap();
    let verdict = || desk.json(&["transmission", "list"])["transmissions"][0]["verdict"].clone();
    assert_eq!(verdict(), "sending", "its program runs");
    sending.end();
    assert_eq!(verdict(), "uncertain");
    let id = desk.json(&["transmission", "list"])["transmissions"][0]["id"].clone();
    let shown = desk.json(&["transmission", "show", id.as_str().unwrap()]);
    assert!(shown["diagnosis"]["explanation"].as_str().unwrap().contains("Partner may have it"), "{shown}");
}

#[cfg(unix)]
#[test]
fn a_send_that_is_interrupted_says_what_became_of_it_and_leaves_nothing_half_written() {
    use std::io::Read as _;
    use std::time::Duration;
    let desk = Desk::furnished();
    let large = desk.file("large.edi", "");
    std::fs::File::options().write(true).open(&large).unwrap().set_len(96 * 1024 * 1024).unwrap();
    let small = desk.file("small.edi", "ISA*00*~");
    for (signal, file, verdict) in [("-INT", &large, "cancelled"), ("-TERM", &small, "uncertain")] {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("url=http://{}/as2", silent.local_addr().unwrap());
        desk.json(&["connection", "set", "partner", "test", &url]);
        let mut sending = desk.command(&["--json", "send", file, "--connection", "partner", "--profile", "test"]);
        let sending = sending.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // Kept until the end: nobody answers.
        let mut taken = None;
        if verdict == "cancelled" {
            let begun = std::time::Instant::now();
            while half_written(&desk.path("workspace")).is_empty() {
                assert!(begun.elapsed() < Duration::from_secs(60), "it has never begun to build");
                std::thread::sleep(Duration::from_millis(2));
            }
        } else {
            let (mut stream, _) = silent.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
            while stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
            taken = Some(stream);
        }
        let told = Command::new("kill").args([signal, &sending.id().to_string()]).status().unwrap();
        assert!(told.success());
        let output = sending.wait_with_output().unwrap();
        drop(taken);
        assert_eq!(output.status.code(), Some(1), "{signal}");
        let sent: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(sent["verdict"], verdict, "{sent}");
        assert_eq!(desk.json(&["transmission", "list"])["transmissions"][0]["verdict"], verdict);
        assert_eq!(half_written(&desk.path("workspace")), Vec::<PathBuf>::new());
    }
}

/// The files of an archive that are not complete.
#[cfg(unix)]
fn half_written(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(half_written(&path));
        } else if path.to_string_lossy().ends_with(".partial") {
            found.push(path);
        }
    }
    found
}

#[test]
fn two_connections_with_the_same_identifiers_are_told_of() {
    let desk = Desk::furnished();
    let twin = desk.file("twin.toml", CONNECTION.replacen("id = \"partner\"", "id = \"twin\"", 1));
    let added = desk.run(&["connection", "add", &twin]);
    let said = String::from_utf8_lossy(&added.stderr).into_owned();
    assert!(added.status.success() && said.contains("The pair of AS2 identifiers is also that of"), "{said}");
    let apart = desk.run(&["connection", "set", "twin", "production", "partner_as2_id=TWIN"]);
    let said = String::from_utf8_lossy(&apart.stderr).into_owned();
    let other = desk.run(&["connection", "set", "twin", "test", "partner_as2_id=TWINTEST"]);
    let left = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(!left.contains("pair of AS2"), "{said}{left}");
}
