//! Rollovers: one renewed certificate brought to every profile that uses the old one.
//!
//! | if you look for | it is in |
//! |---|---|
//! | how rollovers stand | here |
//! | starting one from a certificate | `start` |
//! | changing many profiles in one stroke, taking that back | `change` |
//! | what changes are worked out with | `surroundings` |
//! | test sends to many profiles | `trial` |

mod change;
mod start;
mod surroundings;
mod trial;

use std::collections::HashMap;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

use super::{App, AppError};
use crate::domain::certificate::{CertificateFacts, Fingerprint};
use crate::domain::connection::Connection;
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::rollover::{Board, ProfileKey, Rollover, RolloverId, StateCount, board, write_sheet};
use crate::domain::test_document::TestDocument;
use crate::store::Workspace;

pub use change::{RolloverAction, RolloverChanged, RolloverRequest};
pub use start::{NewRollover, StartedRollover};
pub use trial::{DEFAULT_AT_ONCE, MOST_AT_ONCE, TestProgress, TestRollover, TestedProfile, TestedRollover};

/// A rollover as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RolloverSummary {
    /// Its number.
    pub id: RolloverId,
    /// What people call it.
    pub name: String,
    /// The renewed certificate.
    pub certificate: Fingerprint,
    /// The ones that it replaces.
    pub replaces: Vec<Fingerprint>,
    /// When it was started.
    pub created: Timestamp,
    /// When it was last undone as a whole.
    pub undone: Option<Timestamp>,
    /// How many profiles there are in it, those that are left out included.
    pub profiles: usize,
    /// How many of them stand how.
    pub states: Vec<StateCount>,
    /// The next instant at which one of them changes.
    pub next: Option<Timestamp>,
}

impl RolloverSummary {
    fn of(board: &Board) -> Self {
        let rollover = &board.rollover;
        Self {
            id: rollover.id,
            name: rollover.name.clone(),
            certificate: rollover.certificate,
            replaces: rollover.replaces.clone(),
            created: rollover.created,
            undone: rollover.undone,
            profiles: board.rows.len(),
            states: board.states.clone(),
            next: board.rows.iter().filter_map(|row| row.activates.filter(|at| *at > board.at)).min(),
        }
    }
}

/// Profiles as they are named on a command line: `amazon-us`, or `amazon-us/test` for one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedProfiles {
    /// The connection.
    pub connection: ConnectionId,
    /// One of its profiles; both, where absent.
    pub profile: Option<ProfileKind>,
}

impl NamedProfiles {
    /// Whether a profile is meant.
    #[must_use]
    pub fn holds(&self, key: &ProfileKey) -> bool {
        self.connection == key.0 && self.profile.is_none_or(|profile| profile == key.1)
    }
}

impl FromStr for NamedProfiles {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self, AppError> {
        let (connection, profile) = match text.split_once('/') {
            Some((connection, profile)) => (connection, Some(profile.parse()?)),
            None => (text, None),
        };
        Ok(Self { connection: connection.parse()?, profile })
    }
}

/// That there is no rollover of a number.
fn unknown(id: RolloverId) -> AppError {
    AppError::new(format!("there is no rollover {id} in this workspace"))
        .hint("`countersign rollover list` shows the rollovers")
}

impl App {
    /// All rollovers with how many of their profiles stand how, the newest first.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn rollovers(&self) -> Result<Vec<RolloverSummary>, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(Vec::new()) };
        let rollovers = workspace.rollovers().await?;
        if rollovers.is_empty() {
            return Ok(Vec::new());
        }
        let (connections, certificates) = self.around(&workspace).await?;
        let mut found = Vec::with_capacity(rollovers.len());
        for rollover in &rollovers {
            found.push(RolloverSummary::of(&self.stand(&workspace, rollover, &connections, &certificates).await?));
        }
        Ok(found)
    }

    /// One rollover with how each of its profiles stands now.
    ///
    /// # Errors
    /// Where there is none of this number, or the workspace cannot be read.
    pub async fn rollover(&self, id: RolloverId) -> Result<Board, AppError> {
        let workspace = self.existing().await?.ok_or_else(|| unknown(id))?;
        let rollover = workspace.rollover(id).await?.ok_or_else(|| unknown(id))?;
        let (connections, certificates) = self.around(&workspace).await?;
        self.stand(&workspace, &rollover, &connections, &certificates).await
    }

    /// One rollover as CSV, a line for each profile; no cell of it is carried out by a spreadsheet.
    ///
    /// # Errors
    /// As [`App::rollover`].
    pub async fn rollover_sheet(&self, id: RolloverId) -> Result<String, AppError> {
        let board = self.rollover(id).await?;
        write_sheet(&board).map_err(|error| AppError::new(error.to_string()))
    }

    async fn around(
        &self,
        workspace: &Workspace,
    ) -> Result<(Vec<Connection>, HashMap<Fingerprint, CertificateFacts>), AppError> {
        let connections = workspace.connections().await?;
        let stored = workspace.certificates().await?;
        let certificates = stored.into_iter().map(|stored| (stored.facts.fingerprint_sha256, stored.facts)).collect();
        Ok((connections, certificates))
    }

    async fn stand(
        &self,
        workspace: &Workspace,
        rollover: &Rollover,
        connections: &[Connection],
        certificates: &HashMap<Fingerprint, CertificateFacts>,
    ) -> Result<Board, AppError> {
        let facts = workspace
            .rollover_facts(rollover.id, &rollover.certificate, rollover.created, TestDocument::FILE_PREFIX)
            .await?;
        let by_id = connections.iter().map(|connection| (&connection.id, connection)).collect();
        Ok(board(rollover, &by_id, &facts, &|print| certificates.get(print).cloned(), self.now()))
    }
}
