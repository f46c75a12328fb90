//! What is known of a connection while it is in use: how many bytes left, which came, when something last moved.

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::head::Scan;

/// The longest head of an answer, interim ones (1xx) before it included, in bytes. It is kept as it came.
pub(super) const KEPT_HEAD: usize = 64 * 1024;

/// Progress is told at most once in so many bytes of the body.
const TOLD_EVERY: u64 = 256 * 1024;

/// A byte stream in both directions.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How one exchange stands. Shared between the connection, the body and whoever waits for them.
#[derive(Debug)]
pub(super) struct Meter {
    began: Instant,
    state: Mutex<State>,
    /// Rung when there is something to tell: progress, the last byte gone.
    pub(super) changed: Notify,
}

#[derive(Debug)]
struct State {
    last_move: Instant,
    body_taken: u64,
    body_told: u64,
    body_ended: bool,
    whole_accepted: bool,
    sent_at: Option<Duration>,
    head: Vec<u8>,
    head_bytes: usize,
    scan: Scan,
    head_ended: bool,
    write_error: Option<String>,
    read_error: Option<String>,
    tls_error: Option<rustls::Error>,
    body_error: Option<String>,
}

/// A copy of what the meter shows.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// When bytes last moved in either direction.
    pub(super) last_move: Instant,
    /// Bytes of the body taken from the file.
    pub(super) body_taken: u64,
    /// Every byte of the request was accepted by the connection.
    pub(super) whole_accepted: bool,
    /// When the last byte had left, since the beginning.
    pub(super) sent_at: Option<Duration>,
    /// Why writing failed.
    pub(super) write_error: Option<String>,
    /// Why reading failed.
    pub(super) read_error: Option<String>,
    /// What TLS found wrong after the handshake.
    pub(super) tls_error: Option<rustls::Error>,
    /// Why the body could not be read from its file.
    pub(super) body_error: Option<String>,
    /// The answer's head, with the interim ones before it, went beyond the limit.
    pub(super) head_too_long: bool,
}

impl Meter {
    pub(super) fn new() -> Self {
        let began = Instant::now();
        Self {
            began,
            state: Mutex::new(State {
                last_move: began,
                body_taken: 0,
                body_told: 0,
                body_ended: false,
                whole_accepted: false,
                sent_at: None,
                head: Vec::new(),
                head_bytes: 0,
                scan: Scan::default(),
                head_ended: false,
                write_error: None,
                read_error: None,
                tls_error: None,
                body_error: None,
            }),
            changed: Notify::new(),
        }
    }

    /// A poisoned lock is taken all the same: every change is a plain assignment, none is left half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the exchange began.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn reading(&self) -> Reading {
        let state = self.state();
        Reading {
            last_move: state.last_move,
            body_taken: state.body_taken,
            whole_accepted: state.whole_accepted,
            sent_at: state.sent_at,
            write_error: state.write_error.clone(),
            read_error: state.read_error.clone(),
            tls_error: state.tls_error.clone(),
            body_error: state.body_error.clone(),
            head_too_long: !state.head_ended && state.head_bytes == KEPT_HEAD,
        }
    }

    /// The answer's first bytes as they came, to the end of its head or to the limit.
    pub(super) fn answer_head(&self) -> Vec<u8> {
        self.state().head.clone()
    }

    /// The connection is made: time without progress counts from here.
    pub(super) fn moved(&self) {
        self.state().last_move = Instant::now();
    }

    /// So much of the body was taken; `last` with its end.
    pub(super) fn took(&self, bytes: u64, last: bool) {
        let mut state = self.state();
        state.body_taken += bytes;
        state.body_ended |= last;
        if state.body_taken - state.body_told >= TOLD_EVERY {
            state.body_told = state.body_taken;
            self.changed.notify_one();
        }
    }

    /// The body's file could not be read.
    pub(super) fn body_failed(&self, error: String) {
        self.state().body_error = Some(error);
    }

    /// Whether writing has failed, so that nothing more need be taken from the body.
    pub(super) fn is_broken(&self) -> bool {
        self.state().write_error.is_some()
    }

    fn wrote(&self, bytes: usize, everything_offered: bool) {
        let mut state = self.state();
        if bytes > 0 {
            state.last_move = Instant::now();
        }
        state.whole_accepted |= state.body_ended && everything_offered;
    }

    fn flushed(&self) {
        let mut state = self.state();
        if state.whole_accepted && state.sent_at.is_none() && state.write_error.is_none() {
            state.sent_at = Some(self.began.elapsed());
            self.changed.notify_one();
        }
    }

    /// Bytes of the answer came. False if its head has become too long.
    fn received(&self, bytes: &[u8]) -> bool {
        let mut state = self.state();
        state.last_move = Instant::now();
        if state.head_ended {
            return true;
        }
        let room = KEPT_HEAD - state.head_bytes;
        let kept = bytes.get(..bytes.len().min(room)).unwrap_or_default();
        state.head_bytes += kept.len();
        state.head.extend_from_slice(kept);
        let State { head, scan, .. } = &mut *state;
        while let Some(end) = scan.end(head) {
            // An interim answer (1xx, RFC 9110, 15.2) is not the one that counts.
            if !(head.starts_with(b"HTTP/1.") && head.get(9) == Some(&b'1')) {
                head.truncate(end);
                state.head_ended = true;
                return true;
            }
            head.drain(..end);
            *scan = Scan::default();
        }
        state.head_bytes < KEPT_HEAD
    }

    fn write_failed(&self, error: &io::Error) {
        let mut state = self.state();
        state.tls_error = state.tls_error.take().or_else(|| tls_error(error));
        state.write_error.get_or_insert_with(|| error.to_string());
    }

    fn read_failed(&self, error: &io::Error) {
        let mut state = self.state();
        state.tls_error = state.tls_error.take().or_else(|| tls_error(error));
        state.read_error.get_or_insert_with(|| error.to_string());
    }
}

/// What TLS said, where it is TLS that failed.
pub(super) fn tls_error(error: &io::Error) -> Option<rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).cloned()
}

/// A connection under the meter.
///
/// A write that fails is not passed on: the partner's server may have answered (401, 413) and closed before it had read
/// everything, and that answer is still to be read. Reading then ends the exchange, with the answer or with the error.
pub(super) struct Metered<S> {
    inner: S,
    meter: std::sync::Arc<Meter>,
}

impl<S> Metered<S> {
    pub(super) const fn new(inner: S, meter: std::sync::Arc<Meter>) -> Self {
        Self { inner, meter }
    }

    fn written(&self, offered: usize, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(bytes)) => {
                self.meter.wrote(bytes, bytes == offered);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => {
                self.meter.write_failed(&error);
                Poll::Ready(Ok(offered))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: Stream> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        match Pin::new(&mut self.inner).poll_read(context, into) {
            Poll::Ready(Ok(())) => {
                let came = into.filled().get(before..).unwrap_or_default();
                if came.is_empty() || self.meter.received(came) {
                    return Poll::Ready(Ok(()));
                }
                let error = io::Error::new(io::ErrorKind::InvalidData, "the answer's head is longer than 64 KiB");
                self.meter.read_failed(&error);
                Poll::Ready(Err(error))
            }
            // Closed without TLS's close_notify, as many servers do. A cut answer is found by its length, a cut receipt by
            // its signature.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => {
                self.meter.read_failed(&error);
                Poll::Ready(Err(error))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: Stream> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.meter.is_broken() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.written(bytes.len(), result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = slices.iter().map(|slice| slice.len()).sum();
        if self.meter.is_broken() {
            return Poll::Ready(Ok(offered));
        }
        let result = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.written(offered, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.meter.is_broken() {
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut self.inner).poll_flush(context) {
            Poll::Ready(Ok(())) => self.meter.flushed(),
            Poll::Ready(Err(error)) => self.meter.write_failed(&error),
            Poll::Pending => return Poll::Pending,
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interim_answers_are_not_kept_as_the_head() {
        let meter = Meter::new();
        meter.received(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 ");
        meter.received(b"Processing\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n");
        meter.received(b"\r\nbody");
        assert_eq!(meter.answer_head(), b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
    }

    #[test]
    fn interim_answers_do_not_go_on_for_ever() {
        let meter = Meter::new();
        let few = (0..9_000).take_while(|_| meter.received(b"HTTP/1.1 102 Processing\r\n\r\n")).count();
        assert_eq!(few, KEPT_HEAD / 27);
    }

    #[test]
    fn whole_only_when_the_end_was_accepted() {
        let meter = Meter::new();
        meter.took(10, false);
        meter.wrote(10, true);
        assert!(!meter.reading().whole_accepted, "the body has not ended");
        meter.took(10, true);
        meter.wrote(4, false);
        assert!(!meter.reading().whole_accepted, "six bytes are still ours");
        meter.flushed();
        assert_eq!(meter.reading().sent_at, None);
        meter.wrote(6, true);
        meter.flushed();
        assert!(meter.reading().whole_accepted && meter.reading().sent_at.is_some());
    }
}
