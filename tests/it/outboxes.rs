//! Folders of a profile: what lies in its outbox is sent once and moved only when it was delivered, and what it receives is
//! put into its own inbox.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign::app::{ConnectionChange, FolderKind};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::notice::NoticeKind;
use countersign::domain::transmission::Verdict;

use crate::exchange::{DOCUMENT, Partner, Received, Serving, Us, Wrong, post, wait_until};

/// Longer than a file must not have changed before it is taken, with the rounds in which that is seen.
const LONGER_THAN_SETTLED: Duration = Duration::from_secs(9);

/// Answers so many messages that there is no such place, and takes all others.
fn refusing(us: &Us, number: usize) -> (Partner, Arc<AtomicUsize>) {
    let (certificate, count) = (us.certificate.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    let partner = Partner::start(move |received: &Received, stream| {
        if counted.fetch_add(1, Ordering::SeqCst) < number {
            Partner::answer(stream, "404 Not Found", &[], b"");
        } else {
            let receipt = received.receipt(&certificate, Wrong::Nothing);
            Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
        }
    });
    (partner, count)
}

/// Gives the production profile a folder, which is made.
async fn set(us: &Us, kind: FolderKind, name: &str) -> PathBuf {
    let folder = us.path(name);
    fs::create_dir_all(&folder).unwrap();
    let mut change = ConnectionChange::new("partner".parse().unwrap());
    change.folders.push((ProfileKind::Production, kind, Some(folder.clone())));
    us.app.save(change).await.unwrap();
    folder
}

async fn serve(us: &Us) -> Serving {
    Serving::start(us.app.clone(), us.path("inbox"), None).await
}

async fn troubles(us: &Us) -> Vec<String> {
    let listed = us.app.notices().await.unwrap();
    let mut of = listed.into_iter().map(|listed| listed.notice).collect::<Vec<_>>();
    of.retain(|notice| notice.kind == NoticeKind::OutboxTrouble);
    of.into_iter().map(|notice| format!("{}: {}", notice.title, notice.text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_failed_stays_is_told_and_is_never_sent_as_another_message() {
    let us = Us::new().await;
    let (partner, count) = refusing(&us, 1);
    us.connect(&partner.url, "").await;
    let outbox = set(&us, FolderKind::Outbox, "to-partner").await;
    let file = outbox.join("order.edi");
    fs::write(&file, DOCUMENT).unwrap();
    fs::create_dir_all(outbox.join("sent")).unwrap();
    fs::write(outbox.join("sent/order.edi"), "an earlier one").unwrap();
    let serving = serve(&us).await;
    wait_until("it was sent", || count.load(Ordering::SeqCst) == 1).await;
    serving.stop().await;
    let failed = us.journal().await.remove(0);
    assert_eq!((failed.verdict, failed.file.as_deref()), (Verdict::Failed, Some("order.edi")), "{failed:#?}");
    let told = troubles(&us).await;
    assert!(told.len() == 1 && told[0].contains("order.edi") && told[0].contains("not delivered"), "{told:?}");

    // Started anew, and touched: it is the same file.
    let now = u64::try_from(countersign::app::Clock::System.now().as_second()).unwrap();
    let later = std::time::UNIX_EPOCH + Duration::from_secs(now - 30);
    File::options().append(true).open(&file).unwrap().set_modified(later).unwrap();
    let serving = serve(&us).await;
    tokio::time::sleep(LONGER_THAN_SETTLED).await;
    serving.stop().await;
    assert_eq!((us.journal().await.len(), count.load(Ordering::SeqCst)), (1, 1));
    assert!(file.exists());

    // Another document under its name is another message; it is moved once it was delivered.
    fs::write(&file, format!("{DOCUMENT}another")).unwrap();
    let serving = serve(&us).await;
    wait_until("it was moved", || outbox.join("sent/order (2).edi").exists()).await;
    serving.stop().await;
    assert_eq!(fs::read_to_string(outbox.join("sent/order (2).edi")).unwrap(), format!("{DOCUMENT}another"));
    assert_eq!(fs::read_to_string(outbox.join("sent/order.edi")).unwrap(), "an earlier one");
    let journal = us.journal().await;
    assert_eq!((journal.len(), journal[0].verdict, file.exists()), (2, Verdict::Delivered, false));
    assert!(troubles(&us).await.is_empty(), "nothing is left of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_taken_when_it_is_complete_and_whole() {
    let us = Us::new().await;
    let (partner, count) = refusing(&us, 0);
    us.connect(&partner.url, "").await;
    let outbox = set(&us, FolderKind::Outbox, "to-partner").await;
    fs::write(outbox.join("second.edi.tmp"), "second").unwrap();
    let serving = serve(&us).await;
    let mut file = File::create(outbox.join("slow.edi")).unwrap();
    for _ in 0..8 {
        file.write_all(DOCUMENT.as_bytes()).unwrap();
        tokio::time::sleep(Duration::from_millis(1000)).await;
        assert!(us.journal().await.is_empty(), "it is still being written");
    }
    drop(file);
    wait_until("it was moved", || outbox.join("sent/slow.edi").exists()).await;
    fs::rename(outbox.join("second.edi.tmp"), outbox.join("second.edi")).unwrap();
    wait_until("the other was moved", || outbox.join("sent/second.edi").exists()).await;
    serving.stop().await;
    let documents: Vec<Vec<u8>> =
        partner.received().iter().map(|received| received.opened(&us.certificate).0).collect();
    assert_eq!(documents, [DOCUMENT.repeat(8).into_bytes(), b"second".to_vec()]);
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_at_any_moment_neither_sends_a_file_twice_as_new_nor_loses_it() {
    let us = Us::new().await;
    let (partner, count) = refusing(&us, 0);
    us.connect(&partner.url, "").await;
    let outbox = set(&us, FolderKind::Outbox, "to-partner").await;
    us.app.close().await;
    let numbers = 0..12;
    for number in numbers.clone() {
        fs::write(outbox.join(format!("{number}.edi")), format!("{DOCUMENT}{number}")).unwrap();
    }
    // The first ones are killed around the moment at which files are taken.
    for milliseconds in [4100, 4300, 4500, 6300, 6500] {
        let (mut program, _) = us.serve_apart(&[]);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        program.kill().unwrap();
        program.wait().unwrap();
    }
    let serving = serve(&us).await;
    let all_moved = || numbers.clone().all(|number| outbox.join(format!("sent/{number}.edi")).exists());
    // What was being sent when its program was killed waits for its next attempt, five minutes later.
    let begun = std::time::Instant::now();
    while !all_moved() && begun.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    serving.stop().await;
    let journal = us.journal().await;
    for number in numbers {
        let name = format!("{number}.edi");
        let of: Vec<_> = journal.iter().filter(|each| each.file.as_deref() == Some(name.as_str())).collect();
        // One that was journalled and not copied failed without a byte, and was taken anew.
        let live = of.iter().filter(|each| each.verdict != Verdict::Failed || each.bytes.sent > 0).count();
        let lies = outbox.join(&name).exists() || outbox.join("sent").join(&name).exists();
        assert!(live == 1 && lies, "{number}: {of:#?}");
    }
    assert!(count.load(Ordering::SeqCst) > 0, "some were sent");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_no_text_is_sent_and_what_is_no_file_is_told_once() {
    use std::os::unix::ffi::OsStrExt as _;
    let us = Us::new().await;
    let (partner, _) = refusing(&us, 0);
    us.connect(&partner.url, "").await;
    let outbox = set(&us, FolderKind::Outbox, "to-partner").await;
    fs::write(outbox.join(std::ffi::OsStr::from_bytes(b"caf\xe9.edi")), DOCUMENT).unwrap();
    fs::write(us.path("elsewhere.edi"), DOCUMENT).unwrap();
    std::os::unix::fs::symlink(us.path("elsewhere.edi"), outbox.join("link.edi")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(outbox.join("pipe.edi")).unwrap();
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let events = move |event| {
        if let countersign::app::ServeEvent::Outbox { reason, .. } = event {
            telling.lock().unwrap().push(reason);
        }
    };
    let serving = Serving::telling(us.app.clone(), us.path("inbox"), None, events).await;
    wait_until("it was moved", || outbox.join("sent/caf%E9.edi").exists()).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    serving.stop().await;
    let journal = us.journal().await;
    assert_eq!(journal.iter().map(|each| each.file.as_deref()).collect::<Vec<_>>(), [Some("caf%E9.edi")]);
    let told = told.lock().unwrap().clone();
    assert!(told.len() == 1 && told[0].starts_with("`link.edi` is a symbolic link"), "{told:?}");
    assert!(told[0].contains("; `pipe.edi` is no file but a pipe"), "{told:?}");
    // The others are sent, and nothing else is said.
    let troubles = troubles(&us).await;
    assert!(troubles.len() == 1 && troubles[0].starts_with("Not all is sent"), "{troubles:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_an_outbox_of_nobody_are_told_until_they_are_gone_and_nothing_is_made_there() {
    let us = Us::new().await;
    let (partner, _) = refusing(&us, 0);
    us.connect(&partner.url, "").await;
    let (nosuch, odd) = (us.path("out/nosuch/production"), us.path("out/partner/prod"));
    for folder in [&nosuch, &odd, &us.path("out/empty/test")] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(nosuch.join("order.edi"), DOCUMENT).unwrap();
    fs::write(odd.join("order.edi"), DOCUMENT).unwrap();
    let serving = Serving::start(us.app.clone(), us.path("inbox"), Some(us.path("out"))).await;
    let until = async |number: usize| {
        let begun = std::time::Instant::now();
        while troubles(&us).await.len() != number {
            assert!(begun.elapsed() < crate::exchange::PATIENCE, "{:?}", troubles(&us).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    until(2).await;
    let told = troubles(&us).await.join("\n");
    assert!(told.contains("there is no connection `nosuch`") && told.contains("`prod` is neither"), "{told}");
    tokio::time::sleep(LONGER_THAN_SETTLED).await;
    assert!(!nosuch.join("sent").exists() && !odd.join("sent").exists(), "nothing is made in them");
    fs::remove_dir_all(us.path("out/nosuch")).unwrap();
    fs::rename(&odd, us.path("out/partner/production")).unwrap();
    until(0).await;
    wait_until("it was sent", || us.path("out/partner/production/sent/order.edi").exists()).await;
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_takes_nothing_is_told_until_a_message_is_delivered_there() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let inbox = set(&us, FolderKind::Inbox, "from-partner").await;
    fs::remove_dir(&inbox).unwrap();
    fs::write(&inbox, "no folder").unwrap();
    let serving = serve(&us).await;
    let (headers, body) = Partner::message(&us.certificate, "<1@partner>", DOCUMENT.as_bytes(), &[]);
    let inboxes = async || {
        let mut of: Vec<_> = us.app.notices().await.unwrap().into_iter().map(|listed| listed.notice).collect();
        of.retain(|notice| notice.kind == NoticeKind::InboxTrouble);
        of
    };
    for _ in 0..2 {
        post(&serving.url, &headers, &body);
        let told = inboxes().await;
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(
            told[0].text.contains("from-partner") && told[0].remedy.contains("send the message again"),
            "{told:#?}"
        );
    }
    let refused = us.journal().await.remove(0);
    let refused = us.app.transmission(&refused.id.to_string()).await.unwrap();
    let diagnosis = refused.diagnosis.unwrap();
    assert_eq!((refused.verdict, diagnosis.remedy.len()), (Verdict::Refused, 2), "{diagnosis:#?}");
    assert!(diagnosis.explanation.starts_with("Nothing can be put into the inbox"), "{diagnosis:#?}");
    fs::remove_file(&inbox).unwrap();
    post(&serving.url, &headers, &body);
    assert!(inboxes().await.is_empty());
    assert_eq!(fs::read_dir(&inbox).unwrap().count(), 1);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_is_told_and_comes_back() {
    let us = Us::new().await;
    let (partner, _) = refusing(&us, 0);
    us.connect(&partner.url, "").await;
    let outbox = set(&us, FolderKind::Outbox, "to-partner").await;
    fs::remove_dir(&outbox).unwrap();
    let serving = serve(&us).await;
    let begun = std::time::Instant::now();
    while troubles(&us).await.is_empty() {
        assert!(begun.elapsed() < crate::exchange::PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = troubles(&us).await;
    assert!(told.len() == 1 && told[0].contains("to-partner") && told[0].contains("cannot be read"), "{told:?}");
    fs::create_dir(&outbox).unwrap();
    fs::write(outbox.join("order.edi"), DOCUMENT).unwrap();
    wait_until("it was moved", || outbox.join("sent/order.edi").exists()).await;
    let begun = std::time::Instant::now();
    while !troubles(&us).await.is_empty() {
        assert!(begun.elapsed() < crate::exchange::PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Its disk is not there: what was taken from it is not forgotten.
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_profile_with_an_inbox_of_its_own_receives_lies_there_under_names_of_its_own() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let inbox = set(&us, FolderKind::Inbox, "from-partner").await;
    let serving = serve(&us).await;
    for number in 0..2 {
        let id = format!("<{number}@partner>");
        let (headers, body) = Partner::message(&us.certificate, &id, format!("{DOCUMENT}{number}").as_bytes(), &[]);
        for _ in 0..2 {
            assert_eq!(post(&serving.url, &headers, &body).status, 200);
        }
    }
    serving.stop().await;
    let mut names: Vec<String> =
        fs::read_dir(&inbox).unwrap().map(|each| each.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(us.inbox().is_empty());
    let delivery = us.journal().await.into_iter().find_map(|each| each.delivery).unwrap();
    assert!(delivery.own && names.contains(&delivery.file.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_keeps_us_waiting_keeps_nobody_else_waiting() {
    let us = Us::new().await;
    let silent = Partner::raw(|stream, _| {
        // It takes everything and never says a word.
        std::io::copy(stream, &mut std::io::sink()).ok();
    });
    us.connect(&silent.url, "").await;
    let text = fs::read_to_string(us.path("partner.toml")).unwrap();
    let (quick, _) = refusing(&us, 0);
    let other = text
        .replacen("id = \"partner\"", "id = \"quick\"", 1)
        .replacen("name = \"Partner\"", "name = \"Quick\"", 1)
        .replace(&silent.url, &quick.url)
        .replace("partner_as2_id = \"PARTNER\"", "partner_as2_id = \"QUICK\"");
    fs::write(us.path("quick.toml"), other).unwrap();
    us.app.add_connection(&us.path("quick.toml"), false).await.unwrap();
    let file = us.path("order.edi");
    fs::write(&file, DOCUMENT).unwrap();
    let take_on = async |connection: &str| {
        us.app.take_on_file(&connection.parse().unwrap(), ProfileKind::Production, &file).await.unwrap()
    };
    for _ in 0..20 {
        take_on("partner").await;
    }
    let order = take_on("quick").await;
    let serving = serve(&us).await;
    let mut verdict = Verdict::Queued;
    for _ in 0..600 {
        verdict = us.app.transmission(&order.simple().to_string()).await.unwrap().verdict;
        if verdict == Verdict::Delivered {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(verdict, Verdict::Delivered);
    // What waits for an answer is not waited for here.
    drop(serving);
}
