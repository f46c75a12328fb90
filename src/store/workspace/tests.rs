//! Opening, creating and protecting workspaces.

use zeroize::Zeroizing;

use super::*;
use crate::domain::transmission::{Transmission, Verdict};
use crate::store::fixtures::{at, behind_its_back, connection, now, passphrase, transmission, workspace};
use crate::store::{As2Pair, Duty, DutyKind, TransmissionFilter};

async fn existing(folder: &Path) -> Result<Option<Workspace>, OpenError> {
    Workspace::open_existing(&at(folder), &Unlock::none(), now()).await
}

async fn created(folder: &Path) -> Result<Workspace, OpenError> {
    Workspace::open_or_create(&at(folder), &Unlock::none(), now()).await
}

#[tokio::test]
async fn reading_creates_nothing_and_writing_creates_all_for_the_user_alone() {
    let guard = tempfile::tempdir().unwrap();
    let folder = guard.path().join("deep/ä %20?#&/workspace");
    assert!(existing(&folder).await.unwrap().is_none());
    assert!(!guard.path().join("deep").exists());
    let workspace = created(&folder).await.unwrap();
    workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
    workspace.set_meta("a", "b").await.unwrap();
    let file = folder.join(KEY_FILE);
    assert_eq!(workspace.protection(), Protection::KeyFile { path: file.canonicalize().unwrap() });
    assert_eq!(workspace.locked(), None);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
    workspace.close().await;
    assert!(!folder.join("countersign.sqlite-wal").exists(), "closing leaves one file");
    let again = existing(&folder).await.unwrap().unwrap();
    assert_eq!(again.connections().await.unwrap().len(), 1);
    assert_eq!(created(&folder).await.unwrap().connections().await.unwrap().len(), 1);
}

#[tokio::test]
async fn several_that_create_at_once_get_the_same_workspace() {
    let guard = tempfile::tempdir().unwrap();
    let folder = guard.path().join("w");
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..6 {
        let folder = folder.clone();
        tasks.spawn(async move {
            let workspace = created(&folder).await.unwrap();
            workspace.put_secret(&format!("secret {number}"), b"value").await.unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let workspace = existing(&folder).await.unwrap().unwrap();
    for number in 0..6 {
        assert!(workspace.secret(&format!("secret {number}")).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn what_is_not_a_workspace_is_refused_and_left_alone() {
    let guard = tempfile::tempdir().unwrap();
    let folder = guard.path().join("photos");
    fs::create_dir(&folder).unwrap();
    assert!(existing(&folder).await.unwrap().is_none(), "an empty folder");
    fs::write(folder.join("cat.jpg"), b"cat").unwrap();
    for result in [existing(&folder).await.map(|_| ()), created(&folder).await.map(|_| ())] {
        let error = result.unwrap_err();
        assert!(error.to_string().contains("is not a workspace") && error.to_string().contains("cat.jpg"));
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    for path in [folder.join("cat.jpg"), folder.join("cat.jpg/below")] {
        assert!(matches!(existing(&path).await, Err(OpenError::NotAFolder { .. })));
    }

    let folder = guard.path().join("text");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(database::FILE), b"this is no database at all, whatever its name says").unwrap();
    assert!(matches!(created(&folder).await, Err(OpenError::NotOurs { .. })));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[tokio::test]
async fn another_programs_database_and_a_newer_one_are_refused_untouched() {
    let guard = tempfile::tempdir().unwrap();
    behind_its_back(guard.path(), "CREATE TABLE theirs (id INTEGER)").await;
    let file = guard.path().join(database::FILE);
    let before = fs::read(&file).unwrap();
    assert!(matches!(existing(guard.path()).await, Err(OpenError::NotOurs { .. })));
    assert!(matches!(created(guard.path()).await, Err(OpenError::NotOurs { .. })));
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(fs::read_dir(guard.path()).unwrap().count(), 1);

    // In the file's head, and where only the table says so.
    for newer in ["PRAGMA user_version = 99", "INSERT INTO schema_versions VALUES (99, 'later')"] {
        let guard = tempfile::tempdir().unwrap();
        created(guard.path()).await.unwrap().close().await;
        behind_its_back(guard.path(), newer).await;
        let file = guard.path().join(database::FILE);
        let before = fs::read(&file).unwrap();
        let error = created(guard.path()).await.unwrap_err();
        assert!(
            matches!(error, OpenError::Newer { found: 99, known: crate::store::migrations::NEWEST, .. }),
            "{error}"
        );
        assert_eq!(fs::read(&file).unwrap(), before);
        assert_eq!(error.hint().unwrap(), "use the newer version of countersign");
        // What was there before the newer one came is named.
        fs::create_dir(guard.path().join("backups")).unwrap();
        fs::write(guard.path().join("backups/before-schema-99-20261124T010000Z.sqlite"), "").unwrap();
        assert!(error.hint().unwrap().contains("before-schema-99-20261124T010000Z.sqlite"));
    }
}

#[tokio::test]
async fn a_workspace_of_an_earlier_version_is_brought_up_to_date() {
    let guard = tempfile::tempdir().unwrap();
    let workspace = created(guard.path()).await.unwrap();
    workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
    let pending = Transmission { verdict: Verdict::Pending, ..transmission(0) };
    for sent in [&pending, &transmission(1)] {
        workspace.begin_transmission(sent, As2Pair::default()).await.unwrap();
    }
    workspace.close().await;
    for earlier in [
        "DROP TRIGGER transmissions_held",
        "DROP TRIGGER transmissions_moved",
        "DROP TABLE holdings",
        "DROP TABLE removals",
        "DROP TABLE retention_marks",
        "DROP TABLE retention_runs",
        "DROP TABLE command_runs",
        "DROP TABLE outbox_troubles",
        "DROP TABLE outbox_files",
        "DROP TABLE folders",
        "DROP TABLE duties",
        "DROP TABLE sightings",
        "DROP TABLE certificate_chains",
        "DROP TRIGGER transmissions_inserted",
        "DROP TRIGGER transmissions_updated",
        "DROP TRIGGER transmissions_deleted",
        "DROP TRIGGER transmissions_answered",
        "DROP VIEW listable",
        "ALTER TABLE transmissions DROP COLUMN folded",
        "DROP VIEW tally",
        "DROP TABLE tallied",
        "DROP TABLE searched",
        "DROP VIEW listed_words",
        "DROP TABLE listed_index",
        "DROP TABLE listed_values",
        "DROP TABLE listed",
        "ALTER TABLE transmissions DROP COLUMN document_type",
        "ALTER TABLE transmissions DROP COLUMN control_numbers",
        "ALTER TABLE transmissions DROP COLUMN receipt_ms",
        "CREATE INDEX transmissions_by_failure ON transmissions (failed, at_ns, id)",
        "ALTER TABLE certificates DROP COLUMN confirmed_by",
        "DROP TABLE signatures_seen",
        "DROP TABLE server_sights",
        "DROP TABLE clock_samples",
        "DROP TABLE missed_activations",
        "DROP TABLE own_acquaintances",
        "DROP TABLE identity_requests",
        "DROP TABLE notice_tellings",
        "DROP TABLE notice_settlements",
        "DROP TABLE notice_mails",
        "DROP TABLE rollover_profiles",
        "DROP TABLE rollovers",
        "DROP INDEX transmissions_by_imprint",
        "ALTER TABLE transmissions DROP COLUMN imprint",
        "DROP INDEX transmissions_by_signer",
        "DROP INDEX transmissions_by_recipient",
        "ALTER TABLE transmissions DROP COLUMN signed_with",
        "ALTER TABLE transmissions DROP COLUMN encrypted_for",
        "ALTER TABLE transmissions DROP COLUMN sent_as",
        "DROP TABLE audit",
        "DELETE FROM schema_versions WHERE version > 1",
        "PRAGMA user_version = 1",
    ] {
        behind_its_back(guard.path(), earlier).await;
    }
    let workspace = existing(guard.path()).await.unwrap().unwrap();
    assert_eq!(workspace.connections().await.unwrap().len(), 1);
    assert!(workspace.duties(now()).await.unwrap().is_empty());
    // What was journalled before there was a list is in it.
    let search = Some(pending.message_id.clone());
    let found = workspace.transmissions(&TransmissionFilter { search, ..TransmissionFilter::default() }).await;
    assert_eq!(found.unwrap().0.iter().map(|each| each.id).collect::<Vec<_>>(), [pending.id]);
    // What is kept of it is still to be measured.
    assert_eq!(workspace.kept_bytes().await.unwrap().unmeasured, 2);
    // What waited for its receipt does not wait for ever.
    let at = now().checked_add(jiff::SignedDuration::from_hours(24)).unwrap();
    let deadline = Duty { transmission: pending.id, kind: DutyKind::Deadline, at, number: 1, whither: None };
    assert_eq!(workspace.duties(Timestamp::MAX).await.unwrap(), [deadline]);
}

#[tokio::test]
async fn an_interrupted_creation_is_taken_up_again() {
    let guard = tempfile::tempdir().unwrap();
    fs::write(guard.path().join(database::FILE), b"").unwrap();
    let key = SealingKey::generate().unwrap();
    keyring::write_key_file(&guard.path().join(KEY_FILE), &key).unwrap();
    assert!(existing(guard.path()).await.unwrap().is_none());
    let workspace = created(guard.path()).await.unwrap();
    workspace.put_secret("name", b"value").await.unwrap();
    assert_eq!(fs::read(guard.path().join(KEY_FILE)).unwrap(), key.bytes(), "the key that was there is used");
}

#[tokio::test]
async fn a_creation_that_was_killed_while_the_database_was_written_is_taken_up_again() {
    let (_guard, workspace) = workspace().await;
    let written = fs::read(workspace.folder().join(database::FILE)).unwrap();
    workspace.close().await;
    let guard = tempfile::tempdir().unwrap();
    // Half of the pages, none of which says yet whose file it is, and the journal of a file that was empty before.
    fs::write(guard.path().join(database::FILE), [&[0; 4096], &written[4096..written.len() / 2]].concat()).unwrap();
    let mut journal = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7".to_vec();
    for number in [0_u32, 1, 0, 512, 4096] {
        journal.extend(number.to_be_bytes());
    }
    journal.resize(512, 0);
    fs::write(guard.path().join("countersign.sqlite-journal"), journal).unwrap();
    assert!(existing(guard.path()).await.unwrap().is_none());
    created(guard.path()).await.unwrap().put_secret("name", b"value").await.unwrap();
}

#[tokio::test]
async fn a_key_that_a_killed_program_left_beside_what_a_passphrase_protects_goes_when_it_is_opened() {
    let (_guard, workspace) = workspace().await;
    let (folder, key) = (workspace.folder().to_owned(), workspace.folder().join(KEY_FILE));
    let left = fs::read(&key).unwrap();
    let protection = NewProtection::Passphrase(Zeroizing::new("five words or so".to_owned()));
    workspace.protect(protection).await.unwrap();
    workspace.close().await;
    keyring::write_key_file(&key, &SealingKey::from_bytes(&left).unwrap()).unwrap();
    fs::write(folder.join(".workspace.key.aB3dE6.partial"), &left).unwrap();
    // Whoever cannot open it cannot know.
    drop(existing(&folder).await.unwrap());
    assert!(key.exists() && !folder.join(".workspace.key.aB3dE6.partial").exists());
    let unlock = Unlock::with_passphrase(Zeroizing::new("five words or so".to_owned()));
    let opened = Workspace::open_existing(&at(&folder), &unlock, now()).await.unwrap().unwrap();
    assert!(!key.exists() && opened.locked().is_none());
}

#[tokio::test]
async fn a_workspace_that_cannot_be_written_is_read() {
    let (_guard, workspace) = workspace().await;
    workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
    workspace.put_secret("name", b"value").await.unwrap();
    let location = at(workspace.folder());
    let reader = Workspace::open_for_reading(&location, &Unlock::none(), now()).await.unwrap().unwrap();
    assert!(reader.is_read_only());
    assert_eq!(reader.connections().await.unwrap().len(), 1);
    assert_eq!(reader.secret("name").await.unwrap().unwrap().as_slice(), b"value");
    let refused = reader.save_connection(&connection("other", "Other"), now()).await.unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly { .. }), "{refused}");
    assert!(refused.to_string().contains("countersign.sqlite"));
}

#[tokio::test]
async fn another_program_that_holds_the_workspace_is_named_as_the_reason() {
    let (_guard, workspace) = workspace().await;
    let other = existing(workspace.folder()).await.unwrap().unwrap();
    let transaction = other.begin().await.unwrap();
    let refused = workspace.set_meta("a", "b").await.unwrap_err();
    assert!(refused.to_string().contains("another program is using the workspace"), "{refused}");
    assert_eq!(workspace.meta("a").await.unwrap(), None, "reading goes on");
    transaction.commit().await.unwrap();
    workspace.set_meta("a", "b").await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_file_that_others_can_read_or_that_is_not_ours_locks_the_secrets() {
    use std::os::unix::fs::PermissionsExt as _;
    let (guard, workspace) = workspace().await;
    workspace.put_secret("name", b"value").await.unwrap();
    let file = workspace.folder().join(KEY_FILE);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = existing(workspace.folder()).await.unwrap().unwrap();
    let error = exposed.secret("name").await.unwrap_err();
    assert!(matches!(error, StoreError::Locked(LockReason::KeyFileExposed { mode: 0o640, .. })), "{error}");
    assert!(error.hint().unwrap().contains("chmod 600"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    exposed.unlock(&Unlock::none()).await.unwrap();
    assert!(exposed.secret("name").await.unwrap().is_some());

    let kept = guard.path().join("kept");
    fs::rename(&file, &kept).unwrap();
    let lost = existing(workspace.folder()).await.unwrap().unwrap();
    assert!(matches!(lost.locked(), Some(LockReason::KeyFileMissing(_))));
    keyring::write_key_file(&file, &SealingKey::generate().unwrap()).unwrap();
    let foreign = existing(workspace.folder()).await.unwrap().unwrap();
    assert!(matches!(foreign.locked(), Some(LockReason::KeyFileForeign(_))));
}

#[tokio::test]
async fn protection_changes_and_the_secrets_stay() {
    let (_guard, workspace) = workspace().await;
    let file = workspace.folder().join(KEY_FILE);
    workspace.put_secret("name", b"value").await.unwrap();
    let passphrase_of_it = NewProtection::Passphrase(Zeroizing::new("correct horse".to_owned()));
    assert_eq!(workspace.protect(passphrase_of_it).await.unwrap(), None);
    assert_eq!((workspace.protection(), file.exists()), (Protection::Passphrase, false));
    let location = at(workspace.folder());
    let opened = Workspace::open_existing(&location, &passphrase("correct horse"), now()).await.unwrap().unwrap();
    assert_eq!(opened.secret("name").await.unwrap().unwrap().as_slice(), b"value");
    opened.protect(NewProtection::KeyFile).await.unwrap();
    assert!(matches!(opened.protection(), Protection::KeyFile { .. }));
    let opened = existing(workspace.folder()).await.unwrap().unwrap();
    assert_eq!(opened.secret("name").await.unwrap().unwrap().as_slice(), b"value");
}
