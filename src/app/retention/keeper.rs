//! Following the rules once a day, in the program that holds the lease.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::facts::RetentionRun;
use super::{rules, run};
use crate::app::{App, AppError};

/// Under which the workspace keeps when the rules were followed last.
const FOLLOWED: &str = "retention_followed";

/// So often they are followed.
const EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How often it is looked whether it is time. The first time as well: a program that starts has better things to do.
const LOOK: Duration = Duration::from_secs(300);

/// Follows the rules once a day as long as the program runs.
pub(in crate::app) struct Keeper {
    app: App,
    tell: Arc<dyn Fn(RetentionRun) + Send + Sync>,
    held: watch::Receiver<bool>,
}

impl Keeper {
    /// Told of each run that has come to anything. `held`: whether this program holds the lease.
    pub(in crate::app) fn new(
        app: App,
        tell: Arc<dyn Fn(RetentionRun) + Send + Sync>,
        held: watch::Receiver<bool>,
    ) -> Self {
        Self { app, tell, held }
    }

    /// Looks now and then whether it is time, until `stop` turns true. It is the holder of the lease who does it.
    pub(in crate::app) async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            if !*self.held.borrow() {
                continue;
            }
            let stopping = stop.clone();
            // What cannot be done now is tried again.
            drop(self.round(&move || !*stopping.borrow()).await);
        }
    }

    /// Follows the rules where it is time. Answers whether it was.
    pub(in crate::app) async fn round(&self, go_on: run::GoOn<'_>) -> Result<bool, AppError> {
        let Some(workspace) = self.app.existing().await? else { return Ok(false) };
        let now = self.app.now();
        let followed = workspace.meta(FOLLOWED).await?.and_then(|text| text.parse::<Timestamp>().ok());
        // A clock that was put back makes it time as well.
        let recently = followed.is_some_and(|at| at <= now && now.duration_since(at) < EVERY);
        if workspace.is_read_only() || recently {
            return Ok(false);
        }
        if rules(&workspace).await?.is_active() {
            let done = self.app.run_retention(go_on, &|_number| {}).await?;
            if done.stopped {
                return Ok(true);
            }
            if !done.frees.is_empty() || done.trouble.is_some() {
                (self.tell)(done);
            }
        } else {
            // So that whoever looks need not wait.
            run::measure(&workspace, go_on, &|_number| {}).await?;
        }
        workspace.set_meta(FOLLOWED, &now.to_string()).await?;
        Ok(true)
    }
}
