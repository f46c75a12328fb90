//! First sight over real sockets: what a partner signs with before it is expected is recorded and told, verifies nothing,
//! and is put right from there.

use countersign::app::CertificateSource;
use countersign::domain::diagnosis::Action;
use countersign::domain::identifier::ProfileKind;
use countersign::domain::sighting::{SightedIn, Sighting, SightingKind};
use countersign::domain::timeline::Activation;
use countersign::domain::transmission::{Transmission, Verdict};

use crate::exchange::{PARTNER, Partner, STRANGER, Us, Wrong, import_of, post};

fn partner() -> countersign::domain::certificate::Fingerprint {
    PARTNER.certificate.facts().fingerprint_sha256
}

/// Ours, connected to a partner of whom we hold another certificate.
async fn expecting_another(url: &str, settings: &str) -> Us {
    let us = Us::new().await;
    std::fs::write(us.path("stranger.pem"), STRANGER.certificate.to_pem()).unwrap();
    us.connect(url, settings).await;
    let file = us.path("partner.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("[\"partner.pem\"]", "[\"stranger.pem\"]");
    std::fs::write(&file, text).unwrap();
    us.app.add_connection(&file, true).await.unwrap();
    us
}

fn told(sightings: &[Sighting]) -> Vec<(SightingKind, SightedIn, u32)> {
    sightings.iter().map(|each| (each.kind, each.seen_in, each.times)).collect()
}

async fn receive(us: &Us, url: &str, id: &str) -> Transmission {
    let (headers, body) = Partner::message(&us.certificate, id, b"ISA*00*~", &[]);
    post(url, &headers, &body);
    us.journal().await.into_iter().find(|each| each.message_id == id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_certificate_in_a_message_is_told_verifies_nothing_and_can_be_imported_from_there() {
    let us = expecting_another("http://127.0.0.1:9/as2", "").await;
    let serving = us.serve().await;
    let refused = receive(&us, &serving.url, "<1@partner>").await;
    assert_eq!(refused.verdict, Verdict::Refused);
    let diagnosis = refused.diagnosis.clone().unwrap();
    assert_eq!(diagnosis.action, Some(Action::ImportCertificate { fingerprint: Some(partner()) }), "{diagnosis:#?}");
    assert!(diagnosis.evidence.iter().any(|line| line.contains(&partner().to_string())), "{diagnosis:#?}");
    let again = receive(&us, &serving.url, "<2@partner>").await;
    assert_eq!(again.verdict, Verdict::Refused, "being seen makes nothing good");
    let seen = us.app.first_sights().await.unwrap();
    assert_eq!(told(&seen), [(SightingKind::Unknown, SightedIn::Message, 2)]);
    assert_eq!(seen[0].transmission, again.id);
    assert_eq!(seen[0].facts.as_ref().map(|facts| facts.common_name()), Some("partner"));

    let import = import_of(CertificateSource::Sighted(partner()), Activation::Now);
    let result = us.app.import_certificate(&import).await.unwrap();
    assert_eq!(result.profiles[0].fingerprint_sha256, partner());
    assert_eq!(us.app.first_sights().await.unwrap(), [], "what is in use is not told any more");
    let taken = receive(&us, &serving.url, "<3@partner>").await;
    assert_eq!((taken.verdict, us.inbox().len()), (Verdict::Received, 1));
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduled_certificate_in_use_too_early_is_accepted_and_told() {
    let us = expecting_another("http://127.0.0.1:9/as2", "").await;
    let at = jiff::Timestamp::from_second(us.app.now().as_second() + 40 * 86_400).unwrap();
    let schedule = import_of(CertificateSource::File(us.path("partner.pem")), Activation::At { at, zone: None });
    us.app.import_certificate(&schedule).await.unwrap();
    assert_eq!(us.app.first_sights().await.unwrap(), []);
    let serving = us.serve().await;
    let taken = receive(&us, &serving.url, "<1@partner>").await;
    assert_eq!(taken.verdict, Verdict::Received);
    let diagnosis = taken.diagnosis.clone().unwrap();
    assert_eq!(diagnosis.action, Some(Action::ActivateCertificate { fingerprint: partner() }));
    assert!(diagnosis.explanation.contains("the scheduled certificate"), "{diagnosis:#?}");
    assert_eq!(told(&us.app.first_sights().await.unwrap()), [(SightingKind::Scheduled, SightedIn::Message, 1)]);
    let activate = import_of(CertificateSource::Workspace(partner()), Activation::Now);
    us.app.import_certificate(&activate).await.unwrap();
    assert_eq!(us.app.first_sights().await.unwrap(), []);
    let taken = receive(&us, &serving.url, "<2@partner>").await;
    assert_eq!(taken.diagnosis.unwrap().action, None);
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_certificate_in_a_receipt_is_told_and_the_next_message_is_delivered() {
    let us = Us::new().await;
    let ours = us.certificate.clone();
    let peer = Partner::start(move |request, stream| {
        let receipt = request.receipt(&ours, Wrong::Stranger);
        Partner::answer(stream, "200 OK", &receipt.headers, &receipt.body);
    });
    us.connect(&peer.url, "").await;
    let sent = us.send().await;
    let stranger = STRANGER.certificate.facts().fingerprint_sha256;
    assert_eq!(sent.verdict, Verdict::Uncertain);
    assert_eq!(sent.diagnosis.unwrap().action, Some(Action::ImportCertificate { fingerprint: Some(stranger) }));
    let seen = us.app.first_sights().await.unwrap();
    assert_eq!(told(&seen), [(SightingKind::Unknown, SightedIn::Receipt, 1)]);
    assert_eq!((seen[0].fingerprint, seen[0].transmission), (stranger, sent.id));
    // It signs alone: what is encrypted for stays.
    let mut import = import_of(CertificateSource::Sighted(stranger), Activation::Now);
    import.purpose = Some(countersign::domain::timeline::CertificatePurpose::Verify);
    us.app.import_certificate(&import).await.unwrap();
    assert_eq!(us.send().await.verdict, Verdict::Delivered);
    assert_eq!(us.app.first_sights().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_theirs_is_forgotten_and_told_again_where_it_comes_again() {
    let us = expecting_another("http://127.0.0.1:9/as2", "").await;
    let serving = us.serve().await;
    receive(&us, &serving.url, "<1@partner>").await;
    let connection = "partner".parse().unwrap();
    us.app.forget_sighting(&connection, ProfileKind::Production, &partner()).await.unwrap();
    assert_eq!(us.app.first_sights().await.unwrap(), []);
    let error = us.app.forget_sighting(&connection, ProfileKind::Production, &partner()).await.unwrap_err();
    assert!(error.message().contains("was not seen"), "{error}");
    receive(&us, &serving.url, "<2@partner>").await;
    assert_eq!(us.app.first_sights().await.unwrap().len(), 1);
    serving.stop().await;
}
