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
    let format = format.or_else(|| output.as_deref().and_then(by_name)).unwrap_or(usual);
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

fn by_name(file: &Path) -> Option<ReportFormat> {
    let end = file.extension()?.to_str()?.to_ascii_lowercase();
    if end == "htm" { Some(ReportFormat::Html) } else { end.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_name_tells_the_format() {
        assert_eq!(by_name(Path::new("a.CSV")), Some(ReportFormat::Csv));
        assert_eq!(by_name(Path::new("a.htm")), Some(ReportFormat::Html));
        assert_eq!(by_name(Path::new("a.txt")), None);
    }
}
