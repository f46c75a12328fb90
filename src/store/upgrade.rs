//! Bringing the database of an earlier version up to date: alone, and with a backup of it as it was.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::automatic_backups::{AutomaticBackupKind, back_up};
use super::database::Database;
use super::error::OpenError;
use super::in_use::Alone;
use super::migrations;

/// How long is waited for another program that may just be doing the same.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often is looked.
const EVERY: Duration = Duration::from_millis(100);

const DOING: &str = "bring the workspace up to date";

/// Does it, unless another program has. A program of the earlier version that is at work would go on writing as it knows
/// how: while one is, nothing is changed.
pub(super) async fn bring_up_to_date(database: &Database, now: Timestamp) -> Result<(), OpenError> {
    let begun = Instant::now();
    let alone = loop {
        if let Some(alone) = Alone::claim(&database.folder()).await {
            break alone;
        }
        if schema(database).await? >= migrations::NEWEST {
            return Ok(());
        }
        if begun.elapsed() >= PATIENCE {
            return Err(OpenError::InUse { path: database.path().to_owned() });
        }
        tokio::time::sleep(EVERY).await;
    };
    if schema(database).await? >= migrations::NEWEST {
        return Ok(());
    }
    back_up(database, AutomaticBackupKind::BeforeSchema(migrations::NEWEST), now).await?;
    let mut session = database.write(DOING).await?;
    // Another that keeps no locks, on another machine, may have done it since.
    let version = migrations::version(&mut session).await?;
    migrations::run(&mut session, version, now).await?;
    migrations::stamp(&mut session).await?;
    session.commit(DOING).await?;
    drop(alone);
    Ok(())
}

async fn schema(database: &Database) -> Result<i64, OpenError> {
    Ok(migrations::version(&mut database.read(DOING).await?).await?)
}
