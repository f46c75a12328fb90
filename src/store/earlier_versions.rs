//! Workspaces of every earlier version, brought up to date.
//!
//! `tests/fixtures/workspaces` has what each version kept beside the one before it, as rows: with the migrations up to it, that
//! is a workspace of that version. Migrations are never edited after they landed, which is held here too; a new one has a file
//! of rows and a digest of its own.

use std::fs;
use std::path::Path;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe, Row as _};

use super::automatic_backups::{AutomaticBackupKind, automatic_backups};
use super::backup::Digesting;
use super::fixtures::{at, now};
use super::keyring::KEY_FILE;
use super::migrations::{MIGRATIONS, NEWEST};
use super::soundness::DatabaseSoundness;
use super::{AuditFilter, DATABASE_FILE, DutyKind, TransmissionFilter, Unlock, Workspace, http_password_name};
use crate::domain::identifier::ProfileKind;

const FIXTURES: &str = "tests/fixtures/workspaces";

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURES).join(name)).unwrap()
}

async fn pool(file: &Path) -> AnyPool {
    sqlx::any::install_default_drivers();
    let address = format!("sqlite:{}?mode=rwc", file.display());
    AnyPoolOptions::new().max_connections(1).connect(&address).await.unwrap()
}

async fn run(pool: &AnyPool, text: String) {
    sqlx::raw_sql(AssertSqlSafe(text)).execute(pool).await.unwrap();
}

/// Makes a workspace as a version kept it.
async fn make(folder: &Path, version: usize) {
    let pool = pool(&folder.join(DATABASE_FILE)).await;
    run(
        &pool,
        "CREATE TABLE schema_versions (version BIGINT PRIMARY KEY NOT NULL, applied_at TEXT NOT NULL)".to_owned(),
    )
    .await;
    for (number, script) in MIGRATIONS.iter().enumerate().take(version) {
        run(&pool, (*script).to_owned()).await;
        run(&pool, format!("INSERT INTO schema_versions VALUES ({}, '2026-11-27T03:34:05Z')", number + 1)).await;
    }
    for number in 1..=version {
        run(&pool, fixture(&format!("{number:04}.sql"))).await;
    }
    run(&pool, format!("PRAGMA application_id = 1131696999; PRAGMA user_version = {version}")).await;
    pool.close().await;
    let digits = fixture("workspace.key.hex");
    let key: Vec<u8> =
        (0..digits.trim().len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    let file = folder.join(KEY_FILE);
    fs::write(&file, key).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Rows of the backup that are not in the workspace any more, table by table. What is computed from others may differ, and
/// how often a transmission was changed.
async fn lost(folder: &Path, backup: &Path) -> Vec<String> {
    let pool = pool(&folder.join(DATABASE_FILE)).await;
    run(&pool, format!("ATTACH '{}' AS before", backup.display())).await;
    let mut lost = Vec::new();
    let tables = "SELECT name FROM before.sqlite_master WHERE type = 'table' AND name NOT LIKE 'listed%'
        AND name NOT IN ('tallied', 'searched', 'holdings') AND name NOT LIKE 'sqlite_%'";
    for table in sqlx::query(tables).fetch_all(&pool).await.unwrap() {
        let table: String = table.get("name");
        let columns = format!("SELECT name FROM pragma_table_info('{table}', 'before')");
        let columns = sqlx::query(AssertSqlSafe(columns)).fetch_all(&pool).await.unwrap();
        let columns: Vec<String> = columns.iter().map(|row| row.get("name")).collect();
        let columns = columns.join(", ");
        let gone = format!(
            "SELECT count(*) AS number FROM (SELECT {columns} FROM before.{table} EXCEPT SELECT {columns} FROM main.{table})"
        );
        let gone: i64 = sqlx::query(AssertSqlSafe(gone)).fetch_one(&pool).await.unwrap().get("number");
        if gone != 0 {
            lost.push(format!("{gone} of {table}"));
        }
    }
    pool.close().await;
    lost
}

#[test]
fn no_migration_was_edited_and_each_has_its_rows() {
    let digests: Vec<String> =
        fixture("migrations.sha256").lines().map(|line| line.split("  ").next().unwrap().to_owned()).collect();
    let found: Vec<String> = MIGRATIONS.iter().map(|script| Digesting::over(script.as_bytes())).collect();
    assert_eq!(digests, found, "a migration is never edited; a new one is added to migrations.sha256");
    assert!(!fixture(&format!("{NEWEST:04}.sql")).is_empty());
}

#[tokio::test]
async fn a_workspace_of_every_earlier_version_is_brought_up_to_date_with_all_that_is_in_it() {
    for version in 1..=MIGRATIONS.len() {
        let guard = tempfile::tempdir().unwrap();
        let folder = guard.path();
        make(folder, version).await;
        let workspace = Workspace::open_existing(&at(folder), &Unlock::none(), now()).await.unwrap().unwrap();
        let connection = workspace.connections().await.unwrap().remove(0);
        assert_eq!((connection.id.as_str(), connection.name.as_str()), ("amazon-us", "Amazon Vendor US"), "{version}");
        assert_eq!(workspace.certificates().await.unwrap().len(), if version < 4 { 1 } else { 2 }, "{version}");
        let identity = workspace.identities().await.unwrap().remove(0);
        assert_eq!(identity.name.as_str(), "acme-2026");
        let key = workspace.unseal_identity_key(&identity.name).await.unwrap();
        assert!(key.len() > 100, "version {version}: the key opens");
        let name = http_password_name(&connection.id, ProfileKind::Production);
        assert_eq!(workspace.secret(&name).await.unwrap().unwrap().as_slice(), b"hunter2", "{version}");
        assert_eq!(workspace.policies().await.unwrap().len(), 1);

        // The journal, and the list that is made from it.
        let all = workspace.transmissions(&TransmissionFilter::default()).await.unwrap().0;
        assert_eq!(all.len(), 3, "{version}");
        let failed = workspace.transmission(all[2].id).await.unwrap().unwrap();
        assert!(failed.payload_sha256.is_some() && failed.diagnosis.is_some());
        assert_eq!(workspace.stages(failed.id).await.unwrap().len(), 7, "{version}");
        let search = Some("bestellung ä".to_owned());
        let found = workspace.transmissions(&TransmissionFilter { search, ..TransmissionFilter::default() }).await;
        assert_eq!(found.unwrap().0.iter().map(|each| each.id).collect::<Vec<_>>(), [all[0].id], "{version}");
        let duties = workspace.duties(jiff::Timestamp::MAX).await.unwrap();
        let waits = duties.iter().any(|duty| duty.transmission == all[1].id && duty.kind == DutyKind::Deadline);
        assert!(waits, "version {version}: what waits for its receipt still does");
        workspace.rollovers().await.unwrap();
        let entries = AuditFilter { most: 10, ..AuditFilter::default() };
        assert_eq!(workspace.audit_entries(&entries).await.unwrap().len(), if version < 14 { 0 } else { 2 });
        assert!(workspace.verify_audit(None).await.unwrap().broken.is_none(), "{version}");
        assert_eq!(workspace.look_for_damage(true).await.unwrap(), DatabaseSoundness::default(), "{version}");
        workspace.close().await;

        // As it was before, it lies in a backup; and nothing of that is gone.
        let backups = automatic_backups(folder);
        if version == MIGRATIONS.len() {
            assert!(backups.is_empty());
        } else {
            assert_eq!(backups.len(), 1, "{version}");
            assert_eq!(backups[0].kind, AutomaticBackupKind::BeforeSchema(NEWEST));
            assert_eq!(lost(folder, &backups[0].file).await, Vec::<String>::new(), "{version}");
        }
    }
}

#[tokio::test]
async fn while_a_program_is_at_work_nothing_is_brought_up_to_date() {
    let guard = tempfile::tempdir().unwrap();
    make(guard.path(), 12).await;
    let before = fs::read(guard.path().join(DATABASE_FILE)).unwrap();
    for name in [super::SERVING, super::DUE_WORK] {
        let file = fs::File::options().create(true).truncate(false).write(true).open(guard.path().join(name)).unwrap();
        file.try_lock().unwrap();
        let refused = Workspace::open_existing(&at(guard.path()), &Unlock::none(), now()).await.unwrap_err();
        assert!(refused.to_string().contains("another program is using it"), "{refused}");
        assert_eq!(refused.hint().unwrap(), "stop the other program first, then start this one again");
    }
    assert!(automatic_backups(guard.path()).is_empty());
    assert!(fs::read(guard.path().join(DATABASE_FILE)).unwrap() == before, "it is as it was");
    Workspace::open_existing(&at(guard.path()), &Unlock::none(), now()).await.unwrap().unwrap();
}

#[tokio::test]
async fn three_that_are_brought_up_to_date_at_once_are_brought_up_once() {
    let guard = tempfile::tempdir().unwrap();
    make(guard.path(), 9).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let folder = guard.path().to_owned();
        tasks.spawn(async move {
            Workspace::open_existing(&at(&folder), &Unlock::none(), now()).await.unwrap().unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(automatic_backups(guard.path()).len(), 1);
}
