//! Connections and their earlier revisions.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::domain::audit::{AuditAct, AuditNote};
use crate::domain::connection::Connection;
use crate::domain::identifier::ConnectionId;

use super::error::StoreError;
use super::session::{Session, column, from_json, parsed, sql, to_json};
use super::transaction::Transaction;
use super::workspace::Workspace;

/// The most bytes that a connection takes as a document.
const MOST: usize = 1024 * 1024;

/// So many connections are read or written by one statement.
const AT_ONCE: usize = 64;

/// A connection as it was before it was saved again or removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Its number, from 1.
    pub number: u64,
    /// The connection.
    pub connection: Connection,
    /// When it was saved.
    pub saved: Timestamp,
    /// When it was replaced or removed.
    pub ended: Timestamp,
}

/// Connections as they were read last, by id: a document is read into its parts again only where its revision is another.
#[derive(Default)]
pub(super) struct ReadBefore {
    known: Mutex<HashMap<String, (i64, Connection)>>,
}

impl ReadBefore {
    /// The connections of all rows there are.
    fn read(&self, rows: &[AnyRow]) -> Result<Vec<Connection>, StoreError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut current = HashMap::with_capacity(rows.len());
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, revision): (String, i64) = (column(row, "id")?, column(row, "revision")?);
            // A revision is never given twice, not even to a connection that was removed and came again.
            let connection = match known.remove(&id) {
                Some((read, connection)) if read == revision => connection,
                _ => from_json(&format!("the connection `{id}`"), &column::<String>(row, "document")?)?,
            };
            found.push(connection.clone());
            current.insert(id, (revision, connection));
        }
        // What was removed is forgotten.
        *known = current;
        Ok(found)
    }
}

impl Workspace {
    /// Every connection, sorted by id.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        const DOING: &str = "read the connections";
        // In one statement, so that what was changed together is seen together.
        let statement = sql("SELECT id, revision, document FROM connections");
        let rows = self.reading(DOING).await?.rows(DOING, statement).await?;
        let mut found = self.read_before().read(&rows)?;
        // Here and not by the database, whose order depends on its collation.
        found.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    /// One connection, where there is one of this id.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
        one(&mut self.reading("read a connection").await?, id).await
    }

    /// What a connection was before, the oldest first. They outlive the connection.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn connection_revisions(&self, id: &ConnectionId) -> Result<Vec<Revision>, StoreError> {
        const DOING: &str = "read a connection's earlier revisions";
        let statement =
            sql("SELECT revision, document, saved_at, ended_at FROM connection_revisions WHERE connection = $1
             ORDER BY revision");
        let rows = self.reading(DOING).await?.rows(DOING, statement.bind(id.to_string())).await?;
        let what = format!("an earlier revision of the connection `{id}`");
        rows.iter()
            .map(|row| {
                Ok(Revision {
                    number: u64::try_from(column::<i64>(row, "revision")?)
                        .map_err(StoreError::damaged(what.as_str()))?,
                    connection: from_json(&what, &column::<String>(row, "document")?)?,
                    saved: parsed(row, "saved_at")?,
                    ended: parsed(row, "ended_at")?,
                })
            })
            .collect()
    }

    /// A connection as it was at an instant; nothing where there was none of this id then.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn connection_as_of(&self, id: &ConnectionId, at: Timestamp) -> Result<Option<Connection>, StoreError> {
        const DOING: &str = "read how a connection was";
        let statement = sql("SELECT document, saved_at, ended_at FROM connection_revisions WHERE connection = $1
             UNION ALL SELECT document, saved_at, NULL FROM connections WHERE id = $1");
        for row in self.reading(DOING).await?.rows(DOING, statement.bind(id.to_string())).await? {
            let ended: Option<Timestamp> = match column::<Option<String>>(&row, "ended_at")? {
                Some(_) => Some(parsed(&row, "ended_at")?),
                None => None,
            };
            if parsed::<Timestamp>(&row, "saved_at")? <= at && ended.is_none_or(|ended| at < ended) {
                let what = format!("an earlier revision of the connection `{id}`");
                return from_json(&what, &column::<String>(&row, "document")?).map(Some);
            }
        }
        Ok(None)
    }

    /// Saves a connection, in the place of an earlier one with its id.
    ///
    /// # Errors
    /// Where the database cannot be written.
    pub async fn save_connection(&self, connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
        self.save_connections(std::slice::from_ref(connection), now).await
    }

    /// Saves several connections, all or none.
    ///
    /// # Errors
    /// Where the database cannot be written; then none is saved.
    pub async fn save_connections(&self, connections: &[Connection], now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.save_connections(connections, now).await?;
        transaction.commit().await
    }

    /// Removes a connection. Its revisions and its transmissions stay.
    ///
    /// # Errors
    /// Where there is none of this id, or the database cannot be written.
    pub async fn remove_connection(&self, id: &ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        transaction.remove_connection(id, now).await?;
        transaction.commit().await
    }
}

impl Transaction {
    /// Every connection as this transaction sees it, sorted by id.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn connections(&mut self) -> Result<Vec<Connection>, StoreError> {
        all(&mut self.session).await
    }

    /// One connection as this transaction sees it, where there is one of this id.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn connection(&mut self, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
        one(&mut self.session, id).await
    }

    /// The connections of these ids, as far as there are any, as they are within this transaction; sorted by id.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn connections_of(&mut self, ids: &[ConnectionId]) -> Result<Vec<Connection>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            for (id, document) in self.documents("read the connections", some.iter()).await? {
                found.push(from_json(&format!("the connection `{id}`"), &document)?);
            }
        }
        found.sort_by(|one: &Connection, other| one.id.cmp(&other.id));
        Ok(found)
    }

    /// Saves a connection, in the place of an earlier one with its id, which is kept as a revision. Nothing happens where
    /// nothing has changed.
    ///
    /// # Errors
    /// Where the connection is too large, or the database cannot be written.
    pub async fn save_connection(&mut self, connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
        self.save_connections(std::slice::from_ref(connection), now).await
    }

    /// The same with many, which takes three statements for each sixty-four of them.
    ///
    /// # Errors
    /// As [`Transaction::save_connection`].
    pub async fn save_connections(&mut self, connections: &[Connection], now: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "save a connection";
        for some in connections.chunks(AT_ONCE) {
            let mut documents = Vec::with_capacity(some.len());
            for connection in some {
                let document = to_json("the connection", connection)?;
                if document.len() > MOST {
                    let id = connection.id.to_string();
                    return Err(StoreError::ConnectionTooLarge { id, size: document.len(), most: MOST });
                }
                // Of two with one id in one go the later one counts.
                documents.retain(|(id, _): &(&ConnectionId, String)| *id != &connection.id);
                documents.push((&connection.id, document));
            }
            let known = self.documents(DOING, some.iter().map(|connection| &connection.id)).await?;
            let known: HashMap<String, String> = known.into_iter().collect();
            documents.retain(|(id, document)| known.get(id.as_str()) != Some(document));
            if documents.is_empty() {
                continue;
            }
            for (id, document) in &documents {
                let before = known.get(id.as_str());
                let act = if before.is_some() { AuditAct::ConnectionChanged } else { AuditAct::ConnectionAdded };
                self.notes.push(differing(act, id, before.map(String::as_str), Some(document))?);
            }
            let ended = ids(
                "INSERT INTO connection_revisions (connection, revision, document, saved_at, ended_at)
                 SELECT id, revision, document, saved_at, $1 FROM connections WHERE id IN",
                2,
                documents.len(),
            );
            let mut ended = sqlx::query(sqlx::AssertSqlSafe(ended)).bind(now.to_string());
            for (id, _) in &documents {
                ended = ended.bind(id.to_string());
            }
            self.session.execute(DOING, ended).await?;
            let mut saved = sqlx::query(sqlx::AssertSqlSafe(saving(documents.len()))).bind(now.to_string());
            for (id, document) in documents {
                saved = saved.bind(id.to_string()).bind(document);
            }
            self.session.execute(DOING, saved).await?;
        }
        Ok(())
    }

    /// The documents of some connections by id; at most [`AT_ONCE`].
    async fn documents(
        &mut self,
        doing: &'static str,
        wanted: impl ExactSizeIterator<Item = &ConnectionId>,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let text = ids("SELECT id, document FROM connections WHERE id IN", 1, wanted.len());
        let mut statement = sqlx::query(sqlx::AssertSqlSafe(text));
        for id in wanted {
            statement = statement.bind(id.to_string());
        }
        let rows = self.session.rows(doing, statement).await?;
        rows.iter().map(|row| Ok((column(row, "id")?, column(row, "document")?))).collect()
    }

    /// Removes a connection. Its revisions and its transmissions stay.
    ///
    /// # Errors
    /// Where there is none of this id, or the database cannot be written.
    pub async fn remove_connection(&mut self, id: &ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        const DOING: &str = "remove a connection";
        let before = self.documents(DOING, std::iter::once(id)).await?;
        for (_, document) in &before {
            self.notes.push(differing(AuditAct::ConnectionRemoved, id, Some(document), None)?);
        }
        self.end_revision(DOING, id.as_str(), now).await?;
        let statement = sql("DELETE FROM connections WHERE id = $1").bind(id.to_string());
        if self.session.execute(DOING, statement).await? == 0 {
            return Err(StoreError::NotFound { what: "connection", name: id.to_string() });
        }
        Ok(())
    }

    /// Keeps what a connection is now as a revision.
    async fn end_revision(&mut self, doing: &'static str, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let statement = sql("INSERT INTO connection_revisions (connection, revision, document, saved_at, ended_at)
             SELECT id, revision, document, saved_at, $2 FROM connections WHERE id = $1");
        self.session.execute(doing, statement.bind(id.to_owned()).bind(now.to_string())).await.map(|_rows| ())
    }
}

/// What the audit log says of a connection whose document was replaced.
fn differing(
    act: AuditAct,
    id: &ConnectionId,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<AuditNote, StoreError> {
    let value = |text: Option<&str>| {
        text.map_or(Ok(serde_json::Value::Null), |text| from_json(&format!("the connection `{id}`"), text))
    };
    Ok(AuditNote::of(act, id.as_str()).between(&value(before)?, &value(after)?))
}

async fn all(session: &mut Session) -> Result<Vec<Connection>, StoreError> {
    let rows = session.rows("read the connections", sql("SELECT id, document FROM connections")).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let id: String = column(&row, "id")?;
        let connection: Connection =
            from_json(&format!("the connection `{id}`"), &column::<String>(&row, "document")?)?;
        found.push(connection);
    }
    // Here and not by the database, whose order depends on its collation.
    found.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(found)
}

/// A statement of this file that ends with a list of so many arguments, the first of this number.
fn ids(statement: &str, first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    format!("{statement} ({})", places.join(", "))
}

/// The statement that saves so many connections: `$1` is the instant, then come id and document of each.
fn saving(count: usize) -> String {
    let row = |index: usize| {
        let (id, document) = (2 * index + 2, 2 * index + 3);
        format!(
            "(${id}, (SELECT coalesce(max(revision), 0) + 1 FROM connection_revisions WHERE connection = ${id}), ${document}, $1)"
        )
    };
    let rows: Vec<String> = (0..count).map(row).collect();
    format!(
        "INSERT INTO connections (id, revision, document, saved_at) VALUES {}
         ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, document = excluded.document,
             saved_at = excluded.saved_at",
        rows.join(", ")
    )
}

async fn one(session: &mut Session, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
    let statement = sql("SELECT document FROM connections WHERE id = $1").bind(id.to_string());
    let Some(row) = session.row("read a connection", statement).await? else { return Ok(None) };
    from_json(&format!("the connection `{id}`"), &column::<String>(&row, "document")?).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, connection, facts, now, workspace};
    use super::*;

    #[tokio::test]
    async fn a_connection_is_kept_with_its_earlier_revisions_even_after_it_was_removed() {
        let (_guard, workspace) = workspace().await;
        let first = connection("acme", "Acme");
        let second = Connection { name: "Acme & Sons".to_owned(), ..first.clone() };
        let later: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        workspace.save_connections(&[first.clone(), connection("aaa", "First")], now()).await.unwrap();
        workspace.save_connection(&first, later).await.unwrap();
        assert!(workspace.connection_revisions(&first.id).await.unwrap().is_empty(), "nothing changed");
        workspace.save_connection(&second, later).await.unwrap();
        let names: Vec<String> = workspace.connections().await.unwrap().into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["First", "Acme & Sons"]);
        workspace.remove_connection(&first.id, later).await.unwrap();
        assert_eq!(workspace.connection(&first.id).await.unwrap(), None);
        assert!(matches!(workspace.remove_connection(&first.id, later).await, Err(StoreError::NotFound { .. })));
        workspace.save_connection(&first, later).await.unwrap();
        workspace.remove_connection(&first.id, later).await.unwrap();
        let revisions = workspace.connection_revisions(&first.id).await.unwrap();
        assert_eq!(revisions.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(revisions[0], Revision { number: 1, connection: first, saved: now(), ended: later });
        assert_eq!(revisions[1].connection, second);
    }

    #[tokio::test]
    async fn a_transaction_is_made_whole_or_not_at_all() {
        let (_guard, workspace) = workspace().await;
        workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
        let facts = facts(1);
        let mut transaction = workspace.begin().await.unwrap();
        transaction.put_certificate(b"der", &facts, "partner.pem", now()).await.unwrap();
        transaction.save_connection(&connection("acme", "Changed"), now()).await.unwrap();
        let absent: ConnectionId = "absent".parse().unwrap();
        assert!(transaction.remove_connection(&absent, now()).await.is_err());
        drop(transaction);
        assert!(workspace.certificates().await.unwrap().is_empty());
        assert_eq!(workspace.connections().await.unwrap(), [connection("acme", "Acme")]);

        let large = Connection { notes: Some("x".repeat(MOST)), ..connection("large", "Large") };
        let batch = [connection("small", "Small"), large];
        assert!(matches!(workspace.save_connections(&batch, now()).await, Err(StoreError::ConnectionTooLarge { .. })));
        assert_eq!(workspace.connections().await.unwrap().len(), 1);

        let mut transaction = workspace.begin().await.unwrap();
        transaction.put_certificate(b"der", &facts, "partner.pem", now()).await.unwrap();
        transaction.confirm_certificate(&facts.fingerprint_sha256, "by telephone", Some("ann"), now()).await.unwrap();
        transaction.save_connection(&connection("acme", "Changed"), now()).await.unwrap();
        transaction.commit().await.unwrap();
        let certificate = workspace.certificate(&facts.fingerprint_sha256).await.unwrap().unwrap();
        assert_eq!(certificate.der, b"der");
        assert_eq!(certificate.confirmed.unwrap().how, "by telephone");
        assert!(!workspace.put_certificate(b"der", &facts, "again.pem", now()).await.unwrap());
        let certificate = workspace.certificate(&facts.fingerprint_sha256).await.unwrap().unwrap();
        assert_eq!((certificate.source.as_str(), certificate.confirmed.is_some()), ("partner.pem", true));
    }

    #[tokio::test]
    async fn two_handles_write_at_once_and_nothing_is_lost() {
        let (_guard, one) = workspace().await;
        let location = at(one.folder());
        let other = Workspace::open_existing(&location, &super::super::Unlock::none(), now()).await.unwrap().unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for (index, workspace) in [&one, &other, &one, &other].into_iter().cloned().enumerate() {
            tasks.spawn(async move {
                for number in 0..10 {
                    let connection = connection(&format!("c-{index}-{number}"), "Acme");
                    workspace.save_connection(&connection, now()).await.unwrap();
                    workspace.connections().await.unwrap();
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(one.connections().await.unwrap().len(), 40);
        assert_eq!(other.connections().await.unwrap().len(), 40);
    }

    #[tokio::test]
    async fn how_a_connection_was_at_an_instant_is_known() {
        let (_guard, workspace) = workspace().await;
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (one, other) = (connection("acme", "One"), connection("acme", "Other"));
        workspace.save_connection(&one, at("2026-11-24T01:00:00Z")).await.unwrap();
        workspace.save_connection(&other, at("2026-11-24T01:00:00.5Z")).await.unwrap();
        let name = async |when: &str| {
            workspace.connection_as_of(&one.id, at(when)).await.unwrap().map(|connection| connection.name)
        };
        assert_eq!(name("2026-11-24T00:59:59Z").await, None);
        assert_eq!(name("2026-11-24T01:00:00.2Z").await.as_deref(), Some("One"));
        assert_eq!(name("2026-11-24T01:00:00.5Z").await.as_deref(), Some("Other"));
        workspace.remove_connection(&one.id, at("2026-11-25T00:00:00Z")).await.unwrap();
        assert_eq!(name("2026-11-24T12:00:00Z").await.as_deref(), Some("Other"));
        assert_eq!(name("2026-11-26T00:00:00Z").await, None);
    }
}
