//! The command that follows a message: run once, with the message's facts, and changing nothing of it.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use countersign::app::{Clock, Occasion, OwnCommand, TransmissionFilter};
use countersign::domain::notice::NoticeKind;
use countersign::domain::transmission::Verdict;

use crate::backups::{json, text};
use crate::exchange::{DOCUMENT, Partner, Serving, Us, app_on, post, wait_until};

/// A program that writes down what it is given, and ends with a code.
fn program(us: &Us, name: &str, code: u8) -> (OwnCommand, PathBuf) {
    let (file, log) = (us.path(name), us.path(&format!("{name}.log")));
    let script = format!(
        "#!/bin/sh\nprintf '%s|' \"$@\" \"$COUNTERSIGN_OCCASION\" \"$COUNTERSIGN_PASSPHRASE\" >> '{0}'\n\
         cat \"$COUNTERSIGN_FILE\" >> '{0}'\necho said so\nexit {code}\n",
        log.display()
    );
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let arguments = ["{connection}/{profile}", "--id={message_id}", "{cause}"].map(str::to_owned).to_vec();
    (OwnCommand { program: file, arguments, seconds: 60, also_test: false }, log)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_follows_what_is_received_once_and_one_that_fails_is_told() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let (command, log) = program(&us, "import", 3);
    us.app.set_command(Occasion::Received, Some(command)).await.unwrap();
    let serving = us.serve().await;
    let id = "<1; $(touch x)@partner>";
    let (headers, body) = Partner::message(&us.certificate, id, DOCUMENT.as_bytes(), &[]);
    for _ in 0..2 {
        assert_eq!(post(&serving.url, &headers, &body).status, 200);
    }
    serving.stop().await;
    us.app.close().await;
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(text, format!("partner/production|--id={id}|Received|received||{DOCUMENT}"), "once, with what it is");
    let journal = us.journal().await;
    let (repeated, received) = (&journal[0], &journal[1]);
    assert_eq!((received.verdict, us.app.command_runs(repeated.id).await.unwrap().len()), (Verdict::Received, 0));
    let runs = us.app.command_runs(received.id).await.unwrap();
    assert_eq!((runs.len(), runs[0].good, runs[0].output.as_str()), (1, false, "said so"));
    assert!(runs[0].outcome.contains('3'), "{runs:?}");
    let notices = us.app.notices().await.unwrap();
    assert!(notices.iter().any(|each| each.notice.kind == NoticeKind::CommandFailed), "{notices:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_follows_daily_work_that_failed_and_a_single_send_has_none() {
    let us = Us::new().await;
    let partner = Partner::start(|_received, stream| Partner::answer(stream, "404 Not Found", &[], b""));
    us.connect(&partner.url, "").await;
    let (command, log) = program(&us, "failed", 0);
    us.app.set_command(Occasion::Failed, Some(command)).await.unwrap();
    let serving = us.serve().await;
    us.send().await;
    let folder = us.path("outbox/partner/production");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("order.edi"), DOCUMENT).unwrap();
    wait_until("the command was run", || fs::read_to_string(&log).is_ok_and(|text| text.ends_with(DOCUMENT))).await;
    serving.stop().await;
    us.app.close().await;
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.starts_with("partner/production|--id=<") && text.contains("|failed||"), "{text}");
    assert_eq!(text.matches("UNB").count(), 1, "{text}");
    let notices = us.app.notices().await.unwrap();
    assert!(!notices.iter().any(|each| each.notice.kind == NoticeKind::CommandFailed), "{notices:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_follows_daily_work_that_failed_for_good_when_it_was_sent_once_more_by_hand() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let us = Us::new().await;
    let refuses = Arc::new(AtomicBool::new(false));
    let refusing = Arc::clone(&refuses);
    let partner = Partner::start(move |_received, stream| {
        let status = if refusing.load(Ordering::SeqCst) { "404 Not Found" } else { "503 Service Unavailable" };
        Partner::answer(stream, status, &[], b"");
    });
    us.connect(&partner.url, "").await;
    let (mut command, log) = program(&us, "failed", 0);
    command.arguments = vec!["named {name}".to_owned()];
    us.app.set_command(Occasion::Failed, Some(command)).await.unwrap();
    let folder = us.path("outbox/partner/production");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("order.edi"), DOCUMENT).unwrap();
    let serving = us.serve().await;
    wait_until("it was sent", || !partner.received().is_empty()).await;
    let sent = us.journal().await.remove(0);
    let waits = us.until(&sent, |found| found.next_attempt.is_some() && !found.attempts.is_empty()).await;
    serving.stop().await;
    assert!(!log.exists(), "another attempt follows");
    refuses.store(true, Ordering::SeqCst);
    let failed = us.app.redeliver(waits.id, false, &|_event| {}).await.unwrap();
    assert_eq!((failed.verdict, failed.next_attempt), (Verdict::Failed, None), "{failed:#?}");
    us.app.close().await;
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.starts_with("named order.edi|failed||") && text.ends_with(DOCUMENT), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_came_with_a_backup_are_run_once_somebody_has_confirmed_them() {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/", "").await;
    let (command, log) = program(&us, "import", 0);
    let shown = command.program.display().to_string();
    us.app.set_command(Occasion::Received, Some(command)).await.unwrap();
    us.app.close().await;
    let (file, place) = (us.path("backup.zip"), us.path("restored"));
    json(&us.workspace(), 0, &["workspace", "backup", "-o", text(&file)]);
    let restored = json(Path::new("nowhere"), 0, &["workspace", "restore", text(&file), "--into", text(&place)]);
    assert_eq!(restored["commands"]["received"]["program"], shown.as_str(), "restoring lists the programs");
    let again = us.path("again");
    let said =
        crate::backups::program(Path::new("nowhere"), &["workspace", "restore", text(&file), "--into", text(&again)]);
    let said = String::from_utf8({ said }.output().unwrap().stdout).unwrap();
    assert!(said.contains(&shown) && said.contains("none is run until `countersign command confirm`"), "{said}");
    fs::copy(us.workspace().join("workspace.key"), place.join("workspace.key")).unwrap();

    let app = app_on(&place, Clock::System);
    let id = |number: u32| format!("<{number}@partner>");
    let receive = async |number: u32| {
        let serving = Serving::start(app_on(&place, Clock::System), us.path("inbox"), None).await;
        let (headers, body) = Partner::message(&us.certificate, &id(number), DOCUMENT.as_bytes(), &[]);
        assert_eq!(post(&serving.url, &headers, &body).status, 200);
        serving.stop().await;
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let newest = app.transmissions(&TransmissionFilter::default()).await.unwrap().transmissions.remove(0);
            let mut runs = app.command_runs(newest.id).await.unwrap();
            if newest.message_id == id(number) && !runs.is_empty() {
                return runs.remove(0);
            }
            assert!(Instant::now() < deadline, "the command was never told of");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let run = receive(1).await;
    assert!(!run.good && run.outcome.contains("nobody has confirmed it"), "{run:?}");
    assert!(!log.exists(), "nothing of it was run");
    assert!(app.notices().await.unwrap().iter().any(|each| each.notice.kind == NoticeKind::CommandFailed));
    let listed = json(&place, 0, &["command", "list"]);
    assert_eq!(listed["put_off"], serde_json::json!(["received"]));
    assert_eq!(json(&us.workspace(), 0, &["command", "list"])["put_off"], serde_json::json!([]), "there it is our own");

    // A backup of what nobody has confirmed brings it no nearer.
    let (file, third) = (us.path("second.zip"), us.path("third"));
    json(&place, 0, &["workspace", "backup", "-o", text(&file)]);
    json(Path::new("nowhere"), 0, &["workspace", "restore", text(&file), "--into", text(&third)]);
    assert_eq!(app_on(&third, Clock::System).commands_put_off().await.unwrap(), [Occasion::Received]);

    assert_eq!(json(&place, 0, &["command", "confirm"])["put_off"], serde_json::json!([]));
    let run = receive(2).await;
    assert!(run.good && fs::read_to_string(&log).unwrap().contains("--id=<2@partner>"), "{run:?}");
    let audit = json(&place, 0, &["audit", "list", "--search", "commands_confirmed"]);
    assert_eq!(audit["entries"].as_array().unwrap().len(), 1, "{audit}");
    app.close().await;
}
