//! A body read from a file, piece by piece.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use super::meter::Meter;

/// Bytes that are read at a time. Each time costs a thread's waking.
const PIECE: u64 = 1024 * 1024;

/// Bytes that are handed over at a time: so many have to be taken for something to have moved.
const FRAME: usize = 128 * 1024;

/// A piece on its way, and the file for those after it.
type Reading = JoinHandle<io::Result<(Vec<u8>, File)>>;

/// A body of a known length in a file. While one piece is sent, the next is read.
#[derive(Debug)]
pub(super) struct FileBody {
    /// What was read and has not been handed over yet.
    ready: Bytes,
    /// The next piece; nothing at the end.
    next: Option<Reading>,
    /// Bytes that have not been handed over yet.
    left: u64,
    length_told: bool,
    meter: Option<Arc<Meter>>,
}

fn read_on(file: File, left: u64) -> Option<Reading> {
    let want = left.min(PIECE);
    (want > 0).then(|| {
        tokio::task::spawn_blocking(move || {
            let mut piece = Vec::with_capacity(usize::try_from(want).unwrap_or_default());
            (&file).take(want).read_to_end(&mut piece)?;
            Ok((piece, file))
        })
    })
}

impl FileBody {
    /// Opens the file and makes sure that it is as long as it should be. Without `tell_length` the body goes out chunked.
    pub(super) async fn open(
        path: &Path,
        length: u64,
        tell_length: bool,
        meter: Option<Arc<Meter>>,
    ) -> io::Result<Self> {
        let file = tokio::fs::File::open(path).await?.into_std().await;
        let found = file.metadata()?.len();
        if found != length {
            return Err(io::Error::other(format!("the kept message should have {length} bytes and has {found}")));
        }
        let ready = Bytes::new();
        Ok(Self { ready, next: read_on(file, length), left: length, length_told: tell_length, meter })
    }

    fn fail(&self, error: io::Error) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(meter) = &self.meter {
            meter.body_failed(error.to_string());
        }
        Poll::Ready(Some(Err(error)))
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if this.ready.is_empty() {
            let Some(next) = &mut this.next else { return Poll::Ready(None) };
            let read = std::task::ready!(Pin::new(next).poll(context));
            this.next = None;
            match read.unwrap_or_else(|_panic| Err(io::Error::other("reading the kept message was interrupted"))) {
                Err(error) => return this.fail(error),
                Ok((piece, _)) if piece.is_empty() => {
                    let missing = this.left;
                    return this.fail(io::Error::other(format!(
                        "the kept message lost its last {missing} bytes while sending"
                    )));
                }
                Ok((piece, file)) => {
                    this.next = read_on(file, this.left.saturating_sub(piece.len() as u64));
                    this.ready = Bytes::from(piece);
                }
            }
        }
        let frame = this.ready.split_to(this.ready.len().min(FRAME));
        let length = frame.len() as u64;
        if this.meter.as_ref().is_some_and(|meter| !meter.take(length)) {
            return Poll::Ready(Some(Err(io::Error::other("nobody waits for the answer any more"))));
        }
        this.left = this.left.saturating_sub(length);
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.length_told { SizeHint::with_exact(self.left) } else { SizeHint::default() }
    }
}
