//! `certificate`: what is in a file, bringing a renewed one in, listing, confirming.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::arguments::{CertificateCommand, ImportArguments};
use super::table::{Table, labelled};
use super::{Answer, Session, check, secret, sightings, words};
use crate::app::{
    AppError, CertificateSource, ImportRequest, ImportResult, Inspection, ListedCertificate, certificate_bytes,
};
use crate::domain::algorithm::Digest;
use crate::domain::certificate::{CertificateFacts, CertificateWarning, Fingerprint};
use crate::domain::confirmation::Comparison;
use crate::domain::sighting::Sighting;
use crate::domain::timeline::Activation;

#[derive(Serialize)]
struct ListDocument {
    certificates: Vec<ListedCertificate>,
    sightings: Vec<Sighting>,
}

#[derive(Serialize)]
struct RemovedDocument {
    removed: Fingerprint,
}

#[derive(Serialize)]
struct ConfirmedDocument {
    confirmed: Fingerprint,
}

pub(super) async fn run(session: &Session, command: CertificateCommand) -> Result<Answer, AppError> {
    match command {
        CertificateCommand::Inspect { file, password_stdin } => {
            if password_stdin && is_standard_input(&file) {
                return Err(AppError::new("standard input cannot be both the file and its password")
                    .hint("write the file to disk and name it"));
            }
            let password = password_stdin.then(secret::password_from_stdin).transpose()?;
            let source = source(file)?;
            let inspection = session.app.inspect_certificate(&source, password.as_deref().map(String::as_str)).await?;
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
        CertificateCommand::Remove { fingerprint } => {
            let facts = session.app.remove_certificate(&fingerprint).await?;
            session.out.answer(&RemovedDocument { removed: fingerprint }, || {
                format!("Removed {fingerprint}, {}", facts.common_name())
            });
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
        (Some(file), _) => source(file)?,
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
    if let Some(told) = unchanged(&result, &request.activation) {
        session.out.note(&told);
    }
    for warning in &result.warnings {
        match cancelled(&result).filter(|_| *warning == CertificateWarning::ScheduleCancelled) {
            Some(named) => session.out.warning(&named),
            None => session.out.warning(warning.sentence()),
        }
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

/// A certificate file that is named on the command line.
pub(super) fn source(file: PathBuf) -> Result<CertificateSource, AppError> {
    if !is_standard_input(&file) {
        return Ok(CertificateSource::File(file));
    }
    let bytes = certificate_bytes(std::io::stdin().lock())
        .map_err(|error| AppError::new(format!("the certificate cannot be read from standard input: {error}")))?;
    Ok(CertificateSource::Bytes { name: "standard input".to_owned(), bytes })
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

/// Whose activation was cancelled by an import, and where.
fn cancelled(result: &ImportResult) -> Option<String> {
    let said: Vec<String> = result
        .profiles
        .iter()
        .filter_map(|profile| {
            let cancelled = profile.cancels?;
            Some(format!("{} for {} {}", cancelled.short(), profile.connection, profile.profile))
        })
        .collect();
    (!said.is_empty()).then(|| format!("The scheduled activation is cancelled of {}", said.join(", ")))
}

/// That a certificate is in use already where it was imported: then nothing has changed there.
fn unchanged(result: &ImportResult, activation: &Activation) -> Option<String> {
    let places: Vec<String> = result
        .profiles
        .iter()
        .filter(|profile| profile.unchanged)
        .map(|profile| format!("{} {}", profile.connection, profile.profile))
        .collect();
    let first = result.profiles.iter().find(|profile| profile.unchanged)?;
    let time = match activation {
        Activation::At { at, .. } => format!(", and {} was not taken as its time", words::instant(*at)),
        Activation::Now => String::new(),
    };
    Some(format!(
        "{} is in use already for {}: nothing was changed there{time}",
        first.fingerprint_sha256.short(),
        places.join(", ")
    ))
}

fn imported(result: &ImportResult) -> String {
    let mut table =
        Table::new(["Connection", "Profile", "Certificate", "Goes active", "Replaces", "Old accepted until"]);
    for profile in &result.profiles {
        table.row([
            profile.connection.to_string(),
            profile.profile.label().to_owned(),
            profile.fingerprint_sha256.short(),
            if profile.unchanged { "in use already".to_owned() } else { words::instant(profile.activates) },
            profile.replaces.map_or_else(|| "nothing".to_owned(), |old| old.short()),
            match (profile.replaces, profile.replaced_until) {
                (None, _) => "none replaced".to_owned(),
                (Some(_), Some(until)) => words::instant(until),
                (Some(_), None) => "as before".to_owned(),
            },
        ]);
    }
    table.render()
}

fn inspected(inspection: &Inspection) -> String {
    let mut text = format!("{} in {} format\n", inspection.file, inspection.format);
    for certificate in &inspection.certificates {
        text.push('\n');
        let place = certificate.found_in.clone().map(|place| ("Found in", place));
        text.push_str(&labelled(fact_lines(&certificate.facts).into_iter().chain(place), "  "));
        text.push_str(&warned(&certificate.warnings));
    }
    for remark in &inspection.remarks {
        text.push_str(&format!("\nPassed over: {remark}\n"));
    }
    if inspection.private_key {
        text.push_str(
            "\nIt holds a private key, of which nothing was kept. For an identity of your own take it with `countersign identity \
             import`; a partner's file must hold none\n",
        );
    }
    text
}

pub(super) fn facts(facts: &CertificateFacts) -> String {
    labelled(fact_lines(facts), "  ")
}

fn fact_lines(facts: &CertificateFacts) -> Vec<(&'static str, String)> {
    let hash = facts.signature.hash.map_or_else(String::new, |hash| format!("{} with ", hash.label()));
    vec![
        ("Subject", facts.subject.clone()),
        ("Issuer", if facts.self_signed { format!("{} (self-signed)", facts.issuer) } else { facts.issuer.clone() }),
        ("Serial number", facts.serial.clone()),
        ("Signature", format!("{hash}{}", facts.signature.algorithm)),
        ("Key", facts.key.to_string()),
        ("Valid from", words::instant(facts.not_before)),
        ("Valid until", words::instant(facts.not_after)),
        ("Key usage", facts.key_usage.join(", ")),
        ("SHA-256", facts.fingerprint_sha256.to_string()),
        ("SHA-1", facts.fingerprint_sha1.clone()),
    ]
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
        let details = labelled(details.into_iter().chain(provenance(listed)), "  ");
        text.push_str(&format!("{}\n{details}", facts.fingerprint_sha256.to_hex()));
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
