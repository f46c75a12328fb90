//! What became of many transmissions, for charts and for the command line.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{App, AppError};
use crate::domain::summary::{Step, Summary, Tally, stretches};
use crate::store::{Sort, TransmissionFilter, Workspace};

impl App {
    /// What became of a filter's transmissions: from the filter's beginning, or the oldest of them, up to its end, or now.
    /// Days begin at midnight in `zone`. Without a step that which tells the time apart well is taken; where there would be
    /// too many stretches, a coarser one.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn sum_up_transmissions(
        &self,
        filter: &TransmissionFilter,
        step: Option<Step>,
        zone: &TimeZone,
    ) -> Result<Summary, AppError> {
        let nothing = |step| Summary {
            step,
            total: Tally::default(),
            receipt: None,
            buckets: Vec::new(),
            causes: Vec::new(),
            partners: Vec::new(),
        };
        let usual = step.unwrap_or(Step::Day);
        let Some(workspace) = self.existing().await? else { return Ok(nothing(usual)) };
        let Some((from, until)) = self.time_of(&workspace, filter).await? else { return Ok(nothing(usual)) };
        let (step, stretches) = stretches(from, until, step.unwrap_or_else(|| Step::usual(from, until)), zone);
        let (buckets, total, receipt) = workspace.sum_up(filter, &stretches).await?;
        let (causes, partners) = match total.failed {
            0 => (Vec::new(), Vec::new()),
            _ => workspace.failures(filter).await?,
        };
        Ok(Summary { step, total, receipt, buckets, causes, partners })
    }

    /// The time that a filter's transmissions are in; nothing where there are none.
    async fn time_of(
        &self,
        workspace: &Workspace,
        filter: &TransmissionFilter,
    ) -> Result<Option<(Timestamp, Timestamp)>, AppError> {
        let one = |reverse| TransmissionFilter {
            sort: Sort::Time,
            reverse,
            limit: 1,
            after: None,
            skip: 0,
            ..filter.clone()
        };
        let (newest, _) = workspace.transmissions(&one(false)).await?;
        let Some(newest) = newest.first().map(|newest| newest.at) else { return Ok(None) };
        let from = match filter.since {
            Some(since) => since,
            None => workspace.transmissions(&one(true)).await?.0.first().map_or(newest, |oldest| oldest.at),
        };
        // A day without a transmission is a day too, and the last may be the partner's that is ahead of us.
        let next = newest.checked_add(SignedDuration::from_nanos(1)).unwrap_or(newest);
        let until = filter.until.unwrap_or_else(|| self.now().max(next));
        Ok(Some((from, until)))
    }
}
