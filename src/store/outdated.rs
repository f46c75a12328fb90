//! Whether a workspace is of an older version of this program, seen without opening it, so that it can be said beforehand
//! that bringing it up to date takes its time.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::database::{self, APPLICATION_ID};
use super::location::Location;
use super::migrations;

/// As much of a database as says what it is (sqlite.org/fileformat.html, section 1.3).
const HEAD: usize = 100;

/// Where its own number and that of its schema are.
const APPLICATION: usize = 68;
const VERSION: usize = 60;

/// The size in bytes of the database of an older version; nothing where it is of this one, or no workspace.
///
/// To be asked before this program has opened it: closing a file gives up the locks that SQLite holds on it.
#[must_use]
pub fn outdated(location: &Location) -> Option<u64> {
    let (file, head) = ours(location.path())?;
    let is_older = number(&head, VERSION).is_some_and(|version| version < migrations::NEWEST);
    is_older.then(|| file.metadata().map_or(0, |about| about.len()))
}

/// Whether a folder holds a workspace, seen without opening it.
#[must_use]
pub fn is_workspace(folder: &Path) -> bool {
    ours(folder).is_some()
}

/// The database in a folder with its head, where it is one of this program's.
fn ours(folder: &Path) -> Option<(File, [u8; HEAD])> {
    let mut file = File::open(folder.join(database::FILE)).ok()?;
    let mut head = [0_u8; HEAD];
    file.read_exact(&mut head).ok()?;
    (number(&head, APPLICATION) == Some(APPLICATION_ID)).then_some((file, head))
}

fn number(head: &[u8; HEAD], at: usize) -> Option<i64> {
    head.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes).map(i64::from)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, behind_its_back, workspace};
    use super::*;

    #[tokio::test]
    async fn a_workspace_of_an_older_version_is_known_before_it_is_opened() {
        let (guard, workspace) = workspace().await;
        workspace.close().await;
        let folder = guard.path().join("w");
        assert_eq!(outdated(&at(&folder)), None, "it is of this version");
        assert_eq!(outdated(&at(guard.path())), None, "there is none");
        behind_its_back(&folder, "PRAGMA user_version = 8").await;
        assert!(outdated(&at(&folder)).is_some_and(|bytes| bytes > 4_096));
        std::fs::write(folder.join(database::FILE), vec![7; 4_096]).unwrap();
        assert_eq!(outdated(&at(&folder)), None, "it is no database");
    }
}
