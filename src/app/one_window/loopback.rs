//! Calling a window at a port of this machine, where there are no sockets in the file system. Whoever runs a program here can
//! reach it, so the caller shows a word that stands in a file of the user's.

use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

/// Where a window is called.
pub(super) struct Line {
    at: PathBuf,
    listener: TcpListener,
    word: String,
}

/// Opens a line, and writes down at a place where it is.
pub(super) fn open(place: &Path) -> io::Result<Line> {
    let at = place.with_extension("line");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let word = format!("{}{}", Uuid::now_v7().simple(), Uuid::now_v7().simple());
    let folder = at.parent().unwrap_or(Path::new("."));
    // Temporary files are made for their owner alone.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    write!(file, "{} {word}", listener.local_addr()?.port())?;
    file.persist(&at)?;
    Ok(Line { at, listener, word })
}

/// Calls whoever has written down at a place where it is.
pub(super) fn call(place: &Path, patience: Duration) -> io::Result<(TcpStream, String)> {
    let written = fs::read_to_string(place.with_extension("line"))?;
    let (port, word) = written.split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok((stream, word.to_owned()))
}

impl Line {
    /// To be waited at, on the runtime.
    pub(super) fn listener(&self) -> io::Result<tokio::net::TcpListener> {
        tokio::net::TcpListener::from_std(self.listener.try_clone()?)
    }

    /// What a caller has to show.
    pub(super) fn word(&self) -> &str {
        &self.word
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        fs::remove_file(&self.at).ok();
    }
}
