//! A body read from a file, piece by piece.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead as _, ReadBuf};

use super::meter::Meter;

/// One piece, in bytes.
const PIECE: usize = 64 * 1024;

/// A body of a known length in a file.
#[derive(Debug)]
pub(super) struct FileBody {
    file: File,
    left: u64,
    length_told: bool,
    meter: Option<Arc<Meter>>,
    piece: Vec<u8>,
}

impl FileBody {
    /// Opens the file and makes sure that it is as long as it should be. Without `tell_length` the body goes out chunked.
    pub(super) async fn open(
        path: &Path,
        length: u64,
        tell_length: bool,
        meter: Option<Arc<Meter>>,
    ) -> io::Result<Self> {
        let mut file = File::open(path).await?;
        file.set_max_buf_size(PIECE);
        let found = file.metadata().await?.len();
        if found != length {
            return Err(io::Error::other(format!("the kept message should have {length} bytes and has {found}")));
        }
        Ok(Self { file, left: length, length_told: tell_length, meter, piece: Vec::new() })
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
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let want = usize::try_from(this.left).unwrap_or(PIECE).min(PIECE);
        this.piece.resize(want, 0);
        let mut into = ReadBuf::new(&mut this.piece);
        match Pin::new(&mut this.file).poll_read(context, &mut into) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => this.fail(error),
            Poll::Ready(Ok(())) => {
                let read = into.filled().len();
                if read == 0 {
                    let missing = this.left;
                    return this.fail(io::Error::other(format!(
                        "the kept message lost its last {missing} bytes while sending"
                    )));
                }
                if this.meter.as_ref().is_some_and(|meter| !meter.take(read as u64)) {
                    return Poll::Ready(Some(Err(io::Error::other("nobody waits for the answer any more"))));
                }
                let mut piece = std::mem::take(&mut this.piece);
                piece.truncate(read);
                this.left -= read as u64;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from(piece)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.length_told { SizeHint::with_exact(self.left) } else { SizeHint::default() }
    }
}
