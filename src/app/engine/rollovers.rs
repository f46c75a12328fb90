//! Rollovers as the window asks for them.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::command::{Answer, Command, Event, RequestId};
use super::work::given_up;
use crate::app::{
    App, AppError, NewRollover, RolloverChanged, RolloverRequest, RolloverSummary, StartedRollover, TestRollover,
    TestedRollover,
};
use crate::domain::rollover::{Board, ProfileKey, RolloverId, RolloverPlan, Step};

/// What the window asks about rollovers.
#[derive(Clone, Debug)]
pub enum RolloverCommand {
    /// All of them.
    List,
    /// How one stands.
    Board(RolloverId),
    /// What starting one would do.
    Prepare(NewRollover),
    /// Start one.
    Start(NewRollover),
    /// What a step would do to these profiles, or to all that take part.
    Plan(RolloverId, Step, Vec<ProfileKey>),
    /// Change one.
    Change(RolloverRequest),
    /// Forget one.
    Remove(RolloverId),
    /// Write one as CSV.
    Export(RolloverId, PathBuf),
    /// How many test sends are made at once.
    AtOnce,
    /// Send tests. Told by [`Event::Testing`], given up by [`Command::CancelSend`].
    Test(TestRollover),
}

impl RolloverCommand {
    /// Whether it changes the workspace, so that it is to be read anew.
    pub(super) const fn changes(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Change(_) | Self::Remove(_))
    }

    /// Whether it takes long and is not to hold up what comes after it.
    pub(super) const fn is_test(&self) -> bool {
        matches!(self, Self::Test(_))
    }
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum RolloverAnswer {
    /// All of them, the newest first.
    List(Vec<RolloverSummary>),
    /// How one stands.
    Board(Box<Board>),
    /// One was started, or would be.
    Started(Box<StartedRollover>),
    /// What a step would do.
    Planned(Box<RolloverPlan>),
    /// One was changed.
    Changed(Box<RolloverChanged>),
    /// One was forgotten.
    Removed(RolloverId),
    /// A file was written.
    Written(PathBuf),
    /// So many test sends are made at once.
    AtOnce(usize),
    /// Tests were sent.
    Tested(Box<TestedRollover>),
}

/// Carries out what does not take long.
pub(super) async fn carry_out(app: &App, command: RolloverCommand) -> Result<RolloverAnswer, AppError> {
    Ok(match command {
        RolloverCommand::List => RolloverAnswer::List(app.rollovers().await?),
        RolloverCommand::Board(id) => RolloverAnswer::Board(Box::new(app.rollover(id).await?)),
        // What could not be started is not offered.
        RolloverCommand::Prepare(new) => RolloverAnswer::Started(Box::new(app.prepare_to_start(&new).await?)),
        RolloverCommand::Start(new) => RolloverAnswer::Started(Box::new(app.start_rollover(&new).await?)),
        RolloverCommand::Plan(id, step, profiles) => {
            RolloverAnswer::Planned(Box::new(app.plan_rollover(id, &step, &profiles).await?))
        }
        RolloverCommand::Change(request) => RolloverAnswer::Changed(Box::new(app.change_rollover(&request).await?)),
        RolloverCommand::Remove(id) => {
            app.remove_rollover(id).await?;
            RolloverAnswer::Removed(id)
        }
        RolloverCommand::Export(id, file) => {
            let text = app.rollover_sheet(id).await?;
            crate::app::write_confidential(&file, text)?;
            RolloverAnswer::Written(file)
        }
        RolloverCommand::AtOnce => RolloverAnswer::AtOnce(app.tests_at_once().await?),
        RolloverCommand::Test(_) => return Err(AppError::new("tests are sent beside everything else")),
    })
}

/// Sends tests and tells of them.
pub(super) async fn test(
    app: App,
    tell: Arc<dyn Fn(Event) + Send + Sync>,
    id: RequestId,
    command: RolloverCommand,
    cancelled: oneshot::Receiver<()>,
    in_order: mpsc::Sender<Command>,
) {
    let RolloverCommand::Test(request) = command else { return };
    let told = Arc::clone(&tell);
    let events = move |progress| told(Event::Testing(id, progress));
    let cancelled = given_up(cancelled);
    let remembered = match request.at_once {
        Some(number) => app.set_tests_at_once(number).await,
        None => Ok(()),
    };
    let tested = match remembered {
        Ok(()) => app.test_rollover(&request, &events, cancelled).await,
        Err(error) => Err(error),
    };
    tell(Event::Answered(
        id,
        tested.map(|tested| Answer::Rollover(Box::new(RolloverAnswer::Tested(Box::new(tested))))),
    ));
    tell(Event::JournalChanged);
    // Closed only when the engine ends, and then nobody looks at what was sent last.
    drop(in_order.send(Command::Refresh).await);
}
