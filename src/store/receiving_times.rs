//! When a receiver ran on the workspace, the last times of it.

use jiff::Timestamp;

use super::error::StoreError;
use super::session::{from_json, to_json};
use super::workspace::Workspace;

/// Under which they are kept.
const KEY: &str = "receiving_times";

const WHAT: &str = "when was received";

/// So many times are kept: deadlines of receipts are days, and a receiver runs long.
const MOST: usize = 64;

impl Workspace {
    /// When a receiver ran, from and until, the latest last.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn receiving_times(&self) -> Result<Vec<(Timestamp, Timestamp)>, StoreError> {
        self.meta(KEY).await?.map_or_else(|| Ok(Vec::new()), |text| from_json(WHAT, &text))
    }

    /// Keeps that the receiver which began at an instant still runs at another.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn note_receiving(&self, begun: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let known = transaction.meta(KEY).await?;
        let mut times: Vec<(Timestamp, Timestamp)> =
            known.map_or_else(|| Ok(Vec::new()), |text| from_json(WHAT, &text))?;
        match times.iter_mut().find(|(from, _)| *from == begun) {
            Some((_, until)) => *until = now.max(*until),
            None => times.push((begun, now)),
        }
        times.drain(..times.len().saturating_sub(MOST));
        transaction.set_meta(KEY, &to_json(WHAT, &times)?).await?;
        transaction.commit().await
    }
}
