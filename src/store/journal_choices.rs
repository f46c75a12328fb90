//! What was ever journalled that a list can be filtered by.

use crate::domain::identifier::ConnectionId;

use super::error::StoreError;
use super::session::{column, sql};
use super::workspace::Workspace;

/// The most values that a choice offers.
const MOST_CHOICES: i64 = 200;

/// What can be chosen from, of all that was ever journalled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransmissionChoices {
    /// Causes of verdicts.
    pub causes: Vec<String>,
    /// Types of documents.
    pub documents: Vec<String>,
}

impl Workspace {
    /// What was ever journalled that a filter can ask for.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn transmission_choices(&self) -> Result<TransmissionChoices, StoreError> {
        const DOING: &str = "read what can be filtered by";
        let mut session = self.reading(DOING).await?;
        let mut of = async |kind: &str| {
            let statement = sql("SELECT value FROM listed_values WHERE kind = $1 ORDER BY value LIMIT $2")
                .bind(kind.to_owned())
                .bind(MOST_CHOICES);
            let rows = session.rows(DOING, statement).await?;
            rows.iter().map(|row| column(row, "value")).collect::<Result<Vec<String>, StoreError>>()
        };
        Ok(TransmissionChoices { causes: of("cause").await?, documents: of("document").await? })
    }

    /// Whether anything was ever journalled of a connection, removed or not.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn has_transmissions_of(&self, connection: &ConnectionId) -> Result<bool, StoreError> {
        const DOING: &str = "look for transmissions of a connection";
        let statement = sql("SELECT 1 AS found FROM listed WHERE connection = $1 LIMIT 1").bind(connection.to_string());
        Ok(self.reading(DOING).await?.row(DOING, statement).await?.is_some())
    }
}
