//! Backups that are not as this program writes them.

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const ID: &str = "01939e5c-0000-7000-8000-000000000500";

fn payload() -> String {
    format!("archive/2024-12/{ID}/payload")
}

fn facts(files: u64, bytes: u64) -> serde_json::Value {
    serde_json::json!({
        "format": 1, "version": "0.1.0", "made": "2026-11-26T09:00:00Z", "schema": 1, "protection": "key-file",
        "payloads": true, "connections": 0, "identities": 0, "transmissions": 1, "unsettled": 0,
        "files": files, "bytes": bytes,
    })
}

/// A backup with these entries and their digests, changed before it is written.
fn backup(
    folder: &Path,
    facts: &serde_json::Value,
    entries: &[(&str, &[u8])],
    change: impl FnOnce(&mut String),
) -> PathBuf {
    let file = folder.join("backup.zip");
    let mut archive = ZipWriter::new(File::create(&file).unwrap());
    let mut sums = String::new();
    let head = serde_json::to_vec(facts).unwrap();
    for (name, bytes) in [(HEAD, head.as_slice())].iter().chain(entries) {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
        sums.push_str(&format!("{}  {name}\n", Digesting::over(bytes)));
    }
    change(&mut sums);
    archive.start_file(SUMS, SimpleFileOptions::default()).unwrap();
    archive.write_all(sums.as_bytes()).unwrap();
    archive.finish().unwrap();
    file
}

/// Restores it, holds that nothing is left where that fails, and returns what was said.
fn refused(file: &Path) -> String {
    let folder = file.parent().unwrap();
    let before = fs::read_dir(folder).unwrap().count();
    let into = folder.join("restored");
    let error = unpack(file, Some(&into), &Wanted::default()).unwrap_err();
    assert_eq!(fs::read_dir(folder).unwrap().count(), before, "{error}");
    assert!(unpack(file, None, &Wanted::default()).is_err(), "it is looked at as strictly");
    error.to_string()
}

#[test]
fn what_is_whole_is_restored_for_the_user_alone() {
    let guard = tempfile::tempdir().unwrap();
    let payload = payload();
    let file = backup(guard.path(), &facts(2, 13), &[(DATABASE_FILE, b"database"), (&payload, b"order")], |_| {});
    let into = guard.path().join("deep/er/restored");
    fs::create_dir_all(&into).unwrap();
    assert_eq!(unpack(&file, Some(&into), &Wanted::default()).unwrap().transmissions, 1);
    assert_eq!(fs::read(into.join(&payload)).unwrap(), b"order");
    assert_eq!(fs::read_dir(into.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let archived = into.join(&payload);
        assert_eq!([mode(&into), mode(&archived), mode(archived.parent().unwrap())], [0o700, 0o600, 0o700]);
    }
    let again = unpack(&file, Some(&into), &Wanted::default()).unwrap_err().to_string();
    assert!(again.contains("is a workspace already"), "{again}");
    let other = guard.path().join("other");
    fs::create_dir_all(other.join("something")).unwrap();
    let filled = unpack(&file, Some(&other), &Wanted::default()).unwrap_err().to_string();
    assert!(filled.contains("is not empty"), "{filled}");
}

#[test]
fn names_that_no_workspace_has_and_names_that_lead_out_of_it_are_refused() {
    let guard = tempfile::tempdir().unwrap();
    let outside = format!("archive/2024-12/{ID}/../../../../payload");
    for name in [
        "../evil",
        "/tmp/evil",
        "workspace.key",
        "archive/x",
        "countersign.sqlite-wal",
        "server-certificates/x.pem",
        "a\\b",
        &outside,
        "",
    ] {
        let file = backup(guard.path(), &facts(2, 13), &[(DATABASE_FILE, b"database"), (name, b"x")], |_| {});
        let said = refused(&file);
        assert!(said.contains("is no file of a workspace"), "{name}: {said}");
    }
}

#[test]
fn what_was_changed_is_missing_or_is_more_than_it_says_is_refused() {
    let guard = tempfile::tempdir().unwrap();
    let payload = payload();
    let entries: [(&str, &[u8]); 2] = [(DATABASE_FILE, b"database"), (&payload, b"order")];
    let changed = backup(guard.path(), &facts(2, 13), &entries, |sums| {
        *sums = sums.replacen(&Digesting::over(b"order"), &Digesting::over(b"ordeR"), 1)
    });
    assert!(refused(&changed).contains("payload` is not as it was backed up"));
    let shorter = backup(guard.path(), &facts(2, 13), &entries, |sums| sums.truncate(sums.len() - 10));
    assert!(refused(&shorter).contains("is not as it was backed up"));
    let more = backup(guard.path(), &facts(2, 13), &entries, |sums| sums.push_str("00  another\n"));
    assert!(refused(&more).contains("is not as it was backed up"));
    let many: Vec<(String, Vec<u8>)> =
        (2..1100).map(|n| (payload.replace("payload", &format!("request.{n}.body")), Vec::new())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    assert!(refused(&backup(guard.path(), &facts(2, 13), &many, |_| {})).contains("there is more in it than it says"));
    assert!(
        refused(&backup(guard.path(), &facts(3_000_000, 13), &entries, |_| {}))
            .contains("it says that it has 3000000 files")
    );
    // Cut off anywhere, and with any byte of it another.
    let file = backup(guard.path(), &facts(2, 13), &entries, |_| {});
    let whole = fs::read(&file).unwrap();
    let end = whole.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    for length in (0..end).step_by(7).chain(end..whole.len()) {
        fs::write(&file, &whole[..length]).unwrap();
        refused(&file);
    }
    for at in (0..end).step_by(3) {
        let mut other = whole.clone();
        other[at] ^= 0x55;
        fs::write(&file, &other).unwrap();
        let into = guard.path().join("restored");
        // A date or the like may be another; what is restored is then the same.
        if unpack(&file, Some(&into), &Wanted::default()).is_ok() {
            assert_eq!(fs::read(into.join(&payload)).unwrap(), b"order", "byte {at}");
            assert_eq!(fs::read(into.join(DATABASE_FILE)).unwrap(), b"database", "byte {at}");
            fs::remove_dir_all(&into).unwrap();
        }
    }
}

#[test]
fn what_expands_beyond_what_it_says_is_stopped() {
    let guard = tempfile::tempdir().unwrap();
    let bomb = vec![0; 64 * 1024 * 1024];
    // It says one byte, and has 64 MiB; what may have come since is a gigabyte, so its own length is changed too.
    let file = backup(guard.path(), &facts(1, 1), &[(DATABASE_FILE, &bomb)], |_| {});
    let mut bytes = fs::read(&file).unwrap();
    let name = bytes.windows(DATABASE_FILE.len()).position(|some| some == DATABASE_FILE.as_bytes()).unwrap();
    // The uncompressed size stands 22 bytes into the local header (APPNOTE 4.3.7), whose name is at 30.
    bytes[name - 8..name - 4].copy_from_slice(&10_u32.to_le_bytes());
    fs::write(&file, &bytes).unwrap();
    let said = refused(&file);
    assert!(said.contains("is not as it was written"), "{said}");
}

#[test]
fn other_files_and_later_forms_are_told_apart() {
    let guard = tempfile::tempdir().unwrap();
    let file = guard.path().join("backup.zip");
    for bytes in [&b""[..], b"hello", b"PK\x03\x04"] {
        fs::write(&file, bytes).unwrap();
        assert!(refused(&file).ends_with("is no backup of a workspace"));
    }
    let mut archive = ZipWriter::new(File::create(&file).unwrap());
    archive.start_file("readme.txt", SimpleFileOptions::default()).unwrap();
    archive.finish().unwrap();
    assert!(refused(&file).ends_with("is no backup of a workspace"));
    for (key, value) in [("format", 2), ("schema", NEWEST_SCHEMA + 1)] {
        let mut later = facts(1, 8);
        later[key] = value.into();
        later["version"] = "7.0.0".into();
        let said = refused(&backup(guard.path(), &later, &[(DATABASE_FILE, b"database")], |_| {}));
        assert!(said.contains("made by a newer version, countersign 7.0.0"), "{said}");
    }
}
