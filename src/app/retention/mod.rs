//! Retention: the rules, what there is, what would go, and what has gone.

mod facts;
mod keeper;
mod run;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::{App, AppError, RawPart};
use crate::domain::retention::{
    RetentionKind, RetentionMark, RetentionRules, kind_of_answer, kind_of_receipt, removed,
};
use crate::domain::transmission::Transmission;
use crate::store::{Removal, Workspace};

pub use facts::{
    BackupsUsage, DatabaseUsage, FreedKind, HeldCounts, KindUsage, RetentionPreview, RetentionRun, StorageUsage,
};
pub(super) use keeper::Keeper;
pub(super) use run::lock as retention_lock;

/// Under which the workspace keeps the rules.
const SETTING: &str = "retention";

/// What has gone of a transmission, and whether it is marked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keeping {
    /// What has gone, and when.
    pub removed: Vec<(RetentionKind, Timestamp)>,
    /// What somebody has decided about it.
    pub mark: Option<RetentionMark>,
}

impl Keeping {
    /// When a kind has gone, where it has.
    #[must_use]
    pub fn removed(&self, kind: RetentionKind) -> Option<Timestamp> {
        self.removed.iter().find(|(gone, _)| *gone == kind).map(|(_, at)| *at)
    }
}

impl App {
    /// The rules; by default everything is kept.
    ///
    /// # Errors
    /// Where the workspace cannot be read, or a later version has written rules that are not understood here.
    pub async fn retention_rules(&self) -> Result<RetentionRules, AppError> {
        match self.existing().await? {
            Some(workspace) => rules(&workspace).await,
            None => Ok(RetentionRules::default()),
        }
    }

    /// Sets the rules. Nothing goes until they are followed, once a day or when it is asked for.
    ///
    /// # Errors
    /// Where something would be kept for less than its minimum, or the workspace cannot be written.
    pub async fn set_retention_rules(&self, rules: &RetentionRules) -> Result<(), AppError> {
        rules.check()?;
        let text = serde_json::to_string(rules)
            .map_err(|error| AppError::new(format!("the rules cannot be written: {error}")))?;
        Ok(self.workspace().await?.choose(SETTING, &text).await?)
    }

    /// Marks a transmission to be kept, or a dispute about it as settled, or takes the mark off.
    ///
    /// # Errors
    /// Where there is no such transmission, or the workspace cannot be written.
    pub async fn mark_transmission(&self, id: &str, mark: Option<RetentionMark>) -> Result<Transmission, AppError> {
        let (workspace, transmission) = self.journalled(id).await?;
        let mut transaction = workspace.begin().await?;
        transaction.put_retention_mark(transmission.id, mark, self.now()).await?;
        transaction.commit().await?;
        Ok(transmission)
    }

    /// What has gone of a transmission, and whether it is marked.
    ///
    /// # Errors
    /// Where there is no such transmission, or the workspace cannot be read.
    pub async fn keeping(&self, id: &str) -> Result<Keeping, AppError> {
        let (workspace, transmission) = self.journalled(id).await?;
        let removed = workspace.removals(transmission.id).await?;
        Ok(Keeping {
            removed: removed.into_iter().map(|removal| (removal.kind, removal.at)).collect(),
            mark: workspace.retention_mark(transmission.id).await?,
        })
    }
}

/// The rules of a workspace. What is not understood must not be taken for no rules, nor for others.
async fn rules(workspace: &Workspace) -> Result<RetentionRules, AppError> {
    let Some(text) = workspace.meta(SETTING).await? else { return Ok(RetentionRules::default()) };
    serde_json::from_str(&text).map_err(|error| {
        AppError::new(format!("the rules of retention in this workspace are not understood: {error}"))
            .hint("set them anew with `countersign retention set`; until then nothing is removed")
    })
}

/// Why a part is not there, where that is because of retention. `is_there`: whether a file of it is.
pub(super) fn gone(
    transmission: &Transmission,
    part: RawPart,
    is_there: bool,
    removals: &[Removal],
) -> Option<AppError> {
    let kind = match part {
        RawPart::Payload => RetentionKind::Payload,
        RawPart::Request => RetentionKind::Raw,
        RawPart::Response => kind_of_answer(transmission),
        RawPart::Receipt => kind_of_receipt(transmission),
    };
    let removal = removals.iter().find(|removal| removal.kind == kind)?;
    // What has come since is another's.
    (!removal.done || !is_there).then(|| AppError::removed(part.label(), removal.at))
}

impl AppError {
    /// Something is not there any more, because the rules say so.
    pub(super) fn removed(what: &str, at: Timestamp) -> Self {
        Self::new(format!("the {what} was {}", removed(at)))
            .hint("what the journal knows of it is still there; `countersign retention show` tells the rules")
    }
}
