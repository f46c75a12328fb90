//! `identity`: making, taking in, listing our own keys, giving our certificate away.

use serde::Serialize;

use super::arguments::IdentityCommand;
use super::table::Table;
use super::{Answer, Session, secret, words};
use crate::app::{AppError, ListedIdentity, NewIdentity};

#[derive(Serialize)]
struct ListDocument {
    identities: Vec<ListedIdentity>,
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

pub(super) async fn run(session: &Session, command: IdentityCommand) -> Result<Answer, AppError> {
    match command {
        IdentityCommand::Create { name, key, days, subject } => {
            let made = session.app.create_identity(NewIdentity { name, key, days, subject }).await?;
            tell(session, &made, "Made").await?;
        }
        IdentityCommand::Import { file, name, password_stdin } => {
            let password = password_stdin.then(secret::password_from_stdin).transpose()?;
            let taken = session.app.import_identity(&file, name, password).await?;
            tell(session, &taken, "Imported").await?;
        }
        IdentityCommand::Export { name, output } => {
            let pem = session.app.export_identity(&name).await?;
            let file = session.write_if_asked(output.as_deref(), &pem)?;
            let document = ExportDocument { name: name.as_str(), file: file.clone(), certificate: &pem };
            session.out.answer(&document, || file.map_or_else(|| pem.clone(), |path| format!("Written to {path}")));
        }
        IdentityCommand::List => {
            let identities = session.app.identities().await?;
            session.out.answer(&ListDocument { identities: identities.clone() }, || list(&identities));
        }
    }
    Ok(Answer::Yes)
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
    session.tell_protection().await
}

fn list(identities: &[ListedIdentity]) -> String {
    if identities.is_empty() {
        return "No identities in this workspace".to_owned();
    }
    let mut table = Table::new(["Name", "Subject", "Key", "Valid until", "SHA-256", "Used by"]);
    for identity in identities {
        let used: Vec<String> =
            identity.used.iter().map(|place| format!("{} {}", place.connection, place.profile)).collect();
        table.row([
            identity.name.to_string(),
            identity.subject.clone(),
            identity.key.to_string(),
            words::instant(identity.not_after),
            identity.fingerprint_sha256.short(),
            if used.is_empty() { "nobody".to_owned() } else { used.join(", ") },
        ]);
    }
    table.render()
}
