//! `connection`: adding, listing, showing, exporting, changing, copying, removing.

use serde::Serialize;

use super::arguments::ConnectionCommand;
use super::table::{Table, labelled};
use super::{Answer, Session, check, many, openas2, secret, settings, words};
use crate::app::{
    AppError, ConnectionChange, ConnectionSummary, ListedCertificate, Observations, OpenAs2Files, ProfileFolders, Saved,
};
use crate::domain::certificate::Fingerprint;
use crate::domain::compliance::ConnectionReport;
use crate::domain::connection::{Connection, InboundStrength, Profile, Quirks};
use crate::domain::connection_filter::ConnectionFilter;
use crate::domain::identifier::ConnectionId;
use crate::domain::timeline::{next_activation, used_now};

#[derive(Serialize)]
struct ListDocument {
    connections: Vec<ConnectionSummary>,
}

#[derive(Serialize)]
struct RemovedDocument<'a> {
    removed: &'a str,
}

#[derive(Serialize)]
struct ExportDocument<'a> {
    id: &'a str,
    /// Where it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The connection file itself.
    toml: &'a str,
}

#[derive(Serialize)]
struct ShownDocument<'a> {
    #[serde(flatten)]
    connection: &'a Connection,
    folders: &'a [ProfileFolders],
}

pub(super) async fn run(session: &Session, command: ConnectionCommand) -> Result<Answer, AppError> {
    let app = &session.app;
    match command {
        ConnectionCommand::Add { file, replace } => {
            let saved = app.add_connection(&file, replace).await?;
            tell(session, &saved, "Saved");
        }
        ConnectionCommand::Import { file, keystore, password_stdin, ours, dry_run } => {
            let password = password_stdin.then(secret::password_from_stdin).transpose()?;
            let files = OpenAs2Files { partnerships: file, keystore, password, ours };
            return openas2::run(session, &files, dry_run).await;
        }
        ConnectionCommand::List(filter) => {
            let filter = ConnectionFilter::from(filter);
            let document = ListDocument { connections: app.connection_list(&filter).await? };
            session.out.answer(&document, || list(&document.connections, filter.is_all()));
        }
        ConnectionCommand::Show { id } => {
            let connection = app.connection(&id).await?;
            let report = app.check(std::slice::from_ref(&id), app.now()).await?;
            let seen = app.observations().await?;
            let certificates = app.certificates().await?;
            let mut folders = app.folders().await?;
            folders.retain(|each| each.connection == id);
            let document = ShownDocument { connection: &connection, folders: &folders };
            session.out.answer(&document, || {
                let shown = show(&connection, &seen, &certificates, app.now());
                format!("{shown}\n{}{}", folder_lines(&folders), check::matrix(&report.connections))
            });
        }
        ConnectionCommand::Export { id, output } => {
            let toml = app.export_connection(&id).await?;
            let file = session.write_confidential_if_asked(output.as_deref(), &toml)?;
            let document = ExportDocument { id: id.as_str(), file: file.clone(), toml: &toml };
            session.out.answer(&document, || file.map_or_else(|| toml.clone(), |path| format!("Written to {path}")));
        }
        ConnectionCommand::Set { id, changes, conditions, dry_run } if !conditions.is_empty() => {
            let words: Vec<String> = std::iter::once(id).chain(changes).collect();
            return many::run(session, conditions, &words, dry_run).await;
        }
        ConnectionCommand::Set { id, changes, .. } => {
            let id = id.parse::<ConnectionId>().map_err(|wrong| AppError::new(wrong.to_string()))?;
            let wished = settings::read(&changes)?;
            let password = wished.password.then(secret::password_from_stdin).transpose()?;
            let keeps_secret = password.is_some();
            let mut change = ConnectionChange::new(id.clone());
            change.folders = wished.folders;
            match wished.profile {
                None => change.own = wished.changes,
                Some(kind) => {
                    change.profiles.push((kind, wished.changes));
                    change.passwords.extend(password.map(|password| (kind, password)));
                }
            }
            let saved = app.save(change).await?;
            if keeps_secret {
                session.tell_protection().await?;
            }
            tell(session, &saved, "Saved");
        }
        ConnectionCommand::Copy { id, from, to } => {
            if app.connection(&id).await?.profile(to).is_none() {
                session.out.note(&format!(
                    "{id} has no {to} profile yet: the new one has the identifiers and the address of {from}; change them before sending"
                ));
            }
            let saved = app.copy_profile(&id, from, to).await?;
            tell(session, &saved, "Copied");
        }
        ConnectionCommand::Tls(arguments) => return super::server_certificate::run(session, arguments).await,
        ConnectionCommand::Remove { id } => {
            app.remove_connection(&id).await?;
            session.out.answer(&RemovedDocument { removed: id.as_str() }, || {
                format!("Removed {id}; its transmissions stay in the journal")
            });
        }
    }
    Ok(Answer::Yes)
}

/// The folders of the profiles, one in a line.
fn folder_lines(folders: &[ProfileFolders]) -> String {
    let mut text = String::new();
    for each in folders {
        for (name, path) in [("Outbox", &each.outbox), ("Inbox", &each.inbox)] {
            if let Some(path) = path {
                text.push_str(&format!("{name} of {}  {}\n", each.profile, super::output::line(path)));
            }
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// What was saved, and beside it what still does not comply.
fn tell(session: &Session, saved: &Saved, done: &str) {
    let report: &ConnectionReport = &saved.report;
    session.out.answer(report, || format!("{done} {}\n{}", report.id, check::matrix(std::slice::from_ref(report))));
    if let Some(shared) = saved.shared_pair() {
        session.out.warning(&shared);
    }
    let open = check::still_open(report);
    if !open.is_empty() {
        session.out.aside(&open);
    }
}

fn list(connections: &[ConnectionSummary], all: bool) -> String {
    if connections.is_empty() {
        return if all { "No connections in this workspace" } else { "No connection answers to this" }.to_owned();
    }
    // What no connection has needs no column.
    let has_customer = connections.iter().any(|connection| connection.customer.is_some());
    let has_tags = connections.iter().any(|connection| !connection.tags.is_empty());
    let labels = [has_customer.then_some("Customer"), has_tags.then_some("Tags")];
    let heads = ["Id", "Name", "Status", "Policy", "Profiles"].into_iter();
    let mut table = Table::new(heads.chain(labels.into_iter().flatten()));
    for connection in connections {
        let profiles: Vec<&str> = connection.profiles.iter().map(|kind| kind.as_str()).collect();
        let mut cells = vec![
            connection.id.to_string(),
            connection.name.clone(),
            format!("{} {}", words::status(connection.status), connection.status.label()),
            connection.policy.to_string(),
            profiles.join(", "),
        ];
        if has_customer {
            cells.push(connection.customer.as_ref().map(ToString::to_string).unwrap_or_default());
        }
        if has_tags {
            cells.push(connection.tags.to_string());
        }
        table.row(cells);
    }
    table.render()
}

fn show(
    connection: &Connection,
    seen: &Observations,
    certificates: &[ListedCertificate],
    now: jiff::Timestamp,
) -> String {
    // One that has ended is accepted all the same, for a partner who is late; who looks is to see that it has.
    let accepted_as = |print: &Fingerprint| {
        let facts = certificates.iter().map(|listed| &listed.certificate.facts);
        let ended = facts.filter(|facts| facts.fingerprint_sha256 == *print).find(|facts| facts.not_after < now);
        ended.map_or_else(
            || print.short(),
            |facts| format!("{} (ended {})", print.short(), words::instant(facts.not_after)),
        )
    };
    let head = [
        ("Id", connection.id.to_string()),
        ("Name", connection.name.clone()),
        ("Policy", connection.policy.to_string()),
        ("Customer", connection.written("customer")),
        ("Tags", connection.written("tags")),
        ("Contact", connection.contact.clone().unwrap_or_default()),
        ("Notes", connection.notes.clone().unwrap_or_default()),
    ];
    let mut text = labelled(head, "");
    let profiles: Vec<_> = connection
        .profiles()
        .map(|(kind, profile)| {
            let accepted = seen.accepted(&connection.id, kind, profile, now).iter().map(accepted_as).collect();
            (kind, profile, Then { now, accepted })
        })
        .collect();
    let mut table = Table::new(std::iter::once("").chain(profiles.iter().map(|(kind, ..)| kind.label())));
    for (label, value) in ROWS {
        let values: Vec<String> = profiles.iter().map(|(_, profile, then)| value(profile, then)).collect();
        if values.iter().any(|value| !value.is_empty()) {
            table.row(std::iter::once((*label).to_owned()).chain(values));
        }
    }
    text.push('\n');
    text.push_str(&table.render());
    text
}

/// When a profile is shown, and what it accepts then.
struct Then {
    now: jiff::Timestamp,
    /// In words.
    accepted: Vec<String>,
}

type Row = (&'static str, fn(&Profile, &Then) -> String);

/// What is shown of a profile; the rest is in its export.
const ROWS: &[Row] = &[
    ("Our AS2 identifier", |profile, _| profile.our_as2_id.to_string()),
    ("Partner's AS2 identifier", |profile, _| profile.partner_as2_id.to_string()),
    ("Address", |profile, _| profile.url.to_string()),
    ("Identity", |profile, _| profile.identity.to_string()),
    ("Encryption", |profile, _| profile.encryption.label().to_owned()),
    ("Key transport", |profile, _| profile.key_transport.to_string()),
    ("Signing", |profile, _| profile.signing.label().to_owned()),
    ("Signature scheme", |profile, _| profile.signature_scheme.to_string()),
    ("Compression", |profile, _| profile.compression.to_string()),
    ("Receipt (MDN)", |profile, _| profile.mdn.label().to_owned()),
    ("MIC asked for", |profile, _| profile.receipt_digest().label().to_owned()),
    ("Receipt address", |profile, _| profile.mdn_url.as_ref().map(ToString::to_string).unwrap_or_default()),
    ("Content type", |profile, _| profile.content_type.clone()),
    ("Subject", |profile, _| profile.subject.clone().unwrap_or_default()),
    ("HTTP user", |profile, _| profile.http_user.clone().unwrap_or_default()),
    ("Trusted servers", |profile, _| if profile.url.is_tls() { profile.tls_trust.clone() } else { String::new() }),
    ("Presented to servers", |profile, _| profile.tls_identity.as_ref().map(ToString::to_string).unwrap_or_default()),
    ("Demanded inbound", |profile, _| profile.inbound_security().to_string()),
    ("Weaker than sent", |profile, _| {
        match profile.require_strength {
            InboundStrength::Any => "taken and noted",
            InboundStrength::AsSent => "refused",
        }
        .to_owned()
    }),
    ("Timeout", |profile, _| format!("{} s", profile.timeout_seconds)),
    ("Retries", |profile, _| profile.retries.to_string()),
    ("Quirks", |profile, _| {
        if profile.quirks == Quirks::default() { "none" } else { "some, see its export" }.to_owned()
    }),
    ("Encrypts for", |profile, then| {
        used_now(&profile.partner_certificates, then.now)
            .map_or_else(|| "none".to_owned(), |entry| entry.fingerprint.short())
    }),
    ("Next certificate", |profile, then| {
        next_activation(&profile.partner_certificates, then.now)
            .map(|(entry, at)| format!("{} on {}", entry.fingerprint.short(), words::instant(at)))
            .unwrap_or_default()
    }),
    ("Accepts signatures by", |_, then| then.accepted.join(", ")),
];
