//! Damage is looked for and told, a backup of the database is put back, and what stands in the way is called what it is.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use countersign::app::{App, Clock, Location, Unlock};
use serde_json::Value;

use crate::backups::{answer, json, program, text};

/// A folder with a workspace in it that has an identity, and a backup that was made by itself before another was added.
fn furnished() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let guard = tempfile::tempdir().unwrap();
    let place = guard.path().join("w");
    json(&place, 0, &["identity", "create", "first", "--key", "ec-p256"]);
    // As a program does that runs for a day.
    let backups = place.join("backups");
    fs::create_dir(&backups).unwrap();
    let backup = backups.join("daily-20261126T031500Z.sqlite");
    fs::copy(place.join("countersign.sqlite"), &backup).unwrap();
    json(&place, 0, &["identity", "create", "second", "--key", "ec-p256"]);
    (guard, place, backup)
}

fn identities(place: &Path) -> Vec<String> {
    let listed = json(place, 0, &["identity", "list"]);
    listed["identities"].as_array().unwrap().iter().map(|each| each["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_damaged_page_is_found_and_the_automatic_backup_is_put_back_beside_it() {
    let (_guard, place, backup) = furnished();
    assert_eq!(json(&place, 0, &["workspace", "check"])["sound"], true);
    let database = place.join("countersign.sqlite");
    let before = fs::read(&database).unwrap();
    let file = File::options().write(true).open(&database).unwrap();
    let page = 4096_u64;
    for at in (page..before.len() as u64).step_by(usize::try_from(page).unwrap() * 3) {
        file.write_all_at(&[0xaa; 4096], at).unwrap();
    }
    let damaged = fs::read(&database).unwrap();
    let checked = json(&place, 1, &["workspace", "check"]);
    assert_eq!((&checked["sound"], &checked["newest_backup"]["file"]), (&false.into(), &text(&backup).into()));
    assert!(!checked["database"]["problems"].as_array().unwrap().is_empty());
    let said = program(&place, &["workspace", "check"]).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("Database      damaged") && said.contains("countersign workspace restore"), "{said}");

    let restored = json(Path::new("nowhere"), 0, &["workspace", "restore", text(&backup)]);
    assert_eq!((&restored["identities"], &restored["folder"]), (&1.into(), &text(&place).into()));
    let aside = PathBuf::from(restored["put_aside"].as_str().unwrap());
    assert!(fs::read(aside).unwrap() == damaged, "what was there is kept as it was");
    assert_eq!((identities(&place), backup.is_file()), (vec!["first".to_owned()], true));
    assert_eq!(json(&place, 0, &["workspace", "check"])["sound"], true);
    let audit = json(&place, 0, &["audit", "list"]);
    assert_eq!(audit["entries"][0]["act"], "restored", "{audit}");
    // It can be looked at without being put back, and goes nowhere where there is no workspace.
    assert_eq!(json(&place, 0, &["workspace", "verify", text(&backup)])["identities"], 1);
    let elsewhere = place.with_file_name("elsewhere");
    for _ in ["absent", "empty"] {
        let refused = json(&place, 2, &["workspace", "restore", text(&backup), "--into", text(&elsewhere)]);
        assert!(refused["error"].as_str().unwrap().contains("is no workspace"), "{refused}");
        fs::create_dir(&elsewhere).ok();
    }
    let zip = place.with_file_name("backup.zip");
    json(&place, 0, &["workspace", "backup", "-o", text(&zip)]);
    let refused = json(&place, 2, &["workspace", "restore", text(&zip)]);
    assert!(refused["hint"].as_str().unwrap().contains("--into"), "{refused}");
}

#[test]
fn a_database_that_cannot_be_opened_is_called_damaged_with_the_newest_backup() {
    let (_guard, place, backup) = furnished();
    let database = place.join("countersign.sqlite");
    let whole = fs::read(&database).unwrap();
    let mut headless = whole.clone();
    headless[..100].fill(0);
    for (bytes, what) in [
        (&whole[..whole.len() / 2], "cut off"),
        (&whole[..4096], "one page"),
        (&whole[..100], "a head"),
        (&[][..], "empty"),
        (&headless, "no head"),
    ] {
        fs::write(&database, bytes).unwrap();
        let told = json(&place, 2, &["connection", "list"]);
        let (error, hint) = (told["error"].as_str().unwrap(), told["hint"].as_str().unwrap());
        assert!(error.contains("countersign.sqlite is damaged: "), "{what}: {error}");
        assert!(hint.contains(text(&backup)) && hint.contains("26 Nov 2026 03:15 UTC"), "{what}: {hint}");
        assert!(fs::read(&database).unwrap() == bytes, "{what}: it is left as it is");
        let checked = json(&place, 1, &["workspace", "check"]);
        assert_eq!(checked["newest_backup"]["file"], text(&backup), "{what}");
    }
    fs::remove_file(&database).unwrap();
    let told = json(&place, 2, &["identity", "list"]);
    assert!(told["error"].as_str().unwrap().ends_with("is damaged: it is missing; it was left as it is"), "{told}");
    json(Path::new("nowhere"), 0, &["workspace", "restore", text(&backup)]);
    assert_eq!(identities(&place), ["first"]);
    // One without a backup, and a file that is somebody else's.
    fs::remove_dir_all(place.join("backups")).unwrap();
    fs::write(&database, &headless).unwrap();
    let told = json(&place, 2, &["identity", "list"]);
    assert!(told["hint"].as_str().unwrap().contains("no automatic backup"), "{told}");
}

#[test]
fn what_nobody_looked_for_in_the_archive_is_found() {
    let (_guard, place, _backup) = furnished();
    let partner = place.with_file_name("partner.toml");
    let certificate = include_str!("../fixtures/certificates/retailer_sha256_2022_2027.pem");
    fs::write(place.with_file_name("partner.pem"), certificate).unwrap();
    let connection = "id = \"partner\"\nname = \"Partner\"\n[production]\nour_as2_id = \"ME\"\npartner_as2_id = \"YOU\"\n\
                      url = \"http://127.0.0.1:9/as2\"\nidentity = \"first\"\npartner_certificates = [\"partner.pem\"]\n";
    fs::write(&partner, connection).unwrap();
    json(&place, 0, &["connection", "add", text(&partner)]);
    let sent = json(&place, 1, &["send", "--connection", "partner", "--profile", "production"]);
    let checked = json(&place, 0, &["workspace", "check"]);
    assert_eq!(checked["archive"]["payloads"], 1);
    let id = sent["id"].as_str().unwrap();
    let month = fs::read_dir(place.join("archive")).unwrap().next().unwrap().unwrap().path();
    let payload = month.join(id).join("payload");
    let bytes = fs::read(&payload).unwrap();
    fs::remove_file(&payload).unwrap();
    fs::write(&payload, [&bytes[..], b" "].concat()).unwrap();
    let checked = json(&place, 1, &["workspace", "check"]);
    assert_eq!(
        (&checked["archive"]["damaged"], &checked["archive"]["named"][0]["transmission"]),
        (&1.into(), &id.into())
    );
    assert_eq!(json(&place, 0, &["workspace", "check", "--without-archive"])["archive"], Value::Null);
    let notices = json(&place, 0, &["notice", "list"]);
    let told = notices["notices"].as_array().unwrap().iter().find(|each| each["kind"] == "workspace-damaged").unwrap();
    assert_eq!(told["title"], "A payload in the archive is not as it was journalled", "{notices}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_not_put_back_under_a_program_that_is_at_work() {
    let us = crate::exchange::Us::new().await;
    us.app.close().await;
    let backups = us.workspace().join("backups");
    fs::create_dir(&backups).unwrap();
    let backup = backups.join("daily-20261126T031500Z.sqlite");
    fs::copy(us.workspace().join("countersign.sqlite"), &backup).unwrap();
    let (mut serving, _) = us.serve_apart(&[]);
    let told = json(Path::new("nowhere"), 2, &["workspace", "restore", text(&backup)]);
    assert!(told["error"].as_str().unwrap().contains("another program is using the workspace"), "{told}");
    serving.kill().unwrap();
    serving.wait().unwrap();
    json(Path::new("nowhere"), 0, &["workspace", "restore", text(&backup)]);
}

#[tokio::test]
async fn a_program_does_not_write_into_what_a_newer_one_has_changed_meanwhile() {
    let (_guard, place, _backup) = furnished();
    let app = App::new(Location::Dir(place.clone()), Unlock::none(), Clock::System);
    assert!(app.workspace_facts().await.unwrap().exists);
    let newer =
        sqlx::AnyPool::connect(&format!("sqlite:{}", place.join("countersign.sqlite").display())).await.unwrap();
    sqlx::raw_sql("PRAGMA user_version = 99").execute(&newer).await.unwrap();
    newer.close().await;
    let request =
        countersign::app::BackupRequest { file: place.with_file_name("b.zip"), payloads: true, passphrase: None };
    let told = app.back_up(&request, &|_, _| {}).await.unwrap_err();
    assert!(told.message().contains("a newer version of countersign has changed"), "{told}");
    assert_eq!(told.what_to_do(), Some("end this program and start the newer version"));
    app.close().await;
}

#[test]
fn a_folder_that_everybody_may_write_to_is_refused_and_one_of_a_group_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_guard, place, _backup) = furnished();
    let set = |mode| fs::set_permissions(&place, fs::Permissions::from_mode(mode)).unwrap();
    set(0o777);
    let told = json(&place, 2, &["identity", "list"]);
    assert!(told["error"].as_str().unwrap().contains("can be written to by every user"), "{told}");
    assert!(told["hint"].as_str().unwrap().starts_with("`chmod o-w "), "{told}");
    set(0o770);
    assert_eq!(identities(&place), ["first", "second"], "the group is the user's own");
    let (facts, _) = answer(&program(&place, &["workspace", "show", "--json"]).output().unwrap(), 0);
    assert_eq!(facts["shared"], false);
    // Only one who may can give it to another group.
    if std::os::unix::fs::chown(&place, None, Some(4242)).is_ok() {
        let (facts, _) = answer(&program(&place, &["workspace", "show", "--json"]).output().unwrap(), 0);
        assert_eq!(facts["shared"], true);
        let (_, said) = answer(&program(&place, &["identity", "create", "third"]).output().unwrap(), 0);
        assert!(said.contains("a group of users may write"), "{said}");
    }
}
