//! The file of the database: how it is opened, made and addressed.

use std::path::{Path, PathBuf};

use super::error::FileError;

/// How the file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// For writing, and created.
    Create,
    /// For writing.
    Write,
    /// For reading.
    Read,
    /// For reading, on a medium that nothing can change.
    Immutable,
}

impl Mode {
    pub(super) const fn parameters(self) -> &'static str {
        match self {
            Self::Create => "mode=rwc",
            Self::Write => "mode=rw",
            Self::Read => "mode=ro",
            Self::Immutable => "mode=ro&immutable=1",
        }
    }
}

/// Whether the file alone holds everything, with nothing left in a log beside it.
pub(super) fn settled(path: &Path) -> bool {
    ["-wal", "-journal"].iter().all(|suffix| beside(path, suffix).metadata().map_or(true, |about| about.len() == 0))
}

/// Whether a program was perhaps killed while it wrote without a log: then what was there before lies beside the file.
pub(super) fn is_interrupted(path: &Path) -> bool {
    beside(path, "-journal").metadata().is_ok_and(|about| about.len() > 0)
}

/// A file that SQLite keeps beside a database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    beside.into()
}

/// Creates an empty file that the user alone can read; SQLite gives its other files the same rights.
pub(super) fn private_file(path: &Path) -> Result<(), FileError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(FileError::on("create the database", path)(error))
        }
        _ => Ok(()),
    }
}

/// The driver's address of a file.
pub(super) fn address(path: &Path, mode: Mode) -> Result<String, FileError> {
    use std::fmt::Write as _;
    let Some(text) = path.to_str() else {
        let reason = std::io::Error::new(std::io::ErrorKind::InvalidInput, "its path is not valid Unicode");
        return Err(FileError::on("open", path)(reason));
    };
    let mut address = "sqlite:".to_owned();
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~' | b':');
        match byte {
            b'\\' if cfg!(windows) => address.push('/'),
            _ if plain => address.push(char::from(byte)),
            // Writing to a String does not fail.
            _ => write!(address, "%{byte:02X}").unwrap_or_default(),
        }
    }
    address.push('?');
    address.push_str(mode.parameters());
    Ok(address)
}
