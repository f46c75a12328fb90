//! `transmission`: the journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::arguments::TransmissionCommand;
use super::table::{Table, labelled};
use super::transmission_arguments::{ExportArguments, ListArguments};
use super::{Answer, Session, check, command, document, send, words};
use crate::app::{
    AppError, Bundle, DocumentSummary, ExportFormat, Exported, RawPart, ReceiptGiven, TransmissionDocument,
    TransmissionFilter, TransmissionPage, TransmissionSummary, WrittenBundle, receipt_given,
};
use crate::domain::document_facts::DocumentFacts;
use crate::domain::transmission::{Attempt, Headers, Transmission};

/// Where the raw bytes are: they themselves may be anything, and are no JSON.
#[derive(Serialize)]
struct RawDocument {
    files: Vec<PathBuf>,
}

/// A page, and how many there are in all where that was asked.
#[derive(Serialize)]
struct ListDocument<'a> {
    #[serde(flatten)]
    page: &'a TransmissionPage,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// What is in a support bundle, and where it was written.
#[derive(Serialize)]
struct BundleDocument<'a> {
    #[serde(flatten)]
    written: Option<WrittenBundle>,
    #[serde(flatten)]
    bundle: &'a Bundle,
}

/// What was written where.
#[derive(Serialize)]
struct ExportDocument {
    file: String,
    format: ExportFormat,
    transmissions: u64,
}

pub(super) async fn run(session: &Session, command: TransmissionCommand) -> Result<Answer, AppError> {
    match command {
        TransmissionCommand::List(arguments) => list(session, arguments).await?,
        TransmissionCommand::Summary(arguments) => super::transmission_summary::run(session, arguments).await?,
        TransmissionCommand::Export(arguments) => export(session, arguments).await?,
        TransmissionCommand::Redeliver(arguments) => return super::redelivery::run(session, arguments).await,
        TransmissionCommand::Compare { one, other, all } => {
            super::comparison::run(session, &one, &other, all).await?;
        }
        TransmissionCommand::Receipt { id, file } => return super::redelivery::receipt(session, &id, &file).await,
        TransmissionCommand::Show { id, structure, attempt, payload } => {
            let transmission = session.app.transmission(&id).await?;
            let layers = match structure {
                true => Some(session.app.structure_of(&id, RawPart::Request, attempt).await?),
                false => None,
            };
            let view = match payload {
                true => Some(Arc::new(session.app.open_view(&id, RawPart::Payload, None).await?)),
                false => None,
            };
            let acknowledgements = session.app.acknowledgements(&id).await?;
            let keeping = session.app.keeping(&id).await?;
            let cut = session.app.cut_parts(&id).await?;
            let commands = session.app.command_runs(transmission.id).await?;
            let given = receipt_given(&transmission);
            if let Some(altered) = view.as_deref().and_then(|view| view.altered.as_deref()) {
                session.out.warning(altered);
            }
            if session.out.is_json() {
                let mut document = TransmissionDocument::from(&transmission).keeping(&keeping);
                document.receipt_given = given;
                document.cut = cut;
                document.altered = view.as_deref().and_then(|view| view.altered.clone());
                document.commands = commands;
                document.acknowledgements = acknowledgements;
                document.structure = layers;
                document.outline = view.as_deref().and_then(DocumentSummary::of);
                session.out.answer(&document, String::new);
                return Ok(Answer::Yes);
            }
            // What is asked for alone is shown alone: it may be piped on.
            if layers.is_none() && view.is_none() {
                session.out.text(&show(&transmission, given.as_ref()));
                if let Some(keeping) = document::keeping(&keeping) {
                    session.out.text(&keeping);
                }
                for part in &cut {
                    session.out.text(&format!("\n{}\n", part.in_words()));
                }
                session.out.text(&document::acknowledgements(&acknowledgements));
                session.out.text(&command::runs(&commands));
            }
            if let Some(layers) = layers {
                session.out.text(&layers.to_text());
            }
            if let Some(view) = view {
                document::show(session, &view).await?;
            }
        }
        TransmissionCommand::Raw { id, side, attempt, output: Some(file) } => {
            warn_of_altered(session, &id, side.into()).await?;
            let saved = session.app.save_part(&id, side.into(), attempt, &file).await?;
            session.out.answer(&saved, || {
                let missing = saved.gap.map_or_else(String::new, |gap| {
                    format!(", without {} bytes from byte {} on, which were not kept", gap.bytes, gap.offset)
                });
                format!("Written {}, {} bytes{missing}", saved.file.display(), saved.bytes)
            });
        }
        TransmissionCommand::Proof { id, output } => {
            let proof = session.app.write_proof(&id, &output).await?;
            session.out.answer(&proof, || {
                let mut text = format!("Written {}\n", output.display());
                for check in &proof.checks {
                    let mark = words::holds(check.holds);
                    text.push_str(&format!("{mark} {}: {}\n", check.what, super::output::line(&check.detail)));
                }
                text
            });
            return Ok(if proof.proven { Answer::Yes } else { Answer::No });
        }
        TransmissionCommand::Bundle { id, output, with_payload } => {
            bundle(session, &id, output.as_deref(), with_payload).await?;
        }
        TransmissionCommand::Raw { id, side, attempt, output: None } => {
            warn_of_altered(session, &id, side.into()).await?;
            let files = session.app.raw(&id, side.into(), attempt).await?;
            if session.out.is_json() {
                session.out.answer(&RawDocument { files }, String::new);
            } else {
                for file in files {
                    session.out.file(&file)?;
                }
            }
        }
    }
    Ok(Answer::Yes)
}

/// Says beside the bytes of a document that they are not those that were journalled.
async fn warn_of_altered(session: &Session, id: &str, part: RawPart) -> Result<(), AppError> {
    if part == RawPart::Payload
        && let Some(altered) = session.app.altered(id, part).await?
    {
        session.out.warning(&altered);
    }
    Ok(())
}

async fn list(session: &Session, arguments: ListArguments) -> Result<(), AppError> {
    let filter = TransmissionFilter {
        limit: usize::from(arguments.limit),
        after: arguments.after.as_deref().map(str::parse).transpose()?,
        ..arguments.filter.filter(session).await?
    };
    let page = session.app.transmissions(&filter).await?;
    let total = if arguments.count { Some(session.app.count_transmissions(&filter).await?) } else { None };
    session.out.answer(&ListDocument { page: &page, total }, || {
        if page.transmissions.is_empty() {
            return "No transmissions".to_owned();
        }
        let mut text = table(&page.transmissions);
        if let Some(total) = total {
            text.push_str(&format!("\n{total} in all\n"));
        }
        if let Some(next) = &page.next {
            text.push_str(&format!("\nThere are more: add --after {next}\n"));
        }
        text
    });
    Ok(())
}

async fn export(session: &Session, arguments: ExportArguments) -> Result<(), AppError> {
    let ExportArguments { filter, format, output } = arguments;
    let which = Exported::Filter(Box::new(filter.filter(session).await?));
    let Some(file) = output else {
        // One JSON document is asked for, whatever is in it.
        let usual = if session.out.is_json() { ExportFormat::Json } else { ExportFormat::Csv };
        let format = format.unwrap_or(usual);
        if session.out.is_json() && format != ExportFormat::Json {
            return Err(AppError::new("with --json the list is a JSON document, not a table")
                .hint("leave --json away, or write the table to a file with -o FILE.csv"));
        }
        session
            .app
            .export_transmissions(&which, format, |piece| {
                session.out.bytes(piece);
                Ok(())
            })
            .await?;
        return Ok(());
    };
    let format = match format {
        Some(format) => format,
        None => ExportFormat::for_file(&file)?,
    };
    let number = session.app.write_transmissions(&which, format, &file).await?;
    let document = ExportDocument { file: file.display().to_string(), format, transmissions: number };
    session.out.answer(&document, || format!("{number} written to {}", file.display()));
    Ok(())
}

/// Shows what goes to a partner's support, and writes it where a file is named.
async fn bundle(session: &Session, id: &str, file: Option<&Path>, with_payload: bool) -> Result<(), AppError> {
    let bundle = session.app.bundle(id, with_payload).await?;
    let written = match file {
        Some(file) => Some(session.app.write_bundle(&bundle, file).await?),
        None => None,
    };
    let content = BundleDocument { written, bundle: &bundle };
    session.out.answer(&content, || {
        let mut table = Table::new(["File", "Bytes", "What it is"]);
        for (name, bytes, what) in bundle.list() {
            table.row([name.to_owned(), bytes.to_string(), what.to_owned()]);
        }
        let mut text = table.render();
        for line in &bundle.left_out {
            text.push_str(&format!("Left out: {}\n", super::output::line(line)));
        }
        match file {
            Some(file) => text.push_str(&format!("\nWritten {}\n", file.display())),
            None => text.push_str("\nNothing is written yet: add -o FILE.zip\n"),
        }
        text
    });
    if bundle.payload.is_some() {
        session.out.note("The document itself is in it: give it to nobody who may not read it");
    }
    Ok(())
}

fn table(transmissions: &[TransmissionSummary]) -> String {
    let mut table = Table::new(["Id", "When", "Way", "Profile", "File", "Document", "Bytes", "Verdict", "Cause"]);
    for each in transmissions {
        table.row([
            each.id.to_string(),
            words::instant(each.at),
            each.direction.to_string(),
            check::place(each.connection.as_ref(), each.profile),
            each.file.clone().unwrap_or_default(),
            each.document.clone().unwrap_or_default(),
            each.bytes.to_string(),
            words::verdict_of(each.direction, each.verdict),
            each.cause.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}

fn show(transmission: &Transmission, given: Option<&ReceiptGiven>) -> String {
    let mic = &transmission.mic;
    let mut text = labelled(
        [
            ("When", words::instant(transmission.at)),
            ("Way", transmission.direction.to_string()),
            ("Profile", check::place(transmission.connection.as_ref(), transmission.profile)),
            ("File", transmission.file.clone().unwrap_or_default()),
            ("Document", transmission.document.as_ref().map_or_else(String::new, document)),
            ("Payload", payload(transmission)),
            ("SHA-256", transmission.payload_sha256.clone().unwrap_or_default()),
            ("HTTP status", transmission.http_status.map_or_else(String::new, |status| status.to_string())),
            ("Disposition", transmission.disposition.clone().unwrap_or_default()),
            ("Our MIC", mic.ours.clone().unwrap_or_default()),
            ("Partner's MIC", mic.theirs.clone().unwrap_or_default()),
            ("MIC algorithm", mic.algorithm.clone().unwrap_or_default()),
            ("Receipt asked for", given.map(|given| given.asked.clone()).unwrap_or_default()),
            ("Receipt given", given.map(|given| given.became.clone()).unwrap_or_default()),
        ],
        "",
    );
    text.push('\n');
    for stage in &transmission.stages {
        text.push_str(&format!("{}\n", super::output::line(&send::one_stage(stage))));
    }
    text.push_str(&send::outcome(transmission));
    if !transmission.attempts.is_empty() {
        text.push_str(&format!("\n{}", attempts(&transmission.attempts)));
    }
    if let Some(at) = transmission.next_attempt {
        text.push_str(&format!("\nThe next attempt is made by itself at {}\n", words::instant(at)));
    }
    let half = transmission.is_half_answered(transmission.last_attempt());
    let answer = if half { "Answer, which broke off" } else { "Answer" };
    for (title, headers) in [
        ("Request", &transmission.request_headers),
        (answer, &transmission.response_headers),
        ("Receipt by itself", &transmission.receipt_headers),
    ] {
        text.push_str(&header_list(title, headers));
    }
    text
}

/// How long the document is. Of what could not be opened nothing is known, so that it is empty is said of the others.
fn payload(transmission: &Transmission) -> String {
    match transmission.bytes.payload {
        0 if transmission.payload_sha256.is_some() => "Empty, 0 bytes".to_owned(),
        1 => "1 byte".to_owned(),
        bytes => format!("{bytes} bytes"),
    }
}

/// `x12 850, control numbers 000000412 412 0001`.
fn document(document: &DocumentFacts) -> String {
    let numbers: Vec<&str> = document.numbers().collect();
    let kind = document.kind().map(|kind| format!(" {kind}")).unwrap_or_default();
    format!("{}{kind}, control numbers {}", document.standard, numbers.join(" "))
}

fn attempts(attempts: &[Attempt]) -> String {
    let mut table = Table::new(["Attempt", "Began", "Verdict", "HTTP status", "Outcome"]);
    for attempt in attempts {
        table.row([
            attempt.number.to_string(),
            words::instant(attempt.started),
            words::verdict(attempt.verdict),
            attempt.http_status.map_or_else(|| "none".to_owned(), |status| status.to_string()),
            attempt.detail.clone(),
        ]);
    }
    table.render()
}

fn header_list(title: &str, headers: &Headers) -> String {
    if headers.is_empty() {
        return String::new();
    }
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("  {}\n", super::output::line(&format!("{name}: {value}"))))
        .collect();
    format!("\n{title}\n{lines}")
}
