//! The files of the log: one that is written to, and a few of before. Several programs may write to them at once.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::LogFile;

/// The folder in the workspace's.
const FOLDER: &str = "log";

/// A file that is longer is put aside.
const MOST: u64 = 2_000_000;

/// How many there are of before.
const BEFORE: usize = 4;

/// Locked while one is put aside.
const LOCK: &str = ".lock";

/// Where the log of a workspace is.
pub(super) fn folder(workspace: &Path) -> PathBuf {
    workspace.join(FOLDER)
}

/// The file that is written to, or the one so many before it.
fn name(number: usize) -> String {
    match number {
        0 => "countersign.log".to_owned(),
        number => format!("countersign.{number}.log"),
    }
}

/// Adds lines at the end, in one go, so that those of several programs do not mix.
pub(super) fn append(folder: &Path, lines: &str) -> io::Result<()> {
    let mut folders = DirBuilder::new();
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        folders.mode(0o700);
        options.mode(0o600);
    }
    match folders.create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let file = folder.join(name(0));
    if fs::metadata(&file).is_ok_and(|found| found.len() >= MOST) {
        put_aside(folder, &options)?;
    }
    options.open(file)?.write_all(lines.as_bytes())
}

/// Makes the file that is written to the newest of before.
fn put_aside(folder: &Path, options: &fs::OpenOptions) -> io::Result<()> {
    let lock = options.open(folder.join(LOCK))?;
    lock.lock()?;
    // Another program may have done it meanwhile.
    if fs::metadata(folder.join(name(0))).is_ok_and(|found| found.len() >= MOST) {
        for number in (0..BEFORE).rev() {
            match fs::rename(folder.join(name(number)), folder.join(name(number + 1))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// The files that there are, the newest first.
pub(super) fn list(folder: &Path) -> io::Result<Vec<LogFile>> {
    let mut files = Vec::new();
    for number in 0..=BEFORE {
        match fs::metadata(folder.join(name(number))) {
            Ok(found) => files.push(LogFile { name: name(number), bytes: found.len() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_put_aside_and_the_oldest_goes() {
        let guard = tempfile::tempdir().unwrap();
        let folder = folder(guard.path());
        assert_eq!(list(&folder).unwrap(), []);
        let long = "x".repeat(usize::try_from(MOST).unwrap());
        for number in 0..7 {
            append(&folder, &format!("{number}{long}")).unwrap();
        }
        append(&folder, "last\n").unwrap();
        let files = list(&folder).unwrap();
        assert_eq!(files.len(), BEFORE + 1);
        assert_eq!((files[0].name.as_str(), files[0].bytes), ("countersign.log", 5));
        assert!(fs::read_to_string(folder.join("countersign.1.log")).unwrap().starts_with('6'));
        assert!(fs::read_to_string(folder.join("countersign.4.log")).unwrap().starts_with('3'));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!([mode(&folder), mode(&folder.join("countersign.log"))], [0o700, 0o600]);
        }
    }

    #[test]
    fn several_that_write_at_once_lose_no_line() {
        let guard = tempfile::tempdir().unwrap();
        let folder = folder(guard.path());
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let folder = &folder;
                scope.spawn(move || (0..200).for_each(|n| append(folder, &format!("{writer} {n}\n")).unwrap()));
            }
        });
        let text = fs::read_to_string(folder.join("countersign.log")).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 800);
    }
}
