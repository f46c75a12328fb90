//! Redelivery: the same message once more, under its Message-ID, over real sockets.

use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign::app::{RawPart, Redelivery};
use countersign::domain::transmission::{Transmission, Verdict};

use crate::exchange::{DOCUMENT, Partner, Received, Us, Wrong, post};
use crate::running::Running;

/// Answers each request as it is told, the last answer over and over.
fn partner(us: &Us, answers: &'static [&'static str]) -> Partner {
    let (certificate, count) = (us.certificate.clone(), AtomicUsize::new(0));
    Partner::start(move |received: &Received, stream: &mut TcpStream| {
        let number = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        let wrong = match answers[number] {
            "drop" => return,
            "slow" => {
                std::thread::sleep(Duration::from_secs(6));
                Wrong::Nothing
            }
            "good" => Wrong::Nothing,
            "duplicate" => Wrong::Refusal("duplicate-document"),
            status => return Partner::answer(stream, status, &[], b""),
        };
        let receipt = received.receipt(&certificate, wrong);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    })
}

async fn redeliver(us: &Us, sent: &Transmission) -> Transmission {
    us.app.redeliver(sent.id, false, &|_event| {}).await.unwrap()
}

fn verdicts(found: &Transmission) -> Vec<(u32, Verdict)> {
    found.attempts.iter().map(|attempt| (attempt.number, attempt.verdict)).collect()
}

/// The program on our workspace.
fn program(us: &Us, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env("COUNTERSIGN_WORKSPACE", us.workspace()).stdin(Stdio::null());
    command.env_remove("COUNTERSIGN_PASSPHRASE").env_remove("COUNTERSIGN_PASSPHRASE_FILE");
    command
}

/// Its exit code and its answer.
fn answered(us: &Us, arguments: &[&str]) -> (Option<i32>, serde_json::Value, String) {
    let Output { status, stdout, stderr } = program(us, arguments).arg("--json").output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    (status.code(), serde_json::from_slice(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}")), stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_goes_out_anew_under_its_message_id_with_what_is_used_now() {
    let us = Us::new().await;
    let partner = partner(&us, &["404 Not Found", "good"]);
    us.connect(&partner.url, "").await;
    let first = us.send().await;
    assert_eq!(first.verdict, Verdict::Failed);
    std::fs::remove_file(us.path("order.edi")).unwrap();
    us.connect(&partner.url, "encryption = \"aes256-cbc\"").await;

    let sent = redeliver(&us, &first).await;
    assert_eq!((sent.id, sent.verdict, &sent.message_id), (first.id, Verdict::Delivered, &first.message_id));
    assert_eq!(verdicts(&sent), [(1, Verdict::Failed), (2, Verdict::Delivered)]);
    assert_eq!(us.journal().await, [us.transmission(&sent).await], "its history is kept together");
    let got = partner.received();
    assert_eq!(got[0].header("Message-ID"), got[1].header("Message-ID"));
    assert_ne!(got[0].body, got[1].body, "encrypted anew");
    assert_eq!(got[1].opened(&us.certificate).0, DOCUMENT.as_bytes(), "from the archive");
    let structure = us.app.structure(&sent.id.to_string(), RawPart::Request).await.unwrap();
    assert!(structure.to_text().contains("AES-256"), "{}", structure.to_text());

    // Every attempt can still be looked at as it was.
    assert_eq!(
        (us.kept(&sent, "request.body"), us.kept(&sent, "request.2.body")),
        (got[0].body.clone(), got[1].body.clone())
    );
    let id = sent.id.to_string();
    for (attempt, number) in [(Some(1), 0), (Some(2), 1), (None, 1)] {
        let kept = us.app.kept_of(&id, RawPart::Request, attempt).await.unwrap();
        assert_eq!(std::fs::read(kept.body.unwrap()).unwrap(), got[number].body, "{attempt:?}");
    }
    let old = us.app.structure_of(&id, RawPart::Request, Some(1)).await.unwrap().to_text();
    assert!(old.contains("AES-128"), "{old}");
    assert!(us.app.kept_of(&id, RawPart::Request, Some(3)).await.is_err());
    assert!(us.app.proof(&id).await.unwrap().proven);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_arrived_goes_out_with_the_very_bytes_that_were_sent() {
    let us = Us::new().await;
    let partner = partner(&us, &["drop", "404 Not Found", "duplicate"]);
    us.connect(&partner.url, "").await;
    let first = us.send().await;
    assert_eq!(first.verdict, Verdict::Uncertain);
    us.connect(&partner.url, "encryption = \"aes256-cbc\"\ncontent_type = \"application/edifact\"").await;
    let second = redeliver(&us, &first).await;
    assert_eq!(second.verdict, Verdict::Uncertain, "that it is not taken now proves nothing about the first attempt");
    // The partner had it: that counts as delivered.
    let third = redeliver(&us, &first).await;
    assert_eq!((third.verdict, third.cause()), (Verdict::Delivered, Some("Delivered, the partner had it already")));
    let got = partner.received();
    for again in &got[1..] {
        let same = (&again.body, again.header("Message-ID"), again.header("Content-Type"));
        assert_eq!(same, (&got[0].body, got[0].header("Message-ID"), got[0].header("Content-Type")));
    }
    assert_eq!(verdicts(&third), [(1, Verdict::Uncertain), (2, Verdict::Failed), (3, Verdict::Delivered)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_receipt_for_the_first_attempt_settles_it_after_the_second_was_built_otherwise() {
    const ASYNC: &str = "mdn = \"async-signed\"\nmdn_url = \"http://127.0.0.1:9/as2\"";
    let us = Us::new().await;
    let partner = partner(&us, &["500 Trouble", "204 No Content"]);
    us.connect(&partner.url, ASYNC).await;
    let serving = us.serve().await;
    let first = us.send().await;
    us.connect(&partner.url, &format!("{ASYNC}\ncontent_type = \"application/edi-consent\"")).await;
    let second = redeliver(&us, &first).await;
    assert_eq!(second.verdict, Verdict::Pending);
    let got = partner.received();
    let mics = [&got[0], &got[1]].map(|each| each.opened(&us.certificate).1);
    assert_ne!(mics[0].value, mics[1].value, "the two differ in what is hashed");
    // A receipt for neither of them does not pass.
    let wrong = got[0].receipt(&us.certificate, Wrong::Mic);
    post(&serving.url, &wrong.headers, &wrong.body);
    assert_eq!(us.transmission(&first).await.verdict, Verdict::Failed);
    let late = got[0].receipt(&us.certificate, Wrong::Nothing);
    post(&serving.url, &late.headers, &late.body);
    let found = us.transmission(&first).await;
    assert_eq!((found.verdict, found.mic.matches), (Verdict::Delivered, Some(true)), "{found:#?}");
    assert_eq!(found.mic.ours, Some(mics[0].base64()));
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_is_sent_again_only_where_that_is_said_and_stays_delivered() {
    let us = Us::new().await;
    let partner = partner(&us, &["good", "500 Trouble"]);
    us.connect(&partner.url, "").await;
    let first = us.send().await;
    let refused = us.app.redeliver(first.id, false, &|_event| {}).await.unwrap_err();
    assert!(refused.to_string().contains("was delivered") && refused.what_to_do().unwrap().contains("duplicate"));
    assert_eq!((us.transmission(&first).await, partner.received().len()), (first.clone(), 1));
    let again = us.app.redeliver(first.id, true, &|_event| {}).await.unwrap();
    assert_eq!((again.verdict, again.lights), (Verdict::Delivered, first.lights));
    assert_eq!(verdicts(&again), [(1, Verdict::Delivered), (2, Verdict::Failed)]);
    let proof = us.app.proof(&first.id.to_string()).await.unwrap();
    assert!(proof.proven, "the receipt of the first attempt still proves it: {:#?}", proof.checks);
    assert!(us.app.redeliver(uuid::Uuid::now_v7(), false, &|_event| {}).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_redeliver_at_once_one_wins_and_the_other_is_told() {
    let us = Us::new().await;
    let partner = partner(&us, &["404 Not Found", "slow"]);
    us.connect(&partner.url, "").await;
    let first = us.send().await;
    let id = first.id.to_string();
    let other = {
        let mut command = program(&us, &["transmission", "redeliver", &id, "--json"]);
        std::thread::Builder::new().name("other".to_owned()).spawn(move || command.output().unwrap()).unwrap()
    };
    partner.got(2).await;
    let refused = us.app.redeliver(first.id, false, &|_event| {}).await.unwrap_err();
    assert!(refused.to_string().contains("under way"), "{refused}");
    assert_eq!(other.join().unwrap().status.code(), Some(0));
    assert_eq!((us.transmission(&first).await.verdict, partner.received().len()), (Verdict::Delivered, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivery_that_was_killed_is_uncertain_and_its_bytes_go_out_again() {
    let us = Us::new().await;
    let partner = partner(&us, &["404 Not Found", "slow", "good"]);
    us.connect(&partner.url, "").await;
    let first = us.send().await;
    us.connect(&partner.url, "encryption = \"aes256-cbc\"").await;
    let mut killed = program(&us, &["transmission", "redeliver", &first.id.to_string()]);
    let mut killed = Running::start(killed.stdout(Stdio::null()).stderr(Stdio::null()));
    let got = partner.got(2).await;
    assert_ne!(got[0].body, got[1].body);
    killed.end();
    us.connect(&partner.url, "").await;
    let third = redeliver(&us, &first).await;
    assert_eq!(verdicts(&third), [(1, Verdict::Failed), (2, Verdict::Uncertain), (3, Verdict::Delivered)]);
    let got = partner.received();
    assert_eq!((&got[2].body, got[2].header("Message-ID")), (&got[1].body, got[0].header("Message-ID")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_program_built_and_did_not_send_is_not_in_the_way() {
    let us = Us::new().await;
    let partner = partner(&us, &["404 Not Found", "good"]);
    us.connect(&partner.url, "").await;
    let first = us.send().await;
    let folder = us.workspace().join("archive").join(first.at.strftime("%Y-%m").to_string()).join(first.id.to_string());
    for name in ["request.2.head", "request.2.body"] {
        std::fs::write(folder.join(name), "half").unwrap();
    }
    let sent = redeliver(&us, &first).await;
    assert_eq!(sent.verdict, Verdict::Delivered, "{sent:#?}");
    assert_eq!(us.kept(&sent, "request.2.body"), partner.received()[1].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_redelivered_in_their_order_and_each_is_told() {
    let us = Us::new().await;
    let partner = partner(&us, &["404 Not Found", "404 Not Found", "404 Not Found", "good"]);
    us.connect(&partner.url, "").await;
    let mut failed = Vec::new();
    for _ in 0..3 {
        failed.push(us.send().await);
    }
    let delivered = us.send().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let ids = failed.iter().chain([&delivered]).map(|sent| sent.id).collect();
    let done =
        us.app.redeliver_several(ids, Redelivery::default(), Arc::new(move |one| hears.lock().unwrap().push(one.id)));
    let done = done.await.unwrap();
    assert_eq!(done.iter().map(|one| one.went_well()).collect::<Vec<_>>(), [true, true, true, false]);
    assert_eq!(told.lock().unwrap().len(), 4);
    let sent: Vec<_> =
        partner.received()[4..].iter().map(|each| each.header("Message-ID").unwrap().to_owned()).collect();
    assert_eq!(sent, failed.iter().map(|each| each.message_id.clone()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_redelivers_one_several_or_all_that_failed() {
    let us = Us::new().await;
    let partner = partner(&us, &["404 Not Found", "404 Not Found", "404 Not Found", "good"]);
    us.connect(&partner.url, "").await;
    let (one, other) = (us.send().await, us.send().await);
    let (one_id, other_id) = (one.id.to_string(), other.id.to_string());
    let (code, document, _) = answered(&us, &["transmission", "redeliver", &one_id]);
    assert_eq!((code, &document["verdict"], &document["attempt"]["number"]), (Some(1), &"failed".into(), &2.into()));
    assert_eq!((&document["id"], &document["message_id"]), (&one_id.as_str().into(), &one.message_id.as_str().into()));
    assert!(document["lights"]["http"] == "bad" && document["stages"].is_array(), "{document}");
    // Many are not sent again by a word: it is said first how many they are.
    let failed = ["transmission", "redeliver", "--failed", "--connection", "partner", "--yes"];
    let (code, document, _) = answered(&us, &failed[..5]);
    assert_eq!((code, partner.received().len()), (Some(2), 3), "{document}");
    assert!(document["error"].as_str().unwrap().starts_with("2 transmissions would be sent again"), "{document}");
    assert!(document["hint"].as_str().unwrap().contains("--yes"), "{document}");
    let (code, document, stderr) = answered(&us, &failed);
    assert_eq!(code, Some(0), "{document}");
    assert!(stderr.contains("2 transmissions to be sent again"), "{stderr}");
    let both = document["transmissions"].as_array().unwrap();
    assert_eq!([&both[0]["id"], &both[1]["id"]], [one_id.as_str(), other_id.as_str()], "the oldest first");
    assert!(both.iter().all(|each| each["verdict"] == "delivered"));
    assert_eq!(us.journal().await.len(), 2);

    // What was delivered is refused; of several the others go on.
    let (code, document, _) = answered(&us, &["transmission", "redeliver", &one_id]);
    assert!(code == Some(2) && document["hint"].as_str().unwrap().contains("--again"), "{document}");
    let (code, document, _) = answered(&us, &["transmission", "redeliver", &one_id, &other_id]);
    assert!(code == Some(1) && document["transmissions"][1]["error"].is_string(), "{document}");
    let (code, document, _) = answered(&us, &["transmission", "redeliver", &one_id, "--again"]);
    assert_eq!((code, &document["attempt"]["number"]), (Some(0), &4.into()), "{document}");
    // A new Message-ID is a choice of its own, and comes with the warning.
    let (code, document, stderr) = answered(&us, &["transmission", "redeliver", &one_id, "--new-message-id"]);
    assert!(code == Some(0) && stderr.contains("may act on it twice"), "{stderr}");
    assert!(document["id"] != one_id.as_str() && document["message_id"] != one.message_id.as_str());
    for wrong in [&["transmission", "redeliver"][..], &["transmission", "redeliver", &one_id, "--failed"]] {
        assert_eq!(answered(&us, wrong).0, Some(2), "{wrong:?}");
    }
    let raw = program(&us, &["transmission", "raw", &one_id, "request", "--attempt", "1"]).output().unwrap();
    assert!(raw.stdout.ends_with(&us.kept(&one, "request.body")));
}
