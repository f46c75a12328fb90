//! The main job, step by step. Every step looks at what really happened and says so, or says what did not hold.

use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::SampleEvent;
use super::world::World;
use crate::app::{AppError, CertificateSource, ImportRequest, ImportResult, Payload, SendRequest, ServeOptions};
use crate::domain::algorithm::Digest;
use crate::domain::certificate::Fingerprint;
use crate::domain::compliance::{CheckReport, Finding, ProfileReport, Status};
use crate::domain::confirmation::{Comparison, StatedFingerprint};
use crate::domain::diagnosis::Action;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::timeline::{Activation, next_activation};
use crate::domain::transmission::{StageName, Transmission, Verdict};

/// How long before its activation the renewed certificate is scheduled: long enough to send once before it.
const AHEAD_SECONDS: i64 = 8;

/// How long the asynchronous receipt of a partner on this very machine may take.
const RECEIPT_WITHIN: Duration = Duration::from_secs(10);

/// Days ahead for which the other partner's certificate is scheduled.
const NORTHWIND_DAYS: i64 = 30;

type Events<'a> = &'a (dyn Fn(SampleEvent) + Send + Sync);
type Running<'a> = Pin<Box<dyn Future<Output = Result<String, AppError>> + Send + 'a>>;
type Step = for<'a> fn(&'a World, Events<'a>) -> Running<'a>;

/// The steps with their titles.
pub(super) const JOB: [(&str, Step); 12] = [
    ("Review compliance", |world, events| Box::pin(review(world, events))),
    ("Look at the renewed certificate of Amazon Vendor US", |world, events| Box::pin(inspect(world, events))),
    ("Import it for the test profile, active at once", |world, _| Box::pin(import_for_test(world))),
    ("Send to the test profile", |world, events| Box::pin(send_to_test(world, events))),
    ("Fix the settings of production", |world, events| Box::pin(fix(world, events))),
    ("Schedule the certificate for production", |world, events| Box::pin(schedule(world, events))),
    ("Send to production before the activation", |world, events| Box::pin(send_before(world, events))),
    ("Send to production after the activation", |world, events| Box::pin(send_after(world, events))),
    ("Send to Northwind Retail, which has switched early", |world, events| Box::pin(send_to_early(world, events))),
    ("Activate its new certificate now and send again", |world, events| Box::pin(activate_and_send(world, events))),
    ("Send to Harbor Grocers, whose receipt comes later", |world, events| Box::pin(send_and_wait(world, events))),
    ("Review compliance again", |world, events| Box::pin(review_again(world, events))),
];

fn id(name: &str) -> Result<ConnectionId, AppError> {
    Ok(name.parse()?)
}

fn unless(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), AppError> {
    if holds { Ok(()) } else { Err(AppError::new(otherwise())) }
}

/// How a profile stands in a report.
fn profile<'r>(report: &'r CheckReport, connection: &str, kind: ProfileKind) -> Result<&'r ProfileReport, AppError> {
    report
        .connections
        .iter()
        .find(|each| each.id.as_str() == connection)
        .and_then(|each| each.profiles.iter().find(|profile| profile.profile == kind))
        .ok_or_else(|| AppError::new(format!("{connection} has no {kind} profile")))
}

fn broken(report: &ProfileReport) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.status == Status::NonCompliant).collect()
}

async fn report(world: &World, at: Timestamp) -> Result<CheckReport, AppError> {
    world.app.check(&[], at).await
}

async fn review(world: &World, events: Events<'_>) -> Result<String, AppError> {
    let report = report(world, world.app.now()).await?;
    events(SampleEvent::Compliance(Box::new(report.clone())));
    let production = profile(&report, "amazon-us", ProfileKind::Production)?;
    let mut settings: Vec<&str> = broken(production).iter().map(|finding| finding.setting).collect();
    settings.dedup();
    unless(["encryption", "signing", "partner_certificate"].iter().all(|setting| settings.contains(setting)), || {
        format!("Amazon Vendor US, production should break three rules, but breaks: {}", settings.join(", "))
    })?;
    let others =
        report.connections.iter().filter(|each| each.id.as_str() != "amazon-us" && each.status == Status::NonCompliant);
    unless(others.count() == 0, || "another connection is non-compliant too".to_owned())?;
    Ok(format!("Amazon Vendor US, production does not comply in {}", settings.join(", ")))
}

async fn inspect(world: &World, events: Events<'_>) -> Result<String, AppError> {
    let inspection = world.app.inspect_certificate(&CertificateSource::File(world.renewed.clone()), None).await?;
    let found = inspection.certificates.first().ok_or_else(|| AppError::new("there is no certificate in the file"))?;
    let facts = &found.facts;
    events(SampleEvent::Note(format!("{}, issued by {}", facts.subject, facts.issuer)));
    events(SampleEvent::Note(format!("{}, valid {} to {}", facts.key, facts.not_before, facts.not_after)));
    events(SampleEvent::Note(format!("SHA-256 {}", facts.fingerprint_sha256)));
    for warning in &found.warnings {
        events(SampleEvent::Note(format!("note: {}", warning.sentence())));
    }
    unless(facts.signature.hash >= Some(Digest::Sha256), || "it is signed with less than SHA-256".to_owned())?;
    unless(facts.valid_at(world.app.now()), || "it is not valid now".to_owned())?;
    Ok(format!("{} signed with {}", inspection.format, facts.signature.hash.map_or("an unknown hash", Digest::label)))
}

async fn bring_in(
    world: &World,
    connection: &str,
    kind: ProfileKind,
    activation: Activation,
) -> Result<ImportResult, AppError> {
    let amazon = connection == "amazon-us";
    world
        .app
        .import_certificate(&ImportRequest {
            source: CertificateSource::File(if amazon {
                world.renewed.clone()
            } else {
                world.northwind_renewed.clone()
            }),
            connection: id(connection)?,
            profiles: vec![kind],
            also_where_used: false,
            also: Vec::new(),
            expected: None,
            activation,
            confirmed: Some(Comparison::Stated(StatedFingerprint::Sha256(if amazon {
                world.renewed_fingerprint
            } else {
                world.northwind_fingerprint
            }))),
            purpose: None,
            though_ended: false,
        })
        .await
}

async fn import_for_test(world: &World) -> Result<String, AppError> {
    let result = bring_in(world, "amazon-us", ProfileKind::Test, Activation::Now).await?;
    let imported = result.profiles.first().ok_or_else(|| AppError::new("nothing was imported"))?;
    unless(imported.replaces == Some(world.old_fingerprint), || {
        "it does not replace the certificate in use".to_owned()
    })?;
    Ok(format!("{} replaces {}", imported.fingerprint_sha256.short(), world.old_fingerprint.short()))
}

async fn schedule(world: &World, events: Events<'_>) -> Result<String, AppError> {
    let now = world.app.now();
    let at = Timestamp::from_second(now.as_second() + AHEAD_SECONDS)
        .map_err(|error| AppError::new(format!("the system's clock makes no sense: {error}")))?;
    let scheduled = Activation::At { at, zone: Some("UTC".to_owned()) };
    let result = bring_in(world, "amazon-us", ProfileKind::Production, scheduled).await?;
    let imported = result.profiles.first().ok_or_else(|| AppError::new("nothing was imported"))?;
    events(SampleEvent::Note(format!("production: {} goes active at {at}", imported.fingerprint_sha256.short())));
    unless(imported.replaces == Some(world.old_fingerprint), || {
        "it does not replace the certificate in use".to_owned()
    })?;
    // The timeline, and so compliance, differs from one second to the next.
    let certificate = |report: &CheckReport| {
        profile(report, "amazon-us", ProfileKind::Production)
            .map(|found| broken(found).iter().any(|finding| finding.setting == "partner_certificate"))
    };
    let just_before = Timestamp::from_second(at.as_second() - 1).unwrap_or(at);
    let (before, after) = (report(world, just_before).await?, report(world, at).await?);
    unless(certificate(&before)? && !certificate(&after)?, || {
        "compliance does not change at the activation".to_owned()
    })?;
    Ok("a second before the activation the certificate does not comply, at the activation it does".to_owned())
}

async fn fix(world: &World, events: Events<'_>) -> Result<String, AppError> {
    let amazon = id("amazon-us")?;
    let before = report(world, world.app.now()).await?;
    let mut changes: Vec<(String, String)> = Vec::new();
    for finding in broken(profile(&before, "amazon-us", ProfileKind::Production)?) {
        if let Some(fix) = &finding.fix {
            let change = (fix.setting.to_owned(), fix.value.to_string());
            if !changes.contains(&change) {
                events(SampleEvent::Note(format!("{}: {} → {}", change.0, finding.actual, change.1)));
                changes.push(change);
            }
        }
    }
    unless(!changes.is_empty(), || "no fix is offered".to_owned())?;
    world.app.set(&amazon, Some(ProfileKind::Production), &changes, None).await?;
    let after = report(world, world.app.now()).await?;
    let left = broken(profile(&after, "amazon-us", ProfileKind::Production)?);
    unless(left.iter().all(|finding| finding.setting == "partner_certificate"), || {
        "a setting still does not comply".to_owned()
    })?;
    Ok(format!("{} settings changed", changes.len()))
}

async fn send(
    world: &World,
    events: Events<'_>,
    connection: &str,
    kind: ProfileKind,
) -> Result<Transmission, AppError> {
    let request = SendRequest { connection: id(connection)?, profile: kind, payload: Payload::TestDocument };
    let sent = world.app.send(&request, &|_event| {}).await?;
    events(SampleEvent::Transmission(Box::new(sent.clone())));
    Ok(sent)
}

fn delivered(sent: &Transmission, encrypted_for: Fingerprint) -> Result<String, AppError> {
    let cause = sent.cause().unwrap_or("no cause is known").to_owned();
    unless(sent.verdict == Verdict::Delivered, || format!("{}: {cause}", sent.verdict))?;
    unless(sent.lights.all_good(), || "a light is not good".to_owned())?;
    let chosen = sent.stages.iter().find(|stage| stage.stage == StageName::Certificates);
    unless(chosen.is_some_and(|stage| stage.detail.contains(&encrypted_for.short())), || {
        format!("it was not encrypted for {}", encrypted_for.short())
    })?;
    Ok(format!("delivered, encrypted for {}", encrypted_for.short()))
}

async fn send_to_test(world: &World, events: Events<'_>) -> Result<String, AppError> {
    let sent = send(world, events, "amazon-us", ProfileKind::Test).await?;
    delivered(&sent, world.renewed_fingerprint)
}

/// The instant at which production switches, as long as it is still to come.
async fn pending_activation(world: &World) -> Result<Option<Timestamp>, AppError> {
    let connection = world.app.connection(&id("amazon-us")?).await?;
    let uses = connection.production.map(|profile| profile.partner_certificates).unwrap_or_default();
    Ok(next_activation(&uses, world.app.now()).map(|(_, at)| at))
}

async fn send_before(world: &World, events: Events<'_>) -> Result<String, AppError> {
    let at = pending_activation(world).await?;
    let sent = send(world, events, "amazon-us", ProfileKind::Production).await?;
    let chosen = sent.stages.iter().find(|stage| stage.stage == StageName::Certificates).map(|stage| stage.started);
    unless(at > chosen, || format!("this machine took longer than {AHEAD_SECONDS} s to get here"))?;
    delivered(&sent, world.old_fingerprint)
}

async fn send_after(world: &World, events: Events<'_>) -> Result<String, AppError> {
    while let Some(at) = pending_activation(world).await? {
        let left = (at.as_millisecond() - world.app.now().as_millisecond()).clamp(1, 10_000);
        events(SampleEvent::Note(format!("waiting for the activation at {at}")));
        tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or(1))).await;
    }
    let sent = send(world, events, "amazon-us", ProfileKind::Production).await?;
    delivered(&sent, world.renewed_fingerprint)
}

async fn send_to_early(world: &World, events: Events<'_>) -> Result<String, AppError> {
    let at = Timestamp::from_second(world.app.now().as_second() + NORTHWIND_DAYS * 86_400)
        .map_err(|error| AppError::new(format!("the system's clock makes no sense: {error}")))?;
    bring_in(world, "northwind", ProfileKind::Production, Activation::At { at, zone: None }).await?;
    events(SampleEvent::Note(format!("its renewed certificate is scheduled for {at}")));
    let sent = send(world, events, "northwind", ProfileKind::Production).await?;
    unless(sent.verdict == Verdict::Failed, || format!("it should fail, but is {}", sent.verdict))?;
    let action = sent.diagnosis.as_ref().and_then(|diagnosis| diagnosis.action.clone());
    unless(action == Some(Action::ActivateCertificate { fingerprint: world.northwind_fingerprint }), || {
        format!("the diagnosis does not propose to activate the new certificate: {}", sent.cause().unwrap_or_default())
    })?;
    Ok(format!("as expected it failed, and the diagnosis says why: {}", sent.cause().unwrap_or_default()))
}

async fn activate_and_send(world: &World, events: Events<'_>) -> Result<String, AppError> {
    bring_in(world, "northwind", ProfileKind::Production, Activation::Now).await?;
    let sent = send(world, events, "northwind", ProfileKind::Production).await?;
    delivered(&sent, world.northwind_fingerprint)
}

async fn send_and_wait(world: &World, events: Events<'_>) -> Result<String, AppError> {
    let receiving = world.app.receiving_settings().await?;
    let options = ServeOptions { listen: receiving.listen, tls: None, inbox: receiving.inbox, outbox: None };
    let bound = world.app.bind(&options).await?;
    let url = bound.url.clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(bound.serve(
        async {
            drop(stopped.await);
        },
        |_event| {},
    ));
    let settled: Result<Transmission, AppError> = async {
        let sent = send(world, events, "harbor", ProfileKind::Test).await?;
        // Its receipt may have come before the answer to the message did.
        unless(matches!(sent.verdict, Verdict::Pending | Verdict::Delivered), || {
            format!("{}: {}", sent.verdict, sent.cause().unwrap_or("no cause is known"))
        })?;
        events(SampleEvent::Note(format!("the receipt is waited for at {url}")));
        let until = Instant::now() + RECEIPT_WITHIN;
        loop {
            let found = world.app.transmission(&sent.id.to_string()).await?;
            if found.verdict != Verdict::Pending || Instant::now() > until {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    .await;
    drop(stop);
    drop(serving.await);
    let settled = settled?;
    unless(settled.verdict == Verdict::Delivered && settled.lights.all_good(), || {
        format!("{}: {}", settled.verdict, settled.cause().unwrap_or("no cause is known"))
    })?;
    Ok("its asynchronous receipt came, signed, and proves the delivery".to_owned())
}

async fn review_again(world: &World, events: Events<'_>) -> Result<String, AppError> {
    let report = report(world, world.app.now()).await?;
    events(SampleEvent::Compliance(Box::new(report.clone())));
    let left = report.connections.iter().filter(|each| each.status == Status::NonCompliant).count();
    unless(left == 0, || format!("{left} connections are still non-compliant"))?;
    let production = profile(&report, "amazon-us", ProfileKind::Production)?;
    unless(production.status == Status::Compliant, || {
        format!("Amazon Vendor US, production is {}", production.status)
    })?;
    Ok("Amazon Vendor US, production complies, and no connection is non-compliant".to_owned())
}
