//! One change of many connections, as the window asks for it.

use crate::app::{App, AppError, ManyChange, ManyDone, ManyPlan};

use super::command::Answer;

/// What is asked about a change of many connections.
#[derive(Clone, Debug)]
pub enum ManyCommand {
    /// What it would do. Answered by [`ManyAnswer::Planned`].
    Plan(ManyChange),
    /// Do it, all or nothing. Answered by [`ManyAnswer::Changed`].
    Change(ManyChange),
    /// Take it back, all or nothing. Answered by [`ManyAnswer::Undone`].
    Undo(Box<ManyDone>),
}

/// What came of it.
#[derive(Debug)]
pub enum ManyAnswer {
    /// What it would do.
    Planned(ManyPlan),
    /// What was done.
    Changed(ManyDone),
    /// So many connections are as they were.
    Undone(usize),
}

impl ManyCommand {
    /// Whether nothing is changed by it.
    pub(super) const fn only_looks(&self) -> bool {
        matches!(self, Self::Plan(_))
    }

    pub(super) async fn carry_out(self, app: &App) -> Result<Answer, AppError> {
        let answer = match self {
            Self::Plan(change) => ManyAnswer::Planned(app.plan_many(&change).await?),
            Self::Change(change) => ManyAnswer::Changed(app.change_many(&change).await?),
            Self::Undo(done) => ManyAnswer::Undone(app.undo_many(&done).await?),
        };
        Ok(Answer::Many(Box::new(answer)))
    }
}
