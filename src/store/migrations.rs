//! Bringing a database's schema up to date. All that is missing runs in one transaction: a database is never half new.

use jiff::Timestamp;

use super::error::StoreError;
use super::session::{Session, column, sql};

/// Every migration in its order; the first has number 1. None is ever edited after it landed.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../assets/migrations/0001_workspace.sql"),
    include_str!("../../assets/migrations/0002_duties.sql"),
    include_str!("../../assets/migrations/0003_deadlines.sql"),
    include_str!("../../assets/migrations/0004_arrival.sql"),
    include_str!("../../assets/migrations/0005_timeline.sql"),
    include_str!("../../assets/migrations/0006_identities.sql"),
    include_str!("../../assets/migrations/0007_rollover.sql"),
    include_str!("../../assets/migrations/0008_reminders.sql"),
    include_str!("../../assets/migrations/0009_list.sql"),
    include_str!("../../assets/migrations/0010_summary.sql"),
    include_str!("../../assets/migrations/0011_retention.sql"),
    include_str!("../../assets/migrations/0012_daily.sql"),
    include_str!("../../assets/migrations/0013_words.sql"),
    include_str!("../../assets/migrations/0014_audit.sql"),
    include_str!("../../assets/migrations/0015_imprints.sql"),
];

/// The one after which the words of what was journalled before are folded: SQLite cannot.
const FOLDED: i64 = 13;

/// The newest schema that this program knows.
pub(super) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// Runs what is missing, inside the caller's transaction.
pub(super) async fn run(session: &mut Session, from: i64, now: Timestamp) -> Result<(), StoreError> {
    const DOING: &str = "bring the workspace up to date";
    let table =
        "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY NOT NULL, applied_at TEXT NOT NULL)";
    session.script(DOING, table).await?;
    for (version, script) in (1_i64..).zip(MIGRATIONS).filter(|(version, _)| *version > from) {
        session.script(DOING, script).await?;
        if version == FOLDED {
            super::journal_words::fold_what_was_journalled(session).await?;
        }
        let done = sql("INSERT INTO schema_versions (version, applied_at) VALUES ($1, $2)");
        session.execute(DOING, done.bind(version).bind(now.to_string())).await?;
    }
    Ok(())
}

/// The version of a database's schema.
pub(super) async fn version(session: &mut Session) -> Result<i64, StoreError> {
    let statement = sql("SELECT coalesce(max(version), 0) AS version FROM schema_versions");
    match session.row("read the schema's version", statement).await? {
        Some(row) => column(&row, "version"),
        None => Ok(0),
    }
}

/// Writes the schema's version into the file's head, where it is seen without opening the database.
pub(super) async fn stamp(session: &mut Session) -> Result<(), StoreError> {
    // A pragma takes no arguments: a new migration changes this line and the statement.
    const { assert!(NEWEST == 15) };
    session.script("write the schema's version", "PRAGMA user_version = 15").await
}
