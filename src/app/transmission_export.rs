//! The list of transmissions as a file: read page by page, so that its length makes no difference.

use std::path::Path;

use super::listing::Listing;
use super::written::Growing;
use super::{App, AppError};
use crate::domain::spelling::spelled;
use crate::domain::transmission::TransmissionId;
use crate::store::{TransmissionFilter, TransmissionSummary};

/// So many are read at a time.
const PAGE: usize = 1_000;

/// The heads of the table.
const HEADS: [&str; 12] = [
    "at",
    "id",
    "direction",
    "connection",
    "profile",
    "file",
    "document",
    "control_numbers",
    "bytes",
    "verdict",
    "cause",
    "message_id",
];

spelled! {
    /// How a list is written.
    pub enum ExportFormat {
        /// A table for spreadsheets.
        Csv = "csv",
        /// The document that `transmission list` answers with, with all of them.
        Json = "json",
    }
}

impl ExportFormat {
    /// As a file's name ends.
    #[must_use]
    pub fn of_file(file: &Path) -> Option<Self> {
        file.extension()?.to_str()?.to_ascii_lowercase().parse().ok()
    }

    /// The same, where it is not said otherwise: a table where the name has no end.
    ///
    /// # Errors
    /// Where its name ends as that of another kind of file, which would not be one.
    pub fn for_file(file: &Path) -> Result<Self, AppError> {
        match (Self::of_file(file), file.extension()) {
            (Some(format), _) => Ok(format),
            (None, None) => Ok(Self::Csv),
            (None, Some(end)) => Err(AppError::new(format!(
                "a list is written as CSV or JSON, and {} ends in `.{}`",
                file.display(),
                end.to_string_lossy()
            ))
            .hint("name it .csv, which every spreadsheet opens, or .json; or say --format csv")),
        }
    }
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exported {
    /// All of a filter, in its order. Its limit and its place count for nothing.
    Filter(Box<TransmissionFilter>),
    /// These, the newest first.
    These(Vec<TransmissionId>),
}

impl App {
    /// Writes transmissions to a file, which is there in full or as it was before. Returns how many they are.
    ///
    /// # Errors
    /// Where the workspace cannot be read, or the file not written.
    pub async fn write_transmissions(
        &self,
        which: &Exported,
        format: ExportFormat,
        file: &Path,
    ) -> Result<u64, AppError> {
        // What is no file in a folder, such as a device, is written to as it is.
        if std::fs::metadata(file).is_ok_and(|there| !there.is_file()) {
            use std::io::Write as _;
            let cannot = |error: std::io::Error| AppError::new(format!("cannot write {}: {error}", file.display()));
            let mut there = std::fs::OpenOptions::new().write(true).open(file).map_err(cannot)?;
            return self.export_transmissions(which, format, |piece| there.write_all(piece).map_err(cannot)).await;
        }
        let mut growing = Growing::begin(file)?;
        let number = self.export_transmissions(which, format, |piece| growing.add(piece)).await?;
        growing.finish()?;
        Ok(number)
    }

    /// Hands transmissions over piece by piece. Returns how many they are.
    ///
    /// # Errors
    /// Where the workspace cannot be read, or a piece not be taken.
    pub async fn export_transmissions(
        &self,
        which: &Exported,
        format: ExportFormat,
        mut take: impl FnMut(&[u8]) -> Result<(), AppError>,
    ) -> Result<u64, AppError> {
        let mut listing = Listing::new(format, "transmissions", HEADS);
        let row = |row: &TransmissionSummary| [cells(row)];
        take(&listing.head())?;
        match which {
            Exported::Filter(filter) => {
                let mut filter = TransmissionFilter { limit: PAGE, after: None, skip: 0, ..(**filter).clone() };
                loop {
                    let page = self.transmissions(&filter).await?;
                    take(&listing.more(&page.transmissions, row)?)?;
                    let Some(next) = page.next else { break };
                    filter.after = Some(next.parse()?);
                }
            }
            Exported::These(ids) => {
                let mut found = Vec::new();
                if let Some(workspace) = self.existing().await? {
                    for some in ids.chunks(PAGE) {
                        found.extend(workspace.these_transmissions(some).await?);
                    }
                }
                found.sort_by_key(|each| std::cmp::Reverse((each.at, each.id)));
                take(&listing.more(&found, row)?)?;
            }
        }
        take(&listing.foot(",\"next\":null"))?;
        Ok(listing.number)
    }
}

fn cells(row: &TransmissionSummary) -> [String; HEADS.len()] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        row.at.to_string(),
        row.id.to_string(),
        row.direction.to_string(),
        row.connection.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.profile.map(|profile| profile.to_string()).unwrap_or_default(),
        text(&row.file),
        text(&row.document),
        text(&row.control_numbers),
        row.bytes.to_string(),
        row.verdict.to_string(),
        text(&row.cause),
        row.message_id.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Clock;
    use crate::domain::transmission::{Direction, Transmission};
    use crate::store::{As2Pair, Location, Unlock};

    /// A journal of more than two pages, one with a name that would be a formula.
    async fn journal(folder: &Path, number: usize) -> (App, Vec<TransmissionId>) {
        let app = App::new(Location::Dir(folder.join("w")), Unlock::none(), Clock::System);
        let workspace = app.workspace().await.unwrap();
        let mut batch = workspace.begin().await.unwrap();
        let mut ids = Vec::new();
        let now = app.now();
        for place in 0..number {
            // Of two in one millisecond nobody knows which comes first.
            let at = now + jiff::SignedDuration::from_millis(i64::try_from(place).unwrap());
            let id = crate::app::send::new_id(at);
            let mut entry = Transmission::new(id, format!("<{place}@acme>"), at, Direction::Outbound);
            entry.file = Some(if place == 3 { "=HYPERLINK(\"x\")".to_owned() } else { format!("{place}, a.edi") });
            batch.begin_transmission(&entry, As2Pair::default()).await.unwrap();
            ids.push(id);
        }
        batch.commit().await.unwrap();
        (app, ids)
    }

    #[tokio::test]
    async fn all_of_a_filter_is_written_page_by_page_and_nothing_is_a_formula() {
        let guard = tempfile::tempdir().unwrap();
        let (app, ids) = journal(guard.path(), PAGE + 20).await;
        let all = Exported::Filter(Box::default());
        let file = guard.path().join("list.csv");
        assert_eq!(app.write_transmissions(&all, ExportFormat::Csv, &file).await.unwrap(), ids.len() as u64);
        let text = std::fs::read_to_string(&file).unwrap();
        let mut sheet = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        assert_eq!(sheet.headers().unwrap().iter().collect::<Vec<_>>(), HEADS);
        let rows: Vec<csv::StringRecord> = sheet.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), ids.len());
        assert_eq!(&rows[ids.len() - 4][5], "'=HYPERLINK(\"x\")");
        assert_eq!(&rows[0][5], format!("{}, a.edi", ids.len() - 1));

        let mut document = Vec::new();
        let taken = |piece: &[u8]| {
            document.extend_from_slice(piece);
            Ok(())
        };
        app.export_transmissions(&all, ExportFormat::Json, taken).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(document["transmissions"].as_array().unwrap().len(), ids.len());
        assert!(document["next"].is_null());
    }

    #[tokio::test]
    async fn some_are_written_and_a_file_that_cannot_be_written_is_as_it_was() {
        let guard = tempfile::tempdir().unwrap();
        let (app, ids) = journal(guard.path(), 5).await;
        let some = Exported::These(vec![ids[1], ids[4]]);
        let file = guard.path().join("some.json");
        assert_eq!(app.write_transmissions(&some, ExportFormat::Json, &file).await.unwrap(), 2);
        let document: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(document["transmissions"][0]["id"], ids[4].to_string());
        let absent = guard.path().join("absent/some.csv");
        assert!(app.write_transmissions(&some, ExportFormat::Csv, &absent).await.is_err());
        assert_eq!(ExportFormat::of_file(&file), Some(ExportFormat::Json));
        assert_eq!(ExportFormat::of_file(Path::new("a.CSV")), Some(ExportFormat::Csv));
    }
}
