//! What the window asks of the journal's list, beside everything else, so that neither waits for the other.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::command::Answer;
use crate::app::{App, AppError, ExportFormat, Exported, TransmissionFilter};
use crate::domain::summary::Step;

/// What is asked of the list.
#[derive(Clone, Debug)]
pub enum JournalCommand {
    /// A page. Answered by [`Answer::Page`].
    Page(Box<TransmissionFilter>),
    /// How many a filter has. Answered by [`Answer::Count`].
    Count(Box<TransmissionFilter>),
    /// What became of a filter's transmissions, by a step in a zone. Answered by [`Answer::Summed`], unless another is asked
    /// for before.
    SumUp(Box<TransmissionFilter>, Option<Step>, TimeZone),
    /// What can be filtered by. Answered by [`Answer::Choices`].
    Choices,
    /// Write some to a file, in the format that its name tells. Answered by [`Answer::Written`].
    Export(Exported, PathBuf),
}

impl JournalCommand {
    /// Whether it gives up what was asked of the same kind before and is not answered yet.
    pub(super) const fn supersedes(&self) -> bool {
        matches!(self, Self::SumUp(..))
    }

    pub(super) async fn carry_out(self, app: &App) -> Result<Answer, AppError> {
        match self {
            Self::Page(filter) => app.transmissions(&filter).await.map(|page| Answer::Page(Box::new(page))),
            Self::Count(filter) => app.count_transmissions(&filter).await.map(Answer::Count),
            Self::SumUp(filter, step, zone) => {
                app.sum_up_transmissions(&filter, step, &zone).await.map(|summary| Answer::Summed(Box::new(summary)))
            }
            Self::Choices => app.transmission_choices().await.map(|choices| Answer::Choices(Box::new(choices))),
            Self::Export(which, file) => {
                let format = ExportFormat::of_file(&file).unwrap_or(ExportFormat::Csv);
                app.write_transmissions(&which, format, &file).await?;
                Ok(Answer::Written(file))
            }
        }
    }
}
