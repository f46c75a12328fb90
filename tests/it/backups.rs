//! Backups by command line: whole, restored on another machine, refused where they are not as they were written.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use countersign::app::{App, BackupRequest, Clock, Location, RawPart, Unlock, restore_backup};
use countersign::domain::transmission::Verdict;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::exchange::{DOCUMENT, PARTNER, Partner, Received, Us, Wrong};

fn partner(us: &Us) -> Partner {
    let certificate = us.certificate.clone();
    Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    })
}

pub(crate) fn program(workspace: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("COUNTERSIGN_WORKSPACE", workspace);
    command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it with something on its standard input.
pub(crate) fn given(mut command: Command, input: &str) -> Output {
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Runs it, holds its exit code, and returns its answer and what it said beside it.
#[track_caller]
pub(crate) fn answer(output: &Output, code: i32) -> (Value, String) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}{}", String::from_utf8_lossy(&output.stdout));
    (serde_json::from_slice(&output.stdout).unwrap_or(Value::Null), said)
}

#[track_caller]
pub(crate) fn json(workspace: &Path, code: i32, arguments: &[&str]) -> Value {
    let mut command = program(workspace, arguments);
    answer(&command.arg("--json").output().unwrap(), code).0
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What lies in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Puts a row into the database that belongs to nothing.
pub(crate) fn orphan(place: &Path) {
    let address = format!("sqlite:{}", place.join("countersign.sqlite").display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&address).await.unwrap();
        let row = "PRAGMA foreign_keys = OFF;
            INSERT INTO stages (transmission, position, attempt, document) VALUES ('00', 1, 1, '{}')";
        sqlx::raw_sql(row).execute(&pool).await.unwrap();
        pool.close().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_goes_into_one_file_and_comes_back_the_same_with_its_key_file_or_a_passphrase() {
    let us = Us::new().await;
    let partner = partner(&us);
    us.connect(&partner.url, "http_user = \"us\"").await;
    let mut set = program(&us.workspace(), &["connection", "set", "partner", "production", "http_password=-"]);
    set.arg("--json");
    answer(&given(set, "hunter2\n"), 0);
    let pinned = us.workspace().join("server-certificates").join(format!("{}.pem", "ab".repeat(32)));
    fs::create_dir(pinned.parent().unwrap()).unwrap();
    fs::write(&pinned, PARTNER.certificate.to_pem()).unwrap();
    json(&us.workspace(), 0, &["connection", "set", "partner", "production", &format!("tls_trust={}", text(&pinned))]);
    let sent = us.send().await;
    assert_eq!(sent.verdict, Verdict::Delivered);
    let (file, into) = (us.path("backup.zip"), us.path("restored"));
    let mut backup = program(&us.workspace(), &["workspace", "backup", "-o", text(&file), "--json"]);
    let (made, said) = answer(&backup.output().unwrap(), 0);
    assert!(said.contains("only by this workspace's key file, which is not in it"), "{said}");
    assert_eq!(
        (&made["protection"], &made["connections"], &made["transmissions"]),
        (&"key-file".into(), &1.into(), &1.into())
    );
    assert_eq!(made["size"], fs::metadata(&file).unwrap().len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The key is not in it, under whatever name, nor is a password.
    let key = fs::read(us.workspace().join("workspace.key")).unwrap();
    let verified = json(&us.workspace(), 0, &["workspace", "verify", text(&file)]);
    assert_eq!((&verified["files"], &verified["bytes"]), (&made["files"], &made["bytes"]));

    let restored = json(Path::new("nowhere"), 0, &["workspace", "restore", text(&file), "--into", text(&into)]);
    assert_eq!(restored["key_file"], text(&into.join("workspace.key")));
    for file in [&into.join("countersign.sqlite"), &file] {
        let bytes = fs::read(file).unwrap();
        assert!(!bytes.windows(key.len()).any(|some| some == key) && !bytes.windows(7).any(|some| some == b"hunter2"));
    }
    assert_eq!(names(&into), ["archive", "commands-put-off", "countersign.sqlite", "server-certificates"]);
    fs::rename(us.workspace().join("server-certificates"), us.path("gone")).unwrap();
    let trusted = ["connection", "set", "partner", "production", "subject=order"];
    json(&into, 0, &trusted);
    json(&us.workspace(), 2, &trusted);
    fs::rename(us.path("gone"), us.workspace().join("server-certificates")).unwrap();
    let id = sent.id.to_string();
    let shown = |place: &Path| json(place, 0, &["transmission", "show", &id]);
    assert_eq!(shown(&into), shown(&us.workspace()));
    for part in ["request", "response"] {
        let raw = |place: &Path| program(place, &["transmission", "raw", &id, part]).output().unwrap();
        let (there, here) = (raw(&into), raw(&us.workspace()));
        assert_eq!(there.stdout, here.stdout, "{part}");
        assert!(there.status.success() && !there.stdout.is_empty());
    }
    // Until the key file is there, secrets are locked.
    let facts = |place: &Path| json(place, 0, &["workspace", "show"]);
    assert!(facts(&into)["locked"].as_str().unwrap().contains("is missing"), "{}", facts(&into));
    fs::copy(us.workspace().join("workspace.key"), into.join("workspace.key")).unwrap();
    assert_eq!(facts(&into)["locked"], Value::Null);
    assert_eq!(json(&into, 0, &["send", "--connection", "partner", "--profile", "production"])["verdict"], "delivered");

    // With a passphrase it opens without the key file, and by that passphrase alone.
    let (sealed, elsewhere) = (us.path("sealed.zip"), us.path("elsewhere"));
    let words = ["workspace", "backup", "-o", text(&sealed), "--passphrase-stdin", "--json"];
    let (made, said) = answer(&given(program(&us.workspace(), &words), "correct horse\n"), 0);
    assert_eq!((&made["protection"], said.as_str()), (&"passphrase".into(), ""));
    json(Path::new("nowhere"), 0, &["workspace", "restore", text(&sealed), "--into", text(&elsewhere)]);
    assert!(facts(&elsewhere)["locked"].as_str().unwrap().contains("passphrase"));
    let mut send = program(&elsewhere, &["send", "--connection", "partner", "--profile", "production", "--json"]);
    let sent = send.env("COUNTERSIGN_PASSPHRASE", "correct horse").output().unwrap();
    assert_eq!(answer(&sent, 0).0["verdict"], "delivered");
    let refused = answer(&given(program(&us.workspace(), &words), "\n"), 2).0;
    assert!(refused["error"].as_str().unwrap().contains("is empty"), "{refused}");
    assert_eq!(facts(&us.workspace())["protection"], "key-file", "the workspace itself stays as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_payloads_it_is_smaller_and_says_what_is_not_in_it() {
    let us = Us::new().await;
    let partner = partner(&us);
    us.connect(&partner.url, "").await;
    let sent = us.send_bytes(&[b"UNA:+.? '\n", DOCUMENT.repeat(3000).as_bytes()].concat()).await;
    let (file, into) = (us.path("backup.zip"), us.path("restored"));
    let made = json(&us.workspace(), 0, &["workspace", "backup", "-o", text(&file), "--without-payloads"]);
    assert_eq!(made["payloads"], false);
    json(Path::new("nowhere"), 0, &["workspace", "restore", text(&file), "--into", text(&into)]);
    let id = sent.id.to_string();
    let restored = App::new(Location::Dir(into), Unlock::none(), Clock::System);
    for part in [RawPart::Payload, RawPart::Request] {
        let error = restored.raw(&id, part, None).await.err().unwrap();
        let said = format!("the {} was left out of the backup of ", part.label());
        assert!(error.message().starts_with(&said), "{error}");
    }
    assert!(restored.raw(&id, RawPart::Receipt, None).await.is_ok(), "the receipt proves the delivery");
    let usage = restored.storage_usage().await.unwrap();
    assert_eq!((usage.kinds[0].number, usage.kinds[3].number), (0, 1), "only what is there is counted");
    // What is sent from here on is kept as ever.
    restored.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_while_a_backup_is_made_is_whole_in_it_or_not_in_it() {
    let us = Us::new().await;
    let partner = partner(&us);
    us.connect(&partner.url, "").await;
    us.send().await;
    let app = us.app.clone();
    let (first, second) = (us.path("first.zip"), us.path("second.zip"));
    let files = [first.clone(), second.clone()];
    let backing_up = tokio::spawn(async move {
        for file in files {
            let passphrase = Some(Zeroizing::new("correct horse".to_owned()));
            app.back_up(&BackupRequest { file, payloads: true, passphrase }, &|_, _| {}).await.unwrap();
        }
    });
    let mut number = 1;
    while !backing_up.is_finished() {
        us.send().await;
        number += 1;
    }
    backing_up.await.unwrap();
    for (file, name) in [(first, "one"), (second, "other")] {
        let into = us.path(name);
        let facts = restore_backup(&file, &into, &|_, _| {}).await.unwrap().facts;
        assert!((1..=number).contains(&facts.transmissions));
        let unlock = Unlock::with_passphrase(Zeroizing::new("correct horse".to_owned()));
        let restored = App::new(Location::Dir(into), unlock, Clock::System);
        let page = restored.transmissions(&Default::default()).await.unwrap();
        assert_eq!(page.transmissions.len() as u64, facts.transmissions.min(50));
        for each in page.transmissions {
            let id = each.id.to_string();
            let payload = restored.raw(&id, RawPart::Payload, None).await.unwrap().remove(0);
            assert_eq!(fs::read(payload).unwrap(), DOCUMENT.as_bytes(), "{id}");
            assert_eq!(restored.altered(&id, RawPart::Payload).await.unwrap(), None);
        }
        restored.close().await;
    }
}

/// A workspace with an identity, and its backup.
fn backed_up() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, file) = (folder.path().join("workspace"), folder.path().join("backup.zip"));
    json(&workspace, 0, &["identity", "create", "acme"]);
    json(&workspace, 0, &["workspace", "backup", "-o", text(&file)]);
    (folder, workspace, file)
}

#[test]
fn nothing_is_written_over_and_nothing_is_left_of_what_fails() {
    let (folder, workspace, file) = backed_up();
    let there = names(folder.path());
    let into = folder.path().join("restored");
    let refused = |file: &Path, into: &Path| {
        let answer = json(Path::new("nowhere"), 2, &["workspace", "restore", text(file), "--into", text(into)]);
        answer["error"].as_str().unwrap().to_owned()
    };
    assert!(refused(&file, &workspace).contains("is a workspace already"));
    assert!(refused(&file, &file).contains("is no folder"));
    assert!(refused(&folder.path().join("absent.zip"), &into).contains("cannot read"));
    let bytes = fs::read(&file).unwrap();
    let broken = folder.path().join("broken.zip");
    // Some bits of a compressed entry may be either way for the same content. All of them together may not.
    let (start, middle) = (bytes.len() / 4, bytes.len() / 2);
    let mut changed = bytes.clone();
    changed[start..middle].iter_mut().for_each(|byte| *byte ^= 1);
    fs::write(&broken, &changed).unwrap();
    assert!(refused(&broken, &into).contains("is not as it was written"));
    fs::write(&broken, &bytes[..middle]).unwrap();
    assert!(refused(&broken, &into).contains("is not as it was written"));
    fs::remove_file(&broken).unwrap();
    assert_eq!(names(folder.path()), there);
    // An empty folder is filled, through a link too.
    fs::create_dir(&into).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&into, folder.path().join("link")).unwrap();
    let named = if cfg!(unix) { folder.path().join("link") } else { into.clone() };
    json(Path::new("nowhere"), 0, &["workspace", "restore", text(&file), "--into", text(&named)]);
    assert_eq!(json(&into, 0, &["identity", "list"])["identities"][0]["name"], "acme");
    assert!(refused(&file, &into).contains("is a workspace already"));
    // A backup replaces one of before, whole; elsewhere nothing is made.
    json(&workspace, 0, &["workspace", "backup", "-o", text(&file)]);
    json(Path::new("nowhere"), 0, &["workspace", "verify", text(&file)]);
    let absent = folder.path().join("absent/backup.zip");
    assert!(
        json(&workspace, 2, &["workspace", "backup", "-o", text(&absent)])["error"]
            .as_str()
            .unwrap()
            .contains("there is no folder")
    );
    assert!(
        json(&workspace, 2, &["workspace", "backup", "-o", text(folder.path())])["error"]
            .as_str()
            .unwrap()
            .contains("is no file")
    );
    json(&folder.path().join("none"), 2, &["workspace", "backup", "-o", text(&file)]);
    assert_eq!(json(&folder.path().join("none"), 0, &["workspace", "show"])["exists"], false);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_is_told_and_nothing_is_left() {
    let us = Us::new().await;
    let partner = partner(&us);
    us.connect(&partner.url, "").await;
    // Larger than the database, and nothing that could be made smaller.
    let mut state = 7_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()[7]
    })
    .take(3 << 20)
    .collect();
    us.send_bytes(&noise).await;
    us.app.close().await;
    let place = us.path("backups");
    fs::create_dir(&place).unwrap();
    let (file, into) = (place.join("backup.zip"), place.join("restored"));
    json(&us.workspace(), 0, &["workspace", "backup", "-o", text(&file)]);
    let limited = |bytes: u64, words: &str| {
        // The system refuses what is longer, as a full disk would. Shells count by 512 or by 1024 bytes.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" {words}", bytes / 1024);
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_countersign")]).env("COUNTERSIGN_WORKSPACE", us.workspace());
        command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
        command.output().unwrap()
    };
    let before = fs::read(&file).unwrap();
    let again = format!("workspace backup -o {} --json", text(&file));
    for (bytes, what) in [(16 * 1024, "cannot "), (3 << 20, "cannot write ")] {
        let (told, said) = answer(&limited(bytes, &again), 2);
        let error = told["error"].as_str().unwrap();
        assert!(error.contains(what), "{error}");
        assert_eq!(said, "", "only one document is said");
        assert_eq!(names(&place), ["backup.zip"], "{error}");
    }
    assert!(fs::read(&file).unwrap() == before, "what was there stays");
    let restore = format!("workspace restore {} --into {} --json", text(&file), text(&into));
    let (told, _) = answer(&limited(1 << 20, &restore), 2);
    assert!(told["error"].as_str().unwrap().starts_with("cannot write "), "{told}");
    assert_eq!(names(&place), ["backup.zip"]);
}
