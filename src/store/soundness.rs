//! Whether the database is sound, and what the archive should hold: damage that nobody looks for shows when it is too late.

use crate::domain::counted::counted;
use crate::domain::transmission::{Transmission, TransmissionId};

use super::database::Database;
use super::error::{OpenError, StoreError};
use super::session::{Session, column, from_json, sql};
use super::workspace::Workspace;

const DOING: &str = "check the database";

/// With more than this, looking whether every index says what its table does takes too long to be done every day.
const LARGE: u64 = 256 << 20;

/// What a look at the database has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseSoundness {
    /// What is damaged, in SQLite's words; nothing where it is sound.
    pub problems: Vec<String>,
    /// What was wrong with indexes alone, which were made anew from their tables.
    pub mended: Vec<String>,
}

/// A payload that the archive should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPayload {
    /// Whose it is.
    pub id: TransmissionId,
    /// The SHA-256 that was journalled of it, 64 hex digits.
    pub sha256: String,
    /// Whether it was there when the archive was measured.
    pub was_there: bool,
}

impl Workspace {
    /// Looks for damage in the database: its pages, its references and, where it is not too large or that is asked for,
    /// whether each index says what its table does. What is wrong with indexes alone is mended.
    ///
    /// # Errors
    /// Where it cannot be looked at for another reason than damage.
    pub async fn look_for_damage(&self, thorough: bool) -> Result<DatabaseSoundness, StoreError> {
        let database = self.database();
        let thorough = thorough || database.room().await.is_ok_and(|(bytes, _)| bytes <= LARGE);
        let found = problems(database, thorough).await?;
        let in_indexes = !found.is_empty() && found.iter().all(|problem| is_of_an_index(problem));
        if !in_indexes || database.is_read_only() || reindex(database).await.is_err() {
            return Ok(DatabaseSoundness { problems: found, mended: Vec::new() });
        }
        let left = problems(database, true).await?;
        let mended = if left.is_empty() { found } else { Vec::new() };
        Ok(DatabaseSoundness { problems: left, mended })
    }

    /// Payloads that the archive should hold, of so many transmissions after one; and the last of these, nothing where there
    /// are no more.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn kept_payloads(
        &self,
        after: Option<TransmissionId>,
        most: u32,
    ) -> Result<(Vec<KeptPayload>, Option<TransmissionId>), StoreError> {
        const DOING: &str = "look which payloads there are";
        let statement = sql("SELECT t.document,
                 CASE WHEN h.changes = h.measured AND h.payload IS NOT NULL THEN 1 ELSE 0 END AS was_there
             FROM transmissions t LEFT JOIN holdings h ON h.transmission = t.id
             WHERE t.id > $1
                 AND NOT EXISTS (SELECT 1 FROM removals r WHERE r.transmission = t.id AND r.kind = 'payload')
             ORDER BY t.id LIMIT $2")
        .bind(after.map(|id| id.simple().to_string()).unwrap_or_default())
        .bind(i64::from(most));
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        let (mut kept, mut last) = (Vec::new(), None);
        for row in &rows {
            let transmission: Transmission = from_json("a transmission", &column::<String>(row, "document")?)?;
            last = Some(transmission.id);
            if let Some(sha256) = transmission.payload_sha256 {
                let was_there = column::<i64>(row, "was_there")? != 0;
                kept.push(KeptPayload { id: transmission.id, sha256, was_there });
            }
        }
        Ok((kept, last))
    }
}

/// What is wrong with a database, in SQLite's words.
pub(super) async fn problems(database: &Database, thorough: bool) -> Result<Vec<String>, StoreError> {
    // FTS5 takes what it has in mind for what is there, and would call the difference damage.
    let fresh = database.anew().map_err(|error| match error {
        OpenError::Store(error) => error,
        other => StoreError::damaged("the database")(other),
    })?;
    let looked = async { look(&mut fresh.read(DOING).await?, thorough).await }.await;
    fresh.close().await;
    match looked {
        // So damaged that it cannot be looked at to its end.
        Err(StoreError::Damaged { reason, .. }) => Ok(vec![reason]),
        other => other,
    }
}

async fn look(session: &mut Session, thorough: bool) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    let (text, name) = if thorough {
        ("PRAGMA integrity_check(100)", "integrity_check")
    } else {
        ("PRAGMA quick_check(100)", "quick_check")
    };
    for row in session.rows(DOING, sql(text)).await? {
        let said: String = column(&row, name)?;
        if said != "ok" {
            problems.extend(said.lines().map(str::to_owned));
        }
    }
    let statement =
        sql("SELECT \"table\" AS child, parent, count(*) AS number FROM pragma_foreign_key_check GROUP BY 1, 2");
    for row in session.rows(DOING, statement).await? {
        let (child, parent): (String, String) = (column(&row, "child")?, column(&row, "parent")?);
        let number = usize::try_from(column::<i64>(&row, "number")?).unwrap_or(usize::MAX);
        problems.push(format!("{child}: {} without what it belongs to in {parent}", counted(number, "row")));
    }
    Ok(problems)
}

/// Whether only an index does not say what its table does: it holds nothing that the table does not.
fn is_of_an_index(problem: &str) -> bool {
    let begins = ["wrong # of entries in index ", "non-unique entry in index "];
    let row = ["missing from index ", "values differ from index ", "rowid not at end-of-record for row "];
    begins.iter().any(|begin| problem.starts_with(begin))
        || row.iter().any(|part| problem.contains(part))
        || is_of_the_search(problem)
}

/// Whether it is about the index that is searched by words, which is no index to SQLite.
fn is_of_the_search(problem: &str) -> bool {
    problem.contains("listed_index")
}

async fn reindex(database: &Database) -> Result<(), StoreError> {
    const DOING: &str = "make the indexes anew";
    let mut session = database.write(DOING).await?;
    session.script(DOING, "REINDEX").await?;
    let again = "INSERT INTO listed_index (listed_index) VALUES ('delete-all');
        INSERT INTO listed_index (rowid, words, direction, connection, profile, size, verdict, cause, document_type)
        SELECT * FROM listed_words";
    session.script(DOING, again).await?;
    session.commit(DOING).await
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{behind_its_back, connection, now, transmission, workspace};
    use super::super::{As2Pair, TransmissionFilter};
    use super::*;

    #[tokio::test]
    async fn a_sound_database_has_no_problems_and_an_index_that_says_less_is_mended() {
        let (guard, workspace) = workspace().await;
        workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
        for second in 0..5 {
            workspace.begin_transmission(&transmission(second), As2Pair::default()).await.unwrap();
        }
        assert_eq!(workspace.look_for_damage(true).await.unwrap(), DatabaseSoundness::default());
        // An entry is taken out of the index alone: the schema says for a moment that the table is without it.
        behind_its_back(
            &guard.path().join("w"),
            "PRAGMA writable_schema = ON;
             CREATE TABLE kept_schema AS SELECT * FROM sqlite_schema WHERE name = 'transmissions_by_message';
             DELETE FROM sqlite_schema WHERE name = 'transmissions_by_message';",
        )
        .await;
        behind_its_back(
            &guard.path().join("w"),
            "UPDATE transmissions SET message_id = '<other@acme>' WHERE message_id = '<3@acme>';
             PRAGMA writable_schema = ON;
             INSERT INTO sqlite_schema SELECT * FROM kept_schema;
             DROP TABLE kept_schema;",
        )
        .await;
        let location = super::super::fixtures::at(&guard.path().join("w"));
        let opened = Workspace::open_existing(&location, &super::super::Unlock::none(), now()).await.unwrap().unwrap();
        let found = opened.look_for_damage(false).await.unwrap();
        assert!(found.problems.is_empty(), "{found:?}");
        assert!(found.mended.iter().any(|said| said.contains("transmissions_by_message")), "{found:?}");
        assert_eq!(opened.look_for_damage(true).await.unwrap(), DatabaseSoundness::default(), "once and for all");
        let search = Some("other@acme".to_owned());
        let found =
            opened.transmissions(&TransmissionFilter { search, ..TransmissionFilter::default() }).await.unwrap();
        assert_eq!(found.0.len(), 1, "the list is searched as before");
    }

    #[tokio::test]
    async fn a_row_that_belongs_to_nothing_is_damage() {
        let (guard, workspace) = workspace().await;
        behind_its_back(
            &guard.path().join("w"),
            "PRAGMA foreign_keys = OFF;
             INSERT INTO stages (transmission, position, attempt, document) VALUES ('00', 1, 1, '{}')",
        )
        .await;
        let found = workspace.look_for_damage(false).await.unwrap();
        assert_eq!(found.problems, ["stages: 1 row without what it belongs to in transmissions"]);
        assert!(found.mended.is_empty());
    }

    #[tokio::test]
    async fn the_payloads_that_should_be_there_are_those_with_a_digest() {
        let (_guard, workspace) = workspace().await;
        let with = Transmission { payload_sha256: Some("ab".repeat(32)), ..transmission(1) };
        let newest = transmission(2);
        for each in [&transmission(0), &with, &newest] {
            workspace.begin_transmission(each, As2Pair::default()).await.unwrap();
        }
        let (kept, last) = workspace.kept_payloads(None, 10).await.unwrap();
        assert_eq!(kept, [KeptPayload { id: with.id, sha256: "ab".repeat(32), was_there: false }]);
        assert_eq!(last, Some(newest.id));
        assert_eq!(workspace.kept_payloads(last, 10).await.unwrap(), (Vec::new(), None));
    }
}
