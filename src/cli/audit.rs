//! `audit`: who changed what, when; and whether the log is as it was written.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use super::{Answer, Session, words};
use crate::app::{AppError, AuditFilter, AuditVerification, ExportFormat};
use crate::domain::audit::AuditEntry;
use crate::domain::counted::plural_unless;

/// What there is to do with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List entries, the newest first: settings, certificates, schedules, keys that left, messages sent again
    List {
        /// Only those whose act, subject, person or values hold this text
        #[arg(long)]
        search: Option<String>,
        /// Only those before this number
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Compute the chain of digests anew. Ends with 1 where an entry was changed, put in or taken out
    Verify {
        /// A digest that was kept elsewhere: ends with 1 where no entry has it any more
        #[arg(long, value_name = "SHA256")]
        holds: Option<String>,
    },
    /// Write all entries to a file
    Export {
        /// The file; its end says the format, .csv or .json
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// The format, where the file's name does not say it
        #[arg(long)]
        format: Option<ExportFormat>,
    },
}

#[derive(Serialize)]
struct Listed {
    entries: Vec<AuditEntry>,
}

#[derive(Serialize)]
struct Written {
    file: PathBuf,
    entries: u64,
}

pub(super) async fn run(session: &Session, command: AuditCommand) -> Result<Answer, AppError> {
    match command {
        AuditCommand::List { search, before, limit } => {
            let filter = AuditFilter { search: search.unwrap_or_default(), before, most: limit };
            let listed = Listed { entries: session.app.audit_entries(&filter).await? };
            session.out.answer(&listed, || shown(&listed.entries));
            Ok(Answer::Yes)
        }
        AuditCommand::Verify { holds } => {
            let verified = session.app.verify_audit(holds.as_deref()).await?;
            session.out.answer(&verified, || said(&verified));
            let is_right = verified.broken.is_none() && verified.holds != Some(false);
            Ok(if is_right { Answer::Yes } else { Answer::No })
        }
        AuditCommand::Export { output, format } => {
            let format = format.map_or_else(|| ExportFormat::for_file(&output), Ok)?;
            let entries = session.app.export_audit(format, &output).await?;
            let written = Written { file: output, entries };
            session
                .out
                .answer(&written, || format!("Wrote {} to {}\n", in_words(written.entries), written.file.display()));
            Ok(Answer::Yes)
        }
    }
}

fn shown(entries: &[AuditEntry]) -> String {
    if entries.is_empty() {
        return "No entry\n".to_owned();
    }
    let mut text = String::new();
    for entry in entries {
        let at = words::instant(entry.at);
        text.push_str(&format!("{}  {at}  {}, by {}\n", entry.number, entry.act.label(), entry.by));
        text.push_str(&format!("    {}\n", entry.subject));
        for change in &entry.changes {
            let to = change.to.as_deref().unwrap_or("not set");
            let from = change.from.as_deref().map(|from| format!("{from} → ")).unwrap_or_default();
            text.push_str(&format!("    {}: {from}{to}\n", change.what));
        }
    }
    text
}

fn said(verified: &AuditVerification) -> String {
    let mut text = match &verified.broken {
        Some((number, why)) => format!("Entry {number}: {why}\n"),
        None => format!("{}, all as written\n", in_words(verified.entries)),
    };
    if let Some(last) = &verified.last {
        text.push_str(&format!("Last digest  {last}\n"));
    }
    match verified.holds {
        Some(true) => text.push_str("The digest that was kept is in the log\n"),
        Some(false) => text.push_str("No entry has the digest that was kept: the log was cut, or is another\n"),
        None => {}
    }
    text
}

fn in_words(number: u64) -> String {
    format!("{number} {}", plural_unless(number == 1, "entry"))
}
