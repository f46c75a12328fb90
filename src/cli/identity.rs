//! `identity`: making, taking in, requesting, listing our own keys, giving our certificate away, changing over.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::identity_arguments::IdentityCommand;
use super::table::Table;
use super::{Answer, Session, secret, words};
use crate::app::{
    AppError, IdentityFiles, IdentityFormat, IdentityUse, KeyExport, ListedIdentity, ListedRequest, NewIdentity,
    NewRequest, OwnChange, OwnChanges, OwnProgress, OwnStep, P12Form, ProfileRef, SheetFormat, SheetRequest,
};
use crate::domain::certificate::CertificateWarning;
use crate::domain::identifier::{ConnectionId, IdentityName, ProfileKind};
use crate::domain::own_rollover::Noted;

#[derive(Serialize)]
struct ListDocument {
    identities: Vec<ListedIdentity>,
    /// What waits for a CA's answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requests: Vec<ListedRequest>,
}

#[derive(Serialize)]
struct ExportDocument<'a> {
    name: &'a str,
    /// Where it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The certificate as PEM.
    certificate: &'a str,
}

#[derive(Serialize)]
struct RequestDocument<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The request as PEM.
    request: &'a str,
}

#[derive(Serialize)]
struct SheetDocument<'a> {
    name: &'a str,
    connection: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Where the certificate was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    /// The sheet itself, where it was not written to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
}

#[derive(Serialize)]
struct NotedDocument<'a> {
    name: &'a str,
    profiles: Vec<NotedProfile>,
}

#[derive(Serialize)]
struct NotedProfile {
    connection: ConnectionId,
    profile: ProfileKind,
}

#[derive(Serialize)]
struct ProgressDocument<'a> {
    name: &'a str,
    profiles: &'a [OwnProgress],
}

pub(super) async fn run(session: &Session, command: IdentityCommand) -> Result<Answer, AppError> {
    let app = &session.app;
    match command {
        IdentityCommand::Create { name, key, same_key, days, subject } => {
            let new = NewIdentity { name, key, days, subject };
            let made = match &same_key {
                Some(of) => app.renew_identity(new, of).await?,
                None => app.create_identity(new).await?,
            };
            tell(session, &made, "Made").await?;
        }
        IdentityCommand::Import { file, certificate, name, choose, password_stdin } => {
            let password = password_stdin.then(secret::password_from_stdin).transpose()?;
            let files = IdentityFiles { file, certificate, password, choose };
            let taken = app.import_identity_files(&files, name).await?;
            tell(session, &taken, "Imported").await?;
        }
        IdentityCommand::Export { name, output, format, password_stdin, legacy } => {
            let password = password_stdin.then(secret::password_from_stdin).transpose()?;
            let form = if legacy { P12Form::Legacy } else { P12Form::Modern };
            export(session, &name, output.as_deref(), format, password.map(|password| KeyExport { password, form }))
                .await?;
        }
        IdentityCommand::Request { name, number, forget: true, .. } => {
            app.drop_request(&name, number).await?;
            session.out.answer(&RemovedDocument { removed: name.as_str() }, || format!("Gave the request {name} up"));
        }
        IdentityCommand::Request { name, output, key, subject, number, forget: false } => {
            let pem = app.request_certificate(NewRequest { name: name.clone(), key, subject, number }).await?;
            let file = session.write_if_asked(output.as_deref(), &pem)?;
            let document = RequestDocument { name: name.as_str(), file: file.clone(), request: &pem };
            session.out.answer(&document, || file.map_or_else(|| pem.clone(), |path| format!("Written to {path}")));
            session.tell_protection().await?;
        }
        IdentityCommand::Install { name, file, new_name } => {
            let installed = app.install_answer(&name, &file, new_name).await?;
            tell(session, &installed, "Installed").await?;
            if installed.name != name {
                session.out.aside(&format!(
                    "Profiles go on signing with {name} until they are changed over: countersign identity rollover {name} {}",
                    installed.name
                ));
            }
        }
        IdentityCommand::Remove { name } => {
            app.remove_identity(&name).await?;
            session.out.answer(&RemovedDocument { removed: name.as_str() }, || format!("Removed {name}"));
        }
        IdentityCommand::Rollover { name, new, at, connections, profile } => {
            let profiles = named(session, &name, &connections, &profile.kinds()).await?;
            // None named means all: what was named and is not there must not come to that.
            if profiles.is_empty() && !(connections.is_empty() && profile.kinds().is_empty()) {
                return Err(AppError::new("there is no such profile; nothing was changed")
                    .hint("`countersign identity list` shows which profile uses which identity"));
            }
            let change = OwnChange { from: Some(name), to: new, activation: at, profiles };
            changed(session, &app.change_own(&change).await?);
        }
        IdentityCommand::Cancel { id, profile } => {
            changed(session, &app.step_own(&[(id, profile)], OwnStep::Cancel).await?);
        }
        IdentityCommand::Rollback { id, profile } => {
            changed(session, &app.step_own(&[(id, profile)], OwnStep::RollBack).await?);
        }
        IdentityCommand::Told { name, connections, how, at } => {
            let profiles = app.profiles_naming(&name, &connections).await?;
            app.note_told(&name, &profiles, &how, at).await?;
            noted(session, &name, profiles, "Told");
        }
        IdentityCommand::Confirmed { name, connections, by, at } => {
            let profiles = app.profiles_naming(&name, &connections).await?;
            app.note_confirmed(&name, &profiles, &by, at).await?;
            noted(session, &name, profiles, "Confirmed");
        }
        IdentityCommand::Progress { name } => {
            let profiles = app.own_progress(&name).await?;
            let document = ProgressDocument { name: name.as_str(), profiles: &profiles };
            session.out.answer(&document, || progress(&name, &profiles));
        }
        IdentityCommand::Sheet { name, connection, output, format, contact, zone } => {
            let named = match (&format, &output) {
                (None, Some(file)) => SheetFormat::of(file)?,
                _ => None,
            };
            let format = format.or(named).unwrap_or(SheetFormat::Html);
            let request = SheetRequest { identity: name, connection, contact, zone, format };
            sheet(session, &request, output.as_deref()).await?;
        }
        IdentityCommand::List => {
            let (identities, requests) = (app.identities().await?, app.identity_requests().await?);
            let text = list(&identities, &requests);
            session.out.answer(&ListDocument { identities, requests }, || text);
        }
    }
    Ok(Answer::Yes)
}

/// The profiles that are meant by these connections and kinds. Where only the connection is named, those of its profiles
/// that sign with the identity, and all of them where none does: then it is said why it cannot be.
async fn named(
    session: &Session,
    name: &IdentityName,
    connections: &[ConnectionId],
    kinds: &[ProfileKind],
) -> Result<Vec<ProfileRef>, AppError> {
    let (app, mut found) = (&session.app, Vec::new());
    if connections.is_empty() && kinds.is_empty() {
        return Ok(found);
    }
    let all = match connections {
        [] => app.connections().await?,
        named => {
            let mut all = Vec::new();
            for id in named {
                all.push(app.connection(id).await?);
            }
            all
        }
    };
    for connection in all {
        let signing: Vec<ProfileKind> = connection
            .profiles()
            .filter(|(_, profile)| profile.identity.at(app.now()) == name)
            .map(|(kind, _)| kind)
            .collect();
        let wanted = |kind: &ProfileKind| match (connections.is_empty(), kinds.is_empty()) {
            (true, _) => kinds.contains(kind) && signing.contains(kind),
            (false, true) => signing.is_empty() || signing.contains(kind),
            (false, false) => kinds.contains(kind),
        };
        found.extend(
            connection.profiles().map(|(kind, _)| kind).filter(wanted).map(|kind| (connection.id.clone(), kind)),
        );
    }
    Ok(found)
}

#[derive(Serialize)]
struct RemovedDocument<'a> {
    removed: &'a str,
}

async fn export(
    session: &Session,
    name: &IdentityName,
    output: Option<&Path>,
    format: IdentityFormat,
    key: Option<KeyExport>,
) -> Result<(), AppError> {
    let pem = session.app.export_identity(name).await?;
    let file = match (format, output, key) {
        (IdentityFormat::Pem, _, _) => session.write_if_asked(output, &pem)?,
        (_, None, _) => {
            return Err(AppError::new(format!("{format} is not text")).hint("name the file to write with -o FILE"));
        }
        (IdentityFormat::P12, Some(_), None) => {
            return Err(AppError::new("a .p12 holds the key, which needs a password")
                .hint("give one with --password-stdin, on the first line of standard input"));
        }
        (IdentityFormat::P12, Some(path), Some(key)) => {
            if key.password.is_empty() {
                session.out.warning("the password is empty: whoever has the file has the key");
            }
            session.app.export_key(name, key, path).await?;
            Some(path.display().to_string())
        }
        (_, Some(_), _) => session.write_if_asked(output, session.app.export_own_certificate(name, format).await?)?,
    };
    let document = ExportDocument { name: name.as_str(), file: file.clone(), certificate: &pem };
    session.out.answer(&document, || file.map_or_else(|| pem.clone(), |path| format!("Written to {path}")));
    Ok(())
}

async fn sheet(session: &Session, request: &SheetRequest, output: Option<&Path>) -> Result<(), AppError> {
    let (name, connection) = (request.identity.as_str(), request.connection.as_str());
    let Some(path) = output else {
        let sheet = session.app.identity_sheet(request).await?;
        let document = SheetDocument { name, connection, file: None, certificate: None, sheet: Some(&sheet) };
        session.out.answer(&document, || sheet.clone());
        return Ok(());
    };
    let beside = session.app.write_identity_sheet(request, path).await?.display().to_string();
    let file = path.display().to_string();
    let document =
        SheetDocument { name, connection, file: Some(file.clone()), certificate: Some(beside.clone()), sheet: None };
    session.out.answer(&document, || format!("Written to {file}, and the certificate to {beside}"));
    Ok(())
}

fn changed(session: &Session, changes: &OwnChanges) {
    session.out.answer(changes, || {
        let mut table = Table::new(["Connection", "Profile", "Signs with", "From", "Before"]);
        for each in &changes.profiles {
            table.row([
                each.connection.to_string(),
                each.profile.to_string(),
                each.identity.to_string(),
                words::instant(each.activates),
                each.replaces.to_string(),
            ]);
        }
        table.render()
    });
    for warning in &changes.warnings {
        if *warning == CertificateWarning::ScheduleCancelled && !changes.cancelled.is_empty() {
            let named: Vec<&str> = changes.cancelled.iter().map(IdentityName::as_str).collect();
            session.out.warning(&format!("The change that was scheduled to {} is cancelled", named.join(", ")));
        } else {
            session.out.warning(warning.sentence());
        }
    }
}

fn noted(session: &Session, name: &IdentityName, profiles: Vec<ProfileRef>, what: &str) {
    let text = format!("{what} of {name}: {}", words::counted(profiles.len(), "profile"));
    let profiles = profiles.into_iter().map(|(connection, profile)| NotedProfile { connection, profile }).collect();
    session.out.answer(&NotedDocument { name: name.as_str(), profiles }, || text);
}

fn progress(name: &IdentityName, profiles: &[OwnProgress]) -> String {
    if profiles.is_empty() {
        return format!("No profile signs with {name}, now or on a date");
    }
    let mut table = Table::new(["Connection", "Profile", "Stage", "Signs from", "Told", "Confirmed", "Seen", ""]);
    let day = |at: Option<Timestamp>| at.map(words::instant).unwrap_or_default();
    let note = |note: &Option<Noted>| {
        note.as_ref().map_or_else(String::new, |note| format!("{}, {}", words::instant(note.at), note.words))
    };
    for each in profiles {
        table.row([
            each.connection.to_string(),
            each.profile.to_string(),
            each.stage.label().to_owned(),
            day(each.activates),
            note(&each.known.told),
            note(&each.known.confirmed),
            day(each.known.seen()),
            each.concern.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}

async fn tell(session: &Session, identity: &ListedIdentity, done: &str) -> Result<(), AppError> {
    session.out.answer(identity, || {
        format!(
            "{done} {}: {}, {}, valid until {}\nSHA-256 {}",
            identity.name,
            identity.subject,
            identity.key,
            words::instant(identity.not_after),
            identity.fingerprint_sha256
        )
    });
    if !identity.passed_over.is_empty() {
        let others: Vec<String> = identity.passed_over.iter().map(|print| print.short()).collect();
        session.out.aside(&format!(
            "Of the certificates in the file for this key the newest valid one was taken, and not {}",
            others.join(", ")
        ));
    }
    for warning in &identity.warnings {
        session.out.warning(warning.sentence_about_ours());
    }
    session.tell_protection().await
}

/// `amazon-us production`, with the instant from which it signs there where that is to come.
fn place(used: &IdentityUse) -> String {
    let from = used.from.map_or_else(String::new, |from| format!(" from {}", words::instant(from)));
    format!("{} {}{from}", used.connection, used.profile)
}

fn list(identities: &[ListedIdentity], requests: &[ListedRequest]) -> String {
    if identities.is_empty() && requests.is_empty() {
        return "No identities in this workspace".to_owned();
    }
    let mut table = Table::new(["Name", "Subject", "Key", "Valid until", "SHA-256", "Used by"]);
    for identity in identities {
        let used: Vec<String> = identity.used.iter().map(place).collect();
        table.row([
            identity.name.to_string(),
            identity.subject.clone(),
            identity.key.to_string(),
            words::instant(identity.not_after),
            identity.fingerprint_sha256.short(),
            if used.is_empty() { "nobody".to_owned() } else { used.join(", ") },
        ]);
    }
    for request in requests {
        table.row([
            request.name.to_string(),
            request.subject.clone(),
            match request.number {
                1 => "requested".to_owned(),
                number => format!("requested, number {number}"),
            },
            String::new(),
            String::new(),
            "waits for the CA's answer".to_owned(),
        ]);
    }
    table.render()
}
