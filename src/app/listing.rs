//! A list as a file: a table for spreadsheets, or the document that a command answers with; written piece by piece, so that
//! its length makes no difference.

use serde::Serialize;

use super::AppError;
use super::report::csv::harmless;
use super::transmission_export::ExportFormat;

/// A list that is being written.
pub(super) struct Listing<const N: usize> {
    format: ExportFormat,
    /// What it is called in the document.
    name: &'static str,
    /// The heads of the table.
    heads: [&'static str; N],
    /// So many were written.
    pub(super) number: u64,
}

impl<const N: usize> Listing<N> {
    pub(super) const fn new(format: ExportFormat, name: &'static str, heads: [&'static str; N]) -> Self {
        Self { format, name, heads, number: 0 }
    }

    /// How it begins.
    pub(super) fn head(&self) -> Vec<u8> {
        match self.format {
            // Spreadsheets take a file for UTF-8 only where it says so.
            ExportFormat::Csv => format!("\u{feff}{}\r\n", self.heads.join(",")).into_bytes(),
            ExportFormat::Json => format!("{{\"{}\":[", self.name).into_bytes(),
        }
    }

    /// More of it. What `cells` makes of each are its rows in the table, one at least.
    pub(super) fn more<R, I>(&mut self, of: &[R], cells: impl Fn(&R) -> I) -> Result<Vec<u8>, AppError>
    where
        R: Serialize,
        I: IntoIterator<Item = [String; N]>,
    {
        let cannot = |error: &dyn std::fmt::Display| AppError::new(format!("the list cannot be written: {error}"));
        let mut text = Vec::new();
        match self.format {
            ExportFormat::Csv => {
                let mut sheet = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
                for row in of.iter().flat_map(cells) {
                    sheet.write_record(row.map(|cell| harmless(&cell))).map_err(|error| cannot(&error))?;
                }
                text = sheet.into_inner().map_err(|error| cannot(&error))?;
            }
            ExportFormat::Json => {
                for (index, each) in of.iter().enumerate() {
                    if self.number > 0 || index > 0 {
                        text.extend_from_slice(b",\n");
                    }
                    serde_json::to_writer(&mut text, each).map_err(|error| cannot(&error))?;
                }
            }
        }
        self.number += of.len() as u64;
        Ok(text)
    }

    /// How it ends. `rest` is what else is in the document, with a comma before it.
    pub(super) fn foot(&self, rest: &str) -> Vec<u8> {
        match self.format {
            ExportFormat::Csv => Vec::new(),
            ExportFormat::Json => format!("]{rest}}}\n").into_bytes(),
        }
    }
}
