//! Calling a window by a socket that only the user can reach.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a window is called.
pub(super) struct Line {
    at: PathBuf,
    listener: UnixListener,
}

/// Opens a line at a place. Whoever asks has the lock: what lies there was left by one that was killed.
pub(super) fn open(place: &Path) -> io::Result<Line> {
    let at = place.with_extension("socket");
    match fs::remove_file(&at) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&at)?;
    fs::set_permissions(&at, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(Line { at, listener })
}

/// Calls whoever is at a place. Nothing is to be shown: the system lets nobody else come so far.
pub(super) fn call(place: &Path, patience: Duration) -> io::Result<(UnixStream, String)> {
    let stream = UnixStream::connect(place.with_extension("socket"))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok((stream, String::new()))
}

impl Line {
    /// To be waited at, on the runtime.
    pub(super) fn listener(&self) -> io::Result<tokio::net::UnixListener> {
        tokio::net::UnixListener::from_std(self.listener.try_clone()?)
    }

    /// What a caller has to show.
    #[expect(clippy::unused_self, reason = "another kind of line has one")]
    pub(super) const fn word(&self) -> &'static str {
        ""
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // Where it stays, whoever is first next removes it.
        fs::remove_file(&self.at).ok();
    }
}
