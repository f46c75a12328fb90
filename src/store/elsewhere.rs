//! Noticing that another program has written to the workspace, at once and for next to nothing.
//!
//! SQLite tells each connection whether any other has committed since it was last asked
//! (sqlite.org/pragma.html#pragma_data_version). One connection is kept for being asked; what this program commits itself,
//! through its other connections, is taken out of the account by asking right before and right after.

use std::path::Path;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _};
use tokio::sync::Mutex;

use super::error::StoreError;
use super::session::{column, sql};

const DOING: &str = "look whether another program has changed the workspace";

/// Whether anybody else has written. Watched from the first question on.
pub(super) struct Elsewhere {
    options: AnyConnectOptions,
    watch: Mutex<Option<Watch>>,
}

struct Watch {
    connection: AnyConnection,
    /// What the database said when it was last asked.
    version: i64,
    /// Whether somebody else has written, and nobody has been told.
    changed: bool,
}

impl Watch {
    /// Asks, and notes a change as somebody else's.
    async fn note(&mut self, path: &Path) -> Result<(), StoreError> {
        let version = version(&mut self.connection, path).await?;
        self.changed |= version != self.version;
        self.version = version;
        Ok(())
    }
}

async fn version(connection: &mut AnyConnection, path: &Path) -> Result<i64, StoreError> {
    let row = sql("SELECT data_version FROM pragma_data_version").fetch_one(connection).await;
    column(&row.map_err(|error| StoreError::from_driver(DOING, path, &error))?, "data_version")
}

impl Elsewhere {
    pub(super) const fn new(options: AnyConnectOptions) -> Self {
        Self { options, watch: Mutex::const_new(None) }
    }

    /// Whether somebody else has written since this was last asked.
    pub(super) async fn has_written(&self, path: &Path) -> Result<bool, StoreError> {
        let mut watch = self.watch.lock().await;
        let Some(open) = watch.as_mut() else {
            let connected = self.options.connect().await;
            let mut connection = connected.map_err(|error| StoreError::from_driver(DOING, path, &error))?;
            let version = version(&mut connection, path).await?;
            *watch = Some(Watch { connection, version, changed: false });
            return Ok(false);
        };
        open.note(path).await?;
        Ok(std::mem::take(&mut open.changed))
    }

    /// To be called when this program has the database to itself for writing: what is new is somebody else's.
    pub(super) async fn before_own(&self, path: &Path) {
        if let Some(watch) = self.watch.lock().await.as_mut() {
            // What cannot be asked counts as a change: then everything is read anew.
            let failed = watch.note(path).await.is_err();
            watch.changed |= failed;
        }
    }

    /// To be called right after it has committed, before it writes again: what is new is its own.
    pub(super) async fn after_own(&self, path: &Path) {
        if let Some(watch) = self.watch.lock().await.as_mut() {
            match version(&mut watch.connection, path).await {
                Ok(version) => watch.version = version,
                Err(_) => watch.changed = true,
            }
        }
    }

    pub(super) async fn close(&self) {
        if let Some(watch) = self.watch.lock().await.take() {
            // The file is let go of either way.
            drop(watch.connection.close().await);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{now, transmission};
    use super::super::{As2Pair, Location, Unlock, Workspace};

    #[tokio::test]
    async fn what_others_write_is_noticed_once_and_what_we_write_is_not() {
        let guard = tempfile::tempdir().unwrap();
        let location = Location::Dir(guard.path().join("w"));
        let open = async || Workspace::open_or_create(&location, &Unlock::none(), now()).await.unwrap();
        let (ours, theirs) = (open().await, open().await);
        let begin = async |workspace: &Workspace, number| {
            workspace.begin_transmission(&transmission(number), As2Pair::default()).await.unwrap();
        };
        let asked = async || ours.changed_elsewhere().await.unwrap();
        begin(&theirs, 0).await;
        assert!(!asked().await, "what was there before anybody asked");
        begin(&ours, 1).await;
        assert!(!asked().await, "our own");
        begin(&theirs, 2).await;
        assert_eq!((asked().await, asked().await), (true, false), "another program's, once");
        // Neither hides the other.
        begin(&theirs, 3).await;
        begin(&ours, 4).await;
        assert_eq!((asked().await, asked().await), (true, false));
        begin(&ours, 5).await;
        begin(&theirs, 6).await;
        assert_eq!((asked().await, asked().await), (true, false));
        // Begun and given up is nothing written.
        drop(theirs.begin().await.unwrap());
        drop(ours.begin().await.unwrap());
        assert!(!asked().await);
        ours.close().await;
    }
}
