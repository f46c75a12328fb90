//! What is left where a program is killed or something stands in the way, and what is done once a day.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use tokio::sync::watch;

use super::*;
use crate::app::send::{InFlight, new_id};
use crate::app::{Clock, Location, Unlock};
use crate::domain::retention::RetentionRule;
use crate::domain::transmission::{Direction, Light, Lights, TransmissionId, Verdict};
use crate::store::{As2Pair, Duty, DutyKind, Part};

const GOOD: Lights = Lights {
    http: Light::Good,
    receipt: Light::Good,
    receipt_signature: Light::Good,
    disposition: Light::Good,
    mic: Light::Good,
};

fn now() -> Timestamp {
    "2026-11-26T09:00:00Z".parse().unwrap()
}

fn app(folder: &Path, at: Timestamp) -> App {
    App::new(Location::Dir(folder.join("w")), Unlock::none(), Clock::Fixed(at))
}

/// Puts a transmission of so many days ago into the journal and the archive.
async fn put(workspace: &Workspace, days: i64, verdict: Verdict) -> Transmission {
    let at = now().checked_sub(SignedDuration::from_hours(24 * days)).unwrap();
    let mut sent = Transmission::new(new_id(at), format!("<{days}@acme>"), at, Direction::Outbound);
    (sent.verdict, sent.lights) = (verdict, GOOD);
    workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
    for (part, bytes) in [
        (Part::Payload, &b"order"[..]),
        (Part::RequestHead(1), b"POST"),
        (Part::RequestBody(1), b"sealed"),
        (Part::ResponseBody(1), b"receipt"),
    ] {
        let mut writer = workspace.archive().create(sent.id, part).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap();
    }
    sent
}

const fn after(days: u32) -> RetentionRule {
    RetentionRule { days: Some(days), bytes: None }
}

async fn run(app: &App) -> RetentionRun {
    app.run_retention(&|| true, &|_number| {}).await.unwrap()
}

fn id(of: &Transmission) -> String {
    of.id.simple().to_string()
}

fn is_there(workspace: &Workspace, of: TransmissionId, part: Part) -> bool {
    workspace.archive().path(of, part).is_file()
}

/// Has the journal say that something is removed, as a program does that is killed right after.
async fn say(workspace: &Workspace, of: &Transmission, kinds: &[RetentionKind]) -> bool {
    run::measure(workspace, &|| true, &|_number| {}).await.unwrap();
    let all = RetentionRules { payloads: after(1), raw: after(1), receipts: after(90), journal: after(90) };
    let kept = workspace.kept_after(None, 100, &all).await.unwrap();
    let kept = kept.into_iter().find(|kept| kept.id == of.id).unwrap();
    let mut transaction = workspace.begin().await.unwrap();
    let said = transaction.begin_removal(of.id, kept.changes, kinds, now()).await.unwrap();
    transaction.commit().await.unwrap();
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_while_it_removes_leaves_nothing_that_claims_to_be_there_nor_is_there_for_nobody() {
    let guard = tempfile::tempdir().unwrap();
    let app = app(guard.path(), now());
    let workspace = app.workspace().await.unwrap();
    let (one, whole) = (put(&workspace, 100, Verdict::Delivered).await, put(&workspace, 200, Verdict::Delivered).await);
    assert!(say(&workspace, &one, &[RetentionKind::Payload]).await);
    assert!(say(&workspace, &whole, RetentionKind::ALL).await);
    // Killed here: the files are there, and nobody reads them.
    assert!(is_there(&workspace, one.id, Part::Payload) && is_there(&workspace, whole.id, Part::Payload));
    let told = app.kept(&id(&one), RawPart::Payload).await.unwrap_err();
    assert_eq!(told.message(), "the payload was removed by retention on 26 November 2026");
    let told = app.transmission(&id(&whole)).await.unwrap_err();
    assert_eq!(told.message(), "the journal's entry of that transmission was removed by retention on 26 November 2026");
    assert_eq!(workspace.kept_bytes().await.unwrap().number, [0, 1, 1, 1], "what goes is not counted");
    // Whoever runs next finishes it, without any rule.
    assert!(run(&app).await.frees.is_empty());
    assert!(!is_there(&workspace, one.id, Part::Payload) && is_there(&workspace, one.id, Part::RequestBody(1)));
    assert!(!workspace.archive().folder(whole.id).exists(), "no file is there for nobody");
    assert!(workspace.open_removals().await.unwrap().is_empty());
    assert_eq!(app.keeping(&id(&one)).await.unwrap().removed, [(RetentionKind::Payload, now())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_told_and_tried_again() {
    let guard = tempfile::tempdir().unwrap();
    let app = app(guard.path(), now());
    let workspace = app.workspace().await.unwrap();
    let (blocked, free) =
        (put(&workspace, 100, Verdict::Delivered).await, put(&workspace, 99, Verdict::Delivered).await);
    let payload = workspace.archive().path(blocked.id, Part::Payload);
    fs::remove_file(&payload).unwrap();
    fs::create_dir(&payload).unwrap();
    fs::write(payload.join("in the way"), "").unwrap();
    app.set_retention_rules(&RetentionRules { payloads: after(30), ..RetentionRules::default() }).await.unwrap();
    let done = run(&app).await;
    assert!(done.trouble.unwrap().contains("payload"), "it is said which file");
    assert!(!is_there(&workspace, free.id, Part::Payload), "the others go all the same");
    assert!(app.kept(&id(&blocked), RawPart::Payload).await.unwrap_err().message().contains("removed by retention"));
    fs::remove_dir_all(&payload).unwrap();
    fs::write(&payload, "order").unwrap();
    let done = run(&app).await;
    assert_eq!((done.trouble, payload.exists()), (None, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_hand_or_has_changed_since_it_was_looked_at_is_left() {
    let guard = tempfile::tempdir().unwrap();
    let app = app(guard.path(), now());
    let workspace = app.workspace().await.unwrap();
    let sent = put(&workspace, 100, Verdict::Delivered).await;
    app.set_retention_rules(&RetentionRules { payloads: after(30), ..RetentionRules::default() }).await.unwrap();
    let held = InFlight::begin(&workspace, sent.id).unwrap();
    assert!(run(&app).await.frees.is_empty());
    assert!(app.kept(&id(&sent), RawPart::Payload).await.is_ok());
    held.end();
    // It was looked at, and then something is to be done for it.
    run::measure(&workspace, &|| true, &|_number| {}).await.unwrap();
    let seen = workspace.kept_after(None, 10, &app.retention_rules().await.unwrap()).await.unwrap().remove(0);
    assert_eq!(seen.holding.held, None);
    let duty = Duty { transmission: sent.id, kind: DutyKind::Receipt, at: now(), number: 1, whither: None };
    let mut transaction = workspace.begin().await.unwrap();
    transaction.put_duty(&duty).await.unwrap();
    assert!(!transaction.begin_removal(sent.id, seen.changes, &[RetentionKind::Payload], now()).await.unwrap());
    transaction.end_duty(sent.id, DutyKind::Receipt).await.unwrap();
    // Or it is journalled once more.
    transaction.update_transmission(&sent).await.unwrap();
    assert!(!transaction.begin_removal(sent.id, seen.changes, &[RetentionKind::Payload], now()).await.unwrap());
    transaction.commit().await.unwrap();
    assert_eq!(run(&app).await.frees[0].number, 1, "once it is measured anew, it goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_follows_what_is_journalled_and_cut() {
    let guard = tempfile::tempdir().unwrap();
    let app = app(guard.path(), now());
    let workspace = app.workspace().await.unwrap();
    let sent = put(&workspace, 2, Verdict::Delivered).await;
    let usage = app.storage_usage().await.unwrap();
    let bytes = |usage: &StorageUsage| usage.kinds.iter().map(|kind| kind.bytes).take(3).collect::<Vec<_>>();
    assert_eq!((bytes(&usage), usage.unmeasured), (vec![5, 10, 7], 0));
    let entry = usage.kinds[3].bytes;
    assert!(entry > 300, "an entry has its document and its stages: {entry}");
    // A receipt comes by itself: the answer was none.
    let mut late = sent.clone();
    late.receipt_headers = vec![("AS2-From".to_owned(), "P".to_owned())];
    let mut writer = workspace.archive().create(sent.id, Part::ReceiptBody(1)).unwrap();
    writer.write_all(b"late receipt").unwrap();
    writer.finish().unwrap();
    workspace.update_transmission(&late).await.unwrap();
    assert_eq!(workspace.kept_bytes().await.unwrap().unmeasured, 1);
    assert_eq!(bytes(&app.storage_usage().await.unwrap()), [5, 17, 12]);
    // Cut without a word in the journal.
    fs::write(workspace.archive().path(sent.id, Part::RequestBody(1)), "s").unwrap();
    let mut transaction = workspace.begin().await.unwrap();
    transaction.measure_again(sent.id).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(bytes(&app.storage_usage().await.unwrap()), [5, 12, 12]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_are_followed_once_a_day() {
    let guard = tempfile::tempdir().unwrap();
    let first = app(guard.path(), now());
    let workspace = first.workspace().await.unwrap();
    let sent = put(&workspace, 29, Verdict::Delivered).await;
    first.set_retention_rules(&RetentionRules { payloads: after(30), ..RetentionRules::default() }).await.unwrap();
    let told: Arc<Mutex<Vec<RetentionRun>>> = Arc::default();
    let keeper = |app: &App| {
        let told = Arc::clone(&told);
        Keeper::new(
            app.clone(),
            Arc::new(move |run| told.lock().unwrap().push(run)),
            watch::Sender::new(true).subscribe(),
        )
    };
    assert!(keeper(&first).round(&|| true).await.unwrap());
    assert!(!keeper(&first).round(&|| true).await.unwrap(), "not twice");
    let hours = |hours| app(guard.path(), now().checked_add(SignedDuration::from_hours(hours)).unwrap());
    assert!(!keeper(&hours(23)).round(&|| true).await.unwrap());
    assert!(told.lock().unwrap().is_empty(), "nothing was old enough");
    assert!(keeper(&hours(49)).round(&|| true).await.unwrap());
    assert_eq!(told.lock().unwrap()[0].in_words(), "Retention freed 5 bytes: 1 payload, 5 bytes");
    assert!(!is_there(&workspace, sent.id, Part::Payload));
    assert_eq!(first.storage_usage().await.unwrap().last_run.as_ref(), told.lock().unwrap().first());
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_not_understood_remove_nothing() {
    let guard = tempfile::tempdir().unwrap();
    let app = app(guard.path(), now());
    let workspace = app.workspace().await.unwrap();
    let sent = put(&workspace, 400, Verdict::Delivered).await;
    workspace.set_meta(SETTING, "{\"payloads\":{\"days\":\"soon\"}}").await.unwrap();
    let told = app.run_retention(&|| true, &|_number| {}).await.unwrap_err();
    assert!(told.message().contains("not understood"), "{told}");
    assert!(is_there(&workspace, sent.id, Part::Payload));
}

#[tokio::test]
async fn what_is_too_much_and_too_young_to_go_is_said() {
    let guard = tempfile::tempdir().unwrap();
    let app = app(guard.path(), now());
    let workspace = app.workspace().await.unwrap();
    put(&workspace, 3, Verdict::Delivered).await;
    put(&workspace, 0, Verdict::Delivered).await;
    let most = |bytes| RetentionRule { days: None, bytes: Some(bytes) };
    let rules = RetentionRules { payloads: most(2), receipts: most(1), ..RetentionRules::default() };
    let says = "Payloads stay 3 bytes above 2 bytes: whatever the size, nothing of them goes before it is 1 day old";
    let preview = app.preview_retention(&rules).await.unwrap();
    let told: Vec<String> = preview.too_young.iter().map(|each| each.in_words()).collect();
    assert_eq!((told.len(), told[0].as_str(), preview.frees.len()), (2, says, 1), "{told:?}");
    assert!(told[1].ends_with("before it is 90 days old"), "{told:?}");
    app.set_retention_rules(&rules).await.unwrap();
    for frees in [1, 0] {
        let run = run(&app).await;
        assert_eq!(run.frees.len(), frees);
        assert!(run.in_words().contains(says), "{}", run.in_words());
    }
    // What is within the size needs no word.
    let within = RetentionRules { payloads: most(5), ..RetentionRules::default() };
    assert!(app.preview_retention(&within).await.unwrap().too_young.is_empty());
}
