//! One hold on the database, for reading or inside a transaction, whose errors say what was being done.

use std::path::Path;
use std::sync::Arc;

use sqlx::any::{Any, AnyArguments, AnyQueryResult, AnyRow};
use sqlx::query::Query;
use sqlx::{AnyConnection, Decode, Row as _, Type};
use tokio::sync::OwnedMutexGuard;

use super::elsewhere::Elsewhere;
use super::error::StoreError;

/// A statement with its arguments.
pub(super) type Statement = Query<'static, Any, AnyArguments>;

/// A statement, with `$1`, `$2` … for its arguments.
pub(super) fn sql(text: &'static str) -> Statement {
    sqlx::query(text)
}

enum Hold {
    Reading(sqlx::pool::PoolConnection<Any>),
    Writing(sqlx::Transaction<'static, Any>, OwnedMutexGuard<()>, Arc<Elsewhere>),
}

/// One hold on the database.
pub(super) struct Session {
    hold: Hold,
    path: Arc<Path>,
}

impl Session {
    pub(super) const fn reading(connection: sqlx::pool::PoolConnection<Any>, path: Arc<Path>) -> Self {
        Self { hold: Hold::Reading(connection), path }
    }

    /// A transaction together with the turn it has among the writers of this process.
    pub(super) const fn writing(
        transaction: sqlx::Transaction<'static, Any>,
        turn: OwnedMutexGuard<()>,
        elsewhere: Arc<Elsewhere>,
        path: Arc<Path>,
    ) -> Self {
        Self { hold: Hold::Writing(transaction, turn, elsewhere), path }
    }

    fn connection(&mut self) -> &mut AnyConnection {
        match &mut self.hold {
            Hold::Reading(connection) => connection,
            Hold::Writing(transaction, ..) => transaction,
        }
    }

    /// Runs a statement; answers how many rows it touched.
    pub(super) async fn execute(&mut self, doing: &'static str, statement: Statement) -> Result<u64, StoreError> {
        let result = statement.execute(self.connection()).await;
        result
            .map(|done: AnyQueryResult| done.rows_affected())
            .map_err(|error| StoreError::from_driver(doing, &self.path, &error))
    }

    /// The rows that a statement yields.
    pub(super) async fn rows(&mut self, doing: &'static str, statement: Statement) -> Result<Vec<AnyRow>, StoreError> {
        let result = statement.fetch_all(self.connection()).await;
        result.map_err(|error| StoreError::from_driver(doing, &self.path, &error))
    }

    /// The first row that a statement yields, if any.
    pub(super) async fn row(
        &mut self,
        doing: &'static str,
        statement: Statement,
    ) -> Result<Option<AnyRow>, StoreError> {
        let result = statement.fetch_optional(self.connection()).await;
        result.map_err(|error| StoreError::from_driver(doing, &self.path, &error))
    }

    /// Runs a text of several statements without arguments.
    pub(super) async fn script(&mut self, doing: &'static str, text: &'static str) -> Result<(), StoreError> {
        let result = sqlx::raw_sql(text).execute(self.connection()).await;
        result.map(|_done| ()).map_err(|error| StoreError::from_driver(doing, &self.path, &error))
    }

    /// Makes a transaction permanent; a read is merely ended.
    pub(super) async fn commit(self, doing: &'static str) -> Result<(), StoreError> {
        match self.hold {
            Hold::Reading(_connection) => Ok(()),
            Hold::Writing(transaction, _turn, elsewhere) => {
                let done = transaction.commit().await;
                elsewhere.after_own(&self.path).await;
                done.map_err(|error| StoreError::from_driver(doing, &self.path, &error))
            }
        }
    }
}

/// One column of a row.
pub(super) fn column<T>(row: &AnyRow, name: &'static str) -> Result<T, StoreError>
where
    T: for<'r> Decode<'r, Any> + Type<Any>,
{
    row.try_get(name).map_err(StoreError::damaged(format!("the column `{name}`")))
}

/// One column of a row, read by the type's own spelling.
pub(super) fn parsed<T>(row: &AnyRow, name: &'static str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text: String = column(row, name)?;
    text.parse().map_err(StoreError::damaged(format!("the column `{name}`")))
}

/// A document, written as JSON.
pub(super) fn to_json<T: serde::Serialize>(what: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::damaged(what))
}

/// A document, read from JSON.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(StoreError::damaged(what))
}
