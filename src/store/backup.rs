//! What a backup is made from: a copy of the database as it is at one instant, and the files of the archive that it knows of.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::domain::certificate::hex;
use crate::domain::transmission::TransmissionId;

use super::archive::Archive;
use super::archive_sweep::names_in;
use super::database::{self, Database};
use super::error::{FileError, OpenError, StoreError};
use super::keyring::{KeyringEntry, Protection};
use super::migrations;
use super::session::{Session, column, parsed, sql};
use super::workspace::Workspace;

/// The newest schema of a database that this program can open.
pub const NEWEST_SCHEMA: i64 = migrations::NEWEST;

/// Name of the database in a workspace's folder.
pub const DATABASE_FILE: &str = database::FILE;

/// Name of the archive in a workspace's folder.
pub const ARCHIVE_FOLDER: &str = super::workspace::ARCHIVE;

/// Under which a workspace keeps that payloads were left out of the backup that it comes from.
const LEFT_OUT: &str = "payloads_left_out";

/// So many transmissions are read at a time.
const AT_ONCE: i64 = 10_000;

const DOING: &str = "copy the database";

/// How a copy differs from its original.
#[derive(Clone, Debug, Default)]
pub struct CopyOptions {
    /// The passphrase under which the copy's secrets are; that of the original, or its key file, where none is given.
    pub passphrase: Option<Zeroizing<String>>,
    /// Whether the copy says that payloads are not with it.
    pub without_payloads: bool,
}

/// What is in a copy of the database.
#[derive(Clone, Debug)]
pub struct DatabaseCopy {
    /// Its schema.
    pub schema: i64,
    /// How its secrets are protected.
    pub protection: Protection,
    /// How many connections.
    pub connections: u64,
    /// How many identities.
    pub identities: u64,
    /// All transmissions.
    pub transmissions: HashSet<TransmissionId>,
    /// Those for which something is still to be done.
    pub unsettled: HashSet<TransmissionId>,
}

impl Workspace {
    /// Copies the database as it is now into a file that does not exist yet, for the user alone. Others go on reading and
    /// writing meanwhile.
    ///
    /// # Errors
    /// Where the copy cannot be written, the disk is full, the secrets are locked and a passphrase is wished for, or the
    /// database cannot be read.
    pub async fn copy_database(
        &self,
        to: &Path,
        options: &CopyOptions,
        now: Timestamp,
    ) -> Result<DatabaseCopy, OpenError> {
        let entry = match &options.passphrase {
            Some(passphrase) => {
                let key = self.key();
                let key = key.as_ref().as_ref().map_err(|reason| StoreError::Locked(reason.clone()))?;
                Some(KeyringEntry::under_passphrase(key, passphrase.clone()).await?)
            }
            None => None,
        };
        self.database().copy_into(to).await?;
        let unreadable = || OpenError::NotOurs { path: to.to_owned(), reason: "the copy holds nothing".to_owned() };
        let copy = Database::open(to, false, now).await?.ok_or_else(unreadable)?;
        let finished = self.finish_copy(&copy, entry, options.without_payloads, now).await;
        // Also what failed is let go of, so that its file can be removed.
        copy.close().await;
        finished
    }

    async fn finish_copy(
        &self,
        copy: &Database,
        entry: Option<KeyringEntry>,
        without_payloads: bool,
        now: Timestamp,
    ) -> Result<DatabaseCopy, OpenError> {
        let mut session = copy.write(DOING).await?;
        let mut protection = self.protection();
        if let Some(entry) = entry {
            entry.save(&mut session).await?;
            protection = Protection::Passphrase;
        }
        if without_payloads {
            let said = sql("INSERT INTO meta (key, value) VALUES ($1, $2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value");
            session.execute(DOING, said.bind(LEFT_OUT).bind(now.to_string())).await?;
            // What is there is measured anew where it is wanted to be known.
            session.execute(DOING, sql("UPDATE holdings SET measured = changes - 1")).await?;
        }
        session.commit(DOING).await?;
        let mut session = copy.read(DOING).await?;
        Ok(DatabaseCopy {
            schema: migrations::version(&mut session).await?,
            protection,
            connections: number(&mut session, "SELECT count(*) AS number FROM connections").await?,
            identities: number(&mut session, "SELECT count(*) AS number FROM identities").await?,
            transmissions: ids(
                &mut session,
                "SELECT id AS transmission FROM transmissions WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .await?,
            unsettled: ids(
                &mut session,
                "SELECT DISTINCT transmission FROM duties WHERE transmission > $1 ORDER BY transmission LIMIT $2",
            )
            .await?,
        })
    }

    /// When the backup was made from which this workspace comes, where payloads were left out of it.
    ///
    /// # Errors
    /// Where the database cannot be read.
    pub async fn payloads_left_out(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.meta(LEFT_OUT).await?.and_then(|text| text.parse().ok()))
    }
}

async fn number(session: &mut Session, text: &'static str) -> Result<u64, StoreError> {
    let row = session.row(DOING, sql(text)).await?;
    let row = row.ok_or_else(|| StoreError::damaged("the database")("it cannot be counted"))?;
    Ok(column::<i64>(&row, "number")?.unsigned_abs())
}

/// All ids that a statement yields, which is given the last one and how many.
async fn ids(session: &mut Session, text: &'static str) -> Result<HashSet<TransmissionId>, StoreError> {
    let (mut found, mut last) = (HashSet::new(), String::new());
    loop {
        let rows = session.rows(DOING, sql(text).bind(last.clone()).bind(AT_ONCE)).await?;
        let Some(newest) = rows.last() else { return Ok(found) };
        last = column(newest, "transmission")?;
        for row in &rows {
            found.insert(parsed(row, "transmission")?);
        }
    }
}

impl Archive {
    /// The transmissions that have a folder, month by month.
    ///
    /// # Errors
    /// Where the archive cannot be read.
    pub fn transmissions(&self) -> Result<Vec<TransmissionId>, FileError> {
        let mut found = Vec::new();
        let mut months = names_in(&self.root)?;
        months.sort_unstable();
        for month in months {
            let folder = self.root.join(month);
            let ids = names_in(&folder)?.into_iter().filter_map(|name| name.parse::<TransmissionId>().ok());
            let before = found.len();
            found.extend(ids.filter(|id| self.folder(*id).parent() == Some(&folder)));
            found[before..].sort_unstable();
        }
        Ok(found)
    }

    /// The path of a transmission's file below the workspace's folder, with `/` between its parts.
    #[must_use]
    pub fn entry_name(&self, id: TransmissionId, file: &str) -> String {
        let month =
            self.folder(id).parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        format!("{ARCHIVE_FOLDER}/{month}/{id}/{file}")
    }

    /// The place below a workspace's folder for a file of the archive that is named as [`Archive::entry_name`] does; nothing
    /// for any other name.
    #[must_use]
    pub fn place_of_entry(name: &str) -> Option<PathBuf> {
        let archive = Self::new(PathBuf::from(ARCHIVE_FOLDER));
        let (folder, file) = name.rsplit_once('/')?;
        let id: TransmissionId = folder.rsplit_once('/')?.1.parse().ok()?;
        // Only what would be written so is taken: no other spelling, and no way out of the folder.
        (is_archived(file) && archive.entry_name(id, file) == name).then(|| archive.folder(id).join(file))
    }
}

/// Whether a file of a transmission's folder is one of [`super::Part`], or the note beside one that was cut; and not a lock
/// or something unfinished.
#[must_use]
pub fn is_archived(file: &str) -> bool {
    let name = file.strip_suffix(".json").unwrap_or(file);
    if name == "payload" {
        return name == file;
    }
    let parts: Vec<&str> = name.split('.').collect();
    let (side, number, what) = match parts.as_slice() {
        [side, what] => (*side, None, *what),
        [side, number, what] => (*side, Some(*number), *what),
        _ => return false,
    };
    // As `Part` writes them: from the second on, without a sign or zeros before it.
    let numbered = number.is_none_or(|text| text.parse::<u32>().is_ok_and(|n| n > 1 && n.to_string() == text));
    let known = match side {
        "request" | "response" | "receipt" => matches!(what, "head" | "body"),
        "server" => what == "pem",
        _ => false,
    };
    known && numbered && (name == file || what == "body")
}

/// Whether a file of the archive is a payload, or of the message that holds one.
#[must_use]
pub fn holds_payload(file: &str) -> bool {
    file == "payload" || file.starts_with("request.")
}

/// Passes on what is read, with its SHA-256 and its length.
pub struct Digesting<R> {
    source: R,
    digest: Context,
    bytes: u64,
}

impl<R: Read> Digesting<R> {
    /// Over what is read from here on.
    #[must_use]
    pub fn new(source: R) -> Self {
        Self { source, digest: Context::new(&SHA256), bytes: 0 }
    }

    /// The digest as 64 hex digits, and how many bytes it is over.
    #[must_use]
    pub fn finish(self) -> (String, u64) {
        (hex(self.digest.finish().as_ref()), self.bytes)
    }
}

impl Digesting<io::Empty> {
    /// The digest of some bytes.
    #[must_use]
    pub fn over(bytes: &[u8]) -> String {
        hex(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref())
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.digest.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

impl<R> std::fmt::Debug for Digesting<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Digesting").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, connection, now, passphrase, transmission, workspace};
    use super::super::{As2Pair, Part, Unlock};
    use super::*;

    #[tokio::test]
    async fn a_copy_has_all_that_was_there_and_opens_by_its_own_passphrase() {
        let (guard, workspace) = workspace().await;
        workspace.save_connection(&connection("acme", "Acme"), now()).await.unwrap();
        workspace.put_secret("password", b"hunter2").await.unwrap();
        let sent = transmission(3);
        workspace.begin_transmission(&sent, As2Pair::default()).await.unwrap();
        let place = guard.path().join("copy");
        std::fs::create_dir(&place).unwrap();
        let file = place.join(DATABASE_FILE);
        let options =
            CopyOptions { passphrase: Some(Zeroizing::new("correct horse".to_owned())), without_payloads: true };
        let copy = workspace.copy_database(&file, &options, now()).await.unwrap();
        assert_eq!((copy.schema, copy.connections, copy.identities), (NEWEST_SCHEMA, 1, 0));
        assert_eq!(copy.transmissions, HashSet::from([sent.id]));
        assert!(copy.unsettled.is_empty() && copy.protection == Protection::Passphrase);
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 1, "one file, with nothing beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let opened = Workspace::open_existing(&at(&place), &passphrase("correct horse"), now()).await.unwrap().unwrap();
        assert_eq!(opened.secret("password").await.unwrap().unwrap().as_slice(), b"hunter2");
        assert_eq!(opened.payloads_left_out().await.unwrap(), Some(now()));
        // The original is as it was.
        assert!(matches!(workspace.protection(), Protection::KeyFile { .. }));
        assert_eq!(workspace.payloads_left_out().await.unwrap(), None);
        let wrong = Workspace::open_existing(&at(&place), &passphrase("wrong"), now()).await;
        assert!(matches!(wrong, Err(OpenError::WrongPassphrase { .. })));
        // What is there already is not written over.
        assert!(workspace.copy_database(&file, &CopyOptions::default(), now()).await.is_err());
        let locked = Workspace::open_existing(&at(&place), &Unlock::none(), now()).await.unwrap().unwrap();
        let again = place.join("again");
        assert!(matches!(
            locked.copy_database(&again, &options, now()).await,
            Err(OpenError::Store(StoreError::Locked(_)))
        ));
        assert!(locked.copy_database(&again, &CopyOptions::default(), now()).await.is_ok(), "it stays as it is sealed");
    }

    #[test]
    fn the_archive_lists_its_folders_and_takes_back_only_what_it_has_named() {
        let guard = tempfile::tempdir().unwrap();
        let archive = Archive::new(guard.path().join("archive"));
        let ids = [transmission(0).id, transmission(1).id];
        for id in ids {
            archive.create(id, Part::Payload).unwrap().finish().unwrap();
        }
        std::fs::create_dir(guard.path().join("archive/2026-11/other")).unwrap();
        assert_eq!(archive.transmissions().unwrap(), ids);
        let id = ids[0];
        for file in
            ["payload", "request.body", "request.2.body.json", "response.12.head", "server.pem", "receipt.3.body"]
        {
            let name = archive.entry_name(id, file);
            assert_eq!(name, format!("archive/2026-11/{id}/{file}"));
            assert_eq!(
                Archive::place_of_entry(&name),
                Some(Path::new("archive").join("2026-11").join(id.to_string()).join(file))
            );
        }
        let loud = id.to_string().to_uppercase();
        for name in [
            format!("archive/2026-11/{id}/in-flight"),
            format!("archive/2026-11/{id}/.payload.x.partial"),
            format!("archive/2026-11/{id}/payload.json"),
            format!("archive/2026-11/{id}/request.1.body"),
            format!("archive/2026-11/{id}/request.02.body"),
            format!("archive/2026-11/{id}/request.head.json"),
            format!("archive/2026-11/{id}/server.body"),
            format!("archive/2026-12/{id}/payload"),
            format!("archive/2026-11/{loud}/payload"),
            format!("/archive/2026-11/{id}/payload"),
            format!("archive/2026-11/{id}/../payload"),
            format!("archive/../archive/2026-11/{id}/payload"),
            format!("archive\\2026-11\\{id}\\payload"),
            "payload".to_owned(),
            "../payload".to_owned(),
            "workspace.key".to_owned(),
        ] {
            assert_eq!(Archive::place_of_entry(&name), None, "{name}");
        }
        assert!(holds_payload("payload") && holds_payload("request.2.body") && holds_payload("request.body.json"));
        assert!(!holds_payload("response.body") && !holds_payload("receipt.body") && !holds_payload("server.pem"));
    }

    #[test]
    fn what_is_read_is_digested() {
        let mut read = Digesting::new(&b"hello, world"[..]);
        io::copy(&mut read, &mut io::sink()).unwrap();
        let (digest, bytes) = read.finish();
        assert_eq!(bytes, 12);
        assert_eq!(digest, "09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b");
    }
}
