//! What lies in an outbox, and which folders of a tree are outboxes.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// So many files are looked at in one folder at a time.
const MOST_AT_ONCE: usize = 1000;

/// So many names are said of what is not sent.
const MOST_NAMED: usize = 8;

/// Ends of names under which programs write what is not complete yet.
const UNFINISHED: [&str; 7] = [".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", "~"];

/// What a file is known by: its length, and when it was changed last.
pub(super) type Seen = (u64, i64);

/// One outbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) connection: String,
    pub(super) profile: String,
    pub(super) folder: PathBuf,
    /// Set for the profile, and not one of a tree.
    pub(super) is_set: bool,
}

/// A file in its place.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) seen: Seen,
}

pub(super) fn seen(metadata: &Metadata) -> Seen {
    let changed = metadata.modified().ok();
    let since = changed.and_then(|changed| changed.duration_since(UNIX_EPOCH).ok());
    (metadata.len(), since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)))
}

/// The outboxes of a tree: `CONNECTION/PROFILE`.
pub(super) fn within(tree: &Path) -> Vec<Place> {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let mut found = Vec::new();
    // What is marked by its folder is known again from wherever the program is started.
    let Ok(tree) = tree.canonicalize() else { return found };
    for connection in folders(&tree) {
        for folder in folders(&connection) {
            if let (Some(connection), Some(profile)) = (name(&connection), name(&folder)) {
                found.push(Place { connection, profile, folder, is_set: false });
            }
        }
    }
    found
}

/// The whole files of a folder, by name, and what is said of that which lies there and is never sent.
pub(super) fn look(folder: &Path) -> io::Result<(Vec<Found>, Vec<String>)> {
    let mut found: Vec<Found> = Vec::new();
    let (mut links, mut others, mut twins) = (Vec::new(), Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)?.flatten() {
        let name = name_of(&entry.file_name());
        let Some(kind) = entry.file_type().ok().filter(|kind| !kind.is_dir() && is_whole(&name)) else { continue };
        if kind.is_file() {
            let Ok(metadata) = entry.metadata() else { continue };
            found.push(Found { path: entry.path(), name, seen: seen(&metadata) });
        } else if kind.is_symlink() {
            // Neither size nor end of what it leads to is known, and it may be anywhere.
            links.push(name);
        } else {
            others.push(name);
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    // A file is known by its name in text: of two that come to the same, neither is taken for the other.
    let mut before: Option<String> = None;
    found.retain(|file| {
        let is_other = before.as_ref() != Some(&file.name);
        if !is_other && twins.last() != Some(&file.name) {
            twins.push(file.name.clone());
        }
        before = Some(file.name.clone());
        is_other
    });
    found.truncate(MOST_AT_ONCE);
    let odd = [
        said_of(
            links,
            "is a symbolic link, which is not followed: put the file itself there",
            "are symbolic links, which are not followed: put the files themselves there",
        ),
        said_of(
            others,
            "is no file but a pipe, a socket or a device, which is not sent",
            "are no files but pipes, sockets or devices, which are not sent",
        ),
        said_of(
            twins,
            "stands for two files whose names differ in what is no text: rename one",
            "stand for two files each, whose names differ in what is no text: rename one of each",
        ),
    ];
    Ok((found, odd.into_iter().flatten().collect()))
}

/// What is so of some names: `` `a.edi` and `b.edi` are … ``.
fn said_of(mut names: Vec<String>, of_one: &str, of_several: &str) -> Option<String> {
    names.sort();
    let quoted: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    let (last, before) = quoted.split_last()?;
    Some(match names.len() {
        1 => format!("{last} {of_one}"),
        number if number > MOST_NAMED => format!("{} and {} more {of_several}", quoted.join(", "), number - MOST_NAMED),
        _ => format!("{} and {last} {of_several}", before.join(", ")),
    })
}

/// A file's name as text: bytes that are none stand in it as `%E9`.
fn name_of(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
    text
}

/// Whether a name is that of a file which its writer calls complete.
fn is_whole(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.starts_with(['.', '~']) && !UNFINISHED.iter().any(|end| lower.ends_with(end))
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let visible = |entry: &DirEntry| {
        entry.file_type().is_ok_and(|kind| kind.is_dir()) && !entry.file_name().to_string_lossy().starts_with('.')
    };
    let read = || -> io::Result<Vec<DirEntry>> { fs::read_dir(folder)?.collect() };
    let mut found: Vec<PathBuf> =
        read().unwrap_or_default().into_iter().filter(visible).map(|entry| entry.path()).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::super::outbox::SENT;
    use super::*;

    #[test]
    fn only_whole_files_in_their_places_are_found() {
        let guard = tempfile::tempdir().unwrap();
        let folder = guard.path().join("acme/production");
        fs::create_dir_all(folder.join(SENT)).unwrap();
        for name in ["a.edi", ".hidden", "b.edi.part", "~lock", "c.TMP", "d~", "sent/e.edi"] {
            fs::write(folder.join(name), "x").unwrap();
        }
        fs::write(guard.path().join("f.edi"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.join("a.edi"), folder.join("g.edi")).unwrap();
        let places = within(guard.path());
        let named: Vec<_> = places.iter().map(|place| (place.connection.as_str(), place.profile.as_str())).collect();
        assert_eq!(named, [("acme", "production")]);
        let (found, odd) = look(&places[0].folder).unwrap();
        let names: Vec<String> = found.into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["a.edi"]);
        assert_eq!(odd.first().is_some_and(|odd| odd.starts_with("`g.edi` is a symbolic link")), cfg!(unix));
        assert!(look(&guard.path().join("nowhere")).is_err());
    }

    #[test]
    fn whatever_is_not_sent_is_named() {
        let said = |names: &[&str]| said_of(names.iter().map(|name| (*name).to_owned()).collect(), "is odd", "are odd");
        assert_eq!(said(&[]), None);
        assert_eq!(said(&["a"]).unwrap(), "`a` is odd");
        assert_eq!(said(&["b", "a", "c"]).unwrap(), "`a`, `b` and `c` are odd");
        let many: Vec<String> = (0..11).map(|number| format!("f{number:02}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(said(&many).unwrap().ends_with("`f07` and 3 more are odd"));
    }
}
