//! The SQLite file: recognising it, opening it, taking turns in writing to it. The only file here that knows a dialect,
//! beside `elsewhere`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions as _, Connection as _};
use tokio::sync::Mutex;

use super::database_file::{Mode, address, is_interrupted, private_file, settled};
use super::elsewhere::Elsewhere;
use super::error::{FileError, OpenError, StoreError};
use super::session::{Session, column, sql};
use super::{migrations, upgrade};

/// Name of the database in the workspace's folder.
pub(super) const FILE: &str = "countersign.sqlite";

/// `PRAGMA application_id` of a workspace: "CtSg" as a number (sqlite.org/pragma.html#pragma_application_id).
pub(super) const APPLICATION_ID: i64 = 0x4374_5367;
/// The same in SQL, which takes no arguments there; with the mark by which a file is recognised before it is opened.
const MARK: &str = "PRAGMA application_id = 1131696999";

/// How long a writer waits for its turn among the writers of this process.
const TURN: Duration = Duration::from_secs(15);

/// A workspace's database.
pub(super) struct Database {
    pool: AnyPool,
    path: Arc<Path>,
    turn: Arc<Mutex<()>>,
    elsewhere: Arc<Elsewhere>,
    mode: Mode,
    /// It can only be read because the disk is full.
    wants_room: bool,
}

impl Database {
    /// Creates the file, or takes part in it where another program has just done so.
    pub(super) async fn create(path: &Path, now: Timestamp) -> Result<Self, OpenError> {
        private_file(path)?;
        let database = Self::connect(path, Mode::Create)?;
        let mut session = database.write("create the workspace").await?;
        let found = identify(&mut session).await?;
        if found.application_id == APPLICATION_ID {
            drop(session);
            return database.prepared(now).await;
        }
        if found.application_id != 0 || found.tables != 0 {
            return Err(not_ours(path, "it belongs to another program"));
        }
        session.script("create the workspace", MARK).await?;
        migrations::run(&mut session, 0, now).await?;
        migrations::stamp(&mut session).await?;
        session.commit("create the workspace").await?;
        database.use_wal().await?;
        Ok(database)
    }

    /// Opens a file that exists; for reading alone where it cannot be written to, or where that is asked for. Nothing
    /// where it holds no schema yet: its creation was interrupted.
    pub(super) async fn open(path: &Path, read_only: bool, now: Timestamp) -> Result<Option<Self>, OpenError> {
        if is_interrupted(path) {
            // What a killed program has left half written is taken back by whoever may write; as long as it is not, half of
            // that is seen. Who may only read finds out below.
            drop(Self::glance(path, Mode::Write).await);
        }
        // Looked at as if nothing could change it, so that a file that is not ours is not even locked. Not with our own
        // hands: closing a file drops the locks that SQLite holds on it in this process (sqlite.org/howtocorrupt.html).
        let mut seen = Self::glance(path, Mode::Immutable).await?;
        if matches!(seen, Err(StoreError::Damaged { .. })) {
            // Perhaps only because another program wrote to it just then: without locks half of that is seen.
            seen = Self::glance(path, Mode::Read).await?;
        }
        let seen = seen.map_err(|error| match OpenError::from(error).of_database(path) {
            OpenError::Store(StoreError::Damaged { reason, .. }) => not_ours(path, &reason),
            other => other,
        })?;
        if seen.application_id == 0 && seen.tables == 0 {
            return Ok(None);
        }
        if seen.application_id != APPLICATION_ID {
            return Err(not_ours(path, "it belongs to another program"));
        }
        refuse_newer(path, seen.user_version)?;
        let modes: &[Mode] =
            if read_only { &[Mode::Read, Mode::Immutable] } else { &[Mode::Write, Mode::Read, Mode::Immutable] };
        let mut last = None;
        for mode in modes {
            if *mode == Mode::Immutable && !settled(path) {
                break;
            }
            let mut database = Self::connect(path, *mode)?;
            database.wants_room = matches!(last, Some(StoreError::DiskFull { .. }));
            match database.prepared(now).await {
                Ok(database) => return Ok(Some(database)),
                // What was said first says why it is not written to.
                Err(OpenError::Store(error)) if needs_less(&error) => last = last.or(Some(error)),
                Err(error) => return Err(error.of_database(path)),
            }
        }
        Err(last.map_or_else(|| not_ours(path, "it cannot be read"), OpenError::from))
    }

    /// A file that nobody writes, to be read once as it is.
    pub(super) fn at_rest(path: &Path) -> Result<Self, OpenError> {
        Self::connect(path, Mode::Immutable)
    }

    /// Looks at a file once.
    async fn glance(path: &Path, mode: Mode) -> Result<Result<Identity, StoreError>, OpenError> {
        let glance = Self::connect(path, mode)?;
        let seen = glance.identity().await;
        glance.pool.close().await;
        Ok(seen)
    }

    /// A file that nobody writes to, only to be looked at.
    pub(super) fn for_looking(path: &Path) -> Result<Self, OpenError> {
        Self::connect(path, Mode::Immutable)
    }

    /// A file that nobody else has open, to be changed whatever its schema is.
    pub(super) fn for_changing(path: &Path) -> Result<Self, OpenError> {
        Self::connect(path, Mode::Write)
    }

    /// The schema of what is looked at, where it is a workspace's and not a newer version's. `named`: how it is called.
    pub(super) async fn schema_of(&self, named: &Path) -> Result<i64, OpenError> {
        let found = self.identity().await?;
        if found.application_id != APPLICATION_ID {
            return Err(not_ours(named, "it belongs to another program"));
        }
        let version = migrations::version(&mut self.read("read the workspace").await?).await?;
        refuse_newer(named, version.max(found.user_version))?;
        Ok(version)
    }

    fn connect(path: &Path, mode: Mode) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let failed = |error: sqlx::Error| StoreError::from_driver("open the workspace", path, &error);
        let options: AnyConnectOptions = address(path, mode)?.parse().map_err(failed)?;
        let options = options.disable_statement_logging();
        let elsewhere = Arc::new(Elsewhere::new(options.clone()));
        let pool = AnyPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(TURN)
            .test_before_acquire(false)
            .max_lifetime(None)
            // One whose transaction SQLite has rolled back by itself, as on a full disk, counts itself in it for ever and
            // could begin no other.
            .before_acquire(|connection, _about| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .after_connect(|connection, _about| {
                Box::pin(async move {
                    // Only what does not read the file: an error here would be taken for a server that is not up yet,
                    // and tried again until time is up. `synchronous` is FULL by default, which a test holds.
                    // What is written over, such as a key under an earlier passphrase, is not left in the page; cells that
                    // are out of their page are damage, not data.
                    let pragmas = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
                                   PRAGMA secure_delete = FAST; PRAGMA cell_size_check = ON";
                    sqlx::raw_sql(pragmas).execute(connection).await.map(|_done| ())
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, path: path.into(), turn: Arc::new(Mutex::new(())), elsewhere, mode, wants_room: false })
    }

    async fn identity(&self) -> Result<Identity, StoreError> {
        identify(&mut self.read("look at the workspace").await?).await
    }

    /// Checks an opened database and brings it up to date.
    async fn prepared(self, now: Timestamp) -> Result<Self, OpenError> {
        let version = self.schema_of(&self.path).await?;
        if version < migrations::NEWEST {
            if self.wants_room {
                let doing = "bring the workspace up to date";
                return Err(StoreError::DiskFull { doing, path: self.path.to_path_buf() }.into());
            }
            if self.is_read_only() {
                return Err(OpenError::OlderAndReadOnly { path: self.path.to_path_buf() });
            }
            upgrade::bring_up_to_date(&self, now).await?;
        }
        if !self.is_read_only() {
            self.use_wal().await?;
        }
        Ok(self)
    }

    /// Switches to the write-ahead log, in which readers and a writer do not wait for each other. A file system that
    /// cannot do it keeps the ordinary journal.
    async fn use_wal(&self) -> Result<(), StoreError> {
        let mut session = self.read("read the workspace").await?;
        let row = session.row("read the workspace", sql("PRAGMA journal_mode")).await?;
        let mode: Option<String> = row.as_ref().map(|row| column(row, "journal_mode")).transpose()?;
        if mode.as_deref() != Some("wal") {
            // Busy means that another program has just opened it too, and switches it.
            match session.row("prepare the workspace", sql("PRAGMA journal_mode = WAL")).await {
                Ok(_) | Err(StoreError::Busy { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A hold for reading.
    pub(super) async fn read(&self, doing: &'static str) -> Result<Session, StoreError> {
        let connection =
            self.pool.acquire().await.map_err(|error| StoreError::from_driver(doing, &self.path, &error))?;
        Ok(Session::reading(connection, Arc::clone(&self.path)))
    }

    /// A transaction for writing, once it is its turn.
    pub(super) async fn write(&self, doing: &'static str) -> Result<Session, StoreError> {
        if self.wants_room {
            return Err(StoreError::DiskFull { doing, path: self.path.to_path_buf() });
        }
        if self.is_read_only() {
            return Err(StoreError::ReadOnly { doing, path: self.path.to_path_buf() });
        }
        let waited = tokio::time::timeout(TURN, Arc::clone(&self.turn).lock_owned()).await;
        let turn = waited.map_err(|_elapsed| StoreError::Busy { doing, path: self.path.to_path_buf() })?;
        // Immediate: a transaction that reads first and writes later could not wait for another program's lock.
        let transaction = self
            .pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(|error| StoreError::from_driver(doing, &self.path, &error))?;
        self.elsewhere.before_own(&self.path).await;
        let mut session = Session::writing(transaction, turn, Arc::clone(&self.elsewhere), Arc::clone(&self.path));
        // A newer program may have changed the schema since this one has opened it.
        let statement = sql("SELECT user_version FROM pragma_user_version");
        let found = session.row(doing, statement).await?.as_ref().map_or(Ok(0), |row| column(row, "user_version"))?;
        if found > migrations::NEWEST {
            return Err(StoreError::Newer { doing, path: self.path.to_path_buf(), found, known: migrations::NEWEST });
        }
        Ok(session)
    }

    /// Whether another program has written since this was last asked; not, when it is asked for the first time.
    pub(super) async fn changed_elsewhere(&self) -> Result<bool, StoreError> {
        self.elsewhere.has_written(&self.path).await
    }

    /// How many bytes the file has, and how many of them are free for what is written next.
    pub(super) async fn room(&self) -> Result<(u64, u64), StoreError> {
        const DOING: &str = "look at the size of the workspace";
        let statement = sql("SELECT page_size * page_count AS bytes, page_size * freelist_count AS free
             FROM pragma_page_size, pragma_page_count, pragma_freelist_count");
        let row = self.read(DOING).await?.row(DOING, statement).await?;
        let row = row.ok_or_else(|| StoreError::damaged("the database")("it says nothing of its size"))?;
        Ok((column::<i64>(&row, "bytes")?.unsigned_abs(), column::<i64>(&row, "free")?.unsigned_abs()))
    }

    /// Copies all of it, as it is at this instant, into a file that does not exist yet.
    pub(super) async fn copy_into(&self, to: &Path) -> Result<(), OpenError> {
        const DOING: &str = "copy the database";
        let Some(place) = to.to_str() else {
            let reason = std::io::Error::new(std::io::ErrorKind::InvalidInput, "its path is not valid Unicode");
            return Err(FileError::on("write", to)(reason).into());
        };
        // An empty file is taken as none (sqlite.org/lang_vacuum.html), so that it is the user's alone from the beginning.
        private_file(to)?;
        let copying = sql("VACUUM INTO $1").bind(place.to_owned());
        self.read(DOING).await?.execute(DOING, copying).await.map(|_rows| ()).map_err(|error| match error {
            // What is full is the disk that the copy is on.
            StoreError::DiskFull { doing, .. } => StoreError::DiskFull { doing, path: to.to_owned() }.into(),
            other => other.into(),
        })
    }

    /// Whether it can only be read.
    pub(super) const fn is_read_only(&self) -> bool {
        matches!(self.mode, Mode::Read | Mode::Immutable)
    }

    /// The same file over connections of their own, that have nothing in mind of what they read before.
    pub(super) fn anew(&self) -> Result<Self, OpenError> {
        Self::connect(&self.path, self.mode)
    }

    /// Whether that is because the disk is full.
    pub(super) const fn wants_room(&self) -> bool {
        self.wants_room
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder it lies in.
    pub(super) fn folder(&self) -> PathBuf {
        self.path.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Lets go of the file.
    pub(super) async fn close(&self) {
        self.elsewhere.close().await;
        self.pool.close().await;
    }
}

/// What a database says of itself.
struct Identity {
    application_id: i64,
    user_version: i64,
    tables: i64,
}

async fn identify(session: &mut Session) -> Result<Identity, StoreError> {
    const DOING: &str = "read the workspace";
    let statement = sql("SELECT (SELECT application_id FROM pragma_application_id) AS application_id,
                (SELECT user_version FROM pragma_user_version) AS user_version,
                (SELECT count(*) FROM sqlite_master) AS tables");
    let row = session.row(DOING, statement).await?;
    let row = row.ok_or_else(|| StoreError::damaged("the database")("it says nothing of itself"))?;
    Ok(Identity {
        application_id: column(&row, "application_id")?,
        user_version: column(&row, "user_version")?,
        tables: column(&row, "tables")?,
    })
}

fn refuse_newer(path: &Path, found: i64) -> Result<(), OpenError> {
    if found > migrations::NEWEST {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: migrations::NEWEST });
    }
    Ok(())
}

fn not_ours(path: &Path, reason: &str) -> OpenError {
    OpenError::NotOurs { path: path.to_owned(), reason: reason.to_owned() }
}

/// Whether an error may go away when the file is opened with fewer rights.
const fn needs_less(error: &StoreError) -> bool {
    // 14 is SQLITE_CANTOPEN, 10 SQLITE_IOERR: what a write-ahead log on a read-only medium ends in.
    match error {
        StoreError::ReadOnly { .. } | StoreError::DiskFull { .. } => true,
        StoreError::Database { code: Some(code), .. } => matches!(*code & 0xff, 10 | 14),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::now;
    use super::*;

    #[tokio::test]
    async fn every_commit_reaches_the_disk_and_references_are_held() {
        let guard = tempfile::tempdir().unwrap();
        let database = Database::create(&guard.path().join(FILE), now()).await.unwrap();
        let statement = sql("SELECT (SELECT synchronous FROM pragma_synchronous) AS synchronous,
                    (SELECT foreign_keys FROM pragma_foreign_keys) AS foreign_keys,
                    (SELECT journal_mode FROM pragma_journal_mode) AS journal_mode");
        let row = database.read("look").await.unwrap().row("look", statement).await.unwrap().unwrap();
        // 2 is FULL (sqlite.org/pragma.html#pragma_synchronous).
        assert_eq!(column::<i64>(&row, "synchronous").unwrap(), 2);
        assert_eq!(column::<i64>(&row, "foreign_keys").unwrap(), 1);
        assert_eq!(column::<String>(&row, "journal_mode").unwrap(), "wal");
    }

    #[tokio::test]
    async fn what_sqlite_has_rolled_back_by_itself_keeps_nobody_from_writing() {
        let guard = tempfile::tempdir().unwrap();
        let database = Database::create(&guard.path().join(FILE), now()).await.unwrap();
        for _ in 0..4 {
            let mut session = database.write("write").await.unwrap();
            let refused = session.script("write", "INSERT OR ROLLBACK INTO meta VALUES ('a', 'b'), ('a', 'c')").await;
            assert!(refused.is_err());
        }
        for _ in 0..8 {
            let mut session = database.write("write").await.unwrap();
            session.script("write", "INSERT OR REPLACE INTO meta VALUES ('a', 'b')").await.unwrap();
            session.commit("write").await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_file_on_a_medium_that_nothing_can_change_is_read() {
        let guard = tempfile::tempdir().unwrap();
        let path = guard.path().join(FILE);
        Database::create(&path, now()).await.unwrap().close().await;
        let database = Database::connect(&path, Mode::Immutable).unwrap().prepared(now()).await.unwrap();
        assert!(matches!(database.write("write").await, Err(StoreError::ReadOnly { .. })));
        drop(database);
        assert_eq!(std::fs::read_dir(guard.path()).unwrap().count(), 1, "no log is laid beside it");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_workspace_is_opened_while_another_program_writes_to_it() {
        let guard = tempfile::tempdir().unwrap();
        let path = guard.path().join(FILE);
        Database::create(&path, now()).await.unwrap().close().await;
        let place = path.clone();
        let writing = tokio::spawn(async move {
            for round in 0..60 {
                // Closing moves what was written from the log into the file, and a glance may see half of that.
                let writer = Database::connect(&place, Mode::Write).unwrap();
                let mut session = writer.write("fill").await.unwrap();
                let filling = format!(
                    "INSERT OR REPLACE INTO meta (key, value) SELECT 'filling-' || value, hex(randomblob(900))
                     FROM (WITH RECURSIVE n(value) AS
                     (SELECT {round} * 40 UNION ALL SELECT value + 1 FROM n LIMIT 80) SELECT value FROM n)"
                );
                let statement: super::super::session::Statement = sqlx::query(sqlx::AssertSqlSafe(filling));
                session.execute("fill", statement).await.unwrap();
                session.commit("fill").await.unwrap();
                writer.close().await;
            }
        });
        while !writing.is_finished() {
            let opened = Database::open(&path, false, now()).await.unwrap().unwrap();
            opened.close().await;
        }
        writing.await.unwrap();
    }
}
