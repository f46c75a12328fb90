//! Test sends to many profiles, a few at a time.

use std::collections::HashSet;
use std::pin::pin;

use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::{App, AppError, Payload, SendRequest};
use crate::domain::identifier::{ConnectionId, ProfileKind};
use crate::domain::rollover::{ProfileKey, RolloverId};
use crate::domain::transmission::{TransmissionId, Verdict};

/// How many are sent at once, where nothing else is set.
pub const DEFAULT_AT_ONCE: usize = 4;

/// The most that are sent at once.
pub const MOST_AT_ONCE: usize = 32;

/// Under which the workspace keeps how many are sent at once.
const SETTING: &str = "rollover-tests-at-once";

/// Test sends to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRollover {
    /// Which rollover.
    pub id: RolloverId,
    /// To which kinds of profiles. Production only where it is said.
    pub kinds: Vec<ProfileKind>,
    /// To which profiles; to all that take part, where none is named.
    pub profiles: Vec<ProfileKey>,
    /// How many at once, 1 to [`MOST_AT_ONCE`]; as the workspace's setting says, where absent.
    pub at_once: Option<usize>,
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestProgress {
    /// How many have ended.
    pub done: usize,
    /// Of how many.
    pub total: usize,
    /// How many of those went through.
    pub good: usize,
    /// The one that has just ended; nothing at the beginning.
    pub last: Option<TestedProfile>,
}

/// What became of the test send to one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestedProfile {
    /// The connection.
    pub connection: ConnectionId,
    /// The profile.
    pub profile: ProfileKind,
    /// The transmission; nothing where it could not even be journalled.
    pub transmission: Option<TransmissionId>,
    /// How it stands.
    pub verdict: Option<Verdict>,
    /// Why, in a phrase.
    pub cause: Option<String>,
}

impl TestedProfile {
    /// Whether it went through, or its receipt is still to come.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self.verdict, Some(Verdict::Delivered | Verdict::Pending))
    }
}

/// What became of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TestedRollover {
    /// Those that were sent, in the order in which they ended.
    pub sent: Vec<TestedProfile>,
    /// Those that were not begun because it was given up.
    pub not_begun: usize,
}

impl TestedRollover {
    /// Whether all were sent and went through.
    #[must_use]
    pub fn all_good(&self) -> bool {
        self.not_begun == 0 && self.sent.iter().all(TestedProfile::is_good)
    }
}

impl App {
    /// How many test sends of a rollover are made at once.
    ///
    /// # Errors
    /// Where the workspace cannot be read.
    pub async fn tests_at_once(&self) -> Result<usize, AppError> {
        let Some(workspace) = self.existing().await? else { return Ok(DEFAULT_AT_ONCE) };
        let kept = workspace.meta(SETTING).await?.and_then(|text| text.parse().ok());
        Ok(kept.filter(|number| (1..=MOST_AT_ONCE).contains(number)).unwrap_or(DEFAULT_AT_ONCE))
    }

    /// Sets how many test sends of a rollover are made at once.
    ///
    /// # Errors
    /// Where the number is not from 1 to [`MOST_AT_ONCE`], or the workspace cannot be written.
    pub async fn set_tests_at_once(&self, number: usize) -> Result<(), AppError> {
        refuse_number(number)?;
        Ok(self.workspace().await?.set_meta(SETTING, &number.to_string()).await?)
    }

    /// Sends the test document to profiles of a rollover. Once `cancelled` completes no more are begun, and what is under
    /// way is given up as a single test send would be.
    ///
    /// # Errors
    /// Where there is no such rollover, nothing is left to be sent to, or the number at once makes no sense.
    pub async fn test_rollover(
        &self,
        request: &TestRollover,
        events: &(dyn Fn(TestProgress) + Send + Sync),
        cancelled: impl Future<Output = ()>,
    ) -> Result<TestedRollover, AppError> {
        let at_once = match request.at_once {
            Some(number) => number,
            None => self.tests_at_once().await?,
        };
        refuse_number(at_once)?;
        let mut waiting = self.to_be_tested(request).await?.into_iter();
        let total = waiting.len();
        let mut found = TestedRollover::default();
        let mut under_way: JoinSet<TestedProfile> = JoinSet::new();
        let (give_up, given_up) = watch::channel(false);
        let mut cancelled = pin!(cancelled);
        let mut stopped = false;
        events(TestProgress { done: 0, total, good: 0, last: None });
        loop {
            while !stopped && under_way.len() < at_once {
                let Some(key) = waiting.next() else { break };
                under_way.spawn(one(self.clone(), key, given_up.clone()));
            }
            tokio::select! {
                ended = under_way.join_next() => match ended {
                    None => break,
                    Some(ended) => {
                        let ended = ended.map_err(|_panicked| AppError::new("a test send has stopped by a defect"))?;
                        found.sent.push(ended.clone());
                        let good = found.sent.iter().filter(|sent| sent.is_good()).count();
                        events(TestProgress { done: found.sent.len(), total, good, last: Some(ended) });
                    }
                },
                () = &mut cancelled, if !stopped => {
                    stopped = true;
                    give_up.send_replace(true);
                }
            }
        }
        found.not_begun = waiting.len();
        Ok(found)
    }

    /// The profiles that a test is to be sent to.
    async fn to_be_tested(&self, request: &TestRollover) -> Result<Vec<ProfileKey>, AppError> {
        let board = self.rollover(request.id).await?;
        let wanted: HashSet<&ProfileKey> = request.profiles.iter().collect();
        let chosen: HashSet<ProfileKey> =
            board.rollover.profiles.iter().filter(|profile| profile.chosen).map(|profile| profile.key()).collect();
        let keys: Vec<ProfileKey> = board
            .rows
            .iter()
            .map(|row| row.key())
            .filter(|key| if wanted.is_empty() { chosen.contains(key) } else { wanted.contains(key) })
            .filter(|key| request.kinds.contains(&key.1))
            .collect();
        if keys.is_empty() {
            let kinds: Vec<&str> = request.kinds.iter().map(|kind| kind.as_str()).collect();
            return Err(AppError::new(format!(
                "rollover {} has no {} profile to send a test to",
                request.id,
                kinds.join(" or ")
            ))
            .hint("choose the other profile, or both"));
        }
        Ok(keys)
    }
}

fn refuse_number(number: usize) -> Result<(), AppError> {
    if (1..=MOST_AT_ONCE).contains(&number) {
        return Ok(());
    }
    Err(AppError::new(format!("{number} at once is not possible: from 1 to {MOST_AT_ONCE}")))
}

async fn one(app: App, (connection, profile): ProfileKey, mut given_up: watch::Receiver<bool>) -> TestedProfile {
    let request = SendRequest { connection: connection.clone(), profile, payload: Payload::TestDocument };
    let cancelled = async move {
        // The sender outlives all that is under way.
        drop(given_up.wait_for(|given_up| *given_up).await);
    };
    let sent = app.send_unless(&request, &|_event| {}, cancelled).await;
    match sent {
        Ok(sent) => TestedProfile {
            connection,
            profile,
            transmission: Some(sent.id),
            verdict: Some(sent.verdict),
            cause: sent.cause().map(str::to_owned),
        },
        Err(error) => {
            TestedProfile { connection, profile, transmission: None, verdict: None, cause: Some(error.to_string()) }
        }
    }
}
