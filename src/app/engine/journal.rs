//! What the window asks of the journal's list, beside everything else, so that neither waits for the other.

use std::path::PathBuf;

use super::command::Answer;
use crate::app::{App, AppError, ExportFormat, Exported, TransmissionFilter};

/// What is asked of the list.
#[derive(Clone, Debug)]
pub enum JournalCommand {
    /// A page. Answered by [`Answer::Page`].
    Page(Box<TransmissionFilter>),
    /// How many a filter has. Answered by [`Answer::Count`].
    Count(Box<TransmissionFilter>),
    /// What can be filtered by. Answered by [`Answer::Choices`].
    Choices,
    /// Write some to a file, in the format that its name tells. Answered by [`Answer::Written`].
    Export(Exported, PathBuf),
}

impl JournalCommand {
    pub(super) async fn carry_out(self, app: &App) -> Result<Answer, AppError> {
        match self {
            Self::Page(filter) => app.transmissions(&filter).await.map(|page| Answer::Page(Box::new(page))),
            Self::Count(filter) => app.count_transmissions(&filter).await.map(Answer::Count),
            Self::Choices => app.transmission_choices().await.map(|choices| Answer::Choices(Box::new(choices))),
            Self::Export(which, file) => {
                let format = ExportFormat::of_file(&file).unwrap_or(ExportFormat::Csv);
                app.write_transmissions(&which, format, &file).await?;
                Ok(Answer::Written(file))
            }
        }
    }
}
