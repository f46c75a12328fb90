//! A partner who goes on signing with a certificate that has retired by disuse: refused, told at once, and accepted again
//! from there.

use std::process::Command;

use countersign::app::{App, CertificateSource, Clock, ImportRequest, Location, ScheduleAct, ScheduleActName, Unlock};
use countersign::domain::certificate::Fingerprint;
use countersign::domain::connection::SignerCertificates;
use countersign::domain::diagnosis::Action;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::sighting::{SightedIn, SightingKind};
use countersign::domain::timeline::{Activation, CertificatePurpose, used_now};
use countersign::domain::transmission::{Transmission, Verdict};
use countersign::store::Workspace;
use jiff::{SignedDuration, Timestamp};

use crate::exchange::{PARTNER, Partner, STRANGER, Us, Wrong, app_on, import_of, post};

fn days(days: i64) -> Timestamp {
    Clock::System.now() + SignedDuration::from_hours(24 * days)
}

fn prints() -> [Fingerprint; 2] {
    [&PARTNER, &STRANGER].map(|party| party.certificate.facts().fingerprint_sha256)
}

fn import(source: CertificateSource, activation: Activation, purpose: Option<CertificatePurpose>) -> ImportRequest {
    ImportRequest { purpose, ..import_of(source, activation) }
}

/// Ours, connected to a partner whose certificate was replaced ten days ago; the new one has signed since, and the old one
/// is accepted for two days without a signature.
async fn retired(url: &str, settings: &str) -> Us {
    let us = Us::new().await;
    us.connect(url, &format!("retire_unused_days = 2\n{settings}")).await;
    std::fs::write(us.path("renewed.pem"), STRANGER.certificate.to_pem()).unwrap();
    let then = app_on(&us.workspace(), Clock::Fixed(days(-10)));
    let request = import(CertificateSource::File(us.path("renewed.pem")), Activation::Now, None);
    then.import_certificate(&request).await.unwrap();
    then.close().await;
    let location = Location::Dir(us.workspace());
    let workspace = Workspace::open_existing(&location, &Unlock::none(), days(-9)).await.unwrap().unwrap();
    let mut transaction = workspace.begin().await.unwrap();
    let [_, new] = prints();
    let connection = "partner".parse().unwrap();
    transaction.put_signature_seen(&new, &connection, ProfileKind::Production, days(-9)).await.unwrap();
    transaction.commit().await.unwrap();
    workspace.close().await;
    us
}

/// What the partner signed with the old one, with or without the certificate inside.
async fn receive(us: &Us, url: &str, id: &str, signer: SignerCertificates) -> Transmission {
    let change = |profile: &mut countersign::domain::connection::Profile| profile.quirks.signer_certificates = signer;
    let (headers, body) = Partner::message_as(&us.certificate, id, b"ISA*00*~", &[], change);
    post(url, &headers, &body);
    us.journal().await.into_iter().find(|each| each.message_id == id).unwrap()
}

async fn accepts_old(app: &App) -> bool {
    let connection = app.connection(&"partner".parse().unwrap()).await.unwrap();
    let seen = app.observations().await.unwrap();
    let profile = connection.production.as_ref().unwrap();
    let accepted = seen.accepted(&connection.id, ProfileKind::Production, profile, app.now());
    assert!(accepted.contains(&prints()[1]));
    accepted.contains(&prints()[0])
}

fn run(us: &Us, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .env("COUNTERSIGN_WORKSPACE", us.workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_at_once_whether_its_certificate_is_inside_or_not_and_accepted_again_from_there() {
    let us = retired("http://127.0.0.1:9/as2", "").await;
    let [old, new] = prints();
    let serving = us.serve().await;
    let refused = receive(&us, &serving.url, "<1@partner>", SignerCertificates::Own).await;
    assert_eq!((refused.verdict, refused.signed_with), (Verdict::Refused, None));
    let diagnosis = refused.diagnosis.unwrap();
    assert_eq!(diagnosis.action, Some(Action::AcceptCertificate { fingerprint: old }), "{diagnosis:#?}");
    let bare = receive(&us, &serving.url, "<2@partner>", SignerCertificates::None).await;
    assert_eq!(bare.verdict, Verdict::Refused, "being recognised makes nothing good");
    let seen = us.app.first_sights().await.unwrap();
    let told: Vec<_> = seen.iter().map(|each| (each.kind, each.seen_in, each.times, each.fingerprint)).collect();
    assert_eq!(told, [(SightingKind::Retired, SightedIn::Message, 2, old)]);

    let key = ("partner".parse().unwrap(), ProfileKind::Production);
    let act = ScheduleAct::AcceptAgain { certificate: old };
    let changes = us.app.change_schedule(std::slice::from_ref(&key), &act).await.unwrap();
    assert_eq!((changes[0].done, changes[0].in_use), (ScheduleActName::AcceptedAgain, Some(new)));
    assert_eq!(us.app.first_sights().await.unwrap(), [], "what is accepted is not told any more");
    let taken = receive(&us, &serving.url, "<3@partner>", SignerCertificates::Own).await;
    assert_eq!((taken.verdict, taken.signed_with), (Verdict::Received, Some(old)));
    let unknown = ScheduleAct::AcceptAgain { certificate: Fingerprint([7; 32]) };
    let error = us.app.change_schedule(std::slice::from_ref(&key), &unknown).await.unwrap_err();
    assert!(error.message().contains("is none of this profile's"), "{error}");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_signed_with_it_proves_nothing_and_is_told() {
    let ours = std::sync::Arc::new(std::sync::OnceLock::<countersign::certificate::Certificate>::new());
    let known = std::sync::Arc::clone(&ours);
    let peer = Partner::start(move |request, stream| {
        let receipt = request.receipt(known.get().unwrap(), Wrong::Nothing);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    let us = retired(&peer.url, "encryption = \"none\"").await;
    ours.set(us.certificate.clone()).unwrap();
    let [old, _] = prints();
    let sent = us.send().await;
    assert_eq!((sent.verdict, sent.signed_with), (Verdict::Uncertain, None), "{sent:#?}");
    let diagnosis = sent.diagnosis.unwrap();
    assert_eq!(diagnosis.cause, "The receipt is signed with the replaced certificate");
    assert_eq!(diagnosis.action, Some(Action::AcceptCertificate { fingerprint: old }));
    let seen = us.app.first_sights().await.unwrap();
    assert_eq!((seen.len(), seen[0].kind, seen[0].seen_in), (1, SightingKind::Retired, SightedIn::Receipt));
}

#[tokio::test]
async fn bringing_it_in_again_accepts_it_and_undoing_restores_what_was() {
    let [old, new] = prints();
    let in_workspace = || CertificateSource::Workspace(old);
    let us = retired("http://127.0.0.1:9/as2", "").await;
    assert!(!accepts_old(&us.app).await);
    let uses = async || {
        let connection = us.app.connection(&"partner".parse().unwrap()).await.unwrap();
        connection.production.unwrap().partner_certificates
    };
    let before = uses().await;
    let request = import(in_workspace(), Activation::Now, Some(CertificatePurpose::Verify));
    let result = us.app.import_certificate(&request).await.unwrap();
    assert_eq!(result.profiles[0].replaces, None);
    assert!(accepts_old(&us.app).await, "for verifying");
    assert_eq!(used_now(&uses().await, us.app.now()).map(|entry| entry.fingerprint), Some(new));
    // As the window takes it back.
    let key = ("partner".parse().unwrap(), ProfileKind::Production);
    let act = ScheduleAct::AcceptAgain { certificate: old };
    let stood = uses().await;
    let changes = us.app.change_schedule(std::slice::from_ref(&key), &act).await.unwrap();
    us.app.undo_schedule(&changes).await.unwrap();
    assert_eq!(uses().await, stood);
    drop(us);

    for activation in [Activation::Now, Activation::At { at: days(5), zone: None }] {
        let us = retired("http://127.0.0.1:9/as2", "").await;
        us.app.import_certificate(&import(in_workspace(), activation, None)).await.unwrap();
        assert!(accepts_old(&us.app).await, "for both");
    }
    let us = retired("http://127.0.0.1:9/as2", "").await;
    let changes = us.app.change_schedule(std::slice::from_ref(&key), &act).await.unwrap();
    assert!(accepts_old(&us.app).await);
    us.app.undo_schedule(&changes).await.unwrap();
    assert!(!accepts_old(&us.app).await);
    assert_eq!(before.len(), changes[0].before.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_calls_it_accepted_and_the_terminal_says_what_accepts_it_again() {
    let us = retired("http://127.0.0.1:9/as2", "").await;
    let [old, new] = prints();
    let listed = us.app.certificates().await.unwrap();
    let report = us.app.report(None).await.unwrap();
    for (print, accepted) in [(old, false), (new, true)] {
        let found = listed.iter().find(|each| each.certificate.facts.fingerprint_sha256 == print).unwrap();
        let verifies = found.used.iter().filter(|used| used.purpose == CertificatePurpose::Verify);
        assert!(verifies.clone().count() > 0 && verifies.clone().all(|used| used.now == accepted), "{found:#?}");
        let found = report.certificates.iter().find(|each| each.facts.fingerprint_sha256 == print).unwrap();
        let mut verifies = found.used.iter().filter(|used| used.purpose == Some(CertificatePurpose::Verify));
        assert!(verifies.all(|used| used.now == accepted), "{found:#?}");
    }
    let shown = run(&us, &["connection", "show", "partner"]);
    let line = shown.lines().find(|line| line.starts_with("Accepts signatures by")).unwrap();
    assert!(line.contains(&new.short()) && !line.contains(&old.short()), "{line}");

    let serving = us.serve().await;
    receive(&us, &serving.url, "<1@partner>", SignerCertificates::Own).await;
    serving.stop().await;
    let mend = format!("certificate accept partner production {}", old.to_hex());
    let list = run(&us, &["certificate", "list"]);
    assert!(list.contains(&mend), "{list}");
    let words: Vec<&str> = mend.split(' ').collect();
    let done = run(&us, &words);
    assert!(done.contains("Accepted again") && done.contains("accepted only"), "{done}");
    assert!(accepts_old(&us.app).await);
}
