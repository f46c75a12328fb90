//! Commands that came with a restored backup: they are run once somebody at this machine has seen them.
//!
//! Whoever made the backup has set them, and that may be somebody else. A file in the workspace's folder, which no backup can
//! bring or take away, names the occasions whose commands nobody has confirmed. It is there before the folder has its name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Occasion;
use crate::app::AppError;
use crate::app::written::{cannot, write_private};
use crate::store::sync_folder;

/// Its name, in the workspace's folder.
const FILE: &str = "commands-put-off";

/// The most that is read of it.
const MOST: u64 = 1024;

/// Puts the commands of a workspace off that is being restored into a folder.
pub(in crate::app) fn put_all_off(folder: &Path) -> Result<(), AppError> {
    write(folder, Occasion::ALL)
}

/// The occasions whose command nobody has confirmed.
pub(super) fn put_off(folder: &Path) -> Vec<Occasion> {
    let text = match fs::metadata(place(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Ok(found) if found.len() <= MOST => fs::read_to_string(place(folder)).ok(),
        _ => None,
    };
    let all = Occasion::ALL.iter().copied();
    match text {
        Some(text) => all.filter(|occasion| text.lines().any(|line| line == occasion.as_str())).collect(),
        // Whatever it says, it is there.
        None => all.collect(),
    }
}

/// Notes that somebody has set or confirmed the command of an occasion.
pub(super) fn confirm(folder: &Path, occasion: Occasion) -> Result<(), AppError> {
    let mut left = put_off(folder);
    if !left.contains(&occasion) {
        return Ok(());
    }
    left.retain(|each| *each != occasion);
    if !left.is_empty() {
        return write(folder, &left);
    }
    let removed = fs::remove_file(place(folder)).and_then(|()| sync_folder(folder).map_err(|error| error.source));
    removed.map_err(|error| cannot(&place(folder), &error))
}

fn place(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

fn write(folder: &Path, occasions: &[Occasion]) -> Result<(), AppError> {
    let lines: String = occasions.iter().map(|occasion| format!("{occasion}\n")).collect();
    write_private(&place(folder), lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_off_stays_so_until_each_was_confirmed() {
        let guard = tempfile::tempdir().unwrap();
        let folder = guard.path();
        assert_eq!(put_off(folder), []);
        put_all_off(folder).unwrap();
        assert_eq!(put_off(folder), Occasion::ALL);
        confirm(folder, Occasion::Failed).unwrap();
        assert_eq!(put_off(folder), [Occasion::Received]);
        confirm(folder, Occasion::Received).unwrap();
        confirm(folder, Occasion::Received).unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        // What cannot be understood confirms nothing.
        fs::write(folder.join(FILE), [0xff, 0xfe]).unwrap();
        assert_eq!(put_off(folder), Occasion::ALL);
    }
}
