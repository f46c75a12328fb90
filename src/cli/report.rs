//! `report`: the evidence as a file.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::arguments::instant_at;
use super::{Answer, Session};
use crate::app::{AppError, ReportFormat};

#[derive(Debug, clap::Args)]
pub(super) struct ReportArguments {
    /// html, csv or json; as the file's name ends where it is not given, else html
    #[arg(long)]
    format: Option<ReportFormat>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The instant to judge at; now where it is not given
    #[arg(long, value_name = "INSTANT", value_parser = instant_at)]
    at: Option<Timestamp>,
}

#[derive(Serialize)]
struct WrittenDocument<'a> {
    format: ReportFormat,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

pub(super) async fn run(session: &Session, arguments: ReportArguments) -> Result<Answer, AppError> {
    let ReportArguments { format, output, at } = arguments;
    let usual = if session.out.is_json() && output.is_none() { ReportFormat::Json } else { ReportFormat::Html };
    let named = match &output {
        Some(file) if format.is_none() => by_name(file)?,
        _ => None,
    };
    let format = format.or(named).unwrap_or(usual);
    if let Some(file) = &output {
        session.app.write_report(format, at, file).await?;
        let document = WrittenDocument { format, file: Some(file.display().to_string()), content: None };
        session.out.answer(&document, || format!("Written to {}", file.display()));
        return Ok(Answer::Yes);
    }
    let report = session.app.report(at).await?;
    match (format, session.out.is_json()) {
        (ReportFormat::Json, true) => session.out.answer(&report, String::new),
        (_, true) => {
            let content = report.write(format)?;
            session.out.answer(&WrittenDocument { format, file: None, content: Some(&content) }, String::new);
        }
        (_, false) => session.out.bytes(report.write(format)?.as_bytes()),
    }
    Ok(Answer::Yes)
}

/// The format that a file's ending means; none where it has no ending.
fn by_name(file: &Path) -> Result<Option<ReportFormat>, AppError> {
    let Some(ending) = file.extension() else { return Ok(None) };
    let ending = ending.to_string_lossy().to_ascii_lowercase();
    if ending == "htm" {
        return Ok(Some(ReportFormat::Html));
    }
    ending.parse().map(Some).map_err(|_unknown| {
        AppError::new(format!("a report is not written as .{ending}: {}", file.display()))
            .hint("end the name in .html, .csv or .json, or say which with --format; the HTML prints to a PDF")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_name_tells_the_format() {
        let named = |name: &str| by_name(Path::new(name));
        assert_eq!(named("a.CSV").unwrap(), Some(ReportFormat::Csv));
        assert_eq!(named("a.htm").unwrap(), Some(ReportFormat::Html));
        assert_eq!(named("a").unwrap(), None);
        let refused = named("a.pdf").unwrap_err();
        assert!(refused.to_string().contains(".pdf"), "{refused}");
    }
}
