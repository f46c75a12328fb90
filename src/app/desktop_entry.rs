//! The program among those of the desktop: an entry in its menu with an icon, for links and for files of certificates.
//!
//! What is written is the user's own and lies where the desktops of freedesktop.org look for it (Desktop Entry
//! Specification, Icon Theme Specification). Elsewhere an installer does this, and it is not offered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

use super::{App, AppError};
use crate::store::{Location, data_home};

/// Whether it is offered on this system.
const OFFERED: bool = cfg!(all(unix, not(target_os = "macos")));

/// The entry as a package would install it.
const ENTRY: &str = include_str!("../../assets/countersign.desktop");

/// How the entry is called, among all others.
const NAME: &str = "countersign.desktop";

/// The icon in its sizes, and as it was drawn.
const ICONS: [(&str, &str, &[u8]); 5] = [
    ("scalable", "svg", include_bytes!("../../assets/icons/countersign.svg")),
    ("32x32", "png", include_bytes!("../../assets/icons/countersign-32.png")),
    ("48x48", "png", include_bytes!("../../assets/icons/countersign-48.png")),
    ("128x128", "png", include_bytes!("../../assets/icons/countersign-128.png")),
    ("256x256", "png", include_bytes!("../../assets/icons/countersign-256.png")),
];

/// How the program stands among those of the desktop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DesktopEntry {
    /// Whether it can be put there by the program itself.
    pub offered: bool,
    /// The user's entry for it, where there is one.
    pub entry: Option<PathBuf>,
    /// What was written or removed just now.
    pub files: Vec<PathBuf>,
    /// Whether the desktop was told; where it was not, it sees it when the user logs in anew.
    pub told: bool,
}

/// How the program stands among those of the desktop.
#[must_use]
pub fn desktop_entry() -> DesktopEntry {
    let entry = data_home().map(|home| home.join("applications").join(NAME)).filter(|entry| OFFERED && entry.is_file());
    DesktopEntry { offered: OFFERED, entry, ..DesktopEntry::default() }
}

/// Puts the program among those of the desktop, with a workspace of one's own where it is not to open the usual one.
///
/// # Errors
/// Where it is not offered, or a file cannot be written.
pub fn install_desktop_entry(workspace: Option<&Location>) -> Result<DesktopEntry, AppError> {
    let home = offered()?;
    let program = std::env::current_exe()
        .map_err(|error| AppError::new(format!("where the program itself lies cannot be told: {error}")))?;
    install_in(&home, &program, workspace.map(Location::path))
}

/// Takes the program away from those of the desktop. What is not there is not missed.
///
/// # Errors
/// Where it is not offered, or a file cannot be removed.
pub fn remove_desktop_entry() -> Result<DesktopEntry, AppError> {
    remove_in(&offered()?)
}

impl App {
    /// Puts this workspace's window among the programs of the desktop.
    ///
    /// # Errors
    /// As [`install_desktop_entry`].
    pub fn install_desktop_entry(&self) -> Result<DesktopEntry, AppError> {
        let usual = Location::of_user().is_ok_and(|usual| usual == self.location);
        install_desktop_entry((!usual).then_some(&self.location))
    }
}

/// The folder that it goes into.
fn offered() -> Result<PathBuf, AppError> {
    if !OFFERED {
        return Err(AppError::new("a desktop entry is not offered on this system")
            .hint("it is one of Linux and its like; elsewhere pin the program to the start menu or the Dock"));
    }
    data_home().ok_or_else(|| AppError::new("the user's data folder is not known, because there is no home folder"))
}

fn install_in(home: &Path, program: &Path, workspace: Option<&Path>) -> Result<DesktopEntry, AppError> {
    let mut command = quoted(program)?;
    if let Some(folder) = workspace {
        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        command.push_str(&format!(" --workspace {}", quoted(&whole)?));
    }
    let entry = home.join("applications").join(NAME);
    let mut files = vec![entry.clone()];
    // The icons first: who sees the entry looks for them.
    for (size, end, picture) in ICONS {
        let file = icon(home, size, end);
        write(&file, picture)?;
        files.push(file);
    }
    write(&entry, written_with(&command, &quoted(program)?).as_bytes())?;
    let told = tell(home);
    Ok(DesktopEntry { offered: true, entry: Some(entry), files, told })
}

fn remove_in(home: &Path) -> Result<DesktopEntry, AppError> {
    let entry = home.join("applications").join(NAME);
    let icons = ICONS.map(|(size, end, _)| icon(home, size, end));
    let mut files = Vec::new();
    for file in std::iter::once(entry).chain(icons) {
        match fs::remove_file(&file) {
            Ok(()) => files.push(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(AppError::new(format!("cannot remove {}: {error}", file.display()))),
        }
    }
    let told = !files.is_empty() && tell(home);
    Ok(DesktopEntry { offered: true, entry: None, files, told })
}

fn icon(home: &Path, size: &str, end: &str) -> PathBuf {
    home.join("icons/hicolor").join(size).join("apps").join(format!("countersign.{end}"))
}

fn write(file: &Path, content: &[u8]) -> Result<(), AppError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .map_err(|error| AppError::new(format!("cannot make the folder {}: {error}", folder.display())))?;
    super::written::write_whole_for_all(file, content)
}

/// The entry with this program in the place of whichever is found first.
fn written_with(command: &str, program: &str) -> String {
    let line = |line: &str| match line.strip_prefix("Exec=countersign") {
        Some(rest @ " %u") => format!("Exec={command}{rest}\n"),
        Some(rest) => format!("Exec={program}{rest}\n"),
        None => format!("{line}\n"),
    };
    ENTRY.lines().map(line).collect()
}

/// A word of the key `Exec`: in quotes, and then as every text of an entry is (Desktop Entry Specification, "The Exec key").
fn quoted(path: &Path) -> Result<String, AppError> {
    let text = path.to_str().filter(|text| !text.chars().any(char::is_control)).ok_or_else(|| {
        AppError::new(format!("{} cannot be written into a desktop entry", path.display()))
            .hint("its name has characters that no entry can hold; move it")
    })?;
    let mut word = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '`' | '$' => word.extend(['\\', '\\', letter]),
            '\\' => word.push_str(r"\\\\"),
            '%' => word.push_str("%%"),
            letter => word.push(letter),
        }
    }
    word.push('"');
    Ok(word)
}

/// Has the desktop read its entries anew: without it some know only the next day which program a link is for.
fn tell(home: &Path) -> bool {
    let mut program = Command::new("update-desktop-database");
    program.arg(home.join("applications")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    program.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec(text: &str) -> Vec<&str> {
        text.lines().filter_map(|line| line.strip_prefix("Exec=")).collect()
    }

    #[test]
    fn what_is_installed_is_the_entry_with_its_icons_and_is_removed_again() {
        let guard = tempfile::tempdir().unwrap();
        let (home, program) = (guard.path(), Path::new("/opt/Counter sign/countersign"));
        let installed = install_in(home, program, None).unwrap();
        let entry = home.join("applications/countersign.desktop");
        assert_eq!(installed.entry.as_ref(), Some(&entry));
        assert!(installed.files.iter().all(|file| file.is_file()) && installed.files.len() == 6, "{installed:?}");
        let text = fs::read_to_string(&entry).unwrap();
        assert_eq!(exec(&text), ["\"/opt/Counter sign/countersign\" %u", "\"/opt/Counter sign/countersign\" sample"]);
        assert!(text.contains("x-scheme-handler/countersign;") && text.contains("application/pkix-cert;"));
        // Once more is the same, and another workspace takes its place.
        install_in(home, program, Some(Path::new("/srv/edi"))).unwrap();
        let text = fs::read_to_string(&entry).unwrap();
        assert_eq!(exec(&text)[0], "\"/opt/Counter sign/countersign\" --workspace \"/srv/edi\" %u");
        assert_eq!(exec(&text)[1], "\"/opt/Counter sign/countersign\" sample");

        // What others have put there stays.
        fs::write(home.join("applications/other.desktop"), "").unwrap();
        let removed = remove_in(home).unwrap();
        assert_eq!((removed.entry, removed.files.len()), (None, 6));
        assert!(!entry.exists() && home.join("applications/other.desktop").exists());
        assert_eq!(remove_in(home).unwrap().files, Vec::<PathBuf>::new());
    }

    #[test]
    fn every_path_is_written_so_that_it_is_read_as_it_was() {
        let word = |path: &str| quoted(Path::new(path)).unwrap();
        assert_eq!(word("/opt/a b/c"), "\"/opt/a b/c\"");
        assert_eq!(word("/100%/x"), "\"/100%%/x\"");
        assert_eq!(word("/$HOME/`id`/\"q\""), r#""/\\$HOME/\\`id\\`/\\"q\\"""#);
        assert_eq!(word(r"/a\b"), r#""/a\\\\b""#);
        assert!(quoted(Path::new("/a\nExec=rm")).is_err());
    }

    #[test]
    fn what_stands_in_the_way_is_told() {
        let guard = tempfile::tempdir().unwrap();
        fs::write(guard.path().join("icons"), "").unwrap();
        let error = install_in(guard.path(), Path::new("/bin/countersign"), None).unwrap_err();
        assert!(error.message().starts_with("cannot make the folder"), "{error}");
        assert!(!guard.path().join("applications").exists(), "there is no entry without its icon");
    }
}
