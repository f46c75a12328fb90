//! The keychain of the system as what protects a workspace: a real one where there is one, and none, or one that hangs.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::backups::{answer, given, json, program, text};
use crate::protection::exports_by;

/// The program on a workspace, with this bus for the session.
fn on_bus(bus: &str, workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = program(workspace, arguments);
    command.env("DBUS_SESSION_BUS_ADDRESS", bus).env_remove("XDG_RUNTIME_DIR").arg("--json");
    command
}

#[track_caller]
fn said(bus: &str, workspace: &Path, code: i32, arguments: &[&str]) -> Value {
    answer(&on_bus(bus, workspace, arguments).output().unwrap(), code).0
}

/// A workspace with an identity, and a bus that is not there.
fn begun() -> (tempfile::TempDir, std::path::PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    json(&workspace, 0, &["identity", "create", "ours"]);
    let absent = format!("unix:path={}", folder.path().join("no-bus").display());
    (folder, workspace, absent)
}

/// Has the database say that the key is in the keychain, as on a machine that it was put there on.
async fn claim_keychain(workspace: &Path) {
    sqlx::any::install_default_drivers();
    let address = format!("sqlite://{}", workspace.join("countersign.sqlite").display());
    let pool = sqlx::AnyPool::connect(&address).await.unwrap();
    let claim = "UPDATE keyring SET protection = 'keychain', salt = randomblob(16)";
    sqlx::query(claim).execute(&pool).await.unwrap();
    pool.close().await;
}

#[test]
fn without_a_keychain_nothing_is_put_into_it_and_the_key_file_stays() {
    let (_folder, workspace, absent) = begun();
    let refused = said(&absent, &workspace, 2, &["workspace", "protect", "--keychain"]);
    assert!(refused["error"].as_str().unwrap().contains("no keychain that this program can reach"), "{refused}");
    assert!(refused["hint"].as_str().unwrap().contains("what protected it before still does"), "{refused}");
    assert!(workspace.join("workspace.key").exists());
    assert_eq!(json(&workspace, 0, &["workspace", "show"])["protection"], "key-file");
    assert!(exports_by(on_bus(&absent, &workspace, &[]), &workspace));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_is_not_there_or_hangs_locks_the_secrets_in_seconds_and_says_which() {
    let (folder, workspace, absent) = begun();
    claim_keychain(&workspace).await;
    let locked = |bus: &str| {
        let facts = said(bus, &workspace, 0, &["workspace", "show"]);
        assert_eq!(facts["protection"], "keychain");
        facts["locked"].as_str().unwrap().to_owned()
    };
    let missing = locked(&absent);
    assert!(missing.contains("no keychain that this program can reach"), "{missing}");

    // Somebody who takes every call and never answers.
    let place = folder.path().join("silent");
    let silent = UnixListener::bind(&place).unwrap();
    let work = std::thread::Builder::new().name("keychain".to_owned());
    let held = move || {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept() {
            held.push(stream);
        }
    };
    work.spawn(held).unwrap();
    let bus = format!("unix:path={}", place.display());
    let begun = Instant::now();
    let hangs = locked(&bus);
    assert!(hangs.contains("did not answer within 3 seconds"), "{hangs}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let refused = said(&bus, &workspace, 2, &["identity", "create", "other"]);
    assert!(refused["hint"].as_str().unwrap().contains("start the keychain anew"), "{refused}");
}

/// Says why nothing was tried.
#[expect(clippy::print_stderr, reason = "whoever reads what the tests say is to know")]
fn not_tried() {
    eprintln!("not tried: gnome-keyring and dbus are not installed, or do not open");
}

/// A session of its own with GNOME's keychain, ended with the test.
struct Session {
    bus: String,
    running: Vec<Child>,
    folder: tempfile::TempDir,
}

impl Session {
    /// Nothing where the programs are not installed, or where the keychain does not open: now and then it does not unlock its
    /// collection at its start, and never will.
    fn start() -> Option<Self> {
        for _ in 0..6 {
            let session = Self::begin()?;
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(10) {
                if session.is_open() {
                    return Some(session);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        None
    }

    fn begin() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--print-address=1", "--nofork", "--nopidfile"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let mut session = Self { bus: address.trim_end().to_owned(), running: vec![bus], folder };
        let place = session.folder.path().to_owned();
        let keychain = Command::new("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env("DBUS_SESSION_BUS_ADDRESS", &session.bus)
            .envs(["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"].map(|name| (name, &place)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut keychain = keychain.ok()?;
        keychain.stdin.take().unwrap().write_all(b"the password of the keychain").unwrap();
        session.running.push(keychain);
        Some(session)
    }

    /// Whether its collection is there and unlocked, which comes a moment after the service.
    fn is_open(&self) -> bool {
        let collection = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
        let get = "org.freedesktop.DBus.Properties.Get";
        self.call("/org/freedesktop/secrets/aliases/default", get, &collection).0.contains("boolean false")
    }

    /// What the keychain answers to a call of the Secret Service, and whether it could.
    fn secrets(&self, call: &str, argument: &str) -> (String, bool) {
        self.call("/org/freedesktop/secrets", &format!("org.freedesktop.Secret.Service.{call}"), &[argument])
    }

    fn call(&self, object: &str, call: &str, arguments: &[&str]) -> (String, bool) {
        let mut command = Command::new("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", object, call]).args(arguments);
        let output = command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.success())
    }

    /// How many keys of workspaces it holds.
    fn keys(&self) -> usize {
        let (found, good) = self.secrets("SearchItems", "dict:string:string:service,Countersign");
        assert!(good);
        found.matches("object path").count()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in &mut self.running {
            child.kill().unwrap_or_default();
            child.wait().map(drop).unwrap_or_default();
        }
    }
}

#[test]
fn the_keychain_of_gnome_keeps_the_key_and_gives_it_until_it_is_locked() {
    let Some(session) = Session::start() else {
        not_tried();
        return;
    };
    let (folder, workspace, absent) = begun();
    let bus = session.bus.as_str();
    let key = std::fs::read(workspace.join("workspace.key")).unwrap();
    let shown = said(bus, &workspace, 0, &["workspace", "protect", "--keychain"]);
    assert_eq!((&shown["protection"], &shown["locked"]), (&"keychain".into(), &Value::Null));
    assert!(!workspace.join("workspace.key").exists());
    assert_eq!(session.keys(), 1);
    let database = std::fs::read(workspace.join("countersign.sqlite")).unwrap();
    assert!(!database.windows(key.len()).any(|some| some == key), "the key is in the keychain alone");
    assert!(exports_by(on_bus(bus, &workspace, &[]), &workspace), "it is opened without anything being given");

    // In another session it is read, and its secrets stay locked.
    let elsewhere = said(&absent, &workspace, 0, &["workspace", "show"]);
    assert!(elsewhere["locked"].as_str().unwrap().contains("no keychain"), "{elsewhere}");
    assert!(!exports_by(on_bus(&absent, &workspace, &[]), &workspace));

    // A backup opens on another machine, which its passphrase alone can do.
    let file = folder.path().join("backup.zip");
    let words = ["workspace", "backup", "-o", text(&file)];
    let refused = said(bus, &workspace, 2, &words);
    assert!(refused["error"].as_str().unwrap().contains("keychain, which is not in a backup"), "{refused}");
    assert!(!file.exists());
    let mut backup = on_bus(bus, &workspace, &words);
    backup.arg("--passphrase-stdin");
    answer(&given(backup, "correct horse"), 0);
    let into = folder.path().join("restored");
    said(&absent, Path::new("nowhere"), 0, &["workspace", "restore", text(&file), "--into", text(&into)]);
    let mut restored = on_bus(&absent, &into, &[]);
    restored.env("COUNTERSIGN_PASSPHRASE", "correct horse");
    assert!(exports_by(restored, &into));

    // Nobody is there who could give a locked keychain its password.
    let login = "array:objpath:/org/freedesktop/secrets/collection/login";
    assert!(session.secrets("Lock", login).1);
    let locked = said(bus, &workspace, 0, &["workspace", "show"]);
    let why = locked["locked"].as_str().unwrap();
    assert!(why.contains("is locked or refuses") || why.contains("did not answer within 3 seconds"), "{why}");
    assert!(!exports_by(on_bus(bus, &workspace, &[]), &workspace));
}

#[test]
fn the_keychain_forgets_the_key_when_something_else_protects_it_and_says_when_it_has_none() {
    let Some(session) = Session::start() else {
        not_tried();
        return;
    };
    let (folder, workspace, _absent) = begun();
    let bus = session.bus.as_str();
    said(bus, &workspace, 0, &["workspace", "protect", "--keychain"]);
    // Put there anew, it stands there once.
    said(bus, &workspace, 0, &["workspace", "protect", "--keychain"]);
    assert_eq!(session.keys(), 1);
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(workspace.join("countersign.sqlite"), copy.join("countersign.sqlite")).unwrap();
    let mut protect = on_bus(bus, &workspace, &["workspace", "protect", "--passphrase-stdin"]);
    protect.stdin(Stdio::piped());
    assert_eq!(answer(&given(protect, "correct horse"), 0).0["protection"], "passphrase");
    assert_eq!(session.keys(), 0, "whoever opens the keychain cannot pass the passphrase by");
    let gone = said(bus, &copy, 0, &["workspace", "show"]);
    assert!(gone["locked"].as_str().unwrap().contains("is not in the keychain of this user"), "{gone}");
    let mut back = on_bus(bus, &workspace, &["workspace", "protect", "--key-file"]);
    back.env("COUNTERSIGN_PASSPHRASE", "correct horse");
    assert_eq!(answer(&back.output().unwrap(), 0).0["protection"], "key-file");
}
