//! Certificates over time: schedules changed and taken back, activations that nobody saw, retirement by use, partners' TLS
//! servers, and our own clock.

use std::fs;
use std::path::Path;

use countersign::app::{
    App, CertificateSource, Clock, ProfileKey, ReportFormat, ScheduleAct, ScheduleActName, ServeOptions,
};
use countersign::domain::identifier::ProfileKind;
use countersign::domain::server_certificate::ServerTrust;
use countersign::domain::timeline::{Activation, CertificatePurpose, acceptable_now, next_activation, used_now};
use countersign::domain::transmission::Verdict;
use jiff::{SignedDuration, Timestamp};

use super::exchange::{PARTNER, Partner, STRANGER, Us, Wrong, app_on, import_of};

fn production() -> ProfileKey {
    ("partner".parse().unwrap(), ProfileKind::Production)
}

fn later(days: i64) -> Timestamp {
    Clock::System.now() + SignedDuration::from_hours(24 * days)
}

async fn import(app: &App, file: &Path, activation: Activation) {
    let request = import_of(CertificateSource::File(file.to_owned()), activation);
    app.import_certificate(&request).await.unwrap();
}

/// Ours, connected to a partner whose renewed certificate is scheduled for a day.
async fn scheduled(at: Timestamp) -> Us {
    let us = Us::new().await;
    us.connect("http://127.0.0.1:9/as2", "").await;
    fs::write(us.path("renewed.pem"), STRANGER.certificate.to_pem()).unwrap();
    import(&us.app, &us.path("renewed.pem"), Activation::At { at, zone: Some("Europe/Berlin".to_owned()) }).await;
    us
}

async fn uses(app: &App) -> Vec<countersign::domain::timeline::CertificateUse> {
    let connection = app.connection(&"partner".parse().unwrap()).await.unwrap();
    connection.production.unwrap().partner_certificates
}

#[tokio::test]
async fn a_schedule_is_moved_cancelled_activated_rolled_back_and_each_taken_back() {
    let us = scheduled(later(5)).await;
    let app = &us.app;
    let [old, new] = [&PARTNER, &STRANGER].map(|party| party.certificate.facts().fingerprint_sha256);
    let in_use = |uses: &[countersign::domain::timeline::CertificateUse]| {
        used_now(uses, app.now()).map(|entry| entry.fingerprint)
    };
    let moved = ScheduleAct::Reschedule { at: later(9), zone: Some("America/New_York".to_owned()) };
    for (act, done, then, next) in [
        (moved, ScheduleActName::Rescheduled, old, true),
        (ScheduleAct::Cancel, ScheduleActName::Cancelled, old, false),
        (ScheduleAct::ActivateNow, ScheduleActName::Activated, new, false),
    ] {
        let before = uses(app).await;
        let changes = app.change_schedule(&[production()], &act).await.unwrap();
        assert_eq!((changes[0].done, changes[0].in_use), (done, Some(then)));
        let after = uses(app).await;
        assert_eq!((in_use(&after), next_activation(&after, app.now()).is_some()), (Some(then), next), "{act:?}");
        let undone = app.undo_schedule(&changes).await.unwrap();
        assert_eq!(undone[0].done, ScheduleActName::Undone);
        assert_eq!(uses(app).await, before, "{act:?} taken back");
        let error = app.undo_schedule(&changes).await.unwrap_err();
        assert!(error.message().contains("have been changed since"), "{error}");
    }
    app.change_schedule(&[production()], &ScheduleAct::ActivateNow).await.unwrap();
    let back = app.change_schedule(&[production()], &ScheduleAct::RollBack).await.unwrap();
    assert_eq!((back[0].done, back[0].in_use), (ScheduleActName::RolledBack, Some(old)));
    let accepted = acceptable_now(&uses(app).await, app.now());
    assert_eq!(accepted, [old, new], "what the partner may sign with already stays accepted");
    let again = app.change_schedule(&[production()], &ScheduleAct::RollBack).await.unwrap();
    assert_eq!(again[0].in_use, Some(new), "rolling back is rolled back");

    // Whoever lists it says once that it is used, and of what was taken back when that was.
    let listed = app.certificates().await.unwrap();
    let encrypts = listed.iter().flat_map(|each| &each.used).filter(|used| used.purpose == CertificatePurpose::Encrypt);
    let (present, past): (Vec<_>, Vec<_>) = encrypts.partition(|used| used.now);
    assert_eq!(present.len(), 1, "{present:#?}");
    assert!(
        present[0].until.is_none() && !past.is_empty() && past.iter().all(|used| used.until.is_some()),
        "{past:#?}"
    );
    let report = app.report(None).await.unwrap();
    let html = report.write(ReportFormat::Html).unwrap();
    let places = ["now", "not now"].map(|when| {
        let (_, rest) = html.split_once(&format!("<b>Encrypting, {when}</b><br>")).unwrap();
        rest.split_once("<br>").unwrap().0
    });
    assert_eq!(places, ["partner production"; 2]);
    assert_eq!(html.matches("<b>Encrypting, ").count(), 2, "one line for each certificate");
    let csv = report.write(ReportFormat::Csv).unwrap();
    let rows = csv.lines().filter(|row| row.starts_with("certificate use,") && row.contains(",encrypt,"));
    assert_eq!(rows.filter(|row| row.contains(",used now,")).count(), 1, "{csv}");
}

#[tokio::test]
async fn of_several_profiles_all_are_changed_or_none() {
    let us = scheduled(later(5)).await;
    let before = uses(&us.app).await;
    let other: ProfileKey = ("partner".parse().unwrap(), ProfileKind::Test);
    for act in [ScheduleAct::Cancel, ScheduleAct::ActivateNow] {
        let error = us.app.change_schedule(&[production(), other.clone()], &act).await.unwrap_err();
        assert!(error.message().contains("has no test profile"), "{error}");
        assert_eq!(uses(&us.app).await, before);
    }
    us.app.change_schedule(&[production()], &ScheduleAct::Cancel).await.unwrap();
    for (act, words) in [
        (ScheduleAct::Cancel, "no certificate is scheduled"),
        (ScheduleAct::ActivateNow, "no certificate is scheduled"),
        (ScheduleAct::RollBack, "no certificate was used before"),
    ] {
        let error = us.app.change_schedule(&[production()], &act).await.unwrap_err();
        assert!(error.message().contains(words), "{error}");
        assert!(error.what_to_do().is_some_and(|hint| hint.starts_with("nothing was changed")), "{error:?}");
    }
    let past = ScheduleAct::Reschedule { at: later(-1), zone: None };
    assert!(us.app.change_schedule(&[production()], &past).await.is_err());
}

#[tokio::test]
async fn an_ended_certificate_is_not_gone_back_to() {
    let us = scheduled(later(5)).await;
    us.app.change_schedule(&[production()], &ScheduleAct::ActivateNow).await.unwrap();
    let long_after = app_on(&us.workspace(), Clock::Fixed(later(400)));
    let error = long_after.change_schedule(&[production()], &ScheduleAct::RollBack).await.unwrap_err();
    assert!(error.message().contains("has ended"), "{error}");
}

#[tokio::test]
async fn an_activation_that_nobody_saw_is_right_and_told_once() {
    let us = scheduled(later(5)).await;
    us.app.note_running().await;
    us.app.close().await;
    // Nobody was running for ten days.
    let woken = app_on(&us.workspace(), Clock::Fixed(later(10)));
    let new = STRANGER.certificate.facts().fingerprint_sha256;
    assert_eq!(used_now(&uses(&woken).await, woken.now()).map(|entry| entry.fingerprint), Some(new));
    woken.note_running().await;
    let missed = woken.missed_activations().await.unwrap();
    assert_eq!(missed.len(), 1);
    assert_eq!((missed[0].activation.certificate, missed[0].activation.zone.as_deref()), (new, Some("Europe/Berlin")));
    woken.know_missed_activations().await.unwrap();
    woken.close().await;
    // Later, and after the clock was put back and forward again: it is not told a second time.
    for days in [12, 1, 14] {
        let app = app_on(&us.workspace(), Clock::Fixed(later(days)));
        app.note_running().await;
        assert_eq!(app.missed_activations().await.unwrap(), [], "{days}");
        app.close().await;
    }
}

#[tokio::test]
async fn what_was_activated_by_hand_is_not_told_as_missed() {
    let us = scheduled(later(5)).await;
    us.app.change_schedule(&[production()], &ScheduleAct::ActivateNow).await.unwrap();
    us.app.close().await;
    let next_day = app_on(&us.workspace(), Clock::Fixed(later(1)));
    next_day.note_running().await;
    assert_eq!(next_day.missed_activations().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_shows_who_still_signs_and_the_unused_one_retires() {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    // The partner signs with the new one at once.
    let partner = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Stranger);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&partner.url, "encryption = \"none\"\nretire_unused_days = 10").await;
    fs::write(us.path("renewed.pem"), STRANGER.certificate.to_pem()).unwrap();
    import(&us.app, &us.path("renewed.pem"), Activation::Now).await;
    let [old, new] = [&PARTNER, &STRANGER].map(|party| party.certificate.facts().fingerprint_sha256);
    let accepted = async |app: &App, days| {
        let connection = app.connection(&"partner".parse().unwrap()).await.unwrap();
        let profile = connection.production.as_ref().unwrap();
        let seen = app.observations().await.unwrap();
        acceptable_now(&seen.uses(&connection.id, ProfileKind::Production, profile), later(days))
    };
    assert_eq!(accepted(&us.app, 30).await, [new, old], "nothing signed with the new one was seen yet");
    let sent = us.send().await;
    assert_eq!(sent.verdict, Verdict::Delivered, "{sent:#?}");
    let seen = us.app.observations().await.unwrap();
    let (connection, kind) = production();
    // One value, written in one transaction, however soon after the one before.
    assert_eq!((sent.signed_with, seen.last_seen(&connection, kind, &new)), (Some(new), sent.signed_at));
    let again = us.send().await;
    assert!(again.signed_at > sent.signed_at && sent.signed_at > Some(sent.at));
    assert_eq!(us.app.observations().await.unwrap().last_seen(&connection, kind, &new), again.signed_at);
    assert_eq!(seen.last_seen(&connection, kind, &old), None);
    assert_eq!(accepted(&us.app, 9).await, [new, old]);
    assert_eq!(accepted(&us.app, 11).await, [new], "ten days without a signature of the old one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_signed_server_is_fetched_pinned_for_the_profile_alone_seen_and_its_change_told() {
    let us = Us::new().await;
    let them = Us::new().await;
    let begin = async |name: &str, port: u16| {
        let key = rcgen::KeyPair::generate().unwrap();
        let server = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let (certificate, private) = (them.path(&format!("{name}.pem")), them.path(&format!("{name}.key")));
        fs::write(&certificate, server.pem()).unwrap();
        fs::write(&private, key.serialize_pem()).unwrap();
        let options = ServeOptions {
            listen: ([127, 0, 0, 1], port).into(),
            tls: Some((certificate, private)),
            inbox: None,
            outbox: None,
        };
        let bound = them.app.bind(&options).await.unwrap();
        let url = bound.url.clone();
        (url, tokio::spawn(bound.serve(std::future::pending(), |_event| {})))
    };
    let (url, serving) = begin("first", 0).await;
    us.connect(&url, "").await;
    let (connection, kind) = production();
    let fetched = us.app.fetch_server(&connection, kind).await.unwrap();
    assert_eq!(fetched.trust, ServerTrust::Refused);
    assert!(fetched.refusal.as_deref().is_some_and(|why| why.contains("self-signed")), "{fetched:?}");
    assert!(us.app.observations().await.unwrap().servers.is_empty(), "nothing is kept until it is confirmed");
    let first = fetched.certificates[0].fingerprint_sha256;
    let wrong = PARTNER.certificate.facts().fingerprint_sha256;
    let error = us.app.pin_server(&connection, kind, &fetched.der, &wrong).await.unwrap_err();
    assert!(error.message().contains("not the confirmed fingerprint"), "{error}");
    let trust = async || us.app.connection(&connection).await.unwrap().production.unwrap().tls_trust;
    assert_eq!(trust().await, "system");
    // The command says how it stands once it is pinned, and not how it stood before.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["connection", "tls", "partner", "production", "--pin", &first.to_hex()])
        .env("COUNTERSIGN_WORKSPACE", us.workspace())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("yes, by what `tls_trust` names") && !said.contains("self-signed and not"), "{said}");
    assert!(said.contains("TLS         TLS 1.") && !said.contains("not agreed on"), "{said}");
    assert!(said.contains("It is pinned now: partner, production, trusts this certificate and no other"), "{said}");
    us.app.set(&connection, Some(kind), &[("tls_trust".to_owned(), "system".to_owned())], None).await.unwrap();
    let pinned = us.app.pin_server(&connection, kind, &fetched.der, &first).await.unwrap();
    assert_eq!((trust().await, pinned.before), (pinned.tls_trust, "system".to_owned()));
    let sent = us.send().await;
    assert!(sent.tls.as_ref().is_some_and(|tls| tls.version.is_some()), "connected: {sent:#?}");
    let seen = us.app.observations().await.unwrap();
    let sight = &seen.servers[&production()];
    assert_eq!((sight.trust, sight.own().map(|own| own.fingerprint_sha256)), (ServerTrust::Pinned, Some(first)));
    assert_eq!(sight.untold_change(), None);
    // The server says what time it is, and it is this machine's.
    let clock = seen.clock.unwrap();
    assert!(!clock.is_off() && clock.servers == 1, "{clock:?}");
    serving.abort();
    assert!(serving.await.is_err());
    // Another certificate under the same address.
    let port = url.trim_end_matches("/as2").rsplit(':').next().unwrap().parse().unwrap();
    let (_, serving) = begin("second", port).await;
    let sent = us.send().await;
    assert_eq!(sent.verdict, Verdict::Failed, "what is pinned is not what is shown");
    let seen = us.app.observations().await.unwrap();
    let sight = &seen.servers[&production()];
    assert_eq!(sight.trust, ServerTrust::Refused);
    let change = sight.untold_change().unwrap();
    assert_eq!(change.certificate.fingerprint_sha256, first);
    assert_ne!(sight.own().map(|own| own.fingerprint_sha256), Some(first));
    us.app.know_server_change(&connection, kind).await.unwrap();
    let seen = us.app.observations().await.unwrap();
    assert_eq!(seen.servers[&production()].untold_change(), None);
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_noticed_in_the_answers() {
    let us = Us::new().await;
    let certificate = us.certificate.clone();
    let partner = Partner::start(move |received, stream| {
        let receipt = received.receipt(&certificate, Wrong::Nothing);
        let mut headers = receipt.headers.clone();
        let ahead = Clock::System.now() + SignedDuration::from_mins(8);
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
        headers.push(("Date".to_owned(), ahead.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
        Partner::answer(stream, "200 OK", &headers, &receipt.body);
    });
    us.connect(&partner.url, "").await;
    assert_eq!(us.app.clock_standing().await.unwrap(), None);
    us.send().await;
    let clock = us.app.clock_standing().await.unwrap().unwrap();
    assert!(clock.is_off(), "{clock:?}");
    assert!((475..=485).contains(&clock.ahead_seconds), "{clock:?}");
    // On the command line beside the answer.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["check", "--json"])
        .env("COUNTERSIGN_WORKSPACE", us.workspace())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("clock is 8 minutes behind one partner's server") || said.contains("clock is 7 minutes"),
        "{said}"
    );
}

#[tokio::test]
async fn the_command_line_changes_schedules_and_says_what_came_of_it() {
    let us = scheduled(later(5)).await;
    us.app.close().await;
    let run = |code: i32, arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(arguments)
            .arg("--json")
            .env("COUNTERSIGN_WORKSPACE", us.workspace())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let at = later(8).strftime("%Y-%m-%dT%H:%M[UTC]").to_string();
    let moved = run(0, &["certificate", "reschedule", "partner", "production", &at]);
    assert_eq!(moved["profiles"][0]["done"], "rescheduled", "{moved}");
    let [old, new] = [&PARTNER, &STRANGER].map(|party| party.certificate.facts().fingerprint_sha256.to_hex());
    assert_eq!(
        (&moved["profiles"][0]["fingerprint_sha256"], &moved["profiles"][0]["in_use"]),
        (&new.clone().into(), &old.clone().into())
    );
    let error = run(2, &["certificate", "reschedule", "partner", "production", "2027-03-28T02:30[Europe/Berlin]"]);
    assert!(error["error"].as_str().is_some_and(|error| error.contains("does not exist")), "{error}");
    let active = run(0, &["certificate", "activate", "partner", "production"]);
    assert_eq!((&active["profiles"][0]["done"], &active["profiles"][0]["in_use"]), (&"activated".into(), &new.into()));
    let back = run(0, &["certificate", "rollback", "partner", "production"]);
    assert_eq!((&back["profiles"][0]["done"], &back["profiles"][0]["in_use"]), (&"rolled-back".into(), &old.into()));
    // What was brought in by mistake is still accepted, which is said, until somebody ends it.
    let new = STRANGER.certificate.facts().fingerprint_sha256.to_string();
    let gone = run(0, &["certificate", "withdraw", "partner", "production", &new]);
    assert_eq!(gone["profiles"][0]["done"], "withdrawn", "{gone}");
    let error = run(2, &["certificate", "rollback", "partner", "production"]);
    assert!(error["error"].as_str().is_some_and(|error| error.contains("no certificate was used before")), "{error}");
    let old = PARTNER.certificate.facts().fingerprint_sha256.to_string();
    let error = run(2, &["certificate", "withdraw", "partner", "production", &old]);
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("roll back")), "{error}");
    let error = run(2, &["certificate", "cancel", "partner", "production"]);
    assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("nothing was changed")), "{error}");
    let error = run(2, &["connection", "tls", "partner"]);
    assert!(error["error"].as_str().is_some_and(|error| error.contains("has no TLS")), "{error}");
}
