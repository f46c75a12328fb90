//! Retention with real archives: what goes, what stays, and what is said of it wherever it is read.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use countersign::app::{App, AppError, Clock, Payload, RawPart, SendRequest};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::retention::{RetentionKind, RetentionMark, RetentionRule, RetentionRules};
use countersign::domain::transmission::{Direction, Transmission, Verdict};
use countersign::store::{As2Pair, Location, Part, Unlock, Workspace};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::exchange::{DOCUMENT, Partner, Received, Serving, Us, Wrong, app_on, post};
use crate::running::Running;

fn partner(us: &Us, wrong: Wrong) -> Partner {
    let certificate = us.certificate.clone();
    Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let receipt = received.receipt(&certificate, wrong);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    })
}

/// The program so many days later.
fn later(us: &Us, days: i64) -> App {
    let at = Clock::System.now().checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    app_on(&us.workspace(), Clock::Fixed(at))
}

const fn after(days: u32) -> RetentionRule {
    RetentionRule { days: Some(days), bytes: None }
}

/// What somebody sets who keeps receipts longer than all else.
const USUAL: RetentionRules = RetentionRules {
    payloads: after(90),
    raw: after(30),
    receipts: RetentionRule { days: None, bytes: None },
    journal: RetentionRule { days: None, bytes: None },
};

/// Nothing is kept for longer than it must be.
const LEAST: RetentionRules =
    RetentionRules { payloads: after(1), raw: after(1), receipts: after(90), journal: after(90) };

async fn run(app: &App) -> countersign::app::RetentionRun {
    let done = app.run_retention(&|| true, &|_number| {}).await.unwrap();
    assert_eq!(done.trouble, None);
    done
}

/// The files of a transmission, but for its in-flight mark.
fn files(us: &Us, of: &Transmission) -> Vec<String> {
    let folder = us.workspace().join("archive").join(of.at.strftime("%Y-%m").to_string()).join(of.id.to_string());
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|each| each.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

fn gone(result: Result<impl Sized, AppError>, what: &str) {
    let error = result.err().expect("it is gone");
    assert!(error.message().starts_with(&format!("the {what} was removed by retention on ")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_gone_is_told_in_words_wherever_it_is_read_and_the_receipt_still_proves() {
    let us = Us::new().await;
    let partner = partner(&us, Wrong::Nothing);
    us.connect(&partner.url, "").await;
    let sent = us.send().await;
    let (id, before) = (sent.id.to_string(), us.app.storage_usage().await.unwrap());
    assert_eq!(before.kinds[0].bytes, DOCUMENT.len() as u64);
    us.app.set_retention_rules(&USUAL).await.unwrap();
    assert!(run(&us.app).await.frees.is_empty(), "nothing is old enough");

    let app = later(&us, 91);
    let preview = app.preview_retention(&app.retention_rules().await.unwrap()).await.unwrap();
    let done = run(&app).await;
    assert_eq!((done.frees.clone(), done.bytes), (preview.frees, preview.bytes), "what was foreseen has gone");
    let kinds: Vec<_> = done.frees.iter().map(|each| (each.kind, each.number)).collect();
    assert_eq!(kinds, [(RetentionKind::Payload, 1), (RetentionKind::Raw, 1)]);
    assert_eq!(files(&us, &sent), ["response.body", "response.head"]);

    gone(app.raw(&id, RawPart::Payload, None).await, "payload");
    gone(app.raw(&id, RawPart::Request, None).await, "request");
    gone(app.save_part(&id, RawPart::Payload, None, &us.path("saved")).await, "payload");
    gone(app.open_view(&id, RawPart::Payload, None).await, "payload");
    gone(app.structure(&id, RawPart::Request).await, "request");
    let again = SendRequest {
        connection: "partner".parse().unwrap(),
        profile: ProfileKind::Production,
        payload: Payload::Kept(sent.id),
    };
    gone(app.send(&again, &|_event| {}).await, "payload");
    let bundle = app.bundle(&id, true).await.unwrap();
    let left_out: Vec<&String> =
        bundle.left_out.iter().filter(|line| line.contains("removed by retention on")).collect();
    assert_eq!(left_out.len(), 2, "the structure and the document: {:?}", bundle.left_out);
    let detail = app.transmission_detail(sent.id).await.unwrap();
    assert!(detail.keeping.removed(RetentionKind::Payload).is_some() && detail.receipt.is_some());

    let proof = app.proof(&id).await.unwrap();
    let document = &proof.checks[0];
    assert_eq!(document.holds, None);
    assert!(document.detail.starts_with("removed by retention on "), "{}", document.detail);
    assert!(proof.checks[1..].iter().all(|check| check.holds == Some(true)), "{:#?}", proof.checks);
    let journalled = app.transmission(&id).await.unwrap();
    assert_eq!((journalled.verdict, &journalled.payload_sha256), (Verdict::Delivered, &sent.payload_sha256));
    assert!(run(&app).await.frees.is_empty(), "nothing goes twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_uncertain_disputed_or_marked_stays_until_somebody_decides() {
    let us = Us::new().await;
    us.app.set_retention_rules(&LEAST).await.unwrap();
    let differing = partner(&us, Wrong::Mic);
    us.connect(&differing.url, "").await;
    let disputed = us.send().await;
    let silent = Partner::start(|_: &Received, stream: &mut TcpStream| Partner::answer(stream, "200 OK", &[], b""));
    us.connect(&silent.url, "").await;
    let uncertain = us.send().await;
    let good = partner(&us, Wrong::Nothing);
    us.connect(&good.url, "").await;
    let (kept, plain, last) = (us.send().await, us.send().await, us.send().await);
    us.app.mark_transmission(&kept.id.to_string(), Some(RetentionMark::Keep)).await.unwrap();
    assert_eq!(
        [&disputed, &uncertain, &kept].map(|each| each.verdict),
        [Verdict::Failed, Verdict::Uncertain, Verdict::Delivered]
    );

    let app = later(&us, 4000);
    let preview = app.preview_retention(&LEAST).await.unwrap();
    assert_eq!((preview.held.disputed, preview.held.uncertain, preview.held.kept), (1, 1, 1));
    run(&app).await;
    for held in [&disputed, &uncertain, &kept] {
        assert!(files(&us, held).contains(&"payload".to_owned()), "{held:#?}");
        assert_eq!(app.transmission(&held.id.to_string()).await.unwrap().verdict, held.verdict);
    }
    assert!(files(&us, &plain).is_empty());
    let told = app.transmission(&plain.id.to_string()).await.unwrap_err();
    assert!(
        told.message().starts_with("the journal's entry of that transmission was removed by retention on "),
        "{told}"
    );
    assert!(files(&us, &last).is_empty());
    assert_eq!(app.transmission(&last.id.to_string()).await.unwrap().id, last.id, "the last of its profile is known");

    // Settled, its files go; its entry is the last that says what it says.
    app.mark_transmission(&disputed.id.to_string(), Some(RetentionMark::Settled)).await.unwrap();
    app.mark_transmission(&kept.id.to_string(), None).await.unwrap();
    run(&app).await;
    assert!(files(&us, &disputed).is_empty() && files(&us, &kept).is_empty());
    assert!(app.transmission(&disputed.id.to_string()).await.is_ok());
    assert!(app.transmission(&kept.id.to_string()).await.is_err());
    assert!(files(&us, &uncertain).contains(&"payload".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_again_is_known_and_gets_its_receipt_after_its_payload_has_gone() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    us.app.set_retention_rules(&LEAST).await.unwrap();
    let (headers, body) = Partner::message(&us.certificate, "<again@partner>", DOCUMENT.as_bytes(), &[]);
    let serving = us.serve().await;
    let first = post(&serving.url, &headers, &body);
    serving.stop().await;
    let received = us.journal().await.remove(0);
    let app = later(&us, 80);
    let done = run(&app).await;
    assert_eq!(done.frees.len(), 2);
    assert_eq!(done.elsewhere, 0, "what lies in the inbox is a file of its own");
    assert_eq!(files(&us, &received), ["response.body", "response.head"]);
    let serving = Serving::start(app, us.path("inbox"), None).await;
    let again = post(&serving.url, &headers, &body);
    assert_eq!((again.status, &again.body), (200, &first.body), "the same receipt");
    assert_eq!(us.inbox().len(), 1, "it was delivered once");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_comes_after_the_payload_has_gone_is_taken() {
    let us = Us::new().await;
    let accepts =
        Partner::start(|_: &Received, stream: &mut TcpStream| Partner::answer(stream, "204 No Content", &[], b""));
    us.connect(&accepts.url, "mdn = \"async-signed\"\nmdn_url = \"http://127.0.0.1:9/as2\"").await;
    us.app.set_retention_rules(&LEAST).await.unwrap();
    let serving = us.serve().await;
    let sent = us.send().await;
    let receipt = accepts.received()[0].receipt(&us.certificate, Wrong::Nothing);
    assert_eq!(post(&serving.url, &receipt.headers, &receipt.body).status, 200);
    serving.stop().await;
    let app = later(&us, 3);
    run(&app).await;
    assert_eq!(files(&us, &sent), ["receipt.body", "receipt.head"]);
    let serving = Serving::start(app.clone(), us.path("inbox"), None).await;
    let other = accepts.received()[0].receipt(&us.certificate, Wrong::Mic);
    assert_eq!(post(&serving.url, &other.headers, &other.body).status, 200, "it would come for ever");
    let found = app.transmission(&sent.id.to_string()).await.unwrap();
    assert_eq!((found.verdict, found.receipts), (Verdict::Delivered, 2));
    serving.stop().await;
}

/// Many transmissions of long ago, with their files.
async fn many(folder: &Path, number: u32) -> Vec<Transmission> {
    let now = Clock::System.now();
    let workspace = Workspace::open_or_create(&Location::Dir(folder.to_owned()), &Unlock::none(), now).await.unwrap();
    let mut all = Vec::new();
    for index in 0..number {
        let at = Timestamp::from_second(now.as_second() - 400 * 86_400 + i64::from(index)).unwrap();
        let stamp = uuid::Timestamp::from_unix(uuid::NoContext, u64::try_from(at.as_second()).unwrap(), 0);
        let mut sent = Transmission::new(uuid::Uuid::new_v7(stamp), format!("<{index}@acme>"), at, Direction::Outbound);
        sent.verdict = Verdict::Delivered;
        workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        for part in [Part::Payload, Part::RequestBody(1)] {
            let folder = workspace.archive().prepare(sent.id).unwrap();
            std::fs::write(folder.join(part.file_name()), vec![b'x'; 1000]).unwrap();
        }
        all.push(sent);
    }
    workspace.close().await;
    all
}

fn program(workspace: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command
        .args(words)
        .env("COUNTERSIGN_WORKSPACE", workspace)
        .env_remove("COUNTERSIGN_PASSPHRASE")
        .env_remove("COUNTERSIGN_PASSPHRASE_FILE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn output(workspace: &Path, words: &[&str]) -> Output {
    program(workspace, words).output().unwrap()
}

fn document(workspace: &Path, words: &[&str]) -> Value {
    let output = output(workspace, &[words, &["--json"]].concat());
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_journal_and_the_archive_agree() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("w");
    let all = many(&place, 300).await;
    // Half of them lose their payload, the others all.
    let app = app_on(&place, Clock::System);
    let mut rules = RetentionRules { payloads: after(30), ..RetentionRules::default() };
    app.set_retention_rules(&rules).await.unwrap();
    for each in all.iter().skip(150) {
        app.mark_transmission(&each.id.to_string(), Some(RetentionMark::Keep)).await.unwrap();
    }
    app.close().await;
    let mut killed = 0;
    for round in 0..60_u64 {
        if round == 6 {
            let app = app_on(&place, Clock::System);
            rules = RetentionRules { raw: after(30), journal: after(90), ..rules };
            app.set_retention_rules(&rules).await.unwrap();
            app.close().await;
        }
        let mut child = Running::start(&mut program(&place, &["retention", "run"]));
        std::thread::sleep(Duration::from_millis(30 + 25 * round));
        let ended = child.try_wait().unwrap().is_some();
        child.kill().ok();
        child.wait().unwrap();
        killed += usize::from(!ended);
        agree(&place, &all).await;
        if ended && round > 6 {
            break;
        }
    }
    assert!(killed > 0, "it has always ended before it could be killed");
    assert!(output(&place, &["retention", "run"]).status.success());
    agree(&place, &all).await;
    let app = app_on(&place, Clock::System);
    for (index, each) in all.iter().enumerate() {
        let folder = archived(&place, each);
        assert_eq!(folder.exists(), index >= 150, "{index}");
        assert_eq!(app.transmission(&each.id.to_string()).await.is_ok(), index >= 150);
    }
    app.close().await;
}

fn archived(place: &Path, of: &Transmission) -> PathBuf {
    place.join("archive").join(of.at.strftime("%Y-%m").to_string()).join(of.id.to_string())
}

/// Whatever is said to be there can be read, and whatever cannot be read is said to be removed.
async fn agree(place: &Path, all: &[Transmission]) {
    let app = app_on(place, Clock::System);
    for each in all {
        let id = each.id.to_string();
        for (part, what) in [(RawPart::Payload, "payload"), (RawPart::Request, "request")] {
            match app.raw(&id, part, None).await {
                Ok(files) => assert!(files.iter().all(|file| file.is_file()), "{files:?}"),
                Err(error) => {
                    let words = format!("the {what} was removed by retention on ");
                    let entry = "the journal's entry of that transmission was removed by retention on ";
                    assert!(error.message().starts_with(&words) || error.message().starts_with(entry), "{error}");
                }
            }
        }
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_size_the_oldest_go_and_the_command_line_says_what() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("w");
    let all = many(&place, 10).await;
    let shown = document(&place, &["retention", "show"]);
    assert_eq!(shown["kinds"][0], serde_json::json!({ "kind": "payload", "number": 10, "bytes": 10_000 }));
    assert_eq!(shown["rules"]["payloads"], serde_json::json!({ "days": null, "bytes": null }));
    let preview = document(&place, &["retention", "preview", "--payloads-size", "7KB"]);
    assert_eq!((&preview["bytes"], &preview["frees"][0]["number"]), (&3_000.into(), &3.into()));
    assert_eq!(document(&place, &["retention", "show"])["rules"], shown["rules"], "trying out sets nothing");
    let set = document(&place, &["retention", "set", "--payloads-size", "7KB", "--receipts", "7y", "--journal", "2y"]);
    assert_eq!(set["rules"]["receipts"]["days"], 7 * 366);
    let run = document(&place, &["retention", "run"]);
    assert_eq!((&run["bytes"], &run["frees"][0]["number"]), (&3_000.into(), &3.into()));
    for (index, each) in all.iter().enumerate() {
        assert_eq!(archived(&place, each).join("payload").exists(), index >= 3, "the oldest go");
    }
    let id = all[0].id.to_string();
    let one = document(&place, &["transmission", "show", &id]);
    assert!(one["removed"]["payload"].is_string() && one["removed"].get("raw").is_none(), "{one}");
    let text = String::from_utf8(output(&place, &["transmission", "show", &id]).stdout).unwrap();
    assert!(text.contains("Payloads: removed by retention on "), "{text}");
    let raw = output(&place, &["transmission", "raw", &id, "payload"]);
    let stderr = String::from_utf8(raw.stderr).unwrap();
    assert!(raw.status.code() == Some(2) && stderr.contains("the payload was removed by retention on"), "{stderr}");
    let text = String::from_utf8(output(&place, &["retention", "show"]).stdout).unwrap();
    assert!(text.contains("Retention freed 3.0 KB: 3 payloads, 3.0 KB") && text.contains("7 KB"), "{text}");
    assert!(output(&place, &["retention", "keep", &id]).status.success());
    assert_eq!(document(&place, &["transmission", "show", &id])["mark"], "keep");
    // What is to be kept is not settled, and neither is what nobody disputes.
    let refused = |word: &str| {
        let refused = output(&place, &["retention", "settle", &id]);
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && stderr.contains(word), "{stderr}");
    };
    refused("is marked to be kept");
    assert_eq!(document(&place, &["transmission", "show", &id])["mark"], "keep");
    let said = |words: &[&str]| String::from_utf8(output(&place, words).stdout).unwrap();
    assert!(said(&["retention", "unmark", &id]).starts_with("The mark is taken off"));
    assert!(said(&["retention", "unmark", &id]).contains(" had no mark"));
    refused("nothing to settle");
    for (bad, word) in [
        (&["retention", "set"][..], "nothing to set"),
        (&["retention", "set", "--journal", "30d"], "90 days at least"),
        (&["retention", "set", "--payloads", "soon"], "not an age"),
        (&["retention", "set", "--raw-size", "much"], "not a size"),
        (&["retention", "keep", "00000000"], "no transmission"),
    ] {
        let refused = output(&place, bad);
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && stderr.contains(word), "{bad:?}: {stderr}");
    }
    assert_eq!(document(&place, &["retention", "show"])["rules"], set["rules"], "what is refused sets nothing");
}
