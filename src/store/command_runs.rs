//! Commands that were run because of a transmission, with the end of what they wrote.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::domain::transmission::TransmissionId;

use super::error::{StoreError, at_most};
use super::journal::{key, nanoseconds};
use super::session::{column, parsed, sql};
use super::workspace::Workspace;

/// The most bytes of a text among them.
const MOST: usize = 64 * 1024;

/// A command as it was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandRun {
    /// Because of which transmission.
    #[serde(skip)]
    pub transmission: TransmissionId,
    /// When.
    pub at: Timestamp,
    /// Why: `received` or `failed`.
    pub occasion: String,
    /// The program.
    pub program: String,
    /// Whether it ended as it should.
    pub good: bool,
    /// How it ended, in words.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// The end of what it wrote.
    pub output: String,
}

impl Workspace {
    /// Keeps how a command ended.
    ///
    /// # Errors
    /// Where the transmission is not journalled, or the database cannot be written.
    pub async fn put_command_run(&self, run: &CommandRun) -> Result<(), StoreError> {
        at_most("what the command wrote", run.output.len(), MOST)?;
        let mut transaction = self.begin().await?;
        let statement =
            sql("INSERT INTO command_runs (transmission, at_ns, occasion, program, good, outcome, ms, output)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(key(run.transmission))
            .bind(nanoseconds(run.at))
            .bind(run.occasion.clone())
            .bind(run.program.clone())
            .bind(i64::from(run.good))
            .bind(run.outcome.clone())
            .bind(i64::try_from(run.ms).unwrap_or(i64::MAX))
            .bind(run.output.clone());
        transaction.session.execute("keep how a command ended", statement).await?;
        transaction.commit().await
    }

    /// The commands that were run because of a transmission, the oldest first.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn command_runs(&self, id: TransmissionId) -> Result<Vec<CommandRun>, StoreError> {
        const DOING: &str = "read which commands were run";
        let statement =
            sql("SELECT transmission, at_ns, occasion, program, good, outcome, ms, output FROM command_runs
             WHERE transmission = $1 ORDER BY at_ns")
            .bind(key(id));
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(run).collect()
    }

    /// The last command that failed, where no other has been run well since for the same reason.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn command_failures(&self) -> Result<Vec<CommandRun>, StoreError> {
        const DOING: &str = "look for commands that failed";
        let statement =
            sql("SELECT transmission, at_ns, occasion, program, good, outcome, ms, output FROM command_runs c
             WHERE good = 0 AND NOT EXISTS (SELECT 1 FROM command_runs later
                 WHERE later.occasion = c.occasion AND later.at_ns > c.at_ns)
             ORDER BY at_ns");
        self.reading(DOING).await?.rows(DOING, statement).await?.iter().map(run).collect()
    }
}

fn run(row: &AnyRow) -> Result<CommandRun, StoreError> {
    let at: i64 = column(row, "at_ns")?;
    Ok(CommandRun {
        transmission: parsed(row, "transmission")?,
        at: Timestamp::from_nanosecond(i128::from(at)).map_err(StoreError::damaged("the instant of a command"))?,
        occasion: column(row, "occasion")?,
        program: column(row, "program")?,
        good: column::<i64>(row, "good")? != 0,
        outcome: column(row, "outcome")?,
        ms: u64::try_from(column::<i64>(row, "ms")?).unwrap_or_default(),
        output: column(row, "output")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::As2Pair;
    use super::super::fixtures::{now, transmission, workspace};
    use super::*;

    #[tokio::test]
    async fn commands_are_kept_with_their_transmission_and_a_failure_counts_until_the_next_one_is_well() {
        let (_guard, workspace) = workspace().await;
        let sent = transmission(0);
        workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        let run = |second, occasion: &str, good| CommandRun {
            transmission: sent.id,
            at: now() + jiff::SignedDuration::from_secs(second),
            occasion: occasion.to_owned(),
            program: "/bin/import".to_owned(),
            good,
            outcome: "it ended with 3".to_owned(),
            ms: 12,
            output: "no room\n".to_owned(),
        };
        for each in [run(0, "received", false), run(1, "failed", false), run(2, "received", true)] {
            workspace.put_command_run(&each).await.unwrap();
        }
        assert_eq!(workspace.command_runs(sent.id).await.unwrap().len(), 3);
        assert_eq!(workspace.command_failures().await.unwrap(), [run(1, "failed", false)]);
        assert!(workspace.command_runs(transmission(1).id).await.unwrap().is_empty());
    }
}
