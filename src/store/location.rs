//! Where a workspace is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::archive::private_folder;

/// Where a workspace is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A folder of this machine.
    Dir(PathBuf),
}

/// A text that does not say where a workspace is, or that names a place which cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Nothing was given.
    #[error("the workspace's location is empty")]
    Empty,
    /// A PostgreSQL server.
    #[error("workspaces on a PostgreSQL server are not supported yet")]
    PostgresNotYet,
    /// An address of another kind.
    #[error("`{scheme}://` is not a place a workspace can be kept in")]
    Scheme {
        /// The part before `://`.
        scheme: String,
    },
    /// The user has no home folder.
    #[error("the user's data folder is not known, because there is no home folder")]
    NoHome,
}

impl LocationError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        "name a folder with --workspace DIR or COUNTERSIGN_WORKSPACE"
    }
}

impl Location {
    /// The user's own workspace, in the platform's folder for application data.
    ///
    /// It is a folder of its own below that of the application, because the window keeps its preferences beside it.
    ///
    /// # Errors
    /// Where the user has no home folder.
    pub fn of_user() -> Result<Self, LocationError> {
        directories::ProjectDirs::from("", "", "countersign")
            .map(|folders| Self::Dir(folders.data_dir().join("workspace")))
            .ok_or(LocationError::NoHome)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Dir(path) => path,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}

impl FromStr for Location {
    type Err = LocationError;

    /// Reads a folder's path, or an address `scheme://…`.
    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.trim().is_empty() {
            return Err(LocationError::Empty);
        }
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Err(LocationError::PostgresNotYet),
            Some((scheme, _)) if is_scheme(scheme) => {
                Err(LocationError::Scheme { scheme: scheme.chars().take(40).collect() })
            }
            _ => Ok(Self::Dir(PathBuf::from(text))),
        }
    }
}

/// A folder for what means nothing after the user's session on this machine; nothing where there is none that only the user
/// can write to.
#[must_use]
pub fn session_folder() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "countersign")?;
    let session = folders.runtime_dir().filter(|folder| folder.parent().is_some_and(Path::is_dir));
    let lasting = folders.data_local_dir().join("session");
    session.map(Path::to_owned).into_iter().chain([lasting]).find(|folder| is_own(folder))
}

/// Where the user's programs keep what belongs to them, menus and icons among it.
#[must_use]
pub fn data_home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|folders| folders.data_dir().to_owned())
}

/// Makes a folder where it is not there, and says whether nobody else can put anything into it: what is said to be the
/// session's folder may be one that all users write to.
fn is_own(folder: &Path) -> bool {
    if private_folder(folder).is_err() {
        return false;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let ours = || {
            let (file, folder) = (tempfile::tempfile_in(folder)?.metadata()?, std::fs::metadata(folder)?);
            Ok::<_, std::io::Error>(file.uid() == folder.uid() && folder.mode() & 0o022 == 0)
        };
        ours().unwrap_or(false)
    }
    #[cfg(not(unix))]
    true
}

/// Whether a text is the scheme of an address (RFC 3986 section 3.1), of two characters at least: one is a drive.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_and_a_server_is_not_yet() {
        assert_eq!("/srv/as2".parse(), Ok(Location::Dir("/srv/as2".into())));
        assert_eq!("a b/ü".parse(), Ok(Location::Dir("a b/ü".into())));
        assert_eq!("postgres://db/as2".parse::<Location>(), Err(LocationError::PostgresNotYet));
        assert_eq!("postgresql://db/as2".parse::<Location>(), Err(LocationError::PostgresNotYet));
        assert_eq!("mysql://db".parse::<Location>(), Err(LocationError::Scheme { scheme: "mysql".to_owned() }));
        assert_eq!(" ".parse::<Location>(), Err(LocationError::Empty));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_write_to_is_not_ones_own() {
        use std::os::unix::fs::PermissionsExt as _;
        let guard = tempfile::tempdir().unwrap();
        let folder = guard.path().join("session");
        assert!(is_own(&folder), "it is made");
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(!is_own(&folder));
        std::fs::write(guard.path().join("file"), "").unwrap();
        assert!(!is_own(&guard.path().join("file")));
    }
}
