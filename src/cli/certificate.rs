//! `certificate`: what is in a file, bringing a renewed one in, listing, confirming.

use serde::Serialize;

use super::arguments::{CertificateCommand, ImportArguments};
use super::table::{Table, labelled};
use super::{Answer, Session, check, secret, sightings, words};
use crate::app::{AppError, CertificateSource, ImportRequest, ImportResult, Inspection, ListedCertificate};
use crate::domain::algorithm::Digest;
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint};
use crate::domain::confirmation::Comparison;
use crate::domain::sighting::Sighting;

#[derive(Serialize)]
struct ListDocument {
    certificates: Vec<ListedCertificate>,
    sightings: Vec<Sighting>,
}

#[derive(Serialize)]
struct ConfirmedDocument {
    confirmed: Fingerprint,
}

pub(super) async fn run(session: &Session, command: CertificateCommand) -> Result<Answer, AppError> {
    match command {
        CertificateCommand::Inspect { file, password_stdin } => {
            let password = password_stdin.then(secret::password_from_stdin).transpose()?;
            let inspection = session
                .app
                .inspect_certificate(&CertificateSource::File(file), password.as_deref().map(String::as_str))
                .await?;
            session.out.answer(&inspection, || inspected(&inspection));
        }
        CertificateCommand::Import(arguments) => import(session, arguments).await?,
        CertificateCommand::Schedule(command) => super::schedule::run(session, command).await?,
        CertificateCommand::List => {
            let certificates = session.app.certificates().await?;
            let sightings = session.app.first_sights().await?;
            let document = ListDocument { certificates, sightings };
            session.out.answer(&document, || {
                let seen = sightings::listed(&document.sightings, &session.suffix);
                format!("{}{seen}", list(&document.certificates))
            });
        }
        CertificateCommand::Confirm { fingerprint: stated } => {
            let fingerprint = session.app.confirm_stated(&stated).await?;
            session.out.answer(&ConfirmedDocument { confirmed: fingerprint }, || format!("Confirmed {fingerprint}"));
            if stated.is_weak() {
                session.out.warning(WEAK);
            }
        }
        CertificateCommand::Forget { fingerprint, connection } => {
            return sightings::forget(session, &fingerprint, &connection).await;
        }
    }
    Ok(Answer::Yes)
}

/// What a SHA-1 fingerprint proves.
const WEAK: &str =
    "it was compared by SHA-1, which is weaker: two certificates with one SHA-1 fingerprint can be made on purpose";

async fn import(session: &Session, arguments: ImportArguments) -> Result<(), AppError> {
    let source = match (arguments.file, arguments.sighted) {
        (Some(file), _) => CertificateSource::File(file),
        (None, Some(fingerprint)) => CertificateSource::Sighted(fingerprint),
        (None, None) => return Err(AppError::new("neither a file nor --sighted names a certificate")),
    };
    let weak = arguments.confirm_fingerprint.is_some_and(|stated| stated.is_weak());
    let request = ImportRequest {
        source,
        connection: arguments.connection,
        profiles: arguments.profile.kinds(),
        also_where_used: arguments.also_where_used,
        also: Vec::new(),
        expected: arguments.fingerprint,
        activation: arguments.activate,
        confirmed: arguments.confirm_fingerprint.map(Comparison::Stated),
        purpose: arguments.purpose,
        // Whoever writes the command means it, and is warned.
        though_ended: true,
    };
    let result = session.app.import_certificate(&request).await?;
    session.out.answer(&result, || imported(&result));
    for warning in &result.warnings {
        session.out.warning(warning.sentence());
    }
    if weak {
        session.out.warning(WEAK);
    }
    if let Some(first) = result.profiles.first().filter(|_| result.warnings.contains(&CertificateWarning::Unconfirmed))
    {
        session.out.aside(&format!(
            "once it is compared: countersign certificate confirm {}{}",
            first.fingerprint_sha256.to_hex(),
            session.suffix
        ));
    }
    // What still does not comply, as after every saving.
    let mut ids: Vec<_> = result.profiles.iter().map(|profile| profile.connection.clone()).collect();
    ids.sort();
    ids.dedup();
    let report = session.app.check(&ids, session.app.now()).await?;
    for connection in &report.connections {
        let open = check::still_open(connection);
        if !open.is_empty() {
            session.out.aside(&open);
        }
    }
    Ok(())
}

fn imported(result: &ImportResult) -> String {
    let mut table =
        Table::new(["Connection", "Profile", "Certificate", "Goes active", "Replaces", "Old accepted until"]);
    for profile in &result.profiles {
        table.row([
            profile.connection.to_string(),
            profile.profile.label().to_owned(),
            profile.fingerprint_sha256.short(),
            words::instant(profile.activates),
            profile.replaces.map_or_else(|| "nothing".to_owned(), |old| old.short()),
            profile.replaced_until.map(words::instant).unwrap_or_default(),
        ]);
    }
    table.render()
}

fn inspected(inspection: &Inspection) -> String {
    let mut text = format!("{} in {} format\n", inspection.file, inspection.format);
    for certificate in &inspection.certificates {
        text.push('\n');
        text.push_str(&facts(&certificate.facts));
        if let Some(place) = &certificate.found_in {
            text.push_str(&labelled([("Found in", place.clone())], "  "));
        }
        text.push_str(&warned(&certificate.warnings));
    }
    for remark in &inspection.remarks {
        text.push_str(&format!("\nPassed over: {remark}\n"));
    }
    if inspection.private_key {
        text.push_str("\nIt holds a private key\n");
    }
    text
}

pub(super) fn facts(facts: &CertificateFacts) -> String {
    let hash = facts.signature.hash.map_or_else(String::new, |hash| format!("{} with ", hash.label()));
    labelled(
        [
            ("Subject", facts.subject.clone()),
            (
                "Issuer",
                if facts.self_signed { format!("{} (self-signed)", facts.issuer) } else { facts.issuer.clone() },
            ),
            ("Serial number", facts.serial.clone()),
            ("Signature", format!("{hash}{}", facts.signature.algorithm)),
            ("Key", facts.key.to_string()),
            ("Valid from", words::instant(facts.not_before)),
            ("Valid until", words::instant(facts.not_after)),
            ("Key usage", facts.key_usage.join(", ")),
            ("SHA-256", facts.fingerprint_sha256.to_string()),
            ("SHA-1", facts.fingerprint_sha1.clone()),
        ],
        "  ",
    )
}

fn warned(warnings: &[CertificateWarning]) -> String {
    warnings.iter().map(|warning| format!("  ▲ {}\n", warning.sentence())).collect()
}

/// Where a certificate came from, with what, and who has compared it.
fn provenance(listed: &ListedCertificate) -> Vec<(&'static str, String)> {
    let mut details = vec![("Came from", listed.came_from.clone())];
    if !listed.chain.is_empty() {
        details.push(("Issued by", listed.chain.join(", issued by ")));
    }
    if let Some(confirmed) = &listed.confirmation {
        let by = confirmed.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
        details.push(("Confirmed", format!("{}{by}, {}", words::instant(confirmed.at), confirmed.how)));
    }
    details
}

fn list(certificates: &[ListedCertificate]) -> String {
    if certificates.is_empty() {
        return "No partner certificates in this workspace\n".to_owned();
    }
    let mut text = String::new();
    for listed in certificates {
        let facts = &listed.certificate.facts;
        let hash = facts.signature.hash.map_or("an unknown hash", Digest::label);
        let details = [
            ("Subject", facts.common_name().to_owned()),
            ("Key", format!("{}, signed with {hash}", facts.key)),
            ("Valid until", words::instant(facts.not_after)),
            ("Followed by", listed.successor.map_or_else(|| "nothing scheduled".to_owned(), |next| next.to_hex())),
        ];
        text.push_str(&format!("{}\n{}", facts.fingerprint_sha256.to_hex(), labelled(details, "  ")));
        text.push_str(&labelled(provenance(listed), "  "));
        text.push_str(&warned(&listed.certificate.warnings));
        let mut table = Table::new(["Used by", "Profile", "For", "From", "Until", "Now"]);
        for place in &listed.used {
            table.row([
                place.connection.to_string(),
                place.profile.label().to_owned(),
                place.purpose.to_string(),
                place.from.map_or_else(|| "always".to_owned(), words::instant),
                place.until.map_or_else(|| "no end".to_owned(), words::instant),
                if place.now { "yes" } else { "no" }.to_owned(),
            ]);
        }
        text.push_str(&if listed.used.is_empty() { "  Used by nobody\n".to_owned() } else { table.indented("  ") });
        text.push('\n');
    }
    text
}
