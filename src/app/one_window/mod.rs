//! One window for each workspace: the first is called by what is started later, takes what that brings, and comes forward.
//!
//! Whoever opens a window locks a file that is named after the workspace, in a folder of the user's session. The system lets
//! the lock go when its holder ends, however that ends, so that what a killed one left keeps nobody waiting. Beside the lock
//! lies where its holder is called. This is a convenience and guards nothing: where nobody answers, another window opens, as
//! several programs may be open on one workspace.

#[cfg(any(not(unix), test))]
mod loopback;
#[cfg(unix)]
mod socket;

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

#[cfg(not(unix))]
use loopback as line;
#[cfg(unix)]
use socket as line;

use crate::store::{Location, session_folder};

/// A call has at most so many bytes, far more than the longest path.
const LONGEST: u64 = 64 * 1024;

/// It brings at most so many things to be opened.
const MOST: usize = 16;

/// So long may a call take.
const CALL: Duration = Duration::from_secs(2);

/// So long is tried to reach a window that has just been opened, or is just being closed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the window answers.
const TAKEN: &[u8] = b"taken\n";

/// What a window is to open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToOpen {
    /// What a link leads to; it need not be right.
    Link(String),
    /// A file, by its whole path.
    File(OsString),
}

/// What is said to the first window.
#[derive(Serialize, Deserialize)]
struct Call {
    /// By which a caller shows that it may read the user's files; empty where the system sees to that.
    word: String,
    workspace: OsString,
    open: Vec<ToOpen>,
}

/// Whether a window is the first on its workspace.
pub enum WindowStart {
    /// It is, and is called from now on; or it cannot be told, and it is called by nobody.
    Here(Option<FirstWindow>),
    /// Another is, which has taken what was to be opened and comes forward.
    BroughtForward,
}

/// The place of the first window on a workspace, until it is dropped.
pub struct FirstWindow {
    line: line::Line,
    workspace: PathBuf,
    /// Let go of last: whoever is first after this one makes its own line.
    _lock: File,
}

/// How a workspace's place stands.
enum Place {
    Ours(FirstWindow),
    Others,
}

/// Makes the caller's window the first on a workspace, or hands over what it was to open to the one that is.
#[must_use]
pub fn start_window(location: &Location, open: &[ToOpen]) -> WindowStart {
    let Some(folder) = session_folder() else { return WindowStart::Here(None) };
    start_in(&folder, &whole(location.path()), open, PATIENCE)
}

/// Makes the caller's window the first on a workspace; nothing where another is, or it cannot be told.
#[must_use]
pub fn first_window(location: &Location) -> Option<FirstWindow> {
    match take(&session_folder()?, &whole(location.path())) {
        Ok(Place::Ours(first)) => Some(first),
        Ok(Place::Others) | Err(_) => None,
    }
}

/// Hands over to the first window on a workspace, where there is one. Returns whether it has taken it.
#[must_use]
pub fn hand_over(location: &Location, open: &[ToOpen]) -> bool {
    let Some(folder) = session_folder() else { return false };
    let (workspace, begun) = (whole(location.path()), Instant::now());
    while begun.elapsed() < PATIENCE {
        if call(&folder, &workspace, open).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

fn start_in(folder: &Path, workspace: &Path, open: &[ToOpen], patience: Duration) -> WindowStart {
    let begun = Instant::now();
    loop {
        match take(folder, workspace) {
            Ok(Place::Ours(first)) => return WindowStart::Here(Some(first)),
            Ok(Place::Others) => {}
            Err(error) => {
                tracing::warn!("whether a window is open already cannot be told: {error}");
                return WindowStart::Here(None);
            }
        }
        match call(folder, workspace, open) {
            Ok(()) => return WindowStart::BroughtForward,
            Err(error) if begun.elapsed() >= patience => {
                tracing::warn!("the window that is open already does not answer: {error}");
                return WindowStart::Here(None);
            }
            // It is just being opened, or closed.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn take(folder: &Path, workspace: &Path) -> io::Result<Place> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(folder.join(format!("{}.lock", key(workspace))))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Place::Others),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let line = line::open(&folder.join(key(workspace)))?;
    Ok(Place::Ours(FirstWindow { line, workspace: workspace.to_owned(), _lock: lock }))
}

/// Calls the window that has the place, and waits until it has answered.
fn call(folder: &Path, workspace: &Path, open: &[ToOpen]) -> io::Result<()> {
    let (mut stream, word) = line::call(&folder.join(key(workspace)), CALL)?;
    say(&mut stream, Call { word, workspace: workspace.into(), open: open.to_vec() })
}

fn say(stream: &mut (impl io::Read + io::Write), call: Call) -> io::Result<()> {
    let mut said = serde_json::to_vec(&call)?;
    said.push(b'\n');
    stream.write_all(&said)?;
    let mut answer = Vec::new();
    stream.take(TAKEN.len() as u64).read_to_end(&mut answer)?;
    if answer == TAKEN { Ok(()) } else { Err(io::Error::other("it was not taken")) }
}

impl FirstWindow {
    /// Takes calls, one after the other, as long as it is waited for. What `tell` does not take is not answered, so that the
    /// caller tries again, or opens a window itself.
    pub async fn listen(self, tell: impl Fn(Vec<ToOpen>) -> bool + Send + Sync) {
        let Ok(listener) = self.line.listener() else { return };
        loop {
            match listener.accept().await {
                // Whoever says nothing keeps the next caller waiting only so long.
                Ok((stream, _)) => {
                    let heard =
                        tokio::time::timeout(CALL, hear(stream, self.line.word(), &self.workspace, &tell)).await;
                    if !matches!(heard, Ok(Ok(()))) {
                        tracing::debug!("a call to the window made no sense");
                    }
                }
                // There are too many open files, for one.
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
}

/// Takes one call.
async fn hear(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    word: &str,
    workspace: &Path,
    tell: &impl Fn(Vec<ToOpen>) -> bool,
) -> io::Result<()> {
    let mut said = Vec::new();
    BufReader::new((&mut stream).take(LONGEST)).read_until(b'\n', &mut said).await?;
    let call: Call = serde_json::from_slice(&said)?;
    if call.word != word || call.workspace != workspace.as_os_str() || call.open.len() > MOST {
        return Err(io::Error::other("it is not for this window"));
    }
    if tell(call.open) { stream.write_all(TAKEN).await } else { Err(io::Error::other("the window is being closed")) }
}

/// A workspace's folder, the same however it was written. What there is not yet cannot be resolved.
fn whole(folder: &Path) -> PathBuf {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let resolved = folder.ancestors().find_map(|above| {
        let found = above.canonicalize().ok()?;
        match folder.strip_prefix(above) {
            Ok(rest) if !rest.as_os_str().is_empty() => Some(found.join(rest)),
            _ => Some(found),
        }
    });
    resolved.unwrap_or(folder)
}

/// A short name for a folder (FNV-1a). Should two ever have the same, the call says for which it is.
fn key(folder: &Path) -> String {
    let bytes = folder.as_os_str().as_encoded_bytes().iter();
    let key = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |key, byte| (key ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    format!("window-{key:016x}")
}

#[cfg(test)]
mod tests;
